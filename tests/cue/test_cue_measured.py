"""Summaries of measured CUE: on the twin, on tiny tables, and the printed facts on real data."""

import numpy as np
import pytest

from soilnb.cue import measured
from soilnb.data import open_dataset
from soilnb.parameters import InputError


@pytest.fixture(scope="module")
def twin():
    return open_dataset("cue", twin=True)


def test_records_of_one_place_share_a_number(twin):
    few = twin.isel(record=[0, 1, 2, 0, 1])
    number = measured.places(few)
    assert number[0] == number[3]
    assert number[1] == number[4]
    assert len(set(number)) == 3


def test_methods_and_substrates_count_every_record_once(twin):
    assert measured.by_method(twin)["records"].sum() == twin.sizes["record"]
    table = measured.by_substrate(twin)
    assert table["records"].sum() == twin.sizes["record"]
    assert (np.diff(table["mean"]) <= 0).all()


def test_an_unknown_substrate_is_kept_as_other(twin):
    few = twin.isel(record=slice(0, 4)).copy(deep=True)
    few["substrate"] = ("record", ["h2o", "glucose", "chocolate", "h2o"])
    table = measured.by_substrate(few)
    assert table.loc["other", "records"] == 1
    assert table.loc["water (18O)", "records"] == 2


def test_the_widest_place_is_found(twin):
    few = twin.isel(record=slice(0, 4)).copy(deep=True)
    few["latitude"] = ("record", [10.0, 10.0, 20.0, 20.0])
    few["longitude"] = ("record", [5.0, 5.0, 5.0, 5.0])
    few["cue"] = ("record", [0.2, 0.3, 0.1, 0.6])
    few["method"] = ("record", ["18O"] * 4)
    widest = measured.spread_at_one_place(few)
    assert (widest["low"], widest["high"], widest["records"]) == (0.1, 0.6, 2)
    assert widest["latitude"] == 20.0


def test_many_records_of_one_place_count_once_for_soil_carbon(twin):
    few = twin.isel(record=slice(0, 6)).copy(deep=True)
    few["latitude"] = ("record", [1.0, 1.0, 1.0, 1.0, 2.0, 3.0])
    few["longitude"] = ("record", np.zeros(6))
    few["soc"] = ("record", [10.0, 10.0, 10.0, 10.0, 20.0, 30.0])
    few["cue"] = ("record", [0.8, 0.9, 0.85, 0.85, 0.1, 0.2])
    few["method"] = ("record", ["18O"] * 6)
    row = measured.with_soc(few).loc["18O"]
    assert (row["records"], row["places"]) == (6, 3)
    assert row["r_places"] == pytest.approx(np.corrcoef([10, 20, 30], [0.85, 0.1, 0.2])[0, 1])


def test_unknown_methods_and_other_datasets_are_refused(twin):
    with pytest.raises(InputError, match=r"^method = '17O': allowed 18O, substrate$"):
        measured.temperature_response(twin, "17O")
    with pytest.raises(InputError, match=r"^data has no 'method'"):
        measured.by_method(twin.drop_vars("method"))


def test_printed_means_are_those_of_the_papers():
    table = measured.published().set_index("what")
    assert table.loc[["grassland", "farmland", "forest"], "mean"].tolist() == [0.42, 0.39, 0.33]
    assert table.loc[["grassland", "farmland", "forest"], "records"].tolist() == [44, 58, 95]
    assert table.loc["retrieved, global median", "mean"] == 0.28


def test_the_real_table_has_the_known_means_and_slopes(data_root):
    data_root("cue")
    data = open_dataset("cue", twin=False)
    table = measured.by_method(data)
    assert table["records"].tolist() == [208, 618]
    assert table["mean"].values == pytest.approx([0.334, 0.527], abs=5e-4)
    assert table["sd"].values == pytest.approx([0.181, 0.249], abs=5e-4)
    r = measured.with_soc(data)["r_records"]
    assert r.values == pytest.approx([-0.21, 0.16], abs=0.005)
    line, fit = measured.temperature_response(data, "substrate")
    error = float(fit["error"].sel(parameter="slope"))
    # as steep as the mixed model of the Virtual Ecosystem on the data of Qiao et al. (-0.039)
    assert line["slope"] == pytest.approx(-0.039, abs=2 * error)
    assert line["slope"] < -2 * error
    flat, fit = measured.temperature_response(data, "18O")
    assert abs(flat["slope"]) < 2 * float(fit["error"].sel(parameter="slope"))
