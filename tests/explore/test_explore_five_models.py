"""The explorers of the box models: what they compute, and what they say."""

import numpy as np
import pytest

from soilnb.explore import five_models as explorers
from soilnb.profile import icbm, rothc
from soilnb.profile.model import boxes


@pytest.fixture(scope="module")
def side():
    return explorers.side_by_side()


def test_every_model_of_the_registry_is_shown(side):
    assert list(side.result) == [model.name for model in boxes().values()]
    for soil in side.result.values():
        assert {"litter", "microbes", "soil"} >= set(soil["pool_kind"].values)


def test_only_millennial_changes_its_efficiency_with_temperature(side):
    """The prediction's own answer."""
    side.reset()
    before = {name: float(soil["cue"]) for name, soil in side.result.items()}
    picture = bytes(side.picture.value)
    side.set(temperature=22.0)
    after = {name: float(soil["cue"]) for name, soil in side.result.items()}
    assert {name for name in before if abs(after[name] - before[name]) > 0.01} == {"Millennial"}
    assert bytes(side.picture.value) != picture
    assert "holds most carbon" in side.words.value
    side.set(temperature=12.0, clay=0.6)
    clay = {name: float(soil["cue"]) for name, soil in side.result.items()}
    moved = {name for name in before if abs(clay[name] - before[name]) > 0.01}
    assert moved == {"CENTURY", "RothC"}
    side.reset()


def test_ages_are_those_of_the_state_that_is_shown():
    """In a cold soil of clay MIMICS has two steady states: only one of them with both microbes."""
    site = explorers.soil(temperature=0.0, clay=0.65, npp=250.0)
    soil = explorers.describe(boxes()["mimics"], site)
    assert float(soil["carbon"].sel(pool="MICK")) > 0
    assert np.isfinite(soil["age"]).all()
    mean = float((soil["carbon"] * soil["age"]).sum() / soil["carbon"].sum())
    assert float(soil["system_age"]) == pytest.approx(mean)
    assert float(soil["transit_time"]) == pytest.approx(1e3 * float(soil["carbon"].sum()) / 250.0)


def test_the_loan_of_a_thermometer_changes_nothing_for_its_owner():
    soil = explorers.soil(temperature=17.0)
    own = {key: value for key, value in soil.items() if key != "modifier"}
    np.testing.assert_array_equal(
        rothc.steady_state(soil)["carbon"], rothc.steady_state(own)["carbon"]
    )
    carbon = icbm.steady_state(soil)["carbon"] * float(rothc.temperature_modifier(17.0))
    np.testing.assert_allclose(carbon, icbm.steady_state({"npp": 400.0})["carbon"])


def test_twice_the_litter_is_twice_the_carbon_of_a_linear_model():
    runs = explorers.answers(years=20, ramp=20)
    final = runs["final"].sel(experiment="2 times the litter")
    linear = final.sel(model=["CENTURY", "ICBM"])
    np.testing.assert_allclose(linear, 100.0, rtol=1e-9)
    assert (final.sel(model=["MIMICS", "Millennial"]) < 40).all()
    assert 90 < float(final.sel(model="RothC")) < 100  # its inert carbon stays
    warm = runs.sel(experiment="+4 °C", model=["CENTURY", "ICBM", "Millennial", "MIMICS", "RothC"])
    assert (warm["final"] < warm["change"].isel(time=-1)).all()
    np.testing.assert_allclose(runs["change"].isel(time=0), 0, atol=1e-9)


def test_what_has_grown_stays():
    runs = explorers.answers(years=1000, ramp=10)
    last, rest = runs["change"].isel(time=-1), runs["final"]
    fast = ["ICBM", "Millennial", "MIMICS", "RothC"]
    np.testing.assert_allclose(last.sel(model=fast), rest.sel(model=fast), atol=0.5)


def test_efficiencies_are_swept_one_driver_at_a_time():
    sweeps = explorers.efficiencies()
    temperature, clay, litter = sweeps.values()
    spread = {name: float(np.ptp(temperature.sel(model=name).values)) for name in ("ICBM", "RothC")}
    assert max(spread.values()) < 1e-12
    fall = np.diff(temperature.sel(model="Millennial")) / np.diff(temperature["value"])
    np.testing.assert_allclose(fall, -0.012)
    assert (np.diff(clay.sel(model="RothC")) > 0).all()
    assert float(np.ptp(litter.sel(model="CENTURY").values)) < 1e-12


@pytest.mark.parametrize("name", boxes())
def test_any_model_can_be_taken_apart(name):
    explorer = explorers.one(name)
    assert "npp" in explorer.controls
    before = float(explorer.result["carbon"].sum())
    explorer.set(npp=explorer.values["npp"] * 1.5)
    assert float(explorer.result["carbon"].sum()) > before
    assert boxes()[name].name in explorer.words.value


def test_a_parameter_gets_the_range_of_its_table():
    explorer = explorers.one("icbm", ("humification",))
    slider = explorer.controls["humification"]
    record = icbm.PARAMETER_SETS["andren1997"].records["humification"]
    assert (slider.min, slider.max) == record.slider
    assert slider.value == record.value == 0.13
    slider.value = 0.26
    carbon = explorer.result["carbon"]
    assert float(carbon.sel(pool="old")) == pytest.approx(2 * 0.13 * 0.5 / 0.00605)
