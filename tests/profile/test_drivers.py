"""Drivers that change in time: whatever a model is made of, its books close and it follows them."""

import numpy as np
import pytest
import xarray as xr
from one_soil import SOIL
from scipy import sparse
from scipy.integrate import solve_ivp

from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError
from soilnb.profile import clm5, compas, depth, forcing, layered
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.layered import drivers
from soilnb.profile.model import boxes, models

MONTHS = np.arange(60) / 12.0
TEMPERATE = forcing.example("temperate")
LAYERED = pytest.mark.parametrize("model", [clm5, compas], ids=["clm5", "compas"])

#: A few years that change, by kind of model: warmer every month, and more litter.
CHANGES = {
    "layered": {"time": MONTHS, "warming": MONTHS, "litter_input": 300 + 10 * MONTHS},
    "depth": {"time": MONTHS, "decay": 1 + 0.1 * MONTHS, "input": 1 + 0.05 * MONTHS},
    "boxes": {"time": MONTHS, "npp": 400 + 10 * MONTHS},
}
SITE = {**SOIL, "npp": 400.0}


def case(name):
    """Return a place for a model, and drivers."""
    if name in boxes():
        return SITE, CHANGES["boxes"]
    return ({"thickness": 0.1}, CHANGES["depth"]) if name == "depth" else (
        TEMPERATE, CHANGES["layered"]
    )  # fmt: skip


def seasons(years=5, warming=0.0, more=1.0):
    """Return the months of the example place, one after the other, ever warmer."""
    times = np.arange(12 * years) / 12.0
    month = np.arange(12 * years) % 12
    grow = times / years
    warm = TEMPERATE["soil_temperature"].values[month] + warming * grow[:, np.newaxis]
    wet = TEMPERATE["water_scalar"].values[month]
    litter = float(TEMPERATE["litter_input"].sum()) * (1 + (more - 1) * grow)
    by_layer = ("time", "layer")
    variables = {
        "soil_temperature": (by_layer, warm), "water_scalar": (by_layer, wet),
        "litter_input": ("time", litter),
    }  # fmt: skip
    return xr.Dataset(variables, {"time": times})


@pytest.mark.parametrize("name", models())
def test_the_books_close_under_drivers(name):
    model, (place, changes) = models()[name], case(name)
    run = model.simulate(place, [0.0, 0.55, 3.0, 9.0], drivers=changes)
    came = sum(run[f"cumulative_{n}"] for n in model.gains if f"cumulative_{n}" in run)
    went = sum(run[f"cumulative_{n}"] for n in model.losses if f"cumulative_{n}" in run)
    total = model.total(run)
    error = abs(total - total[0] - came + went) / (total + came)
    assert float(error.max()) < 1e-12
    assert float(came[-1]) > 9 * float(came[1]) / 0.55
    assert run["input"].dims == ("time",)


@pytest.mark.parametrize("name", ["clm5", "compas", "depth"])
def test_drivers_that_change_nothing_change_nothing(name):
    model, (place, _) = models()[name], case(name)
    soil = model.steady_state(place)
    plain = model.simulate(place, [1.0, 40.0], initial=0.7 * soil["carbon"])
    once = model.simulate(place, [1.0, 40.0], initial=0.7 * soil["carbon"], drivers={"time": [0.0]})
    xr.testing.assert_equal(plain["carbon"], once["carbon"])
    again = {"time": np.arange(400) / 8.0}
    often = model.simulate(place, [1.0, 40.0], initial=0.7 * soil["carbon"], drivers=again)
    held = float(plain["carbon"].max())
    np.testing.assert_allclose(often["carbon"], plain["carbon"], rtol=1e-4, atol=1e-7 * held)
    np.testing.assert_allclose(model.total(often), model.total(plain), rtol=1e-7)


@LAYERED
def test_a_new_climate_is_that_of_a_forcing_that_has_it(model):
    """After a step the driven run is the run of the warmer forcing, started there."""
    start = model.steady_state("tao2024", TEMPERATE)
    step = {"time": [0.0, 2.0], "warming": [0.0, 3.0]}
    run = model.simulate("tao2024", TEMPERATE, [2.0, 30.0], initial=start, drivers=step)
    warm = TEMPERATE.assign(soil_temperature=TEMPERATE["soil_temperature"] + 3.0)
    there = model.simulate("tao2024", warm, [0.0, 28.0], initial=start)
    np.testing.assert_allclose(run["total"], there["total"], rtol=1e-3 * layered.DRIVEN_TOLERANCE)
    np.testing.assert_allclose(run["respiration"], there["respiration"], rtol=1e-4)
    assert float(run["respiration"][0]) > 1.1 * float(start["respiration"])


@LAYERED
def test_seasons_agree_with_scipy(model):
    """Two months, the second much warmer and with more litter, solved by an independent code."""
    series = seasons(1, warming=60.0, more=6.0).isel(time=slice(2))
    start = model.steady_state("tao2024", TEMPERATE)["carbon"]
    run = model.simulate("tao2024", TEMPERATE, [1 / 6], initial=start, drivers=series)
    m = model.MODEL
    cases = layered.read(m, "tao2024", TEMPERATE, "conservative")
    columns = drivers.read(series, 1).columns(cases.columns, 0)
    state = np.append(start.values, np.zeros((1, 20)), axis=0).ravel()
    neighbours = sparse.diags([1.0, 1.0, 1.0], [-1, 0, 1], shape=(20, 20))
    pools = np.ones((state.size // 20, state.size // 20))
    touched = sparse.kron(pools, sparse.eye(20)) + sparse.kron(sparse.eye(len(pools)), neighbours)
    for month in range(2):
        rates = np.zeros((kernel.RATES, 20))
        column = kernel_forcing.one(columns, month)
        kernel.prepare(m.code, cases.parameters[0], column, 0, rates)
        kernel.sources(column, rates)

        def change(_, y, rates=rates):
            out = np.empty((y.size // 20, 20))
            kernel.tendency(m.code, cases.parameters[0], rates, y.reshape(-1, 20), out)
            return out.ravel()

        options = {"method": "BDF", "rtol": 1e-6, "atol": 1e-6, "t_eval": [1 / 12]}
        options["jac_sparsity"] = touched
        state = solve_ivp(change, (0, 1 / 12), state, **options).y[:, -1]
    expected = state.reshape(-1, 20)
    found = run["carbon"].isel(time=0).values
    soil = (found * kernel.THICKNESS).sum(axis=1)
    wanted = (expected[:-1] * kernel.THICKNESS).sum(axis=1)
    np.testing.assert_allclose(soil, wanted, rtol=3e-4)
    np.testing.assert_allclose(soil.sum(), wanted.sum(), rtol=1e-7)
    respired = (expected[-1] * kernel.THICKNESS).sum()
    assert float(run["cumulative_respiration"][0]) == pytest.approx(respired, rel=1e-5)


def test_a_smaller_tolerance_comes_closer(monkeypatch):
    def stock(tolerance):
        monkeypatch.setattr(layered, "DRIVEN_TOLERANCE", tolerance)
        return compas.simulate("tao2024", TEMPERATE, [5.0], drivers=series)["total"].item()

    series = seasons(warming=2.0)
    exact = stock(1e-9)
    coarse, fine = (abs(stock(tolerance) / exact - 1) for tolerance in (3e-3, 1e-5))
    assert fine < 1e-9 < coarse < 2e-6


def test_each_site_has_its_own_series_and_draws_share_them():
    places = forcing.from_climate(mat=[4.0, 20.0], latitude=[55.0, 10.0])
    warming = np.array([[0.0, 1.0], [0.0, 3.0]])
    both = compas.simulate(
        "tao2024", places, [9.0], drivers={"time": [0.0, 1.0], "warming": warming}
    )
    for site in range(2):
        series = {"time": [0.0, 1.0], "warming": warming[site]}
        alone = compas.simulate("tao2024", places.isel(site=site), [9.0], drivers=series)
        np.testing.assert_array_equal(both["carbon"].isel(site=site), alone["carbon"])
    p = {"q10": np.array([1.5, 2.5])}
    drawn = compas.simulate(p, TEMPERATE, [9.0], drivers={"time": [0.0], "warming": [3.0]})
    assert drawn["carbon"].dims == ("site", "time", "pool", "layer")


def test_litter_comes_by_pool_or_split_as_before():
    whole = {"time": [0.0], "litter_input": [500.0]}
    split = TEMPERATE["litter_input"] / TEMPERATE["litter_input"].sum() * 500.0
    by_pool = xr.Dataset({"litter_input": split.expand_dims(time=[0.0])})
    runs = [clm5.simulate("tao2024", TEMPERATE, [5.0], drivers=d) for d in (whole, by_pool)]
    np.testing.assert_allclose(runs[0]["carbon"], runs[1]["carbon"], rtol=1e-12)
    assert float(runs[0]["input"][0]) == pytest.approx(500.0)


def test_events_happen_under_drivers():
    soil = depth.profile("cropland", thickness=0.2)
    mix = depth.Event([2.0, 3.0], np.full((10, 10), 0.1))
    plain = depth.simulate(soil, [1.0, 2.0, 4.0], events=[mix])
    driven = depth.simulate(soil, [1.0, 2.0, 4.0], events=[mix], drivers={"time": [0.0, 2.0, 3.5]})
    np.testing.assert_allclose(driven["carbon"], plain["carbon"], rtol=1e-8)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"warming": [1.0]}, "'time'"),
        ({"time": [1.0], "warming": [1.0]}, "start at 1 yr"),
        ({"time": [0.0, 0.0], "warming": [1.0, 1.0]}, "increase"),
        ({"time": [0.0, 1.0], "warming": [1.0]}, "allowed 2 numbers"),
        ({"time": [0.0, 1.0], "warming": [1.0, np.nan]}, "nan at year 1"),
        ({"time": [0.0], "warming": [300.0]}, "-20 to 20 K"),
        ({"time": [0.0], "water_scalar": [35.0]}, "0 to 1"),
        ({"time": [0.0], "temperature": [9.0]}, "soil_temperature"),
        ({"time": [0.0], "litter_input": np.ones((1, 1, 3))}, "litter_pool"),
        ({"time": [0.0], "warming": xr.DataArray([[1.0]], dims=("time", "depth"))}, "dimensions"),
        ("warm", "a mapping or a Dataset"),
    ],
)
def test_bad_drivers_are_refused_in_one_line(given, words):
    with pytest.raises(InputError, match=words) as caught:
        compas.simulate("tao2024", TEMPERATE, [1.0], drivers=given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("soil", "given", "words"),
    [
        ("cropland", {"time": [0.0], "warming": [1.0]}, "driver"),
        ("cropland", {"time": [0.0], "decay": [-1.0]}, "0 or more"),
        ("cropland", {"time": [0.0, 1.0], "decay": [1.0]}, "allowed 2 numbers"),
        ({"set": "sierra2024", "boundary": "published"}, {"time": [0.0]}, "constant conditions"),
    ],
)
def test_bad_drivers_of_the_profile_are_refused(soil, given, words):
    with pytest.raises(InputError, match=words):
        depth.simulate(soil, [1.0], drivers=given)
