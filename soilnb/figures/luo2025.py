"""Figures of Luo et al. 2025 on the whole soil profile, and those that explain them.

`fig1` redraws the paper's figure from open data; the others show the data behind it, what soils
from different depths respire, and what the whole-profile model makes of it.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soilnb.figures import schematic, series, style
from soilnb.figures.style import COLOURS

#: Marker and colour of what is shared out over depth.
KINDS = {
    "roots": ("o", COLOURS["green"]),
    "BNPP": ("D", COLOURS["orange"]),
    "SOC": ("s", COLOURS["blue"]),
}

#: Markers of layers, from the surface down.
MARKERS = "osD^vP*"

#: Part of the scale of colours that layers and depths have.
_RANGE = (0.0, 0.82)

#: How each average of the turnover times is drawn.
AVERAGES = {
    "mean": ("o", COLOURS["vermilion"]),
    "geometric_mean": ("D", COLOURS["purple"]),
    "median": ("s", COLOURS["blue"]),
}


# --- Fig. 1 -----------------------------------------------------------------------------------


@style.frame(9.4, 8.6)
def fig1(
    figure: Figure, shares: xr.Dataset, turnover: xr.Dataset, trial: xr.Dataset, model: xr.Dataset
) -> list[str]:
    """Draw inputs and carbon by depth, turnover times, and carbon against roots (Fig. 1a-c).

    Parameters
    ----------
    shares : Dataset, [kind, layer]
        ``mean`` and ``sd`` (1) of the share of each kind (a key of `KINDS`) in a layer, ``n``
        (kind), ``source`` (kind), and the coordinates ``depth`` and ``thickness`` (cm).
    turnover : Dataset, [layer]
        ``mean``, ``median``, ``geometric_mean``, ``low``, ``high`` (yr), ``n``; for each average
        the variables ``<average>_curve`` over ``curve_depth`` (cm), an exponential through it.
        ``attrs`` ``paper_depth`` and ``paper_years`` are the paper's own numbers.
    trial : Dataset, [spot, layer]
        ``carbon`` (kg C m-3), ``root_length`` (cm cm-3), ``r2``, ``slope``, ``intercept`` (layer)
        of carbon on log10 roots.
    model : Dataset, [profile, layer]
        ``bnpp`` (g C m-2 yr-1), ``stock`` (kg C m-2), ``r2``, ``slope``, ``intercept`` (layer)
        of log10 stock on log10 production. Its panel says *synthetic*.
    """
    grid = figure.subplots(2, 2)
    _shares(style.panel(grid[0, 0], "a", "roots, their carbon, and soil carbon"), shares)
    _turnover(style.panel(grid[0, 1], "b", "turnover time of soil carbon"), turnover)
    ax = style.panel(grid[1, 0], "c", "soil carbon against roots")
    said = _named("silsoe", trial, f"n = {trial.sizes['spot']} spots a layer")
    _by_layer(ax, trial["root_length"], trial["carbon"], trial, said, straight=True)
    ax.set(xlabel="fine root length (cm cm⁻³)", ylabel="soil carbon (kg C m⁻³)")
    ax = grid[1, 1]
    ax.set_title("(c, model) stock = BNPP × turnover time", loc="left", fontweight="bold")
    said = f"synthetic pairs, n = {model.sizes['profile']} a layer"
    _by_layer(ax, model["bnpp"], model["stock"], model, said, straight=False)
    ax.set(
        xlabel="belowground production of the layer (g C m⁻² yr⁻¹)",
        ylabel="stock of the layer (kg C m⁻²)",
    )
    words = "data: roots, turnover, silsoe, israd; BNPP derived"
    return [words, style.synthetic(shares, turnover, trial)]


def _named(name: str, data: xr.Dataset, count: str) -> str:
    """Name a data set with its n, and say where it is a twin."""
    kind = "synthetic twin of " if data.attrs.get("provenance") == "synthetic" else ""
    return f"data: {kind}{name}, {count}"


def _shares(ax: Axes, shares: xr.Dataset) -> None:
    """Draw shares per 10 cm, so that thin and thick layers compare, with exponentials."""
    depth, per = shares["depth"].values, shares["thickness"].values / 10
    along = np.linspace(0, 200, 81)
    for shift, kind in zip((-2.2, 0, 2.2), shares["kind"].values, strict=True):
        marker, colour = KINDS[str(kind)]
        mean = 100 * shares["mean"].sel(kind=kind).values / per
        spread = 100 * shares["sd"].sel(kind=kind).values / per
        label = f"{kind} ({shares['source'].sel(kind=kind).item()})"
        ax.errorbar(
            mean, depth + shift, xerr=[np.minimum(spread, mean), spread], fmt=marker, ms=5,
            color=colour, mec="white", mew=0.5, elinewidth=1, capsize=2, label=label,
        )  # fmt: skip
        slope, intercept = np.polyfit(depth, np.log(mean), 1)
        line = "--" if kind == "BNPP" else "-"
        ax.plot(np.exp(intercept + slope * along), along, line, color=colour, lw=1.4)
    top = 100 * shares["mean"].isel(layer=0)
    said = ", ".join(f"{kind} {float(top.sel(kind=kind)):.0f} %" for kind in shares["kind"].values)
    ax.text(
        0.97, 0.40, f"in the top 20 cm:\n{said}", transform=ax.transAxes, ha="right", fontsize=8
    )
    series.downward(ax, 200, "cm")
    ax.set(xlim=(0, None), xlabel="share of the first two metres, per 10 cm (%)")
    ax.legend(loc="lower right", fontsize=7)


def _turnover(ax: Axes, turnover: xr.Dataset) -> None:
    depth = turnover["depth"].values
    along = turnover["curve_depth"].values
    ax.hlines(
        depth, turnover["low"], turnover["high"], color="0.75", lw=6, label="half of the profiles"
    )
    for name, (marker, colour) in AVERAGES.items():
        curve = turnover[f"{name}_curve"].values
        for part, line in ((along <= 100, "-"), (along >= 100, "--")):
            ax.plot(curve[part], along[part], line, color=colour, lw=1.2)
        ax.plot(
            turnover[name], depth, marker, color=colour, mec="black", mew=0.6, ms=6,
            label=name.replace("_", " "),
        )  # fmt: skip
    ax.plot(
        turnover.attrs["paper_years"], turnover.attrs["paper_depth"], "*", ms=11, ls="",
        color=COLOURS["yellow"], mec="black", mew=0.7, label="Luo et al., text",
    )  # fmt: skip
    ax.axhline(100, color="0.6", lw=0.8, ls=":")
    ax.text(0.985, 0.49, "below: extrapolated", transform=ax.transAxes, ha="right", va="top",
            fontsize=7.5, color="0.35")  # fmt: skip
    ax.set_xscale("log")
    ax.set(xlim=(10, 1e6), xlabel="turnover time (years)")
    series.downward(ax, 200, "cm")
    counts = turnover["n"].values
    said = _named("turnover", turnover, f"n = {counts.min()} to {counts.max()}")
    ax.legend(loc="upper right", fontsize=7, title=said, title_fontsize=7)


def _by_layer(
    ax: Axes, x: xr.DataArray, y: xr.DataArray, fits: xr.Dataset, said: str, *, straight: bool
) -> None:
    """Scatter two variables by layer on a logarithmic x axis, each with its regression line."""
    layers = x["layer"].values
    for number, colour in enumerate(series.shades(len(layers), *_RANGE)):
        here, there = x.isel(layer=number).values, y.isel(layer=number).values
        fit = fits[["slope", "intercept", "r2"]].isel(layer=number)
        label = f"{layers[number]} cm, R² = {float(fit['r2']):.2f}"
        ax.plot(
            here, there, MARKERS[number], ms=4, color=colour, mew=0, alpha=0.65, ls="", label=label
        )
        ends = np.log10([here.min(), here.max()])
        line = float(fit["intercept"]) + float(fit["slope"]) * ends
        ax.plot(10**ends, line if straight else 10**line, "-", color=colour, lw=1.8)
    ax.set_xscale("log")
    if not straight:
        ax.set_yscale("log")
        low, high = float(y.min()), float(y.max())
        ax.set_ylim(low / 60, 2 * high)
        ax.legend(loc="lower right", fontsize=7, ncols=2, title=said, title_fontsize=7)
    else:
        ax.set_ylim(0, 1.5 * float(y.max()))
        ax.legend(loc="upper left", fontsize=7, ncols=2, title=said, title_fontsize=7)


# --- behind the figure ------------------------------------------------------------------------


@style.frame(9.0, 3.6)
def averages(figure: Figure, turnover: xr.Dataset, implied: xr.Dataset) -> list[str]:
    """Draw why mean and median differ, and which stock each of them would make.

    Parameters
    ----------
    turnover : Dataset, [profile, layer]
        ``turnover_time`` (yr) and ``cold`` (profile, bool): boreal forest or tundra.
    implied : Dataset, [layer]
        Stocks of the layers (kg C m-2): ``mean``, ``geometric_mean`` and ``median`` turnover
        time x input, and ``measured``; coordinate ``layer``.
    """
    left, right = figure.subplots(1, 2)
    deep = turnover["turnover_time"].isel(layer=-1)
    bins = np.geomspace(0.9 * float(deep.min()), 1.1 * float(deep.max()), 40)
    cold = turnover["cold"].values
    left.hist(
        [deep.values[~cold], deep.values[cold]], bins, stacked=True, edgecolor="white", lw=0.3,
        color=[COLOURS["sky"], COLOURS["grey"]],
        label=["all other biomes", "boreal forest, tundra"],
    )  # fmt: skip
    heights = left.get_ylim()[1]
    for name, value in (("median", float(deep.median())), ("mean", float(deep.mean()))):
        left.axvline(value, color=AVERAGES[name][1], lw=1.8, ls="-" if name == "mean" else "--")
        left.text(
            value * 1.12, 1.16 * heights, f"{name}\n{value:,.0f} yr", color=AVERAGES[name][1],
            fontsize=8, va="top",
        )  # fmt: skip
    left.set_xscale("log")
    left.set(
        xlabel=f"turnover time at {deep['layer'].item()} cm (years)", ylabel="number of profiles",
        ylim=(0, 1.2 * heights),
    )  # fmt: skip
    left.legend(loc="center right")
    middle = np.arange(implied.sizes["layer"])
    looks = AVERAGES | {"measured": ("P", COLOURS["black"])}
    for name, (marker, colour) in looks.items():
        right.plot(
            implied[name], middle, marker, ls="-" if name == "measured" else ":", color=colour,
            ms=6, label="measured" if name == "measured" else f"input × {name.replace('_', ' ')}",
        )  # fmt: skip
    right.set_xscale("log")
    right.set_yticks(middle, implied["layer"].values)
    right.invert_yaxis()
    right.set(xlabel="carbon of the layer (kg C m⁻²)", ylabel="layer (cm)")
    right.legend(loc="center right", fontsize=7.5)
    low = float(min(implied[name].min() for name in looks))
    high = float(max(implied[name].max() for name in looks))
    right.set_xlim(low / 1.6, high * 25)
    return _data(turnover, implied)


def _data(*data: xr.Dataset) -> list[str]:
    """Return the data sets, their n and whether one is a twin, for the words below a figure."""
    return [*(item.attrs.get("data", "") for item in data), style.synthetic(*data)]


@style.frame(9.4, 4.0)
def incubations(
    figure: Figure, jars: xr.Dataset, primed: xr.Dataset, sieved: xr.Dataset, field: xr.Dataset
) -> list[str]:
    """Draw what soils from different depths respire in jars, and what wakes deep carbon.

    Parameters
    ----------
    jars : Dataset, [jar]
        ``relative`` (1): respired per soil carbon, over the topmost soil; ``depth`` (cm),
        ``study``.
    primed, sieved : Dataset, [depth, time]
        ``ratio`` (1): respired with the treatment over without it; ``time`` in days.
    field : Dataset, [layer]
        ``relative`` (1): turnover rate from radiocarbon over that of the topmost layer; medians.
    """
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.25, 1]})
    _in_jars(left, jars, field)
    _treated(right, primed, sieved)
    return _data(jars)


def _cited(study: str) -> str:
    """Return author and year of a study from its name in the data set, as in ``Rey2008``."""
    return re.sub(r"([^\W\d]+)(\d{4}).*", r"\1 \2", study)


def _in_jars(ax: Axes, jars: xr.Dataset, field: xr.Dataset) -> None:
    """Draw the loss of carbon by depth, in jars and in the field."""
    studies = sorted(set(jars["study"].values.tolist()))
    colours = series.shades(len(studies), *_RANGE)
    for study, colour, marker in zip(studies, colours, MARKERS, strict=False):
        some = jars.isel(jar=(jars["study"] == study).values)
        ax.plot(
            some["relative"], some["depth"], marker, color=colour, ms=4.5, mew=0, alpha=0.7, ls="",
            label=f"{_cited(study)}, n = {some.sizes['jar']}",
        )  # fmt: skip
    ax.plot(
        field["relative"], field["depth"], "o-", color=COLOURS["vermilion"], mec="black", ms=6,
        label="in the field (median rate)",
    )  # fmt: skip
    ax.axvline(1, color="0.8", lw=0.8, zorder=0)
    series.log_axis(ax, [0.1, 0.2, 0.5, 1, 2, 5, 10])
    ax.set(xlabel="loss per carbon, over that of the topsoil (1)")
    series.downward(ax, 1.55 * float(jars["depth"].max()), "cm")
    ax.legend(loc="lower center", fontsize=7, ncols=2)


def _treated(ax: Axes, primed: xr.Dataset, sieved: xr.Dataset) -> None:
    """Draw how much more old carbon is respired with fresh food, and after sieving."""
    looks = (
        (primed, "cellulose added", ("o-", "o-"), (COLOURS["green"], COLOURS["green"])),
        (sieved, "sieved", ("s:", "s--"), (COLOURS["grey"], COLOURS["purple"])),
    )
    for data, words, lines, colours in looks:
        for depth, ratio, line, colour in zip(
            data["depth"].values, data["ratio"].values, lines, colours, strict=False
        ):
            label = f"{words}, {depth:g} cm ({_cited(data.attrs['study'])})"
            ax.plot(data["time"], ratio, line, ms=4, color=colour, label=label)
    ax.axhline(1, color="0.8", lw=0.8, zorder=0)
    top = max(float(np.nanmax(data["ratio"])) for data in (primed, sieved))
    ax.set(
        xlabel="time (days)", ylabel="old carbon respired, treated over control (1)",
        ylim=(0.5, 1.45 * top), xlim=(0, None),
    )  # fmt: skip
    ax.legend(loc="upper right", fontsize=7)


# --- the model --------------------------------------------------------------------------------


@style.frame(5.0, 3.9)
def budget(figure: Figure, state: xr.Dataset) -> str:
    """Draw the profile with what goes in and out of it, from a model run's own budget.

    Parameters
    ----------
    state : Dataset
        Steady state of `soilnb.profile.depth`: ``carbon``, ``input``, ``respiration``,
        ``leaching``, ``erosion``, ``deposition``, ``burial`` (g C m-2 yr-1).
    """
    ax = figure.subplots()
    carbon = state["carbon"].sum("material").values
    top, bottom = state["top"].values, state["bottom"].values
    shade = np.log(carbon / carbon.min())
    for low, high, dark in zip(top, bottom, shade / shade.max(), strict=True):
        ax.add_patch(Rectangle((0, low), 1, high - low, color=cm.lajolla(0.12 + 0.7 * dark), lw=0))
    deep = float(bottom[-1])
    ax.add_patch(Rectangle((0, 0), 1, deep, fill=False, ec="0.3", lw=1))
    rooted = state["source"].sum("material").values
    rooted = 0.62 * rooted / rooted.max()
    ax.fill_betweenx(state["depth"], 0.5 - rooted / 2, 0.5 + rooted / 2, color="white", alpha=0.45,
                     lw=0)  # fmt: skip
    ax.text(0.5, 0.16 * deep, "u(z)\ninput", ha="center", va="center", fontsize=8)
    arrows = {
        "input": ((-0.55, 0.10 * deep), (-0.02, 0.10 * deep), "roots and residues"),
        "deposition": ((0.2, -0.2 * deep), (0.2, -0.01 * deep), "deposition"),
        "erosion": ((0.8, -0.01 * deep), (1.25, -0.13 * deep), "erosion"),
        "respiration": ((1.02, 0.3 * deep), (1.55, 0.3 * deep), "respiration"),
        "leaching": ((0.35, 1.01 * deep), (0.35, 1.2 * deep), "leaching"),
        "burial": ((0.65, 1.01 * deep), (0.65, 1.2 * deep), "burial"),
    }
    for name, (start, end, words) in arrows.items():
        _flux(ax, start, end, words, float(state[name]), name)
    _arrow(ax, ((0.14, 0.45 * deep), (0.14, 0.72 * deep)), 1.2)
    ax.text(0.18, 0.6 * deep, "mixing κ,\nwater v", fontsize=8, va="center", color="white")
    ax.text(0.97, 0.9 * deep, "decay k(z)", fontsize=8, ha="right", color="white")
    ax.set(xlim=(-1.75, 2.15), ylim=(1.32 * deep, -0.34 * deep))
    ax.set_yticks(np.linspace(0, deep, 5))
    ax.spines["left"].set_bounds(deep, 0)
    ax.set_ylabel("depth (m)")
    ax.set_xticks([])
    for side in ("top", "right", "bottom"):
        ax.spines[side].set_visible(False)
    ax.set_title(
        f"fluxes in g C m⁻² yr⁻¹, stock {float(state['stock']):.1f} kg C m⁻²",
        loc="left", fontsize=9,
    )  # fmt: skip
    return f"whole-profile model, set {state.attrs['parameter_set']}"


def _flux(ax: Axes, start, end, words: str, value: float, name: str) -> None:
    width = 0.8 if value == 0 else 1.2 + 2.2 * np.log10(1 + value / 10)
    _arrow(ax, (start, end), width, ":" if value == 0 else "-")
    text = f"{words}\n{value:.3g}"
    side = {"input": ("right", start), "respiration": ("left", end), "erosion": ("left", end)}
    if name in side:
        align, (x, y) = side[name]
        shift = -0.05 if align == "right" else 0.05
    else:
        x, y = start if name == "deposition" else end
        shift = -0.06 if name in ("deposition", "leaching") else 0.06
    align = "right" if shift < 0 else "left"
    ax.text(x + shift, y, text, ha=align, va="center", fontsize=8)


def _arrow(ax: Axes, ends: tuple, width: float, line: str = "-") -> None:
    look = {"head": 9 + 1.5 * width, "shrinkA": 0, "shrinkB": 0, "zorder": 5, "ls": line}
    schematic.arrow(ax, ends, "0.2", width=width, **look)


@style.frame(8.6, 3.5)
def profile(figure: Figure, state: xr.Dataset) -> None:
    """Draw input, turnover time and carbon of the whole-profile model (for the explorer).

    Parameters
    ----------
    state : Dataset, [case, depth]
        ``carbon`` (kg C m-3) with and without transport (the coordinate ``case``), ``source``
        (g C m-3 yr-1) and ``turnover_time`` (yr) over ``depth`` (m).
    """
    axes = figure.subplots(1, 3, sharey=True)
    depth = state["depth"].values
    axes[0].fill_betweenx(depth, state["source"], color=COLOURS["green"], alpha=0.35, lw=0)
    axes[0].plot(state["source"], depth, "-", color=COLOURS["green"], lw=1.6)
    axes[0].set(xlabel="input u (g C m⁻³ yr⁻¹)", xlim=(0, None))
    axes[1].plot(state["turnover_time"], depth, "-", color=COLOURS["vermilion"], lw=1.6)
    axes[1].set_xscale("log")
    axes[1].set(xlabel="turnover time 1/k (years)", xlim=(5, 2e5))
    series.log_axis(axes[1], [10, 100, 1e3, 1e4, 1e5], ["10", "100", "1,000", "10⁴", "10⁵"])
    still, moved = (state["carbon"].sel(case=case).values for case in ("still", "moved"))
    axes[2].plot(still, depth, "--", color=COLOURS["grey"], lw=1.6, label="without transport")
    axes[2].plot(moved, depth, "-", color=COLOURS["blue"], lw=1.9, label="with κ and v")
    axes[2].set(xlabel="carbon (kg C m⁻³)", xlim=(0, 1.08 * max(still.max(), moved.max())))
    axes[2].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=7.5)
    series.downward(axes[0], float(state["bottom"][-1]))


@style.frame(9.0, 3.5)
def controls(figure: Figure, spans: pd.DataFrame) -> str:
    """Draw how far each parameter moves shape and stock of the profile over its range.

    Parameters
    ----------
    spans : DataFrame
        Index ``parameter``; ``label``, ``kind`` (input, turnover or transport), ``low`` and
        ``high`` (the range), and for both ends ``deep_low``, ``deep_high`` (share of the carbon
        below 0.3 m, %) and ``stock_low``, ``stock_high`` (kg C m-2). ``attrs``: ``deep`` and
        ``stock`` of the reference, ``set``.
    """
    axes = figure.subplots(1, 2, sharey=True)
    looks = {
        "input": (COLOURS["green"], "//"),
        "turnover": (COLOURS["vermilion"], ""),
        "transport": (COLOURS["sky"], ".."),
    }
    rows = np.arange(len(spans))
    titles = {"deep": "share of the carbon below 0.3 m (%)", "stock": "carbon to 2 m (kg C m⁻²)"}
    for ax, (name, title) in zip(axes, titles.items(), strict=True):
        low, high = spans[f"{name}_low"].to_numpy(), spans[f"{name}_high"].to_numpy()
        for kind, (colour, hatch) in looks.items():
            here = (spans["kind"] == kind).to_numpy()
            left = np.minimum(low, high)[here]
            ax.barh(
                rows[here], np.abs(high - low)[here], 0.62, left=left, color=colour, hatch=hatch,
                edgecolor="0.25", lw=0.6, label=kind,
            )  # fmt: skip
        ax.axvline(spans.attrs[name], color="black", lw=1)
        for ends, column in ((low, "low"), (high, "high")):
            for row, value in enumerate(ends):
                first = value <= min(low[row], high[row])
                words = f"{spans[column].iloc[row]:.3g}"
                series.tell(ax, words, (value, row), (-3 if first else 3, 0), fontsize=7)
        ax.set_xlabel(title)
        span = max(high.max(), low.max()) - min(high.min(), low.min())
        ax.set_xlim(
            min(low.min(), high.min()) - 0.16 * span, max(low.max(), high.max()) + 0.16 * span
        )
    axes[0].set_yticks(rows, spans["label"])
    axes[0].invert_yaxis()
    style.legend_above(axes[0], 3)
    return f"whole-profile model, set {spans.attrs['set']}"


@style.frame(9.0, 3.7)
def fate(figure: Figure, runs: xr.Dataset, *, labels: Mapping[str, str] | None = None) -> str:
    """Draw how much of one year's carbon is still there, by where it enters.

    Parameters
    ----------
    runs : Dataset, [reading, place, time]
        ``remaining`` (1), ``median`` and ``mean`` transit time (yr) over ``reading`` and
        ``place``; ``time`` in years from the first one above 0.
    labels : mapping of str to str, optional
        Titles of the readings.
    """
    axes = figure.subplots(1, runs.sizes["reading"], sharey=True, squeeze=False)[0]
    places: Sequence[str] = runs["place"].values.tolist()
    for ax, reading in zip(axes, runs["reading"].values, strict=True):
        part = runs.sel(reading=reading)
        for number, (place, colour) in enumerate(
            zip(places, series.shades(len(places), *_RANGE), strict=True)
        ):
            line = part.sel(place=place)
            years = f"median {_years(float(line['median']))}, mean {_years(float(line['mean']))}"
            ax.plot(
                line["time"], 100 * line["remaining"], "-", color=colour, lw=1.8,
                marker=MARKERS[number], markevery=(3 + 2 * number, 12), ms=5,
                label=f"{place}: {years} yr",
            )  # fmt: skip
        ax.axhline(50, color="0.8", lw=0.8, zorder=0)
        ax.set_xscale("log")
        ax.set(xlabel="years since it entered", ylim=(0, 150))
        ax.set_yticks([0, 25, 50, 75, 100])
        ax.set_title((labels or {}).get(str(reading), str(reading)), loc="left", fontsize=9)
        ax.legend(loc="upper right", fontsize=7, title="entered at", title_fontsize=7)
    axes[0].set_ylabel("still in the profile (%)")
    return f"whole-profile model, set {runs.attrs.get('set', '')}"


def _years(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"
