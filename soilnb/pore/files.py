"""Checkpoints, and results that go to disk while a simulation runs.

A checkpoint holds the whole state, what has been recorded, everything that decides the numbers of
the run, and a digest of all that; it is written beside its place and then moved there, so that a
failure leaves the one before. Snapshots of a run with an output file wait in a folder beside it,
one file each, and are put into the netCDF file one by one at the end: no more than one is in
memory. The folder says of which run they are, so that no other run takes them for its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import netCDF4
import numpy as np
import xarray as xr

from soilnb.jobs import hidden, making, reason, sweep, writing
from soilnb.parameters import InputError
from soilnb.pore import diagnostics
from soilnb.pore.diagnostics import CELLS, FIELDS, SERIES
from soilnb.pore.parameters import VOXEL
from soilnb.pore.state import State

if TYPE_CHECKING:
    from soilnb.pore.simulate import Run

#: File that says of which run the snapshots in its folder are.
_OWNER = "run.json"

#: Most bytes that a text in a checkpoint may take.
_TEXTS = 10_000_000


class CheckpointWarning(RuntimeWarning):
    """A checkpoint or a snapshot could not be written; the run goes on."""


class OutputError(InputError, OSError):
    """A result could not be written; `dataset` has its time series."""

    dataset: xr.Dataset | None = None


class Snapshots:
    """Fields of the days that are kept: in memory, or on disk when there is an output file.

    Parameters
    ----------
    output : path, optional
        netCDF file that `finish` writes.
    key : str
        Hash of everything that decides the numbers of the run.

    Raises
    ------
    InputError
        When the folder in which snapshots would wait is not one that a run has made.
    """

    def __init__(self, output: str | os.PathLike | None = None, key: str = "") -> None:
        self.output = None if output is None else Path(output)
        self.key = key
        self.memory: dict[int, dict[str, np.ndarray]] = {}
        if self.output is not None and self.parts.exists() and not self._of_a_run():
            raise InputError(
                f"output = {str(self.output)!r}: {self.parts.name} beside it is not a folder that "
                "a run has left; allowed another name, or move that folder away"
            )

    @property
    def parts(self) -> Path:
        """Folder in which snapshots wait for the end of the run."""
        return self.output.with_name(self.output.name + ".parts")

    def _part(self, day: int) -> Path:
        return self.parts / f"day-{day:07d}.npz"

    def _of_a_run(self) -> bool:
        """Whether a run has made the folder of the parts, and nobody put anything into it."""
        if self.parts.is_symlink() or not self.parts.is_dir():
            return False
        names = {path.name.lstrip(".")[:4] for path in self.parts.iterdir()}
        return (self.parts / _OWNER).is_file() and names <= {"day-", _OWNER[:4]}

    def _own(self) -> bool:
        """Whether the parts are of this run."""
        try:
            return json.loads((self.parts / _OWNER).read_text(encoding="utf-8")) == self.key
        except (OSError, ValueError):
            return False

    def begin(self) -> None:
        """Drop what an earlier run has left."""
        if self.output is not None:
            self._discard()

    def add(self, day: int, fields: Mapping[str, np.ndarray]) -> None:
        """Keep the fields of a day; in memory, with a warning, when the disk cannot take them."""
        if self.output is None:
            self.memory[day] = dict(fields)
            return
        try:
            if not self.parts.exists():
                with making(self.parts) as folder:
                    (folder / _OWNER).write_text(json.dumps(self.key), encoding="utf-8")
            with writing(self._part(day)) as path, open(path, "wb") as file:
                np.savez_compressed(file, **fields)
        except OSError as error:
            self.memory[day] = dict(fields)
            warnings.warn(
                f"snapshot of day {day} in {self.parts}: {reason(error)}; it waits in memory",
                CheckpointWarning,
                stacklevel=2,
            )

    def resume(self, day: int, wanted: Iterable[int]) -> list[int]:
        """Keep the snapshots of the days up to `day`; return those that are wanted and missing.

        They are in the folder, or in the output when the run had come to its end. Where some are
        missing, all is left as it is.
        """
        wanted = [kept for kept in wanted if kept <= day]
        own = self.output is None or self._own()
        found = {kept: self._is_whole(kept) for kept in self.days()} if own else {}
        lacking = [kept for kept in wanted if not found.get(kept)]
        there = self._in_output(lacking) if lacking and self.output is not None else {}
        missing = [kept for kept in lacking if kept not in there]
        if not missing:
            if not own:
                self._discard()
            for kept in self.days():
                if kept > day or not found[kept]:
                    self._drop(kept)
            for kept, fields in there.items():
                self.add(kept, fields)
        return missing

    def _is_whole(self, day: int) -> bool:
        try:
            return set(self.fields(day)) == set(FIELDS)
        except Exception:  # zip, zlib, the header's parser: whoever notices that it is damaged
            return False

    def _in_output(self, days: list[int]) -> dict[int, dict[str, np.ndarray]]:
        """Return those of some snapshots that are in the output, when it is of this run."""
        try:
            with xr.open_dataset(self.output, engine="netcdf4") as data:
                if data.attrs.get("run") != self.key or "snapshot" not in data.dims:
                    return {}
                kept = data.sel(snapshot=[day for day in days if day in data["snapshot"]]).load()
        except Exception:  # no file, or one that is cut, spoilt or something else
            return {}
        return {
            int(day): {name: kept[name].sel(snapshot=day).values for name in FIELDS}
            for day in kept["snapshot"].values
        }

    def _drop(self, day: int) -> None:
        self.memory.pop(day, None)
        if self.output is not None:
            self._part(day).unlink(missing_ok=True)

    def days(self) -> list[int]:
        """Return the days that are there."""
        parts = [] if self.output is None else self.parts.glob("day-*.npz")
        return sorted({*self.memory, *(int(path.stem.removeprefix("day-")) for path in parts)})

    def fields(self, day: int) -> dict[str, np.ndarray]:
        """Return the fields of a day."""
        if day in self.memory:
            return self.memory[day]
        with self._part(day).open("rb") as file, np.load(file, allow_pickle=False) as part:
            return {name: part[name] for name in FIELDS}

    def finish(self, data: xr.Dataset) -> xr.Dataset:
        """Return the result: `data` with the snapshots, read from the output if there is one.

        Raises
        ------
        OutputError
            When the output cannot be written. Snapshots stay in their folder, and the time series
            go to the temporary folder; the message says where.
        """
        if self.output is None:
            return self._with_fields(data) if self.memory else data
        try:
            with writing(self.output) as path:
                data.assign_attrs(run=self.key).to_netcdf(path, engine="netcdf4")
                if self.days():
                    self._append_fields(path)
        except Exception as error:  # a full disk, a spoilt part: nothing may be lost at the end
            failure = OutputError(f"output {self.output}: {reason(error)}{self._rescued(data)}")
            failure.dataset = data
            raise failure from None
        self._discard()
        return xr.open_dataset(self.output, engine="netcdf4")

    def _rescued(self, data: xr.Dataset) -> str:
        """Write what is only in memory where there may be room, and say where it is."""
        said = f"; snapshots are in {self.parts}" if self.days() and not self.memory else ""
        folder = None
        try:
            folder = Path(tempfile.mkdtemp(prefix="soilnb-"))
            data.to_netcdf(folder / self.output.name, engine="netcdf4")
            if self.memory:
                self._append_fields(folder / self.output.name)
        except (OSError, RuntimeError):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            return said
        what = "series and snapshots" if self.memory else "series"
        return f"; the time {what} are in {folder / self.output.name}{said}"

    def _discard(self) -> None:
        """Remove the folder of the parts, by a new name first: it is there, or it is not."""
        with contextlib.suppress(OSError):
            gone = hidden(self.parts)
            self.parts.rename(gone)
            shutil.rmtree(gone)
        sweep(self.parts)

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
    arrays["code"] = np.array(run.code)
    arrays["digest"] = np.array(_digest(arrays))
    try:
        with writing(path) as part, open(part, "wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        warnings.warn(
            f"checkpoint {path} of day {day}: {reason(error)}; the run goes on, "
            "an earlier checkpoint is as it was",
            CheckpointWarning,
            stacklevel=3,
        )


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Hash everything in a checkpoint but for the hash."""
    found = hashlib.sha256()
    for name in sorted(arrays.keys() - {"digest"}):
        values = arrays[name]
        found.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode() + values.tobytes())
    return found.hexdigest()


def load_checkpoint(path: str | os.PathLike, run: Run, store: Snapshots) -> None:
    """Let a run go on from a checkpoint.

    Raises
    ------
    InputError
        When there is no such file, when it is no checkpoint or a damaged one, when it comes from a
        run with other parameters, when what is in it cannot be, or when snapshots of days before
        it are missing.
    """
    try:
        _resume(run, store, _read(path, run), path)
    except InputError as error:
        said = str(error)
        raise InputError(
            said if str(path) in said else f"checkpoint {path}: {said.removeprefix('checkpoint: ')}"
        ) from None


def _resume(run: Run, store: Snapshots, arrays: dict[str, np.ndarray], path: object) -> None:
    """Check the contents of a checkpoint against the run and against each other; use them."""

    def part(prefix: str) -> dict[str, np.ndarray]:
        return {
            name.removeprefix(prefix): values
            for name, values in arrays.items()
            if name.startswith(prefix)
        }

    state = State.from_arrays(part("state."))
    if state.shape != run.shape:
        raise InputError(f"{state.shape} voxels; allowed those of the run, {run.shape}")
    if state.day > run.days:
        raise InputError(f"days = {run.days}: allowed {state.day} or more, where {path} stands")
    series = part("series.")
    _check_series(series, state.day)
    if store.output is None:
        store.memory = _fields_of_days(part("snapshot."), state)
    missing = store.resume(state.day, run.snapshots)
    if missing:
        raise InputError(
            f"snapshots = {missing}: allowed days after {state.day}, where {path} stands, "
            "and those that the run before has kept"
        )
    if run.solid_voxels not in (None, np.count_nonzero(state.solid)):
        raise InputError("another mass of minerals; allowed that of the run's first state")
    run.resume(state, series)
    pools = diagnostics.pools(state, run.parameters, run.chemistry.per_gram)
    for name, value in pools.items():
        if not math.isclose(value, series[name][-1], rel_tol=1e-9, abs_tol=1e-12):
            raise InputError(
                f"{name} = {series[name][-1]:g} on its last day, but {value:g} in its state; "
                "allowed the same"
            )
    code = str(arrays["code"])
    if code != run.code:
        run.notes.append(
            f"{path} was written by other sources (code {code}, now {run.code}): its days are "
            "not those that this version would give"
        )


def _read(path: str | os.PathLike, run: Run) -> dict[str, np.ndarray]:
    """Return the arrays of a checkpoint, whole and of this run."""
    try:
        with open(path, "rb") as file:
            with zipfile.ZipFile(file) as archive:
                # more bytes than any array in a checkpoint of a run has
                largest = 32 * run.shape[0] * run.shape[1] + 8 * (run.days + 1) + _TEXTS
                if max(entry.file_size for entry in archive.infolist()) > largest:
                    raise ValueError("no checkpoint of this run has so many bytes")
            file.seek(0)
            with np.load(file, allow_pickle=False) as entries:
                arrays = {name: np.asarray(entries[name]) for name in entries.files}
        identity = json.loads(str(arrays["identity"]))
        expected = json.loads(json.dumps(run.identity()))
        pairs = {
            name: (identity.get(name), expected.get(name)) for name in {**expected, **identity}
        }
    except OSError as error:
        raise InputError(f"checkpoint {path}: {reason(error)}") from None
    except Exception:  # zip, zlib, the header's parser, JSON: whoever notices that it is damaged
        raise InputError(f"checkpoint {path}: allowed a file that a run has written") from None
    for name, (found, wanted) in pairs.items():
        if found != wanted:
            raise InputError(
                f"checkpoint {path}: made with {name} = {found}, this run has {wanted}; "
                "allowed a checkpoint of the same run"
            )
    if not {"digest", "code"} <= arrays.keys():
        raise InputError(f"checkpoint {path}: allowed one of this version of soilnb")
    if str(arrays["digest"]) != _digest(arrays):
        raise InputError(
            f"checkpoint {path}: its contents are not those of its digest; allowed a file that "
            "a run has written"
        )
    return arrays


def _check_series(series: Mapping[str, np.ndarray], day: int) -> None:
    """Refuse a record of other variables or days, or with what cannot be."""
    if set(series) != set(SERIES):
        raise InputError("allowed one of this version of soilnb")
    for name, values in series.items():
        if values.dtype != np.float64 or values.shape != (day + 1,):
            raise InputError(f"{name} of {values.shape} numbers; allowed {day + 1}, one a day")
        unknown = np.isnan(values) if SERIES[name][0] == "1" else np.zeros(1, bool)
        if not (np.isfinite(values) | unknown).all():
            raise InputError(f"{name} has NaN or infinite values; allowed numbers")


def _fields_of_days(
    entries: Mapping[str, np.ndarray], state: State
) -> dict[int, dict[str, np.ndarray]]:
    """Return the snapshots in a checkpoint by their days."""
    found: dict[int, dict[str, np.ndarray]] = {}
    for name, values in entries.items():
        day, _, field = name.partition(".")
        if not day.isdecimal() or field not in FIELDS:
            raise InputError(f"snapshot {name}: allowed one of this version of soilnb")
        if values.shape != state.shape or values.dtype != FIELDS[field][0]:
            raise InputError(
                f"snapshot {name} of {values.dtype} {values.shape}; allowed "
                f"{np.dtype(FIELDS[field][0])} {state.shape}"
            )
        found.setdefault(int(day), {})[field] = values
    lacking = [day for day, fields in found.items() if set(fields) != set(FIELDS)]
    if lacking:
        raise InputError(f"snapshots of {lacking} lack some fields; allowed all of them")
    return found


def check_different(scenario: object = None, **paths: str | os.PathLike | None) -> None:
    """Refuse to write over a file that the same run reads, or writes for another purpose.

    Parameters
    ----------
    scenario : object
        What the run was asked for: perhaps a file, too.
    **paths : path, optional
        ``output``, ``checkpoint`` and ``resume``; the last two may be one.
    """
    if isinstance(scenario, (str, os.PathLike)):
        paths["scenario"] = scenario
    places = {
        name: os.path.normcase(os.path.realpath(path))
        for name, path in paths.items()
        if path is not None
    }
    for name, place in places.items():
        for other, there in places.items():
            together = {name, other} in ({"checkpoint", "resume"}, {"resume", "scenario"})
            if name < other and place == there and not together:
                raise InputError(f"{name} = {other} = {str(paths[name])!r}: allowed two files")
