"""The nested definitions hold on any ledger: hand-made, of pool models, of the pore scale."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.cue import LEVELS, diagnosed, efficiency, flux_ledger, nested
from soilnb.cue.definitions import FLUXES, LAYOUTS
from soilnb.explore.cue import ledger_by_layer
from soilnb.parameters import InputError
from soilnb.pore import simulate
from soilnb.profile import compas, mimics

SITE = {"temperature": 15.0, "clay": 0.30, "npp": 500.0, "f_met": 0.3846423}

share = st.floats(0.0, 1.0)


@pytest.fixture(scope="module")
def soil():
    return mimics.steady_state(SITE)


@pytest.fixture(scope="module")
def run():
    return simulate("reference", days=12, shape=(64, 64), seed=3, progress=False)


def test_each_level_counts_its_own_losses():
    book = flux_ledger(uptake=10.0, respiration=5.5, exudation=0.5, turnover=3.0)
    assert float(efficiency(book, "population")) == pytest.approx(0.4, rel=1e-15)
    assert float(efficiency(book, "community")) == pytest.approx(0.4, rel=1e-15)
    assert float(efficiency(book, "ecosystem")) == pytest.approx(0.1, rel=1e-14)


@settings(max_examples=30)
@given(uptake=st.floats(1e-6, 1e6), r=share, x=share, d=share)
def test_the_levels_are_nested(uptake, r, x, d):
    book = flux_ledger(
        uptake=uptake, respiration=r * uptake, exudation=x * uptake, turnover=d * uptake
    )
    cue = nested(book)
    assert float(cue["ecosystem_cue"]) <= float(cue["community_cue"]) + 1e-12
    assert float(cue["community_cue"]) == float(cue["population_cue"])
    assert float(cue["community_cue"]) == pytest.approx(1 - r - x, abs=1e-12)
    assert float(cue["ecosystem_cue"]) == pytest.approx(1 - r - x - d, abs=1e-12)


@settings(max_examples=30)
@given(first=share, second=share, weight=st.floats(0.01, 0.99))
def test_a_community_lies_between_its_populations(first, second, weight):
    uptake = xr.DataArray(
        [weight, 1 - weight], dims="population", coords={"population": ["a", "b"]}
    )
    lost = xr.DataArray([first, second], dims="population", coords={"population": ["a", "b"]})
    cue = nested(flux_ledger(uptake=uptake, respiration=lost * uptake, turnover=0.0))
    low, high = sorted((1 - first, 1 - second))
    assert low - 1e-12 <= float(cue["community_cue"]) <= high + 1e-12
    assert cue["population_cue"].values == pytest.approx([1 - first, 1 - second], abs=1e-12)
    assert float(cue["community_cue"]) == pytest.approx(
        1 - weight * first - (1 - weight) * second, abs=1e-12
    )


def test_at_steady_state_the_ecosystem_keeps_nothing(soil):
    cue = nested(soil)
    assert float(cue["ecosystem_cue"]) == pytest.approx(0.0, abs=1e-9)
    assert float(cue["community_cue"]) > 0.5


def test_without_exudates_the_community_equals_the_diagnosed_efficiency(soil):
    assert float(efficiency(soil)) == pytest.approx(float(diagnosed(soil)), rel=1e-14)


def test_while_biomass_grows_the_ecosystem_keeps_what_it_gains():
    more = mimics.simulate({**SITE, "npp": 750.0}, [0.0, 0.5], initial=mimics.steady_state(SITE))
    book = flux_ledger(more)
    net = book["uptake"] - book["respiration"] - book["turnover"]
    cue = efficiency(more, "ecosystem")
    assert float(cue[1]) > 0.01
    np.testing.assert_allclose(cue, net / book["uptake"], atol=1e-12)


def test_the_ledger_of_the_pore_scale_closes_the_budget_of_biomass(run):
    book = flux_ledger(run)
    net = book["uptake"] - book["respiration"] - book["turnover"]
    gained = run["C_B"].diff("time", label="upper")
    np.testing.assert_allclose(gained, net.sel(time=gained["time"]), atol=1e-12)
    np.testing.assert_allclose(efficiency(run)[1:], run["CUE"][1:], rtol=1e-10)
    assert book["uptake"].attrs["units"] == "mg g-1 d-1"


def test_cells_that_die_out_are_dead_too(run):
    more = run.assign(f_release=run["f_release"] + 0.25)
    death = flux_ledger(more)["turnover"] - flux_ledger(run)["turnover"]
    np.testing.assert_allclose(death, 0.25, rtol=1e-12)


def test_names_of_variables_may_be_given_one_by_one(run):
    by_hand = flux_ledger(
        run, uptake="f_U", respiration=("R_G", "R_M", "R_O"), turnover=("f_BD", "f_release")
    )
    xr.testing.assert_equal(by_hand, flux_ledger(run))
    assert "uptake: f_U" in by_hand.attrs["fluxes"]


def test_an_argument_overrides_the_layout_of_the_model(soil):
    half = flux_ledger(soil, respiration=0.5 * float(soil["respiration"]))
    assert float(efficiency(half)) == pytest.approx(
        1 - 0.5 * float(soil["respiration"] / soil["uptake"]), rel=1e-12
    )


def test_longer_times_are_means_of_fluxes():
    time = xr.DataArray([1.0, 9.0], dims="time")
    book = flux_ledger(uptake=time, respiration=xr.DataArray([1.0, 0.9], dims="time"), turnover=0.0)
    mean = nested(book.mean("time"))["community_cue"]
    assert float(mean) == pytest.approx(1 - 1.9 / 10)
    assert float(mean) != pytest.approx(float(nested(book)["community_cue"].mean()))


def test_where_nothing_is_taken_up_there_is_no_efficiency():
    book = flux_ledger(uptake=np.array([0.0, 2.0]), respiration=np.array([0.0, 1.0]), turnover=0.0)
    assert np.isnan(efficiency(book)).values.tolist() == [True, False]


def test_starving_microbes_have_a_negative_efficiency():
    book = flux_ledger(uptake=1.0, respiration=1.5, turnover=0.2)
    assert float(efficiency(book)) == pytest.approx(-0.5)


def test_compas_exudes_enzymes_and_at_rest_all_that_is_taken_up_is_lost():
    """Read from the model's ledger of fluxes; by layer from its matrices instead."""
    book = flux_ledger(compas.MODEL.fluxes(compas.MODEL.example))
    assert float(book["exudation"]) > 0
    for name, of_layers in ledger_by_layer(place=compas.MODEL.example).items():
        assert float(book[name]) == pytest.approx(float(of_layers.sum()), rel=1e-9), name
    assert float(efficiency(book, "ecosystem")) == pytest.approx(0.0, abs=1e-12)


def test_missing_values_stay_missing():
    book = flux_ledger(
        uptake=np.array([np.nan, 2.0]), respiration=np.array([1.0, 1.0]), turnover=0.0
    )
    assert np.isnan(efficiency(book)).values.tolist() == [True, False]


def test_results_say_what_they_are():
    for level, (symbol, losses) in LEVELS.items():
        attrs = efficiency(flux_ledger(uptake=2.0, respiration=1.0, turnover=0.5), level).attrs
        assert attrs["symbol"] == symbol
        assert all(name in attrs["definition"] for name in losses)
        assert attrs["units"] == "1"


def test_every_layout_names_every_flux():
    for layout in LAYOUTS.values():
        assert set(layout) == set(FLUXES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"uptake": 1.0}, r"^flux ledger has no respiration, turnover: allowed as arguments"),
        (
            {"uptake": 1.0, "respiration": -0.1, "turnover": 0.0},
            r"^respiration = -0.1: allowed finite fluxes of 0 or more$",
        ),
        ({"uptake": np.inf, "respiration": 0.0, "turnover": 0.0}, r"^uptake = inf: allowed"),
        (
            {"uptake": [[1], [2, 3]], "respiration": 0.0, "turnover": 0.0},
            r"^uptake = .*: allowed a",
        ),
        ({"uptake": "f_U", "respiration": 0.0, "turnover": 0.0}, r"^unknown uptake variable 'f_U'"),
    ],
)
def test_bad_fluxes_are_refused_in_one_line(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        flux_ledger(**arguments)
    assert "\n" not in str(caught.value)


def test_fluxes_of_different_units_are_refused():
    uptake = xr.DataArray(2.0, attrs={"units": "g m-2 yr-1"})
    respiration = xr.DataArray(1.0, attrs={"units": "mg g-1 d-1"})
    with pytest.raises(InputError, match=r"^fluxes of different units: .*; allowed one unit$"):
        flux_ledger(uptake=uptake, respiration=respiration, turnover=0.0)


def test_an_unknown_level_is_refused():
    book = flux_ledger(uptake=2.0, respiration=1.0, turnover=0.5)
    with pytest.raises(InputError, match=r"^unknown level 'ecosystems' \(did you mean 'ecosystem'"):
        efficiency(book, "ecosystems")


def test_an_unknown_variable_is_refused_with_the_nearest_name(soil):
    with pytest.raises(InputError, match="did you mean 'respiration'"):
        flux_ledger(soil, respiration="respirations")
