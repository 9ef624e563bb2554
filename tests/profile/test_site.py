"""What a site accepts, and how it says no."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilnb.parameters import InputError
from soilnb.profile import mimics
from soilnb.profile import site as sites

PLACE = {"temperature": 15.0, "clay": 0.3, "npp": 500.0, "f_met": 0.38}


def test_a_single_place_has_no_dimension():
    place = sites.read(PLACE)
    assert place.dim is None
    assert place.size == 1
    assert place["clay"].tolist() == [0.3]


def test_arrays_become_the_site_dimension_and_numbers_hold_everywhere():
    place = sites.read(PLACE | {"temperature": [5, 10, 15]})
    assert (place.dim, place.size) == ("site", 3)
    assert place["clay"].tolist() == [0.3] * 3
    assert place["temperature"].dtype == float


def test_a_dataset_keeps_its_dimension_and_its_coordinates():
    table = xr.Dataset(
        {
            "temperature": ("station", [5.0, 7.1]),
            "clay": ("station", [0.1, 0.15]),
            "npp": 300.0,
            "lignin_to_n": ("station", [20.0, 20.6]),
            "SOC": ("station", [8.9, 4.6]),
        },
        coords={
            "station": ["HBR", "HFR"],
            "latitude": ("station", [43.9, 42.5]),
        },
    )
    place = sites.read(table)
    assert (place.dim, place.labels) == ("station", ["HBR", "HFR"])
    assert set(place.values) == {"temperature", "clay", "npp", "lignin_to_n"}
    assert set(place.coords) == {"station", "latitude"}
    assert place["npp"].tolist() == [300.0, 300.0]


def test_a_key_may_stand_among_the_coordinates():
    table = xr.Dataset(
        {"clay": ("site", [0.1, 0.2]), "npp": 300.0, "f_met": 0.4},
        coords={"temperature": ("site", [5.0, 15.0])},
    )
    assert sites.read(table)["temperature"].tolist() == [5.0, 15.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clay": 30}, "clay = 30: allowed 0 to 1 (a fraction); did you mean 0.30?"),
        ({"clay": np.nan}, "clay = nan: allowed 0 to 1"),
        ({"clay": "loam"}, "clay = 'loam' is not a number"),
        ({"clay": [0.2, 30.0]}, "clay = 30 at site 1: allowed 0 to 1 (a fraction)"),
        ({"npp": -3}, "npp = -3: allowed above 0 to 10000 g C m-2 yr-1"),
        ({"npp": 0}, "npp = 0: allowed above 0 to 10000 g C m-2 yr-1"),
        ({"temperature": 288}, "temperature = 288: allowed -50 to 44 degC"),
        ({"temperature": np.inf}, "temperature = inf: allowed -50 to 44 degC"),
        ({"lignin_to_n": 20}, "site has both f_met and lignin_to_n: allowed one of them"),
        ({"silt": 0.8}, "clay + silt = 1.1: allowed 0 to 1"),
        ({"moisture": 60}, "moisture = 60: allowed 0 to 1 (a fraction); did you mean 0.60?"),
        ({"tilage": 1.2}, "unknown site key 'tilage' (did you mean 'tillage'?)"),
        ({"clay": [0.1, 0.2], "npp": [1, 2, 3]}, "arrays of a site must have one length"),
        ({"clay": [[0.1, 0.2]]}, "clay has 2 dimensions"),
        ({"clay": []}, "the arrays of the site are empty"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_in_one_line(change, message):
    with pytest.raises(InputError) as error:
        sites.read(PLACE | change)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", ["temperature", "clay", "npp"])
def test_a_missing_key_is_named(key):
    with pytest.raises(InputError, match=rf"^site has no {key}; needed temperature, clay, npp"):
        sites.read({k: v for k, v in PLACE.items() if k != key})


def test_litter_quality_is_needed():
    with pytest.raises(InputError, match="site has no f_met or lignin_to_n"):
        sites.read({k: v for k, v in PLACE.items() if k != "f_met"})


def test_the_first_bad_site_of_a_dataset_is_named_by_its_label():
    table = xr.Dataset(
        {"clay": ("site", [0.1, 30.0, 50.0])} | {k: v for k, v in PLACE.items() if k != "clay"},
        coords={"site": ["ARC", "HFR", "SEV"]},
    )
    with pytest.raises(InputError, match=r"^clay = 30 at site HFR: allowed 0 to 1"):
        sites.read(table)


def test_a_dataset_of_two_dimensions_is_refused():
    grid = xr.Dataset({"clay": (("lat", "lon"), np.full((2, 3), 0.2))} | {
        k: v for k, v in PLACE.items() if k != "clay"
    })  # fmt: skip
    with pytest.raises(InputError, match="site has the dimensions lat, lon: allowed one"):
        sites.read(grid)


def test_a_dimension_that_the_models_use_is_refused():
    table = xr.Dataset({"clay": ("pool", [0.1, 0.2])} | {"temperature": 1.0, "npp": 1.0})
    with pytest.raises(InputError, match="site has the dimension 'pool'"):
        sites.read(table)


def test_a_table_of_sites_is_read_by_its_columns():
    table = pd.DataFrame(
        {"site": ["HFR", "LUQ"], "temperature": [7.1, 23.0], "clay": [0.15, 0.32],
         "npp": [372.0, 525.0], "lignin_to_n": [20.6, 18.7], "note": ["cold", "warm"]}
    )  # fmt: skip
    found = sites.read(table)
    assert found.dim == "site"
    assert found.labels == ["HFR", "LUQ"]
    np.testing.assert_array_equal(found["clay"], table["clay"])
    assert sites.read(table.drop(columns="site")).labels == ["0", "1"]
    titles = sites.read(table.rename(columns=lambda name: f" {name.title()}"))
    assert titles.values.keys() == found.values.keys()
    assert titles.labels == found.labels
    row = table.drop(columns=["site", "note"]).iloc[0]
    assert sites.read(row).dim is None
    with pytest.raises(InputError, match="the table of sites has no column of a site; it has a"):
        sites.read(pd.DataFrame({"a": [1.0]}))
    with pytest.raises(InputError, match="column 'clay' of the sites is there twice"):
        sites.read(pd.concat([table, table[["clay"]]], axis=1))


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("temperature", 282.65, r"in kelvin\? then 9.5"),
        ("npp", -20.5, "a negative production is no input of carbon"),
        ("clay", 22, "did you mean 0.22"),
    ],
)
def test_a_value_in_another_unit_has_a_hint(key, value, hint):
    place = {"temperature": 9.5, "clay": 0.22, "npp": 450.0, "lignin_to_n": 18.0}
    with pytest.raises(InputError, match=hint):
        sites.read(place | {key: value})


@pytest.mark.parametrize("npp", [0.45, [4.5, 2.0]])
def test_the_production_of_a_desert_is_said(npp):
    place = {"temperature": 9.5, "clay": 0.22, "npp": npp, "lignin_to_n": 18.0}
    with pytest.warns(sites.SiteWarning, match=r"npp is at most .* that of a desert; the models"):
        mimics.steady_state(place)


@pytest.mark.parametrize("thing", [3, "HFR", None, [0.3]])
def test_a_site_is_a_mapping_or_a_dataset(thing):
    with pytest.raises(InputError, match=r"allowed a mapping or an xarray\.Dataset"):
        sites.read(thing)


def test_where_names_a_few_sites_and_counts_the_rest():
    place = sites.read(PLACE | {"clay": np.full(9, 0.1)})
    assert place.where(np.ones(9, bool)) == " at site 0, 1, 2, 3, 4 and 4 more"
    assert sites.read(PLACE).where(np.ones(1, bool)) == ""


def test_every_key_has_a_unit_a_source_and_a_typical_value_within_its_bounds():
    for key, record in sites.RECORDS.items():
        assert record.unit, key
        assert record.source, key
        assert record.meaning, key
        sites.check(sites.read(PLACE), key, np.array([record.value]))
