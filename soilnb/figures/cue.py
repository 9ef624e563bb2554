"""Figures of our own on carbon use efficiency: its levels, its methods, its controls."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soilnb.figures import series, style
from soilnb.figures.he2024.concepts import METHODS, measured
from soilnb.figures.style import COLOURS
from soilnb.results import raised

#: Label, colour and dash of each level of organisation.
LEVELS = {
    "community_cue": ("community, before death", COLOURS["blue"], "-"),
    "ecosystem_cue": ("ecosystem, after death", COLOURS["vermilion"], "--"),
}
_GUILDS = ((COLOURS["green"], ":"), (COLOURS["purple"], "-."))


@style.frame(5.0, 4.4)
def levels(figure: Figure, run: xr.Dataset) -> None:
    """Draw the nested efficiencies after a step, on a logarithmic time axis.

    Parameters
    ----------
    run : Dataset, [time] and [population, time]
        As of `soilnb.cue.nested`, with ``time`` in years, the first one the instant after the step.
    """
    top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [1.5, 1]})
    time = np.maximum(run["time"].values, run["time"].values[1] / 2)
    for name, (colour, line) in zip(run["population"].values, _GUILDS, strict=True):
        values = run["population_cue"].sel(population=name).transpose("time")
        top.plot(time, values, line, color=colour, lw=1.6, label=f"population {name}")
    for ax, (name, (label, colour, line)) in zip((top, bottom), LEVELS.items(), strict=True):
        ax.plot(time, run[name], line, color=colour, lw=2.2, label=label)
        ax.axhline(0, color="0.75", lw=0.8)
    reach = max(0.03, 1.6 * float(np.abs(run["ecosystem_cue"]).max()))
    top.set(ylabel="CUE (1)", ylim=(0, 1.0))
    bottom.set(xlabel="time since the step (years)", ylabel="CUE (1)", ylim=(-reach, reach))
    series.years(bottom, time[0], time[-1])
    top.legend(loc="upper right", ncols=2)
    bottom.legend(loc="upper right")


@style.frame(5.0, 4.8)
def pulse(
    figure: Figure, book: xr.Dataset, cues: xr.Dataset, *, window: tuple[float, float] | None = None
) -> None:
    """Draw the fluxes of a ledger over days, and the efficiencies that follow from them.

    Parameters
    ----------
    book : Dataset, [time]
        A ledger of the pore scale, mg per g and day; ``time`` in days.
    cues : Dataset, [time]
        Its nested efficiencies.
    window : tuple of two floats, optional
        Days to shade.
    """
    top, bottom = figure.subplots(2, 1, sharex=True)
    for name, label, colour, line in (
        ("uptake", "uptake U", COLOURS["black"], "-"),
        ("respiration", "respiration R", COLOURS["orange"], "--"),
        ("turnover", "death MD", COLOURS["purple"], "-."),
    ):
        top.plot(book["time"], 1000 * book[name], line, color=colour, lw=1.6, label=label)
    top.set(ylabel="flux (µg C g⁻¹ d⁻¹)")
    bottom.axhline(0, color="0.75", lw=0.8)
    for name, (label, colour, line) in LEVELS.items():
        bottom.plot(cues["time"], cues[name], line, color=colour, lw=1.8, label=label)
    low = min(-0.3, 1.2 * float(cues["ecosystem_cue"].min()))
    bottom.set(xlabel="day", ylabel="CUE (1)", ylim=(max(low, -2.0), 1.05))
    bottom.set_xlim(float(book["time"].min()), float(book["time"].max()))
    for ax in (top, bottom):
        if window is not None:
            ax.axvspan(*window, color=COLOURS["yellow"], alpha=0.25, lw=0, zorder=0)
        ax.legend(loc="upper right")


@style.frame(8.6, 3.5)
def bench(figure: Figure, result: xr.Dataset) -> str:
    """Draw what five methods report of one soil, and where a label goes.

    Parameters
    ----------
    result : Dataset
        ``measured`` over ``technique``; ``community`` and ``ecosystem``, the true efficiencies;
        ``food biomass dead respired`` over ``time`` (days), shares of a label.
    """
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.25, 1]})
    values = result["measured"].values
    colours = [COLOURS[name] for name in ("orange", "orange", "blue", "purple", "grey")]
    hatches = ("", "//", "", "..", "")
    for at, (value, colour, hatch) in enumerate(zip(values, colours, hatches, strict=True)):
        left.bar(at, value, 0.66, color=colour, hatch=hatch, edgecolor="0.25")
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        series.tell(left, f"{value:z.2f}", (at, value), (0, 4), va="baseline", bbox=box, zorder=4)
    for name, label, line in (
        ("community", "true CUE of the community", "-"),
        ("ecosystem", "true CUE of the ecosystem", ":"),
    ):
        left.axhline(float(result[name]), ls=line, color="black", lw=1.4, label=label)
    words = ["¹³C, short", "¹³C, long", "¹⁸O", "enzymes", "biomass\nchange"]
    left.set_xticks(range(len(values)), words)
    left.set(ylabel="CUE that is reported (1)", ylim=(0, 1))
    left.legend(loc="upper right")
    for name, label, colour, line in (
        ("biomass", "living biomass", COLOURS["green"], "-"),
        ("respired", "CO₂", COLOURS["vermilion"], "--"),
        ("dead", "dead matter, exudates", COLOURS["purple"], "-."),
    ):
        right.plot(result["time"], result[name], line, color=colour, lw=1.8, label=label)
    series.log_axis(right, [1 / 24, 1, 10, 100], ["1 h", "1 d", "10 d", "100 d"])
    right.set(xlabel="time since the label was added", ylabel="share of the label (1)", ylim=(0, 1))
    right.legend(loc="upper left")
    return "a made-up soil, model"


@style.frame(5.0, 3.6)
def substrates(figure: Figure, table: pd.DataFrame, *, data: xr.Dataset) -> list[str]:
    """Draw mean and spread of measured CUE by kind of substrate.

    Parameters
    ----------
    table : DataFrame
        As of `soilnb.cue.measured.by_substrate`.
    data : Dataset
        The data set ``cue`` that it comes from, for the note.
    """
    ax = figure.subplots()
    at = np.arange(len(table))[::-1]
    for y, (name, row) in zip(at, table.iterrows(), strict=True):
        _, marker, colour = METHODS["18O" if "18O" in str(name) else "substrate"]
        ax.errorbar(
            row["mean"], y, xerr=row["sd"], fmt=marker, ms=7, capsize=3, color=colour, mec="black"
        )
    labels = [
        f"{raised(name)}: n = {row['records']:.0f}, {row['places']:.0f} places"
        for name, row in table.iterrows()
    ]
    ax.set_yticks(at, labels)
    ax.set(xlabel="measured CUE, mean and standard deviation (1)", xlim=(0, 1))
    return measured(data)


@style.frame(5.0, 4.0)
def temperature(
    figure: Figure,
    lines: Mapping[str, tuple[np.ndarray, np.ndarray]],
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
    data: xr.Dataset | None = None,
) -> None:
    """Draw CUE against temperature: straight lines, logit curves, and measurements behind them.

    Parameters
    ----------
    lines, curves : mapping of str to (temperature, cue)
        Straight lines, each only where it stays within 0 to 1, and logit curves, by their label;
        a curve named as a method of the data set has that method's colour.
    data : Dataset, optional
        The data set ``cue``, drawn as points.
    """
    ax = figure.subplots()
    if data is not None:
        for name, (label, marker, colour) in METHODS.items():
            some = data["method"].values == name
            ax.plot(
                data["temperature"].values[some], data["cue"].values[some], marker, ms=3, mew=0,
                alpha=0.22, color=colour, label=f"{label}, n = {some.sum()}",
            )  # fmt: skip
    shades = ("black", "grey", "sky", "yellow", "purple")
    dashes = ((0, (5, 2)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (6, 2, 1, 2)), (0, (2, 2)))
    for (label, (t, cue)), name, line in zip(lines.items(), shades, dashes, strict=False):
        ax.plot(t, cue, ls=line, lw=1.4, color=COLOURS[name], label=label)
        ax.plot(t[[0, -1]], cue[[0, -1]], "|", ms=8, color=COLOURS[name])
    for label, (t, cue) in curves.items():
        name, _, colour = METHODS.get(label, (label, "", COLOURS["green"]))
        words = f"logit, fitted to {name}" if label in METHODS else label
        ax.plot(t, cue, "-", lw=4.0, color="white")
        ax.plot(t, cue, "-", lw=2.4, color=colour, label=words)
    ax.set(xlim=(-20, 60), ylim=(0, 1), xlabel="temperature (°C)", ylabel="CUE (1)")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7.5)
    return measured(data) if data is not None else None


@style.frame(9.0, 3.1)
def controls(figure: Figure, result: xr.Dataset) -> str:
    """Draw the combined CUE along each control, with the chosen state, and what bounds it.

    Parameters
    ----------
    result : Dataset
        ``along_celsius``, ``along_c_to_n`` and ``along_gamma``: the combined CUE over the dimension
        of that name, the others as chosen; scalars ``metabolism``, ``nutrients`` and ``cue``;
        the chosen values and the ``standing`` of the combination in ``attrs``.
    """
    axes = figure.subplots(1, 4, gridspec_kw={"width_ratios": [1, 1, 1, 0.95]})
    for ax, name, label in zip(
        axes,
        ("celsius", "c_to_n", "gamma"),
        ("temperature (°C)", "C:N of the food (mol mol⁻¹)", "electrons per C of the food (1)"),
        strict=False,
    ):
        curve = result[f"along_{name}"]
        ax.plot(curve[name], curve, "-", lw=2, color=COLOURS["blue"])
        ax.plot(result.attrs[name], float(result["cue"]), "o", ms=8, color="white", mec="black")
        ax.set(xlabel=label, ylim=(0, 1))
    axes[0].set(ylabel="CUE (1)")
    _bounds(axes[3], result)
    return result.attrs["standing"]


def _bounds(ax: Axes, result: xr.Dataset) -> None:
    energy, nutrients, cue = (float(result[name]) for name in ("metabolism", "nutrients", "cue"))
    looks = (
        (energy, "sky", "", "energy"),
        (nutrients, "green", "//", "nutrients"),
        (cue, "blue", "", "CUE"),
    )
    for at, (value, colour, hatch, _) in enumerate(looks):
        ax.bar(at, value, 0.7, color=COLOURS[colour], hatch=hatch, edgecolor="0.25")
        ax.annotate(f"{value:.2f}", (at, value), ha="center", va="bottom", fontsize=8)
    ax.set_xticks(range(3), [look[3] for look in looks], fontsize=7.5)
    ax.set(ylim=(0, 1), ylabel="what each allows (1)")
