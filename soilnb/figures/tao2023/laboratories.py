"""Why a line through all measurements can find a relation that no soil has."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from soilnb.figures import series, style
from soilnb.figures.style import COLOURS

#: Colour and marker of each laboratory; after the fourth they begin again.
_LOOKS = {"blue": "o", "vermilion": "s", "green": "^", "purple": "D"}


@style.frame(5.2, 3.4)
def laboratories(figure: Figure, found: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Draw what some laboratories found, the line of each, and the line through all points.

    Parameters
    ----------
    found : mapping of str to sequence of pairs
        By laboratory: CUE (1) and soil organic carbon (g kg-1, > 0), two soils or more.
    """
    ax = figure.subplots()
    every = np.concatenate([np.array(pairs, float) for pairs in found.values()])
    ax.plot(*_line(every), color="black", ls="--", lw=1.2, label="through all points")
    for (name, pairs), (hue, marker) in zip(found.items(), cycle(_LOOKS.items()), strict=False):
        points, colour = np.array(pairs, float), COLOURS[hue]
        ax.plot(*_line(points), color=colour, lw=1.8)
        ax.plot(*points.T, ls="", marker=marker, ms=7, color=colour, label=name)
    series.log_axis(ax, [5, 10, 20, 50, 100, 200], axis="y")
    ax.set_xlabel("carbon use efficiency (1)")
    ax.set_ylabel("soil organic carbon (g kg⁻¹)")
    style.legend_above(ax, 3)


def _line(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the straight line in log carbon, a little beyond the points."""
    slope, level = np.polyfit(points[:, 0], np.log(points[:, 1]), 1)
    ends = np.array([points[:, 0].min() - 0.03, points[:, 0].max() + 0.03])
    return ends, np.exp(level + slope * ends)
