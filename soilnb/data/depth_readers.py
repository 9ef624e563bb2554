"""Readers of what is known of carbon at depth: roots, turnover times, a field trial, CLM5.

Each takes the folder with the files, as those of `soilnb.data.readers` do. The incubations of
`sidb` have a module of their own, `soilnb.data.incubations`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import schema

#: What stands for a missing value in the table of roots.
_MISSING = -999

#: The file of carbon by climate; it has no address upstream, so it may be absent.
_BY_CLIMATE = "sierra2024_isrd_soc_depth_climate.csv"


def read_roots(folder: Path) -> xr.Dataset:
    """Return root profiles by the depths of 50 and 95 % of the roots, over `profile` (564 rows).

    ``-999`` is a missing value, and so is a depth of 0 m: half of the roots of a plant cannot
    lie at the surface.
    """
    table = pd.read_csv(folder / "schenk_jackson_root_profiles_D50D95.csv").replace(
        {_MISSING: np.nan, str(_MISSING): np.nan}
    )
    depths = ["D50", "D95", "D50_extrapolated", "D95_extrapolated"]
    arrays = {name.lower(): table[name].where(table[name] > 0) for name in depths}
    arrays |= {
        "latitude": table["latitude"],
        "longitude": table["longitude"],
        "sampled_depth": table["Sampdepth"],
        "precipitation": table["MAP"],
        "evaporation": table["PET"],
        "measurement": _text(table["Measurement"]),
        "texture": _text(table["Texture"]),
        "vegetation": _text(table["Vegetation"]),
    }
    return schema.build(schema.ROOTS, arrays, _text(table["ID"]))


def read_turnover(folder: Path) -> xr.Dataset:
    """Return turnover times and ages by layer, over `profile` (910 rows).

    A turnover time of 0 years is a code for a missing value and becomes NaN. The published
    means count these zeros in. Median carbon profiles by climate stand over `climate` and
    `depth` (cm); they are NaN where their file, which has no address upstream, is absent.
    """
    table = pd.read_csv(folder / "sierra2024_profiles_age_tau_5layers.csv")
    bottoms = [name.split("-")[1] for name in schema.TURNOVER_LAYERS]
    times = table[[f"TransitTime_{bottom}" for bottom in bottoms]].to_numpy(dtype=float)
    carbon, profiles = _by_climate(folder / _BY_CLIMATE)
    arrays = {
        "latitude": table["pro_lat"],
        "longitude": table["pro_long"],
        "biome": _text(table["Biome"]),
        "turnover_time": np.where(times > 0, times, np.nan),
        "mean_age": table[[f"MeanAge{bottom}cm" for bottom in bottoms]].to_numpy(dtype=float),
        "organic_carbon": carbon,
        "profiles": profiles,
    }
    return schema.build(schema.TURNOVER, arrays, _text(table["profile"]))


def _by_climate(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Median carbon (%) and number of profiles, both [climate, depth]."""
    labels = schema.TURNOVER.labels
    climates, depths = labels["climate"], labels["depth"]
    if not path.is_file():
        nothing = np.full((len(climates), len(depths)), np.nan)
        return nothing, nothing.copy()
    table = pd.read_csv(path).pivot(index="ClimateZoneAnd", columns="UD")
    wide = [
        table[name].reindex(index=climates, columns=depths) for name in ("median_c", "n_profile")
    ]
    return wide[0].to_numpy(dtype=float), wide[1].to_numpy(dtype=float)


def read_silsoe(folder: Path) -> xr.Dataset:
    """Return soil carbon, over `sample` (216 rows), and fine roots, over `core` (330 rows).

    The distance from the tree is that of the sample; in the arable control there is none.
    """
    soil = pd.read_csv(folder / "silsoe_soc_depth.csv")
    roots = pd.read_csv(folder / "silsoe_fine_root_depth.csv").rename(columns={"id": "ID"})
    arrays = _plot(soil) | {f"root_{name}": column for name, column in _plot(roots).items()}
    arrays |= {
        "thickness": soil["di_cm"],
        "organic_carbon": soil["OCC_g_100g"],
        "bulk_density": soil["BD_g_cm3"],
        "root_year": roots["year"],
        "root_length": roots["length_cm_cm3"],
        "root_mass": roots["mass_mg_cm3"],
    }
    return schema.build(schema.SILSOE, arrays, np.arange(1, len(soil) + 1))


def _plot(table: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "tree": table["ID"],
        "block": table["block"],
        "treatment": table["treat"],
        "distance": pd.to_numeric(table["dist_m"], errors="coerce"),
        "depth": table["depth_cm"],
    }


def read_clm5(folder: Path) -> xr.Dataset:
    """Return CLM5's own parameters: over `pft` (79), and the global ones over `parameter`.

    The rooting profile has two variants: ``water`` for the uptake of water, ``carbon`` for the
    inputs of carbon and nitrogen to the soil.
    """
    with xr.open_dataset(folder / "clm5_params.c171117.nc", decode_times=False) as source:
        common = {
            str(name): variable
            for name, variable in sorted(source.data_vars.items())
            if variable.dims == ("allpfts",)
        }
        arrays = {
            "plant": [name.decode().strip() for name in source["pftname"].values],
            "root_beta": source["rootprof_beta"].values.T,
            "value": [float(variable.item()) for variable in common.values()],
            "unit": [variable.attrs.get("units", "") for variable in common.values()],
            "meaning": [
                " ".join(variable.attrs.get("long_name", "").split())
                for variable in common.values()
            ],
        }
    pfts = np.arange(len(arrays["plant"]))  # CLM5 counts from 0, which is bare ground
    return schema.build(schema.CLM5, arrays, pfts, {"parameter": list(common)})


def _text(column: pd.Series) -> np.ndarray:
    return column.fillna("").astype(str).str.strip().to_numpy(dtype=np.str_)
