"""One line for a lesson: how many numbers of a figure agree, and why the others do not."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from soilnb import results


class Line:
    """A sentence with a link to the `page` of *How we checked*, as a notebook shows it."""

    def __init__(self, text: str, paper: str, page: str) -> None:
        self.text, self.paper, self.page = text, paper, page

    def __repr__(self) -> str:
        return f"{self.text} All rows: soilnb claims {self.paper}"

    def _repr_html_(self) -> str:
        # as HTML: the page of a book has the link, and no kernel that could look it up
        link = f'<a href="../{self.page}">how we checked</a>'
        return f'<p class="soilnb-verdict">{results.typeset(self.text)} ({link})</p>'


def belongs(row: Mapping, figure: str) -> bool:
    """Whether a claim belongs to a figure or to one of its panels.

    Examples
    --------
    >>> belongs({"figure": "5a"}, "5"), belongs({"figure": "10a"}, "1")
    (True, False)
    """
    return re.fullmatch(rf"(implied by )?{re.escape(figure)}[a-z]?", row["figure"]) is not None


def sentence(rows: Sequence[Mapping]) -> str:
    """Return in a sentence how many of some `soilnb.claims.rows` agree, and why the others do not.

    Examples
    --------
    >>> row = {"verdict": "same", "strength": "independent", "cause": "", "size": "quick"}
    >>> sentence([row, row | {"verdict": "differs", "cause": "no frost; two winters"}])
    '1 of 2 numbers agrees, without any tuning. 1 differs: no frost. Quick run.'
    >>> sentence([row | {"verdict": "near"}, row | {"verdict": "near"}])
    '2 of 2 numbers nearly agree. Quick run.'
    """
    judged = [row for row in rows if row["verdict"] in ("same", "near", "differs")]
    if not judged:
        return "No number of the paper can be judged here; ours stands beside it."
    agree = [row for row in judged if row["verdict"] == "same"]
    parts = [_agreement(agree, len(judged))] if agree else []
    for verdict, words in (("near", "nearly agree"), ("differs", "differ")):
        some = [row for row in judged if row["verdict"] == verdict]
        who = str(len(some)) if parts else f"{len(some)} of {len(judged)} numbers"
        parts += _apart(some, words, "The only number" if len(judged) == 1 else who)
    size = Counter(str(row["size"]).partition(" ")[0] for row in judged).most_common(1)[0][0]
    return " ".join([*parts, "Full size." if size == "paper" else "Quick run."])


def _agreement(agree: Sequence[Mapping], number: int) -> str:
    """Return how many of so many numbers agree, and what that is worth."""
    counts = Counter(row["strength"] for row in agree)
    free, kinds = counts["independent"], set(counts)
    alone = {
        "independent": "without any tuning", "order": "in order or sign",
        "by construction": "by construction",
    }  # fmt: skip
    few = "not" if number == 1 else "none of them"
    worth = f"{free} of them without any tuning" if free else f"{few} without tuning"
    if len(kinds) == 1:
        worth = alone.get(kinds.pop(), worth)
    who = "The only number" if number == 1 else f"{len(agree)} of {number} numbers"
    return f"{who} {'agrees' if len(agree) == 1 else 'agree'}, {worth}."


def _apart(rows: Sequence[Mapping], words: str, who: str) -> list[str]:
    """Return how many do not agree, with the cause that most of them have."""
    if not rows:
        return []
    verb = re.sub(r"(agree|differ)$", r"\1s", words) if len(rows) == 1 else words
    causes = Counter(_first(row["cause"]) for row in rows if row["cause"])
    cause = f": {causes.most_common(1)[0][0]}" if causes else ""
    return [f"{who} {verb}{cause}."]


def _first(cause: str) -> str:
    """Return the first statement of a cause; what stands in brackets is part of it."""
    depth = 0
    for at, letter in enumerate(cause):
        depth += (letter == "(") - (letter == ")")
        ends = letter == ";" or cause[at : at + 2] == ". "
        if ends and depth == 0:
            return cause[:at]
    return cause.rstrip(".")
