"""Processor time of a profile and of a cell: what the page *Large runs* of the book multiplies.

Processor time, not the clock, so that other work on the machine counts little. ``make bench``
compares the sampler and the models with named peers in test_metropolis.py and test_globe.py.
"""

import time

import numpy as np
import pytest

from soilnb import proda
from soilnb.proda import globe, observations
from soilnb.profile import clm5, compas

MODELS = {"compas": compas, "clm5": clm5}
BOTH = pytest.mark.parametrize("model", list(MODELS))

#: What the papers have.
PROFILES, CELLS = 57_267, 45_228

#: What is timed.
FEW = 4


@BOTH
@pytest.mark.parametrize("sampler", ["adaptive-metropolis", "published"])
@pytest.mark.benchmark(group="four profiles, three chains of 70,000 steps", timer=time.process_time)
def test_profiles(benchmark, model, sampler):
    profiles = observations.twin_profiles(FEW, seed=1)
    how = {"model": model, "sampler": sampler, "jobs": 1, "progress": False}
    proda.assimilate(profiles, warmup=1000, steps=1000, samples=100, **how)  # compiles
    found = benchmark.pedantic(proda.assimilate, (profiles,), how, rounds=1)
    assert (found["reason"] == "").all()
    each = benchmark.stats["min"] / FEW
    benchmark.extra_info["seconds a profile"] = each
    for cores in (2, 100):
        benchmark.extra_info[f"hours of the papers' profiles on {cores} cores"] = (
            each * PROFILES / cores / 3600
        )


@BOTH
@pytest.mark.benchmark(group="a map of 45,228 cells", timer=time.process_time)
def test_cells(benchmark, model):
    planet = globe.planet("teaching", resolution=0.5)
    some = np.linspace(0, planet.sizes["site"] - 1, CELLS).astype(int)
    cells = globe.prepare(planet.isel(site=some))
    records = MODELS[model].PARAMETER_SETS["tao2024"].records
    factor = np.random.default_rng(1).uniform(0.97, 1.03, CELLS)
    parameters = {"q10": records["q10"].value * factor}
    globe.maps(parameters, cells, model, progress=False)
    benchmark.pedantic(globe.maps, (parameters, cells, model), {"progress": False}, rounds=3)
    benchmark.extra_info["microseconds a cell"] = 1e6 * benchmark.stats["min"] / CELLS
