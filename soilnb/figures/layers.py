"""Layered models: structures from their A matrices, matrices as maps, profiles, responses."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from soilnb.figures import schematic, style
from soilnb.figures.series import downward
from soilnb.figures.style import COLOURS
from soilnb.profile import clm5, compas

#: One colour and line per model, the same in every figure.
MODEL = {"CLM5": (COLOURS["vermilion"], "-"), "COMPAS": (COLOURS["blue"], "--")}

#: Fill of a box by what the pool is.
FILL = {"litter": "#E8DDC5", "microbes": "#CFE3F1", "soil": "#DCE9D5"}
_KIND = dict.fromkeys(("cwd", "ml", "cl", "ll"), "litter") | dict.fromkeys(
    ("mic", "enz"), "microbes"
)

NAMES = {
    "cwd": "coarse woody\ndebris",
    "ml": "metabolic\nlitter",
    "cl": "cellulose\nlitter",
    "ll": "lignin\nlitter",
    "doc": "dissolved\nC (DOC)",
    "mic": "microbes",
    "enz": "enzymes",
    "msoc": "mineral-assoc.\nC (mSOC)",
    "soc1": "fast soil C",
    "soc2": "slow soil C",
    "soc3": "passive soil C",
}


def symbol(name: str) -> str:
    r"""Return what an axis calls a parameter of CLM5 or COMPAS: its symbol; what is none, in words.

    Examples
    --------
    >>> symbol("tau_cl_ll"), symbol("transport_rate"), symbol("cue")
    ('$\\tau_{CL-LL}$', 'transport rate', 'CUE')
    """
    for model in (compas, clm5):
        if (record := model.PARAMETER_SETS["tao2024"].records.get(name)) is not None:
            return f"${record.symbol}$"
    return "CUE" if name == "cue" else name.replace("_", " ")


PLACES = {
    "cwd": (3.0, 5.6),
    "ml": (0.0, 4.0),
    "cl": (3.0, 4.0),
    "ll": (6.0, 4.0),
    "soc1": (0.9, 1.9),
    "soc2": (5.1, 1.9),
    "soc3": (3.0, 0.2),
    "mic": (3.0, 2.45),
    "doc": (0.0, 0.95),
    "msoc": (6.0, 0.95),
    "enz": (3.0, 0.0),
}


def links(transfers: pd.DataFrame) -> pd.DataFrame:
    """Turn a model's A matrix into the list of its links.

    Parameters
    ----------
    transfers : DataFrame [to, from]
        Share of what leaves the column's pool that enters the row's pool; -1 on the diagonal.

    Returns
    -------
    DataFrame
        ``source``, ``target``, ``kind`` (a key of `soilnb.figures.schematic.LINES`), ``share``.
    """
    rows = []
    for source in transfers.columns:
        for target in transfers.index:
            share = float(transfers.loc[target, source])
            if target != source and share > 0:
                rows.append((source, target, _kind(source, target, "mic" in transfers), share))
    if "enz" in transfers:
        rows.append(("enz", "msoc", "catalysis", np.nan))
    return pd.DataFrame(rows, columns=["source", "target", "kind", "share"])


def _kind(source: str, target: str, explicit: bool) -> str:
    if not explicit:
        return "transfer"
    if target == "mic":
        return "assimilation"
    return "loss" if source in ("mic", "enz") else "breakdown"


def draw_structure(ax: Axes, transfers: pd.DataFrame, **options) -> pd.DataFrame:
    """Draw the pools of a model and the links of its A matrix; returns the links."""
    found = links(transfers)
    pools = list(transfers.columns)
    schematic.boxes_and_arrows(
        ax,
        {pool: PLACES[pool] for pool in pools},
        found,
        names=NAMES,
        colours={pool: FILL[_KIND.get(pool, "soil")] for pool in pools},
        size=(1.75, 0.78),
        **options,
    )
    return found


def _in_a_row(system: Mapping[str, xr.DataArray]) -> int:
    return len(system) if len(system) < 3 else -(-len(system) // 2)


def _size_of_matrices(system: Mapping[str, xr.DataArray], **_) -> tuple[float, float]:
    rows, columns = style.shape(len(system), _in_a_row(system))
    return 4.4 * columns, 3.3 * rows


@style.frame(_size_of_matrices)
def matrices(figure: Figure, system: Mapping[str, xr.DataArray], *, title: str = "") -> None:
    """Draw matrices of a layered model as maps of their entries.

    Parameters
    ----------
    system : mapping of str to DataArray
        Title of each panel (for example ``"A: transfers"``) and a matrix of two dimensions.
    """
    axes = style.grid(figure, len(system), _in_a_row(system))
    for ax, (name, matrix) in zip(axes, system.items(), strict=True):
        _map_of_entries(ax, name, matrix)
    if title:
        figure.suptitle(title, fontsize=9)


def _map_of_entries(ax: Axes, name: str, matrix: xr.DataArray) -> None:
    """Draw one matrix: two colours where it has both signs, one where it has not."""
    values = matrix.values
    top = float(np.abs(values).max()) or 1.0
    signed = bool((values < 0).any())
    norm = SymLogNorm(top * 1e-3, vmin=-top if signed else 0.0, vmax=top)
    colours = "PuOr" if signed else "Purples"
    image = ax.imshow(values, cmap=colours, norm=norm, aspect="auto", interpolation="nearest")
    ax.set_title(name, loc="left")
    for axis, dim, size in ((ax.yaxis, 0, values.shape[0]), (ax.xaxis, 1, values.shape[1])):
        labels = [str(label) for label in matrix[matrix.dims[dim]].values]
        pools = set(labels) <= set(NAMES)
        step = 1 if pools or size <= 12 else 5
        words = [NAMES[label].replace("\n", " ") if pools else label for label in labels[::step]]
        turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if pools and dim else {}
        axis.set_ticks(range(0, size, step), words, **turned)
    square = values.shape[0] == values.shape[1]
    ax.set(xlabel="from" if square else matrix.dims[1], ylabel="to" if square else matrix.dims[0])
    unit = matrix.attrs.get("units", "1")
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.9)
    bar.set_label({"1": "share", "yr-1": "yr⁻¹", "m-1": "m⁻¹"}.get(unit, unit))
    bar.ax.tick_params(labelsize=6)


@style.frame(4.4, 4.2)
def profiles(
    figure: Figure,
    depth: np.ndarray,
    carbon: Mapping[str, np.ndarray],
    *,
    observed: tuple[np.ndarray, np.ndarray] | None = None,
    deepest: float = 2.0,
) -> None:
    """Draw soil organic carbon against depth, one line per model or case.

    Parameters
    ----------
    depth : array [layer]
        Depth of the nodes, m.
    carbon : mapping of str to array [layer]
        Soil organic carbon of each case, kg C m-3. A case called as in `MODEL` has its colour.
    observed : pair of arrays, optional
        Depth (m) and carbon (kg C m-3) of measured layers.
    deepest : float
        Where the axis ends, m.
    """
    ax = figure.subplots()
    spare = iter([COLOURS["green"], COLOURS["purple"], COLOURS["orange"], COLOURS["sky"]] * 3)
    dashes = iter([":", "-.", (0, (5, 1)), (0, (1, 1))] * 3)
    shown = np.arange(len(depth)) <= np.searchsorted(depth, deepest)
    for name, values in carbon.items():
        colour, line = MODEL[name] if name in MODEL else (next(spare), next(dashes))
        ax.plot(values[shown], depth[shown], color=colour, ls=line, lw=1.8, label=name)
    if observed is not None:
        ax.plot(observed[1], observed[0], "o", color="0.15", ms=5, label="measured", zorder=4)
    downward(ax, deepest)
    ax.set_xlim(left=0)
    ax.set_xlabel("soil organic carbon (kg C m⁻³)")
    ax.legend(loc="lower right")


@style.frame(8.2, 3.2)
def response(figure: Figure, runs: Mapping[str, xr.Dataset]) -> None:
    """Draw how the carbon of a column and its respiration answer to a change.

    `runs` (mapping of str to Dataset): by model: ``total`` (g C m-2) and ``respiration`` (g C m-2
    yr-1) over ``time`` (years since the change).
    """
    left, right = figure.subplots(1, 2)
    for name, run in runs.items():
        colour, line = MODEL.get(name, (COLOURS["green"], ":"))
        time = run["time"].values
        change = 100 * (run["total"] / run["total"][0] - 1)
        left.plot(time, change, color=colour, ls=line, lw=1.8, label=name)
        right.plot(time[1:], run["respiration"][1:], color=colour, ls=line, lw=1.8, label=name)
    left.axhline(0, color="0.6", lw=0.8)
    left.set_ylabel("change of all carbon (%)")
    right.set_ylabel("respiration (g C m⁻² yr⁻¹)")
    for ax in (left, right):
        ax.set_xlabel("years since the change")
        ax.set_xscale("symlog", linthresh=1)
        last = max(float(run["time"][-1]) for run in runs.values())
        ax.set_xlim(0, last)
        ticks = [t for t in (0, 1, 10, 100, 1000, 10000) if t <= last]
        ax.set_xticks(ticks, [str(t) for t in ticks])
        ax.xaxis.set_minor_locator(NullLocator())
    left.legend()


@style.frame(5.0, 3.4)
def cue_soc(figure: Figure, stocks: xr.Dataset) -> None:
    """Draw the soil pools of COMPAS to 1 m against the CUE of DOC uptake, stacked.

    Parameters
    ----------
    stocks : Dataset (cue)
        ``minerals``, ``microbes``, ``enzymes``, ``dissolved`` and ``soc`` in kg C m-2; NaN where
        there is no steady state.
    """
    ax = figure.subplots()
    parts = {
        "minerals": ("on minerals (mSOC)", COLOURS["orange"], "///"),
        "microbes": ("microbes", COLOURS["sky"], ""),
        "rest": ("enzymes and DOC", COLOURS["grey"], ".."),
    }
    values = stocks.assign(rest=stocks["enzymes"] + stocks["dissolved"])
    cue = stocks["cue"].values
    below = np.zeros(len(cue))
    whole = float(stocks["soc"].max())
    for name, (label, colour, hatch) in parts.items():
        above = below + values[name].values
        if not float(values[name].max()) > 0.01 * whole:
            label += ": too little to see"
        ax.fill_between(
            cue, below, above, color=colour, alpha=0.6, hatch=hatch, edgecolor="0.35", lw=0,
            label=label,
        )  # fmt: skip
        below = above
    ax.plot(cue, stocks["soc"], color="0.1", lw=2, label="all of it (SOC)")
    rule = 10 * stocks["microbes"].values
    top = np.nanmax(stocks["soc"].values) if np.isfinite(stocks["soc"].values).any() else 1.0
    if np.isfinite(rule).any() and np.nanmin(rule) <= 1.1 * top:  # else it lies above the axes
        ax.plot(cue, rule, color=COLOURS["vermilion"], ls="--", lw=1.2, label="10 × microbes")
    ax.set(ylim=(0, 1.1 * float(top)), xlim=(0, 0.72), xlabel=r"microbial CUE, $\eta_{DOC}$")
    ax.set_ylabel("carbon to 1 m (kg C m⁻²)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
