"""What COMPAS and CLM5 share: places, parameters, runs, matrices, and the Dataset they return.

`LayeredModel` is the seam's `soilnb.profile.model.Model` for columns of twenty layers: steady
states and runs come from the kernels of `soilnb.kernels.layers`, two microseconds a place; its
ledger says once more, layer by layer, who gets what from whom, and gives eigenvalues, ages, the
fluxes and the structure. `soilnb.profile.compas` and `soilnb.profile.clm5` say what differs between
the two models and hold what users call.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from soilnb import __version__
from soilnb.jobs import side_by_side
from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, Parameters
from soilnb.profile import grid, plausible
from soilnb.profile.forcing.kernel_forcing import Forcing
from soilnb.profile.layered.cases import (
    READINGS,
    Cases,
    bounds,
    enzyme_switch,
    from_unit,
    of_arrays,
    read,
    to_unit,
    two_switches,
)
from soilnb.profile.layered.drivers import Drivers
from soilnb.profile.layered.drivers import read as read_drivers
from soilnb.profile.layered.matrices import VARIABLES, Matrices, matrices, transfer_table
from soilnb.profile.model import Mixing, Model, SteadyStateError
from soilnb.profile.model.base import Asked
from soilnb.profile.model.dataset import TIME, Initial, check_time
from soilnb.profile.model.dataset import check_initial as checked_initial
from soilnb.profile.model.drivers import stops as stops_of
from soilnb.profile.model.system import System

__all__ = [
    "READINGS", "Cases", "LayeredModel", "Layers", "Matrices", "Steady", "bounds", "check_initial",
    "dataset", "enzyme_switch", "example_forcing", "from_unit", "matrices", "of_arrays",
    "prepared", "provenance", "read", "respired", "solve", "stocks", "to_unit", "transfer_table",
    "two_switches",
]  # fmt: skip

#: Cases that make a thread worth its start: of steady states, and of runs in time.
THREAD, THREAD_IN_TIME = 512, 4

#: Relative tolerance of the local error of a run in time, and under drivers that change: of the
#: pools and layers together. There it is dissolved carbon that errs, a ten-thousandth of the stock,
#: which moves within days when the month does; the stock is a thousand times closer.
TOLERANCE, DRIVEN_TOLERANCE = 1e-7, 3e-3


@dataclass(frozen=True, kw_only=True)
class LayeredModel(Model):
    """A model of twenty layers: what its kernels need to know, beside its ledger.

    That is ``ledger(layers, parameters)`` with `Layers` and arrays [row] of parameters by name.
    """

    code: int  #: The kernels' number of it.
    names: tuple[str, ...]  #: Parameters in the order of the kernel.
    mixed: tuple[str, ...]  #: The pools that move between the layers.
    steady: Callable  #: Kernel for the steady states of many cases.
    transfers: Callable  #: Parameters by name, and sand or None, to the A matrix.
    #: Cases and their `Steady` states to whether small disturbances of them die away [case].
    stable: Callable
    #: Parameters by name, modifiers and carbon [pool, layer] to K [pool, layer].
    decay: Callable[[Mapping[str, float], np.ndarray, np.ndarray | None], np.ndarray]
    #: The system-level metrics of its own, see `soilnb.profile.layered.diagnostics.metrics`.
    metrics: Callable[..., dict[str, np.ndarray]]
    enzymes: bool = False  #: Whether it has a turnover time of enzymes, see `from_unit`.

    axes = ("pool", "layer")
    losses = ("respiration",)

    @property
    def soil(self) -> slice:
        """Which pools are soil organic carbon: those behind the four litter pools."""
        return slice(kernel.LITTER, len(self.pools))

    @property
    def sampled(self) -> slice:
        """Which pools a soil sample contains: litter is sieved off."""
        return self.soil

    @property
    def example(self) -> xr.Dataset:
        """The forcing of a typical place."""
        return example_forcing()

    def total(self, found: xr.Dataset) -> xr.DataArray:
        """Return all carbon of a result of the model, g C m-2."""
        return found["total"]

    def steady_state(
        self,
        forcing: Forcing,
        parameters: Parameters | xr.Dataset = "tao2024",
        *,
        transport: str = "conservative",
    ) -> xr.Dataset:
        """Return the pools at which gains and losses balance, of every case.

        Parameters and result are those of `soilnb.profile.compas.steady_state`.
        """
        cases = read(self, parameters, forcing, transport)
        found = solve(self, cases)
        variables = stocks(self, found.carbon)
        variables["feasible"] = ((), found.feasible)
        variables["stable"] = ((), found.feasible & self.stable(cases, found))
        variables["plausible"] = ((), found.feasible & plausible.plausible(variables["soc"][1]))
        variables["input"] = ((), cases.columns.litter.sum(axis=1)[cases.which])
        variables["respiration"] = ((), found.respiration)
        return dataset(self, cases, variables)

    def simulate(
        self,
        forcing: Forcing,
        time: np.ndarray,
        parameters: Parameters | xr.Dataset = "tao2024",
        initial: Initial = None,
        *,
        drivers: Mapping | xr.Dataset | None = None,
        transport: str = "conservative",
    ) -> xr.Dataset:
        """Run every case in time under a constant forcing, or under one that changes.

        Parameters and result are those of `soilnb.profile.compas.simulate`.
        """
        times = check_time(time)
        cases = read(self, parameters, forcing, transport)
        if initial is None:
            found = solve(self, cases)
            if not found.feasible.all():
                raise InputError(
                    "initial is not given and there is no steady state"
                    f"{cases.where(~found.feasible)}"
                )
            start = found.carbon
        else:
            start = check_initial(self, initial, cases)
        if drivers is None:
            state = _integrate(self, cases, start, times)
            litter = cases.columns.litter.sum(axis=1)[cases.which]
            entered = litter[:, np.newaxis] * times
            flux = respired(self, cases, np.ascontiguousarray(state[:, :, :-1]))
        else:
            series = read_drivers(drivers, len(cases.columns.bedrock))
            state, litter, entered, flux = _drive(self, cases, series, start, times)
        carbon = np.ascontiguousarray(state[:, :, :-1])
        variables = stocks(self, carbon, "time")
        variables["plausible"] = (("time",), plausible.plausible(variables["soc"][1]))
        variables["input"] = (("time",)[: litter.ndim - 1], litter)
        variables["respiration"] = (("time",), flux)
        variables["cumulative_input"] = (("time",), entered)
        variables["cumulative_respiration"] = (("time",), state[:, :, -1] @ grid.THICKNESS)
        return dataset(self, cases, variables, {"time": times})

    # --- what the seam asks for ---------------------------------------------------------------

    def ask(self, forcing: object, parameters: object, *, transport: str = "conservative") -> Asked:
        """Read and check a forcing and parameters, once for all that follows."""
        cases = read(self, self._named(parameters), forcing, transport)
        rates, _ = prepared(self, cases)
        rows = Layers(cases, rates)
        by_name = zip(self.names, cases.parameters.T, strict=True)
        p = {name: np.repeat(values, grid.LAYERS) for name, values in by_name}
        with np.errstate(divide="ignore"):
            entries = self.ledger(rows, p)
        return Asked(cases, cases.chosen, System(self.pools, rows, entries, rows.mixing(self)))

    def rest(self, asked: Asked) -> np.ndarray:
        """Return the steady state [row, n + 2] in g C m-2, from the kernels."""
        found = solve(self, asked.place)
        if not found.feasible.all():
            where = asked.place.where(~found.feasible)
            raise SteadyStateError(f"{self.name}: there is no steady state{where}")
        return _rows(found.carbon)

    def state(self, asked: Asked, carbon: object) -> np.ndarray:
        """Return carbon in g C m-3 (..., pool, layer) as a state [row, n + 2], checked."""
        return _rows(check_initial(self, carbon, asked.place))

    def label(self, asked: Asked, variables: dict, coords: dict | None = None) -> xr.Dataset:
        """Return (dimensions, array [case, ...]) by name as a Dataset with units and origin."""
        return dataset(self, asked.place, variables, coords)

    def warm_up(self) -> None:
        """Compile the kernels by tiny runs, so that several processes need not each do it."""
        from_unit(self, np.full(len(self.names), 0.5))
        place = self.example
        steady = self.steady_state(place)
        self.simulate(place, [0.0, 0.1], initial=steady)
        matrices(self, read(self, self.default, place, "conservative"), steady["carbon"].values)


class Layers:
    """All layers of all cases, one behind the other, as a ledger reads them, each [row].

    `soil` (of wood, too) and `litter` are modifiers of decay, dimensionless; `to_slow` and
    `to_passive` transfers of CLM5, which may follow the sand of the layer; `thickness` is in m,
    `inputs` are litter by pool, g C m-2 yr-1.
    """

    def __init__(self, cases: Cases, rates: np.ndarray) -> None:
        self.cases, self.rates = cases, rates
        self.size = cases.size * grid.LAYERS
        self.soil = rates[:, kernel.SOIL].ravel()
        self.litter = rates[:, kernel.LITTER_MODIFIER].ravel()
        self.to_slow = rates[:, kernel.TO_SLOW].ravel()
        self.to_passive = rates[:, kernel.TO_PASSIVE].ravel()
        self.thickness = np.tile(grid.THICKNESS, cases.size)
        self.inputs = {
            pool: rates[:, i].ravel() * self.thickness
            for i, pool in enumerate(("cwd", "ml", "cl", "ll"))
        }

    def where(self, bad: np.ndarray) -> str:
        """Name the cases with a layer at which `bad` [row] is true."""
        return self.cases.where(bad.reshape(-1, grid.LAYERS).any(axis=1))

    def mixing(self, model: LayeredModel) -> Mixing:
        """Return what moves between the layers: conductance over thickness, yr-1."""
        up, down = (self.rates[:, row] / grid.THICKNESS for row in (kernel.UP, kernel.DOWN))
        rate = np.zeros((len(up), grid.LAYERS, grid.LAYERS))
        above, below = np.arange(grid.LAYERS - 1), np.arange(1, grid.LAYERS)
        rate[:, above, below], rate[:, below, above] = up[:, 1:], down[:, :-1]
        every = np.arange(grid.LAYERS)
        rate[:, every, every] = -(up + down)
        return Mixing(rate, model.mixed)


def _rows(carbon: np.ndarray) -> np.ndarray:
    """Return carbon [case, pool, layer] in g C m-3 as a state [row, pool + 2] in g C m-2."""
    amounts = (carbon * grid.THICKNESS).swapaxes(1, 2).reshape(-1, carbon.shape[1])
    return np.pad(amounts, ((0, 0), (0, 2)))


class Steady(NamedTuple):
    """Steady states of cases, as arrays."""

    carbon: np.ndarray  #: [case, pool, layer]: g C m-3; zero where there is no steady state.
    respiration: np.ndarray  #: [case]: g C m-2 yr-1; zero where there is no steady state.
    feasible: np.ndarray  #: [case]: whether there is one.
    #: [case, RATES, layer]: modifiers, transport, transfers and shares, of the kernel's `prepare`.
    rates: np.ndarray


def solve(model: LayeredModel, cases: Cases, threads: int | None = None) -> Steady:
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


def prepared(model: LayeredModel, cases: Cases) -> tuple[np.ndarray, np.ndarray]:
    """Return what the kernels prepare of each case [case, RATES, layer], and if it can run."""
    rates = np.zeros((cases.size, kernel.RATES, grid.LAYERS))
    possible = np.empty(cases.size, bool)
    kernel.prepare_many(
        model.code, cases.parameters, cases.columns, cases.which, cases.switches, possible, rates
    )
    return rates, possible


def respired(model: LayeredModel, cases: Cases, carbon: np.ndarray) -> np.ndarray:
    """Return the respiration [case, time] of carbon [case, time, pool, layer], g C m-2 yr-1."""
    out = np.empty(carbon.shape[:2])
    rates, _ = prepared(model, cases)
    for i in range(cases.size):
        kernel.respiration(model.code, cases.parameters[i], rates[i], carbon[i], out[i])
    return out


def _integrate(
    model: LayeredModel, cases: Cases, start: np.ndarray, times: np.ndarray
) -> np.ndarray:
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
    _check_converged(cases, status)
    return state


def _check_converged(cases: Cases, status: np.ndarray) -> None:
    failed = status != kernel.CONVERGED
    if failed.any():
        raise InputError(
            f"the run in time does not converge{cases.where(failed)}: a turnover time may be 0"
        )


def _drive(
    model: LayeredModel, cases: Cases, drivers: Drivers, start: np.ndarray, times: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return what a run under drivers is at `times`.

    Pools and respired carbon [case, time, pool + 1, layer], g C m-3; litter and respiration
    [case, time], g C m-2 yr-1; litter since the start [case, time], g C m-2.
    """
    stops, which, wanted, now = stops_of(drivers.starts, times)
    kept = np.full(stops.size, -1)
    kept[wanted] = np.arange(times.size)
    tolerance = DRIVEN_TOLERANCE if drivers.starts.size > 1 else TOLERANCE
    shape = (cases.size, times.size)
    state = np.empty((*shape, len(model.pools) + 1, grid.LAYERS))
    litter, entered, flux = np.empty(shape), np.empty(shape), np.empty(shape)
    status = np.empty(cases.size, np.int64)

    def run(part: slice) -> None:
        place, columns = -1, None
        for i in range(cases.size)[part]:
            if cases.which[i] != place:
                place = cases.which[i]
                columns = drivers.columns(cases.columns, place)
            amount = columns.litter.sum(axis=1)
            litter[i] = amount[now]
            entered[i] = np.cumsum(amount[which] * np.diff(stops, prepend=0.0))[wanted]
            status[i] = kernel.transient_driven(
                model.code, cases.parameters[i], columns, cases.switches, start[i], stops, which,
                kept, now, tolerance, state[i], flux[i],
            )  # fmt: skip

    side_by_side(run, cases.size, THREAD_IN_TIME)
    _check_converged(cases, status)
    return state, litter, entered, flux


def check_initial(model: LayeredModel, initial: object, cases: Cases) -> np.ndarray:
    """Return the initial carbon [case, pool, layer], g C m-3, from a Dataset, DataArray, array."""
    return checked_initial(initial, cases.size, model.pools, grid.LAYERS)


def stocks(model: LayeredModel, carbon: np.ndarray, *dims: str) -> dict:
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
    model: LayeredModel, cases: Cases, variables: dict, coords: dict | None = None
) -> xr.Dataset:
    """Assemble arrays with a leading case axis to a Dataset with units and provenance."""
    lead = () if cases.dim is None else (cases.dim,)
    data = {}
    for name, (dims, array) in variables.items():
        data[name] = (lead + dims, array if lead else array[0], VARIABLES[name].attrs)
    depths = {"units": "m", "long_name": "depth down to which carbon is counted"}
    every = {
        **cases.coords, **(coords or {}), **grid.coordinates(),
        "pool": list(model.pools), "pool_name": ("pool", list(model.pools.values())),
        "to_depth": ("to_depth", list(grid.STOCK_DEPTHS), depths),
    }  # fmt: skip
    used = {dim for dims, _ in variables.values() for dim in dims}
    along = {name: c[0] if isinstance(c, tuple) else name for name, c in every.items()}
    own = {name: c for name, c in every.items() if name in cases.coords or along[name] in used}
    found = xr.Dataset(data, coords=own)
    if "time" in found.coords:
        found["time"].attrs = TIME
    found.attrs = provenance(model, cases)
    return found


def provenance(model: LayeredModel, cases: Cases) -> dict[str, str]:
    """Return the attributes that say how a result was made."""
    fixed = {name: value for name, value in cases.chosen.items() if name not in cases.varied}
    return {
        "model": model.name,
        "parameter_set": cases.chosen.name,
        "parameters": json.dumps({**fixed, **cases.chosen.options}),
        "parameters_varied": ", ".join(cases.varied) or "none",
        "transport": cases.transport,
        "forcing": str(cases.attrs.get("title", cases.attrs.get("source", "given"))),
        "source": model.source,
        "soilnb_version": __version__,
    }


def example_forcing() -> xr.Dataset:
    """Return the forcing of an example place, to compile the kernels with.

    Examples
    --------
    >>> example_forcing().attrs["title"]
    'example place: temperate'
    """
    from soilnb.profile.forcing import example

    return example("temperate")
