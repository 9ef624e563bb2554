"""Transport between layers and the prepared forcing: carbon is moved, not made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.parameters import InputError
from soilnb.profile import clm5, forcing, grid
from soilnb.profile.forcing import kernel_forcing, transport

TEMPERATE = forcing.example("temperate")
THAWED, PERMAFROST, FROZEN = (3.0,) * 12, (0.8,) * 12, (0.0,) * 12
MIXED = (3.0,) * 6 + (1.5,) * 4 + (0.0,) * 2
COLUMN = kernel_forcing.column(TEMPERATE)


def v(bedrock, active=MIXED, mode="conservative", diffus=1e-4, cryo=5e-4):
    cryoturbation, bioturbation = transport.conductances(np.array([active]), np.array([bedrock]))
    column = COLUMN._replace(
        bedrock=bedrock, cryoturbation=cryoturbation[0], bioturbation=bioturbation[0]
    )
    return transport.matrix(diffus, cryo, column, mode)


def test_the_grid_is_that_of_clm5():
    assert grid.BOTTOM[-1] == pytest.approx(8.60)
    nodes = [0.01, 0.04, 0.09, 0.16, 0.26, 0.40, 0.58, 0.80, 1.06, 1.36]
    deeper = [1.70, 2.08, 2.50, 2.99, 3.58, 4.27, 5.06, 5.95, 6.94, 8.03]
    np.testing.assert_allclose(grid.NODE, [*nodes, *deeper], rtol=1e-12)
    np.testing.assert_allclose(forcing.NODE, grid.NODE)


@pytest.mark.parametrize("bedrock", range(21))
@pytest.mark.parametrize("active", [THAWED, PERMAFROST, FROZEN, MIXED])
def test_carbon_is_conserved_above_any_bedrock(bedrock, active):
    matrix = v(bedrock, active)
    moved = grid.THICKNESS @ matrix.values
    assert np.abs(moved).max() <= 1e-15 * max(np.abs(matrix.values).max(), 1e-300)
    assert (matrix.values[~np.eye(20, dtype=bool)] >= 0).all()
    # A column that is well mixed stays so.
    np.testing.assert_allclose(matrix.values.sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("bedrock", range(21))
def test_the_published_transport_leaks_at_the_bedrock(bedrock):
    """Where 1 to 18 soil layers lie above it; with none or one layer below, nothing can leak."""
    gap = transport.imbalance(v(bedrock, THAWED, "published")).values
    leaks = [bedrock, bedrock + 1] if 1 <= bedrock <= 18 else []
    assert np.flatnonzero(np.abs(gap) > 1e-12).tolist() == leaks
    if leaks:
        assert gap[leaks[0]] == pytest.approx(-gap[leaks[1]])
        assert gap[leaks[0]] < 0


@pytest.mark.parametrize(("bedrock", "share"), [(12, 0.0446), (8, 0.0721)])
def test_the_leak_is_4_to_7_percent_of_the_largest_flux(bedrock, share):
    gap = transport.imbalance(v(bedrock, THAWED, "published"))
    assert float(abs(gap).max()) == pytest.approx(share, abs=5e-4)


def test_a_leak_shows_as_respiration_that_is_not_the_input():
    rocky = TEMPERATE.assign(bedrock_layer=8)
    kept, lost = (clm5.steady_state("tao2024", rocky, transport=mode) for mode in transport.MODES)
    assert float(kept["respiration"] / kept["input"]) == pytest.approx(1, rel=1e-10)
    assert abs(float(lost["respiration"] / lost["input"]) - 1) > 1e-8


def test_mixing_is_by_animals_where_the_soil_thaws_deeper_than_2_m_and_by_frost_elsewhere():
    for active, cryo, bio in (
        (2.01, False, True), (2.0, True, False), (0.01, True, False), (0.0, False, False),
    ):  # fmt: skip
        found = transport.conductances(np.full((1, 12), active), np.array([20]))
        assert [bool(g.any()) for g in found] == [cryo, bio]


def test_cryoturbation_is_even_in_the_active_layer_and_ends_at_3_m_or_the_bedrock():
    active, bedrock = np.array([1.0, 1.0, 1.0]), np.array([20, 9, 3])
    shape = transport.cryoturbation_shape(active, bedrock)
    assert (shape[:, grid.BOTTOM < 1.0] == 1).all()
    assert (shape[:2, grid.BOTTOM >= 3.0] == 0).all()
    layer = int(np.argmax(grid.BOTTOM > 2.0))
    depth = grid.BOTTOM[layer]
    assert shape[0, layer] == pytest.approx(1 - (depth - 1) / (3 - 1))
    assert shape[1, 8] == pytest.approx(1 - (1.20 - 1) / (grid.BOTTOM[9] - 1))
    assert (shape[2, grid.BOTTOM >= 1.0] == 0).all()  # bedrock within the active layer


@given(
    active=st.lists(st.floats(0, 4), min_size=12, max_size=12),
    bedrock=st.integers(1, 20),
    diffus=st.floats(3e-5, 5e-4),
)
@settings(max_examples=40)
def test_the_mean_of_the_months_is_the_mean_of_their_matrices(active, bedrock, diffus):
    months = [v(bedrock, (month,), diffus=diffus).values for month in active]
    np.testing.assert_allclose(
        v(bedrock, tuple(active), diffus=diffus), np.mean(months, axis=0), rtol=1e-10, atol=1e-18
    )


def test_conductance_of_an_even_column_is_diffusivity_over_distance():
    _, bio = transport.conductances(np.full((1, 12), 3.0), np.array([20]))
    np.testing.assert_allclose(bio[0, :-1], 1 / np.diff(grid.NODE), rtol=1e-12)
    assert bio[0, -1] == 0
    _, bio = transport.conductances(np.full((1, 12), 3.0), np.array([5]))
    assert np.flatnonzero(bio[0]).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("bedrock", [20, 8])
def test_flow_between_nodes_meets_the_resistance_of_both_layers_on_its_way(bedrock):
    """1/g = (way to the face) / D above + (way from the face) / D below, in permafrost."""
    cryo, _ = transport.conductances(np.full((1, 12), 0.8), np.array([bedrock]))
    d = transport.cryoturbation_shape(np.array([0.8]), np.array([bedrock]))[0]
    d[bedrock + 1 :] = 0
    for j in range(19):
        if d[j] > 0 and d[j + 1] > 0:
            above = (grid.BOTTOM[j] - grid.NODE[j]) / d[j]
            below = (grid.NODE[j + 1] - grid.BOTTOM[j]) / d[j + 1]
            assert cryo[0, j] == pytest.approx(1 / (above + below), rel=1e-12)
        else:
            assert cryo[0, j] == 0
    assert (d > 0).sum() >= 8


# --- the prepared forcing ---------------------------------------------------------------------


def test_a_column_is_what_the_forcing_says():
    year = np.linspace(0.5, 3, 12)
    place = TEMPERATE.assign(
        active_layer=("month", year), active_layer_last_year=("month", year[::-1].copy())
    )
    column = kernel_forcing.column(place)
    np.testing.assert_allclose(25 + 10 * column.warmth, place["soil_temperature"], rtol=1e-12)
    np.testing.assert_array_equal(column.active, np.maximum(year, year[::-1]))
    assert column.bedrock == 20
    assert column.surface is False
    frozen = place.assign(active_layer_last_year=("month", np.r_[year[:-1], 0.0]))
    assert kernel_forcing.column(frozen).surface is True


def test_columns_of_sites_are_stacked_and_prepared_once():
    places = forcing.from_climate(mat=[2.0, 9.0], map=700.0, latitude=50.0, site=["A", "B"])
    prepared = kernel_forcing.prepare(places)
    assert kernel_forcing.prepare(prepared) is prepared
    assert prepared.dim == "site"
    assert prepared.coords["site"].values.tolist() == ["A", "B"]
    assert kernel_forcing.column(places).warmth.shape == (2, 12, 20)
    single = kernel_forcing.column(places.isel(site=1))
    for stacked, alone in zip(kernel_forcing.column(places), single, strict=True):
        np.testing.assert_array_equal(np.asarray(stacked)[1], alone)


def test_the_modifiers_are_shown_factor_by_factor():
    found = kernel_forcing.modifiers(TEMPERATE, w_scaling=2.0, q10=2.0, efolding=0.5)
    at_25 = TEMPERATE.assign(soil_temperature=0 * TEMPERATE["soil_temperature"] + 25)
    np.testing.assert_allclose(kernel_forcing.modifiers(at_25)["temperature"], 1)
    ten_less = at_25.assign(soil_temperature=at_25["soil_temperature"] - 10)
    np.testing.assert_allclose(kernel_forcing.modifiers(ten_less, q10=2.0)["temperature"], 0.5)
    assert float(found["water"].max()) <= 1
    np.testing.assert_allclose(found["depth_factor"], np.exp(-grid.NODE / 0.5))
    # A warm month that is also dry counts less in the mean of products than in that of means.
    assert not np.allclose(found["clm5"], found["compas"])
    np.testing.assert_allclose(
        found["clm5"],
        (found["temperature"] * found["water"] * found["oxygen"]).mean("month")
        * found["depth_factor"],
    )
    with pytest.raises(InputError, match=r"forcing has 2 sites: choose one"):
        kernel_forcing.modifiers(forcing.from_climate(mat=[1.0, 2.0], map=700.0, latitude=50.0))


def test_a_matrix_with_other_dimensions_is_refused():
    with pytest.raises(InputError, match="allowed layer, from_layer"):
        transport.imbalance(v(20).rename(layer="z"))
