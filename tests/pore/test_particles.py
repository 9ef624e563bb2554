"""Shapes: minimum Feret diameters known by geometry, exact areas, and Table 3."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from soilnb.parameters import InputError
from soilnb.pore.parameters import PRESETS, resolve, size_classes
from soilnb.pore.structure import min_feret, mineral_shapes, organic_shapes, outline, rod

seeds = st.integers(0, 2**32 - 1)

SOLID = 36812


def block(height, width):
    return np.argwhere(np.ones((height, width)))


def is_connected(shape):
    shape = shape - shape.min(axis=0)
    grid = np.zeros(shape.max(axis=0) + 1)
    grid[tuple(shape.T)] = 1
    return ndimage.label(grid)[1] == 1


def narrowest(shape):
    """The least extent over many directions: an upper bound that converges from above."""
    corners = (shape[:, None] + [(0, 0), (0, 1), (1, 0), (1, 1)]).reshape(-1, 2)
    turn = np.linspace(0, math.pi, 20001)
    across = corners @ np.array([np.cos(turn), np.sin(turn)])
    return 2 * np.ptp(across, axis=0).min()


class TestFeret:
    @pytest.mark.parametrize(
        ("shape", "expected"),
        [
            (block(1, 1), 2.0),  # one voxel: its edge, 2 µm
            (rod(5, upright=True), 2.0),
            (rod(3, upright=False), 2.0),
            (block(2, 2), 4.0),
            (block(3, 7), 6.0),
            # two voxels touching at a corner: across the diagonal, sqrt(2) voxels
            (np.array([(0, 0), (1, 1)]), 2 * math.sqrt(2)),
            # an L of three voxels fits between lines 2 voxels apart, not closer
            (np.array([(0, 0), (0, 1), (1, 0)]), 4.0),
            # a plus: across a side of its octagon, 4 / sqrt(2) voxels
            (np.array([(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)]), 2 * 4 / math.sqrt(2)),
        ],
    )
    def test_of_known_shapes(self, shape, expected):
        assert min_feret(shape) == pytest.approx(expected, rel=1e-12)

    @settings(max_examples=20)
    @given(seeds, st.integers(4, 300))
    def test_is_the_least_width_over_all_directions(self, seed, voxels):
        shape = outline(voxels, 1.5, 0.15, np.random.default_rng(seed))
        assert min_feret(shape) == pytest.approx(narrowest(shape), rel=2e-4)
        assert min_feret(shape) <= narrowest(shape) * (1 + 1e-12)

    @settings(max_examples=20)
    @given(seeds, st.integers(2, 200))
    def test_does_not_depend_on_place_or_quarter_turns(self, seed, voxels):
        shape = outline(voxels, 1.3, 0.12, np.random.default_rng(seed))
        turned = np.column_stack([-shape[:, 1] + 40, shape[:, 0] - 7])
        assert min_feret(turned) == pytest.approx(min_feret(shape), rel=1e-12)


class TestOutline:
    @settings(max_examples=40)
    @given(seeds, st.integers(1, 400), st.floats(1, 2.5), st.floats(0, 0.2))
    def test_has_the_voxels_asked_for_in_one_piece(self, seed, voxels, elongation, roughness):
        shape = outline(voxels, elongation, roughness, np.random.default_rng(seed))
        assert len(np.unique(shape, axis=0)) == len(shape) == voxels
        assert is_connected(shape)

    def test_a_smooth_round_one_is_a_disc(self):
        shape = outline(2000, 1.0, 0.0, np.random.default_rng(0))
        diameter = 2 * math.sqrt(2000 * 4 / math.pi)
        assert min_feret(shape) == pytest.approx(diameter, rel=0.02)

    def test_elongation_is_length_by_width(self):
        shape = outline(3000, 3.0, 0.0, np.random.default_rng(1)).astype(float)
        minor, major = np.sqrt(np.linalg.eigvalsh(np.cov(shape.T)))
        assert major / minor == pytest.approx(3.0, rel=0.03)

    def test_roughness_is_what_it_says(self):
        ratios = []
        for seed in range(40):
            shape = outline(3000, 1.0, 0.1, np.random.default_rng(seed))
            y, x = (shape - shape.mean(axis=0)).T
            angle = np.floor(np.arctan2(y, x) / (2 * math.pi) * 72).astype(int)
            radius = np.array([np.hypot(y, x)[angle == a].max() for a in np.unique(angle)])
            ratios.append(radius.std() / radius.mean())
        assert np.mean(ratios) == pytest.approx(0.1, rel=0.3)


class TestMinerals:
    @pytest.mark.parametrize("preset", PRESETS)
    def test_texture_of_table_3_at_the_size_of_the_paper(self, preset):
        parameters = PRESETS[preset]
        shapes, classes = mineral_shapes(SOLID, parameters, np.random.default_rng(1))
        sizes = np.array([len(shape) for shape in shapes])
        assert sizes.sum() == SOLID
        for row, size_class in enumerate(size_classes(parameters)):
            share = sizes[classes == row].sum() / SOLID
            assert share == pytest.approx(size_class.share, abs=0.01)

    def test_every_particle_measures_what_its_class_says(self):
        shapes, classes = mineral_shapes(SOLID, PRESETS["default"], np.random.default_rng(2))
        table = size_classes(PRESETS["default"])
        limits = [(0, 2.0), (2.0, 6.3), (6.3, 20.0), (20.0, 63.0), (63.0, 200.0)]
        assert [(c.low, c.high) for c in table] == limits
        for shape, row in zip(shapes, classes, strict=True):
            low, high = limits[row]
            assert low <= min_feret(shape) <= high
            assert is_connected(shape)

    def test_come_largest_class_first(self):
        _, classes = mineral_shapes(SOLID, PRESETS["default"], np.random.default_rng(0))
        assert (np.diff(classes) <= 0).all()

    @pytest.mark.parametrize(("preset", "lengths"), [("default", (1, 5)), ("literal", (1, 1))])
    def test_the_finest_class_consists_of_rods(self, preset, lengths):
        shapes, classes = mineral_shapes(SOLID, PRESETS[preset], np.random.default_rng(0))
        rods = [shape for shape, row in zip(shapes, classes, strict=True) if row == 0]
        sizes = np.array([len(shape) for shape in rods])
        assert (sizes.min(), sizes.max()) == lengths
        assert all(min_feret(shape) == 2 for shape in rods[:50])
        upright = sum(np.ptp(shape[:, 0]) > 0 for shape in rods if len(shape) > 1)
        many = (sizes > 1).sum()
        assert abs(upright - many / 2) <= 4 * math.sqrt(many) / 2

    @settings(max_examples=15)
    @given(seeds, st.integers(2500, 12000))
    def test_small_domains_keep_their_texture_or_say_why_not(self, seed, voxels):
        parameters = PRESETS["default"]
        shapes, classes = mineral_shapes(voxels, parameters, np.random.default_rng(seed))
        sizes = np.array([len(shape) for shape in shapes])
        assert sizes.sum() == voxels
        for row, size_class in enumerate(size_classes(parameters)):
            assert sizes[classes == row].sum() / voxels == pytest.approx(size_class.share, abs=0.01)

    def test_a_domain_too_small_for_the_largest_class_is_refused(self):
        with pytest.raises(InputError, match=r"942 mineral voxels has 307 for the class 63-200 µm"):
            mineral_shapes(942, PRESETS["default"], np.random.default_rng(0))

    def test_a_class_without_share_has_no_particles(self):
        fine = resolve(
            {
                "share_1_2": 60,
                "share_2_6": 40,
                "share_6_20": 0,
                "share_20_63": 0,
                "share_63_200": 0,
            }
        )
        shapes, classes = mineral_shapes(300, fine, np.random.default_rng(0))
        assert set(classes.tolist()) == {0, 1}
        assert sum(map(len, shapes)) == 300

    def test_the_same_seed_gives_the_same_shapes(self):
        one, two, other = (
            mineral_shapes(5000, PRESETS["default"], np.random.default_rng(s)) for s in (4, 4, 5)
        )
        assert [a.tolist() for a in one[0]] == [a.tolist() for a in two[0]]
        assert [a.tolist() for a in one[0]] != [a.tolist() for a in other[0]]


def test_organic_shapes_have_the_sizes_asked_for():
    shapes = organic_shapes([20, 15, 10], PRESETS["default"], np.random.default_rng(0))
    assert [len(shape) for shape in shapes] == [20, 15, 10]
    assert all(map(is_connected, shapes))
