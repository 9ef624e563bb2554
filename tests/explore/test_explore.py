"""Explorers at trait level: move a control in code, look at the model and the picture."""

import re
from io import BytesIO
from pathlib import Path

import catalogue
import ipywidgets as widgets
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from soilnb import language
from soilnb.explore import (
    Control,
    Explorer,
    Prediction,
    base,
    cue,
    five_models,
    layers,
    management,
    pools,
    pore,
    pore_to_planet,
    predictions,
    profile,
)
from soilnb.explore.base import OPEN, player, states
from soilnb.explore.base.picture import Picture
from soilnb.figures import style
from soilnb.parameters import InputError, Parameter
from soilnb.profile.model import boxes


@pytest.fixture(scope="module")
def first():
    return pools.first_look()


#: Every explorer that needs no data of a notebook.
EVERY = {
    "first_look": pools.first_look,
    "what_counts": pools.what_counts,
    "step_response": pools.step_response,
    "levels": cue.levels,
    "bench": cue.bench,
    "controls": cue.controls,
    "side_by_side": five_models.side_by_side,
    "one": lambda: five_models.one("millennial", ("cue_reference",)),
    "two_columns": layers.two_columns,
    "warming": layers.warming,
    "pathways": layers.pathways,
    "profile": profile.profile,
    "combine": management.combine,
    "turn": management.turn,
    "hand_over": pore_to_planet.explorer,
    "voxel": pore.voxel,
    "well_mixed": pore.well_mixed,
    "transport": lambda: pore.transport(side=64),
    "structure": lambda: pore.structure(shape=(64, 64), steps=5),
    "live_run": lambda: pore.live_run(shape=(64, 64), days=5, initial_steps=2),
    "board": lambda: pore.board(days=4),
}


@pytest.fixture(scope="module", params=EVERY)
def explorer(request):
    return EVERY[request.param]()


def test_every_control_has_a_label_with_its_unit_and_sliders_a_numeric_twin(explorer):
    assert list(explorer.blocks) == list(explorer.controls)
    for block in explorer.blocks.values():
        label, row = block.children
        assert re.sub("<[^>]*>", "", label.value).strip()
        if isinstance(row, widgets.Dropdown):
            assert row.tooltip
            continue
        slider, number = row.children
        assert slider.continuous_update is True
        assert number.value == pytest.approx(slider.value, rel=5e-4)
        assert len(str(number.value)) < 9


@pytest.mark.parametrize("code", language.languages()[1:])
def test_the_words_of_its_picture_are_translated(explorer, code):
    figure = explorer.canvas.figure  # None where the picture is an image of voxels
    assert figure is None or catalogue.untranslated(figure, code) == set()


def test_every_explorer_asks_shows_and_says(explorer):
    assert explorer.prediction is not None
    assert "role='status'" in explorer.words.value
    assert bytes(explorer.picture.value).startswith(b"\x89PNG")


def test_what_the_book_keeps_is_within_the_sliders_and_holds_the_start(explorer):
    assert 1 <= len(explorer.states) <= 4
    for name, values in explorer.states.items():
        control = explorer.about[name]
        if control.choices:
            assert set(values) <= set(control.choices)
        else:
            assert min(values) >= control.low
            assert max(values) <= control.high
            assert any(value != control.value for value in values)


def test_a_number_that_is_typed_moves_its_slider(first):
    first.reset()
    slider, number = first.blocks["npp"].children[1].children
    number.value = 640.0
    assert slider.value == first.values["npp"] == 640.0
    first.reset()


def test_a_start_between_the_steps_is_a_stop_and_the_ends_are_reached():
    # A browser moves a slider to its nearest stop, and would move a start that is none.
    controls = {"x": Control("x (1)", 0.0081, 0.0, 1.0, 0.005)}
    explorer = Explorer(controls, lambda x: x, bars, str)
    slider = explorer.controls["x"]
    assert (slider.value - slider.min) / slider.step == pytest.approx(2.0, abs=1e-9)
    assert explorer.values == {"x": 0.0081}
    slider.value = slider.min
    assert explorer.values == {"x": 0.0}
    slider.value = slider.max
    assert explorer.values == {"x": 1.0}


def test_labels_break_instead_of_being_cut(first):
    for block in first.blocks.values():
        assert isinstance(block.children[0], widgets.HTML)  # a Label ends in an ellipsis
        assert "nowrap" not in block.children[0].value


def test_four_controls_are_open_and_the_others_folded():
    controls = {f"x{i}": Control(f"x{i} (1)", 0.5) for i in range(6)}
    explorer = Explorer(controls, lambda **x: x, lambda r, figure: Figure(), lambda r: "")
    (both,) = explorer.children
    left = both.children[0].children
    *opened, more, _ = left
    assert len(opened) == OPEN == 4
    assert isinstance(more, widgets.Accordion)
    assert more.selected_index is None
    assert len(more.children[0].children) == 2


def test_a_number_reads_as_a_person_writes_it(first):
    first.reset()
    slider, number = first.blocks["temperature"].children[1].children
    slider.value = 20.499999999999996
    assert number.value == first.values["temperature"] == 20.5
    first.reset()
    assert first.values["f_met"] == 0.3846423  # the start is not rounded to its step


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
    assert float(first.result["carbon"].sum()) == pytest.approx(6.46191206, rel=1e-8)


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
    figure, picture = first.canvas.figure, first.picture
    first.set(npp=800.0)
    assert first.canvas.figure is figure
    assert first.picture is picture
    first.reset()


def predicting(**given):
    return Prediction("Up or down?", ["up", "down"], "Look.", "Because.", **given)


def shown(prediction):
    """Whether the explanation is there, with its text in sight."""
    explanation = prediction.explanation
    return explanation.layout.display is None and explanation.selected_index == 0


def test_the_explanation_is_earned_by_a_prediction_and_a_move():
    explorer = Explorer(
        {"x": Control("x", 0.5)}, lambda x: x, lambda r, figure: Figure(), str,
        prediction=predicting(answer="down"),
    )  # fmt: skip
    asked = explorer.prediction
    explorer.controls["x"].value = 0.7
    assert not shown(asked)
    asked.choice.value = "up"
    assert shown(asked)
    assert "You expect: <i>up</i>" in asked.feedback.value
    assert "You expected: up. It turned out: down." in asked.judged.value
    asked.explanation.selected_index = None  # a reader folds it, and it stays folded
    explorer.controls["x"].value = 0.9
    assert not shown(asked)
    explorer.reset()
    assert not shown(asked)
    asked.choice.value = "down"
    assert not shown(asked)
    explorer.controls["x"].value = 0.6
    assert shown(asked)


def test_every_question_of_the_table_is_asked_by_an_explorer():
    place = Path(base.__file__).parents[1]
    sources = "".join(path.read_text(encoding="utf-8") for path in place.rglob("*.py"))
    asked = set(re.findall(r'asks="(\w+)"', sources)) | set(boxes())
    assert set(base.questions()) <= asked
    for row in base.questions().values():
        assert {"question", "options", "observe", "explain"} <= set(row) or set(row) == {"states"}
        assert row.get("answer", row.get("options", [None])[0]) in row.get("options", [None])


def test_what_was_expected_first_is_kept_and_exported():
    explorer = Explorer(
        {"x": Control("x", 0.5)}, lambda x: x, lambda r, figure: Figure(), str,
        prediction=predicting(),
    )  # fmt: skip
    assert explorer.predictions()["expected"].tolist() == [None]
    explorer.prediction.choice.value = "up"
    explorer.prediction.choice.value = "down"
    row = explorer.predictions().iloc[0]
    assert (row["question"], row["expected"], row["now"]) == ("Up or down?", "up", "down")
    explorer.reset()
    assert explorer.predictions()["expected"].tolist() == ["up"]
    assert explorer.prediction.question in predictions()["question"].tolist()


def test_a_right_answer_is_one_of_the_options():
    with pytest.raises(InputError, match="answer 'sideways'"):
        predicting(answer="sideways")


# The picture while a control moves ----------------------------------------------------------------


def bars(height, figure=None):
    figure = Figure(figsize=(3, 2)) if figure is None else figure
    figure.clear()
    figure.subplots().bar([0, 1], [height, height], color="black")
    return figure


def moved_bars():
    controls = {"x": Control("x (1)", 1.0, 0.0, 10.0), "y": Control("y (1)", 0.0)}
    return Explorer(controls, lambda x, y: x + y, bars, str)


def limits(explorer):
    return explorer.canvas.figure.axes[0].get_ylim()


def test_axes_stay_until_something_leaves_them():
    explorer = moved_bars()
    before = limits(explorer)
    explorer.controls["x"].value = 0.2
    assert limits(explorer) == before
    explorer.controls["x"].value = 2.0
    wide = limits(explorer)
    assert wide[1] > 2.0
    explorer.controls["x"].value = 1.0
    assert limits(explorer) == wide
    explorer.reset()
    assert limits(explorer) == before


def test_depth_goes_down_also_after_a_move():
    explorer = profile.profile()
    before = explorer.canvas.figure.axes[0].get_ylim()
    assert before[0] > before[1]
    explorer.controls["root_beta"].value = 0.98
    assert explorer.canvas.figure.axes[0].get_ylim() == before
    explorer.controls["root_beta"].value = 0.95
    assert explorer.canvas.figure.axes[0].get_ylim()[0] >= before[0]


def darkness(explorer):
    shades = np.asarray(Image.open(BytesIO(explorer.picture.value)).convert("L"))
    return {name: int(((shades > low) & (shades < high)).sum()) for name, low, high in
            (("pale", 160, 220), ("black", -1, 40))}  # fmt: skip


def test_the_state_before_a_move_stays_as_a_pale_ghost(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(base.time, "monotonic", lambda: now[0])
    explorer = moved_bars()
    now[0] = 10.0
    at_start = darkness(explorer)
    for value in (0.8, 0.5, 0.3):  # one drag: the ghost is where it began
        explorer.controls["x"].value = value
        now[0] += 0.1
    dragged = darkness(explorer)
    assert dragged["black"] < 0.6 * at_start["black"]
    assert dragged["pale"] > at_start["pale"] + 0.5 * (at_start["black"] - dragged["black"])
    now[0] += 10.0
    explorer.controls["x"].value = 0.2  # another move: its ghost is shorter
    assert darkness(explorer)["pale"] < 0.6 * dragged["pale"]
    explorer.reset()
    explorer.pin.value = True  # the start is kept, however often something moves
    for value in (0.8, 0.5, 0.3):
        now[0] += 10.0
        explorer.controls["x"].value = value
    assert darkness(explorer) == dragged
    explorer.reset()
    assert not explorer.pin.value
    assert darkness(explorer) == at_start


def test_a_control_that_zooms_lets_the_axes_fit_anew():
    controls = {"x": Control("x (1)", 9.0, 0.0, 10.0, zooms=True)}
    explorer = Explorer(controls, lambda x: x, bars, str)
    explorer.controls["x"].value = 1.0
    assert limits(explorer)[1] < 2.0


def test_ground_and_layer_together_are_the_whole_picture():
    explorer = moved_bars()
    whole = BytesIO()
    explorer.canvas.figure.savefig(whole, format="png")
    parts, drawn = (np.asarray(Image.open(BytesIO(b)).convert("L"), float)
                    for b in (explorer.picture.value, whole.getvalue()))  # fmt: skip
    # The frame lies under what moves instead of over it: half a line's width differs.
    assert np.abs(parts - drawn).mean() < 1.0
    ground, layer = explorer.canvas.svg()
    assert "1.0" in ground  # a tick's label
    assert "1.0" not in re.sub(r'"[^"]*"', "", layer)
    assert layer.count("<path") == 2  # two bars


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


def test_a_label_finds_room_each_time_that_ticks_grow():
    @style.frame(3, 2)
    def draw(figure, top):
        ax = figure.subplots()
        ax.plot([0, top], [0, top])
        ax.set(xlabel="from here", ylabel="to there", xlim=(0, top))

    picture = Picture(draw)
    for top in (1, 10_000, 10_000_000_000):
        picture.draw(top)
        picture.png()
        boxes = [
            axis.get_tightbbox()
            for axis in (picture.figure.axes[0].xaxis, picture.figure.axes[0].yaxis)
        ]
        assert min(box.x0 for box in boxes) >= 0
        assert max(box.x1 for box in boxes) <= picture.figure.bbox.width


def test_labels_are_typeset():
    record = Parameter(500.0, "g C m-2 yr-1", (0.0, 1e4), "I", "litter input", "somewhere")
    assert Control.of(record).label == "Litter input (g C m⁻² yr⁻¹)"
    mixing = Parameter(0.7, "cm2 yr-1", (0.0, 10.0), "k", "mixing", "somewhere")
    assert Control.of(mixing).label == "Mixing (cm² yr⁻¹)"


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


def test_what_runs_in_time_is_played_on_axes_that_stay(explorer):
    if explorer.clock is None:
        return
    first = next(name for name, about in explorer.about.items() if not about.choices)
    explorer.set(**{first: explorer.about[first].high})  # at rest nothing runs
    explorer.clock.value = 50
    explorer.clock.value = 100  # labels have found their room
    whole, words = bytes(explorer.picture.value), explorer.words.value
    limits = [(ax.get_xlim(), ax.get_ylim()) for ax in explorer.canvas.figure.axes]
    computed = []
    compute, explorer._compute = explorer._compute, lambda **v: computed.append(v)
    ticks = [ax.get_xticks().tolist() for ax in explorer.canvas.figure.axes]
    for share in (0, 50):
        explorer.clock.value = share
        assert bytes(explorer.picture.value) != whole
        assert limits == [(ax.get_xlim(), ax.get_ylim()) for ax in explorer.canvas.figure.axes]
        assert ticks == [ax.get_xticks().tolist() for ax in explorer.canvas.figure.axes]
    assert computed == []  # a run is shown, not made again
    explorer._compute = compute
    assert explorer.words.value == words
    explorer.clock.value = 100
    assert bytes(explorer.picture.value) == whole
    explorer.reset()


@pytest.mark.parametrize(
    ("make", "name"), [(cue.bench, "long"), (lambda: pore.transport(side=64), "hours")]
)
def test_a_control_that_is_time_is_played(make, name):
    explorer = make()
    slider = explorer.controls[name]
    play, step = player.driven(slider, "time").children[:2]
    play.value = 0
    assert slider.value == slider.min
    step.click()
    assert slider.min < slider.value < slider.min + (slider.max - slider.min) / 20
    play.value = play.max
    assert slider.value == slider.max
    explorer.states = {n: [explorer.about[n].value] for n in explorer.states}  # one to draw
    kinds = {c["name"]: c["kind"] for c in states.states(explorer)["controls"]}
    assert kinds.get(name, "time") == "time"


def test_a_state_that_is_kept_stands_beside_the_next_on_the_same_axes():
    explorer = profile.profile().beside()
    assert explorer._place.layout.display is None
    said = explorer._said
    explorer.set(root_beta=0.99)
    assert explorer.words.value.endswith(f"Kept beside it: {said}</p>")
    assert explorer.canvas.grown  # the deep soil needs more room, and the kept one shows that
    explorer.canvas.draw(explorer._kept[0])
    assert bytes(explorer.other.value) == explorer.canvas.png(ghost=False)
    explorer.keep.value = False
    assert "Kept" not in explorer.words.value
    explorer.reset()
    assert explorer.keep.value  # as it began


@pytest.mark.parametrize("name", ["levels", "bench", "side_by_side", "one", "turn", "first_look"])
def test_axes_that_are_used_again_show_what_new_ones_would(name):
    explorer = EVERY[name]()
    control, about = next(
        (explorer.controls[n], a) for n, a in explorer.about.items() if not a.choices
    )
    control.value = about.high
    again = explorer.canvas.twin()
    again.draw(explorer.result)
    for old, new in zip(explorer.canvas.figure.axes, again.figure.axes, strict=True):
        drawn = [
            [type(artist) for artist in ax.get_children() if not isinstance(artist, Text)]
            for ax in (old, new)
        ]
        assert drawn[0] == drawn[1]
        assert [t.get_text() for t in old.texts] == [t.get_text() for t in new.texts]
        for one, other in zip(old.lines, new.lines, strict=True):
            assert np.array_equal(one.get_xydata(), other.get_xydata(), equal_nan=True)
            assert one.get_color() == other.get_color()
