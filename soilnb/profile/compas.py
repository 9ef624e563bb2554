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

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, Parameters, read_table
from soilnb.profile import layered
from soilnb.profile.forcing.kernel_forcing import Forcing
from soilnb.profile.layered import Matrices, diagnostics
from soilnb.profile.layered.diagnostics import State
from soilnb.profile.model import Flux, Ledger
from soilnb.profile.model.dataset import Initial

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

    Examples
    --------
    >>> transfers(PARAMETER_SETS["tao2024"])[POOLS.index("enz")].round(2) + 0.0
    array([ 0.  ,  0.  ,  0.  ,  0.  ,  0.  ,  0.05, -1.  ,  0.  ])
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


def decay(p: Mapping[str, float], xi: np.ndarray, carbon: np.ndarray) -> np.ndarray:
    """Return K [8, 20] in yr-1 at the state `carbon` [8, 20] (Tao et al. 2024, Eq. 7).

    Examples
    --------
    >>> decay(PARAMETER_SETS["tao2024"], np.ones((2, 20)), np.ones((8, 20)))[:4, 0].round(1)
    array([ 0.3, 20.4,  5. ,  5. ])
    """
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


def ledger(layers: layered.Layers, p: Mapping[str, np.ndarray]) -> Ledger:
    """Return who gets what from whom in each layer; the kernels say the same, faster.

    Examples
    --------
    >>> entries = MODEL.ask(MODEL.example, MODEL.default).system.ledger
    >>> entries.fluxes[1].label
    'ml to doc'
    """
    soil, metabolic = layers.soil, layers.litter / p["tau_ml"]
    other = layers.litter / p["tau_cl_ll"]
    wood, mineral = p["a_cl_cwd"], p["a_soc_mic"]

    def eaten(pool: str, rate: np.ndarray, eta: np.ndarray) -> Flux:
        return Flux("uptake", pool, {"mic": eta, "CO2": 1 - eta}, rate)

    return Ledger(
        layers.inputs,
        [
            Flux("exchange", "cwd", {"cl": wood, "ll": 1 - wood}, soil / p["tau_cwd"]),
            Flux("breakdown", "ml", {"doc": 1.0}, p["a_doc_ml"] * metabolic),
            Flux("breakdown", "cl", {"doc": 1.0}, p["a_doc_cl"] * other),
            Flux("breakdown", "ll", {"msoc": 1.0}, p["a_soc_ll"] * other),
            eaten("ml", (1 - p["a_doc_ml"]) * metabolic, p["eta_ml"]),
            eaten("cl", (1 - p["a_doc_cl"]) * other, p["eta_cl_ll"]),
            eaten("ll", (1 - p["a_soc_ll"]) * other, p["eta_cl_ll"]),
            Flux(
                "uptake", "doc", {"mic": p["eta_doc"], "CO2": 1 - p["eta_doc"]},
                soil / p["tau_assim"], "forward", "mic", p["km_assim"] * soil * layers.thickness,
            ),
            Flux("turnover", "mic", {"msoc": mineral, "doc": 1 - mineral}, soil / p["tau_mic"]),
            Flux("exudation", "mic", {"enz": 1.0}, soil / p["tau_enz_prod"]),
            Flux("exchange", "enz", {"doc": 1.0}, soil / p["tau_enz_decay"]),
            Flux(
                "breakdown", "msoc", {"doc": 1.0}, soil / p["tau_decom"], "forward", "enz",
                p["km_decom"] * soil * layers.thickness,
            ),
        ],
    )  # fmt: skip


# --- system-level metrics (Tao et al. 2023 is N, 2024 is C) ------------------------------------


def metrics(s: State, *, cue_flux: str, transfer_flux: str, k_system: str, cte_pools: str) -> dict:
    """Return the system-level metrics that COMPAS defines its own way, each [case].

    Examples
    --------
    >>> cases = layered.read(MODEL, MODEL.default, MODEL.example, "conservative")
    >>> found = layered.solve(MODEL, cases)
    >>> state = State(MODEL, cases, found.carbon, found.rates)
    >>> how = {"cue_flux": "equation", "transfer_flux": "equation", "k_system": "printed"}
    >>> metrics(state, cte_pools="soil", **how)["cue"].round(3)
    array([0.299])
    """
    return {
        "cue": _cue(s, cue_flux),
        "non_microbial_transfer": _transfer(s, transfer_flux),
        "transfer_efficiency": diagnostics.passed_on(_kept(s.p), _all_decay(s), cte_pools),
        "decomposition_rate": _decomposition(s, k_system),
        "transport_rate": diagnostics.transport_rate(s, s.carbon[:, 1 : kernel.LITTER].sum(axis=1)),
    }


def _litter_decay(s: State, modifier: np.ndarray) -> dict[str, np.ndarray]:
    """Decay [case, layer] of metabolic, cellulose and lignin litter g C m-3 yr-1."""
    return {
        "ml": s.x["ml"] * modifier / s.p["tau_ml"],
        "cl": s.x["cl"] * modifier / s.p["tau_cl_ll"],
        "ll": s.x["ll"] * modifier / s.p["tau_cl_ll"],
    }


def _uptake(s: State) -> np.ndarray:
    """Uptake of DOC [case, layer], g C m-3 yr-1."""
    doc = s.x["doc"]
    rate = s.soil * s.x["mic"] / (s.p["tau_assim"] * (s.p["km_assim"] * s.soil + doc))
    return np.where(doc > 0, rate * doc, 0.0)


def _cue(s: State, cue_flux: str) -> np.ndarray:
    """Growth over uptake, N Eq. 10: eta_i times what microbes take of each substrate."""
    p = s.p
    decay = _litter_decay(s, s.litter if cue_flux == "equation" else s.soil)
    eta = {"ml": p["eta_ml"], "cl": p["eta_cl_ll"], "ll": p["eta_cl_ll"]}
    direct = {"ml": p["a_doc_ml"], "cl": p["a_doc_cl"], "ll": p["a_soc_ll"]}
    from_doc = diagnostics.down(_uptake(s))
    uptake, growth = from_doc, p["eta_doc"][:, 0] * from_doc
    for pool, flux in decay.items():
        microbial = 1.0 - direct[pool]
        taken = diagnostics.down(microbial * flux)
        again = microbial[:, 0] if cue_flux == "published" else 1.0
        uptake = uptake + taken
        growth = growth + eta[pool][:, 0] * taken * again
    return growth / uptake


def _transfer(s: State, transfer_flux: str) -> np.ndarray:
    """Non-microbial transfer, N Eq. 11."""
    p = s.p
    published = transfer_flux == "published"
    decay = _litter_decay(s, s.soil if published else s.litter)
    total = 1.0 / p["tau_mic"] + 1.0 / p["tau_enz_prod"]
    # The A matrix has a kd / k, the share of everything that leaves the microbes.
    kept = p["a_soc_mic"] if published else p["a_soc_mic"] / (p["tau_mic"] * total)
    share = {"ml": p["a_doc_ml"], "cl": p["a_doc_cl"], "ll": p["a_soc_ll"], "mic": kept}
    flux = {pool: diagnostics.down(f) for pool, f in decay.items()}
    flux["mic"] = diagnostics.down(s.soil * s.x["mic"] * total)
    passed = sum(share[pool][:, 0] * flux[pool] for pool in flux)
    return passed / sum(flux.values())


def _decomposition(s: State, k_system: str) -> np.ndarray:
    """Baseline decomposition rate, N Eq. 12, of all pools but DOC; yr-1.

    It is that of decomposition "other than microbial uptake": of litter, the part p / tau that
    does not pass through microbes. With "soil" it is that of the soil pools, C Eq. 11.
    """
    p = s.p
    total = 1.0 / p["tau_mic"] + 1.0 / p["tau_enz_prod"]
    half = p["km_decom"] * s.soil + s.x["msoc"]
    rate = {
        "cwd": 1.0 / p["tau_cwd"],
        "ml": p["a_doc_ml"] / p["tau_ml"],
        "cl": p["a_doc_cl"] / p["tau_cl_ll"],
        "ll": p["a_soc_ll"] / p["tau_cl_ll"],
        "mic": total,
        "enz": 1.0 / p["tau_enz_decay"],
    }
    if k_system == "published":
        mixed = 2.0 * s.x["enz"] * p["km_decom"] * s.x["msoc"] * s.soil
        rate["msoc"] = mixed / (p["tau_decom"] * half**3)
        return diagnostics.mean_rate(s, rate, tuple(rate))
    rate["msoc"] = s.x["enz"] / (p["tau_decom"] * half)
    if k_system == "soil":
        rate["doc"] = s.x["mic"] / (p["tau_assim"] * (p["km_assim"] * s.soil + s.x["doc"]))
        return diagnostics.mean_rate(s, rate, ("doc", "mic", "enz", "msoc"))
    return diagnostics.mean_rate(s, rate, ("cwd", "ml", "cl", "ll")) + diagnostics.mean_rate(
        s, rate, ("mic", "enz", "msoc")
    )


def _kept(p: dict[str, np.ndarray]) -> dict:
    """Share of what leaves a pool that enters others: the column sums of A beside -1."""
    return {
        "ml": p["a_doc_ml"] + (1.0 - p["a_doc_ml"]) * p["eta_ml"],
        "cl": p["a_doc_cl"] + (1.0 - p["a_doc_cl"]) * p["eta_cl_ll"],
        "ll": p["a_soc_ll"] + (1.0 - p["a_soc_ll"]) * p["eta_cl_ll"],
        "doc": p["eta_doc"],
        "mic": 1.0,
        "enz": 1.0,
        "msoc": 1.0,
        "cwd": 1.0,
    }


def _all_decay(s: State) -> dict[str, np.ndarray]:
    """Decay [case, layer] of every pool, g C m-3 yr-1; wood comes last."""
    total = 1.0 / s.p["tau_mic"] + 1.0 / s.p["tau_enz_prod"]
    half = s.p["km_decom"] * s.soil + s.x["msoc"]
    msoc = s.soil * s.x["enz"] * s.x["msoc"] / (s.p["tau_decom"] * half)
    return _litter_decay(s, s.litter) | {
        "doc": _uptake(s),
        "mic": s.soil * s.x["mic"] * total,
        "enz": s.soil * s.x["enz"] / s.p["tau_enz_decay"],
        "msoc": np.where(s.x["msoc"] > 0, msoc, 0.0),
        "cwd": s.x["cwd"] * s.soil / s.p["tau_cwd"],
    }


def stable(cases: layered.Cases, found: layered.Steady) -> np.ndarray:
    """Return whether a small disturbance of each steady state dies away [case].

    Examples
    --------
    >>> cases = layered.read(MODEL, MODEL.default, MODEL.example, "conservative")
    >>> found = layered.solve(MODEL, cases)
    >>> stable(cases, found)
    array([ True])
    """
    told = np.empty(len(cases.parameters), bool)
    kernel.compas_stable(cases.parameters, found.rates, found.carbon, told)
    return told


MODEL = layered.LayeredModel(
    name="COMPAS",
    source="COMPAS, Tao et al. 2023, doi:10.1038/s41586-023-06042-3",
    code=kernel.COMPAS,
    pools=POOL_NAMES,
    names=NAMES,
    sets={"tao2024": PARAMETER_SETS["tao2024"], **PARAMETER_SETS},
    steady=kernel.compas_steady_states,
    transfers=transfers,
    stable=stable,
    decay=decay,
    metrics=metrics,
    mixed=("ml", "cl", "ll"),
    enzymes=True,
    ledger=ledger,
    module=__name__,
)


def steady_state(
    parameters: Parameters | xr.Dataset, forcing: Forcing, *, transport: str = "conservative"
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
        `soilnb.profile.forcing.kernel_forcing.prepare` makes of it, for many runs there.
    transport : {"conservative", "published"}
        The published code does not conserve carbon at the bedrock, see
        `soilnb.profile.forcing.transport.imbalance`.

    Returns
    -------
    Dataset
        ``carbon`` (..., pool, layer) and ``soc`` (..., layer), the four soil pools together, in
        g C m-3; ``stock`` of them (..., to_depth) down to 0.3, 1 and 2 m in kg C m-2; ``total``
        of all pools in g C m-2; ``input`` and ``respiration`` in g C m-2 yr-1; ``feasible``,
        ``stable`` and ``plausible`` (`soilnb.profile.plausible`).
        Where a steady state does not exist (enzymes or microbes cannot keep up, a turnover time is
        0, a pool would grow for ever) ``feasible`` is False and carbon and respiration are 0. A
        layer that no litter reaches is empty.

    Raises
    ------
    InputError
        One line for parameters or a forcing that are not allowed, or do not match in length.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> soil = steady_state("tao2024", forcing.example("temperate"))
    >>> soil["stock"].values.round(1)  # kg C m-2 to 0.3, 1 and 2 m
    array([ 4.5,  8.8, 10.2])
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
    """Run the model in time under a constant forcing (the means of the steady state).

    Under `drivers` it is one forcing after the other.

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
    drivers : mapping or Dataset, optional
        Series over ``time`` (years, the first 0) that change the forcing, such as ``warming`` (K)
        or ``litter_input`` (g C m-2 yr-1), for all sites or (site, time): see
        `soilnb.profile.layered.drivers`. Each value holds from its time to the next.

    Returns
    -------
    Dataset
        As of `steady_state` with a dimension ``time`` (without ``feasible``), and
        ``cumulative_input`` and ``cumulative_respiration`` in g C m-2 since time 0.

    Raises
    ------
    InputError
        As in `steady_state`; for drivers that are not allowed, times that do not increase, an
        initial state with other pools or negative carbon, and where no initial state is given and
        no steady state exists.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> place = forcing.example("temperate")
    >>> warm = place.assign(soil_temperature=place["soil_temperature"] + 3)
    >>> run = simulate("tao2024", warm, [0, 50], initial=steady_state("tao2024", place))
    >>> run["stock"].sel(to_depth=1.0).values.round(2)
    array([8.77, 9.01])
    """
    return MODEL.simulate(forcing, time, parameters, initial, drivers=drivers, transport=transport)


def matrices(
    parameters: Parameters,
    forcing: Forcing,
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

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> matrices("tao2024", forcing.example("temperate")).operator().shape
    (160, 160)
    """
    cases = layered.read(MODEL, parameters, forcing, transport)
    if carbon is None:
        found = layered.solve(MODEL, cases)
        if not found.feasible.all():
            raise InputError("matrices: there is no steady state to take the rates at; give carbon")
        carbon = found.carbon
    return layered.matrices(MODEL, cases, layered.check_initial(MODEL, carbon, cases)[0])


def dense_solve(
    parameters: Parameters, forcing: Forcing, *, transport: str = "conservative"
) -> xr.DataArray:
    """Return the steady state of one place as the papers write it: slowly, for comparison.

    The litter by a dense solve of its 80 x 80 system, then the soil by the four formulas of Tao
    et al. 2023, Eq. 7 (2024, Eq. 9) as printed, with the total rate of microbes k_MIC and the
    shares a_ENZ,MIC and a_mSOC,MIC of it. No test of feasibility.

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
    cases = layered.read(MODEL, parameters, forcing, transport)
    nothing = np.zeros((len(POOLS), kernel.LAYERS))
    m = layered.matrices(MODEL, cases, nothing)
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


def transfer_matrix(parameters: Parameters = "tao2024") -> pd.DataFrame:
    """Return the A matrix: row = pool that receives, column = pool that decays.

    Returns
    -------
    DataFrame [8, 8]
        Shares of what leaves a pool; -1 on the diagonal. What a column lacks to 0 is respired.

    Examples
    --------
    >>> transfer_matrix()["ml"].loc[lambda share: share != 0].round(3).to_dict()
    {'ml': -1.0, 'doc': 0.05, 'mic': 0.627}
    """
    return layered.transfer_table(MODEL, parameters)


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

    Examples
    --------
    >>> float(from_unit([0.5] * len(NAMES))["q10"])
    2.1
    """
    return layered.from_unit(MODEL, u, enzyme_turnover, prior)


def to_unit(parameters: Parameters | xr.Dataset) -> np.ndarray:
    """Return where parameters lie between their prior bounds [..., 23]: own and linear.

    With other switches the places of all but ``tau_enz_decay`` are the same.

    Examples
    --------
    >>> round(float(to_unit({"q10": 2.0})[NAMES.index("q10")]), 3)
    0.444
    """
    return layered.to_unit(MODEL, parameters)
