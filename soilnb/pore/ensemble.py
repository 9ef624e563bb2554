"""Ensembles: seeds times scenarios, side by side on the cores or through Dask."""

import functools
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from soilnb import jobs as work
from soilnb.parameters import InputError, shown
from soilnb.pore.parameters import CHEMISTRY
from soilnb.pore.run_file import RunFile
from soilnb.pore.scenarios import Scenario, get_scenario
from soilnb.pore.simulate import Run, aggregated, simulate
from soilnb.pore.state import State

#: Attributes that differ between the runs of an ensemble.
_OF_A_RUN = ("scenario", "description", "pulses", "movement", "seed", "parameters", "notes")


def simulate_ensemble(
    scenarios: str | os.PathLike | Scenario | Iterable[str | os.PathLike | Scenario] = "reference",
    seeds: int | Iterable[int] = (0, 1, 2),
    *,
    jobs: int | None = None,
    client: Any = None,
    folder: str | os.PathLike | None = None,
    progress: bool = True,
    **options: Any,
) -> xr.Dataset:
    """Simulate several scenarios with several seeds.

    Each run is the one that `simulate` gives with the same arguments, bit for bit. Runs with the
    same seed begin with the same structure, which is made once per process.

    Parameters
    ----------
    scenarios : one or several of str, path and Scenario
        As in `simulate`; their names must differ.
    seeds : int or iterable of int
        Seeds; a single number is one seed.
    jobs : int, optional
        Processes; default is the number of cores, at most one per run. 1 runs here.
    client : dask.distributed.Client, optional
        Runs on its workers instead of on processes of this machine. They need soilnb, too, with
        ``pip install "soilnb[cluster]"``. A run whose worker is lost goes to another one.
    folder : path, optional
        Folder in which each run is kept as soon as it is done, one file each, written by this
        process. A later call reads what is there and makes what is missing, so an ensemble that
        was cut off goes on. A kept run serves all who ask for as many days or fewer, and for some
        of its snapshots; when more is asked for, it is made again with both. A file that cannot
        be read, or that other sources have made (attribute ``code``), is replaced, and one line
        on stderr says so.
    progress : bool
        Whether a bar over the runs appears when it takes longer than two seconds.
    **options
        Everything else that `simulate` takes, for all runs: ``days``, ``shape``, ``preset``,
        ``parameters``, ``snapshots``, ``initial_steps``, ``movement``, ``initial``.

    Returns
    -------
    Dataset
        As of `simulate`, with the dimensions ``scenario`` and ``seed`` in front.

    Raises
    ------
    InputError
        As `simulate`; nothing is run when any of the arguments is wrong.

    Warns
    -----
    KeepWarning
        When a run cannot be written (a full disk); it is in the result all the same.

    Examples
    --------
    >>> few = {"days": 2, "shape": (64, 64), "initial_steps": 5}
    >>> runs = simulate_ensemble(["cn10", "cn100"], seeds=(0, 1), jobs=1, progress=False, **few)
    >>> dict(runs.sizes)
    {'scenario': 2, 'seed': 2, 'time': 3}
    """
    if isinstance(scenarios, (str, os.PathLike, Scenario)):
        scenarios = [scenarios]
    chosen = [get_scenario(scenario) for scenario in scenarios]
    numbers = [seeds] if isinstance(seeds, (int, np.integer)) else list(seeds)
    _check(chosen, numbers, options, client)
    tasks = {(one.name, int(seed)): (one, int(seed)) for seed in numbers for one in chosen}
    files, found = ({}, {}) if folder is None else _kept(folder, tasks, options)
    runs = work.complete(
        _one,
        {
            key: (*task, options | (files[key].wanted if files else {}))
            for key, task in tasks.items()
        },
        found, unit="run", on_result=_writer(files) if files else None,
        jobs=work.count(jobs), client=client, progress=progress,
    )  # fmt: skip
    rows = [xr.concat([runs[one.name, int(seed)] for seed in numbers], "seed") for one in chosen]
    return _joined(rows, chosen, numbers)


def _check(chosen: Sequence[Scenario], seeds: Sequence[int], options: Mapping, client: Any) -> None:
    """Refuse what cannot be run, before anything runs."""
    work.check_client(client)
    for what, items in (("scenarios", [s.name for s in chosen]), ("seeds", list(seeds))):
        if not items:
            raise InputError(f"{what} = []: allowed at least one")
        if len(set(items)) < len(items):
            raise InputError(f"{what} = {items}: allowed each only once")
    for name in ("checkpoint", "checkpoint_every", "resume", "output", "seed"):
        if name in options:
            raise InputError(f"{name} = {shown(options[name])}: allowed in a single run (simulate)")
    shapes = {scenario.shape for scenario in chosen}
    if options.get("snapshots") and options.get("shape") is None and len(shapes) > 1:
        raise InputError(f"shapes {shapes} of the scenarios: allowed one shape with snapshots")
    for scenario in chosen:
        for seed in seeds:
            Run(scenario, seed=seed, **options)


def _kept(folder: str | os.PathLike, tasks: Mapping, options: Mapping) -> tuple[dict, dict]:
    """Return the file of every run, and the runs that are kept, both by scenario and seed."""
    store = work.Store(folder)
    files = {
        key: RunFile(store, Run(scenario, seed=seed, **options))
        for key, (scenario, seed) in tasks.items()
    }
    found = {key: data for key, file in files.items() if (data := file.read()) is not None}
    if len(found) < len(tasks):
        store.prepare()
    return files, found


def _writer(files: Mapping[tuple[str, int], RunFile]) -> Callable:
    """Return what keeps a run and gives the part of it that is asked for."""

    def write(key: tuple[str, int], data: xr.Dataset) -> xr.Dataset:
        files[key].write(data)
        return files[key].cut(data)

    return write


def _one(scenario: Scenario, seed: int, options: Mapping) -> xr.Dataset:
    """Simulate one scenario with one seed."""
    options = dict(options)
    if options.get("initial") is None:
        run = Run(scenario, seed=seed, **options)
        options["initial"] = _structure(_structure_key(run))
        options["shape"] = run.shape
    return simulate(scenario, seed=seed, progress=False, **options).load()


def _structure_key(run: Run) -> str:
    """Return what the aggregated state depends on; the rates of the chemistry do not enter."""
    start = {name: value for name, value in run.parameters.items() if name not in CHEMISTRY}
    return json.dumps([run.shape, run.seed, run.initial_steps, {**start, **run.parameters.options}])


@functools.lru_cache(maxsize=1)
def _structure(key: str) -> State:
    """Return the aggregated state of the runs of one seed."""
    shape, seed, initial_steps, parameters = json.loads(key)
    return aggregated(tuple(shape), seed, parameters, initial_steps, progress=False)


def _joined(
    rows: Sequence[xr.Dataset], chosen: Sequence[Scenario], seeds: Sequence[int]
) -> xr.Dataset:
    names = [scenario.name for scenario in chosen]
    data = xr.concat(rows, "scenario", combine_attrs="drop_conflicts").assign_coords(
        scenario=("scenario", names, {"long_name": "scenario"}),
        seed=("seed", list(seeds), {"long_name": "seed of everything random"}),
    )
    attributes = {name: value for name, value in data.attrs.items() if name not in _OF_A_RUN}
    data.attrs = attributes | {
        name: json.dumps({row: item.attrs[name] for row, item in zip(names, rows, strict=True)})
        for name in ("description", "pulses", "movement", "parameters")
    }
    return data
