"""What a data set contains: one list of variables for its reader and for its twin.

A `Schema` names the dimension, and for each variable its unit, kind and meaning. Reader and
twin both build their Dataset with `build`, so they cannot drift apart, and `check_schema`
says whether any Dataset (a user's own grid, for instance) fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.parameters import InputError

__all__ = ["CUE", "LAYERS", "MIMICS_POOLS", "RESPIRATION", "SITES", "TESTBED"]
__all__ += ["Schema", "Variable", "build", "check_schema"]

#: MIMICS pools in the order of the models of this package (the testbed file has another).
MIMICS_POOLS = ("LITm", "LITs", "MICr", "MICK", "SOMp", "SOMc", "SOMa")


@dataclass(frozen=True)
class Variable:
    """One variable: unit, meaning, kind ("f" float, "i" integer, "b" bool, "U" text).

    `dims` are the dimensions beyond the leading one; `coordinate` variables travel with
    whatever is computed from the data set.
    """

    unit: str
    meaning: str
    kind: str = "f"
    dims: tuple[str, ...] = ()
    coordinate: bool = False


@dataclass(frozen=True)
class Schema:
    """The leading dimension of a data set, its variables, and labels of further dimensions."""

    dim: str
    variables: Mapping[str, Variable]
    labels: Mapping[str, tuple[str, ...]] | None = None

    def table(self) -> pd.DataFrame:
        """Return the schema as a table, one row per variable, for the book and the reader."""
        rows = {
            name: (" x ".join((self.dim, *v.dims)), v.unit, v.meaning)
            for name, v in self.variables.items()
        }
        columns = ["dimensions", "unit", "meaning"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("variable")


_LATITUDE = Variable("degrees_north", "latitude", coordinate=True)
_LONGITUDE = Variable("degrees_east", "longitude, -180 to 180", coordinate=True)

#: LTER sites (`lter`, `mimics`): what the pool models take, and the observed stock.
SITES = Schema(
    "site",
    {
        "soc": Variable("kg m-2", "observed soil organic carbon, 0-30 cm"),
        "anpp": Variable("g m-2 yr-1", "aboveground net primary production, dry mass"),
        "npp": Variable("g m-2 yr-1", "carbon entering litter, ANPP / 2"),
        "temperature": Variable("degC", "mean annual temperature"),
        "precipitation": Variable("mm yr-1", "mean annual precipitation"),
        "clay": Variable("1", "clay fraction of the mineral soil"),
        "lignin": Variable("%", "lignin in litter dry mass"),
        "nitrogen": Variable("%", "nitrogen in litter dry mass"),
        "carbon_to_nitrogen": Variable("1", "carbon to nitrogen ratio of litter"),
        "lignin_to_n": Variable("1", "lignin to nitrogen ratio of litter"),
    },
)

#: The global grid (`testbed`): real grid and teaching planet alike.
TESTBED = Schema(
    "cell",
    {
        "latitude": _LATITUDE,
        "longitude": _LONGITUDE,
        "area": Variable("m2", "land area of the cell"),
        "vegetation": Variable("1", "IGBP vegetation class, 1 to 18", "i"),
        "vegetated": Variable("1", "neither ice nor water, and with plant carbon input", "b"),
        "sand": Variable("1", "sand fraction of the mineral soil"),
        "silt": Variable("1", "silt fraction of the mineral soil"),
        "clay": Variable("1", "clay fraction of the mineral soil"),
        "npp": Variable("g m-2 yr-1", "net primary production, carbon entering litter"),
        "koppen": Variable("1", "Köppen-Geiger zone", "U"),
        "temperature": Variable("degC", "mean annual temperature from zone and latitude"),
        "precipitation": Variable("mm yr-1", "mean annual precipitation from zone and latitude"),
        "lignin": Variable("1", "lignin in leaf litter, g per g carbon"),
        "lignin_to_n": Variable("1", "lignin to nitrogen ratio of leaf litter"),
        "mimics_carbon": Variable(
            "g m-2", "carbon at the end of the MIMICS spin-up, 0-100 cm", dims=("pool",)
        ),
    },
    {"pool": MIMICS_POOLS},
)

#: Measured carbon use efficiency (`cue`).
CUE = Schema(
    "record",
    {
        "latitude": _LATITUDE,
        "longitude": _LONGITUDE,
        "cue": Variable("1", "measured microbial carbon use efficiency"),
        "substrate": Variable("1", "substrate of the incubation; h2o where 18O in water was", "U"),
        "method": Variable("1", "18O (labelled water) or substrate (labelled carbon)", "U"),
        "temperature": Variable("degC", "incubation temperature"),
        "mat": Variable("degC", "mean annual temperature of the site, from a map"),
        "aridity_index": Variable("1", "precipitation to potential evapotranspiration, from a map"),
        "soc": Variable("g kg-1", "soil organic carbon of the site, from a map"),
        "carbon_to_nitrogen": Variable("1", "soil carbon to nitrogen ratio, from a map"),
        "fungi_to_bacteria": Variable("1", "fungal to bacterial biomass ratio, from a map"),
        "author": Variable("1", "authors and year of the study, as in the table", "U"),
        "title": Variable("1", "title of the study, as in the table", "U"),
    },
)

#: Soil respiration records (`srdb`).
RESPIRATION = Schema(
    "record",
    {
        "latitude": _LATITUDE,
        "longitude": _LONGITUDE,
        "temperature": Variable("degC", "mean annual temperature"),
        "precipitation": Variable("mm yr-1", "mean annual precipitation"),
        "soil_respiration": Variable("g m-2 yr-1", "annual soil respiration, carbon"),
        "heterotrophic_respiration": Variable("g m-2 yr-1", "annual heterotrophic respiration"),
        "gpp": Variable("g m-2 yr-1", "gross primary production, carbon"),
        "npp": Variable("g m-2 yr-1", "net primary production, carbon"),
        "biome": Variable("1", "biome", "U"),
        "ecosystem": Variable("1", "ecosystem type", "U"),
        "manipulation": Variable("1", "experimental manipulation; None for the control", "U"),
    },
)

#: Layers of soil profiles (`israd`).
LAYERS = Schema(
    "layer",
    {
        "latitude": _LATITUDE,
        "longitude": _LONGITUDE,
        "profile": Variable("1", "name of study, site and profile", "U"),
        "top": Variable("cm", "upper depth of the layer"),
        "bottom": Variable("cm", "lower depth of the layer"),
        "organic_carbon": Variable("%", "organic carbon in fine earth"),
        "bulk_density": Variable("g cm-3", "bulk density of the sample"),
        "clay": Variable("1", "clay fraction of the mineral soil"),
        "sand": Variable("1", "sand fraction of the mineral soil"),
        "radiocarbon": Variable("permil", "Delta 14C"),
        "temperature": Variable("degC", "mean annual temperature, from a map"),
        "precipitation": Variable("mm yr-1", "mean annual precipitation, from a map"),
        "gpp": Variable("g m-2 d-1", "gross primary production, carbon, from a map"),
        "koppen": Variable("1", "Köppen-Geiger zone", "U"),
        "soil_order": Variable("1", "soil order of the USDA taxonomy", "U"),
        "land_cover": Variable("1", "land cover", "U"),
    },
)

_TYPES = {"f": np.float64, "i": np.int64, "b": np.bool_, "U": np.str_}


def build(schema: Schema, arrays: Mapping[str, np.ndarray], index: np.ndarray) -> xr.Dataset:
    """Return the Dataset of `schema` from plain arrays.

    Parameters
    ----------
    schema : Schema
        Dimension, variables, units and meanings.
    arrays : mapping of str to array
        One array per variable of the schema, shape [dim, *dims], in the schema's units.
    index : array [dim]
        Labels of the leading dimension.

    Returns
    -------
    Dataset
        Variables with ``units`` and ``long_name``, in the order of the schema.
    """
    coordinates = {schema.dim: np.asarray(index)}
    for dim, labels in (schema.labels or {}).items():
        coordinates[dim] = np.asarray(labels)
    dataset = xr.Dataset(coords=coordinates)
    for name, variable in schema.variables.items():
        values = np.asarray(arrays[name]).astype(_TYPES[variable.kind])
        attrs = {"units": variable.unit, "long_name": variable.meaning}
        dataset[name] = ((schema.dim, *variable.dims), values, attrs)
        if variable.coordinate:
            dataset = dataset.set_coords(name)
    return dataset


def check_schema(dataset: xr.Dataset, schema: Schema) -> None:
    """Raise when `dataset` is not what `schema` says; further coordinates are allowed.

    Raises
    ------
    InputError
        Naming the first variable that is missing, unknown, or of another dimension, unit or
        kind.
    """
    missing = [name for name in schema.variables if name not in dataset.variables]
    if missing:
        raise InputError(f"variable {missing[0]!r} is missing; needed: {_listed(schema)}")
    extra = [name for name in dataset.data_vars if name not in schema.variables]
    if extra:
        raise InputError(f"variable {extra[0]!r} is not in the schema; allowed: {_listed(schema)}")
    for name, variable in schema.variables.items():
        _check_variable(dataset[name], name, (schema.dim, *variable.dims), variable)
    for dim, labels in (schema.labels or {}).items():
        if tuple(dataset[dim].values.tolist()) != labels:
            raise InputError(
                f"labels of {dim!r} = {dataset[dim].values.tolist()}: allowed {labels}"
            )


def _check_variable(
    array: xr.DataArray, name: str, dims: tuple[str, ...], variable: Variable
) -> None:
    if array.dims != dims:
        raise InputError(f"{name} has dimensions {array.dims}: allowed {dims}")
    if array.attrs.get("units") != variable.unit:
        raise InputError(
            f"{name} has units {array.attrs.get('units')!r}: allowed {variable.unit!r}"
        )
    if array.dtype.kind != variable.kind:
        raise InputError(f"{name} has kind {array.dtype.kind!r}: allowed {variable.kind!r}")


def _listed(schema: Schema) -> str:
    return ", ".join(schema.variables)
