"""How values over the cells of a grid become a map of the world, in every figure alike."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LogNorm, Normalize, to_rgba
from matplotlib.ticker import MaxNLocator

from soilnb.data import rasters
from soilnb.figures.series import plain_log
from soilnb.figures.style import COLOURS

#: Ticks of latitude and their labels.
LATITUDES = ([-45, 0, 45], ["45°S", "0°", "45°N"])

#: South and north end of a map: all land but Antarctica.
ENDS = (-58, 84)

#: Colours of sea, of land without a value, and of coasts.
SEA, BARE, COAST = "#EEF2F5", "#DAD6CC", "#5A5A5A"

#: Where a colour bar lies below a map.
BELOW = {"location": "bottom", "shrink": 0.75, "pad": 0.02, "aspect": 35}


def world(
    ax: Axes, cells: xr.Dataset, values: np.ndarray, cmap=cm.batlow, *, ticks=True, **options
) -> QuadMesh:
    """Draw values at the cells of a regular grid as a map; returns the mesh for a colour bar.

    Parameters
    ----------
    cells : Dataset, [cell]
        With ``latitude`` and ``longitude`` (degrees); what it lacks is bare land, or sea.
    values : ndarray, [cell]
    """
    lat, lon = (_whole(np.unique(cells[name])) for name in ("latitude", "longitude"))
    field = np.full((lat.size, lon.size), np.nan)
    at = np.searchsorted(lat, cells["latitude"]), np.searchsorted(lon, cells["longitude"])
    field[at] = values
    look = {"shading": "nearest", "rasterized": True, "zorder": 1.0}
    mesh = ax.pcolormesh(lon, lat, field, cmap=cmap, **look | options)
    if not ax.images:
        shores(ax)
    ax.set(xlim=(-180, 180), ylim=ENDS, aspect="equal", facecolor=SEA, xticks=[], yticks=[])
    if ticks:
        ax.set_xticks([-120, -60, 0, 60, 120], ["120°W", "60°W", "0°", "60°E", "120°E"], fontsize=7)
        ax.set_yticks(*LATITUDES, fontsize=7)
    return mesh


def shores(ax: Axes) -> None:
    """Draw bare land below the cells of a map, and coastlines above them."""
    place = {"extent": (-180, 180, -90, 90), "origin": "lower", "rasterized": True}
    for zorder, colours in zip((0.5, 1.5), _shores(), strict=True):
        ax.imshow(colours, zorder=zorder, gid="shores", **place)


@cache
def _shores() -> tuple[np.ndarray, np.ndarray]:
    """Return bare land and coastlines as colours over half a degree, from the south."""
    ground = rasters.land_fraction((0.5, 0.5)) >= 0.5
    inland = ground.copy()
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        inland &= np.roll(ground, step, axis)
    return tuple(
        np.where(shape[..., np.newaxis], to_rgba(colour), 0.0)
        for shape, colour in ((ground, BARE), (ground & ~inland, COAST))
    )


def _whole(places: np.ndarray) -> np.ndarray:
    """Return sorted rows of a grid with those that no cell has, so that none is drawn wider."""
    if places.size < 3:
        return places
    steps = np.diff(places)
    missing = np.maximum(np.rint(steps / np.median(steps)).astype(int) - 1, 0)
    between = [
        np.linspace(start, stop, count + 2)[1:-1]
        for start, stop, count in zip(places[:-1], places[1:], missing, strict=True)
    ]
    return np.unique(np.concatenate([places, *between]))


def land(ax: Axes, planet: xr.Dataset, *, ticks: bool = True) -> None:
    """Draw the land of a planet in grey."""
    blank = np.ones(planet["latitude"].size)
    world(ax, planet, blank, "Greys", ticks=ticks, vmin=0.0, vmax=4.5)


def places(ax: Axes, rows: pd.DataFrame, colour: str = COLOURS["blue"]) -> None:
    """Draw where profiles lie, those that are not ``kept`` as crosses, with their numbers."""
    kept = rows["kept"].to_numpy(dtype=bool)
    for which, words, look in (
        (~kept, "not kept", {"marker": "x", "color": COLOURS["grey"], "mew": 0.8}),
        (kept, "kept", {"marker": "o", "color": colour, "mec": "white", "mew": 0.3}),
    ):
        some = rows[which]
        label = f"{words} ({len(some)})"
        ax.plot(some["longitude"], some["latitude"], ls="", ms=3.2, label=label, **look)
    ax.legend(loc="lower left", fontsize=7, handletextpad=0.2)


def known(maps: xr.Dataset, name: str, suffix: str = "") -> np.ndarray | None:
    """Return a variable of the kept cells [site], NaN elsewhere; stocks to 1 m."""
    if name + suffix not in maps:
        return None
    return np.where(maps["kept"].values, to_metre(maps[name + suffix]).values, np.nan)


def to_metre(array: xr.DataArray) -> xr.DataArray:
    """Return a variable, of stocks the one to 1 m."""
    return array.sel(to_depth=1.0) if "to_depth" in array.dims else array


def norm(values: np.ndarray, logarithmic: bool = False) -> Normalize:
    """Return limits of colours that leave out two hundredths at both ends."""
    known = values[np.isfinite(values)]
    if logarithmic and (known > 0).any():
        low, high = np.quantile(known[known > 0], (0.02, 0.98))
        if high > 1.001 * low:
            return LogNorm(low, high)
    low, high = np.quantile(known, (0.02, 0.98)) if known.size else (0.0, 1.0)
    if high - low < 1e-3 * abs(high):  # the same everywhere
        low, high = 0.95 * low, 1.05 * high
    return Normalize(low, high if high > low else low + 1.0)


def bar_below(mesh: QuadMesh, label: str) -> Colorbar:
    """Draw a colour bar with few ticks below a map."""
    bar = mesh.figure.colorbar(mesh, ax=mesh.axes, extend="both", **BELOW)
    if isinstance(mesh.norm, LogNorm):
        plain_log(bar.ax.xaxis, decades(mesh.norm.vmin, mesh.norm.vmax))
    else:
        bar.locator = MaxNLocator(4)
        bar.update_ticks()
    bar.set_label(label, fontsize=7)
    bar.ax.tick_params(labelsize=6.5)
    return bar


def no_bar(ax: Axes) -> None:
    """Keep the room of a colour bar, so that this map is as large as the others."""
    bar = ax.figure.colorbar(ScalarMappable(), ax=ax, **BELOW)
    bar.set_label(" ", fontsize=7)
    bar.ax.tick_params(labelsize=6.5, labelcolor="none", color="none")
    bar.solids.set_visible(False)
    bar.outline.set_visible(False)


def bar_level(mesh: QuadMesh, ax: Axes, label: str, **options) -> Colorbar:
    """Draw a level colour bar with its label below a map, as `he2024.fig6` has it."""
    look = {"orientation": "horizontal", "shrink": 0.8, "aspect": 30, "pad": 0.02} | options
    bar = ax.figure.colorbar(mesh, ax=ax, **look)
    bar.set_label(label, fontsize=8)
    return bar


def decades(low: float, high: float) -> Sequence[float]:
    """Return which ticks a logarithmic axis has: powers of ten alone where there are many."""
    return (1.0, 2.0, 5.0) if high < 150 * low else (1.0,)
