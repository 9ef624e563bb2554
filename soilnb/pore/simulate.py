"""Run the pore-scale model day by day (Rötzer et al. 2025, Fig. 4 and Appendix A3).

A run is: particles at random places, initial aggregation, microbes and solution, and then for
every day fresh organic matter, one day of motion, and 24 hours of chemistry. Long runs can write
checkpoints and go on from them to the last bit as if they had never stopped.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr
from tqdm import tqdm

from soilnb import __version__
from soilnb.jobs import claim
from soilnb.kernels import reaction
from soilnb.parameters import InputError, ParameterSet, check_known, check_range, shown
from soilnb.pore import diagnostics, files, motion
from soilnb.pore.chemistry import Chemistry
from soilnb.pore.motion import cam_day
from soilnb.pore.parameters import PRESETS, VOXEL, resolve, with_parameters
from soilnb.pore.scenarios import Scenario, get_scenario
from soilnb.pore.state import State, checked
from soilnb.pore.structure import add_pom, check_shape, dispersed, domain_mass, populate

#: Domain of the paper: 500 x 500 µm.
SHAPE = (250, 250)

#: Sources that decide the numbers of a run.
_KERNELS = ("automaton", "outlines", "reaction", "diffusion")
_MODEL = ("parameters", "structure", "motion", "chemistry", "scenarios", "simulate")

#: Seconds after which a progress bar appears.
_PATIENCE = 2.0

#: With these all happens within a month that a kernel is there for: microbes crowd, spread and
#: starve, organic voxels are used up, particles come apart.
_EVENTFUL = {
    "decay_pom": 0.1,
    "decay_necromass": 0.1,
    "residual_share": 0.2,
    "biomass_min": 0.04,
    "biomass_max": 0.1,
}


def simulate(
    scenario: str | os.PathLike | Scenario = "reference",
    *,
    days: int = 500,
    shape: tuple[int, int] | None = None,
    seed: int = 0,
    preset: str = "default",
    snapshots: Iterable[float] = (),
    initial_steps: int | None = None,
    movement: bool | None = None,
    parameters: Mapping[str, float | str | bool] | None = None,
    initial: State | None = None,
    progress: bool | Callable[[int], object] | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int = 25,
    resume: str | os.PathLike | None = None,
    output: str | os.PathLike | None = None,
) -> xr.Dataset:
    """Simulate structure, carbon and nitrogen of a soil at the pore scale.

    Parameters
    ----------
    scenario : str, path or Scenario
        A name in `SCENARIOS`, a TOML file, or a `Scenario`.
    days : int
        Length of the run.
    shape : tuple of two ints
        Voxels of 2 µm down and across; default 250 x 250, or what the scenario says.
    seed : int
        Seed of everything random; the same seed gives the same numbers, bit for bit.
    preset : str
        One of `PRESETS`.
    snapshots : iterable of int
        Days after which the fields are kept; 0 is the state before the first day.
    initial_steps : int, optional
        Steps of the initial aggregation; default is the parameter ``initial_steps``.
    movement : bool, optional
        Whether particles move; default is what the scenario says.
    parameters : mapping, optional
        Parameters and switches that differ from the preset and from the scenario.
    initial : State, optional
        State to start from, instead of a random one; it is copied. Without biomass it is
        aggregated and gets its biomass and solution first, by `seed`. With biomass it starts as
        it is, with its own generator.
    progress : bool or callable, optional
        By default a bar appears when the run takes longer than two seconds. False keeps it (and
        notes) away; a callable is called with the number of each day done.
    checkpoint : path, optional
        File to which the whole state is written every `checkpoint_every` days and at the end.
    checkpoint_every : int
        Days between checkpoints.
    resume : path, optional
        Checkpoint to go on from. All else must be as in the run that wrote it, but for `days`,
        which may be longer.
    output : path, optional
        netCDF file for the result. Snapshots then go to disk one by one, and are read from there.

    Returns
    -------
    Dataset
        Over ``time`` (days; 0 is the state after the initial aggregation): pools in mg g-1,
        cumulative ``C_CO2`` and ``N_leak``; fluxes in mg g-1 d-1, each the amount of the day that
        ends then; ``CUE``, ``exposed_POM``, ``exposed_Nec``. With snapshots also fields over
        ``(snapshot, y, x)``.

    Raises
    ------
    InputError
        For an unknown scenario, preset or parameter, impossible values, or a checkpoint from
        another run.
    OSError
        When the result cannot be written; a checkpoint stays as it is.

    Examples
    --------
    >>> run = simulate("cn10", days=3, shape=(64, 64), initial_steps=5, progress=False)
    >>> run["C_B"].values.round(4)  # biomass at the start and after each day, mg per g soil
    array([0.167 , 0.1428, 0.1239, 0.1094])
    """
    run = Run(
        scenario, days=days, shape=shape, seed=seed, preset=preset, snapshots=snapshots,
        initial_steps=initial_steps, movement=movement, parameters=parameters, initial=initial,
    )  # fmt: skip
    every = round(check_range("checkpoint_every", checkpoint_every, 1, 1e6, "d"))
    files.check_different(output=output, checkpoint=checkpoint, resume=resume, scenario=scenario)
    with claim("output", output), claim("checkpoint", checkpoint):
        store = files.Snapshots(output, run.key())
        if resume is None:
            store.begin()
        else:
            files.load_checkpoint(resume, run, store)
        if progress is not False:
            for note in run.notes:
                print(f"note: {note}", file=sys.stderr)
        if resume is None:
            run.begin(store, progress)
        _to_the_end(run, store, progress, checkpoint, every)
        return store.finish(run.dataset())


def _to_the_end(
    run: Run, store: files.Snapshots, progress: object, checkpoint: object, every: int
) -> None:
    """Advance a run to its last day; write a checkpoint every so many days, and at the end."""
    with _bar(progress, run.days, run.state.day, run.scenario.name) as bar:
        while run.state.day < run.days:
            run.step(store)
            day = run.state.day
            bar.update()
            if callable(progress):
                progress(day)
            if checkpoint is not None and (day % every == 0 or day == run.days):
                files.save_checkpoint(checkpoint, run, store)


def warm_up() -> None:
    """Compile the kernels by a tiny run, so that several processes need not each do it."""
    eventful = Scenario("eventful", pulses=(1,), parameters=_EVENTFUL)
    simulate(eventful, days=30, shape=(64, 64), initial_steps=20, progress=False)


def _bar(progress: object, total: int, done: int, name: str) -> tqdm:
    return tqdm(
        total=total,
        initial=done,
        desc=name,
        unit="d",
        delay=_PATIENCE,
        leave=False,
        disable=progress is False or callable(progress),
    )


@with_parameters
def aggregated(
    shape: tuple[int, int] = SHAPE,
    seed: int = 0,
    parameters: str | Mapping = "default",
    initial_steps: int | None = None,
    progress: object = None,
) -> State:
    """Return the aggregated state with its microbes and solution, as a run begins with it.

    Parameters
    ----------
    shape, seed, initial_steps, progress
        As in `simulate`.
    parameters : str or mapping
        See `soilnb.pore.parameters.resolve`.

    Examples
    --------
    >>> state = aggregated((64, 64), seed=1, initial_steps=5, progress=False)
    >>> round(float((state.solid == 0).mean()), 2)  # the open space: pores and organic matter
    0.41
    """
    return _prepare(dispersed(shape, seed, parameters), parameters, initial_steps, progress)


def _prepare(
    state: State, chosen: ParameterSet, initial_steps: int | None, progress: object
) -> State:
    steps = round(chosen["initial_steps"]) if initial_steps is None else initial_steps
    with _bar(progress, steps, 0, "aggregation") as bar:
        motion.aggregate(state, chosen, steps, report=lambda _: bar.update())
    if not state.biomass.any():
        populate(state, chosen)
    return state


class Run:
    """A simulation that is advanced day by day; `simulate` is a loop around it, of its arguments.

    Explorers use it directly: ``run = Run("reference", shape=(128, 128))``, ``run.begin()``, then
    ``run.step()`` as long as they like, with the present ``run.state`` to draw; ``run.series`` is
    what has been recorded, by the names in `soilnb.pore.diagnostics.SERIES`.
    """

    def __init__(
        self,
        scenario: str | os.PathLike | Scenario = "reference",
        *,
        days: int = 500,
        shape: tuple[int, int] | None = None,
        seed: int = 0,
        preset: str = "default",
        snapshots: Iterable[float] = (),
        initial_steps: int | None = None,
        movement: bool | None = None,
        parameters: Mapping[str, float | str | bool] | None = None,
        initial: State | None = None,
    ) -> None:
        self.scenario = get_scenario(scenario)
        self.days = _whole("days", days, 0, 1_000_000)
        self.seed = _whole("seed", seed, 0, 2**63 - 1)
        self.parameters = _parameters(self.scenario, preset, parameters)
        if initial is not None:
            initial = checked(initial, "initial")
            shape = _same_shape(initial, shape)
        usual = self.scenario.shape or SHAPE
        self.shape = check_shape(usual if shape is None else shape)
        self.movement = self.scenario.movement if movement is None else bool(movement)
        if initial_steps is not None:
            initial_steps = _whole("initial_steps", initial_steps, 0, 1_000_000)
        self.initial_steps = initial_steps
        self.snapshots = _snapshots(snapshots, self.days)
        self.pulses = {pulse.number: pulse for pulse in self.scenario.pulses}
        self.notes = _notes(self.scenario, self.days)
        self._initial = initial
        self.state: State | None = None
        self.chemistry: Chemistry | None = None

    def begin(self, store: files.Snapshots | None = None, progress: object = False) -> Run:
        """Make the first state and record it; returns the run."""
        if self._initial is not None and self._initial.biomass.any():
            state = self._initial.copy()
        else:
            if self._initial is None:
                state = dispersed(self.shape, self.seed, self.parameters)
            else:
                state = self._initial.copy()
                state.rng = np.random.default_rng(self.seed)
            state = _prepare(state, self.parameters, self.initial_steps, progress)
        state.day = 0
        state.budget = dict.fromkeys(state.budget, 0.0)
        self.series = {name: np.zeros(self.days + 1) for name in diagnostics.SERIES}
        self._start(state)
        self._record(dict.fromkeys(reaction.FLUXES, 0.0), state.budget, math.nan)
        if store is not None:
            self._keep(store)
        return self

    def resume(self, state: State, series: Mapping[str, np.ndarray]) -> Run:
        """Go on from a state and what was recorded up to it; returns the run."""
        self.series = {name: np.zeros(self.days + 1) for name in diagnostics.SERIES}
        for name, values in series.items():
            self.series[name][: state.day + 1] = values
        self._start(state)
        return self

    def _start(self, state: State) -> None:
        self.state = state
        self.chemistry = Chemistry(state, self.parameters)
        self.chemistry.survey(state)
        self._work = motion.workspace(state, self.parameters)

    def step(self, store: files.Snapshots | None = None) -> dict[str, float]:
        """Advance by one day; returns the carbon and nitrogen turned over (sums in g cm-3)."""
        state, chosen = self.state, self.parameters
        before = dict(state.budget)
        pulse = self.pulses.get(state.day + 1)
        add_pom(state, chosen)
        if chosen.options["order"] == "motion_first":
            moves = cam_day(state, chosen, movement=self.movement, work=self._work)
            turned_over = self.chemistry.day(state, pulse)
        else:
            turned_over = self.chemistry.day(state, pulse)
            moves = cam_day(state, chosen, movement=self.movement, work=self._work)
        state.day += 1
        if state.day <= self.days:
            self._record(turned_over, before, moves.minerals / max(state.size_class.size - 1, 1))
            if store is not None:
                self._keep(store)
        return turned_over

    def _record(
        self, turned_over: Mapping[str, float], before: Mapping[str, float], moved: float
    ) -> None:
        """Write the values of the present day into the series."""
        state, p, scale = self.state, self.parameters, self.chemistry.per_gram
        values = diagnostics.pools(state, p, scale)
        values |= {name: scale * amount for name, amount in turned_over.items()}
        inputs = {name: scale * (state.budget[name] - before[name]) for name in before}
        values |= {
            "f_POM_N": values["f_POM"] / p["cn_pom"],
            "f_Nec_N": values["f_Nec"] / p["cn_necromass"],
            "R_POM": inputs["c_pom_input"],
            "R_POM_N": inputs["n_pom_input"],
            "R_root": inputs["c_root_input"],
            "R_root_N": inputs["n_root_input"],
            "biomass_cells": np.count_nonzero(state.c_b),
            "moved": moved,
            **self.chemistry.exposed_shares(),
        }
        respired = values["R_G"] + values["R_M"] + values["R_O"]
        values["CUE"] = 1 - respired / values["f_U"] if values["f_U"] > 0 else math.nan
        for name, value in values.items():
            self.series[name][state.day] = value

    def _keep(self, store: files.Snapshots) -> None:
        if self.state.day in self.snapshots:
            store.add(self.state.day, diagnostics.fields(self.state))

    def dataset(self) -> xr.Dataset:
        """Return what has been recorded so far, without snapshots."""
        last = min(self.state.day, self.days)
        data = xr.Dataset(
            {
                name: (
                    "time",
                    self.series[name][: last + 1].copy(),
                    {"units": units, "symbol": symbol, "long_name": meaning},
                )
                for name, (units, symbol, meaning) in diagnostics.SERIES.items()
            },
            coords={
                "time": (
                    "time",
                    np.arange(last + 1.0),
                    {"units": "d", "long_name": "time since the initial aggregation"},
                )
            },
        )
        ny, nx = self.shape
        return data.assign_attrs(
            model="soilnb.pore",
            soilnb_version=__version__,
            code=code_hash(),
            source="Rötzer et al. (2025)",
            scenario=self.scenario.name,
            description=self.scenario.description,
            pulses=json.dumps([asdict(pulse) for pulse in self.scenario.pulses]),
            preset=self.parameters.name.rstrip("*"),
            movement=int(self.movement),
            seed=self.seed,
            initial_steps=self._steps(),
            ny=ny,
            nx=nx,
            voxel_um=VOXEL,
            dry_mass_ug=1e6 * domain_mass(self.state, self.parameters),
            mg_per_g_voxel=self.chemistry.per_gram,
            parameters=json.dumps(dict(self.parameters) | self.parameters.options),
            notes="; ".join(self.notes),
        )

    def _steps(self) -> int:
        steps = self.initial_steps
        return round(self.parameters["initial_steps"]) if steps is None else steps

    @property
    def code(self) -> str:
        """Hash of the sources that decide its numbers, see `code_hash`."""
        return code_hash()

    def key(self) -> str:
        """Return a hash of `identity`, 16 hexadecimal digits."""
        text = json.dumps(self.identity(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def solid_voxels(self) -> int | None:
        """How many voxels its minerals have in the given first state; None without one."""
        return None if self._initial is None else int(np.count_nonzero(self._initial.solid))

    def identity(self) -> dict[str, object]:
        """Return everything that decides the numbers of the run, but for its length."""
        return {
            **self.parameters,
            **self.parameters.options,
            "scenario": self.scenario.name,
            "pulses": [asdict(pulse) for pulse in self.scenario.pulses],
            "movement": self.movement,
            "shape": list(self.shape),
            "seed": self.seed,
            "initial_steps": self._steps(),
            "initial": None if self._initial is None else _digest(self._initial),
        }


def _whole(name: str, value: float, low: int, high: int) -> int:
    number = check_range(name, value, low, high)
    if number != int(number):
        raise InputError(f"{name} = {value}: allowed whole numbers from {low}")
    return int(number)


def _parameters(scenario: Scenario, preset: str, changes: Mapping | None) -> ParameterSet:
    """Return the preset with the changes of the scenario, then those of the user."""
    check_known("preset", preset, PRESETS)
    if changes is not None and not isinstance(changes, Mapping):
        raise InputError(f"parameters = {shown(changes)}: allowed a mapping of names to values")
    return resolve({"set": preset, **scenario.parameters, **(changes or {})})


def _snapshots(snapshots: Iterable[float], days: int) -> tuple[int, ...]:
    if isinstance(snapshots, xr.Dataset):
        raise InputError(f"snapshots = {shown(snapshots)}: allowed days")
    snapshots = np.atleast_1d(snapshots).tolist() if hasattr(snapshots, "ndim") else snapshots
    if isinstance(snapshots, (int, float)):
        snapshots = [snapshots]
    return tuple(sorted({_whole("snapshot", day, 0, days) for day in snapshots}))


def _notes(scenario: Scenario, days: int) -> list[str]:
    late = [pulse.day for pulse in scenario.pulses if pulse.number > days]
    if not late:
        return []
    listed = ", ".join(f"{day:g}" for day in late)
    return [f"scenario {scenario.name} is cut short at day {days}: no pulse on day {listed}"]


def _same_shape(initial: State, shape: tuple[int, int] | None) -> tuple[int, int]:
    """Return the shape of a state, or raise `InputError` when the run is to have another."""
    if shape is not None and check_shape(shape) != initial.shape:
        raise InputError(
            f"initial: {initial.shape} voxels; allowed the shape of the run, {tuple(shape)}"
        )
    return initial.shape


def _digest(state: State) -> str:
    digest = hashlib.sha256()
    for name, values in sorted(state.to_arrays().items()):
        digest.update(name.encode() + str(values.dtype).encode() + values.tobytes())
    return digest.hexdigest()


@cache
def code_hash() -> str:
    """Return a hash of the sources that decide the numbers of a run, 16 hexadecimal digits."""
    here = Path(__file__).parent
    kernels = [here.parent / "kernels" / f"{name}.py" for name in _KERNELS]
    digest = hashlib.sha256()
    model = [here / f"{name}.py" for name in _MODEL]
    for path in (*kernels, *model, here / "parameters.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
