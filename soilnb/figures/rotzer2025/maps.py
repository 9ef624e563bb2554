"""The maps of Rötzer et al. 2025: Figs. 3, 4, 7 and 9."""

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from scipy import ndimage

from soilnb.figures import style
from soilnb.figures.pore import maps as pore_maps
from soilnb.figures.pore import series
from soilnb.figures.pore.series import Runs
from soilnb.pore.diagnostics import availability

#: Colours of the maps of Figs. 7 and 9, light to dark, with their limits. The palest part of the
#: second, which would look like an empty pore, is left out.
AVAILABILITY = (pore_maps.BLUES, Normalize(0, 1))
RATIO = (
    LinearSegmentedColormap.from_list("ratio", cm.acton_r(np.linspace(0.1, 1, 256))),
    LogNorm(5, 500),
)


# Structure: Figs. 3 and 4 ------------------------------------------------------------------------


@style.frame(5.0, 6.0)
def fig3(figure: Figure, data: xr.Dataset, *, day: float = 0) -> list[str]:
    """Draw the domain with the types of its voxels (Fig. 3).

    Parameters
    ----------
    data : Dataset
        Run with the field ``cell`` of `day`.
    day : float
        Which snapshot.
    """
    ax = figure.subplots()
    data = series.run_of(data)
    cell = series.snapshot(data, day)["cell"]
    pore_maps.draw_cells(ax, cell, root=True)
    series.over(ax, pore_maps.legend(pore_maps.present(cell)))
    return series.sources(data, of_map=True)


@style.frame(10.2, 4.2)
def fig4(
    figure: Figure,
    dispersed: xr.DataArray | np.ndarray,
    data: xr.Dataset,
    *,
    days: tuple[float, float] | None = None,
) -> list[str]:
    """Draw the dispersed state, the aggregated one, and the soil after a run (Fig. 4a-c).

    Parameters
    ----------
    dispersed : int array, shape (ny, nx)
        Types of voxels of the dispersed state, as from `soilnb.pore.diagnostics.cell_types`.
    data : Dataset
        The run that began with it, with the field ``cell`` of `days`.
    days : tuple of two floats, optional
        Which snapshots; default the first and the last one.
    """
    data = series.run_of(data)
    if days is None:
        days = tuple(data["snapshot"].values[[0, -1]])
    after = [series.snapshot(data, day)["cell"] for day in days]
    maps = [dispersed, *after]
    titles = ("dispersed", "aggregated", f"after {days[1]:g} days")
    for ax, letter, title, cell in zip(figure.subplots(1, 3), "abc", titles, maps, strict=True):
        style.panel(ax, letter, title)
        pore_maps.draw_cells(ax, cell)
    handles = pore_maps.legend(pore_maps.present(*maps))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return series.sources(data, of_map=True)


# Where carbon is available: Fig. 7 ---------------------------------------------------------------


@style.frame(10.8, 4.4)
def fig7(
    figure: Figure,
    data: xr.Dataset,
    *,
    days: Sequence[float] = (195, 200, 230),
    centre: tuple[int, int] | None = None,
    radius: int | None = None,
) -> list[str]:
    """Draw the availability of carbon before, during and after the pulse, with a lens (Fig. 7a-c).

    Parameters
    ----------
    data : Dataset
        The reference scenario with the fields ``cell``, ``c_s`` and ``c_b`` of `days`.
    days : sequence of three floats
        Which snapshots.
    centre : tuple of two ints, optional
        Voxel (y, x) in the middle of the lens; default is where most biomass has grown between
        the last two days.
    radius : int, optional
        Radius of the lens, in voxels; default a sixteenth of the domain.
    """
    data = series.run_of(data)
    half_saturation = series.about(data, "parameters")["half_saturation"]
    fields = [series.snapshot(data, day) for day in days]
    radius = _radius(fields[0]) if radius is None else radius
    centre = hot_spot(fields[-2], fields[-1], radius) if centre is None else centre
    axes = figure.subplots(1, 3)
    for ax, letter, day, now in zip(axes, "abc", days, fields, strict=True):
        style.panel(ax, letter, f"day {day:g}")
        available = availability(now["c_s"], half_saturation)
        draw = _map(available, now["cell"], AVAILABILITY, (*pore_maps.CLOSED, "biomass"))
        image = draw(ax)
        pore_maps.lens(ax, centre, radius, draw)
    bar = figure.colorbar(image, ax=axes, shrink=0.75, aspect=25, pad=0.01)
    bar.set_label("availability of carbon, $C_S/(C_S + k)$ (1)")
    names = [name for name in pore_maps.present(*(f["cell"] for f in fields)) if name != "pore"]
    handles = pore_maps.legend(names)
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return series.sources(data, of_map=True)


def _map(values, cell: xr.DataArray, colours: tuple, over: Sequence[str]) -> Callable:
    """Return a function that draws a map of the solution on an axes."""

    def draw(ax: Axes):
        return pore_maps.draw_solution(ax, values, cell, *colours, over=over, root=True)

    return draw


def _radius(fields: xr.Dataset) -> int:
    """Return the radius of a lens or circle on a map, in voxels."""
    return max(6, round(min(fields["cell"].shape) / 16))


def hot_spot(before: xr.Dataset, after: xr.Dataset, radius: int) -> tuple[int, int]:
    """Return the voxel (y, x) around which most biomass has grown between two snapshots.

    A voxel that microbes have come to counts as much as one that they have filled.
    """
    filled = [fields["c_b"].values for fields in (before, after)]
    most = max(filled[1].max(), 1e-12)
    grown = (filled[1] - filled[0]) / most + ((filled[1] > 0) * 1.0 - (filled[0] > 0))
    return _highest(ndimage.gaussian_filter(grown, radius / 3, mode="wrap"), radius)


def _highest(values: np.ndarray, radius: int) -> tuple[int, int]:
    """Return the voxel (y, x) of the highest value, so far from the border that a lens fits."""
    shift = min(radius, (min(values.shape) - 1) // 2)
    inside = values[shift : values.shape[0] - shift, shift : values.shape[1] - shift]
    y, x = np.unravel_index(np.argmax(inside), inside.shape)
    return int(y) + shift, int(x) + shift


# The C/N ratio of the solution: Fig. 9 -----------------------------------------------------------


@style.frame(8.4, 8.2)
def fig9(
    figure: Figure,
    runs: Runs,
    *,
    days: tuple[float, float] = (130, 135),
    centre: tuple[int, int] | None = None,
    radius: int | None = None,
) -> list[str]:
    """Draw the C/N ratio of the solution on two days, with and without movement (Fig. 9a-d).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, snapshot, y, x]
        ``reference`` and ``static`` with the fields ``cell``, ``c_s`` and ``n_s`` of both days.
    days : tuple of two floats
        Which snapshots.
    centre : tuple of two ints, optional
        Voxel (y, x) in the middle of the circle; default is where contrasts within the solution
        have vanished most between the two days.
    radius : int, optional
        Radius of the circle, in voxels; default a sixteenth of the domain.
    """
    grid = figure.subplots(2, 2)
    words = {"reference": "with movement", "static": "without movement"}
    fields = {
        name: [series.snapshot(series.run_of(runs, name), day) for day in days] for name in words
    }
    radius = _radius(fields["reference"][0]) if radius is None else radius
    centre = equalised(*fields["reference"], radius) if centre is None else centre
    for name, row, letters in zip(words, grid, ("ab", "cd"), strict=True):
        for ax, letter, day, now in zip(row, letters, days, fields[name], strict=True):
            style.panel(ax, letter, f"{words[name]}, day {day:g}")
            image = _map(solution_ratio(now), now["cell"], RATIO, pore_maps.CLOSED)(ax)
            if name == "reference":
                pore_maps.ring(ax, centre, radius)
    bar = figure.colorbar(image, ax=grid, shrink=0.6, aspect=30, pad=0.01, extend="both")
    bar.set_label("C/N ratio of the solution (g g⁻¹)")
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    found = pore_maps.present(*(now["cell"] for pair in fields.values() for now in pair))
    handles = pore_maps.legend([name for name in found if name in pore_maps.CLOSED])
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return series.sources(series.run_of(runs, "reference"), of_map=True)


def solution_ratio(fields: xr.Dataset, most: float = 1e6) -> np.ndarray:
    """Return the C/N ratio of the solution (1), array (ny, nx); `most` where nitrogen is used up.

    NaN where there is no solution.
    """
    carbon, nitrogen = fields["c_s"].values, fields["n_s"].values
    ratio = np.full(carbon.shape, most)
    np.divide(carbon, nitrogen, out=ratio, where=nitrogen > 0)
    return np.where(carbon > 0, np.minimum(ratio, most), np.nan)


def equalised(before: xr.Dataset, after: xr.Dataset, radius: int) -> tuple[int, int]:
    """Return the voxel (y, x) around which contrasts in C/N have vanished most."""
    lost = _contrast(before, radius) - _contrast(after, radius)
    return _highest(ndimage.uniform_filter(lost, 2 * radius + 1, mode="wrap"), radius)


def _contrast(fields: xr.Dataset, radius: int) -> np.ndarray:
    """Return the local variance of the logarithm of C/N in the solution, array (ny, nx)."""
    ratio = solution_ratio(fields)
    held = np.isfinite(ratio)
    log = np.log(np.clip(np.where(held, ratio, 1.0), RATIO[1].vmin, RATIO[1].vmax))
    weight, first, second = (
        ndimage.uniform_filter(np.where(held, values, 0.0), 2 * radius + 1, mode="wrap")
        for values in (1.0, log, log**2)
    )
    weight = np.maximum(weight, 1e-9)
    return second / weight - (first / weight) ** 2
