"""From pores to the planet: the CUE that emerges, its emulator, profiles, and maps."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soilnb.figures import series, style
from soilnb.figures.maps import bar_level, world
from soilnb.figures.style import COLOURS
from soilnb.upscale.emulator import CueEmulator, Emulator

_MARKERS = ("o", "s", "^", "D", "v", "P")


@style.frame(8.6, 3.7)
def emergent(figure: Figure, runs: xr.Dataset, emulator: CueEmulator) -> None:
    """Draw the CUE of all runs against the substrate, and against what microbes are fed.

    Parameters
    ----------
    runs : Dataset (cn, structure, seed)
        As from `soilnb.claims.pore_runs.load`.
    emulator : CueEmulator
        Of the CUE, drawn as lines with its 95 % for the mean of many domains.
    """
    left, right = figure.subplots(1, 2)
    style.panel(left, "a", "CUE that emerges")
    style.panel(right, "b", "why")
    line = np.geomspace(*emulator.ranges["cn"], 60)
    colours = series.shades(runs.sizes["structure"])
    for i, name in enumerate(runs["structure"].values):
        some = runs.sel(structure=name)
        share = float(some["exposed"].mean())
        found = emulator.predict(cn=line, exposed=share, domains=np.inf)
        left.fill_between(line, found["low"], found["high"], color=colours[i], alpha=0.2, lw=0)
        left.plot(line, found["mean"], color=colours[i], lw=1.4)
        spread = np.exp(0.018 * (i - 2))  # side by side
        cn = np.repeat(runs["cn"].values[:, None], runs.sizes["seed"], axis=1)
        points = {"marker": _MARKERS[i], "color": colours[i], "ls": "", "ms": 4, "mew": 0}
        left.plot((cn * spread).ravel(), some["cue"].values.ravel(), label=f"{share:.2f}", **points)
        right.plot((10 / some["cn_released"]).values.ravel(), some["cue"].values.ravel(), **points)
    _ratio_axis(left, runs["cn"].values)
    left.set(ylabel="CUE of the community (1)", ylim=(0.15, 0.7))
    left.legend(title="exposed share", loc="upper right")
    ceiling = float(runs["cue"].max())
    fed = np.linspace(0.18, 1.02, 50)
    right.plot(fed, np.minimum(fed, ceiling), color="0.3", ls="--", lw=1)
    right.annotate("CUE = nitrogen for growth", (0.42, 0.42), (0.46, 0.34), fontsize=8)
    right.annotate("all carbon that growth leaves", (0.66, ceiling), (0.62, 0.575), fontsize=8)
    right.set(xlabel="C/N of microbes / C/N of what is released (1)", ylim=(0.15, 0.7))


def _ratio_axis(ax: Axes, ticks: np.ndarray, label: str = "C/N ratio of the substrate") -> None:
    series.log_axis(ax, ticks)
    ax.set_xlabel(label)


@style.frame(8.8, 4.0)
def held_out(
    figure: Figure, table: pd.DataFrame, texture: pd.DataFrame, sizes: pd.DataFrame
) -> None:
    """Draw predictions of settings that were left out, and the error of formulas by size.

    Parameters
    ----------
    table : DataFrame
        As from `soilnb.upscale.emulator.held_out`, by ``structure``.
    texture : DataFrame
        ``observed`` and ``predicted`` of runs that the emulator never saw, by another way to the
        same exposed shares.
    sizes : DataFrame
        As from `soilnb.upscale.emulator.candidates`, with ``attrs["seeds"]``, the standard
        deviation of a setting's mean over the seeds.
    """
    left, right = figure.subplots(1, 2)
    style.panel(left, "a", "settings left out")
    style.panel(right, "b", "how large a formula? (coefficients)")
    names = list(dict.fromkeys(table["structure"]))
    for i, (name, colour) in enumerate(zip(names, series.shades(len(names)), strict=True)):
        some = table[table["structure"] == name]
        points = {"marker": _MARKERS[i], "color": colour, "ls": "", "ms": 5, "mew": 0}
        left.plot(some["observed"], some["predicted"], label=name, **points)
    left.plot(
        texture["observed"], texture["predicted"], "x", color=COLOURS["vermilion"], ms=6, mew=1.6,
        label="texture changed", ls="",
    )  # fmt: skip
    left.plot([0.2, 0.66], [0.2, 0.66], color="0.6", lw=0.8, zorder=0)
    left.set(xlabel="CUE of the runs (1)", ylabel="CUE predicted (1)")
    left.legend(loc="upper left", fontsize=7)
    labels = [f"{row[0]}: {row[1]} ({row[2]})" for row in sizes.itertuples(index=False)]
    right.barh(labels, sizes["rmse"], color=COLOURS["sky"], hatch="//", edgecolor="white")
    right.plot(sizes["worst"], labels, "D", color="0.2", ms=4, ls="", label="worst setting")
    right.axvline(
        sizes.attrs["seeds"], color=COLOURS["vermilion"], ls="--", lw=1.2, label="seeds, mean of 3"
    )
    right.invert_yaxis()
    right.tick_params(axis="y", labelsize=7)
    right.set_xlim(left=0)
    right.set_xlabel("error of settings left out (CUE)")
    right.legend(loc="lower right")


@style.frame(4.6, 3.2)
def exposure(figure: Figure, textures: xr.Dataset, emulator: Emulator) -> None:
    """Draw the exposed share against clay: runs, fitted line with its 95 %."""
    ax = figure.subplots()
    line = np.geomspace(*emulator.ranges["clay"], 50)
    for domains, alpha in ((1, 0.15), (np.inf, 0.3)):
        found = emulator.predict(clay=line, domains=domains)
        ax.fill_between(line, found["low"], found["high"], color=COLOURS["blue"], alpha=alpha, lw=0)
    ax.plot(line, found["mean"], color=COLOURS["blue"], lw=1.6, label="formula, 95 %")
    some = textures["exposed"].transpose("clay", ...)
    clay = np.repeat(textures["clay"].values, some.size // len(some))
    ax.plot(clay, some.values.ravel(), "o", color="0.2", ms=4, label="runs")
    _ratio_axis(ax, textures["clay"].values, "particles of 1-2 µm, “clay” (%)")
    ax.set_ylabel("exposed share (1)")
    ax.set_ylim(bottom=0)
    ax.legend()


@style.frame(lambda places, **_: (2.3 * places.sizes["place"], 3.7))
def profiles(figure: Figure, places: xr.Dataset, *, deepest: float = 1.5, note: str = "") -> None:
    """Draw what the emergent CUE changes in the profiles of a few places, with its spread.

    Parameters
    ----------
    places : Dataset (place, draw, layer)
        As from `soilnb.upscale.emergent.handed_over`.
    """
    count = places.sizes["place"]
    axes = figure.subplots(1, count, sharey=True, squeeze=False)[0]
    shown = np.arange(places.sizes["layer"]) <= np.searchsorted(places["depth"], deepest)
    depth = places["depth"].values[shown]
    for ax, name in zip(axes, places["place"].values, strict=True):
        here = places.sel(place=name).isel(layer=shown)
        change = (100 * (here["soc"] / here["soc_published"] - 1)).transpose("draw", "layer")
        words = "90 %", "emergent CUE"
        series.band_downward(ax, depth, change.values, COLOURS["blue"], words)
        ax.axvline(0, color=COLOURS["vermilion"], ls="--", lw=1.4, label="published CUE")
        low, middle, high = np.nanquantile(here["cue"].values, [0.05, 0.5, 0.95])
        ax.set_title(
            f"{name}\nC/N {float(here['cn']):.0f}, clay {float(here['clay']):.0f} %\n"
            f"CUE {middle:.2f} ({low:.2f}-{high:.2f})\n{float(here['stock_published']):.1f} → "
            f"{float(here['stock'].median()):.1f} kg C m⁻²",
            fontsize=8,
        )
    axes[0].set(ylim=(deepest, 0), ylabel="depth (m)")
    style.legend_above(axes[0], 3)
    words = "change of soil organic carbon against the published CUE (%)"
    figure.supxlabel(f"{words}\n{note}" if note else words, fontsize=8)


def _profile(
    ax: Axes, soc: xr.DataArray, published: xr.DataArray, depth: np.ndarray, deepest: float
) -> None:
    """Draw draws of a profile as a band, the published one as a dashed line."""
    shown = np.arange(depth.size) <= np.searchsorted(depth, deepest)
    draws = soc.transpose("draw", "layer").values[:, shown] / 1000
    words = "its 90 %", "emergent CUE"
    series.band_downward(ax, depth[shown], draws, COLOURS["blue"], words)
    ax.plot(
        published.values[shown] / 1000, depth[shown], color=COLOURS["vermilion"], ls="--", lw=1.4,
        label="published CUE",
    )  # fmt: skip
    ax.set_ylim(deepest, 0)
    ax.set_xlim(left=0)


@style.frame(8.8, 5.4)
def maps(figure: Figure, found: xr.Dataset) -> list[str]:
    """Draw the emergent CUE, its spread, and what it changes in soil carbon.

    Parameters
    ----------
    found : Dataset (draw, site)
        As from `soilnb.upscale.emergent.world`.
    """
    axes = figure.subplots(2, 2)
    middle = found.median("draw")
    low, high = (found["cue"].quantile(q, "draw") for q in (0.05, 0.95))
    sure = np.abs(np.sign(found["change"]).mean("draw")) > 0.9
    limit = float(np.nanquantile(np.abs(100 * middle["change"]), 0.98))
    shift = float(np.nanquantile(np.abs(100 * middle["change_published"]), 0.98))
    panels = (
        ("a", "emergent CUE, median", middle["cue"], cm.batlow, {}, "CUE (1)"),
        ("b", "its spread", high - low, cm.devon_r, {"vmin": 0}, "95 % less 5 % of the draws (1)"),
        (
            "c",
            "pattern: against the mean CUE everywhere",
            100 * middle["change"].where(sure),
            cm.vik,
            {"vmin": -limit, "vmax": limit},
            "change of SOC to 1 m (%); grey: < 95 % of draws agree",
        ),
        (
            "d",
            f"pattern and level: against {found.attrs['published_cue']:.2f}",
            100 * middle["change_published"],
            cm.vik,
            {"vmin": -shift, "vmax": shift},
            "change of SOC to 1 m (%)",
        ),
    )
    for ax, (letter, title, values, colours, options, label) in zip(
        axes.ravel(), panels, strict=True
    ):
        style.panel(ax, letter, title)
        if letter == "c":
            grey = np.where(sure, np.nan, 0.0)
            world(ax, found, grey, "Greys", vmin=-1, vmax=1)
        mesh = world(ax, found, values.values, colours, **options)
        bar_level(mesh, ax, label, extend="both" if letter in "cd" else "neither")
    return [
        f"{found.sizes['draw']} draws, {found.sizes['site']:,} cells",
        "speculative",
        style.synthetic(found),
    ]


@style.frame(8.2, 3.6)
def state(figure: Figure, found: Mapping[str, object]) -> None:
    """Draw one choice of substrate and exposure: CUE on the emulator's line, and the profile.

    Parameters
    ----------
    found : mapping
        As from `soilnb.explore.pore_to_planet.hand_over`.
    """
    left, right = figure.subplots(1, 2)
    line, curve, draws = found["line"], found["curve"], found["cue"]
    left.fill_between(line, curve["low"], curve["high"], color=COLOURS["blue"], alpha=0.25, lw=0)
    left.plot(line, curve["mean"], color=COLOURS["blue"], lw=1.6)
    low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
    left.errorbar(
        found["cn"], middle, [[middle - low], [high - middle]], fmt="o", color="0.1", capsize=4
    )
    left.axhline(found["published_cue"], color=COLOURS["vermilion"], ls="--", lw=1.2)
    left.text(
        1.06 * line[0], found["published_cue"] - 0.012, "published", color=COLOURS["vermilion"],
        fontsize=8, va="top",
    )  # fmt: skip
    _ratio_axis(left, found["ticks"])
    left.set(xlim=(line[0], line[-1]), ylim=(0.1, 0.7), ylabel="CUE that emerges in the pores (1)")
    _profile(right, found["soc"], found["published"], found["soc"]["depth"].values, 1.5)
    right.set(xlabel="soil organic carbon (kg C m⁻³)", ylabel="depth (m)")
    right.legend(loc="lower right")
