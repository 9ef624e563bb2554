"""Make the pore-scale runs behind notebook 50: the CUE that emerges, by substrate and structure.

    python -m experiments.pore_runs

What the runs are stands in `soilnb.claims.pore_runs`. Each takes some seconds, and is written
when it is done: a second call goes on where the first one stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tqdm import tqdm

from soilnb import results
from soilnb.claims import baseline
from soilnb.claims.pore_runs import (
    CLAY_CN,
    CN,
    COMMAND,
    NAME,
    QUANTITIES,
    SETTINGS,
    STRUCTURES,
    TEXTURES,
    check,
    measure,
    run,
)

#: Whose sources decide the numbers: those of the pore-scale model, as for its paper.
MODEL = "rotzer2025"

SEEDS = (0, 1, 2)


def runs_file() -> Path:
    """Return the file below the results to which each run's numbers are added.

    It is named by the hash of the sources, so that changed sources begin anew.
    """
    name = f"{baseline.source_hash(MODEL)[:12]}.jsonl"
    return results.root() / "paper" / "pore_to_planet-runs" / name


def _orders() -> Iterator[tuple[int, str, int]]:
    """Yield the settings and seeds of the design, all settings with the first seed first."""
    for seed in SEEDS:
        for cn in CN:
            for structure in STRUCTURES:
                yield cn, structure, seed
        for texture in TEXTURES:
            yield CLAY_CN, texture, seed


def make_runs(path: Path | None = None, progress: bool = True) -> list[dict[str, object]]:
    """Make the runs of the design that are not there yet; returns the numbers of all of them.

    Each run takes some seconds and is written when it is done: a second call goes on where the
    first one stopped.

    Parameters
    ----------
    path : Path, optional
        The file; that of `runs_file` when left out.
    progress : bool
        Whether to show a bar over the runs.
    """
    path = path or runs_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {tuple(row[key] for key in ("cn", "structure", "seed")): row for row in _rows(path)}
    orders = list(_orders())
    for cn, structure, seed in tqdm(orders, desc="pore-scale runs", disable=not progress):
        if (cn, structure, seed) not in done:
            row = {"cn": cn, "structure": structure, "seed": seed}
            row |= measure(run(cn, structure, seed))
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            done[cn, structure, seed] = row
    return [done[order] for order in orders]


def _rows(path: Path) -> list[dict[str, object]]:
    """Rows of the file; a line that was cut off when a run was stopped is left out."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def write(rows: Iterable[Mapping[str, object]]) -> Path:
    """Keep the numbers of the runs that `make_runs` returns as a versioned baseline."""
    values = [
        {
            key: baseline.rounded(value, 6) if key in QUANTITIES else value
            for key, value in row.items()
        }
        for row in rows
    ]
    found = {
        **baseline.head(NAME, command=COMMAND, data="calibrated", sources=MODEL),
        "settings": SETTINGS | {"preset": "default", "substrate": "particulate organic matter"},
        "structures": STRUCTURES | TEXTURES,
        "check": check(),
        "values": values,
    }
    return baseline.write(found)


if __name__ == "__main__":
    print(f"kept {write(make_runs())}")
