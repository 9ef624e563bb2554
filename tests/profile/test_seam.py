"""What must be true of every model of the registry, whatever solver it brings along."""

import numpy as np
import pytest
from one_soil import SOIL

from soilnb.cue import diagnosed
from soilnb.parameters import InputError, ParameterSet
from soilnb.profile import clm5, compas, depth, forcing
from soilnb.profile.layered import LayeredModel, diagnostics
from soilnb.profile.mimics import MicrobialExtinctionWarning
from soilnb.profile.model import Model, SteadyStateError, air, boxes, models

each = pytest.mark.parametrize("model", models().values(), ids=models())
DEEP = {name: model for name, model in models().items() if name not in boxes()}
each_deep = pytest.mark.parametrize("model", DEEP.values(), ids=DEEP)

#: Coarse cells for the profile: its modes are those of a matrix of all cells.
PLACES = {"depth": {"thickness": 0.1}}


def place(model):
    name = next(key for key, other in models().items() if other is model)
    return SOIL if name in boxes() else PLACES.get(name, model.example)


def through(model, found, kind):
    """What came through the border of a soil, summed over `gains` or `losses`."""
    return sum(found[name] for name in getattr(model, kind) if name in found)


def amounts(model, found):
    """Carbon of each pool in g C m-2 of its cell, from a result of the model."""
    if model.axes == ("pool",):
        return 1e3 * found["carbon"]
    if "thickness" in found.coords:
        return found["carbon"] * found["thickness"]
    return found["carbon"] * (found["bottom"] - found["top"])


@each
def test_one_object_says_what_a_model_is(model):
    assert isinstance(model, Model)
    assert model.name
    assert model.source
    assert model.module.startswith("soilnb.profile.")
    assert all(isinstance(chosen, ParameterSet) for chosen in model.sets.values())
    assert model.default == next(iter(model.sets))
    for label, name in model.pools.items():
        assert label
        assert name


@each
def test_at_rest_as_much_leaves_as_comes_in(model):
    soil = model.steady_state(place(model))
    gained, lost = float(through(model, soil, "gains")), float(through(model, soil, "losses"))
    assert gained > 0
    assert lost == pytest.approx(gained, rel=1e-10)
    assert (soil["carbon"] >= 0).all()
    assert set(soil[model.axes[0]].values) <= set(model.pools)
    assert soil["carbon"].dims == model.axes
    assert float(model.total(soil)) == pytest.approx(float(amounts(model, soil).sum()), rel=1e-12)


@each
def test_a_run_keeps_its_books(model):
    soil = model.steady_state(place(model))
    times = [0.0, 0.7, 30.0, 200.0]
    run = model.simulate(place(model), times, initial=0.4 * soil["carbon"])
    total = model.total(run)
    passed = sum(
        sign * run[f"cumulative_{name}"]
        for kind, sign in (("gains", 1), ("losses", -1))
        for name in getattr(model, kind)
        if f"cumulative_{name}" in run
    )
    error = abs(total - total.isel(time=0) - passed) / (total + run["cumulative_input"])
    assert float(error.max()) < 1e-12
    assert (run["carbon"] >= 0).all()
    assert float(total[-1]) > float(total[0])


@each
def test_a_steady_state_stays_where_it_is(model):
    soil = model.steady_state(place(model))
    run = model.simulate(place(model), [0.0, 5.0, 300.0], initial=soil)
    end = run["carbon"].isel(time=-1)
    np.testing.assert_allclose(end, soil["carbon"], rtol=1e-6, atol=1e-9 * float(end.max()))


@each
def test_the_ledger_of_a_model_comes_to_rest_where_its_own_solver_does(model):
    """The kernels and the ledger say the same twice: in each cell of each pool nothing changes."""
    asked = model.ask(place(model), None)
    state = model.state(asked, model.steady_state(place(model)))
    size = asked.system.entries(state)["input"].sum()
    np.testing.assert_allclose(asked.system.tendency(state), 0, atol=1e-10 * size)
    soil, flux = model.steady_state(place(model)), model.fluxes(place(model))
    assert float(flux["respiration"]) == pytest.approx(float(soil["respiration"]), rel=1e-10)
    assert float(flux["input"]) == pytest.approx(float(through(model, soil, "gains")), rel=1e-12)
    assert float(flux["change"]) == pytest.approx(0, abs=1e-9 * float(flux["input"]))
    out = float(flux["respiration"] + flux["export"])
    assert out == pytest.approx(float(flux["input"]), rel=1e-10)


@each
def test_away_from_rest_the_ledger_tells_where_a_run_goes(model):
    soil = model.steady_state(place(model))
    before = 0.7 * soil["carbon"]
    step = 1e-5
    run = model.simulate(place(model), [0.0, step], initial=before)
    moved = (model.total(run)[1] - model.total(run)[0]) / step
    told = model.fluxes(place(model), carbon=before)
    assert float(moved) == pytest.approx(float(told["change"]), rel=1e-3)
    every = told["input"] - told["respiration"] - told["export"]
    assert float(told["change"]) == pytest.approx(float(every), rel=1e-9)


@each
def test_its_fluxes_share_out_what_leaves_each_pool(model):
    told = model.fluxes(place(model))
    whole = told["flux"].sum(model.axes[1:]).groupby("kind").sum()
    assert (told["flux"] >= 0).all()
    assert told["flux"].attrs["units"] == "g C m-2 yr-1"
    taken = sum(
        float(whole.sel(kind=kind)) for kind in ("uptake", "transfer") if kind in whole["kind"]
    )
    assert float(told["uptake"]) == pytest.approx(taken, rel=1e-12)


@each
def test_small_disturbances_die_away(model):
    modes = model.eigenvalues(place(model))
    rounding = 1e-13 * float(abs(modes["real_part"]).max())  # deep layers hardly change
    assert (modes["real_part"] < rounding).all()
    assert (modes["e_folding_time"].where(modes["real_part"] < -rounding, 1.0) > 0).all()
    assert modes["real_part"].attrs["units"] == "yr-1"


@each
def test_what_leaves_is_as_old_as_stock_over_input(model):
    ages, soil = model.ages(place(model)), model.steady_state(place(model))
    known = ~np.isnan(ages["age"])
    moving = float(amounts(model, soil).where(known, 0.0).sum())
    gained = float(through(model, soil, "gains"))
    assert float(ages["transit_time"]) == pytest.approx(moving / gained, rel=1e-9)
    mean = float((amounts(model, soil) * ages["age"]).sum()) / moving
    assert float(ages["system_age"]) == pytest.approx(mean, rel=1e-9)
    assert (ages["age"].where(known, 1.0) > 0).all()
    if model.axes == ("pool",):  # one layer, and all of it is sampled
        assert float(ages["sample_age"]) == pytest.approx(float(ages["system_age"]), rel=1e-9)
    told = model.fluxes(place(model))
    if float(told["export"]) == 0 and model.axes == ("pool",):
        assert float(ages["turnover_time"]) == pytest.approx(float(ages["transit_time"]), rel=1e-9)


@each
def test_its_links_name_pools_and_sinks(model):
    links = model.links()
    assert list(links) == ["source", "target", "kind", "via", "share"]
    assert links.loc[links["source"] == "litter", "share"].sum() == pytest.approx(1)
    assert set(links["source"]) - {"litter"} <= set(model.pools)
    assert set(links["target"]) <= {*model.pools, "CO2", "export"}
    assert (links["share"] > 0).all()
    assert (links["share"] <= 1 + 1e-12).all()


@each
def test_its_diagnosed_efficiency_is_a_share(model):
    passes_on = (model.links()["kind"].isin(["uptake", "transfer"])).any()
    cue = float(diagnosed(model.fluxes(place(model))))
    assert 0 <= cue < 1
    assert (cue > 1e-9) == passes_on


@each
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"parameters": "nowhere"}, "unknown parameter set 'nowhere'"),
        ({"parameters": {"nothing": 1.0}}, "unknown parameter of"),
        ({"initial": [-1.0]}, "initial"),
        ({"time": [2.0, 1.0]}, "time must increase"),
    ],
)
def test_bad_input_is_refused_in_one_line(model, arguments, words):
    with pytest.raises(InputError) as caught:
        model.simulate(place(model), **{"time": [1.0], **arguments})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


#: A cold soil of clay has two steady states in MIMICS: in the other one K strategists are extinct.
COLD = {"temperature": 0.0, "clay": 0.65, "npp": 250.0, "lignin_to_n": 20.0}


def test_all_that_follows_from_a_steady_state_speaks_of_the_one_that_is_shown():
    mimics = boxes()["mimics"]
    soil = mimics.steady_state(COLD)
    assert float(soil["carbon"].sel(pool="MICK")) > 0
    assert bool(soil["stable"])
    assert float(mimics.eigenvalues(COLD)["real_part"].max()) < 0
    ages = mimics.ages(COLD)
    assert np.isfinite(ages["age"]).all()
    stock = 1e3 * float(soil["carbon"].sum())
    assert float(ages["transit_time"]) == pytest.approx(stock / COLD["npp"])
    of_all = 1e3 * float((soil["carbon"] * ages["age"]).sum())
    assert float(ages["system_age"]) == pytest.approx(of_all / stock)
    assert np.isfinite(mimics.radiocarbon(COLD, air.constant())["delta14c"]).all()
    told = mimics.fluxes(COLD)
    assert float(told["uptake"]) == pytest.approx(float(soil["uptake"]), rel=1e-9)


def test_ages_are_those_of_the_steady_state_that_is_meant():
    """Without K strategists there is another: that of a set in which they cannot live."""
    mimics = boxes()["mimics"]
    weak = {"cue_k_metabolic": 0.01, "cue_k_structural": 0.01}
    with pytest.warns(MicrobialExtinctionWarning):
        without = mimics.steady_state(COLD, weak)["carbon"]
    assert float(without.sel(pool="MICK")) == 0
    ages = mimics.ages(COLD, carbon=without)
    assert np.isnan(ages["age"].sel(pool="MICK"))
    stock = 1e3 * float(without.sum())
    assert float(ages["transit_time"]) == pytest.approx(stock / COLD["npp"])
    both = float(mimics.ages(COLD)["transit_time"])
    assert abs(stock / COLD["npp"] / both - 1) > 0.05


# --- layers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["conservative", "published"])
@pytest.mark.parametrize("name", ["compas", "clm5"])
def test_modes_and_ages_of_layers_are_those_of_their_matrices(name, transport):
    """The same from B, A, xi, K and V, which the papers print."""
    model, here = models()[name], forcing.example("boreal")
    module = {"compas": compas, "clm5": clm5}[name]
    m = module.matrices("tao2024", here, transport=transport)
    ages = model.ages(here, "tao2024", transport=transport)
    carbon = module.steady_state("tao2024", here, transport=transport)["carbon"].values.ravel()
    years = np.linalg.solve(-m.operator().values, carbon).reshape(ages["age"].shape)
    found = (ages["age"] * carbon.reshape(years.shape)).fillna(0.0)
    np.testing.assert_allclose(found, years, rtol=1e-7, atol=1e-9 * years.max())
    if module is clm5:  # a linear model: its matrix is its Jacobian
        modes = model.eigenvalues(here, "tao2024", transport=transport)
        expected = np.sort(np.linalg.eigvals(m.operator().values).real)
        np.testing.assert_allclose(modes["real_part"], expected, rtol=1e-6, atol=1e-12)


def test_the_diagnosed_efficiency_of_compas_is_that_of_the_paper():
    """1 - R / U of the ledger, and Tao et al. 2023, Eq. 10."""
    places = forcing.from_climate(mat=np.array([2.0, 14.0, 25.0]), map=900.0, latitude=45.0)
    found = diagnosed(compas.MODEL.fluxes(places, {"eta_doc": 0.4}))
    expected = diagnostics.system({"eta_doc": 0.4}, places)["cue"]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_its_links_are_those_of_the_matrix():
    for module in (compas, clm5):
        shares = module.transfer_matrix("tao2024")
        links = module.MODEL.links(parameters="tao2024")
        inside = links[(links["source"] != "litter") & (links["target"] != "CO2")]
        drawn = set(zip(inside["target"], inside["source"], strict=True))
        printed = {(to, of) for of in shares for to in shares.index if shares.loc[to, of] > 0}
        assert drawn == printed


def test_many_columns_are_each_column_alone():
    places = forcing.from_climate(mat=np.linspace(0, 26, 3), map=900.0, latitude=45.0)
    for module in (compas, clm5):
        together = module.MODEL.ages(places)
        alone = module.MODEL.ages(places.isel(site=2))
        np.testing.assert_allclose(together["age"][2], alone["age"], rtol=1e-9)
        modes = module.MODEL.eigenvalues(places.isel(site=[2, 2]))
        np.testing.assert_allclose(modes["real_part"][0], modes["real_part"][1], rtol=1e-12)


def test_where_there_is_no_steady_state_there_are_no_modes():
    with pytest.raises(SteadyStateError, match="COMPAS: there is no steady state"):
        compas.MODEL.eigenvalues(forcing.example("temperate"), {"tau_mic": 0.0})


def test_the_fast_path_is_that_of_the_module():
    here = forcing.example("temperate")
    for module in (compas, clm5):
        assert isinstance(module.MODEL, LayeredModel)
        mine, theirs = module.MODEL.steady_state(here), module.steady_state("tao2024", here)
        assert mine.identical(theirs)


def test_a_profile_has_its_parameters():
    soil = depth.profile("sierra2024")
    assert depth.MODEL.steady_state(soil).identical(depth.steady_state("sierra2024"))
    with pytest.raises(InputError, match="not allowed beside a Profile"):
        depth.MODEL.steady_state(soil, "cropland")


@each_deep
def test_its_parameters_have_a_source_and_a_meaning(model):
    for chosen in model.sets.values():
        for record in chosen.records.values():
            assert record.meaning
            assert record.source
            assert record.unit
