r"""ICBM: young and old carbon, the smallest model of a soil that is in use.

The Introductory Carbon Balance Model (Andrén & Kätterer 1997,
doi:10.1890/1051-0761(1997)007[1226:ITICBM]2.0.CO;2) has two pools. The litter i enters the young
one; a share h of what decays there becomes old, the rest is respired:

.. math::
    \dot Y &= i - k_1 r Y \\
    \dot O &= h k_1 r Y - k_2 r O

All that climate, soil and tillage do is one number, r, which multiplies both rates. The model does
not say what r is at another temperature: it is given with the site as ``modifier``.

The steady state is Y = i / (k1 r), O = h i / (k2 r). Nothing takes carbon up here, so that the
microbes are meant by decay itself: the uptake of the ledger is the turnover of both pools, and at
steady state the diagnosed CUE is h / (1 + h), whatever the rates.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from soilnb.parameters import Parameters, ParameterSet, read_table
from soilnb.profile.model import BoxModel, Flux, Ledger
from soilnb.profile.model.dataset import Initial
from soilnb.profile.site import Site

PARAMETER_SETS = read_table(Path(__file__).with_suffix(".toml")).sets

#: Label and readable name of each pool.
POOL_NAMES = {"young": "young carbon", "old": "old carbon"}


def ledger(site: Site, p: ParameterSet) -> Ledger:
    """Return who gets what from whom.

    Examples
    --------
    >>> asked = MODEL.ask(MODEL.example, MODEL.default)
    >>> [flux.label for flux in ledger(asked.place, asked.chosen).fluxes][:]
    ['young to old, CO2', 'old to CO2']
    """
    r = site.get("modifier", p["modifier"])
    h = p["humification"]
    return Ledger(
        inputs={"young": site["npp"]},
        fluxes=[
            Flux("transfer", "young", {"old": h, "CO2": 1 - h}, p["rate_young"] * r),
            Flux("transfer", "old", {"CO2": 1.0}, p["rate_old"] * r),
        ],
    )


MODEL = BoxModel(
    name="ICBM",
    source="ICBM, Andrén & Kätterer 1997, doi:10.1890/1051-0761(1997)007[1226:ITICBM]2.0.CO;2",
    pools=POOL_NAMES,
    sets=PARAMETER_SETS,
    ledger=ledger,
    needs=("npp",),
    module=__name__,
)


def steady_state(site: Mapping | xr.Dataset, parameters: Parameters = "andren1997") -> xr.Dataset:
    """Return the pools at which gains and losses balance, with the flux ledger.

    Parameters
    ----------
    site : mapping or Dataset
        ``npp`` (g C m-2 yr-1) and, where the climate is not that of Ultuna, ``modifier`` (r).
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes.

    Returns
    -------
    Dataset
        As of `soilnb.profile.model.BoxModel.steady_state`.

    Examples
    --------
    >>> soil = steady_state({"npp": 200.0})
    >>> soil["carbon"].values.round(4)  # i / k1 and h i / k2, kg C m-2
    array([0.25  , 4.2975])
    """
    return MODEL.steady_state(site, parameters)


def simulate(
    site: Mapping | xr.Dataset,
    time: np.ndarray,
    parameters: Parameters = "andren1997",
    initial: Initial = None,
    drivers: Mapping | xr.Dataset | None = None,
) -> xr.Dataset:
    """Run the model in time, exactly.

    Parameters
    ----------
    site, parameters
        As in `steady_state`; an ``npp`` of 0 is bare fallow.
    time, initial, drivers
        As in `soilnb.profile.model.BoxModel.simulate`.

    Returns
    -------
    Dataset
        As of `soilnb.profile.model.BoxModel.simulate`.

    Examples
    --------
    >>> bare = simulate({"npp": 0.0, "modifier": 1.32}, [0, 20], initial=[0.3, 3.96])
    >>> bare["carbon"].sum("pool").values.round(3)  # twenty years of bare fallow at Ultuna
    array([4.26 , 3.409])
    """
    return MODEL.simulate(site, time, parameters, initial, drivers)
