"""Figures of notebook 50 are tested by the data on their axes."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilnb.claims import pore_runs
from soilnb.explore import pore_to_planet as explorers
from soilnb.figures import pore_to_planet as figures
from soilnb.figures import style
from soilnb.profile import forcing
from soilnb.upscale import emergent, emulator


@pytest.fixture(scope="module")
def runs():
    return pore_runs.load()


def panel(figure, letter):
    return next(ax for ax in figure.axes if ax.get_gid() == f"panel-{letter}")


def points(ax, count):
    return [line for line in ax.lines if len(line.get_xdata()) == count]


def test_every_run_is_a_point_in_both_panels(runs):
    cue, _ = explorers.emulators()
    figure = figures.emergent(runs, cue)
    assert style.panels(figure) == "ab"
    each = runs.sizes["cn"] * runs.sizes["seed"]
    for letter in "ab":
        drawn = points(panel(figure, letter), each)
        assert len(drawn) == runs.sizes["structure"]
        values = np.sort(np.concatenate([line.get_ydata() for line in drawn]))
        assert values == pytest.approx(np.sort(runs["cue"].values.ravel()))
    fed = np.concatenate([line.get_xdata() for line in points(panel(figure, "b"), each)])
    assert np.sort(fed) == pytest.approx(np.sort((10 / runs["cn_released"]).values.ravel()))
    labels = [text.get_text() for text in panel(figure, "a").get_legend().get_texts()]
    assert labels == [f"{v:.2f}" for v in runs["exposed"].mean(["cn", "seed"]).values]


def test_the_errors_are_those_of_the_tables(runs):
    left_out, sizes = emulator.held_out_cue(runs), emulator.candidates(runs)
    texture = pd.DataFrame({"observed": [0.3, 0.4], "predicted": [0.35, 0.37]})
    figure = figures.held_out(left_out, texture, sizes)
    a, b = panel(figure, "a"), panel(figure, "b")
    crosses = next(line for line in a.lines if line.get_marker() == "x")
    assert crosses.get_ydata().tolist() == [0.35, 0.37]
    drawn = np.concatenate([line.get_ydata() for line in points(a, runs.sizes["cn"])])
    assert np.sort(drawn) == pytest.approx(np.sort(left_out["predicted"]))
    assert [bar.get_width() for bar in b.patches] == pytest.approx(sizes["rmse"].tolist())
    seeds = next(line for line in b.lines if line.get_linestyle() == "--")
    assert seeds.get_xdata()[0] == pytest.approx(sizes.attrs["seeds"])


def test_the_line_for_clay_has_its_runs_beside_it():
    textures = pore_runs.load_textures()
    _, line = explorers.emulators()
    ax = figures.exposure(textures, line).axes[0]
    drawn = points(ax, textures["exposed"].size)[0]
    for clay in textures["clay"].values:
        at = np.isclose(drawn.get_xdata(), clay)
        some = textures["exposed"].sel(clay=clay).values.ravel()
        assert np.sort(drawn.get_ydata()[at]) == pytest.approx(np.sort(some))
    assert "%" in ax.get_xlabel()


def test_a_profile_that_does_not_change_lies_on_the_line():
    cue, exposure = explorers.emulators()
    site = forcing.example("temperate")
    found = emergent.handed_over({"here": (site, 100.0, 20.0)}, cue, exposure, draws=4)
    found["soc"] = found["soc_published"].broadcast_like(found["soc"])
    ax = figures.profiles(found).axes[0]
    assert max(np.abs(line.get_xdata()).max() for line in ax.lines) == pytest.approx(0, abs=1e-9)
    assert "C/N 100, clay 20 %" in ax.get_title()
    assert ax.get_ylim() == (1.5, 0)


def test_maps_grey_out_what_is_not_sure_and_name_synthetic_data():
    lon, lat = np.meshgrid([0.0, 10.0, 20.0], [0.0, 10.0])
    change = np.full((20, 6), 0.1)
    change[::2, 0] = -0.1  # half of the draws disagree
    data = xr.Dataset(
        {
            name: (("draw", "site"), np.abs(change) if name == "cue" else change)
            for name in ("cue", "change", "change_published")
        },
        coords={"latitude": ("site", lat.ravel()), "longitude": ("site", lon.ravel())},
        attrs={"published_cue": 0.27, "provenance": "synthetic"},
    )
    figure = figures.maps(data)
    assert style.panels(figure) == "abcd"
    grey, mesh = panel(figure, "c").collections
    assert np.ma.count(np.ma.masked_invalid(mesh.get_array())) == 5
    assert np.ma.count(np.ma.masked_invalid(grey.get_array())) == 1
    assert np.nanmax(mesh.get_array()) == pytest.approx(10.0)  # percent
    words = figure.get_supxlabel()
    assert "synthetic data" in words
    assert "speculative" in words


def test_the_explorers_picture_shows_the_choice_on_the_line():
    found = explorers.hand_over(cn=60.0, exposed=0.2)
    left, right = figures.state(found).axes
    assert left.get_xscale() == "log"
    dot = left.containers[0].lines[0]
    assert dot.get_xdata()[0] == 60.0
    assert dot.get_ydata()[0] == pytest.approx(np.median(found["cue"]))
    dashed = next(line for line in right.lines if line.get_linestyle() == "--")
    assert dashed.get_xdata()[0] == pytest.approx(float(found["published"][0]) / 1000)
