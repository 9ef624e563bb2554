"""Figures are tested by the data on their axes: what is drawn is what was handed in."""

import itertools

import numpy as np
import pytest
import xarray as xr

from soilnb import claims
from soilnb.explore import pools
from soilnb.figures import he2024, schematic, style
from soilnb.profile import century, mimics


@pytest.fixture
def maps():
    lat, lon = np.meshgrid([-10.0, 0.0, 10.0], [0.0, 20.0, 40.0], indexing="ij")
    rng = np.random.default_rng(1)
    cells = {"cell": np.arange(9)}
    return xr.Dataset(
        {
            "cue_century": ("cell", rng.uniform(0.40, 0.50, 9)),
            "cue_mimics": ("cell", rng.uniform(0.54, 0.56, 9)),
            "area": ("cell", np.ones(9)),
        },
        coords={
            **cells,
            "latitude": ("cell", lat.ravel()),
            "longitude": ("cell", lon.ravel()),
        },
        attrs={"kind": "synthetic", "data": "nine cells"},
    )


@pytest.fixture
def ensemble():
    rng = np.random.default_rng(2)
    n = 40
    names = list(he2024.TREATMENTS)
    return xr.Dataset(
        {
            "lnrr_cue": ("experiment", rng.normal(0, 0.1, n)),
            "lnrr_soc": ("experiment", rng.normal(0, 0.1, n)),
            "lnrr_mbc": ("experiment", rng.normal(0, 0.1, n)),
            "duration": ("experiment", rng.integers(1, 11, n)),
            "treatment": ("experiment", [names[i % 4] for i in range(n)]),
        }
    )


def axes_of(figure):
    return {ax.get_gid()[6:]: ax for ax in figure.axes if (ax.get_gid() or "").startswith("panel-")}


def labels(figure):
    return [ax for ax in figure.axes if ax.axison]


def test_all_panels_of_the_manifest_are_drawn(maps, ensemble):
    manifest = claims.figures()["panels"]
    assert style.panels(he2024.fig5(ensemble)) == manifest["he2024-fig5"]
    assert style.panels(he2024.fig6(maps)) == manifest["he2024-fig6"]


def test_fig5_draws_every_experiment_once_in_each_panel(ensemble):
    for letter, (x, y) in {
        "a": ("lnrr_cue", "lnrr_soc"),
        "b": ("duration", "lnrr_cue"),
        "c": ("lnrr_cue", "lnrr_mbc"),
        "d": ("duration", "lnrr_soc"),
    }.items():
        ax = axes_of(he2024.fig5(ensemble))[letter]
        drawn = [line for line in ax.lines if line.get_label() in he2024.TREATMENTS]
        xs = np.concatenate([line.get_xdata() for line in drawn])
        ys = np.concatenate([line.get_ydata() for line in drawn])
        assert sorted(zip(xs, ys, strict=True)) == sorted(
            zip(ensemble[x].values, ensemble[y].values, strict=True)
        )


def test_fig6_maps_put_each_cell_where_it_lies(maps):
    axes = axes_of(he2024.fig6(maps))
    for letter, name in (("a", "cue_century"), ("b", "cue_mimics")):
        mesh = axes[letter].collections[0]
        assert np.allclose(np.asarray(mesh.get_array()).ravel(), maps[name].values)
    line = axes["c"].lines[0]
    assert np.array_equal(line.get_xdata(), maps["cue_century"])
    assert np.array_equal(line.get_ydata(), maps["cue_mimics"])


def test_fig6_histograms_share_out_the_whole_area(maps):
    ax = axes_of(he2024.fig6(maps))["d"]
    heights = [sum(bar.get_height() for bar in container) for container in ax.containers]
    assert heights == pytest.approx([100.0, 100.0])


def test_synthetic_data_are_named_on_the_figure(maps):
    assert "synthetic" in he2024.fig6(maps)._supxlabel.get_text()
    real = he2024.fig6(maps.assign_attrs(kind="real"))
    assert "synthetic" not in real._supxlabel.get_text()


def test_every_axis_with_numbers_has_a_label_with_a_unit(maps, ensemble):
    run = pools.responses(cue=7.0, years=20.0)
    figures = [he2024.fig5(ensemble), he2024.fig6(maps), he2024.step(run)]
    figures.append(he2024.pools(pools.mimics_of_site(**pools.REF15)))
    for figure in figures:
        for ax in labels(figure):
            if ax.get_gid() in ("panel-a", "panel-b") and ax.collections and not ax.lines:
                continue  # a map: its ticks carry degrees
            text = ax.get_ylabel() or ax.get_xlabel()
            assert "(" in text, (figure, ax)


def test_schematics_show_every_pool_and_every_link_of_the_models():
    figure = he2024.structures(century.links(), mimics.links())
    left, right = figure.axes
    arrows = [
        len([p for p in ax.patches if type(p).__name__ == "FancyArrowPatch"])
        for ax in (left, right)
    ]
    between = [
        len(schematic.between(model.links(), dict.fromkeys(model.POOLS)))
        for model in (century, mimics)
    ]
    assert min(between) >= 9
    assert arrows == between
    boxes = [
        len([p for p in ax.patches if type(p).__name__ == "FancyBboxPatch"]) for ax in (left, right)
    ]
    assert boxes == [7, 7]


def test_sites_that_lie_close_have_labels_apart():
    spots = {"observed": ("site", [4.1, 4.6, 4.6]), "modelled": ("site", [5.92, 5.78, 5.7])}
    sites = xr.Dataset(spots, {"site": ["LUQ", "HFR", "KNZ"]}, {"r2": 0.5, "rmse": 2.0})
    figure = he2024.lter(sites)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
