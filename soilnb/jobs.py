"""Work in many pieces: side by side, kept as it is finished, and never written by half.

One map
    `run_all` calls a function for many tasks, here, in processes or on the workers of a Dask
    cluster; `complete` does so with a bar, and says how far it came when it is interrupted.
One store
    `Store` is a folder with one file for each finished task, so that the same call goes on later.
One way to write
    `writing` gives a hidden file beside its place, which takes that place when it is complete;
    what a killed process has left of these goes with the next write to the same place. `claim`
    holds a place for a whole run, so that two runs never write to one.
"""

import ast
import contextlib
import errno
import functools
import glob
import hashlib
import json
import multiprocessing
import multiprocessing.connection
import os
import platform
import re
import shutil
import sys
import threading
import time
import tomllib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import psutil
from tqdm import tqdm

from soilnb.parameters import InputError, check_range, shown

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed: that will do as well
    fcntl = None

#: Tasks that wait at a cluster for each of its threads, so that none idles and few are in memory.
AHEAD = 4

#: What another machine has begun to write counts as left behind after this time, in seconds.
STALE = 24 * 3600


#: A disk with fewer bytes than this left counts as full, when something could not be written.
FULL = 1_000_000


class KeepWarning(RuntimeWarning):
    """A finished task could not be kept on disk; it is in the result all the same."""


# ------------------------------------------------------------------------------------- threads


def side_by_side(
    run: Callable[[slice], None], size: int, each: int, threads: int | None = None
) -> None:
    """Run parts of many cases in threads: kernels without the interpreter's lock.

    Numba's parallel loops would do the same, but take two to four times as long to compile, and
    not every threading layer of them may be entered by two threads at once.

    Parameters
    ----------
    run : callable
        Does the cases of a slice, without the interpreter's lock for the most part.
    size : int
        Number of cases.
    each : int
        Cases that make a thread worth its start: a millisecond of work.
    threads : int, optional
        By default as many as numba may use.
    """
    import numba  # here, because the command line needs the rest of this module and starts at once

    threads = min(threads or numba.get_num_threads(), max(1, size // each))
    if threads == 1:
        run(slice(0, size))
        return
    edges = np.linspace(0, size, threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, map(slice, edges[:-1], edges[1:])))


# ------------------------------------------------------------------------------------- one map


def complete(
    function: Callable,
    tasks: Mapping[Any, tuple],
    found: Mapping[Any, Any] | None = None,
    *,
    unit: str,
    on_result: Callable[[Any, Any], Any] | None = None,
    tell: Callable[[Any, Any], None] = lambda key, result: None,
    jobs: int | None = None,
    client: Any = None,
    progress: bool = True,
) -> dict[Any, Any]:
    """Call ``function(*arguments)`` for each task that is not found yet; return all results.

    Parameters
    ----------
    function, jobs, client
        As in `run_all`.
    tasks : mapping
        Key to arguments.
    found : mapping, optional
        Results that are there already.
    unit : str
        What a task is called.
    on_result : callable, optional
        Called with key and result as soon as there is one; what it returns is the result.
    tell : callable
        Called with key and result, also of those found.
    progress : bool
        Whether a bar over the tasks appears when it takes longer than two seconds.

    Raises
    ------
    RuntimeError
        When a worker process dies.
    KeyboardInterrupt
        When interrupted. Both say how far it came, and what is kept.
    """
    results = dict(found or {})
    todo = {key: arguments for key, arguments in tasks.items() if key not in results}
    total = len(results) + len(todo)
    with tqdm(
        total=total, initial=len(results), unit=unit, delay=2, leave=False, disable=not progress
    ) as bar:
        for key, result in results.items():
            tell(key, result)
        try:
            for key, result in run_all(function, todo, jobs, client):
                results[key] = result if on_result is None else on_result(key, result)
                tell(key, result)
                bar.update()
        except (KeyboardInterrupt, BrokenProcessPool) as error:
            far = f"interrupted after {len(results)} of {total} {unit}s"
            on, lost = "the same call goes on from there", "nothing is kept without folder="
            far += f"; {lost if on_result is None else on}"
            if isinstance(error, KeyboardInterrupt):
                raise KeyboardInterrupt(far) from None
            raise RuntimeError(f"{error}; {far}") from None
    return results


def run_all(
    function: Callable, todo: Mapping[Any, tuple], jobs: int | None = None, client: Any = None
) -> Iterator[tuple[Any, Any]]:
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
    InputError
        For a number of processes that is not allowed, or a client that is none.
    BrokenProcessPool
        When a worker process dies; a script whose workers die at once is told how to call this.
    """
    if client is not None:
        yield from on_cluster(function, todo.items(), client, ordered=False)
        return
    jobs = count(jobs)
    if min(jobs, len(todo)) <= 1:
        for key, arguments in todo.items():
            yield key, function(*arguments)
        return
    # fresh processes, because a fork of a notebook's kernel with its threads may hang
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(todo)), mp_context=context, initializer=_begin)
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


def count(jobs: int | None) -> int:
    """Return a number of processes: the number of cores where none is asked for."""
    return os.cpu_count() or 1 if jobs is None else round(check_range("jobs", jobs, 1, 4096))


def _of_a_script() -> str:
    """Return what a script must do, for each worker process reads it again from the top."""
    if getattr(sys.modules.get("__main__"), "__file__", None) is None:
        return ""
    return ' (a script calls this below a line if __name__ == "__main__": or with jobs=1)'


def _begin() -> None:
    """Begin a worker process: one thread, and an end when the process that started it is gone."""
    import numba

    numba.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def on_cluster(
    function: Callable, calls: Iterable[tuple[Any, tuple]], client: Any, *, ordered: bool = True
) -> Iterator[tuple[Any, Any]]:
    """Call a function on the workers of a cluster; yield key and result.

    Parameters
    ----------
    function : callable
        Of a module, for it travels to other processes.
    calls : iterable of (key, tuple)
        Key and arguments; taken as workers get free, so that few are in memory.
    client : dask.distributed.Client
        A task whose worker is lost goes to another one.
    ordered : bool
        Whether results come in the order of the calls, or as they are done.

    Raises
    ------
    InputError
        For a client that is none.
    """
    check_client(client)
    waiting: dict[Any, Any] = {}
    try:
        for key, arguments in calls:
            waiting[_submit(client, function, arguments)] = key
            if len(waiting) > AHEAD * max(1, sum(client.nthreads().values())):
                yield _next(waiting, client, ordered)
        while waiting:
            yield _next(waiting, client, ordered)
    finally:
        client.cancel(list(waiting))


def check_client(client: Any) -> None:
    """Refuse what is no client of Dask."""
    if client is not None and not hasattr(client, "submit"):
        raise InputError(f"client = {shown(client)}: allowed a dask.distributed.Client")


def _next(waiting: dict, client: Any, ordered: bool) -> tuple[Any, Any]:
    """Return what is done next; an interrupted wait leaves it to be cancelled."""
    import distributed

    with client.as_current():  # `wait` asks the youngest client, and that may be another one
        done = waiting if ordered else distributed.wait([*waiting], None, "FIRST_COMPLETED").done
    future = next(iter(done))
    result = future.result()
    return waiting.pop(future), result


def _submit(client: Any, function: Callable, arguments: tuple) -> Any:
    """Send a task with its data, which a worker that is lost takes with it, but not the task's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        return client.submit(function, *arguments, pure=False)


# ----------------------------------------------------------------------------------- one store


class Store:
    """A folder with one file for each finished task; raises `InputError` when it cannot be made.

    What killed processes have left in it is removed. ``others`` counts the files met so far that
    belong to something else, or cannot be read.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)
        self.others = 0
        with self._one_line():
            self.folder.mkdir(parents=True, exist_ok=True)
        for part in self.folder.glob(".*.part"):
            _remove_abandoned(part)

    @contextlib.contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"folder = {str(self.folder)!r}: {reason(error)}; allowed a folder "
                "that can be written"
            ) from None

    def prepare(self) -> None:
        """See that it can be written, before anything is made that is kept there."""
        with self._one_line():
            _try(self.folder / "finished")

    def read(self, name: str, key: str) -> dict[str, np.ndarray] | None:
        """Return the arrays of a file that was written with this key, or None."""
        path = self.folder / name
        if not path.exists():
            return None
        try:
            with path.open("rb") as file:
                arrays = dict(np.load(file, allow_pickle=False))
        except Exception:  # zip, zlib, the header's parser: whoever notices that it is damaged
            arrays = {}
        if str(arrays.pop("key", "")) != key:
            self.others += 1
            return None
        return arrays

    def write(self, name: str, key: str, arrays: Mapping[str, Any]) -> None:
        """Keep arrays under a key of all that decides them."""

        def zipped(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, key=key, **arrays)

        self.save(name, zipped)

    def save(self, name: str, write: Callable[[Path], object]) -> None:
        """Let `write` make a file; where that fails, a `KeepWarning` says so."""
        path = self.folder / name
        try:
            with writing(path) as part:
                write(part)
        except (OSError, RuntimeError) as error:
            warnings.warn(
                f"{path} is not kept: {reason(error)}; it is in the result of this call",
                KeepWarning,
                stacklevel=3,
            )


# ------------------------------------------------------------------------ what decides a result

#: Entries of a parameter's row that decide no number.
_WORDS = {"slider", "symbol", "meaning", "source"}


def meaning(path: Path) -> str:
    """Return what a source says to the machine: values of a table, a module without docstrings."""
    state = path.stat()
    return _meaning(path, state.st_size, state.st_mtime_ns)


@functools.cache  # asked again and again; a change shows in size or time
def _meaning(path: Path, size: int, time: int) -> str:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        table = tomllib.loads(source)
        for name, row in table.get("parameters", {}).items():
            table["parameters"][name] = {k: v for k, v in row.items() if k not in _WORDS}
        return json.dumps(table, sort_keys=True)
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.unparse(tree)


# ------------------------------------------------------------------------------- one way to write


@contextlib.contextmanager
def writing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a hidden path beside `path`, which takes its place on success and vanishes on failure.

    What killed processes have left of earlier writes to the same place is removed.
    """
    path = Path(os.path.realpath(path))
    sweep(path)
    part = hidden(path)
    try:
        yield part
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    except (OSError, RuntimeError) as error:
        if shutil.disk_usage(path.parent).free < FULL:  # libraries call it by other names
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def making(folder: Path) -> Iterator[Path]:
    """Give a hidden folder beside `folder`, which takes its place on success; as `writing`.

    The folder that was there is removed after that: readers see all of the old or all of the new.
    """
    sweep(folder)
    part = hidden(folder)
    part.mkdir()
    try:
        yield part
        put_in_place(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def put_in_place(part: Path, folder: Path) -> None:
    """Rename a complete folder to its place, also while others do the same."""
    for attempt in range(100):
        old = hidden(folder)
        with contextlib.suppress(FileNotFoundError):
            os.replace(folder, old)
        try:
            os.replace(part, folder)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST) and attempt < 99:
                continue  # another process was between the two
            if old.exists() and not folder.exists():
                os.replace(old, folder)
            raise
        finally:
            shutil.rmtree(old, ignore_errors=True)
        return


def hidden(path: Path) -> Path:
    """Return a name beside a file or folder for what takes its place later."""
    owner = f"{_machine()}-{os.getpid()}-{uuid4().hex[:8]}"
    return path.with_name(f".{path.name}.{owner}.part")


def sweep(path: Path) -> None:
    """Remove what processes that are gone have left under a `hidden` name of a path."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        if part.name[1:].rsplit(".", 2)[0] == path.name:
            _remove_abandoned(part)


def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


def _remove_abandoned(part: Path) -> None:
    owner = re.fullmatch(r"\..+\.([0-9a-f]{6})-(\d+)-[0-9a-f]{8}\.part", part.name)
    with contextlib.suppress(OSError):  # another process may be removing it, too
        if owner is None or _at_work(*owner.groups(), part.lstat().st_mtime):
            return
        if part.is_dir() and not part.is_symlink():
            shutil.rmtree(part)
        else:
            part.unlink()


def _at_work(machine: str, pid: str, written: float) -> bool:
    """Whether the process that wrote something at a time may still be there."""
    if machine != _machine():
        return time.time() - written < STALE
    try:
        return psutil.Process(int(pid)).create_time() < written + 2  # else the number is used again
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False


def _sync(path: Path) -> None:
    """See that a file or the names in a folder survive the loss of power, where that is known."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


def check_target(name: str, path: str | os.PathLike) -> None:
    """Refuse a file that could not be written, before anything runs.

    Parameters
    ----------
    name : str
        Name of the argument.
    path : path
        The file.

    Raises
    ------
    InputError
        One line with what is allowed.
    """
    path = Path(path)
    said = f"{name} = {str(path)!r}"
    if not path.parent.is_dir():
        raise InputError(f"{said}: allowed a file in a folder that exists")
    if path.is_dir():
        raise InputError(f"{said}: allowed a file, this is a folder")
    if path.exists() and not path.is_file():
        raise InputError(f"{said}: allowed a file, this is a device or a pipe")
    try:
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        _try(Path(os.path.realpath(path)))
    except (OSError, ValueError) as error:
        raise InputError(f"{said}: {reason(error)}; allowed a file that can be written") from None


def _try(path: Path) -> None:
    """Write nothing under a hidden name."""
    part = hidden(path)
    part.touch()
    part.unlink()


@contextlib.contextmanager
def claim(name: str, path: str | os.PathLike | None) -> Iterator[None]:
    """Hold a file that a run will write; another run is refused as long.

    Parameters
    ----------
    name : str
        Name of the argument.
    path : path or None
        The file; nothing is held without one.

    Raises
    ------
    InputError
        When the file could not be written, or another run holds it.
    """
    if path is None:
        yield
        return
    check_target(name, path)
    place = Path(os.path.realpath(path))
    lock = place.with_name(f".{place.name}.lock")
    handle = _locked(lock)
    if handle is None:
        raise InputError(
            f"{name} = {str(path)!r}: another run is writing it; allowed a file of its own"
        )
    try:
        yield
    finally:
        _unlock(lock, handle)


def _locked(lock: Path) -> int | None:
    """Make and hold a lock, which ends with the process; None where another process holds it."""
    if fcntl is None:
        try:
            lock.unlink(missing_ok=True)
            return os.open(lock, os.O_CREAT | os.O_EXCL | os.O_RDWR)
        except OSError:
            return None
    while True:
        handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError:  # a file system without locks
            return handle
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(lock)):
                return handle
        os.close(handle)  # who held it has removed it just now


def _unlock(lock: Path, handle: int) -> None:
    """Remove a lock; while it is held where that can be, so that nobody else's is removed."""
    if fcntl is not None:
        lock.unlink(missing_ok=True)
    os.close(handle)
    if fcntl is None:
        with contextlib.suppress(OSError):
            lock.unlink()


def reason(error: BaseException) -> str:
    """Return what an error says, in one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
