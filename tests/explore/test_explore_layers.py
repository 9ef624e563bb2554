"""Explorers of the layered models: what a reader moves, sees and reads."""

import numpy as np
import pytest
import xarray as xr

from soilnb.explore import layers as explorers
from soilnb.figures import layers, style, tao2023, tao2024
from soilnb.profile import clm5, compas, forcing


@pytest.fixture(scope="module")
def grid():
    return explorers.turnover_grid()


def test_twice_the_litter_doubles_clm5_and_leaves_the_soil_of_compas():
    explorer = explorers.two_columns()
    before = explorer.result
    after = explorer.set(litter=200.0).result
    assert explorer.updates == 2
    ratio = (after["stock"] / before["stock"]).sel(to_depth=1.0)
    assert float(ratio.sel(model="CLM5")) == pytest.approx(2.0, rel=1e-12)
    assert 1.0 < float(ratio.sel(model="COMPAS")) < 1.2  # microbes and enzymes only
    assert f"{float(after['stock'].sel(model='CLM5', to_depth=1.0)):.1f} kg" in explorer.words.value


def test_a_column_without_steady_state_is_said_in_words():
    found = explorers.both_models()
    found["feasible"].loc[{"model": "COMPAS"}] = False
    assert "COMPAS: no steady state" in explorers._say_columns(found)


def test_the_step_closes_its_books_and_says_both_ends():
    explorer = explorers.warming()
    assert "CLM5 +0.0 % after 10 years" in explorer.words.value  # no answer before a move, no -0
    explorer.set(warming=2.0)
    for run in explorer.result.values():
        gained = run["total"] - run["total"][0]
        booked = run["cumulative_input"] - run["cumulative_respiration"]
        assert float(np.abs(gained - booked).max() / run["total"][0]) < 1e-9
    assert "CLM5 -" in explorer.words.value
    still = explorers.change(warming=0.0, litter=100.0, years=50.0)
    for run in still.values():
        assert float(np.abs(run["total"] / run["total"][0] - 1).max()) < 1e-7


def test_the_sentence_on_cue_follows_the_curve():
    explorer = explorers.pathways()
    assert "falls" in explorer.set(tau_mic=0.2, tau_enz=0.1).words.value
    assert ", within the papers" in explorer.words.value
    assert "rises all the way" in explorer.set(tau_mic=5.0, tau_enz=1.0).words.value
    assert "more than the 10 %" in explorer.words.value
    assert "no steady state" in explorer.set(tau_mic=0.1, tau_enz=0.01).words.value


def test_the_grid_has_all_three_signs_and_no_positive_cell_within_the_rule(grid):
    sign, broken = grid["sign"], grid["broken"]
    assert float(sign.sel(tau_mic=0.5, tau_enz_decay=0.1)) == -1
    assert float(sign.sel(tau_mic=5.0, tau_enz_decay=1.0)) == 1
    assert (sign == 0).any()
    assert np.isnan(float(sign.sel(tau_mic=0.1, tau_enz_decay=0.01)))
    assert not ((sign == 1) & (broken == 0)).any()
    assert ((sign == -1) & (broken == 0)).any()


def test_the_sign_of_a_cell_is_that_of_its_curve(grid):
    for mic in grid["tau_mic"].values:
        for enz in grid["tau_enz_decay"].values:
            cell = grid.sel(tau_mic=mic, tau_enz_decay=enz)
            soc = cell["soc"].dropna("cue").values
            if len(soc) > 1 and float(cell["sign"]) != 0:
                assert np.sign(soc[-1] - soc[0]) == float(cell["sign"])


def test_structures_show_each_transfer_of_the_matrices_and_the_enzymes():
    for model in (clm5, compas):
        transfers = model.transfer_matrix()
        found = layers.links(transfers)
        moved = found.dropna(subset="share")
        assert len(moved) == int((transfers.values > 0).sum())
        for row in moved.itertuples():
            assert transfers.loc[row.target, row.source] == row.share
    kinds = dict(zip(found["target"] + "<" + found["source"], found["kind"], strict=True))
    assert kinds["mic<doc"] == "assimilation"
    assert kinds["doc<ml"] == "breakdown"
    assert kinds["enz<mic"] == "loss"
    assert kinds["msoc<enz"] == "catalysis"


def test_figures_have_the_panels_of_the_papers(grid):
    assert style.panels(tao2024.fig1(clm5.transfer_matrix(), compas.transfer_matrix())) == "ab"
    pathways = tao2023.fig1(compas.transfer_matrix())
    assert style.panels(pathways) == "ab"
    assert len(tao2023.figED2().axes[0].patches) == 2 * len(tao2023.STEPS)
    signs = [text.get_text() for text in tao2023.figED4(grid).axes[2].texts]
    assert signs.count("+") == int((grid["sign"] == 1).sum())
    assert signs.count("−") == int((grid["sign"] == -1).sum())


def test_profiles_reach_as_deep_as_asked():
    place = forcing.example("temperate")
    run = clm5.steady_state("default", place)
    drawn = layers.profiles(run["depth"].values, {"CLM5": run["soc"].values / 1000}, deepest=1.0)
    line = drawn.axes[0].lines[0]
    assert line.get_ydata()[-1] >= 1.0
    assert drawn.axes[0].get_ylim() == (1.0, 0.0)


def test_michaelis_constants_are_counted_in_the_legend():
    sites = xr.Dataset(
        {
            "decomposition": ("profile", [200.0, 500.0, 50.0, np.nan]),
            "assimilation": ("profile", [10.0, 1000.0, 2000.0, 3000.0]),
        }
    )
    labels = [text.get_text() for text in tao2024.fig5(sites).axes[0].get_legend().get_texts()]
    assert "67 % above 100, n = 3" in labels[0]
    assert "75 % above 100, n = 4" in labels[1]


def test_pools_stand_on_the_axes_of_matrices_by_name():
    parts = clm5.matrices("tao2024", forcing.example("temperate"))
    figure = layers.matrices({"A": parts.A, "V": parts.V, "B": parts.B})
    passed_on, mixed, entering = (ax for ax in figure.axes if ax.get_title(loc="left"))
    for axis in (passed_on.xaxis, passed_on.yaxis, entering.yaxis):
        words = [label.get_text() for label in axis.get_ticklabels()]
        assert words == [layers.NAMES[pool].replace("\n", " ") for pool in clm5.POOLS]
    assert [label.get_text() for label in mixed.get_yticklabels()] == ["1", "6", "11", "16"]
