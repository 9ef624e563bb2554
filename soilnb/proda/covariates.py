"""What the network knows of a place: the covariates from which it predicts parameters.

The papers use 60 environmental variables, most of them values of global maps. `TABLE` lists them
with the five categories of Tao et al. (2023), and which of them the profiles and the planet of this
package have; `missing` names the others. What both have:

=================  ==========  ====================================================================
covariate          category    meaning
=================  ==========  ====================================================================
``latitude``       geography   degrees
``longitude``      geography   degrees, -180 to 180
``climate``        climate     Köppen-Geiger zone in the papers' twelve groups (`CLASSES`)
``temperature``    climate     mean annual temperature, degC
``seasonality``    climate     warmest minus coldest month, K; where the data lack it, by
                               `soilnb.profile.forcing.seasonality` from latitude and zone
``precipitation``  climate     mean annual precipitation, mm
``sand``           structure   sand of the mineral soil, a fraction
``clay``           structure   clay of the mineral soil, a fraction
``vegetation``     vegetation  forest; shrub (shrubland, savanna); grass (grassland, wetland); crop
                               (cropland, urban); bare (barren, tundra)
``npp``            vegetation  net primary production, g C m-2 yr-1
=================  ==========  ====================================================================

and ``soil_order`` (structure), which only profiles have. Classes become one column of 0 and 1 each:
the papers scale the number of a class like a quantity, although classes have no order. The groups
of climate and vegetation are so coarse that profiles of all of them exist.

.. code-block:: python

    from soilnb.proda import covariates, globe, observations
    planet = globe.planet("testbed")
    x = covariates.frame(observations.israd(), grid=planet)
    scaler = covariates.Scaler.of(covariates.frame(planet))

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.data import tables
from soilnb.parameters import InputError, check_known, check_range
from soilnb.proda.globe.cells import climate_group, nearest
from soilnb.profile import forcing

#: The papers' 60 inputs: see the source in ``TABLE.attrs``.
TABLE = tables.read("covariates")

#: The papers' categories (Tao et al. 2023, Methods).
CATEGORIES = ("structure", "chemistry", "climate", "vegetation", "geography")

#: Covariates with their category, in the order of the columns.
COVARIATES: Mapping[str, str] = {
    "latitude": "geography",
    "longitude": "geography",
    "climate": "climate",
    "temperature": "climate",
    "seasonality": "climate",
    "precipitation": "climate",
    "sand": "structure",
    "clay": "structure",
    "soil_order": "structure",
    "vegetation": "vegetation",
    "npp": "vegetation",
}

#: Those that profiles and planet have.
SHARED = tuple(name for name in COVARIATES if name != "soil_order")

#: Classes of the covariates that are no quantities.
CLASSES: Mapping[str, tuple[str, ...]] = {
    "climate": ("Af", "Am", "Aw", "BW", "BS", "Cs", "Cw", "Cf", "Ds", "Dw", "Df", "E"),
    "vegetation": ("forest", "shrub", "grass", "crop", "bare"),
    "soil_order": (
        "Alfisols", "Andisols", "Aridisols", "Entisols", "Gelisols", "Histosols", "Inceptisols",
        "Mollisols", "Oxisols", "Spodosols", "Ultisols", "Vertisols",
    ),
}  # fmt: skip

#: Group of each class of the table ``litter_split``.
_VEGETATION = {
    "forest": "forest",
    "shrubland": "shrub",
    "savanna": "shrub",
    "grassland": "grass",
    "wetland": "grass",
    "cropland": "crop",
    "urban": "crop",
    "barren": "bare",
    "tundra": "bare",
}

#: Names under which a source may hold a covariate; the first that it has counts.
_NAMES = {"climate": ("climate", "koppen")}


def categories(columns: Iterable[str] = SHARED) -> dict[str, list[str]]:
    """Return the columns or covariates that belong to each category.

    Parameters
    ----------
    columns : iterable of str
        Covariates, or columns of a frame (``climate=Cf`` belongs to ``climate``).

    Returns
    -------
    dict
        Category to names in their order; all five of `CATEGORIES`, though we have no chemistry.

    Examples
    --------
    >>> categories(["clay", "climate=Cf", "npp"])["climate"]
    ['climate=Cf']
    """
    found: dict[str, list[str]] = {category: [] for category in CATEGORIES}
    for column in columns:
        found[COVARIATES[covariate(column)]].append(column)
    return found


def covariate(column: str) -> str:
    """Return the covariate that a column of a frame belongs to."""
    name = str(column).partition("=")[0]
    check_known("covariate", name, COVARIATES)
    return name


def missing(source: str = "planet") -> pd.DataFrame:
    """Return the rows of `TABLE` that are not supplied.

    Parameters
    ----------
    source : {"sites", "planet"}
        By the profiles, or by the planet.
    """
    check_known("source", source, ("sites", "planet"))
    return TABLE[TABLE[source].isna()].drop(columns=["sites", "planet"])


# ------------------------------------------------------------------------------------- frames


def frame(
    source: xr.Dataset,
    covariates: Sequence[str] = SHARED,
    *,
    grid: xr.Dataset | None = None,
    reach: float = 300.0,
    quiet: bool = False,
) -> pd.DataFrame:
    """Return the covariates of places as numbers.

    Parameters
    ----------
    source : Dataset
        Profiles (`soilnb.proda.observations`), a planet, or any Dataset with latitude, longitude
        and the covariates along one dimension; sand and clay (of the first layer, where they have
        layers) as fractions, or in % where their ``units`` say so.
    covariates : sequence of str
        Which ones, of `COVARIATES`.
    grid : Dataset, optional
        Where a place lacks a covariate, that of the nearest cell of this grid stands in (nearest
        ``vegetated`` cell, where the grid has this variable). The papers take all covariates of a
        site from maps. Half of the profiles have no texture.
    reach : float
        How far that cell may be, km.
    quiet : bool
        Whether to say nothing of places left out or filled.

    Returns
    -------
    DataFrame
        Rows are the places, named as in the source, columns the covariates in the order of
        `COVARIATES`, classes as one column each (``climate=Cf``). A place that lacks any is left
        out; ``attrs["left_out"]`` counts those by covariate, ``attrs["filled"]`` those from the
        grid, and one line tells it.

    Raises
    ------
    InputError
        For an unknown covariate or class, one that the source does not have at all, values in
        another unit, or when no place is left.

    Examples
    --------
    >>> from soilnb.proda import globe
    >>> list(frame(globe.planet("teaching", resolution=10), ["sand", "clay"]).columns)
    ['sand', 'clay']
    """
    if not isinstance(source, xr.Dataset):
        raise InputError(f"source is a {type(source).__name__}: allowed an xarray.Dataset")
    for name in covariates:
        covariate(name)
    chosen = [name for name in COVARIATES if name in covariates]
    if not chosen:
        raise InputError(f"covariates is empty: allowed some of {', '.join(COVARIATES)}")
    raw = _raw(source, chosen, grid)
    filled = {} if grid is None else _fill(raw, source, grid, chosen, reach)
    absent = raw.isna()
    kept = raw[~absent.any(axis=1)]
    left_out = {name: int(n) for name, n in absent.sum().items() if n}
    if not len(kept):
        raise InputError(f"no place has all covariates; missing {_counts(left_out)}")
    if not quiet:
        _say(len(raw), len(kept), left_out, filled)
    columns = [_columns(kept[name]) for name in chosen]
    found = pd.concat(columns, axis=1)
    found.attrs = {"left_out": left_out, "filled": filled}
    return found


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} at {count}" for name, count in numbers.items())


def _say(size: int, kept: int, left_out: Mapping, filled: Mapping) -> None:
    parts = []
    if filled:
        parts.append(f"from the grid: {_counts(filled)}")
    if kept < size:
        parts.append(f"{size - kept} of {size} places left out, missing {_counts(left_out)}")
    if parts:
        print(f"note: covariates {'; '.join(parts)}", file=sys.stderr)


def _raw(source: xr.Dataset, chosen: Sequence[str], grid: xr.Dataset | None) -> pd.DataFrame:
    """Covariates as they are read: numbers and names of classes, NaN or None where missing."""
    labels = _labels(source)
    columns = {}
    for name in chosen:
        read = _READ.get(name, _number)
        values = read(source, name)
        if values is None and grid is None:
            known = [name for name in COVARIATES if _find(source, name) is not None]
            has = ", ".join(known) or "none"
            raise InputError(f"the source has no {name!r}: a covariate; it has {has}")
        if values is None:
            values = np.full(len(labels), None if name in CLASSES else np.nan)
        columns[name] = pd.Series(values, labels, dtype=object if name in CLASSES else float)
    return pd.DataFrame(columns)


def _labels(source: xr.Dataset) -> pd.Index:
    """Names of the places along the dimension of ``latitude``."""
    if "latitude" not in source.variables or source["latitude"].ndim != 1:
        raise InputError("the source has no 'latitude' along one dimension")
    dim = str(source["latitude"].dims[0])
    if dim in source.coords:
        return pd.Index(source[dim].values, name=dim)
    return pd.RangeIndex(source.sizes[dim], name=dim)


def _find(source: xr.Dataset, name: str) -> xr.DataArray | None:
    for own in _NAMES.get(name, (name,)):
        if own in source.variables:
            found = source[own]
            if name in ("sand", "clay") and "layer" in found.dims:
                found = found.isel(layer=0)
            if found.dims != source["latitude"].dims:
                raise InputError(
                    f"{own} runs over {', '.join(map(str, found.dims)) or 'nothing'}: allowed "
                    f"{source['latitude'].dims[0]}, as latitude"
                )
            return found
    return None


def _number(source: xr.Dataset, name: str) -> np.ndarray | None:
    found = _find(source, name)
    if found is None:
        return None
    values = np.asarray(found.values, dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _longitude(source: xr.Dataset, name: str) -> np.ndarray | None:
    values = _number(source, name)
    return None if values is None else (values + 180) % 360 - 180


def _fraction(source: xr.Dataset, name: str) -> np.ndarray | None:
    values = _number(source, name)
    if values is None:
        return None
    if _find(source, name).attrs.get("units") == "%":
        values = values / 100
    if np.nanmax(values, initial=0.0) > 1 or np.nanmin(values, initial=0.0) < 0:
        worst = float(values[np.nanargmax(np.abs(values - 0.5))])
        raise InputError(f"{name} = {worst:g}: allowed 0 to 1, or % where its units say so")
    return values


def _texts(source: xr.Dataset, name: str, group: Callable[[str], str]) -> np.ndarray | None:
    """Return the groups of the classes [place], None where there is none."""
    found = _find(source, name)
    if found is None:
        return None
    codes, names = pd.factorize(found.values, use_na_sentinel=True)
    known = [None if str(text) == "" else group(str(text)) for text in names]
    return np.array([*known, None], dtype=object)[codes]


def _vegetation(source: xr.Dataset, name: str) -> np.ndarray | None:
    table = tables.read("litter_split").fillna("")
    classes = {}
    for row in table.itertuples():
        for word in (row.vegetation, *row.words.split(), *str(row.igbp).split()):
            classes[word] = _VEGETATION[row.vegetation]

    def group(text: str) -> str:
        return classes[check_known("vegetation", text, classes)]

    return _texts(source, name, group)


def _seasonality(source: xr.Dataset, name: str) -> np.ndarray | None:
    own = _number(source, name)
    if own is not None:
        return own
    zone = _find(source, "climate")
    names = None if zone is None else np.where(pd.isna(zone.values), "", zone.values)
    return forcing.seasonality(source["latitude"].values, names)


_READ: Mapping[str, Callable[[xr.Dataset, str], np.ndarray | None]] = {
    "longitude": _longitude,
    "climate": partial(_texts, group=lambda zone: str(climate_group(np.array(zone)))),
    "seasonality": _seasonality,
    "sand": _fraction,
    "clay": _fraction,
    "vegetation": _vegetation,
    "soil_order": partial(
        _texts, group=lambda text: check_known("soil order", text, CLASSES["soil_order"])
    ),
}


def _columns(values: pd.Series) -> pd.DataFrame:
    """Columns of one covariate: itself, or one for each class."""
    if values.name not in CLASSES:
        return values.to_frame()
    return pd.DataFrame(
        {f"{values.name}={label}": (values == label) * 1.0 for label in CLASSES[values.name]}
    )


def _fill(
    raw: pd.DataFrame, source: xr.Dataset, grid: xr.Dataset, chosen: Sequence[str], reach: float
) -> dict[str, int]:
    """Fill what is missing from the nearest cells of a grid; return counts by covariate."""
    check_range("reach", reach, 0.0, 10_000.0, "km")
    wanted = [name for name in chosen if name not in ("latitude", "longitude")]
    holes = raw[wanted].isna() if wanted else raw[[]]
    rows = np.flatnonzero(holes.any(axis=1))
    available = [name for name in wanted if _find(grid, name) is not None or name == "seasonality"]
    if not rows.size or not available:
        return {}
    cells = _raw(grid, available, None)
    land = grid["vegetated"].values if "vegetated" in grid else np.ones(len(cells), bool)
    counts = {}
    for name in available:
        places = rows[holes[name].to_numpy()[rows]]
        known = np.flatnonzero(cells[name].notna() & land)
        if not places.size or not known.size:
            continue
        near, chord = nearest(_where(source, places), _where(grid, known))
        close = 2 * 6371.0 * np.arcsin(np.clip(chord / 2, 0, 1)) <= reach  # km along the sphere
        column = raw.columns.get_loc(name)
        raw.iloc[places[close], column] = cells[name].to_numpy()[known[near[close]]]
        if close.any():
            counts[name] = int(close.sum())
    return counts


def _where(source: xr.Dataset, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: source[name].values[rows] for name in ("latitude", "longitude")}


# ------------------------------------------------------------------------------------- scaling


@dataclass(frozen=True)
class Scaler:
    """Scales covariates to 0 to 1 between their least (`low`) and largest (`high`) value by column.

    Those of classes are 0 and 1.
    """

    low: pd.Series
    high: pd.Series

    @classmethod
    def of(cls, reference: pd.DataFrame) -> Scaler:
        """Return the scaler of a frame: of the planet, as in the papers, or of training sites."""
        if not len(reference):
            raise InputError(
                "the frame that scales the covariates has no rows: allowed one or more"
            )
        values = reference.astype(float)
        if not np.isfinite(values.to_numpy()).all():
            name = values.columns[~np.isfinite(values).all()][0]
            raise InputError(f"{name} is not finite: a covariate that scales")
        low, high = values.min(), values.max()
        classes = [column for column in values.columns if "=" in str(column)]
        low[classes], high[classes] = 0.0, 1.0
        return cls(low, high)

    def transform(self, x: pd.DataFrame) -> pd.DataFrame:
        """Return the covariates of the scaler's columns, scaled and clipped to 0 to 1.

        A column that is the same everywhere becomes 0.

        Raises
        ------
        InputError
            For a covariate that `x` does not have.
        """
        for column in self.low.index:
            if column not in x.columns:
                name = str(column).partition("=")[0]
                raise InputError(f"covariate {name!r} is absent (column {column!r})")
        low, high = self.low.to_numpy(dtype=float), self.high.to_numpy(dtype=float)
        width = np.where(high == low, np.inf, high - low)
        # In NumPy: pandas takes ten times as long, and importances ask a thousand times.
        scaled = (x[self.low.index].to_numpy(dtype=float) - low) / width
        return pd.DataFrame(np.clip(scaled, 0.0, 1.0), x.index, self.low.index)
