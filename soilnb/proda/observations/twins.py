"""A generator of soil profiles: synthetic, of the right size, never evidence.

A place is a Köppen-Geiger zone (as often as in the table ``koppen_climate``) at a latitude of its
main class; climate, vegetation, productivity and texture follow the teaching planet's formulas.
Organic carbon is

    SOC(z) = S (0.1 + 0.9 exp(-z / h)),   S = 2.5 % exp(-0.04 (T - 10)) (P / 800)^0.4

with a fold depth h around 0.3 m; S, h and each layer scatter (lognormal). Radiocarbon falls evenly
with depth.
"""

import numpy as np
import pandas as pd

from soilnb.data import climate, planet, tables
from soilnb.data.profiles.density import bulk_density
from soilnb.parameters import check_range
from soilnb.profile import forcing

#: Latitudes (degrees) where the main classes of the zones lie.
LATITUDES = {"A": (0, 20), "B": (15, 45), "C": (28, 52), "D": (42, 65), "E": (62, 74)}

#: Depths of the layers, cm.
EDGES = np.array([0, 10, 20, 30, 50, 75, 100, 150, 200.0])


def layers(count: int = 60, seed: int = 2025) -> pd.DataFrame:
    """Return made-up soil layers with the columns of `soilnb.data.profiles.columns`.

    Parameters
    ----------
    count : int
        Number of profiles.
    seed : int
        Seed of the generator.

    Returns
    -------
    DataFrame
        One row for each layer, from the top; profiles have 5 to 8 layers.

    Raises
    ------
    InputError
        For a count outside 1 to 100,000.
    """
    count = int(check_range("count", count, 1, 100_000))
    rng = np.random.default_rng(seed)
    places = _places(rng, count)
    number = rng.integers(5, len(EDGES), count)
    owner = np.repeat(np.arange(count), number)
    layer = np.concatenate([np.arange(n) for n in number])
    middle = (EDGES[layer] + EDGES[layer + 1]) / 200
    mat, rain = places["temperature"].to_numpy(), places["precipitation"].to_numpy()
    surface = 2.5 * np.exp(-0.04 * (mat - 10)) * (rain / 800) ** 0.4 * rng.lognormal(0, 0.4, count)
    fold = rng.lognormal(np.log(0.3), 0.3, count)
    shape = 0.1 + 0.9 * np.exp(-middle / fold[owner])
    carbon = np.minimum(surface[owner] * shape * rng.lognormal(0, 0.1, len(owner)), 40)
    measured = rng.random(count)[owner] < 0.5
    earth = bulk_density(carbon) * rng.lognormal(0, 0.08, len(owner))
    table = places.iloc[owner].reset_index(drop=True)
    return table.assign(
        top=EDGES[layer],
        bottom=EDGES[layer + 1],
        organic_carbon=carbon,
        radiocarbon=80 - 450 * middle,
        sampling_year=2005,
        bulk_density=np.where(measured, earth, np.nan),
    )


def _places(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """One row for each profile: place, climate, vegetation, productivity, texture."""
    zones = tables.read("koppen_climate")
    share = zones["n"] * (zones["zone"] != "EF")
    zone = rng.choice(zones["zone"].to_numpy(dtype=np.str_), count, p=share / share.sum())
    low, high = np.array([LATITUDES[name[0]] for name in zone], dtype=float).T
    latitude = rng.uniform(low, high)
    latitude *= np.where((latitude < 50) & (rng.random(count) < 0.25), -1, 1)
    mat = climate.temperature(zone, latitude) + rng.normal(0, 1.5, count)
    rain = climate.precipitation(zone, latitude) * rng.lognormal(0, 0.2, count)
    sand, _, clay = planet.texture(mat, rain, rng)
    names = forcing.vegetation_names()
    igbp = tables.read("koppen_vegetation").set_index("zone")["igbp"].loc[zone]
    return pd.DataFrame(
        {
            "profile": [f"synthetic {number}" for number in range(1, count + 1)],
            "latitude": latitude,
            "longitude": rng.uniform(-180, 180, count),
            "temperature": mat,
            "precipitation": rain,
            "npp": planet.miami_npp(mat, rain) * rng.lognormal(0, 0.2, count),
            "sand": 100 * sand,
            "clay": 100 * clay,
            "climate": zone,
            "vegetation": [names[number] for number in igbp],
            "study": [f"synthetic study {number}" for number in rng.integers(1, 9, count)],
        }
    )
