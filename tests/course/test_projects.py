"""Open projects: each with data, a rubric, and an example that the models compute."""

import re

import pytest

from soilnb.course import bank, printed
from soilnb.course.projects import projects
from soilnb.pipeline import runs


def table(name):
    """Return what a good answer to a project contains, computed once."""
    return next(project for project in projects() if project.name == name).table()


def test_there_are_six_and_each_has_what_it_needs():
    known = {path.stem for path in runs.notebooks()}
    assert [project.number for project in projects()] == [1, 2, 3, 4, 5, 6]
    for project in projects():
        assert set(project.notebooks) <= known, project.name
        assert sum(line.points for line in project.rubric) == 20, project.name
        assert all(line.full and line.half for line in project.rubric), project.name
        assert len(project.steps) >= 4, project.name
        assert len(project.good) >= 3, project.name


def test_plans_turn_their_order_with_the_horizon():
    plans = table("farm_plan")
    soon, late = plans["30 years"], plans["2,500 years"]
    assert soon["deeper roots and biochar"] > soon["compost in the subsoil"]
    assert late["deeper roots and biochar"] < late["compost in the subsoil"]
    assert plans.loc["deeper roots", "upper 30 cm alone, 100 years"] < 0


def test_priming_makes_deep_roots_a_loss():
    effect = table("priming")["100 yr"].filter(like="deep")
    assert effect.iloc[0] > 0 > effect.iloc[-1]
    assert effect.is_monotonic_decreasing


def test_equal_stocks_have_unequal_radiocarbon():
    ages = table("radiocarbon")
    one, other = (ages.loc[name] for name in ages.index if name.startswith("ICBM, "))
    assert one["stock (kg m⁻²)"] == other["stock (kg m⁻²)"]
    assert one["F"] < other["F"] < 1
    assert one["age of what is there (yr)"] > other["age of what is there (yr)"]


def test_radiocarbon_of_old_soil_follows_its_age():
    """Where decay is slow against a mean life, F is one less age over 8267 years."""
    one = table("radiocarbon").loc["ICBM, as published"]
    assert one["F"] == pytest.approx(1 - one["age of what is there (yr)"] / 8267, abs=1e-3)


def test_laws_decide_whether_a_soil_answers_to_litter():
    laws = table("new_model")
    assert laws["soil carbon"].tolist()[0] == "+0 %"
    assert set(laws["carbon conserved, CUE as put in"]) == {"yes"}
    assert laws["microbes"].tolist()[:2] == ["+100 %"] * 2


def test_a_pit_and_a_claim_have_their_tables():
    assert list(table("local_profile").index) == ["measured", "CLM5", "COMPAS"]
    assert table("claim")["slope"].between(0.5, 7).all()


def test_only_instructors_get_the_examples(tmp_path):
    for edition in bank.EDITIONS:
        bank.write(tmp_path / edition, edition, ["00_start_here"])
    student, instructor = (
        (tmp_path / edition / "projects.html").read_text(encoding="utf-8")
        for edition in bank.EDITIONS
    )
    assert "deaths rise with crowding" in instructor
    assert "deaths rise with crowding" not in student
    assert all(printed.inline(project.question) in student for project in projects())
    assert not re.search(r"[^*]\*[^*\s]", student.partition("</style>")[2])
