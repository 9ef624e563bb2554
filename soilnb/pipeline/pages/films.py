"""Films on the pages of the book, made once for what decides them."""

from soilnb.lessons import films
from soilnb.pipeline import fingerprint

#: Where a page takes its film, if it does not open with it.
PLACE = "<!-- film -->"


def on(page: str) -> str:
    """Return the film that opens a page, as HTML; empty for a page without one."""
    return "".join(_kept(name) for name, opens in films.PAGES.items() if opens == page)


def _kept(name: str) -> str:
    code = ["from soilnb.lessons import films"]
    return fingerprint.kept(f"films/{name}.html", code, lambda: getattr(films, name)().html)
