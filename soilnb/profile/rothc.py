r"""RothC-26.3: five pools of the longest field trials, one multiplier for all that slows decay.

The Rothamsted carbon model (Coleman & Jenkinson 1996, doi:10.1007/978-3-642-61094-3_17) divides
litter into decomposable (DPM) and resistant plant material (RPM). All pools but the inert one
(IOM) decay at rates of their own times one modifier xi; of what decays the share x/(x + 1) is
respired, the rest becomes biomass (BIO, 46 %) and humus (HUM, 54 %), from every pool alike:

.. math::
    \dot C = I + \xi\,(T - 1)\,\mathrm{diag}(k)\,C, \qquad
    x = 1.67\,(1.85 + 1.60\,e^{-0.0786\,\mathrm{clay\,\%}})

xi is the site's ``modifier``; without one it follows from the ``temperature`` alone, as in a soil
that is moist and bare. `modifiers` computes it from a year's weather, month by month; given to
`simulate` as ``drivers`` the months act one by one, each exactly (the original takes monthly
steps in which new biomass does not decay yet).

The inert pool has no inflow and no decay. Its size is what Falloon et al. (1998) found in dated
soils, 0.049 SOC^1.139 (Mg C ha-1), with the site's measured ``soc`` or the carbon at steady state.

There is biomass, but it eats nothing: what decays counts as taken up. So the diagnosed CUE is
1 / (x + 1) in every state: it depends on clay and on nothing else.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from soilnb.parameters import InputError, Parameters, ParameterSet, read_table
from soilnb.profile.model import BoxModel, Flux, Ledger
from soilnb.profile.model.dataset import Initial
from soilnb.profile.site import Site

PARAMETER_SETS, DRIVERS, _ = read_table(Path(__file__).with_suffix(".toml"))

#: Label and readable name of each pool.
POOL_NAMES = {
    "dpm": "decomposable plant material",
    "rpm": "resistant plant material",
    "bio": "microbial biomass",
    "hum": "humified organic matter",
    "iom": "inert organic matter",
}

#: Decay under plants over that of bare soil; drying of bare soil over that under plants.
COVERED, BARE_DRYING = 0.6, 1 / 1.8


def ledger(site: Site, p: ParameterSet) -> Ledger:
    """Return who gets what from whom.

    Examples
    --------
    >>> asked = MODEL.ask(MODEL.example, MODEL.default)
    >>> [flux.label for flux in ledger(asked.place, asked.chosen).fluxes][:2]
    ['dpm to bio, hum, CO2', 'rpm to bio, hum, CO2']
    """
    clay = 100 * site["clay"]
    decline = np.exp(-p["respired_decline"] * clay)
    x = p["respired_scale"] * (p["respired_floor"] + p["respired_rise"] * decline)
    kept = 1 / (x + 1)
    fates = {
        "bio": p["kept_in_biomass"] * kept,
        "hum": (1 - p["kept_in_biomass"]) * kept,
        "CO2": 1 - kept,
    }
    xi = site["modifier"] if "modifier" in site else temperature_modifier(site["temperature"], p)
    decomposable = p["dpm_to_rpm"] / (1 + p["dpm_to_rpm"])
    return Ledger(
        inputs={"dpm": decomposable * site["npp"], "rpm": (1 - decomposable) * site["npp"]},
        fluxes=[
            Flux("transfer", pool, fates, p[f"rate_{pool}"] * xi)
            for pool in ("dpm", "rpm", "bio", "hum")
        ],
    )


def temperature_modifier(
    temperature: float | np.ndarray, p: Mapping[str, float] = PARAMETER_SETS["agricultural"]
) -> np.ndarray:
    """Return a / (1 + exp(b / (T + c))), dimensionless, for T in degC; 0 below -c.

    Examples
    --------
    >>> temperature_modifier(np.array([0.0, 9.25, 20.0])).round(2)
    array([0.14, 0.99, 2.82])
    """
    above = np.maximum(np.asarray(temperature, float) + p["temperature_offset"], 1e-9)
    with np.errstate(over="ignore"):
        return p["temperature_scale"] / (1 + np.exp(p["temperature_exponent"] / above))


def modifiers(
    temperature: np.ndarray,
    rain: np.ndarray,
    evaporation: np.ndarray,
    clay: float,
    depth: float = 0.23,
    bare: bool | np.ndarray = False,
    pan: float = 0.75,
) -> np.ndarray:
    """Return xi month by month: temperature times moisture times plant cover.

    The topsoil dries from month to month by what evaporates beyond the rain, down to a deficit
    that depends on clay; decay slows from 0.444 of that deficit on, to a fifth.

    Parameters
    ----------
    temperature, rain, evaporation : array [month]
        degC, mm and mm (of an open pan); the first month starts from a wet soil.
    clay, depth : float
        Mass fraction, and thickness of the topsoil in m.
    bare : bool or array [month]
        Whether the soil has no plants: it then dries less, and decay is faster by 1/0.6.
    pan : float
        Evaporation of the soil over that of the pan; 1 where evapotranspiration is given.

    Examples
    --------
    >>> rain = [74, 59, 62, 51, 52, 57, 34, 55, 58, 56, 75, 71]  # Rothamsted, mm
    >>> pan = [8, 10, 27, 49, 83, 99, 103, 91, 69, 34, 16, 8]
    >>> (modifiers(np.full(12, 9.3), rain, pan, 0.234) / 0.6)[3:10].round(1)  # April to October
    array([1. , 1. , 0.8, 0.2, 0.2, 0.4, 1. ])
    """
    months = np.broadcast_arrays(temperature, rain, evaporation, bare)
    if months[0].ndim != 1:
        raise InputError("modifiers: temperature, rain, evaporation: allowed one number a month")
    if not 0 <= clay <= 1:
        raise InputError(f"modifiers: clay = {clay:g}: allowed 0 to 1")
    driest = -(20 + 1.3 * 100 * clay - 0.01 * (100 * clay) ** 2) * depth / 0.23
    moisture, deficit = np.empty(months[0].size), 0.0
    for k, (_, wet, dry, uncovered) in enumerate(zip(*months, strict=True)):
        limit = driest * (BARE_DRYING if uncovered else 1.0)
        # Where the plants have gone the soil keeps a deficit that is beyond the new limit.
        deficit = max(min(deficit + wet - pan * dry, 0.0), min(limit, deficit))
        moisture[k] = 0.2 + 0.8 * np.clip((limit - deficit) / ((1 - 0.444) * limit), 0.0, 1.0)
    return temperature_modifier(months[0]) * moisture * np.where(months[3], 1.0, COVERED)


def inert(soc: float | np.ndarray, p: Mapping[str, float] = PARAMETER_SETS["agricultural"]):
    """Return inert organic matter of a soil with the carbon `soc`, both in kg C m-2.

    Examples
    --------
    >>> round(float(inert(5.0)), 3)  # 50 Mg C ha-1
    0.422
    """
    return p["inert_scale"] * (10 * np.asarray(soc, float)) ** p["inert_exponent"] / 10


def _with_inert(site: Site, p: ParameterSet, carbon: np.ndarray) -> np.ndarray:
    """Fill the inert pool of `carbon` [site, pool] (g C m-2)."""
    active = carbon.sum(axis=1) / 1e3
    rest = inert(site.get("soc", active), p)
    for _ in range(0 if "soc" in site else 100):  # each round brings it five times nearer
        rest = inert(active + rest, p)
    return np.column_stack([carbon[:, :4], 1e3 * rest])


MODEL = BoxModel(
    name="RothC",
    source="RothC-26.3, Coleman & Jenkinson 1996, doi:10.1007/978-3-642-61094-3_17",
    pools=POOL_NAMES,
    sets=PARAMETER_SETS,
    ledger=ledger,
    needs=("clay", "npp", ("temperature", "modifier")),
    drivers=DRIVERS,
    inert=_with_inert,
    module=__name__,
)


def steady_state(site: Mapping | xr.Dataset, parameters: Parameters = "agricultural") -> xr.Dataset:
    """Return the pools at which gains and losses balance; `soilnb.profile.model.BoxModel` says how.

    The site has ``clay``, ``npp`` and ``temperature`` or ``modifier`` (xi), optional ``soc``.

    Examples
    --------
    >>> steady_state({"clay": 0.234, "npp": 170.0, "modifier": 1.0})["carbon"].values.round(4)
    array([0.01  , 0.2322, 0.0337, 1.3061, 0.124 ])
    """
    return MODEL.steady_state(site, parameters)


def simulate(
    site: Mapping | xr.Dataset,
    time: np.ndarray,
    parameters: Parameters = "agricultural",
    initial: Initial = None,
    drivers: Mapping | xr.Dataset | None = None,
) -> xr.Dataset:
    """Run the model in time, exactly; `soilnb.profile.model.BoxModel.simulate` says how.

    Examples
    --------
    >>> site = {"clay": 0.234, "npp": 170.0, "modifier": 1.0}
    >>> simulate(site, [500.0], initial=[0, 0, 0, 0, 0.27])["carbon"].values.round(4)
    array([[0.01  , 0.2322, 0.0337, 1.3059, 0.27  ]])
    """
    return MODEL.simulate(site, time, parameters, initial, drivers)
