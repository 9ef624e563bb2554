"""What the lessons on exudates and on the frozen soil build on: equal soils, and what is fed."""

import numpy as np
import pytest

from soilnb.lessons.pore import exudates as lesson
from soilnb.pore import Pulse, Scenario, simulate
from soilnb.pore.parameters import resolve

SMALL = {"shape": (64, 64), "initial_steps": 20, "seed": 0, "progress": False}
PULSE = 12


@pytest.fixture(scope="module")
def fed():
    """Runs whose one pulse differs in C/N."""
    runs = {}
    for cn in (10, 100):
        scenario = Scenario(f"C/N {cn}", pulses=(Pulse(PULSE, mass=0.77, cn=cn),))
        runs[cn] = simulate(scenario, days=45, **SMALL)
    return runs


def test_soils_are_equal_until_the_pulse_and_not_after(fed):
    for name in ("C_B", "C_Nec", "C_POM", "C_S", "N_S", "CUE"):
        rich, poor = (run[name].values for run in fed.values())
        assert np.array_equal(rich[:PULSE], poor[:PULSE], equal_nan=True)
    assert not np.array_equal(fed[10]["C_B"][PULSE:], fed[100]["C_B"][PULSE:])


def test_a_frozen_soil_begins_as_the_moving_one_does():
    moving, frozen = (simulate(name, days=0, **SMALL) for name in ("reference", "static"))
    for name in ("C_POM", "C_Nec", "C_B", "C_S", "exposed_POM"):
        assert float(moving[name][0]) == float(frozen[name][0])


def test_food_rich_in_nitrogen_leaves_more_necromass_and_less_carbon_dioxide(fed):
    rich, poor = (run.isel(time=-1) for run in fed.values())
    assert float(rich["C_Nec_new"]) > 1.2 * float(poor["C_Nec_new"])
    assert float(rich["C_CO2"]) < float(poor["C_CO2"])


def test_ten_rich_pulses_leave_more_alive_than_ten_poor_ones():
    rich, poor = (lesson.ten_pulses(ratio) for ratio in (10.0, 100.0))
    assert rich["biomass"] > poor["biomass"]


def test_biomass_without_overflow_is_what_uptake_pays_for():
    run = simulate("pom_cn10", days=199, **SMALL)
    runs = run.drop_vars(["scenario", "seed"], errors="ignore")
    runs = runs.expand_dims(scenario=["pom_cn10"], seed=[0])
    predicted, found = lesson.biomass_without_overflow(runs, resolve("default"))
    assert predicted == pytest.approx(found, rel=0.2)
