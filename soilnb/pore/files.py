"""Checkpoints, and results that go to disk while a simulation runs.

A checkpoint holds the whole state, what has been recorded, and everything that decides the
numbers of the run; it is written beside its place and then moved there, so that a failure leaves
the one before. Snapshots of a run with an output file wait in a folder beside it, one file each,
and are put into the netCDF file one by one at the end: no more than one is in memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import netCDF4
import numpy as np
import xarray as xr

from soilnb.parameters import InputError
from soilnb.pore.diagnostics import CELLS, FIELDS, SERIES
from soilnb.pore.parameters import VOXEL
from soilnb.pore.state import State

if TYPE_CHECKING:
    from soilnb.pore.simulate import Run


class CheckpointWarning(RuntimeWarning):
    """A checkpoint could not be written; the run goes on."""


class OutputError(InputError, OSError):
    """A result could not be written; `dataset` has its time series."""

    dataset: xr.Dataset | None = None


class Snapshots:
    """Fields of the days that are kept: in memory, or on disk when there is an output file.

    Parameters
    ----------
    output : path, optional
        netCDF file that `finish` writes.

    Raises
    ------
    InputError
        When the folder of the file does not exist.
    """

    def __init__(self, output: str | os.PathLike | None = None) -> None:
        self.output = None if output is None else Path(output)
        self.memory: dict[int, dict[str, np.ndarray]] = {}
        if self.output is not None:
            check_target("output", self.output)

    @property
    def parts(self) -> Path:
        """Folder in which snapshots wait for the end of the run."""
        return self.output.with_name(self.output.name + ".parts")

    def _part(self, day: int) -> Path:
        return self.parts / f"day-{day:07d}.npz"

    def add(self, day: int, fields: Mapping[str, np.ndarray]) -> None:
        """Keep the fields of a day.

        Raises
        ------
        OutputError
            When the disk cannot take them.
        """
        if self.output is None:
            self.memory[day] = dict(fields)
            return
        try:
            self.parts.mkdir(exist_ok=True)
            with _replacing(self._part(day)) as path, open(path, "wb") as file:
                np.savez_compressed(file, **fields)
        except OSError as error:
            raise OutputError(f"snapshot of day {day} in {self.parts}: {_reason(error)}") from None

    def forget(self, after: int) -> None:
        """Drop the snapshots of days after `after`, which another run may have left."""
        self.memory = {day: fields for day, fields in self.memory.items() if day <= after}
        if self.output is not None:
            for day in self.days():
                if day > after:
                    self._part(day).unlink()

    def days(self) -> list[int]:
        """Return the days that are there."""
        if self.output is None:
            return sorted(self.memory)
        return sorted(int(path.stem.removeprefix("day-")) for path in self.parts.glob("day-*.npz"))

    def fields(self, day: int) -> dict[str, np.ndarray]:
        """Return the fields of a day."""
        if self.output is None:
            return self.memory[day]
        with np.load(self._part(day)) as part:
            return {name: part[name] for name in FIELDS}

    def finish(self, data: xr.Dataset) -> xr.Dataset:
        """Return the result: `data` with the snapshots, read from the output if there is one.

        Raises
        ------
        OutputError
            When the output cannot be written. Snapshots stay in their folder.
        """
        if self.output is None:
            return self._with_fields(data) if self.memory else data
        try:
            with _replacing(self.output) as path:
                data.to_netcdf(path, engine="netcdf4")
                if self.days():
                    self._append_fields(path)
        except (OSError, RuntimeError) as error:
            failure = OutputError(f"output {self.output}: {_reason(error)}")
            failure.dataset = data
            raise failure from None
        shutil.rmtree(self.parts, ignore_errors=True)
        return xr.open_dataset(self.output, engine="netcdf4")

    def _with_fields(self, data: xr.Dataset) -> xr.Dataset:
        days = self.days()
        ny, nx = self.memory[days[0]]["cell"].shape
        return data.assign(
            {
                name: (
                    ("snapshot", "y", "x"),
                    np.stack([self.memory[day][name] for day in days]),
                    _about(name),
                )
                for name in FIELDS
            }
        ).assign_coords(
            {name: (name, values, attributes) for name, values, attributes in _axes(days, ny, nx)}
        )

    def _append_fields(self, path: Path) -> None:
        days = self.days()
        ny, nx = self.fields(days[0])["cell"].shape
        with netCDF4.Dataset(path, "a") as file:
            for name, values, attributes in _axes(days, ny, nx):
                file.createDimension(name, len(values))
                axis = file.createVariable(name, values.dtype, (name,))
                axis.setncatts(attributes)
                axis[:] = values
            for name, (kind, _, _) in FIELDS.items():
                variable = file.createVariable(
                    name,
                    np.dtype(kind),
                    ("snapshot", "y", "x"),
                    compression="zlib",
                    chunksizes=(1, ny, nx),
                )
                variable.setncatts(_about(name))
            for i, day in enumerate(days):
                for name, values in self.fields(day).items():
                    file[name][i] = values


def _about(name: str) -> dict[str, str]:
    _, unit, meaning = FIELDS[name]
    about = {"units": unit, "long_name": meaning}
    if name == "cell":
        about["codes"] = json.dumps(CELLS)
    return about


def _axes(days: list[int], ny: int, nx: int) -> Iterator[tuple[str, np.ndarray, dict[str, str]]]:
    yield "snapshot", np.array(days, float), {"units": "d", "long_name": "time of the fields"}
    for name, n, long_name in (("y", ny, "downwards"), ("x", nx, "to the right")):
        yield name, (np.arange(n) + 0.5) * VOXEL, {"units": "µm", "long_name": long_name}


def save_checkpoint(path: str | os.PathLike, run: Run, store: Snapshots) -> None:
    """Write the state of a run; a failure leaves the checkpoint before it, with a warning."""
    path = Path(path)
    day = run.state.day
    arrays = {f"state.{name}": values for name, values in run.state.to_arrays().items()}
    arrays |= {f"series.{name}": values[: day + 1] for name, values in run.series.items()}
    arrays |= {
        f"snapshot.{kept}.{name}": values
        for kept, fields in store.memory.items()
        for name, values in fields.items()
    }
    arrays["identity"] = np.array(json.dumps(run.identity()))
    try:
        with _replacing(path) as part, open(part, "wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        warnings.warn(
            f"checkpoint {path} of day {day}: {_reason(error)}; the run goes on, "
            "an earlier checkpoint is as it was",
            CheckpointWarning,
            stacklevel=3,
        )


def load_checkpoint(path: str | os.PathLike, run: Run, store: Snapshots) -> None:
    """Let a run go on from a checkpoint.

    Raises
    ------
    InputError
        When there is no such file, when it is no checkpoint, when it comes from a run with other
        parameters, or when snapshots of days before it are missing.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as entries:
            arrays = {name: entries[name] for name in entries.files}
        identity = json.loads(str(arrays["identity"]))
    except OSError as error:
        raise InputError(f"checkpoint {path}: {_reason(error)}") from None
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError):
        raise InputError(f"checkpoint {path}: allowed a file that a run has written") from None
    _check_identity(path, identity, json.loads(json.dumps(run.identity())))

    def part(prefix: str) -> dict[str, np.ndarray]:
        return {
            name.removeprefix(prefix): values
            for name, values in arrays.items()
            if name.startswith(prefix)
        }

    state = State.from_arrays(part("state."))
    if state.day > run.days:
        raise InputError(f"days = {run.days}: allowed {state.day} or more, where {path} stands")
    series = part("series.")
    if set(series) != set(SERIES):
        raise InputError(f"checkpoint {path}: allowed one of this version of soilnb")
    if store.output is None:
        for name, values in part("snapshot.").items():
            day, field = name.split(".")
            store.memory.setdefault(int(day), {})[field] = values
    store.forget(after=state.day)
    missing = [d for d in run.snapshots if d <= state.day and d not in store.days()]
    if missing:
        raise InputError(
            f"snapshots = {missing}: allowed days after {state.day}, where {path} stands, "
            "and those that the run before has kept"
        )
    run.resume(state, series)


def _check_identity(path: object, found: Mapping, expected: Mapping) -> None:
    for name in {**expected, **found}:
        if found.get(name) != expected.get(name):
            raise InputError(
                f"checkpoint {path}: made with {name} = {found.get(name)}, this run has "
                f"{expected.get(name)}; allowed a checkpoint of the same run"
            )


def check_target(what: str, path: str | os.PathLike) -> None:
    """Refuse a file that could not be written because of where it is, before anything runs."""
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"{what} = {str(path)!r}: allowed a file in a folder that exists")
    if path.is_dir():
        raise InputError(f"{what} = {str(path)!r}: allowed a file, this is a folder")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path, which replaces `path` on success and vanishes on failure."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
