"""Explorer of what controls soil carbon: more of a component, or less of its variation.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from soilnb.explore.base import Control, Explorer
from soilnb.figures.tao2023 import controls as tao2023_controls
from soilnb.figures.tao2023.controls import COMPONENTS
from soilnb.language import translated
from soilnb.parameters import InputError, check_known, check_range
from soilnb.proda import globe, sensitivity
from soilnb.proda.cube import Cube
from soilnb.proda.globe.runs import Prepared, prepare
from soilnb.profile import compas

#: Words for the three readings of the turnover time of enzymes (`sensitivity.READINGS`).
READINGS = {
    "its own (tables)": "table",
    "tied to Km (published code)": "published",
    "its own, log prior": "log",
}

#: Components that have parameters, by the words of the figures.
CHOICES = {COMPONENTS[name][0]: name for name, members in Cube().groups().items() if members}

#: Component that is shown first: not the one that is asked about.
_FIRST = COMPONENTS["decomposition"][0]

_DEPTHS = {"0.3 m": 0.3, "1 m": 1.0, "2 m": 2.0}


class Answer(NamedTuple):
    """What the model says to one setting of the controls."""

    #: Component, and depth down to which carbon is counted, m.
    component: str
    depth: float
    #: By words of `READINGS`, the chosen one first: changes of metric and stock over ``change``.
    curves: Mapping[str, xr.Dataset]
    #: Changes of metric and stock at the chosen change.
    point: tuple[float, float]
    #: ``stock`` (kg C m-2) by latitude: as predicted, and with less variation.
    zonal: tuple[xr.Dataset, xr.Dataset]
    #: Global stock, its change and the sum of absolute deviations with less variation, Pg C.
    stock: float
    difference: float
    deviation: float


def components(
    worlds: Mapping[str, tuple[xr.Dataset, xr.Dataset | Prepared]], *, kind: str = ""
) -> Explorer:
    """Let the reader change a component everywhere, or take its variation away.

    Parameters
    ----------
    worlds : mapping of str to (Dataset, planet)
        For each of `READINGS`: parameters over the cells of a coarse planet, and the planet.
    kind : str
        ``synthetic`` where made-up profiles are behind the parameters.
    """
    for reading in READINGS.values():
        if reading not in worlds:
            raise InputError(f"worlds has no reading {reading!r}: allowed all three")
    worlds = {reading: (given, prepare(planet)) for reading, (given, planet) in worlds.items()}
    controls = {
        "component": Control("Component", _FIRST, choices=tuple(CHOICES)),
        "change": Control("Change of its parameters' places everywhere (%)", 10, -20, 20, 2),
        "removed": Control("Share of its variation that is taken away (%)", 100, 0, 100, 10),
        "enzymes": Control(
            "Turnover time of enzymes", next(iter(READINGS)), choices=tuple(READINGS)
        ),
        "depth": Control("Carbon down to", "1 m", choices=tuple(_DEPTHS)),
    }

    def draw(found: Answer, figure=None):
        return tao2023_controls.response(
            found.curves, found.point, found.zonal, component=found.component,
            depth=found.depth, data=kind, figure=figure,
        )  # fmt: skip

    return Explorer(
        controls, lambda **choice: answer(worlds, **choice), draw, _say, asks="components"
    )


def answer(
    worlds: Mapping[str, tuple[xr.Dataset, Prepared]],
    component: str = "microbial CUE",
    change: float = 10.0,
    removed: float = 100.0,
    enzymes: str = "its own (tables)",
    depth: str = "1 m",
) -> Answer:
    """Return what the model says to one setting.

    Parameters
    ----------
    worlds : mapping
        As for `components`.
    component, enzymes, depth : str
        Of `CHOICES`, `READINGS` and the depths.
    change, removed : float
        Change of the places between the bounds, -50 to 50 %, and share of the variation that is
        taken away, 0 to 100 %.
    """
    for name, value, allowed in (
        ("component", component, CHOICES),
        ("enzymes", enzymes, READINGS),
        ("depth", depth, _DEPTHS),
    ):
        check_known(name, value, allowed)
    step = check_range("change", change, -50.0, 50.0, "%") / 100
    share = check_range("removed", removed, 0.0, 100.0, "%") / 100
    which, below = CHOICES[component], _DEPTHS[depth]
    order = [enzymes, *(words for words in READINGS if words != enzymes)]
    curves = {}
    for words in order:
        reading = READINGS[words]
        given, planet = worlds[reading]
        steps = sorted({-0.2, -0.1, 0.0, 0.1, 0.2, step if words == enzymes else 0.0})
        found = sensitivity.proportional(
            given, planet, changes=steps, depth=below, components=[which], progress=False,
            **sensitivity.READINGS[reading],
        )  # fmt: skip
        curves[words] = found.isel(component=0)
    here = curves[enzymes].sel(change=step)
    point = float(here["metric_change"]), float(here["stock_change"])
    reading = READINGS[enzymes]
    given, planet = worlds[reading]
    flat = less_variation(given, which, share, **sensitivity.READINGS[reading])
    before, after = (
        globe.maps(p, planet, components=False, progress=False).sel(to_depth=below)
        for p in (given, flat)
    )
    return _compared(which, below, curves, point, before, after)


def less_variation(
    parameters: xr.Dataset,
    component: str,
    share: float = 1.0,
    enzyme_turnover: str = "own",
    prior: str = "linear",
) -> xr.Dataset:
    """Return parameters of which those of a component lie closer to their mean.

    Parameters
    ----------
    parameters : Dataset over site
        Those of COMPAS.
    component : str
        Of ``Cube("compas").groups()``.
    share : float
        Share of the way to the mean place between the bounds, 0 to 1.
    enzyme_turnover, prior : str
        See `soilnb.proda.cube`.
    """
    names = list(compas.NAMES)
    values = np.stack([np.asarray(parameters[name].values, float) for name in names], axis=-1)
    cube = Cube("compas", enzyme_turnover, prior)
    places = cube.unit(values)
    columns = [names.index(name) for name in cube.groups()[component]]
    middle = places[:, columns].mean(axis=0)
    places[:, columns] += share * (middle - places[:, columns])
    changed = cube.physical(places)
    return parameters.assign(
        {name: (parameters[name].dims, changed[:, i]) for i, name in enumerate(names)}
    )


def _compared(
    component: str,
    depth: float,
    curves: Mapping[str, xr.Dataset],
    point: tuple[float, float],
    before: xr.Dataset,
    after: xr.Dataset,
) -> Answer:
    both = before["kept"] & after["kept"]
    if not bool(both.any()):
        raise InputError("no cell has a steady state in both runs: take less variation away")
    mass = before["area"].where(both, 0.0) / 1e12
    change = (after["stock"] - before["stock"]).fillna(0.0)
    total = float((before["stock"].fillna(0.0) * mass).sum())
    bands = tuple(
        globe.zonal(one.assign(kept=both), 10.0, ["stock"]).sel(statistic="mean")
        for one in (before, after)
    )
    return Answer(
        component, depth, curves, point, bands, total,
        float((change * mass).sum()), float((np.abs(change) * mass).sum()),
    )  # fmt: skip


def _say(found: Answer) -> str:
    name = translated(COMPONENTS[found.component][0])
    metric, stock = (100 * value for value in found.point)
    return translated(
        "More or less of it: {name} changes by {metric:+z.1f} % (median of the cells), "
        "carbon to {depth:g} m by {stock:+z.1f} %, which is {stock_2:+z.0f} of "
        "{stock_3:.0f} Pg C. With less of its variation the cells deviate by "
        "{deviation:.0f} Pg C in all, while their sum changes by {difference:+z.0f} Pg C.",
        name=name,
        metric=metric,
        depth=found.depth,
        stock=stock,
        stock_2=found.stock * stock / 100,
        stock_3=found.stock,
        deviation=found.deviation,
        difference=found.difference,
    )
