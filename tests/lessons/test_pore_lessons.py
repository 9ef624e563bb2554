"""What the lessons in the pores rest on: statements of their texts; all sizes of a study alike."""

import numpy as np
import pytest

from soilnb.claims import scenario_runs as paper
from soilnb.kernels import diffusion
from soilnb.lessons.pore import (
    pore_chemistry,
    pore_structure,
    pore_transport,
    static_against_dynamic,
)
from soilnb.pore import PRESETS
from soilnb.pore.parameters import resolve
from soilnb.pore.structure import dispersed


@pytest.fixture(scope="module")
def loose():
    return dispersed((128, 128), 0, PRESETS["default"])


def test_aggregation_hides_organic_matter(loose):
    exposed = pore_structure.settle(loose, PRESETS["default"], 150).exposed
    assert (exposed.iloc[-1] < 0.5 * exposed.iloc[0]).all()


def test_less_break_up_exposes_less(loose):
    shares = pore_structure.break_up(loose, PRESETS["default"], {"all": 1.0, "a quarter": 0.25})
    late = shares.loc[100:].mean()
    assert late["a quarter"] < late["all"]


def test_what_exposes_more_and_what_less():
    cases = pore_structure.rules(resolve("default"))
    names = (
        "finest particles single voxels",
        "half the break-up",
        "as it is",
        "twice the break-up",
    )
    exposed = [
        pore_structure.outcome(cases[name], shape=(96, 96), seed=0, initial_steps=150)[
            "exposed POM"
        ]
        for name in names
    ]
    single, half, same, twice = exposed
    assert single < same < twice
    assert half < same


def test_a_voxel_keeps_its_carbon_and_nitrogen():
    p = resolve("default")
    for c_s, n_s in ((1e-6, 1e-6), (1e-3, 1e-4), (1e-3, 1e-5)):
        end = pore_chemistry.after(c_s, n_s, p["biomass_start"])
        carbon = end["c_s"] + end["c_b"] + end["death"] + pore_chemistry.respired(end)
        nitrogen = end["n_s"] + (end["c_b"] + end["death"]) / p["cn_biomass"]
        assert np.isclose(carbon, c_s + p["biomass_start"], rtol=1e-14)
        assert np.isclose(nitrogen, n_s + p["biomass_start"] / p["cn_biomass"], rtol=1e-14)


def test_a_voxel_that_is_fed_comes_to_the_cue_that_was_predicted():
    table = pore_chemistry.chemostat([10, 22, 40])
    assert np.allclose(table["CUE"], table["predicted"], rtol=0.01)
    p = resolve("default")
    identity = p["biomass_decay"] / (p["uptake_rate"] * table["availability"])
    assert np.allclose(table["CUE"], identity * table["growth / death"], rtol=1e-12)


def test_two_voxels_share_as_the_implicit_step_says():
    one, other = pore_transport.two_voxels()
    r = pore_transport.fourier(1.94e-10)
    assert np.isclose(one - other, 1 / (1 + 2 * r))
    assert r == diffusion.fourier_number(1.94e-10, 3600.0, 2e-4)


def test_a_drop_spreads_as_einstein_says():
    variance, amount = pore_transport.drop(24)
    assert np.isclose(variance, 48 * pore_transport.fourier(1.94e-10) * 4, rtol=1e-3)
    assert np.isclose(amount, 1, rtol=1e-12)


def test_pores_hold_what_they_hold_and_motion_opens_them():
    rules = pore_transport.rules()
    soil = dispersed((96, 96), 0, rules)
    held = pore_transport.held(soil, 48, 0, 1.94e-10)
    assert (held["after"] / held["before"] - 1).abs().max() < 1e-12
    moving = pore_transport.spread(soil, 10, rules)
    fixed = pore_transport.spread(soil, 10, rules, moving=False)
    assert moving[10] > fixed[10]


def test_a_frozen_soil_remembers_more_and_the_gate_acts_there():
    runs = paper.study(
        static_against_dynamic.BOTH, "quick", 0, quick=static_against_dynamic.QUICK, days=140,
        snapshots=[130, 135], preset="default",
    )  # fmt: skip
    memory = static_against_dynamic.memory(runs)
    assert memory["static"] > memory["reference"]


def test_a_study_has_more_seeds_in_size_paper_and_keeps_its_runs(monkeypatch):
    asked = {}
    monkeypatch.setattr(
        paper, "simulate_ensemble", lambda names, seeds, **o: asked.update(seeds=seeds, **o)
    )
    paper.study("reference", "paper", 5, seeds=1, preset="literal")
    assert list(asked["seeds"]) == [5, 6, 7]
    assert asked["folder"] == paper.runs_folder()
    assert "shape" not in asked
