"""The question bank: at least five questions on each notebook, each for one misconception.

A question is an entry of ``questions/<notebook>.toml``. No number that is asked for is typed there:
an entry names a function of `soilnb.course.answers`, which the models answer whenever the bank is
made. The number that it gave when the question was written stands beside it (``kept``), so that a
test fails where a model has changed an answer.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from soilnb.course import answers, moodle, printed
from soilnb.course.editions import EDITIONS
from soilnb.parameters import check_known

#: The kinds of questions, as a reader meets them.
KINDS = {
    "choice": "one is right",
    "numeric": "a number",
    "order": "into order",
    "short": "in your own words",
}

_FOLDER = Path(__file__).parent / "questions"


class Choice(NamedTuple):
    """One of the answers to choose from: its text, and what is wrong with it (empty: right)."""

    text: str
    why: str


class Criterion(NamedTuple):
    """A line of a rubric: its points, and what earns them."""

    points: int
    text: str


@dataclass(frozen=True)
class Question:
    """A question with its answer.

    Attributes
    ----------
    id, notebook, kind : str
        Its name in the bank, the notebook that it asks about, one of `KINDS`.
    text, why, misconception : str
        What is asked, why the answer is what it is, and what a student believes who errs.
    choices : tuple of Choice
        What to choose from, in an order that does not tell (alphabetical).
    order, rubric : tuple
        What to bring into order, in the right one; what earns points in an answer in words.
    value, unit, tolerance, kept : float, str, float, float
        The number asked for, its unit (empty for a plain number), how far an answer may be from it
        (relative), and what it was when the question was written.
    """

    id: str
    notebook: str
    kind: str
    text: str
    why: str
    misconception: str
    choices: tuple[Choice, ...] = ()
    order: tuple[str, ...] = ()
    rubric: tuple[Criterion, ...] = ()
    value: float = 0.0
    unit: str = ""
    tolerance: float = 0.02
    kept: float = 0.0

    @property
    def mixed(self) -> list[str]:
        """What is to be brought into order, in an order that does not tell."""
        return sorted(self.order)

    @property
    def answer(self) -> str:
        """The right answer in words."""
        if self.kind == "choice":
            return next(choice.text for choice in self.choices if not choice.why)
        if self.kind == "numeric":
            digits = ",.0f" if abs(self.value) >= 1000 else ".3g"
            return f"{self.value:{digits}} {self.unit}".strip()
        return " → ".join(self.order)


def questions(notebooks: Iterable[str] | None = None) -> tuple[Question, ...]:
    """Return the questions on some notebooks, by default all, answered by the models.

    Examples
    --------
    >>> first = questions(["00_start_here"])[0]
    >>> first.kind, first.answer
    ('numeric', '15,000 g C m⁻²')
    """
    names = [path.stem for path in sorted(_FOLDER.glob("*.toml"))]
    wanted = names if notebooks is None else list(notebooks)
    for name in wanted:
        check_known("notebook with questions", name, names)
    return tuple(question for name in wanted for question in _read(name))


@cache
def _read(notebook: str) -> tuple[Question, ...]:
    entries = tomllib.loads((_FOLDER / f"{notebook}.toml").read_text(encoding="utf-8"))
    return tuple(_question(notebook, entry) for entry in entries["question"])


def _question(notebook: str, entry: Mapping[str, object]) -> Question:
    """Return an entry as a question: with its numbers in the text, and answered."""
    entry = dict(entry)
    numbers, call = entry.pop("numbers", {}), entry.pop("answer", None)
    entry["text"] = entry["text"].format(**numbers)
    if "right" in entry:
        choices = [(entry.pop("right"), ""), *map(tuple, entry.pop("wrong"))]
        entry["choices"] = tuple(sorted(Choice(*one) for one in choices))
    if call:
        entry["value"] = float(getattr(answers, call)(**numbers))
    if ranked := entry.pop("ranked", None):  # falling, by the numbers that the models give
        values = getattr(answers, ranked)()
        texts = entry["order"]
        entry["order"] = [texts[key] for key in sorted(texts, key=lambda key: -values[key])]
    entry["order"] = tuple(entry.get("order", ()))
    entry["rubric"] = tuple(Criterion(*one) for one in entry.get("rubric", ()))
    return Question(notebook=notebook, **entry)


def write(folder: str | Path, edition: str, notebooks: Iterable[str] | None = None) -> list[Path]:
    """Write the bank's files into a folder, and return them.

    Students get ``questions.html`` and ``projects.html``, to be printed; an ``instructor`` also
    ``key.html`` and ``moodle.xml``, which hold the answers, and projects with examples. `notebooks`
    names those whose questions are wanted; by default all.
    """
    check_known("edition", edition, EDITIONS)
    asked, folder = questions(notebooks), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    instructor = edition == "instructor"
    files = {
        "questions.html": printed.sheet(asked, key=False),
        "projects.html": printed.assignments(key=instructor),
    }
    if instructor:
        files |= {"key.html": printed.sheet(asked, key=True), "moodle.xml": moodle.quiz(asked)}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]
