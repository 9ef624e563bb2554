"""The controls of carbon use efficiency in one place: what there is, and how they combine.

`catalogue` lists each control that has a formula here, with its source and its limits; `links` is
the table behind the drawing of all controls, most of which have no formula that anybody trusts.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.cue import energy, stoichiometry, temperature
from soilnb.cue.values import Values
from soilnb.data import tables
from soilnb.parameters import Parameters, check_range

#: How certain a link is, from the least to the most.
CERTAINTIES = ("low", "medium", "high")

#: Direction of a link: raises, lowers, either (it depends).
SIGNS = ("+", "-", "+/-")

#: What `combined` returns.
COMBINED = {
    "energy": "CUE that the energy of the food allows at the reference temperature",
    "warmth": "factor of temperature",
    "metabolism": "CUE that energy allows at this temperature",
    "nutrients": "CUE that nitrogen allows",
    "cue": "combined carbon use efficiency",
}

#: What the combination is: not a finding.
STANDING = "illustration: the smaller of energy (times temperature) and nutrients"


def catalogue() -> pd.DataFrame:
    """Return the controls with a formula: function, what it takes, limits, source, standing.

    Returns
    -------
    DataFrame
        Indexed by control.

    Examples
    --------
    >>> catalogue().loc["energy of the food", "function"]
    'energy.cue_max'
    """
    low, high = temperature.limits("qiao2019")
    ratios = f"C:N {stoichiometry.RATIOS[0]:g} to {stoichiometry.RATIOS[1]:g}"
    gamma = f"degree of reduction {energy.GAMMA[0]:g} to {energy.GAMMA[1]:g}"
    rows = [
        (
            "temperature, straight line", "temperature.linear", f"{low:.1f} to {high:.1f} °C",
            temperature.LINEAR["qiao2019"].description, "published, five sets",
        ),
        (
            "temperature, logit", "temperature.logit",
            f"{temperature.RANGE[0]:g} to {temperature.RANGE[1]:g} °C",
            temperature.LOGIT["virtual_ecosystem"].description, "published, or fitted",
        ),
        (
            "nutrients, threshold ratio", "stoichiometry.nutrient_limited", ratios,
            "mass balance of nitrogen; Manzoni et al. 2012, 2017", "derived",
        ),
        (
            "nutrients, enzyme model", "stoichiometry.enzymes", ratios,
            "Sinsabaugh et al. 2013, 2016", "published",
        ),
        ("energy of the food", "energy.cue_max", gamma, "Roels 1980 (form)", "illustration"),
    ]  # fmt: skip
    columns = ["control", "function", "limits", "source", "standing"]
    return pd.DataFrame(rows, columns=columns).set_index("control")


def combined(
    celsius: Values = 20.0,
    c_to_n: Values = 14.0,
    gamma: Values = 4.0,
    *,
    immobilised: float = 0.0,
    reference: float = 20.0,
    response: Parameters = "virtual_ecosystem",
) -> xr.Dataset:
    """Combine energy, nutrients and temperature into one CUE: an illustration.

    What energy allows changes with temperature, relative to its reference. What nitrogen allows
    does not: it is a balance of mass. The smaller of the two holds (Liebig). That controls combine
    so is an assumption: no experiment has varied all three.

    Parameters
    ----------
    celsius : float or array
        Temperature, degrees Celsius.
    c_to_n : float or array
        C:N of the food, mol per mol.
    gamma : float or array
        Degree of reduction of the food.
    immobilised : float
        Nitrogen from the soil solution per carbon taken up, mol per mol.
    reference : float
        Temperature at which the other two hold, degrees Celsius.
    response : str or mapping
        Set of `soilnb.cue.temperature.logit`.

    Returns
    -------
    Dataset
        ``energy``: the CUE that the energy of the food allows at the reference temperature;
        ``warmth``: the factor of temperature; ``metabolism``: their product, at most 1;
        ``nutrients``: the CUE that nitrogen allows; ``cue``: the smaller of the last two.
        DataArrays broadcast by the names of their dimensions.

    Raises
    ------
    InputError
        For a value outside the limits of its control.

    Examples
    --------
    >>> found = combined(celsius=20.0, c_to_n=30.0, gamma=4.0)
    >>> {name: round(float(found[name]), 2) for name in ("metabolism", "nutrients", "cue")}
    {'metabolism': 0.57, 'nutrients': 0.29, 'cue': 0.29}
    """
    check_range("reference", reference, *temperature.RANGE, "degC")
    allowed = {
        "energy": energy.cue_max(gamma),
        "warmth": temperature.logit(celsius, response) / temperature.logit(reference, response),
        "nutrients": stoichiometry.nutrient_limited(c_to_n, immobilised),
    }
    as_arrays = (v if isinstance(v, xr.DataArray) else xr.DataArray(v) for v in allowed.values())
    found = dict(zip(allowed, as_arrays, strict=True))
    found["metabolism"] = np.minimum(1.0, found["energy"] * found["warmth"])
    found["cue"] = np.minimum(found["metabolism"], found["nutrients"])
    result = xr.Dataset(found, attrs={"standing": STANDING})
    for name, long_name in COMBINED.items():
        result.variables[name].attrs = {"units": "1", "long_name": long_name}
    return result


def links() -> pd.DataFrame:
    """Return the links between controls, CUE and soil carbon, with their certainty.

    Returns
    -------
    DataFrame
        One row per link: ``source``, ``target``, ``kind`` of the source (biological, abiotic,
        efficiency, soil), ``sign`` (one of `SIGNS`), ``certainty`` (one of `CERTAINTIES`) and
        ``reason`` in words; ``attrs["source"]`` says where they come from.

    Examples
    --------
    >>> sorted(links()["kind"].unique())
    ['abiotic', 'biological', 'efficiency']
    """
    return tables.read("cue_links")
