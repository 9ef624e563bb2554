"""The claims of rotzer2025: what a notebook records of its runs, and the curves that are kept.

``experiments/rotzer2025.py`` makes the baseline from the runs of the paper's size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import xarray as xr

from soilnb import claims, results
from soilnb.claims import baseline
from soilnb.parameters import unknown
from soilnb.pore.diagnostics import SERIES
from soilnb.pore.scenarios import SCENARIOS

PAPER = "rotzer2025"

#: Days whose fields the measures need.
SNAPSHOTS = (195, 199, 200)

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


def runs_folder() -> Path:
    """Return the folder below the results in which the runs of the paper's size are kept.

    It is named by the hash of the sources, so that changed sources begin anew; it is what
    ``simulate_ensemble(..., keep=)`` takes.
    """
    return results.root() / "paper" / f"{PAPER}-runs" / baseline.source_hash(PAPER)[:12]


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
