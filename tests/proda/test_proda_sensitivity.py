"""Which component matters: without its variation, with more of it, and what it is learnt from."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb import proda
from soilnb.parameters import InputError
from soilnb.proda import globe, observations, sensitivity
from soilnb.proda.cube import Cube
from soilnb.profile import clm5, compas, forcing, grid

HIDDEN = {"progress": False}
NAMES = {"compas": compas.NAMES, "clm5": clm5.NAMES}
BOTH = pytest.mark.parametrize("model", list(NAMES))
#: Both switches of enzymes by a name: the three arms, and the combination that nobody runs.
SWITCHES = {
    **sensitivity.READINGS,
    "tied, linear": {"enzyme_turnover": "tied", "prior": "linear"},
}
VARIANTS = [("compas", reading) for reading in SWITCHES] + [("clm5", "table")]


@pytest.fixture(scope="module")
def cells():
    return globe.prepare(globe.planet("teaching", resolution=10))


def defaults(model, index="table"):
    """Places of the published global means."""
    chosen = (compas if model == "compas" else clm5).PARAMETER_SETS["tao2024"]
    values = np.array([chosen[name] for name in NAMES[model]])
    return Cube(model, **SWITCHES[index]).unit(values)


def scattered(model, size, index="table", seed=1, spread=0.03):
    """Parameters that vary from cell to cell around the published means."""
    rng = np.random.default_rng(seed)
    middle = defaults(model, index)
    places = middle + spread * rng.standard_normal((size, middle.size))
    values = Cube(model, **SWITCHES[index]).physical(np.clip(places, 0.01, 0.97))
    return dict(zip(NAMES[model], values.T, strict=True))


# --- components and places ----------------------------------------------------------------------


@pytest.mark.parametrize(("model", "index"), VARIANTS)
def test_every_parameter_belongs_to_one_component(model, index):
    groups = Cube(model, SWITCHES[index]["enzyme_turnover"]).groups()
    members = [name for names in groups.values() for name in names]
    assert sorted(members) == sorted(NAMES[model])
    assert groups["input"] == ()
    assert set(groups) <= set(sensitivity.METRICS)


def test_tied_enzymes_count_as_cue():
    assert "tau_enz_decay" in Cube("compas", "tied").groups()["cue"]
    assert "tau_enz_decay" in Cube("compas", "own").groups()["decomposition"]


@pytest.mark.parametrize(("model", "index"), VARIANTS)
@given(data=st.data())
@settings(max_examples=25)
def test_places_and_values_are_two_ways_to_say_the_same(model, index, data):
    size = len(NAMES[model])
    places = np.array(data.draw(st.lists(st.floats(0.001, 1), min_size=size, max_size=size)))
    values = Cube(model, **SWITCHES[index]).physical(places)
    expected = places.copy()
    if index.startswith(("published", "tied")):
        expected[NAMES[model].index("tau_enz_decay")] = places[NAMES[model].index("km_assim")]
    back = Cube(model, **SWITCHES[index]).unit(values)
    np.testing.assert_allclose(back, expected, atol=1e-12)
    module = compas if model == "compas" else clm5
    module_values = module.from_unit(places, **SWITCHES[index])
    np.testing.assert_allclose(values, [module_values[name] for name in NAMES[model]])


def test_the_scale_of_enzymes_has_three_decades():
    places = np.tile(defaults("compas"), (3, 1))
    enzyme = NAMES["compas"].index("tau_enz_decay")
    places[:, enzyme] = [0.0, 0.5, 1.0]
    found = Cube("compas", prior="log").physical(places)[:, enzyme]
    np.testing.assert_allclose(found, [1e-3, 10**-1.5, 1.0])


# --- without a component's variation ------------------------------------------------------------


@BOTH
def test_what_does_not_vary_cannot_be_homogenised(cells, model):
    found = sensitivity.homogenise("tao2024", cells, model, **HIDDEN)
    quiet = found["deviation"].drop_sel(component="input")
    assert (quiet < 1e-9 * found["stock"].sel(component="none")).all()
    assert (found["deviation"].sel(component="input") > 0).all()
    silent = sensitivity.homogenise("tao2024", cells, model, npp_sd=0.0, **HIDDEN)
    assert float(silent["deviation"].max()) < 1e-9 * float(found["stock"][0])


@BOTH
def test_the_deviation_is_that_of_the_cells(cells, model):
    parameters = scattered(model, cells.size)
    found = sensitivity.homogenise(parameters, cells, model, chunk=50, **HIDDEN)
    base = globe.maps(parameters, cells, model, components=False, **HIDDEN)
    groups = Cube(model).groups()
    for component in ("decomposition", "allocation", "all"):
        names = NAMES[model] if component == "all" else groups[component]
        means = {name: np.full(cells.size, parameters[name].mean()) for name in names}
        flat = globe.maps(parameters | means, cells, model, components=False, **HIDDEN)
        change = np.abs(flat["stock"] - base["stock"]).sel(to_depth=1.0).where(base["kept"])
        expected = float((change * base["area"]).sum()) / 1e12
        assert float(found["deviation"].sel(component=component)) == pytest.approx(expected)
    stock = float(globe.total(base)["stock"].sel(to_depth=1.0))
    assert float(found["stock"].sel(component="none")) == pytest.approx(stock)
    assert (found["excluded"] == 0).all()
    deeper = sensitivity.homogenise(parameters, cells, model, depth=2.0, **HIDDEN)
    assert (deeper["stock"] > found["stock"]).all()


def test_the_input_gets_two_standard_deviations_more_or_less(cells, monkeypatch):
    found = sensitivity.homogenise("tao2024", cells, "clm5", npp_sd=0.15, **HIDDEN)
    none, changed = (float(found["stock"].sel(component=c)) for c in ("none", "input"))
    # CLM5 is linear in its input: every cell deviates by 30 %, up or down
    assert float(found["deviation"].sel(component="input")) == pytest.approx(0.3 * none)
    assert abs(changed - none) < 0.15 * none
    other = sensitivity.homogenise("tao2024", cells, "clm5", npp_sd=0.15, seed=4, **HIDDEN)
    assert float(other["stock"].sel(component="input")) != changed
    site = cells.cells["site"]
    own = cells.cells.assign(npp_sd=0.15 * cells.cells["npp"])
    same = globe.prepare(globe.planet("teaching", resolution=10).assign(npp_sd=own["npp_sd"]))
    assert (same.cells["site"] == site).all()
    third = sensitivity.homogenise("tao2024", same, "clm5", **HIDDEN)
    np.testing.assert_allclose(third["stock"], found["stock"])


def test_the_constant_may_be_the_mean_of_all_or_of_the_kept_estimates(cells):
    few = scattered("compas", 4, index="log", seed=3)
    estimate = np.array([few[name] for name in compas.NAMES]).T
    run = xr.Dataset(
        {
            "estimate": (("profile", "parameter"), estimate),
            "gelman_rubin_mean": ("profile", [1.0, 1.0, 1.2, 1.0]),
            "nse": ("profile", [0.5, 0.6, 0.7, -0.1]),
        },
        {"profile": list("abcd"), "parameter": list(compas.NAMES)},
        attrs={"model": "compas", **SWITCHES["log"]},
    )
    world = scattered("compas", cells.size, index="log")
    options = {**SWITCHES["log"], **HIDDEN, "components": ["cue"]}
    for select, chosen in {"published": [0, 1], "all": [0, 1, 2, 3]}.items():
        by_hand = {name: values[chosen] for name, values in few.items()}
        expected = sensitivity.homogenise(world, cells, sites=xr.Dataset(
            {name: ("profile", values) for name, values in by_hand.items()}
        ), **options)  # fmt: skip
        found = sensitivity.homogenise(world, cells, sites=run, select=select, **options)
        np.testing.assert_allclose(found["deviation"], expected["deviation"], rtol=1e-9)


def test_the_constant_may_be_the_mean_of_sites(cells):
    parameters = scattered("compas", cells.size)
    site = {name: ("profile", [2.0 * values.mean() / 2.0] * 3) for name, values in
            parameters.items()}  # fmt: skip
    data = xr.Dataset(site)
    data["q10"] = ("profile", parameters["q10"].mean() + np.array([-0.1, 0.1, np.nan]))
    of_cells = sensitivity.homogenise(parameters, cells, **HIDDEN)
    of_sites = sensitivity.homogenise(parameters, cells, sites=data, **HIDDEN)
    np.testing.assert_allclose(of_sites["deviation"], of_cells["deviation"], rtol=1e-9)
    stacked = data.to_dataarray("parameter")
    again = sensitivity.homogenise(parameters, cells, sites=stacked, **HIDDEN)
    np.testing.assert_allclose(again["deviation"], of_sites["deviation"])
    data["q10"] = ("profile", [2.9, 2.9, 2.9])
    warm = sensitivity.homogenise(parameters, cells, sites=data, **HIDDEN)
    assert float(warm["deviation"].sel(component="modifier")) > 5 * float(
        of_cells["deviation"].sel(component="modifier")
    )


def test_cells_that_lose_their_steady_state_are_counted(cells):
    tau = np.full(cells.size, 1.1)
    tau[:40] = 0.35  # only just feasible, with a CUE to match
    eta = np.full(cells.size, 0.2)
    eta[:40] = 0.69
    parameters = {"tau_mic": tau, "eta_doc": eta}
    base = globe.maps(parameters, cells, components=False, **HIDDEN)
    assert base["feasible"].all()
    found = sensitivity.homogenise(parameters, cells, **HIDDEN)
    flat = globe.maps(parameters | {"eta_doc": eta.mean()}, cells, components=False, **HIDDEN)
    lost = int((~flat["feasible"]).sum())
    assert int(found["excluded"].sel(component="cue")) == lost
    assert int(found["excluded"].sel(component="none")) == 0


def test_own_components_can_be_asked_for(cells):
    parameters = scattered("compas", cells.size)
    own = {"turnover": ["tau_mic"], "enzymes": ["tau_enz_decay"]}
    found = sensitivity.homogenise(parameters, cells, components=own, **HIDDEN)
    assert found["component"].values.tolist() == ["none", "turnover", "enzymes", "all"]
    some = sensitivity.homogenise(parameters, cells, components=["cue", "input"], **HIDDEN)
    assert some["component"].values.tolist() == ["none", "cue", "input", "all"]


def test_an_ensemble_gives_a_result_for_each_member(cells):
    members = [scattered("compas", cells.size, seed=seed) for seed in (1, 2)]
    both = {name: np.stack([m[name] for m in members]) for name in members[0]}
    options = {"components": ["modifier", "transfer"], **HIDDEN}
    for function in (sensitivity.homogenise, sensitivity.proportional):
        found = function(both, cells, **options)
        for k, member in enumerate(members):
            alone = function(member, cells, **options)
            xr.testing.assert_allclose(found.isel(member=k).drop_vars("member"), alone)


# --- explained variance -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pits():
    """Profiles made by the model itself, with their parameters and forcing."""
    places = forcing.from_climate(
        mat=np.linspace(-3, 25, 12), map=np.linspace(400, 2000, 12), latitude=np.linspace(60, 5, 12)
    )
    parameters = xr.Dataset(
        {name: ("profile", values) for name, values in scattered("compas", 12, seed=5).items()}
    )
    state = compas.steady_state(parameters.rename(profile="site"), places)
    depth = np.tile(grid.NODE[1:9], (12, 1))
    carbon = state["soc"].values[:, 1:9].copy()
    depth[3, 5:] = carbon[3, 5:] = np.nan
    observed = xr.Dataset(
        {"depth": (("profile", "layer"), depth), "carbon_density": (("profile", "layer"), carbon)}
    )
    return observed, parameters, places


def test_the_true_parameters_explain_everything(pits):
    observed, parameters, places = pits
    assert sensitivity.carbon_nse(parameters, observed, forcing=places) == pytest.approx(1.0)
    flat = {name: float(array.mean()) for name, array in parameters.items()}
    found = sensitivity.carbon_nse(flat, observed, forcing=places)
    modelled = compas.steady_state(flat, places)["soc"].values[:, 1:9]
    y = observed["carbon_density"].values
    there = np.isfinite(y)
    residual = ((modelled - y)[there] ** 2).sum()
    assert found == pytest.approx(1 - residual / ((y[there] - y[there].mean()) ** 2).sum())


def test_between_the_nodes_carbon_follows_a_monotone_cubic(pits):
    observed, parameters, places = pits
    between = observed.assign(depth=observed["depth"] + 0.013)
    found = sensitivity.carbon_nse(parameters, between, forcing=places)
    assert 0.9 < found < 0.99999


def test_explained_variance_is_lost_with_the_variation_that_made_it(cells, pits):
    observed, at_profiles, places = pits
    parameters = scattered("compas", cells.size)
    found = sensitivity.homogenise(
        parameters, cells, observations=observed, predicted=at_profiles, forcing=places,
        sites=at_profiles, **HIDDEN,
    )  # fmt: skip
    assert float(found["explained"].sel(component="none")) == pytest.approx(1.0)
    others = found["explained"].drop_sel(component="none")
    assert (others < 1.0).all()
    np.testing.assert_allclose(found["loss"], found["explained"] - 1.0, atol=1e-9)
    means = {name: float(array.mean()) for name, array in at_profiles.items()}
    alone = sensitivity.carbon_nse(means, observed, forcing=places)
    assert float(found["explained"].sel(component="all")) == pytest.approx(alone)


# --- more or less of a component ----------------------------------------------------------------


@BOTH
def test_a_curve_is_made_of_maps(cells, model):
    parameters = scattered(model, cells.size)
    found = sensitivity.proportional(
        parameters, cells, model, changes=[-0.1, 0.0, 0.1], components=["decomposition"],
        chunk=60, **HIDDEN,
    )  # fmt: skip
    places = Cube(model).unit(np.array(list(parameters.values())).T)
    maps = []
    for change in (-0.1, 0.0, 0.1):
        case = places.copy()
        for name in Cube(model).groups()["decomposition"]:
            case[:, NAMES[model].index(name)] *= 1 + change
        b = NAMES[model].index("b")
        case[:, b] = np.minimum(case[:, b], 0.98)
        values = Cube(model).physical(np.minimum(case, 1.0))
        maps.append(
            globe.maps(dict(zip(NAMES[model], values.T, strict=True)), cells, model, **HIDDEN)
        )
    kept = np.logical_and.reduce([m["kept"].values for m in maps])
    rate = np.array([m["decomposition_rate"].values[kept] for m in maps])
    expected = np.median(rate / rate[1] - 1, axis=1)
    here = found.isel(component=0)
    np.testing.assert_allclose(here["metric_change"], expected, rtol=1e-9, atol=1e-12)
    area = cells.cells["area"].values[kept]
    stock = np.array([m["stock"].values[kept, 1] @ area for m in maps])
    np.testing.assert_allclose(here["stock_change"], stock / stock[1] - 1, rtol=1e-9, atol=1e-12)
    assert int(here["excluded"]) == int((~kept).sum())


def test_cue_rises_with_faster_uptake_and_falls_with_slower(cells, monkeypatch):
    parameters = scattered("compas", cells.size)
    seen = []

    def recorded(cube, places):
        seen.append(np.asarray(places).copy())
        return original(cube, places)

    original = Cube.physical
    monkeypatch.setattr(Cube, "physical", recorded)
    sensitivity.proportional(
        parameters, cells, changes=[-0.05, 0.0, 0.05], components="cue", **HIDDEN
    )
    lower, base, upper = seen[0]
    for name, sign in (("eta_doc", 1), ("eta_ml", 1), ("tau_assim", -1), ("km_assim", -1)):
        column = NAMES["compas"].index(name)
        np.testing.assert_allclose(upper[:, column], base[:, column] * (1 + 0.05 * sign))
        np.testing.assert_allclose(lower[:, column], base[:, column] * (1 - 0.05 * sign))
    still = NAMES["compas"].index("tau_mic")
    np.testing.assert_array_equal(upper[:, still], base[:, still])


def test_a_modifier_scaled_directly_scales_doc_and_minerals(cells):
    # an exact property of the steady state: DOC and mSOC grow, microbes and enzymes shrink
    found = sensitivity.proportional(
        "tao2024", cells, changes=[-0.1, 0.0, 0.1], components="modifier", modifier="direct",
        **HIDDEN,
    )  # fmt: skip
    change = found["metric_change"].isel(component=0).values
    stock = found["stock_change"].isel(component=0).values
    base = globe.maps("tao2024", cells, **HIDDEN)
    share = float((base["microbial_share"] * base["stock"][:, 1] * base["area"]).sum())
    share /= float((base["stock"][:, 1] * base["area"]).sum())
    # less than the factor: weights shift downward, away from where microbes hold much
    assert 0.05 < change[2] < 0.1
    assert stock[2] < 0.1
    assert stock[2] == pytest.approx(0.1 * (1 - 2 * share), abs=0.02)


@BOTH
def test_more_input_is_as_much_more_carbon_in_a_linear_model_only(cells, model):
    found = sensitivity.proportional("tao2024", cells, model, components="input", **HIDDEN)
    change = found["stock_change"].isel(component=0).values
    np.testing.assert_allclose(found["metric_change"].isel(component=0), found["change"])
    if model == "clm5":
        np.testing.assert_allclose(change, found["change"], atol=1e-9)
    else:
        assert (np.abs(change) < 0.01).all()


def test_places_stay_between_the_bounds(cells):
    high = Cube("clm5").physical(np.full((cells.size, 21), 0.99))
    parameters = dict(zip(NAMES["clm5"], high.T, strict=True))
    parameters |= {"fs1s2": 0.5, "fs3s2": 0.05, "efolding": 0.5, "q10": 1.5, "fs2s1": 0.2}
    found = sensitivity.proportional(
        parameters, cells, "clm5", changes=[-0.2, 0.0, 0.2], components="allocation", **HIDDEN
    )
    upward = found["metric_change"].isel(component=0)[2]
    assert float(upward) == 0.0  # the place of b is held at 0.98


# --- what a larger stock needs ------------------------------------------------------------------


def curve(metric, stock, component="decomposition"):
    metric, stock = np.asarray(metric, float), np.asarray(stock, float)
    return xr.Dataset(
        {
            "metric_change": (("component", "change"), metric[np.newaxis]),
            "stock_change": (("component", "change"), stock[np.newaxis]),
        },
        {"component": [component], "change": np.arange(metric.size)},
    )


@given(power=st.floats(0.5, 6.0), sign=st.sampled_from([-1, 1]), target=st.floats(0.02, 0.2))
@settings(max_examples=40)
def test_a_power_law_is_read_off_exactly(power, sign, target):
    metric = np.linspace(-0.4, 0.4, 81)
    stock = (1 + metric) ** (sign * power) - 1
    found = sensitivity.needed(curve(metric, stock), target).isel(component=0)
    exact = (1 + target) ** (sign / power) - 1
    assert float(found["regression"]) == pytest.approx(exact, rel=1e-9)
    if abs(exact) < 0.4:
        assert float(found["interpolated"]) == pytest.approx(exact, abs=2e-3)
    else:
        assert np.isnan(found["interpolated"])


def test_beyond_the_curve_only_the_regression_answers():
    metric = np.linspace(-0.05, 0.05, 11)
    found = sensitivity.needed(curve(metric, metric)).isel(component=0)
    assert np.isnan(found["interpolated"])
    assert float(found["regression"]) == pytest.approx(0.1, rel=0.02)
    assert float(found["reached"]) == pytest.approx(0.05)


def test_a_curve_is_read_where_it_is_monotone():
    metric = np.linspace(-0.4, 0.4, 81)
    hump = 0.15 - (metric - 0.2) ** 2 * 3.75  # rises up to +0.2, then falls
    found = sensitivity.needed(curve(metric, hump)).isel(component=0)
    assert float(found["metric_low"]) == pytest.approx(-0.4)
    assert float(found["metric_high"]) == pytest.approx(0.2)
    assert float(found["reached"]) == pytest.approx(0.15)
    exact = 0.2 - np.sqrt(0.05 / 3.75)
    assert float(found["interpolated"]) == pytest.approx(exact, abs=1e-3)


def test_a_component_that_does_nothing_needs_no_number():
    flat = sensitivity.needed(curve(np.zeros(5), np.zeros(5))).isel(component=0)
    for name in ("interpolated", "regression"):
        assert np.isnan(flat[name])
    turned = sensitivity.needed(curve(np.linspace(-1, 1, 5) / 10, np.abs(np.linspace(-1, 1, 5))))
    assert float(turned["metric_low"][0]) == float(turned["metric_high"][0]) == 0.0


# --- what the papers found, on this planet ------------------------------------------------------


@pytest.fixture(scope="module")
def wide():
    """A grid fine enough for sums."""
    return globe.prepare(globe.planet("teaching", resolution=5))


#: Places over the testbed grid, mean and standard deviation, that a ridge regression learns from
#: the ISRaD profiles that the papers' filter keeps (179 with the index of the tables, 350 with the
#: published one; `soilnb run 34_proda_globe --size paper`), where they are not (0.5, 0.01).
LEARNT = {
    "table": {
        "eta_doc": (0.474, 0.055), "eta_cl_ll": (0.462, 0.042), "tau_decom": (0.700, 0.009),
        "km_decom": (0.677, 0.014), "tau_enz_prod": (0.568, 0.009), "tau_mic": (0.345, 0.054),
        "tau_enz_decay": (0.265, 0.048), "a_soc_mic": (0.602, 0.037), "w_scaling": (0.601, 0.018),
        "q10": (0.471, 0.013), "diffus": (0.473, 0.015), "b": (0.465, 0.041),
    },
    "published": {
        "eta_doc": (0.435, 0.109), "eta_ml": (0.518, 0.038), "eta_cl_ll": (0.451, 0.101),
        "km_assim": (0.514, 0.111), "tau_decom": (0.573, 0.011), "km_decom": (0.554, 0.032),
        "tau_ml": (0.492, 0.018), "tau_cl_ll": (0.493, 0.021), "tau_mic": (0.533, 0.054),
        "a_soc_mic": (0.501, 0.054), "w_scaling": (0.602, 0.037), "q10": (0.467, 0.048),
        "diffus": (0.478, 0.033), "b": (0.455, 0.050),
    },
}  # fmt: skip


def learnt(index, size=1, seed=None):
    """Parameters that were learnt: the mean everywhere, or scattered over cells."""
    mean, spread = np.array([LEARNT[index].get(n, (0.5, 0.01)) for n in NAMES["compas"]]).T
    places = np.tile(mean, (size, 1))
    if seed is not None:
        places += spread * np.random.default_rng(seed).standard_normal(places.shape)
    values = Cube("compas", **SWITCHES[index]).physical(np.clip(places, 0.01, 0.97))
    if seed is None:
        return dict(zip(NAMES["compas"], values[0].tolist(), strict=True))
    return dict(zip(NAMES["compas"], values.T, strict=True))


def needs(parameters, cells, index, **options):
    options = {"k_system": "published", **SWITCHES[index], **HIDDEN} | options
    curves = sensitivity.proportional(parameters, cells, **options)
    return curves, sensitivity.needed(curves)["regression"].to_series()


def check_bands(cells, parameters, index):
    _, need = needs(parameters, cells, index)
    assert -0.11 < need["decomposition"] < -0.07
    assert 0.10 < need["transfer"] < 0.13
    _, direct = needs(parameters, cells, index, modifier="direct", components="modifier")
    assert 0.10 < direct["modifier"] < 0.13


@pytest.mark.parametrize("parameters", ["tao2024", learnt("published")], ids=["means", "learnt"])
def test_ten_percent_more_carbon_needs_what_the_paper_says(wide, parameters):
    check_bands(wide, parameters, "published")


@pytest.mark.parametrize("index", ["table", "log", "published"])
def test_ten_percent_more_carbon_on_the_real_grid(data_root, index):
    """With the index of the tables the response is as large where litter and clay are real."""
    data_root("testbed")
    cells = globe.planet("testbed")
    cells = globe.prepare(cells.isel(site=slice(0, None, 5)))
    check_bands(cells, learnt("published" if index == "published" else "table"), index)


@pytest.mark.parametrize("index", ["table", "log", "published"])
def test_more_input_moves_carbon_by_less_than_a_percent(wide, index):
    curves, _ = needs("tao2024", wide, index, components="input")
    assert (np.abs(curves["stock_change"]) < 0.01).all()
    assert (np.abs(curves["stock_change"].sel(change=[-0.1, 0.1])) > 1e-5).all()


def test_where_enzymes_are_counted_decides_what_cue_can_do(wide):
    _, published = needs("tao2024", wide, "published", components="cue")
    assert 0.01 < published["cue"] < 0.04
    for parameters in ("tao2024", learnt("table")):
        _, table = needs(parameters, wide, "table", components="cue")
        assert table["cue"] < 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_enzymes_are_counted_decides_the_ranking(wide, seed):
    ratio = {}
    for index in ("table", "published"):
        parameters = learnt(index, wide.size, seed)
        found = sensitivity.homogenise(parameters, wide, **SWITCHES[index], **HIDDEN)
        deviation = found["deviation"].to_series().drop(["none", "all"])
        ratio[index] = deviation["cue"] / deviation.drop("cue").max()
    assert ratio["published"] >= 4
    assert ratio["table"] < 1


def test_the_cue_of_assimilated_profiles_is_that_of_doc():
    """At two fifths of the papers' length; chains of a fifth end nearer to the prior (r of .95).

    The search starts anywhere and takes nothing from the draws from the prior, so few will do.
    """
    profiles = observations.twin_profiles()
    some = profiles.isel(profile=np.linspace(0, profiles.sizes["profile"] - 1, 16).astype(int))
    found = proda.assimilate(
        some[{"profile": slice(0, None, 2)}], "compas", sampler="published", warmup=8_000,
        steps=20_000, samples=100, prior_draws=200, seed=0, jobs=1, **HIDDEN,
    )  # fmt: skip
    kept = found["nse"].values > 0
    assert kept.sum() >= 5
    cue = found["metric_estimate"].sel(metric="cue").values[kept]
    r = np.corrcoef(cue, found["estimate"].sel(parameter="eta_doc").values[kept])[0, 1]
    assert r >= 0.95


# --- what a component is learnt from ------------------------------------------------------------


class Linear:
    """A predictor that knows its weights."""

    def __init__(self, weights):
        self.weights = weights

    def predict(self, x):
        return x.to_numpy() @ self.weights


@pytest.fixture(scope="module")
def taught():
    rng = np.random.default_rng(8)
    x = pd.DataFrame(rng.random((400, 4)), columns=["warmth", "rain", "clay", "elevation"])
    weights = np.array([[0.5, 0.0], [0.2, 0.1], [0.0, 0.6], [0.0, 0.0]])
    noise = 0.05 * rng.standard_normal((400, 2))
    y = pd.DataFrame(x.to_numpy() @ weights + noise, columns=["q10", "eta_doc"])
    return Linear(weights), x, y


CATEGORIES = {
    "climate": ["warmth", "rain"], "structure": ["clay"], "geography": ["elevation"],
    "chemistry": [],
}  # fmt: skip
COMPONENTS = {"modifier": ("q10", "w_scaling"), "cue": ("eta_doc",), "allocation": ("b",)}


@pytest.mark.parametrize("permutation", ["permute", "uniform_draw"])
def test_a_component_leans_on_what_it_is_made_of(taught, permutation):
    found = sensitivity.permutation(
        *taught, CATEGORIES, COMPONENTS, permutation=permutation, repeats=40, **HIDDEN
    )
    assert found["component"].values.tolist() == ["modifier", "cue"]  # b is not predicted
    value = found["importance"].to_pandas()
    assert value.loc["climate", "modifier"] > 5
    assert value.loc["structure", "cue"] > 5
    assert value.loc["structure", "modifier"] == pytest.approx(1.0)
    assert (value.loc["geography"] - 1).abs().max() < 1e-12  # not used
    assert value.loc["chemistry"].isna().all()  # empty
    assert found["covariates"].values.tolist() == [2, 1, 1, 0]
    assert found["error"].values == pytest.approx([0.0025, 0.0025], rel=0.25)


def test_shuffling_costs_what_theory_says(taught):
    _, x, _ = taught
    found = sensitivity.permutation(*taught, CATEGORIES, COMPONENTS, repeats=300, **HIDDEN)
    noise = float(found["error"].sel(component="cue"))
    # two independent draws of clay differ by twice its variance
    expected = 1 + 2 * 0.6**2 * x["clay"].var(ddof=0) / noise
    value = found["importance"].sel(category="structure", component="cue")
    assert float(value) == pytest.approx(expected, rel=0.03)
    assert float(found["importance_sd"].sel(category="structure", component="cue")) > 0


def test_a_shuffle_keeps_rows_of_a_category_together_and_a_draw_is_one_number(taught):
    fitted, x, y = taught
    seen = []

    class Watched(Linear):
        def predict(self, given):
            seen.append(given.copy())
            return super().predict(given)

    watched = Watched(fitted.weights)
    climate = {"climate": ["warmth", "rain"]}
    for permutation in ("permute", "uniform_draw"):
        sensitivity.permutation(
            watched, x, y, climate, COMPONENTS, permutation=permutation, repeats=1, **HIDDEN
        )
    plain, shuffled, _, drawn = seen
    pd.testing.assert_frame_equal(plain, x)
    pairs = {tuple(row) for row in shuffled[["warmth", "rain"]].to_numpy()}
    assert pairs == {tuple(row) for row in x[["warmth", "rain"]].to_numpy()}
    assert not shuffled["warmth"].equals(x["warmth"])
    pd.testing.assert_frame_equal(shuffled[["clay"]], x[["clay"]])
    assert len(np.unique(drawn[["warmth", "rain"]])) == 1
    same, other = (
        sensitivity.permutation(*taught, CATEGORIES, COMPONENTS, repeats=3, seed=s, **HIDDEN)
        for s in (0, 1)
    )
    again = sensitivity.permutation(*taught, CATEGORIES, COMPONENTS, repeats=3, seed=0, **HIDDEN)
    xr.testing.assert_identical(same, again)
    assert not same["importance"].equals(other["importance"])


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: Cube("century"), "unknown model 'century'"),
        (lambda c: Cube("compas", "bound"), "unknown enzyme_turnover 'bound'"),
        (lambda c: Cube("clm5", "tied"), "unknown enzyme_turnover 'tied'"),
        (lambda c: sensitivity.homogenise("tao2024", c, prior="mine"), "unknown prior 'mine'"),
        (lambda c: sensitivity.homogenise("tao2024", c, index="table"), "now two switches"),
        (lambda c: sensitivity.homogenise("tao2024", c, depth=0.5), "unknown depth '0.5'|0.5"),
        (lambda c: sensitivity.homogenise("tao2024", c, npp_sd=0.7), "npp_sd = 0.7: allowed"),
        (lambda c: sensitivity.homogenise({"q10": [2.0, 2.1]}, c), "have 2 sites, the planet"),
        (
            lambda c: sensitivity.homogenise("tao2024", c, components=["roots"]),
            "unknown component 'roots'",
        ),
        (
            lambda c: sensitivity.homogenise("tao2024", c, components={"mine": ["tau"]}),
            "unknown parameter of component 'mine' 'tau'",
        ),
        (
            lambda c: sensitivity.homogenise("tao2024", c, predicted="tao2024"),
            "observations and predicted: allowed both or none",
        ),
        (
            lambda c: sensitivity.homogenise("tao2024", c, sites=xr.Dataset({"q10": 2.0})),
            "sites have no 'eta_doc'",
        ),
        (lambda c: sensitivity.homogenise("tao2024", c, sites=3), "sites is a int"),
        (
            lambda c: sensitivity.proportional("tao2024", c, changes=[-0.1, 0.1, 0.2]),
            "with 0 among them",
        ),
        (
            lambda c: sensitivity.proportional("tao2024", c, changes=[0.1, 0.0, -0.1]),
            "three or more, increasing",
        ),
        (
            lambda c: sensitivity.proportional("tao2024", c, modifier="q10"),
            "unknown value of modifier 'q10'",
        ),
        (
            lambda c: sensitivity.proportional("tao2024", c, components="roots"),
            "unknown component 'roots'",
        ),
        (lambda c: sensitivity.needed(curve([-1, 0, 1], [1, 0, 1]), 0.0), "target = 0"),
        (lambda c: sensitivity.needed(curve([-1, 0, 1], [1, 0, 1]), -1.0), "target = -1"),
        (lambda c: sensitivity.carbon_nse("tao2024", xr.Dataset()), "observations have no 'depth'"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_one_line(cells, call, message):
    with pytest.raises(InputError, match=message) as error:
        call(cells)
    assert "\n" not in str(error.value)


def test_tables_that_do_not_fit_the_predictor_are_refused(taught):
    fitted, x, y = taught
    arguments = (CATEGORIES, COMPONENTS)
    for call, message in (
        (lambda: sensitivity.permutation(fitted, x.to_numpy(), y, *arguments), "x is a ndarray"),
        (lambda: sensitivity.permutation(fitted, x[:9], y, *arguments), "x has 9 rows, y 400"),
        (lambda: sensitivity.permutation(fitted, x, y * np.nan, *arguments), "not finite"),
        (
            lambda: sensitivity.permutation(fitted, x.replace(x.iloc[3, 0], np.nan), y, *arguments),
            "no prediction at site 3: leave such sites out",
        ),
        (
            lambda: sensitivity.permutation(fitted, x, y, {"c": ["ph"]}, COMPONENTS),
            "unknown covariate of category 'c' 'ph'",
        ),
        (
            lambda: sensitivity.permutation(fitted, x, y, CATEGORIES, {"b": ("b",)}),
            "y has no parameter of b",
        ),
        (
            lambda: sensitivity.permutation(fitted, x, y[["q10"]], *arguments),
            r"the prediction has the shape \(400, 2\): allowed \(400, 1\)",
        ),
        (
            lambda: sensitivity.permutation(fitted, x, y, *arguments, permutation="shuffle"),
            "unknown permutation 'shuffle'",
        ),
        (lambda: sensitivity.permutation(fitted, x, y, *arguments, repeats=0), "repeats = 0"),
    ):
        with pytest.raises(InputError, match=message):
            call()
