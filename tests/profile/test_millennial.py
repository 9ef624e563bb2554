"""Millennial v2 against its check numbers and the printed equations."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from soilnb.cue import diagnosed
from soilnb.parameters import InputError
from soilnb.profile import millennial

#: The reference point: fitted set, 1 g C m-2 of litter a day.
CHECK = {
    "temperature": 15.0, "npp": 365.0, "water": 0.25, "ph": 7.0, "bulk_density": 1000.0,
    "clay_silt": 80.0,
}  # fmt: skip
POOLS = [426.629323792, 3.414297421, 1346.740703762, 7.207903811, 4011.559634789]

FITTED = {
    "p_i": 0.66, "p_a": 0.33, "K_pl": 6443, "a_pl": 1.8e12, "E_pl": 63909, "r_pa": 0.018,
    "r_break": 0.02, "r_leach": 0.0015, "k_des": 1, "p1": 0.12, "p2": 0.216, "K_lb": 774.6,
    "a_lb": 2.3e12, "E_lb": 57865, "r_bd": 0.0045, "r_ma": 0.0048, "c_ref": 0.19, "c_T": 0.012,
    "T_ref": 15, "psi": 15, "lam": 2.1e-4, "phi": 0.6, "k_min": 0.2, "p_b": 0.5, "p_c": 0.86,
}  # fmt: skip
DEFAULT = FITTED | {
    "K_pl": 1e4, "a_pl": 2.5e12, "E_pl": 64320, "r_pa": 0.02, "r_break": 0.019, "p1": 0.186,
    "K_lb": 290, "a_lb": 2.6e12, "E_lb": 60260, "r_bd": 0.0036, "r_ma": 0.02, "c_ref": 0.6,
}  # fmt: skip


def plain(state, p, site):
    """The equations as restated in the paper, g C m-2 and days; then CO2 and what is leached."""
    pom, lmwc, agg, mic, maom = state[:5]
    w, kelvin = site["water"], site["temperature"] + 273.15
    s_d = (w / p["phi"]) ** 0.5
    air = p["k_min"] + (1 - p["k_min"]) * ((p["phi"] - w) / p["phi"]) ** 0.5
    s_b = np.exp(-p["lam"] * p["psi"]) * air * s_d
    v_pl = p["a_pl"] * np.exp(-p["E_pl"] / (8.31446 * kelvin))
    v_lb = p["a_lb"] * np.exp(-p["E_lb"] / (8.31446 * kelvin))
    q = site["bulk_density"] * site["clay_silt"] * p["p_c"]
    k_lm = p["k_des"] * np.exp(-p["p1"] * site["ph"] - p["p2"])
    litter = site["npp"] / 365
    pl = v_pl * s_d * pom * mic / (p["K_pl"] + mic)
    pa, breaking = p["r_pa"] * s_d * pom, p["r_break"] * s_d * agg
    leached = p["r_leach"] * s_d * lmwc
    lm, ml = s_d * k_lm * lmwc * (1 - maom / q), p["k_des"] * maom / q
    lb = v_lb * s_b * mic * lmwc / (p["K_lb"] + lmwc)
    cue = p["c_ref"] - p["c_T"] * (site["temperature"] - p["T_ref"])
    death, ma = p["r_bd"] * mic**2, p["r_ma"] * s_d * maom
    return np.array(
        [
            p["p_i"] * litter + p["p_a"] * breaking - pa - pl,
            (1 - p["p_i"]) * litter + pl + ml + (1 - p["p_b"]) * death - leached - lm - lb,
            pa + ma - breaking,
            cue * lb - death,
            lm - ml + p["p_b"] * death - ma + (1 - p["p_a"]) * breaking,
            (1 - cue) * lb,
            leached,
        ]
    )


def test_the_check_numbers():
    soil = millennial.steady_state(CHECK)
    assert list(soil["pool"].values) == ["pom", "lmwc", "agg", "mic", "maom"]
    np.testing.assert_allclose(1e3 * soil["carbon"], POOLS, rtol=1e-9)


@pytest.mark.parametrize(("chosen", "p"), [("fitted", FITTED), ("default", DEFAULT)])
@pytest.mark.parametrize(
    "change",
    [{}, {"clay_silt": 20.0}, {"temperature": 3.0}, {"ph": 4.5}, {"water": 0.5, "npp": 900.0}],
)
def test_the_steady_state_balances_the_printed_equations(chosen, p, change):
    site = {**CHECK, **change}
    soil = millennial.steady_state(site, chosen)
    change = plain(1e3 * soil["carbon"].values, p, site)
    litter = site["npp"] / 365
    np.testing.assert_allclose(change[:5], 0, atol=1e-11 * litter)
    assert change[5] * 365 == pytest.approx(float(soil["respiration"]), rel=1e-10)
    assert change[6] * 365 == pytest.approx(float(soil["export"]), rel=1e-10)
    assert change[5:].sum() == pytest.approx(litter, rel=1e-10)


@pytest.mark.parametrize(("chosen", "p"), [("fitted", FITTED), ("default", DEFAULT)])
def test_a_run_solves_the_printed_equations(chosen, p):
    start = np.array([300.0, 10.0, 900.0, 20.0, 2500.0, 0, 0])
    site = {**CHECK, "temperature": 8.0, "water": 0.4, "clay_silt": 45.0}
    days = np.array([10.0, 365.0, 3650.0])
    reference = solve_ivp(
        lambda t, c: plain(c, p, site), (0, days[-1]), start, "LSODA", days, rtol=1e-11, atol=1e-9
    )
    run = millennial.simulate(site, days / 365, chosen, initial=start[:5] / 1e3)
    np.testing.assert_allclose(1e3 * run["carbon"], reference.y[:5].T, rtol=1e-7)
    np.testing.assert_allclose(run["cumulative_respiration"], reference.y[5], rtol=1e-7)
    np.testing.assert_allclose(run["cumulative_export"], reference.y[6], rtol=1e-7)


@pytest.mark.parametrize("temperature", [2.0, 15.0, 24.0])
def test_the_diagnosed_efficiency_is_the_parameter(temperature):
    site = {**CHECK, "temperature": temperature}
    wanted = 0.19 - 0.012 * (temperature - 15)
    run = millennial.simulate(site, [0.0, 0.5, 30.0], initial=[0.1, 0.1, 0.5, 0.05, 1.0])
    np.testing.assert_allclose(diagnosed(run), wanted, rtol=1e-12)
    assert float(diagnosed(millennial.steady_state(site))) == pytest.approx(wanted, rel=1e-13)


def test_what_is_leached_is_not_respired():
    soil = millennial.steady_state(CHECK)
    assert float(soil["export"]) > 0
    leached = soil["flux"].sel(process="lmwc to export")
    assert float(soil["export"]) == pytest.approx(float(leached))
    assert float(soil["respiration"]) == pytest.approx(365 - float(leached), rel=1e-12)
    kept = millennial.steady_state(CHECK, {"leaching": 0.0})
    assert float(kept["respiration"]) == pytest.approx(365.0, rel=1e-12)


def test_minerals_hold_no_more_than_they_can():
    """A soil of nearly no fines, far above its capacity, gives carbon back."""
    site = {**CHECK, "clay_silt": 1.0, "bulk_density": 500.0}
    run = millennial.simulate(site, [0.0, 1.0], initial=[0.4, 0.01, 1.0, 0.01, 1.0])
    assert float(run["flux"].sel(process="lmwc to maom")[0]) < 0
    assert (run["carbon"] >= 0).all()


def test_clay_and_silt_of_the_site_stand_in_for_their_sum():
    given = {key: value for key, value in CHECK.items() if key != "clay_silt"}
    as_two = millennial.steady_state({**given, "clay": 0.3, "silt": 0.5})
    np.testing.assert_allclose(1e3 * as_two["carbon"], POOLS, rtol=1e-9)
    assumed = millennial.steady_state({"temperature": 15.0, "npp": 365.0, "water": 0.25})
    np.testing.assert_allclose(1e3 * assumed["carbon"], POOLS, rtol=1e-9)
    assert assumed.attrs["site_keys_assumed"] == "bulk_density = 1000, clay_silt = 80, ph = 7"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clay_silt": 0.4}, "did you mean 40"),
        ({"water": 0.65}, "0 to the porosity, 0.6"),
        ({"temperature": 35.0}, "the efficiency is -0.05"),
        ({"ph": 20.0}, "ph = 20"),
        ({"water": None}, "site has no water"),
    ],
)
def test_bad_sites(change, words):
    site = {key: value for key, value in {**CHECK, **change}.items() if value is not None}
    with pytest.raises(InputError, match=words):
        millennial.steady_state(site)
