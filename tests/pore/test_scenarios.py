"""Scenarios as data: those of the paper, and those that a user writes."""

import math

import pytest

from soilnb.parameters import InputError
from soilnb.pore import Run
from soilnb.pore.parameters import RECORDS
from soilnb.pore.scenarios import SCENARIOS, Pulse, Scenario, get_scenario, read_scenario


def test_the_scenarios_of_the_paper_are_there():
    names = ["reference", "static", "cn10", "cn22", "cn100", "ten_pulses", "pom_cn10"]
    assert list(SCENARIOS) == names
    assert all(scenario.description for scenario in SCENARIOS.values())
    for name, scenario in SCENARIOS.items():
        days = [pulse.number for pulse in scenario.pulses]
        expected = list(range(200, 250, 5)) if name == "ten_pulses" else [200]
        assert days == expected
        assert scenario.movement is (name != "static")
        for parameter, value in scenario.parameters.items():
            low, high = RECORDS[parameter].bounds
            assert low <= value <= high
    assert [SCENARIOS[name].parameters["cn_root"] for name in ("cn10", "cn22", "cn100")] == [
        10, 22, 100,
    ]  # fmt: skip
    assert SCENARIOS["pom_cn10"].parameters == {"cn_pom": 10}


def test_a_pulse_falls_on_the_day_that_it_names():
    assert Pulse(200).number == 200
    assert Pulse(0).number == 1  # the first day is the earliest
    assert Pulse(0.5).number == 1
    assert Pulse(3.2).number == 4


def test_a_scenario_takes_days_mappings_and_pulses():
    scenario = Scenario("mine", pulses=(3, {"day": 5, "mass": 0.2, "cn": 15}, Pulse(9, rate=2)))
    assert scenario.pulses == (Pulse(3), Pulse(5, mass=0.2, cn=15), Pulse(9, rate=2))
    assert Scenario("one", pulses=7).pulses == (Pulse(7),)


FILE = """
description = "two pulses of mucilage in a sandier soil"
pulses = [100, {day = 150, mass = 0.4, cn = 10}, {day = 200, rate = 3.6}]
movement = false
shape = [120, 130]

[parameters]
porosity = 0.45
gate = "off"
"""


def test_a_scenario_can_be_read_from_a_small_file(tmp_path):
    path = tmp_path / "sandy.toml"
    path.write_text(FILE, encoding="utf-8")
    scenario = read_scenario(path)
    assert scenario.name == "sandy"
    assert scenario.pulses == (Pulse(100), Pulse(150, mass=0.4, cn=10), Pulse(200, rate=3.6))
    assert scenario.movement is False
    assert scenario.shape == (120, 130)
    assert scenario.parameters == {"porosity": 0.45, "gate": "off"}
    assert get_scenario(path) == get_scenario(str(path)) == scenario
    assert get_scenario(scenario) is scenario


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_may_have_a_byte_order_mark_or_two_bytes_a_letter(tmp_path, encoding):
    path = tmp_path / "sandy.toml"
    path.write_text('description = "µm"\npulses = [3]', encoding=encoding)
    scenario = read_scenario(path)
    assert (scenario.description, scenario.pulses) == ("µm", (Pulse(3),))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('name = "µ"'.encode("latin-1"), "no text in utf-8 .* at byte 8.*save as UTF-8"),
        (b"\xff\xfea", "no text in utf-16"),
        (b"pulses = " + b"[" * 20_000, "nested too deeply"),
        (b"#" * 1_000_001, "more than 1,000,000 bytes"),
        (b"pulses = [" + b"9" * 5000 + b"]", "own.toml: Exceeds the limit"),
        (b"pulses = [1" + b"0" * 400 + b"]", "day of a pulse = 1000.* is not a number"),
        (
            b'name = "a\\u0000b"',
            "name of a scenario = .*: allowed one line of up to 100 characters",
        ),
        (b'name = " "', "name of a scenario = ' ': allowed one line"),
        (b"name = 7", "name of a scenario = 7: allowed text"),
        (b"name = 1979-05-27", "name of a scenario = datetime.date.*: allowed text"),
        (
            b'description = ["two", "lines"]',
            r"description of a scenario = \['two', 'lines'\]: allowed",
        ),
        (b'description = "a\\nb"', "description of a scenario = .*: allowed one line"),
        (
            b"description = {a = {b = {c = {d = 1}}}}",
            "description of a scenario = .*: allowed text",
        ),
        (b"[parameters.porosity]\nx = 1", "porosity = {'x': 1} is not a number"),
        (b"parameters = {gate = [1]}", r"unknown choice of gate \[1\]; valid: on"),
        (b"parameters = {range_max = 5.3}", "range_max = 5.3: allowed whole numbers from 0 to 10"),
        (b"shape = [12]", "allowed two numbers of voxels"),
        (b'shape = "wide"', "allowed two numbers of voxels"),
    ],
)
def test_a_hostile_file_is_refused_before_the_run(tmp_path, content, message):
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        Run(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pulses = [-1]", "day of a pulse = -1: allowed 0 to"),
        ("pulses = [nan]", "day of a pulse = nan is not finite"),
        ("pulses = [inf]", "day of a pulse = inf is not finite"),
        ('pulses = ["soon"]', "day of a pulse = 'soon' is not a number"),
        ("pulses = [5, 5]", "pulses on days [5, 5]: allowed one pulse a day"),
        ("pulses = [{mass = 1}]", "allowed with a day"),
        ("pulses = [{day = 1, mass = -1}]", "mass of a pulse = -1: allowed 0 to"),
        ("pulses = [{day = 1, mass = 1, rate = 1}]", "allowed one of the two"),
        ("pulses = [{day = 1, cn = 0}]", "cn of a pulse = 0: allowed 5 to"),
        ("pulses = [{day = 1, amount = 2}]", "unknown entry of a pulse 'amount'"),
        ("movement = 1", "movement = 1: allowed true or false"),
        ("parameters = 3", "parameters = 3: allowed names with values"),
        ("[parameters]\nporosty = 1", "unknown parameter 'porosty' (did you mean 'porosity'?)"),
        ("pulse = [3]", "unknown entry of scenario file own.toml 'pulse' (did you mean 'pulses'?)"),
        ("pulses = [", "own.toml"),
    ],
)
def test_a_wrong_file_gets_one_clear_line(tmp_path, text, message):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_scenario(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_impossible_pulses_are_refused_in_python_too():
    for day in (-0.1, math.nan, -math.inf):
        with pytest.raises(InputError, match="day of a pulse"):
            Scenario("mine", pulses=(day,))
