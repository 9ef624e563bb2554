"""Workers that die, what a script must do, and files that belong to something else."""

import os
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest

from soilnb import jobs
from soilnb.proda import batch, chains
from soilnb.profile import forcing
from soilnb.profile.forcing import kernel_forcing

SCRIPT = """
from soilnb import jobs

print(dict(jobs.run_all(abs, {0: (-1,), 1: (-2,)}, 2, None)))
"""


def test_a_script_without_the_line_that_workers_need_is_told_of_it(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told = (
        "BrokenProcessPool: a worker process died (a script calls this below a line if __name__ == "
        '"__main__": or with jobs=1)'
    )  # the last line but for what Python's own resource tracker may say afterwards
    assert [line for line in done.stderr.splitlines() if line.endswith(told)]


def end_at_the_last(k):
    if k == 5:
        os._exit(3)
    return k


def test_a_worker_that_dies_later_says_only_that():
    calls = jobs.run_all(end_at_the_last, {k: (k,) for k in range(6)}, 2, None)
    assert next(calls)[0] < 5
    with pytest.raises(BrokenProcessPool) as error:
        list(calls)
    assert str(error.value) == "a worker process died"


def deepest(profile, settings):
    return {"depth": profile.depth.max(), "seed": np.array(settings.seed)}


def test_files_of_other_settings_or_halves_are_counted_and_made_anew(tmp_path, capsys):
    column = kernel_forcing.column(forcing.example("temperate"))
    depth = np.array([0.1, 0.5])
    pits = [chains.ObservedProfile(name, depth, depth, None, column) for name in "abc"]

    def run(seed, **options):
        how = {"jobs": 1, "folder": tmp_path / "run", "work": deepest} | options
        found = batch.run_batch(pits, list("abc"), chains.ChainSettings(seed=seed), **how)
        assert [int(numbers["seed"]) for numbers, _ in found] == [seed] * 3
        return capsys.readouterr().err

    assert run(1) == ""
    assert run(1) == ""
    line = "profiles in run are of other data or settings, or incomplete: run again\n"
    assert run(2) == f"note: 3 {line}"
    half = min((tmp_path / "run").iterdir())
    half.write_bytes(half.read_bytes()[:100])
    assert run(2) == f"note: 1 {line}"
    assert run(2) == ""
    assert run(3, progress=False) == ""
