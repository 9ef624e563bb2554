r"""Carbon in a soil profile: transport and decay on finite volumes, at rest and in time.

The equation of the whole-profile model (Sierra et al. 2024, doi:10.1111/gcb.17153)

.. math:: \frac{\partial x}{\partial t} = \frac{\partial}{\partial z}\left(\kappa
          \frac{\partial x}{\partial z}\right) - \frac{\partial (v x)}{\partial z} + u(z) - k(z) x

is integrated over cells, so that the state is the stock of each cell, X in g C m-2, and what
leaves one cell enters its neighbour. With the rates a and b (m yr-1) at which carbon crosses the
face between cells i and i + 1 downward and upward,

.. math:: \dot X_i = \frac{a_{i-1}}{h_{i-1}} X_{i-1} + \frac{b_i}{h_{i+1}} X_{i+1}
          - \left(\frac{a_i + b_{i-1}}{h_i} + k_i\right) X_i + u_i ,

a tridiagonal system X' = B X + u whose column sums are minus the losses: decay, and what crosses
the two ends. Depth is in m, downward; time in years.

In time the system is solved with the rational function r(z) that agrees with exp(z) to order 9
(the subdiagonal Padé approximant (4, 5), which is the stability function of the five-stage
Radau IIA method; Hairer & Wanner 1996, Solving Ordinary Differential Equations II, 2nd ed.,
section IV.3). Split into partial fractions, one step costs three tridiagonal solves,

.. math:: r(hB) X = \sum_j w_j\,(hB - \theta_j)^{-1} X .

It damps everything that decays, however stiff, and it keeps what the equations keep: the time
integral of the state, which tells what has been respired and leached, comes from the same solves,
so the carbon budget closes to rounding error.
"""

import numpy as np

from soilnb.kernels.compiler import njit

#: Poles of r(z), one of each conjugate pair: zeros of
#: 1 - 5z/9 + 5z^2/36 - 5z^3/252 + 5z^4/3024 - z^5/15120.
POLES = np.array(
    [
        3.65569432546357225824 + 6.54373689936007729402j,
        5.70095329867178941917 + 3.21026560030854988843j,
        6.28670475172927664517 + 0.0j,
    ]
)

#: Residues of r(z) at the poles; those of a pair count twice.
WEIGHTS = np.array(
    [
        2 * (-15.82680186458595817962 - 24.12564578224438071823j),
        2 * (149.99844659754692662457 + 68.04227952202268707860j),
        -273.34328946592193688991 + 0.0j,
    ]
)

#: Residues of z^5 / (15120 Q(z)) + 1, the estimate of the local error (order 5: it bounds the
#: error of r, which is of order 10, from above).
ERROR_WEIGHTS = np.array(
    [
        2 * (3.40973264830370338173 + 5.62397212695975461124j),
        2 * (-6.64035144797883333981 + 13.09329359919171773368j),
        -18.53876240064974008384 + 0.0j,
    ]
)

#: Outcome of a solver.
DONE, FAILED = 0, 1

#: Below this share of the most carbon that there was, what is left need not be followed exactly.
EMPTY = 1e-12

#: Steps between two output times after which a run is given up.
MOST_STEPS = 100_000


@njit(cache=True, error_model="numpy")
def bernoulli(p):
    """Return p / (exp(p) - 1), which is 1 at p = 0; dimensionless."""
    if abs(p) < 1e-4:
        return 1.0 - 0.5 * p + p * p / 12.0
    if p > 500.0:
        return 0.0
    return p / np.expm1(p)


@njit(cache=True, error_model="numpy")
def face_rates(distance, diffusion, velocity):
    """Return the rates (m yr-1) at which carbon crosses a face downward and upward.

    Flux F = a x_above - b x_below with a = kappa/d B(-vd/kappa), b = kappa/d B(vd/kappa) and the
    Bernoulli function B: exact for constant kappa, v and F between two centres (Scharfetter &
    Gummel 1969, doi:10.1109/T-ED.1969.16566). Both rates are never negative, however fast the
    advection; without diffusion they are those of upwind differences.

    Parameters: distance of the centres (m), diffusion (m2 yr-1), velocity (m yr-1).
    """
    exchange = diffusion / distance
    if exchange <= 1e-12 * abs(velocity):
        return max(velocity, 0.0), max(-velocity, 0.0)
    peclet = velocity / exchange
    return exchange * bernoulli(-peclet), exchange * bernoulli(peclet)


@njit(cache=True, error_model="numpy")
def conservative(
    thickness, diffusion, velocity, decay, top_loss, bottom_loss, lower, diagonal, upper
):
    """Write the tridiagonal operator B (yr-1) of finite volumes.

    Parameters: thickness [n] (m); diffusion [n + 1] (m2 yr-1) and velocity [n + 1] (m yr-1) at the
    faces, of which the outer two are not used; decay [n] (yr-1); top_loss and bottom_loss (m yr-1),
    the speeds at which carbon leaves through the two ends. ``lower[i]`` is what cell i gains from
    i - 1, ``upper[i]`` what it gains from i + 1, ``diagonal[i]`` its loss (negative).
    """
    n = thickness.size
    lower[0] = 0.0
    upper[n - 1] = 0.0
    for i in range(n):
        diagonal[i] = -decay[i]
    diagonal[0] -= top_loss / thickness[0]
    diagonal[n - 1] -= bottom_loss / thickness[n - 1]
    for i in range(n - 1):
        distance = 0.5 * (thickness[i] + thickness[i + 1])
        down, up = face_rates(distance, diffusion[i + 1], velocity[i + 1])
        lower[i + 1] = down / thickness[i]
        upper[i] = up / thickness[i + 1]
        diagonal[i] -= lower[i + 1]
        diagonal[i + 1] -= upper[i]


@njit(cache=True, error_model="numpy")
def central(spacing, diffusion, velocity, decay, lower, diagonal, upper):
    """Write the operator (yr-1) of central differences with fixed values at both ends.

    The published discretisation (Sierra et al. 2024; MPIBGC-TEE/subsoilCseq@4ee0d95, Code/BVP.R):
    constant diffusion (m2 yr-1) and velocity (m yr-1), interior points `spacing` (m) apart. What
    the first and the last point give to the fixed ends is lost.
    """
    n = decay.size
    spread = diffusion / spacing**2
    drift = 0.5 * velocity / spacing
    for i in range(n):
        lower[i] = spread + drift
        upper[i] = spread - drift
        diagonal[i] = -2.0 * spread - decay[i]
    lower[0] = 0.0
    upper[n - 1] = 0.0


@njit(cache=True, error_model="numpy")
def steady(lower, loss, upper, source, work, out):
    """Write the stocks X = -B^-1 u (g C m-2) at which gains and losses balance into `out` [n].

    `loss` [n] is what leaves each cell for good (yr-1), minus the column sums of B; `source` [n] in
    g C m-2 yr-1; `work` [n] is scratch. From the top down each cell is replaced by what it does to
    the next: of the carbon that goes up into it, a part is lost and the rest comes back. No step
    subtracts (Grassmann, Taksar & Heyman 1985, doi:10.1287/opre.33.5.1107), so that slow decay is
    not drowned by fast mixing. Returns False where some carbon is never lost.
    """
    n = loss.size
    above = 0.0  # effective loss rate of the cell above, without what it passes down
    for i in range(n):
        lost = loss[i]
        out[i] = source[i]
        if i > 0:
            lost += upper[i - 1] * above / work[i - 1]
            out[i] += lower[i] * out[i - 1] / work[i - 1]
        work[i] = lost + (lower[i + 1] if i + 1 < n else 0.0)
        if not work[i] > 0.0:
            return False
        above = lost
    out[n - 1] /= work[n - 1]
    for i in range(n - 2, -1, -1):
        out[i] = (out[i] + upper[i] * out[i + 1]) / work[i]
    return True


@njit(cache=True, error_model="numpy")
def resolvent(lower, diagonal, upper, dt, pole, source, state, work, out):
    """Write y = (dt B - theta)^-1 (X + dt u / theta), in g C m-2, into `out` [n], complex.

    This is the state's part of the resolvent of the whole system, in which the constant input is
    a further pool. `work` [n] is complex scratch.
    """
    n = diagonal.size
    pull = dt / pole
    inverse = 1.0 / (dt * diagonal[0] - pole)
    work[0] = dt * upper[0] * inverse
    out[0] = (state[0] + pull * source[0]) * inverse
    for i in range(1, n):
        below = dt * lower[i]
        inverse = 1.0 / (dt * diagonal[i] - pole - below * work[i - 1])
        work[i] = dt * upper[i] * inverse
        out[i] = (state[i] + pull * source[i] - below * out[i - 1]) * inverse
    for i in range(n - 2, -1, -1):
        out[i] -= work[i] * out[i + 1]


@njit(cache=True, error_model="numpy")
def step(lower, diagonal, upper, source, state, dt, work, y, out, integral):
    """Advance the stocks by dt years; return the estimated error of all cells, in g C m-2.

    `state` and `out` [n] in g C m-2; `integral` [n] is left with the time integral of the state
    over the step (g C m-2 yr). `work` and `y` [n] are complex scratch.
    """
    n = state.size
    out[:] = 0.0
    integral[:] = 0.0
    error = -state
    for j in range(POLES.size):
        resolvent(lower, diagonal, upper, dt, POLES[j], source, state, work, y)
        weight, wrong = WEIGHTS[j], ERROR_WEIGHTS[j]
        over_time = dt * weight / POLES[j]
        for i in range(n):
            out[i] += (weight * y[i]).real
            error[i] += (wrong * y[i]).real
            integral[i] += (over_time * y[i]).real
    return np.abs(error).sum()


@njit(cache=True, error_model="numpy")
def transient(
    lower, diagonal, upper, source, initial, times, tolerance, first_step, out, integrals
):
    """Write stocks and their time integrals at `times` (years, increasing) into two arrays.

    Parameters: the operator [n] each (yr-1), source [n] (g C m-2 yr-1), initial [n] (g C m-2) at
    time 0, tolerance (share of all carbon that the estimated error of a step may be), first_step
    (years, 0 for a cautious one), out [time, n] in g C m-2 and integrals [time, n] in g C m-2 yr.

    Returns the length of the last free step in years (to start the next run with), or -1 where
    the steps become too many.
    """
    n = initial.size
    state = initial.copy()
    result = np.empty(n)
    gain = np.empty(n)
    total = np.zeros(n)
    work = np.empty(n, np.complex128)
    y = np.empty(n, np.complex128)
    fastest = 1e-12
    for i in range(n):
        fastest = max(fastest, -diagonal[i])
    length = first_step if first_step > 0.0 else 0.1 / fastest
    now = 0.0
    most = np.abs(state).sum()
    for k in range(times.size):
        attempts = 0
        while now < times[k]:
            attempts += 1
            if attempts > MOST_STEPS:
                return -1.0
            remaining = times[k] - now
            cut = length > 0.999 * remaining
            dt = remaining if cut else length
            error = step(lower, diagonal, upper, source, state, dt, work, y, result, gain)
            carbon = np.abs(result).sum()
            most = max(most, carbon)
            allowed = tolerance * max(carbon, EMPTY * most)
            if not np.isfinite(error):
                return -1.0
            growth = 6.0
            if error > 0.0:
                growth = min(6.0, max(0.2, 0.9 * (allowed / error) ** 0.2))
            if error > allowed:
                length = growth * dt
                continue
            # A step cut short to land on an output time says little about the next one.
            length = max(length, growth * dt) if cut else growth * dt
            now = times[k] if cut else now + dt
            for i in range(n):
                state[i] = result[i]
                total[i] += gain[i]
        out[k, :] = state
        integrals[k, :] = total
    return length


@njit(cache=True, error_model="numpy")
def steady_all(lower, loss, upper, source, out):
    """`steady` of several materials [material, n]; returns how many of them have a balance."""
    work = np.empty(out.shape[1])
    balanced = 0
    for m in range(out.shape[0]):
        if steady(lower[m], loss[m], upper[m], source[m], work, out[m]):
            balanced += 1
    return balanced


@njit(cache=True, error_model="numpy")
def transient_all(lower, diagonal, upper, source, initial, times, tolerance, steps, out, integrals):
    """`transient` of several materials [material, n], each with its own steps [material].

    `out` and `integrals` are [material, time, n]. Returns `DONE` or `FAILED`; `steps` (years) are
    left as the next run should start.
    """
    status = DONE
    for m in range(initial.shape[0]):
        steps[m] = transient(
            lower[m], diagonal[m], upper[m], source[m], initial[m], times, tolerance, steps[m],
            out[m], integrals[m],
        )  # fmt: skip
        if steps[m] < 0.0:
            status = FAILED
    return status
