"""RothC against its check numbers, its manual, and plain equations."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from soilnb.cue import diagnosed
from soilnb.parameters import InputError
from soilnb.profile import rothc

#: Input 1.7 Mg C ha-1 yr-1, 23.4 % clay, modifier 1.
CHECK = {"clay": 0.234, "npp": 170.0, "modifier": 1.0}

#: Table 1 of the manual (Coleman & Jenkinson 1999): Rothamsted, mm.
RAIN = [74, 59, 62, 51, 52, 57, 34, 55, 58, 56, 75, 71]
PAN = [8, 10, 27, 49, 83, 99, 103, 91, 69, 34, 16, 8]


def plain(c, inflow, clay, xi, ratio=1.44):
    """RothC as printed, Mg C ha-1 and years: one line per pool, then the CO2."""
    x = 1.67 * (1.85 + 1.60 * np.exp(-0.0786 * clay))
    dpm, rpm, bio, hum = xi * np.array([10, 0.3, 0.66, 0.02]) * c[:4]
    decayed = dpm + rpm + bio + hum
    return np.array(
        [
            inflow * ratio / (1 + ratio) - dpm,
            inflow / (1 + ratio) - rpm,
            0.46 * decayed / (x + 1) - bio,
            0.54 * decayed / (x + 1) - hum,
            0.0,
            decayed * x / (x + 1),
        ]
    )


def test_the_check_numbers():
    """Five hundred years from nothing but inert carbon, as RothCModel of SoilR."""
    run = rothc.simulate(CHECK, [500.0], initial=[0, 0, 0, 0, 0.27])
    found = 10 * run["carbon"].isel(time=0)
    assert float(found.sel(pool="dpm")) == pytest.approx(0.100327869, rel=1e-6)
    assert float(found.sel(pool="rpm")) == pytest.approx(2.322404372, rel=1e-6)
    assert float(found.sel(pool="iom")) == 2.7


@pytest.mark.parametrize(
    ("chosen", "ratio"), [("agricultural", 1.44), ("grassland", 0.67), ("forest", 0.25)]
)
def test_a_run_solves_the_printed_equations(chosen, ratio):
    start = np.array([0.4, 1.0, 0.2, 9.0, 3.0, 0.0])
    reference = solve_ivp(
        lambda t, c: plain(c, 3.1, 31.0, 0.8, ratio), (0, 40), start, "LSODA", [2.0, 40.0],
        rtol=1e-11, atol=1e-13,
    )  # fmt: skip
    site = {"clay": 0.31, "npp": 310.0, "modifier": 0.8}
    run = rothc.simulate(site, [2.0, 40.0], chosen, initial=start[:5] / 10)
    np.testing.assert_allclose(10 * run["carbon"], reference.y[:5].T, rtol=1e-8)
    np.testing.assert_allclose(run["cumulative_respiration"] / 100, reference.y[5], rtol=1e-8)


def test_the_steady_state_balances_the_printed_equations():
    pools = 10 * rothc.steady_state(CHECK)["carbon"].values
    change = plain(pools, 1.7, 23.4, 1.0)
    np.testing.assert_allclose(change, [0, 0, 0, 0, 0, 1.7], atol=1e-13)


def test_inert_carbon_is_that_of_falloon():
    carbon = rothc.steady_state(CHECK)["carbon"]
    soc = 10 * float(carbon.sum())
    assert 10 * float(carbon.sel(pool="iom")) == pytest.approx(0.049 * soc**1.139, rel=1e-12)
    measured = rothc.steady_state({**CHECK, "soc": 8.0})["carbon"]
    assert 10 * float(measured.sel(pool="iom")) == pytest.approx(0.049 * 80**1.139, rel=1e-12)


def test_the_temperature_modifier():
    assert float(rothc.temperature_modifier(9.25)) == pytest.approx(
        47.91 / (1 + np.exp(106.06 / (9.25 + 18.27)))
    )
    np.testing.assert_array_equal(rothc.temperature_modifier([-50.0, -18.27]), 0)
    warm = rothc.steady_state({"clay": 0.234, "npp": 170.0, "temperature": 21.0})
    as_xi = rothc.steady_state({**CHECK, "modifier": float(rothc.temperature_modifier(21.0))})
    np.testing.assert_array_equal(warm["carbon"], as_xi["carbon"])


def test_moisture_and_cover_at_rothamsted():
    """The deficits of Table 1: -10.25 in May, -27.5 in June, full (-44.94) in July and August."""
    under_plants = rothc.modifiers(np.full(12, 9.3), RAIN, PAN, 0.234)
    moisture = under_plants / rothc.temperature_modifier(9.3) / 0.6
    full = -(20 + 1.3 * 23.4 - 0.01 * 23.4**2)
    expected = np.ones(12)
    expected[5] = 0.2 + 0.8 * (full + 27.5) / (0.556 * full)
    expected[6:8] = 0.2
    expected[8] = 0.2 - 0.8 * 6.25 / (0.556 * full)  # September brings 6.25 mm back
    np.testing.assert_allclose(moisture, expected, rtol=1e-5)


def test_bare_soil_dries_less_and_a_deep_topsoil_more():
    plants, bare, deep = (
        rothc.modifiers(np.full(12, 9.3), RAIN, PAN, 0.234, **change)
        for change in ({}, {"bare": True}, {"depth": 0.46})
    )
    np.testing.assert_allclose(bare[:2], plants[:2] / 0.6)
    assert deep.min() > plants.min()
    # Ploughed up in August, the soil keeps the deficit that plants had left.
    ploughed = rothc.modifiers(np.full(12, 9.3), RAIN, PAN, 0.234, bare=np.arange(12) >= 7)
    assert ploughed[7] / ploughed[0] * 0.6 == pytest.approx(0.2, rel=1e-9)
    assert ploughed[11] == pytest.approx(bare[11])


def test_monthly_weather_drives_a_run():
    """A year of months, over and over, ends in a cycle; its mean is near the mean modifier's."""
    temperature = 9.3 - 7 * np.cos(2 * np.pi * np.arange(12) / 12)
    xi = rothc.modifiers(temperature, RAIN, PAN, 0.234)
    months = {"time": np.arange(0, 40, 1 / 12), "modifier": np.tile(xi, 40)}
    mean = rothc.steady_state({**CHECK, "modifier": xi.mean()})
    run = rothc.simulate(CHECK, np.arange(39, 40, 1 / 12), initial=mean, drivers=months)
    hum = run["carbon"].sel(pool="hum")
    assert float(hum.mean()) == pytest.approx(float(mean["carbon"].sel(pool="hum")), rel=1e-2)
    assert float(run["carbon"].sel(pool="dpm").max()) > 1.2 * float(mean["carbon"][0])


def test_its_efficiency_hangs_on_clay_alone():
    x = 1.67 * (1.85 + 1.60 * np.exp(-0.0786 * 23.4))
    run = rothc.simulate(CHECK, [0.0, 1.0, 90.0], initial=[1, 2, 0, 3, 0.27])
    np.testing.assert_allclose(diagnosed(run), 1 / (x + 1), rtol=1e-12)
    assert float(diagnosed(rothc.steady_state({**CHECK, "modifier": 3.0}))) == pytest.approx(
        1 / (x + 1), rel=1e-12
    )


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ({"clay": 23.4}, "did you mean 0.23"),
        ({"modifier": None}, "temperature or modifier"),
        ({"soc": -1.0}, "soc = -1"),
    ],
)
def test_bad_sites(site, words):
    given = {key: value for key, value in {**CHECK, **site}.items() if value is not None}
    with pytest.raises(InputError, match=words):
        rothc.steady_state(given)


def test_bad_weather():
    with pytest.raises(InputError, match="clay = 23"):
        rothc.modifiers([1.0], [1.0], [1.0], 23.0)
    with pytest.raises(InputError, match="one number a month"):
        rothc.modifiers(1.0, 1.0, 1.0, 0.2)
