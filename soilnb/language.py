"""What a reader reads in another language: catalogues for explorers, figures and pages.

The language is that of ``SOILNB_LANG`` (``de`` for German); what a catalogue lacks, and every other
language, is English. Texts are written in English where they are used, and translated where they
are shown. The catalogues are gettext's: ``locale/<language>/<domain>.po``.
"""

import gettext
import io
import os
import re
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


def label(text: str) -> str:
    """Return a text of a figure in the language of the reader.

    Parts are separated by a middle dot, and a unit stands in brackets at the end; the catalogue
    holds the words without the unit, and ``#`` in the place of each number.

    Parameters
    ----------
    text : str
        In English.

    Examples
    --------
    >>> label("carbon (kg C m⁻²)")
    'carbon (kg C m⁻²)'
    """
    known = catalogue("figures", language())
    parts = []
    for part in text.split(" · "):
        key, unit, numbers = figure_key(part)
        found = iter(numbers)
        words = re.sub("#", lambda _, found=found: next(found, "#"), key and known.gettext(key))
        parts.append(part.replace(part.strip(), words + (unit and " " + known.gettext(unit))))
    return " · ".join(parts)


def figure_key(part: str) -> tuple[str, str, list[str]]:
    """Return under which key the catalogue holds a part of a text, its unit and its numbers.

    Parameters
    ----------
    part : str
        What stands between two middle dots.

    Examples
    --------
    >>> figure_key("stock of year 2,500 (kg C m⁻²)")
    ('stock of year #', '(kg C m⁻²)', ['2,500'])
    """
    words, unit = re.fullmatch(r"(.*?)(?: (\([^()]*\)))?", part.strip(), re.DOTALL).groups("")
    number = r"\d(?:[\d.,]*\d)?"
    return re.sub(number, "#", words), unit, re.findall(number, words)


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
    domain : {"explorers", "figures", "pages"}
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
