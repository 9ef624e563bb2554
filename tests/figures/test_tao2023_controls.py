"""The figures of what controls soil carbon show what their tables hold."""

import itertools

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.collections import LineCollection

from soilnb import claims
from soilnb.figures import style
from soilnb.figures.tao2023 import controls as drawings
from soilnb.proda import sensitivity

SEVEN = list(sensitivity.METRICS)
SIX = SEVEN[:-1]
CHANGES = (-0.1, 0.0, 0.1)


def homogenised(scale, explained=True):
    names = ["none", *SEVEN, "all"]
    deviation = scale * np.array([0.0, 30.0, 120.0, 8.0, 20.0, 0.5, 5.0, 10.0, 140.0])
    found = xr.Dataset({"deviation": ("component", deviation)}, {"component": names})
    if explained:
        found["explained"] = ("component", 0.3 - deviation / 1000)
    return found


def curves(slope):
    metric = np.outer(np.linspace(0.2, 1.0, 7), CHANGES)
    metric[5] *= 9  # the index of allocation moves far
    return xr.Dataset(
        {
            "metric_change": (("component", "change"), metric),
            "stock_change": (("component", "change"), slope * metric),
        },
        {"component": SEVEN, "change": list(CHANGES)},
    )


def importance(shift):
    rng = np.random.default_rng(3)
    value = 1 + shift + rng.random((5, 6))
    value[1] = np.nan
    return xr.Dataset(
        {
            "importance": (("category", "component"), value),
            "importance_sd": (("category", "component"), np.full((5, 6), 0.05)),
            "covariates": ("category", [2, 0, 15, 6, 2]),
        },
        {
            "category": ["structure", "chemistry", "climate", "vegetation", "geography"],
            "component": SIX,
        },
    )


def lines(ax, count):
    """Lines of an axes that have so many points."""
    return [line for line in ax.lines if len(line.get_xdata()) == count]


def said(figure):
    words = [text.get_text() for ax in figure.axes for text in ax.texts]
    words += [text.get_text() for box in figure.legends for text in box.get_texts()]
    return " ".join([*words, *(box.get_title().get_text() for box in figure.legends)])


@pytest.fixture(scope="module")
def fig4():
    both = {"own": homogenised(1.0), "tied": homogenised(3.0)}
    curve = {"own": curves(1.0), "tied": curves(-0.5)}
    needed = {name: sensitivity.needed(c) for name, c in curve.items()}
    member = np.array([[0.5], [1.0], [4.0]])
    spread = {
        name: xr.Dataset(
            {"deviation": (("member", "component"), member * found["deviation"].values)},
            {"component": found["component"]},
        )
        for name, found in both.items()
    }
    return drawings.fig4(both, curve, needed, members=spread, note="n", data="synthetic")


def test_all_panels_of_the_manifest_are_drawn(fig4):
    assert style.panels(fig4) == claims.figures()["panels"]["tao2023-fig4"]
    assert "synthetic" in fig4._supxlabel.get_text()


def test_deviations_stand_in_order_with_the_range_of_the_members(fig4):
    ax = fig4.axes[0]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[:2] == ["baseline decomposition", "microbial CUE"]
    assert labels[-1] == "all but the input"
    own, tied = lines(ax, 8)
    assert own.get_xdata()[0] == 120.0
    assert (np.diff(own.get_xdata()[:-1]) <= 0).all()
    np.testing.assert_allclose(tied.get_xdata(), 3 * own.get_xdata())
    assert own.get_marker() != tied.get_marker()
    band = next(c for c in ax.collections if isinstance(c, LineCollection))
    low, high = band.get_segments()[0][:, 0]
    np.testing.assert_allclose([low, high], np.quantile([60.0, 120.0, 480.0], [0.025, 0.975]))


def test_explained_variance_stands_beside_that_of_the_full_model(fig4):
    ax = fig4.axes[1]
    own, tied = lines(ax, 8)
    assert own.get_xdata()[0] == pytest.approx(100 * (0.3 - 0.12))
    assert tied.get_xdata()[0] == pytest.approx(100 * (0.3 - 0.36))
    assert "30 % with all" in said(fig4)


def test_what_a_line_stands_for_lies_within_the_panel_and_on_no_other():
    three = {}
    for name, shift in (("own", -0.8), ("tied", -0.17), ("log", 0.0)):
        found = homogenised(1.0)
        three[name] = found.assign(explained=0 * found["explained"] + 0.3 + shift)
    curve = {name: curves(1.0) for name in three}
    needed = {name: sensitivity.needed(one) for name, one in curve.items()}
    figure = drawings.fig4(three, curve, needed)
    figure.draw_without_rendering()
    ax = figure.axes[1]
    boxes = [t.get_window_extent() for t in ax.texts if t.get_text().endswith("with all")]
    assert len(boxes) == 3
    assert min(box.x0 for box in boxes) > ax.bbox.x0
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_without_observations_there_is_no_explained_variance():
    one = {"own": homogenised(1.0, explained=False)}
    curve = {"own": curves(1.0)}
    figure = drawings.fig4(one, curve, {"own": sensitivity.needed(curve["own"])})
    assert not lines(figure.axes[1], 8)
    assert len(figure.axes) == 3


def test_curves_are_those_of_the_components_and_the_need_is_said(fig4):
    own, tied = fig4.axes[2:4]
    shown = lines(own, 3)
    assert len(shown) == 7
    assert shown[0].get_label() == "microbial CUE"
    np.testing.assert_allclose(shown[6].get_xdata(), [-10, 0, 10])
    np.testing.assert_allclose(shown[6].get_ydata(), [-10, 0, 10])
    np.testing.assert_allclose(lines(tied, 3)[6].get_ydata(), [5, 0, -5])
    assert max(own.get_xlim()) <= 40  # one component does not stretch the axis for all
    needed = float(sensitivity.needed(curves(-0.5))["regression"].sel(component="input"))
    assert needed < -0.1
    assert f"plant carbon input: +10.0 % | −{-100 * needed:.1f} %" in said(fig4)
    assert "+10 % SOC: own | tied" in said(fig4)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0217, "+2.2 %"), (-0.084, "−8.4 %"), (-3.0, "out of reach"), (np.nan, "–")],
)
def test_a_need_is_written_with_its_sign_or_as_out_of_reach(share, text):
    assert drawings._percent(share) == text


def test_an_empty_category_stays_empty():
    ways = {"shuffled": importance(0.0), "one number": importance(0.3)}
    figure = drawings.figED6(ways, data="synthetic")
    assert style.panels(figure) == "abcdef"
    first = figure.axes[0]
    heights = [patch.get_height() for patch in first.patches]
    expected = ways["shuffled"]["importance"].sel(component="cue").values - 1
    np.testing.assert_allclose(heights[:5], expected)
    assert np.isnan(heights[1])
    texts = [text for text in first.texts if text.get_text() == "no covariate"]
    assert [text.get_position()[0] for text in texts] == [1]
    bars = first.containers
    assert bars[0].patches[0].get_hatch() != bars[1].patches[0].get_hatch()


def test_parameters_lie_where_their_spread_and_deviation_say():
    table = pd.DataFrame(
        {
            "spread": [0.01, 0.05, 0.03],
            "deviation": [10.0, 50.0, 1.0],
            "component": ["cue", "decomposition", "cue"],
        },
        index=["eta_doc", "tau_mic", "km_assim"],
    )
    wide = table.assign(spread=2 * table["spread"])
    figure = drawings.levers({"own": table, "tied": wide}, named=2)
    left, right = figure.axes
    cue, decay = left.lines
    np.testing.assert_array_equal(cue.get_xdata(), [0.01, 0.03])
    np.testing.assert_array_equal(decay.get_ydata(), [50.0])
    assert {text.get_text() for text in left.texts} == {r"$\tau_{MIC}$", r"$\eta_{DOC}$"}
    assert left.get_xlim() == right.get_xlim()
    assert right.get_xlim()[1] > 0.1


def test_the_companion_shows_both_variants_and_the_choice():
    curve = curves(2.0)
    zonal = xr.Dataset({"stock": ("latitude", [10.0, 12.0])}, {"latitude": [-5.0, 5.0]})
    figure = drawings.response(
        {"tied": curve.sel(component="cue"), "own": curves(-1.0).sel(component="cue")},
        (0.02, 0.04),
        (zonal, zonal * 0.5),
        component="cue",
        depth=0.3,
    )
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), 100 * curve["stock_change"][0])
    assert left.lines[2].get_xdata() == [2.0]
    assert left.lines[2].get_ydata() == [4.0]
    np.testing.assert_allclose(right.lines[1].get_ydata(), [5.0, 6.0])
    assert "0.3 m" in right.get_ylabel()
