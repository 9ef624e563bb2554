"""Synthetic twins of data sets of measurements: same schema, similar moments, no evidence.

Medians, spreads and counts are those that the real tables have; every record is drawn. Each twin
takes the seed of its generator and returns a Dataset with the variables of its schema
(`soilnb.data.schemas`). The twin of the global grid is the teaching planet (`soilnb.data.planet`).
"""

import numpy as np
import xarray as xr

from soilnb.data.schemas import ATMOSPHERE14C, CUE, INCUBATIONS, LAYERS, ROOTS, SILSOE, TURNOVER
from soilnb.schema import build

#: Substrates of the twin with their shares among the records without labelled water.
_SUBSTRATES = {
    "glucose": 0.44,
    "amino acid": 0.24,
    "plant residue+n": 0.06,
    "other acid": 0.06,
    "glucose+n": 0.04,
    "inorganic n": 0.04,
    "plant residue": 0.06,
    "glucose+c": 0.03,
    "high molecular": 0.03,
}

#: Boxes of latitude and longitude (south, north, west, east) where most measurements lie: of CUE,
#: and at depth.
_REGIONS = ((33, 52, -120, -78), (42, 62, -3, 35), (27, 45, 95, 118), (-33, -22, 120, 148))
_AT_DEPTH = (*_REGIONS[:3], (-20, 5, -65, -45))

#: Turnover times: biome -> profiles, median of each layer (yr), spread of the logarithm.
_BIOMES = {
    "Boreal forests": (68, (245, 1030, 4320, 6370, 8270), 1.3),
    "Crops": (99, (27, 47, 75, 94, 111), 1.0),
    "Deserts": (27, (32, 60, 95, 120, 119), 0.8),
    "Mediterranean/Montane shrublands": (151, (37, 62, 98, 111, 109), 0.7),
    "Temperate forests": (126, (46, 73, 132, 143, 156), 1.1),
    "Temperate grasslands": (25, (25, 36, 62, 72, 85), 0.3),
    "Tropical/Subtropical forests": (334, (25, 47, 77, 114, 136), 1.1),
    "Tropical/Subtropical grasslands/savannas": (36, (20, 29, 43, 61, 88), 0.5),
    "Tundra": (44, (164, 400, 1960, 3720, 6250), 1.1),
}

#: Carbon by climate: content at the surface and at depth (%), e-folding depth (cm), profiles.
_CLIMATES = {
    "arid": (0.95, 0.12, 40, 40),
    "cold temperate": (5.2, 0.40, 20, 120),
    "tropical": (2.0, 0.40, 25, 90),
    "tundra/polar": (4.4, 1.0, 45, 20),
    "volcanic soils": (27, 8.0, 30, 40),
    "warm temperate": (3.8, 0.45, 23, 170),
}


def _places(
    rng: np.random.Generator, count: int, regions: tuple = _AT_DEPTH
) -> dict[str, np.ndarray]:
    south, north, west, east = np.array(regions, dtype=float)[rng.integers(0, 4, count)].T
    return {"latitude": rng.uniform(south, north), "longitude": rng.uniform(west, east)}


def cue_twin(seed: int = 2025) -> xr.Dataset:
    """Return made-up carbon use efficiencies, over `record` (826 rows).

    CUE is beta distributed around a line in incubation temperature, with the count, the mean,
    the spread and the slope that the real table has for each method (208 records 0.334 ±
    0.181, -0.0048 per degC; 618 records 0.527 ± 0.249, -0.018 per degC).
    """
    rng = np.random.default_rng(seed)
    water = _incubations(rng, 208, (16.7, 4.7), mean=0.334, spread=0.181, slope=-0.0048)
    carbon = _incubations(rng, 618, (19.0, 6.4), mean=0.527, spread=0.249, slope=-0.018)
    temperature, cue = np.hstack([water, carbon])
    count = len(cue)
    shares = np.array(list(_SUBSTRATES.values()))
    substrate = rng.choice(list(_SUBSTRATES), 618, p=shares / shares.sum())
    arrays = _places(rng, count, _REGIONS) | {
        "cue": cue,
        "substrate": np.concatenate([np.full(208, "h2o"), substrate]),
        "method": np.repeat(["18O", "substrate"], [208, 618]),
        "temperature": temperature,
        "mat": rng.normal(9.5, 4.8, count),
        "aridity_index": rng.gamma(2.5, 0.34, count),
        "soc": rng.gamma(5.9, 6.9, count),
        "carbon_to_nitrogen": rng.gamma(6.0, 2.65, count),
        "fungi_to_bacteria": rng.gamma(14.0, 0.374, count),
        "author": np.char.add("synthetic study ", rng.integers(1, 25, count).astype(str)),
        "title": np.full(count, "synthetic record"),
    }
    return build(CUE, arrays, np.arange(1, count + 1))


def _incubations(
    rng: np.random.Generator,
    count: int,
    temperatures: tuple[float, float],
    mean: float,
    spread: float,
    slope: float,
) -> np.ndarray:
    """Temperature (degC) and CUE of incubations, shape [2, count]."""
    centre, width = temperatures
    temperature = np.clip(np.round(rng.normal(centre, width, count)), 1, 30)
    expected = np.clip(mean + slope * (temperature - temperature.mean()), 0.05, 0.95)
    scatter = spread**2 - np.var(expected)
    precision = expected * (1 - expected) / scatter - 1
    cue = rng.beta(expected * precision, (1 - expected) * precision)
    return np.array([temperature, np.clip(np.round(cue, 3), 0.01, 0.99)])


def roots_twin(seed: int = 2025) -> xr.Dataset:
    """Return made-up root profiles, over `profile` (560 rows).

    D95 and D95 / D50 are lognormal with the medians 0.87 m and 6 and the spreads of the real
    ones, so that D50 has the median 0.14 m.
    """
    rng = np.random.default_rng(seed)
    count = 560
    d95 = 0.87 * np.exp(rng.normal(0, 0.74, count))
    d50 = d95 / np.exp(np.clip(rng.normal(1.8, 0.6, count), 0.3, 4))
    shorter = rng.uniform(0.5, 0.9, count)
    forest = rng.random(count) < 0.45
    arrays = _places(rng, count) | {
        "d50": d50 * np.sqrt(shorter),
        "d95": d95 * shorter,
        "d50_extrapolated": d50,
        "d95_extrapolated": d95,
        "sampled_depth": np.round(d95 * rng.uniform(0.6, 1.4, count), 2),
        "precipitation": np.round(rng.gamma(1.6, 640, count) + 80),
        "evaporation": np.round(rng.normal(1040, 330, count).clip(200)),
        "measurement": rng.choice(["mass", "number", "length"], count, p=[0.77, 0.15, 0.08]),
        "texture": rng.choice(["coarse", "medium", "fine"], count, p=[0.3, 0.45, 0.25]),
        "vegetation": np.where(forest, "forest", "grassland"),
    }
    return build(ROOTS, arrays, [f"synthetic {number}" for number in range(1, count + 1)])


def turnover_twin(seed: int = 2025) -> xr.Dataset:
    """Return made-up turnover times, over `profile` (910 rows), and carbon by climate.

    Times are lognormal within a biome, with one deviation per profile and a small one per
    layer. A few are missing, as in the real table. Cold biomes are an eighth of the profiles
    and make the mean many times the median.
    """
    rng = np.random.default_rng(seed)
    biomes = np.repeat(list(_BIOMES), [count for count, _, _ in _BIOMES.values()])
    medians = np.array([_BIOMES[biome][1] for biome in biomes], dtype=float)
    spread = np.array([_BIOMES[biome][2] for biome in biomes])
    count, layers = medians.shape
    common = np.cumsum(rng.normal(0, [0.75, 0.25, 0.25, 0.1, 0.1], (count, layers)), axis=1)
    times = medians * np.exp(common * spread[:, None])
    times[rng.random(count) < 0.02, 2:] = np.nan
    carbon, profiles = _climates()
    arrays = _places(rng, count) | {
        "biome": biomes,
        "turnover_time": np.round(times, 1),
        "mean_age": np.round(times * np.exp(rng.normal(1.5, 0.5, (count, 1))), 1),
        "organic_carbon": carbon,
        "profiles": profiles,
    }
    return build(TURNOVER, arrays, [f"synthetic {number}" for number in range(1, count + 1)])


def atmosphere14c_twin(seed: int = 2025) -> xr.Dataset:
    """Return a made-up radiocarbon of the air: what shaped the real one, each as one formula.

    A decline over ten thousands of years as the magnetic field grew, coal and oil without
    radiocarbon until 1955, the bombs with their peak in the north in 1964, and what is left of it
    since. The noise is that of a year.
    """
    rng = np.random.default_rng(seed)
    years = np.concatenate([np.arange(-53050.0, 1850.0, 20.0), np.arange(1850.5, 2016.0)])
    late = np.maximum(years - 1850.0, 0.0)
    air = 520.0 * np.clip(-years / 53050.0, 0.0, 1.0) ** 0.8 - 25.0 * np.minimum(late / 105, 1) ** 3
    zones = []
    for peak, height in ((1964.5, 850.0), (1965.5, 700.0), (1966.5, 640.0)):
        rise = np.clip((years - 1955.0) / (peak - 1955.0), 0.0, 1.0) ** 2
        fall = np.exp(-np.maximum(years - peak, 0.0) / 17.0)
        zones.append(air + height * rise * fall)
    delta = np.stack(zones, axis=1) + rng.normal(0.0, 1.5, (years.size, 1))
    return build(ATMOSPHERE14C, {"delta14c": np.round(delta, 1)}, years)


def _climates() -> tuple[np.ndarray, np.ndarray]:
    """Carbon (%) and number of profiles, both [climate, depth]."""
    depth = np.array(TURNOVER.labels["depth"], dtype=float)
    rows = [_CLIMATES[climate] for climate in TURNOVER.labels["climate"]]
    carbon = [deep + (top - deep) * np.exp(-depth / fold) for top, deep, fold, _ in rows]
    return np.array(carbon), np.array([np.full(depth.size, n) for *_, n in rows])


def silsoe_twin(seed: int = 2025) -> xr.Dataset:
    """Return a made-up field trial, over `sample` (216 rows) and `core` (180 rows).

    The design of the real trial: three blocks, trees with cropped or fallow alleys at five
    distances, an arable control; roots of the last year only. Carbon and roots fall with depth
    and scatter without a relation between them at one depth.
    """
    rng = np.random.default_rng(seed)
    spots = [(f"{b}{t}T", f"B{b}", t, d) for b in (1, 2, 3) for t in "CF" for d in range(5)]
    spots += [(f"C{b}{i}", f"B{b}", "Control", np.nan) for b in (1, 2, 3) for i in (1, 2)]
    depth = np.array([5, 16, 30, 50, 83, 128.0])
    thickness = np.array([10, 10, 20, 20, 45, 45.0])
    soil = _trial(spots, depth, offset=0.5)
    content = np.tile([3.4, 3.2, 1.9, 0.95, 0.55, 0.47], len(spots))
    core_depth = np.array([15, 45, 75, 105, 135.0])
    cores = _trial(spots, core_depth, offset=0.0)
    length = np.tile([7.0, 1.7, 1.2, 0.9, 0.7], len(spots)) * rng.lognormal(0, 0.6, len(spots) * 5)
    arrays = soil | {f"root_{name}": column for name, column in cores.items()}
    arrays |= {
        "thickness": np.tile(thickness, len(spots)),
        "organic_carbon": content * rng.lognormal(-0.02, 0.25, content.size),
        "bulk_density": rng.normal(1.34, 0.12, content.size),
        "root_year": np.full(length.size, 2011),
        "root_length": length,
        "root_mass": 0.13 * length * rng.lognormal(-0.1, 0.4, length.size),
    }
    return build(SILSOE, arrays, np.arange(1, content.size + 1))


def _trial(spots: list[tuple], depth: np.ndarray, offset: float) -> dict[str, np.ndarray]:
    columns = zip(*[spot for spot in spots for _ in depth], strict=True)
    tree, block, treatment, distance = (np.array(column) for column in columns)
    return {
        "tree": tree,
        "block": block,
        "treatment": treatment,
        "distance": distance + offset,
        "depth": np.tile(depth, len(spots)),
    }


def incubations_twin(seed: int = 2025) -> xr.Dataset:
    """Return made-up incubations, over `observation`.

    Twenty profiles at four depths of which the deepest respires about half as much per carbon
    as the topmost; a subsoil with and without cellulose; two depths, sieved and not.
    """
    rng = np.random.default_rng(seed)
    jars = [
        (f"profile {i}", "", depth, 25.0, carbon, share * rng.lognormal(0, 0.3))
        for i in range(1, 21)
        for depth, carbon, share in (
            (5, 0.015, 60),
            (20, 0.013, 42),
            (45, 0.009, 34),
            (80, 0.005, 28),
        )
    ]
    jars += [("grassland", f"cellulose: {what}", 70, 20.0, 0.023, share)
             for what, share in (("control", 4.2), ("cellulose_amended", 7.4))]  # fmt: skip
    jars += [("arable", f"disturbance: {what}; oxygen: 19", depth, 20.0, carbon, share)
             for depth, carbon, shares in ((7.5, 0.012, (19, 20)), (90, 0.003, (9, 31)))
             for what, share in zip(("undisturbed", "sieved"), shares, strict=True)]  # fmt: skip
    days = np.array([1, 2, 4, 7, 14, 21, 30, 45, 60, 75, 90.0])
    course = 1 - np.exp(-days / 45)
    return _jars(jars, days, course / course[-1])


def _jars(jars: list[tuple], days: np.ndarray, course: np.ndarray) -> xr.Dataset:
    count = len(days)
    profile, treatment, depth, temperature, carbon, share = zip(*jars, strict=True)
    respired = np.concatenate([amount * course for amount in share])
    text = {
        "study": ["synthetic"] * len(jars),
        "doi": [""] * len(jars),
        "series": [f"jar {number}" for number in range(1, len(jars) + 1)],
        "site": profile,
        "profile": profile,
        "treatment": treatment,
        "depth": depth,
        "temperature": temperature,
        "soil_carbon": carbon,
        "unit": ["mgC/gC"] * len(jars),
    }
    arrays = {name: np.repeat(np.array(column), count) for name, column in text.items()}
    # As in the real studies of treatments, whose units are doubtful.
    known = np.where(arrays["treatment"] == "", respired, np.nan)
    arrays |= {"time": np.tile(days, len(jars)), "value": respired, "respired": known}
    return build(INCUBATIONS, arrays, np.arange(1, respired.size + 1))


def layers_twin(seed: int = 2025) -> xr.Dataset:
    """Return made-up soil profiles with the schema of `israd`, over `layer`.

    No data set of the registry has this twin: `soilnb.data.by_layer.soil_layers` uses it where
    `israd`, which is local only, is not at hand.
    """
    rng = np.random.default_rng(seed)
    edges = np.array([0, 10, 20, 30, 50, 80, 120, 160, 200.0])
    profiles, layers = 80, edges.size - 1
    middle = (edges[1:] + edges[:-1]) / 2
    top = rng.lognormal(np.log(2.4), 0.6, (profiles, 1))
    fold = rng.lognormal(np.log(30), 0.35, (profiles, 1))
    carbon = (
        top * (0.12 + 0.88 * np.exp(-middle / fold)) * rng.lognormal(0, 0.15, (profiles, layers))
    )
    density = np.clip(1.15 + 0.003 * middle + rng.normal(0, 0.1, (profiles, layers)), 0.6, 1.7)
    place = {name: np.repeat(x, layers) for name, x in _places(rng, profiles).items()}
    size = profiles * layers
    arrays = place | {
        "profile": np.repeat([f"synthetic {i}" for i in range(1, profiles + 1)], layers),
        "study": np.full(size, "synthetic"),
        "treatment": np.full(size, "control"),
        "top": np.tile(edges[:-1], profiles),
        "bottom": np.tile(edges[1:], profiles),
        "organic_carbon": carbon.ravel(),
        "bulk_density": density.ravel(),
        "bulk_density_total": np.full(size, np.nan),
        "coarse_fragments": np.full(size, np.nan),
        "bulk_density_map": density.ravel(),
        "clay": np.repeat(rng.uniform(0.05, 0.5, profiles), layers),
        "sand": np.repeat(rng.uniform(0.1, 0.5, profiles), layers),
        "radiocarbon": np.tile(60 - 5.0 * middle, profiles),
        "sampling_year": np.full(size, 2005.0),
        "temperature": np.repeat(rng.normal(14, 7, profiles), layers),
        "precipitation": np.repeat(rng.gamma(2.4, 480, profiles), layers),
        "gpp": np.repeat(rng.gamma(4.5, 0.73, profiles), layers),
        "koppen": np.full(size, "Cfb"),
        "soil_order": np.full(size, ""),
        "land_cover": np.full(size, "synthetic"),
    }
    return build(LAYERS, arrays, np.arange(1, size + 1))
