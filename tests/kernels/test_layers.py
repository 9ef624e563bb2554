"""The kernels of COMPAS and CLM5 against plain references, dense solves, SciPy, and nature."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from soilnb.kernels import layers

COMPAS, CLM5 = layers.COMPAS, layers.CLM5
DZ, NODE, BOTTOM = layers.THICKNESS, layers.NODE, layers.BOTTOM

#: Lower bound of the prior, typical value and upper bound, in the order of the parameters.
PRIORS = {
    COMPAS: [
        (0.01, 0.27, 0.7), (0.4, 0.66, 0.9), (0, 0.16, 0.4), (300, 1800, 3000),
        (0.001, 0.015, 0.03), (0, 1.62e-4, 3e-4), (1e5, 5.65e5, 1e6), (15, 22, 30),
        (0, 0.049, 0.1), (1, 3.5, 6), (0.1, 0.2, 0.3), (0.001, 0.04, 1), (0, 1.1, 2),
        (0, 0.47, 1), (0.5, 0.75, 1), (0, 0.05, 0.1), (0.05, 0.17, 0.3), (0.6, 0.78, 0.95),
        (0, 2.9, 5), (1.2, 2.1, 3), (3e-5, 8e-4, 1.6e-3), (3e-5, 2.6e-4, 5e-4),
        (0.5, 0.93, 0.9999),
    ],
    CLM5: [
        (0, 0.004, 0.05), (0, 0.03, 0.1), (0, 0.2, 0.4), (0.2, 0.5, 0.8), (0.2, 0.5, 0.8),
        (0.1, 0.45, 0.8), (0.1, 0.42, 0.74), (0, 0.45, 0.9), (0.5, 0.76, 1), (1, 5, 50),
        (200, 222.2, 1000), (0, 0.137, 1), (0, 0.054, 0.11), (1, 3.33, 6), (0.1, 0.204, 0.3),
        (0, 1, 5), (1.2, 1.5, 3), (0, 0.5, 1), (3e-5, 5e-4, 1.6e-3), (3e-5, 1e-4, 5e-4),
        (0.5, 0.95, 0.9999),
    ],
}  # fmt: skip
LOW, TYPICAL, HIGH = (
    {model: [row[k] for row in rows] for model, rows in PRIORS.items()} for k in range(3)
)
NAMES = {COMPAS: layers.COMPAS_NAMES, CLM5: layers.CLM5_NAMES}
POOLS = {COMPAS: 8, CLM5: 7}
STEADY = {COMPAS: layers.compas_steady, CLM5: layers.clm5_steady}
MODELS = pytest.mark.parametrize("model", [COMPAS, CLM5], ids=["COMPAS", "CLM5"])
TRANSPORT = pytest.mark.parametrize(
    "switches", [layers.CONSERVATIVE, layers.PUBLISHED_TRANSPORT], ids=["conservative", "published"]
)


def plain_conductance(active, bedrock):
    """Conductance of the lower faces per unit of cryo and of diffus, in loops."""
    face = np.append(BOTTOM, BOTTOM[-1] + 2.39)
    cryo, bio = np.zeros(20), np.zeros(20)
    for month in active:
        d = np.zeros(20)
        for j in range(min(bedrock + 1, 20)):
            if month > 2 or (month > 0 and face[j] < month):
                d[j] = 1.0
            elif month > 0:
                end = min(3.0, face[bedrock])
                d[j] = max(0.0, 1 - (face[j] - month) / (end - month)) if end > month else 0.0
        for j in range(19):
            if d[j] > 0 and d[j + 1] > 0:
                ohm = (BOTTOM[j] - NODE[j]) / d[j] + (NODE[j + 1] - BOTTOM[j]) / d[j + 1]
                (bio if month > 2 else cryo)[j] += 1 / ohm / len(active)
    return cryo, bio


def column(seed=0, bedrock=20, active=(3.0,) * 12, surface=False):
    """A temperate column with seasons and with scalars that vary in all ways."""
    rng = np.random.default_rng(seed)
    months = np.arange(12)[:, np.newaxis]
    wave = np.exp(-NODE / 2.2) * np.sin(2 * np.pi * months / 12 - NODE / 2.2)
    return layers.Column(
        (rng.uniform(-5, 20) + 12 * wave - 25) / 10,
        rng.uniform(0.1, 0.9, (12, 20)), rng.uniform(0.3, 1, (12, 20)),
        rng.uniform(0.4, 1, (12, 20)), np.array(active, float), bedrock,
        rng.uniform(20, 200, 4), np.full(20, 40.0) + np.arange(20), surface,
        *plain_conductance(active, bedrock),
    )  # fmt: skip


def drawn(model, seed):
    """Parameters drawn from the priors."""
    low, high = np.array(LOW[model], float), np.array(HIGH[model], float)
    return low + np.random.default_rng(seed).uniform(size=low.size) * (high - low)


def named(model, parameters):
    return dict(zip(NAMES[model], parameters, strict=True))


def plain_modifiers(model, p, c):
    """Modifiers [20] of soil and litter, as the authors average them."""
    warm, wet = p["q10"] ** c.warmth, np.minimum(1, p["w_scaling"] * c.water)
    if model == COMPAS:
        soil = warm.mean(0) * wet.mean(0) * c.oxygen.mean(0) * np.exp(-NODE / 0.5)
        return soil, soil * c.nitrogen.mean(0)
    deep = np.exp(-NODE / p["efolding"])
    month = warm * wet * c.oxygen
    return month.mean(0) * deep, (month * c.nitrogen).mean(0) * deep


def plain_transport(p, c, switches):
    """The matrix V, yr-1."""
    g = p["diffus"] * c.bioturbation + p["cryo"] * c.cryoturbation
    down = g.copy()
    if switches & layers.PUBLISHED_TRANSPORT and 1 <= c.bedrock <= 18:
        down[c.bedrock] = g[c.bedrock - 1]
    v = np.zeros((20, 20))
    for j in range(20):
        up = g[j - 1] if j > 0 else 0.0
        v[j, j] = -(up + down[j]) / DZ[j]
        if j > 0:
            v[j, j - 1] = up / DZ[j]
        if j < 19:
            v[j, j + 1] = down[j] / DZ[j]
    return v


def plain_shares(p, c):
    if c.surface:
        return np.eye(20)[0]
    f = p["b"] ** (100 * (BOTTOM - DZ)) - p["b"] ** (100 * BOTTOM)
    return f / f.sum()


def plain_tendency(model, p, c, switches, x):
    """dX/dt [pool, 20] and respiration [20] from the equations of the papers, pool by pool."""
    xi, xl = plain_modifiers(model, p, c)
    v, inflow = plain_transport(p, c, switches), plain_shares(p, c) / DZ
    compas = model == COMPAS
    tau_cwd, tau_ml, tau_cl, to_cl = (
        p[name]
        for name in (
            ("tau_cwd", "tau_ml", "tau_cl_ll", "a_cl_cwd")
            if compas
            else ("tau4cwd", "tau4l1", "tau4l2", "fl2cwd")
        )
    )
    f_cwd, f_ml = xi * x[0] / tau_cwd, xl * x[1] / tau_ml
    f_cl, f_ll = xl * x[2] / tau_cl, xl * x[3] / tau_cl
    d = [
        c.litter[0] * inflow - f_cwd,
        c.litter[1] * inflow - f_ml + v @ x[1],
        c.litter[2] * inflow + to_cl * f_cwd - f_cl + v @ x[2],
        c.litter[3] * inflow + (1 - to_cl) * f_cwd - f_ll + v @ x[3],
    ]
    if not compas:
        s1, s2, s3 = xi * x[4] / p["tau4s1"], xi * x[5] / p["tau4s2"], xi * x[6] / p["tau4s3"]
        t21, t31 = p["fs2s1"], p["fs3s1"]
        if switches & layers.SAND_TRANSFERS:
            t21, t31 = 0.146 + 0.0068 * (100 - c.sand), 0.004
        d += [
            p["fs1l1"] * f_ml + p["fs1l2"] * f_cl + p["fs1s2"] * s2 + p["fs1s3"] * s3 - s1
            + v @ x[4],
            p["fs2l3"] * f_ll + t21 * s1 - s2 + v @ x[5],
            t31 * s1 + p["fs3s2"] * s2 - s3 + v @ x[6],
        ]  # fmt: skip
        respired = (
            (1 - p["fs1l1"]) * f_ml + (1 - p["fs1l2"]) * f_cl + (1 - p["fs2l3"]) * f_ll
            + (1 - t21 - t31) * s1 + (1 - p["fs1s2"] - p["fs3s2"]) * s2 + (1 - p["fs1s3"]) * s3
        )  # fmt: skip
        return np.array([*d, respired])
    doc, mic, enz, soc = x[4:8]
    pm, pc, pl = p["a_doc_ml"], p["a_doc_cl"], p["a_soc_ll"]
    em, ec, eta, a = p["eta_ml"], p["eta_cl_ll"], p["eta_doc"], p["a_soc_mic"]
    uptake = xi * mic * doc / p["tau_assim"] / (p["km_assim"] * xi + doc)
    broken = xi * enz * soc / p["tau_decom"] / (p["km_decom"] * xi + soc)
    death, made, lost = xi * mic / p["tau_mic"], xi * mic / p["tau_enz_prod"], xi * enz
    lost = lost / p["tau_enz_decay"]
    grown = (1 - pm) * em * f_ml + (1 - pc) * ec * f_cl + (1 - pl) * ec * f_ll
    d += [
        pm * f_ml + pc * f_cl + broken + lost + (1 - a) * death - uptake,
        grown + eta * uptake - death - made,
        made - lost,
        pl * f_ll + a * death - broken,
    ]
    respired = (1 - pm) * f_ml + (1 - pc) * f_cl + (1 - pl) * f_ll - grown + (1 - eta) * uptake
    return np.array([*d, respired])


def steady(model, parameters, c, switches=layers.CONSERVATIVE):
    carbon = np.full((POOLS[model], 20), np.nan)
    parameters = np.ascontiguousarray(parameters, dtype=float)
    exists = STEADY[model](parameters, c, switches, layers.new_work(), carbon)
    return exists, carbon


def decay(model, p, c, switches, x):
    """Size of the gross fluxes that must balance [pool, 20], to measure a residual with."""
    nothing = plain_tendency(model, p, c, switches, 0 * x)
    gross = np.abs(plain_tendency(model, p, c, switches, x) - nothing)
    each = np.zeros_like(x)
    for pool in range(len(x)):
        alone = 0 * x
        alone[pool] = x[pool]
        if model == COMPAS and pool in (5, 6):
            alone[4], alone[7] = x[4], x[7]
        each = np.maximum(each, np.abs(plain_tendency(model, p, c, switches, alone)[:-1]))
    exchange = x @ np.abs(plain_transport(p, c, switches)).T
    return np.maximum(gross[:-1], np.maximum(each, exchange))


seeds = st.integers(0, 2**32 - 1)
bedrocks = st.integers(0, 20)
years = st.sampled_from([(3.0,) * 12, (0.8,) * 12, (0.0,) * 4 + (0.3,) * 4 + (1.7,) * 4, (0,) * 12])


# --- pieces -----------------------------------------------------------------------------------


@given(q10=st.floats(1.2, 3.0), seed=seeds)
@settings(max_examples=30)
def test_the_modifiers_are_the_authors_means(q10, seed):
    c = column(seed)
    soil, litter = np.empty(20), np.empty(20)
    p = {"q10": q10, "w_scaling": 1.7, "efolding": 0.4}
    layers.compas_modifiers(q10, 1.7, c, layers.new_work(), soil, litter)
    np.testing.assert_allclose([soil, litter], plain_modifiers(COMPAS, p, c), rtol=1e-13)
    layers.clm5_modifiers(q10, 1.7, 0.4, c, soil, litter)
    np.testing.assert_allclose([soil, litter], plain_modifiers(CLM5, p, c), rtol=1e-13)


def test_q10_holds_from_minus_80_to_60_degrees():
    c = column()._replace(warmth=np.linspace(-10.5, 3.5, 240).reshape(12, 20))
    soil, litter = np.empty(20), np.empty(20)
    layers.clm5_modifiers(3.0, 5.0, np.inf, c, soil, litter)
    expected = (3.0**c.warmth * np.minimum(1, 5 * c.water) * c.oxygen).mean(0)
    np.testing.assert_allclose(soil, expected, rtol=1e-13)


@given(b=st.floats(0.5, 0.9999))
@settings(max_examples=30)
def test_input_shares_sum_to_one_and_fall_off_as_roots_do(b):
    shares = np.empty(20)
    layers.input_shares(b, False, shares)
    np.testing.assert_allclose(shares, plain_shares({"b": b}, column()), rtol=1e-9)
    assert shares.sum() == pytest.approx(1.0, rel=1e-14)
    assert (np.diff(shares / DZ) < 0).all()


def test_litter_of_a_place_that_stays_frozen_stays_at_the_surface():
    shares = np.empty(20)
    layers.input_shares(0.9, True, shares)
    assert shares.tolist() == [1.0] + [0.0] * 19


@pytest.mark.parametrize("bedrock", range(21))
def test_transport_moves_carbon_and_makes_none(bedrock):
    c = column(bedrock=bedrock, active=(3.0,) * 8 + (1.2,) * 4)
    up, down = np.empty(20), np.empty(20)
    layers.conductances(1e-4, 5e-4, c, layers.CONSERVATIVE, up, down)
    np.testing.assert_array_equal(up[1:], down[:-1])
    assert up[0] == down[-1] == 0.0
    layers.conductances(1e-4, 5e-4, c, layers.PUBLISHED_TRANSPORT, up, down)
    leaks = np.flatnonzero(up[1:] != down[:-1])
    assert leaks.tolist() == ([bedrock] if 1 <= bedrock <= 18 else [])


@MODELS
def test_the_unit_cube_is_stretched_to_the_priors(model):
    low, high = np.array(LOW[model], float), np.array(HIGH[model], float)
    u, out = np.random.default_rng(3).uniform(size=low.size), np.empty(low.size)
    layers.scale(u, low, high, 0, out)
    np.testing.assert_allclose(out, low + u * (high - low), rtol=1e-15)


def test_the_published_reading_ties_enzymes_to_the_uptake_of_doc():
    low, high = np.array(LOW[COMPAS], float), np.array(HIGH[COMPAS], float)
    u, out = np.full(23, 0.5), np.empty(23)
    u[layers.KM_ASSIM], u[layers.TAU_ENZ_DECAY] = 0.55, 0.9
    layers.scale(u, low, high, layers.TIED_ENZYMES + layers.LOG_ENZYMES, out)
    assert out[layers.TAU_ENZ_DECAY] == pytest.approx(10 ** (3 * 0.55 - 3))
    assert out[layers.KM_ASSIM] == pytest.approx(300 + 2700 * 0.55)
    layers.scale(u, low, high, layers.LOG_ENZYMES, out)
    assert out[layers.TAU_ENZ_DECAY] == pytest.approx(10 ** (3 * 0.9 - 3))
    layers.scale(u, low, high, layers.TIED_ENZYMES, out)
    own = layers.TAU_ENZ_DECAY
    assert out[own] == pytest.approx(low[own] + 0.55 * (high[own] - low[own]))


# --- steady states ----------------------------------------------------------------------------


@MODELS
@given(seed=seeds, bedrock=bedrocks, active=years, switches=st.sampled_from([0, 1]))
@settings(max_examples=60)
def test_nothing_changes_in_a_steady_state(model, seed, bedrock, active, switches):
    c, parameters = column(seed, bedrock, active), drawn(model, seed)
    p = named(model, parameters)
    exists, x = steady(model, parameters, c, switches)
    assume(exists and x.max() < 1e30)
    change = plain_tendency(model, p, c, switches, x)
    assert (np.abs(change[:-1]) <= 1e-11 * decay(model, p, c, switches, x) + 1e-290).all()
    assert (x >= 0).all()


@MODELS
@given(seed=seeds, bedrock=bedrocks, active=years)
@settings(max_examples=40)
def test_what_comes_in_is_respired(model, seed, bedrock, active):
    c, parameters = column(seed, bedrock, active), drawn(model, seed)
    exists, x = steady(model, parameters, c)
    assume(exists)
    out = np.empty(1)
    rates = rates_of(model, parameters, c)
    layers.respiration(model, parameters, rates, x[np.newaxis], out)
    assert out[0] == pytest.approx(c.litter.sum(), rel=1e-10)


def dense(p, c, switches):
    """CLM5 by one 140 x 140 solve, its matrix column by column from the plain equations."""
    start = plain_tendency(CLM5, p, c, switches, np.zeros((7, 20)))[:-1].ravel()
    matrix = np.empty((140, 140))
    for i in range(140):
        one = np.zeros(140)
        one[i] = 1.0
        matrix[:, i] = plain_tendency(CLM5, p, c, switches, one.reshape(7, 20))[:-1].ravel() - start
    return np.linalg.solve(matrix, -start).reshape(7, 20)


@TRANSPORT
@pytest.mark.parametrize("sand", [0, layers.SAND_TRANSFERS], ids=["parameters", "sand"])
@pytest.mark.parametrize("bedrock", [0, 1, 7, 12, 18, 19, 20])
def test_clm5_is_the_dense_solve(switches, sand, bedrock):
    parameters = np.array(TYPICAL[CLM5])
    parameters[layers.CLM5_B], parameters[layers.EFOLDING] = 0.99, 2.0
    c = column(2, bedrock, (3.0,) * 6 + (1.1,) * 3 + (0.0,) * 3)
    exists, x = steady(CLM5, parameters, c, switches + sand)
    assert exists
    expected = dense(named(CLM5, parameters), c, switches + sand)
    np.testing.assert_allclose(x, expected, rtol=1e-10)


@TRANSPORT
@pytest.mark.parametrize("bedrock", [0, 7, 18, 20])
def test_the_litter_of_compas_is_the_dense_solve(switches, bedrock):
    parameters = np.array(TYPICAL[COMPAS])
    c = column(2, bedrock, (3.0,) * 6 + (1.1,) * 6)
    p = named(COMPAS, parameters)
    exists, x = steady(COMPAS, parameters, c, switches)
    assert exists

    def litter(y):
        full = np.zeros((8, 20))
        full[:4] = y.reshape(4, 20)
        return plain_tendency(COMPAS, p, c, switches, full)[:4].ravel()

    start = litter(np.zeros(80))
    matrix = np.column_stack([litter(one) - start for one in np.eye(80)])
    expected = np.linalg.solve(matrix, -start).reshape(4, 20)
    np.testing.assert_allclose(x[:4], expected, rtol=1e-10)


@given(seed=seeds, depth=st.floats(0.012, 0.2), bedrock=bedrocks)
@settings(max_examples=60)
def test_clm5_has_no_negative_pool_however_slowly_its_depth_decays(seed, depth, bedrock):
    parameters = drawn(CLM5, seed)
    parameters[layers.EFOLDING] = depth
    exists, x = steady(CLM5, parameters, column(seed, bedrock))
    assert exists
    assert (x >= 0).all()
    assert np.isfinite(x).all()


@given(seed=seeds, factor=st.floats(0.01, 100))
@settings(max_examples=40)
def test_more_litter_makes_more_microbes_and_no_more_doc_or_msoc(seed, factor):
    c, parameters = column(seed), drawn(COMPAS, seed)
    exists, x = steady(COMPAS, parameters, c)
    assume(exists)
    _, more = steady(COMPAS, parameters, c._replace(litter=factor * c.litter))
    np.testing.assert_allclose(more[[0, 1, 2, 3, 5, 6]], factor * x[[0, 1, 2, 3, 5, 6]], rtol=1e-10)
    np.testing.assert_allclose(more[[4, 7]], x[[4, 7]], rtol=1e-9)


@given(seed=seeds, factor=st.floats(0.2, 1.0))
@settings(max_examples=40)
def test_faster_decay_everywhere_makes_more_doc_and_msoc_and_fewer_microbes(seed, factor):
    """With the same litter flux in each layer: no transport, so that a layer stands for itself."""
    c, parameters = column(seed, active=(0.0,) * 12), drawn(COMPAS, seed)
    exists, x = steady(COMPAS, parameters, c)
    assume(exists)
    _, slow = steady(COMPAS, parameters, c._replace(oxygen=factor * c.oxygen))
    np.testing.assert_allclose(slow[[4, 7]], factor * x[[4, 7]], rtol=1e-9)
    np.testing.assert_allclose(slow[[0, 1, 2, 3, 5, 6]], x[[0, 1, 2, 3, 5, 6]] / factor, rtol=1e-9)


@given(seed=seeds)
@settings(max_examples=40)
def test_uptake_leaves_as_respiration_what_came_in(seed):
    """(1 - eta) U = u_S + u_D + u_M, layer by layer."""
    c, parameters = column(seed), drawn(COMPAS, seed)
    p = named(COMPAS, parameters)
    exists, x = steady(COMPAS, parameters, c)
    assume(exists)
    xi, xl = plain_modifiers(COMPAS, p, c)
    uptake = xi * x[5] * x[4] / p["tau_assim"] / (p["km_assim"] * xi + x[4])
    reach = [
        p["a_doc_ml"] + (1 - p["a_doc_ml"]) * p["eta_ml"],
        p["a_doc_cl"] + (1 - p["a_doc_cl"]) * p["eta_cl_ll"],
        p["a_soc_ll"] + (1 - p["a_soc_ll"]) * p["eta_cl_ll"],
    ]
    tau = [p["tau_ml"], p["tau_cl_ll"], p["tau_cl_ll"]]
    came = sum(r * xl * x[i + 1] / t for i, (r, t) in enumerate(zip(reach, tau, strict=True)))
    np.testing.assert_allclose((1 - p["eta_doc"]) * uptake, came, rtol=1e-10)


@given(seed=seeds, step=st.floats(1e-4, 0.02))
@settings(max_examples=60)
def test_a_higher_cue_of_doc_means_less_doc_and_less_msoc(seed, step):
    c, parameters = column(seed), drawn(COMPAS, seed)
    exists, x = steady(COMPAS, parameters, c)
    parameters[layers.ETA_DOC] = min(0.7, parameters[layers.ETA_DOC] + step)
    still, y = steady(COMPAS, parameters, c)
    assume(exists and still)
    assert (y[4] < x[4]).all()
    assert (y[7] < x[7]).all()
    assert (y[5] > x[5]).all()


@given(seed=seeds, factor=st.floats(0.01, 100))
@settings(max_examples=20)
def test_clm5_is_proportional_to_its_litter(seed, factor):
    c, parameters = column(seed), drawn(CLM5, seed)
    _, x = steady(CLM5, parameters, c)
    _, more = steady(CLM5, parameters, c._replace(litter=factor * c.litter))
    np.testing.assert_allclose(more, factor * x, rtol=1e-12)


def printed_soil(p, xi, u_doc, u_mic, u_soc):
    """Tao et al. 2023, Eq. 7, with the total rate k_MIC and the shares a of it."""
    k = 1 / p["tau_mic"] + 1 / p["tau_enz_prod"]
    a_enz, a_soc = 1 / p["tau_enz_prod"] / k, p["a_soc_mic"] / p["tau_mic"] / k
    eta, v_assim, v_decom = p["eta_doc"], 1 / p["tau_assim"], 1 / p["tau_decom"]
    mic = (u_mic + eta * (u_soc + u_doc)) / ((1 - eta) * k * xi)
    enz = a_enz * k * mic * p["tau_enz_decay"]
    soc = (u_soc + a_soc * k * xi * mic) * p["km_decom"] * xi
    soc = soc / (v_decom * xi * enz - a_soc * k * xi * mic - u_soc)
    doc = k * xi * p["km_assim"] * xi * mic - u_mic * p["km_assim"] * xi
    return doc / ((eta * v_assim - k) * xi * mic + u_mic), mic, enz, soc


@given(seed=seeds)
@settings(max_examples=40)
def test_the_soil_of_compas_is_the_printed_steady_state(seed):
    c, parameters = column(seed), drawn(COMPAS, seed)
    p = named(COMPAS, parameters)
    exists, x = steady(COMPAS, parameters, c)
    assume(exists)
    xi, xl = plain_modifiers(COMPAS, p, c)
    f_ml, f_cl, f_ll = (
        xl * x[i] / p[t] for i, t in ((1, "tau_ml"), (2, "tau_cl_ll"), (3, "tau_cl_ll"))
    )
    pm, pc, pl = p["a_doc_ml"], p["a_doc_cl"], p["a_soc_ll"]
    expected = printed_soil(
        p, xi, pm * f_ml + pc * f_cl,
        (1 - pm) * p["eta_ml"] * f_ml + (1 - pc) * p["eta_cl_ll"] * f_cl
        + (1 - pl) * p["eta_cl_ll"] * f_ll, pl * f_ll,
    )  # fmt: skip
    np.testing.assert_allclose(x[4:], expected, rtol=1e-8)


# --- no steady state --------------------------------------------------------------------------


@MODELS
def test_a_turnover_time_of_zero_has_no_steady_state(model):
    for name in (n for n in NAMES[model] if n.startswith("tau")):
        parameters = np.array(TYPICAL[model])
        parameters[NAMES[model].index(name)] = 0.0
        exists, x = steady(model, parameters, column())
        assert not exists, name
        assert (x == 0).all()


@MODELS
@pytest.mark.parametrize("change", [{"w_scaling": 0.0}, {"no litter": 0.0}])
def test_without_water_or_litter_there_is_no_steady_state(model, change):
    parameters, c = np.array(TYPICAL[model]), column()
    if "w_scaling" in change:
        parameters[NAMES[model].index("w_scaling")] = 0.0
    else:
        c = c._replace(litter=np.zeros(4))
    exists, x = steady(model, parameters, c)
    assert not exists
    assert (x == 0).all()


def test_too_few_enzymes_or_microbes_have_no_steady_state():
    for name, value in (("tau_enz_decay", 1e-3), ("tau_assim", 3.0)):
        parameters = np.array(TYPICAL[COMPAS])
        parameters[NAMES[COMPAS].index(name)] = value
        parameters[layers.TAU_DECOM] = 3e-4
        exists, x = steady(COMPAS, parameters, column())
        assert not exists
        assert (x == 0).all()


def test_a_layer_that_no_litter_reaches_is_empty():
    c = column(active=(0.0,) * 12, surface=True)
    exists, x = steady(COMPAS, TYPICAL[COMPAS], c)
    assert exists
    assert (x[:, 0] > 0).all()
    assert (x[:, 1:] == 0).all()


def test_a_folding_depth_of_zero_leaves_the_depth_undecayed():
    parameters = np.array(TYPICAL[CLM5])
    parameters[layers.EFOLDING] = 0.0
    exists, x = steady(CLM5, parameters, column())
    assert not exists
    assert (x == 0).all()


# --- in time ----------------------------------------------------------------------------------


def rates_of(model, parameters, c, switches=0):
    rates = np.zeros((layers.RATES, 20))
    assert layers.prepare(model, parameters, c, switches, rates)
    layers.sources(c, rates)
    return rates


def transient(model, parameters, c, switches, initial, times, tolerance, out):
    rates = rates_of(model, parameters, c, switches)
    return layers.transient(model, parameters, rates, initial, times, tolerance, out)


def some_state(model, seed):
    """Carbon with the respired carbon behind it, of the order of a steady state, but none."""
    _, x = steady(model, np.array(TYPICAL[model]), column(seed))
    x = np.minimum(x, 1e6) * np.random.default_rng(seed).uniform(0.3, 3, x.shape)
    return np.vstack([x, np.zeros(20)])


@MODELS
@TRANSPORT
@given(seed=seeds, bedrock=bedrocks, sand=st.booleans())
@settings(max_examples=25)
def test_the_tendency_is_that_of_the_papers(model, switches, seed, bedrock, sand):
    switches += layers.SAND_TRANSFERS * sand
    c, parameters = column(seed, bedrock), drawn(model, seed)
    x = some_state(model, seed)
    out = np.empty_like(x)
    layers.tendency(model, parameters, rates_of(model, parameters, c, switches), x, out)
    p = named(model, parameters)
    expected = plain_tendency(model, p, c, switches, x[:-1])
    size = np.vstack([decay(model, p, c, switches, x[:-1]), np.abs(expected[-1:])])
    assert (np.abs(out - expected) <= 1e-11 * size.max(axis=0)).all()


@MODELS
@given(seed=seeds, held=st.floats(0.01, 1e4))
@settings(max_examples=25)
def test_the_linear_system_of_a_step_is_solved(model, seed, held):
    """(held - J) x = r, with J from complex steps through the plain equations."""
    c, parameters = column(seed), np.array(TYPICAL[model])
    p, state = named(model, parameters), some_state(model, seed)
    rates, factors = rates_of(model, parameters, c), np.zeros((layers.FACTORS, 20))
    if not layers.factorise(model, parameters, rates, held, state, factors):
        assume(False)
    right = np.random.default_rng(seed).normal(size=state.shape)
    x = right.copy()
    layers.solve(model, parameters, rates, held, factors, x)
    moved = plain_tendency(model, p, c, 0, state[:-1] + 1e-30j * x[:-1]).imag / 1e-30
    np.testing.assert_allclose(
        held * x - moved, right, rtol=1e-8, atol=1e-9 * (np.abs(held * x).max() + 1)
    )


def test_a_step_is_as_exact_in_a_column_with_a_millionth_of_the_carbon():
    """What a step may err by is relative to the carbon that is there, empty layers included."""
    rng = np.random.default_rng(4)
    before, after, error = rng.uniform(0.5, 2, (3, 7 * 20 + 1))
    before[40:60] = after[40:60] = 0.0
    whole = layers.error_norm(before, after, error, 1e-6, 1)
    for share in (1e-6, 1e6):
        part = layers.error_norm(share * before, share * after, share * error, 1e-6, 1)
        assert part == pytest.approx(whole, rel=1e-12)


@MODELS
@TRANSPORT
def test_a_run_in_time_agrees_with_scipy(model, switches):
    c, parameters = column(4, 12), np.array(TYPICAL[model])
    p, start = named(model, parameters), some_state(model, 4)
    times = np.array([0.0, 0.01, 0.5, 5.0])
    shape = start.shape
    expected = solve_ivp(
        lambda t, y: plain_tendency(model, p, c, switches, y.reshape(shape)[:-1]).ravel(),
        (0, times[-1]), start.ravel(), method="LSODA", t_eval=times, rtol=1e-8, atol=1e-8,
    ).y.T.reshape(len(times), *shape)  # fmt: skip
    out = np.empty((len(times), *shape))
    assert (
        transient(model, parameters, c, switches, start[:-1], times, 1e-8, out) == layers.CONVERGED
    )
    np.testing.assert_allclose(out, expected, rtol=2e-6, atol=1e-5)


@MODELS
@given(seed=seeds, bedrock=bedrocks, active=years)
@settings(max_examples=15)
def test_pools_stay_positive_and_the_ledger_closes(model, seed, bedrock, active):
    c, parameters = column(seed, bedrock, active), drawn(model, seed)
    start = some_state(model, seed)[:-1]
    times = np.array([0.5, 10.0, 100.0])
    out = np.empty((3, len(start) + 1, 20))
    assert transient(model, parameters, c, 0, start, times, 1e-5, out) == layers.CONVERGED
    assert (out[:, :-1] >= 0).all()
    total = out.sum(axis=1) @ DZ
    expected = start.sum(axis=0) @ DZ + c.litter.sum() * times
    np.testing.assert_allclose(total, expected, rtol=1e-10)


@MODELS
def test_a_steady_state_stays_and_all_that_is_off_returns_to_it(model):
    c, parameters = column(5), np.array(TYPICAL[model])
    _, x = steady(model, parameters, c)
    times = np.array([1000.0, 1e14])
    out = np.empty((2, len(x) + 1, 20))
    transient(model, parameters, c, 0, x, times, 1e-7, out)
    np.testing.assert_allclose(out[0, :-1], x, rtol=1e-9)
    transient(model, parameters, c, 0, 0.8 * x, times, 1e-7, out)
    np.testing.assert_allclose(out[1, :-1], x, rtol=1e-7)


def stacked(columns):
    parts = [np.array(values) for values in zip(*columns, strict=True)]
    return layers.Column(*parts)


@MODELS
def test_many_columns_at_once_are_each_column_alone(model):
    columns = [column(seed, 20 - seed) for seed in range(5)]
    which = np.array([0, 1, 2, 3, 4, 4, 0, 2, 1, 1])
    parameters = np.array([drawn(model, 50 + i) for i in range(10)])
    carbon, exists = np.empty((10, POOLS[model], 20)), np.empty(10, bool)
    many = layers.compas_steady_states if model == COMPAS else layers.clm5_steady_states
    first, rates = np.empty(10), np.empty((10, layers.RATES, 20))
    many(parameters, stacked(columns), which, 0, exists, first, rates, carbon)
    assert exists.any()
    for i in range(10):
        one = columns[which[i]]
        alone, x = steady(model, parameters[i], one)
        assert exists[i] == alone
        np.testing.assert_array_equal(carbon[i], x)
        if alone:
            assert first[i] == pytest.approx(one.litter.sum(), rel=1e-10)
        else:
            assert first[i] == 0.0


SCRIPT = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import numpy as np
from test_layers import *
answer = []
for model in (COMPAS, CLM5):
    c, parameters = column(4, 12), np.array(TYPICAL[model])
    exists, x = steady(model, parameters, c, 1)
    out = np.empty((1, len(x) + 1, 20))
    transient(model, parameters, c, 1, 0.7 * x, np.array([0.2]), 1e-2, out)
    answer.append([bool(exists), x.tolist(), out.tolist()])
print(json.dumps(answer))
"""


def test_the_kernels_say_the_same_with_the_compiler_off():
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps([os.path.dirname(__file__)])],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    for model, (exists, x, series) in zip((COMPAS, CLM5), json.loads(found.stdout), strict=True):
        c, parameters = column(4, 12), np.array(TYPICAL[model])
        compiled, y = steady(model, parameters, c, 1)
        assert exists
        assert compiled
        np.testing.assert_allclose(x, y, rtol=1e-12)
        out = np.empty((1, len(y) + 1, 20))
        transient(model, parameters, c, 1, 0.7 * y, np.array([0.2]), 1e-2, out)
        np.testing.assert_allclose(series, out, rtol=1e-9, atol=1e-9)


TIMES = [
    (possible, model, at)
    for possible, model, names in (
        (layers._compas_possible, COMPAS, layers.COMPAS_NAMES),
        (layers._clm5_possible, CLM5, layers.CLM5_NAMES),
    )
    for at, name in enumerate(names)
    if name.startswith("tau")
]


@pytest.mark.parametrize(("possible", "model", "at"), TIMES)
def test_a_turnover_time_may_be_short_but_not_zero(possible, model, at):
    parameters = np.array(TYPICAL[model], float)
    for time, expected in ((1e-6, True), (0.0, False), (-1.0, False), (np.nan, False)):
        parameters[at] = time
        assert possible(parameters) is expected
