"""The built book as files: nothing from the web, no dead links, a text for every picture."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from soilnb.pipeline import runs
from soilnb.pipeline.book import LARGE_PICTURE

pytestmark = pytest.mark.notebook

#: Largest book, in bytes.
MOST = 40_000_000

#: What a browser fetches by itself when it opens a page.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Page(HTMLParser):
    """What a page loads, links to, shows and names."""

    def __init__(self, path):
        super().__init__()
        self.loaded, self.links, self.images, self.names = [], [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.names |= {attributes[key] for key in ("id", "name") if attributes.get(key)}
        if LOADED.get(tag) in attributes:
            self.loaded.append(attributes[LOADED[tag]])
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag == "img":
            self.images.append(attributes)


@pytest.fixture(scope="module")
def pages(html):
    found = {path.relative_to(html).as_posix(): path for path in sorted(html.rglob("*.html"))}
    # The theme leaves the templates of its own pages in _static.
    return {name: Page(path) for name, path in found.items() if not name.startswith("_static/")}


def of_the_web(address):
    return urlsplit(address).scheme in ("http", "https") or address.startswith("//")


def test_the_pages_that_were_promised_are_there(pages):
    wanted = {
        "index", "intro", "how_to_use", "guide_for_teachers", "scoreboard", "parameters", "data",
        "how_we_checked/index", "how_we_checked/rotzer2025", "how_we_checked/validation",
        "glossary", "cite", "changes", "api/index", "api/soilnb.profile.mimics",
        "notebooks/00_start_here", "notebooks/22_diagnosed_cue",
    }  # fmt: skip
    assert {f"{name}.html" for name in wanted} <= set(pages)


def test_no_page_loads_anything_from_the_web(offline_html, pages):
    found = {(name, a) for name, page in pages.items() for a in page.loaded if of_the_web(a)}
    assert found == set()


def test_no_style_sheet_loads_anything_from_the_web(offline_html):
    sheets = offline_html.rglob("*.css")
    remote = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""")
    found = {sheet.name for sheet in sheets if remote.search(sheet.read_text(encoding="utf-8"))}
    assert found == set()


def test_what_a_page_loads_is_in_the_folder(html, pages):
    missing = set()
    for name, page in pages.items():
        for address in page.loaded:
            parts = urlsplit(address)
            local = parts.path and not (of_the_web(address) or parts.scheme == "data")
            if local and not ((html / name).parent / unquote(parts.path)).is_file():
                missing.add((name, address))
    assert missing == set()


def test_no_link_inside_the_book_is_dead(html, pages):
    dead = set()
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = ((html / name).parent / unquote(parts.path)) if parts.path else html / name
            other = pages.get(_relative(target, html))
            anchor = unquote(parts.fragment)
            if not target.is_file() or (other and anchor and anchor not in other.names):
                dead.add((name, link))
    assert dead == set()


def _relative(path, folder):
    return Path(path).resolve().relative_to(folder.resolve()).as_posix()


def test_every_picture_has_a_text_that_describes_it(pages):
    bad = {
        (name, image.get("src"), image.get("alt"))
        for name, page in pages.items()
        for image in page.images
        if not describes(image.get("alt"))
    }
    assert bad == set()


def describes(alt):
    """Whether a text says something: the default is the name of a file."""
    words = (alt or "").split()
    return len(words) >= 3 and not re.search(r"\.(png|svg|jpe?g|gif)\b|^_images|/_images", alt)


def test_a_file_name_is_no_description():
    assert not describes("_images/af3504b40a6fa8.png")
    assert not describes("../figures/my figure one.svg")
    assert not describes("")
    assert describes("A falling line with one dip")


def test_a_notebook_is_offered_as_it_is_stored(html, pages):
    for path in runs.notebooks():
        name = f"_sources/notebooks/{path.name}"
        assert f"../{name}" in pages[f"notebooks/{path.stem}.html"].links
        assert (html / name).read_bytes() == path.read_bytes()


def test_the_book_is_small(html):
    assert sum(path.stat().st_size for path in html.rglob("*") if path.is_file()) < MOST


def test_large_pictures_have_a_palette(html):
    large = [path for path in html.glob("_images/*.png") if path.stat().st_size > LARGE_PICTURE]
    assert large
    for path in large:
        with Image.open(path) as picture:
            assert picture.mode == "P", path.name


def test_licences_stand_on_every_page_of_text(html, pages):
    for name in pages:
        if "/" not in name and name not in ("index.html",):
            assert "CC BY 4.0" in (html / name).read_text(encoding="utf-8"), name
