"""The scoreboard, and for each paper a page that says how it was checked.

Both show the same: each claim once, with the numbers of every preset or variant side by side.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import pandas as pd

from soilnb import claims
from soilnb.claims import DATA, STRENGTHS, VERDICTS, emulated, matching
from soilnb.lessons.pore import what_was_not_printed
from soilnb.pipeline import fingerprint
from soilnb.pipeline.pages import markdown
from soilnb.pipeline.pages.markdown import (
    WIDE,
    escape,
    html,
    known,
    plain_unit,
    table,
    with_unit,
)
from soilnb.results import raised

#: The notebook on what a paper leaves open.
LESSON = "16_what_was_not_printed"

#: Points of the emulator behind what is left of each choice.
PLACES = 4096

#: Short names of the papers.
PAPERS = {
    "rotzer2025": "Rötzer et al. 2025",
    "he2024": "He et al. 2024",
    "tao2023": "Tao et al. 2023",
    "tao2024": "Tao et al. 2024",
    "luo2025": "Luo et al. 2025",
    "validation": "Validation: our models against their reference codes",
}

_INDEX = """\
# How we checked

A page for each paper: every number of it that we meet, figure by figure, with ours, the range, the
verdict and its worth, what it rests on, and why it differs where it does. The
[scoreboard](../scoreboard.md) has all of them in one table."""


def entries(
    rows: Sequence[Mapping[str, object]], shown: pd.DataFrame, notebooks: Iterable[str] = ()
) -> list[dict]:
    """Return every claim once, ready to be shown; ``cases`` has what each value has of its own.

    ``alike`` has the same for a reader: values, verdicts and all that is shown of them once, with
    the presets or variants (``names``) that share them.

    Parameters
    ----------
    rows, shown : sequence of mappings, DataFrame
        The claims (`soilnb.claims.rows`), and as readers see them (`soilnb.claims.compare`).
    notebooks : iterable of str
        Notebooks that are pages of this book.
    """
    pages, found = set(notebooks), {}
    for row, text in zip(rows, shown.to_dict("records"), strict=True):
        entry = found.setdefault((row["paper"], row["id"]), _entry(row, text, pages))
        entry["cases"].append(_case(row, text))
    return [entry | {"alike": _alike(entry["cases"])} for entry in found.values()]


def _alike(cases: Sequence[Mapping]) -> list[dict]:
    """Return cases that look the same as one, with the names of all of them."""
    groups = defaultdict(list)
    for case in cases:
        groups[tuple(case[key] for key in ("ours", "verdict", "strength", "data"))].append(case)
    found = []
    for some in groups.values():
        names = [case["name"] for case in some if case["name"]]
        every = 2 < len(names) == len(cases)
        found.append(some[0] | {"names": names, "name": "all" if every else ", ".join(names)})
    return found


def _entry(row: Mapping, text: Mapping, pages: set[str]) -> dict:
    place, figure = claims.locator(known(row["figure"])), known(row["figure"])
    notebook = known(row["notebook"])
    return {
        "id": row["id"],
        "paper": row["paper"],
        "of": PAPERS.get(row["paper"], row["paper"]),
        "place": place,
        "where": f"Fig. {figure}" if place.anchor.startswith("fig") and figure[:1] != "i"
        else figure[:1].upper() + figure[1:],
        "page": claims.page(row["paper"], figure),
        "statement": raised(row["statement"]),
        "unit": plain_unit(text["unit"]),
        "expected": text["paper"],
        "range": text["range"],
        "notebook": notebook if notebook in pages else "",
        "cases": [],
    }  # fmt: skip


def _case(row: Mapping, text: Mapping) -> dict:
    return {
        "name": known(row.get("preset")) or known(row.get("variant")),
        "ours": text["ours"],
        "verdict": row["verdict"],
        "symbol": VERDICTS.get(row["verdict"], ("?",))[0],
        "strength": known(row.get("strength")),
        "data": known(row.get("data")),
        "size": known(row.get("size")),
        "cause": raised(known(row.get("cause"))),
    }


# --- Scoreboard ---------------------------------------------------------------------------


def scoreboard(found: Sequence[Mapping], pictures: Mapping[tuple[str, str], str] | None = None):
    """Return the scoreboard page of `entries`.

    `pictures` has the address of a small picture of our figure, by paper and anchor of its place.
    """
    parts = [
        f"{WIDE}# Scoreboard",
        "Every number of the papers that a notebook meets is a **claim**: the paper's value, "
        "the range in which we call our own number the same, and the verdict. Nothing is left "
        "out because it does not fit. What an agreement is worth stands beside it: a number that "
        "something was tuned to cannot fail as one can that nothing was fitted to.",
    ]
    if not found:
        return "\n\n".join([*parts, "No claims are recorded yet."]) + "\n"
    papers = list(dict.fromkeys((entry["paper"], entry["of"]) for entry in found))
    board = html("scoreboard", entries=found, pictures=pictures or {}, papers=papers)
    return "\n\n".join([*parts, _counts(found), _legend(), "## Every claim", board]) + "\n"


def _counts(found: Iterable[Mapping]) -> str:
    """Return how many numbers came out how, by what an agreement is worth."""
    cases = [case for entry in found for case in entry["cases"]]
    tally = Counter((case["verdict"], case["strength"]) for case in cases)
    verdicts = [*VERDICTS, *sorted({verdict for verdict, _ in tally} - {*VERDICTS})]
    alone = tally["same", "independent"]
    judged = sum(tally[verdict, "independent"] for verdict in ("same", "near", "differs"))
    rows = [
        [
            _verdict(verdict),
            *(str(tally[verdict, worth]) for worth in STRENGTHS),
            f"**{sum(count for (name, _), count in tally.items() if name == verdict)}**",
        ]
        for verdict in verdicts
    ]
    return "\n\n".join(
        [
            "## What the agreement is worth",
            f"Of {judged} numbers that nothing was tuned to, **{alone} came out the same**. Here "
            "stands everything, a claim that is computed for several presets once for each:",
            table(["verdict", *STRENGTHS, "all"], rows, [3, *[2] * len(STRENGTHS), 1]),
        ]
    )


def _verdict(name: str) -> str:
    symbol, _ = VERDICTS.get(name, ("?", ""))
    return f"{symbol} {escape(name)}".replace(" ", "\u00a0")


def _legend() -> str:
    verdicts = "\n".join(f"- **{s} {v}**: {meaning}." for v, (s, meaning) in VERDICTS.items())
    worth = "\n".join(f"- **{name}**: {meaning}." for name, meaning in STRENGTHS.items())
    data = "\n".join(
        f"- **{'◇ ' if d == 'synthetic' else ''}{d}**: {meaning}." for d, meaning in DATA.items()
    )
    return (
        "```{admonition} How to read the words\n:class: dropdown\n\n"
        f"Verdicts:\n\n{verdicts}\n\nWhat an agreement is worth:\n\n{worth}\n\n"
        f"What a number rests on:\n\n{data}\n\n"
        "A claim about an order or a sign is true (1) or not (0), never *near*. A row that rests "
        "on synthetic data is at best *near*. A number comes from a run of size *paper* where "
        "there is one, else from the baseline that ships with the package, else from the *quick* "
        "runs that made this book; each row says which.\n```"
    )


# --- How we checked -----------------------------------------------------------------------


def how_we_checked(
    found: Sequence[Mapping],
    tried: Mapping[str, pd.DataFrame] | None = None,
    pictures: Mapping[tuple[str, str], str] | None = None,
    left_open: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the pages that say how each paper was checked, by file name without suffix.

    Parameters
    ----------
    found, pictures
        As for `scoreboard`.
    tried : mapping of str to DataFrame, optional
        By paper, the hypotheses about numbers that do not match (`soilnb.claims.hypotheses`).
    left_open : mapping, optional
        By paper, the part of its page on what it leaves open (`not_printed`).
    """
    papers: dict[str, list[Mapping]] = {}
    for entry in found:
        papers.setdefault(entry["paper"], []).append(entry)
    pages = {
        paper: _paper(
            paper, of, (tried or {}).get(paper), pictures or {}, (left_open or {}).get(paper, "")
        )
        for paper, of in papers.items()
    }
    links = "\n".join(
        f"- [{escape(PAPERS.get(paper, paper))}]({paper}.md): {tally(of)}."
        for paper, of in papers.items()
    )
    return {"index": f"{_INDEX}\n\n{links}\n", **pages}


def tally(found: Iterable[Mapping]) -> str:
    """Return in words how many numbers came out how."""
    count = Counter(case["verdict"] for entry in found for case in entry["cases"])
    return ", ".join(f"{count[name]} {name}" for name in VERDICTS if count[name])


def _paper(
    paper: str,
    found: Sequence[Mapping],
    tried: pd.DataFrame | None,
    pictures: Mapping[tuple[str, str], str],
    left_open: str,
) -> str:
    title = PAPERS.get(paper, paper)
    places: dict = {}
    for entry in found:
        places.setdefault(entry["place"], []).append(entry)
    places = {place: places[place] for place in sorted(places, key=_order)}
    jumps = [f'<a href="#{place.anchor}">{place.title}</a>' for place in places]
    told = tried is not None and len(tried)
    if told:
        jumps.append('<a href="#tried">What was tried</a>')
    if left_open:
        jumps.append('<a href="#not-printed">What was not printed</a>')
    parts = [
        f"{WIDE}# {escape(title)}: how we checked",
        f"{len(found)} claims, and of the numbers that we compute for them {tally(found)}. "
        "The [scoreboard](../scoreboard.md) has the same to search and sort, and explains the "
        "words.",
        f"On this page: {' · '.join(jumps)}",
    ]
    for place, of in places.items():
        picture = pictures.get((paper, place.anchor))
        parts += [
            f'<span id="{place.anchor}"></span>',
            f"## {escape(place.title)}",
            f"{tally(of)}.",
            html("checked", entries=of, place=place, picture=picture),
        ]
    if told:
        parts.append(_tried(tried))
    if left_open:
        parts.append(left_open)
    return "\n\n".join(parts) + "\n"


def _order(place: tuple) -> tuple:
    """Return where a place stands on its page: text, figures and tables by number, the rest."""
    rank = {"text": 0, "fig": 1, "table": 2}.get(place.anchor.split("-")[0], 3)
    parts = re.split(r"(\d+)", place.anchor)
    return rank, [int(part) if part.isdigit() else part for part in parts]


def _tried(table_of: pd.DataFrame) -> str:
    """Return the hypotheses of a paper, each with its run, what came out, and the verdict."""
    days = sorted(set(table_of["kept"]) - {""})
    made = f" Numbers of {', '.join(map(escape, days))}, made by" if days else " Made by"
    parts = [
        '<span id="tried"></span>\n\n## What was tried',
        "Where our numbers differ, these explanations were tested at full size, each with runs of "
        "its own or by another reading of the unchanged ones. *Explained* rows come into their "
        "range, *nearer* ones lose a third of their distance to it or more, *strained* and *lost* "
        "ones were in range before and are near or far now; a change is *clear* when it is more "
        "than twice its standard error, seed by seed. "
        f"A hypothesis that loses a row is rejected.{made} "
        "`python -m experiments.hypotheses`.",
    ]
    rows = [_hypothesis(name, group) for name, group in table_of.groupby(level=0, sort=False)]
    header = ["hypothesis", "run", "rows: range, without → with", "verdict"]
    return "\n\n".join([*parts, table(header, rows, [26, 17, 33, 24])])


def not_printed(notebooks: Iterable[str] = ()) -> str:
    """Return what the history matching explored, and what it left of each choice.

    `notebooks` are those that are pages of the book, and can be linked to.
    """
    linked = LESSON in notebooks
    name = f"kept/not-printed{'-linked' if linked else ''}.md"
    code = ["from soilnb.lessons.pore import what_was_not_printed"]
    made = partial(_not_printed, linked)
    return fingerprint.kept(name, code, made, __file__, markdown.__file__)


def _not_printed(linked: bool) -> str:
    notebook = "What was not printed"
    notebook = f"[{notebook}](../notebooks/{LESSON}.ipynb)" if linked else f"*{notebook}*"
    world = emulated.world(PLACES)
    left = emulated.shares(world.points, world.weight)["weight"]
    gone = float(emulated.ruled_out(world.off).mean())
    text = (
        '<span id="not-printed"></span>\n\n## What was not printed\n\n'
        f"Which choice stands behind a number was asked by history matching: "
        f"{what_was_not_printed.rests_on()}. {len(matching.numbers())} printed numbers are "
        f"matched, {len(matching.held_out())} were held out before the first run. "
        f"{len(world.wanted)} of the matched ones can be emulated so far; by them {gone:.0%} of "
        f"all combinations are ruled out. The notebook {notebook} says how."
    )
    rows = []
    for name, one in what_was_not_printed.described().iterrows():
        kept = left.loc[name].sort_values(ascending=False)
        said = ", ".join(f"{word} {share:.0%}" for word, share in kept.items() if share >= 0.05)
        words = f"**{escape(matching.choices()[name]['meaning'])}**<br>{escape(one['source'])}"
        rows.append([words, escape(one["explored"]), escape(one["default"]), escape(said)])
    header = ["choice, and where the doubt comes from", "explored", "default", "weight left"]
    return f"{text}\n\n{table(header, rows, [48, 14, 12, 26])}"


def _hypothesis(name: object, group: pd.DataFrame) -> list[str]:
    first = group.iloc[0]
    held = group[group["effect"] == "held"]
    lines = [_outcome(row) for row in group.drop_duplicates("row").to_dict("records")
             if row["effect"] != "held"]  # fmt: skip
    if len(held):
        names = (f"`{name}`" for name in dict.fromkeys(held["claim"]))
        lines.append(f"held: {', '.join(names)}")
    return [
        f"**{escape(name)}**<br>{escape(first['supposed'])}.<br>*Expected:* "
        f"{escape(first['expected'])}.",
        escape(first["run"]),
        "<br>".join(lines),
        f"**{escape(first['verdict'])}**"
        + (f"<br>{escape(first['conclusion'])}." if known(first["conclusion"]) else ""),
    ]


def _outcome(row: Mapping[str, object]) -> str:
    values = " → ".join(escape(row[key]) for key in ("without", "with") if row[key])
    label = f"`{row['claim']}`: {escape(row['row'])}"
    return f"{label} ({escape(row['range'])}): {with_unit(values, row['unit'])}, *{row['effect']}*"
