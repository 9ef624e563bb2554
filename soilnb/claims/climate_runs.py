"""What the forcing and the uncertainty of sites do to the maps: tables and maps that are kept.

The versioned baseline ``runs/climate``, which ``experiments/climate_runs.py`` makes, holds what
comes of all profiles: maps of the variants of `soilnb.profile.forcing`, the seasons of soil
respiration, and global stocks of ensembles that learn from draws of the sites' posteriors. No
observation is in it.
"""

from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.claims import baseline
from soilnb.parameters import check_known

COMMAND = "python -m experiments.climate_runs"

#: Name of the baseline, and whose sources decide it.
NAME, SOURCES = "runs/climate", "tao2024"

#: What is kept as tables: maps by forcing, and respiration by season.
TABLES = ("forcings", "seasons")


@cache
def _kept() -> dict:
    return baseline.needed(NAME, COMMAND)


def note() -> str:
    """Return what a figure of the kept ensembles says below it.

    Examples
    --------
    >>> note().startswith("ISRaD")
    True
    """
    return f"{_kept()['made']}, kept"


def table(name: str) -> pd.DataFrame:
    """Return a kept table: maps by ``forcings``, or respiration by ``seasons``.

    Examples
    --------
    >>> "monthly" in table("seasons")["forcing"].tolist()
    True
    """
    check_known("kept table", name, TABLES)
    return pd.DataFrame(_kept()[name])


def totals() -> dict[str, np.ndarray]:
    """Return the global stock to 1 m of each member, Pg C, by what the members differ in.

    Examples
    --------
    >>> {name: len(stocks) for name, stocks in totals().items() if "best" in name}
    {'best estimates of all sites': 1, 'sites drawn, best estimates': 200}
    """
    return {name: np.array(values) for name, values in _kept()["totals"].items()}


def spread() -> xr.Dataset:
    """Return mean and standard deviation of the stock to 1 m of each cell, kg C m-2, over members.

    Examples
    --------
    >>> bool((spread()["stock_sd"] >= 0).all())
    True
    """
    columns = {name: ("site", np.array(values, float)) for name, values in _kept()["cells"].items()}
    return xr.Dataset(columns).set_coords(["latitude", "longitude"])
