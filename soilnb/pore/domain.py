"""The domain at the start: minerals by texture, reactive edges, organic particles, microbes.

The dispersed state is built in the paper's order (Sect. 2.3): mineral particles at random free
places, the largest classes first, until the porosity is reached; organic particles into the
pores that are left; after the initial aggregation (`soilnb.pore.motion.aggregate`) the biomass
cells and the solution. Counts that the paper gives for 500 x 500 µm scale with the area.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from soilnb.kernels import automaton
from soilnb.parameters import InputError, ParameterSet, check_range
from soilnb.pore.parameters import PAPER_SOLID, PAPER_VOXELS, resolve, size_classes, voxel_mass
from soilnb.pore.particles import mineral_shapes, organic_shapes
from soilnb.pore.state import INITIAL_NECROMASS, POM, SIDES, State

#: Fewest voxels down or across: the farthest move of a day must not reach round the torus.
MIN_SIDE = 12

#: Random places that are tried before the whole domain is searched.
_TRIES = 1000

#: Shapes that are tried for an organic particle, the first included.
_SHAPES = 20

#: Rows and columns of the voxels of a particle.
Place = tuple[np.ndarray, np.ndarray]


def dispersed(
    shape: tuple[int, int] = (250, 250),
    seed: int | np.random.Generator = 0,
    parameters: str | Mapping = "default",
) -> State:
    """Return the dispersed state: minerals and organic particles at random places.

    With the option ``biomass_placed = before_aggregation`` it has its biomass and solution too.

    Parameters
    ----------
    shape : tuple of int
        Voxels down and across, each at least 12.
    seed : int or numpy.random.Generator
        Seed of everything random in the state and in what follows from it.
    parameters : str or mapping
        See `soilnb.pore.parameters.resolve`.

    Raises
    ------
    InputError
        When a size is wrong, a class of the texture does not fit in the domain, or there is no
        place for a particle.
    """
    chosen = resolve(parameters)
    ny, nx = check_shape(shape)
    state = State.empty((ny, nx), generator(seed))
    voxels = math.floor((1 - chosen["porosity"]) * ny * nx + 1e-9)
    shapes, classes = mineral_shapes(voxels, chosen, state.rng)
    state.size_class = np.concatenate([np.zeros(1, np.int8), classes])
    _place(
        state,
        state.solid,
        shapes,
        lambda free, shape: _any_place(free, shape[:, ::-1], state.rng),
        "a mineral particle",
    )
    mark_reactive(state, chosen)
    place_organic(state, chosen)
    if chosen.options["biomass_placed"] == "before_aggregation":
        populate(state, chosen)
    return state


def check_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return `shape` as two ints, or raise `InputError`."""
    try:
        ny, nx = shape
    except (TypeError, ValueError):
        raise InputError(
            f"shape = {shape!r}: allowed two numbers of voxels (down, across)"
        ) from None
    for side in (ny, nx):
        check_range("shape", side, MIN_SIDE, 20000, "voxels")
        if int(side) != side:
            raise InputError(f"shape = {shape!r}: allowed whole numbers of voxels")
    return int(ny), int(nx)


def _place(
    state: State,
    numbers: np.ndarray,
    shapes: list[np.ndarray],
    find: Callable[[np.ndarray, np.ndarray], Place | None],
    what: str,
) -> None:
    """Put shapes at random free places, numbered on from the highest number.

    `find` says where one goes for which there is no place.
    """
    free = state.open & (state.c_b == 0)
    first = int(numbers.max(initial=0)) + 1
    y, x = np.concatenate([*shapes, np.empty((0, 2), int)]).T.copy()
    ends = np.cumsum([0, *map(len, shapes)])
    placed = 0
    while True:
        placed = automaton.place_shapes(free, numbers, first, placed, ends, y, x, _TRIES, state.rng)
        if placed == len(shapes):
            return
        place = find(free, shapes[placed])
        if place is None:
            raise InputError(
                f"porosity = {free.mean():.3f} where {what} of {len(shapes[placed])} voxels is "
                "placed: allowed more open voxels, a larger domain or smaller particles"
            )
        numbers[place] = first + placed
        free[place] = False
        placed += 1


def _any_place(free: np.ndarray, shape: np.ndarray, rng: np.random.Generator) -> Place | None:
    """Return the voxels (y, x) of a random place for `shape` in `free`, or None."""
    y, x = np.ascontiguousarray(shape.T)
    place = automaton.find_place(free, y, x, _TRIES, rng)
    if place < 0:
        return None
    ny, nx = free.shape
    return (place // nx + y) % ny, (place % nx + x) % nx


def _organic_place(
    free: np.ndarray, shape: np.ndarray, chosen: ParameterSet, rng: np.random.Generator
) -> Place | None:
    """Return a place for `shape`, else for another shape of its size, else None."""
    place = _any_place(free, shape, rng)
    return _pore_place(free, shape, chosen, rng) if place is None else place


def _pore_place(
    free: np.ndarray, shape: np.ndarray, chosen: ParameterSet, rng: np.random.Generator
) -> Place | None:
    """Return a place for another shape of as many voxels as one without a place, else None.

    Where pores are so narrow that no compact shape fits, the particle takes the shape of a pore.
    """
    for _ in range(_SHAPES - 1):
        (shape,) = organic_shapes([len(shape)], chosen, rng)
        place = _any_place(free, shape, rng)
        if place is not None:
            return place
    # One more is drawn for nothing: without it the same seeds would give other soils.
    organic_shapes([len(shape)], chosen, rng)
    group = _group(free, len(shape), rng)
    return None if group is None else tuple(np.array(group).T)


def generator(seed: int | np.random.Generator) -> np.random.Generator:
    """Return the random generator of `seed`, or raise `InputError`."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise InputError(f"seed = {seed!r}: allowed whole numbers from 0") from None


def mark_reactive(state: State, parameters: str | Mapping = "default") -> None:
    """Make the share of outer edges reactive that each particle's size class has.

    The edges are drawn without replacement; their number is rounded to the nearest.
    """
    chosen = resolve(parameters)
    share = np.array([c.reactive for c in size_classes(chosen)])[state.size_class]
    outer = np.stack(
        [(state.solid > 0) & (state.solid != neighbour(state.solid, k)) for k in range(4)]
    )
    edges = np.flatnonzero(outer)
    owner = np.broadcast_to(state.solid, outer.shape).ravel()[edges]
    # In each particle the edges with the lowest random numbers are taken.
    order = np.lexsort((state.rng.random(edges.size), owner))
    edges, owner = edges[order], owner[order]
    count = np.bincount(owner, minlength=share.size)
    rank = np.arange(edges.size) - (np.cumsum(count) - count)[owner]
    taken = np.floor(share * count + 0.5)
    state.reactive[:] = 0
    state.reactive.flat[edges[rank < taken[owner]]] = 1


def neighbour(grid: np.ndarray, side: int) -> np.ndarray:
    """Return, for every voxel of `grid` (ny, nx), the value across its side `side`."""
    dy, dx = SIDES[side]
    return np.roll(grid, (-dy, -dx), axis=(0, 1))


def place_organic(state: State, parameters: str | Mapping = "default") -> None:
    """Put the first organic particles into the pores, the largest first.

    They have 20, 15 and 10 voxels; the first half of them is particulate organic matter, the
    rest necromass (60 and 60 in 500 x 500 µm).
    """
    chosen = resolve(parameters)
    sizes = organic_sizes(int((state.solid > 0).sum()), chosen)
    shapes = organic_shapes(sizes, chosen, state.rng)
    first = state.next_organic
    _place(
        state,
        state.organic,
        shapes,
        lambda free, shape: _pore_place(free, shape, chosen, state.rng),
        "an organic particle",
    )
    state.next_organic = first + len(shapes)
    last_pom = first + round(chosen["pom_fraction"] * len(shapes))
    fresh = state.organic >= first
    pom = fresh & (state.organic < last_pom)
    state.kind[fresh] = np.where(pom[fresh], POM, INITIAL_NECROMASS)
    state.c_pom[pom] = chosen["pom_start"]
    state.c_nec[fresh & ~pom] = chosen["necromass_start"]


def organic_sizes(solid_voxels: int, parameters: Mapping[str, float]) -> list[int]:
    """Return the voxels of each of the first organic particles, largest first."""
    total = parameters["organic_share"] * solid_voxels
    share_20, share_15 = parameters["organic_share_20"], parameters["organic_share_15"]
    shares = {20: share_20, 15: share_15, 10: 1 - share_20 - share_15}
    return [size for size, share in shares.items() for _ in range(round(share * total / size))]


def add_pom(state: State, parameters: str | Mapping = "default") -> int:
    """Bring the organic matter of the coming day; return how many particles were placed.

    One particle is due every `pom_interval` days and per mineral mass of the paper's domain;
    fractions add up. What finds no place stays due.
    """
    chosen = resolve(parameters)
    interval = chosen["pom_interval"]
    intervals = math.floor((state.day + 1) / interval) - math.floor(state.day / interval)
    state.pom_due += intervals * np.count_nonzero(state.solid) / PAPER_SOLID
    placed = place_pom(state, chosen, math.floor(state.pom_due + 1e-9)) if intervals else 0
    state.pom_due -= placed
    return placed


def place_pom(state: State, parameters: str | Mapping = "default", count: int = 1) -> int:
    """Put up to `count` fresh organic particles at random free places; return how many fit.

    Free is what no particle and no biomass holds; the solution there goes to the nearest open
    voxels. The carbon and nitrogen brought are added to the state's budget.
    """
    chosen = resolve(parameters)
    size = round(chosen["pom_voxels"])
    for placed, shape in enumerate(organic_shapes([size] * count, chosen, state.rng)):
        place = _organic_place(state.open & (state.c_b == 0), shape, chosen, state.rng)
        if place is None:
            return placed
        state.organic[place] = state.next_organic
        state.kind[place] = POM
        state.c_pom[place] = chosen["pom_start"]
        state.next_organic += 1
        state.budget["c_pom_input"] += size * chosen["pom_start"]
        state.budget["n_pom_input"] += size * chosen["pom_start"] / chosen["cn_pom"]
        automaton.expel(state.solid, state.organic, state.c_s, state.n_s)
    return count


def populate(state: State, parameters: str | Mapping = "default") -> None:
    """Fill the pores with solution and put the first biomass cells into them."""
    fill_solution(state, parameters)
    place_biomass(state, parameters)


def fill_solution(state: State, parameters: str | Mapping = "default") -> None:
    """Give every open voxel the first concentrations of dissolved carbon and nitrogen."""
    chosen = resolve(parameters)
    state.c_s[:] = np.where(state.open, chosen["dissolved_start"], 0.0)
    state.n_s[:] = state.c_s / chosen["cn_dissolved_start"]


def place_biomass(state: State, parameters: str | Mapping = "default") -> None:
    """Put biomass cells into the pores in connected groups that do not touch (72 of 3).

    Raises
    ------
    InputError
        When the pores have no room for a group.
    """
    chosen = resolve(parameters)
    size = round(chosen["biomass_group"])
    cells = chosen["biomass_cells"] * state.solid.size / PAPER_VOXELS
    free = state.open & (state.c_b == 0)
    for side in range(4):
        free &= neighbour(state.c_b, side) == 0
    for _ in range(round(cells / size)):
        group = _group(free, size, state.rng)
        if group is None:
            raise InputError(
                f"biomass_group = {size}: allowed groups for which the pores have room; fewer or "
                "smaller groups, a higher porosity or a larger domain"
            )
        for y, x in group:
            state.c_b[y, x] = chosen["biomass_start"]
            for dy, dx in ((0, 0), *SIDES):
                free[(y + dy) % free.shape[0], (x + dx) % free.shape[1]] = False


def _group(free: np.ndarray, size: int, rng: np.random.Generator) -> list[tuple[int, int]] | None:
    """Return `size` connected free voxels, grown at random from a random start, or None."""
    ny, nx = free.shape
    for start in _starts(free, rng):
        group = [start]
        while len(group) < size:
            around = {((y + dy) % ny, (x + dx) % nx) for y, x in group for dy, dx in SIDES}
            rim = sorted(cell for cell in around - set(group) if free[cell])
            if not rim:
                break
            group.append(rim[rng.integers(len(rim))])
        if len(group) == size:
            return group
    return None


def _starts(free: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Give free voxels at random: a few draws, then all of them in random order."""
    for y, x in rng.integers(free.shape, size=(100, 2)).tolist():
        if free[y, x]:
            yield y, x
    yield from map(tuple, rng.permutation(np.argwhere(free)).tolist())


def domain_mass(state: State, parameters: Mapping[str, float]) -> float:
    """Return the dry mass of the domain, in g: its mineral voxels."""
    return np.count_nonzero(state.solid) * voxel_mass(parameters)
