"""The global figures of Tao et al. 2023: CUE and SOC over profiles, and the maps of components."""

from __future__ import annotations

from collections.abc import Mapping

import cmcrameri
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from soilnb.figures import style
from soilnb.figures.he2024 import world
from soilnb.figures.style import COLOURS

#: Panels of Fig. 3: letter, variable, title, unit, whether the colours are logarithmic.
COMPONENTS = (
    ("a", "stock", "SOC to 1 m", "kg C m⁻²", False),
    ("b", "cue", "microbial CUE", "1", False),
    ("c", "non_microbial_transfer", "non-microbial transfer", "1", False),
    ("d", "input", "plant carbon input", "g C m⁻² yr⁻¹", False),
    ("e", "input_allocation", "allocation of input", "1", False),
    ("f", "decomposition_rate", "baseline decomposition", "yr⁻¹", True),
    ("g", "environmental_modifier", "environmental modifier", "1", False),
    ("h", "transport_rate", "vertical transport", "yr⁻¹", True),
)

_MAPS = cmcrameri.cm
#: Colours of the climate zones; each box is named below as well.
_ZONE_COLOUR = {
    "tropical": COLOURS["green"],
    "arid": COLOURS["yellow"],
    "temperate": COLOURS["sky"],
    "boreal": COLOURS["purple"],
}


# ----------------------------------------------------------------------------- scatter and line


def _scatter(ax: Axes, data: pd.DataFrame, fit, others: Mapping[str, float], shade: str) -> None:
    """Draw SOC against CUE on a logarithmic axis with the fixed part of a mixed model."""
    ax.plot(data["cue"], data["soc"], "o", ms=3, alpha=0.45, color=shade, mew=0)
    if fit is not None:
        at = np.linspace(float(data["cue"].min()), float(data["cue"].max()), 50)
        ax.plot(at, 10 ** fit.predict(at, **others), color="0.05", lw=2.2)
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("microbial CUE")
    ax.set_ylabel("SOC (g C kg⁻¹)")


def _slope(fit) -> str:
    """Return slope and error; without the error where the fit has none (no variance of groups)."""
    slope = fit.coefficients.loc["cue"]
    error = f" ± {slope['error']:.2f}" if np.isfinite(slope["error"]) else ""
    return f"{slope['estimate']:.2f}{error}"


def _said(fit) -> str:
    return f"slope {_slope(fit)}, n = {fit.n}"


def _above(ax: Axes, text: str) -> None:
    """Write what a fit says above the right end of its axes."""
    ax.text(0.99, 1.01, text, transform=ax.transAxes, ha="right", va="bottom", fontsize=7.5)


@style.styled
def fig2(
    measured: tuple[pd.DataFrame, object, Mapping[str, float]],
    assimilated: tuple[pd.DataFrame, object],
    *,
    note: str = "",
    data: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the relation of CUE and SOC from measurements and from assimilated profiles.

    Parameters
    ----------
    measured : tuple of (DataFrame, Fit, mapping)
        ``cue`` and ``soc`` (g kg-1), the mixed model, and where its other variables are held.
    assimilated : tuple of (DataFrame, Fit or None)
        The same of the profiles that are kept; None where there are too few.
    note, data : str
        Note below, and ``synthetic`` where made-up data are shown.
    """
    figure = style.new(8.2, 3.6, figure=figure)
    left, right = figure.subplots(1, 2)
    rows, fit, others = measured
    _scatter(left, rows, fit, others, COLOURS["green"])
    style.panel(left, "a", "measured CUE")
    _above(left, _said(fit))
    rows, fit = assimilated
    _scatter(right, rows, fit, {}, COLOURS["blue"])
    style.panel(right, "b", "assimilated profiles")
    _above(right, f"n = {len(rows)}" if fit is None else _said(fit))
    style.note(figure, note, data=data)
    return figure


@style.styled
def relation(
    data: pd.DataFrame,
    fit,
    *,
    label: str = "soil organic carbon (g C kg⁻¹)",
    title: str = "",
    note: str = "",
    kind: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw one relation of CUE and SOC over profiles.

    Parameters
    ----------
    data : DataFrame
        ``cue`` and ``soc`` of the profiles that count.
    fit : Fit or None
        Mixed model of those rows.
    label, title, note, kind : str
        Axis of carbon, title, note below, and ``synthetic`` for made-up profiles.
    """
    figure = style.new(5.6, 3.7, figure=figure)
    ax = figure.subplots()
    _scatter(ax, data, fit, {}, COLOURS["blue"])
    ax.set_ylabel(label)
    ax.set_title(title, loc="left")
    _above(ax, f"n = {len(data)}" if fit is None else _said(fit))
    style.note(figure, note, data=kind)
    return figure


@style.styled
def figED5(
    tables: Mapping[str, pd.DataFrame],
    fits: Mapping[str, object],
    *,
    note: str = "",
    data: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the relation of CUE and SOC by depth, and its slope and explanatory power.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By interval of depth: ``cue``, ``soc`` (g kg-1).
    fits : mapping of str to Fit
        Mixed model of each interval.
    """
    count = len(tables)
    figure = style.new(2.05 * count + 2.2, 3.1, figure=figure)
    axes = figure.subplots(1, count + 1, width_ratios=[*[1.0] * count, 1.15])
    for ax in axes[1:count]:
        ax.sharey(axes[0])
    for number, (ax, (name, table)) in enumerate(zip(axes, tables.items(), strict=False)):
        _scatter(ax, table, fits[name], {}, COLOURS["blue"])
        ax.set_title(f"{name}\n{_slope(fits[name])}", fontsize=8)
        if number:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
    last = axes[-1]
    place = np.arange(count)
    explained = [100 * fits[name].explained_fixed for name in tables]
    last.barh(place, explained, color=COLOURS["sky"], edgecolor="0.3", height=0.6)
    last.set_yticks(place, list(tables))
    last.invert_yaxis()
    last.yaxis.tick_right()
    last.set_xlabel("variance explained\nby CUE (%)")
    style.note(figure, note, data=data)
    return figure


# ------------------------------------------------------------------------------------------ maps


def _background(ax: Axes, planet: xr.Dataset) -> None:
    """Draw the land of a planet in grey."""
    blank = np.ones(planet.sizes["site"])
    world(ax, planet, blank, "Greys", vmin=0.0, vmax=4.5)


@style.styled
def figED1(
    planet: xr.Dataset,
    measured: pd.DataFrame,
    profiles: pd.DataFrame,
    *,
    note: str = "",
    data: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw where CUE was measured and where the profiles lie.

    Parameters
    ----------
    planet : Dataset over site
        Land behind the points.
    measured : DataFrame
        ``latitude`` and ``longitude`` of the measurements.
    profiles : DataFrame
        The same of the profiles, and ``kept``.
    """
    figure = style.new(9.6, 2.6, figure=figure)
    left, right = figure.subplots(1, 2)
    for ax in (left, right):
        _background(ax, planet)
    left.plot(measured["longitude"], measured["latitude"], "o", ms=3, color=COLOURS["vermilion"],
              mec="white", mew=0.3)  # fmt: skip
    left.set_title(f"(a) measurements of CUE, n = {len(measured)}", loc="left", fontweight="bold")
    kept = profiles["kept"].to_numpy(dtype=bool)
    for which, marker, colour, text in (
        (~kept, "x", COLOURS["grey"], "not kept"),
        (kept, "o", COLOURS["blue"], "kept"),
    ):
        rows = profiles[which]
        right.plot(rows["longitude"], rows["latitude"], marker, ls="", ms=3.2, color=colour,
                   mec="white" if marker == "o" else colour, mew=0.3 if marker == "o" else 0.8,
                   label=f"{text} ({len(rows)})")  # fmt: skip
    right.set_title(f"(b) soil profiles, n = {len(profiles)}", loc="left", fontweight="bold")
    right.legend(loc="lower left", fontsize=7, handletextpad=0.2)
    style.note(figure, note, data=data)
    return figure


def _values(maps: xr.Dataset, name: str, suffix: str = "") -> np.ndarray | None:
    """Return a variable of the kept cells [site], NaN elsewhere; stocks to 1 m."""
    if name + suffix not in maps:
        return None
    array = maps[name + suffix]
    if "to_depth" in array.dims:
        array = array.sel(to_depth=1.0)
    return np.where(maps["kept"].values, array.values, np.nan)


def _norm(values: np.ndarray, logarithmic: bool) -> Normalize:
    known = values[np.isfinite(values)]
    if logarithmic and (known > 0).any():
        low, high = np.quantile(known[known > 0], (0.02, 0.98))
        if high > 1.001 * low:
            return LogNorm(low, high)
    low, high = np.quantile(known, (0.02, 0.98)) if known.size else (0.0, 1.0)
    if high - low < 1e-3 * abs(high):  # the same everywhere
        low, high = 0.95 * low, 1.05 * high
    return Normalize(low, high if high > low else low + 1.0)


def _map(ax: Axes, maps: xr.Dataset, values: np.ndarray, label: str, logarithmic: bool, colours):
    mesh = world(ax, maps, values, colours, norm=_norm(values, logarithmic))
    ax.set_xticks([])
    ax.set_yticks([])
    bar = ax.figure.colorbar(
        mesh, ax=ax, location="bottom", shrink=0.75, pad=0.02, extend="both", aspect=35
    )
    if isinstance(mesh.norm, LogNorm):
        bar.ax.xaxis.set_major_locator(_ticks(mesh.norm.vmin, mesh.norm.vmax))
        bar.ax.xaxis.set_major_formatter("{x:g}")
        bar.ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        bar.locator = MaxNLocator(4)
        bar.update_ticks()
    bar.set_label(label, fontsize=7)
    bar.ax.tick_params(labelsize=6.5)
    return mesh


def _no_bar(ax: Axes) -> None:
    """Keep the room of a colour bar, so that this map is as large as the others."""
    bar = ax.figure.colorbar(
        ScalarMappable(), ax=ax, location="bottom", shrink=0.75, pad=0.02, aspect=35
    )
    bar.set_label(" ", fontsize=7)
    bar.ax.tick_params(labelsize=6.5, labelcolor="none", color="none")
    bar.solids.set_visible(False)
    bar.outline.set_visible(False)


def _boxes(ax: Axes, zones: xr.Dataset, name: str, logarithmic: bool) -> None:
    """Draw the box plots of `soilnb.proda.globe.by_zone`."""
    array = zones[name]
    if "to_depth" in array.dims:
        array = array.sel(to_depth=1.0)
    dim = next(d for d in array.dims if d != "statistic")
    labels = [str(label) for label in zones[dim].values]
    stats = [
        {
            "whislo": box[0], "q1": box[1], "med": box[2], "q3": box[3], "whishi": box[4],
            "fliers": [],
        }
        for box in array.transpose(dim, "statistic").values
    ]  # fmt: skip
    drawn = ax.bxp(stats, patch_artist=True, showfliers=False, widths=0.6,
                   medianprops={"color": "0.05"})  # fmt: skip
    for box, label in zip(drawn["boxes"], labels, strict=True):
        box.set(facecolor=_ZONE_COLOUR.get(label, "0.8"), edgecolor="0.3")
    ax.set_xticks(range(1, len(labels) + 1), labels,
                  fontsize=6.2, rotation=45, ha="right", rotation_mode="anchor")  # fmt: skip
    ax.tick_params(axis="y", labelsize=6.5)
    if logarithmic:
        ax.set_yscale("log")
        # a whisker may reach down to cells with next to no litter: it leaves the panel
        floor = 0.1 * min((box["q1"] for box in stats if box["q1"] > 0), default=0.1)
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, floor), high)
        ax.yaxis.set_major_locator(_ticks(*ax.get_ylim()))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())


def _ticks(low: float, high: float) -> LogLocator:
    """Ticks of a logarithmic axis: whole decades where there are many."""
    return LogLocator(subs=(1.0, 2.0, 5.0) if high < 150 * low else (1.0,))


@style.styled
def fig3(
    maps: xr.Dataset,
    zones: xr.Dataset,
    *,
    note: str = "",
    data: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the maps of SOC and of the components, each with box plots by climate zone.

    Parameters
    ----------
    maps : Dataset over site
        As from `soilnb.proda.globe.maps`.
    zones : Dataset over climate_zone
        As from `soilnb.proda.globe.by_zone`.
    """
    figure = style.new(11.0, 11.5, figure=figure)
    grid = figure.add_gridspec(4, 4, width_ratios=(3.4, 1.0, 3.4, 1.0))
    for number, (letter, name, title, unit, logarithmic) in enumerate(COMPONENTS):
        row, column = divmod(number, 2)
        ax = figure.add_subplot(grid[row, 2 * column])
        label = title if unit == "1" else f"{title} ({unit})"
        _map(ax, maps, _values(maps, name), label, logarithmic, _MAPS.batlow)
        style.panel(ax, letter, title)
        _boxes(figure.add_subplot(grid[row, 2 * column + 1]), zones, name, logarithmic)
    style.note(figure, note, data=data)
    return figure


@style.styled
def figED7(
    maps: xr.Dataset, *, note: str = "", data: str = "", figure: Figure | None = None
) -> Figure:
    """Draw the standard deviation of each map over the members of a bootstrap.

    Parameters
    ----------
    maps : Dataset over site
        As from `soilnb.proda.globe.maps` of an ensemble. What is the same in all members (the
        input of carbon) has no uncertainty from the bootstrap, and its panel says so.
    """
    figure = style.new(8.6, 11.0, figure=figure)
    axes = figure.subplots(4, 2)
    for ax, (letter, name, title, unit, _) in zip(axes.flat, COMPONENTS, strict=True):
        spread = None if name == "input" else _values(maps, name, "_sd")
        if spread is None or not np.isfinite(spread).any():
            _background(ax, maps)
            ax.set_xticks([])
            ax.set_yticks([])
            ax.text(0, -50, "given, not predicted:\nthe same in every member", ha="center",
                    fontsize=7)  # fmt: skip
            _no_bar(ax)
        else:
            label = "standard deviation" if unit == "1" else f"standard deviation ({unit})"
            _map(ax, maps, spread, label, False, _MAPS.lajolla_r)
        style.panel(ax, letter, title)
    style.note(figure, note, data=data)
    return figure
