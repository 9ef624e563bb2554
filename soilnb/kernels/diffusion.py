r"""Implicit diffusion of dissolved carbon and nitrogen on a masked torus.

Finite volumes on square cells, periodic, no flux through a face that is not open on both
sides. One implicit Euler step of length dt solves

    x_i + r sum_j (x_i - x_j) = b_i,     r = D dt / dx^2,

the sum running over the open neighbours j of the open cell i. The matrix A = I + r L is
symmetric, its off-diagonal entries are negative or zero, and every row sums to 1. It depends
on the geometry alone, so it is factorised when the geometry changes, and both solutes are
solved with the same factor.

**Elimination.** Cells are eliminated one by one. Eliminating cell v joins its neighbours to
each other, as a star of springs is replaced by a mesh. With a_vu = -A_vu and the excess e_v
(what is left of the row sum),

    D_v  = e_v + sum_u a_vu,      l_u = a_vu / D_v,
    e_u  += l_u e_v,              a_uw += D_v l_u l_w.

Nothing is ever subtracted, so every entry of the factor and every x keeps its full relative
accuracy, and no concentration can become negative [1]_.

**Order.** Cells with few neighbours left go first: most of a pore space is corridors and dead
ends, and there this order makes almost no fill. It is found before there are any numbers. A face
is an element of two cells; eliminating a cell merges the elements that it belongs to into one,
which holds all its neighbours. A cell is never in more elements than it has faces, so the whole
graph fits in four places a cell, however dense it becomes [2]_. The number of neighbours is
bounded by what the elements of a cell hold outside the newest one [3]_; a cell whose every
element lies within the newest goes at once, with the same neighbours.

**Columns.** Of the orders that make the same fill, that one is taken in which cells that no other
waits for come first, those with equally many neighbours side by side: a processor foresees the
length of a column from that of the last. Cells are numbered in it, and the columns of the factor
are filled from the first to the last: column k gathers what the cells before it that have k among
their neighbours have left between k and the cells after it.

**Solution.** Each cell passes on what it holds, b_u += l_u b_v, in order of elimination, and
gets back x_v = b_v / D_v + sum_u l_u x_u in the opposite order. The flux form
x_i = b_i + sum_j r (x_j - x_i) ends the step: what leaves a cell enters the next one, so the
total is that of b whatever the rounding of x.

**Change.** A voxel that closes stays in the order without neighbours, one that opens comes last.
Only they, their neighbours, and the cells that these pass on to get new columns.

References
----------
.. [1] Grassmann, Taksar, Heyman (1985), Regenerative analysis and steady state distributions
   for Markov chains, Operations Research 33, 1107-1116.
.. [2] George, Liu (1989), The evolution of the minimum degree ordering algorithm, SIAM Review
   31, 1-19.
.. [3] Amestoy, Davis, Duff (1996), An approximate minimum degree ordering algorithm, SIAM
   Journal on Matrix Analysis and Applications 17, 886-905.
"""

from typing import NamedTuple

import numpy as np

from soilnb.kernels.compiler import njit

#: A sweep that eliminates less than this share of the cells left raises the number of
#: neighbours up to which cells are eliminated.
_SWEEP_SHARE = 0.1


#: Dissolved carbon and nitrogen of a cell, in g cm-3.
SOLUTES = np.dtype([("carbon", np.float64), ("nitrogen", np.float64)])

# The inner functions run thousands of times a day on arrays that the caller holds; they do
# without numba's counting of references to them. They cannot be called from Python, which takes
# as long to compile as they do.
_inner = njit(error_model="numpy", _nrt=False, no_cpython_wrapper=True)

# What is done to both solutes alike is done to both at once.
_both = njit(error_model="numpy", _nrt=False, no_cpython_wrapper=True, pairs=True)


class Factor(NamedTuple):
    """Factorised diffusion matrix of one geometry.

    Cells have numbers 0 ... n - 1 in order of elimination. Most whole numbers are unsigned
    because that spares the kernels the test for negative indices.
    """

    open_cells: np.ndarray  #: [y, x]: the geometry.
    #: array of int32 [y, x]: number of each cell, -1 for voxels that have none. A voxel that has
    #: closed since `factorize` keeps its number and stands alone.
    number: np.ndarray
    cells: np.ndarray  #: array of uint32 [n]: flat index of each cell.
    #: array of uint32 [n, 4]: number of the cell across each face: up, right, down, left; its own
    #: where that is closed.
    neighbour: np.ndarray
    #: array of uint32 [n + 1]: where the column of each cell begins in `rows` and `share`.
    start: np.ndarray
    rows: np.ndarray  #: Cells to which an eliminated cell passes on what it holds, the last first.
    share: np.ndarray  #: Share l_u that goes to each of them, dimensionless.
    pivot: np.ndarray  #: array of float64 [n]: 1 / D of each cell, dimensionless.
    #: array of float64 [n]: e of each cell when it is eliminated, dimensionless.
    excess: np.ndarray


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
    return number, cells[:n].copy()


@njit(cache=True, error_model="numpy")
def _neighbours(number, cells):
    """Return the numbers of the four neighbours of every cell, its own for one that is closed.

    Closed voxels have the `number` -1, those among `cells` as well. On a torus two cells wide a
    cell has the same neighbour twice, on one that is one cell wide it is its own.
    """
    ny, nx = number.shape
    number = number.ravel()
    neighbour = np.empty((cells.size, 4), np.uint32)
    for k in range(cells.size):
        p = int(cells[k])
        y = p // nx
        x = p - y * nx
        sides = (
            p - nx if y > 0 else p + (ny - 1) * nx,
            p + 1 if x + 1 < nx else p - (nx - 1),
            p + nx if y + 1 < ny else p - (ny - 1) * nx,
            p - 1 if x > 0 else p + (nx - 1),
        )
        for s in range(4):
            j = number[sides[s]]
            neighbour[k, s] = j if min(j, number[p]) >= 0 else k
    return neighbour


@njit(cache=True, error_model="numpy")
def _longer(array, size):
    """Return a copy of `array` with room for `size` entries."""
    longer = np.empty(size, array.dtype)
    for k in range(array.size):  # a slice would compile a message about shapes, for two seconds
        longer[k] = array[k]
    return longer


# Order --------------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _face_elements(neighbour):
    """Return every face as an element of two cells; element 0 is none and holds nothing.

    `slot` [n, 4], the elements of each cell, followed by zeros; `degree` [n], how many they are;
    and `member`: element f has the cells ``member[2 * f : 2 * f + 2]``.
    """
    n = neighbour.shape[0]
    slot = np.zeros((n, 4), np.uint32)
    degree = np.zeros(n, np.int32)
    member = np.empty(4 * n + 2, np.uint32)
    faces = 1
    for i in range(n):
        for s in range(1, 3):  # right and down, so that each face comes once
            j = neighbour[i, s]
            if j != i:
                member[2 * faces] = i
                member[2 * faces + 1] = j
                slot[i, degree[i]] = faces
                slot[j, degree[j]] = faces
                degree[i] += 1
                degree[j] += 1
                faces += 1
    return slot, degree, member[: 2 * faces]


@_inner
def _merge_elements(p, slot, first, size, member, end, met):
    """List the cells that share an element with p at ``member[end:]``; return the new end.

    Cell p leaves its elements, so that they lie within the new one.
    """
    met[p] = p
    for s in range(4):
        e = slot[p, s]
        if e == 0:
            break
        for at in range(first[e], first[e] + size[e]):
            i = member[at]
            member[end] = i
            end += met[i] != p
            met[i] = p
        size[e] -= 1
    return end


@_inner
def _count_outside(begin, end, member, slot, size, seen, outside):
    """Count, from `seen` on, the cells outside ``member[begin:end]`` of all elements met there."""
    for at in range(begin, end):
        i = member[at]
        for s in range(4):
            e = slot[i, s]
            outside[e] = max(outside[e], seen + size[e] if outside[e] < seen else outside[e]) - 1


@_inner
def _enter_element(i, new, others, slot, degree, seen, outside):
    """Put cell i into element `new`, which has `others` cells besides.

    Elements without a cell outside the new one are left. Returns whether all were.
    """
    kept = 0
    bound = others
    for s in range(4):
        e = slot[i, s]
        beyond = max(outside[e] - seen, 0)
        slot[i, s] = 0
        slot[i, kept] = e
        kept += beyond > 0
        bound += beyond
    if kept == 0:
        return True
    slot[i, kept] = new
    degree[i] = min(degree[i] + others, bound)
    return False


@njit(cache=True, error_model="numpy")
def _order(neighbour):
    """Order the cells for elimination, in sweeps over those with few neighbours left.

    Returns the cells [n]; `begin` and `stop` [n] with `member`: the neighbours of the k-th cell
    when it is eliminated are ``member[begin[k]:stop[k]]``; cells eliminated together share their
    memory.
    """
    slot, degree, member = _face_elements(neighbour)
    n, faces = slot.shape[0], member.size // 2
    first = np.zeros(faces + n, np.uint32)
    size = np.zeros(faces + n, np.int32)
    for e in range(1, faces):
        first[e] = 2 * e
        size[e] = 2
    end = member.size
    member = _longer(member, end + 8 * n + 16)
    order = np.empty(n, np.uint32)
    begin = np.empty(n, np.uint32)
    stop = np.empty(n, np.uint32)
    outside = np.zeros(faces + n, np.int64)
    met = np.full(n, n, np.uint32)
    gone = np.zeros(n, np.bool_)
    left = np.arange(n).astype(np.uint32)
    remaining = n
    highest = 1
    widest = 2
    seen = 1
    k = 0
    while remaining > 0:
        kept = 0
        for q in range(remaining):
            p = left[q]
            if degree[p] > highest or gone[p]:
                left[kept] = p
                kept += not gone[p]
                continue
            if end + 4 * widest > member.size:
                member = _longer(member, 2 * member.size)
            here = end
            end = _merge_elements(p, slot, first, size, member, end, met)
            width = end - here
            _count_outside(here, end, member, slot, size, seen, outside)
            order[k] = p
            begin[k] = here
            together = 1
            new = faces + p
            for at in range(here, end):
                i = member[at]
                if _enter_element(i, new, width - 1, slot, degree, seen, outside):
                    gone[i] = True
                    order[k + together] = i
                    member[at] = member[here + together - 1]
                    member[here + together - 1] = i
                    begin[k + together] = here + together
                    together += 1
            first[new] = here + together - 1
            size[new] = width - together + 1
            for at in range(first[new], end):
                degree[member[at]] -= together - 1
            for c in range(k, k + together):
                stop[c] = end
            k += together
            widest = max(widest, width)
            seen += widest + 2
        if remaining - kept < _SWEEP_SHARE * remaining:
            highest += 1
        remaining = kept
    return order, begin, stop, member


@njit(cache=True, error_model="numpy")
def _by_level(order, begin, stop, member):
    """Return the places in `order` by level and, within a level, by the number of neighbours.

    The level of a cell is above that of every cell that passes on to it.
    """
    n = order.size
    level = np.zeros(n, np.int64)
    levels, widths = 1, 1
    for k in range(n):
        above = level[order[k]] + 1
        levels, widths = max(levels, above), max(widths, stop[k] - begin[k] + 1)
        for at in range(begin[k], stop[k]):
            level[member[at]] = max(level[member[at]], above)
    kind = np.empty(n, np.int64)
    end = np.zeros(levels * widths + 1, np.int64)
    for k in range(n):
        kind[k] = widths * level[order[k]] + stop[k] - begin[k]
        end[kind[k] + 1] += 1
    for i in range(1, end.size):
        end[i] += end[i - 1]
    places = np.empty(n, np.int64)
    for k in range(n):
        places[end[kind[k]]] = k
        end[kind[k]] += 1
    return places


# Columns ------------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _by_row(start, rows):
    """Sort the rows of every column, the last first, and list the entries of every row.

    Those of a row begin at `head` [n + 1] in `column` (ascending) and in their `place` in `rows`.
    """
    n = start.size - 1
    head = np.zeros(n + 1, np.uint32)
    for at in range(rows.size):
        head[rows[at] + 1] += 1
    for k in range(n):
        head[k + 1] += head[k]
    column = np.empty(rows.size, np.uint32)
    place = np.empty(rows.size, np.uint32)
    here = head[:n].copy()
    for k in range(n):
        for at in range(start[k], start[k + 1]):
            u = rows[at]
            column[here[u]] = k
            here[u] += 1
    here = start[:n].copy()
    for u in range(n - 1, -1, -1):
        for entry in range(head[u], head[u + 1]):
            k = column[entry]
            rows[here[k]] = u
            place[entry] = here[k]
            here[k] += 1
    return head, column, place


@njit(cache=True, error_model="numpy")
def _eliminate(neighbour, start, rows, r, again, share, pivot, excess):
    """Fill the columns of the cells marked in `again`; the others are taken as they are."""
    head, column, place = _by_row(start, rows)
    n = neighbour.shape[0]
    conductance = np.zeros(n)
    diagonal = 1.0 / pivot
    for k in range(n):
        if not again[k]:
            continue
        for s in range(4):
            conductance[neighbour[k, s]] += r  # read for later cells only
        own = 1.0
        for entry in range(head[k], head[k + 1]):
            j, at = column[entry], place[entry]
            own += share[at] * excess[j]
            left_behind = share[at] * diagonal[j]
            for other in range(start[j], at):
                conductance[rows[other]] += left_behind * share[other]
        total = own
        for at in range(start[k], start[k + 1]):
            total += conductance[rows[at]]
        excess[k] = own
        diagonal[k] = total
        pivot[k] = 1.0 / total
        for at in range(start[k], start[k + 1]):
            share[at] = pivot[k] * conductance[rows[at]]
            conductance[rows[at]] = 0.0


@njit(cache=True, error_model="numpy")
def _columns(order, begin, stop, member, number, cells):
    """Return `start` and `rows` of the columns; write the numbers of the `cells`, now in order."""
    n = order.size
    flat = number.ravel()
    position = np.empty(n, np.uint32)
    start = np.zeros(n + 1, np.uint32)
    for k in range(n):
        position[order[k]] = k
        flat[cells[k]] = k
        start[k + 1] = start[k] + stop[k] - begin[k]
    rows = np.empty(start[n], np.uint32)
    for k in range(n):
        for at in range(stop[k] - begin[k]):
            rows[start[k] + at] = position[member[begin[k] + at]]
    return start, rows


# The next two are no kernels: what they call would be compiled twice.
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
    order, begin, stop, member = _order(_neighbours(number, cells))
    places = _by_level(order, begin, stop, member)
    order, begin, stop = order[places], begin[places], stop[places]
    cells = cells[order]
    start, rows = _columns(order, begin, stop, member, number, cells)
    neighbour = _neighbours(number, cells)
    n = cells.size
    share, pivot, excess = np.empty(rows.size), np.ones(n), np.ones(n)
    _eliminate(neighbour, start, rows, r, np.ones(n, np.bool_), share, pivot, excess)
    return Factor(
        open_cells.copy(), number, cells, neighbour, start, rows, share, pivot, excess
    )  # fmt: skip


# Change of geometry -------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _number_more(factor, open_cells):
    """Give numbers to the voxels that have opened; return all numbers and flat indices."""
    number = factor.number.copy()
    n = factor.cells.size
    cells = _longer(factor.cells, number.size)
    flat, is_open = number.ravel(), open_cells.ravel()
    for p in range(flat.size):
        if is_open[p] and flat[p] < 0:
            flat[p] = n
            cells[n] = p
            n += 1
    return number, cells[:n].copy()


@njit(cache=True, error_model="numpy")
def _changed(factor, neighbour):
    """Mark the cells that have got another neighbour, or that are new."""
    n = neighbour.shape[0]
    changed = np.ones(n, np.bool_)
    for k in range(factor.cells.size):
        changed[k] = False
        for s in range(4):
            changed[k] |= neighbour[k, s] != factor.neighbour[k, s]
    return changed


@_inner
def _add_rows(k, source, begin, stop, rows, end, met):
    """Append those of ``source[begin:stop]`` that column k lacks; return the new end."""
    for at in range(begin, stop):
        u = source[at]
        rows[end] = u
        end += met[u] != k
        met[u] = k
    return end


@njit(cache=True, error_model="numpy")
def _more_rows(factor, neighbour, again):
    """Return the columns of a changed geometry, as `start` and `rows`.

    The columns marked in `again` get the rows of new neighbours, and those of changed columns
    that pass on to them first. All that a changed column passes on to are marked as well.
    """
    n, before = neighbour.shape[0], factor.cells.size
    start = np.zeros(n + 1, np.uint32)
    rows = np.empty(factor.rows.size + n, np.uint32)
    met = np.full(n, n, np.uint32)
    heirs = np.full((2, n), -1, np.int64)  # changed columns that pass on to a cell first: a list
    end = 0
    for k in range(n):
        if end + n > rows.size:
            rows = _longer(rows, rows.size + rows.size // 2 + n)
        met[k] = k
        if k < before:
            end = _add_rows(k, factor.rows, factor.start[k], factor.start[k + 1], rows, end, met)
        if again[k]:
            for s in range(4):
                if neighbour[k, s] > k:
                    end = _add_rows(k, neighbour[k], s, s + 1, rows, end, met)
            j = heirs[0, k]
            while j >= 0:
                end = _add_rows(k, rows, start[j], start[j + 1], rows, end, met)
                j = heirs[1, j]
            if end > start[k]:
                u = rows[start[k] : end].min()
                again[u] = True
                heirs[1, k] = heirs[0, u]
                heirs[0, u] = k
        start[k + 1] = end
    return start, rows[:end].copy()


@njit(cache=True, error_model="numpy")
def _keep_shares(factor, start, again, share):
    """Copy the shares of all columns but those marked in `again`."""
    for k in range(factor.cells.size):
        if not again[k]:
            for at in range(start[k + 1] - start[k]):
                share[start[k] + at] = factor.share[factor.start[k] + at]


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
    neighbour = _neighbours(np.where(open_cells, number, np.int32(-1)), cells)
    again = _changed(factor, neighbour)
    start, rows = _more_rows(factor, neighbour, again)
    n, before = cells.size, factor.cells.size
    pivot, excess = np.ones(n), np.ones(n)
    pivot[:before], excess[:before] = factor.pivot, factor.excess
    share = np.empty(rows.size)
    _keep_shares(factor, start, again, share)
    _eliminate(neighbour, start, rows, r, again, share, pivot, excess)
    return Factor(
        open_cells.copy(), number, cells, neighbour, start, rows, share, pivot, excess
    )  # fmt: skip


# One step -----------------------------------------------------------------------------------


@_both
def _pass_on(start, rows, share, x):
    """Let every cell pass on its shares of both solutes, in order of elimination."""
    for k in range(start.size - 1):
        carbon, nitrogen = x[k]["carbon"], x[k]["nitrogen"]
        for at in range(start[k], start[k + 1]):
            heir, part = x[rows[at]], share[at]
            heir["carbon"] += part * carbon
            heir["nitrogen"] += part * nitrogen


@_both
def _get_back(start, rows, share, pivot, x):
    """Let every cell get back what its neighbours have, in the opposite order: now A x = b."""
    for k in range(pivot.size - 1, -1, -1):
        carbon, nitrogen = pivot[k] * x[k]["carbon"], pivot[k] * x[k]["nitrogen"]
        for at in range(start[k], start[k + 1]):
            heir, part = x[rows[at]], share[at]
            carbon += part * heir["carbon"]
            nitrogen += part * heir["nitrogen"]
        x[k]["carbon"], x[k]["nitrogen"] = carbon, nitrogen


@_both
def _exchange(neighbour, r, x, solution):
    """Move the fluxes r (x_j - x_i) in `solution`."""
    for k in range(neighbour.shape[0]):
        mine = x[k]
        carbon, nitrogen = 0.0, 0.0
        for s in range(4):
            theirs = x[neighbour[k, s]]
            carbon += theirs["carbon"] - mine["carbon"]
            nitrogen += theirs["nitrogen"] - mine["nitrogen"]
        solution[k]["carbon"] += r * carbon
        solution[k]["nitrogen"] += r * nitrogen


@_inner
def _leach(share, solution, copy):
    """Leach a share of the nitrogen of `solution`, and copy what is left; return how much."""
    total, kept = 0.0, 1.0 - share
    for k in range(solution.size):
        total += solution[k]["nitrogen"]
        solution[k]["nitrogen"] *= kept
        copy[k]["carbon"], copy[k]["nitrogen"] = solution[k]["carbon"], solution[k]["nitrogen"]
    return share * total


@njit(cache=True, error_model="numpy")
def advance(factor, r, leached, solution, work):
    """Leach nitrogen and advance both solutes by one implicit step; return how much is leached.

    Parameters
    ----------
    factor : Factor
        From `factorize` or `refactorize`, of the present geometry and the same `r`.
    r : float
        Fourier number D dt / dx^2, dimensionless.
    leached : float
        Share of the nitrogen that is leached, dimensionless.
    solution : array of SOLUTES [n]
        Both solutes of the cells, from `gather`; changed in place.
    work : array of SOLUTES [>= n]
        Memory of the caller.

    Returns
    -------
    float
        Leached nitrogen, as a sum over the cells in g cm-3.
    """
    total = _leach(leached, solution[: factor.cells.size], work)
    _pass_on(factor.start, factor.rows, factor.share, work)
    _get_back(factor.start, factor.rows, factor.share, factor.pivot, work)
    _exchange(factor.neighbour, r, work, solution)
    return total


@njit(cache=True, error_model="numpy")
def gather(factor, c_s, n_s, solution):
    """Copy both solutes of all cells, arrays [y, x], into `solution`, an array of SOLUTES [n]."""
    carbon, nitrogen = c_s.ravel(), n_s.ravel()
    for k in range(factor.cells.size):
        solution[k]["carbon"] = carbon[factor.cells[k]]
        solution[k]["nitrogen"] = nitrogen[factor.cells[k]]


@njit(cache=True, error_model="numpy")
def scatter(factor, solution, c_s, n_s):
    """Copy `solution`, an array of SOLUTES [n], back into both solutes, arrays [y, x]."""
    carbon, nitrogen = c_s.ravel(), n_s.ravel()
    for k in range(factor.cells.size):
        carbon[factor.cells[k]] = solution[k]["carbon"]
        nitrogen[factor.cells[k]] = solution[k]["nitrogen"]


def diffuse(c_s, n_s, factor, r):
    """Advance both solutes by one implicit step, in place.

    Parameters
    ----------
    c_s, n_s : array of float64 [y, x]
        Dissolved carbon and nitrogen in g cm-3; only open cells change.
    factor : Factor
        From `factorize` or `refactorize`, of the present geometry and the same `r`.
    r : float
        Fourier number D dt / dx^2, dimensionless.
    """
    solution, work = np.empty((2, factor.cells.size), SOLUTES)
    gather(factor, c_s, n_s, solution)
    advance(factor, r, 0.0, solution, work)
    scatter(factor, solution, c_s, n_s)
