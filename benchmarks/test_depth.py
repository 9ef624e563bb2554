"""Speed of the whole-profile model, each number beside a peer in the same run."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import solve_banded
from scipy.sparse import diags_array

from soilnb.explore import management as explorer
from soilnb.kernels import depth as kernel
from soilnb.profile import depth, management

YEARS = np.linspace(0.0, 2500.0, 251)


@pytest.fixture(scope="module", autouse=True)
def compiled():
    depth.warm_up()


@pytest.fixture
def soil():
    made = depth.profile("cropland")
    made.operator, made.losses, made.gains  # noqa: B018 (cached)
    return made


def banded(soil, m):
    lower, diagonal, upper = (part[m] for part in soil.operator)
    return np.stack([np.append(0.0, upper[:-1]), diagonal, np.append(lower[1:], 0.0)])


@pytest.mark.benchmark(group="whole profile: steady state of 100 cells x 2 materials")
def test_kernel(benchmark, soil):
    out = np.empty_like(soil.source)
    lower, _, upper = soil.operator
    assert benchmark(kernel.steady_all, lower, soil.losses, upper, soil.gains, out) == 2


@pytest.mark.peer("LAPACK, banded", of="test_kernel")
@pytest.mark.benchmark(group="whole profile: steady state of 100 cells x 2 materials")
def test_scipy_solve_banded(benchmark, soil):
    matrices = [banded(soil, m) for m in range(2)]

    def solve():
        return [solve_banded((1, 1), matrices[m], -soil.gains[m]) for m in range(2)]

    expected = np.empty_like(soil.source)
    kernel.steady_all(soil.operator[0], soil.losses, soil.operator[2], soil.gains, expected)
    np.testing.assert_allclose(benchmark(solve), expected, rtol=1e-9)


@pytest.mark.benchmark(group="whole profile: steady state of 100 cells x 2 materials")
def test_model_with_its_dataset(benchmark, soil):
    """The goal is under 1 ms."""
    benchmark(depth.steady_state, soil)


@pytest.mark.benchmark(group="whole profile: steady state of 100 cells x 2 materials")
def test_model_from_its_parameters(benchmark):
    benchmark(depth.steady_state, "cropland")


@pytest.mark.benchmark(group="whole profile: 2,500 years with 251 output times")
def test_transient(benchmark, soil):
    """The goal is under 1 s."""
    start = 0.5 * depth.steady_state(soil)["carbon"]
    benchmark(depth.simulate, soil, YEARS, initial=start)


@pytest.mark.peer("SciPy Radau")
@pytest.mark.benchmark(group="whole profile: 2,500 years with 251 output times")
def test_scipy_radau_on_the_same_equations(benchmark, soil):
    start = 0.5 * depth.steady_state(soil)["carbon"].values * soil.thickness
    expected = 1000 * depth.simulate(soil, YEARS, initial=start / soil.thickness)["stock"].values
    lower, diagonal, upper = (part.ravel() for part in soil.operator)
    matrix = diags_array((lower[1:], diagonal, upper[:-1]), offsets=(-1, 0, 1)).tocsc()
    source = soil.gains.ravel()
    found = benchmark.pedantic(
        solve_ivp,
        args=(lambda _, x: matrix @ x + source, (0.0, 2500.0), start.ravel()),
        kwargs={
            "method": "Radau", "jac": matrix, "t_eval": YEARS, "rtol": 1e-9, "atol": 1e-9,
        },
        rounds=2,
    )  # fmt: skip
    error = np.abs(found.y.sum(axis=0) / expected - 1).max()
    benchmark.extra_info["largest difference"] = float(error)


@pytest.mark.benchmark(group="2,500 years with 2,500 ditches")
def test_ditches(benchmark):
    benchmark(management.scenario, "ditch_straw", [0.0, 30.0, 100.0, 2500.0])


@pytest.mark.benchmark(group="transit times")
@pytest.mark.parametrize("boundary", ["conservative", "published"])
def test_transit_times(benchmark, boundary):
    benchmark(depth.transit_time, {"set": "sierra2024", "boundary": boundary})


@pytest.mark.benchmark(group="one move of a slider, management")
def test_a_move_of_the_explorer(benchmark):
    """The goal is under 300 ms."""
    made = explorer.combine()
    slider = made.controls["beta"]

    def move():
        slider.value = slider.min if slider.value > slider.min else slider.max

    benchmark(move)
