"""A domain from a user's own image."""

import numpy as np
import pytest
from PIL import Image

from soilnb.parameters import InputError
from soilnb.pore import motion, structure
from soilnb.pore.image import from_image
from soilnb.pore.state import INITIAL_NECROMASS, POM


def picture():
    """A small soil: a large mineral across the border, a rod, a voxel, two organic particles."""
    image = np.zeros((16, 20), np.uint8)
    image[5:11, 17:] = 1
    image[5:11, :3] = 1
    image[1, 5:9] = 1
    image[14, 10] = 1
    image[7, 8:11] = 2
    image[12:14, 3] = 3
    return image


class TestStructure:
    def test_components_become_particles_the_largest_first(self):
        state = from_image(picture(), 2.0)
        assert state.shape == (16, 20)
        assert np.bincount(state.solid.ravel())[1:].tolist() == [36, 4, 1]
        assert np.unique(state.organic).tolist() == [0, 1, 2]
        # The large one is whole across the border: 6 x 6 voxels, 12 µm; the others are 2 µm wide.
        assert state.size_class.tolist() == [0, 2, 0, 0]

    def test_organic_voxels_get_their_carbon(self):
        state = from_image(picture(), 2.0)
        pom, necromass = picture() == 2, picture() == 3
        assert (state.kind[pom] == POM).all()
        assert (state.kind[necromass] == INITIAL_NECROMASS).all()
        np.testing.assert_array_equal(state.c_pom, 0.48 * pom)
        np.testing.assert_array_equal(state.c_nec, 0.3168 * necromass)

    def test_edges_are_reactive_by_size(self):
        state = from_image(picture(), 2.0)
        marked = [int(state.reactive[:, state.solid == n].sum()) for n in (1, 2, 3)]
        assert marked == [12, 10, 4]  # half of 24 edges; all of 10; all of 4

    def test_goes_through_a_day(self):
        state = from_image(picture(), 2.0)
        structure.populate(state, {"biomass_cells": 1000})
        motion.cam_day(state)
        assert np.bincount(state.solid.ravel())[1:].tolist() == [36, 4, 1]
        assert np.count_nonzero(state.c_b) == 6

    def test_a_mineral_that_spans_the_domain_is_of_the_largest_class(self):
        image = np.zeros((200, 40), int)
        image[20:160] = 1
        assert from_image(image, 2.0).size_class.tolist() == [0, 4]


class TestResolution:
    @pytest.mark.parametrize("factor", [2, 3])
    def test_finer_images_of_the_same_soil_give_the_same_state(self, factor):
        fine = np.kron(picture(), np.ones((factor, factor), int))
        one, other = from_image(picture(), 2.0), from_image(fine, 2.0 / factor)
        np.testing.assert_array_equal(one.solid, other.solid)
        np.testing.assert_array_equal(one.kind, other.kind)

    def test_a_coarser_image_is_spread_out(self):
        state = from_image(picture(), 4.0)
        assert state.shape == (32, 40)
        assert np.count_nonzero(state.solid) == 4 * 41

    def test_a_voxel_gets_the_phase_that_covers_most_of_it(self):
        image = np.zeros((24, 24), int)
        image[:2, :2] = [[1, 1], [1, 0]]
        image[4:6, 4:6] = [[1, 0], [0, 0]]
        state = from_image(image, 1.0)
        assert state.solid[0, 0] > 0
        assert state.solid[2, 2] == 0

    def test_uneven_resolutions_keep_the_porosity(self):
        rng = np.random.default_rng(0)
        image = np.kron(rng.integers(0, 2, (30, 30)), np.ones((5, 5), int))
        state = from_image(image, 1.3)
        assert state.shape == (98, 98)
        assert np.mean(state.solid > 0) == pytest.approx(image.mean(), abs=0.02)


class TestFiles:
    @pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
    def test_images_read_like_arrays(self, tmp_path, suffix):
        path = tmp_path / f"soil{suffix}"
        Image.fromarray(picture()).save(path)
        np.testing.assert_array_equal(from_image(path, 2.0).solid, from_image(picture(), 2.0).solid)

    def test_numpy_files_too(self, tmp_path):
        np.save(tmp_path / "soil.npy", picture())
        state = from_image(str(tmp_path / "soil.npy"), 2.0)
        np.testing.assert_array_equal(state.solid, from_image(picture(), 2.0).solid)

    def test_black_and_white_and_grey_in_three_channels(self, tmp_path):
        grey = (picture() == 1) * np.uint8(255)
        Image.fromarray(np.stack([grey] * 3, axis=-1)).save(tmp_path / "soil.png")
        state = from_image(tmp_path / "soil.png", 2.0, codes={0: "pore", 255: "solid"})
        np.testing.assert_array_equal(state.solid > 0, picture() == 1)

    def test_masks(self):
        state = from_image(picture() == 1, 2.0)
        np.testing.assert_array_equal(state.solid > 0, picture() == 1)


class TestRefusals:
    @pytest.mark.parametrize(
        ("image", "options", "message"),
        [
            (picture() + np.uint8(7), {}, "image has the values 7, 8, 9, 10: allowed codes"),
            (picture() / np.float64(0.7), {}, "image has the values 1.4"),
            (np.full((20, 20), np.nan), {}, "image has the values nan"),
            (np.zeros((20, 20), int), {}, "image has no solid voxel"),
            (np.ones((20, 20), int), {}, "image has no pore voxel"),
            (np.ones((4, 4), int), {}, "shape = 4: allowed 12 to 20000"),
            (np.arange(1600).reshape(20, 20, 4), {}, "no colours"),
            (np.array([["a"] * 20] * 20), {}, "allowed numbers"),
            (picture(), {"codes": {0: "pore", 1: "stone"}}, "unknown phase 'stone'"),
            (picture(), {"resolution": -1}, "resolution = -1: allowed 0.001 to 1000"),
            (picture(), {"resolution": float("nan")}, "resolution = nan is not finite"),
            ("nowhere.png", {}, "image 'nowhere.png': no such file"),
        ],
    )
    def test_in_one_line(self, image, options, message):
        with pytest.raises(InputError, match=message) as error:
            from_image(image, **({"resolution": 2.0} | options))
        assert "\n" not in str(error.value)

    def test_a_file_that_is_no_image(self, tmp_path):
        for name in ("soil.png", "soil.npy"):
            (tmp_path / name).write_text("no image")
            with pytest.raises(InputError, match="soil"):
                from_image(tmp_path / name, 2.0)

    def test_a_stack_of_images(self, tmp_path):
        page = Image.fromarray(picture())
        page.save(tmp_path / "stack.tif", save_all=True, append_images=[page])
        with pytest.raises(InputError, match="has 2 pages: allowed one"):
            from_image(tmp_path / "stack.tif", 2.0)
