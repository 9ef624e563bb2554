"""Versioned baselines: results of the papers' size that ship with the package.

What is kept are results only (numbers of claims, thinned series), never observations, in one
text file each below ``baselines/``: the numbers of a paper's claims (``rotzer2025``), those of
the hypotheses that were tried (``hypotheses/rotzer2025``), runs of our own (``runs/pores``). All
begin with the same entries (`head`), among them a hash of the sources that decide the numbers.
When those have changed since, a file is *stale*, and every row that comes from it says so.

The programs in ``experiments/`` make them. Bad input raises `soilnb.parameters.InputError`.
"""

import hashlib
import json
import math
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import results
from soilnb.jobs import meaning, reason, writing
from soilnb.parameters import InputError, check_known

#: What decides an assimilation: the models, their forcing, the profiles and the chains.
_ASSIMILATION = (
    *(f"kernels/{name}.py" for name in ("layers", "tracer", "metropolis", "ode")),
    *("profile/clm5.py", "profile/compas.py", "profile/layered/*.py"),
    *("profile/clm5.toml", "profile/compas.toml", "profile/forcing/*.toml"),
    *("profile/forcing/*.py", "data/profiles/*.py"),
    *(f"proda/{name}.py" for name in ("chains", "convergence", "posterior", "observations/*")),
)

#: What decides a map of what was assimilated: the planet and the predictors.
_MAPS = (
    *(f"proda/globe/{name}.py" for name in ("__init__", "cells", "parameters", "runs")),
    *(
        f"proda/network/{name}.py"
        for name in ("fitting", "training", "ensemble", "crossvalidation")
    ),
    *("proda/covariates.py", "proda/cube.py", "proda/efficiency.py", "proda/models.py"),
)

#: The sources that decide the numbers of a paper's baseline, and those among them that do not.
SOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rotzer2025": (
        (
            *(f"kernels/{name}.py" for name in ("automaton", "outlines", "diffusion", "reaction")),
            *("pore/*.py", "pore/*.toml"),
        ),
        ("pore/ensemble.py", "pore/run_file.py"),
    ),
    "tao2023": (
        (
            *_ASSIMILATION, *_MAPS,
            *("proda/cue_soc.py", "proda/regressions.py", "proda/sensitivity/*.py"),
        ),
        (),
    ),
    "tao2024": ((*_ASSIMILATION, *_MAPS), ()),
}  # fmt: skip

#: Tables of runs of size ``paper`` that are kept with the numbers: coefficients and counts.
TABLES: dict[str, tuple[str, ...]] = {
    "tao2023": (
        *("tao2023-controls", "tao2023-tableED2", "tao2023-network"),
        *("tao2023-profiles", "tao2023-maps"),
        *("tao2023-components", "tao2023-needed", "tao2023-importance"),
    ),
    "tao2024": ("tao2024-agreement", "tao2024-variants"),
}

#: Significant digits of what is kept.
VALUE_DIGITS, SERIES_DIGITS, SPREAD_DIGITS = 8, 4, 2


def file(name: str) -> Path:
    """Return the file of a baseline, whether or not it exists."""
    return Path(str(resources.files("soilnb.claims") / "baselines" / f"{name}.json"))


def load(name: str) -> dict | None:
    """Return a baseline as it was kept, or None where there is none."""
    path = file(name)
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}); keep it again") from None


def needed(name: str, command: str) -> dict:
    """Return a baseline that has to be there; an error names the command that makes it.

    Examples
    --------
    >>> needed("runs/pores", "python -m experiments.pore_runs")["command"]
    'python -m experiments.pore_runs'
    """
    kept = load(name)
    if kept is None:
        raise InputError(f"{file(name)} is not there; make it: {command}")
    return kept


def head(
    name: str,
    *,
    command: str,
    data: str,
    sources: str | None = None,
    size: str = "paper",
    day: str | None = None,
) -> dict[str, object]:
    """Return the first entries of a baseline: what its numbers rest on.

    Parameters
    ----------
    name, command : str
        Of the baseline, and what made it, so that a reader can repeat it.
    data : str
        What the numbers rest on, in the words of `soilnb.claims.DATA`.
    sources : str, optional
        The paper whose `SOURCES` decide them; `name` when left out.
    size : {"paper", "quick"}
        Size of the run.
    day : str, optional
        Day of the run, ``YYYY-MM-DD``; today when left out.
    """
    check_known("size", size, results.SIZES)
    if not command.strip():
        raise InputError(f"command = {command!r}: allowed the command that made the numbers")
    try:
        day = date.fromisoformat(day).isoformat() if day else date.today().isoformat()
    except ValueError:
        raise InputError(f"day = {day!r}: allowed YYYY-MM-DD") from None
    sources = sources or name
    about = {"name": name, "size": size, "data": data, "date": day, "command": command}
    decided = {"sources": sources, "hash": source_hash(sources)}
    return about | decided | {"environment": environment()}


def environment() -> dict[str, str]:
    """Return what could change a result besides the sources: versions, and the machine.

    A change of the last bits alone does not: over sixty days of the pores a relative change of
    1e-12 in the diffusion coefficient moves no pool by more than 3e-13.
    """
    packages = {name: version(name) for name in ("numpy", "numba", "scipy")}
    machine = f"{sys.platform} {platform.machine()}"
    return {"python": platform.python_version(), **packages, "machine": machine}


def source_hash(paper: str, package: Path | None = None) -> str:
    """Return the hash of the sources (see `SOURCES`) that decide the numbers of a paper's baseline.

    They are read in the folder `package`, else in this package.
    """
    check_known("paper with a baseline", paper, SOURCES)
    package = package or Path(str(resources.files("soilnb")))
    named, without = SOURCES[paper]
    found = {path for pattern in named for path in package.glob(pattern)}
    digest = hashlib.sha256()
    for path in sorted(found - {package / name for name in without}):
        name = path.relative_to(package).as_posix()
        digest.update(f"{name}\0{meaning(path)}\0".encode())
    return digest.hexdigest()


def stale(kept: Mapping) -> bool:
    """Return whether the sources have changed since a baseline was kept."""
    return kept["hash"] != source_hash(kept["sources"])


def write(kept: Mapping) -> Path:
    """Write a baseline, all of it or nothing; returns the file."""
    path = file(kept["name"])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as part:
            part.write_text(_text(kept), encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {reason(error)}") from None
    return path


def _text(kept: Mapping) -> str:
    """Return a baseline as JSON with one entry of each list and mapping a line."""
    dump = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
    parts = []
    for key, value in kept.items():
        if isinstance(value, Mapping):
            lines = [f"{json.dumps(k)}:{json.dumps(v, **dump)}" for k, v in value.items()]
            body = "{\n" + ",\n".join(lines) + "\n}"
        elif isinstance(value, list):
            body = "[\n" + ",\n".join(json.dumps(item, **dump) for item in value) + "\n]"
        else:
            body = json.dumps(value, **dump)
        parts.append(f"{json.dumps(key)}:{body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def rounded(value: float | None, digits: int = VALUE_DIGITS) -> float | int | None:
    """Return a number with so many significant digits; None for what is no finite number."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short == int(short) and abs(short) < 1e15 else short


def short(value: object) -> object:
    """Return a value of a table as it is kept: numbers with `SERIES_DIGITS`, all else as it is.

    Examples
    --------
    >>> short(1 / 3), short("temperate")
    (0.3333, 'temperate')
    """
    return rounded(value, SERIES_DIGITS) if isinstance(value, float) else value


# --- Series ------------------------------------------------------------------------------------


def pack(named: Mapping[str, xr.Dataset]) -> dict[str, object]:
    """Return Datasets over ``statistic`` and ``time`` as plain lists, one entry a variable."""
    packed: dict[str, object] = {}
    for name, data in named.items():
        packed[name] = {key: _plain(value) for key, value in data.attrs.items()}
        packed[f"{name}/time"] = [rounded(day) for day in data.time.values.tolist()]
        for variable, values in data.items():
            mean, spread = values.sel(statistic=["mean", "sd"]).values.tolist()
            packed[f"{name}/{variable}"] = {
                "mean": [rounded(value, SERIES_DIGITS) for value in mean],
                "sd": [rounded(value, SPREAD_DIGITS) for value in spread],
                **{key: _plain(value) for key, value in values.attrs.items()},
            }
    return packed


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def series(paper: str) -> dict[str, xr.Dataset]:
    """Return the thinned series of a paper's baseline by name; empty without a baseline.

    For rotzer2025 ``"default/reference"`` is preset and scenario. Variables are over ``statistic``
    (``mean`` and ``sd`` over the seeds) and ``time``; ``.sel(statistic="mean")`` is like one run.
    """
    kept = load(paper) or {}
    packed = kept.get("series", {})
    return {
        key.removesuffix("/time"): _unpack(key.removesuffix("/time"), packed)
        for key in packed
        if key.endswith("/time")
    }


def _unpack(name: str, packed: Mapping) -> xr.Dataset:
    found = {}
    for key, entry in packed.items():
        variable = key.removeprefix(f"{name}/")
        if key == variable or variable == "time":
            continue
        entry = dict(entry)
        values = np.array([entry.pop("mean"), entry.pop("sd")], float)
        found[variable] = (("statistic", "time"), values, entry)
    about = {"units": "d", "long_name": "time since the initial aggregation"}
    time = ("time", np.array(packed[f"{name}/time"], float), about)
    coords = {"statistic": ["mean", "sd"], "time": time}
    return xr.Dataset(found, coords=coords, attrs=packed[name])


# --- Tables ------------------------------------------------------------------------------------


def pack_table(path: Path) -> list[dict[str, object]]:
    """Return the rows of a table (CSV) with rounded numbers; None where a cell is empty."""
    data = pd.read_csv(path)
    data = data.drop(columns=[name for name in data if str(name).startswith("Unnamed")])
    return [
        {str(name): short(value) for name, value in row.items()} for row in data.to_dict("records")
    ]


def table(paper: str, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a table of a paper's baseline, as a run of size ``paper`` saved it (see `TABLES`).

    Of `columns`, where given, the first becomes the index. ``attrs`` has size, date and command of
    the run; one row says so where none is kept.

    Examples
    --------
    >>> int(table("tao2023", "tao2023-tableED2")["n"].max())
    350
    """
    check_known("paper with kept tables", paper, TABLES)
    check_known("kept table", name, TABLES[paper])
    kept = load(paper) or {}
    rows = kept.get("tables", {}).get(name)
    if not rows:
        return pd.DataFrame({"note": ["no run of size paper is kept"]})
    data = pd.DataFrame(rows)
    if columns is not None:
        data = data[list(columns)].set_index(columns[0])
    data.attrs = {key: kept[key] for key in ("size", "date", "command")}
    return data
