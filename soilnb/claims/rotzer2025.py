"""The baseline of rotzer2025: what the runs of the paper's size say, with curves and checks.

`keep_runs` takes the runs (presets x seeds x scenarios, 500 days at 250 x 250 voxels), measures
them, and keeps numbers, thinned series, parameters and seeds in the versioned baseline. It adds
`checks`: sixty days of every scenario on a small domain, which take seconds, so that a test (and
a reader) can see whether the code still gives the numbers that it gave then.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import xarray as xr

from soilnb import claims, results
from soilnb.claims import baseline
from soilnb.claims.measures import by_seed, mean_over_seeds, measure, thin
from soilnb.parameters import InputError, unknown
from soilnb.pore import simulate, simulate_ensemble
from soilnb.pore.diagnostics import SERIES
from soilnb.pore.scenarios import SCENARIOS, get_scenario

PAPER = "rotzer2025"

#: The small domain of `fingerprint`: voxels, days, steps of initial aggregation, seed.
SMALL = {"shape": (96, 96), "days": 60, "initial_steps": 40, "seed": 0}

#: Pulses come so many days earlier there, so that each scenario has its exudates in 60 days.
EARLIER = 180

#: Days whose fields the measures need, and the scenarios of which they are kept.
SNAPSHOTS = (195, 199, 200)
MAPPED = ("reference", "static")

#: Pools at the end of `fingerprint`.
POOLS = ("C_B", "C_Nec", "C_POM", "C_S", "C_CO2", "N_S", "N_leak")

#: Variables of the kept series; `curves` adds the nitrogen that goes with carbon.
KEPT = (
    *("C_B", "C_Nec", "C_Nec_initial", "C_Nec_new", "C_POM", "C_S", "C_CO2", "N_S", "N_leak"),
    *("f_U", "f_N", "f_POM", "f_Nec", "f_BD", "R_G", "R_M", "R_O", "R_leak", "R_root", "R_POM"),
    *("CUE", "exposed_POM", "exposed_Nec"),
)

_RATIOS = {"B": "cn_biomass", "Nec": "cn_necromass", "POM": "cn_pom"}


def notes(tables: Mapping[str, pd.DataFrame]) -> list[dict]:
    """Return measured values as notes for `soilnb.claims.keep` (or ``record(**note)``).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By preset, what `soilnb.claims.measures.mean_over_seeds` returns.
    """
    rests_on = claims.presets(PAPER)
    found = []
    for preset, table in tables.items():
        if preset not in rests_on:
            raise unknown("preset", preset, rests_on)
        for name, row in table.iterrows():
            note = {"id": name, "value": row["value"], "spread": row["spread"], "n": row["n"]}
            found.append(note | {"data": rests_on[preset]["data"], "preset": preset})
    return found


def record(tables: Mapping[str, pd.DataFrame], notebook: str) -> None:
    """Note what a notebook has measured for its claims; other claims are left to their owners.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By preset, what `soilnb.claims.measures.measure_ensemble` returns.
    notebook : str
        Name of the notebook, as in the claims.
    """
    own = {row["id"] for row in claims.rows(PAPER, notebook=notebook)}
    for note in notes(tables):
        if note["id"] in own:
            claims.record(**note)


def fingerprint(scenario: str, preset: str = "default") -> dict[str, float]:
    """Return the pools after sixty days of a scenario on a small domain, in mg g-1.

    The pulses of the scenario come 180 days earlier, so that the runs differ as the long ones do.
    """
    named = get_scenario(scenario)
    early = tuple(replace(pulse, day=pulse.day - EARLIER) for pulse in named.pulses)
    data = simulate(replace(named, pulses=early), preset=preset, progress=False, **SMALL)
    return {name: float(data[name][-1]) for name in POOLS}


def environment() -> dict[str, str]:
    """Return what could change a result besides the sources: versions, and the machine.

    A change of the last bits alone does not: over the sixty days of `fingerprint` a relative
    change of 1e-12 in the diffusion coefficient moves no pool by more than 3e-13.
    """
    packages = {name: version(name) for name in ("numpy", "numba", "scipy")}
    return {
        "python": platform.python_version(),
        **packages,
        "machine": f"{sys.platform} {platform.machine()}",
    }


def checks(scenarios: Iterable[str] = SCENARIOS) -> dict[str, dict]:
    """Return the fingerprint of each scenario, and the environment that made it."""
    found = {"environment": environment(), "settings": SMALL}
    return found | {name: fingerprint(name) for name in scenarios}


def runs_folder() -> Path:
    """Return the folder below the results in which the runs of the paper's size are kept.

    It is named by the hash of the sources, so that changed sources begin anew; it is what
    ``simulate_ensemble(..., keep=)`` takes.
    """
    return results.root() / "paper" / f"{PAPER}-runs" / baseline.source_hash(PAPER)[:12]


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
        shared = {"preset": preset, "jobs": jobs, "keep": runs_folder()}
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
) -> Path:
    """Measure runs of the paper's size and keep them as the versioned baseline.

    Parameters
    ----------
    runs : mapping of str to Dataset or sequence of mappings
        By preset, the Dataset of `soilnb.pore.simulate_ensemble`, or for each seed the Datasets
        by scenario: ``{"default": [{"reference": ..., "static": ...}, ...], ...}``. The reference
        needs snapshots of days 195, 199 and 200 for its spatial claims.
    command, size, day
        See `soilnb.claims.keep`.
    series : iterable of str
        Presets whose curves are kept; of the others only the numbers are.

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
    thinned = {
        f"{preset}/{scenario}": thin(seed[scenario] for seed in runs[preset])[list(KEPT)]
        for preset in series
        for scenario in runs[preset][0]
    }
    tables = {p: mean_over_seeds([measure(seed) for seed in runs[p]]) for p in runs}
    extra = {"presets": {p: _settings(seeds) for p, seeds in runs.items()}, "checks": checks()}
    return claims.keep(
        PAPER, notes(tables), size=size, command=command, extra=extra, series=thinned, day=day
    )


def curves(preset: str = "default") -> dict[str, xr.Dataset]:
    """Return the kept series of a preset.

    Returns
    -------
    dict of str to Dataset
        By scenario, over ``statistic`` (``mean`` and ``sd`` over the seeds) and ``time``; see
        `soilnb.claims.measures.thin`. Empty where there is no baseline.
    """
    kept = claims.series(PAPER)
    found = {}
    for scenario in SCENARIOS:
        if f"{preset}/{scenario}" in kept:
            data = kept[f"{preset}/{scenario}"]
            ratios = json.loads(data.attrs["parameters"])
            for name in ("B", "Nec", "POM"):
                ratio = ratios[_RATIOS[name]]
                unit, symbol, meaning = SERIES[f"N_{name}"]
                data[f"N_{name}"] = (data[f"C_{name}"] / ratio).assign_attrs(
                    units=unit, symbol=symbol, long_name=meaning
                )
            found[scenario] = data
    return found


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
