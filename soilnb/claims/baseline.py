"""Versioned baselines: results of the papers' size that ship with the package.

A run of size ``paper`` may take an hour; the book shows its numbers and curves without repeating
it. A baseline holds results only (numbers of claims, thinned series), never observations, in one
text file a paper, `baselines/<paper>.json`, with the command, parameters and seeds that made it
and a hash of the sources that decide its numbers. When those sources have changed since, the
baseline is *stale*, and every row that comes from it says so.

`soilnb.claims.keep` writes a baseline, after checking it against the claims.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.jobs import reason, writing
from soilnb.parameters import InputError, unknown

#: What decides an assimilation: the models, their forcing, the profiles and the chains.
_ASSIMILATION = (
    *("kernels/layers.py", "kernels/metropolis.py"),
    *(f"profile/{name}*.py" for name in ("clm5", "compas", "layered", "diagnostics")),
    *("profile/forcing/*.py", "data/profiles/*.py"),
    *(f"proda/{name}.py" for name in ("chains", "posterior", "observations", "covariates")),
)

#: What decides a map of what was assimilated: the planet and the predictors.
_MAPS = (
    *(f"proda/globe/{name}.py" for name in ("__init__", "cells", "mapping", "components")),
    *(f"proda/network/{name}.py" for name in ("fitting", "dense", "ensemble", "crossvalidation")),
    *("proda/predictors.py", "proda/skill.py"),
)

#: The sources that decide the numbers of a paper's baseline, and those among them that do not.
SOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rotzer2025": (
        (
            *(f"kernels/{name}.py" for name in ("automaton", "outlines", "diffusion", "reaction")),
            "pore/*.py",
        ),
        ("pore/ensemble.py", "pore/kept.py"),
    ),
    "tao2023": (
        (
            *_ASSIMILATION, *_MAPS,
            *("proda/controls.py", "proda/regressions.py", "proda/sensitivity/*.py"),
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


def file(paper: str) -> Path:
    """Return the file of a paper's baseline, whether or not it exists."""
    return Path(str(resources.files("soilnb.claims") / "baselines" / f"{paper}.json"))


def load(paper: str) -> dict | None:
    """Return a paper's baseline as it was kept, or None where there is none.

    Raises
    ------
    InputError
        When the file cannot be read.
    """
    path = file(paper)
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}); keep it again") from None


def source_hash(paper: str, package: Path | None = None) -> str:
    """Return the hash of the sources that decide the numbers of a paper's baseline.

    Parameters
    ----------
    paper : str
        One of `SOURCES`.
    package : Path, optional
        Folder of the package; this one when left out.

    Raises
    ------
    InputError
        For a paper whose sources are not listed in `SOURCES`.
    """
    if paper not in SOURCES:
        raise unknown("paper with a baseline", paper, SOURCES)
    package = package or Path(str(resources.files("soilnb")))
    named, without = SOURCES[paper]
    found = {path for pattern in named for path in package.glob(pattern)}
    digest = hashlib.sha256()
    for path in sorted(found - {package / name for name in without}):
        name = path.relative_to(package).as_posix()
        digest.update(f"{name}\0{_meaning(path.read_text(encoding='utf-8'))}\0".encode())
    return digest.hexdigest()


def _meaning(source: str) -> str:
    """Return what a module says to the machine: its syntax tree without docstrings."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.unparse(tree)


def stale(kept: Mapping) -> bool:
    """Return whether the sources have changed since a baseline was kept."""
    return kept["hash"] != source_hash(kept["paper"])


def write(kept: Mapping, path: Path | None = None) -> Path:
    """Write a baseline, all of it or nothing; returns the file.

    Parameters
    ----------
    kept : mapping
        With ``paper``, and whatever else is to be kept.
    path : Path, optional
        Where; the file of the paper's baseline when left out.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    path = path or file(kept["paper"])
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
    """Return the thinned series of a paper's baseline.

    Returns
    -------
    dict of str to Dataset
        By name (for rotzer2025 ``"default/reference"``, preset and scenario): variables over
        ``statistic`` (``mean`` and ``sd`` over the seeds) and ``time``. Empty without a baseline.
        ``.sel(statistic="mean")`` has the form of one run.
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
        {
            str(name): rounded(value, SERIES_DIGITS) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in data.to_dict("records")
    ]


def table(paper: str, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a table of a paper's baseline, as a run of size ``paper`` saved it.

    Parameters
    ----------
    paper : str
        One of `TABLES`.
    name : str
        Name of the table.
    columns : sequence of str, optional
        Columns to show; the first becomes the index.

    Returns
    -------
    DataFrame
        With ``attrs``: size, date and command of the run. One row that says so where none is kept.

    Raises
    ------
    InputError
        For a paper or a table that is not kept.
    """
    if paper not in TABLES:
        raise unknown("paper with kept tables", paper, TABLES)
    if name not in TABLES[paper]:
        raise unknown("kept table", name, TABLES[paper])
    kept = load(paper) or {}
    rows = kept.get("tables", {}).get(name)
    if not rows:
        return pd.DataFrame({"note": ["no run of size paper is kept"]})
    data = pd.DataFrame(rows)
    if columns is not None:
        data = data[list(columns)].set_index(columns[0])
    data.attrs = {key: kept[key] for key in ("size", "date", "command")}
    return data
