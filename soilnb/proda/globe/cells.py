"""The cells of a planet: place, area, climate, plants, soil, and the forcing of every month.

A planet is one Dataset over ``site`` that the layered models take as it is. Beside the variables
of a forcing (`soilnb.profile.forcing.variables`) it holds those of `CELLS`. It comes from the grid
of the biogeochemical testbed, from the teaching planet (`soilnb.data.planet`) at a resolution of
one's choice, or from any Dataset of cells.

Forcing is made from climate by the formulas of `soilnb.profile.forcing`. A cell without plant
carbon input has no steady state, and one without climate no forcing: both are left out, and the
attribute ``left_out`` counts them.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import sys
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.data import open_dataset, rasters, schemas, tables
from soilnb.data import planet as teaching
from soilnb.parameters import InputError, check_known, shown, unknown
from soilnb.profile import forcing
from soilnb.schema import Schema, Variable

#: Radius of the earth in the papers' cell areas, m.
EARTH_RADIUS = 6_371_008.8

#: Cell of the teaching planet where none is asked for, degrees.
RESOLUTION = 2.0

SOURCES = ("testbed", "teaching")

#: The papers' climate zones: main classes of Köppen and Geiger, the polar one with the boreal
#: (phxtao/PRODA_MIC@90918f41, revision4_main_fig3.R).
CLIMATE_ZONES = {
    "tropical": "A", "arid": "B", "temperate": "C", "boreal": "DE",
}  # fmt: skip

_ZONE_OF = {letter: zone for zone, letters in CLIMATE_ZONES.items() for letter in letters}


#: What a planet holds over ``site`` beside its forcing. Texts have no bounds.
CELLS = schemas.variables("cells")

#: What `from_cells` must be given.
_NEEDED = ("latitude", "longitude", "area", "temperature", "precipitation", "npp")


def schema() -> pd.DataFrame:
    """Return `CELLS` and the variables of a forcing as a table: dimensions, unit, meaning."""
    of_forcing = {
        name: Variable(own.unit, own.meaning, dims=own.dims)
        for name, own in forcing.VARIABLES.items()
    }
    return Schema("site", CELLS | of_forcing).table()


def planet(
    source: str | xr.Dataset = "testbed",
    resolution: float | tuple[float, float] | None = None,
    *,
    seed: int = 2025,
    **options: object,
) -> xr.Dataset:
    """Return the cells of a planet with their forcing.

    Parameters
    ----------
    source : {"testbed", "teaching"} or Dataset
        ``testbed``: the grid of the biogeochemical testbed, with its own areas, texture,
        vegetation and carbon input (its synthetic twin where the data set is not at hand).
        ``teaching``: the formula planet on the real land mask and the real Köppen-Geiger zones.
        Or a Dataset of cells, see `from_cells`.
    resolution : float or (float, float), optional
        Teaching planet: cell size in latitude and longitude, degrees; 2 by default. 0.5 gives
        about 55,000 cells with plants.
    seed : int
        Teaching planet: seed of the scatter of its texture.
    **options
        For `soilnb.profile.forcing.from_climate`: ``variant``, ``oxygen``, ``nitrogen``,
        ``bedrock``, ``parameters``.

    Returns
    -------
    Dataset
        Variables of `schema` over ``site``; a forcing that ``compas.steady_state`` and
        ``clm5.steady_state`` take. ``attrs["left_out"]`` counts the cells that are left out.

    Raises
    ------
    InputError
        For an unknown source, a cell size that does not fill the globe, a resolution for a grid
        that has one, or cells that are not as `from_cells` needs them.

    Notes
    -----
    Cells of the teaching planet have the trapezoid area of `cell_area` times their share of land.

    Examples
    --------
    >>> cells = planet("teaching", resolution=10)
    >>> sorted(set(cells["climate_zone"].values.tolist()))
    ['arid', 'boreal', 'temperate', 'tropical']
    """
    if isinstance(source, xr.Dataset):
        _no_resolution("a Dataset of cells", resolution)
        return from_cells(source, **options)
    check_known("source of a planet", source, SOURCES)
    if source == "testbed":
        _no_resolution("the testbed", resolution)
        return from_cells(open_dataset("testbed"), **options)
    size = _size(RESOLUTION if resolution is None else resolution)
    cells = teaching.teaching_planet(size, seed)
    cells["area"] = _land_area(cells, size)
    cells.attrs |= {
        "title": "Teaching planet",
        "provenance": "synthetic",
        "climate": "formulas of soilnb.data.climate on the real Köppen-Geiger zone of each cell",
    }
    made = from_cells(cells, **options)
    return made.assign_attrs(cell_size=list(size), seed=seed)


def _no_resolution(what: str, resolution: object) -> None:
    if resolution is not None:
        raise InputError(f"resolution = {resolution}: {what} has its own; allowed for 'teaching'")


def _size(resolution: float | tuple[float, float]) -> tuple[float, float]:
    values = np.atleast_1d(np.asarray(resolution, dtype=float))
    if values.shape not in ((1,), (2,)):
        raise InputError(f"resolution = {shown(resolution)}: allowed one or two numbers, degrees")
    return float(values[0]), float(values[-1])


def _land_area(cells: xr.Dataset, size: tuple[float, float]) -> xr.DataArray:
    """Trapezoid area times the share of land, m2."""
    band = np.radians(size[0] / 2.0)
    sphere = 2.0 * np.cos(np.radians(cells["latitude"])) * np.sin(band) * np.radians(size[1])
    land = cells["area"] / (teaching.EARTH_RADIUS**2 * sphere)
    whole = cell_area(cells["latitude"].values, size)
    return (land.clip(0.0, 1.0) * whole).assign_attrs(cells["area"].attrs)


def cell_area(latitude: np.ndarray, size: float | tuple[float, float]) -> np.ndarray:
    """Return the area of cells of a regular grid, as the papers compute it.

    Parameters
    ----------
    latitude : array [site]
        Latitude of the centres, degrees.
    size : float or (float, float)
        Cell size in latitude and longitude, degrees.

    Returns
    -------
    array [site]
        Area of the trapezoid between the two parallels, m2, on a sphere of 6,371,008.8 m. At 0.5
        degrees it differs from the sphere's by 6e-6.

    Raises
    ------
    InputError
        For a latitude beyond the poles.
    """
    latitude = np.asarray(latitude, dtype=float)
    if not (np.abs(latitude) <= 90).all():
        bad = latitude[~(np.abs(latitude) <= 90)].flat[0]
        raise InputError(f"latitude = {bad:g}: allowed -90 to 90 degrees")
    height, width = _size(size)
    degree = np.pi * EARTH_RADIUS / 180.0
    top = np.abs(np.cos(np.radians(latitude + height / 2))) * width * degree
    bottom = np.abs(np.cos(np.radians(latitude - height / 2))) * width * degree
    return (top + bottom) / 2.0 * height * degree


# --- cells with their forcing -----------------------------------------------------------------


def from_cells(cells: xr.Dataset, **options: object) -> xr.Dataset:
    """Return a planet from a table of cells.

    Parameters
    ----------
    cells : Dataset
        Over ``cell`` or ``site``, in the units of the data set ``testbed``
        (`soilnb.data.schemas.TESTBED`). Needed: ``latitude``, ``longitude``, ``area`` (m2),
        ``temperature``, ``precipitation``, ``npp``; used where there: ``koppen`` (else from the
        zone map), ``vegetation`` (IGBP class or name, else the class that stands for the zone),
        ``sand`` and ``clay`` (fractions, else those of a loam), ``vegetated``.
    **options
        As in `planet`.

    Returns
    -------
    Dataset
        See `planet`.

    Raises
    ------
    InputError
        For a missing variable, values out of bounds (a negative area among them), or when no cell
        remains.
    """
    if not isinstance(cells, xr.Dataset):
        raise InputError(f"cells is a {type(cells).__name__}: allowed an xarray.Dataset")
    dim = next((name for name in ("site", "cell") if name in cells.dims), None)
    if dim is None:
        raise InputError("cells have neither the dimension 'site' nor 'cell'")
    labels = cells[dim].values if dim in cells.coords else np.arange(1, cells.sizes[dim] + 1)
    found = {name: _column(cells, name, dim) for name in _NEEDED}
    _check(found, labels)
    kept, why = _usable(cells, found, dim)
    table = {name: values[kept] for name, values in found.items()}
    zone = _zones(cells, dim, table, kept)
    vegetation = _vegetation(cells, dim, zone, kept)
    sand, clay, assumed = _texture(cells, dim, kept)
    made = forcing.from_climate(
        table["temperature"],
        forcing.seasonality(table["latitude"], zone),
        table["precipitation"],
        table["npp"],
        sand,
        latitude=table["latitude"],
        clay=clay,
        vegetation=vegetation,
        rain_seasonality=forcing.rain_seasonality(zone),
        site=labels[kept],
        **options,
    )
    table |= {
        "climate": zone, "climate_zone": climate_zone(zone), "vegetation": vegetation, "clay": clay,
    }  # fmt: skip
    attrs = {
        "title": str(cells.attrs.get("title", "cells")),
        "provenance": str(cells.attrs.get("provenance", "unknown")),
        "left_out": why,
        "assumed": assumed,
        "climate_source": str(cells.attrs.get("climate", "given")),
        "soilnb_version": __version__,
    }
    return assemble(table, made, attrs)


def assemble(table: dict[str, np.ndarray], made: xr.Dataset, attrs: dict) -> xr.Dataset:
    """Return a forcing with the variables of `CELLS`, shapes [site], beside it."""
    data = {name: ("site", values, CELLS[name].attrs) for name, values in table.items()}
    result = made.assign(data).set_coords([n for n in table if CELLS[n].coordinate])
    kept = {f"forcing_{name}": made.attrs[name] for name in ("source", "parameters", "variant")
            if name in made.attrs}  # fmt: skip
    result.attrs = kept | attrs
    return result


def _column(cells: xr.Dataset, name: str, dim: str) -> np.ndarray:
    if name not in cells.variables:
        raise InputError(f"cells have no variable {name!r}; needed: {', '.join(_NEEDED)}")
    if cells[name].dims != (dim,):
        raise InputError(f"{name} has dimensions {cells[name].dims}: allowed ({dim!r},)")
    return np.asarray(cells[name].values, dtype=float)


def _check(found: dict[str, np.ndarray], labels: np.ndarray) -> None:
    """Refuse values out of bounds; a missing climate or input is left to `_usable`."""
    for name, values in found.items():
        low, high = CELLS[name].bounds
        may_miss = name in ("temperature", "precipitation", "npp")
        low = -np.inf if name == "npp" else low  # a cell may lose carbon: it has no input
        bad = ~((values >= low) & (values <= high)) & ~(may_miss & np.isnan(values))
        if name == "area":
            bad |= values == 0
        if bad.any():
            first = int(np.argmax(bad))
            allowed = "above 0" if name == "area" else f"{low:g} to {high:g}"
            raise InputError(
                f"{name} = {values[first]:g} at cell {labels[first]}: allowed {allowed} "
                f"({CELLS[name].unit})"
            )


def _usable(cells: xr.Dataset, found: dict, dim: str) -> tuple[np.ndarray, str]:
    """Which cells are kept, and in words how many are not, and why."""
    climate = np.isfinite(found["temperature"]) & np.isfinite(found["precipitation"])
    plants = found["npp"] > 0
    if "vegetated" in cells.variables:
        plants &= np.asarray(cells["vegetated"].values, dtype=bool)
    kept = climate & plants
    reasons = {"without plant carbon input": ~plants, "without climate": plants & ~climate}
    parts = [f"{bad.sum():,} {reason}" for reason, bad in reasons.items() if bad.any()]
    line = f"{(~kept).sum():,} of {kept.size:,} cells are left out"
    line = f"{line}: {', '.join(parts)}" if parts else line
    if (plants & ~climate).any():
        print(f"note: {line}", file=sys.stderr)
    if not kept.any():
        raise InputError(f"no cell remains; {line}")
    return kept, line


def _zones(cells: xr.Dataset, dim: str, table: dict, kept: np.ndarray) -> np.ndarray:
    """Köppen-Geiger zone of each kept cell; "" where none is known."""
    for name in ("climate", "koppen"):
        if name in cells.variables and cells[name].dims == (dim,):
            return cells[name].values.astype(np.str_)[kept]
    return rasters.koppen_zones(table["latitude"], table["longitude"], (1 / 36, 1 / 36))


def _vegetation(cells: xr.Dataset, dim: str, zone: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Vegetation class of each kept cell as a name of the table litter_split."""
    names = forcing.vegetation_names()
    if "vegetation" not in cells.variables:
        stands_for = tables.read("koppen_vegetation").set_index("zone")["igbp"]
        return np.array([names[int(stands_for[z])] if z else "grassland" for z in zone])
    own = cells["vegetation"].values[kept]
    if own.dtype.kind not in "iuf":
        return own.astype(np.str_)
    for number in np.unique(own).tolist():
        if number not in names:
            raise unknown("IGBP class", number, sorted(names))
    return np.array([names[int(number)] for number in own])


def _texture(cells: xr.Dataset, dim: str, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Sand and clay of the kept cells in %, and in words how many are assumed to be a loam."""
    share = forcing.PARAMETER_SETS["stated"]["clay_share"]
    size = int(kept.sum())
    sand, clay = (
        100.0 * _column(cells, name, dim)[kept]
        if name in cells.variables
        else np.full(size, np.nan)
        for name in ("sand", "clay")
    )
    missing = np.isnan(sand)
    sand = np.where(missing, forcing.SAND, sand)
    clay = np.where(np.isnan(clay), share * (100.0 - sand), clay)
    text = f"texture at {missing.sum():,} of {size:,} cells" if missing.any() else "none"
    return sand, np.minimum(clay, 100.0 - sand), text


# --- climate zones ----------------------------------------------------------------------------


def climate_zone(zone: np.ndarray) -> np.ndarray:
    """Return the papers' climate zone of Köppen-Geiger zones, or raise `InputError` for others.

    Parameters
    ----------
    zone : array of str [site]
        Names such as ``Dfc``; ``""`` where unknown.

    Returns
    -------
    array of str [site]
        ``tropical``, ``arid``, ``temperate`` or ``boreal`` (with the polar zones, as in
        `CLIMATE_ZONES`); ``""`` where the zone is unknown.
    """
    return _renamed(zone, lambda name: _ZONE_OF[name[0]])


def climate_group(zone: np.ndarray) -> np.ndarray:
    """Return the climate group of Köppen-Geiger zones by which the papers' regressions are grouped.

    Parameters
    ----------
    zone : array of str [site]
        As in `climate_zone`.

    Returns
    -------
    array of str [site]
        One of twelve: Af, Am, Aw (with As), BW, BS, Cs, Cw, Cf, Ds, Dw, Df, E.
    """
    short = {"As": "Aw", "EF": "E", "ET": "E"}
    return _renamed(zone, lambda name: short.get(name[:2], name[:2]))


def _renamed(zone: np.ndarray, rename: Callable[[str], str]) -> np.ndarray:
    """Return zones [site] under other names; ``""`` stays."""
    names = np.asarray(zone, dtype=np.str_)
    found, where = np.unique(names, return_inverse=True)
    for name in found.tolist():
        if name and name not in rasters.ZONES[:-1]:
            raise unknown("Köppen-Geiger zone", name, rasters.ZONES[:-1])
    known = [rename(name) if name else "" for name in found.tolist()]
    return np.array(known, dtype=np.str_)[where].reshape(names.shape)


# --- its cells as profiles, and how real the climate is ---------------------------------------


def as_profiles(cells: xr.Dataset) -> xr.Dataset:
    """Return the numbers of a planet under the names and in the units of observed profiles.

    Parameters
    ----------
    cells : Dataset
        A planet.

    Returns
    -------
    Dataset
        ``latitude longitude temperature precipitation npp sand clay climate vegetation`` over
        ``profile`` (`soilnb.data.profiles.columns.COLUMNS`), all as variables.
    """
    names = ["latitude", "longitude", "temperature", "precipitation", "npp", "clay"]
    found = cells[[*names, "climate", "vegetation"]].reset_coords()
    found["sand"] = cells["sand"].isel(layer=0).reset_coords(drop=True)
    order = [*names[:-1], "sand", "clay", "climate", "vegetation"]
    return found[order].rename(site="profile").assign_attrs(cells.attrs)


def compare_climate(cells: xr.Dataset, sites: pd.DataFrame, *, within: float = 200.0):
    """Compare the climate of a planet with that of observed sites.

    Parameters
    ----------
    cells : Dataset
        A planet.
    sites : DataFrame
        ``latitude``, ``longitude``, ``temperature`` and ``precipitation``, as from
        `soilnb.data.climate.observed_climate`.
    within : float
        Farthest a cell's centre may be from a site, km; sites farther from any are not used.

    Returns
    -------
    DataFrame
        Row ``temperature`` and row ``log_precipitation``: ``n`` sites, ``r2`` (share of the
        variance of the sites that the nearest cell explains) and ``bias`` (mean of cell minus
        site).

    Raises
    ------
    InputError
        When no site has a cell near it.
    """
    index, chord = nearest(sites, cells)
    near = chord * EARTH_RADIUS / 1000.0 <= within
    if not near.any():
        raise InputError(f"no site lies within {within:g} km of a cell")
    pairs = {
        "temperature": (sites["temperature"].to_numpy(), cells["temperature"].values[index]),
        "log_precipitation": (
            np.log(sites["precipitation"].to_numpy()),
            np.log(cells["precipitation"].values[index]),
        ),
    }
    rows = {}
    for name, (observed, made) in pairs.items():
        off = made[near] - observed[near]
        spread = observed[near] - observed[near].mean()
        rows[name] = (int(near.sum()), 1.0 - (off**2).sum() / (spread**2).sum(), off.mean())
    return pd.DataFrame.from_dict(rows, orient="index", columns=["n", "r2", "bias"])


def nearest(places: Mapping, cells: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell nearest to each place, and the chord to it in radii of the earth, [place].

    Both have ``latitude`` and ``longitude``, degrees. A place without them is far from all cells.
    """
    from scipy.spatial import KDTree

    points = []
    for one in (places, cells):
        north, east = (np.radians(np.asarray(one[n], float)) for n in ("latitude", "longitude"))
        flat = np.cos(north)
        points.append(np.column_stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)]))
    chord, index = KDTree(points[1]).query(np.nan_to_num(points[0], nan=9.0))
    return index, chord
