"""Drivers that change in time: when they do, and where a run under them stops."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.parameters import InputError
from soilnb.profile.model.dataset import check_time


def read_series(drivers: object) -> tuple[np.ndarray, dict[str, object]]:
    """Return when each value of the series holds from [segment], yr, and the series by name.

    Examples
    --------
    >>> read_series({"time": [0, 1], "npp": [400, 420]})
    (array([0., 1.]), {'npp': [400, 420]})
    """
    if not isinstance(drivers, Mapping | xr.Dataset) or "time" not in drivers:
        raise InputError("drivers: allowed a mapping or a Dataset with 'time' (in yr)")
    starts = check_time(drivers["time"])
    if starts[0] != 0:
        raise InputError(f"drivers start at {starts[0]:g} yr: allowed 0")
    names = drivers.data_vars if isinstance(drivers, xr.Dataset) else drivers
    return starts, {str(name): drivers[name] for name in names if name != "time"}


def stops(starts: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return where a run stops, and what holds there.

    Parameters
    ----------
    starts : array [segment]
        From when each value of the drivers holds, yr.
    times : array [time]
        Output times, yr.

    Returns
    -------
    stops : array [stop]
        Output times, and changes of the drivers until the last of them, yr.
    which : array of int [stop]
        The segment that leads to each stop.
    wanted : array of int [time]
        The stop that each output is.
    now : array of int [time]
        The segment that begins at an output, or goes on.

    Examples
    --------
    >>> [part.tolist() for part in stops(np.array([0.0, 1.0]), np.array([0.5, 1.0]))]
    [[0.0, 0.5, 1.0], [0, 0, 0], [1, 2], [0, 1]]
    """
    every = np.union1d(times, starts[starts <= times[-1]])
    which = np.maximum(np.searchsorted(starts, every, side="left") - 1, 0)
    now = np.searchsorted(starts, times, side="right") - 1
    return every, which, np.searchsorted(every, times), now
