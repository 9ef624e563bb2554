"""Checks that the controls share: numbers, arrays and DataArrays within their limits."""

import numpy as np
import xarray as xr

from soilnb.parameters import InputError, check_range, shown

#: What a control takes: one number, an array, or a DataArray; it returns the same.
Values = float | np.ndarray | xr.DataArray


def check(
    name: str, values: Values, low: float, high: float, unit: str = "1", hint: str = ""
) -> Values:
    """Return `values` as they came (lists as arrays), all of them within [low, high].

    NaN passes in arrays, as the mark of a missing value; alone it is refused.

    Raises
    ------
    InputError
        Naming the first value that is outside, or no number.
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name} = {shown(values)}: allowed numbers{_in(unit)}") from None
    if array.ndim == 0 and not isinstance(values, xr.DataArray):
        return check_range(name, array.item(), low, high, unit, hint)
    bad = (array < low) | (array > high)
    if bad.any():
        check_range(name, array[bad][0].item(), low, high, unit, hint)
    return values if isinstance(values, xr.DataArray) else array


def as_cue(values: Values, long_name: str, source: str) -> Values:
    """Name a DataArray as a carbon use efficiency; numbers and arrays pass unchanged."""
    if isinstance(values, xr.DataArray):
        values = values.rename("cue")
        values.attrs = {"units": "1", "long_name": long_name, "source": source}
    return values


def labelled(values: xr.Variable, book: xr.Dataset, name: str, /, **attrs: str) -> xr.DataArray:
    """Return what was computed from the variables of a Dataset with its coordinates.

    Arithmetic of variables is that of DataArrays without aligning what is aligned already, which
    takes ten times as long as the numbers of one soil.
    """
    over = {key: one for key, one in book.coords.items() if set(one.dims) <= set(values.dims)}
    return xr.DataArray(values, over, name=name, attrs=attrs)


def _in(unit: str) -> str:
    return "" if unit == "1" else f" (in {unit})"
