"""The check that lets a baseline outlive a change of its sources sees every kind of difference."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).resolve().parents[2] / "experiments" / "same_numbers.py"


@pytest.fixture(scope="module")
def same():
    spec = importlib.util.spec_from_file_location("same_numbers", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_difference_is_relative_to_the_largest_value(same):
    old = np.array([1.0, 1000.0, np.nan, np.inf])
    assert same.difference(old, old.copy()) == 0
    assert same.difference(old, old + np.array([1e-9, 0, 0, 0])) == pytest.approx(1e-12, rel=1e-6)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (np.array([1, 2]), np.array([1, 3])),  # whole numbers
        (np.array([1.0, np.nan]), np.array([1.0, 2.0])),
        (np.array([1.0, np.inf]), np.array([1.0, -np.inf])),
        (np.array([1.0]), np.array([1.0, 1.0])),
        (np.array([1.0]), np.array([1])),
    ],
)
def test_what_cannot_be_compared_differs(same, old, new):
    assert same.difference(old, new) == np.inf


def test_other_numbers_end_the_check(same):
    one = {"pore/a": np.array([1.0]), "layers/a": np.array([1.0])}
    assert same.compare(one, one)["layers"]["equal"] == 1
    same.compare(one, one | {"pore/a": np.array([1 + 1e-13])})
    for other in ({"pore/a": np.array([1 + 1e-11])}, {"layers/a": np.array([1 + 1e-15])}):
        with pytest.raises(SystemExit, match="other numbers"):
            same.compare(one, one | other)
    with pytest.raises(SystemExit, match="no longer made"):
        same.compare(one, {"pore/a": np.array([1.0])})


def test_what_is_new_is_said_and_compared_with_nothing(same, capsys):
    one = {"pore/a": np.array([1.0])}
    assert same.compare(one, one | {"pore/b": np.array([2.0])})["pores"]["compared"] == 1
    assert "1 arrays are new" in capsys.readouterr().out


def test_a_part_that_was_not_recorded_is_not_compared(same):
    one = {"boxes/a": np.array([1.0])}
    assert list(same.compare(one, one)) == ["boxes"]
    assert {same.part_of(name) for name in ("pore/a/b", "boxes/a", "claims/a")} == {
        "pores", "boxes", "claims",
    }  # fmt: skip
