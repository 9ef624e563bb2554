"""Schematics drawn from a model's own links, so that they cannot drift from the model."""

from collections.abc import Collection, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from soilnb.figures.style import COLOURS

#: Colour and dash of a link by its kind, and the words that explain it: no two look alike that one
#: figure can show.
LINES = {
    "transfer": (COLOURS["black"], "-", "decay, less what is respired"),
    "uptake": (COLOURS["blue"], "-", "uptake by microbes (always counts in D)"),
    "oxidation": (COLOURS["vermilion"], (0, (8, 1.5, 1, 1.5)), "oxidation"),
    "exudation": (COLOURS["green"], (0, (1, 1)), "enzymes that microbes make"),
    "turnover": (COLOURS["purple"], (0, (1, 1)), "turnover of microbes"),
    "desorption": (COLOURS["grey"], (0, (3, 1, 1, 1)), "desorption (never counts)"),
    "exchange": (COLOURS["grey"], (0, (5, 1.5)), "sorption, aggregation (never counts)"),
    "assimilation": (COLOURS["blue"], "-", "taken up by microbes, which respire a part"),
    "breakdown": (COLOURS["orange"], (0, (5, 1.5)), "broken down without passing through microbes"),
    "loss": (COLOURS["purple"], (0, (1, 1)), "death of microbes, production and decay of enzymes"),
    "catalysis": (COLOURS["green"], (0, (3, 1, 1, 1)), "enzymes speed this up (no carbon moves)"),
}


def box(
    ax: Axes, centre: tuple[float, float], size: tuple[float, float], fill: str, **look
) -> FancyBboxPatch:
    """Draw a box with round corners; returns it, for arrows that begin or end at it.

    Parameters
    ----------
    centre, size : tuple of two floats
        Middle, and width and height, in the axes' data units.
    look
        Other options of the patch.
    """
    (x, y), (width, height) = centre, size
    look = {
        "boxstyle": "round,pad=0.03,rounding_size=0.12",
        "edgecolor": "0.25",
        "linewidth": 1.0,
        "zorder": 3,
    } | look
    corner = (x - width / 2, y - height / 2)
    return ax.add_patch(FancyBboxPatch(corner, width, height, facecolor=fill, **look))


def arrow(
    ax: Axes,
    ends: tuple,
    colour: str,
    *,
    width: float = 1.4,
    head: float = 9,
    bend: float = 0.0,
    between: tuple = (None, None),
    **look,
) -> FancyArrowPatch:
    """Draw an arrow from one place to another, in the axes' data units.

    Parameters
    ----------
    ends : tuple of two places
        Where it begins and ends.
    width, head, bend : float
        Width of the line, size of the head (points), and how far it is bent to one side.
    between : tuple of two patches
        Boxes whose rims it goes from and to.
    look
        Other options of the patch.
    """
    look = {"arrowstyle": "-|>", "mutation_scale": head, "lw": width, "color": colour} | look
    look |= {"patchA": between[0], "patchB": between[1], "connectionstyle": f"arc3,rad={bend}"}
    return ax.add_patch(FancyArrowPatch(*ends, **{"zorder": 2} | look))


def boxes_and_arrows(
    ax: Axes,
    places: Mapping[str, tuple[float, float]],
    links: pd.DataFrame,
    *,
    names: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
    strong: Collection[tuple[str, str]] | None = None,
    size: tuple[float, float] = (1.5, 0.62),
) -> Axes:
    """Draw pools as boxes and links as arrows on an axes, which is emptied of its frame and ticks.

    Parameters
    ----------
    places : mapping of str to (x, y)
        Centre of each pool, in the axes' data units.
    links : DataFrame
        A model's own list of links, with the columns ``source``, ``target`` and ``kind`` (a key of
        `LINES`). A link to something that has no place (litter, CO2) is left out.
    names, colours : mapping of str to str, optional
        Text and fill of each pool; the pool's own label and white without them.
    strong : collection of (source, target), optional
        Links to bring out; all others recede.
    size : tuple of two floats
        Width and height of a box, in data units.
    """
    names, colours = names or {}, colours or {}
    patches = {}
    for pool, (x, y) in places.items():
        patches[pool] = box(ax, (x, y), size, colours.get(pool, "white"))
        ax.text(x, y, names.get(pool, pool), ha="center", va="center", fontsize=8, zorder=4)
    for source, target, kind in between(links, places):
        colour, line, _ = LINES[kind]
        recede = strong is not None and (source, target) not in strong
        # Bent to one side, so that the way there and the way back do not hide each other.
        arrow(
            ax,
            (places[source], places[target]),
            "0.8" if recede else colour,
            width=0.8 if recede else 1.4,
            bend=0.12,
            ls=line,
            between=(patches[source], patches[target]),
        )
    width, height = size
    xs, ys = zip(*places.values(), strict=True)
    ax.set_xlim(min(xs) - width, max(xs) + width)
    ax.set_ylim(min(ys) - 1.2 * height, max(ys) + 1.2 * height)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def between(links: pd.DataFrame, places: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """Return the links whose two ends are among `places`, each once, as (source, target, kind).

    What a pool hands to itself is no arrow.
    """
    inside = links[links["source"].isin(list(places)) & links["target"].isin(list(places))]
    inside = inside[inside["source"] != inside["target"]]
    return list(inside[["source", "target", "kind"]].drop_duplicates().itertuples(index=False))


def handles(links: pd.DataFrame) -> list[Line2D]:
    """Return a line for each kind of link, with the words that explain it."""
    return [
        Line2D([], [], color=colour, linestyle=line, lw=1.4, label=words)
        for kind, (colour, line, words) in LINES.items()
        if (links["kind"] == kind).any()
    ]


def legend(ax: Axes, links: pd.DataFrame, **options) -> None:
    """Explain below a schematic the kinds of links that it shows."""
    ax.legend(handles=handles(links), **options)
