"""Hypotheses that were tried to explain what does not match, each with its runs.

What was supposed, what it changes and what was expected of it stands in
``papers/<paper>_hypotheses.toml``; what came out is a baseline (``hypotheses/<paper>``), made by
``experiments/hypotheses.py``. The verdict is made here.
A change of parameters can do this to a row:

============= ============================================================================
explained     out of its range before, in it now
nearer        out of its range, but at least a third of the distance is gone
hardly nearer out of its range, and less of the distance is gone
farther       farther from its range than before
not clear     out of its range before, and the change is less than twice its standard error
              (of the differences seed by seed)
held          in its range before and now, or no clear change
strained      in its range before, now only near it, as a claim that is near
lost          in its range before, and differs now
============= ============================================================================

and the hypothesis is judged by its rows:

================ =========================================================================
explains         every row that it should explain is explained, and every other held
explains in part some row is explained or nearer, and none is lost
rejected         no row is explained or nearer, or some row is lost
not run          there are no numbers for it
================ =========================================================================
"""

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from soilnb.claims import baseline
from soilnb.parameters import InputError, check_known, unknown

#: What a row can do in a trial.
EFFECTS = (
    "explained", "nearer", "hardly nearer", "farther", "not clear", "held", "strained", "lost",
    "not run",
)  # fmt: skip

#: Entries of a trial that decide its numbers.
SETUP = (
    "preset", "scenarios", "days", "seeds", "parameters", "reading", "snapshots", "rows", "checks",
)  # fmt: skip

_TRIAL = {"id", "statement", "expectation", "conclusion", *SETUP}

_DEFAULTS = {
    "preset": "default",
    "seeds": 3,
    "parameters": {},
    "reading": "",
    "snapshots": [],
    "checks": [],
    "conclusion": "",
}


@cache
def _contents(paper: str) -> dict:
    source = resources.files("soilnb.claims") / "papers" / f"{paper}_hypotheses.toml"
    return tomllib.loads(source.read_text(encoding="utf-8")) if source.is_file() else {}


@cache
def listed(paper: str) -> dict[str, dict]:
    """Return the hypotheses of a paper by id, with the defaults filled in; most have none."""
    found: dict[str, dict] = {}
    for trial in _contents(paper).get("trial", []):
        for key in trial:
            check_known(f"entry of hypothesis {trial.get('id')!r}", key, _TRIAL)
        if trial["id"] in found:
            raise InputError(f"hypothesis {trial['id']!r} of {paper}: given twice")
        if bool(trial.get("parameters")) == bool(trial.get("reading")):
            raise InputError(f"hypothesis {trial['id']!r}: allowed parameters or a reading")
        found[trial["id"]] = _DEFAULTS | trial
    return found


@cache
def quantities(paper: str) -> dict[str, dict]:
    """Return the rows that are looked at besides the claims, by id: range, unit, statement."""
    found = _contents(paper).get("quantity", {})
    open_ended = {"low": -math.inf, "high": math.inf, "unit": "1"}
    return {name: open_ended | one for name, one in found.items()}


def setup(trial: Mapping) -> dict[str, object]:
    """Return what decides the numbers of a trial."""
    return {key: trial[key] for key in SETUP}


def describe(trial: Mapping) -> str:
    """Return the run of a trial in words."""
    changes = [f"{name} = {value}" for name, value in trial["parameters"].items()]
    change = ", ".join(changes) or "no change, another reading"
    scenarios = " and ".join(trial["scenarios"])
    runs = f"{scenarios}, {trial['days']} days, {trial['seeds']} seeds"
    return f"{change}; preset {trial['preset']}, {runs}"


def load(paper: str) -> dict | None:
    """Return the numbers of a paper's trials as they were kept, or None where there are none."""
    return baseline.load(f"hypotheses/{paper}")


def stale(kept: Mapping) -> list[str]:
    """Return the trials whose numbers rest on other sources, or on another change, than now."""
    paper = kept["sources"]
    if baseline.stale(kept):
        return list(listed(paper))
    return [n for n, trial in listed(paper).items() if setup(trial) != kept["runs"].get(n)]


def outcomes(paper: str, claims: Mapping[str, Mapping]) -> list[dict]:
    """Return one entry for each row of each trial, in the order of the file.

    `claims` are by id, with ``low``, ``high``, ``unit`` and ``statement``.
    """
    kept = load(paper) or {"values": [], "date": ""}
    old = stale(kept) if kept["values"] else []
    values = {(note["trial"], note["row"]): note for note in kept["values"]}
    found = []
    for name, trial in listed(paper).items():
        entries = []
        for row in [*trial["rows"], *trial["checks"]]:
            about = _about(paper, row, claims)
            note = values.get((name, row), {})
            explain = row in trial["rows"]
            entry = {"trial": name, "row": row, "explain": explain, **about}
            entry["reads"] = bool(trial["reading"])
            entry |= {key: note.get(key) for key in _NUMBERS}
            entries.append(entry | {"effect": _effect(entry)})
        verdict = _verdict(entries)
        date = kept["date"] + (", stale" if name in old else "")
        found += [entry | {"verdict": verdict, "kept": date} for entry in entries]
    return found


_NUMBERS = ("without", "without_spread", "with", "with_spread", "change_spread", "n")


def _about(paper: str, row: str, claims: Mapping[str, Mapping]) -> dict:
    known = quantities(paper)
    about = known.get(row) or claims.get(row)
    if about is None:
        raise unknown(f"row of a hypothesis of {paper}", row, [*known, *claims])
    keys = ("statement", "unit", "low", "high")
    return {
        "claim": about.get("claim", row),
        "expected": about.get("expected"),
        **{key: about[key] for key in keys},
    }


def _effect(entry: Mapping) -> str:
    """Say what the change of a trial does to a row."""
    before, after = entry["without"], entry["with"]
    if before is None or after is None:
        return "not run"
    gaps = [max(entry["low"] - value, value - entry["high"], 0.0) for value in (before, after)]
    # the same runs read in another way have no chance in their difference
    clear = entry["reads"] or abs(after - before) > 2 * entry["change_spread"] / entry["n"] ** 0.5
    if gaps[0] == 0:
        if gaps[1] == 0 or not clear:
            return "held"
        return "strained" if _near(entry, after) else "lost"
    if not clear:
        return "not clear"
    if gaps[1] == 0:
        return "explained"
    if gaps[1] <= gaps[0] * 2 / 3:
        return "nearer"
    return "farther" if gaps[1] > gaps[0] else "hardly nearer"


def _near(entry: Mapping, value: float) -> bool:
    """Whether a value is as far off as a claim that is near; what is no claim has no margin."""
    expected = entry["expected"]
    if expected is None:
        return False
    bound = entry["high"] if value > expected else entry["low"]
    return abs(value - expected) <= 2 * abs(bound - expected)


def _verdict(entries: list[Mapping]) -> str:
    effects = {entry["effect"] for entry in entries}
    wanted = {entry["effect"] for entry in entries if entry["explain"]}
    if "not run" in effects:
        return "not run"
    if "lost" in effects or not wanted & {"explained", "nearer"}:
        return "rejected"
    whole = wanted <= {"explained", "held"} and "strained" not in effects
    return "explains" if whole else "explains in part"
