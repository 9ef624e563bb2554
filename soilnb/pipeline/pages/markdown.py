"""Pieces of pages: Markdown that says what it is given, and HTML from templates."""

import math
import re
from collections.abc import Iterable, Sequence
from functools import cache

import jinja2
from markupsafe import Markup

from soilnb.results import CODE, raised, typeset

#: Front matter of pages with wide tables: the list of headings gives its room to them.
WIDE = "---\nhtml_theme.sidebar_secondary.remove: true\n---\n"

#: What is typed in letters and printed as a sign.
SIGNS = {"R2": "R²", "log10": "log₁₀", "nu": "ν", "xi": "ξ", "permil": "‰"}

_SIGNS = re.compile(rf"(?<![\w./-])(?:{'|'.join(SIGNS)})(?!\w)")


def escape(text: object) -> str:
    """Return `text` on one line, literal for Markdown, with names of the code as code."""
    line = " ".join(str(text).split())
    parts = re.split(f"({CODE.pattern})", line)
    parts[::2] = [re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"`{name}`" for name in parts[1::2]]
    return "".join(parts)


def number(value: float) -> str:
    """Return a number with at most six significant digits, powers of ten set as such."""
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    up = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    text = f"{mantissa} × 10{str(int(exponent)).translate(up)}" if exponent else mantissa
    return text.replace("-", "\u2212")


def unit(text: object) -> str:
    """Return a unit with its exponents raised: ``g C m-2 yr-1`` becomes g C m⁻² yr⁻¹."""
    return escape(plain_unit(text))


def plain_unit(text: object) -> str:
    """Return a unit as `unit` does, as it is to be read."""
    return "" if text == "1" else raised(_SIGNS.sub(_sign, str(text).replace("degrees_", "° ")))


def printed(text: object) -> str:
    """Return a sentence or number with the signs of print: ``R2 -0.5 +- 2`` becomes R² −0.5 ± 2."""
    line = raised(str(text).replace("Delta 14C", "Δ14C"))
    line = re.sub(r"(?<![\w)\]/.-])-(?=\.?\d)", "\u2212", line)
    line = re.sub(r"(?<=\d)x(?=\d)", "×", line.replace("+-", "±"))
    return _SIGNS.sub(_sign, line)


def _sign(name: re.Match) -> str:
    return SIGNS[name[0]]


def table(header: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> str:
    """Return a MyST list-table; cells are Markdown, widths are relative."""
    lines = [
        "```{list-table}",
        ":header-rows: 1",
        f":widths: {' '.join(str(w) for w in widths)}",
        ":class: soilnb-table",
        "",
    ]
    for row in [header, *rows]:
        lines += [f"{'* ' if i == 0 else '  '}- {cell or '–'}" for i, cell in enumerate(row)]
    return "\n".join([*lines, "```"])


def slug(text: str) -> str:
    """Return a label that is safe as a link target."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def known(value: object) -> str:
    """Return `value` as text, which is empty where it is missing."""
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else str(value)


def with_unit(value: str, of: object) -> str:
    """Return a number with its unit, both made literal; empty where there is no number."""
    return f"{value} {unit(of)}".strip() if value else ""


def html(template: str, **values: object) -> str:
    """Return a template of this package filled in, as raw HTML within a page of Markdown."""
    text = _templates().get_template(f"{template}.html").render(values)
    return f"````{{raw}} html\n{text.strip()}\n````"


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.PackageLoader("soilnb.pipeline.pages")
    made = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    made.filters |= {"unit": plain_unit, "plain": printed, "slug": slug}
    made.filters["typeset"] = lambda text: Markup(typeset(printed(text)))
    return made
