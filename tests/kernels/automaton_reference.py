"""The automaton in plain Python: sets of voxels, one rule per line, nothing shared with numba.

A state is a mapping of arrays as in `soilnb.pore.state.State`. The reference draws the same random
numbers in the same order as the kernel (one for break-up, one more where places tie), so that a
whole day can be compared bit for bit.
"""

import math

import numpy as np

SIDES = ((-1, 0), (0, 1), (1, 0), (0, -1))
GRIDS = ("solid", "organic", "kind", "c_s", "n_s", "c_b", "c_nec", "c_pom")
EDGES = ("reactive", "glue", "age")


def offsets(reach):
    """All moves of at most `reach` steps, the nearest first."""
    steps = range(-reach, reach + 1)
    moves = [(abs(dy) + abs(dx), dy, dx) for dy in steps for dx in steps]
    return [(dy, dx) for length, dy, dx in sorted(moves) if length <= reach]


def reach_of(voxels, range_max=5, range_scale=20):
    return min(range_max, math.ceil(range_scale / math.sqrt(voxels)))


def sides_of(state, unit, dy, dx):
    """Every outer side of the unit at the offset: own voxel, side, and what it meets there.

    What it meets is "solid", "organic", "biomass" or None, and the voxel across.
    """
    ny, nx = state["solid"].shape
    placed = {((y + dy) % ny, (x + dx) % nx): (y, x) for y, x in unit}
    for (y, x), own in placed.items():
        for k, (sy, sx) in enumerate(SIDES):
            across = ((y + sy) % ny, (x + sx) % nx)
            if across in placed:
                continue
            what = None
            if across not in unit:
                if state["solid"][across] > 0:
                    what = "solid"
                elif state["organic"][across] > 0:
                    what = "organic"
                elif state["c_b"][across] > 0:
                    what = "biomass"
            yield own, k, what, across


def bonds(state, own, k, what, across, binds=True):
    """The kinds of bond of one side: "reactive", "organic", "glue"."""
    reactive, glue = state["reactive"], state["glue"]
    mine, theirs = (k, *own), ((k + 2) % 4, *across)
    found = set()
    if state["solid"][own] > 0:
        if what == "solid" and reactive[mine] and reactive[theirs]:
            found.add("reactive")
        if what == "organic" and reactive[mine]:
            found.add("organic")
        if (what == "organic" or (binds and what == "biomass")) and glue[mine]:
            found.add("glue")
    elif what == "solid":
        if reactive[theirs]:
            found.add("organic")
        if glue[theirs]:
            found.add("glue")
    return found


def score(state, unit, dy, dx, weights, binds=True):
    """Attractivity of the unit at the offset, or None where it does not fit."""
    ny, nx = state["solid"].shape
    for y, x in unit:
        place = ((y + dy) % ny, (x + dx) % nx)
        taken = any(state[name][place] > 0 for name in ("solid", "organic", "c_b"))
        if taken and place not in unit:
            return None
    worth = dict(zip(("reactive", "organic", "glue"), weights, strict=True))
    sides = sides_of(state, unit, dy, dx)
    return sum(max((worth[b] for b in bonds(state, *side, binds)), default=0) for side in sides)


def strongest(state, unit, binds=True):
    """Which chance of break-up applies to the unit where it is."""
    here = set().union(*(bonds(state, *side, binds) for side in sides_of(state, unit, 0, 0)))
    return 0 if "glue" in here else 1 if "organic" in here else 2


def choose(state, unit, weights, p_break, rng, keep_stay=False, binds=True):
    """The offset to which the unit moves, and its score before and after."""
    kind = strongest(state, unit, binds)
    broken = rng.random() < p_break[kind]
    moves = offsets(reach_of(len(unit)))
    scores = {move: score(state, unit, *move, weights, binds) for move in moves}
    places = [move for move in moves if scores[move] is not None]
    if broken and not (keep_stay and kind == 2):
        places.remove((0, 0))
    if not broken:
        best = max(scores[move] for move in places)
        places = [move for move in places if scores[move] == best]
    if not places:
        return (0, 0), scores[0, 0], scores[0, 0], broken
    chosen = places[int(rng.random() * len(places))] if len(places) > 1 else places[0]
    return chosen, scores[0, 0], scores[chosen], broken


def shift(state, unit, dy, dx, swap=False):
    """Move the unit with all that belongs to it; returns its new voxels."""
    ny, nx = state["solid"].shape
    target = {cell: ((cell[0] + dy) % ny, (cell[1] + dx) % nx) for cell in unit}
    carried = ("solid", "organic", "kind", "c_nec", "c_pom")
    values = {cell: [state[name][cell] for name in carried] for cell in unit}
    marks = {cell: [state[name][:, *cell].copy() for name in EDGES] for cell in unit}
    for cell in unit:
        for name in carried:
            state[name][cell] = 0
        for name in EDGES:
            state[name][:, *cell] = 0
    for cell in unit:
        for name, value in zip(carried, values[cell], strict=True):
            state[name][target[cell]] = value
        for name, value in zip(EDGES, marks[cell], strict=True):
            state[name][:, *target[cell]] = value
    return set(target.values())


def voxels_of(grid, number):
    return {tuple(map(int, cell)) for cell in np.argwhere(grid == number)}


def groups(state):
    """Connected groups of occupied voxels, in the order of their first voxel."""
    ny, nx = state["solid"].shape
    left = voxels_of((state["solid"] > 0) | (state["organic"] > 0), True)
    found = []
    for first in sorted(left):
        if first not in left:
            continue
        group, rim = {first}, [first]
        left.discard(first)
        while rim:
            y, x = rim.pop()
            for sy, sx in SIDES:
                cell = ((y + sy) % ny, (x + sx) % nx)
                if cell in left:
                    left.discard(cell)
                    group.add(cell)
                    rim.append(cell)
        found.append(group)
    return found


def members(state, group):
    return {(int(state["solid"][cell]), int(state["organic"][cell])) for cell in group}


def day(state, weights, p_break, rng, *, limit=20000, aggregates=True, log=None, **options):
    """One day: minerals, organic particles, aggregates; changes the state in place."""
    units = [("solid", n) for n in range(1, state["solid"].max() + 1)]
    units += [("organic", n) for n in range(1, state["organic"].max() + 1)]
    for name, number in units:
        unit = voxels_of(state[name], number)
        if unit:
            _step(state, unit, weights, p_break, rng, log, options)
    for group in groups(state) if aggregates else []:
        if len(members(state, group)) >= 2 and len(group) <= limit:
            _step(state, group, weights, p_break, rng, log, options)


def _step(state, unit, weights, p_break, rng, log, options):
    move, before, after, broken = choose(state, unit, weights, p_break, rng, **options)
    if move != (0, 0):
        shift(state, unit, *move)
    if log is not None:
        log.append((move, before, after, broken))


def empty_state(ny, nx):
    kinds = {"solid": np.int32, "organic": np.int32, "kind": np.int8}
    edges = {"reactive": np.uint8, "glue": np.uint8, "age": np.int16}
    state = {name: np.zeros((ny, nx), kinds.get(name, float)) for name in GRIDS}
    return state | {name: np.zeros((4, ny, nx), kind) for name, kind in edges.items()}


def random_state(seed, ny=12, nx=13, n_solid=14, n_organic=5, n_biomass=6, largest=9):
    """Random connected particles, marks, biomass and solutes on a small torus."""
    rng = np.random.default_rng(seed)
    state = empty_state(ny, nx)
    free = {(y, x) for y in range(ny) for x in range(nx)}
    for name, count in (("solid", n_solid), ("organic", n_organic)):
        for number in range(1, count + 1):
            for cell in _blob(rng, free, int(rng.integers(1, largest + 1)), ny, nx):
                state[name][cell] = number
    solid, organic = state["solid"] > 0, state["organic"] > 0
    state["kind"][organic] = 1 + state["organic"][organic] % 3
    pom = state["kind"] == 1
    state["c_pom"][pom] = rng.uniform(0.1, 0.5, pom.sum())
    state["c_nec"][organic & ~pom] = rng.uniform(0.1, 0.3, (organic & ~pom).sum())
    for cell in _blob(rng, free, n_biomass, ny, nx):
        state["c_b"][cell], state["c_nec"][cell] = rng.uniform(0.01, 0.1, 2)
    wet = ~solid & ~organic
    state["c_s"][wet], state["n_s"][wet] = rng.uniform(0, 1e-2, (2, wet.sum()))
    outer = np.stack([solid & (state["solid"] != _across(state["solid"], k)) for k in range(4)])
    state["reactive"][:] = outer & (rng.random(outer.shape) < 0.5)
    state["glue"][:] = outer & (rng.random(outer.shape) < 0.3)
    state["age"][:] = state["glue"] * rng.integers(0, 90, outer.shape)
    return state


def _across(grid, k):
    dy, dx = SIDES[k]
    return np.roll(grid, (-dy, -dx), axis=(0, 1))


def _blob(rng, free, size, ny, nx):
    """Up to `size` connected voxels, taken from the free ones."""
    if not free or size == 0:
        return []
    blob = [sorted(free)[rng.integers(len(free))]]
    free.discard(blob[0])
    while len(blob) < size:
        around = {((y + sy) % ny, (x + sx) % nx) for y, x in blob for sy, sx in SIDES} & free
        if not around:
            break
        blob.append(sorted(around)[rng.integers(len(around))])
        free.discard(blob[-1])
    return blob
