"""Seven soils that differ in one thing, and accounts of their carbon: the study of *Exudates*."""

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.claims import scenario_runs as paper
from soilnb.figures.pore import series
from soilnb.pore import SCENARIOS, Pulse, Scenario, simulate
from soilnb.pore.diagnostics import respiration, total_carbon

#: All scenarios of the paper, and those in which one pulse differs in quality.
NAMES = ("reference", "static", "cn10", "cn22", "cn100", "ten_pulses", "pom_cn10")
QUALITIES = ("cn10", "cn22", "reference", "cn100")

#: A square small enough for seven runs in a moment; one seed.
QUICK = {"shape": (64, 64), "initial_steps": 150, "jobs": 1}

#: What a trial on a small square has.
SMALL = {"shape": (64, 64), "initial_steps": 100, "progress": False}


def described() -> pd.DataFrame:
    """Return what tells the scenarios apart.

    Examples
    --------
    >>> len(described())
    7
    """
    words = {name: SCENARIOS[name].description for name in NAMES}
    return pd.Series(words, name="scenario").to_frame()


def best(parameters, available: float = 0.7) -> float:
    """Return CUE of microbes that do not lack nitrogen, at an availability of carbon.

    Examples
    --------
    >>> from soilnb.pore.parameters import resolve
    >>> round(best(resolve("default")), 2)
    0.71
    """
    uptake = parameters["uptake_rate"] * available
    return 1 - parameters["growth_respiration"] - parameters["maintenance"] / uptake


def account(runs: xr.Dataset, size: str = "quick", seed: int = 0, preset: str = "default"):
    """Return new necromass and CO2 per mg of exudate carbon, against a soil without a pulse."""
    calm = paper.study(Scenario("no pulse"), size, seed, seeds=1, quick=QUICK, preset=preset)
    end, without = runs.isel(time=-1), calm.isel(time=-1).squeeze("scenario", drop=True)
    names = {"new necromass": "C_Nec_new", "CO₂": "C_CO2"}
    gain = {key: (end[v] - without[v]).mean("seed").to_series() for key, v in names.items()}
    given = runs["R_root"].sum("time").mean("seed").to_series()
    table = pd.DataFrame(gain).div(given, axis=0)
    order = ["cn10", "cn22", "reference", "cn100", "ten_pulses"]
    return table.loc[order].rename(series.NAMES).rename_axis("scenario")


def biomass_without_overflow(runs: xr.Dataset, parameters) -> tuple[float, float]:
    """Return biomass predicted from uptake where nothing overflows, and the one that was found."""
    fed = runs.sel(scenario="pom_cn10", time=slice(75, 199)).mean(["time", "seed"])
    lost = 86400 * (parameters["biomass_decay"] + parameters["maintenance"])
    kept = (1 - parameters["growth_respiration"]) * fed["f_U"]
    return float(kept) / lost, float(fed["C_B"])


def wasted(ratios, seed: int = 0, preset: str = "default") -> pd.Series:
    """Return overflow per carbon taken up in ten days from a pulse on, by its C/N ratio.

    Examples
    --------
    >>> wasted([]).size
    0
    """
    found = {}
    for cn in ratios:
        pulse = Scenario(f"C/N {cn}", pulses=(Pulse(60, mass=0.77, cn=cn),))
        run = simulate(pulse, days=70, seed=seed, preset=preset, **SMALL)
        after = run.sel(time=slice(60, 69))
        found[cn] = float(after["R_O"].sum() / after["f_U"].sum())
    return pd.Series(found, name="overflow / uptake", dtype=float).rename_axis("C/N")


def ten_pulses(ratio: float, seed: int = 0, preset: str = "default") -> pd.Series:
    """Return where the carbon is after ten pulses of one quality, five days apart."""
    pulses = [Pulse(day, mass=0.77, cn=ratio) for day in range(60, 110, 5)]
    run = simulate(
        Scenario(f"ten, C/N {ratio}", pulses=pulses), days=160, seed=seed, preset=preset, **SMALL
    ).isel(time=-1)
    pools = {"new necromass": run["C_Nec_new"], "biomass": run["C_B"], "CO2": run["C_CO2"]}
    return pd.Series({k: float(v) for k, v in (pools | {"TOC": total_carbon(run)}).items()})


def efficiency(runs: xr.Dataset, first: int, last: int) -> pd.Series:
    """Return CUE of a span of days for the four qualities, from sums over days and seeds."""
    span = runs.sel(scenario=list(QUALITIES), time=slice(first, last)).sum(["time", "seed"])
    return (1 - respiration(span) / span["f_U"]).to_series()


def expected(parameters, ratios=(10, 22, 40, 100)) -> pd.Series:
    """Return the CUE that the threshold rule gives for each C/N ratio of the food.

    Examples
    --------
    >>> from soilnb.pore.parameters import resolve
    >>> float(expected(resolve("default")).loc[100])
    0.1
    """
    cue = np.minimum(best(parameters), 10 / np.array(ratios))
    return pd.Series(cue, index=pd.Index(ratios, name="C/N"), name="CUE").round(2)
