"""No value of a parameter within its stated range crashes or corrupts a run."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import random_runs

from soilnb.parameters import InputError
from soilnb.pore.parameters import RECORDS

#: Random runs of this test and their greatest width, in plain Python; ``make fuzz`` makes 200 wider
#: ones with compiled kernels that check the bounds of their arrays, which take longer to compile.
RUNS, WIDEST = 8, 26


def test_random_parameters_keep_to_their_arrays_and_budgets():
    done = subprocess.run(
        [sys.executable, random_runs.__file__, str(RUNS), "0", str(WIDEST)],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    refused = re.search(rf"^{RUNS} random runs: (\d+) refused", done.stdout, re.MULTILINE)
    assert int(refused[1]) < RUNS


def test_the_check_of_a_run_sees_what_is_lost_and_what_overlaps():
    run = random_run()
    random_runs.check(run)
    run.series["C_S"][-1] += 1e-6
    with pytest.raises(AssertionError, match="unexplained change of carbon"):
        random_runs.check(run)
    run = random_run()
    run.state.organic[run.state.solid > 0] = 1
    with pytest.raises(AssertionError, match="overlap"):
        random_runs.check(run)


def random_run():
    """The first random run that begins, after a day."""
    for seed in range(20):
        try:
            run = random_runs.random_run(seed, days=1).begin()
        except InputError:
            continue
        run.step()
        return run
    raise AssertionError("no run began")


@pytest.mark.parametrize("name", RECORDS)
def test_draws_reach_both_bounds_and_nothing_beyond(name):
    record, rng = RECORDS[name], np.random.default_rng(0)
    drawn = [random_runs.value_of(record, rng) for _ in range(60)]
    assert (min(drawn), max(drawn)) == record.bounds
    assert not record.whole or all(value == int(value) for value in drawn)
