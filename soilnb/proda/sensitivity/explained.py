"""How much of the observed carbon of soil profiles a set of parameters explains."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from soilnb.parameters import InputError
from soilnb.proda.globe.components import physical, unit
from soilnb.proda.globe.fields import Source
from soilnb.proda.globe.mapping import Runs, evaluate, ready
from soilnb.proda.posterior import nash_sutcliffe
from soilnb.profile import grid


def explained(
    parameters: object,
    observations: xr.Dataset,
    model: str = "compas",
    *,
    forcing: xr.Dataset | None = None,
    transport: str = "conservative",
) -> float:
    """Return the share of the variance of observed carbon that parameters explain.

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
        parameters, observations, forcing, model, "table", transport,
        lambda places: Runs(physical(places, model)[np.newaxis]),
    )  # fmt: skip
    return float(found[0])


def efficiencies(
    parameters: object,
    observations: xr.Dataset,
    forcing: xr.Dataset | None,
    model: str,
    index: str,
    transport: str,
    cases: Callable[[np.ndarray], Runs],
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
    world = ready(forcing.assign_coords(area=("site", np.ones(size))))
    source = Source(_site_for_profile(parameters), model, size)
    places = unit(source.values(slice(None))[min(member, (source.members or 1) - 1)], model, index)
    runs = cases(places)
    found = [
        part for _, part in evaluate(
            model, world, lambda piece: _part(runs, piece), ("profile",),
            switches={"transport": transport}, progress=False,
        )
    ]  # fmt: skip
    profile = np.concatenate([part["profile"] for part in found], axis=1)
    feasible = np.concatenate([part["feasible"] for part in found], axis=1)
    return _efficiency(profile, feasible, observations)


def _part(runs: Runs, piece: slice) -> Runs:
    litter = None if runs.litter is None else runs.litter[:, piece]
    return Runs(runs.parameters[:, piece], litter)


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
