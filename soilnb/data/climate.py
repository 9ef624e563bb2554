"""Climate from zone and latitude: the stated formulas of the teaching planet.

Mean annual temperature and the logarithm of annual precipitation are, at a place in
Köppen-Geiger zone z at latitude φ (degrees),

    T = t_z + b_T |φ|,        ln P = p_z + b_P |φ|.

The intercepts and slopes are fitted to the sites of SRDB V5 and ISRaD (Jian et al. 2021,
Lawrence et al. 2020) by penalised least squares: an intercept is the sum of a common one, one
of the main class (A to E) and one of the zone, and the last two are shrunk (`PENALTY`), so
that a zone with few sites, or none, leans on its class. The package holds the coefficients
(results), never the sites. With the data at hand

    python -m soilnb.data

makes both tables again, ``tables/koppen_climate.csv`` and ``tables/koppen_climate_fit.csv``.

The zones themselves are defined by monthly temperature and precipitation, so a good fit is no
discovery: it says that the formulas give each zone its climate, and no more.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.data import rasters, tables
from soilnb.parameters import InputError, unknown

#: Shrinkage, as the number of sites that weigh as much as the prior: main class, zone.
PENALTY = (1.0, 3.0)

#: Plausible mean annual temperatures (degC); SRDB holds a few study temperatures instead.
WARMEST, COLDEST = 32.0, -60.0

_LAND_ZONES = rasters.ZONES[:-1]
_CLASSES = "ABCDE"


def temperature(zone: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Mean annual temperature, in degC: T = t_z + b_T |φ|.

    Parameters
    ----------
    zone : array of str [cell]
        Köppen-Geiger zones.
    latitude : array [cell]
        Latitude, degrees.

    Returns
    -------
    array [cell]
        Temperature, degC; NaN where the zone is unknown (``""``).

    Raises
    ------
    InputError
        For a zone that is not in the table.
    """
    return _linear("temperature", zone, latitude)


def precipitation(zone: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Mean annual precipitation, in mm yr-1: ln P = p_z + b_P |φ|.

    Parameters and errors as `temperature`.

    Returns
    -------
    array [cell]
        Precipitation, mm yr-1.
    """
    return np.exp(_linear("log_precipitation", zone, latitude))


def _linear(column: str, zone: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    intercept = tables.read("koppen_climate").set_index("zone")[column]
    slope = tables.read("koppen_climate_fit").set_index("variable").loc[column, "slope"]
    for name in np.unique(zone).tolist():
        if name and name not in intercept.index:
            raise unknown("Köppen-Geiger zone", name, intercept.index)
    return intercept.reindex(zone).to_numpy() + slope * np.abs(latitude)


def observed_climate(*datasets: xr.Dataset) -> pd.DataFrame:
    """Return one row per site with observed climate and its zone.

    Parameters
    ----------
    *datasets : Dataset
        Each with ``latitude``, ``longitude``, ``temperature`` (degC) and ``precipitation``
        (mm yr-1) over one dimension, as the data sets ``srdb`` and ``israd`` have.

    Returns
    -------
    DataFrame
        latitude, longitude, temperature, precipitation (means of the records within 0.01
        degrees of a data set), zone. Records in the sea of the zone map are left out.
    """
    names = ["latitude", "longitude", "temperature", "precipitation"]
    sites = []
    for dataset in datasets:
        table = dataset[names].to_dataframe()[names].dropna()
        plausible = table["temperature"].between(COLDEST, WARMEST) & (table["precipitation"] > 0)
        place = [table["latitude"].round(2), table["longitude"].round(2)]
        mean = table[plausible].groupby(place)[names[2:]].mean()
        sites.append(mean.reset_index())
    site = pd.concat(sites, ignore_index=True)
    point = (1 / 36, 1 / 36)  # the one point of the zone map that the site lies in
    site["zone"] = rasters.koppen_zones(site["latitude"], site["longitude"], point)
    return site[site["zone"] != ""].reset_index(drop=True)


def fit_climate(sites: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit the coefficients of both formulas.

    Parameters
    ----------
    sites : DataFrame
        As `observed_climate` returns.

    Returns
    -------
    zones : DataFrame
        zone, n (number of sites), temperature (t_z, degC), log_precipitation (p_z).
    quality : DataFrame
        variable, slope (per degree of latitude), n_sites, r2, and r2_blocked: the same from
        ten-fold cross-validation in which blocks of 10 x 10 degrees stay together.

    Raises
    ------
    InputError
        With fewer than 100 sites.
    """
    if len(sites) < 100:
        raise InputError(f"sites = {len(sites)}: allowed 100 or more for a fit of 31 zones")
    zones = pd.DataFrame({"zone": _LAND_ZONES})
    zones["n"] = [int((sites["zone"] == name).sum()) for name in _LAND_ZONES]
    targets = {
        "temperature": sites["temperature"].to_numpy(),
        "log_precipitation": np.log(sites["precipitation"].to_numpy()),
    }
    design, blocks, quality = _design(sites), _folds(sites), []
    every_zone = _design(pd.DataFrame({"zone": _LAND_ZONES, "latitude": 0.0}))
    for name, observed in targets.items():
        coefficients = _solve(design, observed)
        zones[name] = every_zone @ coefficients
        left_out = np.empty_like(observed)
        for fold in np.unique(blocks):
            out = blocks == fold
            left_out[out] = design[out] @ _solve(design[~out], observed[~out])
        r2, r2_blocked = _r2(observed, design @ coefficients), _r2(observed, left_out)
        quality.append((name, coefficients[1], len(sites), r2, r2_blocked))
    columns = ["variable", "slope", "n_sites", "r2", "r2_blocked"]
    return zones, pd.DataFrame(quality, columns=columns)


def _design(sites: pd.DataFrame) -> np.ndarray:
    """Columns: 1, |latitude|, main class, zone."""
    zone = sites["zone"].to_numpy()
    main = np.array([name[0] for name in zone])
    return np.column_stack(
        [
            np.ones(len(sites)),
            np.abs(sites["latitude"].to_numpy(dtype=float)),
            main[:, None] == np.array(list(_CLASSES)),
            zone[:, None] == np.array(_LAND_ZONES),
        ]
    ).astype(float)


def _solve(design: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Penalised least squares: (X'X + diag(penalty)) b = X'y."""
    weight = np.repeat([0.0, *PENALTY], [2, len(_CLASSES), len(_LAND_ZONES)])
    return np.linalg.solve(design.T @ design + np.diag(weight), design.T @ observed)


def _folds(sites: pd.DataFrame) -> np.ndarray:
    block = np.floor(sites[["latitude", "longitude"]].to_numpy() / 10).astype(int)
    _, number = np.unique(block, axis=0, return_inverse=True)
    order = np.random.default_rng(0).permutation(number.max() + 1)
    return order[number.ravel()] % 10


def _r2(observed: np.ndarray, predicted: np.ndarray) -> float:
    residual = np.sum((observed - predicted) ** 2)
    return float(1 - residual / np.sum((observed - observed.mean()) ** 2))


_SOURCE = """\
# source: results of soilnb.data.climate.fit_climate on the sites of SRDB V5 (Jian et al. 2021,
# doi:10.5194/essd-13-255-2021) and ISRaD (Lawrence et al. 2020, doi:10.5194/essd-12-61-2020),
# made by: python -m soilnb.data. {meaning}
"""


def write_tables(*datasets: xr.Dataset) -> None:
    """Fit to the sites of `datasets` and replace both tables of coefficients."""
    results = fit_climate(observed_climate(*datasets))
    meanings = {
        "koppen_climate": "n sites; intercepts of T (degC) and ln P (mm yr-1).",
        "koppen_climate_fit": "Slope per degree of |latitude|; R2.",
    }
    for (name, meaning), table in zip(meanings.items(), results, strict=True):
        path = Path(tables.__file__).with_name(f"{name}.csv")
        text = table.round({"slope": 6}).to_csv(index=False, float_format="%.5g")
        path.write_text(_SOURCE.format(meaning=meaning) + text, encoding="utf-8")
        print(f"{path}\n{text}")
