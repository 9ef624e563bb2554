"""Which number of the parameters is whose: rates that are equal by default are told apart here."""

import pytest

from soilnb.pore import Scenario, simulate
from soilnb.pore.diagnostics import CELLS

#: A texture without the large particles, so that small domains hold all classes.
FINE = {"share_1_2": 40, "share_2_6": 20, "share_6_20": 40, "share_20_63": 0, "share_63_200": 0}


def still(pulses=(), **parameters):
    """One day of a small soil in which nothing moves."""
    scenario = Scenario("still", pulses=pulses, movement=False, parameters=FINE | parameters)
    return simulate(
        scenario, days=1, shape=(32, 36), initial_steps=10, snapshots=(0,), progress=False
    )


@pytest.mark.parametrize("option", ["decays", "kept"])
def test_organic_matter_and_necromass_decay_each_at_its_own_rate(option):
    day = {"living_necromass": option, "gate": "off", "organic_share": 0.2}
    both = still(decay_pom=0.02, decay_necromass=0.01, **day).isel(time=1)
    pom_only = still(decay_pom=0.02, decay_necromass=0.0, **day).isel(time=1)
    necromass_only = still(decay_pom=0.0, decay_necromass=0.01, **day).isel(time=1)
    assert float(both.f_POM) > 0
    assert float(both.f_Nec) > 0
    assert float(pom_only.f_Nec) == 0
    assert float(necromass_only.f_POM) == 0
    # the microbes, through which one could change the other, hardly grow in a day
    assert float(pom_only.f_POM) == pytest.approx(float(both.f_POM), rel=1e-2)
    assert float(necromass_only.f_Nec) == pytest.approx(float(both.f_Nec), rel=1e-2)


@pytest.mark.parametrize("rate", [1.2, 3.6, 9.0])
def test_a_pulse_brings_its_own_rate_before_that_of_the_parameters(rate):
    own = still(({"day": 1, "rate": rate},), exudation_rate=5.0, biomass_cells=0)
    by_default = still((1,), pulse="rate", exudation_rate=rate, biomass_cells=0)
    for data in (own, by_default):
        open_line = int((data.cell[0, :, data.sizes["x"] // 2] == CELLS["pore"]).sum())
        # µg h-1 cm-2 from 4 µm2 of every open voxel, over a day
        grams = open_line * rate * 1e-6 * 4e-8 * 24
        found = float(data.R_root[1]) * data.attrs["dry_mass_ug"] * 1e-9
        assert found == pytest.approx(grams, rel=1e-9)
