"""Mixed models: against closed forms, on made-up tables with a known answer, and bad input."""

import numpy as np
import pandas as pd
import pytest

from soilnb.parameters import InputError
from soilnb.proda import regressions
from soilnb.proda.regressions import ASSIMILATED, MEASURED, MixedModel


@pytest.fixture(scope="module")
def twin():
    return regressions.twin()


@pytest.fixture(scope="module")
def additive(twin):
    return regressions.fit(twin, MEASURED["log-additive"])


def test_a_balanced_design_gives_the_estimators_of_the_analysis_of_variance():
    # Ten groups of eight: REML equals (MSB - MSE) / 8 and MSE where these are positive.
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(10), 8)
    value = 2.0 + rng.normal(0, 1.5, 10)[group] + rng.normal(0, 0.7, 80)
    data = pd.DataFrame({"soc": np.exp(value), "climate": group})
    data["soc"] = value - value.min() + 1.0
    found = regressions.fit(data, MixedModel("soc", (), "climate"))
    means = data.groupby("climate")["soc"].mean()
    within = ((data["soc"] - means.loc[group].to_numpy()) ** 2).sum() / 70
    between = 8 * ((means - means.mean()) ** 2).sum() / 9
    assert found.random["residual"] == pytest.approx(within**0.5, rel=1e-4)
    assert found.random["intercept"] == pytest.approx(((between - within) / 8) ** 0.5, rel=1e-3)
    assert found.coefficients.loc["intercept", "estimate"] == pytest.approx(means.mean())
    assert found.coefficients.loc["intercept", "error"] == pytest.approx(
        (between / 80) ** 0.5, rel=1e-3
    )
    assert found.explained_fixed == pytest.approx(0, abs=1e-12)
    assert found.explained == pytest.approx(
        found.random["intercept"] ** 2
        / (found.random["intercept"] ** 2 + found.random["residual"] ** 2)
    )


def test_without_differences_between_groups_it_is_ordinary_least_squares():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 1, 60), rng.normal(5, 1, 60)
    group = np.tile(np.arange(6), 10)
    for g in range(6):  # the groups agree exactly: their residual means are zero
        rows = group == g
        y[rows] -= np.polyval(np.polyfit(x[rows] * 0, y[rows], 0), 0) - 5.0
    data = pd.DataFrame({"soc": y, "cue": x, "climate": group})
    found = regressions.fit(data, MixedModel("soc", ("cue",), "climate"))
    slope, intercept = np.polyfit(x, y, 1)
    assert found.random["intercept"] < 0.05
    assert found.coefficients.loc["cue", "estimate"] == pytest.approx(slope, rel=1e-3)
    assert found.coefficients.loc["intercept", "estimate"] == pytest.approx(intercept, rel=1e-3)


def test_tables_of_the_papers_size_give_the_printed_relation_back():
    fits = [regressions.fit(regressions.twin(s), MEASURED["log-additive"]) for s in range(12)]
    for name, printed in regressions.PRINTED.items():
        found = np.array([fit.coefficients.loc[name, "estimate"] for fit in fits])
        errors = np.array([fit.coefficients.loc[name, "error"] for fit in fits])
        # the mean of twelve, and the standard errors, are both right
        assert abs(found.mean() - printed) < 3 * errors.mean() / 12**0.5, name
        assert 0.5 < found.std(ddof=1) / errors.mean() < 1.7, name
    spread = np.mean([fit.random["intercept"] for fit in fits])
    assert spread == pytest.approx(regressions.PRINTED_RANDOM["intercept"], abs=0.05)


def test_all_mixed_models_of_both_tables_can_be_fitted(twin):
    assert len(MEASURED) == 6
    fits = {name: regressions.fit(twin, mixed) for name, mixed in MEASURED.items()}
    table = regressions.table(fits)
    assert table.loc[("log-product", "cue:mat"), "estimate"] == pytest.approx(0, abs=0.05)
    assert {"slope"} <= set(fits["log-slopes"].random)
    assert np.isfinite(table.loc[("log-slopes", "cue"), "random_sd"])
    assert np.isnan(table.loc[("log-additive", "cue"), "random_sd"])
    assert table["estimate"].notna().all()
    assert [s.formula for s in ASSIMILATED.values()] == [
        "log10(soc) ~ cue + (1 | climate)",
        "log10(soc) ~ cue + (cue | climate)",
    ]


def test_units_and_order_of_rows_do_not_matter(twin, additive):
    other = twin.assign(depth=twin["depth"] / 100).sample(frac=1.0, random_state=1)
    found = regressions.fit(other, MEASURED["log-additive"])
    scale = pd.Series({"intercept": 1.0, "cue": 1.0, "depth": 100.0, "mat": 1.0})
    expected = additive.coefficients["estimate"] * scale
    assert np.allclose(found.coefficients["estimate"], expected, rtol=1e-4)
    assert found.explained == pytest.approx(additive.explained, rel=1e-4)


def test_the_partial_effect_holds_the_other_variables(additive):
    line = additive.predict([0.2, 0.6], depth=10.0, mat=8.0)
    assert line[1] - line[0] == pytest.approx(0.4 * additive.coefficients.loc["cue", "estimate"])
    warmer = additive.predict([0.2], depth=10.0, mat=9.0)[0]
    assert warmer - line[0] == pytest.approx(additive.coefficients.loc["mat", "estimate"])
    with pytest.raises(InputError, match="predict: mat is missing"):
        additive.predict([0.2], depth=10.0)


def test_rows_that_cannot_be_used_are_counted(twin):
    holes = twin.copy()
    holes.loc[[0, 5], "cue"] = np.nan
    holes.loc[7, "soc"] = 0.0
    found = regressions.fit(holes, MEASURED["log-additive"])
    assert (found.n, found.dropped) == (129, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop(columns="mat"), "unknown column 'mat'"),
        (lambda d: d.assign(study="one"), r"study: 1 group\(s\)"),
        (lambda d: d.iloc[[0, 20, 40, 60, 80]], "5 usable rows"),
    ],
)
def test_bad_tables_are_refused_in_one_line(twin, change, message):
    with pytest.raises(InputError, match=message) as error:
        regressions.fit(change(twin), MEASURED["log-additive"])
    assert "\n" not in str(error.value)


def test_the_modifier_follows_the_climate_it_was_made_from():
    mat = np.linspace(-10, 25, 40)
    rain = np.linspace(200, 3000, 40)
    exact = pd.DataFrame({"xi": np.exp(0.056 * mat - 2.35), "mat": mat, "map": rain})
    found = regressions.modifier(exact)
    assert found.loc["log(xi) ~ mat", "slope"] == pytest.approx(0.056)
    assert found.loc["log(xi) ~ mat", "intercept"] == pytest.approx(-2.35)
    assert found.loc["log(xi) ~ mat", "r2"] == pytest.approx(1.0)
    with pytest.raises(InputError, match="unknown column 'map'"):
        regressions.modifier(exact.drop(columns="map"))


def test_the_made_up_table_says_so_and_has_the_papers_size(twin):
    assert twin.attrs["provenance"] == "synthetic"
    assert len(twin) == 132
    assert twin["study"].nunique() <= 16
    assert twin["cue"].mean() == pytest.approx(0.33, abs=0.06)


def test_what_was_fitted_is_not_fitted_again(monkeypatch):
    monkeypatch.setattr(regressions, "_FITTED", {})
    monkeypatch.setattr(regressions, "_MOST_FITTED", 2)
    fitted, optimised = [], regressions._optimised

    def counted(mixed, *rows):
        fitted.append(mixed)
        return optimised(mixed, *rows)

    monkeypatch.setattr(regressions, "_optimised", counted)
    rows, mixed = regressions.twin(3), regressions.MEASURED["log-additive"]
    first = regressions.fit(rows, mixed)
    assert regressions.fit(rows.copy(), mixed).coefficients.equals(first.coefficients)
    seen = regressions.fit(rows, mixed, r2="observed")
    assert seen.coefficients.equals(first.coefficients)
    assert seen.explained != first.explained
    assert len(fitted) == 1
    regressions.fit(rows.assign(soc=rows["soc"] * 1.01), mixed)
    regressions.fit(rows, regressions.MEASURED["linear-additive"])
    assert len(fitted) == 3
    regressions.fit(rows, mixed)  # no longer known
    assert len(fitted) == 4
