"""The global figures of Tao et al. (convergence of CLM5 and COMPAS): maps, and agreement.

A row of panels shows one quantity: CLM5 on the left, COMPAS in the middle, both in the same
colours, and one against the other on the right.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from soilnb.figures import maps, style
from soilnb.figures.layers import MODEL
from soilnb.figures.series import plain_log

#: Rows of Fig. 4: letters, variable, title, unit, whether the scale is logarithmic.
COMPONENTS = (
    ("abc", "transfer_efficiency", "carbon transfer efficiency", "1", False),
    ("def", "decomposition_rate", "baseline decomposition", "yr⁻¹", True),
    ("ghi", "environmental_modifier", "environmental modifier", "1", False),
    ("jkl", "input_allocation", "input allocation", "1", False),
    ("mno", "transport_rate", "vertical transport", "yr⁻¹", True),
    ("pqr", "input", "plant carbon input", "g C m⁻² yr⁻¹", False),
)

#: Stocks that the figure of an explorer shows, kg C m-2: the same, wherever its sliders stand.
SHOWN = (0.3, 100.0)

#: Hatches stand beside the colours of the two models' bands.
_HATCH = {"CLM5": "....", "COMPAS": "////"}


def _pair(clm5: xr.Dataset, compas: xr.Dataset) -> dict[str, xr.Dataset]:
    return {"CLM5": clm5, "COMPAS": compas}


# ------------------------------------------------------------------------------------- two maps


def _two_maps(
    figure: Figure,
    axes: tuple[Axes, Axes],
    letters: str,
    models: Mapping[str, xr.Dataset],
    name: str,
    label: str,
    logarithmic: bool,
) -> None:
    """Draw a variable of both models in the same colours, with one colour bar for both."""
    values = {model: maps.known(cells, name) for model, cells in models.items()}
    norm = maps.norm(np.concatenate([*values.values()]), logarithmic)
    for ax, letter, (model, cells) in zip(axes, letters, models.items(), strict=True):
        mesh = maps.world(ax, cells, values[model], ticks=False, norm=norm)
        style.panel(ax, letter, model)
    bar = figure.colorbar(mesh, ax=list(axes), pad=0.01, extend="both", aspect=18, fraction=0.03)
    _few_ticks(bar.ax.yaxis, norm.vmin, norm.vmax, isinstance(norm, LogNorm))
    bar.set_label(label.replace(" (", "\n("), fontsize=7.5)
    bar.ax.tick_params(labelsize=7)


def _few_ticks(
    axis: Axis, low: float, high: float, logarithmic: bool, decades: float = 3.0
) -> None:
    """Put a few ticks on an axis, without exponents; powers of ten alone beyond some decades."""
    if not logarithmic:
        axis.set_major_locator(MaxNLocator(4))
        return
    span = np.log10(high / low)
    subs = (1.0,) if span > decades else (1.0, 3.0) if span > 1.4 else (1.0, 2.0, 5.0)
    plain_log(axis, subs, minor=False)


def _against(
    ax: Axes,
    models: Mapping[str, xr.Dataset],
    name: str,
    label: str,
    logarithmic: bool,
    r: float,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw COMPAS against CLM5, cell by cell, with the line on which they are equal.

    What lies beyond the limits is drawn on the edge.
    """
    x, y = (maps.known(cells, name) for cells in models.values())
    known = np.isfinite(x) & np.isfinite(y)
    if logarithmic:
        known &= (x > 0) & (y > 0)
    x, y = x[known], y[known]
    low, high = limits or _limits(np.concatenate([x, y]), logarithmic)
    scale = "log" if logarithmic else "linear"
    ax.set(xscale=scale, yscale=scale, xlim=(low, high), ylim=(low, high), box_aspect=1)
    extent = (low, high, low, high)
    ax.hexbin(
        np.clip(x, low, high), np.clip(y, low, high), gridsize=32, mincnt=1, bins="log", vmin=0.2,
        cmap=cm.lapaz_r, linewidths=0.2, xscale=scale, yscale=scale, rasterized=True,
        extent=tuple(np.log10(extent)) if logarithmic else extent,
    )  # fmt: skip
    ax.plot((low, high), (low, high), color="0.15", lw=1, ls="--")
    said = f"r = {r:.2f}" if np.isfinite(r) else "r: one does not vary"
    ax.text(0.98, 1.02, f"{said}, n = {x.size}", transform=ax.transAxes, ha="right", va="bottom",
            fontsize=7.5)  # fmt: skip
    for axis, model in zip((ax.xaxis, ax.yaxis), models, strict=True):
        axis.set_label_text(f"{model}{label}", fontsize=8)
        _few_ticks(axis, low, high, logarithmic, decades=2.0)


def _limits(values: np.ndarray, logarithmic: bool) -> tuple[float, float]:
    """Return limits between which all but the outermost hundredths lie, with some room."""
    if not values.size:
        return (0.1, 1.0)
    low, high = np.quantile(values, (0.01, 0.99))
    if logarithmic:
        return (low / 1.25, high * 1.25)
    room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return (low - room, high + room)


# ----------------------------------------------------------------------------------- latitudes


def _latitudes(ax: Axes, zones: Mapping[str, xr.Dataset]) -> None:
    """Draw the mean of both models by latitude, and the middle 68 % of the cells as a band."""
    for model, zonal in zones.items():
        colour, line = MODEL[model]
        stock = zonal["stock"].sel(to_depth=1.0)
        low, mean, high = (stock.sel(statistic=s).values for s in ("low", "mean", "high"))
        at = zonal["latitude"].values
        ax.fill_betweenx(at, low, high, facecolor=colour, alpha=0.18, lw=0, hatch=_HATCH[model],
                         edgecolor=colour)  # fmt: skip
        ax.plot(mean, at, color=colour, ls=line, lw=1.8, label=model)
    ax.set(xlabel="SOC to 1 m (kg C m⁻²)", ylim=maps.ENDS)
    ax.set_xlim(left=0)
    ax.set_yticks(*maps.LATITUDES)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=7.5)


@style.frame(10.8, 2.7)
def fig2(
    figure: Figure, clm5: xr.Dataset, compas: xr.Dataset, zones: Mapping[str, xr.Dataset], r: float
) -> str:
    """Draw soil carbon of both models, as maps and by latitude.

    Fig. 2 shows their default parameters, Fig. 3 the assimilated ones.

    Parameters
    ----------
    clm5, compas : Dataset over site
        As from `soilnb.proda.globe.maps`.
    zones : mapping of str to Dataset
        By model (``CLM5``, ``COMPAS``), as from `soilnb.proda.globe.zonal`.
    r : float
        Correlation of the logarithms of SOC to 1 m, as from `soilnb.proda.globe.agreement`.
    """
    left, middle, right = figure.subplots(1, 3, width_ratios=(3.2, 3.2, 1.9))
    models = _pair(clm5, compas)
    _two_maps(figure, (left, middle), "ab", models, "stock", "SOC to 1 m (kg C m⁻²)", False)
    _latitudes(right, zones)
    style.panel(right, "c")
    return f"correlation of log SOC: r = {r:.2f}"


#: The same with assimilated parameters.
fig3 = fig2


# ----------------------------------------------------------------------------------- components


@style.frame(10.8, 12.6)
def fig4(figure: Figure, clm5: xr.Dataset, compas: xr.Dataset, agreement: pd.DataFrame) -> None:
    """Draw the components behind the carbon of both models, and how they agree.

    Parameters
    ----------
    clm5, compas : Dataset over site
        As from `soilnb.proda.globe.maps`.
    agreement : DataFrame
        As from `soilnb.proda.globe.agreement`: ``r`` of each component.
    """
    axes = figure.subplots(len(COMPONENTS), 3, width_ratios=(3.2, 3.2, 1.9))
    models = _pair(clm5, compas)
    for row, (letters, name, title, unit, logarithmic) in zip(axes, COMPONENTS, strict=True):
        label = title if unit == "1" else f"{title} ({unit})"
        r = float(agreement.loc[name, "r"])
        _component(figure, row, letters, models, name, label, unit, logarithmic, r)


def _component(
    figure: Figure, row, letters: str, models: Mapping[str, xr.Dataset], name: str, label: str,
    unit: str, logarithmic: bool, r: float,
) -> None:  # fmt: skip
    """Draw one row: the maps of both models, and one against the other."""
    _two_maps(figure, tuple(row[:2]), letters[:2], models, name, label, logarithmic)
    _against(row[2], models, name, "" if unit == "1" else f" ({unit})", logarithmic, r)
    style.panel(row[2], letters[2])


@style.frame(10.8, 2.4)
def figS3(figure: Figure, clm5: xr.Dataset, compas: xr.Dataset, agreement: pd.DataFrame) -> None:
    """Draw the share of the litter's carbon that enters soil pools, of both models.

    Parameters
    ----------
    clm5, compas, agreement
        As for `fig4`.
    """
    row = figure.subplots(1, 3, width_ratios=(3.2, 3.2, 1.9))
    name = "litter_to_soil"
    _component(figure, row, "abc", _pair(clm5, compas), name,
               "share of litter carbon\nthat enters mineral soil", "1", False,
               float(agreement.loc[name, "r"]))  # fmt: skip


# ------------------------------------------------------------------------------------- profiles


@style.frame(9.6, 2.6)
def figS1(figure: Figure, planet: xr.Dataset, profiles: Mapping[str, pd.DataFrame]) -> None:
    """Draw where the profiles lie from which each model learns, and those that it cannot use.

    Parameters
    ----------
    planet : Dataset over site
        Land behind the points.
    profiles : mapping of str to DataFrame
        By model: ``latitude``, ``longitude`` and ``kept`` of each profile.
    """
    for ax, letter, (model, rows) in zip(
        figure.subplots(1, len(profiles)), "ab", profiles.items(), strict=True
    ):
        maps.land(ax, planet)
        maps.places(ax, rows, MODEL[model][0])
        style.panel(ax, letter, f"{model}: {int(rows['kept'].sum())} of {len(rows)} profiles")


# ------------------------------------------------------------------------------------- teaching


@style.frame(8.2, 3.4)
def equifinal(
    figure: Figure, draws: Mapping[str, pd.DataFrame], stock: float, tolerance: float = 0.1
) -> None:
    """Draw the many parameter sets of a place that give the same carbon.

    Parameters
    ----------
    draws : mapping of str to DataFrame
        By model, a row for each draw: ``rate`` (baseline decomposition, yr-1), ``transfer``
        (carbon transfer efficiency, 1) and ``stock`` (SOC to 1 m, kg C m-2).
    stock : float
        The carbon to look at, kg C m-2.
    tolerance : float
        How far from it still counts, as a share.
    """
    axes = figure.subplots(1, len(draws), sharey=True)
    for ax, (model, rows) in zip(axes, draws.items(), strict=True):
        same = (rows["stock"] / stock - 1).abs() <= tolerance
        ax.plot(rows["rate"], rows["transfer"], ".", color="0.8", ms=2.5, label="any carbon",
                rasterized=True)  # fmt: skip
        ax.plot(rows["rate"][same], rows["transfer"][same], "o", color=MODEL[model][0], ms=4,
                mec="white", mew=0.3,
                label=f"{stock:g} kg C m⁻² ± {100 * tolerance:.0f} % ({same.sum()})")  # fmt: skip
        ax.set_xscale("log")
        ax.set_xlabel("baseline decomposition (yr⁻¹)")
        ax.set_title(model, loc="left", fontweight="bold")
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), fontsize=7.5, handletextpad=0.2)
    axes[0].set_ylabel("carbon transfer efficiency")


@style.frame(8.0, 3.9)
def meeting(
    figure: Figure, clm5: xr.Dataset, compas: xr.Dataset, zones: Mapping[str, xr.Dataset], r: float
) -> None:
    """Draw soil carbon of both models by latitude, and one against the other.

    Parameters
    ----------
    clm5, compas, zones, r
        As for `fig2`.
    """
    left, right = figure.subplots(1, 2)
    _latitudes(left, zones)
    _against(right, _pair(clm5, compas), "stock", ": SOC to 1 m (kg C m⁻²)", True, r,
             SHOWN)  # fmt: skip
