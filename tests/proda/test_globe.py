"""A planet of cells, maps of a model on it, and what is summed up from them."""

import matplotlib.cbook
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilnb.data import climate, open_dataset, rasters
from soilnb.data.profiles import columns
from soilnb.parameters import InputError
from soilnb.proda import globe, observations
from soilnb.profile import clm5, compas, forcing
from soilnb.profile.layered import diagnostics

MODELS = {"compas": compas, "clm5": clm5}
BOTH = pytest.mark.parametrize("model", list(MODELS))
HIDDEN = {"progress": False}


@pytest.fixture(scope="module")
def planet():
    return globe.planet("teaching", resolution=10)


@pytest.fixture(scope="module")
def cells(planet):
    return globe.prepare(planet)


def fields(model, size, seed=1, spread=0.03, members=None):
    """Parameters that scatter a little around the default, in every cell of every member."""
    rng = np.random.default_rng(seed)
    shape = (size,) if members is None else (members, size)
    records = MODELS[model].PARAMETER_SETS["tao2024"].records
    found = {}
    for name, record in records.items():
        low, high = record.bounds
        values = record.value + spread * (high - low) * rng.standard_normal(shape)
        found[name] = np.clip(values, low + 0.01 * (high - low), high - 0.01 * (high - low))
    return found


def table(**changes):
    """Three cells in the schema of the testbed."""
    data = {
        "latitude": [50.0, -3.0, 66.0],
        "longitude": [10.0, -60.0, 120.0],
        "area": [1e10, 2e10, 3e10],
        "temperature": [9.0, 26.0, -6.0],
        "precipitation": [700.0, 2200.0, 300.0],
        "npp": [500.0, 1100.0, 150.0],
        "koppen": ["Cfb", "Af", "Dfc"],
        "vegetation": [10, 2, 18],
        "sand": [0.4, 0.2, 0.6],
        "clay": [0.2, 0.5, 0.1],
    } | changes
    return xr.Dataset(
        {name: ("cell", values) for name, values in data.items() if values is not None},
        {"cell": ["a", "b", "c"]},
    )


# --- cells --------------------------------------------------------------------------------------


def test_a_planet_is_a_forcing_with_the_variables_of_its_schema(planet):
    schema = globe.schema()
    for name, row in schema.iterrows():
        assert planet[name].attrs["units"] == row["unit"], name
        assert " x ".join(planet[name].dims) == row["dimensions"], name
    xr.testing.assert_identical(forcing.check(planet), planet)
    for model in MODELS.values():
        assert model.steady_state("tao2024", planet)["feasible"].all()


def test_a_planet_lies_on_land_and_has_plants(planet):
    assert planet.sizes["site"] > 100
    size = tuple(planet.attrs["cell_size"])
    land = rasters.land_fraction(size)
    row = ((planet["latitude"] + 90) / size[0]).astype(int)
    column = ((planet["longitude"] + 180) / size[1]).astype(int)
    share = land[row, column]
    assert (share > 0).all()
    whole = globe.cell_area(planet["latitude"].values, size)
    np.testing.assert_allclose(planet["area"], share * whole, rtol=3e-3)
    assert (planet["npp"] > 0).all()
    np.testing.assert_allclose(planet["litter_input"].sum("litter_pool"), planet["npp"])


def test_the_forcing_of_a_planet_is_that_of_profiles_with_the_same_numbers(planet):
    profiles = globe.as_profiles(planet)
    for name, array in profiles.data_vars.items():
        if columns.COLUMNS[name].kind != "label":
            assert array.attrs["units"] == columns.COLUMNS[name].unit, name
    at_profiles = observations.forcing_at(profiles)
    for name in forcing.VARIABLES:
        np.testing.assert_allclose(at_profiles[name], planet[name], rtol=1e-12, err_msg=name)


def test_a_finer_planet_has_the_same_land():
    coarse, fine = (globe.planet("teaching", resolution=step) for step in (10, (5, 6)))
    assert fine.sizes["site"] > 2.5 * coarse.sizes["site"]
    carbon = [float((p["npp"] * p["area"]).sum()) / 1e15 for p in (coarse, fine)]
    assert carbon[0] == pytest.approx(carbon[1], rel=0.08)


def test_cells_without_climate_or_plants_are_left_out_and_counted_in_one_line(capsys):
    gap = table(temperature=[9.0, np.nan, -6.0], npp=[500.0, 900.0, 0.0])
    found = globe.from_cells(gap)
    assert found["site"].values.tolist() == ["a"]
    line = "2 of 3 cells are left out: 1 without plant carbon input, 1 without climate"
    assert found.attrs["left_out"] == line
    assert capsys.readouterr().err == f"note: {line}\n"


def test_a_desert_without_plants_is_no_news(capsys):
    found = globe.planet(table(npp=[500.0, -3.0, 150.0]))
    assert found["site"].values.tolist() == ["a", "c"]
    assert capsys.readouterr().err == ""


def test_what_a_cell_does_not_say_comes_from_its_zone():
    bare = table(koppen=None, vegetation=None, sand=None, clay=None)
    found = globe.from_cells(bare)
    assert found["climate"].values[0] in ("Cfb", "Dfb")
    assert found["climate_zone"].values.tolist()[1:] == ["tropical", "boreal"]
    assert found["vegetation"].values.tolist()[1] == "forest"
    assert (found["sand"] == forcing.SAND).all()
    assert found.attrs["assumed"] == "texture at 3 of 3 cells"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: globe.planet("mars"), "unknown source of a planet 'mars'"),
        (lambda: globe.planet("testbed", 0.5), "resolution = 0.5: the testbed has its own"),
        (lambda: globe.planet(table(), 2), "resolution = 2: a Dataset of cells has its own"),
        (lambda: globe.planet("teaching", (1, 2, 3)), "allowed one or two numbers"),
        (lambda: globe.planet("teaching", 7), "cell size in latitude = 7"),
        (lambda: globe.from_cells(table(area=[1e10, -2.0, 1.0])), "area = -2 at cell b: allowed"),
        (lambda: globe.from_cells(table(area=[1e10, 0.0, 1.0])), "area = 0 at cell b"),
        (lambda: globe.from_cells(table(area=[1e10, np.nan, 1.0])), "area = nan at cell b"),
        (lambda: globe.from_cells(table(latitude=[91, 0, 0])), "latitude = 91 at cell a"),
        (lambda: globe.from_cells(table(npp=None)), "cells have no variable 'npp'; needed"),
        (lambda: globe.from_cells(table(npp=[0.0, 0.0, 0.0])), "no cell remains; 3 of 3 cells"),
        (lambda: globe.from_cells(table(koppen=["Cfb", "Xx", "Af"])), "unknown Köppen-Geiger"),
        (lambda: globe.from_cells(table(vegetation=[10, 77, 2])), "unknown IGBP class 77"),
        (lambda: globe.from_cells("cells"), "cells is a str"),
        (lambda: globe.from_cells(xr.Dataset({"npp": ("x", [1.0])})), "neither the dimension"),
        (lambda: globe.cell_area(np.array([95.0]), 0.5), "latitude = 95: allowed -90 to 90"),
    ],
)  # fmt: skip
def test_bad_cells_are_refused_in_one_line(call, message):
    with pytest.raises(InputError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_cells_of_a_regular_grid_cover_the_sphere():
    latitude = np.arange(-89.75, 90, 0.5)
    area = globe.cell_area(latitude, 0.5)
    sphere = 4 * np.pi * 6_371_008.8**2
    assert area.sum() * 720 == pytest.approx(sphere, rel=1e-5)
    np.testing.assert_allclose(area, area[::-1], rtol=1e-12)
    band = np.sin(np.radians(latitude + 0.25)) - np.sin(np.radians(latitude - 0.25))
    exact = 6_371_008.8**2 * np.radians(0.5) * band
    np.testing.assert_allclose(area / exact, 1 - np.radians(0.5) ** 2 / 12, rtol=1e-9)


def test_every_zone_has_a_place_in_the_papers_zones_and_groups():
    zones = np.array(rasters.ZONES[:-1])
    counts = pd.Series(globe.climate_zone(zones)).value_counts().to_dict()
    assert counts == {"boreal": 14, "temperate": 9, "arid": 4, "tropical": 4}
    groups = set(globe.climate_group(zones).tolist())
    assert groups == {"Af", "Am", "Aw", "BW", "BS", "Cs", "Cw", "Cf", "Ds", "Dw", "Df", "E"}
    assert globe.climate_zone(np.array(["", "Af"])).tolist() == ["", "tropical"]
    assert globe.climate_group(np.array(["", "As"])).tolist() == ["", "Aw"]


def test_climate_is_compared_where_a_cell_is_near(planet):
    there = planet.isel(site=[3, 9, 40])
    sites = pd.DataFrame(
        {
            "latitude": [*there["latitude"].values, -89.0],
            "longitude": [*there["longitude"].values, 0.0],
            "temperature": [*(there["temperature"].values + 1.0), 0.0],
            "precipitation": [*there["precipitation"].values, 100.0],
        }
    )
    found = globe.compare_climate(planet, sites)
    assert found["n"].tolist() == [3, 3]
    assert found.loc["log_precipitation", "r2"] == pytest.approx(1.0)
    assert found.loc["temperature", "bias"] == pytest.approx(-1.0)
    with pytest.raises(InputError, match="no site lies within 10 km"):
        globe.compare_climate(planet, sites.iloc[3:], within=10)


def test_the_planets_climate_is_that_of_observed_sites(data_root):
    for name in ("srdb", "israd", "testbed"):
        data_root(name)
    sites = climate.observed_climate(open_dataset("srdb"), open_dataset("israd"))
    for cells in (globe.planet("teaching", resolution=1), globe.planet("testbed")):
        found = globe.compare_climate(cells, sites)
        assert found.loc["temperature", "n"] > 2000
        assert found.loc["temperature", "r2"] > 0.8
        assert found.loc["log_precipitation", "r2"] > 0.5


def test_the_real_testbed_keeps_its_own_areas_and_input(data_root):
    data_root("testbed")
    cells = globe.planet("testbed")
    source = open_dataset("testbed")
    kept = source.isel(cell=np.flatnonzero(source["vegetated"]))
    assert cells.sizes["site"] == kept.sizes["cell"] == 2855
    np.testing.assert_array_equal(cells["area"], kept["area"])
    np.testing.assert_array_equal(cells["npp"], kept["npp"])
    np.testing.assert_allclose(cells["clay"], 100 * kept["clay"])
    assert cells.attrs["provenance"] == "real"


# --- maps ---------------------------------------------------------------------------------------


@BOTH
def test_a_map_is_what_the_model_gives_in_each_cell(cells, planet, model):
    parameters = fields(model, cells.size)
    found = globe.maps(parameters, cells, model, chunk=37, **HIDDEN)
    state = MODELS[model].steady_state(parameters, planet)
    metrics = diagnostics.system(parameters, planet, model)
    np.testing.assert_allclose(found["stock"], state["stock"], rtol=1e-12)
    np.testing.assert_array_equal(found["feasible"], state["feasible"])
    soc = state["carbon"].isel(pool=slice(4, None)).sum("pool").values @ state["thickness"].values
    np.testing.assert_allclose(found["soc"], soc, rtol=1e-12)
    for name in diagnostics.METRICS:
        assert (name in found) == (name in metrics)
        if name in metrics:
            np.testing.assert_allclose(found[name], metrics[name], rtol=1e-9, err_msg=name)
    if model == "compas":
        mic = state["carbon"].sel(pool="mic").values @ state["thickness"].values
        np.testing.assert_allclose(found["microbial_share"], mic / soc, rtol=1e-12)
    for name in ("latitude", "area", "climate_zone"):
        np.testing.assert_array_equal(found[name], planet[name])


@BOTH
def test_the_planet_may_be_prepared_or_not(cells, planet, model):
    one = globe.maps("tao2024", cells, model, **HIDDEN)
    other = globe.maps("tao2024", planet, model, **HIDDEN)
    xr.testing.assert_identical(one, other)


def test_switches_reach_the_model_and_its_metrics(cells):
    parameters = fields("compas", cells.size)
    plain = globe.maps(parameters, cells, **HIDDEN)
    published = globe.maps(parameters, cells, k_system="published", **HIDDEN)
    assert (published["decomposition_rate"] != plain["decomposition_rate"]).all()
    np.testing.assert_array_equal(published["stock"], plain["stock"])
    assert published.attrs["k_system"] == "published"
    with pytest.raises(InputError, match="unknown k_system 'mine'"):
        globe.maps(parameters, cells, k_system="mine", **HIDDEN)


def test_twice_the_litter_is_twice_the_carbon_in_clm5(planet):
    more = planet.assign(litter_input=2 * planet["litter_input"])
    one, two = (
        globe.maps("tao2024", p, "clm5", components=False, **HIDDEN) for p in (planet, more)
    )
    np.testing.assert_allclose(two["stock"], 2 * one["stock"], rtol=1e-10)
    assert "residence_time" not in one


@BOTH
def test_litter_that_enters_the_soil_is_what_leaves_the_litter_for_soil_pools(planet, model):
    place = planet.isel(site=5, drop=True)
    parameters = {name: float(v[0]) for name, v in fields(model, 1, seed=4).items()}
    found = globe.maps(parameters, planet.isel(site=[5]), model, **HIDDEN)
    state = MODELS[model].steady_state(parameters, place)
    m = MODELS[model].matrices(parameters, place)
    decay = (m.xi * m.K * state["carbon"]).isel(pool=slice(0, 4))
    soil = m.A.isel(pool=slice(4, None), from_pool=slice(0, 4)).sum("pool")
    entering = float((soil.values @ decay.values) @ state["thickness"].values)
    share = entering / float(place["litter_input"].sum())
    assert float(found["litter_to_soil"][0]) == pytest.approx(share, rel=1e-9)


def infeasible_somewhere(size, where):
    """Defaults, but microbes that die too slowly for their enzymes in some cells."""
    tau = np.full(size, 1.1)
    tau[where] = 0.05
    return {"tau_mic": tau}


def test_cells_without_a_steady_state_are_left_out_of_sums_and_counted(cells):
    parameters = infeasible_somewhere(cells.size, [2, 7])
    found = globe.maps(parameters, cells, **HIDDEN)
    assert np.flatnonzero(~found["feasible"]).tolist() == [2, 7]
    for name in ("stock", "cue", "residence_time", "litter_to_soil", "soc"):
        assert found[name].isel(site=[2, 7]).isnull().all(), name
    kept = np.delete(np.arange(cells.size), [2, 7])
    by_hand = (found["stock"] * found["area"]).isel(site=kept).sum("site") / 1e12
    sums = globe.total(found)
    np.testing.assert_allclose(sums["stock"], by_hand)
    assert [int(sums[n]) for n in ("cells", "infeasible", "too_much")] == [cells.size - 2, 2, 0]
    assert float(sums["area"]) == pytest.approx(float(found["area"][kept].sum()))
    assert sums["stock"].attrs["units"] == "Pg C"


def test_cells_with_impossible_stocks_are_left_out_too(cells):
    found = globe.maps("tao2024", cells, **HIDDEN)
    found["soc"][4] = 2e6
    limit = found.assign(kept=found["feasible"] & (found["soc"] < 1e6))
    assert int(globe.total(limit)["too_much"]) == 1
    rich = globe.maps({"tau4s3": 1000.0, "efolding": 0.2, "q10": 3.0}, cells, "clm5", **HIDDEN)
    np.testing.assert_array_equal(rich["kept"], (rich["soc"] > 0) & (rich["soc"] < 1e6))
    assert 0 < int((~rich["kept"]).sum()) < cells.size


def test_stones_take_the_place_of_soil(planet):
    stones = xr.DataArray(
        np.tile([10.0, 50.0, 20.0], (planet.sizes["site"], 1)), dims=("site", "fragment_depth")
    )
    plain = globe.maps("tao2024", planet, **HIDDEN)
    found = globe.maps("tao2024", planet.assign(coarse_fragments=stones), **HIDDEN)
    at = {d: plain["stock"].sel(to_depth=d) for d in (0.3, 1.0, 2.0)}
    first = 0.9 * at[0.3]
    second = first + 0.5 * (at[1.0] - at[0.3])
    third = second + 0.8 * (at[2.0] - at[1.0])
    for depth, expected in ((0.3, first), (1.0, second), (2.0, third)):
        np.testing.assert_allclose(found["stock"].sel(to_depth=depth), expected)
    column = 1000 * third + 0.8 * (plain["soc"] - 1000 * at[2.0])
    np.testing.assert_allclose(found["soc"], column)
    np.testing.assert_allclose(found["cue"], plain["cue"])


# --- ensembles ----------------------------------------------------------------------------------


@BOTH
def test_the_spread_of_an_ensemble_is_that_of_its_members(cells, model):
    parameters = fields(model, cells.size, members=5)
    every = globe.maps(parameters, cells, model, members="all", **HIDDEN)
    found = globe.maps(parameters, cells, model, chunk=29, **HIDDEN)
    assert every["stock"].dims == ("member", "site", "to_depth")
    for name in ("stock", "decomposition_rate", "residence_time", "soc"):
        kept = every[name].where(every["kept"])
        np.testing.assert_allclose(found[name], kept.mean("member"), rtol=1e-10)
        spread = kept.std("member", ddof=1)
        np.testing.assert_allclose(found[f"{name}_sd"], spread, rtol=1e-7, atol=1e-9)
    members = (every["stock"].where(every["kept"]) * every["area"]).sum("site") / 1e12
    np.testing.assert_allclose(found["member_total"], members, rtol=1e-10)
    sums = globe.total(found)
    np.testing.assert_allclose(sums["stock"], members.mean("member"), rtol=1e-10)
    assert (sums["stock_low"] < sums["stock"]).all()
    assert (sums["stock"] < sums["stock_high"]).all()
    assert globe.total(every)["stock"].dims == ("member", "to_depth")
    one = globe.maps({n: v[3] for n, v in parameters.items()}, cells, model, **HIDDEN)
    np.testing.assert_array_equal(every["stock"].isel(member=3), one["stock"])


def test_a_member_without_steady_state_does_not_count_in_its_cell(cells):
    tau = np.full((3, cells.size), 1.1)
    tau[1, 6] = tau[:, 9] = 0.05
    found = globe.maps({"tau_mic": tau}, cells, **HIDDEN)
    single = globe.maps("tao2024", cells, **HIDDEN)
    assert found["feasible_share"].values[[5, 6, 9]] == pytest.approx([1.0, 2 / 3, 0.0])
    assert found["members"].values[[5, 6, 9]].tolist() == [3, 2, 0]
    np.testing.assert_allclose(found["stock"][6], single["stock"][6])
    assert found["stock"][9].isnull().all()
    sums = globe.total(found)
    assert [int(sums[n]) for n in ("cells", "infeasible")] == [cells.size - 1, 1]
    without = (single["stock"] * single["area"] / 1e12).sel(to_depth=1.0)
    missing = without.sum() - without[[6, 9]].sum()
    assert float(found["member_total"].sel(to_depth=1.0)[1]) == pytest.approx(float(missing))


def test_members_and_sites_may_come_in_any_order_and_from_a_file(cells, tmp_path):
    values = fields("compas", cells.size, members=3)
    site = cells.cells["site"].values
    data = xr.Dataset(
        {name: (("site", "member"), array.T) for name, array in values.items()},
        {"site": site, "member": ["a", "b", "c"]},
    )
    path = tmp_path / "predicted.nc"
    data.to_netcdf(path)
    expected = globe.maps(values, cells, **HIDDEN)
    with xr.open_dataset(path) as lazy:
        found = globe.maps(lazy, cells, **HIDDEN)
    np.testing.assert_array_equal(found["stock"], expected["stock"])
    assert found["member"].values.tolist() == ["a", "b", "c"]
    stacked = data.to_dataarray("parameter")
    np.testing.assert_array_equal(globe.maps(stacked, cells, **HIDDEN)["stock"], expected["stock"])
    only = globe.maps({"q10": xr.DataArray([1.5, 2.5], dims="member")}, cells, **HIDDEN)
    assert only["member_total"].sizes["member"] == 2


@pytest.mark.parametrize(
    ("parameters", "model", "message"),
    [
        ("tao2024", "century", "unknown model 'century'"),
        ("best", "compas", "unknown parameter set 'best'"),
        ({"tau_mik": 1.0}, "compas", "unknown parameter of COMPAS 'tau_mik' .did you mean"),
        ({"tau_mic": [1.0, 1.1]}, "compas", "parameters have 2 sites, the planet"),
        ({"q10": [2.0], "tau_mic": [1.0, 1.1]}, "compas", "different numbers of sites"),
        ({"tau_mic": 3.0}, "compas", "tau_mic = 3 at site .*: allowed 0 to 2 .in yr."),
        ({"tau_mic": np.nan}, "compas", "tau_mic = nan at site"),
        ({"tau_mic": "long"}, "compas", "tau_mic = 'long' is not a number"),
        ({"tau_mic": np.ones((1, 2, 3))}, "compas", "tau_mic has 3 dimensions"),
        (xr.Dataset({"x": 1.0}), "clm5", "parameters have none of CLM5's"),
        (xr.DataArray([1.0], dims="site"), "compas", "needed 'parameter'"),
        ({"q10": xr.DataArray([2.0], dims="depth")}, "compas", "q10 has the dimension 'depth'"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_in_one_line(cells, parameters, model, message):
    with pytest.raises(InputError, match=message) as error:
        globe.maps(parameters, cells, model, **HIDDEN)
    assert "\n" not in str(error.value)


def test_planets_that_do_not_fit_are_refused_in_one_line(planet):
    labelled = xr.DataArray(
        np.full(planet.sizes["site"], 2.0), {"site": planet["site"].values + 1}, ("site",)
    )
    area = planet["area"].copy()
    area[3] = -1.0
    for call, message in (
        (lambda: globe.maps({"q10": labelled}, planet), "have different labels of 'site'"),
        (lambda: globe.maps("tao2024", planet.drop_vars("area")), "planet has no 'area'"),
        (lambda: globe.maps("tao2024", planet.assign_coords(area=area)), "area = -1 at site"),
        (lambda: globe.maps("tao2024", planet.isel(site=0)), "no dimension 'site'"),
        (lambda: globe.maps("tao2024", "earth"), "planet is a str"),
        (lambda: globe.maps("tao2024", planet, members="some"), "unknown value of members"),
        (lambda: globe.maps("tao2024", planet, chunk=0), "chunk = 0"),
        (lambda: globe.maps("tao2024", planet, client="tcp://x"), "allowed a dask"),
    ):
        with pytest.raises(InputError, match=message):
            call()


# --- summaries ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(cells):
    return globe.maps(fields("compas", cells.size), cells, **HIDDEN)


def test_zonal_means_weigh_cells_by_their_area(world):
    bands = globe.zonal(world, 30.0)
    assert bands["latitude"].values.tolist() == [-75, -45, -15, 15, 45, 75]
    inside = world.isel(site=np.flatnonzero(np.abs(world["latitude"] - 15) < 15))
    here = bands.sel(latitude=15)
    mean = float(inside["cue"].weighted(inside["area"]).mean())
    assert float(here["cue"].sel(statistic="mean")) == pytest.approx(mean)
    stock = inside["stock"].sel(to_depth=1.0)
    low, median, high = np.quantile(stock, [0.16, 0.5, 0.84])
    found = here["stock"].sel(to_depth=1.0, statistic=["low", "median", "high"])
    np.testing.assert_allclose(found, [low, median, high])
    assert int(here["cells"]) == inside.sizes["site"]
    assert int(bands["cells"].sum()) == world.sizes["site"]


def test_a_band_without_cells_is_empty(world):
    bands = globe.zonal(world, 10.0, variables=["cue"])
    assert list(bands.data_vars) == ["cue", "cells"]
    south = bands.sel(latitude=-85)
    assert south["cue"].isnull().all()
    assert int(south["cells"]) == 0
    assert globe.zonal(world, 7.0)["latitude"].size == 26  # the last band ends beyond the pole


def test_boxes_are_those_of_matplotlib(world):
    boxes = globe.by_zone(world)
    assert boxes["climate_zone"].values.tolist() == list(globe.CLIMATE_ZONES)
    for zone in globe.CLIMATE_ZONES:
        values = world["residence_time"].values[world["climate_zone"].values == zone]
        (expected,) = matplotlib.cbook.boxplot_stats(values)
        found = boxes["residence_time"].sel(climate_zone=zone).values
        keys = ("whislo", "q1", "med", "q3", "whishi")
        np.testing.assert_allclose(found, [expected[key] for key in keys])
        assert int(boxes["cells"].sel(climate_zone=zone)) == values.size


def test_zones_of_any_text_can_be_chosen_and_infeasible_cells_do_not_count(world):
    holed = world.assign(kept=world["kept"].where(world["vegetation"] != "forest", False))
    boxes = globe.by_zone(holed, "vegetation", ["cue"])
    assert boxes["cue"].sel(vegetation="forest").isnull().all()
    assert int(boxes["cells"].sel(vegetation="forest")) == 0
    assert boxes["cue"].sel(vegetation="tundra").notnull().all()


def test_a_model_agrees_with_itself_and_not_with_a_shuffle(world):
    same = globe.agreement(world, world)
    assert same["r"].to_numpy() == pytest.approx(1.0)
    assert same["n"].tolist() == [world.sizes["site"]] * len(same)
    order = np.random.default_rng(1).permutation(world.sizes["site"])
    mixed = world.copy()
    mixed["stock"] = ("site", "to_depth"), world["stock"].values[order]
    found = globe.agreement(world, mixed, variables=())
    assert found.index.tolist() == ["stock to 0.3 m", "stock to 1 m", "stock to 2 m"]
    assert (found["r"].abs() < 0.35).all()
    by_hand = np.corrcoef(*np.log([m["stock"].sel(to_depth=1.0) for m in (world, mixed)]))[0, 1]
    assert found.loc["stock to 1 m", "r"] == pytest.approx(by_hand)


def test_agreement_counts_cells_that_both_keep_and_has_no_opinion_on_a_constant(cells, world):
    parameters = infeasible_somewhere(cells.size, [0, 1])
    other = globe.maps(parameters, cells, **HIDDEN)
    found = globe.agreement(world, other)
    assert (found["n"] == cells.size - 2).all()
    flat = world.assign(cue=xr.ones_like(world["cue"]))
    assert np.isnan(globe.agreement(flat, world, ["cue"]).loc["cue", "r"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: globe.zonal(w, 0.0), "width = 0: allowed 0.01 to 180"),
        (lambda w: globe.zonal(w, variables=["soil"]), "unknown variable of the maps 'soil'"),
        (lambda w: globe.by_zone(w, "zone"), "unknown zone 'zone'"),
        (lambda w: globe.agreement(w, w.isel(site=slice(5))), "of different cells"),
        (lambda w: globe.agreement(w, w, ["soil"]), "unknown variable of the maps 'soil'"),
        (lambda w: globe.total(w.drop_vars("kept")), "maps have no 'kept'"),
        (lambda w: globe.zonal(w.expand_dims(member=[0])), "choose one, or members='spread'"),
    ],
)
def test_summaries_of_something_else_are_refused(world, call, message):
    with pytest.raises(InputError, match=message):
        call(world)
