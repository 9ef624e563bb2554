"""MIMICS: the published codes' numbers, what must be true of any soil, and bad input."""

import json
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from soilnb.cue import diagnosed
from soilnb.data import open_dataset
from soilnb.parameters import InputError
from soilnb.profile import mimics, model
from soilnb.profile.model import dataset

REF15 = {"temperature": 15.0, "clay": 0.30, "npp": 500.0, "f_met": 0.3846423}
HFR = {"temperature": 7.1, "clay": 0.15, "npp": 372.0, "f_met": 0.3846423}
LITTER = {"temperature": 15.0, "clay": 0.30, "npp": 500.0}


def total(dataset):
    return dataset["carbon"].sum("pool")


# --- the published codes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("site", "parameters", "pools"),
    [
        (REF15, "sandbox", [0.201470552, 1.008795875, 0.02348428568, 0.0617639577, 2.621424920,
                            1.139594322, 1.405378150]),
        (HFR, "sandbox", [0.271904076, 1.259662937, 0.01748109911, 0.0459016589, 1.330766183,
                          1.422276576, 1.376944041]),
        (REF15 | {"f_met": 0.38464225}, "gmdd2015",
         [0.167010572, 0.88359132, 0.0256124433, 0.063942750, 2.61116922, 0.63924944, 1.20285123]),
    ],
    ids=["REF15", "HFR", "forward"],
)  # fmt: skip
def test_the_pools_are_those_of_the_authors_code(site, parameters, pools):
    found = mimics.steady_state(site, parameters)["carbon"]
    np.testing.assert_allclose(found, pools, rtol=1e-6)


@pytest.fixture
def lter():
    """The 14 sites with their own litter, and with the mean litter of the 2015 paper."""
    own = open_dataset("lter")
    return {"own": own, "mean": own.drop_vars("lignin_to_n").assign(f_met=0.3846423)}


@pytest.mark.parametrize(("litter", "r2", "rmse"), [("mean", 0.481, 1.904), ("own", 0.439, 1.900)])
def test_fourteen_sites_against_observed_carbon(lter, litter, r2, rmse):
    site = lter[litter]
    modelled = total(mimics.steady_state(site))
    assert modelled.sizes == {"site": 14}
    assert np.corrcoef(modelled, site["soc"])[0, 1] ** 2 == pytest.approx(r2, abs=5e-4)
    assert float(np.sqrt(((modelled - site["soc"]) ** 2).mean())) == pytest.approx(rmse, abs=5e-4)


def test_harvard_forest_of_the_table_is_the_row_of_the_authors_code(lter):
    found = mimics.steady_state(lter["mean"])["carbon"].sel(site="HFR")
    np.testing.assert_allclose(found, mimics.steady_state(HFR)["carbon"], rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [("sandbox", (0.5504, 0.5716, 0.7190)), ("gmdd2015", (0.5476, 0.5687, 0.7166))],
)
def test_three_definitions_of_the_diagnosed_efficiency(parameters, expected):
    steady = mimics.steady_state(REF15, parameters)
    for definition, value in zip(("uptake", "uptake+oxidation", "all"), expected, strict=True):
        assert float(diagnosed(steady, definition)) == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"temperature": 0.0}, 0.5502),
        ({"temperature": 25.0}, 0.5504),
        ({"clay": 0.05}, 0.5501),
        ({"clay": 0.60}, 0.5505),
        ({"npp": 250.0}, 0.5505),
        ({"npp": 1000.0}, 0.5500),
    ],
)
def test_the_diagnosed_efficiency_hardly_depends_on_climate_and_clay(change, expected):
    assert float(diagnosed(mimics.steady_state(REF15 | change))) == pytest.approx(
        expected, abs=5e-5
    )


def test_litter_quality_is_what_moves_the_diagnosed_efficiency(lter):
    rich = mimics.steady_state(REF15 | {"f_met": 0.796})
    assert float(diagnosed(rich)) == pytest.approx(0.535, abs=5e-4)
    found = diagnosed(mimics.steady_state(lter["own"]))
    assert float(found.min()) == pytest.approx(0.538, abs=5e-4)
    assert float(found.max()) == pytest.approx(0.548, abs=5e-4)


@pytest.mark.parametrize(
    ("lignin_to_n", "efficiency", "ratio"),
    [(5, 0.5353, 3.78), (15, 0.5388, 1.33), (25, 0.5432, 0.70), (35, 0.5497, 0.40),
     (50, 0.5692, 0.14)],
)  # fmt: skip
def test_poor_litter_favours_slow_microbes(lignin_to_n, efficiency, ratio):
    steady = mimics.steady_state(LITTER | {"lignin_to_n": lignin_to_n})
    assert float(diagnosed(steady)) == pytest.approx(efficiency, abs=5e-5)
    r, k = steady["carbon"].sel(pool=["MICr", "MICK"]).values
    assert r / k == pytest.approx(ratio, abs=5e-3)


def step_experiment(time):
    """All four intrinsic efficiencies rise by 7 % at once."""
    sandbox = mimics.PARAMETER_SETS["sandbox"]
    raised = {name: 1.07 * value for name, value in sandbox.items() if name.startswith("cue_")}
    assert len(raised) == 4
    return mimics.simulate(REF15, time, raised, initial=mimics.steady_state(REF15)), raised


def test_a_step_of_intrinsic_efficiency_acts_at_once_on_cue_and_late_on_carbon():
    run, raised = step_experiment([0, 1, 2, 5, 10, 20, 50, 100])
    np.testing.assert_allclose(
        diagnosed(run).sel(time=[0, 1, 5, 10, 20, 100]),
        [0.5889, 0.5870, 0.5976, 0.5931, 0.5956, 0.5972],
        atol=6e-5,
    )
    np.testing.assert_allclose(
        total(run), [6.462, 6.402, 6.378, 6.395, 6.513, 6.606, 6.727, 6.758], atol=6e-4
    )
    end = mimics.steady_state(REF15, raised)
    assert float(total(end)) == pytest.approx(6.760, abs=5e-4)
    assert float(end["carbon"].sel(pool="SOMp")) == pytest.approx(3.167, abs=5e-4)


def test_a_step_of_litter_quality_lets_the_efficiency_itself_relax():
    better = LITTER | {"lignin_to_n": 20}
    before = mimics.steady_state(LITTER | {"lignin_to_n": 30})
    run = diagnosed(mimics.simulate(better, np.linspace(0, 60, 121), initial=before))
    after = diagnosed(mimics.steady_state(better))
    slope = np.sign(np.diff(run))
    assert (slope > 0).any()
    assert (slope < 0).any()
    off = abs(run - after) / abs(float(diagnosed(before)) - float(after))
    assert float(off.sel(time=2)) > 0.05
    assert float(off.sel(time=slice(40, None)).max()) < 0.05


def test_a_disturbance_oscillates_with_two_periods():
    modes = mimics.eigenvalues(REF15)
    np.testing.assert_allclose(
        modes["real_part"], [-0.613, -0.391, -0.391, -0.154, -0.154, -0.0505, -0.0505], atol=5e-4
    )
    np.testing.assert_allclose(
        modes["imaginary_part"], [0, 1.971, -1.971, 0.542, -0.542, 0.0053, -0.0053], atol=5e-4
    )
    assert float(modes["period"][1]) == pytest.approx(3.2, abs=0.05)
    assert float(modes["period"][3]) == pytest.approx(11.6, abs=0.05)
    assert float(modes["period"][0]) == np.inf
    assert float(modes["e_folding_time"][-1]) == pytest.approx(20, abs=0.5)


# --- competitive exclusion --------------------------------------------------------------------


def test_fast_microbes_persist_at_lignin_to_nitrogen_of_60():
    """The state without MICr (efficiency 0.6134) is a root there, but MICr can invade it."""
    steady = mimics.steady_state(LITTER | {"lignin_to_n": 60.0})
    assert not steady["extinct"].any()
    assert float(diagnosed(steady)) == pytest.approx(0.6019, abs=5e-5)
    r, k = steady["carbon"].sel(pool=["MICr", "MICK"]).values
    assert r / k == pytest.approx(0.0159, abs=5e-5)
    without = steady["carbon"].where(steady["pool"] != "MICr", 0.0)
    boundary = mimics.simulate(LITTER | {"lignin_to_n": 60.0}, [5000.0], initial=without)
    assert float(diagnosed(boundary)[-1]) == pytest.approx(0.6134, abs=5e-5)
    pinch = boundary["carbon"].isel(time=-1).copy()
    pinch.loc[{"pool": "MICr"}] = 1e-8
    invaded = mimics.simulate(LITTER | {"lignin_to_n": 60.0}, [5000.0], initial=pinch)
    np.testing.assert_allclose(invaded["carbon"][-1], steady["carbon"], rtol=1e-6)


def test_fast_microbes_die_out_on_poorer_litter_and_this_is_reported():
    site = LITTER | {"lignin_to_n": 62.0}
    with pytest.warns(mimics.MicrobialExtinctionWarning, match="^MICr is extinct: "):
        steady = mimics.steady_state(site)
    assert steady["extinct"].values.tolist() == [True, False]
    assert float(steady["carbon"].sel(pool="MICr")) == 0.0
    assert float(diagnosed(steady)) == pytest.approx(0.6074, abs=5e-5)
    assert float(steady["respiration"]) == pytest.approx(500.0, rel=1e-10)
    pinch = steady["carbon"].copy()
    pinch.loc[{"pool": "MICr"}] = 1e-3
    gone = mimics.simulate(site, [1.0, 500.0], initial=pinch)["carbon"].sel(pool="MICr")
    assert float(gone[0]) > 1e-4
    assert float(gone[1]) < 1e-20


def test_the_warning_names_the_sites():
    site = xr.Dataset(
        {"temperature": 15.0, "clay": 0.3, "npp": 500.0, "lignin_to_n": ("site", [20.0, 63.0])},
        coords={"site": ["good", "poor"]},
    )
    with pytest.warns(mimics.MicrobialExtinctionWarning, match="MICr is extinct at site poor: "):
        steady = mimics.steady_state(site)
    assert steady["extinct"].sel(microbe="r").values.tolist() == [False, True]


# --- what must be true of any soil ------------------------------------------------------------

# Where the soil is drier or wetter, the forward kinetics leave no microbe enough to live on.
place = st.fixed_dictionaries(
    {
        "temperature": st.floats(-10, 30),
        "clay": st.floats(0.0, 0.6),
        "npp": st.floats(20, 2000),
        "f_met": st.floats(0.1, 0.8),
        "moisture": st.floats(0.4, 0.7),
    }
)
names = st.sampled_from(list(mimics.PARAMETER_SETS))


def quietly(function, *arguments, **keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mimics.MicrobialExtinctionWarning)
        return function(*arguments, **keywords)


@given(site=place, name=names)
@settings(max_examples=40)
def test_pools_are_not_negative_and_the_budget_closes(site, name):
    steady = quietly(mimics.steady_state, site, name)
    assert (steady["carbon"] >= 0).all()
    assert float(steady["respiration"]) == pytest.approx(site["npp"], rel=1e-10)
    assert float(steady["input"]) == pytest.approx(site["npp"], rel=1e-12)
    assert abs(float(steady["change"])) < 1e-10 * site["npp"]
    assert float(steady["uptake_path"].sum()) == pytest.approx(float(steady["uptake"]), rel=1e-12)
    for definition in ("uptake", "uptake+oxidation", "all"):
        assert 0 < float(diagnosed(steady, definition)) < 1


@given(site=place, name=names)
@settings(max_examples=15)
def test_the_steady_state_stays_in_a_run(site, name):
    steady = quietly(mimics.steady_state, site, name)
    run = quietly(mimics.simulate, site, [0.5, 20.0], name)
    np.testing.assert_allclose(run["carbon"][0], steady["carbon"], rtol=1e-8)
    # Where the balance is unstable the rounding error grows, so only stable ones stay for long.
    if (quietly(mimics.eigenvalues, site, name)["real_part"] < 0).all():
        np.testing.assert_allclose(run["carbon"][1], steady["carbon"], rtol=1e-8)


@given(site=place, name=names, factor=st.floats(0.0, 3.0))
@example(REF15, "gmdd2015", 0.0)
@example(REF15, "sandbox", 5e-324)
@settings(max_examples=15)
def test_the_ledger_of_a_run_closes(site, name, factor):
    start = factor * quietly(mimics.steady_state, site, name)["carbon"]
    run = mimics.simulate(site, [0, 0.1, 1, 10, 100], name, initial=start)
    assert (run["carbon"] >= 0).all()
    gained = 1e3 * (total(run) - float(start.sum()))
    kept = run["cumulative_input"] - run["cumulative_respiration"]
    scale = float(run["cumulative_input"][-1] + 1e3 * start.sum())
    np.testing.assert_allclose(gained, kept, atol=1e-10 * scale)
    np.testing.assert_allclose(
        run["input"], run["respiration"] + run["change"], rtol=1e-10, atol=1e-10
    )


def test_a_run_may_be_cut_in_two():
    start = 0.5 * mimics.steady_state(REF15)["carbon"]
    whole = mimics.simulate(REF15, [10.0, 30.0], initial=start)
    rest = mimics.simulate(REF15, [20.0], initial=whole.isel(time=0))
    np.testing.assert_allclose(rest["carbon"][0], whole["carbon"][1], rtol=1e-7)


@pytest.mark.parametrize("name", mimics.PARAMETER_SETS)
def test_many_sites_are_each_site_alone(name):
    rng = np.random.default_rng(3)
    n = 10
    many = {
        "temperature": rng.uniform(0, 25, n),
        "clay": rng.uniform(0, 0.5, n),
        "npp": rng.uniform(100, 1000, n),
        "f_met": rng.uniform(0.2, 0.7, n),
    }
    together = mimics.steady_state(many, name)
    run = mimics.simulate(many, [1.0, 7.0], name, initial=0.5 * together["carbon"])
    assert together["carbon"].dims == ("site", "pool")
    assert run["carbon"].dims == ("site", "time", "pool")
    for i in range(n):
        one = {key: values[i] for key, values in many.items()}
        alone = mimics.steady_state(one, name)
        xr.testing.assert_equal(alone, together.isel(site=i, drop=True))
        one_run = mimics.simulate(one, [1.0, 7.0], name, initial=0.5 * alone["carbon"])
        xr.testing.assert_equal(one_run, run.isel(site=i, drop=True))


def test_more_clay_protects_more_and_warmth_speeds_decay():
    clay = mimics.steady_state(REF15 | {"clay": np.linspace(0, 0.6, 5)})
    assert (np.diff(clay["carbon"].sel(pool="SOMp")) > 0).all()
    warm = mimics.steady_state(REF15 | {"temperature": np.linspace(-5, 25, 5)})
    assert (np.diff(warm["carbon"].sel(pool=["LITm", "LITs"]).sum("pool")) < 0).all()


def test_moisture_slows_uptake_away_from_its_optimum():
    # theta^3 (1 - theta)^2.5 peaks where 3 / 5.5 of the pores are filled; the published scale
    # makes the modifier 1.00023 there.
    best = mimics.steady_state(REF15 | {"moisture": 3 / 5.5})
    np.testing.assert_allclose(best["carbon"], mimics.steady_state(REF15)["carbon"], rtol=3e-4)
    dry = mimics.steady_state(REF15 | {"moisture": 0.2})
    assert float(total(dry)) > float(total(best))
    driest = [mimics.steady_state(REF15 | {"moisture": w})["carbon"] for w in (0.0, 0.05)]
    np.testing.assert_array_equal(*driest)


def test_the_testbed_slows_turnover_with_moisture_too():
    dry = REF15 | {"moisture": 0.3}
    both = mimics.steady_state(dry, "testbed2017")
    uptake = mimics.steady_state(dry, {"set": "testbed2017", "moisture_acts_on": "uptake"})
    microbes = [d["carbon"].sel(pool=["MICr", "MICK"]).sum() for d in (both, uptake)]
    assert float(microbes[0]) > float(microbes[1])


def test_kinetics_is_a_switch_of_every_set():
    reverse = mimics.steady_state(REF15)
    forward = mimics.steady_state(REF15, {"kinetics": "forward"})
    assert float(total(forward)) != pytest.approx(float(total(reverse)), rel=1e-3)


# --- the records and the Dataset --------------------------------------------------------------


@pytest.mark.parametrize("name", mimics.PARAMETER_SETS)
def test_every_parameter_says_where_it_comes_from(name):
    parameters = mimics.PARAMETER_SETS[name]
    assert parameters.name == name
    assert len(parameters) == 62
    for key, record in parameters.records.items():
        assert "@" in record.source, key
        assert record.unit, key
        assert record.symbol, key
        assert record.meaning, key
        low, high = record.bounds
        assert low < high, key
        assert low <= record.value <= high, key


def test_all_sets_have_the_same_parameters_in_the_same_order():
    keys = [list(s) for s in mimics.PARAMETER_SETS.values()]
    assert all(k == keys[0] for k in keys)


def test_intrinsic_efficiencies_of_fig_1b():
    for name, expected in (
        ("sandbox", [0.55, 0.25, 0.75, 0.35]),
        ("gmdd2015", [0.55, 0.25, 0.75, 0.35]),
        ("testbed2017", [0.5, 0.25, 0.7, 0.35]),
        ("sulman2016", [0.5, 0.25, 0.7, 0.35]),
    ):
        found = {k: v for k, v in mimics.PARAMETER_SETS[name].items() if k.startswith("cue_")}
        assert list(found.values()) == expected


@pytest.mark.parametrize(
    ("name", "clay", "f_met", "microbe", "physical", "chemical"),
    [
        ("gmdd2015", 0.3, 0.4, "r", 0.3 * np.exp(0.39), 0.1 * np.exp(-1.2)),
        ("sulman2016", 0.3, 0.4, "r", 0.015 * np.exp(0.39), 0.1 * np.exp(-1.2)),
        ("sulman2016", 0.3, 0.4, "k", 0.010 * np.exp(0.24), 0.3 * np.exp(-1.2)),
        ("testbed2017", 0.3, 0.4, "r", 0.15 * np.exp(0.39), 0.3 * np.exp(-1.2)),
        ("testbed2017", 0.3, 0.4, "k", 0.10 * np.exp(0.24), 0.9 * np.exp(-1.2)),
    ],
)
def test_shares_of_turnover_of_the_other_sets(name, clay, f_met, microbe, physical, chemical):
    found = mimics.protected_shares(clay, f_met, microbe, mimics.PARAMETER_SETS[name])
    assert found == pytest.approx((physical, chemical), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "f_met", "depth"),
    [("sandbox", 0.59, 30), ("sulman2016", 0.295, 20), ("testbed2017", 0.4425, 100)],
)
def test_each_set_has_its_own_litter_formula_and_depth(name, f_met, depth):
    steady = mimics.steady_state(LITTER | {"lignin_to_n": 20.0}, name)
    assert float(steady["f_met"]) == pytest.approx(f_met, rel=1e-12)
    assert mimics.PARAMETER_SETS[name]["depth"] == depth


def test_the_dataset_says_what_it_is():
    run = mimics.simulate(REF15 | {"silt": 0.4}, [0.0, 1.0])
    for name, variable in run.data_vars.items():
        assert variable.attrs["units"], name
        assert variable.attrs["long_name"], name
        assert "symbol" in variable.attrs, name
    assert run["carbon"].attrs["units"] == "kg C m-2"
    assert run["time"].attrs["units"] == "yr"
    assert tuple(run["pool"].values) == mimics.POOLS
    assert run["pool_name"].dims == ("pool",)
    assert run.attrs["model"] == "MIMICS"
    assert run.attrs["site_keys_not_used"] == "silt"


def test_the_attributes_are_enough_to_run_it_again():
    changed = mimics.steady_state(REF15, {"set": "testbed2017", "cue_r_metabolic": 0.6})
    again = mimics.steady_state(REF15, json.loads(changed.attrs["parameters"]))
    np.testing.assert_array_equal(again["carbon"], changed["carbon"])


def test_the_dataset_survives_a_file(tmp_path):
    steady = mimics.steady_state(REF15 | {"temperature": [5.0, 15.0]})
    steady.to_netcdf(tmp_path / "steady.nc")
    with xr.open_dataset(tmp_path / "steady.nc") as read:
        xr.testing.assert_identical(read.load(), steady)


def test_coordinates_of_the_sites_are_kept():
    site = xr.Dataset(
        {"temperature": ("cell", [5.0, 15.0]), "clay": 0.2, "npp": 400.0, "f_met": 0.4},
        coords={"cell": [17, 42], "latitude": ("cell", [60.0, 45.0])},
    )
    run = mimics.simulate(site, [1.0])
    assert run["carbon"].dims == ("cell", "time", "pool")
    assert run["latitude"].values.tolist() == [60.0, 45.0]
    assert diagnosed(run).dims == ("cell", "time")


def test_the_structure_is_a_complete_account_of_every_flux():
    links = mimics.links()
    by_flux = links[links.kind != "input"].groupby(["source", "via"])["share"].sum()
    np.testing.assert_allclose(by_flux, 1.0, rtol=1e-12)
    assert links[links.kind == "input"].share.sum() == pytest.approx(1.0)
    assert set(links.source) | set(links.target) == {*mimics.POOLS, "litter", "CO2"}
    uptake = links[links.kind == "uptake"]
    assert set(zip(uptake.source, uptake.target, strict=True)) == {
        (s, m) for s in ("LITm", "LITs", "SOMa") for m in ("MICr", "MICK")
    }


def test_the_structure_carries_the_fluxes_of_the_steady_state():
    steady = mimics.steady_state(REF15)
    links = mimics.links(REF15)
    gain = links[(links.kind == "uptake") & (links.target == "MICK")]
    paths = dict(zip(mimics.PATH_NAMES, steady["uptake_path"].values, strict=True))
    grown = sum(row.share * paths[f"K {row.source}"] for row in gain.itertuples())
    lost = links[(links.kind == "turnover") & (links.source == "MICK")].share.sum()
    death_r = sum(
        row.share * paths[f"r {row.source}"]
        for row in links[(links.kind == "uptake") & (links.target == "MICr")].itertuples()
    )
    assert grown * lost + death_r == pytest.approx(float(steady["turnover"]), rel=1e-10)


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("sandbx", "unknown parameter set 'sandbx' (did you mean 'sandbox'?)"),
        ({"cue_r": 0.5}, "unknown parameter of set 'sandbox' 'cue_r'"),
        ({"cue_r_metabolic": 1.2}, "cue_r_metabolic = 1.2: allowed 0.01 to 0.99"),
        ({"kinetics": "backward"}, "unknown choice of kinetics 'backward'"),
        ({"moisture_acts_on": "all"}, "unknown choice of moisture_acts_on 'all'"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises(InputError) as error:
        mimics.steady_state(REF15, parameters)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ([], "time: allowed one dimension"),
        ([[1, 2]], "time: allowed one dimension"),
        ([1, np.nan], "time: allowed one dimension"),
        ("soon", "time = 'soon' is not a number"),
        ([-1, 2], "time starts at -1"),
        ([0, 2, 2], "time must increase; 2 yr is followed by 2 yr"),
    ],
)
def test_bad_times_are_refused(time, message):
    with pytest.raises(InputError) as error:
        mimics.simulate(REF15, time)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        (np.ones(6), "initial: allowed carbon"),
        (-np.ones(7), "initial LITm = -1: allowed 0 or more"),
        (np.full(7, np.nan), "initial LITm = nan"),
        ("much", "initial = 'much' is not a number"),
        (xr.Dataset(), "initial has no variable 'carbon'"),
        (xr.DataArray(np.ones(7), dims="pool", coords={"pool": list("abcdefg")}), "initial: allow"),
    ],
)
def test_a_bad_start_is_refused(initial, message):
    with pytest.raises(InputError) as error:
        mimics.simulate(REF15, [1.0], initial=initial)
    assert str(error.value).startswith(message)


def test_a_start_with_a_time_axis_is_refused():
    run = mimics.simulate(REF15, [0.0, 1.0])
    with pytest.raises(InputError, match="initial has the dimension 'time'"):
        mimics.simulate(REF15, [1.0], initial=run)


def test_the_order_of_the_pools_of_a_start_does_not_matter():
    start = 0.5 * mimics.steady_state(REF15)["carbon"]
    shuffled = start.isel(pool=[3, 1, 0, 6, 5, 4, 2])
    xr.testing.assert_equal(
        mimics.simulate(REF15, [1.0], initial=start),
        mimics.simulate(REF15, [1.0], initial=shuffled),
    )


@pytest.mark.parametrize(("lignin_to_n", "f_met"), [(100.0, 1e-3), (65.4, 1e-3)])
def test_a_metabolic_share_out_of_range_is_clipped_and_reported(lignin_to_n, f_met):
    with pytest.warns() as record:
        steady = mimics.steady_state(LITTER | {"lignin_to_n": lignin_to_n})
    assert {w.category for w in record} == {
        dataset.LitterQualityWarning,
        mimics.MicrobialExtinctionWarning,
    }
    assert float(steady["f_met"]) == f_met
    assert bool(steady["f_met_clipped"])


def test_litter_without_any_metabolic_part_is_refused():
    with pytest.raises(InputError, match=r"f_met = 0: allowed 0\.001 to 1"):
        mimics.steady_state(REF15 | {"f_met": 0.0})


def test_shares_of_turnover_beyond_one_are_refused():
    with pytest.raises(InputError, match=r"clay = 1 with f_met = 0\.385: the protected shares"):
        mimics.steady_state(REF15 | {"clay": 1.0})


def test_dry_soil_leaves_forward_microbes_nothing_to_live_on():
    dry = {"temperature": 0.0, "clay": 0.2, "npp": 120.0, "f_met": 0.5, "moisture": 0.125}
    with pytest.raises(model.SteadyStateError, match="no steady state found: the pools"):
        mimics.steady_state(dry, "gmdd2015")
    assert not mimics.steady_state(dry, "sandbox")["extinct"].any()


def test_a_place_without_a_steady_state_is_an_error_that_names_it():
    cold = {"temperature": [15.0, -22.9], "clay": 0.43, "npp": [500.0, 2047.0], "f_met": 0.073}
    with pytest.raises(mimics.SteadyStateError, match="no steady state found at site 1: "):
        mimics.steady_state(cold, "gmdd2015")


def test_a_desert_has_a_steady_state_too():
    desert = mimics.steady_state(REF15 | {"npp": [1e-6, 1e-2, 1.0, 10.0]})
    np.testing.assert_allclose(desert["respiration"], desert["input"], rtol=1e-10)
    assert not desert["extinct"].any()


def test_temperate_soils_come_to_rest():
    """A root finder may stop where one microbe is missing although it could invade: not here."""
    rng = np.random.default_rng(11)
    many = {
        "temperature": rng.uniform(-15, 28, 300),
        "clay": rng.uniform(0.02, 0.6, 300),
        "npp": rng.uniform(20, 1500, 300),
        "f_met": rng.uniform(0.15, 0.75, 300),
    }
    assert (mimics.eigenvalues(many)["real_part"] < 0).all()
    assert (mimics.steady_state(many)["carbon"] > 0).all()


def test_an_undamped_oscillation_turns_around_the_steady_state():
    """Forward kinetics, cold and productive: the balance exists, but the pools cycle around it."""
    site = {"temperature": -19.5, "clay": 0.105, "npp": 1887.0, "f_met": 0.4257}
    steady = mimics.steady_state(site, "gmdd2015")
    assert float(steady["respiration"]) == pytest.approx(1887.0, rel=1e-10)
    assert float(mimics.eigenvalues(site, "gmdd2015")["real_part"].max()) > 0
