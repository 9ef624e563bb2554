"""Transport and decay in a profile: what is conserved, what is exact, what agrees with LAPACK."""

import json
import os
import subprocess
import sys
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import Polynomial
from scipy.linalg import expm

from soilnb.kernels import depth


def random_profile(seed, n=12, still=False):
    """Cells, an operator and what it is made of; sometimes without diffusion or advection."""
    rng = np.random.default_rng(seed)
    thickness = rng.uniform(0.01, 0.1, n)
    diffusion = np.full(n + 1, 0.0 if rng.random() < 0.3 else rng.uniform(1e-5, 5e-3))
    velocity = np.full(n + 1, 0.0 if still else rng.uniform(-0.02, 0.2))
    decay = 10 ** rng.uniform(-4, 0, n)
    top, bottom = rng.choice([0.0, 0.01], 2)
    made = tuple(np.empty(n) for _ in range(3))
    depth.conservative(thickness, diffusion, velocity, decay, top, bottom, *made)
    losses = decay.copy()
    losses[0] += top / thickness[0]
    losses[-1] += bottom / thickness[-1]
    return thickness, made, losses, rng.uniform(0, 10, n)


def dense(operator):
    lower, diagonal, upper = operator
    return np.diag(diagonal) + np.diag(lower[1:], -1) + np.diag(upper[:-1], 1)


def run(operator, source, initial, times, tolerance=1e-8, first=0.0):
    times = np.asarray(times, dtype=float)
    states, integrals = (np.empty((times.size, source.size)) for _ in range(2))
    last = depth.transient(*operator, source, initial, times, tolerance, first, states, integrals)
    return last, states, integrals


def exact(operator, source, initial, t):
    """State and time integral by the exponential of the whole system."""
    n = source.size
    whole = np.zeros((2 * n + 1, 2 * n + 1))
    whole[:n, :n] = dense(operator)
    whole[:n, -1] = source
    whole[n : 2 * n, :n] = np.eye(n)
    end = expm(whole * t) @ np.concatenate([initial, np.zeros(n), [1.0]])
    return end[:n], end[n : 2 * n]


# --- the rational function --------------------------------------------------------------------


def rational(z, weights=depth.WEIGHTS):
    """Sum of the partial fractions at a real z: one of each pair of conjugates, counted twice."""
    return sum((w / (z - pole)).real for w, pole in zip(weights, depth.POLES, strict=True))


def pade(m=4, n=5):
    """Numerator and denominator of the Padé approximant (m, n) of exp."""
    whole = factorial(m + n)
    up = [
        factorial(m + n - j) * factorial(m) / (whole * factorial(j) * factorial(m - j))
        for j in range(m + 1)
    ]
    down = [
        (-1) ** j * factorial(m + n - j) * factorial(n) / (whole * factorial(j) * factorial(n - j))
        for j in range(n + 1)
    ]
    return Polynomial(up), Polynomial(down)


@pytest.mark.parametrize("z", [0.0, -0.3, -2.0, -17.0, -400.0, -1e5])
def test_the_partial_fractions_are_the_pade_approximant(z):
    up, down = pade()
    assert rational(z) == pytest.approx(up(z) / down(z), rel=1e-12, abs=1e-13)
    estimate = rational(z, depth.ERROR_WEIGHTS) - 1
    assert estimate == pytest.approx(z**5 / (15120 * down(z)), rel=1e-9, abs=1e-13)


def test_it_damps_all_that_decays_and_stays_bounded_on_the_imaginary_axis():
    up, down = pade()
    y = np.geomspace(1e-2, 1e4, 400)
    assert (np.abs(up(1j * y) / down(1j * y)) <= 1 + 1e-12).all()
    assert abs(rational(-1e8)) < 1e-6
    assert (depth.POLES.real > 0).all()


def test_the_step_is_of_ninth_order():
    _, operator, _, source = random_profile(3)
    initial = source[::-1].copy()
    scale = 0.8 / -operator[1].min()
    errors = []
    for dt in (scale, scale / 2):
        out, integral = np.empty(12), np.empty(12)
        work, y = np.empty(12, complex), np.empty(12, complex)
        depth.step(*operator, source, initial, dt, work, y, out, integral)
        errors.append(np.abs(out - exact(operator, source, initial, dt)[0]).max())
    assert errors[1] > 1e-13  # above rounding
    assert errors[0] / errors[1] == pytest.approx(2**10, rel=0.5)


# --- the operator -----------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_carbon_leaves_the_operator_only_by_decay_and_through_the_ends(seed):
    _, operator, losses, _ = random_profile(seed)
    matrix = dense(operator)
    np.testing.assert_allclose(-matrix.sum(axis=0), losses, atol=1e-12 * np.abs(matrix).max())
    assert (matrix - np.diag(np.diag(matrix)) >= 0).all()


def test_without_diffusion_carbon_goes_with_the_water_only():
    assert depth.face_rates(0.1, 0.0, 0.3) == (0.3, 0.0)
    assert depth.face_rates(0.1, 0.0, -0.3) == (0.0, 0.3)
    assert depth.face_rates(0.1, 1e-308, 0.3) == (0.3, 0.0)
    assert depth.face_rates(0.1, 0.0, 0.0) == (0.0, 0.0)


def test_without_water_the_exchange_is_that_of_ficks_law():
    assert depth.face_rates(0.1, 2e-4, 0.0) == pytest.approx((2e-3, 2e-3))


@given(
    distance=st.floats(1e-3, 1.0),
    diffusion=st.floats(1e-9, 1e-1),
    velocity=st.floats(-1.0, 1.0),
)
def test_the_flux_is_exact_for_constant_coefficients(distance, diffusion, velocity):
    """x = 1 + exp(v (z - d) / kappa) has the flux v everywhere."""
    down, up = depth.face_rates(distance, diffusion, velocity)
    assert down >= 0
    assert up >= 0
    peclet = velocity * distance / diffusion
    if abs(peclet) > 300:
        return
    first, second = 1 + np.exp(-max(peclet, 0.0)), 1 + np.exp(-max(peclet, 0.0) + peclet)
    assert down * first - up * second == pytest.approx(velocity, rel=1e-8, abs=1e-12)


def test_the_published_operator_is_that_of_central_differences():
    h, kappa, v = 0.001, 1e-4, 0.05
    decay = np.linspace(1, 0.3, 6)
    lower, diagonal, upper = (np.empty(6) for _ in range(3))
    depth.central(h, kappa, v, decay, lower, diagonal, upper)
    x = np.random.default_rng(1).uniform(0, 1, 8)
    x[[0, -1]] = 0.0
    expected = kappa * (x[2:] - 2 * x[1:-1] + x[:-2]) / h**2 - v * (x[2:] - x[:-2]) / (2 * h)
    expected -= decay * x[1:-1]
    np.testing.assert_allclose(dense((lower, diagonal, upper)) @ x[1:-1], expected, rtol=1e-12)


# --- at rest ----------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_the_steady_state_is_that_of_lapack(seed):
    _, operator, losses, source = random_profile(seed)
    out, work = np.empty(12), np.empty(12)
    assert depth.steady(operator[0], losses, operator[2], source, work, out)
    np.testing.assert_allclose(out, np.linalg.solve(-dense(operator), source), rtol=1e-9)
    assert (out >= 0).all()


def test_carbon_that_is_never_lost_has_no_steady_state():
    n = 5
    made = tuple(np.empty(n) for _ in range(3))
    flat = np.full(n + 1, 1e-4)
    depth.conservative(np.full(n, 0.1), flat, 0 * flat, np.zeros(n), 0.0, 0.0, *made)
    assert not depth.steady(made[0], np.zeros(n), made[2], np.ones(n), np.empty(n), np.empty(n))


def test_slow_decay_is_not_drowned_by_fast_mixing():
    """All input is lost by decay, though mixing is 1e15 times as fast."""
    n = 30
    made = tuple(np.empty(n) for _ in range(3))
    loss = np.full(n, 1e-12)
    fast = np.full(n + 1, 0.5)
    depth.conservative(np.full(n, 0.02), fast, 0 * fast, loss, 0.0, 0.0, *made)
    source, out = np.linspace(0, 2, n), np.empty(n)
    assert depth.steady(made[0], loss, made[2], source, np.empty(n), out)
    assert (loss * out).sum() == pytest.approx(source.sum(), rel=1e-12)
    np.testing.assert_allclose(out, out.mean(), rtol=1e-9)


# --- in time ----------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32))
@settings(max_examples=15)
def test_a_run_agrees_with_the_matrix_exponential(seed):
    _, operator, losses, source = random_profile(seed)
    initial = np.random.default_rng(seed).uniform(0, 100, 12)
    times = [0.0, 0.01, 1.0, 30.0]
    _, states, integrals = run(operator, source, initial, times)
    np.testing.assert_array_equal(states[0], initial)
    for k, t in enumerate(times[1:], start=1):
        state, integral = exact(operator, source, initial, t)
        assert np.abs(states[k] - state).sum() < 1e-10 * state.sum()
        assert np.abs(integrals[k] - integral).sum() < 1e-10 * integral.sum()
        lost = losses @ integrals[k]
        gained = t * source.sum()
        change = states[k].sum() - initial.sum()
        assert gained - lost == pytest.approx(change, abs=1e-11 * (gained + initial.sum()))


def test_fast_water_without_mixing_is_followed_as_well():
    """The hardest case for the method: all cells share one eigenvalue."""
    n = 40
    made = tuple(np.empty(n) for _ in range(3))
    flat = np.zeros(n + 1)
    depth.conservative(np.full(n, 0.01), flat, flat + 0.5, np.full(n, 1e-3), 0.0, 0.5, *made)
    initial, source = np.zeros(n), np.zeros(n)
    initial[0] = 1.0
    _, states, _ = run(made, source, initial, [0.2, 0.6, 100.0])
    for k, t in enumerate((0.2, 0.6)):
        assert np.abs(states[k] - exact(made, source, initial, t)[0]).max() < 1e-10
    assert np.abs(states[2]).max() < 1e-12


def test_a_profile_at_rest_stays_at_rest():
    _, operator, losses, source = random_profile(8)
    out = np.empty(12)
    depth.steady(operator[0], losses, operator[2], source, np.empty(12), out)
    last, states, _ = run(operator, source, out, [2500.0])
    np.testing.assert_allclose(states[0], out, rtol=1e-11)
    assert last > 100  # and long steps do


def test_a_run_may_be_cut_in_two():
    _, operator, _, source = random_profile(11)
    initial = source.copy()
    last, half, area = run(operator, source, initial, [7.0])
    _, rest, more = run(operator, source, half[-1], [13.0], first=last)
    _, whole, total = run(operator, source, initial, [20.0])
    np.testing.assert_allclose(rest[-1], whole[-1], rtol=1e-9)
    np.testing.assert_allclose(area[-1] + more[-1], total[-1], rtol=1e-9)


def test_several_materials_are_each_alone():
    made = [random_profile(seed) for seed in (1, 2)]
    stacked = [np.stack([m[1][k] for m in made]) for k in range(3)]
    source = np.stack([m[3] for m in made])
    rest = np.empty((2, 12))
    losses = np.stack([m[2] for m in made])
    assert depth.steady_all(stacked[0], losses, stacked[2], source, rest) == 2
    times = np.array([1.0, 50.0])
    out, area = np.empty((2, 2, 12)), np.empty((2, 2, 12))
    steps = np.zeros(2)
    status = depth.transient_all(*stacked, source, rest[::-1].copy(), times, 1e-8, steps, out, area)
    assert status == depth.DONE
    for m in range(2):
        operator = tuple(part[m] for part in stacked)
        last, states, integrals = run(operator, source[m], rest[1 - m], times)
        np.testing.assert_array_equal(out[m], states)
        np.testing.assert_array_equal(area[m], integrals)
        assert steps[m] == last


def test_a_state_that_is_no_number_is_given_up():
    _, operator, _, source = random_profile(5)
    last, _, _ = run(operator, source, np.full(12, np.nan), [1.0])
    assert last < 0


# --- the compiler -----------------------------------------------------------------------------

SCRIPT = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import numpy as np
from test_depth_kernels import depth, random_profile, run
_, operator, losses, source = random_profile(7, n=6)
rest = np.empty(6)
found = depth.steady(operator[0], losses, operator[2], source, np.empty(6), rest)
_, states, integrals = run(operator, source, 0 * source, [1.0, 90.0])
print(json.dumps([found, rest.tolist(), states.tolist(), integrals.tolist()]))
"""


def test_the_kernels_say_the_same_with_the_compiler_off():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps([os.path.dirname(__file__)])],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, rest, states, integrals = json.loads(done.stdout)
    assert found
    _, operator, losses, source = random_profile(7, n=6)
    compiled = np.empty(6)
    depth.steady(operator[0], losses, operator[2], source, np.empty(6), compiled)
    np.testing.assert_allclose(rest, compiled, rtol=1e-12)
    _, expected, area = run(operator, source, 0 * source, [1.0, 90.0])
    np.testing.assert_allclose(states, expected, rtol=1e-10)
    np.testing.assert_allclose(integrals, area, rtol=1e-10)
