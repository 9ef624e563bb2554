"""Questions as pages to print, or to save as PDF: one without answers, one with the key."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from soilnb.course.projects import projects
from soilnb.pipeline import runs
from soilnb.results import typeset

if TYPE_CHECKING:
    from soilnb.course.bank import Question

#: Letters of the few formulas that stand in aims and comments, and what only says how they look.
_LETTERS = {
    r"\nu": "ν", r"\,": " ", r"\xi": "ξ", r"\eta": "η", r"\Delta": "Δ", r"\cdot": " · ",
    r"\beta": "β", r"\log": "log", r"\sqrt": "√", r"\mathrm": "", r"\mathbf": "",
    r"\boldsymbol": "",
}  # fmt: skip


def sheet(questions: Iterable[Question], *, key: bool) -> str:
    """Return the questions as a page to print.

    With the `key` it has answers, misconceptions and rubrics, instead of room to write.
    """
    titles = {path.stem: runs.title(path) for path in runs.notebooks()}
    return filled("questions", groups=by_notebook(questions), titles=titles, key=key)


def assignments(*, key: bool) -> str:
    """Return the open projects with their rubrics as a page to print.

    With the `key` it has what a good answer contains, and an example of it, computed now.
    """
    return filled("projects", projects=projects(), key=key)


def by_notebook(questions: Iterable[Question]) -> dict[str, list[Question]]:
    """Return questions by the notebook that they ask about."""
    grouped = groupby(questions, lambda question: question.notebook)
    return {notebook: list(group) for notebook, group in grouped}


def filled(template: str, **values: object) -> str:
    """Return a template of the course filled in; no line ends between a number and °C, % or ‰."""
    page = _templates().get_template(f"{template}.html").render(values)
    return re.sub(r"(?<=\d) (?=[°%‰])", "\N{NO-BREAK SPACE}", page)


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("soilnb.course"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    made.filters |= {"inline": inline, "typeset": lambda text: Markup(typeset(text))}
    return made


def inline(text: str) -> Markup:
    """Return a line of Markdown as HTML: emphasis, code, short formulas; no links.

    Examples
    --------
    >>> inline("*Half* of `k` is $k_1$")
    Markup('<em>Half</em> of <code>k</code> is <i>k<sub>1</sub></i>')
    """
    text = html.escape(re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text), quote=False)
    text = re.sub(r"\$([^$]+)\$", _formula, text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)
    return Markup(re.sub(r"\*([^*\s][^*]*)\*", r"<em>\1</em>", text))


def _formula(found: re.Match) -> str:
    text = found[1]
    for name, letter in _LETTERS.items():
        text = text.replace(name, letter)
    text = re.sub(r"_(?:\{(\w+)\}|(\w+))", r"<sub>\1\2</sub>", text)
    text = re.sub(r"\^(?:\{(-?\w+)\}|(\w+))", r"<sup>\1\2</sup>", text)
    text = re.sub(r"√\{([^}]*)\}", r"√(\1)", text)
    return f"<i>{re.sub(r'[{}]', '', text)}</i>"
