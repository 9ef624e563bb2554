"""Figures of box models: what stands on their axes."""

import numpy as np
import pytest
import xarray as xr

from soilnb.explore import five_models as explorers
from soilnb.figures import five_models as figures
from soilnb.figures import schematic
from soilnb.profile.model import boxes


@pytest.fixture(scope="module")
def found():
    return explorers.compare()


def texts(ax):
    return {text.get_text() for text in ax.texts}


def test_structures_show_every_pool_of_every_model():
    figure = figures.structures(boxes())
    figure.draw_without_rendering()
    axes = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title() for ax in axes] == [model.name for model in boxes().values()]
    for ax, model in zip(axes, boxes().values(), strict=True):
        assert {pool.replace("_", "\n") for pool in model.pools} <= texts(ax)
        (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
        for text in ax.texts:
            x, y = text.get_position()
            assert left < x < right
            assert low < y < high
            assert text.get_window_extent().y0 >= ax.get_window_extent().y0  # nothing below


def test_rows_follow_the_litter():
    links = boxes()["millennial"].links()
    assert figures.rows(links, boxes()["millennial"].pools) == [
        ["pom", "lmwc"],
        ["agg", "mic", "maom"],
    ]
    links = boxes()["rothc"].links()
    assert figures.rows(links, boxes()["rothc"].pools) == [
        ["dpm", "rpm"],
        ["bio", "hum"],
        ["iom"],
    ]


def test_kinds_come_from_the_ledger():
    model = boxes()["mimics"]
    kinds = figures.kinds(model.links(), model.pools)
    assert [pool for pool, kind in kinds.items() if kind == "microbes"] == ["MICr", "MICK"]
    assert [pool for pool, kind in kinds.items() if kind == "litter"] == ["LITm", "LITs"]


def test_every_kind_of_link_is_drawn_and_explained():
    for model in boxes().values():
        links = model.links()
        inside = {kind for *_, kind in schematic.between(links, model.pools)}
        assert inside <= set(schematic.LINES)


def test_no_two_kinds_of_links_look_alike():
    (legend,) = figures.structures(boxes()).legends
    looks = {
        (line.get_color(), line.get_linestyle(), line.get_marker(), str(line._dash_pattern))
        for line in legend.get_lines()
    }
    assert len(looks) == len(legend.get_lines()) > 8


def test_bars_add_up_to_the_stock(found):
    stock, age, cue = figures.soils(found).axes
    widths = np.zeros(len(found))
    for path in (path for kind in stock.collections for path in kind.get_paths()):
        (left, low), (right, high) = path.vertices.min(axis=0), path.vertices.max(axis=0)
        widths[round((low + high) / 2)] += right - left
    totals = [float(soil["carbon"].sum()) for soil in found.values()]
    np.testing.assert_allclose(widths, totals)
    (bars,) = cue.collections
    drawn = [np.ptp(path.vertices[:, 0]) for path in bars.get_paths()]
    np.testing.assert_allclose(drawn, [float(soil["cue"]) for soil in found.values()])
    low, high = age.get_xlim()
    for soil in found.values():
        assert low < float(soil["transit_time"]) <= float(soil["system_age"]) < high


def test_answers_are_the_runs(found):
    time = np.arange(4.0)
    runs = xr.Dataset(
        {
            "change": (("experiment", "model", "time"), np.arange(16.0).reshape(2, 2, 4)),
            "final": (("experiment", "model"), [[9.0, 8.0], [7.0, 6.0]]),
        },
        coords={"experiment": ["warm", "fed"], "model": ["A", "B"], "time": time},
    )
    axes = figures.answers(runs).axes
    for ax, name in zip(axes, ("warm", "fed"), strict=True):
        for model in ("A", "B"):
            (line,) = [line for line in ax.lines if line.get_label() == model]
            np.testing.assert_array_equal(line.get_ydata(), runs["change"].sel(
                experiment=name, model=model))  # fmt: skip
        assert name in ax.get_title(loc="left")


def test_ages_stand_on_the_bars_and_inert_carbon_has_none(found):
    ax = figures.pools(found["RothC"]).axes[0]
    words = " ".join(texts(ax))
    assert "inert" in words
    assert "yr" in words


def test_axes_name_their_units(found):
    sweeps = {"clay (mass fraction)": xr.DataArray(
        [[0.1, 0.2]], coords={"model": ["A"], "value": [0.0, 1.0]})}  # fmt: skip
    drawn = (figures.soils(found), figures.efficiencies(sweeps), figures.pools(found["ICBM"]))
    for figure in drawn:
        for ax in figure.axes:
            assert "(" in (ax.get_ylabel() or ax.get_xlabel())
