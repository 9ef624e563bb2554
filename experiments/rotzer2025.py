"""Make the baseline of rotzer2025: what the runs of the paper's size say, with curves and checks.

    python -m experiments.rotzer2025 [--seeds N] [--jobs N] [--preset NAME]

Runs that are not there yet take about half a minute each on one core. They are kept one by one in
the results folder, so a second call goes on where the first one stopped; runs whose sources have
changed since are made again. Numbers, thinned series, parameters and seeds go to the versioned
baseline, and `checks`: sixty days of every scenario on a small domain, which take seconds, so
that a test (and a reader) can see whether the code still gives the numbers that it gave then.
With ``--preset`` the numbers of the other presets stay as they were kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
import xarray as xr

from soilnb import claims
from soilnb.claims import baseline
from soilnb.claims.measures import by_seed, mean_over_seeds, measure, thin
from soilnb.claims.scenario_runs import PAPER, SNAPSHOTS, notes, runs_folder
from soilnb.parameters import InputError
from soilnb.pore import PRESETS, simulate, simulate_ensemble
from soilnb.pore.scenarios import SCENARIOS, get_scenario

COMMAND = "python -m experiments.rotzer2025"

#: The small domain of `fingerprint`: voxels, days, steps of initial aggregation, seed.
SMALL = {"shape": (96, 96), "days": 60, "initial_steps": 40, "seed": 0}

#: Pulses come so many days earlier there, so that each scenario has its exudates in 60 days.
EARLIER = 180

#: Scenarios of which the fields are kept that the measures need.
MAPPED = ("reference", "static")

#: Pools at the end of `fingerprint`.
POOLS = ("C_B", "C_Nec", "C_POM", "C_S", "C_CO2", "N_S", "N_leak")

#: Variables of the kept series; the nitrogen that goes with carbon follows from it.
KEPT = (
    *("C_B", "C_Nec", "C_Nec_initial", "C_Nec_new", "C_POM", "C_S", "C_CO2", "N_S", "N_leak"),
    *("f_U", "f_N", "f_POM", "f_Nec", "f_BD", "R_G", "R_M", "R_O", "R_leak", "R_root", "R_POM"),
    *("CUE", "exposed_POM", "exposed_Nec"),
)


def fingerprint(
    scenario: str, preset: str = "default", parameters: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Return the pools after sixty days of a scenario on a small domain, in mg g-1.

    The pulses of the scenario come 180 days earlier, so that the runs differ as the long ones do.
    """
    named = get_scenario(scenario)
    early = tuple(replace(pulse, day=pulse.day - EARLIER) for pulse in named.pulses)
    run = replace(named, pulses=early)
    data = simulate(run, preset=preset, parameters=parameters, progress=False, **SMALL)
    return {name: float(data[name][-1]) for name in POOLS}


def checks(scenarios: Iterable[str] = SCENARIOS) -> dict[str, dict]:
    """Return the fingerprint of each scenario, and how it is made."""
    return {"settings": SMALL} | {name: fingerprint(name) for name in scenarios}


def make_runs(
    presets: Iterable[str], seeds: int = 3, jobs: int = 1
) -> dict[str, list[dict[str, xr.Dataset]]]:
    """Make the runs of the paper's size that are not there yet, and return all of them.

    They are kept one by one in `runs_folder`: a second call goes on where the first one stopped.

    Parameters
    ----------
    presets : iterable of str
    seeds : int
        How many; they are 0, 1, 2, ...
    jobs : int
        Processes.

    Returns
    -------
    dict of str to list of dict
        As `keep_runs` takes them.
    """
    others = [name for name in SCENARIOS if name not in MAPPED]
    found = {}
    for preset in presets:
        shared = {"preset": preset, "jobs": jobs, "folder": runs_folder()}
        mapped = simulate_ensemble(MAPPED, range(seeds), snapshots=SNAPSHOTS, **shared)
        rest = simulate_ensemble(others, range(seeds), **shared)
        both = zip(by_seed(mapped), by_seed(rest), strict=True)
        found[preset] = [{name: (some | more)[name] for name in SCENARIOS} for some, more in both]
    return found


def keep_runs(
    runs: Mapping[str, xr.Dataset | Sequence[Mapping[str, xr.Dataset]]],
    *,
    command: str,
    size: str = "paper",
    series: Iterable[str] = ("default",),
    day: str | None = None,
    others: bool = False,
) -> Path:
    """Measure runs of the paper's size and keep them as the versioned baseline.

    Parameters
    ----------
    runs : mapping of str to Dataset or sequence of mappings
        By preset, the Dataset of `soilnb.pore.simulate_ensemble`, or for each seed the Datasets
        by scenario: ``{"default": [{"reference": ..., "static": ...}, ...], ...}``. The reference
        needs snapshots of days 195, 199 and 200 for its spatial claims.
    command, size, day
        See `soilnb.claims.write_baseline`.
    series : iterable of str
        Presets whose curves are kept; of the others only the numbers are.
    others : bool
        Whether presets of the baseline before that have no runs here stay in it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        For an unknown preset, runs that were made with another one, or seeds with different
        scenarios.
    """
    runs = {
        preset: by_seed(seeds) if isinstance(seeds, xr.Dataset) else list(seeds)
        for preset, seeds in runs.items()
    }
    for preset, seeds in runs.items():
        _check(preset, seeds)
    before = (baseline.load(PAPER) if others else None) or {"values": [], "presets": {}}
    thinned = {
        name: data
        for name, data in (baseline.series(PAPER) if others else {}).items()
        if name.split("/")[0] not in runs
    } | {
        f"{preset}/{scenario}": thin(seed[scenario] for seed in runs[preset])[list(KEPT)]
        for preset in series
        if preset in runs
        for scenario in runs[preset][0]
    }
    tables = {p: mean_over_seeds([measure(seed) for seed in runs[p]]) for p in runs}
    when = {"date": day or str(date.today())}
    made = {p: {"date": before["date"], **about} for p, about in before["presets"].items()}
    made |= {p: when | _settings(seeds) for p, seeds in runs.items()}
    found = [note for note in before["values"] if note["preset"] not in runs] + notes(tables)
    extra = {"presets": made, "checks": checks()}
    return claims.write_baseline(
        PAPER, found, size=size, command=command, extra=extra, series=thinned, day=day
    )


def _check(preset: str, seeds: Sequence[Mapping[str, xr.Dataset]]) -> None:
    if not seeds:
        raise InputError(f"runs of preset {preset!r}: allowed at least one seed")
    for seed in seeds:
        if set(seed) != set(seeds[0]):
            raise InputError(
                f"runs of preset {preset!r}: seeds have the scenarios {', '.join(sorted(seed))} "
                f"and {', '.join(sorted(seeds[0]))}; allowed the same for each"
            )
        for scenario, data in seed.items():
            if data.attrs["preset"] != preset:
                made = data.attrs["preset"]
                raise InputError(
                    f"run {scenario} of preset {preset!r}: allowed that preset, it has {made!r}"
                )


def _settings(seeds: Sequence[Mapping[str, xr.Dataset]]) -> dict[str, object]:
    """Return seeds, domain, length and parameters of the runs of a preset."""
    first = next(iter(seeds[0].values()))
    return {
        "seeds": [int(next(iter(seed.values())).attrs["seed"]) for seed in seeds],
        "shape": [int(first.attrs["ny"]), int(first.attrs["nx"])],
        "days": int(first.time[-1]),
        "initial_steps": int(first.attrs["initial_steps"]),
        "scenarios": list(seeds[0]),
        "parameters": json.loads(first.attrs["parameters"]),
    }


@click.command(help=__doc__)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(1))
@click.option("--preset", "presets", multiple=True, type=click.Choice(list(PRESETS)))
def main(seeds: int, jobs: int, presets: tuple[str, ...]) -> None:
    """Run what is missing, then keep the numbers."""
    runs = make_runs(presets or PRESETS, seeds, jobs)
    kept = keep_runs(runs, command=COMMAND, others=bool(presets))
    click.echo(f"kept {kept}")


if __name__ == "__main__":
    main()
