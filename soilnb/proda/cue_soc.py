r"""CUE and soil carbon of assimilated profiles, and the controls that belong beside their relation.

An assimilated profile has a CUE and a soil carbon content, both of the model that was fitted to
it. Over many profiles one regresses the logarithm of one on the other. The slope is a property of
the soils, but also of the model, of its priors, and of the rule by which profiles are kept. Each
control takes one of these away, or the data themselves:

===========================  ==================================================================
`relation`                   assimilated profiles; with ``kept``, whether the papers' rule (chains
                             agree, NSE above 0) passes a profile, and the *observed* carbon beside
                             the modelled one
`prior`                      one draw from the prior in place of each assimilated profile: the same
                             places, no data; with the 10 % rule for biomass or without
`constant_cue`               profiles that the model makes with one CUE of DOC uptake everywhere,
                             assimilated like observed ones
===========================  ==================================================================

Soil carbon content is the stock of 0-30 cm over 0.3 m and the bulk density of the profile, in
g C kg-1 (the papers take the bulk density of a global map). `slopes` fits the same mixed model to
each.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.kernels import layers
from soilnb.parameters import InputError, check_known, check_range, unknown
from soilnb.proda import regressions
from soilnb.proda.assimilate import assimilate
from soilnb.proda.convergence import CONVERGED
from soilnb.proda.cube import Cube
from soilnb.proda.globe.cells import EARTH_RADIUS, climate_group, nearest
from soilnb.proda.observations.site_forcing import forcing_at
from soilnb.profile import compas, grid, plausible
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.layered import diagnostics, two_switches

#: Depth of the soil that a carbon content is given for, m.
TOPSOIL = 0.3
#: Intervals of `by_depth`, m.
DEPTHS = ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 1.0), (1.0, 2.0))
#: How often a place draws from the prior until a draw is feasible.
TRIES = 400
#: Draws that are judged at a time.
AT_ONCE = 1000


# ------------------------------------------------------------------- what the profiles supply


def _at_nodes(observations: xr.Dataset, name: str) -> np.ndarray:
    """Return what is observed by layer at the model's nodes [profile, 20]; constant beyond."""
    depth, values = observations["depth"].values, observations[name].values
    found = np.full((len(depth), grid.LAYERS), np.nan)
    for row, (z, value) in enumerate(zip(depth, values, strict=True)):
        known = np.isfinite(z) & np.isfinite(value)
        if known.any():
            found[row] = np.interp(grid.NODE, z[known], value[known])
    return found


def _mean(density: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """Return the mean of layers [..., 20] between two depths."""
    return density @ grid.overlap(top, bottom) / (bottom - top)


def _content(density: np.ndarray, observations: xr.Dataset, top: float, bottom: float):
    """Return carbon, g kg-1 [profile], of a density [profile, 20] in g C m-3."""
    earth = 1000.0 * _mean(_at_nodes(observations, "bulk_density"), top, bottom)  # kg m-3
    return _mean(density, top, bottom) / earth


def observed(observations: xr.Dataset) -> pd.DataFrame:
    """Return climate group and observed carbon of each profile.

    Parameters
    ----------
    observations : Dataset over profile
        As from `soilnb.proda.observations.israd`.

    Returns
    -------
    DataFrame
        By profile: ``climate``, ``observed`` (0-30 cm, g C kg-1), ``observed_stock`` (to 1 m,
        kg C m-2).

    Examples
    --------
    >>> from soilnb.proda import observations
    >>> list(observed(observations.twin_profiles(2)).columns)
    ['climate', 'observed', 'observed_stock']
    """
    density = _at_nodes(observations, "carbon_density")
    zone = climate_group(observations["climate"].values)
    return pd.DataFrame(
        {
            "climate": np.where(zone == "", None, zone),
            "observed": _content(density, observations, 0.0, TOPSOIL),
            "observed_stock": _mean(density, 0.0, 1.0) / 1000.0,
        },
        index=pd.Index(observations["profile"].values, name="profile"),
    )


def _matching(assimilated: xr.Dataset, observations: xr.Dataset) -> xr.Dataset:
    """Return the observations of the assimilated profiles, in their order."""
    have = {str(name): k for k, name in enumerate(observations["profile"].values)}
    names = [str(name) for name in assimilated["profile"].values]
    missing = [name for name in names if name not in have]
    if missing:
        raise InputError(f"profile {missing[0]!r} is assimilated but not among the observations")
    return observations.isel(profile=[have[name] for name in names])


# ----------------------------------------------------------------------- assimilated profiles


def relation(
    assimilated: xr.Dataset, observations: xr.Dataset, *, limit: float = CONVERGED
) -> pd.DataFrame:
    """Return CUE and soil carbon of each assimilated profile.

    Parameters
    ----------
    assimilated : Dataset over profile
        As from `soilnb.proda.assimilate` with COMPAS.
    observations : Dataset over profile
        What was assimilated.
    limit : float
        Largest mean of the papers' G-R statistic of a profile that is kept.

    Returns
    -------
    DataFrame
        By profile: ``cue`` of the system and ``eta_doc`` of the point estimate; ``soc``, modelled
        carbon of 0-30 cm, and ``observed``, the same of the observations (g C kg-1);
        ``observed_stock`` to 1 m (kg C m-2; observations between their depths, and constant beyond
        them); ``climate`` (one of twelve groups); ``gelman_rubin``, ``nse``; and ``kept``. Refused
        profiles are left out.

    Raises
    ------
    InputError
        For profiles that are not among the observations, or another model.

    Examples
    --------
    >>> from soilnb.proda import observations
    >>> profiles = observations.twin_profiles(2)
    >>> few = {"warmup": 500, "steps": 1000, "samples": 100, "jobs": 1, "progress": False}
    >>> list(relation(assimilate(profiles, **few), profiles).columns)[:3]
    ['cue', 'eta_doc', 'soc']
    """
    if "cue" not in assimilated["metric"].values:
        raise InputError("the assimilated model has no 'cue': allowed COMPAS")
    here = _matching(assimilated, observations)
    table = observed(here)
    table["cue"] = assimilated["metric_estimate"].sel(metric="cue").values
    table["eta_doc"] = assimilated["estimate"].sel(parameter="eta_doc").values
    table["soc"] = _content(assimilated["carbon"].values, here, 0.0, TOPSOIL)
    table["gelman_rubin"] = assimilated["gelman_rubin_mean"].values
    table["nse"] = assimilated["nse"].values
    table["kept"] = (table["gelman_rubin"] < limit) & (table["nse"] > 0)
    order = ["cue", "eta_doc", "soc", "observed", "observed_stock", "climate"]
    rest = ["gelman_rubin", "nse", "kept"]
    return table[assimilated["reason"].values == ""][order + rest]


def by_depth(
    assimilated: xr.Dataset,
    observations: xr.Dataset,
    depths: Sequence[tuple[float, float]] = DEPTHS,
    *,
    limit: float = CONVERGED,
) -> dict[str, pd.DataFrame]:
    """Return CUE of the kept profiles and their modelled carbon in intervals of depth.

    Parameters
    ----------
    assimilated, observations, limit
        As in `relation`.
    depths : sequence of (float, float)
        Top and bottom of each interval, m.

    Returns
    -------
    dict of str to DataFrame
        By interval (``0-10 cm``): ``cue``, ``soc`` (g C kg-1; below the deepest layer with its
        bulk density), ``climate``.

    Examples
    --------
    >>> from soilnb.proda import observations
    >>> profiles = observations.twin_profiles(2)
    >>> few = {"warmup": 500, "steps": 1000, "samples": 100, "jobs": 1, "progress": False}
    >>> list(by_depth(assimilate(profiles, **few), profiles, limit=100.0))[:2]
    ['0–10 cm', '10–30 cm']
    """
    table = relation(assimilated, observations, limit=limit)
    kept = table[table["kept"]]
    chosen = assimilated.sel(profile=kept.index.to_numpy())
    here = _matching(chosen, observations)
    found = {}
    for top, bottom in depths:
        carbon = _content(chosen["carbon"].values, here, top, bottom)
        name = f"{100 * top:.0f}–{100 * bottom:.0f} cm"
        found[name] = kept[["cue", "climate"]].assign(soc=carbon)
    return found


# ---------------------------------------------------------------------------- without the data


@two_switches
def prior(
    observations: xr.Dataset,
    *,
    forcing: xr.Dataset | None = None,
    biomass: float = 0.1,
    seed: int = 0,
    draws: int = 1,
    enzyme_turnover: str = "own",
    prior: str = "linear",
) -> pd.DataFrame:
    """Return CUE and soil carbon of draws from the prior at the place of each profile.

    Nothing of a profile is used but its place and its bulk density.

    Parameters
    ----------
    observations : Dataset over profile
        As from `soilnb.proda.observations`.
    forcing : Dataset, optional
        One site for each profile; by default that of `soilnb.proda.observations.forcing_at`.
    biomass : float
        Largest share of microbes in the soil carbon of a column; 1 for positive pools only.
    seed, draws : int
        Of the random numbers, and how many draws at each place.
    enzyme_turnover, prior : str
        As in `soilnb.proda.assimilate`.

    Returns
    -------
    DataFrame
        ``cue``, ``eta_doc``, ``soc`` (g C kg-1), ``climate`` by profile, one draw after the other.
        A place without a feasible draw in `TRIES` is left out. ``plausible`` is False where a
        layer of the steady state holds more than a soil can (`soilnb.profile.plausible`): the
        ranges of the prior allow such draws, and they are not left out.

    Examples
    --------
    >>> from soilnb.proda import observations
    >>> prior(observations.twin_profiles(3)).shape
    (3, 5)
    """
    columns, cube = _prepared(observations, forcing), Cube("compas", enzyme_turnover, prior)
    rng = np.random.default_rng(seed)
    draws = round(check_range("draws", draws, 1, 10_000))
    return pd.concat(
        [
            _table(_draws(columns, rng, biomass, {}, cube), columns, observations)
            for _ in range(draws)
        ]
    )


def _prepared(observations: xr.Dataset, forcing: xr.Dataset | None) -> kernel_forcing.Columns:
    columns = kernel_forcing.prepare(forcing_at(observations) if forcing is None else forcing)
    if columns.size != observations.sizes["profile"]:
        raise InputError(
            f"forcing has {columns.size} sites for {observations.sizes['profile']} profiles: "
            "allowed one each"
        )
    return columns


def _draws(
    columns: kernel_forcing.Columns,
    rng: np.random.Generator,
    biomass: float,
    fixed: Mapping[str, float],
    cube: Cube,
) -> dict[str, np.ndarray]:
    """Return a feasible draw from the prior at each place: parameters [site], NaN where none."""
    check_range("biomass", biomass, 0.0, 1.0)
    found = {name: np.full(columns.size, np.nan) for name in compas.NAMES}
    missing, tried = np.arange(columns.size), 0
    while missing.size and tried < TRIES:
        count = min(max(AT_ONCE // missing.size, 1), TRIES - tried)  # tries of each place
        sites = np.repeat(missing, count)
        drawn = compas.from_unit(
            rng.random((sites.size, len(compas.NAMES))), cube.enzyme_turnover, cube.prior
        )
        drawn |= {name: np.full(sites.size, value) for name, value in fixed.items()}
        state = compas.steady_state(drawn, _part(columns, sites))
        good = np.flatnonzero(state["feasible"].values & (_biomass(state) <= biomass))
        done, first = np.unique(sites[good], return_index=True)
        for name, values in found.items():
            values[done] = drawn[name][good[first]]
        missing, tried = np.setdiff1d(missing, done), tried + count
    return found


def _part(columns: kernel_forcing.Columns, sites: np.ndarray) -> kernel_forcing.Columns:
    """Return the forcing of some sites."""
    fields = (np.asarray(field)[sites] for field in columns.columns)
    return kernel_forcing.Columns(layers.Column(*fields), "site", {}, {})


def _biomass(state: xr.Dataset) -> np.ndarray:
    """Return the share of microbes in the soil carbon of a column [site]."""
    mic = state["carbon"].sel(pool="mic").values @ grid.THICKNESS
    with np.errstate(invalid="ignore", divide="ignore"):
        return mic / (state["soc"].values @ grid.THICKNESS)


def _table(
    drawn: dict[str, np.ndarray], columns: kernel_forcing.Columns, observations: xr.Dataset
) -> pd.DataFrame:
    """Return CUE and carbon of drawn parameters; places without a draw are left out."""
    some = ~np.isnan(drawn["b"])
    default = compas.PARAMETER_SETS["tao2024"]
    whole = {name: np.where(some, values, default[name]) for name, values in drawn.items()}
    state = compas.steady_state(whole, columns)
    found = diagnostics.system(whole, columns, "compas")
    table = observed(observations)[["climate"]]
    table.insert(0, "cue", found["cue"].values)
    table.insert(1, "eta_doc", drawn["eta_doc"])
    table.insert(2, "soc", _content(state["soc"].values, observations, 0.0, TOPSOIL))
    table["plausible"] = plausible.plausible(state["carbon"].sum("pool").values)
    return table[some]


# ------------------------------------------------------------------------------ one CUE for all


@two_switches
def constant_cue(
    observations: xr.Dataset,
    *,
    eta_doc: float = 0.27,
    forcing: xr.Dataset | None = None,
    seed: int = 0,
    limit: float = CONVERGED,
    enzyme_turnover: str = "own",
    prior: str = "linear",
    **options: object,
) -> pd.DataFrame:
    """Assimilate profiles that the model makes with the same CUE of DOC uptake everywhere.

    At the place of each profile a feasible draw from the prior with this CUE is the truth; its
    carbon at the depths of the profile's layers, without error, stands in for the measured one.

    Parameters
    ----------
    observations : Dataset over profile
        As from `soilnb.proda.observations`: places and depths.
    eta_doc : float
        The CUE of DOC uptake.
    forcing, limit, enzyme_turnover, prior
        As in `prior` and `relation`.
    seed : int
        Of the truths, and of the chains.
    **options
        For `soilnb.proda.assimilate`: sampler, lengths, folder, jobs.

    Returns
    -------
    DataFrame
        As from `relation`, and ``true_cue``, ``true_soc`` (g C kg-1), ``true_plausible`` (as
        ``plausible`` of `prior`). ``eta_doc`` is what the assimilation found where the truth is
        the same number.

    Examples
    --------
    >>> from soilnb.proda import observations
    >>> few = {"warmup": 500, "steps": 1000, "samples": 100, "jobs": 1, "progress": False}
    >>> table = constant_cue(observations.twin_profiles(2), eta_doc=0.3, **few)
    >>> list(table.columns)[-3:]
    ['true_cue', 'true_soc', 'true_plausible']
    """
    low, high = compas.PARAMETER_SETS["tao2024"].records["eta_doc"].bounds
    check_range("eta_doc", eta_doc, low, high)
    columns = _prepared(observations, forcing)
    cube = Cube("compas", enzyme_turnover, prior)
    truth = _draws(columns, np.random.default_rng([seed, 1]), 0.1, {"eta_doc": eta_doc}, cube)
    some = ~np.isnan(truth["b"])
    true = _table(truth, columns, observations)
    made = _made(truth, columns, observations).isel(profile=some)
    place = forcing_at(observations) if forcing is None else forcing
    there = place.isel(site=some)
    found = assimilate(made, **cube.attrs, forcing=there, seed=seed, **options)
    return relation(found, made, limit=limit).join(
        true[["cue", "soc", "plausible"]].add_prefix("true_")
    )


def _made(
    truth: dict[str, np.ndarray], columns: kernel_forcing.Columns, observations: xr.Dataset
) -> xr.Dataset:
    """Return observations whose carbon is the model's at the depths of their layers."""
    from scipy.interpolate import PchipInterpolator

    default = compas.PARAMETER_SETS["tao2024"]
    some = ~np.isnan(truth["b"])
    whole = {name: np.where(some, values, default[name]) for name, values in truth.items()}
    carbon = compas.steady_state(whole, columns)["soc"].values
    depth = np.clip(observations["depth"].values, grid.NODE[0], grid.NODE[-1])
    made = np.array(
        [PchipInterpolator(grid.NODE, row)(z) for row, z in zip(carbon, depth, strict=True)]
    )
    known = np.isfinite(observations["carbon_density"].values)
    density = observations["carbon_density"].copy(data=np.where(known, made, np.nan))
    return observations.assign(carbon_density=density)


# -------------------------------------------------------------------------------------- slopes


def slopes(
    cases: Mapping[str, pd.DataFrame],
    *,
    soc: Mapping[str, str] | None = None,
    cue: Mapping[str, str] | None = None,
    mixed: str = "intercepts",
) -> pd.DataFrame:
    """Fit the same mixed model to each case: log10 of carbon on CUE, groups of climate.

    Parameters
    ----------
    cases : mapping of str to DataFrame
        Tables with ``cue``, ``soc`` and ``climate``.
    soc, cue : mapping of str to str, optional
        For some cases, which column is the carbon, and which the CUE.
    mixed : {"intercepts", "slopes"}
        Of `soilnb.proda.regressions.ASSIMILATED`.

    Returns
    -------
    DataFrame
        By case: slope (``estimate``, ``error``), ``intercept``, ``random_sd`` of the intercepts,
        ``explained_fixed``, ``n``, ``groups``, ``converged``. NaN where a case has too few rows or
        groups. Where the variance of the groups is 0 the error is that of an ordinary line.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"cue": rng.uniform(0.2, 0.6, 80), "climate": list("ABCD") * 20})
    >>> table["soc"] = 10 ** (1 + 1.2 * table["cue"] + rng.normal(0, 0.05, 80))
    >>> float(slopes({"made": table}).loc["made", "estimate"].round(1))
    1.2
    """
    check_known("mixed", mixed, regressions.ASSIMILATED)
    rows = {}
    for name, table in cases.items():
        columns = {(cue or {}).get(name, "cue"): "cue", (soc or {}).get(name, "soc"): "soc"}
        for column in columns:
            if column not in table:
                raise unknown("column", column, table.columns)
        data = table[[*columns, "climate"]].rename(columns=columns)
        rows[name] = _slope(data, mixed)
    return pd.DataFrame(rows).T.astype({"n": int, "groups": int, "converged": bool})


def _slope(data: pd.DataFrame, mixed: str) -> dict[str, float]:
    try:
        found = regressions.fit(data, regressions.ASSIMILATED[mixed])
    except InputError:  # too few rows or groups
        empty = dict.fromkeys(("estimate", "error", "intercept", "random_sd"), np.nan)
        rest = {"n": len(data), "groups": data["climate"].nunique(), "converged": False}
        return empty | {"explained_fixed": np.nan} | rest
    line = found.coefficients
    error = line.loc["cue", "error"]
    if not np.isfinite(error):  # no variance of the groups is left: an ordinary line
        from scipy.stats import linregress

        rows = data[data["soc"] > 0].dropna()
        error = linregress(rows["cue"], np.log10(rows["soc"])).stderr
    return {
        "estimate": line.loc["cue", "estimate"],
        "error": error,
        "intercept": line.loc["intercept", "estimate"],
        "random_sd": found.random["intercept"],
        "explained_fixed": found.explained_fixed,
        "n": found.n,
        "groups": found.groups,
        "converged": found.converged,
    }


# --------------------------------------------------------------------------- maps at the places


def at_places(maps: xr.Dataset, places: pd.DataFrame, name: str = "cue", within: float = 300.0):
    """Return what a map says at places: its nearest kept cell.

    Parameters
    ----------
    maps : Dataset over site
        As from `soilnb.proda.globe.maps`.
    places : DataFrame
        ``latitude``, ``longitude`` in degrees.
    name : str
        Variable of the map.
    within : float
        How far the centre of the cell may be, km.

    Returns
    -------
    Series
        By the index of `places`; NaN where no cell is near.

    Examples
    --------
    >>> from soilnb.proda import globe
    >>> world = globe.maps("tao2024", globe.planet("teaching", resolution=10))
    >>> places = pd.DataFrame({"latitude": [51.1], "longitude": [10.4]})
    >>> at_places(world, places, within=1000.0).round(2).tolist()
    [0.27]
    """
    if name not in maps.data_vars or maps[name].dims != ("site",):
        over_site = [str(key) for key, array in maps.data_vars.items() if array.dims == ("site",)]
        raise unknown("variable of the maps", name, over_site)
    check_range("within", within, 0.0, 20_000.0, "km")
    kept = maps.isel(site=maps["kept"].values)
    index, chord = nearest(places, kept)
    values = np.where(EARTH_RADIUS / 1000.0 * chord <= within, kept[name].values[index], np.nan)
    return pd.Series(values, places.index, name=name)
