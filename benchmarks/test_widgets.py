"""How long a reader waits after a slider has moved (goal: under 100 ms a move for 0-D models).

The peer is the same move with a figure made anew and its layout solved anew, which is what a
widget costs that does not keep its picture.
"""

import itertools

import pytest

from soilnb.explore import pools
from soilnb.explore.base import png

EXPLORERS = {
    "first_look": (pools.first_look, "temperature"),
    "what_counts": (pools.what_counts, "clay"),
    "step_response": (pools.step_response, "cue"),
}


@pytest.mark.parametrize("name", EXPLORERS)
@pytest.mark.parametrize("way", ["soilnb", "figure-made-anew"])
def test_move(benchmark, name, way):
    benchmark.group = f"one move of a slider, {name}"
    make, control = EXPLORERS[name]
    explorer = make()
    slider = explorer.controls[control]
    values = itertools.cycle([slider.min, (slider.min + slider.max) / 2])

    def move():
        slider.value = next(values)

    def anew():
        result = explorer._compute(**explorer.values)
        return png(explorer._draw(result, figure=None))

    benchmark(move if way == "soilnb" else anew)
