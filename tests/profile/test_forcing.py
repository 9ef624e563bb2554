"""The forcing of the layered models: physics of the soil year, the schema, monthly tables."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from soilnb.data import tables
from soilnb.parameters import InputError
from soilnb.profile import clm5, forcing, grid
from soilnb.profile.forcing import formulas as formula
from soilnb.profile.forcing import monthly, water

SCALARS = ("water_scalar", "oxygen_scalar", "nitrogen_scalar")
BARE_GROUND = {"freezing_factor": 1.0, "thawing_factor": 1.0}

temperatures = st.floats(-35, 25)
ranges = st.floats(0, 65)
rains = st.floats(60, 12000)  # below, plants are refused
shares = st.floats(1, 100)
latitudes = st.floats(-90, 90)
classes = st.sampled_from(tables.read("litter_split")["vegetation"].to_list())


@pytest.fixture(scope="module")
def temperate():
    return forcing.example("temperate")


# --- the soil year ------------------------------------------------------------------------------


@given(temperatures, ranges, latitudes)
def test_every_layer_has_the_mean_annual_temperature_of_the_air_without_snow(mat, span, latitude):
    made = forcing.from_climate(mat, span, latitude=latitude, parameters=BARE_GROUND)
    np.testing.assert_allclose(made["soil_temperature"].mean("month"), mat, atol=1e-9)


@given(temperatures, ranges)
def test_snow_warms_all_layers_alike(mat, span):
    soil = forcing.from_climate(mat, span, latitude=60.0)["soil_temperature"].mean("month")
    np.testing.assert_allclose(soil, soil[0], atol=1e-9)
    assert soil[0] >= mat - 1e-9


@given(st.lists(st.floats(-30, 40), min_size=12, max_size=12))
def test_the_seasons_fade_with_depth(surface):
    soil = formula.soil_temperature(np.array([surface]), grid.NODE, 5e-7)[0]
    spread = soil.std(axis=0)
    assert (np.diff(spread) <= 1e-9).all()
    assert spread[0] <= np.std(surface) + 1e-9


def test_a_cosine_at_the_surface_is_the_textbook_wave_below():
    month, depth, d = np.arange(12)[:, None], grid.NODE, formula.damping_depth(5e-7)
    surface = 9 + 12 * np.cos(2 * np.pi * month / 12)
    wave = 9 + 12 * np.exp(-depth / d) * np.cos(2 * np.pi * month / 12 - depth / d)
    found = formula.soil_temperature(surface.T, depth, 5e-7)[0]
    np.testing.assert_allclose(found, wave, atol=1e-12)
    assert d == pytest.approx(2.24, abs=0.002)


def test_short_waves_fade_sooner():
    month, depth, d = np.arange(12)[:, None], grid.NODE, formula.damping_depth(5e-7)
    surface = 3 * np.cos(2 * np.pi * 3 * month / 12)  # four months long
    fall = np.sqrt(3) * depth / d
    wave = 3 * np.exp(-fall) * np.cos(2 * np.pi * 3 * month / 12 - fall)
    np.testing.assert_allclose(
        formula.soil_temperature(surface.T, depth, 5e-7)[0], wave, atol=1e-12
    )


def test_at_the_surface_the_soil_is_the_surface():
    surface = np.random.default_rng(1).normal(size=(3, 12))
    found = formula.soil_temperature(surface, np.array([0.0]), 5e-7)
    np.testing.assert_allclose(found[:, :, 0], surface, atol=1e-12)


def test_south_of_the_equator_january_is_summer():
    soil = forcing.from_climate(10, 20, latitude=[45, -45])["soil_temperature"]
    assert (soil.isel(layer=0).argmax("month") == [6, 0]).all()
    np.testing.assert_allclose(
        soil.isel(site=0), soil.isel(site=1).roll(month=6, roll_coords=False), atol=1e-12
    )


def test_the_range_of_the_months_is_the_seasonality():
    air = formula.air_temperature(np.array([5.0]), np.array([24.0]))
    assert air.max() - air.min() == pytest.approx(24.0)
    assert air.mean() == pytest.approx(5.0)


def test_the_scale_of_continentality_is_that_of_its_author():
    # Conrad's index is about 0 at Thorshavn (62 N, 7 to 8 K) and 100 at Verkhoyansk (68 N, 62 to
    # 66 K), and the equator has seasons too
    assert formula.annual_range(62.0, 0.0) == pytest.approx(7.8, abs=0.1)
    assert formula.annual_range(67.5, 100.0) == pytest.approx(65.4, abs=0.2)
    assert formula.annual_range(0.0, 5.0) > 1
    assert formula.annual_range(-50.0, 30.0) == formula.annual_range(50.0, 30.0)


def test_the_zone_decides_the_seasonality():
    oceanic, continental, unknown = forcing.seasonality(50.0, ["Cfb", "Dwc", ""])
    assert oceanic < unknown < continental
    assert unknown == forcing.seasonality(50.0)
    table = tables.read("koppen_seasons")
    assert set(table["zone"]) == set(tables.read("koppen_climate")["zone"])
    with pytest.raises(InputError, match=r"zone 'Cfd' \(did you mean 'Dfd'|zone 'Cfd'"):
        forcing.seasonality(50.0, "Cfd")


# --- frost --------------------------------------------------------------------------------------


def test_stefan_thaws_a_metre_with_eight_hundred_degree_days():
    surface = np.zeros((1, 12))
    surface[0, 6] = 800 / 31
    # sqrt(2 * 1 W m-1 K-1 * 86400 s d-1 * 800 K d / (0.4 * 3.337e8 J m-3))
    assert formula.thaw_depth(surface, 1.0, 0.4)[0] == pytest.approx(1.0177, abs=1e-4)


def test_permafrost_thaws_a_little_and_other_soils_all_the_way():
    thaw = {name: float(forcing.example(name)["active_layer"][0]) for name in forcing.EXAMPLES}
    assert 0.3 < thaw["permafrost"] < 2
    for name in ("tropical", "temperate", "boreal"):
        assert thaw[name] == pytest.approx(grid.BOTTOM[-1])


def test_where_no_month_thaws_nothing_is_active():
    frozen = forcing.from_climate(-30, 10, latitude=80)
    assert (frozen["active_layer"] == 0).all()
    assert (frozen["active_layer_last_year"] == 0).all()


def test_ice_holds_back_the_water_below_the_freezing_point():
    assert formula.frozen_potential(np.array(-1.0)) == pytest.approx(-1.226, abs=1e-3)
    assert formula.frozen_potential(np.array(3.0)) == 0
    boreal = forcing.example("boreal")
    winter = boreal.sel(month=1).isel(layer=0)
    summer = boreal.sel(month=7).isel(layer=0)
    assert winter["soil_temperature"] < -2
    assert winter["water_scalar"] == 0.05
    assert summer["water_scalar"] > 0.5


# --- water --------------------------------------------------------------------------------------


def test_radiation_is_that_of_the_published_table():
    # Allen et al. 1998, Annex 2, Table 2.6: the equator, January to December
    table = [36.2, 37.5, 37.9, 36.8, 34.8, 33.4, 33.9, 35.7, 37.2, 37.4, 36.3, 35.6]
    np.testing.assert_allclose(formula.extraterrestrial_radiation(0.0), table, rtol=0.006)


def day_long_radiation(latitude):
    """Sunshine added up over the middle day of each month, minute by minute, in MJ m-2."""
    day = 2 * np.pi * np.array([15.5, 45, 74.5, 105, 135.5, 166, 196.5, 227.5, 258, 288.5, 319,
                                349.5]) / 365  # fmt: skip
    tilt, distance = 0.409 * np.sin(day - 1.39), 1 + 0.033 * np.cos(day)
    minute = (np.arange(14_400) + 0.5) / 10
    hour_angle = 2 * np.pi * (minute / 1440 - 0.5)[:, np.newaxis]
    here = np.radians(latitude)
    height = np.sin(here) * np.sin(tilt) + np.cos(here) * np.cos(tilt) * np.cos(hour_angle)
    return 0.0820 * distance * 0.1 * np.maximum(height, 0).sum(axis=0)


@pytest.mark.parametrize("latitude", [-80.0, -35.0, 0.0, 12.0, 48.0, 75.0])
def test_radiation_and_demand_are_what_a_day_of_sunshine_adds_up_to(latitude):
    sunshine = day_long_radiation(latitude)
    radiation = formula.extraterrestrial_radiation(np.array([latitude]))[0]
    np.testing.assert_allclose(radiation, sunshine, rtol=1e-4, atol=1e-4)
    air = np.linspace(-12.0, 21.0, 12)
    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    demand = [
        n * r / 2.45 * (t + 5) / 100 for n, r, t in zip(days, sunshine, air, strict=True) if t > -5
    ]
    found = formula.potential_evapotranspiration(air[np.newaxis], np.array([latitude]))
    assert found[0] == pytest.approx(sum(demand), rel=1e-4)


def test_it_stays_dark_in_the_polar_winter():
    radiation = formula.extraterrestrial_radiation(np.array([85.0, -85.0]))
    np.testing.assert_allclose(radiation[0, [0, 11]], 0, atol=1e-12)
    np.testing.assert_allclose(radiation[1, [5, 6]], 0, atol=1e-12)
    assert (radiation >= -1e-12).all()


def test_frozen_months_evaporate_nothing():
    assert formula.potential_evapotranspiration(np.full((1, 12), -6.0), np.array([70.0]))[0] == 0


@given(rains, st.floats(0.1, 3000))
def test_no_more_evaporates_than_falls_or_is_asked_for(rain, pet):
    wet = float(formula.wetness(rain, pet))
    assert 0 <= wet <= 1
    # below 1e-300 mm numbers have lost their last digits (subnormal)
    assert wet * pet <= rain * (1 + 1e-12) + 1e-300


def test_water_scalar_is_half_way_in_the_logarithm_of_the_potential():
    potential = np.array([0.0, -0.002, -np.sqrt(0.002 * 2.0), -2.0, -9.0])
    found = formula.moisture_scalar(potential, -2.0, -0.002, 0.05)
    np.testing.assert_allclose(found, [1, 1, 0.5, 0.05, 0.05], atol=1e-12)


def test_texture_sets_the_retention_curve():
    # Cosby et al. 1984: 40 % sand, 24 % clay
    saturated, exponent = formula.saturated_potential(40.0, 24.0)
    assert saturated == pytest.approx(-2.226e-3, rel=1e-3)
    assert exponent == pytest.approx(6.726)


@given(rains, rains)
def test_more_rain_never_slows_decay(less, more):
    less, more = sorted((less, more))
    water = forcing.from_climate(12, 20, [less, more], latitude=45)["water_scalar"]
    assert (water.isel(site=0) <= water.isel(site=1)).all()


# --- the months of water ------------------------------------------------------------------------

months = st.lists(st.floats(0, 400), min_size=12, max_size=12)
capacities = st.floats(20, 500)
#: Sites that the bucket's year is judged at: seven random ones, and the ends of what can be.
RNG = np.random.default_rng(4)
FALLS = np.vstack([RNG.gamma(1.0, 60.0, (7, 12)), np.zeros((1, 12)), np.full((2, 12), 80.0)])
ASKED = np.vstack([RNG.gamma(1.0, 60.0, (7, 12)), np.full((1, 12), 90.0), np.zeros((1, 12)),
                   np.full((1, 12), 1e-9)])  # fmt: skip


@given(months, months, capacities)
@example(
    [0, 0, 0, 0, 0, 398, 0, 195.25, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 398, 0, 195.25, 0, 0, 0, 0],
    166.39825614956496,
)  # as much rain as a full bucket loses, to rounding
def test_the_water_of_each_month_and_of_the_year_is_accounted_for(falls, asked, capacity):
    falls, asked = np.array([falls]), np.array([asked])
    year = water.bucket(falls, asked, np.array([capacity]))
    scale = falls.sum() + asked.sum() + capacity
    left = falls - year.evaporation - year.drainage - year.change
    assert np.abs(left).max() <= 1e-12 * scale
    assert abs(year.change.sum()) <= 1e-12 * scale
    assert (year.stored >= 0).all()
    assert (year.stored <= 1 + 1e-12).all()
    assert (year.drainage >= 0).all()
    np.testing.assert_allclose(year.evaporation, asked * year.stored, rtol=1e-12, atol=1e-90)


def bucket_in_small_steps(falls, asked, capacity, steps=2000, years=40):
    """The bucket by the midpoint rule, an hour or so a step, until the year returns to itself."""
    stored, mean = capacity, np.zeros(12)
    for _ in range(years):
        for month in range(12):
            total = 0.0
            for _ in range(steps):
                half = stored + (falls[month] - asked[month] * stored / capacity) / steps / 2
                half = min(half, capacity)
                new = stored + (falls[month] - asked[month] * half / capacity) / steps
                new = min(new, capacity)
                total += (stored + new) / 2
                stored = new
            mean[month] = total / steps / capacity
    return mean


def test_the_bucket_is_what_small_steps_add_up_to():
    falls, asked = FALLS[0], ASKED[0]
    year = water.bucket(falls[None], asked[None], np.array([100.0]))
    plain = bucket_in_small_steps(falls, asked, 100.0, steps=200, years=8)
    np.testing.assert_allclose(year.stored[0], plain, atol=2e-3)
    assert (year.drainage[0] > 0).any()  # some months overflow, and some do not
    assert (year.drainage[0] == 0).any()


def test_without_rain_the_bucket_is_dry_and_without_demand_it_is_full():
    year = water.bucket(FALLS, ASKED, np.full(10, 100.0))
    np.testing.assert_array_equal(year.stored[7], 0)
    np.testing.assert_allclose(year.stored[8:], 1, atol=1e-9)
    np.testing.assert_allclose(year.drainage[8], 80)


@given(rains, ranges, temperatures, st.floats(-1, 1))
def test_snow_melts_or_stays_and_no_rain_is_lost(rain, span, mat, contrast):
    falls = water.monthly_rain(np.array([rain]), np.array([contrast]))
    assert (falls >= -1e-12 * rain).all()
    air = formula.air_temperature(np.array([mat]), np.array([span]))
    melted, ice = water.melt(falls, air)
    assert melted.sum() + ice.sum() == pytest.approx(rain, rel=1e-12)
    assert (melted[air < 0] == 0).all()


@given(shares, st.floats(0, 1))
def test_a_soil_at_field_capacity_is_wetter_than_at_the_wilting_point(sand, part):
    clay = part * (100 - sand)
    dry, wet = water.saturation_at(-1.5, sand, clay), water.draining(0.1, sand, clay)
    assert 0 < dry < wet < 1
    # what flows through a soil that is so wet is what drains
    exponent = 2 * formula.saturated_potential(sand, clay)[1] + 3
    assert water.conductivity(sand) * wet**exponent == pytest.approx(0.1, rel=1e-12)


@given(st.lists(rains, min_size=2, max_size=2), temperatures, ranges, st.floats(-1, 1), latitudes)
def test_more_rain_makes_no_month_drier_nor_airier(both, mat, span, contrast, latitude):
    made = forcing.from_climate(mat, span, sorted(both), latitude=latitude, variant="monthly",
                                rain_seasonality=contrast)  # fmt: skip
    less, more = made.isel(site=0), made.isel(site=1)
    assert (less["water_scalar"] <= more["water_scalar"] + 1e-9).all()
    assert (less["oxygen_scalar"] >= more["oxygen_scalar"] - 1e-9).all()
    assert made["oxygen_scalar"].min() >= 0.2 - 1e-12  # CLM5's mino2lim
    assert made["oxygen_scalar"].max() <= 1


def test_dry_summers_are_dry_and_wet_ones_short_of_air():
    about = {"mat": 15.0, "seasonality": 16.0, "map": 900.0, "sand": 30.0, "clay": 40.0}
    made = forcing.from_climate(**about, latitude=[38.0, -38.0, 38.0], variant="monthly",
                                rain_seasonality=[-0.5, -0.5, 0.82])  # fmt: skip
    here = made.isel(layer=0)
    july, january = here.sel(month=7), here.sel(month=1)
    assert july["water_scalar"][0] < 0.5 * january["water_scalar"][0]
    np.testing.assert_allclose(
        here.isel(site=0).mean("month")["water_scalar"],
        here.isel(site=1).mean("month")["water_scalar"], rtol=0.02,
    )  # fmt: skip
    assert january["water_scalar"][1] < july["water_scalar"][1]  # the south has its summer then
    assert july["water_scalar"][2] > july["water_scalar"][0]
    assert january["oxygen_scalar"][0] < july["oxygen_scalar"][0]


def test_the_annual_variant_is_the_default_and_has_no_months_of_water():
    plain = forcing.from_climate(12.0, 3.0, 900.0, latitude=10.0)
    named = forcing.from_climate(12.0, 3.0, 900.0, latitude=10.0, variant="annual",
                                 rain_seasonality=0.9)  # fmt: skip
    xr.testing.assert_identical(plain, named)
    assert float(np.ptp(plain["water_scalar"].values)) == 0
    months = forcing.from_climate(12.0, 3.0, 900.0, latitude=10.0, variant="monthly",
                                  rain_seasonality=0.9)  # fmt: skip
    assert float(np.ptp(months["water_scalar"].isel(layer=0).values)) > 0.2
    assert months.attrs["variant"] == "monthly"


def test_peat_and_permafrost_are_flagged_and_stay_with_the_result():
    made = forcing.from_climate(
        [-11.0, 7.5, 9.0, 9.0], [36.0, 11.0, 23.0, 23.0], [250.0, 2200.0, 650.0, 650.0],
        latitude=[70.0, 57.0, 48.0, 48.0], variant="monthly",
        vegetation=["tundra", "grassland", "grassland", "WET"],
    )  # fmt: skip
    assert made["permafrost"].values.tolist() == [True, False, False, False]
    assert made["peat"].values.tolist() == [False, True, False, True]
    assert (
        clm5.steady_state("tao2024", made)["peat"].values.tolist() == made["peat"].values.tolist()
    )
    alone = forcing.from_climate(9.0, 23.0, 650.0, latitude=48.0, variant="monthly")
    assert alone["peat"].shape == ()
    assert "peat" not in forcing.example("boreal").coords


def test_a_given_demand_and_given_air_come_first():
    about = {"mat": 9.0, "seasonality": 23.0, "map": 650.0, "latitude": 48.0, "variant": "monthly"}
    by_formula = forcing.from_climate(**about)
    air = formula.air_temperature(np.array([9.0]), np.array([23.0]))
    annual = float(formula.potential_evapotranspiration(air, np.array([48.0]))[0])
    given = forcing.from_climate(**about, pet=annual, oxygen=0.7, nitrogen=0.5)
    np.testing.assert_allclose(given["water_scalar"], by_formula["water_scalar"], rtol=1e-12)
    assert (given["oxygen_scalar"] == 0.7).all()
    assert (given["nitrogen_scalar"] == 0.5).all()
    cold = forcing.from_climate(-30.0, 10.0, 300.0, latitude=80.0, pet=100.0, variant="monthly")
    assert np.isfinite(cold["water_scalar"]).all()


def test_zones_say_when_it_rains():
    dry_summer, even, unknown = forcing.rain_seasonality(["csb", "Dfb", ""])
    assert (1 + dry_summer) / (1 - dry_summer) == pytest.approx(1 / 3)  # Peel et al. 2007
    assert even == unknown == 0
    wet = forcing.rain_seasonality("Dwc")
    assert (1 + wet) / (1 - wet) == pytest.approx(10, rel=0.02)


# --- the builder --------------------------------------------------------------------------------


@settings(max_examples=50)
@given(temperatures, ranges, rains, shares, latitudes, classes)
def test_a_forcing_from_any_climate_passes_the_check(mat, span, rain, sand, latitude, vegetation):
    made = forcing.check(
        forcing.from_climate(mat, span, rain, None, sand, latitude=latitude, vegetation=vegetation)
    )
    for name in SCALARS:
        assert float(made[name].min()) >= 0
        assert float(made[name].max()) <= 1
    npp = float(forcing.miami(mat, rain))
    assert float(made["litter_input"].sum()) == pytest.approx(npp, rel=1e-12, abs=1e-12)
    thaw = made["active_layer"]
    assert ((thaw >= 0) & (thaw <= grid.BOTTOM[-1])).all()


@settings(max_examples=50)
@given(temperatures, ranges, rains, shares, latitudes, classes, st.floats(-1, 1))
def test_the_months_of_any_climate_pass_the_check(
    mat, span, rain, sand, latitude, vegetation, contrast
):
    made = forcing.from_climate(
        mat, span, rain, None, sand, latitude=latitude, vegetation=vegetation, variant="monthly",
        rain_seasonality=contrast,
    )  # fmt: skip
    assert (made["water_scalar"] >= 0.05).all()
    plain = forcing.from_climate(mat, span, rain, None, sand, latitude=latitude,
                                 vegetation=vegetation)  # fmt: skip
    for name in ("soil_temperature", "active_layer", "litter_input", "nitrogen_scalar"):
        np.testing.assert_array_equal(made[name].values, plain[name].values)


def test_a_desert_without_plants_may_be_dry_and_one_dry_cell_of_a_map_too():
    dry = forcing.from_climate(25, map=5, latitude=25, vegetation="barren")
    assert float(dry["water_scalar"].max()) == pytest.approx(0.05)
    both = forcing.from_climate([25, 20], map=[5, 400], latitude=25, vegetation="grassland")
    assert both.sizes["site"] == 2


@pytest.mark.parametrize("kind", [5, 5.0, "5", "5.0", "MF", "ENF", " forest ", "Forest"])
def test_vegetation_may_be_a_number_letters_or_a_word(kind):
    shares = forcing.litter_split(kind)
    xr.testing.assert_equal(shares, forcing.litter_split("forest"))


def test_zones_may_be_in_lower_case():
    assert forcing.continentality("cfb") == forcing.continentality("Cfb")
    assert forcing.seasonality(50.0, "dfb") == forcing.seasonality(50.0, "Dfb")


def test_many_places_are_as_each_alone():
    mat, span, rain = np.array([-8.0, 4, 27]), np.array([40.0, 25, 3]), np.array([300.0, 700, 2e3])
    latitude, sand = np.array([66.0, 50, -4]), np.array([20.0, 50, 80])
    vegetation = ["tundra", "forest", "savanna"]
    many = forcing.from_climate(mat, span, rain, None, sand, latitude=latitude,
                                vegetation=vegetation)  # fmt: skip
    for i in range(3):
        one = forcing.from_climate(mat[i], span[i], rain[i], None, sand[i], latitude=latitude[i],
                                   vegetation=vegetation[i])  # fmt: skip
        assert "site" not in one.dims
        xr.testing.assert_allclose(many.isel(site=i, drop=True), one, rtol=1e-12)


def test_sites_keep_their_labels():
    sites = xr.DataArray([5.0, 20.0], {"site": ["cold", "warm"]}, "site")
    made = forcing.from_climate(sites, latitude=50)
    assert made["site"].values.tolist() == ["cold", "warm"]
    named = forcing.from_climate([5, 20], latitude=50, site=["a", "b"])
    assert named["site"].values.tolist() == ["a", "b"]


def test_wood_is_in_the_litter_of_forests_only_and_shares_sum_to_one():
    names = ["forest", "shrubland", "savanna", "grassland", "cropland", "tundra"]
    split = forcing.litter_split(names)
    np.testing.assert_allclose(split.sum("litter_pool"), 1)
    assert split.sel(litter_pool="cwd").values.tolist() == [0.3, 0.15, 0.15, 0, 0, 0]
    rest = split.sel(litter_pool=["metabolic", "cellulose", "lignin"])
    parts = rest / rest.sum("litter_pool")
    np.testing.assert_allclose(parts, np.tile([0.25, 0.5, 0.25], (6, 1)))


def test_vegetation_may_be_a_number_of_igbp_or_another_word():
    same = forcing.litter_split(["forest", "shrubland", "savanna", "grassland"])
    np.testing.assert_array_equal(forcing.litter_split([4, 7, 8, 10]), same)
    assert forcing.litter_split("rangeland/grassland").equals(forcing.litter_split("Grassland"))
    assert set(forcing.vegetation_names()) == set(range(1, 19))


def test_the_miami_model_takes_the_scarcer_of_warmth_and_rain():
    # 3000 / (1 + exp(1.315 - 1.19)) and 3000 (1 - exp(-0.332)), half of dry mass is carbon
    assert forcing.miami(10.0, 5000.0) == pytest.approx(703.2, abs=0.1)
    assert forcing.miami(30.0, 500.0) == pytest.approx(423.7, abs=0.1)


def test_layers_above_bedrock_are_counted():
    beds = forcing.from_climate(np.full(4, 10.0), latitude=50, bedrock=[0.02, 1.0, 8.6, np.inf])
    assert beds["bedrock_layer"].values.tolist() == [1, 8, 20, 20]


def test_own_numbers_replace_the_formulas():
    made = forcing.from_climate(10, 20, 800, 250, pet=800, oxygen=0.5, nitrogen=0.8)
    assert float(made["litter_input"].sum()) == pytest.approx(250)
    assert (made["oxygen_scalar"] == 0.5).all()
    assert (made["nitrogen_scalar"] == 0.8).all()
    drier = forcing.from_climate(10, 20, 800, 250, pet=2400)
    assert drier["water_scalar"].max() < made["water_scalar"].max()


def test_the_examples_are_ordered_from_cold_to_warm():
    order = ("permafrost", "boreal", "temperate", "tropical")
    mean = [float(forcing.example(name)["soil_temperature"].mean()) for name in order]
    assert mean == sorted(mean)
    npp = [float(forcing.example(name)["litter_input"].sum()) for name in order]
    assert npp == sorted(npp)
    assert set(order) == set(forcing.EXAMPLES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mat": 288.0}, r"mat = 288: allowed -40 to 40 degC; in kelvin\? 14.9 degC"),
        ({"mat": [5.0, np.nan]}, "mat = nan at site 1: allowed"),
        ({"mat": 35.0, "seasonality": 60.0}, "soil_temperature = 60.* at month 6, layer 1"),
        ({"map": -1.0}, "map = -1: allowed 0 to 15000 mm"),
        (
            {"map": 30.3, "vegetation": "forest"},
            r"map = 30.3 mm yr-1: too dry for plants .*d-1, summed over twelve months\? then 922",
        ),
        ({"map": 0.92}, r"map = 0.92 mm yr-1: .*in m\? then 920 or in mm d-1\? then 336"),
        ({"sand": 120.0}, "sand = 120: allowed 0 to 100 %"),
        ({"sand": 0.4}, "sand = 0.4 at most: needed in %"),
        ({"sand": 80.0, "clay": 30.0}, r"sand \+ clay = 110 %"),
        ({"npp": "much"}, "npp = 'much' is not a number"),
        ({"vegetation": "forrest"}, r"vegetation 'forrest' \(did you mean 'forest'\?\)"),
        ({"vegetation": 19}, "unknown vegetation 19"),
        ({"mat": [1.0, 2.0], "map": [1.0, 2.0, 3.0]}, "one length; given mat 2, map 3"),
        ({"mat": np.zeros((2, 2))}, "mat has 2 dimensions"),
        ({"mat": []}, "empty"),
        ({"latitude": None}, "latitude is not given: needed for seasonality and pet"),
        ({"parameters": {"freezing_faktor": 1}}, "did you mean 'freezing_factor'"),
        ({"bedrock": 0.0}, "bedrock = 0"),
        ({"variant": "weekly"}, "variant of the forcing 'weekly'.*annual, monthly"),
        ({"rain_seasonality": 3.0}, "rain_seasonality = 3: allowed -1 to 1"),
        ({"site": ["a", "b"], "mat": [1.0, 2.0, 3.0]}, "one length; given mat 3, site 2"),
    ],
)
def test_the_builder_refuses_bad_input_in_one_line(arguments, message):
    with pytest.raises(InputError, match=message) as error:
        forcing.from_climate(**({"mat": 10.0, "latitude": 50.0} | arguments))
    assert "\n" not in str(error.value)


def test_an_unknown_example_is_named():
    with pytest.raises(InputError, match="did you mean 'tropical'"):
        forcing.example("tropics")


# --- the schema ---------------------------------------------------------------------------------


def test_the_check_leaves_a_good_forcing_alone(temperate):
    xr.testing.assert_identical(forcing.check(temperate), temperate)


def test_dimensions_and_litter_pools_may_come_in_any_order(temperate):
    mixed = temperate.transpose("layer", "month", ...).isel(litter_pool=[3, 1, 0, 2])
    xr.testing.assert_equal(forcing.check(mixed), temperate)


def test_further_variables_are_left_alone(temperate):
    assert "elevation" in forcing.check(temperate.assign(elevation=12.0))


def test_one_variable_may_be_the_same_at_all_sites(temperate):
    warm = temperate.assign(
        soil_temperature=temperate["soil_temperature"] + xr.DataArray([0.0, 2.0], dims="site")
    )
    assert forcing.check(warm)["soil_temperature"].dims == ("site", "month", "layer")


def changed(dataset, name, value, **at):
    copy = dataset.copy(deep=True)
    copy[name] = copy[name].astype(float).copy(deep=True)
    copy[name].loc[at] = value
    return copy


BAD = {
    "a NaN": (
        lambda f: changed(f, "soil_temperature", np.nan, month=3, layer=7),
        "soil_temperature at month 3, layer 7 is nan",
    ),
    "infinite": (
        lambda f: changed(f, "water_scalar", np.inf, month=1, layer=1),
        "water_scalar at month 1, layer 1 is inf",
    ),
    "kelvin": (
        lambda f: f.assign(soil_temperature=f["soil_temperature"] + 273.15),
        r"soil_temperature = 27.* at month 1, layer 1: allowed -80 to 60 degC; in kelvin\?",
    ),
    "percent": (
        lambda f: f.assign(water_scalar=100 * f["water_scalar"]),
        r"water_scalar = .*: allowed 0 to 1; in percent\?",
    ),
    "a scalar above 1": (
        lambda f: changed(f, "oxygen_scalar", 1.2, month=2, layer=3),
        "oxygen_scalar = 1.2 at month 2, layer 3: allowed 0 to 1",
    ),
    "negative litter": (
        lambda f: changed(f, "litter_input", -5.0, litter_pool="lignin"),
        "litter_input = -5 at litter pool lignin: allowed 0 to 100000 g C m-2 yr-1",
    ),
    "too much sand": (
        lambda f: changed(f, "sand", 140.0, layer=4),
        "sand = 140 at layer 4: allowed 0 to 100 %",
    ),
    "a negative thaw depth": (
        lambda f: changed(f, "active_layer", -0.1, month=12),
        "active_layer = -0.1 at month 12",
    ),
    "half a layer of bedrock": (
        lambda f: f.assign(bedrock_layer=11.5),
        "bedrock_layer = 11.5: allowed whole numbers",
    ),
    "no soil": (lambda f: f.assign(bedrock_layer=0), "bedrock_layer = 0: allowed 1 to 20"),
    "a missing month": (
        lambda f: f.drop_sel(month=5),
        "soil_temperature has 11 months: allowed 12; missing: month 5",
    ),
    "months in another order": (
        lambda f: f.isel(month=[1, 0, *range(2, 12)]),
        r"month = \[2, 1, 3.*: allowed 1 to 12 in this order",
    ),
    "nineteen layers": (
        lambda f: f.isel(layer=slice(19)),
        "soil_temperature has 19 layers: allowed 20",
    ),
    "layers from the bottom": (
        lambda f: f.isel(layer=slice(None, None, -1)),
        "layers are not sorted from the top: layer 20 is followed by 19",
    ),
    "nodes that are not sorted": (
        lambda f: f.assign_coords(depth=("layer", np.r_[grid.NODE[:18], 9.0, 8.0])),
        "layers are not sorted from the top: depth 9 is followed by 8",
    ),
    "another grid": (
        lambda f: f.assign_coords(depth=("layer", np.linspace(0.01, 3, 20))),
        "depth of layer 2 = 0.167368 m: the grid has its node at 0.04 m",
    ),
    "a nearly right name": (
        lambda f: f.rename(soil_temperature="soil_temp"),
        "no variable 'soil_temperature'; it has 'soil_temp': did you mean that",
    ),
    "a missing variable": (
        lambda f: f.drop_vars("sand"),
        "forcing has no variable 'sand'; needed: soil_temperature, water_scalar",
    ),
    "a missing dimension": (
        lambda f: f.assign(water_scalar=f["water_scalar"].isel(layer=0, drop=True)),
        r"water_scalar has dimensions \('month',\): allowed month, layer, and site",
    ),
    "a further dimension": (
        lambda f: f.expand_dims(year=2),
        r"has dimensions \('year', .*\): allowed month, layer, and site",
    ),
    "other litter pools": (
        lambda f: f.assign_coords(litter_pool=["cwd", "ml", "cl", "ll"]),
        r"litter pools \['cwd', 'ml'.*: allowed cwd, metabolic, cellulose, lignin",
    ),
    "text": (
        lambda f: f.assign(sand=("layer", ["a"] * 20)),
        "sand is of type <U1: allowed numbers",
    ),
    "no site": (
        lambda f: f.expand_dims(site=2).isel(site=slice(0)),
        "'site' of the forcing is empty",
    ),
    "no Dataset": (lambda f: {"sand": 1}, "forcing is a dict: allowed an xarray.Dataset"),
}


@pytest.mark.parametrize("case", BAD)
def test_the_check_says_in_one_line_what_is_wrong(case, temperate):
    change, message = BAD[case]
    with pytest.raises(InputError, match=message) as error:
        forcing.check(change(temperate))
    assert "\n" not in str(error.value)


def test_the_check_names_the_site():
    two = forcing.from_climate([5, 10], latitude=50, site=["hill", "valley"])
    bad = changed(two, "sand", -1.0, site="valley", layer=2)
    with pytest.raises(InputError, match="sand = -1 at site valley, layer 2"):
        forcing.check(bad)


# --- monthly tables -----------------------------------------------------------------------------

AIR = [2.0, 3.1, 6.0, 10.0, 14.0, 16.9, 18.0, 17.5, 14.0, 10.0, 6.0, 3.1]
RAIN = [60.0, 50, 55, 45, 50, 60, 70, 65, 55, 60, 65, 70]


def fluxnet(years=(2001, 2002), missing=()):
    lines = ["TIMESTAMP,TA_F,TA_F_QC,P_F,GPP_NT_VUT_REF"]
    for year in years:
        for m in range(12):
            air = -9999 if (year, m + 1) in missing else AIR[m] + year - 2001.5
            lines.append(f"{year}{m + 1:02d},{air},1,{RAIN[m] / monthly.DAYS[m]:.6f},3.0")
    return "\n".join(lines) + "\n"


def rothc():
    """The layout of RothC's input file: soil in two lines, then a row for each month."""
    head = "clay depth iom nsteps\n23.4 23.0 3.0041 12\n"
    head += "year month modern TMP Rain Evap C_inp FYM PC DPM_RPM\n"
    rows = [f"1 {m + 1} 100 {AIR[m]} {RAIN[m]} {20 + 10 * m} 0.35 0 1 1.44" for m in range(12)]
    return head + "\n".join(rows) + "\n"


def test_a_flux_towers_months_are_millimetres_a_day(tmp_path):
    path = tmp_path / "FLX_XX_FLUXNET2015_FULLSET_MM.csv"
    path.write_text(fluxnet())
    year = forcing.read_monthly(path)
    np.testing.assert_allclose(year["temperature"], AIR)
    np.testing.assert_allclose(year["precipitation"], RAIN, rtol=1e-5)
    assert year.attrs["years"] == 2
    taken = forcing.arguments(year)
    assert taken["map"] == pytest.approx(sum(RAIN), rel=1e-5)
    assert taken["mat"] == pytest.approx(np.average(AIR, weights=monthly.DAYS))
    assert taken["seasonality"] == pytest.approx(16)
    assert -0.2 < taken["rain_seasonality"] < 0.2
    made = forcing.check(forcing.from_climate(**taken, latitude=51.1))
    assert float(made["water_scalar"].mean()) > 0.5


def test_a_monthly_table_may_have_decimal_commas(tmp_path):
    rows = [f"{m + 1};{AIR[m]};{RAIN[m]}".replace(".", ",") for m in range(12)]
    path = tmp_path / "year.csv"
    path.write_text("\n".join(["month;temperature;precipitation", *rows]))
    year = forcing.read_monthly(path)
    np.testing.assert_allclose(year["temperature"], AIR)
    np.testing.assert_allclose(year["precipitation"], RAIN)


def test_a_month_that_is_missing_in_one_year_is_the_mean_of_the_others(tmp_path):
    path = tmp_path / "mm.csv"
    path.write_text(fluxnet(missing=[(2001, 3)]))
    assert forcing.read_monthly(path)["temperature"][2] == pytest.approx(AIR[2] + 0.5)
    path.write_text(fluxnet(missing=[(2001, 3), (2002, 3)]))
    with pytest.raises(InputError, match="ta_f has no value in month 3: needed all twelve"):
        forcing.read_monthly(path)


def test_rothcs_table_has_its_evaporation_and_its_carbon(tmp_path):
    path = tmp_path / "RothC_input.dat"
    path.write_text(rothc())
    year = forcing.read_monthly(path)
    np.testing.assert_allclose(year["precipitation"], RAIN)
    taken = forcing.arguments(year)
    assert taken["npp"] == pytest.approx(12 * 35.0)  # 0.35 t ha-1 are 35 g m-2
    assert taken["pet"] == pytest.approx(0.75 * sum(20 + 10 * m for m in range(12)))
    forcing.check(forcing.from_climate(**taken, latitude=51.8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "has no row that names month"),
        (fluxnet().replace("TIMESTAMP", "TIMESTAMP").replace("200101,", "20010101,"),
         "TIMESTAMP = '20010101' .*allowed months as YYYYMM"),
        (fluxnet().replace("P_F", "SWC"), "has no column precipitation; it has timestamp, ta_f"),
        (fluxnet().replace("TA_F_QC", "TA_F"), "has the column ta_f twice"),
        ("month,temperature,precipitation\n"
         + "".join(f"{m + 1},{AIR[m]},{RAIN[m] / 30}\n" for m in range(12)),
         r"precipitation is 23.5 mm a year, or 716 if in mm d-1: units="),
        ("month,temperature,precipitation\n"
         + "".join(f"{m + 1},{AIR[m] + 273.15},{RAIN[m]}\n" for m in range(12)),
         r"in kelvin\? subtract 273.15"),
    ],
)  # fmt: skip
def test_a_table_that_is_no_year_is_refused(tmp_path, text, message):
    path = tmp_path / "year.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        forcing.read_monthly(path)


def test_the_unit_of_rain_may_be_declared(tmp_path):
    path = tmp_path / "year.csv"
    rows = "".join(f"{m + 1};{AIR[m]};{RAIN[m] / monthly.DAYS[m]:.8f}\n" for m in range(12))
    path.write_text("month;Temp;Rain\n" + rows)
    year = forcing.read_monthly(path, units={"precipitation": "mm d-1"})
    np.testing.assert_allclose(year["precipitation"], RAIN, rtol=1e-6)
    with pytest.raises(InputError, match="unknown unit of precipitation 'ell'"):
        forcing.read_monthly(path, units={"precipitation": "ell"})
    with pytest.raises(InputError, match="unknown column of units 'rain'"):
        forcing.read_monthly(path, units={"rain": "mm d-1"})
