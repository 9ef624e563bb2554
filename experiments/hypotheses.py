"""Make the runs behind the hypotheses of rotzer2025: what was tried to explain what differs.

    python -m experiments.hypotheses [--jobs N]

The hypotheses stand in ``soilnb/claims/papers/rotzer2025_hypotheses.toml``, each with the
parameters that it changes. They are run at the size of the paper beside the unchanged preset,
half an hour on one core; both are measured, and the numbers are kept as a versioned baseline.
`soilnb.claims.hypotheses` shows them, with the verdict.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import click
import numpy as np
import xarray as xr

from experiments.rotzer2025 import SMALL, fingerprint
from soilnb.claims import baseline, hypothesis
from soilnb.claims.measures import by_seed, measure, pores
from soilnb.claims.measures.series import (
    BEFORE,
    BIOMASS_PEAK_END,
    PULSE,
    SETTLED,
    days_until_recovered,
)
from soilnb.claims.scenario_runs import PAPER, SNAPSHOTS, runs_folder
from soilnb.kernels import automaton
from soilnb.pore import simulate_ensemble
from soilnb.pore.diagnostics import CELLS, respiration

COMMAND = "python -m experiments.hypotheses"

#: Domain of the runs.
SHAPE = (250, 250)

#: By seed, the runs of a trial by scenario.
Runs = Sequence[Mapping[str, xr.Dataset]]


# --- Runs --------------------------------------------------------------------------------------


def make_trials(jobs: int = 1) -> dict[str, tuple[Runs, Runs]]:
    """Make the runs of all trials that are not kept yet, and those they are compared with.

    They are kept one by one beside the runs of the baseline (`experiments.rotzer2025.make_runs`),
    of which those of the preset serve for the comparison.

    Parameters
    ----------
    jobs : int
        Processes.

    Returns
    -------
    dict of str to tuple
        By trial, the runs without and with its change: for each seed the Datasets by scenario.
    """
    return {
        name: (_runs(trial, {}, jobs), _runs(trial, trial["parameters"], jobs))
        for name, trial in hypothesis.listed(PAPER).items()
        if name not in _done()
    }


def _done() -> dict[str, list[dict]]:
    """Return what is kept, and holds, of trials as they are listed: their numbers by trial."""
    kept = hypothesis.load(PAPER)
    if kept is None or baseline.stale(kept):
        return {}
    listed = hypothesis.listed(PAPER)
    same = [
        name for name, run in kept["runs"].items()
        if name in listed and run == json.loads(json.dumps(hypothesis.setup(listed[name])))
    ]  # fmt: skip
    return {name: [note for note in kept["values"] if note["trial"] == name] for name in same}


def _runs(trial: Mapping, parameters: Mapping, jobs: int) -> list[dict[str, xr.Dataset]]:
    """Return the runs of a trial with these parameters: for each seed by scenario."""
    days = trial["days"]
    asked = trial["snapshots"] or [day for day in SNAPSHOTS if day <= days]
    found: list[dict[str, xr.Dataset]] = [{} for _ in range(trial["seeds"])]
    for scenario in trial["scenarios"]:
        ensemble = simulate_ensemble(
            [scenario],
            range(trial["seeds"]),
            preset=trial["preset"],
            parameters=parameters,
            days=days,
            shape=SHAPE,
            snapshots=asked if trial["snapshots"] or scenario == "reference" else (),
            jobs=jobs,
            folder=runs_folder(),
        )
        found = [before | one for before, one in zip(found, by_seed(ensemble), strict=True)]
    return found


# --- Numbers -----------------------------------------------------------------------------------


def behind(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Measure the numbers behind claims that only hold or do not, for the runs of one seed.

    Parameters
    ----------
    runs : mapping of str to Dataset
        As `soilnb.claims.measures.measure` takes them.

    Returns
    -------
    dict
        By the ids under ``[quantity]`` of the hypotheses; what needs a scenario, days or
        snapshots that are not there is left out.
    """
    found = {}
    reference, static, cn10 = (runs.get(name) for name in ("reference", "static", "cn10"))
    if reference is not None and static is not None and static.time[-1] >= 350:
        found["static-ns-most"] = measure({"reference": reference, "static": static})["static-ns"]
    if reference is not None and 195 in reference.get("snapshot", ()):
        found["isolated-availability"] = _isolated(reference)
    if reference is not None and reference.time[-1] >= 250:
        found["doc-250"] = _against_before(reference.C_S)
        found["ns-250"] = _against_before(reference.N_S)
    if cn10 is not None and cn10.time[-1] >= 250:
        span = cn10.sel(time=slice(205, 250))
        found["overflow-after-cn10"] = 100 * float(span.R_O.sum() / respiration(span).sum())
    if static is not None and static.time[-1] >= 350:
        early, late = (static.N_S.sel(time=slice(day - 9, day)).sum() for day in (260, 350))
        found["static-ns-trend"] = float(late / early)
    return found


def _isolated(reference: xr.Dataset) -> float:
    """Return the mean availability over the voxels of isolated pores with microbes, day 195."""
    table = pores(reference, 195).query("kind == 'isolated'")
    return float(np.average(table.availability, weights=table.voxels))


def _against_before(dissolved: xr.DataArray) -> float:
    """Return the mean of days 246-250 over the largest five-day mean of days 100-199."""
    fives = dissolved.rolling(time=5).mean()
    return float(fives.sel(time=250) / fives.sel(time=slice(104, 199)).max())


# --- Other readings of the paper's sentences ----------------------------------------------------


def each_pore_once(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Read "small isolated pores": the median over pores instead of the mean over their voxels."""
    table = pores(runs["reference"], 195).query("kind == 'isolated'")
    return {"isolated-availability": float(table.availability.median())}


def added_by_the_pulse(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Read "almost no overflow": the share of overflow in the respiration that the pulse adds."""
    flux = xr.Dataset({"overflow": runs["cn10"].R_O, "all": respiration(runs["cn10"])})
    before, after = (flux.sel(time=slice(*span)).mean() for span in ((SETTLED, BEFORE), (205, 250)))
    added = after - before
    return {"overflow-after-cn10": 100 * float(added.overflow / added["all"])}


def wider_margin(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Read "the previous equilibrium is reached": within 25 instead of 10 % of it."""
    biomass = runs["cn10"].C_B
    level = 1.25 * biomass.sel(time=slice(SETTLED, BEFORE)).mean()
    peak = biomass.sel(time=slice(PULSE, BIOMASS_PEAK_END)).idxmax()
    after = biomass.sel(time=slice(float(peak), None))
    low = after.time[after <= level]
    return {"return-cn10": float((low[0] if low.size else after.time[-1]) - BEFORE)}


def recovered_to_a_fifth(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Read "CUE recovers": to within a fifth instead of a tenth of its level before."""
    rows = {"recovery-cn40": "reference", "recovery-cn100": "cn100"}
    return {name: days_until_recovered(runs[run].CUE, 0.8) for name, run in rows.items()}


def inhabited_pores(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Look only into pores with microbes: their solution on day 250 over its most before.

    Days before are the snapshots of days 100 to 199.
    """
    fields = runs["reference"]
    held: dict[float, tuple[float, float]] = {}
    for day in fields["snapshot"].values:
        inhabited = _inhabited(fields["cell"].sel(snapshot=day).values)
        held[day] = tuple(
            float(fields[name].sel(snapshot=day).values[inhabited].sum()) for name in ("c_s", "n_s")
        )
    most = [max(held[day][i] for day in held if 100 <= day <= BEFORE) for i in (0, 1)]
    return {"doc-250": held[250][0] / most[0], "ns-250": held[250][1] / most[1]}


def exudates_that_arrive(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Account for the share of the root line's open voxels that lie in pores with microbes.

    The value is what the static peak is set against, seed by seed.
    """
    cell = runs["static"]["cell"].sel(snapshot=BEFORE).values
    line = np.s_[:, cell.shape[1] // 2]
    share = _inhabited(cell)[line].sum() / _is_open(cell)[line].sum()
    return {"static-peak-scatter": float(share)}


def microbes_on_the_line(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Account for the biomass in pores that the root line crosses, as `exudates_that_arrive`."""
    before = runs["static"].sel(snapshot=BEFORE)
    cell = before["cell"].values
    line = np.zeros(cell.shape, bool)
    line[:, cell.shape[1] // 2] = True
    return {"static-peak-scatter": float(before["c_b"].values[_connected(cell, line)].sum())}


def _is_open(cell: np.ndarray) -> np.ndarray:
    return (cell == CELLS["biomass"]) | (cell == CELLS["pore"])


def _connected(cell: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return where the pores are of which some voxel is in `start`, bool array (ny, nx)."""
    is_open = _is_open(cell)
    label = np.empty(cell.size, np.int32)
    automaton.label_components(
        is_open.astype(np.int32).ravel(), *cell.shape, True, np.empty_like(label), label
    )
    label = label.reshape(cell.shape)
    return is_open & np.isin(label, label[start & is_open])


def _inhabited(cell: np.ndarray) -> np.ndarray:
    """Return where a pore is that has microbes somewhere, bool array (ny, nx)."""
    return _connected(cell, cell == CELLS["biomass"])


#: By name, what a trial with a ``reading`` measures differently on the same runs.
READINGS: dict[str, Callable[[Mapping[str, xr.Dataset]], dict[str, float]]] = {
    "each-pore-once": each_pore_once,
    "added-by-the-pulse": added_by_the_pulse,
    "wider-margin": wider_margin,
    "recovered-to-a-fifth": recovered_to_a_fifth,
    "inhabited-pores": inhabited_pores,
    "exudates-that-arrive": exudates_that_arrive,
    "microbes-on-the-line": microbes_on_the_line,
}


# --- Keeping them ------------------------------------------------------------------------------


def scatter(peaks: Sequence[float]) -> tuple[float, float]:
    """Return the coefficient of variation of so many peaks, and its standard error.

    The error is that of a normal sample, to first order.
    """
    values = np.asarray(peaks, float)
    ratio = float(values.std(ddof=1) / values.mean())
    return ratio, ratio * math.sqrt((0.5 + ratio**2) / values.size)


def unexplained(peaks: Sequence[float], cause: Sequence[float]) -> list[float]:
    """Return the peaks without what a straight line through `cause` says of them.

    Their standard deviation is that of the residuals, with two parameters taken off.
    """
    line = np.polyval(np.polyfit(cause, peaks, 1), cause)
    rest = (np.asarray(peaks) - line) * math.sqrt((len(line) - 1) / (len(line) - 2))
    return (np.mean(peaks) + rest).tolist()


def _measured(
    seeds: Runs, wanted: Iterable[str], reading: str = ""
) -> dict[str, np.ndarray | list[float]]:
    """Return the value of each quantity for every seed; NaN where a seed has none."""
    other = READINGS[reading] if reading else lambda runs: {}
    each = [{**measure(runs), **behind(runs), **other(runs)} for runs in seeds]
    found = {name: np.array([one.get(name, math.nan) for one in each]) for name in wanted}
    if "static-peak-scatter" in found:
        span = slice(PULSE, PULSE + 30)
        peaks = [float(runs["static"].C_B.sel(time=span).max()) for runs in seeds]
        cause = found["static-peak-scatter"]
        found["static-peak-scatter"] = unexplained(peaks, cause) if reading else peaks
    return found


def _note(row: str, without: Sequence[float], changed: Sequence[float]) -> dict[str, float]:
    """Return mean and spread over the seeds without and with a change, and that of the change."""
    if row == "static-peak-scatter":
        both = [scatter(peaks) for peaks in (without, changed)]
        spread = math.hypot(*(one[1] for one in both)) * math.sqrt(len(without))
    else:
        both = [(float(np.mean(one)), float(np.std(one, ddof=1))) for one in (without, changed)]
        spread = float(np.std(np.subtract(changed, without), ddof=1))
    found = {"n": len(without), "change_spread": baseline.rounded(spread, 4)}
    for key, (value, of_seeds) in zip(("without", "with"), both, strict=True):
        found[key] = baseline.rounded(value, 6)
        found[f"{key}_spread"] = baseline.rounded(of_seeds, 4)
    return found


def check(trial: Mapping) -> dict[str, float]:
    """Return the pools after sixty days of a trial's last scenario; see `fingerprint`."""
    return fingerprint(trial["scenarios"][-1], trial["preset"], trial["parameters"])


def keep_trials(
    runs: Mapping[str, tuple[Runs, Runs]], *, command: str = COMMAND, day: str | None = None
) -> Path:
    """Measure the runs of the trials and keep their numbers as a versioned baseline.

    Parameters
    ----------
    runs : mapping
        What `make_trials` returns.
    command, day
        See `soilnb.claims.baseline.head`.

    Returns
    -------
    Path
        The file.
    """
    listed, numbers = hypothesis.listed(PAPER), _done()
    for name, (without, changed) in runs.items():
        wanted = [*listed[name]["rows"], *listed[name]["checks"]]
        before = _measured(without, wanted)
        after = _measured(changed, wanted, listed[name]["reading"])
        numbers[name] = [
            {"trial": name, "row": row, **_note(row, before[row], after[row])} for row in wanted
        ]
    kept_now = [name for name in listed if name in numbers]
    about = {"command": command, "data": "calibrated", "sources": PAPER, "day": day}
    kept = {
        **baseline.head(f"hypotheses/{PAPER}", **about),
        "shape": list(SHAPE),
        "runs": {name: hypothesis.setup(listed[name]) for name in kept_now},
        "values": [note for name in kept_now for note in numbers[name]],
        "checks": {"settings": SMALL} | {name: check(listed[name]) for name in kept_now},
    }
    return baseline.write(kept)


@click.command(help=__doc__)
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(1))
def main(jobs: int) -> None:
    """Run what is missing, then keep the numbers."""
    click.echo(f"kept {keep_trials(make_trials(jobs))}")


if __name__ == "__main__":
    main()
