"""Films: pictures for light and dark pages, captions, sizes, and what they show."""

import html
import io
import json
import re

import numpy as np
import pytest
from filelock import FileLock
from matplotlib.text import Text
from PIL import Image

from soilnb.figures import films
from soilnb.lessons import films as shown
from soilnb.parameters import InputError
from soilnb.pipeline.pages import films as pages


@pytest.fixture
def on_its_page(workshop, shared_folder):
    """A film as its page of the book has it: made once, and again when its sources change."""

    def taken(name):
        with workshop(runs_notebooks=False), FileLock(shared_folder / "book.lock"):
            return pages.on(shown.PAGES[name])

    return taken


def parts(html_text):
    """The pictures (light and dark) and captions that a film carries."""
    return json.loads(html.unescape(re.search(r'data-film="([^"]*)"', html_text)[1]))


def stripe(figure, number):
    ax = figure.subplots()
    ax.plot([0, 1], [number, 1])
    ax.set_xlabel("time (d)")
    return f"day {number}"


def test_a_film_is_drawn_for_light_and_for_dark_pages():
    drawn = films.drawn(stripe, 3, (2, 1))
    light, dark = (
        np.asarray(Image.open(io.BytesIO(drawn[mode][0])).convert("L")).astype(float)
        for mode in ("pictures", "dark")
    )
    assert np.median(light) > 245
    assert np.median(dark) < 30
    assert dark.max() > 200  # ink that can be read
    film = parts(films.film(text="A line turns.", **drawn).html)
    assert film["labels"] == ["day 0", "day 1", "day 2"]
    assert [len(film[mode]) for mode in ("pictures", "dark")] == [3, 3]
    assert film["pictures"][0] != film["pictures"][1]


def test_a_picture_shows_what_the_whole_figure_would():
    whole = []

    def draw(figure, number):  # the first two share their axes, the third has others
        ax = figure.subplots()
        ax.plot([0, 1], [0, 1 + number % 2], lw=3)
        ax.set(xlabel="time (d)", ylim=(0, 2 if number < 2 else 30))
        figure.canvas.draw()
        whole.append(np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int))
        return str(number)

    drawn = films.drawn(draw, 3, (4, 3))
    for picture, known in zip([*drawn["pictures"], *drawn["dark"]], whole, strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
        apart = np.abs(pixels - known).max(-1)
        assert (apart > 90).mean() < 0.001  # WebP blurs what is small
        assert np.abs(pixels - known).mean() < 2


def test_dark_pictures_belong_to_the_light_ones():
    drawn = films.drawn(stripe, 2, (2, 1))
    with pytest.raises(InputError, match="1 dark pictures for 2 pictures"):
        films.film(text="A line.", **(drawn | {"dark": drawn["dark"][:1]}))


def test_a_film_starts_only_where_it_is_marked_to():
    drawn = films.drawn(stripe, 2, (2, 1))
    assert " data-start" not in films.film(text="A line.", **drawn).html
    assert " data-start" in films.film(text="A line.", start=True, **drawn).html


#: Width of a film on a phone, and the least height of letters that can be read there, in pixels.
PHONE, READ = 350, 9


@pytest.mark.parametrize(
    "name", ["five_models_warming", "chain_on_its_posterior", "carbon_down_a_profile"]
)
def test_the_letters_of_a_film_are_whole_and_read_on_a_phone(name, monkeypatch):
    small, cut = set(), []

    def look(figure, _frames):
        assert figure.get_layout_engine() is None  # so nothing moves when it is drawn
        for box in (ax.get_tightbbox() for ax in figure.axes):
            inside = figure.bbox.contains(box.x0, box.y0) and figure.bbox.contains(box.x1, box.y1)
            cut.extend([] if inside else [box.bounds])
        for text in figure.findobj(Text):
            if text.get_fontsize() / 72 * PHONE / figure.get_size_inches()[0] < READ:
                small.add(text.get_text())
        return b"WEBP"

    monkeypatch.setattr(films, "_webp", look)
    assert all("color" in setting for setting in films.LOOKS["dark"])
    monkeypatch.delitem(films.LOOKS, "dark")  # where letters and places are the same
    getattr(shown, name)()
    assert small == set()
    assert cut == []


@pytest.mark.parametrize("name", shown.PAGES)
def test_every_film_moves_says_what_it_shows_and_is_small(name, on_its_page):
    made = on_its_page(name)
    film = parts(made)
    assert 30 <= len(film["pictures"]) <= 40
    assert len(set(film["pictures"])) > 25
    assert len(set(film["labels"])) > 25
    assert len(made) < 1_000_000
    caption = re.search(r"<figcaption>(.*)</figcaption>", made)[1]
    assert len(caption.split()) > 25


def test_carbon_goes_down_and_out(on_its_page):
    said = parts(on_its_page("carbon_down_a_profile"))["labels"]
    numbers = np.array([[int(n) for n in re.findall(r"\d+", text)] for text in said])
    years, left, middle = numbers.T
    assert (np.diff(left) <= 0).all()
    assert (np.diff(middle) >= 0).all()
    assert years[-1] == 100
    assert middle[-1] > 1.5 * middle[0]
