"""What a result rests on, as one hash: equal hashes mean that making it again changes nothing."""

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

from soilnb import results
from soilnb.data import folders
from soilnb.jobs import writing
from soilnb.pipeline import reach
from soilnb.pipeline.notebooks import read

PACKAGE = Path(__file__).resolve().parent.parent

#: Libraries whose version can change a number or a picture.
LIBRARIES = ("numpy", "numba", "scipy", "xarray", "matplotlib", "pandas", "ipywidgets")

#: Cell metadata that a reader of the result sees; the rest is noise of the editor.
SEEN = ("tags", "mystnb", "jupyter")


def fingerprint(path: Path, parameters: Mapping[str, object], size: str) -> str:
    """Return the hash of everything that a run rests on, except its data sets.

    It covers the text of the notebook, the parameters, the size, the code and tables of the
    package that the notebook reaches by imports, and the versions of Python and the main
    libraries. Outputs, counters and editor settings of the notebook do not count. Which data sets
    a notebook opens, its run says: see `data_state`.
    """
    content = read(path)
    parts = {
        "notebook": _seen(content),
        "parameters": {name: repr(value) for name, value in parameters.items()},
        "size": size,
        "package": _package(content),
        "python": platform.python_version(),
        "libraries": _libraries(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def kept(name: str, code: Iterable[str], make: Callable[[], str], *files: str) -> str:
    """Return a text from the results, made again if what it rests on has changed.

    Parameters
    ----------
    name : str
        Its file, below the folder of all results.
    code : iterable of str
        Python that imports what the text is made with.
    make : callable
        Makes the text.
    *files : str
        Files of the package that it rests on beyond what the code reaches.
    """
    parts = {
        "package": _hashed([*map(Path, files), *reach.files(code, PACKAGE)]),
        "libraries": _libraries(),
        "data": data_state(),
    }
    head = f"<!-- {hashlib.sha256(json.dumps(parts).encode()).hexdigest()} -->\n"
    path = results.root() / name
    if path.is_file() and (text := path.read_text(encoding="utf-8")).startswith(head):
        return text.removeprefix(head)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = make()
    with writing(path) as part:
        part.write_text(head + made, encoding="utf-8", newline="\n")
    return made


@cache
def _libraries() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}


def data_state() -> dict[str, list]:
    """Return the files of each data set that is there, local or downloaded: size and time."""
    found: dict[str, list] = {}
    for kind, place in (("local", folders.root()), ("downloaded", folders.cache() / "data")):
        for folder in sorted(place.iterdir()) if place and place.is_dir() else []:
            found.setdefault(folder.name, []).extend(_files(kind, folder))
    return found


def _seen(content: Mapping) -> dict:
    cells = [
        {
            "type": cell["cell_type"],
            "source": cell["source"],
            "attachments": cell.get("attachments", {}),
            "seen": {k: v for k, v in cell.get("metadata", {}).items() if k in SEEN},
        }
        for cell in content["cells"]
    ]
    return {"cells": cells, "mystnb": content.get("metadata", {}).get("mystnb")}


def _package(content: Mapping) -> str:
    """Hash every file of the package that a notebook's result can depend on."""
    code = [cell["source"] for cell in content["cells"] if cell["cell_type"] == "code"]
    return _hashed([PACKAGE / "pipeline" / "worker.py", *reach.files(code, PACKAGE)])


def _hashed(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            state = path.stat()
            digest.update(_entry(path, state.st_size, state.st_mtime_ns))
    return digest.hexdigest()


@lru_cache(maxsize=2048)
def _entry(path: Path, size: int, time: int) -> bytes:
    """Name, size and content of a file of the package, read once while it is the same."""
    inside = path.relative_to(PACKAGE).as_posix()
    return f"{inside}\0{size}\0".encode() + path.read_bytes()


def _files(kind: str, folder: Path) -> list[list]:
    found = ((p, p.stat()) for p in sorted(folder.rglob("*")) if p.is_file())
    return [[kind, str(p.relative_to(folder)), s.st_size, s.st_mtime_ns] for p, s in found]
