"""The global figures of Tao et al. 2023 show what their tables and maps hold."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import LogNorm

from soilnb.figures import maps, style
from soilnb.figures.tao2023 import globe as drawings
from soilnb.proda import globe, regressions
from soilnb.profile import compas


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    cue = rng.uniform(0.1, 0.5, 80)
    soc = 10 ** (0.9 + 1.2 * cue + rng.normal(0, 0.1, 80))
    kinds = {"climate": rng.choice(["Af", "Cf", "Df"], 80), "kept": rng.random(80) < 0.5}
    return pd.DataFrame({"cue": cue, "soc": soc, **kinds})


@pytest.fixture(scope="module")
def fit(table):
    return regressions.fit(table, regressions.ASSIMILATED["intercepts"])


@pytest.fixture(scope="module")
def cells():
    return globe.planet("teaching", 10.0)


@pytest.fixture(scope="module")
def world(cells):
    return globe.maps("tao2024", cells, "compas", progress=False)


def said(figure):
    """All words of a figure."""
    return " ".join(text.get_text() for ax in figure.axes for text in ax.texts)


def test_both_panels_show_all_rows_and_the_line_of_the_fit(table, fit):
    figure = drawings.fig2((table, fit, {}), (table[:30], fit), note="x", data="synthetic")
    assert style.panels(figure) == "ab"
    points, line = figure.axes[0].lines
    assert len(points.get_xdata()) == 80
    assert len(figure.axes[1].lines[0].get_xdata()) == 30
    expected = 10 ** fit.predict(line.get_xdata())
    assert np.allclose(line.get_ydata(), expected)
    assert f"{fit.coefficients.loc['cue', 'estimate']:.2f} ± " in said(figure)
    assert "synthetic" in figure._supxlabel.get_text()


def test_without_a_fit_the_number_of_rows_is_said(table):
    figure = drawings.relation(table, None, label="observed SOC (kg C m⁻²)")
    assert len(figure.axes[0].lines) == 1
    assert "n = 80" in said(figure)
    assert figure.axes[0].get_ylabel() == "observed SOC (kg C m⁻²)"


def test_each_depth_has_its_slope_and_its_bar(table, fit):
    steep = table.assign(soc=table["soc"] * 10 ** table["cue"])
    tables = {"0–10 cm": steep, "10–30 cm": table}
    fits = {
        name: regressions.fit(data, regressions.ASSIMILATED["intercepts"])
        for name, data in tables.items()
    }
    figure = drawings.figED5(tables, fits)
    *panels, bars = figure.axes
    assert [ax.get_title().split("\n")[0] for ax in panels] == list(tables)
    widths = [patch.get_width() for patch in bars.patches]
    assert widths == pytest.approx([100 * fits[name].explained_fixed for name in tables])
    assert widths[0] > widths[1]


def test_profiles_that_are_kept_and_others_stand_apart(cells, table):
    places = table.assign(latitude=np.linspace(-30, 60, 80), longitude=np.linspace(-100, 100, 80))
    figure = drawings.figED1(cells, places[:10], places)
    left, right = figure.axes
    assert len(left.lines[0].get_xdata()) == 10
    counts = [len(line.get_xdata()) for line in right.lines]
    assert counts == [(~table["kept"]).sum(), table["kept"].sum()]
    assert right.lines[0].get_marker() != right.lines[1].get_marker()


def test_eight_maps_have_their_values_and_boxes(world):
    zones = globe.by_zone(world)
    figure = drawings.fig3(world, zones)
    assert style.panels(figure) == "abcdefgh"
    maps = [ax for ax in figure.axes if (ax.get_gid() or "").startswith("panel-")]
    mesh = maps[0].collections[0]
    shown = mesh.get_array().compressed()
    stock = world["stock"].sel(to_depth=1.0).values[world["kept"].values]
    assert np.allclose(np.sort(shown), np.sort(stock))
    assert isinstance(maps[5].collections[0].norm, LogNorm)
    own = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    boxes = [ax for ax in own if ax.get_gid() is None]
    assert len(boxes) == 8
    labels = [label.get_text() for label in boxes[0].get_xticklabels()]
    assert labels == list(zones["climate_zone"].values)


def test_cells_that_are_not_kept_stay_empty(world):
    some = world.assign(kept=world["kept"] & (np.arange(world.sizes["site"]) % 2 == 0))
    values = maps.known(some, "cue")
    assert np.isnan(values[1::2]).all()
    assert np.isfinite(values[::2]).any()


def test_what_is_given_has_no_spread(cells):
    places = np.clip(
        compas.to_unit("tao2024") + np.array([-0.05, 0.0, 0.05])[:, None, None], 0.05, 0.95
    ) * np.ones((1, cells.sizes["site"], 1))
    ensemble = globe.maps(compas.from_unit(places), cells, "compas", progress=False)
    figure = drawings.figED7(ensemble)
    assert style.panels(figure) == "abcdefgh"
    panel = next(ax for ax in figure.axes if ax.get_gid() == "panel-d")
    assert "given, not predicted" in said(figure)
    assert panel.texts
    cue = next(ax for ax in figure.axes if ax.get_gid() == "panel-b")
    shown = cue.collections[0].get_array().compressed()
    assert np.allclose(np.sort(shown), np.sort(maps.known(ensemble, "cue", "_sd")))


def test_an_ensembles_interval_and_every_member_are_drawn(world):
    cells = world.assign(stock_sd=0.1 * world["stock"]).sel(to_depth=1.0)
    stocks = {"sites": np.linspace(900.0, 1100.0, 41), "both": np.linspace(800.0, 1200.0, 41)}
    figure = drawings.uncertainty(cells, stocks)
    assert style.panels(figure) == "ab"
    shown = figure.axes[0].collections[0].get_array().compressed()
    assert np.allclose(shown, 10)
    right = next(ax for ax in figure.axes if ax.get_gid() == "panel-b")
    low, high = right.lines[0].get_xdata()
    assert (low, high) == pytest.approx((905, 1095))
    assert np.allclose(right.lines[4].get_xdata(), stocks["both"])
    assert "sites: 1000 (905–1095)" in said(figure)
