"""A moving and a frozen soil, with and without the gate: the study of that notebook."""

from collections.abc import Mapping

import pandas as pd
import xarray as xr

from soilnb import claims
from soilnb.claims import scenario_runs as paper
from soilnb.explore.pore import pore_space
from soilnb.pore import PRESETS, aggregated, simulate
from soilnb.pore.diagnostics import total_carbon

#: The two soils.
BOTH = ("reference", "static")

#: A frozen soil must be aggregated well: all initial steps, on a smaller square.
QUICK = {"shape": (72, 72), "jobs": 1}


def pores(runs: xr.Dataset, day: float = 195) -> pd.DataFrame:
    """Return who lives in the pores of both soils: share of the pore space, and food in it."""
    found = {}
    for name in BOTH:
        space = pore_space(runs.sel(scenario=name).isel(seed=0), day)
        table = space[["voxels", "availability", "kind"]].to_dataframe()
        table["filled"] = table["voxels"] * table["availability"]
        sums = table.groupby("kind")[["voxels", "filled"]].sum()
        share = 100 * sums["voxels"] / sums["voxels"].sum()
        columns = {"% of pore space": share, "availability": sums["filled"] / sums["voxels"]}
        found[name] = pd.DataFrame(columns)
    return pd.concat(found)


def memory(runs: xr.Dataset, days: tuple[int, int] = (130, 135)) -> dict[str, float]:
    """Return the rank correlation of C/N in the pores between two days, of both soils."""
    found = {}
    for name in BOTH:
        early, late = (runs.sel(scenario=name, snapshot=day) for day in days)
        held = (early["n_s"] > 1e-12) & (late["n_s"] > 1e-12)
        ratios = [(day["c_s"] / day["n_s"]).where(held) for day in (early, late)]
        one, other = (r.stack(voxel=("seed", "y", "x")).to_series().dropna() for r in ratios)
        found[name] = float(one.rank().corr(other.rank()))
    return found


def gates(
    runs: xr.Dataset, size: str = "quick", seed: int = 0, preset: str = "default"
) -> dict[str, xr.Dataset]:
    """Return both soils with the gate ``on`` and ``off``; one of the two are `runs` themselves."""
    own = PRESETS[preset].options["gate"]
    other = {"on": "off", "off": "on"}[own]
    switched = paper.study(BOTH, size, seed, quick=QUICK, preset=preset, parameters={"gate": other})
    return {own: runs.drop_dims("snapshot"), other: switched}


def effect(by_gate: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Return what the gate does to both soils: carbon in mg per g dry soil, means over seeds."""
    found = {}
    for name in BOTH:
        for gate in ("on", "off"):
            found[name, gate] = _summed_up(by_gate[gate].sel(scenario=name))
    return pd.concat(found, axis=1, names=["structure", "gate"]).T


def _summed_up(run: xr.Dataset) -> pd.Series:
    late = run.sel(time=slice(375, 425)).mean("time")
    table = {
        "CO₂-C, 500 days (mg g⁻¹)": run["C_CO2"].isel(time=-1),
        "TOC, day 500 (mg g⁻¹)": total_carbon(run).isel(time=-1),
        "biomass, days 180-199 (mg g⁻¹)": run["C_B"].sel(time=slice(180, 199)).mean("time"),
        "biomass, days 375-425 (mg g⁻¹)": late["C_B"],
        "exposed share of POM, days 375-425 (1)": late["exposed_POM"],
    }
    return pd.Series({name: float(value.mean()) for name, value in table.items()})


#: Hypotheses that the lesson speaks of.
TOLD = [
    *("more-leaching", "attraction-only", "gluing-microbes", "exudates-that-arrive"),
    "faster-diffusion",
]


def tried() -> pd.DataFrame:
    """Return what was tried to explain numbers that do not match, and what it taught.

    Examples
    --------
    >>> [*tried().columns]
    ['supposed', 'verdict', 'conclusion']
    """
    table = claims.hypotheses(paper.PAPER).groupby(level=0, sort=False)
    return table[["supposed", "verdict", "conclusion"]].first().loc[TOLD]


def without_break_up(size: str, seed: int, preset: str) -> pd.DataFrame:
    """Return means of days 75 to 199 of one soil: moving, without break-up, and frozen."""
    shape = (128, 128) if size == "paper" else QUICK["shape"]
    same = {"initial": aggregated(shape, seed, preset, 500), "preset": preset}
    same |= {"days": 199, "progress": False}
    never = {"break_glue": 0.0, "break_organic": 0.0, "break_other": 0.0}
    cases = {
        "moving": simulate("reference", **same),
        "no break-up": simulate("reference", parameters=never, **same),
        "frozen": simulate("static", **same),
    }
    names = ["C_B", "C_S", "exposed_POM", "moved"]
    late = {name: run[names].sel(time=slice(75, 199)).mean() for name, run in cases.items()}
    return pd.DataFrame({name: run.to_array().to_series() for name, run in late.items()})
