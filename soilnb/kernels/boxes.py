r"""Box models: any number of pools, with fluxes between them that follow one of five laws.

The carbon of flux j leaves one pool and goes, in shares that are constant in time, to others and
to two sinks: ``CO2`` and what is exported (leached, say). With S the amount in the pool it leaves
and B that in its partner, the laws are

==  ==========  ======================  ===================================================
0   `LINEAR`    r S                     first-order decay
1   `FORWARD`   r B S / (K + S)         uptake by microbes B, saturated by the substrate
2   `REVERSE`   r B S / (K + B)         uptake by microbes B, saturated by the microbes
3   `POWER`     r S**K                  K = 2: death that rises with the density of microbes
4   `FILLING`   r S (1 - B / K)         sorption to a pool B of the capacity K
==  ==========  ======================  ===================================================

The model is then

.. math:: \dot C = s + N\,F(C), \qquad
          \frac{\partial \dot C}{\partial C} = N\,\frac{\partial F}{\partial C}

with the input s and the stoichiometry N, of which each column sums to zero. As all is data, a new
model needs no new kernel.

Arguments that all functions share (n pools, then CO2 and export; m fluxes)

source : array [n + 2]
    Input to each pool, g C m-2 yr-1 (0 for the sinks).
stoichiometry : array [n + 2, m]
    Change of pool or sink per unit of flux, dimensionless.
law, substrate, partner : integer arrays [m]
    Law of each flux, the pool it leaves, and its partner (any pool where the law has none).
rate : array [m]
    r: yr-1; for `POWER` yr-1 (g C m-2)**(1 - K).
constant : array [m]
    K: g C m-2; for `POWER` the exponent.
"""

import numpy as np

from soilnb.kernels import pools
from soilnb.kernels.compiler import njit

LINEAR, FORWARD, REVERSE, POWER, FILLING = range(5)

#: Number of sinks behind the pools: CO2, and what is exported.
SINKS = 2

#: Outcome of a solver.
CONVERGED, NOT_CONVERGED = 0, 1

#: Below this share of all carbon a pool cannot be told from zero.
EMPTY = 1e-15


@njit(cache=True, error_model="numpy")
def flux(law, substrate, partner, rate, constant):
    """Return the carbon that leaves a pool, in g C m-2 yr-1."""
    if law == LINEAR:
        return rate * substrate
    if law == FORWARD:
        return pools.michaelis_menten(substrate, partner, rate, constant, pools.FORWARD)
    if law == REVERSE:
        return pools.michaelis_menten(substrate, partner, rate, constant, pools.REVERSE)
    if law == POWER:
        return rate * max(substrate, 0.0) ** constant
    return rate * substrate * (1.0 - partner / constant)


@njit(cache=True, error_model="numpy")
def gradient(law, substrate, partner, rate, constant):
    """Return the derivatives of `flux` by substrate and by partner, both in yr-1."""
    if law == LINEAR:
        return rate, 0.0
    if law == FORWARD:
        return pools.michaelis_menten_gradient(substrate, partner, rate, constant, pools.FORWARD)
    if law == REVERSE:
        return pools.michaelis_menten_gradient(substrate, partner, rate, constant, pools.REVERSE)
    if law == POWER:
        return rate * constant * max(substrate, 0.0) ** (constant - 1.0), 0.0
    return rate * (1.0 - partner / constant), -rate * substrate / constant


@njit(cache=True, error_model="numpy")
def fluxes(state, law, substrate, partner, rate, constant, out):
    """Write all fluxes in g C m-2 yr-1 into `out` [m]."""
    for j in range(law.size):
        out[j] = flux(law[j], state[substrate[j]], state[partner[j]], rate[j], constant[j])


@njit(cache=True, error_model="numpy")
def tendency(state, source, stoichiometry, law, substrate, partner, rate, constant, out):
    """Write s + N F(C), in g C m-2 yr-1, into `out` [n + 2]."""
    out[:] = source
    for j in range(law.size):
        amount = flux(law[j], state[substrate[j]], state[partner[j]], rate[j], constant[j])
        for i in range(out.size):
            out[i] += stoichiometry[i, j] * amount


@njit(cache=True, error_model="numpy")
def jacobian(state, stoichiometry, law, substrate, partner, rate, constant, out):
    """Write the derivative of `tendency`, in yr-1, into `out` [n + 2, n + 2]."""
    out[:, :] = 0.0
    for j in range(law.size):
        by_substrate, by_partner = gradient(
            law[j], state[substrate[j]], state[partner[j]], rate[j], constant[j]
        )
        for i in range(state.size):
            out[i, substrate[j]] += stoichiometry[i, j] * by_substrate
            out[i, partner[j]] += stoichiometry[i, j] * by_partner


# --- steady state -----------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def euler_step(
    state, source, stoichiometry, law, substrate, partner, rate, constant, dt, living, work, out
):
    """Write the change over one linearised implicit Euler step of dt years into `out` [n].

    (1/dt - J) x = s + N F(C), x in g C m-2; dt = inf is a step of Newton's method. A pool that is
    not `living` [n] (nothing enters or leaves it, or it is empty for good) keeps its carbon.
    """
    change = np.empty(state.size)
    tendency(state, source, stoichiometry, law, substrate, partner, rate, constant, change)
    jacobian(state, stoichiometry, law, substrate, partner, rate, constant, work)
    n = out.size
    matrix = -work[:n, :n]
    for i in range(n):
        matrix[i, i] += 1.0 / dt
        if not living[i]:
            matrix[i, :] = 0.0
            matrix[:, i] = 0.0
            matrix[i, i] = 1.0
            change[i] = 0.0
        # Rows differ by orders of magnitude (dissolved carbon turns over in days, minerals in
        # centuries): scaled by their largest entry they are comparable, and pivoting chooses well.
        scale = np.abs(matrix[i]).max()
        if not 0.0 < scale < np.inf:
            return False
        matrix[i] /= scale
        change[i] /= scale
    out[:] = np.linalg.solve(matrix, change[:n])
    return np.isfinite(out).all()


@njit(cache=True, error_model="numpy")
def relative_change(state, step):
    """Return the largest step / state of the pools that matter; inf if one turns negative."""
    largest, floor = 0.0, EMPTY * state.sum()
    for i in range(step.size):
        if state[i] + step[i] < -floor:
            return np.inf
        if state[i] > floor:
            largest = max(largest, abs(step[i]) / state[i])
    return largest


@njit(cache=True, error_model="numpy", nogil=True)
def steady_state(
    source, stoichiometry, law, substrate, partner, rate, constant, living, state
):  # fmt: skip
    """Bring `state` [n + 2] to rest, in g C m-2, and then to rounding error.

    The dynamics are followed from `state` with growing implicit Euler steps (pseudo-transient
    continuation: a step that changes no pool by more than a fifth is followed by a longer one, a
    step that changes one by more than itself is taken again, shorter), then Newton's method
    finishes. Returns `CONVERGED` or `NOT_CONVERGED`.
    """
    n = living.size
    work, step = np.empty((state.size, state.size)), np.empty(n)
    dt, resting = 1e-3, 0
    for _ in range(5000):
        solved = euler_step(
            state, source, stoichiometry, law, substrate, partner, rate, constant, dt, living,
            work, step,
        )  # fmt: skip
        change = relative_change(state, step) if solved else np.inf
        if change > 1.0:
            dt *= 0.25
            if dt < 1e-12:
                return NOT_CONVERGED
            continue
        for i in range(n):
            state[i] = max(state[i] + step[i], 0.0)
        if dt == np.inf:
            # Newton's method is done where its steps no longer become smaller.
            resting += 1
            if change < 1e-14 or resting > 8:
                return CONVERGED if change < 1e-10 else NOT_CONVERGED
        elif change < 1e-6 and dt > 1e7:
            dt = np.inf
        elif change < 0.2:
            dt = min(4.0 * dt, 1e12)
    return NOT_CONVERGED


# --- transient --------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def rosenbrock_step(
    state, source, stoichiometry, law, substrate, partner, rate, constant, dt, work, stages, out
):
    """Write the state after one step of dt years into `out` [n + 2], in g C m-2.

    The method is the one of `soilnb.kernels.pools`, whose coefficients it reads. `stages`
    [stage, n + 2] is left filled, and its last row is the estimate of the local error. Sinks
    act on nothing, so that they are solved for after the pools, which keeps the budget closed.
    """
    n, held = state.size - SINKS, 1.0 / (pools.GAMMA * dt)
    change = np.empty(state.size)
    jacobian(state, stoichiometry, law, substrate, partner, rate, constant, work)
    matrix = -work[:n, :n]
    for i in range(n):
        matrix[i, i] += held
    inverse = np.linalg.inv(matrix)
    for stage in range(pools.STAGES):
        out[:] = state
        for earlier in range(stage):
            out += pools.STAGE_A[stage, earlier] * stages[earlier]
        tendency(out, source, stoichiometry, law, substrate, partner, rate, constant, change)
        for earlier in range(stage):
            change += (pools.STAGE_C[stage, earlier] / dt) * stages[earlier]
        solution = np.dot(inverse, change[:n])
        solution += np.dot(inverse, change[:n] - np.dot(matrix, solution))
        change[:n] = solution
        for i in range(n, state.size):
            for j in range(n):
                change[i] += work[i, j] * solution[j]
            change[i] /= held
        stages[stage] = change
    out += stages[pools.STAGES - 1]
    return np.isfinite(out).all()


@njit(cache=True, error_model="numpy")
def error_norm(state, result, error, tolerance):
    """Return the error of a step over what is allowed, dimensionless: 1 is just acceptable.

    Pools are held to `tolerance` of themselves, and to 1e-9 of it of all carbon where they are
    nearly empty; sinks to `tolerance` of all carbon.
    """
    n = state.size - SINKS
    total = np.abs(state[:n]).sum()
    square = 0.0
    for i in range(state.size):
        scale = max(abs(state[i]), abs(result[i])) + (1e-9 * total if i < n else total)
        square += (error[i] / (tolerance * scale)) ** 2 if scale > 0.0 else 0.0
    return np.sqrt(square / state.size)


@njit(cache=True, error_model="numpy", nogil=True)
def transient(
    source, stoichiometry, law, substrate, partner, rate, constant, stops, which, tolerance, out
):
    """Write pools and sinks, in g C m-2, at `stops` (years, increasing) into `out` [stop, n + 2].

    On entry ``out[0]`` is the state at year 0. What has a leading dimension of segments (`source`,
    `stoichiometry`, `rate`, `constant`) is taken from segment ``which[k]`` on the way to stop k.
    Steps are adapted so that the local error stays below `tolerance` (relative), shortened to land
    on each stop, and taken again where a pool would turn negative.
    """
    state = out[0].copy()
    result, n = np.empty(state.size), state.size - SINKS
    stages, work = np.empty((pools.STAGES, state.size)), np.empty((state.size, state.size))
    now, step = 0.0, 1e-3
    for k in range(stops.size):
        s = which[k]
        attempts = 0
        while now < stops[k]:
            attempts += 1
            if attempts > 100_000 or not step > 1e-12:
                return NOT_CONVERGED
            remaining = stops[k] - now
            dt = remaining if step > 0.999 * remaining else step
            solved = rosenbrock_step(
                state, source[s], stoichiometry[s], law, substrate, partner, rate[s], constant[s],
                dt, work, stages, result,
            )  # fmt: skip
            if not solved or result[:n].min() < -EMPTY * np.abs(state[:n]).sum():
                step = 0.25 * dt
                continue
            error = error_norm(state, result, stages[pools.STAGES - 1], tolerance)
            growth = min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.2))
            if not error <= 1.0:
                step = growth * dt
                continue
            # A step cut short to land on a stop says little about the next one.
            step = max(step, growth * dt) if dt < step else growth * dt
            now = stops[k] if dt == remaining else now + dt
            state[:] = result
            state[:n] = np.maximum(state[:n], 0.0)
        out[k] = state
    return CONVERGED


@njit(cache=True, error_model="numpy")
def flux_series(states, law, substrate, partner, rate, constant, out):
    """Write the fluxes of `states` [k, n + 2], each with its own rates [k, m], to `out` [k, m]."""
    for k in range(states.shape[0]):
        fluxes(states[k], law, substrate, partner, rate[k], constant[k], out[k])
