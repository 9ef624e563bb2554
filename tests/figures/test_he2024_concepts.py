"""Figures 1 to 4 of He et al. 2024 and our own on CUE: what is drawn is what was handed in."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from soilnb import claims
from soilnb.cue import controls, measured, methods, stoichiometry
from soilnb.data import open_dataset, tables
from soilnb.explore import cue as explorers
from soilnb.figures import cue as figures
from soilnb.figures import style
from soilnb.figures.he2024 import concepts as he2024


@pytest.fixture(scope="module")
def data():
    return open_dataset("cue", twin=True).isel(record=slice(0, 826, 6))


@pytest.fixture(scope="module")
def enzymes():
    soc = np.linspace(5.0, 80.0, 20)
    ratio = np.array([10.0, 14.0, 22.0, np.nan])
    return xr.Dataset(
        {
            "cue_place": ("place", stoichiometry.enzymes(ratio)),
            "soc_place": ("place", [20.0, 30.0, 60.0, 40.0]),
            "cue_line": ("soc", stoichiometry.enzymes(soc / 2.0)),
        },
        coords={"soc": soc},
    )


@pytest.fixture(scope="module")
def fig1(data, enzymes):
    intrinsic = xr.DataArray(
        [[0.55, 0.75], [0.25, 0.35]],
        coords={"litter": ["metabolic", "structural"], "microbe": ["r", "K"]},
    )
    return he2024.fig1(data, enzymes["cue_place"], intrinsic, measured.published(), size="quick")


@pytest.fixture(scope="module")
def fig3(data, enzymes):
    return he2024.fig3(data, enzymes, methods.label(np.geomspace(0.04, 365, 20)), size="quick")


def axes_of(figure):
    return {ax.get_gid()[6:]: ax for ax in figure.axes if (ax.get_gid() or "").startswith("panel-")}


def test_all_panels_of_the_manifest_are_drawn(fig1, fig3):
    manifest = claims.figures()["panels"]
    assert style.panels(fig1) == manifest["he2024-fig1"]
    assert style.panels(fig3) == manifest["he2024-fig3"]


def test_fig1_draws_every_record_under_its_method(fig1, data, enzymes):
    clouds = [line for line in axes_of(fig1)["a"].lines if "n = " in line.get_label()]
    assert len(clouds) == 3
    for line, name in zip(clouds, ("18O", "substrate"), strict=False):
        values = data["cue"].values[data["method"].values == name]
        assert np.array_equal(line.get_ydata(), values)
        assert f"n = {values.size}" in line.get_label()
    known = enzymes["cue_place"].values[:3]
    assert np.array_equal(clouds[2].get_ydata(), known)


def test_fig1_shows_the_printed_means_and_says_that_they_are_printed(fig1):
    axes = axes_of(fig1)
    points = [line.get_ydata()[0] for line in axes["c"].lines]
    assert points == [0.42, 0.39, 0.33]
    assert any("printed" in text.get_text() for text in axes["c"].texts)
    assert any("printed" in text.get_text() for text in axes["d"].texts)
    assert "n = 57,267" in " ".join(text.get_text() for text in axes["d"].get_xticklabels())


def test_what_no_open_data_hold_is_said_on_the_figure(fig1, fig3):
    assert any("no open data" in text.get_text() for text in axes_of(fig1)["a"].texts)
    assert any("not in open data" in text.get_text() for text in axes_of(fig3)["c"].texts)


def test_fig3_draws_every_record_and_names_its_correlation(fig3, data):
    ax = axes_of(fig3)["a"]
    drawn = [line for line in ax.lines if "n = " in line.get_label()]
    assert sum(len(line.get_xdata()) for line in drawn) == data.sizes["record"]
    some = data.isel(record=data["method"].values == "18O")
    r = np.corrcoef(some["soc"], some["cue"])[0, 1]
    assert f"r = {r:+.2f}" in drawn[0].get_label()


def test_fig3_leaves_places_without_a_ratio_out(fig3, enzymes):
    points, line = axes_of(fig3)["b"].lines
    assert len(points.get_xdata()) == 3
    assert "n = 3" in points.get_label()
    assert np.array_equal(line.get_ydata(), enzymes["cue_line"])


def test_fig3_counts_every_incubation_once(fig3, data):
    ax = axes_of(fig3)["d"]
    count = sum(bar.get_height() for container in ax.containers[:1] for bar in container)
    assert count == (data["method"] == "18O").sum()
    top = {round(b.get_x(), 3): b.get_y() + b.get_height() for b in ax.containers[-1]}
    assert sum(top.values()) == data.sizes["record"]


def test_synthetic_data_and_the_count_are_named(fig1, fig3, data):
    for figure in (fig1, fig3, figures.substrates(measured.by_substrate(data), data=data)):
        text = figure._supxlabel.get_text()
        assert "synthetic" in text
        assert f"n = {data.sizes['record']}" in text
    real = data.assign_attrs(provenance="real")
    shown = figures.substrates(measured.by_substrate(real), data=real)
    assert "synthetic" not in shown._supxlabel.get_text()


def test_fig2_has_a_box_for_each_field_of_the_table():
    scales = tables.read("cue_scales")
    ax = he2024.fig2(scales).axes[0]
    assert len([p for p in ax.patches if isinstance(p, FancyBboxPatch)]) == 3 * len(scales)
    text = " ".join(" ".join(t.get_text().split()) for t in ax.texts)
    for value in scales[["models", "observations", "organisms", "time"]].to_numpy().ravel():
        assert value in text


def test_fig4_draws_each_link_with_the_width_of_its_certainty():
    links = controls.links()
    ax = he2024.fig4(links).axes[0]
    arrows = {p.get_gid(): p for p in ax.patches if isinstance(p, FancyArrowPatch)}
    assert len(arrows) == len(links)
    for row in links.itertuples():
        arrow = arrows[f"{row.source} > {row.target}"]
        assert arrow.get_linewidth() == he2024.WIDTHS[row.certainty]
        colour, _, _ = he2024.DIRECTIONS[row.sign]
        assert matplotlib_hex(arrow.get_edgecolor()) == colour.lower()
    nodes = set(links["source"]) | set(links["target"])
    assert len([p for p in ax.patches if isinstance(p, FancyBboxPatch)]) == len(nodes)


def matplotlib_hex(colour):
    from matplotlib.colors import to_hex

    return to_hex(colour)


def test_changing_the_table_changes_the_drawing():
    links = controls.links()
    fewer = links.iloc[1:].copy()
    fewer.loc[fewer.index[0], "certainty"] = "high"
    ax = he2024.fig4(fewer).axes[0]
    arrows = {p.get_gid(): p for p in ax.patches if isinstance(p, FancyArrowPatch)}
    assert len(arrows) == len(links) - 1
    first = fewer.iloc[0]
    assert arrows[f"{first.source} > {first.target}"].get_linewidth() == he2024.WIDTHS["high"]


def test_a_wider_arrow_is_a_more_certain_link():
    widths = [he2024.WIDTHS[name] for name in controls.CERTAINTIES]
    assert widths == sorted(widths)
    assert set(he2024.DIRECTIONS) == set(controls.SIGNS)


def test_no_arrow_of_fig4_ends_inside_a_box_that_it_does_not_name():
    links = controls.links()
    for row, ends in zip(links.itertuples(), he2024._ports(links), strict=True):
        for point, own in zip(ends, (row.source, row.target), strict=True):
            for name, centre in he2024._PLACES.items():
                size = he2024._size_of(name)
                inside = all(
                    abs(p - c) < s / 2 - 1e-9 for p, c, s in zip(point, centre, size, strict=True)
                )
                assert not inside, (row.source, row.target, name)
            offset = np.abs(np.subtract(point, he2024._PLACES[own])) / he2024._size_of(own)
            assert offset.max() == pytest.approx(0.5)


def test_bars_are_the_five_numbers():
    result = explorers.on_the_bench()
    left, right = figures.bench(result).axes
    assert [bar.get_height() for bar in left.patches] == pytest.approx(result["measured"].values)
    assert len(right.lines) == 3


def test_the_levels_of_a_pulse_are_drawn_with_their_window():
    result = explorers.through_a_pulse(first=200, days=10)
    figure = figures.pulse(result, result, window=result.attrs["window"])
    bottom = figure.axes[1]
    lines = {line.get_label(): line for line in bottom.lines}
    drawn = lines["ecosystem, after death"].get_ydata()
    assert np.array_equal(drawn, result["ecosystem_cue"])
    assert bottom.patches[0].get_x() == 199.5
    assert bottom.patches[0].get_width() == 10.0


def test_axes_with_numbers_have_a_label_with_a_unit(fig1, fig3):
    state = explorers.under_control()
    shown = [fig1, fig3, figures.controls(state), figures.bench(explorers.on_the_bench())]
    for figure in shown:
        for ax in figure.axes:
            assert "(" in (ax.get_ylabel() or ax.get_xlabel()), ax
