"""Distances by a wavy ellipse and widths of shapes, against plain NumPy and SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from soilnb.kernels import outlines


def plain_distances(half, elongation, turn, centre, height, phase):
    axis = np.arange(-half, half + 1)
    y, x = np.meshgrid(axis - centre[0], axis - centre[1], indexing="ij")
    along = (x * math.cos(turn) + y * math.sin(turn)) / math.sqrt(elongation)
    across = (y * math.cos(turn) - x * math.sin(turn)) * math.sqrt(elongation)
    angle = np.arctan2(across, along)
    radius = 1 + np.cos(angle[..., None] * outlines.WAVES + phase) @ height
    return np.hypot(along, across) / np.maximum(radius, 0.2)


class TestDistances:
    @settings(max_examples=25)
    @given(st.integers(0, 2**32 - 1), st.floats(1, 3), st.integers(1, 12))
    def test_equal_the_formula_inside_the_rim(self, seed, elongation, half):
        rng = np.random.default_rng(seed)
        turn, centre = rng.uniform(0, math.pi), rng.uniform(-0.5, 0.5, 2)
        # waves so high that the least radius is reached
        height, phase = rng.normal(size=5) / 2, rng.uniform(0, 2 * math.pi, 5)
        found = np.full((2 * half + 1, 2 * half + 1), np.inf)
        waves = height * np.cos(phase), height * np.sin(phase)
        outlines.distances(elongation, turn, *centre, *waves, found)
        expected = plain_distances(half, elongation, turn, centre, height, phase)
        inner = np.s_[1:-1, 1:-1]
        np.testing.assert_allclose(found[inner], expected[inner], rtol=1e-10)
        found[inner] = np.inf
        assert np.isinf(found).all()

    def test_the_very_centre_is_at_no_distance(self):
        found = np.full((3, 3), np.inf)
        outlines.distances(1.0, 0.0, 0.0, 0.0, np.zeros(5), np.zeros(5), found)
        assert found[1, 1] == 0


def plain_width(cells):
    """Widths across all sides of the hull of the voxel corners."""
    steps = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
    corners = np.unique((cells[:, None, :] + steps).reshape(-1, 2), axis=0)
    hull = corners[ConvexHull(corners).vertices].astype(float)
    sides = np.roll(hull, -1, axis=0) - hull
    normals = np.column_stack([-sides[:, 1], sides[:, 0]]) / np.hypot(*sides.T)[:, None]
    across = hull @ normals.T
    return (across.max(axis=0) - across.min(axis=0)).min()


class TestMinWidth:
    @settings(max_examples=60)
    @given(
        st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=25),
    )
    def test_equals_the_widths_across_the_hull(self, cells):
        # scattered voxels: rows without any, hulls of every form
        cells = np.array(cells, np.int64)
        assert outlines.min_width(cells) == pytest.approx(plain_width(cells), rel=1e-12)

    def test_a_width_in_whole_voxels_is_exact(self):
        # A band between two lines of slope 3/4, whose width by floats would depend on rounding.
        y, x = np.mgrid[-40:41, -40:41].reshape(2, -1)
        inside = [np.abs(3 * (y + dy) - 4 * (x + dx)) <= 25 for dy in (0, 1) for dx in (0, 1)]
        cells = np.column_stack([y, x])[np.all(inside, axis=0)]
        assert outlines.min_width(cells) == 10.0
