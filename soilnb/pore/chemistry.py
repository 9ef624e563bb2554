"""The 24 hours of a day: decay, exudation, reactions, spreading, leaching, diffusion.

One hour is, in this order,

1. decay of the organic particles into the open voxels that they touch,
2. exudation along the root line, on the day of a pulse,
3. uptake, growth, respiration (overflow, too) and death of the microbes in every biomass cell
   (`soilnb.kernels.reaction`),
4. spreading of overfull biomass cells, dying out of starving ones,
5. leaching of dissolved nitrogen,
6. diffusion of dissolved carbon and nitrogen.

Organic voxels that are used up open, and biomass cells that die with necromass in them become
necromass particles; both change the geometry within the day.
"""

import math
from collections.abc import Mapping

import numpy as np

from soilnb.kernels import automaton, diffusion, reaction
from soilnb.parameters import ParameterSet
from soilnb.pore.motion import exposure
from soilnb.pore.parameters import PAPER_SOLID, THICKNESS, VOXEL, voxel_mass, with_parameters
from soilnb.pore.scenarios import Pulse
from soilnb.pore.state import NEW_NECROMASS, POM, State

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
        n_solid = np.count_nonzero(state.solid)
        decays = options["living_necromass"] == "decays"
        self.rates = reaction.Rates(
            rate_max=p["uptake_rate"],
            half_saturation=p["half_saturation"],
            growth=p["growth_respiration"],
            maintenance=p["maintenance"],
            death=p["biomass_decay"],
            cn=p["cn_biomass"],
            substeps=reaction.SUBSTEPS if options["reaction"] == "full" else 0,
            c_b_max=p["biomass_max"],
            c_b_min=p["biomass_min"],
            cn_pom=p["cn_pom"],
            cn_necromass=p["cn_necromass"],
            least_pom=p["residual_share"] * p["pom_start"],
            least_necromass=p["residual_share"] * p["necromass_start"],
            decay_base=p["decay_base"],
            biomass_reference=p["biomass_reference"] * n_solid / PAPER_SOLID,
            living_decay=p["decay_necromass"] / _DAY if decays else 0.0,
            fourier=diffusion.fourier_number(p["diffusion"], _HOUR, _EDGE),
            leached=-math.expm1(-p["leak"]),
            dt=_HOUR,
        )
        # when biomass hides organic matter, edges close and open as it spreads and dies out
        self.biomass_hides = options["biomass_as_pore"] == "off"

        self.open = np.zeros(state.shape, bool)
        self.factor: diffusion.Factor | None = None
        self._patched = False
        self.pulse: Pulse | None = None
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
            Amounts of the day by the names in `soilnb.kernels.reaction.FLUXES`, as sums of voxel
            concentrations (g cm-3).
        """
        flux = np.zeros(len(reaction.FLUXES))
        cells = np.flatnonzero(state.c_b)
        self.living = cells.size
        self.cells[: self.living] = cells
        self.pulse = pulse
        self.hour, part = 0, reaction.DECAY
        self.survey(state)
        self._take(state)
        self.hour = 1
        while self.hour <= HOURS:
            over, due = self._hours(state, part, flux)
            self.hour += over
            if due == reaction.USED_UP:
                self._dissolve(state, flux)
                part = reaction.LIFE
            elif due != reaction.NOTHING:
                self._crowd_and_starve(state, due, flux)
                part = reaction.TRANSPORT
        self._put_back(state)
        day = dict(zip(reaction.FLUXES, flux.tolist(), strict=True))
        state.budget["c_co2"] += day["R_G"] + day["R_M"] + day["R_O"]
        state.budget["n_leak"] += day["R_leak"]
        state.budget["c_root_input"] += day["R_root"]
        state.budget["n_root_input"] += day["R_root_N"]
        return day

    def _hours(self, state: State, part: int, flux: np.ndarray) -> tuple[int, int]:
        """Run the hours that are left until something is due, see `reaction.hours`."""
        return reaction.hours(
            HOURS + 1 - self.hour,
            part,
            self.cells[: self.living],
            self.factor,
            self._solution,
            self._work,
            state.organic,
            state.kind,
            POM,
            state.c_b,
            state.c_pom,
            state.c_nec,
            self.surface,
            *self._exudates,
            self.rates,
            flux,
        )

    def exposed_shares(self) -> dict[str, float]:
        """Return the exposed share of organic matter and of necromass, weighted by carbon.

        Keys ``exposed_POM`` and ``exposed_Nec``; NaN where there is no such particle.
        """
        mass = self.surface.mass
        pom = np.where(self._is_pom, mass, 0.0)
        masses = {"exposed_POM": pom, "exposed_Nec": mass - pom}
        return {
            name: float(self._share @ mass / mass.sum()) if mass.any() else float("nan")
            for name, mass in masses.items()
        }

    def survey(self, state: State) -> None:
        """Bring edges, masses and the diffusion matrix up to date with the geometry."""
        p = self.parameters
        seen = exposure(state, p)
        mass, loss = np.empty((2, state.next_organic))
        self._is_pom = np.empty(state.next_organic, bool)
        reaction.weigh(state.organic, state.kind, POM, state.c_pom, state.c_nec, mass, self._is_pom)
        self._share = seen.share
        basal = np.where(self._is_pom, p["decay_pom"], p["decay_necromass"]) / _DAY
        self._factorize(state.open)
        inside, outside = reaction.exposed_edges(
            state.solid, state.organic, state.c_b, not self.biomass_hides
        )
        self.surface = reaction.Surface(
            inside,
            self.factor.number.ravel()[outside],
            mass,
            seen.exposed,
            basal * seen.share * seen.gate,
            loss,
        )
        self._exudates = self._exude(state)

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
            self.factor = diffusion.factorize(is_open, self.rates.fourier)
            self._patched = False
        elif changed:
            self.factor = diffusion.refactorize(self.factor, is_open, self.rates.fourier)
            self._patched = True
        self.open = is_open

    def _dissolve(self, state: State, flux: np.ndarray) -> None:
        """Organic voxels that are used up open, and particles come apart."""
        rates = self.rates
        self._put_back(state)
        reaction.dissolve(
            self.surface.inside,
            state.organic,
            state.kind,
            POM,
            state.c_s,
            state.n_s,
            state.c_pom,
            state.c_nec,
            rates.least_pom,
            rates.least_necromass,
            rates.cn_pom,
            rates.cn_necromass,
            flux,
        )
        state.next_organic = reaction.split(
            state.organic, state.next_organic, self._queue, self._label
        )
        self.survey(state)
        self._take(state)

    def _exude(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        """Return where roots exude, and how much in an hour: into the central line (Sect. 2.3)."""
        pulse, p = self.pulse, self.parameters
        if pulse is None:
            return np.empty(0, np.int32), np.empty(0, diffusion.SOLUTES)
        line = np.s_[:, state.shape[1] // 2]
        is_open = self.open[line]
        carbon, nitrogen = np.zeros((2, *state.shape))
        if pulse.rate is not None or (pulse.mass is None and p.options["pulse"] == "rate"):
            rate = p["exudation_rate"] if pulse.rate is None else pulse.rate
            # µg h-1 cm-2 on µm2 of surface into the volume of a voxel
            carbon[line] = is_open * (rate * 1e-6 * p["exudation_surface"] * 1e-8 / _VOLUME)
        else:
            mass = p["pulse_mass"] if pulse.mass is None else pulse.mass
            # a closed line exudes into the open voxels next to it
            receives = is_open if is_open.any() else np.ones_like(is_open)
            carbon[line] = receives * (mass / self.per_gram / HOURS / receives.sum())
        nitrogen[line] = carbon[line] / (p["cn_root"] if pulse.cn is None else pulse.cn)
        automaton.expel(state.solid, state.organic, carbon, nitrogen)
        reached = self.open & (carbon > 0)
        exudates = np.empty(np.count_nonzero(reached), diffusion.SOLUTES)
        exudates["carbon"], exudates["nitrogen"] = carbon[reached], nitrogen[reached]
        return self.factor.number[reached], exudates

    def _crowd_and_starve(self, state: State, due: int, flux: np.ndarray) -> None:
        """Microbes that have no room left spread, those that starve die out."""
        before = self.living
        if due == reaction.OVERFULL:
            self._spread(state)
        after = self.living
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
            self.rates.c_b_max,
            self.rates.c_b_min,
            state.rng,
            self._queue,
            self._visited,
        )

    def _prune(self, state: State, flux: np.ndarray) -> None:
        """Death of starving cells, which become necromass or pore (Appendix A1)."""
        self.living, died = reaction.prune(
            self.cells,
            self.living,
            self.factor.number,
            self._solution,
            state.c_b,
            state.c_nec,
            self.rates.c_b_min,
            self.rates.least_necromass,
            self.rates.cn,
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
