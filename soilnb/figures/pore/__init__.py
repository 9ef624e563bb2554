"""Teaching figures of the pore-scale model: what stands behind the figures of the paper.

They explain structure (texture, exposed share), one voxel (what limits growth), transport (how a
point spreads, which pores are isolated). Those of
`soilnb.explore.pore` redraw the figure that they are given.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from soilnb.figures import style
from soilnb.figures.pore import maps as pore_maps
from soilnb.figures.pore import series
from soilnb.figures.pore.series import LOOKS, Runs
from soilnb.figures.style import COLOURS

#: Exposed share of organic matter that the paper's printed pools and fluxes imply.
IMPLIED_SHARE = 0.11

#: What becomes of the carbon that microbes take up: colour, hatch and words.
FATES = {
    "growth": (LOOKS["C_B"].colour, "", "kept: growth"),
    "R_G": ("#6E6E6E", "", "respired for growth $R_G$"),
    "R_M": ("#A9A9A9", "..", "respired for maintenance $R_M$"),
    "R_O": (LOOKS["R_O"].colour, "//", "overflow: no nitrogen for it $R_O$"),
}

#: Kinds of pores: colour, marker and words.
PORE_KINDS = {
    "large": (COLOURS["sky"], "o", "large, with microbes"),
    "isolated": ("#D6489A", "^", "small, with microbes"),
    "empty": ("#1B2F5B", "s", "without microbes"),
}


#: Colours and styles of the lines of `lines`, in turn.
_LINES = ((COLOURS["blue"], "-"), (COLOURS["vermilion"], "--"), (COLOURS["black"], ":"))


# Curves -------------------------------------------------------------------------------------------


@style.frame(5.0, 3.3)
def lines(
    figure: Figure,
    table: pd.DataFrame,
    xlabel: str,
    ylabel: str,
    *,
    ylim: tuple[float, float] | None = None,
    points: Sequence[str] = (),
    mark: tuple[float, str] | None = None,
) -> None:
    """Draw the columns of a table as lines.

    Parameters
    ----------
    table : DataFrame
        One line a column, named by it, over the index; missing values are left out.
    xlabel, ylabel : str
        With units.
    ylim : tuple of two floats, optional
        Limits of the vertical axis.
    points : sequence of str
        Columns that are drawn as points.
    mark : tuple of float and str, optional
        A place on the horizontal axis, drawn as a vertical line, and its name.
    """
    ax = figure.subplots()
    for turn, (name, values) in enumerate(table.items()):
        values = values.dropna()
        colour, line = _LINES[turn % len(_LINES)]
        look = {"ls": "", "marker": "o", "ms": 5} if name in points else {"ls": line, "lw": 1.6}
        ax.plot(values.index, values, color=colour, label=str(name), **look)
    if mark is not None:
        ax.axvline(mark[0], color="0.5", lw=1.2, ls=(0, (1, 1.5)), label=mark[1])
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=ylim)
    ax.margins(x=0.02)
    handles = ax.get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(3, len(handles)))


# Structure ----------------------------------------------------------------------------------------


@style.frame(5.0, 3.3)
def texture(figure: Figure, classes: xr.Dataset) -> list[str]:
    """Draw the particle-size distribution that was asked for, and the one that was made.

    Parameters
    ----------
    classes : Dataset, [size_class]
        ``target`` and ``realised`` (% of the mineral area), ``particles`` (how many); the
        coordinate ``size_class`` has the labels of Table 3.
    """
    ax = figure.subplots()
    at = np.arange(classes.sizes["size_class"])
    looks = {"target": ("#DDDDDD", "//", "Table 3"), "realised": (COLOURS["blue"], "", "made here")}
    for shift, (name, (colour, hatch, words)) in zip((-0.2, 0.2), looks.items(), strict=True):
        ax.bar(at + shift, classes[name], 0.38, color=colour, hatch=hatch, ec="0.3", label=words)
    tops = np.maximum(classes["target"], classes["realised"]).values
    for x, top, count in zip(at, tops, classes["particles"].values, strict=True):
        ax.text(x, top + 0.5, f"{count:,} particles", ha="center", va="bottom", fontsize=7.5)
    ax.set_xticks(at, classes["size_class"].values)
    ax.set(
        xlabel="minimum Feret diameter (µm)",
        ylabel="share of the mineral area (%)",
        ylim=(0, 1.2 * tops.max()),
    )
    ax.legend(loc="upper left")
    return series.sources(classes)


@style.frame(5.0, 3.6)
def exposed(figure: Figure, data: Runs) -> list[str]:
    """Draw how much of the surface of organic matter is exposed to pores, over time.

    `data` (Dataset, [time] or [seed, time]; or several scenarios): with ``exposed_POM`` and
    ``exposed_Nec`` (1). Several scenarios differ by line style.
    """
    ax = figure.subplots()
    single = isinstance(data, xr.Dataset) and "scenario" not in data.dims
    names = [""] if single else data["scenario"].values if isinstance(data, xr.Dataset) else data
    runs = {name: series.run_of(data, name) for name in names}
    for name, line in zip(runs, ("-", "--", ":", "-."), strict=False):
        for phase, variable in enumerate(("exposed_POM", "exposed_Nec")):
            drawn = series.draw(ax, runs[name], variable, line=line, phase=phase)
            if name:
                drawn.set_label(f"{LOOKS[variable].label}, {series.NAMES.get(name, name)}")
    words = f"implied by the paper's numbers, {IMPLIED_SHARE:g}"
    ax.axhline(IMPLIED_SHARE, color="black", lw=1.1, ls=(0, (6, 3)), label=words)
    series.days(ax, next(iter(runs.values())))
    ax.set(ylabel="exposed share of surface $s_f/s$ (1)", ylim=(0, None))
    series.over(ax, ncols=1 if single else 2)
    return series.sources(next(iter(runs.values())))


# One voxel, one pot -------------------------------------------------------------------------------


@style.frame(5.0, 3.8)
def limits(figure: Figure, sweep: xr.Dataset) -> list[str]:
    """Draw what becomes of the carbon that microbes take up, by the C/N ratio of what they get.

    Parameters
    ----------
    sweep : Dataset, [cn]
        ``growth``, ``R_G``, ``R_M`` and ``R_O`` (share of uptake, 1) over the C/N ratio of the
        solution; ``attrs``: ``cn`` (where the reader is), ``threshold`` (C/N at which the
        limitation changes) and, optionally, ``biomass_cn``.
    """
    ax = figure.subplots()
    cn = sweep["cn"].values
    # starving microbes respire more than they take up: the areas begin below zero
    bottom = np.minimum(sweep["growth"].values, 0.0)
    for name, (colour, hatch, words) in FATES.items():
        top = np.maximum(sweep[name].values, 0.0) + bottom
        ax.fill_between(cn, bottom, top, facecolor=colour, hatch=hatch, edgecolor="white", lw=0,
                        label=words, gid=name)  # fmt: skip
        bottom = top
    ax.plot(cn, sweep["growth"], color="black", lw=1.8, label="carbon use efficiency")
    threshold = sweep.attrs["threshold"]
    if cn[0] < threshold < cn[-1]:
        ax.axvline(threshold, color="black", lw=1.0, ls="--", label="from here on nitrogen limits")
    here = sweep.attrs["cn"]
    at = float(np.interp(here, cn, sweep["growth"].values))
    ax.plot(here, at, "kD", ms=8, mfc="white", mew=1.6, label=f"here: C/N {here:g}", zorder=5)
    lowest = float(sweep["growth"].min())
    ax.set(
        xlabel="C/N ratio of the solution (g g⁻¹)",
        ylabel="share of the uptake (1)",
        xlim=(cn[0], cn[-1]),
        ylim=(min(0.0, 1.1 * lowest), 1.0),
    )
    series.over(ax)
    return ["preset default", "one hour of one voxel"]


@style.frame(8.6, 3.4)
def well_mixed(figure: Figure, pot: xr.Dataset) -> list[str]:
    """Draw pools and CUE of a soil without space, in which everything is mixed.

    Parameters
    ----------
    pot : Dataset, [time]
        ``C_POM``, ``C_Nec``, ``C_B``, ``C_S`` (mg g-1) and ``CUE`` (1), as in the Datasets of
        `soilnb.pore.simulate`; ``attrs["identity"]`` is k_BD / (nu a).
    """
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.25, 1)})
    series.draw_all(left, pot, ("C_POM", "C_Nec", "C_B", "C_S"))
    series.log_axis(left)
    left.set_ylabel("carbon (mg g⁻¹ dry soil)")
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, columnspacing=1.0)
    series.draw(right, pot, "CUE").set_label("simulated")
    series.days(right, pot)
    words = "steady biomass: $k_{BD}/(\\nu a)$"
    right.axhline(pot.attrs["identity"], color="black", lw=1.2, ls="--", label=words)
    right.set(ylabel="carbon use efficiency (1)", ylim=(0, 1))
    right.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    for ax in (left, right):
        days = np.arange(0, pot["time"].values[-1] + 1, 100)
        ax.set_xticks(days, [f"{day:g}" for day in days])
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.0)
    return ["preset default", "one well-mixed pot"]


# Transport ----------------------------------------------------------------------------------------


@style.frame(8.6, 3.8)
def spreading(figure: Figure, point: xr.Dataset) -> list[str]:
    """Draw how a solute spreads from one voxel, and how far, beside what theory says.

    Parameters
    ----------
    point : Dataset, [y, x] and [hour]
        ``share`` of the solute in each voxel (1), ``cell``; ``distance`` and ``theory`` over
        ``hour``: root mean square distance (µm), simulated and sqrt(4 D t). The attributes
        ``structure``, ``start`` and ``seed`` go into the note, where they are there.
    """
    left, right = figure.subplots(1, 2)
    share = point["share"].values
    top = max(float(share.max()), 1e-12)
    image = pore_maps.draw_solution(
        left,
        np.where(share > 0, share, np.nan),
        point["cell"],
        pore_maps.BLUES,
        LogNorm(1e-5 * top, top),
    )
    bar = figure.colorbar(image, ax=left, shrink=0.85, pad=0.02, extend="min")
    bar.set_label("share of the solute in a voxel (1)")
    hours = point["hour"].values
    right.plot(
        hours, point["theory"], "--", color="black", lw=1.4, label="free water: $(4Dt)^{1/2}$"
    )
    right.plot(hours, point["distance"], color=COLOURS["vermilion"], lw=1.8, label="simulated")
    right.set(
        xlabel="time (h)",
        ylabel="root mean square distance (µm)",
        xlim=(0, max(hours[-1], 1)),
        ylim=(0, 1.08 * float(max(point["theory"].max(), point["distance"].max(), 1e-3))),
    )
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    made = [str(point.attrs[name]) for name in ("structure", "start") if name in point.attrs]
    seed = f"seed {point.attrs['seed']}" if "seed" in point.attrs else ""
    ny, nx = point["share"].shape
    return [*made, seed, f"{ny} × {nx} voxels of 2 µm"]


@style.frame(9.8, 4.6)
def isolation(figure: Figure, pores: xr.Dataset) -> list[str]:
    """Draw which pores are connected with microbes, and how much carbon is available in each.

    Parameters
    ----------
    pores : Dataset, [y, x] and [pore]
        ``kind_map``: position of the kind in `PORE_KINDS` for voxels of pores, -1 elsewhere;
        ``cell``; ``voxels``, ``availability`` and ``kind`` of each pore.
    """
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.1, 1)})
    kinds = ListedColormap([colour for colour, _, _ in PORE_KINDS.values()])
    over = (*pore_maps.CLOSED, "biomass")
    limits_of = Normalize(-0.5, len(PORE_KINDS) - 0.5)
    pore_maps.draw_solution(left, pores["kind_map"], pores["cell"], kinds, limits_of, over=over)
    handles = [Patch(facecolor=colour, ec="0.3", label=w) for colour, _, w in PORE_KINDS.values()]
    shown = [n for n in pore_maps.present(pores["cell"]) if n != "pore"]
    figure.legend(handles=handles + pore_maps.legend(shown), loc="outside upper center", ncols=4)
    table = pores[["voxels", "availability", "kind"]].to_dataframe()
    for name, (colour, marker, words) in PORE_KINDS.items():
        some = table[table["kind"] == name]
        right.plot(some["voxels"], some["availability"], marker, color=colour, ms=5, mew=0.4,
                   mec="white", label=f"{words}: {len(some)}", ls="")  # fmt: skip
    right.set_xscale("log")
    right.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    right.set(
        xlabel="size of the pore (voxels)",
        ylabel="mean availability of carbon $C_S/(C_S+k)$ (1)",
        ylim=(-0.03, 1.03),
    )
    return series.sources(pores, of_map=True)


# Presets and scenarios ----------------------------------------------------------------------------


#: What the explorer of scenarios can show: variables, factor, axis label, and whether it is drawn
#: on a logarithmic axis.
SHOWN = {
    "carbon pools": (("C_POM", "C_Nec", "C_B", "C_S"), 1, "carbon (mg g⁻¹ dry soil)", True),
    "nitrogen pools": (("N_POM", "N_Nec", "N_B", "N_S"), 1, "nitrogen (mg g⁻¹ dry soil)", True),
    "respiration": (("R", "R_O"), 1000, "carbon (µg g⁻¹ d⁻¹)", False),
    "carbon use efficiency": (("CUE",), 1, "carbon use efficiency (1)", False),
    "exposed shares": (("exposed_POM", "exposed_Nec"), 1, "exposed share of surface (1)", False),
}


@style.frame(5.0, 3.8)
def scenario(figure: Figure, chosen: xr.Dataset) -> None:
    """Draw a scenario beside the reference, with a mark on one day.

    Parameters
    ----------
    chosen : Dataset, [run, time]
        The scenario and the reference along ``run``; ``attrs``: ``show`` (a key of `SHOWN`),
        ``day`` and the ``pulses`` of the scenario.
    """
    ax = figure.subplots()
    names, factor, label, logarithmic = SHOWN[chosen.attrs["show"]]
    scenario_name, other = (str(name) for name in chosen["run"].values)
    runs = {scenario_name: chosen.isel(run=0), "beside": chosen.isel(run=1)}
    series.compare(
        ax, {"beside": runs["beside"]}, names, {"beside": (":", None, "")}, factor=factor
    )
    for phase, name in enumerate(names):
        series.draw(ax, runs[scenario_name], name, factor=factor, phase=phase)
    series.days(ax, runs[scenario_name])
    if logarithmic:
        series.log_axis(ax)
    elif names == ("CUE",):
        ax.set_ylim(-0.2, 1)
    else:
        ax.set_ylim(bottom=0)
    ax.axvline(chosen.attrs["day"], color="black", lw=1.0, gid="day")
    ax.set_ylabel(label)
    _scenario_legend(ax, names, scenario_name, other)


def _scenario_legend(ax: Axes, names: Sequence[str], chosen: str, other: str) -> None:
    handles = [
        Line2D([], [], color=LOOKS[name].colour, lw=2.5, label=LOOKS[name].label) for name in names
    ]
    for name, line in ((chosen, "-"), (other, ":")):
        words = series.NAMES.get(name, name)
        handles.append(Line2D([], [], color="black", ls=line, lw=1.6, label=words))
    series.over(ax, handles)


# A picture of one's own ---------------------------------------------------------------------------


@style.frame(8.0, 3.6)
def own_image(figure: Figure, run: xr.Dataset) -> list[str]:
    """Draw the structure of an image after a run on it, and what is respired.

    Parameters
    ----------
    run : Dataset, [time]
        With one snapshot or more; the last is drawn.
    """
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    day = float(run["snapshot"].values[-1])
    cell = series.snapshot(run, day)["cell"]
    pore_maps.draw_cells(left, cell)
    left.set_title(f"day {day:g}", loc="left")
    left.legend(
        handles=pore_maps.legend(pore_maps.present(cell)), loc="upper center",
        bbox_to_anchor=(0.5, -0.08), ncols=2, fontsize=7,
    )  # fmt: skip
    series.draw(right, run, "R", factor=1000)
    series.days(right, run)
    right.set(ylabel="respired carbon (µg g⁻¹ d⁻¹)", ylim=(0, None))
    return series.sources(run)
