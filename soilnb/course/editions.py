"""The student's and the instructor's edition of a notebook, ready for nbgrader.

A cell in which the reader writes (``mine = ...``) becomes a solution cell, the check under it a
locked cell of tests, which returns points (`soilnb.check.points`). Each exercise gets a cell for
the answer in words, graded by hand with the rubric, and an empty one for code. The instructor's
edition holds the answers where nbgrader takes them away again.
"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping

from soilnb import check

#: Who the notebooks are for.
EDITIONS = ("student", "instructor")

#: Points of an answer in words: what it claims, on what evidence, and why.
POINTS = 4

#: What stands where a student answers in words.
PROMPT = "*Your answer: what you claim, on what evidence, and why.*"

#: What stands where a student may compute.
EMPTY = "# your code"

_CHECK = re.compile(r'^check\.answer\("([^"]+)", mine\)$', re.M)
_EXERCISE = re.compile(r"^### Exercise (\d+)(.*)$", re.M)


def edition(notebook: Mapping, name: str, kind: str, rubric: str = "") -> dict:
    """Return a notebook as students or as their instructor get it, without results.

    Its graded cells carry metadata of nbgrader's schema 3. Ids of nbgrader differ between notebooks
    by the `name`; the `rubric`, what a good answer to the open question contains, is for the
    instructor.
    """
    groups = _groups(_parts(notebook["cells"]), name, rubric, kind == "instructor")
    cells = (cell for group in groups for cell in group)
    hidden = {"student": "instructor", "instructor": "student"}[kind]
    made = [cell for cell in cells if hidden not in cell["metadata"].get("tags", [])]
    return {**notebook, "cells": made}


def linked(notebook: dict, names: Iterable[str]) -> dict:
    """Lead each link to another notebook to its folder in the course; others become plain words."""
    names = set(names)

    def place(found: re.Match) -> str:
        words, target = found.groups()
        stem = target.removesuffix(".ipynb")
        return f"[{words}](../{stem}/{target})" if stem in names else words

    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = re.sub(
                r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)", place, cell["source"]
            )
    return notebook


def tasks(notebook: Mapping) -> list[str]:
    """Return the names of the questions that a notebook checks, in their order."""
    return [name for cell in notebook["cells"] for name in _CHECK.findall(cell["source"])]


def _parts(cells: Iterable[Mapping]) -> Iterator[dict]:
    """Yield the cells, text cut before each exercise and before the section that follows it."""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            texts = re.split(r"\n+(?=### Exercise |## )", cell["source"])
            for number, text in enumerate(texts):
                yield _cell("markdown", f"{cell['id']}-{number}" if number else cell["id"], text,
                            **copy.deepcopy(cell["metadata"]))  # fmt: skip
        else:
            yield copy.deepcopy(dict(cell))


def _groups(cells: Iterable[dict], name: str, rubric: str, solved: bool) -> Iterator[list[dict]]:
    """Yield what each cell becomes: an exercise with what folds under its answer as one."""
    exercise, hidden = None, []
    for cell in cells:
        text = cell["cell_type"] == "markdown"
        answer = "answer" in cell["metadata"].get("tags", [])
        if exercise is not None and (answer or not (text and cell["source"].startswith("#"))):
            hidden.append(cell)
            continue
        if exercise is not None:
            yield _exercise(exercise, hidden, name, rubric, solved)
            exercise, hidden = None, []
        if text and _EXERCISE.match(cell["source"]):
            exercise = cell
        elif text or not _CHECK.search(cell["source"]):
            yield [cell]
        else:
            yield _task(cell, name, solved)
    if exercise is not None:
        yield _exercise(exercise, hidden, name, rubric, solved)


def _task(cell: dict, name: str, solved: bool) -> list[dict]:
    """Cut a cell to write into what stands before, the answer, its check, and what follows."""
    question = _CHECK.search(cell["source"])
    before, asked = re.split(r"^(?=mine = )", cell["source"][: question.start()], flags=re.M)
    after = cell["source"][question.end() :]
    key, id_ = f"{name[:2]}-{question[1]}", cell["id"]
    asked = asked.strip()
    if solved:
        asked += f"\n### BEGIN SOLUTION\nmine = {_right(question[1])}\n### END SOLUTION"
    cells = [_cell("code", f"{id_}-before", before.strip())] if before.strip() else []
    cells.append(_cell("code", id_, asked, **_graded(key, "code")))
    tested = _graded(f"{key}-check", "code", points=check.POINTS, solution=False)
    cells.append(_cell("code", f"{id_}-check", f'check.points("{question[1]}", mine)', **tested))
    return [*cells, *([_cell("code", f"{id_}-after", after.strip())] if after.strip() else [])]


def _right(question: str) -> str:
    """Return the right answer as code, as the models give it today."""
    right = check.QUESTIONS[question].right()
    return repr(right) if isinstance(right, str) else f"{float(right):.6g}"


def _exercise(cell: dict, hidden: list[dict], name: str, rubric: str, solved: bool) -> list[dict]:
    """Follow an exercise by a cell to answer in and, where its answer computes, one for code."""
    key = f"{name[:2]}-exercise-{_EXERCISE.match(cell['source'])[1]}"
    answer = [c for c in hidden if "answer" not in c["metadata"].get("tags", [])]
    words = "\n\n".join(c["source"] for c in answer if c["cell_type"] == "markdown") or rubric
    text = words if solved and words else PROMPT
    cells = [cell, _cell("markdown", key, text, **_graded(key, "markdown", points=POINTS))]
    for number, part in enumerate(c for c in answer if c["cell_type"] == "code"):
        own = f"{key}-code-{number}" if number else f"{key}-code"
        code = part["source"] if solved else EMPTY
        cells.append(_cell("code", own, code, **_graded(own, "code")))
    return cells


def _graded(key: str, kind: str, points: int | None = None, solution: bool = True) -> dict:
    """Return nbgrader's metadata of a cell: to be written in, or of tests; with points or none."""
    own = {
        "schema_version": 3,
        "grade_id": key,
        "grade": points is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "cell_type": kind,
    }
    return {"nbgrader": own if points is None else {**own, "points": points}}


def _cell(kind: str, id_: str, source: str, **metadata) -> dict:
    cell = {"cell_type": kind, "id": id_[-64:], "metadata": metadata, "source": source}
    return cell if kind == "markdown" else cell | {"execution_count": None, "outputs": []}
