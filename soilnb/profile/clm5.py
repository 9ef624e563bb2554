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

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import Parameters, read_table
from soilnb.profile import layered
from soilnb.profile.forcing.kernel_forcing import Forcing
from soilnb.profile.layered import Matrices, diagnostics
from soilnb.profile.layered.diagnostics import State
from soilnb.profile.model import Flux, Ledger
from soilnb.profile.model.dataset import Initial

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

    Examples
    --------
    >>> slow, passive = sand_transfers([20.0, 80.0])
    >>> slow.round(3)
    array([0.69 , 0.282])
    """
    slow = 0.146 + 0.0068 * (100.0 - np.asarray(sand, dtype=float))
    return slow, np.full_like(slow, 0.004)


def transfers(p: Mapping[str, float], sand: np.ndarray | None = None) -> np.ndarray:
    """Return the A matrix [7, 7], row = to, column = from; with `sand` [layer] [layer, 7, 7].

    Examples
    --------
    >>> int(transfers(PARAMETER_SETS["tao2024"])[2, 0] * 100)
    78
    """
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


def decay(p: Mapping[str, float], xi: np.ndarray, carbon: None) -> np.ndarray:
    """Return K [7, 20] in yr-1, the same in all layers.

    Examples
    --------
    >>> decay(PARAMETER_SETS["tao2024"], np.ones((2, 20)), None)[:, 0].round(1)
    array([ 0.3, 18.5,  4.9,  4.9,  7.3,  0.2,  0. ])
    """
    names = ("tau4cwd", "tau4l1", "tau4l2", "tau4l2", "tau4s1", "tau4s2", "tau4s3")
    with np.errstate(divide="ignore"):
        rates = 1 / np.array([p[name] for name in names])
    return np.tile(rates[:, np.newaxis], (1, xi.shape[1]))


def ledger(layers: layered.Layers, p: Mapping[str, np.ndarray]) -> Ledger:
    """Return who gets what from whom in each layer; the kernels say the same, faster.

    Examples
    --------
    >>> entries = MODEL.ask(MODEL.example, MODEL.default).system.ledger
    >>> entries.fluxes[1].label
    'ml to soc1, CO2'
    """
    wood = p["fl2cwd"]

    def flux(pool: str, modifier: np.ndarray, turnover: str, **fates: np.ndarray) -> Flux:
        rest = 1 - sum(fates.values())
        return Flux("transfer", pool, {**fates, "CO2": rest}, modifier / p[turnover])

    return Ledger(
        layers.inputs,
        [
            Flux("exchange", "cwd", {"cl": wood, "ll": 1 - wood}, layers.soil / p["tau4cwd"]),
            flux("ml", layers.litter, "tau4l1", soc1=p["fs1l1"]),
            flux("cl", layers.litter, "tau4l2", soc1=p["fs1l2"]),
            flux("ll", layers.litter, "tau4l2", soc2=p["fs2l3"]),
            flux("soc1", layers.soil, "tau4s1", soc2=layers.to_slow, soc3=layers.to_passive),
            flux("soc2", layers.soil, "tau4s2", soc1=p["fs1s2"], soc3=p["fs3s2"]),
            flux("soc3", layers.soil, "tau4s3", soc1=p["fs1s3"]),
        ],
    )


def metrics(s: State, *, cue_flux: str, transfer_flux: str, k_system: str, cte_pools: str) -> dict:
    """Return the system-level metrics that CLM5 defines its own way, each [case].

    ``cue_flux`` and ``k_system`` have no effect: no microbes, and one reading of the rate.

    Examples
    --------
    >>> cases = layered.read(MODEL, MODEL.default, MODEL.example, "conservative")
    >>> found = layered.solve(MODEL, cases)
    >>> state = State(MODEL, cases, found.carbon, found.rates)
    >>> how = {"cue_flux": "equation", "transfer_flux": "equation", "k_system": "printed"}
    >>> metrics(state, cte_pools="soil", **how)["decomposition_rate"].round(3)
    array([0.079])
    """
    rate = {f"soc{i}": 1.0 / s.p[f"tau4s{i}"] for i in (1, 2, 3)}
    litter, soil = s.litter, s.soil
    if transfer_flux == "published":
        litter = soil = s.warm * s.wet * s.deep
    turnover = {"ml": "tau4l1", "cl": "tau4l2", "ll": "tau4l2"}
    turnover |= {f"soc{i}": f"tau4s{i}" for i in (1, 2, 3)} | {"cwd": "tau4cwd"}
    flux = {
        pool: s.x[pool] * (litter if pool in ("ml", "cl", "ll") else soil) / s.p[name]
        for pool, name in turnover.items()
    }
    return {
        "transfer_efficiency": diagnostics.passed_on(_kept(s), flux, cte_pools),
        "decomposition_rate": diagnostics.mean_rate(s, rate, tuple(rate)),
        "transport_rate": diagnostics.transport_rate(s, s.soc),
    }


def _kept(s: State) -> dict:
    """Share of what leaves a pool that enters others, by layer where it follows sand."""
    return {
        "ml": s.p["fs1l1"],
        "cl": s.p["fs1l2"],
        "ll": s.p["fs2l3"],
        "soc1": s.rates[:, kernel.TO_SLOW] + s.rates[:, kernel.TO_PASSIVE],
        "soc2": s.p["fs1s2"] + s.p["fs3s2"],
        "soc3": s.p["fs1s3"],
        "cwd": 1.0,
    }


MODEL = layered.LayeredModel(
    name="CLM5",
    source="CLM5, Lawrence et al. 2019, doi:10.1029/2018MS001583; Tao et al. 2024",
    code=kernel.CLM5,
    pools=POOL_NAMES,
    names=NAMES,
    sets={"tao2024": PARAMETER_SETS["tao2024"], **PARAMETER_SETS},
    steady=kernel.clm5_steady_states,
    transfers=transfers,
    stable=lambda cases, found: found.feasible,  # linear
    decay=decay,
    metrics=metrics,
    mixed=POOLS[1:],
    ledger=ledger,
    module=__name__,
)


def steady_state(
    parameters: Parameters | xr.Dataset, forcing: Forcing, *, transport: str = "conservative"
) -> xr.Dataset:
    """Return the pools at which gains and losses balance.

    Parameters
    ----------
    parameters, forcing, transport
        As in `soilnb.profile.compas.steady_state`. The key ``transfers`` = "sand" lets ``fs2s1``
        and ``fs3s1`` follow the sand of each layer, as CLM5 does.

    Returns
    -------
    Dataset
        As there, with ``soc`` and ``stock`` of the three soil pools together. Where a steady
        state does not exist (a turnover time of 0, a layer where nothing decays and nothing moves)
        ``feasible`` is False and carbon and respiration are 0.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> soil = steady_state("tao2024", forcing.example("temperate"))
    >>> soil["stock"].values.round(1)  # kg C m-2 to 0.3, 1 and 2 m
    array([ 4.1,  8.3, 11. ])
    """
    return MODEL.steady_state(forcing, parameters, transport=transport)


def simulate(
    parameters: Parameters | xr.Dataset,
    forcing: Forcing,
    time: np.ndarray,
    initial: Initial = None,
    *,
    drivers: Mapping | xr.Dataset | None = None,
    transport: str = "conservative",
) -> xr.Dataset:
    """Run the model in time; `soilnb.profile.compas.simulate` says how.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> place = forcing.example("temperate")
    >>> warm = place.assign(soil_temperature=place["soil_temperature"] + 3)
    >>> run = simulate("tao2024", warm, [0, 50], initial=steady_state("tao2024", place))
    >>> run["stock"].sel(to_depth=1.0).values.round(2)
    array([8.31, 8.01])
    """
    return MODEL.simulate(forcing, time, parameters, initial, drivers=drivers, transport=transport)


def matrices(
    parameters: Parameters, forcing: Forcing, *, transport: str = "conservative"
) -> Matrices:
    """Return B, A, xi, K and V of one place, to print and to plot; as in COMPAS.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> matrices("tao2024", forcing.example("temperate")).operator().shape
    (140, 140)
    """
    cases = layered.read(MODEL, parameters, forcing, transport)
    return layered.matrices(MODEL, cases, None)


def dense_solve(
    parameters: Parameters, forcing: Forcing, *, transport: str = "conservative"
) -> xr.DataArray:
    """Return X = -(A xi K + V)^-1 B I of one place by a dense solve: slowly, for comparison.

    Returns
    -------
    DataArray (pool, layer)
        g C m-3.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> place = forcing.example("temperate")
    >>> slow, fast = dense_solve("tao2024", place), steady_state("tao2024", place)["carbon"]
    >>> bool(abs(slow / fast - 1).max() < 1e-9)
    True
    """
    return matrices(parameters, forcing, transport=transport).solve()


def transfer_matrix(parameters: Parameters = "tao2024") -> pd.DataFrame:
    """Return the A matrix [7, 7]; `soilnb.profile.compas.transfer_matrix` says how to read it.

    Examples
    --------
    >>> transfer_matrix()["ml"].loc[lambda share: share != 0].round(3).to_dict()
    {'ml': -1.0, 'soc1': 0.45}
    """
    return layered.transfer_table(MODEL, parameters)


@layered.two_switches
def from_unit(
    u: np.ndarray, enzyme_turnover: str = "own", prior: str = "linear"
) -> dict[str, np.ndarray]:
    """Return parameters for points [..., 21] of the unit cube, in which assimilation works.

    As `soilnb.profile.compas.from_unit`, but CLM5 has only ``own`` and ``linear``.

    Examples
    --------
    >>> float(from_unit([0.5] * len(NAMES))["q10"])
    2.1
    """
    return layered.from_unit(MODEL, u, enzyme_turnover, prior)


def to_unit(parameters: Parameters | xr.Dataset) -> np.ndarray:
    """Return where parameters lie between their prior bounds [..., 21].

    Examples
    --------
    >>> round(float(to_unit({"q10": 2.0})[NAMES.index("q10")]), 3)
    0.444
    """
    return layered.to_unit(MODEL, parameters)
