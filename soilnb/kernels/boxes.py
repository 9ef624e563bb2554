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

from soilnb.kernels import mimics, ode
from soilnb.kernels.compiler import njit
from soilnb.kernels.ode import CONVERGED, EMPTY, NOT_CONVERGED

LINEAR, FORWARD, REVERSE, POWER, FILLING = range(5)

#: Number of sinks behind the pools: CO2, and what is exported.
SINKS = 2


@njit(cache=True, error_model="numpy")
def flux(law, substrate, partner, rate, constant):
    """Return the carbon that leaves a pool, in g C m-2 yr-1."""
    if law == LINEAR:
        return rate * substrate
    if law == FORWARD:
        return mimics.michaelis_menten(substrate, partner, rate, constant, mimics.FORWARD)
    if law == REVERSE:
        return mimics.michaelis_menten(substrate, partner, rate, constant, mimics.REVERSE)
    if law == POWER:
        return rate * max(substrate, 0.0) ** constant
    return rate * substrate * (1.0 - partner / constant)


@njit(cache=True, error_model="numpy")
def gradient(law, substrate, partner, rate, constant):
    """Return the derivatives of `flux` by substrate and by partner, both in yr-1."""
    if law == LINEAR:
        return rate, 0.0
    if law == FORWARD:
        return mimics.michaelis_menten_gradient(substrate, partner, rate, constant, mimics.FORWARD)
    if law == REVERSE:
        return mimics.michaelis_menten_gradient(substrate, partner, rate, constant, mimics.REVERSE)
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


@njit(cache=True, error_model="numpy")
def _change(problem, state, out):
    """`tendency`, as `soilnb.kernels.ode` calls it."""
    source, stoichiometry, law, substrate, partner, rate, constant, _, _, _ = problem
    tendency(state, source, stoichiometry, law, substrate, partner, rate, constant, out)


@njit(cache=True, error_model="numpy")
def _factorise(problem, held, state):
    """Invert held - J of the pools."""
    _, stoichiometry, law, substrate, partner, rate, constant, work, matrix, inverse = problem
    jacobian(state, stoichiometry, law, substrate, partner, rate, constant, work)
    n = len(matrix)
    matrix[:, :] = -work[:n, :n]
    for i in range(n):
        matrix[i, i] += held
    inverse[:, :] = np.linalg.inv(matrix)
    return True


@njit(cache=True, error_model="numpy")
def _solve(problem, held, out):
    """Solve for the pools, with one step of refinement, and then for the sinks.

    Nothing depends on the sinks, so that they come last, which keeps the budget closed.
    """
    _, _, _, _, _, _, _, work, matrix, inverse = problem
    n = len(matrix)
    solution = np.dot(inverse, out[:n])
    solution += np.dot(inverse, out[:n] - np.dot(matrix, solution))
    out[:n] = solution
    for i in range(n, out.size):
        for j in range(n):
            out[i] += work[i, j] * solution[j]
        out[i] /= held


_step = ode.stepper(_change, _factorise, _solve, ode.RODAS5P)
_run = ode.driver(_step, ode.error_norm, ode.empty_or_reject, ode.RODAS5P, inside=False)


@njit(cache=True, error_model="numpy", nogil=True)
def transient(
    source, stoichiometry, law, substrate, partner, rate, constant, stops, which, tolerance, out
):
    """Write pools and sinks, in g C m-2, at `stops` (years, increasing) into `out` [stop, n + 2].

    On entry ``out[0]`` is the state at year 0. What has a leading dimension of segments (`source`,
    `stoichiometry`, `rate`, `constant`) is taken from segment ``which[k]`` on the way to stop k;
    see `soilnb.kernels.ode.driver`.
    """
    state = out[0].copy()
    n = state.size - SINKS
    memory = (np.empty((state.size, state.size)), np.empty((n, n)), np.empty((n, n)))
    clock = np.array([0.0, 1e-3, 0.0])
    for k in range(stops.size):
        s = which[k]
        laws = (law, substrate, partner, rate[s], constant[s])
        problem = (source[s], stoichiometry[s], *laws, *memory)
        at = slice(k, k + 1)
        status = _run(state, SINKS, stops[at], clock, 1e-12, tolerance, out[at], problem)
        if status != CONVERGED:
            return status
    return CONVERGED


@njit(cache=True, error_model="numpy")
def flux_series(states, law, substrate, partner, rate, constant, out):
    """Write the fluxes of `states` [k, n + 2], each with its own rates [k, m], to `out` [k, m]."""
    for k in range(states.shape[0]):
        fluxes(states[k], law, substrate, partner, rate[k], constant[k], out[k])
