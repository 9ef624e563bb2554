r"""The carbon use efficiency that a model's own fluxes imply.

He et al. 2024 diagnose the carbon use efficiency of models that were never given one as

.. math:: \mathrm{CUE} = 1 - R / D

with the heterotrophic respiration R and the decomposition D: the carbon that leaves organic
matter by microbially mediated processes, to CO2 or to another pool. Sorption, aggregation and
leaching do not count. What counts as D is a choice, so it is an argument here.
"""

import xarray as xr

from soilnb.cue.values import labelled
from soilnb.parameters import InputError, check_known

#: Name of a definition of D, and the fluxes that it sums.
DECOMPOSITIONS = {
    "uptake": ("uptake",),
    "uptake+oxidation": ("uptake", "oxidation"),
    "all": ("uptake", "oxidation", "turnover"),
}


def diagnosed(dataset: xr.Dataset, decomposition: str = "uptake") -> xr.DataArray:
    """Return the diagnosed carbon use efficiency 1 - R / D.

    Parameters
    ----------
    dataset : Dataset
        Fluxes of a pool model in one unit: ``respiration`` and the ones of the definition.
    decomposition : {"uptake", "uptake+oxidation", "all"}
        D: the carbon that decomposers take up; with the enzymatic oxidation that moves carbon
        between soil pools; with the turnover of microbial biomass as well.

    Returns
    -------
    DataArray
        Dimensionless, with the dimensions of the fluxes; NaN where nothing decomposes.

    Raises
    ------
    InputError
        For an unknown definition, or a dataset without the fluxes it needs.

    Examples
    --------
    >>> fluxes = xr.Dataset({"uptake": 200.0, "respiration": 110.0, "oxidation": 20.0})
    >>> round(float(diagnosed(fluxes)), 2), round(float(diagnosed(fluxes, "uptake+oxidation")), 2)
    (0.45, 0.5)
    """
    check_known("decomposition", decomposition, DECOMPOSITIONS)
    names = DECOMPOSITIONS[decomposition]
    missing = [name for name in ("respiration", *names) if name not in dataset]
    if missing:
        raise InputError(
            f"dataset has no {', '.join(missing)}: needed respiration, {', '.join(names)}"
        )
    decomposed = sum(dataset.variables[name] for name in names)
    share = dataset.variables["respiration"] / decomposed.where(decomposed > 0)
    return labelled(
        1 - share, dataset, "cue", units="1", long_name="diagnosed carbon use efficiency",
        symbol=r"\mathrm{CUE}", definition=f"1 - respiration / ({' + '.join(names)})",
        source="He et al. 2024",
    )  # fmt: skip
