"""ICBM against its closed forms."""

import numpy as np
import pytest

from soilnb.cue import diagnosed
from soilnb.profile import icbm

K1, K2, H = 0.8, 0.00605, 0.13


def closed_form(t, i, r, y0, o0, h=H):
    """Young and old carbon of Andrén & Kätterer 1997, kg C m-2, from the printed solution."""
    young = i / (K1 * r) + (y0 - i / (K1 * r)) * np.exp(-K1 * r * t)
    fresh = h * (K1 * r * y0 - i) / (r * (K2 - K1))
    old = (
        h * i / (K2 * r)
        + (o0 - h * i / (K2 * r) - fresh) * np.exp(-K2 * r * t)
        + fresh * np.exp(-K1 * r * t)
    )
    return young, old


@pytest.mark.parametrize(
    ("i", "r", "y0", "o0", "h"),
    [(0.0, 1.32, 0.3, 3.96, 0.13), (0.285, 1.0, 0.3, 4.11, 0.125), (0.272, 1.1, 0.3, 3.99, 0.25)],
)
def test_the_published_transients(i, r, y0, o0, h):
    """Bare fallow, straw with nitrogen, and manure at Ultuna."""
    t = np.array([0.0, 0.3, 5.0, 20.0, 400.0])
    site = {"npp": 1e3 * i, "modifier": r}
    run = icbm.simulate(site, t, {"humification": h}, initial=[y0, o0])
    young, old = closed_form(t, i, r, y0, o0, h)
    np.testing.assert_allclose(run["carbon"].sel(pool="young"), young, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(run["carbon"].sel(pool="old"), old, rtol=1e-11)


@pytest.mark.parametrize("r", [0.3, 1.0, 2.5])
def test_the_steady_state_is_input_over_rate(r):
    given = icbm.steady_state({"npp": 310.0, "modifier": r})["carbon"]
    np.testing.assert_allclose(given, [0.31 / (K1 * r), H * 0.31 / (K2 * r)], rtol=1e-13)
    as_parameter = icbm.steady_state({"npp": 310.0}, {"modifier": r})["carbon"]
    np.testing.assert_array_equal(as_parameter, given)


def test_its_efficiency_at_rest_is_made_of_the_humification_alone():
    for r in (0.5, 2.0):
        soil = icbm.steady_state({"npp": 310.0, "modifier": r})
        assert float(diagnosed(soil)) == pytest.approx(H / (1 + H), rel=1e-13)


def test_its_modes_are_its_two_rates():
    modes = icbm.MODEL.eigenvalues({"npp": 100.0, "modifier": 2.0})
    np.testing.assert_allclose(modes["real_part"], [-2 * K1, -2 * K2], rtol=1e-12)


def test_old_carbon_has_been_young_first():
    ages = icbm.MODEL.ages({"npp": 100.0})
    np.testing.assert_allclose(ages["age"], [1 / K1, 1 / K1 + 1 / K2], rtol=1e-12)
    assert float(ages["transit_time"]) == pytest.approx(1 / K1 + H / K2)
