"""The global figures of Tao et al. 2023: CUE and SOC over profiles, and the maps of components."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soilnb.figures import maps, style
from soilnb.figures.series import plain_log
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
    plain_log(ax.yaxis)
    ax.set(xlabel="microbial CUE", ylabel="SOC (g C kg⁻¹)")


def _slope(fit) -> str:
    """Return slope and error; without the error where the fit has none (no variance of groups)."""
    slope = fit.coefficients.loc["cue"]
    error = f" ± {slope['error']:.2f}" if np.isfinite(slope["error"]) else ""
    return f"{slope['estimate']:.2f}{error}"


def _above(ax: Axes, rows: pd.DataFrame, fit) -> None:
    """Write what a fit says above the right end of its axes."""
    text = f"n = {len(rows)}" if fit is None else f"slope {_slope(fit)}, n = {fit.n}"
    ax.text(0.99, 1.01, text, transform=ax.transAxes, ha="right", va="bottom", fontsize=7.5)


@style.frame(8.2, 3.6)
def fig2(
    figure: Figure,
    measured: tuple[pd.DataFrame, object, Mapping[str, float]],
    assimilated: tuple[pd.DataFrame, object],
) -> None:
    """Draw the relation of CUE and SOC from measurements and from assimilated profiles.

    Parameters
    ----------
    measured : tuple of (DataFrame, Fit, mapping)
        ``cue`` and ``soc`` (g kg-1), the mixed model, and where its other variables are held.
    assimilated : tuple of (DataFrame, Fit or None)
        The same of the profiles that are kept; None where there are too few.
    """
    left, right = figure.subplots(1, 2)
    rows, fit, others = measured
    _scatter(left, rows, fit, others, COLOURS["green"])
    style.panel(left, "a", "measured CUE")
    _above(left, rows, fit)
    rows, fit = assimilated
    _scatter(right, rows, fit, {}, COLOURS["blue"])
    style.panel(right, "b", "assimilated profiles")
    _above(right, rows, fit)


@style.frame(5.0, 3.7)
def relation(
    figure: Figure,
    rows: pd.DataFrame,
    fit,
    *,
    label: str = "soil organic carbon (g C kg⁻¹)",
    title: str = "",
) -> None:
    """Draw one relation of CUE and SOC over profiles.

    Parameters
    ----------
    rows : DataFrame
        ``cue`` and ``soc`` of the profiles that count.
    fit : Fit or None
        Mixed model of those rows.
    label, title : str
        Axis of carbon, and title.
    """
    ax = figure.subplots()
    _scatter(ax, rows, fit, {}, COLOURS["blue"])
    ax.set_ylabel(label)
    ax.set_title(title, loc="left")
    _above(ax, rows, fit)


@style.frame(lambda tables, fits: (2.05 * len(tables) + 2.2, 3.1))
def figED5(figure: Figure, tables: Mapping[str, pd.DataFrame], fits: Mapping[str, object]) -> None:
    """Draw the relation of CUE and SOC by depth, and its slope and explanatory power.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By interval of depth: ``cue``, ``soc`` (g kg-1).
    fits : mapping of str to Fit
        Mixed model of each interval.
    """
    count = len(tables)
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


# ------------------------------------------------------------------------------------------ maps


@style.frame(9.6, 2.6)
def figED1(
    figure: Figure, planet: xr.Dataset, measured: pd.DataFrame, profiles: pd.DataFrame
) -> None:
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
    left, right = figure.subplots(1, 2)
    for ax in (left, right):
        maps.land(ax, planet)
    left.plot(measured["longitude"], measured["latitude"], "o", ms=3, color=COLOURS["vermilion"],
              mec="white", mew=0.3)  # fmt: skip
    left.set_title(f"(a) measurements of CUE, n = {len(measured)}", loc="left", fontweight="bold")
    maps.places(right, profiles)
    right.set_title(f"(b) soil profiles, n = {len(profiles)}", loc="left", fontweight="bold")


def _map(ax: Axes, cells: xr.Dataset, values, label: str, logarithmic: bool, colours=cm.batlow):
    limits = maps.norm(values, logarithmic)
    maps.bar_below(maps.world(ax, cells, values, colours, ticks=False, norm=limits), label)


def _boxes(ax: Axes, zones: xr.Dataset, name: str, logarithmic: bool) -> None:
    """Draw the box plots of `soilnb.proda.globe.by_zone`."""
    array = maps.to_metre(zones[name])
    dim = next(d for d in array.dims if d != "statistic")
    labels = [str(label) for label in zones[dim].values]
    parts = ("whislo", "q1", "med", "q3", "whishi")
    boxes = array.transpose(dim, "statistic").values
    stats = [dict(zip(parts, box, strict=True)) for box in boxes]
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
        plain_log(ax.yaxis, maps.decades(*ax.get_ylim()))


@style.frame(lambda *_, shown="abcdefgh": (11.0, 11.5 * -(-len(shown) // 2) / 4))
def fig3(figure: Figure, cells: xr.Dataset, zones: xr.Dataset, *, shown: str = "abcdefgh") -> None:
    """Draw the maps of SOC and of the components, each with box plots by climate zone.

    Parameters
    ----------
    cells : Dataset over site
        As from `soilnb.proda.globe.maps`.
    zones : Dataset over climate_zone
        As from `soilnb.proda.globe.by_zone`.
    shown : str
        Letters of the panels.
    """
    panels = [panel for panel in COMPONENTS if panel[0] in shown]
    grid = figure.add_gridspec(-(-len(panels) // 2), 4, width_ratios=(3.4, 1.0, 3.4, 1.0))
    for number, (letter, name, title, unit, logarithmic) in enumerate(panels):
        row, column = divmod(number, 2)
        ax = figure.add_subplot(grid[row, 2 * column])
        label = title if unit == "1" else f"{title} ({unit})"
        _map(ax, cells, maps.known(cells, name), label, logarithmic)
        style.panel(ax, letter, title)
        _boxes(figure.add_subplot(grid[row, 2 * column + 1]), zones, name, logarithmic)


@style.frame(8.6, 11.0)
def figED7(figure: Figure, cells: xr.Dataset) -> None:
    """Draw the standard deviation of each map over the members of a bootstrap.

    Parameters
    ----------
    cells : Dataset over site
        As from `soilnb.proda.globe.maps` of an ensemble. What is the same in all members (the
        input of carbon) has no uncertainty from the bootstrap, and its panel says so.
    """
    axes = figure.subplots(4, 2)
    for ax, (letter, name, title, unit, _) in zip(axes.flat, COMPONENTS, strict=True):
        spread = None if name == "input" else maps.known(cells, name, "_sd")
        if spread is None or not np.isfinite(spread).any():
            maps.land(ax, cells, ticks=False)
            ax.text(0, -50, "given, not predicted:\nthe same in every member", ha="center",
                    fontsize=7)  # fmt: skip
            maps.no_bar(ax)
        else:
            label = "standard deviation" if unit == "1" else f"standard deviation ({unit})"
            _map(ax, cells, spread, label, False, cm.lajolla_r)
        style.panel(ax, letter, title)


@style.frame(10.4, 3.5)
def uncertainty(figure: Figure, cells: xr.Dataset, totals: Mapping[str, np.ndarray]) -> None:
    """Draw how sure the carbon of each cell is, and global stocks of ensembles side by side.

    Parameters
    ----------
    cells : Dataset over site
        ``stock`` and ``stock_sd``, mean and standard deviation over the members, kg C m-2.
    totals : mapping of str to array [member]
        By what the members differ in, the global stock of each, Pg C.
    """
    left, right = figure.subplots(1, 2, width_ratios=(1.7, 1.0))
    share = 100 * cells["stock_sd"].values / cells["stock"].values
    label = "standard deviation of SOC to 1 m, % of the mean"
    _map(left, cells, share, label, False, cm.lajolla_r)
    style.panel(left, "a", "uncertainty of each cell")
    for row, (name, stocks) in enumerate(totals.items()):
        low, middle, high = np.quantile(stocks, (0.025, 0.5, 0.975))
        right.plot([low, high], [row, row], color=COLOURS["blue"], lw=5, alpha=0.5)
        right.plot(stocks, np.full(len(stocks), row + 0.18), "|", ms=5, color="0.3", alpha=0.4)
        right.plot(middle, row, "o", color="0.05", ms=4)
        interval = f" ({low:.0f}–{high:.0f})" if len(stocks) > 1 else ""
        right.text(0.01, row - 0.25, f"{name}: {middle:.0f}{interval}",
                   transform=right.get_yaxis_transform(), fontsize=7)  # fmt: skip
    right.set(yticks=[], ylim=(len(totals) - 0.4, -0.6), xlabel="global SOC to 1 m (Pg C)")
    right.spines["left"].set_visible(False)
    style.panel(right, "b", "global stock, 95 % of the members")
