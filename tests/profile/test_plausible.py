"""An answer that means nothing says so, and what would change a number silently is refused."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from one_soil import SOIL

from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError
from soilnb.profile import (
    century,
    clm5,
    compas,
    depth,
    forcing,
    layered,
    millennial,
    mimics,
    plausible,
    site,
)
from soilnb.profile.model import boxes
from soilnb.profile.plausible import MOST
from soilnb.profile.site import SiteWarning

each = pytest.mark.parametrize("model", boxes().values(), ids=boxes())


@each
def test_a_usual_soil_is_stable_and_plausible_at_rest_and_in_time(model):
    rest = model.steady_state(SOIL)
    assert rest["stable"].dtype == rest["plausible"].dtype == bool
    assert rest["stable"]
    assert rest["plausible"]
    run = model.simulate(SOIL, [0.0, 1.0, 100.0])
    assert run["plausible"].dims == ("time",)
    assert run["plausible"].all()
    assert "stable" not in run


@each
def test_stable_is_what_the_eigenvalues_say(model):
    sites = {key: np.full(5, value) for key, value in SOIL.items()}
    sites["temperature"] = np.linspace(-5, 30, 5)
    told = (model.eigenvalues(sites)["real_part"] < 0).all("mode")
    np.testing.assert_array_equal(model.steady_state(sites)["stable"], told)


def test_century_in_the_ice_holds_more_than_a_soil_can():
    site = {"temperature": [10.0, -30.0], "clay": 0.2, "npp": 400.0, "f_met": 0.4}
    rest = century.steady_state(site)
    assert float(rest["carbon"].isel(site=1).sum()) > 1e6
    assert rest["plausible"].values.tolist() == [True, False]
    run = century.simulate(site, [0.0, 10.0])
    assert run["plausible"].values.tolist() == [[True, True], [False, False]]


def test_a_balance_that_the_pools_turn_around_is_not_stable():
    """Forward kinetics, cold and productive: the pools cycle and never rest."""
    place = {"temperature": [-19.5, 10.0], "clay": 0.105, "npp": 1887.0, "f_met": 0.4257}
    rest = mimics.steady_state(place, "gmdd2015")
    assert rest["stable"].values.tolist() == [False, True]


# --- layers ------------------------------------------------------------------------------------


def jacobian(case, carbon, rates):
    """Return d(change)/d(carbon) [4, 4] of the soil pools of each layer by central differences."""
    p, out = case, np.empty((9, 20))
    found = np.empty((20, 4, 4))
    for k in range(4):
        ends = []
        for sign in (1, -1):
            moved = carbon.copy()
            step = 1e-6 * np.maximum(carbon[4 + k], 1e-9)
            moved[4 + k] += sign * step
            kernel.tendency(kernel.COMPAS, p, rates, moved, out)
            ends.append(out[4:8].copy())
        found[:, :, k] = ((ends[0] - ends[1]) / (2 * step)).T
    return found


def test_the_criterion_of_compas_is_that_of_its_eigenvalues():
    rng = np.random.default_rng(3)
    draws = compas.from_unit(rng.random((400, len(compas.NAMES))))
    place = forcing.example("temperate")
    cases = layered.read(compas.MODEL, draws, place, "conservative")
    state = layered.solve(compas.MODEL, cases)
    told = compas.stable(cases, state)
    rows = np.flatnonzero(state.feasible)
    assert rows.size > 30
    for row in rows:
        matrices = jacobian(cases.parameters[row], state.carbon[row], state.rates[row])
        living = state.carbon[row, 5] > 0
        largest = np.linalg.eigvals(matrices[living]).real.max(axis=1)
        if (np.abs(largest) > 1e-5 * np.abs(matrices[living]).max(axis=(1, 2))).all():
            assert told[row] == (largest < 0).all(), row
    assert told[rows].any()


@pytest.mark.parametrize("model", [clm5, compas], ids=["clm5", "compas"])
def test_layers_denser_than_a_soil_are_flagged(model):
    place = forcing.example("temperate")
    usual = model.steady_state("tao2024", place)
    assert usual["feasible"]
    assert usual["stable"]
    assert usual["plausible"]
    run = model.simulate("tao2024", place, [0.0, 5.0])
    assert run["plausible"].dims == ("time",)
    assert run["plausible"].all()
    with pytest.warns(SiteWarning, match="more than any soil"):
        dense = model.simulate("tao2024", place, [0.0, 5.0], initial=usual["carbon"] * 1e3)
    assert not dense["plausible"].any()


def test_clm5_that_hardly_decays_is_denser_than_a_soil():
    place = forcing.example("boreal").copy(deep=True)
    place["litter_input"] = 5 * place["litter_input"]
    records = clm5.PARAMETER_SETS["tao2024"].records
    slow = {name: records[name].bounds[1] for name in ("tau4s2", "tau4s3", "fs3s2", "fs2s1")}
    rest = clm5.steady_state(slow, place)
    assert rest["feasible"]
    assert float(rest["soc"].max()) > MOST
    assert not rest["plausible"]


def test_where_there_is_no_steady_state_nothing_is_claimed():
    rest = compas.steady_state({"tau_mic": 0.0}, forcing.example("temperate"))
    assert not rest["feasible"]
    assert not rest["stable"]
    assert not rest["plausible"]


def test_the_whole_profile_says_so_too():
    rest = depth.steady_state("cropland")
    assert rest["stable"]
    assert rest["plausible"]
    run = depth.simulate("cropland", [0.0, 1.0], initial=1e4 * rest["carbon"])
    assert run["plausible"].dims == ("time",)
    assert not run["plausible"].any()
    still = depth.steady_state({"set": "cropland", "decay": 1e-5})
    assert still["stable"]
    assert not still["plausible"]


@pytest.mark.parametrize("growing", [False, True])
def test_where_fluxes_turn_around_the_modes_of_the_profile_decide(growing, monkeypatch):
    soil = depth.profile({"set": "luo2025"}, thickness=0.2)
    ones = np.ones_like(soil.decay)
    rate = 0.5 if growing else -0.5
    monkeypatch.setitem(soil.__dict__, "operator", (-0.1 * ones, rate * ones, 0.1 * ones))
    assert depth._stable(soil) is not growing


def test_no_number_is_not_plausible():
    assert not plausible.plausible(np.array([np.nan]))
    assert not plausible.plausible(np.array([-np.inf]))
    assert plausible.plausible(np.array([MOST]))


# --- refused -----------------------------------------------------------------------------------

WRONG = {
    "complex": np.array([1.0 + 0j]), "a complex number": 3 + 0j, "numpy's": np.complex128(3),
    "dates": np.array(["2024-01-01"], "M8[D]"), "a span": np.timedelta64(5, "D"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("entrance", ["site", "parameter", "time", "initial", "drivers", "layers"])
def test_numbers_that_would_lose_a_part_are_refused(what, entrance):
    value = WRONG[what]
    calls = {
        "site": lambda: mimics.steady_state({**SOIL, "clay": value}),
        "parameter": lambda: millennial.steady_state(SOIL, {"cue_reference": value}),
        "time": lambda: mimics.simulate(SOIL, value),
        "initial": lambda: mimics.simulate(SOIL, [0.0, 1.0], initial=value),
        "drivers": lambda: millennial.simulate(
            SOIL, [0.0, 1.0], drivers={"time": [0.0], "npp": value}
        ),
        "layers": lambda: compas.steady_state({"q10": value}, forcing.example("temperate")),
    }
    with pytest.raises(InputError, match="is not a number"):
        calls[entrance]()


@pytest.mark.parametrize("late", [1e16, 1e300])
def test_absurd_times_are_refused(late):
    with pytest.raises(InputError, match=r"time = 1e\+.*: allowed 0 to 1e\+15 yr"):
        century.simulate(SOIL, [0.0, late])


LONG = [
    pd.Series(np.arange(600.0), name="clay"),  # of 500, snapshots could be had
    xr.DataArray(np.zeros((30, 30)), dims=("y", "x"), name="clay"),
    pd.DataFrame({"a": range(300)}),
    np.full((40, 40), "x"),
    xr.Dataset({"clay": ("x", np.zeros(400))}),
    xr.DataArray("loam"),
]


@pytest.mark.parametrize("value", LONG, ids=lambda value: type(value).__name__)
def test_a_message_shows_of_a_table_its_name_type_and_size(value):
    from soilnb import cue, pore, proda
    from soilnb.profile import depth

    calls = [
        lambda: mimics.steady_state({**SOIL, "clay": value}),
        lambda: mimics.steady_state(SOIL, {"cue_r_metabolic": value}),
        lambda: mimics.steady_state(SOIL, value),
        lambda: compas.steady_state({"q10": value}, forcing.example("temperate")),
        lambda: compas.steady_state("tao2024", value),
        lambda: mimics.simulate(SOIL, value),
        lambda: depth.steady_state({"diffusion": value}),
        lambda: forcing.from_climate(mat=value, map=900.0, latitude=40.0),
        lambda: pore.simulate(value),
        lambda: pore.simulate(days=value),
        lambda: pore.simulate(shape=value),
        lambda: pore.simulate(seed=value),
        lambda: pore.simulate(preset=value),
        lambda: pore.simulate(parameters=value),
        lambda: pore.simulate(snapshots=value),
        lambda: pore.from_image(value, 2.0),
        lambda: pore.from_image(np.eye(30), value),
        lambda: pore.from_image(np.eye(30), 2.0, codes=value),
        lambda: cue.diagnosed(value),
        lambda: proda.assimilate(value),
        lambda: proda.observations.from_table(value),
        lambda: proda.observations.read_csv(value),
    ]
    lines = []
    for call in calls:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                call()
            except InputError as error:
                lines.append(str(error))
    assert len(lines) > len(calls) / 2
    for line in lines:
        assert "\n" not in line
        assert len(line.split("; valid: ")[0]) < 300, line


def test_whatever_the_time_a_run_has_numbers_or_says_that_it_has_none():
    for late in (1e6, 1e9, 1e12, 1e15):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            run = century.simulate(SOIL, [0.0, late])
        known = np.isfinite(run["carbon"]).all("pool")
        assert (known | ~run["plausible"]).all()


# --- what is possible, and more likely something else -------------------------------------------


def said(call, *arguments, **options):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call(*arguments, **options)
    return [str(one.message) for one in found if issubclass(one.category, SiteWarning)]


@each
def test_litter_in_kilograms_per_hectare_is_noticed(model):
    many = {key: np.full(3, value) for key, value in SOIL.items()}
    many["npp"] = np.array([450.0, 4500.0, 4000.0])
    assert said(model.steady_state, many) == [
        "npp = 4500 at site 1: more than any vegetation has, in g C m-2 yr-1; in kg ha-1? then 450"
    ]
    assert said(model.steady_state, SOIL | {"npp": 2800.0}) == []


def test_fahrenheit_is_noticed():
    (line,) = said(site.read, SOIL | {"temperature": 41.0})
    assert line.startswith(
        "temperature = 41: warmer than any place in the mean of years (34.6 degC)"
    )
    assert line.endswith("in degF? then 5.0")
    assert said(site.read, SOIL | {"temperature": 34.6}) == []


def test_carbon_in_grams_where_kilograms_are_asked_is_noticed():
    for model in boxes().values():
        carbon = 1e3 * model.steady_state(SOIL)["carbon"].values
        (line,) = said(model.simulate, SOIL, [1.0], initial=carbon)
        assert line.endswith(f"in g C m-2? then {carbon.sum() / 1000:.4g}")
        assert said(model.simulate, SOIL, [1.0], initial=carbon / 1000) == []
    carbon = compas.steady_state("tao2024", forcing.example("boreal"))["carbon"]
    here = ("tao2024", forcing.example("boreal"), [1.0])
    assert said(compas.simulate, *here, initial=carbon) == []
    (line,) = said(compas.simulate, *here, initial=100 * carbon)
    assert line.endswith("more than any soil (500000)")


def test_rain_in_centimetres_is_noticed():
    there = {"mat": 9.5, "map": 800.0, "latitude": 50.0, "vegetation": "forest"}
    assert said(forcing.from_climate, **there) == []
    assert said(forcing.from_climate, **there | {"map": 80.0}) == [
        "map = 80 mm yr-1: drier than any forest (180); in cm? then 800"
    ]
    assert said(forcing.from_climate, **there | {"map": 80.0, "vegetation": "grassland"}) == []
    assert said(forcing.from_climate, **there | {"map": [80.0, 300.0]}) == []  # so not in cm
    assert said(forcing.from_climate, **there | {"npp": 4500.0})[0].startswith("npp = 4500: more")
