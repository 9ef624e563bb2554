"""The papers' own forcing: CLM5 output in the MATLAB files of their data assimilation.

Layout, as the scripts of phxtao/PRODA_MIC@90918f41 load it (facts only): one file for each
variable, ``<case>_cesm2_ss_4da_<first year>_<last year>_<VARIABLE>.mat``, that holds one array
``var_record_monthly_mean`` over (latitude, longitude, month) or (latitude, longitude, layer,
month); latitude from north to south, longitude from -180, cell centres; NaN over sea. Layers are
those of CLM5 from the top, of which the first 20 are soil. Files of MATLAB 7.3 (HDF5, axes in
reverse order) and of older versions are read.

=============================  ==================  ============================================
variable in the file           unit                becomes
=============================  ==================  ============================================
``TSOI``                       K                   ``soil_temperature``
``W_SCALAR``                   1                   ``water_scalar``
``O_SCALAR``                   1                   ``oxygen_scalar``
``FPI_vr``                     1                   ``nitrogen_scalar``
``ALTMAX``                     m                   ``active_layer``
``ALTMAX_LASTYEAR``            m                   ``active_layer_last_year``
``nbedrock``                   1                   ``bedrock_layer``, at most 20
``CELLSAND``                   %                   ``sand``, mean of the months
``CWD_INPUT_ACC_VECTOR``       g C m-3 month-1     ``litter_input`` cwd, summed over the year
``LITR1_INPUT_ACC_VECTOR``     g C m-3 month-1     ``litter_input`` metabolic
``LITR2_INPUT_ACC_VECTOR``     g C m-3 month-1     ``litter_input`` cellulose
``LITR3_INPUT_ACC_VECTOR``     g C m-3 month-1     ``litter_input`` lignin
=============================  ==================  ============================================
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from soilnb import __version__
from soilnb.parameters import InputError, unknown
from soilnb.profile.forcing.variables import MONTHS, assemble, check
from soilnb.profile.grid import LAYERS, THICKNESS

#: Name of the array in each file.
ARRAY = "var_record_monthly_mean"

_LAYERED = {
    "soil_temperature": "TSOI",
    "water_scalar": "W_SCALAR",
    "oxygen_scalar": "O_SCALAR",
    "nitrogen_scalar": "FPI_vr",
}
_MONTHLY = {"active_layer": "ALTMAX", "active_layer_last_year": "ALTMAX_LASTYEAR"}
_LITTER = tuple(f"{pool}_INPUT_ACC_VECTOR" for pool in ("CWD", "LITR1", "LITR2", "LITR3"))
_BEDROCK, _SAND = "nbedrock", "CELLSAND"


def open_authors(
    folder: str | Path,
    latitude: np.ndarray | None = None,
    longitude: np.ndarray | None = None,
    *,
    site: np.ndarray | None = None,
    missing: str = "raise",
) -> xr.Dataset:
    """Read a forcing from the papers' own files.

    Parameters
    ----------
    folder : path
        Folder with the twelve files of the table in the module's description.
    latitude, longitude : array [site], optional
        Places, degrees; each takes the nearest cell, as in the papers (of two as near, the
        northern or western). Without them all cells with litter input are read.
    site : array [site], optional
        Labels of the places; by default their number.
    missing : {"raise", "drop"}
        What to do with places whose cell has no data (sea, ice).

    Returns
    -------
    Dataset
        A forcing (`soilnb.profile.forcing.check`) over ``site``, with the centre of the cell in
        the coordinates ``latitude`` and ``longitude``.

    Raises
    ------
    InputError
        For a missing, unreadable or doubtful file, arrays whose shapes do not fit each other,
        places off the globe or (with ``missing="raise"``) without data.
    """
    if missing not in ("raise", "drop"):
        raise unknown("value of missing", missing, ("raise", "drop"))
    folder = Path(folder)
    shape, row, column = _cells(folder, latitude, longitude)
    labels = np.arange(len(row)) if site is None else np.asarray(site)
    if len(labels) != len(row):
        raise InputError(f"site has {len(labels)} labels: allowed {len(row)}, one for each place")
    arrays = _read_all(folder, shape, row, column)
    north, west = (
        centres[places] for centres, places in zip(_centres(shape), (row, column), strict=True)
    )
    there = _with_data(arrays, labels, north, west, missing)
    arrays = {name: array[there] for name, array in arrays.items()}
    attrs = {
        "title": "forcing from CLM5 output",
        "source": f"files of the papers' layout in {folder.name!r}",
        "soilnb_version": __version__,
    }
    forcing = assemble(arrays, labels[there], attrs)
    forcing = forcing.assign_coords(
        latitude=("site", north[there], {"units": "degrees_north"}),
        longitude=("site", west[there], {"units": "degrees_east"}),
    )
    return check(forcing)


def _with_data(
    arrays: dict[str, np.ndarray],
    labels: np.ndarray,
    north: np.ndarray,
    west: np.ndarray,
    missing: str,
) -> np.ndarray:
    """Return which sites have data in all `arrays` [site, ...]; refuse others if so wished."""
    finite = [np.isfinite(array).reshape(len(labels), -1).all(axis=1) for array in arrays.values()]
    there = np.logical_and.reduce(finite)
    if missing == "raise" and not there.all():
        first = int(np.argmin(there))
        raise InputError(
            f"site {labels[first]}: no data in its cell at {north[first]:g} degrees north, "
            f"{west[first]:g} east ({(~there).sum()} of {len(there)} sites; "
            "missing='drop' leaves them out)"
        )
    return there


def _read_all(
    folder: Path, shape: tuple[int, int], row: np.ndarray, column: np.ndarray
) -> dict[str, np.ndarray]:
    """Every variable of a forcing at the cells (row, column), shapes [site, ...]."""

    def layered(variable: str) -> np.ndarray:
        field = _read(folder, variable, shape, layers=True)
        return np.moveaxis(field[row, column, :LAYERS], 1, 2)  # [site, month, layer]

    def monthly(variable: str) -> np.ndarray:
        return _read(folder, variable, shape, layers=False)[row, column]

    arrays = {name: layered(variable) for name, variable in _LAYERED.items()}
    arrays["soil_temperature"] = arrays["soil_temperature"] - 273.15
    arrays |= {name: monthly(variable) for name, variable in _MONTHLY.items()}
    arrays["bedrock_layer"] = np.minimum(monthly(_BEDROCK)[:, 0], LAYERS)
    litter = [(layered(variable) * THICKNESS).sum(axis=(1, 2)) for variable in _LITTER]
    arrays["litter_input"] = np.stack(litter, axis=1)
    arrays["sand"] = layered(_SAND).mean(axis=1)
    return arrays


def _cells(
    folder: Path, latitude: object, longitude: object
) -> tuple[tuple[int, int], np.ndarray, np.ndarray]:
    """Shape of the grid, and row and column of each place."""
    field = _read(folder, _LITTER[0], None, layers=True)
    shape = field.shape[:2]
    if latitude is None and longitude is None:
        row, column = np.nonzero(np.isfinite(field[:, :, :LAYERS]).all(axis=(2, 3)))
        return shape, row, column
    if latitude is None or longitude is None:
        raise InputError("latitude and longitude: allowed both or none")
    latitude = _degrees("latitude", latitude, 90)
    longitude = _degrees("longitude", longitude, 180)
    if latitude.shape != longitude.shape:
        raise InputError(
            f"latitude has {latitude.size} values, longitude {longitude.size}: allowed one length"
        )
    north, west = _centres(shape)
    return shape, _nearest(north, latitude), _nearest(west, longitude)


def _degrees(name: str, values: object, limit: float) -> np.ndarray:
    array = np.atleast_1d(np.asarray(values, dtype=float))
    bad = ~(np.abs(array) <= limit)
    if bad.any():
        raise InputError(f"{name} = {array[bad][0]:g}: allowed -{limit:g} to {limit:g} degrees")
    return array


def _nearest(centres: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Index of the nearest of evenly spaced centres, the first of two as near."""
    step = centres[1] - centres[0]
    position = (values - centres[0]) / step
    return np.clip(np.ceil(position - 0.5), 0, len(centres) - 1).astype(int)


def _centres(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Latitude from the north and longitude from -180 of the cell centres, degrees."""
    rows, columns = shape
    latitude = 90 - (np.arange(rows) + 0.5) * 180 / rows
    return latitude, -180 + (np.arange(columns) + 0.5) * 360 / columns


def _read(
    folder: Path, variable: str, shape: tuple[int, int] | None, *, layers: bool
) -> np.ndarray:
    """Array of one variable: [latitude, longitude, (layer,) month]."""
    path = _find(folder, variable)
    field = load_array(path)
    wanted = 4 if layers else 3
    if field.ndim != wanted or field.shape[-1] != MONTHS:
        axes = "latitude, longitude, layer, month" if layers else "latitude, longitude, month"
        raise InputError(f"{path.name}: shape {field.shape}: allowed ({axes}) with 12 months")
    if layers and field.shape[2] < LAYERS:
        raise InputError(f"{path.name}: {field.shape[2]} layers: allowed {LAYERS} or more")
    if shape is not None and field.shape[:2] != tuple(shape):
        raise InputError(
            f"{path.name}: grid of {field.shape[0]} x {field.shape[1]} cells: allowed "
            f"{shape[0]} x {shape[1]} as in the other files"
        )
    return field


def _find(folder: Path, variable: str) -> Path:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder")
    found = sorted(folder.glob(f"*_{variable}.mat"))
    if not found:
        raise InputError(f"{folder} has no file *_{variable}.mat")
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{folder} has several files *_{variable}.mat: {names}; keep one case")
    return found[0]


def load_array(path: Path, name: str = ARRAY) -> np.ndarray:
    """Return the array `name` of a MATLAB file, version 7.3 or older."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path, variable_names=[name])
    except NotImplementedError:  # version 7.3
        return _load_hdf5(path, name)
    except (OSError, ValueError, TypeError, MatReadError) as error:
        raise InputError(f"{path} is no MATLAB file: {error}") from None
    if name not in content:
        raise InputError(f"{path.name} has no array {name!r}")
    return np.asarray(content[name], dtype=float)


def _load_hdf5(path: Path, name: str) -> np.ndarray:
    import netCDF4

    try:
        with netCDF4.Dataset(path) as file:
            if name not in file.variables:
                raise InputError(f"{path.name} has no array {name!r}")
            return np.ma.filled(file[name][:].astype(float), np.nan).T
    except OSError as error:
        raise InputError(f"{path} is no MATLAB file: {error.strerror or error}") from None
