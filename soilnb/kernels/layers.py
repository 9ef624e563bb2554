r"""Twenty soil layers as one column: steady states of COMPAS and CLM5 without their big matrices.

Both models are one matrix equation (Tao et al. 2024, Eq. 2)

.. math:: \frac{dX}{dt} = B I + A \xi K X + V X

for 8 or 7 pools in each of 20 layers. The litter pools do not hear of the soil pools, coarse wood
does not move, and cellulose and lignin litter decay at one rate. So the 160- or 140-square matrix
falls into two tridiagonal systems for the litter, followed by four formulas per layer (COMPAS) or
by one block-tridiagonal system of 3 x 3 blocks (CLM5). That is what stands here; the dense
matrices are built in `soilnb.profile` for those who want to see them.

Units: carbon g C m-3, time yr, depth m. Written for the carbon of a layer (times its thickness
dz), every row of a transport system reads

.. math:: (k \xi\,dz_j + u_j + d_j)\,x_j - u_j x_{j-1} - d_j x_{j+1} = s_j

with the conductances :math:`u_j, d_j` (m yr-1) to the layers above and below. The elimination
carries what is left over of each row (or column) sum along instead of taking differences, so that
nothing is ever subtracted: no pool turns negative by rounding, however slowly a deep layer decays.

The order of the pools is that of the papers: coarse woody debris, metabolic, cellulose and lignin
litter; then DOC, microbes, enzymes, mineral-associated carbon (COMPAS) or fast, slow, passive
carbon (CLM5). The order of the parameters is that of `COMPAS_NAMES` and `CLM5_NAMES`; they are
physical values in yr, g C m-3, m2 yr-1 and fractions.
"""

from typing import NamedTuple

import numpy as np

from soilnb.kernels import ode
from soilnb.kernels.compiler import njit
from soilnb.kernels.ode import CONVERGED, NOT_CONVERGED

#: The models. (A plain integer would be part of a type, and every function that takes one
#: compiled for each model.)
COMPAS, CLM5 = np.int64(0), np.int64(1)

LAYERS = 20
MONTHS = 12
LITTER = 4
COMPAS_POOLS = 8
CLM5_POOLS = 7

#: Thickness of the 20 soil layers, m (CLM5; SRC_DA of phxtao/PRODA_MIC@90918f41).
THICKNESS = np.array(
    [
        0.02, 0.04, 0.06, 0.08, 0.12, 0.16, 0.20, 0.24, 0.28, 0.32,
        0.36, 0.40, 0.44, 0.54, 0.64, 0.74, 0.84, 0.94, 1.04, 1.14,
    ]
)  # fmt: skip
#: Depth of the lower face and of the middle of each layer, m.
BOTTOM = np.cumsum(THICKNESS)
NODE = BOTTOM - 0.5 * THICKNESS

#: Folding depth of decomposition in COMPAS, m: fixed by its authors, and in no table.
COMPAS_FOLDING_DEPTH = 0.5
_COMPAS_DEPTH_MODIFIER = np.exp(-NODE / COMPAS_FOLDING_DEPTH)

#: Switches of a run, to be added up. Conservative transport is the default; the published code
#: leaks below the bedrock (see `conductances`). `SAND_TRANSFERS` lets the transfer from fast to
#: slow carbon of CLM5 follow the sand of each layer instead of its parameter.
CONSERVATIVE, PUBLISHED_TRANSPORT, SAND_TRANSFERS = 0, 1, 2

#: Switches of `scale`, to be added up: the turnover time of enzymes in COMPAS has the place of
#: ``km_assim`` instead of its own, and is on a logarithmic scale.
TIED_ENZYMES, LOG_ENZYMES = 1, 2

COMPAS_NAMES = (
    "eta_doc", "eta_ml", "eta_cl_ll", "km_assim", "tau_assim", "tau_decom", "km_decom",
    "tau_enz_prod", "tau_ml", "tau_cwd", "tau_cl_ll", "tau_enz_decay", "tau_mic", "a_soc_mic",
    "a_cl_cwd", "a_doc_ml", "a_doc_cl", "a_soc_ll", "w_scaling", "q10", "cryo", "diffus", "b",
)  # fmt: skip
(
    ETA_DOC, ETA_ML, ETA_CL_LL, KM_ASSIM, TAU_ASSIM, TAU_DECOM, KM_DECOM, TAU_ENZ_PROD, TAU_ML,
    TAU_CWD, TAU_CL_LL, TAU_ENZ_DECAY, TAU_MIC, A_SOC_MIC, A_CL_CWD, A_DOC_ML, A_DOC_CL, A_SOC_LL,
    W_SCALING, Q10, CRYO, DIFFUS, B,
) = range(len(COMPAS_NAMES))  # fmt: skip

CLM5_NAMES = (
    "fs3s1", "fs3s2", "fs2s1", "fs2l3", "fs1l2", "fs1l1", "fs1s2", "fs1s3", "fl2cwd", "tau4s2",
    "tau4s3", "tau4s1", "tau4l1", "tau4cwd", "tau4l2", "w_scaling", "q10", "efolding", "cryo",
    "diffus", "b",
)  # fmt: skip
(
    FS3S1, FS3S2, FS2S1, FS2L3, FS1L2, FS1L1, FS1S2, FS1S3, FL2CWD, TAU4S2, TAU4S3, TAU4S1,
    TAU4L1, TAU4CWD, TAU4L2, CLM5_W_SCALING, CLM5_Q10, EFOLDING, CLM5_CRYO, CLM5_DIFFUS, CLM5_B,
) = range(len(CLM5_NAMES))  # fmt: skip

#: Rows of the array of a run that `sources` and `prepare` fill: input of the four litters
#: (g C m-3 yr-1); modifiers of soil and litter, conductances to the layers above and below
#: (m yr-1), transfers from fast to slow and passive carbon (CLM5), and shares of the input.
SOIL, LITTER_MODIFIER, UP, DOWN, TO_SLOW, TO_PASSIVE, SHARES = 4, 5, 6, 7, 8, 9, 10
RATES = 11

#: Rows of the scratch array of a steady state: those of `RATES` and, behind them, inverses.
WORK = 24


class Column(NamedTuple):
    """The forcing of one column, prepared; for many columns every field has a leading site axis."""

    warmth: np.ndarray  #: [12, 20]: (T - 298.15 K) / 10 K, the exponent of Q10.
    #: [12, 20]: monthly scalars, dimensionless.
    water: np.ndarray
    oxygen: np.ndarray
    nitrogen: np.ndarray
    #: [12]: thickness of the active layer, the larger of this and the last year, m.
    active: np.ndarray
    bedrock: int  #: Number of soil layers above the bedrock; 20 = no bedrock.
    #: [4]: input of coarse wood, metabolic, cellulose and lignin litter, g C m-2 yr-1.
    litter: np.ndarray
    sand: np.ndarray  #: [20]: sand, % of the mineral soil.
    #: Whether all litter enters the top layer (last year's active layer is 0 in some month).
    surface: bool
    #: [20]: conductance through the lower face of each layer per unit of the parameters ``cryo``
    #: and ``diffus``, mean of the months, m-1.
    cryoturbation: np.ndarray
    bioturbation: np.ndarray


def new_work():
    """Return the scratch array that a run needs; one for each thread."""
    return np.zeros((WORK, LAYERS))


@njit(cache=True, error_model="numpy")
def at(columns, site):
    """Return one `Column` of stacked ones, without copying."""
    return Column(
        columns.warmth[site], columns.water[site], columns.oxygen[site], columns.nitrogen[site],
        columns.active[site], columns.bedrock[site], columns.litter[site], columns.sand[site],
        columns.surface[site], columns.cryoturbation[site], columns.bioturbation[site],
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def scale(u, low, high, enzymes, out):
    """Write physical parameters for a point `u` [n] of the unit cube into `out` [n].

    low + u (high - low). `enzymes` (COMPAS only): with `TIED_ENZYMES` the turnover time of enzymes
    takes the u of ``km_assim``, and its own has no effect; with `LOG_ENZYMES` it is 10^(3 u - 3)
    yr. The published code does both.
    """
    for i in range(u.size):
        out[i] = low[i] + u[i] * (high[i] - low[i])
    if enzymes == 0:
        return
    own, place = TAU_ENZ_DECAY, u[KM_ASSIM if enzymes & TIED_ENZYMES else TAU_ENZ_DECAY]
    if enzymes & LOG_ENZYMES:
        out[own] = 10.0 ** (3.0 * place - 3.0)
    else:
        out[own] = low[own] + place * (high[own] - low[own])


# --- environment, input and transport ---------------------------------------------------------


@njit(inline="always", error_model="numpy")
def _exponential(x):
    """e^x for x between -14 and 14, to 2e-15: (e^(x/32))^32 with the series of e.

    The compiler turns it into vector instructions, which it cannot do with the library's.
    """
    y = 0.03125 * x
    p = 1.0 + y * (1.0 / 13.0)
    p = 1.0 + y * p * (1.0 / 12.0)
    p = 1.0 + y * p * (1.0 / 11.0)
    p = 1.0 + y * p * (1.0 / 10.0)
    p = 1.0 + y * p * (1.0 / 9.0)
    p = 1.0 + y * p * (1.0 / 8.0)
    p = 1.0 + y * p * (1.0 / 7.0)
    p = 1.0 + y * p * (1.0 / 6.0)
    p = 1.0 + y * p * (1.0 / 5.0)
    p = 1.0 + y * p * (1.0 / 4.0)
    p = 1.0 + y * p * (1.0 / 3.0)
    p = 1.0 + y * p * (1.0 / 2.0)
    p = 1.0 + y * p
    p *= p
    p *= p
    p *= p
    p *= p
    return p * p


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def monthly_means(q10, w_scaling, warmth, water, oxygen, nitrogen, out):
    """Write the means of the months of Q10^warmth, min(1, w W), O and N into `out` [4, 20]."""
    warm, wet, airy, fed = out[0], out[1], out[2], out[3]
    log_q10 = np.log(q10)
    for j in range(LAYERS):
        warm[j] = 0.0
        wet[j] = 0.0
        airy[j] = 0.0
        fed[j] = 0.0
    for month in range(MONTHS):
        warmth_now, water_now = warmth[month], water[month]
        oxygen_now, nitrogen_now = oxygen[month], nitrogen[month]
        for j in range(LAYERS):
            warm[j] += _exponential(log_q10 * warmth_now[j])
            wet[j] += min(1.0, w_scaling * water_now[j])
            airy[j] += oxygen_now[j]
            fed[j] += nitrogen_now[j]
    for j in range(LAYERS):
        warm[j] *= 1.0 / MONTHS
        wet[j] *= 1.0 / MONTHS
        airy[j] *= 1.0 / MONTHS
        fed[j] *= 1.0 / MONTHS


@njit(cache=True, error_model="numpy", nogil=True)
def monthly_means_many(q10, w_scaling, columns, which, out):
    """`monthly_means` of many cases: `q10`, `w_scaling` [case]; `out` [case, 4, 20] is written."""
    for case in range(which.size):
        site = which[case]
        monthly_means(
            q10[case], w_scaling[case], columns.warmth[site], columns.water[site],
            columns.oxygen[site], columns.nitrogen[site], out[case],
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def compas_modifiers(q10, w_scaling, column, work, soil, litter):
    """Write the environmental modifiers of COMPAS into `soil` [20] and `litter` [20].

    xi = mean(Q10^warmth) mean(min(1, w W)) mean(O) exp(-z / 0.5 m): the product of the means of
    the months; for the three litter pools but wood also times mean(N). Dimensionless.
    """
    monthly_means(q10, w_scaling, column.warmth, column.water, column.oxygen, column.nitrogen, work)
    warm, wet, oxygen, nitrogen = work[0], work[1], work[2], work[3]
    for j in range(LAYERS):
        product = warm[j] * wet[j] * oxygen[j] * _COMPAS_DEPTH_MODIFIER[j]
        soil[j] = product
        litter[j] = product * nitrogen[j]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def clm5_modifiers(q10, w_scaling, folding_depth, column, soil, litter):
    """Write the environmental modifiers of CLM5 into `soil` [20] and `litter` [20].

    xi = mean(Q10^warmth min(1, w W) O) exp(-z / folding depth): the mean of the months' products;
    for the three litter pools but wood with N inside the product. Dimensionless.
    """
    log_q10 = np.log(q10)
    for j in range(LAYERS):
        soil[j] = 0.0
        litter[j] = 0.0
    for month in range(MONTHS):
        warmth = column.warmth[month]
        water = column.water[month]
        oxygen = column.oxygen[month]
        nitrogen = column.nitrogen[month]
        for j in range(LAYERS):
            now = _exponential(log_q10 * warmth[j]) * min(1.0, w_scaling * water[j]) * oxygen[j]
            soil[j] += now
            litter[j] += now * nitrogen[j]
    for j in range(LAYERS):
        depth = np.exp(-NODE[j] / folding_depth) * (1.0 / MONTHS)
        soil[j] *= depth
        litter[j] *= depth


@njit(cache=True, error_model="numpy")
def input_shares(b, surface, out):
    """Write the share of the litter that enters each layer into `out` [20]; they sum to 1.

    b^(100 z_top) - b^(100 z_bottom) over the sum of the 20 layers (z in m); all of it in the top
    layer where the soil above is frozen the whole year (`Column.surface`).
    """
    if surface:
        out[:] = 0.0
        out[0] = 1.0
        return
    log_b = 100.0 * np.log(b)
    above = 1.0
    total = 0.0
    for j in range(LAYERS):
        below = np.exp(log_b * BOTTOM[j])
        out[j] = above - below
        total += out[j]
        above = below
    for j in range(LAYERS):
        out[j] /= total


@njit(cache=True, error_model="numpy")
def conductances(diffus, cryo, column, switches, up, down):
    """Write the conductance of each layer to the one above, `up` [20], and below, `down` [20].

    In m yr-1, for diffusivities in m2 yr-1. What leaves a layer enters its neighbour, except with
    `PUBLISHED_TRANSPORT` and 1 to 18 soil layers above the bedrock: there the published code sets
    the lower conductance of the layer at the bedrock equal to its upper one, without a partner.
    """
    above = 0.0
    for j in range(LAYERS):
        through = diffus * column.bioturbation[j] + cryo * column.cryoturbation[j]
        up[j] = above
        down[j] = through
        above = through
    bedrock = column.bedrock
    if switches & PUBLISHED_TRANSPORT and 0 < bedrock < LAYERS - 1:
        down[bedrock] = up[bedrock]


@njit(cache=True, error_model="numpy")
def _compas_possible(parameters):
    """Return whether every turnover time is positive and some of the uptake is respired."""
    return (
        parameters[TAU_ASSIM] > 0.0
        and parameters[TAU_DECOM] > 0.0
        and parameters[TAU_ENZ_PROD] > 0.0
        and parameters[TAU_ML] > 0.0
        and parameters[TAU_CWD] > 0.0
        and parameters[TAU_CL_LL] > 0.0
        and parameters[TAU_ENZ_DECAY] > 0.0
        and parameters[TAU_MIC] > 0.0
        and parameters[ETA_DOC] < 1.0
    )


@njit(cache=True, error_model="numpy")
def _clm5_possible(parameters):
    """Return whether every turnover time is positive."""
    return (
        parameters[TAU4S1] > 0.0
        and parameters[TAU4S2] > 0.0
        and parameters[TAU4S3] > 0.0
        and parameters[TAU4L1] > 0.0
        and parameters[TAU4L2] > 0.0
        and parameters[TAU4CWD] > 0.0
    )


@njit(cache=True, error_model="numpy")
def sand_transfers(sand):
    """Return the shares of decayed fast carbon that go to slow and to passive carbon.

    CLM5: respired t = 0.85 - 0.0068 (100 - sand), passive 0.004, slow the rest; sand in %.
    """
    respired = 0.85 - 0.0068 * (100.0 - min(100.0, max(0.0, sand)))
    return 1.0 - respired - 0.004, 0.004


@njit(cache=True, error_model="numpy")
def prepare(model, parameters, column, switches, rates):
    """Write modifiers, transport, transfers and input shares into `rates` [RATES or more, 20].

    Returns False where a turnover time is zero or nothing is respired: there is no steady state.
    """
    soil, litter, shares = rates[SOIL], rates[LITTER_MODIFIER], rates[SHARES]
    if model == COMPAS:
        possible = _compas_possible(parameters)
        compas_modifiers(parameters[Q10], parameters[W_SCALING], column, rates, soil, litter)
        b, diffus, cryo = parameters[B], parameters[DIFFUS], parameters[CRYO]
    else:
        possible = _clm5_possible(parameters)
        clm5_modifiers(
            parameters[CLM5_Q10], parameters[CLM5_W_SCALING], parameters[EFOLDING], column, soil,
            litter,
        )  # fmt: skip
        b, diffus, cryo = parameters[CLM5_B], parameters[CLM5_DIFFUS], parameters[CLM5_CRYO]
        for j in range(LAYERS):
            rates[TO_SLOW, j] = parameters[FS2S1]
            rates[TO_PASSIVE, j] = parameters[FS3S1]
            if switches & SAND_TRANSFERS:
                rates[TO_SLOW, j], rates[TO_PASSIVE, j] = sand_transfers(column.sand[j])
    conductances(diffus, cryo, column, switches, rates[UP], rates[DOWN])
    input_shares(b, column.surface, shares)
    return possible


@njit(cache=True, error_model="numpy")
def sources(column, rates):
    """Write the input of the four litter pools, g C m-3 yr-1, into the first rows of `rates`."""
    for pool in range(LITTER):
        for j in range(LAYERS):
            rates[pool, j] = column.litter[pool] * rates[SHARES, j] / THICKNESS[j]


@njit(cache=True, error_model="numpy", nogil=True)
def prepare_many(model, parameters, columns, which, switches, possible, rates):
    """`prepare` and `sources` of many cases: `possible` [case], `rates` [case, RATES, 20]."""
    for case in range(which.size):
        column = at(columns, which[case])
        possible[case] = prepare(model, parameters[case], column, switches, rates[case])
        sources(column, rates[case])


@njit(cache=True, error_model="numpy")
def litter_inverses(held, rate_ml, rate_cl, modifier, up, down, inverse):
    """Write the inverse pivots of metabolic and of other litter into `inverse` [2, 20], yr m-1.

    Row j: (held dz + rate modifier dz + u + d) x_j - u x_(j-1) - d x_(j+1), eliminated from the
    top; `held` and rates in yr-1. The excess of each row sum is carried along, so that no
    difference is taken. Both at once, for each waits for its divisions.
    """
    excess_ml = excess_cl = before_ml = before_cl = 0.0
    for j in range(LAYERS):
        own_ml = (held + rate_ml * modifier[j]) * THICKNESS[j]
        own_cl = (held + rate_cl * modifier[j]) * THICKNESS[j]
        excess_ml = own_ml + up[j] * excess_ml * before_ml
        excess_cl = own_cl + up[j] * excess_cl * before_cl
        before_ml, before_cl = 1.0 / (excess_ml + down[j]), 1.0 / (excess_cl + down[j])
        inverse[0, j], inverse[1, j] = before_ml, before_cl


@njit(cache=True, error_model="numpy")
def litter_solve(inverse, up, down, out):
    """Solve the systems of `litter_inverses` in place for the three litters, `out` [3, 20]."""
    ml = cl = ll = 0.0
    for j in range(LAYERS):
        out[0, j] += up[j] * ml
        out[1, j] += up[j] * cl
        out[2, j] += up[j] * ll
        ml, cl, ll = out[0, j] * inverse[0, j], out[1, j] * inverse[1, j], out[2, j] * inverse[1, j]
    ml = cl = ll = 0.0
    for j in range(LAYERS - 1, -1, -1):
        ml = (out[0, j] + down[j] * ml) * inverse[0, j]
        cl = (out[1, j] + down[j] * cl) * inverse[1, j]
        ll = (out[2, j] + down[j] * ll) * inverse[1, j]
        out[0, j], out[1, j], out[2, j] = ml, cl, ll


@njit(cache=True, error_model="numpy")
def _litter(model, parameters, inputs, work, carbon):
    """Write the four steady litter pools, g C m-3, into the first rows of `carbon`.

    `inputs` [4] in g C m-2 yr-1. Steady wood passes on what it gets, so the input of every other
    pool is spread as the litter is: one profile for each of the two decay rates, times the input
    of the pool.
    """
    compas = model == COMPAS
    tau_cwd = parameters[TAU_CWD if compas else TAU4CWD]
    rate_ml = 1.0 / parameters[TAU_ML if compas else TAU4L1]
    rate_cl = 1.0 / parameters[TAU_CL_LL if compas else TAU4L2]
    to_cellulose = parameters[A_CL_CWD if compas else FL2CWD]
    soil, modifier, shares = work[SOIL], work[LITTER_MODIFIER], work[SHARES]
    up, down = work[UP], work[DOWN]
    wood, metabolic = inputs[0], inputs[1]
    cellulose = inputs[2] + to_cellulose * wood
    lignin = inputs[3] + (1.0 - to_cellulose) * wood
    # `litter_inverses` and `litter_solve` in one, of both profiles.
    inverse_ml, inverse_cl = work[RATES], work[RATES + 1]
    profile_ml, profile_cl = carbon[1], carbon[2]
    before_ml = before_cl = excess_ml = excess_cl = sum_ml = sum_cl = 0.0
    for j in range(LAYERS):
        excess_ml = rate_ml * modifier[j] * THICKNESS[j] + up[j] * excess_ml * before_ml
        excess_cl = rate_cl * modifier[j] * THICKNESS[j] + up[j] * excess_cl * before_cl
        sum_ml = shares[j] + up[j] * (sum_ml * before_ml)
        sum_cl = shares[j] + up[j] * (sum_cl * before_cl)
        before_ml, before_cl = 1.0 / (excess_ml + down[j]), 1.0 / (excess_cl + down[j])
        inverse_ml[j], inverse_cl[j] = before_ml, before_cl
        profile_ml[j], profile_cl[j] = sum_ml, sum_cl
    below_ml = below_cl = 0.0
    for j in range(LAYERS - 1, -1, -1):
        below_ml = (profile_ml[j] + down[j] * below_ml) * inverse_ml[j]
        below_cl = (profile_cl[j] + down[j] * below_cl) * inverse_cl[j]
        profile_ml[j], profile_cl[j] = below_ml, below_cl
    for j in range(LAYERS):
        carbon[0, j] = wood * tau_cwd * shares[j] / (soil[j] * THICKNESS[j])
        carbon[1, j] *= metabolic
        carbon[3, j] = lignin * carbon[2, j]
        carbon[2, j] *= cellulose


@njit(cache=True, error_model="numpy")
def _finish(feasible, carbon):
    """Return whether a finite steady state exists; without one every pool is written as zero."""
    total = 0.0
    if feasible:
        for pool in range(carbon.shape[0]):
            for j in range(LAYERS):
                total += carbon[pool, j]
    if 0.0 < total < np.inf:
        return True
    for pool in range(carbon.shape[0]):
        for j in range(LAYERS):
            carbon[pool, j] = 0.0
    return False


# --- COMPAS -----------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def compas_steady(parameters, column, switches, work, carbon):
    """Write the steady state of COMPAS, g C m-3, into `carbon` [8, 20]; return if it exists.

    Litter first; then, layer by layer, the one root with living microbes (Tao et al. 2024, Eq. 9;
    Tao et al. 2023, Eq. 7), with u the litter carbon that reaches each pool and U the uptake:
    U = (u_S + u_D + u_M) / (1 - eta), M = (u_M + eta (u_S + u_D)) / ((1 - eta) k xi),
    E = ke M / kE, S = KS xi gain / (loss - gain), D = KD xi U / (vD xi M - U). The
    last one is the printed formula with its numerator and denominator divided by eta. The root
    exists where both differences are positive. A layer that no litter reaches is empty.

    Parameters
    ----------
    parameters : array [23]
        Physical values in the order of `COMPAS_NAMES`.
    column : Column
    switches : int
        `CONSERVATIVE` or `PUBLISHED_TRANSPORT`.
    work : array
        From `new_work`.
    carbon : array [8, 20]
        Written; all zero where there is no steady state (a turnover time of 0, no root, or a
        stock that grows without bound).
    """
    feasible = prepare(COMPAS, parameters, column, switches, work)
    if not feasible:
        return _finish(feasible, carbon)
    _litter(COMPAS, parameters, column.litter, work, carbon)
    soil, litter = work[SOIL], work[LITTER_MODIFIER]
    rate_ml = 1.0 / parameters[TAU_ML]
    rate_cl = 1.0 / parameters[TAU_CL_LL]
    eta = parameters[ETA_DOC]
    direct_ml, direct_cl = parameters[A_DOC_ML], parameters[A_DOC_CL]
    direct_ll, stabilised = parameters[A_SOC_LL], parameters[A_SOC_MIC]
    microbial_ml = (1.0 - direct_ml) * parameters[ETA_ML]
    microbial_cl = (1.0 - direct_cl) * parameters[ETA_CL_LL]
    microbial_ll = (1.0 - direct_ll) * parameters[ETA_CL_LL]
    death = 1.0 / parameters[TAU_MIC]
    production = 1.0 / parameters[TAU_ENZ_PROD]
    enzymes = production * parameters[TAU_ENZ_DECAY]
    assimilation = 1.0 / parameters[TAU_ASSIM]
    decomposition = 1.0 / parameters[TAU_DECOM]
    for j in range(LAYERS):
        xi = soil[j]
        metabolic = rate_ml * litter[j] * carbon[1, j]
        cellulose = rate_cl * litter[j] * carbon[2, j]
        lignin = rate_cl * litter[j] * carbon[3, j]
        to_soil = direct_ll * lignin
        to_doc = direct_ml * metabolic + direct_cl * cellulose
        to_microbes = microbial_ml * metabolic + microbial_cl * cellulose + microbial_ll * lignin
        uptake = (to_soil + to_doc + to_microbes) / (1.0 - eta)
        turnover = to_microbes + eta * uptake
        microbes = turnover / ((death + production) * xi)
        enzyme = enzymes * microbes
        gain = to_soil + stabilised * death * xi * microbes
        short = decomposition * xi * enzyme - gain
        slack = assimilation * xi * microbes - uptake
        if uptake > 0.0:
            feasible = feasible and short > 0.0 and slack > 0.0
            carbon[4, j] = parameters[KM_ASSIM] * xi * uptake / slack
            carbon[5, j] = microbes
            carbon[6, j] = enzyme
            carbon[7, j] = parameters[KM_DECOM] * xi * gain / short
        else:
            carbon[4, j] = 0.0
            carbon[5, j] = 0.0
            carbon[6, j] = 0.0
            carbon[7, j] = 0.0
    return _finish(feasible, carbon)


# --- CLM5 -------------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def soil_inverse(held, parameters, rates, inverse):
    """Write the inverse blocks of the three soil pools of CLM5 into `inverse` [9, 20], yr m-1.

    The system is that of `litter_inverses` with a 3 x 3 block per layer: the pools decay at
    1 / tau times the modifier, exchange carbon, and mix with the same conductances; `rates` from
    `prepare`, `held` in yr-1.
    Of each block P the transfers o between pools and the excess k of each column sum are kept, so
    that P^-1 = adj / det holds products of positive numbers only (matrix-tree theorem). The
    elimination of the layer above adds u d P^-1 to the transfers and u k P^-1 to the excess.
    """
    rate_1 = 1.0 / parameters[TAU4S1]
    rate_2 = 1.0 / parameters[TAU4S2]
    rate_3 = 1.0 / parameters[TAU4S3]
    t12, t32, t13 = parameters[FS1S2], parameters[FS3S2], parameters[FS1S3]
    modifier, up, down = rates[SOIL], rates[UP], rates[DOWN]
    f12 = f13 = f21 = f23 = f31 = f32 = 0.0
    g1 = g2 = g3 = 0.0
    for j in range(LAYERS):
        t21, t31 = rates[TO_SLOW, j], rates[TO_PASSIVE, j]
        volume = modifier[j] * THICKNESS[j]
        kept = held * THICKNESS[j]
        e1, e2, e3 = rate_1 * volume, rate_2 * volume, rate_3 * volume
        o12, o13 = t12 * e2 + up[j] * f12, t13 * e3 + up[j] * f13
        o21, o23 = t21 * e1 + up[j] * f21, up[j] * f23
        o31, o32 = t31 * e1 + up[j] * f31, t32 * e2 + up[j] * f32
        k1 = kept + e1 * (1.0 - (t21 + t31)) + up[j] * g1
        k2 = kept + e2 * (1.0 - (t12 + t32)) + up[j] * g2
        k3 = kept + e3 * (1.0 - t13) + up[j] * g3
        # A common scale keeps the products of three within the range of numbers.
        size = 1.0 / (k1 + k2 + k3 + o12 + o13 + o21 + o23 + o31 + o32 + down[j])
        o12, o13, o21, o23, o31, o32 = (
            o12 * size, o13 * size, o21 * size, o23 * size, o31 * size, o32 * size,
        )  # fmt: skip
        q1, q2, q3 = (k1 + down[j]) * size, (k2 + down[j]) * size, (k3 + down[j]) * size
        leave_1, leave_2, leave_3 = q1 + o21 + o31, q2 + o12 + o32, q3 + o13 + o23
        a11 = (q2 + o12) * leave_3 + o32 * (q3 + o13)
        a22 = (q1 + o21) * leave_3 + o31 * (q3 + o23)
        a33 = (q1 + o31) * leave_2 + o21 * (q2 + o32)
        a12, a13 = o12 * leave_3 + o13 * o32, o13 * leave_2 + o12 * o23
        a21, a23 = o21 * leave_3 + o23 * o31, o23 * leave_1 + o21 * o13
        a31, a32 = o31 * leave_2 + o32 * o21, o32 * leave_1 + o31 * o12
        ratio = size / (q1 * a11 + q2 * a21 + q3 * a31)
        through = down[j] * ratio
        f12, f13, f21 = a12 * through, a13 * through, a21 * through
        f23, f31, f32 = a23 * through, a31 * through, a32 * through
        g1 = (k1 * a11 + k2 * a21 + k3 * a31) * ratio
        g2 = (k1 * a12 + k2 * a22 + k3 * a32) * ratio
        g3 = (k1 * a13 + k2 * a23 + k3 * a33) * ratio
        inverse[0, j], inverse[1, j], inverse[2, j] = a11 * ratio, a12 * ratio, a13 * ratio
        inverse[3, j], inverse[4, j], inverse[5, j] = a21 * ratio, a22 * ratio, a23 * ratio
        inverse[6, j], inverse[7, j], inverse[8, j] = a31 * ratio, a32 * ratio, a33 * ratio


@njit(cache=True, error_model="numpy")
def soil_solve(inverse, up, down, out):
    """Solve the system of `soil_inverse` for the right-hand sides `out` [3, 20], in place."""
    y1 = y2 = y3 = 0.0
    for j in range(LAYERS):
        r1, r2, r3 = out[0, j] + up[j] * y1, out[1, j] + up[j] * y2, out[2, j] + up[j] * y3
        y1 = inverse[0, j] * r1 + inverse[1, j] * r2 + inverse[2, j] * r3
        y2 = inverse[3, j] * r1 + inverse[4, j] * r2 + inverse[5, j] * r3
        y3 = inverse[6, j] * r1 + inverse[7, j] * r2 + inverse[8, j] * r3
        out[0, j], out[1, j], out[2, j] = y1, y2, y3
    y1 = y2 = y3 = 0.0
    for j in range(LAYERS - 1, -1, -1):
        r1, r2, r3 = down[j] * y1, down[j] * y2, down[j] * y3
        y1 = out[0, j] + inverse[0, j] * r1 + inverse[1, j] * r2 + inverse[2, j] * r3
        y2 = out[1, j] + inverse[3, j] * r1 + inverse[4, j] * r2 + inverse[5, j] * r3
        y3 = out[2, j] + inverse[6, j] * r1 + inverse[7, j] * r2 + inverse[8, j] * r3
        out[0, j], out[1, j], out[2, j] = y1, y2, y3


@njit(cache=True, error_model="numpy")
def clm5_steady(parameters, column, switches, work, carbon):
    """Write the steady state of CLM5, g C m-3, into `carbon` [7, 20]; return if it exists.

    (A xi K + V) X = -B I: litter first; then the three soil pools, which exchange carbon within
    a layer and mix between layers (`soil_inverse`).

    Parameters
    ----------
    parameters : array [21]
        Physical values in the order of `CLM5_NAMES`.
    column : Column
    switches : int
        `CONSERVATIVE` or `PUBLISHED_TRANSPORT`, plus `SAND_TRANSFERS`.
    work : array
        From `new_work`.
    carbon : array [7, 20]
        Written; all zero where there is no steady state (a turnover time of 0, or a layer where
        nothing decays and nothing moves).
    """
    feasible = prepare(CLM5, parameters, column, switches, work)
    if not feasible:
        return _finish(feasible, carbon)
    _litter(CLM5, parameters, column.litter, work, carbon)
    rate_ml = 1.0 / parameters[TAU4L1]
    rate_cl = 1.0 / parameters[TAU4L2]
    inverse = work[RATES : RATES + 9]
    soil_inverse(0.0, parameters, work, inverse)
    for j in range(LAYERS):
        volume = work[LITTER_MODIFIER, j] * THICKNESS[j]
        carbon[4, j] = volume * (
            parameters[FS1L1] * rate_ml * carbon[1, j] + parameters[FS1L2] * rate_cl * carbon[2, j]
        )
        carbon[5, j] = volume * parameters[FS2L3] * rate_cl * carbon[3, j]
        carbon[6, j] = 0.0
    soil_solve(inverse, work[UP], work[DOWN], carbon[4:7])
    return _finish(feasible, carbon)


# --- either -----------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def pool_count(model):
    """Return the number of pools of a model."""
    return COMPAS_POOLS if model == COMPAS else CLM5_POOLS


@njit(cache=True, error_model="numpy")
def steady(model, parameters, column, switches, work, carbon):
    """`compas_steady` or `clm5_steady`, for code that serves both models."""
    if model == COMPAS:
        return compas_steady(parameters, column, switches, work, carbon)
    return clm5_steady(parameters, column, switches, work, carbon)


# --- in time ----------------------------------------------------------------------------------

#: A pool this share of the mean density of the column below zero is zero by rounding.
EMPTY = 1e-14

#: Rows of the array that `factorise` fills.
FACTORS = 16


@njit(cache=True, error_model="numpy")
def _mix(up, down, carbon, out):
    """Add the change by mixing with the layers above and below, g C m-3 yr-1, to `out` [20]."""
    for j in range(LAYERS):
        gain = -(up[j] + down[j]) * carbon[j]
        if j > 0:
            gain += up[j] * carbon[j - 1]
        if j < LAYERS - 1:
            gain += down[j] * carbon[j + 1]
        out[j] += gain / THICKNESS[j]


@njit(cache=True, error_model="numpy")
def tendency(model, parameters, rates, carbon, out):
    """Write dX/dt = B I + A xi K X + V X, g C m-3 yr-1, into `out`; its last row is respiration.

    `carbon` and `out` are [9, 20] for COMPAS and [8, 20] for CLM5.
    """
    compas = model == COMPAS
    soil, litter = rates[SOIL], rates[LITTER_MODIFIER]
    rate_cwd = 1.0 / parameters[TAU_CWD if compas else TAU4CWD]
    rate_ml = 1.0 / parameters[TAU_ML if compas else TAU4L1]
    rate_cl = 1.0 / parameters[TAU_CL_LL if compas else TAU4L2]
    to_cellulose = parameters[A_CL_CWD if compas else FL2CWD]
    for j in range(LAYERS):
        wood = rate_cwd * soil[j] * carbon[0, j]
        out[0, j] = rates[0, j] - wood
        out[1, j] = rates[1, j] - rate_ml * litter[j] * carbon[1, j]
        out[2, j] = rates[2, j] + to_cellulose * wood - rate_cl * litter[j] * carbon[2, j]
        out[3, j] = rates[3, j] + (1.0 - to_cellulose) * wood - rate_cl * litter[j] * carbon[3, j]
    for pool in range(1, LITTER):
        _mix(rates[UP], rates[DOWN], carbon[pool], out[pool])
    if compas:
        _compas_soil(parameters, rates, carbon, out)
    else:
        _clm5_soil(parameters, rates, carbon, out)
        for pool in range(LITTER, CLM5_POOLS):
            _mix(rates[UP], rates[DOWN], carbon[pool], out[pool])


@njit(cache=True, error_model="numpy")
def _compas_soil(parameters, rates, carbon, out):
    """Write the change of DOC, microbes, enzymes, mineral carbon, and the respiration."""
    eta, eta_ml, eta_cl = parameters[ETA_DOC], parameters[ETA_ML], parameters[ETA_CL_LL]
    direct_ml, direct_cl = parameters[A_DOC_ML], parameters[A_DOC_CL]
    direct_ll, stabilised = parameters[A_SOC_LL], parameters[A_SOC_MIC]
    for j in range(LAYERS):
        xi = rates[SOIL, j]
        doc, microbes, enzymes, mineral = carbon[4, j], carbon[5, j], carbon[6, j], carbon[7, j]
        metabolic = rates[LITTER_MODIFIER, j] * carbon[1, j] / parameters[TAU_ML]
        cellulose = rates[LITTER_MODIFIER, j] * carbon[2, j] / parameters[TAU_CL_LL]
        lignin = rates[LITTER_MODIFIER, j] * carbon[3, j] / parameters[TAU_CL_LL]
        uptake = xi * microbes * doc / (parameters[TAU_ASSIM] * (parameters[KM_ASSIM] * xi + doc))
        breakdown = (
            xi * enzymes * mineral
            / (parameters[TAU_DECOM] * (parameters[KM_DECOM] * xi + mineral))
        )  # fmt: skip
        death = xi * microbes / parameters[TAU_MIC]
        production = xi * microbes / parameters[TAU_ENZ_PROD]
        decay = xi * enzymes / parameters[TAU_ENZ_DECAY]
        out[4, j] = (
            direct_ml * metabolic + direct_cl * cellulose
            + breakdown + decay + (1.0 - stabilised) * death - uptake
        )  # fmt: skip
        out[5, j] = (
            (1.0 - direct_ml) * eta_ml * metabolic + (1.0 - direct_cl) * eta_cl * cellulose
            + (1.0 - direct_ll) * eta_cl * lignin + eta * uptake - death - production
        )  # fmt: skip
        out[6, j] = production - decay
        out[7, j] = direct_ll * lignin + stabilised * death - breakdown
        out[8, j] = (
            (1.0 - direct_ml) * (1.0 - eta_ml) * metabolic
            + (1.0 - direct_cl) * (1.0 - eta_cl) * cellulose
            + (1.0 - direct_ll) * (1.0 - eta_cl) * lignin + (1.0 - eta) * uptake
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _clm5_soil(parameters, rates, carbon, out):
    """Write the change of fast, slow and passive carbon without mixing, and the respiration."""
    from_ml, from_cl, from_ll = parameters[FS1L1], parameters[FS1L2], parameters[FS2L3]
    t12, t32, t13 = parameters[FS1S2], parameters[FS3S2], parameters[FS1S3]
    for j in range(LAYERS):
        xi, litter = rates[SOIL, j], rates[LITTER_MODIFIER, j]
        metabolic = litter * carbon[1, j] / parameters[TAU4L1]
        cellulose = litter * carbon[2, j] / parameters[TAU4L2]
        lignin = litter * carbon[3, j] / parameters[TAU4L2]
        fast = xi * carbon[4, j] / parameters[TAU4S1]
        slow = xi * carbon[5, j] / parameters[TAU4S2]
        passive = xi * carbon[6, j] / parameters[TAU4S3]
        t21, t31 = rates[TO_SLOW, j], rates[TO_PASSIVE, j]
        out[4, j] = from_ml * metabolic + from_cl * cellulose + t12 * slow + t13 * passive - fast
        out[5, j] = from_ll * lignin + t21 * fast - slow
        out[6, j] = t31 * fast + t32 * slow - passive
        out[7, j] = (
            (1.0 - from_ml) * metabolic + (1.0 - from_cl) * cellulose + (1.0 - from_ll) * lignin
            + (1.0 - t21 - t31) * fast + (1.0 - t12 - t32) * slow + (1.0 - t13) * passive
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def factorise(model, parameters, rates, held, carbon, factors):
    """Prepare `solve` for the matrix held - J, J the Jacobian of `tendency` at `carbon`.

    `held` in yr-1; `factors` [FACTORS, 20] is written. Returns False where a step of this length
    would follow a growing mode too far (COMPAS).
    """
    compas = model == COMPAS
    up, down, litter = rates[UP], rates[DOWN], rates[LITTER_MODIFIER]
    rate_ml = 1.0 / parameters[TAU_ML if compas else TAU4L1]
    rate_cl = 1.0 / parameters[TAU_CL_LL if compas else TAU4L2]
    litter_inverses(held, rate_ml, rate_cl, litter, up, down, factors[:2])
    if compas:
        return _compas_factors(parameters, rates[SOIL], held, carbon, factors)
    soil_inverse(held, parameters, rates, factors[2:11])
    return True


@njit(cache=True, error_model="numpy")
def _compas_factors(parameters, soil, held, carbon, factors):
    """Write the derivatives of the soil fluxes of COMPAS, and the pivot of the microbes."""
    km_assim, km_decom = parameters[KM_ASSIM], parameters[KM_DECOM]
    eta, stabilised = parameters[ETA_DOC], parameters[A_SOC_MIC]
    for j in range(LAYERS):
        xi = soil[j]
        doc, microbes, enzymes, mineral = carbon[4, j], carbon[5, j], carbon[6, j], carbon[7, j]
        half, other_half = km_assim * xi + doc, km_decom * xi + mineral
        uptake_doc = xi * microbes * km_assim * xi / (parameters[TAU_ASSIM] * half * half)
        uptake_mic = xi * doc / (parameters[TAU_ASSIM] * half)
        break_mineral = (
            xi * enzymes * km_decom * xi / (parameters[TAU_DECOM] * other_half * other_half)
        )
        break_enzyme = xi * mineral / (parameters[TAU_DECOM] * other_half)
        death, production = xi / parameters[TAU_MIC], xi / parameters[TAU_ENZ_PROD]
        decay = xi / parameters[TAU_ENZ_DECAY]
        # Enzymes, mineral carbon and DOC for each unit of microbes, with nothing else added.
        enzyme = production / (held + decay)
        stable = (stabilised * death - break_enzyme * enzyme) / (held + break_mineral)
        dissolved = (
            (1.0 - stabilised) * death - uptake_mic
            + (break_enzyme + decay) * enzyme + break_mineral * stable
        ) / (held + uptake_doc)  # fmt: skip
        pivot = held + death + production - eta * (uptake_mic + uptake_doc * dissolved)
        if not pivot > 0.0:
            return False
        factors[2, j], factors[3, j] = uptake_doc, uptake_mic
        factors[4, j], factors[5, j] = break_mineral, break_enzyme
        factors[6, j], factors[7, j], factors[8, j] = enzyme, stable, dissolved
        factors[9, j] = 1.0 / pivot
    return True


@njit(cache=True, error_model="numpy")
def solve(model, parameters, rates, held, factors, out):
    """Solve (held - J) x = `out` in place, with the `factors` of `factorise`."""
    compas = model == COMPAS
    up, down, soil, litter = rates[UP], rates[DOWN], rates[SOIL], rates[LITTER_MODIFIER]
    rate_cwd = 1.0 / parameters[TAU_CWD if compas else TAU4CWD]
    to_cellulose = parameters[A_CL_CWD if compas else FL2CWD]
    for j in range(LAYERS):
        out[0, j] /= held + rate_cwd * soil[j]
        wood = rate_cwd * soil[j] * out[0, j]
        out[1, j] *= THICKNESS[j]
        out[2, j] = (out[2, j] + to_cellulose * wood) * THICKNESS[j]
        out[3, j] = (out[3, j] + (1.0 - to_cellulose) * wood) * THICKNESS[j]
    litter_solve(factors[:2], up, down, out[1:LITTER])
    if compas:
        _compas_solve(parameters, soil, litter, held, factors, out)
        return
    for j in range(LAYERS):
        metabolic = litter[j] * out[1, j] / parameters[TAU4L1]
        cellulose = litter[j] * out[2, j] / parameters[TAU4L2]
        lignin = litter[j] * out[3, j] / parameters[TAU4L2]
        fast = out[4, j] + parameters[FS1L1] * metabolic + parameters[FS1L2] * cellulose
        out[4, j] = fast * THICKNESS[j]
        out[5, j] = (out[5, j] + parameters[FS2L3] * lignin) * THICKNESS[j]
        out[6, j] *= THICKNESS[j]
        out[7, j] += (
            (1.0 - parameters[FS1L1]) * metabolic + (1.0 - parameters[FS1L2]) * cellulose
            + (1.0 - parameters[FS2L3]) * lignin
        )  # fmt: skip
    soil_solve(factors[2:11], up, down, out[4:7])
    for j in range(LAYERS):
        out[7, j] += soil[j] * (
            (1.0 - rates[TO_SLOW, j] - rates[TO_PASSIVE, j]) * out[4, j] / parameters[TAU4S1]
            + (1.0 - parameters[FS1S2] - parameters[FS3S2]) * out[5, j] / parameters[TAU4S2]
            + (1.0 - parameters[FS1S3]) * out[6, j] / parameters[TAU4S3]
        )
        out[7, j] /= held


@njit(cache=True, error_model="numpy")
def _compas_solve(parameters, soil, litter, held, factors, out):
    """Solve the four soil pools of each layer and the respiration; the litter is solved."""
    eta, eta_ml, eta_cl = parameters[ETA_DOC], parameters[ETA_ML], parameters[ETA_CL_LL]
    direct_ml, direct_cl = parameters[A_DOC_ML], parameters[A_DOC_CL]
    direct_ll = parameters[A_SOC_LL]
    for j in range(LAYERS):
        metabolic = litter[j] * out[1, j] / parameters[TAU_ML]
        cellulose = litter[j] * out[2, j] / parameters[TAU_CL_LL]
        lignin = litter[j] * out[3, j] / parameters[TAU_CL_LL]
        uptake_doc, uptake_mic = factors[2, j], factors[3, j]
        break_mineral, break_enzyme = factors[4, j], factors[5, j]
        decay = soil[j] / parameters[TAU_ENZ_DECAY]
        doc = out[4, j] + direct_ml * metabolic + direct_cl * cellulose
        microbes = (
            out[5, j] + (1.0 - direct_ml) * eta_ml * metabolic
            + (1.0 - direct_cl) * eta_cl * cellulose + (1.0 - direct_ll) * eta_cl * lignin
        )  # fmt: skip
        # Without microbes first, then the microbes, then what comes with them.
        enzymes = out[6, j] / (held + decay)
        mineral = (out[7, j] + direct_ll * lignin - break_enzyme * enzymes) / (held + break_mineral)
        doc = (doc + (break_enzyme + decay) * enzymes + break_mineral * mineral) / (
            held + uptake_doc
        )
        microbes = (microbes + eta * uptake_doc * doc) * factors[9, j]
        doc += factors[8, j] * microbes
        out[4, j] = doc
        out[5, j] = microbes
        out[6, j] = enzymes + factors[6, j] * microbes
        out[7, j] = mineral + factors[7, j] * microbes
        out[8, j] = (
            out[8, j]
            + (1.0 - direct_ml) * (1.0 - eta_ml) * metabolic
            + (1.0 - direct_cl) * (1.0 - eta_cl) * cellulose
            + (1.0 - direct_ll) * (1.0 - eta_cl) * lignin
            + (1.0 - eta) * (uptake_doc * doc + uptake_mic * microbes)
        ) / held


@njit(cache=True, error_model="numpy")
def mean_density(state, sinks):
    """Return the carbon of a column over its depth, g C m-3, of `state` [pool x 20]."""
    total = 0.0
    for i in range(state.size - sinks):
        total += abs(state[i]) * THICKNESS[i % LAYERS]
    return total / BOTTOM[LAYERS - 1]


@njit(cache=True, error_model="numpy")
def error_norm(state, result, error, tolerance, sinks):
    """Return the error of a step over what is allowed, dimensionless: 1 is just acceptable.

    A pool in a layer is held to `tolerance` of itself, and to 1e-6 of it of the mean density of
    the column where it is nearly empty.
    """
    floor = 1e-6 * mean_density(state, sinks)
    square = 0.0
    for i in range(state.size):
        size = max(abs(state[i]), abs(result[i])) + floor
        square += (error[i] / (tolerance * size)) ** 2
    return np.sqrt(square / state.size)


@njit(cache=True, error_model="numpy")
def empty_or_reject(state, sinks):
    """Set pools that are negative by rounding to zero; return True if one is negative by more."""
    lowest = -EMPTY * mean_density(state, sinks)
    for i in range(state.size - sinks):
        if not state[i] >= lowest:
            return True
    for i in range(state.size - sinks):
        state[i] = max(state[i], 0.0)
    return False


@njit(cache=True, error_model="numpy")
def _by_pool(state):
    """Return a state as [pool, 20], without copying."""
    return state.reshape((state.size // LAYERS, LAYERS))


@njit(cache=True, error_model="numpy")
def _change(problem, state, out):
    """`tendency`, as `soilnb.kernels.ode` calls it."""
    model, parameters, rates, _ = problem
    tendency(model, parameters, rates, _by_pool(state), _by_pool(out))


@njit(cache=True, error_model="numpy")
def _factorise(problem, held, state):
    """`factorise`, as `soilnb.kernels.ode` calls it."""
    model, parameters, rates, factors = problem
    return factorise(model, parameters, rates, held, _by_pool(state), factors)


@njit(cache=True, error_model="numpy")
def _solve(problem, held, out):
    """`solve`, as `soilnb.kernels.ode` calls it."""
    model, parameters, rates, factors = problem
    solve(model, parameters, rates, held, factors, _by_pool(out))


@njit(cache=True, error_model="numpy")
def _copy(source, target):
    """Copy [pool, 20]; numba takes a second to compile what a slice does."""
    for pool in range(source.shape[0]):
        for j in range(LAYERS):
            target[pool, j] = source[pool, j]


_step = ode.stepper(_change, _factorise, _solve, ode.RODAS)
_run = ode.driver(_step, error_norm, empty_or_reject, ode.RODAS, inside=False)


@njit(cache=True, error_model="numpy", nogil=True)
def transient(model, parameters, rates, initial, times, tolerance, out):
    """Write pools and respired carbon, g C m-3, at `times` (yr, increasing) into `out`.

    `rates` [RATES, 20] from `prepare` and `sources`; `initial` [pool, 20] holds at year 0; `out`
    is [time, pool + 1, 20]. See `soilnb.kernels.ode.driver`; steps land on the output times.
    Returns `CONVERGED` or `NOT_CONVERGED`.
    """
    state = np.zeros((initial.shape[0] + 1) * LAYERS)
    _copy(initial, _by_pool(state))
    problem = (model, parameters, rates, np.zeros((FACTORS, LAYERS)))
    clock, flat = np.array([0.0, 1e-3, 0.0]), out.reshape((times.size, state.size))
    return _run(state, LAYERS, times, clock, 1e-12, tolerance, flat, problem)


@njit(cache=True, error_model="numpy", nogil=True)
def transient_driven(
    model, parameters, columns, switches, initial, stops, which, kept, now, tolerance, out, flux
):
    """`transient` through `columns` of which one follows the other, stacked [segment].

    On the way to each of the `stops` (yr, increasing) column ``which[stop]`` holds; where
    ``kept[stop]`` is k >= 0, the state is output k: pools and respired carbon, g C m-3, in `out`
    [time, pool + 1, 20], and the respiration there under column ``now[k]``, g C m-2 yr-1, in
    `flux` [time]. After a change of the column carbon that turns over within days moves first, so
    the first step is as long as the first one after the change before could have been.
    """
    state = np.zeros((initial.shape[0] + 1) * LAYERS)
    _copy(initial, _by_pool(state))
    size = columns.bedrock.size
    rates = np.zeros((size, RATES, LAYERS))
    for segment in range(size):
        column = at(columns, segment)
        if not prepare(model, parameters, column, switches, rates[segment]):
            return NOT_CONVERGED
        sources(column, rates[segment])
    factors, change = np.zeros((FACTORS, LAYERS)), np.zeros((initial.shape[0] + 1, LAYERS))
    clock, flat = np.array([0.0, 1e-3, 0.0]), np.zeros((1, state.size))
    begin = clock[1]
    for k in range(stops.size):
        fresh = k == 0 or which[k] != which[k - 1]
        if fresh:
            clock[1] = begin
        problem = (model, parameters, rates[which[k]], factors)
        status = _run(state, LAYERS, stops[k : k + 1], clock, 1e-12, tolerance, flat, problem)
        if status != CONVERGED:
            return status
        if fresh and clock[2] > 0.0:
            begin = clock[2]
        if kept[k] >= 0:
            at_output = out[kept[k]]
            _copy(_by_pool(state), at_output)
            flux[kept[k]] = column_respiration(
                model, parameters, rates[now[kept[k]]], at_output[: initial.shape[0]], change
            )
    return CONVERGED


@njit(cache=True, error_model="numpy")
def column_respiration(model, parameters, rates, carbon, change):
    """Return the respiration of a column with the `rates` of `prepare`, g C m-2 yr-1.

    `change` [pool + 1, 20] is scratch.
    """
    if model == COMPAS:
        _compas_soil(parameters, rates, carbon, change)
    else:
        _clm5_soil(parameters, rates, carbon, change)
    total = 0.0
    for j in range(LAYERS):
        total += change[carbon.shape[0], j] * THICKNESS[j]
    return total


@njit(cache=True, error_model="numpy", nogil=True)
def respiration(model, parameters, rates, carbon, out):
    """Write the respiration of `carbon` [time, pool, 20], g C m-2 yr-1, into `out` [time]."""
    change = np.zeros((carbon.shape[1] + 1, LAYERS))
    for k in range(carbon.shape[0]):
        out[k] = column_respiration(model, parameters, rates, carbon[k], change)


# --- many places ------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy", nogil=True)
def compas_steady_states(parameters, columns, which, switches, feasible, flux, rates, carbon):
    """`compas_steady` of many cases, with their respiration.

    `parameters` [case, 23]; `columns` stacked, and `which` [case] says which of them; `feasible`
    [case], `flux` [case] (g C m-2 yr-1), `rates` [case, RATES, 20] of `prepare` and `carbon`
    [case, 8, 20] are written.
    """
    work = np.zeros((WORK, LAYERS))
    change = np.zeros((COMPAS_POOLS + 1, LAYERS))
    for case in range(which.size):
        column = at(columns, which[case])
        feasible[case] = compas_steady(parameters[case], column, switches, work, carbon[case])
        _copy(work[:RATES], rates[case])
        flux[case] = 0.0
        if feasible[case]:
            flux[case] = column_respiration(COMPAS, parameters[case], work, carbon[case], change)


@njit(cache=True, error_model="numpy", nogil=True)
def clm5_steady_states(parameters, columns, which, switches, feasible, flux, rates, carbon):
    """`clm5_steady` of many cases, with their respiration; as its twin above."""
    work = np.zeros((WORK, LAYERS))
    change = np.zeros((CLM5_POOLS + 1, LAYERS))
    for case in range(which.size):
        column = at(columns, which[case])
        feasible[case] = clm5_steady(parameters[case], column, switches, work, carbon[case])
        _copy(work[:RATES], rates[case])
        flux[case] = 0.0
        if feasible[case]:
            flux[case] = column_respiration(CLM5, parameters[case], work, carbon[case], change)


@njit(cache=True, error_model="numpy", nogil=True)
def compas_stable(parameters, rates, carbon, stable):
    r"""Write into `stable` [case] whether a small disturbance of a steady state dies away.

    The soil pools of a layer act on each other alone, and litter is linear, so that it is enough
    to look at the four pools of each layer. With g = eta dU/dD, c = (1-a) k_d - U/M and the
    own losses (u, m, k_E, f) = (dU/dD, k - eta U/M, k_E, dF/dS) of DOC, microbes, enzymes and
    mineral carbon, the characteristic polynomial of their Jacobian is

    .. math:: (\lambda+u)(\lambda+m)(\lambda+k_E)(\lambda+f) - g [c (\lambda+k_E)(\lambda+f)
              + k_e (k_E + F/E)(\lambda+f) + a k_d f (\lambda+k_E) - k_e (F/E) f]

    whose roots have a negative real part where the criterion of Routh and Hurwitz holds. The
    constant term is (1 - eta) k u k_E f, which is above 0. A layer without microbes rests.

    `parameters` [case, 23], `rates` [case, RATES, 20] and `carbon` [case, 8, 20] are those of
    `compas_steady_states`.
    """
    for case in range(len(stable)):
        p = parameters[case]
        stable[case] = True
        for j in range(LAYERS):
            doc, microbes = carbon[case, 4, j], carbon[case, 5, j]
            if microbes != 0.0 and not _rests(
                p, rates[case, SOIL, j], doc, microbes, carbon[case, 6, j], carbon[case, 7, j]
            ):
                stable[case] = False
                break


@njit(cache=True, error_model="numpy", nogil=True)
def _rests(p, xi, doc, microbes, enzymes, mineral):
    """Return whether the criterion of `compas_stable` holds in a layer."""
    half, held = p[KM_ASSIM] * xi, p[KM_DECOM] * xi
    taken = xi * doc / (p[TAU_ASSIM] * (half + doc))  # U / M
    u = xi * microbes * half / (p[TAU_ASSIM] * (half + doc) ** 2)
    broken = xi * mineral / (p[TAU_DECOM] * (held + mineral))  # F / E
    f = xi * enzymes * held / (p[TAU_DECOM] * (held + mineral) ** 2)
    death, production = xi / p[TAU_MIC], xi / p[TAU_ENZ_PROD]
    k_e, k = xi / p[TAU_ENZ_DECAY], death + production
    m, g = k - p[ETA_DOC] * taken, p[ETA_DOC] * u
    c, kept = (1 - p[A_SOC_MIC]) * death - taken, p[A_SOC_MIC] * death
    third = u + m + k_e + f
    second = u * (m + k_e + f) + m * (k_e + f) + k_e * f - g * c
    first = u * m * (k_e + f) + (u + m) * k_e * f
    first -= g * (c * (k_e + f) + production * (k_e + broken) + kept * f)
    constant = (1 - p[ETA_DOC]) * k * u * k_e * f
    return first > 0 and third * second * first > first**2 + third**2 * constant
