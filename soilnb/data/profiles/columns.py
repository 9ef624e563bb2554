"""The columns of a table of soil layers: names, units, bounds and meanings.

This is the one list behind `soilnb.proda.observations.read_csv`, its checks, and the variables
of the Dataset that it returns.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from soilnb.parameters import InputError, unknown


@dataclass(frozen=True)
class Column:
    """One column: unit, bounds, meaning, and where it belongs.

    `kind` is "layer" for what each layer has, "mean" for what is averaged over the layers of a
    profile (by thickness), "profile" for what a profile has once, "label" for its texts. `larger`
    is what a value above the bounds may mean.
    """

    unit: str
    meaning: str
    kind: str
    bounds: tuple[float, float] = (-np.inf, np.inf)
    symbol: str = ""
    larger: str = ""


_TEXT = "1"

#: The columns by name.
COLUMNS: Mapping[str, Column] = {
    "profile": Column(_TEXT, "name of the profile", "label"),
    "top": Column("cm", "upper depth of the layer", "layer", (0.0, np.inf)),
    "bottom": Column("cm", "lower depth of the layer", "layer", (0.0, np.inf)),
    "organic_carbon": Column(
        "%", "organic carbon, mass share of fine earth", "layer", (0.0, 60.0), "SOC",
        "in g kg-1? divide by 10",
    ),
    "bulk_density": Column(
        "g cm-3", "bulk density of fine earth", "layer", (0.01, 2.65), r"\rho_b",
        "in kg m-3? divide by 1000",
    ),
    "coarse_fragments": Column(
        "%", "coarse fragments, share of the volume", "layer", (0.0, 100.0), "G"
    ),
    "carbon_density": Column(
        "g C m-3", "organic carbon per volume of soil", "layer", (0.0, 5e5), "C"
    ),
    "sand": Column("%", "sand of the mineral soil", "mean", (0.0, 100.0), "f_{sand}"),
    "clay": Column("%", "clay of the mineral soil", "mean", (0.0, 100.0), "f_{clay}"),
    "latitude": Column("degrees_north", "latitude", "profile", (-90.0, 90.0)),
    "longitude": Column("degrees_east", "longitude", "profile", (-180.0, 360.0)),
    "temperature": Column(
        "degC", "mean annual air temperature", "profile", (-40.0, 40.0), "MAT",
        "in kelvin? subtract 273.15",
    ),
    "precipitation": Column(
        "mm yr-1", "mean annual precipitation", "profile", (0.0, 15000.0), "MAP"
    ),
    "npp": Column(
        "g C m-2 yr-1", "net primary production that enters the soil", "profile", (0.0, 5000.0),
        "NPP", "in kg ha-1? divide by 10",
    ),
    "climate": Column(_TEXT, "Köppen-Geiger zone", "label"),
    "vegetation": Column(_TEXT, "vegetation class of the table litter_split", "label"),
    "soil_order": Column(_TEXT, "soil order of the USDA taxonomy", "label"),
    "study": Column(_TEXT, "name of the study", "label"),
}  # fmt: skip

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


def rename(data: pd.DataFrame, columns: Mapping[str, str] | None) -> pd.DataFrame:
    """Return the known columns of a table under the names of `COLUMNS`.

    Parameters
    ----------
    data : DataFrame
        A table of layers.
    columns : mapping, optional
        Name in `COLUMNS` to name in the table, where they differ.

    Raises
    ------
    InputError
        For an unknown name on either side, or a needed column that is missing.
    """
    columns = dict(columns or {})
    for name, source in columns.items():
        if name not in COLUMNS:
            raise unknown("column", name, COLUMNS)
        if source not in data.columns:
            raise unknown(f"column (for {name!r}) of the table", source, data.columns)
    taken = {source: name for name, source in columns.items()}
    found = {
        column: taken.get(column, column)
        for column in data.columns
        if column in taken or (column in COLUMNS and column not in columns)
    }
    chosen = data[list(found)].rename(columns=found)
    missing = [name for name in REQUIRED if name not in chosen]
    if missing or not any(name in chosen for name in CARBON):
        name = missing[0] if missing else " or ".join(CARBON)
        raise InputError(f"the table has no column {name!r}{_nearest(name, data)}")
    return chosen


def _nearest(name: str, data: pd.DataFrame) -> str:
    spare = [str(column) for column in data.columns if column not in COLUMNS]
    near = difflib.get_close_matches(name, spare, n=1, cutoff=0.4)
    if near:
        return f"; did you mean {near[0]!r}? then columns={{{name!r}: {near[0]!r}}}"
    return f"; it has {', '.join(map(str, data.columns))}"


def numbers(data: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its columns as 64-bit numbers or plain text.

    Raises
    ------
    InputError
        For an entry that is no number, with its row, and for a profile without a name.
    """
    converted = {}
    for name in data.columns:
        if COLUMNS[name].kind == "label":
            converted[name] = _texts(data[name])
            continue
        values = pd.to_numeric(data[name], errors="coerce")
        for row in np.flatnonzero(values.isna() & data[name].notna()):
            entry = data[name].iloc[row]
            if str(entry).strip():
                raise InputError(f"{name} in row {row + 1} = {entry!r} is no number")
        converted[name] = values.astype(np.float64)
    table = pd.DataFrame(converted).reset_index(drop=True)
    nameless = (table["profile"] == "").to_numpy()
    if nameless.any():
        raise InputError(f"profile in row {int(np.argmax(nameless)) + 1} is empty: allowed a name")
    return table


def _texts(column: pd.Series) -> np.ndarray:
    """Plain texts with single spaces, ``""`` where there is none."""
    code, labels = pd.factorize(column, use_na_sentinel=True)
    clean = [" ".join(str(label).split()) for label in labels]
    return np.array([*clean, ""], dtype=object)[code]  # a missing one has the code -1
