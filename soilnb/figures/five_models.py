"""Box models side by side: what they are made of, what they hold, and how they answer.

Every figure takes any number of models, and reads all that it knows of one from its ledger.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from soilnb.figures import schematic, style
from soilnb.figures.he2024 import FILLS, HATCHES, pool_bars
from soilnb.figures.style import COLOURS

#: Colours, dashes and markers of models, in the order in which they are given.
LOOKS = (
    (COLOURS["vermilion"], "-", "o"),
    (COLOURS["green"], (0, (5, 1.5)), "D"),
    (COLOURS["purple"], (0, (1, 1)), "s"),
    (COLOURS["blue"], (0, (3, 1, 1, 1)), "^"),
    (COLOURS["orange"], (0, (8, 2)), "v"),
    (COLOURS["black"], "-", "P"),
    (COLOURS["sky"], (0, (4, 1)), "X"),
)

#: Litter below this share does not make a pool one of litter.
MOSTLY = 0.1


def looks(models) -> dict[str, tuple]:
    """Return colour, dash and marker by model."""
    return dict(zip(models, cycle(LOOKS), strict=False))


def kinds(links: pd.DataFrame, pools: Mapping[str, str]) -> dict[str, str]:
    """Return what each pool is (litter, microbes, soil), as its links and its name tell."""
    entering = links[(links["source"] == "litter") & (links["share"] > MOSTLY)]["target"]
    eaters = {*links["via"], *(pool for pool, name in pools.items() if "microb" in name)}
    return {
        pool: "microbes" if pool in eaters else "litter" if pool in set(entering) else "soil"
        for pool in pools
    }


def rows(links: pd.DataFrame, pools) -> list[list[str]]:
    """Return the pools row by row: where litter falls, then one step further in each row.

    What no litter reaches comes last.
    """
    entering = links[(links["source"] == "litter") & (links["share"] > MOSTLY)]
    found = [[pool for pool in pools if pool in set(entering["target"])]]
    seen = set(found[0])
    while found[-1]:
        onward = set(links[links["source"].isin(found[-1])]["target"]) - seen
        found.append([pool for pool in pools if pool in onward])
        seen |= set(found[-1])
    return [row for row in [*found, [pool for pool in pools if pool not in seen]] if row]


# --- structures -------------------------------------------------------------------------------


#: Width of a sketch, height of a unit in it, of its title, and of the legend, in inches.
_SKETCH, _UNIT, _TITLE, _EXPLAINED = 3.3, 0.35, 0.25, 1.4

#: Room in a sketch over its upper row of pools, and below its lower one for words, in units.
_OVER, _UNDER = 1.5, 2.3


def _places(links: pd.DataFrame, pools: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Place the pools of a model: a row for each step from the litter."""
    places = {}
    for level, row in enumerate(rows(links, pools)):
        wide = 2.75 if len(row) < 4 else 2.1
        for k, pool in enumerate(row):
            # The middle of three stands higher, so that its neighbours see each other.
            raised = 0.5 if len(row) == 3 and k == 1 else 0.0
            places[pool] = (wide * (k - (len(row) - 1) / 2), raised - 2.0 * level)
    return places


def _heights(models: Mapping[str, object]) -> list[float]:
    """Return how high each row of sketches is, in units: as high as its longest model."""
    count, columns = style.shape(len(models), 3)
    steps = [len(rows(model.links(), model.pools)) for model in models.values()]
    longest = [max(steps[columns * k : columns * (k + 1)]) for k in range(count)]
    return [_OVER + 2.0 * (steps - 1) + _UNDER for steps in longest]


def _size_of_grid(models: Mapping[str, object]) -> tuple[float, float]:
    heights = _heights(models)
    height = _UNIT * sum(heights) + _TITLE * len(heights) + _EXPLAINED
    return _SKETCH * style.shape(len(models), 3)[1], height


@style.frame(_size_of_grid)
def structures(figure: Figure, models: Mapping[str, object]) -> None:
    """Draw the pools and links of each model from its own ledger.

    Parameters
    ----------
    models : mapping of str to `soilnb.profile.model.Model`
        As `soilnb.profile.model.models` gives them.
    """
    heights = _heights(models)
    axes = style.grid(figure, len(models), 3, height_ratios=heights)
    drawn = {name: model.links() for name, model in models.items()}
    for k, (ax, (name, model)) in enumerate(zip(axes, models.items(), strict=True)):
        _structure(ax, drawn[name], model.pools)
        ax.set(xlim=(-4.4, 4.4), ylim=(_OVER - heights[k // 3], _OVER))
        ax.set_title(model.name, fontsize=9, fontweight="bold")
    handles = [
        *schematic.handles(pd.concat(drawn.values())),
        *(Line2D([], [], color=c, marker=m, lw=0, label=words)
          for m, (*_, c, words) in zip("v^>", MARKS.values(), strict=True)),
        *(Patch(facecolor=FILLS[kind], edgecolor="0.25", label=kind) for kind in HATCHES),
    ]  # fmt: skip
    # In two columns, which a phone shows in one piece.
    figure.legend(handles=handles, loc="outside lower center", ncols=2)


def _structure(ax: Axes, links: pd.DataFrame, pools: Mapping[str, str]) -> None:
    places = _places(links, pools)
    what = kinds(links, pools)
    names = {pool: pool.replace("_", "\n") for pool in pools}
    fills = {pool: FILLS[kind] for pool, kind in what.items()}
    size = (1.9, 0.86) if any("\n" in name for name in names.values()) else (1.5, 0.62)
    schematic.boxes_and_arrows(ax, places, links, names=names, colours=fills, size=size)
    short = [
        f"{pool}: {words}"
        for pool, words in pools.items()
        if not set(pool.split("_")) <= set(re.findall(r"\w+", words))  # the name says it
    ]
    deepest = min(y for _, y in places.values())
    told = textwrap.fill("; ".join(short), 52)
    ax.text(0.0, deepest - 0.6, told, ha="center", va="top", fontsize=7)
    for pool, _ in links[links["source"] == "litter"].groupby("target"):
        _mark(ax, places[pool], "litter", size)
    for sink, ending in links[links["target"].isin(list(MARKS))].groupby("target"):
        for pool in ending["source"].unique():
            _mark(ax, places[pool], sink, size)


#: Begin and end of the arrow beside a box for what enters and leaves the soil, from the middle of
#: its upper or right edge; its colour, and what it means.
MARKS = {
    "litter": ((-0.6, 0.54), (-0.6, 0.02), COLOURS["green"], "litter"),
    "CO2": ((0.6, 0.02), (0.6, 0.54), COLOURS["vermilion"], "CO₂"),
    "export": ((0.03, 0.0), (0.55, 0.0), COLOURS["sky"], "leached"),
}


def _mark(ax: Axes, place: tuple[float, float], sign: str, size: tuple[float, float]) -> None:
    """Draw a short arrow: litter from above, CO2 upwards, what is leached to the side."""
    begin, end, colour, _ = MARKS[sign]
    place = np.add(place, (size[0] / 2, 0.0) if sign == "export" else (0.0, size[1] / 2))
    arrow = {"arrowstyle": "-|>", "color": colour, "lw": 1.1, "mutation_scale": 8}
    ax.annotate("", np.add(place, end), np.add(place, begin), arrowprops=arrow, zorder=1)


def _patch(kind: str) -> Patch:
    return Patch(facecolor=FILLS[kind], edgecolor="0.25", hatch=HATCHES[kind], label=kind)


# --- stocks, ages, efficiencies ---------------------------------------------------------------


@style.frame(lambda found: (9.6, 0.44 * len(found) + 1.7))
def soils(figure: Figure, found: Mapping[str, xr.Dataset]) -> None:
    """Draw how much carbon each model holds, how old it is, and which efficiency it has.

    Parameters
    ----------
    found : mapping of str to Dataset
        By model: ``carbon`` (kg C m-2) over ``pool`` with the coordinate ``pool_kind``,
        ``system_age`` and ``transit_time`` (yr), and ``cue``.
    """
    stock, age, cue = figure.subplots(1, 3, sharey=True, width_ratios=(2.2, 1.5, 1.0))
    names = list(found)
    rows = np.arange(len(names))
    totals = _stacks(stock, [soil["carbon"] for soil in found.values()])
    leaves, there, efficiency = (
        [float(soil[name]) for soil in found.values()]
        for name in ("transit_time", "system_age", "cue")
    )
    age.hlines(rows, leaves, there, color="0.6", lw=1.2, zorder=1)
    age.plot(leaves, rows, "o", color=COLOURS["green"], label="of what leaves")
    age.plot(there, rows, "D", color=COLOURS["purple"], label="of what is there")
    bars = [_bar(row, 0.0, value) for row, value in enumerate(efficiency)]
    cue.add_collection(PolyCollection(bars, facecolor="0.75", edgecolor="0.3"), autolim=False)
    for row, value in zip(rows, efficiency, strict=True):
        cue.text(value + 0.02, row, f"{value:.3f}", va="center", fontsize=8)
    stock.set_yticks(rows, names)
    stock.set(xlabel="carbon (kg C m⁻²)", xlim=(0, 1.18 * max(totals)))
    stock.set_ylim(len(names) - 0.47, -0.53)
    age.set(xlabel="mean age (years)", xscale="log", xlim=(0.8, 2000))
    cue.set(xlabel="diagnosed CUE (1)", xlim=(0, 1))
    # Above the bars, where no number lies.
    age.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=1)
    handles = [_patch(kind) for kind in HATCHES]
    stock.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def _bar(row: int, left: float, right: float) -> list[tuple[float, float]]:
    """Return the corners of a horizontal bar."""
    low, high = row - 0.3, row + 0.3
    return [(left, low), (left, high), (right, high), (right, low)]


def _stacks(ax: Axes, soils: Sequence[xr.DataArray]) -> list[float]:
    """Draw the pools of each soil one after the other, a soil a row; returns all carbon of each.

    Bars of a kind are one collection: a reader who moves a slider waits for each artist.
    """
    boxes, totals = {kind: [] for kind in HATCHES}, []
    for row, carbon in enumerate(soils):
        left = 0.0
        kinds = carbon["pool_kind"].values
        for kind, some in boxes.items():
            for value in carbon.values[kinds == kind]:
                some.append(_bar(row, left, left + value))
                left += value
        ax.text(left, row, f" {left:.1f}", va="center", fontsize=8)
        totals.append(left)
    for kind, some in boxes.items():
        look = {"facecolor": FILLS[kind], "edgecolor": "0.3", "hatch": HATCHES[kind], "lw": 0.7}
        ax.add_collection(PolyCollection(some, **look), autolim=False)
    return totals


# --- answers in time --------------------------------------------------------------------------


@style.frame(lambda runs: (4.4 * runs.sizes["experiment"], 3.7))
def answers(figure: Figure, runs: xr.Dataset) -> str:
    """Draw how soil carbon answers each experiment, one line a model.

    Parameters
    ----------
    runs : Dataset
        ``change`` (experiment, model, time) and ``final`` (experiment, model), carbon over that
        before, less one (%); ``time`` in years.
    """
    names = list(runs["experiment"].values)
    axes = figure.subplots(1, len(names), squeeze=False)[0]
    times = runs["time"].values
    for letter, ax, name in zip("abcdef", axes, names, strict=False):
        style.panel(ax, letter, str(name))
        ax.axhline(0, color="0.7", lw=0.8, zorder=0)
        for k, (model, (colour, dash, marker)) in enumerate(looks(runs["model"].values).items()):
            one = runs.sel(experiment=name, model=model)
            ax.plot(times, one["change"], color=colour, ls=dash, lw=1.7, label=str(model))
            at = (1.03 + 0.02 * k) * times[-1]
            ax.plot(at, one["final"], marker, color=colour, ms=5, clip_on=False)
        ax.set(xlabel="time (years)", ylabel="change of soil carbon (%)")
        ax.set_xlim(0, 1.12 * times[-1])
    axes[-1].legend(loc="upper left")
    return "markers at the right: where each comes to rest"


# --- efficiencies -----------------------------------------------------------------------------


@style.frame(lambda sweeps: (3.3 * len(sweeps), 3.3))
def efficiencies(figure: Figure, sweeps: Mapping[str, xr.DataArray]) -> None:
    """Draw the diagnosed CUE of each model against what is changed about the soil.

    Parameters
    ----------
    sweeps : mapping of str to DataArray
        Axis label to the CUE (model, value), with the coordinate ``value``.
    """
    axes = figure.subplots(1, len(sweeps), sharey=True, squeeze=False)[0]
    for ax, (label, cue) in zip(axes, sweeps.items(), strict=True):
        for model, (colour, dash, marker) in looks(cue["model"].values).items():
            ax.plot(
                cue["value"], cue.sel(model=model), color=colour, ls=dash, lw=1.7, marker=marker,
                ms=4, markevery=3, label=str(model),
            )  # fmt: skip
        ax.set(xlabel=label, ylim=(0, 0.7))
        ax.label_outer()
    axes[0].set_ylabel("diagnosed CUE (1)")
    style.legend_above(axes[0], 6, loc="outside lower center")


@style.frame(5.0, 3.3)
def pools(figure: Figure, soil: xr.Dataset) -> None:
    """Draw the pools of one model as bars, each with the mean age of its carbon.

    Parameters
    ----------
    soil : Dataset
        ``carbon`` (kg C m-2) and ``age`` (yr) over ``pool`` with the coordinate ``pool_kind``.
    """
    ax = figure.subplots()
    carbon = soil["carbon"]
    ages = ["inert" if np.isnan(years) else f"{years:.3g} yr" for years in soil["age"].values]
    words = [f"{value:.3g}\n{age}" for value, age in zip(carbon.values, ages, strict=True)]
    pool_bars(ax, carbon, carbon["pool_kind"].values, words, fontsize=7.5)
    ax.set_ylim(0, max(0.1, 1.3 * float(carbon.max())))
    handles = [_patch(kind) for kind in HATCHES]
    ax.legend(handles=handles, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
