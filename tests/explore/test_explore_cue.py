"""The explorers of CUE: models behind them, pictures and words that follow the sliders."""

import numpy as np
import pytest

from soilnb.cue import diagnosed, efficiency, nested
from soilnb.explore import cue
from soilnb.parameters import InputError
from soilnb.profile import compas, forcing, mimics

SITE = {"temperature": 15.0, "clay": 0.30, "npp": 500.0, "f_met": 0.3846423}


@pytest.fixture(scope="module", params=["levels", "bench", "controls"])
def explorer(request):
    return getattr(cue, request.param)()


def test_moving_a_control_changes_picture_and_words(explorer):
    explorer.reset()
    name = next(iter(explorer.controls))
    picture, words = bytes(explorer.picture.value), explorer.words.value
    slider = explorer.controls[name]
    slider.value = slider.max
    assert bytes(explorer.picture.value) != picture
    assert bytes(explorer.picture.value).startswith(b"\x89PNG")
    assert explorer.words.value != words
    explorer.reset()
    assert explorer.words.value == words


def test_the_guilds_of_mimics_add_up_to_its_ledger():
    soil = mimics.steady_state(SITE)
    book = cue.guilds(soil)
    for name in ("uptake", "respiration"):
        assert float(book[name].sum()) == pytest.approx(float(soil[name]), rel=1e-12)
    cues = nested(book)
    low, high = sorted(cues["population_cue"].values)
    assert low < float(cues["community_cue"]) < high
    assert float(cues["community_cue"]) == pytest.approx(float(diagnosed(soil)), rel=1e-12)


def test_guilds_follow_changed_efficiencies():
    changed = {"cue_r_metabolic": 0.45, "cue_k_structural": 0.3}
    soil = mimics.steady_state(SITE, changed)
    book = cue.guilds(soil, changed)
    assert float(book["respiration"].sum()) == pytest.approx(float(soil["respiration"]), rel=1e-12)


@pytest.mark.parametrize("name", ["tropical", "boreal"])
def test_compas_keeps_nothing_at_steady_state_and_respires_its_input(name):
    place = forcing.example(name)
    column = cue.ledger_by_layer(place=place)
    assert float(column["respiration"].sum()) == pytest.approx(
        float(compas.steady_state("tao2024", place)["input"]), rel=1e-9
    )
    death = efficiency(column, "ecosystem")
    assert float(np.abs(death).max()) < 1e-9
    whole = column.sum("layer")
    enzymes = float(whole["exudation"] / whole["uptake"])
    assert enzymes > 0.005
    assert float(efficiency(whole)) == pytest.approx(float(diagnosed(whole)) - enzymes, rel=1e-9)


def test_more_efficient_microbes_of_compas_have_a_higher_efficiency():
    low, high = (
        float(efficiency(cue.ledger_by_layer({"eta_doc": eta}).sum("layer"))) for eta in (0.2, 0.4)
    )
    assert low < high


def test_a_step_moves_the_ecosystem_for_a_while_only():
    run = cue.after_step(input=50.0, years=200.0)
    death = run["ecosystem_cue"]
    assert float(death.max()) > 0.01
    assert abs(float(death[-1])) < 1e-3
    assert float(np.ptp(run["community_cue"].values)) < 0.05


def test_a_long_window_after_a_pulse_averages_to_nothing():
    short = cue.through_a_pulse(first=200, days=3)
    long = cue.through_a_pulse(first=200, days=100)
    assert float(short["window_ecosystem"]) > 0.2
    assert abs(float(long["window_ecosystem"])) < 0.02
    assert float(long["window_community"]) > 0.2


def test_the_prediction_of_the_bench_is_true():
    before, after = cue.on_the_bench(), cue.on_the_bench(maintenance=0.02)
    change = (after["measured"] - before["measured"]).to_series()
    assert change["18O"] < -0.05
    assert abs(change["13C, short"]) < 0.01


def test_the_prediction_of_the_controls_is_true():
    before, after = cue.under_control(), cue.under_control(c_to_n=40.0)
    assert float(after["cue"]) < 0.5 * float(before["cue"])
    fed = cue.under_control(c_to_n=40.0, immobilised=0.05)
    assert float(fed["cue"]) == pytest.approx(float(before["cue"]), rel=1e-9)


def test_the_chosen_state_lies_on_every_curve():
    state = cue.under_control(celsius=12.0, c_to_n=22.0, food="leucine, C6H13NO2")
    assert state.attrs["gamma"] == 5.0
    for name in ("celsius", "c_to_n", "gamma"):
        curve = state[f"along_{name}"]
        at = float(curve.interp({name: state.attrs[name]}))
        assert at == pytest.approx(float(state["cue"]), abs=2e-3)


def test_food_that_is_no_formula_is_refused():
    with pytest.raises(InputError, match=r"^formula = ' cake'"):
        cue.under_control(food="a piece, cake")
