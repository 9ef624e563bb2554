"""Texts of the book's pages, so that a search shows where it found its words.

A page that was opened from the disk may not read the others, but it may load a script.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

#: What of a page is no text to be found.
_SILENT = {"script", "style", "nav", "button", "svg", "noscript"}

#: Where a reader looks up names; the search names these pages, without an excerpt.
_LEFT_OUT = ("api/", "_modules/", "_static/", "genindex", "py-modindex", "search", "index")


def write(html: Path) -> Path:
    """Write the texts of a built book into a script beside its pages."""
    texts = {}
    for path in sorted(html.rglob("*.html")):
        name = path.relative_to(html).with_suffix("").as_posix()
        if not name.startswith(_LEFT_OUT):
            texts[name] = text(path.read_text(encoding="utf-8"))
    target = html / "_static" / "excerpts.js"
    target.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    target.write_text(f"window.soilnb.excerpts = {content};\n", encoding="utf-8")
    return target


def text(page: str) -> str:
    """Return the words of a page's article, on one line."""
    reader = _Article()
    reader.feed(page)
    return re.sub(r"\s+", " ", "".join(reader.words)).strip()


class _Article(HTMLParser):
    """What is written between ``<article>`` and its end."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._inside = False
        self._silent = 0

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self._inside |= tag == "article"
        self._silent += tag in _SILENT
        self.words.append(" " if tag in ("p", "li", "td", "th", "h2", "h3", "div", "br") else "")

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "article"
        self._silent -= tag in _SILENT

    def handle_data(self, data: str) -> None:
        if self._inside and not self._silent:
            self.words.append(data)
