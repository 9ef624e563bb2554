"""Runs of an ensemble one by one, and their series on fewer days."""

import json
import math
from collections.abc import Iterable

import numpy as np
import xarray as xr

from soilnb.parameters import InputError
from soilnb.pore.diagnostics import SERIES

#: Attributes that an ensemble keeps as a mapping by scenario.
_BY_SCENARIO = ("description", "pulses", "movement", "parameters")


def single(run: xr.Dataset) -> xr.Dataset:
    """Return a run that was selected from an ensemble as `soilnb.pore.simulate` gives it.

    Any other Dataset than ``ensemble.sel(scenario=..., seed=...)`` is returned as it is.

    Examples
    --------
    >>> from soilnb.pore import simulate_ensemble
    >>> few = {"days": 1, "shape": (64, 64), "initial_steps": 5, "jobs": 1, "progress": False}
    >>> runs = simulate_ensemble(["cn10", "cn100"], seeds=7, **few)
    >>> single(runs.sel(scenario="cn10", seed=7)).attrs["scenario"]
    'cn10'
    """
    if "scenario" not in run.coords or run["scenario"].ndim:
        return run
    name = str(run["scenario"].values)
    own = {key: json.loads(run.attrs[key])[name] for key in _BY_SCENARIO}
    own |= {"scenario": name, "seed": int(run["seed"])}
    return run.drop_vars(["scenario", "seed"]).assign_attrs(own)


def by_seed(ensemble: xr.Dataset) -> list[dict[str, xr.Dataset]]:
    """Return the runs of an ensemble as `measure` takes them: by scenario, for each seed."""
    return [
        {
            str(name): single(ensemble.sel(scenario=name, seed=seed))
            for name in ensemble["scenario"].values
        }
        for seed in ensemble["seed"].values
    ]


def thin(runs: Iterable[xr.Dataset]) -> xr.Dataset:
    """Return mean and standard deviation of one scenario's seeds, on fewer days.

    Over ``statistic`` (``mean``, ``sd``) and ``time``: pools and exposed shares of the day, fluxes
    and CUE as means of the days since the one before.
    """
    runs = [single(run) for run in runs]
    if not runs:
        raise InputError("runs = []: allowed at least one run")
    days = _kept_days(runs[0])
    about = {"seeds": [int(run.attrs["seed"]) for run in runs]}
    with xr.set_options(keep_attrs=True):
        thinned = [_on_days(run, days) for run in runs]
        seeds = xr.concat(thinned, "seed", combine_attrs="drop_conflicts")
        mean = seeds.mean("seed")
        spread = seeds.std("seed", ddof=1) if len(runs) > 1 else mean * math.nan
        both = xr.concat([mean, spread], "statistic")
    return both.assign_coords(statistic=["mean", "sd"]).assign_attrs(about)


def _kept_days(run: xr.Dataset) -> np.ndarray:
    """Return every fifth day, and those from five days before each pulse to fifteen after it."""
    last = int(run.time[-1])
    kept = {*range(0, last + 1, 5), last}
    for one in json.loads(run.attrs["pulses"]):
        kept |= set(range(int(one["day"]) - 5, int(one["day"]) + 16))
    return np.array(sorted(day for day in kept if 0 <= day <= last), float)


def _on_days(run: xr.Dataset, days: np.ndarray) -> xr.Dataset:
    """Return the series of a run on some days; fluxes and CUE as means since the day before."""
    found = run[list(SERIES)].sel(time=days)
    at = run.indexes["time"].get_indexer(days)
    means = {}
    for name, (unit, _, _) in SERIES.items():
        if name == "CUE" or unit.endswith("d-1"):
            total = run[name].fillna(0).values.cumsum()[at]
            since = np.append(np.nan, np.diff(total) / np.diff(days))
            means[name] = ("time", since, run[name].attrs)
    return found.assign(means)
