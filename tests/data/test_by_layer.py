"""Data at depth: what readers make of the files, and what the layers say."""

import dataclasses
import hashlib
from itertools import pairwise

import numpy as np
import pandas as pd
import pooch
import pytest
import realdata
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb import schema
from soilnb.data import (
    by_layer,
    datasets,
    fetch,
    incubations,
    open_dataset,
    readers,
    registry,
    schemas,
    twins,
)
from soilnb.data.registry import File
from soilnb.parameters import InputError

SCHEMAS = {
    "roots": schemas.ROOTS,
    "turnover": schemas.TURNOVER,
    "silsoe": schemas.SILSOE,
    "sidb": schemas.INCUBATIONS,
}

FIRST_METRE = (0, 20, 40, 60, 80, 100)


# what readers make of the files --------------------------------------------------------------

ROOTS = """\
ID,latitude,longitude,Measurement,Sampdepth,Texture,Vegetation,PET,MAP,D50,D95,D50_extrapolated,D95_extrapolated
A1,40.05,-105.6,mass,0.9,medium,Tundra,304,993,0.12,0.7,0.15,1.25
A2,-999,-999,number,0.9,-999,Grassland,-999,-999,0,0.5,0,0.69
"""


def test_missing_roots_are_missing_and_not_numbers(tmp_path):
    (tmp_path / "schenk_jackson_root_profiles_D50D95.csv").write_text(ROOTS)
    roots = readers.read_roots(tmp_path)
    schema.check_schema(roots, schemas.ROOTS)
    assert roots["d50_extrapolated"].values[0] == 0.15
    second = roots.isel(profile=1)
    for name in ("d50", "d50_extrapolated", "latitude", "precipitation", "evaporation"):
        assert np.isnan(second[name]), name
    assert second["d95_extrapolated"] == 0.69
    assert second["texture"].item() == ""


TURNOVER = """\
"profile","pro_lat","pro_long","MeanAge20cm","MeanAge40cm","MeanAge60cm","MeanAge80cm","MeanAge100cm","TransitTime_20","TransitTime_40","TransitTime_60","TransitTime_80","TransitTime_100","Biome"
"a",43.7,11.6,1235,3554,3934,NA,NA,44.9,66.4,142.3,122.4,147.7,"Crops"
"b",56.9,-76.1,1546,NA,NA,NA,NA,493.7,0,0,NA,0,"Boreal forests"
"""


def test_a_turnover_time_of_zero_is_a_missing_value(tmp_path):
    (tmp_path / "sierra2024_profiles_age_tau_5layers.csv").write_text(TURNOVER)
    turnover = readers.read_turnover(tmp_path)
    schema.check_schema(turnover, schemas.TURNOVER)
    assert turnover["turnover_time"].values[1, 0] == 493.7
    assert np.isnan(turnover["turnover_time"].values[1, 1:]).all()
    assert turnover["organic_carbon"].isnull().all()  # its file may be absent
    layers = by_layer.turnover_by_layer(turnover)
    assert layers["n"].values.tolist() == [2, 1, 1, 1, 1]
    assert layers["mean"].values[1] == 66.4


def test_carbon_by_climate_is_read_where_its_file_lies(tmp_path):
    (tmp_path / "sierra2024_profiles_age_tau_5layers.csv").write_text(TURNOVER)
    rows = [f"tropical,{cm},9,3,10,{2.0 if cm <= 20 else 1.0},1,2,0,0" for cm in range(1, 101)]
    head = "ClimateZoneAnd,UD,n_profile,n_site,n_rel,median_c,lci_c,uci_c,Derivative_1,Derivative_2"
    (tmp_path / "sierra2024_isrd_soc_depth_climate.csv").write_text("\n".join([head, *rows]))
    turnover = readers.read_turnover(tmp_path)
    tropical = by_layer.climate_shares(turnover).sel(climate="tropical")
    np.testing.assert_allclose(tropical, np.array([2, 1, 1, 1, 1]) / 6)
    assert turnover["profiles"].sel(climate="tropical", depth=50) == 9
    assert turnover["organic_carbon"].sel(climate="arid").isnull().all()


def test_the_arable_control_of_the_trial_has_no_distance(tmp_path):
    (tmp_path / "silsoe_soc_depth.csv").write_text(
        "year,ID,block,ctrltmt,treat,dist_m,depth_cm,di_cm,OCC_g_100g,BD_g_cm3\n"
        "2011,1CB4,B1,tmt,C,0.5,5,10,5.5,1.17\n2011,C11,B1,ctrl,Control,C,5,10,2.0,1.5\n"
    )
    (tmp_path / "silsoe_fine_root_depth.csv").write_text(
        "year,id,block,ctrltmt,treat,depth_cm,dist_m,length_cm_cm3,mass_mg_cm3\n"
        "2011,1CB4,B1,tmt,C,15,0,8.1,1.7\n"
    )
    trial = readers.read_silsoe(tmp_path)
    schema.check_schema(trial, schemas.SILSOE)
    assert trial.sizes == {"sample": 2, "core": 1}
    assert trial["distance"].values[0] == 0.5
    assert np.isnan(trial["distance"].values[1])
    assert trial["root_length"].values.tolist() == [8.1]


def test_parameters_of_clm5_keep_their_names_and_units(tmp_path):
    source = xr.Dataset(
        {
            "pftname": ("pft", np.array([b"not_vegetated   ", b"tree            "])),
            "rootprof_beta": (("variants", "pft"), [[0.97, 0.99], [0.97, 0.96]]),
            "tau_s3": ("allpfts", [222.2], {"units": "year", "long_name": "Turnover  time"}),
            "scalar": ((), 1.0),
        }
    )
    source.to_netcdf(tmp_path / "clm5_params.c171117.nc")
    clm5 = readers.read_clm5(tmp_path)
    schema.check_schema(clm5, schemas.CLM5)
    assert clm5["plant"].values.tolist() == ["not_vegetated", "tree"]
    assert clm5["root_beta"].sel(pft=1, variant="carbon") == 0.96
    assert clm5["parameter"].values.tolist() == ["tau_s3"]
    assert clm5["unit"].sel(parameter="tau_s3").item() == "year"


# incubations ---------------------------------------------------------------------------------

METADATA = """\
doi: 10.1/x
siteInfo: {site: Here}
incubationInfo: {temperature: 20, depthInfo: {top: 0, bottom: 10}}
variables:
  V1: {name: time, units: d}
  V2: {name: rate, units: microgC/gSoil/d, midDepth: 5}
  V3: {name: spread, units: microgC/gSoil/d, midDepth: 5, statistic: SD}
  V4: {name: isotope, units: permille, gasMeasured: 13CO2}
  V5: {name: total, units: mgC/gC, midDepth: 50, temperature: 30, cellulose: added}
  V6: {name: rest, units: PPM}
"""
SERIES = (
    " time,rate,spread,isotope,total,rest\n2,10,1,-25,4,400\n4,20,1,-25,6,500\n8,,1,-25,8,600\n"
)
SOILS = "site,midDepth,carbonMean,carbonUnits\nhere,5,2,percent\nhere,50,4,g/kg\n"


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setattr(incubations, "STUDIES", ("Toy",))

    def write(**texts):
        folder = tmp_path / "data" / "Toy"
        folder.mkdir(parents=True, exist_ok=True)
        default = {"timeSeries": SERIES, "metadata": METADATA, "initConditions": SOILS}
        endings = {"timeSeries": "csv", "metadata": "yaml", "initConditions": "csv"}
        for name, text in (default | texts).items():
            (folder / f"{name}.{endings[name]}").write_text(text)
        return tmp_path

    return write


def jar(dataset, name):
    return dataset.isel(observation=dataset["series"].values == name)


def test_only_means_of_carbon_dioxide_are_read(study):
    sidb = incubations.read_sidb(study())
    schema.check_schema(sidb, schemas.INCUBATIONS)
    assert set(sidb["series"].values.tolist()) == {"rate", "total", "rest"}
    assert jar(sidb, "rate")["time"].values.tolist() == [2, 4]  # the empty field is no value


def test_rates_are_integrated_per_carbon_of_their_soil(study):
    rate = jar(incubations.read_sidb(study()), "rate")
    assert rate["soil_carbon"].values.tolist() == [0.02, 0.02]
    # 10 µg a day for 2 days, then the mean of 10 and 20 for 2 more, per 20 mg of carbon
    np.testing.assert_allclose(rate["respired"], [1.0, 2.5])


def test_amounts_since_the_start_are_taken_as_they_are(study):
    total = jar(incubations.read_sidb(study()), "total")
    assert total["respired"].values.tolist() == [4, 6, 8]
    assert total["treatment"].values[0] == "cellulose: added"
    assert total["temperature"].values[0] == 30
    assert total["depth"].values[0] == 50
    assert total["soil_carbon"].values[0] == pytest.approx(0.004)


def test_what_a_unit_does_not_say_stays_unknown(study):
    rest = jar(incubations.read_sidb(study()), "rest")
    assert rest["respired"].isnull().all()
    assert rest["value"].values.tolist() == [400, 500, 600]
    assert rest["depth"].values[0] == 5  # from the whole study


def test_a_study_in_which_a_jar_loses_more_than_all_its_carbon_is_not_converted(study):
    wrong = SERIES.replace("2,10,1", "2,99999999,1")
    sidb = incubations.read_sidb(study(timeSeries=wrong))
    assert sidb["respired"].isnull().all()
    assert (jar(sidb, "total")["value"] > 0).all()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("timeSeries", SERIES.replace("rate", "ratte")),
        ("metadata", "variables: ["),
        ("timeSeries", SERIES.replace("20,1", "high,1")),
    ],
)
def test_files_of_a_study_that_do_not_fit_are_named_in_one_line(study, name, text):
    with pytest.raises(InputError, match="sidb: the files of Toy do not fit") as error:
        incubations.read_sidb(study(**{name: text}))
    assert "\n" not in str(error.value)


# the registry --------------------------------------------------------------------------------


@pytest.fixture
def all_studies(tmp_path, monkeypatch):
    for name in incubations.files():
        path = tmp_path / "sidb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("anything")
    monkeypatch.setenv("SOILNB_DATA", str(tmp_path))
    return tmp_path / "sidb"


def test_incubations_are_checked_by_presence_alone(all_studies):
    assert len(incubations.files()) == 3 * 34
    assert datasets().set_index("name").loc["sidb", "state"] == "local"
    assert registry.at_hand("sidb")
    (all_studies / "data" / "Rey2008" / "metadata.yaml").unlink()
    with pytest.raises(InputError, match=r"Rey2008/metadata.yaml is missing") as error:
        open_dataset("sidb")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["sidb", "clm5"])
def test_what_is_local_only_is_not_fetched(name):
    with pytest.raises(InputError, match=f"put it into the folder '{name}'"):
        fetch(name)


def test_clm5_has_no_twin():
    with pytest.raises(InputError, match="has no twin"):
        open_dataset("clm5")


@pytest.fixture
def optional_file(monkeypatch):
    """The registry with two small files for `turnover`, the second optional and without URL."""
    texts = {"sierra2024_profiles_age_tau_5layers.csv": TURNOVER, "more.csv": "more"}
    files = tuple(
        File(name, hashlib.sha256(text.encode()).hexdigest(), url, optional=not url)
        for (name, text), url in zip(texts.items(), ("https://x/y", ""), strict=True)
    )
    record = dataclasses.replace(registry.RECORDS["turnover"], files=files)
    monkeypatch.setitem(registry.RECORDS, "turnover", record)
    return texts


def test_an_optional_file_may_be_absent_but_not_altered(optional_file, tmp_path, monkeypatch):
    folder = tmp_path / "turnover"
    folder.mkdir()
    first, second = optional_file
    (folder / first).write_text(optional_file[first])
    monkeypatch.setenv("SOILNB_DATA", str(tmp_path))
    assert open_dataset("turnover").attrs["provenance"] == "real"
    (folder / second).write_text("altered")
    with pytest.raises(InputError, match=r"more.csv is not the published file"):
        open_dataset("turnover")


def test_only_files_with_an_address_are_fetched(optional_file, tmp_path, monkeypatch):
    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path))
    fetched = []

    def fetch_one(source, name, progressbar):
        fetched.append(source.get_url(name))
        source.path.mkdir(parents=True, exist_ok=True)
        (source.path / name).write_text(optional_file[name])

    monkeypatch.setattr(pooch.Pooch, "fetch", fetch_one)
    assert datasets().set_index("name").loc["turnover", "state"].startswith("downloadable")
    fetch("turnover", progress=False)
    assert fetched == ["https://x/y"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_twin_and_reader_share_a_schema(name, monkeypatch):
    twin = open_dataset(name, twin=True)
    schema.check_schema(twin, SCHEMAS[name])
    assert twin.attrs["provenance"] == "synthetic"
    realdata.use_real(monkeypatch, name)
    real = open_dataset(name, twin=False)
    schema.check_schema(real, SCHEMAS[name])
    assert list(real.variables) == list(twin.variables)
    for variable in real.variables:
        assert real[variable].attrs == twin[variable].attrs
        assert real[variable].dims == twin[variable].dims


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_twin_follows_its_seed(name):
    make = registry.RECORDS[name].twin
    assert make().equals(make())
    assert not make(seed=1).equals(make(seed=2))


@pytest.mark.parametrize("name", SCHEMAS)
def test_twins_at_depth_survive_netcdf(name, tmp_path):
    twin = open_dataset(name, twin=True)
    twin.to_netcdf(tmp_path / "copy.nc")
    with xr.open_dataset(tmp_path / "copy.nc") as copy:
        xr.testing.assert_equal(twin, copy.load())


# shares of roots -----------------------------------------------------------------------------


def roots_of(d50, d95):
    many = np.atleast_1d(np.asarray(d50, dtype=float)).size
    twin = twins.roots_twin().isel(profile=slice(0, many))
    return twin.assign(
        d50_extrapolated=("profile", np.atleast_1d(d50)),
        d95_extrapolated=("profile", np.atleast_1d(d95)),
    )


@settings(max_examples=30)
@given(st.floats(0.02, 1), st.floats(1.2, 20))
def test_shares_of_roots_sum_to_one_and_halve_at_d50(d50, ratio):
    roots = roots_of(d50, d50 * ratio)
    shares = by_layer.root_shares(roots).values[0]
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0).all()
    deep = by_layer.root_shares(roots, (0, 100 * d50, 100 * d50 * ratio, 1e9)).values[0]
    np.testing.assert_allclose(np.cumsum(deep), [0.5, 0.95, 1], atol=2e-3)


def test_shares_agree_with_the_model_of_the_profile():
    from soilnb.profile import depth as model

    shares = by_layer.root_shares(roots_of(0.14, 0.87)).values[0]
    np.testing.assert_allclose(
        shares, model.root_shares(np.array(by_layer.EDGES) / 100, d50=14, d95=87)
    )


def test_profiles_with_depths_missing_or_out_of_order_are_left_out():
    roots = roots_of([0.2, np.nan, 0.5], [0.8, 1.0, 0.4])
    assert by_layer.root_shares(roots)["profile"].values.tolist() == ["synthetic 1"]


@pytest.mark.parametrize("edges", [(0, 40, 20), (0,), (-1, 5), (0, np.nan), (0, 20, 20)])
def test_edges_out_of_order_are_refused_in_one_line(edges):
    for call in (
        lambda: by_layer.root_shares(roots_of(0.1, 0.5), edges),
        lambda: by_layer.carbon_by_layer(twins.layers_twin(), edges),
    ):
        with pytest.raises(InputError, match="edges") as error:
            call()
        assert "\n" not in str(error.value)


def test_production_below_ground_is_a_share_of_npp_spread_like_roots():
    roots = twins.roots_twin().isel(profile=slice(0, 40))
    made = by_layer.belowground(roots, share=0.3)
    assert 0 < made.sizes["profile"] <= 40
    np.testing.assert_allclose(made["bnpp"].sum("layer"), 0.3 * made["npp"])
    assert (made["npp"] < 1500).all()
    with pytest.raises(InputError, match=r"share = 1.2: allowed 0 to 1"):
        by_layer.belowground(roots, share=1.2)


# carbon by layer -----------------------------------------------------------------------------


def one_profile(content, top, bottom, bulk=1.0, name="a"):
    size = len(content)
    twin = twins.layers_twin().isel(layer=slice(0, size))
    columns = {"organic_carbon": content, "top": top, "bottom": bottom}
    filled = {key: ("layer", np.asarray(value, dtype=float)) for key, value in columns.items()}
    return twin.assign(
        **filled,
        bulk_density=("layer", np.full(size, bulk)),
        bulk_density_map=("layer", np.full(size, 1.5)),
        profile=("layer", np.full(size, name)),
    )


def test_even_carbon_is_spread_by_thickness():
    layers = one_profile([1.0] * 4, [0, 50, 100, 150], [50, 100, 150, 200], bulk=1.3)
    carbon = by_layer.carbon_by_layer(layers)
    np.testing.assert_allclose(carbon["density"], 13.0)  # 1 % of 1.3 g cm-3
    np.testing.assert_allclose(carbon["share"].values[0], np.diff(by_layer.EDGES) / 200)


def test_bulk_density_of_a_map_fills_gaps():
    layers = one_profile([1.0] * 4, [0, 50, 100, 150], [50, 100, 150, 200], bulk=np.nan)
    np.testing.assert_allclose(by_layer.carbon_by_layer(layers)["density"], 15.0)


@pytest.mark.parametrize(
    ("top", "bottom", "content"),
    [
        ([10, 50, 100, 150], [50, 100, 150, 200], [1] * 4),  # starts too deep
        ([0, 50, 100, 150], [50, 100, 150, 190], [1] * 4),  # too shallow
        ([0, 50, 100, 150], [20, 100, 150, 200], [1] * 4),  # a gap
        ([0, 40, 100, 150], [50, 100, 150, 200], [1] * 4),  # overlapping
        ([0, 50, 100], [50, 100, 200], [1] * 3),  # too few
        ([0, 50, 100, 150], [50, 100, 150, 200], [1, 1, np.nan, 1]),  # unknown carbon
    ],
)
def test_profiles_with_holes_are_left_out(top, bottom, content):
    with pytest.raises(InputError, match="no soil profile reaches 200 cm"):
        by_layer.carbon_by_layer(one_profile(content, top, bottom))


# turnover, lines, pairs ----------------------------------------------------------------------


@settings(max_examples=30)
@given(st.floats(1, 500), st.floats(5, 200))
def test_an_exponential_is_found_again(surface, efolding):
    at = np.array([10, 30, 50, 70, 90.0])
    found = by_layer.exponential(at, surface * np.exp(at / efolding))
    assert found.surface == pytest.approx(surface)
    assert found.efolding == pytest.approx(efolding)
    assert found.at(175) == pytest.approx(surface * np.exp(175 / efolding))


@pytest.mark.parametrize("values", [[1, 0, 2], [1, -3, 2], [1, np.nan, 2], [1, 2]])
def test_an_exponential_needs_positive_numbers(values):
    with pytest.raises(InputError, match="allowed"):
        by_layer.exponential([1, 2, 3], values)


def test_a_line_explains_all_of_a_line_and_leaves_gaps_out():
    fit = by_layer.line([0, 1, 2, np.nan, 4], [1, 3, 5, 7, 9])
    assert fit == pytest.approx((2, 1, 1, 4))
    with pytest.raises(InputError, match="2 pairs"):
        by_layer.line([1, 2], [1, 2])


def test_an_unknown_biome_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'Crops'"):
        by_layer.turnover_by_layer(twins.turnover_twin(), "Crop")


def test_curves_go_on_below_the_data():
    layers = by_layer.extrapolated(by_layer.turnover_by_layer(twins.turnover_twin()))
    fit = by_layer.exponential(layers["depth"], layers["median"])
    np.testing.assert_allclose(layers["median_curve"][-1], fit.at(200))


def test_a_derived_stock_is_input_times_time_and_synthetic():
    production = by_layer.belowground(twins.roots_twin())
    stock = by_layer.derived_stock(production, twins.turnover_twin(), seed=3, profiles=20)
    np.testing.assert_allclose(1000 * stock["stock"], stock["bnpp"] * stock["turnover_time"])
    assert stock.attrs["provenance"] == "synthetic"
    again = by_layer.derived_stock(production, twins.turnover_twin(), seed=3, profiles=20)
    assert again.equals(stock)


def test_carbon_of_the_trial_is_kept_when_it_is_shared_out_over_root_layers():
    silsoe = twins.silsoe_twin()
    pairs = by_layer.paired(silsoe)
    assert pairs.sizes == {"spot": 36, "layer": 5}
    density = 10 * silsoe["organic_carbon"] * silsoe["bulk_density"]
    stock = (density * silsoe["thickness"]).groupby(silsoe["tree"]).sum()
    mine = (pairs["carbon"] * pairs["thickness"]).sum("layer")
    tree = xr.DataArray([spot.split()[0] for spot in pairs["spot"].values], dims="spot")
    np.testing.assert_allclose(mine.groupby(tree.rename("tree")).sum(), stock)
    assert set(pairs["treatment"].values.tolist()) == {"C", "F", "Control"}


def test_roots_of_another_year_are_refused():
    with pytest.raises(InputError, match=r"year = 1999: allowed \[2011\]"):
        by_layer.paired(twins.silsoe_twin(), year=1999)


def test_regressions_are_made_within_each_layer():
    data = xr.Dataset(
        {"x": (("spot", "layer"), [[1, 1], [10, 10], [100, 100]]),
         "y": (("spot", "layer"), [[0, 5], [1, 3], [2, 1]])}
    )  # fmt: skip
    fits = by_layer.regressed(data, "x", "y")
    np.testing.assert_allclose(fits["slope"], [1, -2])
    np.testing.assert_allclose(fits["r2"], 1)


def test_summaries_weigh_amounts_and_not_shares():
    even = xr.DataArray([[1.0, 1.0], [30.0, 10.0]], dims=("profile", "layer"))
    of = by_layer.summary((0, 20, 40), amounts=even, shares=even / even.sum("layer"))
    np.testing.assert_allclose(of["mean"].sel(kind="amounts"), [31 / 42, 11 / 42])
    np.testing.assert_allclose(of["mean"].sel(kind="shares"), [0.625, 0.375])
    assert of["n"].values.tolist() == [2, 2]


def test_soils_are_compared_within_their_profile_alone():
    jars = by_layer.activity(twins.incubations_twin())
    assert set(jars["profile"].values.tolist()) == {f"profile {i}" for i in range(1, 21)}
    shallow = jars.isel(jar=(jars["depth"] == 5).values)
    np.testing.assert_allclose(shallow["relative"], 1)
    assert float(jars["relative"].isel(jar=(jars["depth"] == 80).values).median()) < 0.8


def test_jars_side_by_side_differ_in_one_treatment():
    twin = twins.incubations_twin()
    primed = by_layer.side_by_side(twin, "cellulose", "cellulose_amended", "control")
    np.testing.assert_allclose(primed["ratio"], 7.4 / 4.2)
    sieved = by_layer.side_by_side(twin, "disturbance", "sieved", "undisturbed")
    assert sieved["depth"].values.tolist() == [7.5, 90]
    np.testing.assert_allclose(sieved["ratio"][1], 31 / 9)
    with pytest.raises(InputError, match="no incubation has 'glucose: added'"):
        by_layer.side_by_side(twin, "glucose", "added", "none")


def test_soil_profiles_are_real_or_say_that_they_are_not(capsys):
    layers = by_layer.soil_layers()
    schema.check_schema(layers, schemas.LAYERS)
    assert layers.attrs["provenance"] == "synthetic"
    assert "synthetic soil profiles stand in for 'israd'" in capsys.readouterr().err


# the numbers of the real data ----------------------------------------------------------------


def test_roots_have_the_shares_of_the_design(monkeypatch):
    realdata.use_real(monkeypatch, "roots")
    roots = open_dataset("roots", twin=False)
    assert roots.sizes["profile"] == 564
    shares = 100 * by_layer.root_shares(roots)
    assert shares.sizes["profile"] == 563
    expected = [60.2, 20.5, 8.5, 4.2, 2.4, 2.8, 1.3]
    np.testing.assert_allclose(shares.mean("profile"), expected, atol=0.06)
    spread = [25.1, 11.5, 7.2, 4.0, 2.5, 3.4, 3.3]
    np.testing.assert_allclose(shares.std("profile", ddof=1), spread, atol=0.06)
    assert float(roots["d50_extrapolated"].median()) == 0.14
    assert float(roots["d95_extrapolated"].median()) == 0.87
    assert (roots["latitude"].dropna("profile") > -90).all()


def test_turnover_times_have_the_averages_of_the_design(monkeypatch):
    folder = realdata.use_real(monkeypatch, "turnover")
    turnover = open_dataset("turnover", twin=False)
    layers = by_layer.turnover_by_layer(turnover)
    np.testing.assert_allclose(layers["median"], [29.7, 59.5, 94.5, 118.6, 134.8], atol=0.06)
    np.testing.assert_allclose(layers["geometric_mean"], [39.5, 80.5, 155, 209, 250], atol=0.5)
    assert layers["n"].values.tolist() == [896, 893, 876, 876, 876]
    assert float((layers["mean"] / layers["median"])[-1]) == pytest.approx(15.4, abs=0.05)
    # The published means count the zeros in: 910 - 5 profiles a layer, not n.
    published = layers["mean"] * layers["n"] / 905
    np.testing.assert_allclose(published, [78.6, 211.1, 859.5, 1699.9, 2007.7], atol=0.06)
    table = pd.read_csv(folder / "turnover" / "sierra2024_global_age_tau_by_depth.csv")
    np.testing.assert_allclose(published, table[table["Variable"] == "Tau"]["mean"], rtol=1e-6)


def test_turnover_of_crops_grows_e_fold_in_46_cm(monkeypatch):
    folder = realdata.use_real(monkeypatch, "turnover")
    table = pd.read_csv(folder / "turnover" / "sierra2024_biome_tau_by_depth.csv")
    published = table[table["Biome"] == "Crops"]["mean"].to_numpy()
    fit = by_layer.exponential([10, 30, 50, 70, 90], published)
    assert fit.surface == pytest.approx(57.6, abs=0.05)
    assert fit.efolding == pytest.approx(45.7, abs=0.05)
    assert fit.at(175) == pytest.approx(2650, rel=0.005)
    masked = by_layer.turnover_by_layer(open_dataset("turnover"), "Crops")
    again = by_layer.exponential(masked["depth"], masked["mean"])
    assert again.efolding == pytest.approx(45.1, abs=0.05)


def test_carbon_by_climate_has_the_shares_of_the_design(monkeypatch):
    realdata.use_real(monkeypatch, "turnover")
    turnover = open_dataset("turnover")
    expected = {
        "cold temperate": [47.9, 22.0, 12.9, 9.4, 7.5],
        "warm temperate": [41.0, 23.3, 15.1, 11.3, 8.9],
        "arid": [34.2, 25.3, 17.1, 13.0, 10.0],
        "tropical": [36.7, 21.8, 16.0, 13.7, 11.2],
        "tundra/polar": [30.6, 24.7, 21.1, 12.8, 10.4],
        "volcanic soils": [34.6, 20.5, 17.0, 15.2, 12.5],
    }
    shares = by_layer.climate_shares(turnover)
    for name, design in expected.items():
        # The design's first layer has 19 of its 20 centimetres (the depths run from 1 to 100).
        content = turnover["organic_carbon"].sel(climate=name).values
        bounds = [0, 19, 39, 59, 79, 99]
        sums = np.array([content[a:b].sum() for a, b in pairwise(bounds)])
        np.testing.assert_allclose(100 * sums / content.sum(), design, atol=0.06)
        whole = 100 * shares.sel(climate=name).values
        np.testing.assert_allclose(whole, design, atol=1.6)
        assert whole[0] > design[0]


def test_soil_carbon_lies_deeper_than_roots(monkeypatch):
    realdata.use_real(monkeypatch, "israd", "roots")
    carbon = by_layer.carbon_by_layer(by_layer.soil_layers(), FIRST_METRE)
    assert carbon.sizes["profile"] == 157
    share = carbon["share"].mean("profile").values
    np.testing.assert_allclose(100 * share, [39.6, 21.5, 15.7, 12.4, 10.8], atol=0.06)
    roots = by_layer.root_shares(open_dataset("roots"), FIRST_METRE).mean("profile").values
    assert (np.diff(roots / share) < 0).all()
    split = by_layer.carbon_by_layer(by_layer.soil_layers(), (0, 30, 100))["density"].mean(
        "profile"
    )
    assert float(split[1] / split[0]) == pytest.approx(0.424, abs=0.001)


def test_the_trial_has_its_published_stocks_and_pairs(monkeypatch):
    folder = realdata.use_real(monkeypatch, "silsoe")
    silsoe = open_dataset("silsoe")
    table = pd.read_csv(folder / "silsoe" / "silsoe_soc_depth.csv")
    stock = silsoe["organic_carbon"] * silsoe["bulk_density"] * silsoe["thickness"]
    np.testing.assert_allclose(stock, table["SOC_Mg_ha2"], rtol=2e-3)
    means = silsoe["organic_carbon"].groupby(silsoe["depth"]).mean()
    assert means.sel(depth=83) < means.sel(depth=5)
    pairs = by_layer.regressed(by_layer.paired(silsoe), "root_length", "carbon")
    assert pairs.sizes["spot"] == 36
    assert float(pairs["r2"].max()) < 0.2
    across = by_layer.line(np.log10(pairs["root_length"]), pairs["carbon"])
    assert across.r2 == pytest.approx(0.44, abs=0.005)


def test_incubations_are_34_studies_with_their_facts(monkeypatch):
    realdata.use_real(monkeypatch, "sidb")
    sidb = open_dataset("sidb", twin=False)
    assert set(sidb["study"].values.tolist()) == set(incubations.STUDIES)
    assert len(incubations.STUDIES) == 34
    assert float(sidb["respired"].max()) < 1000
    # Gillabel et al. report mg C per g C after 176 days for two depths at 25 degrees
    gillabel = by_layer.activity(sidb)
    gillabel = gillabel.isel(jar=(gillabel["study"] == "Gillabel2010").values)
    assert set(gillabel["respired"].values.tolist()) == {48.8, 26.5, 69.7, 27.9}
    primed = by_layer.side_by_side(sidb, "cellulose", "cellulose_amended", "control")
    assert primed.attrs["study"] == "Fontaine2007"
    assert primed["depth"].values.tolist() == [70]
    assert float(primed["ratio"][0, -1]) == pytest.approx(171.45 / 99.87, rel=1e-3)
    sieved = by_layer.side_by_side(sidb, "disturbance", "sieved", "undisturbed")
    np.testing.assert_allclose(sieved["ratio"][:, -1], [20.18 / 19.30, 31.44 / 9.22], rtol=1e-3)
    below = by_layer.activity(sidb)
    below = below.isel(jar=(below["depth"] > 60).values)
    assert float(below["relative"].median()) == pytest.approx(0.475, abs=0.005)


def test_clm5_names_its_own_turnover_times_and_root_profiles(monkeypatch):
    realdata.use_real(monkeypatch, "clm5")
    clm5 = open_dataset("clm5", twin=False)
    schema.check_schema(clm5, schemas.CLM5)
    value = clm5["value"].to_series()
    assert value["tau_s3"] == pytest.approx(222.222, abs=1e-3)
    assert value["q10_hr"] == 1.5
    beta = clm5["root_beta"].sel(pft=4).to_series()  # broadleaf evergreen tropical tree
    assert beta.to_dict() == {"water": 0.993, "carbon": 0.962}
    assert clm5["plant"].sel(pft=15).item() == "c3_crop"
