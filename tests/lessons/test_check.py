"""The checks of what a reader writes: right, right in another unit, wrong, and silent."""

import json
import math
import re
from pathlib import Path

import pytest

from soilnb import check
from soilnb.parameters import InputError

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

each = pytest.mark.parametrize("name", check.QUESTIONS)


def wrong(question):
    """Return answers that are no right ones in any unit."""
    right = question.right()
    if question.choices:
        return [word for word in question.choices if word != right]
    return [1.37 * float(right), 0.61 * float(right)]


@each
def test_the_right_answer_is_right_and_others_are_not(name):
    question = check.QUESTIONS[name]
    assert check.judged(name, question.right()) == "Right."
    for answer in wrong(question):
        assert check.judged(name, answer) == f"Not yet. {question.hint}"


@pytest.mark.parametrize("name", [k for k, q in check.QUESTIONS.items() if not q.choices])
def test_another_unit_is_right_with_a_remark(name):
    question = check.QUESTIONS[name]
    said = check.judged(name, 1000 * float(question.right()))
    assert said == f"Right, but in another unit than {question.unit}."


@each
def test_a_check_never_says_the_answer(name):
    question = check.QUESTIONS[name]
    right = question.right()
    for answer in (..., *wrong(question)):
        said = check.judged(name, answer)
        if question.choices:
            assert str(right) not in said
            continue
        for number in map(float, re.findall(r"-?\d+(?:\.\d+)?", said)):
            given = question.hint + question.unit
            assert not math.isclose(number, right, rel_tol=1e-3) or f"{number:g}" in given


def test_what_is_not_written_yet_is_no_mistake(capsys):
    check.answer("reach", ...)
    assert capsys.readouterr().out.startswith("Nothing to check yet")


def test_the_sign_is_told():
    assert check.judged("response-ratio", math.log(6.0 / 5.4)).endswith("Look at the sign.")


def test_a_word_that_is_no_choice_gets_the_choices():
    assert check.judged("memory", "both") == "Choose one of: moving, frozen."


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("no-such", 1.0, "unknown question"),
        ("reach", [1, 2], "a number"),
        ("reach", "six", "a num"),
    ],
)
def test_what_is_no_answer_is_refused(name, answer, words):
    with pytest.raises(InputError, match=words):
        check.judged(name, answer)


def test_every_question_is_asked_and_every_asked_one_exists():
    sources = "".join(
        "".join(cell["source"])
        for path in NOTEBOOKS.glob("*.ipynb")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    )
    assert set(re.findall(r'check\.answer\("([^"]+)"', sources)) == set(check.QUESTIONS)
