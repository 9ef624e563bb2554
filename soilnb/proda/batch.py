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
import warnings
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from soilnb import __version__
from soilnb.kernels import metropolis as kernel
from soilnb.kernels.compiler import digest
from soilnb.parameters import InputError, check_range
from soilnb.proda import posterior
from soilnb.proda.chains import Profile, SamplingError, Settings, sample

#: What one task returns: its numbers (None where it was refused), and the reason (else empty).
Outcome = tuple[dict[str, np.ndarray] | None, str]

#: Tasks that wait at a cluster for each of its threads, so that none idles and few are in memory.
AHEAD = 4


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
    if store is not None and store.others and progress:
        print(
            f"note: {store.others} profiles in {store.folder.name} are of other data or settings, "
            "or incomplete: run again",
            file=sys.stderr,
        )
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
        except BrokenProcessPool as error:
            raise RuntimeError(f"{error}; {_how_far(found, tasks, folder)}") from None
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
        Runs on its workers instead. A task whose worker is lost goes to another one.

    Raises
    ------
    BrokenProcessPool
        When a worker process dies; a script whose workers die at once is told how to call this.
    """
    if client is not None:
        yield from on_cluster(function, todo.items(), client)
        return
    jobs = os.cpu_count() or 1 if jobs is None else round(check_range("jobs", jobs, 1, 4096))
    if min(jobs, len(todo)) <= 1:
        for key, arguments in todo.items():
            yield key, function(*arguments)
        return
    # fresh processes, because a fork of a notebook's kernel with its threads may hang
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(todo)), mp_context=context, initializer=_one_thread)
    begun = False
    try:
        futures = {pool.submit(function, *arguments): key for key, arguments in todo.items()}
        for future in as_completed(futures):
            result, begun = future.result(), True
            yield futures[future], result
    except BrokenProcessPool:
        hint = "" if begun else _of_a_script()
        raise BrokenProcessPool(f"a worker process died{hint}") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _of_a_script() -> str:
    """Return what a script must do, for each worker process reads it again from the top."""
    if getattr(sys.modules.get("__main__"), "__file__", None) is None:
        return ""
    return ' (a script calls this below a line if __name__ == "__main__": or with jobs=1)'


def _one_thread() -> None:
    import numba

    numba.set_num_threads(1)


def on_cluster(
    function: Callable, calls: Iterable[tuple[int, tuple]], client: Any
) -> Iterator[tuple[int, Any]]:
    """Call a function on the workers of a cluster; yield key and result in the order of the calls.

    Parameters
    ----------
    function : callable
        Of a module, for it travels to other processes.
    calls : iterable of (int, tuple)
        Key and arguments; taken as workers get free, so that few are in memory.
    client : dask.distributed.Client
        A task whose worker is lost goes to another one.

    Raises
    ------
    InputError
        For a client that is none.
    """
    if not hasattr(client, "submit"):
        raise InputError(f"client = {client!r}: allowed a dask.distributed.Client")
    waiting: deque = deque()
    try:
        for key, arguments in calls:
            waiting.append((key, _submit(client, function, arguments)))
            if len(waiting) > AHEAD * max(1, sum(client.nthreads().values())):
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        client.cancel([future for _, future in waiting])


def _first(waiting: deque) -> tuple[int, Any]:
    """Return what comes first, when it is done; an interrupted wait leaves it to be cancelled."""
    key, future = waiting[0]
    result = future.result()
    waiting.popleft()
    return key, result


def _submit(client: Any, function: Callable, arguments: tuple) -> Any:
    """Send a task with its data, which a worker that is lost takes with it, but not the task's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        return client.submit(function, *arguments, pure=False)


# -------------------------------------------------------------------------------------- files


class _Store:
    """Finished profiles in a folder, one file each.

    Attributes
    ----------
    others : int
        Files met so far that belong to other data or settings, or cannot be read.
    """

    def __init__(self, folder: str | os.PathLike, settings: Settings, work: Callable) -> None:
        self.folder = Path(folder)
        self.others = 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"folder {folder} cannot be made: {error.strerror}") from None
        about = [asdict(settings), work.__qualname__, __version__]
        about.append(digest(Path(kernel.__file__)).hex())
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
        path = self._file(profile)
        if not path.exists():
            return None
        try:
            with path.open("rb") as file:
                kept = dict(np.load(file, allow_pickle=False))
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            kept = {}
        if str(kept.pop("key", "")) != self._key(profile):
            self.others += 1
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
