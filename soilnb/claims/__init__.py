"""What the papers say in numbers, what we get, and the verdict on each.

One claim is one number of a paper (or one order or sign, with the value 1 or 0). The claims of
a paper stand in ``papers/<paper>.toml``; a notebook notes what it measured with `record`; the
scoreboard shows both side by side. The verdict is made here and nowhere else:

=========== =====================================================================
same        our value lies in the band that is fair for the claim
near        it lies within twice the band's distance from the paper's value, or it
            lies in the band but rests on synthetic data
differs     neither; the row then says why, in words
reported    no band is fair; both numbers are shown
not run     nothing has measured it yet
=========== =====================================================================

An order or sign is right or wrong: it is never `near` by distance.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

import pandas as pd

from soilnb import results
from soilnb.parameters import InputError, check_finite, unknown

__all__ = ["compare", "figures", "papers", "record", "rows", "verdict"]

#: What a claim may rest on: a model run on published parameters, a choice tuned to a number of
#: the paper, a real data set (or the testbed grid), a twin or the formula planet.
DATA = ("published", "calibrated", "real", "synthetic")

KINDS = ("value", "order", "sign", "reported")

#: Keys of a row, in the order in which ``soilnb claims --json`` prints them.
ROW = (
    "id", "paper", "figure", "statement", "expected", "low", "high", "unit",
    "value", "verdict", "data", "cause", "notebook", "size",
)  # fmt: skip

_noted: dict[str, dict] = {}


def papers() -> list[str]:
    """Return the papers (and ``validation``) that have claims, in the order of the book."""
    known = ["rotzer2025", "he2024", "tao2023", "tao2024", "luo2025", "validation"]
    return [paper for paper in known if _file(paper).is_file()]


def _file(paper: str):
    return resources.files(__name__) / "papers" / f"{paper}.toml"


@cache
def _claims() -> dict[str, dict]:
    """Read all claims, checked, by id."""
    found: dict[str, dict] = {}
    for paper in papers():
        for claim in tomllib.loads(_file(paper).read_text(encoding="utf-8"))["claim"]:
            name, kind = claim["id"], claim["kind"]
            if name in found or kind not in KINDS:
                raise InputError(f"claim {name!r} of {paper}: given twice, or of kind {kind!r}")
            if kind in ("order", "sign"):
                claim = {"expected": 1.0, "low": 1.0, "high": 1.0, **claim}
            found[name] = {"paper": paper, "unit": "1", **claim}
    return found


@cache
def figures() -> pd.DataFrame:
    """Return the manifest of the papers' figures and tables: owner notebook and panels.

    Returns
    -------
    DataFrame
        Indexed by the name under which a run saves it (``he2024-fig5``), with the columns
        ``notebook``, ``panels`` (a string, one letter a panel) and ``shows``.
    """
    text = (resources.files(__name__) / "figures.toml").read_text(encoding="utf-8")
    table = pd.DataFrame.from_dict(tomllib.loads(text), orient="index")
    return table.rename_axis("figure").fillna({"panels": ""})


def verdict(claim: dict, value: float | None, data: str | None) -> str:
    """Judge one measured value against its claim (see the module's table).

    Parameters
    ----------
    claim : dict
        With ``kind`` and, unless it is ``reported``, ``expected``, ``low``, ``high``.
    value : float or None
        What we measured, in the claim's unit; None where nothing did.
    data : str or None
        One of `DATA`.
    """
    if value is None:
        return "not run"
    if claim["kind"] == "reported":
        return "reported"
    low, high, expected = claim["low"], claim["high"], claim["expected"]
    if low <= value <= high:
        return "near" if data == "synthetic" else "same"
    bound = high if value > high else low
    distance = 2 * abs(bound - expected)
    if claim["kind"] == "value" and abs(value - expected) <= distance:
        return "near"
    return "differs"


def record(
    id: str,
    value: float | bool,
    *,
    data: str = "published",
    cause: str = "",
    **variant: str,
) -> None:
    """Note a measured number for a claim.

    Inside a run (``soilnb run``) it is kept with the run's results; elsewhere it is kept for
    this session only, so that `compare` in an open notebook shows it.

    Parameters
    ----------
    id : str
        The claim, for example ``"he-6c"``.
    value : float or bool
        Our number, in the claim's unit; True or False for an order or a sign.
    data : {"published", "calibrated", "real", "synthetic"}
        What the number rests on.
    cause : str
        Why it differs, in words, where it does.
    **variant : str
        ``preset=`` or ``variant=``, where the claim is computed for several.

    Raises
    ------
    InputError
        For an unknown claim, a value that is no finite number, or an unknown kind of data.
    """
    if id not in _claims():
        raise unknown("claim", id, _claims())
    if data not in DATA:
        raise unknown(f"kind of data of claim {id!r}", data, DATA)
    for key in variant:
        if key not in ("preset", "variant"):
            raise unknown(f"key of claim {id!r}", key, ("preset", "variant"))
    note = {"id": id, "value": check_finite(f"value of claim {id!r}", value), "data": data}
    note |= ({"cause": cause} if cause else {}) | variant
    _noted[_key(note)] = note
    run = results.current()
    if run is not None:
        _keep(run.folder / "claims.json", [*_noted.values()])


def _keep(path: Path, notes: list[dict]) -> None:
    """Write the notes of a run under a hidden name, and rename the file when it is complete."""
    part = path.with_name(f".{path.name}")
    part.write_text(json.dumps(notes, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def _key(note: dict) -> str:
    return "|".join(str(note.get(key, "")) for key in ("id", "preset", "variant"))


def rows(paper: str | None = None, *, notebook: str | None = None) -> list[dict]:
    """Return the scoreboard: every claim with our value and the verdict.

    Each value comes from this session (what `record` noted), else from the last run of size
    ``paper``, else from the versioned baseline, else from the last run of size ``quick``.

    Parameters
    ----------
    paper : str, optional
        Only the claims of one paper (or of ``validation``).
    notebook : str, optional
        Only the claims that one notebook measures.
    """
    if paper is not None and paper not in papers():
        raise unknown("paper", paper, papers())
    board = []
    for claim in _claims().values():
        if paper not in (None, claim["paper"]) or notebook not in (None, claim["notebook"]):
            continue
        notes = _notes(claim)
        board += [_row(claim, note) for note in notes] or [_row(claim, {})]
    return board


def _row(claim: dict, note: dict) -> dict:
    value, data = note.get("value"), note.get("data")
    judged = verdict(claim, value, data)
    cause = note.get("cause") or claim.get("cause", "")
    row = {**claim, "value": value, "data": data, "size": note.get("size"), "verdict": judged}
    row["cause"] = cause if judged in ("differs", "near") else ""
    extra = {key: note[key] for key in ("preset", "variant") if key in note}
    return {key: row.get(key) for key in ROW} | extra


def _notes(claim: dict) -> list[dict]:
    """Find where a claim was measured; the first source that has it wins."""
    sources = (
        list(_noted.values()),
        _saved(claim["notebook"], "paper"),
        _baseline(claim["paper"]),
        _saved(claim["notebook"], "quick"),
    )
    for source in sources:
        found = [note for note in source if note["id"] == claim["id"]]
        if found:
            return found
    return []


def _saved(notebook: str, size: str) -> list[dict]:
    path = results.folder(notebook, size) / "claims.json"
    return [note | {"size": size} for note in _read(path)] if path.is_file() else []


def _baseline(paper: str) -> list[dict]:
    path = Path(str(resources.files(__name__) / "baselines" / f"{paper}.json"))
    if not path.is_file():
        return []
    kept = _read(path)
    return [
        note | {"size": f"{kept['size']} (baseline of {kept['date']})"} for note in kept["values"]
    ]


def _read(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"{path} cannot be read as JSON ({error}); run the notebook again"
        ) from None


def compare(paper: str | None = None, ids: Iterable[str] | None = None) -> pd.DataFrame:
    """Return a table of the paper's numbers beside ours, for a notebook or the reader.

    Parameters
    ----------
    paper : str, optional
        ``he2024`` and so on; all papers when left out.
    ids : iterable of str, optional
        Only these claims; an id that ends with ``*`` stands for all that start so.

    Returns
    -------
    DataFrame
        Indexed by claim: figure, claim, unit, paper's value, ours, range, verdict, data, cause.
    """
    board = rows(paper)
    if ids is not None:
        board = [row for name in ids for row in _matching(board, name)]
    table = [
        {
            "claim": row["id"],
            "figure": row["figure"],
            "statement": row["statement"],
            "paper": _show(row, row["expected"]),
            "ours": _show(row, row["value"]),
            "range": _range(row),
            "unit": "" if row["unit"] == "1" else row["unit"],
            "verdict": row["verdict"],
            "data": row["data"] or "",
            "cause": row["cause"],
        }
        for row in board
    ]
    return pd.DataFrame(table).set_index("claim") if table else pd.DataFrame()


def _matching(board: list[dict], name: str) -> list[dict]:
    found = [
        row
        for row in board
        if row["id"] == name or (name.endswith("*") and row["id"].startswith(name[:-1]))
    ]
    if not found:
        raise unknown("claim", name, [row["id"] for row in board])
    return found


def _show(row: dict, value: float | None) -> str:
    if value is None:
        return ""
    if _claims()[row["id"]]["kind"] in ("order", "sign"):
        return "yes" if value else "no"
    return number(value)


def _range(row: dict) -> str:
    if row["low"] is None or _claims()[row["id"]]["kind"] in ("order", "sign"):
        return ""
    if row["low"] == row["high"]:
        return "exact"
    if math.isclose(row["low"], row["high"], rel_tol=3e-4):
        return f"± {number((row['high'] - row['low']) / 2)}"
    return f"{number(row['low'])} to {number(row['high'])}"


def number(value: float) -> str:
    """Write a number with the digits that matter: six significant ones, no trailing zeros."""
    return f"{value:.6g}"
