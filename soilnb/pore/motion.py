"""One day of motion, the initial aggregation, and how far organic matter is exposed.

The rules are in `soilnb.kernels.automaton`; here they meet the state and the parameters.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from soilnb.kernels import automaton
from soilnb.parameters import InputError, ParameterSet
from soilnb.pore.parameters import with_parameters
from soilnb.pore.state import POM, State

_EDGES = {"outer": 0, "without_organic": 1, "all": 2}


class Moves(NamedTuple):
    """What moved in a day: mineral particles, organic particles, aggregates (of how many)."""

    minerals: int
    organic: int
    aggregates: int
    aggregates_present: int


class Exposure(NamedTuple):
    """Edges of organic particles; arrays by the particle's number (entry 0 is unused)."""

    exposed: np.ndarray  #: Edges to open voxels, s_f of Table 2.
    total: np.ndarray  #: Edges, s of Table 2; 0 for numbers without a particle.
    gate: np.ndarray  #: Whether the particle may decay (option ``gate``).

    @property
    def share(self) -> np.ndarray:
        """Exposed share s_f / s of each particle, 0 where there is none."""
        return self.exposed / np.maximum(self.total, 1)


@with_parameters
def workspace(state: State, parameters: str | Mapping = "default") -> automaton.Workspace:
    """Return memory for the motion of `state`, to be used again every day.

    Raises
    ------
    InputError
        When the farthest move reaches round the domain.
    """
    reach = round(parameters["range_max"])
    if 2 * reach + 1 > min(state.shape):
        raise InputError(
            f"range_max = {reach}: allowed up to {(min(state.shape) - 1) // 2} in a domain of "
            f"{state.shape[0]} × {state.shape[1]} voxels"
        )
    return automaton.workspace(state.shape, reach)


@with_parameters
def cam_day(
    state: State,
    parameters: str | Mapping = "default",
    *,
    movement: bool = True,
    work: automaton.Workspace | None = None,
) -> Moves:
    """Age the edges, move all units once, and expel the solutes of voxels that became occupied.

    Parameters
    ----------
    state : State
        Changed in place.
    parameters : str or mapping
        See `soilnb.pore.parameters.resolve`.
    movement : bool
        False for a static structure: edges age, nothing moves.
    work : Workspace, optional
        Memory from `workspace`, to be used again every day.
    """
    age_edges(state, parameters)
    if not movement:
        return Moves(0, 0, 0, 0)
    return move(state, parameters, work=work)


@with_parameters
def age_edges(state: State, parameters: str | Mapping = "default") -> None:
    """Make, renew, age and lose gluing spots by one day."""
    automaton.age_edges(
        state.solid,
        state.organic,
        state.c_s,
        state.c_b,
        state.glue,
        state.age,
        parameters["glue_threshold"],
        parameters["glue_lifetime"],
        parameters["glue_loss"],
        parameters.options["age_reset"] == "organic_contact",
        state.rng,
    )


@with_parameters
def move(
    state: State,
    parameters: str | Mapping = "default",
    *,
    breaking: bool = True,
    work: automaton.Workspace | None = None,
) -> Moves:
    """Move all units once and expel the solutes of voxels that became occupied.

    Parameters
    ----------
    breaking : bool
        False leaves out the random break-up of bonds.

    Examples
    --------
    >>> from soilnb.pore.structure import dispersed
    >>> move(dispersed((64, 64), seed=1)).minerals  # how many particles moved
    178
    """
    moved = np.zeros(4, np.int64)
    breaks = [parameters["break_glue"], parameters["break_organic"], parameters["break_other"]]
    automaton.move_day(
        state.solid.ravel(),
        state.organic.ravel(),
        state.kind.ravel(),
        state.c_s.ravel(),
        state.n_s.ravel(),
        state.c_b.ravel(),
        state.c_nec.ravel(),
        state.c_pom.ravel(),
        state.reactive.ravel(),
        state.glue.ravel(),
        state.age.ravel(),
        state.size_class.size - 1,
        state.next_organic - 1,
        _weights(parameters),
        np.array(breaks) * breaking,
        parameters["range_max"],
        parameters["range_scale"],
        parameters["aggregate_limit"],
        parameters.options["stay"] == "keep",
        parameters.options["displaced"] == "swap",
        parameters.options["aggregates"] == "move",
        state.rng,
        moved,
        work or workspace(state, parameters),
        parameters.options["biomass_binds"] == "on",
    )
    automaton.expel(state.solid, state.organic, state.c_s, state.n_s)
    return Moves(*map(int, moved))


def _weights(chosen: ParameterSet) -> np.ndarray:
    names = ("weight_reactive", "weight_organic", "weight_glue")
    return np.array([chosen[name] for name in names])


@with_parameters
def aggregate(
    state: State,
    parameters: str | Mapping = "default",
    steps: int | None = None,
    *,
    work: automaton.Workspace | None = None,
    report: Callable[[int], object] | None = None,
) -> State:
    """Let the dispersed state aggregate without chemistry; returns the same state.

    Parameters
    ----------
    steps : int, optional
        Steps of motion; default ``initial_steps`` (500, Appendix A2).
    report : callable, optional
        Called with the number of the step after each step (progress, films).

    Notes
    -----
    Without chemistry there are no gluing spots to make or age. Whether bonds break up here is
    the option ``break_initially``.

    Examples
    --------
    >>> from soilnb.pore.structure import dispersed
    >>> seen = []
    >>> state = aggregate(dispersed((64, 64), seed=1), steps=3, report=seen.append)
    >>> seen
    [1, 2, 3]
    """
    steps = round(parameters["initial_steps"]) if steps is None else steps
    if steps < 0 or int(steps) != steps:
        raise InputError(f"steps = {steps}: allowed whole numbers from 0")
    work = work or workspace(state, parameters)
    for step in range(int(steps)):
        move(state, parameters, breaking=parameters.options["break_initially"] == "on", work=work)
        if report is not None:
            report(step + 1)
    return state


@with_parameters
def exposure(state: State, parameters: str | Mapping = "default") -> Exposure:
    """Count the exposed edges of every organic particle, and which may decay."""
    exposed, total = (np.zeros(state.next_organic, np.int32) for _ in range(2))
    touches = np.zeros(state.next_organic, np.uint8)
    automaton.exposure(
        state.solid,
        state.organic,
        state.c_b,
        state.reactive,
        state.glue,
        _EDGES[parameters.options["exposed_edges"]],
        parameters.options["biomass_as_pore"] == "on",
        parameters.options["gate"] == "with_gluing",
        exposed,
        total,
        touches,
    )
    gate = total > 0 if parameters.options["gate"] == "off" else touches > 0
    return Exposure(exposed, total, gate)


def exposed_shares(state: State, parameters: str | Mapping = "default") -> dict[str, float]:
    """Return the exposed share of particulate organic matter and of necromass particles.

    The shares of the particles are weighted by their carbon; the gate does not enter. NaN where
    there is no such particle. The keys are ``exposed_POM`` and ``exposed_Nec``.

    Examples
    --------
    >>> from soilnb.pore.structure import dispersed
    >>> round(exposed_shares(dispersed((64, 64), seed=1))["exposed_POM"], 2)
    0.75
    """
    share = exposure(state, parameters).share[state.organic]
    pom = np.where(state.kind == POM, state.c_pom, 0.0)
    necromass = np.where(state.kind > POM, state.c_nec, 0.0)
    masses = {"exposed_POM": pom, "exposed_Nec": necromass}
    return {
        name: float((share * mass).sum() / mass.sum()) if mass.any() else float("nan")
        for name, mass in masses.items()
    }


@with_parameters
def attractivity(
    state: State, voxels: np.ndarray, parameters: str | Mapping = "default"
) -> tuple[np.ndarray, np.ndarray]:
    """Score the places that a unit could take, as it would see them now.

    Parameters
    ----------
    voxels : bool array, shape (ny, nx)
        The unit: a particle (``state.solid == 7``) or several.

    Returns
    -------
    offsets : int array, shape (n, 2)
        Moves (dy, dx) within the range of the unit; the first is its own place.
    scores : float array, shape (n,)
        Attractivity, NaN where the unit does not fit.

    Examples
    --------
    >>> from soilnb.pore.structure import dispersed
    >>> state = dispersed((64, 64), seed=1)
    >>> offsets, scores = attractivity(state, state.solid == 7)
    >>> offsets[0], bool(scores[0] >= 0)  # its own place, which always fits
    (array([0, 0], dtype=int32), True)
    """
    work = workspace(state, parameters)
    cells = np.flatnonzero(voxels).astype(np.uint32)
    reach = automaton.move_range(cells.size, parameters["range_max"], parameters["range_scale"])
    n = 2 * reach * (reach + 1) + 1
    scores = np.zeros(n)
    automaton.attractivities(
        cells,
        state.solid.ravel(),
        state.organic.ravel(),
        state.c_b.ravel(),
        state.reactive.ravel(),
        state.glue.ravel(),
        state.size_class.size - 1,
        _weights(parameters),
        scores,
        work,
        parameters.options["biomass_binds"] == "on",
    )
    return work.offsets[:n], scores
