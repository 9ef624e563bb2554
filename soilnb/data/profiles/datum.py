"""Where depth is counted from: organic layers above the mineral soil, and layers of no thickness.

People write the litter above a mineral soil in three ways, which are recognised by profile:

- negative depths, -5 to 0 above 0 to 10;
- counted upward, 5 to 0 above 0 to 10, as soil surveys did;
- heights, 5 to 0 above 0 to -10.

`from_the_top` turns all of them into depths below the top of the organic layer, or leaves the
organic layers out.
"""

import numpy as np
import pandas as pd

from soilnb.parameters import check_known

#: What to do with organic layers above the mineral soil.
DATUMS = ("shift", "drop")

#: Depths that differ by less are the same, m.
SAME = 1e-6

#: What is said of heights that have nothing above the mineral surface.
UPSIDE_DOWN = "heights of the mineral soil alone"


def from_the_top(
    layers: pd.DataFrame, number: np.ndarray, datum: str
) -> tuple[pd.DataFrame, np.ndarray, dict[int, str]]:
    """Count the depths of each profile from its top.

    Parameters
    ----------
    layers : DataFrame
        ``top`` and ``bottom`` in m.
    number : array [layer]
        Number of the profile of each layer.
    datum : {"shift", "drop"}
        Whether depth is counted from the top of the organic layer, or organic layers are left
        out and depth is counted from the mineral surface.

    Returns
    -------
    layers : DataFrame
        With depths from the top; rows that are left out are still there.
    kept : array of bool [layer]
        False for organic layers that are left out.
    said : dict
        Of the profiles that were changed, how their organic layers were written.

    Raises
    ------
    InputError
        For an unknown datum.
    """
    check_known("datum", datum, DATUMS)
    top = layers["top"].to_numpy(dtype=float, copy=True)
    bottom = layers["bottom"].to_numpy(dtype=float, copy=True)
    kept = np.ones(len(layers), dtype=bool)
    said: dict[int, str] = {}
    with np.errstate(invalid="ignore"):
        odd = (top < 0) | (bottom < 0) | (top > bottom)
    for profile in np.unique(number[odd]).tolist():
        rows = np.flatnonzero(number == profile)
        known = rows[np.isfinite(top[rows]) & np.isfinite(bottom[rows])]
        way = _way(top[known], bottom[known])
        if not way:
            continue
        turned = known if way == "heights" else known[top[known] > bottom[known]]
        top[turned], bottom[turned] = -top[turned] + 0.0, -bottom[turned] + 0.0
        above = np.nan_to_num(top[rows]) < 0
        said[profile] = way if above.any() or way != "heights" else UPSIDE_DOWN
        if datum == "drop":
            kept[rows] = ~above
        elif above.any():
            lift = -np.nanmin(top[rows])
            top[rows], bottom[rows] = top[rows] + lift, bottom[rows] + lift
    return layers.assign(top=top, bottom=bottom), kept, said


def _way(top: np.ndarray, bottom: np.ndarray) -> str:
    """Return how the organic layers of a profile are written, or ``""`` for no way that is known.

    Examples
    --------
    >>> _way(np.array([-5, 0]), np.array([0, 10]))
    'negative depths'
    >>> _way(np.array([5, 0]), np.array([0, 10]))
    'counted upward'
    >>> _way(np.array([5, 0]), np.array([0, -10]))
    'heights'
    >>> _way(np.array([0, 30]), np.array([10, 10]))
    ''
    """
    upside_down = top > bottom
    negative = (top < 0) | (bottom < 0)
    if not len(top):
        return ""
    if upside_down.all():
        return "heights" if negative.any() else ""
    if negative.any():
        # all above the mineral soil and from the bottom up: heights with top and bottom changed?
        doubtful = (bottom <= 0).all() and len(top) > 1 and not (np.diff(top) > 0).all()
        return "" if upside_down.any() or doubtful else "negative depths"
    order = np.argsort(bottom[upside_down])
    low, high = bottom[upside_down][order], top[upside_down][order]
    chained = abs(low[0]) < SAME and (np.abs(low[1:] - high[:-1]) < SAME).all()
    from_zero = (np.abs(top[~upside_down]) < SAME).any()
    return "counted upward" if chained and from_zero else ""
