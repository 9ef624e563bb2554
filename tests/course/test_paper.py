"""The draft for a journal, and the guide, say what the package holds."""

from collections import Counter
from pathlib import Path

from soilnb import claims
from soilnb.course import bank, plans
from soilnb.course.projects import projects
from soilnb.pipeline import notebooks

ROOT = Path(__file__).parents[2]
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def test_its_numbers_are_those_of_the_package():
    text = " ".join((ROOT / "paper.md").read_text(encoding="utf-8").split())
    assert 250 < len(text.partition("# Summary")[2].split()) < 1000  # as the journal wants it
    names = [path.stem for path in notebooks.notebooks()]
    parts = Counter(name[0] for name in names)
    tables = (path.read_text(encoding="utf-8") for path in bank._FOLDER.glob("*.toml"))
    asked = sum(table.count("[[question]]") for table in tables)
    weeks = len(plans.spans()["weeks"]["sessions"]) // 2
    for number, said in (
        (len(parts), "stand in {} parts: a start"),
        (parts["1"], "{} on a pore-scale model"),
        (parts["2"], "{} on carbon use efficiency"),
        (parts["3"], "{} on layered models"),
        (parts["4"], "{} on roots, depth and management"),
        (parts["5"], "{} that carries the CUE of pores"),
        (parts["6"], "{} in which readers bring"),
        (len(claims.papers()) - 1, "takes {} recent papers"),  # without the row `validation`
        (len(bank.KINDS), f"{asked} questions of {{}} kinds"),
        (len(projects()), "{} open projects"),
        (weeks, "a lecture, a week and {} weeks"),
    ):
        assert said.format(NUMBERS[number]) in text
    assert f"a course of {len(names)} Jupyter notebooks" in text
    guide = (ROOT / "book" / "guide_for_teachers.md").read_text(encoding="utf-8")
    assert f"{asked} questions, at least five" in guide
