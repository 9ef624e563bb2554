"""System-level metrics against sums written out by hand, and the switches of the published code."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.parameters import InputError
from soilnb.profile import clm5, compas, forcing, grid
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.layered import diagnostics

BOREAL = forcing.example("boreal").assign(
    nitrogen_scalar=0.6 * forcing.example("boreal")["nitrogen_scalar"],
    oxygen_scalar=0.8 * forcing.example("boreal")["oxygen_scalar"],
)
PLACE = kernel_forcing.prepare(BOREAL)
DZ = grid.THICKNESS
P = dict(compas.PARAMETER_SETS["tao2024"])
Q = dict(clm5.PARAMETER_SETS["tao2024"])


def state(model):
    found = model.steady_state("tao2024", PLACE)["carbon"]
    return {str(pool): found.sel(pool=pool).values for pool in found["pool"].values}


def compas_fluxes():
    """Decay of each pool [20] in g C m-2 yr-1 by layer, and the modifiers."""
    x, m = state(compas), compas.matrices("tao2024", PLACE)
    rate = {str(pool): (m.K * m.xi).sel(pool=pool).values for pool in m.K["pool"].values}
    return {pool: x[pool] * rate[pool] * DZ for pool in x}, m.xi.sel(pool="mic").values


def system(parameters="tao2024", model="compas", **options):
    return diagnostics.system(parameters, PLACE, model, **options)


def test_cue_is_growth_over_uptake():
    """Tao et al. 2023, Eq. 10, written out."""
    flux, _ = compas_fluxes()
    taken = {
        "ml": (1 - P["a_doc_ml"]) * flux["ml"], "cl": (1 - P["a_doc_cl"]) * flux["cl"],
        "ll": (1 - P["a_soc_ll"]) * flux["ll"], "doc": flux["doc"],
    }  # fmt: skip
    eta = {"ml": 0.66, "cl": 0.16, "ll": 0.16, "doc": 0.27}
    growth = sum(eta[pool] * taken[pool].sum() for pool in taken)
    expected = growth / sum(f.sum() for f in taken.values())
    assert float(system()["cue"]) == pytest.approx(expected, rel=1e-10)


def test_at_rest_all_that_microbes_respire_has_come_in():
    """1 - CUE = respiration / uptake, and in COMPAS only microbes respire."""
    flux, _ = compas_fluxes()
    uptake = (
        (1 - P["a_doc_ml"]) * flux["ml"] + (1 - P["a_doc_cl"]) * flux["cl"]
        + (1 - P["a_soc_ll"]) * flux["ll"] + flux["doc"]
    ).sum()  # fmt: skip
    litter = float(BOREAL["litter_input"].sum())
    assert 1 - float(system()["cue"]) == pytest.approx(litter / uptake, rel=1e-10)


def test_the_published_cue_counts_the_microbial_share_twice_and_leaves_nitrogen_out():
    flux, _ = compas_fluxes()
    nitrogen = 0.6
    p = {"ml": P["a_doc_ml"], "cl": P["a_doc_cl"], "ll": P["a_soc_ll"]}
    eta = {"ml": 0.66, "cl": 0.16, "ll": 0.16}
    growth, uptake = 0.27 * flux["doc"].sum(), flux["doc"].sum()
    for pool, direct in p.items():
        decayed = flux[pool].sum() / nitrogen
        growth += (1 - direct) * eta[pool] * (1 - direct) * decayed
        uptake += (1 - direct) * decayed
    found = system(cue_flux="published")
    assert float(found["cue"]) == pytest.approx(growth / uptake, rel=1e-10)
    assert float(found["cue"]) < float(system()["cue"])
    assert found.attrs["cue_flux"] == "published"


def test_non_microbial_transfer_is_that_of_four_paths():
    flux, _ = compas_fluxes()
    kd, ke = 1 / P["tau_mic"], 1 / P["tau_enz_prod"]
    share = {"ml": 0.05, "cl": 0.17, "ll": 0.78, "mic": 0.47 * kd / (kd + ke)}
    total = sum(flux[pool].sum() for pool in share)
    expected = sum(share[pool] * flux[pool].sum() for pool in share) / total
    assert float(system()["non_microbial_transfer"]) == pytest.approx(expected, rel=1e-10)
    share["mic"] = 0.47
    size = {pool: flux[pool].sum() / (1 if pool == "mic" else 0.6) for pool in share}
    expected = sum(share[pool] * size[pool] for pool in share) / sum(size.values())
    found = system(transfer_flux="published")["non_microbial_transfer"]
    assert float(found) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("name", "model"), [("compas", compas), ("clm5", clm5)])
def test_transfer_efficiency_is_what_is_not_respired(name, model):
    """Tao et al. 2024, Eq. 10 over all pools but wood: at rest 1 - input / decay."""
    m = model.matrices("tao2024", PLACE)
    flux = state(model)
    decay = sum(
        (flux[pool] * (m.K * m.xi).sel(pool=pool).values * DZ).sum()
        for pool in flux
        if pool != "cwd"
    )
    expected = 1 - float(BOREAL["litter_input"].sum()) / decay
    assert float(system(model=name)["transfer_efficiency"]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("name", "model"), [("compas", compas), ("clm5", clm5)])
def test_transfer_efficiency_may_count_all_pools_as_printed_or_those_that_respire(name, model):
    """With A of the model: Eq. 10 over every pool, or over the pools whose column lacks carbon."""
    m = model.matrices("tao2024", PLACE)
    flux = (m.K * m.xi * model.steady_state("tao2024", PLACE)["carbon"] * DZ).sum("layer")
    passed = m.A.clip(min=0).sum("pool").rename(from_pool="pool")
    for pools, counted in {"printed": passed >= 0, "respiring": passed < 1 - 1e-12}.items():
        expected = float((flux * passed).where(counted).sum() / flux.where(counted).sum())
        found = system(model=name, cte_pools=pools)
        assert float(found["transfer_efficiency"]) == pytest.approx(expected, rel=1e-9), pools
        assert found.attrs["cte_pools"] == pools


def test_transfer_efficiency_follows_sand_where_transfers_do():
    m = clm5.matrices("default", PLACE)
    x = clm5.steady_state("default", PLACE)["carbon"]
    decay = (m.K * m.xi * x * DZ).isel(pool=slice(1, None)).sum()
    expected = 1 - float(BOREAL["litter_input"].sum()) / float(decay)
    found = diagnostics.system("default", PLACE, "clm5")["transfer_efficiency"]
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_the_published_transfer_efficiency_of_clm5_leaves_nitrogen_and_oxygen_out():
    x = state(clm5)
    shown = kernel_forcing.modifiers(BOREAL, 1.0, 1.5, 0.5)
    xi = (
        shown["temperature"].mean("month") * shown["water"].mean("month") * shown["depth_factor"]
    ).values
    links = [
        ("ml", 0.45, "tau4l1"), ("cl", 0.5, "tau4l2"), ("ll", 0.5, "tau4l2"),
        ("soc1", Q["fs2s1"] + Q["fs3s1"], "tau4s1"), ("soc2", 0.45, "tau4s2"),
        ("soc3", 0.45, "tau4s3"),
    ]  # fmt: skip
    flux = [(x[pool] / Q[tau] * xi * DZ).sum() for pool, _, tau in links]
    expected = np.dot([share for _, share, _ in links], flux) / np.sum(flux)
    found = system(model="clm5", transfer_flux="published")["transfer_efficiency"]
    assert float(found) == pytest.approx(expected, rel=1e-10)


def test_decomposition_rate_is_weighted_by_stocks():
    x, xi = state(compas), compas_fluxes()[1]
    half = P["km_decom"] * xi + x["msoc"]
    rate = {
        "cwd": 1 / 3.5, "ml": 0.05 / 0.049, "cl": 0.17 / 0.2, "ll": 0.78 / 0.2,
        "mic": 1 / 1.1 + 1 / 22, "enz": 1 / 0.04,
    }  # fmt: skip
    litter, soil = ("cwd", "ml", "cl", "ll"), ("mic", "enz", "msoc")

    def mean(pools):
        return sum((rate[p] * x[p] * DZ).sum() for p in pools) / sum(
            (x[p] * DZ).sum() for p in pools
        )

    rate["msoc"] = x["enz"] / P["tau_decom"] / half
    assert float(system()["decomposition_rate"]) == pytest.approx(mean(litter) + mean(soil))
    rate["msoc"] = 2 * x["enz"] / P["tau_decom"] * P["km_decom"] * x["msoc"] * xi / half**3
    found = system(k_system="published")["decomposition_rate"]
    assert float(found) == pytest.approx(mean(litter + soil))


def test_decomposition_of_the_soil_is_that_of_its_pools_in_both_models():
    """Tao et al. 2024, Eqs. 7 and 11."""
    m, x = compas.matrices("tao2024", PLACE), state(compas)
    pools = ("doc", "mic", "enz", "msoc")
    stock = {pool: x[pool] * DZ for pool in pools}
    total = sum((m.K.sel(pool=pool).values * stock[pool]).sum() for pool in pools)
    found = system(k_system="soil")["decomposition_rate"]
    assert float(found) == pytest.approx(total / sum(s.sum() for s in stock.values()), rel=1e-10)
    assert float(found) < float(system()["decomposition_rate"])
    same = system(model="clm5", k_system="soil")["decomposition_rate"]
    assert float(same) == float(system(model="clm5")["decomposition_rate"])


def test_decomposition_rate_of_clm5_is_that_of_its_three_soil_pools():
    x = state(clm5)
    stock = {i: (x[f"soc{i}"] * DZ).sum() for i in (1, 2, 3)}
    expected = sum(stock[i] / Q[f"tau4s{i}"] for i in stock) / sum(stock.values())
    assert float(system(model="clm5")["decomposition_rate"]) == pytest.approx(expected)


@pytest.mark.parametrize(("name", "model"), [("compas", compas), ("clm5", clm5)])
def test_transport_and_environment_are_weighted_by_carbon(name, model):
    x, m, p = state(model), model.matrices("tao2024", PLACE), dict(model.PARAMETER_SETS["tao2024"])
    soil = sum(v for pool, v in x.items() if pool not in ("cwd", "ml", "cl", "ll")) * DZ
    moving = sum(x[pool] for pool in ("ml", "cl", "ll")) * DZ if model is compas else soil
    found = system(model=name)
    leaving = -np.diag(m.V.values)
    assert float(found["transport_rate"]) == pytest.approx((leaving * moving).sum() / moving.sum())
    shown = kernel_forcing.modifiers(BOREAL, p["w_scaling"], p["q10"], p.get("efolding", 0.5))
    xi = shown["temperature"].mean("month") * shown["water"].mean("month") * shown["depth_factor"]
    expected = (xi.values * soil).sum() / soil.sum()
    assert float(found["environmental_modifier"]) == pytest.approx(expected)
    litter = float(BOREAL["litter_input"].sum())
    assert float(found["soil_residence_time"]) == pytest.approx(soil.sum() / litter)
    every = sum((v * DZ).sum() for v in x.values())
    assert float(found["residence_time"]) == pytest.approx(every / litter)


@pytest.mark.parametrize("b", [0.72, 0.99])
def test_input_allocation_is_the_printed_index(b):
    """Of the layers above the deepest: 1 - Y there is b^z less what lies below the column."""
    rest = b ** (100 * grid.BOTTOM[:-1]) - b**860
    each = np.exp(np.log(rest / (1 - b**860)) / (100 * grid.NODE[:-1]))
    found = diagnostics.system({"b": b}, PLACE, "compas")["input_allocation"]
    assert float(found) == pytest.approx(each.mean() ** 5, rel=1e-9)


def test_the_published_input_allocation_counts_what_does_not_round_to_zero():
    above = np.cumsum(compas.matrices("tao2024", PLACE).B.sum("pool").values * DZ)
    counted = above < 1
    counted[-1] = False
    assert 8 <= counted.sum() <= 11
    each = np.exp(np.log(1 - above[counted]) / (100 * grid.NODE[counted]))
    found = system(b_system="published")["input_allocation"]
    assert float(found) == pytest.approx(each.mean() ** 5, rel=0.1)


@given(b=st.floats(0.5, 0.99))
@settings(max_examples=20)
def test_deeper_input_has_a_higher_allocation(b):
    found = diagnostics.system({"b": [b, b + 0.005]}, PLACE, "compas")["input_allocation"]
    assert float(found.diff("site")[0]) > 0


def test_litter_that_stays_on_top_has_no_allocation():
    frozen = BOREAL.assign(
        active_layer=0 * BOREAL["active_layer"], active_layer_last_year=0 * BOREAL["active_layer"]
    )
    assert float(diagnostics.system("tao2024", frozen, "compas")["input_allocation"]) == 0


def test_cue_of_the_system_follows_that_of_doc():
    """Tao et al. 2023: r = 0.98 between CUE_system and eta_DOC over their profiles."""
    u = np.random.default_rng(5).uniform(size=(400, 23))
    parameters = compas.from_unit(u)
    found = diagnostics.system(parameters, PLACE)
    exists = found["feasible"].values
    assert np.isnan(found["cue"].values[~exists]).all()
    r = np.corrcoef(found["cue"].values[exists], parameters["eta_doc"][exists])[0, 1]
    assert r > 0.9


@pytest.mark.parametrize(("name", "model"), [("compas", compas), ("clm5", clm5)])
def test_many_places_are_each_place_alone(name, model):
    places = forcing.from_climate(mat=np.linspace(0, 26, 9), map=900.0, latitude=45.0)
    together = diagnostics.system({"q10": np.linspace(1.4, 2.0, 9)}, places, name)
    alone = diagnostics.system({"q10": 2.0}, places.isel(site=8), name)
    for metric in alone.data_vars:
        np.testing.assert_allclose(together[metric][8], alone[metric], rtol=1e-10)
        assert together[metric].attrs["units"]


def test_the_metrics_of_a_state_that_is_not_at_rest():
    warm = BOREAL.assign(soil_temperature=BOREAL["soil_temperature"] + 3)
    start = compas.steady_state("tao2024", BOREAL)["carbon"]
    moved = diagnostics.system("tao2024", warm, "compas", carbon=start)
    assert float(moved["residence_time"]) == pytest.approx(float(system()["residence_time"]))
    assert float(moved["environmental_modifier"]) > float(system()["environmental_modifier"])


def test_the_model_follows_from_the_names_of_the_parameters():
    assert diagnostics.system({"eta_doc": 0.3}, PLACE).attrs["model"] == "COMPAS"
    assert diagnostics.system({"tau4s1": 0.2}, PLACE).attrs["model"] == "CLM5"
    for unclear in ("tao2024", {"q10": 2.0}):
        with pytest.raises(InputError, match="model is not given and does not follow"):
            diagnostics.system(unclear, PLACE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "century"}, r"unknown model 'century'; valid: compas, clm5"),
        ({"cue_flux": "twice"}, r"unknown cue_flux 'twice'; valid: equation, published"),
        ({"k_system": "equation"}, r"unknown k_system 'equation'; valid: printed, published"),
        ({"transfer_flux": "?"}, r"unknown transfer_flux '\?'"),
        ({"cte_pools": "?"}, r"unknown cte_pools '\?'"),
    ],
)
def test_unknown_switches_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        diagnostics.system("tao2024", PLACE, **({"model": "compas"} | options))
