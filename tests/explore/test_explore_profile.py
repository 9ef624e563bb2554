"""The explorer of the whole profile, and what its notebook asks the model."""

import numpy as np
import pytest

from soilnb.explore import profile as explorers
from soilnb.parameters import InputError
from soilnb.profile import depth


@pytest.fixture(scope="module")
def explorer():
    return explorers.profile()


@pytest.mark.parametrize("name", ["root_beta", "decay", "decay_depth", "diffusion", "advection"])
def test_moving_a_slider_of_the_profile_changes_picture_and_words(explorer, name):
    explorer.reset()
    picture, words = bytes(explorer.picture.value), explorer.words.value
    slider = explorer.controls[name]
    slider.value = slider.max
    assert bytes(explorer.picture.value) != picture
    assert explorer.words.value != words
    explorer.reset()


def test_the_profile_explorer_starts_at_the_published_set(explorer):
    explorer.reset()
    published = depth.PARAMETER_SETS[explorers.SET]
    assert explorer.values == {name: published[name] for name in explorer.values}
    expected = depth.steady_state(explorers.SET)
    moved = explorer.result.sel(case="moved")
    np.testing.assert_allclose(1000 * moved["carbon"], expected["carbon"].sum("material"))
    assert f"{float(expected['stock']):.1f} kg C m⁻²" in explorer.words.value


def test_without_transport_carbon_is_input_times_turnover_time(explorer):
    explorer.reset()
    still = explorer.result.sel(case="still")
    made = explorer.result["source"] * explorer.result["turnover_time"] / 1000
    np.testing.assert_allclose(still["carbon"], made, rtol=1e-9)


def test_with_transport_switched_off_both_cases_are_one():
    state = explorers.whole_profile(diffusion=0.0, advection=0.0)
    np.testing.assert_allclose(state["carbon"].sel(case="still"), state["carbon"].sel(case="moved"))
    assert float(state["reach"]) == 0


def test_the_prediction_is_true():
    """Deeper roots bring more carbon below 1 m than ten times the mixing does."""
    start = explorers.whole_profile()["deep"].sel(case="moved")
    mixing = 10 * depth.PARAMETER_SETS[explorers.SET]["diffusion"]
    mixed = explorers.whole_profile(diffusion=mixing)["deep"].sel(case="moved")
    rooted = explorers.whole_profile(root_beta=0.98)["deep"].sel(case="moved")
    assert start < mixed < rooted
    assert rooted - start > 3 * (mixed - start)


def test_the_reach_of_mixing_is_what_the_explanation_says():
    assert float(explorers.whole_profile()["reach"]) == pytest.approx(5, abs=1)
    state = depth.steady_state(explorers.SET)
    mixing = depth.PARAMETER_SETS[explorers.SET]["diffusion"]
    reach = np.sqrt(mixing / state["decay"].sel(material="soil"))
    below = reach.isel(depth=(state["depth"] > 1).values)
    assert float(below.min()) == pytest.approx(20, abs=2)
    assert float(below.max()) == pytest.approx(73, abs=4)


def test_a_value_outside_its_bounds_is_refused_in_one_line():
    with pytest.raises(InputError, match=r"root_beta = 1.5") as error:
        explorers.whole_profile(root_beta=1.5)
    assert "\n" not in str(error.value)


def test_input_and_turnover_shape_the_profile_more_than_transport():
    spans = explorers.spans()
    width = (spans["deep_high"] - spans["deep_low"]).abs()
    moved = width[spans["kind"] == "transport"].max()
    assert width["root_beta"] > 3 * moved
    assert width["decay_depth"] > 2 * moved
    assert width["decay"] < moved  # the level of decay sets the stock, not the shape
    assert list(spans.index) == list(explorers.RANGES)


def test_ranges_hold_the_reference_and_are_allowed():
    records = depth.PARAMETER_SETS[explorers.SET].records
    for name, (_, low, high, _) in explorers.RANGES.items():
        bottom, top = records[name].bounds
        assert bottom <= low <= records[name].value <= high <= top, name


@pytest.fixture(scope="module")
def fates():
    return explorers.entering(edges=(0.0, 0.2, 1.0, 2.0), time=[0.0, 1.0, 10.0, 1000.0])


def test_carbon_only_leaves_and_starts_complete(fates):
    left = fates["remaining"].transpose("time", ...).values
    np.testing.assert_allclose(left[0], 1)
    assert (np.diff(left, axis=0) < 0).all()
    assert fates["place"].values.tolist() == ["0-0.2 m", "0.2-1 m", "1-2 m"]


def test_deeper_carbon_stays_longer_in_both_readings(fates):
    for name in ("mean", "median"):
        assert (fates[name].diff("place") > 0).all(), name


def test_fresh_carbon_makes_the_median_short_and_leaves_the_mean_long(fates):
    two = fates.sel(reading="two materials", place="1-2 m")
    one = fates.sel(reading="stock", place="1-2 m")
    assert float(two["median"]) < 10 < 100 < float(two["mean"])
    assert float(one["median"]) > 100
    # The mean is that of a mixture: a share kept of the stock's mean, the rest nearly nothing.
    kept = depth.PARAMETER_SETS["cropland"]["root_kept"]
    assert float(two["mean"] / one["mean"]) == pytest.approx(kept, abs=0.02)
