"""Shapes of particles, made from a seed: by size class for minerals, by voxels for organic ones.

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

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from soilnb.kernels import automaton, outlines
from soilnb.parameters import InputError
from soilnb.pore.parameters import VOXEL, SizeClass, size_classes

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
