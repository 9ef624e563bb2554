"""Speed of MIMICS, each number beside a peer in the same run: no limits on the clock here."""

import numba
import numpy as np
import pytest
from scipy.integrate import odeint, solve_ivp
from scipy.optimize import root

from soilnb.kernels import mimics as pools
from soilnb.profile import mimics
from soilnb.profile.site import read

REF15 = {"temperature": 15.0, "clay": 0.30, "npp": 500.0, "f_met": 0.3846423}
CELLS = 2855


@pytest.fixture(scope="module", autouse=True)
def compiled():
    mimics.warm_up()


@pytest.fixture
def one_core():
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@pytest.fixture
def rates():
    place = read(REF15)
    found = mimics._Rates(place, mimics.PARAMETER_SETS["sandbox"])
    return (
        found.source[0], found.stoichiometry[0], found.rate[0], found.half_saturation[0],
        found.kinetics,
    )  # fmt: skip


def planet():
    rng = np.random.default_rng(2855)
    return {
        "temperature": rng.uniform(-15, 28, CELLS),
        "clay": rng.uniform(0.02, 0.6, CELLS),
        "npp": rng.uniform(20, 1500, CELLS),
        "f_met": rng.uniform(0.15, 0.75, CELLS),
    }


@pytest.mark.benchmark(group="MIMICS: steady state of one site")
def test_kernel(benchmark, rates):
    state, alive = np.empty(7), np.ones(2, bool)
    assert benchmark(pools.steady_state, *rates, alive, state) == pools.CONVERGED


@pytest.mark.peer("SciPy root (MINPACK)", of="test_kernel")
@pytest.mark.benchmark(group="MIMICS: steady state of one site")
def test_scipy_root_on_the_same_equations(benchmark, rates):
    """The peer gets the compiled tendency, the analytic Jacobian and the same first guess."""
    expected, alive = np.empty(7), np.ones(2, bool)
    pools.steady_state(*rates, alive, expected)

    def solve():
        guess, flux, change, matrix = np.empty(7), np.empty(11), np.empty(8), np.empty((8, 8))
        pools.first_guess(*rates, guess)

        def residual(state):
            pools.tendency(state, *rates, flux, change)
            return change[:7].copy()

        def derivative(state):
            pools.jacobian(state, *rates[1:], matrix)
            return matrix[:7, :7].copy()

        return root(residual, guess, jac=derivative, method="hybr", options={"xtol": 1e-12})

    found = benchmark(solve)
    benchmark.extra_info["says success"] = bool(found.success)
    benchmark.extra_info["largest relative error"] = float(np.abs(found.x / expected - 1).max())


@pytest.mark.benchmark(group="MIMICS: steady state of 286 sites")
def test_kernel_on_many_sites(benchmark):
    site = {key: value[::10] for key, value in planet().items()}
    steady = benchmark(mimics.steady_state, site)
    assert (mimics.eigenvalues(site)["real_part"] < 0).all()
    assert not steady["extinct"].any()


@pytest.mark.peer("SciPy root (MINPACK)")
@pytest.mark.benchmark(group="MIMICS: steady state of 286 sites")
def test_scipy_root_on_many_sites(benchmark):
    """SciPy says that it succeeded everywhere; how often it lost a microbe that can live there."""
    site = {key: value[::10] for key, value in planet().items()}
    found = mimics._Rates(read(site), mimics.PARAMETER_SETS["sandbox"])
    flux, change, matrix = np.empty(11), np.empty(8), np.empty((8, 8))

    def solve_all():
        lost = failed = 0
        for i in range(len(site["clay"])):
            each = (
                found.source[i],
                found.stoichiometry[i],
                found.rate[i],
                found.half_saturation[i],
            )
            guess = np.empty(7)
            pools.first_guess(*each, found.kinetics, guess)

            def residual(state, each=each):
                pools.tendency(state, *each, found.kinetics, flux, change)
                return change[:7].copy()

            def derivative(state, each=each):
                pools.jacobian(state, *each[1:], found.kinetics, matrix)
                return matrix[:7, :7].copy()

            answer = root(residual, guess, jac=derivative, options={"xtol": 1e-12})
            failed += not answer.success
            lost += min(answer.x[2:4]) < 1e-6 * answer.x.sum()
        return int(failed), int(lost)

    failed, lost = benchmark(solve_all)
    benchmark.extra_info["not converged"] = failed
    benchmark.extra_info["a microbe lost that can live there"] = lost


@pytest.mark.benchmark(group="MIMICS: steady state of one site")
def test_model_with_its_dataset(benchmark):
    benchmark(mimics.steady_state, REF15)


@pytest.mark.benchmark(group="MIMICS: steady state of 2,855 cells")
def test_map_on_one_core(benchmark, one_core):
    steady = benchmark(mimics.steady_state, planet())
    assert not steady["extinct"].any()


# --- in time: the peers get the same compiled equations, and errors of the same size -----------

IN_TIME = pytest.mark.benchmark(group="MIMICS: 100 years with 200 output times")
HOURS = np.linspace(0.0, 100 * 8760.0, 200)


@numba.njit(error_model="numpy")
def derivative(state, _, source, stoichiometry, rate, half_saturation, kinetics, flux, out):
    pools.tendency(state, source, stoichiometry, rate, half_saturation, kinetics, flux, out)
    return out


@pytest.fixture
def start(rates):
    """Half of the steady state, and no carbon respired yet."""
    steady, alive = np.empty(7), np.ones(2, bool)
    pools.steady_state(*rates, alive, steady)
    return np.append(0.5 * steady, 0.0)


@pytest.fixture
def exact(rates, start):
    """SciPy's Radau as tight as it gets [time, 8]."""
    scratch, matrix = (np.empty(11), np.empty(8)), np.empty((8, 8))

    def gradient(_, state):
        pools.jacobian(state, *rates[1:], matrix)
        return matrix

    return solve_ivp(
        lambda t, y: derivative(y, t, *rates, *scratch).copy(), (0, HOURS[-1]), start,
        method="Radau", jac=gradient, t_eval=HOURS, rtol=1e-12, atol=1e-16,
    ).y.T  # fmt: skip


def note_error(benchmark, found, exact):
    error = np.abs(found[1:] / exact[1:] - 1).max()
    benchmark.extra_info["largest relative error"] = f"{error:.1e}"


@IN_TIME
def test_transient(benchmark, rates, start, exact):
    out = np.empty((HOURS.size, 8))
    benchmark(pools.transient, start[:7], *rates, HOURS, mimics.TOLERANCE, out)
    note_error(benchmark, out, exact)


@IN_TIME
def test_model_in_time_with_its_dataset(benchmark):
    first = 0.5 * mimics.steady_state(REF15)["carbon"]
    benchmark(mimics.simulate, REF15, HOURS / 8760.0, initial=first)


@pytest.mark.peer("LSODA, compiled equations")
@IN_TIME
def test_lsoda_with_the_compiled_equations(benchmark, rates, start, exact):
    """odeint calls a compiled function with scratch of its own; a Jacobian makes it no faster."""
    scratch = (np.empty(11), np.empty(8))
    found = benchmark(
        odeint, derivative, start, HOURS, args=(*rates, *scratch), rtol=1e-9, atol=1e-14,
        mxstep=100_000,
    )  # fmt: skip
    note_error(benchmark, found, exact)
