"""The whole profile: budgets, analytic solutions, the published numbers, and bad input."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.parameters import InputError
from soilnb.profile import depth

#: Sierra et al. 2024 with kappa 1 cm2/yr and beta 0.95: advection (cm/yr), decay (1/yr), mean and
#: median transit time (yr), and the share that remains after 1, 10 and 50 years.
PUBLISHED = [
    (5.0, 1.0, 1.333, 0.859, (0.449, 0.002, 0.0)),
    (5.0, 0.1, 9.699, 9.444, (0.914, 0.480, 0.0)),
    (0.1, 1.0, 1.217, 0.799, (0.424, 0.001, 0.0)),
    (0.1, 0.1, 11.498, 7.096, (0.875, 0.392, 0.022)),
]
HALF_A_DIGIT = 0.0005

GAINS, LOSSES = ("input", "deposition"), ("respiration", "leaching", "erosion", "burial")


def imbalance(result, prefix=""):
    """Gains less losses and change, over what passes through and what is there."""
    gains = sum(result[prefix + name] for name in GAINS)
    losses = sum(result[prefix + name] for name in LOSSES)
    scale = gains + losses + (1000 * result["stock"] if prefix else 0.0)
    return np.abs((gains - losses - result[prefix + "change"]) / scale).max()


# --- the published numbers --------------------------------------------------------------------


@pytest.mark.parametrize(("advection", "decay", "mean", "median", "left"), PUBLISHED)
def test_the_published_boundary_gives_the_published_digits(advection, decay, mean, median, left):
    soil = depth.profile(
        {"set": "sierra2024", "advection": advection, "decay": decay, "boundary": "published"}
    )
    times = depth.transit_time(soil)
    assert float(times["mean"]) == pytest.approx(mean, abs=HALF_A_DIGIT)
    assert float(times["median"]) == pytest.approx(median, abs=HALF_A_DIGIT)
    found = depth.remaining(soil, [1.0, 10.0, 50.0])["remaining"].values
    np.testing.assert_allclose(found, left, atol=HALF_A_DIGIT)


@pytest.mark.parametrize(("advection", "decay", "mean"), [row[:3] for row in PUBLISHED])
def test_the_published_ends_leak_so_the_conservative_profile_keeps_carbon_longer(
    advection, decay, mean
):
    changes = {"set": "sierra2024", "advection": advection, "decay": decay}
    open_end = depth.profile(changes)
    closed = depth.profile({**changes, "bottom": "closed"})
    found = [float(depth.transit_time(soil)["mean"]) for soil in (open_end, closed)]
    assert mean < found[0] < found[1]


def test_the_published_profile_has_its_fixed_values_at_the_ends():
    soil = depth.profile({"set": "sierra2024", "boundary": "published"})
    state = depth.steady_state(soil)["carbon"].sel(material="soil").values
    surface = -np.log(0.95) * 100 / 1.0  # u(0) / k0 in g C m-3
    assert 2 * state[0] - state[1] == pytest.approx(surface, rel=1e-4)
    assert 2 * state[-1] - state[-2] == pytest.approx(0.0, abs=1e-2 * surface)
    assert imbalance(depth.steady_state(soil)) < 1e-10


# --- carbon is neither made nor lost ----------------------------------------------------------

soils = st.fixed_dictionaries(
    {
        "diffusion": st.floats(0.0, 20.0),
        "advection": st.floats(0.0, 10.0),
        "decay": st.floats(1e-3, 1.0),
        "decay_depth": st.floats(10.0, 500.0),
        "root_beta": st.floats(0.9, 0.99),
        "root_kept": st.floats(0.0, 1.0),
        "erosion": st.sampled_from([0.0, 0.5, 8.0]),
        "deposition": st.sampled_from([0.0, 0.3, 5.0]),
        "bottom": st.sampled_from(["open", "closed"]),
        "roots": st.sampled_from(["beta", "logistic"]),
    }
)


@given(soils, st.floats(0.0, 2.0))
@settings(max_examples=25)
def test_the_budget_closes_at_rest_and_in_time(changes, factor):
    soil = depth.profile(changes, thickness=0.05)
    rest = depth.steady_state(soil)
    assert imbalance(rest) < 1e-10
    assert abs(float(rest["change"])) < 1e-9 * float(rest["input"] + rest["deposition"])
    assert (rest["carbon"] >= 0).all()
    run = depth.simulate(soil, [0.0, 0.3, 20.0, 2500.0], initial=factor * rest)
    assert imbalance(run, "cumulative_") < 1e-10
    held = 1000 * (run["stock"] - run["stock"].isel(time=0))
    np.testing.assert_allclose(run["cumulative_change"], held, atol=1e-9 * float(1e4 * rest.stock))


def test_erosion_takes_carbon_and_sediment_buries_it():
    still = depth.steady_state("cropland")
    eroded = depth.steady_state({"erosion": 2.0})
    buried = depth.steady_state({"deposition": 2.0, "sediment_carbon": 2e4})
    assert float(eroded["stock"]) < float(still["stock"]) < float(buried["stock"])
    assert float(eroded["erosion"]) > 0
    assert float(eroded["burial"]) == float(eroded["deposition"]) == 0
    assert float(buried["deposition"]) == pytest.approx(2e-3 * 2e4)
    assert float(buried["burial"]) > 0


def test_soil_that_is_lost_as_fast_as_it_settles_stays_where_it_is():
    """Sediment that carries what is eroded: the surface stays, and so does the carbon."""
    still = depth.steady_state({"bottom": "closed"})
    at_top = float(still["carbon"].sel(material="soil")[0])
    fresh = float(still["carbon"].sel(material="fresh")[0])
    both = depth.steady_state(
        {"bottom": "closed", "erosion": 1.0, "deposition": 1.0, "sediment_carbon": at_top}
    )
    assert float(both["burial"]) == 0.0
    lost = float(both["erosion"] - both["deposition"])
    assert lost == pytest.approx(1e-3 * fresh, rel=0.06)  # only fresh remains are not replaced
    soil = [run["carbon"].sel(material="soil") for run in (both, still)]
    np.testing.assert_allclose(*soil, rtol=1e-9)


def test_a_closed_end_leaches_nothing():
    assert float(depth.steady_state({"bottom": "closed", "advection": 1.0})["leaching"]) == 0.0
    leached = depth.steady_state({"bottom": "open", "advection": 1.0})["leaching"]
    assert float(leached) > 1.0


# --- analytic solutions -----------------------------------------------------------------------


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_without_transport_carbon_is_input_over_decay(seed):
    rng = np.random.default_rng(seed)
    soil = depth.profile(
        {"set": "luo2025", "diffusion": 0.0, "advection": 0.0},
        edges=np.concatenate([[0.0], np.cumsum(rng.uniform(0.01, 0.2, 9))]),
        source=rng.uniform(0, 50, 9),
        decay=10 ** rng.uniform(-3, 0, 9),
    )
    rest = depth.steady_state(soil)
    expected = rest["source"] / rest["decay"]
    np.testing.assert_allclose(rest["carbon"], expected, rtol=1e-12)


def analytic(z, kappa, v, k, input_depth, length, bottom):
    """Solve kappa x'' - v x' - k x + exp(-z / a) = 0 without flux at the top, SI units.

    At the bottom: no flux (closed), or what the water carries, v x (open: x' = 0).
    """
    a = input_depth
    c = 1.0 / (k - kappa / a**2 - v / a)
    root = np.sqrt(v**2 + 4 * kappa * k)
    r = np.array([(v + root), (v - root)]) / (2 * kappa)
    # Homogeneous parts scaled to 1 at the end at which they are largest.
    shift = np.array([length, 0.0])
    values = lambda at: np.exp(r * (at - shift))  # noqa: E731
    flux = lambda at: (v - kappa * r) * values(at)  # noqa: E731
    own = lambda at: (v + kappa / a) * c * np.exp(-at / a)  # noqa: E731
    if bottom == "closed":
        low, known = flux(length), own(length)
    else:
        low, known = r * values(length), -c / a * np.exp(-length / a)
    weights = np.linalg.solve([flux(0.0), low], [-own(0.0), -known])
    return c * np.exp(-z / a) + np.exp(r * (z[:, None] - shift)) @ weights


def error_of_grid(cells, bottom, kappa=5.0, v=0.2):
    """Largest error against the exact means of the cells, relative to the largest density."""
    length, k, a = 1.0, 0.02, 0.25
    edges = np.linspace(0.0, length, cells + 1)
    source = a * -np.diff(np.exp(-edges / a))
    soil = depth.profile(
        {"set": "luo2025", "diffusion": kappa, "advection": v, "bottom": bottom},
        edges=edges,
        source=source,
        decay=np.full(cells, k),
    )
    fine = np.linspace(0.0, length, 40 * cells + 1)
    middle = 0.5 * (fine[1:] + fine[:-1])
    exact = analytic(middle, kappa * 1e-4, v * 1e-2, k, a, length, bottom)
    means = exact.reshape(cells, 40).mean(axis=1)
    found = depth.steady_state(soil)["carbon"].sel(material="soil").values
    return np.abs(found - means).max() / means.max()


@pytest.mark.parametrize("bottom", ["closed", "open"])
def test_constant_coefficients_converge_to_the_exact_profile_at_second_order(bottom):
    errors = [error_of_grid(cells, bottom) for cells in (40, 80, 160)]
    assert errors[2] < 2e-4
    for coarse, fine in itertools.pairwise(errors):
        assert np.log2(coarse / fine) == pytest.approx(2.0, abs=0.15)


def test_where_water_outruns_mixing_the_order_is_one_and_nothing_oscillates():
    """Below a cell Péclet number of about 1 the second order is back."""
    errors = [error_of_grid(cells, "open", kappa=1e-3, v=0.5) for cells in (80, 160, 320)]
    for coarse, fine in itertools.pairwise(errors):
        assert np.log2(coarse / fine) == pytest.approx(1.0, abs=0.1)


def test_uniform_decay_alone_leaves_an_exponential_transit_time():
    soil = depth.profile({"set": "luo2025", "decay_depth": 1e6, "decay": 0.04, "bottom": "closed"})
    times = depth.transit_time(soil)
    assert float(times["mean"]) == pytest.approx(25.0, rel=1e-3)
    assert float(times["median"]) == pytest.approx(25.0 * np.log(2), rel=1e-3)
    t = np.array([1.0, 10.0, 60.0])
    fate = depth.remaining(soil, t)
    np.testing.assert_allclose(fate["remaining"], np.exp(-0.04 * t), rtol=1e-3)
    np.testing.assert_allclose(fate["transit_density"], 0.04 * np.exp(-0.04 * t), rtol=1e-3)


# --- the fate of one year's carbon ------------------------------------------------------------


@pytest.mark.parametrize("boundary", ["conservative", "published"])
def test_the_metrics_of_one_pulse_belong_together(boundary):
    soil = depth.profile({"set": "sierra2024", "advection": 0.5, "boundary": boundary})
    time = np.linspace(0.0, 15.0, 601)
    fate = depth.remaining(soil, time)
    share = fate["remaining"].values
    assert share[0] == pytest.approx(1.0, rel=1e-12)
    assert (np.diff(share) < 0).all()
    left = np.trapezoid(fate["transit_density"].values, time)
    assert left == pytest.approx(1 - share[-1], rel=2e-2)  # the ends leak fast at first
    kept = np.trapezoid(share, time)
    assert float(fate["sequestration"][-1]) == pytest.approx(kept, rel=1e-3)
    density = fate["density"]
    widths = soil.thickness
    np.testing.assert_allclose((density * widths).sum("depth"), share, rtol=1e-12)
    median = float(depth.transit_time(soil)["median"])
    half = float(depth.remaining(soil, [median])["remaining"][0])
    assert half == pytest.approx(0.5, abs=1e-8)


def test_mean_transit_time_is_stock_over_input():
    rest = depth.steady_state("cropland")
    mean = float(depth.transit_time("cropland")["mean"])
    assert mean == pytest.approx(1000 * float(rest["stock"]) / float(rest["input"]), rel=1e-12)


def test_sequestration_of_one_year_is_what_a_new_field_holds_after_as_many_years():
    """int exp(sB) u ds is also the stock that constant input builds from nothing."""
    soil = depth.profile("cropland")
    cs = depth.sequestration(soil, [30.0, 100.0]).values
    built = depth.simulate(soil, [30.0, 100.0], initial=np.zeros_like(soil.source))
    np.testing.assert_allclose(cs, 1000 * built["stock"], rtol=1e-10)
    endless = depth.sequestration(soil, [1e6]).values[0]
    assert endless == pytest.approx(1000 * float(depth.steady_state(soil)["stock"]), rel=1e-9)


def test_deep_input_stays_longer_and_fresh_input_leaves_within_years():
    """Both readings: the mean is made by the little that stays, the median by the rest."""
    edges = depth.grid(2.0)
    shallow = depth.profile("cropland", source=180 * depth.layer_shares(edges, 0.0, 0.2))
    deep = depth.profile("cropland", source=180 * depth.layer_shares(edges, 1.0, 1.2))
    times = [depth.transit_time(soil) for soil in (shallow, deep)]
    assert float(times[1]["mean"]) > 5 * float(times[0]["mean"])
    assert float(times[0]["median"]) < 2.0
    assert float(times[1]["median"]) < 5.0


# --- time -------------------------------------------------------------------------------------


def test_a_profile_at_rest_stays_at_rest():
    run = depth.simulate("cropland", [0.0, 1.0, 2500.0])
    np.testing.assert_allclose(run["stock"], run["stock"][0], rtol=1e-11)
    assert np.abs(run["cumulative_change"]).max() < 1e-6


def test_responses_add_up():
    soil = depth.profile("cropland", thickness=0.1)
    rest = depth.steady_state(soil)["carbon"]
    t = [5.0, 80.0]
    from_rest, from_nothing, half = (
        depth.simulate(soil, t, initial=f * rest)["carbon"] for f in (1.0, 0.0, 0.5)
    )
    np.testing.assert_allclose(half, 0.5 * (from_rest + from_nothing), rtol=1e-7, atol=1e-6)


def test_every_start_ends_at_the_same_profile():
    rest = depth.steady_state({"decay_depth": 90.0})
    run = depth.simulate({"decay_depth": 90.0}, [20_000.0], initial=3 * rest)
    np.testing.assert_allclose(run["carbon"].isel(time=0), rest["carbon"], rtol=1e-6)


def test_a_run_goes_on_from_where_another_ended():
    soil = depth.profile({"root_input": 0.0, "residue_input": 0.0})
    start = depth.steady_state("cropland")["carbon"].sel(material=["soil"])
    middle = depth.simulate(soil, [400.0], initial=start)
    end = depth.simulate(soil, [600.0], initial=middle["carbon"].isel(time=-1))
    whole = depth.simulate(soil, [1000.0], initial=start)
    np.testing.assert_allclose(end["carbon"], whole["carbon"].values, rtol=1e-6, atol=1e-9)
    # what rounding leaves below zero is no negative carbon
    residue = start.values.copy()
    residue[0, -1] = -1e-14 * residue.max()
    assert float(depth.simulate(soil, [0.0], initial=residue)["carbon"].min()) == 0.0


def mixing(n, cells):
    moves = np.eye(n)
    moves[:cells, :cells] = 1.0 / cells
    return moves


def test_events_move_carbon_and_lose_none():
    soil = depth.profile("cropland", thickness=0.1)
    event = depth.Event([0.0, 5.0], mixing(20, 4), share=0.5)
    t = [0.0, 4.0, 5.0, 6.0]
    run = depth.simulate(soil, t, events=[event])
    still = depth.steady_state(soil)
    assert float(run["stock"][0]) == pytest.approx(float(still["stock"]), rel=1e-14)
    before, after = still["carbon"], run["carbon"].isel(time=0)
    top = before.isel(depth=slice(0, 4))
    expected = 0.5 * top + 0.5 * top.mean("depth")
    np.testing.assert_allclose(after.isel(depth=slice(0, 4)), expected, rtol=1e-12)
    assert imbalance(run, "cumulative_") < 1e-12
    # the event of year 5 acts on what year 5 would be without it
    once = depth.simulate(soil, t, events=[depth.Event([0.0], mixing(20, 4), share=0.5)])
    later = once["carbon"].sel(time=5.0)
    moved = depth.Event([0.0], mixing(20, 4), 0.5).apply(later.values, soil)
    np.testing.assert_allclose(run["carbon"].sel(time=5.0), moved, rtol=1e-9)


def test_an_event_can_make_a_new_material():
    plain = depth.profile("luo2025", thickness=0.2)
    soil = plain.replace(
        materials=("soil", "turned"),
        source=np.vstack([plain.source, 0 * plain.source]),
        decay=np.vstack([plain.decay, plain.decay]),
        sediment=np.zeros(2),
    )
    start = depth.steady_state(plain)["carbon"]
    event = depth.Event([0.0], np.eye(10)[::-1], into={"soil": "turned"})
    run = depth.simulate(soil, [0.0], initial=start, events=[event])["carbon"].isel(time=0)
    assert (run.sel(material="soil") == 0).all()
    np.testing.assert_allclose(run.sel(material="turned"), start.values[0, ::-1], rtol=1e-13)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (depth.Event([0.0], 0.9 * np.eye(20)), ["moves", "columns sum to 1"]),
        (depth.Event([0.0], np.eye(3)), ["moves has the shape (3, 3)", "(20, 20)"]),
        (depth.Event([0.0], np.eye(20), share=1.5), ["share = 1.5"]),
        (depth.Event([0.0], np.eye(20), into={"sol": "soil"}), ["'sol'", "did you mean 'soil'"]),
    ],
)
def test_events_that_do_not_fit_are_refused(event, words):
    with pytest.raises(InputError) as caught:
        depth.simulate(depth.profile("cropland", thickness=0.1), [1.0], events=[event])
    assert all(word in str(caught.value) for word in words)


# --- grids, roots and layers ------------------------------------------------------------------


def test_global_roots_are_as_deep_as_jackson_says():
    shares = np.cumsum(depth.root_shares([0.0, 0.1, 0.2, 0.4, 20.0], 0.966))
    np.testing.assert_allclose(shares[:3], [0.30, 0.50, 0.75], atol=0.01)
    crops = depth.root_shares([0.0, 0.2, 20.0], 0.961)
    assert crops[0] == pytest.approx(0.549, abs=0.001)


def test_half_of_the_roots_are_above_d50_and_95_percent_above_d95():
    shares = depth.root_shares([0.0, 0.14, 0.87, 1e6], d50=14.0, d95=87.0)
    np.testing.assert_allclose(np.cumsum(shares), [0.5, 0.95, 1.0], atol=1e-4)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_layers_hold_what_their_cells_hold(seed):
    rng = np.random.default_rng(seed)
    edges = np.concatenate([[0.0], np.cumsum(rng.uniform(0.01, 0.3, 12))])
    soil = depth.profile("luo2025", edges=edges, source=rng.uniform(0, 9, 12), decay=np.ones(12))
    rest = depth.steady_state(soil)
    bounds = np.sort(np.concatenate([[0.0, edges[-1]], rng.uniform(0, edges[-1], 3)]))
    amounts = depth.layers(rest["carbon"].sum("material"), bounds)
    assert float(amounts.sum()) == pytest.approx(1000 * float(rest["stock"]), rel=1e-12)
    assert amounts["bottom"].values == pytest.approx(bounds[1:])
    split = sum(float(depth.stock(rest, a, b)) for a, b in itertools.pairwise(bounds))
    assert split == pytest.approx(float(depth.stock(rest)), rel=1e-12)
    assert depth.layer_shares(edges, bounds[1], bounds[-1]).sum() == pytest.approx(1.0)


def test_transport_and_decay_may_change_with_depth_as_numbers_or_as_a_function():
    edges = depth.grid(1.0, 0.05)
    kappa = lambda z: 5.0 * np.exp(-z / 0.3)  # noqa: E731
    rate = lambda z: 0.5 / (1 + 10 * z)  # noqa: E731
    middle = 0.5 * (edges[1:] + edges[:-1])
    one = depth.profile("sierra2024", edges=edges, diffusion=kappa, decay=rate)
    two = depth.profile("sierra2024", edges=edges, diffusion=kappa(edges), decay=rate(middle))
    np.testing.assert_array_equal(
        depth.steady_state(one)["carbon"], depth.steady_state(two)["carbon"]
    )
    constant = depth.steady_state(depth.profile("sierra2024", edges=edges))
    assert not np.allclose(constant["carbon"], depth.steady_state(one)["carbon"])


def test_given_shares_take_the_place_of_the_root_formula():
    edges = depth.grid(1.0, 0.1)
    shares = depth.root_shares(edges, 0.95)
    given_ones = depth.profile("luo2025", edges=edges, roots=shares)
    formula = depth.profile({"set": "luo2025", "root_beta": 0.95, "depth": 1.0}, thickness=0.1)
    np.testing.assert_allclose(given_ones.source, formula.source, rtol=1e-12)
    assert given_ones.given == ("edges", "roots")


def test_all_input_finds_its_place_in_the_profile():
    for name in depth.PARAMETER_SETS:
        chosen = depth.PARAMETER_SETS[name]
        total = chosen["root_input"] + chosen["residue_input"]
        assert float(depth.steady_state(name)["input"]) == pytest.approx(total, rel=1e-12)


# --- what the sets say ------------------------------------------------------------------------


def test_the_global_set_has_the_turnover_times_of_the_paper():
    """About 50 years in 0-20 cm, above 4,000 in 150-200 cm."""
    decay = depth.profile("luo2025", edges=[0.0, 0.2, 1.5, 2.0]).decay[0]
    assert 1 / decay[0] == pytest.approx(50.0, rel=0.02)
    assert 1 / decay[2] == pytest.approx(4000.0, rel=0.02)


def test_a_cropland_holds_a_third_of_the_topsoils_density_below_30_cm():
    rest = depth.steady_state("cropland")
    top, deep = float(depth.stock(rest, 0.0, 0.3)), float(depth.stock(rest, 0.3, 1.0))
    assert (deep / 0.7) / (top / 0.3) == pytest.approx(1 / 3, abs=0.1)


def test_every_number_names_its_source_and_every_variable_its_unit():
    for chosen in depth.PARAMETER_SETS.values():
        assert all(record.source for record in chosen.records.values())
    run = depth.simulate("cropland", [0.0, 1.0])
    for name, variable in run.data_vars.items():
        assert variable.attrs["units"], name
        assert variable.attrs["long_name"], name
    assert run.attrs["parameter_set"] == "cropland"
    assert "gcb.17153" in run.attrs["source"]


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: depth.profile(edges=[0, 0.4, 0.3]), ["out of order", "0.4 m", "0.3 m"]),
        (lambda: depth.profile(edges=[0.1, 0.4]), ["start at 0.1 m", "0, the surface"]),
        (lambda: depth.profile(edges=[0.0, np.nan]), ["edges", "finite"]),
        (lambda: depth.profile(edges="deep"), ["edges", "depths in m"]),
        (
            lambda: depth.profile(edges=[0, 0.2, 1], roots=[0.6, 0.6]),
            ["roots sum to 1.2", "sum to 1"],
        ),
        (lambda: depth.profile(edges=[0, 0.2, 1], roots=[1.0]), ["roots", "(2,)"]),
        (lambda: depth.profile(edges=[0, 0.2, 1], decay=[0.1, -0.1]), ["decay = -0.1", "yr-1"]),
        (lambda: depth.profile(edges=[0, 0.2, 1], source=[1.0, -2.0]), ["source = -2", "g C m-2"]),
        (lambda: depth.profile(edges=[0, 0.2, 1], source=[1.0]), ["source", "(2,)"]),
        (lambda: depth.profile(edges=[0, 0.2, 1], diffusion=[1.0, 2.0]), ["diffusion", "(3,)"]),
        (lambda: depth.profile(diffusion=-1.0), ["diffusion = -1", "cm2 yr-1"]),
        (lambda: depth.profile(advection=lambda z: -z), ["advection", "0 or more cm yr-1"]),
        (lambda: depth.profile({"decay": -1.0}), ["decay = -1", "yr-1"]),
        (lambda: depth.profile({"advektion": 1.0}), ["'advektion'", "did you mean 'advection'"]),
        (lambda: depth.profile("crops"), ["'crops'", "cropland"]),
        (lambda: depth.profile({"roots": "linear"}), ["'linear'", "beta, logistic"]),
        (lambda: depth.profile({"bottom": "half"}), ["'half'", "closed, open"]),
        (lambda: depth.profile({"boundary": "published"}), ["published"]),
        (
            lambda: depth.profile({"set": "sierra2024", "boundary": "published"}, edges=[0, 1]),
            ["edges", "published"],
        ),
        (
            lambda: depth.profile(
                {"set": "sierra2024", "boundary": "published", "diffusion": 0.01}
            ),
            ["advection = 5", "oscillate"],
        ),
        (lambda: depth.profile({"roots": "logistic", "root_d95": 10.0}), ["d95 = 10", "d50 = 14"]),
        (lambda: depth.grid(-1.0), ["depth = -1", "more than 0 m"]),
        (lambda: depth.grid(1.0, 5.0), ["thickness", "cells"]),
        (lambda: depth.root_shares([0, 1]), ["beta", "d50 and d95"]),
        (lambda: depth.root_shares([0, 1], 1.2), ["beta = 1.2", "0.5 to 0.999"]),
        (lambda: depth.layer_shares([0, 1], 0.5, 2.0), ["outside the profile", "0 to 1 m"]),
        (lambda: depth.layer_shares([0, 1], 0.5, 0.2), ["upper and a lower"]),
        (
            lambda: depth.steady_state(
                depth.profile({"set": "luo2025", "bottom": "closed"}, decay=np.zeros(100))
            ),
            ["never lost"],
        ),
        (lambda: depth.simulate("cropland", [5.0, 1.0]), ["time must increase"]),
        (lambda: depth.simulate("cropland", [1.0], initial=np.ones(3)), ["initial", "(2, 100)"]),
        (
            lambda: depth.simulate("cropland", [1.0], initial=-np.ones((2, 100))),
            ["initial = -1", "g C m-3"],
        ),
        (
            lambda: depth.simulate("cropland", [1.0], initial=xr.Dataset()),
            ["initial has no variable 'carbon'"],
        ),
        (
            lambda: depth.simulate("luo2025", [1.0], initial=depth.steady_state("cropland")),
            ["'fresh'", "soil"],
        ),
        (
            lambda: depth.transit_time(depth.profile({"root_input": 0.0, "residue_input": 0.0})),
            ["no input"],
        ),
        (
            lambda: depth.stock(depth.steady_state("sierra2024"), 0.0, 2.0),
            ["outside the profile", "0 to 1 m"],
        ),
        (
            lambda: depth.layers(depth.steady_state("cropland")["carbon"], [0.5, 0.2]),
            ["out of order"],
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(make, words):
    with pytest.raises(InputError) as caught:
        make()
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message
