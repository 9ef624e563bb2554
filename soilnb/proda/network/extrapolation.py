"""From assimilated profiles to the parameters of every cell of a planet, in one call."""

import sys
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from soilnb.proda import covariates
from soilnb.proda.cube import Cube, targets, to_parameters
from soilnb.proda.network.fitting import Fitted, learn, match
from soilnb.profile.layered import two_switches


class Extrapolated(NamedTuple):
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


@two_switches
def extrapolate(
    assimilated: xr.Dataset,
    observations: xr.Dataset,
    planet: xr.Dataset,
    *,
    method: str | tuple[int, ...] = "ridge",
    select: str = "published",
    enzyme_turnover: str | None = None,
    prior: str | None = None,
    seed: int = 0,
    quiet: bool = False,
    **options: Any,
) -> Extrapolated:
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
    select, enzyme_turnover, prior : str
        Which profiles, and where enzymes stand: as in `soilnb.proda.cube.targets`.
    seed : int
        Seed of the fit.
    quiet : bool
        Whether to say nothing of profiles and cells left out.
    **options
        For `soilnb.proda.network.fitting.learn`.

    Returns
    -------
    Extrapolated
        Parameters, cells, predictor, the tables it learnt from, and what is left out.

    Raises
    ------
    InputError
        As `soilnb.proda.cube.targets` and `soilnb.proda.network.fitting.learn`.

    Examples
    --------
    >>> from soilnb.proda import globe, observations
    >>> profiles, planet = observations.twin_profiles(40), globe.planet("teaching", resolution=10)
    >>> middle = [Cube().physical([0.5] * 23)] * 40  # stands for what `assimilate` finds
    >>> coords = {"profile": profiles["profile"], "parameter": list(Cube().model.names)}
    >>> found = xr.DataArray(middle, coords).to_dataset(name="estimate")
    >>> learnt = extrapolate(found, profiles, planet, method="mean", select="all")
    >>> learnt.parameters["q10"].dims
    ('site',)
    """
    cube = Cube.of(assimilated.attrs, enzyme_turnover=enzyme_turnover, prior=prior)
    wanted = targets(assimilated, select=select, enzyme_turnover=enzyme_turnover, prior=prior)
    known = covariates.frame(observations, grid=planet, quiet=True)
    x, y = match(known, wanted, quiet=True)
    everywhere = covariates.frame(planet, quiet=True)
    scaler = covariates.Scaler.of(everywhere)
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
    parameters = to_parameters(predicted, **cube.attrs)
    cells = planet.sel(site=parameters["site"].values)
    return Extrapolated(parameters, cells, fitted, x, y, left_out)
