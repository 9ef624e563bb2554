"""The structure at the start: shapes of particles, reactive edges, organic matter, microbes.

The dispersed state is built in the paper's order (Sect. 2.3): mineral particles at random free
places, the largest classes first, until the porosity is reached; organic particles into the
pores that are left; after the initial aggregation (`soilnb.pore.motion.aggregate`) the biomass
cells and the solution. Counts that the paper gives for 500 x 500 µm scale with the area.

The paper takes its shapes from a library of images that is not public. Here a shape is the set of
the voxels nearest to a random centre, where nearness is measured by an ellipse of random
elongation and direction with a wavy outline. So a shape has exactly the voxels that are asked
for, and the area of every class of Table 3 is met exactly but for the roundest of cases.

Minerals are classified by their minimum Feret diameter: the smallest distance between two
parallel lines that enclose the particle, voxel corners included. A voxel, and any rod one voxel
wide, measures 2 µm. The finest class (1-2 µm) is below the resolution: it consists of rods one
voxel wide, of a length that the parameters give.

Within a class, the area is spread evenly over the logarithm of the diameter, as a particle-size
curve that is straight between its class limits would have it.
"""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from soilnb.kernels import automaton, outlines
from soilnb.parameters import InputError, ParameterSet, check_range, shown
from soilnb.pore.parameters import (
    PAPER_SOLID,
    PAPER_VOXELS,
    VOXEL,
    SizeClass,
    size_classes,
    voxel_mass,
    with_parameters,
)
from soilnb.pore.state import INITIAL_NECROMASS, POM, SIDES, State

#: Fewest voxels down or across: the farthest move of a day must not reach round the torus.
MIN_SIDE = 12

#: Most voxels of a domain: a run takes about 200 bytes for each.
MOST_VOXELS = 25_000_000

#: Random places that are tried before the whole domain is searched.
_TRIES = 1000

#: Shapes that are tried for an organic particle, the first included.
_SHAPES = 20

#: Rows and columns of the voxels of a particle.
Place = tuple[np.ndarray, np.ndarray]

#: How often a shape of a class is drawn anew before the class counts as impossible.
_ATTEMPTS = 400

#: Heights of waves of random height per root mean square of their sum.
_PER_ROUGHNESS = math.sqrt(2 / (1.0 / outlines.WAVES**2).sum())

#: A class may miss its share by as much of the mineral area before it is an error (Table 3 is
#: met within one point).
_SLACK = 0.01


def min_feret(shape: np.ndarray) -> float:
    """Return the minimum Feret diameter of a particle, in µm.

    Parameters
    ----------
    shape : int array, shape (n, 2)
        Voxels ``(y, x)`` of the particle.
    """
    return VOXEL * outlines.min_width(np.ascontiguousarray(shape, np.int64))


def rod(length: int, upright: bool) -> np.ndarray:
    """Return a rod of `length` voxels, one voxel wide, as an int array (length, 2)."""
    along, across = np.arange(length), np.zeros(length, int)
    return np.column_stack([along, across] if upright else [across, along])


def outline(
    voxels: int, elongation: float, roughness: float, rng: np.random.Generator
) -> np.ndarray:
    """Return a connected random shape of exactly `voxels` voxels, as an int array (voxels, 2).

    Parameters
    ----------
    voxels : int
        Number of voxels.
    elongation : float
        Ratio of length to width, at least 1.
    roughness : float
        Root mean square of the waves of the outline, relative to the radius.
    rng : numpy.random.Generator
        Source of direction, centre and waves.
    """
    while True:
        near = _nearest(voxels, elongation, roughness, rng)
        if _is_whole(near):
            cells = np.argwhere(near)
            return cells - cells[0]


def _nearest(
    voxels: int, elongation: float, roughness: float, rng: np.random.Generator
) -> np.ndarray:
    """Mark the voxels nearest to a random centre, by the distance that the module describes."""
    half = math.ceil(math.sqrt(voxels * elongation / math.pi) * (1 + 3 * roughness)) + 3
    turn = rng.uniform(0, math.pi)
    centre = rng.uniform(-0.5, 0.5, 2)
    # The longer a wave the higher, and all together of the asked root mean square.
    height = rng.normal(size=outlines.WAVES.size) / outlines.WAVES * (roughness * _PER_ROUGHNESS)
    phase = rng.uniform(0, 2 * math.pi, outlines.WAVES.size)
    distance = np.full((2 * half + 1, 2 * half + 1), np.inf)
    outlines.distances(
        elongation, turn, *centre, height * np.cos(phase), height * np.sin(phase), distance
    )
    near = np.zeros(distance.shape, bool)
    near.flat[np.argpartition(distance, voxels - 1, axis=None)[:voxels]] = True
    return near


def _is_whole(near: np.ndarray) -> bool:
    """Whether the marked voxels, none of which is on the rim, are one piece without a hole."""
    phase = np.subtract(2, near, dtype=np.int32)
    parent, label = np.empty((2, phase.size), np.int32)
    return automaton.label_components(phase.ravel(), *phase.shape, False, parent, label) == 2


def organic_shapes(
    sizes: np.ndarray | list[int], parameters: Mapping[str, float], rng: np.random.Generator
) -> list[np.ndarray]:
    """Return one random shape per entry of `sizes` (voxels)."""
    return [
        outline(int(n), rng.uniform(1, parameters["elongation"]), parameters["roughness"], rng)
        for n in sizes
    ]


def mineral_shapes(
    voxels: int, parameters: Mapping[str, float], rng: np.random.Generator
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return shapes of mineral particles that fill `voxels` by the texture of Table 3.

    Parameters
    ----------
    voxels : int
        Mineral voxels of the domain.
    parameters : mapping
        Texture (``share_*``), ``fine_min``, ``fine_max``, ``roughness`` and ``elongation``.
    rng : numpy.random.Generator
        Source of the shapes.

    Returns
    -------
    shapes : list of int arrays (n, 2)
        Largest class first; their voxels add up to `voxels`.
    classes : int8 array
        Row of Table 3 of each shape.

    Raises
    ------
    InputError
        When the domain is too small for the particles of a class.
    """
    table = size_classes(parameters)
    shapes: list[np.ndarray] = []
    classes: list[int] = []
    used, target = 0, 0.0
    for row in range(len(table) - 1, 0, -1):
        target += table[row].share * voxels
        wanted = round(target) - used
        made = _fill_class(table[row], wanted, parameters, rng)
        missed = wanted - sum(map(len, made))
        if abs(missed) > _SLACK * voxels:
            raise InputError(
                f"domain of {voxels} mineral voxels has {wanted} for the class {table[row].label}: "
                f"allowed about {_least_voxels(table[row])} or more, which one "
                "particle needs; take a larger domain or another texture"
            )
        shapes += made
        classes += [row] * len(made)
        used += sum(map(len, made))
    rods = _rods(voxels - used, parameters, rng)
    return shapes + rods, np.array(classes + [0] * len(rods), np.int8)


def _rods(
    voxels: int, parameters: Mapping[str, float], rng: np.random.Generator
) -> list[np.ndarray]:
    """Fill `voxels` with rods of random length and direction; the last one takes the rest."""
    least, most = int(parameters["fine_min"]), int(parameters["fine_max"])
    rods = [[rod(length, upright) for upright in (False, True)] for length in range(most + 1)]
    shapes = []
    while voxels > 0:
        # as many as will be needed in any case
        count = max(1, voxels // most)
        for length, upright in rng.integers([least, 0], [most + 1, 2], (count, 2)).tolist():
            shapes.append(rods[min(length, voxels)][upright])
            voxels -= len(shapes[-1])
    return shapes


def _least_voxels(size_class: SizeClass) -> int:
    """Voxels of a round particle at the lower limit of the class, about the least possible."""
    return math.ceil(math.pi / 4 * (size_class.low / VOXEL) ** 2)


def _fill_class(
    size_class: SizeClass, voxels: int, parameters: Mapping[str, float], rng: np.random.Generator
) -> list[np.ndarray]:
    """Return shapes of one class with `voxels` voxels in all, or as near as it gets."""
    shapes: list[np.ndarray] = []
    least = _least_voxels(size_class)
    for _ in range(_ATTEMPTS + voxels):
        if voxels < least:
            break
        size, elongation = _draw_size(size_class, parameters, rng)
        # A remainder too small for another particle goes into this one.
        size = size if size <= voxels - 1.3 * least else voxels
        shape = outline(size, elongation, parameters["roughness"], rng)
        if size_class.holds(min_feret(shape)):
            shapes.append(shape)
            voxels -= size
    return sorted(shapes, key=len, reverse=True)


def _draw_size(
    size_class: SizeClass, parameters: Mapping[str, float], rng: np.random.Generator
) -> tuple[int, float]:
    """Draw voxels and elongation of a particle: equal area per logarithm of the diameter."""
    low, high = max(size_class.low, VOXEL) / VOXEL, size_class.high / VOXEL
    # Area per particle grows with d**2, so numbers fall with d**-3: uniform in d**-2.
    width = rng.uniform(high**-2, low**-2) ** -0.5
    elongation = rng.uniform(1, parameters["elongation"])
    return max(2, round(math.pi / 4 * width**2 * elongation)), elongation


@with_parameters
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

    Examples
    --------
    >>> int(dispersed((64, 64), seed=1).solid.max())  # mineral particles
    210
    """
    ny, nx = check_shape(shape)
    state = State.empty((ny, nx), generator(seed))
    voxels = math.floor((1 - parameters["porosity"]) * ny * nx + 1e-9)
    shapes, classes = mineral_shapes(voxels, parameters, state.rng)
    state.size_class = np.concatenate([np.zeros(1, np.int8), classes])
    _place(
        state,
        state.solid,
        shapes,
        lambda free, shape: _any_place(free, shape[:, ::-1], state.rng),
        "a mineral particle",
    )
    mark_reactive(state, parameters)
    place_organic(state, parameters)
    if parameters.options["biomass_placed"] == "before_aggregation":
        populate(state, parameters)
    return state


def check_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return `shape` as two ints, or raise `InputError`."""
    try:
        ny, nx = shape
    except (TypeError, ValueError):
        raise InputError(
            f"shape = {shown(shape)}: allowed two numbers of voxels (down, across)"
        ) from None
    for side in (ny, nx):
        if np.ndim(side) or check_range("shape", side, MIN_SIDE, 20000, "voxels") != int(side):
            raise InputError(f"shape = {shown(shape)}: allowed whole numbers of voxels")
    if ny * nx > MOST_VOXELS:
        raise InputError(f"shape = {shown(shape)}: allowed {MOST_VOXELS:,} voxels in all")
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
        raise InputError(f"seed = {shown(seed)}: allowed whole numbers from 0") from None


@with_parameters
def mark_reactive(state: State, parameters: str | Mapping = "default") -> None:
    """Make the share of outer edges reactive that each particle's size class has.

    The edges are drawn without replacement; their number is rounded to the nearest.
    """
    share = np.array([c.reactive for c in size_classes(parameters)])[state.size_class]
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


@with_parameters
def place_organic(state: State, parameters: str | Mapping = "default") -> None:
    """Put the first organic particles into the pores, the largest first.

    They have 20, 15 and 10 voxels; the first half of them is particulate organic matter, the
    rest necromass (60 and 60 in 500 x 500 µm).
    """
    sizes = organic_sizes(int((state.solid > 0).sum()), parameters)
    shapes = organic_shapes(sizes, parameters, state.rng)
    first = state.next_organic
    _place(
        state,
        state.organic,
        shapes,
        lambda free, shape: _pore_place(free, shape, parameters, state.rng),
        "an organic particle",
    )
    state.next_organic = first + len(shapes)
    last_pom = first + round(parameters["pom_fraction"] * len(shapes))
    fresh = state.organic >= first
    pom = fresh & (state.organic < last_pom)
    state.kind[fresh] = np.where(pom[fresh], POM, INITIAL_NECROMASS)
    state.c_pom[pom] = parameters["pom_start"]
    state.c_nec[fresh & ~pom] = parameters["necromass_start"]


def organic_sizes(solid_voxels: int, parameters: Mapping[str, float]) -> list[int]:
    """Return the voxels of each of the first organic particles, largest first."""
    total = parameters["organic_share"] * solid_voxels
    share_20, share_15 = parameters["organic_share_20"], parameters["organic_share_15"]
    shares = {20: share_20, 15: share_15, 10: 1 - share_20 - share_15}
    return [size for size, share in shares.items() for _ in range(round(share * total / size))]


@with_parameters
def add_pom(state: State, parameters: str | Mapping = "default") -> int:
    """Bring the organic matter of the coming day; return how many particles were placed.

    One particle is due every `pom_interval` days and per mineral mass of the paper's domain;
    fractions add up. What finds no place stays due.
    """
    interval = parameters["pom_interval"]
    intervals = math.floor((state.day + 1) / interval) - math.floor(state.day / interval)
    state.pom_due += intervals * np.count_nonzero(state.solid) / PAPER_SOLID
    placed = place_pom(state, parameters, math.floor(state.pom_due + 1e-9)) if intervals else 0
    state.pom_due -= placed
    return placed


@with_parameters
def place_pom(state: State, parameters: str | Mapping = "default", count: int = 1) -> int:
    """Put up to `count` fresh organic particles at random free places; return how many fit.

    Free is what no particle and no biomass holds; the solution there goes to the nearest open
    voxels. The carbon and nitrogen brought are added to the state's budget.
    """
    size = round(parameters["pom_voxels"])
    for placed, shape in enumerate(organic_shapes([size] * count, parameters, state.rng)):
        place = _organic_place(state.open & (state.c_b == 0), shape, parameters, state.rng)
        if place is None:
            return placed
        state.organic[place] = state.next_organic
        state.kind[place] = POM
        state.c_pom[place] = parameters["pom_start"]
        state.next_organic += 1
        state.budget["c_pom_input"] += size * parameters["pom_start"]
        state.budget["n_pom_input"] += size * parameters["pom_start"] / parameters["cn_pom"]
        automaton.expel(state.solid, state.organic, state.c_s, state.n_s)
    return count


def populate(state: State, parameters: str | Mapping = "default") -> None:
    """Fill the pores with solution and put the first biomass cells into them."""
    fill_solution(state, parameters)
    place_biomass(state, parameters)


@with_parameters
def fill_solution(state: State, parameters: str | Mapping = "default") -> None:
    """Give every open voxel the first concentrations of dissolved carbon and nitrogen."""
    state.c_s[:] = np.where(state.open, parameters["dissolved_start"], 0.0)
    state.n_s[:] = state.c_s / parameters["cn_dissolved_start"]


@with_parameters
def place_biomass(state: State, parameters: str | Mapping = "default") -> None:
    """Put biomass cells into the pores in connected groups that do not touch (72 of 3).

    Raises
    ------
    InputError
        When the pores have no room for a group.
    """
    size = round(parameters["biomass_group"])
    cells = parameters["biomass_cells"] * state.solid.size / PAPER_VOXELS
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
            state.c_b[y, x] = parameters["biomass_start"]
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
