"""One voxel by itself: an hour of it, and what becomes of it when it is fed for years."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

from soilnb import claims
from soilnb.claims import measures
from soilnb.kernels import reaction
from soilnb.pore.parameters import resolve

HOUR = 3600.0  # s

#: What an hour leaves, and what it turned over (g cm-3).
NAMES = ("c_s", "n_s", "c_b", "uptake", "growth", "maintenance", "overflow", "death")

#: Biomass that the decay of organic matter is measured against, mg per g dry soil.
REFERENCE_BIOMASS = 0.0729


def after(
    c_s: float, n_s: float, c_b: float, *, substeps: int = 0, preset: str = "default"
) -> pd.Series:
    """Return a voxel after an hour, and what it turned over, by name.

    Parameters
    ----------
    c_s, n_s, c_b : float
        Dissolved carbon and nitrogen, and biomass (g cm-3).
    substeps : int
        Steps in which uptake and growth are solved together; 0 holds biomass during uptake.
    preset : str
        See `soilnb.pore.PRESETS`.

    Examples
    --------
    >>> bool(after(1e-3, 1e-5, 0.06)["overflow"] > 0)
    True
    """
    p = resolve(preset)
    rates = [p[name] for name in ("growth_respiration", "maintenance", "biomass_decay")]
    kinetics = (p["uptake_rate"], p["half_saturation"], *rates, p["cn_biomass"])
    return pd.Series(reaction.voxel_step(c_s, n_s, c_b, *kinetics, substeps, HOUR), NAMES)


def respired(turned_over: pd.Series | pd.DataFrame) -> pd.Series | float:
    """Return all respiration of what `after` returns.

    Examples
    --------
    >>> float(respired(pd.Series({"growth": 1.0, "maintenance": 2.0, "overflow": 3.0})))
    6.0
    """
    return turned_over["growth"] + turned_over["maintenance"] + turned_over["overflow"]


def cases(preset: str = "default") -> pd.DataFrame:
    """Return the three cases of nitrogen after an hour (g cm-3), with their CUE.

    Examples
    --------
    >>> len(cases())
    3
    """
    biomass = resolve(preset)["biomass_start"]
    food = {
        "1: hardly any carbon": (1e-6, 1e-6),
        "2: C/N 10": (1e-3, 1e-4),
        "3: C/N 100": (1e-3, 1e-5),
    }
    table = pd.DataFrame({name: after(*one, biomass, preset=preset) for name, one in food.items()})
    words = {"c_s": "dissolved C", "n_s": "dissolved N", "c_b": "biomass C"}
    return table.T.assign(CUE=lambda t: 1 - respired(t) / t["uptake"]).rename(columns=words)


def uptake_in_an_hour(preset: str = "default") -> pd.DataFrame:
    """Return what a voxel takes up in an hour by the closed form, and by a general solver.

    Examples
    --------
    >>> table = uptake_in_an_hour()
    >>> bool(np.allclose(table["closed form"], table["solver"], rtol=1e-8))
    True
    """
    p = resolve(preset)
    rate, half, biomass = p["uptake_rate"], p["half_saturation"], p["biomass_start"]
    rows = []
    for dissolved in (1e-5, 1e-4, 1e-3, 1e-2):
        closed = reaction.uptake(dissolved, biomass, rate, half, HOUR)
        solved = solve_ivp(
            lambda t, s: -rate * biomass * s / (s + half),
            (0, HOUR), [dissolved], method="LSODA", rtol=1e-11, atol=1e-20,
        ).y[0, -1]  # fmt: skip
        rows.append((dissolved, closed, dissolved - solved, closed / dissolved))
    names = ["dissolved C", "closed form", "solver", "share taken up"]
    return pd.DataFrame(rows, columns=names)


def limits(preset: str = "default") -> tuple[float, float]:
    """Return the largest steady CUE, and the C/N ratio of the food up to which it is reached.

    Examples
    --------
    >>> [round(value, 2) for value in limits()]
    [0.62, 16.05]
    """
    p = resolve(preset)
    grown = p["biomass_decay"] * (1 - p["growth_respiration"])
    largest = grown / (p["maintenance"] + p["biomass_decay"])
    return largest, p["cn_biomass"] / largest


def predicted(ratios: Sequence[float], preset: str = "default") -> pd.Series:
    """Return the steady CUE that carbon or nitrogen allows, by the C/N ratio of the food.

    Examples
    --------
    >>> float(predicted([100.0]).iloc[0])
    0.1
    """
    largest, _ = limits(preset)
    by_nitrogen = resolve(preset)["cn_biomass"] / np.asarray(ratios, float)
    return pd.Series(np.minimum(largest, by_nitrogen), ratios, name="CUE")


def fed(
    ratio: float, *, supply: float = 2e-6, days: int = 1500, preset: str = "default"
) -> dict[str, float]:
    """Feed a voxel every hour with carbon and nitrogen in a ratio; return its last day.

    Parameters
    ----------
    ratio : float
        C/N ratio of the food.
    supply : float
        Carbon that comes every hour (g cm-3).
    days : int
        How long.
    preset : str
        See `soilnb.pore.PRESETS`.

    Examples
    --------
    >>> round(float(fed(40.0, days=300)["CUE"]), 2)
    0.25
    """
    p = resolve(preset)
    rate, half, decay = p["uptake_rate"], p["half_saturation"], p["biomass_decay"]
    others = (p["growth_respiration"], p["maintenance"], decay, p["cn_biomass"], 0, HOUR)
    c_b = supply * float(predicted([ratio], preset).iloc[0]) / (decay * HOUR)  # near its end
    c_s = n_s = 0.0
    total, eaters = np.zeros(5), 0.0
    for step in range(24 * days):
        at_work, food = c_b, (c_s + supply, n_s + supply / ratio)
        c_s, n_s, c_b, *turned_over = reaction.voxel_step(*food, c_b, rate, half, *others)
        if step >= 24 * (days - 1):
            total, eaters = total + turned_over, eaters + at_work
    taken, growth, maintenance, overflow, death = total
    lost = growth + maintenance + overflow
    return {
        "CUE": 1 - lost / taken,
        "availability": taken / (HOUR * rate * eaters),
        "overflow share": overflow / lost,
        "growth / death": (taken - lost) / death,
    }


def chemostat(ratios: Sequence[float], preset: str = "default") -> pd.DataFrame:
    """Return the last day of voxels fed with each C/N ratio, with the CUE that was predicted.

    Examples
    --------
    >>> chemostat([]).empty
    True
    """
    table = pd.DataFrame({ratio: fed(ratio, preset=preset) for ratio in ratios}).T
    return table.assign(predicted=predicted(ratios, preset)).rename_axis("C/N of the food")


def decay(biomass: Mapping[str, float], preset: str = "default") -> pd.DataFrame:
    """Return how fast POM decays beside so much biomass (mg per g dry soil), by name.

    Examples
    --------
    >>> decay({"none": 0.0}).round(2).values.tolist()
    [[0.5, 144.41, 1312.78]]
    """
    p = resolve(preset)
    table = pd.DataFrame({"factor": biomass}) / REFERENCE_BIOMASS + p["decay_base"]
    half_life = np.log(2) / (p["decay_pom"] * table["factor"])
    table["half-life, all exposed (d)"] = half_life
    table["half-life, 11 % exposed (d)"] = half_life / 0.11
    return table


def record_identities(available: float = 0.346, preset: str = "default") -> dict[str, float]:
    """Return what the parameters say of a steady biomass, and note it.

    Examples
    --------
    >>> [*record_identities()]
    ['ident-cue', 'ident-overflow', 'ident-resp']
    """
    found = measures.identities(resolve(preset), available)
    if available == 0.346:  # that of the paper
        claims.record_all(found, preset=preset)
    return found
