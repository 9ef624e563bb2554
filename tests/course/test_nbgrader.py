"""nbgrader takes the folder as it stands: it releases, collects and grades every notebook.

nbgrader is heavy, so it lives in an environment of its own, with soilnb, and is found on the path:
``uv venv V; uv pip install --python V/bin/python --group course -e ".[proda]"``; then run these
tests with ``PATH=V/bin:$PATH``.
"""

import json
import re
import shutil
import sqlite3
import subprocess

import pytest

from soilnb import check
from soilnb.course import bank, build, editions, plans, slides
from soilnb.pipeline import notebooks

NBGRADER = shutil.which("nbgrader")

pytestmark = [
    pytest.mark.notebook,
    pytest.mark.skipif(not NBGRADER, reason="nbgrader is not on the path (group `course`)"),
]

each = pytest.mark.parametrize("name", [path.stem for path in notebooks.notebooks()])


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Make all notebooks of a course; nbgrader reads no slides and no bank."""

    def made(edition):
        folder = tmp_path_factory.mktemp("course") / edition
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(slides, "write", lambda *_: None)
            patch.setattr(bank, "write", lambda *_: None)
            patch.setattr(plans, "write_lesson", lambda *_: None)
            build.build(folder, edition, jobs=1)
        return folder

    return made


@pytest.fixture(scope="module")
def course(make):
    """A course for students, in which nbgrader works."""
    return make("student")


@pytest.fixture(scope="module")
def taught(make):
    return make("instructor")


def nbgrader(folder, *command):
    done = subprocess.run(
        [NBGRADER, *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def nearly(question):
    """Return an answer in another unit, or another word, with the points that it is worth."""
    right = question.right()
    if question.choices:
        return repr(next(word for word in question.choices if word != right)), 0
    return repr(1000 * float(right)), check.POINTS / 2


def submit(course, name, student, answers):
    """Hand in a notebook. But in the first, what no check needs is not run: other tests run it."""
    content = read(course / "release" / name / f"{name}.ipynb")
    for cell in content["cells"] if name != "00_start_here" else ():
        if cell["cell_type"] == "code" and not re.search("mine|import", "".join(cell["source"])):
            cell["metadata"].setdefault("tags", []).append("skip-execution")
    for cell in content["cells"]:
        key = cell["metadata"].get("nbgrader", {}).get("grade_id", "").partition("-")[2]
        if key in answers:
            assert "".join(cell["source"]).startswith("mine = ...")
            cell["source"] = f"mine = {answers[key]}"
    place = course / "submitted" / student / name
    place.mkdir(parents=True)
    (place / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")


def scores(course, name):
    """Return by student what nbgrader has given, and the most that it could, without a human."""
    query = """
        select submitted_assignment.student_id, sum(grade.auto_score), sum(grade_cells.max_score)
        from grade
        join submitted_notebook on grade.notebook_id = submitted_notebook.id
        join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
        join notebook on submitted_notebook.notebook_id = notebook.id
        join grade_cells on grade.cell_id = grade_cells.id
        where notebook.name = ? and grade_cells.cell_type = 'code'
        group by 1"""
    with sqlite3.connect(course / "gradebook.db") as book:
        return {student: (got, most) for student, got, most in book.execute(query, [name])}


@each
def test_right_answers_score_full_empty_ones_zero_and_wrong_ones_by_the_rubric(name, course):
    asked = editions.tasks(notebooks.read(notebooks.find([name])[0]))
    questions = {key: check.QUESTIONS[key] for key in asked}
    nbgrader(course, "generate_assignment", name)
    submit(course, name, "right", {k: editions._right(k) for k in questions})
    submit(course, name, "empty", {})
    wrong = {k: nearly(q) for k, q in questions.items()}
    submit(course, name, "wrong", {k: answer for k, (answer, _) in wrong.items()})
    nbgrader(course, "autograde", name)
    most = check.POINTS * len(asked)
    assert scores(course, name) == {
        "right": (most, most),
        "empty": (0, most),
        "wrong": (sum(points for _, points in wrong.values()), most),
    }


@each
def test_what_is_released_of_the_instructors_edition_is_the_students(name, course, taught):
    nbgrader(taught, "generate_assignment", name)
    released = read(taught / "release" / name / f"{name}.ipynb")
    wanted = read(course / "notebooks" / name / f"{name}.ipynb")
    assert len(released["cells"]) == len(wanted["cells"])
    for cell, ours in zip(released["cells"], wanted["cells"], strict=True):
        there = "".join(cell["source"]).replace("\n# your code", "")
        assert there.strip() == "".join(ours["source"]).strip()
