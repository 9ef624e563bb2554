"""Plans: minutes are those of the notebooks, and what needs what is one map everywhere."""

import re
from pathlib import Path

import pytest

from soilnb import language
from soilnb.course import bank, editions, plans, slides
from soilnb.pipeline import notebooks
from soilnb.pipeline.pages import concept_map

PATHS = notebooks.notebooks()
NAMES = [path.stem for path in PATHS]

each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
every_session = pytest.mark.parametrize(
    "session",
    [session for span in plans.spans().values() for session in span["sessions"]],
    ids=lambda session: session["question"],
)


@pytest.fixture
def no_models(monkeypatch):
    """What students may believe takes the bank, whose numbers take the models, half a minute."""
    monkeypatch.setattr(plans, "_misconceptions", lambda name: "")


@each
def test_the_minutes_of_a_plan_add_up_to_what_the_notebook_says(path, no_models):
    notebook = notebooks.read(path)
    parts = plans.parts(notebook)
    assert sum(part.minutes for part in parts) == plans.minutes(notebook)
    assert all(part.minutes > 0 or part.heading.startswith("Optional") for part in parts)
    plan = plans.lesson_plan(path)
    ends = [int(end) for end in re.findall(r"^\| \d+–(\d+) \|", plan, re.M)]
    assert ends == sorted(ends)
    assert ends[-1] == plans.minutes(notebook)


@each
def test_a_plan_has_what_a_lecturer_needs(path, no_models):
    plan = plans.lesson_plan(path)
    for heading in (
        "Before",
        "During",
        "What they may believe",
        "Assessment",
        "A site of your own",
    ):
        assert f"\n## {heading}\n" in plan
    assert slides.bet(path.stem)["question"] in plan
    assert "Grade the reasoning, not the hit rate" in plan
    assert f"Checked cells: {len(editions.tasks(notebooks.read(path)))}, with 2 points" in plan
    assert plan.count("exercise ") >= 2
    assert len(slides.lesson(path.stem)["open"]) >= 3


def test_a_plan_says_what_students_may_believe_and_the_question_that_uncovers_it():
    plan = plans.lesson_plan(notebooks.find(["14"])[0])
    asked = [q for q in bank.questions(["14_static_against_dynamic"]) if q.kind == "choice"]
    assert len(asked) >= 2
    for question in asked:
        assert f"**{question.misconception}** {question.text} *{question.answer}." in plan


@every_session
def test_a_session_takes_ninety_minutes_and_leaves_time_to_talk(session):
    agenda = plans.agenda(session)
    assert sum(minutes for minutes, _ in agenda) == plans.SESSION
    assert "rows" in session or agenda[-2][0] >= 20  # exercises and discussion


@every_session
def test_its_parts_are_sections_of_the_notebook(session):
    for item in session["class"]:
        path = notebooks.find([item["notebook"]])[0]
        headings = [part.heading for part in plans.parts(notebooks.read(path))]
        assert set(item.get("parts", [])) <= set(headings)


def test_six_weeks_have_two_sessions_each_and_use_every_notebook():
    weeks = plans.spans()["weeks"]
    assert len(weeks["sessions"]) == 12
    assert weeks["notebooks"] == NAMES


@pytest.mark.parametrize("span", plans.spans())
def test_nothing_is_taught_before_what_it_needs(span):
    seen = set()
    for session in plans.spans()[span]["sessions"]:
        seen |= {item["notebook"] for item in session["class"]}
        for item in session["class"]:
            assert set(concept_map.IDEAS[item["notebook"]][-1]) <= seen, item
        seen |= set(session["home"])
        for name in session["home"]:
            assert set(concept_map.IDEAS[name][-1]) <= seen, name


def test_tracks_hold_what_their_notebooks_need():
    for track in plans._syllabus()["tracks"].values():
        for name in track["notebooks"]:
            assert set(concept_map.IDEAS[name][-1]) <= set(track["notebooks"]), name


# --- One map --------------------------------------------------------------------------------------


def links(text):
    return re.findall(r"\]\((\d\d_\w+)\.ipynb\)", text)


def implied(names):
    """Return the notebooks that others of these need, or whatever those need."""
    below = {need for name in names for need in concept_map.IDEAS[name][-1]}
    return below | implied(below) if below else below


@each
def test_what_a_notebook_needs_is_what_the_map_says(path):
    opening = notebooks.read(path)["cells"][0]["source"]
    needed = set(links("\n".join(re.findall(r"^\| (.+?) \| needed \|$", opening, re.M))))
    assert needed - implied(needed) == set(concept_map.IDEAS[path.stem][-1])
    assert "the notebook" not in re.search(r"you should know(.*)\*\*Time", opening, re.S)[1]


@each
def test_its_next_links_follow_the_map(path):
    last = notebooks.read(path)["cells"][-1]["source"]
    (said,) = re.findall(r"^\*\*Next:\*\* .*$", last, re.M)
    following = NAMES[NAMES.index(path.stem) + 1 :][:1]
    assert links(said)
    assert set(links(said)) <= {*concept_map.onward(path.stem), *following}


@pytest.mark.parametrize("code", language.languages())
def test_the_guide_has_the_prerequisites_of_all_notebooks_and_the_sessions_of_all_weeks(code):
    guide = Path(__file__).parents[2] / "book" / "guide_for_teachers.md"
    text = plans.filled(language.page(guide.read_text(encoding="utf-8"), code), code)
    assert "<!--" not in text
    for name in NAMES:
        assert len(re.findall(rf"\]\(notebooks/{name}\.ipynb\)", text)) >= 2, name
    for session in plans.spans()["weeks"]["sessions"]:
        assert language.page(session["question"], code) in text


@pytest.mark.parametrize("code", language.languages()[1:])
def test_no_cell_of_the_guides_tables_is_missing_in_another_language(code):
    guide = Path(__file__).parents[2] / "book" / "guide_for_teachers.md"
    asked = re.findall(r"<!-- .* -->", guide.read_text(encoding="utf-8"))
    tables = "\n".join(plans.filled(one) for one in asked)
    cells = {
        cell for line in tables.splitlines() for cell in re.split(r" ?\| |; ", line.strip("| "))
    }
    known = language.catalogue("pages", code)._catalog
    titles = re.compile(r"(\[[^]]+\]\([^)]+\)(, )?)+|[-\d, ]*")
    assert len(cells) > 80
    assert {cell for cell in cells if not titles.fullmatch(cell)} - set(known) == set()
