"""One made-up soil, five methods: the carbon balances, and each method sees what it should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilnb.cue import efficiency, methods
from soilnb.cue.methods import PARAMETER_SETS, fluxes, label, measure
from soilnb.parameters import InputError

RECORDS = PARAMETER_SETS["bench"].records
changes = st.fixed_dictionaries({name: st.floats(*r.bounds) for name, r in RECORDS.items()})


@given(changes)
def test_the_soil_is_at_steady_state(chosen):
    book = fluxes(chosen)
    lost = sum(float(book[name]) for name in ("respiration", "exudation", "turnover"))
    assert float(book["uptake"]) == pytest.approx(lost, rel=1e-9)
    assert float(efficiency(book, "ecosystem")) == pytest.approx(0.0, abs=1e-9)


@given(changes, st.floats(0.0, 400.0))
def test_every_share_of_the_label_stays_a_share(chosen, days):
    run = label(np.array([days, days + 1.0]), chosen)
    shares = np.array([run[name] for name in ("food", "biomass", "dead", "respired")])
    assert (shares > -1e-9).all()
    assert (shares < 1 + 1e-9).all()
    assert run["respired"][1] >= run["respired"][0] - 1e-9
    assert run["food"][1] <= run["food"][0]


def test_the_label_follows_its_differential_equations():
    from scipy.integrate import solve_ivp

    p = PARAMETER_SETS["bench"]
    y, x, f = p["yield_native"], p["exuded"], p["yield_label"]
    k, r, d, m = p["uptake_rate"], p["recycling"], p["turnover"], p["maintenance"]

    def slope(_, state):
        food, alive, dead, _ = state
        return [
            -k * food,
            (f - x) * k * food + (y - x) * r * dead - (m + d) * alive,
            x * k * food + x * r * dead + d * alive - r * dead,
            (1 - f) * k * food + (1 - y) * r * dead + m * alive,
        ]

    days = np.array([0.25, 3.0, 30.0, 200.0])
    solved = solve_ivp(slope, (0, 200), [1, 0, 0, 0], t_eval=days, rtol=1e-10, atol=1e-12)
    run = label(days)
    for row, name in zip(solved.y, ("food", "biomass", "dead", "respired"), strict=True):
        np.testing.assert_allclose(run[name], row, atol=1e-8)


def test_a_short_label_shows_how_fresh_food_is_split():
    p = PARAMETER_SETS["bench"]
    kept, burnt = p["yield_label"] - p["exuded"], 1 - p["yield_label"]
    assert float(label(1e-6)["cue"][0]) == pytest.approx(kept / (kept + burnt), rel=1e-3)


def test_a_long_label_reports_less_and_in_the_end_nothing():
    cue = label(np.geomspace(0.01, 2000, 60))["cue"].values
    assert (np.diff(cue) < 1e-9).all()
    assert cue[-1] < 1e-3


def test_at_the_very_start_there_is_no_efficiency():
    assert np.isnan(label(0.0)["cue"][0])


def test_18o_without_exudates_and_errors_is_the_true_efficiency():
    exact = {"exuded": 0.0}
    assert float(measure(exact).sel(technique="18O")) == pytest.approx(
        float(efficiency(fluxes(exact))), rel=1e-12
    )
    assert float(measure().sel(technique="18O")) > float(efficiency(fluxes()))


def test_upkeep_is_seen_by_18o_and_not_by_a_short_label():
    low, high = measure({"maintenance": 0.01}), measure({"maintenance": 0.02})
    change = (high - low).to_series()
    assert change["18O"] < -0.05
    assert abs(change["13C, short"]) < 0.01
    assert change["enzymes"] == 0.0


def test_the_enzyme_model_sees_the_ratio_alone():
    poor = measure({"soil_c_to_n": 30.0}) - measure()
    assert float(poor.sel(technique="enzymes")) < -0.05
    assert (np.abs(poor.drop_sel(technique="enzymes")) < 1e-12).all()


def test_five_methods_report_five_numbers():
    values = measure()
    assert values["technique"].values.tolist() == list(methods.METHODS)
    assert float(values.max() - values.min()) > 0.5
    assert float(values.sel(technique="biomass change")) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: label(-1.0), r"^time = -1: allowed 0 to 10000"),
        (lambda: measure({"maintenance": -0.1}), r"^maintenance = -0.1: allowed 0 to 0.05"),
        (lambda: measure({"upkeep": 0.1}), r"^unknown parameter of set 'bench' 'upkeep'"),
    ],
)
def test_bad_numbers_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
