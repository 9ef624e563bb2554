"""The explorer and the figures of notebook 16: moved, drawn and said from the kept runs."""

import numpy as np
import pytest

from soilnb.claims import emulated, matching
from soilnb.explore import matching as explorers
from soilnb.figures.rotzer2025 import matching as figures
from soilnb.lessons.pore import what_was_not_printed as lesson
from soilnb.parameters import InputError


@pytest.fixture(scope="module")
def world():
    return explorers.world()


def test_it_says_of_a_point_what_the_emulator_says(world):
    at = world.points.index[5]
    said = explorers.answer(**world.points.loc[at].to_dict())
    assert set(said["side"]) == {"match"}
    assert said["off"].abs().to_numpy() == pytest.approx(world.off.loc[at, said.index].to_numpy())
    mean = world.said["mean"].loc[at, "bio-eq"]
    assert said.loc["bio-eq", "value"] == pytest.approx(np.exp(mean))


def test_held_out_numbers_are_shown_when_asked_for(world):
    both = explorers.answer("the held-out numbers, too")
    assert set(both.index) == set(world.numbers.index) & set(figures.WORDS)
    assert {"match", "held out"} == set(both["side"])
    assert set(both[both["side"] == "held out"].index) <= set(matching.held_out())
    figure = figures.at_a_point(both)
    assert len(figure.axes[0].get_yticks()) == len(set(both.index) & set(figures.WORDS))


def test_the_words_name_what_lies_farthest_off():
    said = explorers.answer().assign(off=0.0)
    assert "not ruled out" in explorers.say(said)
    said.loc["n-leak", "off"] = -7.2
    said.loc["bio-eq", "off"] = 3.1
    words = explorers.say(said)
    assert ": ruled out." in words
    assert "leak of N, ratio (7.2), biomass (3.1)" in words
    assert f"{len(said) - 2} of {len(said)}" in words


def test_a_wider_unit_of_d_spreads_exudates_farther():
    explorer = explorers.explorer()
    near = explorer.set(diffusion="cm2").result
    far = explorer.set(diffusion="m2").result
    assert far.loc["exudate-reach", "value"] > 2 * near.loc["exudate-reach", "value"]
    assert "matched numbers are within" in explorer.words.value


@pytest.mark.parametrize(
    ("change", "says"),
    [({"diffusion": "km2"}, "diffusion"), ({"break_factor": 9.0}, "break_factor"),
     ({"shown": "all"}, "shown"), ({"colour": "red"}, "choice")],
)  # fmt: skip
def test_what_is_no_choice_is_refused(change, says):
    with pytest.raises(InputError, match=says):
        explorers.answer(**change)


def test_the_figures_show_the_tables(world):
    effects = emulated.main_effects(world.points, world.said)
    drawn = figures.effects(effects).axes[0].images[0].get_array()
    assert drawn.shape[1] == len(matching.choices())
    assert 0 <= drawn.min() <= drawn.max() <= 1
    shares = emulated.shares(world.points, world.weight)
    panels = [ax for ax in figures.left(shares).axes if ax.patches]
    heights = [[bar.get_height() for bar in ax.patches] for ax in panels]
    assert len(panels) == len(matching.choices())
    assert [sum(each) for each in heights] == pytest.approx([1.0] * len(panels))
    reached = lesson.reached(world)
    ax = figures.reached(reached).axes[0]
    ticks = [line.get_xdata() for line in ax.lines if line.get_marker() == "|"]
    assert sum(len(x) for x in ticks) >= sum(map(len, reached["runs"].reindex(figures.WORDS)))


def test_what_is_printed_has_a_reach_and_what_is_less_sure_rules_out_less(world):
    reached = lesson.reached(world)
    assert (reached["low"] <= reached["high"]).all()
    assert reached.loc["bio-eq", "default"] == pytest.approx(0.88, abs=0.01)
    assert lesson.noisier(world, 3.0) <= lesson.noisier(world, 0.0)
    shared = lesson.together(world, ["exudate-reach", "n-leak"])["share of the points"]
    assert shared["all at once"] <= shared.min()
    top = lesson.best(world, 3)["weight"]
    assert top.is_monotonic_decreasing
    assert top.iloc[0] == world.weight.max()


def test_settings_that_were_run_before_are_where_the_emulator_says(world):
    known = lesson.known(world)
    assert {"default", "ungated", "faster-diffusion"} <= set(known.index.get_level_values(0))
    assert (known["off"].abs() < 3).mean() > 0.9
    one = known.loc[("default", "bio-eq")]
    assert one["run"] == pytest.approx(0.0132, abs=1e-4)


def test_presets_are_scored_beside_chance_on_what_all_of_them_have(world):
    scores = lesson.scores(world)
    assert scores["of"].nunique() == 1
    for which in ("random", "likely"):
        worst, best = (scores.loc[f"the {w} {which} one", "hits"] for w in ("worst", "best"))
        mean = scores.filter(regex=f"{which} points", axis=0)["hits"].item()
        assert worst <= mean <= best
    assert (scores["hits"] <= scores["of"]).all()


def test_the_first_wave_foresees_the_second():
    found = lesson.foreseen()
    assert found["points"].max() == len(lesson.second_wave()[0]) >= 60
    assert found["inside"].mean() > 0.85
    assert not set(found.index) & {"ten-co2", "cn10-plateau"}  # no run of the first has them


def test_likely_points_are_judged_by_runs_of_their_own(world, monkeypatch):
    table = lesson.again(world)
    assert table.index[0] == "likely point 1"
    assert {"preset default", "preset literal"} <= set(table.index)
    assert (table["hits"] <= table["of"]).all()
    far = table.loc["preset default"]
    assert (far["farthest"], far["ruled out"]) == ("reach of exudates", False)
    printed = matching.expected()
    as_printed = dict.fromkeys(lesson.second_wave()[1], np.nan) | printed
    points, values = lesson.second_wave()
    values = values.head(1).assign(**{n: as_printed[n] for n in values})
    monkeypatch.setattr(lesson, "second_wave", lambda: (points.head(1), values))
    first = lesson.again(world).loc["likely point 1"]
    assert (first["off"], first["ruled out"], first["hits"]) == (0.0, False, first["of"])
    values["exudate-reach"], values["bio-eq"] = 1.0, 0.1
    assert lesson.again(world).loc["likely point 1", "ruled out"]


def test_the_emulator_foresees_the_unit_of_d_as_a_direct_run_has_it():
    near, far = lesson.spread(1.94e-10), lesson.spread(1.94e-6)
    assert 10 < near < 25
    assert 30 < far <= 48  # an even spread on 192 µm
    assert "points of the first wave" in lesson.rests_on()
