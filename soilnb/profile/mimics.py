r"""MIMICS: two kinds of microbes decide how much litter becomes soil carbon.

MIcrobial-MIneral Carbon Stabilization (Wieder et al. 2014, doi:10.5194/bg-11-3899-2014; 2015,
doi:10.5194/gmd-8-1789-2015) has two litter pools, fast (r) and slow (K) microbes, and three
pools of soil organic matter. Litter I enters with the metabolic share f_met; microbes take up
litter and available carbon, keep the share e (their intrinsic carbon use efficiency), respire the
rest, and die into the three soil pools:

.. math::
    \dot{LIT_m} &= I_m (1 - FI_m) - U_{1} - U_{4} \\
    \dot{LIT_s} &= I_s (1 - FI_s) - U_{2} - U_{5} \\
    \dot{MIC_r} &= e_1 (U_1 + U_3) + e_2 U_2 - \tau_r MIC_r \\
    \dot{MIC_K} &= e_3 (U_4 + U_6) + e_4 U_5 - \tau_K MIC_K \\
    \dot{SOM_p} &= I_m FI_m + f_{PHYS} \tau MIC - d\,SOM_p \\
    \dot{SOM_c} &= I_s FI_s + f_{CHEM} \tau MIC - OX \\
    \dot{SOM_a} &= f_{AVAI} \tau MIC + d\,SOM_p + OX - U_3 - U_6

Uptake follows reverse Michaelis-Menten kinetics, U = V MIC S / (K + MIC), or the forward form
with S in the denominator: the option ``kinetics`` of a parameter set.

The kernels (`soilnb.kernels.mimics`) work in mg C cm-3 and hours; this module turns a site and
named parameters into their rates, and their results into a Dataset in kg C m-2 and
g C m-2 yr-1. A year has 8,760 hours.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.jobs import side_by_side
from soilnb.kernels import mimics as kernel
from soilnb.parameters import InputError, Parameters, ParameterSet, choose, read_table
from soilnb.profile import plausible
from soilnb.profile.model import BoxModel, Flux, Ledger, SteadyStateError, dataset
from soilnb.profile.model.dataset import Initial
from soilnb.profile.site import RECORDS, REQUIRED, Site, read

#: The four published sets of MIMICS by name.
PARAMETER_SETS = read_table(Path(__file__).with_suffix(".toml")).sets

HOURS_PER_YEAR = 8760.0

#: Label and readable name of each pool, in the order of the kernel.
POOL_NAMES = {
    "LITm": "metabolic litter",
    "LITs": "structural litter",
    "MICr": "fast microbes (r)",
    "MICK": "slow microbes (K)",
    "SOMp": "physically protected",
    "SOMc": "chemically recalcitrant",
    "SOMa": "available",
}
POOLS = tuple(POOL_NAMES)
MICROBES = ("r", "K")

#: Microbe and substrate of the six uptake paths, in the order of the kernel, and their labels.
PATHS = (
    ("r", "metabolic"),
    ("r", "structural"),
    ("r", "available"),
    ("k", "metabolic"),
    ("k", "structural"),
    ("k", "available"),
)
PATH_NAMES = ("r LITm", "r LITs", "r SOMa", "K LITm", "K LITs", "K SOMa")

#: What kind of process each of the kernel's fluxes is.
FLUX_KINDS = ("uptake",) * 6 + ("oxidation",) * 2 + ("turnover",) * 2 + ("desorption",)

#: Lowest metabolic share, as in wwieder/biogeochem_testbed@165716f mimics_cycle_CN.f90
#: (mimics_coeffplant): without any metabolic litter the pool LITm has no steady state to speak of.
LOWEST_F_MET = 1e-3

#: Relative tolerance of the local error of a transient run, which ends up ten times as wrong.
TOLERANCE = 5e-10

#: Sites that make a thread worth its start: of steady states, and of runs in time.
THREAD, THREAD_IN_TIME = 64, 2

_USED = ("temperature", "clay", "npp", "f_met", "lignin_to_n", "moisture")
_SOURCE = "MIMICS, Wieder et al. 2015, doi:10.5194/gmd-8-1789-2015"


class MicrobialExtinctionWarning(UserWarning):
    """At some sites one microbial group cannot persist; its pool is zero in the steady state."""


def steady_state(site: Mapping | xr.Dataset, parameters: Parameters = "sandbox") -> xr.Dataset:
    """Return the pools at which gains and losses balance, with the flux ledger.

    The dynamics are followed with growing implicit steps until they rest, then Newton's method
    with the analytic Jacobian brings the state to rounding error. Where they oscillate without
    decay, Newton's method finds the balance that they turn around; `eigenvalues` tells the two
    cases apart.

    Parameters
    ----------
    site : mapping or Dataset
        ``temperature``, ``clay``, ``npp`` and ``f_met`` or ``lignin_to_n``; optional ``moisture``
        (see `soilnb.profile.site`). Arrays over a site dimension are solved in parallel.
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``sandbox`` (or to the set
        that its key ``set`` names).

    Returns
    -------
    Dataset
        ``carbon`` (..., pool) in kg C m-2; ``input``, ``respiration``, ``uptake``,
        ``uptake_path`` (..., path), ``oxidation``, ``turnover``, ``desorption`` and ``change`` in
        g C m-2 yr-1; ``extinct`` (..., microbe); ``f_met`` and whether it was clipped; ``stable``
        and ``plausible`` (`soilnb.profile.plausible`).

    Raises
    ------
    InputError
        For a site, a parameter or a set that is not allowed.
    SteadyStateError
        Where no balance of gains and losses is found, for example where the microbes of the
        forward kinetics cannot keep up with the litter of a very cold place.

    Warns
    -----
    MicrobialExtinctionWarning
        Where MICr or MICK is excluded by the other; the reduced system is solved exactly.
    LitterQualityWarning
        Where f_met from lignin:N is outside [0.001, 1] and is clipped.

    Examples
    --------
    >>> soil = steady_state({"temperature": 15.0, "clay": 0.3, "npp": 500.0, "f_met": 0.385})
    >>> soil["carbon"].values.round(3)
    array([0.202, 1.009, 0.024, 0.062, 2.622, 1.139, 1.405])
    >>> float((1 - soil["respiration"] / soil["uptake"]).round(3))  # the diagnosed CUE
    0.55
    """
    return _at_rest(*_inputs(site, parameters))


def _at_rest(place: Site, chosen: ParameterSet) -> xr.Dataset:
    rates = _Rates(place, chosen)
    state, alive = _solve(place, rates)
    variables = _ledger(rates, state[:, np.newaxis, :], time=False)
    variables["extinct"] = (("microbe",), ~alive)
    variables["stable"] = ((), plausible.dies_away(_modes(rates, state)))
    return _dataset(place, chosen, variables, {"microbe": MICROBES})


def simulate(
    site: Mapping | xr.Dataset,
    time: np.ndarray,
    parameters: Parameters = "sandbox",
    initial: Initial = None,
) -> xr.Dataset:
    """Run the model in time under constant forcing.

    A step experiment starts from the steady state of the old site or parameters:
    ``simulate(site, time, changed, initial=steady_state(site))``.

    Parameters
    ----------
    site, time, parameters, initial
        As in `soilnb.profile.model.BoxModel.simulate`.

    Returns
    -------
    Dataset
        As of `steady_state` with a dimension ``time`` (without ``extinct`` and ``stable``), and
        ``cumulative_input`` and ``cumulative_respiration`` in g C m-2 since time 0.

    Examples
    --------
    >>> site = {"temperature": 15.0, "clay": 0.3, "npp": 500.0, "f_met": 0.385}
    >>> warm = site | {"temperature": 18.0}
    >>> run = simulate(warm, [0.0, 50.0], initial=steady_state(site))
    >>> run["carbon"].sum("pool").values.round(2)
    array([6.46, 6.13])
    """
    times = dataset.check_time(time)
    place, chosen = _inputs(site, parameters)
    rates = _Rates(place, chosen)
    if initial is None:
        start, _ = _solve(place, rates)
    else:
        start = dataset.check_initial(initial, place.size, POOL_NAMES) / rates.stock
    state = _integrate(place, rates, start, times * HOURS_PER_YEAR)
    variables = _ledger(rates, state[..., : kernel.POOLS], time=True)
    cumulative_input = rates.source.sum(axis=1)[:, np.newaxis] * times * rates.flux
    variables["cumulative_input"] = (("time",), cumulative_input)
    respired = state[..., kernel.CO2] * rates.flux / HOURS_PER_YEAR
    variables["cumulative_respiration"] = (("time",), respired)
    return _dataset(place, chosen, variables, times=times)


def eigenvalues(site: Mapping | xr.Dataset, parameters: Parameters = "sandbox") -> xr.Dataset:
    """Return how a small disturbance of the steady state dies away, over seven modes.

    The Dataset is that of `soilnb.profile.model.Model.eigenvalues`.

    Examples
    --------
    >>> modes = eigenvalues({"temperature": 15.0, "clay": 0.3, "npp": 500.0, "f_met": 0.385})
    >>> modes["period"].values.round(1)  # damped, of 3 and 12 years, say
    array([   inf,    3.2,    3.2,   11.6,   11.6, 1188.6, 1188.6])
    """
    place, chosen = _inputs(site, parameters)
    rates = _Rates(place, chosen)
    state, _ = _solve(place, rates)
    return _dataset(place, chosen, dataset.modes(_modes(rates, state)))


def _modes(rates: _Rates, state: np.ndarray) -> np.ndarray:
    """Return the eigenvalues [site, mode] of the Jacobian at `state` [site, 7], yr-1."""
    matrices = np.empty((len(state), kernel.POOLS + 1, kernel.POOLS + 1))
    for i in range(len(state)):
        kernel.jacobian(
            state[i], rates.stoichiometry[i], rates.rate[i], rates.half_saturation[i],
            rates.kinetics, matrices[i],
        )  # fmt: skip
    return np.linalg.eigvals(matrices[:, : kernel.POOLS, : kernel.POOLS]) * HOURS_PER_YEAR


def links(
    site: Mapping | xr.Dataset | None = None, parameters: Parameters = "sandbox"
) -> pd.DataFrame:
    """Return the links between the pools, as `soilnb.profile.model.Model.links` tells them.

    Kinds are input, uptake, respiration, oxidation, turnover and desorption.

    Examples
    --------
    >>> links = links()
    >>> links[links["source"] == "LITs"]["via"].unique().tolist()
    ['MICr', 'MICK']
    """
    return MODEL.links(site, parameters)


def warm_up() -> None:
    """Compile the kernels by tiny runs, so that several processes need not each do it.

    Examples
    --------
    >>> warm_up()
    """
    one = {key: RECORDS[key].value for key in ("temperature", "clay", "npp", "f_met")}
    simulate(one, [0.0, 0.1])
    eigenvalues(one)


# --- from a site and named parameters to the rates of the kernel ------------------------------


def _inputs(site: object, parameters: object) -> tuple[Site, ParameterSet]:
    chosen = choose(parameters, PARAMETER_SETS, "sandbox")
    return read(site), chosen


class _Rates:
    """What the kernel reads of all sites (see `soilnb.kernels.mimics`), in mg C cm-3 and hours."""

    def __init__(self, site: Site, p: ParameterSet) -> None:
        self.kinetics = kernel.FORWARD if p.options["kinetics"] == "forward" else kernel.REVERSE
        self.stock = p["depth"] * 1e4 / 1e6
        self.flux = p["depth"] * 1e4 / 1e3 * HOURS_PER_YEAR
        self.f_met, self.clipped = dataset.metabolic_share(
            site, p["litter_multiplier"], p["litter_intercept"], p["litter_slope"], LOWEST_F_MET
        )
        moisture = moisture_modifier(site, p)
        self.source = litter_input(site["npp"] / self.flux, self.f_met, p)
        self.rate = np.column_stack(
            [
                *maximum_rates(site["temperature"], moisture, p),
                *turnover_rates(site["npp"], self.f_met, moisture, p),
                desorption_rate(site["clay"], p),
            ]
        )
        self.half_saturation = np.column_stack(
            half_saturations(site["temperature"], site["clay"], p)
        )
        self.stoichiometry = fates(site, self.f_met, p)


def moisture_modifier(site: Site, p: ParameterSet) -> np.ndarray:
    """Return the moisture modifier [site]: 1 where the site has no ``moisture``.

    f_W = max(f_min, theta^a (1 - theta)^b / c), the form of CORPSE in the testbed.

    Examples
    --------
    >>> wet = {"moisture": np.array([0.1, 0.6])}
    >>> moisture_modifier(wet, PARAMETER_SETS["testbed2017"]).round(2)
    array([0.05, 0.97])
    """
    if "moisture" not in site:
        return np.ones(site.size)
    theta = site["moisture"]
    shape = theta ** p["moisture_rise"] * (1 - theta) ** p["moisture_fall"] / p["moisture_scale"]
    return np.maximum(p["moisture_low"], shape)


def litter_input(litter: np.ndarray, f_met: np.ndarray, p: ParameterSet) -> np.ndarray:
    """Return the input [site, 8] of litter [site] to each pool, in the unit of `litter`.

    Examples
    --------
    >>> litter_input(np.array([1.0]), np.array([0.4]), PARAMETER_SETS["sandbox"]).round(2)
    array([[0.38, 0.57, 0.  , 0.  , 0.02, 0.03, 0.  , 0.  ]])
    """
    source = np.zeros((litter.size, kernel.POOLS + 1))
    metabolic, structural = litter * f_met, litter * (1 - f_met)
    source[:, kernel.LITM] = metabolic * (1 - p["direct_metabolic"])
    source[:, kernel.LITS] = structural * (1 - p["direct_structural"])
    source[:, kernel.SOMP] = metabolic * p["direct_metabolic"]
    source[:, kernel.SOMC] = structural * p["direct_structural"]
    return source


def maximum_rates(
    temperature: np.ndarray, moisture: np.ndarray, p: ParameterSet
) -> list[np.ndarray]:
    """Return V of the six uptake paths and of both oxidations [site], in h-1.

    V = exp(slope T + intercept) a_V V_mod f_W; oxidation has the rate of structural litter.

    Examples
    --------
    >>> rates = maximum_rates(np.array([15.0]), np.ones(1), PARAMETER_SETS["sandbox"])
    >>> float((rates[0] / rates[1])[0].round(2))  # metabolic over structural litter
    5.0
    """
    common = np.exp(p["uptake_slope"] * temperature + p["uptake_intercept"]) * p["uptake_tuning"]
    rates = [common * moisture * p[f"uptake_modifier_{m}_{s}"] for m, s in PATHS]
    return [*rates, rates[1], rates[4]]


def half_saturations(
    temperature: np.ndarray, clay: np.ndarray, p: ParameterSet
) -> list[np.ndarray]:
    """Return K of the six uptake paths and of both oxidations [site], in mg C cm-3.

    K = exp(slope T + intercept) a_K / K_mod; for available carbon K_mod is multiplied by the
    protection P = a_P exp(b_P sqrt(clay)). Oxidation has KO times the K of structural litter.

    Examples
    --------
    >>> one = half_saturations(np.array([15.0]), np.array([0.3]), PARAMETER_SETS["sandbox"])
    >>> one[0].round(2)  # of r strategists on metabolic litter
    array([44.17])
    """
    protection = p["protection"] * np.exp(p["protection_exponent"] * np.sqrt(clay))
    values = []
    for microbe, substrate in PATHS:
        slope = p[f"half_saturation_slope_{microbe}_{substrate}"]
        modifier = p[f"half_saturation_modifier_{microbe}_{substrate}"]
        common = np.exp(slope * temperature + p["half_saturation_intercept"])
        shielded = protection if substrate == "available" else 1.0
        values.append(common * p["half_saturation_tuning"] / (modifier * shielded))
    return [*values, p["oxidation_factor_r"] * values[1], p["oxidation_factor_k"] * values[4]]


def turnover_rates(
    npp: np.ndarray, f_met: np.ndarray, moisture: np.ndarray, p: ParameterSet
) -> list[np.ndarray]:
    """Return the turnover of r and K strategists [site], in h-1.

    tau = a exp(b f_met) clip(sqrt(NPP / NPP_ref), low, high) times a multiplier. With the option
    ``moisture_acts_on`` = "uptake and turnover" also times f_W, as in the testbed code.

    Examples
    --------
    >>> site = np.array([500.0]), np.array([0.4]), np.array([1.0])
    >>> rates = turnover_rates(*site, PARAMETER_SETS["sandbox"])
    >>> [round(1 / (24 * rate.item()), 1) for rate in rates]  # days that microbes live
    [29.6, 69.5]
    """
    productivity = np.sqrt(npp / p["turnover_npp_reference"])
    modifier = np.clip(productivity, p["turnover_npp_low"], p["turnover_npp_high"])
    modifier = modifier * p["turnover_multiplier"]
    if p.options["moisture_acts_on"] == "uptake and turnover":
        modifier = modifier * moisture
    return [
        p[f"turnover_{m}"] * np.exp(p[f"turnover_{m}_exponent"] * f_met) * modifier
        for m in ("r", "k")
    ]


def desorption_rate(clay: np.ndarray, p: ParameterSet) -> np.ndarray:
    """Return the desorption of physically protected carbon [site], in h-1: a exp(b clay) m.

    Examples
    --------
    >>> hourly = desorption_rate(np.array([0.3]), PARAMETER_SETS["sandbox"])
    >>> (8760 * hourly).round(3)  # yr-1
    array([0.084])
    """
    exponential = np.exp(p["desorption_exponent"] * clay)
    return p["desorption"] * exponential * p["desorption_multiplier"]


def fates(site: Site, f_met: np.ndarray, p: ParameterSet) -> np.ndarray:
    """Return the stoichiometry [site, 8, 11]: where a unit of each flux goes.

    Raises
    ------
    InputError
        Where the shares of microbial turnover to protected pools exceed 1.

    Examples
    --------
    >>> asked = MODEL.ask(MODEL.example, MODEL.default)
    >>> shares = fates(asked.place, np.array([0.5]), asked.chosen)
    >>> shares.shape, bool(np.allclose(shares.sum(axis=1), 0))
    ((1, 8, 11), True)
    """
    matrix = np.zeros((site.size, kernel.POOLS + 1, kernel.FLUXES))
    for j, pool in enumerate(kernel.SUBSTRATE):
        matrix[:, pool, j] = -1.0
    for j, (microbe, substrate) in enumerate(PATHS):
        kind = "structural" if substrate == "structural" else "metabolic"
        efficiency = p[f"cue_{microbe}_{kind}"]
        matrix[:, kernel.MICROBE[j], j] = efficiency
        matrix[:, kernel.CO2, j] = 1 - efficiency
    matrix[:, kernel.SOMA, 6:8] = 1.0
    matrix[:, kernel.SOMA, 10] = 1.0
    for j, microbe in ((8, "r"), (9, "k")):
        physical, chemical = protected_shares(site["clay"], f_met, microbe, p)
        available = 1 - (physical + chemical)
        bad = available < 0
        if bad.any():
            i = int(np.argmax(bad))
            only = np.arange(site.size) == i
            given = "lignin_to_n" in site
            litter = f" (of lignin_to_n = {site['lignin_to_n'][i]:g})" if given else ""
            raise InputError(
                f"clay = {site['clay'][i]:g} with f_met = {f_met[i]:.3g}{litter}"
                f"{site.where(only)}: the "
                f"protected shares of turnover sum to {(physical + chemical)[i]:.3g}, allowed up "
                f"to 1 (parameter set {p.name!r})"
            )
        matrix[:, kernel.SOMP, j] = physical
        matrix[:, kernel.SOMC, j] = chemical
        matrix[:, kernel.SOMA, j] = available
    return matrix


def protected_shares(
    clay: np.ndarray, f_met: np.ndarray, microbe: str, p: ParameterSet
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of turnover to the physically and chemically protected pools [site].

    a exp(b clay) times a multiplier, and a exp(b f_met) times a multiplier.

    Examples
    --------
    >>> clay, f_met = np.array([0.3]), np.array([0.4])
    >>> both = protected_shares(clay, f_met, "r", PARAMETER_SETS["sandbox"])
    >>> [float(share[0].round(3)) for share in both]
    [0.443, 0.03]
    """
    physical = p[f"to_physical_{microbe}"] * np.exp(p[f"to_physical_{microbe}_exponent"] * clay)
    chemical = p[f"to_chemical_{microbe}"] * np.exp(p[f"to_chemical_{microbe}_exponent"] * f_met)
    return physical * p["to_physical_multiplier"], chemical * p["to_chemical_multiplier"]


# --- behind the seam ---------------------------------------------------------------------------


def processes(site: Site, p: ParameterSet) -> Ledger:
    """Return the ledger per m2 and year (the kernels count mg cm-3 and hours).

    Examples
    --------
    >>> asked = MODEL.ask(MODEL.example, MODEL.default)
    >>> [flux.label for flux in processes(asked.place, asked.chosen).fluxes][:2]
    ['LITm to MICr, CO2', 'LITs to MICr, CO2']
    """
    rates, names = _Rates(site, p), [*POOLS, "CO2"]
    shares, yearly = rates.stoichiometry, rates.rate.T * HOURS_PER_YEAR
    half = rates.half_saturation.T * (10 * p["depth"])  # g m-2 per mg cm-3
    fluxes = []
    for j, kind in enumerate(FLUX_KINDS):
        gains = np.flatnonzero((shares[:, :, j] > 0).any(axis=0))
        gained = {names[i]: shares[:, i, j] for i in gains}
        law = ()
        if j < kernel.CATALYSED:
            law = p.options["kinetics"], names[kernel.MICROBE[j]], half[j]
        fluxes.append(Flux(kind, names[kernel.SUBSTRATE[j]], gained, yearly[j], *law))
    litter = litter_input(site["npp"], rates.f_met, p)
    entering = np.flatnonzero(litter.any(axis=0))
    return Ledger({names[i]: litter[:, i] for i in entering}, fluxes)


MODEL = BoxModel(
    name="MIMICS",
    source=_SOURCE,
    pools=POOL_NAMES,
    sets={"sandbox": PARAMETER_SETS["sandbox"], **PARAMETER_SETS},
    ledger=processes,
    needs=REQUIRED,
    own=_at_rest,
    module=__name__,
)


# --- running the kernels, and the Dataset -----------------------------------------------------


def _solve(site: Site, rates: _Rates) -> tuple[np.ndarray, np.ndarray]:
    """Return steady pools [site, 7] in mg C cm-3 and which microbes live [site, 2]."""
    state = np.empty((site.size, kernel.POOLS))
    alive = np.ones((site.size, 2), bool)
    status = np.empty(site.size, np.int64)
    each = (rates.source, rates.stoichiometry, rates.rate, rates.half_saturation)

    def run(part: slice) -> None:
        kernel.steady_states(
            *(a[part] for a in each), rates.kinetics, alive[part], status[part], state[part]
        )

    side_by_side(run, site.size, THREAD)
    failed = status != kernel.CONVERGED
    if failed.any():
        raise SteadyStateError(
            f"no steady state found{site.where(failed)}: the pools do not come to rest, as where "
            "litter outgrows what the microbes can take up"
        )
    for k, microbe in enumerate(MICROBES):
        if not alive[:, k].all():
            warnings.warn(
                f"MIC{microbe} is extinct{site.where(~alive[:, k])}: it cannot grow beside the "
                "other microbes",
                MicrobialExtinctionWarning,
                stacklevel=4,
            )
    return state, alive


def _integrate(site: Site, rates: _Rates, start: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Return pools and respired carbon [site, time, 8] in mg C cm-3."""
    state = np.empty((site.size, hours.size, kernel.POOLS + 1))
    status = np.empty(site.size, np.int64)
    each = (start, rates.source, rates.stoichiometry, rates.rate, rates.half_saturation)

    def run(part: slice) -> None:
        for i in range(site.size)[part]:
            status[i] = kernel.transient(
                *(a[i] for a in each), rates.kinetics, hours, TOLERANCE, state[i]
            )

    side_by_side(run, site.size, THREAD_IN_TIME)
    failed = status != kernel.CONVERGED
    if failed.any():
        raise SteadyStateError(f"the run in time did not converge{site.where(failed)}")
    return state


def _ledger(rates: _Rates, state: np.ndarray, *, time: bool) -> dict:
    """Return carbon and fluxes of states [site, time, 7]; without `time` the axis is dropped."""
    flux = np.empty((*state.shape[:2], kernel.FLUXES))
    kernel.flux_series(
        np.ascontiguousarray(state), rates.rate, rates.half_saturation, rates.kinetics, flux
    )
    fate = np.einsum("sij,stj->sti", rates.stoichiometry, flux)
    change = (fate + rates.source[:, np.newaxis, :])[..., : kernel.POOLS].sum(axis=-1)
    litter = np.broadcast_to(rates.source.sum(axis=1)[:, np.newaxis], state.shape[:2])
    arrays = {
        "carbon": (("pool",), state * rates.stock),
        "input": ((), litter * rates.flux),
        "respiration": ((), fate[..., kernel.CO2] * rates.flux),
        "uptake": ((), flux[..., 0:6].sum(axis=-1) * rates.flux),
        "uptake_path": (("path",), flux[..., 0:6] * rates.flux),
        "oxidation": ((), flux[..., 6:8].sum(axis=-1) * rates.flux),
        "turnover": ((), flux[..., 8:10].sum(axis=-1) * rates.flux),
        "desorption": ((), flux[..., 10] * rates.flux),
        "change": ((), change * rates.flux),
    }
    if time:
        variables = {name: (("time", *dims), a) for name, (dims, a) in arrays.items()}
    else:
        variables = {name: (dims, a[:, 0]) for name, (dims, a) in arrays.items()}
    variables["f_met"] = ((), rates.f_met)
    variables["f_met_clipped"] = ((), rates.clipped)
    return variables


def _dataset(
    site: Site,
    p: ParameterSet,
    variables: dict,
    labels: dict | None = None,
    times: np.ndarray | None = None,
) -> xr.Dataset:
    if "uptake_path" in variables:
        labels = {**(labels or {}), "path": PATH_NAMES}
    source = f"{_SOURCE}; {p.description}"
    return dataset.build(site, p, "MIMICS", source, POOL_NAMES, variables, labels, times, _USED)
