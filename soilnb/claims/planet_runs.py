"""The full-size maps behind notebooks 34 and 36: what COMPAS and CLM5 learn from all profiles.

The versioned baseline ``runs/planet``, which ``experiments/planet_runs.py`` makes, has for each
cell of the grid the carbon and its components, and for each profile CUE and carbon of the model.
What differs between the members of an ensemble, and carbon by depth, stands in ``runs/members``.
COMPAS is the arm of the papers' figures, tied enzymes on the logarithmic scale. No observation is
in it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.claims import baseline
from soilnb.parameters import check_known
from soilnb.proda.globe import VARIABLES as VARIABLES_OF_MAPS
from soilnb.schema import Variable

COMMAND = "python -m experiments.planet_runs"

#: Name of the baseline, and whose sources decide it; and of that of the members.
NAME, SOURCES, MEMBERS = "runs/planet", "tao2024", "runs/members"

#: What is kept of a map; the stock is that to 1 m.
VARIABLES = (
    *("stock", "cue", "non_microbial_transfer", "transfer_efficiency", "input"),
    *("input_allocation", "decomposition_rate", "environmental_modifier", "transport_rate"),
    "litter_to_soil",
)

#: What is kept of the members: what has a standard deviation and a panel in ED7.
SPREAD = (
    *("stock", "cue", "non_microbial_transfer", "input_allocation"),
    *("decomposition_rate", "environmental_modifier", "transport_rate"),
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
    learnt_from: Mapping[str, Sequence[str]],
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
    learnt_from : mapping of str to sequence of str
        By model, the profiles that pass the papers' filter.
    made : str
        What was learnt from what: ``"ISRaD, 513 profiles, tied enzymes"``.
    size : {"paper", "quick"}
        Size of the run.
    """
    kept = baseline.head(NAME, command=COMMAND, data="real", sources=SOURCES, size=size)
    kept["made"] = made
    published = {"decomposition_published": worlds["published"]["decomposition_rate"]}
    for model, more in {"COMPAS": published, "CLM5": {}}.items():
        one = worlds[model].sel(to_depth=1.0).assign(more)
        names = (*VARIABLES, *COORDINATES, "decomposition_published", "kept")
        kept[model] = _short_columns({n: one[n] for n in one.variables if n in names})
    rows = profiles[list(COLUMNS)].rename_axis("profile").reset_index().to_dict("records")
    kept["profiles"] = [{key: baseline.short(value) for key, value in row.items()} for row in rows]
    kept["learnt_from"] = {model: list(names) for model, names in learnt_from.items()}
    return baseline.write(kept)


def write_members(world: xr.Dataset, depths: Mapping[str, pd.DataFrame], *, made: str) -> Path:
    """Keep what the members of an ensemble differ in, and carbon by depth; returns the file.

    `world` has the maps of an ensemble of COMPAS, as from `soilnb.proda.globe.maps`; `depths` is as
    from `soilnb.proda.cue_soc.by_depth`; `made` as for `write`.
    """
    kept = baseline.head(MEMBERS, command=COMMAND, data="real", sources="tao2023")
    kept |= {"made": made, "members": world.sizes["member"]}
    one = world.sel(to_depth=1.0)
    columns = {name: one[name] for name in (*COORDINATES, "kept")}
    columns |= {f"{name}_sd": one[f"{name}_sd"] for name in SPREAD}
    kept["maps"] = _short_columns(columns)
    first = next(iter(depths.values()))
    carbon = {name: rows["soc"] for name, rows in depths.items()}
    kept["depths"] = _short_columns({**first[["cue", "climate"]], **carbon})
    return baseline.write(kept)


def _short_columns(columns: Mapping[str, object]) -> dict[str, list]:
    """Return columns as lists of what is kept of each value."""
    return {
        name: [baseline.short(value) for value in values.values.tolist()]
        for name, values in columns.items()
    }


@cache
def _kept(name: str = NAME) -> dict:
    return baseline.needed(name, COMMAND)


def note() -> str:
    """Return what a figure of the kept maps says below it.

    Examples
    --------
    >>> note().startswith("ISRaD")
    True
    """
    return f"{_kept()['made']}, size {_kept()['size']}, kept"


def maps(model: str, k_system: str = "soil") -> xr.Dataset:
    """Return the kept maps of COMPAS or CLM5, as `soilnb.proda.globe.maps` has them, to 1 m.

    `k_system` says what counts as decomposition, see there; the published code's is kept of COMPAS.

    Examples
    --------
    >>> bool(maps("COMPAS")["cue"].median() > 0.2)  # doctest: +SKIP
    True
    """
    check_known("model", model, MODELS)
    columns = dict(_kept()[model])
    published = columns.pop("decomposition_published", None)
    if k_system == "published" and published is not None:
        columns["decomposition_rate"] = published
    return _world(columns).assign_attrs(model=model, title="testbed grid")


def _world(columns: Mapping[str, list]) -> xr.Dataset:
    """Return maps of kept columns, with units; the stock is that to 1 m."""
    about = VARIABLES_OF_MAPS | {"area": Variable("m2", "area of land")}
    found = {}
    for name, values in columns.items():
        variable = about.get(name) or Variable("1", name.replace("_", " "))
        data = np.array(values, bool if name == "kept" else None)
        data = data.astype(float) if data.dtype == object else data
        found[name] = ("site", data, {"units": variable.unit, "long_name": variable.meaning})
    world = xr.Dataset(found).set_coords(list(COORDINATES))
    for name in {"stock", "stock_sd"} & {*world}:
        world[name] = world[name].expand_dims(to_depth=[1.0], axis=-1)
    return world


def members() -> xr.Dataset:
    """Return in what the maps of the kept ensemble of COMPAS differ: ``<variable>_sd`` to 1 m.

    ``attrs`` says of how many ``members``, and what they were ``made`` of.

    Examples
    --------
    >>> members().attrs["members"]
    200
    """
    kept = _kept(MEMBERS)
    return _world(kept["maps"]).assign_attrs({name: kept[name] for name in ("members", "made")})


def by_depth() -> dict[str, pd.DataFrame]:
    """Return CUE and carbon by depth of the kept profiles, as `soilnb.proda.cue_soc.by_depth` does.

    Examples
    --------
    >>> [*by_depth()][0]
    '0–10 cm'
    """
    table = pd.DataFrame(_kept(MEMBERS)["depths"])
    about = table[["cue", "climate"]]
    return {name: about.assign(soc=table[name]) for name in table.columns.drop([*about])}


def profiles() -> pd.DataFrame:
    """Return CUE and carbon of each assimilated profile, as `soilnb.proda.cue_soc.relation` does.

    Examples
    --------
    >>> int(profiles()["kept"].sum()) > 300  # doctest: +SKIP
    True
    """
    return pd.DataFrame(_kept()["profiles"]).set_index("profile")


def learnt_from() -> dict[str, list[str]]:
    """Return by model the profiles from which it has learnt: those that pass the papers' filter.

    Examples
    --------
    >>> {model: len(names) for model, names in learnt_from().items()}
    {'COMPAS': 350, 'CLM5': 428}
    """
    return _kept()["learnt_from"]
