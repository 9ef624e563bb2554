"""The folder: stands alone, is made whole or not at all, and touches nobody else's files."""

import json
import os
import re

import pytest
from click.testing import CliRunner

from soilnb.cli import main
from soilnb.course import build, editions, plans
from soilnb.parameters import InputError


@pytest.fixture(autouse=True)
def no_models(monkeypatch):
    monkeypatch.setattr(editions, "_right", lambda question: "1")


@pytest.mark.parametrize("edition", editions.EDITIONS)
def test_a_course_stands_alone(edition, made):
    folder, taught = made(edition), edition == "instructor"
    for name in plans.spans()["lecture"]["notebooks"]:
        assert (folder / "notebooks" / name / f"{name}.ipynb").is_file()
        plan = folder / "lesson_plans" / f"{name}.md"
        assert plan.is_file() == (folder / "question_bank" / "key.html").is_file() == taught
        deck = (folder / "slides" / f"{name}.html").read_text(encoding="utf-8")
        for place in re.findall(r'(?:src|href)="([^"]+)"', deck):
            assert (folder / "slides" / place).is_file(), place
    for page in folder.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        for place in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
            assert (page.parent / place).is_file(), (page.name, place)
        assert page.name != "README.md" or not re.search(r"\{first|\{\{|\{says", text)
    compile((folder / "nbgrader_config.py").read_text(encoding="utf-8"), "config", "exec")


def test_what_was_made_may_be_made_again_and_what_was_changed_is_kept(made, tmp_path):
    folder = made()
    assert made() == folder
    plan = folder / "syllabus.md"
    plan.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"student holds files of yours \(syllabus.md\)"):
        made()
    assert plan.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["notes.txt", build.MARK])
def test_other_folders_are_refused_and_left_alone(name, made, tmp_path):
    (tmp_path / "student").mkdir()
    (tmp_path / "student" / name).write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="holds other files; name a new or empty folder"):
        made()
    assert [path.name for path in (tmp_path / "student").iterdir()] == [name]


def test_a_course_that_fails_leaves_nothing(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(plans, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made()
    assert "note: slides show our own runs" in capsys.readouterr().err  # what takes so long
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_is_wrong_in_one_line(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    done = CliRunner().invoke(main, ["course", str(tmp_path)])
    assert done.exit_code == 1
    assert done.output.strip().count("\n") == 0
    both = CliRunner().invoke(main, ["course", str(tmp_path / "new"), "--week", "--weeks", "6"])
    assert both.exit_code == 2
    for arguments in ({"edition": "teacher"}, {"span": "year"}):
        with pytest.raises(InputError, match=r"teacher|year"):
            build.build(tmp_path / "new", **arguments)


def test_processes_side_by_side_have_a_thread_each_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    with build._one_thread_each():
        assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
        assert os.environ["MKL_NUM_THREADS"] == "3"
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_a_course_of_its_own_notebooks_is_known_by_its_mark(made):
    folder = made()
    written = json.loads((folder / build.MARK).read_text(encoding="utf-8"))
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(written) | {build.MARK} == there
