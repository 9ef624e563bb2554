"""The time series of Rötzer et al. 2025: Figs. 5, 6, 8, 10, 12 and A1."""

from collections.abc import Mapping, Sequence

import xarray as xr
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from soilnb.figures import style
from soilnb.figures.pore import series
from soilnb.figures.pore.series import CARBON_SHARES, LOOKS, NAMES, NITROGEN_SHARES, Runs

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

_POOL = "{} (mg g⁻¹ dry soil)"
_FLUX = "{} (µg g⁻¹ d⁻¹)"

#: Room between the panels of a row, for the labels of their axes.
_ROOM = {"wspace": 0.06}


# The reference scenario: Figs. 5 and 6 -----------------------------------------------------------


@style.frame(10.2, 8.6)
def fig5(
    figure: Figure, data: xr.Dataset, *, at: Sequence[float] = (50, 200, 325, 450)
) -> list[str]:
    """Draw pools, fluxes and shares of carbon and nitrogen (Fig. 5a-f).

    Parameters
    ----------
    data : Dataset, [time] or [seed, time]
        The reference scenario.
    at : sequence of float
        Days whose shares are written into (e) and (f).
    """
    data = series.run_of(data)
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
    series.beside(grid[1, 1], nitrogen, title="(d)", bbox_to_anchor=(1.05, 0.45))
    series.beside(grid[2, 1], series.patches(CARBON_SHARES))
    return series.sources(data)


def _signed_log_axis(ax: Axes, least: float = 0.01) -> None:
    """Make an axis that is logarithmic away from zero, for fluxes that may turn round."""
    ax.set_yscale("symlog", linthresh=least, linscale=0.4)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.axhline(0, color="0.7", lw=0.7, zorder=0)


@style.frame(5.0, 3.4)
def fig6(figure: Figure, data: xr.Dataset, *, lowest: float = -0.2) -> list[str]:
    """Draw carbon use efficiency over time, beside what the paper prints (Fig. 6).

    Parameters
    ----------
    data : Dataset, [time] or [seed, time]
        The reference scenario.
    lowest : float
        Where the axis ends; on how many days CUE is below it is said on the figure.
    """
    data = series.run_of(data)
    ax = figure.subplots()
    _efficiency(ax, {"reference": data}, {"reference": ("-", None, "")}, lowest)
    if data["time"].values[-1] >= PAPER_CUE["day"]:
        words = f"paper: mean of days 100-199, {PAPER_CUE['mean']}"
        ax.plot([100, 199], 2 * [PAPER_CUE["mean"]], "--", color="black", lw=1.2, label=words)
        words = f"paper: peak on day {PAPER_CUE['day']}, {PAPER_CUE['peak']}"
        ax.plot(PAPER_CUE["day"], PAPER_CUE["peak"], "kD", mfc="none", ms=7, label=words)
    ax.legend(loc="upper left")
    return series.sources(data)


def _efficiency(
    ax: Axes, runs: Mapping[str, xr.Dataset], styles: Mapping[str, tuple], lowest: float
) -> None:
    """Draw CUE, and say on how many days it is below the axis."""
    series.compare(ax, runs, ("CUE",), styles, by_colour=True)
    ax.axhline(0, color="0.7", lw=0.7, zorder=0)
    ax.set(ylabel="carbon use efficiency (1)", ylim=(lowest, 1))
    below = max(int((series.mean(run, "CUE") < lowest).sum()) for run in runs.values())
    if below:
        words = f"starving microbes: below {lowest:g} on {below} {'day' if below == 1 else 'days'}"
        ax.text(0.99, 0.02, words, transform=ax.transAxes, ha="right", fontsize=7.5)


# Static against dynamic: Fig. 8 ------------------------------------------------------------------


@style.frame(10.2, 6.8)
def fig8(
    figure: Figure,
    runs: Runs,
    *,
    days: tuple[float, float] = (180, 350),
    at: Sequence[float] = (200, 250, 325),
) -> list[str]:
    """Draw pools with and without movement, and shares without (Fig. 8a-d).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``reference`` and ``static``; each may have the dimension ``seed``.
    days : tuple of two floats
        First and last day.
    at : sequence of float
        Days whose shares are written into (c) and (d).
    """
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
    return series.sources(some["reference"])


def _legends(
    ax: Axes, names: Sequence[str], styles: Mapping[str, tuple], words: Mapping[str, str] = NAMES
) -> None:
    """Put two legends beside a panel: variables by colour, scenarios by line style."""
    series.beside(ax, [_sample(LOOKS[name].label, color=LOOKS[name].colour) for name in names])
    lines = [
        _sample(words[name], ls=line, marker=marker) for name, (line, _, marker) in styles.items()
    ]
    series.beside(ax, lines, loc="lower left", bbox_to_anchor=(1.05, 0.0))


def _sample(label: str, **look) -> Line2D:
    """Return the entry of a line in a legend."""
    return Line2D([], [], **{"color": "black", "lw": 1.8, "ms": 4, "label": label} | look)


# Exudates: Figs. 10, 12 and A1 -------------------------------------------------------------------


@style.frame(10.4, 6.8)
def fig10(figure: Figure, runs: Runs, *, days: tuple[float, float] = (180, 400)) -> list[str]:
    """Draw pools, respiration and CUE for exudates of four qualities (Fig. 10a-d).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``cn10``, ``cn22``, ``reference`` and ``cn100``; each may have the dimension ``seed``.
    days : tuple of two floats
        First and last day.
    """
    return _exudates(figure, runs, STYLES_10, days)


@style.frame(10.4, 6.8)
def fig12(figure: Figure, runs: Runs, *, days: tuple[float, float] = (180, 400)) -> list[str]:
    """Draw pools, respiration and CUE for one pulse and for ten (Fig. 12a-d).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``reference``, ``cn10`` and ``ten_pulses``; each may have the dimension ``seed``.
    days : tuple of two floats
        First and last day.
    """
    return _exudates(figure, runs, STYLES_12, days)


def _exudates(
    figure: Figure, runs: Runs, styles: Mapping[str, tuple], days: tuple[float, float]
) -> list[str]:
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
    series.beside(grid[1, 1], lines, title="(d)", loc="lower left", bbox_to_anchor=(1.05, 0.0))
    return series.sources(some["reference"])


@style.frame(10.2, 6.2)
def figA1(figure: Figure, runs: Runs) -> list[str]:
    """Draw the pools with POM of C/N 100 above those with POM of C/N 10 (Fig. A1).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``reference`` and ``pom_cn10``; each may have the dimension ``seed``.
    """
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
    return series.sources(series.run_of(runs))


def _common_log_axis(axes: Sequence[Axes]) -> None:
    """Make the axes of a column logarithmic, with limits that fit all of them."""
    limits = []
    for ax in axes:
        series.log_axis(ax)
        limits += ax.get_ylim()
    axes[0].set_ylim(min(limits), max(limits))
