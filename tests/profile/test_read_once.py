"""What a user hands over is read and checked once, where it comes in, and nowhere below."""

import sys
from collections import Counter

import numpy as np
import pytest
from one_soil import SOIL

from soilnb import proda
from soilnb.parameters import choose
from soilnb.proda import chains, observations
from soilnb.profile import clm5, compas, depth, forcing, management
from soilnb.profile import site as sites
from soilnb.profile.depth import column
from soilnb.profile.forcing import kernel_forcing, variables
from soilnb.profile.layered import cases, diagnostics
from soilnb.profile.model import boxes, dataset

PLACE = forcing.example("temperate")


def entered(walk, *readers):
    """Return how often each reader is entered on a walk."""
    codes = {reader.__code__: f"{reader.__module__}.{reader.__qualname__}" for reader in readers}
    found = Counter(dict.fromkeys(codes.values(), 0))

    def note(frame, event, argument):
        if event == "call" and frame.f_code in codes:
            found[codes[frame.f_code]] += 1

    sys.setprofile(note)
    try:
        walk()
    finally:
        sys.setprofile(None)
    return found


def once(walk, *readers):
    found = entered(walk, *readers)
    assert set(found.values()) == {1}, found


@pytest.mark.parametrize("model", [compas, clm5], ids=["compas", "clm5"])
@pytest.mark.parametrize(
    "walk",
    [
        lambda model: model.steady_state({"q10": 1.8}, PLACE),
        lambda model: model.simulate({"q10": 1.8}, PLACE, [1.0]),
        lambda model: model.matrices({"q10": 1.8}, PLACE),
        lambda model: model.dense_solve({"q10": 1.8}, PLACE),
        lambda model: model.MODEL.ages(PLACE, {"q10": 1.8}),
        lambda model: diagnostics.system({"set": "tao2024"}, PLACE, model.MODEL.name.lower()),
    ],
    ids=["steady_state", "simulate", "matrices", "dense_solve", "ages", "system"],
)
def test_layers_read_parameters_and_forcing_once(model, walk):
    once(lambda: walk(model), cases.read, cases.read_parameters, variables.check)


@pytest.mark.parametrize("model", boxes().values(), ids=boxes())
@pytest.mark.parametrize(
    "walk",
    [
        lambda model: model.steady_state(SOIL, {"set": model.default}),
        lambda model: model.simulate(SOIL, [0.0, 1.0], model.default),
        lambda model: model.simulate(SOIL, [0.0, 1.0], drivers={"time": [0.0], "npp": [300.0]}),
        lambda model: model.ages(SOIL),
        lambda model: model.links(SOIL),
    ],
    ids=["steady_state", "simulate", "drivers", "ages", "links"],
)
def test_boxes_read_a_site_once(model, walk):
    once(lambda: walk(model), sites.read)
    assert entered(lambda: walk(model), choose)["soilnb.parameters.choose"] <= 2  # a set in a set
    assert (
        entered(lambda: walk(model), dataset.check_time)["soilnb.profile.model.dataset.check_time"]
        <= 2
    )  # of outputs, and of drivers


@pytest.mark.parametrize(
    "walk",
    [
        lambda: depth.steady_state({"root_input": 200.0}),
        lambda: depth.simulate({"root_input": 200.0}, [0.0, 3.0]),
        lambda: depth.transit_time({"set": "luo2025"}),
        lambda: depth.sequestration({"set": "luo2025"}, [1.0]),
        lambda: depth.MODEL.ages({"thickness": 0.2}),
        lambda: management.scenario(["deep_roots"], time=[0, 10.0]),
    ],
    ids=["steady_state", "simulate", "transit_time", "sequestration", "ages", "scenario"],
)
def test_a_profile_is_made_once(walk):
    once(walk, column.profile)


def test_an_assimilation_reads_profiles_settings_and_forcing_once():
    profiles = observations.twin_profiles(2, seed=1)
    made = forcing.from_climate(mat=np.array([8.0, 14.0]), map=800.0, latitude=45.0)
    options = {"warmup": 300, "steps": 600, "samples": 40, "jobs": 1, "progress": False}
    found = entered(
        lambda: proda.assimilate(profiles, forcing=made, **options),
        chains.read_profile, variables.check, cases.read, cases.read_parameters, choose,
        kernel_forcing.prepare,
    )  # fmt: skip
    assert found == {
        "soilnb.proda.chains.read_profile": 2,
        "soilnb.profile.forcing.variables.check": 1,
        "soilnb.profile.layered.cases.read": 0,
        "soilnb.profile.layered.cases.read_parameters": 0,
        "soilnb.parameters.choose": 0,
        "soilnb.profile.forcing.kernel_forcing.prepare": 1,
    }
