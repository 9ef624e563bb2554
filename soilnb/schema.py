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

#: MIMICS pools in the order of the models of this package (the testbed file has another).
MIMICS_POOLS = ("LITm", "LITs", "MICr", "MICK", "SOMp", "SOMc", "SOMa")


@dataclass(frozen=True)
class Variable:
    """One variable: unit, meaning, kind ("f" float, "i" integer, "b" bool, "U" text).

    `dims` are the dimensions beyond the leading one; `coordinate` variables travel with
    whatever is computed from the data set. `table` names another leading dimension than that
    of the schema, where a data set has more than one table.
    """

    unit: str
    meaning: str
    kind: str = "f"
    dims: tuple[str, ...] = ()
    coordinate: bool = False
    table: str = ""


@dataclass(frozen=True)
class Schema:
    """The leading dimension of a data set, its variables, and labels of further dimensions."""

    dim: str
    variables: Mapping[str, Variable]
    labels: Mapping[str, tuple[str | int, ...]] | None = None

    def dims(self, name: str) -> tuple[str, ...]:
        """Return the dimensions of a variable, the leading one first."""
        variable = self.variables[name]
        return (variable.table or self.dim, *variable.dims)

    def table(self) -> pd.DataFrame:
        """Return the schema as a table, one row per variable, for the book and the reader."""
        rows = {
            name: (" x ".join(self.dims(name)), v.unit, v.meaning)
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
        "study": Variable("1", "name of the study", "U"),
        "treatment": Variable("1", "control or treatment", "U"),
        "top": Variable("cm", "upper depth of the layer"),
        "bottom": Variable("cm", "lower depth of the layer"),
        "organic_carbon": Variable("%", "organic carbon in fine earth"),
        "bulk_density": Variable("g cm-3", "bulk density of the sample, without coarse fragments"),
        "bulk_density_total": Variable("g cm-3", "bulk density with coarse fragments"),
        "coarse_fragments": Variable("%", "coarse fragments, share of the volume"),
        "bulk_density_map": Variable(
            "g cm-3", "bulk density at the middle of the layer, from a map (SoilGrids)"
        ),
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

#: Depth distributions of roots (`roots`).
ROOTS = Schema(
    "profile",
    {
        "latitude": _LATITUDE,
        "longitude": _LONGITUDE,
        "d50": Variable("m", "depth above which half of the sampled roots lie"),
        "d95": Variable("m", "depth above which 95 % of the sampled roots lie"),
        "d50_extrapolated": Variable("m", "the same, extrapolated to the full rooting depth"),
        "d95_extrapolated": Variable("m", "the same, extrapolated to the full rooting depth"),
        "sampled_depth": Variable("m", "depth to which roots were sampled"),
        "precipitation": Variable("mm yr-1", "mean annual precipitation"),
        "evaporation": Variable("mm yr-1", "potential evapotranspiration"),
        "measurement": Variable("1", "what was measured: mass, number, length, ...", "U"),
        "texture": Variable("1", "soil texture: coarse, medium, fine, organic", "U"),
        "vegetation": Variable("1", "vegetation type", "U"),
    },
)

#: Layers of the turnover times.
TURNOVER_LAYERS = ("0-20", "20-40", "40-60", "60-80", "80-100")

#: Turnover times and ages of soil carbon by depth, and carbon profiles by climate (`turnover`).
TURNOVER = Schema(
    "profile",
    {
        "latitude": _LATITUDE,
        "longitude": _LONGITUDE,
        "biome": Variable("1", "biome", "U"),
        "turnover_time": Variable(
            "yr", "turnover time of soil organic carbon; the codes of missing values are NaN",
            dims=("layer",),
        ),
        "mean_age": Variable("yr", "mean age of soil organic carbon", dims=("layer",)),
        "organic_carbon": Variable(
            "%", "median organic carbon in fine earth of the ISRaD profiles of a climate",
            dims=("depth",), table="climate",
        ),
        "profiles": Variable(
            "1", "number of profiles behind the median", dims=("depth",), table="climate"
        ),
    },
    {
        "layer": TURNOVER_LAYERS,
        "climate": (
            "arid", "cold temperate", "tropical", "tundra/polar", "volcanic soils",
            "warm temperate",
        ),
        "depth": tuple(range(1, 101)),
    },
)  # fmt: skip

_PLOT = {
    "tree": Variable("1", "nearest tree, or control core", "U"),
    "block": Variable("1", "block of the experiment", "U"),
    "treatment": Variable("1", "C cropped, F fallow alleys, Control arable field", "U"),
    "distance": Variable("m", "distance from the tree; NaN in the arable control"),
    "depth": Variable("cm", "depth of the sample"),
}

#: Soil carbon and fine roots under agroforestry and arable crops (`silsoe`).
SILSOE = Schema(
    "sample",
    {
        **_PLOT,
        "thickness": Variable("cm", "thickness of the layer that the sample stands for"),
        "organic_carbon": Variable("%", "organic carbon, Walkley-Black, not corrected"),
        "bulk_density": Variable("g cm-3", "bulk density"),
        **{
            f"root_{name}": Variable(v.unit, f"roots: {v.meaning}", v.kind, table="core")
            for name, v in _PLOT.items()
        },
        "root_year": Variable("1", "roots: year of sampling", "i", table="core"),
        "root_length": Variable("cm cm-3", "length density of fine roots", table="core"),
        "root_mass": Variable("mg cm-3", "mass density of fine roots", table="core"),
    },
)

#: Carbon dioxide from incubated soil (`sidb`).
INCUBATIONS = Schema(
    "observation",
    {
        "study": Variable("1", "name of the study", "U"),
        "doi": Variable("1", "DOI of the study", "U"),
        "series": Variable("1", "name of the time series in the study", "U"),
        "site": Variable("1", "site, where the study names it", "U"),
        "profile": Variable("1", "site without the depth that some names carry", "U"),
        "treatment": Variable("1", "what was done to the soil besides warming it", "U"),
        "depth": Variable("cm", "middle of the sampled layer"),
        "temperature": Variable("degC", "temperature of the incubation"),
        "soil_carbon": Variable("1", "organic carbon before the incubation, g per g soil"),
        "time": Variable("d", "days since the start"),
        "value": Variable("1", "what was measured, in the study's own `unit`"),
        "unit": Variable("1", "unit of `value`", "U"),
        "respired": Variable(
            "g kg-1", "carbon respired since the start, per soil carbon; NaN where the unit or "
            "the carbon is not known",
        ),
    },
)  # fmt: skip

#: Parameter file of the Community Land Model 5 (`clm5`).
CLM5 = Schema(
    "pft",
    {
        "plant": Variable("1", "plant functional type", "U"),
        "root_beta": Variable(
            "1", "beta of the rooting profile Y = 1 - beta^d, d in cm", dims=("variant",)
        ),
        "value": Variable("1", "value of the parameter, in its `unit`", table="parameter"),
        "unit": Variable("1", "unit of `value`, as the file has it", "U", table="parameter"),
        "meaning": Variable(
            "1", "what the parameter is, as the file has it", "U", table="parameter"
        ),
    },
    {"variant": ("water", "carbon")},
)

_TYPES = {"f": np.float64, "i": np.int64, "b": np.bool_, "U": np.str_}


def build(
    schema: Schema,
    arrays: Mapping[str, np.ndarray],
    index: np.ndarray,
    others: Mapping[str, np.ndarray] | None = None,
) -> xr.Dataset:
    """Return the Dataset of `schema` from plain arrays.

    Parameters
    ----------
    schema : Schema
        Dimension, variables, units and meanings.
    arrays : mapping of str to array
        One array per variable of the schema, shape [dim, *dims], in the schema's units.
    index : array [dim]
        Labels of the leading dimension.
    others : mapping of str to array, optional
        Labels of the leading dimensions of other tables; 1, 2, ... without them.

    Returns
    -------
    Dataset
        Variables with ``units`` and ``long_name``, in the order of the schema.
    """
    coordinates = {schema.dim: np.asarray(index)}
    for dim, labels in [*(schema.labels or {}).items(), *(others or {}).items()]:
        coordinates[dim] = np.asarray(labels)
    dataset = xr.Dataset(coords=coordinates)
    for name, variable in schema.variables.items():
        values = np.asarray(arrays[name]).astype(_TYPES[variable.kind])
        attrs = {"units": variable.unit, "long_name": variable.meaning}
        dims = schema.dims(name)
        if dims[0] not in dataset.coords:
            dataset = dataset.assign_coords({dims[0]: np.arange(1, len(values) + 1)})
        dataset[name] = (dims, values, attrs)
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
        _check_variable(dataset[name], name, schema.dims(name), variable)
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
