"""Management: each practice conserves carbon, has a control, and is nothing when it is nothing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.parameters import InputError
from soilnb.profile import compas, depth, forcing, management
from soilnb.profile.management import PRACTICES
from soilnb.profile.management import compas as management_compas

YEARS = [0.0, 1.0, 30.0, 100.0]
COARSE = depth.profile("cropland", thickness=0.1)


def imbalance(run):
    """Gains less losses and change of either field, over what passes through and is there."""
    gains = run["cumulative_input"] + run["cumulative_deposition"]
    names = ("respiration", "leaching", "erosion", "burial", "change")
    rest = gains - sum(run[f"cumulative_{name}"] for name in names)
    return float(np.abs(rest / (gains + 1000 * run["stock"])).max())


def end(run, name="effect"):
    return float(run[name].isel(time=-1))


def after(names, soil=COARSE):
    land = management.begin(soil)
    for practice in management.chosen(names):
        land = practice(land)
    return land


# --- conservation -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRACTICES)
def test_every_practice_conserves_carbon(name):
    run = management.scenario(name, YEARS, COARSE)
    assert imbalance(run) < 1e-10
    assert (run["carbon"] >= -1e-9).all()
    start = run["stock"].isel(time=0)
    brought = (start.sel(scenario="managed") - start.sel(scenario="control")) * 1000
    assert float(brought) == pytest.approx(float(run["brought"][1]), abs=1e-9)
    assert float(run["brought"][0]) == 0.0
    if name != "biochar":
        assert float(run["brought"][1]) == 0.0


@given(
    st.lists(st.sampled_from([n for n in PRACTICES if n != "ditch_straw"]), max_size=4),
    st.sampled_from(["cropland", {"erosion": 0.5, "deposition": 0.2}, {"bottom": "closed"}]),
)
@settings(max_examples=12)
def test_practices_combined_conserve_carbon(names, soil):
    soil = depth.profile(soil, thickness=0.1)
    run = management.scenario(names, [0.0, 40.0], soil)
    assert imbalance(run) < 1e-10
    assert float(run["material_stock"].isel(time=1).sum()) == pytest.approx(
        float(run["stock"].sel(scenario="managed").isel(time=1)), rel=1e-12
    )


def test_full_inversion_keeps_every_stock_to_the_last_bit():
    land = management.begin("cropland")
    for memory in (0.0, 0.5, 1.0):
        turned = PRACTICES["inversion"].change(memory=memory)(land)
        before = math.fsum(math.fsum(amount) for amount in land.carbon.values())
        amounts = [amount for amounts in turned.carbon.values() for amount in amounts]
        assert math.fsum(amounts) == pytest.approx(before, rel=1e-15)
        soil = sum(turned.carbon[name] for name in turned.native())
        np.testing.assert_array_equal(np.sort(soil), np.sort(land.carbon["soil"]))
        np.testing.assert_array_equal(soil[:30], land.carbon["soil"][29::-1])


@given(seed=st.integers(0, 2**32), cells=st.integers(2, 15))
@settings(max_examples=30)
def test_turning_any_soil_to_any_depth_loses_none(seed, cells):
    rng = np.random.default_rng(seed)
    edges = np.concatenate([[0.0], np.cumsum(rng.uniform(0.01, 0.3, cells))])
    bottom = rng.uniform(0.01, edges[-1])
    moves = management.turned(edges, bottom)
    np.testing.assert_allclose(moves.sum(axis=0), 1.0, rtol=1e-14)
    assert (moves >= 0).all()
    # Evenly spread soil stays evenly spread, and what is below stays where it is.
    np.testing.assert_allclose(moves @ np.diff(edges), np.diff(edges), rtol=1e-9)
    below = edges[:-1] >= bottom
    np.testing.assert_array_equal(moves[below][:, below], np.eye(below.sum()))


def test_a_ditch_mixes_a_share_of_the_field_each_year_and_nothing_below_its_floor():
    run = management.scenario("ditch_straw", [0.0], COARSE)["carbon"].isel(time=0)
    control, managed = run.sel(scenario="control"), run.sel(scenario="managed")
    top = slice(0, 4)  # 0-40 cm
    mean = control.isel(depth=top).mean("depth")
    expected = 0.9 * control.isel(depth=top) + 0.1 * mean
    np.testing.assert_allclose(managed.isel(depth=top), expected, rtol=1e-12)
    below = slice(4, None)
    np.testing.assert_allclose(managed.isel(depth=below), control.isel(depth=below), rtol=1e-12)


def test_ditches_that_move_on_in_turn_do_what_ditches_at_random_places_do():
    """The field mean of ten strips, each dug every tenth year, against a tenth of it each year."""
    practice = PRACTICES["ditch_straw"]
    land = practice(management.begin(COARSE))
    ((moves, share),) = land.yearly
    years = round(1 / share)
    strips = []
    for first in range(years):
        event = depth.Event(np.arange(first, 60.0, years), moves)
        run = depth.simulate(land.profile, [60.0], initial=land.start, events=[event])
        strips.append(float(run["stock"][0]))
    at_random = management.scenario(practice, [60.0], COARSE)["stock"].sel(scenario="managed")
    assert np.mean(strips) == pytest.approx(float(at_random[0]), rel=2e-3)


# --- the control ------------------------------------------------------------------------------


def test_doing_nothing_changes_nothing():
    run = management.scenario([], YEARS, COARSE)
    assert (run["effect"] == 0).all()
    assert run.attrs["practices"] == "none"
    row = management.effects([], COARSE)
    assert row["change_2500yr"] == row["extra_input_100yr"] == row["cs_100yr"] == 0.0
    assert np.isnan(row["years_to_half"])


@pytest.mark.parametrize(
    ("name", "nothing"),
    [
        ("deep_roots", {"root_beta": 0.961, "priming": 1.0}),
        ("perennials", {"belowground": 0.2, "root_beta": 0.961}),
        ("agroforestry", {"tree_share": 0.0}),
        ("compost", {"amount": 0.0}),
        ("biochar", {"amount": 0.0}),
        ("minerals", {"slowdown": 0.0}),
        ("deep_nutrients", {"root_beta": 0.961, "growth": 0.0}),
        ("earthworms", {"factor": 1.0}),
        ("suberin", {"share": 0.0}),
        ("inoculants", {"gain": 0.0}),
    ],
)
def test_a_practice_with_no_strength_is_the_control(name, nothing):
    run = management.scenario(PRACTICES[name].change(**nothing), YEARS, COARSE)
    assert np.abs(run["effect"]).max() < 1e-9


def test_a_control_that_is_not_at_rest_moves_too():
    rest = depth.steady_state(COARSE)
    run = management.scenario("compost", [0.0, 50.0], COARSE, initial=0.5 * rest)
    stock = run["stock"].sel(scenario="control")
    assert float(stock[1]) > float(stock[0])
    # The equations are linear: the effect does not depend on where both began.
    other = management.scenario("compost", [0.0, 50.0], COARSE)
    assert end(run) == pytest.approx(end(other), rel=1e-7)


# --- what each practice does ------------------------------------------------------------------


def test_deeper_roots_store_more_and_slowly_and_priming_takes_from_it():
    quiet, primed = (PRACTICES["deep_roots"].change(priming=p) for p in (0.0, 1.0))
    runs = [management.scenario(p, [0.0, 100.0, 2500.0], COARSE)["effect"] for p in (quiet, primed)]
    assert float(runs[0][2]) > 5 * float(runs[0][1]) > 0
    assert float(runs[1][2]) < float(runs[0][2])
    assert float(runs[1][1]) < 0  # old carbon at depth goes first


def test_roots_are_made_deeper_not_shallower():
    land = after("deep_roots")
    shallower = PRACTICES["deep_roots"].change(root_beta=0.90)(land)
    np.testing.assert_array_equal(shallower.roots, land.roots)


def test_what_decay_follows_decides_what_full_inversion_does():
    """Buried carbon that keeps its decay gains nothing; where nothing moves, exactly nothing."""
    still = {"diffusion": 0.0, "advection": 0.0}
    t = [0.0, 10.0, 30.0, 100.0, 2500.0]
    material = management.scenario("inversion_material", t, still)["effect"]
    assert np.abs(material).max() < 1e-9
    by_depth = management.scenario("inversion", t, still)["effect"].values
    assert by_depth[2] > 0.2
    between = PRACTICES["inversion"].change(memory=0.5)
    half = management.scenario(between, t, still)["effect"].values
    assert 0 < half[2] < by_depth[2]


def test_full_inversion_leaves_no_trace_in_the_end():
    run = management.scenario("inversion", [0.0, 50.0, 20_000.0], COARSE)["effect"].values
    assert run[1] > 0.2
    assert abs(run[2]) < 1e-3


def test_turning_twice_brings_everything_back():
    twice = after(["inversion", "inversion"])
    before = management.begin(COARSE)
    for name, amount in before.carbon.items():
        np.testing.assert_allclose(twice.carbon[name], amount, rtol=1e-13)


def test_biochar_stays_and_what_lies_beside_it_decays_more_slowly():
    land = after("biochar", "cropland")
    assert land.carbon["biochar"].sum() == pytest.approx(1000.0)
    inside = (land.base.depth > 0.3) & (land.base.depth < 0.6)
    ratio = land.decay["soil"] / land.base.decay[1]
    np.testing.assert_allclose(ratio[inside], 1 - 0.055)
    np.testing.assert_allclose(ratio[~inside], 1.0)
    run = management.scenario("biochar", [0.0, 500.0], COARSE)
    left = run["material_stock"].sel(material="biochar").values
    assert left[1] / left[0] == pytest.approx(np.exp(-1.0), rel=5e-3)


def test_a_practice_that_reaches_into_part_of_a_cell_acts_on_that_part():
    fine = after(PRACTICES["minerals"].change(top=0.25, bottom=0.5), depth.profile(thickness=0.05))
    coarse = after(PRACTICES["minerals"].change(top=0.25, bottom=0.5), COARSE)
    slowed = [1 - land.decay["soil"] / land.base.decay[1] for land in (fine, coarse)]
    treated = [
        share @ land.base.thickness for share, land in zip(slowed, (fine, coarse), strict=True)
    ]
    assert treated[0] == pytest.approx(treated[1]) == pytest.approx(0.2 * 0.25)
    assert slowed[1][2] == pytest.approx(0.1)


def test_earthworms_mix_the_first_metre_only():
    land = after("earthworms")
    factor = land.mixing / land.base.diffusion
    np.testing.assert_allclose(factor[land.edges <= 1.0], 3.0)
    np.testing.assert_allclose(factor[land.edges > 1.0], 1.0)


@pytest.mark.parametrize("name", ["deep_roots", "ditch_straw", "suberin", "inoculants"])
def test_these_practices_bring_no_carbon_of_their_own(name):
    run = management.scenario(name, [0.0, 100.0], COARSE)["cumulative_input"].isel(time=-1)
    assert float(run[0]) == pytest.approx(float(run[1]), rel=1e-12)


def test_perennials_change_where_production_goes_not_how_much():
    before, grown = management.begin(COARSE), after("perennials")
    assert grown.roots.sum() == pytest.approx(2.5 * before.roots.sum())
    assert grown.residues.sum() == pytest.approx(0.625 * before.residues.sum())


def test_trees_take_the_place_of_crops():
    practice = PRACTICES["agroforestry"].change(tree_share=1.0, tree_input=500.0)
    before, grove = management.begin(COARSE), practice(management.begin(COARSE))
    assert grove.roots.sum() == pytest.approx(0.4 * 500.0)
    assert grove.residues.sum() == pytest.approx(0.6 * 500.0)
    half = PRACTICES["agroforestry"].change(tree_share=0.5, tree_input=500.0)(before)
    np.testing.assert_allclose(half.roots, 0.5 * (before.roots + grove.roots))


def test_sequestration_of_one_year_is_what_constant_inputs_add_in_as_many_years():
    for name in ("deep_roots", "compost", "inoculants"):
        row = management.effects(name, COARSE)
        assert row["cs_100yr"] == pytest.approx(row["change_100yr"], rel=1e-6)
    tillage = management.effects("inversion", COARSE)
    assert tillage["cs_100yr"] == pytest.approx(0.0, abs=1e-9)
    assert tillage["change_100yr"] > 1.0


def test_the_order_of_practices_that_do_not_touch_each_other_does_not_matter():
    one = management.scenario(["deep_roots", "minerals", "earthworms"], [100.0], COARSE)
    two = management.scenario(["earthworms", "deep_roots", "minerals"], [100.0], COARSE)
    assert end(one) == pytest.approx(end(two), rel=1e-12)


def test_combined_effects_are_more_than_their_sum_where_slower_decay_meets_more_input():
    both = end(management.scenario(["compost", "minerals"], [0.0, 500.0], COARSE))
    alone = [
        end(management.scenario(name, [0.0, 500.0], COARSE)) for name in ("compost", "minerals")
    ]
    assert both > sum(alone)


def test_profiles_of_one_material_can_be_managed_too():
    for name in ("deep_roots", "inversion_material", "compost", "biochar", "earthworms"):
        run = management.scenario(name, [0.0, 30.0], depth.profile("luo2025", thickness=0.1))
        assert imbalance(run) < 1e-10


# --- the table --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    return management.table(COARSE)


def test_the_table_has_a_control_and_every_practice_of_the_paper(table):
    assert len(table) == len(PRACTICES) + 1
    assert (table.iloc[0].filter(like="change") == 0).all()
    assert list(dict.fromkeys(table["group"]))[1:] == [
        "Deep-rooted crops and perennials",
        "Full-inversion tillage",
        "Soil amendments",
        "Bioengineering",
    ]
    columns = ["group", "mechanisms", "challenges", "references", "operation", "published"]
    words = table[[*columns, "published_source"]]
    assert (words.map(lambda text: isinstance(text, str) and text != "")).all().all()
    numbers = table.iloc[1:].filter(regex="change|extra|cs|half")
    assert np.isfinite(numbers.to_numpy()).all()


def test_half_of_the_effect_is_reached_when_the_table_says(table):
    years = table.loc["deep compost", "years_to_half"]
    run = management.scenario("compost", [0.0, years, 2500.0], COARSE)["effect"]
    assert float(run[1] / run[2]) == pytest.approx(0.5, abs=0.01)
    assert table.loc["deep biochar", "years_to_half"] == 0.0


def test_half_of_what_compost_adds_where_one_rate_decays_all_is_there_after_its_half_life():
    """A/k (1 - exp(-k t)): half of it, until year T, at t = -ln((1 + exp(-k T)) / 2) / k."""
    rate, last = 0.05, 1000.0
    still = {"set": "luo2025", "diffusion": 0.0, "advection": 0.0}
    soil = depth.profile(still, thickness=0.1, decay=lambda z: np.full_like(z, rate))
    row = management.effects("compost", soil, horizons=[last])
    added = management.MG_HA * PRACTICES["compost"].parameters["amount"] / 1000 / rate
    assert row["change_1000yr"] == pytest.approx(added, rel=1e-6)
    half = -math.log((1 + math.exp(-rate * last)) / 2) / rate
    assert row["years_to_half"] == pytest.approx(half, rel=2e-3)


def test_every_parameter_names_a_source_or_says_that_it_is_illustrative():
    for practice in PRACTICES.values():
        for record in practice.parameters.records.values():
            assert record.source
        assert practice.text.published
        assert practice.text.group in management.GROUPS


def test_what_a_practice_does_is_said_with_its_own_numbers():
    assert "to 0.3-0.6 m once, turnover 500 yr" in PRACTICES["biochar"].description
    changed = PRACTICES["biochar"].change(bottom=0.9)
    assert "to 0.3-0.9 m" in changed.description
    only = management.table(COARSE, [changed], horizons=[100.0])
    assert only["operation"].iloc[1] == changed.description
    assert "change_100yr" in only.columns


# --- in COMPAS --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def field():
    return forcing.from_climate(
        mat=9, seasonality=23, map=650, npp=430, vegetation="cropland", latitude=48
    )


def test_compas_gets_the_same_shift_of_inputs(field):
    values, changed, words = management_compas.translate("perennials", "tao2024", field)
    before = management.begin("cropland")
    ratio = (2.5 * before.roots.sum() + 0.625 * before.residues.sum()) / (
        before.roots.sum() + before.residues.sum()
    )
    expected = ratio * field["litter_input"]
    np.testing.assert_allclose(changed["litter_input"], expected, rtol=1e-12)
    assert values["b"] > compas.PARAMETER_SETS["tao2024"]["b"]
    assert f"{ratio:.2f}" in words


def test_suberin_moves_litter_and_makes_none(field):
    _, changed, _ = management_compas.translate("suberin", "tao2024", field)
    assert float(changed["litter_input"].sum()) == pytest.approx(float(field["litter_input"].sum()))
    rise = changed["litter_input"] - field["litter_input"]
    assert float(rise.sel(litter_pool="lignin")) > 0


def test_more_efficient_microbes_store_less_in_compas_and_more_where_decay_is_first_order(field):
    microbial = management_compas.effect("inoculants", "tao2024", field)
    assert microbial["change"] < 0
    assert management.effects("inoculants", COARSE)["change_2500yr"] > 0


def test_what_compas_has_no_place_for_is_left_out_with_the_reason(field):
    table = management_compas.table("tao2024", field, ["biochar", "inversion", "minerals"])
    assert np.isnan(table["change"].iloc[0])
    assert table["change"].iloc[1] == 0.0
    assert table["in_compas"].str.len().min() > 10
    assert table["change"].iloc[2] > 0
    known = set(management_compas.NOT_IN_COMPAS) | set(management_compas._TRANSLATIONS)
    assert known == set(PRACTICES)


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: management.scenario("deep_rots", [1.0]), ["'deep_rots'", "mean 'deep_roots'"]),
        (
            lambda: management.scenario("inversion", [1.0], {"depth": 0.5}),
            ["depth = 0.6 m", "outside the profile", "0.5 m"],
        ),
        (
            lambda: management.scenario("earthworms", [1.0], {"depth": 0.5}),
            ["bottom = 1 m", "outside the profile"],
        ),
        (
            lambda: management.scenario(PRACTICES["compost"].change(bottom=9.0), [1.0]),
            ["bottom = 9 m", "outside the profile", "2 m"],
        ),
        (
            lambda: management.scenario(PRACTICES["biochar"].change(top=0.6, bottom=0.3), [1.0]),
            ["0.6 to 0.3 m", "upper and a lower"],
        ),
        (lambda: PRACTICES["compost"].change(amount=-5.0), ["amount = -5", "g C m-2 yr-1"]),
        (lambda: PRACTICES["ditch_straw"].change(share=2.0), ["share = 2", "0.001 to 1"]),
        (lambda: PRACTICES["compost"].change(ammount=5.0), ["'ammount'", "did you mean 'amount'"]),
        (
            lambda: management.scenario(
                [PRACTICES["suberin"].change(share=0.7), "inoculants", "inoculants"], [1.0]
            ),
            ["root carbon sum to 1.04", "together"],
        ),
        (
            lambda: management.scenario(["inoculants"] * 20, [1.0]),
            ["gain = 0.05", "allowed up to"],
        ),
        (lambda: management.scenario("suberin", [1.0], "luo2025"), ["suberin", "one material"]),
        (
            lambda: management.begin({"set": "sierra2024", "boundary": "published"}),
            ["published", "conservative"],
        ),
        (
            lambda: management.begin(depth.profile(source=np.ones(100))),
            ["source", "by parameters"],
        ),
        (lambda: management.scenario("compost", [3.0, 2.0]), ["time must increase"]),
        (lambda: management.effects("compost", horizons=[-5.0]), ["time starts at -5"]),
    ],
)
def test_bad_input_is_refused_in_one_line(make, words):
    with pytest.raises(InputError) as caught:
        make()
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message
