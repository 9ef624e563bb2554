"""The pore-scale model of Rötzer et al. (2025): structure, carbon and nitrogen at 2 µm."""

from soilnb.pore.ensemble import simulate_ensemble
from soilnb.pore.image import from_image
from soilnb.pore.parameters import PRESETS
from soilnb.pore.scenarios import SCENARIOS, Pulse, Scenario
from soilnb.pore.simulate import Run, aggregated, simulate
from soilnb.pore.state import State

__all__ = [
    "PRESETS",
    "SCENARIOS",
    "Pulse",
    "Run",
    "Scenario",
    "State",
    "aggregated",
    "from_image",
    "simulate",
    "simulate_ensemble",
]
