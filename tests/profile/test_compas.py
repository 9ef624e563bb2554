"""COMPAS: what must hold exactly, what the papers print, and bad input."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.parameters import InputError, ParameterSet
from soilnb.profile import compas, forcing, grid, layered
from soilnb.profile.forcing import kernel_forcing

TEMPERATE = forcing.example("temperate")
PREPARED = {name: kernel_forcing.prepare(forcing.example(name)) for name in forcing.EXAMPLES}
DEFAULTS = dict(compas.PARAMETER_SETS["tao2024"])
SITES = {"eta_doc": np.linspace(0.1, 0.5, 12)}


def carbon(parameters, place="temperate", **options):
    place = PREPARED[place] if isinstance(place, str) else place
    found = compas.steady_state(parameters, place, **options)
    assert found["feasible"].all()
    return found["carbon"]


# --- numbers of the papers --------------------------------------------------------------------


def test_the_defaults_are_those_of_the_printed_table():
    """Tao et al. 2024, Supplementary Table 2: default values and prior ranges, row by row."""
    table = compas.PARAMETER_SETS["tao2024"].table()
    rows = {
        "eta_doc": (0.27, 0.01, 0.7), "eta_ml": (0.66, 0.4, 0.9), "eta_cl_ll": (0.16, 0, 0.4),
        "km_assim": (1800, 300, 3000), "tau_assim": (0.015, 0.001, 0.03),
        "tau_decom": (1.62e-4, 0, 3e-4), "km_decom": (5.65e5, 1e5, 1e6),
        "tau_enz_prod": (22, 15, 30), "tau_ml": (0.049, 0, 0.1), "tau_cwd": (3.5, 1, 6),
        "tau_cl_ll": (0.2, 0.1, 0.3), "tau_enz_decay": (0.04, 0.001, 1), "tau_mic": (1.1, 0, 2),
        "a_soc_mic": (0.47, 0, 1), "a_cl_cwd": (0.75, 0.5, 1), "a_doc_ml": (0.05, 0, 0.1),
        "a_doc_cl": (0.17, 0.05, 0.3), "a_soc_ll": (0.78, 0.6, 0.95), "w_scaling": (2.9, 0, 5),
        "q10": (2.1, 1.2, 3), "cryo": (8e-4, 3e-5, 16e-4), "diffus": (2.6e-4, 3e-5, 5e-4),
        "b": (0.72, 0.5, 0.9999),
    }  # fmt: skip
    assert list(table.index) == list(rows) == list(compas.NAMES)
    np.testing.assert_allclose(table[["value", "low", "high"]], list(rows.values()), rtol=1e-12)


def test_a_quarter_of_the_priors_is_feasible_with_the_published_enzymes():
    """In a synthetic temperate column 21 % of the prior draws have negative pools, and 53 % of
    them more microbes than a tenth of the soil's carbon: a trial outside this package."""
    u = np.random.default_rng(0).uniform(size=(4000, 23))
    found = compas.steady_state(compas.from_unit(u, "tied", "log"), PREPARED["temperate"])
    stock = (found["carbon"] * found["thickness"]).sum("layer").isel(pool=slice(4, 8))
    lean = stock.sel(pool="mic") <= 0.1 * stock.sum("pool")
    exists = found["feasible"]
    assert float((~exists).mean()) == pytest.approx(0.21, abs=0.04)
    assert float((exists & ~lean).mean()) == pytest.approx(0.53, abs=0.04)


def elasticity(*switches):
    """Change of the 1 m stock for the paper's change of its CUE group, in logarithms."""
    u = np.full((2, 23), 0.5)
    at = {name: i for i, name in enumerate(compas.NAMES)}
    if switches == ("own", "linear"):
        u[:, at["tau_enz_decay"]] = 0.04  # near the default, 0.04 yr
    for row, step in enumerate((-0.01, 0.01)):
        for name in ("eta_doc", "eta_ml", "eta_cl_ll"):
            u[row, at[name]] *= 1 + step
        for name in ("tau_assim", "km_assim"):
            u[row, at[name]] *= 1 - step
    stock = compas.steady_state(compas.from_unit(u, *switches), PREPARED["temperate"])["stock"]
    return float(np.diff(np.log(stock.sel(to_depth=1.0)))[0] / 0.02)


def test_tied_enzymes_make_the_carbon_follow_the_cue():
    """+3.2 to +3.4 with tied enzymes, -0.5 to -0.6 with their own, in a re-implementation
    with another synthetic temperate forcing."""
    assert elasticity("tied", "log") == pytest.approx(3.3, abs=0.5)
    assert elasticity("own", "linear") == pytest.approx(-0.55, abs=0.25)


def test_turnover_times_set_the_sign_of_the_relation_of_cue_and_carbon():
    """Tao et al. 2023, Extended Data Fig. 4: negative with the values of Allison et al. 2010,
    positive where microbes and enzymes live long (tau_mic there leaves the prior range)."""
    defaults = compas.PARAMETER_SETS["tao2024"]
    records = dict(defaults.records)
    records["tau_mic"] = dataclasses.replace(records["tau_mic"], bounds=(0.0, 5.0))
    wider = ParameterSet("wider", records, "for Extended Data Fig. 4")
    stock = {}
    for mic, enz in ((0.57, 0.114), (5.0, 1.0)):
        cue = {"set": wider, "tau_mic": mic, "tau_enz_decay": enz, "eta_doc": [0.2, 0.4, 0.6]}
        found = compas.steady_state(cue, PREPARED["temperate"])
        assert found["feasible"].all()
        stock[mic] = found["stock"].sel(to_depth=1.0).diff("site")
    assert (stock[0.57] < 0).all()
    assert (stock[5.0] > 0).all()


# --- what must hold exactly -------------------------------------------------------------------


@pytest.mark.parametrize("place", list(forcing.EXAMPLES))
@pytest.mark.parametrize("transport", ["conservative", "published"])
def test_the_steady_state_is_the_dense_solve(place, transport):
    place = forcing.example(place).assign(bedrock_layer=12)
    found = carbon("tao2024", place, transport=transport)
    expected = compas.dense_solve("tao2024", place, transport=transport)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("place", list(forcing.EXAMPLES))
def test_the_matrices_hold_the_steady_state(place):
    """(A xi K + V) X = -B I with the full 160 x 160 matrix, K taken at the steady state."""
    m = compas.matrices("tao2024", PREPARED[place])
    assert m.operator().shape == (160, 160)
    np.testing.assert_allclose(m.solve(), carbon("tao2024", place), rtol=1e-10)


def test_the_matrices_of_a_given_state_give_its_change():
    """dX/dt of a disturbed state, from the matrices and from a short run."""
    start = 0.7 * carbon("tao2024")
    m = compas.matrices("tao2024", PREPARED["temperate"], carbon=start)
    change = m.operator().values @ start.values.ravel() + m.source()
    step = 1e-7
    later = compas.simulate("tao2024", TEMPERATE, [step], initial=start)["carbon"][0]
    slope = ((later - start) / step).values.ravel()
    np.testing.assert_allclose(slope, change, rtol=1e-3, atol=1e-6 * np.abs(change).max())


def test_every_term_of_the_equation_says_what_it_is():
    m = compas.matrices("tao2024", PREPARED["temperate"])
    assert float((m.B * grid.THICKNESS).sum()) == pytest.approx(1.0, rel=1e-12)
    assert m.A.dims == ("pool", "from_pool")
    assert m.moves.values.tolist() == [False, True, True, True, False, False, False, False]
    assert m.V.dims == ("layer", "from_layer")
    for term in (m.B, m.A, m.xi, m.K, m.V):
        assert term.attrs["units"]
        assert term.attrs["long_name"]
    assert float(m.K.sel(pool="ml")[0]) == pytest.approx(1 / DEFAULTS["tau_ml"])
    nitrogen = TEMPERATE.assign(nitrogen_scalar=0.5 * TEMPERATE["nitrogen_scalar"])
    slow = compas.matrices("tao2024", nitrogen).xi / m.xi
    assert slow.isel(layer=0).values.tolist() == [1, 0.5, 0.5, 0.5, 1, 1, 1, 1]


def test_the_structure_is_the_printed_matrix():
    a = compas.transfer_matrix()
    assert list(a.index) == list(a.columns) == list(compas.POOLS)
    assert (np.diag(a) == -1).all()
    links = {(to, source) for to in a for source in a if a.loc[to, source] > 0}
    assert links == {
        ("cl", "cwd"), ("ll", "cwd"), ("doc", "ml"), ("mic", "ml"), ("doc", "cl"), ("mic", "cl"),
        ("mic", "ll"), ("msoc", "ll"), ("mic", "doc"), ("doc", "mic"), ("enz", "mic"),
        ("msoc", "mic"), ("doc", "enz"), ("doc", "msoc"),
    }  # fmt: skip
    assert a.loc["mic", "doc"] == 0.27
    # What dies and what becomes enzymes passes on whole; so do enzymes, mSOC and wood.
    np.testing.assert_allclose(a[["mic", "enz", "msoc", "cwd"]].sum(), 0, atol=1e-15)
    assert a.loc["enz", "mic"] == pytest.approx((1 / 22) / (1 / 22 + 1 / 1.1))
    assert compas.transfer_matrix({"eta_doc": 0.4}).loc["mic", "doc"] == 0.4


@pytest.mark.parametrize("place", list(forcing.EXAMPLES))
def test_respiration_is_the_input(place):
    found = compas.steady_state("tao2024", PREPARED[place])
    assert float(found["respiration"]) == pytest.approx(float(found["input"]), rel=1e-10)


def test_twice_the_litter_leaves_doc_and_mineral_carbon():
    twice = TEMPERATE.assign(litter_input=2 * TEMPERATE["litter_input"])
    more = carbon("tao2024", twice) / carbon("tao2024")
    np.testing.assert_allclose(more.sel(pool=["doc", "msoc"]), 1, rtol=1e-12)
    np.testing.assert_allclose(more.sel(pool=["mic", "enz", "ml", "cl", "ll"]), 2, rtol=1e-12)


def test_a_better_environment_makes_more_mineral_carbon_and_fewer_microbes():
    """At the same litter fluxes: in soil that is frozen all year all litter stays on top."""
    still = TEMPERATE.assign(
        active_layer=0 * TEMPERATE["active_layer"],
        active_layer_last_year=0 * TEMPERATE["active_layer"],
        oxygen_scalar=0.5 * TEMPERATE["oxygen_scalar"],
    )
    better = still.assign(oxygen_scalar=1.6 * still["oxygen_scalar"])
    before, after = (carbon("tao2024", place) for place in (still, better))
    assert (before.isel(layer=slice(1, None)) == 0).all()
    ratio = (after / before).isel(layer=0)
    np.testing.assert_allclose(ratio.sel(pool=["doc", "msoc"]), 1.6, rtol=1e-12)
    np.testing.assert_allclose(ratio.sel(pool=["mic", "enz"]), 1 / 1.6, rtol=1e-12)


@given(eta=st.floats(0.05, 0.6))
@settings(max_examples=20)
def test_a_higher_cue_of_doc_lowers_doc_and_mineral_carbon(eta):
    both = carbon({"eta_doc": [eta, eta + 0.01], "tau_enz_decay": 0.1})
    change = both.diff("site").squeeze("site")
    assert (change.sel(pool=["doc", "msoc"]) < 0).all()
    assert (change.sel(pool="mic") > 0).all()


# --- in time ----------------------------------------------------------------------------------

WARMER = TEMPERATE.assign(soil_temperature=TEMPERATE["soil_temperature"] + 3)


def test_a_warmer_soil_respires_more_than_it_gets_until_it_has_less():
    start = compas.steady_state("tao2024", TEMPERATE)
    run = compas.simulate("tao2024", WARMER, np.linspace(0, 100, 51), initial=start)
    assert float(run["respiration"][0]) > 1.1 * float(run["input"])
    np.testing.assert_allclose(run["carbon"].isel(time=0), start["carbon"])
    gained = run["total"] - start["total"]
    ledger = run["cumulative_input"] - run["cumulative_respiration"]
    np.testing.assert_allclose(gained, ledger, atol=1e-10 * float(start["total"]))


def test_at_last_every_layer_is_at_its_new_steady_state():
    """Deep layers that get hardly any litter take longer than the universe: hence a deep input."""
    start = compas.steady_state({"b": 0.96}, TEMPERATE)
    last = compas.simulate({"b": 0.96}, WARMER, [1e14], initial=start)["carbon"].isel(time=0)
    np.testing.assert_allclose(last, carbon({"b": 0.96}, WARMER), rtol=1e-9)


def test_without_an_initial_state_a_run_stays_at_rest():
    run = compas.simulate("tao2024", TEMPERATE, [0, 50, 500])
    np.testing.assert_allclose(run["carbon"].isel(time=2), carbon("tao2024"), rtol=1e-9)


def test_several_sites_run_at_once():
    many = compas.simulate(SITES, TEMPERATE, [0, 1, 20], initial=carbon("tao2024"))
    assert many["carbon"].dims == ("site", "time", "pool", "layer")
    one = compas.simulate({"eta_doc": 0.5}, TEMPERATE, [0, 1, 20], initial=carbon("tao2024"))
    np.testing.assert_allclose(many["carbon"].isel(site=11), one["carbon"], rtol=1e-12)


# --- many places and many parameters ----------------------------------------------------------


@pytest.mark.parametrize("size", [3, 12])
def test_a_site_among_many_is_the_site_alone(size):
    places = forcing.from_climate(
        mat=np.linspace(-8, 26, size), map=900.0, latitude=np.linspace(70, 0, size),
        site=[f"S{i}" for i in range(size)],
    )  # fmt: skip
    parameters = {"eta_doc": np.linspace(0.2, 0.4, size), "q10": 1.8}
    together = compas.steady_state(parameters, places)
    assert together["carbon"].dims == ("site", "pool", "layer")
    assert together["site"].values[0] == "S0"
    for i in (0, size - 1):
        alone = compas.steady_state(
            {"eta_doc": parameters["eta_doc"][i], "q10": 1.8}, places.isel(site=i)
        )
        np.testing.assert_allclose(together["carbon"][i], alone["carbon"], rtol=1e-12)
        assert float(alone["respiration"]) == pytest.approx(float(alone["input"]), rel=1e-10)


def test_draws_of_parameters_run_over_their_own_dimension():
    draws = xr.Dataset({"q10": ("draw", [1.5, 2.5]), "other": ("x", [1.0])}, {"draw": [7, 9]})
    found = compas.steady_state(draws, TEMPERATE)
    assert found["carbon"].dims == ("draw", "pool", "layer")
    assert found["draw"].values.tolist() == [7, 9]
    np.testing.assert_allclose(found["carbon"][1], carbon({"q10": 2.5}), rtol=1e-12)


def test_a_result_says_what_it_is_and_where_it_comes_from():
    found = compas.steady_state({"q10": 2.0, **SITES}, TEMPERATE)
    for name, variable in found.data_vars.items():
        assert {"units", "long_name", "symbol"} <= set(variable.attrs), name
    assert found.attrs["parameters_varied"] == "eta_doc"
    assert '"q10": 2.0' in found.attrs["parameters"]
    assert "eta_doc" not in found.attrs["parameters"]
    assert found.attrs["model"] == "COMPAS"
    assert found["pool_name"].sel(pool="msoc") == "mineral-associated carbon"


def test_stocks_are_cut_at_30_cm_1_m_and_2_m_as_in_the_papers():
    found = compas.steady_state("tao2024", TEMPERATE)
    soc, dz = found["soc"].values, grid.THICKNESS
    expected = [
        soc[:4] @ dz[:4] + soc[4] * dz[4] * (0.30 - 0.20) / 0.12,
        soc[:8] @ dz[:8] + soc[8] * dz[8] * (1 - 0.92) / 0.28,
        soc[:11] @ dz[:11] + soc[11] * dz[11] * (2 - 1.88) / 0.40,
    ]
    np.testing.assert_allclose(found["stock"], np.array(expected) / 1000, rtol=1e-12)
    np.testing.assert_allclose(grid.stocks(found["soc"]), found["stock"], rtol=1e-12)
    stony = grid.stocks(found["soc"], coarse_fragments=(10, 20, 30))
    ratio = np.diff(np.append(0, stony)) / np.diff(np.append(0, found["stock"]))
    np.testing.assert_allclose(ratio, [0.9, 0.8, 0.7], rtol=1e-12)
    assert float(grid.stocks(found["soc"], [8.6])[0]) == pytest.approx(soc @ dz / 1000)


# --- no steady state --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{name: 0.0} for name in ("tau_ml", "tau_decom", "tau_mic", "w_scaling")]
    + [{"tau_enz_decay": 0.001, "tau_decom": 3e-4}],
    ids=lambda change: next(iter(change)),
)
def test_parameters_without_a_steady_state_are_infeasible_and_never_nan(change):
    found = compas.steady_state(change, TEMPERATE)
    assert not bool(found["feasible"])
    for name in ("carbon", "soc", "stock", "total", "respiration"):
        assert (found[name] == 0).all(), name
    with pytest.raises(InputError, match="no steady state"):
        compas.simulate(change, TEMPERATE, [0, 1])
    with pytest.raises(InputError, match="no steady state"):
        compas.matrices(change, TEMPERATE)


def test_among_many_only_the_infeasible_are_infeasible():
    tau = np.full(10, 0.04)
    tau[3] = 0.001
    found = compas.steady_state({"tau_enz_decay": tau, "tau_decom": 3e-4}, TEMPERATE)
    assert found["feasible"].values.tolist() == [i != 3 for i in range(10)]
    assert np.isfinite(found["carbon"]).all()
    with pytest.raises(InputError, match=r"no steady state at site 3$"):
        compas.simulate({"tau_enz_decay": tau, "tau_decom": 3e-4}, TEMPERATE, [0, 1])


# --- the unit cube ----------------------------------------------------------------------------


def test_the_unit_cube_is_the_priors():
    low, high = compas.from_unit(np.zeros(23)), compas.from_unit(np.ones(23))
    for name, record in compas.PARAMETER_SETS["tao2024"].records.items():
        assert (low[name], high[name]) == pytest.approx(record.searched)
    assert compas.to_unit("tao2024").shape == (23,)
    back = compas.from_unit(compas.to_unit("tao2024"))
    np.testing.assert_allclose([back[name] for name in compas.NAMES], list(DEFAULTS.values()))


def test_a_prior_of_a_row_narrows_the_cube_and_not_what_is_valid():
    (named,) = compas.PARAMETER_SETS.values()
    records = named.records | {"q10": dataclasses.replace(named.records["q10"], prior=(1.5, 2.5))}
    narrow = ParameterSet(named.name, records, named.description, named.options, named.switches)
    model = dataclasses.replace(compas.MODEL, sets={named.name: narrow})
    centre = np.full(23, 0.5)
    ends = np.array([centre, centre])
    ends[:, compas.NAMES.index("q10")] = 0, 1
    np.testing.assert_allclose(layered.from_unit(model, ends)["q10"], [1.5, 2.5])
    assert layered.to_unit(model, {"q10": 2.0})[compas.NAMES.index("q10")] == pytest.approx(0.5)
    assert model.steady_state(PREPARED["temperate"], {"q10": 2.9})["feasible"].all()


@given(u=st.lists(st.floats(0, 1), min_size=23, max_size=23))
@settings(max_examples=20)
def test_from_the_cube_and_back(u):
    parameters = compas.from_unit(u)
    np.testing.assert_allclose(compas.to_unit(parameters), u, atol=1e-12)
    compas.steady_state(parameters, PREPARED["temperate"])  # every corner of the priors is allowed


def test_tied_enzymes_leave_22_parameters():
    u = np.random.default_rng(1).uniform(size=(5, 23))
    at = compas.NAMES.index("tau_enz_decay")
    first = compas.from_unit(u, "tied", "log")
    u[:, at] = 0.123
    second = compas.from_unit(u, "tied", "log")
    np.testing.assert_array_equal(first["tau_enz_decay"], second["tau_enz_decay"])
    tied = 10 ** (3 * u[:, compas.NAMES.index("km_assim")] - 3)
    np.testing.assert_allclose(first["tau_enz_decay"], tied)


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"eta_doc": 0.8}, r"eta_doc = 0.8: allowed 0.01 to 0.7$"),
        ({"q10": [2.0, 3.5]}, r"q10 = 3.5 at position 1: allowed 1.2 to 3$"),
        ({"b": 1.0}, r"b = 1: allowed 0.5 to 0.9999$"),
        ({"tau_mic": -0.1}, r"tau_mic = -0.1: allowed 0 to 2 \(in yr\)$"),
        ({"tau_mic": np.nan}, r"tau_mic is not finite: allowed 0 to 2 \(in yr\)$"),
        ({"q10": "warm"}, r"q10 = 'warm' is not a number$"),
        ({"q1o": 2.0}, r"unknown parameter of COMPAS 'q1o' \(did you mean 'q10'\?\)"),
        ({"q10": [2.0, 2.1], "b": [0.8, 0.9, 0.95]}, r"one length; given q10 2, b 3$"),
        ({"q10": np.ones((2, 2))}, r"q10 has 2 dimensions: allowed a number or one dimension$"),
        ({"q10": []}, r"empty: allowed one value or more$"),
        ("tao2042", r"unknown parameter set 'tao2042' \(did you mean 'tao2024'\?\)"),
        (None, r"parameters = None: allowed a set"),
        (xr.Dataset({"z": 1.0}), r"the Dataset has none of COMPAS's"),
        ({"q10": xr.DataArray([2.0], dims="layer")}, r"q10 has the dimension 'layer'"),
    ],
)
def test_bad_parameters_are_refused_in_one_line(parameters, message):
    with pytest.raises(InputError, match=message) as caught:
        compas.steady_state(parameters, TEMPERATE)
    assert "\n" not in str(caught.value)


def test_a_value_that_rounding_puts_outside_its_bounds_is_on_them():
    above = np.nextafter(0.7, 1)
    on = carbon({"eta_doc": 0.7, "tau_enz_decay": 1.0})
    assert above > 0.7
    np.testing.assert_array_equal(carbon({"eta_doc": above, "tau_enz_decay": 1.0}), on)
    several = carbon({"eta_doc": [above, 0.5], "tau_enz_decay": 1.0})
    np.testing.assert_array_equal(several[0], on)


def test_parameters_and_places_must_match():
    places = forcing.from_climate(mat=[1.0, 5.0, 9.0], map=700.0, latitude=50.0, site=[3, 4, 5])
    with pytest.raises(InputError, match=r"one length; given q10 2, forcing 3$"):
        compas.steady_state({"q10": [2.0, 2.1]}, places)
    labelled = xr.DataArray([2.0, 2.1, 2.2], {"site": [3, 4, 6]}, "site")
    with pytest.raises(InputError, match="different labels of 'site'"):
        compas.steady_state({"q10": labelled}, places)
    draws = xr.DataArray([2.0, 2.1, 2.2], dims="draw")
    with pytest.raises(InputError, match="run over 'draw' and the forcing over 'site'"):
        compas.steady_state({"q10": draws}, places)
    with pytest.raises(InputError, match=r"allowed one place; given 3 along 'site'"):
        compas.matrices("tao2024", places)


def test_a_bad_forcing_or_switch_is_refused():
    with pytest.raises(InputError, match="soil_temperature"):
        compas.steady_state("tao2024", TEMPERATE.drop_vars("soil_temperature"))
    with pytest.raises(InputError, match=r"unknown transport 'leaky'; valid: conservative"):
        compas.steady_state("tao2024", TEMPERATE, transport="leaky")
    with pytest.raises(InputError, match=r"unknown enzyme_turnover 'bound'"):
        compas.from_unit(np.zeros(23), "bound")
    with pytest.raises(InputError, match=r"index = 'table': now two switches"):
        compas.from_unit(np.zeros(23), index="table")
    with pytest.raises(InputError, match=r"u has shape \(22,\): allowed \(\.\.\., 23\)$"):
        compas.from_unit(np.zeros(22))
    with pytest.raises(InputError, match=r"u: allowed 0 to 1$"):
        compas.from_unit(np.full(23, 1.01))


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        (lambda x: -x, r"initial ml = -.* in layer 1: allowed 0 or more g C m-3$"),
        (lambda x: x.values[:7], r"allowed carbon \(g C m-3\) of 8 pools in 20 layers"),
        (lambda x: xr.Dataset(), r"initial has no variable 'carbon'"),
        (lambda x: x.expand_dims(time=[0.0]), r"initial has the dimension 'time'"),
        (lambda x: x.isel(pool=slice(3)), r"initial: allowed the pools cwd, ml"),
        (
            lambda x: compas.steady_state({"tau_mic": 0.0}, TEMPERATE),
            r"initial: some of its steady states do not exist",
        ),
    ],
)
def test_a_bad_initial_state_is_refused(initial, message):
    with pytest.raises(InputError, match=message):
        compas.simulate("tao2024", TEMPERATE, [0, 1], initial=initial(carbon("tao2024")))


def test_depths_outside_the_column_are_refused():
    soc = compas.steady_state("tao2024", TEMPERATE)["soc"]
    with pytest.raises(InputError, match=r"depth = 30: allowed 0 to 8.6"):
        grid.stocks(soc, [30])
    with pytest.raises(InputError, match="coarse_fragments"):
        grid.stocks(soc, coarse_fragments=(1, 2))
    with pytest.raises(InputError, match="density has 0 layers"):
        grid.stocks(soc.rename(layer="z"))
