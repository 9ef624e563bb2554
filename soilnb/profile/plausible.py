"""Whether an answer means anything: carbon that a soil can hold, a balance that lasts.

Equations also have solutions that no soil has. Those of the models say so: ``plausible`` is False
where carbon is no number or more than a soil can hold (litter hardly decays at -30 degC, and in
thousands of years millions of kg would pile up on a square metre); ``stable`` is False where a
steady state is a balance that the smallest disturbance leaves for good, because an eigenvalue of
the Jacobian has a real part of zero or more.

Linear models have no unstable steady state: what leaves a pool goes to other pools or out, so that
the matrix of the rates has no eigenvalue above zero, and none at zero where the linear solve has
one answer (Jacquez & Simon 1993, doi:10.1137/1035003).
"""

import numpy as np

from soilnb.data.profiles.columns import COLUMNS
from soilnb.parameters import ParameterSet
from soilnb.schema import Variable

#: Most carbon that a soil can hold, g C m-3, the same for observed soils and for modelled ones:
#: humus of 1.5 g cm-3 (without its pores; textbooks have less) is 58 % carbon (factor 1.724), and
#: two fifths of any soil are pores, or more. Peat has 0.6e5 (Federer et al. 1993,
#: doi:10.1139/x93-131: 0.1 g cm-3 of organic matter), so that a flag means what it says.
MOST = COLUMNS["carbon_density"].bounds[1]

#: Depth in m that a box stands for where its model does not say: CENTURY 0.2, RothC 0.23, ICBM
#: 0.25 (the plough layer), Millennial up to 1.
DEPTH = 0.3

#: What results say of themselves.
VARIABLES = {
    "stable": Variable("1", "whether a small disturbance of the steady state dies away", symbol=""),
    "plausible": Variable(
        "1", f"whether carbon is a number and at most {MOST / 1000:g} kg C m-3", symbol=""
    ),
}


def plausible(density: np.ndarray) -> np.ndarray:
    """Return whether carbon densities [..., part], g C m-3, are numbers that a soil can hold.

    Examples
    --------
    >>> plausible(np.array([[3e4, 1e4], [3e4, 6e5], [np.nan, 1e4]])).tolist()
    [True, False, False]
    """
    with np.errstate(invalid="ignore"):
        return (np.abs(density) <= MOST).all(axis=-1)


def plausible_stock(carbon: np.ndarray, parameters: ParameterSet) -> np.ndarray:
    """Return whether stocks [..., pool], kg C m-2, of a box model fit into the depth of its box."""
    depth = parameters["depth"] / 100 if "depth" in parameters else DEPTH
    with np.errstate(invalid="ignore", over="ignore"):
        return plausible(1e3 * carbon.sum(axis=-1, keepdims=True) / depth)


def dies_away(eigenvalues: np.ndarray) -> np.ndarray:
    """Return whether every mode [..., mode] of a small disturbance dies away."""
    return (eigenvalues.real < 0).all(axis=-1)
