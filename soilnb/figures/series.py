"""How lines over time, depth and other axes are drawn, in every figure alike."""

from collections.abc import Iterable, Sequence

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator


def shades(count: int, first: float = 0.05, last: float = 0.85) -> list:
    """Return colours in an order that reads as one: dark for few, light for many."""
    return list(cm.batlow(np.linspace(first, last, count)))


# Axes ---------------------------------------------------------------------------------------------


def log_axis(
    ax: Axes, ticks: Iterable[float], labels: Sequence[str] | None = None, axis: str = "x"
) -> None:
    """Make an axis logarithmic with these ticks alone, plain numbers without labels of their own.

    Few ticks that are given draw many times faster than those that are looked for.
    """
    ticks = list(ticks)
    ax.set(**{f"{axis}scale": "log"})
    set_ticks = getattr(ax, f"set_{axis}ticks")
    set_ticks(ticks, [f"{tick:g}" for tick in ticks] if labels is None else labels)
    set_ticks([], minor=True)


def years(
    ax: Axes, first: float, last: float, ticks: Sequence[float] = (0.1, 1, 10, 100), room=1.0
) -> None:
    """Make a logarithmic axis of years."""
    ax.set_xscale("log")
    ax.set_xlim(first, room * last)
    shown = [year for year in ticks if first <= year <= last]
    log_axis(ax, shown, [f"{year:,g}" if year < 1e3 else f"{year:,.0f}" for year in shown])


def plain_log(axis: Axis, subs: Sequence[float] = (1.0, 2.0, 5.0), *, minor: bool = True) -> None:
    """Label a logarithmic axis with plain numbers at these multiples of powers of ten."""
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter("{x:g}")
    if minor:
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_minor_locator(NullLocator())


def downward(ax: Axes, bottom: float, unit: str = "m") -> None:
    """Make an axis of depth, from the surface down."""
    ax.set(ylim=(bottom, 0), ylabel=f"depth ({unit})")


# What is drawn on them ----------------------------------------------------------------------------


def band_downward(
    ax: Axes, depth: np.ndarray, draws: np.ndarray, colour: str, words: tuple[str, str]
) -> None:
    """Draw the median of some profiles [draw, depth] as a line, and their middle 90 % as a band.

    Parameters
    ----------
    words : tuple of two str
        Labels of the band and of the line.
    """
    low, middle, high = np.nanquantile(draws, [0.05, 0.5, 0.95], axis=0)
    ax.fill_betweenx(depth, low, high, color=colour, alpha=0.3, lw=0, label=words[0])
    ax.plot(middle, depth, color=colour, lw=1.6, label=words[1])


def tell(ax: Axes, words: str, at: tuple[float, float], aside: tuple[float, float], **look) -> None:
    """Write something beside a point, so many typographic points to the right and up of it."""
    x, y = aside
    where = {
        "ha": "center" if x == 0 else "left" if x > 0 else "right",
        "va": "center" if y == 0 else "bottom" if y > 0 else "top",
        "fontsize": 8,
    }
    ax.annotate(words, at, xytext=aside, textcoords="offset points", **where | look)
