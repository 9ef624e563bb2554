"""Site assimilation: how a model fits a profile, what the data constrain, how far to trust it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soilnb.figures import layers, style
from soilnb.figures.series import downward
from soilnb.figures.style import COLOURS

#: Colours of years of sampling, the oldest first.
YEARS = (COLOURS["black"], COLOURS["vermilion"], COLOURS["orange"], COLOURS["sky"])

#: Colour of one witness and of two.
WITNESSES = (COLOURS["grey"], COLOURS["blue"])

#: Colours of turnover times: from the middle of the prior, by carbon, and with radiocarbon.
TOLD = (COLOURS["orange"], *WITNESSES)


@style.frame(lambda found: (3.9 * len(found), 4.0))
def fit(figure: Figure, found: Mapping[str, xr.Dataset]) -> None:
    """Draw measured carbon with the modelled profiles before and after assimilation.

    Parameters
    ----------
    found : mapping of str to Dataset
        By model: ``observed`` (horizon) at ``depth``, and the quantiles ``prior`` and
        ``posterior`` (level, layer) at ``node``, in g C m-3; ``level`` holds 0.05, 0.5 and 0.95.
    """
    for ax, (model, one) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(),
                                strict=True):  # fmt: skip
        _profile(ax, model, one)


def _profile(ax: Axes, model: str, one: xr.Dataset) -> None:
    colour = layers.MODEL[model][0]
    deepest = min(1.15 * float(one["depth"].max()), 8.6)
    depth = one["node"].values
    for name, shade, text in (
        ("prior", "0.75", "prior, 90 %"),
        ("posterior", colour, "posterior, 90 %"),
    ):
        low, middle, high = (
            one[name].sel(level=level).values / 1000 for level in (0.05, 0.5, 0.95)
        )
        ax.fill_betweenx(depth, low, high, color=shade, alpha=0.4, lw=0, label=text)
        if name == "posterior":
            ax.plot(middle, depth, color=shade, lw=1.6, label="posterior, median")
    ax.plot(one["observed"] / 1000, one["depth"], "o", color="0.1", ms=5, label="measured")
    downward(ax, deepest)
    most = 2.2 * float(one["observed"].max()) / 1000
    ax.set(xlim=(0, max(most, 1.0)), xlabel="soil organic carbon (kg C m⁻³)")
    ax.set_title(model, loc="left", fontweight="bold")
    ax.legend(loc="lower right", fontsize=7)


@style.frame(
    lambda shrinkage: (3.9 * len(shrinkage), 0.8 + 0.17 * max(map(len, shrinkage.values())))
)
def informed(figure: Figure, shrinkage: Mapping[str, pd.Series]) -> None:
    """Draw how much narrower than its prior each posterior is, most informed first.

    Parameters
    ----------
    shrinkage : mapping of str to Series
        By model: 1 - posterior sd / prior sd, indexed by the parameter.
    """
    for ax, (model, series) in zip(
        figure.subplots(1, len(shrinkage), squeeze=False)[0], shrinkage.items(), strict=True
    ):
        _bars(ax, model, series)


def _bars(ax: Axes, model: str, series: pd.Series) -> None:
    ordered = series.sort_values()
    strong = ordered > 0.3
    colours = [layers.MODEL[model][0] if yes else "0.75" for yes in strong]
    ax.barh(np.arange(len(ordered)), 100 * ordered, color=colours)
    ax.set_yticks(np.arange(len(ordered)), map(layers.symbol, ordered.index), fontsize=7)
    ax.axvline(0, color="0.3", lw=0.8)
    ax.set_xlim(min(-15.0, 100 * float(ordered.min()) - 5), 100)
    ax.set_xlabel("posterior narrower than prior by (%)")
    ax.set_title(f"{model}: {int(strong.sum())} of {len(ordered)} above 30 %", loc="left")


@style.frame(8.2, 4.2)
def learned(figure: Figure, found: tuple) -> None:
    """Draw for an explorer: the fit of one model beside what the profile says of parameters.

    Parameters
    ----------
    found : tuple of (str, Dataset, Series)
        Model, as of `fit`, and as of `informed`.
    """
    model, one, series = found
    left, right = figure.subplots(1, 2)
    _profile(left, model, one)
    _bars(right, model, series)


@style.frame(8.4, 3.4)
def batch(figure: Figure, results: Mapping[str, xr.Dataset]) -> None:
    """Draw how well many profiles were fitted, and how far their chains have converged.

    Parameters
    ----------
    results : mapping of str to Dataset over profile
        By model, as from `soilnb.proda.assimilate`.
    """
    left, right = figure.subplots(1, 2)
    bins = np.linspace(-0.5, 1.0, 31)
    for model, many in results.items():
        colour, line = layers.MODEL[model]
        nse = many["nse"].dropna("profile").values
        left.hist(
            np.clip(nse, -0.5, 1.0),
            bins,
            histtype="step",
            lw=1.8,
            color=colour,
            ls=line,
            label=f"{model}: median {np.median(nse):.2f}, {100 * (nse > 0).mean():.0f} % above 0, "
            f"n = {nse.size}",
        )
        statistic = np.sort(many["gelman_rubin_mean"].dropna("profile").values)
        share = 100 * (np.arange(statistic.size) + 1) / statistic.size
        below = 100 * (statistic < 1.05).mean()
        right.step(
            statistic, share, color=colour, ls=line, lw=1.8,
            label=f"{model}: {below:.0f} % below 1.05",
        )  # fmt: skip
    left.set(xlabel="Nash–Sutcliffe efficiency (below −0.5: first bin)", ylabel="profiles")
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
    right.axvline(1.05, color="0.4", ls=":", lw=1)
    right.set(xlim=(0.999, 1.2), ylim=(0, 100))
    right.set_xlabel("the papers' G-R statistic, mean over parameters")
    right.set_ylabel("profiles up to here (%)")
    right.legend(loc="lower right")


@style.frame(lambda found, draws: (9.0, 1.25 * style.shape(found.shape[1], 6)[0] + 0.3))
def ranks(figure: Figure, found: pd.DataFrame, draws: int) -> str:
    """Draw rank histograms of a simulation-based calibration.

    Parameters
    ----------
    found : DataFrame [profile, parameter]
        Rank of the true value among the posterior's draws, 0 to `draws`.
    draws : int
        Number of draws ranked against.
    """
    names = list(found.columns)
    axes = style.grid(figure, len(names), 6, sharey=True)
    bins = 10 if len(found) >= 60 else 5
    expected = len(found) / bins
    from scipy.stats import binom

    low, high = binom.ppf([0.005, 0.995], len(found), 1 / bins)
    for ax, name in zip(axes, names, strict=True):
        ax.hist(found[name] / draws, bins, range=(0, 1), color=COLOURS["sky"], ec="white", lw=0.5)
        ax.axhspan(low, high, color="0.85", zorder=0)
        ax.axhline(expected, color="0.4", lw=0.8)
        ax.set_title(layers.symbol(name), fontsize=7)
        ax.set_xticks([0, 1])
        ax.tick_params(labelsize=6)
    figure.supylabel("profiles", fontsize=8)
    return "x: rank of the truth · grey: 99 % of flat histograms"


@style.frame(lambda coverage, **_: (5.0, 0.9 + 0.19 * len(coverage)))
def recovery(figure: Figure, coverage: pd.Series, *, count: int) -> str:
    """Draw how often 90 % intervals hold the truth.

    Parameters
    ----------
    coverage : Series
        Share of synthetic profiles whose interval holds the true value, by parameter or metric.
    count : int
        Number of profiles.
    """
    ax = figure.subplots()
    places = np.arange(len(coverage))
    error = 100 * np.sqrt(0.9 * 0.1 / count)
    ax.axvspan(80, 97, color="0.88", zorder=0)
    ax.axvline(90, color="0.4", lw=0.8)
    ax.errorbar(100 * coverage, places, xerr=error, fmt="o", color=COLOURS["blue"], ms=4, lw=0.8)
    ax.set_yticks(places, map(layers.symbol, coverage.index), fontsize=7)
    ax.set(ylim=(len(coverage) - 0.4, -0.6), xlim=(min(60.0, 100 * float(coverage.min()) - 5), 102))
    ax.set_xlabel(f"90 % intervals that hold the truth (%), {count} synthetic profiles")
    return "grey: 80 to 97 %"


# --- radiocarbon beside carbon ---------------------------------------------------------------


@style.frame(7.6, 4.2)
def by_depth(figure: Figure, delta: xr.DataArray) -> None:
    """Draw radiocarbon against depth, a panel a model and a line a year of sampling.

    Parameters
    ----------
    delta : DataArray (model, year, layer)
        Delta14C of what a sample contains, permil, with the coordinate ``depth`` (m).
    """
    axes = figure.subplots(1, delta.sizes["model"], sharex=True, sharey=True)
    for ax, letter, model in zip(axes, "ab", delta["model"].values, strict=True):
        style.panel(ax, letter, str(model))
        for year, colour in zip(delta["year"].values, YEARS, strict=True):
            one = delta.sel(model=model, year=year)
            ax.plot(one, delta["depth"], color=colour, lw=1.8, label=f"sampled in {year}")
        ax.axvline(0, color="0.6", lw=0.7)
        ax.set_xlabel("radiocarbon Δ¹⁴C (‰)")
    axes[0].set_ylabel("depth (m)")
    axes[0].set_ylim(float(delta["depth"].max()), 0)
    style.legend_above(axes[0], 4)


@style.frame(9.0, 5.4)
def narrowed(figure: Figure, table: pd.DataFrame) -> str:
    """Draw how wide the posterior is against the prior, without and with radiocarbon.

    Parameters
    ----------
    table : DataFrame
        Index (profiles, model, name); a column a witness: median of posterior over prior sd.
    """
    models = table.index.get_level_values("model").unique()
    axes = np.atleast_1d(figure.subplots(1, len(models)))
    widest = max(1.15, 1.05 * float(np.nanmax(table)))  # short chains may be wider than the prior
    for ax, letter, model in zip(axes, "ab", models, strict=True):
        style.panel(ax, letter, model)
        mine = table.xs(model, level="model")
        names = mine.index.get_level_values("name").unique()[::-1]
        for profiles, filled in (("measured", True), ("known truth", False)):
            label = profiles if filled else f"{profiles} (synthetic)"
            for witness, colour in zip(table.columns, WITNESSES, strict=True):
                some = mine.loc[profiles, witness].reindex(names)
                ax.plot(
                    some, np.arange(len(names)) + (0.0 if filled else -0.25), "o", ms=6,
                    color=colour, mfc=colour if filled else "white",
                    label=f"{witness}, {label}",
                )  # fmt: skip
            both = mine.loc[profiles].reindex(names).T.values
            ax.plot(both, np.arange(len(names)) + np.zeros((2, 1)) - (0 if filled else 0.25),
                    color="0.8", lw=1, zorder=0)  # fmt: skip
        ax.set_yticks(np.arange(len(names)), [layers.symbol(name) for name in names])
        ax.set_xlim(0, widest)
        ax.axvline(1, color="0.6", lw=0.7)
        ax.set_xlabel("posterior over prior (sd)")
    style.legend_above(axes[0], 2)
    return "medians over profiles"


@style.frame(7.6, 4.4)
def stays(figure: Figure, table: pd.DataFrame) -> str:
    """Draw how long carbon stays by depth, a panel a model, beside estimates without a model.

    Parameters
    ----------
    table : DataFrame
        As of `soilnb.lessons.globe.second_witness.persistence`: the estimates first.
    """
    parts = dict(tuple(table.groupby(["model", "told"], sort=False)))
    pits, data = next(iter(parts))[0], parts.pop(next(iter(parts)))
    models = list(dict.fromkeys(model for model, _ in parts))
    axes = np.atleast_1d(figure.subplots(1, len(models), sharex=True, sharey=True))
    for ax, letter, model in zip(axes, "abc", models, strict=False):
        style.panel(ax, letter, model)
        _quarters(ax, data, COLOURS["black"], f"from {pits}", "s-")
        mine = {told: rows for (whose, told), rows in parts.items() if whose == model}
        for (told, rows), colour, marker in zip(mine.items(), TOLD, "^vo", strict=False):
            _quarters(ax, rows, colour, f"model: {told}", f"{marker}--")
        ax.set_xscale("log")
        ax.set_xlabel("turnover time (yr)")
    names = data.index.get_level_values("layer")
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    style.legend_above(axes[0], 2)
    return "medians and quarters"


def _quarters(ax: Axes, rows: pd.DataFrame, colour: str, label: str, form: str) -> None:
    """Draw medians of a row a layer, with bars from a quarter to three quarters."""
    at = np.arange(len(rows))
    ax.plot(rows[0.5], at, form, color=colour, ms=5, lw=1.2, label=label)
    ax.hlines(at, rows[0.25], rows[0.75], color=colour, lw=3, alpha=0.35)


@style.frame(8.4, 3.9)
def pool_and_air(figure: Figure, found: Mapping[str, xr.DataArray]) -> None:
    """Draw one pool through the years beside the air, and all pools in one year.

    Parameters
    ----------
    found : mapping
        ``air`` and ``pool`` over ``year``, ``pools`` over ``turnover`` (yr) in the year of the
        sample, permil; and the attributes ``sampled`` and ``turnover`` of ``pools``.
    """
    left, right = figure.subplots(1, 2)
    style.panel(left, "a", "through the years")
    left.plot(found["air"]["year"], found["air"], color=COLOURS["grey"], lw=1.5, label="air")
    left.plot(found["pool"]["year"], found["pool"], color=COLOURS["blue"], lw=2, label="pool")
    left.axvline(found["pools"].attrs["sampled"], color="0.4", ls=":", lw=1)
    left.set_xlabel("year of sampling")
    left.set_ylabel("radiocarbon Δ¹⁴C (‰)")
    pools, turnover = found["pools"], found["pools"].attrs["turnover"]
    style.panel(right, "b", f"in {pools.attrs['sampled']}")
    right.semilogx(pools["turnover"], pools, color=COLOURS["blue"], lw=2)
    here = float(np.interp(np.log(turnover), np.log(pools["turnover"]), pools))
    right.axhline(here, color="0.4", ls=":", lw=1)
    right.plot([turnover], [here], "o", color=COLOURS["vermilion"], ms=8)
    right.set_xlabel("turnover time (years)")
    style.legend_above(left, 2)
