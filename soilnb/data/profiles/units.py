"""Units in which people give their columns, and the way to those of this package.

The table ``profile_units`` holds them: a value times `factor` plus `offset` is in the documented
unit of its column. Where nobody says in which unit a column is, `soilnb.data.profiles.judgement`
decides.
"""

import functools
import re
from typing import NamedTuple

import numpy as np

from soilnb.data import tables
from soilnb.parameters import InputError, shown, unknown


class Unit(NamedTuple):
    """A unit that a column may come in.

    `name` is how messages write it; a value times `factor` plus `offset` is in the documented one.
    """

    name: str
    factor: float
    offset: float

    def convert(self, values: np.ndarray) -> np.ndarray:
        """Return values of this unit in the documented one, to the bit where that is the same."""
        if self.factor == 1 and self.offset == 0:
            return values
        if self.factor < 1 and self.offset == 0:
            return values / round(1 / self.factor, 9)  # a tenth is no binary number, ten is
        return values * self.factor + self.offset


@functools.cache
def family(documented: str) -> dict[str, Unit]:
    """Return the units that may stand in place of a documented one, by their spellings."""
    found: dict[str, Unit] = {}
    for row in tables.read("profile_units").itertuples():
        if row.documented == documented:
            unit = Unit(row.unit, float(row.factor), float(row.offset))
            aliases = str(row.aliases).split() if isinstance(row.aliases, str) else []
            found |= {spelling(text): unit for text in (row.unit, *aliases)}
    return found


def spelling(text: str) -> str:
    """Return a unit in one spelling: ``g C/kg``, ``g kg-1`` and ``g.kg^-1`` are ``gkg-1``.

    Examples
    --------
    >>> spelling("g C m-3"), spelling("g/cm³"), spelling("Mg.m^-3")
    ('gm-3', 'gcm-3', 'mgm-3')
    """
    text = re.sub(r"\bC\b|(?<=g)C\b", "", text) if text.strip() not in ("C", "°C") else text
    text = text.replace("³", "3").replace("²", "2").replace("⁻", "-").replace("¹", "1")
    text = text.replace("−", "-").lower()
    text = re.sub(r"\bper\s+", "/", text)
    text = re.sub(r"[/]\s*([a-zµ]+)\s*\^?(\d*)", lambda m: f"{m[1]}-{m[2] or 1}", text)
    return re.sub(r"(?<!\d)\.|\.(?!\d)|[\s^*·]", "", text)


def resolve(column: str, documented: str, text: object) -> Unit:
    """Return the unit that a user wrote for a column.

    Raises
    ------
    InputError
        For a unit that the column cannot have.
    """
    known = family(documented)
    if column != "organic_carbon":  # no part of stones, sand or clay is carbon
        known = {key: unit for key, unit in known.items() if "organic" not in unit.name}
    if not isinstance(text, str):
        names = ", ".join(dict.fromkeys(unit.name for unit in known.values()))
        raise InputError(f"unit of {column} = {shown(text)}: allowed {names}")
    if spelling(text) not in known:
        names = [unit.name for unit in known.values()] or ["none: it has no unit"]
        raise unknown(f"unit of {column}", text, dict.fromkeys(names), letters=False)
    return known[spelling(text)]


def split_heading(heading: str) -> tuple[str, str]:
    """Split ``SOC (g/kg)`` or ``SOC [g/kg]`` into the name and the unit, which may be empty."""
    match = re.fullmatch(r"(.*?)\s*[\[(]\s*(.+?)\s*[\])]\s*", heading)
    return (match[1], match[2]) if match else (heading, "")


_MASS = r"([kMmcdµun]?(g|m|l|mol)|t|tons?|lbs?|oz|ft|ha|ac)"


def is_unit(text: str) -> bool:
    """Say whether a text is a unit of some quantity, whether or not a column may have it.

    Examples
    --------
    >>> is_unit("kg m-2"), is_unit("mol/kg"), is_unit("cm"), is_unit("dry combustion")
    (True, True, True, False)
    """
    rows = tables.read("profile_units").itertuples()
    own = {spelling(one) for row in rows for one in (row.unit, *str(row.aliases).split())}
    known = (text == "%" or len(spelling(text)) > 1) and spelling(text) in own - {"nan"}
    powers = rf"{_MASS}\s*C?\s*(/|per |[\s.·*]*{_MASS}\s*\^?[-−⁻]).*"
    return known or bool(re.fullmatch(powers, text.strip(), flags=re.IGNORECASE))


def larger(documented: str, value: float, low: float, high: float) -> str:
    """Say which units make a value that is too large one between `low` and `high`.

    Examples
    --------
    >>> larger("g cm-3", 130, 0.2, 2.0)
    '; in cg cm-3? then 1.3'
    >>> larger("g cm-3", 2.82, 0.2, 2.0)
    ''
    """
    found = {}
    for unit in family(documented).values():
        there = float(unit.convert(np.float64(value)))
        other = (unit.factor, unit.offset) != (1, 0) and "organic" not in unit.name
        if other and low <= there <= high:
            found[unit.name] = f"in {unit.name}? then {there:.4g}"
    return f"; {', or '.join(found.values())}" if found else ""
