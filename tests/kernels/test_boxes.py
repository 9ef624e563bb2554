"""The kernels of box models: the five laws, their derivatives, and the solvers beside SciPy's."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from soilnb.kernels import boxes, ode

LAWS = {
    boxes.LINEAR: lambda s, b, r, k: r * s,
    boxes.FORWARD: lambda s, b, r, k: r * b * s / (k + s),
    boxes.REVERSE: lambda s, b, r, k: r * b * s / (k + b),
    boxes.POWER: lambda s, b, r, k: r * s**k,
    boxes.FILLING: lambda s, b, r, k: r * s * (1 - b / k),
}

#: Three pools and two sinks; one flux of each law, the fourth to the power 1.7.
SUBSTRATE = np.array([0, 0, 0, 1, 2])
PARTNER = np.array([0, 1, 1, 1, 0])
LAW = np.array(list(LAWS))
RATE = np.array([0.3, 0.8, 0.5, 0.1, 0.4])
CONSTANT = np.array([1.0, 3.0, 2.0, 1.7, 9.0])
SOURCE = np.array([2.0, 0.0, 0.5, 0.0, 0.0])
SHARES = np.array(
    [
        [-1.0, -1.0, -1.0, 0.2, 0.6],
        [0.0, 0.4, 0.3, -1.0, 0.0],
        [0.5, 0.0, 0.0, 0.5, -1.0],
        [0.5, 0.6, 0.7, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.3, 0.4],
    ]
)
MODEL = (SHARES, LAW, SUBSTRATE, PARTNER, RATE, CONSTANT)


def plain(state):
    """s + N F(C), one flux after the other."""
    change = SOURCE.copy()
    for j, law in enumerate(LAWS.values()):
        amount = law(state[SUBSTRATE[j]], state[PARTNER[j]], RATE[j], CONSTANT[j])
        change += SHARES[:, j] * amount
    return change


def found(state):
    out = np.empty(5)
    boxes.tendency(state, SOURCE, *MODEL, out)
    return out


@pytest.mark.parametrize("law", LAWS)
def test_a_law_is_its_formula(law):
    for s, b, r, k in ((2.0, 3.0, 0.7, 5.0), (0.1, 9.0, 2.0, 1.5), (0.0, 1.0, 1.0, 2.0)):
        assert boxes.flux(law, s, b, r, k) == pytest.approx(LAWS[law](s, b, r, k), rel=1e-14)


def test_no_law_takes_from_an_empty_pool():
    for law in LAWS:
        assert boxes.flux(law, 0.0, 2.0, 1.0, 1.5) == 0


def test_the_tendency_is_that_of_the_plain_sum():
    state = np.array([3.0, 1.2, 2.5, 0.0, 0.0])
    np.testing.assert_allclose(found(state), plain(state), rtol=1e-14)


def test_the_jacobian_is_the_derivative():
    state = np.array([3.0, 1.2, 2.5, 0.0, 0.0])
    exact, numeric = np.empty((5, 5)), np.empty((5, 5))
    boxes.jacobian(state, *MODEL, exact)
    for i in range(5):
        step = np.zeros(5)
        step[i] = 1e-6
        numeric[:, i] = (plain(state + step) - plain(state - step)) / 2e-6
    np.testing.assert_allclose(exact, numeric, atol=1e-8)


def test_the_steady_state_has_no_tendency():
    state = np.array([1.0, 1.0, 1.0, 0.0, 0.0])
    status = boxes.steady_state(SOURCE, *MODEL, np.ones(3, bool), state)
    assert status == boxes.CONVERGED
    np.testing.assert_allclose(plain(state)[:3], 0, atol=1e-13)
    assert plain(state)[3:].sum() == pytest.approx(SOURCE.sum(), rel=1e-13)


@pytest.mark.parametrize("carbon", [1e-6, 1.0, 1e6])
def test_what_is_rounding_is_relative_to_all_carbon(carbon):
    """A pool below zero by half of `EMPTY` of it becomes empty; by twice that it stops the step."""
    state = carbon * np.array([0.6, 0.4, -0.5 * ode.EMPTY, -1.0])
    assert not ode.empty_or_reject(state, 1)
    assert list(state) == [carbon * 0.6, carbon * 0.4, 0.0, -carbon]
    assert ode.empty_or_reject(carbon * np.array([0.6, 0.4, -2.0 * ode.EMPTY, 1.0]), 1)


def test_a_run_is_that_of_scipy_also_where_drivers_change():
    stops, which = np.array([0.5, 2.0, 7.0]), np.array([0, 0, 1])
    more = np.stack([SOURCE, 3 * SOURCE])
    out = np.zeros((3, 5))
    out[0, :3] = [0.2, 0.1, 4.0]
    reference, now, state = [], 0.0, out[0].copy()
    for stop, segment in zip(stops, which, strict=True):
        solved = solve_ivp(
            lambda t, c, add=more[segment] - SOURCE: plain(c) + add, (now, stop), state, "Radau",
            rtol=1e-11, atol=1e-12,
        )  # fmt: skip
        now, state = stop, solved.y[:, -1]
        reference.append(state)

    def both(array):
        return np.stack([array, array])

    status = boxes.transient(
        more, both(SHARES), LAW, SUBSTRATE, PARTNER, both(RATE), both(CONSTANT), stops, which,
        1e-9, out,
    )  # fmt: skip
    assert status == boxes.CONVERGED
    np.testing.assert_allclose(out, reference, rtol=1e-7)
    entered = 2.5 * 2.0 + 7.5 * 5.0
    assert out[-1].sum() == pytest.approx(4.3 + entered, rel=1e-13)
