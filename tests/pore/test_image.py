"""A domain from a user's own image."""

import struct

import numpy as np
import pytest
from PIL import Image

from soilnb.parameters import InputError
from soilnb.pore import motion, structure
from soilnb.pore.image import ImageWarning, from_image
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

    def test_masks_say_how_they_were_taken(self):
        with pytest.warns(
            ImageWarning, match=r"True is taken as solid, porosity 0\.872; .* 0\.128"
        ):
            state = from_image(picture() == 1, 2.0)
        np.testing.assert_array_equal(state.solid > 0, picture() == 1)
        void = from_image(picture() != 1, 2.0, codes={True: "pore", False: "solid"})
        np.testing.assert_array_equal(void.solid, state.solid)

    def test_what_was_understood_is_said(self, capsys):
        from_image(picture(), 2.0)
        assert capsys.readouterr().err == (
            "note: image of 16 × 20 voxels of 2 µm: porosity 0.872 "
            "(pore 0.856, solid 0.128, pom 0.009, necromass 0.006)\n"
        )


BLACK = {0: "solid", 255: "pore"}


def black_and_white():
    """Minerals are black, as on most pictures."""
    return np.where(picture() == 1, 0, 255).astype(np.uint8)


def saved(path, pixels, white_is_zero=False, **options):
    """Write an image; with `white_is_zero` change the tag that says how it is shown."""
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(path, **options)
    if white_is_zero:
        content = path.read_bytes()
        tag = struct.pack("<HHII", 262, 3, 1, 1)
        assert content.count(tag) == 1
        path.write_bytes(content.replace(tag, struct.pack("<HHII", 262, 3, 1, 0)))
    return path


class TestWaysToReadAFile:
    def solid(self, *arguments, **options):
        return from_image(*arguments, 2.0, **options).solid > 0

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "CMYK", "I;16", "F"])
    def test_channels_without_colour_and_other_types_of_numbers(self, tmp_path, mode):
        grey = Image.fromarray(black_and_white())
        path = saved(tmp_path / "soil.tif", grey.convert("RGB" if mode == "CMYK" else mode))
        if mode == "CMYK":
            saved(path, grey.convert("RGB").convert("CMYK"))
        np.testing.assert_array_equal(self.solid(path, codes=BLACK), picture() == 1)

    def test_one_bit_has_the_numbers_0_and_1_or_0_and_255(self, tmp_path):
        path = saved(tmp_path / "soil.png", black_and_white() > 0)
        for codes in (BLACK, {0: "solid", 1: "pore"}):
            np.testing.assert_array_equal(self.solid(path, codes=codes), picture() == 1)
        with pytest.raises(InputError, match=r"two values, 0 and 255, .* porosity 0\.128 with"):
            from_image(path, 2.0)

    def test_sixteen_bits(self, tmp_path):
        path = saved(tmp_path / "soil.png", black_and_white().astype(np.uint16) * 257)
        codes = {0: "solid", 65535: "pore"}
        np.testing.assert_array_equal(self.solid(path, codes=codes), picture() == 1)
        with pytest.raises(InputError, match="image has the values 65535: allowed codes"):
            from_image(path, 2.0, codes=BLACK)

    def test_a_palette_has_numbers_and_perhaps_shades_of_grey(self, tmp_path):
        labels = Image.fromarray(picture(), "P")
        labels.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 0])
        path = saved(tmp_path / "labels.png", labels)
        np.testing.assert_array_equal(from_image(path, 2.0).kind, from_image(picture(), 2.0).kind)
        turned = Image.fromarray((picture() == 1).astype(np.uint8), "P")
        turned.putpalette([255, 255, 255, 0, 0, 0])
        path = saved(tmp_path / "grey.png", turned)
        np.testing.assert_array_equal(self.solid(path, codes=BLACK), picture() == 1)

    @pytest.mark.parametrize("kind", ["one bit", "8 bits", "16 bits"])
    def test_white_stored_as_zero_is_asked_for(self, tmp_path, kind):
        shown = black_and_white()
        highest = 65535 if kind == "16 bits" else 255
        stored = (shown == 0) * (np.uint16 if kind == "16 bits" else np.uint8)(highest)
        path = saved(tmp_path / "w.tif", stored > 0 if kind == "one bit" else stored, True)
        codes = {0: "solid", highest: "pore"}
        if kind == "one bit":  # 0 and 1 can only be the numbers in the file
            ones = {0: "pore", 1: "solid"}
            np.testing.assert_array_equal(self.solid(path, codes=ones), picture() == 1)
        else:
            with pytest.raises(InputError) as error:
                from_image(path, 2.0, codes=codes)
            assert "porosity 0.128 (values='stored'), or 0.872 (values='shown')" in str(error.value)
            solid = self.solid(path, codes=codes, values="stored")
            np.testing.assert_array_equal(solid, picture() != 1)
        np.testing.assert_array_equal(self.solid(path, codes=codes, values="shown"), picture() == 1)

    def test_codes_as_text(self):
        solid = self.solid((picture() == 1).astype(np.uint8), codes={"0": "pore", "1.0": "solid"})
        np.testing.assert_array_equal(solid, picture() == 1)
        np.testing.assert_array_equal(self.solid(picture().astype(str)), picture() == 1)

    def test_a_slice_of_a_stack(self, tmp_path):
        stack = np.stack([np.ones_like(picture()), picture()])
        np.testing.assert_array_equal(self.solid(stack, page=1), picture() == 1)
        np.save(tmp_path / "stack.npy", stack)
        np.testing.assert_array_equal(self.solid(tmp_path / "stack.npy", page=1), picture() == 1)
        first, second = map(Image.fromarray, stack)
        path = saved(tmp_path / "s.tif", first, save_all=True, append_images=[second])
        np.testing.assert_array_equal(self.solid(path, page=1), picture() == 1)

    def test_a_last_axis_of_one_is_no_stack(self):
        np.testing.assert_array_equal(self.solid(picture()[..., np.newaxis]), picture() == 1)

    def test_masked_arrays_with_a_value_everywhere(self):
        np.testing.assert_array_equal(self.solid(np.ma.array(picture())), picture() == 1)

    def test_damaged_files_get_one_line(self, tmp_path):
        rng = np.random.default_rng(0)
        whole = {}
        for name in ("soil.png", "soil.tif", "soil.npy"):
            path = tmp_path / name
            np.save(path, picture()) if name.endswith("npy") else saved(path, picture())
            whole[path] = path.read_bytes()
        for _ in range(40):
            for path, content in whole.items():
                damaged = bytearray(content[: rng.integers(1, len(content) + 1)])
                for at in rng.integers(0, len(damaged), rng.integers(1, 6)):
                    damaged[at] = rng.integers(256)
                path.write_bytes(damaged)
                try:
                    from_image(path, 2.0)
                except InputError as error:
                    assert "\n" not in str(error)  # noqa: PT017


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
            ((picture() == 1) * 9, {}, r"two values, 0 and 9, .*codes=\{0: 'solid', 9: 'pore'\}"),
            (np.arange(320).reshape(16, 20), {}, "grey values: segment first.*image > 1[56]"),
            (np.ma.masked_equal(picture(), 1), {}, "41 masked pixels: .*filled"),
            (np.stack([picture()] * 4), {}, "stack of 4 slices: which slice.*page=0 to 3"),
            (np.stack([picture()] * 5), {"page": 5}, "page = 5: allowed whole numbers from 0 to 4"),
            (np.stack([picture()] * 5), {"page": 0.5}, "page = 0.5: allowed whole numbers"),
            (np.dstack([picture()] * 3 + [picture()]), {}, "transparent pixels"),
            (np.zeros((2, 2, 2, 2)), {}, "no colours"),
            (np.broadcast_to(np.int8(0), (10**6, 10**6)), {}, "1000000 × 1000000 pixels: allowed"),
            (picture(), {"resolution": (2, 5)}, "one edge for both directions; resample"),
            (picture(), {"resolution": 900.0}, "allowed 25,000,000 voxels in all"),
            (picture(), {"values": "seen"}, "unknown values 'seen'"),
            (picture(), {"codes": ["pore", "solid"]}, "allowed a mapping"),
            (picture(), {"codes": {"void": "pore"}}, "code 'void' of 'pore' is not a number"),
            (picture(), {"codes": {0: "pore", "0": "solid"}}, "code '0' is given twice"),
            (picture(), {"codes": {0: "void", 1: "solid"}}, "unknown phase 'void'; valid: pore"),
        ],
    )
    def test_in_one_line(self, image, options, message):
        with pytest.raises(InputError, match=message) as error:
            from_image(image, **({"resolution": 2.0} | options))
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize("name", ["soil.png", "soil.tif"])
    def test_a_file_of_unequal_pixels(self, tmp_path, name):
        path = saved(tmp_path / name, Image.fromarray(picture()), dpi=(100, 300))
        with pytest.raises(InputError, match=r"its pixels are unequal .* resample it to square"):
            from_image(path, 2.0)
        from_image(saved(tmp_path / name, Image.fromarray(picture()), dpi=(300, 300)), 2.0)

    def test_a_file_that_is_no_image(self, tmp_path):
        for name in ("soil.png", "soil.npy"):
            (tmp_path / name).write_text("no image")
            with pytest.raises(InputError, match="soil"):
                from_image(tmp_path / name, 2.0)

    def test_a_stack_of_images(self, tmp_path):
        page = Image.fromarray(picture())
        page.save(tmp_path / "stack.tif", save_all=True, append_images=[page])
        with pytest.raises(
            InputError, match=r"stack of 2 slices: which slice\? allowed page=0 to 1"
        ):
            from_image(tmp_path / "stack.tif", 2.0)
