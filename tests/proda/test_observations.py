"""Soil profiles: densities, the papers' quality rules, tables by hand, ISRaD, and the forcing."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.data import open_dataset
from soilnb.parameters import InputError
from soilnb.proda import observations
from soilnb.profile import forcing

carbons = st.floats(0.01, 55)
densities = st.floats(0.05, 2.5)
stones = st.floats(0, 95)


def profile(name="A", tops=(0, 10, 30, 60), bottoms=(10, 30, 60, 100), **columns):
    """A table of one profile; by default four layers that pass every rule."""
    table = pd.DataFrame({"profile": name, "top": tops, "bottom": bottoms})
    defaults = {"organic_carbon": [2.0, 1.2, 0.6, 0.3][: len(table)], "bulk_density": 1.3}
    return table.assign(**(defaults | columns))


def reason(table, **rules):
    """The reason for which profile B of a table with a good profile A is refused."""
    both = pd.concat([profile("A"), table], ignore_index=True)
    with pytest.warns(observations.ReadingWarning, match="1 of 2 profiles refused: 'B' "):
        found = observations.from_table(both, **rules)
    assert found["profile"].values.tolist() == ["A"]
    names = observations.refused(found)
    assert names["profile"].tolist() == ["B"]
    return names["reason"].item()


# --- densities ----------------------------------------------------------------------------------


def test_one_percent_at_one_gram_per_cubic_centimetre_is_ten_kilograms_per_cubic_metre():
    assert observations.carbon_density(1.0, 1.0) == 10_000
    assert observations.carbon_density(1.0, 1.0, 25.0) == 7_500


@given(carbons, densities, stones)
def test_carbon_by_volume_and_by_mass_are_one_another_turned_around(carbon, density, coarse):
    there = observations.carbon_density(carbon, density, coarse)
    assert observations.organic_carbon(there, density, coarse) == pytest.approx(carbon, rel=1e-12)


@given(carbons, carbons)
def test_soil_with_more_carbon_is_lighter(less, more):
    less, more = sorted((less, more))
    light, heavy = observations.bulk_density([more, less])
    assert 0.32 <= light <= heavy <= 1.62


def test_the_pedotransfer_function_takes_organic_matter_in_grams_per_kilogram():
    # 0.32 + 1.30 exp(-0.0089 * 1.724 * 20 g kg-1), and with 2 %
    assert observations.bulk_density(2.0) == pytest.approx(1.2765, abs=1e-4)
    assert observations.bulk_density(2.0, "%") == pytest.approx(1.5807, abs=1e-4)
    with pytest.raises(InputError, match="unknown unit of organic matter 'kg'"):
        observations.bulk_density(2.0, "kg")


# --- a table by hand ----------------------------------------------------------------------------


def test_a_good_profile_becomes_layers_from_the_top():
    found = observations.from_table(profile(latitude=50.0, sand=[40, 60, np.nan, np.nan]))
    one = found.sel(profile="A")
    np.testing.assert_allclose(one["depth"], [0.05, 0.2, 0.45, 0.8])
    np.testing.assert_allclose(one["bottom"], [0.1, 0.3, 0.6, 1.0])
    np.testing.assert_allclose(one["carbon_density"], [26000, 15600, 7800, 3900])
    assert one["layers"] == 4
    assert one["measured"].all()
    assert one["sand"] == pytest.approx((10 * 40 + 20 * 60) / 30)
    assert one["latitude"] == 50
    assert len(observations.refused(found)) == 0


def test_profiles_of_several_lengths_are_padded_in_their_order():
    table = pd.concat([profile("B", (0, 20, 40), (20, 40, 80)), profile("A")])
    found = observations.from_table(table)
    assert found["profile"].values.tolist() == ["B", "A"]
    assert found["layers"].values.tolist() == [3, 4]
    assert np.isnan(found["depth"].values[0, 3])
    assert not found["measured"].values[0, 3]
    assert np.isfinite(found["depth"].values[1]).all()


def test_layers_of_profiles_may_be_mixed_in_the_table():
    a, b = profile("A"), profile("B", organic_carbon=[4.0, 3, 2, 1])
    mixed = pd.concat([a.iloc[[0]], b.iloc[[0, 1]], a.iloc[[1, 2]], b.iloc[[2, 3]], a.iloc[[3]]])
    found = observations.from_table(mixed)
    np.testing.assert_allclose(found["organic_carbon"].sel(profile="A"), [2, 1.2, 0.6, 0.3])
    np.testing.assert_allclose(found["organic_carbon"].sel(profile="B"), [4, 3, 2, 1])


@pytest.mark.filterwarnings("ignore:.*which no bulk density confirms")
def test_missing_bulk_density_is_filled_and_said_so():
    found = observations.from_table(profile(bulk_density=[1.1, np.nan, np.nan, 1.5]))
    one = found.sel(profile="A")
    assert one["measured"].values.tolist() == [True, False, False, True]
    assert one["bulk_density"][1] == pytest.approx(observations.bulk_density(1.2))
    printed = observations.from_table(profile(bulk_density=np.nan), organic_matter="%")
    assert (printed["bulk_density"][0, 1:] > one["bulk_density"][1]).all()


def test_stones_hold_no_carbon_and_an_empty_share_is_none():
    plain = observations.from_table(profile())
    stony = observations.from_table(profile(coarse_fragments=[50, 0, np.nan, 10]))
    ratio = stony["carbon_density"] / plain["carbon_density"]
    np.testing.assert_allclose(ratio[0], [0.5, 1, 1, 0.9])


def test_carbon_density_may_be_given_instead():
    table = profile(carbon_density=[5e4, np.nan, 2e4, 1e4]).drop(columns="bulk_density")
    with pytest.warns(observations.ReadingWarning, match="which no bulk density confirms"):
        found = observations.from_table(table).sel(profile="A")
    np.testing.assert_allclose(found["carbon_density"][[0, 2, 3]], [5e4, 2e4, 1e4])
    filled = observations.carbon_density(1.2, observations.bulk_density(1.2))
    assert found["carbon_density"][1] == pytest.approx(float(filled))
    bare = table.drop(columns="organic_carbon")
    assert observations.from_table(bare)["layers"].item() == 3


@settings(max_examples=30)
@given(st.permutations(range(4)))
def test_sorting_restores_any_order_of_the_layers(order):
    straight = observations.from_table(profile())
    sorted_ = observations.from_table(profile().iloc[list(order)], sort=True)
    xr.testing.assert_equal(straight, sorted_)


def test_layers_without_a_value_or_with_zero_are_left_out():
    found = observations.from_table(profile(organic_carbon=[2, np.nan, 1, 0.5]))
    np.testing.assert_allclose(found["depth"][0], [0.05, 0.45, 0.8])
    with pytest.warns(observations.ReadingWarning, match="1 layer left out: no carbon .0, or"):
        found = observations.from_table(profile(organic_carbon=[2, 0, 1, 0.5]))
    np.testing.assert_allclose(found["depth"][0], [0.05, 0.45, 0.8])


def test_depths_may_be_in_metres():
    metres = profile(
        tops=np.array([0, 10, 30, 60]) / 100, bottoms=np.array([10, 30, 60, 100]) / 100
    )
    found = observations.from_table(metres, depth_unit="m")
    xr.testing.assert_allclose(found, observations.from_table(profile()))


REFUSED = {
    "one layer": (profile("B", [0], [100]), "1 layer with organic carbon: needed 3 or more"),
    "two layers": (profile("B", [0, 50], [50, 90]), "2 layers with organic carbon: needed 3"),
    "no carbon": (profile("B", organic_carbon=np.nan), "no layer with depth and organic carbon"),
    "only zeros": (profile("B", organic_carbon=0.0), "no layer with depth and organic carbon"),
    "shallow": (
        profile("B", (0, 10, 20), (10, 20, 50)),
        "reaches 50 cm: needed more than 50 cm",
    ),
    "metres as centimetres": (
        profile("B", (0, 0.1, 0.3), (0.1, 0.3, 1.5)),
        "reaches 1.5 cm: needed more than 50 cm; depths in metres? depth_unit='m'",
    ),
    "not sorted": (
        profile("B", (0, 30, 10, 60), (10, 60, 30, 100)),
        "layers are not sorted from the top: 30-60 cm before 10-30 cm",
    ),
    "overlap": (
        profile("B", (0, 10, 25, 60), (10, 30, 60, 100)),
        "layers overlap: 10-30 cm and 25-60 cm",
    ),
    "twice": (
        profile("B", (0, 10, 10, 60), (10, 30, 30, 100)),
        "layer 10-30 cm is there twice",
    ),
    "upside down": (
        profile("B", (0, 30, 30, 60), (10, 10, 60, 100)),
        "layer 30-10 cm: the bottom must lie below the top",
    ),
    "negative carbon": (
        profile("B", organic_carbon=[2, 1, -0.5, 0.3]),
        "organic_carbon = -0.5 %: allowed 0 to 60",
    ),
    "negative density": (
        profile("B", carbon_density=[2e4, 1e4, -3.0, 1e3]),
        "carbon_density = -3 g C m-3: allowed 0 to 500000",
    ),
    "too much carbon": (
        profile("B", organic_carbon=[120, 1.2, 0.6, 0.3]),
        "organic_carbon = 120 %: allowed 0 to 60; in g kg-1? then 12, or in dg kg-1? then 1.2",
    ),
    "centigrams per cubic centimetre": (
        profile("B", bulk_density=[130, 1.3, 1.3, 1.3]),
        "bulk_density = 130 g cm-3: allowed 0.01 to 2.65; in cg cm-3? then 1.3",
    ),
    "stone": (
        profile("B", bulk_density=[1.3, 1.3, 1.3, 2.82]),
        "bulk_density = 2.82 g cm-3: allowed 0.01 to 2.65",
    ),
    "clay": (
        profile("B", clay=[20, 30, 130, 30]),
        "clay = 130 %: allowed 0 to 100; in g kg-1? then 13",
    ),
    "sand": (profile("B", sand=[40, 40, -5, 40]), "sand = -5 %: allowed 0 to 100"),
    "texture": (profile("B", sand=70.0, clay=40.0), "sand + clay = 110 %: allowed 0 to 100"),
    "stones": (profile("B", coarse_fragments=150.0), "coarse_fragments = 150 %: allowed 0 to 100"),
    "above the surface": (
        profile("B", (-5, -2, 10, 60), (-2, -7, 60, 100)),
        "top = -5 cm: allowed 0 or more",
    ),
    "two places": (
        profile("B", latitude=[50, 50, -33.9, -33.9]),
        "two places under one name: latitude -33.9 and 50; give each its own",
    ),
    "latitude": (profile("B", latitude=123.0), "latitude = 123 degrees_north: allowed -90 to 90"),
    "kelvin": (
        profile("B", temperature=[9.0, 9.0, 9.0, 283.0]),
        "temperature = 283 degC: allowed -40 to 40; in K? then 9.85, or in 0.1 degC? then 28.3",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_each_refused_profile_has_one_clear_line(case):
    table, line = REFUSED[case]
    found = reason(table)
    assert found.startswith(line)
    assert "\n" not in found


def test_centimetres_given_as_metres_are_noticed():
    metres = profile("A", (0, 0.1, 0.3), (0.1, 0.3, 0.9))
    both = pd.concat([metres, profile("B")])
    with pytest.warns(
        observations.ReadingWarning, match="1 of 2 profiles refused: 'B' layer 30-60 m"
    ):
        found = observations.from_table(both, depth_unit="m")
    assert observations.refused(found)["reason"].item() == (
        "layer 30-60 m: deeper than 30 m; depths in cm?"
    )


def test_the_rules_may_be_loosened():
    table = profile("A", (0, 20), (20, 40))
    with pytest.warns(observations.ReadingWarning, match=r"taken as %; g kg-1 is less likely"):
        found = observations.from_table(table, least_layers=2, least_depth=0.3)
    assert found["layers"].item() == 2
    assert found.attrs["rules"] == "2 or more layers with carbon, deeper than 0.3 m"
    with pytest.raises(InputError, match="least_layers = 1: allowed 2 to 1000"):
        observations.from_table(table, least_layers=1)


def test_no_profile_is_lost_between_usable_and_refused():
    table = pd.concat([entry[0].assign(profile=name) for name, entry in REFUSED.items()])
    with pytest.warns(
        observations.ReadingWarning, match="profiles refused: .*; `refused` lists them"
    ):
        found = observations.from_table(pd.concat([profile("good"), table]))
    assert found["profile"].values.tolist() == ["good"]
    assert observations.refused(found)["profile"].tolist() == list(REFUSED)
    assert found.attrs["profiles_refused"] == len(REFUSED)


def test_a_table_without_any_usable_profile_is_an_error():
    metres = profile("A", (0, 0.1, 0.3), (0.1, 0.3, 1.5))
    with pytest.raises(InputError, match=r"none of 1 profiles is usable; 'A': reaches 1.5 cm.*m'"):
        observations.from_table(metres, depth_unit="cm")


def test_the_result_survives_netcdf(tmp_path):
    table = pd.concat([profile("A", study="s 1"), profile("B", [0], [100])])
    with pytest.warns(observations.ReadingWarning, match="profiles refused: 'B' 1 layer"):
        found = observations.from_table(table)
    found.to_netcdf(tmp_path / "profiles.nc")
    with xr.open_dataset(tmp_path / "profiles.nc") as copy:
        pd.testing.assert_frame_equal(observations.refused(copy), observations.refused(found))
        np.testing.assert_array_equal(copy["carbon_density"], found["carbon_density"])
    with pytest.raises(InputError, match="no coordinate 'refused'"):
        observations.refused(found.drop_vars("refused"))


def test_one_row_of_a_table_is_one_layer_of_a_profile():
    table = pd.concat([profile("A"), *(profile(f"bad {i}", [0], [9]) for i in range(50))])
    with pytest.warns(
        observations.ReadingWarning, match="50 of 51 profiles refused: 'bad 0' 1 layer"
    ):
        found = observations.from_table(table)
    assert len(found.to_dataframe()) == 4


# --- files --------------------------------------------------------------------------------------


def test_a_file_is_read_with_its_own_names(tmp_path):
    path = tmp_path / "mine.csv"
    names = {"profile": "pit", "organic_carbon": "SOC"}
    own = profile().rename(columns=names).assign(note="x")
    own.to_csv(path, index=False)
    found = observations.read_csv(path, {"profile": "pit", "organic_carbon": "SOC"})
    xr.testing.assert_equal(found, observations.from_table(profile()))
    assert found.attrs["provenance"] == "user"
    assert found.attrs["source"] == "mine.csv"


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        (profile().rename(columns={"profile": "profil"}), None,
         r"no column 'profile'; did you mean 'profil'\? then columns=\{'profile': 'profil'\}"),
        (profile().drop(columns="organic_carbon"), None,
         "no column 'organic_carbon or carbon_density'; it has profile, top"),
        (profile(), {"organic_carbon": "SOC"}, "unknown column .for 'organic_carbon'. .* 'SOC'"),
        (profile(), {"soc": "organic_carbon"}, "unknown column 'soc'"),
        (profile(organic_carbon=[2, 1, "n.d.", 0.3]), None,
         "organic_carbon in line 4 = 'n.d.' is no number; .* missing=.'n.d.'."),
        (profile(name=np.nan), None, "profile in line 2 is empty"),
        (profile().iloc[:0], None, "the table has no rows"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_refused_in_one_line(tmp_path, table, columns, message):
    path = tmp_path / "bad.csv"
    table.to_csv(path, index=False)
    with pytest.raises(InputError, match=message) as error:
        observations.read_csv(path, columns)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        observations.read_csv(tmp_path / "nowhere.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InputError, match="is no CSV table"):
        observations.read_csv(tmp_path / "empty.csv")
    with pytest.raises(InputError, match="unknown unit of top 'ell'; valid: cm, m, mm, inch"):
        observations.from_table(profile(), depth_unit="ell")


def test_the_one_table_of_columns_is_the_documented_one():
    lines = observations.read_csv.__doc__.splitlines()
    documented = {
        line.strip().split("``")[1]: line.split("``", 2)[2]
        for line in lines
        if line.strip().startswith("``") and "  " in line.strip()
    }
    columns = observations.columns()
    assert list(documented) == list(columns.index)
    for name, rest in documented.items():
        for part in ("unit", "need", "meaning"):
            assert columns.loc[name, part] in rest, (name, part)


# --- the papers' files --------------------------------------------------------------------------


def write_authors(folder, profiles=((1.0, 12.0, 51.0), (7.0, -60.0, -3.0))):
    """Two small netCDF files of the papers' layout: columns are the first axis."""
    info = np.array([[name, 0, 0, lon, lat, 4, 0] for name, lon, lat in profiles]).T
    edges = np.array([0, 10, 30, 60, 100.0])
    rows = [
        (name, 0, edges[i], edges[i + 1], edges[i : i + 2].mean(), 20 / (i + 1), 26e3 / (i + 1),
         1.3, i % 2)
        for name, _, _ in profiles
        for i in range(4)
    ]  # fmt: skip
    files = folder / "profiles.nc", folder / "layers.nc"
    xr.Dataset({"soc_profile_info": (("c", "n"), info)}).to_netcdf(files[0])
    xr.Dataset({"data_soc_integrate": (("c", "n"), np.array(rows).T)}).to_netcdf(files[1])
    return files


def test_the_papers_profiles_are_read(tmp_path):
    found = observations.open_authors(*write_authors(tmp_path))
    assert found["profile"].values.tolist() == ["1", "7"]
    assert found["longitude"].values.tolist() == [12, -60]
    assert found["latitude"].values.tolist() == [51, -3]
    np.testing.assert_allclose(found["depth"][0], [0.05, 0.2, 0.45, 0.8])
    np.testing.assert_allclose(found["carbon_density"][1], 26e3 / np.arange(1, 5))
    np.testing.assert_allclose(found["organic_carbon"][0], 2 / np.arange(1, 5))
    assert found["measured"].values[0].tolist() == [True, False, True, False]


def test_files_of_another_layout_are_named(tmp_path):
    profiles, layers = write_authors(tmp_path)
    with pytest.raises(InputError, match=r"layers.nc has no variable 'soc_profile_info'"):
        observations.open_authors(layers, profiles)
    wrong = tmp_path / "wrong.nc"
    xr.Dataset({"soc_profile_info": (("c", "n"), np.zeros((3, 5)))}).to_netcdf(wrong)
    with pytest.raises(InputError, match=r"has the shape \(3, 5\): allowed \(7, n\)"):
        observations.open_authors(wrong, layers)
    with pytest.raises(InputError, match="is no netCDF file"):
        observations.open_authors(tmp_path / "nowhere.nc", layers)


# --- the twin -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def twin():
    return observations.twin_profiles(40)


def test_the_twin_is_marked_and_usable(twin):
    assert twin.attrs["provenance"] == "synthetic"
    assert twin.sizes["profile"] == 40
    assert all(name.startswith("synthetic") for name in twin["profile"].values)
    density = twin["carbon_density"]
    assert float(density.min()) > 0
    # carbon falls with depth in a soil, on the whole
    assert (density.isel(layer=0) > density.isel(layer=4)).mean() > 0.95
    assert 5e3 < float(density.isel(layer=0).median()) < 8e4


def test_the_twin_is_the_same_for_a_seed(twin):
    xr.testing.assert_identical(twin, observations.twin_profiles(40))
    other = observations.twin_profiles(40, seed=1)
    assert not np.array_equal(other["carbon_density"], twin["carbon_density"])
    with pytest.raises(InputError, match="count = 0"):
        observations.twin_profiles(0)


def test_without_data_the_twin_stands_in_with_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("SOILNB_DATA", raising=False)
    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path))
    found = observations.israd()
    note = capsys.readouterr().err
    assert found.attrs["provenance"] == "synthetic"
    assert note.startswith("note: synthetic soil profiles stand in")
    assert note.count("\n") == 1
    with pytest.raises(InputError, match="'israd' is not at hand"):
        observations.israd(twin=False)
    observations.israd(twin=True)
    assert capsys.readouterr().err == ""


# --- the forcing at the profiles ----------------------------------------------------------------


def test_the_forcing_follows_the_profiles(twin):
    made = forcing.check(observations.forcing_at(twin))
    assert made["site"].values.tolist() == twin["profile"].values.tolist()
    np.testing.assert_allclose(made["litter_input"].sum("litter_pool"), twin["npp"])
    np.testing.assert_allclose(made["sand"].isel(layer=0), twin["sand"])
    soil = made["soil_temperature"].mean(["month", "layer"])
    assert np.corrcoef(soil, twin["temperature"])[0, 1] > 0.97
    assert made.attrs["provenance"] == "synthetic"
    assert made.attrs["assumed"] == "of 40 profiles: none"


def test_part_of_the_profiles_has_the_same_forcing(twin):
    whole = observations.forcing_at(twin)
    part = observations.forcing_at(twin.isel(profile=[7, 3]))
    xr.testing.assert_allclose(part, whole.isel(site=[7, 3]))


def test_what_a_profile_lacks_is_filled_and_said_so():
    where = {"latitude": 48.0, "climate": "Dfb"}
    known = {"temperature": 6.0, "precipitation": 600.0, "npp": 300.0, "sand": 70.0, "clay": 9.0}
    table = pd.concat([profile("A", **where, **known, vegetation="grassland"),
                       profile("B", **where)])  # fmt: skip
    made = observations.forcing_at(observations.from_table(table))
    words = "temperature at 1, precipitation at 1, npp at 1, sand at 1, clay at 1, vegetation at 1"
    assert made.attrs["assumed"] == f"of 2 profiles: {words}"
    a, b = made.isel(site=0), made.isel(site=1)
    assert a["litter_input"].sum() == pytest.approx(300)
    assert a["litter_input"].sel(litter_pool="cwd") == 0
    assert b["litter_input"].sel(litter_pool="cwd") > 0  # Dfb stands for a mixed forest
    assert (b["sand"] == 40).all()
    miami = observations.forcing_at(observations.from_table(table), npp="miami")
    assert miami["litter_input"].isel(site=0).sum() == pytest.approx(
        float(forcing.miami(6.0, 600.0))
    )


def test_sand_and_clay_of_different_layers_still_make_one_soil():
    table = profile(latitude=48.0, climate="Dfb", vegetation="forest")
    table = table.assign(sand=[90, np.nan, np.nan, np.nan], clay=[np.nan, 60, np.nan, np.nan])
    made = observations.forcing_at(observations.from_table(table))
    assert (made["sand"] == 90).all()
    assert made.attrs["assumed"] == "of 1 profiles: temperature at 1, precipitation at 1, npp at 1"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"temperature": 5.0, "precipitation": 500.0}, "profile 'A' has no latitude .1 of 1"),
        ({"latitude": 50.0}, "profile 'A' has no temperature or precipitation and no climate"),
        ({"latitude": 50.0, "climate": "Cfx"}, "unknown Köppen-Geiger zone 'Cfx'"),
        ({"latitude": 50.0, "climate": "Cfb", "vegetation": "lawn"}, "unknown vegetation 'lawn'"),
    ],
)
def test_a_profile_without_a_place_is_named(columns, message):
    found = observations.from_table(profile(**columns))
    with pytest.raises(InputError, match=message):
        observations.forcing_at(found)


def test_the_value_of_npp_is_checked(twin):
    with pytest.raises(InputError, match="unknown value of npp 'modis'"):
        observations.forcing_at(twin, npp="modis")


def test_the_zone_comes_from_the_map_where_the_profile_has_none():
    berlin = {"latitude": 52.5, "longitude": 13.4}
    found = observations.from_table(profile(**berlin))
    with_zone = observations.from_table(profile(**berlin, climate="Dfb"))
    oceanic = observations.from_table(profile(**berlin, climate="Cfb"))
    made = observations.forcing_at(found)
    same = [
        made["soil_temperature"].equals(observations.forcing_at(other)["soil_temperature"])
        for other in (with_zone, oceanic)
    ]
    assert sum(same) == 1


# --- ISRaD --------------------------------------------------------------------------------------


def test_israd_has_513_usable_profiles_and_each_other_has_a_reason(data_root):
    data_root("israd")
    found = observations.israd(twin=False)
    assert found.attrs["provenance"] == "real"
    assert found.sizes["profile"] == 513
    refused = observations.refused(found)
    assert len(refused) == 1365 - 513
    kind = refused["reason"].str.replace(r"^\d+ layers? .*", "few", regex=True)
    kind = kind.str.replace(r" .*", "", regex=True)
    assert kind.value_counts().to_dict() == {"few": 763, "reaches": 88, "layers": 1}
    assert int(found["layers"].sum()) == 3244
    assert int(found["measured"].sum()) == 1587  # of the sample, or of the total soil
    assert (found["layers"] >= 3).all()
    assert (found["bottom"].max("layer") > 0.5).all()
    thickness = (found["bottom"] - found["top"]).values
    assert (thickness[np.isfinite(thickness)] > 0).all()
    assert (found["depth"].diff("layer").where(found["depth"].notnull()) > 0).sum() == 3244 - 513


def test_the_pedotransfer_function_fits_israd_only_in_grams_per_kilogram(data_root):
    data_root("israd")
    layers = open_dataset("israd", twin=False).to_dataframe()
    measured = layers["bulk_density"].fillna(layers["bulk_density_total"])
    known = measured.notna()
    assert known.sum() == 2182
    error = {
        unit: observations.bulk_density(layers["organic_carbon"], unit) - measured
        for unit in ("g kg-1", "%")
    }
    assert error["g kg-1"][known].mean() == pytest.approx(0.083, abs=0.001)
    assert error["%"][known].mean() == pytest.approx(0.378, abs=0.001)


def test_the_forcing_at_israd_is_complete(data_root):
    data_root("israd")
    found = observations.israd(twin=False)
    made = forcing.check(observations.forcing_at(found))
    assert made.sizes["site"] == 513
    np.testing.assert_allclose(made["litter_input"].sum("litter_pool"), found["npp"])
    miami = observations.forcing_at(found, npp="miami")["litter_input"].sum("litter_pool")
    assert np.corrcoef(miami, found["npp"])[0, 1] == pytest.approx(0.89, abs=0.02)


def test_stones_of_israd_take_carbon_only_where_the_density_counts_them(data_root):
    data_root("israd")
    plain, stony = observations.israd(twin=False), observations.israd(coarse_fragments=True)
    ratio = stony["carbon_density"] / plain["carbon_density"]
    assert float(ratio.max()) <= 1 + 1e-12
    layers = open_dataset("israd", twin=False)
    affected = layers["bulk_density"].isnull() & (layers["coarse_fragments"] > 0)
    assert 0 < int((ratio < 1).sum()) <= int(affected.sum())
