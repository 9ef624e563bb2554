"""Radiocarbon as a second witness: what the study counts, keeps and draws."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilnb import proda
from soilnb.claims import baseline
from soilnb.explore import assimilation as explorers
from soilnb.figures import assimilation as figures
from soilnb.figures import style
from soilnb.lessons.globe import second_witness as lesson
from soilnb.profile import clm5, compas

#: Turnover times of three pits.
PITS = pd.DataFrame(np.outer([1.0, 2.0, 4.0], [10, 20, 50, 80, 90]), list("abc"), lesson.slabs())


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
    times = lesson.persistence({("a model", "carbon"): PITS / 2}, PITS)
    lesson.write(rows, times, made="two made-up profiles", data="synthetic", size="quick")
    table, fitted, note = lesson.full()
    np.testing.assert_allclose(lesson.kept_times()[0], times, rtol=1e-3)
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


def test_turnover_times_are_compared_where_a_pit_has_both():
    others = PITS.drop(index="c") / 2
    found = lesson.persistence({("a model", "carbon"): others}, PITS)
    assert found.loc[(lesson.PITS, "", "0–20 cm"), 0.5] == pytest.approx(20.0)
    mine = found.loc[("a model", "carbon", "0–20 cm")]
    assert mine[0.5] == pytest.approx(np.sqrt(5 * 10))  # of the two, in the middle of logarithms
    assert mine["number"] == 2
    assert mine["r"] == pytest.approx(1.0)
    figure = figures.stays(found)
    drawn = figure.axes[0].get_lines()
    np.testing.assert_allclose(drawn[0].get_xdata(), PITS.loc["b"])
    np.testing.assert_allclose(drawn[1].get_xdata(), np.sqrt(2) / 4 * PITS.loc["b"])


def test_carbon_stays_as_long_as_the_model_says_for_the_parameters_of_a_profile(monkeypatch):
    """A slab's time lies between those of its layers, and grows with depth."""
    monkeypatch.setitem(lesson.MEASURED, "quick", 2)
    study = lesson.study()
    numbers = [[clm5.PARAMETER_SETS["tao2024"][name] for name in clm5.NAMES]] * 2
    of = (("profile", "parameter"), numbers)
    coords = {"profile": study.profiles["profile"].values, "parameter": list(clm5.NAMES)}
    found = xr.Dataset({"estimate": of, "reason": ("profile", ["", ""])}, coords)
    years = study.stays(found, "CLM5", "carbon")
    place = proda.observations.forcing_at(study.profiles).isel(site=[0])
    ages = clm5.MODEL.ages(place, "tao2024")["turnover_time"].squeeze()
    assert list(years) == lesson.slabs()
    first = years.iloc[0]
    assert float(ages[0]) < first.iloc[0] < float(ages[4])
    assert (np.diff(first) > 0).all()


def test_a_pool_of_the_explorer_may_have_two_turnover_times():
    found = explorers.in_the_air("10", 2015)
    assert style.panels(figures.pool_and_air(found)) == "ab"
    pools = found["pools"].values
    here = np.interp(np.log(10), np.log(found["pools"]["turnover"]), pools)
    assert (np.diff(np.sign(pools - here)) != 0).sum() == 2
