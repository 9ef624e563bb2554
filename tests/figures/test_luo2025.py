"""Figures of the whole profile are tested by the data on their axes."""

import numpy as np
import pytest
import xarray as xr

from soilnb import claims
from soilnb.data import by_layer, twins
from soilnb.explore import profile as explorers
from soilnb.figures import luo2025, style
from soilnb.profile import depth

DATA = {"provenance": "synthetic"}


@pytest.fixture(scope="module")
def parts():
    """What Fig. 1 is drawn from, on twins."""
    roots = twins.roots_twin().assign_attrs(DATA)
    turnover = twins.turnover_twin().assign_attrs(DATA)
    shares, production = by_layer.root_shares(roots), by_layer.belowground(roots)
    carbon = by_layer.carbon_by_layer(twins.layers_twin().assign_attrs(DATA))
    by_depth = by_layer.summary(roots=shares, BNPP=production["bnpp"], SOC=carbon["share"])
    by_depth = by_depth.assign(source=("kind", ["a, n = 1", "b, n = 2", "c, n = 3"]))
    times = by_layer.extrapolated(by_layer.turnover_by_layer(turnover))
    times = times.assign_attrs(paper_depth=(10, 175), paper_years=(50, 4000))
    trial = by_layer.paired(twins.silsoe_twin().assign_attrs(DATA))
    trial = by_layer.regressed(trial, "root_length", "carbon")
    model = by_layer.derived_stock(production, turnover, profiles=30)
    model = by_layer.regressed(model, "bnpp", "stock", log=True)
    return by_depth, times, trial, model


def axes_of(figure):
    return {ax.get_gid()[6:]: ax for ax in figure.axes if (ax.get_gid() or "").startswith("panel-")}


def texts(ax):
    legend = ax.get_legend()
    words = [text.get_text() for text in ax.texts]
    if legend is not None:
        words += [legend.get_title().get_text(), *(t.get_text() for t in legend.get_texts())]
    return " ".join(words)


def real(parts):
    return [part.assign_attrs(provenance="real") for part in parts]


def test_all_panels_of_the_paper_are_drawn_once(parts):
    assert style.panels(luo2025.fig1(*parts)) == claims.figures()["panels"]["luo2025-fig1"]


def test_panel_a_draws_each_share_at_its_depth_per_ten_centimetres(parts):
    by_depth = parts[0]
    ax = axes_of(luo2025.fig1(*parts))["a"]
    for container, kind in zip(ax.containers, by_depth["kind"].values, strict=True):
        line = container.lines[0]
        per = by_depth["thickness"] / 10
        np.testing.assert_allclose(line.get_xdata(), 100 * by_depth["mean"].sel(kind=kind) / per)
        np.testing.assert_allclose(line.get_ydata(), by_depth["depth"], atol=2.3)
    assert ax.get_ylim() == (200, 0)
    first = 100 * float(by_depth["mean"].sel(kind="roots")[0])
    assert f"roots {first:.0f} %" in texts(ax)


def test_panel_b_draws_averages_and_extrapolates_with_dashes(parts):
    times = parts[1]
    ax = axes_of(luo2025.fig1(*parts))["b"]
    for name in luo2025.AVERAGES:
        label = name.replace("_", " ")
        (line,) = [line for line in ax.lines if line.get_label() == label]
        np.testing.assert_allclose(line.get_xdata(), times[name])
    curves = [line for line in ax.lines if len(line.get_xdata()) > 20]
    assert len(curves) == 6
    for line in curves:
        below = line.get_ydata().max() > 100
        assert line.get_linestyle() == ("--" if below else "-")
        assert (line.get_ydata().min() >= 100) == below
    assert "extrapolated" in texts(ax)
    assert ax.get_xscale() == "log"


def test_panel_c_draws_every_pair_with_the_r2_of_its_layer(parts):
    *_, trial, model = parts
    figure = luo2025.fig1(*parts)
    axes = [axes_of(figure)["c"], figure.axes[3]]
    for ax, data, x, y in (
        (axes[0], trial, "root_length", "carbon"),
        (axes[1], model, "bnpp", "stock"),
    ):
        dots = [line for line in ax.lines if "R² =" in str(line.get_label())]
        assert len(dots) == data.sizes["layer"] == 5
        for number, line in enumerate(dots):
            np.testing.assert_array_equal(line.get_xdata(), data[x].isel(layer=number))
            np.testing.assert_array_equal(line.get_ydata(), data[y].isel(layer=number))
            assert f"R² = {float(data['r2'][number]):.2f}" in line.get_label()
        assert ax.get_xscale() == "log"
    assert "synthetic" in texts(axes[1])


def test_regression_lines_follow_their_fits(parts):
    *_, trial, _ = parts
    ax = axes_of(luo2025.fig1(*parts))["c"]
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    for number, line in enumerate(lines):
        fit = trial.isel(layer=number)
        expected = float(fit["intercept"]) + float(fit["slope"]) * np.log10(line.get_xdata())
        np.testing.assert_allclose(line.get_ydata(), expected)


def test_nothing_that_is_drawn_in_fig1_is_cut_off(parts):
    figure = luo2025.fig1(*parts)
    for ax in figure.axes:
        for line in ax.lines:
            inside = line.get_linestyle() != "--" and not str(line.get_label()).startswith("_")
            if not inside:
                continue
            low, high = sorted(ax.get_xlim())
            x = np.asarray(line.get_xdata(), dtype=float)
            assert (low <= x).all(), (ax.get_title("left"), line.get_label())
            assert (x <= high).all(), (ax.get_title("left"), line.get_label())


def test_twins_are_named_synthetic_and_real_data_are_named_with_their_n(parts):
    note = luo2025.fig1(*parts)._supxlabel.get_text()
    assert "synthetic" in note
    figure = luo2025.fig1(*real(parts))
    assert "synthetic" not in figure._supxlabel.get_text()
    axes = axes_of(figure)
    assert "data: turnover, n = 892 to 910" in texts(axes["b"])
    assert "data: silsoe, n = 36" in texts(axes["c"])
    assert "synthetic" not in texts(axes["b"]) + texts(axes["c"])
    assert "synthetic" in texts(figure.axes[3])  # the pairs are made up whatever the data are
    assert "synthetic twin of silsoe" in texts(axes_of(luo2025.fig1(*parts))["c"])


@pytest.fixture(scope="module")
def turnover():
    twin = twins.turnover_twin().assign_attrs(DATA, data="turnover, n = 892")
    return twin.assign(cold=np.isin(twin["biome"], ["Tundra"]) & (twin["biome"] != ""))


@pytest.fixture
def implied():
    layers = {"layer": ["0-20", "20-40"]}
    rows = {"mean": [9.0, 8], "geometric_mean": [4.0, 3], "median": [2.0, 1], "measured": [4.0, 3]}
    return xr.Dataset({name: ("layer", row) for name, row in rows.items()}, layers)


def test_averages_are_marked_where_they_are(turnover, implied):
    figure = luo2025.averages(turnover, implied)
    left, right = figure.axes
    deep = turnover["turnover_time"].isel(layer=-1)
    marked = [line.get_xdata()[0] for line in left.lines]
    assert marked == pytest.approx([float(deep.median()), float(deep.mean())])
    for line in right.lines:
        name = line.get_label().replace("input × ", "").replace(" ", "_")
        np.testing.assert_array_equal(line.get_xdata(), implied[name])
    assert "turnover, n = 892" in figure._supxlabel.get_text()
    assert "synthetic" in figure._supxlabel.get_text()


def test_the_histogram_counts_every_profile(turnover, implied):
    left = luo2025.averages(turnover, implied).axes[0]
    count = int(turnover["turnover_time"].isel(layer=-1).notnull().sum())
    heights = sum(bar.get_height() for part in left.containers for bar in part)
    assert heights == pytest.approx(count)


@pytest.fixture(scope="module")
def incubated():
    twin = twins.incubations_twin().assign_attrs(DATA)
    jars = by_layer.activity(twin).assign_attrs(data="sidb, n = 80 jars")
    primed = by_layer.side_by_side(twin, "cellulose", "cellulose_amended", "control")
    sieved = by_layer.side_by_side(twin, "disturbance", "sieved", "undisturbed")
    field = xr.Dataset({"relative": ("layer", [1.0, 0.5]), "depth": ("layer", [10.0, 90.0])})
    return jars, primed, sieved, field


def test_incubations_draw_every_jar_and_every_ratio(incubated):
    jars, primed, sieved, field = incubated
    figure = luo2025.incubations(*incubated)
    left, right = figure.axes
    by_study = [line for line in left.lines if "n = " in str(line.get_label())]
    assert sum(len(line.get_xdata()) for line in by_study) == jars.sizes["jar"]
    (rate,) = [line for line in left.lines if "field" in str(line.get_label())]
    np.testing.assert_array_equal(rate.get_ydata(), field["depth"])
    ratios = [line for line in right.lines if len(line.get_xdata()) > 2]
    assert len(ratios) == 3
    np.testing.assert_array_equal(ratios[0].get_ydata(), primed["ratio"][0])
    np.testing.assert_array_equal(ratios[2].get_ydata(), sieved["ratio"][1])
    assert "90 cm" in ratios[2].get_label()
    assert left.get_ylim()[0] > float(jars["depth"].max())
    assert "synthetic" in figure._supxlabel.get_text()


def test_the_budget_is_written_with_the_numbers_of_the_run():
    state = depth.steady_state({"set": "cropland", "erosion": 0.5})
    ax = luo2025.budget(state).axes[0]
    said = {text.get_text() for text in ax.texts}
    for name, words in (
        ("input", "roots and residues"),
        ("respiration", "respiration"),
        ("erosion", "erosion"),
    ):
        assert f"{words}\n{float(state[name]):.3g}" in said
    assert "burial\n0" in said
    assert f"{float(state['stock']):.1f} kg" in ax.get_title("left")
    arrows = [p for p in ax.patches if type(p).__name__ == "FancyArrowPatch"]
    assert len(arrows) == 7  # six terms of the budget, and transport


def test_the_profile_shows_input_turnover_and_carbon_of_the_run():
    state = explorers.whole_profile()
    figure = luo2025.profile(state)
    source, times, carbon = figure.axes
    np.testing.assert_array_equal(source.lines[0].get_xdata(), state["source"])
    np.testing.assert_array_equal(times.lines[0].get_xdata(), state["turnover_time"])
    for line, case in zip(carbon.lines, ("still", "moved"), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), state["carbon"].sel(case=case))
        np.testing.assert_array_equal(line.get_ydata(), state["depth"])
    assert source.get_ylim() == (2.0, 0.0)
    again = luo2025.profile(state, figure=figure)
    assert again is figure
    assert len(figure.axes) == 3


def test_controls_draw_each_range_from_end_to_end():
    spans = explorers.spans()
    for ax, name in zip(luo2025.controls(spans).axes, ("deep", "stock"), strict=True):
        bars = {round(bar.get_y() + bar.get_height() / 2): bar for bar in ax.patches}
        assert len(bars) == len(spans)
        for row, ends in enumerate(spans[[f"{name}_low", f"{name}_high"]].to_numpy()):
            assert bars[row].get_x() == pytest.approx(ends.min())
            assert bars[row].get_x() + bars[row].get_width() == pytest.approx(ends.max())
        (reference,) = [line for line in ax.lines if len(line.get_xdata()) == 2]
        assert reference.get_xdata()[0] == spans.attrs[name]


def test_fates_are_drawn_for_every_reading_and_place():
    runs = explorers.entering(edges=(0.0, 0.2, 2.0), time=[0.1, 1.0, 100.0])
    figure = luo2025.fate(runs, labels=explorers.READINGS)
    assert len(figure.axes) == 2
    for ax, reading in zip(figure.axes, runs["reading"].values, strict=True):
        lines = [line for line in ax.lines if "median" in str(line.get_label())]
        for line, place in zip(lines, runs["place"].values, strict=True):
            part = runs.sel(reading=reading, place=place)
            np.testing.assert_allclose(line.get_ydata(), 100 * part["remaining"])
        assert ax.get_title("left") == explorers.READINGS[reading]


def test_every_axis_of_the_profile_figures_has_a_unit(parts, turnover, implied, incubated):
    figures = [luo2025.fig1(*parts), luo2025.averages(turnover, implied)]
    figures += [luo2025.incubations(*incubated), luo2025.controls(explorers.spans())]
    figures += [luo2025.profile(explorers.whole_profile())]
    for figure in figures:
        for ax in figure.axes:
            assert "(" in ax.get_xlabel(), ax.get_xlabel()
            if ax.get_ylabel() not in ("", "number of profiles"):
                assert "(" in ax.get_ylabel(), ax.get_ylabel()
