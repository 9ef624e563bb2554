"""CENTURY: the published codes' numbers, linearity, exact runs in time, and bad input."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from soilnb.cue import diagnosed
from soilnb.data import open_dataset
from soilnb.parameters import InputError
from soilnb.profile import century, mimics
from soilnb.profile.model import dataset

WEEKS = 365 / 7

#: CenturyModel of SoilR run for 2e5 weeks: input 0.5 + 0.5 per week, both modifiers 1.
SOILR = {
    "temperature": 35.0,
    "clay": 0.2,
    "silt": 0.45,
    "npp": 1.0 * WEEKS,
    "lignin_to_n": 20.0,
    "lignin_fraction": 0.25,
}
ORCHIDEE = {"temperature": 12.0, "clay": 0.3, "npp": 400.0, "f_met": 0.5, "lignin_fraction": 0.25}


def total(dataset):
    return dataset["carbon"].sum("pool")


def plain_tendency(c, site):
    """CenturyModel as printed: rates per week, pools in g; one line per pool, plus respiration."""
    ls, fines = site["lignin_fraction"], site["clay"] + site["silt"]
    f_met = 0.85 - 0.018 * site["lignin_to_n"]
    k = np.array([0.076, 0.28, 0.094, 0.35, 0.14, 0.0038, 0.00013])
    k[[0, 2]] *= np.exp(-3 * ls)
    k[4] *= 1 - 0.75 * fines
    d1, d2, d3, d4, d5, d6, d7 = k * c[:7]
    respired = 0.85 - 0.68 * fines
    week = site["npp"] / WEEKS / 2
    gains = np.array(
        [
            week * (1 - f_met) - d1,
            week * f_met - d2,
            week * (1 - f_met) - d3,
            week * f_met - d4,
            0.55 * (1 - ls) * d1 + 0.45 * (1 - ls) * d3 + 0.45 * (d2 + d4) + 0.42 * d6
            + 0.45 * d7 - d5,
            0.7 * ls * (d1 + d3) + (1 - respired - 0.004) * d5 - d6,
            0.004 * d5 + 0.03 * d6 - d7,
        ]
    )  # fmt: skip
    return np.append(gains, 2 * week - gains.sum())


# --- the published codes ----------------------------------------------------------------------


def test_the_steady_state_is_that_of_soilr():
    expected = [7.10309, 0.875, 5.74293, 0.7, 8.44597, 117.25713, 121.47159]
    found = 1e3 * century.steady_state(SOILR)["carbon"]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    np.testing.assert_allclose(found, expected, atol=6e-6)


def test_a_very_long_run_ends_there_too():
    run = century.simulate(SOILR, [2e5 / WEEKS], initial=np.zeros(7))
    np.testing.assert_allclose(run["carbon"][0], century.steady_state(SOILR)["carbon"], rtol=1e-9)


def test_the_steady_state_balances_the_printed_equations():
    pools = 1e3 * century.steady_state(SOILR)["carbon"].values
    change = plain_tendency(pools, SOILR)
    np.testing.assert_allclose(change[:7], 0, atol=1e-13)
    assert change[7] * WEEKS == pytest.approx(SOILR["npp"], rel=1e-12)


@pytest.mark.parametrize(
    ("clay", "silt", "cue"),
    [(0.2, 0.0, 0.431), (0.2, 0.45, 0.516), (0.3, 0.3, 0.507), (0.5, 0.4, 0.564)],
)
def test_diagnosed_efficiency_of_soilr(clay, silt, cue):
    site = SOILR | {"clay": clay, "silt": silt}
    assert float(diagnosed(century.steady_state(site))) == pytest.approx(cue, abs=5e-4)


@pytest.mark.parametrize(("clay", "cue"), [(0.05, 0.402), (0.2, 0.430), (0.3, 0.449), (0.6, 0.506)])
def test_diagnosed_efficiency_of_orchidee(clay, cue):
    steady = century.steady_state(ORCHIDEE | {"clay": clay}, "orchidee")
    assert float(diagnosed(steady)) == pytest.approx(cue, abs=5e-4)


def test_more_lignin_raises_the_diagnosed_efficiency():
    sandy = {"temperature": 10.0, "clay": 0.2, "npp": 400.0}
    found = [
        float(diagnosed(century.steady_state(sandy | litter)))
        for litter in (
            {"lignin_to_n": 10.0, "lignin_fraction": 0.1},
            {"lignin_to_n": 20.0, "lignin_fraction": 0.25},
            {"lignin_to_n": 30.0, "lignin_fraction": 0.4},
        )
    ]
    assert found[0] < found[1] < found[2]


@pytest.fixture(scope="module")
def land():
    """The vegetated cells of the testbed grid."""
    grid = open_dataset("testbed")
    if grid.attrs["provenance"] != "real":
        pytest.skip("needs the data set testbed")
    return grid.isel(cell=np.flatnonzero(grid["vegetated"]))


def test_diagnosed_efficiency_on_the_testbed_clay_map(land):
    site = land[["temperature", "clay", "npp"]].assign(f_met=0.5, lignin_fraction=0.25)
    found = diagnosed(century.steady_state(site, "orchidee"))
    assert found.sizes == {"cell": 2855}
    assert float(found.min()) == pytest.approx(0.398, abs=5e-4)
    assert float(found.median()) == pytest.approx(0.437, abs=5e-4)
    assert float(found.max()) == pytest.approx(0.510, abs=5e-4)


def test_microbes_are_more_efficient_in_mimics_than_in_century(land):
    """He et al. 2024, Fig. 6d; the two maps have different causes, so this is order only."""
    century_map = diagnosed(century.steady_state(land, "orchidee"))
    mimics_map = diagnosed(mimics.steady_state(land))
    assert float((mimics_map > century_map).mean()) == 1.0


# --- what must be true of any soil ------------------------------------------------------------

names = st.sampled_from(list(century.PARAMETER_SETS))


def nothing_or(high):
    """Return a share or an index that is zero or large enough to be one, not 1e-310."""
    return st.just(0.0) | st.floats(1e-6, high)


place = st.fixed_dictionaries(
    {
        "temperature": st.floats(-20, 44),
        "clay": nothing_or(0.6),
        "silt": nothing_or(0.4),
        "npp": st.floats(1, 3000),
        "f_met": st.floats(0.001, 1.0),
        "lignin_fraction": nothing_or(0.6),
        "surface_input_share": nothing_or(1.0),
        "precipitation_to_pet": nothing_or(3.0),
        "moisture": nothing_or(1.0),
        "tillage": st.floats(1.0, 2.0),
    }
)


@given(site=place, name=names)
@settings(max_examples=40)
def test_pools_are_not_negative_and_the_budget_closes(site, name):
    steady = century.steady_state(site, name)
    assert (steady["carbon"] >= 0).all()
    assert float(steady["respiration"]) == pytest.approx(site["npp"], rel=1e-10)
    assert abs(float(steady["change"])) < 1e-10 * site["npp"]
    assert 0 < float(diagnosed(steady)) < 1
    assert float(steady["oxidation"] + steady["turnover"] + steady["desorption"]) == 0.0


@given(site=place, name=names, other=st.floats(-20, 44), wet=st.floats(0.0, 1.0))
@settings(max_examples=40)
def test_the_diagnosed_efficiency_does_not_depend_on_climate(site, name, other, wet):
    """Every rate has the same modifier, so it cancels: exactly, but for rounding."""
    site = site | {"tillage": 1.0}
    moved = site | {"temperature": other, "moisture": wet, "precipitation_to_pet": 2 * wet}
    here, there = (float(diagnosed(century.steady_state(s, name))) for s in (site, moved))
    assert here == pytest.approx(there, rel=1e-13)


@given(site=place, name=names, factor=st.floats(0.1, 3.0))
@settings(max_examples=20)
def test_carbon_is_proportional_to_the_input(site, name, factor):
    once = century.steady_state(site, name)
    more = century.steady_state(site | {"npp": factor * site["npp"]}, name)
    np.testing.assert_allclose(more["carbon"], factor * once["carbon"], rtol=1e-12)


@given(site=place, name=names, factor=st.floats(0.0, 3.0))
@settings(max_examples=20)
def test_the_ledger_of_a_run_closes(site, name, factor):
    start = factor * century.steady_state(site, name)["carbon"]
    run = century.simulate(site, [0, 0.1, 1, 10, 100], name, initial=start)
    assert (run["carbon"] >= -1e-14 * float(start.sum())).all()
    gained = 1e3 * (total(run) - float(start.sum()))
    kept = run["cumulative_input"] - run["cumulative_respiration"]
    scale = float(run["cumulative_input"][-1] + 1e3 * start.sum())
    np.testing.assert_allclose(gained, kept, atol=1e-10 * scale)
    np.testing.assert_allclose(
        run["input"], run["respiration"] + run["change"], rtol=1e-10, atol=1e-10 * scale
    )


@given(site=place, name=names)
@settings(max_examples=10)
def test_a_steady_state_stays(site, name):
    run = century.simulate(site, [0.5, 100.0], name)
    steady = century.steady_state(site, name)["carbon"]
    np.testing.assert_allclose(run["carbon"], np.tile(steady, (2, 1)), rtol=1e-9, atol=1e-15)


def test_a_run_in_time_agrees_with_scipy():
    start = np.linspace(0.01, 0.5, 7)
    times = np.array([0.02, 1.0, 30.0])
    expected = solve_ivp(
        lambda t, c: plain_tendency(c, SOILR), (0, times[-1] * WEEKS), np.append(1e3 * start, 0.0),
        t_eval=times * WEEKS, method="Radau", rtol=1e-10, atol=1e-10,
    ).y.T  # fmt: skip
    run = century.simulate(SOILR, times, initial=start)
    np.testing.assert_allclose(1e3 * run["carbon"], expected[:, :7], rtol=1e-7)
    np.testing.assert_allclose(run["cumulative_respiration"], expected[:, 7], rtol=1e-7)


def test_output_times_do_not_change_a_run():
    start = np.linspace(0.01, 0.5, 7)
    few = century.simulate(SOILR, [50.0], initial=start)
    many = century.simulate(SOILR, np.linspace(0, 50, 301), initial=start)
    np.testing.assert_allclose(many["carbon"][-1], few["carbon"][0], rtol=1e-11)
    np.testing.assert_allclose(
        many["cumulative_respiration"][-1], few["cumulative_respiration"][0], rtol=1e-11
    )


@pytest.mark.parametrize("name", century.PARAMETER_SETS)
def test_many_sites_are_each_site_alone(name):
    many = {**ORCHIDEE, "temperature": [0.0, 12.0, 25.0], "clay": [0.1, 0.3, 0.5]}
    together = century.steady_state(many, name)
    run = century.simulate(many, [1.0, 7.0], name, initial=0.5 * together["carbon"])
    assert together["carbon"].dims == ("site", "pool")
    assert run["carbon"].dims == ("site", "time", "pool")
    for i in range(3):
        one = ORCHIDEE | {key: many[key][i] for key in ("temperature", "clay")}
        alone = century.steady_state(one, name)
        xr.testing.assert_allclose(alone, together.isel(site=i, drop=True), rtol=1e-13, atol=1e-12)
        part = century.simulate(one, [1.0, 7.0], name, initial=0.5 * alone["carbon"])
        xr.testing.assert_allclose(part, run.isel(site=i, drop=True), rtol=1e-12, atol=1e-10)


# --- modifiers --------------------------------------------------------------------------------


def test_an_absent_moisture_or_tillage_leaves_the_rates_alone():
    plain = century.steady_state(ORCHIDEE, "orchidee")
    same = century.steady_state(ORCHIDEE | {"moisture": 1.0, "tillage": 1.0}, "orchidee")
    xr.testing.assert_equal(plain, same)


def test_soilr_decomposes_fastest_at_35_degrees():
    temperature = np.array([0.0, 15.0, 30.0, 35.0, 40.0, 44.0])
    factor = century.temperature_modifier(temperature, century.PARAMETER_SETS["soilr"])
    assert factor[3] == 1.0
    assert (np.delete(factor, 3) < 1).all()
    # x^0.2 exp(0.2/2.63 (1 - x^2.63)) with x = 3 at 15 degC
    assert factor[1] == pytest.approx(3**0.2 * np.exp(0.2 / 2.63 * (1 - 3**2.63)), rel=1e-14)


def test_orchidee_doubles_every_ten_degrees_up_to_30():
    temperature = np.array([10.0, 20.0, 30.0, 40.0])
    factor = century.temperature_modifier(temperature, century.PARAMETER_SETS["orchidee"])
    np.testing.assert_allclose(factor, np.exp([-1.38, -0.69, 0, 0]), rtol=1e-14)


def test_moisture_modifiers():
    orchidee, soilr = century.PARAMETER_SETS["orchidee"], century.PARAMETER_SETS["soilr"]
    water = century.read(ORCHIDEE | {"moisture": [0.0, 0.5, 1.0], "precipitation_to_pet": 0.4})
    np.testing.assert_allclose(
        century.moisture_modifier(water, orchidee), [0.25, 0.635, 1.0], rtol=1e-12
    )
    np.testing.assert_allclose(
        century.moisture_modifier(water, soilr), 1 / (1 + 30 * np.exp(-3.4)), rtol=1e-14
    )


def test_tillage_empties_the_soil_pools_and_spares_the_litter():
    natural = century.steady_state(ORCHIDEE, "orchidee")["carbon"]
    tilled = century.steady_state(ORCHIDEE | {"tillage": 1.2}, "orchidee")["carbon"]
    np.testing.assert_allclose(tilled[:4], natural[:4], rtol=1e-13)
    np.testing.assert_allclose(tilled[4:], natural[4:] / 1.2, rtol=1e-12)


def test_texture_is_clay_and_silt_in_soilr_and_clay_in_orchidee():
    silty = ORCHIDEE | {"silt": 0.4}
    assert float(total(century.steady_state(silty))) != float(total(century.steady_state(ORCHIDEE)))
    xr.testing.assert_equal(
        century.steady_state(silty, "orchidee"), century.steady_state(ORCHIDEE, "orchidee")
    )
    as_clay = century.steady_state(silty, {"texture": "clay"})
    xr.testing.assert_equal(as_clay, century.steady_state(ORCHIDEE))


def test_litter_goes_where_the_site_says():
    surface = century.steady_state(ORCHIDEE | {"surface_input_share": 1.0})["carbon"]
    np.testing.assert_array_equal(surface[2:4], 0)
    assert (surface[:2] > 0).all()


# --- the records and the Dataset --------------------------------------------------------------


@pytest.mark.parametrize("name", century.PARAMETER_SETS)
def test_every_parameter_says_where_it_comes_from(name):
    parameters = century.PARAMETER_SETS[name]
    assert parameters.name == name
    for key, record in parameters.records.items():
        assert "@" in record.source, key
        assert record.unit, key
        assert record.symbol, key
        assert record.meaning, key
        low, high = record.bounds
        assert low < high, key
        assert low <= record.value <= high, key


def test_orchidee_has_the_published_residence_times():
    p = century.PARAMETER_SETS["orchidee"]
    found = [1 / p[f"rate_{pool}"] for pool in century.POOLS]
    np.testing.assert_allclose(found, [0.245, 0.066, 0.245, 0.066, 0.149, 5.48, 241], rtol=1e-14)


def test_the_dataset_says_what_it_is():
    run = century.simulate(ORCHIDEE | {"moisture": 0.5}, [0.0, 1.0])
    for name, variable in run.data_vars.items():
        assert variable.attrs["units"], name
        assert variable.attrs["long_name"], name
        assert "symbol" in variable.attrs, name
    assert tuple(run["pool"].values) == century.POOLS
    assert run.attrs["model"] == "CENTURY"
    assert run.attrs["site_keys_not_used"] == "moisture"
    assert run.attrs["site_keys_assumed"] == "surface_input_share = 0.5"


def test_the_attributes_are_enough_to_run_it_again():
    changed = century.steady_state(ORCHIDEE, {"set": "soilr", "rate_slow": 0.005})
    again = century.steady_state(ORCHIDEE, json.loads(changed.attrs["parameters"]))
    np.testing.assert_array_equal(again["carbon"], changed["carbon"])


def test_the_structure_is_a_complete_account_of_every_pool():
    links = century.links(SOILR)
    given_away = links[links.kind != "input"].groupby("source")["share"].sum()
    np.testing.assert_allclose(given_away, 1.0, rtol=1e-12)
    assert set(given_away.index) == set(century.POOLS)
    pairs = {(r.source, r.target): r.share for r in links.itertuples()}
    assert pairs["surface_structural", "slow"] == pytest.approx(0.7 * 0.25)
    assert pairs["active", "CO2"] == pytest.approx(0.85 - 0.68 * 0.65)
    assert len(links[links.kind == "transfer"]) == 11
    assert len(century.links()) == 22


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("orchide", "unknown parameter set 'orchide' (did you mean 'orchidee'?)"),
        ({"rate_fast": 1.0}, "unknown parameter of set 'soilr' 'rate_fast'"),
        ({"climate": "daycent"}, "unknown choice of climate 'daycent'"),
        ({"texture": "sand"}, "unknown choice of texture 'sand'"),
        ({"slow_to_active": 1.0}, "slow passes on more than it loses: "),
        ({"respired_active_slope": 1.0, "respired_active": 0.0}, "active passes on more than"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises(InputError) as error:
        century.steady_state(SOILR, parameters)
    assert str(error.value).startswith(message)


def test_a_metabolic_share_out_of_range_is_clipped_and_reported():
    poor = {k: v for k, v in ORCHIDEE.items() if k != "f_met"} | {"lignin_to_n": [20.0, 60.0]}
    with pytest.warns(dataset.LitterQualityWarning, match="at site 1 is clipped"):
        steady = century.steady_state(poor)
    assert steady["f_met"].values.tolist() == [pytest.approx(0.49), 0.0]
    assert steady["f_met_clipped"].values.tolist() == [False, True]
    assert float(steady["respiration"][1]) == pytest.approx(400.0, rel=1e-12)


def test_a_modifier_is_one_where_its_key_is_absent():
    bare = {"temperature": 12.0, "clay": 0.3, "npp": 400.0, "f_met": 0.5}
    neutral = {
        "soilr": {"silt": 0.0, "lignin_fraction": 0.0, "tillage": 1.0},
        "orchidee": {"lignin_fraction": 0.0, "tillage": 1.0, "moisture": 1.0},
    }
    for name, keys in neutral.items():
        one = century.steady_state(bare, name)["carbon"]
        other = century.steady_state(bare | keys, name)["carbon"]
        assert np.allclose(one, other, rtol=1e-12), name


def test_a_pool_that_does_not_decay_is_refused():
    """In a soil of nothing but silt and clay, where texture takes all of the active pool's rate."""
    place = SOILR | {"clay": 0.6, "silt": 0.4}
    with pytest.raises(InputError, match=r"active.*does not decay"):
        century.steady_state(place, {"texture_on_active": 1.0})
