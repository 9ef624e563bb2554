"""The explorer of notebook 50: what a reader moves, sees and reads."""

import numpy as np
import pytest

from soilnb.explore import pore_to_planet as explorers
from soilnb.parameters import InputError
from soilnb.profile import compas, forcing


@pytest.fixture
def explorer():
    return explorers.explorer()


def test_litter_rich_in_nitrogen_raises_cue_and_lowers_the_carbon(explorer):
    before = explorer.updates
    poor = explorer.set(cn=100.0).result
    rich = explorer.set(cn=25.0).result
    assert 1 <= explorer.updates - before <= 2
    assert np.median(rich["cue"]) > np.median(poor["cue"]) + 0.1
    assert np.median(rich["stock"]) < np.median(poor["stock"])
    assert "C/N 25 and 10 % exposed: CUE 0.5" in explorer.words.value
    assert "Speculative" in explorer.words.value


def test_in_the_cold_living_microbes_outweigh_what_minerals_lose():
    found = {cn: explorers.hand_over(cn, 0.1, "permafrost")["stock"] for cn in (25.0, 100.0)}
    assert np.median(found[25.0]) > np.median(found[100.0])


def test_a_draw_is_a_run_of_compas_with_its_cue():
    found = explorers.hand_over(60.0, 0.2, "boreal")
    run = compas.steady_state({"eta_doc": found["cue"][7]}, forcing.example("boreal"))
    assert found["soc"].sel(draw=7).values == pytest.approx(run["soc"].values)
    assert found["stock"][7] == pytest.approx(float(run["stock"].sel(to_depth=1.0)))
    assert found["published_stock"] == pytest.approx(
        float(compas.steady_state("tao2024", forcing.example("boreal"))["stock"].sel(to_depth=1.0))
    )


def test_the_sliders_stay_inside_the_runs_and_the_function_refuses_the_rest(explorer):
    emulator, _ = explorers.emulators()
    for name in ("cn", "exposed"):
        low, high = emulator.ranges[name]
        slider = explorer.controls[name]
        assert low <= slider.min < slider.max <= high + 1e-9
        for end in (slider.min, slider.max):
            explorer.set(**{name: end})
            assert explorer.result[name] == pytest.approx(end)
    with pytest.raises(InputError, match=r"exposed = 0\.9: allowed"):
        explorers.hand_over(exposed=0.9)
    with pytest.raises(InputError, match="example 'moon'"):
        explorers.hand_over(site="moon")


def test_no_steady_state_is_said_in_words():
    found = explorers.hand_over() | {"stock": np.full(3, np.nan)}
    assert "no steady state" in explorers._say(found)
