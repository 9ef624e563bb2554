"""The figures of Tao et al. 2023: two pathways, the microbial model, CUE and SOC."""

import itertools

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from soilnb.figures import layers, schematic, series, style
from soilnb.figures.style import COLOURS
from soilnb.results import raised

#: What each pathway runs through.
_PATHWAYS = {
    "a": (
        "more growth leaves more necromass: SOC rises",
        {("doc", "mic"), ("mic", "msoc")},
    ),
    "b": (
        "more growth makes more enzymes: SOC falls",
        {("doc", "mic"), ("mic", "enz"), ("enz", "msoc"), ("msoc", "doc")},
    ),
}


@style.frame(9.0, 4.0)
def fig1(figure: Figure, transfers: pd.DataFrame) -> None:
    """Draw the two pathways from CUE to SOC on the soil pools of the microbial model.

    Parameters
    ----------
    transfers : DataFrame [to, from]
        The A matrix of COMPAS.
    """
    found = layers.links(transfers)
    for ax, (letter, (title, strong)) in zip(figure.subplots(1, 2), _PATHWAYS.items(), strict=True):
        schematic.boxes_and_arrows(
            ax,
            {"doc": (0, 2.6), "mic": (3.2, 2.6), "enz": (3.2, 0.4), "msoc": (0, 0.4)},
            found,
            names=layers.NAMES,
            colours={"doc": layers.FILL["soil"], "msoc": layers.FILL["soil"]}
            | dict.fromkeys(("mic", "enz"), layers.FILL["microbes"]),
            strong=strong,
            size=(1.75, 0.78),
        )
        style.panel(ax, letter, title)
        shown = found[
            [pair in strong for pair in zip(found["source"], found["target"], strict=True)]
        ]
        schematic.legend(ax, shown, loc="upper center", bbox_to_anchor=(0.5, 0.06))


@style.frame(5.0, 6.0)
def figED3(figure: Figure, transfers: pd.DataFrame) -> None:
    """Draw the structure of the microbial model COMPAS from its A matrix [to, from]."""
    ax = figure.subplots()
    found = layers.draw_structure(ax, transfers)
    schematic.legend(ax, found, loc="upper center", bbox_to_anchor=(0.5, 0.02))


#: The steps of the assimilation: title, what happens, what comes out.
STEPS = (
    (
        "Observe",
        "a soil profile:\nSOC of its layers",
        "carbon (g C m⁻³)\nat mid-depths",
    ),
    (
        "Simulate",
        "the model at steady state\nwith the site's forcing",
        "SOC at 20 nodes,\nread at the same depths",
    ),
    (
        "Judge",
        "misfit J of model\nand observations",
        "accept or refuse\nthe parameters",
    ),
    (
        "Move",
        "adaptive Metropolis:\na new proposal in the prior",
        "three chains,\nposterior, R-hat",
    ),
    (
        "Learn",
        "site parameters against\nenvironmental covariates",
        "a network that predicts\nparameters anywhere",
    ),
    (
        "Map",
        "the model with predicted\nparameters in each cell",
        "SOC, CUE and the other\ncomponents, with spread",
    ),
)


@style.frame(10.8, 3.2)
def figED2(figure: Figure) -> None:
    """Draw the workflow of the assimilation and of what follows it, from `STEPS`."""
    ax = figure.subplots()
    boxes = []
    for number, (title, does, gives) in enumerate(STEPS):
        x = 1.9 * number
        fill = layers.FILL["microbes" if number < 4 else "soil"]
        boxes.append(schematic.box(ax, (x, 0.75), (1.6, 1.5), fill, zorder=1))
        ax.text(x, 1.28, f"{number + 1}. {title}", ha="center", va="center", weight="bold")
        ax.text(x, 0.85, does, ha="center", va="center", fontsize=7)
        ax.text(x, 0.3, gives, ha="center", va="center", fontsize=7, style="italic")
    for left, right in itertools.pairwise(boxes):
        ends = [(p.get_x() + 0.8, 0.75) for p in (left, right)]
        schematic.arrow(ax, ends, "0.25", head=12, between=(left, right), zorder=1)
    # Steps 2 to 4 repeat, which the arrow back says.
    ends = [(boxes[step].get_x() + 0.8, 0.0) for step in (3, 1)]
    schematic.arrow(ax, ends, COLOURS["blue"], head=12, bend=-0.35, zorder=1)
    ax.text(3.8, -0.62, "repeated some 10⁵ times at each site", ha="center", color=COLOURS["blue"])
    ax.set(xlim=(-0.95, 1.9 * 5 + 0.95), ylim=(-0.85, 1.7))
    ax.axis("off")


@style.frame(9.6, 3.5)
def figED4(figure: Figure, grid: xr.Dataset) -> None:
    """Draw how the relation of CUE and SOC hangs on the turnover of microbes and enzymes.

    Parameters
    ----------
    grid : Dataset over (tau_mic, tau_enz_decay, cue)
        ``soc`` (kg C m-2 to 1 m, NaN where there is no steady state), ``sign`` (-1, 0, 1 over the
        two turnover times; 0 where the relation turns), ``broken`` (share of the line on which
        microbes exceed 10 % of SOC) and in its attributes ``slice_mic``, ``slice_enz``: the values
        (yr) at which the two panels of lines are cut.
    """
    first, second, third = figure.subplots(1, 3, width_ratios=(1, 1, 1.25))
    names = {"tau_mic": r"\tau_{MIC}", "tau_enz_decay": r"\tau_{ENZ,decay}"}
    for ax, held, along, cut in (
        (first, "tau_mic", "tau_enz_decay", grid.attrs["slice_mic"]),
        (second, "tau_enz_decay", "tau_mic", grid.attrs["slice_enz"]),
    ):
        title = f"${names[held]}$ = {cut:g} yr"
        _slices(ax, grid["soc"].sel({held: cut}), along, f"${names[along]}$", title)
    _signs(third, grid.transpose("tau_mic", "tau_enz_decay", "cue"))


def _signs(ax: Axes, grid: xr.Dataset) -> None:
    """Draw what a higher CUE does over both turnover times, hatched where microbes are too many."""
    mic, enz = grid["tau_mic"].values, grid["tau_enz_decay"].values
    signs = grid["sign"].values
    colours = ListedColormap([COLOURS["orange"], "#EEEEEE", COLOURS["sky"]])
    ax.pcolormesh(signs, cmap=colours, norm=BoundaryNorm([-1.5, -0.5, 0.5, 1.5], 3))
    hatched = {"facecolor": "none", "edgecolor": "0.35", "hatch": "////"}
    for row, column in zip(*(grid["broken"].values > 0.5).nonzero(), strict=True):
        ax.fill_between([column, column + 1], row, row + 1, **hatched)
    marks = {-1: "−", 0: "±", 1: "+"}
    for (row, column), value in np.ndenumerate(signs):
        mark = marks.get(int(value), "") if value == value else ""
        ax.text(column + 0.5, row + 0.5, mark, ha="center", va="center", fontsize=10)
    ax.set_xticks(np.arange(len(enz)) + 0.5, [f"{v:g}" for v in enz])
    ax.set_yticks(np.arange(len(mic)) + 0.5, [f"{v:g}" for v in mic])
    ax.set_xlabel(r"turnover time of enzymes, $\tau_{ENZ,decay}$ (yr)")
    ax.set_ylabel(r"turnover time of microbes, $\tau_{MIC}$ (yr)")
    ax.set_title("a higher CUE stores …", loc="left")
    handles = [
        Patch(facecolor=COLOURS["sky"], label="more (+)"),
        Patch(facecolor=COLOURS["orange"], label="less (−)"),
        Patch(facecolor="#EEEEEE", label="first one, then the other (±)"),
        Patch(**hatched, label="microbes > 10 % of SOC"),
        Patch(facecolor="white", edgecolor="0.7", label="no steady state"),
    ]
    where = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2)}
    ax.legend(handles=handles, ncols=2, fontsize=7, **where)


def _slices(ax, soc, dim, symbol, title) -> None:
    """Draw log SOC against CUE, one line per turnover time."""
    values = soc[dim].values
    shades = series.shades(len(values))
    for value, shade in zip(values, shades, strict=True):
        line = soc.sel({dim: value})
        ax.plot(line["cue"], line, "o-", ms=3, lw=1.3, color=shade, label=f"{value:g}")
    ax.set_yscale("log")
    ax.set(xlabel=r"microbial CUE, $\eta_{DOC}$", ylabel="SOC to 1 m (kg C m⁻²)")
    ax.set_title(title, loc="left")
    series.plain_log(ax.yaxis)
    ax.legend(
        title=f"{symbol} (yr)",
        ncols=4,
        fontsize=6.5,
        title_fontsize=7,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.2),
    )


@style.frame(5.0, 3.8)
def partial_effect(
    figure: Figure,
    rows: pd.DataFrame,
    fit,
    *,
    others: dict[str, float],
    group: str,
    title: str = "",
    panel: str = "",
) -> None:
    """Draw SOC against CUE with the partial effect of a mixed model, as in Fig. 2.

    Parameters
    ----------
    rows : DataFrame
        ``cue``, ``soc`` (g kg-1 or kg m-2) and the column `group`.
    fit : soilnb.proda.regressions.Fit
        The fitted model.
    others : dict of str to float
        Where the other variables are held.
    group : str
        Column that colours the points; levels beyond the eighth are grey.
    title, panel : str
        Title and panel letter.
    """
    ax = figure.subplots()
    _by_group(ax, rows, group)
    at = np.linspace(float(rows["cue"].min()), float(rows["cue"].max()), 50)
    line = fit.predict(at, **others)
    logged = fit.mixed.response.startswith("log10")
    ax.plot(at, 10**line if logged else line, color="0.05", lw=2.2, zorder=5)
    if logged:
        ax.set_yscale("log")
        series.plain_log(ax.yaxis)
    ax.set(xlabel="microbial CUE", ylabel="soil organic carbon (g C kg⁻¹)")
    slope = fit.coefficients.loc["cue"]
    said = f"slope {slope['estimate']:.2f} ± {slope['error']:.2f}, n = {fit.n}"
    if panel:
        style.panel(ax, panel, title)
    elif title:
        ax.set_title(title, loc="left")
    ax.text(0.98, 1.01, said, transform=ax.transAxes, ha="right", va="bottom", fontsize=8)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3, fontsize=7, title=group)


def _by_group(ax: Axes, rows: pd.DataFrame, group: str) -> None:
    """Draw SOC against CUE in the colours of groups, those beyond the eighth in grey."""
    levels = list(rows[group].value_counts().index)
    palette = [c for name, c in COLOURS.items() if name not in ("black", "grey")]
    for number, level in enumerate(levels):
        some = rows[rows[group] == level]
        first = number < len(palette)
        look = {"color": palette[number]} if first else {"color": COLOURS["grey"]}
        if first and len(levels) <= 20:
            look["label"] = f"{raised(level)} ({len(some)})"
        marker = "osD^vP*X"[number % 8] if first else "."
        ax.plot(some["cue"], some["soc"], marker, ls="", ms=4, alpha=0.6, **look)


@style.frame(lambda table, **_: (5.0, 0.9 + 0.34 * len(table)))
def slopes(figure: Figure, table: pd.DataFrame, *, printed: float | None = None) -> None:
    """Draw estimated slopes with their 95 % intervals, one row per case.

    Parameters
    ----------
    table : DataFrame
        Indexed by the case: ``estimate``, ``error``, ``n``.
    printed : float, optional
        The paper's slope, as a line.
    """
    ax = figure.subplots()
    places = np.arange(len(table))
    ax.errorbar(
        table["estimate"],
        places,
        xerr=1.96 * table["error"],
        fmt="o",
        color=COLOURS["blue"],
        capsize=3,
    )
    ax.axvline(0, color="0.6", lw=0.8)
    if printed is not None:
        ax.axvline(printed, color=COLOURS["vermilion"], ls="--", lw=1.2)
        ax.text(
            printed, 1.01, "printed", transform=ax.get_xaxis_transform(),
            color=COLOURS["vermilion"], ha="center", va="bottom", fontsize=7,
        )  # fmt: skip
    labels = [
        f"{raised(name)} (n = {int(n)})" for name, n in zip(table.index, table["n"], strict=True)
    ]
    ax.set_yticks(places, labels)
    ax.set(ylim=(len(table) - 0.5, -1), xlabel="slope of log₁₀ SOC on CUE\nwith 95 % interval")
