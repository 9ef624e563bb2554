"""Explorers of management: a control moves the model, the picture and the words."""

import numpy as np
import pytest

from soilnb.explore import management
from soilnb.profile.management import HORIZONS


@pytest.fixture(scope="module")
def combine():
    return management.combine()


@pytest.fixture(scope="module")
def turn():
    return management.turn()


def at_start(explorer):
    explorer.reset()
    return explorer


def test_the_start_is_the_control(combine):
    run = at_start(combine).result
    assert (run["effect"] == 0).all()
    assert run.attrs["practices"] == "none"
    assert "+0.0 against the control" in combine.words.value


@pytest.mark.parametrize(
    ("name", "value", "practice"),
    [
        ("beta", 0.975, "deep_roots"),
        ("belowground", 0.4, "perennials"),
        ("tillage", "full inversion, decay by depth", "inversion"),
        ("tillage", "full inversion, decay by material", "inversion_material"),
        ("tillage", "straw in ditches", "ditch_straw"),
        ("compost", 100.0, "compost"),
        ("biochar", 10.0, "biochar"),
        ("minerals", 20.0, "minerals"),
        ("worms", 4.0, "earthworms"),
        ("suberin", 20.0, "suberin"),
        ("gain", 5.0, "inoculants"),
    ],
)
def test_each_control_does_its_practice(combine, name, value, practice):
    at_start(combine)
    picture, words = bytes(combine.picture.value), combine.words.value
    combine.set(**{name: value, "until": "100 years"})
    assert combine.result.attrs["practices"] == practice
    assert float(combine.result["effect"][-1]) > 0
    assert bytes(combine.picture.value) != picture
    assert combine.words.value != words


def test_priming_works_with_more_input_at_depth_only(combine):
    at_start(combine).set(priming=0.5)
    assert (combine.result["effect"] == 0).all()
    combine.set(beta=0.98, priming=0.0)
    without = float(combine.result["effect"][-1])
    combine.set(priming=0.5)
    assert float(combine.result["effect"][-1]) < without


def test_all_practices_together_are_a_scenario_whose_budget_closes(combine):
    at_start(combine).set(
        beta=0.98, belowground=0.5, tillage="straw in ditches", compost=100.0, biochar=20.0,
        minerals=20.0, worms=3.0, suberin=10.0, gain=5.0, until="100 years",
    )  # fmt: skip
    run = combine.result
    assert run.attrs["practices"].count(",") == 7
    gained = run["cumulative_input"] - run["cumulative_respiration"] - run["cumulative_leaching"]
    np.testing.assert_allclose(gained, run["cumulative_change"], rtol=1e-9, atol=1e-6)
    extra = run["cumulative_input"].isel(time=-1) + run["brought"]
    told = f"for {float(extra[1] - extra[0]) / 100:.0f} Mg C ha"
    assert told in combine.words.value


def test_the_horizon_ends_the_run(combine):
    for words, years in management.HORIZONS.items():
        at_start(combine).set(until=words)
        assert float(combine.result["time"][-1]) == years
    assert tuple(management.HORIZONS.values()) == HORIZONS


def test_the_widest_sliders_leave_no_negative_carbon(combine):
    at_start(combine)
    ends = {n: c.max for n, c in combine.controls.items() if hasattr(c, "max")}
    combine.set(**ends, until="30 years")
    assert (combine.result["carbon"] >= -1e-9).all()
    assert "Mg C" in combine.words.value


def test_turning_deeper_buries_more_where_decay_follows_depth(turn):
    at_start(turn).set(depth=0.3)
    shallow = float(turn.result.sel(memory=0.0, time=100.0))
    turn.set(depth=0.8)
    assert float(turn.result.sel(memory=0.0, time=100.0)) > shallow


def test_memory_stands_between_its_ends(turn):
    at = management.turned(memory=0.5).sel(time=100.0)
    assert list(at["memory"].values) == [0.0, 0.5, 1.0]
    assert float(at[2]) < float(at[1]) < float(at[0])
    at_start(turn).set(memory=0.5)
    assert list(turn.result["memory"].values) == [0.5]  # the ends would give the answer away
    assert f"{10 * float(at[1]):+.1f} after 100" in turn.words.value
    turn.set(memory=1.0)
    assert list(turn.result["memory"].values) == [1.0]


@pytest.mark.parametrize("name", ["combine", "turn"])
def test_reset_brings_everything_back(name, request):
    explorer = request.getfixturevalue(name)
    at_start(explorer)
    before, words = explorer.values, explorer.words.value
    slider = next(control for control in explorer.controls.values() if hasattr(control, "max"))
    slider.value = slider.max
    explorer.prediction.choice.value = explorer.prediction.choice.options[0]
    explorer.reset()
    assert explorer.values == before
    assert explorer.words.value == words
    assert explorer.prediction.choice.value is None
