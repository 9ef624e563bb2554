"""The full-size maps behind notebooks 34 and 36: what COMPAS and CLM5 learn from all profiles.

Nobody repeats an assimilation of five hundred profiles to read a page. What comes of it is kept as
the versioned baseline ``runs/planet``, which ``experiments/planet_runs.py`` makes: for each cell
of the grid the carbon and its components, and for each profile CUE and carbon of the model. No
observation is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.claims import baseline
from soilnb.parameters import unknown
from soilnb.proda.globe import VARIABLES as VARIABLES_OF_MAPS

COMMAND = "python -m experiments.planet_runs"

#: Name of the baseline, and whose sources decide it.
NAME, SOURCES = "runs/planet", "tao2024"

#: What is kept of a map; the stock is that to 1 m.
VARIABLES = (
    *("stock", "cue", "non_microbial_transfer", "transfer_efficiency", "input"),
    *("input_allocation", "decomposition_rate", "environmental_modifier", "transport_rate"),
    "litter_to_soil",
)

#: What is kept of a profile.
COLUMNS = ("cue", "eta_doc", "soc", "climate", "gelman_rubin", "nse", "kept")


#: What is kept of a cell.
COORDINATES = ("latitude", "longitude", "area", "climate_zone")

#: The models whose maps are kept.
MODELS = ("COMPAS", "CLM5")


def write(
    worlds: Mapping[str, xr.Dataset],
    profiles: pd.DataFrame,
    *,
    made: str,
    size: str = "paper",
) -> Path:
    """Keep maps and profiles as the baseline; returns the file.

    Parameters
    ----------
    worlds : mapping of str to Dataset
        By model, maps with the decomposition of soil pools alike for both; ``published``: the map
        of COMPAS with the decomposition of the published code.
    profiles : DataFrame
        As from `soilnb.proda.cue_soc.relation`.
    made : str
        What was learnt from what, in words: ``"ISRaD, 513 profiles, small network"``.
    size : {"paper", "quick"}
        Size of the run.
    """
    kept = baseline.head(NAME, command=COMMAND, data="real", sources=SOURCES, size=size)
    kept["made"] = made
    published = {"decomposition_published": worlds["published"]["decomposition_rate"]}
    for model, more in {"COMPAS": published, "CLM5": {}}.items():
        one = worlds[model].sel(to_depth=1.0).assign(more)
        kept[model] = {
            name: [baseline.short(value) for value in values.values.tolist()]
            for name, values in one.variables.items()
            if name in (*VARIABLES, *COORDINATES, "decomposition_published", "kept")
        }
    rows = profiles[list(COLUMNS)].rename_axis("profile").reset_index().to_dict("records")
    kept["profiles"] = [{key: baseline.short(value) for key, value in row.items()} for row in rows]
    return baseline.write(kept)


@cache
def _kept() -> dict:
    return baseline.needed(NAME, COMMAND)


def note() -> str:
    """Return what a figure of the kept maps says below it.

    Examples
    --------
    >>> note().startswith("ISRaD")
    True
    """
    return f"{_kept()['made']}, size {_kept()['size']}, kept"


def maps(model: str, k_system: str = "soil") -> xr.Dataset:
    """Return the kept maps of a model, as `soilnb.proda.globe.maps` has them, to 1 m.

    Parameters
    ----------
    model : {"COMPAS", "CLM5"}
        The model.
    k_system : {"soil", "published"}
        What counts as decomposition; the published code's is kept of COMPAS.

    Examples
    --------
    >>> bool(maps("COMPAS")["cue"].median() > 0.2)  # doctest: +SKIP
    True
    """
    if model not in MODELS:
        raise unknown("model", model, MODELS)
    columns = dict(_kept()[model])
    published = columns.pop("decomposition_published", None)
    if k_system == "published" and published is not None:
        columns["decomposition_rate"] = published
    about = VARIABLES_OF_MAPS | {"area": ("m2", "area of land", "")}
    found = {}
    for name, values in columns.items():
        unit, meaning, _ = about.get(name, ("1", name.replace("_", " "), ""))
        data = np.array(values, bool if name == "kept" else None)
        data = data.astype(float) if data.dtype == object else data
        found[name] = ("site", data, {"units": unit, "long_name": meaning})
    world = xr.Dataset(found).set_coords(list(COORDINATES))
    world["stock"] = world["stock"].expand_dims(to_depth=[1.0], axis=-1)
    return world.assign_attrs(model=model, title="testbed grid")


def profiles() -> pd.DataFrame:
    """Return CUE and carbon of each assimilated profile, as `soilnb.proda.cue_soc.relation` does.

    Examples
    --------
    >>> int(profiles()["kept"].sum()) > 300  # doctest: +SKIP
    True
    """
    return pd.DataFrame(_kept()["profiles"]).set_index("profile")
