r"""Pools that feed microbes: fluxes, tendency, Jacobian, steady state and transient of MIMICS.

The state has seven pools in mg C cm-3, time is in hours:

==  =====  =====================================
0   LITm   metabolic litter
1   LITs   structural litter
2   MICr   fast-growing microbes (r strategy)
3   MICK   slow-growing microbes (K strategy)
4   SOMp   physically protected organic matter
5   SOMc   chemically recalcitrant organic matter
6   SOMa   available organic matter
==  =====  =====================================

Eleven fluxes (mg C cm-3 h-1) move the carbon. Flux j leaves the pool ``SUBSTRATE[j]``; the first
eight are catalysed by the biomass ``MICROBE[j]``:

=====  ============================================  ===================================
0-2    uptake by MICr of LITm, LITs, SOMa            Michaelis-Menten
3-5    uptake by MICK of LITm, LITs, SOMa            Michaelis-Menten
6-7    oxidation of SOMc to SOMa by MICr, by MICK    Michaelis-Menten, product stays in soil
8-9    turnover of MICr, of MICK                     first order
10     desorption of SOMp to SOMa                    first order
=====  ============================================  ===================================

Where the carbon of a flux goes is constant in time, so it is a matrix: column j of the
`stoichiometry` (8 x 11) says what one unit of flux j does to the seven pools and to the CO2 that
has left the soil (row 7). Each column sums to zero. The whole model is then

.. math:: \dot C = s + S\,F(C), \qquad
          \frac{\partial \dot C}{\partial C} = S\,\frac{\partial F}{\partial C}

with the litter input s. Reverse kinetics saturate with biomass, forward kinetics with substrate
(Wieder et al. 2015, doi:10.5194/gmd-8-1789-2015, Eqs 1-7; reverse form of the function RXEQ in
wwieder/MIMICS@da33e82, MIMICS2_testing_reverse_modfPHYS_Sept7_2016.R).

Arguments that all functions share

source : array [8]
    Litter carbon that enters each pool, mg C cm-3 h-1 (last entry, CO2: 0).
stoichiometry : array [8, 11]
    Change of pool or CO2 per unit of flux, dimensionless.
rate : array [11]
    Maximum rates of fluxes 0-7 and rate constants of 8-10, h-1.
half_saturation : array [8]
    Half saturation of fluxes 0-7, mg C cm-3.
kinetics : int
    `FORWARD` or `REVERSE`.
"""

import numpy as np
from numba import prange

from soilnb.kernels.compiler import njit

#: Number of carbon pools; index `CO2` behind them counts the carbon that has been respired.
POOLS = 7
CO2 = 7
FLUXES = 11
#: Fluxes 0 to 7 follow Michaelis-Menten kinetics and need a microbe.
CATALYSED = 8

LITM, LITS, MICR, MICK, SOMP, SOMC, SOMA = range(POOLS)

#: Pool that each flux leaves, and microbe that catalyses it.
SUBSTRATE = np.array([LITM, LITS, SOMA, LITM, LITS, SOMA, SOMC, SOMC, MICR, MICK, SOMP])
MICROBE = np.array([MICR, MICR, MICR, MICK, MICK, MICK, MICR, MICK])

#: Switch of the kinetics.
FORWARD, REVERSE = 0, 1

#: Outcome of a solver.
CONVERGED, NOT_CONVERGED = 0, 1

#: Below this share of all carbon a pool cannot be told from zero.
EMPTY = 1e-15

#: Number of implicit Euler steps after which a state that does not come to rest is taken to
#: oscillate without decay.
RELAX_STEPS = 2000

#: A microbial pool below this share of the biomass that the whole input could feed is tested for
#: extinction. (A share of all carbon would not do: in a desert the litter outweighs living
#: microbes by a billion.) Whether it really dies out is decided by its growth rate when rare.
NEGLIGIBLE = 1e-6


@njit(cache=True, error_model="numpy")
def michaelis_menten(substrate, biomass, rate, half_saturation, kinetics):
    """Return the carbon taken from a substrate, in mg C cm-3 h-1.

    F = B V S / (K + S) forward, F = B V S / (K + B) reverse.
    """
    if kinetics == FORWARD:
        return biomass * rate * substrate / (half_saturation + substrate)
    return biomass * rate * substrate / (half_saturation + biomass)


@njit(cache=True, error_model="numpy")
def michaelis_menten_gradient(substrate, biomass, rate, half_saturation, kinetics):
    """Return the derivatives of `michaelis_menten` by substrate and by biomass, both in h-1."""
    if kinetics == FORWARD:
        saturation = half_saturation + substrate
        return (
            biomass * rate * half_saturation / saturation**2,
            rate * substrate / saturation,
        )
    saturation = half_saturation + biomass
    return (
        biomass * rate / saturation,
        rate * substrate * half_saturation / saturation**2,
    )


@njit(cache=True, error_model="numpy")
def fluxes(state, rate, half_saturation, kinetics, out):
    """Write the eleven fluxes in mg C cm-3 h-1 into `out` [11]."""
    for j in range(CATALYSED):
        out[j] = michaelis_menten(
            state[SUBSTRATE[j]], state[MICROBE[j]], rate[j], half_saturation[j], kinetics
        )
    for j in range(CATALYSED, FLUXES):
        out[j] = rate[j] * state[SUBSTRATE[j]]


@njit(cache=True, error_model="numpy")
def tendency(state, source, stoichiometry, rate, half_saturation, kinetics, flux, out):
    """Write s + S F(C), in mg C cm-3 h-1, into `out` [8]; `flux` [11] is left filled.

    The last entry of `out` is the respiration.
    """
    fluxes(state, rate, half_saturation, kinetics, flux)
    for i in range(POOLS + 1):
        change = source[i]
        for j in range(FLUXES):
            change += stoichiometry[i, j] * flux[j]
        out[i] = change


@njit(cache=True, error_model="numpy")
def jacobian(state, stoichiometry, rate, half_saturation, kinetics, out):
    """Write the derivative of `tendency` by the pools and CO2, in h-1, into `out` [8, 8]."""
    out[:, :] = 0.0
    for j in range(FLUXES):
        pool = SUBSTRATE[j]
        if j < CATALYSED:
            microbe = MICROBE[j]
            by_substrate, by_biomass = michaelis_menten_gradient(
                state[pool], state[microbe], rate[j], half_saturation[j], kinetics
            )
            for i in range(POOLS + 1):
                out[i, microbe] += stoichiometry[i, j] * by_biomass
        else:
            by_substrate = rate[j]
        for i in range(POOLS + 1):
            out[i, pool] += stoichiometry[i, j] * by_substrate


# --- small dense linear systems: numba offers no factorisation that can be used again ---------


@njit(cache=True, error_model="numpy")
def factorise(matrix, pivot):
    """Replace `matrix` [n, n] by its LU factors, rows swapped as `pivot` [n] says.

    Returns False when the matrix is singular to working precision.
    """
    n = pivot.size
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > abs(matrix[best, k]):
                best = i
        pivot[k] = best
        if not abs(matrix[best, k]) > 0.0:
            return False
        if best != k:
            for j in range(n):
                matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
        for i in range(k + 1, n):
            matrix[i, k] /= matrix[k, k]
            for j in range(k + 1, n):
                matrix[i, j] -= matrix[i, k] * matrix[k, j]
    return True


@njit(cache=True, error_model="numpy")
def substitute(factors, pivot, out):
    """Solve the system of `factorise` for the right-hand side `out` [n], in place."""
    n = pivot.size
    for k in range(n):
        if pivot[k] != k:
            out[k], out[pivot[k]] = out[pivot[k]], out[k]
    for i in range(n):
        for j in range(i):
            out[i] -= factors[i, j] * out[j]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            out[i] -= factors[i, j] * out[j]
        out[i] /= factors[i, i]


# --- steady state -----------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def first_guess(source, stoichiometry, rate, half_saturation, kinetics, out):
    """Write a positive state near the steady state, in mg C cm-3, into `out` [7].

    Half of the input reaches each microbe with the efficiency on metabolic litter, which fixes
    the biomass; every other pool then balances its own gains and losses in turn.
    """
    total = source.sum()
    for microbe, path in ((MICR, 0), (MICK, 3)):
        out[microbe] = 0.5 * total * stoichiometry[microbe, path] / rate[CATALYSED + microbe - MICR]
    turnover_r = rate[8] * out[MICR]
    turnover_k = rate[9] * out[MICK]
    out[SOMP] = (
        source[SOMP] + stoichiometry[SOMP, 8] * turnover_r + stoichiometry[SOMP, 9] * turnover_k
    ) / rate[10]
    chemical = (
        source[SOMC] + stoichiometry[SOMC, 8] * turnover_r + stoichiometry[SOMC, 9] * turnover_k
    )
    for pool, gain, first, second in (
        (LITM, source[LITM], 0, 3),
        (LITS, source[LITS], 1, 4),
        (SOMC, chemical, 6, 7),
        (SOMA, total, 2, 5),
    ):
        loss = 0.0
        for j in (first, second):
            biomass = out[MICROBE[j]]
            scale = half_saturation[j] if kinetics == FORWARD else half_saturation[j] + biomass
            loss += biomass * rate[j] / scale
        out[pool] = gain / loss


@njit(cache=True, error_model="numpy")
def negligible(state, source, rate, microbe):
    """Return whether a microbe's biomass is too small to matter, see `NEGLIGIBLE`."""
    return state[microbe] < NEGLIGIBLE * source.sum() / rate[CATALYSED + microbe - MICR]


@njit(cache=True, error_model="numpy")
def newton_step(
    state, source, stoichiometry, rate, half_saturation, kinetics, alive, dt, work, pivot,
    change, out,
):  # fmt: skip
    """Write the change of the pools over one linearised implicit Euler step into `out` [7].

    (1/dt - J) x = s + S F(C), x in mg C cm-3, dt in hours; dt = inf is a Newton step. A microbe
    that is not `alive` [2] keeps its biomass. `work` is [8, 8]; `change` [8] is left with the
    tendency. Returns False when singular.
    """
    flux = np.empty(FLUXES)
    tendency(state, source, stoichiometry, rate, half_saturation, kinetics, flux, change)
    jacobian(state, stoichiometry, rate, half_saturation, kinetics, work)
    matrix = work[:POOLS, :POOLS]
    for i in range(POOLS):
        for j in range(POOLS):
            matrix[i, j] = -matrix[i, j]
        matrix[i, i] += 1.0 / dt
        out[i] = change[i]
    for microbe in (MICR, MICK):
        if not alive[microbe - MICR]:
            matrix[microbe, :] = 0.0
            matrix[:, microbe] = 0.0
            matrix[microbe, microbe] = 1.0
            out[microbe] = 0.0
    # Rows differ by orders of magnitude (litter turns over in days, SOMp in decades): scaled by
    # their diagonal they are comparable, so the pivoting chooses well.
    for i in range(POOLS):
        scale = 0.0
        for j in range(POOLS):
            scale = max(scale, abs(matrix[i, j]))
        if scale > 0.0:
            for j in range(POOLS):
                matrix[i, j] /= scale
            out[i] /= scale
    if not factorise(matrix, pivot):
        return False
    substitute(matrix, pivot, out)
    return True


@njit(cache=True, error_model="numpy")
def relative_change(state, step, source, rate, alive):
    """Return the largest step / state of the pools that matter; inf if one turns negative."""
    largest = 0.0
    for i in range(POOLS):
        microbe = i in (MICR, MICK)
        if microbe and not alive[i - MICR]:
            continue
        if not state[i] + step[i] >= 0.0:
            return np.inf
        if microbe and negligible(state, source, rate, i):
            continue
        if state[i] > 0.0:
            largest = max(largest, abs(step[i]) / state[i])
    return largest


@njit(cache=True, error_model="numpy")
def relax(state, source, stoichiometry, rate, half_saturation, kinetics, alive, work, pivot):
    """Follow the dynamics from `state` [7] with growing implicit Euler steps, until they rest.

    Pseudo-transient continuation: a step that changes no pool by more than a fifth is followed
    by a longer one, a step that changes a pool by its own size is taken again, shorter. Returns
    False when the state does not come to rest.
    """
    step = np.empty(POOLS)
    tendency_now = np.empty(POOLS + 1)
    dt = 24.0
    for _ in range(RELAX_STEPS):
        solved = newton_step(
            state, source, stoichiometry, rate, half_saturation, kinetics, alive, dt, work, pivot,
            tendency_now, step,
        )  # fmt: skip
        for microbe in (MICR, MICK):
            # A vanishing microbe may not be stepped below zero by rounding; a growing one that a
            # long step sends below zero needs a shorter step.
            if negligible(state, source, rate, microbe) and tendency_now[microbe] < 0.0:
                step[microbe] = max(step[microbe], -0.9 * state[microbe])
        change = relative_change(state, step, source, rate, alive) if solved else np.inf
        if change > 1.0:
            dt *= 0.25
            if dt < 1e-6:
                return False
            continue
        for i in range(POOLS):
            state[i] += step[i]
        if change < 1e-6 and dt > 1e9:
            return True
        if change < 0.2:
            dt = min(4.0 * dt, 1e12)
    return False


@njit(cache=True, error_model="numpy")
def polish(state, source, stoichiometry, rate, half_saturation, kinetics, alive, work, pivot):
    """Bring a nearly steady `state` [7] to rounding error with damped Newton steps.

    Returns False unless the last step was below 1e-10 of every pool.
    """
    step = np.empty(POOLS)
    tendency_now = np.empty(POOLS + 1)
    before = np.inf
    for _ in range(50):
        solved = newton_step(
            state, source, stoichiometry, rate, half_saturation, kinetics, alive, np.inf, work,
            pivot, tendency_now, step,
        )  # fmt: skip
        if not solved:
            return False
        damping = 1.0
        for i in range(POOLS):
            if state[i] + damping * step[i] < 0.1 * state[i]:
                damping = -0.9 * state[i] / step[i]
        change = relative_change(state, damping * step, source, rate, alive)
        for i in range(POOLS):
            state[i] += damping * step[i]
        if change < 1e-15 or (change < 1e-11 and change >= 0.5 * before):
            return True
        before = change
    return before < 1e-10


@njit(cache=True, error_model="numpy")
def steady_state(source, stoichiometry, rate, half_saturation, kinetics, alive, out):
    """Write the steady state of one site, in mg C cm-3, into `out` [7].

    A microbe whose biomass is `negligible` is set to zero and the other pools are solved
    without it; it counts as extinct when it cannot invade that state, that is, when its growth
    rate at zero biomass (the diagonal of the Jacobian) is negative. `alive` [2] tells which of
    MICr and MICK persist. Where a site has several stable states, the one that the dynamics reach
    from `first_guess` is returned.

    Returns `CONVERGED`, or `NOT_CONVERGED` where no balance is found (the litter may outgrow what
    the microbes can take up).
    """
    work = np.empty((POOLS + 1, POOLS + 1))
    pivot = np.empty(POOLS, np.int64)
    alive[:] = True
    first_guess(source, stoichiometry, rate, half_saturation, kinetics, out)
    for _ in range(4):
        at_rest = relax(
            out, source, stoichiometry, rate, half_saturation, kinetics, alive, work, pivot
        )
        if not at_rest and alive[0] and alive[1]:
            # An undamped oscillation turns around an unstable steady state: ask Newton for it.
            first_guess(source, stoichiometry, rate, half_saturation, kinetics, out)
            at_rest = polish(
                out, source, stoichiometry, rate, half_saturation, kinetics, alive, work, pivot
            )
        if not at_rest:
            return NOT_CONVERGED
        for microbe in (MICR, MICK):
            if negligible(out, source, rate, microbe):
                alive[microbe - MICR] = False
                out[microbe] = 0.0
        if not (alive[0] or alive[1]):
            return NOT_CONVERGED
        if not polish(
            out, source, stoichiometry, rate, half_saturation, kinetics, alive, work, pivot
        ):
            return NOT_CONVERGED
        jacobian(out, stoichiometry, rate, half_saturation, kinetics, work)
        invaded = False
        for microbe in (MICR, MICK):
            if not alive[microbe - MICR] and work[microbe, microbe] > 0.0:
                alive[microbe - MICR] = True
                out[microbe] = 0.1 * source.sum() / rate[CATALYSED + microbe - MICR]
                invaded = True
        if not invaded:
            return CONVERGED
    return NOT_CONVERGED


@njit(cache=True, error_model="numpy", parallel=True)
def steady_states(source, stoichiometry, rate, half_saturation, kinetics, alive, status, out):
    """`steady_state` of many sites in parallel; every array has a leading site dimension.

    `out` [site, 7] in mg C cm-3, `alive` [site, 2] and `status` [site] are written.
    """
    for site in prange(out.shape[0]):
        status[site] = steady_state(
            source[site], stoichiometry[site], rate[site], half_saturation[site], kinetics,
            alive[site], out[site],
        )  # fmt: skip


# --- transient --------------------------------------------------------------------------------

#: RODAS: Rosenbrock method of order 4 with an embedded method of order 3, six stages, L-stable,
#: for an autonomous system (Hairer & Wanner 1996, Solving Ordinary Differential Equations II,
#: 2nd ed., section IV.10, code RODAS with METH = 1). Stage i solves
#: (1/(gamma h) - J) u_i = f(y + sum_j A_ij u_j) + sum_j C_ij u_j / h.
GAMMA = 0.25
STAGES = 6
STAGE_A = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [1.544, 0.0, 0.0, 0.0, 0.0],
        [0.9466785280815826, 0.2557011698983284, 0.0, 0.0, 0.0],
        [3.314825187068521, 2.896124015972201, 0.9986419139977817, 0.0, 0.0],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 0.0],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0],
    ]
)
STAGE_C = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [-5.6688, 0.0, 0.0, 0.0, 0.0],
        [-2.430093356833875, -0.2063599157091915, 0.0, 0.0, 0.0],
        [-0.1073529058151375, -9.594562251023355, -20.47028614809616, 0.0, 0.0],
        [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160, 0.0],
        [
            8.083246795921522,
            -7.981132988064893,
            -31.52159432874371,
            16.31930543123136,
            -6.058818238834054,
        ],
    ]
)


@njit(cache=True, error_model="numpy")
def rosenbrock_step(
    state, source, stoichiometry, rate, half_saturation, kinetics, dt, work, pivot, stages, out
):
    """Write the state after one step of dt hours into `out` [8], in mg C cm-3.

    `work` is [8, 8]; `stages` [6, 8] is left filled, and its last row is the estimate of the
    local error. Returns False when the step is too long for the linear system.
    """
    flux = np.empty(FLUXES)
    change = np.empty(POOLS + 1)
    jacobian(state, stoichiometry, rate, half_saturation, kinetics, work)
    for i in range(POOLS + 1):
        for j in range(POOLS + 1):
            work[i, j] = -work[i, j]
        work[i, i] += 1.0 / (GAMMA * dt)
    for microbe in (MICR, MICK):
        # An absent microbe stays absent: without its column no rounding can bring it to life.
        if state[microbe] == 0.0:
            for i in range(POOLS + 1):
                if i != microbe:
                    work[i, microbe] = 0.0
    if not factorise(work, pivot):
        return False
    for stage in range(STAGES):
        for i in range(POOLS + 1):
            out[i] = state[i]
            for earlier in range(stage):
                out[i] += STAGE_A[stage, earlier] * stages[earlier, i]
        tendency(out, source, stoichiometry, rate, half_saturation, kinetics, flux, change)
        for i in range(POOLS + 1):
            for earlier in range(stage):
                change[i] += STAGE_C[stage, earlier] * stages[earlier, i] / dt
        substitute(work, pivot, change)
        stages[stage, :] = change
    # The last stage starts from the embedded third-order result; its own change completes it.
    for i in range(POOLS + 1):
        out[i] += stages[STAGES - 1, i]
    return True


@njit(cache=True, error_model="numpy")
def error_norm(state, result, error, tolerance):
    """Return the error of a step over what is allowed, dimensionless: 1 is just acceptable.

    Pools are held to `tolerance` of themselves, and to 1e-9 of it of all carbon where they are
    nearly empty; CO2 to `tolerance` of all carbon.
    """
    total = np.abs(state[:POOLS]).sum()
    square = 0.0
    for i in range(POOLS + 1):
        scale = max(abs(state[i]), abs(result[i])) + (1e-9 * total if i < POOLS else total)
        square += (error[i] / (tolerance * scale)) ** 2
    return np.sqrt(square / (POOLS + 1))


@njit(cache=True, error_model="numpy")
def empty_or_reject(state):
    """Set pools that are negative by rounding to zero; return True if one is negative by more.

    Rounding means `EMPTY`: a microbe that dies out would otherwise keep the step at
    the time scale of its own decay for ever.
    """
    total = np.abs(state[:POOLS]).sum()
    for i in range(POOLS):
        if not state[i] >= -EMPTY * total:
            return True
    for i in range(POOLS):
        state[i] = max(state[i], 0.0)
    return False


@njit(cache=True, error_model="numpy")
def transient(
    initial, source, stoichiometry, rate, half_saturation, kinetics, times, tolerance, out
):
    """Write pools and respired carbon, in mg C cm-3, at `times` (hours, increasing) into `out`.

    `initial` [7] holds at hour 0, `out` is [time, 8]. Steps are adapted so that the local error
    stays below `tolerance` (relative), shortened to land on each output time, and taken again
    where a pool would turn negative. The method conserves what the equations conserve: pools plus
    CO2 grow by the input, to rounding error. Returns `CONVERGED` or `NOT_CONVERGED`.
    """
    state = np.zeros(POOLS + 1)
    result = np.empty(POOLS + 1)
    stages = np.empty((STAGES, POOLS + 1))
    work = np.empty((POOLS + 1, POOLS + 1))
    pivot = np.empty(POOLS + 1, np.int64)
    state[:POOLS] = initial
    now = 0.0
    step = 1.0
    for k in range(times.size):
        attempts = 0
        while now < times[k]:
            attempts += 1
            if attempts > 100_000 or not step > 1e-9:
                return NOT_CONVERGED
            remaining = times[k] - now
            dt = remaining if step > 0.999 * remaining else step
            solved = rosenbrock_step(
                state, source, stoichiometry, rate, half_saturation, kinetics, dt, work, pivot,
                stages, result,
            )  # fmt: skip
            if not solved or empty_or_reject(result):
                step = 0.25 * dt
                continue
            error = error_norm(state, result, stages[STAGES - 1], tolerance)
            growth = min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.25))
            if error > 1.0:
                step = growth * dt
                continue
            # A step cut short to land on an output time says little about the next one.
            step = max(step, growth * dt) if dt < step else growth * dt
            now = times[k] if dt == remaining else now + dt
            state[:] = result
        out[k, :] = state
    return CONVERGED


@njit(cache=True, error_model="numpy", parallel=True)
def transients(
    initial, source, stoichiometry, rate, half_saturation, kinetics, times, tolerance, status, out
):
    """`transient` of many sites in parallel; every array but `times` has a leading site dimension.

    `out` [site, time, 8] in mg C cm-3 and `status` [site] are written.
    """
    for site in prange(out.shape[0]):
        status[site] = transient(
            initial[site], source[site], stoichiometry[site], rate[site], half_saturation[site],
            kinetics, times, tolerance, out[site],
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def flux_series(states, rate, half_saturation, kinetics, out):
    """Write the fluxes of `states` [site, time, 7] in mg C cm-3 h-1 to `out` [site, time, 11]."""
    for site in range(states.shape[0]):
        for k in range(states.shape[1]):
            fluxes(states[site, k], rate[site], half_saturation[site], kinetics, out[site, k])
