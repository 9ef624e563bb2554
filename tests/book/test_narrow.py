"""Parts of a picture on the pages of the book: written once, and kept when it gets a palette."""

import io

import pytest
from matplotlib.figure import Figure
from PIL import Image

from soilnb import panels, results
from soilnb.pipeline.pages import narrow


def book(tmp_path, width):
    """A compiled page with one picture of two panels."""
    figure = Figure(figsize=(width, 3), layout="constrained")
    figure.subplots(1, 2)
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.png").write_bytes(results.picture(figure))
    page = tmp_path / "page.html"
    page.write_text('<p><img alt="two panels" src="_images/a.png" style="width: 9px;" /></p>')
    narrow.mark(tmp_path)
    return page


def test_a_page_says_which_parts_its_pictures_have_and_says_it_once(tmp_path):
    page = book(tmp_path, 9)
    text = page.read_text()
    assert text.startswith('<p><img data-panels="{&quot;size&quot;: [')
    assert text.endswith(' alt="two panels" src="_images/a.png" style="width: 9px;" /></p>')
    narrow.mark(tmp_path)
    assert page.read_text() == text


def test_a_narrow_picture_has_no_parts(tmp_path):
    assert "data-panels" not in book(tmp_path, 4).read_text()


def test_parts_are_in_pixels_of_the_page(tmp_path):
    book(tmp_path, 9)
    path = tmp_path / "_images" / "a.png"
    said = narrow.parts(path)
    with Image.open(path) as picture:
        shown = picture.width * results.SHOWN_DPI / results.DPI
        again = io.BytesIO()
        picture.convert("P").save(again, "PNG", pnginfo=narrow.kept(picture))
    assert abs(said["size"][0] - shown) < 2
    assert len(said["parts"]) == 2
    assert said["least"] * 10 / 72 * results.SHOWN_DPI == pytest.approx(narrow.READ, abs=0.01)
    with Image.open(again) as lighter:
        assert panels.CHUNK in lighter.info
