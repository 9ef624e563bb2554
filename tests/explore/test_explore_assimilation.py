"""The live explorer of site assimilation, and the figures that the notebook draws."""

import numpy as np
import pandas as pd
import pytest

from soilnb import proda
from soilnb.explore import assimilation as explorers
from soilnb.figures import assimilation as drawings
from soilnb.figures import style, tao2024
from soilnb.parameters import InputError
from soilnb.proda.observations import twin_profiles
from soilnb.proda.recovery import RANKS
from soilnb.profile import clm5


@pytest.fixture(scope="module")
def pits():
    return twin_profiles(count=30).isel(profile=slice(0, 3))


@pytest.fixture(scope="module")
def one(pits):
    lengths = {"warmup": 1000, "steps": 2000, "samples": 200}
    return proda.assimilate(pits.isel(profile=0), "clm5", progress=False, **lengths)


def test_a_move_assimilates_anew_and_says_what_became_known(pits):
    explorer = explorers.one_profile(pits)
    assert "COMPAS: Nash–Sutcliffe" in explorer.words.value
    _, found, shrinkage = explorer.result
    layers = int(pits["layers"][0])
    assert found.sizes["horizon"] == layers
    assert f"on {layers} layers" in explorer.words.value
    known = set(shrinkage[shrinkage > 0.3].index)
    assert all(name in explorer.words.value for name in known)
    explorer.set(model="CLM5", horizons=2)
    assert explorer.updates == 2
    assert explorer.result[1].sizes["horizon"] == 2
    assert list(explorer.result[2].index) == list(clm5.NAMES)


def test_heavier_data_narrow_the_band_of_modelled_carbon(pits):
    explorer = explorers.one_profile(pits)
    width = {}
    for trust in (-2.0, 1.0):
        found = explorer.set(model="CLM5", trust=trust).result[1]
        band = found["posterior"].sel(level=0.95) - found["posterior"].sel(level=0.05)
        width[trust] = float(band.isel(layer=slice(0, 8)).mean())
    assert width[1.0] < 0.7 * width[-2.0]


def test_an_unknown_model_is_refused_in_one_line(pits):
    with pytest.raises(InputError, match="model 'CENTURY': allowed COMPAS, CLM5"):
        explorers.profile(pits.isel(profile=0), None, "CENTURY")


def test_bands_and_shrinkage_are_those_of_the_posterior(one):
    found = explorers.bands(one)
    soc = one.posterior_predictive["soc"]
    expected = np.quantile(soc.values.reshape(-1, 20), 0.5, axis=0)
    assert np.allclose(found["posterior"].sel(level=0.5), expected)
    narrower = explorers.shrinkage(one)
    spread = one.posterior["q10"].values.std(ddof=1)
    prior = float(one["profile"]["prior_sd"].sel(parameter="q10"))
    assert narrower["q10"] == pytest.approx(1 - spread / prior)


def test_figures_show_both_models_and_every_parameter(one):
    found = explorers.bands(one)
    both = drawings.fit({"CLM5": found, "COMPAS": found})
    assert [ax.get_title(loc="left") for ax in both.axes] == ["CLM5", "COMPAS"]
    points = both.axes[0].lines[-1]
    assert len(points.get_xdata()) == found.sizes["horizon"]
    bars = drawings.informed({"CLM5": explorers.shrinkage(one)}).axes[0]
    assert len(bars.patches) == len(clm5.NAMES)
    draws = clm5.to_unit({p: one.posterior[p].values.ravel() for p in clm5.NAMES})
    violins = tao2024.figS2({"CLM5": (draws, list(clm5.NAMES), clm5.to_unit("tao2024"))})
    assert style.panels(violins) == "a"
    assert len(violins.axes[0].get_xticks()) == len(clm5.NAMES)


def test_ranks_are_drawn_with_the_range_of_flat_histograms():
    rng = np.random.default_rng(0)
    flat = pd.DataFrame({"a": rng.integers(0, RANKS + 1, 100), "b": np.zeros(100, int)})
    figure = drawings.ranks(flat, RANKS)
    even, uneven = figure.axes[:2]
    heights = [patch.get_height() for patch in uneven.patches if patch.get_width() < 0.5]
    assert max(heights) == 100  # all ranks in one bin stand out
    assert max(p.get_height() for p in even.patches if p.get_width() < 0.5) < 30


def test_coverage_stands_on_an_axis_in_percent():
    figure = drawings.recovery(pd.Series({"b": 0.9, "q10": 0.5}), count=50)
    ax = figure.axes[0]
    assert ax.get_xlim()[0] <= 45
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$b$", "$Q_{10}$"]
    assert "50 synthetic profiles" in ax.get_xlabel()
