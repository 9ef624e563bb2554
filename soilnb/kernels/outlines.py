"""Geometry of single particles: how far voxels lie from a wavy centre, and how wide a shape is.

Lengths are in voxels, angles in radians.
"""

import math

import numpy as np

from soilnb.kernels.compiler import njit

#: Waves around an outline.
WAVES = np.arange(2, 7)

#: Least radius of a wavy outline, relative to the one without waves.
_LEAST_RADIUS = 0.2

#: Beyond every voxel.
_FAR = 1 << 40


@njit(cache=True, error_model="numpy")
def distances(elongation, turn, centre_y, centre_x, wave_cos, wave_sin, distance):
    """Measure how far the voxels of a square lie from its centre, by a wavy ellipse.

    Parameters
    ----------
    elongation : float
        Ratio of length to width of the ellipse, at least 1.
    turn : float
        Direction of its length, in radians.
    centre_y, centre_x : float
        Centre relative to the middle voxel, in voxels.
    wave_cos, wave_sin : arrays, shape (5,)
        Height of the waves of the outline relative to the radius, times the cosine and the sine
        of their angle at the length of the ellipse; see `WAVES`.
    distance : array, shape (2 * half + 1, 2 * half + 1)
        Result, in voxels of the circle of equal area; the rim stays as it is.
    """
    half = distance.shape[0] // 2
    stretch = math.sqrt(elongation)
    cos, sin = math.cos(turn), math.sin(turn)
    for j in range(1, 2 * half):
        for i in range(1, 2 * half):
            y, x = j - half - centre_y, i - half - centre_x
            along, across = (x * cos + y * sin) / stretch, (y * cos - x * sin) * stretch
            far = math.sqrt(along * along + across * across)
            # radius = 1 + sum of height * cos(wave * angle + phase), angle by angle around
            radius = 1.0
            if far > 0.0:
                c, s = along / far, across / far
                cos_w, sin_w = c, s
                for w in range(wave_cos.size):
                    cos_w, sin_w = cos_w * c - sin_w * s, cos_w * s + sin_w * c
                    radius += wave_cos[w] * cos_w - wave_sin[w] * sin_w
            distance[j, i] = far / max(radius, _LEAST_RADIUS)


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
    top, bottom = cells[0, 0], cells[0, 0]
    for c in range(cells.shape[0]):
        top, bottom = min(top, cells[c, 0]), max(bottom, cells[c, 0])
    # Outermost corners of each row of corners; rows without voxels keep right < left.
    rows = bottom - top + 2
    left, right = np.empty(rows, np.int64), np.empty(rows, np.int64)
    for row in range(rows):
        left[row], right[row] = _FAR, -_FAR
    for c in range(cells.shape[0]):
        for row in range(cells[c, 0] - top, cells[c, 0] - top + 2):
            left[row] = min(left[row], cells[c, 1])
            right[row] = max(right[row], cells[c, 1] + 1)
    # The convex hull, down the left side and up the right one. A corner that the next one
    # leaves inside is none of it.
    hull_y, hull_x = np.empty(2 * rows, np.int64), np.empty(2 * rows, np.int64)
    n = 0
    for i in range(2 * rows):
        y = i if i < rows else 2 * rows - 1 - i
        x = left[y] if i < rows else right[y]
        if right[y] < left[y]:
            continue
        while n > 1 and (hull_y[n - 1] - hull_y[n - 2]) * (x - hull_x[n - 1]) <= (
            hull_x[n - 1] - hull_x[n - 2]
        ) * (y - hull_y[n - 1]):
            n -= 1
        hull_y[n], hull_x[n] = y, x
        n += 1
    least = np.inf
    for side in range(n):
        y, x = hull_y[side], hull_x[side]
        down, along = hull_y[(side + 1) % n] - y, hull_x[(side + 1) % n] - x
        across = 0
        for p in range(n):
            across = max(across, down * (hull_x[p] - x) - along * (hull_y[p] - y))
        least = min(least, across / math.sqrt(down * down + along * along))
    return least
