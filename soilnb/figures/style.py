"""What all figures share: paper, ink, colours that mean something, panel letters, notes.

Colours are those of Okabe and Ito (2008), which stay apart for colour-blind readers; a second
cue (marker, hatch, line style) goes with each. Maps use the scientific colour maps of Crameri
(package ``cmcrameri``).
"""

from __future__ import annotations

import functools

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Okabe and Ito's colours by name.
COLOURS = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "grey": "#8A8A8A",
}

#: One colour per model, the same in every figure.
MODEL = {"CENTURY": COLOURS["vermilion"], "MIMICS": COLOURS["blue"]}

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "figure.dpi": 110,
}


def styled(function):
    """Draw a figure in the house style, whatever the reader's own settings are."""

    @functools.wraps(function)
    def draw(*arguments, **options):
        with matplotlib.rc_context(STYLE):
            return function(*arguments, **options)

    return draw


def new(width: float, height: float, *, figure: Figure | None = None) -> Figure:
    """Return an empty figure of `width` x `height` inches, or `figure` wiped clean.

    Explorers pass the figure that they redraw; its layout is then left as it was set.
    """
    if figure is not None:
        figure.clear()
        return figure
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def panel(ax: Axes, letter: str, title: str = "") -> Axes:
    """Mark an axes as a panel of a paper's figure, so that readers and tests find it."""
    ax.set_gid(f"panel-{letter}")
    ax.set_title(f"({letter}) {title}".strip(), loc="left", fontweight="bold", fontsize=9)
    return ax


def panels(figure: Figure) -> str:
    """Return the letters of the panels that a figure shows, in order."""
    found = [ax.get_gid() or "" for ax in figure.axes]
    return "".join(sorted(gid[6:] for gid in found if gid.startswith("panel-")))


def note(figure: Figure, *parts: str, data: str = "") -> None:
    """Write below a figure which size and which data made it; a twin is named *synthetic*."""
    words = [part for part in parts if part]
    if data == "synthetic":
        words.append("synthetic data")
    figure.supxlabel(" · ".join(words), x=0.995, ha="right", fontsize=7, color="0.35")
