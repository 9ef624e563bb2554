"""What every model answers, whatever it is made of: boxes, layers, or a whole profile."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.parameters import InputError, Parameters, ParameterSet
from soilnb.profile.model.air import Air
from soilnb.profile.model.dataset import Initial, modes
from soilnb.profile.model.system import Ledger, System


class SteadyStateError(RuntimeError):
    """At some places there is no steady state, or the solver did not find it."""


class Asked(NamedTuple):
    """What a model was asked, read and checked: the rest of the code reads nothing again."""

    place: object  #: As the ledger of the model reads it.
    chosen: ParameterSet  #: The parameters, or the set that they start from.
    system: System  #: The ledger of all rows, in arrays.


@dataclass(frozen=True)
class Model(ABC):
    """A model of soil carbon: its pools, parameter sets and ledger, and what follows from these.

    What differs between kinds of models is how a place and parameters are read (`ask`), which
    solver finds the steady state and a run, and how results are labelled.
    """

    #: Name, and the paper that defines it.
    name: str
    source: str
    pools: Mapping[str, str]  #: Label to readable name.
    sets: Mapping[str, ParameterSet]  #: Named parameter sets, the default first.
    #: ``ledger(place, parameters)`` returns the `Ledger` of all rows.
    ledger: Callable[[object, Mapping[str, float]], Ledger]
    module: str = ""  #: Where its documentation is.

    #: The dimensions of its carbon, and what adds to the carbon of a place and takes from it.
    axes = ("pool",)
    gains = ("input",)
    losses = ("respiration", "export")

    #: Which of its pools a soil sample contains.
    sampled = slice(None)

    @property
    def default(self) -> str:
        """The name of the default parameter set."""
        return next(iter(self.sets))

    def _named(self, parameters: object) -> object:
        return self.default if parameters is None else parameters

    @property
    @abstractmethod
    def example(self) -> object:
        """A typical place."""

    @abstractmethod
    def steady_state(self, place, parameters=None, **options) -> xr.Dataset:
        """Return the pools at which gains and losses balance."""

    @abstractmethod
    def simulate(self, place, time, parameters=None, initial=None, **options) -> xr.Dataset:
        """Run the model in time."""

    @abstractmethod
    def total(self, found: xr.Dataset) -> xr.DataArray:
        """Return all carbon of a result of the model, g C m-2."""

    @abstractmethod
    def ask(self, place: object, parameters: object, **options: str) -> Asked:
        """Read and check a place and parameters, once for all that follows."""

    @abstractmethod
    def rest(self, asked: Asked) -> np.ndarray:
        """Return the steady state [row, n + 2] in g C m-2; the sinks are empty."""

    @abstractmethod
    def state(self, asked: Asked, carbon: object) -> np.ndarray:
        """Return carbon that was given as a state [row, n + 2] in g C m-2, checked."""

    @abstractmethod
    def label(self, asked: Asked, variables: dict, coords: dict | None = None) -> xr.Dataset:
        """Return (dimensions, array [place, ...]) by name as a Dataset with units and origin."""

    def fluxes(
        self,
        place: object,
        parameters: Parameters | None = None,
        carbon: Initial = None,
        **options: str,
    ) -> xr.Dataset:
        """Return who gets what from whom at a state: the ledger in numbers.

        Parameters
        ----------
        place, parameters, **options
            As in `steady_state`.
        carbon : Dataset, DataArray or array, optional
            The state, as `steady_state` gives it; by default the steady state.

        Returns
        -------
        Dataset
            In g C m-2 yr-1: ``flux`` by process (and by layer or depth), ``input`` (all that
            enters), ``respiration``, ``export``, ``uptake``, ``oxidation``,
            ``exudation``, ``turnover``, ``desorption`` and ``change`` of the place.
            `soilnb.cue.diagnosed` and `soilnb.cue.flux_ledger` read it.

        Examples
        --------
        >>> from soilnb.profile import compas
        >>> told = compas.MODEL.fluxes(compas.MODEL.example)
        >>> round(1 - float(told["respiration"] / told["uptake"]), 3)  # the diagnosed CUE
        0.299
        """
        asked = self.ask(place, parameters, **options)
        state = self.rest(asked) if carbon is None else self.state(asked, carbon)
        cells = asked.system.cells
        found = {}
        for name, values in asked.system.entries(state).items():
            by_cell = values.reshape(-1, cells, *values.shape[1:])
            found[name] = ((), by_cell.sum(axis=1))
            if name == "flux":
                each = by_cell.swapaxes(1, 2).reshape(
                    -1, values.shape[1], *(cells,) * (len(self.axes) - 1)
                )
                found[name] = (("process", *self.axes[1:]), each)
        return self.label(asked, found, asked.system.coords)

    def eigenvalues(
        self, place: object, parameters: Parameters | None = None, **options: str
    ) -> xr.Dataset:
        """Return how a small disturbance of the steady state dies away, mode by mode.

        Returns
        -------
        Dataset
            ``real_part`` and ``imaginary_part`` of the eigenvalues of the Jacobian in yr-1
            (..., mode), fastest decay first; ``period`` of the oscillation (inf where there is
            none) and ``e_folding_time`` in yr. Inert pools have no mode.

        Examples
        --------
        >>> from soilnb.profile import icbm
        >>> icbm.MODEL.eigenvalues({"npp": 200.0})["real_part"].values.round(4)
        array([-0.8  , -0.006])
        """
        asked = self.ask(place, parameters, **options)
        return self.label(asked, modes(modes_at(asked.system, self.rest(asked))))

    def ages(
        self,
        place: object,
        parameters: Parameters | None = None,
        carbon: Initial = None,
        **options: str,
    ) -> xr.Dataset:
        """Return how old the carbon is at steady state.

        What leaves a pool is a share of it, whatever the law: x_i a_i, the sum of the ages of all
        carbon in pool i, grows by x_i a year and moves with the carbon, so B (x a) = -x with the
        matrix B of these shares (Rasmussen et al. 2016, doi:10.1007/s00285-016-0990-8).

        Parameters
        ----------
        place, parameters, **options
            As in `steady_state`.
        carbon : Dataset, DataArray or array, optional
            The steady state that is meant, where there may be several: as `steady_state` gives it.

        Returns
        -------
        Dataset
            In yr: ``age`` (..., pool), ``system_age`` of all carbon that turns over and
            ``transit_time``, the mean age of what leaves; of what a soil sample contains of each
            layer ``sample_age`` and ``turnover_time``, its carbon over what is respired there.
            Inert carbon has no age that a model knows (NaN).

        Examples
        --------
        >>> from soilnb.profile import clm5
        >>> ages = clm5.MODEL.ages(clm5.MODEL.example)
        >>> ages["age"].sel(pool="soc3", layer=[1, 8]).values.round(0)  # of passive carbon
        array([1481., 9222.])
        """
        asked = self.ask(place, parameters, **options)
        state = self.rest(asked) if carbon is None else self.state(asked, carbon)
        return self.label(asked, self.ages_at(asked.system, state))

    def ages_at(self, system: System, state: np.ndarray) -> dict[str, tuple]:
        """Return the ages at a steady state [row, n + 2], in yr: (dimensions, array) by name."""
        carbon, lives, moves = _moving(system, state)
        held = carbon[:, lives]
        empty = held == 0  # what is not there has no age, and gives nothing
        moves[empty] = 0.0
        moves[np.where(empty)[0], np.where(empty)[1], np.where(empty)[1]] = -1.0
        years = np.linalg.solve(-moves, held[..., np.newaxis])[..., 0]
        age = np.full(carbon.shape, np.nan)
        age[:, lives] = np.divide(years, held, out=np.full(held.shape, np.nan), where=~empty)
        stock = held.sum(axis=1)
        cells = (system.cells,) * (len(self.axes) - 1)
        by_pool = [x.reshape(len(x), -1, system.cells)[:, self.sampled] for x in (age, carbon)]
        known = np.isfinite(by_pool[0])
        sample = np.where(known, by_pool[1], 0.0).sum(axis=1)
        grown = np.where(known, by_pool[0] * by_pool[1], 0.0).sum(axis=1)
        entering = system.source.sum(axis=1).reshape(-1, system.cells).sum(axis=1)
        respired = system.entries(state)["respiration"].reshape(-1, system.cells)
        return {
            "age": (self.axes, age.reshape(len(age), -1, *cells)),
            "system_age": ((), years.sum(axis=1) / stock),
            "transit_time": ((), stock / entering),
            "sample_age": (self.axes[1:], _over(grown, sample).reshape(-1, *cells)),
            "turnover_time": (self.axes[1:], _over(sample, respired).reshape(-1, *cells)),
        }

    def radiocarbon(
        self, place: object, air: Air, parameters: Parameters | None = None, **options: str
    ) -> xr.Dataset:
        """Return the radiocarbon of the carbon at steady state, in the year of a sample.

        What leaves a pool is a share of it, whatever the law, and its radiocarbon leaves with it.
        So the radiocarbon Y follows Y' = B Y + a(t) s - decay Y with the matrix B of these shares
        and the litter s, which `soilnb.profile.model.air.Air.of` solves.

        Parameters
        ----------
        place, parameters, **options
            As in `steady_state`.
        air : Air
            Of `soilnb.profile.model.air.history`, or ``constant``.

        Returns
        -------
        Dataset
            ``delta14c`` (..., pool) and ``sample_delta14c``, of what a soil sample contains of each
            layer, in permil; NaN where there is no carbon. Inert carbon has none left (-1000).

        Examples
        --------
        >>> from soilnb.profile import icbm
        >>> from soilnb.profile.model import air
        >>> old = icbm.MODEL.radiocarbon({"npp": 200.0}, air.constant())
        >>> old["delta14c"].values.round(1)  # k / (k + decay) - 1 of young and old carbon
        array([ -0.2, -19.8])
        """
        asked = self.ask(place, parameters, **options)
        system = asked.system
        carbon, lives, moves = _moving(system, self.rest(asked))
        source = system.over_cells(system.source[:, : len(system.pools)])[:, lives]
        tracer = np.zeros(carbon.shape)
        empty = carbon[:, lives] == 0  # what is not there gives nothing
        moves[np.where(empty)[0], np.where(empty)[1], np.where(empty)[1]] -= 1.0
        tracer[:, lives] = [air.of(*one) for one in zip(moves, source, strict=True)]
        by_pool = [x.reshape(len(x), len(self.pools), system.cells) for x in (tracer, carbon)]
        sample = [x[:, self.sampled].sum(axis=1) for x in by_pool]
        cells = (system.cells,) * (len(self.axes) - 1)
        variables = {
            "delta14c": (self.axes, _delta(*by_pool).reshape(-1, len(self.pools), *cells)),
            "sample_delta14c": (self.axes[1:], _delta(*sample).reshape(-1, *cells)),
        }
        return self.label(asked, variables)

    def links(
        self, place: object = None, parameters: Parameters | None = None, **options: str
    ) -> pd.DataFrame:
        """Return the links between the pools, read from the ledger.

        Parameters
        ----------
        place : optional
            One place, for shares that depend on it; default a typical place.
        parameters : str or mapping, optional
            As in `steady_state`.

        Returns
        -------
        DataFrame
            One row per link: ``source`` and ``target`` (a pool, ``litter``, ``CO2`` or
            ``export``), ``kind``, ``via`` (the microbes that catalyse it, or empty) and ``share``
            of the flux (or of the litter) that takes this link, the mean of the layers.

        Examples
        --------
        >>> from soilnb.profile import compas
        >>> links = compas.MODEL.links()
        >>> links[links["source"] == "msoc"][["target", "kind", "via"]].values.tolist()
        [['doc', 'breakdown', 'enz']]
        """
        asked = self.ask(self.example if place is None else place, parameters, **options)
        if len(asked.system.source) != asked.system.cells:
            size = len(asked.system.source) // asked.system.cells
            raise InputError(f"links: allowed one site; given {size}")
        entries = asked.system.ledger
        total = sum(np.sum(amount) for amount in entries.inputs.values())
        rows = [
            ("litter", pool, "input", "", np.sum(amount) / total)
            for pool, amount in entries.inputs.items()
        ]
        for flux in entries.fluxes:
            via = flux.partner if flux.law in ("forward", "reverse") else ""
            for target, share in flux.fates.items():
                kind = {"CO2": "respiration", "export": "leaching"}.get(target, flux.kind)
                rows.append((flux.source, target, kind, via, float(np.mean(share))))
        found = pd.DataFrame(rows, columns=["source", "target", "kind", "via", "share"])
        return found[found["share"] > 0].reset_index(drop=True)


def modes_at(system: System, state: np.ndarray) -> np.ndarray:
    """Return the eigenvalues [place, mode] of the Jacobian of the pools that live, yr-1."""
    n = len(system.pools)
    local = system.jacobian(state)[:, :n, :n]
    return np.linalg.eigvals(_of(system.with_mixing(local), _living(system)))


def _delta(tracer: np.ndarray, carbon: np.ndarray) -> np.ndarray:
    """Return Delta14C in permil; NaN where there is no carbon."""
    return 1000.0 * (_over(tracer, carbon) - 1.0)


def _over(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a over b; NaN where there is no b."""
    return np.divide(a, b, out=np.full(b.shape, np.nan), where=b > 0)


def _living(system: System) -> np.ndarray:
    """Return which pools [n x cell] carbon enters or leaves."""
    return np.repeat(system.living, system.cells)


def _moving(system: System, state: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the carbon [place, n x cell], which of it lives, and the shares that move it."""
    carbon = system.over_cells(state[:, : len(system.pools)])
    lives = _living(system)
    return carbon, lives, _of(system.with_mixing(system.shares(state)), lives)


def _of(matrices: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return the rows and columns of matrices [place, k, k] at which `which` [k] is true."""
    return matrices[np.ix_(range(len(matrices)), *[np.flatnonzero(which)] * 2)]
