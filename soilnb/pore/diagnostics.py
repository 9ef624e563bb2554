"""What is recorded of a simulation, in which units, and what follows from it.

Pools are mg per g dry soil, fluxes mg per g and day. Carbon in voxels is turned into pools by the
volume of a voxel and the dry mass of the domain, so domains of all sizes can be compared.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.pore.state import INITIAL_NECROMASS, NEW_NECROMASS, POM, State

_POOL, _FLUX = "mg g-1", "mg g-1 d-1"

#: Table 1: the state variables, by their names in the model's Datasets.
STATE_VARIABLES = {
    "C_B": ("C_B", "carbon in microbial biomass"),
    "C_Nec": ("C_{Nec}", "carbon in microbial necromass"),
    "C_CO2": ("C_{CO_2}", "carbon respired by the microbes since the start"),
    "C_POM": ("C_{POM}", "carbon in particulate organic matter"),
    "C_S": ("C_S", "organic carbon dissolved in the soil solution"),
    "N_B": ("N_B", "nitrogen in microbial biomass"),
    "N_leak": ("N_{leak}", "nitrogen leached since the start"),
    "N_Nec": ("N_{Nec}", "nitrogen in microbial necromass"),
    "N_POM": ("N_{POM}", "nitrogen in particulate organic matter"),
    "N_S": ("N_S", "nitrogen dissolved in the soil solution"),
}

#: Table 2: the rates, by their names in the model's Datasets: symbol, formula, meaning.
RATES = {
    "f_U": ("f_U", r"\nu_{C_S} \frac{C_S}{C_S + k_{C_S}} C_B", "microbial uptake of carbon"),
    "f_N": (
        "f_N",
        r"\frac{f_U - R}{(C/N)_B}",
        "microbial assimilation (or mineralisation) of nitrogen",
    ),
    "f_POM": (
        "f_{POM}",
        r"k_{POM} (b + \frac{C_B^{total}}{C_B^k}) \frac{s_f}{s} C_{POM}",
        "decay of particulate organic matter",
    ),
    "f_Nec": (
        "f_{Nec}",
        r"k_{Nec} (b + \frac{C_B^{total}}{C_B^k}) \frac{s_f}{s} C_{Nec}",
        "decay of necromass",
    ),
    "f_BD": ("f_{BD}", "k_{BD} C_B", "microbial death"),
    "R_O": (
        "R_O",
        r"\max(0, f_U - R_G - R_M - (C/N)_B N_S / \Delta t)",
        "overflow respiration: carbon for which there is no nitrogen (conserving form of A2)",
    ),
    "R_G": ("R_G", "k_G f_U", "growth respiration"),
    "R_M": ("R_M", "k_M C_B", "maintenance respiration"),
    "R": ("R", "R_G + R_M + R_O", "respiration"),
    "R_leak": ("R_{leak}", "k_{leak} N_S", "leaching of nitrogen"),
    "R_POM": ("R_{POM}", "", "input of fresh organic particles"),
    "R_root": ("R_{Root}", "", "input of root exudates"),
}

#: Variables over time: unit, symbol, meaning.
SERIES: dict[str, tuple[str, str, str]] = {
    **{name: (_POOL, symbol, meaning) for name, (symbol, meaning) in STATE_VARIABLES.items()},
    "C_Nec_initial": (_POOL, "C_{Nec,0}", "carbon in the necromass that was there at the start"),
    "C_Nec_new": (_POOL, "C_{Nec,new}", "carbon in necromass made since the start"),
    **{
        name: (_FLUX, symbol, meaning)
        for name, (symbol, _, meaning) in RATES.items()
        if name != "R"
    },
    "f_POM_N": (_FLUX, "f_{POM,N}", "nitrogen released by decay of particulate organic matter"),
    "f_Nec_N": (_FLUX, "f_{Nec,N}", "nitrogen released by decay of necromass"),
    "f_release": (_FLUX, "f_R", "carbon dissolved when biomass cells die out"),
    "R_POM_N": (_FLUX, "R_{POM,N}", "nitrogen of fresh organic particles"),
    "R_root_N": (_FLUX, "R_{Root,N}", "nitrogen of root exudates"),
    "CUE": ("1", "CUE", "carbon use efficiency, 1 - R / f_U (Eq. 11)"),
    "exposed_POM": ("1", "(s_f/s)_{POM}", "exposed share of particulate organic matter"),
    "exposed_Nec": ("1", "(s_f/s)_{Nec}", "exposed share of necromass particles"),
    "biomass_cells": ("1", "n_B", "voxels with living biomass"),
    "moved": ("1", "m", "share of the mineral particles that moved"),
}

#: Codes of the field ``cell``.
CELLS = {
    "pore": 0,
    "mineral": 1,
    "particulate organic matter": 2,
    "initial necromass": 3,
    "new necromass": 4,
    "biomass": 5,
}

_CONCENTRATION = "g cm-3"

#: Fields of a snapshot: NumPy type, unit, meaning.
FIELDS: dict[str, tuple[type, str, str]] = {
    "cell": (np.int8, "1", "type of the voxel"),
    "solid": (np.int32, "1", "number of the mineral particle, 0 for none"),
    "organic": (np.int32, "1", "number of the organic particle, 0 for none"),
    "c_s": (np.float64, _CONCENTRATION, "dissolved carbon"),
    "n_s": (np.float64, _CONCENTRATION, "dissolved nitrogen"),
    "c_b": (np.float64, _CONCENTRATION, "carbon in living biomass"),
    "c_nec": (np.float64, _CONCENTRATION, "carbon in necromass"),
    "c_pom": (np.float64, _CONCENTRATION, "carbon in particulate organic matter"),
    "reactive": (np.int8, "1", "reactive sides: 1 up + 2 right + 4 down + 8 left"),
    "glue": (np.int8, "1", "sides with a gluing spot or memory edge: 1 up + 2 right + 4 down + 8"),
}


def pools(state: State, parameters: Mapping[str, float], per_gram: float) -> dict[str, float]:
    """Return the pools of a state in mg g-1, by their names in `SERIES`.

    Parameters
    ----------
    per_gram : float
        mg g-1 for a sum of voxel concentrations of 1 g cm-3, see
        `soilnb.pore.chemistry.per_gram`.
    """
    p = parameters
    initial = float(state.c_nec[state.kind == INITIAL_NECROMASS].sum())
    new = float(state.c_nec[state.kind != INITIAL_NECROMASS].sum())
    biomass, pom = float(state.c_b.sum()), float(state.c_pom.sum())
    sums = {
        "C_B": biomass,
        "C_Nec": initial + new,
        "C_Nec_initial": initial,
        "C_Nec_new": new,
        "C_POM": pom,
        "C_S": float(state.c_s.sum()),
        "C_CO2": state.budget["c_co2"],
        "N_B": biomass / p["cn_biomass"],
        "N_Nec": (initial + new) / p["cn_necromass"],
        "N_POM": pom / p["cn_pom"],
        "N_S": float(state.n_s.sum()),
        "N_leak": state.budget["n_leak"],
    }
    return {name: per_gram * value for name, value in sums.items()}


def cell_types(state: State) -> np.ndarray:
    """Return the code of each voxel, int8 array (ny, nx), see `CELLS`.

    Examples
    --------
    >>> from soilnb.pore.structure import dispersed
    >>> np.unique(cell_types(dispersed((64, 64), seed=1)))  # see `CELLS`: no biomass yet
    array([0, 1, 2, 3], dtype=int8)
    """
    cell = np.where(state.c_b > 0, CELLS["biomass"], CELLS["pore"])
    cell[state.solid > 0] = CELLS["mineral"]
    cell[state.kind == POM] = CELLS["particulate organic matter"]
    cell[state.kind == INITIAL_NECROMASS] = CELLS["initial necromass"]
    cell[state.kind == NEW_NECROMASS] = CELLS["new necromass"]
    return cell.astype(np.int8)


def fields(state: State) -> dict[str, np.ndarray]:
    """Return copies of the fields of a snapshot, arrays (ny, nx), see `FIELDS`."""
    bits = np.array([1, 2, 4, 8])
    found = {
        "cell": cell_types(state),
        "reactive": np.tensordot(bits, state.reactive, 1),
        "glue": np.tensordot(bits, state.glue, 1),
    }
    return {
        name: np.array(found.get(name, getattr(state, name, None)), kind)
        for name, (kind, _, _) in FIELDS.items()
    }


def availability(
    c_s: xr.DataArray | np.ndarray, half_saturation: float
) -> xr.DataArray | np.ndarray:
    """Return the availability of dissolved carbon to microbes, C_S / (C_S + k), 0 to 1.

    Examples
    --------
    >>> availability(np.array([0.0, 1e-4, 1e-2]), half_saturation=1e-4).round(2)
    array([0.  , 0.5 , 0.99])
    """
    return c_s / (c_s + half_saturation)


def respiration(data: xr.Dataset) -> xr.DataArray:
    """Return respiration R = R_G + R_M + R_O, in mg g-1 d-1.

    Examples
    --------
    >>> from soilnb.pore import simulate
    >>> run = simulate(days=2, shape=(64, 64), initial_steps=5, progress=False)
    >>> bool(np.allclose(run.CUE, 1 - respiration(run) / run.f_U, equal_nan=True))
    True
    """
    return (data.R_G + data.R_M + data.R_O).assign_attrs(
        units=_FLUX, symbol="R", long_name="respiration"
    )


def total_carbon(data: xr.Dataset) -> xr.DataArray:
    """Return organic carbon: biomass, necromass, particulate and dissolved, in mg g-1.

    Examples
    --------
    >>> from soilnb.pore import simulate
    >>> run = simulate(days=0, shape=(64, 64), initial_steps=5, progress=False)
    >>> total_carbon(run).values.round(1)  # mg per g soil
    array([8.4])
    """
    return (data.C_B + data.C_Nec + data.C_POM + data.C_S).assign_attrs(
        units=_POOL, symbol="TOC", long_name="total organic carbon"
    )


def total_nitrogen(data: xr.Dataset) -> xr.DataArray:
    """Return nitrogen in biomass, necromass, particulate matter and solution, in mg g-1."""
    return (data.N_B + data.N_Nec + data.N_POM + data.N_S).assign_attrs(
        units=_POOL, symbol="TON", long_name="total nitrogen"
    )


def carbon_residual(data: xr.Dataset) -> xr.DataArray:
    """Return what the carbon budget leaves unexplained since the start, in mg g-1.

    Examples
    --------
    >>> from soilnb.pore import simulate
    >>> run = simulate(days=2, shape=(64, 64), initial_steps=5, progress=False)
    >>> float(abs(carbon_residual(run)).max()) < 1e-12
    True
    """
    held = total_carbon(data) + data.C_CO2
    brought = (data.R_root + data.R_POM).cumsum("time")
    return (held - held.isel(time=0) - brought).assign_attrs(
        units=_POOL, long_name="unexplained change of carbon"
    )


def nitrogen_residual(data: xr.Dataset) -> xr.DataArray:
    """Return what the nitrogen budget leaves unexplained since the start, in mg g-1."""
    held = total_nitrogen(data) + data.N_leak
    brought = (data.R_root_N + data.R_POM_N).cumsum("time")
    return (held - held.isel(time=0) - brought).assign_attrs(
        units=_POOL, long_name="unexplained change of nitrogen"
    )
