"""What must be true of every box model of the registry; and the seam itself."""

import importlib
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from one_soil import SOIL

from soilnb.cue import diagnosed
from soilnb.parameters import InputError, read_table
from soilnb.profile.model import BoxModel, Flux, Ledger, SteadyStateError, boxes

each = pytest.mark.parametrize("model", boxes().values(), ids=boxes())

#: The models without microbes that eat.
LINEAR = {
    name: model for name, model in boxes().items() if not (model.links()["kind"] == "uptake").any()
}


#: Drivers that change: warmer, then twice the litter, then neither.
CHANGING = {
    "time": [0.0, 1.0, 2.5, 30.0],
    "temperature": [12.0, 16.0, 16.0, 12.0],
    "npp": [420.0, 420.0, 840.0, 420.0],
}


def total(run):
    return 1e3 * run["carbon"].sum("pool")


def books(run):
    """Return what came in less what went out and what is there more, over all that came in."""
    stored = total(run) - total(run).isel(time=0)
    passed = run["cumulative_input"] - run["cumulative_respiration"] - run["cumulative_export"]
    return np.abs(stored - passed) / (run["cumulative_input"] + total(run))


# --- what every model obeys -------------------------------------------------------------------


@each
def test_at_steady_state_what_comes_in_goes_out(model):
    soil = model.steady_state(SOIL)
    left = soil["respiration"] + soil.get("export", 0.0)
    assert float(left) == pytest.approx(420.0, rel=1e-12)
    assert float(soil["change"]) == pytest.approx(0, abs=1e-9)
    assert (soil["carbon"] >= 0).all()
    assert list(soil["pool"].values) == list(model.pools)
    assert soil["carbon"].attrs["units"] == "kg C m-2"


@each
def test_a_run_under_changing_drivers_keeps_its_books(model):
    run = model.simulate(SOIL, np.linspace(0, 60, 25), drivers=CHANGING)
    assert float(books(run).max()) < 1e-12
    assert (run["carbon"] >= 0).all()
    flows = run["input"] - run["respiration"] - run["export"] - run["change"]
    assert float(np.abs(flows).max()) < 1e-9 * 840


@each
@settings(max_examples=8, deadline=None)
@given(
    temperature=st.floats(-5, 28),
    clay=st.floats(0.05, 0.6),
    npp=st.floats(20, 1500),
    start=st.floats(0.01, 3),
)
def test_no_soil_makes_or_loses_carbon(model, temperature, clay, npp, start):
    site = {**SOIL, "silt": 0.2, "temperature": temperature, "clay": clay, "npp": npp}
    run = model.simulate(site, [0.0, 3.0, 40.0], initial=np.full(len(model.pools), start))
    assert float(books(run).max()) < 1e-12
    assert (run["carbon"] >= 0).all()


@each
def test_a_steady_state_stays(model):
    soil = model.steady_state(SOIL)
    run = model.simulate(SOIL, [0.0, 7.0, 200.0], initial=soil)
    np.testing.assert_allclose(run["carbon"].isel(time=-1), soil["carbon"], rtol=1e-9)
    default = model.simulate(SOIL, [200.0])
    np.testing.assert_allclose(default["carbon"].isel(time=0), soil["carbon"], rtol=1e-9)


@each
def test_a_long_run_ends_in_the_steady_state(model):
    soil = model.steady_state(SOIL)
    inert = soil["carbon"].where(np.isnan(model.ages(SOIL)["age"]), 0.05)
    run = model.simulate(SOIL, [2e5], initial=inert)
    np.testing.assert_allclose(run["carbon"].isel(time=0), soil["carbon"], rtol=1e-6)


@each
@pytest.mark.parametrize("count", [1, 9])  # in one thread, and in several
def test_many_sites_are_the_single_ones_side_by_side(model, count):
    degrees, litter = np.linspace(4.0, 25.0, count), np.linspace(300.0, 500.0, count)
    plots = [f"plot {i}" for i in range(count)]
    places = xr.Dataset(
        {key: ("plot", np.full(count, value)) for key, value in SOIL.items()},
        coords={"plot": plots},
    )
    places["temperature"] = ("plot", degrees)
    drivers = xr.Dataset({"npp": (("time", "plot"), np.stack([litter, litter]))})
    drivers["time"] = [0.0, 5.0]
    together = model.simulate(places, [0.0, 9.0], drivers=drivers)
    assert together["carbon"].dims == ("plot", "time", "pool")
    assert list(together["plot"].values) == plots
    for k in range(count):
        alone = model.simulate(
            {**SOIL, "temperature": degrees[k]}, [0.0, 9.0],
            drivers={"time": [0.0, 5.0], "npp": [litter[k]] * 2},
        )  # fmt: skip
        np.testing.assert_allclose(together["carbon"][k], alone["carbon"], rtol=1e-12)


@each
def test_drivers_that_repeat_the_site_change_nothing(model):
    times = [0.0, 1.0, 4.0, 20.0]
    start = np.full(len(model.pools), 0.3)
    same = {"time": [0.0, 1.7, 3.0], "npp": [SOIL["npp"]] * 3}
    plain = model.simulate(SOIL, times, initial=start)
    driven = model.simulate(SOIL, times, initial=start, drivers=same)
    np.testing.assert_allclose(plain["carbon"], driven["carbon"], rtol=1e-8)


@each
def test_a_driver_acts_from_its_time_on(model):
    late = {"time": [0.0, 10.0], "npp": [SOIL["npp"], 2 * SOIL["npp"]]}
    run = model.simulate(SOIL, [0.0, 9.999, 10.0, 11.0], drivers=late)
    np.testing.assert_allclose(run["carbon"][2], run["carbon"][0], rtol=1e-8)
    assert total(run)[3] > total(run)[0]
    np.testing.assert_allclose(run["input"], [420, 420, 840, 840])


@each
def test_the_transit_time_is_stock_over_input(model):
    soil, ages = model.steady_state(SOIL), model.ages(SOIL)
    moving = soil["carbon"].where(~np.isnan(ages["age"])).sum()
    assert float(ages["transit_time"]) == pytest.approx(1e3 * float(moving) / 420.0)
    assert (ages["age"].dropna("pool") > 0).all()


@pytest.mark.parametrize("model", LINEAR.values(), ids=LINEAR)
def test_carbon_that_is_marked_leaves_with_the_mean_transit_time(model):
    """The ages again, from a run without input; in a linear model marked carbon moves like that."""
    ages, soil = model.ages(SOIL), model.steady_state(SOIL)
    still = np.isnan(ages["age"].values)
    times = np.concatenate([[0.0], np.geomspace(1e-3, 1e5, 800)])
    initial = soil["carbon"].where(~still, 0.0)
    fading = model.simulate(SOIL, times, initial=initial, drivers={"time": [0.0], "npp": [1e-9]})
    held = np.trapezoid(total(fading).values, times) / total(fading).values[0]
    # The mean rest of its life in the soil of all carbon there is: its age, too (reversed time).
    assert held == pytest.approx(float(ages["system_age"]), rel=1e-3)


@each
def test_disturbances_die_away(model):
    modes = model.eigenvalues(SOIL)
    assert (modes["real_part"] < 0).all()
    assert (modes["e_folding_time"] > 0).all()


@each
def test_its_links_share_out_every_flux_and_all_litter(model):
    links = model.links(SOIL)
    assert list(links) == ["source", "target", "kind", "via", "share"]
    assert links.loc[links["source"] == "litter", "share"].sum() == pytest.approx(1)
    assert set(links["source"]) - {"litter"} <= set(model.pools)
    assert set(links["target"]) <= {*model.pools, "CO2", "export"}
    assert (links["share"] > 0).all()


@each
def test_its_efficiency_is_one(model):
    assert 0 < float(diagnosed(model.steady_state(SOIL))) < 1


@each
def test_its_parameters_have_a_source_and_a_meaning(model):
    for chosen in model.sets.values():
        for record in chosen.records.values():
            assert record.meaning
            assert record.source
            assert record.unit


@each
@pytest.mark.parametrize(
    ("site", "arguments", "words"),
    [
        ({"wetness": 1.0}, {}, "unknown site key 'wetness'"),
        ({"npp": -1.0}, {}, "npp = -1"),
        ({"npp": np.nan}, {}, "npp = nan"),
        ({}, {"parameters": "nowhere"}, "unknown parameter set 'nowhere'"),
        ({}, {"parameters": {"nothing": 1.0}}, "unknown parameter of set"),
        ({}, {"initial": [-1.0]}, "initial"),
        ({}, {"time": [2.0, 1.0]}, "time must increase"),
        ({}, {"drivers": {"npp": [1.0]}}, "'time'"),
        ({}, {"drivers": {"time": [1.0], "npp": [1.0]}}, "drivers start at 1 yr"),
        ({}, {"drivers": {"time": [0.0], "npp": [1.0, 2.0]}}, "drivers: npp"),
        ({}, {"drivers": {"time": [0.0], "colour": [1.0]}}, "unknown site key 'colour'"),
        ({}, {"drivers": {"time": [0.0], "npp": [-3.0]}}, "npp = -3"),
    ],
)
def test_bad_input_is_refused_in_one_line(model, site, arguments, words):
    with pytest.raises(InputError) as caught:
        model.simulate({**SOIL, **site}, **{"time": [1.0], **arguments})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@each
def test_it_says_what_it_did_not_use(model):
    soil = model.simulate({**SOIL, "tillage": 1.0, "modifier": 1.0}, [1.0])
    unused = soil.attrs["site_keys_not_used"].split(", ")
    assert unused != ["none"]
    read = set(model.reads)
    assert not read & {key for key in unused if key != "temperature"}


def test_older_models_are_themselves_behind_the_seam():
    """Their ledgers give the states that their own solvers give, and their own runs in time."""
    for name in ("century", "mimics"):
        model = boxes()[name]
        module = importlib.import_module(model.module)
        seamless = BoxModel(model.name, model.source, model.pools, model.sets, model.ledger)
        for chosen in model.sets:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                own = module.steady_state(SOIL, chosen)["carbon"]
                found = seamless.steady_state(SOIL, chosen)["carbon"]
            np.testing.assert_allclose(found, own, rtol=1e-9, atol=1e-12)
        times, start = [0.0, 2.0, 50.0], np.ones(7)
        np.testing.assert_allclose(
            model.simulate(SOIL, times, initial=start)["carbon"],
            module.simulate(SOIL, times, initial=start)["carbon"],
            rtol=1e-7,
        )


# --- a model that a reader writes -------------------------------------------------------------

TABLE = """
[sets.mine]
description = "assumed"
[parameters.speed]
value = 30.0
unit = "yr-1"
validity = [0.0, 1000.0]
symbol = "V"
meaning = "largest uptake of a microbe"
source = "assumed"
[drivers.wetness]
value = 0.5
unit = "1"
validity = [0.0, 1.0]
symbol = "w"
meaning = "wetness"
source = "assumed"
"""


def eaters(site, p):
    speed = p["speed"] * site.get("wetness")
    return Ledger(
        {"soil": site["npp"]},
        [
            Flux("uptake", "soil", {"eaters": 0.4, "CO2": 0.6}, speed, "forward", "eaters", 20e3),
            Flux("turnover", "eaters", {"soil": 1.0}, 1.5),
        ],
    )


def written(ledger=eaters):
    table = read_table(TABLE)
    pools = {"soil": "soil carbon", "eaters": "microbes"}
    return BoxModel("Mine", "me", pools, table.sets, ledger, needs=("npp",), drivers=table.drivers)


def test_a_model_of_a_reader_follows_its_closed_form():
    """U* = I / (1 - e), B* = e U* / d, and S* = K d / (e V - d) whatever the input."""
    soil = written().steady_state({"npp": 300.0})
    assert soil.attrs["site_keys_assumed"] == "wetness = 0.5"
    microbes = 0.4 * 500.0 / 1.5
    np.testing.assert_allclose(
        1e3 * soil["carbon"], [20e3 * 1.5 / (0.4 * 15 - 1.5), microbes], rtol=1e-10
    )
    assert float(diagnosed(soil)) == pytest.approx(0.4)
    twice = written().steady_state({"npp": 600.0})
    np.testing.assert_allclose(twice["carbon"], soil["carbon"] * [1, 2], rtol=1e-10)


def test_a_driver_of_its_own_can_change_in_time():
    drier = {"time": [0.0, 1.0], "wetness": [0.5, 0.3]}
    run = written().simulate({"npp": 300.0}, [0.0, 1.0, 5.0], drivers=drier)
    assert float(books(run).max()) < 1e-12
    assert run["respiration"][1] < run["respiration"][0]


def test_microbes_that_cannot_live_leave_no_steady_state():
    with pytest.raises(SteadyStateError, match="Mine: no steady state"):
        written().steady_state({"npp": 300.0}, {"speed": 4.0})


@pytest.mark.parametrize(
    ("flux", "words"),
    [
        (Flux("uptake", "soil", {"CO2": 0.9}, 1.0), "do not sum to 1"),
        (Flux("uptake", "soil", {"CO2": 1.5, "eaters": -0.5}, 1.0), "negative"),
        (Flux("uptake", "soil", {"CO2": 1.0}, -1.0), "rate"),
        (Flux("uptake", "soil", {"air": 1.0}, 1.0), "unknown pool 'air'"),
        (Flux("uptake", "soul", {"CO2": 1.0}, 1.0), "unknown pool 'soul'"),
        (Flux("eating", "soil", {"CO2": 1.0}, 1.0), "unknown kind of flux 'eating'"),
        (Flux("uptake", "soil", {"CO2": 1.0}, 1.0, "cubic"), "unknown law 'cubic'"),
        (Flux("uptake", "soil", {"CO2": 1.0}, 1.0, "forward", "ants"), "unknown pool 'ants'"),
    ],
)
def test_a_ledger_that_does_not_add_up_is_refused(flux, words):
    with pytest.raises(InputError, match=words):
        written(lambda site, p: Ledger({"soil": site["npp"]}, [flux])).steady_state({"npp": 1.0})


def test_a_pool_that_only_fills_has_no_steady_state():
    flux = Flux("transfer", "soil", {"eaters": 1.0}, 1.0)
    with pytest.raises(SteadyStateError):
        written(lambda site, p: Ledger({"soil": site["npp"]}, [flux])).steady_state({"npp": 1.0})
