r"""Water of the soil by months: rain and snow, a bucket, what drains from it, and the air left.

Arrays have a leading axis of sites. The bucket holds what plants can take: water between the
wilting point and field capacity, down to the depth of roots. Within a month rain and demand are
constant and the bucket's equation is solved exactly, and so is the year that returns to itself.

==================  =========================================================================
quantity            formula
==================  =========================================================================
rain                P_m in proportion to 1 + a cos(2π (m - warmest) / 12), the days counted
snow                falls in months below 0 degC and melts in the first month above
bucket              dS/dt = P - E S / C, 0 to C; what would be above C drains (Thornthwaite & Mather
                    1955; the bucket of Manabe 1969 with evaporation in proportion to its water)
retention           ψ = ψ_s s^-b (Clapp & Hornberger 1978) at the saturation s of the pores
field capacity      K_s s^(2b + 3) = 0.1 mm d-1 (Clapp & Hornberger 1978; the flow as in CLM5)
month with surplus  K_s s^(2b + 3) = the flow that drains
oxygen scalar       1 up to 60 % of the pores (Linn & Doran 1984), from there down to CLM5's least
                    value in saturated soil, linear
==================  =========================================================================
"""

from typing import NamedTuple

import numpy as np

from soilnb.profile.forcing.formulas import DAYS, MONTHS, SECONDS_PER_DAY, saturated_potential

#: Flow at which a soil is at field capacity, mm d-1: that of CLM5.
RESTING_FLOW = 0.1

#: Climate of blanket bogs: more rain than this per evaporation demand, a year warmer and a summer
#: cooler than this, degC (PeatStash: Gallego-Sala et al. 2010, Clim. Res. 45, 151-162,
#: doi:10.3354/cr00911).
BOG_WETNESS, BOG_YEAR, BOG_SUMMER = 2.1, -1.0, 14.5


class Year(NamedTuple):
    """A year of the bucket that returns to itself."""

    stored: np.ndarray  #: [site, month]: mean water of the month over the capacity, 0 to 1.
    #: [site, month]: what leaves, mm month-1.
    evaporation: np.ndarray
    drainage: np.ndarray
    #: [site, month]: water at the end minus that at the start of the month, mm; its sum over the
    #: year is 0.
    change: np.ndarray


def monthly_rain(
    annual: np.ndarray, seasonality: np.ndarray, southern: np.ndarray = np.False_
) -> np.ndarray:
    """Precipitation of each month, in mm: a cosine that peaks in July (in the south in January).

    Parameters
    ----------
    annual : array [site]
        Annual precipitation, mm.
    seasonality : array [site]
        a, the wettest minus the driest month over their sum: above 0 where summers are wet, below
        where winters are, -1 to 1.
    southern : array of bool [site]
        Whether the place lies south of the equator.

    Returns
    -------
    array [site, month]
        mm month-1; the sum is `annual`.

    Examples
    --------
    >>> monthly_rain(np.array([600.0]), np.array([-0.5]))[0, [0, 6]].round(0)  # dry summers
    array([77., 26.])
    """
    month = np.arange(MONTHS)
    wave = np.cos(2 * np.pi * (month - np.where(southern, 0, 6)[..., None]) / MONTHS)
    share = DAYS * (1 + np.asarray(seasonality)[..., None] * wave)
    return np.asarray(annual)[..., None] * share / share.sum(axis=-1, keepdims=True)


def melt(rain: np.ndarray, air: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Water that reaches the ground as rain or from molten snow, in mm month-1.

    Parameters
    ----------
    rain : array [site, month]
        Precipitation, mm month-1.
    air : array [site, month]
        Air temperature, degC.

    Returns
    -------
    array [site, month]
        Water, mm month-1.
    array [site]
        Snow that no month melts, mm yr-1.

    Examples
    --------
    >>> rain, air = np.full((1, 12), 10.0), np.array([[-5.0] * 3 + [5.0] * 9])
    >>> melt(rain, air)[0][0, :5]
    array([ 0.,  0.,  0., 40., 10.])
    """
    cold = np.asarray(air) < 0
    pack, water = np.zeros(len(cold)), np.zeros(np.shape(rain))
    for m in (*range(MONTHS), *range(MONTHS)):  # the second year begins with the snow of the first
        water[:, m] = np.where(cold[:, m], 0.0, rain[:, m] + pack)
        pack = np.where(cold[:, m], pack + rain[:, m], 0.0)
    return water, np.where(cold.all(axis=1), np.sum(rain, axis=1), 0.0)


def bucket(water: np.ndarray, demand: np.ndarray, capacity: np.ndarray) -> Year:
    """Solve the bucket's year: dS/dt = P - E S / C, at most C.

    At the end of a month S is min(C, a S + b), and such steps one after the other are a step of the
    same form; so the water that the year begins and ends with follows without iterating.

    Parameters
    ----------
    water, demand : array [site, month]
        Water that comes in, and the evaporation of a full bucket, mm month-1.
    capacity : array [site]
        Water of the full bucket, mm, above 0.

    Examples
    --------
    >>> year = bucket(np.full((1, 12), 40.0), np.full((1, 12), 100.0), np.array([120.0]))
    >>> year.stored[0, 0].round(3), year.evaporation.sum().round(6)
    (np.float64(0.4), np.float64(480.0))
    """
    full = np.asarray(capacity, dtype=float)
    # less than 1e-99 mm is nothing: a quotient of two such numbers would overflow
    water, demand = (np.where(np.asarray(a) < 1e-99, 0.0, a) for a in (water, demand))
    rate = demand / full[:, None]  # of the emptying, month-1
    stored, months = _first(water * _mean_decay(rate), rate, full), []
    for m in range(MONTHS):
        months.append(_month(stored, water[:, m], rate[:, m], full))
        stored = stored + months[-1].change
    return Year(*(np.stack(values, axis=1) for values in zip(*months, strict=True)))


def _first(comes: np.ndarray, rate: np.ndarray, full: np.ndarray) -> np.ndarray:
    """Return the water that the year begins and ends with [site], mm."""
    factor, lost = np.exp(-rate), -np.expm1(-rate.sum(axis=1))
    rest, most = np.zeros(len(full)), full
    for m in range(MONTHS):
        most = np.minimum(full, factor[:, m] * most + comes[:, m])
        rest = factor[:, m] * rest + comes[:, m]
    always = np.where(rest > 0, np.inf, 0.0)  # where nothing is lost
    return np.minimum(most, np.divide(rest, lost, out=always, where=lost > 0))


def _month(stored: np.ndarray, water: np.ndarray, rate: np.ndarray, full: np.ndarray) -> Year:
    """One month of the bucket from what is `stored` [site], mm."""
    change = stored * np.expm1(-rate) + water * _mean_decay(rate)
    surplus = water - rate * full  # of a bucket that is full
    space = np.maximum(full - stored, 0.0)
    fills = (change > space) & (surplus > 0)
    room = np.divide(space, surplus, out=np.ones(len(full)), where=fills)
    until = np.where(fills, np.minimum(room * _mean_growth(rate * room), 1.0), 1.0)  # in months
    rising = stored * until * _mean_decay(rate * until)
    rising += water * until**2 * _mean_rest(rate * until)
    mean = rising + full * (1 - until)
    drained = np.where(fills, surplus * (1 - until), 0.0)
    return Year(mean / full, rate * mean, drained, np.where(fills, space, change))


def _mean_decay(x: np.ndarray) -> np.ndarray:
    """Return (1 - exp(-x)) / x, 1 at 0."""
    return np.divide(-np.expm1(-x), x, out=np.ones(np.shape(x)), where=x > 0)


def _mean_growth(x: np.ndarray) -> np.ndarray:
    """Return ln(1 + x) / x, 1 at 0."""
    return np.divide(np.log1p(x), x, out=np.ones(np.shape(x)), where=x > 0)


def _mean_rest(x: np.ndarray) -> np.ndarray:
    """Return (x - 1 + exp(-x)) / x², 1/2 at 0."""
    series = 0.5 - x / 6 + x**2 / 24
    return np.divide(1 - _mean_decay(x), x, out=series, where=x > 1e-4)


def porosity(sand: np.ndarray) -> np.ndarray:
    """Volume of the pores, m3 m-3: 0.489 - 0.00126 sand (Cosby et al. 1984, as in CLM5).

    Examples
    --------
    >>> porosity(40.0).round(3)
    np.float64(0.439)
    """
    return 0.489 - 0.00126 * np.asarray(sand, dtype=float)


def conductivity(sand: np.ndarray) -> np.ndarray:
    """Hydraulic conductivity of saturated soil, mm d-1 (Cosby et al. 1984, as in CLM5).

    Examples
    --------
    >>> conductivity(40.0).round(0)
    np.float64(326.0)
    """
    exponent = -0.884 + 0.0153 * np.asarray(sand, dtype=float)
    return 0.0070556 * 10.0**exponent * SECONDS_PER_DAY


def saturation_at(potential: float, sand: np.ndarray, clay: np.ndarray) -> np.ndarray:
    """Share of the pores that is filled at a water potential (MPa): s = (ψ / ψ_s)^(-1/b).

    Examples
    --------
    >>> saturation_at(-1.5, 40.0, 24.0).round(2)  # at the wilting point
    np.float64(0.38)
    """
    saturated, exponent = saturated_potential(sand, clay)
    return np.minimum((potential / saturated) ** (-1 / exponent), 1.0)


def draining(flow: np.ndarray, sand: np.ndarray, clay: np.ndarray) -> np.ndarray:
    """Share of the pores that is filled while a flow drains by gravity: K_s s^(2b + 3) = q.

    Parameters
    ----------
    flow : array [site, ...]
        q, mm d-1; more than K_s saturates the soil.
    sand, clay : array [site, ...]
        Texture, %.

    Examples
    --------
    >>> draining(np.array([0.1, 3.0, 1e4]), 40.0, 24.0).round(2)
    array([0.61, 0.75, 1.  ])
    """
    _, exponent = saturated_potential(sand, clay)
    return np.minimum(flow / conductivity(sand), 1.0) ** (1 / (2 * exponent + 3))


def saturation(
    water: np.ndarray, demand: np.ndarray, sand: np.ndarray, clay: np.ndarray,
    wilting: float, depth: float,
) -> np.ndarray:  # fmt: skip
    """Share of the pores that is filled in each month: what the bucket holds, and what drains.

    Parameters
    ----------
    water, demand : array [site, month]
        Water that reaches the ground, and evaporation demand, mm month-1.
    sand, clay : array [site]
        Texture, %.
    wilting : float
        Water potential of the wilting point, MPa.
    depth : float
        Depth of the bucket, m.

    Returns
    -------
    array [site, month]
        Between the wilting point and 1.

    Examples
    --------
    >>> even = np.full((1, 12), 60.0)
    >>> texture = np.array([40.0]), np.array([24.0])
    >>> for demand in (1.0, 2.0):  # as much rain as demand, and half of it
    ...     print(saturation(even, demand * even, *texture, -1.5, 1.0)[0, 0].round(2))
    0.61
    0.5
    """
    dry, capacity = saturation_at(wilting, sand, clay), draining(RESTING_FLOW, sand, clay)
    year = bucket(water, demand, 1000.0 * depth * porosity(sand) * (capacity - dry))
    flow = np.maximum(year.drainage / DAYS, RESTING_FLOW)
    wet = draining(flow, sand[:, None], clay[:, None]) - capacity[:, None]
    return dry[:, None] + year.stored * (capacity - dry)[:, None] + wet


def oxygen_scalar(saturation: np.ndarray, limit: float, least: float) -> np.ndarray:
    """Oxygen scalar of decay, 1 in soil with air: falls from a saturation on, linear.

    Parameters
    ----------
    saturation : array
        Share of the pores that is filled.
    limit : float
        Share up to which decay is not held back.
    least : float
        Scalar in saturated soil.

    Examples
    --------
    >>> oxygen_scalar(np.array([0.3, 0.8, 1.0]), 0.6, 0.2)
    array([1. , 0.6, 0.2])
    """
    return 1 - (1 - least) * np.maximum(saturation - limit, 0.0) / (1 - limit)


def bog(rain: np.ndarray, pet: np.ndarray, mean: np.ndarray, warmest: np.ndarray) -> np.ndarray:
    """Whether a climate lets blanket bogs grow (PeatStash, Gallego-Sala et al. 2010).

    Parameters
    ----------
    rain, pet : array [site]
        Annual precipitation and evaporation demand, mm yr-1.
    mean, warmest : array [site]
        Air temperature of the year and of the warmest month, degC.

    Examples
    --------
    >>> bog(np.array([1600.0, 600.0]), np.array([520.0, 600.0]), 7.0, 13.0)
    array([ True, False])
    """
    return (rain > BOG_WETNESS * pet) & (mean > BOG_YEAR) & (warmest < BOG_SUMMER)
