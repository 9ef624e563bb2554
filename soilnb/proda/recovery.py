r"""Profiles of known truth: whether the assimilation finds what made them.

The truth of a profile is one feasible draw from the prior; the model's steady state at all 20 nodes
is the observation.

Without noise, as in the papers, the cost is that of a real profile (``sse``). The data are then
better than the likelihood believes, so intervals of informed parameters cover the truth too often:
that is a property of the experiment. With noise, errors are drawn from the likelihood itself
(``gaussian``), with one standard deviation for a whole column that is fixed before any truth is
drawn,

.. math:: s^2 = \frac{1}{10}\,\operatorname{median}_{\text{prior}} \sum_k (y_k - \bar y)^2,

the one that ``sse`` gives a typical profile; with ``cost="estimated"`` that s is the first guess
which the chains know, and each profile's errors have a factor of their own, drawn from its prior.
With the constraint ``radiocarbon`` the profile has that of soils sampled in `YEAR` in the north as
well, with errors of the stated size. Columns with more than `STOCK` carbon are left out of
the truths and of the prior alike. Then the rank of the truth among independent draws of
the posterior is uniform if, and only if, prior, model and sampler fit together: simulation-based
calibration (Talts et al. 2018, arXiv:1804.06788).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.data import schemas
from soilnb.kernels import layers
from soilnb.parameters import InputError, check_range, shown
from soilnb.proda import posterior
from soilnb.proda.batch import run_batch
from soilnb.proda.chains import (
    FREEDOM,
    Chains,
    ChainSettings,
    ObservedProfile,
    Radiocarbon,
    draw_prior,
    problem,
    sample,
)
from soilnb.profile import forcing as places
from soilnb.profile import grid
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.layered import two_switches
from soilnb.profile.model.air import history

#: Number of draws that a truth is ranked among; ranks are 0 to this number.
RANKS = 99
#: Largest soil carbon of a column, in truths and in what is fitted to them, g C m-2: the papers'
#: limit for a cell of their maps. Without it CLM5's prior holds columns with more carbon than the
#: Earth, where the folding depth of decay is near zero.
STOCK = 1e6

#: Year of sampling.
YEAR = 2005

#: Variables beyond those of an assimilation.
_VARIABLES = schemas.variables("recovery")


@dataclass(frozen=True)
class Known(ObservedProfile):
    """A profile with the parameters [d] that made it."""

    truth: np.ndarray


@two_switches
def recovery(
    n: int = 100,
    model: str = "compas",
    *,
    noise: bool = False,
    forcing: xr.Dataset | Mapping[str, xr.Dataset] | None = None,
    seed: int = 0,
    jobs: int | None = None,
    client: Any = None,
    folder: str | os.PathLike | None = None,
    progress: bool = True,
    **options: object,
) -> xr.Dataset:
    """Assimilate synthetic profiles of known truth.

    Parameters
    ----------
    n : int
        Number of profiles.
    model : {"compas", "clm5"}
        The model that makes the profiles and is fitted to them.
    noise : bool
        False for the papers' experiment, True for simulation-based calibration.
    forcing : Dataset or mapping of str to Dataset, optional
        One place, or several that take turns; by default the examples of
        `soilnb.profile.forcing`.
    seed : int
        Seed of the truths, of the errors and of the chains.
    jobs, client, folder, progress
        As in `soilnb.proda.assimilate`.
    **options
        Everything else that `soilnb.proda.assimilate` takes; ``cost`` follows from noise, or is
        ``"estimated"`` with it.

    Returns
    -------
    Dataset
        As from `soilnb.proda.assimilate` for many profiles, and of each parameter and metric the
        ``truth``, whether the 90 % interval ``covered`` it, and its ``rank`` among `RANKS` evenly
        spaced draws of the posterior.

    Raises
    ------
    InputError
        As in `soilnb.proda.assimilate`.

    Examples
    --------
    >>> few = {"warmup": 500, "steps": 1000, "samples": 100, "jobs": 1, "progress": False}
    >>> known = recovery(n=2, **few)
    >>> known["truth"].dims
    ('profile', 'parameter')
    """
    n = round(check_range("n", n, 1, 1e6))
    likelihood = options.pop("cost", None)
    if likelihood not in (None, "estimated" if noise else None):
        raise InputError(f"cost = {shown(likelihood)}: here it follows from noise")
    likelihood = likelihood or ("gaussian" if noise else "sse")
    settings = ChainSettings(model=model, seed=seed, cost=likelihood, stock=STOCK, **options)
    columns = _columns(forcing)
    labels = [f"{list(columns)[k % len(columns)]} {k}" for k in range(n)]
    tasks = _truths(labels, list(columns.values()), settings, noise)
    outcomes = run_batch(
        tasks, labels, settings,
        jobs=jobs, client=client, folder=folder, progress=progress, work=compare,
    )  # fmt: skip
    rows = [row for row, _ in outcomes]
    reasons = [reason for _, reason in outcomes]
    data = posterior.dataset(rows, labels, reasons, settings, _VARIABLES)
    return data.assign_attrs(noise="drawn from the likelihood" if noise else "none")


def _columns(
    forcing: xr.Dataset | Mapping[str, xr.Dataset] | None,
) -> dict[str, layers.Column]:
    if forcing is None:
        forcing = {name: places.example(name) for name in places.EXAMPLES}
    elif isinstance(forcing, xr.Dataset):
        forcing = {"place": forcing}
    return {name: kernel_forcing.column(place) for name, place in forcing.items()}


def _truths(
    labels: list[str], columns: list[layers.Column], settings: ChainSettings, noise: bool
) -> list[ObservedProfile | str]:
    """Return the profiles, in the order of their labels."""
    tasks: list[ObservedProfile | str] = []
    for turn, column in enumerate(columns):
        mine = labels[turn :: len(columns)]
        rng = np.random.default_rng([settings.seed, turn, 1])
        seen = None
        if settings.traced:
            seen = Radiocarbon(np.zeros(grid.LAYERS), *history(YEAR).exponentials())
        ones = np.ones(grid.LAYERS)
        blank = ObservedProfile("", grid.NODE, ones, ones, column, radiocarbon=seen)
        target = problem(blank, replace(settings, cost="gaussian"))
        prior, _ = draw_prior(target, rng, settings.prior_draws)
        spread = ((prior.modelled - prior.modelled.mean(1, keepdims=True)) ** 2).sum(1)
        error = np.full(grid.LAYERS, np.sqrt(np.median(spread) / 10.0))
        for k, label in enumerate(mine):
            if k % len(prior.cost) == 0:
                truths, _ = draw_prior(target, rng, settings.prior_draws)
            truth = truths[k % len(truths.cost) :][:1]
            carbon = truth.modelled[0].copy()
            if noise:
                carbon += rng.normal(size=grid.LAYERS) * error * _factor(settings, rng)
            traced = seen and seen._replace(delta=truth.radiocarbon[0].copy())
            if traced and noise:
                size = settings.radiocarbon_error * _factor(settings, rng)
                traced.delta[:] += rng.normal(size=grid.LAYERS) * size
            tasks.append(
                Known(
                    label, grid.NODE, carbon, error, column, truth.parameters[0], radiocarbon=traced
                )
            )
    order = {task.label: task for task in tasks}
    return [order[label] for label in labels]


def _factor(settings: ChainSettings, rng: np.random.Generator) -> float:
    """Return the factor of all errors of a profile: 1, or a draw from its prior."""
    return np.sqrt(FREEDOM / rng.chisquare(FREEDOM)) if settings.cost == "estimated" else 1.0


def compare(profile: Known, settings: ChainSettings) -> dict[str, np.ndarray]:
    """Sample a profile and return its numbers, and how they stand to the truth."""
    chains = sample(profile, settings)
    return posterior.row(chains) | _against_truth(chains, profile.truth)


def _against_truth(chains: Chains, truth: np.ndarray) -> dict[str, np.ndarray]:
    states = chains.runs.parameters
    few = np.linspace(0, len(states) - 1, RANKS).astype(int)
    low, high = np.quantile(states, (0.05, 0.95), axis=0)
    after = posterior.metrics(chains, states[posterior.spread_out(len(states))])
    drawn = posterior.metrics(chains, states[few])
    true = posterior.metrics(chains, truth[np.newaxis])
    names = list(true)
    metric = np.array([true[name][0] for name in names])
    bounds = np.array([np.nanquantile(after[name], (0.05, 0.95)) for name in names])
    return {
        "truth": truth,
        "covered": ((low <= truth) & (truth <= high)).astype(float),
        "rank": (states[few] < truth).sum(0).astype(float),
        "metric_truth": metric,
        "metric_covered": ((bounds[:, 0] <= metric) & (metric <= bounds[:, 1])).astype(float),
        "metric_rank": np.array([(drawn[n] < true[n]).sum() for n in names], float),
    }


def coverage(recovered: xr.Dataset) -> pd.DataFrame:
    """Return how well each parameter and metric is recovered, as a table.

    Parameters
    ----------
    recovered : Dataset
        As from `recovery`.

    Returns
    -------
    DataFrame
        For each parameter, then each metric: ``covered``, the share of profiles whose 90 % interval
        holds the truth; ``sd_ratio``, the median of posterior sd over prior sd; ``correlation`` of
        the posterior mean with the truth; and ``rank_p``, the probability of ranks at least as
        uneven (chi-squared over ten bins) if they were uniform.

    Examples
    --------
    >>> few = {"warmup": 500, "steps": 1000, "samples": 100, "jobs": 1, "progress": False}
    >>> list(coverage(recovery(n=4, **few)).columns)
    ['covered', 'sd_ratio', 'correlation', 'rank_p']
    """
    used = recovered.where(recovered["reason"] == "", drop=True)
    tables = []
    for kind, prefix in (("parameter", ""), ("metric", "metric_")):
        truth, mean = used[f"{prefix}truth"].values, used[f"{prefix}mean"].values
        ratio = (used[f"{prefix}sd"] / used[f"{prefix}prior_sd"]).values
        tables.append(
            pd.DataFrame(
                {
                    "covered": used[f"{prefix}covered"].values.mean(0),
                    "sd_ratio": np.median(ratio, axis=0),
                    "correlation": [
                        np.corrcoef(x, y)[0, 1] for x, y in zip(truth.T, mean.T, strict=True)
                    ],
                    "rank_p": [_uniformity(rank) for rank in used[f"{prefix}rank"].values.T],
                },
                index=pd.Index(used[kind].values, name="name"),
            )
        )
    return pd.concat(tables)


def _uniformity(rank: np.ndarray) -> float:
    from scipy.stats import chisquare

    counts = np.histogram(rank, np.linspace(0, RANKS + 1, 11))[0]
    return float(chisquare(counts).pvalue)
