"""Runs of notebooks: one fresh process each, nothing half-written, nothing run twice.

A run works in a hidden folder beside its destination ``<results>/<size>/<notebook>/`` and is
renamed when it is complete, so a reader of results sees the old run or the new one. A run that
fails is kept as ``<notebook>.failed/`` beside the last good one. A run with other parameters than
the notebook's own lies apart, where neither scoreboard nor book looks.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from soilnb import __version__, jobs, results
from soilnb.data.folders import OPENED
from soilnb.parameters import InputError, shown
from soilnb.pipeline.fingerprint import data_state, fingerprint
from soilnb.pipeline.notebooks import assign, find
from soilnb.pipeline.notebooks import notebooks as notebooks
from soilnb.pipeline.notebooks import parameters_of as parameters_of
from soilnb.pipeline.notebooks import title as title
from soilnb.pipeline.worker import MODELS, end
from soilnb.results import checkout as checkout

#: Longest time that one notebook may take, in seconds.
TIME_LIMIT = {"quick": 600, "paper": 12 * 3600}


@dataclass(frozen=True)
class NotebookRun:
    """What became of one notebook.

    Attributes
    ----------
    notebook, size, state : str
        Its name, the size of the run, and ``done``, ``failed``, or ``up to date`` when nothing has
        changed since the last good run.
    folder : Path
        Its results; for a failed run what it left.
    seconds : float
        How long it took; 0 when it was up to date.
    error, cell, changed : str
        One line on what went wrong and the source of the cell that failed; parameters that differ
        from the notebook's own, in words. Else empty.
    """

    notebook: str
    size: str
    state: str
    folder: Path
    seconds: float = 0.0
    error: str = ""
    cell: str = ""
    changed: str = ""

    @property
    def ok(self) -> bool:
        """Whether its results can be used."""
        return self.state != "failed"


@dataclass(frozen=True)
class _Task:
    """One notebook that has to run."""

    path: Path
    size: str
    parameters: Mapping[str, object]
    key: str
    data: Mapping[str, list]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def changed(self) -> str:
        """What differs from the notebook's own parameters, in words; nothing where nothing does."""
        own = {name: value for name, value in self.parameters.items() if name != "SIZE"}
        return ", ".join(f"{name} = {value!r}" for name, value in own.items())

    @property
    def folder(self) -> Path:
        return results.folder(self.name, self.size, self.changed)

    @property
    def note(self) -> str:
        """What the executed notebook says first; nothing where it ran with its own parameters."""
        if not self.changed:
            return ""
        return f"**Run with {self.changed}.** What follows is in no scoreboard and no book."

    @property
    def failed(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.failed")


def cores() -> int:
    """Return the number of cores that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def run(
    names: Sequence[str] | None = None,
    *,
    size: str = "quick",
    parameters: Mapping[str, object] | None = None,
    jobs: int | None = None,
    force: bool = False,
    time_limit: float | None = None,
) -> list[NotebookRun]:
    """Run notebooks whose last good run is out of date, with a progress bar on stderr.

    A run for each notebook is returned, in reading order. A failing one stops none of the others.

    Parameters
    ----------
    names : sequence of str, optional
        Names of notebooks, or unique beginnings of names; all of them by default.
    size : {"quick", "paper"}
        Size of the runs.
    parameters : mapping, optional
        Values for parameters of the notebooks, which every one of them must have.
    jobs : int, optional
        How many run at the same time, at most the number of cores, which is the default.
    force : bool
        Run also what is up to date.
    time_limit : float, optional
        Longest time for one notebook, in seconds; 10 minutes in size quick, 12 hours in paper.
    """
    limit = _check_limit(time_limit, size)
    tasks = [_task(path, parameters or {}, size) for path in find(names)]
    jobs = _check_jobs(jobs)
    done = {
        t.name: NotebookRun(t.name, size, "up to date", t.folder, changed=t.changed)
        for t in tasks
        if not force and _is_fresh(t)
    }
    waiting = [task for task in tasks if task.name not in done]
    if waiting:
        for place in {task.folder.parent for task in waiting}:
            _prepare(place)
        done |= _run_all(sorted(waiting, key=_length), min(jobs, len(waiting)), limit)
    return [done[task.name] for task in tasks]


def state(path: Path, size: str) -> str:
    """Return "up to date", "failed", "changed" (since its last good run) or "not run"."""
    task = _task(path, {}, size)
    if _is_fresh(task):
        return "up to date"
    if task.failed.is_dir():
        return "failed"
    return "changed" if task.folder.is_dir() else "not run"


def _check_limit(limit: float | None, size: str) -> float:
    if size not in results.SIZES:
        raise InputError(f"size = {shown(size)}: allowed {', '.join(results.SIZES)}")
    if limit is None:
        return TIME_LIMIT[size]
    if not limit > 0:
        raise InputError(f"time limit = {limit:g}: allowed more than 0 (in s)")
    return limit


def _check_jobs(jobs: int | None) -> int:
    if jobs is None:
        return cores()
    if jobs < 1:
        raise InputError(f"jobs = {jobs}: allowed 1 to {cores()} (the cores of this machine)")
    if jobs > cores():
        print(f"jobs = {jobs}: this machine has {cores()} cores, so {cores()}", file=sys.stderr)
    return min(jobs, cores())


def _task(path: Path, parameters: Mapping[str, object], size: str) -> _Task:
    changed = assign(path, parameters, size)
    return _Task(path, size, changed, fingerprint(path, changed, size), data_state())


def _length(task: _Task) -> float:
    """Order tasks so that the longest begin first, and those that run side by side end together.

    The last run says how long; before there is one, the notebook with more text takes longer.
    """
    last = _record_of(task.folder) or _record_of(task.failed)
    return -last.get("seconds", TIME_LIMIT["paper"] + task.path.stat().st_size)


def _is_fresh(task: _Task) -> bool:
    """Whether the last good run rests on what this one would rest on, and is all there."""
    good, failed = _record_of(task.folder), _record_of(task.failed)
    # The same text can fail on another day: what failed last is worth another run.
    if good.get("key") != task.key or failed.get("key") == task.key:
        return False
    opened = good.get("data")
    if opened is None or any(task.data.get(name, []) != opened[name] for name in opened):
        return False
    return all((task.folder / name).is_file() for name in good["files"])


def _record_of(folder: Path) -> dict:
    """Return what ``run.json`` in a folder says; nothing when there is none that can be read."""
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _prepare(folder: Path) -> None:
    """Make the results folder, and see that it can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"results folder {folder} cannot be written ({error.strerror}); "
            "SOILNB_RESULTS names another"
        ) from None


def _run_all(tasks: Sequence[_Task], jobs: int, limit: float) -> dict[str, NotebookRun]:
    """Run tasks side by side; when this is interrupted, end them and leave nothing behind."""
    stop = threading.Event()
    with _bar(len(tasks)) as bar, ThreadPoolExecutor(jobs) as pool:
        if jobs > 1:
            _warm_up(stop, bar, pool)
        running: set[str] = set()
        futures = [pool.submit(_run_one, t, jobs, limit, stop, running) for t in tasks]
        try:
            return {r.notebook: r for r in _watch(futures, bar, running)}
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _bar(total: int) -> tqdm:
    form = "{desc}{percentage:3.0f}%|{bar:24}| {n}/{total} notebooks [{elapsed}]{postfix}"
    return tqdm(total=total, bar_format=form, file=sys.stderr, dynamic_ncols=True)


def _watch(futures: Sequence, bar: tqdm, running: set[str]) -> Iterator[NotebookRun]:
    """Yield runs as they complete, and say so on the way."""
    waiting = set(futures)
    while waiting:
        complete, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in complete:
            result = future.result()
            bar.write(_report(result), file=sys.stderr)
            bar.update()
            yield result
        bar.set_postfix_str(" ".join(sorted(running.copy())), refresh=sys.stderr.isatty())


def _report(result: NotebookRun) -> str:
    if result.ok:
        apart = f" with {result.changed}, apart from the others" if result.changed else ""
        return f"{result.notebook}: done in {result.seconds:.0f} s{apart}"
    cell = "\n".join(f"    {line}" for line in result.cell.splitlines())
    return (
        f"{result.notebook}: FAILED after {result.seconds:.0f} s"
        + (f" in this cell:\n\n{cell}\n\n" if cell else "\n")
        + f"    {result.error}\n    what it left: {result.folder}"
    )


def _run_one(
    task: _Task, share: int, limit: float, stop: threading.Event, running: set[str]
) -> NotebookRun:
    """Run one notebook in its own process and put what it leaves in its place."""
    running.add(task.name)
    begun = time.monotonic()
    for place in (task.folder, task.failed):
        jobs.sweep(place)
    work = jobs.hidden(task.folder)
    work.mkdir()
    try:
        output = work / f"{task.name}.ipynb"
        order = {"notebook": str(task.path), "output": str(output)}
        order |= {"parameters": dict(task.parameters), "note": task.note}
        # inside what is removed if this process is killed
        with tempfile.TemporaryDirectory(
            prefix=".scratch-", dir=work, ignore_cleanup_errors=True
        ) as scratch:
            error = _in_process(Path(scratch), order, _environment(task, work, share), limit, stop)
        seconds = time.monotonic() - begun
        cell = _last_cell(output) if error else ""
        target = task.failed if error else task.folder
        _record(task, work, seconds, error)
        jobs.put_in_place(work, target)
        if not error:
            shutil.rmtree(task.failed, ignore_errors=True)
        outcome = "failed" if error else "done"
        return NotebookRun(
            task.name, task.size, outcome, target, seconds, error, cell, task.changed
        )
    finally:
        running.discard(task.name)
        shutil.rmtree(work, ignore_errors=True)


def _environment(task: _Task, work: Path, jobs: int) -> dict[str, str]:
    """Return what tells a notebook's process about its run."""
    threads = {"NUMBA_NUM_THREADS": str(max(1, cores() // jobs)), **_ONE_THREAD}
    shared = {name: os.environ.get(name, number) for name, number in threads.items()}
    return shared | {
        "SOILNB_RUN_DIR": str(work),
        "SOILNB_RUN_SIZE": task.size,
        "SOILNB_RUN_NOTEBOOK": task.name,
        "SOILNB_RESULTS": str(results.root()),
    }


#: Matrices are small here: a second thread of linear algebra only waits, and takes a core for it.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _in_process(
    scratch: Path,
    order: Mapping[str, object],
    environment: Mapping[str, str],
    limit: float,
    stop: threading.Event,
) -> str:
    """Do an order in a fresh process and return its error as one line, or an empty text."""
    (scratch / "cwd").mkdir()
    task = {**order, "cwd": str(scratch / "cwd")}
    (scratch / "task.json").write_text(json.dumps(task), encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    own = {
        "IPYTHONDIR": str(scratch / "ipython"),  # no start-up files of the user
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    # -P: a file of the user's working directory cannot stand in for a library.
    command = [sys.executable, "-P", "-m", "soilnb.pipeline.worker", str(scratch)]
    with (
        open(scratch / "log.txt", "wb") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**inherited, **environment, **own},
            start_new_session=True,  # an interrupt from the keyboard reaches this process alone
        ) as process,
    ):
        try:
            late = _wait(process, limit, stop)
        finally:
            if process.poll() is None:
                end(process.pid)
    if late:
        return f"took longer than the time limit of {limit:g} s"
    return _outcome(scratch, process.returncode)


def _wait(process: subprocess.Popen, limit: float, stop: threading.Event) -> bool:
    """Wait for a process; return True when it takes longer than `limit` seconds."""
    deadline = time.monotonic() + limit
    while process.poll() is None:
        if stop.wait(0.05):
            raise InterruptedError("the run was interrupted")
        if time.monotonic() > deadline:
            return True
    return False


def _outcome(scratch: Path, status: int) -> str:
    try:
        return json.loads((scratch / "outcome.json").read_text(encoding="utf-8"))["error"] or ""
    except (OSError, ValueError):
        log = (scratch / "log.txt").read_text(encoding="utf-8", errors="replace").split("\n")
        said = next((line.strip() for line in reversed(log) if line.strip()), "no message")
        return f"its process ended with status {status}: {said}"


def _last_cell(output: Path) -> str:
    """Return the source of the last cell that was begun: the one that failed."""
    try:
        cells = json.loads(output.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return ""
    begun = [
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code" and cell["metadata"].get("papermill", {}).get("start_time")
    ]
    return begun[-1] if begun else ""


def _record(task: _Task, work: Path, seconds: float, error: str) -> None:
    """Write ``run.json``: what ran, on what, when, and which files it left.

    A data set that it looked for in vain is recorded as no file: the run is out of date once
    there is one.
    """
    note = work / OPENED
    opened = sorted(set(note.read_text(encoding="utf-8").split())) if note.is_file() else []
    note.unlink(missing_ok=True)
    record = {
        "notebook": task.name,
        "size": task.size,
        "parameters": dict(task.parameters),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "soilnb_version": __version__,
        "error": error,
        "files": sorted(p.name for p in work.iterdir() if not p.name.startswith(".")),
        "key": task.key,
        "data": {name: task.data.get(name, []) for name in opened},
    }
    text = json.dumps(record, indent=1, default=repr)
    (work / "run.json").write_text(text + "\n", encoding="utf-8")


def _warm_up(stop: threading.Event, bar: tqdm, pool: ThreadPoolExecutor) -> None:
    """Compile the models side by side, each once, before several notebooks would all do it."""
    note = threading.Timer(1.0, bar.write, ["compiling the models…"], {"file": sys.stderr})
    note.start()
    jobs.sweep(results.root() / "compiling")
    try:
        errors = list(pool.map(lambda models: _compile(models, stop), MODELS))
    finally:
        note.cancel()
    for error in filter(None, errors):
        bar.write(f"compiling the models failed: {error}", file=sys.stderr)


def _compile(models: Sequence[str], stop: threading.Event) -> str:
    work = jobs.hidden(results.root() / "compiling")
    work.mkdir(parents=True)
    try:
        return _in_process(work, {"models": models}, {}, TIME_LIMIT["quick"], stop)
    finally:
        shutil.rmtree(work, ignore_errors=True)
