r"""A tracer in a column at rest: what age does to the carbon of each layer.

Where the carbon of a layered model rests, a tracer in it (radiocarbon) obeys a linear equation, for
it goes where the carbon goes: of each pool the share leaves that leaves of its carbon,

.. math:: \dot Y = M Y + a(t)\,B I - \lambda Y, \qquad M = A \xi K(X^*) + V .

CLM5 is linear, so M is its own matrix; in COMPAS K is taken at the state of rest X*. A history of
the air that is a sum of exponentials in the time s before sampling,

.. math:: a(t-s)\,e^{-\lambda s} = \sum_i c_i\,e^{-p_i s}, \qquad
          Y = \sum_i c_i\,(p_i - M)^{-1} B I,

takes one solve for each exponential: the litter's tridiagonal systems and the soil's blocks of
`soilnb.kernels.layers`, with p in the place of the inverse time step. With one exponential of rate
0 and weight 1 the tracer is the carbon itself.
"""

from soilnb.kernels import layers
from soilnb.kernels.compiler import njit

#: Rows of the rates of COMPAS at rest, yr-1, that `_compas_rates` writes behind the two rows of
#: `layers.litter_inverses`.
WOOD, METABOLIC, OTHER, UPTAKE, BREAKDOWN, DEATH, PRODUCTION, DECAY = range(2, 10)


@njit(cache=True, error_model="numpy")
def _compas_rates(parameters, rates, carbon, out):
    """Write what leaves each pool of COMPAS over the pool at the steady state `carbon`, yr-1."""
    for j in range(layers.LAYERS):
        xi, litter = rates[layers.SOIL, j], rates[layers.LITTER_MODIFIER, j]
        half = parameters[layers.KM_ASSIM] * xi + carbon[4, j]
        other_half = parameters[layers.KM_DECOM] * xi + carbon[7, j]
        out[WOOD, j] = xi / parameters[layers.TAU_CWD]
        out[METABOLIC, j] = litter / parameters[layers.TAU_ML]
        out[OTHER, j] = litter / parameters[layers.TAU_CL_LL]
        out[UPTAKE, j] = xi * carbon[5, j] / (parameters[layers.TAU_ASSIM] * half)
        out[BREAKDOWN, j] = xi * carbon[6, j] / (parameters[layers.TAU_DECOM] * other_half)
        out[DEATH, j] = xi / parameters[layers.TAU_MIC]
        out[PRODUCTION, j] = xi / parameters[layers.TAU_ENZ_PROD]
        out[DECAY, j] = xi / parameters[layers.TAU_ENZ_DECAY]


@njit(cache=True, error_model="numpy")
def _compas(parameters, rates, held, at_rest, x):
    """Solve (held - M) x = B I for COMPAS; the input stands in the first rows of `x` [8 or 9, 20].

    `held` in yr-1, `at_rest` of `_compas_rates`. A tracer hears neither of the microbes that eat it
    nor of the enzymes that break it down: so the pools of a layer stand in a row, from litter to
    enzymes, minerals, DOC and microbes, but for what dies.
    """
    up, down = rates[layers.UP], rates[layers.DOWN]
    to_cellulose = parameters[layers.A_CL_CWD]
    for j in range(layers.LAYERS):
        x[0, j] /= held + at_rest[WOOD, j]
        wood = at_rest[WOOD, j] * x[0, j]
        x[1, j] *= layers.THICKNESS[j]
        x[2, j] = (x[2, j] + to_cellulose * wood) * layers.THICKNESS[j]
        x[3, j] = (x[3, j] + (1.0 - to_cellulose) * wood) * layers.THICKNESS[j]
    rate_ml, rate_cl = 1.0 / parameters[layers.TAU_ML], 1.0 / parameters[layers.TAU_CL_LL]
    modifier = rates[layers.LITTER_MODIFIER]
    layers.litter_inverses(held, rate_ml, rate_cl, modifier, up, down, at_rest[:2])
    layers.litter_solve(at_rest[:2], up, down, x[1 : layers.LITTER])
    eta, stabilised = parameters[layers.ETA_DOC], parameters[layers.A_SOC_MIC]
    direct_ml, direct_cl = parameters[layers.A_DOC_ML], parameters[layers.A_DOC_CL]
    direct_ll = parameters[layers.A_SOC_LL]
    microbial_ml = (1.0 - direct_ml) * parameters[layers.ETA_ML]
    microbial_cl = (1.0 - direct_cl) * parameters[layers.ETA_CL_LL]
    microbial_ll = (1.0 - direct_ll) * parameters[layers.ETA_CL_LL]
    for j in range(layers.LAYERS):
        ml, cl = at_rest[METABOLIC, j] * x[1, j], at_rest[OTHER, j] * x[2, j]
        ll = at_rest[OTHER, j] * x[3, j]
        death, production, decay = at_rest[DEATH, j], at_rest[PRODUCTION, j], at_rest[DECAY, j]
        uptake, breakdown = at_rest[UPTAKE, j], at_rest[BREAKDOWN, j]
        # Enzymes, minerals and DOC for each unit of microbes; then without any microbes.
        enzyme = production / (held + decay)
        broken = 1.0 / (held + breakdown)
        stable = stabilised * death * broken
        taken = 1.0 / (held + uptake)
        dissolved = ((1.0 - stabilised) * death + decay * enzyme + breakdown * stable) * taken
        mineral = direct_ll * ll * broken
        doc = (direct_ml * ml + direct_cl * cl + breakdown * mineral) * taken
        fed = microbial_ml * ml + microbial_cl * cl + microbial_ll * ll + eta * uptake * doc
        microbes = fed / (held + death + production - eta * uptake * dissolved)
        x[4, j] = doc + dissolved * microbes
        x[5, j] = microbes
        x[6, j] = enzyme * microbes
        x[7, j] = mineral + stable * microbes


@njit(cache=True, error_model="numpy")
def soil_tracer(model, parameters, rates, carbon, poles, weights, factors, state, out):
    """Write the tracer of the soil pools of each layer over their carbon into `out` [20].

    Parameters
    ----------
    rates : array [RATES or more, 20]
        Of `layers.prepare` and `layers.sources`.
    carbon : array [pool, 20]
        The steady state, g C m-3.
    poles, weights : array [n]
        Rates p (yr-1) and weights c of the history of the air.
    factors, state : array [FACTORS, 20], [pool + 1, 20]
        Scratch.
    out : array [20]
        1 where the tracer is that of an air of 1 without decay; 0 in layers without carbon.
    """
    pools, compas = carbon.shape[0], model == layers.COMPAS
    out[:] = 0.0
    if compas:
        _compas_rates(parameters, rates, carbon, factors)
    for i in range(poles.size):
        for j in range(layers.LAYERS):
            for pool in range(layers.LITTER):
                state[pool, j] = rates[pool, j]
            for pool in range(layers.LITTER, pools + 1):
                state[pool, j] = 0.0
        if compas:
            _compas(parameters, rates, poles[i], factors, state)
        else:
            layers.factorise(model, parameters, rates, poles[i], carbon, factors)
            layers.solve(model, parameters, rates, poles[i], factors, state)
        for j in range(layers.LAYERS):
            soil = 0.0
            for pool in range(layers.LITTER, pools):
                soil += state[pool, j]
            out[j] += weights[i] * soil
    for j in range(layers.LAYERS):
        soil = 0.0
        for pool in range(layers.LITTER, pools):
            soil += carbon[pool, j]
        out[j] = out[j] / soil if soil > 0.0 else 0.0
