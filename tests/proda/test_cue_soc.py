"""CUE and soil carbon of profiles, and the controls of their relation."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilnb.parameters import InputError
from soilnb.proda import cue_soc
from soilnb.proda.cube import READINGS, Cube
from soilnb.proda.observations import twin_profiles
from soilnb.profile import compas, grid
from soilnb.profile.forcing import kernel_forcing

SHORT = {"warmup": 800, "steps": 1600, "samples": 100, "jobs": 1, "progress": False}


@pytest.fixture(scope="module")
def pits():
    return twin_profiles(count=60)


@pytest.fixture(scope="module")
def found(pits):
    """What an assimilation returns, with numbers that can be followed by hand."""
    few = pits.isel(profile=slice(0, 4))
    names = list(few["profile"].values)
    data = {
        "carbon": (("profile", "layer"), np.full((4, 20), 13_000.0)),
        "metric_estimate": (("profile", "metric"), np.array([[0.2], [0.3], [0.4], [0.5]])),
        "estimate": (("profile", "parameter"), np.array([[0.1], [0.2], [0.3], [0.4]])),
        "gelman_rubin_mean": ("profile", [1.01, 1.2, 1.01, 1.01]),
        "nse": ("profile", [0.9, 0.9, -0.1, 0.5]),
        "reason": ("profile", ["", "", "", "no start"]),
    }
    coords = {"profile": names, "metric": ["cue"], "parameter": ["eta_doc"]}
    return xr.Dataset(data, coords)


# --------------------------------------------------------------------------- what is observed


def test_content_is_the_stock_over_depth_and_bulk_density(pits):
    flat = pits.isel(profile=slice(0, 1)).copy(deep=True)
    flat["bulk_density"][:] = 1.3
    density = np.full((1, 20), 13_000.0)  # g C m-3 in 1,300 kg m-3
    assert cue_soc._content(density, flat, 0.0, 0.3) == pytest.approx([10.0])


def test_the_mean_of_a_layer_counts_what_a_depth_cuts():
    density = np.zeros(20)
    density[4] = 1.0  # 20 to 32 cm
    assert cue_soc._mean(density, 0.0, 0.3) == pytest.approx(0.1 / 0.3)


def test_the_papers_rule_keeps_profiles_that_agree_and_fit(found, pits):
    table = cue_soc.relation(found, pits)
    assert list(table["kept"]) == [True, False, False]  # the fourth was refused
    assert list(table["cue"]) == [0.2, 0.3, 0.4]
    assert list(cue_soc.relation(found, pits, limit=2.0)["kept"]) == [True, True, False]


def test_observed_carbon_does_not_depend_on_the_model(found, pits):
    other = found.assign(carbon=2 * found["carbon"])
    one, two = (cue_soc.relation(data, pits) for data in (found, other))
    assert np.allclose(two["soc"], 2 * one["soc"])
    assert np.allclose(two[["observed", "observed_stock"]], one[["observed", "observed_stock"]])
    density = pits["carbon_density"].values[0]
    assert one["observed_stock"].iloc[0] < np.nanmax(density) / 1000


def test_profiles_are_matched_by_name_not_by_place(found, pits):
    turned = pits.isel(profile=slice(None, None, -1))
    pd.testing.assert_frame_equal(cue_soc.relation(found, pits), cue_soc.relation(found, turned))


def test_depths_hold_the_kept_profiles_only(found, pits):
    tables = cue_soc.by_depth(found, pits, limit=2.0)
    assert list(tables) == ["0–10 cm", "10–30 cm", "30–50 cm", "50–100 cm", "100–200 cm"]
    assert all(len(table) == 2 for table in tables.values())
    deep = found.assign(carbon=found["carbon"] * xr.DataArray(grid.NODE < 0.1, dims="layer"))
    shallow = cue_soc.by_depth(deep, pits, limit=2.0)
    assert (shallow["50–100 cm"]["soc"] == 0).all()
    assert (shallow["0–10 cm"]["soc"] > 0).all()


# ------------------------------------------------------------------------------------- no data


def test_draws_from_the_prior_are_feasible_and_obey_the_biomass_rule(pits):
    columns = kernel_forcing.prepare(cue_soc.forcing_at(pits))
    drawn = cue_soc._draws(columns, np.random.default_rng(0), 0.1, {}, Cube())
    state = compas.steady_state(drawn, columns)
    assert state["feasible"].all()
    assert (cue_soc._biomass(state) <= 0.1).all()
    free = cue_soc._draws(columns, np.random.default_rng(0), 1.0, {}, Cube())
    assert (cue_soc._biomass(compas.steady_state(free, columns)) > 0.1).any()


def test_the_prior_alone_makes_a_relation_of_cue_and_carbon(pits):
    table = cue_soc.prior(pits, seed=1, draws=16)
    assert len(table) == 16 * 60
    line = cue_soc.slopes({"prior": table}).loc["prior"]
    assert 0.75 < line["estimate"] < 1.3
    assert line["estimate"] > 3 * line["error"]
    assert np.corrcoef(table["cue"], table["eta_doc"])[0, 1] > 0.85


def test_the_seed_decides_the_draws(pits):
    one, same, other = (cue_soc.prior(pits, seed=k) for k in (3, 3, 4))
    pd.testing.assert_frame_equal(one, same)
    assert not np.allclose(one["cue"], other["cue"])


def test_draws_that_no_soil_can_hold_are_kept_and_told(pits):
    """The flag says it of each draw; a warning of one number would say it of none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = cue_soc.prior(pits, draws=2, **READINGS["published"])
    assert len(table) == 2 * 60
    assert 0 < (~table["plausible"]).sum() < 30
    assert table[~table["plausible"]]["soc"].median() > 5 * table["soc"].median()


# ---------------------------------------------------------------------------------- one CUE


def test_assimilation_spreads_a_cue_that_is_the_same_everywhere(pits):
    few = pits.isel(profile=slice(0, 6))
    table = cue_soc.constant_cue(few, eta_doc=0.3, limit=10.0, **SHORT)
    assert len(table) >= 4
    assert table["eta_doc"].std() > 0.02  # found, where the truth has 0
    # the observation is the truth: its carbon of the top is found at the measured depths
    ratio = table["observed"] / table["true_soc"]
    assert ratio.between(0.7, 1.4).all()


def test_made_profiles_keep_the_depths_of_the_measured(pits):
    few = pits.isel(profile=slice(0, 5))
    columns = kernel_forcing.prepare(cue_soc.forcing_at(few))
    truth = cue_soc._draws(columns, np.random.default_rng(2), 0.1, {"eta_doc": 0.27}, Cube())
    assert (truth["eta_doc"] == 0.27).all()
    made = cue_soc._made(truth, columns, few)
    xr.testing.assert_equal(made["depth"], few["depth"])
    assert (made["carbon_density"].notnull() == few["carbon_density"].notnull()).all()
    soc = compas.steady_state(truth, columns)["soc"].values
    top = few["depth"].values[:, 0]
    expected = [np.interp(z, grid.NODE, row) for z, row in zip(top, soc, strict=True)]
    assert np.allclose(made["carbon_density"].values[:, 0], expected, rtol=0.05)


# ------------------------------------------------------------------------------------- slopes


def test_slopes_find_what_a_table_holds():
    rng = np.random.default_rng(0)
    climate = rng.choice(["Af", "BS", "Cf", "Df"], 400)
    cue = rng.uniform(0.1, 0.5, 400)
    level = pd.Series(climate).map({"Af": 0.2, "BS": -0.2, "Cf": 0.1, "Df": 0.0}).to_numpy()
    soc = 10 ** (0.9 + 1.2 * cue + level + rng.normal(0, 0.1, 400))
    data = pd.DataFrame({"cue": cue, "eta_doc": cue / 2, "soc": soc, "climate": climate})
    data["other"] = 10.0 ** (2 * cue)
    cases = {"as it is": data, "of uptake": data, "other": data, "few": data[:3]}
    found = cue_soc.slopes(cases, soc={"other": "other"}, cue={"of uptake": "eta_doc"})
    assert found.loc["as it is", "estimate"] == pytest.approx(1.2, abs=0.15)
    assert found.loc["as it is", "intercept"] == pytest.approx(0.9, abs=0.2)
    assert found.loc["of uptake", "estimate"] == pytest.approx(
        2 * found.loc["as it is", "estimate"], rel=1e-3
    )
    assert found.loc["other", "estimate"] == pytest.approx(2, abs=1e-3)
    assert np.isnan(found.loc["few", "estimate"])
    assert found.loc["few", "n"] == 3


def test_without_variance_of_groups_the_error_is_that_of_a_line():
    cue = np.linspace(0.1, 0.5, 40)
    wave = 0.1 * (-1.0) ** np.arange(40)
    soc = 10 ** (1 + cue + wave)
    groups = np.where(np.arange(40) % 4 < 2, "Af", "Cf")  # both have the same mean
    found = cue_soc.slopes({"a": pd.DataFrame({"cue": cue, "soc": soc, "climate": groups})})
    assert found.loc["a", "random_sd"] == pytest.approx(0.0, abs=0.01)
    assert 0.05 < found.loc["a", "error"] < 0.3


# ------------------------------------------------------------------------ maps at the places


def test_places_get_the_nearest_kept_cell():
    maps = xr.Dataset(
        {"cue": ("site", [0.1, 0.2, 0.3]), "kept": ("site", [True, False, True])},
        {"latitude": ("site", [0.0, 1.0, 50.0]), "longitude": ("site", [0.0, 0.0, 179.9])},
    )
    places = pd.DataFrame(
        {"latitude": [1.0, 50.0, 20.0, np.nan], "longitude": [0.0, -179.9, 90.0, 0.0]}
    )
    found = cue_soc.at_places(maps, places, "cue", within=200.0)
    assert list(found[:2]) == [0.1, 0.3]  # the second cell is not kept; across the date line
    assert found[2:].isna().all()
    with pytest.raises(InputError, match="variable of the maps"):
        cue_soc.at_places(maps, places, "soc")


# ---------------------------------------------------------------------------------- bad input


def test_what_is_not_allowed_is_refused_in_one_line(found, pits):
    with pytest.raises(InputError, match="'synthetic 1' is assimilated but not among"):
        cue_soc.relation(found, pits.isel(profile=slice(1, 5)))
    with pytest.raises(InputError, match="has no 'cue': allowed COMPAS"):
        cue_soc.relation(found.assign_coords(metric=["transport_rate"]), pits)
    with pytest.raises(InputError, match="biomass = 2"):
        cue_soc.prior(pits, biomass=2)
    with pytest.raises(InputError, match=r"eta_doc = 0\.9"):
        cue_soc.constant_cue(pits, eta_doc=0.9)
    few, everywhere = pits.isel(profile=slice(0, 2)), cue_soc.forcing_at(pits)
    with pytest.raises(InputError, match="forcing has 60 sites for 2 profiles"):
        cue_soc.prior(few, forcing=everywhere)
    with pytest.raises(InputError, match="mixed"):
        cue_soc.slopes({}, mixed="other")
    with pytest.raises(InputError, match="column"):
        cue_soc.slopes({"a": pd.DataFrame({"cue": [1.0]})})
