"""What a reader reads in another language: one catalogue for explorers and one for pages.

The language is that of ``SOILNB_LANG`` (``de`` for German); what a catalogue lacks, and every other
language, is English. Texts are written in English where they are used, and translated where they
are shown. The catalogues are gettext's: ``locale/<language>/<domain>.po``.
"""

from __future__ import annotations

import gettext
import io
import os
from functools import cache
from pathlib import Path

#: Catalogues, by language and by what they hold.
FOLDER = Path(__file__).parent / "locale"


def language() -> str:
    """Return the language of the reader, as its code of two letters.

    Examples
    --------
    >>> language()
    'en'
    """
    return os.environ.get("SOILNB_LANG", "").strip().lower()[:2] or "en"


def languages() -> list[str]:
    """Return the languages that there are, English first.

    Examples
    --------
    >>> languages()
    ['en', 'de']
    """
    return ["en", *sorted(path.name for path in FOLDER.iterdir() if path.is_dir())]


def translated(text: str, /, **values: object) -> str:
    """Return a text of an explorer in the language of the reader, with values in its places.

    Parameters
    ----------
    text : str
        In English; its places are those of `str.format`.
    **values : object
        What stands in them.

    Examples
    --------
    >>> translated("{total:.1f} kg m⁻²", total=6.51)
    '6.5 kg m⁻²'
    """
    found = catalogue("explorers", language()).gettext(text) if text else text
    return found.format(**values) if values else found


def page(text: str, code: str) -> str:
    """Return a page of Markdown in another language, block by block.

    Parameters
    ----------
    text : str
        In English; blocks are parted by empty lines.
    code : str
        The language.

    Examples
    --------
    >>> page("## Exercises", "de")
    '## Übungen'
    """
    known = catalogue("pages", code)
    blocks = text.rstrip("\n").split("\n\n")
    return "\n\n".join(known.gettext(block) if block else "" for block in blocks)


@cache
def catalogue(domain: str, code: str) -> gettext.NullTranslations:
    """Return a catalogue; an empty one where there is none, which leaves all as it is.

    Parameters
    ----------
    domain : {"explorers", "pages"}
        What is to be translated.
    code : str
        The language.

    Examples
    --------
    >>> catalogue("explorers", "de").gettext("Reset")
    'Zurücksetzen'
    """
    path = FOLDER / code / f"{domain}.po"
    if not path.is_file():
        return gettext.NullTranslations()
    from babel.messages import mofile, pofile

    compiled = io.BytesIO()
    with path.open("rb") as file:
        mofile.write_mo(compiled, pofile.read_po(file, code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
