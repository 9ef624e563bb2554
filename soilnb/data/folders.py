"""Where data lie: the folder a user names, and the cache for what `fetch` downloads.

``SOILNB_DATA`` is a folder with one folder per data set. ``SOILNB_CACHE`` replaces the
cache folder of the operating system. Both must be absolute: a relative path would mean a
different place for each notebook.
"""

import os
from pathlib import Path

import pooch

from soilnb.parameters import InputError

#: File in the folder of a run that names the data sets which its results depend on.
OPENED = ".opened"


def root() -> Path | None:
    """Return the folder that ``SOILNB_DATA`` names, or None when it is not set.

    Raises
    ------
    InputError
        When the path is relative, or no folder.
    """
    folder = _absolute("SOILNB_DATA")
    if folder is not None and not folder.is_dir():
        raise InputError(f"SOILNB_DATA = {str(folder)!r}: no such folder; allowed an existing one")
    return folder


def cache() -> Path:
    """Return the cache folder; it need not exist yet.

    Raises
    ------
    InputError
        When ``SOILNB_CACHE`` is relative.
    """
    return _absolute("SOILNB_CACHE") or Path(pooch.os_cache("soilnb"))


def note(name: str) -> None:
    """Tell the run that is under way, if there is one, that a data set or its absence matters."""
    run = os.environ.get("SOILNB_RUN_DIR")
    if run:
        with open(Path(run) / OPENED, "a", encoding="utf-8") as stream:
            stream.write(f"{name}\n")


def _absolute(variable: str) -> Path | None:
    value = os.environ.get(variable, "")
    if not value:
        return None
    if not os.path.isabs(value):
        raise InputError(f"{variable} = {value!r}: allowed an absolute path")
    return Path(value)
