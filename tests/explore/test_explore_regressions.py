"""The explorer of CUE and carbon over profiles: choices change the regression, and are said."""

import numpy as np
import pandas as pd
import pytest

from soilnb.explore import regressions as explorers
from soilnb.parameters import InputError
from soilnb.proda.regressions import twin


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(2)
    n = 150
    cue = rng.uniform(0.1, 0.5, n)
    observed = 10 ** rng.normal(1, 0.2, n)
    return pd.DataFrame(
        {
            "cue": cue,
            "eta_doc": 2 * cue,
            "soc": 10 ** (0.9 + 1.2 * cue + rng.normal(0, 0.05, n)),
            "observed": observed,
            "observed_stock": observed / 3,
            "climate": rng.choice(["Af", "Cf", "Df"], n),
            "gelman_rubin": np.where(np.arange(n) < 100, 1.01, 1.5),
            "nse": np.where(np.arange(n) % 2 == 0, 0.5, -0.5),
        }
    )


def test_choices_change_the_rows_and_the_slope(table):
    explorer = explorers.profiles(table)
    rows, fit, _ = explorer.result
    assert len(rows) == 50
    assert fit.coefficients.loc["cue", "estimate"] == pytest.approx(1.2, abs=0.2)
    assert "50 profiles" in explorer.words.value
    assert "differs from 0" in explorer.words.value
    explorer.set(carbon="observed, 0–30 cm", chains=10.0, fit=-10.0)
    rows, fit, label = explorer.result
    assert len(rows) == 150
    assert abs(fit.coefficients.loc["cue", "estimate"]) < 0.5
    assert label.startswith("observed SOC")
    assert "cannot be told from 0" in explorer.words.value
    assert explorer.updates == 2


def test_a_formula_stands_as_it_is_printed():
    data = twin(1).assign(temperature=20.0, substrate="glucose", method="substrate")
    explorer = explorers.measured_cue(data)
    for said in (explorer.words.value, explorer.canvas.figure.get_supxlabel()):
        assert "log10(SOC) ~ CUE" in said


def test_another_cue_scales_the_slope(table):
    slopes = [
        explorers.choose(table, efficiency=name)[1].coefficients.loc["cue", "estimate"]
        for name in explorers.EFFICIENCY
    ]
    assert slopes[0] == pytest.approx(2 * slopes[1], rel=1e-2)


def test_a_slope_may_differ_by_climate(table):
    assert explorers.choose(table, groups="yes")[1].mixed.random_slope
    assert not explorers.choose(table)[1].mixed.random_slope


def test_too_strict_a_choice_is_said_not_raised(table):
    explorer = explorers.profiles(table.assign(gelman_rubin=2.0), limit=1.05)
    assert "no profile is left" in explorer.words.value
    few = explorers.profiles(table[:3])
    assert few.result[1] is None
    assert "too few" in few.words.value


def test_what_is_not_offered_is_refused(table):
    with pytest.raises(InputError, match="carbon"):
        explorers.choose(table, carbon="litter")
    with pytest.raises(InputError, match="groups"):
        explorers.choose(table, groups="maybe")
