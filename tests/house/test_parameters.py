"""A parameter is one record, and a bad value is refused in one line."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilnb.parameters import (
    InputError,
    Parameter,
    ParameterSet,
    as_numbers,
    check_range,
    choose,
    read_table,
    unknown,
)

HALF = Parameter(0.5, "1", (0.0, 1.0), "e", "efficiency", "Table 1")
RATE = Parameter(2.0, "d-1", (0.1, 10.0), "k", "decay rate", "Table 2", scale="log")
SETS = {"a": ParameterSet("a", {"half": HALF, "rate": RATE}, "first", {"kinetics": "reverse"})}


def test_a_set_is_a_mapping_of_numbers():
    assert dict(SETS["a"]) == {"half": 0.5, "rate": 2.0}


def test_a_default_outside_its_own_bounds_is_no_parameter():
    with pytest.raises(InputError, match="allowed 0 to 1"):
        Parameter(30.0, "1", (0.0, 1.0), "clay", "clay", "nowhere")


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_replace_accepts_exactly_the_values_within_bounds(value):
    if 0.0 <= value <= 1.0:
        assert SETS["a"].replace(half=value)["half"] == value
    else:
        with pytest.raises(InputError, match="half"):
            SETS["a"].replace(half=value)
    assert SETS["a"]["half"] == 0.5  # the named set itself never changes


def test_choose_takes_a_name_a_set_or_changes_of_the_default():
    assert choose("a", SETS, "a") is SETS["a"]
    assert choose({"half": 0.25}, SETS, "a")["half"] == 0.25
    assert choose({"set": "a", "rate": 1.0}, SETS, "a")["rate"] == 1.0
    assert choose({"kinetics": "forward"}, SETS, "a").options == {"kinetics": "forward"}
    assert choose(SETS["a"], SETS, "a") is SETS["a"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("b", ["'b'", "valid: a"]),
        ({"haf": 0.2}, ["'haf'", "did you mean 'half'"]),
        ({"rate": 0.0}, ["rate = 0", "0.1 to 10", "d-1"]),
        ({"rate": math.nan}, ["rate", "not finite"]),
        ({"rate": "fast"}, ["rate", "'fast'", "not a number"]),
        (7, ["parameters = 7", "a set (a)"]),
    ],
)
def test_bad_parameters_are_refused_in_one_line(parameters, words):
    with pytest.raises(InputError) as caught:
        choose(parameters, SETS, "a")
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words)


def test_the_table_holds_what_the_book_prints():
    table = SETS["a"].table()
    assert list(table.index) == ["half", "rate"]
    assert table.loc["rate", "source"] == "Table 2"


def test_range_check_names_value_range_unit_and_hint():
    with pytest.raises(InputError, match=r"clay = 30: allowed 0 to 1; did you mean 0\.30\?"):
        check_range("clay", 30, 0, 1, hint="did you mean 0.30?")


def test_unknown_lists_what_is_valid():
    assert "valid: x, y" in str(unknown("pool", "z", ["x", "y"]))


def test_values_in_messages_are_short():
    series = pd.Series(np.zeros(1000), name="clay")
    for value in (
        series,
        np.zeros((500, 3)),
        list(range(10**5)),
        "x" * 10**6,
        {"a": [1] * 500},
        10**5000,
    ):
        with pytest.raises(InputError) as caught:
            check_range("depth", value, 0, 1)
        assert len(str(caught.value)) < 120
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"depth = Series 'clay' of shape \(1000,\)"):
        check_range("depth", series, 0, 1)


# --- tables -----------------------------------------------------------------------------------

ROW = """
[sets.one]
description = "first"
[sets.two]
description = "second"
[parameters.rate]
value = { one = 0.5, two = 2.0 }
unit = "yr-1"
validity = [0.0, 10.0]
prior = [0.1, 3.0]
slider = [0.0, 5.0]
symbol = "k"
meaning = "decay rate"
source = "Table 1"
[drivers.wetness]
value = 0.5
unit = "1"
validity = [0.0, 1.0]
symbol = "w"
meaning = "wetness"
source = "assumed"
"""


def test_a_table_is_read_into_records():
    sets, drivers, about = read_table(ROW)
    assert {name: dict(values) for name, values in sets.items()} == {
        "one": {"rate": 0.5},
        "two": {"rate": 2.0},
    }
    record = sets["one"].records["rate"]
    assert (record.bounds, record.prior, record.slider) == ((0, 10), (0.1, 3), (0, 5))
    assert record.source == "Table 1"
    assert drivers["wetness"].value == 0.5
    assert drivers["wetness"].slider is None
    assert about == {}


def test_a_set_names_the_source_of_rows_that_name_none():
    told = ROW.replace('source = "Table 1"\n', "").replace('"first"', '"first"\nsource = "A"')
    told = told.replace('"second"', '"second"\nsource = "B"')
    sets = read_table(told).sets
    assert [sets[name].records["rate"].source for name in ("one", "two")] == ["A", "B"]


def test_a_table_may_be_a_file(tmp_path):
    path = tmp_path / "toy.toml"
    path.write_text(ROW, encoding="utf-8")
    assert list(read_table(path).sets) == ["one", "two"]


def test_a_set_that_does_not_say_otherwise_has_the_first_of_a_switch():
    told = ROW.replace('"second"', '"second"\noptions = { kinetics = "reverse" }')
    sets = read_table(
        told + '[options.kinetics]\nallowed = ["forward", "reverse"]\nmeaning = ""\n'
    ).sets
    assert [sets[name].options["kinetics"] for name in sets] == ["forward", "reverse"]
    assert sets["one"].replace(kinetics="reverse").options == {"kinetics": "reverse"}


def test_whole_numbers_have_no_fractions():
    rate = read_table(ROW.replace('symbol = "k"', 'symbol = "k"\nwhole = true')).sets["two"]
    assert rate.replace(rate=3)["rate"] == 3
    with pytest.raises(InputError, match=r"rate = 3\.5: allowed whole numbers from 0 to 10"):
        rate.replace(rate=3.5)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('unit = "yr-1"\n', "", "rate has no unit"),
        ('symbol = "k"', 'symbol = "k"\nnote = "x"', "unknown entry of rate 'note'"),
        ("{ one = 0.5, two = 2.0 }", "{ one = 0.5 }", "rate has no value for the set 'two'"),
        ("two = 2.0", "two = 2.0, three = 1.0", "unknown parameter set of rate 'three'"),
        ("two = 2.0", "two = 20.0", "k = 20: allowed 0 to 10"),
        ("slider = [0.0, 5.0]", "slider = [0.0, 50.0]", r"slider \(0.0, 50.0\): allowed 0 to 10"),
        ("[drivers.", "[divers.", "unknown part of a parameter table 'divers'"),
        ("[sets.one]", "[sets.one", "parameter table:"),
    ],
)
def test_a_table_that_is_not_whole_is_refused(old, new, words):
    with pytest.raises(InputError, match=words):
        read_table(ROW.replace(old, new))


SHORT = """
[sources]
paper = "A 2015"
[sets.one]
description = "first"
source = "{paper}, one.R"
options = { form = "own" }
[sets.two]
description = "second"
source = "two.csv"
[sets.three]
description = "third"
source = "three.csv"
[options.form]
allowed = ["own", "other"]
meaning = "which form"
[parameters.rate]
value = { one = 0.5, "*" = 2.0 }
unit = { two = "week-1", "*" = "yr-1" }
validity = { one = [0.0, 1.0], "*" = [0.0, 10.0] }
symbol = "k"
meaning = "decay rate"
source = { one = "{source}: rate; {paper}", "*" = "{source}, k" }
[parameters.own]
value = 1.0
unit = "1"
validity = [0.0, 1.0]
symbol = "o"
meaning = "what one set has alone"
sets = ["two"]
[about.rate]
title = "a rate"
"""


def test_an_entry_may_differ_by_set_and_cite():
    sets, _, about = read_table(SHORT)
    rates = {name: found.records["rate"] for name, found in sets.items()}
    assert [r.value for r in rates.values()] == [0.5, 2.0, 2.0]
    assert [r.unit for r in rates.values()] == ["yr-1", "week-1", "yr-1"]
    assert [r.bounds for r in rates.values()] == [(0, 1), (0, 10), (0, 10)]
    assert [r.source for r in rates.values()] == [
        "A 2015, one.R: rate; A 2015", "two.csv, k", "three.csv, k",
    ]  # fmt: skip
    assert [list(found) for found in sets.values()] == [["rate"], ["rate", "own"], ["rate"]]
    assert sets["two"].records["own"].source == "two.csv"
    assert about == {"rate": {"title": "a rate"}}


def test_an_option_is_checked_wherever_a_set_comes_from():
    one = read_table(SHORT).sets["one"]
    assert one.replace(form="other").options == {"form": "other"}
    refused = r"unknown choice of form 'othr' \(did you mean 'other'\?\)"
    with pytest.raises(InputError, match=refused):
        one.replace(form="othr")
    stranger = ParameterSet("mine", one.records, "", {"form": "none"})
    with pytest.raises(InputError, match="unknown choice of form 'none'"):
        choose(stranger, {"one": one}, "one")


def test_a_set_that_there_is_not_has_no_parameter():
    with pytest.raises(InputError, match="unknown parameter set of own 'twoo'"):
        read_table(SHORT.replace('sets = ["two"]', 'sets = ["twoo"]'))


@pytest.mark.parametrize("value", [True, np.False_, np.ma.masked])
def test_yes_no_and_nothing_are_no_numbers(value):
    with pytest.raises(InputError, match=r"depth = .* is not a number"):
        check_range("depth", value, 0, 1)


def test_masked_numbers_are_missing_and_yes_and_no_are_none():
    hidden = np.ma.masked_array([1, 2], [False, True])
    np.testing.assert_array_equal(as_numbers("clay", hidden), [1.0, np.nan])
    for value in (True, [True, False], pd.Series([True])):
        with pytest.raises(InputError, match=r"clay = .* is not a number"):
            as_numbers("clay", value)
