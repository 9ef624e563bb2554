"""The bars of Rötzer et al. 2025, Fig. 11: where all carbon is, and what came in."""

import functools
from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from soilnb.figures import style
from soilnb.figures.pore import series
from soilnb.figures.pore.series import CARBON_SHARES, LOOKS, NAMES, Runs

#: The bars of the last day in Fig. 11.
_ORDER_11 = ("static", "cn10", "cn22", "reference", "cn100", "ten_pulses")


@style.frame(10.8, 6.6)
def fig11(
    figure: Figure, runs: Runs, *, days: Sequence[float] = (0, 199, 200, 500), least: float = 2.0
) -> list[str]:
    """Draw where the carbon is, by day and scenario, with what came in between (Fig. 11).

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        ``reference``, ``static``, ``cn10``, ``cn22``, ``cn100`` and ``ten_pulses``; each may have
        the dimension ``seed``.
    days : sequence of four floats
        The start, before the pulse, after it, and the end.
    least : float
        Shares below it (%) are drawn, but their value is not written.
    """
    ax = figure.subplots()
    reference = series.run_of(runs)
    begin, before, after, end = days
    places, labels = [0.0], [f"day {begin:g}"]

    def put(label: str, step: float) -> float:
        labels.append(label)
        places.append(places[-1] + step)
        return places[-1]

    last_runs = [series.run_of(runs, name) for name in _ORDER_11]
    highest = max(_carbon(run, end).sum() for run in last_runs)
    stock = functools.partial(_stock, ax, least=least, highest=highest)
    stock(0.0, reference, begin)
    for first, last in ((begin, before), (before, after)):
        span = f"days {first + 1:g}-{last:g}" if last > first + 1 else f"day {last:g}"
        _inputs(ax, put(f"came in\n{span}", 1.1), [reference], first, last)
        stock(put(f"day {last:g}", 1.0), reference, last)
    came = [reference, series.run_of(runs, "ten_pulses")]
    place = put(f"came in\ndays {after + 1:g}-{end:g}\n(one | ten\npulses)", 1.1)
    _inputs(ax, place, came, after, end)
    for name, run in zip(_ORDER_11, last_runs, strict=True):
        words = NAMES[name].replace(", ", "\n").replace("out m", "out\nm")
        place = put(f"day {end:g}\n{words}", 1.1 if name == "static" else 1.0)
        stock(place, run, end)
    ax.set_xticks(places, labels, fontsize=8)
    ax.set(ylabel="carbon (mg g⁻¹ dry soil)", xlim=(-0.6, places[-1] + 0.6))
    looks = [LOOKS[name] for name in (*CARBON_SHARES, "C_CO2")]
    handles = [Patch(facecolor=look.colour, ec="white", label=look.label) for look in looks]
    for label, name in (("input: POM", "C_POM"), ("input: exudates", "C_S")):
        colour = LOOKS[name].colour
        handles.append(Patch(facecolor=colour, hatch="///", ec="white", label=label))
    ax.legend(handles=handles, loc="upper left", ncols=2)
    ax.margins(y=0.05)
    return series.sources(reference, band="")


def _carbon(run: xr.Dataset, day: float) -> np.ndarray:
    """Return the carbon of a day in each pool, and what has been respired (mg g-1)."""
    now = run.sel(time=day)
    return np.array([float(series.mean(now, name)) for name in (*CARBON_SHARES, "C_CO2")])


def _stock(
    ax: Axes, place: float, run: xr.Dataset, day: float, *, least: float, highest: float
) -> None:
    """Draw where the carbon is on a day as a stacked bar, with amounts and shares.

    A value is written where its share is at least `least` (%), and its part of the bar so high
    that the writing fits, beside bars of `highest`; the share below it where that fits, too.
    """
    amounts = _carbon(run, day)
    bottom, total = 0.0, amounts.sum()
    for name, amount in zip((*CARBON_SHARES, "C_CO2"), amounts, strict=True):
        look = {"color": LOOKS[name].colour, "edgecolor": "white", "lw": 0.5}
        ax.bar(place, amount, 0.88, bottom=bottom, gid=f"stock-{name}", **look)
        if amount >= max(least / 100 * total, 0.025 * highest):
            share = f"\n({100 * amount / total:.0f} %)" if amount >= 0.06 * highest else ""
            words = f"{amount:.2f}{share}"
            where = {"ha": "center", "va": "center", "fontsize": 8.5}
            colour = series.readable_on(look["color"])
            ax.text(place, bottom + amount / 2, words, color=colour, **where)
        bottom += amount
    ax.text(place, bottom, f"{total:.1f}", ha="center", va="bottom", fontsize=9)


def _inputs(ax: Axes, place: float, runs: Sequence[xr.Dataset], first: float, last: float) -> None:
    """Draw what came in between two days as hatched bars, one for each run."""
    width = 0.62 / len(runs)
    for turn, run in enumerate(runs):
        bottom, at = 0.0, place + (turn - (len(runs) - 1) / 2) * 1.3 * width
        for name, look in (("R_POM", LOOKS["C_POM"]), ("R_root", LOOKS["C_S"])):
            amount = series.amount_between(run, name, first, last)
            hatched = {"hatch": "///", "edgecolor": "white", "lw": 0.5}
            ax.bar(
                at, amount, width, bottom=bottom, color=look.colour, gid=f"input-{name}", **hatched
            )
            bottom += amount
        ax.text(at, bottom, f"{bottom:.2f}", ha="center", va="bottom", fontsize=8.5)
