"""Box models: pools without depth, whose every number follows from a ledger.

The steady state is one linear solve where every flux is first order, and a run the exponential of
a matrix between one change of drivers and the next, without error of discretisation. Otherwise
the kernels of `soilnb.kernels.boxes` solve it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr
from scipy.linalg import expm

from soilnb.jobs import side_by_side
from soilnb.kernels import boxes as kernel
from soilnb.parameters import (
    InputError,
    Parameter,
    Parameters,
    ParameterSet,
    as_numbers,
    check_known,
    choose,
)
from soilnb.profile import plausible
from soilnb.profile.model import dataset
from soilnb.profile.model import drivers as series
from soilnb.profile.model.base import Asked, Model, SteadyStateError, modes_at
from soilnb.profile.model.dataset import Initial
from soilnb.profile.model.system import System
from soilnb.profile.site import RECORDS, Site, check, read

#: Relative tolerance of the local error of a transient run.
TOLERANCE = 1e-9

#: Number of sites that make a thread worth its start: at steady state, and in time.
THREAD, THREAD_IN_TIME = 25, 2

#: Number of matrix exponentials that a run in time keeps to use again.
KEPT = 64

#: Bare soil gets no litter at all, which a run in time can follow.
_NPP = replace(RECORDS["npp"], bounds=(0.0, RECORDS["npp"].bounds[1]), scale="linear")


class Noted:
    """A site that notes which of its keys a ledger reads, and which it has to assume."""

    def __init__(self, site: Site) -> None:
        self.site, self.used, self.assumed = site, set(), set()

    @property
    def size(self) -> int:
        """Number of sites."""
        return self.site.size

    def __contains__(self, key: str) -> bool:
        return key in self.site

    def __getitem__(self, key: str) -> np.ndarray:
        self.used.add(key)
        return self.site[key]

    def get(self, key: str, default: float | None = None) -> np.ndarray:
        """Return the value of a key, or a default, by default that of its record."""
        self.used.add(key)
        if key not in self.site and default is None:
            self.assumed.add(key)
        return self.site.get(key, default)

    def where(self, bad: np.ndarray) -> str:
        """Name the sites at which `bad` is true."""
        return self.site.where(bad)

    def at(self, site: Site) -> Noted:
        """Return another site of which the same keys were read."""
        other = Noted(site)
        other.used, other.assumed = self.used, self.assumed
        return other


@dataclass(frozen=True, kw_only=True)
class BoxModel(Model):
    """A box model: the methods follow from its pools, parameter sets and ledger.

    In ``ledger(site, parameters)`` a site's value is an array [site], ``site[key]`` where it is
    required and ``site.get(key)`` where it has a default.
    """

    #: Site keys that must be given; of a tuple, one.
    needs: tuple[str | tuple[str, ...], ...] = ("temperature", "npp")
    #: Site keys beyond those that every model knows (`soilnb.profile.site.RECORDS`).
    drivers: Mapping[str, Parameter] = field(default_factory=dict)
    #: ``inert(site, parameters, carbon)`` returns the carbon [site, pool] in g C m-2 at steady
    #: state, with what the fluxes do not reach filled in.
    inert: Callable | None = None
    #: ``own(site, parameters)`` returns the steady state of a checked `Site` as a Dataset, where
    #: the model brings a solver along; default the one of the seam.
    own: Callable | None = None

    @property
    def records(self) -> dict[str, Parameter]:
        """Every key that a site may have."""
        return {**RECORDS, "npp": _NPP, **self.drivers}

    @property
    def example(self) -> dict[str, float]:
        """A typical place: the values of the records that the model needs."""
        keys = [need if isinstance(need, str) else need[0] for need in self.needs]
        return {key: self.records[key].value for key in keys}

    @property
    def reads(self) -> list[str]:
        """The site keys that the default set reads at a typical place."""
        return sorted(self.ask(self.example, self.default).place.used)

    def total(self, found: xr.Dataset) -> xr.DataArray:
        """Return all carbon of a result of the model, g C m-2."""
        return 1e3 * found["carbon"].sum("pool")

    def steady_state(
        self, site: Mapping | xr.Dataset, parameters: Parameters | None = None
    ) -> xr.Dataset:
        """Return the pools at which gains and losses balance, with the flux ledger.

        Parameters
        ----------
        site : mapping or Dataset
            See `soilnb.profile.site`; arrays over one dimension are many sites at once.
        parameters : str or mapping, optional
            Name of a parameter set, or a mapping of changes to the default set (or to the set
            that its key ``set`` names).

        Returns
        -------
        Dataset
            ``carbon`` (..., pool) in kg C m-2; ``input``, ``respiration``, ``export``, ``uptake``,
            ``oxidation``, ``turnover``, ``desorption``, ``change`` and ``flux`` (..., process) in
            g C m-2 yr-1; ``stable`` and ``plausible`` (`soilnb.profile.plausible`).

        Raises
        ------
        SteadyStateError
            Where gains and losses do not balance.
        """
        return self._steady(*self._read(site, parameters))

    def simulate(
        self,
        site: Mapping | xr.Dataset,
        time: np.ndarray,
        parameters: Parameters | None = None,
        initial: Initial = None,
        drivers: Mapping | xr.Dataset | None = None,
    ) -> xr.Dataset:
        """Run the model in time under constant or changing drivers.

        Parameters
        ----------
        site, parameters
            As in `steady_state`; they hold from time 0 on.
        time : array [time]
            Output times in years, increasing, the first 0 or later.
        initial : Dataset, DataArray or array, optional
            Carbon at time 0 in kg C m-2 (..., pool); default the steady state of this site and
            these parameters.
        drivers : mapping or Dataset, optional
            Site keys that change: arrays over ``time`` (years, the first 0), for all sites or
            (site, time). Each value holds from its time to the next, the last one on.

        Returns
        -------
        Dataset
            As of `steady_state` with a dimension ``time``, and ``cumulative_input``,
            ``cumulative_respiration`` and ``cumulative_export`` in g C m-2 since time 0.
        """
        times = dataset.check_time(time)
        place, chosen = self._read(site, parameters)
        starts, cases = _over_time(place, drivers)
        asked = self._asked(cases, chosen)
        system = asked.system
        if initial is None:
            before = self._steady(place, chosen)["carbon"]
            carbon = before.values.reshape(place.size, -1) * 1e3
        else:
            carbon = dataset.check_initial(initial, place.size, self.pools) * 1e3
        stops, which, wanted, now = series.stops(starts, times)
        steps = np.diff(stops, prepend=0.0)
        if system.linear:
            steps = steps.round(12)  # so that a month is as long as the next, for its exponential
        state = _integrate(place, system, carbon, stops, steps, which)
        amount = system.source.sum(axis=1).reshape(place.size, -1)[:, which]
        entered = np.cumsum(amount * steps, axis=1)[:, wanted]
        variables = self._entries(system, state[:, wanted], now, time=True)
        variables["cumulative_input"] = (("time",), entered)
        variables["cumulative_respiration"] = (("time",), state[:, wanted, -2])
        variables["cumulative_export"] = (("time",), state[:, wanted, -1])
        coords = {**system.coords, "time": ("time", times, dataset.TIME)}
        return self.label(asked._replace(place=asked.place.at(place)), variables, coords)

    # --- from a site and named parameters to the arrays of the kernels ------------------------

    def ask(self, place: object, parameters: object) -> Asked:
        """Read and check a site and parameters, once for all that follows."""
        return self._asked(*self._read(place, parameters))

    def rest(self, asked: Asked) -> np.ndarray:
        """Return the steady state [site, n + 2] in g C m-2; the sinks stay empty.

        Where a model may have several, it is the one that its own solver finds.
        """
        place, chosen, system = asked
        if self.own is not None and not system.linear:
            return self.state(asked, self.own(place.site, chosen)["carbon"])
        state, failed = _balance(system) if system.linear else _come_to_rest(system)
        if failed.any():
            raise SteadyStateError(
                f"{self.name}: no steady state found{place.where(failed)}: gains and losses of the "
                "pools do not balance"
            )
        if self.inert is not None:
            state[:, : len(self.pools)] = self.inert(
                place.site, chosen, state[:, : len(self.pools)]
            )
        return state

    def settled(self, asked: Asked) -> xr.Dataset:
        """Return what `steady_state` does, of a site and parameters that were read already."""
        if self.own is not None:
            return self.own(asked.place.site, asked.chosen)
        state = self.rest(asked)
        variables = self._entries(asked.system, state[:, np.newaxis])
        lasts = asked.system.linear or plausible.dies_away(modes_at(asked.system, state))
        variables["stable"] = ((), np.broadcast_to(lasts, (len(state),)))
        return self.label(asked, variables, asked.system.coords)

    def state(self, asked: Asked, carbon: object) -> np.ndarray:
        """Return carbon in kg C m-2 (..., pool) as a state [site, n + 2] in g C m-2, checked."""
        given = dataset.check_initial(carbon, asked.place.size, self.pools) * 1e3
        return np.pad(given, ((0, 0), (0, 2)))

    def label(self, asked: Asked, variables: dict, coords: dict | None = None) -> xr.Dataset:
        """Return (dimensions, array [site, ...]) by name as a Dataset with units and origin."""
        noted, chosen, _ = asked
        return dataset.build(
            noted.site, chosen, self.name, f"{self.source}; {chosen.description}",
            dict(self.pools), variables, used=tuple(noted.used),
            assumed=tuple(sorted(noted.assumed)), coords=coords,
        )  # fmt: skip

    def _read(self, site: object, parameters: object) -> tuple[Site, ParameterSet]:
        chosen = choose(self._named(parameters), self.sets, self.default)
        return read(site, self.needs, self.records), chosen

    def _asked(self, site: Site, chosen: ParameterSet) -> Asked:
        noted = Noted(site)
        return Asked(noted, chosen, System(self.pools, site, self.ledger(noted, chosen)))

    def _steady(self, site: Site, chosen: ParameterSet) -> xr.Dataset:
        if self.own is not None:
            return self.own(site, chosen)
        return self.settled(self._asked(site, chosen))

    def _entries(
        self, system: System, state: np.ndarray, now: np.ndarray | None = None, *, time=False
    ) -> dict:
        """Return carbon and fluxes of states [site, time, n + 2] under the drivers ``now`` [time].

        Without `time` the axis is dropped.
        """
        size, length, width = state.shape
        cases = np.arange(len(system.rate)).reshape(size, -1)[:, now if time else [0]].ravel()
        flat = state.reshape(-1, width)
        arrays = {"carbon": flat[:, : len(self.pools)] / 1e3, **system.take(cases).entries(flat)}
        dims = {"carbon": ("pool",), "flux": ("process",)}
        lead, shape = (("time",), (size, length)) if time else ((), (size,))
        return {
            name: ((*lead, *dims.get(name, ())), array.reshape(*shape, *array.shape[1:]))
            for name, array in arrays.items()
        }


def _over_time(site: Site, drivers: object) -> tuple[np.ndarray, Site]:
    """Return when drivers change [segment], and the site once for each: cases [site x segment]."""
    if drivers is None:
        return np.zeros(1), site
    starts, given = series.read_series(drivers)
    values = {key: np.repeat(value, starts.size) for key, value in site.values.items()}
    for key, one in given.items():
        if isinstance(one, xr.DataArray) and "time" in one.dims:
            one = one.transpose(..., "time").values
        numbers = as_numbers(f"drivers: {key}", one)
        try:
            spread = np.broadcast_to(numbers, (site.size, starts.size))
        except ValueError:
            raise InputError(
                f"drivers: {key} has the shape {np.shape(one)}: allowed {starts.size} numbers, "
                f"one for each time, for one or {site.size} sites"
            ) from None
        values[check_known("site key", key, site.records)] = spread.ravel()
    labels = [f"{label} year {start:g}" for label in site.labels for start in starts]
    cases = Site(values, site.dim or "site", {}, labels, site.records)
    for key in given:
        check(cases, key, cases[key])
    return starts, cases


def _rates(system: System) -> np.ndarray:
    """Return the matrix [case, n + 2, n + 2] of a linear system, yr-1."""
    matrix = np.zeros((*system.source.shape, system.source.shape[1]))
    for j, pool in enumerate(system.substrate):
        matrix[:, :, pool] += system.stoichiometry[:, :, j] * system.rate[:, j, np.newaxis]
    return matrix


def _balance(system: System) -> tuple[np.ndarray, np.ndarray]:
    """Solve A C = -s for the pools that live; returns the state and where that fails."""
    state = np.zeros_like(system.source)
    pools = np.flatnonzero(system.living)
    matrix = _rates(system)[np.ix_(range(len(state)), pools, pools)]
    # A pool that gains and never loses has no balance.
    failed = (np.diagonal(matrix, axis1=1, axis2=2) == 0).any(axis=1)
    matrix[failed] = -np.eye(pools.size)
    right = -system.source[:, pools, np.newaxis]
    state[:, pools] = np.linalg.solve(matrix, right)[..., 0]
    return state, failed | ~(np.isfinite(state) & (state >= 0)).all(axis=1)


def _come_to_rest(system: System) -> tuple[np.ndarray, np.ndarray]:
    """Follow the dynamics to rest, from a year's input in every pool that lives."""
    state = np.zeros_like(system.source)
    state[:, : system.living.size][:, system.living] = system.source.sum(axis=1, keepdims=True)
    status = np.empty(len(state), np.int64)
    source, stoichiometry, *laws, rate, constant = system.numbers

    def run(part: slice) -> None:
        for i in range(len(state))[part]:
            status[i] = kernel.steady_state(
                source[i], stoichiometry[i], *laws, rate[i], constant[i], system.living, state[i]
            )

    side_by_side(run, len(state), THREAD)
    return state, status != kernel.CONVERGED


def _integrate(
    site: Site, system: System, carbon: np.ndarray, stops: np.ndarray, steps: np.ndarray,
    which: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return states [site, stop, n + 2]; segment ``which[k]`` leads to stop k in ``steps[k]``."""
    state = np.zeros((site.size, stops.size, system.source.shape[1]))
    state[:, 0, : carbon.shape[1]] = carbon
    if system.linear:
        _follow_exactly(site, system, steps, which, state)
        return state
    shape = (site.size, -1)
    source, stoichiometry, *laws, rate, constant = system.numbers
    source, stoichiometry, rate, constant = (
        array.reshape(*shape, *array.shape[1:]) for array in (source, stoichiometry, rate, constant)
    )
    status = np.empty(site.size, np.int64)

    def run(part: slice) -> None:
        for i in range(site.size)[part]:
            status[i] = kernel.transient(
                source[i], stoichiometry[i], *laws, rate[i], constant[i], stops, which, TOLERANCE,
                state[i],
            )  # fmt: skip

    side_by_side(run, site.size, THREAD_IN_TIME)
    failed = status != kernel.CONVERGED
    if failed.any():
        raise SteadyStateError(f"the run in time did not converge{site.where(failed)}")
    return state


def _follow_exactly(
    site: Site, system: System, steps: np.ndarray, which: np.ndarray, state: np.ndarray
) -> None:
    """Fill `state` [site, stop, n + 2] behind the first with exponentials of the linear system.

    d/dt (C, 1) = M (C, 1) with the rows (A, s) and (0, 0) of M.
    """
    width = state.shape[2]
    augmented = np.zeros((len(system.source), width + 1, width + 1))
    augmented[:, :width, :width] = _rates(system)
    augmented[:, :width, width] = system.source
    augmented = augmented.reshape(site.size, -1, width + 1, width + 1)
    now = np.concatenate([state[:, 0], np.ones((site.size, 1))], axis=1)
    kept: dict[tuple[bytes, float], np.ndarray] = {}
    for k, (segment, step) in enumerate(zip(which, steps, strict=True)):
        matrix = augmented[:, segment]
        key = (matrix.tobytes(), step)  # the months of one climate come back every year
        if key not in kept:
            if len(kept) >= KEPT:
                kept.clear()
            kept[key] = expm(matrix * step)
        now = np.einsum("sij,sj->si", kept[key], now)
        state[:, k] = now[:, :width]
