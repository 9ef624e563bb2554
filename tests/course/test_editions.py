"""Students get the notebooks without answers, their instructors with them, nbgrader with both."""

import re

import nbformat
import pytest

from soilnb import check
from soilnb.course import editions
from soilnb.pipeline import notebooks

PATHS = notebooks.notebooks()

each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)

#: What nbgrader's published schema of version 3 asks of a cell.
KEYS = {"schema_version", "grade_id", "grade", "solution", "locked", "task", "cell_type"}


@pytest.fixture(autouse=True)
def no_models(monkeypatch):
    """Right answers are computed by the models; tests of `check` do that."""
    monkeypatch.setattr(editions, "_right", lambda question: f"'right {question}'")


def sources(notebook, tag):
    return [c["source"] for c in notebook["cells"] if tag in c["metadata"].get("tags", [])]


def of_nbgrader(notebook):
    return [c for c in notebook["cells"] if "nbgrader" in c["metadata"]]


@each
def test_no_answer_is_left_for_students_and_nothing_is_lost_for_instructors(path):
    source = notebooks.read(path)
    student = editions.edition(source, path.stem, "student")
    instructor = editions.edition(source, path.stem, "instructor")
    everything = "\n".join(c["source"] for c in student["cells"])
    taught = "\n".join(c["source"] for c in instructor["cells"])
    for solution in sources(source, "solution"):
        assert solution not in everything
        assert solution in taught
    for name in editions.tasks(source):
        assert f"right {name}" not in everything
        assert f"### BEGIN SOLUTION\nmine = 'right {name}'\n### END SOLUTION" in taught
        assert f'check.points("{name}", mine)' in everything
    assert "SOLUTION" not in everything
    assert not sources(student, "answer")
    kept = [c["source"] for c in student["cells"] if "nbgrader" not in c["metadata"]]
    for cell in kept:
        assert cell.split("\n\n")[0] in "\n".join(c["source"] for c in source["cells"])


@each
def test_its_metadata_is_what_nbgrader_asks_for(path):
    found = []
    for kind in editions.EDITIONS:
        made = editions.edition(notebooks.read(path), path.stem, kind)
        nbformat.validate(nbformat.from_dict(made))
        cells = of_nbgrader(made)
        for cell in cells:
            meta = cell["metadata"]["nbgrader"]
            assert set(meta) == KEYS | ({"points"} if meta["grade"] else set())
            assert meta["schema_version"] == 3
            assert meta["cell_type"] == cell["cell_type"]
            assert re.fullmatch(r"[\w-]+", meta["grade_id"])
            assert meta["locked"] is not meta["solution"]
            assert cell["cell_type"] == "code" or (meta["grade"] and meta["solution"])
        found.append([cell["metadata"]["nbgrader"] for cell in cells])
    assert found[0] == found[1]
    tested = [meta for meta in found[0] if meta["grade"] and not meta["solution"]]
    assert len(tested) == len(editions.tasks(notebooks.read(path)))


def test_grade_ids_are_unique_in_the_whole_course():
    ids = [
        cell["metadata"]["nbgrader"]["grade_id"]
        for path in PATHS
        for cell in of_nbgrader(editions.edition(notebooks.read(path), path.stem, "student"))
    ]
    assert len(ids) == len(set(ids)) > 200


def test_the_open_question_of_the_instructor_says_what_a_good_answer_contains():
    source = notebooks.read(notebooks.find(["22"])[0])
    made = editions.edition(source, "22_diagnosed_cue", "instructor", "all of it")
    texts = {c["metadata"]["nbgrader"]["grade_id"]: c["source"] for c in of_nbgrader(made)}
    assert texts["22-exercise-4"] == "all of it"
    assert texts["22-exercise-2"].startswith("CUE hardly moves.")


def test_links_lead_to_notebooks_of_the_course_and_others_become_words():
    text = "See [one](10_a.ipynb), [two](20_b.ipynb), [page](../x), [web](https://a.b), [y](#y)."
    made = editions.linked({"cells": [{"cell_type": "markdown", "source": text}]}, ["10_a"])
    assert made["cells"][0]["source"] == (
        "See [one](../10_a/10_a.ipynb), two, page, [web](https://a.b), [y](#y)."
    )


def test_points_follow_the_rubric(capsys):
    question = check.QUESTIONS["response-ratio"]
    right = question.right()
    given = [check.points("response-ratio", x) for x in (right, -right, 1000 * right, 2.7, ...)]
    assert given == [2, 1, 1, 0, 0]
    assert "Right." in capsys.readouterr().out


def test_right_answers_are_written_as_code(monkeypatch):
    monkeypatch.undo()
    assert editions._right("ten-times-as-far") == "100"
    assert editions._right("memory") == "'frozen'"
    assert float(editions._right("response-ratio")) == pytest.approx(-0.105361)
