"""Organic carbon and bulk density of a table in documented units, apart where sources mix units.

`soilnb.data.profiles.judgement` weighs the readings of a part of a table; here the table is taken
as a whole first, and its sources or profiles then.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from soilnb.data.profiles import density, judgement
from soilnb.data.profiles.columns import COLUMNS, ORGANIC_MATTER
from soilnb.data.profiles.judgement import CONFIRMED, LIKELY, SLIPS, SURE, unit_of
from soilnb.data.profiles.understood import Understood, two_readings
from soilnb.parameters import InputError

#: How likely each unit of carbon is in a source or profile taken alone, before looking.
_APART = {"%": 0.5, "g kg-1": 0.5}

#: Times as likely as the unit of the table that makes a source or profile one of another unit, and
#: the share of such that makes a table mixed. Of the 602 profiles of ISRaD with three layers or
#: more, 259 tell so that they are in %, and 6 (1 %) pass for another unit; with ten times their
#: carbon 362 tell, and 12 pass for %.
CLEARLY, MIXED = 100.0, 0.05

#: Soils with less carbon, %, are mineral.
MINERAL = 12.0

#: Sources or profiles of a large table that are looked at to see whether it is mixed.
SAMPLE = 300


def judge_carbon(
    table: pd.DataFrame, number: np.ndarray, declared: Mapping, understood: Understood
) -> None:
    """Convert organic carbon and bulk density, in units judged together, apart where they mix."""
    names = [name for name in judgement.PRIOR if name in table]
    looked_at = table[names].assign(depth=(table["top"] + table["bottom"]).abs() / 2)
    given = {name: declared[name][0] for name in names if name in declared}
    judged = judgement.carbon_and_density(looked_at, given)
    chosen, doubtful = {}, None
    confirmed = "bulk_density" in names and bool(table["bulk_density"].notna().any())
    for name in names:
        unit, how = declared.get(name, (COLUMNS[name].unit, "the usual unit"))
        if name in judged:
            best = judged[name]
            usual = best.unit == COLUMNS[name].unit
            unit, how = best.unit, how if usual else "judged"
            least = SURE if confirmed or not usual else LIKELY
            doubtful = name if best.odds < least else doubtful
        chosen[name] = unit
        understood.columns[name] = {"unit": unit, "decided": how}
    apart = _apart(table, looked_at, number, given, chosen) if judged else {}
    if doubtful and 2 * len(apart) < len(table):
        why = _weighed(looked_at, doubtful, judged, understood.spare.get("bulk_density", ""))
        raise two_readings(doubtful, why, *judged[doubtful][:2])
    _check_density(looked_at, chosen, given)
    for name in judged:
        if name == "organic_carbon" and not confirmed:
            understood.notes.append(
                f"{name} taken as {chosen[name]}, which no bulk density confirms; units= settles it"
            )
        elif chosen[name] == COLUMNS[name].unit and judged[name].odds < CONFIRMED:
            understood.notes.append(
                f"{name} taken as {chosen[name]}; {judged[name].other} is less likely, and "
                f"units={{{name!r}: ...}} settles it"
            )
        if chosen[name] != COLUMNS[name].unit:
            understood.notes.append(f"{name} read as {chosen[name]}: {judged[name].why}")
    if chosen.get("organic_carbon", "").endswith(ORGANIC_MATTER):
        share = 1 / density.ORGANIC_MATTER
        understood.notes.append(f"organic_carbon is {share:.0%} of organic matter")
    for name in names:
        looked_at[name] = looked_at[name].to_numpy(dtype=float)
        table[name] = unit_of(name, chosen[name]).convert(looked_at[name].to_numpy())
    _convert_apart(table, looked_at, apart, chosen, understood)


def _check_density(looked_at: pd.DataFrame, chosen: dict, given: dict) -> None:
    """Refuse undeclared bulk densities that no known unit makes those of soils."""
    if "bulk_density" not in chosen or "bulk_density" in given or "organic_carbon" not in chosen:
        return
    carbon, earth = (
        unit_of(name, chosen[name]).convert(looked_at[name].to_numpy(dtype=float))
        for name in judgement.PRIOR
    )
    mineral = np.isfinite(carbon) & np.isfinite(earth) & (carbon < MINERAL)
    if not mineral.any():
        return
    ratio = float(np.median(earth[mineral] / density.bulk_density(carbon[mineral])))
    low, high = judgement.FAR
    if not low <= ratio <= high:
        values = looked_at["bulk_density"]
        raise InputError(
            f"bulk_density = {values.min():g} to {values.max():g} is that of a soil in no unit "
            f"that is known (g cm-3, kg m-3, cg cm-3), for {np.nanmin(carbon):.3g} to "
            f"{np.nanmax(carbon):.3g} % carbon; units={{'bulk_density': ...}} takes it as it is"
        )


def _weighed(layers: pd.DataFrame, name: str, judged: Mapping, spare: str) -> str:
    """Say what the readings come to, and what would tell; `spare` may be a bulk density's."""
    values = layers[name].to_numpy(dtype=float)
    middle = float(np.nanmedian(values))
    documented = COLUMNS[name].unit
    readings = [unit_of(name, unit).convert(np.float64(middle)) for unit in judged[name][:2]]
    text = " or ".join(f"{value:.3g}" for value in readings)
    if spare and "bulk_density" not in layers:
        return f"a median of {text} {documented}; columns={ {'bulk_density': spare} } may tell"
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
    few = len(apart) < MIXED * len(table) or profiles.iloc[list(apart)].nunique() < 2
    if few:  # they may be slips: none is turned tacitly
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
