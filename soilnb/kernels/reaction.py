"""Carbon and nitrogen reactions of one hour, voxel by voxel.

The hour has these parts, in this order: organic particles decay (`decay`, `dissolve`), roots exude,
microbes take up, respire and die (`react`), biomass spreads and starving cells die out (`spread`,
`prune`, `settle`), nitrogen leaches and both solutes diffuse (`diffusion.advance`). Most hours
change neither the geometry nor the list of living cells; those are run by `hours` at one go.

Grids are arrays ``[y, x]`` on a torus, concentrations in g cm-3 of the voxel; cells are listed by
their flat index. During a day the dissolved carbon and nitrogen are in a `solution`, whose entries
are the open voxels in the order that diffusion likes. Biomass and necromass have fixed C/N ratios,
so only their carbon is kept.

What a day turned over is added up in an array `flux` with the entries below, each a sum of voxel
concentrations in g cm-3. Nothing is created or lost: every amount that is taken from one place is
added in another, or in `flux`.
"""

from typing import NamedTuple

import numpy as np

from soilnb.kernels.automaton import label_components
from soilnb.kernels.compiler import njit
from soilnb.kernels.diffusion import advance

#: Entries of `flux`: carbon uptake, nitrogen assimilation, decay of particulate organic matter and
#: of necromass, death, growth, maintenance and overflow respiration, the living carbon of cells
#: that die out, which dissolves, leached nitrogen, carbon and nitrogen of roots.
FLUXES = (
    "f_U", "f_N", "f_POM", "f_Nec", "f_BD", "R_G", "R_M", "R_O", "f_release", "R_leak", "R_root",
    "R_root_N",
)  # fmt: skip
_U, _N, _POM, _NEC, _BD, _GROWTH, _MAINTENANCE, _OVERFLOW, _RELEASE, _LEAK, _ROOT, _ROOT_N = range(
    len(FLUXES)
)

#: Parts of an hour.
DECAY, LIFE, TRANSPORT = range(3)

#: What is due when `hours` stops: nothing, `dissolve`, `spread` and `prune`, `prune`.
NOTHING, USED_UP, OVERFULL, STARVING = range(4)

#: Sub-steps of one step when the biomass is solved together with the substrate.
SUBSTEPS = 12


# One voxel --------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def uptake(substrate, biomass, rate_max, half_saturation, dt):
    """Return the carbon taken up by one voxel in one step, in g cm-3.

    Monod uptake with the biomass frozen over the step (Table 2, f_U), solved exactly:
    S1 + K ln S1 = S0 + K ln S0 - nu B dt. In z = ln(S1 / S0) the left side is convex and
    increasing, so Newton's method comes down from above without overshooting. It starts at the
    better of its own steps from the two ends, from no uptake and from z = -nu B dt / K.

    Parameters
    ----------
    substrate, biomass : float
        Dissolved carbon S0 and biomass carbon B, in g cm-3.
    rate_max : float
        Largest uptake rate nu, in s-1.
    half_saturation : float
        Half saturation K, in g cm-3.
    dt : float
        Length of the step, in s.
    """
    demand = rate_max * biomass * dt
    if substrate <= 0.0 or demand <= 0.0:
        return 0.0
    # in units of K and relative to S0: s (e^z - 1) + z + d = 0, where z < 0
    s = substrate / half_saturation
    d = demand / half_saturation
    shrink = np.expm1(-d)
    z = min(-d / (s + 1.0), -d - s * shrink / (s * (shrink + 1.0) + 1.0))
    for _ in range(100):
        shrink = np.expm1(z)
        step = (s * shrink + z + d) / (s * (shrink + 1.0) + 1.0)
        z -= step
        shrink -= step * (shrink + 1.0)  # e^z - 1 at the new z, but for step^2 / 2
        if step <= 1e-9 * -z:
            break
    return -substrate * shrink


@njit(cache=True, error_model="numpy")
def nitrogen_limit(assimilated, nitrogen, cn):
    """Return the overflow respiration of a step, in g cm-3 of carbon (conserving form of A2).

    Carbon that is assimilated and respired no further needs nitrogen, need = assimilated / cn.
    What the solution cannot supply is the carbon in excess.

    Parameters
    ----------
    assimilated : float
        Uptake less growth and maintenance respiration, in g cm-3; negative when microbes starve.
    nitrogen : float
        Dissolved nitrogen, in g cm-3.
    cn : float
        C/N ratio of the biomass.
    """
    return max(0.0, assimilated - cn * nitrogen)


@njit(cache=True, error_model="numpy")
def fluxes(c_s, n_s, biomass, rate_max, half_saturation, growth, maintenance, death, cn, dt):
    """Return what `biomass` turns over in a step: uptake, R_G, R_M, R_O and f_BD, in g cm-3.

    Parameters
    ----------
    c_s, n_s : float
        Dissolved carbon and nitrogen of the voxel, in g cm-3.
    biomass : float
        Carbon of the biomass at work, in g cm-3.
    rate_max, half_saturation : float
        Of `uptake`, in s-1 and g cm-3.
    growth : float
        Share of the uptake that is respired, k_G.
    maintenance, death : float
        k_M and k_BD, in s-1.
    cn : float
        C/N ratio of the biomass.
    dt : float
        Length of the step, in s.
    """
    taken = uptake(c_s, biomass, rate_max, half_saturation, dt)
    for_growth = growth * taken
    for_maintenance = maintenance * biomass * dt
    overflow = nitrogen_limit(taken - for_growth - for_maintenance, n_s, cn)
    return taken, for_growth, for_maintenance, overflow, death * biomass * dt


@njit(cache=True, error_model="numpy")
def voxel_step(
    c_s, n_s, c_b, rate_max, half_saturation, growth, maintenance, death, cn, substeps, dt
):
    """Return the state of one voxel after a step, and what it turned over.

    ``substeps = 0`` freezes the biomass over the step. Otherwise the full system is solved by
    `substeps` midpoint steps, each with the biomass that its first half gives.

    Parameters
    ----------
    c_s, n_s, c_b : float
        Dissolved carbon and nitrogen, biomass carbon, in g cm-3.
    rate_max, half_saturation, growth, maintenance, death, cn
        See `fluxes`.
    substeps : int
        0, or the number of sub-steps.
    dt : float
        Length of the step, in s.

    Returns
    -------
    c_s, n_s, c_b : float
        In g cm-3.
    taken, for_growth, for_maintenance, overflow, dead : float
        Uptake, growth, maintenance and overflow respiration, and new necromass, in g cm-3.
    """
    all_taken, all_growth, all_maintenance, all_overflow, all_dead = 0.0, 0.0, 0.0, 0.0, 0.0
    h = dt / max(substeps, 1)
    for _ in range(max(substeps, 1)):
        biomass = c_b
        if substeps > 0:
            taken, for_growth, for_maintenance, overflow, dead = fluxes(
                c_s, n_s, c_b, rate_max, half_saturation, growth, maintenance, death, cn, 0.5 * h
            )
            biomass += taken - for_growth - for_maintenance - overflow - dead
        taken, for_growth, for_maintenance, overflow, dead = fluxes(
            c_s, n_s, biomass, rate_max, half_saturation, growth, maintenance, death, cn, h
        )
        kept = taken - for_growth - for_maintenance - overflow
        c_s -= taken
        # with overflow the solution is emptied exactly, else it supplies (or gets) the rest
        n_s = 0.0 if overflow > 0.0 else n_s - kept / cn
        c_b += kept - dead
        all_taken += taken
        all_growth += for_growth
        all_maintenance += for_maintenance
        all_overflow += overflow
        all_dead += dead
    return c_s, n_s, c_b, all_taken, all_growth, all_maintenance, all_overflow, all_dead


@njit(cache=True, error_model="numpy")
def _capacity(necromass, c_b_max):
    """Return the biomass that a voxel can hold: two dead cells take the place of one living."""
    return max(0.0, c_b_max - 0.5 * necromass)


@njit(cache=True, error_model="numpy")
def react(
    cells, number, solution, c_b, c_nec, rate_max, half_saturation, growth, maintenance, death, cn,
    substeps, c_b_max, c_b_min, dt, flux,
):  # fmt: skip
    """Let the microbes of all living cells take up, respire, grow and die for one step.

    Parameters
    ----------
    cells : int array
        Flat indices of the living cells.
    number : int array [y, x]
        Entry of each voxel in `solution`.
    solution : array of `soilnb.kernels.diffusion.SOLUTES` [n]
        Dissolved carbon and nitrogen, in g cm-3; changed in place.
    c_b, c_nec : arrays [y, x]
        Biomass and necromass carbon, in g cm-3; changed in place.
    rate_max, half_saturation, growth, maintenance, death, cn, substeps, dt
        See `voxel_step`.
    c_b_max, c_b_min : float
        See `spread`.
    flux : array [len(FLUXES)]
        Totals, added to.

    Returns
    -------
    overfull, starving : bool
        Whether any cell must `spread`, and whether any has less than one bacterial cell left and
        `prune` is due.
    """
    number, c_b, c_nec = number.ravel(), c_b.ravel(), c_nec.ravel()
    overfull, starving = False, False
    for p in cells:
        here = solution[number[p]]
        c_s, n_s, c_b[p], taken, for_growth, for_maintenance, overflow, dead = voxel_step(
            here["carbon"], here["nitrogen"], c_b[p], rate_max, half_saturation, growth,
            maintenance, death, cn, substeps, dt,
        )  # fmt: skip
        c_nec[p] += dead
        overfull |= c_b[p] > _capacity(c_nec[p], c_b_max) + c_b_min
        starving |= c_b[p] < c_b_min
        flux[_U] += taken
        flux[_N] += here["nitrogen"] - n_s
        here["carbon"], here["nitrogen"] = c_s, n_s
        flux[_GROWTH] += for_growth
        flux[_MAINTENANCE] += for_maintenance
        flux[_OVERFLOW] += overflow
        flux[_BD] += dead
    return overfull, starving


# Organic particles --------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _neighbours(p, ny, nx):
    """Return the flat indices of the four neighbours: up, right, down, left."""
    y, x = divmod(p, nx)
    return (
        p - nx if y > 0 else p + (ny - 1) * nx,
        p + 1 if x + 1 < nx else p - (nx - 1),
        p + nx if y + 1 < ny else p - (ny - 1) * nx,
        p - 1 if x > 0 else p + (nx - 1),
    )


@njit(cache=True, error_model="numpy")
def exposed_edges(solid, organic, c_b, biomass_as_pore):
    """List the edges between organic particles and open voxels.

    Parameters
    ----------
    solid, organic : int arrays [y, x]
        Numbers of the particles.
    c_b : array [y, x]
        Biomass carbon, in g cm-3.
    biomass_as_pore : bool
        Whether a side to a biomass cell counts.

    Returns
    -------
    inside, outside : int32 arrays
        Flat index of the organic voxel and of the open voxel of each edge.
    """
    ny, nx = solid.shape
    solid, organic, c_b = solid.ravel(), organic.ravel(), c_b.ravel()
    voxels = 0
    for p in range(organic.size):
        voxels += organic[p] > 0
    inside, outside = np.empty(4 * voxels, np.int32), np.empty(4 * voxels, np.int32)
    edges = 0
    for p in range(organic.size):
        if organic[p] > 0:
            for q in _neighbours(p, ny, nx):
                if solid[q] == 0 and organic[q] == 0 and (biomass_as_pore or c_b[q] == 0.0):
                    inside[edges] = p
                    outside[edges] = q
                    edges += 1
    return inside[:edges], outside[:edges]


@njit(cache=True, error_model="numpy")
def weigh(organic, kind, pom, c_pom, c_nec, mass, is_pom):
    """Add up the carbon of every organic particle, and mark those of particulate matter.

    Parameters
    ----------
    organic, kind, pom, c_pom, c_nec
        See `decay`.
    mass : array [highest number + 1]
        Result: carbon of each particle, as a sum over its voxels in g cm-3.
    is_pom : bool array [highest number + 1]
        Result.
    """
    organic, kind = organic.ravel(), kind.ravel()
    c_pom, c_nec = c_pom.ravel(), c_nec.ravel()
    mass[:] = 0.0
    is_pom[:] = False
    for p in range(organic.size):
        if organic[p] > 0:
            mass[organic[p]] += c_pom[p] + c_nec[p]
            is_pom[organic[p]] |= kind[p] == pom


@njit(cache=True, error_model="numpy")
def _used_up(p, organic, kind, pom, c_pom, c_nec, least_pom, least_necromass):
    """Whether organic voxel p holds next to nothing."""
    if kind[p] == pom:
        return c_pom[p] < least_pom
    return organic[p] > 0 and c_nec[p] < least_necromass


@njit(cache=True, error_model="numpy")
def decay(
    inside, outside, organic, kind, pom, solution, c_pom, c_nec, mass, edges, rate, activity,
    cn_pom, cn_necromass, least_pom, least_necromass, dt, loss, flux,
):  # fmt: skip
    """Let organic particles decay for one step into the open voxels that they touch.

    A particle loses the share ``1 - exp(-rate activity dt)`` of its carbon. Every exposed edge
    passes on an equal part, from the voxel inside to the one outside; a voxel gives at most what
    it has.

    Parameters
    ----------
    inside : int32 array
        Organic voxel of each exposed edge, from `exposed_edges`.
    outside : int array
        Entry of the open voxel of each edge in `solution`.
    organic, kind : int arrays [y, x]
        Number of the particle, and what it consists of.
    pom : int
        Value of `kind` for particulate organic matter; all else is necromass.
    solution : array of `soilnb.kernels.diffusion.SOLUTES` [n]
        Dissolved carbon and nitrogen, in g cm-3; changed in place.
    c_pom, c_nec : arrays [y, x]
        Carbon of the particles, in g cm-3; changed in place.
    mass : array [highest number + 1]
        Carbon of each particle, as a sum over its voxels in g cm-3; changed in place.
    edges : int array [highest number + 1]
        Exposed edges of each particle.
    rate : array [highest number + 1]
        Decay rate of each particle, in s-1.
    activity : float
        Factor of all rates, dimensionless.
    cn_pom, cn_necromass : float
        C/N ratios.
    least_pom, least_necromass : float
        See `dissolve`.
    dt : float
        Length of the step, in s.
    loss : array [highest number + 1]
        Memory: what each exposed edge passes on, in g cm-3.
    flux : array [len(FLUXES)]
        Totals, added to.

    Returns
    -------
    bool
        Whether any exposed voxel is used up, and `dissolve` is due.
    """
    organic, kind = organic.ravel(), kind.ravel()
    c_pom, c_nec = c_pom.ravel(), c_nec.ravel()
    for u in range(mass.size):
        loss[u] = 0.0
        if rate[u] > 0.0:
            loss[u] = -mass[u] * np.expm1(-(activity * rate[u]) * dt) / edges[u]
    for e in range(inside.size):
        p, here = inside[e], solution[outside[e]]
        u = organic[p]
        if loss[u] == 0.0:
            continue
        if kind[p] == pom:
            released = min(loss[u], c_pom[p])
            c_pom[p] -= released
            here["nitrogen"] += released / cn_pom
            flux[_POM] += released
        else:
            released = min(loss[u], c_nec[p])
            c_nec[p] -= released
            here["nitrogen"] += released / cn_necromass
            flux[_NEC] += released
        here["carbon"] += released
        mass[u] -= released
    for p in inside:
        if _used_up(p, organic, kind, pom, c_pom, c_nec, least_pom, least_necromass):
            return True
    return False


@njit(cache=True, error_model="numpy")
def dissolve(
    inside, organic, kind, pom, c_s, n_s, c_pom, c_nec, least_pom, least_necromass, cn_pom,
    cn_necromass, flux,
):  # fmt: skip
    """Open the exposed organic voxels that hold next to nothing; return how many there were.

    A second pass after `decay`, because a voxel that opens has new neighbours. What is left in
    it goes into its solution.

    Parameters
    ----------
    inside : int32 array
        Organic voxels with an exposed edge.
    organic, kind, pom, c_pom, c_nec, cn_pom, cn_necromass, flux
        See `decay`.
    c_s, n_s : arrays [y, x]
        Dissolved carbon and nitrogen, in g cm-3; changed in place.
    least_pom, least_necromass : float
        Carbon below which a voxel opens, in g cm-3.
    """
    organic, kind = organic.ravel(), kind.ravel()
    c_s, n_s, c_pom, c_nec = c_s.ravel(), n_s.ravel(), c_pom.ravel(), c_nec.ravel()
    opened = 0
    for p in inside:
        if not _used_up(p, organic, kind, pom, c_pom, c_nec, least_pom, least_necromass):
            continue
        left, cn, which = (c_pom, cn_pom, _POM) if kind[p] == pom else (c_nec, cn_necromass, _NEC)
        c_s[p] += left[p]
        n_s[p] += left[p] / cn
        flux[which] += left[p]
        left[p] = 0.0
        organic[p] = 0
        kind[p] = 0
        opened += 1
    return opened


@njit(cache=True, error_model="numpy")
def split(organic, next_number, parent, label):
    """Give new numbers to the parts of organic particles that have come apart.

    The part that comes first in scan order keeps the number.

    Parameters
    ----------
    organic : int array [y, x]
        Numbers of the particles, changed in place.
    next_number : int
        First free number.
    parent, label : int32 arrays [ny * nx]
        Memory.

    Returns
    -------
    int
        First free number afterwards.
    """
    ny, nx = organic.shape
    organic = organic.ravel()
    parts = label_components(organic, ny, nx, False, parent, label)
    number = np.zeros(parts + 1, np.int64)
    taken = np.zeros(next_number, np.bool_)
    for p in range(organic.size):
        part = label[p]
        if part == 0:
            continue
        if number[part] == 0:
            if taken[organic[p]]:
                number[part] = next_number
                next_number += 1
            else:
                number[part] = organic[p]
                taken[organic[p]] = True
        organic[p] = number[part]
    return next_number


# Biomass ------------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _shuffle(items, rng):
    """Put `items` in random order (Fisher and Yates)."""
    for i in range(items.size - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        items[i], items[j] = items[j], items[i]


@njit(cache=True, error_model="numpy")
def _next_ring(reached, begin, end, ny, nx, solid, organic, visited):
    """Append the open neighbours of ``reached[begin:end]`` to it; return the new end."""
    last = end
    for i in range(begin, end):
        for q in _neighbours(reached[i], ny, nx):
            if not visited[q] and solid[q] == 0 and organic[q] == 0:
                visited[q] = True
                reached[last] = q
                last += 1
    return last


@njit(cache=True, error_model="numpy")
def spread(cells, n_cells, solid, organic, c_b, c_nec, c_b_max, c_b_min, rng, reached, visited):
    """Let overfull biomass cells spread; return the number of living cells afterwards.

    A cell acts when it holds more than its capacity and one bacterial cell (`c_b_min`). The
    surplus goes outward, ring by ring, through connected open voxels; the voxels of a ring are
    filled to their capacity in random order until less than one bacterial cell is left, which
    stays. When the pore is full, the surplus is shared equally by all its voxels.

    Parameters
    ----------
    cells : int array [number of voxels]
        Flat indices of the living cells; new ones are appended.
    n_cells : int
        How many there are.
    solid, organic : int arrays [y, x]
        Numbers of the particles.
    c_b, c_nec : arrays [y, x]
        Biomass and necromass carbon, in g cm-3; `c_b` is changed in place.
    c_b_max, c_b_min : float
        Carbon that a voxel without necromass can hold, and that of one bacterial cell, in g cm-3.
    rng : numpy.random.Generator
        Source of the random order.
    reached : int array [number of voxels]
        Memory.
    visited : bool array [number of voxels]
        Memory: False before and after.
    """
    ny, nx = solid.shape
    solid, organic, c_b, c_nec = solid.ravel(), organic.ravel(), c_b.ravel(), c_nec.ravel()
    for i in range(n_cells):
        source = cells[i]
        capacity = _capacity(c_nec[source], c_b_max)
        if c_b[source] <= capacity + c_b_min:
            continue
        surplus = c_b[source] - capacity
        c_b[source] = capacity
        reached[0] = source
        visited[source] = True
        begin, end = 0, 1
        while surplus >= c_b_min:
            last = _next_ring(reached, begin, end, ny, nx, solid, organic, visited)
            if last == end:
                for k in range(end):
                    n_cells = _give(surplus / end, reached[k], c_b, cells, n_cells)
                surplus = 0.0
                break
            begin, end = end, last
            _shuffle(reached[begin:end], rng)
            for k in range(begin, end):
                p = reached[k]
                given = min(surplus, _capacity(c_nec[p], c_b_max) - c_b[p])
                if given > 0.0 and c_b[p] + given >= c_b_min:
                    n_cells = _give(given, p, c_b, cells, n_cells)
                    surplus -= given
                    if surplus < c_b_min:
                        break
        c_b[source] += surplus
        for k in range(end):
            visited[reached[k]] = False
    return n_cells


@njit(cache=True, error_model="numpy")
def _give(amount, p, c_b, cells, n_cells):
    """Add biomass to voxel p, which joins the living cells if it was none; return their number."""
    if c_b[p] == 0.0:
        member = 0  # a cell may be listed without biomass, when its necromass leaves it no room
        while member < n_cells and cells[member] != p:
            member += 1
        if member == n_cells:
            cells[n_cells] = p
            n_cells += 1
    c_b[p] += amount
    return n_cells


@njit(cache=True, error_model="numpy")
def prune(cells, n_cells, number, solution, c_b, c_nec, c_b_min, least_necromass, cn, dead, flux):
    """Let biomass cells below one bacterial cell die out.

    Their living carbon and nitrogen dissolve. A cell in which necromass remains is listed in
    `dead`, to become a necromass particle; less than `least_necromass` dissolves as well.

    Parameters
    ----------
    cells : int array
        Flat indices of the living cells; those that live on stay in their order.
    n_cells : int
        How many there are.
    number, solution, c_b, c_nec
        See `react`.
    c_b_min, least_necromass : float
        Limits, in g cm-3.
    cn : float
        C/N ratio of biomass and necromass.
    dead : int array [number of voxels]
        Result: flat indices of the cells with necromass.
    flux : array [len(FLUXES)]
        Totals, added to.

    Returns
    -------
    living, died : int
        Numbers of living cells and of entries in `dead`.
    """
    number, c_b, c_nec = number.ravel(), c_b.ravel(), c_nec.ravel()
    living = 0
    died = 0
    for i in range(n_cells):
        p = cells[i]
        if c_b[p] >= c_b_min:
            cells[living] = p
            living += 1
            continue
        here = solution[number[p]]
        flux[_RELEASE] += c_b[p]
        here["carbon"] += c_b[p]
        here["nitrogen"] += c_b[p] / cn
        c_b[p] = 0.0
        if c_nec[p] >= least_necromass:
            dead[died] = p
            died += 1
        else:
            flux[_NEC] += c_nec[p]
            here["carbon"] += c_nec[p]
            here["nitrogen"] += c_nec[p] / cn
            c_nec[p] = 0.0
    return living, died


@njit(cache=True, error_model="numpy")
def _renumber(start, number, organic, ny, nx, queue):
    """Give the connected particle at `start` another number."""
    old = organic[start]
    organic[start] = number
    queue[0] = start
    n = 1
    while n > 0:
        n -= 1
        for q in _neighbours(queue[n], ny, nx):
            if organic[q] == old:
                organic[q] = number
                queue[n] = q
                n += 1


@njit(cache=True, error_model="numpy")
def settle(dead, organic, kind, new, next_number, queue):
    """Turn dead biomass cells into necromass particles, one for each connected group.

    A cell beside a necromass particle of former microbes joins it; particles that it connects
    become one, with the lowest of their numbers.

    Parameters
    ----------
    dead : int array
        Flat indices of the cells.
    organic, kind : int arrays [y, x]
        Number and kind of the organic particles, changed in place.
    new : int
        Value of `kind` for necromass of former microbes.
    next_number : int
        First free number.
    queue : int array [number of voxels]
        Memory.

    Returns
    -------
    int
        First free number afterwards.
    """
    ny, nx = organic.shape
    organic, kind = organic.ravel(), kind.ravel()
    for p in dead:
        number = next_number
        for q in _neighbours(p, ny, nx):
            if kind[q] == new:
                number = min(number, organic[q])
        if number == next_number:
            next_number += 1
        organic[p] = number
        kind[p] = new
        for q in _neighbours(p, ny, nx):
            if kind[q] == new and organic[q] != number:
                _renumber(q, number, organic, ny, nx, queue)
    return next_number


@njit(cache=True, error_model="numpy")
def living_decay(cells, number, solution, c_nec, share, cn, flux):
    """Let the necromass inside living cells lose a `share`, into the solution around it."""
    number, c_nec = number.ravel(), c_nec.ravel()
    for p in cells:
        here = solution[number[p]]
        released = share * c_nec[p]
        c_nec[p] -= released
        here["carbon"] += released
        here["nitrogen"] += released / cn
        flux[_NEC] += released


# The hours of a day -------------------------------------------------------------------------


class Rates(NamedTuple):
    """Numbers of the rules of an hour."""

    #: Of the microbes, see `voxel_step`.
    rate_max: float
    half_saturation: float
    growth: float
    maintenance: float
    death: float
    cn: float
    substeps: int
    #: See `spread`.
    c_b_max: float
    c_b_min: float
    #: See `decay`.
    cn_pom: float
    cn_necromass: float
    least_pom: float
    least_necromass: float
    decay_base: float  #: Activity of decay without biomass, dimensionless.
    #: Biomass that adds 1 to the activity, as a sum over voxels in g cm-3.
    biomass_reference: float
    living_decay: float  #: Decay rate of the necromass in living cells at an activity of 1, in s-1.
    #: See `soilnb.kernels.diffusion.advance`.
    fourier: float
    leached: float
    dt: float  #: An hour, in s.


class Surface(NamedTuple):
    """Exposed edges of organic particles, by edge, and the particles, by number; see `decay`."""

    inside: np.ndarray
    outside: np.ndarray
    mass: np.ndarray
    edges: np.ndarray
    rate: np.ndarray
    loss: np.ndarray


@njit(cache=True, error_model="numpy")
def _held(cells, c_b):
    """Return the biomass of all living cells, as a sum over voxels in g cm-3."""
    c_b = c_b.ravel()
    biomass = 0.0
    for p in cells:
        biomass += c_b[p]
    return biomass


@njit(cache=True, error_model="numpy")
def _exude(places, exudates, solution, flux):
    """Add what roots exude in an hour, array of SOLUTES, at its places in `solution`."""
    for i in range(places.size):
        carbon, nitrogen = exudates[i]["carbon"], exudates[i]["nitrogen"]
        here = solution[places[i]]
        here["carbon"] += carbon
        here["nitrogen"] += nitrogen
        flux[_ROOT] += carbon
        flux[_ROOT_N] += nitrogen


@njit(cache=True, error_model="numpy")
def hours(
    left, part, cells, factor, solution, work, organic, kind, pom, c_b, c_pom, c_nec, surface,
    places, exudates, rates, flux,
):  # fmt: skip
    """Run hours until all are over, or the geometry or the list of living cells may change.

    Parameters
    ----------
    left : int
        Hours to run.
    part : {DECAY, LIFE, TRANSPORT}
        With which part the first of them begins.
    cells, solution, c_b, c_nec, flux
        See `react`.
    factor : Factor
        Of diffusion.
    work : array of SOLUTES [>= n]
        Memory.
    organic, kind, pom, c_pom
        See `decay`.
    surface : Surface
        Where organic particles decay.
    places : int array
        Entries of the voxels into which roots exude.
    exudates : array of SOLUTES
        What each of them gets in an hour, in g cm-3.
    rates : Rates
        Numbers of the rules.

    Returns
    -------
    over : int
        Hours that are over.
    due : {NOTHING, USED_UP, OVERFULL, STARVING}
        What must happen before the next hour can go on, after `USED_UP` with LIFE, else with
        TRANSPORT.
    """
    for hour in range(left):
        if part == DECAY:
            activity = rates.decay_base + _held(cells, c_b) / rates.biomass_reference
            used_up = decay(
                surface.inside, surface.outside, organic, kind, pom, solution, c_pom, c_nec,
                surface.mass, surface.edges, surface.rate, activity, rates.cn_pom,
                rates.cn_necromass, rates.least_pom, rates.least_necromass, rates.dt,
                surface.loss, flux,
            )  # fmt: skip
            share = -np.expm1(-rates.living_decay * activity * rates.dt)
            living_decay(cells, factor.number, solution, c_nec, share, rates.cn_necromass, flux)
            if used_up:
                return hour, USED_UP
        if part != TRANSPORT:
            _exude(places, exudates, solution, flux)
            overfull, starving = react(
                cells, factor.number, solution, c_b, c_nec, rates.rate_max,
                rates.half_saturation, rates.growth, rates.maintenance, rates.death, rates.cn,
                rates.substeps, rates.c_b_max, rates.c_b_min, rates.dt, flux,
            )  # fmt: skip
            if overfull or starving:
                return hour, OVERFULL if overfull else STARVING
        flux[_LEAK] += advance(factor, rates.fourier, rates.leached, solution, work)
        part = DECAY
    return left, NOTHING
