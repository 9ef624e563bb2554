"""From profiles to cells in one call: the same as step by step."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilnb.parameters import InputError
from soilnb.proda import covariates, globe, network, observations
from soilnb.proda.cube import READINGS
from soilnb.profile import clm5, compas

MODULES = {"compas": compas, "clm5": clm5}


@pytest.fixture(scope="module")
def planet():
    return globe.planet("teaching", resolution=10)


@pytest.fixture(scope="module")
def profiles():
    return observations.twin_profiles(count=50)


def assimilated(profiles, model="compas", reading="table", failed=()):
    """Estimates that depend on the climate, as an assimilation returns them."""
    names = MODULES[model].NAMES
    rng = np.random.default_rng(4)
    size = profiles.sizes["profile"]
    places = 0.5 + 0.004 * profiles["latitude"].values[:, np.newaxis] * rng.random(len(names))
    places = np.clip(places + 0.02 * rng.standard_normal((size, len(names))), 0.05, 0.95)
    named = MODULES[model].from_unit(places, **READINGS[reading])
    estimate = np.array([named[name] for name in names]).T
    nse = np.where(np.isin(np.arange(size), failed), -1.0, 0.8)
    return xr.Dataset(
        {
            "estimate": (("profile", "parameter"), estimate),
            "nse": ("profile", nse),
            "gelman_rubin_mean": ("profile", np.ones(size)),
        },
        {"profile": profiles["profile"].values, "parameter": list(names)},
        {"model": model, **READINGS[reading]},
    )


@pytest.mark.parametrize(
    ("model", "reading"), [("compas", "table"), ("compas", "published"), ("clm5", "table")]
)
def test_it_is_what_the_steps_give(planet, profiles, model, reading):
    found = network.extrapolate(assimilated(profiles, model, reading), profiles, planet, seed=3)
    y = network.targets(assimilated(profiles, model, reading), **READINGS[reading])
    x, y = network.match(covariates.frame(profiles, grid=planet, quiet=True), y, quiet=True)
    pd.testing.assert_frame_equal(found.x, x)
    pd.testing.assert_frame_equal(found.y, y)
    cells = covariates.frame(planet, quiet=True)
    fitted = network.learn("ridge", x, y, scaler=covariates.Scaler.of(cells), seed=3)
    predicted = fitted.predict(cells, quiet=True).dropna()
    expected = network.to_parameters(predicted, model, **READINGS[reading])
    xr.testing.assert_identical(found.parameters, expected)
    assert READINGS[reading].items() <= found.parameters.attrs.items()
    np.testing.assert_array_equal(found.cells["site"], found.parameters["site"])
    maps = globe.maps(found.parameters, found.cells, model, progress=False)
    assert maps.sizes["site"] > 0.9 * planet.sizes["site"]


def test_the_published_reading_keeps_enzymes_tied(planet, profiles):
    given = assimilated(profiles, reading="published")
    found = network.extrapolate(given, profiles, planet).parameters
    low, high = compas.PARAMETER_SETS["tao2024"].records["km_assim"].bounds
    place = (found["km_assim"] - low) / (high - low)
    np.testing.assert_allclose(found["tau_enz_decay"], 10 ** (3 * place - 3), rtol=1e-9)
    assert float(found["km_assim"].std()) > 0


def test_profiles_that_fail_are_not_learnt_from(planet, profiles):
    some = assimilated(profiles, failed=range(10))
    found = network.extrapolate(some, profiles, planet)
    assert len(found.x) == 40
    with pytest.raises(InputError, match="29 sites to learn from: allowed 30 or more"):
        network.extrapolate(assimilated(profiles, failed=range(21)), profiles, planet)
    with pytest.raises(InputError, match="unknown method 'lasso'"):
        network.extrapolate(some, profiles, planet, method="lasso")


def test_profiles_and_cells_that_are_left_out_are_counted_in_one_line(planet, profiles, capsys):
    classes = [name for name in covariates.frame(planet).columns if "=" in name]
    of_profiles, of_cells = (covariates.frame(one)[classes] for one in (profiles, planet))
    unseen = classes[int(np.argmax((of_profiles.sum() == 0) & (of_cells.sum() > 0)))]
    gap = planet.copy(deep=True)
    gap["npp"][np.flatnonzero(of_cells[unseen] == 0)[:3]] = np.nan
    bare = profiles.assign(npp=profiles["npp"].where(np.arange(50) > 1))
    bare["longitude"][:2] = [-150.0, -150.0]  # far from every cell
    bare["latitude"][:2] = [-40.0, -40.0]
    capsys.readouterr()
    found = network.extrapolate(assimilated(profiles), bare, gap)
    strange = gap.sizes["site"] - 3 - found.cells.sizes["site"]
    assert strange >= of_cells[unseen].sum() > 0
    line = (
        "2 profiles without covariates, 3 cells without covariates, "
        f"{strange} cells of a class that no profile has"
    )
    assert found.left_out == line
    assert capsys.readouterr().err == f"note: left out are {line}\n"
    assert network.extrapolate(assimilated(profiles), bare, gap, quiet=True).left_out == line
    assert capsys.readouterr().err == ""
