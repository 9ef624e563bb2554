r"""Stiff equations in time: Rosenbrock methods, the control of their steps, and output in between.

A stage of a Rosenbrock method is one linear system with the Jacobian J at the start of the step,

.. math:: \Big(\frac{1}{\gamma h} - J\Big) u_i = f\Big(y + \sum_j A_{ij} u_j\Big)
          + \frac{1}{h} \sum_j C_{ij} u_j

for an autonomous system dy/dt = f(y). The state after the step is that of the last stage plus u of
the last stage, which is also the estimate of the local error.

What a model brings along are small functions: f, the two halves of its linear solver (it knows
the zeros of its Jacobian), and what error is allowed. `stepper` and `driver` make of them the
model's own kernels, which are compiled into the kernel that calls them; that one is kept on disk.

Arguments that the kernels share

problem : tuple
    What the model's functions read, and memory that they need; handed on to them.
state, out : arrays [n]
    The state, in the model's unit. Its last `sinks` entries count what has left the system; nothing
    depends on them.
stages : array [stage, n]
    The u of the stages, filled by a step; the last is the estimate of the local error.
"""

from typing import NamedTuple

import numpy as np

from soilnb.kernels.compiler import njit

#: Outcome of a run.
CONVERGED, NOT_CONVERGED = 0, 1

#: Steps between two output times after which a run is given up.
ATTEMPTS = 100_000

#: Below this share of all carbon a pool cannot be told from zero.
EMPTY = 1e-15


class Method(NamedTuple):
    """The coefficients of a Rosenbrock method.

    `a` and `c` are matrices [stage, stage - 1]. With `extension` [3, stage] the state at a share s
    of a step is (1 - s) y_0 + s (y_1 + (1 - s) (k_0 + s (k_1 + s k_2))), where
    k_i = sum_j extension_ij u_j; it is empty where the method has none. `exponent` is the power of
    the error by which the next step is scaled.
    """

    gamma: float
    a: np.ndarray
    c: np.ndarray
    extension: np.ndarray
    exponent: float


def _lower(*rows):
    """Return the rows of a triangle as a matrix."""
    return np.array([[*row, *[0.0] * (len(rows[-1]) - len(row))] for row in rows])


#: Order 4 with an embedded method of order 3, six stages, L-stable (Hairer & Wanner 1996, Solving
#: Ordinary Differential Equations II, 2nd ed., section IV.10, code RODAS with METH = 1).
RODAS = Method(
    0.25,
    _lower(
        [],
        [1.544],
        [0.9466785280815826, 0.2557011698983284],
        [3.314825187068521, 2.896124015972201, 0.9986419139977817],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0],
    ),
    _lower(
        [],
        [-5.6688],
        [-2.430093356833875, -0.2063599157091915],
        [-0.1073529058151375, -9.594562251023355, -20.47028614809616],
        [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160],
        [
            8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136,
            -6.058818238834054,
        ],
    ),
    np.empty((3, 0)),
    -0.25,
)  # fmt: skip

_STIFF = (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256,
          0.030198172008377946)  # fmt: skip

#: Rodas5P: order 5 with an embedded method of order 4 and a continuous extension of order 4, eight
#: stages, L-stable (Steinebach 2023, doi:10.1007/s10543-023-00967-x; the coefficients as in
#: OrdinaryDiffEq.jl).
RODAS5P = Method(
    0.21193756319429014,
    _lower(
        [],
        [3.0],
        [2.849394379747939, 0.45842242204463923],
        [-6.954028509809101, 2.489845061869568, -10.358996098473584],
        [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
        [*_STIFF],
        [*_STIFF, 1.0],
        [*_STIFF, 1.0, 1.0],
    ),
    _lower(
        [],
        [-14.155112264123755],
        [-17.97296035885952, -2.859693295451294],
        [147.12150275711716, -1.41221402718213, 71.68940251302358],
        [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
        [
            24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125,
            -0.6610691825249471,
        ],
        [
            30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783,
            -19.097331116725623, -28.087943162872662,
        ],
        [
            37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047,
            -40.06618937091002, -54.66780262877968, -9.48861652309627,
        ],
    ),
    np.array(
        [
            [
                25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204,
                0.524948541321073, 1.1241088310450404, 0.4272876194431874, -0.17202221070155493,
            ],
            [
                -9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796,
                20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372,
            ],
            [
                11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643,
                -52.072871366152654, -59.78993625266729, -0.15582684282751913, 4.883087185713722,
            ],
        ]
    ),
    -0.2,
)  # fmt: skip


def stepper(change, factorise, solve, method):
    """Return the kernel that takes one step with the functions of a model.

    Parameters
    ----------
    change : callable
        ``change(problem, state, out)`` writes f.
    factorise : callable
        ``factorise(problem, held, state)`` prepares `solve` for held - J at `state`, and returns
        whether it could.
    solve : callable
        ``solve(problem, held, out)`` solves that system in place.
    method : Method
    """
    gamma, a, c = method.gamma, method.a, method.c
    last = len(a) - 1

    @njit(error_model="numpy")
    def step(state, dt, stages, out, problem):
        """Write the state after one step of dt into `out`; return False where it is too long."""
        held = 1.0 / (gamma * dt)
        if not factorise(problem, held, state):
            return False
        for stage in range(last + 1):
            for i in range(state.size):
                out[i] = state[i]
            for earlier in range(stage):
                for i in range(state.size):
                    out[i] += a[stage, earlier] * stages[earlier, i]
            now = stages[stage]
            change(problem, out, now)
            for earlier in range(stage):
                for i in range(state.size):
                    now[i] += c[stage, earlier] * stages[earlier, i] / dt
            solve(problem, held, now)
        for i in range(state.size):
            out[i] += stages[last, i]
        return True

    return step


def extension(method):
    """Return the kernel that reads a state from within a step; see `Method`."""
    k = method.extension
    number = k.shape[1]

    @njit(error_model="numpy")
    def within_step(state, result, stages, share, out):
        """Write the state at a share of a step from `state` to `result` into `out`."""
        left = 1.0 - share
        for i in range(state.size):
            k0 = k1 = k2 = 0.0
            for stage in range(number):
                k0 += k[0, stage] * stages[stage, i]
                k1 += k[1, stage] * stages[stage, i]
                k2 += k[2, stage] * stages[stage, i]
            bend = left * (k0 + share * (k1 + share * k2))
            out[i] = left * state[i] + share * (result[i] + bend)

    return within_step


def driver(step, error_norm, empty_or_reject, method, *, inside):
    """Return the kernel that runs a model in time.

    Parameters
    ----------
    step : callable
        From `stepper`, with the same method.
    error_norm : callable
        ``error_norm(state, result, error, tolerance, sinks)`` returns the error of a step over what
        is allowed: 1 is just acceptable.
    empty_or_reject : callable
        ``empty_or_reject(state, sinks)`` sets what is negative by rounding to zero and returns
        whether something is negative by more.
    method : Method
    inside : bool
        Whether output times are read from within the steps. Else a step is shortened to end there.
    """
    exponent, last = method.exponent, len(method.a) - 1
    within_step = extension(method)

    @njit(error_model="numpy")
    def run(state, sinks, times, clock, shortest, tolerance, out, problem):
        """Write the state at `times` (increasing) into `out` [time, n]; return how it ended.

        Steps are adapted so that the local error stays below what is allowed, and taken again
        where the state would turn negative. What the equations conserve is conserved to rounding.
        `clock` [3] holds the time at the start and the length of the first step, and is left with
        those at the end, as `state` is; behind them stands what the error of the first step says
        about its length, with which the next run begins well where the equations have changed. A
        run whose steps fall below `shortest` is given up.
        """
        result, stages = np.empty(state.size), np.empty((last + 1, state.size))
        now, length = clock[0], clock[1]
        k = attempts = 0
        first = True
        while k < times.size:
            if times[k] <= now:
                for i in range(state.size):
                    out[k, i] = state[i]
                attempts = 0
                k += 1
                continue
            attempts += 1
            if attempts > ATTEMPTS or not length > shortest:
                return NOT_CONVERGED
            goal = times[times.size - 1] if inside else times[k]
            remaining = goal - now
            dt = remaining if length > 0.999 * remaining else length
            solved = step(state, dt, stages, result, problem)
            if not solved or empty_or_reject(result, sinks):
                length = 0.25 * dt
                continue
            error = error_norm(state, result, stages[last], tolerance, sinks)
            growth = min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** exponent))
            if not error <= 1.0:
                length = growth * dt
                continue
            end = goal if dt == remaining else now + dt
            if inside:
                while times[k] < end:
                    within_step(state, result, stages, (times[k] - now) / dt, out[k])
                    if empty_or_reject(out[k], sinks):
                        break
                    attempts = 0
                    k += 1
                if times[k] < end:
                    # The extension undershoots an empty pool, the end of a step does not: stop
                    # there.
                    length = times[k] - now
                    continue
            if first:
                clock[2] = growth * dt
                first = False
            # A step cut short to land on an output time says little about the next one.
            length = max(length, growth * dt) if dt < length else growth * dt
            now = end
            for i in range(state.size):
                state[i] = result[i]
        clock[0], clock[1] = now, length
        return CONVERGED

    return run


@njit(cache=True, error_model="numpy")
def all_carbon(state, sinks):
    """Return the carbon of the pools of `state`, negative ones by their size."""
    total = 0.0
    for i in range(state.size - sinks):
        total += abs(state[i])
    return total


@njit(cache=True, error_model="numpy")
def error_norm(state, result, error, tolerance, sinks):
    """Return the error of a step over what is allowed, dimensionless: 1 is just acceptable.

    Pools are held to `tolerance` of themselves, and to 1e-9 of it of all carbon where they are
    nearly empty; sinks to `tolerance` of all carbon.
    """
    pools, total = state.size - sinks, all_carbon(state, sinks)
    square = 0.0
    for i in range(state.size):
        scale = max(abs(state[i]), abs(result[i])) + (1e-9 * total if i < pools else total)
        allowed = tolerance * scale
        if allowed > np.finfo(np.float64).tiny:
            square += (error[i] / allowed) ** 2
    return np.sqrt(square / state.size)


@njit(cache=True, error_model="numpy")
def empty_or_reject(state, sinks):
    """Set pools that are negative by rounding to zero; return True if one is negative by more.

    Rounding means `EMPTY`: a microbe that dies out would otherwise keep the step at
    the time scale of its own decay for ever.
    """
    total = all_carbon(state, sinks)
    for i in range(state.size - sinks):
        if not state[i] >= -EMPTY * total:
            return True
    for i in range(state.size - sinks):
        state[i] = max(state[i], 0.0)
    return False
