"""Ensembles: seeds times scenarios, side by side on the cores or through Dask."""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from soilnb.parameters import InputError, check_range
from soilnb.pore.parameters import CHEMISTRY
from soilnb.pore.scenarios import Scenario, get_scenario
from soilnb.pore.simulate import Run, aggregated, simulate
from soilnb.pore.state import State

__all__ = ["simulate_ensemble"]

#: Attributes that differ between the runs of an ensemble.
_OF_A_RUN = ("scenario", "description", "pulses", "movement", "seed", "parameters", "notes")


def simulate_ensemble(
    scenarios: str | os.PathLike | Scenario | Iterable[str | os.PathLike | Scenario] = "reference",
    seeds: int | Iterable[int] = (0, 1, 2),
    *,
    jobs: int | None = None,
    client: Any = None,
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
        Runs on its workers instead of on processes of this machine.
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
    """
    if isinstance(scenarios, (str, os.PathLike, Scenario)):
        scenarios = [scenarios]
    chosen = [get_scenario(scenario) for scenario in scenarios]
    numbers = [seeds] if isinstance(seeds, (int, np.integer)) else list(seeds)
    _check(chosen, numbers, options)
    tasks = [(scenario, int(seed)) for seed in numbers for scenario in chosen]
    one = functools.partial(_one, options=options)
    with tqdm(total=len(tasks), unit="run", delay=2, leave=False, disable=not progress) as bar:
        runs = _run_all(one, tasks, _count(jobs, len(tasks)), client, bar)
    rows = [
        xr.concat([runs[scenario.name, int(seed)] for seed in numbers], "seed")
        for scenario in chosen
    ]
    return _joined(rows, chosen, numbers)


def _check(chosen: Sequence[Scenario], seeds: Sequence[int], options: Mapping) -> None:
    """Refuse what cannot be run, before anything runs."""
    for what, items in (("scenarios", [s.name for s in chosen]), ("seeds", list(seeds))):
        if not items:
            raise InputError(f"{what} = []: allowed at least one")
        if len(set(items)) < len(items):
            raise InputError(f"{what} = {items}: allowed each only once")
    for name in ("checkpoint", "checkpoint_every", "resume", "output", "seed"):
        if name in options:
            raise InputError(f"{name} = {options[name]!r}: allowed in a single run (simulate)")
    shapes = {scenario.shape for scenario in chosen}
    if options.get("snapshots") and options.get("shape") is None and len(shapes) > 1:
        raise InputError(f"shapes {shapes} of the scenarios: allowed one shape with snapshots")
    for scenario in chosen:
        for seed in seeds:
            Run(scenario, seed=seed, **options)


def _count(jobs: int | None, tasks: int) -> int:
    if jobs is None:
        jobs = os.cpu_count() or 1
    return min(round(check_range("jobs", jobs, 1, 4096)), tasks)


def _run_all(one, tasks, jobs, client, bar) -> dict[tuple[str, int], xr.Dataset]:
    """Return the Dataset of every task, by the name of its scenario and its seed."""
    if client is not None:
        if not hasattr(client, "submit"):
            raise InputError(f"client = {client!r}: allowed a dask.distributed.Client")
        futures = [client.submit(one, *task, pure=False) for task in tasks]
        runs = {}
        for task, future in zip(tasks, futures, strict=True):
            runs[task[0].name, task[1]] = future.result()
            bar.update()
        return runs
    if jobs == 1:
        runs = {}
        for task in tasks:
            runs[task[0].name, task[1]] = one(*task)
            bar.update()
        return runs
    # fresh processes, because a fork of a notebook's kernel with its threads may hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        futures: dict[Future, tuple[Scenario, int]] = {
            pool.submit(one, *task): task for task in tasks
        }
        try:
            runs = {}
            for future in as_completed(futures):
                scenario, seed = futures[future]
                runs[scenario.name, seed] = future.result()
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return runs


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
    return aggregated(tuple(shape), seed, parameters, initial_steps)


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
