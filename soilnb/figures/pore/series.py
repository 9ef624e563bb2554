"""How the pore-scale model's pools and fluxes are drawn over time, in every figure alike.

A variable has one name, colour and marker. Where a Dataset has the dimension ``seed``, a line is
the mean over the seeds, and a band goes from the lowest to the highest; where it has the dimension
``statistic`` (the kept series of `soilnb.claims`), the band is one standard deviation wide to both
sides. Where scenarios are compared, the line style tells them apart.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from soilnb.figures import series as kit
from soilnb.figures import style
from soilnb.figures.pore import maps as pore_maps
from soilnb.parameters import InputError
from soilnb.pore.diagnostics import respiration

#: Several runs: a mapping of scenario names to Datasets, or one with the dimension ``scenario``.
Runs = Mapping[str, xr.Dataset] | xr.Dataset


class Look(NamedTuple):
    """How a variable is drawn: its name in words, colour and marker."""

    label: str
    colour: str
    marker: str


_POM, _INITIAL, _NEW, _BIOMASS = (
    pore_maps.COLOURS[name]
    for name in ("particulate organic matter", "initial necromass", "new necromass", "biomass")
)
_SOLUTION, _NECROMASS, _CO2, _OVERFLOW = "#3F8FDD", "#A3195B", "#6E6E6E", "#8CC4EE"

#: Looks of the variables of `soilnb.pore.simulate`, and of those that `variable` derives.
LOOKS = {
    "C_POM": Look("POM", _POM, "s"),
    "C_Nec": Look("necromass, all", _NECROMASS, "D"),
    "C_Nec_initial": Look("necromass, initial", _INITIAL, "v"),
    "C_Nec_new": Look("necromass, new", _NEW, "^"),
    "C_B": Look("biomass", _BIOMASS, "o"),
    "C_S": Look("dissolved", _SOLUTION, "P"),
    "C_CO2": Look("respired (CO₂)", _CO2, "X"),
    "N_POM": Look("POM", _POM, "s"),
    "N_Nec": Look("necromass, all", _NECROMASS, "D"),
    "N_Nec_initial": Look("necromass, initial", _INITIAL, "v"),
    "N_Nec_new": Look("necromass, new", _NEW, "^"),
    "N_B": Look("biomass", _BIOMASS, "o"),
    "N_S": Look("dissolved", _SOLUTION, "P"),
    "f_U": Look("uptake $f_U$", _SOLUTION, "P"),
    "f_POM": Look("decay of POM $f_{POM}$", _POM, "s"),
    "f_Nec": Look("decay of necromass $f_{Nec}$", _NECROMASS, "D"),
    "f_BD": Look("death of biomass $f_{BD}$", _BIOMASS, "o"),
    "R": Look("respiration $R$", "#000000", "X"),
    "R_O": Look("of it overflow $R_O$", _OVERFLOW, "*"),
    "f_N": Look("assimilation $f_N$", _SOLUTION, "P"),
    "f_POM_N": Look("decay of POM", _POM, "s"),
    "f_Nec_N": Look("decay of necromass", _NECROMASS, "D"),
    "f_BD_N": Look("death of biomass", _BIOMASS, "o"),
    "R_leak": Look("leaching $R_{leak}$", _CO2, "X"),
    "CUE": Look("this model", style.COLOURS["blue"], ""),
    "exposed_POM": Look("POM", _POM, "s"),
    "exposed_Nec": Look("necromass", _NECROMASS, "D"),
}

#: What shares are made of, from the bottom up.
CARBON_SHARES = ("C_POM", "C_Nec_initial", "C_Nec_new", "C_B", "C_S")
NITROGEN_SHARES = ("N_POM", "N_Nec_initial", "N_Nec_new", "N_B", "N_S")

#: The scenarios in words.
NAMES = {
    "reference": "one pulse, C/N 40",
    "static": "without movement",
    "cn10": "one pulse, C/N 10",
    "cn22": "one pulse, C/N 22",
    "cn100": "one pulse, C/N 100",
    "ten_pulses": "ten pulses, C/N 40",
    "pom_cn10": "POM with C/N 10",
}

# Nitrogen that follows from carbon by a fixed C/N ratio.
_BY_RATIO = {
    "f_BD_N": ("f_BD", "cn_biomass"),
    "f_POM_N": ("f_POM", "cn_pom"),
    "f_Nec_N": ("f_Nec", "cn_necromass"),
    "N_Nec_initial": ("C_Nec_initial", "cn_necromass"),
    "N_Nec_new": ("C_Nec_new", "cn_necromass"),
}


# Getting at the data ------------------------------------------------------------------------------


def run_of(runs: Runs, scenario: str = "reference") -> xr.Dataset:
    """Return one scenario of several; a Dataset of a single run is returned as it is.

    Raises
    ------
    InputError
        When the scenario is not there.
    """
    if isinstance(runs, xr.Dataset) and "scenario" not in runs.dims:
        return runs
    names = runs["scenario"].values if isinstance(runs, xr.Dataset) else list(runs)
    if scenario not in names:
        raise InputError(f"runs of {', '.join(map(str, names))}: allowed with {scenario}")
    return runs.sel(scenario=scenario) if isinstance(runs, xr.Dataset) else runs[scenario]


def about(data: xr.Dataset, key: str):
    """Return what the attributes of a run say about `key`, decoded.

    An ensemble keeps what differs between its scenarios as a mapping by scenario.
    """
    value = json.loads(data.attrs[key])
    scenario = str(data["scenario"].values) if "scenario" in data.coords else None
    if isinstance(value, dict) and scenario in value:
        value = value[scenario]
    return json.loads(value) if isinstance(value, str) else value


def snapshot(data: xr.Dataset, day: float) -> xr.Dataset:
    """Return the fields of a day, of the first seed.

    Raises
    ------
    InputError
        When the run has not kept that day.
    """
    kept = np.atleast_1d(data["snapshot"].values) if "snapshot" in data.coords else np.empty(0)
    if day not in kept:
        listed = ", ".join(f"{other:g}" for other in kept) or "none"
        raise InputError(
            f"fields of day {day:g}: allowed days {listed}; run simulate(..., "
            f"snapshots=[{day:g}, ...])"
        )
    fields = data.sel(snapshot=day) if "snapshot" in data.dims else data
    return fields.isel(seed=0) if "seed" in fields["cell"].dims else fields


def variable(data: xr.Dataset, name: str) -> xr.DataArray:
    """Return a variable over time, or one that follows from others in one step."""
    if name == "R":
        return respiration(data)
    if name in _BY_RATIO and name not in data:
        carbon, ratio = _BY_RATIO[name]
        return data[carbon] / about(data, "parameters")[ratio]
    return data[name]


def mean(data: xr.Dataset, name: str) -> xr.DataArray:
    """Return the mean of a variable over seeds; of CUE the one that all seeds have together.

    A seed whose few microbes find next to nothing has a CUE far below zero on that day, which
    says little; so respiration and uptake are averaged first.
    """
    values = variable(data, name)
    if "statistic" in values.dims:
        return values.sel(statistic="mean")
    if "seed" not in values.dims:
        return values
    if name == "CUE":
        uptake = data["f_U"].mean("seed")
        return 1 - respiration(data).mean("seed") / uptake.where(uptake > 0)
    return values.mean("seed")


def spread(data: xr.Dataset, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the lower and upper edge of the band of a variable, None for a single run."""
    values = variable(data, name)
    if "statistic" in values.dims:
        middle, width = (values.sel(statistic=which).values for which in ("mean", "sd"))
        return None if np.isnan(width).all() else (middle - width, middle + width)
    if values.sizes.get("seed", 1) < 2:
        return None
    return values.min("seed").values, values.max("seed").values


def amount_between(data: xr.Dataset, name: str, first: float, last: float) -> float:
    """Return what a flux (per day) adds up to after day `first` and until day `last`."""
    flux = mean(data, name)
    length = np.diff(flux["time"].values, prepend=np.nan)
    between = ((flux["time"] > first) & (flux["time"] <= last)).values
    return float((flux.values * length)[between].sum())


def sources(
    data: xr.Dataset, *, of_map: bool = False, band: str | None = None, more: str = ""
) -> list[str]:
    """Return what made a figure, for the words below it: preset, seeds, domain.

    Parameters
    ----------
    data : Dataset
        A run, or several seeds of one.
    of_map : bool
        Whether the figure shows one seed only, the first.
    band : str, optional
        What bands show; "" where means are shown without any.
    more : str
        Written in front.
    """
    attrs = data.attrs
    kept = "statistic" in data.dims
    seeds = attrs.get("seeds") if kept else attrs.get("seed")
    if "seed" in data.coords:
        seeds = data["seed"].values
    seeds = [] if seeds is None else np.atleast_1d(seeds)
    if of_map or len(seeds) <= 1:
        made = f"seed {seeds[0]}" if len(seeds) else ""
    else:
        if band is None:
            band = "standard deviation" if kept else "range"
        made = f"mean {f'and {band} ' if band else ''}of seeds {', '.join(map(str, seeds))}"
    preset = f"preset {attrs['preset']}" if "preset" in attrs else ""
    voxels = f"{attrs['ny']} × {attrs['nx']} voxels of 2 µm" if "ny" in attrs else ""
    return [more, preset, made, voxels, style.synthetic(data)]


# Drawing ------------------------------------------------------------------------------------------


def draw(
    ax: Axes,
    data: xr.Dataset,
    name: str,
    *,
    factor: float = 1.0,
    line: str = "-",
    colour: object = None,
    marker: str | None = None,
    phase: int = 0,
) -> Line2D:
    """Draw a variable (see `variable`) over time: its mean as a line, its spread as a band.

    Parameters
    ----------
    data : Dataset, [time], [seed, time] or [statistic, time]
        One scenario.
    factor : float
        What the values are multiplied with, to come into the axis' unit.
    line, colour, marker : optional
        Line style; colour and marker instead of those in `LOOKS`.
    phase : int
        Shifts the markers along the line, so that those of several lines do not meet.
    """
    look, time = LOOKS[name], data["time"].values
    colour = look.colour if colour is None else colour
    every = max(1, time.size // 8)
    drawn = Line2D(
        time,
        factor * mean(data, name).values,
        linestyle=line,
        color=colour,
        linewidth=1.4,
        label=look.label,
        marker=look.marker if marker is None else marker,
        markersize=4,
        markeredgewidth=0,
        markevery=((1 + phase * every // 6) % time.size, every),
    )
    ax.add_line(drawn)
    band = spread(data, name)
    if band is not None:
        low, high = (factor * edge for edge in band)
        ax.fill_between(time, low, high, color=colour, alpha=0.18, lw=0)
    ax.autoscale_view()
    return drawn


def draw_all(ax: Axes, data: xr.Dataset, names: Sequence[str], *, factor: float = 1.0) -> None:
    """Draw several variables of one run, each with its own look."""
    for phase, name in enumerate(names):
        draw(ax, data, name, factor=factor, phase=phase)
    days(ax, data)


def compare(
    ax: Axes,
    runs: Mapping[str, xr.Dataset],
    names: Sequence[str],
    styles: Mapping[str, tuple],
    *,
    factor: float = 1.0,
    by_colour: bool = False,
) -> None:
    """Draw variables of several scenarios: line styles by scenario, colours by variable.

    Parameters
    ----------
    ax : Axes
    runs : mapping of str to Dataset
        By scenario.
    names : sequence of str
        Variables.
    styles : mapping of str to (line style, colour, marker)
        By scenario.
    factor : float
        See `draw`.
    by_colour : bool
        Colours by scenario too, where there is one variable only.
    """
    for key, (line, colour, marker) in styles.items():
        for phase, name in enumerate(names):
            drawn = draw(
                ax,
                runs[key],
                name,
                factor=factor,
                line=line,
                marker=marker,
                phase=phase,
                colour=colour if by_colour else None,
            )
            drawn.set_gid(f"{key}-{name}")
    days(ax, max(runs.values(), key=lambda run: len(about(run, "pulses"))))


def days(ax: Axes, data: xr.Dataset) -> None:
    """Label the axis of days, and mark the days of pulses."""
    time = data["time"].values
    for pulse in about(data, "pulses") if "pulses" in data.attrs else ():
        day = np.ceil(pulse["day"])
        if time[0] < day <= time[-1]:
            ax.axvspan(day - 1, day, color="0.85", lw=0, zorder=0, gid="pulse")
    ax.set(xlim=(time[0], max(time[-1], time[0] + 1)), xlabel="time (d)")


def log_axis(ax: Axes) -> None:
    """Make a logarithmic axis with plain numbers, of four decades at most below the highest line.

    What begins at zero comes from below the axis.
    """
    drawn = np.concatenate([line.get_ydata() for line in ax.lines])
    drawn = drawn[drawn > 0]
    ax.set_yscale("log")
    if not drawn.size:
        return
    low, high = max(drawn.min() / 1.5, drawn.max() / 1e4), drawn.max() * 1.6
    digits = (1,) if high / low > 20 else (1, 2, 5)
    ticks = np.multiply.outer(10.0 ** np.arange(-9, 6), digits).ravel()
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    kit.log_axis(ax, ticks, axis="y")
    ax.set_ylim(low, high)


def draw_shares(
    ax: Axes, data: xr.Dataset, names: Sequence[str], at: Sequence[float], what: str
) -> None:
    """Draw the shares of pools in their sum as stacked areas, with their values at some days."""
    time = data["time"].values
    pools = np.stack([mean(data, name).values for name in names])
    parts = 100 * pools / pools.sum(0)
    labels = [LOOKS[name].label for name in names]
    colours = [LOOKS[name].colour for name in names]
    ax.stackplot(time, parts, colors=colours, labels=labels, edgecolor="white", lw=0.3)
    ax.set(ylim=(0, 100), ylabel=f"share of {what} (%)")
    days(ax, data)
    for day in at:
        if day not in time:
            continue
        ax.axvline(day, color="white", lw=0.8, ls=":")
        column = parts[:, np.flatnonzero(time == day)[0]]
        tops = column.cumsum() - column / 2
        for name, colour, share, place in zip(names, colours, column, tops, strict=True):
            if share >= 5:
                look = {"color": readable_on(colour), "gid": f"share-{name}-{day:g}"}
                kit.tell(ax, f"{share:.0f}", (day, place), (3, 0), fontsize=7.5, **look)


def patches(names: Sequence[str]) -> list[Patch]:
    """Return the entries of a legend of areas, the topmost first."""
    return [Patch(color=LOOKS[name].colour, label=LOOKS[name].label) for name in reversed(names)]


def readable_on(colour: str) -> str:
    """Return black or white, whichever is readable on a colour."""
    return "black" if np.dot(to_rgb(colour), (0.299, 0.587, 0.114)) > 0.5 else "white"


def beside(ax: Axes, handles: Sequence | None = None, **options) -> None:
    """Put a legend to the right of a panel, where it hides nothing."""
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    where = {"loc": "upper left", "bbox_to_anchor": (1.05, 1.02), "borderaxespad": 0.0}
    where |= {"title_fontsize": 8, "alignment": "left"}
    box = ax.add_artist(ax.legend(handles=handles, **where | options))
    # An artist that is added gets clipped to its panel, and is then no part of the layout.
    box.set_clip_on(False)
    ax.legend_ = None


def over(ax: Axes, handles: Sequence | None = None, **options) -> None:
    """Put a legend over a panel that is as wide as its figure, in two columns."""
    where = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2}
    beside(ax, handles, **where | options)
