"""Many profiles: side by side on the cores or through Dask, with files to resume from.

A profile is one task. Its random numbers follow from the seed and its name, so the result depends
neither on the order, nor on the number of processes, nor on whether the run was interrupted. With
a folder every finished profile is kept in a file of its own, under a key of everything that decides
the result (data, forcing, settings, sources of the kernels); only a file with the right key is read
again.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from soilnb import __version__
from soilnb.kernels import metropolis as kernel
from soilnb.parameters import InputError, check_range
from soilnb.proda import posterior
from soilnb.proda.chains import Profile, SamplingError, Settings, sample

__all__ = ["Outcome", "run_all", "run_batch"]

#: What one task returns: its numbers (None where it was refused), and the reason (else empty).
Outcome = tuple[dict[str, np.ndarray] | None, str]


def run_batch(
    tasks: Sequence[Profile | str],
    labels: Sequence[str],
    settings: Settings,
    *,
    jobs: int | None = None,
    client: Any = None,
    folder: str | os.PathLike | None = None,
    progress: bool = True,
    work: Callable[[Profile, Settings], dict[str, np.ndarray]] | None = None,
) -> list[Outcome]:
    """Sample many profiles; return an outcome for each, in their order.

    Parameters
    ----------
    tasks : sequence of Profile or str
        A profile, or the reason why it is refused.
    labels : sequence of str
        Their names.
    settings : Settings
        Of all of them.
    jobs, client, folder, progress
        As in `soilnb.proda.assimilate`.
    work : callable, optional
        What is done with a profile; by default it is sampled and summed up as by
        `soilnb.proda.posterior.row`. A function of a module, for it travels to other processes.

    Raises
    ------
    InputError
        For a folder that cannot be written, or a client that is none.
    RuntimeError
        When a worker process dies.
    KeyboardInterrupt
        When interrupted; the message says how far it came.
    """
    work = work or numbers
    found: dict[int, Outcome] = {k: (None, task) for k, task in enumerate(tasks) if _refused(task)}
    store = None if folder is None else _Store(folder, settings, work)
    for k, task in enumerate(tasks):
        kept = None if store is None or k in found else store.read(task)
        if kept is not None:
            found[k] = kept
    todo = {k: (task, settings, work) for k, task in enumerate(tasks) if k not in found}
    with tqdm(
        total=len(tasks), initial=len(tasks) - len(todo), unit="profile", delay=2, leave=False,
        disable=not progress,
    ) as bar:  # fmt: skip
        for k, (_, reason) in found.items():
            _tell(labels[k], reason, progress)
        try:
            for k, outcome in run_all(_attempt, todo, jobs, client):
                found[k] = outcome
                if store is not None:
                    store.write(tasks[k], outcome)
                _tell(labels[k], outcome[1], progress)
                bar.update()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_how_far(found, tasks, folder)) from None
        except BrokenProcessPool:
            far = _how_far(found, tasks, folder)
            raise RuntimeError(f"a worker process died; {far}") from None
    return [found[k] for k in range(len(tasks))]


def numbers(profile: Profile, settings: Settings) -> dict[str, np.ndarray]:
    """Sample a profile and return its numbers."""
    return posterior.row(sample(profile, settings))


def _attempt(profile: Profile, settings: Settings, work: Callable) -> Outcome:
    """Do the work; a profile that cannot be sampled gives the reason instead of an error."""
    try:
        return work(profile, settings), ""
    except (InputError, SamplingError, np.linalg.LinAlgError, ArithmeticError) as error:
        return None, str(error)


def _refused(task: object) -> bool:
    return isinstance(task, str)


def _tell(label: str, reason: str, progress: bool) -> None:
    if reason and progress:
        tqdm.write(f"profile {label!r} is refused: {reason}", file=sys.stderr)


def _how_far(found: Mapping, tasks: Sequence, folder: object) -> str:
    note = f"interrupted after {len(found)} of {len(tasks)} profiles"
    if folder is None:
        return f"{note}; nothing is kept without folder="
    return f"{note}; the same call goes on from there"


# ---------------------------------------------------------------------------------- processes


def run_all(
    function: Callable, todo: Mapping[int, tuple], jobs: int | None, client: Any
) -> Iterator[tuple[int, Any]]:
    """Call ``function(*arguments)`` for each of `todo`; yield key and result as they come.

    Parameters
    ----------
    function : callable
        Of a module, for it travels to other processes.
    todo : mapping
        Key to arguments.
    jobs : int or None
        Processes; by default the number of cores, at most one for each task. 1 runs here.
    client : dask.distributed.Client or None
        Runs on its workers instead.
    """
    if client is not None:
        yield from _on_cluster(function, todo, client)
        return
    jobs = os.cpu_count() or 1 if jobs is None else round(check_range("jobs", jobs, 1, 4096))
    if min(jobs, len(todo)) <= 1:
        for key, arguments in todo.items():
            yield key, function(*arguments)
        return
    # fresh processes, because a fork of a notebook's kernel with its threads may hang
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(todo)), mp_context=context, initializer=_one_thread)
    try:
        futures = {pool.submit(function, *arguments): key for key, arguments in todo.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _one_thread() -> None:
    import numba

    numba.set_num_threads(1)


def _on_cluster(
    function: Callable, todo: Mapping[int, tuple], client: Any
) -> Iterator[tuple[int, Any]]:
    if not hasattr(client, "submit"):
        raise InputError(f"client = {client!r}: allowed a dask.distributed.Client")
    futures = {
        key: client.submit(function, *arguments, pure=False) for key, arguments in todo.items()
    }
    try:
        for key, future in futures.items():
            yield key, future.result()
    finally:
        client.cancel(list(futures.values()))


# -------------------------------------------------------------------------------------- files


class _Store:
    """Finished profiles in a folder, one file each."""

    def __init__(self, folder: str | os.PathLike, settings: Settings, work: Callable) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"folder {folder} cannot be made: {error.strerror}") from None
        about = [asdict(settings), work.__qualname__, __version__, kernel.DIGEST]
        self.common = json.dumps(about, sort_keys=True).encode()

    def _file(self, profile: Profile) -> Path:
        return self.folder / f"{hashlib.sha256(profile.label.encode()).hexdigest()[:24]}.npz"

    def _key(self, profile: Profile) -> str:
        key = hashlib.sha256(self.common + profile.label.encode())
        for values in (profile.depth, profile.carbon, profile.error, *profile.column):
            key.update(b"none" if values is None else np.ascontiguousarray(values).tobytes())
        return key.hexdigest()

    def read(self, profile: Profile) -> Outcome | None:
        """Return what is kept of a profile, or None."""
        try:
            with self._file(profile).open("rb") as file:
                kept = dict(np.load(file, allow_pickle=False))
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            return None
        if str(kept.pop("key", "")) != self._key(profile):
            return None
        reason = str(kept.pop("reason"))
        return (None, reason) if reason else (kept, "")

    def write(self, profile: Profile, outcome: Outcome) -> None:
        """Keep an outcome; the file appears when it is complete."""
        path = self._file(profile)
        draft = path.with_name(f"{path.stem}.{os.getpid()}.part")
        with draft.open("wb") as file:
            np.savez(file, key=self._key(profile), reason=outcome[1], **(outcome[0] or {}))
        draft.replace(path)
