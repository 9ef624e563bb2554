"""Speed of COMPAS and CLM5, each beside a dense NumPy solve in the same run."""

import time

import numba
import numpy as np
import pytest

from soilnb.kernels import layers
from soilnb.profile import clm5, compas, environment, forcing

RUNS = 2000
CELLS = 45_000
MODELS = {"COMPAS": compas, "CLM5": clm5}
STEADY = {"COMPAS": layers.compas_steady, "CLM5": layers.clm5_steady}
BOTH = pytest.mark.parametrize("model", list(MODELS))


@pytest.fixture(scope="module", autouse=True)
def compiled():
    for model in MODELS.values():
        model.warm_up()


@pytest.fixture
def one_core():
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


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
    column = environment.column(forcing.example("temperate"))
    pools = len(MODELS[model].POOLS)
    return (
        np.array([chosen[name] for name in MODELS[model].NAMES]),
        column,
        layers.new_work(),
        np.empty((pools, layers.LAYERS)),
    )


def dense(model, parameters, column, switches=layers.CONSERVATIVE):
    """The same steady state with the big matrix of the papers: 80 x 80 litter, or 140 x 140."""
    names = dict(zip(MODELS[model].NAMES, parameters, strict=True))
    pools, n = len(MODELS[model].POOLS), layers.LAYERS
    rates = np.zeros((layers.RATES, n))
    code = layers.COMPAS if model == "COMPAS" else layers.CLM5
    layers.prepare(code, parameters, column, switches, rates)
    soil, litter = rates[layers.SOIL], rates[layers.LITTER_MODIFIER]
    up, down = rates[layers.UP], rates[layers.DOWN]
    v = (np.diag(-(up + down)) + np.diag(up[1:], -1) + np.diag(down[:-1], 1)) / layers.THICKNESS[
        :, None
    ]
    shares = MODELS[model].transfers(names)
    tau = ("tau_cwd", "tau_ml", "tau_cl_ll", "tau_cl_ll") if model == "COMPAS" else (
        "tau4cwd", "tau4l1", "tau4l2", "tau4l2", "tau4s1", "tau4s2", "tau4s3",
    )  # fmt: skip
    solved = 4 if model == "COMPAS" else pools
    matrix = np.zeros((solved, n, solved, n))
    layer = np.arange(n)
    for source, name in enumerate(tau):
        rate = (litter if 1 <= source <= 3 else soil) / names[name]
        for to in np.flatnonzero(shares[:solved, source]):
            matrix[to, layer, source, layer] += shares[to, source] * rate
        if source:
            matrix[source, :, source, :] += v
    right = np.zeros((solved, n))
    right[:4] = rates[:4]
    found = np.linalg.solve(matrix.reshape(solved * n, -1), -right.ravel())
    return found.reshape(solved, n)


@BOTH
@pytest.mark.benchmark(group="one steady state")
def test_kernel(benchmark, model, one_core):
    """The mean of `RUNS` runs; a benchmark of one would time the call from Python."""
    loop, arguments = repeated(model), inputs(model)
    assert loop(1, *arguments) == 1
    assert benchmark(loop, RUNS, *arguments) == RUNS
    benchmark.extra_info["microseconds per run"] = benchmark.stats["min"] / RUNS * 1e6


@BOTH
@pytest.mark.benchmark(group="one steady state")
def test_dense_numpy_solve(benchmark, model, one_core):
    parameters, column, work, carbon = inputs(model)
    found = benchmark(dense, model, parameters, column)
    STEADY[model](parameters, column, layers.CONSERVATIVE, work, carbon)
    np.testing.assert_allclose(found, carbon[: len(found)], rtol=1e-10)
    loop = repeated(model)
    loop(1, parameters, column, work, carbon)
    best = min(_seconds(loop, parameters, column, work, carbon) for _ in range(20))
    benchmark.extra_info["times the kernel"] = benchmark.stats["min"] / best


def _seconds(loop, *arguments):
    start = time.perf_counter()
    loop(RUNS, *arguments)
    return (time.perf_counter() - start) / RUNS


@pytest.fixture(scope="module")
def planet():
    rng = np.random.default_rng(45)
    return environment.prepare(
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
    which = np.arange(CELLS)
    benchmark(many, parameters, planet.columns, which, layers.CONSERVATIVE, exists, flux, carbon)
    assert exists.all()


@BOTH
@pytest.mark.benchmark(group="100 years after a warming, yearly output")
def test_transient(benchmark, model):
    place = forcing.example("temperate")
    warm = environment.prepare(place.assign(soil_temperature=place["soil_temperature"] + 3))
    start = MODELS[model].steady_state("tao2024", place)
    benchmark(MODELS[model].simulate, "tao2024", warm, np.arange(101.0), initial=start)


@BOTH
@pytest.mark.benchmark(group="one place with its Dataset, as a slider asks for it")
def test_model_of_one_place(benchmark, model):
    place = environment.prepare(forcing.example("temperate"))
    benchmark(MODELS[model].steady_state, "tao2024", place)
