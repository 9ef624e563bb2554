"""Figures 1 to 4 of He et al. 2024: what CUE is, how it is measured, what controls it.

Figures 1 and 3 rest on the data set ``cue`` (or its twin) and on numbers printed in papers; what
no open data hold is said in its panel. Figures 2 and 4 are drawn from tables of the package.
"""

import itertools
import textwrap

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from soilnb.figures import he2024, schematic, series, style
from soilnb.figures.style import COLOURS

#: Label, marker and colour of each method of the data set ``cue``.
METHODS = {
    "18O": ("¹⁸O water", "o", COLOURS["blue"]),
    "substrate": ("substrate", "^", COLOURS["orange"]),
}
_ENZYMES = ("enzyme model", "s", COLOURS["purple"])


def measured(data: xr.Dataset) -> list[str]:
    """Return the words below a figure of the data set ``cue`` or of its twin."""
    count = data["cue"].size
    return [f"data set cue (Yu et al. 2025), n = {count} records", style.synthetic(data)]


@style.frame(8.6, 6.6)
def fig1(
    figure: Figure,
    data: xr.Dataset,
    enzymes: xr.DataArray,
    intrinsic: xr.DataArray,
    published: pd.DataFrame,
) -> list[str]:
    """Draw the variability of CUE: by method, in MIMICS, by ecosystem, assimilated (Fig. 1a-d).

    Parameters
    ----------
    data : Dataset, [record]
        The data set ``cue``.
    enzymes : DataArray, [place]
        CUE of the enzyme model at the places of the data set.
    intrinsic : DataArray, [litter, microbe]
        Intrinsic CUE of MIMICS.
    published : DataFrame
        Printed means, as of `soilnb.cue.measured.published`.
    """
    grid = figure.subplots(2, 2)
    _by_method(style.panel(grid[0, 0], "a", "by method"), data, enzymes)
    he2024.diamonds(style.panel(grid[0, 1], "b", "constants of MIMICS"), intrinsic)
    _by_ecosystem(style.panel(grid[1, 0], "c", "by ecosystem"), published)
    _assimilated(style.panel(grid[1, 1], "d", "assimilated from soil profiles"), data, published)
    for ax in grid.ravel():
        ax.set_ylim(0, 1)
    return measured(data)


def _by_method(ax: Axes, data: xr.Dataset, enzymes: xr.DataArray) -> None:
    for position, (name, (label, marker, colour)) in enumerate(METHODS.items()):
        values = data["cue"].values[data["method"].values == name]
        _cloud(ax, position, values, marker, colour, f"{label}\nn = {values.size}")
    values = enzymes.values[np.isfinite(enzymes.values)]
    label, marker, colour = _ENZYMES
    _cloud(ax, 2, values, marker, colour, f"{label}\n(computed), n = {values.size}")
    ax.text(
        3, 0.5, "no open data", ha="center", va="center", fontsize=8, color="0.35",
        style="italic",
    )  # fmt: skip
    ax.set_xticks(range(4), [*_ticks(ax), "others"])
    ax.tick_params(axis="x", labelsize=7.5)
    ax.set(xlim=(-0.6, 3.6), ylabel="CUE (1)")


def _ticks(ax: Axes) -> list[str]:
    return [line.get_label() for line in ax.lines if "n = " in line.get_label()]


def _cloud(ax: Axes, at: float, values: np.ndarray, marker: str, colour: str, label: str) -> None:
    """Draw all values as a cloud (spread by rank, not by chance), their box, and their mean."""
    rank = np.argsort(np.argsort(values))
    aside = at + 0.32 * (((rank * 0.618034) % 1.0) - 0.5)
    ax.plot(aside, values, marker, ms=2.5, mew=0, alpha=0.45, color=colour, label=label, zorder=1)
    ax.boxplot(
        values, positions=[at], widths=0.5, showfliers=False, medianprops={"color": "black"},
        boxprops={"color": "0.2"}, whiskerprops={"color": "0.2"}, capprops={"color": "0.2"},
        manage_ticks=False,
    )  # fmt: skip
    mean = float(values.mean())
    ax.plot(at, mean, "D", ms=5, color="white", mec="black", zorder=4)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
    series.tell(ax, f"{mean:.2f}", (at, mean), (17, 0), fontsize=7.5, bbox=box, zorder=4)


def _by_ecosystem(ax: Axes, published: pd.DataFrame) -> None:
    rows = published[published["kind"] == "ecosystem"]
    looks = zip(("o", "s", "^"), ("yellow", "orange", "green"), strict=True)
    for at, (row, (marker, colour)) in enumerate(zip(rows.itertuples(), looks, strict=True)):
        ax.plot(at, row.mean, marker, ms=11, color=COLOURS[colour], mec="black", ls="")
        series.tell(ax, f"{row.mean:.2f}", (at, row.mean), (11, 0))
    labels = [f"{row.what}\nn = {row.records:.0f}" for row in rows.itertuples()]
    ax.set_xticks(range(len(rows)), labels)
    ax.set(xlim=(-0.6, len(rows) - 0.4), ylabel="mean CUE, enzyme model (1)")
    _remark(ax, "means printed by He, P. et al. 2023;\nno open data carry the ecosystem", top=True)


def _assimilated(ax: Axes, data: xr.Dataset, published: pd.DataFrame) -> None:
    rows = published.set_index("what")
    labels = []
    for at, (name, (label, marker, colour)) in enumerate(METHODS.items()):
        values = data["cue"].values[data["method"].values == name]
        ax.errorbar(
            at, values.mean(), values.std(ddof=1), fmt=marker, ms=8, color=colour, mec="black",
            capsize=3, label="measured: mean, sd (data set)" if at == 0 else None,
        )  # fmt: skip
        labels.append(f"{label}\nn = {values.size}")
    for at, what in ((0.22, "18O water"), (1.22, "13C or 14C substrate")):
        ax.plot(
            at, rows.loc[what, "mean"], "_", ms=13, mew=2, color="black",
            label="measured: mean printed by Tao et al. 2023" if at < 1 else None,
        )  # fmt: skip
    prior = rows[rows["kind"] == "prior"].iloc[0]
    ax.plot([2, 2], [prior["low"], prior["high"]], "-", color="0.7", lw=7, solid_capstyle="butt",
            label="prior range and default")  # fmt: skip
    ax.plot(2, prior["mean"], "x", ms=7, color="black")
    found = rows[rows["kind"] == "assimilated"].iloc[0]
    ax.plot(3, found["mean"], "D", ms=9, color=COLOURS["green"], mec="black")
    series.tell(ax, f"{found['mean']:.2f}", (3, found["mean"]), (9, 0))
    labels += ["before:\nprior (DOC)", f"after: global\nmedian, n = {found['records']:,.0f}"]
    ax.set_xticks(range(4), labels, fontsize=7)
    ax.set(xlim=(-0.5, 3.7), ylabel="CUE (1)")
    ax.legend(loc="upper right", fontsize=7)
    ax.text(
        2.25, 0.52,
        "before and after:\nprinted by Tao et al.;\nour own assimilation\nis a later notebook",
        va="center", fontsize=7, color="0.3", style="italic",
    )  # fmt: skip


def _remark(ax: Axes, text: str, *, top: bool = False, right: bool = False) -> None:
    """Say in a panel what it rests on, or what it lacks."""
    x, align = (0.98, "right") if right else (0.03, "left")
    y, vertical = (0.97, "top") if top else (0.03, "bottom")
    ax.text(x, y, text, transform=ax.transAxes, ha=align, va=vertical, fontsize=7, color="0.3",
            style="italic")  # fmt: skip


@style.frame(8.6, 6.8)
def fig3(figure: Figure, data: xr.Dataset, enzymes: xr.Dataset, duration: xr.Dataset) -> list[str]:
    """Draw CUE against SOC for two methods, and how long and warm incubations are (Fig. 3a-d).

    Parameters
    ----------
    data : Dataset, [record]
        The data set ``cue``.
    enzymes : Dataset
        CUE of the enzyme model: ``cue_place`` over ``place`` with ``soc_place`` (g kg-1), and
        ``cue_line`` over ``soc`` (g kg-1), a soil whose carbon rises at constant nitrogen.
    duration : Dataset, [time]
        ``cue`` that a labelled substrate reports of one made-up soil, by days of incubation.
    """
    grid = figure.subplots(2, 2)
    _isotopes(style.panel(grid[0, 0], "a", "isotopes"), data)
    _stoichiometric(style.panel(grid[0, 1], "b", "stoichiometric model"), enzymes)
    _durations(style.panel(grid[1, 0], "c", "duration of incubations"), duration)
    _temperatures(style.panel(grid[1, 1], "d", "temperature of incubations"), data)
    return measured(data)


def _isotopes(ax: Axes, data: xr.Dataset) -> None:
    soc, cue = data["soc"].values, data["cue"].values
    for name, (label, marker, colour) in METHODS.items():
        some = data["method"].values == name
        r = np.corrcoef(soc[some], cue[some])[0, 1]
        ax.plot(
            soc[some], cue[some], marker, ms=3, mew=0, alpha=0.45, color=colour,
            label=f"{label}: r = {r:+z.2f}, n = {some.sum()}",
        )  # fmt: skip
        slope, start = np.polyfit(soc[some], cue[some], 1)
        ends = np.array([soc[some].min(), soc[some].max()])
        ax.plot(ends, start + slope * ends, "-", lw=2.2, color="white")
        ax.plot(ends, start + slope * ends, "-" if name == "18O" else "--", lw=1.4, color=colour)
    ax.set(ylim=(0, 1.22), ylabel="CUE (1)", xlabel="soil organic carbon, from a map (g kg⁻¹)")
    ax.legend(loc="upper left", fontsize=7.5)


def _stoichiometric(ax: Axes, enzymes: xr.Dataset) -> None:
    label, marker, colour = _ENZYMES
    known = enzymes.dropna("place")
    r = np.corrcoef(known["soc_place"], known["cue_place"])[0, 1]
    ax.plot(
        known["soc_place"], known["cue_place"], marker, ms=4, mew=0, alpha=0.6, color=colour,
        label=f"at the places of (a), C:N from a map: r = {r:+z.2f}, n = {known.sizes['place']}",
    )  # fmt: skip
    ax.plot(
        enzymes["soc"], enzymes["cue_line"], "-", lw=2, color="black",
        label="one soil, more carbon at the same nitrogen",
    )  # fmt: skip
    ax.set(ylim=(0, 0.75), ylabel=f"CUE, {label} (1)", xlabel="soil organic carbon (g kg⁻¹)")
    ax.legend(loc="upper right", fontsize=7.5)
    _remark(ax, "enzyme activities C:N = 1 throughout")


def _durations(ax: Axes, duration: xr.Dataset) -> None:
    ax.plot(duration["time"], duration["cue"], "-", lw=2, color=METHODS["substrate"][2])
    series.log_axis(ax, [1 / 24, 1, 7, 30, 365], ["1 h", "1 d", "1 week", "30 d", "1 yr"])
    ax.set(ylim=(0, 1), xlabel="duration of the incubation (log scale)", ylabel="CUE from ¹³C (1)")
    _remark(
        ax,
        "durations of real studies: not in open data.\nShown instead: what duration does to the\n"
        "¹³C CUE of one made-up soil (model)", top=True, right=True,
    )  # fmt: skip


def _temperatures(ax: Axes, data: xr.Dataset) -> None:
    warmth = data["temperature"].values
    bins = np.arange(np.floor(np.nanmin(warmth)) - 0.5, np.nanmax(warmth) + 1.5, 1.0)
    parts = [warmth[data["method"].values == name] for name in METHODS]
    labels = [
        f"{label}, n = {np.isfinite(part).sum()}"
        for (label, _, _), part in zip(METHODS.values(), parts, strict=True)
    ]
    ax.hist(
        parts, bins, stacked=True, label=labels, color=[look[2] for look in METHODS.values()],
        edgecolor="white", linewidth=0.4,
    )  # fmt: skip
    for container, hatch in zip(ax.containers, ("", "///"), strict=True):
        for bar in container:
            bar.set_hatch(hatch)
    ax.set(xlabel="temperature of the incubation (°C)", ylabel="records (number)")
    ax.legend(loc="upper left", fontsize=7.5)


# --- drawings from tables -----------------------------------------------------------------

_LEVELS = {"population": "#FBE9C6", "community": "#D7E8F5", "ecosystem": "#DDEBD8"}


@style.frame(9.0, 4.6)
def fig2(figure: Figure, scales: pd.DataFrame) -> None:
    """Draw the levels of CUE with their models and observations (Fig. 2).

    Parameters
    ----------
    scales : DataFrame
        Table ``cue_scales`` of the package: one row per level, the smallest first, with the
        columns ``level symbol organisms time lost models observations``.
    """
    ax = figure.subplots()
    ax.axis("off")
    ax.set(xlim=(0, 12), ylim=(-0.35, 6.5))
    for x, head in ((2.0, "level"), (6.0, "models"), (10.0, "observations")):
        ax.text(x, 6.25, head, ha="center", va="center", fontsize=10, fontweight="bold")
    heights = [1.0 + 2.0 * i for i in range(len(scales))]
    for y, row in zip(heights, scales.itertuples(), strict=True):
        colour = _LEVELS[row.level]
        name = row.symbol.replace("CUE_", "CUE$_") + "$"
        schematic.box(ax, (2.0, y), (3.6, 1.55), colour, **_LOOK)
        _say(ax, 2.0, y + 0.5, f"{row.level}: {name}", 60, fontsize=9.5, fontweight="bold")
        _say(ax, 2.0, y - 0.22, f"{row.organisms}; {row.time}. Lost: {row.lost}", 36)
        schematic.box(ax, (6.0, y), (3.0, 1.35), colour, **_LOOK)
        _say(ax, 6.0, y, row.models, 27)
        schematic.box(ax, (10.0, y), (3.4, 1.35), "white", **_LOOK)
        _say(ax, 10.0, y, row.observations, 31)
        _link(ax, ((8.28, y), (7.52, y)), COLOURS["vermilion"], ls="--")
    for low, high in itertools.pairwise(heights):
        _link(ax, ((6.0, low + 0.69), (6.0, high - 0.69)), COLOURS["blue"])
        ax.text(2.0, (low + high) / 2, "↑ is part of", ha="center", va="center", fontsize=7.5)
    handles = [
        Line2D([], [], color=COLOURS["blue"], lw=1.6, label="feeds the next level, by emulators"),
        Line2D([], [], color=COLOURS["vermilion"], ls="--", lw=1.6, label="constrains, validates"),
    ]
    ax.legend(handles=handles, loc="lower center", ncols=2, bbox_to_anchor=(0.5, -0.06))


_LOOK = {"edgecolor": "0.3", "boxstyle": "round,pad=0.02,rounding_size=0.15"}


def _link(ax: Axes, ends: tuple, colour: str, width: float = 1.6, **look) -> None:
    schematic.arrow(ax, ends, colour, width=width, head=8 + 2 * width, **look)


def _say(ax: Axes, x: float, y: float, text: str, width: int, **options) -> None:
    options = {"fontsize": 8, "ha": "center", "va": "center", "zorder": 4, **options}
    ax.text(x, y, textwrap.fill(text, width), **options)


#: Where each node of Fig. 4 stands: biological controls left, abiotic right, CUE between.
_PLACES = {
    "physiological state": (0.0, 4.9),
    "diversity and composition": (0.0, 3.0),
    "biotic interactions": (0.0, 1.1),
    "CUE_P": (4.3, 4.75),
    "CUE_C": (4.3, 3.0),
    "CUE_E": (4.3, 0.9),
    "soil carbon": (4.3, -0.95),
    "substrate quality": (8.6, 5.9),
    "temperature": (8.6, 4.5),
    "soil water": (8.6, 3.2),
    "nutrients": (8.6, 1.9),
    "soil pH": (8.6, 0.6),
    "texture and structure": (8.6, -0.7),
}
_FILLS = {
    "biological": "#9CC3DE", "abiotic": "#E6F0F7", "efficiency": "#FBE9C6", "soil": "#E3D5C9",
}  # fmt: skip

#: Width of an arrow by certainty; colour, dash and words by direction.
WIDTHS = {"low": 0.9, "medium": 2.2, "high": 4.0}
DIRECTIONS = {
    "+": (COLOURS["blue"], "-", "raises (+)"),
    "-": (COLOURS["vermilion"], (0, (4, 1.5)), "lowers (-)"),
    "+/-": (COLOURS["grey"], (0, (1, 0.8)), "either, it depends (±)"),
}


@style.frame(9.4, 6.4)
def fig4(figure: Figure, links: pd.DataFrame) -> str:
    """Draw the controls of CUE; the width of an arrow is the certainty of its link (Fig. 4).

    Parameters
    ----------
    links : DataFrame
        As of `soilnb.cue.controls.links`: ``source``, ``target``, ``kind``, ``sign`` and
        ``certainty``. Each row is one arrow; nodes without a place are an error.
    """
    ax = figure.subplots()
    ax.axis("off")
    ax.set(xlim=(-1.6, 10.6), ylim=(-1.5, 6.75))
    kinds = dict(zip(links["source"], links["kind"], strict=True))
    for name in dict.fromkeys([*links["source"], *links["target"]]):
        kind = kinds.get(name, "soil")
        schematic.box(ax, _PLACES[name], _size_of(name), _FILLS[kind], **_LOOK)
        text = name.replace("CUE_", "CUE$_") + "$" if name.startswith("CUE_") else name
        _say(ax, *_PLACES[name], text, 16, fontsize=9)
    for row, (start, end) in zip(links.itertuples(), _ports(links), strict=True):
        colour, line, _ = DIRECTIONS[row.sign]
        around = start[0] == end[0] and start[0] > _PLACES[row.source][0]
        _link(
            ax,
            (start, end),
            colour,
            WIDTHS[row.certainty],
            ls=line,
            bend=np.sign(end[1] - start[1]) * 0.35 if around else 0.0,
            shrinkA=0,
            shrinkB=1,
            gid=f"{row.source} > {row.target}",
        )
    for x, head in ((0.0, "biological controls"), (8.6, "abiotic controls")):
        ax.text(x, 6.55, head, ha="center", fontsize=10, fontweight="bold")
    ways = [Line2D([], [], color=c, ls=ls, lw=2, label=t) for c, ls, t in DIRECTIONS.values()]
    sure = [
        Line2D([], [], color="0.2", lw=w, label=f"certainty: {name}") for name, w in WIDTHS.items()
    ]
    ax.legend(handles=[*ways, *sure], loc="lower left", fontsize=8, bbox_to_anchor=(-0.01, -0.03))
    return f"{len(links)} links; certainty is our reading of the paper's text"


def _size_of(name: str) -> tuple[float, float]:
    """Width and height of a node, by its column."""
    return {0.0: (2.5, 0.95), 8.6: (2.3, 0.8)}.get(_PLACES[name][0], (1.7, 0.95))


def _side(node: str, other: str) -> str:
    """Side of a node's box at which a link with another node meets it."""
    (x, y), (x_other, y_other) = _PLACES[node], _PLACES[other]
    if x != x_other:
        return "left" if x_other < x else "right"
    low, high = sorted((y, y_other))
    if any(x == a and low < b < high for a, b in _PLACES.values()):
        return "right"  # around the nodes in between
    return "top" if y_other > y else "bottom"


def _ports(links: pd.DataFrame) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return start and end of each link: spread along the sides so that arrows do not cross."""
    ends = [pair for row in links.itertuples() for pair in
            ((row.source, row.target), (row.target, row.source))]  # fmt: skip
    sides: dict[tuple[str, str], list[int]] = {}
    for number, (node, other) in enumerate(ends):
        sides.setdefault((node, _side(node, other)), []).append(number)
    points = {}
    for (node, side), numbers in sides.items():
        (x, y), (width, height) = _PLACES[node], _size_of(node)
        numbers.sort(key=lambda number: _PLACES[ends[number][1]][side in ("left", "right")])
        for place, number in enumerate(numbers, start=1):
            share = place / (len(numbers) + 1) - 0.5
            if side in ("left", "right"):
                points[number] = (x + (width / 2) * (1 if side == "right" else -1),
                                  y + share * height)  # fmt: skip
            else:
                points[number] = (
                    x + share * width,
                    y + (height / 2) * (1 if side == "top" else -1),
                )
    return [(points[2 * i], points[2 * i + 1]) for i in range(len(links))]
