"""What management does to a whole profile: effects in time and depth, by practice and by model.

The practices are those of Luo et al. 2025, Table 1; their magnitudes in the model are
illustrative, and each figure says so.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soilnb.figures import series, style
from soilnb.figures.style import COLOURS

#: Colour and hatch of each row of Table 1.
GROUPS = {
    "Deep-rooted crops and perennials": (COLOURS["green"], ""),
    "Full-inversion tillage": (COLOURS["orange"], "//"),
    "Soil amendments": (COLOURS["purple"], ".."),
    "Bioengineering": (COLOURS["sky"], "xx"),
}

#: Colour, dash and marker of a point in time.
MOMENTS = (
    (COLOURS["sky"], "-", "o"),
    (COLOURS["blue"], (0, (5, 1.5)), "s"),
    (COLOURS["vermilion"], (0, (1, 1)), "D"),
)

#: Ticks of axes of years.
YEARS = (1, 3, 10, 30, 100, 300, 1000, 2500)

#: 1 kg C m-2 is 10 Mg C ha-1.
MG_HA = 10.0

_CAPTION = "model, illustrative magnitudes"


@style.frame(8.2, 4.0)
def combined(
    figure: Figure, run: xr.Dataset, *, horizons: Sequence[float] = (30, 100, 2500)
) -> list[str]:
    """Draw a managed field against its control: carbon with depth, and the effect in time.

    Parameters
    ----------
    run : Dataset
        Of `soilnb.profile.management.scenario`, with the horizons among its times.
    horizons : sequence of float
        Years at which profiles are drawn and the effect is marked; those beyond the run are left
        out.
    """
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.0, 1.25]})
    times = run["time"].values
    horizons = [year for year in horizons if year <= times[-1]]
    depth = run["depth"].values
    managed = run["carbon"].sel(scenario="managed") / 1000
    control = run["carbon"].sel(scenario="control").isel(time=-1) / 1000
    left.plot(control, depth, "-", color="0.6", lw=4, label="control")
    for year, (colour, dash, _) in zip(horizons, MOMENTS, strict=False):
        profile = managed.sel(time=year, method="nearest")
        left.plot(profile, depth, ls=dash, color=colour, lw=1.6, label=f"year {year:,.0f}")
    left.set(xlabel="carbon density (kg C m⁻³)", ylabel="depth (m)")
    left.set_ylim(depth[-1] + 0.5 * (depth[-1] - depth[-2]), 0)
    left.set_xlim(0, 1.05 * float(max(managed.isel(time=slice(1, None)).max(), control.max())))
    left.legend(loc="lower right")
    _in_time(right, times, MG_HA * run["effect"].values, horizons)
    return [_CAPTION, f"practices: {_short(run.attrs.get('practices', ''))}"]


def _short(practices: str) -> str:
    words = practices.replace("_", " ")
    return words if len(words) < 70 else f"{words.count(',') + 1} together"


def _in_time(ax: Axes, times: np.ndarray, effect: np.ndarray, horizons: Sequence[float]) -> None:
    """Draw an effect (Mg C ha-1) over time, with the horizons marked."""
    ax.axhline(0, color="0.6", lw=4)
    later = times > 0
    ax.plot(times[later], effect[later], "-", color=COLOURS["black"], lw=1.6)
    for year, (colour, _, marker) in zip(horizons, MOMENTS, strict=False):
        value = float(np.interp(year, times, effect))
        ax.plot(year, value, marker, color=colour, mec="black", ms=7, zorder=3)
        series.tell(ax, f"{value:+z.1f}", (year, value), (0, 8), ha="right", va="baseline")
    ax.set(xlabel="years since the start", ylabel="carbon to 2 m against the control (Mg C ha⁻¹)")
    series.years(ax, max(times[later][0], 0.5), times[-1], YEARS, 1.15)
    span = max(float(np.abs(effect).max()), 0.5)
    ax.set_ylim(min(1.25 * float(effect.min()), -0.12 * span), max(1.25 * effect.max(), 0.3 * span))


@style.frame(lambda table, **_: (9.4, 0.36 * (table["group"] != "control").sum() + 1.4))
def effects(
    figure: Figure, table: pd.DataFrame, *, horizons: Sequence[float] = (30, 100, 2500)
) -> list[str]:
    """Draw the effect of every practice at each horizon as bars.

    Parameters
    ----------
    table : DataFrame
        Of `soilnb.profile.management.table`; the control is left out.
    horizons : sequence of float
        Which of its ``change_...yr`` columns to draw, one panel each.
    """
    rows = table[table["group"] != "control"]
    columns = {f"change_{year:g}yr": f"after {year:,.0f} years" for year in horizons}
    return _by_practice(figure, rows, columns)


def _by_practice(figure: Figure, rows: pd.DataFrame, columns: Mapping[str, str]) -> list[str]:
    """Draw bars of practices in the colours of their groups, a panel for each column."""
    axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    at = np.arange(len(rows))[::-1]
    for ax, (column, title) in zip(axes, columns.items(), strict=True):
        values = rows[column].to_numpy()
        there = np.isfinite(values)
        for group, (colour, hatch) in GROUPS.items():
            some = (rows["group"] == group).to_numpy() & there
            ax.barh(
                at[some], values[some], 0.7, color=colour, hatch=hatch, edgecolor="0.25", lw=0.6,
                label=group,
            )  # fmt: skip
        _tell(ax, at[there], values[there])
        for y in at[~there]:
            series.tell(ax, "no place for it", (0, y), (3, 0), fontsize=7.5, color="0.4")
        ax.axvline(0, color="0.4", lw=0.8)
        ax.set_title(title)
        ax.set_xlabel("carbon to 2 m (Mg C ha⁻¹)")
    axes[0].set_yticks(at, rows.index)
    axes[0].set_ylim(-0.6, len(rows) - 0.4)
    style.legend_above(axes[0], 4)
    return [_CAPTION, "against a control without change"]


def _tell(ax: Axes, at: np.ndarray, values: np.ndarray) -> None:
    """Write the numbers beside the bars, with room for them."""
    top, low = max(values.max(), 0.0), min(values.min(), 0.0)
    span = max(top - low, 1e-9)
    for y, value in zip(at, values, strict=True):
        side = 1 if value >= 0 else -1
        series.tell(ax, f"{value:+z.1f}", (value, y), (3 * side, 0), fontsize=7.5)
    ax.set_xlim(low - 0.22 * span * (low < 0), top + 0.28 * span)


@style.frame(5.0, 3.6)
def memory(
    figure: Figure, effect: xr.DataArray, *, horizons: Sequence[float] = (30, 100)
) -> list[str]:
    """Draw what full inversion does, by what the decay of buried carbon follows.

    Parameters
    ----------
    effect : DataArray, [memory, time]
        Carbon against the control, kg C m-2; ``memory`` is 0 where decay follows the depth, 1
        where it follows the material.
    horizons : sequence of float
        Years to mark.
    """
    ax = figure.subplots()
    times = effect["time"].values
    later = times > 0
    looks = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1)))
    colours = (COLOURS["vermilion"], COLOURS["purple"], COLOURS["sky"], COLOURS["blue"])
    known = {0.0: "0: its new depth", 1.0: "1: the material"}
    ax.axhline(0, color="0.6", lw=3)
    for k, value in enumerate(effect["memory"].values):
        line = MG_HA * effect.isel(memory=k).values
        ax.plot(
            times[later], line[later], ls=looks[k % 4], color=colours[k % 4], lw=1.8,
            label=known.get(float(value), f"{value:g}"),
        )  # fmt: skip
    for year in horizons:
        ax.axvline(year, color="0.85", lw=0.8, zorder=0)
    ax.set(xlabel="years since the soil was turned", ylabel="carbon to 2 m (Mg C ha⁻¹)")
    ax.margins(y=0.12)
    series.years(ax, max(times[later][0], 0.5), times[-1], YEARS, 1.15)
    ax.legend(title="decay of turned carbon follows", loc="upper left")
    return [_CAPTION, "full inversion, against a control"]


@style.frame(5.0, 3.6)
def fates(figure: Figure, fate: xr.DataArray) -> list[str]:
    """Draw what is left of one year's carbon, by the depth at which it enters.

    Parameters
    ----------
    fate : DataArray, [entry, time]
        Share remaining (1); ``entry`` says where the carbon enters; ``attrs["soil"]`` names the
        profile.
    """
    ax = figure.subplots()
    times = fate["time"].values
    later = times > 0
    looks = ("-", (0, (5, 1.5)), (0, (1, 1)))
    colours = (COLOURS["orange"], COLOURS["blue"], COLOURS["green"])
    for k, name in enumerate(fate["entry"].values):
        ax.plot(
            times[later], 100 * fate.isel(entry=k).values[later], ls=looks[k % 3],
            color=colours[k % 3], lw=1.8, label=str(name),
        )  # fmt: skip
    ax.set(xlabel="years after the carbon has entered", ylabel="share that is still there (%)")
    ax.set_ylim(0, 100)
    series.years(ax, max(times[later][0], 0.1), times[-1], YEARS, 1.15)
    ax.legend(title="carbon enters at")
    return [_CAPTION, fate.attrs.get("soil", "")]


@style.frame(lambda table: (8.4, 0.36 * len(table) + 1.4))
def two_models(figure: Figure, table: pd.DataFrame) -> list[str]:
    """Draw the long-term effect of each practice in two models side by side.

    Parameters
    ----------
    table : DataFrame
        Indexed by practice: ``group``, ``first_order`` and ``compas``, both in Mg C ha-1; NaN
        where a model has no place for a practice.
    """
    columns = {"first_order": "first order, year 2,500", "compas": "COMPAS, steady state"}
    return _by_practice(figure, table, columns)
