"""From a table of layers, as it is, to layers in documented units: what is understood, and said.

`layers` brings together the columns and their names (`columns`), their units (`units`,
`judgement`) and the datum of depth (`datum`), and keeps a record of each decision.
"""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from soilnb.data import tables
from soilnb.data.profiles import judgement
from soilnb.data.profiles.columns import (
    CARBON,
    COLUMNS,
    Chosen,
    looks_like,
    numbers,
    place_of,
    rename,
)
from soilnb.data.profiles.datum import from_the_top
from soilnb.data.profiles.judgement import LIKELY, SLIPS, SURE, unit_of
from soilnb.data.profiles.units import resolve
from soilnb.parameters import InputError, unknown

#: Bottom of the column of the layered models, m: what lies below cannot be compared.
DEEPEST = 8.6

#: Deeper than this, m, no soil is: the rules refuse the profile.
ABSURD = 30.0

#: Units that are named where everything is in the documented ones, so that nothing is judged.
DOCUMENTED = {name: column.unit for name, column in COLUMNS.items() if column.kind != "label"}

#: How likely each unit of carbon is in a source or profile taken alone, before looking.
_APART = {"%": 0.5, "g kg-1": 0.5}

#: Times as likely as the unit of the table that makes a source or profile one of another unit, and
#: the share of such that makes a table mixed. Of 602 profiles of ISRaD, all in %, 14 pass for
#: another unit so (2 %), and 4 of 5 do that are.
CLEARLY, MIXED = 100.0, 0.05

#: Sources or profiles of a large table that are looked at to see whether it is mixed.
SAMPLE = 300


class ReadingWarning(UserWarning):
    """What was understood of a table beyond what it says."""


@dataclass
class Understood:
    """What was understood of a table: a line for each decision, and what was left out."""

    columns: dict[str, dict[str, object]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)

    def say(self, source: str) -> None:
        """Show the notes as one line, once."""
        if self.notes:
            warnings.warn(f"{source}: {'; '.join(self.notes)}", ReadingWarning, stacklevel=4)

    def drop(self, why: str, count: int, *, said: bool = True) -> None:
        """Note how many layers are left out, and why."""
        if count:
            self.dropped[why] = self.dropped.get(why, 0) + int(count)
            if said:
                self.notes.append(f"{count} layer{'s' if count > 1 else ''} left out: {why}")

    def text(self) -> str:
        """Return the record as text, for the attributes of a Dataset."""
        record = {"columns": self.columns, "notes": self.notes, "dropped": self.dropped}
        return json.dumps(record, ensure_ascii=False)


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
    chosen = rename(data, columns)
    understood = Understood()
    _note_unused(data, chosen, columns, understood)
    named = _with_names(_filled_rows(chosen.data), understood)
    if not len(named):
        raise InputError("the table has no rows: allowed one layer or more")
    table, left_out = numbers(named, missing, data.attrs.get("decimal", ""))
    declared = _declared(units, chosen)
    number, _ = pd.factorize(table["profile"])
    table = _in_metres(table, number, declared, understood)
    _judge_carbon(table, number, declared, understood)
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
    if len(told) and not (CARBON[0] in chosen.sources and set(told) <= {CARBON[1]}):
        pairs = ", ".join(f"{name!r}: {heading!r}" for name, heading in told.items())
        names = ", ".join(repr(heading) for heading in told.values())
        understood.notes.append(f"not used: {names}; to use them columns={{{pairs}}}")


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

    Raises
    ------
    InputError
        For a layer without a name that does not go on from the one above it.
    """
    names = data["profile"].astype(object).where(data["profile"].notna(), "")
    empty = names.map(lambda name: not str(name).strip()).to_numpy()
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
    return {name: pair for name, pair in found.items() if name in chosen.data}


def _two(name: str, first: str, second: str, why: str) -> InputError:
    """Return the error for a column that may be in two units."""
    texts = " or ".join(f"units={{{name!r}: {unit!r}}}" for unit in (first, second))
    return InputError(f"{name} may be in {first} or in {second} ({why}): {texts} settles it")


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
            raise _two("depth", unit, second, why)
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


def _judge_carbon(
    table: pd.DataFrame, number: np.ndarray, declared: Mapping, understood: Understood
) -> None:
    """Convert organic carbon and bulk density, in units judged together, apart where they mix."""
    names = [name for name in judgement.PRIOR if name in table]
    looked_at = table[names].assign(depth=(table["top"] + table["bottom"]).abs() / 2)
    given = {name: declared[name][0] for name in names if name in declared}
    judged = judgement.carbon_and_density(looked_at, given)
    chosen, doubtful = {}, None
    for name in names:
        unit, how = declared.get(name, (COLUMNS[name].unit, "the usual unit"))
        if name in judged:
            best = judged[name]
            usual = best.unit == COLUMNS[name].unit
            unit, how = best.unit, how if usual else "judged"
            doubtful = name if best.odds < (LIKELY if usual else SURE) else doubtful
        chosen[name] = unit
        understood.columns[name] = {"unit": unit, "decided": how}
    apart = _apart(table, looked_at, number, given, chosen) if judged else {}
    if doubtful and 2 * len(apart) < len(table):
        raise _two(doubtful, *judged[doubtful][:2], _weighed(looked_at, doubtful, judged))
    for name in judged:
        if chosen[name] == COLUMNS[name].unit and judged[name].odds < SURE:
            understood.notes.append(
                f"{name} taken as {chosen[name]}; {judged[name].other} is less likely, and "
                f"units={{{name!r}: ...}} settles it"
            )
        if chosen[name] != COLUMNS[name].unit:
            understood.notes.append(f"{name} read as {chosen[name]}: {judged[name].why}")
    for name in names:
        looked_at[name] = looked_at[name].to_numpy(dtype=float)
        table[name] = unit_of(name, chosen[name]).convert(looked_at[name].to_numpy())
    _convert_apart(table, looked_at, apart, chosen, understood)


def _weighed(layers: pd.DataFrame, name: str, judged: Mapping) -> str:
    values = layers[name].to_numpy(dtype=float)
    middle = float(np.nanmedian(values))
    documented = COLUMNS[name].unit
    readings = [unit_of(name, unit).convert(np.float64(middle)) for unit in judged[name][:2]]
    text = " or ".join(f"{value:.3g}" for value in readings)
    what = "a bulk density" if "bulk_density" not in layers else "a typical value"
    return f"a median of {text} {documented}; {what} would tell"


def _apart(
    table: pd.DataFrame, looked_at: pd.DataFrame, number: np.ndarray, given: dict, chosen: dict
) -> dict[int, dict[str, str]]:
    """Find the rows that cannot be, or are hardly, in the units of the table: their own units.

    Sources are judged where a column names them, else profiles.
    """
    by_source = "study" in table and table["study"].nunique() > 1
    groups = pd.factorize(table["study"])[0] if by_source else number
    rows_of = pd.Series(np.arange(len(table))).groupby(groups).indices
    wrong = judgement.impossible(looked_at, chosen)
    found: dict[int, dict[str, str]] = {}
    for rows in rows_of.values():
        if wrong[rows].mean() < 0.5:
            continue
        part = looked_at.iloc[rows]
        own = judgement.carbon_and_density(
            part, given, judgement.PRIOR | {"organic_carbon": _APART}
        )
        units = chosen | {name: own[name].unit for name in own if own[name].odds >= SURE}
        if units != chosen and judgement.impossible(part, units).mean() <= SLIPS:
            found |= dict.fromkeys(rows.tolist(), units)
    if chosen.get("organic_carbon") in _APART and "organic_carbon" not in given:
        for rows in _hardly(looked_at, list(rows_of.values()), chosen):
            if not found.keys() & set(rows.tolist()):
                found |= dict.fromkeys(rows.tolist(), _other_carbon(chosen))
    return found


def _hardly(looked_at: pd.DataFrame, groups: list, chosen: dict) -> list[np.ndarray]:
    """Rows of the groups that are clearly in another unit, where these are not a few by chance."""

    def clearly(rows: np.ndarray) -> bool:
        part = looked_at.iloc[rows]
        fits = judgement.impossible(part, _other_carbon(chosen)).mean() <= SLIPS
        return fits and _own_odds(part, chosen) < 1 / CLEARLY

    step = max(1, len(groups) // SAMPLE)
    sample = [clearly(rows) for rows in groups[::step]]
    if sum(sample) < max(1, MIXED * len(sample)) or len(groups) < 2:
        return []
    return [rows for rows in groups if clearly(rows)]


def _own_odds(part: pd.DataFrame, chosen: dict) -> float:
    """Return how many times as likely the table's unit of carbon is in a part of it."""
    rest = {name: unit for name, unit in chosen.items() if name != "organic_carbon"}
    own = judgement.carbon_and_density(part, rest, judgement.PRIOR | {"organic_carbon": _APART})
    if "organic_carbon" not in own:
        return np.inf  # no carbon, nothing to doubt
    judged = own["organic_carbon"]
    return judged.odds if judged.unit == chosen["organic_carbon"] else 1 / judged.odds


def _other_carbon(chosen: dict) -> dict[str, str]:
    """Units of a table with percent in place of g kg-1, or the other way round."""
    return chosen | {"organic_carbon": "%" if chosen["organic_carbon"] != "%" else "g kg-1"}


def _convert_apart(
    table: pd.DataFrame,
    looked_at: pd.DataFrame,
    apart: Mapping[int, dict[str, str]],
    chosen: dict,
    understood: Understood,
) -> None:
    """Give the rows that stand apart their own units, and doubt what could be of either."""
    if not apart:
        return
    profiles = table["profile"]
    if len(apart) < MIXED * len(table):  # a few, which may be slips: none is turned tacitly
        for row, units in apart.items():
            name = next(name for name, unit in units.items() if unit != chosen[name])
            understood.doubtful[profiles.iloc[row]] = (
                f"{name} can hardly be in {chosen[name]} as in the rest of the table; in "
                f"{units[name]}?"
            )
        return
    told: dict[tuple[str, str], list[int]] = {}
    for row, units in apart.items():
        for name, unit in units.items():
            if unit != chosen[name]:
                told.setdefault((name, unit), []).append(row)
    for (name, unit), rows in told.items():
        values = looked_at[name].to_numpy()[rows]
        table.loc[table.index[rows], name] = unit_of(name, unit).convert(values)
        count = profiles.iloc[rows].nunique()
        understood.notes.append(
            f"mixed units: {name} read as {unit} in {count} profile{'s' if count > 1 else ''}, "
            f"which can hardly be in {chosen[name]}"
        )
    if any(name == "organic_carbon" for name, _ in told):
        _doubt_the_rest(table, looked_at, set(apart), chosen, understood)


def _doubt_the_rest(
    table: pd.DataFrame, looked_at: pd.DataFrame, apart: set, chosen: dict, understood: Understood
) -> None:
    """Where units of carbon mix, doubt the profiles that do not clearly tell their own."""
    label = "study" if "study" in table and table["study"].nunique() > 1 else "profile"
    rest = table[~np.isin(np.arange(len(table)), list(apart))]
    for _, rows in rest.groupby(label).groups.items():
        if _own_odds(looked_at.loc[rows], chosen) < CLEARLY:
            for profile in table.loc[rows, "profile"].unique():
                understood.doubtful[profile] = (
                    "organic_carbon may be in % or in g kg-1, since the table mixes units: "
                    "units= settles it for one unit at a time"
                )


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
    elif name in ("temperature", "precipitation"):
        unit, why, others = judgement.climate(values, name)
    if others:
        raise _two(name, unit, " or ".join(others), why)
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
        understood.notes.append(
            f"organic layers above the mineral soil in {count} profile{'s' if count > 1 else ''} "
            f"({way}): {done}"
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
