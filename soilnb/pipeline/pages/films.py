"""Films on the pages of the book, made once for the sources that decide them."""

import hashlib

from soilnb import results
from soilnb.jobs import writing
from soilnb.lessons import films
from soilnb.pipeline import fingerprint, reach

#: Where a page takes its film, if it does not open with it.
PLACE = "<!-- film -->"


def on(page: str) -> str:
    """Return the film that opens a page, as HTML; empty for a page without one."""
    return "".join(_kept(name) for name, opens in films.PAGES.items() if opens == page)


def _kept(name: str) -> str:
    """Return a film from the results, made again if a source that it can reach has changed."""
    head = f"<!-- {_sources()} -->\n"
    path = results.root() / "films" / f"{name}.html"
    if path.is_file() and (text := path.read_text(encoding="utf-8")).startswith(head):
        return text.removeprefix(head)
    path.parent.mkdir(parents=True, exist_ok=True)
    html = getattr(films, name)().html
    with writing(path) as part:
        part.write_text(head + html, encoding="utf-8")
    return html


def _sources() -> str:
    """Hash the files of the package that films can depend on."""
    code = ["from soilnb.lessons import films"]
    digest = hashlib.sha256()
    for path in reach.files(code, fingerprint.PACKAGE):
        digest.update(path.read_bytes())
    return digest.hexdigest()
