"""Synthetic twins of data sets of measurements: same schema, similar moments, no evidence.

The twin of the global grid is the teaching planet (`soilnb.data.planet`).
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from soilnb.schema import CUE, build

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

#: Boxes of latitude and longitude (south, north, west, east) where most measurements lie.
_REGIONS = ((33, 52, -120, -78), (42, 62, -3, 35), (27, 45, 95, 118), (-33, -22, 120, 148))


def cue_twin(seed: int = 2025) -> xr.Dataset:
    """Return made-up carbon use efficiencies, over `record` (826 rows).

    CUE is beta distributed around a line in incubation temperature, with the count, the mean,
    the spread and the slope that the real table has for each method (208 records 0.334 ±
    0.181, -0.0048 per degC; 618 records 0.527 ± 0.249, -0.018 per degC).

    Parameters
    ----------
    seed : int
        Seed of the generator.

    Returns
    -------
    Dataset
        Variables as in `soilnb.schema.CUE`.
    """
    rng = np.random.default_rng(seed)
    water = _incubations(rng, 208, (16.7, 4.7), mean=0.334, spread=0.181, slope=-0.0048)
    carbon = _incubations(rng, 618, (19.0, 6.4), mean=0.527, spread=0.249, slope=-0.018)
    temperature, cue = np.hstack([water, carbon])
    count = len(cue)
    shares = np.array(list(_SUBSTRATES.values()))
    substrate = rng.choice(list(_SUBSTRATES), 618, p=shares / shares.sum())
    south, north, west, east = np.array(_REGIONS, dtype=float)[rng.integers(0, 4, count)].T
    arrays = {
        "latitude": rng.uniform(south, north),
        "longitude": rng.uniform(west, east),
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
