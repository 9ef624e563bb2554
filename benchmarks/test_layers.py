"""Speed of COMPAS and CLM5, each beside a dense NumPy solve in the same run."""

import time

import numba
import numpy as np
import pytest
import xarray as xr
from threadpoolctl import threadpool_limits

from soilnb.kernels import layers
from soilnb.profile import clm5, compas, forcing
from soilnb.profile.forcing import kernel_forcing

RUNS = 2000
CELLS = 45_000
MODELS = {"COMPAS": compas, "CLM5": clm5}
STEADY = {"COMPAS": layers.compas_steady, "CLM5": layers.clm5_steady}
BOTH = pytest.mark.parametrize("model", list(MODELS))


@pytest.fixture(scope="module", autouse=True)
def compiled():
    for model in MODELS.values():
        model.MODEL.warm_up()


def repeated(model):
    """A compiled loop of runs that differ a little in Q10, as a chain calls the kernel."""
    steady, q10 = STEADY[model], MODELS[model].NAMES.index("q10")

    @numba.njit(error_model="numpy")
    def loop(runs, parameters, column, work, carbon):
        exists = 0
        for _ in range(runs):
            parameters[q10] += 1e-9
            exists += steady(parameters, column, layers.CONSERVATIVE, work, carbon)
        return exists

    return loop


def inputs(model):
    chosen = MODELS[model].PARAMETER_SETS["tao2024"]
    column = kernel_forcing.column(forcing.example("temperate"))
    pools = len(MODELS[model].POOLS)
    return (
        np.array([chosen[name] for name in MODELS[model].NAMES]),
        column,
        layers.new_work(),
        np.empty((pools, layers.LAYERS)),
    )


def literal(model, parameters, column, carbon):
    """A, B, xi, K and V of the papers' equation as NumPy arrays of all pools and layers.

    K of COMPAS at the state `carbon`: its steady state, which an honest run would have to find.
    """
    chosen, n = MODELS[model], layers.LAYERS
    p = dict(zip(chosen.NAMES, parameters.tolist(), strict=True))
    pools = len(chosen.POOLS)
    warm = p["q10"] ** column.warmth
    wet = np.minimum(1.0, p["w_scaling"] * column.water)
    if model == "COMPAS":
        soil = warm.mean(0) * wet.mean(0) * column.oxygen.mean(0) * np.exp(-layers.NODE / 0.5)
        litter = soil * column.nitrogen.mean(0)
    else:
        month = warm * wet * column.oxygen
        deep = np.exp(-layers.NODE / p["efolding"])
        soil, litter = month.mean(0) * deep, (month * column.nitrogen).mean(0) * deep
    xi = np.tile(soil, (pools, 1))
    xi[1:4] = litter
    down = p["diffus"] * column.bioturbation + p["cryo"] * column.cryoturbation
    up = np.append(0.0, down[:-1])
    v = np.diag(-(up + down)) + np.diag(up[1:], -1) + np.diag(down[:-1], 1)
    v /= layers.THICKNESS[:, np.newaxis]
    moves = 4 if model == "COMPAS" else pools
    big_v = np.zeros((pools * n, pools * n))
    for pool in range(1, moves):
        big_v[pool * n : (pool + 1) * n, pool * n : (pool + 1) * n] = v
    root = p["b"] ** (100 * np.append(0.0, layers.BOTTOM))
    shares = (root[:-1] - root[1:]) / (root[0] - root[-1]) / layers.THICKNESS
    source = np.zeros((pools, n))
    source[:4] = column.litter[:, np.newaxis] * shares
    k = chosen._rates(p, xi, carbon)
    a = np.kron(chosen.transfers(p), np.eye(n))
    return a, source.ravel(), np.diag(xi.ravel()), np.diag(k.ravel()), big_v


def dense(model, parameters, column, carbon):
    """X = -(A xi K + V)^-1 B I as it is printed: 160 x 160 (COMPAS) or 140 x 140 (CLM5)."""
    a, source, xi, k, v = literal(model, parameters, column, carbon)
    return np.linalg.solve(a @ xi @ k + v, -source).reshape(carbon.shape)


@BOTH
@pytest.mark.benchmark(group="layers: one steady state")
def test_kernel(benchmark, model):
    """`RUNS` runs in a compiled loop; a benchmark of one would time the call from Python."""
    loop, arguments = repeated(model), inputs(model)
    assert loop(1, *arguments) == 1
    assert benchmark(loop, RUNS, *arguments) == RUNS
    benchmark.extra_info["units"] = RUNS


@BOTH
@pytest.mark.peer("LAPACK, dense", of="test_kernel")
@pytest.mark.benchmark(group="layers: one steady state")
def test_dense_numpy_solve(benchmark, model):
    """On one thread, like the kernel; also LAPACK's solve alone, with the matrix given."""
    parameters, column, work, carbon = inputs(model)
    STEADY[model](parameters, column, layers.CONSERVATIVE, work, carbon)
    with threadpool_limits(1):
        found = benchmark(dense, model, parameters, column, carbon)
        a, source, xi, k, v = literal(model, parameters, column, carbon)
        matrix = a @ xi @ k + v
        alone = min(_seconds(np.linalg.solve, matrix, source) for _ in range(200))
    np.testing.assert_allclose(found, carbon, rtol=1e-10)
    loop = repeated(model)
    loop(1, parameters, column, work, carbon)
    best = min(_seconds(loop, RUNS, parameters, column, work, carbon) for _ in range(50)) / RUNS
    benchmark.extra_info["times the kernel"] = benchmark.stats["min"] / best
    benchmark.extra_info["solve alone, times the kernel"] = alone / best


def _seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


@pytest.fixture(scope="module")
def planet():
    rng = np.random.default_rng(45)
    return kernel_forcing.prepare(
        forcing.from_climate(
            mat=rng.uniform(-12, 28, CELLS), map=rng.uniform(150, 2500, CELLS),
            latitude=rng.uniform(-50, 70, CELLS),
        )
    )  # fmt: skip


@BOTH
@pytest.mark.benchmark(group="steady state of 45,000 cells")
def test_model_on_a_planet_with_its_dataset(benchmark, model, planet):
    steady = benchmark(MODELS[model].steady_state, "tao2024", planet)
    assert steady["feasible"].all()


@BOTH
@pytest.mark.benchmark(group="steady state of 45,000 cells")
def test_kernel_on_a_planet(benchmark, model, planet):
    many = layers.compas_steady_states if model == "COMPAS" else layers.clm5_steady_states
    parameters = np.tile(inputs(model)[0], (CELLS, 1))
    exists, flux = np.empty(CELLS, bool), np.empty(CELLS)
    carbon = np.empty((CELLS, len(MODELS[model].POOLS), layers.LAYERS))
    rates = np.empty((CELLS, layers.RATES, layers.LAYERS))
    which = np.arange(CELLS)
    benchmark(
        many, parameters, planet.columns, which, layers.CONSERVATIVE, exists, flux, rates, carbon
    )
    assert exists.all()


@BOTH
@pytest.mark.benchmark(group="100 years after a warming, yearly output")
def test_transient(benchmark, model):
    place = forcing.example("temperate")
    warm = kernel_forcing.prepare(place.assign(soil_temperature=place["soil_temperature"] + 3))
    start = MODELS[model].steady_state("tao2024", place)
    benchmark(MODELS[model].simulate, "tao2024", warm, np.arange(101.0), initial=start)


def months(years):
    """The months of a place, one after the other, warmer by 4 K at the end, with more litter."""
    place, times = forcing.example("temperate"), np.arange(12 * years) / 12
    month, grow = np.arange(12 * years) % 12, times / years
    warm = place["soil_temperature"].values[month] + 4 * grow[:, np.newaxis]
    by_layer, litter = ("time", "layer"), float(place["litter_input"].sum()) * (1 + 0.2 * grow)
    variables = {
        "soil_temperature": (by_layer, warm), "litter_input": ("time", litter),
        "water_scalar": (by_layer, place["water_scalar"].values[month]),
    }  # fmt: skip
    return place, xr.Dataset(variables, {"time": times})


@BOTH
@pytest.mark.benchmark(group="100 years of monthly forcing")
def test_seasons(benchmark, model):
    place, series = months(100)
    start = MODELS[model].steady_state("tao2024", place)
    run = benchmark(
        MODELS[model].simulate, "tao2024", place, np.arange(101.0), initial=start, drivers=series
    )
    assert run.sizes["time"] == 101
    benchmark.extra_info["units"] = 100


@BOTH
@pytest.mark.peer("a call of simulate a month", of="test_seasons")
@pytest.mark.benchmark(group="100 years of monthly forcing")
def test_a_call_a_month(benchmark, model):
    """What a user did before: one forcing, one run, one state handed on, month by month."""
    place, series = months(2)
    start = MODELS[model].steady_state("tao2024", place)["carbon"]

    def through():
        carbon = start
        for at in range(series.sizes["time"]):
            now = series.isel(time=at)
            split = place["litter_input"] / place["litter_input"].sum()
            there = place.assign(
                soil_temperature=now["soil_temperature"].expand_dims(month=place["month"]),
                water_scalar=now["water_scalar"].expand_dims(month=place["month"]),
                litter_input=split * now["litter_input"],
            ).drop_vars("time")
            run = MODELS[model].simulate("tao2024", there, [1 / 12], initial=carbon)
            carbon = run["carbon"].isel(time=0, drop=True)
        return carbon

    assert (benchmark(through) >= 0).all()
    benchmark.extra_info["units"] = 2


@BOTH
@pytest.mark.benchmark(group="one place with its Dataset, as a slider asks for it")
def test_model_of_one_place(benchmark, model):
    place = kernel_forcing.prepare(forcing.example("temperate"))
    benchmark(MODELS[model].steady_state, "tao2024", place)
