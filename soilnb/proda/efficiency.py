r"""How good predicted parameters are: by themselves, and by the carbon that they give.

A prediction is judged twice by the Nash-Sutcliffe efficiency

.. math:: E = 1 - \frac{\sum (\hat y - y)^2}{\sum (y - \bar y)^2},

1 for a perfect prediction and 0 for one no better than the mean. In *parameter space* y are the
places of the assimilated parameters in the unit cube, with a mean of its own for each parameter and
the sums over all of them (`parameter_nse`). In *carbon space* (`carbon_nse`, `layer_nse`) y are the
observed carbon densities of all layers of all profiles: the model runs to its steady state with the
predicted parameters and the forcing of the site, and is read at the observed depths by the same
interpolation as in assimilation. That is the papers' coefficient of efficiency (Tao et al. 2023,
Eq. 2), and what counts: parameters that the data say nothing about cannot be predicted, and need
not be.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.data import schemas
from soilnb.kernels import metropolis as kernel
from soilnb.parameters import InputError
from soilnb.proda.cube import Cube, to_parameters
from soilnb.proda.globe.parameters import Parameters
from soilnb.proda.globe.runs import CellRuns, evaluate, prepare
from soilnb.proda.posterior import nash_sutcliffe
from soilnb.profile import grid
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.layered import two_switches
from soilnb.schema import assemble


def parameter_nse(y: pd.DataFrame, predicted: pd.DataFrame) -> tuple[float, pd.Series]:
    """Return the Nash-Sutcliffe efficiency of predicted places, of all and of each parameter.

    Parameters
    ----------
    y, predicted : DataFrame [site, parameter]
        Places in the unit cube; sites without a prediction do not count.

    Returns
    -------
    float, Series
        Over all parameters; by parameter (NaN where it is the same at all sites).

    Examples
    --------
    >>> y = pd.DataFrame({"q10": [0.2, 0.4, 0.6]})
    >>> round(parameter_nse(y, y + 0.1)[0], 3)
    0.625
    """
    known = predicted.notna().all(axis=1)
    true, made = y.loc[known.index[known]], predicted[known]
    error = ((made - true) ** 2).sum()
    spread = ((true - true.mean()) ** 2).sum()
    by_parameter = 1 - error / spread.where(spread > 0)
    total = spread.sum()
    return float(1 - error.sum() / total) if total > 0 else np.nan, by_parameter


@two_switches
def layer_nse(
    predicted: pd.DataFrame,
    observations: xr.Dataset,
    forcing: xr.Dataset,
    model: str = "compas",
    *,
    enzyme_turnover: str = "own",
    prior: str = "linear",
    transport: str = "conservative",
) -> xr.Dataset:
    """Compare the carbon that predicted parameters give with the observed layers.

    Parameters
    ----------
    predicted : DataFrame [profile, parameter]
        Places in the unit cube, of profiles of `observations` by their names.
    observations : Dataset
        Profiles as from `soilnb.proda.observations`.
    forcing : Dataset
        Their forcing over ``site``, in the order of `observations` or labelled by its names.
    model, enzyme_turnover, prior, transport
        As in `soilnb.proda.cube.to_parameters` and ``steady_state`` of the model.

    Returns
    -------
    Dataset
        ``modelled`` and ``observed`` carbon (profile, layer), g C m-3, of the predicted profiles,
        NaN where the steady state does not exist; ``nse`` over all layers of all others, relative
        to their mean; ``nse_profile`` (profile) relative to the mean of the profile; ``feasible``
        (profile), and ``infeasible``, how many have no steady state.

    Raises
    ------
    InputError
        For profiles that the observations do not have, or as `soilnb.proda.cube.to_parameters`.

    Examples
    --------
    >>> from soilnb.proda import observations
    >>> profiles = observations.twin_profiles(3)
    >>> names = Cube("compas").model.names
    >>> places = pd.DataFrame(0.5, index=profiles["profile"].values, columns=names)
    >>> "nse" in layer_nse(places, profiles, observations.forcing_at(profiles))
    True
    """
    cube = Cube(model, enzyme_turnover, prior)
    switches = {"enzyme_turnover": enzyme_turnover, "prior": prior}
    places = predicted.dropna()
    rows = _rows(places, observations)
    parameters = to_parameters(places, model, **switches).drop_vars("site")
    here = _select(forcing, rows, observations)
    steady = cube.model.module.steady_state(parameters, here, transport=transport)
    feasible = np.atleast_1d(steady["feasible"].values)
    soc = steady["soc"].transpose(..., "layer").values
    observed = observations["carbon_density"].values[rows]
    depth = observations["depth"].values[rows]
    modelled = np.full_like(observed, np.nan)
    for i in np.flatnonzero(feasible):
        known = np.isfinite(observed[i]) & np.isfinite(depth[i])
        modelled[i, known] = at_depth(soc[i], depth[i, known])
    overall, by_profile = _layer_efficiencies(modelled, observed)
    arrays = {
        "modelled": modelled,
        "observed": observed,
        "nse": overall,
        "nse_profile": by_profile,
        "feasible": feasible,
        "infeasible": int((~feasible).sum()),
    }
    coords = {"profile": places.index.to_numpy(dtype=str)}
    attrs = cube.attrs | {"soilnb_version": __version__}
    return assemble(_VARIABLES, arrays, coords=coords, attrs=attrs)


_VARIABLES = schemas.variables("layer_nse")


def _rows(places: pd.DataFrame, observations: xr.Dataset) -> np.ndarray:
    names = pd.Index(observations["profile"].values.astype(str))
    rows = names.get_indexer(places.index.astype(str))
    if not len(rows):
        raise InputError("predicted has no site with a prediction")
    if (rows < 0).any():
        raise InputError(
            f"the observations have no profile {places.index[int(np.argmax(rows < 0))]!r} "
            f"({(rows < 0).sum()} of {len(rows)} that are predicted)"
        )
    return rows


def _select(forcing: xr.Dataset, rows: np.ndarray, observations: xr.Dataset) -> Any:
    """Return the forcing of some profiles, prepared."""
    size = observations.sizes["profile"]
    if forcing.sizes.get("site") != size:
        raise InputError(
            f"forcing has {forcing.sizes.get('site', 0)} sites for {size} profiles: allowed as many"
        )
    if "site" in forcing.coords:
        own = pd.Index(forcing["site"].values.astype(str))
        names = observations["profile"].values.astype(str)
        if own.is_unique and set(own) == set(names):
            rows = own.get_indexer(names[rows])
    return kernel_forcing.prepare(forcing.isel(site=rows).drop_vars("site", errors="ignore"))


def at_depth(soc: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return carbon of the model layers [20] at other depths [n] (m), as in assimilation."""
    slope, out = np.empty(grid.LAYERS), np.empty(depth.size)
    soc = np.ascontiguousarray(soc, dtype=float)
    interval = np.searchsorted(grid.NODE, depth, side="right") - 1
    kernel.pchip_slopes(grid.NODE, soc, slope)
    kernel.pchip(
        grid.NODE, soc, slope, np.clip(interval, 0, grid.LAYERS - 2),
        np.ascontiguousarray(depth, dtype=float), out,
    )  # fmt: skip
    return out


def _layer_efficiencies(modelled: np.ndarray, observed: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the efficiency of carbon [profile, layer] over all layers, and of each profile."""
    counted = np.isfinite(modelled)
    truth = np.where(counted, observed, np.nan)
    square = np.where(counted, (modelled - observed) ** 2, 0.0)
    overall = np.nan
    by_profile = np.full(len(modelled), np.nan)
    if counted.any():
        overall = 1 - square.sum() / np.nansum((truth - np.nanmean(truth)) ** 2)
        some = counted.any(axis=1)
        mean = np.nanmean(truth[some], axis=1, keepdims=True)
        spread = np.nansum((truth[some] - mean) ** 2, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            by_profile[some] = 1 - square[some].sum(axis=1) / spread
    return overall, by_profile


def carbon_nse(
    parameters: object,
    observations: xr.Dataset,
    model: str = "compas",
    *,
    forcing: xr.Dataset | None = None,
    transport: str = "conservative",
) -> float:
    """Return the Nash-Sutcliffe efficiency of the carbon that parameters give at profiles.

    Parameters
    ----------
    parameters : str, mapping, Dataset or DataArray
        At the profiles, in their order, over ``site`` or ``profile``.
    observations : Dataset
        ``carbon_density`` (g C m-3) and ``depth`` (m) over (profile, layer), padded with NaN.
    model : {"compas", "clm5"}
        The model.
    forcing : Dataset, optional
        At the profiles; by default `soilnb.proda.observations.forcing_at`.
    transport : {"conservative", "published"}
        As in ``steady_state`` of the model.

    Returns
    -------
    float
        Nash-Sutcliffe efficiency over all layers of all profiles that have a steady state.

    Raises
    ------
    InputError
        As ``steady_state``; for observations without depth or carbon, or another length.
    """
    found = efficiencies(
        parameters, observations, forcing, Cube(model), transport,
        lambda points: CellRuns(Cube(model).physical(points)[np.newaxis]),
    )  # fmt: skip
    return float(found[0])


def efficiencies(
    parameters: object,
    observations: xr.Dataset,
    forcing: xr.Dataset | None,
    cube: Cube,
    transport: str,
    cases: Callable[[np.ndarray], CellRuns],
    member: int = 0,
) -> np.ndarray:
    """Return the efficiency [run] of the runs that `cases` makes of the parameters at profiles.

    `cases` takes places between the bounds [profile, n]. Of a run count the layers of profiles
    that have a steady state in it and in the first run.
    """
    for name in ("depth", "carbon_density"):
        if name not in observations:
            raise InputError(f"observations have no {name!r}: needed over profile and layer")
    if forcing is None:
        from soilnb.proda.observations import forcing_at

        forcing = forcing_at(observations)
    size = observations.sizes["profile"]
    if forcing.sizes.get("site") != size:
        raise InputError(
            f"forcing has {forcing.sizes.get('site', 0)} sites, observations {size} profiles: "
            "allowed one length"
        )
    world = prepare(forcing.assign_coords(area=("site", np.ones(size))))
    source = Parameters(_site_for_profile(parameters), cube.name, size)
    places = cube.unit(source.values(slice(None))[min(member, (source.members or 1) - 1)])
    runs = cases(places)
    found = [
        part for _, part in evaluate(
            cube.name, world, lambda piece: _part(runs, piece), ("profile",),
            switches={"transport": transport}, progress=False,
        )
    ]  # fmt: skip
    profile = np.concatenate([part["profile"] for part in found], axis=1)
    feasible = np.concatenate([part["feasible"] for part in found], axis=1)
    return _efficiency(profile, feasible, observations)


def _part(runs: CellRuns, piece: slice) -> CellRuns:
    litter = None if runs.litter is None else runs.litter[:, piece]
    return CellRuns(runs.parameters[:, piece], litter)


def _site_for_profile(parameters: object) -> object:
    """Return parameters with ``profile`` renamed to ``site`` and without its labels."""
    if isinstance(parameters, (xr.Dataset, xr.DataArray)):
        if "profile" in parameters.dims:
            parameters = parameters.rename(profile="site")
        return parameters.drop_vars("site", errors="ignore")
    return parameters


def _efficiency(profile: np.ndarray, feasible: np.ndarray, observations: xr.Dataset) -> np.ndarray:
    """Nash-Sutcliffe efficiency [run] of carbon by layer [run, profile, 20] at observed depths."""
    from scipy.interpolate import PchipInterpolator

    depth = observations["depth"].transpose("profile", ...).values
    carbon = observations["carbon_density"].transpose("profile", ...).values
    there = np.isfinite(depth) & np.isfinite(carbon)
    modelled = np.full((len(profile), *depth.shape), np.nan)
    for i in range(len(depth)):
        if feasible[0, i] and there[i].any():
            curve = PchipInterpolator(grid.NODE, profile[:, i], axis=1)
            modelled[:, i, there[i]] = curve(depth[i, there[i]])
    found = np.empty(len(profile))
    for k, case in enumerate(modelled):
        use = there & np.isfinite(case) & feasible[k][:, np.newaxis]
        found[k] = nash_sutcliffe(case[use], carbon[use]) if use.sum() > 1 else np.nan
    return found
