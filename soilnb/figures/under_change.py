"""A changed century: paths of carbon by model, agreement today and then, spread, and priming."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from soilnb.figures import style
from soilnb.figures.five_models import looks
from soilnb.figures.style import COLOURS

#: First and last year of the runs.
START = 2020

#: Colours of where a spread comes from, in the order in which they are given.
SPREADS = tuple(COLOURS[name] for name in ("black", "blue", "green", "sky", "grey"))


#: How each model looks in every figure here; COMPAS at one place has enzymes of their own.
DRESS = looks(
    (
        *("CLM5", "COMPAS, own enzymes", "COMPAS, tied enzymes", "MIMICS", "Millennial", "RothC"),
        "COMPAS, own enzymes, log prior",
    )
)
DRESS["COMPAS"] = DRESS["COMPAS, own enzymes"]


@style.frame(9.6, 4.0)
def century(figure: Figure, paths: xr.DataArray) -> str:
    """Draw the change of carbon (%) from 2020 to 2100, a panel a scenario.

    Parameters
    ----------
    paths : DataArray (model, scenario, quantile, time)
        Quantiles of 5, 25, 50, 75 and 95 % over all places and draws.
    """
    scenarios = paths["scenario"].values.tolist()
    axes = figure.subplots(1, len(scenarios), sharey=True)
    years = START + paths["time"].values
    for ax, letter, name in zip(axes, "abc", scenarios, strict=True):
        style.panel(ax, letter, name)
        for model in paths["model"].values.tolist():
            colour, dash, _ = DRESS[model]
            one = paths.sel(model=model, scenario=name)
            low, mid, high = (one.sel(quantile=q).values for q in (0.25, 0.5, 0.75))
            ax.fill_between(years, low, high, color=colour, alpha=0.13, lw=0)
            ax.plot(years, mid, color=colour, ls=dash, lw=1.8, label=model)
        ax.axhline(0, color="0.4", lw=0.7)
        ax.set_xlabel("year")
        ax.set_xticks([2020, 2060, 2100])
    end = paths.sel(quantile=[0.25, 0.75]).isel(time=-1)
    reach = min(1.1 * float(abs(end).max()), 40.0)
    axes[0].set_ylim(-reach, reach)
    axes[0].set_ylabel("carbon of the soil, change (%)")
    style.legend_above(axes[0], 3)
    return "medians of places and draws, bands of half of them"


@style.frame(7.6, 4.5)
def today_and_then(
    figure: Figure, table: pd.DataFrame, one: str, other: str, scenario: str = "warmer"
) -> None:
    """Draw two models against each other, place by place: their carbon today, and its change.

    Parameters
    ----------
    table : DataFrame
        Columns ``place``, ``model``, ``draws``, ``stock`` (kg C m-2) and the scenario (%).
    one, other : str
        The models.
    scenario : str
        Whose change is drawn.
    """
    shown = table[table["draws"] != "prior"]
    left, right = figure.subplots(1, 2)
    for ax, letter, column, words in (
        (left, "a", "stock", "carbon today (kg C m⁻²)"),
        (right, "b", scenario, f"change by 2100, {scenario} (%)"),
    ):
        pairs = shown.pivot(index="place", columns="model", values=column)[[one, other]].dropna()
        x, y = pairs[one].values, pairs[other].values
        log = column == "stock"
        told = np.corrcoef(np.log(x), np.log(y)) if log else np.corrcoef(x, y)
        style.panel(ax, letter, f"{words.split(' (')[0]}: r = {told[0, 1]:.2f}")
        ax.plot(x, y, "o", ms=4, color=COLOURS["blue"], alpha=0.6, mew=0)
        _equal(ax, x, y, log=log)
        ax.set_xlabel(f"{one}: {words}")
        ax.set_ylabel(f"{other}")


def _equal(ax: Axes, x: np.ndarray, y: np.ndarray, *, log: bool) -> None:
    """Give both axes the same limits, and draw where the models are equal."""
    both = np.concatenate([x, y])
    if log:
        ax.set(xscale="log", yscale="log")
        limits = both.min() / 1.2, both.max() * 1.2
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(FixedLocator([1, 2, 5, 10, 20, 50, 100, 200]))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_locator(NullLocator())
    else:
        margin = 0.06 * np.ptp(both)
        limits = min(both.min() - margin, 0.0), max(both.max() + margin, 0.0)
        ax.axhline(0, color="0.75", lw=0.7, zorder=0)
        ax.axvline(0, color="0.75", lw=0.7, zorder=0)
    ax.plot(limits, limits, "--", color="0.4", lw=0.8, zorder=0)
    ax.set(xlim=limits, ylim=limits, aspect="equal")


@style.frame(5.0, 4.0)
def spreads(figure: Figure, table: pd.DataFrame) -> str:
    """Draw where the change of carbon is uncertain: bars of standard deviations.

    Parameters
    ----------
    table : DataFrame
        A row a scenario, a column a source of the spread; percentage points.
    """
    ax = figure.subplots()
    height = 0.8 / len(table.columns)
    for k, (source, colour) in enumerate(zip(table.columns, SPREADS, strict=True)):
        at = np.arange(len(table)) + k * height
        ax.barh(at, table[source], height, color=colour, label=source)
        for y, value in zip(at, table[source], strict=True):
            look = {"textcoords": "offset points", "va": "center", "fontsize": 8}
            ax.annotate(f"{value:.1f}", (value, y), (3, 0), **look)
    ax.set_yticks(np.arange(len(table)) + 0.4 - height / 2, table.index)
    ax.invert_yaxis()
    ax.margins(x=0.08)  # for the numbers behind the bars
    ax.set_xlabel("standard deviation of the change by 2100\n(percentage points)")
    style.legend_above(ax, 3)
    return "medians of places"


@style.frame(5.0, 3.0)
def priming(figure: Figure, table: pd.DataFrame) -> str:
    """Draw how much more is lost where litter comes on top, a row a model and a point a place.

    Parameters
    ----------
    table : DataFrame
        Columns ``model`` and ``primed``: % of the litter on top.
    """
    ax = figure.subplots()
    shown = table.dropna(subset="primed").groupby("model", sort=False)["primed"]
    random = np.random.default_rng(0)
    for row, (model, values) in enumerate(shown):
        colour, _, marker = DRESS[model]
        jitter = row + random.uniform(-0.25, 0.25, len(values))
        ax.plot(values, jitter, marker, ms=4, color=colour, alpha=0.5, mew=0)
        ax.plot([values.median()] * 2, [row - 0.36, row + 0.36], color="black", lw=1.6)
    ax.axvline(0, color="0.4", lw=0.7)
    ax.set_yticks(range(len(shown)), list(shown.groups))
    ax.invert_yaxis()
    ax.set_xlabel("lost more than if every pool had kept its turnover\n(% of the litter on top)")
    return "black: median"


@style.frame(5.0, 3.4)
def paths_at_a_place(figure: Figure, changes: Mapping[str, xr.DataArray]) -> None:
    """Draw the change of carbon (%) at one place, by model.

    Parameters
    ----------
    changes : mapping of str to DataArray (time)
        By model, %.
    """
    ax = figure.subplots()
    for model, change in changes.items():
        colour, dash, _ = DRESS[model]
        ax.plot(START + change["time"], change, color=colour, ls=dash, label=model)
    ax.axhline(0, color="0.4", lw=0.7)
    ax.set_ylim(-30, 30)
    ax.set_ylabel("carbon of the soil, change (%)")
    ax.set_xlabel("year")
    style.legend_above(ax, 5)
