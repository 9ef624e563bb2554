"""Speed of the pore-scale model: a step of motion, a day of chemistry, start and day by size.

No peer of the whole model is public. Of its parts, the diffusion hour stands beside SciPy in
`test_diffusion.py`; the peer of the motion is the C++ automaton of AndreasRupp/cellular-automaton
(10 steps a second on 250 x 250 voxels, measured once; it cannot be installed from a registry).
"""

import pytest

from soilnb.kernels import automaton
from soilnb.pore import Run, motion, structure


@pytest.fixture(scope="module")
def run():
    """The reference soil after 100 steps of aggregation and five days."""
    run = Run("reference", initial_steps=100).begin()
    for _ in range(5):
        run.step()
    return run


@pytest.mark.benchmark(group="pore: parts of a day, 250 x 250")
def test_motion(benchmark, run):
    state, work = run.state.copy(), motion.workspace(run.state)
    benchmark(motion.move, state, work=work)


@pytest.mark.benchmark(group="pore: parts of a day, 250 x 250")
def test_ageing_of_edges(benchmark, run):
    benchmark(motion.age_edges, run.state.copy())


@pytest.mark.benchmark(group="pore: parts of a day, 250 x 250")
def test_chemistry(benchmark, run):
    """24 hours after a day of motion, that is with a new factorisation."""

    def moved():
        state = run.state.copy()
        motion.move(state, work=run._work)
        return (state,), {}

    benchmark.pedantic(run.chemistry.day, setup=moved, rounds=20)


@pytest.mark.benchmark(group="pore: parts of a day, 250 x 250")
def test_whole_day(benchmark, run):
    benchmark.pedantic(run.step, rounds=30)


@pytest.mark.benchmark(group="pore: a day of the explorers, 128 x 128")
def test_day_of_an_explorer(benchmark):
    run = Run("reference", shape=(128, 128), initial_steps=100).begin()
    benchmark.pedantic(run.step, rounds=50, warmup_rounds=2)


@pytest.mark.benchmark(group="pore: a day by size of the domain")
@pytest.mark.parametrize("side", [250, 500, 1000])
def test_day_by_size(benchmark, side):
    run = Run("reference", shape=(side, side), initial_steps=20).begin()
    benchmark.pedantic(run.step, rounds=3, warmup_rounds=1)
    per_voxel(benchmark, side)


def per_voxel(benchmark, side):
    benchmark.extra_info["us_per_voxel"] = 1e6 * benchmark.stats.stats.median / side**2


@pytest.mark.benchmark(group="pore: placement by size of the domain")
@pytest.mark.parametrize("side", [250, 500, 1000])
def test_placement_by_size(benchmark, side):
    benchmark.pedantic(structure.dispersed, args=((side, side), 0), rounds=3, warmup_rounds=1)
    per_voxel(benchmark, side)


@pytest.mark.benchmark(group="pore: ten steps of aggregation by size of the domain")
@pytest.mark.parametrize("side", [250, 500, 1000])
def test_aggregation_by_size(benchmark, side):
    state = structure.dispersed((side, side), 0)
    work = motion.workspace(state)
    steps = {"steps": 10, "work": work}
    benchmark.pedantic(motion.aggregate, (state,), steps, rounds=3, warmup_rounds=1)
    per_voxel(benchmark, side)


@pytest.mark.benchmark(group="pore: start, 250 x 250")
def test_labels_of_aggregates(benchmark, run):
    state = run.state
    occupied = (state.solid + 10**6 * state.organic).ravel().copy()
    parent, label = occupied.copy(), occupied.copy()
    benchmark(automaton.label_components, occupied, *state.shape, True, parent, label)
