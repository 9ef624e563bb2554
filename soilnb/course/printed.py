"""Questions as pages to print, or to save as PDF: one without answers, one with the key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup, escape

from soilnb.course.projects import projects
from soilnb.pipeline import runs

if TYPE_CHECKING:
    from soilnb.course.bank import Question


def sheet(questions: Iterable[Question], *, key: bool) -> str:
    """Return the questions as a page to print.

    Parameters
    ----------
    questions : iterable of Question
        What is asked, notebook by notebook.
    key : bool
        With answers, misconceptions and rubrics, instead of room to write.
    """
    titles = {path.stem: runs.title(path) for path in runs.notebooks()}
    return filled("questions", groups=by_notebook(questions), titles=titles, key=key)


def assignments(*, key: bool) -> str:
    """Return the open projects with their rubrics as a page to print.

    Parameters
    ----------
    key : bool
        With what a good answer contains, and an example of it, computed now.
    """
    return filled("projects", projects=projects(), key=key)


def by_notebook(questions: Iterable[Question]) -> dict[str, list[Question]]:
    """Return questions by the notebook that they ask about."""
    grouped = groupby(questions, lambda question: question.notebook)
    return {notebook: list(group) for notebook, group in grouped}


def filled(template: str, **values: object) -> str:
    """Return a template of the course filled in."""
    return _templates().get_template(f"{template}.html").render(values)


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("soilnb.course"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    made.filters["inline"] = _inline
    return made


def _inline(text: str) -> Markup:
    """Return a line of Markdown with its code and its emphasis as HTML."""
    coded = re.sub(r"`(.+?)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*(.+?)\*", r"<em>\1</em>", coded))
