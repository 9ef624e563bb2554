"""The numbers that questions ask for, computed by the models when they are asked.

A function for each question of ``questions/*.toml`` that names it; its arguments are the numbers
that stand in the question's text. All of them together take a few seconds.
"""

from functools import cache
from math import exp, log, log10

import numpy as np
import pandas as pd
from scipy.stats import norm

from soilnb import claims
from soilnb.claims import matching, pore_runs
from soilnb.cue import diagnosed, energy, stoichiometry, temperature
from soilnb.cue import methods as bench
from soilnb.cue.definitions import efficiency, flux_ledger
from soilnb.explore import five_models
from soilnb.kernels.automaton import move_range
from soilnb.lessons.globe import cue_soc_pathways, layered_models
from soilnb.lessons.pore import exudates as roots
from soilnb.lessons.pore import pore_chemistry, pore_transport
from soilnb.lessons.profile import management as farm
from soilnb.pore.diagnostics import availability as share_of_uptake
from soilnb.pore.parameters import resolve, voxel_mass
from soilnb.profile import clm5, compas, forcing, grid, icbm, management, mimics, rothc
from soilnb.profile.depth import PARAMETER_SETS as SOILS
from soilnb.profile.depth import root_shares
from soilnb.profile.model import air
from soilnb.upscale import emulator

# --- Begin --------------------------------------------------------------------------------------


def pool_at_rest(litter: float, rate: float) -> float:
    """Return what a pool holds at rest, g m-2."""
    return litter / rate


@cache
def _mimics(temperature: float, npp: float = 500.0):
    site = {"temperature": temperature, "clay": 0.30, "npp": npp, "f_met": 0.385}
    return mimics.steady_state(site)


def mimics_loss_by_warming() -> float:
    """Return the share of its carbon that the soil loses from 15 to 25 °C, %."""
    cold, warm = (float(_mimics(degrees)["carbon"].sum()) for degrees in (15.0, 25.0))
    return 100 * (1 - warm / cold)


# --- In the pores -------------------------------------------------------------------------------


@cache
def _pores():
    return resolve("default")


def dry_soil(side: int) -> float:
    """Return the dry soil of a square of `side` voxels, µg."""
    return 1e6 * int((1 - _pores()["porosity"]) * side**2) * voxel_mass(_pores())


def reach(voxels: int) -> float:
    """Return how far a grain moves in a day, µm."""
    return 2.0 * move_range(voxels, _pores()["range_max"], _pores()["range_scale"])


def attractivity(mineral: int, organic: int, glued: int) -> float:
    """Return the score of a place with so many contacts of each kind."""
    weights = [_pores()[f"weight_{name}"] for name in ("reactive", "organic", "glue")]
    return mineral * weights[0] + organic * weights[1] + glued * weights[2]


def bonds() -> dict[str, float]:
    """Return the chance of a day that a bond breaks, by what it holds."""
    return {name: _pores()[f"break_{name}"] for name in ("glue", "organic", "other")}


def cue_on_food(ratio: float) -> float:
    """Return the steady CUE on food of a C/N ratio."""
    return float(pore_chemistry.predicted([ratio]).iloc[0])


def threshold_of_microbes(microbes: float) -> float:
    """Return the C/N ratio of the food at which nitrogen begins to limit such microbes."""
    return microbes / pore_chemistry.limits()[0]


def availability(cue: float) -> float:
    """Return the availability of carbon that a CUE in equilibrium needs."""
    return _pores()["biomass_decay"] / (_pores()["uptake_rate"] * cue)


def share_from_pom(cue: float) -> float:
    """Return the share of carbon from POM where nitrogen limits, %."""
    per_pom, per_nec = (1 / _pores()[name] for name in ("cn_pom", "cn_necromass"))
    return 100 * (per_nec - cue / _pores()["cn_biomass"]) / (per_nec - per_pom)


def fourier(size: float) -> float:
    """Return the Fourier number of an hour for voxels of a size in µm."""
    return pore_transport.fourier(_pores()["diffusion"]) * (2.0 / size) ** 2


def spread_of_a_drop(hours: int) -> float:
    """Return the standard deviation of a drop, µm."""
    return pore_transport.drop(hours)[0] ** 0.5


def cue_in_equilibrium(available: float) -> float:
    """Return the CUE of a steady biomass that meets an availability."""
    return _pores()["biomass_decay"] / (_pores()["uptake_rate"] * available)


def biomass_fed(necromass: float, pom: float) -> float:
    """Return the biomass that nitrogen from decay feeds, µg g-1."""
    bound = pom * _pores()["cn_necromass"] / _pores()["cn_pom"]
    return (necromass + bound) / (86400 * _pores()["biomass_decay"])


def life_of_biomass() -> float:
    """Return how long carbon stays in biomass before it dies, days."""
    return 1 / (86400 * _pores()["biomass_decay"])


def uptake_after_mixing(carbon: float) -> float:
    """Return the uptake of two joined pores over that before, carbon in half saturations."""
    return float(share_of_uptake((1 + carbon) / 2, 1.0) / share_of_uptake(1.0, 1.0))


def runs_needed(scatter: float, error: float) -> float:
    """Return how many runs bring the relative standard error down."""
    return (scatter / error) ** 2


def implausible(**numbers: float) -> float:
    """Return how many standard deviations ``ours`` lies off ``printed``."""
    sought = pd.DataFrame({"expected": [numbers["printed"]], "error": [numbers["print"]]}, ["x"])
    found = matching.implausibility({"x": numbers["ours"]}, sought, {"x": numbers["seed"]})
    return float(found["x"])


def threshold_of_food(available: float) -> float:
    """Return the C/N ratio from which on microbes waste carbon."""
    p = _pores()
    upkeep = p["maintenance"] / (p["uptake_rate"] * available)
    return p["cn_biomass"] / (1 - p["growth_respiration"] - upkeep)


def overflow(ratio: float, available: float) -> float:
    """Return the share of the uptake that is burned for lack of nitrogen, %."""
    biomass = _pores()["cn_biomass"]
    return 100 * (biomass / threshold_of_food(available) - biomass / ratio)


def exudates() -> dict[str, float]:
    """Return the CUE that each quality of exudates allows."""
    return {f"cn{ratio}": float(value) for ratio, value in roots.expected(_pores()).items()}


# --- Carbon use efficiency ----------------------------------------------------------------------


def ecosystem_cue(uptake: float, respiration: float, exudates: float, deaths: float) -> float:
    """Return the CUE of an ecosystem from its ledger."""
    book = flux_ledger(uptake=uptake, respiration=respiration, exudation=exudates, turnover=deaths)
    return float(efficiency(book, "ecosystem"))


def cue_by_water(uptake: float, respiration: float, exudates: float) -> float:
    """Return what ¹⁸O reports: growth over growth and respiration."""
    growth = uptake - respiration - exudates
    return growth / (growth + respiration)


def methods() -> dict[str, float]:
    """Return the CUE that each method reports of one soil on the bench."""
    return bench.measure().to_series().to_dict()


def reduction(formula: str) -> float:
    """Return the degree of reduction of a molecule."""
    return energy.degree_of_reduction(formula)


def foods() -> dict[str, float]:
    """Return the degree of reduction of some foods, by formula."""
    return {name: reduction(name) for name in ("C16H32O2", "C6H12O6", "C6H8O7", "C2H2O4")}


def threshold_ratio(biomass: float) -> float:
    """Return the C:N of food at which nitrogen begins to limit, mol per mol."""
    return float(stoichiometry.threshold_ratio({"biomass_c_to_n": biomass}))


def cue_on_poor_food(food: float) -> float:
    """Return the largest CUE that the nitrogen of the food allows."""
    return float(stoichiometry.nutrient_limited(food))


def no_growth_above() -> float:
    """Return the temperature at which the line of Millennial V2 reaches zero, °C."""
    return temperature.limits("millennial_v2")[1]


def response_ratio(before: float, after: float) -> float:
    """Return the log response ratio."""
    return log(after / before)


def definitions() -> dict[str, float]:
    """Return the diagnosed CUE of the reference soil of MIMICS by what counts as D."""
    kinds = ("uptake", "uptake+oxidation", "all")
    return {kind: float(diagnosed(_mimics(15.0), kind)) for kind in kinds}


def cue_of_all() -> float:
    """Return the diagnosed CUE where D holds the turnover of microbes, too."""
    return definitions()["all"]


def twice_the_litter() -> float:
    """Return how many times as much carbon MIMICS holds with twice the litter."""
    totals = [float(_mimics(15.0, npp)["carbon"].sum()) for npp in (500.0, 1000.0)]
    return totals[1] / totals[0]


def old_carbon(litter: float) -> float:
    """Return the old carbon of ICBM at rest, kg m-2."""
    return float(icbm.steady_state({"npp": litter})["carbon"].sel(pool="old"))


def rothc_cue(clay: float) -> float:
    """Return the diagnosed CUE of RothC by its clay, %."""
    return float(diagnosed(rothc.steady_state(five_models.soil(clay=clay / 100))))


def gain_by_litter() -> dict[str, float]:
    """Return the gain of each model at rest by twice the litter, %."""
    gains = five_models.answers(0.0, 2.0, years=1, ramp=1)["final"]
    return gains.sel(experiment="2 times the litter").to_series().to_dict()


# --- Profiles and the globe ---------------------------------------------------------------------


def two_pools(litter: float, passed: float, rate: float) -> float:
    """Return the soil pool behind a litter pool at rest, g."""
    shares = np.array([[-1.0, 0.0], [passed, -1.0]])
    return float(np.linalg.solve(shares @ np.diag([1.0, rate]), [-litter, 0.0])[1])


def length_of_state() -> float:
    """Return how many numbers the state of COMPAS has."""
    return float(len(compas.POOLS) * grid.THICKNESS.size)


def respired_of_soc1() -> float:
    """Return the share of what decays in CLM5's first soil pool that is respired."""
    shares = clm5.matrices("tao2024", forcing.example("temperate")).A
    return -float(shares.sel(from_pool="soc1").sum())


def years_in_clm5() -> dict[str, float]:
    """Return stock over input of CLM5 in four climates, years."""
    table = layered_models.four_soils().xs("CLM5", level="model")
    return (1000 * table["stock to 2 m"] / table["litter input"]).to_dict()


def microbes_fed(times: float) -> float:
    """Return how many times as many microbes COMPAS has with more litter."""
    place = forcing.example("temperate")
    fed = place.assign(litter_input=times * place["litter_input"])
    states = [compas.steady_state("tao2024", one) for one in (fed, place)]
    return float(cue_soc_pathways.ratio(*states)[compas.POOL_NAMES["mic"]])


def through_microbes(litter: float, cue: float) -> float:
    """Return the uptake at rest where litter comes in, g."""
    return litter / (1 - cue)


def misfit(measured: list[float], modelled: list[float]) -> float:
    """Return the misfit J of the papers."""
    y, model = np.array(measured), np.array(modelled)
    return 5 * float(((model - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def accepted(before: float, after: float) -> float:
    """Return the probability that a step of Metropolis is taken."""
    return min(1.0, exp(before - after))


def slope_of_factor(factor: float, step: float) -> float:
    """Return the slope of log10 of carbon where it rises by a factor in a step of CUE."""
    return log10(factor) / step


def lower_end(slope: float, error: float) -> float:
    """Return the lower end of the interval of 95 %."""
    return slope - float(norm.ppf(0.975)) * error


def factor_of_slope(slope: float, step: float) -> float:
    """Return the factor of carbon over a step of CUE."""
    return 10 ** (slope * step)


def error_with_fewer(error: float, many: int, few: int) -> float:
    """Return the standard error that fewer profiles would give."""
    return error * (many / few) ** 0.5


def life_of_enzymes(place: float) -> float:
    """Return the turnover time of tied enzymes, days."""
    return 365 * 10 ** (3 * place - 3)


def homogenised(first: float, second: float, leverage: float) -> float:
    """Return the carbon that the first cell loses when both take the mean, kg m-2."""
    return leverage * (first - (first + second) / 2)


def cue_needed() -> float:
    """Return the change of CUE for 10 % more carbon with tied enzymes, %."""
    table = claims.kept_table("tao2023", "tao2023-needed").set_index("component")
    return float(table.loc["cue", "tied enzymes (published)"])


def rate_of_same_stock(litter: float, passed: float, modifier: float, stock: float) -> float:
    """Return the rate of decay with which a soil holds a stock, yr-1."""
    return litter / ((1 - passed) * modifier * stock)


def pool_when_warmer(litter: float, rate: float, warming: float, q10: float) -> float:
    """Return what a pool holds at rest when decay has become faster by warming, kg m-2."""
    return pool_at_rest(litter, rate * q10 ** (warming / 10))


def delta_of_an_old_pool(turnover: float) -> float:
    """Return Delta14C of a pool at rest under an air of 0, permil."""
    rate = np.array([1 / turnover])
    return 1000 * float(air.constant().of(-np.diag(rate), rate)[0] - 1)


def learnt_agreement() -> float:
    """Return how much the correlation of the two maps of carbon has risen by learning."""
    row = claims.kept_table("tao2024", "tao2024-agreement").set_index("r of").loc["stock to 1 m"]
    return float(row["learnt"] - row["default"])


# --- The whole profile, and beyond --------------------------------------------------------------


def turnover(stock: float, litter: float) -> float:
    """Return the turnover time, years."""
    return stock / litter


def roots_below(depth: float, half: float, most: float) -> float:
    """Return the share of the roots below a depth, %."""
    edges = [0.0, depth / 100, 1e4]
    return 100 * float(root_shares(edges, d50=half, d95=most)[1])


def mixing_length(years: float) -> float:
    """Return how far mixing moves carbon before it decays, cm."""
    return (SOILS["cropland"]["diffusion"] * years) ** 0.5


def becomes_soil(roots: float, straw: float) -> float:
    """Return how much of a year's carbon becomes soil, g m-2."""
    p = SOILS["cropland"]
    return p["root_kept"] * roots + p["residue_kept"] * straw


@cache
def _after(practice: str, years: float) -> float:
    effect = management.scenario(practice, [0.0, years], farm.field())["effect"]
    return 10 * float(effect[-1])


def biochar_left() -> float:
    """Return what is left of biochar after 30 years, Mg ha-1."""
    return _after("biochar", 30.0)


def after_thirty_years() -> dict[str, float]:
    """Return the effect of three practices after 30 years, Mg ha-1."""
    return {name: _after(name, 30.0) for name in ("biochar", "inversion", "deep_roots")}


def cue_of_mixture(necromass: float, ratio: float) -> float:
    """Return the CUE on a mixture of necromass and food of a C/N ratio."""
    return necromass + (1 - necromass) * _pores()["cn_biomass"] / ratio


def threshold_of_mixture(necromass: float) -> float:
    """Return the C/N ratio of litter from which on nitrogen limits, by the fitted formula."""
    cue = emulator.fit_cue(pore_runs.load())
    return _pores()["cn_biomass"] * (1 - necromass) / (cue.ceiling / cue.kept - necromass)


def carbon_density(percent: float, density: float, stones: float) -> float:
    """Return the carbon of a layer, kg m-3."""
    return percent / 100 * 1000 * density * (1 - stones / 100)


def carbon_stock(percent: float, density: float, stones: float, thickness: float) -> float:
    """Return the carbon of a layer, kg m-2."""
    return carbon_density(percent, density, stones) * thickness / 100
