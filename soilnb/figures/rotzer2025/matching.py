"""What was not printed: which choices matter, what they can reach, and what is left of them."""

import numpy as np
import pandas as pd
from cmcrameri import cm
from matplotlib.figure import Figure

from soilnb.claims import matching
from soilnb.figures import style
from soilnb.figures.style import COLOURS
from soilnb.results import raised

#: Short words for the numbers, in the order in which they are drawn.
WORDS = {
    "bio-eq": "biomass",
    "resp-eq": "respiration",
    "cue-eq": "CUE",
    "overflow-share": "overflow share",
    "doc-eq": "dissolved carbon",
    "ns-eq": "dissolved nitrogen",
    "cn-solution": "C/N of the solution",
    "nec-eq": "necromass",
    "nec-c-share": "necromass, % of C",
    "nec-n-share": "necromass, % of N",
    "bio-peak": "peak of biomass",
    "bio-peak-day": "days to that peak",
    "resp-peak": "peak of respiration",
    "fbd-ratio": "peak of death, ratio",
    "n-leak": "leak of N, ratio",
    "exudate-reach": "reach of exudates",
    "static-bio": "biomass at rest, ratio",
    "static-doc": "dissolved C at rest, ratio",
    "static-ns": "dissolved N at rest, ratio",
    "cue-peak": "peak of CUE",
    "fnec-ratio": "necromass decay, ratio",
    "grow-days": "days of growth",
    "static-peak": "peak at rest, ratio",
}

#: The same for numbers of other scenarios, which only the second wave has: its points lie close
#: together, so nothing is said of them over the whole space.
SCENARIOS = {
    "cue-peak-cn22": "peak of CUE, C/N 22",
    "cue-peak-cn100": "peak of CUE, C/N 100",
    "cn10-plateau": "CUE after C/N 10",
    "nec-new-cn100": "new necromass, C/N 100",
    "co2-cn10": "respired, C/N 10",
    "store-cn10": "stored, C/N 10",
    "ten-co2": "respired, ten pulses",
    "ten-toc": "organic C, ten pulses",
    "ten-share": "respired share, ten pulses",
}

#: Short words for the choices.
CHOICES = {
    "break_factor": "break-up (times 5, 10, 25 %)",
    "fine_max": "longest rod",
    "fine_min": "shortest rod",
    "reactive_1_2": "reactive edges, %",
    "roughness": "roughness",
    "diffusion": "unit of D",
    "biomass_binds": "glue holds biomass",
    "gate": "gate",
    "break_initially": "break-up at first",
    "reaction": "within the hour",
    "half_saturation": "half saturation by",
    "pulse": "pulse by",
}

_MATCH, _HELD = COLOURS["blue"], COLOURS["orange"]

#: Colours of the presets, in their order.
_PRESETS = [COLOURS[name] for name in ("vermilion", "sky", "yellow", "purple", "green")]


@style.frame(8.2, 5.6)
def effects(figure: Figure, table: pd.DataFrame) -> str:
    """Draw which choice decides which number.

    Parameters
    ----------
    table : DataFrame
        Choices by numbers, as of `soilnb.claims.emulated.main_effects`.
    """
    ax = figure.subplots()
    numbers = [name for name in WORDS if name in table]
    shown = table.loc[list(CHOICES), numbers].T
    image = ax.imshow(shown, cmap=cm.lapaz_r, vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(shown.to_numpy()):
        if value >= 0.1:
            ink = "white" if value > 0.45 else "black"
            ax.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=ink, size=7)
    ax.set_xticks(range(len(CHOICES)), CHOICES.values(), rotation=40, ha="right")
    ax.set_yticks(range(len(numbers)), [WORDS[name] for name in numbers])
    ax.spines[:].set_visible(False)
    figure.colorbar(image, ax=ax, shrink=0.6, label="share of the variance between points (1)")
    return "choices by themselves; what is missing to 100 % is joint, or small"


@style.frame(8.2, 5.6)
def reached(figure: Figure, table: pd.DataFrame) -> str:
    """Draw what the runs of both waves and the emulator give, beside what is printed.

    Parameters
    ----------
    table : DataFrame
        As of `soilnb.lessons.pore.what_was_not_printed.reached`.
    """
    ax = figure.subplots()
    numbers = [name for name in WORDS if name in table.index]
    for row, name in enumerate(numbers):
        one = table.loc[name]
        colour = _MATCH if one["side"] == "match" else _HELD
        ax.barh(row, one["wide"] - 1 / one["wide"], left=1 / one["wide"], color="0.87", height=0.8)
        ax.plot([one["low"], one["high"]], [row, row], color=colour, lw=4, solid_capstyle="butt")
        ax.plot(one["runs"], np.full(len(one["runs"]), row), "|", color="0.35", ms=7, mew=0.8)
        ax.plot(one["default"], row, "D", color=COLOURS["vermilion"], ms=5)
    ax.axvline(1, color="0.2", lw=1)
    ax.set_xscale("log", base=2)
    ax.set_xlim(1 / 9, 9)
    ticks = (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8)
    ax.set_xticks(ticks, ["1/8", "1/4", "1/2", "printed", "2", "4", "8"])
    ax.set_yticks(range(len(numbers)), [WORDS[name] for name in numbers])
    ax.invert_yaxis()
    ax.set_xlabel("value over the printed number")
    for label, colour in (("matched", _MATCH), ("held out", _HELD)):
        ax.plot([], [], color=colour, lw=4, label=f"emulated, 95 % of all points ({label})")
    ax.plot([], [], "|", color="0.35", ms=7, label="a run")
    ax.plot([], [], "D", color=COLOURS["vermilion"], ms=5, label="preset default, three seeds")
    ax.barh([np.nan], [0], color="0.87", label="print, with one seed: three standard deviations")
    style.legend_above(ax, 3, fontsize=7)
    return "log scale"


@style.frame(5.0, 4.0)
def fared(figure: Figure, table: pd.DataFrame) -> str:
    """Draw how many held-out numbers runs have, beside how far off they are where it was matched.

    Parameters
    ----------
    table : DataFrame
        As of `soilnb.lessons.pore.what_was_not_printed.again`.
    """
    ax = figure.subplots()
    likely = table[table.index.str.startswith("likely")].astype({"second": float, "hits": float})
    apart = likely.groupby(["second", "hits"]).cumcount()  # the same twice: one above the other
    ax.scatter(likely["second"], likely["hits"] + 0.12 * apart, s=22, color=_MATCH, alpha=0.6)
    ax.scatter([], [], s=22, color=_MATCH, alpha=0.6, label="likely point, one run each")
    ax.axhline(likely["hits"].mean(), color=_MATCH, lw=1, ls=":", label="their mean")
    presets = table.drop(likely.index)
    markers = dict(zip(presets.index, "Dsv^o*", strict=False))
    for (who, one), colour in zip(presets.iterrows(), _PRESETS, strict=False):
        label = f"{who}, three seeds"
        mark = {"marker": markers[who], "color": colour, "mec": "black", "ms": 8}
        ax.plot(one["second"], one["hits"], ls="", label=label, **mark)
    ax.axvspan(0, matching.table()["limit"], color="0.93", zorder=0)
    ax.set_xlim(0, None)
    ax.set_xlabel("second largest implausibility of the matched numbers (1)")
    ax.set_ylabel(f"held-out numbers in their bands, of {table['of'].iloc[0]}")
    ax.yaxis.get_major_locator().set_params(integer=True)
    style.legend_above(ax, 2, fontsize=7)
    return "grey: not ruled out"


@style.frame(8.2, 4.6)
def left(figure: Figure, shares: pd.DataFrame) -> None:
    """Draw what is left of each choice.

    Parameters
    ----------
    shares : DataFrame
        As of `soilnb.claims.emulated.shares`.
    """
    for ax, (name, words) in zip(style.grid(figure, len(CHOICES), 4), CHOICES.items(), strict=True):
        one = shares.loc[name]
        ax.bar(range(len(one)), one["weight"], color=_MATCH, width=0.75)
        wide = np.arange(len(one))[:, None] + [-0.4, 0.4]
        ax.plot(wide.T, one[["prior", "prior"]].to_numpy().T, color="0.2", lw=1.4)
        ax.set_xticks(range(len(one)), one.index.map(raised), fontsize=7)
        ax.set_ylim(0, 1)
        ax.set_yticks([0, 0.5, 1])
        ax.set_title(words, fontsize=8)
    figure.supylabel("weight after matching (dash: before)", fontsize=8)


@style.frame(5.0, 4.0)
def at_a_point(figure: Figure, said: pd.DataFrame) -> str:
    """Draw how far the emulator says a point lies off the printed numbers.

    Parameters
    ----------
    said : DataFrame
        As of `soilnb.explore.matching.answer`.
    """
    ax = figure.subplots()
    numbers = [name for name in WORDS if name in said.index]
    limit = matching.table()["limit"]
    ax.axvspan(-limit, limit, color="0.93", zorder=0)
    ax.axvline(0, color="0.3", lw=0.8)
    rows, shown = said.loc[numbers], np.arange(len(numbers))
    off, match = rows["off"].to_numpy(), rows["side"].to_numpy() == "match"
    for side, colour, marker in ((match, _MATCH, "o"), (~match, _HELD, "s")):
        ax.hlines(shown[side], 0, np.clip(off[side], -9.5, 9.5), color=colour, lw=1.5)
        for some, sign in ((np.abs(off) < 9.5, marker), (np.abs(off) >= 9.5, ">")):
            at = side & some
            ax.plot(np.clip(off[at], -9.5, 9.5), shown[at], sign, color=colour, ms=6)
    for row, value in zip(shown, rows["value"], strict=True):
        ax.text(10.2, row, f"{value:.3g}", va="center", size=7)
    ax.set_xlim(-10, 10)
    ax.set_yticks(shown, [WORDS[name] for name in numbers])
    # What is printed stays while a reader moves the point: labels of the axis, drawn once.
    ax.yaxis.remove_overlapping_locs = False
    ax.set_yticks(shown, [f"/ {printed:.3g}" for printed in rows["printed"]], minor=True)
    beside = {"labelleft": False, "labelright": True, "labelsize": 7, "length": 0, "pad": 38}
    ax.tick_params(axis="y", which="minor", **beside)
    ax.set_ylim(len(numbers) - 0.5, -0.5)
    ax.set_xlabel("standard deviations off the printed number (right: emulated / printed)")
    return "circles: matched; squares: held out; grey: not ruled out"
