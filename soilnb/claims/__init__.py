"""What the papers say in numbers, what we get, and the verdict on each.

One claim is one number of a paper (or one order or sign, with the value 1 or 0). The claims of
a paper stand in ``papers/<paper>.toml``; a notebook notes what it measured with `record`; the
scoreboard shows both side by side. The verdict is made here and nowhere else (`verdict`).

What an agreement is worth is the claim's *strength*; only independent agreement is worth
advertising.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import results
from soilnb.claims import baseline, hypothesis, line
from soilnb.claims.baseline import series
from soilnb.claims.baseline import table as kept_table
from soilnb.claims.locators import locator, page
from soilnb.jobs import writing
from soilnb.parameters import InputError, check_finite, check_known, unknown

__all__ = [
    "compare", "figures", "hypotheses", "kept_table", "listed", "locator", "page", "papers",
    "presets", "record", "record_all", "rows", "series", "summary", "verdict", "verdict_line",
    "write_baseline",
]  # fmt: skip

#: What a claim may rest on.
DATA = {
    "published": "a model run on published parameters and forcing",
    "calibrated": "some choice was tuned to a number of the paper",
    "real": "a real data set or the testbed grid",
    "synthetic": "a synthetic twin, or the formula planet",
}

KINDS = ("value", "order", "sign", "reported")

#: What an agreement is worth, the most telling first.
STRENGTHS = {
    "independent": "nothing was tuned to it, or to what it follows from",
    "tuned": "some choice was made with this number, or one that implies it, in view",
    "by construction": "it could not have come out otherwise: an identity, a sweep that makes the "
    "sign, a check of our own code",
    "order": "only an order or a sign",
}

#: Symbol and meaning of each verdict, in the order in which they are counted.
VERDICTS = {
    "same": (
        "✓",
        "our number lies in the interval that the paper prints, else in the claim's own band",
    ),
    "near": ("≈", "outside, but within a factor of 1.5; or in range but resting on synthetic data"),
    "differs": ("✗", "outside; the cause is given in words"),
    "reported": ("•", "no comparison is possible; our number stands beside the paper's"),
    "not run": ("–", "not computed yet"),
}

#: A number outside its band is still near within this factor of the paper's value.
NEAR = 1.5

#: Keys of a row, in the order in which ``soilnb claims --json`` prints them.
ROW = (
    "id", "paper", "figure", "statement", "expected", "low", "high", "unit",
    "value", "verdict", "strength", "data", "cause", "notebook", "size",
)  # fmt: skip

#: What a row has besides, where it applies: what it was computed with, and over how many seeds.
VARIANT, SPREAD = ("preset", "variant"), ("spread", "n")

_noted: dict[str, dict] = {}


def papers() -> list[str]:
    """Return the papers (and ``validation``) that have claims, in the order of the book.

    Examples
    --------
    >>> papers()
    ['rotzer2025', 'he2024', 'tao2023', 'tao2024', 'luo2025', 'validation']
    """
    return list(_papers())


@cache
def _papers() -> tuple[str, ...]:
    """Find the papers once: the scoreboard asks for each of its rows."""
    known = ("rotzer2025", "he2024", "tao2023", "tao2024", "luo2025", "validation")
    return tuple(paper for paper in known if _file(paper).is_file())


def _file(paper: str):
    return resources.files(__name__) / "papers" / f"{paper}.toml"


@cache
def _contents(paper: str) -> dict:
    return tomllib.loads(_file(paper).read_text(encoding="utf-8"))


def presets(paper: str) -> dict[str, dict[str, str]]:
    """Return the presets for which a paper's claims are computed.

    Each has ``data`` (what its rows rest on), ``cause`` where one explains most rows that differ,
    and ``tuned_to`` where its numbers were tuned to other claims than those of the default.

    Examples
    --------
    >>> list(presets("rotzer2025"))
    ['default', 'documented', 'literal', 'ungated', 'matched']
    """
    check_known("paper", paper, papers())
    return _contents(paper).get("presets", {})


@cache
def _claims() -> dict[str, dict]:
    """Read all claims, checked, by id."""
    found: dict[str, dict] = {}
    for paper in papers():
        for claim in [*_contents(paper)["claim"], *_members(_contents(paper).get("family", []))]:
            name, kind = claim["id"], claim["kind"]
            if name in found or kind not in KINDS:
                raise InputError(f"claim {name!r} of {paper}: given twice, or of kind {kind!r}")
            claim = {"paper": paper, "unit": "1", "strength": _strength(paper, kind), **claim}
            if kind in ("order", "sign"):
                claim = {"expected": 1.0, "low": 1.0, "high": 1.0, **claim}
            check_known(f"strength of claim {name!r}", claim["strength"], STRENGTHS)
            found[name] = claim
    return found


def _members(families: Iterable[Mapping]) -> list[dict]:
    """Return the claims of families: what they share, with a number and a range of their own.

    ``each`` has by the end of the id: words, the paper's number, and the range unless none is
    judged.
    """
    found = []
    for family in families:
        shared = {key: value for key, value in family.items() if key != "each"}
        for name, (words, *numbers) in family["each"].items():
            own = dict(zip(("expected", "low", "high"), numbers, strict=False))
            own |= {"id": f"{shared['id']}-{name}", "statement": f"{shared['statement']}: {words}"}
            found.append(shared | own)
    return found


def _strength(paper: str, kind: str) -> str:
    """Return what an agreement with a claim is worth where the claim does not say it."""
    usual = "order" if kind in ("order", "sign") else "independent"
    return _contents(paper).get("strength", usual)


@cache
def figures() -> pd.DataFrame:
    """Return the manifest of the papers' figures and tables, by the name that a run saves them as.

    Columns: owner ``notebook``, ``panels`` (one letter a panel) and what it ``shows``.

    Examples
    --------
    >>> figures().loc["he2024-fig6", "notebook"]
    '22_diagnosed_cue'
    """
    text = (resources.files(__name__) / "figures.toml").read_text(encoding="utf-8")
    table = pd.DataFrame.from_dict(tomllib.loads(text), orient="index")
    return table.rename_axis("figure").fillna({"panels": ""})


def verdict(claim: dict, value: float | None, data: str | None) -> str:
    """Judge one measured value (None: there is none) against its claim; see `VERDICTS`.

    A value is near where it lies outside of its band, but within a factor of `NEAR` of the paper's
    value and within twice the band's distance from it; or inside, but on synthetic data. An order
    or sign is right or wrong, and an inequality ("at least", "up to") is judged as printed: neither
    is near by distance. An inequality has a cap, beyond which a number is not believable.

    `claim` has its ``kind`` and, unless it is ``reported``, ``expected``, ``low`` and ``high``;
    `data` is one of `DATA`.

    Examples
    --------
    >>> claim = {"kind": "value", "expected": 0.5, "low": 0.4, "high": 0.6}
    >>> verdict(claim, 0.55, "real"), verdict(claim, 0.65, "real"), verdict(claim, 0.9, "real")
    ('same', 'near', 'differs')
    """
    if value is None:
        return "not run"
    if claim["kind"] == "reported":
        return "reported"
    low, high, expected = claim["low"], claim["high"], claim["expected"]
    if low <= value <= high:
        return "near" if data == "synthetic" else "same"
    if claim["kind"] != "value":
        return "differs"
    bound = high if value > high else low
    close = abs(value - expected) <= 2 * abs(bound - expected)
    alike = abs(expected) / NEAR <= math.copysign(1, expected) * value <= abs(expected) * NEAR
    return "near" if close and alike else "differs"


def record(
    id: str,
    value: float | bool,
    *,
    data: str = "published",
    cause: str = "",
    spread: float | None = None,
    n: int | None = None,
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
    spread, n : float and int, optional
        Standard deviation over the seeds, and how many there are, where `value` is a mean.
    **variant : str
        ``preset=`` or ``variant=``, where the claim is computed for several.

    Examples
    --------
    >>> record("he-6c", 1.0, data="synthetic")
    >>> compare("he2024", ids=["he-6c"])["data"].item()
    'synthetic'
    """
    note = _note(id, value, data, cause, spread, n, **variant)
    _noted[_key(note)] = note
    run = results.current()
    if run is not None:
        with writing(run.folder / "claims.json") as part:
            part.write_text(json.dumps([*_noted.values()], indent=1) + "\n", encoding="utf-8")


def record_all(
    values: Mapping[str, float | bool],
    *,
    data: str = "published",
    cause: str | Mapping[str, str] = "",
    **variant: str,
) -> None:
    """Note several measured numbers, by claim: what `record` does for one.

    ``data`` and a preset or variant hold for all of them; `cause` may be a mapping by claim.

    Examples
    --------
    >>> record_all({"he-1b-1": 0.55, "he-1b-2": 0.25})
    """
    for name, value in values.items():
        why = cause if isinstance(cause, str) else cause.get(name, "")
        record(name, value, data=data, cause=why, **variant)


def _note(id, value, data="published", cause="", spread=None, n=None, **variant) -> dict:
    """Return what is known of one measured number, checked; the arguments are those of `record`."""
    check_known("claim", id, _claims())
    check_known(f"kind of data of claim {id!r}", data, DATA)
    for key in variant:
        check_known(f"key of claim {id!r}", key, VARIANT)
    if isinstance(value, bool | np.bool_):  # whether an order holds
        value = float(value)
    note = {"id": id, "value": check_finite(f"value of claim {id!r}", value)}
    if spread is not None and math.isfinite(spread):
        note["spread"] = float(spread)
    if n is not None:
        note["n"] = int(n)
    note["data"] = data
    return note | ({"cause": cause} if cause else {}) | variant


def write_baseline(
    paper: str,
    notes: Iterable[Mapping],
    *,
    size: str = "paper",
    command: str,
    extra: Mapping[str, object] | None = None,
    series: Mapping[str, xr.Dataset] | None = None,
    day: str | None = None,
) -> Path:
    """Keep the results of a paper as its versioned baseline; returns the file.

    Rows that come from it are marked stale once the sources that decide them change. A failure
    leaves the file before.

    Parameters
    ----------
    paper : str
        A paper whose sources `soilnb.claims.baseline.SOURCES` lists.
    notes : iterable of mappings
        Numbers by the names that `record` takes.
    size, command, day
        See `soilnb.claims.baseline.head`.
    extra : mapping, optional
        More to keep: parameters, seeds, numbers to check a recomputation against.
    series : mapping of str to Dataset, optional
        Thinned curves over ``statistic`` (``mean``, ``sd``) and ``time``; by name.
    """
    values = _values(paper, notes)
    data = ", ".join(kind for kind in DATA if any(note["data"] == kind for note in values))
    kept = baseline.head(paper, command=command, data=data, size=size, day=day)
    kept["values"] = values
    for name, entry in (extra or {}).items():
        if name in (*kept, "series"):
            raise InputError(f"extra entry {name!r}: allowed other names than {', '.join(kept)}")
        kept[name] = entry
    if series:
        kept["series"] = baseline.pack(series)
    return baseline.write(kept)


def _values(paper: str, notes: Iterable[Mapping]) -> list[dict]:
    """Return the numbers of a baseline, checked and rounded; see `write_baseline`."""
    values: dict[str, dict] = {}
    for note in notes:
        note = _note(**note)
        if _claims()[note["id"]]["paper"] != paper:
            raise InputError(f"claim {note['id']!r}: allowed claims of {paper}")
        if _key(note) in values:
            raise InputError(f"claim {note['id']!r} is given twice for the same preset or variant")
        note["value"] = baseline.rounded(note["value"])
        if "spread" in note:
            note["spread"] = baseline.rounded(note["spread"], 4)
        values[_key(note)] = note
    return list(values.values())


def _key(note: dict) -> str:
    return "|".join(str(note.get(key, "")) for key in ("id", *VARIANT))


def listed(paper: str | None = None, *, notebook: str | None = None) -> list[dict]:
    """Return what the papers say, without numbers of ours: the claims as their files have them.

    Parameters
    ----------
    paper, notebook : str, optional
        As in `rows`.

    Examples
    --------
    >>> listed("rotzer2025")[0]["paper"]
    'rotzer2025'
    """
    if paper is not None and paper not in papers():
        raise unknown("paper", paper, papers())
    return [
        dict(claim)
        for claim in _claims().values()
        if paper in (None, claim["paper"]) and notebook in (None, claim["notebook"])
    ]


def rows(
    paper: str | None = None, *, notebook: str | None = None, full: bool = False
) -> list[dict]:
    """Return the scoreboard: every claim with our value and the verdict.

    Each row (a claim, for each preset or variant) comes from this session (what `record` noted),
    else from the last run of size ``paper``, else from the versioned baseline. Only a claim without
    any of these takes its rows from the last run of size ``quick``.

    Parameters
    ----------
    paper, notebook : str, optional
        Only the claims of one paper (or of ``validation``), or those that one notebook measures.
    full : bool
        Whether a number of size ``paper`` goes before what a session of size ``quick`` noted.

    Examples
    --------
    >>> sorted({row["paper"] for row in rows(notebook="22_diagnosed_cue")})
    ['he2024', 'validation']
    """
    return _board(listed(paper, notebook=notebook), full, _baseline)


def _board(wanted: Iterable[dict], full: bool, kept: Callable) -> list[dict]:
    saved, kept = cache(_saved), cache(kept)  # each file is read once
    board = []
    for claim in wanted:
        notes = _notes(claim, saved, kept, full)
        board += [_row(claim, note) for note in notes] or [_row(claim, {})]
    return board


def _row(claim: dict, note: dict) -> dict:
    value, data = note.get("value"), note.get("data")
    judged = verdict(claim, value, data)
    row = {**claim, "value": value, "data": data, "size": note.get("size"), "verdict": judged}
    row["strength"] = _strength_of(claim, presets(claim["paper"]).get(note.get("preset", ""), {}))
    row["cause"] = _cause(claim, note) if judged in ("differs", "near") else ""
    extra = {key: note[key] for key in (*VARIANT, *SPREAD) if key in note}
    return {key: row.get(key) for key in ROW} | extra


def _strength_of(claim: dict, preset: Mapping) -> str:
    """Return what an agreement is worth where a preset was tuned to numbers of its own."""
    if "tuned_to" not in preset or claim["strength"] == "by construction":
        return claim["strength"]
    if claim["id"] in preset["tuned_to"]:
        return "tuned"
    return "order" if claim["kind"] in ("order", "sign") else "independent"


def _cause(claim: dict, note: dict) -> str:
    """Return why a number differs: what was noted, else what is known of preset and claim."""
    preset = note.get("preset", "")
    return (
        note.get("cause")
        or claim.get("causes", {}).get(preset or note.get("variant", ""))
        or presets(claim["paper"]).get(preset, {}).get("cause")
        or claim.get("cause", "")
    )


def _notes(claim: dict, saved: Callable, kept: Callable, full: bool) -> list[dict]:
    """Find where a claim was measured; for each preset the first source that has it wins."""
    run = results.current()
    size = run.size if run else "quick"
    here = [note | {"size": size} for note in _noted.values()]
    large = [saved(claim["notebook"], "paper"), kept(claim["paper"])]
    small = [saved(claim["notebook"], "quick")]
    (small if full and size == "quick" else large).insert(0, here)
    found = _first_of(claim, large) or _first_of(claim, small)
    order = {preset: place for place, preset in enumerate(presets(claim["paper"]))}
    return sorted(found.values(), key=lambda note: order.get(note.get("preset"), -1))


def _first_of(claim: dict, sources: list[list[dict]]) -> dict[str, dict]:
    """Return for each preset or variant of a claim what the first source that has it says."""
    found: dict[str, dict] = {}
    for source in sources:
        for note in source:
            if note["id"] == claim["id"]:
                found.setdefault(_key(note), note)
    return found


def _saved(notebook: str, size: str) -> list[dict]:
    path = results.folder(notebook, size) / "claims.json"
    notes = _read(path) if path.is_file() else []
    try:
        if not isinstance(notes, list):
            raise TypeError(f"a {type(notes).__name__}, not a list")
        known = [note for note in notes if note["id"] in _claims()]
        return [_note(**note) | {"size": size} for note in known]
    except (InputError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path} holds no claims of this version ({reason}); run the notebook again"
        ) from None


def _baseline(paper: str, dated: bool = True) -> list[dict]:
    """Return what is kept of a paper; whether it is stale takes reading all of its sources."""
    kept = baseline.load(paper)
    if kept is None:
        return []
    size = kept["size"]
    if dated:
        age = f"{kept['date']}, stale" if baseline.stale(kept) else kept["date"]
        size = f"{size} (baseline of {age})"
    return [note | {"size": size} for note in kept["values"]]


def _read(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path} cannot be read as JSON ({error}); run the notebook again"
        ) from None


def compare(paper: str | None = None, ids: Iterable[str] | None = None) -> pd.DataFrame:
    """Return a table of the paper's numbers beside ours, by claim.

    Parameters
    ----------
    paper : str, optional
        ``he2024`` and so on; all papers when left out.
    ids : iterable of str, optional
        Only these claims; an id that ends with ``*`` stands for all that start so.

    Examples
    --------
    >>> list(compare("luo2025").columns)[:5]
    ['figure', 'statement', 'paper', 'ours', 'range']
    """
    board = rows(paper)
    if ids is not None:
        board = [row for name in ids for row in _matching(board, name)]
    table = [
        {
            "claim": row["id"],
            "figure": row["figure"],
            "statement": row["statement"],
            **{key: row.get(key, "") for key in VARIANT if any(key in other for other in board)},
            "paper": _show(row, row["expected"]),
            "ours": _ours(row),
            "range": _range(row),
            "unit": "" if row["unit"] == "1" else row["unit"],
            "verdict": row["verdict"],
            "strength": row["strength"],
            "data": row["data"] or "",
            "cause": row["cause"],
        }
        for row in board
    ]
    return pd.DataFrame(table).set_index("claim") if table else pd.DataFrame()


def summary(paper: str | None = None, *, board: Iterable[Mapping] | None = None) -> pd.DataFrame:
    """Count the rows of a paper, or of a `board` from `rows`, by strength and (columns) verdict."""
    table = pd.DataFrame(rows(paper) if board is None else list(board), columns=list(ROW))
    counts = pd.crosstab(table["strength"], table["verdict"])
    return counts.reindex(index=list(STRENGTHS), columns=list(VERDICTS), fill_value=0)


def verdict_line(
    paper: str,
    figure: str | None = None,
    *,
    ids: Iterable[str] | None = None,
    preset: str | None = None,
    variant: str | None = None,
) -> line.Line:
    """Return in one line what comes of a figure's numbers, for a lesson.

    Numbers of size ``paper`` go before those of the quick run.

    Parameters
    ----------
    paper, figure : str
        ``rotzer2025`` and so on; ``"5"`` stands for all panels of Fig. 5.
    ids : iterable of str, optional
        Claims instead of a figure, as in `compare`.
    preset, variant : str, optional
        Where claims have several: whose numbers; default the first.

    Examples
    --------
    >>> verdict_line("rotzer2025", figure="4").text
    'The paper prints no number with this figure.'
    """
    board = _board(listed(paper), True, partial(_baseline, dated=False))
    if ids is not None:
        board = [row for name in ids for row in _matching(board, name)]
    if figure is not None:
        board = [row for row in board if line.belongs(row, figure)]
    wanted = {"preset": preset, "variant": variant}
    first: dict[str, dict] = {}
    for row in board:
        if all(row.get(key) in (None, name) for key, name in wanted.items() if name):
            first.setdefault(row["id"], row)
    chosen = [*first.values()]
    at = page(paper, figure or (chosen[0]["figure"] if chosen else None))
    if not chosen:
        return line.Line("The paper prints no number with this figure.", paper, at)
    return line.Line(line.sentence(chosen), paper, at)


def hypotheses(paper: str) -> pd.DataFrame:
    """Return what was tried to explain numbers that do not match, one line a row of each trial.

    By hypothesis: what was ``supposed`` and ``expected``, its ``run``, the claim and ``row`` that
    is looked at, the ``range`` it should come into, its mean and spread over seeds ``without`` and
    ``with`` the change, the ``effect``, the ``verdict`` (see `soilnb.claims.hypothesis`), the
    ``conclusion`` in words, and the day on which numbers were ``kept``. Empty where none was tried.

    Examples
    --------
    >>> list(hypotheses("rotzer2025").columns)[:4]
    ['supposed', 'expected', 'run', 'claim']
    """
    check_known("paper", paper, papers())
    listed = hypothesis.listed(paper)
    table = [
        {
            "hypothesis": entry["trial"],
            "supposed": listed[entry["trial"]]["statement"],
            "expected": listed[entry["trial"]]["expectation"],
            "run": hypothesis.describe(listed[entry["trial"]]),
            "claim": entry["claim"],
            "row": entry["statement"],
            "range": _bounds(entry),
            "without": _with_spread(entry, "without"),
            "with": _with_spread(entry, "with"),
            "unit": "" if entry["unit"] == "1" else entry["unit"],
            "effect": entry["effect"],
            "verdict": entry["verdict"],
            "conclusion": listed[entry["trial"]]["conclusion"],
            "kept": entry["kept"],
        }
        for entry in hypothesis.outcomes(paper, _claims())
    ]
    return pd.DataFrame(table).set_index("hypothesis") if table else pd.DataFrame()


def _bounds(entry: Mapping) -> str:
    if math.isinf(entry["low"]):
        return f"at most {number(entry['high'])}"
    return f"{number(entry['low'])} to {number(entry['high'])}"


def _with_spread(entry: Mapping, which: str) -> str:
    value, spread = entry[which], entry[f"{which}_spread"]
    if value is None:
        return ""
    return f"{value:.3g}" + (f" ± {spread:.2g}" if spread is not None else "")


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


def _ours(row: dict) -> str:
    """Return our number with three digits; more where the paper's has them or the verdict needs."""
    value, claim = row["value"], _claims()[row["id"]]
    full = _show(row, value)
    if value is None or claim["kind"] in ("order", "sign"):
        return full
    whole = len(f"{abs(value):.0f}")
    papers = _digits(number(row["expected"])) if row["expected"] is not None else 0
    for digits in range(max(3, whole, papers), 6):
        text = f"{value:.{digits}g}"
        if verdict(claim, float(text), row["data"]) == row["verdict"]:
            return text
    return full


def _digits(text: str) -> int:
    """Return the significant digits of a number in words."""
    return len(re.sub(r"\D", "", text.partition("e")[0]).lstrip("0"))


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
