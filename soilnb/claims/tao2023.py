"""The baseline of tao2023: what its notebooks found in runs of size ``paper``.

``soilnb run 34_proda_globe --size paper`` assimilates all profiles, learns and maps; it takes half
an hour or more and resumes where it was stopped. `keep_runs` then keeps the numbers of its claims
and a few small tables (coefficients and counts, never profiles) in the versioned baseline.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from soilnb import claims, results
from soilnb.claims import baseline
from soilnb.parameters import InputError

__all__ = ["NOTEBOOKS", "PAPER", "TABLES", "keep_runs", "table"]

PAPER = "tao2023"

#: Notebooks whose runs are kept, and the tables that are kept of each.
NOTEBOOKS = ("34_proda_globe", "35_what_controls_soc")
TABLES = ("tao2023-controls", "tao2023-tableED2", "tao2023-network")


def keep_runs(notebooks: Iterable[str] = NOTEBOOKS, *, command: str = "") -> Path:
    """Keep what finished runs of size ``paper`` found; returns the file.

    Parameters
    ----------
    notebooks : iterable of str
        Notebooks; those without a finished run are passed over.
    command : str
        The command that made the numbers; by default the runs of these notebooks.

    Raises
    ------
    InputError
        When none has a finished run of size ``paper``.
    """
    notes: list[dict] = []
    tables: dict[str, list[dict]] = {}
    done = []
    for notebook in notebooks:
        folder = results.folder(notebook, "paper")
        path = folder / "claims.json"
        if not path.is_file():
            continue
        done.append(notebook)
        notes += [
            note
            for note in json.loads(path.read_text(encoding="utf-8"))
            if note["id"] in {row["id"] for row in claims.rows(PAPER)}
        ]
        for name in TABLES:
            if (folder / f"{name}.csv").is_file():
                tables[name] = _rows(folder / f"{name}.csv")
    if not done:
        raise InputError("no notebook of tao2023 has a finished run of size 'paper'")
    command = command or "; ".join(f"soilnb run {name} --size paper" for name in done)
    return claims.keep(PAPER, notes, command=command, extra=tables)


def _rows(path: Path) -> list[dict]:
    """Return the rows of a table with rounded numbers, empty cells left out."""
    data = pd.read_csv(path)
    data = data.drop(columns=[name for name in data if str(name).startswith("Unnamed")])
    return [
        {
            str(name): baseline.rounded(value, 6) if isinstance(value, float) else value
            for name, value in row.items()
            if not pd.isna(value)
        }
        for row in data.to_dict("records")
    ]


def table(name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a kept table, rounded for reading; empty where none is kept.

    Parameters
    ----------
    name : str
        One of `TABLES`.
    columns : sequence of str, optional
        Columns to show; the first becomes the index.
    """
    kept = baseline.load(PAPER) or {}
    data = pd.DataFrame(kept.get(name, []))
    if not len(data):
        return pd.DataFrame({"note": ["no run of size 'paper' is kept"]})
    if columns is not None:
        data = data[list(columns)].set_index(columns[0])
    return data.round(2)
