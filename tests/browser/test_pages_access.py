"""The book for readers who use the keyboard or want less motion, and slides for the last row."""

import pytest
from PIL import Image

from soilnb.course import slides
from soilnb.pipeline import notebooks

pytestmark = [pytest.mark.notebook, pytest.mark.browser]


@pytest.fixture(scope="module")
def context(chromium):
    with chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True) as context:
        context.set_default_timeout(600_000)  # whatever takes longer hangs
        yield context


def opened(context, path):
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_function(
        "document.readyState === 'complete' && (!document.querySelector('.math')"
        " || document.querySelector('mjx-container'))"
    )
    return page


def playing(page):
    return page.locator(".soilnb-film button").inner_text() == "Pause"


def test_the_film_of_the_first_page_plays_and_pauses(context, offline_html):
    page = opened(context, offline_html / "intro.html")
    film = page.locator(".soilnb-film")
    page.wait_for_function("document.querySelector('.soilnb-film input').value > 1")
    assert playing(page)
    film.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert not playing(page)
    before = film.locator("img").get_attribute("src")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert film.locator("img").get_attribute("src") != before
    assert film.locator("output").inner_text().startswith("day ")
    page.close()


def test_nothing_moves_for_a_reader_who_wants_less_motion(chromium, offline_html):
    with chromium.new_context(reduced_motion="reduce", offline=True) as context:
        page = opened(context, offline_html / "intro.html")
        page.wait_for_timeout(1000)  # four pictures, were it playing
        assert not playing(page)
        assert page.locator(".soilnb-film input").input_value() == "0"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_drawn_films_have_the_paper_of_the_page(chromium, offline_html, mode):
    with chromium.new_context(color_scheme=mode, offline=True) as context:
        page = opened(context, offline_html / "notebooks" / "40_whole_profile.html")
        bright = page.evaluate(
            """async () => {
              const image = document.querySelector('.soilnb-film img');
              await image.decode();
              const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
              canvas.getContext('2d').drawImage(image, 0, 0, 8, 8, 0, 0, 1, 1);
              return canvas.getContext('2d').getImageData(0, 0, 1, 1).data[0];
            }"""
        )
        assert (bright > 200) == (mode == "light")


def test_the_first_page_has_three_doors_and_a_map_by_keyboard(context, offline_html):
    page = opened(context, offline_html / "intro.html")
    for name in ("I want to learn", "I teach", "I do research"):
        assert page.get_by_text(name, exact=True).is_visible()
    box = page.get_by_role("link", name="40: carbon two metres down")
    box.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/notebooks/40_whole_profile.html")
    page.close()


def test_a_search_shows_the_words_around_what_it_found(context, offline_html):
    page = context.new_page()
    page.goto((offline_html / "search.html").as_uri() + "?q=necromass")
    found = page.locator("#search-results li", has_text="Glossary").locator(".soilnb-excerpt")
    found.first.wait_for()
    assert found.first.locator("mark").first.inner_text().lower() == "necromass"
    page.close()


#: Of each slide: what runs over its edges, pictures that are missing or small, its least letters,
#: where its lowest part ends, and whether it sets something to vote on.
SLIDES = """() => [...document.querySelectorAll('.slides > section')].map((slide, number) => {
  Reveal.slide(number);
  slide.querySelectorAll('.fragment').forEach(part => part.classList.add('visible'));
  const parts = [...slide.querySelectorAll('h1, h2, p, li, img')];
  return {
    over: Math.max(slide.scrollHeight - slide.clientHeight, slide.scrollWidth - slide.clientWidth),
    missing: [...slide.querySelectorAll('img')].filter(
      image => !(image.naturalWidth && image.clientHeight > 250)).length,
    letters: Math.min(...parts.map(p => parseFloat(getComputedStyle(p).fontSize))),
    low: Math.max(...parts.map(p => p.getBoundingClientRect().bottom)),
    options: slide.querySelectorAll('.options li').length,
  };
})"""


@pytest.mark.parametrize("name", ["00_start_here", "32_site_assimilation"])
def test_slides_can_be_read_from_the_last_row(name, context, tmp_path, monkeypatch):
    path = notebooks.find([name])[0]
    if name != "00_start_here":  # the figures of the first are drawn
        grey = Image.new("RGB", (1000, 900))
        monkeypatch.setattr(slides, "_pictures", lambda *asked: [(n, grey) for n in asked[2]])
    slides.write(tmp_path, path, "instructor")
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 720})
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto((tmp_path / f"{name}.html").as_uri(), wait_until="load")
    page.wait_for_function("Reveal.isReady()")
    seen = page.evaluate(SLIDES)
    page.close()
    assert troubles == []
    assert 8 <= len(seen) <= slides.MOST
    assert max(slide["over"] for slide in seen) <= 0
    assert sum(slide["missing"] for slide in seen) == 0
    assert min(slide["letters"] for slide in seen) >= 24
    assert max(slide["low"] for slide in seen) <= 720
    assert [slide["options"] for slide in seen if slide["options"]] == [3]
