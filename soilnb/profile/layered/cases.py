"""Which cases a layered model runs: parameters and forcing, read and checked once, and matched."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import (
    InputError,
    ParameterSet,
    as_numbers,
    check_known,
    choose,
    shown,
    unknown,
)
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.forcing.kernel_forcing import Columns, Forcing
from soilnb.profile.forcing.transport import switch

if TYPE_CHECKING:
    from soilnb.profile.layered import LayeredModel

_TAKEN = ("pool", "from_pool", "layer", "from_layer", "month", "time", "to_depth")


@dataclass(frozen=True)
class Cases:
    """Parameters and places, matched: each case is one run."""

    parameters: np.ndarray  #: [case, n]: in the order of the kernel.
    columns: kernel.Column  #: Stacked forcing; ``which`` [case] says which of them a case has.
    which: np.ndarray
    switches: int  #: Switches of the kernel.
    #: Name of the dimension of the cases (None for a single one) and its coordinates.
    dim: str | None
    coords: dict
    chosen: ParameterSet  #: The set that the parameters start from.
    varied: tuple[str, ...] = ()  #: Parameters that differ between cases.
    attrs: dict = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of cases."""
        return self.which.size

    @property
    def transport(self) -> str:
        """Which transport the cases have, a key of `soilnb.profile.forcing.transport.MODES`."""
        return "published" if self.switches & kernel.PUBLISHED_TRANSPORT else "conservative"

    def column(self, case: int) -> kernel.Column:
        """Return the forcing of one case."""
        return kernel_forcing.one(self.columns, self.which[case])

    def named(self, case: int) -> dict[str, float]:
        """Return the parameters of one case by name."""
        return dict(zip(self.chosen, self.parameters[case].tolist(), strict=True))

    def where(self, bad: np.ndarray, limit: int = 3) -> str:
        """Name the cases at which `bad` [case] is true: " at site 4, 7 and 3 more"."""
        if self.dim is None:
            return ""
        found = np.flatnonzero(bad)
        labels = self.coords[self.dim].values if self.dim in self.coords else np.arange(self.size)
        more = f" and {len(found) - limit} more" if len(found) > limit else ""
        return f" at {self.dim} {', '.join(str(labels[i]) for i in found[:limit])}{more}"


def read(model: LayeredModel, parameters: object, forcing: Forcing, transport: str) -> Cases:
    """Check parameters and forcing and match them."""
    switches = switch(transport)
    chosen, values, dim, coords = read_parameters(model, parameters)
    columns = kernel_forcing.prepare(forcing)
    if chosen.options.get("transfers") == "sand":
        switches += kernel.SAND_TRANSFERS
    size, dim, coords = _match(values, dim, coords, columns)
    array = np.empty((size, len(model.names)))
    for i, name in enumerate(model.names):
        array[:, i] = values.get(name, chosen[name])
    which = np.arange(size) if columns.dim else np.zeros(size, np.int64)
    return Cases(
        array, columns.columns, which, switches, dim, coords, chosen,
        tuple(name for name in model.names if np.ndim(values.get(name, 0.0))),
        columns.attrs,
    )  # fmt: skip


def read_parameters(
    model: LayeredModel, parameters: object
) -> tuple[ParameterSet, dict, str | None, dict]:
    """Return the set, the values given as numbers or arrays [case], and their dimension."""
    if isinstance(parameters, xr.Dataset):
        given = {name: parameters[name] for name in model.names if name in parameters}
        if not given:
            raise InputError(
                f"parameters: the Dataset has none of {model.name}'s ({', '.join(model.names)})"
            )
        parameters = given
    if isinstance(parameters, (str, ParameterSet)) or not isinstance(parameters, Mapping):
        chosen = choose(parameters, model.sets, model.default)
        missing = [name for name in model.names if name not in chosen]
        if missing:
            raise InputError(f"parameter set {chosen.name!r} has no {missing[0]} ({model.name})")
        return chosen, {}, None, {}
    changes = dict(parameters)
    chosen = choose(changes.pop("set", model.default), model.sets, model.default)
    options = {name: changes.pop(name) for name in list(changes) if name in chosen.options}
    for name in changes:
        if name not in chosen:
            raise unknown(f"parameter of {model.name}", name, [*model.names, *chosen.options])
    dim, coords, values = None, {}, {}
    for name, value in changes.items():
        array, own, along = _numbers(name, value)
        values[name] = _within(chosen, name, array)
        if own is not None:
            if dim and own and dim != own:
                raise InputError(f"parameters have the dimensions {dim}, {own}: allowed one")
            dim, coords = own or dim or "", {**along, **coords}
    single = {name: float(v) for name, v in values.items() if np.ndim(v) == 0}
    if options or single:
        chosen = chosen.replace(**options, **single)
    return chosen, values, dim, coords


def of_arrays(
    model: LayeredModel,
    parameters: np.ndarray,
    columns: kernel.Column,
    transport: str,
    which: np.ndarray | None = None,
) -> Cases:
    """Return cases of parameters [site, n] in the order of the kernel, one for each column.

    `which` [site] says which column belongs to each, where they are not as many.

    Raises
    ------
    InputError
        For values out of the bounds of their parameter (those off by rounding move onto them).
    """
    chosen = model.sets[model.default]
    valid = [chosen.records[name].bounds for name in model.names]
    low, high = np.transpose(valid)
    if not ((parameters >= low) & (parameters <= high)).all():
        each = zip(model.names, parameters.T, strict=True)
        parameters = np.column_stack([_within(chosen, name, values) for name, values in each])
    which = np.arange(len(parameters)) if which is None else which
    return Cases(
        np.ascontiguousarray(parameters), columns, which, switch(transport), "site", {}, chosen,
        model.names,
    )  # fmt: skip


def _numbers(name: str, value: object) -> tuple[np.ndarray, str | None, dict]:
    """Return a value as an array, its dimension ("" where it has no name) and its coordinates."""
    array = as_numbers(name, value)
    if array.ndim > 1:
        raise InputError(f"{name} has {array.ndim} dimensions: allowed a number or one dimension")
    if array.ndim == 0:
        return array, None, {}
    if isinstance(value, xr.DataArray):
        dim = str(value.dims[0])
        if dim in _TAKEN:
            raise InputError(f"{name} has the dimension {dim!r}: the models use this name")
        return array, dim, {key: c for key, c in value.coords.items() if c.dims == (dim,)}
    return array, "", {}


def _within(chosen: ParameterSet, name: str, array: np.ndarray) -> np.ndarray:
    """Return values within their bounds (moved onto them where off by rounding only)."""
    low, high = chosen.records[name].bounds
    unit = chosen.records[name].unit
    slack = 1e-12 * (high - low)
    bad = ~((array >= low - slack) & (array <= high + slack))
    if bad.any():
        value = float(array[bad].flat[0]) if array.ndim else float(array)
        place = f" at position {int(np.argmax(bad))}" if array.ndim else ""
        text = "is not finite" if not np.isfinite(value) else f"= {value:g}"
        unit = "" if unit == "1" else f" (in {unit})"
        raise InputError(f"{name} {text}{place}: allowed {low:g} to {high:g}{unit}")
    return np.clip(array, low, high)


def _match(
    values: dict, dim: str | None, coords: dict, columns: Columns
) -> tuple[int, str | None, dict]:
    """Return the number of cases, the name of their dimension and its coordinates."""
    sizes = {name: v.size for name, v in values.items() if np.ndim(v) == 1}
    if columns.dim:
        sizes["forcing"] = columns.size
    if len(set(sizes.values())) > 1:
        lengths = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError(f"parameters and forcing must have one length; given {lengths}")
    size = next(iter(sizes.values()), 1)
    if size == 0:
        raise InputError("the arrays of the parameters are empty: allowed one value or more")
    if columns.dim and dim and dim != columns.dim:
        raise InputError(
            f"parameters run over {dim!r} and the forcing over {columns.dim!r}: allowed one of them"
        )
    labelled = columns.dim and dim == columns.dim and dim in coords and dim in columns.coords
    if labelled and not np.array_equal(coords[dim].values, columns.coords[dim].values):
        raise InputError(f"parameters and forcing have different labels of {dim!r}")
    if not sizes:
        return 1, None, dict(columns.coords)
    return size, columns.dim or dim or "site", {**coords, **columns.coords}


#: Switches of the turnover time of enzymes, see `soilnb.profile.compas.from_unit`.
ENZYME_TURNOVER = {"own": 0, "tied": kernel.TIED_ENZYMES}
PRIOR = {"linear": 0, "log": kernel.LOG_ENZYMES}

#: Both switches as the papers' printed tables and as their published code have them. These differ
#: in both at once; the third arm, ``log``, differs from each of them in one.
READINGS = {
    "table": {"enzyme_turnover": "own", "prior": "linear"},
    "published": {"enzyme_turnover": "tied", "prior": "log"},
    "log": {"enzyme_turnover": "own", "prior": "log"},
}


def enzyme_switch(model: LayeredModel, enzyme_turnover: object, prior: object) -> int:
    """Return the kernel's switch of the turnover time of enzymes, or raise `InputError`."""
    code = 0
    for name, value, allowed in (
        ("enzyme_turnover", enzyme_turnover, ENZYME_TURNOVER), ("prior", prior, PRIOR),
    ):  # fmt: skip
        if not model.enzymes:
            allowed = [key for key, number in allowed.items() if number == 0]
        check_known(name, value, allowed)
        code += {**ENZYME_TURNOVER, **PRIOR}[value]
    return code


def two_switches(function: Callable) -> Callable:
    """Let a function refuse the word ``index``, which these two switches once were."""

    @functools.wraps(function)
    def refusing(*args: Any, **options: Any) -> Any:
        if "index" in options:
            raise InputError(
                f"index = {shown(options['index'])}: now two switches, enzyme_turnover = 'own' or "
                "'tied' and prior = 'linear' or 'log'; 'table' was own and linear, 'published' "
                "tied and log, 'log' own and log"
            )
        return function(*args, **options)

    return refusing


def from_unit(
    model: LayeredModel, u: object, enzyme_turnover: str = "own", prior: str = "linear"
) -> dict[str, np.ndarray]:
    """Return parameters by name for points of the unit cube [..., n]."""
    array = as_numbers("u", u)
    if array.ndim == 0 or array.shape[-1] != len(model.names):
        raise InputError(f"u has shape {array.shape}: allowed (..., {len(model.names)})")
    if not ((array >= 0) & (array <= 1)).all():
        raise InputError("u: allowed 0 to 1")
    low, high = bounds(model)
    flat = array.reshape(-1, len(model.names))
    out = np.empty_like(flat)
    code = enzyme_switch(model, enzyme_turnover, prior)
    for i in range(len(flat)):
        kernel.scale(flat[i], low, high, code, out[i])
    out = out.reshape(array.shape)
    return {name: out[..., i][()] for i, name in enumerate(model.names)}


def to_unit(model: LayeredModel, parameters: object) -> np.ndarray:
    """Return where parameters lie between the prior bounds: own and linear."""
    chosen, values, _, _ = read_parameters(model, parameters)
    low, high = bounds(model)
    arrays = [np.asarray(values.get(name, chosen[name]), float) for name in model.names]
    return (np.stack(np.broadcast_arrays(*arrays), axis=-1) - low) / (high - low)


def bounds(model: LayeredModel) -> tuple[np.ndarray, np.ndarray]:
    """Return the prior bounds of the parameters [n], low and high, in the order of the kernel.

    A parameter whose row names no prior is looked for in all of its validity.

    Examples
    --------
    >>> from soilnb.profile import compas
    >>> low, high = bounds(compas.MODEL)
    >>> (low < high).all()
    np.True_
    """
    records = model.sets[model.default].records
    pairs = np.array([records[name].searched for name in model.names])
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
