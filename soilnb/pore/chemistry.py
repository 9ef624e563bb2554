"""The 24 hours of a day: decay, exudation, reactions, spreading, leaching, diffusion.

One hour is, in this order,

1. decay of the organic particles into the open voxels that they touch,
2. exudation along the root line, on the day of a pulse,
3. uptake, growth, respiration and death of the microbes in every biomass cell,
4. spreading of overfull biomass cells, dying out of starving ones,
5. leaching of dissolved nitrogen,
6. diffusion of dissolved carbon and nitrogen.

Organic voxels that are used up open, and biomass cells that die with necromass in them become
necromass particles; both change the geometry within the day.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from soilnb.kernels import automaton, diffusion, reaction
from soilnb.parameters import ParameterSet
from soilnb.pore.motion import exposure
from soilnb.pore.parameters import PAPER_SOLID, THICKNESS, VOXEL, voxel_mass, with_parameters
from soilnb.pore.scenarios import Pulse
from soilnb.pore.state import NEW_NECROMASS, POM, State

#: Names of the daily fluxes that `Chemistry.day` returns.
FLUXES = (*reaction.FLUXES, "R_leak")

#: Hourly steps in a day (Appendix A3).
HOURS = 24

_HOUR = 3600.0
_DAY = 86400.0

#: Volume of a voxel in cm3, and its edge in cm.
_VOLUME = VOXEL * VOXEL * THICKNESS * 1e-12
_EDGE = VOXEL * 1e-4


def per_gram(state: State, parameters: Mapping[str, float]) -> float:
    """Return mg per g dry soil for a sum of voxel concentrations of 1 g cm-3."""
    mass = np.count_nonzero(state.solid) * voxel_mass(parameters)
    return 1e3 * _VOLUME / mass


class Chemistry:
    """Chemistry of a domain, with the memory that it uses again every day.

    Parameters
    ----------
    state : State
        The state that `day` will be called with, for its size and dry mass.
    parameters : str or mapping
        See `soilnb.pore.parameters.resolve`.
    """

    @with_parameters
    def __init__(self, state: State, parameters: str | Mapping = "default") -> None:
        self.parameters: ParameterSet = parameters
        p, options = self.parameters, self.parameters.options
        n = state.solid.size
        self.per_gram = per_gram(state, p)
        self.substeps = reaction.SUBSTEPS if options["reaction"] == "full" else 0
        self.fourier = diffusion.fourier_number(p["diffusion"], _HOUR, _EDGE)
        self.leak_share = -math.expm1(-p["leak"])
        self.biomass_reference = p["biomass_reference"] * np.count_nonzero(state.solid)
        self.biomass_reference /= PAPER_SOLID
        self.least_pom = p["residual_share"] * p["pom_start"]
        self.least_necromass = p["residual_share"] * p["necromass_start"]
        self._microbes = (
            *(p[name] for name in ("uptake_rate", "half_saturation", "growth_respiration")),
            *(p[name] for name in ("maintenance", "biomass_decay", "cn_biomass")),
            self.substeps,
        )
        self._room = (p["biomass_max"], p["biomass_min"])
        self._ratios = (p["cn_pom"], p["cn_necromass"])
        self._least = (self.least_pom, self.least_necromass)
        self.necromass_decays = options["living_necromass"] == "decays"
        # when biomass hides organic matter, edges close and open as it spreads and dies out
        self.biomass_hides = options["biomass_as_pore"] == "off"

        self.open = np.zeros(state.shape, bool)
        self.factor: diffusion.Factor | None = None
        self._patched = False
        self.hour = 0
        self.cells = np.empty(n, np.int32)
        self.living = 0
        self._dead = np.empty(n, np.int32)
        self._queue = np.empty(n, np.int32)
        self._label = np.empty(n, np.int32)
        self._visited = np.zeros(n, bool)
        self._solution, self._work = np.empty((2, n), diffusion.SOLUTES)

    def day(self, state: State, pulse: Pulse | None = None) -> dict[str, float]:
        """Run the 24 hours of a day on `state`, in place.

        Returns
        -------
        dict
            Amounts of the day by the names in `FLUXES`, as sums of voxel concentrations (g cm-3).
        """
        flux = np.zeros(len(reaction.FLUXES))
        leaked = 0.0
        cells = np.flatnonzero(state.c_b)
        self.living = cells.size
        self.cells[: self.living] = cells
        self.hour = 0
        self.survey(state)
        self._take(state)
        for self.hour in range(1, HOURS + 1):
            self._decay(state, flux)
            if pulse is not None:
                self._exude(state, pulse)
            self._live(state, flux)
            leaked += self._transport()
        self._put_back(state)
        day = dict(zip(FLUXES, [*flux.tolist(), leaked], strict=True))
        state.budget["c_co2"] += day["R_G"] + day["R_M"] + day["R_O"]
        state.budget["n_leak"] += day["R_leak"]
        return day

    def exposed_shares(self) -> dict[str, float]:
        """Return the exposed share of organic matter and of necromass, weighted by carbon.

        Keys ``exposed_POM`` and ``exposed_Nec``; NaN where there is no such particle.
        """
        pom = np.where(self._is_pom, self._mass, 0.0)
        masses = {"exposed_POM": pom, "exposed_Nec": self._mass - pom}
        return {
            name: float(self._share @ mass / mass.sum()) if mass.any() else float("nan")
            for name, mass in masses.items()
        }

    def survey(self, state: State) -> None:
        """Bring edges, masses and the diffusion matrix up to date with the geometry."""
        p = self.parameters
        seen = exposure(state, p)
        self._mass, self._loss = np.empty((2, state.next_organic))
        self._is_pom = np.empty(state.next_organic, bool)
        reaction.weigh(
            state.organic, state.kind, POM, state.c_pom, state.c_nec, self._mass, self._is_pom
        )
        self._share, self._edges = seen.share, seen.exposed
        basal = np.where(self._is_pom, p["decay_pom"], p["decay_necromass"]) / _DAY
        self._basal_rate = basal * seen.share * seen.gate
        self._factorize(state.open)
        self._inside, outside = reaction.exposed_edges(
            state.solid, state.organic, state.c_b, not self.biomass_hides
        )
        self._outside = self.factor.number.ravel()[outside]

    def _take(self, state: State) -> None:
        """Take the dissolved carbon and nitrogen out of the grid, for the hours of a day."""
        diffusion.gather(self.factor, state.c_s, state.n_s, self._solution)

    def _put_back(self, state: State) -> None:
        """Put them back, because the day is over or the geometry is about to change."""
        diffusion.scatter(self.factor, self._solution, state.c_s, state.n_s)

    def _factorize(self, is_open: np.ndarray) -> None:
        """Bring the diffusion matrix up to date.

        A day begins with a factor that depends on its geometry alone, not on the days before, so
        that a run resumed from a checkpoint is the same to the last bit.
        """
        changed = np.count_nonzero(is_open != self.open)
        if self.factor is None or (self.hour == 0 and (changed or self._patched)):
            self.factor = diffusion.factorize(is_open, self.fourier)
            self._patched = False
        elif changed:
            self.factor = diffusion.refactorize(self.factor, is_open, self.fourier)
            self._patched = True
        self.open = is_open

    def _decay(self, state: State, flux: np.ndarray) -> None:
        """Decay of organic particles, faster the more biomass there is (Table 2: f_POM, f_Nec)."""
        p = self.parameters
        cells = self.cells[: self.living]
        biomass = state.c_b.take(cells).sum()
        activity = p["decay_base"] + biomass / self.biomass_reference
        matter = (state.organic, state.kind, POM)
        used_up = reaction.decay(
            self._inside,
            self._outside,
            *matter,
            self._solution,
            state.c_pom,
            state.c_nec,
            self._mass,
            self._edges,
            self._basal_rate,
            activity,
            *self._ratios,
            *self._least,
            _HOUR,
            self._loss,
            flux,
        )
        if self.necromass_decays:
            share = -math.expm1(-p["decay_necromass"] * activity / HOURS)
            number = self.factor.number
            reaction.living_decay(
                cells, number, self._solution, state.c_nec, share, p["cn_necromass"], flux
            )
        if used_up:
            self._put_back(state)
            pools = (state.c_s, state.n_s, state.c_pom, state.c_nec)
            reaction.dissolve(self._inside, *matter, *pools, *self._least, *self._ratios, flux)
            state.next_organic = reaction.split(
                state.organic, state.next_organic, self._queue, self._label
            )
            self.survey(state)
            self._take(state)

    def _exude(self, state: State, pulse: Pulse) -> None:
        """Exudates of one hour into the open voxels of the central line (Sect. 2.3)."""
        p = self.parameters
        line = np.s_[:, state.shape[1] // 2]
        is_open = self.open[line]
        by_rate = pulse.rate is not None or (pulse.mass is None and p.options["pulse"] == "rate")
        if by_rate:
            rate = p["exudation_rate"] if pulse.rate is None else pulse.rate
            # µg h-1 cm-2 on µm2 of surface into the volume of a voxel
            carbon = is_open * (rate * 1e-6 * p["exudation_surface"] * 1e-8 / _VOLUME)
        else:
            mass = p["pulse_mass"] if pulse.mass is None else pulse.mass
            # a closed line exudes into the open voxels next to it
            receives = is_open if is_open.any() else np.ones_like(is_open)
            carbon = receives * (mass / self.per_gram / HOURS / receives.sum())
        nitrogen = carbon / (p["cn_root"] if pulse.cn is None else pulse.cn)
        self._put_back(state)
        state.c_s[line] += carbon
        state.n_s[line] += nitrogen
        if not is_open.any():
            automaton.expel(state.solid, state.organic, state.c_s, state.n_s)
        self._take(state)
        state.budget["c_root_input"] += float(carbon.sum())
        state.budget["n_root_input"] += float(nitrogen.sum())

    def _live(self, state: State, flux: np.ndarray) -> None:
        """Life of the microbes: uptake, respiration, death (Table 2: f_U, R_G, R_M, R_O, f_BD)."""
        before = self.living
        overfull, starving = reaction.react(
            self.cells[: self.living],
            self.factor.number,
            self._solution,
            state.c_b,
            state.c_nec,
            *self._microbes,
            *self._room,
            _HOUR,
            flux,
        )
        if overfull:
            self._spread(state)
        after = self.living
        if overfull or starving:
            self._prune(state, flux)
        if self.biomass_hides and not before == after == self.living:
            self.survey(state)

    def _spread(self, state: State) -> None:
        """Growth into neighbouring voxels (Appendix A1)."""
        self.living = reaction.spread(
            self.cells,
            self.living,
            state.solid,
            state.organic,
            state.c_b,
            state.c_nec,
            *self._room,
            state.rng,
            self._queue,
            self._visited,
        )

    def _prune(self, state: State, flux: np.ndarray) -> None:
        """Death of starving cells, which become necromass or pore (Appendix A1)."""
        p = self.parameters
        self.living, died = reaction.prune(
            self.cells,
            self.living,
            self.factor.number,
            self._solution,
            state.c_b,
            state.c_nec,
            p["biomass_min"],
            self.least_necromass,
            p["cn_biomass"],
            self._dead,
            flux,
        )
        if died:
            self._put_back(state)
            state.next_organic = reaction.settle(
                self._dead[:died],
                state.organic,
                state.kind,
                NEW_NECROMASS,
                state.next_organic,
                self._queue,
            )
            automaton.expel(state.solid, state.organic, state.c_s, state.n_s)
            self.survey(state)
            self._take(state)

    def _transport(self) -> float:
        """Diffusion, and leaching of nitrogen over an hour (Table 2: R_leak); returns its amount.

        Leaching takes the same share everywhere, so it does not matter which comes first.
        """
        return diffusion.advance(
            self.factor, self.fourier, self.leak_share, self._solution, self._work
        )
