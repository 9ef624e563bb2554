"""Explorer of convergence: two models on their way from default to assimilated parameters."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from soilnb.explore.base import Control, Explorer
from soilnb.figures.tao2024 import globe as tao2024_globe
from soilnb.language import translated
from soilnb.parameters import InputError, check_known, check_range
from soilnb.proda import globe
from soilnb.proda.cube import Cube
from soilnb.proda.globe.runs import Prepared
from soilnb.profile import clm5, compas

#: What may move to its assimilated value: the groups of `soilnb.proda.models`.
WHAT = {
    "all parameters": ("transfer", "cue", "decomposition", "modifier", "transport", "allocation"),
    "carbon transfer and CUE": ("transfer", "cue"),
    "decomposition": ("decomposition",),
    "environmental modifier": ("modifier",),
    "vertical transport": ("transport",),
    "input allocation": ("allocation",),
}

_MODELS = {"CLM5": clm5, "COMPAS": compas}
#: The turnover time of enzymes goes its own way, on a logarithmic scale.
_CUBES = {"CLM5": Cube("clm5"), "COMPAS": Cube("compas", prior="log")}


class Met(NamedTuple):
    """Maps of both models, their zonal means, and how they agree."""

    #: By model, as from `soilnb.proda.globe.maps`.
    maps: dict[str, xr.Dataset]
    #: By model, as from `soilnb.proda.globe.zonal`.
    zones: dict[str, xr.Dataset]
    #: Correlation of the logarithms of SOC to 1 m.
    r: float


def between(
    parameters: xr.Dataset, model: str, share: float, what: str = "all parameters"
) -> xr.Dataset:
    """Return parameters on the straight way from the default to what was assimilated.

    The way is straight in the unit cube of the prior bounds, and in the logarithm of the turnover
    time of enzymes.

    Parameters
    ----------
    parameters : Dataset over site
        Where the way ends, as from `soilnb.proda.network.extrapolate`.
    model : {"CLM5", "COMPAS"}
        The model; its way begins at the set ``tao2024``.
    share : float
        How far to go: 0 is the default, 1 the end.
    what : str
        Of `WHAT`: which parameters go; the others stay where they begin.

    Returns
    -------
    Dataset over site
        A variable for each parameter.

    Raises
    ------
    InputError
        For an unknown model or group, or a share outside 0 to 1.
    """
    check_known("model", model, _MODELS)
    check_known("what", what, WHAT)
    check_range("share", share, 0.0, 1.0)
    module, cube = _MODELS[model], _CUBES[model]
    default = module.PARAMETER_SETS["tao2024"]
    start = np.array([default[key] for key in module.NAMES])
    end = np.stack([parameters[key].values for key in module.NAMES], axis=-1)
    groups = cube.groups()
    moving = {key for group in WHAT[what] for key in groups.get(group, ())}
    step = share * np.array([key in moving for key in module.NAMES])
    places = cube.unit(start) * (1 - step)
    places = places + cube.unit(end) * step
    values = cube.physical(places)
    site = parameters["site"]
    data = {key: ("site", values[:, i]) for i, key in enumerate(module.NAMES)}
    return xr.Dataset(data, {"site": site})


def meet(parameters: Mapping[str, xr.Dataset], planet: xr.Dataset | Prepared) -> Met:
    """Run both models over a planet and compare their soil carbon.

    Parameters
    ----------
    parameters : mapping of str to Dataset
        Of CLM5 and of COMPAS, over the sites of the planet.
    planet : Dataset or Prepared
        As from `soilnb.proda.globe.planet`.
    """
    world = globe.prepare(planet)
    maps = {
        model: globe.maps(parameters[model], world, model.lower(), components=False, progress=False)
        for model in _MODELS
    }
    zones = {model: globe.zonal(each, 10.0, ["stock"]) for model, each in maps.items()}
    r = globe.agreement(*maps.values(), variables=()).loc["stock to 1 m", "r"]
    return Met(maps, zones, float(r))


def converge(
    parameters: Mapping[str, xr.Dataset], planet: xr.Dataset, *, kind: str = "", note: str = ""
) -> Explorer:
    """Let the reader move each model from its default to its assimilated parameters.

    Parameters
    ----------
    parameters : mapping of str to Dataset
        Assimilated parameters of ``CLM5`` and ``COMPAS`` over the sites of the planet, as from
        `soilnb.proda.network.extrapolate`.
    planet : Dataset over site
        A few hundred cells answer fast enough.
    kind, note : str
        ``synthetic`` where made-up profiles were assimilated; what the picture says below it.

    Raises
    ------
    InputError
        For a planet with other sites than the parameters.
    """
    for model in _MODELS:
        if not np.array_equal(parameters[model]["site"].values, planet["site"].values):
            raise InputError(f"parameters of {model} are of other sites than the planet")
    world = globe.prepare(planet)
    controls = {
        "clm5": Control("CLM5: way to its assimilated parameters (%)", 0.0, 0.0, 100.0, 5.0),
        "compas": Control("COMPAS: way to its assimilated parameters (%)", 0.0, 0.0, 100.0, 5.0),
        "what": Control("What moves", "all parameters", choices=tuple(WHAT)),
    }

    def compute(clm5: float, compas: float, what: str) -> Met:
        shares = {"CLM5": clm5 / 100, "COMPAS": compas / 100}
        now = {m: between(parameters[m], m, share, what) for m, share in shares.items()}
        return meet(now, world)

    def draw(met: Met, figure=None):
        words = {"note": note, "data": kind}
        return tao2024_globe.meeting(*met.maps.values(), met.zones, met.r, **words, figure=figure)

    return Explorer(controls, compute, draw, _say, asks="converge")


def _say(met: Met) -> str:
    told = []
    for model, maps in met.maps.items():
        kept = maps["kept"].values
        area, stock = maps["area"].values[kept], maps["stock"].sel(to_depth=1.0).values[kept]
        north = maps["latitude"].values[kept] >= 50.0
        told.append(
            translated(
                "{model} {stock:.1f} kg C m⁻² on average and {stock_2:.1f} north of 50°N",
                model=model,
                stock=np.average(stock, weights=area),
                stock_2=np.average(stock[north], weights=area[north]),
            )
        )
    return translated(
        "SOC to 1 m: {told}. Correlation of log SOC: {r:+z.2f}.", told="; ".join(told), r=met.r
    )
