"""Film and pores of the reference run, for the notebook *The reference scenario*."""

import pandas as pd
import xarray as xr

from soilnb.claims import scenario_runs as paper
from soilnb.explore.pore import pore_space
from soilnb.figures.pore import maps
from soilnb.pore.diagnostics import respiration

#: Days of the film, and those that the numbers of the paper need besides.
FILM_DAYS = sorted([*range(0, 501, 20), 205, 210, 215, 230])
SNAPSHOTS = sorted({*FILM_DAYS, *paper.SNAPSHOTS})


def film(run: xr.Dataset) -> object:
    """Return the film of a run with snapshots of `FILM_DAYS`."""
    labels = [f"day {day}" for day in FILM_DAYS]
    return maps.animation(
        maps.frames([run["cell"].sel(snapshot=day) for day in FILM_DAYS], labels),
        labels,
        "Film of the reference scenario from day 0 to day 500: fine mineral particles "
        "keep rearranging around particles of organic matter, fresh organic particles "
        "appear, and the small patches of biomass stay where they are.",
    )


def efficiency(run: xr.Dataset, first: int = 100, last: int = 199) -> float:
    """Return CUE over a span of days, from the sums of uptake and respiration."""
    span = run.sel(time=slice(first, last))
    return float(1 - respiration(span).sum() / span["f_U"].sum())


def pores(run: xr.Dataset, day: float) -> pd.DataFrame:
    """Return how many pores of each kind there are on a day, and how available carbon is there."""
    space = pore_space(run, day)[["voxels", "availability", "kind"]].to_dataframe()
    by_kind = space.groupby("kind")
    table = by_kind["voxels"].agg(["size", "sum"])
    table.columns = ["pores", "voxels"]
    available = by_kind["availability"].agg(["min", "mean", "max"]).round(3)
    words = {"min": "least availability", "mean": "mean availability", "max": "largest"}
    return table.join(available.rename(columns=words))
