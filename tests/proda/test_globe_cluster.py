"""A map from the workers of a Dask cluster is the one of this machine, also when one dies."""

import os

import numpy as np
import psutil
import pytest
import xarray as xr

from soilnb.parameters import InputError
from soilnb.proda import globe, mapping, sensitivity
from soilnb.profile import compas

distributed = pytest.importorskip("distributed")

CHUNK = {"chunk": 25, "progress": False}


@pytest.fixture(scope="module")
def cells():
    return globe.ready(globe.planet("teaching", resolution=10))


@pytest.fixture(scope="module")
def parameters(cells):
    """Three members that differ from cell to cell; one has a cell without a steady state."""
    rng = np.random.default_rng(2)
    tau = rng.uniform(0.9, 1.3, (3, cells.size))
    tau[1, 8] = 0.05
    return {"tau_mic": tau, "eta_doc": rng.uniform(0.25, 0.35, (3, cells.size))}


@pytest.fixture(scope="module")
def processes():
    compas.warm_up()  # so that two workers do not fill numba's cache at once
    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_two_threads_of_a_worker_give_the_same_map_bit_for_bit(cells, parameters):
    here = globe.maps(parameters, cells, **CHUNK)
    with (
        distributed.LocalCluster(
            1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        there = globe.maps(parameters, cells, client=client, **CHUNK)
    xr.testing.assert_identical(there, here)


def test_nothing_is_lost_or_doubled_when_a_worker_dies_midway(
    cells, parameters, processes, monkeypatch
):
    pids = processes.run(os.getpid)
    here = globe.maps(parameters, cells, **CHUNK)
    seen, killed = [], []
    original = mapping.run_all

    def then_kill_the_busiest_worker(*arguments):
        for key, found in original(*arguments):
            yield key, found
            seen.append(key)
            if not killed:
                busy = processes.processing()
                worker = max(busy, key=lambda name: len(busy[name]))
                psutil.Process(pids[worker]).kill()
                killed.append(worker)

    monkeypatch.setattr(mapping, "run_all", then_kill_the_busiest_worker)
    there = globe.maps(parameters, cells, client=processes, **CHUNK)
    xr.testing.assert_identical(there, here)
    assert killed
    assert len(seen) == -(-cells.size // CHUNK["chunk"])


def test_sensitivity_runs_there_too(cells, parameters, processes):
    one = {name: values[0] for name, values in parameters.items()}
    for function, options in (
        (sensitivity.homogenise, {"components": ["cue", "decomposition"]}),
        (sensitivity.proportional, {"components": "cue", "changes": [-0.1, 0.0, 0.1]}),
    ):
        here = function(one, cells, **options, **CHUNK)
        there = function(one, cells, client=processes, **options, **CHUNK)
        xr.testing.assert_identical(there, here)


def test_an_error_on_a_worker_is_the_one_of_this_machine(cells, processes):
    with pytest.raises(InputError, match="unknown cue_flux 'mine'"):
        globe.maps("tao2024", cells, client=processes, cue_flux="mine", **CHUNK)
    assert not any(processes.processing().values())
