"""The question bank: right, complete, and readable by others."""

import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree

from soilnb.course import bank
from soilnb.parameters import InputError
from soilnb.pipeline import runs
from soilnb.results import typeset

#: An answer has changed when it differs from the kept one by more than its digits can tell.
DIGITS = 1e-3


@pytest.fixture(scope="module")
def asked():
    return bank.questions()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of both editions."""
    place = tmp_path_factory.mktemp("bank")
    for edition in bank.EDITIONS:
        bank.write(place / edition, edition)
    return place


def test_every_notebook_has_five_questions_of_three_kinds(asked):
    kinds = {notebook: Counter() for notebook in (path.stem for path in runs.notebooks())}
    for question in asked:
        kinds[question.notebook][question.kind] += 1
    few = {name: count for name, count in kinds.items() if count.total() < 5 or len(count) < 3}
    assert few == {}
    assert len(asked) >= 110
    assert all(sum(count[kind] for count in kinds.values()) >= 20 for kind in bank.KINDS)


def test_each_question_has_what_its_kind_needs(asked):
    assert [name for name, count in Counter(q.id for q in asked).items() if count > 1] == []
    for question in asked:
        where = question.id
        assert question.kind in bank.KINDS, where
        assert min(len(question.text), len(question.why), len(question.misconception)) > 15, where
        if question.kind == "choice":
            assert len(question.choices) >= 3, where
            assert sum(not choice.why for choice in question.choices) == 1, where
        elif question.kind == "order":
            assert len(set(question.order)) >= 3, where
            assert question.mixed != list(question.order), where
        elif question.kind == "short":
            assert sum(points for points, _ in question.rubric) >= 3, where
        else:
            assert 0 < question.tolerance <= 0.1, where


def test_the_models_still_give_the_answers_that_they_gave_when_the_questions_were_written(asked):
    changed = {
        q.id: (q.value, q.kept)
        for q in asked
        if q.kind == "numeric" and abs(q.value - q.kept) > DIGITS * abs(q.kept)
    }
    assert changed == {}


def test_a_changed_model_changes_the_answer(monkeypatch):
    from soilnb.course import answers

    monkeypatch.setattr(answers, "pool_at_rest", lambda litter, rate: 2 * litter / rate)
    first = bank._read.__wrapped__("00_start_here")[0]  # past the cache
    assert first.value == 2 * first.kept


def test_the_right_choice_is_not_always_the_longest_nor_always_in_one_place(asked):
    choices = [q.choices for q in asked if q.kind == "choice"]
    places = Counter(next(i for i, c in enumerate(one) if not c.why) for one in choices)
    assert max(places.values()) < 0.6 * len(choices)
    longest = sum(not max(one, key=lambda c: len(c.text)).why for one in choices)
    assert longest < 0.5 * len(choices)


def test_moodle_xml_has_the_published_structure(folder):
    schema = etree.RelaxNG(etree.parse(Path(__file__).with_name("moodle.rng")))
    schema.assertValid(etree.parse(folder / "instructor" / "moodle.xml"))


def test_moodle_xml_is_read_back_to_the_same_questions(folder, asked):
    read = etree.parse(folder / "instructor" / "moodle.xml").findall("question")
    items = {item.findtext("name/text"): item for item in read if item.get("type") != "category"}
    assert list(items) == [question.id for question in asked]
    for question in asked:
        item = items[question.id]
        right = [a for a in item.findall("answer") if a.get("fraction") == "100"]
        if question.kind == "choice":
            assert [text_of(a.findtext("text")) for a in right] == [question.answer]
            assert len(item.findall("answer")) == len(question.choices)
        elif question.kind == "numeric":
            value, tolerance = (float(right[0].findtext(tag)) for tag in ("text", "tolerance"))
            assert value == pytest.approx(question.value, rel=1e-5)
            assert tolerance == pytest.approx(abs(question.value) * question.tolerance, rel=0.01)
            assert question.unit in item.findtext("questiontext/text")
        elif question.kind == "order":
            places = {
                int(part.findtext("answer/text")): text_of(part.findtext("text"))
                for part in item.findall("subquestion")
            }
            assert [places[i] for i in sorted(places)] == list(question.order)
            assert "1 for the first" in item.findtext("questiontext/text")
        else:
            assert all(c.text in text_of(item.findtext("graderinfo/text")) for c in question.rubric)


@pytest.mark.skipif(not shutil.which("moodle2amc"), reason="no moodle2amc on the path (amc2moodle)")
def test_a_reader_that_is_not_ours_finds_the_same_questions_and_numbers(folder, asked, tmp_path):
    source, target = folder / "instructor" / "moodle.xml", tmp_path / "paper.tex"
    subprocess.run(["moodle2amc", source, "-o", target], cwd=tmp_path, check=True)
    read = re.split(r"\\begin\{question(?:multx)?\}\{", target.read_text(encoding="utf-8"))[1:]
    items = {item.partition("}")[0]: item for item in read}
    known = [q for q in asked if q.kind != "order"]  # matching has no place on its sheets
    assert list(items) == [q.id for q in known]
    for question in known:
        item = items[question.id]
        if question.kind == "choice":
            assert item.count("\\correctchoice") == 1
            assert item.count("\\wrongchoice") == len(question.choices) - 1
        elif question.kind == "numeric":
            (number,) = re.findall(r"\\AMCnumericChoices\{([^}]+)\}", item)
            assert float(number) == pytest.approx(question.value, rel=question.tolerance)


def text_of(html):
    """Return the text of a piece of HTML."""
    parser, parts = HTMLParser(), []
    parser.handle_data = parts.append
    parser.feed(html)
    return "".join(parts)


def printed(path):
    """Return the text of a page, with plain spaces."""
    return text_of(path.read_text(encoding="utf-8")).replace("\N{NO-BREAK SPACE}", " ")


def test_students_get_no_answers(folder, asked):
    names = {path.name for path in (folder / "student").iterdir()}
    assert names == {"questions.html", "projects.html"}
    sheet = printed(folder / "student" / "questions.html")
    key = printed(folder / "instructor" / "key.html")
    for question in asked:
        text, why, belief = (
            text_of(typeset(part)) for part in (question.text, question.why, question.misconception)
        )
        assert belief in key
        assert why in key
        assert belief not in sheet
        assert why not in sheet
        assert text.split("\n\n")[0] in sheet


def test_molecules_have_an_index_on_paper_and_in_moodle(folder):
    for name in ("questions.html", "moodle.xml"):
        text = (folder / "instructor" / name).read_text(encoding="utf-8")
        assert "C₂H₆O (ethanol)" in text
        assert not re.search(r"\b(?:[CHNO]\d*)+H\d", text)


def test_symbols_have_an_index_and_no_line_ends_before_a_percent_sign(folder):
    sheet = (folder / "student" / "questions.html").read_text(encoding="utf-8")
    assert "<i>k</i><sub>BD</sub>" in sheet
    assert "30\N{NO-BREAK SPACE}% clay" in sheet
    assert not re.search(r"[a-z]_[A-Z]|\d [%‰°]", sheet)


def test_one_notebook_can_be_asked_for_and_others_are_refused(tmp_path):
    files = bank.write(tmp_path, "student", ["00_start_here"])
    assert "structure-reach" not in files[0].read_text(encoding="utf-8")
    with pytest.raises(InputError, match="99_none"):
        bank.questions(["99_none"])
    with pytest.raises(InputError, match="edition"):
        bank.write(tmp_path, "teacher")
