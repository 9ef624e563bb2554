"""What the lessons on the globe rest on: studies of one size, and what is kept of them."""

import numpy as np
import xarray as xr

from soilnb import claims
from soilnb.lessons.globe import convergence, meta_analysis, proda_globe


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


def test_the_trap_catches_an_ordinary_regression():
    table = meta_analysis.trap(0)
    plain = np.polyfit(table["cue"], np.log10(table["soc"]), 1)[0]
    assert plain > 1
