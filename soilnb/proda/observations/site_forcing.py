"""From a profile's own numbers to the forcing at its place.

========================  ===================================================================
argument of the forcing   where it comes from
========================  ===================================================================
MAT, precipitation        the profile; else the climate formulas of `soilnb.data.climate` of its
                          Köppen-Geiger zone and latitude
zone                      the profile; else the zone map at its latitude and longitude
seasonality               latitude and zone (`soilnb.profile.forcing.seasonality`)
seasonality of rain       zone (`soilnb.profile.forcing.rain_seasonality`)
NPP                       the profile; else the Miami model of MAT and precipitation
sand, clay                the profile; else 40 % sand, and of the rest 40 % clay (assumptions)
vegetation                the profile; else the class that stands for the zone on the teaching
                          planet, else grassland
bedrock                   none
========================  ===================================================================

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import numpy as np
import xarray as xr

from soilnb.data import climate, rasters, tables
from soilnb.parameters import InputError, check_known, unknown
from soilnb.profile import forcing

#: The cell of the zone map that a profile lies in, degrees.
POINT = (1 / 36, 1 / 36)


def forcing_at(
    observations: xr.Dataset,
    *,
    npp: str = "profile",
    variant: str = "annual",
    parameters: object = "stated",
) -> xr.Dataset:
    """Return the forcing at observed profiles, in their order.

    The sources of each number stand in the description of `soilnb.proda.observations.site_forcing`.

    Parameters
    ----------
    observations : Dataset
        Profiles as from `soilnb.proda.observations`.
    npp : {"profile", "miami"}
        Whether to use the profile's own productivity where it has one.
    variant : {"annual", "monthly"}
        Where water and oxygen come from (`soilnb.profile.forcing.from_climate`).
    parameters : str or mapping
        Constants of the formulas (`soilnb.profile.forcing.from_climate`).

    Returns
    -------
    Dataset
        A forcing over ``site``, labelled by the profile. The attribute ``assumed`` says how many
        profiles take which number from elsewhere; the provenance is that of the observations.

    Raises
    ------
    InputError
        For a profile without latitude, or without climate and without a zone.

    Examples
    --------
    >>> from soilnb.proda import observations
    >>> place = forcing_at(observations.twin_profiles(3))
    >>> place.sizes["site"], place.attrs["provenance"]
    (3, 'synthetic')
    """
    check_known("value of npp", npp, ("profile", "miami"))
    _check_latitude(observations)
    latitude = _along(observations, "latitude")
    zone = _zones(observations)
    filled: dict[str, np.ndarray] = {}
    mat = _filled(observations, "temperature", lambda: climate.temperature(zone, latitude), filled)
    rain = _filled(
        observations, "precipitation", lambda: climate.precipitation(zone, latitude), filled
    )
    _check_climate(observations, mat, rain)
    carbon = forcing.miami(mat, rain)
    if npp == "profile":
        carbon = _filled(observations, "npp", lambda: forcing.miami(mat, rain), filled)
    sand = _filled(observations, "sand", lambda: np.full(len(zone), forcing.SAND), filled)
    share = forcing.PARAMETER_SETS["stated"]["clay_share"]
    clay = _filled(observations, "clay", lambda: share * (100 - sand), filled)
    made = forcing.from_climate(
        mat,
        forcing.seasonality(latitude, zone),
        rain,
        carbon,
        sand,
        latitude=latitude,
        clay=np.minimum(clay, 100 - sand),
        vegetation=_vegetation(observations, zone, filled),
        variant=variant,
        rain_seasonality=forcing.rain_seasonality(zone),
        parameters=parameters,
        site=observations["profile"].values,
    )
    counts = [f"{name} at {where.sum()}" for name, where in filled.items() if where.any()]
    return made.assign_attrs(
        title="forcing at soil profiles",
        provenance=observations.attrs.get("provenance", "unknown"),
        assumed=f"of {len(zone)} profiles: {', '.join(counts) or 'none'}",
    )


def _along(observations: xr.Dataset, name: str) -> np.ndarray:
    """Values [profile] of a coordinate, which is a scalar where one profile was picked."""
    return np.broadcast_to(observations[name].values, (observations.sizes["profile"],))


def _filled(observations: xr.Dataset, name: str, default: object, filled: dict) -> np.ndarray:
    """Own values of the profiles [profile], with `default()` where there is none."""
    size = observations.sizes["profile"]
    own = observations[name].values if name in observations else np.full(size, np.nan)
    filled[name] = np.isnan(own)
    return np.where(filled[name], default(), own) if filled[name].any() else own


def _zones(observations: xr.Dataset) -> np.ndarray:
    """Köppen-Geiger zone of each profile, ``""`` where neither profile nor map has one."""
    size = observations.sizes["profile"]
    zone = np.full(size, "", dtype="<U5")
    if "climate" in observations.variables:
        known = tables.read("koppen_climate")["zone"].to_numpy()
        for name in np.unique(observations["climate"].values).tolist():
            if name and name not in known:
                raise unknown("Köppen-Geiger zone", name, known)
        zone[:] = observations["climate"].values
    longitude = _along(observations, "longitude")
    ask = (zone == "") & np.isfinite(longitude)
    if ask.any():
        east = (longitude[ask] + 180) % 360 - 180
        zone[ask] = rasters.koppen_zones(_along(observations, "latitude")[ask], east, POINT)
    return zone


def _vegetation(observations: xr.Dataset, zone: np.ndarray, filled: dict) -> np.ndarray:
    """Vegetation of each profile as a class of the table litter_split."""
    size = observations.sizes["profile"]
    own = np.full(size, "", dtype=object)
    if "vegetation" in observations.variables:
        own[:] = observations["vegetation"].values
    filled["vegetation"] = own == ""
    stands_for = tables.read("koppen_vegetation").set_index("zone")["igbp"]
    names = forcing.vegetation_names()
    for row in np.flatnonzero(filled["vegetation"]):
        own[row] = names[int(stands_for[zone[row]])] if zone[row] else "grassland"
    return own.astype(np.str_)


def _check_latitude(observations: xr.Dataset) -> None:
    if "latitude" not in observations.variables:
        raise InputError("the observations have no latitude: allowed those of observations")
    latitude = _along(observations, "latitude")
    missing = np.isnan(latitude)
    if missing.any():
        name = str(observations["profile"].values[missing][0])
        raise InputError(
            f"profile {name!r} has no latitude ({missing.sum()} of {len(missing)} profiles): "
            "needed for the season and for evapotranspiration"
        )


def _check_climate(observations: xr.Dataset, mat: np.ndarray, rain: np.ndarray) -> None:
    missing = ~(np.isfinite(mat) & np.isfinite(rain))
    if missing.any():
        name = str(observations["profile"].values[missing][0])
        raise InputError(
            f"profile {name!r} has no temperature or precipitation and no climate zone "
            f"({missing.sum()} of {len(missing)} profiles): allowed either, or a place on land"
        )
