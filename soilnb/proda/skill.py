r"""From assimilated profiles to places in the unit cube, back to carbon, and how good that is.

A prediction is judged twice by the Nash-Sutcliffe efficiency

.. math:: E = 1 - \frac{\sum (\hat y - y)^2}{\sum (y - \bar y)^2},

1 for a perfect prediction and 0 for one no better than the mean. In *parameter space* y are the
places of the assimilated parameters in the unit cube, with a mean of its own for each parameter and
the sums over all of them (`parameter_nse`). In *carbon space* (`layer_nse`) y are the observed
carbon densities of all layers of all profiles: the model runs to its steady state with the
predicted parameters and the forcing of the site, and is read at the observed depths by the same
interpolation as in assimilation. That is the papers' coefficient of efficiency (Tao et al. 2023,
Eq. 2), and what counts: parameters that the data say nothing about cannot be predicted, and need
not be.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.kernels import metropolis as kernel
from soilnb.parameters import InputError, unknown
from soilnb.proda.globe import components
from soilnb.proda.posterior import CONVERGED
from soilnb.profile import clm5, compas, grid
from soilnb.profile.forcing import environment

MODELS = {"compas": compas, "clm5": clm5}

#: Statistics of an assimilated profile that can be learnt.
STATISTICS = ("estimate", "mean", "best")

#: What a profile must pass to be learnt from.
KEEP = {
    "published": ("gelman_rubin_mean", "nse"),
    "converged": ("converged", "nse"),
    "fitted": ("nse",),
    "all": (),
}


def _model(model: str) -> Any:
    if not isinstance(model, str) or model not in MODELS:
        raise unknown("model", model, MODELS)
    return MODELS[model]


def targets(
    assimilated: xr.Dataset,
    *,
    keep: str = "published",
    statistic: str = "estimate",
    index: str | None = None,
) -> pd.DataFrame:
    """Return the parameters of assimilated profiles as places in the unit cube.

    Parameters
    ----------
    assimilated : Dataset
        Many profiles, as from `soilnb.proda.assimilate`.
    keep : {"published", "converged", "fitted", "all"}
        Which profiles: as in the papers those with a mean G-R statistic below 1.05 and an
        efficiency above 0; those marked as ``converged`` with an efficiency above 0; those with an
        efficiency above 0; or all. Profiles that were refused are left out always.
    statistic : {"estimate", "mean", "best"}
        Point estimate, posterior mean, or the kept state with the lowest cost.
    index : {"table", "log", "published"}, optional
        Where ``tau_enz_decay`` has its place, see `soilnb.proda.globe.components`; by default as in
        the assimilation. On the logarithmic scale small differences of short turnover times count.

    Returns
    -------
    DataFrame [profile, parameter]
        0 to 1.

    Raises
    ------
    InputError
        For a Dataset that is no such result, an unknown choice, or when no profile is left.
    """
    for name, value, allowed in (("keep", keep, KEEP), ("statistic", statistic, STATISTICS)):
        if value not in allowed:
            raise unknown(name, value, allowed)
    for name in (statistic, *KEEP[keep], "profile"):
        if not isinstance(assimilated, xr.Dataset) or name not in assimilated.variables:
            raise InputError(f"assimilated has no {name!r}: allowed what proda.assimilate returns")
    model = str(assimilated.attrs.get("model", "compas"))
    index = str(assimilated.attrs.get("index", "table")) if index is None else index
    names = list(_model(model).NAMES)
    values = assimilated[statistic].sel(parameter=names).transpose("profile", "parameter").values
    kept = np.isfinite(values).all(axis=1)
    for name in KEEP[keep]:
        kept &= _passes(assimilated[name])
    if not kept.any():
        raise InputError(f"none of {kept.size} profiles passes: keep = {keep!r}")
    profiles = pd.Index(assimilated["profile"].values[kept].astype(str), name="profile")
    return pd.DataFrame(components.unit(values[kept], model, index), profiles, names)


def _passes(values: xr.DataArray) -> np.ndarray:
    """Return which profiles pass the test of one variable."""
    if values.name == "nse":
        return values.values > 0
    if values.name == "gelman_rubin_mean":
        return values.values < CONVERGED
    return values.values.astype(bool)


def to_parameters(
    predicted: pd.DataFrame | xr.DataArray,
    model: str = "compas",
    *,
    index: str = "table",
    dim: str = "site",
) -> xr.Dataset:
    """Return parameters in their units for places in the unit cube.

    Parameters
    ----------
    predicted : DataFrame [site, parameter] or DataArray
        As from ``predict`` of a predictor, or of an ensemble: (member, site, parameter).
    model : {"compas", "clm5"}
        The model.
    index : {"table", "log", "published"}
        Where ``tau_enz_decay`` has its place, as in `targets`.
    dim : str
        Name of the dimension of the places, as the forcing has it.

    Returns
    -------
    Dataset
        A variable for each parameter, as ``steady_state`` and `soilnb.proda.globe` take them.
        Places without a prediction (of any member) are left out: select the others from a planet
        by ``planet.sel(site=parameters["site"])``.

    Raises
    ------
    InputError
        For missing parameters, an unknown model or index, or when no place has a prediction.
    """
    module = _model(model)
    array = _array(predicted, dim)
    lacking = [name for name in module.NAMES if name not in array["parameter"].values]
    if lacking:
        raise InputError(f"predicted has no parameter {lacking[0]!r} of {model}")
    array = array.sel(parameter=list(module.NAMES)).transpose(..., dim, "parameter")
    known = np.isfinite(array.values).reshape(-1, *array.shape[-2:]).all(axis=(0, 2))
    if not known.any():
        raise InputError(f"predicted has no prediction at any of {known.size} places")
    array = array.isel({dim: np.flatnonzero(known)})
    values = components.physical(np.clip(array.values, 0.0, 1.0), model, index)
    records = module.PARAMETER_SETS["tao2024"].records
    data = {
        name: (
            array.dims[:-1], values[..., i],
            {"units": records[name].unit, "long_name": records[name].meaning,
             "symbol": records[name].symbol},
        )
        for i, name in enumerate(module.NAMES)
    }  # fmt: skip
    coords = {name: c for name, c in array.coords.items() if "parameter" not in c.dims}
    attrs = {"model": model, "index": index, "soilnb_version": __version__}
    return xr.Dataset(data, coords, attrs)


def _array(predicted: pd.DataFrame | xr.DataArray, dim: str) -> xr.DataArray:
    """Return predictions as an array whose places run over `dim`."""
    if isinstance(predicted, pd.DataFrame):
        names = [str(name) for name in predicted.columns]
        coords = {dim: predicted.index.to_numpy(), "parameter": names}
        return xr.DataArray(predicted.to_numpy(dtype=float), coords, (dim, "parameter"))
    own = [name for name in predicted.dims if name not in ("member", "parameter")]
    if len(own) != 1:
        raise InputError(
            f"predicted has the dimensions {predicted.dims}: allowed member, places and parameter"
        )
    return predicted.rename({own[0]: dim}) if own[0] != dim else predicted


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
    """
    known = predicted.notna().all(axis=1)
    true, made = y.loc[known.index[known]], predicted[known]
    error = ((made - true) ** 2).sum()
    spread = ((true - true.mean()) ** 2).sum()
    by_parameter = 1 - error / spread.where(spread > 0)
    total = spread.sum()
    return float(1 - error.sum() / total) if total > 0 else np.nan, by_parameter


def layer_nse(
    predicted: pd.DataFrame,
    observations: xr.Dataset,
    forcing: xr.Dataset,
    model: str = "compas",
    *,
    index: str = "table",
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
    model, index, transport
        As in `to_parameters` and ``steady_state`` of the model.

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
        For profiles that the observations do not have, or as `to_parameters`.
    """
    module = _model(model)
    places = predicted.dropna()
    rows = _rows(places, observations)
    parameters = to_parameters(places, model, index=index).drop_vars("site")
    here = _select(forcing, rows, observations)
    steady = module.steady_state(parameters, here, transport=transport)
    feasible = np.atleast_1d(steady["feasible"].values)
    soc = steady["soc"].transpose(..., "layer").values
    observed = observations["carbon_density"].values[rows]
    depth = observations["depth"].values[rows]
    modelled = np.full_like(observed, np.nan)
    for i in np.flatnonzero(feasible):
        known = np.isfinite(observed[i]) & np.isfinite(depth[i])
        modelled[i, known] = at_depth(soc[i], depth[i, known])
    return _compared(places, observed, modelled, feasible, {"model": model, "index": index})


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
    return environment.prepare(forcing.isel(site=rows).drop_vars("site", errors="ignore"))


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


def _compared(
    places: pd.DataFrame,
    observed: np.ndarray,
    modelled: np.ndarray,
    feasible: np.ndarray,
    attrs: dict[str, str],
) -> xr.Dataset:
    counted = np.isfinite(modelled)
    truth = np.where(counted, observed, np.nan)
    square = np.where(counted, (modelled - observed) ** 2, 0.0)
    overall = np.nan
    by_profile = np.full(len(places), np.nan)
    if counted.any():
        overall = 1 - square.sum() / np.nansum((truth - np.nanmean(truth)) ** 2)
        some = counted.any(axis=1)
        mean = np.nanmean(truth[some], axis=1, keepdims=True)
        spread = np.nansum((truth[some] - mean) ** 2, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            by_profile[some] = 1 - square[some].sum(axis=1) / spread
    both, unit = ("profile", "layer"), {"units": "g C m-3"}
    one = {"units": "1"}
    return xr.Dataset(
        {
            "modelled": (both, modelled, {**unit, "long_name": "modelled carbon density"}),
            "observed": (both, observed, {**unit, "long_name": "observed carbon density"}),
            "nse": ((), overall, {**one, "long_name": "Nash-Sutcliffe efficiency, all layers"}),
            "nse_profile": (
                "profile", by_profile, {**one, "long_name": "Nash-Sutcliffe efficiency"},
            ),
            "feasible": ("profile", feasible, {**one, "long_name": "whether there is a state"}),
            "infeasible": (
                (), int((~feasible).sum()), {**one, "long_name": "profiles without a steady state"},
            ),
        },
        {"profile": places.index.to_numpy(dtype=str)},
        {**attrs, "soilnb_version": __version__},
    )  # fmt: skip
