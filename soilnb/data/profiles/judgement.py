"""Which unit a column is in, where nobody says: judged over the table as a whole.

Each reading of organic carbon and bulk density is weighed by three arguments that hold in nature:

- what cannot be: more than 60 % carbon, or soil heavier than its organic matter allows
  (`heaviest`);
- how much carbon soils hold near the surface and below, with peat apart (`USUAL_CARBON`, `PEAT`);
- the bulk density that goes with a content of carbon (`soilnb.data.profiles.density`).

The documented unit is the likeliest before looking (`PRIOR`). One reading that is `SURE` times as
likely as every other is taken, and said if it is not the documented one; without bulk densities,
which tell, the documented unit is also taken where it is `LIKELY` times as likely. Else there are
two readings, and the table is refused with both. What no bulk density confirms, or is less than
`CONFIRMED` times as likely, is said, too.
"""

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd

from soilnb.data.profiles import density
from soilnb.data.profiles.columns import COLUMNS
from soilnb.data.profiles.units import Unit, family

#: How likely each unit is before looking at the numbers: assumptions.
PRIOR = {
    "organic_carbon": {"%": 0.75, "g kg-1": 0.20, "1": 0.02, "dg kg-1": 0.02, "mg kg-1": 0.01},
    "bulk_density": {"g cm-3": 0.89, "kg m-3": 0.05, "cg cm-3": 0.05, "lb ft-3": 0.01},
}
PRIOR_OF_DENSITY = {"g m-3": 0.80, "kg m-3": 0.12, "hg m-3": 0.05, "g cm-3": 0.03}

#: Times as likely as every other reading that any unit must be to be taken, and the documented one.
SURE, LIKELY = 20.0, 3.0

#: Times as likely that makes a word superfluous, beside bulk densities: of 447 made-up tables in %
#: 444 reach it, and of as many in g kg-1 (poor soils and deserts among them) none is so likely in
#: %. Without densities 69 of these would be taken for %, so that the unit is then always said.
CONFIRMED = 100.0

#: Median (%) and spread (of the natural logarithm) of carbon between two depths (m): those of the
#: medians of ISRaD's studies, the spread a quarter larger, since these are hardly all soils; and a
#: share of peat (an assumption) with its mean and spread, %.
USUAL_CARBON = ((0.0, 0.3, 2.7, 1.4), (0.5, 2.0, 0.7, 1.6))
PEAT = (0.1, 48.0, 8.0)

#: Soils with more carbon, %, are peat; and bulk densities of peat, g cm-3.
BOG, DENSITY_OF_PEAT = 25.0, (0.05, 0.35)

#: Spread of the logarithm of measured bulk density about the pedotransfer function, in ISRaD.
SPREAD_OF_DENSITY = 0.2

#: Layers of one table that count as independent of each other: an assumption.
INDEPENDENT = 6.0

#: Densities of mineral soil and of organic matter, g cm-3, between which `heaviest` mixes:
#: 1.6 % of the layers of ISRaD are heavier, and 65 % of them with ten times their carbon.
MINERAL, ORGANIC = 2.1, 0.35

#: A year of less rain, mm, is one of a desert.
DESERT = 150.0

#: Times as heavy or as light as expected, in the median, that the soils of a table may be.
FAR = (0.3, 2.5)

#: Share of layers that may be impossible in the right unit: slips of the key.
SLIPS = 0.06


class Judged(NamedTuple):
    """What the unit of a column is held to be.

    `odds` says how many times as likely it is as the `other` reading, `why` in words what speaks
    against the documented unit.
    """

    unit: str
    other: str
    odds: float
    why: str


def heaviest(carbon: np.ndarray) -> np.ndarray:
    """Return the bulk density (g cm-3) that soil with so much carbon (%) hardly exceeds."""
    organic = np.minimum(density.ORGANIC_MATTER * np.asarray(carbon) / 100, 1.0)
    return 1 / (organic / ORGANIC + (1 - organic) / MINERAL)


def carbon_and_density(
    layers: pd.DataFrame, given: dict[str, str], prior: dict[str, dict[str, float]] = PRIOR
) -> dict[str, Judged]:
    """Judge the units of organic carbon and bulk density together.

    Parameters
    ----------
    layers : DataFrame
        ``organic_carbon`` and ``bulk_density`` as given, whichever are there, and ``depth``, the
        middle of the layer in m.
    given : dict
        Units that are declared.
    prior : dict
        How likely each unit is before looking.
    """
    there = [name for name in PRIOR if name in layers and layers[name].notna().any()]
    choices = [[given[name]] if name in given else list(prior[name]) for name in there]
    weights = {}
    for units in itertools.product(*choices):
        reading = dict(zip(there, units, strict=True))
        before = [prior[name][unit] for name, unit in reading.items() if name not in given]
        weights[units] = np.log(before).sum() + _evidence(layers, reading)
    best = dict(zip(there, max(weights, key=weights.get), strict=True)) if there else {}
    judged = {}
    for i, name in enumerate(there):
        if name in given:
            continue
        by_unit: dict[str, float] = {}
        for units, weight in weights.items():
            by_unit[units[i]] = np.logaddexp(by_unit.get(units[i], -np.inf), weight)
        unit, other = sorted(by_unit, key=by_unit.get, reverse=True)[:2]
        odds = float(np.exp(min(by_unit[unit] - by_unit[other], 50.0)))
        judged[name] = Judged(unit, other, odds, _against(layers, name, best | {name: unit}))
    return judged


def impossible(layers: pd.DataFrame, reading: dict[str, str]) -> np.ndarray:
    """Return which layers cannot be as a reading of the units has them."""
    carbon, earth = (_converted(layers, name, reading) for name in PRIOR)
    return _impossible(carbon, earth)


def _evidence(layers: pd.DataFrame, reading: dict[str, str]) -> float:
    """Logarithm of how well a reading of the units goes with nature."""
    carbon, earth = (_converted(layers, name, reading) for name in PRIOR)
    total = 0.0
    wrong = _impossible(carbon, earth)[np.isfinite(carbon) | np.isfinite(earth)]
    if wrong.sum() > max(1.0, SLIPS * wrong.size):
        total -= 3.0 + 10.0 * wrong.mean()
    # soil heavier than it can be may be badly measured; carbon beyond all soil is a slip of the key
    with np.errstate(invalid="ignore"):
        beyond = (carbon > COLUMNS["organic_carbon"].bounds[1]).sum()
    total -= 6.0 if beyond > max(1.0, 0.005 * wrong.size) else 0.0
    middle = layers["depth"].to_numpy()
    for upper, lower, median, spread in USUAL_CARBON:
        here = carbon[(middle >= upper) & (middle < lower) & (carbon > 0)]
        total += _usual(float(np.median(here)), median, spread) if here.size else 0.0
    known = np.isfinite(earth)
    if known.any():
        expected = np.where(np.isfinite(carbon), density.bulk_density(carbon), 1.3)[known]
        bog = carbon[known] > BOG  # the function knows no peat
        expected[bog] = np.clip(earth[known][bog], *DENSITY_OF_PEAT)
        off = np.log(np.maximum(earth[known], 1e-9) / expected) / SPREAD_OF_DENSITY
        total -= 0.5 * min(known.sum(), INDEPENDENT) * np.minimum(off**2, 25.0).mean()
    return total


def _converted(layers: pd.DataFrame, name: str, reading: dict[str, str]) -> np.ndarray:
    if name not in reading:
        return np.full(len(layers), np.nan)
    return unit_of(name, reading[name]).convert(layers[name].to_numpy(dtype=float))


def unit_of(name: str, unit: str) -> Unit:
    """Return a unit of a column by its name."""
    return next(u for u in family(COLUMNS[name].unit).values() if u.name == unit)


def _impossible(carbon: np.ndarray, earth: np.ndarray) -> np.ndarray:
    """Layers that cannot be: too much carbon, no density of soil, or too heavy for their carbon."""
    low, high = COLUMNS["bulk_density"].bounds
    with np.errstate(invalid="ignore"):
        heavy = earth > heaviest(np.nan_to_num(carbon))
        return (carbon > COLUMNS["organic_carbon"].bounds[1]) | (earth < low) | (earth > high) | (
            heavy & (carbon > 0)
        )  # fmt: skip


def _usual(carbon: float, median: float, spread: float) -> float:
    """Logarithm of how usual a median content of carbon (%) is."""
    share, middle, width = PEAT
    soil = np.exp(-0.5 * (np.log(carbon / median) / spread) ** 2) / spread
    peat = np.exp(-0.5 * ((carbon - middle) / width) ** 2) * middle / width
    return float(np.log((1 - share) * soil + share * peat + 1e-12))


def _against(layers: pd.DataFrame, name: str, best: dict[str, str]) -> str:
    """Say in words what speaks against the documented unit of a column."""
    documented = COLUMNS[name].unit
    if best[name] == documented:
        return ""
    reading = best | {name: documented}
    carbon, earth = (_converted(layers, column, reading) for column in PRIOR)
    wrong = _impossible(carbon, earth) & ~impossible(layers, best)
    values, unit = (carbon, "% carbon") if name == "organic_carbon" else (earth, "g cm-3")
    if not wrong.any():
        return f"a median of {np.nanmedian(values):.2g} {unit} would be unusual"
    row = int(np.nanargmax(np.where(wrong, values, -np.inf)))
    if name == "organic_carbon" and carbon[row] <= 60 and np.isfinite(earth[row]):
        return f"soil of {earth[row]:.3g} g cm-3 cannot hold {carbon[row]:.3g} % carbon"
    return f"no soil has {values[row]:.4g} {unit}"


def share(values: np.ndarray, name: str) -> tuple[str, str, str]:
    """Judge a column of shares (stones, sand, clay): its unit, the argument, and a second reading.

    The second reading is ``""`` where there is only one.
    """
    known = values[np.isfinite(values) & (values > 0)]
    if not known.size:
        return "%", "", ""
    if known.max() <= 1:
        if name == "coarse_fragments" and np.isin(known, (0.5, 1.0)).all():
            only = "" if (known == 1).all() else "1"  # stones alone hold no carbon
            return "%", "values of half a percent, or of half the soil", only
        return "1", f"at most {known.max():g} in all {known.size} layers that have any", ""
    if name != "coarse_fragments" and np.median(known) > 100 and known.max() <= 1000:
        return "g kg-1", f"a median of {np.median(known):g}", ""
    return "%", "", ""


def depth(layers: pd.DataFrame, number: np.ndarray) -> tuple[str, str, str]:
    """Judge the unit of depths by how deep profiles reach and how thick their first layers are.

    Soil pits reach about one metre (within a factor of two for two thirds of them), their first
    layers are about a tenth of it thick; both as assumptions.
    """
    top, bottom = layers["top"].to_numpy(), layers["bottom"].to_numpy()
    whole = np.isfinite(top) & np.isfinite(bottom) & (top != bottom)
    if not whole.any():
        return "cm", "", ""
    thickness = np.abs(bottom - top)[whole]
    reach = pd.Series(np.fmax(np.abs(top), np.abs(bottom))[whole]).groupby(number[whole]).max()
    first = pd.Series(thickness).groupby(number[whole]).first()
    weights = {}
    for unit, prior in (("cm", 0.9), ("m", 0.06), ("mm", 0.04)):
        metres = unit_of("top", unit).factor / 100
        deep = np.log(np.median(reach) * metres) / 0.7
        thick = (np.log(np.median(first) * metres) - np.log(0.1)) / 0.9
        weights[unit] = np.log(prior) - 0.5 * (deep**2 + thick**2)
    best, second = sorted(weights, key=weights.get, reverse=True)[:2]
    scale = unit_of("top", second if best == "cm" else "cm").factor / 100
    why = f"in {second if best == 'cm' else 'cm'} half of the profiles would reach "
    why += f"{np.median(reach) * scale:.3g} m"
    odds = np.exp(min(weights[best] - weights[second], 50.0))
    sure = odds >= (LIKELY if best == "cm" else SURE)
    return best, why, "" if sure else second


def carbon_density(values: np.ndarray, depth: np.ndarray) -> tuple[str, str, str]:
    """Judge carbon per volume by how much soils hold: its unit, the argument, a second reading."""
    known = values > 0
    if not known.any():
        return COLUMNS["carbon_density"].unit, "", ""
    weights = {}
    for unit, prior in PRIOR_OF_DENSITY.items():
        density_of = unit_of("carbon_density", unit).convert(values[known])
        weights[unit] = np.log(prior)
        weights[unit] -= 10.0 * (density_of > COLUMNS["carbon_density"].bounds[1]).mean()
        for upper, lower, median, spread in USUAL_CARBON:
            here = density_of[(depth[known] >= upper) & (depth[known] < lower)]
            if here.size:  # percent at 1.2 g cm-3
                usual = 1.2 * density.PER_PERCENT * median
                weights[unit] -= 0.5 * (np.log(np.median(here) / usual) / spread) ** 2
    best, second = sorted(weights, key=weights.get, reverse=True)[:2]
    odds = np.exp(min(weights[best] - weights[second], 50.0))
    why = f"a median of {np.median(values[known]):.3g}"
    if best == next(iter(PRIOR_OF_DENSITY)):
        return COLUMNS["carbon_density"].unit, why, "" if odds >= LIKELY else second
    return best, why, "" if odds >= SURE else second


def climate(values: np.ndarray, name: str) -> tuple[str, str, tuple[str, ...]]:
    """Judge a column of the place: its unit, the argument, and further readings."""
    known = values[np.isfinite(values)]
    if not known.size:
        return COLUMNS[name].unit, "", ()
    middle = float(np.median(known))
    if name == "npp" and not COLUMNS[name].usual[0] <= middle <= 3000:
        others = (("Mg ha-1 yr-1", "kg m-2 yr-1"), ("kg ha-1 yr-1",))[middle > 10]
        return COLUMNS[name].unit, f"a median of {middle:g}", others
    if name == "temperature" and middle > 150 and known.min() > 150:
        return "K", f"a median of {middle:g}", ()
    if name == "temperature" and middle > 60:
        return "degC", f"a median of {middle:g} degC", ("0.1 degC", "degF")
    if name == "precipitation" and 0 < known.max() < 15:
        return "mm yr-1", f"at most {known.max():g} mm a year", ("m yr-1", "mm d-1")
    if name == "precipitation" and 0 < known.max() < DESERT:
        return "mm yr-1", f"at most {known.max():g} mm a year", ("cm yr-1", "mm month-1")
    return COLUMNS[name].unit, "", ()
