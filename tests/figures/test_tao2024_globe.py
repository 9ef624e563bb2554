"""The global figures of Tao et al. (convergence): both models in one scale, letters, agreement."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import LogNorm

from soilnb.figures import style
from soilnb.figures.tao2024 import globe as drawings
from soilnb.proda import globe

HIDDEN = {"progress": False}


@pytest.fixture(scope="module")
def pair():
    cells = globe.planet("teaching", 10.0)
    return tuple(globe.maps("tao2024", cells, model, **HIDDEN) for model in ("clm5", "compas"))


@pytest.fixture(scope="module")
def zones(pair):
    return {
        model: globe.zonal(maps, 10.0, ["stock"])
        for model, maps in zip(("CLM5", "COMPAS"), pair, strict=True)
    }


@pytest.fixture(scope="module")
def table(pair):
    return globe.agreement(*pair)


def panel(figure, letter):
    return next(ax for ax in figure.axes if ax.get_gid() == f"panel-{letter}")


def said(ax):
    return " ".join(text.get_text() for text in ax.texts)


@pytest.mark.parametrize("draw", [drawings.fig2, drawings.fig3])
def test_both_models_have_their_stocks_in_the_same_colours(draw, pair, zones):
    figure = draw(*pair, zones, 0.51, note="made of air", data="synthetic")
    assert style.panels(figure) == "abc"
    meshes = [panel(figure, letter).collections[0] for letter in "ab"]
    for mesh, maps in zip(meshes, pair, strict=True):
        shown = mesh.get_array().compressed()
        stock = maps["stock"].sel(to_depth=1.0).values[maps["kept"].values]
        assert np.allclose(np.sort(shown), np.sort(stock))
    assert meshes[0].norm is meshes[1].norm
    note = figure._supxlabel.get_text()
    assert "r = 0.51" in note
    assert "synthetic" in note


def test_the_curves_are_the_zonal_means(pair, zones):
    ax = panel(drawings.fig2(*pair, zones, 0.0), "c")
    assert [line.get_label() for line in ax.lines] == ["CLM5", "COMPAS"]
    assert len({line.get_linestyle() for line in ax.lines}) == 2
    for line, zonal in zip(ax.lines, zones.values(), strict=True):
        mean = zonal["stock"].sel(to_depth=1.0, statistic="mean").values
        np.testing.assert_array_equal(line.get_xdata(), mean)
        np.testing.assert_array_equal(line.get_ydata(), zonal["latitude"])
    assert "kg C m" in ax.get_xlabel()


def test_the_components_have_eighteen_panels_and_their_correlations(pair, table):
    figure = drawings.fig4(*pair, table)
    assert style.panels(figure) == "abcdefghijklmnopqr"
    for letters, name, *_, logarithmic in drawings.COMPONENTS:
        one, other = (panel(figure, letter).collections[0] for letter in letters[:2])
        assert one.norm is other.norm, name
        assert isinstance(one.norm, LogNorm) == logarithmic
        against = panel(figure, letters[2])
        assert (against.get_xscale() == "log") == logarithmic
        assert against.get_xlim() == against.get_ylim()
        line = against.lines[0]
        np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
        r = table.loc[name, "r"]
        assert (f"r = {r:.2f}" if np.isfinite(r) else "does not vary") in said(against)
        counts = against.collections[0].get_array().sum()
        values = [maps[name].where(maps["kept"]).values for maps in pair]
        known = np.isfinite(values).all(axis=0)
        if logarithmic:
            known &= (np.array(values) > 0).all(axis=0)
        assert counts == known.sum()  # none falls off the panel


def test_an_unknown_correlation_is_not_shown_as_a_number(pair, table):
    unknown = table.assign(r=np.nan)
    figure = drawings.figS3(*pair, unknown)
    assert style.panels(figure) == "abc"
    assert "nan" not in said(panel(figure, "c"))


def test_profiles_are_shown_for_each_model(pair):
    rng = np.random.default_rng(0)
    places = pd.DataFrame(
        {"latitude": rng.uniform(-50, 70, 30), "longitude": rng.uniform(-150, 150, 30)}
    )
    tables = {
        "CLM5": places.assign(kept=np.arange(30) < 20),
        "COMPAS": places.assign(kept=np.arange(30) < 12),
    }
    figure = drawings.figS1(pair[0], tables)
    assert style.panels(figure) == "ab"
    for letter, count in (("a", 20), ("b", 12)):
        ax = panel(figure, letter)
        assert [len(line.get_xdata()) for line in ax.lines] == [30 - count, count]
        assert f"{count} of 30" in ax.get_title(loc="left")
    markers = {line.get_marker() for line in ax.lines}
    assert len(markers) == 2


def test_draws_with_the_same_carbon_stand_out():
    rows = pd.DataFrame(
        {
            "rate": np.geomspace(0.01, 1, 50),
            "transfer": np.linspace(0.1, 0.6, 50),
            "stock": np.linspace(5, 15, 50),
        }
    )
    figure = drawings.equifinal({"CLM5": rows, "COMPAS": rows[:10]}, 10.0, 0.1)
    every, same = figure.axes[0].lines
    assert len(every.get_xdata()) == 50
    expected = rows[rows["stock"].between(9, 11)]
    np.testing.assert_array_equal(same.get_xdata(), expected["rate"])
    assert f"({len(expected)})" in same.get_label()
    assert len(figure.axes[1].lines[1].get_xdata()) == 0


def test_cells_beyond_the_scale_lie_on_its_edge(pair, zones):
    figure = drawings.meeting(*pair, zones, 0.2)
    cells = figure.axes[1].collections[0].get_array().sum()
    both = pair[0]["kept"] & pair[1]["kept"]
    assert cells == int(both.sum())
    assert figure.axes[1].get_xlim() == drawings.SHOWN
    again = drawings.meeting(*pair, zones, 0.3, figure=figure)
    assert again is figure
    assert "r = 0.30" in said(figure.axes[1])


def test_limits_have_room_even_where_nothing_varies():
    low, high = drawings._limits(np.full(4, 0.14), False)
    assert low < 0.14 < high
    low, high = drawings._limits(np.array([]), True)
    assert 0 < low < high
