"""What the tests of kills start in processes of its own."""

import os
import shutil
import time
from pathlib import Path

from soilnb import jobs, proda
from soilnb.pipeline import fingerprint, runs
from soilnb.pore import simulate, simulate_ensemble
from soilnb.proda import observations

FINE = {"share_1_2": 40, "share_2_6": 60, "share_6_20": 0, "share_20_63": 0, "share_63_200": 0}
SMALL = {"shape": (32, 36), "initial_steps": 3, "parameters": FINE, "progress": False}
CHAINS = {"chains": 2, "warmup": 1000, "steps": 1500, "samples": 100, "jobs": 1}


def one_run(folder):
    """A run that goes on from its checkpoint, if there is one."""
    state = folder / "state"
    simulate(
        "static",
        days=60,
        snapshots=(0, 11, 35, 60),
        output=folder / "run.nc",
        checkpoint=state,
        checkpoint_every=10,
        resume=state if state.exists() else None,
        **SMALL,
    ).close()


def ensemble(folder):
    """Several runs that are kept."""
    options = SMALL | {"days": 12, "snapshots": (12,)}
    return simulate_ensemble(["static", "reference"], range(4), folder=folder, jobs=1, **options)


def assimilation(folder):
    """Several profiles that are kept."""
    profiles = observations.twin_profiles(8, seed=4)
    return proda.assimilate(profiles, folder=folder, progress=False, **CHAINS)


def notebooks(sources, folder):
    """Notebooks whose kernel is a stand-in that is quick and leaves several files."""
    os.environ["SOILNB_NOTEBOOKS"] = str(sources)
    os.environ["SOILNB_RESULTS"] = str(folder / "results")
    runs._in_process = stand_in
    fingerprint.PACKAGE = folder
    runs.run(jobs=1)


def stand_in(scratch, order, environment, limit, stop):
    """Leave what a notebook would, bit by bit."""
    shutil.copy(order["notebook"], order["output"])
    for k in range(8):
        with jobs.writing(Path(environment["SOILNB_RUN_DIR"]) / f"table{k}.csv") as part:
            part.write_text(f"k\n{k}\n")
            time.sleep(0.005)
    return ""
