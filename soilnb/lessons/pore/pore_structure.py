"""Small experiments with the structure, as the notebook *Structure* makes them.

One soil settles while it is watched; break-up is turned down; rules are changed one at a time.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from soilnb.explore.pore import pore_space
from soilnb.pore import State, motion, simulate
from soilnb.pore.diagnostics import cell_types

#: The three chances of break-up.
BREAKING = ("break_glue", "break_organic", "break_other")

#: A sandy texture: % of the mineral area by size class.
SANDY = {
    "share_1_2": 8.0,
    "share_2_6": 5.0,
    "share_6_20": 12.0,
    "share_20_63": 30.0,
    "share_63_200": 45.0,
}


class Settled(NamedTuple):
    """A soil after its aggregation, and what was seen on the way.

    Attributes
    ----------
    soil : State
        At the end.
    maps : list of int arrays
        Types of voxels, first dispersed.
    labels : list of str
        The step of each map.
    exposed : DataFrame
        Exposed shares of particulate organic matter and necromass, by step.
    """

    soil: State
    maps: list[np.ndarray]
    labels: list[str]
    exposed: pd.DataFrame


def settle(loose: State, parameters: Mapping[str, float], steps: int) -> Settled:
    """Let a dispersed soil aggregate; look often at first, then less.

    Examples
    --------
    >>> from soilnb.pore.parameters import resolve
    >>> from soilnb.pore.structure import dispersed
    >>> rules = resolve("default")
    >>> settle(dispersed((64, 64), 0, rules), rules, 30).labels[:3]
    ['step 0', 'step 2', 'step 4']
    """
    looks = [*range(0, 21, 2), *np.linspace(25, steps, 26, dtype=int)]
    soil, maps, exposed = loose.copy(), [], {}
    for begin, end in zip([0, *looks[:-1]], looks, strict=True):
        motion.aggregate(soil, parameters, end - begin)
        maps.append(cell_types(soil))
        exposed[end] = motion.exposed_shares(soil, parameters)
    shares = pd.DataFrame(exposed).T.set_axis(["particulate organic matter", "necromass"], axis=1)
    return Settled(soil, maps, [f"step {step}" for step in looks], shares)


def break_up(
    loose: State, parameters: Mapping[str, float], factors: Mapping[str, float]
) -> pd.DataFrame:
    """Return the exposed share of POM in 150 steps of aggregation, for so much of the break-up.

    Parameters
    ----------
    loose : State
        Where all begin.
    parameters : ParameterSet
        Rules at factor 1.
    factors : mapping of str to float
        By the name of the column.

    Examples
    --------
    >>> from soilnb.pore.parameters import resolve
    >>> from soilnb.pore.structure import dispersed
    >>> rules = resolve("default")
    >>> break_up(dispersed((64, 64), 0, rules), rules, {"none": 0.0}).shape
    (31, 1)
    """
    found = {}
    for name, factor in factors.items():
        rules = parameters.replace(**{key: factor * parameters[key] for key in BREAKING})
        soil, shares = loose.copy(), {}
        for step in range(0, 151, 5):
            shares[step] = motion.exposed_shares(soil, rules)["exposed_POM"]
            motion.aggregate(soil, rules, 5)
        found[name] = shares
    return pd.DataFrame(found)


def outcome(changes: Mapping[str, float], **options: object) -> dict[str, float]:
    """Say how exposed, mobile and active a soil is on days 31 to 60, when its rules are changed.

    Parameters
    ----------
    changes : mapping
        Parameters that differ.
    **options
        What `soilnb.pore.simulate` takes: ``shape``, ``seed``, ``preset``, ``initial_steps``.

    Examples
    --------
    >>> soil = outcome({"glue_threshold": 10.0}, shape=(64, 64), initial_steps=5)
    >>> sorted(soil)[-3:]
    ['largest pore', 'particles that move', 'pores']
    """
    run = simulate(
        "reference", days=60, snapshots=[60], parameters=changes, progress=False, **options
    )
    late = run.sel(time=slice(31, 60)).mean()
    voxels = pore_space(run, 60)["voxels"]
    return {
        "exposed POM": float(late["exposed_POM"]),
        "particles that move": float(late["moved"]),
        "pores": voxels.size,
        "largest pore": float(voxels.max() / voxels.sum()),
        "C released (µg g⁻¹ d⁻¹)": 1000 * float(late["f_POM"] + late["f_Nec"]),
    }


def rules(parameters: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return the changes of one rule at a time that the notebook compares, by name.

    Examples
    --------
    >>> from soilnb.pore.parameters import resolve
    >>> rules(resolve("default"))["twice the break-up"]["break_glue"]
    0.12
    """
    return {
        "as it is": {},
        "stronger organic bonds (w₂ = 20, w₃ = 40)": {"weight_organic": 20.0, "weight_glue": 40.0},
        "organic bond as weak as mineral (w₂ = 1)": {"weight_organic": 1.0},
        "no gluing spots (threshold out of reach)": {"glue_threshold": 10.0},
        "half the break-up": {name: parameters[name] / 2 for name in BREAKING},
        "twice the break-up": {name: parameters[name] * 2 for name in BREAKING},
        "sandy texture": SANDY,
        "finest particles single voxels": {"fine_min": 1, "fine_max": 1},
    }
