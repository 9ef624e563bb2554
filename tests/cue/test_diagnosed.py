"""The diagnosed efficiency is 1 - R / D, whatever the dataset."""

import numpy as np
import pytest
import xarray as xr

from soilnb.cue import DECOMPOSITIONS, diagnosed
from soilnb.parameters import InputError


def fluxes(**values):
    base = {"respiration": 45.0, "uptake": 100.0, "oxidation": 20.0, "turnover": 30.0}
    return xr.Dataset({**base, **values})


@pytest.mark.parametrize(
    ("decomposition", "expected"),
    [("uptake", 1 - 45 / 100), ("uptake+oxidation", 1 - 45 / 120), ("all", 1 - 45 / 150)],
)
def test_each_definition_divides_by_its_own_fluxes(decomposition, expected):
    assert float(diagnosed(fluxes(), decomposition)) == pytest.approx(expected, rel=1e-15)


def test_uptake_is_the_default():
    assert float(diagnosed(fluxes())) == float(diagnosed(fluxes(), "uptake"))


def test_counting_more_as_decomposition_raises_the_efficiency():
    values = [float(diagnosed(fluxes(), name)) for name in DECOMPOSITIONS]
    assert values == sorted(values)


def test_the_unit_of_the_fluxes_does_not_matter():
    assert float(diagnosed(fluxes())) == pytest.approx(float(diagnosed(1e3 * fluxes())), rel=1e-15)


def test_dimensions_and_coordinates_are_kept():
    dataset = fluxes(uptake=(("cell", "time"), [[90.0, 100.0]])).assign_coords(cell=[7])
    found = diagnosed(dataset)
    assert found.dims == ("cell", "time")
    assert found.cell.values.tolist() == [7]
    assert found.name == "cue"


def test_where_nothing_decomposes_there_is_no_efficiency():
    dataset = fluxes(uptake=("cell", [0.0, 100.0]), respiration=("cell", [0.0, 45.0]))
    assert np.isnan(diagnosed(dataset)).values.tolist() == [True, False]


def test_the_result_says_what_was_divided_by_what():
    attrs = diagnosed(fluxes(), "uptake+oxidation").attrs
    assert attrs["definition"] == "1 - respiration / (uptake + oxidation)"
    assert attrs["units"] == "1"
    assert attrs["long_name"]


@pytest.mark.parametrize("name", ["uptakes", "", None, 3, ["uptake"]])
def test_an_unknown_definition_is_refused(name):
    with pytest.raises(InputError, match=r"^unknown decomposition .*; valid: uptake, "):
        diagnosed(fluxes(), name)


def test_a_dataset_without_the_fluxes_is_refused():
    with pytest.raises(InputError, match=r"^dataset has no oxidation, turnover: needed"):
        diagnosed(fluxes().drop_vars(["oxidation", "turnover"]), "all")
