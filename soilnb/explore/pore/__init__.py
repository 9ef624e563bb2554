"""Explorers of the pore-scale model: structure, one voxel, one pot, transport, scenarios, films.

Each returns a widget. `structure` and `live_run` step a small soil while it is watched, `board`
one that the reader draws; `voxel`
and `well_mixed` leave space out; `transport` lets one point spread in pores; `scenarios` shows
runs that are there already; `film` plays pictures that are there already.
"""

import functools
import json
from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy import ndimage

from soilnb.explore.base import Control, Explorer
from soilnb.explore.pore.board import Board, board
from soilnb.explore.pore.chemistry import one_voxel, pot, voxel, well_mixed
from soilnb.explore.pore.live import Film, Live, film
from soilnb.figures import films
from soilnb.figures import pore as figures
from soilnb.figures.pore import series
from soilnb.kernels import automaton, diffusion
from soilnb.language import translated
from soilnb.parameters import ParameterSet
from soilnb.pore import motion
from soilnb.pore.diagnostics import CELLS, availability, cell_types
from soilnb.pore.parameters import RECORDS, VOXEL, resolve, size_classes
from soilnb.pore.scenarios import Pulse, Scenario
from soilnb.pore.simulate import Run, aggregated
from soilnb.pore.state import State
from soilnb.pore.structure import dispersed

__all__ = [
    "Board", "Film", "Live", "aggregation", "board", "film", "fractions", "live_run", "one_voxel",
    "point_source", "pore_space", "pot", "recorded", "scenarios", "structure", "transport",
    "voxel", "well_mixed",
]  # fmt: skip

#: Side of the domains that are stepped live, in voxels.
SIDE = 128

_HOUR = 3600.0


# Structure ----------------------------------------------------------------------------------------


class _Aggregating:
    """A soil without chemistry, in motion."""

    def __init__(self, state: State, parameters: ParameterSet) -> None:
        self.state, self.parameters = state, parameters
        self.work = motion.workspace(state, parameters)
        self.minerals = state.size_class.size - 1
        self.moved = 0.0

    def step(self) -> None:
        breaking = self.parameters.options["break_initially"] == "on"
        moves = motion.move(self.state, self.parameters, breaking=breaking, work=self.work)
        self.moved = moves.minerals / self.minerals


def structure(shape: tuple[int, int] = (SIDE, SIDE), seed: int = 0, steps: int = 300) -> Live:
    """Watch dispersed particles aggregate; move the weights, the break-up, the texture.

    Parameters
    ----------
    shape : tuple of two ints
        Voxels down and across.
    seed : int
        Seed of everything random.
    steps : int
        Number of the last step.
    """
    controls = {
        "break_other": Control.of(RECORDS["break_other"]),
        "break_organic": Control.of(RECORDS["break_organic"]),
        "weight_reactive": Control.of(RECORDS["weight_reactive"], high=20.0),
        "weight_organic": Control.of(RECORDS["weight_organic"], high=20.0),
        "fine": Control("Particles of 1-2 µm (% of mineral area)", 19.5, 2, 60, 0.5),
        "porosity": Control.of(RECORDS["porosity"], low=0.3, high=0.7),
    }

    def begin(fine: float, porosity: float, **changes: float) -> _Aggregating:
        start = _dispersed(shape, seed, fine, porosity).copy()
        return _Aggregating(start, resolve(_with_fine(fine) | {"porosity": porosity} | changes))

    return Live(
        controls,
        begin,
        _Aggregating.step,
        lambda soil: cell_types(soil.state),
        _say_structure,
        name="Step",
        last=steps,
        start=20,
        asks="structure",
        frames=range(0, 61, 4),
    )


def _with_fine(fine: float) -> dict[str, float]:
    """Return a texture with `fine` % of the finest class, and the others in proportion."""
    names = [name for name in RECORDS if name.startswith("share_")]
    others = sum(RECORDS[name].value for name in names[1:])
    rest = {name: RECORDS[name].value * (100 - fine) / others for name in names[1:]}
    return {names[0]: fine, **rest}


@functools.lru_cache(maxsize=4)
def _dispersed(shape: tuple[int, int], seed: int, fine: float, porosity: float) -> State:
    """Return the dispersed state, kept because weights and break-up do not change it."""
    return dispersed(shape, seed, _with_fine(fine) | {"porosity": porosity})


def _say_structure(soil: _Aggregating) -> str:
    shares = motion.exposed_shares(soil.state, soil.parameters)
    largest = 100 * _largest_pore(soil.state)
    return translated(
        "{moved:.0f} % of the mineral particles moved. Exposed share of POM "
        "{exposed_pom:.2f}, of necromass {exposed_nec:.2f}. The largest pore holds "
        "{largest:.0f} % of the pore space.",
        moved=100 * soil.moved,
        exposed_pom=shares["exposed_POM"],
        exposed_nec=shares["exposed_Nec"],
        largest=largest,
    )


def _labels(is_open: np.ndarray) -> np.ndarray:
    """Return the numbers of connected pores on the torus, 0 elsewhere, int32 array (ny, nx)."""
    label = np.empty(is_open.size, np.int32)
    owner = is_open.ravel().astype(np.int32)
    automaton.label_components(owner, *is_open.shape, True, np.empty_like(label), label)
    return label.reshape(is_open.shape)


def _largest_pore(state: State) -> float:
    """Return the share of the pore space that its largest pore has."""
    sizes = np.bincount(_labels(state.open).ravel())[1:]
    return float(sizes.max() / sizes.sum()) if sizes.size else 0.0


def aggregation(
    shape: tuple[int, int] = (SIDE, SIDE),
    seed: int = 0,
    parameters: str | Mapping = "default",
    steps: int = 150,
    most: int = films.MOST_FRAMES,
) -> tuple[list[np.ndarray], list[str]]:
    """Return maps of a soil that aggregates, with their labels, for a film.

    Parameters
    ----------
    shape, seed
        As in `structure`.
    parameters : str or mapping
        See `soilnb.pore.parameters.resolve`.
    steps : int
        Steps of motion.
    most : int
        How many maps at most; more of them show the first steps than the last.
    """
    state = dispersed(shape, seed, parameters)
    kept = sorted(set(np.round(steps * np.linspace(0, 1, most) ** 2).astype(int)))
    cells, labels = [cell_types(state)], ["step 0"]

    def keep(step: int) -> None:
        if step in kept:
            cells.append(cell_types(state))
            labels.append(f"step {step}")

    motion.aggregate(state, parameters, steps, report=keep)
    return cells, labels


def fractions(state: State, parameters: str | Mapping = "default") -> xr.Dataset:
    """Return the particle-size distribution of a state beside that of the parameters.

    Returns
    -------
    Dataset, [size_class]
        ``target`` and ``realised`` (% of the mineral area), ``particles``.
    """
    classes = size_classes(resolve(parameters))
    areas = np.bincount(state.solid.ravel(), minlength=state.size_class.size)[1:]
    rows = state.size_class[1:]
    area = np.bincount(rows, areas, len(classes))
    return xr.Dataset(
        {
            "target": ("size_class", [100 * c.share for c in classes], {"units": "%"}),
            "realised": ("size_class", 100 * area / area.sum(), {"units": "%"}),
            "particles": ("size_class", np.bincount(rows, minlength=len(classes))),
        },
        coords={"size_class": [c.label.removesuffix(" µm") for c in classes]},
        attrs={"ny": state.shape[0], "nx": state.shape[1]},
    )


# A run, live --------------------------------------------------------------------------------------


def live_run(
    shape: tuple[int, int] = (SIDE, SIDE),
    seed: int = 0,
    days: int = 120,
    initial_steps: int = 60,
) -> Live:
    """Watch structure, microbes and their carbon day by day, with a pulse on day 30.

    Parameters
    ----------
    shape, seed
        As in `structure`.
    days : int
        Number of the last day.
    initial_steps : int
        Steps of the initial aggregation.
    """
    controls = {
        "movement": Control("Particles move", "yes", choices=("yes", "no")),
        "mass": Control("Exudates on day 30 (mg C g⁻¹)", 0.77, 0, 8, 0.01),
        "cn": Control.of(RECORDS["cn_root"], high=120.0, step=1.0),
        "break_other": Control.of(RECORDS["break_other"]),
    }

    def begin(movement: str, mass: float, cn: float, break_other: float) -> Run:
        pulses = (Pulse(30, mass=mass, cn=cn),) if mass > 0 else ()
        chosen = Scenario("live", pulses=pulses, movement=movement == "yes")
        start = _aggregated(shape, seed, initial_steps, break_other)
        changes = {"break_other": break_other}
        return Run(chosen, days=days, initial=start, parameters=changes).begin()

    return Live(
        controls,
        begin,
        Run.step,
        lambda run: cell_types(run.state),
        _say_run,
        name="Day (d)",
        last=days,
        start=29,
        asks="live_run",
        frames=range(1, 62, 4),
    )


@functools.lru_cache(maxsize=4)
def _aggregated(shape: tuple[int, int], seed: int, steps: int, break_other: float) -> State:
    return aggregated(shape, seed, {"break_other": break_other}, steps, progress=False)


def _say_run(run: Run) -> str:
    now = {name: float(values[run.state.day]) for name, values in run.series.items()}
    efficiency = (
        ""
        if np.isnan(now["CUE"])
        else translated(" Carbon use efficiency {cue:.2f}.", cue=now["CUE"])
    )
    return translated(
        "biomass {c_b:.0f} µg C g⁻¹ in {biomass_cells:.0f} voxels, dissolved {c_s:.2f} mg"
        " C g⁻¹, respired so far {c_co2:.2f} mg C g⁻¹.{efficiency}",
        c_b=1000 * now["C_B"],
        biomass_cells=now["biomass_cells"],
        c_s=now["C_S"],
        c_co2=now["C_CO2"],
        efficiency=efficiency,
    )


# A run, recorded ----------------------------------------------------------------------------------


class _Recorded:
    """A run that was made before, stepped from one of its snapshots to the next."""

    def __init__(self, run: xr.Dataset) -> None:
        self.run, self.number = run, 0

    @property
    def day(self) -> float:
        return float(self.run["snapshot"].values[self.number])

    def step(self) -> None:
        self.number += 1

    def cells(self) -> np.ndarray:
        return self.run["cell"].isel(snapshot=self.number).values


def recorded(run: xr.Dataset) -> Live:
    """Play the snapshots of a run, and ask where its food is.

    Parameters
    ----------
    run : Dataset
        One run with the fields ``cell`` and ``c_s`` over ``snapshot``.
    """
    days = [float(day) for day in run["snapshot"].values]
    return Live(
        {},
        lambda: _Recorded(run),
        _Recorded.step,
        _Recorded.cells,
        _say_recorded,
        name="Picture",
        last=len(days) - 1,
        asks="recorded",
        frames=range(len(days)),
        labels=[translated("day {day:g}", day=day) for day in days],
    )


def _say_recorded(at: _Recorded) -> str:
    pores = pore_space(at.run, at.day)
    voxels, filled = pores["voxels"], pores["voxels"] * pores["availability"]
    lived = pores["kind"] != "empty"
    share = 100 * float(voxels.where(lived, 0).sum() / voxels.sum())
    here, there = (
        float(filled.where(some, 0).sum() / max(1, int(voxels.where(some, 0).sum())))
        for some in (lived, ~lived)
    )
    return translated(
        "microbes live in {share:.0f} % of the pore space. Availability of carbon there "
        "{here:.2f}, in the pores without microbes {there:.2f}.",
        share=share,
        here=here,
        there=there,
    )


# Transport ----------------------------------------------------------------------------------------

#: Structures of the explorer of transport: porosity, None for open water.
STRUCTURES = {"soil, porosity 0.41": 0.411, "denser, 0.32": 0.32, "looser, 0.60": 0.60}
STRUCTURES["open water"] = None

#: Diffusion coefficients, as multiples of the printed one.
COEFFICIENTS = {
    "1.94e-10 (as printed)": 1.0,
    "1.94e-11": 0.1,
    "1.94e-9": 10.0,
    "1.94e-6 (small molecules in water)": 1e4,
}


def transport(side: int = SIDE, seed: int = 0) -> Explorer:
    """Let what is dissolved in one voxel spread; ask where it gets, and where it cannot.

    Parameters
    ----------
    side : int
        Voxels down and across.
    seed : int
        Seed of the structure.
    """
    controls = {
        "structure": Control("Structure", next(iter(STRUCTURES)), choices=tuple(STRUCTURES)),
        "start": Control(
            "Begins in", "the largest pore", choices=("the largest pore", "a small pore")
        ),
        "coefficient": Control(
            "Diffusion (cm² s⁻¹)", next(iter(COEFFICIENTS)), choices=tuple(COEFFICIENTS)
        ),
        "hours": Control("Time (h)", 24.0, 1, 96, 1),
    }

    def compute(**values) -> xr.Dataset:
        return point_source(**values, side=side, seed=seed)

    return Explorer(
        controls, compute, figures.spreading, _say_spreading, asks="transport", plays="hours"
    )


def point_source(
    structure: str = "open water",
    start: str = "the largest pore",
    coefficient: str = "1.94e-10 (as printed)",
    hours: float = 24,
    side: int = SIDE,
    seed: int = 0,
) -> xr.Dataset:
    """Let what is dissolved in one voxel diffuse by hourly steps.

    Parameters
    ----------
    structure : str
        A key of `STRUCTURES`.
    start : {"the largest pore", "a small pore"}
        Where it begins: amid the largest pore, or in one of a few dozen voxels.
    coefficient : str
        A key of `COEFFICIENTS`.
    hours : float
        How long it diffuses.
    side, seed
        As in `transport`.

    Returns
    -------
    Dataset, [y, x] and [hour]
        ``share`` of the solute in each voxel, ``cell``, ``reach`` (whether the voxel is connected
        with the start); ``distance`` and ``theory`` (µm) over ``hour``.
    """
    cell = _cells(structure, side, seed)
    is_open = np.isin(cell, [CELLS["pore"], CELLS["biomass"]])
    pores = _labels(is_open)
    y, x = _start(pores, start)
    p = resolve("default")
    diffusivity = COEFFICIENTS[coefficient] * p["diffusion"]
    fourier = diffusion.fourier_number(diffusivity, _HOUR, VOXEL * 1e-4)
    factor = diffusion.factorize(is_open, fourier)
    share, second = np.zeros(cell.shape), np.zeros(cell.shape)
    share[y, x] = 1.0
    squared = _squared_distance(cell.shape, y, x)
    distance = [0.0]
    for _ in range(round(hours)):
        diffusion.diffuse(share, second, factor, fourier)
        distance.append(float(np.sqrt((share * squared).sum())))
    hour = np.arange(len(distance))
    return xr.Dataset(
        {
            "share": (("y", "x"), share),
            "cell": (("y", "x"), cell),
            "reach": (("y", "x"), pores == pores[y, x]),
            "distance": ("hour", distance, {"units": "µm"}),
            "theory": ("hour", 1e4 * np.sqrt(4 * diffusivity * hour * _HOUR), {"units": "µm"}),
        },
        coords={"hour": ("hour", hour, {"units": "h"})},
        attrs={
            "structure": structure,
            "start": start,
            "seed": seed,
            "open": int(is_open.sum()),
        },
    )


@functools.lru_cache(maxsize=4)
def _cells(structure: str, side: int, seed: int) -> np.ndarray:
    """Return the types of voxels of a structure; aggregated for a while, without chemistry."""
    porosity = STRUCTURES[structure]
    if porosity is None:
        return np.full((side, side), CELLS["pore"], np.int8)
    changes = {"porosity": porosity}
    state = dispersed((side, side), seed, changes)
    return cell_types(motion.aggregate(state, changes, 40))


def _start(pores: np.ndarray, start: str) -> tuple[int, int]:
    """Return the voxel where the solute begins: the innermost one of the chosen pore."""
    sizes = np.bincount(pores.ravel())
    sizes[0] = 0
    if start == "a small pore":
        small = np.flatnonzero((sizes >= 8) & (sizes <= 60))
        chosen = small[np.argmax(sizes[small])] if small.size else int(np.argmax(sizes))
    else:
        chosen = int(np.argmax(sizes))
    inside = pores == chosen
    if inside.all():
        return tuple(side // 2 for side in pores.shape)
    ny, nx = pores.shape
    # three by three, because the domain is a torus
    depth = ndimage.distance_transform_edt(np.tile(inside, (3, 3)))[ny : 2 * ny, nx : 2 * nx]
    y, x = np.unravel_index(np.argmax(depth), depth.shape)
    return int(y), int(x)


def _squared_distance(shape: tuple[int, int], y: int, x: int) -> np.ndarray:
    """Return the squared distance of every voxel from one, the short way round, in µm2."""
    away = [
        np.minimum(np.abs(np.arange(n) - at), n - np.abs(np.arange(n) - at))
        for n, at in zip(shape, (y, x), strict=True)
    ]
    return VOXEL**2 * np.add.outer(away[0] ** 2, away[1] ** 2).astype(float)


def _say_spreading(point: xr.Dataset) -> str:
    within = 100 * float(point["reach"].sum()) / point.attrs["open"]
    hours = float(point["hour"][-1])
    return translated(
        "After {hours:.0f} h the solute is {distance:.0f} µm from where it began (free "
        "water: {theory:.0f} µm, if there were no walls and no end). Its pore holds "
        "{within:.1f} % of the pore space; it never gets into the rest.",
        hours=hours,
        distance=float(point["distance"][-1]),
        theory=float(point["theory"][-1]),
        within=within,
    )


def pore_space(data: xr.Dataset, day: float) -> xr.Dataset:
    """Return which pores of a snapshot are connected with microbes, and what is available there.

    Parameters
    ----------
    data : Dataset
        Run with the fields ``cell`` and ``c_s`` of `day`.
    day : float
        Which snapshot.

    Returns
    -------
    Dataset, [y, x] and [pore]
        ``kind_map`` (position in `soilnb.figures.pore.PORE_KINDS`, -1 where no pore is) and
        ``cell``; of each pore ``voxels``, ``availability`` (mean over its voxels) and ``kind``:
        ``empty`` without microbes, else ``large`` from a twentieth of the pore space on, else
        ``isolated``.
    """
    run = series.run_of(data)
    fields = series.snapshot(run, day)
    cell = fields["cell"].values
    pores = _labels(np.isin(cell, [CELLS["pore"], CELLS["biomass"]]))
    half_saturation = series.about(run, "parameters")["half_saturation"]
    available = availability(fields["c_s"].values, half_saturation)
    voxels = np.bincount(pores.ravel())[1:]
    living = np.bincount(pores.ravel(), (cell == CELLS["biomass"]).ravel(), voxels.size + 1)[1:]
    mean = np.bincount(pores.ravel(), available.ravel(), voxels.size + 1)[1:] / voxels
    kind = np.where(
        living == 0, "empty", np.where(voxels >= 0.05 * voxels.sum(), "large", "isolated")
    )
    position = [list(figures.PORE_KINDS).index(name) for name in kind]
    return xr.Dataset(
        {
            "kind_map": (("y", "x"), np.array([-1, *position])[pores]),
            "cell": (("y", "x"), cell),
            "voxels": ("pore", voxels),
            "availability": ("pore", mean, {"units": "1"}),
            "kind": ("pore", kind),
        },
        attrs=run.attrs
        | {"seed": int(fields["seed"]) if "seed" in fields.coords else run.attrs.get("seed")},
    )


# Scenarios ----------------------------------------------------------------------------------------


def scenarios(runs: series.Runs, beside: str = "reference") -> Explorer:
    """Look into runs that have been made before: any scenario beside the reference.

    Parameters
    ----------
    runs : mapping of str to Dataset, or Dataset [scenario, time]
        As from `soilnb.pore.simulate_ensemble`; each may have the dimension ``seed``.
    beside : str
        The scenario that all others are compared with.
    """
    names = [str(n) for n in (runs["scenario"].values if isinstance(runs, xr.Dataset) else runs)]
    words = {series.NAMES.get(name, name): name for name in names}
    last = float(series.run_of(runs, beside)["time"].values[-1])
    first = next((word for word, name in words.items() if name != beside), next(iter(words)))
    controls = {
        "scenario": Control("Scenario", first, choices=tuple(words)),
        "show": Control("Show", "carbon pools", choices=tuple(figures.SHOWN), zooms=True),
        "day": Control("Day (d)", min(200.0, last), 0, last, 1),
    }

    def compute(scenario: str, show: str, day: float) -> xr.Dataset:
        pair = [words[scenario], beside]
        some = [series.run_of(runs, name).drop_dims("snapshot", errors="ignore") for name in pair]
        both = xr.concat(
            [run.drop_vars("scenario", errors="ignore") for run in some],
            xr.DataArray(pair, dims="run", name="run"),
            data_vars="all",
            coords="minimal",
            compat="override",
            join="inner",
            combine_attrs="override",
        )
        pulses = json.dumps(series.about(some[0], "pulses"))
        parameters = json.dumps(series.about(some[0], "parameters"))
        return both.assign_attrs(show=show, day=day, pulses=pulses, parameters=parameters)

    return Explorer(
        controls, compute, figures.scenario, _say_scenario, asks="scenarios", plays="day"
    )


def _say_scenario(chosen: xr.Dataset) -> str:
    names, factor, label, _ = figures.SHOWN[chosen.attrs["show"]]
    day = chosen.attrs["day"]
    unit = label[label.rindex("(") + 1 : -1]
    unit = "" if unit == "1" else f" {unit.removesuffix(' dry soil')}"
    here, there = (chosen.isel(run=run).sel(time=[day]) for run in (0, 1))
    parts = []
    for name in names:
        values = [factor * float(series.mean(run, name)[0]) for run in (here, there)]
        word = series.LOOKS[name].label.split(" $")[0]
        word = translated("efficiency" if name == "CUE" else word)
        parts.append(
            translated(
                "{word} {values:.3g}{unit} (beside it {values_2:.3g})",
                word=word,
                values=values[0],
                unit=unit,
                values_2=values[1],
            )
        )
    named = [translated(series.NAMES.get(str(run), str(run))) for run in chosen["run"].values]
    return translated(
        "Day {day:.0f}, {named} beside {named_2}: {parts}.",
        day=day,
        named=named[0],
        named_2=named[1],
        parts=", ".join(parts),
    )
