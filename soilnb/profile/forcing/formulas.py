r"""The formulas behind `soilnb.profile.forcing`: from a few numbers of a place to its year.

Arrays have a leading axis of sites. A month is one twelfth of the year for the temperature
wave; degree days and evapotranspiration use the days of the calendar.

==================  =========================================================================
quantity            formula
==================  =========================================================================
annual range        A = (K + 14) sin(abs(φ) + 10°) / 1.7 (Conrad 1946, solved for A)
air temperature     T_a = MAT + A/2 cos(2π (m - 7) / 12), in the south six months later
ground surface      T_s = n T_a, with n_f below and n_t above 0 degC (n-factors)
soil temperature    each harmonic k of T_s falls as exp(-z √k / d) and lags z √k / d
thaw depth          Z = √(2 λ D / (θ ρ L)), D the sum of positive degree days (Stefan)
evaporation demand  PET = R_e / (λ_v ρ) (T_a + 5) / 100 where T_a > -5 (Oudin et al. 2005)
wetness             S = x / √(1 + x²), x = P / PET (Turc 1954 and Pike 1964)
water potential     ψ = ψ_s S^-b (Clapp & Hornberger 1978, Cosby et al. 1984), where frozen
                    not above ρ L (T - T_f) / T (Niu & Yang 2006)
moisture scalar     W = ln(ψ_min / ψ) / ln(ψ_min / ψ_max), clipped to [W_min, 1] (CLM5)
==================  =========================================================================
"""

import numpy as np

MONTHS = 12

#: Days of each month of a year of 365 days.
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

SECONDS_PER_DAY = 86400.0
YEAR = 365 * SECONDS_PER_DAY

#: Freezing point of water, K.
FREEZING = 273.15

#: Density of water (kg m-3) and latent heat of its fusion (J kg-1), as in CLM5.
WATER_DENSITY, FUSION = 1000.0, 3.337e5

#: Latent heat of vaporisation, MJ kg-1 (Allen et al. 1998, FAO Irrigation and Drainage Paper 56).
VAPORISATION = 2.45

#: Solar constant, MJ m-2 min-1 (Allen et al. 1998, equation 21).
SOLAR_CONSTANT = 0.0820

_MIDDLE_DAY = np.cumsum(DAYS) - DAYS / 2


def annual_range(latitude: np.ndarray, continentality: np.ndarray) -> np.ndarray:
    """Warmest minus coldest month, in K: A = (K + 14) sin(abs(φ) + 10°) / 1.7.

    The continentality index K of Conrad 1946 (Trans. AGU 27, 663-664), solved for A; it is about
    0 at Thorshavn and 100 at Verkhoyansk. The sine is held at 1 beyond 80 degrees.

    Parameters
    ----------
    latitude : array [site]
        Latitude, degrees.
    continentality : array [site]
        Index K, above -14.

    Returns
    -------
    array [site]
        Annual range, K.

    Examples
    --------
    >>> float(annual_range(np.array(50.0), np.array(30.0)).round(1))
    22.4
    """
    angle = np.radians(np.minimum(np.abs(latitude) + 10.0, 90.0))
    return np.maximum(np.asarray(continentality) + 14.0, 0.0) * np.sin(angle) / 1.7


def air_temperature(
    mat: np.ndarray, seasonality: np.ndarray, southern: np.ndarray = np.False_
) -> np.ndarray:
    """Monthly air temperature, in degC: a cosine that peaks in July (in the south in January).

    Parameters
    ----------
    mat, seasonality : array [site]
        Annual mean (degC) and warmest minus coldest month (K).
    southern : array of bool [site]
        Whether the place lies south of the equator.

    Returns
    -------
    array [site, month]
        Air temperature, degC; its mean over the months is `mat` to rounding.

    Examples
    --------
    >>> air_temperature(np.array([10.0]), np.array([16.0]))[0, [0, 6]].round(1)
    array([ 2., 18.])
    """
    month = np.arange(MONTHS)
    wave = np.cos(2 * np.pi * (month - np.where(southern, 0, 6)[..., None]) / MONTHS)
    return np.asarray(mat)[..., None] + np.asarray(seasonality)[..., None] / 2 * wave


def ground_surface(air: np.ndarray, freezing_factor: float, thawing_factor: float) -> np.ndarray:
    """Monthly temperature of the ground surface, in degC: n-factors stand for snow and canopy.

    T_s = n_f T_a below and n_t T_a above 0 degC (Smith & Riseborough 2002, doi:10.1002/ppp.410).

    Examples
    --------
    >>> ground_surface(np.array([-10.0, 10.0]), 0.5, 1.0)
    array([-5., 10.])
    """
    return np.where(air < 0, freezing_factor, thawing_factor) * air


def damping_depth(diffusivity: float) -> float:
    """Depth over which the annual wave falls to 1/e, in m: d = √(κ t / π), t one year.

    Examples
    --------
    >>> round(damping_depth(5e-7), 2)  # m
    2.24
    """
    return float(np.sqrt(diffusivity * YEAR / np.pi))


def soil_temperature(surface: np.ndarray, depth: np.ndarray, diffusivity: float) -> np.ndarray:
    """Monthly temperature at depth, in degC: conduction below a periodic surface temperature.

    The surface year is a sum of harmonics; at depth z the harmonic k is smaller by
    exp(-z √k / d) and later by the phase z √k / d (Carslaw & Jaeger 1959, Conduction of Heat in
    Solids, section 2.6). The annual mean is the same at all depths. No latent heat.

    Parameters
    ----------
    surface : array [site, month]
        Temperature of the ground surface, degC.
    depth : array [layer]
        Depth, m.
    diffusivity : float
        Thermal diffusivity, m2 s-1.

    Returns
    -------
    array [site, month, layer]
        Soil temperature, degC.

    Examples
    --------
    >>> surface = air_temperature(np.array([10.0]), np.array([16.0]))
    >>> soil_temperature(surface, np.array([0.0, 2.0]), 5e-7)[0, 6].round(1)  # in July
    array([18. , 12.1])
    """
    operator = _conduction(np.asarray(depth) / damping_depth(diffusivity))
    flat = np.asarray(surface) @ operator.reshape(MONTHS, -1)
    return flat.reshape(*flat.shape[:-1], MONTHS, len(depth))


def _conduction(depth: np.ndarray) -> np.ndarray:
    """Weights [month of the surface, month, layer] of the year at `depth` / damping depth [layer].

    Rows of the discrete Fourier transform, with the harmonics damped and delayed.
    """
    lag = np.arange(MONTHS) - np.arange(MONTHS)[:, None]
    weights = np.full((MONTHS, MONTHS, len(depth)), 1.0)
    for harmonic in range(1, MONTHS // 2 + 1):
        share = 1.0 if harmonic == MONTHS // 2 else 2.0
        fall = np.sqrt(harmonic) * depth
        angle = 2 * np.pi * harmonic * lag[:, :, None] / MONTHS
        weights += share * np.exp(-fall) * np.cos(angle - fall)
    return weights / MONTHS


def thaw_depth(surface: np.ndarray, conductivity: float, ice_content: float) -> np.ndarray:
    """Depth to which frozen ground thaws in summer, in m: Stefan's formula.

    Z = √(2 λ D / (θ ρ L)), D the heat of the thawing degree days (see Riseborough et al. 2008,
    Permafrost Periglac. Process. 19, 137-156, doi:10.1002/ppp.615).

    Parameters
    ----------
    surface : array [site, month]
        Temperature of the ground surface, degC.
    conductivity : float
        Conductivity of the thawed soil, W m-1 K-1.
    ice_content : float
        Ice to melt, m3 m-3.

    Examples
    --------
    >>> surface = air_temperature(np.array([-5.0]), np.array([30.0]))
    >>> thaw_depth(surface, 1.5, 0.4).round(1)
    array([1.4])
    """
    degree_days = (np.maximum(surface, 0.0) * DAYS).sum(axis=-1)
    heat = 2 * conductivity * SECONDS_PER_DAY * degree_days
    return np.sqrt(heat / (ice_content * WATER_DENSITY * FUSION))


def potential_evapotranspiration(air: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Annual potential evapotranspiration [site], in mm yr-1: `monthly_evapotranspiration`, summed.

    Examples
    --------
    >>> air = air_temperature(np.array([10.0]), np.array([16.0]))
    >>> potential_evapotranspiration(air, np.array([50.0])).round(0)
    array([639.])
    """
    return monthly_evapotranspiration(air, latitude).sum(axis=-1)


def monthly_evapotranspiration(air: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Potential evapotranspiration of each month, in mm month-1.

    PET = R_e / (λ ρ) (T + 5) / 100 in months warmer than -5 degC (Oudin et al. 2005, J. Hydrol.
    303, 290-306, doi:10.1016/j.jhydrol.2004.08.026), with the extraterrestrial radiation R_e of
    the middle day of the month. The formula is meant for days; here a month is one day.

    Parameters
    ----------
    air : array [site, month]
        Air temperature, degC.
    latitude : array [site]
        Latitude, degrees.

    Returns
    -------
    array [site, month]
        PET, mm month-1.

    Examples
    --------
    >>> air = air_temperature(np.array([10.0]), np.array([16.0]))
    >>> monthly_evapotranspiration(air, np.array([50.0]))[0, [0, 6]].round(0)
    array([  8., 117.])
    """
    demand = extraterrestrial_radiation(latitude) / VAPORISATION * (air + 5.0) / 100.0
    return np.maximum(demand, 0.0) * DAYS


def extraterrestrial_radiation(latitude: np.ndarray) -> np.ndarray:
    """Radiation at the top of the atmosphere [site, month], in MJ m-2 d-1.

    Allen et al. 1998 (FAO Irrigation and Drainage Paper 56), equations 21 to 25.

    Examples
    --------
    >>> extraterrestrial_radiation(np.array([50.0]))[0, [0, 5]].round(1)
    array([ 8.9, 41.7])
    """
    year = 2 * np.pi * _MIDDLE_DAY / 365
    declination = 0.409 * np.sin(year - 1.39)
    distance = 1 + 0.033 * np.cos(year)
    phi = np.radians(np.asarray(latitude, dtype=float))[..., None]
    cosine = np.clip(-np.tan(phi) * np.tan(declination), -1.0, 1.0)
    sunset = np.arccos(cosine)
    overhead = sunset * np.sin(phi) * np.sin(declination)
    sideways = np.cos(phi) * np.cos(declination) * np.sin(sunset)
    return 24 * 60 / np.pi * SOLAR_CONSTANT * distance * (overhead + sideways)


def wetness(precipitation: np.ndarray, pet: np.ndarray) -> np.ndarray:
    """Relative wetness of the soil, 0 to 1: S = x / √(1 + x²), x = P / PET.

    The annual evaporation over its demand by Turc 1954 (Ann. Agron. 5, 491-595) as changed by
    Pike 1964 (J. Hydrol. 2, 116-123). That the soil is as wet as this ratio is an assumption: the
    bucket of Manabe 1969 (Mon. Weather Rev. 97, 739-774), which evaporates in proportion to its
    water. 0 without rain, 1 without demand.

    Examples
    --------
    >>> wetness(np.array([400.0, 1200.0]), np.array([600.0, 600.0])).round(2)
    array([0.55, 0.89])
    """
    length = np.hypot(precipitation, pet)
    return np.divide(precipitation, length, out=np.zeros_like(length), where=length > 0)


def saturated_potential(sand: np.ndarray, clay: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Water potential at saturation (MPa) and exponent b of the retention curve.

    Cosby et al. 1984 (Water Resour. Res. 20, 682-690, doi:10.1029/WR020i006p00682), as in CLM5:
    ψ_s = -10 · 10^(1.88 - 0.0131 sand) mm and b = 2.91 + 0.159 clay; sand and clay in %.

    Examples
    --------
    >>> potential, exponent = saturated_potential(40.0, 20.0)
    >>> float(potential.round(5)), float(exponent.round(2))
    (-0.00223, 6.09)
    """
    millimetres = -10.0 * 10.0 ** (1.88 - 0.0131 * np.asarray(sand))
    gravity = 9.80616
    return millimetres * 1e-9 * WATER_DENSITY * gravity, 2.91 + 0.159 * np.asarray(clay)


def frozen_potential(temperature: np.ndarray) -> np.ndarray:
    """Highest water potential that is in balance with ice, in MPa: ρ L (T - T_f) / T.

    0 above the freezing point (Niu & Yang 2006, J. Hydrometeorol. 7, 937-952,
    doi:10.1175/JHM538.1; the supercooled water of CLM5). `temperature` in degC.

    Examples
    --------
    >>> frozen_potential(np.array([-1.0, 5.0])).round(2)
    array([-1.23,  0.  ])
    """
    cold = np.minimum(temperature, 0.0)
    return WATER_DENSITY * FUSION * 1e-6 * cold / (cold + FREEZING)


def moisture_scalar(potential: np.ndarray, low: float, high: float, floor: float) -> np.ndarray:
    """Moisture scalar W of CLM5, 0 to 1, of a water potential.

    W = ln(ψ_min / ψ) / ln(ψ_min / ψ_max), 1 above ψ_max and not less than `floor` (Andrén &
    Paustian 1987, Ecology 68, 1190-1200; Lawrence et al. 2019, doi:10.1029/2018MS001583).

    Parameters
    ----------
    potential : array
        Water potential ψ, MPa, 0 or less.
    low, high : float
        ψ_min and ψ_max, MPa.
    floor : float
        Lowest scalar.

    Examples
    --------
    >>> moisture_scalar(np.array([-0.001, -0.1, -5.0]), -10.0, -0.002, 0.05).round(2)
    array([1.  , 0.54, 0.08])
    """
    dryness = np.log(np.minimum(potential, high) / low) / np.log(high / low)
    return np.clip(dryness, floor, 1.0)
