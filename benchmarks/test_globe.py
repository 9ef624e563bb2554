"""Speed of a 0.5-degree map of COMPAS and CLM5, each beside the dense solves of the papers."""

import time

import numba
import numpy as np
import pytest

from soilnb.proda import globe, sensitivity
from soilnb.proda.globe import runs
from soilnb.profile import clm5, compas

MODELS = {"compas": compas, "clm5": clm5}
BOTH = pytest.mark.parametrize("model", list(MODELS))

#: Cells of the papers' maps.
CELLS = 45_228

#: Cells that the dense solves are timed on.
FEW = 100


@pytest.fixture(scope="module")
def planet():
    cells = globe.planet("teaching", resolution=0.5)
    return cells.isel(site=np.linspace(0, cells.sizes["site"] - 1, CELLS).astype(int))


@pytest.fixture(scope="module")
def cells(planet):
    return globe.prepare(planet)


def predicted(model, size, seed=1):
    """Parameters that differ from cell to cell, as a network predicts them."""
    rng = np.random.default_rng(seed)
    records = MODELS[model].PARAMETER_SETS["tao2024"].records
    found = {}
    for name, record in records.items():
        low, high = record.bounds
        values = record.value + 0.03 * (high - low) * rng.standard_normal(size)
        found[name] = np.clip(values, low + 0.01 * (high - low), high - 0.01 * (high - low))
    return found


def seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


@BOTH
@pytest.mark.benchmark(group="a cell of a map of 45,228, all components")
def test_map(benchmark, model, cells):
    parameters = predicted(model, CELLS)
    globe.maps(parameters, cells, model, progress=False)
    found = benchmark(globe.maps, parameters, cells, model, progress=False)
    assert found.sizes["site"] == CELLS
    benchmark.extra_info["units"] = CELLS


@BOTH
@pytest.mark.benchmark(group="map of 45,228 cells, by threads", min_rounds=1)
def test_threads(benchmark, model, cells):
    """What a second core brings, and the share of the work that no thread can take over."""
    parameters, most = predicted(model, CELLS), numba.get_num_threads()
    best = {}
    for threads in sorted({1, min(2, most)}):
        numba.set_num_threads(threads)
        best[threads] = min(
            seconds(lambda: globe.maps(parameters, cells, model, progress=False)) for _ in range(3)
        )
    own, all_threads = time.thread_time(), time.process_time()
    benchmark.pedantic(globe.maps, (parameters, cells, model), {"progress": False}, rounds=1)
    own, all_threads = time.thread_time() - own, time.process_time() - all_threads
    numba.set_num_threads(most)
    benchmark.extra_info["speed-up of two threads"] = best[1] / best[max(best)]
    benchmark.extra_info["share of CPU time outside of the threads"] = own / all_threads


@BOTH
@pytest.mark.peer("LAPACK, dense, 100 cells")
@pytest.mark.benchmark(group="a cell of a map of 45,228, all components")
def test_dense_solves(benchmark, model, cells):
    columns, _ = cells.part(slice(0, FEW))
    parameters = predicted(model, CELLS)
    values = np.array(list(parameters.values())).T[:FEW]
    stock = benchmark(dense, model, values, columns)
    benchmark.extra_info["units"] = FEW
    part = {name: array[:FEW] for name, array in parameters.items()}
    few = runs.Prepared(cells.cells.isel(site=slice(0, FEW)), runs.Columns(columns, "site", {}, {}))
    found = globe.maps(part, few, model, progress=False)["stock"].sel(to_depth=1.0)
    use = np.isfinite(found.values)
    np.testing.assert_allclose(stock[use], found.values[use], rtol=1e-8)


def dense(model, values, columns):
    """Stock to 1 m of each cell by the big matrix of the papers, in kg C m-2."""
    from soilnb.profile import grid, layered
    from soilnb.profile.forcing import kernel_forcing

    structure = MODELS[model].MODEL
    found = np.empty(len(values))
    for i, parameters in enumerate(values):
        place = kernel_forcing.Columns(
            runs.kernel.Column(*(np.asarray(f)[i : i + 1] for f in columns))
        )
        given = dict(zip(structure.names, parameters, strict=True))
        solved = MODELS[model].dense_solve(given, place)
        soil = solved.values[layered.kernel.LITTER :].sum(axis=0)
        found[i] = soil @ grid.overlap(0.0, 1.0) / 1000.0
    return found


@pytest.mark.benchmark(group="an ensemble of ten members on 45,228 cells", min_rounds=1)
def test_ensemble(benchmark, cells):
    members = {
        name: np.tile(values, (10, 1)) for name, values in predicted("compas", CELLS).items()
    }
    found = benchmark.pedantic(
        globe.maps, (members, cells), {"progress": False}, rounds=1, warmup_rounds=0
    )
    assert found["member_total"].sizes["member"] == 10


@pytest.mark.benchmark(group="preparing a 0.5-degree planet", min_rounds=1)
def test_preparation(benchmark, planet):
    benchmark.pedantic(globe.prepare, (planet,), rounds=3)


@pytest.mark.benchmark(group="both sensitivity analyses on 2,855 cells")
def test_both_sensitivity_analyses(benchmark, planet):
    some = planet.isel(site=np.linspace(0, CELLS - 1, 2855).astype(int))
    cells = globe.prepare(some)
    parameters = predicted("compas", cells.size)

    def both():
        options = {**sensitivity.READINGS["published"], "progress": False}
        first = sensitivity.homogenise(parameters, cells, **options)
        return first, sensitivity.proportional(parameters, cells, **options)

    first, second = benchmark.pedantic(both, rounds=2, warmup_rounds=1)
    assert first["component"].size == 9
    assert sensitivity.needed(second)["regression"].size == 7
    columns, _ = cells.part(slice(0, FEW))
    values = np.array(list(parameters.values())).T[:FEW]
    each = seconds(dense, "compas", values, columns) / FEW
    runs = first["component"].size + second["component"].size * second["change"].size
    benchmark.extra_info["runs of the planet"] = runs
    benchmark.extra_info["times the dense solves"] = (
        runs * cells.size * each / benchmark.stats["min"]
    )
