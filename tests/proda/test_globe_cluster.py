"""What the workers of a Dask cluster make is what this machine makes, also when one dies."""

import os
from collections import Counter

import numpy as np
import psutil
import pytest
import xarray as xr

from soilnb import jobs, proda
from soilnb.parameters import InputError
from soilnb.proda import batch, globe, observations, sensitivity
from soilnb.proda.globe import runs

pytest.importorskip("distributed")

CHUNK = {"chunk": 25, "progress": False}


@pytest.fixture(scope="module")
def cells():
    return globe.prepare(globe.planet("teaching", resolution=10))


@pytest.fixture(scope="module")
def parameters(cells):
    """Three members that differ from cell to cell; one has a cell without a steady state."""
    rng = np.random.default_rng(2)
    tau = rng.uniform(0.9, 1.3, (3, cells.size))
    tau[1, 8] = 0.05
    return {"tau_mic": tau, "eta_doc": rng.uniform(0.25, 0.35, (3, cells.size))}


@pytest.fixture
def threads(cluster_of_threads):
    return cluster_of_threads


@pytest.fixture
def processes(cluster_of_processes):
    return cluster_of_processes


@pytest.fixture
def kill_the_busiest(processes):
    """Kills, when it is called for the first time, the worker with most to do."""
    killed = []

    def kill():
        if not killed:
            pids = processes.run(os.getpid)
            busy = processes.processing()
            worker = max(pids, key=lambda name: len(busy.get(name, ())))
            psutil.Process(pids[worker]).kill()
            killed.append(worker)

    yield kill
    assert killed


def test_two_threads_of_a_worker_give_the_same_map_bit_for_bit(cells, parameters, threads):
    here = globe.maps(parameters, cells, **CHUNK)
    there = globe.maps(parameters, cells, client=threads, **CHUNK)
    xr.testing.assert_identical(there, here)


def test_a_large_chunk_travels_without_a_warning(threads):
    calls = [(k, (np.zeros(1_500_000 + k),)) for k in range(2)]
    assert list(jobs.on_cluster(np.size, calls, threads)) == [(0, 1_500_000), (1, 1_500_001)]


def test_few_tasks_are_in_memory_at_a_time(threads):
    taken, ahead = [], []
    calls = ((k, (k,)) for k in range(50) if not taken.append(k))
    for key, found in jobs.on_cluster(abs, calls, threads):
        assert key == found
        ahead.append(len(taken) - key)
    assert len(ahead) == 50
    assert max(ahead) == 2 * jobs.AHEAD + 1


def test_no_cell_is_lost_or_doubled_when_a_worker_dies_midway(
    cells, parameters, processes, kill_the_busiest, monkeypatch
):
    here = globe.maps(parameters, cells, **CHUNK)
    seen = []
    original = runs.on_cluster

    def then_kill(*arguments):
        for key, found in original(*arguments):
            yield key, found
            seen.append(key)
            kill_the_busiest()

    monkeypatch.setattr(runs, "on_cluster", then_kill)
    there = globe.maps(parameters, cells, client=processes, **CHUNK)
    xr.testing.assert_identical(there, here)
    assert seen == list(range(-(-cells.size // CHUNK["chunk"])))


def test_no_profile_is_lost_or_doubled_when_a_worker_dies_midway(
    processes, kill_the_busiest, tmp_path, monkeypatch
):
    profiles = observations.twin_profiles(7, seed=4)
    how = {"warmup": 1000, "steps": 1500, "samples": 100, "progress": False}
    here = proda.assimilate(profiles, jobs=1, **how)
    written = []
    write = batch._Store.write

    def then_kill(self, profile, outcome):
        write(self, profile, outcome)
        written.append(profile.label)
        kill_the_busiest()

    monkeypatch.setattr(batch._Store, "write", then_kill)
    there = proda.assimilate(profiles, client=processes, folder=tmp_path, **how)
    xr.testing.assert_identical(there, here)
    assert Counter(written) == dict.fromkeys(profiles["profile"].values.tolist(), 1)
    assert len(list(tmp_path.iterdir())) == 7


def test_sensitivity_runs_there_too(cells, parameters, processes):
    one = {name: values[0] for name, values in parameters.items()}
    for function, options in (
        (sensitivity.homogenise, {"components": ["cue", "decomposition"]}),
        (sensitivity.proportional, {"components": "cue", "changes": [-0.1, 0.0, 0.1]}),
    ):
        here = function(one, cells, **options, **CHUNK)
        there = function(one, cells, client=processes, **options, **CHUNK)
        xr.testing.assert_identical(there, here)


def test_an_error_on_a_worker_is_the_one_of_this_machine(cells, processes, comes_to_rest):
    with pytest.raises(InputError, match="unknown cue_flux 'mine'"):
        globe.maps("tao2024", cells, client=processes, cue_flux="mine", **CHUNK)
    assert comes_to_rest(processes)
