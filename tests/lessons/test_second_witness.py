"""Radiocarbon as a second witness: what the study counts, keeps and draws."""

import numpy as np
import pytest

from soilnb.claims import baseline
from soilnb.explore import assimilation as explorers
from soilnb.figures import assimilation as figures
from soilnb.figures import style
from soilnb.lessons import second_witness as lesson
from soilnb.profile import clm5, compas


@pytest.fixture(scope="module")
def rows():
    """Two profiles of each kind, short chains."""
    with pytest.MonkeyPatch.context() as patch:
        few = {"warmup": 100, "steps": 200, "samples": 50, "prior_draws": 100}
        patch.setitem(lesson.LENGTHS, "quick", few)
        patch.setitem(lesson.KNOWN, "quick", 2)
        patch.setitem(lesson.MEASURED, "quick", 2)
        return lesson.study().rows


def test_each_profile_is_heard_with_one_witness_and_with_two(rows):
    counts = rows.groupby(["profiles", "model", "witness", "name"]).size()
    assert (counts == 2).all()
    assert set(rows["model"]) == set(lesson.MODELS)
    assert set(rows["witness"]) == set(lesson.WITNESSES)
    assert rows[rows["profiles"] == "known truth"]["covered"].isin([0.0, 1.0]).all()
    assert rows[rows["profiles"] == "measured"]["covered"].isna().all()
    told = rows["radiocarbon_rmse"].notna()
    assert (told == (rows["witness"] == "with radiocarbon")).all()


def test_what_is_kept_is_what_is_read(rows, monkeypatch, tmp_path):
    monkeypatch.setattr(baseline, "file", lambda name: tmp_path / f"{name}.json")
    lesson.keep(rows, made="two made-up profiles", data="synthetic", size="quick")
    table, fitted, note = lesson.full()
    assert note == "two made-up profiles, kept"
    own = lesson.informed(rows)
    np.testing.assert_allclose(table[0.5], own[0.5].reindex(table.index), rtol=1e-3)
    assert (table["number"] == 2).all()
    assert list(fitted.index) == list(lesson.fits(rows).index)
    narrower = lesson.sharpened(table)
    assert (narrower["carbon"] - narrower["with radiocarbon"] >= 0.1).all()


def test_the_figures_show_both_models(rows):
    shown = lesson.shown(lesson.informed(rows))
    figure = figures.narrowed(shown)
    assert style.panels(figure) == "ab"
    ticks = [t.get_text() for ax in figure.axes for t in ax.get_yticklabels()]
    assert not {*compas.NAMES, *clm5.NAMES}.intersection(ticks)
    labels = figure.axes[0].get_legend_handles_labels()[1]
    made_up = [text for text in labels if "truth" in text]
    assert len(made_up) == 2
    assert all("synthetic" in text for text in made_up)
    assert shown.groupby(["profiles", "model"]).size().eq(lesson.ROWS).all()
    delta, kind = lesson.by_year()
    drawn = figures.by_depth(delta, data=kind)
    assert style.panels(drawn) == "ab"
    lines = drawn.axes[0].get_lines()
    np.testing.assert_array_equal(lines[0].get_xdata(), delta[0, 0])


def test_a_pool_of_the_explorer_may_have_two_turnover_times():
    found = explorers.in_the_air("10", 2015)
    assert style.panels(figures.pool_and_air(found)) == "ab"
    pools = found["pools"].values
    here = np.interp(np.log(10), np.log(found["pools"]["turnover"]), pools)
    assert (np.diff(np.sign(pools - here)) != 0).sum() == 2
