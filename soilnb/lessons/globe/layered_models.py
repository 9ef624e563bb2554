"""Two layered models in four climates: the study of notebook *Layered models*."""

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims
from soilnb.profile import clm5, compas, forcing

#: The two models, and the parameters that their authors print.
MODELS = {"CLM5": (clm5, "default"), "COMPAS": (compas, "tao2024")}


def microbial_error(state: xr.Dataset, column: xr.Dataset) -> float:
    """Return the largest relative difference of COMPAS's steady state to the printed formula."""
    printed = compas.dense_solve("tao2024", column)
    there = printed.where(printed.values > 0)
    return float(np.nanmax(np.abs(state["carbon"].values / there.values - 1)))


def record(linear: float, microbial: float) -> None:
    """Note how far the fast solvers are from the dense ones.

    Examples
    --------
    >>> record(1e-13, 1e-13)
    """
    claims.record_all({"clm5-dense": linear, "compas-dense": microbial})


def four_soils() -> pd.DataFrame:
    """Return stocks and input of both models in four climates.

    Examples
    --------
    >>> four_soils().shape
    (8, 4)
    """
    rows = {}
    for place in forcing.EXAMPLES:
        for name, (model, chosen) in MODELS.items():
            run = model.steady_state(chosen, forcing.example(place))
            rows[place, name] = {
                "stock to 1 m": float(run["stock"].sel(to_depth=1.0)),
                "stock to 2 m": float(run["stock"].sel(to_depth=2.0)),
                "litter input": float(run["input"]),
                "feasible": bool(run["feasible"]),
            }
    return pd.DataFrame(rows).T.rename_axis(["place", "model"])


def unbooked(run: xr.Dataset) -> float:
    """Return the largest gap between stock and books of a run, as a share of the stock."""
    gained = run["total"] - run["total"][0]
    booked = run["cumulative_input"] - run["cumulative_respiration"]
    return float(np.abs(gained - booked).max() / run["total"][0])
