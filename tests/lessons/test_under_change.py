"""A changed century: what the study says must follow from its runs, and be true of simple soils."""

import warnings

import numpy as np
import pandas as pd
import pytest

from soilnb.explore import under_change as explorers
from soilnb.figures import style
from soilnb.figures import under_change as figures
from soilnb.lessons.globe import under_change as lesson
from soilnb.profile import clm5, forcing, icbm
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.model import boxes


@pytest.fixture(scope="module")
def runs():
    """One place, few draws, short chains."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(lesson.LENGTHS, "quick", {"warmup": 100, "steps": 200, "samples": 50})
        patch.setitem(lesson.DRAWS, "quick", 2)
        return lesson.study(number=1).runs


def test_in_a_linear_model_the_litter_on_top_leaves_what_the_model_gains():
    """Priming is what differs from this: zero in CLM5, by an exponential and by a run."""
    place = forcing.example("temperate")
    litter = float(place["litter_input"].sum())
    grow = (np.arange(960) + 0.5) / 960
    series = {"time": np.arange(960) / 12, "litter_input": litter * (1 + 0.2 * grow)}
    run = clm5.simulate("tao2024", place, [0.0, 80.0], drivers=series)
    held = lesson.left_behind(clm5.MODEL, place, "tao2024")
    assert float(run["total"][1] - run["total"][0]) == pytest.approx(held, rel=1e-4)


def test_what_litter_leaves_behind_in_one_pool_is_the_formula():
    """x' = -k x + s t / 80: the young pool of ICBM, without what becomes old."""
    k, on_top = 0.8, 0.2 * 200.0
    young = on_top / 80 * (80 / k - (1 - np.exp(-k * 80)) / k**2)
    none = {"humification": 0.0}
    assert lesson.left_behind(icbm.MODEL, {"npp": 200.0}, none) == pytest.approx(young, rel=1e-9)


def test_every_model_answers_at_every_place(runs):
    assert set(runs["model"]) == {*lesson.ARMS, *lesson.BOXES}
    assert set(runs[runs["draws"] == "prior"]["model"]) == set(lesson.ARMS)
    assert (runs["stock"] > 0).all()
    assert np.isfinite(runs[list(lesson.SCENARIOS)]).all().all()
    ends = [path["warmer"][-1] for path in runs["path"]]
    np.testing.assert_array_equal(ends, runs["warmer"])
    linear = runs["model"].isin(["RothC", "CLM5"]) & (runs["draws"] != "prior")
    assert (runs[linear]["primed"].dropna() == 0).all()


def test_a_draw_that_no_soil_can_hold_runs_and_is_told():
    """Deep wood that decays 1e-200 times as fast as above: no warning of 1e+200 g C m-3."""
    place = kernel_forcing.prepare(forcing.example("temperate"))
    default = clm5.PARAMETER_SETS["tao2024"]
    draws = {name: np.full(2, default[name]) for name in clm5.MODEL.names}
    draws["efolding"][1], draws["b"][1] = 0.0154, 0.998
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = pd.DataFrame(lesson._layered(0, "CLM5", "prior", draws, place))
    assert rows["plausible"].tolist() == [True, False]
    assert np.isfinite(rows[list(lesson.SCENARIOS)]).all().all()
    assert "1 of 2 runs of the prior" in lesson.beyond_soil(rows)


def test_a_linear_soil_gains_by_litter_and_loses_by_warmth(runs):
    """That of microbes may lose by litter, too: draws of COMPAS do."""
    linear = runs[runs["model"].isin(["CLM5", "RothC"])]
    assert (linear["more litter"] > 0).all()
    assert (linear["warmer"] < 0).all()


def test_pairs_that_are_the_same_agree_and_opposites_do_not():
    rows = [
        {"place": k, "model": m, "draws": "one", "stock": 5.0 + k, "warmer": sign * (1.0 + k % 3)}
        for m, sign in (("a", 1), ("b", 1), ("c", -1))
        for k in range(6)
    ]
    found = lesson.agreement(pd.DataFrame(rows))
    assert found.loc[("a", "b")].tolist() == pytest.approx([6, 1, 1, 1, 1, 1])
    assert found.loc[("a", "c")].tolist() == pytest.approx([6, 1, -1, 1, 0, 0])


def test_tables_and_figures_say_what_the_runs_say(runs):
    other = runs.assign(place=1, stock=1.3 * runs["stock"], warmer=0.8 * runs["warmer"])
    runs = pd.concat([runs, other])
    table, over = lesson.places(runs), lesson.paths(runs)
    wet = table.set_index(["place", "model", "draws"]).loc[(0, "RothC", "one")]
    assert wet["warmer"] == runs[(runs["place"] == 0) & (runs["model"] == "RothC")]["warmer"].item()
    assert (over.isel(time=0) == 0).all()
    assert (lesson.spread(table) >= 0).all().all()
    assert lesson.changes(table).shape == (7, 5)
    assert style.panels(figures.century(over)) == "abc"
    shown = figures.today_and_then(table, "CLM5", "COMPAS, tied enzymes")
    assert style.panels(shown) == "ab"
    assert len(figures.spreads(lesson.spread(table)).axes[0].patches) == 15
    figures.priming(table)


def test_the_kept_runs_are_as_their_own_table_says():
    table, over, note = lesson.full()
    assert table["place"].nunique() >= 100
    assert "kept" in note
    for model in over["model"].values:
        one = table[(table["model"] == model) & (table["draws"] != "prior")]
        middle = float(over.sel(model=model, scenario="more litter", quantile=0.5)[-1])
        assert one["more litter"].quantile(0.1) < middle < one["more litter"].quantile(0.9)


def test_the_explorer_follows_the_litter_and_says_the_end():
    more, less = explorers.paths(0.0, 130.0), explorers.paths(0.0, 70.0)
    assert set(more) == {"CLM5", "COMPAS", boxes()["mimics"].name, boxes()["rothc"].name}
    assert all(float(more[name][-1]) > 0 > float(less[name][-1]) for name in more)
    said = explorers._say(more)
    assert said.startswith("Carbon in 2100")
