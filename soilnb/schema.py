"""What a Dataset contains: variables described as data, and Datasets made and checked by that.

A `Variable` has a unit and a meaning; `assemble` makes a Dataset of arrays and their variables. A
`Schema` names the dimension of a data set and its variables. Reader and twin both build their
Dataset with `build`, so they cannot drift apart, and `check_schema` says whether any Dataset (a
user's own grid, for instance) fits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.parameters import InputError


@dataclass(frozen=True)
class Variable:
    """One variable: unit, meaning, kind ("f" float, "i" integer, "b" bool, "U" text).

    `dims` are the dimensions beyond the leading one; `coordinate` variables travel with
    whatever is computed from the data set. `table` names another leading dimension than that
    of the schema, where a data set has more than one table. `symbol` is the paper's, `bounds` what
    is allowed.
    """

    unit: str
    meaning: str
    kind: str = "f"
    dims: tuple[str, ...] = ()
    coordinate: bool = False
    table: str = ""
    symbol: str | None = None
    bounds: tuple[float, float] | None = None

    @property
    def attrs(self) -> dict[str, str]:
        """Unit, meaning and symbol under the names that Datasets have for them."""
        found = {"units": self.unit, "long_name": self.meaning}
        return found if self.symbol is None else found | {"symbol": self.symbol}


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


_TYPES = {"f": np.float64, "i": np.int64, "b": np.bool_, "U": np.str_}


def assemble(
    variables: Mapping[str, Variable],
    arrays: Mapping[str, Any],
    *lead: str,
    coords: Mapping | None = None,
    attrs: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Return a Dataset of arrays, each with its attributes.

    Parameters
    ----------
    variables : mapping of str to Variable
        By the names of `arrays`, at least.
    arrays : mapping of str to array
        Shape [*lead, *dims of the variable].
    *lead : str
        Leading dimensions.
    coords, attrs : mapping, optional
        Of the Dataset.
    """
    data = {
        name: ((*lead, *variables[name].dims), values, variables[name].attrs)
        for name, values in arrays.items()
    }
    return xr.Dataset(data, coords, attrs)


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
        dims = schema.dims(name)
        if dims[0] not in dataset.coords:
            dataset = dataset.assign_coords({dims[0]: np.arange(1, len(values) + 1)})
        dataset[name] = (dims, values, variable.attrs)
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
