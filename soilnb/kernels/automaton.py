"""The cellular automaton of soil structure: units that move to where they are held best.

A unit is a mineral particle, an organic particle, or an aggregate (a connected group of at least
two particles). Once a day every unit looks at all places within its range
``|dy| + |dx| <= L``, ``L = min(L_max, ceil(L_0 / sqrt(voxels)))``, and takes the one with the
highest attractivity, ties drawn at random. The attractivity of a place is the sum over the outer
edges of the unit there of

====  ==========================================================================
w_1   two mineral edges meet and both are reactive
w_2   organic matter meets a reactive mineral edge
w_3   organic matter (or biomass, if it binds) meets a gluing spot of a mineral edge
====  ==========================================================================

(the largest that applies). Before that, its bonds may break: with a chance given by the strongest
kind of bond it has where it is, and then it goes to any other free place in its range. Units
move one after another and each sees the moves before it: first the mineral particles in the
order of their numbers, then the organic ones, then the aggregates.

Grids are flat views of arrays ``[y, x]`` on a torus; voxel ``(y, x)`` is ``y * nx + x``. Sides
are numbered up, right, down, left, and the side that faces side ``k`` is ``k ^ 2``. During a day
the four sides of a voxel are four bytes of one integer (``faces``, 0 for an open voxel), so that
a contact is one look-up in a table of 32 x 32 pairs. ``faces`` has a margin in which the voxels
across the border stand once more: a move is one number to add, and nothing is wrapped.
"""

from collections import namedtuple

import numpy as np

from soilnb.kernels.compiler import njit

#: Bits of the byte that describes one side of a voxel; 0 is the side of an open voxel.
MINERAL, REACTIVE, GLUE, ORGANIC, BIOMASS = 1, 2, 4, 8, 16

#: Counts of the three kinds of contact are added up in one integer, 20 bits each.
_ONE_1, _ONE_2, _ONE_3, _MASK = 1, 1 << 20, 1 << 40, (1 << 20) - 1

#: Side of a voxel that bars the way and binds to nothing; the tables of contacts do not see it.
_BARRIER = 32

#: Sides of an open voxel. (A number of its own kind: a plain 0 would be compiled once more.)
_OPEN = np.int32(0)

#: Sides of the voxels that a lifted unit has left: open, and known as its own.
_LIFTED = np.int32(-1)

#: The same byte on all four sides.
_ALL = 0x01010101

#: What a gluing spot faces: open voxels of much carbon, organic particles.
_RICH, _PARTICLE = 1, 2

#: Owner of biomass cells, which nothing may enter.
_LIVING = -1

# The inner functions run thousands of times a day on arrays that the caller holds; leaving out
# numba's counting of references to them makes a day a fifth faster. They cannot be called from
# Python, which takes as long to compile as they do.
_inner = njit(error_model="numpy", _nrt=False, no_cpython_wrapper=True)

#: Columns of the tables of a lifted unit: its voxels, and its outer edges.
_PLACE, _Y, _X, _OWNER, _FACES = range(5)
_ACROSS, _SHIFT, _MINE = range(3)

Workspace = namedtuple(
    "Workspace",
    "shape owner faces stamp label parent offsets steps free cells target unit edges ages matter "
    "vacated",
)
Workspace.__doc__ = """Memory of one day of motion; see `workspace`."""


def workspace(shape, range_max):
    """Return the memory that `move_day` works in, for a domain of `shape` (ny, nx).

    Parameters
    ----------
    shape : tuple of int
        Voxels down and across.
    range_max : int
        Farthest move of a day, in voxels, at most 10.

    Returns
    -------
    Workspace
        ``shape`` (ny, nx and the width of the margin); ``owner``, ``stamp`` (last unit that has
        left), ``label`` and ``parent`` of every voxel; ``faces`` with its margin (four bytes, one
        for each side); ``offsets`` (dy, dx), nearest first, and the ``steps`` that they are in
        ``faces``; ``free``, the steps that a unit may take; ``cells``, the voxels of each unit;
        ``target``, those to which it goes; and what a lifted unit consists of.
    """
    ny, nx = shape
    n = ny * nx
    reach = range(-range_max, range_max + 1)
    offsets = [(abs(dy) + abs(dx), dy, dx) for dy in reach for dx in reach]
    offsets = np.array([o for o in sorted(offsets) if o[0] <= range_max], np.int32)[:, 1:].copy()
    # as wide as the farthest move and one neighbour
    margin = range_max + 1
    wide = nx + 2 * margin
    return Workspace(
        shape=(ny, nx, margin),
        owner=np.zeros(n, np.int32),
        faces=np.zeros((ny + 2 * margin) * wide, np.int32),
        stamp=np.zeros(n, np.int32),
        label=np.zeros(n, np.int32),
        parent=np.zeros(n, np.int32),
        offsets=offsets,
        # Unsigned, so that no index is looked at whether it counts from the end: a quarter of
        # the time of a day. So steps are counted from the upper left corner of the farthest.
        steps=((offsets + range_max) @ [wide, 1]).astype(np.uint32),
        free=np.zeros(len(offsets), np.uint32),
        cells=np.zeros(n, np.uint32),
        target=np.zeros(n, np.uint32),
        unit=np.zeros((n, 5), np.uint32),
        edges=np.zeros((4 * n, 3), np.uint32),
        ages=np.zeros((n, 4), np.int16),
        matter=np.zeros((n, 3)),
        vacated=np.zeros(n, np.int32),
    )


@njit(cache=True, error_model="numpy")
def move_range(voxels, range_max, range_scale):
    """Return how far a unit moves in a day, in voxels: min(L_max, ceil(L_0 / sqrt(voxels)))."""
    reach = 0
    while reach < range_max and reach * reach * voxels < range_scale * range_scale:
        reach += 1
    return reach


@_inner
def _bonds(mine, theirs):
    """Return the kinds of bond between two sides as bits: 1 reactive, 2 organic, 4 glued."""
    if mine & theirs & MINERAL:
        return 1 if mine & theirs & REACTIVE else 0
    mineral = mine if mine & MINERAL else theirs
    other = theirs if mine & MINERAL else mine
    held = 2 if mineral & REACTIVE and other & ORGANIC else 0
    glued = 4 if mineral & GLUE and other & (ORGANIC | BIOMASS) else 0
    return held + glued


@njit(cache=True, error_model="numpy")
def contact_table(weights):
    """Return the kind of contact that counts for every pair of sides, int64 array (1024,).

    Entry ``32 * mine + theirs`` is 1, 2**20 or 2**40 for the first, second or third kind, else 0.

    Parameters
    ----------
    weights : array, shape (3,)
        Attractivity of the three kinds; where two apply the larger counts.
    """
    table = np.empty(1024, np.int64)
    for mine in range(32):
        for theirs in range(32):
            bonds = _bonds(mine, theirs)
            kind = _ONE_1 if bonds & 1 else _ONE_2 if bonds & 2 else 0
            if bonds & 4 and (weights[2] >= weights[1] or not bonds & 2):
                kind = _ONE_3
            if theirs == 31:
                # the side of a voxel that is lifted; no other has all bits
                kind = 0
            table[32 * mine + theirs] = kind
    return table


@_inner
def _read_grids(
    solid, organic, c_b, reactive, glue, n_solid, biomass_binds, shape, owner, stamp, sides, faces
):
    """Write owner and faces of every voxel; organic particles count on from the mineral ones."""
    n = solid.size
    living = BIOMASS if biomass_binds else _BARRIER
    for p in range(n):
        stamp[p] = 0
        free = _LIVING if c_b[p] > 0 else 0
        owner[p] = solid[p] if solid[p] > 0 else n_solid + organic[p] if organic[p] > 0 else free
        what = MINERAL if solid[p] > 0 else ORGANIC if organic[p] > 0 else -free * living
        sides[p] = _ALL * what
    for k in range(4):
        is_reactive, is_glue = reactive[k * n : (k + 1) * n], glue[k * n : (k + 1) * n]
        for p in range(n):
            marks = REACTIVE * (is_reactive[p] > 0) + GLUE * (is_glue[p] > 0)
            sides[p] += (marks if solid[p] > 0 else 0) << 8 * k
    ny, nx, margin = shape
    wide = nx + 2 * margin
    for row in range(ny + 2 * margin):
        p, at = _wrapped(row - margin, ny) * nx, row * wide + margin
        for x in range(nx):
            faces[at + x] = sides[p + x]
        for x in range(margin):
            faces[at + x - margin] = sides[p + x + nx - margin]
            faces[at + x + nx] = sides[p + x]


@_inner
def _write_grids(solid, organic, reactive, glue, n_solid, shape, owner, sides, faces):
    """Write the moved particles and marks back."""
    n = solid.size
    for p in range(n):
        solid[p] = owner[p] if 0 < owner[p] <= n_solid else 0
        organic[p] = owner[p] - n_solid if owner[p] > n_solid else 0
    ny, nx, margin = shape
    for y in range(ny):
        at = (y + margin) * (nx + 2 * margin) + margin
        for x in range(nx):
            sides[y * nx + x] = faces[at + x]
    for k in range(4):
        is_reactive, is_glue = reactive[k * n : (k + 1) * n], glue[k * n : (k + 1) * n]
        for p in range(n):
            is_reactive[p] = (sides[p] >> 8 * k & REACTIVE) > 0
            is_glue[p] = (sides[p] >> 8 * k & GLUE) > 0


@_inner
def _group_cells(group, n_groups, start, cells):
    """List the voxels of each group: ``cells[start[g]:start[g + 1]]`` for g = 1 ... n_groups.

    What is in no group is listed before them as group 0.
    """
    for g in range(n_groups + 2):
        start[g] = 0
    for p in range(group.size):
        start[max(group[p], 0)] += 1
    total = 0
    for g in range(n_groups + 1):
        total += start[g]
        start[g] = total
    start[n_groups + 1] = total
    for p in range(group.size - 1, -1, -1):
        g = max(group[p], 0)
        start[g] -= 1
        cells[start[g]] = p


@_inner
def _root(parent, p):
    while parent[p] != p:
        parent[p] = parent[parent[p]]
        p = parent[p]
    return p


@_inner
def _join(parent, p, q):
    a, b = _root(parent, p), _root(parent, q)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b


@_inner
def _linked(mine, theirs, contacts):
    """Whether a voxel with an owner is connected with its neighbour."""
    return theirs > 0 if contacts else theirs == mine


@njit(cache=True, error_model="numpy")
def label_components(owner, ny, nx, contacts, parent, label):
    """Label the connected groups of voxels with ``owner > 0``; return how many there are.

    Neighbours are the four across the sides, periodic both ways; numbers follow the scan order.

    Parameters
    ----------
    owner : int32 array, shape (ny * nx,)
        Particle in each voxel, 0 or less for none.
    ny, nx : int
        Voxels down and across.
    contacts : bool
        True labels aggregates: every contact connects. False labels particles: only voxels of
        the same owner connect.
    parent, label : int32 arrays, shape (ny * nx,)
        Work memory, and the result: 1, 2, ... in occupied voxels, 0 elsewhere.
    """
    for y in range(ny):
        for x in range(nx):
            p = y * nx + x
            parent[p] = p
            if owner[p] <= 0:
                continue
            left = x > 0 and _linked(owner[p], owner[p - 1], contacts)
            if left:
                parent[p] = _root(parent, p - 1)
            above = y > 0 and _linked(owner[p], owner[p - nx], contacts)
            # where the corner is linked, too, the voxels left and above are joined already
            if above and not (left and _linked(owner[p], owner[p - nx - 1], contacts)):
                _join(parent, p, p - nx)
    for y in range(ny):
        p, q = y * nx, y * nx + nx - 1
        if owner[p] > 0 and _linked(owner[p], owner[q], contacts):
            _join(parent, p, q)
    for x in range(nx):
        p, q = x, (ny - 1) * nx + x
        if owner[p] > 0 and _linked(owner[p], owner[q], contacts):
            _join(parent, p, q)
    count = 0
    for p in range(ny * nx):
        if owner[p] <= 0:
            label[p] = 0
        elif parent[p] == p:
            count += 1
            label[p] = count
        else:
            # a parent comes before its children
            label[p] = label[parent[p]]
    return count


@_inner
def _paint(sides, y, x, shape, faces):
    """Write the sides of a voxel to its place, and to those in the margin."""
    ny, nx, margin = shape
    wide = nx + 2 * margin
    for row in range((y + margin) % ny, ny + 2 * margin, ny):
        for column in range((x + margin) % nx, wide, nx):
            faces[row * wide + column] = sides


@_inner
def _lift(cells, shape, owner, faces, unit, edges):
    """Take the unit off the grid and list those of its outer edges that can be attracted.

    Returns the number of edges, and whether the unit is so far inside the domain that it has no
    voxel in the margin, wherever it goes. An edge is kept by the place across it, the bits of the
    facing side there, and the byte of the unit's own side. Places are counted from the step
    that stays.
    """
    ny, nx, margin = shape
    wide = nx + 2 * margin
    stay = (margin - 1) * (wide + 1)
    per_row = 1.0 / nx
    near = ny
    for i in range(cells.size):
        p = np.int64(cells[i])
        # the row by a product, half a voxel away from any border, instead of a division
        y = int((p + 0.5) * per_row)
        x = p - y * nx
        at = (y + margin) * wide + margin + x
        unit[i, _PLACE], unit[i, _Y], unit[i, _X] = at - stay, y, x
        unit[i, _OWNER], unit[i, _FACES] = owner[p], faces[at]
        owner[p], faces[at] = 0, _LIFTED
        border = min(min(y, ny - 1 - y), min(x, nx - 1 - x))
        near = min(near, border)
        if border < margin:
            _paint(_LIFTED, y, x, shape, faces)
    n_edges = 0
    for i in range(cells.size):
        sides = unit[i, _FACES]
        if sides == _ALL * MINERAL:
            continue
        for k in range(4):
            mine = sides >> 8 * k & 31
            if mine == MINERAL:
                continue
            across = np.int64(unit[i, _PLACE])
            across += ((k == 2) - (k == 0)) * wide + (k == 1) - (k == 3)
            if faces[across + stay] != _LIFTED:
                edges[n_edges, _ACROSS] = across
                edges[n_edges, _SHIFT] = 8 * (k ^ 2)
                edges[n_edges, _MINE] = 32 * mine
                n_edges += 1
    return n_edges, near >= 2 * margin


@_inner
def _list_free(n_cells, n_steps, steps, unit, faces, free):
    """List the steps that take all voxels of the lifted unit to open ones; return how many.

    The first is its own place, which it can always take. The rest is sifted voxel by voxel:
    each step is written where the next that stands will be, so that nothing has to be guessed.
    """
    for o in range(n_steps):
        free[o] = steps[o]
    found = n_steps
    for i in range(n_cells):
        if found == 1:
            break
        at = unit[i, _PLACE]
        stand = 1
        for o in range(1, found):
            step = free[o]
            free[stand] = step
            stand += faces[at + step] <= 0
        found = stand
    return found


@_inner
def _contacts(n_edges, step, edges, faces, table):
    """Add up the contacts of the lifted unit after a step, three kinds in one integer."""
    contacts = 0
    for e in range(n_edges):
        theirs = faces[edges[e, _ACROSS] + step] >> edges[e, _SHIFT] & 31
        contacts += table[edges[e, _MINE] + theirs]
    return contacts


@_inner
def _attractivity(contacts, weights):
    """Return the weights times the numbers of contacts."""
    return (
        weights[0] * (contacts & _MASK)
        + weights[1] * ((contacts >> 20) & _MASK)
        + weights[2] * (contacts >> 40)
    )


@_inner
def _strongest_bond(n_edges, stay, edges, faces):
    """Kind of the strongest bond where the unit is: 2 gluing spot, 1 reactive edge, 0 others."""
    bonds = 0
    for e in range(n_edges):
        theirs = faces[edges[e, _ACROSS] + stay] >> edges[e, _SHIFT] & 31
        bonds |= _bonds(edges[e, _MINE] >> 5 & 31, theirs)
    return 2 if bonds & 4 else 1 if bonds & 2 else 0


@_inner
def _choose(
    n_cells, n_edges, n_steps, steps, table, weights, p_break, keep_stay, rng, unit, edges, faces,
    free,
):  # fmt: skip
    """Return the step that the lifted unit takes, the first of `steps` to stay.

    `p_break` holds the chances of break-up of a unit with gluing, organic and other bonds.
    """
    bond = _strongest_bond(n_edges, steps[0], edges, faces)
    broken = rng.random() < p_break[2 - bond]
    found, best = 0, 0.0
    first = 1 if broken and not (keep_stay and bond == 0) else 0
    for o in range(first, _list_free(n_cells, n_steps, steps, unit, faces, free)):
        step, score = free[o], 0.0
        if not broken:
            score = _attractivity(_contacts(n_edges, step, edges, faces, table), weights)
        if score > best:
            best, found = score, 0
        if score == best:
            free[found] = step
            found += 1
    if found > 1:
        found = 1 + int(rng.random() * found)
    return free[found - 1] if found > 0 else steps[0]


@_inner
def _carry(cells, target, n_solid, kind, c_pom, c_nec, age, unit, ages, matter):
    """Take the ages of its marks and its organic matter along with the lifted unit."""
    n = kind.size
    for i in range(cells.size):
        p = cells[i]
        if unit[i, _FACES] & _ALL * GLUE:
            for k in range(4):
                ages[i, k] = age[k * n + p]
                age[k * n + p] = 0
        if unit[i, _OWNER] > n_solid:
            matter[i, 0], matter[i, 1], matter[i, 2] = kind[p], c_pom[p], c_nec[p]
            kind[p], c_pom[p], c_nec[p] = 0, 0.0, 0.0
    for i in range(cells.size):
        q = target[i]
        if unit[i, _FACES] & _ALL * GLUE:
            for k in range(4):
                age[k * n + q] = ages[i, k]
        if unit[i, _OWNER] > n_solid:
            kind[q], c_pom[q], c_nec[q] = matter[i, 0], matter[i, 1], matter[i, 2]


@_inner
def _put_back(cells, stay, inside, shape, owner, faces, unit):
    """Put the lifted unit down where it was."""
    for i in range(cells.size):
        sides = np.int32(unit[i, _FACES])
        owner[cells[i]], faces[unit[i, _PLACE] + stay] = unit[i, _OWNER], sides
        if not inside:
            _paint(sides, np.int64(unit[i, _Y]), np.int64(unit[i, _X]), shape, faces)


@_inner
def _put_down(cells, step, stay, inside, shape, owner, faces, unit, target):
    """Put the lifted unit down a step from where it was; lists its voxels in `target`."""
    ny, nx, margin = shape
    wide = nx + 2 * margin
    down = np.int64(step) // wide
    dy, dx = down - (margin - 1), np.int64(step) - down * wide - (margin - 1)
    for i in range(cells.size):
        faces[unit[i, _PLACE] + stay] = _OPEN
        if not inside:
            _paint(_OPEN, np.int64(unit[i, _Y]), np.int64(unit[i, _X]), shape, faces)
    for i in range(cells.size):
        sides = np.int32(unit[i, _FACES])
        if inside:
            p = np.int64(cells[i]) + dy * nx + dx
            faces[unit[i, _PLACE] + step] = sides
        else:
            y, x = np.int64(unit[i, _Y]) + dy, np.int64(unit[i, _X]) + dx
            y, x = _wrapped(y, ny), _wrapped(x, nx)
            p = y * nx + x
            _paint(sides, y, x, shape, faces)
        owner[p], target[i] = unit[i, _OWNER], p


@_inner
def _swap_solutes(cells, target, current, owner, stamp, c_s, n_s, vacated):
    """Move the solutes of newly covered voxels into the voxels that the unit has left."""
    left = 0
    for i in range(cells.size):
        p = cells[i]
        stamp[p] = current
        if owner[p] == 0:
            vacated[left] = p
            left += 1
    for i in range(cells.size):
        q = target[i]
        if stamp[q] != current:
            left -= 1
            p = vacated[left]
            c_s[p], c_s[q] = c_s[p] + c_s[q], 0.0
            n_s[p], n_s[q] = n_s[p] + n_s[q], 0.0


@_inner
def _is_aggregate(cells, owner):
    """Whether a connected group of voxels consists of more than one particle."""
    for i in range(1, cells.size):  # noqa: SIM110
        if owner[cells[i]] != owner[cells[0]]:
            return True
    return False


@njit(cache=True, error_model="numpy")
def move_day(
    solid, organic, kind, c_s, n_s, c_b, c_nec, c_pom, reactive, glue, age, n_solid, n_organic,
    weights, p_break, range_max, range_scale, limit, keep_stay, swap, aggregates, rng, moved, work,
    biomass_binds,
):  # fmt: skip
    """Move every unit once: mineral particles, organic particles, aggregates.

    Grids are flat [ny * nx], those of mineral sides [4 * ny * nx], side by side; all are changed in
    place.

    Parameters
    ----------
    solid, organic : int32
        Numbers of the particles, up to `n_solid` and `n_organic`; a particle's voxels are
        connected.
    kind : int8
        What an organic voxel is made of, 0 elsewhere.
    c_s, n_s, c_b, c_nec, c_pom : float
        Dissolved carbon and nitrogen, carbon of biomass, necromass and particulate organic
        matter, in g cm-3. Solutes change only with `swap` (those of newly covered voxels go into
        those left); else voxels that have become occupied keep theirs until `expel`.
    reactive, glue : uint8
        Marks of mineral sides.
    age : int16
        Age of the gluing marks, in days; 0 where there is none.
    weights : array [3]
        Attractivity of reactive-reactive, organic-reactive and organic-glued contacts.
    p_break : array [3]
        Chance of break-up of a unit held by a gluing spot, by a reactive edge, by neither.
    range_max, range_scale : float
        L_max and L_0 of `move_range`, in voxels.
    limit, aggregates : float, bool
        Voxels above which an aggregate rests, and whether aggregates move at all.
    keep_stay : bool
        Whether a broken unit of the weakest kind may draw its own place.
    rng : numpy.random.Generator
        Source of the draws: one for break-up and at most one for the place, per unit.
    moved : int64 array [4]
        Result: mineral particles, organic particles and aggregates that moved, and the number
        of aggregates.
    work : Workspace
        Memory.
    biomass_binds : bool
        Whether a gluing spot holds to a biomass cell as it does to organic matter.
    """
    (ny, nx, _), owner, faces, unit, target = (
        work.shape, work.owner, work.faces, work.unit, work.target,
    )  # fmt: skip
    table, stay = contact_table(weights), work.steps[0]
    moved[:] = 0
    _read_grids(
        solid, organic, c_b, reactive, glue, n_solid, biomass_binds, work.shape, owner, work.stamp,
        work.label, faces,
    )  # fmt: skip
    # First the particles; then the aggregates, as they are after the particles have moved.
    # `current` numbers the units on, so that each knows its own voxels.
    group, n_units, current = owner, n_solid + n_organic, 0
    for composite in range(2 if aggregates else 1):
        if composite:
            n_units = label_components(owner, ny, nx, composite > 0, work.parent, work.label)
            group = work.label
        start = np.empty(n_units + 2, np.int32)
        _group_cells(group, n_units, start, work.cells)
        for u in range(1, n_units + 1):
            cells = work.cells[start[u] : start[u + 1]]
            current += 1
            if cells.size == 0 or (composite and not _is_aggregate(cells, owner)):
                continue
            moved[3] += composite
            if composite and cells.size > limit:
                continue
            n_edges, inside = _lift(cells, work.shape, owner, faces, unit, work.edges)
            reach = move_range(cells.size, range_max, range_scale)
            step = _choose(
                cells.size, n_edges, 1 + 2 * reach * (reach + 1), work.steps, table, weights,
                p_break, keep_stay, rng, unit, work.edges, faces, work.free,
            )  # fmt: skip
            if step == stay:
                _put_back(cells, stay, inside, work.shape, owner, faces, unit)
                continue
            _put_down(cells, step, stay, inside, work.shape, owner, faces, unit, target)
            moved[2 if composite else 0 if u <= n_solid else 1] += 1
            _carry(cells, target, n_solid, kind, c_pom, c_nec, age, unit, work.ages, work.matter)
            if swap:
                _swap_solutes(cells, target, current, owner, work.stamp, c_s, n_s, work.vacated)
    _write_grids(solid, organic, reactive, glue, n_solid, work.shape, owner, work.label, faces)


@njit(cache=True, error_model="numpy")
def attractivities(
    unit, solid, organic, c_b, reactive, glue, n_solid, weights, scores, work, biomass_binds
):
    """Score every place within the range of one unit, in the order of the workspace's offsets.

    Parameters
    ----------
    unit : uint32 array, shape (n,)
        Voxels ``y * nx + x`` of the unit.
    solid, organic, c_b, reactive, glue, n_solid, weights, work, biomass_binds
        As in `move_day`; no grid changes.
    scores : array, shape (2 * L * (L + 1) + 1,) for a range of L voxels
        Result; NaN where the unit does not fit. The first entry is the unit's own place.
    """
    _read_grids(
        solid, organic, c_b, reactive, glue, n_solid, biomass_binds, work.shape, work.owner,
        work.stamp, work.label, work.faces,
    )  # fmt: skip
    table = contact_table(weights)
    n_edges, _ = _lift(unit, work.shape, work.owner, work.faces, work.unit, work.edges)
    found = _list_free(unit.size, scores.size, work.steps, work.unit, work.faces, work.free)
    scores[:] = np.nan
    place = 0
    for o in range(scores.size):
        if place < found and work.steps[o] == work.free[place]:
            contacts = _contacts(n_edges, work.steps[o], work.edges, work.faces, table)
            scores[o] = _attractivity(contacts, weights)
            place += 1


@_inner
def _wrapped(at, side):
    """Return a coordinate on the torus; a division would take as long as all the rest."""
    while at < 0:
        at += side
    while at >= side:
        at -= side
    return at


@_inner
def _across(y, x, k, ny, nx):
    """Voxel across side `k`, on the torus."""
    if k == 0:
        return (y - 1 if y > 0 else ny - 1), x
    if k == 1:
        return y, (x + 1 if x + 1 < nx else 0)
    if k == 2:
        return (y + 1 if y + 1 < ny else 0), x
    return y, (x - 1 if x > 0 else nx - 1)


@njit(cache=True, error_model="numpy")
def age_edges(solid, organic, c_s, c_b, glue, age, threshold, lifetime, loss, beside_organic, rng):
    """Make, renew, age and lose the gluing spots of all mineral edges by one day.

    A side that faces an open voxel with ``C_S + C_B > threshold`` becomes (or stays) a gluing
    spot of age 0. Any other marked side ages by a day, and past `lifetime` it is lost with
    probability `loss` (Appendix A1: an aged mark is a memory edge, with the same attraction).

    Parameters
    ----------
    solid, organic : int arrays, shape (ny, nx)
        Numbers of the particles.
    c_s, c_b : arrays, shape (ny, nx)
        Dissolved carbon and biomass carbon, in g cm-3.
    glue : uint8 array, shape (4, ny, nx)
        Marks, changed in place.
    age : int16 array, shape (4, ny, nx)
        Days since the conditions held, changed in place.
    threshold : float
        C^Ex, in g cm-3.
    lifetime : float
        Days that a mark lasts at least.
    loss : float
        Chance of loss per day after that.
    beside_organic : bool
        Whether an organic particle at the side keeps the mark at age 0.
    rng : numpy.random.Generator
        One draw for every mark past its lifetime.
    """
    ny, nx = solid.shape
    # what lies in each voxel, with the columns across the border
    beside = np.empty((ny, nx + 2), np.uint8)
    for y in range(ny):
        for x in range(nx):
            rich = (solid[y, x] == 0) & (c_s[y, x] + c_b[y, x] > threshold)
            beside[y, x + 1] = _PARTICLE if organic[y, x] > 0 else _RICH * rich
        beside[y, 0], beside[y, nx + 1] = beside[y, nx], beside[y, 1]
    marked = np.empty(nx, np.bool_)
    for k in range(4):
        for y in range(ny):
            mine, marks, ages = solid[y], glue[k, y], age[k, y]
            first = 1 + (k == 1) - (k == 3)
            across = beside[_wrapped(y + (k == 2) - (k == 0), ny), first : first + nx]
            # hardly any side has a mark or gets one, which is quickly seen for a row at once
            for x in range(nx):
                marked[x] = (mine[x] > 0) & ((marks[x] > 0) | (across[x] == _RICH))
            for x in range(nx):
                if not marked[x]:
                    continue
                marks[x] = 1
                if across[x] == _RICH or (beside_organic and across[x] == _PARTICLE):
                    ages[x] = 0
                    continue
                ages[x] = min(ages[x] + 1, 32000)
                if ages[x] > lifetime and rng.random() < loss:
                    marks[x], ages[x] = 0, 0


@njit(cache=True, error_model="numpy")
def expel(solid, organic, c_s, n_s):
    """Move the solutes of occupied voxels, in equal parts, to the nearest open voxels.

    Nearest is the smallest ``|dy| + |dx|`` at which any voxel is open. Nothing is lost. Without
    any open voxel nothing happens.

    Parameters
    ----------
    solid, organic : int arrays, shape (ny, nx)
        Numbers of the particles; a voxel with neither is open.
    c_s, n_s : arrays, shape (ny, nx)
        Dissolved carbon and nitrogen, in g cm-3; changed in place.
    """
    ny, nx = solid.shape
    ring = np.empty((2 * (ny + nx), 2), np.int32)
    for y in range(ny):
        for x in range(nx):
            wet = (c_s[y, x] != 0.0) | (n_s[y, x] != 0.0)
            if not (wet & ((solid[y, x] > 0) | (organic[y, x] > 0))):
                continue
            for radius in range(1, ny // 2 + nx // 2 + 1):
                found = _open_ring(solid, organic, y, x, radius, ring)
                if found == 0:
                    continue
                carbon, nitrogen = c_s[y, x] / found, n_s[y, x] / found
                for o in range(found):
                    j, i = ring[o, 0], ring[o, 1]
                    c_s[j, i] += carbon
                    n_s[j, i] += nitrogen
                c_s[y, x] = 0.0
                n_s[y, x] = 0.0
                break


@_inner
def _open_ring(solid, organic, y, x, radius, ring):
    """List the open voxels at a distance from one; return how many there are."""
    ny, nx = solid.shape
    found = 0
    for dy in range(-radius, radius + 1):
        width = radius - abs(dy)
        for dx in range(-width, width + 1, max(1, 2 * width)):
            j, i = _wrapped(y + dy, ny), _wrapped(x + dx, nx)
            ring[found, 0], ring[found, 1] = j, i
            found += (solid[j, i] == 0) & (organic[j, i] == 0)
    return found


@njit(cache=True, error_model="numpy")
def exposure(
    solid, organic, c_b, reactive, glue, edges, biomass_as_pore, gluing_opens, exposed, total,
    touches,
):  # fmt: skip
    """Count the edges of every organic particle, and those to open voxels (Table 2: s_f and s).

    Parameters
    ----------
    solid, organic : int arrays, shape (ny, nx)
        Numbers of the particles.
    c_b : array, shape (ny, nx)
        Biomass carbon, in g cm-3.
    reactive, glue : uint8 arrays, shape (4, ny, nx)
        Marks of mineral sides.
    edges : {0, 1, 2}
        Which edges `total` counts: 0 outer ones, 1 outer ones but those to other organic
        particles, 2 all four of every voxel.
    biomass_as_pore : bool
        Whether a side to a biomass cell is exposed.
    gluing_opens : bool
        Whether a gluing spot counts like a reactive edge in `touches`.
    exposed, total : int32 arrays, shape (highest number of an organic particle + 1,)
        Results: exposed edges and edges.
    touches : uint8 array of the same shape
        Result: 1 where the particle touches a reactive mineral edge.
    """
    ny, nx = solid.shape
    exposed[:] = 0
    total[:] = 0
    touches[:] = 0
    for y in range(ny):
        for x in range(nx):
            u = organic[y, x]
            if u == 0:
                continue
            for k in range(4):
                j, i = _across(y, x, k, ny, nx)
                if solid[j, i] > 0:
                    total[u] += 1
                    if reactive[k ^ 2, j, i] or (gluing_opens and glue[k ^ 2, j, i]):
                        touches[u] = 1
                elif organic[j, i] > 0:
                    foreign = organic[j, i] != u
                    if edges == 2 or (edges == 0 and foreign):
                        total[u] += 1
                else:
                    total[u] += 1
                    if biomass_as_pore or c_b[j, i] == 0.0:
                        exposed[u] += 1


@_inner
def _extent(at):
    """Return how many voxels a shape takes along one direction."""
    low, high = at[0], at[0]
    for c in range(at.size):
        low, high = min(low, at[c]), max(high, at[c])
    return high - low + 1


@_inner
def _shape_fits(free, y, x, shape_y, shape_x):
    ny, nx = free.shape
    for c in range(shape_y.size):
        j, i = _wrapped(y + shape_y[c], ny), _wrapped(x + shape_x[c], nx)
        if not free[j, i]:
            return False
    return True


@njit(cache=True, error_model="numpy")
def find_place(free, shape_y, shape_x, tries, rng):
    """Return a random place where a shape fits, drawn evenly from all of them, or -1.

    Draws places at random, at most `tries` times; then lists all that fit and draws one.

    Parameters
    ----------
    free : bool array, shape (ny, nx)
        Voxels that may be covered.
    shape_y, shape_x : int64 arrays, shape (n,)
        Voxels of the shape, relative to its place.
    tries : int
        Random draws before the whole domain is searched.
    rng : numpy.random.Generator
        Source of the draws; there is none for a shape larger than the domain.
    """
    ny, nx = free.shape
    if _extent(shape_y) > ny or _extent(shape_x) > nx:
        return -1
    for _ in range(tries):
        p = int(rng.random() * (ny * nx))
        if _shape_fits(free, p // nx, p % nx, shape_y, shape_x):
            return p
    fitting = 0
    for p in range(ny * nx):
        fitting += _shape_fits(free, p // nx, p % nx, shape_y, shape_x)
    chosen = int(rng.random() * fitting)
    for p in range(ny * nx):
        if _shape_fits(free, p // nx, p % nx, shape_y, shape_x):
            if chosen == 0:
                return p
            chosen -= 1
    return -1


@njit(cache=True, error_model="numpy")
def place_shapes(free, numbers, first, placed, ends, shape_y, shape_x, tries, rng):
    """Put shapes at random free places, one after another, as `find_place` gives them.

    Parameters
    ----------
    free : bool array, shape (ny, nx)
        Voxels that may be covered; changed in place.
    numbers : int32 array, shape (ny, nx)
        Number of the particle in each voxel; changed in place.
    first : int
        Number of the first shape.
    placed : int
        Shapes that have their place already.
    ends : int64 array, shape (shapes + 1,)
        Shape ``s`` has the voxels ``ends[s]:ends[s + 1]``.
    shape_y, shape_x : int64 arrays
        Voxels of the shapes, one after another, each relative to its place.
    tries, rng
        As in `find_place`.

    Returns
    -------
    int
        Shapes that have their place now; the next one, if any, fits nowhere.
    """
    ny, nx = free.shape
    for s in range(placed, ends.size - 1):
        y, x = shape_y[ends[s] : ends[s + 1]], shape_x[ends[s] : ends[s + 1]]
        p = find_place(free, y, x, tries, rng)
        if p < 0:
            return s
        for c in range(y.size):
            j, i = _wrapped(p // nx + y[c], ny), _wrapped(p % nx + x[c], nx)
            free[j, i], numbers[j, i] = False, first + s
    return ends.size - 1
