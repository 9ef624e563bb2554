"""Questions as Moodle XML, which Moodle and other learning systems import.

The structure is the one that https://docs.moodle.org/en/Moodle_XML_format describes and that
Moodle's own importer reads: numbers become ``numerical`` (the unit stands in the question, so that
no system has to know it), an order becomes ``matching`` of things with places, which every version
knows, an answer in words becomes ``essay`` with its rubric for the person who grades.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from soilnb.results import raised

if TYPE_CHECKING:
    from soilnb.course.bank import Question

#: The type by which Moodle knows each kind of question.
TYPES = {"choice": "multichoice", "numeric": "numerical", "order": "matching", "short": "essay"}


def quiz(questions: Iterable[Question]) -> str:
    """Return questions as one Moodle XML file, a category for each notebook."""
    root = ET.Element("quiz")
    for notebook, group in groupby(questions, lambda question: question.notebook):
        category = ET.SubElement(root, "question", type="category")
        _text(category, "category", f"$course$/top/soilnb/{notebook}", None)
        for question in group:
            _PARTS[question.kind](_common(root, question), question)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _text(parent: ET.Element, tag: str, text: str, form: str | None = "html", **attributes: str):
    """Add a tag with text in the way of the format, and return it."""
    if form:
        attributes["format"] = form
    element = ET.SubElement(parent, tag, attributes)
    ET.SubElement(element, "text").text = _html(text) if form == "html" else text
    return element


def _html(text: str) -> str:
    parts = raised(text).split("\n\n")
    return "".join(f"<p>{escape(part, quote=False)}</p>" for part in parts if part)


def _settings(parent: ET.Element, **values: object) -> None:
    for tag, value in values.items():
        ET.SubElement(parent, tag).text = str(value)


def _common(root: ET.Element, question: Question) -> ET.Element:
    """Add what all kinds of questions have."""
    element = ET.SubElement(root, "question", type=TYPES[question.kind])
    _text(element, "name", question.id, None)
    how = f"\n\nAnswer in {question.unit}." if question.unit else ""
    if question.kind == "order":
        how = "\n\nChoose for each its place, 1 for the first."
    _text(element, "questiontext", question.text + how)
    _text(element, "generalfeedback", f"{question.why}\n\nMisconception: {question.misconception}")
    grade = sum(points for points, _ in question.rubric) or 1
    _settings(element, defaultgrade=grade, penalty="0.3333333", hidden=0, idnumber=question.id)
    return element


def _choice(element: ET.Element, question: Question) -> None:
    _settings(element, single="true", shuffleanswers="true", answernumbering="abc")
    for text, why in question.choices:
        answer = _text(element, "answer", text, fraction="0" if why else "100")
        _text(answer, "feedback", why)


def _numeric(element: ET.Element, question: Question) -> None:
    answer = _text(element, "answer", f"{question.value:.6g}", None, fraction="100")
    _settings(answer, tolerance=f"{abs(question.value) * question.tolerance:.3g}")
    _text(answer, "feedback", "")
    _settings(element, unitgradingtype=0, unitpenalty="0.1", showunits=3, unitsleft=0)


def _order(element: ET.Element, question: Question) -> None:
    _settings(element, shuffleanswers="true")
    for place, text in enumerate(question.order, 1):
        part = _text(element, "subquestion", text)
        _text(part, "answer", str(place), None)


def _short(element: ET.Element, question: Question) -> None:
    _settings(element, responseformat="editor", responserequired=1, responsefieldlines=10)
    _settings(element, attachments=0, attachmentsrequired=0)
    points = (f"{points} point{'s' * (points > 1)}: {text}" for points, text in question.rubric)
    _text(element, "graderinfo", "\n\n".join(points))
    _text(element, "responsetemplate", "")


_PARTS = {"choice": _choice, "numeric": _numeric, "order": _order, "short": _short}
