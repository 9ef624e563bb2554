"""Who gets what from whom: fluxes, the ledger that lists them, and the arrays that kernels read.

A ledger describes any number of *rows*: the sites of a box model, the layers of all columns of a
layered model, the cells of a profile. Amounts are in g C m-2 of the row, rates per year. What moves
between the rows of one place, without change, is its `Mixing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from soilnb.kernels import boxes as kernel
from soilnb.parameters import InputError, check_known

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
    "exudation": "exudation",  # enzymes that microbes make
    "turnover": "turnover",  # death of microbes
    "desorption": "desorption",
    "exchange": "",  # sorption, aggregation, decay of enzymes: counts nowhere
    "leaching": "",  # counts as export, by its fate
}

#: The variables that sum fluxes of a kind.
SUMMED = tuple(dict.fromkeys(name for name in KINDS.values() if name))

#: Names of the sinks behind the pools.
SINKS = ("CO2", "export")


@dataclass(frozen=True)
class Flux:
    """One process that moves carbon. Numbers are floats or arrays [row]."""

    kind: str  #: A key of `KINDS`: what counts as uptake, and how it is drawn.
    source: str  #: The pool that it leaves.
    #: Share that goes to each pool, to ``CO2`` and to ``export``; they sum to 1.
    fates: Mapping[str, float | np.ndarray]
    rate: float | np.ndarray  #: r of the law, yr-1.
    law: str = "linear"  #: A key of `LAWS`.
    #: The microbes that take up, or the pool that fills; empty where the law has none.
    partner: str = ""
    #: K of the law: half saturation or capacity (g C m-2), or an exponent.
    constant: float | np.ndarray = 1.0

    @property
    def label(self) -> str:
        """What it is called in a result: ``lmwc to mic, CO2``."""
        return f"{self.source} to {', '.join(self.fates)}"


@dataclass(frozen=True)
class Ledger:
    """Who gets what from whom, in all rows."""

    #: Carbon that enters each pool, g C m-2 yr-1: floats or arrays [row].
    inputs: Mapping[str, float | np.ndarray]
    fluxes: list[Flux]  #: What moves it from there.


@dataclass(frozen=True)
class Mixing:
    """How carbon moves between the cells of a place."""

    #: [place, to_cell, from_cell]: yr-1; what a column lacks to 0 leaves the soil.
    rate: np.ndarray
    pools: tuple[str, ...]  #: The pools that move.


class Rows(Protocol):
    """What a ledger is about: so many rows, and what to call some of them in a message."""

    size: int

    def where(self, bad: np.ndarray) -> str:
        """Name the rows at which `bad` [row] is true."""


class System:
    """A ledger in the arrays that the kernels read, for all rows (see `soilnb.kernels.boxes`)."""

    def __init__(
        self, pools: Mapping[str, str], rows: Rows, entries: Ledger, mixing: Mixing | None = None
    ) -> None:
        names, fluxes = [*pools, *SINKS], entries.fluxes
        for name in [*entries.inputs, *(f.source for f in fluxes)]:
            check_known("pool", name, pools)
        self.pools, self.ledger, self.mixing = list(pools), entries, mixing
        self.source = np.zeros((rows.size, len(names)))
        for name, amount in entries.inputs.items():
            self.source[:, names.index(name)] = amount
        self.kinds = [check_known("kind of flux", f.kind, KINDS) for f in fluxes]
        self.coords = {"process": [f.label for f in fluxes], "kind": ("process", self.kinds)}
        self.law = np.array([LAWS[check_known("law", f.law, LAWS)] for f in fluxes])
        self.substrate = np.array([names.index(f.source) for f in fluxes])
        self.partner = np.array(
            [names.index(check_known("pool", f.partner or f.source, pools)) for f in fluxes]
        )
        self.rate = np.empty((rows.size, len(fluxes)))
        self.constant = np.empty((rows.size, len(fluxes)))
        self.stoichiometry = np.zeros((rows.size, len(names), len(fluxes)))
        for j, flux in enumerate(fluxes):
            self.rate[:, j], self.constant[:, j] = flux.rate, flux.constant
            for name, share in flux.fates.items():
                self.stoichiometry[:, names.index(check_known("pool", name, names)), j] += share
            _check_fates(flux, self.stoichiometry[..., j], rows)
            self.stoichiometry[:, self.substrate[j], j] -= 1.0
        self.linear = bool((self.law == kernel.LINEAR).all())
        touched = (self.source != 0).any(axis=0) | (self.stoichiometry != 0).any(axis=(0, 2))
        #: Pools that carbon enters or leaves; the others are inert.
        self.living = touched[: len(pools)]

    def take(self, cases: np.ndarray) -> System:
        """Return the system of some rows [k] only."""
        taken = copy(self)
        for name in ("source", "stoichiometry", "rate", "constant"):
            setattr(taken, name, getattr(self, name)[cases])
        return taken

    @property
    def numbers(self) -> tuple[np.ndarray, ...]:
        """What the kernels read, in their order."""
        which = (self.law, self.substrate, self.partner)
        return self.source, self.stoichiometry, *which, self.rate, self.constant

    @property
    def cells(self) -> int:
        """Rows of one place."""
        return 1 if self.mixing is None else self.mixing.rate.shape[1]

    def jacobian(self, state: np.ndarray) -> np.ndarray:
        """Return the Jacobian [row, n + 2, n + 2] at `state` [row, n + 2], yr-1."""
        out = np.empty((*state.shape, state.shape[1]))
        _, stoichiometry, *which, rate, constant = self.numbers
        for i in range(len(state)):
            kernel.jacobian(state[i], stoichiometry[i], *which, rate[i], constant[i], out[i])
        return out

    def fluxes(self, state: np.ndarray) -> np.ndarray:
        """Return the fluxes [row, m] at `state` [row, n + 2], g C m-2 yr-1."""
        out = np.empty((len(state), self.law.size))
        _, _, *which, rate, constant = self.numbers
        kernel.flux_series(np.ascontiguousarray(state), *which, rate, constant, out)
        return out

    def shares(self, state: np.ndarray) -> np.ndarray:
        """Return where what leaves a pool goes, as a share of the pool [row, n, n], yr-1."""
        n = len(self.pools)
        share = self.fluxes(state) / np.where(state > 0, state, np.inf)[:, self.substrate]
        moves = np.zeros((len(state), n, n))
        for j, pool in enumerate(self.substrate):
            moves[:, :, pool] += self.stoichiometry[:, :n, j] * share[:, j, np.newaxis]
        return moves

    def over_cells(self, values: np.ndarray) -> np.ndarray:
        """Return values [row, k] as [place, k x cell]: all cells of a pool, then the next pool."""
        by_place = values.reshape(-1, self.cells, values.shape[1])
        return by_place.swapaxes(1, 2).reshape(len(by_place), -1)

    def with_mixing(self, local: np.ndarray) -> np.ndarray:
        """Return matrices [row, n, n] as those of places [place, n x cell, n x cell], yr-1.

        What moves between the cells is added; the order is that of `over_cells`.
        """
        if self.mixing is None:
            return local
        n, cells = local.shape[1], self.cells
        by_place = local.reshape(-1, cells, n, n)
        full = np.zeros((len(by_place), n, cells, n, cells))
        for cell in range(cells):
            full[:, :, cell, :, cell] = by_place[:, cell]
        for name in self.mixing.pools:
            pool = self.pools.index(name)
            full[:, pool, :, pool, :] += self.mixing.rate
        return full.reshape(len(by_place), n * cells, n * cells)

    def entries(self, state: np.ndarray) -> dict[str, np.ndarray]:
        """Return what enters, moves and leaves at `state` [row, n + 2], g C m-2 yr-1.

        Each [row]; ``flux`` [row, m].
        """
        n = len(self.pools)
        flux = self.fluxes(state)
        fate = np.einsum("kij,kj->ki", self.stoichiometry, flux)
        gain, export = (fate + self.source)[:, :n], fate[:, -1]
        if self.mixing is not None:
            moved = self.mixed(state)
            gain, export = gain + moved, export - moved.sum(axis=1)
        kinds = np.array([KINDS[kind] for kind in self.kinds])
        return {
            "input": self.source.sum(axis=1),
            "respiration": fate[:, -2],
            "export": export,
            **{name: flux[:, kinds == name].sum(axis=1) for name in SUMMED},
            "change": gain.sum(axis=1),
            "flux": flux,
        }

    def mixed(self, state: np.ndarray) -> np.ndarray:
        """Return what mixing brings to each pool of each row [row, n], g C m-2 yr-1."""
        moved = np.zeros((len(state), len(self.pools)))
        for name in self.mixing.pools:
            pool = self.pools.index(name)
            by_cell = state[:, pool].reshape(-1, self.cells)
            moved[:, pool] = np.einsum("sij,sj->si", self.mixing.rate, by_cell).ravel()
        return moved

    def tendency(self, state: np.ndarray) -> np.ndarray:
        """Return the change of each pool of each row [row, n] at `state`, g C m-2 yr-1."""
        fate = np.einsum("kij,kj->ki", self.stoichiometry, self.fluxes(state))
        gain = (fate + self.source)[:, : len(self.pools)]
        return gain if self.mixing is None else gain + self.mixed(state)


def _check_fates(flux: Flux, shares: np.ndarray, rows: Rows) -> None:
    """Refuse a flux that makes carbon or loses it, or runs backwards."""
    for bad, words in (
        ((shares < 0).any(axis=1), "a share is negative"),
        (abs(shares.sum(axis=1) - 1) > 1e-12, "its shares do not sum to 1"),
        (~(flux.rate >= 0) & np.ones(rows.size, bool), "its rate is not 0 or more"),
    ):
        if bad.any():
            only = np.arange(rows.size) == np.argmax(bad)
            raise InputError(f"flux {flux.label}{rows.where(only)}: {words}")
