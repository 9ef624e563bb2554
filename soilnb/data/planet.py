"""The teaching planet: a global grid that needs no download.

Where land is, and in which Köppen-Geiger zone, is real (`soilnb.data.rasters`). All else
follows from stated formulas, so that a student can trace every number:

=================  ============================================================================
variable           formula
=================  ============================================================================
``area``           R² Δλ (sin φ_north - sin φ_south) x land fraction, R = 6371 km
``temperature``    zone intercept + slope x abs(latitude) (`soilnb.data.climate`)
``precipitation``  the same for its logarithm
``vegetation``     the IGBP class that stands for the zone (an assumption; a table)
``npp``            Miami model x 0.5 g carbon per g; 0 on ice and barren land (`miami_npp`)
``lignin``         by vegetation class, as is ``lignin_to_n`` (table ``litter_quality``)
``clay``, ...      weathering rises with warmth and rain, plus seeded scatter (`texture`)
``mimics_carbon``  NPP x a residence time that falls with temperature (`pool_carbon`)
=================  ============================================================================

The last two are *synthetic*: of the right size, never evidence. The list of variables with
units and meanings is `soilnb.data.schemas.TESTBED`; the reader of the real grid keeps to it too.
"""

import numpy as np
import xarray as xr

from soilnb.data import climate, rasters, tables
from soilnb.data.schemas import TESTBED
from soilnb.schema import build

#: Radius of the sphere with the earth's surface, in m.
EARTH_RADIUS = 6.371e6

#: Default cell size in latitude and longitude, degrees: about as many cells as the testbed.
SIZE = (2.0, 2.5)

#: Cells with less land than this share are left out.
LEAST_LAND = 0.05

#: IGBP classes without plant carbon input: snow and ice, barren, ice or water.
BARE = (15, 16, 17)

#: Synthetic shares of the MIMICS pools (LITm LITs MICr MICK SOMp SOMc SOMa) in the total.
POOL_SHARES = np.array([0.09, 0.29, 0.005, 0.005, 0.11, 0.30, 0.20])


def teaching_planet(size: tuple[float, float] = SIZE, seed: int = 2025) -> xr.Dataset:
    """Build the planet.

    Parameters
    ----------
    size : tuple of two floats
        Cell size in latitude and longitude, degrees; whole cells must fill the globe.
    seed : int
        Seed of the scatter of texture.

    Returns
    -------
    Dataset
        Over `cell`, numbered from the south-west; variables as in `TESTBED`.

    Raises
    ------
    InputError
        For a cell size that does not fill the globe.
    """
    latitude, longitude, area = _land_cells(size)
    zone = rasters.koppen_zones(latitude, longitude, size)
    known = zone != ""
    latitude, longitude, area, zone = (x[known] for x in (latitude, longitude, area, zone))

    temperature = climate.temperature(zone, latitude)
    precipitation = climate.precipitation(zone, latitude)
    vegetation = tables.read("koppen_vegetation").set_index("zone")["igbp"].loc[zone].to_numpy()
    vegetated = ~np.isin(vegetation, BARE)
    npp = np.where(vegetated, miami_npp(temperature, precipitation), 0.0)
    sand, silt, clay = texture(temperature, precipitation, np.random.default_rng(seed))
    lignin, lignin_to_n = litter_quality(vegetation)
    carbon = pool_carbon(npp, temperature)
    carbon[~vegetated] = np.nan
    arrays = {
        "latitude": latitude,
        "longitude": longitude,
        "area": area,
        "vegetation": vegetation,
        "vegetated": vegetated,
        "sand": sand,
        "silt": silt,
        "clay": clay,
        "npp": npp,
        "koppen": zone,
        "temperature": temperature,
        "precipitation": precipitation,
        "lignin": lignin,
        "lignin_to_n": lignin_to_n,
        "mimics_carbon": carbon,
    }
    planet = name_vegetation(build(TESTBED, arrays, np.arange(1, len(latitude) + 1)))
    planet.attrs |= {"cell_size": [float(step) for step in size], "seed": seed}
    return planet


def _land_cells(size: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitude, longitude (degrees) and land area (m2) of the cells with land."""
    land = rasters.land_fraction(size)
    rows, columns = land.shape
    south = np.linspace(-90, 90, rows + 1)
    centre = np.linspace(-180, 180, columns + 1)[:-1] + 180 / columns
    band = EARTH_RADIUS**2 * np.radians(360 / columns) * np.diff(np.sin(np.radians(south)))
    row, column = np.nonzero(land >= LEAST_LAND)
    middle = (south[:-1] + south[1:]) / 2
    return middle[row], centre[column], band[row] * land[row, column]


def miami_npp(temperature: np.ndarray, precipitation: np.ndarray) -> np.ndarray:
    """Net primary production, in g C m-2 yr-1: the Miami model, the scarcer of two limits.

    3000 / (1 + exp(1.315 - 0.119 T)) and 3000 (1 - exp(-0.000664 P)) g dry mass m-2 yr-1
    (Lieth 1975, in: Primary Productivity of the Biosphere, Springer, 237-263), times 0.5 g
    carbon per g dry mass.

    Parameters
    ----------
    temperature : array
        Mean annual temperature, degC.
    precipitation : array
        Mean annual precipitation, mm yr-1.

    Returns
    -------
    array
        NPP, g C m-2 yr-1.
    """
    warmth = 3000 / (1 + np.exp(1.315 - 0.119 * np.asarray(temperature)))
    rain = 3000 * (1 - np.exp(-0.000664 * np.asarray(precipitation)))
    return 0.5 * np.minimum(warmth, rain)


def texture(
    temperature: np.ndarray, precipitation: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sand, silt and clay fractions (synthetic): clay rises with weathering.

    Weathering w = (1 - exp(-P / 1000)) / (1 + exp((10 - T) / 8)) runs from 0 (cold or dry) to
    1; logit(clay) = -1.9 + 1.7 w, and silt takes the share 1 / (1 + exp(0.3 + 0.8 w)) of what
    is not clay. Both logits scatter with standard deviation 0.45.

    Parameters
    ----------
    temperature, precipitation : array [cell]
        Mean annual temperature (degC) and precipitation (mm yr-1).
    rng : numpy.random.Generator
        Source of the scatter.

    Returns
    -------
    sand, silt, clay : array [cell]
        Fractions that sum to 1.
    """
    weathering = (1 - np.exp(-precipitation / 1000)) * _expit((temperature - 10) / 8)
    scatter = rng.normal(0, 0.45, (2, len(weathering)))
    clay = _expit(-1.9 + 1.7 * weathering + scatter[0])
    silt = (1 - clay) * _expit(-0.3 - 0.8 * weathering + scatter[1])
    return 1 - clay - silt, silt, clay


def pool_carbon(npp: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Carbon of the seven MIMICS pools, in g C m-2 (synthetic): input x residence time.

    The residence time is 25 years at 15 degC, with a Q10 of 1.7; the pools share the total
    in fixed proportions (`POOL_SHARES`).

    Parameters
    ----------
    npp : array [cell]
        Carbon input, g C m-2 yr-1.
    temperature : array [cell]
        Mean annual temperature, degC.

    Returns
    -------
    array [cell, pool]
        Carbon, g C m-2.
    """
    residence = 25.0 * 1.7 ** ((15.0 - temperature) / 10.0)
    return (npp * residence)[:, None] * POOL_SHARES


def litter_quality(vegetation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lignin (g per g carbon) and lignin:N (g per g) of leaf litter, by vegetation class.

    Lignin:N = lignin x leaf C:N / share of leaf nitrogen that passes to litter; values and
    source in the table ``litter_quality``. Roots and wood are left out.

    Parameters
    ----------
    vegetation : array of int [cell]
        IGBP class, 1 to 18.

    Returns
    -------
    lignin, lignin_to_n : array [cell]
        Lignin per carbon and per nitrogen.
    """
    table = tables.read("litter_quality").set_index("igbp").loc[vegetation]
    nitrogen_per_carbon = table["litter_nitrogen_share"] / table["leaf_carbon_to_nitrogen"]
    return table["lignin"].to_numpy(), (table["lignin"] / nitrogen_per_carbon).to_numpy()


def name_vegetation(dataset: xr.Dataset) -> xr.Dataset:
    """Add the names of the IGBP classes to the attributes of ``vegetation`` (CF flags)."""
    table = tables.read("litter_quality")
    dataset["vegetation"].attrs |= {
        "flag_values": table["igbp"].to_list(),
        "flag_meanings": " ".join(name.replace(" ", "_") for name in table["name"]),
        "litter_source": table.attrs["source"],
    }
    return dataset


def _expit(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
