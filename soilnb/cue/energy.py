r"""Energy as a control of carbon use efficiency: the degree of reduction of what is eaten.

A molecule C_a H_b O_c N_d gives, when burnt to CO2, H2O and NH3, per carbon atom

.. math:: \gamma = \frac{4a + b - 2c - 3d}{a}

electrons: four for each carbon, one for each hydrogen, less two for each oxygen; nitrogen keeps
three, since it ends as ammonia. Methane has 8, glucose 4, oxalic acid 1, CO2 none. Mean microbial
biomass, CH1.8 O0.5 N0.2 (Roels 1980), has 4.2. Food that is poorer in electrons than biomass must
in part be burnt to make up for it.

Two limits bound what can be kept (in form after Roels 1980, Biotechnology and Bioengineering 22,
2457-2514): on food of a low degree of reduction energy limits growth, on food of a high one carbon
does:

.. math:: \mathrm{CUE}_{max} = \min\left(\eta\,\frac{\gamma_S}{\gamma_B},\; c\right) .

The second law asks for an efficiency below 1; the numbers of `PARAMETER_SETS` are an
illustration, chosen so that both limits meet at 0.6 where food equals biomass.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import re

import numpy as np

from soilnb.cue.values import Values, as_cue, check
from soilnb.parameters import InputError, Parameter, Parameters, ParameterSet, choose, shown

#: Mean microbial biomass, per carbon atom (Roels 1980).
BIOMASS = "CH1.8O0.5N0.2"

#: Degree of reduction of anything organic: from CO2 to methane.
GAMMA = (0.0, 8.0)

#: Electrons that an atom brings when the molecule is burnt to CO2, H2O and NH3.
ELECTRONS = {"C": 4, "H": 1, "O": -2, "N": -3}

#: Food of soil microbes, from the poorest in electrons to the richest.
SUBSTRATES = {
    "oxalic acid": "C2H2O4",
    "citric acid": "C6H8O7",
    "malic acid": "C4H6O5",
    "glucose": "C6H12O6",
    "acetic acid": "C2H4O2",
    "coniferyl alcohol (lignin)": "C10H12O3",
    "leucine": "C6H13NO2",
    "palmitic acid (lipid)": "C16H32O2",
    "methane": "CH4",
}

_ILLUSTRATION = (
    "illustration: limits in form after Roels 1980; 0.6 after Sinsabaugh et al. 2013, who find "
    "thermodynamic support for a maximum of about 0.60"
)

PARAMETER_SETS = {
    "illustration": ParameterSet(
        "illustration",
        {
            "efficiency": Parameter(
                0.6, "1", (0.05, 1.0), r"\eta", "share of the food's electrons kept in biomass",
                _ILLUSTRATION,
            ),
            "cap": Parameter(
                0.6, "1", (0.05, 1.0), "c", "highest CUE where carbon limits", _ILLUSTRATION
            ),
            "biomass_gamma": Parameter(
                4.2, "1", (3.0, 6.0), r"\gamma_B", "degree of reduction of microbial biomass",
                "He et al. 2024, Substrate quality; CH1.8O0.5N0.2 gives it",
            ),
        },
        "two straight limits that meet at the degree of reduction of biomass",
    )
}  # fmt: skip

_ATOM = re.compile(r"([CHON])(\d+(?:\.\d+)?|)")


def parse_formula(formula: str) -> dict[str, float]:
    """Read a formula of carbon, hydrogen, oxygen and nitrogen.

    Parameters
    ----------
    formula : str
        Such as ``"C6H12O6"``, ``"CH3COOH"`` or ``"CH1.8O0.5N0.2"``: element symbols, each followed
        by its count (1 when left out). No brackets, no charges.

    Returns
    -------
    dict
        Atoms of C, H, O and N.

    Examples
    --------
    >>> parse_formula("C6H12O6")
    {'C': 6.0, 'H': 12.0, 'O': 6.0, 'N': 0.0}
    """
    text = formula.strip() if isinstance(formula, str) else ""
    if not text or not re.fullmatch(f"(?:{_ATOM.pattern})+", text):
        raise InputError(
            f"formula = {shown(formula)}: allowed element symbols C, H, O, N with counts, as in "
            "C6H12O6"
        )
    atoms = dict.fromkeys("CHON", 0.0)
    for element, count in _ATOM.findall(text):
        atoms[element] += float(count or 1)
    if atoms["C"] <= 0:
        raise InputError(f"formula = {shown(formula)}: allowed formulas with carbon")
    return atoms


def degree_of_reduction(formula: str) -> float:
    """Return the degree of reduction of a molecule: electrons per carbon atom.

    Parameters
    ----------
    formula : str
        As in `parse_formula`.

    Returns
    -------
    float
        mol electrons per mol C, 0 to 8.

    Examples
    --------
    >>> degree_of_reduction("C6H12O6"), degree_of_reduction("C2H2O4"), degree_of_reduction("CH4")
    (4.0, 1.0, 8.0)
    """
    atoms = parse_formula(formula)
    gamma = sum(ELECTRONS[element] * count for element, count in atoms.items()) / atoms["C"]
    low, high = GAMMA
    if not low - 1e-9 <= gamma <= high + 1e-9:
        raise InputError(
            f"formula = {shown(formula)} has the degree of reduction {gamma:g}: allowed {low:g} to "
            f"{high:g}, from CO2 to CH4"
        )
    return round(float(np.clip(gamma, low, high)), 12)


def cue_max(food: Values | str, parameters: Parameters = "illustration") -> Values:
    """Return the highest CUE that the energy of the food allows.

    Parameters
    ----------
    food : float, array, DataArray or str
        Degree of reduction (0 to 8), or a formula.
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``illustration``.

    Returns
    -------
    float, array or DataArray
        Dimensionless.

    Examples
    --------
    >>> round(cue_max("C2H2O4"), 2), cue_max("CH4")  # oxalic acid, methane
    (0.14, 0.6)
    """
    p = choose(parameters, PARAMETER_SETS, "illustration")
    gamma = degree_of_reduction(food) if isinstance(food, str) else food
    gamma = check("degree of reduction", gamma, *GAMMA)
    cue = np.minimum(p["efficiency"] * gamma / p["biomass_gamma"], p["cap"])
    return as_cue(
        float(cue) if np.ndim(cue) == 0 and isinstance(cue, np.generic) else cue,
        "highest carbon use efficiency for the energy of the food",
        _ILLUSTRATION,
    )
