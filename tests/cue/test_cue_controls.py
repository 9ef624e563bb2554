"""The controls of CUE: their numbers, their limits, and what they refuse."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from soilnb.cue import controls, energy, stoichiometry, temperature
from soilnb.data import tables
from soilnb.parameters import InputError

LINES = sorted(temperature.LINEAR)

# --- temperature ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "celsius", "cue"),
    [
        ("allison2010", 0.0, 0.63),
        ("allison2010", 20.0, 0.31),
        ("qiao2019", 20.0, 0.475),
        ("qiao2019", 10.0, 0.635),
        ("dement", 20.0, 0.5),
        ("millennial_v2", 15.0, 0.19),
        ("millennial_v1", 25.0, 0.48),
    ],
)
def test_published_lines_pass_through_their_printed_points(name, celsius, cue):
    assert temperature.linear(celsius, name) == pytest.approx(cue, rel=1e-12)


@pytest.mark.parametrize("name", LINES)
def test_a_line_holds_up_to_its_limits_and_is_refused_beyond(name):
    low, high = temperature.limits(name)
    ends = temperature.linear(np.array([low, high]), name)
    assert (ends >= -1e-12).all()
    assert (ends <= 1 + 1e-12).all()
    for outside in (low - 0.1, high + 0.1):
        with pytest.raises(InputError, match=r"^temperature = .*: allowed .* \(in degC\)"):
            temperature.linear(outside, name)


def test_an_array_is_refused_by_its_first_bad_value():
    with pytest.raises(InputError, match=r"^temperature = 70: allowed -12.8125 to 49.6875"):
        temperature.linear(np.array([10.0, 70.0, 80.0]))


@given(st.floats(*temperature.RANGE), st.sampled_from(sorted(temperature.LOGIT)))
def test_a_logit_line_stays_inside(celsius, name):
    assert 0 < temperature.logit(celsius, name) < 1


@given(st.sampled_from(LINES))
def test_the_tangent_touches_the_straight_line(name):
    line = temperature.LINEAR[name]
    t0 = line["reference_temperature"]
    touching = temperature.tangent(name)
    assert temperature.logit(t0, touching) == pytest.approx(line["reference_cue"], rel=1e-12)
    h = 1e-4
    ends = temperature.logit(np.array([t0 - h, t0 + h]), touching)
    assert (ends[1] - ends[0]) / (2 * h) == pytest.approx(line["slope"], rel=1e-6)


def test_the_virtual_ecosystem_line_has_its_constants():
    assert temperature.logit(20.0) == pytest.approx(1 / (1 + np.exp(-0.094)), rel=1e-12)
    line = temperature.LOGIT["virtual_ecosystem"]
    assert (line["intercept"], line["slope"]) == (0.094, -0.039)


def test_changes_start_from_a_named_set():
    steeper = temperature.linear(30.0, {"set": "dement", "slope": -0.02})
    assert steeper == pytest.approx(0.3, rel=1e-12)
    with pytest.raises(InputError, match="did you mean 'slope'"):
        temperature.linear(20.0, {"slop": 0.0})


def test_a_flat_line_has_no_limits_but_the_range():
    assert temperature.limits({"slope": 0.0}) == temperature.RANGE


def made_up(count, seed=5, intercept=0.3, slope=-0.05):
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 60, count)
    t = rng.uniform(2.0, 30.0, count)
    mean = 1 / (1 + np.exp(-(intercept + slope * (t - 20) + rng.normal(0, 0.3, 60)[place])))
    return t, rng.beta(6 * mean, 6 * (1 - mean)), place


def test_a_fit_finds_the_line_that_made_the_data():
    line, fit = temperature.fit(*made_up(900))
    assert line["slope"] == pytest.approx(-0.05, abs=3 * float(fit["error"][1]))
    assert line["intercept"] == pytest.approx(0.3, abs=4 * float(fit["error"][0]))
    assert 0.002 < float(fit["error"][1]) < 0.01
    assert (int(fit["records"]), int(fit["places"])) == (900, 60)
    assert 0 < temperature.logit(45.0, line) < 1


def test_records_that_repeat_one_place_do_not_add_certainty():
    t, cue, place = made_up(300)
    _, once = temperature.fit(t, cue, place)
    _, thrice = temperature.fit(np.tile(t, 3), np.tile(cue, 3), np.tile(place, 3))
    assert float(thrice["error"][1]) == pytest.approx(float(once["error"][1]), rel=0.35)


def test_the_order_of_the_records_does_not_matter():
    t, cue, place = made_up(200)
    mixed = np.random.default_rng(0).permutation(200)
    first, _ = temperature.fit(t, cue, place)
    second, _ = temperature.fit(t[mixed], cue[mixed], place[mixed])
    assert dict(first) == pytest.approx(dict(second), rel=1e-6)


@pytest.mark.parametrize(
    ("t", "cue", "place", "message"),
    [
        ([1, 2, 3], [0.1, 0.2], [0, 1, 2], r"^fit: 3 temperatures, 2 efficiencies, 3 places"),
        ([1, 2, 3], [0.1, 0.2, 1.2], [0, 1, 2], r"^cue = 1.2: allowed 0 to 1"),
        ([1, 2, 3], [0.1, 0.2, 0.3], [0, 1, 1], r"^fit: 2 places"),
        ([5, 5, 5], [0.1, 0.2, 0.3], [0, 1, 2], r"^fit: 3 places, 1 temperatures"),
    ],
)
def test_what_cannot_be_fitted_is_refused(t, cue, place, message):
    with pytest.raises(InputError, match=message):
        temperature.fit(t, cue, place)


# --- nutrients -----------------------------------------------------------------------------


def test_the_threshold_ratio_is_where_nitrogen_begins_to_bind():
    critical = stoichiometry.threshold_ratio()
    assert critical == pytest.approx(8.6 / 0.6)
    at = stoichiometry.nutrient_limited(np.array([0.99, 1.0, 1.01]) * critical)
    assert at[0] == at[1] == pytest.approx(0.6)
    assert at[2] == pytest.approx(0.6 / 1.01)


@given(ratio=st.floats(*stoichiometry.RATIOS), nitrogen=st.floats(0.0, 1.0))
def test_microbes_never_build_in_more_nitrogen_than_they_get(ratio, nitrogen):
    cue = stoichiometry.nutrient_limited(ratio, nitrogen)
    assert 0 < cue <= 0.6
    assert stoichiometry.nitrogen_surplus(ratio, cue) + nitrogen >= -1e-12


@given(a=st.floats(*stoichiometry.RATIOS), b=st.floats(*stoichiometry.RATIOS))
def test_poorer_food_never_raises_efficiency(a, b):
    low, high = sorted((a, b))
    assert stoichiometry.nutrient_limited(high) <= stoichiometry.nutrient_limited(low)
    assert stoichiometry.enzymes(high) <= stoichiometry.enzymes(low)


def test_the_enzyme_model_by_hand():
    supply = 8.6 / 12.0 / 1.5
    expected = 0.6 * supply / (supply + 0.5)
    assert stoichiometry.enzymes(12.0, activity_c_to_n=1.5) == pytest.approx(expected, rel=1e-14)
    other = 60.0 / 100.0
    both = np.sqrt(expected * 0.6 * other / (other + 0.5))
    assert stoichiometry.enzymes(12.0, 100.0, activity_c_to_n=1.5) == pytest.approx(both, rel=1e-14)


@given(ratio=st.floats(*stoichiometry.RATIOS), activity=st.floats(0.01, 100.0))
def test_the_enzyme_model_stays_below_its_maximum(ratio, activity):
    assert 0 < stoichiometry.enzymes(ratio, activity_c_to_n=activity) < 0.6


def test_the_enzyme_model_is_half_its_maximum_where_supply_is_the_constant():
    assert stoichiometry.enzymes(8.6 / 0.5) == pytest.approx(0.3, rel=1e-14)


def test_carbon_at_constant_nitrogen_lowers_the_enzyme_model_by_construction():
    soc = np.linspace(5.0, 100.0, 30)
    assert (np.diff(stoichiometry.enzymes(soc / 2.0)) < 0).all()


@pytest.mark.parametrize("bad", [0.0, -3.0, 1e6, np.inf, "twelve", None])
@pytest.mark.parametrize("control", [stoichiometry.enzymes, stoichiometry.nutrient_limited])
def test_ratios_outside_are_refused(control, bad):
    with pytest.raises(InputError, match=r"^c_to_n = "):
        control(bad)


def test_negative_immobilisation_is_refused():
    with pytest.raises(InputError, match=r"^immobilised = -0.1: allowed 0 to 1"):
        stoichiometry.nutrient_limited(20.0, -0.1)


# --- energy --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "gamma"),
    [
        ("C2H2O4", 1.0),
        ("C6H12O6", 4.0),
        ("CH4", 8.0),
        (energy.BIOMASS, 4.2),
        ("CO2", 0.0),
        ("C6H8O7", 3.0),
        ("C6H13NO2", 5.0),
        ("CH3COOH", 4.0),
        (" C6H12O6 ", 4.0),
    ],
)
def test_degrees_of_reduction_of_the_paper_and_of_textbooks(formula, gamma):
    assert energy.degree_of_reduction(formula) == gamma


@given(n=st.integers(1, 40), h=st.integers(0, 40), o=st.integers(0, 40))
def test_repeating_a_unit_keeps_its_degree_of_reduction(n, h, o):
    one = (4 + h - 2 * o) / 1
    formula = f"C{n}H{h * n}O{o * n}"
    if 0 <= one <= 8:
        assert energy.degree_of_reduction(formula) == pytest.approx(one, abs=1e-9)
    else:
        with pytest.raises(InputError, match="has the degree of reduction"):
            energy.degree_of_reduction(formula)


def test_a_formula_is_read_atom_by_atom():
    assert energy.parse_formula("CH3COOH") == {"C": 2.0, "H": 4.0, "O": 2.0, "N": 0.0}
    assert energy.parse_formula("CH1.8O0.5N0.2")["H"] == 1.8


@pytest.mark.parametrize(
    "text",
    ["glucose", "", "  ", "c6h12o6", "C6H12O6-", "6C", "C(H2O)6", "C6 H12", "Co", "C6H12S", "H2O",
     "C0H4", "C1.H4", None, 6, ["C"]],
)  # fmt: skip
def test_a_formula_that_is_no_formula_is_refused_in_one_line(text):
    with pytest.raises(InputError, match=r"^formula = ") as caught:
        energy.degree_of_reduction(text)
    assert "\n" not in str(caught.value)


def test_the_two_limits_meet_at_the_degree_of_reduction_of_biomass():
    assert energy.cue_max(4.2) == pytest.approx(0.6)
    assert energy.cue_max(2.1) == pytest.approx(0.3)
    assert energy.cue_max(8.0) == energy.cue_max(4.2)
    assert energy.cue_max("C6H12O6") == pytest.approx(0.6 * 4 / 4.2)
    assert energy.cue_max("CO2") == 0.0


@given(a=st.floats(0.0, 8.0), b=st.floats(0.0, 8.0))
def test_more_electrons_never_lower_the_limit(a, b):
    low, high = sorted((a, b))
    assert energy.cue_max(low) <= energy.cue_max(high) <= 1


def test_a_degree_outside_is_refused():
    with pytest.raises(InputError, match=r"^degree of reduction = 9: allowed 0 to 8"):
        energy.cue_max(9.0)


def test_the_substrates_are_ordered_by_their_electrons():
    gammas = [energy.degree_of_reduction(text) for text in energy.SUBSTRATES.values()]
    assert gammas == sorted(gammas)


# --- together ------------------------------------------------------------------------------


def test_the_smaller_limit_holds():
    straw = controls.combined(20.0, 80.0, 4.0)
    assert float(straw["cue"]) == float(straw["nutrients"]) < float(straw["metabolism"])
    oxalate = controls.combined(20.0, 10.0, 1.0)
    assert float(oxalate["cue"]) == float(oxalate["metabolism"]) < float(oxalate["nutrients"])


@given(
    t=st.floats(-20.0, 60.0),
    ratio=st.floats(*stoichiometry.RATIOS),
    gamma=st.floats(0.0, 8.0),
    nitrogen=st.floats(0.0, 1.0),
)
def test_no_combination_breaks_the_balance_of_nitrogen(t, ratio, gamma, nitrogen):
    cue = float(controls.combined(t, ratio, gamma, immobilised=nitrogen)["cue"])
    assert 0 <= cue <= 1
    assert stoichiometry.nitrogen_surplus(ratio, cue) + nitrogen >= -1e-12


def test_controls_broadcast_by_name():
    t = xr.DataArray([10.0, 20.0], dims="t")
    ratio = xr.DataArray([10.0, 20.0, 40.0], dims="ratio")
    assert controls.combined(t, ratio, 4.0)["cue"].dims == ("t", "ratio") or set(
        controls.combined(t, ratio, 4.0)["cue"].dims
    ) == {"t", "ratio"}
    named = stoichiometry.enzymes(ratio)
    assert named.name == "cue"
    assert named.attrs["units"] == "1"


def test_missing_values_pass_through_arrays_but_not_alone():
    assert np.isnan(stoichiometry.enzymes(np.array([np.nan, 12.0]))).tolist() == [True, False]
    with pytest.raises(InputError, match="is not finite"):
        stoichiometry.enzymes(np.nan)


def test_every_control_in_the_catalogue_is_a_function_with_a_source():
    table = controls.catalogue()
    modules = {"temperature": temperature, "stoichiometry": stoichiometry, "energy": energy}
    for row in table.itertuples():
        module, name = row.function.split(".")
        assert callable(getattr(modules[module], name))
        assert row.source
        assert row.limits


def test_every_parameter_names_its_source():
    sets = [*temperature.LINEAR.values(), *temperature.LOGIT.values()]
    sets += [*stoichiometry.PARAMETER_SETS.values(), *energy.PARAMETER_SETS.values()]
    for chosen in sets:
        for record in chosen.records.values():
            assert len(record.source) > 10


def test_the_table_of_links_is_well_formed():
    links = controls.links()
    assert set(links["certainty"]) == set(controls.CERTAINTIES)
    assert set(links["sign"]) <= set(controls.SIGNS)
    assert not links.isna().any().any()
    assert not links.duplicated(["source", "target"]).any()
    assert "He et al. 2024" in links.attrs["source"]
    # every control of the paper's two sections reaches CUE, and CUE reaches the soil
    reached = {"soil carbon"}
    for _ in links.index:
        reached |= set(links.loc[links["target"].isin(reached), "source"])
    assert set(links["source"]) <= reached


def test_tables_of_this_topic_name_their_sources():
    for name in ("cue_links", "cue_published", "cue_scales"):
        assert len(tables.read(name).attrs["source"]) > 40
    assert tables.read("cue_published")["source"].str.contains("doi").all()
