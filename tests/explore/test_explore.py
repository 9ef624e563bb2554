"""Explorers at trait level: move a control in code, look at the model and the picture."""

import ipywidgets as widgets
import pytest
from matplotlib.figure import Figure

from soilnb.explore import Control, Explorer, Prediction, pools
from soilnb.parameters import InputError, Parameter


@pytest.fixture(scope="module")
def first():
    return pools.first_look()


@pytest.mark.parametrize("make", [pools.first_look, pools.what_counts, pools.step_response])
def test_every_slider_has_a_label_with_unit_and_a_numeric_twin(make):
    explorer = make()
    rows = [row for row in explorer.children if isinstance(row, widgets.HBox)]
    assert len(rows) == len(explorer.controls)
    for row in rows:
        label, slider, number = row.children
        assert label.value
        assert slider.continuous_update is False
        number.value = slider.max
        assert slider.value == slider.max
    explorer.reset()


@pytest.mark.parametrize(
    ("make", "control"),
    [
        (pools.first_look, "temperature"),
        (pools.first_look, "clay"),
        (pools.what_counts, "lignin_to_n"),
        (pools.step_response, "cue"),
        (pools.step_response, "years"),
    ],
)
def test_moving_a_control_changes_picture_and_words(make, control):
    explorer = make()
    picture, words = bytes(explorer.picture.value), explorer.words.value
    slider = explorer.controls[control]
    slider.value = slider.min
    assert bytes(explorer.picture.value) != picture
    assert bytes(explorer.picture.value).startswith(b"\x89PNG")
    assert explorer.words.value != words


def test_warming_lowers_the_carbon_that_the_words_say(first):
    first.reset()
    cold = float(first.result["carbon"].sum())
    first.set(temperature=25.0)
    hot = float(first.result["carbon"].sum())
    assert hot < cold
    assert f"{hot:.2f} kg C" in first.words.value
    first.reset()


def test_the_first_explorer_starts_at_the_reference_point(first):
    first.reset()
    # f_met of lignin:N 35.8 is 0.3846; the reference run has 0.3846423
    assert float(first.result["carbon"].sum()) == pytest.approx(6.46191206, rel=1e-4)


def test_reset_brings_everything_back(first):
    before = first.values
    first.set(temperature=-5.0, clay=0.7)
    first.prediction.choice.value = "it falls"
    first.reset()
    assert first.values == before
    assert first.prediction.choice.value is None


def test_set_redraws_once_and_refuses_unknown_controls(first):
    first.reset()
    count = first.updates
    first.set(temperature=20.0, clay=0.2, npp=300.0)
    assert first.updates == count + 1
    with pytest.raises(InputError, match="did you mean 'temperature'"):
        first.set(temperatur=3.0)
    first.reset()


def test_the_picture_is_redrawn_in_place(first):
    figure, picture = first._figure, first.picture
    first.set(npp=800.0)
    assert first._figure is figure
    assert first.picture is picture
    first.reset()


def test_a_prediction_comes_before_the_explanation():
    prediction = Prediction("Up or down?", ["up", "down"], "Look.", "Because.")
    assert prediction.explanation.layout.display == "none"
    prediction.choice.value = "up"
    assert prediction.explanation.layout.display is None
    assert "You expect: <i>up</i>" in prediction.feedback.value


def test_bad_values_show_one_line_instead_of_a_traceback():
    def refuse(x):
        raise InputError(f"x = {x}: allowed 0 to 1")

    explorer = Explorer(
        {"x": Control("x", 2.0, 0.0, 3.0)}, refuse, lambda r, figure: Figure(), lambda r: ""
    )
    assert "x = 2.0: allowed 0 to 1" in explorer.words.value


def test_a_slider_may_narrow_a_parameters_range_but_not_widen_it():
    record = Parameter(0.3, "1", (0.0, 1.0), "c", "clay", "somewhere")
    assert Control.of(record, high=0.8).high == 0.8
    with pytest.raises(InputError, match="range 0 to 2"):
        Control.of(record, high=2.0)


def test_labels_are_typeset():
    record = Parameter(500.0, "g C m-2 yr-1", (0.0, 1e4), "I", "litter input", "somewhere")
    assert Control.of(record).label == "Litter input (g C m⁻² yr⁻¹)"


def test_more_efficient_microbes_dip_before_they_store():
    run = pools.responses(cue=7.0, years=100.0)
    soc = run["response_soc"]
    assert float(run["response_cue"][0]) == pytest.approx(7.0, abs=0.1)
    assert float(soc.min()) < -1.0
    assert float(soc[-1]) > 4.0


def test_what_a_model_warns_of_is_said_with_the_result():
    explorer = pools.what_counts()
    explorer.set(lignin_to_n=50.0)
    assert "Note: f_met" in explorer.words.value
