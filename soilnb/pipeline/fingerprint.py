"""What a run rests on, as one hash: equal hashes mean that running again would change nothing."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from soilnb.data import folders
from soilnb.pipeline.notebooks import read

__all__ = ["fingerprint"]

PACKAGE = Path(__file__).resolve().parent.parent

#: Libraries whose version can change a number or a picture.
LIBRARIES = ("numpy", "numba", "scipy", "xarray", "matplotlib", "pandas", "ipywidgets")

#: Cell metadata that a reader of the result sees; the rest is noise of the editor.
SEEN = ("tags", "mystnb", "jupyter")


def fingerprint(path: Path, parameters: Mapping[str, object], size: str) -> str:
    """Return the hash of everything that a run rests on.

    It covers the text of the notebook, the parameters, the size, the code and tables of the
    package, the versions of Python and the main libraries, and the state of the data sets.
    Outputs, counters and editor settings of the notebook do not count.
    """
    parts = {
        "notebook": _notebook(path),
        "parameters": {name: repr(value) for name, value in parameters.items()},
        "size": size,
        "package": _package(PACKAGE),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "data": _data(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _notebook(path: Path) -> dict:
    content = read(path)
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


def _package(package: Path) -> str:
    """Hash every file of the package that a notebook's result can depend on."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        if path.is_file() and _counts(inside):
            digest.update(f"{inside.as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _counts(inside: Path) -> bool:
    # The command line and the book stand above the runs: they cannot change a result.
    above = inside.parts[0] in ("cli.py", "pipeline") and inside.name != "worker.py"
    noise = any(part in ("__pycache__", "_notebooks") or part[0] == "." for part in inside.parts)
    return not (above or noise)


def _data() -> dict[str, list]:
    """Return names, sizes and times of the local and the downloaded data files."""
    local = folders.root()
    downloaded = _files(folders.cache() / "data")
    return {"local": _files(local) if local else [], "downloaded": downloaded}


def _files(folder: Path) -> list:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [(str(p.relative_to(folder)), p.stat().st_size, p.stat().st_mtime_ns) for p in found]
