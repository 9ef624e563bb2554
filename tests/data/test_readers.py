import dataclasses
import hashlib

import numpy as np
import pandas as pd
import pytest
import realdata
import xarray as xr

from soilnb import schema
from soilnb.data import datasets, open_dataset, readers, registry, schemas, tables
from soilnb.data.registry import File
from soilnb.parameters import InputError
from soilnb.proda import observations


def test_the_table_of_the_sites_is_the_published_file(monkeypatch):
    realdata.use_real(monkeypatch, "mimics")
    table, published = open_dataset("lter"), open_dataset("mimics")
    schema.check_schema(published, schemas.SITES)
    assert table["site"].values.tolist() == published["site"].values.tolist()
    for name in schemas.SITES.variables:
        # C:N is printed with two decimals; all else is printed in full
        tolerance = 0.005 if name == "carbon_to_nitrogen" else 1e-12
        np.testing.assert_allclose(table[name], published[name], rtol=0, atol=tolerance)


def test_the_sites_are_fourteen_in_the_order_of_the_paper():
    sites = open_dataset("lter")
    schema.check_schema(sites, schemas.SITES)
    codes = "ARC BNZ NWT HBR CDR HFR AND SGS KBS CWT KNZ JRN SEV LUQ"
    assert " ".join(sites["site"].values) == codes
    assert sites["site_name"].sel(site="HFR") == "Harvard Forest"
    assert (np.diff(sites["temperature"]) > 0).all()


def test_a_site_has_the_inputs_of_the_models_in_their_units():
    site = open_dataset("lter").sel(site="HFR")
    assert site["npp"] == 372.0  # half of 744 g dry mass
    assert site["clay"] == 0.15
    assert site["lignin_to_n"] == pytest.approx(21 / 1.02)
    assert site["temperature"] == 7.1
    assert site["soc"] == 4.6


def test_the_printed_ratio_agrees_with_the_printed_nitrogen():
    # the published ratio is 50 / N: litter of half carbon by mass
    sites = open_dataset("lter")
    np.testing.assert_allclose(sites["carbon_to_nitrogen"], 50 / sites["nitrogen"], atol=0.005)


def test_the_testbed_grid_has_the_published_size(monkeypatch):
    realdata.use_real(monkeypatch, "testbed")
    grid = open_dataset("testbed", twin=False)
    schema.check_schema(grid, schemas.TESTBED)
    assert grid.sizes["cell"] == 4299
    assert int(grid["vegetated"].sum()) == 2855
    assert float((grid["npp"] * grid["area"]).sum()) / 1e15 == pytest.approx(47.06, abs=0.01)
    vegetated = grid.isel(cell=grid["vegetated"].values)
    assert not set(np.unique(vegetated["vegetation"])) & {15, 17}
    for name in schemas.TESTBED.variables:
        if schemas.TESTBED.variables[name].kind == "f":
            assert np.isfinite(vegetated[name]).all(), name
    assert (vegetated["mimics_carbon"] >= 0).all()
    np.testing.assert_allclose(grid["sand"] + grid["silt"] + grid["clay"], 1, atol=2e-5)
    # soils hold some 1,500 Pg of carbon in the first metre; a wrong unit would be off by 10
    total = (vegetated["mimics_carbon"].sum("pool") * vegetated["area"]).sum()
    assert 1000e15 < total < 2000e15


def test_ice_of_the_testbed_lies_where_the_zone_map_has_cold_climate(monkeypatch):
    # two independent maps: a shifted or flipped look-up of zones would break this
    realdata.use_real(monkeypatch, "testbed")
    grid = open_dataset("testbed", twin=False)
    ice = grid["koppen"].values[grid["vegetation"].values == 15]
    assert np.isin(ice, ["EF", "ET"]).mean() > 0.95
    rainforest = grid["koppen"].values[grid["vegetation"].values == 2]
    assert np.isin(rainforest, ["Af", "Am", "Aw", "As", "Cwa", "Cfa", "Cfb", "Cwb"]).mean() > 0.9


def test_the_cue_table_has_the_moments_that_the_design_names(monkeypatch):
    realdata.use_real(monkeypatch, "cue")
    cue = open_dataset("cue", twin=False)
    schema.check_schema(cue, schemas.CUE)
    facts = {"18O": (208, 0.334, 0.181, -0.0048), "substrate": (618, 0.527, 0.249, -0.018)}
    for method, (count, mean, spread, slope) in facts.items():
        part = cue.isel(record=cue["method"].values == method)
        assert part.sizes["record"] == count
        assert float(part["cue"].mean()) == pytest.approx(mean, abs=0.0005)
        assert float(part["cue"].std(ddof=1)) == pytest.approx(spread, abs=0.0005)
        fitted = np.polyfit(part["temperature"], part["cue"], 1)[0]
        assert fitted == pytest.approx(slope, abs=0.0005 if method == "substrate" else 5e-5)
    labels = set(cue["substrate"].values.tolist())
    assert {"other acid", "h2o", "glucose"} <= labels
    assert not any(label != label.strip().lower() for label in labels)


def test_the_cue_reader_takes_latin_1_and_uneven_labels(tmp_path):
    header = (
        '"","X","Author","Title","latitude","longitude","CUE","substrate","temperature",'
        '"fb_value","AI_value","MAT_value","SOC_value","CN_value","MAT_value_S","CUE.detrend"\n'
    )
    rows = (
        '"1",1,"Blagodatskaya, Müller, 2014","Title",50,10,0.5,"Other acid",20,3,1,9,40,12,8,0.5\n'
        '"2",2,NA,NA,51,11,0.6,"other acid ",20,3,1,9,40,12,8,0.5\n'
        '"3",3,NA,NA,52,12,0.3,"H2O",15,3,1,9,40,12,8,0.5\n'
    )
    (tmp_path / "yu2025_CUE_dataset_826.csv").write_bytes((header + rows).encode("latin-1"))
    cue = readers.read_cue(tmp_path)
    assert cue["substrate"].values.tolist() == ["other acid", "other acid", "h2o"]
    assert cue["method"].values.tolist() == ["substrate", "substrate", "18O"]
    assert cue["author"].values.tolist() == ["Blagodatskaya, Müller, 2014", "", ""]
    assert cue["cue"].values.tolist() == [0.5, 0.6, 0.3]


def test_the_cue_twin_has_similar_moments():
    cue = open_dataset("cue", twin=True)
    facts = {"18O": (208, 0.334, 0.181, -0.0048), "substrate": (618, 0.527, 0.249, -0.018)}
    for method, (count, mean, spread, slope) in facts.items():
        part = cue.isel(record=cue["method"].values == method)
        assert part.sizes["record"] == count
        assert float(part["cue"].mean()) == pytest.approx(mean, abs=0.03)
        assert float(part["cue"].std(ddof=1)) == pytest.approx(spread, abs=0.03)
        fitted = np.polyfit(part["temperature"], part["cue"], 1)[0]
        assert fitted == pytest.approx(slope, abs=0.004)
    assert (cue["cue"] > 0).all()
    assert (cue["cue"] < 1).all()
    assert (cue["method"] == "18O").equals(cue["substrate"] == "h2o")


def test_soil_respiration_and_profiles_are_read(monkeypatch):
    realdata.use_real(monkeypatch, "srdb", "israd")
    respiration, layers = open_dataset("srdb"), open_dataset("israd")
    schema.check_schema(respiration, schemas.RESPIRATION)
    schema.check_schema(layers, schemas.LAYERS)
    assert respiration.sizes["record"] == 10366
    assert int(respiration["respiration_summer"].count()) == 320
    assert float((respiration["respiration_wet"] / respiration["respiration_dry"]).median()) > 1
    assert layers.sizes["layer"] == 4755
    assert len(np.unique(layers["profile"])) == 1365
    assert (layers["bottom"] > layers["top"]).all()


@pytest.mark.parametrize("name", ["lter", "cue", "testbed"])
def test_a_data_set_survives_netcdf(name, tmp_path):
    dataset = open_dataset(name, twin=None if name == "lter" else True)
    dataset.to_netcdf(tmp_path / "copy.nc")
    with xr.open_dataset(tmp_path / "copy.nc") as copy:
        xr.testing.assert_equal(dataset, copy.load())
        assert copy.attrs["provenance"] == dataset.attrs["provenance"]


def test_every_variable_says_its_unit_and_meaning():
    for name in ("lter", "cue", "testbed"):
        dataset = open_dataset(name, twin=None if name == "lter" else True)
        for variable in dataset.data_vars:
            assert dataset[variable].attrs["units"], variable
            assert dataset[variable].attrs["long_name"], variable


def test_a_schema_lists_itself():
    table = schemas.TESTBED.table()
    assert table.loc["npp", "unit"] == "g m-2 yr-1"
    assert table.loc["mimics_carbon", "dimensions"] == "cell x pool"


def test_what_does_not_fit_the_schema_is_named():
    sites = open_dataset("lter")
    percent = sites["clay"].assign_attrs(units="%")
    whole = sites["npp"].astype(int)
    cases = {
        "variable 'npp' is missing": sites.drop_vars("npp"),
        "variable 'wind' is not in": sites.assign(wind=sites["npp"]),
        "clay has units '%'": sites.assign(clay=percent),
        "npp has kind 'i'": sites.assign(npp=whole.assign_attrs(sites["npp"].attrs)),
        "soc has dimensions": sites.assign(soc=sites["soc"].expand_dims("year")),
    }
    for message, dataset in cases.items():
        with pytest.raises(InputError, match=message):
            schema.check_schema(dataset, schemas.SITES)
    planet = open_dataset("testbed", twin=True)
    with pytest.raises(InputError, match="labels of 'pool'"):
        schema.check_schema(planet.isel(pool=slice(None, None, -1)), schemas.TESTBED)


@pytest.mark.parametrize(
    "name",
    ["lter_sites", "litter_quality", "koppen_climate", "koppen_climate_fit", "koppen_vegetation"],
)
def test_each_table_names_its_source(name):
    assert tables.read(name).attrs["source"].startswith("source: ")


# --- ISRaD as it is published -------------------------------------------------------------------


def write_israd(folder, name="ISRaD_data_flat_layer_v 2.5.5.2023-09-20.csv"):
    """A file of the layout of ISRaD's flat layer files, with made-up numbers."""
    rows = 5
    table = pd.DataFrame({
        "": range(1, rows + 1), "entry_name": "Made_2020", "site_name": "Hill", "pro_name": "pit 1",
        "site_lat": 51.0, "site_long": 11.0, "pro_lat": np.nan, "pro_long": np.nan,
        "pro_treatment": "control", "lyr_top": [-4, 0, 10, 30, 60], "lyr_bot": [0, 10, 30, 60, 100],
        "lyr_c_org": [38, 3.1, np.nan, np.nan, 0.3], "lyr_c_tot": [np.nan, np.nan, 1.6, 1.0, 0.9],
        "lyr_c_inorg": [np.nan, np.nan, np.nan, 0.3, 0.6],
        "lyr_bd_samp": [0.15, 1.1, 1.3, 1.4, 1.5], "lyr_bd_tot": np.nan, "lyr_coarse_tot": np.nan,
        "lyr_clay_tot_psa": [np.nan, 20, 22, 24, 24],
        "lyr_sand_tot_psa": [np.nan, 40, 38, 36, 36], "lyr_14c": [100, 50, -20, -100, -200.0],
        "lyr_obs_date_y": 2019,
        "pro_MAT": [9.0] * rows, "pro_MAP": np.nan, "pro_usda_soil_order": "Alfisols",
        "pro_land_cover": "forest", "pro_bio1": 85, "pro_bio12": 700, "lyr_note": "made up",
    })  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / name, index=False, na_rep="NA")


def test_the_flat_file_of_an_israd_release_is_read_as_it_is(monkeypatch, tmp_path):
    write_israd(tmp_path / "israd")
    monkeypatch.setenv("SOILNB_DATA", str(tmp_path))
    layers = open_dataset("israd")
    schema.check_schema(layers, schemas.LAYERS)
    assert layers.attrs["provenance"] == "real"
    assert layers.attrs["source"] == (
        "ISRaD, release 2.5.5, ISRaD_data_flat_layer_v 2.5.5.2023-09-20.csv"
    )
    np.testing.assert_allclose(layers["organic_carbon"], [38, 3.1, 1.6, 0.7, 0.3])
    assert layers["profile"].values[0] == "Made_2020_Hill_pit 1"
    assert (layers["latitude"] == 51).all()
    assert (layers["temperature"] == 9).all()
    assert (layers["precipitation"] == 700).all()
    state = datasets().set_index("name").loc["israd", "state"]
    assert state == "local"
    with pytest.warns(observations.ReadingWarning, match="negative depths"):
        found = observations.israd(twin=False)
    assert found["layers"].item() == 5
    np.testing.assert_allclose(found["top"].values[0], [0, 0.04, 0.14, 0.34, 0.64])
    np.testing.assert_allclose(found["radiocarbon"].values[0], [100, 50, -20, -100, -200])
    assert found["sampling_year"].item() == 2019


def test_another_file_of_israd_is_refused_and_the_missing_one_named(monkeypatch, tmp_path):
    folder = tmp_path / "israd"
    folder.mkdir()
    (folder / "ISRaD_extra_flat_layer_v 2.csv").write_text("entry_name,pro_name\na,b\n")
    monkeypatch.setenv("SOILNB_DATA", str(tmp_path))
    with pytest.raises(InputError, match="has no column site_name, site_lat"):
        open_dataset("israd")
    monkeypatch.setenv("SOILNB_DATA", str(folder))
    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path / "none"))
    with pytest.raises(
        InputError, match=r"ISRaD_\*flat_layer\*.csv from https://github.com/Intern"
    ):
        open_dataset("israd")


def test_changed_line_ends_are_named(monkeypatch, tmp_path):
    record = registry.RECORDS["mimics"]
    text = b"a,b\n1,2\n"
    name, sum_ = record.files[0].name, hashlib.sha256(text).hexdigest()
    changed = dataclasses.replace(record, files=(File(name, sum_),))
    monkeypatch.setitem(registry.RECORDS, "mimics", changed)
    (tmp_path / "mimics").mkdir()
    monkeypatch.setenv("SOILNB_DATA", str(tmp_path))
    (tmp_path / "mimics" / name).write_bytes(text.replace(b"\n", b"\r\n"))
    with pytest.raises(InputError, match="only its line ends were changed, as git"):
        open_dataset("mimics")
    (tmp_path / "mimics" / name).write_bytes(text + b"3,4\n")
    with pytest.raises(InputError, match=r"expected [0-9a-f]+\.\.\.$"):
        open_dataset("mimics")


@pytest.mark.parametrize("twin", [True, False])
def test_the_air_has_the_bomb_peak_and_is_older_before(monkeypatch, twin):
    """Graven et al. 2017: 836 permil in the north in 1964, less and later in the south."""
    if not twin:
        realdata.use_real(monkeypatch, "atmosphere14c")
    air = open_dataset("atmosphere14c", twin=twin)
    schema.check_schema(air, schemas.ATMOSPHERE14C)
    assert (np.diff(air["year"]) > 0).all()
    assert air["year"][0] == -53050
    since = air["delta14c"].sel(year=slice(1850, None))
    peak, when = since.max("year"), since.idxmax("year")
    assert float(peak.sel(zone="northern")) == pytest.approx(836, rel=0.02)
    assert float(peak.sel(zone="southern")) < float(peak.sel(zone="northern")) - 100
    assert 1963 < float(when.sel(zone="northern")) < float(when.sel(zone="southern")) < 1968
    assert (air["delta14c"].sel(year=slice(1940, 1954)) < 0).all()
    assert (air["delta14c"].sel(year=slice(-40000, -20000)) > 100).all()


def test_the_air_of_all_zones_is_that_of_intcal_before_1850(tmp_path):
    late = pd.DataFrame({"year_ad": [1850.5, 1851.5], "nh": 1.0, "tropics": 2.0, "sh": 3.0})
    late.to_csv(tmp_path / "graven2017_annual_delta14c.csv", index=False)
    early = pd.DataFrame({"cal_bp": [120, 80, 0], "delta14c": [7.0, 8.0, 9.0]})
    early.to_csv(tmp_path / "intcal20.csv", index=False)
    air = readers.read_atmosphere14c(tmp_path)
    assert air["year"].values.tolist() == [1830.0, 1850.5, 1851.5]
    assert air["delta14c"].values.tolist() == [[7.0] * 3, [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]
