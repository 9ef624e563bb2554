"""The columns of a table of soil layers: names, units, bounds and meanings.

This is the one list behind `soilnb.proda.observations.read_csv`, its checks, and the variables
of the Dataset that it returns.
"""

import difflib
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from soilnb.data import tables
from soilnb.data.profiles import units
from soilnb.parameters import InputError, check_known, unknown


@dataclass(frozen=True)
class Column:
    """One column: unit, bounds, meaning, and where it belongs.

    `kind` is "layer" for what each layer has, "mean" for what is averaged over the layers of a
    profile (by thickness), "profile" for what a profile has once, "label" for its texts. `usual`
    is where nearly all soils lie: a value above the bounds that another unit brings there may be
    of that unit.
    """

    unit: str
    meaning: str
    kind: str
    bounds: tuple[float, float] = (-np.inf, np.inf)
    symbol: str = ""
    usual: tuple[float, float] = (np.inf, np.inf)


_TEXT = "1"

#: The columns by name.
COLUMNS: Mapping[str, Column] = {
    "profile": Column(_TEXT, "name of the profile", "label"),
    "top": Column("cm", "upper depth of the layer", "layer", (0.0, np.inf)),
    "bottom": Column("cm", "lower depth of the layer", "layer", (0.0, np.inf)),
    "organic_carbon": Column(
        "%", "organic carbon, mass share of fine earth", "layer", (0.0, 60.0), "SOC",
        (0.1, 58.0),
    ),
    "bulk_density": Column(
        "g cm-3", "bulk density of fine earth", "layer", (0.01, 2.65), r"\rho_b",
        (0.2, 2.0),
    ),
    "coarse_fragments": Column(
        "%", "coarse fragments, share of the volume", "layer", (0.0, 100.0), "G", (0.0, 100.0)
    ),
    "carbon_density": Column(
        "g C m-3", "organic carbon per volume of soil", "layer", (0.0, 5e5), "C", (100.0, 2e5)
    ),
    "radiocarbon": Column(
        "permil", "Delta 14C of the soil carbon", "layer", (-1000.0, 2000.0), r"\Delta^{14}C"
    ),
    "sand": Column("%", "sand of the mineral soil", "mean", (0.0, 100.0), "f_{sand}", (0.0, 100.0)),
    "clay": Column("%", "clay of the mineral soil", "mean", (0.0, 100.0), "f_{clay}", (0.0, 100.0)),
    "latitude": Column("degrees_north", "latitude", "profile", (-90.0, 90.0)),
    "longitude": Column("degrees_east", "longitude", "profile", (-180.0, 360.0)),
    "temperature": Column(
        "degC", "mean annual air temperature", "profile", (-40.0, 40.0), "MAT",
        (-30.0, 35.0),
    ),
    "precipitation": Column(
        "mm yr-1", "mean annual precipitation", "profile", (0.0, 15000.0), "MAP"
    ),
    "npp": Column(
        "g C m-2 yr-1", "net primary production that enters the soil", "profile", (0.0, 5000.0),
        "NPP", (10.0, 2000.0),
    ),
    "sampling_year": Column("yr", "year in which it was sampled", "profile", (1850.0, 2030.0)),
    "climate": Column(_TEXT, "Köppen-Geiger zone", "label"),
    "vegetation": Column(_TEXT, "vegetation class of the table litter_split", "label"),
    "soil_order": Column(_TEXT, "soil order of the USDA taxonomy", "label"),
    "study": Column(_TEXT, "name of the study", "label"),
}  # fmt: skip

#: Ending of the units of what is not organic carbon, but that of which it is a part.
ORGANIC_MATTER = "organic matter"

#: Headings of all carbon of a soil, carbonates among it.
TOTAL = ("total_carbon", "totc", "tc", "total_c")

REQUIRED = ("profile", "top", "bottom")
CARBON = ("organic_carbon", "carbon_density")


def table() -> pd.DataFrame:
    """Return the columns as a table: unit, need, least, most, meaning."""
    rows = {}
    for name, column in COLUMNS.items():
        need = "needed" if name in REQUIRED else "one of two" if name in CARBON else "optional"
        rows[name] = (column.unit, need, *column.bounds, column.meaning)
    heads = ["unit", "need", "least", "most", "meaning"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=heads).rename_axis("column")


#: Texts that mean no number, whatever their case.
EMPTY = ("", "na", "n/a", "nan", "null", "none", "nil", "#n/a", "-", "--", ".", "nodata", "no data")

#: Numbers that stand for no number, where the column cannot have them.
CODES = (-9999.0, -9999.9, -999.0, -999.9, -99.0, -99.9, -99.99, -32768.0, 9999.0, 99999.0)


class Chosen(NamedTuple):
    """The known columns of a table under our names, and where they come from.

    `sources` has the name in the table, `units` what heading or database say of the unit.
    """

    data: pd.DataFrame
    sources: dict[str, str]
    units: dict[str, str]


def rename(data: pd.DataFrame, columns: Mapping[str, str] | None) -> Chosen:
    """Return the known columns of a table under the names of `COLUMNS`.

    Case and blanks of a heading do not matter, and it may end with its unit: ``SOC (g/kg)``.

    Parameters
    ----------
    data : DataFrame
        A table of layers.
    columns : mapping, optional
        Name in `COLUMNS` to name in the table, where they differ.

    Raises
    ------
    InputError
        For an unknown name on either side, a column that is there twice, or needed columns that
        are missing: all of them at once, with the columns that are known under another name.
    """
    headings = [str(column) for column in data.columns]
    bare = [plain(units.split_heading(heading)[0]) for heading in headings]
    place: dict[str, int] = {}
    for name, source in dict(columns or {}).items():
        check_known("column", name, COLUMNS)
        found = [i for i, own in enumerate(headings) if own == str(source)] or [
            i for i, own in enumerate(headings) if plain(own) == plain(source)
        ]
        if not found:
            raise unknown(f"column (for {name!r}) of the table", source, headings)
        place[name] = _only(name, found, headings)
    for name in COLUMNS:
        found = [i for i, own in enumerate(bare) if own == name and i not in place.values()]
        if found and name not in place:
            place[name] = _only(name, found, headings)
    _check_missing(place, data, headings)
    order = [name for name in COLUMNS if name in place]
    chosen = data.iloc[:, [place[name] for name in order]].set_axis(order, axis="columns")
    sources = {name: headings[place[name]] for name in order}
    below = _row_of_units(chosen)
    said = {name: below.get(name) or units.split_heading(own)[1] for name, own in sources.items()}
    found = {name: _said_unit(name, own, said[name]) for name, own in sources.items()}
    return Chosen(chosen.iloc[1:] if below else chosen, sources, found)


def _row_of_units(chosen: pd.DataFrame) -> dict[str, str]:
    """Entries of the first row, where it holds the units of the columns and no layer."""
    first = {name: str(chosen[name].iloc[0]).strip() for name in chosen} if len(chosen) else {}
    texts = {name: text.strip("()[]") for name, text in first.items()}
    known = units.family(COLUMNS["top"].unit)
    is_row = all(units.spelling(texts.get(name, "")) in known for name in ("top", "bottom"))
    # who writes no unit of depth writes no layer either
    empty = not any(texts.get(name) for name in REQUIRED)
    others = [text for text in texts.values() if text]
    return texts if is_row or (empty and others and all(map(units.is_unit, others))) else {}


def plain(heading: object) -> str:
    """Return a heading without case, and with one underscore for blanks, points and hyphens."""
    return re.sub(r"[\s.\-_]+", "_", str(heading).strip()).strip("_").lower()


def _only(name: str, found: list[int], headings: list[str]) -> int:
    if len(found) > 1:
        names = " and ".join(repr(headings[i]) for i in found)
        raise InputError(f"column {name!r} is there {len(found)} times ({names}): allowed once")
    return found[0]


def _said_unit(name: str, heading: str, text: str) -> str:
    """Return the unit that a heading says in brackets, at its end, or by its database.

    `text` is what stands in the brackets, or below the heading; it comes back where it is a unit
    that the column cannot have.
    """
    bare = plain(units.split_heading(heading)[0])
    column, unit = _synonyms().get(bare, ("", ""))
    known = units.family(COLUMNS[name].unit)
    if unit.endswith(ORGANIC_MATTER) and text and column == name:
        text = f"{text} {ORGANIC_MATTER}"
    if units.spelling(text) in known and text:
        return known[units.spelling(text)].name
    if text and COLUMNS[name].kind != "label" and units.is_unit(text):
        return text
    return unit if column == name else _unit_at_end(bare, name)


@functools.cache
def _synonyms() -> dict[str, tuple[str, str]]:
    """Known names of columns, each with ours (``""`` for something else) and its unit."""
    table = tables.read("profile_synonyms").fillna("")
    return {row.name: (row.column, row.unit) for row in table.itertuples(index=False)}


def looks_like(heading: str) -> str:
    """Return the column that a heading means in a known database, or ``""``."""
    return _synonyms().get(plain(units.split_heading(heading)[0]), ("", ""))[0]


def _is_organic_matter(heading: str) -> bool:
    bare = plain(units.split_heading(heading)[0])
    return _synonyms().get(bare, ("", ""))[1].endswith(ORGANIC_MATTER)


def _check_missing(place: Mapping[str, int], data: pd.DataFrame, headings: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in place]
    if not any(name in place for name in CARBON):
        missing.append(" or ".join(CARBON))
    if not missing:
        return
    spare = [i for i in range(len(headings)) if i not in place.values()]
    matter = [headings[i] for i in spare if _is_organic_matter(headings[i])]
    total = [headings[i] for i in spare if plain(units.split_heading(headings[i])[0]) in TOTAL]
    spare = [i for i in spare if headings[i] not in matter]
    hints = {}
    for name in (part for names in missing for part in names.split(" or ")):
        near = _known_as(name, spare, data, headings)
        if near and not (name == CARBON[1] and CARBON[0] in hints):
            hints[name] = near
    text = f"the table has no column {', '.join(map(repr, missing))}"
    if hints:  # what else is there goes along: who follows the message loses no bulk density
        for name in COLUMNS:
            if name not in place and name not in hints and name not in (*REQUIRED, *CARBON):
                near = _known_as(name, spare, data, headings)
                hints |= {name: near} if near and near not in hints.values() else {}
        told = {part for name in missing for part in name.split(" or ") if part in hints}
        asked = " and ".join(repr(hints[name]) for name in hints if name in told)
        text += f"; did you mean {asked}? then columns={hints}"
    if matter and CARBON[0] not in hints and not any(name in place for name in CARBON):
        as_carbon = {CARBON[0]: matter[0]}, {CARBON[0]: f"% {ORGANIC_MATTER}"}
        text += f"; {matter[0]!r} is organic matter, a part of which is carbon: columns="
        text += "{} with units={}".format(*as_carbon)
    elif total and CARBON[0] not in hints and not any(name in place for name in CARBON):
        text += f"; {total[0]!r} counts carbonates, too: where there are none, "
        text += f"columns={ ({CARBON[0]: total[0]}) }"
    if len(hints) < len(missing):
        text += f"; it has {', '.join(headings[:40])}{', ...' if len(headings) > 40 else ''}"
    words = ", ".join(f"{heading} as {name}" for name, heading in hints.items())
    raise InputError(text, {words: {"columns": hints}} if hints else None)


def _known_as(name: str, spare: Iterable[int], data: pd.DataFrame, headings: list[str]) -> str:
    """Return the heading that is known to mean `name`, or that is `name` with a slip of a key."""
    for i in spare:
        bare = plain(units.split_heading(headings[i])[0])
        known = _synonyms().get(bare)
        slip = (
            known is None
            and len(name) > 5  # a stop is no top
            and abs(len(bare) - len(name)) < 2
            and difflib.SequenceMatcher(None, bare, name).ratio() > 0.83
            and (COLUMNS[name].kind == "label" or pd.to_numeric(data.iloc[:, i], errors="coerce")
                 .notna().any())
        )  # fmt: skip
        if slip or (known and known[0] == name) or _with_unit(bare, name):
            return headings[i]
    return ""


def _with_unit(bare: str, name: str) -> bool:
    """Say whether a heading is a known name with a unit behind it: ``soc_g_kg``, ``bd_gcm3``."""
    stem = re.sub(r"_(wt|mean|avg)$", "", bare)
    known = _synonyms().get(stem, ("", ""))[0] == name or stem == name
    return (known and stem != bare) or bool(_unit_at_end(bare, name))


def _unit_at_end(bare: str, name: str) -> str:
    """Return the unit at the end of a heading that begins with a known name of a column."""
    plain = {key.replace("-", ""): unit.name for key, unit in
             units.family(COLUMNS[name].unit).items()}  # fmt: skip
    parts = bare.split("_")
    for i in range(1, len(parts)):
        stem, tail = "_".join(parts[:i]), "".join(parts[i:])
        spelt = units.spelling(tail).replace("-", "")  # g/kg
        unit = plain.get(spelt) or plain.get(f"{tail}1" if tail != "m" else "")
        if unit and (stem == name or _synonyms().get(stem, ("", ""))[0] == name):
            return unit
    return ""


def numbers(
    data: pd.DataFrame, missing: Iterable[object] = (), decimal: str = ""
) -> tuple[pd.DataFrame, dict[str, dict[str, int]]]:
    """Return the table with its columns as 64-bit numbers or plain text.

    Parameters
    ----------
    data : DataFrame
        Columns of `COLUMNS`.
    missing : sequence of numbers and texts
        Entries that stand for a missing value beyond `EMPTY` and `CODES`; ``"<"`` for all that
        begin so.
    decimal : str
        ``","`` where numbers may have decimal commas, ``", in cells"`` where they may beside
        numbers with points, as texts in a workbook.

    Returns
    -------
    table : DataFrame
        The numbers and texts.
    left_out : dict
        For each column, how many entries of which text count as missing; "open" for a depth like
        ``100+``.

    Raises
    ------
    InputError
        For an entry that is no number, with its row or line, and for a profile without a name.
    """
    texts = {str(code).strip().lower() for code in missing}
    decimal = ", alone" if decimal == "," and _has_commas(data) else decimal
    codes = {float(code) for code in texts if _is_number(code)}
    converted, left_out = {}, {}
    for name in data.columns:
        if COLUMNS[name].kind == "label":
            converted[name] = _texts(data[name], texts if name not in ("profile", "study") else ())
            continue
        values, count = _numbers(data[name], name, texts, decimal)
        low, high = COLUMNS[name].bounds
        coded = np.isin(values, [*codes]) & ~((name == "longitude") & (np.abs(values) <= 180))
        with np.errstate(invalid="ignore"):
            coded |= np.isin(values, CODES) & ((values < low) | (values > high))
        if name in ("top", "bottom"):  # their bounds do not leave out what the datum may mean
            coded = np.isin(values, [*codes, *(code for code in CODES if abs(code) >= 999)])
        for value in np.unique(values[coded]).tolist():
            count[f"{value:g}"] = int((values == value).sum())
        converted[name] = np.where(coded, np.nan, values)
        left_out |= {name: count} if count else {}
    return pd.DataFrame(converted).reset_index(drop=True), left_out


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


#: Numbers that are too large for a computer's.
_HUGE = r"[+-]?[\d.]+[eE]\+?\d+"

#: Numbers with a mark between thousands: ``1.234,5``, ``12'345``, ``1 234``.
_THOUSANDS = r"[+-]?\d{1,3}([.'’ \u00a0\u202f]\d{3})+(,\d+)?|[+-]?\d{1,3}(,\d{3})+\.\d+"


def _has_commas(data: pd.DataFrame) -> bool:
    """Say whether a column of numbers has decimal commas, so that a point is none."""
    own = [data[name] for name in data.columns if COLUMNS[name].kind != "label"]
    return any(column.astype(str).str.fullmatch(r"\s*[+-]?\d+,\d+\s*").any() for column in own)


def _numbers(
    column: pd.Series, name: str, missing: set[str], decimal: str
) -> tuple[np.ndarray, dict[str, int]]:
    """Numbers of a column, and how many of its texts count as missing."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
        values = column.to_numpy(dtype=np.float64)
        if not np.isinf(values).any():
            return values.copy(), {}
    text = column.astype(object).where(column.notna(), "").map(lambda entry: str(entry).strip())
    text = text.str.replace("\u2212", "-", regex=False)  # the minus of typesetters
    lower = text.str.lower()
    count: dict[str, int] = {}
    if name == "bottom":
        open_ended = lower.str.fullmatch(r"[>≥]\s*[\d.,]+\s*(cm|m)?|[\d.,]+\s*(cm|m)?\s*\+")
        lower = lower.mask(open_ended, "")
        count |= {"open": int(open_ended.sum())} if open_ended.any() else {}
    if decimal.startswith(","):
        comma = text.str.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
        lower = lower.mask(comma, lower.str.replace(",", ".", regex=False))
    known = lower.isin([entry for entry in missing if not _is_number(entry)])
    known |= lower.str.startswith("<") if "<" in missing else False
    count |= {key: int(n) for key, n in text[known].value_counts().items()}
    values = pd.to_numeric(lower.mask(known | lower.isin(EMPTY), "nan"), errors="coerce")
    values = values.to_numpy(dtype=np.float64)
    wrong = (np.isnan(values) & ~(known | lower.isin(EMPTY)).to_numpy()) | np.isinf(values)
    if decimal == ", in cells":
        wrong |= text.str.fullmatch(r"[+-]?\d{1,3}(,\d{3})+").to_numpy(dtype=bool)
    if decimal == ", alone":
        wrong |= text.str.fullmatch(_THOUSANDS).to_numpy(dtype=bool)
    if wrong.any():
        raise InputError(_no_number(column, name, int(np.argmax(wrong))))
    return values, count


#: Texts that often stand for no value, and do not say so clearly enough to be taken for it.
_NO_VALUE = (
    r"[<≤].*|n\.?\s?[ad]\.?|b\.?d\.?l?\.?|tr(ace)?s?|[*?x]+|missing|unknown|not .*|"
    r"#[a-z/0!?]+"
)


def _no_number(column: pd.Series, name: str, row: int) -> str:
    entry = " ".join(str(column.iloc[row]).split())
    entry = entry if len(entry) <= 40 else f"{entry[:37]}..."
    hint = ""
    if re.fullmatch(_NO_VALUE, entry.lower()):
        hint = f"; if it stands for no value: missing=[{entry!r}]"
    elif re.fullmatch(_THOUSANDS, entry):
        hint = "; a mark between thousands? write the number without it"
    elif re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", entry):
        hint = "; a comma between thousands, or a decimal one? write points, or none"
    elif re.fullmatch(r"[+-]?\d+,\d+", entry):
        hint = "; a decimal comma? then part the cells by semicolons, or use points"
    elif a_date(entry):
        hint = "; write the year alone" if name == "sampling_year" else a_date(entry)
    elif name in ("latitude", "longitude") and re.search(r"\d", entry):
        hint = "; allowed degrees with decimals, south and west of zero negative: -9.71"
    elif re.fullmatch(r"[+-]?[\d.]+\s*[^\d\s].*", entry) and not re.fullmatch(_HUGE, entry):
        hint = "; write the number alone, and its unit into the heading"
    elif re.search(r"[^\W\d]", entry) and not re.search(r"\d|\binf", entry.lower()):
        hint = "; what is no layer (a note, a second table) needs a place of its own"
    return f"{name} in {place_of(column, row)} = {entry!r} is no number{hint}"


_MONTH = (
    "(jan|feb|fév|mar|mär|apr|avr|abr|ma[iy]|jun|jui|jul|aug|aoû|ago|sep|o[ck]t|nov|de[cz]|déc)"
)
_MONTH += r"[^\W\d]*"
#: A day as spreadsheets write it: 2024-03-01, 3/1/2024, 01.03.2024, 10-Mar, Okt 30, 30. Oct.
_DATE = rf"\d{{4}}-\d\d-\d\d.*|\d\d?([./])\d\d?\1\d{{2,4}}|\d\d?[-.\s]+{_MONTH}|{_MONTH}[-.\s]+\d+"


def a_date(entry: str) -> str:
    """Return a hint where an entry looks like a date that a spreadsheet made of it, or nothing.

    Examples
    --------
    >>> a_date("30. Oct"), a_date("3.1")
    ("; a date, which spreadsheets make of '3.1' or '10-30': format the cells as text", '')
    """
    made = "; a date, which spreadsheets make of '3.1' or '10-30': format the cells as text"
    return made if re.fullmatch(_DATE, " ".join(entry.lower().split())) else ""


def place_of(data: pd.DataFrame | pd.Series, row: int) -> str:
    """Return where a row is: its line in the file, or its number in the table."""
    return f"line {data.index[row]}" if data.index.name == "line" else f"row {row + 1}"


def _texts(column: pd.Series, missing: Iterable[str]) -> np.ndarray:
    """Plain texts with single spaces, ``""`` where there is none; ``5`` for the number 5.0."""
    code, labels = pd.factorize(column, use_na_sentinel=True)
    clean = [" ".join(_label(label).split()) for label in labels]
    clean = ["" if label.lower() in missing else label for label in clean]
    return np.array([*clean, ""], dtype=object)[code]  # a missing one has the code -1


def _label(label: object) -> str:
    whole = isinstance(label, float) and label.is_integer() and abs(label) < 1e15
    return str(int(label)) if whole else str(label)
