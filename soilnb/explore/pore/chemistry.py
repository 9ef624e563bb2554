"""Explorers of the pore-scale model's chemistry without space: one voxel, one pot."""

import json
import math

import numpy as np
import xarray as xr

from soilnb.explore.base import Control, Explorer
from soilnb.figures import pore as figures
from soilnb.kernels import pot as kernel
from soilnb.kernels import reaction
from soilnb.language import translated
from soilnb.parameters import ParameterSet
from soilnb.pore.diagnostics import availability
from soilnb.pore.parameters import PAPER_SOLID, RECORDS, THICKNESS, VOXEL, resolve, voxel_mass

_HOUR = 3600.0
_MG = 1e-3  # g cm-3 for 1 mg cm-3

#: Carbon of the first organic particles (mg per g dry soil), Rötzer et al. 2025, Sect. 2.3.
POM_START, NECROMASS_START = 6.24, 2.61

#: Day of the exudates in the pot.
PULSE = 200

# Parameters of a voxel's reactions, in the kernel's order.
_KINETICS = ("uptake_rate", "half_saturation", "growth_respiration", "maintenance")
_KINETICS += ("biomass_decay", "cn_biomass")


# One voxel ----------------------------------------------------------------------------------------


def voxel() -> Explorer:
    """Ask what limits the growth of microbes: carbon, or the nitrogen that comes with it."""
    controls = {
        "cn": Control("C/N of the solution (g g⁻¹)", 40.0, 5, 120, 1),
        "c_s": Control("Dissolved carbon (mg cm⁻³)", 0.4, 0.01, 10, 0.01),
        "c_b": Control("Biomass carbon (mg cm⁻³)", 20.0, 1.6, 316, 0.1),
        "growth": Control.of(RECORDS["growth_respiration"], high=0.6),
        "cn_biomass": Control.of(RECORDS["cn_biomass"]),
    }
    return Explorer(controls, one_voxel, figures.limits, _say_voxel, asks="voxel")


def one_voxel(
    cn: float = 40.0,
    c_s: float = 0.4,
    c_b: float = 20.0,
    growth: float | None = None,
    cn_biomass: float | None = None,
) -> xr.Dataset:
    """Run one hour of one voxel, for many C/N ratios of its solution.

    Parameters
    ----------
    cn : float
        C/N ratio of the solution where the reader is (g g-1).
    c_s, c_b : float
        Dissolved carbon and biomass carbon (mg cm-3).
    growth : float, optional
        Share of the uptake that is respired for growth, k_G.
    cn_biomass : float, optional
        C/N ratio of the biomass.

    Returns
    -------
    Dataset, [cn]
        ``growth``, ``R_G``, ``R_M``, ``R_O`` as shares of the uptake (1; they add up to 1).
        ``attrs``: ``cn``, ``threshold`` (C/N above which nitrogen limits), ``taken`` (share of
        the dissolved carbon that is taken up in the hour), ``limited_by``.
    """
    p = resolve("default")
    share = p["growth_respiration"] if growth is None else growth
    ratio = p["cn_biomass"] if cn_biomass is None else cn_biomass
    kinetics = (p["uptake_rate"], p["half_saturation"], share, p["maintenance"])
    ratios = np.unique(np.append(np.linspace(5, 120, 116), cn))
    rows = []
    for solution in ratios:
        taken, for_growth, for_maintenance, overflow, _ = reaction.fluxes(
            c_s * _MG, c_s * _MG / solution, c_b * _MG, *kinetics, p["biomass_decay"], ratio, _HOUR
        )
        kept = taken - for_growth - for_maintenance - overflow
        rows.append(np.array([kept, for_growth, for_maintenance, overflow]) / taken)
    parts = np.array(rows).T
    # carbon to build in without any lack of nitrogen, and the nitrogen that it needs
    needed = (1 - share) * taken - for_maintenance
    threshold = ratio * c_s * _MG / needed if needed > 0 else np.inf
    about = {"units": "1"}
    return xr.Dataset(
        {n: ("cn", v, about) for n, v in zip(figures.FATES, parts, strict=True)},
        coords={"cn": ("cn", ratios, {"units": "g g-1"})},
        attrs={
            "cn": float(cn),
            "threshold": float(threshold),
            "taken": float(taken / (c_s * _MG)),
            "limited_by": "nitrogen" if cn > threshold else "carbon",
        },
    )


def _say_voxel(sweep: xr.Dataset) -> str:
    here = sweep.sel(cn=sweep.attrs["cn"])
    kept, overflow = float(here["growth"]), float(here["R_O"])
    limit = sweep.attrs["threshold"]
    edge = (
        translated("from C/N {limit:.0f} on nitrogen limits", limit=limit)
        if np.isfinite(limit)
        else translated("microbes starve")
    )
    return translated(
        "In an hour the microbes take up {taken:.0f} % of the carbon and keep {kept:.2f} "
        "of it; {overflow:.0f} % of the uptake is overflow. Here {limited_by} limits "
        "growth; {edge}.",
        taken=100 * sweep.attrs["taken"],
        kept=kept,
        overflow=100 * overflow,
        limited_by=translated(sweep.attrs["limited_by"]),
        edge=edge,
    )


# One pot ------------------------------------------------------------------------------------------


def well_mixed() -> Explorer:
    """Follow a soil without space: what the exposed share and the C/N ratios do."""
    controls = {
        "exposed": Control("Exposed share of organic matter (1)", 0.11, 0.01, 1, 0.01),
        "cn_pom": Control.of(RECORDS["cn_pom"], high=150.0, step=1.0),
        "mass": Control("Exudates on day 200 (mg C g⁻¹)", 0.77, 0, 8, 0.01),
        "cn_root": Control.of(RECORDS["cn_root"], high=120.0, step=1.0),
    }
    return Explorer(controls, pot, figures.well_mixed, _say_pot, asks="well_mixed", plays="time")


def pot(
    exposed: float = 0.11,
    cn_pom: float = 100.0,
    mass: float = 0.77,
    cn_root: float = 40.0,
    days: int = 300,
) -> xr.Dataset:
    """Run the chemistry of the model in one pot, hour by hour, without space.

    Everything dissolved meets all microbes, and every organic particle has the same exposed share.

    Parameters
    ----------
    exposed : float
        Exposed share of organic particles, s_f / s.
    cn_pom, cn_root : float
        C/N ratios of particulate organic matter and of exudates (g g-1).
    mass : float
        Carbon that comes with the exudates on day 200 (mg per g dry soil).
    days : int
        Length of the run.

    Returns
    -------
    Dataset, [time]
        ``C_POM``, ``C_Nec``, ``C_B``, ``C_S``, ``N_S`` (mg g-1), ``f_U``, ``R_G``, ``R_M``,
        ``R_O`` (mg g-1 d-1), ``CUE``; ``attrs``: ``identity``, the CUE of a steady biomass at the
        mean availability of the days before the pulse, and this ``availability``.
    """
    p = resolve({"cn_pom": cn_pom, "cn_root": cn_root})
    volume = VOXEL * VOXEL * THICKNESS * 1e-12
    per_voxel = 1e3 * volume / (PAPER_SOLID * voxel_mass(p))  # mg g-1 for 1 g cm-3 in a voxel
    # mg g-1 for 1 g cm-3 in all pores: bulk density over porosity
    scale = 1e3 * p["porosity"] / (p["solid_density"] * (1 - p["porosity"]))
    reference = per_voxel * p["biomass_reference"]
    c_b = per_voxel * p["biomass_cells"] * p["biomass_start"] / scale
    c_s = p["dissolved_start"]
    n_s = c_s / p["cn_dissolved_start"]
    kinetics = tuple(p[name] for name in _KINETICS)
    day = np.arange(1, days + 1)
    fresh = per_voxel * p["pom_voxels"] * p["pom_start"]
    brought = np.where(day % round(p["pom_interval"]) == 0, fresh, 0.0)
    exuded = np.where(day == PULSE, float(mass), 0.0)
    kept = math.exp(-p["leak"])
    rates = (float(exposed), p["decay_base"], p["decay_pom"], p["decay_necromass"], kept)
    first = (POM_START, NECROMASS_START, c_s, n_s, c_b)
    cn = (float(cn_pom), p["cn_necromass"], float(cn_root))
    return _pot_dataset(
        kernel.run(first, brought, exuded, rates, cn, scale, reference, kinetics), p, scale, days
    )


def _pot_dataset(rows: np.ndarray, p: ParameterSet, scale: float, days: int) -> xr.Dataset:
    names = ("C_POM", "C_Nec", "C_B", "C_S", "N_S", "f_U", "R_G", "R_M", "R_O")
    units = ["mg g-1"] * 5 + ["mg g-1 d-1"] * 4
    data = xr.Dataset(
        {n: ("time", v, {"units": u}) for n, v, u in zip(names, rows, units, strict=True)},
        coords={"time": ("time", np.arange(days + 1.0), {"units": "d"})},
    )
    respired = data["R_G"] + data["R_M"] + data["R_O"]
    data["CUE"] = (1 - respired / data["f_U"].where(data["f_U"] > 0)).assign_attrs(units="1")
    before = data.sel(time=slice(100, 199))
    mean = float(availability(before["C_S"] / scale, p["half_saturation"]).mean())
    return data.assign_attrs(
        parameters=json.dumps(dict(p)),
        pulses=json.dumps([{"day": PULSE}] if days >= PULSE else []),
        availability=mean,
        identity=p["biomass_decay"] / (p["uptake_rate"] * mean) if mean > 0 else float("nan"),
    )


def _say_pot(pot: xr.Dataset) -> str:
    before = pot.sel(time=slice(100, 199)).mean()
    respired = float(before["R_G"] + before["R_M"] + before["R_O"])
    overflow = 100 * float(before["R_O"]) / respired if respired else 0.0
    limit = translated("Nitrogen limits growth" if overflow > 1 else "Carbon limits growth")
    return translated(
        "Days 100 to 199: biomass {c_b:.0f} µg C g⁻¹, dissolved {c_s:.2f} mg C g⁻¹, "
        "efficiency {cue:.3f} (steady biomass: {identity:.3f}). {limit}: overflow is "
        "{overflow:.0f} % of respiration. After the pulse biomass reaches {c_b_2:.0f} µg "
        "C g⁻¹.",
        c_b=1000 * float(before["C_B"]),
        c_s=float(before["C_S"]),
        cue=float(before["CUE"]),
        identity=pot.attrs["identity"],
        limit=limit,
        overflow=overflow,
        c_b_2=1000 * float(pot["C_B"][200:].max()),
    )
