"""From a table of layers, as it is, to layers in documented units: what is understood, and said.

`layers` brings together the columns and their names (`columns`), their units (`units`,
`judgement`) and the datum of depth (`datum`), and keeps a record of each decision.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from soilnb.data import tables
from soilnb.data.profiles import density, judgement, units
from soilnb.data.profiles.carbon import judge_carbon
from soilnb.data.profiles.columns import (
    CARBON,
    COLUMNS,
    ORGANIC_MATTER,
    REQUIRED,
    Chosen,
    a_date,
    looks_like,
    numbers,
    place_of,
    plain,
    rename,
)
from soilnb.data.profiles.datum import UPSIDE_DOWN, from_the_top
from soilnb.data.profiles.judgement import unit_of
from soilnb.data.profiles.understood import Understood, two_readings
from soilnb.data.profiles.units import resolve
from soilnb.parameters import InputError, unknown

#: Bottom of the column of the layered models, m: what lies below cannot be compared.
DEEPEST = 8.6

#: Deeper than this, m, no soil is: the rules refuse the profile.
ABSURD = 30.0

#: Units that are named where everything is in the documented ones, so that nothing is judged.
DOCUMENTED = {name: column.unit for name, column in COLUMNS.items() if column.kind != "label"}


def layers(
    data: pd.DataFrame,
    columns: Mapping[str, str] | None,
    units: Mapping[str, str] | None,
    *,
    missing: Iterable[object] = (),
    datum: str = "shift",
    sort: bool = False,
) -> tuple[pd.DataFrame, Understood]:
    """Return the layers of a table in documented units, depths in m, and what was understood.

    Parameters
    ----------
    data : DataFrame
        One row for each layer.
    columns, units, missing, datum, sort
        As in `soilnb.proda.observations.read_csv`.

    Raises
    ------
    InputError
        As there.
    """
    if isinstance(missing, str | int | float):
        missing = [missing]
    understood = Understood()
    data = _with_edges(data, columns, understood)
    chosen = rename(data, columns)
    _note_unused(data, chosen, columns, understood)
    named = _with_names(_filled_rows(chosen.data), understood)
    if not len(named):
        raise InputError("the table has no rows: allowed one layer or more")
    _note_code_page(named["profile"], data.attrs.get("encoding", ""), understood)
    table, left_out = numbers(named, missing, data.attrs.get("decimal", ""))
    declared = _declared(units, chosen)
    number, _ = pd.factorize(table["profile"])
    table = _in_metres(table, number, declared, understood)
    judge_carbon(table, number, declared, understood)
    if "climate" in table:
        names = {zone.lower(): zone for zone in tables.read("koppen_climate")["zone"]}
        table["climate"] = table["climate"].map(lambda zone: names.get(zone.lower(), zone))
    for name in table.columns:
        if COLUMNS[name].kind != "label" and name not in ("top", "bottom", "organic_carbon",
                                                          "bulk_density"):  # fmt: skip
            table[name] = _covariate(table, name, declared, understood)
    for name, entry in understood.columns.items():
        entry |= {"from": chosen.sources[name], "values": int(table[name].notna().sum()),
                  "missing": int(table[name].isna().sum())}  # fmt: skip
    _note_missing(left_out, understood)
    return _in_order(table, number, datum, sort, understood), understood


#: Depths of a layer in one cell, ``0-10`` or ``0 to 10 cm``; an open one has no end.
_RANGE = r"\s*(-?[\d.,]+)\s*(?:cm|m)?\s*(?:-|–|—|to|bis|à|/)\s*(-?[\d.,]+)\s*(cm|m)?\s*"
#: A layer without an end: ``60+`` or ``>60``.
_OPEN = r"\s*(?:[>≥]\s*([\d.,]+)|([\d.,]+)\s*(?:cm|m)?\s*\+)\s*(?:cm|m)?\s*"
_NAMES_OF_RANGE = ("depth", "depths", "depth_range", "depth_interval", "interval", "layer", "tiefe")


def _is_range(heading: str) -> bool:
    return plain(units.split_heading(heading)[0]) in _NAMES_OF_RANGE


def _with_edges(
    data: pd.DataFrame, columns: Mapping[str, str] | None, understood: Understood
) -> pd.DataFrame:
    """Split a column of depths such as ``0-10`` into top and bottom, where these are missing."""
    if {"top", "bottom"} & {*(columns or {}), *(plain(name) for name in data.columns)}:
        return data
    for i, heading in enumerate(data.columns):
        if not _is_range(str(heading)):
            continue
        texts = data.iloc[:, i].astype(object).where(data.iloc[:, i].notna(), "").astype(str)
        edges, filled = texts.str.extract(f"^{_RANGE}$"), texts.str.strip() != ""
        tops = texts.str.extract(f"^{_OPEN}$").bfill(axis=1)[0]
        if 2 * (edges[0].notna() | tops.notna()).sum() <= filled.sum():
            continue
        edges[0] = edges[0].fillna(tops)
        edges[1] = edges[1].fillna(tops + "+")
        wrong = filled & edges[0].isna()
        if wrong.any():
            row = int(np.argmax(wrong))
            hint = a_date(texts.iloc[row]) or "; allowed ranges such as '0-10'"
            raise InputError(
                f"{heading} in {place_of(data, row)} = {texts.iloc[row].strip()!r} is no range of "
                f"depths{hint}"
            )
        said = units.split_heading(str(heading))[1] or next(iter(edges[2].dropna()), "")
        unit = f" ({said})" if said else ""
        first = texts[filled].iloc[0].strip()
        understood.notes.append(f"{heading} read as top and bottom: {first!r}")
        found = data.assign(**{f"top{unit}": edges[0], f"bottom{unit}": edges[1]})
        found.attrs |= data.attrs
        return found
    return data


def _note_unused(
    data: pd.DataFrame, chosen: Chosen, columns: Mapping | None, understood: Understood
) -> None:
    """Say which columns are known under another name and were not asked for."""
    used = set(chosen.sources.values())
    told = {}
    for heading in map(str, data.columns):
        name = looks_like(heading)
        if heading not in used and name and name not in chosen.sources and name not in told:
            told[name] = heading
    understood.spare = told
    edges = {*chosen.sources, *told.values(), *used}
    understood.ignored = [
        heading for heading in map(str, data.columns)
        if heading.strip() and heading not in edges
        and not (set(REQUIRED[1:]) <= {*chosen.sources} and _is_range(heading))
    ]  # fmt: skip
    if len(told) and not (CARBON[0] in chosen.sources and set(told) <= {CARBON[1]}):
        pairs = ", ".join(f"{name!r}: {heading!r}" for name, heading in told.items())
        names = ", ".join(repr(heading) for heading in told.values())
        understood.notes.append(f"not used: {names}; to use them columns={{{pairs}}}")


def _note_code_page(names: pd.Series, encoding: str, understood: Understood) -> None:
    """Say in which code page names were read that another would read otherwise."""
    if encoding in ("cp1252", "latin-1"):
        other = [name for name in map(str, names) if not name.isascii()]
        if other:
            understood.notes.append(f"text read as {encoding}, {other[0]!r}; else encoding=")


def _filled_rows(data: pd.DataFrame) -> pd.DataFrame:
    """Rows with any entry; a spreadsheet leaves empty ones behind."""
    # number columns of a DataFrame are looked at as they are, texts for blanks
    filled = np.zeros(len(data), dtype=bool)
    for name in data.columns:
        column = data[name]
        there = column.notna().to_numpy()
        if column.dtype.kind not in "iufb":
            there = there & (column.astype(str).str.strip() != "").to_numpy()
        filled |= there
    return data if filled.all() else data[filled]


def _with_names(data: pd.DataFrame, understood: Understood) -> pd.DataFrame:
    """Fill the names below merged cells, where the layers go on downward.

    Raises `InputError` for a layer without a name that does not go on from the one above it.
    """
    names = data["profile"].astype(object).where(data["profile"].notna(), "")
    # ditto marks and dashes stand for the name above, as empty cells do
    empty = names.map(lambda name: not re.search(r"\w", str(name))).to_numpy()
    if not empty.any():
        return data
    top = pd.to_numeric(data["top"], errors="coerce").to_numpy(dtype=float)
    for row in np.flatnonzero(empty):
        if row == 0 or not top[row] > top[row - 1]:
            raise InputError(f"profile in {place_of(data, int(row))} is empty: allowed a name")
    filled = names.mask(empty).ffill()
    understood.notes.append(f"{empty.sum()} layers without a name belong to the profile above")
    return data.assign(profile=filled)


def _declared(units: Mapping[str, str] | None, chosen: Chosen) -> dict[str, tuple[str, str]]:
    """Return the unit of each column that is declared, with how: by the user, by the heading."""
    found = {name: (unit, "the heading") for name, unit in chosen.units.items() if unit}
    given = dict(units or {})
    if "depth" in given:
        depth = given.pop("depth")
        given = {"top": depth, "bottom": depth, **given}
    back = {source: name for name, source in chosen.sources.items()}
    for key, text in given.items():
        name = back.get(key, key)
        if name not in COLUMNS or (units is not DOCUMENTED and name not in chosen.data):
            raise unknown("column of units", key, [*COLUMNS, "depth"])
        found[name] = (resolve(name, COLUMNS[name].unit, text).name, "units=")
    for name, (unit, how) in found.items():
        if unit == ORGANIC_MATTER:
            share = f"{1 / density.ORGANIC_MATTER:.0%} carbon"
            readings = [f"{unit} {ORGANIC_MATTER}" for unit in ("%", "g kg-1")]
            raise two_readings(
                name, f"{chosen.sources[name]!r} is organic matter, {share}", *readings
            )
        if how != "units=" and name in chosen.data:
            resolve(name, COLUMNS[name].unit, unit)
    return {name: pair for name, pair in found.items() if name in chosen.data}


def _in_metres(
    table: pd.DataFrame, number: np.ndarray, declared: Mapping, understood: Understood
) -> pd.DataFrame:
    """Depths in m, in the unit that is declared or judged for both."""
    said = {name: declared[name] for name in ("top", "bottom") if name in declared}
    if said:
        (unit, how), *others = said.values()
        if any(other != unit for other, _ in others):
            raise InputError("top and bottom are declared in two units: allowed one")
    else:
        unit, why, second = judgement.depth(table, number)
        if second:
            raise two_readings("depth", why, unit, second)
        how = "the usual unit" if unit == "cm" else "judged"
        if unit != "cm":
            understood.notes.append(f"depths read as {unit}: {why}")
    factor = unit_of("top", unit).factor
    for name in ("top", "bottom"):
        understood.columns[name] = {"unit": unit, "decided": how}
        values = table[name].to_numpy()
        table[name] = values if unit == "m" else values * factor / 100 if factor != 1 else (
            values / 100
        )  # fmt: skip
    return table


def _covariate(
    table: pd.DataFrame, name: str, declared: Mapping, understood: Understood
) -> np.ndarray:
    """Values of a further column in its documented unit."""
    values, documented = table[name].to_numpy(), COLUMNS[name].unit
    if name in declared:
        unit, how = declared[name]
        understood.columns[name] = {"unit": unit, "decided": how}
        return unit_of(name, unit).convert(values) if unit != documented else values
    unit, why, others = documented, "", ()
    if documented == "%":
        unit, why, second = judgement.share(values, name)
        others = (second,) if second else ()
    elif name in ("temperature", "precipitation", "npp"):
        unit, why, others = judgement.climate(values, name)
    elif name == "carbon_density":
        middle = (table["top"] + table["bottom"]).abs().to_numpy() / 2
        unit, why, second = judgement.carbon_density(values, middle)
        others = (second,) if second else ()
    if others:
        raise two_readings(name, why, unit, *others)
    how = "the usual unit" if unit == documented else "judged"
    if unit != documented:
        word = "a fraction" if unit == "1" else unit
        understood.notes.append(f"{name} read as {word}: {why}")
    understood.columns[name] = {"unit": unit, "decided": how}
    return unit_of(name, unit).convert(values) if unit != documented else values


def _note_missing(left_out: Mapping[str, Mapping[str, int]], understood: Understood) -> None:
    """Say which entries count as missing, all columns in one line."""
    totals: Counter = Counter()
    for name, counts in left_out.items():
        for entry, count in counts.items():
            if name in understood.columns:
                understood.columns[name].setdefault("read as missing", {})[entry] = count
            totals[entry] += count if entry != "open" else 0
    told = ", ".join(f"{entry} ({count} times)" for entry, count in totals.items() if count)
    if told:
        understood.notes.append(f"read as missing: {told}")


def _in_order(
    table: pd.DataFrame, number: np.ndarray, datum: str, sort: bool, understood: Understood
) -> pd.DataFrame:
    """Layers with depths from the top, without those of no thickness or below the column."""
    table, kept, said = from_the_top(table, number, datum)
    ways = Counter(said.values())
    for way, count in ways.items():
        done = "left out" if datum == "drop" else "depth counts from their top"
        where = f"in {count} profile{'s' if count > 1 else ''}"
        if way == UPSIDE_DOWN:
            understood.notes.append(f"depths are heights below the surface {where}: turned")
        else:
            understood.notes.append(
                f"organic layers above the mineral soil {where} ({way}): {done}"
            )
    understood.drop("organic layer above the mineral soil", (~kept).sum(), said=False)
    has_both = table[["top", "bottom"]].notna().all(axis=1).to_numpy()
    flat = has_both & (table["top"] == table["bottom"]).to_numpy()
    deep = has_both & (table["top"] >= DEEPEST).to_numpy() & ~flat
    deep &= (table["bottom"].groupby(number).transform("max") <= ABSURD).to_numpy()
    some = table[[name for name in CARBON if name in table]].notna().any(axis=1).to_numpy()
    understood.drop("without thickness", (kept & flat & some).sum())
    understood.drop("without top or bottom", (kept & ~has_both & some).sum())
    understood.drop(f"below {DEEPEST} m, where the models end", (kept & deep & some).sum())
    out = flat | ~has_both | deep | ~kept
    # a profile keeps a row, so that it is among the refused if nothing is left
    last = ~pd.Series(out).groupby(number).transform("all").to_numpy()
    first = ~pd.Series(number).duplicated().to_numpy() & ~last
    table.loc[first, ["top", "bottom"]] = np.nan
    table = table[~out | first]
    if sort:
        order = pd.factorize(table["profile"])[0]
        table = table.iloc[np.lexsort((table["bottom"], table["top"], order))]
    return table
