"""An ensemble on the workers of a Dask cluster is the one of this machine, also when one dies."""

import os
from collections import Counter

import psutil
import pytest
import xarray as xr

from soilnb import jobs
from soilnb.parameters import InputError
from soilnb.pore import simulate_ensemble
from soilnb.pore.run_file import RunFile

pytest.importorskip("distributed")

SMALL = {
    "days": 30,
    "shape": (32, 36),
    "initial_steps": 5,
    "parameters": {"share_1_2": 40, "share_2_6": 60, "share_6_20": 0, "share_20_63": 0,
                   "share_63_200": 0, "biomass_cells": 2000},
    "snapshots": (30,),
    "progress": False,
}  # fmt: skip
RUNS = {"scenarios": ["reference", "static"], "seeds": (3, 1, 2)}


@pytest.fixture(scope="module")
def serial():
    return simulate_ensemble(**RUNS, jobs=1, **SMALL)


@pytest.fixture
def processes(cluster_of_processes):
    return cluster_of_processes


def test_two_threads_of_a_worker_give_the_serial_result_bit_for_bit(serial, cluster_of_threads):
    there = simulate_ensemble(**RUNS, client=cluster_of_threads, **SMALL)
    xr.testing.assert_identical(there, serial)


def test_nothing_is_lost_or_doubled_when_a_worker_dies_midway(
    serial, processes, tmp_path, monkeypatch
):
    pids = processes.run(os.getpid)
    written, killed = [], []
    write = RunFile.write

    def then_kill_the_busiest_worker(self, data):
        write(self, data)
        written.append(self.path.name)
        if not killed:
            busy = processes.processing()
            worker = max(busy, key=lambda name: len(busy[name]))
            psutil.Process(pids[worker]).kill()
            killed.append(worker)

    monkeypatch.setattr(RunFile, "write", then_kill_the_busiest_worker)
    there = simulate_ensemble(**RUNS, client=processes, folder=tmp_path, **SMALL)
    xr.testing.assert_identical(there, serial)
    assert killed
    assert Counter(written) == dict.fromkeys({path.name for path in tmp_path.iterdir()}, 1)
    assert len(written) == 6


def test_of_two_clusters_the_one_that_has_the_tasks_is_asked(
    processes, cluster_of_threads, monkeypatch
):
    distributed = pytest.importorskip("distributed")
    asked, wait = [], distributed.wait

    def remember(*arguments):
        asked.append(distributed.default_client())
        return wait(*arguments)

    monkeypatch.setattr(distributed, "wait", remember)
    for client in (processes, cluster_of_threads):
        found = jobs.on_cluster(abs, {0: (-1,), 1: (-2,)}.items(), client, ordered=False)
        assert dict(found) == {0: 1, 1: 2}
        assert {id(one) for one in asked} == {id(client)}
        asked.clear()


def test_an_error_on_a_worker_is_the_one_of_this_machine(processes, comes_to_rest):
    no_room = SMALL | {"shape": (20, 20), "parameters": {}, "snapshots": ()}
    with pytest.raises(InputError, match="take a larger domain"):
        simulate_ensemble("reference", (0, 1), client=processes, **no_room)
    assert comes_to_rest(processes)


def test_something_else_is_no_client():
    with pytest.raises(InputError, match="allowed a dask"):
        simulate_ensemble("reference", 0, client="tcp://there", **SMALL)
