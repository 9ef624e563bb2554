r"""What data say of carbon at depth: roots, soil carbon, turnover times and respiration by layer.

Each function takes a Dataset as `soilnb.data.open_dataset` gives it and returns one by layer, in
the layers of Luo et al. 2025 (Fig. 1) unless other edges are given. Units and meanings stand in
the attributes; ``attrs["provenance"]`` of the data is carried along, so that a figure can say
that it rests on a synthetic twin. Edges that are out of order raise `InputError`.

Roots follow the logistic dose response of Schenk & Jackson 2002
(doi:10.1890/0012-9615(2002)072[0311:TGBOR]2.0.CO;2): the share of the roots above depth D is

.. math:: r(D) = \frac{1}{1 + (D / D_{50})^c}, \qquad
          c = \frac{-1.27875}{\log_{10} D_{95} - \log_{10} D_{50}} .
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

import soilnb
from soilnb.data import climate, planet, rasters, twins
from soilnb.data.registry import at_hand, open_dataset
from soilnb.parameters import InputError, check_known, check_range

#: Edges of the layers of Luo et al. 2025, Fig. 1, in cm.
EDGES = (0, 20, 40, 60, 80, 100, 150, 200)

#: Edges of the layers of the root cores of `silsoe`, in cm.
CORES = (0, 30, 60, 90, 120, 150)

#: Share of net primary production that perennials put below ground (Bolinder et al. 2007, as
#: cited by Sierra et al. 2024); most root profiles are of perennial vegetation.
BELOW_GROUND = 0.5

#: A soil profile counts where it starts within this depth (cm), has at least so many layers, and
#: leaves no gap wider, and no overlap deeper, than this (cm).
STARTS, FEWEST, WIDEST_GAP, DEEPEST_OVERLAP = 5.0, 4, 20.0, 1.0


# --- layers and lines -------------------------------------------------------------------------


def _layers(edges: Sequence[float]) -> tuple[np.ndarray, dict[str, tuple]]:
    """Return checked edges (cm) and the coordinates of the layers between them."""
    bounds = np.asarray(edges, dtype=float)
    if bounds.ndim != 1 or bounds.size < 2 or not np.isfinite(bounds).all():
        raise InputError("edges: allowed two or more finite depths in cm")
    if bounds[0] < 0 or not (np.diff(bounds) > 0).all():
        raise InputError(f"edges = {list(edges)}: allowed increasing depths in cm, from 0 on")
    names = [f"{low:g}-{high:g}" for low, high in pairwise(bounds)]
    places = {
        "layer": ("layer", names, {"long_name": "layer", "units": "cm"}),
        "depth": ("layer", (bounds[1:] + bounds[:-1]) / 2, {"units": "cm"}),
        "thickness": ("layer", np.diff(bounds), {"units": "cm"}),
    }
    return bounds, places


def _array(
    values: np.ndarray,
    unit: str,
    meaning: str,
    lead: str = "profile",
    kind: Mapping[str, str] | None = None,
) -> tuple:
    return ((lead, "layer"), values, {"units": unit, "long_name": meaning, **(kind or {})})


def _kind(*datasets: xr.Dataset | xr.DataArray) -> dict[str, str]:
    """Provenance of what rests on several data sets: synthetic if one of them is."""
    kinds = {dataset.attrs.get("provenance", "") for dataset in datasets}
    return {"provenance": "synthetic" if "synthetic" in kinds else "real"}


class Exponential(NamedTuple):
    """A curve ``surface * exp(depth / efolding)``; the efolding is negative where it falls."""

    surface: float
    efolding: float

    def at(self, depth: float | np.ndarray) -> float | np.ndarray:
        """Return the curve at a depth, in the unit of the depths that it was fitted to."""
        return self.surface * np.exp(np.asarray(depth) / self.efolding)


def exponential(depth: Sequence[float], values: Sequence[float]) -> Exponential:
    """Fit an exponential in depth: a straight line through the logarithms.

    Parameters
    ----------
    depth : sequence of float [layer]
        Depths; their unit is that of the e-folding depth.
    values : sequence of float [layer]
        Positive values.

    Examples
    --------
    >>> curve = exponential([0.0, 50.0, 100.0], [8.0, 4.0, 2.0])
    >>> float(curve.at(25.0).round(2))
    5.66
    """
    depth, values = np.asarray(depth, dtype=float), np.asarray(values, dtype=float)
    if depth.size < 2 or depth.shape != values.shape:
        raise InputError("exponential: allowed two or more depths with one value each")
    if not (values > 0).all():
        raise InputError(f"values = {values.tolist()}: allowed numbers above 0")
    slope, intercept = np.polyfit(depth, np.log(values), 1)
    return Exponential(float(np.exp(intercept)), float(1 / slope))


class Line(NamedTuple):
    """A regression line: slope, intercept, share of the variance it explains, and pairs."""

    slope: float
    intercept: float
    r2: float
    n: int


def line(x: np.ndarray, y: np.ndarray) -> Line:
    """Regress `y` on `x` by least squares, leaving out pairs that are not finite.

    Raises
    ------
    InputError
        For fewer than three pairs, or values that do not differ.

    Examples
    --------
    >>> fitted = line(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]))
    >>> round(fitted.slope, 6), fitted.n
    (2.0, 3)
    """
    x, y = np.ravel(x).astype(float), np.ravel(y).astype(float)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if x.size < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        raise InputError(f"line: {x.size} pairs that differ; allowed 3 or more")
    slope, intercept = np.polyfit(x, y, 1)
    return Line(float(slope), float(intercept), float(np.corrcoef(x, y)[0, 1] ** 2), x.size)


def regressed(data: xr.Dataset, x: str, y: str, *, log: bool = False) -> xr.Dataset:
    """Add to a Dataset the regression of `y` on log10 `x` within each layer.

    Parameters
    ----------
    data : Dataset
        With the variables `x` and `y` over ``layer`` and another dimension.
    x, y : str
        Their names.
    log : bool
        Whether the logarithm of `y` is regressed, too.

    Returns
    -------
    Dataset
        With ``slope``, ``intercept``, ``r2`` and ``n`` over ``layer``.

    Raises
    ------
    InputError
        For a layer with fewer than three pairs.

    Examples
    --------
    >>> spots = paired(open_dataset("silsoe", twin=True))
    >>> regressed(spots, "root_length", "carbon")["n"].values
    array([36, 36, 36, 36, 36])
    """
    shape = np.log10 if log else np.asarray
    layers = range(data.sizes["layer"])
    pairs = [(data[x].isel(layer=k).values, data[y].isel(layer=k).values) for k in layers]
    fits = [line(np.log10(here), shape(there)) for here, there in pairs]
    found = {name: ("layer", [getattr(fit, name) for fit in fits]) for name in Line._fields}
    return data.assign(found)


def summary(edges: Sequence[float] = EDGES, /, **kinds: xr.DataArray) -> xr.Dataset:
    """Return mean and spread of shares by layer, for several kinds of things.

    Parameters
    ----------
    edges : sequence of float [layer + 1]
        Depths between the layers, cm.
    **kinds : DataArray [profile, layer]
        Amounts or shares of each kind in each layer. Amounts are summed over the profiles, so
        that a profile with much counts more; shares count each profile alike.

    Returns
    -------
    Dataset [kind, layer]
        ``mean`` and ``sd`` (1), and ``n`` (kind), the number of profiles.

    Examples
    --------
    >>> roots = root_shares(open_dataset("roots", twin=True))
    >>> summary(roots=roots)["mean"].values.round(2)
    array([[0.56, 0.2 , 0.1 , 0.05, 0.03, 0.04, 0.02]])
    """
    _, places = _layers(edges)
    mean, spread, count = [], [], []
    for array in kinds.values():
        values = array.values
        share = values / values.sum(axis=1, keepdims=True)
        mean.append(values.sum(axis=0) / values.sum())
        spread.append(share.std(axis=0, ddof=1))
        count.append(len(values))
    return xr.Dataset(
        {
            "mean": (("kind", "layer"), np.array(mean), {"units": "1"}),
            "sd": (("kind", "layer"), np.array(spread), {"units": "1"}),
            "n": ("kind", count, {"long_name": "profiles"}),
        },
        {"kind": list(kinds), **places},
        _kind(*kinds.values()),
    )


# --- roots and what they bring ----------------------------------------------------------------


def root_shares(roots: xr.Dataset, edges: Sequence[float] = EDGES) -> xr.DataArray:
    """Return the share of each profile's roots in each layer; the shares sum to one.

    Parameters
    ----------
    roots : Dataset
        As ``open_dataset("roots")``; the extrapolated depths are used.
    edges : sequence of float [layer + 1]
        Depths between the layers, cm.

    Returns
    -------
    DataArray [profile, layer]
        Shares (1) of the roots between the first and the last edge. Profiles whose depths are
        missing or out of order are left out.

    Examples
    --------
    >>> shares = root_shares(open_dataset("roots", twin=True), edges=(0, 30, 200))
    >>> float(shares.sum("layer").min().round(6))
    1.0
    """
    bounds, places = _layers(edges)
    usable = _usable(roots)
    d50 = 100 * usable["d50_extrapolated"].values[:, None]
    d95 = 100 * usable["d95_extrapolated"].values[:, None]
    c = -1.27875 / (np.log10(d95) - np.log10(d50))
    with np.errstate(divide="ignore"):  # no root lies above depth 0: (0 / d50)^c is infinite
        above = 1 / (1 + (bounds / d50) ** c)
    shares = np.diff(above, axis=1) / (above[:, -1:] - above[:, :1])
    coords = {"profile": usable["profile"].values, **places}
    attrs = {"units": "1", "long_name": "share of the roots", **_kind(roots)}
    return xr.DataArray(shares, coords, ("profile", "layer"), name="root_share", attrs=attrs)


def _usable(roots: xr.Dataset) -> xr.Dataset:
    d50, d95 = roots["d50_extrapolated"], roots["d95_extrapolated"]
    return roots.isel(profile=((d50 > 0) & (d95 > d50)).values)


def belowground(
    roots: xr.Dataset, edges: Sequence[float] = EDGES, share: float = BELOW_GROUND
) -> xr.Dataset:
    """Return production below ground by layer: NPP by formula x share x root profile.

    NPP is the Miami model (`soilnb.data.planet.miami_npp`) of the profile's precipitation and
    the mean temperature of its Köppen-Geiger zone and latitude (`soilnb.data.climate`). So it is
    derived, not measured; where roots are, production is assumed to be.

    Parameters
    ----------
    roots : Dataset
        As ``open_dataset("roots")``.
    edges : sequence of float [layer + 1]
        Depths between the layers, cm.
    share : float
        Share of NPP below ground.

    Returns
    -------
    Dataset
        ``npp`` (profile) and ``bnpp`` (profile, layer), g C m-2 yr-1; profiles without place or
        precipitation are left out.

    Raises
    ------
    InputError
        For edges out of order, or a share outside 0 to 1.

    Examples
    --------
    >>> list(belowground(open_dataset("roots", twin=True)).data_vars)
    ['npp', 'bnpp']
    """
    share = check_range("share", share, 0.0, 1.0)
    place = _usable(roots)
    known = np.isfinite(place["latitude"] + place["longitude"] + place["precipitation"])
    place = place.isel(profile=known.values)
    latitude, longitude = place["latitude"].values, place["longitude"].values
    # The one point of the zone map that the profile lies in.
    zone = rasters.koppen_zones(latitude, longitude, (1 / 36, 1 / 36))
    warmth = climate.temperature(zone, latitude)
    npp = planet.miami_npp(warmth, place["precipitation"].values)
    land = np.isfinite(npp)
    shares = root_shares(place.isel(profile=land), edges)
    return xr.Dataset(
        {
            "npp": ("profile", npp[land], {"units": "g m-2 yr-1", "long_name": "NPP by formula"}),
            "bnpp": _array(
                share * npp[land, None] * shares.values,
                "g m-2 yr-1", "belowground net primary production, derived", kind=_kind(roots),
            ),
        },
        shares.coords,
        {"share_below_ground": share, **_kind(roots)},
    )  # fmt: skip


# --- soil carbon ------------------------------------------------------------------------------


def soil_layers() -> xr.Dataset:
    """Return the layers of the soil profiles `israd`, or a synthetic stand-in.

    `israd` is local only and the registry has no twin of it. Where it is not at hand, profiles
    of `soilnb.data.twins.layers_twin` stand in, marked as such, with one visible line.

    Examples
    --------
    >>> soil_layers().attrs["provenance"]
    'synthetic'
    """
    if at_hand("israd"):
        return open_dataset("israd")
    print(
        "note: synthetic soil profiles stand in for 'israd', which is local only", file=sys.stderr
    )
    twin = twins.layers_twin()
    return twin.assign_attrs(
        title="Synthetic soil profiles",
        provenance="synthetic",
        source="generator of soilnb.data.twins",
        soilnb_version=soilnb.__version__,
    )


def carbon_by_layer(layers: xr.Dataset, edges: Sequence[float] = EDGES) -> xr.Dataset:
    """Return carbon density and share by layer of the soil profiles that reach deep enough.

    Density is organic carbon times bulk density: that of the sample, or of a map where there is
    none. Between the middles of the sampled layers it is interpolated, beyond them constant.

    Parameters
    ----------
    layers : Dataset
        As `soil_layers` returns.
    edges : sequence of float [layer + 1]
        Depths between the layers, cm.

    Returns
    -------
    Dataset
        ``density`` (profile, layer), kg C m-3, and ``share`` (profile, layer) of the carbon
        between the first and the last edge. Profiles that start below 5 cm, end above the last
        edge, have fewer than four layers, a gap of more than 20 cm or overlapping layers, or
        lack a density, are left out.

    Raises
    ------
    InputError
        For edges out of order, or when no profile is left.

    Examples
    --------
    >>> found = carbon_by_layer(twins.layers_twin(), edges=(0, 30, 100))
    >>> found["share"].mean("profile").values.round(1)
    array([0.5, 0.5])
    """
    bounds, places = _layers(edges)
    names = ["profile", "top", "bottom", "organic_carbon", "bulk_density", "bulk_density_map"]
    table = pd.DataFrame({name: layers[name].values for name in names})
    bulk = table["bulk_density"].fillna(table["bulk_density_map"])
    table["density"] = 10 * table["organic_carbon"] * bulk  # % x g cm-3 is 10 kg m-3
    at = np.arange(bounds[0] + 0.5, bounds[-1])
    cell = np.digitize(at, bounds) - 1
    found, density = [], []
    for name, profile in table.sort_values("top").groupby("profile"):
        if _is_whole(profile, bounds[-1]):
            middle = (profile["top"] + profile["bottom"]) / 2
            along = np.interp(at, middle, profile["density"])
            density.append(np.bincount(cell, along) / np.bincount(cell))
            found.append(name)
    if not found:
        raise InputError(f"no soil profile reaches {bounds[-1]:g} cm without gaps")
    stock = np.array(density) * np.diff(bounds)
    share = stock / stock.sum(axis=1, keepdims=True)
    return xr.Dataset(
        {
            "density": _array(np.array(density), "kg m-3", "organic carbon density"),
            "share": _array(share, "1", "share of the carbon", kind=_kind(layers)),
        },
        {"profile": found, **places},
        _kind(layers),
    )


def _is_whole(profile: pd.DataFrame, bottom: float) -> bool:
    """Whether the layers of a profile, sorted, cover it from the surface to `bottom` (cm)."""
    gap = profile["top"].to_numpy()[1:] - profile["bottom"].to_numpy()[:-1]
    return bool(
        len(profile) >= FEWEST
        and profile["top"].iloc[0] <= STARTS
        and profile["bottom"].max() >= bottom
        and gap.max() <= WIDEST_GAP
        and gap.min() >= -DEEPEST_OVERLAP
        and profile["density"].notna().all()
    )


def climate_shares(turnover: xr.Dataset) -> xr.DataArray:
    """Return the share of carbon content per 20 cm of the first metre, by climate.

    Parameters
    ----------
    turnover : Dataset
        As ``open_dataset("turnover")``: median carbon profiles of ISRaD by climate.

    Returns
    -------
    DataArray [climate, layer]
        Shares (1) of the summed contents (no bulk density, so no stocks).

    Examples
    --------
    >>> climate_shares(open_dataset("turnover", twin=True)).sizes["layer"]
    5
    """
    content = turnover["organic_carbon"]
    _, places = _layers(EDGES[:6])
    sums = content.values.reshape(content.sizes["climate"], 5, 20).sum(axis=2)
    coords = {"climate": content["climate"].values, **places}
    attrs = {"units": "1", "long_name": "share of the carbon content", **_kind(turnover)}
    return xr.DataArray(
        sums / sums.sum(axis=1, keepdims=True), coords, ("climate", "layer"), attrs=attrs
    )


# --- turnover ---------------------------------------------------------------------------------


def turnover_by_layer(turnover: xr.Dataset, biome: str | None = None) -> xr.Dataset:
    """Return mean, median and geometric mean of the turnover times of each layer.

    Parameters
    ----------
    turnover : Dataset
        As ``open_dataset("turnover")``; codes of missing values are already NaN.
    biome : str, optional
        Only the profiles of one biome.

    Returns
    -------
    Dataset [layer]
        ``mean``, ``median``, ``geometric_mean``, ``low`` and ``high`` (quartiles), in years,
        and ``n``, the number of profiles.

    Examples
    --------
    >>> times = turnover_by_layer(open_dataset("turnover", twin=True))["median"]
    >>> bool((times.diff("layer") > 0).all())  # longer with depth
    True
    """
    times = turnover["turnover_time"]
    if biome is not None:
        known = sorted(set(turnover["biome"].values.tolist()))
        check_known("biome", biome, known)
        times = times.isel(profile=(turnover["biome"] == biome).values)
    _, places = _layers(EDGES[:6])
    values = times.values
    rows = {
        "mean": np.nanmean(values, axis=0),
        "median": np.nanmedian(values, axis=0),
        "geometric_mean": np.exp(np.nanmean(np.log(values), axis=0)),
        "low": np.nanquantile(values, 0.25, axis=0),
        "high": np.nanquantile(values, 0.75, axis=0),
    }
    data = {
        name: ("layer", row, {"units": "yr", "long_name": f"{name} turnover time"})
        for name, row in rows.items()
    }
    data["n"] = ("layer", np.isfinite(values).sum(axis=0), {"long_name": "profiles"})
    return xr.Dataset(data, places, _kind(turnover))


def extrapolated(layers: xr.Dataset, bottom: float = 200.0) -> xr.Dataset:
    """Add exponentials through the averages of the turnover times, down to `bottom` (cm).

    Parameters
    ----------
    layers : Dataset [layer]
        As `turnover_by_layer` returns.
    bottom : float
        Depth to which they are drawn; what lies below the data is extrapolation.

    Returns
    -------
    Dataset
        With ``mean_curve``, ``median_curve`` and ``geometric_mean_curve`` (yr) over
        ``curve_depth`` (cm).

    Examples
    --------
    >>> found = extrapolated(turnover_by_layer(open_dataset("turnover", twin=True)))
    >>> float(found["curve_depth"][-1])
    200.0
    """
    along = np.linspace(0.0, bottom, 101)
    names = ("mean", "median", "geometric_mean")
    curves = {name: exponential(layers["depth"], layers[name]).at(along) for name in names}
    data = {f"{name}_curve": ("curve_depth", curve) for name, curve in curves.items()}
    return layers.assign(data).assign_coords(curve_depth=along)


def derived_stock(
    production: xr.Dataset, turnover: xr.Dataset, *, seed: int = 0, profiles: int = 400
) -> xr.Dataset:
    """Multiply production below ground with turnover time: the stock that they would make.

    A root profile and a turnover profile are drawn at random for each other, so the pairs are
    made up: the result is *synthetic*, whatever its parts are.

    Parameters
    ----------
    production : Dataset
        As `belowground` returns.
    turnover : Dataset
        As ``open_dataset("turnover")``.
    seed : int
        Seed of the pairing.
    profiles : int
        Number of pairs.

    Returns
    -------
    Dataset [profile, layer]
        ``bnpp`` (g C m-2 yr-1), ``turnover_time`` (yr) and their product ``stock``
        (kg C m-2), for the layers of the first metre.

    Examples
    --------
    >>> roots, turnover = (open_dataset(name, twin=True) for name in ("roots", "turnover"))
    >>> derived_stock(belowground(roots), turnover, profiles=10)["stock"].dims
    ('profile', 'layer')
    """
    rng = np.random.default_rng(seed)
    whole = turnover["turnover_time"].dropna("profile").values
    layers = whole.shape[1]
    bnpp = production["bnpp"].values[:, :layers]
    mine = bnpp[rng.integers(0, len(bnpp), profiles)]
    time = whole[rng.integers(0, len(whole), profiles)]
    _, places = _layers(EDGES[: layers + 1])
    return xr.Dataset(
        {
            "bnpp": _array(mine, "g m-2 yr-1", "belowground net primary production, derived"),
            "turnover_time": _array(time, "yr", "turnover time"),
            "stock": _array(mine * time / 1000, "kg m-2", "stock at rest, input x turnover time"),
        },
        {"profile": np.arange(1, profiles + 1), **places},
        {"provenance": "synthetic"},
    )


# --- the field trial --------------------------------------------------------------------------


def paired(silsoe: xr.Dataset, year: int = 2011) -> xr.Dataset:
    """Return soil carbon and fine roots of the same spots and layers of the trial.

    A spot is a tree with a distance from it, or a core of the arable control. Soil samples stand
    for layers of 10 to 45 cm; their carbon is shared out over the layers of the root cores.

    Parameters
    ----------
    silsoe : Dataset
        As ``open_dataset("silsoe")``.
    year : int
        Year of the roots.

    Returns
    -------
    Dataset [spot, layer]
        ``carbon`` (kg C m-3), ``root_length`` (cm cm-3), ``root_mass`` (mg cm-3), and
        ``treatment`` (spot).

    Raises
    ------
    InputError
        For a year without roots.

    Examples
    --------
    >>> paired(open_dataset("silsoe", twin=True))["carbon"].dims
    ('spot', 'layer')
    """
    roots = _cores(silsoe, year)
    soil = _samples(silsoe)
    spots = [spot for spot in roots.index if spot in soil.index]
    bounds, places = _layers(CORES)
    edges = np.concatenate([[0.0], np.cumsum(soil.columns.get_level_values("thickness"))])
    stock = np.insert(np.cumsum(soil.loc[spots].to_numpy() * np.diff(edges), axis=1), 0, 0, axis=1)
    carbon = np.diff([np.interp(bounds, edges, row) for row in stock], axis=1) / np.diff(bounds)
    length, mass = (roots.loc[spots, name].to_numpy() for name in ("length", "mass"))
    treatment = dict(zip(silsoe["tree"].values, silsoe["treatment"].values.tolist(), strict=True))
    return xr.Dataset(
        {
            "carbon": _array(carbon, "kg m-3", "organic carbon density", "spot"),
            "root_length": _array(length, "cm cm-3", "length density of fine roots", "spot"),
            "root_mass": _array(mass, "mg cm-3", "mass density of fine roots", "spot"),
            "treatment": ("spot", [treatment[tree] for tree, _ in spots]),
        },
        {"spot": [f"{tree} {where}" for tree, where in spots], **places},
        _kind(silsoe),
    )


def _where(distance: np.ndarray) -> list[str]:
    """Name the place of a sample: soil at 0.5 m belongs to the roots at 0 m, and so on."""
    return ["control" if np.isnan(metres) else f"{int(metres)} m" for metres in distance]


def _cores(silsoe: xr.Dataset, year: int) -> pd.DataFrame:
    """Roots of a year: rows (tree, place), columns (length or mass, depth)."""
    here = silsoe["root_year"].values == year
    if not here.any():
        raise InputError(
            f"year = {year}: allowed {sorted(set(silsoe['root_year'].values.tolist()))}"
        )
    table = pd.DataFrame(
        {
            "tree": silsoe["root_tree"].values[here],
            "where": _where(silsoe["root_distance"].values[here]),
            "depth": silsoe["root_depth"].values[here],
            "length": silsoe["root_length"].values[here],
            "mass": silsoe["root_mass"].values[here],
        }
    )
    return table.pivot_table(index=["tree", "where"], columns="depth", values=["length", "mass"])


def _samples(silsoe: xr.Dataset) -> pd.DataFrame:
    """Carbon density (kg m-3): rows (tree, place), columns (depth, thickness)."""
    table = pd.DataFrame(
        {
            "tree": silsoe["tree"].values,
            "where": _where(silsoe["distance"].values),
            "depth": silsoe["depth"].values,
            "thickness": silsoe["thickness"].values,
            "density": 10 * silsoe["organic_carbon"].values * silsoe["bulk_density"].values,
        }
    )
    rows, columns = ["tree", "where"], ["depth", "thickness"]
    return table.pivot_table(index=rows, columns=columns, values="density").dropna()


# --- incubations ------------------------------------------------------------------------------


def activity(incubations: xr.Dataset) -> xr.Dataset:
    """Return how much carbon soils from different depths respire, per carbon that they hold.

    Jars are compared within a study, profile, treatment and temperature, at the last day that
    all of them reach, if they come from at least two depths.

    Parameters
    ----------
    incubations : Dataset
        As ``open_dataset("sidb")``.

    Returns
    -------
    Dataset [jar]
        ``study``, ``profile``, ``depth`` (cm), ``days``, ``respired`` (g per kg soil carbon) and
        ``relative``: respired over that of the shallowest jar of its group.

    Examples
    --------
    >>> list(activity(open_dataset("sidb", twin=True)).data_vars)[-2:]
    ['respired', 'relative']
    """
    names = ["study", "profile", "treatment", "temperature", "series", "depth", "time", "respired"]
    table = pd.DataFrame({name: incubations[name].values for name in names})
    table = table.dropna(subset=["respired", "depth", "temperature"])
    rows = [row for _, group in table.groupby(names[:4]) for row in _compared(group)]
    columns = ["study", "profile", "depth", "days", "respired", "relative"]
    jars = pd.DataFrame(rows, columns=columns)
    units = {"depth": "cm", "days": "d", "respired": "g kg-1", "relative": "1"}
    data = {
        name: ("jar", jars[name].to_numpy(dtype=float if name in units else np.str_))
        for name in columns
    }
    dataset = xr.Dataset(data, {"jar": np.arange(1, len(jars) + 1)}, _kind(incubations))
    for name, unit in units.items():
        dataset[name].attrs = {"units": unit, "long_name": name}
    return dataset


def _compared(group: pd.DataFrame) -> list[tuple]:
    """Rows of one group of jars, or none where all come from one depth."""
    if group["depth"].nunique() < 2:
        return []
    jars = dict(list(group.groupby("series")))
    days = min(jar["time"].max() for jar in jars.values())
    respired = {name: np.interp(days, jar["time"], jar["respired"]) for name, jar in jars.items()}
    depth = {name: float(jar["depth"].iloc[0]) for name, jar in jars.items()}
    shallow = [respired[name] for name in jars if depth[name] == min(depth.values())]
    top = float(np.mean(shallow))
    first = group.iloc[0]
    return [
        (first["study"], first["profile"], depth[name], days, respired[name], respired[name] / top)
        for name in jars
    ]


def side_by_side(incubations: xr.Dataset, treatment: str, treated: str, control: str) -> xr.Dataset:
    """Return jars that differ in one treatment: what it does to the carbon that is respired.

    Ratios need no unit, so studies whose unit is doubtful can be read, too.

    Parameters
    ----------
    incubations : Dataset
        As ``open_dataset("sidb")``.
    treatment : str
        What was done, for example ``"cellulose"``.
    treated, control : str
        Its two levels.

    Returns
    -------
    Dataset [depth, time]
        ``treated``, ``control`` (both in the study's ``unit``) and ``ratio``, for each depth that
        has both.

    Raises
    ------
    InputError
        When no study has both levels.

    Examples
    --------
    >>> jars = open_dataset("sidb", twin=True)
    >>> side_by_side(jars, "cellulose", "cellulose_amended", "control")["ratio"].dims
    ('depth', 'time')
    """
    names = ["study", "treatment", "depth", "time", "value", "unit"]
    table = pd.DataFrame({name: incubations[name].values for name in names})
    levels = {"treated": f"{treatment}: {treated}", "control": f"{treatment}: {control}"}
    parts = {}
    for name, level in levels.items():
        here = table["treatment"].str.split("; ").map(lambda words, level=level: level in words)
        oxygen = table["treatment"].str.contains("oxygen: 5$")  # less oxygen is another question
        some = table[here & ~oxygen]
        if some.empty:
            raise InputError(f"no incubation has {level!r}")
        parts[name] = some.pivot_table(index="depth", columns="time", values="value")
    index = parts["treated"].index.intersection(parts["control"].index)
    days = parts["treated"].columns.intersection(parts["control"].columns)
    values = {name: part.loc[index, days].to_numpy() for name, part in parts.items()}
    with np.errstate(invalid="ignore"):  # 0 over 0 at the start
        values["ratio"] = values["treated"] / values["control"]
    study = table.loc[table["treatment"].str.contains(levels["treated"], regex=False), "study"]
    unit = table.loc[table["study"] == study.iloc[0], "unit"].iloc[0]
    data = {name: (("depth", "time"), value) for name, value in values.items()}
    coords = {"depth": index.to_numpy(), "time": days.to_numpy()}
    attrs = {"study": str(study.iloc[0]), "unit": str(unit), **_kind(incubations)}
    return xr.Dataset(data, coords, attrs)
