"""Six open projects, each with a rubric and what a good answer contains.

A project is a file ``<name>.toml`` of this folder; the table that it shows is made by the function
of `soilnb.course.projects.examples` that it names.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from soilnb.course.projects import examples


class Line(NamedTuple):
    """A line of a rubric: its points, what is graded, and what full and half marks need."""

    points: int
    criterion: str
    full: str
    half: str


@dataclass(frozen=True)
class Project:
    """An open question with what is needed to work on it, and to grade it.

    Attributes
    ----------
    name, number, title, question, data : str or int
        Its file, its place, what is asked, and what is at hand.
    notebooks, hours : list of str, int
        Where to start from, and the work of a student, without the report.
    steps, good, rubric : list of str, tuple of Line
        A way to go, what a good answer contains (Markdown), and what is graded.
    example, shows : str
        The function of `examples` that makes the table of a good answer, and what it shows.
    """

    name: str
    number: int
    title: str
    question: str
    data: str
    notebooks: list[str]
    hours: int
    steps: list[str]
    good: list[str]
    rubric: tuple[Line, ...]
    example: str
    shows: str

    def table(self) -> pd.DataFrame:
        """Return what a good answer contains, in numbers; computed now."""
        return _table(self.example)


@cache
def _table(example: str) -> pd.DataFrame:
    return getattr(examples, example)()


@cache
def projects() -> tuple[Project, ...]:
    """Return the projects in their order.

    Examples
    --------
    >>> [project.name for project in projects()][:3]
    ['local_profile', 'farm_plan', 'priming']
    """
    found = []
    for path in Path(__file__).parent.glob("*.toml"):
        entry = tomllib.loads(path.read_text(encoding="utf-8"))
        entry["rubric"] = tuple(Line(*line) for line in entry["rubric"])
        found.append(Project(name=path.stem, **entry))
    return tuple(sorted(found, key=lambda project: project.number))
