"""The figures of Tao et al. (convergence of CLM5 and COMPAS): structures, sites, posteriors."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from soilnb.figures import layers, schematic, style
from soilnb.figures.style import COLOURS


@style.frame(10.2, 5.0)
def fig1(figure: Figure, clm5: pd.DataFrame, compas: pd.DataFrame) -> None:
    """Draw the structures of both models from their A matrices [to, from]."""
    for ax, letter, title, transfers in zip(
        figure.subplots(1, 2),
        "ab",
        ("CLM5: first-order decay", "COMPAS: microbes and enzymes"),
        (clm5, compas),
        strict=True,
    ):
        found = layers.draw_structure(ax, transfers)
        style.panel(ax, letter, title)
        schematic.legend(ax, found, loc="upper center", bbox_to_anchor=(0.5, 0.04))


@style.frame(5.0, 3.4)
def fig5(figure: Figure, sites: xr.Dataset) -> None:
    """Draw how much larger each Michaelis constant is than its substrate.

    Parameters
    ----------
    sites : Dataset over profile
        ``decomposition`` and ``assimilation``: ratio of the Michaelis constant to the
        concentration of mSOC and of DOC.
    """
    ax = figure.subplots()
    shown = {
        "decomposition (mSOC)": (sites["decomposition"], COLOURS["vermilion"], "///"),
        "assimilation (DOC)": (sites["assimilation"], COLOURS["blue"], "\\\\\\"),
    }
    both = np.concatenate([values.values[values.values > 0] for values, *_ in shown.values()])
    low, high = np.floor(np.log10(both.min())), np.ceil(np.log10(both.max()))
    bins = np.linspace(low, max(high, low + 1), 40)
    for name, (values, colour, hatch) in shown.items():
        found = values.values[np.isfinite(values.values) & (values.values > 0)]
        above = 100 * float((found > 100).mean())
        ax.hist(
            np.log10(found),
            bins,
            histtype="stepfilled",
            alpha=0.45,
            color=colour,
            hatch=hatch,
            edgecolor=colour,
            label=f"{name}: {above:.0f} % above 100, n = {found.size}",
        )
    ax.axvline(2, color="0.2", ls="--", lw=1)
    ticks = np.arange(low, high + 1)
    ax.set_xticks(ticks, [f"10$^{{{int(t)}}}$" for t in ticks])
    ax.set(xlabel="Michaelis constant over substrate concentration (1)", ylabel="profiles")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))


@style.frame(lambda chains: (9.6, 3.0 * len(chains) + 0.3))
def figS2(figure: Figure, chains: Mapping[str, tuple[np.ndarray, list[str], np.ndarray]]) -> None:
    """Draw the posteriors of one profile, each scaled by its prior range.

    Parameters
    ----------
    chains : mapping of str to (array, list, array)
        By model: draws [draw, parameter] scaled to the prior (0 to 1), the parameters' names, and
        their default values on the same scale (NaN where there is none in the range).
    """
    axes = figure.subplots(len(chains), 1, squeeze=False)[:, 0]
    for ax, letter, (model, (draws, names, defaults)) in zip(
        axes, "abcd", chains.items(), strict=False
    ):
        places = np.arange(len(names))
        body = ax.violinplot(draws, places, showextrema=False, widths=0.85)
        for patch in body["bodies"]:
            patch.set_facecolor(layers.MODEL[model][0])
            patch.set_alpha(0.4)
        low, middle, high = np.percentile(draws, [25, 50, 75], axis=0)
        ax.vlines(places, low, high, color="0.2", lw=3)
        ax.plot(places, middle, "o", color="white", mec="0.2", ms=4, ls="")
        ax.plot(places, defaults, "*", color=COLOURS["vermilion"], mec="0.1", ms=9, ls="")
        turned = {"rotation": 60, "ha": "right", "rotation_mode": "anchor", "fontsize": 7}
        ax.set_xticks(places, map(layers.symbol, names), **turned)
        ax.set(ylim=(-0.02, 1.02), xlim=(-0.6, len(names) - 0.4), ylabel="share of the prior range")
        style.panel(ax, letter, f"{model}: violin and quartiles of the posterior, star: default")
