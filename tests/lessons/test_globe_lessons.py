"""What the lessons on the globe rest on: studies of one size, and what is kept of them."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims
from soilnb.claims import baseline, planet_runs
from soilnb.lessons.globe import convergence, meta_analysis, proda_globe
from soilnb.pipeline import notebooks


def test_a_study_of_profiles_is_named_by_its_size_and_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SOILNB_RESULTS", str(tmp_path))
    quick = proda_globe.study(number=3)
    assert quick.folder("bootstrap-table") is None
    one = proda_globe.Study("paper", 0, "table", quick.profiles, quick.chosen, quick.cells)
    assert one.folder("bootstrap-table") == tmp_path / "paper" / "bootstrap-table"
    assert one.limit == 1.05
    assert one.why == ""
    assert quick.why == proda_globe.SMALL


def test_the_kept_maps_of_both_models_are_of_the_same_cells():
    full = convergence.full()
    for name in ("latitude", "longitude"):
        xr.testing.assert_equal(full["CLM5"][name], full["COMPAS"][name])
    kept = claims.kept_table("tao2024", "tao2024-agreement").set_index("r of")["learnt"]
    found = convergence.agreement(full)["r"][kept.index]
    assert np.allclose(found, kept, atol=2e-3)


def test_what_is_kept_by_depth_is_of_the_profiles_that_pass():
    kept = planet_runs.profiles().query("kept")
    for rows in planet_runs.by_depth().values():
        np.testing.assert_array_equal(rows["cue"], kept["cue"])
        assert (rows["climate"].to_numpy() == kept["climate"].to_numpy()).all()
        assert (rows["soc"] > 0).all()


def test_members_differ_in_cells_of_the_kept_map_and_by_less_than_it():
    members, world = planet_runs.members(), planet_runs.maps("COMPAS")
    cells, all_cells = (
        pd.MultiIndex.from_arrays([one["latitude"].values, one["longitude"].values])
        for one in (members, world)
    )
    assert cells.isin(all_cells).all()
    here = world.isel(site=all_cells.get_indexer(cells))
    for name in planet_runs.SPREAD:
        kept = (members["kept"] & here["kept"]).values
        spread, value = members[f"{name}_sd"].values[kept], here[name].values[kept]
        assert (spread >= 0).all(), name
        assert np.median(spread) < np.median(np.abs(value)), name


def test_the_trap_catches_an_ordinary_regression():
    table = meta_analysis.trap(0)
    plain = np.polyfit(table["cue"], np.log10(table["soc"]), 1)[0]
    assert plain > 1


def test_the_arms_in_the_text_of_notebook_35_are_those_that_are_kept():
    (told,) = re.findall(r"\| all profiles, kept (?:\|.*\n)+", _text("35_what_controls_soc"))
    rows = [line.strip("| ").split(" | ")[1:] for line in told.splitlines()[2:]]
    said = [[float(cell.replace(",", "").replace("−", "-")) for cell in row] for row in rows]
    arms = [proda_globe.VARIANTS[reading] for reading in ("table", "log", "published")]
    kept = {
        name: claims.kept_table("tao2023", f"tao2023-{name}")
        for name in ("profiles", "maps", "components", "needed")
    }
    gone = kept["components"].pivot(index="component", columns="variant", values="deviation")
    rows = (
        (kept["profiles"].set_index("what").loc["kept"], 0),
        (kept["maps"].set_index("claim").loc["tao-total"], 0),
        (gone.loc["cue"], 0),
        (gone.loc["decomposition"], 0),
        (kept["needed"].set_index("component").loc["cue"], 1),
    )
    assert said == [[round(float(row[arm]), digits) for arm in arms] for row, digits in rows]


def test_each_arm_has_the_same_rows_at_full_size():
    found = {}
    for row in baseline.load("tao2023")["values"]:
        if row.get("variant"):
            found.setdefault(row["id"], set()).add(row["variant"])
    alone = {name for name, arms in found.items() if arms != {*proda_globe.VARIANTS.values()}}
    assert alone == {"tao-ed5"}  # by depth the published arm alone is asked


def _text(stem):
    cells = notebooks.read(Path(__file__).parents[2] / "notebooks" / f"{stem}.ipynb")["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)
