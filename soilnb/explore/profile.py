"""Explorer of the whole soil profile, and what its notebooks ask the model.

The model is `soilnb.profile.depth`. `profile` starts at its set ``luo2025`` (one material, root
input times turnover time, to 2 m).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.explore import ROOTS
from soilnb.explore.base import Control, Explorer
from soilnb.figures import luo2025
from soilnb.language import translated
from soilnb.profile import depth

#: Set of parameters from which the explorer starts.
SET = "luo2025"

#: Ranges of the parameters: (kind, low, high, where they come from).
RANGES: dict[str, tuple[str, float, float, str]] = {
    "root_beta": ("input", 0.92, 0.98, "tested by Sierra et al. 2024; biomes have 0.913 to 0.982"),
    "decay": ("turnover", 1 / 100, 1 / 20, "turnover times of 20 to 100 years at the surface"),
    "decay_depth": ("turnover", 25.0, 60.0, "fits to mean and median turnover times"),
    "diffusion": ("transport", 0.1, 15.0, "published values in Sierra et al. 2024"),
    "advection": ("transport", 0.008, 0.2, "published values in Sierra et al. 2024"),
}

#: What each parameter is called on an axis.
LABELS = {
    "root_beta": "root depth β (1)",
    "decay": "decay at the surface k₀ (yr⁻¹)",
    "decay_depth": "its depth scale zₑ (cm)",
    "diffusion": "mixing κ (cm² yr⁻¹)",
    "advection": "water v (cm yr⁻¹)",
}

#: Two readings of what happens to carbon that enters the soil.
READINGS = {
    "stock": "all of it turns over like the soil's stock",
    "two materials": "most is fresh and decays in years, some becomes soil",
}

#: Sliders: range and step of each parameter.
_SLIDERS = {
    "root_beta": (0.90, 0.99, 0.001),
    "decay": (0.005, 0.1, 0.001),
    "decay_depth": (15.0, 120.0, 1.0),
    "diffusion": (0.0, 20.0, 0.1),
    "advection": (0.0, 1.0, 0.005),
}


def profile() -> Explorer:
    """Show what root depth, turnover and transport do to the carbon of a whole profile."""
    records = depth.PARAMETER_SETS[SET].records
    controls = {
        name: Control.of(records[name], low=low, high=high, step=step)
        for name, (low, high, step) in _SLIDERS.items()
    }
    controls["root_beta"] = replace(controls["root_beta"], label=ROOTS)
    return Explorer(controls, whole_profile, luo2025.profile, _say, asks="profile", comparing=True)


def whole_profile(**parameters: float) -> xr.Dataset:
    """Return the profile at rest, with its transport and without.

    Parameters
    ----------
    **parameters : float
        Changes to the set `SET`.

    Returns
    -------
    Dataset
        ``carbon`` (case, depth) in kg C m-3 for the cases ``still`` and ``moved``, ``source``
        (depth) in g C m-3 yr-1, ``turnover_time`` (depth) in years, ``stock`` and ``deep``
        (case), the carbon of all and below 1 m in kg C m-2, ``reach`` (cm), how far mixing
        moves carbon within its turnover time in the topsoil.
    """
    moved = depth.steady_state({"set": SET, **parameters})
    still = depth.steady_state({"set": SET, **parameters, "diffusion": 0.0, "advection": 0.0})
    runs = {"still": still, "moved": moved}
    carbon = xr.concat(
        [run["carbon"].sum("material") / 1000 for run in runs.values()],
        pd.Index(list(runs), name="case"),
    )
    soil = moved.sel(material="soil")
    mixing = parameters.get("diffusion", depth.PARAMETER_SETS[SET]["diffusion"])
    return xr.Dataset(
        {
            "carbon": carbon.assign_attrs(units="kg C m-3"),
            "source": soil["source"],
            "turnover_time": (1 / soil["decay"]).assign_attrs(units="yr"),
            "stock": ("case", [float(run["stock"]) for run in runs.values()]),
            "deep": ("case", [float(depth.stock(run, 1.0)) for run in runs.values()]),
            "reach": float(np.sqrt(mixing / soil["decay"][0])),
        },
        attrs=moved.attrs,
    )


def _say(state: xr.Dataset) -> str:
    moved, still = state.sel(case="moved"), state.sel(case="still")
    change = 100 * (float(moved["deep"] / still["deep"]) - 1)
    return translated(
        "The profile holds {stock:.1f} kg C m⁻², {deep:.1f} of it below 1 m; transport "
        "changes that deep carbon by {change:+z.0f} %. In the topsoil mixing reaches "
        "{reach:.0f} cm within one turnover time.",
        stock=float(moved["stock"]),
        deep=float(moved["deep"]),
        change=change,
        reach=float(state["reach"]),
    )


def spans(start: str = SET) -> pd.DataFrame:
    """Return how far each parameter moves the profile over its published range, one at a time.

    Parameters
    ----------
    start : str
        The set that all other parameters are taken from.

    Returns
    -------
    DataFrame
        As `soilnb.figures.luo2025.controls` draws it.
    """
    rows = []
    for name, (kind, low, high, source) in RANGES.items():
        ends = [_shape({"set": start, name: value}) for value in (low, high)]
        rows.append(
            {"parameter": name, "label": LABELS[name], "kind": kind, "low": low, "high": high,
             "deep_low": ends[0][0], "deep_high": ends[1][0], "stock_low": ends[0][1],
             "stock_high": ends[1][1], "range": source}
        )  # fmt: skip
    table = pd.DataFrame(rows).set_index("parameter")
    deep, stock = _shape(start)
    table.attrs = {"deep": deep, "stock": stock, "set": start}
    return table


def _shape(parameters: str | Mapping) -> tuple[float, float]:
    """Share of the carbon below 0.3 m (%), and all of it (kg C m-2)."""
    state = depth.steady_state(parameters)
    stock = float(state["stock"])
    return 100 * float(depth.stock(state, 0.3)) / stock, stock


def entering(
    edges: Sequence[float] = (0.0, 0.2, 0.5, 1.0, 2.0),
    time: Sequence[float] | None = None,
    start: str = "cropland",
) -> xr.Dataset:
    """Return the fate of carbon by the depth at which it enters, in both readings.

    In the reading ``stock`` all carbon turns over like the soil's stock, in ``two materials``
    the set's share of it does, and the rest decays like fresh remains (`READINGS`).

    Parameters
    ----------
    edges : sequence of float [place + 1]
        Depths (m) between the places where it enters, evenly in each.
    time : sequence of float, optional
        Years; default 0.1 to 3,000.
    start : str
        The set that all parameters are taken from.

    Returns
    -------
    Dataset
        ``remaining`` (reading, place, time) as a share, ``mean`` and ``median`` transit time
        (reading, place) in years.
    """
    years = np.geomspace(0.1, 3000.0, 60) if time is None else np.asarray(time, dtype=float)
    kept = {"stock": {"root_kept": 1.0, "residue_kept": 1.0}, "two materials": {}}
    places = [f"{low:g}-{high:g} m" for low, high in pairwise(edges)]
    runs = []
    for reading in READINGS:
        row = [_entered({"set": start, **kept[reading]}, layer, years) for layer in pairwise(edges)]
        runs.append(xr.concat(row, pd.Index(places, name="place")))
    return xr.concat(runs, pd.Index(list(READINGS), name="reading")).assign_attrs(set=start)


def _entered(parameters: Mapping, layer: tuple[float, float], years: np.ndarray) -> xr.Dataset:
    cells = depth.grid(depth.PARAMETER_SETS[parameters["set"]]["depth"])
    soil = depth.profile(parameters, edges=cells, source=depth.layer_shares(cells, *layer))
    fate = depth.remaining(soil, years)
    return xr.merge([fate[["remaining"]], depth.transit_time(soil)], combine_attrs="drop")
