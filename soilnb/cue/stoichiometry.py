r"""Nutrients as a control of carbon use efficiency.

**Threshold element ratio** (Manzoni et al. 2012, 2017). Biomass with the ratio C:N_B grows at the
rate CUE U and needs CUE U / C:N_B of nitrogen; its food brings U / C:N_S, and it may immobilise
I_N from the soil solution. Where that is not enough, the carbon that cannot be built in is
respired:

.. math::
    \mathrm{CUE} = \min\left(\mathrm{CUE}_{max},\;
    \mathrm{C{:}N}_B \left(\frac{1}{\mathrm{C{:}N}_S} + \frac{I_N}{U}\right)\right), \qquad
    \mathrm{C{:}N}_{crit} = \frac{\mathrm{C{:}N}_B}{\mathrm{CUE}_{max}} .

It follows from the mass balance of nitrogen alone, with biomass of a fixed composition that takes
up all nitrogen of its food.

**Enzyme model** (Sinsabaugh et al. 2013, 2016). Communities make the enzymes that open what they
lack. From the ratio of carbon- to nutrient-acquiring enzyme activities EEA, of biomass B and of
food L,

.. math::
    \mathrm{CUE}_{C:X} = \mathrm{CUE}_{max}\,\frac{S_{C:X}}{S_{C:X} + K}, \qquad
    S_{C:X} = \frac{1}{EEA_{C:X}}\,\frac{B_{C:X}}{L_{C:X}}, \qquad
    \mathrm{CUE} = \sqrt{\mathrm{CUE}_{C:N}\,\mathrm{CUE}_{C:P}} .

It measures no growth: whatever raises C:N of the food, at the same enzymes, lowers CUE by
construction.
"""

import numpy as np
import xarray as xr

from soilnb.cue.values import Values, as_cue, check
from soilnb.parameters import Parameter, Parameters, ParameterSet, check_range, choose

#: Allowed element ratios of food and biomass, mol C per mol N or P.
RATIOS = (1.0, 5000.0)

#: Allowed ratios of enzyme activities.
ACTIVITIES = (0.01, 100.0)

_SINSABAUGH = "Sinsabaugh et al. 2013, Ecology Letters 16, 930-939 (abstract: about 0.60)"
_EQUILIBRIUM = (
    "Sinsabaugh et al. 2016, Ecological Monographs 86, 172-189; the equation with these numbers "
    "as used for the table of He, P. et al. 2023, Global Change Biology, doi:10.1111/gcb.16861"
)
_BIOMASS = (
    "Cleveland & Liptzin 2007, Biogeochemistry 85, 235-252 (abstract: soil microbial biomass "
    "60:7:1, atomic)"
)

#: Parameters of both models.
PARAMETER_SETS = {
    "soil": ParameterSet(
        "soil",
        {
            "cue_max": Parameter(
                0.6, "1", (0.05, 1.0), r"\mathrm{CUE}_{max}",
                "highest carbon use efficiency", _SINSABAUGH,
            ),
            "half_saturation": Parameter(
                0.5, "1", (0.01, 10.0), "K", "supply at which CUE is half its maximum",
                _EQUILIBRIUM,
            ),
            "biomass_c_to_n": Parameter(
                8.6, "1", (3.0, 30.0), r"B_{C:N}", "C:N of microbial biomass (mol per mol)",
                _BIOMASS,
            ),
            "biomass_c_to_p": Parameter(
                60.0, "1", (10.0, 300.0), r"B_{C:P}", "C:P of microbial biomass (mol per mol)",
                _BIOMASS,
            ),
        },
        "mean soil microbial biomass, and the constants of the enzyme model",
    )
}  # fmt: skip


def threshold_ratio(parameters: Parameters = "soil") -> float:
    """Return the C:N of food above which nitrogen limits growth: C:N_B / CUE_max.

    Parameters
    ----------
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``soil``.

    Returns
    -------
    float
        mol C per mol N, without immobilisation; 14.3 for the set ``soil``.

    Examples
    --------
    >>> round(threshold_ratio(), 1)
    14.3
    """
    p = choose(parameters, PARAMETER_SETS, "soil")
    return p["biomass_c_to_n"] / p["cue_max"]


def nutrient_limited(
    c_to_n: Values, immobilised: float = 0.0, parameters: Parameters = "soil"
) -> Values:
    """Return CUE under the threshold element ratio.

    Parameters
    ----------
    c_to_n : float, array or DataArray
        C:N of the food, mol per mol, within `RATIOS`.
    immobilised : float
        Nitrogen taken from the soil solution per carbon taken up, mol per mol (0 to 1).
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``soil``.

    Returns
    -------
    float, array or DataArray
        Carbon use efficiency, dimensionless.

    Raises
    ------
    InputError
        For a ratio or an immobilisation outside its limits.

    Examples
    --------
    >>> nutrient_limited(10.0), round(nutrient_limited(43.0), 2)
    (0.6, 0.2)
    """
    p = choose(parameters, PARAMETER_SETS, "soil")
    ratio = check("c_to_n", c_to_n, *RATIOS)
    supply = 1 / ratio + check_range("immobilised", immobilised, 0.0, 1.0)
    cue = np.minimum(p["cue_max"], p["biomass_c_to_n"] * supply)
    if not isinstance(cue, xr.DataArray | np.ndarray):
        cue = float(cue)
    return as_cue(cue, "carbon use efficiency under the threshold element ratio", "Manzoni 2017")


def enzymes(
    c_to_n: Values,
    c_to_p: Values | None = None,
    *,
    activity_c_to_n: Values = 1.0,
    activity_c_to_p: Values = 1.0,
    parameters: Parameters = "soil",
) -> Values:
    """Return CUE of the enzyme (biogeochemical equilibrium) model.

    Parameters
    ----------
    c_to_n : float, array or DataArray
        C:N of the food (in practice of the soil), mol per mol, within `RATIOS`.
    c_to_p : float, array or DataArray, optional
        C:P of the food; with it the result is the geometric mean of both efficiencies.
    activity_c_to_n, activity_c_to_p : float, array or DataArray
        Ratio of carbon- to nitrogen- (phosphorus-) acquiring enzyme activities; near 1 on the mean
        of many habitats (Sinsabaugh et al. 2009, Nature 462, 795-798).
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``soil``.

    Returns
    -------
    float, array or DataArray
        Carbon use efficiency, dimensionless, below ``cue_max``.

    Raises
    ------
    InputError
        For a ratio outside its limits.

    Examples
    --------
    >>> round(enzymes(14.0), 2), round(enzymes(14.0, c_to_p=200.0), 2)
    (0.33, 0.27)
    """
    p = choose(parameters, PARAMETER_SETS, "soil")
    cue = _saturating(
        p, p["biomass_c_to_n"], check("c_to_n", c_to_n, *RATIOS),
        check("activity_c_to_n", activity_c_to_n, *ACTIVITIES),
    )  # fmt: skip
    if c_to_p is not None:
        other = _saturating(
            p, p["biomass_c_to_p"], check("c_to_p", c_to_p, *RATIOS),
            check("activity_c_to_p", activity_c_to_p, *ACTIVITIES),
        )  # fmt: skip
        cue = (cue * other) ** 0.5
    return as_cue(cue, "carbon use efficiency of the enzyme model", _EQUILIBRIUM)


def _saturating(p: ParameterSet, biomass: float, food: Values, activity: Values) -> Values:
    supply = biomass / food / activity
    return p["cue_max"] * supply / (supply + p["half_saturation"])


def nitrogen_surplus(c_to_n: Values, cue: Values, parameters: Parameters = "soil") -> Values:
    """Return the nitrogen left over per carbon taken up: 1 / C:N_S - CUE / C:N_B.

    Parameters
    ----------
    c_to_n : float, array or DataArray
        C:N of the food, mol per mol.
    cue : float, array or DataArray
        Carbon use efficiency.

    Returns
    -------
    float, array or DataArray
        mol N per mol C: mineralised where positive, short where negative.

    Examples
    --------
    >>> nitrogen_surplus(8.6, cue=0.5) > 0, nitrogen_surplus(60.0, cue=0.5) > 0
    (True, False)
    """
    p = choose(parameters, PARAMETER_SETS, "soil")
    ratio = check("c_to_n", c_to_n, *RATIOS)
    return 1 / ratio - check("cue", cue, 0.0, 1.0) / p["biomass_c_to_n"]
