"""Drivers of the layered models that change in time, read and checked once, where they come in.

A run under changing drivers goes through one forcing after the other: each value of a series holds
from its time to the next, the last one on. A series may give (`SERIES`)

- ``soil_temperature`` (degC), ``water_scalar``, ``oxygen_scalar`` and ``nitrogen_scalar``, of all
  layers or by ``layer``: then they hold instead of the twelve months of the forcing;
- ``litter_input`` (g C m-2 yr-1), by ``litter_pool``, or all of it, split as in the forcing;
- ``warming`` (K), which is added to the soil temperature of all months.

What no series gives stays as the forcing has it. So a yearly ``warming`` keeps the seasons within
the means that the models take of the months; monthly temperature and water make seasons of their
own, and each month has its own modifier, the product of its scalars, in COMPAS as in CLM5.
Transport, which follows the thickness of the active layer, does not change.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, as_numbers, check_known
from soilnb.profile.forcing.kernel_forcing import REFERENCE_TEMPERATURE
from soilnb.profile.forcing.variables import LITTER_POOLS
from soilnb.profile.forcing.variables import VARIABLES as FORCING
from soilnb.profile.model.drivers import read_series
from soilnb.schema import Variable

#: Series that take the place of what the forcing has, and the field of the kernels' `Column`.
_FIELDS = {
    "soil_temperature": "warmth", "water_scalar": "water", "oxygen_scalar": "oxygen",
    "nitrogen_scalar": "nitrogen",
}  # fmt: skip

#: What may change, with unit and bounds; the last dimension may stand behind ``time``.
SERIES: Mapping[str, Variable] = {
    **{name: FORCING[name] for name in (*_FIELDS, "litter_input")},
    "warming": Variable("K", "warming of all months", symbol=r"\Delta T", bounds=(-20.0, 20.0)),
}

_SIZES = {"layer": kernel.LAYERS, "litter_pool": len(LITTER_POOLS)}


class Drivers(NamedTuple):
    """Series that change a forcing."""

    starts: np.ndarray  #: [segment]: from when each value holds, yr; the first is 0.
    #: mapping of str to array [place or 1, segment, layer or pool or 1]: by the names of `SERIES`.
    series: Mapping[str, np.ndarray]

    def columns(self, columns: kernel.Column, place: int) -> kernel.Column:
        """Return the forcing of one place, a column for each segment."""
        here = {name: values[place % len(values)] for name, values in self.series.items()}
        if "soil_temperature" in here:
            here["soil_temperature"] = (here["soil_temperature"] - REFERENCE_TEMPERATURE) / 10.0
        given = {
            field: here[name][:, np.newaxis] for name, field in _FIELDS.items() if name in here
        }
        own = {}
        for field, values in columns._asdict().items():
            one = np.asarray(values)[place]
            own[field] = np.empty((self.starts.size, *one.shape), one.dtype)
            own[field][:] = given.get(field, one)
        if "warming" in here:
            own["warmth"] += here["warming"][:, np.newaxis] / 10.0
        if "litter_input" in here:
            own["litter"] = _litter(here["litter_input"], own["litter"])
        return kernel.Column(**own)


def read(drivers: Mapping | xr.Dataset, places: int) -> Drivers:
    """Read and check drivers for so many places.

    Raises
    ------
    InputError
        For a series that is not known, is out of its bounds or not finite, or has another length
        than ``time``; for times that do not increase from 0.

    Examples
    --------
    >>> read({"time": [0, 1], "warming": [0, 0.1]}, 1).series["warming"].shape
    (1, 2, 1)
    """
    starts, series = read_series(drivers)
    return Drivers(starts, {name: _read(name, v, starts, places) for name, v in series.items()})


def _read(name: str, given: object, starts: np.ndarray, places: int) -> np.ndarray:
    """Return one series [place or 1, segment, layer or pool or 1], checked."""
    check_known("driver", name, SERIES)
    along = "".join(SERIES[name].dims[-1:])
    ordered = _in_order(name, given, along) if isinstance(given, xr.DataArray) else given
    numbers = as_numbers(f"drivers: {name}", ordered, SERIES[name].unit)
    if numbers.ndim < 3:
        numbers = np.atleast_2d(numbers)[..., np.newaxis]
    allowed = ({1, places}, {starts.size}, {1, _SIZES.get(along, 1)})
    shape = numbers.shape
    if len(shape) != 3 or any(n not in fit for n, fit in zip(shape, allowed, strict=True)):
        raise InputError(
            f"drivers: {name} has the shape {np.shape(given)}: allowed {starts.size} numbers, one "
            f"for each time, for one or {places} sites{f', by {along}' if along else ''}"
        )
    low, high = SERIES[name].bounds
    bad = ~((numbers >= low) & (numbers <= high))
    if bad.any():
        value, year = numbers[bad][0], starts[np.argwhere(bad)[0][1]]
        raise InputError(
            f"drivers: {name} = {value:g} at year {year:g}: allowed {low:g} to {high:g} "
            f"{SERIES[name].unit}"
        )
    return numbers


def _in_order(name: str, given: xr.DataArray, along: str) -> np.ndarray:
    """Return the values of a DataArray as [site, time, layer or pool]."""
    extra = [str(dim) for dim in given.dims if dim not in ("site", "time", along)]
    if extra or "time" not in given.dims:
        wanted = f"time, site{f', {along}' if along else ''}"
        raise InputError(f"drivers: {name} has the dimensions {given.dims}: allowed {wanted}")
    if along == "litter_pool" and along in given.coords:
        given = given.sel(litter_pool=list(LITTER_POOLS))
    behind = along if along in given.dims else "behind"
    missing = {dim: 1 for dim in ("site", behind) if dim not in given.dims}
    return given.expand_dims(missing).transpose("site", "time", behind).values


def _litter(series: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return litter [segment, 4]: as it is given, or its sum split as that of the forcing."""
    if series.shape[-1] == len(LITTER_POOLS):
        return np.array(series)
    total = own.sum(axis=1, keepdims=True)
    return series * np.divide(own, total, out=np.full_like(own, 0.25), where=total > 0)
