r"""Adaptive Metropolis chains in the unit cube, with a layered soil model inside.

A parameter is sampled as its place u between its prior bounds, so every prior is uniform on
[0, 1) and the chain needs the model, the data and the cost only. Two samplers:

**Wrapped adaptive Metropolis** (the default). The cube is taken as a torus: a Gaussian step that
leaves through one face comes back through the opposite one,

.. math:: u' = (u + s\,L z) \bmod 1, \qquad z \sim N(0, I).

The density of a step from u to u' is the sum over all images u' + k of a symmetric density, so it
equals that from u' to u and Metropolis' rule needs no correction. Steps reflected at the faces
lack this property as soon as their components are correlated, and rejecting what falls outside
wastes most steps in 20 dimensions. L and s are learned in the warm-up and then held, so the kept
states are a Markov chain in the ordinary sense (covariance: Haario et al. 2001,
doi:10.2307/3318737; scale: Andrieu & Thoms 2008, doi:10.1007/s11222-008-9110-y, algorithm 4).

**The sampler of Tao et al.** (2023, doi:10.1038/s41586-023-06042-3; read in
phxtao/PRODA_MIC@90918f41, da_*.m). A test run and a formal run, redrawn until inside the bounds,
accepted with an inverse temperature ln(i + 2) that grows with the step i: an annealed search, not
a sample of a fixed posterior.

The cost of a parameter set is a weighted sum of squares,

.. math:: J = \sum_k w_k\,(\hat y_k - y_k)^2,

with the modelled density of soil carbon interpolated to the observed depths by the monotone cubic
of Fritsch & Butland (1984) (SciPy's ``PchipInterpolator``). Where all errors share a factor that is
not known, J is what remains when it is integrated out (`doubted`). Radiocarbon adds a J of its own,
which is never negative: what carbon alone rejects is rejected before it is computed.

Arguments that functions share

rng : numpy.random.Generator
    Source of all random numbers.
factor : array [d, d]
    Lower triangle L with L L^T the covariance of a step.
position, proposal : array [d]
    Points in the unit cube.
"""

import math
from typing import NamedTuple

import numpy as np

from soilnb.kernels import layers, tracer
from soilnb.kernels.compiler import njit

# -------------------------------------------------------------------- steps and what is learned


@njit(cache=True, error_model="numpy", nogil=True)
def wrapped_step(rng, position, factor, scale, normal, proposal):
    """Gaussian step on the torus: proposal = (position + scale L z) mod 1.

    Parameters
    ----------
    scale : float
        Multiplies the step.
    normal : array [d]
        Scratch, overwritten with z.
    proposal : array [d]
        Result, in [0, 1).
    """
    d = position.size
    for i in range(d):
        normal[i] = rng.standard_normal()
        step = 0.0
        for j in range(i + 1):
            step += factor[i, j] * normal[j]
        point = position[i] + scale * step
        point -= math.floor(point)
        proposal[i] = point if point < 1.0 else 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def redrawn_step(rng, position, factor, scale, normal, proposal):
    """Gaussian step, drawn again as a whole until it lies inside the cube.

    A draw is given up at its first component outside: the components are drawn in order, so the
    result has the distribution of whole draws. Arguments as of `wrapped_step`.
    """
    d = position.size
    i = 0
    while i < d:
        normal[i] = rng.standard_normal()
        step = 0.0
        for j in range(i + 1):
            step += factor[i, j] * normal[j]
        proposal[i] = position[i] + scale * step
        i = i + 1 if 0.0 < proposal[i] < 1.0 else 0


@njit(cache=True, error_model="numpy", nogil=True)
def uniform_step(rng, position, width, proposal):
    """Step of each component by U(-width, width), each drawn again until inside the cube."""
    for i in range(position.size):
        while True:
            proposal[i] = position[i] + width * (2.0 * rng.random() - 1.0)
            if 0.0 < proposal[i] < 1.0:
                break


@njit(cache=True, error_model="numpy", nogil=True)
def learn(count, state, mean, factor, work):
    """Add a state to the running mean and to the Cholesky factor of the running scatter.

    With n = `count` states before, Welford's update is

        scatter += n/(n+1) (state - mean) (state - mean)^T,    mean += (state - mean)/(n+1),

    carried out on the factor by Givens rotations: order d^2, and good for a scatter of any rank.

    Parameters
    ----------
    count : int
        Number of states before this one.
    mean : array [d]
        Mean of the states, updated.
    factor : array [d, d]
        Lower triangle F with F F^T the scatter (count - 1 times the covariance), updated.
    work : array [d]
        Scratch.
    """
    d = state.size
    weight = math.sqrt(count / (count + 1.0))
    for i in range(d):
        deviation = state[i] - mean[i]
        mean[i] += deviation / (count + 1.0)
        work[i] = weight * deviation
    for k in range(d):
        if work[k] == 0.0:
            continue
        length = math.hypot(factor[k, k], work[k])
        cosine, sine = factor[k, k] / length, work[k] / length
        for i in range(k, d):
            kept = factor[i, k]
            factor[i, k] = cosine * kept + sine * work[i]
            work[i] = cosine * work[i] - sine * kept


# ---------------------------------------------------------------------- observation operator


@njit(cache=True, error_model="numpy", nogil=True)
def pchip_slopes(node, value, slope):
    """Slopes of the monotone cubic at its nodes (Fritsch & Butland 1984).

    Inside, the weighted harmonic mean of the two secants, or 0 where they differ in sign; at the
    ends the one-sided three-point formula, limited to keep the shape.

    Parameters
    ----------
    node, value : array [n]
        Abscissae, increasing, and ordinates.
    slope : array [n]
        Result.
    """
    n = node.size
    for i in range(1, n - 1):
        left, right = node[i] - node[i - 1], node[i + 1] - node[i]
        before, after = (value[i] - value[i - 1]) / left, (value[i + 1] - value[i]) / right
        if before * after <= 0.0:
            slope[i] = 0.0
        else:
            w1, w2 = 2.0 * right + left, right + 2.0 * left
            slope[i] = (w1 + w2) / (w1 / before + w2 / after)
    slope[0] = _end_slope(
        node[1] - node[0], node[2] - node[1],
        (value[1] - value[0]) / (node[1] - node[0]), (value[2] - value[1]) / (node[2] - node[1]),
    )  # fmt: skip
    last, before = node[n - 1] - node[n - 2], node[n - 2] - node[n - 3]
    slope[n - 1] = _end_slope(
        last, before, (value[n - 1] - value[n - 2]) / last, (value[n - 2] - value[n - 3]) / before
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _end_slope(near, far, secant, next_secant):
    slope = ((2.0 * near + far) * secant - near * next_secant) / (near + far)
    if slope * secant <= 0.0:
        return 0.0
    if secant * next_secant < 0.0 and abs(slope) > 3.0 * abs(secant):
        return 3.0 * secant
    return slope


@njit(cache=True, error_model="numpy", nogil=True)
def pchip(node, value, slope, interval, at, out):
    """Values of the monotone cubic; outside the nodes the outermost cubic goes on.

    Parameters
    ----------
    node, value, slope : array [n]
        Nodes with their values and the slopes of `pchip_slopes`.
    interval : array of int [m]
        Index of the node to the left of each point.
    at : array [m]
        Points.
    out : array [m]
        Result.
    """
    for k in range(at.size):
        i = interval[k]
        width = node[i + 1] - node[i]
        t = (at[k] - node[i]) / width
        s = 1.0 - t
        out[k] = s * s * ((1.0 + 2.0 * t) * value[i] + t * width * slope[i]) + t * t * (
            (3.0 - 2.0 * t) * value[i + 1] - s * width * slope[i + 1]
        )


# ------------------------------------------------------------------------------------- target

#: What became of a parameter set.
FEASIBLE, NOT_POSITIVE, TOO_MUCH_BIOMASS, TOO_MUCH_CARBON = 0, 1, 2, 3

#: Row of the microbes in COMPAS; all rows behind the litter are what a soil sample contains.
MICROBES = 5

#: Cost of a parameter set without steady state, in the published sampler.
NO_STEADY_STATE = 1e6


class Problem(NamedTuple):
    """One profile with its model, as the chains read it."""

    model: int  #: As in ``layers.py``.
    #: Switches of the model, see ``layers.py``.
    enzymes: int
    switches: int
    biomass: float  #: Largest share of microbes in all soil carbon; no limit where infinite.
    stock: float  #: Largest soil carbon of the column, g C m-2; no limit where infinite.
    #: [d]: prior bounds of the parameters.
    low: np.ndarray
    high: np.ndarray
    #: [d]: k of the scale that a component walks on in the wrapped sampler; 0 = as it is.
    stretch: np.ndarray
    column: layers.Column  #: Forcing of the column.
    #: [m]: node above each observation, and depth of the observation, m.
    interval: np.ndarray
    depth: np.ndarray
    observed: np.ndarray  #: [m]: soil carbon, g C m-3.
    weight: np.ndarray  #: [m]: weight w of each squared difference, (g C m-3)^-2.
    #: Observations that the prior of the errors' common factor is worth; 0 = the errors are known.
    freedom: float
    #: [n]: rates (yr-1) and weights of the exponentials that stand for the history of the air, see
    #: `soilnb.kernels.tracer`; empty where radiocarbon does not count.
    rates: np.ndarray
    shares: np.ndarray
    traced: np.ndarray  #: [m]: radiocarbon, permil.
    #: [m]: weight w of each squared difference, permil^-2; 0 where there is none.
    trace_weight: np.ndarray


class _Work(NamedTuple):
    """Scratch of one chain: the last parameter set tried, and what the model made of it."""

    parameters: np.ndarray  #: [d]: parameters in their units.
    carbon: np.ndarray  #: [pool, 20]: pools, g C m-3.
    #: [20]: soil carbon, g C m-3, and the slopes of its interpolation.
    total: np.ndarray
    slope: np.ndarray
    modelled: np.ndarray  #: [m]: soil carbon at the observed depths, g C m-3.
    #: [d]: place that is tried, and its normal deviates.
    proposal: np.ndarray
    normal: np.ndarray
    model: np.ndarray  #: [WORK, 20]: scratch of the model.
    traced: np.ndarray  #: [m]: radiocarbon at the observed depths, permil.
    tracer: np.ndarray  #: [20]: tracer over carbon in the layers.
    #: [FACTORS, 20], [pool + 1, 20]: scratch of the tracer.
    factors: np.ndarray
    state: np.ndarray


@njit(error_model="numpy", nogil=True)
def _workspace(problem):
    d, m, n = problem.low.size, problem.depth.size, layers.LAYERS
    pools = layers.pool_count(problem.model)
    return _Work(
        np.empty(d), np.zeros((pools, n)), np.zeros(n), np.empty(n), np.zeros(m),
        np.empty(d), np.empty(d), np.zeros((layers.WORK, n)),
        np.zeros(m), np.zeros(n), np.zeros((layers.FACTORS, n)), np.zeros((pools + 1, n)),
    )  # fmt: skip


@njit(error_model="numpy", nogil=True)
def _run(point, problem, work):
    """Run the model; fill ``work.total`` and ``work.modelled``; say what became of it."""
    layers.scale(point, problem.low, problem.high, problem.enzymes, work.parameters)
    exists = layers.steady(
        problem.model, work.parameters, problem.column, problem.switches, work.model, work.carbon
    )
    soil = microbes = 0.0
    for j in range(layers.LAYERS):
        total = 0.0
        for pool in range(layers.LITTER, work.carbon.shape[0]):
            total += work.carbon[pool, j]
        work.total[j] = total
        soil += total * layers.THICKNESS[j]
        microbes += work.carbon[MICROBES, j] * layers.THICKNESS[j]
    if not exists:
        work.modelled[:] = 0.0
        return NOT_POSITIVE
    pchip_slopes(layers.NODE, work.total, work.slope)
    pchip(layers.NODE, work.total, work.slope, problem.interval, problem.depth, work.modelled)
    if microbes > problem.biomass * soil:
        return TOO_MUCH_BIOMASS
    return TOO_MUCH_CARBON if soil > problem.stock else FEASIBLE


@njit(cache=True, error_model="numpy", nogil=True)
def doubted(cost, number, freedom):
    """Return J where the factor f of `number` errors is not known but has a prior.

    With f^2 scaled inverse chi-squared of scale 1 and `freedom` degrees of freedom, and f
    integrated out, (n + nu) / 2 ln(1 + 2 J / nu): a multivariate t (Gelman et al. 2013, Bayesian
    Data Analysis, 3rd ed., sections 2.6 and 3.2). J itself where `freedom` is 0.
    """
    if freedom == 0.0:
        return cost
    return 0.5 * (number + freedom) * math.log1p(2.0 * cost / freedom)


@njit(error_model="numpy", nogil=True)
def _misfit(problem, work, sign):
    """Return J of what the model gave last, with its sign or the other."""
    cost = 0.0
    for k in range(problem.observed.size):
        cost += problem.weight[k] * (sign * work.modelled[k] - problem.observed[k]) ** 2
    return doubted(cost, problem.observed.size, problem.freedom)


@njit(error_model="numpy", nogil=True)
def _trace(problem, work):
    """Fill ``work.traced`` for the steady state that `_run` found; return J of radiocarbon."""
    layers.sources(problem.column, work.model)
    tracer.soil_tracer(
        problem.model, work.parameters, work.model, work.carbon, problem.rates, problem.shares,
        work.factors, work.state, work.tracer,
    )  # fmt: skip
    for j in range(layers.LAYERS):
        work.tracer[j] = 1000.0 * (work.tracer[j] - 1.0)
    pchip_slopes(layers.NODE, work.tracer, work.slope)
    pchip(layers.NODE, work.tracer, work.slope, problem.interval, problem.depth, work.traced)
    cost, number = 0.0, 0
    for k in range(problem.traced.size):
        if problem.trace_weight[k] > 0.0:
            cost += problem.trace_weight[k] * (work.traced[k] - problem.traced[k]) ** 2
            number += 1
    return doubted(cost, number, problem.freedom)


@njit(error_model="numpy", nogil=True)
def _cost(point, problem, work, most):
    """Return J of a feasible parameter set; infinite for others, and where J is above `most`.

    A J above `most` may be returned as it is.
    """
    if _run(point, problem, work) != FEASIBLE:
        return np.inf
    cost = _misfit(problem, work, 1.0)
    if problem.rates.size == 0:
        return cost
    return cost + _trace(problem, work) if cost <= most else np.inf


@njit(error_model="numpy", nogil=True)
def _published_cost(point, problem, work):
    """Return J, where a broken limit answers with the signs reversed, so that J is large."""
    outcome = _run(point, problem, work)
    if outcome == NOT_POSITIVE:
        return NO_STEADY_STATE
    return _misfit(problem, work, 1.0 if outcome == FEASIBLE else -1.0)


# ------------------------------------------------------------------------------------- chains

#: Acceptance rate of wrapped steps that their median scale is tuned to (low, for the short ones
#: among them are accepted anyway), the spread of the logarithm of the scale, and the share of
#: steps that draw a single parameter anew.
TARGET_RATE, SCALE_SPREAD, REDRAW_SHARE = 0.1, 1.5, 0.2
#: Share of the warm-up after which the covariance learned so far is used (and forgotten).
WINDOWS = (0.05, 0.15, 0.4, 0.9)

#: The published sampler: half width of a step of the test run, its restarts (fewer accepted than
#: this, narrower by this, at most so often), the start of the adaptation, the acceptance rates
#: that are allowed, and what the step is multiplied by when the rate is too low or too high.
TEST_WIDTH, TEST_ACCEPTED, TEST_NARROWER, TEST_RESTARTS = 0.1, 50, 1.1, 3
ADAPT_FROM = 4000
LOWEST_RATE, HIGHEST_RATE, SMALLER, LARGER, REDOS = 0.1, 0.5, 0.7, 2.0, 5


@njit(error_model="numpy", nogil=True)
def _log_target(walker, problem, inverse_temperature, point, work, least):
    """Return the logarithm of the density at `walker` on the stretched scale; write `point`.

    Below `least`, where it makes no difference, it may be minus infinity.
    """
    density = 0.0
    for i in range(walker.size):
        k = problem.stretch[i]
        point[i] = walker[i] if k == 0.0 else math.expm1(k * walker[i]) / math.expm1(k)
        density += k * walker[i]
    most = (density - least) / inverse_temperature
    most += 1e-9 * (1.0 + abs(most))  # by rounding nothing that counts is left out
    return density - inverse_temperature * _cost(point, problem, work, most)


@njit(cache=True, error_model="numpy", nogil=True)
def taken(new, cost, step, rng):
    """Return whether the published sampler takes a step, at the temperature 1 / ln(step + 2)."""
    return new <= cost or math.exp((cost - new) * math.log(step + 2.0)) > rng.random()


@njit(error_model="numpy", nogil=True)
def _test_run(problem, rng, width, steps, mean, scatter, work):
    """Do the published test run, from the middle of the cube; return how many were accepted."""
    d = problem.low.size
    point = np.full(d, 0.5)
    cost = _published_cost(point, problem, work)
    mean[:] = 0.0
    scatter[:] = 0.0
    accepted = 0
    for i in range(1, steps + 1):
        uniform_step(rng, point, width, work.proposal)
        new = _published_cost(work.proposal, problem, work)
        if taken(new, cost, i, rng):
            point[:] = work.proposal
            cost = new
            accepted += 1
        learn(i - 1, point, mean, scatter, work.normal)
    return accepted


@njit(error_model="numpy", nogil=True)
def _formal_run(problem, rng, multiplier, factor, points, work):
    """Do the published formal run; keep the accepted states and return their number.

    `factor` belongs to the covariance of the test run; from step `ADAPT_FROM` on the covariance
    of all states of this run takes its place, new in every step.
    """
    d = problem.low.size
    point = np.full(d, 0.5)
    cost = _published_cost(point, problem, work)
    mean, scatter = np.zeros(d), np.zeros((d, d))
    spread = multiplier * 2.4 / d
    accepted = 0
    for i in range(1, points.shape[0] + 1):
        if i > ADAPT_FROM:
            scale = math.sqrt(spread / (i - 2.0))
            redrawn_step(rng, point, scatter, scale, work.normal, work.proposal)
        else:
            scale = math.sqrt(spread)
            redrawn_step(rng, point, factor, scale, work.normal, work.proposal)
        new = _published_cost(work.proposal, problem, work)
        if taken(new, cost, i, rng):
            point[:] = work.proposal
            cost = new
            points[accepted] = point
            accepted += 1
        learn(i - 1, point, mean, scatter, work.normal)
    return accepted


@njit(cache=True, error_model="numpy", nogil=True)
def evaluate(problem, points, parameters, costs, status, totals, modelled, traced):
    """Run the model at many points.

    Parameters
    ----------
    problem : Problem
    points : array [n, d]
        Points in the cube.
    parameters : array [n, d]
        Result: the parameters in their units.
    costs : array [n]
        Result: J, infinite where infeasible.
    status : array of int [n]
        Result: `FEASIBLE`, `NOT_POSITIVE`, `TOO_MUCH_BIOMASS` or `TOO_MUCH_CARBON`.
    totals, modelled : array [n, 20], [n, m]
        Result: soil carbon of the layers and at the observed depths, g C m-3.
    traced : array [n, m] or [n, 0]
        Result: radiocarbon at the observed depths, permil, where it counts; else of no length.
    """
    work = _workspace(problem)
    for i in range(points.shape[0]):
        status[i] = _run(points[i], problem, work)
        costs[i] = _misfit(problem, work, 1.0) if status[i] == FEASIBLE else np.inf
        if problem.rates.size > 0:
            work.traced[:] = np.nan
            if status[i] != NOT_POSITIVE:
                costs[i] += _trace(problem, work)
            traced[i] = work.traced
        parameters[i] = work.parameters
        totals[i] = work.total
        modelled[i] = work.modelled


@njit(cache=True, error_model="numpy", nogil=True)
def wrapped(problem, rng, walker, factor, warmup, thin, inverse_temperature, points):
    """Sample exp(-inverse_temperature J) on the cube by wrapped adaptive Metropolis.

    Parameters
    ----------
    problem : Problem
    walker : array [d]
        Feasible start on the stretched scale; holds the last state afterwards.
    factor : array [d, d]
        Cholesky factor of a first guess of the covariance on that scale; overwritten.
    warmup : int
        Steps in which the covariance and the scale of a step are learned.
    thin : int
        Steps for each kept state.
    inverse_temperature : float
        Multiplies the cost.
    points : array [n, d]
        Result: the kept states.

    Returns
    -------
    tuple of two floats
        Acceptance rate after the warm-up, and the median scale of a step.
    """
    work = _workspace(problem)
    d, kept = walker.size, points.shape[0]
    mean, scatter = np.zeros(d), np.zeros((d, d))
    point, tried = np.empty(d), np.empty(d)
    density = _log_target(walker, problem, inverse_temperature, point, work, -np.inf)
    log_scale = math.log(2.38 / math.sqrt(d))
    count = window = accepted = 0
    for i in range(warmup + kept * thin):
        single = rng.random() < REDRAW_SHARE
        if single:
            work.proposal[:] = walker
            work.proposal[int(d * rng.random())] = rng.random()
        else:
            scale = math.exp(log_scale + SCALE_SPREAD * rng.standard_normal())
            wrapped_step(rng, walker, factor, scale, work.normal, work.proposal)
        draw = rng.random()
        least = density + math.log(draw)
        new = _log_target(work.proposal, problem, inverse_temperature, tried, work, least)
        probability = math.exp(min(0.0, new - density))
        if problem.rates.size > 0:  # the probability of what was left out is not known
            probability = 1.0 if draw < probability else 0.0
        if draw < probability:
            walker[:] = work.proposal
            point[:] = tried
            density = new
            accepted += i >= warmup
        if i < warmup:
            if not single:
                log_scale += (probability - TARGET_RATE) * (count + 1.0) ** -0.6
            learn(count, walker, mean, scatter, work.normal)
            count += 1
            if window < len(WINDOWS) and i + 1 >= WINDOWS[window] * warmup:
                factor[:] = scatter / math.sqrt(count - 1.0)
                scatter[:] = 0.0
                mean[:] = 0.0
                count = 0
                window += 1
        elif (i - warmup) % thin == thin - 1:
            points[(i - warmup) // thin] = point
    return accepted / (kept * thin), math.exp(log_scale)


@njit(cache=True, error_model="numpy", nogil=True)
def published(problem, rng, test_steps, points):
    """One chain of the sampler of Tao et al., with its rules for restarts.

    Parameters
    ----------
    problem : Problem
    test_steps : int
        Steps of the test run (published: 20,000).
    points : array [n, d]
        Result: the accepted states of the formal run of n steps (published: 50,000), in the
        first rows.

    Returns
    -------
    tuple (int, int, int)
        Number of accepted states, of restarted test runs and of repeated formal runs. More
        than `REDOS` repetitions mean that the acceptance rate never came into its range.
    """
    work = _workspace(problem)
    d, steps = points.shape[1], points.shape[0]
    mean, factor = np.empty(d), np.empty((d, d))
    width, restarts = TEST_WIDTH, 0
    while _test_run(problem, rng, width, test_steps, mean, factor, work) < TEST_ACCEPTED:
        if restarts == TEST_RESTARTS:
            break
        restarts += 1
        width /= TEST_NARROWER
    factor /= math.sqrt(test_steps - 1.0)
    multiplier, redos = 1.0, 0
    while True:
        accepted = _formal_run(problem, rng, multiplier, factor, points, work)
        rate = accepted / steps
        if LOWEST_RATE <= rate <= HIGHEST_RATE or redos > REDOS:
            return accepted, restarts, redos
        multiplier *= SMALLER if rate < LOWEST_RATE else LARGER
        redos += 1
