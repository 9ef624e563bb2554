from .ensemble import simulate_ensemble
from .image import from_image
from .parameters import PRESETS
from .scenarios import SCENARIOS, Pulse, Scenario
from .simulate import Run, aggregated, simulate
from .state import State

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
