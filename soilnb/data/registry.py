"""The registry of data sets: how they are found, checked, opened, listed and downloaded.

What each data set is, and where it comes from, stands in ``records.toml`` beside this module.

`open_dataset` looks in the folder that ``SOILNB_DATA`` names, then in the download cache. If
the data set lies in neither, its synthetic twin stands in, marked
``attrs["provenance"] = "synthetic"`` and announced by one line. Only `fetch` downloads.

A file that is there must be the published one: its SHA-256 is compared whenever the data set
is opened, and another file is refused by name, never replaced by the twin.
"""

import hashlib
import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pooch
import xarray as xr

import soilnb
from soilnb.data import folders, incubations, planet, readers, twins
from soilnb.jobs import making, reason
from soilnb.parameters import InputError, check_known


@dataclass(frozen=True)
class File:
    """One file of a data set: its name here, its SHA-256, and its URL upstream if it has one.

    An optional file is checked where it lies, and may be absent.
    """

    name: str
    sha256: str
    url: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Record:
    """What the registry knows about one data set."""

    #: For people; `url` is the page or repository that publishes the data.
    title: str
    citation: str
    licence: str
    url: str
    #: Takes the folder with the files, or nothing where the package holds the table.
    reader: Callable[..., xr.Dataset]
    files: tuple[File, ...] = ()  #: Empty where the package holds the table.
    #: Names of further files that must be there; their content is not compared.
    present: tuple[str, ...] = ()
    #: Pattern of a file that stands in place of `files`, of whatever release it is; the reader
    #: notes which.
    release: str = ""
    release_url: str = ""  #: Where the releases come from.
    twin: Callable[[], xr.Dataset] | None = None  #: Makes the synthetic stand-in.
    twin_source: str = ""  #: What the twin is, in words.

    @property
    def in_package(self) -> bool:
        """Whether the package itself holds the table."""
        return not self.files and not self.present

    @property
    def downloadable(self) -> bool:
        """Whether every file that is needed has a URL upstream and a checksum."""
        needed = [file for file in self.files if not file.optional]
        return bool(needed) and all(file.url for file in needed) and not self.present

    @property
    def source(self) -> str:
        """Where the files come from, in words."""
        named = [file.url or f"{self.url} ({file.name})" for file in self.files]
        if self.present:
            named.append(f"{self.url} ({len(self.present)} files)")
        return "; ".join(named)


def _read(entry: dict) -> Record:
    """Return the record of one table of ``records.toml``."""

    def function(key: str) -> Callable | None:
        module, _, name = entry.pop(key, "").partition(".")
        return getattr(_MODULES[module], name) if module else None

    present = function("present")
    files = tuple(File(**file) for file in entry.pop("files", ()))
    found = {"reader": function("reader"), "twin": function("twin"), "files": files}
    return Record(**found, present=present() if present else (), **entry)


_MODULES = {"readers": readers, "incubations": incubations, "planet": planet, "twins": twins}

#: The data sets by name; a name is also the name of the folder in ``SOILNB_DATA``.
RECORDS = {
    name: _read(entry)
    for name, entry in tomllib.loads(
        Path(__file__).with_name("records.toml").read_text(encoding="utf-8")
    ).items()
}

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

    Examples
    --------
    >>> sites = open_dataset("lter")
    >>> len(sites["site"]), sites.attrs["provenance"]
    (14, 'published table')
    """
    record = _record(name)
    if record.in_package:
        if twin:
            raise InputError(f"data set {name!r} has no twin: the package holds its table")
        dataset = record.reader()
        return _with_provenance(dataset, record, "published table", dataset.attrs["source"])
    folder = None if twin else _locate(name)
    if folder is not None:
        dataset = record.reader(folder)
        return _with_provenance(dataset, record, "real", dataset.attrs.get("source", record.source))
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

    Examples
    --------
    >>> list(datasets().columns)
    ['name', 'title', 'licence', 'state', 'url', 'citation']
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

    Examples
    --------
    >>> folder = fetch("testbed")  # doctest: +SKIP
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
            _download(name, complete, progress)
    except OSError as error:
        raise InputError(f"data set {name!r}: cannot write to {target}: {reason(error)}") from None
    return target


def _record(name: str) -> Record:
    check_known("data set", name, RECORDS)
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
    registered = [file.name for file in record.files if (folder / file.name).exists()]
    if record.release and not registered and any(folder.glob(record.release)):
        return None
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
                f"expected {file.sha256[:12]}...{_changed_line_ends(path, file.sha256)}"
            )
    return None


def _sha256(path: Path) -> str:
    """SHA-256 of a file, computed once for a path, size and modification time."""
    status = path.stat()
    key = (os.fspath(path), status.st_size, status.st_mtime_ns)
    if key not in _hashes:
        _hashes[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return _hashes[key]


def _changed_line_ends(path: Path, expected: str) -> str:
    """Say so where a file is the published one but for its line ends."""
    plain = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for ends in (b"\n", b"\r\n", b"\r"):
        if hashlib.sha256(plain.replace(b"\n", ends)).hexdigest() == expected:
            return "; only its line ends were changed, as git (core.autocrlf) or an editor does"
    return ""


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
    record = RECORDS[name]
    files = [file.name for file in record.files] + list(record.present)
    named = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    by_hand = f"put it into the folder {name!r} of SOILNB_DATA ({named} from {record.url}"
    by_hand += f"; or {record.release} from {record.release_url})" if record.release else ")"
    fetched = f"run `soilnb data fetch {name}` or "
    return (fetched if record.downloadable else "") + by_hand


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


def _download(name: str, folder: Path, progress: bool) -> None:
    """Download the files of a data set that have an address, each checked by its SHA-256."""
    files = [file for file in RECORDS[name].files if file.url]
    source = pooch.create(
        folder,
        base_url="",
        registry={file.name: f"sha256:{file.sha256}" for file in files},
        urls={file.name: file.url for file in files},
    )
    for file in files:
        try:
            source.fetch(file.name, progressbar=progress)
        except OSError as error:  # the errors of requests are OSErrors
            line = (
                f"data set {name!r}: {file.url} cannot be downloaded: {_why_not(error)}; or get it "
            )
            line += f"elsewhere and put it, as {file.name}, into the folder {name!r} of SOILNB_DATA"
            raise InputError(line) from None
        except ValueError as error:  # pooch has deleted the file and says both hashes
            raise InputError(f"data set {name!r}: {str(error).partition('. ')[0]}") from None


def _why_not(error: OSError) -> str:
    response = getattr(error, "response", None)
    if response is None:
        return type(error).__name__
    response.close()  # pooch leaves the connection of a refused request open
    return f"status {response.status_code}"
