"""The registry of data sets: how they are found, checked, opened, listed and downloaded.

What each data set is, and where it comes from, stands in `soilnb.data.records`.

`open_dataset` looks in the folder that ``SOILNB_DATA`` names, then in the download cache. If
the data set lies in neither, its synthetic twin stands in, marked
``attrs["provenance"] = "synthetic"`` and announced by one line. Only `fetch` downloads.

A file that is there must be the published one: its SHA-256 is compared whenever the data set
is opened, and another file is refused by name, never replaced by the twin.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pandas as pd
import pooch
import xarray as xr

import soilnb
from soilnb.data import folders
from soilnb.data.records import RECORDS, File, Record
from soilnb.jobs import making, reason
from soilnb.parameters import InputError, unknown

_hashes: dict[tuple[str, int, int], str] = {}
_announced: set[str] = set()


def open_dataset(name: str, *, twin: bool | None = None) -> xr.Dataset:
    """Open a data set by name.

    Parameters
    ----------
    name : str
        Name in the registry; `datasets` lists them.
    twin : bool, optional
        True asks for the synthetic twin, False refuses it. By default it stands in, with one
        visible line, where the data are not at hand.

    Returns
    -------
    Dataset
        With ``title``, ``citation``, ``licence``, ``provenance`` ("real", "synthetic" or
        "published table"), ``source`` and ``soilnb_version`` in its attributes.

    Raises
    ------
    InputError
        For an unknown name, a wrong ``SOILNB_DATA``, a missing or altered file, or a data set
        that is not at hand and whose twin is refused or does not exist.
    """
    record = _record(name)
    if record.in_package:
        if twin:
            raise InputError(f"data set {name!r} has no twin: the package holds its table")
        dataset = record.reader()
        return _with_provenance(dataset, record, "published table", dataset.attrs["source"])
    folder = None if twin else _locate(name)
    if folder is not None:
        return _with_provenance(record.reader(folder), record, "real", record.source)
    if record.twin is None:
        missing = "" if twin else "is not at hand and "
        raise InputError(f"data set {name!r} {missing}has no twin; {_how_to_get(name)}")
    if twin is False:
        raise InputError(f"data set {name!r} is not at hand; {_how_to_get(name)}")
    if twin is None:
        _announce(name)
    return _with_provenance(record.twin(), record, "synthetic", record.twin_source)


def datasets() -> pd.DataFrame:
    """Return the registry as a table: name, title, licence, state, url, citation.

    State is ``in the package``, ``local`` (in ``SOILNB_DATA``), ``downloaded``,
    ``downloadable`` or ``local only`` (no upstream file to download); the last two with
    ``synthetic twin`` where one stands in; ``refused: ...`` where a file is missing or altered.

    Raises
    ------
    InputError
        When ``SOILNB_DATA`` or ``SOILNB_CACHE`` is not what it may be.
    """
    folders.root(), folders.cache()
    rows = [
        (name, record.title, record.licence, _state(name), record.url, record.citation)
        for name, record in RECORDS.items()
    ]
    return pd.DataFrame(rows, columns=["name", "title", "licence", "state", "url", "citation"])


def at_hand(name: str) -> bool:
    """Say whether a data set can be opened as it is, without its twin.

    Parameters
    ----------
    name : str
        Name in the registry.

    Raises
    ------
    InputError
        For an unknown name, a wrong ``SOILNB_DATA``, or a missing or altered file.
    """
    return _record(name).in_package or _locate(name) is not None


def fetch(name: str, *, progress: bool = True) -> Path:
    """Download the files of a data set to the cache, all of them or none.

    Parameters
    ----------
    name : str
        Name in the registry.
    progress : bool
        Whether to show a progress bar per file.

    Returns
    -------
    Path
        The folder with the files.

    Raises
    ------
    InputError
        For an unknown name, a data set without upstream files, a failed download, or a file
        whose SHA-256 is not the registered one.
    """
    record = _record(name)
    if record.in_package:
        raise InputError(f"data set {name!r}: nothing to download, the package holds its table")
    if not record.downloadable:
        raise InputError(f"data set {name!r}: no file to download; {_how_to_get(name)}")
    target = _download_folder(name)
    if target.is_dir() and _fault(record, target) is None:
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with making(target) as complete:
            for file in record.files:
                if file.url:
                    _download(name, file, complete, progress)
    except OSError as error:
        raise InputError(f"data set {name!r}: cannot write to {target}: {reason(error)}") from None
    return target


def _record(name: str) -> Record:
    if name not in RECORDS:
        raise unknown("data set", name, RECORDS)
    return RECORDS[name]


def _download_folder(name: str) -> Path:
    return folders.cache() / "data" / name


def _locate(name: str) -> Path | None:
    """Return the folder with the checked files of a data set, or None where there is none."""
    folders.note(name)
    record, root = RECORDS[name], folders.root()
    for folder in ([root / name] if root else []) + [_download_folder(name)]:
        if folder.is_dir():
            fault = _fault(record, folder)
            if fault:
                raise InputError(f"data set {name!r}: {fault}")
            return folder
    return None


def _fault(record: Record, folder: Path) -> str | None:
    """Return what is wrong with the files in a folder, in words, or None."""
    for name in record.present:
        if not (folder / name).is_file():
            return f"{folder / name} is missing; needed for this data set"
    for file in record.files:
        path = folder / file.name
        if file.optional and not path.exists():
            continue
        try:
            actual = _sha256(path)
        except OSError as error:
            return f"{path} cannot be read ({error.strerror}); needed for this data set"
        if actual != file.sha256:
            return (
                f"{path} is not the published file: SHA-256 {actual[:12]}..., "
                f"expected {file.sha256[:12]}..."
            )
    return None


def _sha256(path: Path) -> str:
    """SHA-256 of a file, computed once for a path, size and modification time."""
    status = path.stat()
    key = (os.fspath(path), status.st_size, status.st_mtime_ns)
    if key not in _hashes:
        _hashes[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return _hashes[key]


def _state(name: str) -> str:
    folders.note(name)
    record, root = RECORDS[name], folders.root()
    if record.in_package:
        return "in the package"
    places = [("local", root / name)] if root else []
    for state, folder in [*places, ("downloaded", _download_folder(name))]:
        if folder.is_dir():
            fault = _fault(record, folder)
            return f"refused: {fault}" if fault else state
    state = "downloadable" if record.downloadable else "local only"
    return f"{state}, synthetic twin" if record.twin else state


def _how_to_get(name: str) -> str:
    by_hand = f"put it into the folder {name!r} of SOILNB_DATA (from {RECORDS[name].url})"
    fetched = f"run `soilnb data fetch {name}` or "
    return (fetched if RECORDS[name].downloadable else "") + by_hand


def _announce(name: str) -> None:
    if name not in _announced:
        _announced.add(name)
        text = f"note: {name!r} is a synthetic twin; for the real data {_how_to_get(name)}"
        print(text, file=sys.stderr)


def _with_provenance(
    dataset: xr.Dataset, record: Record, provenance: str, source: str
) -> xr.Dataset:
    synthetic = provenance == "synthetic"
    return dataset.assign_attrs(
        title=f"Synthetic twin of: {record.title}" if synthetic else record.title,
        citation=record.citation,
        licence="synthetic, made by this package" if synthetic else record.licence,
        provenance=provenance,
        source=source,
        soilnb_version=soilnb.__version__,
    )


def _download(name: str, file: File, folder: Path, progress: bool) -> None:
    expected = f"sha256:{file.sha256}"
    try:
        pooch.retrieve(file.url, expected, fname=file.name, path=folder, progressbar=progress)
    except OSError as error:  # the errors of requests are OSErrors
        raise InputError(
            f"data set {name!r}: {file.url} cannot be downloaded: {_why_not(error)}"
        ) from None
    except ValueError as error:  # pooch has deleted the file and says both hashes
        raise InputError(f"data set {name!r}: {str(error).partition('. ')[0]}") from None


def _why_not(error: OSError) -> str:
    response = getattr(error, "response", None)
    if response is None:
        return type(error).__name__
    response.close()  # pooch leaves the connection of a refused request open
    return f"status {response.status_code}"
