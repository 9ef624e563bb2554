"""Figures of management: what is drawn is what was handed in, and none of it is cut off."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg

from soilnb.figures import management as figures

DEPTH = np.array([0.25, 0.75, 1.25, 1.75])
TIME = np.array([0.0, 1.0, 30.0, 100.0, 2500.0])


@pytest.fixture
def run():
    rng = np.random.default_rng(1)
    carbon = rng.uniform(1e3, 2e4, (2, 5, 4))
    carbon[0] = carbon[0, 0]
    return xr.Dataset(
        {
            "carbon": (("scenario", "time", "depth"), carbon),
            "effect": ("time", np.array([0.0, 0.1, 1.0, -0.5, 2.0])),
        },
        coords={"scenario": ["control", "managed"], "time": TIME, "depth": DEPTH},
        attrs={"practices": "deep_roots, compost"},
    )


@pytest.fixture
def table():
    groups = ["control", *figures.GROUPS]
    numbers = {
        "change_30yr": [0.0, 1.0, -2.0, 3.0, 0.5],
        "change_100yr": [0.0, 2.0, -3.0, 9.0, 1.0],
    }
    rows = pd.DataFrame({"group": groups, **numbers})
    rows.index = ["no change", "deep", "turned", "char", "worms"]
    return rows


def texts(ax):
    return [text.get_text() for text in ax.texts]


def widths(ax):
    """Lengths of the bars, from the lowest to the highest."""
    bars = sorted((bar for box in ax.containers for bar in box), key=lambda bar: bar.get_y())
    return [bar.get_width() for bar in bars]


def assert_nothing_is_cut_off(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    whole = figure.bbox
    for ax in figure.axes:
        for text in [*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label]:
            if text.get_text() and text.get_visible():
                box = text.get_window_extent(canvas.get_renderer())
                assert box.x0 >= whole.x0 - 1, text
                assert box.x1 <= whole.x1 + 1, text
                assert box.y0 >= whole.y0 - 1, text
                assert box.y1 <= whole.y1 + 1, text


def test_profiles_and_effect_are_those_of_the_run(run):
    figure = figures.combined(run)
    left, right = figure.axes
    control, *moments = left.lines
    np.testing.assert_allclose(control.get_xdata(), run["carbon"][0, -1] / 1000)
    for line, year in zip(moments, (30.0, 100.0, 2500.0), strict=True):
        expected = run["carbon"].sel(scenario="managed", time=year) / 1000
        np.testing.assert_allclose(line.get_xdata(), expected)
        np.testing.assert_allclose(line.get_ydata(), DEPTH)
        assert line.get_label() == f"year {year:,.0f}"
    assert left.get_ylim() == pytest.approx((2.0, 0.0))
    curve = right.lines[1]
    np.testing.assert_allclose(curve.get_ydata(), 10 * run["effect"][1:])
    marks = [float(line.get_ydata()[0]) for line in right.lines[2:]]
    assert marks == pytest.approx([10.0, -5.0, 20.0])
    assert texts(right) == ["+10.0", "-5.0", "+20.0"]
    low, high = right.get_ylim()
    assert low < -5.0
    assert high > 20.0
    assert "illustrative" in figure._supxlabel.get_text()
    assert "deep roots, compost" in figure._supxlabel.get_text()
    assert_nothing_is_cut_off(figure)


def test_horizons_beyond_the_run_are_left_out(run):
    figure = figures.combined(run.isel(time=slice(0, 3)))
    assert len(figure.axes[0].lines) == 2
    assert texts(figure.axes[1]) == ["+10.0"]


def test_a_field_without_any_effect_can_be_drawn(run):
    figure = figures.combined(run.assign(effect=0 * run["effect"]))
    low, high = figure.axes[1].get_ylim()
    assert low < 0 < high


def test_the_same_figure_is_drawn_again_in_place(run):
    figure = figures.combined(run)
    assert figures.combined(run, figure=figure) is figure
    assert len(figure.axes) == 2


def test_every_practice_has_a_bar_with_its_number(table):
    figure = figures.effects(table, horizons=(30, 100))
    for ax, column in zip(figure.axes, ("change_30yr", "change_100yr"), strict=True):
        expected = table[column].iloc[1:].tolist()
        assert widths(ax)[::-1] == pytest.approx(expected)
        assert texts(ax) == [f"{value:+.1f}" for value in expected]
        low, high = ax.get_xlim()
        assert low < min(expected) < max(expected) < high
        assert "Mg C ha" in ax.get_xlabel()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["deep", "turned", "char", "worms"]
    assert_nothing_is_cut_off(figure)


def test_the_curves_say_what_decay_follows():
    effect = xr.DataArray(
        np.outer([3.0, 2.0, 0.0], [0.0, 0.1, 0.4, 0.5, 0.0]),
        coords={"memory": [0.0, 0.5, 1.0], "time": TIME},
        dims=("memory", "time"),
    )
    figure = figures.memory(effect)
    (ax,) = figure.axes
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["0: its new depth", "0.5", "1: the material"]
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(lines["0.5"].get_ydata(), 20 * np.array([0.1, 0.4, 0.5, 0.0]))
    assert_nothing_is_cut_off(figure)


def test_the_fates_are_drawn_in_percent():
    fate = xr.DataArray(
        [[1.0, 0.5, 0.2, 0.1, 0.0], [1.0, 0.9, 0.4, 0.3, 0.1]],
        coords={"entry": ["0-20 cm", "30-60 cm"], "time": TIME},
        dims=("entry", "time"),
        attrs={"soil": "cropland"},
    )
    figure = figures.fates(fate)
    (ax,) = figure.axes
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [90.0, 40.0, 30.0, 10.0])
    assert "cropland" in figure._supxlabel.get_text()
    assert "(%)" in ax.get_ylabel()


def test_two_models_stand_side_by_side_and_a_gap_is_named(table):
    rows = table.iloc[1:].assign(first_order=[1.0, 0.0, 3.0, -1.0], compas=[-2.0, 0.5, np.nan, 1.0])
    figure = figures.two_models(rows)
    left, right = figure.axes
    assert widths(left)[::-1] == pytest.approx([1.0, 0.0, 3.0, -1.0])
    assert widths(right)[::-1] == pytest.approx([-2.0, 0.5, 1.0])
    assert texts(right)[-1] == "no place for it"
    assert texts(left).count("no place for it") == 0
    assert_nothing_is_cut_off(figure)
