"""How long a reader waits after a slider has moved (goal: 60 ms a move for box models, 150 ms
for layered ones, while it is dragged).

The peer is the same move with a figure made anew and its layout solved anew, which is what a
widget costs that does not keep its picture. For soils that are stepped while they are watched
(goal: ten steps a second at 128x128) the peer draws the same step with matplotlib's ``imshow``.
"""

import io
import itertools

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from soilnb.explore import cue, five_models, layers, pools, pore, profile
from soilnb.pore.diagnostics import cell_types

EXPLORERS = {
    "first_look": (pools.first_look, "temperature"),
    "what_counts": (pools.what_counts, "clay"),
    "step_response": (pools.step_response, "cue"),
    "two_columns": (layers.two_columns, "litter"),
    "profile": (profile.profile, "root_beta"),
    "voxel": (pore.voxel, "cn"),
    "well_mixed": (pore.well_mixed, "exposed"),
    "levels": (cue.levels, "mass"),
    "bench": (cue.bench, "maintenance"),
    "controls": (cue.controls, "celsius"),
    "side_by_side": (five_models.side_by_side, "temperature"),
}

LIVE = {
    "structure": lambda: pore.structure(steps=10_000),
    "live_run": lambda: pore.live_run(days=10_000, initial_steps=5),
}


def png(figure):
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, pil_kwargs={"compress_level": 1})
    return buffer.getvalue()


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
        figure = explorer.canvas.twin()
        figure.draw(result)
        return png(figure.figure)

    if way != "soilnb":
        benchmark.extra_info.update(peer="matplotlib, made anew", of=None)
    benchmark(move if way == "soilnb" else anew)


@pytest.mark.parametrize("name", LIVE)
@pytest.mark.parametrize("way", ["soilnb", "matplotlib"])
def test_step(benchmark, name, way):
    benchmark.group = f"one step of a soil that is watched, {name}"
    explorer = LIVE[name]()
    explorer.time.value = 5  # compiled, and in motion

    def move():
        explorer.time.value += 1

    def drawn():
        explorer._step(explorer.result)
        figure = Figure(figsize=(5, 5))
        figure.subplots().imshow(cell_types(explorer.result.state))
        return png(figure)

    if way != "soilnb":
        benchmark.extra_info.update(peer="matplotlib imshow", of=None)
    benchmark(move if way == "soilnb" else drawn)
