"""From assimilated profiles to the parameters of every cell of a planet, in one call."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from soilnb.proda import predictors
from soilnb.proda.network.fitting import Fitted, learn, match
from soilnb.proda.skill import targets, to_parameters


class Carried(NamedTuple):
    """What was learnt at profiles, and what it says about the cells of a planet."""

    #: Parameters over ``site``, as `soilnb.proda.globe.maps` takes them.
    parameters: xr.Dataset
    #: The cells that have a prediction, in the same order.
    cells: xr.Dataset
    #: The predictor.
    fitted: Fitted
    #: Covariates [profile, column] and places [profile, parameter] that it learnt from.
    x: pd.DataFrame
    y: pd.DataFrame
    #: How many profiles and cells are left out, and why; empty where none is.
    left_out: str = ""


def carry(
    assimilated: xr.Dataset,
    observations: xr.Dataset,
    planet: xr.Dataset,
    *,
    method: str | tuple[int, ...] = "ridge",
    keep: str = "published",
    index: str | None = None,
    seed: int = 0,
    quiet: bool = False,
    **options: Any,
) -> Carried:
    """Learn parameters from the environment of profiles, and predict them in every cell.

    Covariates are scaled by their ranges over the planet, as in the papers. Profiles and cells that
    lack a covariate are left out, and so are cells of a class that no profile has; one line counts
    them.

    Parameters
    ----------
    assimilated : Dataset over profile
        As from `soilnb.proda.assimilate`.
    observations : Dataset over profile
        What was assimilated: places and environment of the profiles.
    planet : Dataset over site
        As from `soilnb.proda.globe.planet`.
    method : {"mean", "ridge", "forest", "small", "paper"} or tuple of int
        What learns, see `soilnb.proda.network.fitting.learn`.
    keep, index : str
        Which profiles, and where enzymes stand: as in `soilnb.proda.skill.targets`.
    seed : int
        Seed of the fit.
    quiet : bool
        Whether to say nothing of profiles and cells left out.
    **options
        For `soilnb.proda.network.fitting.learn`.

    Returns
    -------
    Carried
        Parameters, cells, predictor, the tables it learnt from, and what is left out.

    Raises
    ------
    InputError
        As `soilnb.proda.skill.targets` and `soilnb.proda.network.fitting.learn`.
    """
    model = str(assimilated.attrs.get("model", "compas"))
    index = str(assimilated.attrs.get("index", "table")) if index is None else index
    wanted = targets(assimilated, keep=keep, index=index)
    known = predictors.frame(observations, grid=planet, quiet=True)
    x, y = match(known, wanted, quiet=True)
    everywhere = predictors.frame(planet, quiet=True)
    scaler = predictors.Scaler.of(everywhere)
    fitted = learn(method, x, y, scaler=scaler, seed=seed, **options)
    predicted = fitted.predict(everywhere, quiet=True).dropna()
    counts = {
        "profiles without covariates": len(wanted) - len(y),
        "cells without covariates": planet.sizes["site"] - len(everywhere),
        "cells of a class that no profile has": len(everywhere) - len(predicted),
    }
    left_out = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    if left_out and not quiet:
        print(f"note: left out are {left_out}", file=sys.stderr)
    parameters = to_parameters(predicted, model, index=index)
    cells = planet.sel(site=parameters["site"].values)
    return Carried(parameters, cells, fitted, x, y, left_out)
