"""A process may be killed at any moment: the next gives the same bits, and nothing is left over."""

import functools
import json
import multiprocessing
import multiprocessing.forkserver
import os
import sys
import time

import numpy as np
import prey
import psutil
import pytest
import xarray as xr

from soilnb.pore import simulate

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are forked")


@pytest.fixture(scope="module")
def forked():
    """Start a function of `prey` in a process that has everything imported and compiled."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["prey_compiled"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.path.dirname(__file__))  # else it would not find it
        multiprocessing.forkserver.ensure_running()

    def start(function, folder):
        process = context.Process(target=function, args=(folder,))
        process.start()
        return process

    start(os.fspath, "").join()  # waits for the imports
    return start


@pytest.fixture
def hunted(forked, cases):
    """Let a function begin again and again in a folder, and kill it at random moments."""
    rng = np.random.default_rng(cases.seed)

    def hunt(function, folder, aside):
        begun = time.monotonic()
        whole = forked(function, aside)
        whole.join()
        assert whole.exitcode == 0
        longest = time.monotonic() - begun
        for _ in range(cases(5)):
            process = forked(function, folder)
            process.join(rng.uniform(0, longest))
            process.kill()
            process.join()
        last = forked(function, folder)
        last.join()
        assert last.exitcode == 0

    return hunt


@pytest.fixture
def places(tmp_path):
    for name in ("aside", "hunted"):
        (tmp_path / name).mkdir()
    return tmp_path / "hunted", tmp_path / "aside"


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_goes_on_from_its_checkpoint(hunted, places):
    folder, aside = places
    hunted(prey.one_run, folder, aside)
    assert left_in(folder) == ["run.nc", "state"]
    expected = simulate("static", days=60, snapshots=(0, 11, 35, 60), **prey.SMALL)
    with xr.open_dataset(folder / "run.nc") as found:
        xr.testing.assert_equal(found.load(), expected)


def test_an_ensemble_goes_on_with_what_is_missing(hunted, places):
    folder, aside = places
    hunted(prey.ensemble, folder, aside)
    assert left_in(folder) == left_in(aside)
    xr.testing.assert_identical(prey.ensemble(folder), prey.ensemble(aside))


def test_an_assimilation_goes_on_with_what_is_missing(hunted, places):
    folder, aside = places
    hunted(prey.assimilation, folder, aside)
    assert left_in(folder) == left_in(aside)
    xr.testing.assert_identical(prey.assimilation(folder), prey.assimilation(aside))


def test_notebooks_leave_whole_results_only(hunted, places, notebook_folder, write_notebook):
    folder, aside = places
    write_notebook(notebook_folder, "00_one", "print(SEED)")
    write_notebook(notebook_folder, "10_two", "print(SEED)")
    hunted(functools.partial(prey.notebooks, notebook_folder), folder, aside)
    results = folder / "results" / "quick"
    assert left_in(folder / "results") == ["quick"]
    assert left_in(results) == ["00_one", "10_two"]
    for run in results.iterdir():
        record = json.loads((run / "run.json").read_text())
        assert left_in(run) == sorted([*record["files"], "run.json"])
        assert len(record["files"]) == 9
        for k in range(8):
            assert (run / f"table{k}.csv").read_text() == f"k\n{k}\n"


SCRIPT = """
import os, sys, time
from pathlib import Path
from soilnb import jobs

def sleep_for_long(folder):
    (Path(folder) / f"{os.getpid()}.pid").touch()
    time.sleep(600)

if __name__ == "__main__":
    list(jobs.run_all(sleep_for_long, {k: (sys.argv[1],) for k in range(2)}, 2))
"""


def test_the_workers_of_a_killed_process_end_too(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = psutil.Popen([sys.executable, script, tmp_path])
    try:
        while len(list(tmp_path.glob("*.pid"))) < 2:
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    workers = [psutil.Process(int(path.stem)) for path in tmp_path.glob("*.pid")
               if psutil.pid_exists(int(path.stem))]  # fmt: skip
    _, alive = psutil.wait_procs(workers, timeout=600)
    for worker in alive:
        worker.kill()
    assert not alive
