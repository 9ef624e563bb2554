"""CLM5's soil: its own parameter file, the dense solve, linearity, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import netcdf_file

from soilnb.parameters import InputError
from soilnb.profile import clm5, forcing, grid
from soilnb.profile.forcing import kernel_forcing

TEMPERATE = forcing.example("temperate")
PREPARED = {name: kernel_forcing.prepare(forcing.example(name)) for name in forcing.EXAMPLES}
SECONDS = 365 * 24 * 3600


def carbon(parameters, place="temperate", **options):
    place = PREPARED[place] if isinstance(place, str) else place
    found = clm5.steady_state(parameters, place, **options)
    assert found["feasible"].all()
    return found["carbon"]


# --- CLM5's own numbers -----------------------------------------------------------------------


def test_the_default_set_is_the_parameter_file_of_clm5(data_root):
    with netcdf_file(data_root("clm5") / "clm5_params.c171117.nc", mmap=False) as file:
        single = {name: v[()] for name, v in file.variables.items() if np.size(v[()]) == 1}
    value = {name: float(np.ravel(v)[0]) for name, v in single.items() if v.dtype.kind == "f"}
    p = clm5.PARAMETER_SETS["default"]
    rate = {
        "tau4cwd": "tau_cwd", "tau4l1": "tau_l1", "tau4l2": "tau_l2_l3", "tau4s1": "tau_s1",
        "tau4s2": "tau_s2", "tau4s3": "tau_s3", "q10": "q10_hr",
        "efolding": "decomp_depth_efolding",
    }  # fmt: skip
    for name, upstream in rate.items():
        assert p[name] == pytest.approx(value[upstream], rel=1e-6), name
    assert value["froz_q10"] == value["q10_hr"]
    kept = {"fs1l1": "rf_l1s1_bgc", "fs1l2": "rf_l2s1_bgc", "fs2l3": "rf_l3s2_bgc"}
    kept |= {"fs1s3": "rf_s3s1_bgc", "fl2cwd": "cwd_flig"}
    for name, upstream in kept.items():
        assert p[name] == pytest.approx(1 - value[upstream], rel=1e-6), name
    assert p["fs1s2"] == pytest.approx(0.42 / 0.45 * (1 - value["rf_s2s1_bgc"]), rel=1e-6)
    assert p["fs3s2"] == pytest.approx(0.03 / 0.45 * (1 - value["rf_s2s3_bgc"]), rel=1e-6)
    assert p["diffus"] == pytest.approx(value["som_diffus"] * SECONDS, rel=1e-5)
    assert p["cryo"] == pytest.approx(value["cryoturb_diffusion_k"] * SECONDS, rel=1e-5)


def test_the_defaults_are_those_of_the_printed_table():
    """Tao et al. 2024, Supplementary Table 1; None where it prints no number."""
    table = clm5.PARAMETER_SETS["tao2024"].table()
    rows = {
        "fs3s1": (None, 0, 0.05), "fs3s2": (0.03, 0, 0.1), "fs2s1": (None, 0, 0.4),
        "fs2l3": (0.5, 0.2, 0.8), "fs1l2": (0.5, 0.2, 0.8), "fs1l1": (0.45, 0.1, 0.8),
        "fs1s2": (0.42, 0.1, 0.74), "fs1s3": (0.45, 0, 0.9), "fl2cwd": (0.786, 0.5, 1),
        "tau4s2": (5, 1, 50), "tau4s3": (222.222, 200, 1000), "tau4s1": (0.1370, 0, 1),
        "tau4l1": (0.0541, 0, 0.11), "tau4cwd": (3.33, 1, 6), "tau4l2": (0.2041, 0.1, 0.3),
        "w_scaling": (1, 0, 5), "q10": (1.5, 1.2, 3), "efolding": (None, 0, 1),
        "cryo": (5e-4, 3e-5, 16e-4), "diffus": (1e-4, 3e-5, 5e-4), "b": (None, 0.5, 0.9999),
    }  # fmt: skip
    assert list(table.index) == list(rows) == list(clm5.NAMES)
    for name, (value, low, high) in rows.items():
        assert table.loc[name, ["low", "high"]].tolist() == [low, high]
        assert value is None or table.loc[name, "value"] == value


def test_fast_carbon_follows_sand_as_in_clm5():
    """t = 0.85 - 0.0068 (100 - sand) is respired, 0.004 becomes passive, slow the rest."""
    slow, passive = clm5.sand_transfers([0.0, 40.0, 100.0])
    np.testing.assert_allclose(slow, [0.826, 0.554, 0.146])
    np.testing.assert_allclose(slow + passive + 0.85 - 0.0068 * (100 - np.array([0, 40, 100])), 1)
    loam = TEMPERATE.assign(sand=TEMPERATE["sand"] * 0 + 40.0)
    fixed = {"set": "default", "transfers": "parameters", "fs2s1": 0.554, "fs3s1": 0.004}
    np.testing.assert_allclose(carbon("default", loam), carbon(fixed, loam), rtol=1e-12)
    sandy = loam.assign(sand=loam["sand"].where(loam["layer"] < 4, 90.0))
    to_slow = clm5.matrices("default", sandy).A.sel(pool="soc2", from_pool="soc1")
    np.testing.assert_allclose(to_slow, [0.554] * 3 + [0.214] * 17)


# --- what must hold exactly -------------------------------------------------------------------


@pytest.mark.parametrize("parameters", ["tao2024", "default"])
@pytest.mark.parametrize("transport", ["conservative", "published"])
@pytest.mark.parametrize("place", list(forcing.EXAMPLES))
def test_the_steady_state_is_the_dense_solve(place, parameters, transport):
    rocky = forcing.example(place).assign(bedrock_layer=12)
    found = carbon(parameters, rocky, transport=transport)
    expected = clm5.dense_solve(parameters, rocky, transport=transport)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_every_term_of_the_equation_says_what_it_is():
    m = clm5.matrices("tao2024", PREPARED["boreal"])
    assert m.operator().shape == (140, 140)
    assert float((m.B * grid.THICKNESS).sum()) == pytest.approx(1.0, rel=1e-12)
    assert m.moves.values.tolist() == [False] + [True] * 6
    np.testing.assert_allclose(m.K.sel(pool="soc3"), 1 / 222.222)
    respired = -m.A.sum("pool")
    assert respired.sel(from_pool="cwd") == pytest.approx(0)
    assert respired.sel(from_pool="soc3") == pytest.approx(1 - 0.45)


def test_the_structure_has_the_printed_links():
    a = clm5.transfer_matrix()
    assert list(a.index) == list(a.columns) == list(clm5.POOLS)
    links = {(to, source): a.loc[to, source] for to in a for source in a}
    assert {link: share for link, share in links.items() if share > 0} == {
        ("cl", "cwd"): 0.786, ("ll", "cwd"): pytest.approx(0.214), ("soc1", "ml"): 0.45,
        ("soc1", "cl"): 0.5, ("soc2", "ll"): 0.5, ("soc2", "soc1"): 0.2, ("soc3", "soc1"): 0.004,
        ("soc1", "soc2"): 0.42, ("soc3", "soc2"): 0.03, ("soc1", "soc3"): 0.45,
    }  # fmt: skip


@pytest.mark.parametrize("parameters", ["tao2024", "default"])
@pytest.mark.parametrize("place", list(forcing.EXAMPLES))
def test_respiration_is_the_input(place, parameters):
    found = clm5.steady_state(parameters, PREPARED[place])
    assert float(found["respiration"]) == pytest.approx(float(found["input"]), rel=1e-10)


@given(factor=st.floats(0.01, 100))
@settings(max_examples=15)
def test_twice_the_litter_is_twice_the_carbon(factor):
    more = TEMPERATE.assign(litter_input=factor * TEMPERATE["litter_input"])
    np.testing.assert_allclose(carbon("default", more), factor * carbon("default"), rtol=1e-12)


@pytest.mark.parametrize("depth", [0.02, 0.05, 0.2])
def test_a_small_folding_depth_leaves_no_negative_pool(depth):
    found = carbon({"efolding": depth})
    assert (found.isel(pool=slice(1, None)) > 0).all()


def test_deeper_decay_leaves_less_carbon_at_depth():
    shallow, deep = (carbon({"efolding": depth}).sum("pool") for depth in (0.3, 0.9))
    assert (deep.isel(layer=slice(12, None)) < shallow.isel(layer=slice(12, None))).all()


# --- in time ----------------------------------------------------------------------------------

WARMER = TEMPERATE.assign(soil_temperature=TEMPERATE["soil_temperature"] + 3)


def test_warming_loses_carbon_and_the_ledger_closes():
    start = clm5.steady_state("default", TEMPERATE)
    run = clm5.simulate("default", WARMER, np.linspace(0, 100, 51), initial=start)
    assert (run["total"].diff("time") < 0).all()
    gained = run["total"] - start["total"]
    ledger = run["cumulative_input"] - run["cumulative_respiration"]
    np.testing.assert_allclose(gained, ledger, atol=1e-10 * float(start["total"]))


def test_twice_the_input_ends_at_twice_the_carbon():
    more = TEMPERATE.assign(litter_input=2 * TEMPERATE["litter_input"])
    start = clm5.steady_state("tao2024", TEMPERATE)
    run = clm5.simulate("tao2024", more, [0, 1e9], initial=start)["carbon"]
    np.testing.assert_allclose(run.isel(time=1), 2 * start["carbon"], rtol=1e-9)


# --- many, none, and bad input ----------------------------------------------------------------


def test_a_site_among_many_is_the_site_alone():
    places = forcing.from_climate(mat=np.linspace(-8, 26, 9), map=900.0, latitude=45.0)
    together = clm5.steady_state({"q10": np.linspace(1.3, 2.5, 9)}, places)
    alone = clm5.steady_state({"q10": 2.5}, places.isel(site=8))
    np.testing.assert_allclose(together["carbon"][8], alone["carbon"], rtol=1e-12)
    np.testing.assert_allclose(together["stock"][8], alone["stock"], rtol=1e-12)


def test_where_nothing_decays_there_is_no_steady_state():
    found = clm5.steady_state({"efolding": [0.0, 0.5], "tau4s1": [0.1, 0.0]}, TEMPERATE)
    assert not found["feasible"].any()
    assert (found["carbon"] == 0).all()
    assert (found["respiration"] == 0).all()


def test_the_unit_cube_is_the_priors():
    u = np.random.default_rng(0).uniform(size=(6, 21))
    parameters = clm5.from_unit(u)
    np.testing.assert_allclose(clm5.to_unit(parameters), u, atol=1e-12)
    assert clm5.steady_state(parameters, TEMPERATE)["feasible"].all()
    with pytest.raises(InputError, match=r"unknown enzyme_turnover 'tied'; valid: own"):
        clm5.from_unit(u, "tied")
    with pytest.raises(InputError, match=r"unknown prior 'log'; valid: linear"):
        clm5.from_unit(u, prior="log")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"efolding": 10.0}, r"efolding = 10: allowed 0 to 1 \(in m\)$"),
        ({"set": "default", "efolding": 101.0}, r"efolding = 101: allowed 0 to 100 \(in m\)$"),
        ({"transfers": "clay"}, r"unknown choice of transfers 'clay'; valid: parameters, sand$"),
        ({"tau4s4": 1.0}, r"unknown parameter of CLM5 'tau4s4' \(did you mean 'tau4s1'\?\)|tau4s"),
        ({"eta_doc": 0.3}, r"unknown parameter of CLM5 'eta_doc'"),
    ],
)
def test_bad_parameters_are_refused_in_one_line(parameters, message):
    with pytest.raises(InputError, match=message):
        clm5.steady_state(parameters, TEMPERATE)


def test_a_sample_is_as_old_as_its_carbon_and_turns_over_by_what_its_layer_respires():
    """By the matrices of the printed equation: (A xi K + V) (x a) = -x, and what A loses."""
    place, soil = PREPARED["temperate"], clm5.MODEL.soil
    m = clm5.matrices("default", place)
    carbon = m.solve()
    years = -np.linalg.solve(m.operator().values, carbon.values.ravel()).reshape(carbon.shape)
    held = carbon.values[soil].sum(axis=0)
    found = clm5.MODEL.ages(place, "default")
    np.testing.assert_allclose(found["sample_age"], years[soil].sum(axis=0) / held, rtol=1e-6)
    lost = -m.A.sum("pool").rename(from_pool="pool")
    respired = (lost * m.xi * m.K * carbon).sum("pool").values
    np.testing.assert_allclose(found["turnover_time"], held / respired, rtol=1e-6)


def test_the_respiration_behind_turnover_times_is_all_that_the_soil_loses():
    place, parameters = forcing.example("boreal"), "tao2024"
    rest, found = clm5.steady_state(parameters, place), clm5.MODEL.ages(place, parameters)
    soil = rest["carbon"][clm5.MODEL.soil].sum("pool") * grid.THICKNESS
    assert float((soil / found["turnover_time"]).sum()) == pytest.approx(
        float(rest["respiration"]), rel=1e-6
    )
