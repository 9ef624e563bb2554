"""Explorer of a changed century: four models at one place, while climate and litter change."""

import numpy as np
import xarray as xr

from soilnb.explore.base import Control, Explorer
from soilnb.explore.five_models import FIXED
from soilnb.figures import under_change as figures
from soilnb.language import translated
from soilnb.profile import clm5, compas, forcing, rothc
from soilnb.profile.model import boxes

#: Years of a run, in steps of two, and when they are shown.
_TIMES = np.arange(0.0, 81.0, 2.0)

#: Box models that are shown beside.
_BOXES = ("mimics", "rothc")


def century() -> Explorer:
    """Let the reader warm a place and change its litter, evenly until 2100."""
    controls = {
        "warming": Control("Warming by 2100 (°C)", 0.0, 0.0, 6.0, 0.5),
        "litter": Control("Litter in 2100 (% of today's)", 100.0, 60.0, 160.0, 10.0),
        "place": Control("Place", "temperate", choices=("tropical", "temperate", "boreal")),
    }
    return Explorer(controls, paths, figures.paths_at_a_place, _say, asks="century")


def paths(
    warming: float = 4.0, litter: float = 100.0, place: str = "temperate"
) -> dict[str, xr.DataArray]:
    """Run models from rest through a century of change.

    Parameters
    ----------
    warming : float
        K in 2100; it grows evenly from 2020 on.
    litter : float
        % of today's in 2100.
    place : str
        Of `soilnb.profile.forcing.EXAMPLES`.

    Returns
    -------
    dict of str to DataArray (time)
        By model, the change of all its carbon, %.

    Examples
    --------
    >>> float(paths(warming=0.0)["CLM5"].isel(time=-1).round(6))
    0.0
    """
    here = forcing.example(place)
    total = float(here["litter_input"].sum())
    grow = (_TIMES[:-1] + 1) / 80
    more = 1 + (litter / 100 - 1) * grow
    series = {"time": _TIMES[:-1], "warming": warming * grow, "litter_input": total * more}
    found = {}
    for name, model, chosen in (("CLM5", clm5, "default"), ("COMPAS", compas, "tao2024")):
        found[name] = model.simulate(chosen, here, _TIMES, drivers=series)["total"]
    degrees = forcing.EXAMPLES[place]["mat"] + warming * np.append(0.0, grow)
    site = {
        **FIXED, "temperature": degrees[0], "clay": forcing.EXAMPLES[place]["clay"] / 100,
        "npp": total, "modifier": float(rothc.temperature_modifier(degrees[0])),
    }  # fmt: skip
    series = {
        "time": _TIMES[:-1], "temperature": degrees[1:], "npp": total * more,
        "modifier": rothc.temperature_modifier(degrees[1:]),
    }  # fmt: skip
    for key in _BOXES:
        model = boxes()[key]
        found[model.name] = model.total(model.simulate(site, _TIMES, drivers=series))
    return {name: 100 * (stock / stock[0] - 1) for name, stock in found.items()}


def _say(changes: dict[str, xr.DataArray]) -> str:
    ends = [f"{name} {float(change[-1]):+z.1f} %" for name, change in changes.items()]
    return translated("Carbon in 2100 against today: {ends}.", ends=", ".join(ends))
