r"""Millennial v2: pools that a laboratory can measure.

Particulate (POM), dissolved (LMWC), aggregated (AGG), microbial (MIC) and mineral-associated
carbon (MAOM) are what fractionation of a soil yields (Abramoff et al. 2022,
doi:10.1016/j.soilbio.2021.108466). Microbes decompose particles to dissolved carbon and take that
up, minerals bind it, aggregates hide it. With the litter F and the fluxes below

.. math::
    \dot P &= p_i F + p_a\,r_b s_d A - D - r_{pa} s_d P \\
    \dot L &= (1 - p_i) F + D - r_l s_d L - S + k_{des} M/Q - U + (1 - p_b)\,r_d B^2 \\
    \dot A &= r_{pa} s_d P + r_{ma} s_d M - r_b s_d A \\
    \dot B &= \mathrm{CUE}(T)\,U - r_d B^2 \\
    \dot M &= S - k_{des} M/Q + p_b\,r_d B^2 + (1 - p_a)\,r_b s_d A - r_{ma} s_d M

where :math:`D = V_p(T)\,s_d\,P\,B/(K_p + B)` is depolymerisation,
:math:`U = V_l(T)\,s_b\,B\,L/(K_l + L)` uptake and :math:`S = s_d K_m L (1 - M/Q)` sorption to
minerals that can hold Q = bulk density x (clay + silt, %) x p_c. V are Arrhenius functions, s the
moisture modifiers. What is leached leaves the soil as export and not as respiration.

The efficiency is a parameter of the temperature, CUE(T) = c_ref - c_T (T - T_ref), and uptake is
the only flux that respires. So the diagnosed CUE, 1 - R/U, equals it exactly, in every state: in
MIMICS, with four efficiencies, it is their mean over what is eaten.

Rates are per day, as in the authors' code (rabramoff/Millennial@859f977); a year has 365 days.
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
    "pom": "particulate",
    "lmwc": "dissolved (low molecular weight)",
    "agg": "aggregates",
    "mic": "microbes",
    "maom": "mineral-associated",
}

DAYS_PER_YEAR = 365.0

#: Gas constant, J mol-1 K-1, as in the authors' code.
GAS = 8.31446


def ledger(site: Site, p: ParameterSet) -> Ledger:
    """Return who gets what from whom.

    Examples
    --------
    >>> asked = MODEL.ask(MODEL.example, MODEL.default)
    >>> [flux.label for flux in ledger(asked.place, asked.chosen).fluxes][:3]
    ['pom to lmwc', 'pom to agg', 'agg to pom, maom']
    """
    temperature = site["temperature"]
    diffusion, uptake = moisture_modifiers(site, p)
    hold = capacity(site, p)
    affinity = p["desorption"] * np.exp(-p["affinity_ph"] * site.get("ph") - p["affinity_offset"])
    cue = efficiency(temperature, p)
    bad = ~((cue > 0) & (cue <= 1))
    if bad.any():
        raise InputError(
            f"temperature = {temperature[bad][0]:g} degC{site.where(bad)}: the efficiency is "
            f"{cue[bad][0]:.3g}, allowed above 0 to 1"
        )
    particulate, back, bound = p["input_to_pom"], p["aggregate_to_pom"], p["necromass_to_maom"]

    def per_year(name: str, activation: str = "") -> np.ndarray:
        rate = p[name] * DAYS_PER_YEAR * np.ones(site.size)
        if activation:
            rate = rate * np.exp(-p[activation] / (GAS * (temperature + 273.15)))
        return rate

    return Ledger(
        inputs={"pom": particulate * site["npp"], "lmwc": (1 - particulate) * site["npp"]},
        fluxes=[
            Flux("breakdown", "pom", {"lmwc": 1.0}, per_year("rate_pom", "activation_pom")
                 * diffusion, "reverse", "mic", p["half_saturation_pom"]),
            Flux("exchange", "pom", {"agg": 1.0}, per_year("aggregation_pom") * diffusion),
            Flux("exchange", "agg", {"pom": back, "maom": 1 - back},
                 per_year("breaking") * diffusion),
            Flux("leaching", "lmwc", {"export": 1.0}, per_year("leaching") * diffusion),
            Flux("exchange", "lmwc", {"maom": 1.0}, affinity * DAYS_PER_YEAR * diffusion,
                 "filling", "maom", hold),
            Flux("desorption", "maom", {"lmwc": 1.0}, per_year("desorption") / hold),
            Flux("uptake", "lmwc", {"mic": cue, "CO2": 1 - cue},
                 per_year("rate_uptake", "activation_uptake") * uptake, "forward", "mic",
                 p["half_saturation_uptake"]),
            Flux("turnover", "mic", {"maom": bound, "lmwc": 1 - bound}, per_year("death"),
                 "power", constant=2.0),
            Flux("exchange", "maom", {"agg": 1.0}, per_year("aggregation_maom") * diffusion),
        ],
    )  # fmt: skip


def moisture_modifiers(site: Site, p: ParameterSet) -> tuple[np.ndarray, np.ndarray]:
    """Return the modifiers [site] of diffusion, (w/phi)^0.5, and of microbes, dimensionless.

    Examples
    --------
    >>> soil = {"water": np.array([0.1, 0.4])}
    >>> diffusion, microbes = moisture_modifiers(soil, PARAMETER_SETS["fitted"])
    >>> microbes.round(2)
    array([0.38, 0.54])
    """
    filled = site["water"] / p["porosity"]
    bad = filled > 1
    if bad.any():
        raise InputError(
            f"water = {site['water'][bad][0]:g}{site.where(bad)}: allowed 0 to the porosity, "
            f"{p['porosity']:g}"
        )
    diffusion = filled**0.5
    air = p["air_floor"] + (1 - p["air_floor"]) * (1 - filled) ** 0.5
    potential = np.exp(-p["potential_slowing"] * p["matric_potential"])
    return diffusion, potential * air * diffusion


def capacity(site: Site, p: ParameterSet) -> np.ndarray:
    """Return the carbon [site] that minerals can hold, g C m-2.

    Clay and silt are the site's ``clay_silt``, or its ``clay`` and ``silt`` where both are given.

    Examples
    --------
    >>> soil = {"bulk_density": np.array([1000.0]), "clay_silt": np.array([80.0])}
    >>> capacity(soil, PARAMETER_SETS["fitted"])
    array([68800.])
    """
    if "clay_silt" not in site and "clay" in site and "silt" in site:
        fines = 100 * (site["clay"] + site["silt"])
    else:
        fines = site.get("clay_silt")
    return site.get("bulk_density") * fines * p["capacity"]


def efficiency(temperature: np.ndarray, p: Mapping[str, float]) -> np.ndarray:
    """Return the carbon use efficiency c_ref - c_T (T - T_ref) at T in degC.

    Examples
    --------
    >>> float(efficiency(np.float64(25.0), PARAMETER_SETS["fitted"]).round(3))
    0.07
    """
    return p["cue_reference"] - p["cue_slope"] * (temperature - p["cue_temperature"])


MODEL = BoxModel(
    name="Millennial",
    source="Millennial v2, Abramoff et al. 2022, doi:10.1016/j.soilbio.2021.108466",
    pools=POOL_NAMES,
    sets=PARAMETER_SETS,
    ledger=ledger,
    needs=("temperature", "npp", "water"),
    drivers=DRIVERS,
    module=__name__,
)


def steady_state(site: Mapping | xr.Dataset, parameters: Parameters = "fitted") -> xr.Dataset:
    """Return the pools at which gains and losses balance; `soilnb.profile.model.BoxModel` says how.

    The site has ``temperature``, ``npp`` and ``water``, optional ``ph`` (7), ``bulk_density``
    (1000 kg m-3) and ``clay_silt`` (80 %) with the defaults of the authors' tutorial.

    Examples
    --------
    >>> site = {"temperature": 15.0, "npp": 365.0, "water": 0.25, "clay_silt": 80.0}
    >>> (1e3 * steady_state(site)["carbon"]).values.astype(int)  # g C m-2
    array([ 426,    3, 1346,    7, 4011])
    """
    return MODEL.steady_state(site, parameters)


def simulate(
    site: Mapping | xr.Dataset,
    time: np.ndarray,
    parameters: Parameters = "fitted",
    initial: Initial = None,
    drivers: Mapping | xr.Dataset | None = None,
) -> xr.Dataset:
    """Run the model in time; `soilnb.profile.model.BoxModel.simulate` says how.

    Examples
    --------
    >>> site = {"temperature": 15.0, "npp": 365.0, "water": 0.25}
    >>> warm = {"time": [0.0, 10.0], "temperature": [15.0, 19.0]}  # 4 degC more from year 10 on
    >>> simulate(site, [0, 10, 50], drivers=warm)["carbon"].sum("pool").values.round(2)
    array([5.8 , 5.8 , 4.37])
    """
    return MODEL.simulate(site, time, parameters, initial, drivers)
