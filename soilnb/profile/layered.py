"""What COMPAS and CLM5 share: places, parameters, runs, matrices, and the Dataset they return.

A model is a `Model`: its pools, its parameter sets and its kernels. `soilnb.profile.compas` and
`soilnb.profile.clm5` say what differs between the two and hold what users call.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.jobs import side_by_side
from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, ParameterSet, choose, unknown
from soilnb.profile import grid
from soilnb.profile.forcing import environment
from soilnb.profile.forcing.environment import Columns
from soilnb.profile.forcing.transport import matrix as transport_matrix
from soilnb.profile.forcing.transport import switch
from soilnb.profile.ledger import check_time

#: Cases that make a thread worth its start: of steady states, and of runs in time.
THREAD, THREAD_IN_TIME = 512, 4

#: Relative tolerance of the local error of a run in time.
TOLERANCE = 1e-7

#: name: (unit, long name, symbol)
VARIABLES = {
    "carbon": ("g C m-3", "carbon density", "X"),
    "feasible": ("1", "whether a steady state with positive pools exists", ""),
    "input": ("g C m-2 yr-1", "litter input", "I"),
    "respiration": ("g C m-2 yr-1", "heterotrophic respiration", "R"),
    "total": ("g C m-2", "carbon of all pools down to 8.6 m", "C"),
    "soc": ("g C m-3", "soil organic carbon: all pools but litter", "SOC"),
    "stock": ("kg C m-2", "soil organic carbon down to a depth", "SOC"),
    "cumulative_input": ("g C m-2", "litter input since the start", r"\int I\,dt"),
    "cumulative_respiration": ("g C m-2", "respired carbon since the start", r"\int R\,dt"),
}

_TAKEN = ("pool", "from_pool", "layer", "from_layer", "month", "time", "to_depth")


@dataclass(frozen=True)
class Model:
    """One of the layered models.

    Attributes
    ----------
    name, source : str
        Name, and paper that defines it.
    code : int
        The kernels' number of it.
    pools : dict of str to str
        Label to readable name, litter first.
    names : tuple of str
        Parameters in the order of the kernel.
    sets, default : dict of str to ParameterSet, str
        Named sets, and the one that a mapping of changes starts from.
    steady : callable
        Kernel for the steady states of many cases.
    transfers : callable
        Parameters by name, and sand or None, to the A matrix.
    """

    name: str
    source: str
    code: int
    pools: dict[str, str]
    names: tuple[str, ...]
    sets: Mapping[str, ParameterSet]
    default: str
    steady: Callable
    transfers: Callable

    @property
    def soil(self) -> slice:
        """Which pools are soil organic carbon: those behind the four litter pools."""
        return slice(kernel.LITTER, len(self.pools))


@dataclass(frozen=True)
class Cases:
    """Parameters and places, matched: each case is one run.

    Attributes
    ----------
    parameters : array [case, n]
        In the order of the kernel.
    columns : Column
        Stacked forcing; ``which`` [case] says which of them a case has.
    switches : int
        Switches of the kernel.
    dim, coords
        Name of the dimension of the cases (None for a single one) and its coordinates.
    chosen : ParameterSet
        The set that the parameters start from.
    varied : tuple of str
        Parameters that differ between cases.
    """

    parameters: np.ndarray
    columns: kernel.Column
    which: np.ndarray
    switches: int
    dim: str | None
    coords: dict
    chosen: ParameterSet
    varied: tuple[str, ...] = ()
    attrs: dict = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of cases."""
        return self.which.size

    def column(self, case: int) -> kernel.Column:
        """Return the forcing of one case."""
        return environment.one(self.columns, self.which[case])

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


# --- reading parameters -----------------------------------------------------------------------


def read(model: Model, parameters: object, forcing: xr.Dataset | Columns, transport: str) -> Cases:
    """Check parameters and forcing and match them."""
    switches = switch(transport)
    chosen, values, dim, coords = _read_parameters(model, parameters)
    columns = environment.prepare(forcing)
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


def _read_parameters(
    model: Model, parameters: object
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
            dim = _same_dim(dim, own)
            coords = {**along, **coords}
    single = {name: float(v) for name, v in values.items() if np.ndim(v) == 0}
    if options or single:
        chosen = chosen.replace(**options, **single)
    return chosen, values, dim, coords


def of_arrays(
    model: Model, parameters: np.ndarray, columns: kernel.Column, transport: str
) -> Cases:
    """Return cases of parameters [site, n] in the order of the kernel, one for each column.

    Raises
    ------
    InputError
        For values out of the bounds of their parameter (those off by rounding move onto them).
    """
    chosen = model.sets[model.default]
    low, high = bounds(model)
    if not ((parameters >= low) & (parameters <= high)).all():
        each = zip(model.names, parameters.T, strict=True)
        parameters = np.column_stack([_within(chosen, name, values) for name, values in each])
    size = len(parameters)
    return Cases(
        np.ascontiguousarray(parameters), columns, np.arange(size), switch(transport), "site", {},
        chosen, model.names,
    )  # fmt: skip


def _numbers(name: str, value: object) -> tuple[np.ndarray, str | None, dict]:
    """Return a value as an array, its dimension ("" where it has no name) and its coordinates."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name} = {value!r} is not a number") from None
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


def _same_dim(one: str | None, other: str) -> str:
    if one and other and one != other:
        raise InputError(f"parameters have the dimensions {one}, {other}: allowed one")
    return other or one or ""


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

#: Both switches as the papers' printed tables and as their published code have them.
READINGS = {
    "table": {"enzyme_turnover": "own", "prior": "linear"},
    "published": {"enzyme_turnover": "tied", "prior": "log"},
}


def enzyme_switch(model: Model, enzyme_turnover: object, prior: object) -> int:
    """Return the kernel's switch of the turnover time of enzymes, or raise `InputError`."""
    code = 0
    for name, value, allowed in (
        ("enzyme_turnover", enzyme_turnover, ENZYME_TURNOVER), ("prior", prior, PRIOR),
    ):  # fmt: skip
        if model.code != kernel.COMPAS:
            allowed = [key for key, number in allowed.items() if number == 0]
        if not isinstance(value, str) or value not in allowed:
            raise unknown(name, value, allowed)
        code += {**ENZYME_TURNOVER, **PRIOR}[value]
    return code


def two_switches(function: Callable) -> Callable:
    """Let a function refuse the word ``index``, which these two switches once were."""

    @functools.wraps(function)
    def refusing(*args: Any, **options: Any) -> Any:
        if "index" in options:
            raise InputError(
                f"index = {options['index']!r}: now two switches, enzyme_turnover = 'own' or "
                "'tied' and prior = 'linear' or 'log'; 'table' was own and linear, 'published' "
                "tied and log, 'log' own and log"
            )
        return function(*args, **options)

    return refusing


def from_unit(
    model: Model, u: object, enzyme_turnover: str = "own", prior: str = "linear"
) -> dict[str, np.ndarray]:
    """Return parameters by name for points of the unit cube [..., n]."""
    array = np.asarray(u, dtype=float)
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


def to_unit(model: Model, parameters: object) -> np.ndarray:
    """Return where parameters lie between the prior bounds: own and linear."""
    chosen, values, _, _ = _read_parameters(model, parameters)
    low, high = bounds(model)
    arrays = [np.asarray(values.get(name, chosen[name]), float) for name in model.names]
    return (np.stack(np.broadcast_arrays(*arrays), axis=-1) - low) / (high - low)


def bounds(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Return the prior bounds of the parameters [n], low and high, in the order of the kernel."""
    records = model.sets[model.default].records
    pairs = np.array([records[name].bounds for name in model.names])
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


# --- runs -------------------------------------------------------------------------------------


class Steady(NamedTuple):
    """Steady states of cases, as arrays.

    Attributes
    ----------
    carbon : array [case, pool, layer]
        g C m-3; zero where there is no steady state.
    respiration : array [case]
        g C m-2 yr-1; zero where there is no steady state.
    feasible : array [case]
        Whether there is one.
    rates : array [case, RATES, layer]
        Modifiers, transport, transfers and shares, of the kernel's `prepare`.
    """

    carbon: np.ndarray
    respiration: np.ndarray
    feasible: np.ndarray
    rates: np.ndarray


def solve(model: Model, cases: Cases, threads: int | None = None) -> Steady:
    """Return the steady state of every case; `threads` as in `side_by_side`."""
    size = cases.size
    found = Steady(
        np.empty((size, len(model.pools), grid.LAYERS)),
        np.empty(size),
        np.empty(size, bool),
        np.empty((size, kernel.RATES, grid.LAYERS)),
    )

    def run(part: slice) -> None:
        model.steady(
            cases.parameters[part], cases.columns, cases.which[part], cases.switches,
            found.feasible[part], found.respiration[part], found.rates[part], found.carbon[part],
        )  # fmt: skip

    side_by_side(run, size, THREAD, threads)
    return found


def prepared(model: Model, cases: Cases) -> tuple[np.ndarray, np.ndarray]:
    """Return what the kernels prepare of each case [case, RATES, layer], and if it can run."""
    rates = np.zeros((cases.size, kernel.RATES, grid.LAYERS))
    possible = np.empty(cases.size, bool)
    kernel.prepare_many(
        model.code, cases.parameters, cases.columns, cases.which, cases.switches, possible, rates
    )
    return rates, possible


def respired(model: Model, cases: Cases, carbon: np.ndarray) -> np.ndarray:
    """Return the respiration [case, time] of carbon [case, time, pool, layer], g C m-2 yr-1."""
    out = np.empty(carbon.shape[:2])
    rates, _ = prepared(model, cases)
    for i in range(cases.size):
        kernel.respiration(model.code, cases.parameters[i], rates[i], carbon[i], out[i])
    return out


def steady_state(
    model: Model, parameters: object, forcing: xr.Dataset | Columns, transport: str
) -> xr.Dataset:
    """Return the steady state of every case as a Dataset."""
    cases = read(model, parameters, forcing, transport)
    found = solve(model, cases)
    variables = stocks(model, found.carbon)
    variables["feasible"] = ((), found.feasible)
    variables["input"] = ((), cases.columns.litter.sum(axis=1)[cases.which])
    variables["respiration"] = ((), found.respiration)
    return dataset(model, cases, variables, transport)


def simulate(
    model: Model,
    parameters: object,
    forcing: xr.Dataset | Columns,
    time: object,
    initial: object,
    transport: str,
) -> xr.Dataset:
    """Return a run in time of every case as a Dataset."""
    times = check_time(time)
    cases = read(model, parameters, forcing, transport)
    if initial is None:
        found = solve(model, cases)
        if not found.feasible.all():
            raise InputError(
                f"initial is not given and there is no steady state{cases.where(~found.feasible)}"
            )
        start = found.carbon
    else:
        start = check_initial(model, initial, cases)
    state = _integrate(model, cases, start, times)
    carbon = np.ascontiguousarray(state[:, :, :-1])
    variables = stocks(model, carbon, "time")
    litter = cases.columns.litter.sum(axis=1)[cases.which]
    variables["input"] = ((), litter)
    variables["respiration"] = (("time",), respired(model, cases, carbon))
    variables["cumulative_input"] = (("time",), litter[:, np.newaxis] * times)
    variables["cumulative_respiration"] = (("time",), state[:, :, -1] @ grid.THICKNESS)
    return dataset(model, cases, variables, transport, {"time": times})


def _integrate(model: Model, cases: Cases, start: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return pools and respired carbon [case, time, pool + 1, layer], g C m-3."""
    state = np.empty((cases.size, times.size, len(model.pools) + 1, grid.LAYERS))
    rates, possible = prepared(model, cases)
    status = np.full(cases.size, kernel.NOT_CONVERGED)

    def run(part: slice) -> None:
        for i in range(cases.size)[part]:
            if possible[i]:
                status[i] = kernel.transient(
                    model.code, cases.parameters[i], rates[i], start[i], times, TOLERANCE, state[i]
                )

    side_by_side(run, cases.size, THREAD_IN_TIME)
    failed = status != kernel.CONVERGED
    if failed.any():
        raise InputError(
            f"the run in time does not converge{cases.where(failed)}: a turnover time may be 0"
        )
    return state


def check_initial(model: Model, initial: object, cases: Cases) -> np.ndarray:
    """Return the initial carbon [case, pool, layer], g C m-3, from a Dataset, DataArray, array."""
    if isinstance(initial, xr.Dataset):
        if "carbon" not in initial:
            raise InputError("initial has no variable 'carbon' (g C m-3)")
        if "feasible" in initial and not bool(initial["feasible"].all()):
            raise InputError("initial: some of its steady states do not exist (feasible = False)")
        initial = initial["carbon"]
    if isinstance(initial, xr.DataArray):
        if "time" in initial.dims:
            raise InputError(
                "initial has the dimension 'time': choose one time, as in .isel(time=-1)"
            )
        if "pool" not in initial.dims or set(initial["pool"].values) != set(model.pools):
            raise InputError(f"initial: allowed the pools {', '.join(model.pools)}")
        initial = initial.sel(pool=list(model.pools)).transpose(..., "pool", "layer").values
    shape = (cases.size, len(model.pools), grid.LAYERS)
    try:
        carbon = np.array(np.broadcast_to(np.asarray(initial, dtype=float), shape))
    except (TypeError, ValueError):
        raise InputError(
            f"initial: allowed carbon (g C m-3) of {shape[1]} pools in {shape[2]} layers, for one "
            f"or {shape[0]} cases"
        ) from None
    bad = ~((carbon >= 0) & np.isfinite(carbon))
    if bad.any():
        case, pool, layer = np.argwhere(bad)[0]
        raise InputError(
            f"initial {list(model.pools)[pool]} = {carbon[case, pool, layer]:g} in layer "
            f"{layer + 1}: allowed 0 or more g C m-3"
        )
    return carbon


def stocks(model: Model, carbon: np.ndarray, *dims: str) -> dict:
    """Return carbon [case, ..., pool, layer] with the sums of it that a reader looks for."""
    soil = carbon[..., model.soil, :].sum(axis=-2)
    weights = np.array([grid.overlap(0.0, depth) for depth in grid.STOCK_DEPTHS])
    every = np.tile(grid.THICKNESS, carbon.shape[-2])
    return {
        "carbon": ((*dims, "pool", "layer"), carbon),
        "total": (dims, carbon.reshape(*carbon.shape[:-2], -1) @ every),
        "soc": ((*dims, "layer"), soil),
        "stock": ((*dims, "to_depth"), soil @ weights.T / 1000.0),
    }


def dataset(
    model: Model, cases: Cases, variables: dict, transport: str, coords: dict | None = None
) -> xr.Dataset:
    """Assemble arrays with a leading case axis to a Dataset with units and provenance."""
    lead = () if cases.dim is None else (cases.dim,)
    data = {}
    for name, (dims, array) in variables.items():
        unit, long_name, symbol = VARIABLES[name]
        attrs = {"units": unit, "long_name": long_name, "symbol": symbol}
        data[name] = (lead + dims, array if lead else array[0], attrs)
    depths = {"units": "m", "long_name": "depth down to which carbon is counted"}
    every = {
        **cases.coords, **(coords or {}), **grid.coordinates(),
        "pool": list(model.pools), "pool_name": ("pool", list(model.pools.values())),
        "to_depth": ("to_depth", list(grid.STOCK_DEPTHS), depths),
    }  # fmt: skip
    found = xr.Dataset(data, coords=every)
    if "time" in found.coords:
        found["time"].attrs = {"units": "yr", "long_name": "time", "symbol": "t"}
    found.attrs = provenance(model, cases, transport)
    return found


def provenance(model: Model, cases: Cases, transport: str) -> dict[str, str]:
    """Return the attributes that say how a result was made."""
    fixed = {name: value for name, value in cases.chosen.items() if name not in cases.varied}
    return {
        "model": model.name,
        "parameter_set": cases.chosen.name,
        "parameters": json.dumps({**fixed, **cases.chosen.options}),
        "parameters_varied": ", ".join(cases.varied) or "none",
        "transport": transport,
        "forcing": str(cases.attrs.get("title", cases.attrs.get("source", "given"))),
        "source": model.source,
        "soilnb_version": __version__,
    }


# --- the matrices, for those who want to see them ---------------------------------------------


class Matrices(NamedTuple):
    """The terms of dX/dt = B I + A xi K X + V X in one place.

    Attributes
    ----------
    I : float
        Litter input, g C m-2 yr-1.
    B : DataArray (pool, layer)
        Where a unit of input goes, m-1: the sum of B times the thickness is 1.
    A : DataArray (pool, from_pool)
        What becomes of a unit of decay: -1 on the diagonal, shares passed on beside it; what a
        column lacks to 0 is respired. With a leading ``layer`` where transfers follow sand.
    xi : DataArray (pool, layer)
        Environmental modifier.
    K : DataArray (pool, layer)
        Rate at 25 degC in moist soil, yr-1; of DOC and mineral carbon in COMPAS at the given state.
    V : DataArray (layer, from_layer)
        Transport between layers, yr-1.
    moves : DataArray (pool)
        Which pools are transported.
    """

    I: float
    B: xr.DataArray
    A: xr.DataArray
    xi: xr.DataArray
    K: xr.DataArray
    V: xr.DataArray
    moves: xr.DataArray

    def operator(self) -> xr.DataArray:
        """Return A xi K + V as one square matrix (place, from_place) of all pools and layers."""
        pools, layers = self.K.shape
        shares = np.broadcast_to(self.A.values, (layers, pools, pools))
        rate = (self.xi * self.K).values
        full = np.zeros((pools, layers, pools, layers))
        for j in range(layers):
            full[:, j, :, j] = shares[j] * rate[:, j]
        for pool in np.flatnonzero(self.moves.values):
            full[pool, :, pool, :] += self.V.values
        size = pools * layers
        names = [f"{p} {j}" for p in self.K["pool"].values for j in self.K["layer"].values]
        return xr.DataArray(
            full.reshape(size, size),
            {"place": names, "from_place": names},
            ("place", "from_place"),
            attrs={"units": "yr-1", "long_name": "decay, transfer and transport"},
        )

    def source(self) -> np.ndarray:
        """Return B I [place], g C m-3 yr-1, in the order of `operator`."""
        return (self.B.values * self.I).ravel()

    def solve(self) -> xr.DataArray:
        """Return the X with (A xi K + V) X = -B I, g C m-3 (pool, layer), by a dense solve.

        For COMPAS it is a steady state only where K belongs to it.
        """
        found = np.linalg.solve(self.operator().values, -self.source())
        attrs = dict(zip(("units", "long_name", "symbol"), VARIABLES["carbon"], strict=True))
        return self.K.copy(data=found.reshape(self.K.shape)).rename("carbon").assign_attrs(attrs)


def matrices(model: Model, cases: Cases, rates: Callable, carbon: np.ndarray | None) -> Matrices:
    """Return the matrices of a single case; `rates` gives K [pool, layer] for carbon."""
    if cases.dim is not None:
        raise InputError(f"matrices: allowed one place; given {cases.size} along {cases.dim!r}")
    column, p = cases.column(0), cases.named(0)
    table = np.zeros((kernel.RATES, grid.LAYERS))
    kernel.prepare(model.code, cases.parameters[0], column, cases.switches, table)
    kernel.sources(column, table)
    pools = len(model.pools)
    total = float(column.litter.sum())
    inflow = np.zeros((pools, grid.LAYERS))
    if total > 0:
        inflow[: kernel.LITTER] = table[: kernel.LITTER] / total
    xi = np.tile(table[kernel.SOIL], (pools, 1))
    xi[1 : kernel.LITTER] = table[kernel.LITTER_MODIFIER]
    published = cases.switches & kernel.PUBLISHED_TRANSPORT
    moves = np.arange(pools) > 0
    if model.code == kernel.COMPAS:
        moves &= np.arange(pools) < kernel.LITTER
    sand = column.sand if cases.switches & kernel.SAND_TRANSFERS else None
    layered = {**grid.coordinates(), "pool": list(model.pools)}

    def over_layers(values: np.ndarray, unit: str, symbol: str, meaning: str) -> xr.DataArray:
        attrs = {"units": unit, "long_name": meaning, "symbol": symbol}
        return xr.DataArray(values, layered, ("pool", "layer"), symbol, attrs)

    return Matrices(
        total,
        over_layers(inflow, "m-1", "B", "where a unit of input goes"),
        transfer_matrix(model, p, sand),
        over_layers(xi, "1", "xi", "environmental modifier"),
        over_layers(rates(p, xi, carbon), "yr-1", "K", "rate at 25 degC in moist soil"),
        transport_matrix(
            p["diffus"], p["cryo"], column, "published" if published else "conservative"
        ),
        xr.DataArray(moves, {"pool": list(model.pools)}, ("pool",), "moves"),
    )


def transfer_matrix(
    model: Model, p: Mapping[str, float], sand: np.ndarray | None = None
) -> xr.DataArray:
    """Return the A matrix (pool, from_pool); with a leading layer where `sand` [layer] is given."""
    shares = model.transfers(p, sand)
    dims = ("pool", "from_pool") if shares.ndim == 2 else ("layer", "pool", "from_pool")
    coords = {"pool": list(model.pools), "from_pool": list(model.pools)}
    if shares.ndim == 3:
        coords |= grid.coordinates()
    attrs = {"units": "1", "long_name": "share of decay that enters a pool", "symbol": "A"}
    return xr.DataArray(shares, coords, dims, "A", attrs)


def structure(model: Model, parameters: object) -> pd.DataFrame:
    """Return the A matrix as a table, row = to, column = from."""
    chosen, values, dim, _ = _read_parameters(model, parameters)
    if dim is not None:
        raise InputError("structure: allowed one value for each parameter")
    p = {name: float(values.get(name, chosen[name])) for name in model.names}
    shares = model.transfers(p, None) + 0.0  # no negative zeros
    return pd.DataFrame(shares, list(model.pools), list(model.pools))


def example_forcing() -> xr.Dataset:
    """Return the forcing of an example place, to compile the kernels with."""
    from soilnb.profile.forcing import example

    return example("temperate")


def warm_up(model: Model) -> None:
    """Compile the kernels of a model by tiny runs."""
    from_unit(model, np.full(len(model.names), 0.5))
    place = example_forcing()
    steady = steady_state(model, model.default, place, "conservative")
    simulate(model, model.default, place, [0.0, 0.1], steady, "conservative")
