"""What controls soil carbon (Tao et al. 2023): components without variation, or more of them."""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soilnb.figures import layers, style
from soilnb.figures.style import COLOURS

#: Component to its words, colour and marker.
COMPONENTS = {
    "cue": ("microbial CUE", COLOURS["vermilion"], "o"),
    "decomposition": ("baseline decomposition", COLOURS["blue"], "s"),
    "modifier": ("environmental modifier", COLOURS["orange"], "^"),
    "transfer": ("non-microbial transfer", COLOURS["green"], "D"),
    "transport": ("vertical transport", COLOURS["grey"], "v"),
    "allocation": ("allocation of input", COLOURS["purple"], "P"),
    "input": ("plant carbon input", COLOURS["black"], "X"),
    "all": ("all but the input", "0.75", "*"),
}

#: Colour, marker and line of each variant, in their order.
_VARIANT = (
    (COLOURS["blue"], "o", "-"),
    (COLOURS["orange"], "s", "--"),
    (COLOURS["green"], "D", ":"),
)

#: Metric changes beyond this, %, are not shown: the index of allocation has no scale of its own.
_WIDEST = 40.0


def _name(component: str) -> str:
    return COMPONENTS[component][0] if component in COMPONENTS else str(component)


@style.frame(lambda homogenised, *_, **__: (9.2, 5.6 + 0.9 * len(homogenised)))
def fig4(
    figure: Figure,
    homogenised: Mapping[str, xr.Dataset],
    curves: Mapping[str, xr.Dataset],
    needed: Mapping[str, xr.Dataset],
    *,
    members: Mapping[str, xr.Dataset] | None = None,
) -> None:
    """Draw both sensitivity analyses, each in one to three variants of the model.

    Parameters
    ----------
    homogenised : mapping of str to Dataset
        By variant, as from `soilnb.proda.sensitivity.homogenise`; with ``explained`` the variance
        explained without a component's variation is drawn, too.
    curves, needed : mapping of str to Dataset
        By variant, as from `soilnb.proda.sensitivity.proportional` and ``needed``.
    members : mapping of str to Dataset, optional
        By variant ``deviation`` over (member, component): bands from the 2.5 to the 97.5 %
        quantile.
    """
    columns = max(len(curves), 2)
    upper, lower = figure.add_gridspec(2, 1, height_ratios=(1.2, 1.0))
    left, right = upper.subgridspec(1, 2).subplots(sharey=True)
    lower = lower.subgridspec(1, columns)
    _deviations(left, homogenised, members or {})
    style.panel(left, "a", "each component the same everywhere")
    _explained(right, homogenised)
    first = None
    for column, (variant, curve) in enumerate(curves.items()):
        ax = figure.add_subplot(lower[column], sharey=first)
        first = first or ax
        _curves(ax, curve)
        if column == 0:
            words = "more or less of each: " if columns == 2 else ""
            style.panel(ax, "b", words + variant)
        else:
            ax.set_title(variant, loc="left", fontweight="bold")
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
    _legend(figure, first, needed)


@style.frame(9.2, 3.8)
def in_short(figure: Figure, components: pd.DataFrame, needed: pd.DataFrame) -> None:
    """Draw the answers to both questions from tables, as they are kept of a full-size run.

    Parameters
    ----------
    components : DataFrame
        ``component``, ``variant``, ``deviation`` with ``low`` and ``high`` (Pg C).
    needed : DataFrame
        ``component``, a column for each variant, and ``paper`` (% of the component's metric).
    """
    left, right = figure.subplots(1, 2, sharey=True)
    variants = [name for name in components["variant"].unique() if name in needed]
    rows = list(components.loc[components["variant"] == variants[-1], "component"])
    places = _heights(len(rows), len(variants))
    for variant, at, (face, marker, _) in zip(variants, places, _VARIANT, strict=False):
        of = components[components["variant"] == variant].set_index("component").loc[rows]
        left.hlines(at, of["low"], of["high"], color=face, lw=3.5, alpha=0.45)
        look = {"ms": 6, "color": face, "mec": "0.2", "mew": 0.7, "label": variant}
        left.plot(of["deviation"], at, marker, **look)
        need = needed.set_index("component").loc[rows, variant]
        shown = need.abs() <= _WIDEST
        right.plot(need[shown], at[shown], marker, **look)
    paper = needed.set_index("component").loc[rows, "paper"]
    right.plot(paper, range(len(rows)), "x", color="black", ms=7, label="paper")
    left.set_yticks(range(len(rows)), [_name(row) for row in rows])
    left.set(xscale="log", xlabel="sum of absolute deviations of SOC (Pg C)")
    left.invert_yaxis()
    right.axvline(0, color="0.6", lw=0.8)
    right.set_xlabel("change for +10 % of SOC (%)")
    style.panel(left, "a", "each component the same everywhere")
    style.panel(right, "b", "more or less of each")
    for ax in (left, right):
        ax.grid(axis="y", color="0.93")
        ax.set_axisbelow(True)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def _rows(homogenised: Mapping[str, xr.Dataset]) -> list[str]:
    """Return the components that are drawn, the most important one of the first variant first."""
    table = next(iter(homogenised.values()))["deviation"].drop_sel(component="none").to_series()
    order = table.drop("all", errors="ignore").sort_values(ascending=False).index.tolist()
    return order + (["all"] if "all" in table.index else [])


def _heights(count: int, variants: int) -> np.ndarray:
    """Return where the points of each variant lie [variant, row]."""
    shift = (np.arange(variants) - (variants - 1) / 2) * min(0.3, 0.75 / variants)
    return np.arange(count) + shift[:, np.newaxis]


def _deviations(
    ax: Axes, homogenised: Mapping[str, xr.Dataset], members: Mapping[str, xr.Dataset]
) -> None:
    rows = _rows(homogenised)
    places = _heights(len(rows), len(homogenised))
    for (variant, found), at, (face, marker, _) in zip(
        homogenised.items(), places, _VARIANT, strict=False
    ):
        values = found["deviation"].sel(component=rows).values
        ends = values
        if variant in members:
            spread = members[variant]["deviation"].sel(component=rows)
            low, high = spread.quantile([0.025, 0.975], "member").transpose(
                "quantile", "component"
            ).values  # fmt: skip
            ax.hlines(at, low, high, color=face, lw=3.5, alpha=0.45)
            ends = np.fmax(values, high)
        ax.plot(values, at, marker, ms=6, color=face, mec="0.2", mew=0.7, label=variant)
        for y, value, end in zip(at, values, ends, strict=True):
            ax.annotate(f"{value:.2g}" if value < 10 else f"{value:.0f}", (end, y), (5, -0.5),
                        textcoords="offset points", va="center", fontsize=6.5)  # fmt: skip
    ax.set_yticks(np.arange(len(rows)), [_name(row) for row in rows])
    ax.set_ylim(len(rows) - 0.2, -0.7)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.grid(axis="y", color="0.93", zorder=0)
    ax.set_axisbelow(True)
    ax.set_xlabel("sum of absolute deviations of SOC (Pg C)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=7.5, ncols=2,
              handletextpad=0.1, columnspacing=1.0)  # fmt: skip


def _explained(ax: Axes, homogenised: Mapping[str, xr.Dataset]) -> None:
    rows = _rows(homogenised)
    places = _heights(len(rows), len(homogenised))
    styles = zip(homogenised.values(), places, _VARIANT, strict=False)
    bases = {}
    for found, at, (face, marker, line) in styles:
        if "explained" not in found:
            continue
        base = 100 * float(found["explained"].sel(component="none"))
        values = 100 * found["explained"].sel(component=rows).values
        ax.axvline(base, color=face, ls=line, lw=1.4, zorder=0)
        ax.hlines(at, base, values, color=face, lw=1.6)
        ax.plot(values, at, marker, ms=6, color=face, mec="0.2", mew=0.7)
        bases[base] = face
    ax.margins(x=0.25)
    low, high = ax.get_xlim()
    for number, (base, following) in enumerate(itertools.pairwise([*sorted(bases), np.inf])):
        # to the right of its line, unless the next one stands there
        left = following - base < (high - low) / 3
        text = f"{base:.0f} % with all".replace("-", "−")
        place = (-3 if left else 3, -1 - 8 * (number % 2))
        ax.annotate(text, (base, 1.0), place, textcoords="offset points",
                    xycoords=("data", "axes fraction"), ha="right" if left else "left",
                    fontsize=6.5)  # fmt: skip
    ax.grid(axis="y", color="0.93", zorder=0)
    ax.tick_params(labelleft=False)
    ax.set_xlabel("variance of observed SOC explained (%)")


def _curves(ax: Axes, curve: xr.Dataset) -> None:
    """Draw the change of the stock against that of each metric."""
    widest = 5.0
    for component in curve["component"].values:
        name, colour, marker = COMPONENTS[str(component)]
        here = curve.sel(component=component)
        metric, stock = 100 * here["metric_change"].values, 100 * here["stock_change"].values
        order = np.argsort(metric)
        ax.plot(metric[order], stock[order], color=colour, lw=1.5, marker=marker, ms=4, label=name)
        widest = np.fmax(widest, np.nanmax(np.abs(metric), initial=0.0))
    ax.axhline(10.0, color="0.4", lw=0.8, ls=":")
    ax.axvline(0, color="0.85", lw=0.8, zorder=0)
    ax.axhline(0, color="0.85", lw=0.8, zorder=0)
    reach = min(1.05 * widest, _WIDEST)
    ax.set(xlim=(-reach, reach), xlabel="change of the component's metric (%)")
    ax.set_ylabel("change of global SOC (%)")


def _legend(figure: Figure, ax: Axes, needed: Mapping[str, xr.Dataset]) -> None:
    """Name the components, and say what each has to change by."""
    handles, labels = ax.get_legend_handles_labels()
    codes = {name: component for component, (name, _, _) in COMPONENTS.items()}
    texts = []
    for label in labels:
        parts = [
            _percent(float(found["regression"].sel(component=codes[label])))
            for found in needed.values()
        ]
        texts.append(f"{label}: {' | '.join(parts)}")
    target = 100 * float(next(iter(needed.values())).attrs["target"])
    columns = 3 if len(needed) < 3 else 2
    figure.legend(handles, texts, loc="outside lower center", ncols=columns, fontsize=7.5,
                  title=f"change needed for {target:+.0f} % SOC: {' | '.join(needed)}",
                  title_fontsize=7.5)  # fmt: skip


def _percent(share: float) -> str:
    """Write a change in %; one that is out of reach as such."""
    if not np.isfinite(share):
        return "–"
    if abs(share) > 1:
        return "out of reach"
    return f"{100 * share:+z.1f} %".replace("-", "−")


# --------------------------------------------------------------------- what is learnt from what


def _size_of_importance(importance: Mapping[str, xr.Dataset]) -> tuple[float, float]:
    rows, columns = style.shape(next(iter(importance.values())).sizes["component"], 3)
    return 3.2 * columns, 2.6 * rows + 0.5


@style.frame(_size_of_importance)
def figED6(figure: Figure, importance: Mapping[str, xr.Dataset]) -> None:
    """Draw how much each component is learnt from each category of covariates.

    Parameters
    ----------
    importance : mapping of str to Dataset
        By way to spoil a category, as from `soilnb.proda.sensitivity.permutation`: bars with one
        standard deviation over the draws to each side. A category without covariates has no bar,
        and says so.
    """
    first = next(iter(importance.values()))
    components = [str(name) for name in first["component"].values]
    categories = [str(name) for name in first["category"].values]
    faces = (COLOURS["blue"], COLOURS["yellow"], COLOURS["grey"])
    hatches = ("", "////", "....")
    axes = style.grid(figure, len(components), 3, sharex=True)
    at = np.arange(len(categories))
    width = 0.8 / len(importance)
    for letter, ax, component in zip("abcdefghij", axes, components, strict=False):
        for number, (way, found) in enumerate(importance.items()):
            here = found.sel(component=component, category=categories)
            place = at + (number - (len(importance) - 1) / 2) * width
            value = here["importance"].values
            ax.bar(place, value - 1.0, width, bottom=1.0, color=faces[number % 3],
                   hatch=hatches[number % 3], edgecolor="0.25", lw=0.6, label=way)  # fmt: skip
            spread = here["importance_sd"].values
            ax.vlines(place, value - spread, value + spread, color="0.05", lw=1.0)
        for place, count in zip(at, first["covariates"].values, strict=True):
            if not count:
                ax.text(place, 0.5, "no covariate", rotation=90, ha="center", va="center",
                        fontsize=7, color="0.4", transform=ax.get_xaxis_transform())  # fmt: skip
        ax.axhline(1.0, color="0.25", lw=0.8)
        ax.set_xticks(at, categories, rotation=40, ha="right", rotation_mode="anchor")
        style.panel(ax, letter, _name(component))
    for ax in axes[::3]:
        ax.set_ylabel("permutation importance (1)")
    style.legend_above(axes[0], 3)


# --------------------------------------------------------------------------- spread and leverage


@style.frame(lambda tables, **_: (min(4.2 * len(tables), 9.8), 3.6))
def levers(figure: Figure, tables: Mapping[str, pd.DataFrame], *, named: int = 3) -> None:
    """Draw what homogenising each single parameter does against how much it varies.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By variant, over the parameters: ``spread``, the standard deviation of the place between
        the bounds over the cells; ``deviation``, Pg C; and ``component``. A line through the
        origin is a leverage, carbon for a unit of spread.
    named : int
        How many of the parameters with the largest deviations are named.
    """
    axes = np.atleast_1d(figure.subplots(1, len(tables), sharex=True))
    widest = max(table["spread"].max() for table in tables.values())
    for ax, (variant, table) in zip(axes, tables.items(), strict=True):
        for component, rows in table.groupby("component", sort=False):
            name, colour, marker = COMPONENTS[component]
            ax.plot(rows["spread"], rows["deviation"], marker, ls="", ms=6, color=colour,
                    mec="0.2", mew=0.5, label=name)  # fmt: skip
        above = np.inf
        for name, row in table.nlargest(named, "deviation").iterrows():
            right = row["spread"] > widest / 2
            close = above - row["deviation"] < 0.06 * table["deviation"].max()
            above = row["deviation"]
            ax.annotate(layers.symbol(name), (row["spread"], row["deviation"]),
                        (-6 if right else 6, -8 if close else 2), textcoords="offset points",
                        ha="right" if right else "left", fontsize=7)  # fmt: skip
        ax.set(xlim=(0, 1.06 * widest), ylim=(0, 1.08 * table["deviation"].max()))
        ax.set_title(variant, loc="left")
        ax.set_xlabel("spread: sd of the place over the cells (1)")
    axes[0].set_ylabel("deviation without it (Pg C)")
    style.legend_above(axes[0], 3, fontsize=7)


# -------------------------------------------------------------------------------- of an explorer


@style.frame(8.4, 3.5)
def response(
    figure: Figure,
    curves: Mapping[str, xr.Dataset],
    point: tuple[float, float],
    zonal: tuple[xr.Dataset, xr.Dataset],
    *,
    component: str,
    depth: float = 1.0,
) -> None:
    """Draw one component: the stock against its metric, and carbon without its variation.

    Parameters
    ----------
    curves : mapping of str to Dataset
        By variant of the model, the shown one first: ``metric_change`` and ``stock_change`` over
        ``change``, of this component.
    point : tuple of float
        Change of metric and stock that the reader chose.
    zonal : tuple of Dataset
        ``stock`` (kg C m-2) over ``latitude``: as predicted, and with less of the variation.
    component, depth : str and float
        Which component, and down to which depth carbon is counted, m.
    """
    left, right = figure.subplots(1, 2)
    name, colour, marker = COMPONENTS[component]
    looks = (("-", colour, 2.0), ("--", "0.55", 1.4), (":", "0.35", 1.4))
    for (variant, curve), (line, ink, width) in zip(curves.items(), looks, strict=False):
        left.plot(100 * curve["metric_change"], 100 * curve["stock_change"], line, color=ink,
                  lw=width, label=variant)  # fmt: skip
    left.plot([100 * point[0]], [100 * point[1]], marker, ms=9, color=colour, mec="0.1")
    left.axhline(10, color="0.5", lw=0.8, ls=":")
    left.axhline(0, color="0.85", lw=0.8, zorder=0)
    left.axvline(0, color="0.85", lw=0.8, zorder=0)
    left.set(xlabel=f"change of {name} (%)", ylabel=f"change of SOC to {depth:g} m (%)")
    left.legend(loc="best", fontsize=7)
    left.set_title("more or less of it", loc="left")
    before, after = zonal
    right.plot(before["latitude"], before["stock"], color="0.2", lw=1.6, label="as predicted")
    right.plot(after["latitude"], after["stock"], "--", color=colour, lw=2.0,
               label="with less of its variation")  # fmt: skip
    right.set(xlabel="latitude (°)", ylabel=f"SOC to {depth:g} m (kg C m⁻²)", ylim=(0, None))
    right.legend(loc="best", fontsize=7)
    right.set_title("less of its variation", loc="left")
