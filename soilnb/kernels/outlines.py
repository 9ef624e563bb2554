"""Geometry of single particles: how far voxels lie from a wavy centre, and how wide a shape is.

Lengths are in voxels, angles in radians.
"""

import math

import numpy as np
from numba import njit

__all__ = ["WAVES", "distances", "min_width"]

#: Waves around an outline.
WAVES = np.arange(2, 7)

#: Least radius of a wavy outline, relative to the one without waves.
_LEAST_RADIUS = 0.2


@njit(cache=True, error_model="numpy")
def distances(half, elongation, turn, centre_y, centre_x, height, phase):
    """Return how far the voxels of a square lie from its centre, measured by a wavy ellipse.

    Parameters
    ----------
    half : int
        Voxels from the middle of the square to its rim.
    elongation : float
        Ratio of length to width of the ellipse, at least 1.
    turn : float
        Direction of its length, in radians.
    centre_y, centre_x : float
        Centre relative to the middle voxel, in voxels.
    height, phase : arrays, shape (5,)
        Heights of the waves of the outline, relative to the radius, and their angles at the
        length of the ellipse, in radians; see `WAVES`.

    Returns
    -------
    array, shape (2 * half + 1, 2 * half + 1)
        Distances, in voxels of the circle of equal area; infinite on the rim.
    """
    distance = np.full((2 * half + 1, 2 * half + 1), np.inf)
    stretch = math.sqrt(elongation)
    cos, sin = math.cos(turn), math.sin(turn)
    wave_cos, wave_sin = height * np.cos(phase), height * np.sin(phase)
    for j in range(1, 2 * half):
        for i in range(1, 2 * half):
            y, x = j - half - centre_y, i - half - centre_x
            along, across = (x * cos + y * sin) / stretch, (y * cos - x * sin) * stretch
            far = math.hypot(along, across)
            # radius = 1 + sum of height * cos(wave * angle + phase), by de Moivre's formula
            radius = 1.0
            if far > 0.0:
                step = complex(along, across) / far
                turned = step
                for w in range(height.size):
                    turned *= step
                    radius += wave_cos[w] * turned.real - wave_sin[w] * turned.imag
            distance[j, i] = far / max(radius, _LEAST_RADIUS)
    return distance


@njit(cache=True, error_model="numpy")
def min_width(cells):
    """Return the smallest distance between two parallel lines that enclose a shape, in voxels.

    The least width of a convex polygon lies across one of its sides (rotating calipers). All but
    the last division is done in whole numbers, so that a shape that just touches a limit does so
    exactly.

    Parameters
    ----------
    cells : int64 array, shape (n, 2)
        Voxels (y, x) of the shape; their corners count.
    """
    hull, n = _hull(cells)
    least = np.inf
    for side in range(n):
        y, x = hull[side]
        down, right = hull[(side + 1) % n, 0] - y, hull[(side + 1) % n, 1] - x
        across = 0
        for p in range(n):
            across = max(across, down * (hull[p, 1] - x) - right * (hull[p, 0] - y))
        least = min(least, across / math.sqrt(down * down + right * right))
    return least


@njit(cache=True, error_model="numpy")
def _hull(cells):
    """Return corners (y, x) of the convex hull, and how many: down the left side, up the right."""
    top, bottom = cells[0, 0], cells[0, 0]
    for c in range(cells.shape[0]):
        top, bottom = min(top, cells[c, 0]), max(bottom, cells[c, 0])
    rows = bottom - top + 2
    # outermost corners of each row of corners; rows without voxels keep right < left
    left, right = np.full(rows, 1 << 60), np.full(rows, -(1 << 60))
    for c in range(cells.shape[0]):
        for row in range(cells[c, 0] - top, cells[c, 0] - top + 2):
            left[row] = min(left[row], cells[c, 1])
            right[row] = max(right[row], cells[c, 1] + 1)
    hull = np.empty((2 * rows, 2), np.int64)
    n = 0
    for i in range(2 * rows):
        y = i if i < rows else 2 * rows - 1 - i
        x = left[y] if i < rows else right[y]
        if right[y] < left[y]:
            continue
        # a corner that the next one leaves inside is none of the hull
        while n > 1 and (hull[n - 1, 0] - hull[n - 2, 0]) * (x - hull[n - 1, 1]) <= (
            hull[n - 1, 1] - hull[n - 2, 1]
        ) * (y - hull[n - 1, 0]):
            n -= 1
        hull[n, 0], hull[n, 1] = y, x
        n += 1
    return hull, n
