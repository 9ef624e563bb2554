r"""COMPAS: microbes and their enzymes decide what becomes of litter, layer by layer.

The CarbOn cycle and Microbial PArtitioning Soil model (Tao et al. 2023,
doi:10.1038/s41586-023-06042-3; 2024) has four litter pools (coarse woody debris, metabolic,
cellulose and lignin litter) that decay at their own rates and move between the layers, and four
soil pools that stay where they are: dissolved carbon (DOC), microbes (MIC), enzymes (ENZ) and
carbon on minerals (mSOC). With the litter carbon u that reaches each pool, in one layer,

.. math::
    \dot D &= u_D + F + k_E \xi E + (1-a) k_d \xi M - U, \qquad
              U = \frac{v_A \xi M D}{K_A \xi + D} \\
    \dot M &= u_M + \eta U - (k_d + k_e) \xi M \\
    \dot E &= k_e \xi M - k_E \xi E \\
    \dot S &= u_S + a k_d \xi M - F, \qquad F = \frac{v_D \xi E S}{K_D \xi + S}

where microbes take up DOC (U) with the efficiency :math:`\eta`, enzymes break mSOC down (F), and
:math:`a` is the share of dead microbes that minerals keep. As one matrix equation this is
:math:`\dot X = B I + A \xi K X + V X`, with the rates of DOC and mSOC in K depending on the state;
`matrices` shows its terms.

In the steady state everything that is taken up or respired has come in as litter, which gives
:math:`(1 - \eta) U = u_S + u_D + u_M` and with it all four pools (Nature Eq. 7). Two consequences
hold exactly at given parameters: more litter makes more microbes and enzymes, but neither more DOC
nor more mSOC; and a higher :math:`\eta` lowers both.

Rates are per year, carbon is in g C m-3.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, ParameterSet, read_table
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
    "simulate",
    "steady_state",
    "structure",
    "to_unit",
    "warm_up",
]

#: The named sets of COMPAS.
PARAMETER_SETS = read_table(Path(__file__).with_suffix(".toml")).sets

#: Parameters in the order of the kernel.
NAMES = kernel.COMPAS_NAMES

#: Label and readable name of each pool, in the order of the kernel.
POOL_NAMES = {
    "cwd": "coarse woody debris",
    "ml": "metabolic litter",
    "cl": "cellulose litter",
    "ll": "lignin litter",
    "doc": "dissolved carbon",
    "mic": "microbes",
    "enz": "enzymes",
    "msoc": "mineral-associated carbon",
}
POOLS = tuple(POOL_NAMES)


def transfers(p: Mapping[str, float], sand: np.ndarray | None = None) -> np.ndarray:
    """Return the A matrix [8, 8], row = to, column = from; `sand` has no effect.

    Tao et al. 2024 (their matrix A of COMPAS) with k = 1/tau_mic + 1/tau_enz_prod: the share of
    the loss of microbes that becomes enzymes is (1/tau_enz_prod) / k, and ``a_soc_mic`` is a share
    of what dies, not of k. All broken-down mSOC becomes DOC.
    """
    at = {name: i for i, name in enumerate(POOLS)}
    shares = -np.eye(len(POOLS))

    def pass_on(to: str, source: str, share: float) -> None:
        shares[at[to], at[source]] = share

    pass_on("cl", "cwd", p["a_cl_cwd"])
    pass_on("ll", "cwd", 1 - p["a_cl_cwd"])
    pass_on("doc", "ml", p["a_doc_ml"])
    pass_on("doc", "cl", p["a_doc_cl"])
    pass_on("msoc", "ll", p["a_soc_ll"])
    pass_on("mic", "ml", (1 - p["a_doc_ml"]) * p["eta_ml"])
    pass_on("mic", "cl", (1 - p["a_doc_cl"]) * p["eta_cl_ll"])
    pass_on("mic", "ll", (1 - p["a_soc_ll"]) * p["eta_cl_ll"])
    pass_on("mic", "doc", p["eta_doc"])
    # ke / (kd + ke), written so that it holds for a turnover time of 0 too
    production = p["tau_mic"] / (p["tau_mic"] + p["tau_enz_prod"])
    pass_on("enz", "mic", production)
    pass_on("msoc", "mic", p["a_soc_mic"] * (1 - production))
    pass_on("doc", "mic", (1 - p["a_soc_mic"]) * (1 - production))
    pass_on("doc", "enz", 1.0)
    pass_on("doc", "msoc", 1.0)
    return shares


MODEL = layered.Model(
    name="COMPAS",
    source="COMPAS, Tao et al. 2023, doi:10.1038/s41586-023-06042-3",
    code=kernel.COMPAS,
    pools=POOL_NAMES,
    names=NAMES,
    sets=PARAMETER_SETS,
    default="tao2024",
    steady=kernel.compas_steady_states,
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
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``tao2024``: numbers, or
        arrays over one dimension (a DataArray names it, else it is ``site``). A Dataset holds one
        variable per parameter; its other variables are left alone.
    forcing : Dataset
        See `soilnb.profile.forcing`, of one place or over ``site``; or what
        `soilnb.profile.forcing.environment.prepare` makes of it, for many runs of the same places.
    transport : {"conservative", "published"}
        The published code does not conserve carbon at the bedrock, see
        `soilnb.profile.forcing.transport.imbalance`.

    Returns
    -------
    Dataset
        ``carbon`` (..., pool, layer) and ``soc`` (..., layer), the four soil pools together, in
        g C m-3; ``stock`` of them (..., to_depth) down to 0.3, 1 and 2 m in kg C m-2; ``total``
        of all pools in g C m-2; ``input`` and ``respiration`` in g C m-2 yr-1; ``feasible``.
        Where a steady state does not exist (enzymes or microbes cannot keep up, a turnover time is
        0, a pool would grow for ever) ``feasible`` is False and carbon and respiration are 0. A
        layer that no litter reaches is empty.

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
    carbon: xr.DataArray | np.ndarray | None = None,
    transport: str = "conservative",
) -> Matrices:
    """Return B, A, xi, K and V of one place, to print and to plot.

    Parameters
    ----------
    parameters, forcing, transport
        As in `steady_state`, for one place.
    carbon : DataArray or array [8, 20], optional
        State at which the rates of DOC and mSOC are taken, g C m-3; by default the steady state.

    Returns
    -------
    Matrices
        With `Matrices.operator` for the full 160 x 160 matrix A xi K + V.

    Raises
    ------
    InputError
        As in `steady_state`; where no state is given and no steady state exists.
    """
    cases = layered.read(MODEL, parameters, forcing, transport)
    if carbon is None:
        found = layered.solve(MODEL, cases)
        if not found.feasible.all():
            raise InputError("matrices: there is no steady state to take the rates at; give carbon")
        carbon = found.carbon
    return layered.matrices(MODEL, cases, _rates, layered.check_initial(MODEL, carbon, cases)[0])


def _rates(p: Mapping[str, float], xi: np.ndarray, carbon: np.ndarray) -> np.ndarray:
    """Return K [8, 20] in yr-1 at the state `carbon` [8, 20] (Tao et al. 2024, Eq. 7)."""
    soil = xi[-1]
    state = dict(zip(POOLS, carbon, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        uptake = state["mic"] / (p["tau_assim"] * (p["km_assim"] * soil + state["doc"]))
        breakdown = state["enz"] / (p["tau_decom"] * (p["km_decom"] * soil + state["msoc"]))
        constant = {
            "cwd": 1 / np.float64(p["tau_cwd"]),
            "ml": 1 / np.float64(p["tau_ml"]),
            "cl": 1 / np.float64(p["tau_cl_ll"]),
            "ll": 1 / np.float64(p["tau_cl_ll"]),
            "mic": 1 / np.float64(p["tau_mic"]) + 1 / np.float64(p["tau_enz_prod"]),
            "enz": 1 / np.float64(p["tau_enz_decay"]),
        }
    rates = {name: np.full(soil.size, value) for name, value in constant.items()}
    return np.array([(rates | {"doc": uptake, "msoc": breakdown})[pool] for pool in POOLS])


def dense_solve(
    parameters: str | Mapping | ParameterSet,
    forcing: xr.Dataset | Columns,
    *,
    transport: str = "conservative",
) -> xr.DataArray:
    """Return the steady state of one place as the papers write it: slowly, for comparison.

    The litter by a dense solve of its 80 x 80 system, then the soil by the four formulas of Tao
    et al. 2023, Eq. 7 (2024, Eq. 9) as printed, with the total rate of microbes k_MIC and the
    shares a_ENZ,MIC and a_mSOC,MIC of it. No test of feasibility.

    Returns
    -------
    DataArray (pool, layer)
        g C m-3.
    """
    cases = layered.read(MODEL, parameters, forcing, transport)
    nothing = np.zeros((len(POOLS), kernel.LAYERS))
    m = layered.matrices(MODEL, cases, _rates, nothing)
    p, n = cases.named(0), kernel.LITTER * kernel.LAYERS
    operator = m.operator().values[:n, :n]
    litter = np.linalg.solve(operator, -m.source()[:n]).reshape(kernel.LITTER, kernel.LAYERS)

    share = m.A.to_pandas()
    flux = dict(zip(POOLS[:4], (m.xi.values * m.K.values)[:4] * litter, strict=True))
    u = {
        to: sum(share.loc[to, pool] * flux[pool] for pool in POOLS[:4])
        for to in ("doc", "mic", "msoc")
    }
    xi = m.xi.sel(pool="mic").values
    eta, k_mic = p["eta_doc"], 1 / p["tau_mic"] + 1 / p["tau_enz_prod"]
    v_assim, v_decom = 1 / p["tau_assim"], 1 / p["tau_decom"]
    mic = (u["mic"] + eta * (u["msoc"] + u["doc"])) / ((1 - eta) * k_mic * xi)
    enz = share.loc["enz", "mic"] * k_mic * mic * p["tau_enz_decay"]
    dead = share.loc["msoc", "mic"] * k_mic * xi * mic
    msoc = (u["msoc"] + dead) * p["km_decom"] * xi / (v_decom * xi * enz - dead - u["msoc"])
    doc = (k_mic * xi * p["km_assim"] * xi * mic - u["mic"] * p["km_assim"] * xi) / (
        (eta * v_assim - k_mic) * xi * mic + u["mic"]
    )
    return m.K.copy(data=np.vstack([litter, doc, mic, enz, msoc])).rename("carbon")


def structure(parameters: str | Mapping | ParameterSet = "tao2024") -> pd.DataFrame:
    """Return the A matrix: row = pool that receives, column = pool that decays.

    Returns
    -------
    DataFrame [8, 8]
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
    u : array [..., 23]
        Where each parameter lies between its prior bounds, 0 to 1, in the order of `NAMES`.
    enzyme_turnover : {"own", "tied"}
        Whether ``tau_enz_decay`` has a place of its own, as in the printed tables, or takes that of
        ``km_assim``, as in the published code, so that its own has no effect.
    prior : {"linear", "log"}
        Whether that place is linear between the bounds, as in the printed tables, or
        10^(3 u - 3) yr, as in the published code.

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
    """Return where parameters lie between their prior bounds [..., 23]: own and linear.

    With other switches the places of all but ``tau_enz_decay`` are the same.
    """
    return layered.to_unit(MODEL, parameters)


def warm_up() -> None:
    """Compile the kernels by tiny runs, so that several processes need not each do it."""
    layered.warm_up(MODEL)
    matrices("tao2024", layered.example_forcing())
