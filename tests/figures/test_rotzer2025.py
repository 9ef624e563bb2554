"""Figures of the pore-scale model: what is drawn is what was handed in, and nothing is missing."""

import io
import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import example, given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.legend import Legend
from matplotlib.patches import FancyArrowPatch
from PIL import Image

from soilnb import claims
from soilnb.figures import pore, rotzer2025, style
from soilnb.figures.pore import maps as pore_maps
from soilnb.figures.pore import schematics as pore_schematics
from soilnb.figures.pore import series
from soilnb.figures.rotzer2025 import maps as rotzer2025_maps
from soilnb.figures.rotzer2025 import series as rotzer2025_series
from soilnb.parameters import InputError
from soilnb.pore.diagnostics import CELLS, RATES, SERIES, STATE_VARIABLES
from soilnb.pore.parameters import resolve
from soilnb.pore.scenarios import SCENARIOS

SIDE, DAYS, SEEDS = 48, 500, (3, 4)
KEPT = (0.0, 130.0, 135.0, 195.0, 200.0, 230.0, 500.0)
GREW, MERGED = (30, 12), (18, 33)


def fields(scenario):
    """Maps made by hand: a lump of minerals, all types of voxels, a hot spot, a contrast."""
    rng = np.random.default_rng(5)
    shape = (len(KEPT), SIDE, SIDE)
    cell = np.zeros(shape, np.int8)
    cell[:, 2:10, 2:10] = CELLS["mineral"]
    cell[:, 4, 26:30] = CELLS["particulate organic matter"]
    cell[:, 6, 28] = CELLS["initial necromass"]
    cell[:, 8, 30] = CELLS["new necromass"]
    cell[:, 12, 27] = CELLS["biomass"]
    reactive, glue = np.zeros(shape, np.int8), np.zeros(shape, np.int8)
    cell[:, 14:18, 30:34] = CELLS["mineral"]
    reactive[:, 14, 31], glue[:, 17, 33] = 1, 2 + 4
    is_open = np.isin(cell, [CELLS["pore"], CELLS["biomass"]])
    c_s = np.where(is_open, rng.uniform(1e-4, 2e-4, shape), 0.0)
    n_s = c_s / 40
    c_b = np.where(cell == CELLS["biomass"], 0.05, 0.0)
    # biomass grows around one voxel between days 200 and 230
    y, x = GREW
    c_b[5, y - 1 : y + 2, x - 1 : x + 2] = 0.2
    cell[5, y - 1 : y + 2, x - 1 : x + 2] = CELLS["biomass"]
    # two solutions of different C/N side by side on day 130 have mixed on day 135
    y, x = MERGED
    if scenario == "reference":
        n_s[1, y - 4 : y + 4, x - 4 : x] = c_s[1, y - 4 : y + 4, x - 4 : x] / 8
        n_s[1, y - 4 : y + 4, x : x + 4] = c_s[1, y - 4 : y + 4, x : x + 4] / 300
    found = {"cell": cell, "c_s": c_s, "n_s": n_s, "c_b": c_b, "reactive": reactive, "glue": glue}
    return {name: (("snapshot", "y", "x"), values) for name, values in found.items()}


def run(scenario="reference", seed=3, with_fields=True):
    """A run made by hand, in the schema of `soilnb.pore.simulate`."""
    rng = np.random.default_rng([seed, list(SCENARIOS).index(scenario)])
    time = np.arange(DAYS + 1.0)
    data = {
        name: ("time", rng.uniform(0.5, 1.5) * (1 + rng.uniform(0, 0.2, time.size)))
        for name in SERIES
    }
    for name in ("f_U", "R_root", "R_POM"):
        data[name] = ("time", np.where(time > 0, data[name][1], 0.0))
    respired = sum(data[name][1] for name in ("R_G", "R_M", "R_O"))
    with np.errstate(divide="ignore"):
        data["CUE"] = ("time", np.where(time > 0, 1 - respired / (8 * data["f_U"][1]), np.nan))
    data["f_U"] = ("time", 8 * data["f_U"][1])
    pulses = [{"day": pulse.day} for pulse in SCENARIOS[scenario].pulses]
    parameters = resolve(dict(SCENARIOS[scenario].parameters))
    return xr.Dataset(
        data | (fields(scenario) if with_fields else {}),
        coords={"time": time, "snapshot": list(KEPT)} if with_fields else {"time": time},
        attrs={
            "scenario": scenario,
            "pulses": json.dumps(pulses),
            "preset": "default",
            "seed": seed,
            "ny": SIDE,
            "nx": SIDE,
            "parameters": json.dumps(dict(parameters)),
        },
    )


def ensemble(*scenarios):
    """Runs of two seeds, with the attributes of `soilnb.pore.simulate_ensemble`."""
    rows = [
        xr.concat([run(name, seed) for seed in SEEDS], "seed", combine_attrs="drop_conflicts")
        for name in scenarios
    ]
    data = xr.concat(rows, "scenario", combine_attrs="drop_conflicts")
    data = data.assign_coords(scenario=list(scenarios), seed=list(SEEDS))
    kept = {
        name: json.dumps({k: row.attrs[name] for k, row in zip(scenarios, rows, strict=True)})
        for name in ("pulses", "parameters")
    }
    return data.assign_attrs(kept)


@pytest.fixture(scope="module")
def runs():
    return ensemble(*SCENARIOS)


@pytest.fixture(scope="module")
def reference():
    return run()


@pytest.fixture(scope="module")
def figures(runs, reference):
    cell = reference["cell"]
    return {
        "1": rotzer2025.fig1(reference, width=24),
        "2": rotzer2025.fig2(),
        "3": rotzer2025.fig3(reference),
        "4": rotzer2025.fig4(cell.values[0], reference),
        "5": rotzer2025.fig5(runs),
        "6": rotzer2025.fig6(runs),
        "7": rotzer2025.fig7(reference),
        "8": rotzer2025.fig8(runs),
        "9": rotzer2025.fig9(runs),
        "10": rotzer2025.fig10(runs),
        "11": rotzer2025.fig11(runs),
        "12": rotzer2025.fig12(runs),
        "A1": rotzer2025.figA1(runs),
    }


def panels(figure):
    return {ax.get_gid()[6:]: ax for ax in figure.axes if (ax.get_gid() or "").startswith("panel-")}


def lines(ax):
    """Drawn lines by their label, those that carry data."""
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def words_of(figure):
    found = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return [text.get_text() for text in found]


# Every figure -------------------------------------------------------------------------------------


def test_every_figure_shows_the_panels_of_the_manifest(figures):
    manifest = claims.figures()["panels"]
    owed = {name[len("rotzer2025-fig") :] for name in manifest.index if "rotzer2025-fig" in name}
    assert set(figures) == owed
    for number, figure in figures.items():
        assert style.panels(figure) == manifest[f"rotzer2025-fig{number}"], number


def test_every_axis_with_numbers_has_labels_with_units(figures):
    for number, figure in figures.items():
        for ax in figure.axes:
            if not ax.axison or not ax.get_yticks().size:
                continue
            if ax.get_label() != "<colorbar>" and number != "11":
                assert re.search(r"\(.+\)", ax.get_xlabel()), (number, ax)
            assert re.search(r"\(.+\)", ax.get_ylabel()), (number, ax)


def test_every_map_has_a_scale_bar_of_the_length_that_it_names(figures):
    for number in ("1", "3", "4", "7", "9"):
        maps = [ax for ax in figures[number].axes if ax.images and not ax.get_yticks().size]
        maps = [ax for ax in maps if ax.get_gid() != "lens"]
        assert maps
        for ax in maps:
            (bar,) = [line for line in ax.lines if line.get_gid() == "scale-bar"]
            length = np.ptp(bar.get_xdata())
            assert f"{length:g} µm" in [text.get_text() for text in ax.texts], number
            assert length <= SIDE * 2 / 2


def test_every_figure_is_drawn_without_a_warning_and_nothing_is_cut_off(figures):
    for number, figure in figures.items():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = figure.get_tightbbox(canvas.get_renderer())
        width, height = figure.get_size_inches()
        assert drawn.x0 > -0.02, number
        assert drawn.y0 > -0.02, number
        assert drawn.x1 < width + 0.02, number
        assert drawn.y1 < height + 0.02, number
        # a legend that is clipped away does not count there
        for box in figure.findobj(Legend):
            assert not box.get_clip_on() or box.get_clip_path() is None, number
            extent = box.get_window_extent(canvas.get_renderer())
            assert extent.x1 <= figure.bbox.x1 + 2, number
            assert extent.y1 <= figure.bbox.y1 + 2, number


def test_notes_say_preset_seeds_domain_and_size(runs, reference):
    note = rotzer2025.fig6(runs, size="quick")._supxlabel.get_text()
    assert (
        note
        == "preset default · mean and range of seeds 3, 4 · 48 × 48 voxels of 2 µm · size quick"
    )
    assert "seed 3 ·" in rotzer2025.fig3(reference)._supxlabel.get_text()
    assert "mean of seeds 3, 4" in rotzer2025.fig11(runs)._supxlabel.get_text()
    assert "seed 3 ·" in rotzer2025.fig9(runs)._supxlabel.get_text()  # maps show the first seed


def test_synthetic_data_are_named_on_the_figure(reference):
    twin = reference.assign_attrs(provenance="synthetic")
    assert "synthetic" in rotzer2025.fig6(twin)._supxlabel.get_text()
    assert "synthetic" not in rotzer2025.fig6(reference)._supxlabel.get_text()


def test_a_figure_that_is_handed_in_is_drawn_upon(reference):
    figure = rotzer2025.fig3(reference)
    assert rotzer2025.fig6(reference, figure=figure) is figure
    assert len(figure.axes) == 1


def test_a_missing_day_or_scenario_is_one_clear_line(reference, runs):
    with pytest.raises(InputError, match=r"fields of day 77: allowed days 0, 130, .*snapshots="):
        rotzer2025.fig3(reference, day=77)
    with pytest.raises(InputError, match="fields of day 0: allowed days none"):
        rotzer2025.fig3(reference.drop_dims("snapshot"))
    with pytest.raises(InputError, match="runs of reference: allowed with static"):
        rotzer2025.fig8({"reference": reference})


# Time series --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letter", "names", "factor"),
    [
        ("a", rotzer2025_series.CARBON, 1),
        ("b", rotzer2025_series.NITROGEN, 1),
        ("c", rotzer2025_series.CARBON_FLUXES, 1000),
        ("d", rotzer2025_series.NITROGEN_FLUXES, 1000),
    ],
)
def test_fig5_draws_the_mean_of_the_seeds_and_their_range(runs, figures, letter, names, factor):
    ax, data = panels(figures["5"])[letter], runs.sel(scenario="reference")
    drawn = lines(ax)
    assert len(drawn) == len(names)
    bands = list(ax.collections)
    for name, band in zip(names, bands, strict=True):
        expected = {
            "R": data["R_G"] + data["R_M"] + data["R_O"],
            "f_BD_N": data["f_BD"] / 10,
        }.get(name, data.get(name))
        line = drawn[series.LOOKS[name].label]
        assert np.array_equal(line.get_xdata(), data["time"])
        assert np.allclose(line.get_ydata(), factor * expected.mean("seed"), rtol=1e-12)
        edges = band.get_paths()[0].vertices[:, 1]
        assert edges.max() == pytest.approx(factor * float(expected.max()))
        assert edges.min() == pytest.approx(factor * float(expected.min()))


def test_fig5_shares_add_up_and_are_written_at_the_days_of_the_paper(runs, figures):
    data = runs.sel(scenario="reference").mean("seed")
    for letter, names in (("e", series.CARBON_SHARES), ("f", series.NITROGEN_SHARES)):
        ax = panels(figures["5"])[letter]
        tops = [area.get_paths()[0].vertices[:, 1].max() for area in ax.collections]
        assert max(tops) == pytest.approx(100)
        written = {text.get_gid(): text.get_text() for text in ax.texts}
        for day in (50, 200, 325, 450):
            now = data.sel(time=day)
            nitrogen = {f"N_Nec_{age}": now[f"C_Nec_{age}"] / 10 for age in ("initial", "new")}
            pools = np.array([float(nitrogen.get(name, now.get(name))) for name in names])
            shares = 100 * pools / pools.sum()
            for name, share in zip(names, shares, strict=True):
                key = f"share-{name}-{day}"
                assert (key in written) == (share >= 5)
                assert written.get(key, f"{share:.0f}") == f"{share:.0f}"


def test_a_single_run_has_no_band(reference):
    assert not panels(rotzer2025.fig5(reference))["a"].collections


def test_fig5_takes_the_kept_series_with_their_standard_deviation(reference):
    days = np.array([0.0, 5, 10, 50, 195, 199, 200, 201, 325, 450, 500])
    thin = reference.drop_dims("snapshot").sel(time=days)
    sd = 0.1 * thin
    kept = xr.concat([thin, sd], "statistic").assign_coords(statistic=["mean", "sd"])
    kept = kept.drop_vars(["f_POM_N", "f_Nec_N"])
    kept.attrs = reference.attrs | {"seeds": [0, 1, 2]}
    figure = rotzer2025.fig5(kept)
    ax = panels(figure)["a"]
    drawn = lines(ax)["POM"]
    assert np.array_equal(drawn.get_ydata(), thin["C_POM"])
    edges = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edges.max() == pytest.approx(1.1 * float(thin["C_POM"].max()))
    assert "standard deviation of seeds 0, 1, 2" in figure._supxlabel.get_text()
    nitrogen = lines(panels(figure)["d"])["decay of POM"].get_ydata()
    assert np.allclose(nitrogen, 1000 * thin["f_POM"] / 100)


def test_what_came_in_is_added_up_over_days_of_any_length(reference):
    daily = reference.drop_dims("snapshot")
    whole = series.amount_between(daily, "R_POM", 0, 199)
    assert whole == pytest.approx(float(daily["R_POM"][1:200].sum()))
    # means of the days since the one before, as the kept series have them
    ends = np.array([0.0, 40, 199, 300])
    total = daily["R_POM"].cumsum("time").sel(time=ends)
    means = total.diff("time") / total["time"].diff("time")
    rare = xr.Dataset({"R_POM": means.reindex(time=ends)})
    assert series.amount_between(rare, "R_POM", 0, 199) == pytest.approx(whole)


def test_cue_of_several_seeds_is_that_of_their_fluxes_together(runs, figures):
    data = runs.sel(scenario="reference")
    respired = (data["R_G"] + data["R_M"] + data["R_O"]).mean("seed")
    uptake = data["f_U"].mean("seed")
    expected = 1 - respired / uptake.where(uptake > 0)
    ax = figures["6"].axes[0]
    assert np.allclose(lines(ax)["this model"].get_ydata(), expected, equal_nan=True)
    # one seed that starves does not drag the line away
    starving = data.copy(deep=True)
    starving["CUE"][0, 300] = -1e60
    assert np.isfinite(series.mean(starving, "CUE")[300])
    assert series.mean(starving, "CUE")[300] > -10


def test_fig6_says_how_often_microbes_starve_and_what_the_paper_has(runs, reference, figures):
    texts = words_of(figures["6"])
    assert any("0.289" in text for text in texts)
    assert any("0.583" in text and "201" in text for text in texts)
    low = reference.copy(deep=True)
    low["CUE"][3:8] = -2.0
    assert "starving microbes: below -0.2 on 5 days" in words_of(rotzer2025.fig6(low))
    short = rotzer2025.fig6(reference.sel(time=slice(0, 60)))
    assert not any("paper" in text for text in words_of(short))


def test_pulses_are_marked_on_their_days(figures):
    for number, expected in (("5", 1), ("12", 10)):
        ax = panels(figures[number])["a"]
        spans = [patch for patch in ax.patches if patch.get_gid() == "pulse"]
        assert len(spans) == expected
        assert spans[0].get_x() == 199
        assert spans[0].get_width() == 1


def test_parameters_of_an_ensemble_are_those_of_each_scenario(runs):
    assert series.about(runs.sel(scenario="cn10"), "parameters")["cn_root"] == 10
    assert series.about(runs.sel(scenario="reference"), "parameters")["cn_root"] == 40
    assert len(series.about(runs.sel(scenario="ten_pulses"), "pulses")) == 10


@pytest.mark.parametrize(
    ("number", "scenarios"),
    [
        ("8", ("reference", "static")),
        ("10", ("cn10", "cn22", "reference", "cn100")),
        ("12", ("reference", "cn10", "ten_pulses")),
    ],
)
def test_comparisons_draw_every_scenario_with_a_line_of_its_own(runs, figures, number, scenarios):
    ax = panels(figures[number])["a"]
    first, last = ax.get_xlim()
    looks = set()
    for name in scenarios:
        for variable in ("C_B", "C_S", "C_Nec_new"):
            (line,) = [line for line in ax.lines if line.get_gid() == f"{name}-{variable}"]
            some = runs.sel(scenario=name, time=slice(first, last))
            assert np.allclose(line.get_ydata(), some[variable].mean("seed"))
        looks.add((line.get_linestyle(), line.get_marker()))
    assert len(looks) == len(scenarios)


def test_fig8_covers_the_days_of_the_paper_and_shares_out_the_static_run(runs, figures):
    found = panels(figures["8"])
    assert found["a"].get_xlim() == found["c"].get_xlim() == (180, 350)
    pools = runs.sel(scenario="static", time=200).mean("seed")
    carbon = np.array([float(pools[name]) for name in series.CARBON_SHARES])
    written = {text.get_gid(): text.get_text() for text in found["c"].texts}
    assert written["share-C_S-200"] == f"{100 * carbon[-1] / carbon.sum():.0f}"


def test_fig10_and_12_draw_respiration_its_overflow_and_efficiency(runs, figures):
    for number, name in (("10", "cn10"), ("12", "ten_pulses")):
        found = panels(figures[number])
        some = runs.sel(scenario=name, time=slice(180, 400))
        drawn = {line.get_gid(): line.get_ydata() for line in found["c"].lines}
        respired = (some["R_G"] + some["R_M"] + some["R_O"]).mean("seed")
        assert np.allclose(drawn[f"{name}-R"], 1000 * respired)
        assert np.allclose(drawn[f"{name}-R_O"], 1000 * some["R_O"].mean("seed"))
        efficiency = {line.get_gid(): line.get_ydata() for line in found["d"].lines}
        assert np.allclose(efficiency[f"{name}-CUE"], series.mean(some, "CUE"))


def test_fig11_stacks_all_carbon_and_shows_what_came_in(runs, figures):
    (ax,) = figures["11"].axes
    labels = [tick.get_text().replace("\n", " ") for tick in ax.get_xticklabels()]
    places = dict(zip(labels, ax.get_xticks(), strict=True))
    heights = {}
    for bar in ax.patches:
        middle = round(bar.get_x() + bar.get_width() / 2, 6)
        heights.setdefault(middle, {})[bar.get_gid()] = bar.get_height()
    means = runs.mean("seed")
    for label, name, day in (
        ("day 0", "reference", 0),
        ("day 199", "reference", 199),
        ("day 200", "reference", 200),
        ("day 500 without movement", "static", 500),
        ("day 500 one pulse C/N 10", "cn10", 500),
        ("day 500 ten pulses C/N 40", "ten_pulses", 500),
    ):
        now = means.sel(scenario=name, time=day)
        bar = heights[round(places[label], 6)]
        assert bar["stock-C_CO2"] == pytest.approx(float(now["C_CO2"]))
        total = sum(float(now[pool]) for pool in (*series.CARBON_SHARES, "C_CO2"))
        assert sum(bar.values()) == pytest.approx(total)
        assert f"{total:.1f}" in words_of(figures["11"])
    came = heights[round(places["came in days 1-199"], 6)]
    expected = means["R_POM"].sel(scenario="reference", time=slice(0.5, 199)).sum()
    assert came["input-R_POM"] == pytest.approx(float(expected))
    late = [
        at for at in heights if abs(at - places["came in days 201-500 (one | ten pulses)"]) < 0.5
    ]
    assert len(late) == 2
    expected = means["R_root"].sel(scenario="ten_pulses", time=slice(201, 500)).sum()
    assert heights[max(late)]["input-R_root"] == pytest.approx(float(expected))


def test_fig11_names_everything_that_it_stacks(figures):
    named = [text.get_text() for text in figures["11"].axes[0].get_legend().get_texts()]
    pools = [series.LOOKS[name].label for name in (*series.CARBON_SHARES, "C_CO2")]
    assert named == [*pools, "input: POM", "input: exudates"]


def test_fig11_leaves_small_values_unwritten(runs):
    tiny = runs.copy(deep=True)
    tiny["C_B"][:] = 1e-3
    written = words_of(rotzer2025.fig11(tiny))
    assert not any(text.startswith("0.00") for text in written)


def test_figA1_puts_the_reference_above_pom_with_cn_10(runs, figures):
    axes = figures["A1"].axes
    assert len(axes) == 4
    for ax, name, variable in zip(
        axes, ("reference", "reference", "pom_cn10", "pom_cn10"), ("C_B", "N_B") * 2, strict=True
    ):
        assert np.allclose(
            lines(ax)["biomass"].get_ydata(), runs[variable].sel(scenario=name).mean("seed")
        )
    assert axes[0].get_ylim() == axes[2].get_ylim()


# Maps ---------------------------------------------------------------------------------------------


def test_fig3_draws_the_types_of_voxels_and_names_all_of_them(reference):
    figure = rotzer2025.fig3(reference, day=130)
    image = figure.axes[0].images[0]
    assert np.array_equal(image.get_array(), reference["cell"].sel(snapshot=130))
    red = to_rgb(pore_maps.COLOURS["mineral"])
    assert np.allclose(image.cmap(image.norm(CELLS["mineral"]))[:3], red, atol=1e-6)
    for name in ("mineral", "particulate organic matter", "new necromass", "microbial biomass"):
        assert name in words_of(figure)
    assert "   root line" in words_of(figure)
    (mark,) = [line for line in figure.axes[0].lines if line.get_gid() == "root-line"]
    assert mark.get_xdata()[0] == (SIDE // 2 + 0.5) * 2


def test_fig4_shows_three_stages(reference, figures):
    before = np.zeros((SIDE, SIDE), int)
    figure = rotzer2025.fig4(before, reference)
    shown = [panels(figure)[letter].images[0].get_array() for letter in "abc"]
    assert np.array_equal(shown[0], before)
    assert np.array_equal(shown[1], reference["cell"][0])
    assert np.array_equal(shown[2], reference["cell"][-1])
    assert panels(figure)["c"].get_title(loc="left") == "(c) after 500 days"


def test_fig7_maps_availability_and_looks_where_biomass_grew(reference, figures):
    half = resolve("default")["half_saturation"]
    for letter, day in zip("abc", (195, 200, 230), strict=True):
        ax = panels(figures["7"])[letter]
        now = reference.sel(snapshot=day)
        shown = ax.images[1].get_array()
        pores = (now["cell"] == CELLS["pore"]).values
        assert np.array_equal(~shown.mask, pores)
        assert np.allclose(shown[pores], (now["c_s"] / (now["c_s"] + half)).values[pores])
        (ring,) = [patch for patch in ax.patches if patch.get_gid() == "ring"]
        assert np.allclose(ring.center, ((GREW[1] + 0.5) * 2, (GREW[0] + 0.5) * 2), atol=2.1)
        (inset,) = [child for child in ax.child_axes if child.get_gid() == "lens"]
        assert np.mean(inset.get_xlim()) == pytest.approx(ring.center[0])
        assert abs(np.diff(inset.get_ylim()))[0] == pytest.approx(2 * ring.radius)
        # the lens lies where it does not hide what it enlarges
        corner = inset.get_window_extent().transformed(ax.transData.inverted())
        assert not corner.contains(*ring.center)


def test_fig9_maps_the_ratio_and_circles_where_pores_were_connected(runs, figures):
    found = panels(figures["9"])
    for letter, name, day in (("a", "reference", 130), ("d", "static", 135)):
        now = runs.sel(scenario=name, snapshot=day).isel(seed=0)
        shown = found[letter].images[1].get_array()
        held = np.isin(now["cell"], [CELLS["pore"], CELLS["biomass"]])
        assert np.array_equal(~shown.mask, held)
        assert np.allclose(shown[held], (now["c_s"] / now["n_s"]).values[held])
    for letter in "ab":
        (ring,) = [patch for patch in found[letter].patches if patch.get_gid() == "ring"]
        assert np.hypot(*np.subtract(ring.center, ((MERGED[1]) * 2, (MERGED[0]) * 2))) < 8
    assert not [patch for patch in found["c"].patches if patch.get_gid() == "ring"]


def test_a_solution_without_nitrogen_is_at_the_end_of_the_scale(reference):
    now = reference.sel(snapshot=130).copy(deep=True)
    now["n_s"][20, 20] = 0.0
    ratio = rotzer2025_maps.solution_ratio(now)
    assert ratio[20, 20] == 1e6
    assert np.isnan(ratio[3, 3])  # inside a mineral


def test_states_stay_apart_for_colour_blind_readers():
    # Machado et al. 2009, severity 1.0, for linear RGB
    kinds = {
        "normal": np.eye(3),
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                   [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
    }  # fmt: skip
    for kind, matrix in kinds.items():
        seen = {name: lab(np.array(matrix) @ linear(c)) for name, c in pore_maps.COLOURS.items()}
        for one, other in itertools.combinations(seen, 2):
            assert np.linalg.norm(seen[one] - seen[other]) > 24, (kind, one, other)


def linear(colour):
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
              [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / (0.95047, 1, 1.08883)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_a_map_with_unknown_codes_or_dimensions_is_refused():
    with pytest.raises(InputError, match="codes"):
        pore_maps.codes(np.full((3, 3), 9))
    with pytest.raises(InputError, match=r"dimensions \(2, 3, 3\)"):
        pore_maps.codes(np.zeros((2, 3, 3), int))


# Schematics ---------------------------------------------------------------------------------------


def test_fig1_names_every_component_that_it_shows(figures):
    (ax,) = figures["1"].axes
    named = {
        patch.get_gid()[6:] for patch in ax.patches if (patch.get_gid() or "").startswith("names-")
    }
    assert named == set(pore_schematics.WORDS)
    for words in pore_schematics.WORDS.values():
        assert words in [text.get_text() for text in ax.texts]
    marks = {c.get_gid(): len(c.get_segments()) for c in ax.collections}
    assert marks == {"reactive": 1, "glue": 2}


def test_fig1_points_at_voxels_of_each_component_and_no_lines_cross(reference):
    figure = rotzer2025.fig1(reference, width=24)
    (ax,) = figure.axes
    shown = ax.images[0].get_array()
    arrows = {
        p.get_gid()[6:]: p for p in ax.patches if isinstance(p, FancyArrowPatch) and p.get_gid()
    }
    ends = {}
    for name, arrow in arrows.items():
        start, end = (np.array(place) for place in arrow._posA_posB)
        ends[name] = (start, end)
        x, y = (end // 2).astype(int)
        if name in CELLS:
            assert shown[y, x] == CELLS[name], name
    for one, other in itertools.combinations(ends.values(), 2):
        assert not pore_schematics._cross(*one, *other)


@given(st.lists(st.tuples(st.floats(0, 80), st.floats(0, 90)), min_size=2, max_size=8, unique=True))
@example([(26, 44), (53, 46), (67, 41), (37, 42), (11, 43), (41, 42), (56, 40), (6, 13)])
@example([(20, 40), (70, 44), (50, 42), (30, 41), (60, 43), (10, 45), (40, 12), (66, 11)])
def test_lines_to_the_names_never_cross(places):
    names = [str(number) for number in range(len(places))]
    spots = dict(zip(names, map(np.array, places), strict=True))
    at = [np.array([95.0, 90 * share]) for share in np.linspace(0.05, 0.95, len(names))]
    order = pore_schematics._uncrossed(names, spots, at)
    assert sorted(order) == names
    for i, j in itertools.combinations(range(len(names)), 2):
        assert not pore_schematics._cross(at[i], spots[order[i]], at[j], spots[order[j]])


def test_fig2_has_every_state_variable_and_every_rate_of_the_model(figures):
    in_boxes = [name for box in pore_schematics.BOXES.values() for name in box.variables]
    assert sorted(in_boxes) == sorted(STATE_VARIABLES)
    rates = [name for link in pore_schematics.LINKS for name in (*link.carbon, *link.nitrogen)]
    assert sorted(rates) == sorted(RATES)
    written = " ".join(words_of(figures["2"]))
    for name in (*STATE_VARIABLES, *RATES):
        symbol = (STATE_VARIABLES.get(name) or RATES[name])[0]
        assert f"${symbol}$" in written, name


def test_fig2_carbon_and_nitrogen_each_have_their_arrows(figures):
    (ax,) = figures["2"].axes
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    carbon = sum(bool(link.carbon) for link in pore_schematics.LINKS)
    nitrogen = sum(bool(link.nitrogen or link.ratio) for link in pore_schematics.LINKS)
    assert (carbon, nitrogen) == (7, 7)
    assert len(arrows) == carbon + nitrogen


# Films --------------------------------------------------------------------------------------------


def test_frames_are_pictures_of_the_maps_in_the_same_colours(reference):
    cells = [reference["cell"][day].values for day in range(3)]
    pictures = pore_maps.frames(cells, ["day 0", "day 130", "day 135"], width=96)
    assert len(pictures) == 3
    for picture, cell in zip(pictures, cells, strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
        assert pixels.shape[1] == 96
        expected = [np.round(255 * np.array(to_rgb(pore_maps.COLOURS[name]))) for name in CELLS]
        assert np.array_equal(pixels[: 2 * SIDE : 2, ::2], np.array(expected)[cell])
        assert (pixels[2 * SIDE + 12, 4:24] == 0).all()  # the scale bar
    with pytest.raises(InputError, match="1 labels for 3 maps"):
        pore_maps.frames(cells, ["day 0"])


def test_an_animation_carries_its_pictures_its_text_and_no_address(reference):
    pictures = pore_maps.frames([reference["cell"][0]] * 40, [f"day {i}" for i in range(40)])
    text = 'Particles move; "microbes" <grow>.'
    film = pore_maps.animation(pictures, [f"day {i}" for i in range(40)], text)
    assert len(film.html) < 1_500_000
    assert "http" not in film.html
    assert film.html.count("data:image/png;base64,") == 41  # the first one is shown at once
    assert 'alt="Particles move; &quot;microbes&quot; &lt;grow&gt;."' in film.html
    assert "<grow>" not in film.html
    assert film._repr_html_() == film.html
    for name in pore_maps.COLOURS.values():
        assert name in film.html


def test_an_animation_that_is_too_long_too_large_or_without_words_is_refused():
    small = pore_maps.frames([np.zeros((20, 20), int)])
    with pytest.raises(InputError, match="film of 41 pictures: allowed 1 to 40"):
        pore_maps.animation(small * 41, ["x"] * 41, "Something moves.")
    with pytest.raises(InputError, match="film without text"):
        pore_maps.animation(small, ["x"], " ")
    with pytest.raises(InputError, match=r"film of 2\.\d MB: allowed 1\.5 MB"):
        pore_maps.animation([b"x" * 400_000] * 4, ["x"] * 4, "Something moves.")
    with pytest.raises(InputError, match="2 labels for 1 pictures"):
        pore_maps.animation(small, ["x", "y"], "Something moves.")


# Teaching figures ---------------------------------------------------------------------------------


def test_exposed_shares_are_drawn_for_one_run_or_several(runs, reference):
    ax = pore.exposed(reference).axes[0]
    assert np.array_equal(ax.lines[0].get_ydata(), reference["exposed_POM"])
    assert any(0.11 in line.get_ydata() for line in ax.lines)
    both = pore.exposed({name: series.run_of(runs, name) for name in ("reference", "static")})
    drawn = [line.get_label() for line in both.axes[0].lines]
    assert "POM, without movement" in drawn
    styles = {line.get_linestyle() for line in both.axes[0].lines[:4]}
    assert styles == {"-", "--"}


def test_isolation_shows_the_kind_of_every_pore():
    kind_map = np.full((20, 20), -1)
    kind_map[2:8, 2:8], kind_map[12, 12] = 0, 2
    cell = np.where(kind_map < 0, CELLS["mineral"], CELLS["pore"])
    data = xr.Dataset(
        {
            "kind_map": (("y", "x"), kind_map),
            "cell": (("y", "x"), cell),
            "voxels": ("pore", [36, 1]),
            "availability": ("pore", [0.5, 0.9]),
            "kind": ("pore", ["large", "empty"]),
        }
    )
    left, right = pore.isolation(data).axes
    shown = left.images[1].get_array()
    assert np.array_equal(~shown.mask, kind_map >= 0)
    assert np.array_equal(shown[kind_map >= 0], kind_map[kind_map >= 0])
    drawn = {line.get_label(): (line.get_xdata(), line.get_ydata()) for line in right.lines}
    assert drawn["large, with microbes: 1"] == (pytest.approx([36]), pytest.approx([0.5]))
    assert drawn["without microbes: 1"] == (pytest.approx([1]), pytest.approx([0.9]))


def test_texture_is_drawn_beside_its_target():
    data = xr.Dataset(
        {
            "target": ("size_class", [20.0, 80.0]),
            "realised": ("size_class", [21.0, 79.0]),
            "particles": ("size_class", [1234, 5]),
        },
        coords={"size_class": ["1-2", "2-6"]},
    )
    ax = pore.texture(data).axes[0]
    assert [bar.get_height() for bar in ax.patches] == [20.0, 80.0, 21.0, 79.0]
    assert "1,234 particles" in [text.get_text() for text in ax.texts]
    assert ax.get_xlabel().endswith("(µm)")


def curves():
    index = pd.Index([0.0, 1, 2, 4])
    return pd.DataFrame({"one": [1.0, 2, 3, 4], "other": [np.nan, 5, np.nan, 7]}, index=index)


def test_lines_are_the_columns_of_a_table_without_what_is_missing():
    figure = pore.lines(
        curves(), "time (d)", "share (1)", points=["other"], mark=(3.0, "here"), note=("seed 3",)
    )
    (ax,) = figure.axes
    drawn = lines(ax)
    assert np.array_equal(drawn["one"].get_xydata(), [[0, 1], [1, 2], [2, 3], [4, 4]])
    assert np.array_equal(drawn["other"].get_xydata(), [[1, 5], [4, 7]])
    assert (drawn["one"].get_linestyle(), drawn["one"].get_marker()) == ("-", "None")
    assert (drawn["other"].get_linestyle(), drawn["other"].get_marker()) == ("None", "o")
    assert list(drawn["here"].get_xdata()) == [3, 3]
    assert drawn["one"].get_color() != drawn["other"].get_color()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (d)", "share (1)")
    assert figure._supxlabel.get_text() == "seed 3"
    (box,) = figure.legends  # above the panel, where it hides nothing
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert box.get_window_extent().y0 >= ax.get_window_extent().y1


def test_figures_of_one_voxel_and_of_a_point_say_what_made_them():
    from soilnb.explore import pore as explorers

    def note(figure):
        return figure._supxlabel.get_text()

    assert note(pore.limits(explorers.one_voxel())) == "preset default · one hour of one voxel"
    point = explorers.point_source("soil, porosity 0.41", "a small pore", hours=2, side=64, seed=5)
    assert note(pore.spreading(point)) == (
        "soil, porosity 0.41 · a small pore · seed 5 · 64 × 64 voxels of 2 µm"
    )
    assert note(pore.spreading(point.drop_attrs())) == "64 × 64 voxels of 2 µm"
    assert note(pore.well_mixed(explorers.pot(days=5))) == "preset default · one well-mixed pot"
