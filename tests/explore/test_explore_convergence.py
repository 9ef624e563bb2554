"""The explorer of convergence: parameters on their way, and how far two maps agree."""

import numpy as np
import pytest
import xarray as xr

from soilnb.explore import convergence as explorers
from soilnb.parameters import InputError
from soilnb.proda import globe
from soilnb.profile import clm5, compas

MODELS = {"CLM5": clm5, "COMPAS": compas}


@pytest.fixture(scope="module")
def planet():
    return globe.planet("teaching", 10.0).isel(site=slice(None, None, 2))


@pytest.fixture(scope="module")
def ends(planet):
    """Parameters near the default that vary from cell to cell."""
    rng = np.random.default_rng(3)
    found = {}
    for model, module in MODELS.items():
        start = module.to_unit("tao2024")
        places = start + rng.uniform(-0.1, 0.1, (planet.sizes["site"], len(module.NAMES)))
        values = module.from_unit(np.clip(places, 0.02, 0.98))
        data = {name: ("site", values[name]) for name in module.NAMES}
        found[model] = xr.Dataset(data, {"site": planet["site"].values})
    return found


@pytest.mark.parametrize("model", MODELS)
def test_the_way_begins_at_the_default_and_ends_at_what_was_assimilated(model, ends):
    default = MODELS[model].PARAMETER_SETS["tao2024"]
    start = explorers.between(ends[model], model, 0.0)
    end = explorers.between(ends[model], model, 1.0)
    for name in MODELS[model].NAMES:
        np.testing.assert_allclose(start[name], default[name], rtol=1e-12, err_msg=name)
        np.testing.assert_allclose(end[name], ends[model][name], rtol=1e-10, err_msg=name)


def test_half_way_is_the_mean_and_of_enzymes_the_geometric_mean(ends):
    half = explorers.between(ends["COMPAS"], "COMPAS", 0.5)
    default = compas.PARAMETER_SETS["tao2024"]
    mean = (ends["COMPAS"]["q10"] + default["q10"]) / 2
    np.testing.assert_allclose(half["q10"], mean, rtol=1e-12)
    mean = np.sqrt(ends["COMPAS"]["tau_enz_decay"] * default["tau_enz_decay"])
    np.testing.assert_allclose(half["tau_enz_decay"], mean, rtol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_only_the_chosen_group_moves_and_every_parameter_has_a_group(model, ends):
    default = MODELS[model].PARAMETER_SETS["tao2024"]
    moved = {}
    for what in explorers.WHAT:
        found = explorers.between(ends[model], model, 1.0, what)
        moved[what] = {
            name
            for name in MODELS[model].NAMES
            if not np.allclose(found[name], default[name], rtol=1e-12)
        }
    everything = moved.pop("all parameters")
    assert everything == set(MODELS[model].NAMES)
    assert set.union(*moved.values()) == everything
    assert sum(len(names) for names in moved.values()) == len(everything)
    assert moved["environmental modifier"] >= {"q10", "w_scaling"}


def test_the_explorer_shows_what_the_maps_say(ends, planet):
    explorer = explorers.converge(ends, planet, kind="synthetic")
    default = [globe.maps("tao2024", planet, m, progress=False) for m in ("clm5", "compas")]
    expected = globe.agreement(*default).loc["stock to 1 m", "r"]
    assert explorer.result.r == pytest.approx(expected, rel=1e-9)
    assert f"{expected:+.2f}" in explorer.words.value
    before = explorer.picture.value
    explorer.set(clm5=100.0, compas=100.0)
    assert explorer.updates == 2
    assert explorer.picture.value != before
    own = [globe.maps(ends[m], planet, m.lower(), progress=False) for m in MODELS]
    expected = globe.agreement(*own).loc["stock to 1 m", "r"]
    assert explorer.result.r == pytest.approx(expected, rel=1e-9)
    clm5_now = explorer.result.maps["CLM5"]
    area = clm5_now["area"].where(clm5_now["kept"])
    mean = float((clm5_now["stock"].sel(to_depth=1.0) * area).sum() / area.sum())
    assert f"CLM5 {mean:.1f} kg" in explorer.words.value
    explorer.reset()
    assert explorer.values == {"clm5": 0.0, "compas": 0.0, "what": "all parameters"}


def test_one_model_moves_without_the_other(ends, planet):
    explorer = explorers.converge(ends, planet)
    still = explorer.result.maps["COMPAS"]["stock"]
    explorer.set(clm5=50.0)
    np.testing.assert_array_equal(explorer.result.maps["COMPAS"]["stock"], still)
    assert explorer.result.r != explorers.converge(ends, planet).result.r


def test_what_is_not_offered_is_refused(ends, planet):
    with pytest.raises(InputError, match="model"):
        explorers.between(ends["CLM5"], "CENTURY", 0.5)
    with pytest.raises(InputError, match="what"):
        explorers.between(ends["CLM5"], "CLM5", 0.5, "luck")
    with pytest.raises(InputError, match="share"):
        explorers.between(ends["CLM5"], "CLM5", 1.5)
    with pytest.raises(InputError, match="other sites"):
        explorers.converge(ends, planet.isel(site=slice(1, None)))
