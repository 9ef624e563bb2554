"""Radiocarbon goes where carbon goes, and says when it came."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from soilnb.kernels import layers, tracer
from soilnb.parameters import InputError
from soilnb.profile import clm5, compas, forcing, icbm
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.model import air, models

PLACES = {"depth": {"thickness": 0.1}}
each = pytest.mark.parametrize("name", models())
LAYERED = pytest.mark.parametrize("model", [compas, clm5], ids=["COMPAS", "CLM5"])
DECAY = air.DECAY


@pytest.fixture(scope="module")
def temperate():
    return forcing.example("temperate")


def draws(model, number=3):
    """Parameters with a steady state, drawn from the prior: by name [k], and as rows [k, d]."""
    places = np.random.default_rng(3).random((3 * number, len(model.NAMES)))
    drawn = model.from_unit(places)
    good = np.flatnonzero(model.steady_state(drawn, forcing.example("temperate"))["feasible"])
    drawn = {name: np.asarray(values)[good[:number]] for name, values in drawn.items()}
    return drawn, np.array([drawn[name] for name in model.NAMES]).T.copy()


def in_the_kernel(model, rows, place, rates, weights):
    """What `tracer.soil_tracer` makes of parameters [k, d]: tracer over carbon [k, 20]."""
    column, code = kernel_forcing.column(place), model.MODEL.code
    work, factors = layers.new_work(), np.zeros((layers.FACTORS, layers.LAYERS))
    carbon = np.zeros((len(model.POOLS), layers.LAYERS))
    state = np.zeros((len(model.POOLS) + 1, layers.LAYERS))
    found = np.empty((len(rows), layers.LAYERS))
    for k, row in enumerate(rows):
        assert layers.steady(code, row, column, layers.CONSERVATIVE, work, carbon)
        layers.sources(column, work)
        tracer.soil_tracer(code, row, work, carbon, rates, weights, factors, state, found[k])
    return found


@each
def test_without_decay_in_an_air_that_never_changed_the_tracer_is_the_carbon(name):
    model = models()[name]
    found = model.radiocarbon(PLACES.get(name, model.example), air.constant(decay=0.0))
    away = found["delta14c"].values
    assert (np.isnan(away) | (abs(away) < 1e-9) | (away == -1000)).all()  # permil; IOM has none
    assert (away == -1000).sum() == (name == "rothc")


@LAYERED
def test_without_decay_the_kernels_tracer_is_the_carbon(model, temperate):
    found = in_the_kernel(model, draws(model)[1], temperate, np.zeros(1), np.ones(1))
    np.testing.assert_allclose(found, 1.0, rtol=0, atol=1e-12)


@LAYERED
def test_solves_by_exponentials_and_exponentials_of_the_matrix_agree(model, temperate):
    """Two routes: the chains' and the exact one. A measured layer is known to 69 permil."""
    named, rows = draws(model)
    for year, worst, usual in ((1966, 30.0, 3.0), (2008, 8.0, 1.5)):
        history = air.history(year)
        exact = model.MODEL.radiocarbon(temperate, history, named)["sample_delta14c"].values
        chains = in_the_kernel(model, rows, temperate, *history.exponentials())
        away = 1000 * (chains - 1) - exact
        assert abs(away).max() < worst
        assert np.sqrt((away**2).mean()) < usual
        assert np.ptp(exact) > 900  # from the bombs to what is older than radiocarbon


@LAYERED
def test_under_a_constant_air_both_routes_are_one(model, temperate):
    named, rows = draws(model, 8)
    exact = model.MODEL.radiocarbon(temperate, air.constant(50.0), named)["sample_delta14c"].values
    found = in_the_kernel(model, rows, temperate, np.array([DECAY]), np.array([1.05]))
    np.testing.assert_allclose(1000 * (found - 1), exact, rtol=0, atol=1e-7)


def test_one_pool_under_an_old_air_is_what_paper_and_pencil_say():
    found = icbm.MODEL.radiocarbon({"npp": 200.0}, air.constant())["delta14c"].values
    young, old = 0.8 / (0.8 + DECAY), 0.00605 / (0.00605 + DECAY)  # k / (k + decay)
    np.testing.assert_allclose(found / 1000 + 1, [young, young * old], rtol=1e-12)


def test_one_pool_knows_a_step_of_the_air_by_its_rate():
    """10 years ago the air doubled: a pool of rate k holds twice of what came since."""
    rate, total = 0.1, 0.1 + DECAY
    step = air.Air(np.array([10.0, np.inf]), np.array([2.0, 1.0]))
    found = step.of(np.array([[-rate]]), np.array([3.0]))
    since = np.exp(-total * 10.0)
    assert found[0] == pytest.approx(3.0 / total * (2.0 * (1 - since) + since), rel=1e-12)


def test_the_exact_route_is_what_an_integration_year_by_year_comes_to():
    history, moves = air.history(1995), np.array([[-0.8, 0.0], [0.104, -0.00605]])
    edges = np.append(0.0, history.since[history.since < 500])
    value = np.append(history.value[: len(edges) - 1], 0.0)  # no older litter
    source, state = np.array([200.0, 0.0]), np.zeros(2)
    for newer, older, now in list(zip(edges, edges[1:], value, strict=False))[::-1]:
        run = solve_ivp(
            lambda t, y, now=now: moves @ y - DECAY * y + now * source,
            (0.0, older - newer), state, method="LSODA", rtol=1e-8, atol=1e-8,
        )  # fmt: skip
        state = run.y[:, -1]
    found = air.Air(np.append(edges[1:], np.inf), value).of(moves, source)
    np.testing.assert_allclose(found, state, rtol=1e-5)


def test_the_year_of_sampling_decides_which_bombs_a_soil_has_seen():
    top = {}
    for year in (1950, 1966, 1990, 2012):
        found = icbm.MODEL.radiocarbon({"npp": 200.0}, air.history(year))
        top[year] = float(found["delta14c"].sel(pool="young"))
    assert top[1966] > 300 > top[1990] > top[2012] > top[1950]
    assert top[1950] < 0


def test_each_zone_has_its_own_air_and_the_future_goes_on_falling():
    peak = {zone: air.history(1966, zone).value.max() for zone in air.ZONES}
    assert peak["northern"] > peak["tropics"] > peak["southern"]
    assert [air.zone_of(x) for x in (70, 30, 29.9, 0, -30, -45)] == [
        "northern", "northern", "tropics", "tropics", "southern", "southern",
    ]  # fmt: skip
    later = air.history(2020).value[:8]
    assert (np.diff(later) > 0).all()  # back in time
    np.testing.assert_allclose(np.diff(later[:4]), later[1] - later[0])


@pytest.mark.parametrize(
    ("year", "zone", "words"),
    [(1700, "northern", "year = 1700: allowed 1850 to 2030"), (1990, "east", "unknown zone")],
)
def test_another_year_or_zone_is_refused(year, zone, words):
    with pytest.raises(InputError, match=words):
        air.history(year, zone)
