"""Monthly tables of weather as people have them: of a flux tower, of RothC, or of their own.

`read_monthly` returns the mean year; `arguments` gives what `from_climate` takes of it:

>>> from soilnb.profile import forcing
>>> year = forcing.read_monthly("FLX_DE-Hai_FLUXNET2015_FULLSET_MM.csv")  # doctest: +SKIP
>>> place = forcing.from_climate(**forcing.arguments(year), latitude=51.1)  # doctest: +SKIP

=================  =================  =======================================  ====================
variable           unit               in FLUXNET (monthly)                     in RothC
=================  =================  =======================================  ====================
``temperature``    degC               ``TA_F``                                 ``TMP``
``precipitation``  mm month-1         ``P_F``, mm d-1 there                    ``Rain``, mm
``evaporation``    mm month-1                                                  ``Evap``, open pan
``npp``            g C m-2 month-1                                             ``C_inp``, t C ha-1
``gpp``            g C m-2 month-1    ``GPP_NT_VUT_REF``, g C m-2 d-1 there
=================  =================  =======================================  ====================
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.data.profiles import files
from soilnb.parameters import InputError, check_known, shown

MONTHS = 12

#: Mean number of days of each month.
DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

#: Potential evapotranspiration per evaporation of an open pan, as in RothC 26.3.
PAN = 0.75

#: Names of the columns in lower case, by variable; of FLUXNET with the unit of its monthly files.
_NAMES = {
    "temperature": ("temperature", "ta_f", "ta_f_mds", "ta_era", "tmp", "temp", "tair", "tmean",
                    "tas", "mean_temperature", "air_temperature"),
    "precipitation": ("precipitation", "p_f", "p_era", "rain", "rainfall", "prec", "precip", "ppt",
                      "pr"),
    "evaporation": ("evaporation", "evap", "pan_evaporation"),
    "pet": ("pet", "etp", "et0", "potential_evapotranspiration"),
    "npp": ("npp", "c_inp", "cinp", "carbon_input"),
    "gpp": ("gpp_nt_vut_ref", "gpp_dt_vut_ref", "gpp"),
}  # fmt: skip
_DAILY_OF_FLUXNET = ("p_f", "p_era", "gpp_nt_vut_ref", "gpp_dt_vut_ref")

#: Unit of each variable, and what a value of another unit is multiplied by, alone or with days.
_UNITS: Mapping[str, Mapping[str, object]] = {
    "precipitation": {"mm month-1": 1.0, "mm d-1": DAYS, "cm month-1": 10.0, "m month-1": 1000.0},
    "evaporation": {"mm month-1": 1.0, "mm d-1": DAYS},
    "pet": {"mm month-1": 1.0, "mm d-1": DAYS},
    "npp": {"g m-2 month-1": 1.0, "t ha-1 month-1": 100.0, "g m-2 d-1": DAYS},
    "gpp": {"g m-2 month-1": 1.0, "g m-2 d-1": DAYS},
}
_MEANING = {
    "temperature": ("degC", "air temperature"),
    "precipitation": ("mm month-1", "precipitation"),
    "evaporation": ("mm month-1", "evaporation of an open pan"),
    "pet": ("mm month-1", "potential evapotranspiration"),
    "npp": ("g C m-2 month-1", "carbon entering the soil"),
    "gpp": ("g C m-2 month-1", "gross primary production"),
}


def read_monthly(path: str | Path, *, units: Mapping[str, str] | None = None) -> xr.Dataset:
    """Read a table with one row for each month, and return the mean year.

    Parameters
    ----------
    path : path
        A monthly file of FLUXNET (column ``TIMESTAMP`` as YYYYMM), an input file of RothC, or any
        table with the columns month, temperature and precipitation (`soilnb.data.profiles.files`).
    units : mapping, optional
        Units where they differ: ``{"precipitation": "mm d-1"}``.

    Returns
    -------
    Dataset
        Over ``month`` (1 to 12) the variables of the table in the module's description that are
        there, means over the years; the attribute ``years`` says how many.

    Raises
    ------
    InputError
        For a file that cannot be read, columns that are missing, a step that is not a month,
        months without a value, and values that no month has.
    """
    rows = files.read(path, whole=False)
    if rows.attrs["decimal"] == ",":
        rows = rows.replace(r"^([+-]?\d*),(\d+)$", r"\1.\2", regex=True)
    table = _headed(rows, str(path))
    month, years = _months(table, str(path))
    found = {}
    for name in _NAMES:
        column = next((own for own in _NAMES[name] if own in table), None)
        if column is not None:
            found[name] = _mean_year(table[column], month, name, column, units or {})
    for key in units or {}:
        check_known("column of units", key, _UNITS)
    missing = [name for name in ("temperature", "precipitation") if name not in found]
    if missing:
        raise InputError(
            f"{path} has no column {' and '.join(missing)}; it has "
            f"{', '.join(map(str, table.columns[:30]))}"
        )
    _check(found, settled="precipitation" in (units or {}))
    data = {name: ("month", values, {"units": _MEANING[name][0], "long_name": _MEANING[name][1]})
            for name, values in found.items()}  # fmt: skip
    attrs = {"title": f"mean year of {Path(path).name}", "years": years, "source": Path(path).name}
    return xr.Dataset(data, {"month": np.arange(1, MONTHS + 1)}, attrs)


def arguments(year: xr.Dataset) -> dict[str, float]:
    """Return what `from_climate` takes of a mean year: mat, map, pet, npp, and both seasonalities.

    Parameters
    ----------
    year : Dataset
        As from `read_monthly`. The evaporation of an open pan counts three quarters. Of the year of
        rain the cosine counts that peaks in the warmest month.
    """
    air, days = year["temperature"].values, DAYS / DAYS.sum()
    found = {
        "mat": float((air * days).sum()),
        "seasonality": float(air.max() - air.min()),
        "map": float(year["precipitation"].sum()),
        "rain_seasonality": _with_warmth(year["precipitation"].values / DAYS, air),
    }
    if "pet" in year:
        found["pet"] = float(year["pet"].sum())
    elif "evaporation" in year:
        found["pet"] = PAN * float(year["evaporation"].sum())
    if "npp" in year:
        found["npp"] = float(year["npp"].sum())
    return found


def _with_warmth(rain: np.ndarray, air: np.ndarray) -> float:
    """First harmonic of rain (mm d-1) in step with the warmest month, over the mean, -1 to 1."""
    wave = np.cos(2 * np.pi * (np.arange(MONTHS) - int(air.argmax())) / MONTHS)
    mean = float(rain.mean())
    return float(np.clip(2 * (rain * wave).mean() / mean, -1.0, 1.0)) if mean > 0 else 0.0


def _headed(rows: pd.DataFrame, path: str) -> pd.DataFrame:
    """Return the table below the row that names the months and the temperature."""
    known = {name for names in _NAMES.values() for name in names}
    texts = [[str(heading) for heading in rows.columns], *rows.to_numpy().tolist()]
    for i, row in enumerate(texts):
        names = [_plain(cell) for cell in row]
        twice = {name for name in names if name and names.count(name) > 1}
        if twice & (known | {"month", "mon", "timestamp"}):
            raise InputError(f"{path} has the column {min(twice)} twice: allowed once")
        if len(known & set(names)) > 1 and (set(names) & {"month", "mon", "timestamp"}):
            width = len(names)
            body = [cells for cells in texts[i + 1 :] if any(cells)]
            return pd.DataFrame([cells[:width] for cells in body], columns=names, dtype=object)
    raise InputError(f"{path} has no row that names month (or TIMESTAMP) and temperature")


def _plain(heading: str) -> str:
    name = re.sub(r"\s*[\[(].*[\])]$", "", heading.strip().lower())
    return re.sub(r"[\s.\-]+", "_", name).removeprefix("t_")


def _months(table: pd.DataFrame, path: str) -> tuple[np.ndarray, int]:
    """Month of each row, and how many years there are."""
    if "timestamp" in table:
        stamp = table["timestamp"].astype(str)
        wrong = stamp[~stamp.str.fullmatch(r"(1[89]|2[01])[0-9]{2}(0[1-9]|1[0-2])")]
        if len(wrong):
            raise InputError(
                f"TIMESTAMP = {shown(wrong.iloc[0])} in {path}: allowed months as YYYYMM, as in "
                "the files of FLUXNET with MM in their names"
            )
        return stamp.str[4:].astype(int).to_numpy(), stamp.str[:4].nunique()
    text = table["month" if "month" in table else "mon"]
    month = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float)
    bad = ~np.isin(month, np.arange(1, MONTHS + 1))
    if bad.any():
        raise InputError(f"month = {shown(text[bad].iloc[0])} in {path}: allowed 1 to 12")
    return month.astype(int), int(pd.Series(month).value_counts().max())


def _mean_year(
    column: pd.Series, month: np.ndarray, name: str, heading: str, units: Mapping[str, str]
) -> np.ndarray:
    """Mean of each month in the unit of the variable."""
    values = np.array(pd.to_numeric(column, errors="coerce"), dtype=float)
    wrong = np.isnan(values) & column.astype(str).str.strip().ne("").to_numpy()
    if wrong.any() and str(column[wrong].iloc[0]).lower() not in ("na", "nan"):
        raise InputError(f"{heading} = {shown(column[wrong].iloc[0])} is no number")
    values[np.isin(values, (-9999.0, -999.0))] = np.nan
    mean = pd.Series(values).groupby(month).mean().reindex(range(1, MONTHS + 1)).to_numpy()
    if np.isnan(mean).any():
        empty = ", ".join(str(i + 1) for i in np.flatnonzero(np.isnan(mean)))
        raise InputError(f"{heading} has no value in month {empty}: needed all twelve")
    if name == "temperature":
        return mean
    usual = next(iter(_UNITS[name]))
    if heading in _DAILY_OF_FLUXNET:
        usual = next(unit for unit in _UNITS[name] if unit.endswith("d-1"))
    elif heading in ("c_inp", "cinp"):
        usual = "t ha-1 month-1"
    unit = units.get(name, usual)
    return mean * _UNITS[name][check_known(f"unit of {name}", unit, _UNITS[name], letters=False)]


def _check(found: Mapping[str, np.ndarray], *, settled: bool) -> None:
    air, rain = found["temperature"], found["precipitation"]
    if air.min() < -70 or air.max() > 60:
        hint = "; in kelvin? subtract 273.15" if air.min() > 150 else ""
        raise InputError(f"temperature = {air.max():g} to {air.min():g} degC: allowed -70 to "
                         f"60{hint}")  # fmt: skip
    for name, values in found.items():
        if name not in ("temperature", "gpp") and not 0 <= values.min() <= values.max() < 1e5:
            raise InputError(f"{name} = {values.min():g} to {values.max():g} in a month: allowed 0 "
                             "to 100000")  # fmt: skip
    if not settled and rain.sum() < 100 and rain.max() < 15:
        raise InputError(
            f"precipitation is {rain.sum():.3g} mm a year, or {(rain * DAYS).sum():.3g} if in mm "
            "d-1: units={'precipitation': 'mm month-1'} or units={'precipitation': 'mm d-1'} "
            "settles it"
        )
