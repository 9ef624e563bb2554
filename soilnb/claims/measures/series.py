"""How a series of one run is read: means, peaks, days and shares, and the days that count."""

import math

import numpy as np
import xarray as xr
from numpy.lib.stride_tricks import sliding_window_view

from soilnb.pore.diagnostics import respiration, total_carbon

#: Day of the (first) pulse, the last day before it, and the last day of the paper's runs.
PULSE, BEFORE, END = 200, 199, 500

#: Days after which biomass and fluxes are in equilibrium, the solution, and CUE (Sect. 3.1).
SETTLED, SOLUTION_SETTLED, CUE_SETTLED = 75, 25, 100

#: Days to the end of which a peak of a flux or of biomass is looked for.
FLUX_PEAK_END, BIOMASS_PEAK_END = PULSE + 50, PULSE + 100

#: A pool is back when it is within this factor of its mean before the pulse.
BACK = 1.1

#: CUE has dipped when it is below this factor of its mean before the pulse.
DIP = 0.9


def at(series: xr.DataArray, day: float) -> float:
    """Return the value of a day."""
    return float(series.sel(time=day))


def span(series: xr.DataArray, first: float, last: float = BEFORE) -> xr.DataArray:
    """Return the days from the first to the last, both included."""
    return series.sel(time=slice(first, last))


def mean(series: xr.DataArray, first: float, last: float = BEFORE) -> float:
    """Return the mean of a span of days."""
    return float(span(series, first, last).mean())


def largest(series: xr.DataArray, last: float = FLUX_PEAK_END) -> float:
    """Return the largest value from the pulse on."""
    return float(span(series, PULSE, last).max())


def day_of_largest(series: xr.DataArray, last: float = FLUX_PEAK_END) -> float:
    """Return the day of the largest value from the pulse on."""
    return float(span(series, PULSE, last).idxmax())


def means(series: xr.DataArray, days: int) -> xr.DataArray:
    """Return the means of so many days, at the last of them; NaN before there are so many.

    xarray's own way takes twenty times as long, and claims ask for hundreds.
    """
    axis = series.get_axis_num("time")
    found = np.full(series.shape, np.nan)
    if days <= series.sizes["time"]:
        place = (slice(None),) * axis + (slice(days - 1, None),)
        found[place] = sliding_window_view(series.values, days, axis).mean(-1)
    return series.copy(data=found)


def ratio(part: float, whole: float) -> float:
    """Return a ratio, NaN where there is nothing to compare with."""
    return part / whole if whole else math.nan


def percent_of_all_carbon(pool: xr.DataArray, run: xr.Dataset, day: float) -> float:
    """Return a pool as % of the carbon in the soil and respired, the bars of Fig. 11."""
    return 100 * at(pool / (total_carbon(run) + run.C_CO2), day)


def days_until_back(run: xr.Dataset) -> float | None:
    """Return the days from the pulse until biomass is within `BACK` of its mean before.

    A biomass that has not come back by day 500 counts with all days; None for a shorter run.
    """
    peak = day_of_largest(run.C_B, BIOMASS_PEAK_END)
    after = run.C_B.sel(time=slice(peak, None))
    low = after.time[after <= BACK * mean(run.C_B, SETTLED)]
    if low.size:
        return float(low[0]) - BEFORE
    return float(END - BEFORE) if float(run.time[-1]) >= END else None


def dips(cue: xr.DataArray) -> float:
    """Whether CUE falls below its level before the pulse, after its peak and within 100 days.

    Its lowest ten-day mean after the peak must be a tenth below the mean of days 100 to 199, so
    that the scatter of days does not decide.
    """
    peak = day_of_largest(cue)
    if math.isnan(peak):
        return math.nan
    lowest = span(means(cue, 10), peak + 10, BIOMASS_PEAK_END).min()
    return float(lowest < DIP * mean(cue, CUE_SETTLED))


def days_until_recovered(cue: xr.DataArray, share: float = DIP) -> float:
    """Return the days from the pulse until CUE has come back from its dip; NaN without one.

    Its ten-day mean must be `share` of the mean of days 100 to 199 again: within a tenth of it.
    """
    if dips(cue) != 1:  # not, or unknown
        return math.nan
    tens, level = means(cue, 10), share * mean(cue, CUE_SETTLED)
    lowest = span(tens, day_of_largest(cue) + 10, BIOMASS_PEAK_END).idxmin()
    later = tens.sel(time=slice(float(lowest), None))
    back = later.time[later >= level]
    return float(back[0]) - BEFORE if back.size else float(END - BEFORE)


def overflow_share(run: xr.Dataset, first: float, last: float) -> float:
    """Return overflow respiration as a share of all respiration of a span of days."""
    return ratio(mean(run.R_O, first, last), mean(respiration(run), first, last))
