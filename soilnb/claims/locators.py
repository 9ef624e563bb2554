"""Where in a paper a claim stands, and where in the book its check is to be read."""

import re
from typing import NamedTuple

#: What the papers number: the letters before a number say which part of the paper it is in.
_NUMBERED = re.compile(r"(?:implied by )?(fig|table )?((?:ED|A|S)?\d+)(?:[a-z](?:-[a-z])?)?", re.I)


class Locator(NamedTuple):
    """A figure, a table, or another place of a paper: the end of a link to it, and its name."""

    anchor: str
    title: str


def locator(figure: str) -> Locator:
    """Return the place that a claim's ``figure`` names, its panels taken together.

    `figure` is as claims have it (``"5a"``, ``"Table 4"``, ``"text, Sect. 3.1"``), or the name
    under which a run saves a figure (``"rotzer2025-fig5"``, ``"tao2023-tableED1"``).
    """
    name = re.sub(r"^\w+-(fig|table)", r"\1", figure).replace("table", "table ")
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        kind = "table" if "table" in (numbered[1] or "").lower() else "fig"
        title = "Table" if kind == "table" else "Figure"
        return Locator(f"{kind}-{numbered[2].lower()}", f"{title} {numbered[2]}")
    if name.startswith("text"):
        return Locator("text", "In the text")
    return Locator(re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), name[:1].upper() + name[1:])


def page(paper: str, figure: str | None = None) -> str:
    """Return where the book says how a paper, or a place in it (see `locator`), was checked.

    An address within the book, such as ``how_we_checked/he2024.html#fig-6``; pages of notebooks put
    ``../`` before it.
    """
    return f"how_we_checked/{paper}.html" + (f"#{locator(figure).anchor}" if figure else "")
