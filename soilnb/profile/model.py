r"""The seam for box models: one object says what a model is, and everything else follows.

A box model is a set of pools and a `Ledger`: what comes in, and for each process (`Flux`) which
pool it leaves, by which law, and in which shares its carbon goes to other pools, to ``CO2`` or to
``export`` (leached, say). With the pools C, the fluxes F(C) and the shares as a matrix N,

.. math:: \dot C = s + N\,F(C).

The shares of a flux sum to one, so a model that is written in this way conserves carbon. From the
one object follow the steady state, runs in time under constant or changing drivers, eigenvalues,
ages, the flux ledger with the diagnosed CUE, the drawing of the structure, the parameter table and
the explorer, and the tests of conservation: all go through `models`, the registry.

Where every flux is first order the model is linear. Its steady state is then one linear solve, and
a run the exponential of a matrix between one change of drivers and the next, without error of
discretisation. Otherwise the kernels of `soilnb.kernels.boxes` solve it.

To add a model, write ``soilnb/profile/NAME.py`` with a `Model` called ``MODEL``, and its parameter
table ``NAME.toml`` beside it (`soilnb.parameters.read_table`); `icbm` is the shortest example.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.linalg import expm

from soilnb.jobs import side_by_side
from soilnb.kernels import boxes as kernel
from soilnb.parameters import InputError, Parameter, ParameterSet, choose, unknown
from soilnb.profile import ledger
from soilnb.profile.site import RECORDS, Site, check, read

#: Law of a flux, see `soilnb.kernels.boxes`.
LAWS = {
    "linear": kernel.LINEAR,
    "forward": kernel.FORWARD,
    "reverse": kernel.REVERSE,
    "power": kernel.POWER,
    "filling": kernel.FILLING,
}

#: Kind of a flux, and the variable of the result that sums it.
KINDS = {
    "uptake": "uptake",  # microbes take it up, and respire a part
    "transfer": "uptake",  # decay in a model without microbes: they are meant
    "breakdown": "oxidation",  # enzymes move it to another pool, nothing is respired
    "oxidation": "oxidation",
    "turnover": "turnover",  # death of microbes
    "desorption": "desorption",
    "exchange": "",  # sorption, aggregation: physics, which counts nowhere
    "leaching": "",  # counts as export, by its fate
}

#: Names of the sinks behind the pools.
SINKS = ("CO2", "export")

#: Relative tolerance of the local error of a transient run.
TOLERANCE = 1e-9

#: Number of sites that make a thread worth its start: at steady state, and in time.
THREAD, THREAD_IN_TIME = 25, 2

#: Number of matrix exponentials that a run in time keeps to use again.
KEPT = 64

#: Bare soil gets no litter at all, which a run in time can follow.
_NPP = replace(RECORDS["npp"], bounds=(0.0, RECORDS["npp"].bounds[1]), scale="linear")


class SteadyStateError(RuntimeError):
    """At some sites there is no steady state, or the solver did not find it."""


@dataclass(frozen=True)
class Flux:
    """One process that moves carbon. Numbers are floats or arrays [site].

    Attributes
    ----------
    kind : str
        A key of `KINDS`: what counts as uptake, and how it is drawn.
    source : str
        The pool that it leaves.
    fates : mapping of str to number
        Share that goes to each pool, to ``CO2`` and to ``export``; they sum to 1.
    rate : number
        r of the law, yr-1.
    law : str
        A key of `LAWS`.
    partner : str
        The microbes that take up, or the pool that fills; empty where the law has none.
    constant : number
        K of the law: half saturation or capacity (g C m-2), or an exponent.
    """

    kind: str
    source: str
    fates: Mapping[str, float | np.ndarray]
    rate: float | np.ndarray
    law: str = "linear"
    partner: str = ""
    constant: float | np.ndarray = 1.0

    @property
    def label(self) -> str:
        """What it is called in a result: ``lmwc to mic, CO2``."""
        return f"{self.source} to {', '.join(self.fates)}"


@dataclass(frozen=True)
class Ledger:
    """Who gets what from whom, at all sites.

    Attributes
    ----------
    inputs : mapping of str to number
        Carbon that enters each pool, g C m-2 yr-1: floats or arrays [site].
    fluxes : list of Flux
        What moves it from there.
    """

    inputs: Mapping[str, float | np.ndarray]
    fluxes: list[Flux]


class _System:
    """A ledger in the arrays that the kernels read, for all sites (see `soilnb.kernels.boxes`)."""

    def __init__(self, pools: Mapping[str, str], site: Site, entries: Ledger) -> None:
        names, fluxes = [*pools, *SINKS], entries.fluxes
        for name in [*entries.inputs, *(f.source for f in fluxes)]:
            if name not in pools:
                raise unknown("pool", name, pools)
        self.source = np.zeros((site.size, len(names)))
        for name, amount in entries.inputs.items():
            self.source[:, names.index(name)] = amount
        self.kinds = [_known("kind of flux", f.kind, KINDS) for f in fluxes]
        self.coords = {"process": [f.label for f in fluxes], "kind": ("process", self.kinds)}
        self.law = np.array([LAWS[_known("law", f.law, LAWS)] for f in fluxes])
        self.substrate = np.array([names.index(f.source) for f in fluxes])
        self.partner = np.array(
            [names.index(_known("pool", f.partner or f.source, pools)) for f in fluxes]
        )
        self.rate = np.empty((site.size, len(fluxes)))
        self.constant = np.empty((site.size, len(fluxes)))
        self.stoichiometry = np.zeros((site.size, len(names), len(fluxes)))
        for j, flux in enumerate(fluxes):
            self.rate[:, j], self.constant[:, j] = flux.rate, flux.constant
            for name, share in flux.fates.items():
                self.stoichiometry[:, names.index(_known("pool", name, names)), j] += share
            _check_fates(flux, self.stoichiometry[..., j], site)
            self.stoichiometry[:, self.substrate[j], j] -= 1.0
        self.linear = bool((self.law == kernel.LINEAR).all())
        touched = (self.source != 0).any(axis=0) | (self.stoichiometry != 0).any(axis=(0, 2))
        #: Pools that carbon enters or leaves; the others are inert.
        self.living = touched[: len(pools)]

    def take(self, cases: np.ndarray) -> _System:
        """Return the system of some cases [k] only."""
        taken = copy(self)
        for name in ("source", "stoichiometry", "rate", "constant"):
            setattr(taken, name, getattr(self, name)[cases])
        return taken

    @property
    def numbers(self) -> tuple[np.ndarray, ...]:
        """What the kernels read, in their order."""
        which = (self.law, self.substrate, self.partner)
        return self.source, self.stoichiometry, *which, self.rate, self.constant

    def jacobian(self, state: np.ndarray) -> np.ndarray:
        """Return the Jacobian [site, n + 2, n + 2] at `state` [site, n + 2], yr-1."""
        out = np.empty((*state.shape, state.shape[1]))
        _, stoichiometry, *which, rate, constant = self.numbers
        for i in range(len(state)):
            kernel.jacobian(state[i], stoichiometry[i], *which, rate[i], constant[i], out[i])
        return out

    def fluxes(self, state: np.ndarray) -> np.ndarray:
        """Return the fluxes [site, m] at `state` [site, n + 2], g C m-2 yr-1."""
        out = np.empty_like(self.rate)
        _, _, *which, rate, constant = self.numbers
        kernel.flux_series(np.ascontiguousarray(state), *which, rate, constant, out)
        return out


def _known(kind: str, name: str, allowed: object) -> str:
    if name not in allowed:
        raise unknown(kind, name, allowed)
    return name


def _check_fates(flux: Flux, shares: np.ndarray, site: Site) -> None:
    """Refuse a flux that makes carbon or loses it, or runs backwards."""
    for bad, words in (
        ((shares < 0).any(axis=1), "a share is negative"),
        (abs(shares.sum(axis=1) - 1) > 1e-12, "its shares do not sum to 1"),
        (~(flux.rate >= 0) & np.ones(site.size, bool), "its rate is not 0 or more"),
    ):
        if bad.any():
            only = np.arange(site.size) == np.argmax(bad)
            raise InputError(f"flux {flux.label}{site.where(only)}: {words}")


class _Noted:
    """A site that notes which of its keys a ledger reads, and which it has to assume."""

    def __init__(self, site: Site) -> None:
        self.site, self.used, self.assumed = site, set(), set()

    @property
    def size(self) -> int:
        return self.site.size

    def __contains__(self, key: str) -> bool:
        return key in self.site

    def __getitem__(self, key: str) -> np.ndarray:
        self.used.add(key)
        return self.site[key]

    def get(self, key: str, default: float | None = None) -> np.ndarray:
        self.used.add(key)
        if key not in self.site and default is None:
            self.assumed.add(key)
        return self.site.get(key, default)

    def where(self, bad: np.ndarray) -> str:
        return self.site.where(bad)


@dataclass(frozen=True)
class Model:
    """A box model: its pools, parameter sets and ledger; the methods follow from these.

    Attributes
    ----------
    name, source : str
        Name, and the paper that defines it.
    pools : mapping of str to str
        Label to readable name.
    sets : mapping of str to ParameterSet
        Named parameter sets, the default first.
    ledger : callable
        ``ledger(site, parameters)`` returns the `Ledger` of all sites; a site's value is an array
        [site], ``site[key]`` where it is required and ``site.get(key)`` where it has a default.
    needs : tuple of str or of tuples of str
        Site keys that must be given; of a tuple, one.
    drivers : mapping of str to Parameter
        Site keys beyond those that every model knows (`soilnb.profile.site.RECORDS`).
    inert : callable, optional
        ``inert(site, parameters, carbon)`` returns the carbon [site, pool] in g C m-2 at steady
        state, with what the fluxes do not reach filled in.
    own : callable, optional
        A solver for the steady state that the model brings along; default the one of the seam.
    module : str
        Where its documentation is.
    """

    name: str
    source: str
    pools: Mapping[str, str]
    sets: Mapping[str, ParameterSet]
    ledger: Callable[[Site, ParameterSet], Ledger]
    needs: tuple[str | tuple[str, ...], ...] = ("temperature", "npp")
    drivers: Mapping[str, Parameter] = field(default_factory=dict)
    inert: Callable | None = None
    own: Callable | None = None
    module: str = ""

    @property
    def default(self) -> str:
        """The name of the default parameter set."""
        return next(iter(self.sets))

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
        place, chosen = self._inputs(self.example, self.default)
        return sorted(self._system(place, chosen)[1].used)

    def steady_state(
        self, site: Mapping | xr.Dataset, parameters: str | Mapping | ParameterSet | None = None
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
            g C m-2 yr-1.

        Raises
        ------
        SteadyStateError
            Where gains and losses do not balance.
        """
        if self.own is not None:
            return self.own(site, self.default if parameters is None else parameters)
        place, chosen = self._inputs(site, parameters)
        system, noted = self._system(place, chosen)
        state = self._solve(place, chosen, system)
        variables = self._entries(system, state[:, np.newaxis])
        return self._dataset(place, chosen, noted, variables, system.coords)

    def simulate(
        self,
        site: Mapping | xr.Dataset,
        time: np.ndarray,
        parameters: str | Mapping | ParameterSet | None = None,
        initial: xr.Dataset | xr.DataArray | np.ndarray | None = None,
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
        times = ledger.check_time(time)
        place, chosen = self._inputs(site, parameters)
        starts, cases = _over_time(place, drivers)
        system, noted = self._system(cases, chosen)
        if initial is None:
            before = self.steady_state(site, parameters)["carbon"]
            carbon = before.values.reshape(place.size, -1) * 1e3
        else:
            carbon = ledger.check_initial(initial, place, dict(self.pools)) * 1e3
        stops = np.union1d(times, starts[starts <= times[-1]])
        state, which = _integrate(place, system, carbon, starts, stops)
        wanted = np.searchsorted(stops, times)
        amount = system.source.sum(axis=1).reshape(place.size, -1)[:, which]
        entered = np.cumsum(amount * np.diff(stops, prepend=0.0), axis=1)[:, wanted]
        now = np.searchsorted(starts, times, side="right") - 1
        variables = self._entries(system, state[:, wanted], now, time=True)
        variables["cumulative_input"] = (("time",), entered)
        variables["cumulative_respiration"] = (("time",), state[:, wanted, -2])
        variables["cumulative_export"] = (("time",), state[:, wanted, -1])
        return self._dataset(
            place, chosen, noted, variables, {**system.coords, "time": ("time", times, _TIME)}
        )

    def eigenvalues(
        self, site: Mapping | xr.Dataset, parameters: str | Mapping | ParameterSet | None = None
    ) -> xr.Dataset:
        """Return how a small disturbance of the steady state dies away, mode by mode.

        Returns
        -------
        Dataset
            ``real_part`` and ``imaginary_part`` of the eigenvalues of the Jacobian in yr-1
            (..., mode), fastest decay first; ``period`` of the oscillation (inf where there is
            none) and ``e_folding_time`` in yr. Inert pools have no mode.
        """
        place, chosen, noted, system, state = self._at_rest(site, parameters)
        alive = np.ix_(range(place.size), *[np.flatnonzero(system.living)] * 2)
        values = np.linalg.eigvals(system.jacobian(state)[alive])
        return self._dataset(place, chosen, noted, ledger.modes(values))

    def ages(
        self, site: Mapping | xr.Dataset, parameters: str | Mapping | ParameterSet | None = None
    ) -> xr.Dataset:
        """Return how old the carbon is at steady state.

        What leaves a pool is a share of it, whatever the law: x_i a_i, the sum of the ages of all
        carbon in pool i, grows by x_i a year and moves with the carbon, so B (x a) = -x with the
        matrix B of these shares (Rasmussen et al. 2016, doi:10.1007/s00285-016-0990-8).

        Returns
        -------
        Dataset
            ``age`` (..., pool), ``system_age`` of all carbon that turns over and ``transit_time``,
            the mean age of what leaves, in yr. Inert carbon has no age that a model knows (NaN).
        """
        place, chosen, noted, system, state = self._at_rest(site, parameters)
        n = len(self.pools)
        carbon = state[:, :n]
        share = system.fluxes(state) / np.where(state > 0, state, np.inf)[:, system.substrate]
        moves = np.zeros((place.size, n, n))
        for j, pool in enumerate(system.substrate):
            moves[:, :, pool] += system.stoichiometry[:, :n, j] * share[:, j, np.newaxis]
        full = system.living & (carbon > 0).all(axis=0)
        alive = np.ix_(range(place.size), *[np.flatnonzero(full)] * 2)
        years = np.linalg.solve(-moves[alive], carbon[:, full, np.newaxis])[..., 0]
        age = np.full(carbon.shape, np.nan)
        age[:, full] = years / carbon[:, full]
        stock = carbon[:, full].sum(axis=1)
        variables = {
            "age": (("pool",), age),
            "system_age": ((), years.sum(axis=1) / stock),
            "transit_time": ((), stock / system.source.sum(axis=1)),
        }
        return self._dataset(place, chosen, noted, variables)

    def structure(
        self,
        site: Mapping | xr.Dataset | None = None,
        parameters: str | Mapping | ParameterSet | None = None,
    ) -> pd.DataFrame:
        """Return the links between the pools, read from the ledger that the solver uses.

        Parameters
        ----------
        site : mapping or Dataset, optional
            One place, for shares that depend on it; default a typical place.
        parameters : str or mapping, optional
            As in `steady_state`.

        Returns
        -------
        DataFrame
            One row per link: ``source`` and ``target`` (a pool, ``litter``, ``CO2`` or
            ``export``), ``kind``, ``via`` (the microbes that catalyse it, or empty) and ``share``
            of the flux (or of the litter) that takes this link.
        """
        place, chosen = self._inputs(self.example if site is None else site, parameters)
        if place.size != 1:
            raise InputError(f"structure: allowed one site; given {place.size}")
        entries = self.ledger(_Noted(place), chosen)
        total = sum(np.asarray(amount).item() for amount in entries.inputs.values())
        rows = [
            ("litter", pool, "input", "", np.asarray(amount).item() / total)
            for pool, amount in entries.inputs.items()
        ]
        for flux in entries.fluxes:
            via = flux.partner if flux.law in ("forward", "reverse") else ""
            for target, share in flux.fates.items():
                kind = {"CO2": "respiration", "export": "leaching"}.get(target, flux.kind)
                rows.append((flux.source, target, kind, via, np.asarray(share).item()))
        found = pd.DataFrame(rows, columns=["source", "target", "kind", "via", "share"])
        return found[found["share"] > 0].reset_index(drop=True)

    # --- from a site and named parameters to the arrays of the kernels ------------------------

    def _inputs(self, site: object, parameters: object) -> tuple[Site, ParameterSet]:
        chosen = choose(self.default if parameters is None else parameters, self.sets, self.default)
        return read(site, self.needs, self.records), chosen

    def _system(self, site: Site, p: ParameterSet) -> tuple[_System, _Noted]:
        noted = _Noted(site)
        return _System(self.pools, site, self.ledger(noted, p)), noted

    def _solve(self, site: Site, p: ParameterSet, system: _System) -> np.ndarray:
        """Return the steady state [site, n + 2] in g C m-2; the sinks stay empty."""
        state, failed = _balance(system) if system.linear else _come_to_rest(system)
        if failed.any():
            raise SteadyStateError(
                f"{self.name}: no steady state found{site.where(failed)}: gains and losses of the "
                "pools do not balance"
            )
        if self.inert is not None:
            state[:, : len(self.pools)] = self.inert(site, p, state[:, : len(self.pools)])
        return state

    def _at_rest(self, site: object, parameters: object) -> tuple:
        place, chosen = self._inputs(site, parameters)
        system, noted = self._system(place, chosen)
        return place, chosen, noted, system, self._solve(place, chosen, system)

    # --- the Dataset --------------------------------------------------------------------------

    def _entries(
        self, system: _System, state: np.ndarray, now: np.ndarray | None = None, *, time=False
    ) -> dict:
        """Return carbon and fluxes of states [site, time, n + 2] under the drivers ``now`` [time].

        Without `time` the axis is dropped.
        """
        size, length, width = state.shape
        cases = np.arange(len(system.rate)).reshape(size, -1)[:, now if time else [0]].ravel()
        at = system.take(cases)
        flux = at.fluxes(state.reshape(-1, width))
        fate = np.einsum("kij,kj->ki", at.stoichiometry, flux)
        change = (fate + at.source)[:, : len(self.pools)].sum(axis=1)
        kinds = np.array([KINDS[kind] for kind in system.kinds])
        arrays = {
            "carbon": (("pool",), state.reshape(-1, width)[:, : len(self.pools)] / 1e3),
            "input": ((), at.source.sum(axis=1)),
            "respiration": ((), fate[:, -2]),
            "export": ((), fate[:, -1]),
            **{name: ((), flux[:, kinds == name].sum(axis=1)) for name in _SUMMED},
            "change": ((), change),
            "flux": (("process",), flux),
        }
        lead, shape = (("time",), (size, length)) if time else ((), (size,))
        return {
            name: ((*lead, *dims), array.reshape(*shape, *array.shape[1:]))
            for name, (dims, array) in arrays.items()
        }

    def _dataset(
        self,
        site: Site,
        p: ParameterSet,
        noted: _Noted,
        variables: dict,
        coords: dict | None = None,
    ) -> xr.Dataset:
        found = ledger.build(
            site, p, self.name, f"{self.source}; {p.description}", dict(self.pools), variables,
            used=tuple(noted.used), assumed=tuple(sorted(noted.assumed)),
        )  # fmt: skip
        return found.assign_coords(coords or {})


_TIME = {"units": "yr", "long_name": "time", "symbol": "t"}

#: The variables that sum fluxes of a kind.
_SUMMED = tuple(dict.fromkeys(name for name in KINDS.values() if name))


# --- drivers, and the two ways of solving -----------------------------------------------------


def _over_time(site: Site, drivers: object) -> tuple[np.ndarray, Site]:
    """Return when drivers change [segment], and the site once for each: cases [site x segment]."""
    if drivers is None:
        return np.zeros(1), site
    if isinstance(drivers, xr.Dataset):
        drivers = {
            str(name): drivers[name].transpose(..., "time").values
            for name in ("time", *drivers.data_vars)
        }
    if not isinstance(drivers, Mapping) or "time" not in drivers:
        raise InputError("drivers: allowed a mapping or a Dataset with 'time' (in yr)")
    starts = ledger.check_time(drivers["time"])
    if starts[0] != 0:
        raise InputError(f"drivers start at {starts[0]:g} yr: allowed 0")
    values = {key: np.repeat(value, starts.size) for key, value in site.values.items()}
    for key, series in drivers.items():
        if key == "time":
            continue
        try:
            spread = np.broadcast_to(np.asarray(series, float), (site.size, starts.size))
        except (TypeError, ValueError):
            raise InputError(
                f"drivers: {key} has the shape {np.shape(series)}: allowed {starts.size} numbers, "
                f"one for each time, for one or {site.size} sites"
            ) from None
        values[_known("site key", key, site.records)] = spread.ravel()
    labels = [f"{label} year {start:g}" for label in site.labels for start in starts]
    cases = Site(values, site.dim or "site", {}, labels, site.records)
    for key in drivers:
        if key != "time":
            check(cases, key, cases[key])
    return starts, cases


def _rates(system: _System) -> np.ndarray:
    """Return the matrix [case, n + 2, n + 2] of a linear system, yr-1."""
    matrix = np.zeros((*system.source.shape, system.source.shape[1]))
    for j, pool in enumerate(system.substrate):
        matrix[:, :, pool] += system.stoichiometry[:, :, j] * system.rate[:, j, np.newaxis]
    return matrix


def _balance(system: _System) -> tuple[np.ndarray, np.ndarray]:
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


def _come_to_rest(system: _System) -> tuple[np.ndarray, np.ndarray]:
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
    site: Site, system: _System, carbon: np.ndarray, starts: np.ndarray, stops: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return states [site, stop, n + 2], and which segment [stop] led to each stop."""
    which = np.maximum(np.searchsorted(starts, stops, side="left") - 1, 0)
    state = np.zeros((site.size, stops.size, system.source.shape[1]))
    state[:, 0, : carbon.shape[1]] = carbon
    if system.linear:
        _follow_exactly(site, system, stops, which, state)
        return state, which
    shape = (site.size, starts.size)
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
    return state, which


def _follow_exactly(
    site: Site, system: _System, stops: np.ndarray, which: np.ndarray, state: np.ndarray
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
    steps = np.diff(stops, prepend=0.0).round(12)
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


# --- the registry -----------------------------------------------------------------------------


@cache
def models() -> dict[str, Model]:
    """Return every box model by name: the one registry.

    A model is in it when its parameter table lies in this folder, beside a module of the same name
    with a `Model` called ``MODEL``.

    Examples
    --------
    >>> list(models()["rothc"].pools)
    ['dpm', 'rpm', 'bio', 'hum', 'iom']
    """
    folder = Path(__file__).parent
    names = [path.stem for path in folder.glob("*.toml")]
    found = {
        name: getattr(import_module(f"soilnb.profile.{name}"), "MODEL", None) for name in names
    }
    return {name: found[name] for name in sorted(found) if isinstance(found[name], Model)}


def warm_up() -> None:
    """Compile the kernels by tiny runs, so that several processes need not each do it."""
    for model in models().values():
        model.simulate(model.example, [0.0, 0.1])
        model.eigenvalues(model.example)
