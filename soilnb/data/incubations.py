"""Reader of the Soil Incubation Database (SIDb): 34 studies that let soil respire in jars.

A study has a folder with ``timeSeries.csv`` (one column per jar), ``metadata.yaml`` (what each
column is) and ``initConditions.csv`` (the soils). All become one table over `observation`; only
means of carbon dioxide are taken, not standard deviations, nor other gases and isotopes.

``value`` is what the study reports in its own ``unit``. ``respired`` is one measure for all,
where unit and carbon of the soil are known: carbon respired since the start per carbon of the
soil, g kg-1 (which is mg g-1). A rate is integrated by the trapezoidal rule, with its first value
back to the start.

Departures, each because the files do not say enough:

* Studies in which some jar would have respired more carbon than its soil had (by a wrong unit)
  have NaN in ``respired``, all their jars alike.

* Wells2022 reports µg CO2-C per g soil without a time; it is taken as per day. The ratio of two
  depths does not depend on that.
* Salome2010 gives carbon of 12.56 and 3.39 *percent* in a cultivated Cambisol, and per gram of
  *soil* more respired carbon than such a soil could lose: its labels are taken for wrong, and
  ``respired`` is NaN. Ratios of its jars at one depth stand.
* Fontaine2007 gives "mg soilC/kg soilC", a unit that the database does not define:
  ``respired`` is NaN. The ratio of its two jars stands.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
import yaml

from soilnb.data import schemas
from soilnb.parameters import InputError
from soilnb.schema import build

#: The studies, by the names of their folders.
STUDIES = (
    "Andrews2000SBB", "Arevalo2012", "Barrett2006", "Bracho2016SBB", "Bradford2010",
    "BradleyCook2016", "Conant2008", "Craine2010NatGeo", "Crow2018", "Crow2019a", "Crow2019b",
    "Dalias2001", "Doetterl2015", "Fontaine2007", "Gillabel2010", "Haddix2011", "Hopkins2006",
    "Karhu2010", "Lavoie2011JGR", "NeffHooper2002", "Niklinska1999", "Reichstein2000", "Rey2008",
    "Richardson2020", "Salome2010", "Sierra2017BG", "Song2010", "Stewart2008SBB", "Townsend1997",
    "Wang2010", "Wells2022", "WicklandNeff2008", "Winkler1996", "Zhang2007",
)  # fmt: skip

#: The files of a study.
FILES = ("timeSeries.csv", "metadata.yaml", "initConditions.csv")

#: Units of soil carbon, in g per g soil.
_CARBON = {
    "percent": 0.01, "g/kg": 1e-3, "gC/kgSoil": 1e-3, "mg/gSoil": 1e-3, "mgC/gSoil": 1e-3,
    "g/gSoil": 1.0,
}  # fmt: skip

_CO2 = 12.011 / 44.009

#: Units of respiration: factor to mg C, per gram of "soil" or of "carbon", days per unit of time
#: (0 for an amount since the start).
_UNITS = {
    "mgC/gC": (1.0, "carbon", 0), "mgCCO2/gC": (1.0, "carbon", 0), "percentC": (10.0, "carbon", 0),
    "mgC/gC/d": (1.0, "carbon", 1), "mgC/gC/day": (1.0, "carbon", 1),
    "mgC/gSoilC/d": (1.0, "carbon", 1), "microgC/gSOC/h": (1e-3, "carbon", 1 / 24),
    "mgC/gSoil": (1.0, "soil", 0), "mgC / g soil": (1.0, "soil", 0),
    "mgCO2/gSoil": (_CO2, "soil", 0), "mgCo2/gSoil": (_CO2, "soil", 0),
    "microgCO2/gSoil": (1e-3 * _CO2, "soil", 0),
    "mgC/gSoil/d": (1.0, "soil", 1), "mgCO2/gSoil/d": (_CO2, "soil", 1),
    "microgC/gSoil/d": (1e-3, "soil", 1), "micromolC-CO2/g/d": (12.011e-3, "soil", 1),
    "mass CO2 carbon per soil mass [µg/g] (CO2-C efflux/soil)": (1e-3, "soil", 1),
}  # fmt: skip

#: All carbon of a soil, g per kg of it.
_ALL = 1000.0

#: Studies whose labels contradict each other (see the module's text).
_DOUBTFUL = ("Salome2010",)

#: Entries of a column's description that are no treatment.
_NO_TREATMENT = {
    "name", "units", "varDesc", "site", "gasMeasured", "statistic", "primaryVariableName",
    "primaryVariable", "midDepth", "top", "bottom", "temperature", "replicates", "horizon",
}  # fmt: skip


def files() -> tuple[str, ...]:
    """Return the names of all files, below the folder of the data set."""
    return tuple(f"data/{study}/{name}" for study in STUDIES for name in FILES)


def read_sidb(folder: Path) -> xr.Dataset:
    """Return the respiration of incubated soils, over `observation`.

    Parameters
    ----------
    folder : Path
        With a folder ``data`` that holds one folder per study.

    Raises
    ------
    InputError
        When a study's files do not fit together.
    """
    studies = [_possible(_study(folder / "data" / study)) for study in STUDIES]
    series = [row for study in studies for row in study]
    lengths = [len(row["time"]) for row in series]
    arrays = {
        name: np.concatenate([row[name] for row in series])
        if name in ("time", "value", "respired")
        else np.repeat(np.array([row[name] for row in series]), lengths)
        for name in schemas.INCUBATIONS.variables
    }
    return build(schemas.INCUBATIONS, arrays, np.arange(1, sum(lengths) + 1))


def _study(folder: Path) -> list[dict]:
    """Return one mapping per time series of a study."""
    try:
        text = (folder / "metadata.yaml").read_text("utf-8-sig")
        about = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        table = pd.read_csv(folder / "timeSeries.csv", encoding="utf-8-sig")
        soils = pd.read_csv(folder / "initConditions.csv", encoding="utf-8-sig")
        table.columns = table.columns.str.strip()
        columns = [entry for entry in about["variables"].values() if _is_carbon_dioxide(entry)]
        rows = _Soils.of(soils)
        return [_series(folder.name, about, entry, table, rows) for entry in columns]
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"sidb: the files of {folder.name} do not fit together: {reason}"
        ) from None


def _possible(series: list[dict]) -> list[dict]:
    """Take out ``respired`` of a study in which a jar respires more carbon than its soil has."""
    if any((row["respired"] > _ALL).any() for row in series):
        return [row | {"respired": np.full(len(row["time"]), np.nan)} for row in series]
    return series


def _is_carbon_dioxide(entry: dict) -> bool:
    """Whether a column holds means of CO2 (and not time, isotopes, or standard errors)."""
    if str(entry["name"]).strip() == "time":
        return False
    gas, statistic = entry.get("gasMeasured"), entry.get("statistic")
    return gas in (None, "CO2") and str(statistic).lower() in ("none", "mean")


def _series(study: str, about: dict, entry: dict, table: pd.DataFrame, soils: _Soils) -> dict:
    """Return one time series with all that is known of it."""
    jar = about["incubationInfo"]
    name = str(entry["name"]).strip()
    observed = np.array([table["time"].to_numpy(float), table[name].to_numpy(float)])
    time, value = observed[:, ~np.isnan(observed).any(0)]
    site = entry.get("site") or about["siteInfo"].get("site")
    site = site if isinstance(site, str) else ""
    bottom = _number(entry.get("bottom"))
    unit = str(entry.get("units") or "").strip()
    carbon = _soil_carbon(entry, site, soils)
    named = f"{bottom:g}" if np.isfinite(bottom) else ""
    words = {key: value for key, value in entry.items() if key not in _NO_TREATMENT}
    return {
        "study": study,
        "doi": str(about.get("doi") or ""),
        "series": name,
        "site": site,
        "profile": site.removesuffix(named),
        "treatment": "; ".join(f"{k}: {v}" for k, v in words.items() if v is not None),
        "depth": _depth(entry, jar.get("depthInfo") or {}),
        "temperature": _number(entry.get("temperature", jar.get("temperature"))),
        "soil_carbon": carbon,
        "time": time,
        "value": value,
        "unit": unit,
        "respired": _respired(study, time, value, unit, carbon),
    }


def _depth(entry: dict, everywhere: dict) -> float:
    """Middle of the sampled layer, cm: the column's own, else that of the whole study."""
    for source in (entry, everywhere):
        middle = _number(source.get("midDepth"))
        ends = [_number(source.get(end)) for end in ("top", "bottom")]
        found = middle if np.isfinite(middle) else float(np.mean(ends))
        if np.isfinite(found):
            return found
    return np.nan


class _Soils(NamedTuple):
    """The soils of a study by column: as in the file, written in one way, and what is missing."""

    table: dict[str, np.ndarray]
    plain: dict[str, np.ndarray]
    missing: dict[str, np.ndarray]

    @classmethod
    def of(cls, table: pd.DataFrame) -> _Soils:
        """Take the columns apart: hundreds of jars ask for them, one by one."""
        plain = table.drop(columns=["replicates"], errors="ignore").map(_plain)
        kinds = (table, object), (plain, object), (table.isna(), bool)
        return cls(*({n: column.to_numpy(k) for n, column in t.items()} for t, k in kinds))


def _soil_carbon(entry: dict, site: str, soils: _Soils) -> float:
    """Carbon of the soil in a jar, g per g: that of the rows that agree with the column."""
    table, plain, missing = soils
    if "carbonMean" not in table:
        return np.nan
    agree = _same_site(plain["site"], _plain(site), _plain(entry["name"]))
    for key, value in entry.items():
        if key in plain and key != "site" and value is not None:
            agree &= missing[key] | (plain[key] == _plain(value))
    agree &= ~(missing["carbonMean"] | missing["carbonUnits"])
    found = set(zip(table["carbonMean"][agree], table["carbonUnits"][agree], strict=True))
    if len(found) != 1:
        return np.nan
    amount, unit = found.pop()
    return float(amount) * _CARBON.get(str(unit).replace("\\n", "").strip(), np.nan)


def _same_site(known: np.ndarray, site: str, series: str) -> np.ndarray:
    """Rows of the site, or named like the series; where none is, those with a longer name."""
    exact = np.array([name in (site, series) for name in known], bool)
    if len(set(known)) == 1 or not (site or exact.any()):
        return np.ones(len(known), bool)
    return exact if exact.any() else np.array([name.startswith(site) for name in known], bool)


def _plain(value: object) -> str:
    """Write what two files should agree on in one way: 7.50 as 7.5, "Pine " as pine."""
    number = _number(value)
    return f"{number:g}" if np.isfinite(number) else re.sub(r"[\W_]", "", str(value)).lower()


def _number(value: object) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _respired(
    study: str, time: np.ndarray, value: np.ndarray, unit: str, carbon: float
) -> np.ndarray:
    """Carbon respired since the start, g per kg of soil carbon."""
    if unit not in _UNITS or study in _DOUBTFUL:
        return np.full(len(time), np.nan)
    factor, per, days = _UNITS[unit]
    amount = value * factor / (carbon if per == "soil" else 1.0)
    if not days:
        return amount
    pieces = np.diff(time) * (amount[1:] + amount[:-1]) / 2
    return np.cumsum(np.concatenate([amount[:1] * time[:1], pieces])) / days
