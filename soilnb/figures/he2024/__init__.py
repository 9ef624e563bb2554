"""Figures of He et al. 2024, Nature Communications 15, 8010, and those that explain them.

``fig5`` and ``fig6`` redraw the paper's figures from our own runs; the others show
what stands behind them.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soilnb.figures import maps, schematic, series, style
from soilnb.figures.style import COLOURS, MODEL

#: Marker and colour of each kind of treatment in the ensemble of Fig. 5.
TREATMENTS = {
    "combined": (".", "#C9B8C4"),
    "intrinsic CUE": ("D", COLOURS["blue"]),
    "litter quality": ("^", COLOURS["green"]),
    "litter input": ("o", COLOURS["orange"]),
}

#: Fill of a pool in a schematic, by what it is.
FILLS = {"litter": "#F6E3B4", "microbes": "#CFE3F3", "soil": "#E3D5C9"}

#: Hatch of a pool in bars, by what it is.
HATCHES = {"litter": "//", "microbes": "..", "soil": ""}


def diamonds(ax: Axes, cue: xr.DataArray) -> None:
    """Draw the CUE constants of MIMICS, [litter, microbe], as diamonds on an axes."""
    for position, (litter, colour) in enumerate(
        zip(cue["litter"].values, (COLOURS["green"], COLOURS["orange"]), strict=True)
    ):
        for microbe in cue["microbe"].values:
            value = float(cue.sel(litter=litter, microbe=microbe))
            ax.plot(position, value, "D", ms=9, color=colour, mec="black")
            series.tell(ax, f"{microbe}-strategists, {value:.2f}", (position, value), (11, 0))
    ax.set(xlim=(-0.5, 2.1), ylim=(0, 1), ylabel="intrinsic CUE (1)")
    ax.set_xticks(range(cue.sizes["litter"]), [f"{name} litter" for name in cue["litter"].values])


@style.frame(7.2, 6.0)
def fig5(figure: Figure, ensemble: xr.Dataset) -> str:
    """Draw the responses of CUE, SOC and microbial C to treatments (Fig. 5a-d).

    Parameters
    ----------
    ensemble : Dataset, [experiment]
        ln response ratios ``lnrr_cue``, ``lnrr_soc``, ``lnrr_mbc`` (1), ``duration`` (years) and
        ``treatment`` (a key of `TREATMENTS`).
    """
    grid = figure.subplots(2, 2)
    layout = (
        (grid[0, 0], "a", "lnrr_cue", "lnrr_soc"),
        (grid[0, 1], "b", "duration", "lnrr_cue"),
        (grid[1, 0], "c", "lnrr_cue", "lnrr_mbc"),
        (grid[1, 1], "d", "duration", "lnrr_soc"),
    )
    labels = {
        "lnrr_cue": "ln response ratio of CUE (1)",
        "lnrr_soc": "ln response ratio of SOC (1)",
        "lnrr_mbc": "ln response ratio of microbial C (1)",
        "duration": "duration of the treatment (years)",
    }
    for ax, letter, x, y in layout:
        style.panel(ax, letter)
        ax.axhline(0, color="0.8", lw=0.8, zorder=0)
        if x != "duration":
            ax.axvline(0, color="0.8", lw=0.8, zorder=0)
        for name, (marker, colour) in TREATMENTS.items():
            some = ensemble.isel(experiment=(ensemble["treatment"] == name).values)
            look = {"color": colour, "ms": 4, "mew": 0, "alpha": 0.8, "ls": "", "label": name}
            ax.plot(some[x], some[y], marker, **look)
        ax.set(xlabel=labels[x], ylabel=labels[y])
        ax.set_title(_correlation(ensemble[x].values, ensemble[y].values), loc="right", fontsize=8)
    style.legend_above(grid[0, 0], 4)
    count = ensemble.sizes["experiment"]
    return f"MIMICS, n = {count} experiments at 14 LTER sites"


def _correlation(x: np.ndarray, y: np.ndarray) -> str:
    return f"r = {np.corrcoef(x, y)[0, 1]:.2f}"


@style.frame(8.6, 6.4)
def fig6(figure: Figure, cells: xr.Dataset) -> list[str]:
    """Draw the diagnosed CUE of CENTURY and MIMICS: maps, scatter, histogram (Fig. 6a-d).

    Parameters
    ----------
    cells : Dataset, [cell]
        ``cue_century`` and ``cue_mimics`` (1), ``area`` (m2), with the coordinates ``latitude``
        and ``longitude`` (degrees); ``attrs["data"]`` names what the maps rest on.
    """
    grid = figure.subplots(2, 2, gridspec_kw={"height_ratios": [1.0, 1.05]})
    century, mimics = cells["cue_century"].values, cells["cue_mimics"].values
    for ax, letter, name, values in (
        (grid[0, 0], "a", "CENTURY", century),
        (grid[0, 1], "b", "MIMICS", mimics),
    ):
        style.panel(ax, letter, name)
        maps.bar_level(maps.world(ax, cells, values), ax, "diagnosed CUE (1)")

    ax = style.panel(grid[1, 0], "c", "the two maps")
    ax.plot(century, mimics, ".", ms=3, mew=0, alpha=0.35, color=COLOURS["black"])
    ax.set(xlabel="CUE diagnosed from CENTURY (1)", ylabel="CUE diagnosed from MIMICS (1)")
    ax.set_title(_correlation(century, mimics) + f", n = {len(century)}", loc="right", fontsize=8)

    ax = style.panel(grid[1, 1], "d", "distribution")
    bins = np.arange(0.38, 0.7601, 0.005)
    for name, values, hatch in (("CENTURY", century, "///"), ("MIMICS", mimics, "")):
        ax.hist(
            values, bins, weights=100 * cells["area"] / cells["area"].sum(), label=name, alpha=0.7,
            color=MODEL[name], hatch=hatch, edgecolor="white", linewidth=0.3,
        )  # fmt: skip
    ax.set(xlabel="diagnosed CUE (1)", ylabel="share of the vegetated area (%)")
    ax.set_xlim(min(century.min(), mimics.min()) - 0.02, max(century.max(), mimics.max()) + 0.02)
    ax.legend()
    return [
        cells.attrs.get("data", ""),
        style.SYNTHETIC if cells.attrs.get("kind") == "synthetic" else "",
    ]


#: Where each pool stands in a schematic, what is written in its box, and what it is.
_CENTURY = {
    "surface_metabolic": ((0, 4), "metabolic\n(surface)", "litter"),
    "soil_metabolic": ((1.9, 4), "metabolic\n(soil)", "litter"),
    "surface_structural": ((3.8, 4), "structural\n(surface)", "litter"),
    "soil_structural": ((5.7, 4), "structural\n(soil)", "litter"),
    "active": ((1.0, 1.6), "active", "soil"),
    "slow": ((4.9, 1.6), "slow", "soil"),
    "passive": ((2.95, 0.1), "passive", "soil"),
}
_MIMICS = {
    "LITm": ((0, 4.6), "metabolic\nlitter", "litter"),
    "LITs": ((4.4, 4.6), "structural\nlitter", "litter"),
    "MICr": ((0, 2.9), "microbes r", "microbes"),
    "MICK": ((4.4, 2.9), "microbes K", "microbes"),
    "SOMa": ((2.2, 2.4), "available", "soil"),
    "SOMp": ((0.4, 0.6), "protected", "soil"),
    "SOMc": ((4.0, 0.6), "chemically\nresistant", "soil"),
}


@style.frame(9.4, 4.2)
def structures(figure: Figure, century: pd.DataFrame, mimics: pd.DataFrame) -> None:
    """Draw the pools and links of both models, each from the model's own list of links."""
    titles = ("CENTURY: first-order decay", "MIMICS: microbes do the work")
    for ax, boxes, links, title in zip(
        figure.subplots(1, 2), (_CENTURY, _MIMICS), (century, mimics), titles, strict=True
    ):
        schematic.boxes_and_arrows(
            ax,
            {pool: place for pool, (place, _, _) in boxes.items()},
            links,
            names={pool: words for pool, (_, words, _) in boxes.items()},
            colours={pool: FILLS[kind] for pool, (_, _, kind) in boxes.items()},
        )
        ax.set_title(title, fontsize=9, fontweight="bold")
        schematic.legend(ax, links, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=2)


@style.frame(5.0, 3.1)
def pools(figure: Figure, state: xr.Dataset) -> None:
    """Draw a soil's pools as bars (for the first explorer).

    Parameters
    ----------
    state : Dataset
        Steady state of a pool model with ``carbon`` (kg C m-2) over ``pool``.
    """
    ax = figure.subplots()
    carbon = state["carbon"]
    kinds = ["litter", "litter", "microbes", "microbes", "soil", "soil", "soil"]
    pool_bars(ax, carbon, kinds, [f"{value:.2f}" for value in carbon.values], fontsize=8)
    ax.set_ylim(0, max(0.5, 1.15 * float(carbon.max())))
    ax.legend(ncols=3, loc="upper left")


def pool_bars(
    ax: Axes, carbon: xr.DataArray, kinds: Sequence[str], words: Sequence[str], *, fontsize: float
) -> None:
    """Draw pools, kg C m-2, as bars in the fills of their kinds, with words above each."""
    for kind, hatch in HATCHES.items():
        at = np.flatnonzero(np.asarray(kinds) == kind)
        look = {"color": FILLS[kind], "edgecolor": "0.3", "hatch": hatch}
        ax.bar(at, carbon.values[at], label=kind, **look)
    for place in zip(words, enumerate(carbon.values), strict=True):
        series.tell(ax, *place, (0, 1), fontsize=fontsize)
    names = map(str, carbon["pool_name"].values)
    labels = [name.replace(" ", "\n", 1).replace(" (", "\n(") for name in names]
    ax.set_xticks(range(carbon.size), labels)
    ax.set_xlim(-0.5, carbon.size - 0.5)
    ax.tick_params(axis="x", labelsize=7)
    ax.set_ylabel("carbon (kg C m⁻²)")


@style.frame(5.0, 3.3)
def step(figure: Figure, run: xr.Dataset) -> None:
    """Draw what CUE, microbes and SOC do after a step, on a logarithmic time axis.

    Parameters
    ----------
    run : Dataset, [time]
        ``response_cue``, ``response_mbc``, ``response_soc``: value over its value before the
        step, less one (%); ``time`` in years, the first one the instant after the step.
    """
    ax = figure.subplots()
    time = np.maximum(run["time"].values, run["time"].values[1] / 2)
    for name, label, colour, line in (
        ("response_cue", "diagnosed CUE", COLOURS["blue"], "-"),
        ("response_mbc", "microbial C", COLOURS["green"], "--"),
        ("response_soc", "SOC", COLOURS["vermilion"], "-."),
    ):
        ax.plot(time, run[name], line, color=colour, label=label, lw=1.8)
    ax.axhline(0, color="0.7", lw=0.8)
    ax.set(xlabel="time since the step (years)", ylabel="change since before (%)")
    series.years(ax, time[0], time[-1])
    ax.legend(loc="upper left")


@style.frame(4.4, 4.2)
def lter(figure: Figure, sites: xr.Dataset) -> None:
    """Draw modelled against observed SOC at the LTER sites.

    Parameters
    ----------
    sites : Dataset, [site]
        ``observed`` and ``modelled`` (kg C m-2, 0-30 cm), coordinate ``site``; ``attrs`` r2, rmse.
    """
    ax = figure.subplots()
    top = 1.08 * float(max(sites["observed"].max(), sites["modelled"].max()))
    ax.plot([0, top], [0, top], "-", color="0.7", lw=1, label="1:1")
    ax.plot(sites["observed"], sites["modelled"], "o", color=MODEL["MIMICS"], ms=6)
    spots = list(zip(sites["observed"].values, sites["modelled"].values, strict=True))
    for name, (x, y) in zip(sites["site"].values, spots, strict=True):
        others = [(u - x, v - y) for u, v in spots if (u, v) != (x, y) and abs(v - y) < 0.35]
        aside = -5 if any(0.05 < right < 0.7 for right, _ in others) else 5
        below = any(abs(right) <= 0.05 and up > 0 for right, up in others)
        series.tell(ax, str(name), (x, y), (aside, -9 if below else 3), va="baseline", fontsize=7)
    ax.set(
        xlim=(0, top), ylim=(0, top), aspect="equal",
        xlabel="observed SOC, 0-30 cm (kg C m⁻²)", ylabel="MIMICS (kg C m⁻²)",
    )  # fmt: skip
    ax.set_title(
        f"r² = {sites.attrs['r2']:.3f}, RMSE = {sites.attrs['rmse']:.3f} kg C m⁻²",
        loc="left",
    )
    ax.legend(loc="lower right")


@style.frame(5.0, 3.1)
def definitions(figure: Figure, cue: xr.DataArray) -> None:
    """Draw diagnosed CUE by model and by what counts as decomposition.

    Parameters
    ----------
    cue : DataArray, [model, decomposition]
    """
    ax = figure.subplots()
    width = 0.26
    looks = ((COLOURS["sky"], ""), (COLOURS["orange"], "//"), (COLOURS["purple"], ".."))
    for shift, (name, (colour, hatch)) in enumerate(
        zip(cue["decomposition"].values, looks, strict=True)
    ):
        at = np.arange(cue.sizes["model"]) + (shift - 1) * width
        values = cue.sel(decomposition=name).values
        ax.bar(
            at, values, 0.92 * width, color=colour, hatch=hatch, edgecolor="0.25",
            label=f"D = {name}",
        )  # fmt: skip
        for x, y in zip(at, values, strict=True):
            ax.annotate(f"{y:.3f}", (x, y), ha="center", va="bottom", fontsize=8)
    ax.set_xticks(range(cue.sizes["model"]), cue["model"].values)
    ax.set(ylabel="diagnosed CUE = 1 − R/D (1)", ylim=(0, 1))
    ax.legend(loc="upper center", ncols=3)


@style.frame(5.0, 4.4)
def litter_sweep(figure: Figure, sweep: xr.Dataset) -> None:
    """Draw diagnosed CUE and the r:K ratio along litter quality, with the extinction marked.

    Parameters
    ----------
    sweep : Dataset, [site]
        ``lignin_to_n`` (g lignin per g N), ``cue`` (1), ``r_to_k`` (1), ``extinct`` (bool).
    """
    top, bottom = figure.subplots(2, 1, sharex=True)
    x, gone = sweep["lignin_to_n"].values, sweep["extinct"].values.astype(bool)
    for ax, name in ((top, "cue"), (bottom, "r_to_k")):
        ax.plot(x[~gone], sweep[name].values[~gone], "-", color=MODEL["MIMICS"], lw=1.8)
        if gone.any():
            ax.axvspan(x[gone][0], x[gone][-1], color="0.92", zorder=0)
    if gone.any():
        top.plot(
            x[gone], sweep["cue"].values[gone], "--", color=COLOURS["vermilion"],
            label="r-strategists extinct",
        )  # fmt: skip
        top.legend(loc="upper left")
    top.set(ylabel="diagnosed CUE (1)")
    bottom.set(ylabel="r : K biomass (1)", xlabel="lignin : N of the litter (g g⁻¹)")
    series.log_axis(bottom, [0.01, 0.1, 1, 10], axis="y")
