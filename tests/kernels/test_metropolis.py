"""Steps are symmetric where they claim to be, and chains find targets that are known."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from scipy.interpolate import PchipInterpolator

from soilnb.kernels import layers, metropolis

# --------------------------------------------------------------------------- running moments


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(2, 60))
def test_the_running_factor_is_that_of_the_whole_history(seed, d, n):
    rng = np.random.default_rng(seed)
    history = rng.normal(size=(n, d)) @ rng.normal(size=(d, d))
    history[n // 2 :] = history[n // 2]  # a chain that stands still
    mean, factor, work = np.zeros(d), np.zeros((d, d)), np.empty(d)
    for count, state in enumerate(history):
        metropolis.learn(count, state, mean, factor, work)
    scale = 1 + np.abs(history).max() ** 2 * n
    np.testing.assert_allclose(mean, history.mean(0), atol=1e-12 * scale)
    scatter = (n - 1) * np.atleast_2d(np.cov(history.T))
    np.testing.assert_allclose(factor @ factor.T, scatter, atol=1e-12 * scale)
    assert (np.triu(factor, 1) == 0).all()


def test_a_chain_that_never_moved_has_no_spread():
    mean, factor, work = np.zeros(3), np.zeros((3, 3)), np.empty(3)
    for count in range(10):
        metropolis.learn(count, np.array([0.2, 0.5, 0.7]), mean, factor, work)
    np.testing.assert_allclose(factor, 0.0, atol=1e-15)


# --------------------------------------------------------------------------------- steps

CORRELATED = np.linalg.cholesky(np.array([[0.04, 0.035], [0.035, 0.04]]))


def draws(step, position, n=40_000, seed=1):
    rng = np.random.default_rng(seed)
    normal, proposal = np.empty(2), np.empty(2)
    found = np.empty((n, 2))
    for k in range(n):
        step(rng, position, CORRELATED, 1.0, normal, proposal)
        found[k] = proposal
    return found


def test_a_wrapped_step_is_the_gaussian_step_modulo_one():
    position = np.array([0.05, 0.9])
    found = draws(metropolis.wrapped_step, position)
    assert (found >= 0).all()
    assert (found < 1).all()
    free = np.random.default_rng(2).normal(size=found.shape) @ CORRELATED.T + position
    angles, expected = 2 * np.pi * found, 2 * np.pi * free
    for waves in ([1, 0], [0, 1], [1, 1], [1, -1], [2, 1]):
        assert np.cos(angles @ waves).mean() == pytest.approx(
            np.cos(expected @ waves).mean(), abs=0.02
        )
        assert np.sin(angles @ waves).mean() == pytest.approx(
            np.sin(expected @ waves).mean(), abs=0.02
        )


@pytest.mark.parametrize("place", [-1e-20, 1.0, 0.0])
def test_a_wrapped_step_never_lands_on_one(place):
    """A step of -1e-20 from 0 is 1 - 1e-20, which no float holds but 1."""
    proposal = np.empty(1)
    zero = np.zeros((1, 1))
    metropolis.wrapped_step(
        np.random.default_rng(0), np.array([place]), zero, 1.0, np.empty(1), proposal
    )
    assert proposal[0] == 0.0


def test_a_redrawn_step_is_the_gaussian_restricted_to_the_cube():
    position = np.array([0.05, 0.2])
    found = draws(metropolis.redrawn_step, position)
    free = np.random.default_rng(2).normal(size=(400_000, 2)) @ CORRELATED.T + position
    inside = free[((free > 0) & (free < 1)).all(1)]
    np.testing.assert_allclose(found.mean(0), inside.mean(0), atol=0.004)
    np.testing.assert_allclose(np.cov(found.T), np.cov(inside.T), atol=0.001)


def test_a_uniform_step_is_uniform_where_the_cube_lets_it():
    rng, proposal = np.random.default_rng(3), np.empty(2)
    found = np.empty((20_000, 2))
    for k in range(len(found)):
        metropolis.uniform_step(rng, np.array([0.5, 0.02]), 0.1, proposal)
        found[k] = proposal
    for column, (low, high) in zip(found.T, [(0.4, 0.6), (0.0, 0.12)], strict=True):
        assert column.min() > low
        assert column.max() < high
        assert column.mean() == pytest.approx((low + high) / 2, abs=0.002)
        assert column.std() == pytest.approx((high - low) / math.sqrt(12), abs=0.002)


# ------------------------------------------------------------------ chains on a known target


@njit
def _corner_cost(u):
    """-log of a density with its mass in one corner of the unit square, both sides of the bound."""
    return 4.0 * u[0] + 2.0 * (u[1] - 0.3 * u[0]) ** 2


@njit
def _reflected_step(rng, position, factor, scale, normal, proposal):
    for i in range(2):
        normal[i] = rng.standard_normal()
    for i in range(2):
        place = position[i]
        for j in range(i + 1):
            place += scale * factor[i, j] * normal[j]
        place = abs(place) % 2.0
        proposal[i] = 2.0 - place if place > 1.0 else place


@njit
def _chain(rng, kind, factor, n):
    place, normal, proposal = np.full(2, 0.5), np.empty(2), np.empty(2)
    cost, states = _corner_cost(place), np.empty((n, 2))
    for k in range(n):
        if kind == 0:
            metropolis.wrapped_step(rng, place, factor, 1.0, normal, proposal)
        else:
            _reflected_step(rng, place, factor, 1.0, normal, proposal)
        new = _corner_cost(proposal)
        if rng.random() < math.exp(cost - new):
            place[:] = proposal
            cost = new
        states[k] = place
    return states


@pytest.fixture(scope="module")
def corner_mean():
    """Mean of the corner density by quadrature."""
    grid = (np.arange(1000) + 0.5) / 1000
    u = np.stack(np.meshgrid(grid, grid, indexing="ij"))
    density = np.exp(-(4 * u[0] + 2 * (u[1] - 0.3 * u[0]) ** 2))
    return (u * density).sum((1, 2)) / density.sum()


def test_wrapped_steps_find_the_target_and_reflected_ones_do_not(corner_mean):
    """Reflection of correlated steps is not symmetric: the chain has another target."""
    wide = np.linalg.cholesky(0.36 * np.array([[1.0, 0.95], [0.95, 1.0]]))
    n = 200_000
    errors = []
    for kind in (0, 1):
        states = _chain(np.random.default_rng(4), kind, wide, n)
        batches = states.reshape(200, -1, 2).mean(1)
        standard_error = batches.std(0, ddof=1) / math.sqrt(200)
        errors.append(np.abs(states.mean(0) - corner_mean) / standard_error)
    assert errors[0].max() < 4
    assert errors[1].max() > 10


# --------------------------------------------------------------------- observation operator


@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_the_interpolation_is_scipys_pchip(seed, falling, flat):
    rng = np.random.default_rng(seed)
    node = np.cumsum(rng.uniform(0.02, 1.1, 20))
    value = 10 ** rng.uniform(-2, 5) * rng.normal(size=20)
    if falling:
        value = np.sort(np.abs(value))[::-1].copy()
    if flat:
        value[5:9] = value[5]
    at = rng.uniform(node[0], node[-1], 30)
    at[:2] = node[0] / 2, node[-1] + 0.1  # a little outside the nodes, as real samples are
    slope, found = np.empty(20), np.empty(30)
    interval = np.clip(np.searchsorted(node, at, side="right") - 1, 0, 18)
    metropolis.pchip_slopes(node, value, slope)
    metropolis.pchip(node, value, slope, interval, at, found)
    expected = PchipInterpolator(node, value)(at)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * np.abs(value).max())


# ------------------------------------------------------------------ chains with a soil inside

COMPAS_BOUNDS = np.array(
    [
        (0.01, 0.7), (0.4, 0.9), (0.0, 0.4), (300, 3000), (0.001, 0.03), (0.0, 3e-4), (1e5, 1e6),
        (15, 30), (0.0, 0.1), (1, 6), (0.1, 0.3), (0.001, 1), (0.0, 2), (0.0, 1), (0.5, 1),
        (0.0, 0.1), (0.05, 0.3), (0.6, 0.95), (0.0, 5), (1.2, 3), (3e-5, 16e-4), (3e-5, 5e-4),
        (0.5, 0.9999),
    ]
)  # fmt: skip
CLM5_BOUNDS = np.array(
    [
        (0.0, 0.05), (0.0, 0.1), (0.0, 0.4), (0.2, 0.8), (0.2, 0.8), (0.1, 0.8), (0.1, 0.74),
        (0.0, 0.9), (0.5, 1), (1, 50), (200, 1000), (0.0, 1), (0.0, 0.11), (1, 6), (0.1, 0.3),
        (0.0, 5), (1.2, 3), (0.0, 1), (3e-5, 16e-4), (3e-5, 5e-4), (0.5, 0.9999),
    ]
)  # fmt: skip
BOUNDS = {layers.COMPAS: COMPAS_BOUNDS, layers.CLM5: CLM5_BOUNDS}
DEPTH = np.array([0.05, 0.15, 0.3, 0.5, 0.8, 1.2, 1.6])
OBSERVED = np.array([30e3, 22e3, 14e3, 9e3, 6e3, 3.5e3, 2.5e3])


def temperate():
    """A column at 10 degC, without a nitrogen or oxygen limit."""
    node = layers.NODE
    month = 2 * np.pi * (np.arange(12) + 0.5)[:, np.newaxis] / 12
    soil = 10.0 + 12.0 * np.exp(-node / 2.24) * np.sin(month - node / 2.24)
    one = np.ones((12, 20))
    face = np.append(1.0 / np.diff(node), 0.0)
    return layers.Column(
        (soil - 25.0) / 10.0, 0.5 * one, one.copy(), one.copy(), np.full(12, 10.0), 20,
        np.array([60.0, 100.0, 200.0, 100.0]), np.full(20, 40.0), False, np.zeros(20), face,
    )  # fmt: skip


def problem(model=layers.COMPAS, weight=None, stretch=None, **changes):
    low, high = BOUNDS[model].T.copy()
    if stretch is None:
        stretch = np.zeros(low.size)
        if model == layers.COMPAS:
            stretch[[layers.TAU_ENZ_DECAY, layers.TAU_MIC]] = 5.0, 4.0
    if weight is None:
        weight = 5.0 / ((OBSERVED - OBSERVED.mean()) ** 2).sum()
    limit = 0.1 if model == layers.COMPAS else np.inf
    interval = np.searchsorted(layers.NODE, DEPTH, side="right") - 1
    return metropolis.Problem(
        model, 0, layers.CONSERVATIVE, limit, np.inf, low, high, stretch,
        temperate(), interval, DEPTH, OBSERVED, np.full(DEPTH.size, weight), 0.0,
        np.empty(0), np.empty(0), np.zeros(DEPTH.size), np.zeros(DEPTH.size),
    )._replace(**changes)  # fmt: skip


def evaluate(target, points):
    n = len(points)
    found = (
        np.empty_like(points), np.empty(n), np.empty(n, np.int64), np.empty((n, 20)),
        np.empty((n, target.depth.size)),
    )  # fmt: skip
    metropolis.evaluate(target, points, *found, np.empty((n, 0)))
    return found


def prior(target, n=20_000, seed=0):
    points = np.random.default_rng(seed).random((n, target.low.size))
    _, cost, status, _, _ = evaluate(target, points)
    feasible = status == metropolis.FEASIBLE
    return points[feasible], cost[feasible]


def wrapped(target, chains=4, samples=2_000, warmup=10_000, thin=20, seed=7):
    points, _ = prior(target)
    k = target.stretch
    some = np.where(k > 0, k, 1.0)
    walkers = np.where(k > 0, np.log1p(points * np.expm1(some)) / some, points)
    factor = np.linalg.cholesky(np.cov(walkers.T))
    found = np.empty((chains, samples, k.size))
    for c in range(chains):
        rng = np.random.default_rng([seed, c])
        metropolis.wrapped(target, rng, walkers[c], factor.copy(), warmup, thin, 1.0, found[c])
    return found


def test_the_first_steps_have_the_scale_that_suits_a_gaussian():
    """2.38 / sqrt(d) (Gelman et al. 1996), until the warm-up has learned better."""
    target = problem()
    walker = np.full(target.low.size, 0.5)
    factor = 1e-3 * np.eye(walker.size)
    outcome = metropolis.wrapped(
        target, np.random.default_rng(1), walker, factor, 0, 1, 1.0, np.empty((1, walker.size))
    )
    assert outcome[1] == pytest.approx(2.38 / math.sqrt(23), rel=1e-12)


def test_the_acceptance_rate_is_the_share_of_steps_that_moved():
    target = problem()
    walker = np.full(target.low.size, 0.5)
    points = np.empty((40, walker.size))
    rate, _ = metropolis.wrapped(
        target, np.random.default_rng(1), walker.copy(), 1e-3 * np.eye(walker.size), 0, 1, 1.0,
        points,
    )  # fmt: skip
    start = evaluate(target, walker[np.newaxis])[0]
    moved = (np.diff(np.concatenate([start, points]), axis=0) != 0.0).any(axis=1)
    assert moved[0]
    assert not moved.all()
    assert rate == moved.mean()


def published(target, steps=50_000, test_steps=20_000, seed=3):
    points = np.empty((steps, target.low.size))
    outcome = metropolis.published(target, np.random.default_rng(seed), test_steps, points)
    return points[: outcome[0]], outcome


@pytest.mark.parametrize("model", BOUNDS)
def test_a_run_in_the_chain_is_a_run_of_the_model(model):
    target = problem(model)
    rng = np.random.default_rng(5)
    points = rng.random((300, target.low.size))
    parameters, cost, status, total, modelled = evaluate(target, points)
    steady = layers.compas_steady if model == layers.COMPAS else layers.clm5_steady
    kinds = set()
    for k, u in enumerate(points):
        carbon = np.zeros((8 if model == layers.COMPAS else 7, 20))
        physical = target.low + u * (target.high - target.low)
        exists = steady(physical, target.column, target.switches, layers.new_work(), carbon)
        soil = carbon[4:].sum(0)
        np.testing.assert_allclose(parameters[k], physical, rtol=1e-14)
        np.testing.assert_allclose(total[k], soil, rtol=1e-12)
        kinds.add(int(status[k]))
        if not exists:
            assert status[k] == metropolis.NOT_POSITIVE
            assert cost[k] == np.inf
            continue
        microbes = carbon[5] @ layers.THICKNESS / (soil @ layers.THICKNESS)
        assert (status[k] == metropolis.TOO_MUCH_BIOMASS) == (microbes > target.biomass)
        expected = PchipInterpolator(layers.NODE, soil)(DEPTH)
        np.testing.assert_allclose(modelled[k], expected, rtol=1e-12, atol=1e-12 * soil.max())
        if status[k] == metropolis.FEASIBLE:
            squares = ((expected - OBSERVED) ** 2).sum()
            j = 5.0 * squares / ((OBSERVED - OBSERVED.mean()) ** 2).sum()
            assert cost[k] == pytest.approx(j, rel=1e-10)
    assert len(kinds) == (3 if model == layers.COMPAS else 2)


def test_a_limit_of_the_stock_makes_a_richer_column_infeasible():
    target = problem(layers.CLM5)
    points = np.random.default_rng(9).random((200, 21))
    _, _, free, total, _ = evaluate(target, points)
    limited = evaluate(target._replace(stock=1e5), points)[2]
    rich = total @ layers.THICKNESS > 1e5
    assert 0 < rich[free == metropolis.FEASIBLE].sum() < 200
    np.testing.assert_array_equal((limited == metropolis.TOO_MUCH_CARBON), rich)


def test_the_published_reading_ties_enzyme_turnover_to_the_place_of_km_assim():
    target = problem(enzymes=layers.TIED_ENZYMES + layers.LOG_ENZYMES)
    points = np.random.default_rng(6).random((50, 23))
    parameters = evaluate(target, points)[0]
    tied = 10.0 ** (3.0 * points[:, layers.KM_ASSIM] - 3.0)
    np.testing.assert_allclose(parameters[:, layers.TAU_ENZ_DECAY], tied, rtol=1e-12)


@pytest.mark.parametrize("model", BOUNDS)
def test_the_chain_has_the_moments_of_the_weighted_prior(model):
    """Importance sampling from the prior needs no chain; both must give one posterior."""
    target = problem(model)
    points, cost = prior(target, 400_000 if model == layers.COMPAS else 100_000)
    weight = np.exp(-cost)
    weight /= weight.sum()
    effective = 1.0 / (weight**2).sum()
    assert effective > 2000
    mean = weight @ points
    sd = np.sqrt(weight @ (points - mean) ** 2)
    chains = wrapped(target)
    # standard errors: of the chains from the means of 40 stretches, of the weighted prior above
    stretches = chains.reshape(40, -1, mean.size).mean(1)
    error = np.hypot(stretches.std(0, ddof=1) / math.sqrt(40), sd / math.sqrt(effective))
    assert np.abs((chains.mean((0, 1)) - mean) / error).max() < 4.5
    assert (error < 0.15 * sd).all()  # so that the line above could fail
    np.testing.assert_allclose(chains.std((0, 1)), sd, rtol=0.15)


def test_a_stretched_scale_leaves_the_posterior_as_it_is():
    plain = wrapped(problem(layers.CLM5), samples=1_500)
    stretch = np.linspace(0.0, 3.0, 21)
    stretched = wrapped(problem(layers.CLM5, stretch=stretch), samples=1_500, seed=8)
    means = [x.reshape(30, -1, 21).mean(1) for x in (plain, stretched)]
    error = np.hypot(*(m.std(0, ddof=1) / math.sqrt(30) for m in means))
    assert np.abs((means[0].mean(0) - means[1].mean(0)) / error).max() < 4.5


def test_every_kept_state_is_feasible_and_inside():
    target = problem()
    states = wrapped(target, chains=2, samples=500).reshape(-1, 23)
    assert (evaluate(target, states)[2] == metropolis.FEASIBLE).all()
    assert ((states >= 0) & (states < 1)).all()


def test_the_seed_decides_the_chain():
    target = problem()
    first, again = (wrapped(target, 1, 50, 1000, 5, seed=1) for _ in range(2))
    other = wrapped(target, 1, 50, 1000, 5, seed=2)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_published_search_ends_near_the_posterior_of_its_last_temperature():
    """Its inverse temperature rises as ln(i + 2); over the second half it is about 10.5."""
    target = problem(layers.CLM5)
    accepted, (count, _, redos) = published(target)
    assert redos == 0
    assert 0.1 <= count / 50_000 <= 0.5
    late = accepted[count // 2 :]
    assert ((late > 0) & (late < 1)).all()
    cold = wrapped(target._replace(weight=10.5 * target.weight), chains=2)
    warm = wrapped(target, chains=2)
    searched, cold, warm = (
        evaluate(target, x.reshape(-1, 21))[1].mean() for x in (late, cold, warm)
    )
    assert searched == pytest.approx(cold, rel=0.2)
    assert warm > 3 * searched


def test_a_search_that_accepts_everything_is_repeated_and_given_up():
    _, (count, restarts, redos) = published(problem(layers.CLM5, weight=0.0), 500, 200)
    assert count > 475  # all but the infeasible
    assert (restarts, redos) == (0, metropolis.REDOS + 1)


@pytest.mark.parametrize("step", [1, 98])
def test_the_published_sampler_cools_with_the_logarithm_of_the_step(step):
    class Chance:
        def __init__(self, value):
            self.random = lambda: value

    share = 1 / (step + 2)  # exp(-ln(step + 2)) for a J that is higher by one
    taken = getattr(metropolis.taken, "py_func", metropolis.taken)
    assert taken(3.0, 2.0, step, Chance(0.99 * share))
    assert not taken(3.0, 2.0, step, Chance(1.01 * share))
    assert taken(2.0, 2.0, step, None)


def test_a_test_run_that_accepts_too_little_restarts_with_shorter_steps():
    _, (_, restarts, _) = published(problem(layers.CLM5), 2_000, 30)  # of 30, fewer than 50
    assert restarts == metropolis.TEST_RESTARTS


SCRIPT = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from test_metropolis import *
print(json.dumps(short_chains()))
"""


def short_chains():
    """A few steps of each sampler with each model."""
    found = []
    for model in BOUNDS:
        target = problem(model)
        states = np.empty((4, target.low.size))
        start = prior(target, 40)[0][0].copy()
        factor = 0.1 * np.eye(start.size)
        metropolis.wrapped(target, np.random.default_rng(1), start, factor, 40, 5, 1.0, states)
        found.append(states.tolist())
        found.append(published(target, 40, 20)[0].tolist())
    return found


def test_the_chains_take_the_same_steps_with_the_compiler_off():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps([os.path.dirname(__file__)])],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for plain, compiled in zip(json.loads(done.stdout), short_chains(), strict=True):
        np.testing.assert_allclose(plain, compiled, rtol=1e-6)
