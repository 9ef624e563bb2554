"""The claims of rotzer2025: what a notebook records of its runs, and the curves that are kept.

``experiments/rotzer2025.py`` makes the baseline from the runs of the paper's size.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import xarray as xr

from soilnb import claims, results
from soilnb.claims import baseline, measures
from soilnb.parameters import check_known
from soilnb.pore import simulate_ensemble
from soilnb.pore.diagnostics import SERIES
from soilnb.pore.scenarios import SCENARIOS

PAPER = "rotzer2025"

#: Days whose fields the measures need.
SNAPSHOTS = (195, 199, 200)

#: Domain and initial steps of a run of size ``quick``; those of size ``paper`` are the paper's.
QUICK = {"shape": (128, 128), "initial_steps": 150, "jobs": 1}

_RATIOS = {"B": "cn_biomass", "Nec": "cn_necromass", "POM": "cn_pom"}


def study(
    scenarios: str | Sequence[str] = "reference",
    size: str = "quick",
    seed: int = 0,
    *,
    seeds: int = 2,
    quick: Mapping[str, object] = QUICK,
    **options: object,
) -> xr.Dataset:
    """Run scenarios as the notebooks do: a small square in a moment, or the paper's, kept.

    Parameters
    ----------
    scenarios : str or sequence of str
        See `soilnb.pore.SCENARIOS`.
    size : {"quick", "paper"}
        ``quick`` is a square of 128 voxels after 150 initial steps, or what `quick` says instead;
        ``paper`` has the paper's size and at least three seeds, and each run is made once, then
        read.
    seed, seeds : int
        First seed, and how many.
    **options
        What `soilnb.pore.simulate_ensemble` takes besides: ``preset``, ``snapshots``.

    Examples
    --------
    >>> runs = study("reference", seeds=1, days=1, shape=(64, 64), initial_steps=1)
    >>> dict(runs.sizes)["time"]
    2
    """
    if size == "paper":
        seeds, options = max(seeds, 3), {"folder": runs_folder()} | options
    else:
        options = {"progress": False, **quick, **options}
    return simulate_ensemble(scenarios, range(seed, seed + seeds), **options)


def notes(tables: Mapping[str, pd.DataFrame]) -> list[dict]:
    """Return measured values as notes for `soilnb.claims.write_baseline` (or ``record(**note)``).

    `tables` are by preset, as of `soilnb.claims.measures.mean_over_seeds`.
    """
    rests_on = claims.presets(PAPER)
    found = []
    for preset, table in tables.items():
        check_known("preset", preset, rests_on)
        for name, row in table.iterrows():
            note = {"id": name, "value": row["value"], "spread": row["spread"], "n": row["n"]}
            found.append(note | {"data": rests_on[preset]["data"], "preset": preset})
    return found


def record_runs(runs: xr.Dataset, notebook: str) -> None:
    """Measure runs of `study` and note what a notebook owns; in size ``paper`` for all presets.

    Examples
    --------
    >>> runs = study("reference", seeds=1, days=1, shape=(64, 64), initial_steps=1)
    >>> record_runs(runs, "10_pore_structure")
    >>> claims.compare("rotzer2025", ["nec0"])["ours"].iloc[0][:3]  # a small domain
    '1.9'
    """
    own = runs.attrs["preset"]
    tables = {own: measures.measure_ensemble(runs)}
    at_hand = results.current()
    if at_hand is not None and at_hand.size == "paper":
        scenarios, seeds = ([*runs[name].values.tolist()] for name in ("scenario", "seed"))
        for preset in claims.presets(PAPER).keys() - {own}:
            other = study(
                scenarios, "paper", seeds[0], seeds=len(seeds), preset=preset, snapshots=SNAPSHOTS
            )
            tables[preset] = measures.measure_ensemble(other)
    record(tables, notebook)


def record_structure(runs: xr.Dataset) -> None:
    """Note the amounts of day 0, which need no run, and the exposed shares of runs of `study`.

    The amounts are those of the paper's size whatever that of the runs is.

    Examples
    --------
    >>> record_structure(study("reference", days=200))  # doctest: +SKIP
    """
    preset = runs.attrs["preset"]
    first = simulate_ensemble(
        "reference", runs["seed"].values, days=0, initial_steps=0, preset=preset, jobs=1
    )
    late = measures.measure_ensemble(runs).loc[["exposed-pom", "exposed-nec"]]
    record({preset: pd.concat([measures.measure_ensemble(first), late])}, "10_pore_structure")


def record(tables: Mapping[str, pd.DataFrame], notebook: str) -> None:
    """Note what a notebook has measured for its claims; other claims are left to their owners.

    `tables` are by preset, as of `soilnb.claims.measures.measure_ensemble`.

    Examples
    --------
    >>> table = pd.DataFrame({"value": [2.6], "spread": [0.0], "n": [1]}, index=["nec0"])
    >>> record({"default": table}, "10_pore_structure")
    >>> claims.compare("rotzer2025", ["nec0"])["ours"].iloc[0]
    '2.6'
    """
    own = {row["id"] for row in claims.listed(PAPER, notebook=notebook)}
    for note in notes(tables):
        if note["id"] in own:
            claims.record(**note)


def runs_folder() -> Path:
    """Return the folder below the results where ``simulate_ensemble`` keeps runs of size ``paper``.

    It is named by the hash of the sources, so that changed sources begin anew.

    Examples
    --------
    >>> runs_folder().parent.name
    'rotzer2025-runs'
    """
    return results.root() / "paper" / f"{PAPER}-runs" / baseline.source_hash(PAPER)[:12]


def curves(preset: str = "default") -> dict[str, xr.Dataset]:
    """Return the kept series of a preset by scenario; empty where there is no baseline.

    Over ``statistic`` (``mean`` and ``sd`` over the seeds) and ``time``, see
    `soilnb.claims.measures.thin`.

    Examples
    --------
    >>> list(curves())
    ['reference', 'static', 'cn10', 'cn22', 'cn100', 'ten_pulses', 'pom_cn10']
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
