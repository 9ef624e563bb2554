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

from soilnb.kernels import ode
from soilnb.kernels.compiler import njit
from soilnb.kernels.ode import CONVERGED, NOT_CONVERGED

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
    for i in range(POOLS + 1):
        for j in range(POOLS + 1):
            out[i, j] = 0.0
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


#: Pools that lose carbon to microbes and to SOMa only: each answers to the microbes alone.
_ALONE = (LITM, LITS, SOMP, SOMC)


@njit(cache=True, error_model="numpy")
def factorise(matrix, held, alive, factors):
    """Prepare `substitute` for the system held - J, with J the `matrix` [8, 8] of `jacobian`.

    Litter and soil hear of each other through the microbes, and SOMa also of SOMp and SOMc. So
    each of these five pools is its own answer to the right-hand side, plus its response to a unit
    of each microbe, and two equations for the microbes remain. None of the five gains more from
    what it loses, so held - J_ii is positive and needs no pivoting.

    Parameters
    ----------
    held : float
        Added to the diagonal, h-1; 0 for a step of Newton's method.
    alive : tuple of two bool
        A microbe that is not alive keeps its biomass.
    factors : array [7, 3]
        Written: the inverse diagonal of the five pools and their responses to MICr and to MICK;
        in the rows of the microbes the inverse of the two equations that remain.

    Returns False where a pool has no loss, or the microbes' equations are singular.
    """
    for pool in (LITM, LITS, SOMP, SOMC, SOMA):
        own = held - matrix[pool, pool]
        if not own > 0.0:
            return False
        factors[pool, 0] = 1.0 / own
    for k in range(2):
        for pool in _ALONE:
            factors[pool, 1 + k] = factors[pool, 0] * matrix[pool, MICR + k]
        factors[SOMA, 1 + k] = factors[SOMA, 0] * (
            matrix[SOMA, MICR + k]
            + matrix[SOMA, SOMP] * factors[SOMP, 1 + k]
            + matrix[SOMA, SOMC] * factors[SOMC, 1 + k]
        )
    for k in range(2):
        for cause in range(2):
            microbe = MICR + k
            growth = matrix[microbe, MICR + cause]
            for pool in (LITM, LITS, SOMA):  # what a unit of a microbe adds by way of the pools
                growth += matrix[microbe, pool] * factors[pool, 1 + cause]
            factors[microbe, 1 + cause] = held - growth if k == cause else -growth
    rr, rk = factors[MICR, 1], factors[MICR, 2]
    kr, kk = factors[MICK, 1], factors[MICK, 2]
    if alive[0] and alive[1]:
        determinant = rr * kk - rk * kr
        factors[MICR, 1], factors[MICR, 2] = kk / determinant, -rk / determinant
        factors[MICK, 1], factors[MICK, 2] = -kr / determinant, rr / determinant
    else:
        factors[MICR, 1], factors[MICR, 2] = (1.0 / rr if alive[0] else 0.0), 0.0
        factors[MICK, 1], factors[MICK, 2] = 0.0, (1.0 / kk if alive[1] else 0.0)
    return np.isfinite(factors[MICR, 1]) and np.isfinite(factors[MICK, 2])


@njit(cache=True, error_model="numpy")
def substitute(matrix, factors, out):
    """Solve the system of `factorise` for the right-hand side `out` [7 or more], in place."""
    for pool in _ALONE:
        out[pool] *= factors[pool, 0]
    out[SOMA] = factors[SOMA, 0] * (
        out[SOMA] + matrix[SOMA, SOMP] * out[SOMP] + matrix[SOMA, SOMC] * out[SOMC]
    )
    fast, slow = out[MICR], out[MICK]
    for pool in (LITM, LITS, SOMA):
        fast += matrix[MICR, pool] * out[pool]
        slow += matrix[MICK, pool] * out[pool]
    out[MICR] = factors[MICR, 1] * fast + factors[MICR, 2] * slow
    out[MICK] = factors[MICK, 1] * fast + factors[MICK, 2] * slow
    for pool in (LITM, LITS, SOMP, SOMC, SOMA):
        out[pool] += factors[pool, 1] * out[MICR] + factors[pool, 2] * out[MICK]


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
    state, source, stoichiometry, rate, half_saturation, kinetics, alive, dt, work, change, out
):
    """Write the change of the pools over one linearised implicit Euler step into `out` [7].

    (1/dt - J) x = s + S F(C), x in mg C cm-3, dt in hours; dt = inf is a Newton step. A microbe
    that is not `alive` [2] keeps its biomass. `work` is [8, 8]; `change` [8] is left with the
    tendency. Returns False when singular.
    """
    flux, factors = np.empty(FLUXES), np.empty((POOLS, 3))
    tendency(state, source, stoichiometry, rate, half_saturation, kinetics, flux, change)
    jacobian(state, stoichiometry, rate, half_saturation, kinetics, work)
    if not factorise(work, 1.0 / dt, (alive[0], alive[1]), factors):
        return False
    for i in range(POOLS):
        out[i] = change[i]
    substitute(work, factors, out)
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
def relax(state, source, stoichiometry, rate, half_saturation, kinetics, alive, work):
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
            state, source, stoichiometry, rate, half_saturation, kinetics, alive, dt, work,
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
def polish(state, source, stoichiometry, rate, half_saturation, kinetics, alive, work):
    """Bring a nearly steady `state` [7] to rounding error with damped Newton steps.

    Returns False unless the last step was below 1e-10 of every pool.
    """
    step = np.empty(POOLS)
    tendency_now = np.empty(POOLS + 1)
    before = np.inf
    for _ in range(50):
        solved = newton_step(
            state, source, stoichiometry, rate, half_saturation, kinetics, alive, np.inf, work,
            tendency_now, step,
        )  # fmt: skip
        if not solved:
            return False
        damping = 1.0
        for i in range(POOLS):
            if state[i] + damping * step[i] < 0.1 * state[i]:
                damping = -0.9 * state[i] / step[i]
        for i in range(POOLS):
            step[i] *= damping
        change = relative_change(state, step, source, rate, alive)
        for i in range(POOLS):
            state[i] += step[i]
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
    alive[0] = alive[1] = True
    first_guess(source, stoichiometry, rate, half_saturation, kinetics, out)
    for _ in range(4):
        at_rest = relax(out, source, stoichiometry, rate, half_saturation, kinetics, alive, work)
        if not at_rest and alive[0] and alive[1]:
            # An undamped oscillation turns around an unstable steady state: ask Newton for it.
            first_guess(source, stoichiometry, rate, half_saturation, kinetics, out)
            at_rest = polish(
                out, source, stoichiometry, rate, half_saturation, kinetics, alive, work
            )
        if not at_rest:
            return NOT_CONVERGED
        for microbe in (MICR, MICK):
            if negligible(out, source, rate, microbe):
                alive[microbe - MICR] = False
                out[microbe] = 0.0
        if not (alive[0] or alive[1]):
            return NOT_CONVERGED
        if not polish(out, source, stoichiometry, rate, half_saturation, kinetics, alive, work):
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


@njit(cache=True, error_model="numpy", nogil=True)
def steady_states(source, stoichiometry, rate, half_saturation, kinetics, alive, status, out):
    """`steady_state` of many sites; every array has a leading site dimension.

    `out` [site, 7] in mg C cm-3, `alive` [site, 2] and `status` [site] are written.
    """
    for site in range(out.shape[0]):
        status[site] = steady_state(
            source[site], stoichiometry[site], rate[site], half_saturation[site], kinetics,
            alive[site], out[site],
        )  # fmt: skip


GAMMA, STAGE_A, STAGE_C, *_ = ode.RODAS5P
STAGES = len(STAGE_A)


@njit(cache=True, error_model="numpy")
def rosenbrock_step(state, dt, stages, out, problem):
    """Write the state after one step of dt hours into `out` [8], in mg C cm-3.

    What `soilnb.kernels.ode.stepper` makes, written out: for eight numbers, handing the model's
    functions their arrays costs as much again as the step. `stages` [8, 8] is left filled, and its
    last row is the estimate of the local error. An absent microbe stays absent. Returns False when
    the step is too long for the linear system.
    """
    source, stoichiometry, rate, half_saturation, kinetics, flux, change, work, factors = problem
    held = 1.0 / (GAMMA * dt)
    jacobian(state, stoichiometry, rate, half_saturation, kinetics, work)
    if not factorise(work, held, (state[MICR] > 0.0, state[MICK] > 0.0), factors):
        return False
    for stage in range(STAGES):
        for i in range(POOLS + 1):
            out[i] = state[i]
        for earlier in range(stage):
            for i in range(POOLS + 1):
                out[i] += STAGE_A[stage, earlier] * stages[earlier, i]
        tendency(out, source, stoichiometry, rate, half_saturation, kinetics, flux, change)
        for earlier in range(stage):
            weight = STAGE_C[stage, earlier] / dt
            for i in range(POOLS + 1):
                change[i] += weight * stages[earlier, i]
        substitute(work, factors, change)
        # What is respired changes no pool, so its equation comes last.
        for i in range(POOLS):
            change[CO2] += work[CO2, i] * change[i]
        change[CO2] /= held
        for i in range(POOLS + 1):
            stages[stage, i] = change[i]
    # The last stage starts from the embedded fourth-order result; its own change completes it.
    for i in range(POOLS + 1):
        out[i] += stages[STAGES - 1, i]
    return True


_run = ode.driver(rosenbrock_step, ode.error_norm, ode.empty_or_reject, ode.RODAS5P, inside=True)


@njit(cache=True, error_model="numpy", nogil=True)
def transient(
    initial, source, stoichiometry, rate, half_saturation, kinetics, times, tolerance, out
):
    """Write pools and respired carbon, in mg C cm-3, at `times` (hours, increasing) into `out`.

    `initial` [7] holds at hour 0, `out` is [time, 8]; see `soilnb.kernels.ode.driver`. Pools plus
    CO2 grow by the input, to rounding error, also between the steps. Returns `CONVERGED` or
    `NOT_CONVERGED`.
    """
    state = np.zeros(POOLS + 1)
    for i in range(POOLS):
        state[i] = initial[i]
    memory = (
        np.empty(FLUXES), np.empty(POOLS + 1), np.empty((POOLS + 1, POOLS + 1)),
        np.empty((POOLS, 3)),
    )  # fmt: skip
    problem = (source, stoichiometry, rate, half_saturation, kinetics, *memory)
    clock = np.array([0.0, 1.0, 0.0])
    return _run(state, 1, times, clock, 1e-9, tolerance, out, problem)


@njit(cache=True, error_model="numpy")
def flux_series(states, rate, half_saturation, kinetics, out):
    """Write the fluxes of `states` [site, time, 7] in mg C cm-3 h-1 to `out` [site, time, 11]."""
    for site in range(states.shape[0]):
        for k in range(states.shape[1]):
            fluxes(states[site, k], rate[site], half_saturation[site], kinetics, out[site, k])
