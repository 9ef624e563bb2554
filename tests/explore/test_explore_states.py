"""States of explorers for the built book: what is kept, how, and what is refused."""

import json
import re

import pytest

from soilnb import panels
from soilnb.explore import Control, Explorer, Prediction, pools
from soilnb.explore.base import states
from soilnb.figures import style
from soilnb.parameters import InputError


@pytest.fixture(scope="module")
def explorer():
    return pools.first_look()


@pytest.fixture(scope="module")
def found(explorer):
    return states.states(explorer)


def picture(found, key):
    """The text of ground and layer of a state, as the page puts it together."""
    return ["\n".join(found["lines"][i] for i in found["pictures"][n])
            for n in found["states"][key][:2]]  # fmt: skip


def where(found, **values):
    """The key of a state."""
    return ",".join(
        str(c["stops"].index(values[c["name"]]) if c["name"] in values else c["start"])
        for c in found["controls"]
    )


def test_every_state_of_the_grid_is_there_with_what_the_explorer_says(explorer, found):
    stops = [len(control["stops"]) for control in found["controls"]]
    assert len(found["states"]) == stops[0] * stops[1] * stops[2]
    start = found["states"][where(found)]
    assert start[-1] == explorer.look(**explorer.values)[1]
    warm = found["states"][where(found, temperature=25.0)]
    assert warm[-1] == explorer.look(**{**explorer.values, "temperature": 25.0})[1]
    assert warm[-1] != start[-1]


@pytest.mark.parametrize("values", [[0.5, 1.5], [-0.1]])
def test_a_state_beyond_the_slider_is_refused_when_the_explorer_is_made(values):
    controls = {"share": Control("share", 0.5, 0.0, 1.0)}
    with pytest.raises(InputError, match="allowed 0 to 1"):
        Explorer(
            controls, dict, style.frame(2, 2)(lambda figure: None), "", states={"share": values}
        )


def test_states_lie_on_the_same_axes_and_differ_in_their_layer(found):
    assert {state[0] for state in found["states"].values()} == {found["states"][where(found)][0]}
    cold, warm = (picture(found, where(found, temperature=t)) for t in (5.0, 25.0))
    assert cold[0] == warm[0]
    assert cold[1] != warm[1]


def test_a_panel_is_narrow_enough_for_a_phone(explorer, found):
    assert explorer.canvas.figure.get_size_inches()[0] > panels.WIDEST
    assert found["size"][0] == round(72 * panels.WIDEST)


def test_a_layer_draws_the_numbers_of_its_state(explorer, found):
    ground, layer = picture(found, where(found, temperature=25.0))
    carbon = explorer.look(**{**explorer.values, "temperature": 25.0})[0]["carbon"]
    written = re.findall(r">\s*([\d.]+)\s*</text>", layer)
    assert {f"{float(value):.2f}" for value in carbon} <= set(written)
    assert "carbon (kg C m" in ground
    assert "carbon (kg C m" not in layer


def test_what_states_share_is_kept_once(found):
    whole = sum(len(line) for n in found["pictures"] for line in (found["lines"][i] for i in n))
    assert len(json.dumps(found)) < whole / 2
    assert len(set(found["lines"])) == len(found["lines"])


def asking(compute, values=(0.0, 1.0)):
    @style.frame(3, 2)
    def draw(figure, result):
        figure.subplots().plot([0, 1], [0, result])

    return Explorer(
        {"x": Control("x (1)", 0.5), "y": Control("y (1)", 0.5)}, compute, draw, str,
        prediction=Prediction("Up?", ("yes", "no"), "Look.", "So.", answer="yes"),
        states={"x": values},
    )  # fmt: skip


def test_the_start_is_one_of_the_stops_and_other_controls_are_counted():
    found = states.states(asking(lambda x, y: x + y))
    [control] = found["controls"]
    assert control["stops"] == [0.0, 0.5, 1.0]
    assert control["texts"][control["start"]] == "0.5"
    assert found["others"] == 1
    assert found["predict"]["answer"] == "yes"


def test_a_state_that_the_model_does_not_have_is_said():
    def compute(x, y):
        if x > 0.9:
            raise InputError("x: allowed up to 0.9")
        return x

    found = states.states(asking(compute))
    assert found["states"]["2"] == ["x: allowed up to 0.9"]
    assert len(found["states"]["0"]) == 3


def test_axes_that_a_state_in_the_middle_leaves_are_wide_for_all():
    # At both ends the line is flat; what lies between would leave the axes of the ends.
    found = states.states(asking(lambda x, y: 100 * x * (1 - x) + 1, (0.0, 0.25, 0.75, 1.0)))
    assert len({state[0] for state in found["states"].values()}) == 1


def run_under_way(monkeypatch, folder):
    monkeypatch.setenv("SOILNB_RUN_DIR", str(folder))
    monkeypatch.setenv("SOILNB_RUN_NOTEBOOK", "22_diagnosed_cue")


def test_a_run_keeps_the_states_of_what_it_shows(monkeypatch, tmp_path):
    explorer = asking(lambda x, y: x)
    assert "text/html" not in explorer._repr_mimebundle_()  # opened by hand
    run_under_way(monkeypatch, tmp_path)
    html = [explorer._repr_mimebundle_()["text/html"] for _ in range(2)]
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "22_diagnosed_cue-1.explorer.json",
        "22_diagnosed_cue-2.explorer.json",
    ]
    assert 'data-explorer="22_diagnosed_cue-1"' in html[0]
    assert 'src="../explorers/22_diagnosed_cue-2.js"' in html[1]
    kept = json.loads((tmp_path / "22_diagnosed_cue-1.explorer.json").read_text(encoding="utf-8"))
    assert kept == states.states(explorer)


def test_states_larger_than_a_page_may_be_are_refused(monkeypatch, tmp_path):
    run_under_way(monkeypatch, tmp_path)
    monkeypatch.setattr(states, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match=r"22_diagnosed_cue-1: .* MB of states"):
        states.record(asking(lambda x, y: x))
    assert list(tmp_path.iterdir()) == []
