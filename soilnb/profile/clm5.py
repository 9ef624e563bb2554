r"""CLM5: soil carbon of a land surface model, seven pools in twenty layers, all first order.

The soil of the Community Land Model 5 (Lawrence et al. 2019, doi:10.1029/2018MS001583) follows
CENTURY: coarse woody debris breaks into cellulose and lignin litter; these and metabolic litter
decay into fast, slow and passive carbon, which pass carbon on to each other. All pools but wood
move between the layers. As a matrix equation (Huang et al. 2018; Tao et al. 2024, Eq. 2)

.. math:: \dot X = B I + A \xi K X + V X, \qquad X^* = -(A \xi K + V)^{-1} B I

with the input I, its distribution B over pools and layers, the transfers A, the environmental
modifiers :math:`\xi`, the rates K and the transport V, all constant: the steady state is
proportional to the input. `matrices` shows each term, and the 140 x 140 matrix.

Rates are per year, carbon is in g C m-3.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import ParameterSet, read_table
from soilnb.profile import layered
from soilnb.profile.forcing.environment import Columns
from soilnb.profile.layered import Matrices

__all__ = [
    "NAMES",
    "PARAMETER_SETS",
    "POOLS",
    "POOL_NAMES",
    "dense_solve",
    "from_unit",
    "matrices",
    "sand_transfers",
    "simulate",
    "steady_state",
    "structure",
    "to_unit",
    "warm_up",
]

#: The named sets of CLM5's soil.
PARAMETER_SETS = read_table(Path(__file__).with_suffix(".toml")).sets

#: Parameters in the order of the kernel.
NAMES = kernel.CLM5_NAMES

#: Label and readable name of each pool, in the order of the kernel.
POOL_NAMES = {
    "cwd": "coarse woody debris",
    "ml": "metabolic litter",
    "cl": "cellulose litter",
    "ll": "lignin litter",
    "soc1": "fast soil carbon",
    "soc2": "slow soil carbon",
    "soc3": "passive soil carbon",
}
POOLS = tuple(POOL_NAMES)

#: A link of the A matrix and the parameter that is its share.
LINKS = {
    ("soc1", "ml"): "fs1l1",
    ("soc1", "cl"): "fs1l2",
    ("soc2", "ll"): "fs2l3",
    ("soc2", "soc1"): "fs2s1",
    ("soc3", "soc1"): "fs3s1",
    ("soc1", "soc2"): "fs1s2",
    ("soc3", "soc2"): "fs3s2",
    ("soc1", "soc3"): "fs1s3",
}


def sand_transfers(sand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of decayed fast carbon that become slow and passive carbon in CLM5.

    The respired share is 0.85 - 0.0068 (100 - sand), passive carbon gets 0.004, slow the rest:
    0.146 + 0.0068 (100 - sand). `sand` in %.
    """
    slow = 0.146 + 0.0068 * (100.0 - np.asarray(sand, dtype=float))
    return slow, np.full_like(slow, 0.004)


def transfers(p: Mapping[str, float], sand: np.ndarray | None = None) -> np.ndarray:
    """Return the A matrix [7, 7], row = to, column = from; with `sand` [layer] [layer, 7, 7]."""
    at = {name: i for i, name in enumerate(POOLS)}
    shares = -np.eye(len(POOLS))
    shares[at["cl"], at["cwd"]] = p["fl2cwd"]
    shares[at["ll"], at["cwd"]] = 1 - p["fl2cwd"]
    for (to, source), name in LINKS.items():
        shares[at[to], at[source]] = p[name]
    if sand is None:
        return shares
    shares = np.tile(shares, (len(sand), 1, 1))
    slow, passive = sand_transfers(sand)
    shares[:, at["soc2"], at["soc1"]] = slow
    shares[:, at["soc3"], at["soc1"]] = passive
    return shares


MODEL = layered.Model(
    name="CLM5",
    source="CLM5, Lawrence et al. 2019, doi:10.1029/2018MS001583; Tao et al. 2024",
    code=kernel.CLM5,
    pools=POOL_NAMES,
    names=NAMES,
    sets=PARAMETER_SETS,
    default="tao2024",
    steady=kernel.clm5_steady_states,
    transfers=transfers,
)


def steady_state(
    parameters: str | Mapping | ParameterSet | xr.Dataset,
    forcing: xr.Dataset | Columns,
    *,
    transport: str = "conservative",
) -> xr.Dataset:
    """Return the pools at which gains and losses balance.

    Parameters
    ----------
    parameters : str, mapping or Dataset
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``tao2024`` (or to the set
        that its key ``set`` names): numbers, or arrays over one dimension (a DataArray names it,
        else it is ``site``). The key ``transfers`` = "sand" lets ``fs2s1`` and ``fs3s1`` follow
        the sand of each layer, as CLM5 does. A Dataset holds one variable per parameter; its other
        variables are left alone.
    forcing : Dataset
        See `soilnb.profile.forcing`, of one place or over ``site``; or what
        `soilnb.profile.forcing.environment.prepare` makes of it, for many runs of the same places.
    transport : {"conservative", "published"}
        The published code does not conserve carbon at the bedrock, see
        `soilnb.profile.forcing.transport.imbalance`.

    Returns
    -------
    Dataset
        ``carbon`` (..., pool, layer) and ``soc`` (..., layer), the three soil pools together, in
        g C m-3; ``stock`` of them (..., to_depth) down to 0.3, 1 and 2 m in kg C m-2; ``total``
        of all pools in g C m-2; ``input`` and ``respiration`` in g C m-2 yr-1; ``feasible``.
        Where a steady state does not exist (a turnover time of 0, a layer where nothing decays and
        nothing moves) ``feasible`` is False and carbon and respiration are 0.

    Raises
    ------
    InputError
        One line for parameters or a forcing that are not allowed, or do not match in length.
    """
    return layered.steady_state(MODEL, parameters, forcing, transport)


def simulate(
    parameters: str | Mapping | ParameterSet | xr.Dataset,
    forcing: xr.Dataset | Columns,
    time: np.ndarray,
    initial: xr.Dataset | xr.DataArray | np.ndarray | None = None,
    *,
    transport: str = "conservative",
) -> xr.Dataset:
    """Run the model in time under a constant environment (the means of the steady state).

    An experiment starts from the steady state of the old parameters or forcing:
    ``simulate(p, warmer, time, initial=steady_state(p, forcing))``. What comes in and what is
    respired add up to the change of the carbon, to rounding.

    Parameters
    ----------
    parameters, forcing, transport
        As in `steady_state`; they hold from time 0 on.
    time : array [time]
        Output times in years, increasing, the first 0 or later.
    initial : Dataset, DataArray or array, optional
        Carbon at time 0 in g C m-3 (..., pool, layer); by default the steady state of these
        parameters and this forcing.

    Returns
    -------
    Dataset
        As of `steady_state` with a dimension ``time`` (without ``feasible``), and
        ``cumulative_input`` and ``cumulative_respiration`` in g C m-2 since time 0.

    Raises
    ------
    InputError
        As in `steady_state`; for times that do not increase, an initial state with other pools or
        negative carbon, and where no initial state is given and no steady state exists.
    """
    return layered.simulate(MODEL, parameters, forcing, time, initial, transport)


def matrices(
    parameters: str | Mapping | ParameterSet,
    forcing: xr.Dataset | Columns,
    *,
    transport: str = "conservative",
) -> Matrices:
    """Return B, A, xi, K and V of one place, to print and to plot.

    Parameters
    ----------
    parameters, forcing, transport
        As in `steady_state`, for one place.

    Returns
    -------
    Matrices
        With `Matrices.operator` for the full 140 x 140 matrix A xi K + V.
    """
    cases = layered.read(MODEL, parameters, forcing, transport)
    return layered.matrices(MODEL, cases, _rates, None)


def _rates(p: Mapping[str, float], xi: np.ndarray, carbon: None) -> np.ndarray:
    """Return K [7, 20] in yr-1, the same in all layers."""
    names = ("tau4cwd", "tau4l1", "tau4l2", "tau4l2", "tau4s1", "tau4s2", "tau4s3")
    with np.errstate(divide="ignore"):
        rates = 1 / np.array([p[name] for name in names])
    return np.tile(rates[:, np.newaxis], (1, xi.shape[1]))


def dense_solve(
    parameters: str | Mapping | ParameterSet,
    forcing: xr.Dataset | Columns,
    *,
    transport: str = "conservative",
) -> xr.DataArray:
    """Return X = -(A xi K + V)^-1 B I of one place by a dense solve: slowly, for comparison.

    Returns
    -------
    DataArray (pool, layer)
        g C m-3.
    """
    return matrices(parameters, forcing, transport=transport).solve()


def structure(parameters: str | Mapping | ParameterSet = "tao2024") -> pd.DataFrame:
    """Return the A matrix: row = pool that receives, column = pool that decays.

    Returns
    -------
    DataFrame [7, 7]
        Shares of what leaves a pool; -1 on the diagonal. What a column lacks to 0 is respired.
    """
    return layered.structure(MODEL, parameters)


@layered.two_switches
def from_unit(
    u: np.ndarray, enzyme_turnover: str = "own", prior: str = "linear"
) -> dict[str, np.ndarray]:
    """Return parameters for points of the unit cube, in which assimilation works.

    Parameters
    ----------
    u : array [..., 21]
        Where each parameter lies between its prior bounds, 0 to 1, in the order of `NAMES`.
    enzyme_turnover, prior : str
        As in `soilnb.profile.compas.from_unit`; CLM5 has only ``own`` and ``linear``.

    Returns
    -------
    dict
        Name to array [...]; a mapping that `steady_state` takes.

    Raises
    ------
    InputError
        For another number of parameters, or places outside 0 to 1.
    """
    return layered.from_unit(MODEL, u, enzyme_turnover, prior)


def to_unit(parameters: str | Mapping | ParameterSet | xr.Dataset) -> np.ndarray:
    """Return where parameters lie between their prior bounds [..., 21]."""
    return layered.to_unit(MODEL, parameters)


def warm_up() -> None:
    """Compile the kernels by tiny runs, so that several processes need not each do it."""
    layered.warm_up(MODEL)
    matrices("tao2024", layered.example_forcing())
