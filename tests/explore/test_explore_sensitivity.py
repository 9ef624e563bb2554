"""The explorer of what controls soil carbon: more of a component, or less of its variation."""

import numpy as np
import pytest
import xarray as xr

from soilnb.explore import sensitivity as explorers
from soilnb.parameters import InputError
from soilnb.proda import globe, sensitivity
from soilnb.proda.cube import Cube
from soilnb.profile import compas

OWN, TIED, LOG = explorers.READINGS


@pytest.fixture(scope="module")
def worlds():
    """Parameters that vary a little over a very coarse planet, in both variants."""
    cells = globe.planet("teaching", 10.0).isel(site=slice(None, None, 4))
    rng = np.random.default_rng(5)
    found = {}
    for reading in explorers.READINGS.values():
        cube = Cube("compas", **sensitivity.READINGS[reading])
        middle = cube.unit(Cube("compas").physical(compas.to_unit("tao2024")))
        places = middle + 0.03 * rng.standard_normal((cells.sizes["site"], middle.size))
        values = cube.physical(np.clip(places, 0.02, 0.95))
        given = {name: ("site", values[:, i]) for i, name in enumerate(compas.NAMES)}
        found[reading] = (xr.Dataset(given, {"site": cells["site"]}), globe.prepare(cells))
    return found


@pytest.fixture(scope="module")
def explorer(worlds):
    return explorers.components(worlds, kind="synthetic")


def test_it_starts_with_all_variants_and_says_the_numbers(explorer):
    found = explorer.result
    assert list(found.curves) == [OWN, TIED, LOG]
    legend = explorer.canvas.figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [OWN, TIED, LOG]
    assert found.component == "decomposition"  # not the one that is asked about
    assert "baseline decomposition changes by" in explorer.words.value
    assert "microbial CUE changes by" in explorer.set(component="microbial CUE").words.value
    assert "synthetic" in explorer.canvas.figure._supxlabel.get_text()
    assert len(explorer.picture.value) > 1000


def test_the_knob_of_cue_moves_more_carbon_where_it_moves_the_enzymes(worlds):
    own, tied, log = (explorers.answer(worlds, enzymes=name) for name in (OWN, TIED, LOG))
    assert own.point[0] > 0
    assert tied.point[0] > 0
    assert tied.point[1] > 2 * abs(own.point[1])
    assert tied.point[1] > 2 * abs(log.point[1])  # the tie moves them, and not the scale
    assert list(tied.curves) == [TIED, OWN, LOG]


def test_no_change_changes_nothing(worlds):
    still = explorers.answer(worlds, change=0.0, removed=0.0)
    assert still.point == pytest.approx((0.0, 0.0), abs=1e-9)
    assert still.deviation == pytest.approx(0.0, abs=1e-6)
    before, after = still.zonal
    xr.testing.assert_allclose(before, after)


def test_all_variation_away_is_the_first_analysis(worlds):
    found = explorers.answer(worlds, component="baseline decomposition", removed=100.0)
    expected = sensitivity.homogenise(*worlds["table"], progress=False)
    deviation = expected["deviation"].sel(component="decomposition")
    assert found.deviation == pytest.approx(float(deviation), rel=1e-6)
    assert found.stock == pytest.approx(float(expected["stock"].sel(component="none")), rel=1e-6)
    half = explorers.answer(worlds, component="baseline decomposition", removed=50.0)
    assert 0.3 < half.deviation / found.deviation < 0.7
    assert abs(found.difference) <= found.deviation


def test_the_chosen_change_lies_on_the_curve(worlds):
    found = explorers.answer(worlds, component="non-microbial transfer", change=-10.0)
    curve = found.curves[OWN].sel(change=-0.1)
    assert found.point == (float(curve["metric_change"]), float(curve["stock_change"]))
    between = explorers.answer(worlds, component="non-microbial transfer", change=6.0)
    assert 0 < between.point[1] < -found.point[1] * 1.2


def test_only_the_component_comes_closer_to_its_mean(worlds):
    given, _ = worlds["published"]
    flat = explorers.less_variation(given, "cue", 1.0, "tied", "log")
    for name in ("eta_doc", "km_assim", "tau_enz_decay"):
        assert float(flat[name].std()) < 1e-6 * float(given[name].std())
    np.testing.assert_allclose(flat["tau_mic"], given["tau_mic"])
    half = explorers.less_variation(given, "decomposition", 0.5, "tied", "log")
    assert float(half["tau_mic"].std()) == pytest.approx(0.5 * float(given["tau_mic"].std()))


def test_deeper_soils_hold_more(explorer):
    upper = explorer.result.stock
    explorer.set(depth="2 m")
    assert explorer.result.stock > upper
    assert "to 2 m" in explorer.words.value
    explorer.reset()
    assert explorer.result.stock == pytest.approx(upper)


def test_what_is_not_offered_is_refused(worlds):
    with pytest.raises(InputError, match="unknown component 'roots'"):
        explorers.answer(worlds, component="roots")
    with pytest.raises(InputError, match="unknown depth"):
        explorers.answer(worlds, depth="5 m")
    with pytest.raises(InputError, match="removed = 120"):
        explorers.answer(worlds, removed=120.0)
    with pytest.raises(InputError, match="worlds has no reading 'published'"):
        explorers.components({"table": worlds["table"]})
