r"""CENTURY: seven pools that decay at rates of their own, without microbes.

Litter falls on the surface or grows in the soil, is metabolic or structural, and passes through
an active, a slow and a passive pool (Parton et al. 1987,
doi:10.2136/sssaj1987.03615995005100050015x). Each pool decays at its rate k, slowed by climate
and texture; a share goes on to other pools and the rest is respired:

.. math:: \dot C = I + A\,C, \qquad A = (T - 1)\,\mathrm{diag}(k)

with the transfer matrix T (share of the turnover of the column's pool that the row's pool gains).
The model is linear, so the steady state is one linear solve and a run under constant forcing is
a matrix exponential, both without error of discretisation.

Texture is clay + silt in the set ``soilr`` (clay alone where a site has no ``silt``) and clay in
the set ``orchidee``; the option ``texture`` switches between them. A year has 365/7 weeks.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.linalg import expm

from soilnb.parameters import InputError, Parameters, ParameterSet, choose, read_table
from soilnb.profile.model import BoxModel, Flux, Ledger, dataset
from soilnb.profile.model.dataset import Initial
from soilnb.profile.site import RECORDS, REQUIRED, Site, read

#: The two sets of CENTURY by name.
PARAMETER_SETS = read_table(Path(__file__).with_suffix(".toml")).sets

WEEKS_PER_YEAR = 365 / 7

#: Label and readable name of each pool.
POOL_NAMES = {
    "surface_structural": "structural litter, surface",
    "surface_metabolic": "metabolic litter, surface",
    "soil_structural": "structural litter, soil",
    "soil_metabolic": "metabolic litter, soil",
    "active": "active",
    "slow": "slow",
    "passive": "passive",
}
POOLS = tuple(POOL_NAMES)
ACTIVE, SLOW, PASSIVE = 4, 5, 6

_PER_YEAR = {"yr-1": 1.0, "week-1": WEEKS_PER_YEAR}
_SOURCE = "CENTURY, Parton et al. 1987, doi:10.2136/sssaj1987.03615995005100050015x"


def steady_state(site: Mapping | xr.Dataset, parameters: Parameters = "soilr") -> xr.Dataset:
    """Return the pools at which gains and losses balance: the solution of A C = -I.

    Parameters
    ----------
    site : mapping or Dataset
        ``temperature``, ``clay``, ``npp`` and ``f_met`` or ``lignin_to_n``; optional ``silt``,
        ``lignin_fraction`` (0 where absent), ``surface_input_share`` (0.5 where absent),
        ``precipitation_to_pet`` (set ``soilr``) or ``moisture`` (set ``orchidee``), ``tillage``.
        A modifier is 1 where its key is absent.
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``soilr`` (or to the set
        that its key ``set`` names).

    Returns
    -------
    Dataset
        ``carbon`` (..., pool) in kg C m-2; ``input``, ``respiration``, ``uptake`` (the turnover
        of all pools), ``oxidation``, ``turnover`` and ``desorption`` (0: there are no microbes)
        and ``change`` in g C m-2 yr-1; ``f_met`` and whether it was clipped; ``stable`` and
        ``plausible`` (`soilnb.profile.plausible`).

    Raises
    ------
    InputError
        For a site, a parameter or a set that is not allowed.

    Warns
    -----
    LitterQualityWarning
        Where f_met from lignin:N is outside [0, 1] and is clipped.

    Examples
    --------
    >>> soil = steady_state({"temperature": 15.0, "clay": 0.3, "npp": 500.0, "f_met": 0.385})
    >>> soil["carbon"].values.round(2)
    array([0.11, 0.02, 0.09, 0.02, 0.15, 1.46, 1.77])
    >>> float(soil["respiration"].round(6))  # as much as comes in
    500.0
    """
    return _at_rest(*_inputs(site, parameters))


def _at_rest(place: Site, chosen: ParameterSet) -> xr.Dataset:
    system = _System(place, chosen)
    carbon = _steady(system)
    return _dataset(place, chosen, system, carbon[:, np.newaxis, :])


def simulate(
    site: Mapping | xr.Dataset,
    time: np.ndarray,
    parameters: Parameters = "soilr",
    initial: Initial = None,
) -> xr.Dataset:
    """Run the model in time under constant forcing, exactly.

    The state is carried from one output time to the next by the exponential of the system that
    is augmented by the respired carbon and the constant input.

    Parameters
    ----------
    site, time, parameters, initial
        As in `soilnb.profile.model.BoxModel.simulate`.

    Returns
    -------
    Dataset
        As of `steady_state` with a dimension ``time``, and ``cumulative_input`` and
        ``cumulative_respiration`` in g C m-2 since time 0.

    Examples
    --------
    >>> site = {"temperature": 15.0, "clay": 0.3, "npp": 500.0, "f_met": 0.385}
    >>> run = simulate(site, [0.0, 10.0], initial=[0.0] * 7)
    >>> run["carbon"].sum("pool").values.round(2)
    array([0.  , 0.97])
    """
    times = dataset.check_time(time)
    place, chosen = _inputs(site, parameters)
    system = _System(place, chosen)
    if initial is None:
        start = _steady(system)
    else:
        start = dataset.check_initial(initial, place.size, POOL_NAMES) * 1e3
    carbon, respired = integrate(system.matrix, system.source, system.respired, start, times)
    return _dataset(place, chosen, system, carbon, times, respired)


def integrate(
    matrix: np.ndarray,
    source: np.ndarray,
    respired: np.ndarray,
    start: np.ndarray,
    times: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return pools [site, time, 7] and respired carbon [site, time] of a linear system.

    d/dt (C, R, 1) = M (C, R, 1) with the rows (A, 0, I), (r, 0, 0), (0, 0, 0) of M.

    Parameters
    ----------
    matrix : array [site, 7, 7]
        A, yr-1.
    source : array [site, 7]
        I, g C m-2 yr-1.
    respired : array [site, 7]
        Rate at which each pool is respired, r, yr-1.
    start : array [site, 7]
        C at time 0, g C m-2.
    times : array [time]
        Output times, yr.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> pools, respired = integrate(-one[..., None], 2 * one, one, 0 * one, np.array([50.0]))
    >>> pools.round(3), respired.round(3)  # one pool that decays at 1 yr-1, fed with 2
    (array([[[2.]]]), array([[98.]]))
    """
    size, n = source.shape
    augmented = np.zeros((size, n + 2, n + 2))
    augmented[:, :n, :n] = matrix
    augmented[:, n, :n] = respired
    augmented[:, :n, n + 1] = source
    state = np.concatenate([start, np.zeros((size, 1)), np.ones((size, 1))], axis=1)
    result = np.empty((size, times.size, n + 2))
    steps, length = np.unique(np.diff(times, prepend=0.0).round(12), return_inverse=True)
    propagators = [expm(augmented * step) for step in steps]
    for k in range(times.size):
        state = np.einsum("sij,sj->si", propagators[length[k]], state)
        result[:, k] = state
    return result[..., :n], result[..., n]


def links(
    site: Mapping | xr.Dataset | None = None, parameters: Parameters = "soilr"
) -> pd.DataFrame:
    """Return the links between the pools, as `soilnb.profile.model.Model.links` tells them.

    Kinds are input, transfer and respiration.

    Examples
    --------
    >>> links = links()
    >>> links[links["source"] == "slow"][["target", "share"]].values.tolist()
    [['active', 0.42], ['passive', 0.03], ['CO2', 0.55]]
    """
    keys = ("temperature", "clay", "silt", "npp", "f_met", "lignin_fraction")
    one = {key: RECORDS[key].value for key in keys}
    return MODEL.links(one if site is None else site, parameters)


def _inputs(site: object, parameters: object) -> tuple[Site, ParameterSet]:
    chosen = choose(parameters, PARAMETER_SETS, "soilr")
    return read(site), chosen


class _System:
    """The linear system of all sites: dC/dt = source + matrix C, dR/dt = respired C, in yr-1."""

    def __init__(self, site: Site, p: ParameterSet) -> None:
        self.f_met, self.clipped = dataset.metabolic_share(
            site, 1.0, p["litter_intercept"], p["litter_slope"], 0.0
        )
        texture = texture_fraction(site, p)
        lignin = site.get("lignin_fraction", 0.0)  # absent: its modifier exp(-3 L) is 1
        self.shares = transfers(texture, lignin, p)
        self.source = litter_input(site["npp"], self.f_met, site.get("surface_input_share"))
        self.rates = decomposition_rates(site, texture, lignin, p)
        given, negative = np.zeros(self.rates.shape), np.zeros(self.rates.shape, bool)
        self.matrix = np.zeros((site.size, len(POOLS), len(POOLS)))
        for pool in range(len(POOLS)):
            self.matrix[:, pool, pool] = -self.rates[:, pool]
        for (to, pool), share in self.shares.items():
            self.matrix[:, to, pool] = share * self.rates[:, pool]
            given[:, pool] += share
            negative[:, pool] |= share < 0
        self.respired = (1 - given) * self.rates
        _check_physical(site, negative, given, self.rates)


def _check_physical(site: Site, negative: np.ndarray, given: np.ndarray, rates: np.ndarray) -> None:
    """Refuse parameters with which a pool gives more than it loses, or never decays."""
    for bad, words in (
        (negative, "passes on a negative share"),
        (given > 1, "passes on more than it loses"),
        (rates <= 0, "does not decay"),
    ):
        if bad.any():
            i, j = np.argwhere(bad)[0]
            raise InputError(
                f"{POOLS[j]} {words}{site.where(np.arange(site.size) == i)}: the texture, lignin "
                "and transfer parameters do not fit together"
            )


def _steady(system: _System) -> np.ndarray:
    """Return the pools [site, 7] in g C m-2 that solve A C = -I."""
    return np.linalg.solve(system.matrix, -system.source[..., np.newaxis])[..., 0]


def texture_fraction(site: Site, p: ParameterSet) -> np.ndarray:
    """Return the texture [site] that acts on the active pool: clay + silt, or clay.

    Examples
    --------
    >>> soil = {"clay": np.array([0.3]), "silt": np.array([0.4])}
    >>> texture_fraction(soil, PARAMETER_SETS["soilr"])
    array([0.7])
    """
    if p.options["texture"] == "clay+silt" and "silt" in site:
        return site["clay"] + site["silt"]
    return site["clay"]


def litter_input(npp: np.ndarray, f_met: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """Return the litter input [site, 7] to the four litter pools, in the unit of `npp`.

    Examples
    --------
    >>> litter_input(np.array([100.0]), np.array([0.4]), np.array([0.5]))
    array([[30., 20., 30., 20.,  0.,  0.,  0.]])
    """
    source = np.zeros((npp.size, len(POOLS)))
    for first, share in ((0, surface), (2, 1 - surface)):
        source[:, first] = npp * share * (1 - f_met)
        source[:, first + 1] = npp * share * f_met
    return source


def decomposition_rates(
    site: Site, texture: np.ndarray, lignin: np.ndarray, p: ParameterSet
) -> np.ndarray:
    """Return the turnover [site, 7] in yr-1: rate, climate, lignin, texture and tillage.

    Structural litter slows as exp(-b lignin), the active pool as 1 - a texture; tillage multiplies
    the turnover of active, slow and passive carbon, as flux_tot_coeff does in
    yangsssu/ORCHIDEE-CROP@8a57133 stomate_soilcarbon.f90.

    Examples
    --------
    >>> asked = MODEL.ask(MODEL.example, MODEL.default)
    >>> half, few = np.array([0.5]), np.array([0.2])
    >>> decomposition_rates(asked.place, half, few, asked.chosen).round(1)
    array([[0.7, 5. , 0.9, 6.2, 1.6, 0.1, 0. ]])
    """
    climate = temperature_modifier(site["temperature"], p) * moisture_modifier(site, p)
    per_year = [p[f"rate_{pool}"] * _PER_YEAR[p.records[f"rate_{pool}"].unit] for pool in POOLS]
    rates = climate[:, np.newaxis] * np.array(per_year)
    rates[:, [0, 2]] *= np.exp(-p["lignin_on_structural"] * lignin)[:, np.newaxis]
    rates[:, ACTIVE] *= 1 - p["texture_on_active"] * texture
    rates[:, ACTIVE:] *= site.get("tillage", 1.0)[:, np.newaxis]
    return rates


def temperature_modifier(temperature: np.ndarray, p: ParameterSet) -> np.ndarray:
    """Return the temperature modifier [site], dimensionless.

    SoilR (fT.Century1): x^a exp((a/b) (1 - x^b)) with x = (Tmax - T) / (Tmax - Topt).
    ORCHIDEE: min(1, exp(s (T - Tref) / 10)).

    Examples
    --------
    >>> temperature_modifier(np.array([0.0, 15.0, 30.0]), PARAMETER_SETS["soilr"]).round(2)
    array([0.03, 0.34, 0.94])
    """
    if p.options["climate"] == "orchidee":
        warming = (temperature - p["temperature_reference"]) / 10
        return np.minimum(1.0, np.exp(p["temperature_sensitivity"] * warming))
    a, b = p["temperature_left"], p["temperature_right"]
    span = p["temperature_maximum"] - p["temperature_optimum"]
    x = (p["temperature_maximum"] - temperature) / span
    return x**a * np.exp(a / b * (1 - x**b))


def moisture_modifier(site: Site, p: ParameterSet) -> np.ndarray:
    """Return the moisture modifier [site], dimensionless; 1 where the site has no such key.

    SoilR (fW.Century), from P/PET: 1 / (1 + a exp(-b P/PET)).
    ORCHIDEE, from moisture w: max(low, min(1, -a w^2 + b w - c)).

    Examples
    --------
    >>> dry, moist = 0.2, 1.0
    >>> soil = {"precipitation_to_pet": np.array([dry, moist])}
    >>> moisture_modifier(soil, PARAMETER_SETS["soilr"]).round(2)
    array([0.15, 0.99])
    """
    if p.options["climate"] == "orchidee":
        if "moisture" not in site:
            return np.ones(site.size)
        w = site["moisture"]
        curve = -p["moisture_square"] * w**2 + p["moisture_linear"] * w - p["moisture_constant"]
        return np.clip(curve, p["moisture_low"], 1.0)
    if "precipitation_to_pet" not in site:
        return np.ones(site.size)
    drought = np.exp(-p["moisture_exponent"] * site["precipitation_to_pet"])
    return 1 / (1 + p["moisture_scale"] * drought)


def transfers(
    texture: np.ndarray, lignin: np.ndarray, p: ParameterSet
) -> dict[tuple[int, int], np.ndarray | float]:
    """Return what a pool passes on: (to, from) to the share [site] of the turnover of ``from``.

    Examples
    --------
    >>> shares = transfers(np.array([0.3]), 0.25, PARAMETER_SETS["soilr"])
    >>> shares[SLOW, ACTIVE].round(3)
    array([0.35])
    """
    shares = {}
    for pool, name in ((0, "surface_structural_to_active"), (2, "soil_structural_to_active")):
        shares[ACTIVE, pool] = (1 - lignin) * p[name]
        shares[SLOW, pool] = lignin * p["lignin_to_slow"]
        shares[ACTIVE, pool + 1] = p["metabolic_to_active"]
    respired = p["respired_active"] - p["respired_active_slope"] * texture
    shares[SLOW, ACTIVE] = 1 - respired - p["active_to_passive"]
    shares[PASSIVE, ACTIVE] = p["active_to_passive"]
    shares[ACTIVE, SLOW] = p["slow_to_active"]
    shares[PASSIVE, SLOW] = p["slow_to_passive"]
    shares[ACTIVE, PASSIVE] = p["passive_to_active"]
    return shares


def processes(site: Site, p: ParameterSet) -> Ledger:
    """Return the ledger: every pool decays, a share goes on, the rest is respired.

    Examples
    --------
    >>> asked = MODEL.ask(MODEL.example, MODEL.default)
    >>> [flux.label for flux in processes(asked.place, asked.chosen).fluxes][:2]
    ['surface_structural to active, slow, CO2', 'surface_metabolic to active, CO2']
    """
    system, fluxes = _System(site, p), []
    for j, pool in enumerate(POOLS):
        fates = {POOLS[to]: share for (to, of), share in system.shares.items() if of == j}
        fates["CO2"] = 1 - sum(fates.values())
        fluxes.append(Flux("transfer", pool, fates, system.rates[:, j]))
    entering = np.flatnonzero(system.source.any(axis=0))
    return Ledger({POOLS[i]: system.source[:, i] for i in entering}, fluxes)


MODEL = BoxModel(
    name="CENTURY",
    source=_SOURCE,
    pools=POOL_NAMES,
    sets=PARAMETER_SETS,
    ledger=processes,
    needs=REQUIRED,
    own=_at_rest,
    module=__name__,
)


def _dataset(
    site: Site,
    p: ParameterSet,
    system: _System,
    carbon: np.ndarray,
    times: np.ndarray | None = None,
    respired: np.ndarray | None = None,
) -> xr.Dataset:
    """Return pools [site, time, 7] in g C m-2 as a Dataset with their ledger."""
    shape = carbon.shape[:2]
    litter = np.broadcast_to(system.source.sum(axis=1)[:, np.newaxis], shape)
    gain = np.einsum("sij,stj->sti", system.matrix, carbon) + system.source[:, np.newaxis, :]
    arrays = {
        "carbon": (("pool",), carbon / 1e3),
        "input": ((), litter),
        "respiration": ((), np.einsum("sj,stj->st", system.respired, carbon)),
        "uptake": ((), np.einsum("sj,stj->st", system.rates, carbon)),
        "oxidation": ((), np.zeros(shape)),
        "turnover": ((), np.zeros(shape)),
        "desorption": ((), np.zeros(shape)),
        "change": ((), gain.sum(axis=-1)),
    }
    if times is None:
        variables = {name: (dims, a[:, 0]) for name, (dims, a) in arrays.items()}
        variables["stable"] = ((), np.ones(shape[0], bool))  # linear
    else:
        variables = {name: (("time", *dims), a) for name, (dims, a) in arrays.items()}
        variables["cumulative_input"] = (("time",), litter * times)
        variables["cumulative_respiration"] = (("time",), respired)
    variables["f_met"] = ((), system.f_met)
    variables["f_met_clipped"] = ((), system.clipped)
    water = "moisture" if p.options["climate"] == "orchidee" else "precipitation_to_pet"
    used = (
        "temperature", "clay", "npp", "f_met", "lignin_to_n", "lignin_fraction",
        "surface_input_share", "tillage", water,
        *(("silt",) if p.options["texture"] == "clay+silt" else ()),
    )  # fmt: skip
    return dataset.build(
        site,
        p,
        "CENTURY",
        f"{_SOURCE}; {p.description}",
        POOL_NAMES,
        variables,
        times=times,
        used=used,
        assumed=("surface_input_share",),
    )
