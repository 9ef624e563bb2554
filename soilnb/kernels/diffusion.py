r"""Implicit diffusion of dissolved carbon and nitrogen on a masked torus.

Finite volumes on square cells, periodic, no flux through a face that is not open on both
sides. One implicit Euler step of length dt solves

    x_i + r sum_j (x_i - x_j) = b_i,     r = D dt / dx^2,

the sum running over the open neighbours j of the open cell i. The matrix A = I + r L is
symmetric, its off-diagonal entries are negative or zero, and every row sums to 1. It depends
on the geometry alone, so it is factorised when the geometry changes, and both solutes are
solved with the same factor.

**Elimination.** Cells are eliminated one by one, cells with few neighbours first: most of a
pore space is corridors and dead ends, and there this order makes almost no fill. Eliminating
cell v joins its neighbours to each other, as a star of springs is replaced by a mesh. With
a_vu = -A_vu and the excess e_v (what is left of the row sum),

    D_v  = e_v + sum_u a_vu,      l_u = a_vu / D_v,
    e_u  += l_u e_v,              a_uw += D_v l_u l_w.

Nothing is ever subtracted, so every entry of the factor and every x keeps its full relative
accuracy, and no concentration can become negative [1]_.

**Solution.** Each cell passes on what it holds, b_u += l_u b_v, in order of elimination, and
gets back x_v = b_v / D_v + sum_u l_u x_u in the opposite order. The flux form
x_i = b_i - sum_j r (x_i - x_j) ends the step, each face computed once: what leaves a cell
enters the next one, so the total is that of b whatever the rounding of x.

**Change.** When a few voxels open or close, only they, their neighbours, and the cells that
these pass on to need to be eliminated again; all other columns of the factor stay.

References
----------
.. [1] Grassmann, Taksar, Heyman (1985), Regenerative analysis and steady state distributions
   for Markov chains, Operations Research 33, 1107-1116.
"""

from typing import NamedTuple

import numpy as np

from soilnb.kernels.compiler import njit

__all__ = ["Factor", "diffuse", "factorize", "fourier_number", "refactorize"]

#: Neighbours for which a row of the elimination graph has room at first.
_ROOM = 8

#: Memory for all rows, relative to what they need at first; more is found when it is used up.
_POOL = 3

#: A sweep that eliminates less than this share of the cells left raises the number of
#: neighbours up to which cells are eliminated.
_SWEEP_SHARE = 0.05


class Factor(NamedTuple):
    """Factorised diffusion matrix of one geometry.

    Cells have numbers 0 ... n - 1. Most whole numbers are unsigned because that spares the
    kernels the test for negative indices.

    Attributes
    ----------
    open_cells : array of bool [y, x]
        The geometry.
    number : array of int32 [y, x]
        Number of each cell, -1 for voxels that have none. A voxel that has closed since
        `factorize` keeps its number and stands alone.
    cells : array of uint32 [n]
        Flat index of each cell.
    order : array of uint32 [n]
        Cells in order of elimination.
    start : array of uint64 [n + 1]
        Where the column of the k-th eliminated cell begins in `rows` and `share`.
    rows : array of uint32
        Cells to which an eliminated cell passes on what it holds.
    share : array of float64
        Share l_u that goes to each of them, dimensionless.
    pivot : array of float64 [n]
        1 / D of the k-th eliminated cell, dimensionless.
    excess : array of float64 [n]
        e of the k-th eliminated cell, dimensionless.
    face_from, face_to : array of uint32
        The two cells of every open face.
    """

    open_cells: np.ndarray
    number: np.ndarray
    cells: np.ndarray
    order: np.ndarray
    start: np.ndarray
    rows: np.ndarray
    share: np.ndarray
    pivot: np.ndarray
    excess: np.ndarray
    face_from: np.ndarray
    face_to: np.ndarray


def fourier_number(diffusivity, dt, dx):
    """Return r = D dt / dx^2, dimensionless, for D in cm2 s-1, dt in s and dx in cm."""
    return diffusivity * dt / dx**2


@njit(cache=True, error_model="numpy")
def _number_cells(open_cells):
    """Return the numbers of the open cells, in scan order, and their flat indices."""
    ny, nx = open_cells.shape
    number = np.full((ny, nx), -1, np.int32)
    cells = np.empty(ny * nx, np.uint32)
    n = 0
    for y in range(ny):
        for x in range(nx):
            if open_cells[y, x]:
                number[y, x] = n
                cells[n] = y * nx + x
                n += 1
    return number, cells[:n]


@njit(cache=True, error_model="numpy")
def _open_faces(open_cells, number):
    """Return the numbers of the two cells of every open face.

    On a torus two cells wide a cell has two faces with the same neighbour, on one that is one
    cell wide it has none with itself.
    """
    ny, nx = open_cells.shape
    face_from = np.empty(2 * ny * nx, np.uint32)
    face_to = np.empty(2 * ny * nx, np.uint32)
    faces = 0
    for y in range(ny):
        for x in range(nx):
            if not open_cells[y, x]:
                continue
            right = y, (x + 1 if x + 1 < nx else 0)
            down = (y + 1 if y + 1 < ny else 0), x
            for j in (right, down):
                if open_cells[j] and number[j] != number[y, x]:
                    face_from[faces] = number[y, x]
                    face_to[faces] = number[j]
                    faces += 1
    return face_from[:faces].copy(), face_to[:faces].copy()


# Elimination --------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _add_to_row(w, amount, first, length, index, weight):
    """Add to the weight of cell w in the row that begins at `first`; return the row's length."""
    at = first
    while at < first + length and index[at] != w:
        at += 1
    if at == first + length:
        index[at] = w
        weight[at] = 0.0
        length += 1
    weight[at] += amount
    return length


@njit(cache=True, error_model="numpy")
def _longer(array, size):
    """Return a copy of `array` with room for `size` entries."""
    longer = np.empty(size, array.dtype)
    longer[: array.size] = array
    return longer


@njit(cache=True, error_model="numpy")
def _pass_on(u, v, a, degree, share, first, length, index, weight, row, row_weight, place, seen):
    """Eliminate cell v from the row of its neighbour u; return the new length of that row.

    `row[1:degree + 1]` are the neighbours of v, u at place `a`; `place[w]` is the place of w in
    it, and 0 for all other cells, where `row_weight` is 0. Written without branches.
    """
    kept = first
    for at in range(first, first + length):
        w = index[at]
        b = place[w]
        index[kept] = w
        weight[kept] = weight[at] + share * row_weight[b]
        seen[b] = u
        kept += w != v
    seen[a] = u
    for b in range(1, degree + 1):
        index[kept] = row[b]
        weight[kept] = share * row_weight[b]
        kept += seen[b] != u
    return kept - first


@njit(cache=True, error_model="numpy")
def _eliminate(first, length, room, index, weight, excess):
    """Eliminate all cells of a graph, in sweeps over those with few neighbours left.

    The row of cell u is ``index[first[u]:first[u] + length[u]]`` with the conductances `weight`,
    and has room for ``room[u]`` entries; one that outgrows it moves to the end of a longer pool.
    `excess` [n] is overwritten with the excess of each cell when it is eliminated.

    Returns
    -------
    order, start, rows, share, pivot
        As in `Factor`.
    """
    n = first.size
    end = index.size
    index = _longer(index, _POOL * index.size + 1)
    weight = _longer(weight, _POOL * weight.size + 1)
    order = np.empty(n, np.uint32)
    pivot = np.empty(n)
    start = np.empty(n + 1, np.uint64)
    rows = np.empty(5 * n, np.uint32)
    shares = np.empty(5 * n)
    filled = 0

    row = np.empty(n + 1, np.int32)
    row_weight = np.zeros(n + 1)
    place = np.zeros(n, np.int32)
    seen = np.empty(n + 1, np.int32)
    left = np.arange(n).astype(np.int32)
    remaining = n
    highest = 1
    k = 0
    while remaining > 0:
        kept = 0
        for q in range(remaining):
            v = left[q]
            degree = length[v]
            if degree > highest:
                left[kept] = v
                kept += 1
                continue
            diagonal = excess[v]
            for a in range(1, degree + 1):
                row[a] = index[first[v] + a - 1]
                row_weight[a] = weight[first[v] + a - 1]
                diagonal += row_weight[a]
                place[row[a]] = a
                seen[a] = -1
            if filled + degree > rows.size:
                rows = _longer(rows, 2 * rows.size + degree)
                shares = _longer(shares, 2 * shares.size + degree)
            order[k] = v
            start[k] = filled
            pivot[k] = 1.0 / diagonal
            k += 1
            for a in range(1, degree + 1):
                u = row[a]
                share = row_weight[a] / diagonal
                rows[filled] = u
                shares[filled] = share
                filled += 1
                excess[u] += share * excess[v]
                if length[u] + degree > room[u]:
                    size = 3 * (length[u] + degree) // 2
                    if end + size > index.size:
                        index = _longer(index, 2 * index.size + size)
                        weight = _longer(weight, 2 * weight.size + size)
                    for b in range(length[u]):
                        index[end + b] = index[first[u] + b]
                        weight[end + b] = weight[first[u] + b]
                    first[u] = end
                    room[u] = size
                    end += size
                length[u] = _pass_on(
                    u, v, a, degree, share, first[u], length[u],
                    index, weight, row, row_weight, place, seen,
                )  # fmt: skip
            for a in range(1, degree + 1):
                place[row[a]] = 0
        if remaining - kept < _SWEEP_SHARE * remaining:
            highest += 1
        remaining = kept
    start[n] = filled
    return order, start, rows[:filled], shares[:filled], pivot


@njit(cache=True, error_model="numpy")
def factorize(open_cells, r):
    """Factorise the diffusion matrix of one geometry.

    Parameters
    ----------
    open_cells : array of bool [y, x]
        True where solutes can be: pore cells, with or without microbes.
    r : float
        Fourier number D dt / dx^2, dimensionless.

    Returns
    -------
    Factor
    """
    number, cells = _number_cells(open_cells)
    face_from, face_to = _open_faces(open_cells, number)
    n = cells.size
    first = np.arange(n) * _ROOM
    length = np.zeros(n, np.int32)
    room = np.full(n, _ROOM, np.int32)
    index = np.empty(_ROOM * n, np.int32)
    weight = np.empty(_ROOM * n)
    for f in range(face_from.size):
        i, j = face_from[f], face_to[f]
        length[i] = _add_to_row(j, r, first[i], length[i], index, weight)
        length[j] = _add_to_row(i, r, first[j], length[j], index, weight)
    excess = np.ones(n)
    order, start, rows, share, pivot = _eliminate(first, length, room, index, weight, excess)
    return Factor(
        open_cells.copy(), number, cells.copy(), order, start, rows.copy(), share.copy(), pivot,
        excess[order], face_from, face_to,
    )  # fmt: skip


# Change of geometry -------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _affected(factor, open_cells, number, n):
    """Mark the cells (of `n`) that a change of geometry makes it necessary to eliminate again."""
    ny, nx = open_cells.shape
    affected = np.zeros(n, np.bool_)
    for y in range(ny):
        for x in range(nx):
            if open_cells[y, x] != factor.open_cells[y, x]:
                affected[number[y, x]] = True
                for j in (
                    (y - 1 if y > 0 else ny - 1, x),
                    (y + 1 if y + 1 < ny else 0, x),
                    (y, x - 1 if x > 0 else nx - 1),
                    (y, x + 1 if x + 1 < nx else 0),
                ):
                    if number[j] >= 0:
                        affected[number[j]] = True
    for k in range(factor.order.size):
        if affected[factor.order[k]]:
            for at in range(factor.start[k], factor.start[k + 1]):
                affected[factor.rows[at]] = True
    return affected


@njit(cache=True, error_model="numpy")
def _number_more(factor, open_cells):
    """Give numbers to the voxels that have opened; return all numbers and flat indices."""
    number = factor.number.copy()
    n = factor.cells.size
    cells = np.empty(number.size, np.uint32)
    cells[:n] = factor.cells
    for p in range(number.size):
        if open_cells.ravel()[p] and number.ravel()[p] < 0:
            number.ravel()[p] = n
            cells[n] = p
            n += 1
    return number, cells[:n].copy()


@njit(cache=True, error_model="numpy")
def _graph_of_rest(factor, local, members, face_from, face_to, r):
    """Return the elimination graph of some cells after all others have been eliminated.

    `local` [n] is the place of a cell in `members`, or -1. What an eliminated cell v has left
    behind among its neighbours u, w is read back from its column: D_v l_u l_w and l_u e_v.
    """
    m = members.size
    most = np.zeros(m, np.int64)  # entries that a row can get
    for f in range(face_from.size):
        i, j = local[face_from[f]], local[face_to[f]]
        if i >= 0 and j >= 0:
            most[i] += 1
            most[j] += 1
    met = np.empty(m, np.int32)
    for k in range(factor.order.size):
        if local[factor.order[k]] < 0:
            found = 0
            for at in range(factor.start[k], factor.start[k + 1]):
                if local[factor.rows[at]] >= 0:
                    met[found] = local[factor.rows[at]]
                    found += 1
            for a in range(found):
                most[met[a]] += found - 1

    room = np.minimum(most, m).astype(np.int32)
    first = np.cumsum(room) - room
    length = np.zeros(m, np.int32)
    index = np.empty(room.sum(), np.int32)
    weight = np.empty(room.sum())
    excess = np.ones(m)
    for f in range(face_from.size):
        i, j = local[face_from[f]], local[face_to[f]]
        if i >= 0 and j >= 0:
            length[i] = _add_to_row(j, r, first[i], length[i], index, weight)
            length[j] = _add_to_row(i, r, first[j], length[j], index, weight)
    for k in range(factor.order.size):
        if local[factor.order[k]] >= 0:
            continue
        for at in range(factor.start[k], factor.start[k + 1]):
            i = local[factor.rows[at]]
            if i < 0:
                continue
            excess[i] += factor.share[at] * factor.excess[k]
            for other in range(factor.start[k], factor.start[k + 1]):
                j = local[factor.rows[other]]
                if j >= 0 and j != i:
                    amount = factor.share[at] * factor.share[other] / factor.pivot[k]
                    length[i] = _add_to_row(j, amount, first[i], length[i], index, weight)
    return first, length, room, index, weight, excess


@njit(cache=True, error_model="numpy")
def refactorize(factor, open_cells, r):
    """Return the factor of a geometry that differs in a few voxels from that of `factor`.

    Parameters
    ----------
    factor : Factor
        From `factorize` or `refactorize`, with the same `r`.
    open_cells : array of bool [y, x]
        The new geometry.
    r : float
        Fourier number D dt / dx^2, dimensionless.
    """
    number, cells = _number_more(factor, open_cells)
    face_from, face_to = _open_faces(open_cells, number)
    n = cells.size
    affected = _affected(factor, open_cells, number, n)
    members = np.flatnonzero(affected)
    local = np.full(n, -1, np.int32)
    for i in range(members.size):
        local[members[i]] = i
    first, length, room, index, weight, excess = _graph_of_rest(
        factor, local, members, face_from, face_to, r
    )
    again, begin, among, again_share, again_pivot = _eliminate(
        first, length, room, index, weight, excess
    )

    order = np.empty(n, np.uint32)
    start = np.empty(n + 1, np.uint64)
    rows = np.empty(factor.rows.size + among.size, np.uint32)
    share = np.empty(rows.size)
    pivot = np.empty(n)
    kept_excess = np.empty(n)
    filled = 0
    count = 0
    for k in range(factor.order.size):
        if affected[factor.order[k]]:
            continue
        order[count] = factor.order[k]
        start[count] = filled
        pivot[count] = factor.pivot[k]
        kept_excess[count] = factor.excess[k]
        count += 1
        for at in range(factor.start[k], factor.start[k + 1]):
            rows[filled] = factor.rows[at]
            share[filled] = factor.share[at]
            filled += 1
    for k in range(again.size):
        order[count] = members[again[k]]
        start[count] = filled
        pivot[count] = again_pivot[k]
        kept_excess[count] = excess[again[k]]
        count += 1
        for at in range(begin[k], begin[k + 1]):
            rows[filled] = members[among[at]]
            share[filled] = again_share[at]
            filled += 1
    start[n] = filled
    return Factor(
        open_cells.copy(), number, cells, order, start, rows[:filled].copy(),
        share[:filled].copy(), pivot, kept_excess, face_from, face_to,
    )  # fmt: skip


# One step -----------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _solve(order, start, rows, share, pivot, x):
    """Solve A x = b for both solutes; `x` [n, 2] holds b and becomes the solution."""
    for k in range(order.size):
        v = order[k]
        carbon, nitrogen = x[v, 0], x[v, 1]
        for at in range(start[k], start[k + 1]):
            u = rows[at]
            x[u, 0] += share[at] * carbon
            x[u, 1] += share[at] * nitrogen
    for k in range(order.size - 1, -1, -1):
        v = order[k]
        carbon, nitrogen = pivot[k] * x[v, 0], pivot[k] * x[v, 1]
        for at in range(start[k], start[k + 1]):
            u = rows[at]
            carbon += share[at] * x[u, 0]
            nitrogen += share[at] * x[u, 1]
        x[v, 0], x[v, 1] = carbon, nitrogen


@njit(cache=True, error_model="numpy")
def _exchange(face_from, face_to, r, x, b):
    """Move the fluxes r (x_i - x_j) of all faces in `b` [n, 2], in place."""
    for f in range(face_from.size):
        i, j = face_from[f], face_to[f]
        carbon = r * (x[i, 0] - x[j, 0])
        nitrogen = r * (x[i, 1] - x[j, 1])
        b[i, 0] -= carbon
        b[j, 0] += carbon
        b[i, 1] -= nitrogen
        b[j, 1] += nitrogen


@njit(cache=True, error_model="numpy")
def diffuse(c_s, n_s, factor, r, work):
    """Advance both solutes by one implicit step, in place.

    Parameters
    ----------
    c_s, n_s : array of float64 [y, x]
        Dissolved carbon and nitrogen in g cm-3; only open cells change.
    factor : Factor
        From `factorize` or `refactorize`, of the present geometry and the same `r`.
    r : float
        Fourier number D dt / dx^2, dimensionless.
    work : array of float64 [2, >= number of voxels, 2]
        Memory of the caller.
    """
    n = factor.cells.size
    carbon, nitrogen = c_s.ravel(), n_s.ravel()
    b, x = work[0, :n], work[1, :n]
    for i in range(n):
        cell = factor.cells[i]
        b[i, 0] = x[i, 0] = carbon[cell]
        b[i, 1] = x[i, 1] = nitrogen[cell]
    _solve(factor.order, factor.start, factor.rows, factor.share, factor.pivot, x)
    _exchange(factor.face_from, factor.face_to, r, x, b)
    for i in range(n):
        cell = factor.cells[i]
        carbon[cell] = b[i, 0]
        nitrogen[cell] = b[i, 1]
