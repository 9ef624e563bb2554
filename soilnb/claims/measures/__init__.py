"""The numbers by which a set of runs is compared with Rötzer et al. (2025).

One function for each group of numbers: the start, the equilibrium before the pulse, the pulse,
the run without motion, the quality of exudates, ten pulses, organic matter rich in nitrogen, and
where carbon is available. Each takes the Datasets that it needs and returns values by the id of
their claim; `measure` applies all for which there are runs, long enough.

Days are those of the paper: a state is read at the end of a day, a flux is the amount of a day.
The pulse falls on day 200; the last day before it is day 199. Carbon is mg per g dry soil, TOC is
biomass, necromass, particulate and dissolved carbon, shares are %. Where the paper reads a number
off a figure, the docstring says how it is read here.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd
import xarray as xr

from soilnb.claims.measures import groups, snapshots
from soilnb.claims.measures.runs import by_seed, single, thin
from soilnb.claims.measures.series import BEFORE, BIOMASS_PEAK_END, END, FLUX_PEAK_END, PULSE
from soilnb.claims.measures.snapshots import pores
from soilnb.parameters import InputError, check_known
from soilnb.pore.scenarios import SCENARIOS

__all__ = [
    "STATEMENTS", "by_seed", "identities", "mean_over_seeds", "measure", "measure_ensemble",
    "pores", "single", "thin",
]  # fmt: skip

#: Ids of the statements that hold or do not hold (1 or 0).
STATEMENTS = frozenset(
    (
        "back-50",
        "avail-isolated",
        "avail-large",
        "avail-empty",
        "cue-order",
        "cn40-dip",
        "cn100-dip",
        "cn10-overflow",
        "co2-cn10-lowest",
        "ten-pom-least",
        "pom-cn10-overflow",
        "pom-cn10-necromass",
        "resp-peak-order",
        "fluctuation",
        "patchiness",
        "ten-cue",
    )
)


class _Group(NamedTuple):
    """A function of measures, the scenarios it takes, the days they must have, and snapshots."""

    function: Callable[..., dict[str, float]]
    scenarios: tuple[str, ...]
    days: int
    snapshots: tuple[int, ...] = ()


_GROUPS = (
    _Group(groups.start, ("reference",), 0),
    _Group(groups.equilibrium, ("reference",), BEFORE),
    _Group(groups.pulse, ("reference",), BIOMASS_PEAK_END),
    _Group(groups.end, ("reference",), END),
    _Group(snapshots.available_carbon, ("reference",), 195, (195,)),
    _Group(snapshots.reach, ("reference",), PULSE, (BEFORE, PULSE)),
    _Group(groups.static_before, ("reference", "static"), BEFORE),
    _Group(groups.static_pulse, ("reference", "static"), 350),
    _Group(groups.static_solution_end, ("reference", "static"), END),
    _Group(groups.static_end, ("static",), END),
    _Group(groups.cn10_pulse, ("cn10",), 290),
    _Group(groups.cn22_pulse, ("cn22",), FLUX_PEAK_END),
    _Group(groups.cn100_pulse, ("cn100",), BIOMASS_PEAK_END),
    _Group(groups.order_of_peaks, ("cn10", "cn22", "reference", "cn100"), FLUX_PEAK_END),
    _Group(groups.cn10_return, ("cn10",), BIOMASS_PEAK_END),
    _Group(groups.cn100_return, ("cn100",), BIOMASS_PEAK_END),
    _Group(groups.cn10_end, ("cn10",), END),
    _Group(groups.cn100_end, ("cn100",), END),
    _Group(groups.lowest_respiration, ("cn10", "reference", "cn22", "cn100", "ten_pulses"), END),
    _Group(groups.ten_pulses_end, ("ten_pulses",), END),
    _Group(groups.least_pom, ("ten_pulses", "reference", "static", "cn10", "cn22", "cn100"), END),
    _Group(groups.third_of_ten, ("reference", "ten_pulses"), BIOMASS_PEAK_END + 50),
    _Group(groups.third_of_cn10, ("reference", "cn10"), BIOMASS_PEAK_END),
    _Group(groups.pom_equilibrium, ("reference", "pom_cn10"), BEFORE),
    _Group(groups.pom_end, ("reference", "pom_cn10"), END),
    _Group(groups.recovery_of_rich, ("cn22",), BIOMASS_PEAK_END),
    _Group(groups.recovery_of_poor, ("reference", "cn100"), END),
    _Group(groups.lowest_peak, ("cn10", "cn22", "reference", "cn100"), FLUX_PEAK_END),
    _Group(groups.static_difference, ("reference", "static"), END),
    _Group(groups.fluctuation, ("reference", "static"), BEFORE),
    _Group(groups.ten_against_one, ("cn10", "ten_pulses"), END),
    _Group(snapshots.patchiness, ("reference", "static"), 195, (195,)),
)


def measure(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Measure what a set of runs of one seed says to the claims of rotzer2025, by claim id.

    1 or 0 for the statements in `STATEMENTS`. What needs a scenario, days or snapshots that are not
    there is left out, and so is a ratio to nothing.

    Parameters
    ----------
    runs : mapping of str to Dataset
        By scenario, the Datasets of `soilnb.pore.simulate`; same seed, preset and domain.
    """
    for name in runs:
        check_known("scenario", name, SCENARIOS)
    _check_together(runs)
    found: dict[str, float] = {}
    for group in _GROUPS:
        if all(name in runs and _covers(runs[name], group) for name in group.scenarios):
            found |= group.function(*(runs[name] for name in group.scenarios))
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _check_together(runs: Mapping[str, xr.Dataset]) -> None:
    for key in ("seed", "preset", "ny", "nx"):
        values = {name: run.attrs.get(key) for name, run in runs.items()}
        if len(set(values.values())) > 1:
            listed = ", ".join(f"{name} {value}" for name, value in values.items())
            raise InputError(f"runs differ in {key} ({listed}): allowed runs of the same {key}")


def _covers(run: xr.Dataset, group: _Group) -> bool:
    days = run["snapshot"].values if "snapshot" in run else ()
    return float(run.time[-1]) >= group.days and all(day in days for day in group.snapshots)


def measure_ensemble(ensemble: xr.Dataset) -> pd.DataFrame:
    """Return `mean_over_seeds` of the runs over ``scenario`` and ``seed`` of an ensemble.

    Examples
    --------
    >>> from soilnb.pore import simulate_ensemble
    >>> few = {"days": 2, "shape": (64, 64), "initial_steps": 5, "jobs": 1, "progress": False}
    >>> found = measure_ensemble(simulate_ensemble("reference", seeds=(0, 1), **few))
    >>> int(found.loc["nec0", "n"])
    2
    """
    return mean_over_seeds([measure(runs) for runs in by_seed(ensemble)])


def mean_over_seeds(measured: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """Return what several seeds, one result of `measure` each, say together, by claim id.

    ``value`` (the mean; for a statement 1 when it holds for more than half of the seeds), ``mean``
    (for a statement the share of the seeds), ``spread`` (standard deviation over the seeds, NaN for
    one) and ``n`` (seeds).
    """
    if not measured:
        raise InputError("measured = []: allowed at least one seed")
    # in the order of the first seed that has an id
    names = list(dict.fromkeys(name for one in measured for name in one))
    frame = pd.DataFrame(list(measured), dtype=float)[names]
    spread = frame.std().where(frame.std() > 1e-12 * frame.mean().abs(), 0 * frame.std())
    table = pd.DataFrame({"mean": frame.mean(), "spread": spread, "n": frame.count()})
    holds = (table["mean"] > 0.5).astype(float)
    table.insert(0, "value", table["mean"].where(~table.index.isin(STATEMENTS), holds))
    return table.rename_axis("claim")


def identities(
    parameters: Mapping[str, float], available: float = 0.346, biomass: float = 0.015
) -> dict[str, float]:
    """Return what the parameters alone say of a steady biomass (exact).

    At steady biomass, uptake less respiration equals decay, so CUE = k_BD / (nu a) with the mean
    availability a = C_S / (C_S + k). What uptake is left after growth respiration, maintenance
    and decay is overflow. Returns ``ident-cue``; ``ident-overflow``, % of respiration; and
    ``ident-resp``, µg g-1 d-1.

    Parameters
    ----------
    parameters : mapping
        See `soilnb.pore.parameters.resolve`.
    available : float
        Mean availability a; 0.346 is the one that fits the printed equilibrium.
    biomass : float
        Biomass in mg per g dry soil.

    Examples
    --------
    >>> from soilnb.pore.parameters import resolve
    >>> round(identities(resolve())["ident-cue"], 3)
    0.289
    """
    p = parameters
    uptake = p["uptake_rate"] * available
    respired = uptake - p["biomass_decay"]
    overflow = respired - p["growth_respiration"] * uptake - p["maintenance"]
    return {
        "ident-cue": p["biomass_decay"] / uptake,
        "ident-overflow": 100 * overflow / respired,
        "ident-resp": 1000 * 86400 * biomass * respired,
    }
