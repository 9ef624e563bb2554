"""Covariates: the papers' table, reading profiles and planets, classes, scaling."""

from itertools import chain

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.data.planet import teaching_planet
from soilnb.parameters import InputError
from soilnb.proda import covariates, observations


def places(**changes):
    """Four places with all covariates."""
    variables = {
        "latitude": [50.0, -3.0, 66.0, 34.0],
        "longitude": [10.0, -60.0, 200.0, -110.0],
        "temperature": [9.0, 26.0, -6.0, 20.0],
        "precipitation": [700.0, 2200.0, 300.0, 250.0],
        "npp": [500.0, 1100.0, 150.0, 120.0],
        "sand": [0.4, 0.2, 0.6, 0.7],
        "clay": [0.2, 0.5, 0.1, 0.1],
        "climate": ["Cfb", "Af", "Dfc", "BSk"],
        "vegetation": ["forest", "forest", "tundra", "shrubland"],
        "soil_order": ["Alfisols", "Oxisols", "Gelisols", "Aridisols"],
    } | changes
    data = {name: ("profile", values) for name, values in variables.items() if values is not None}
    return xr.Dataset(data, {"profile": ["a", "b", "c", "d"]})


# --- the papers' table --------------------------------------------------------------------------


def test_the_table_has_the_papers_sixty_inputs():
    table = covariates.TABLE
    assert table["number"].tolist() == list(range(1, 61))
    assert table["category"].value_counts().to_dict() == {
        "structure": 23, "climate": 20, "chemistry": 7, "geography": 6, "vegetation": 4,
    }  # fmt: skip
    printed = table["printed"].dropna().astype(int)
    assert sorted(set(range(1, 43)) - set(printed)) == [36]
    depths = table.groupby("name")["depth"].nunique()
    assert (depths == 3).sum() == 9  # 42 rows and two more depths of nine make 60


def test_what_the_table_says_is_supplied_are_the_covariates():
    table = covariates.TABLE
    assert set(table["sites"].dropna()) == set(covariates.COVARIATES)
    assert set(table["planet"].dropna()) == set(covariates.SHARED)
    for source in ("sites", "planet"):
        named = table.dropna(subset=source).set_index(source)["category"].to_dict()
        assert named == {name: covariates.COVARIATES[name] for name in named}


def test_missing_rows_are_the_rest():
    assert len(covariates.missing("sites")) == 60 - len(covariates.COVARIATES)
    assert len(covariates.missing()) == 60 - len(covariates.SHARED)
    assert "elevation" in covariates.missing()["name"].values
    with pytest.raises(InputError, match="unknown source 'site' \\(did you mean 'sites'"):
        covariates.missing("site")


def test_categories_hold_every_column_once():
    columns = covariates.frame(places()).columns
    found = covariates.categories(columns)
    assert tuple(found) == covariates.CATEGORIES
    assert sorted(chain.from_iterable(found.values())) == sorted(columns)
    assert found["chemistry"] == []
    assert found["structure"] == ["sand", "clay"]
    assert "climate=Cf" in found["climate"]
    with pytest.raises(InputError, match="unknown covariate 'altitude'"):
        covariates.categories(["altitude"])


# --- frames -------------------------------------------------------------------------------------


def test_a_frame_has_numbers_and_one_column_for_each_class():
    found = covariates.frame(places(), covariates.COVARIATES)
    assert found.index.tolist() == ["a", "b", "c", "d"]
    assert found.index.name == "profile"
    assert found.loc["c", "longitude"] == -160.0
    for name, labels in covariates.CLASSES.items():
        columns = [f"{name}={label}" for label in labels]
        assert (found[columns].sum(axis=1) == 1).all()
    assert found.loc["b", ["climate=Af", "vegetation=forest", "soil_order=Oxisols"]].tolist() == [
        1, 1, 1,
    ]  # fmt: skip
    assert found.loc["d", ["climate=BS", "vegetation=shrub"]].tolist() == [1, 1]


def test_only_what_is_asked_for_in_the_usual_order():
    found = covariates.frame(places(), ["npp", "temperature"])
    assert found.columns.tolist() == ["temperature", "npp"]


def test_texture_in_percent_is_the_same_as_fractions():
    share = places()
    percent = share.assign(sand=100 * share["sand"], clay=100 * share["clay"])
    for name in ("sand", "clay"):
        percent[name].attrs["units"] = "%"
    pd.testing.assert_frame_equal(covariates.frame(share), covariates.frame(percent))
    with pytest.raises(InputError, match=r"sand = 70: allowed 0 to 1, or % where its units say so"):
        covariates.frame(places(sand=[40.0, 20.0, 60.0, 70.0]))


def test_layered_texture_counts_at_the_surface():
    source = places(sand=None)
    source["sand"] = (("profile", "layer"), np.linspace(0.4, 0.7, 80).reshape(4, 20))
    assert covariates.frame(source)["sand"].tolist() == source["sand"].values[:, 0].tolist()


def test_seasonality_is_made_where_the_source_has_none():
    made = covariates.frame(places())["seasonality"]
    assert made["b"] < made["a"] < made["c"]
    own = covariates.frame(places(seasonality=[1.0, 2.0, 3.0, 4.0]))["seasonality"]
    assert own.tolist() == [1, 2, 3, 4]


def test_planet_and_profiles_have_the_same_columns():
    planet = teaching_planet((10.0, 10.0))
    cells = covariates.frame(planet, quiet=True)
    assert cells.columns.tolist() == covariates.frame(places()).columns.tolist()
    assert cells.index.name == "cell"
    assert np.isfinite(cells.to_numpy()).all()


def test_an_igbp_class_is_its_words():
    words = covariates.frame(places(vegetation=["forest", "savanna", "cultivated", "bare"]))
    numbers = covariates.frame(places(vegetation=[1, 9, 12, 16]))
    pd.testing.assert_frame_equal(words, numbers)


# --- missing values -----------------------------------------------------------------------------


def test_a_place_that_lacks_a_covariate_is_left_out_and_counted(capsys):
    source = places(sand=[0.4, np.nan, np.nan, 0.7], vegetation=["", "forest", "tundra", "bare"])
    found = covariates.frame(source)
    assert found.index.tolist() == ["d"]
    assert found.attrs["left_out"] == {"sand": 2, "vegetation": 1}
    line = capsys.readouterr().err
    assert line == ("note: covariates 3 of 4 places left out, missing sand at 2, vegetation at 1\n")
    covariates.frame(source, quiet=True)
    assert capsys.readouterr().err == ""


def test_no_line_when_nothing_is_missing(capsys):
    covariates.frame(places())
    assert capsys.readouterr().err == ""


def test_a_grid_fills_what_is_missing_from_its_nearest_cell(capsys):
    source = places(sand=[0.4, np.nan, np.nan, 0.7])
    grid = places(
        latitude=[50.5, -3.5, 80.0, 0.0], longitude=[10.0, -60.5, 0.0, 0.0],
        sand=[0.11, 0.22, 0.33, 0.44],
    ).rename(profile="cell")  # fmt: skip
    found = covariates.frame(source, grid=grid)
    assert found["sand"].to_dict() == {"a": 0.4, "b": 0.22, "d": 0.7}
    assert found.attrs["filled"] == {"sand": 1}
    assert "from the grid: sand at 1; 1 of 4 places left out" in capsys.readouterr().err
    far = covariates.frame(source, grid=grid, reach=10_000)
    assert far.loc["c", "sand"] == 0.33
    grid["vegetated"] = ("cell", [True, False, True, True])
    assert "b" not in covariates.frame(source, grid=grid).index


def test_a_grid_fills_across_the_date_line():
    source = places(sand=[np.nan] * 4, longitude=[-179.9, -60.0, 200.0, -110.0])
    grid = places(longitude=[179.9, -61.0, 160.0, -111.0]).rename(profile="cell")
    assert covariates.frame(source, grid=grid).index.tolist() == ["a", "b", "d"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"sand": None}, "the source has no 'sand': a covariate; it has latitude, longitude"),
        ({"climate": ["Cfb", "Af", "Xyz", "BSk"]}, "'Xyz'"),
        ({"vegetation": ["forest", "forrest", "bare", "bare"]},
         r"unknown vegetation 'forrest' \(did you mean 'forest'"),
        ({"latitude": None}, "the source has no 'latitude' along one dimension"),
        ({"temperature": [np.nan] * 4}, "no place has all covariates; missing temperature at 4"),
    ],
)  # fmt: skip
def test_bad_sources_are_told_in_one_line(change, line):
    with pytest.raises(InputError, match=line) as error:
        covariates.frame(places(**change))
    assert "\n" not in str(error.value)


def test_unknown_covariates_and_other_objects():
    with pytest.raises(InputError, match=r"unknown covariate 'clai' \(did you mean 'clay'"):
        covariates.frame(places(), ["clai"])
    with pytest.raises(InputError, match="covariates is empty"):
        covariates.frame(places(), [])
    with pytest.raises(InputError, match="source is a DataFrame"):
        covariates.frame(pd.DataFrame())
    with pytest.raises(InputError, match="soil order 'Podzols'"):
        covariates.frame(places(soil_order=["Podzols"] * 4), ["soil_order"])


# --- scaling ------------------------------------------------------------------------------------

numbers = st.floats(-1e6, 1e6)


@given(st.lists(numbers, min_size=1, max_size=8), st.lists(numbers, min_size=1, max_size=8))
@settings(max_examples=50)
def test_scaled_covariates_are_between_0_and_1(reference, values):
    scaler = covariates.Scaler.of(pd.DataFrame({"npp": reference}))
    scaled = scaler.transform(pd.DataFrame({"npp": values}))["npp"]
    assert scaled.between(0, 1).all()
    own = scaler.transform(pd.DataFrame({"npp": reference}))["npp"]
    if min(reference) < max(reference):
        assert (own.min(), own.max()) == (0, 1)


def test_classes_stay_as_they_are_and_a_constant_becomes_0():
    x = pd.DataFrame({"climate=Cf": [0.0, 0.0], "npp": [3.0, 3.0], "sand": [0.2, 0.4]})
    found = covariates.Scaler.of(x).transform(
        pd.DataFrame({"sand": [0.3, 0.9], "npp": [3.0, 8.0], "climate=Cf": [1.0, 0.0]})
    )
    assert found.columns.tolist() == ["climate=Cf", "npp", "sand"]
    np.testing.assert_allclose(found, [[1, 0, 0.5], [0, 0, 1]])


def test_a_covariate_that_the_scaler_needs():
    scaler = covariates.Scaler.of(covariates.frame(places()))
    with pytest.raises(InputError, match=r"covariate 'clay' is absent \(column 'clay'\)"):
        scaler.transform(covariates.frame(places()).drop(columns="clay"))
    with pytest.raises(InputError, match="no rows"):
        covariates.Scaler.of(pd.DataFrame({"npp": []}))
    with pytest.raises(InputError, match="npp is not finite"):
        covariates.Scaler.of(pd.DataFrame({"npp": [1.0, np.nan]}))


# --- real data ----------------------------------------------------------------------------------


def test_israd_with_the_testbed(data_root):
    data_root("israd")
    data_root("testbed")
    from soilnb.data import open_dataset

    profiles, grid = observations.israd(), open_dataset("testbed")
    alone = covariates.frame(profiles, quiet=True)
    filled = covariates.frame(profiles, grid=grid, quiet=True)
    assert len(alone) == 245
    assert len(filled) > 400
    pd.testing.assert_frame_equal(filled.loc[alone.index], alone, check_index_type=False)
    assert (filled.filter(like="=").sum() > 0).all()  # profiles of every class exist
    cells = covariates.frame(grid, quiet=True)
    scaled = covariates.Scaler.of(cells).transform(filled)
    assert scaled.columns.tolist() == cells.columns.tolist()
