"""Figures of Rötzer et al. 2025, *Coupled C and N turnover in a dynamic pore scale model*.

One function per figure, each from Datasets of `soilnb.pore.simulate` or
`soilnb.pore.simulate_ensemble`. Where a Dataset has the dimension ``seed``, time series show the
mean and the range of the seeds, and maps show the first seed. Figures that compare scenarios take
a mapping of scenario names to Datasets, or one Dataset with the dimension ``scenario``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy import ndimage

from soilnb.figures import pore_maps, style
from soilnb.figures import pore_series as series
from soilnb.figures.pore_schematics import fig1, fig2
from soilnb.figures.pore_series import CARBON_SHARES, LOOKS, NAMES, NITROGEN_SHARES, Runs
from soilnb.pore.diagnostics import availability

__all__ = [
    "fig1",
    "fig2",
    "fig3",
    "fig4",
    "fig5",
    "fig6",
    "fig7",
    "fig8",
    "fig9",
    "fig10",
    "fig11",
    "fig12",
    "figA1",
]

CARBON = ("C_POM", "C_Nec", "C_Nec_initial", "C_Nec_new", "C_B", "C_S")
NITROGEN = ("N_POM", "N_Nec", "N_B", "N_S")
CARBON_FLUXES = ("f_U", "R", "R_O", "f_POM", "f_Nec", "f_BD")
NITROGEN_FLUXES = ("f_N", "f_POM_N", "f_Nec_N", "f_BD_N", "R_leak")

#: Line style, colour and marker of each scenario, as in the paper's Figs. 8, 10 and 12.
STYLES_8 = {"reference": ("-", "black", ""), "static": ("--", "black", "")}
STYLES_10 = {
    "cn10": ("-", cm.batlow(0.02), ""),
    "cn22": ("--", cm.batlow(0.3), ""),
    "reference": (":", cm.batlow(0.55), ""),
    "cn100": ("-", cm.batlow(0.8), "o"),
}
STYLES_12 = {
    "reference": ("-", cm.batlow(0.55), ""),
    "cn10": ("--", cm.batlow(0.02), ""),
    "ten_pulses": (":", cm.batlow(0.8), ""),
}

#: What the paper says of Fig. 6: mean CUE of days 100 to 199, and its peak with its day.
PAPER_CUE = {"mean": 0.289, "peak": 0.583, "day": 201}

#: Colours of the maps of Figs. 7 and 9, light to dark, with their limits. The palest part of the
#: second, which would look like an empty pore, is left out.
AVAILABILITY = (pore_maps.BLUES, Normalize(0, 1))
RATIO = (
    LinearSegmentedColormap.from_list("ratio", cm.acton_r(np.linspace(0.1, 1, 256))),
    LogNorm(5, 500),
)

_POOL = "{} (mg g⁻¹ dry soil)"
_FLUX = "{} (µg g⁻¹ d⁻¹)"

#: Room between the panels of a row, for the labels of their axes.
_ROOM = {"wspace": 0.06}


# Structure: Figs. 3 and 4 -------------------------------------------------------------------------


@style.styled
def fig3(
    data: xr.Dataset, *, day: float = 0, size: str = "", figure: Figure | None = None
) -> Figure:
    """Draw the domain with the types of its voxels (Fig. 3).

    Parameters
    ----------
    data : Dataset
        Run with the field ``cell`` of `day`.
    day : float
        Which snapshot.
    size : str
        Size of the run, for the note.
    """
    figure = style.new(7.0, 5.0, figure=figure)
    ax = figure.subplots()
    data = series.run_of(data)
    cell = series.snapshot(data, day)["cell"]
    pore_maps.draw_cells(ax, cell, root=True)
    series.beside(ax, pore_maps.legend(pore_maps.present(cell)))
    series.sources(figure, data, size, of_map=True)
    return figure


@style.styled
def fig4(
    dispersed: xr.DataArray | np.ndarray,
    data: xr.Dataset,
    *,
    days: tuple[float, float] | None = None,
    size: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the dispersed state, the aggregated one, and the soil after a run (Fig. 4a-c).

    Parameters
    ----------
    dispersed : int array, shape (ny, nx)
        Types of voxels of the dispersed state, as from `soilnb.pore.diagnostics.cell_types`.
    data : Dataset
        The run that began with it, with the field ``cell`` of `days`.
    days : tuple of two floats, optional
        Which snapshots; default the first and the last one.
    size : str
        Size of the run, for the note.
    """
    data = series.run_of(data)
    if days is None:
        days = tuple(data["snapshot"].values[[0, -1]])
    after = [series.snapshot(data, day)["cell"] for day in days]
    maps = [dispersed, *after]
    titles = ("dispersed", "aggregated", f"after {days[1]:g} days")
    figure = style.new(10.2, 4.2, figure=figure)
    for ax, letter, title, cell in zip(figure.subplots(1, 3), "abc", titles, maps, strict=True):
        style.panel(ax, letter, title)
        pore_maps.draw_cells(ax, cell)
    handles = pore_maps.legend(pore_maps.present(*maps))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    series.sources(figure, data, size, of_map=True)
    return figure


# The reference scenario: Figs. 5 to 7 -------------------------------------------------------------


@style.styled
def fig5(
    data: xr.Dataset,
    *,
    at: Sequence[float] = (50, 200, 325, 450),
    size: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw pools, fluxes and shares of carbon and nitrogen (Fig. 5a-f).

    Parameters
    ----------
    data : Dataset, [time] or [seed, time]
        The reference scenario.
    at : sequence of float
        Days whose shares are written into (e) and (f).
    size : str
        Size of the run, for the note.
    """
    data = series.run_of(data)
    figure = style.new(10.2, 8.6, figure=figure)
    grid = figure.subplots(3, 2, gridspec_kw=_ROOM)
    titles = ("carbon pools", "nitrogen pools", "carbon fluxes", "nitrogen fluxes")
    titles += ("shares of soil carbon", "shares of soil nitrogen")
    for ax, letter, title in zip(grid.flat, "abcdef", titles, strict=True):
        style.panel(ax, letter, title)
    series.draw_all(grid[0, 0], data, CARBON)
    series.draw_all(grid[0, 1], data, NITROGEN)
    series.draw_all(grid[1, 0], data, CARBON_FLUXES, factor=1000)
    series.draw_all(grid[1, 1], data, NITROGEN_FLUXES, factor=1000)
    for ax in (grid[0, 0], grid[0, 1], grid[1, 0]):
        series.log_axis(ax)
    _signed_log_axis(grid[1, 1])
    for row, label in zip(grid, (_POOL, _FLUX), strict=False):
        row[0].set_ylabel(label.format("carbon"))
        row[1].set_ylabel(label.format("nitrogen"))
    series.draw_shares(grid[2, 0], data, CARBON_SHARES, at, "soil carbon")
    series.draw_shares(grid[2, 1], data, NITROGEN_SHARES, at, "soil nitrogen")
    series.beside(grid[0, 1], grid[0, 0].get_legend_handles_labels()[0])
    carbon, nitrogen = (ax.get_legend_handles_labels()[0] for ax in grid[1])
    series.beside(grid[1, 1], carbon, title="(c)")
    series.beside(grid[1, 1], nitrogen, title="(d)", bbox_to_anchor=(1.02, 0.45))
    series.beside(grid[2, 1], series.patches(CARBON_SHARES))
    series.sources(figure, data, size)
    return figure


def _signed_log_axis(ax: Axes, least: float = 0.01) -> None:
    """Make an axis that is logarithmic away from zero, for fluxes that may turn round."""
    ax.set_yscale("symlog", linthresh=least, linscale=0.4)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.axhline(0, color="0.7", lw=0.7, zorder=0)


@style.styled
def fig6(
    data: xr.Dataset, *, lowest: float = -0.2, size: str = "", figure: Figure | None = None
) -> Figure:
    """Draw carbon use efficiency over time, beside what the paper prints (Fig. 6).

    Parameters
    ----------
    data : Dataset, [time] or [seed, time]
        The reference scenario.
    lowest : float
        Where the axis ends; on how many days CUE is below it is said on the figure.
    size : str
        Size of the run, for the note.
    """
    data = series.run_of(data)
    figure = style.new(6.6, 3.4, figure=figure)
    ax = figure.subplots()
    _efficiency(ax, {"reference": data}, {"reference": ("-", None, "")}, lowest)
    if data["time"].values[-1] >= PAPER_CUE["day"]:
        words = f"paper: mean of days 100-199, {PAPER_CUE['mean']}"
        ax.plot([100, 199], 2 * [PAPER_CUE["mean"]], "--", color="black", lw=1.2, label=words)
        words = f"paper: peak on day {PAPER_CUE['day']}, {PAPER_CUE['peak']}"
        ax.plot(PAPER_CUE["day"], PAPER_CUE["peak"], "kD", mfc="none", ms=7, label=words)
    ax.legend(loc="upper left")
    series.sources(figure, data, size)
    return figure


def _efficiency(
    ax: Axes, runs: Mapping[str, xr.Dataset], styles: Mapping[str, tuple], lowest: float
) -> None:
    """Draw CUE, and say on how many days it is below the axis."""
    series.compare(ax, runs, ("CUE",), styles, by_colour=True)
    ax.axhline(0, color="0.7", lw=0.7, zorder=0)
    ax.set(ylabel="carbon use efficiency (1)", ylim=(lowest, 1))
    below = max(int((series.mean(run, "CUE") < lowest).sum()) for run in runs.values())
    if below:
        words = f"starving microbes: below {lowest:g} on {below} days"
        ax.text(0.99, 0.02, words, transform=ax.transAxes, ha="right", fontsize=7.5)


@style.styled
def fig7(
    data: xr.Dataset,
    *,
    days: Sequence[float] = (195, 200, 230),
    centre: tuple[int, int] | None = None,
    radius: int | None = None,
    size: str = "",
    figure: Figure | None = None,
) -> Figure:
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
    size : str
        Size of the run, for the note.
    """
    data = series.run_of(data)
    half_saturation = series.about(data, "parameters")["half_saturation"]
    fields = [series.snapshot(data, day) for day in days]
    radius = _radius(fields[0]) if radius is None else radius
    centre = hot_spot(fields[-2], fields[-1], radius) if centre is None else centre
    figure = style.new(10.8, 4.4, figure=figure)
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
    series.sources(figure, data, size, of_map=True)
    return figure


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


# Static against dynamic: Figs. 8 and 9 ------------------------------------------------------------


@style.styled
def fig8(
    runs: Runs,
    *,
    days: tuple[float, float] = (180, 350),
    at: Sequence[float] = (200, 250, 325),
    size: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw pools with and without movement, and shares without (Fig. 8a-d).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``reference`` and ``static``; each may have the dimension ``seed``.
    days : tuple of two floats
        First and last day.
    at : sequence of float
        Days whose shares are written into (c) and (d).
    size : str
        Size of the run, for the note.
    """
    figure = style.new(10.2, 6.8, figure=figure)
    grid = figure.subplots(2, 2, gridspec_kw=_ROOM)
    some = {name: series.run_of(runs, name).sel(time=slice(*days)) for name in STYLES_8}
    carbon = ("C_POM", "C_Nec", "C_Nec_new", "C_B", "C_S")
    for ax, letter, names, what in zip(
        grid[0], "ab", (carbon, NITROGEN), ("carbon", "nitrogen"), strict=True
    ):
        style.panel(ax, letter, f"{what} pools")
        series.compare(ax, some, names, STYLES_8)
        series.log_axis(ax)
        ax.set_ylabel(_POOL.format(what))
    for ax, letter, names, what in zip(
        grid[1], "cd", (CARBON_SHARES, NITROGEN_SHARES), ("carbon", "nitrogen"), strict=True
    ):
        style.panel(ax, letter, f"shares of soil {what}, without movement")
        series.draw_shares(ax, some["static"], names, at, f"soil {what}")
    _legends(grid[0, 1], carbon, STYLES_8, NAMES | {"reference": "with movement"})
    series.beside(grid[1, 1], series.patches(CARBON_SHARES))
    series.sources(figure, some["reference"], size)
    return figure


def _legends(
    ax: Axes, names: Sequence[str], styles: Mapping[str, tuple], words: Mapping[str, str] = NAMES
) -> None:
    """Put two legends beside a panel: variables by colour, scenarios by line style."""
    series.beside(ax, [_sample(LOOKS[name].label, color=LOOKS[name].colour) for name in names])
    lines = [
        _sample(words[name], ls=line, marker=marker) for name, (line, _, marker) in styles.items()
    ]
    series.beside(ax, lines, loc="lower left", bbox_to_anchor=(1.02, 0.0))


def _sample(label: str, **look) -> Line2D:
    """Return the entry of a line in a legend."""
    return Line2D([], [], **{"color": "black", "lw": 1.8, "ms": 4, "label": label} | look)


@style.styled
def fig9(
    runs: Runs,
    *,
    days: tuple[float, float] = (130, 135),
    centre: tuple[int, int] | None = None,
    radius: int | None = None,
    size: str = "",
    figure: Figure | None = None,
) -> Figure:
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
    size : str
        Size of the run, for the note.
    """
    figure = style.new(8.4, 8.2, figure=figure)
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
    series.sources(figure, series.run_of(runs, "reference"), size, of_map=True)
    return figure


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


# Exudates: Figs. 10 to 12, A1 ---------------------------------------------------------------------


@style.styled
def fig10(
    runs: Runs,
    *,
    days: tuple[float, float] = (180, 400),
    size: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw pools, respiration and CUE for exudates of four qualities (Fig. 10a-d).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``cn10``, ``cn22``, ``reference`` and ``cn100``; each may have the dimension ``seed``.
    days : tuple of two floats
        First and last day.
    size : str
        Size of the run, for the note.
    """
    return _exudates(runs, STYLES_10, days, size, figure)


@style.styled
def fig12(
    runs: Runs,
    *,
    days: tuple[float, float] = (180, 400),
    size: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw pools, respiration and CUE for one pulse and for ten (Fig. 12a-d).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``reference``, ``cn10`` and ``ten_pulses``; each may have the dimension ``seed``.
    days : tuple of two floats
        First and last day.
    size : str
        Size of the run, for the note.
    """
    return _exudates(runs, STYLES_12, days, size, figure)


def _exudates(
    runs: Runs,
    styles: Mapping[str, tuple],
    days: tuple[float, float],
    size: str,
    figure: Figure | None,
) -> Figure:
    figure = style.new(10.4, 6.8, figure=figure)
    grid = figure.subplots(2, 2, gridspec_kw=_ROOM)
    some = {name: series.run_of(runs, name).sel(time=slice(*days)) for name in styles}
    titles = ("carbon pools", "nitrogen pools", "respiration", "carbon use efficiency")
    for ax, letter, title in zip(grid.flat, "abcd", titles, strict=True):
        style.panel(ax, letter, title)
    pools = ("C_Nec_new", "C_B", "C_S")
    series.compare(grid[0, 0], some, pools, styles)
    series.compare(grid[0, 1], some, ("N_B", "N_S"), styles)
    series.compare(grid[1, 0], some, ("R", "R_O"), styles, factor=1000)
    _efficiency(grid[1, 1], some, styles, -0.2)
    for ax in grid[0]:
        series.log_axis(ax)
    grid[1, 0].set_ylim(bottom=0)
    grid[0, 0].set_ylabel(_POOL.format("carbon"))
    grid[0, 1].set_ylabel(_POOL.format("nitrogen"))
    grid[1, 0].set_ylabel(_FLUX.format("carbon"))
    _legends(grid[0, 1], pools, styles)
    both = [_sample(LOOKS[name].label, color=LOOKS[name].colour) for name in ("R", "R_O")]
    series.beside(grid[1, 1], both, title="(c)")
    lines = [
        _sample(NAMES[name], color=colour, ls=line, marker=marker)
        for name, (line, colour, marker) in styles.items()
    ]
    series.beside(grid[1, 1], lines, title="(d)", loc="lower left", bbox_to_anchor=(1.02, 0.0))
    series.sources(figure, some["reference"], size)
    return figure


#: The bars of the last day in Fig. 11.
_ORDER_11 = ("static", "cn10", "cn22", "reference", "cn100", "ten_pulses")


@style.styled
def fig11(
    runs: Runs,
    *,
    days: Sequence[float] = (0, 199, 200, 500),
    least: float = 2.0,
    size: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw where the carbon is, by day and scenario, with what came in between (Fig. 11).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``reference``, ``static``, ``cn10``, ``cn22``, ``cn100`` and ``ten_pulses``; each may have
        the dimension ``seed``.
    days : sequence of four floats
        The start, before the pulse, after it, and the end.
    least : float
        Shares below it (%) are drawn, but their value is not written.
    size : str
        Size of the run, for the note.
    """
    figure = style.new(10.8, 6.2, figure=figure)
    ax = figure.subplots()
    reference = series.run_of(runs)
    begin, before, after, end = days
    places, labels = [0.0], [f"day {begin:g}"]

    def put(label: str, step: float) -> float:
        labels.append(label)
        places.append(places[-1] + step)
        return places[-1]

    last_runs = [series.run_of(runs, name) for name in _ORDER_11]
    highest = max(_carbon(run, end).sum() for run in last_runs)
    stock = functools.partial(_stock, ax, least=least, highest=highest)
    stock(0.0, reference, begin)
    for first, last in ((begin, before), (before, after)):
        span = f"days {first + 1:g}-{last:g}" if last > first + 1 else f"day {last:g}"
        _inputs(ax, put(f"came in\n{span}", 1.1), [reference], first, last)
        stock(put(f"day {last:g}", 1.0), reference, last)
    came = [reference, series.run_of(runs, "ten_pulses")]
    place = put(f"came in\ndays {after + 1:g}-{end:g}\n(one | ten\npulses)", 1.1)
    _inputs(ax, place, came, after, end)
    for name, run in zip(_ORDER_11, last_runs, strict=True):
        words = NAMES[name].replace(", ", "\n").replace("out m", "out\nm")
        place = put(f"day {end:g}\n{words}", 1.1 if name == "static" else 1.0)
        stock(place, run, end)
    ax.set_xticks(places, labels, fontsize=7.5)
    ax.set(ylabel=_POOL.format("carbon"), xlim=(-0.6, places[-1] + 0.6))
    looks = [LOOKS[name] for name in (*CARBON_SHARES, "C_CO2")]
    handles = [Patch(facecolor=look.colour, ec="white", label=look.label) for look in looks]
    for label, name in (("input: POM", "C_POM"), ("input: exudates", "C_S")):
        colour = LOOKS[name].colour
        handles.append(Patch(facecolor=colour, hatch="///", ec="white", label=label))
    ax.legend(handles=handles, loc="upper left", ncols=2)
    ax.margins(y=0.05)
    series.sources(figure, reference, size, band="")
    return figure


def _carbon(run: xr.Dataset, day: float) -> np.ndarray:
    """Return the carbon of a day in each pool, and what has been respired (mg g-1)."""
    now = run.sel(time=day)
    return np.array([float(series.mean(now, name)) for name in (*CARBON_SHARES, "C_CO2")])


def _stock(
    ax: Axes, place: float, run: xr.Dataset, day: float, *, least: float, highest: float
) -> None:
    """Draw where the carbon is on a day as a stacked bar, with amounts and shares.

    A value is written where its share is at least `least` (%), and its part of the bar so high
    that the writing fits, beside bars of `highest`.
    """
    amounts = _carbon(run, day)
    bottom, total = 0.0, amounts.sum()
    for name, amount in zip((*CARBON_SHARES, "C_CO2"), amounts, strict=True):
        look = {"color": LOOKS[name].colour, "edgecolor": "white", "lw": 0.5}
        ax.bar(place, amount, 0.88, bottom=bottom, gid=f"stock-{name}", **look)
        if amount >= max(least / 100 * total, 0.018 * highest):
            words = f"{amount:.2f} ({100 * amount / total:.0f} %)"
            where = {"ha": "center", "va": "center_baseline", "fontsize": 6.3}
            colour = series.readable_on(look["color"])
            ax.text(place, bottom + amount / 2, words, color=colour, **where)
        bottom += amount
    ax.text(place, bottom, f"{total:.1f}", ha="center", va="bottom", fontsize=8)


def _inputs(ax: Axes, place: float, runs: Sequence[xr.Dataset], first: float, last: float) -> None:
    """Draw what came in between two days as hatched bars, one for each run."""
    width = 0.62 / len(runs)
    for turn, run in enumerate(runs):
        bottom, at = 0.0, place + (turn - (len(runs) - 1) / 2) * 1.3 * width
        for name, look in (("R_POM", LOOKS["C_POM"]), ("R_root", LOOKS["C_S"])):
            amount = series.amount_between(run, name, first, last)
            hatched = {"hatch": "///", "edgecolor": "white", "lw": 0.5}
            ax.bar(
                at, amount, width, bottom=bottom, color=look.colour, gid=f"input-{name}", **hatched
            )
            bottom += amount
        ax.text(at, bottom, f"{bottom:.2f}", ha="center", va="bottom", fontsize=7)


@style.styled
def figA1(runs: Runs, *, size: str = "", figure: Figure | None = None) -> Figure:
    """Draw the pools with POM of C/N 100 above those with POM of C/N 10 (Fig. A1).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``reference`` and ``pom_cn10``; each may have the dimension ``seed``.
    size : str
        Size of the run, for the note.
    """
    figure = style.new(10.2, 6.2, figure=figure)
    grid = figure.subplots(2, 2, sharex=True, sharey="col", gridspec_kw=_ROOM)
    words = {"reference": "POM with C/N 100", "pom_cn10": "POM with C/N 10"}
    for (name, title), row in zip(words.items(), grid, strict=True):
        for ax, names, what in zip(row, (CARBON, NITROGEN), ("carbon", "nitrogen"), strict=True):
            series.draw_all(ax, series.run_of(runs, name), names)
            ax.set_title(f"{title}: {what} pools", loc="left", fontweight="bold")
            ax.set_ylabel(_POOL.format(what))
    for column in grid.T:
        _common_log_axis(column)
    series.beside(grid[0, 1], grid[0, 0].get_legend_handles_labels()[0])
    series.sources(figure, series.run_of(runs), size)
    return figure


def _common_log_axis(axes: Sequence[Axes]) -> None:
    """Make the axes of a column logarithmic, with limits that fit all of them."""
    limits = []
    for ax in axes:
        series.log_axis(ax)
        limits += ax.get_ylim()
    axes[0].set_ylim(min(limits), max(limits))
