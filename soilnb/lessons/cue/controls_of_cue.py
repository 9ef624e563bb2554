"""Temperature, nutrients and energy: the study of notebook *Controls of CUE*."""

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims
from soilnb.cue import energy, measured, stoichiometry, temperature

#: C:N of some foods, mol per mol: round numbers for orientation.
FOODS = {"faeces": 8, "clover": 15, "leaf litter": 45, "straw": 80, "wood": 300}

#: Straight lines as a legend calls them.
LINES = {
    "allison2010": "Allison et al. 2010",
    "qiao2019": "Qiao et al. 2019",
    "dement": "DEMENT",
    "millennial_v2": "Millennial V2",
    "millennial_v1": "Millennial V1",
}


def straight() -> pd.DataFrame:
    """Return the published straight lines, and where each leaves 0 to 1 (°C).

    Examples
    --------
    >>> [*straight().columns][-2:]
    ['lowest °C', 'highest °C']
    """
    table = pd.DataFrame({name: dict(p) for name, p in temperature.LINEAR.items()}).T
    ends = [np.round(temperature.limits(name), 1) for name in table.index]
    table = table.assign(**{"lowest °C": [e[0] for e in ends], "highest °C": [e[1] for e in ends]})
    heads = {"reference_cue": "reference CUE", "slope": "slope (per °C)"}
    heads |= {"reference_temperature": "reference temperature (°C)"}
    return table.rename(index=LINES, columns=heads)


def logits(data: xr.Dataset) -> pd.DataFrame:
    """Return lines in the logit: the published one, and ours by method."""
    lines = {"Virtual Ecosystem": temperature.LOGIT["virtual_ecosystem"]} | _fits(data)
    return pd.DataFrame({name: dict(line) for name, line in lines.items()}).T


def _fits(data: xr.Dataset) -> dict:
    return {name: measured.temperature_response(data, name)[0] for name in ("18O", "substrate")}


def curves(data: xr.Dataset) -> tuple[dict, dict]:
    """Return CUE over temperature, by name: straight lines, and lines in the logit."""
    lines = {}
    for name in temperature.LINEAR:
        warmth = np.linspace(*temperature.limits(name), 80)
        lines[LINES[name]] = (warmth, temperature.linear(warmth, name))
    ends = float(data["temperature"].min()), float(data["temperature"].max())
    seen, everywhere = np.linspace(*ends, 80), np.linspace(*temperature.RANGE, 161)
    bent = {"Virtual Ecosystem (logit)": (everywhere, temperature.logit(everywhere))}
    bent |= {name: (seen, temperature.logit(seen, line)) for name, line in _fits(data).items()}
    return lines, bent


def foods() -> pd.DataFrame:
    """Return the CUE that nitrogen allows on some foods, without and with some from solution.

    Examples
    --------
    >>> [*foods().index][:2]
    ['faeces', 'clover']
    """
    ratio = pd.Series(FOODS, name="C:N")
    alone = stoichiometry.nutrient_limited(ratio.values)
    helped = stoichiometry.nutrient_limited(ratio.values, 0.03)
    columns = {"without immobilisation": alone, "0.03 mol N per mol C": helped}
    return ratio.to_frame().assign(**columns)


def two_formulas() -> pd.DataFrame:
    """Return CUE along the C:N of the food, by the balance of nitrogen and by the enzyme model.

    Examples
    --------
    >>> bool((two_formulas().diff().iloc[1:] <= 0).all(axis=None))
    True
    """
    food = np.linspace(5.0, 120.0, 24)
    columns = {
        "balance": stoichiometry.nutrient_limited(food),
        "enzymes": stoichiometry.enzymes(food),
    }
    return pd.DataFrame(columns, pd.Index(food.round(), name="C:N of the food"))


def electrons() -> pd.DataFrame:
    """Return the degree of reduction of foods, and the CUE that it allows.

    Examples
    --------
    >>> float(electrons().loc["glucose", "γ"])
    4.0
    """
    table = pd.DataFrame({"formula": energy.SUBSTRATES})
    table["γ"] = [energy.degree_of_reduction(text) for text in table["formula"]]
    table["CUE allowed"] = [energy.cue_max(gamma) for gamma in table["γ"]]
    biomass = energy.degree_of_reduction(energy.BIOMASS)
    table.loc["microbial biomass"] = [energy.BIOMASS, biomass, np.nan]
    return table.sort_values("γ")


def record() -> None:
    """Note the degrees of reduction, and that both formulas fall with C:N.

    Examples
    --------
    >>> record()
    """
    formulas = {"oxalate": "C2H2O4", "glucose": "C6H12O6", "methane": "CH4"}
    formulas |= {"biomass": energy.BIOMASS}
    claims.record_all(
        {f"he-gamma-{name}": energy.degree_of_reduction(text) for name, text in formulas.items()}
    )
    both = two_formulas()
    falls = np.polyfit(both.index, both["balance"], 1)[0] < 0
    claims.record("he-cn", bool(falls and (both["enzymes"].diff().iloc[1:] < 0).all()))
