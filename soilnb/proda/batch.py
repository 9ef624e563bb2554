"""Many profiles: side by side on the cores or through Dask, with files to resume from.

A profile is one task. Its random numbers follow from the seed and its name, so the result depends
neither on the order, nor on the number of processes, nor on whether the run was interrupted. With
a folder every finished profile is kept in a file of its own, under a key of everything that decides
the result: data, forcing, settings, and what the kernels' sources say, whatever their comments.
Only a file with the right key is read again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from soilnb import __version__
from soilnb.jobs import Store, complete, meaning
from soilnb.kernels import metropolis as kernel
from soilnb.kernels.compiler import sources
from soilnb.parameters import InputError
from soilnb.proda import posterior
from soilnb.proda.chains import ChainSettings, ObservedProfile, SamplingError, sample

#: What one task returns: its numbers (None where it was refused), and the reason (else empty).
Outcome = tuple[dict[str, np.ndarray] | None, str]


def run_batch(
    tasks: Sequence[ObservedProfile | str],
    labels: Sequence[str],
    settings: ChainSettings,
    *,
    jobs: int | None = None,
    client: Any = None,
    folder: str | os.PathLike | None = None,
    progress: bool = True,
    work: Callable[[ObservedProfile, ChainSettings], dict[str, np.ndarray]] | None = None,
) -> list[Outcome]:
    """Sample many profiles; return an outcome for each, in their order.

    Parameters
    ----------
    tasks, labels : sequence
        Profiles, or the reasons why they are refused, and their names.
    settings : ChainSettings
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
    store = None if folder is None else _Store(folder, settings, work)
    found = _found(tasks, store, progress)

    def tell(k: int, outcome: Outcome) -> None:
        if outcome[1] and progress:
            tqdm.write(f"profile {labels[k]!r} is refused: {outcome[1]}", file=sys.stderr)

    def write(k: int, outcome: Outcome) -> Outcome:
        store.write(tasks[k], outcome)
        return outcome

    outcomes = complete(
        _attempt,
        {k: (task, settings, work) for k, task in enumerate(tasks)},
        found,
        unit="profile",
        on_result=None if store is None else write,
        tell=tell,
        jobs=jobs,
        client=client,
        progress=progress,
    )
    return [outcomes[k] for k in range(len(tasks))]


def _found(tasks: Sequence[ObservedProfile | str], store: _Store | None, progress: bool) -> dict:
    """Return the outcomes that are there: of refused profiles, and of those in the folder."""
    found: dict[int, Outcome] = {}
    for k, task in enumerate(tasks):
        kept = (None, task) if isinstance(task, str) else store.read(task) if store else None
        if kept is not None:
            found[k] = kept
    if store is not None and store.others and progress:
        print(
            f"note: {store.others} profiles in {store.folder.name} are of other data or settings, "
            "or incomplete: run again",
            file=sys.stderr,
        )
    if store is not None and len(found) < len(tasks):
        store.prepare()
    return found


def numbers(profile: ObservedProfile, settings: ChainSettings) -> dict[str, np.ndarray]:
    """Sample a profile and return its numbers."""
    return posterior.row(sample(profile, settings))


def _attempt(profile: ObservedProfile, settings: ChainSettings, work: Callable) -> Outcome:
    """Do the work; a profile that cannot be sampled gives the reason instead of an error."""
    try:
        return work(profile, settings), ""
    except (InputError, SamplingError, np.linalg.LinAlgError, ArithmeticError) as error:
        return None, str(error)


class _Store(Store):
    """Finished profiles in a folder, one file each."""

    def __init__(self, folder: str | os.PathLike, settings: ChainSettings, work: Callable) -> None:
        super().__init__(folder)
        settled = asdict(settings)
        if not settled["draws"]:
            del settled["draws"]  # files of runs that kept none are as they were
        about = [settled, work.__qualname__, __version__]
        about += [meaning(path) for path in sorted(sources(Path(kernel.__file__)))]
        self.common = json.dumps(about, sort_keys=True).encode()

    def _file(self, profile: ObservedProfile) -> str:
        return f"{hashlib.sha256(profile.label.encode()).hexdigest()[:24]}.npz"

    def _key(self, profile: ObservedProfile) -> str:
        key = hashlib.sha256(self.common + profile.label.encode())
        seen = profile.radiocarbon or ()
        for values in (profile.depth, profile.carbon, profile.error, *profile.column, *seen):
            key.update(b"none" if values is None else np.ascontiguousarray(values).tobytes())
        return key.hexdigest()

    def read(self, profile: ObservedProfile) -> Outcome | None:
        """Return what is kept of a profile, or None."""
        kept = super().read(self._file(profile), self._key(profile))
        if kept is None:
            return None
        reason = str(kept.pop("reason"))
        return (None, reason) if reason else (kept, "")

    def write(self, profile: ObservedProfile, outcome: Outcome) -> None:
        """Keep an outcome."""
        arrays = {"reason": outcome[1], **(outcome[0] or {})}
        super().write(self._file(profile), self._key(profile), arrays)
