"""Forcing of the layered models: what drives CLM5 and COMPAS at a place, month by month.

The papers drive both models with monthly output of CLM5, which is not at hand. Three ways lead
to a forcing (variables, units and bounds in `soilnb.profile.forcing.variables`):

- `from_climate` makes one from mean annual temperature, seasonality, precipitation, productivity
  and sand by the formulas of `soilnb.profile.forcing.formulas`, each published or marked as an
  assumption (`PARAMETER_SETS`); with ``variant="monthly"`` water and air of the soil have a year of
  their own (`soilnb.profile.forcing.water`);
- `read_monthly` reads weather by months, of a flux tower or of RothC, and `arguments` makes of it
  what `from_climate` takes;
- any Dataset that passes `check` will do.

>>> from soilnb.profile import forcing
>>> tundra = forcing.example("permafrost")
>>> two = forcing.from_climate(mat=[4, 26], map=[600, 2200], latitude=[55, -3], vegetation="forest")

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import functools
import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from soilnb import __version__
from soilnb.data import tables
from soilnb.data.planet import miami_npp as miami
from soilnb.parameters import (
    InputError,
    Parameters,
    ParameterSet,
    as_numbers,
    check_known,
    choose,
    read_table,
    unknown,
)
from soilnb.profile.forcing import formulas as formula
from soilnb.profile.forcing import water
from soilnb.profile.forcing.monthly import arguments, read_monthly
from soilnb.profile.forcing.variables import LITTER_POOLS, MONTHS, VARIABLES, assemble, check
from soilnb.profile.grid import BOTTOM, LAYERS, NODE
from soilnb.profile.site import SiteWarning, doubt

__all__ = [
    "EXAMPLES", "LITTER_POOLS", "PARAMETER_SETS", "VARIABLES", "VARIANTS", "arguments", "check",
    "continentality", "example", "from_climate", "litter_split", "miami", "rain_seasonality",
    "read_monthly", "seasonality", "vegetation_names",
]  # fmt: skip

#: The constants of the formulas, each with its source or marked as an assumption: one set,
#: ``stated``; a mapping of changes may be given wherever ``parameters=`` is asked for.
PARAMETER_SETS = read_table(Path(__file__).with_name("forcing.toml")).sets

#: Where water and oxygen come from: the annual P / PET, or the months of a bucket.
VARIANTS = ("annual", "monthly")

#: Sand where none is known, %: an assumption, a loam.
SAND = 40.0

#: Least rain (mm yr-1) of a place with plants, an assumption; and the classes without them.
LEAST_RAIN = 50.0

#: Rain (mm yr-1) of the driest forests: the larches of Verkhoyansk get 180 (1961 to 1990).
FOREST_RAIN = 150.0
BARE = frozenset(["barren", "bare", "tundra", "sno", "bsv", "wat", 15, 16, 17, 18])

#: Classes of closed forest.
FORESTS = frozenset(["forest", "enf", "ebf", "dnf", "dbf", "mf", 1, 2, 3, 4, 5])

#: What `from_climate` takes, with unit and bounds.
_INPUTS = {
    "mat": ("degC", -40.0, 40.0),
    "seasonality": ("K", 0.0, 80.0),
    "map": ("mm yr-1", 0.0, 15000.0),
    "rain_seasonality": ("1", -1.0, 1.0),
    "npp": ("g C m-2 yr-1", 0.0, 5000.0),
    "sand": ("%", 0.0, 100.0),
    "clay": ("%", 0.0, 100.0),
    "latitude": ("degrees", -90.0, 90.0),
    "pet": ("mm yr-1", 0.0, 5000.0),
    "oxygen": ("1", 0.0, 1.0),
    "nitrogen": ("1", 0.0, 1.0),
    "bedrock": ("m", 0.02, np.inf),
}

#: Named places for tests and notebooks: arguments of `from_climate`, round numbers of no real site.
EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "tropical": {
        "mat": 26.0, "seasonality": 3.0, "map": 2400.0, "sand": 35.0, "clay": 45.0,
        "latitude": -3.0, "vegetation": "forest",
    },
    "temperate": {
        "mat": 9.0, "seasonality": 23.0, "map": 650.0, "sand": 35.0, "clay": 22.0,
        "latitude": 48.0, "vegetation": "grassland",
    },
    "boreal": {
        "mat": 0.0, "seasonality": 32.0, "map": 500.0, "sand": 55.0, "clay": 10.0,
        "latitude": 62.0, "vegetation": "forest",
    },
    "permafrost": {
        "mat": -11.0, "seasonality": 36.0, "map": 250.0, "sand": 40.0, "clay": 15.0,
        "latitude": 70.0, "vegetation": "tundra",
    },
}  # fmt: skip


def example(name: str) -> xr.Dataset:
    """Return the forcing of a named place.

    Parameters
    ----------
    name : {"tropical", "temperate", "boreal", "permafrost"}
        Key of `EXAMPLES`: a tropical forest, a temperate grassland, a boreal forest, a tundra on
        permafrost.

    Returns
    -------
    Dataset
        A forcing of one place, as from `from_climate`.

    Examples
    --------
    >>> dict(example("boreal").sizes)
    {'month': 12, 'layer': 20, 'litter_pool': 4}
    """
    check_known("example", name, EXAMPLES)
    return from_climate(**EXAMPLES[name]).assign_attrs(title=f"example place: {name}")


def from_climate(
    mat: float | np.ndarray,
    seasonality: float | np.ndarray | None = None,
    map: float | np.ndarray = 800.0,
    npp: float | np.ndarray | None = None,
    sand: float | np.ndarray = SAND,
    *,
    latitude: float | np.ndarray | None = None,
    vegetation: str | int | np.ndarray = "grassland",
    clay: float | np.ndarray | None = None,
    pet: float | np.ndarray | None = None,
    oxygen: float | np.ndarray | None = None,
    nitrogen: float | np.ndarray | None = None,
    bedrock: float | np.ndarray = np.inf,
    variant: str = "annual",
    rain_seasonality: float | np.ndarray = 0.0,
    parameters: Parameters = "stated",
    site: np.ndarray | None = None,
) -> xr.Dataset:
    """Make a forcing from the climate of a place, by the formulas of the module's description.

    The year of the air is a cosine; n-factors turn it into the year of the ground surface, which
    is conducted downward. Where the surface is below 0 degC on average there is permafrost, which
    thaws to Stefan's depth; elsewhere the whole column counts as thawed. Soil water is the same in
    all layers but for frost. By default it follows from the annual P / PET and the texture, in all
    months alike, and air does not limit decay; in the variant ``monthly`` it is that of a bucket
    and of what drains from it, and air is short in wet months (`soilnb.profile.forcing.water`).

    Parameters
    ----------
    mat : float or array [site]
        Mean annual air temperature, degC.
    seasonality : float or array [site], optional
        Mean of the warmest minus that of the coldest month, K; by default that of the latitude and
        the continentality of `parameters` (see `seasonality` for one that knows the zone).
    map : float or array [site]
        Mean annual precipitation, mm yr-1.
    npp : float or array [site], optional
        Carbon entering the soil by litter, g C m-2 yr-1; by default the Miami model (`miami`).
    sand : float or array [site]
        Sand of the mineral soil, %, the same in all layers.
    latitude : float or array [site], optional
        Latitude, degrees; needed for `seasonality` or `pet` where they are not given. The warmest
        month is July, January in the south.
    vegetation : str, int or array [site]
        Class of the table ``litter_split``, or IGBP class as number (1 to 18) or as FLUXNET's
        letters: how litter is split (`litter_split`).
    clay : float or array [site], optional
        Clay, %; by default a share of what is not sand.
    pet : float or array [site], optional
        Annual potential evapotranspiration, mm yr-1; by default that of Oudin et al. 2005.
    oxygen, nitrogen : float or array [site], optional
        Scalars of all layers and months. CLM5 computes them. By default nitrogen is that of
        `parameters`, and oxygen 1 (no limitation, an assumption) or, in the variant ``monthly``,
        what the water leaves.
    bedrock : float or array [site]
        Depth of bedrock, m; layers that end above it are soil. By default there is none.
    variant : {"annual", "monthly"}
        Where the water and oxygen scalars come from.
    rain_seasonality : float or array [site]
        Variant ``monthly``: wettest minus driest month over their sum, above 0 where summers are
        wet, below where winters are; see `rain_seasonality` for one that knows the zone.
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS` or changes to it.
    site : array [site], optional
        Labels of the sites.

    Returns
    -------
    Dataset
        A forcing (`check`), over ``site`` when any argument is an array. In the variant ``monthly``
        with the coordinates ``permafrost`` (the ground surface is below 0 degC on average) and
        ``peat`` (a wetland, or the climate of blanket bogs, `soilnb.profile.forcing.water.bog`):
        soils that a column without a water table does not describe.

    Raises
    ------
    InputError
        For a value out of its bounds, arrays of several lengths, unknown vegetation, variant or
        parameters, or a latitude that is needed and not given.

    Examples
    --------
    >>> place = from_climate(mat=9.0, map=800.0, latitude=50.0, vegetation="forest")
    >>> place["litter_input"].values.round(0)  # wood, metabolic, cellulose and lignin litter
    array([185., 108., 216., 108.])
    >>> here = from_climate(9.0, 23.0, 650.0, latitude=48.0, variant="monthly")
    >>> here["water_scalar"].sel(layer=1)[[3, 7]].values.round(2)  # April, August
    array([0.5 , 0.29])
    """
    check_known("variant of the forcing", variant, VARIANTS)
    constants = choose(parameters, PARAMETER_SETS, "stated")
    given = {
        "mat": mat, "seasonality": seasonality, "map": map, "npp": npp, "sand": sand,
        "clay": clay, "latitude": latitude, "pet": pet, "oxygen": oxygen, "nitrogen": nitrogen,
        "bedrock": bedrock, "rain_seasonality": rain_seasonality,
    }  # fmt: skip
    place, labels = _places(given, vegetation, site)
    _check_rain(place)
    _doubt(place)
    _fill(place, constants)
    arrays, flags = _monthly(place, constants, variant)
    arrays["litter_input"] = place["npp"][:, None] * _shares(place["vegetation"])
    arrays["bedrock_layer"] = np.maximum(
        np.searchsorted(BOTTOM - 1e-9, place["bedrock"], side="right"), 1
    )
    arrays["sand"] = np.broadcast_to(place["sand"][:, None], (place["sand"].size, LAYERS))
    if labels is None:
        arrays, flags = ({name: a[0] for name, a in d.items()} for d in (arrays, flags))
    attrs = {
        "title": "forcing from climate",
        "source": "formulas of soilnb.profile.forcing.formulas in place of CLM5 output",
        "variant": variant,
        "parameter_set": constants.name,
        "parameters": json.dumps(dict(constants)),
        "soilnb_version": __version__,
    }
    dims = () if labels is None else ("site",)
    made = assemble(arrays, labels, attrs)
    return check(made.assign_coords({name: (dims, a, _FLAGS[name]) for name, a in flags.items()}))


def seasonality(
    latitude: float | np.ndarray, zone: str | np.ndarray | None = None
) -> float | np.ndarray:
    """Return warmest minus coldest month, in K, of a latitude and a climate zone.

    Parameters
    ----------
    latitude : float or array [site]
        Latitude, degrees.
    zone : str or array of str [site], optional
        Köppen-Geiger zone, for the `continentality`.

    Returns
    -------
    float or array [site]
        Annual range A = (K + 14) sin(abs(φ) + 10°) / 1.7 (Conrad 1946).

    Examples
    --------
    >>> float(seasonality(50.0).round(1))
    22.4
    """
    index = PARAMETER_SETS["stated"]["continentality"] if zone is None else continentality(zone)
    return formula.annual_range(np.asarray(latitude, dtype=float), index)[()]


def continentality(zone: str | np.ndarray) -> float | np.ndarray:
    """Return the continentality index that stands for a Köppen-Geiger zone (an assumption).

    Values in the table ``koppen_seasons``; where the zone is unknown (``""``), the
    `continentality` of the parameter set ``stated``.

    Examples
    --------
    >>> float(continentality("Dfb"))
    40.0
    """
    return _of_zone(zone, "continentality", PARAMETER_SETS["stated"]["continentality"])


def rain_seasonality(zone: str | np.ndarray) -> float | np.ndarray:
    """Return wettest minus driest month over their sum that stands for a Köppen-Geiger zone.

    Above 0 where summers are wet, below where winters are: the least that the definition of the
    zone asks for, in the table ``koppen_seasons``; 0 where the zone is unknown (``""``).

    Examples
    --------
    >>> rain_seasonality(["Csa", "Cfb", "Aw"])
    array([-0.5 ,  0.  ,  0.82])
    """
    return _of_zone(zone, "rain_seasonality", 0.0)


def _of_zone(zone: str | np.ndarray, column: str, default: float) -> float | np.ndarray:
    """Return a column of the table ``koppen_seasons`` at zones, `default` where unknown."""
    table = tables.read("koppen_seasons").set_index("zone")[column]
    names = {name.lower(): name for name in table.index}
    zones = np.asarray(zone, dtype=np.str_)
    zones = np.array([names.get(z.lower(), z) for z in zones.ravel()]).reshape(zones.shape)
    for name in np.unique(zones).tolist():
        if name and name not in table.index:
            raise unknown("Köppen-Geiger zone", name, table.index)
    known = table.reindex(zones.ravel()).to_numpy(dtype=float).reshape(zones.shape)
    return np.where(np.isnan(known), default, known)[()]


def litter_split(vegetation: str | int | np.ndarray) -> xr.DataArray:
    """Return the shares of coarse woody debris, metabolic, cellulose and lignin litter.

    Wood is 30 % of the litter in forest, 15 % in shrubland and savanna, none elsewhere (an
    assumption); the rest is 25, 50 and 25 %, as in CLM5's parameter file.

    Parameters
    ----------
    vegetation : str, int or array [site]
        ``forest shrubland savanna grassland wetland cropland urban barren tundra``, or the IGBP
        class 1 to 18, also as text or as FLUXNET's letters (``ENF``).

    Returns
    -------
    DataArray (..., litter_pool)
        Shares that sum to 1.

    Examples
    --------
    >>> litter_split("forest").values
    array([0.3  , 0.175, 0.35 , 0.175])
    """
    classes = np.asarray(vegetation)
    shares = _shares(classes.ravel()).reshape(*classes.shape, len(LITTER_POOLS))
    dims = ("litter_pool",) if classes.ndim == 0 else ("site", "litter_pool")
    attrs = {"units": "1", "long_name": "share of the litter"}
    return xr.DataArray(shares, {"litter_pool": list(LITTER_POOLS)}, dims, "share", attrs)


def vegetation_names() -> dict[int, str]:
    """Return the name in the table ``litter_split`` of each IGBP class.

    Examples
    --------
    >>> vegetation_names()[5]
    'forest'
    """
    table = tables.read("litter_split")
    return {
        int(number): row.vegetation
        for row in table.itertuples()
        for number in str(row.igbp).split()
    }


def _monthly(
    place: dict[str, np.ndarray], constants: ParameterSet, variant: str
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Variables over months and layers [site, month(, layer)], and what is flagged [site]."""
    southern = place["latitude"] < 0
    air = formula.air_temperature(place["mat"], place["seasonality"], southern)
    surface = formula.ground_surface(air, constants["freezing_factor"], constants["thawing_factor"])
    soil = formula.soil_temperature(surface, NODE, constants["thermal_diffusivity"])
    demand = _demand(place, air)
    frozen = surface.mean(axis=1) < 0
    flags: dict[str, np.ndarray] = {}
    if variant == "annual":
        filled = np.maximum(formula.wetness(place["map"], place["pet"]), 1e-3)[:, None]
        oxygen = np.ones_like(filled)
    else:
        filled = _saturation(place, air, demand, constants)
        oxygen = water.oxygen_scalar(
            filled, constants["aerated_saturation"], constants["oxygen_floor"]
        )
        summer = air.max(axis=1)
        bog = water.bog(place["map"], place["pet"], place["mat"], summer)
        flags = {"permafrost": frozen, "peat": bog | _wetland(place["vegetation"])}
    if place["oxygen"] is not None:
        oxygen = place["oxygen"][:, None]
    thaw = np.broadcast_to(_thawed(surface, frozen, constants)[:, None], (len(surface), MONTHS))
    variables = {
        "soil_temperature": soil,
        "water_scalar": _water(place, soil, filled, constants),
        "oxygen_scalar": np.broadcast_to(oxygen[:, :, None], soil.shape),
        "nitrogen_scalar": np.broadcast_to(place["nitrogen"][:, None, None], soil.shape),
        "active_layer": thaw,
        "active_layer_last_year": thaw,
    }
    return variables, flags


_FLAGS = {
    "permafrost": {"units": "1", "long_name": "whether the ground surface is below 0 degC"},
    "peat": {"units": "1", "long_name": "whether a wetland, or in the climate of blanket bogs"},
}


def _thawed(surface: np.ndarray, frozen: np.ndarray, constants: ParameterSet) -> np.ndarray:
    """Active layer [site], m: Stefan's depth on permafrost, elsewhere the whole column.

    Permafrost is where the ground surface is below 0 degC in the annual mean (Smith & Riseborough
    2002 without their thermal offset).
    """
    depth = formula.thaw_depth(surface, constants["thawed_conductivity"], constants["ice_content"])
    return np.where(frozen, np.minimum(depth, BOTTOM[-1]), BOTTOM[-1])


def _demand(place: dict[str, np.ndarray], air: np.ndarray) -> np.ndarray:
    """Evaporation demand [site, month], mm month-1; where none is given its sum becomes ``pet``.

    A given annual sum has the year of the formula, or goes by the days where that has none.
    """
    demand = formula.monthly_evapotranspiration(air, place["latitude"])
    annual = demand.sum(axis=-1)
    if place["pet"] is None:
        place["pet"] = annual
        return demand
    days = formula.DAYS / formula.DAYS.sum()
    share = np.where((annual > 0)[:, None], demand / np.where(annual > 0, annual, 1)[:, None], days)
    return place["pet"][:, None] * share


def _saturation(
    place: dict[str, np.ndarray], air: np.ndarray, demand: np.ndarray, constants: ParameterSet
) -> np.ndarray:
    """Return the filled share of the pores [site, month] by the bucket."""
    rain = water.monthly_rain(place["map"], place["rain_seasonality"], place["latitude"] < 0)
    return water.saturation(
        water.melt(rain, air)[0], demand, place["sand"], place["clay"],
        constants["wilting_potential"], constants["root_depth"],
    )  # fmt: skip


def _water(
    place: dict[str, np.ndarray], soil: np.ndarray, filled: np.ndarray, constants: ParameterSet
) -> np.ndarray:
    """Moisture scalar [site, month, layer], of the drier of unfrozen and frozen soil.

    The share of the pores that is filled is [site, month or 1].
    """
    saturated, exponent = formula.saturated_potential(place["sand"], place["clay"])
    unfrozen = saturated[:, None] * filled ** -exponent[:, None]
    limits = [constants[f"water_potential_{end}"] for end in ("min", "max")]
    floor = constants["water_floor"]
    dry = formula.moisture_scalar(unfrozen, *limits, floor)
    scalar = np.broadcast_to(dry[:, :, None], soil.shape).copy()
    frozen = soil < 0
    cold = formula.moisture_scalar(formula.frozen_potential(soil[frozen]), *limits, floor)
    scalar[frozen] = np.minimum(scalar[frozen], cold)
    return scalar


def _wetland(classes: np.ndarray) -> np.ndarray:
    """Whether a vegetation class [site] is a wetland."""
    row = tables.read("litter_split").set_index("vegetation").loc["wetland"]
    words = str(row["words"]).split() if isinstance(row["words"], str) else []
    names = {"wetland", *words, *map(int, str(row["igbp"]).split())}
    return np.array([_key(kind) in names for kind in classes.tolist()], dtype=bool)


def _shares(classes: np.ndarray) -> np.ndarray:
    """Litter shares [site, litter_pool] of vegetation classes [site]."""
    rows = _vegetation_rows()
    kinds, index = np.unique(classes, return_inverse=True)
    keys = [_key(kind) for kind in kinds.tolist()]
    for key in keys:
        if key not in rows:
            words = [row for row in rows if isinstance(row, str)]
            raise unknown("vegetation", key, [*words, "IGBP class 1 to 18"])
    return np.array([rows[key] for key in keys])[index]


def _key(kind: object) -> object:
    """Return a vegetation class as `_vegetation_rows` has it: ``"5"`` and 5.0 are 5."""
    if isinstance(kind, str):
        kind = kind.strip().lower()
        number = kind.removesuffix(".0")
        return int(number) if number.isascii() and number.isdigit() else kind
    return kind


def _check_rain(place: dict[str, np.ndarray]) -> None:
    """Refuse rain in another unit: plants everywhere, and not one place with rain for them."""
    classes = np.array([_key(kind) not in BARE for kind in place["vegetation"].tolist()])
    rain = place["map"]
    if not classes.any() or (rain[classes] >= LEAST_RAIN).any():
        return
    value = float(rain[classes].max())
    ways = [(1000, "m"), (365.25, "mm d-1")] if value < 15 else [(365.25 / 12, "mm d-1, summed")]
    hints = " or ".join(f"in {name}{' over twelve months' if 'summed' in name else ''}? then "
                        f"{value * factor:.0f}" for factor, name in ways)  # fmt: skip
    raise InputError(
        f"map = {value:g} mm yr-1: too dry for plants ({LEAST_RAIN:g} or more); {hints}; for a "
        "desert, vegetation='barren'"
    )


def _doubt(place: dict[str, np.ndarray | None]) -> None:
    """Warn of what is possible, and more likely in another unit."""

    def where(bad: np.ndarray) -> str:
        return f" at site {int(np.argmax(bad))}" if bad.size > 1 else ""

    for name in ("mat", "npp"):
        if place[name] is not None:
            doubt(name, place[name], where)
    wooded = np.array([_key(kind) in FORESTS for kind in place["vegetation"].tolist()])
    rain = place["map"]
    if wooded.any() and rain[wooded].max() < FOREST_RAIN:
        most = float(rain[wooded].max())
        warnings.warn(
            f"map = {most:g} mm yr-1{where(wooded & (rain == most))}: drier than any forest (180); "
            f"in cm? then {10 * most:g}",
            SiteWarning,
            stacklevel=3,
        )


@functools.cache
def _vegetation_rows() -> dict[str | int, tuple[float, ...]]:
    """Litter shares by name, by further word and by IGBP class."""
    rows: dict[str | int, tuple[float, ...]] = {}
    for row in tables.read("litter_split").itertuples():
        shares = tuple(float(getattr(row, pool)) for pool in LITTER_POOLS)
        words = str(row.words).split() if isinstance(row.words, str) else []
        for key in (row.vegetation, *words, *map(int, str(row.igbp).split())):
            rows[key] = shares
    return rows


def _fill(place: dict[str, np.ndarray], constants: ParameterSet) -> None:
    """Put the default formulas in the place of what is not given."""
    if place["latitude"] is None:
        missing = [name for name in ("seasonality", "pet") if place[name] is None]
        if missing:
            raise InputError(f"latitude is not given: needed for {' and '.join(missing)}")
        place["latitude"] = np.zeros(place["mat"].size)
    if place["seasonality"] is None:
        place["seasonality"] = formula.annual_range(place["latitude"], constants["continentality"])
    if place["npp"] is None:
        place["npp"] = miami(place["mat"], place["map"])
    if place["nitrogen"] is None:
        place["nitrogen"] = np.full(place["mat"].size, constants["nitrogen_scalar"])
    if place["clay"] is None:
        place["clay"] = constants["clay_share"] * (100 - place["sand"])
    texture = place["sand"] + place["clay"]
    if (texture > 100 + 1e-6).any():
        raise InputError(f"sand + clay = {texture.max():g} %: allowed 0 to 100")


def _places(
    given: Mapping[str, object], vegetation: object, site: object
) -> tuple[dict[str, np.ndarray | None], np.ndarray | None]:
    """Check the arguments; return each as an array [site], and the labels of the sites.

    The labels are None when all arguments are single numbers.
    """
    arrays = {name: _numbers(name, value) for name, value in given.items() if value is not None}
    classes = np.asarray(vegetation)
    every = {**arrays, "vegetation": classes}
    sizes = {name: array.size for name, array in every.items() if array.ndim == 1}
    if any(array.ndim > 1 for array in every.values()):
        wrong = next(name for name, array in every.items() if array.ndim > 1)
        raise InputError(f"{wrong} has {every[wrong].ndim} dimensions: allowed one, the sites")
    if site is not None:
        sizes["site"] = np.size(site)
    if len(set(sizes.values())) > 1:
        lengths = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError(f"arrays over the sites must have one length; given {lengths}")
    size = next(iter(sizes.values()), 1)
    if size == 0:
        raise InputError("the arrays over the sites are empty: allowed one site or more")
    place: dict[str, np.ndarray | None] = dict.fromkeys(given)
    place |= {name: np.broadcast_to(array, (size,)) for name, array in every.items()}
    if not sizes:
        return place, None
    return place, _labels(given, site, size)


def _labels(given: Mapping[str, object], site: object, size: int) -> np.ndarray:
    """Labels of the sites: as given, else the index of a DataArray argument, else numbers."""
    if site is not None:
        return np.asarray(site)
    for value in given.values():
        if isinstance(value, xr.DataArray) and value.ndim == 1 and value.dims[0] in value.coords:
            return value[value.dims[0]].values
    return np.arange(size)


def _numbers(name: str, value: object) -> np.ndarray:
    unit, low, high = _INPUTS[name]
    array = as_numbers(name, value, unit)
    bad = ~((array >= low) & (array <= high))
    if bad.any():
        wrong = float(array[bad][0])
        at = f" at site {int(np.argmax(bad))}" if array.ndim else ""
        hint = f"; in kelvin? {wrong - 273.15:.1f} degC" if name == "mat" and wrong > 150 else ""
        raise InputError(f"{name} = {wrong:g}{at}: allowed {low:g} to {high:g} {unit}{hint}")
    if name in ("sand", "clay") and array.size and 0 < array.max() < 1:
        raise InputError(f"{name} = {array.max():g} at most: needed in %, not as a fraction")
    return array
