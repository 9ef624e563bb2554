"""What a file of a user would be understood as, for `soilnb check`: nothing is run or changed.

The ending and the first bytes say what a file is: soil pits, sites or a year of weather as a table,
a scenario, an image, or a forcing.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from soilnb.data.profiles import files
from soilnb.parameters import InputError
from soilnb.profile.site import RECORDS

#: Endings of images.
IMAGES = (".png", ".tif", ".tiff", ".npy", ".gif", ".bmp", ".pbm", ".jpg", ".jpeg", ".webp")

#: How netCDF files begin, of the old kind and of the new.
NETCDF = (b"CDF", b"\x89HDF")


class Understood(NamedTuple):
    """A table of what was understood, and notes on it."""

    head: list[str]
    rows: list[tuple]
    notes: list[str]


def understood(path: str | Path, columns: Mapping, units: Mapping, **options: object) -> Understood:
    """Say how a file would be understood: a table, a scenario, an image or a forcing.

    `columns`, `units` and the options are, for a table of soil pits, those of
    `soilnb.proda.observations.read_csv`; for an image `columns` has the value of each phase.
    """
    kinds = {".toml": _scenario, **dict.fromkeys(IMAGES, _image)}
    read = _table if "://" in str(path) else kinds.get(Path(path).suffix.lower(), _table)
    with contextlib.suppress(OSError, ValueError), open(path, "rb") as file:
        read = _forcing if file.read(4).startswith(NETCDF) else read
    return read(path, columns, units, **options)


def _table(path: Path, columns: Mapping, units: Mapping, **options: object) -> Understood:
    read: Callable = _pits
    if not columns:
        table = files.read(path, options.get("sheet"), whole=False,
                           encoding=options.get("encoding"))  # fmt: skip
        names = {str(name).strip().lower() for name in table.columns}
        if names & {"month", "mon", "timestamp"}:
            read = _year
        elif len(names & set(RECORDS)) > 1 and not names & {"top", "bottom", "profile"}:
            read = _sites
    return read(path, columns, units, **options)


def _pits(path: Path, columns: Mapping, units: Mapping, **options: object) -> Understood:
    from soilnb.proda import observations

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", observations.ReadingWarning)
        try:
            found = observations.read_csv(path, columns, units=units, **options)
        except InputError as error:
            ways = [_as_options(way) for way in error.proposals.values()]
            raise InputError(" or ".join([f"{error}; here: {ways[0]}", *ways[1:]]) if ways else
                             str(error)) from None  # fmt: skip
    table = observations.describe(found)
    rows = [tuple(row) for row in table.reset_index().itertuples(index=False)]
    return Understood([table.index.name, *table.columns], rows, table.attrs["notes"])


def _as_options(way: Mapping[str, Mapping[str, str]]) -> str:
    """Return what a refusal proposes as options of the command line."""
    flag = {"columns": "-c", "units": "-u"}
    return " ".join(f"{flag[name]} '{key}={text}'" for name, entries in way.items()
                    for key, text in entries.items())  # fmt: skip


def _sites(path: Path, *_: object, **__: object) -> Understood:
    from soilnb.profile import site

    table = site.read_csv(path)
    place = site.read(table, ())
    for key in table:
        site.check(place, key, place[key])
    rows = [(key, RECORDS[key].unit, f"{table[key].min():g} to {table[key].max():g}")
            for key in table]  # fmt: skip
    return Understood(["key of a site", "unit", "values"], rows, [f"{len(table)} sites"])


def _year(path: Path, columns: Mapping, units: Mapping, **_: object) -> Understood:
    from soilnb.profile import forcing

    year = forcing.read_monthly(path, units=units)
    rows = [(name, values.attrs["units"], f"{values.min():.3g} to {values.max():.3g}")
            for name, values in year.data_vars.items()]  # fmt: skip
    return Understood(["month by month", "unit", "values"], rows, [f"years: {year.years}"])


def _scenario(path: Path, *_: object, **__: object) -> Understood:
    from soilnb.pore.parameters import resolve
    from soilnb.pore.scenarios import read_scenario

    found = read_scenario(path)
    resolve({**found.parameters})
    entries = {"name": found.name, "pulses": len(found.pulses), "movement": found.movement,
               "shape": found.shape or "as the run says", **found.parameters}  # fmt: skip
    return Understood(["entry of a scenario", "value"], list(entries.items()), [])


def _image(path: Path, columns: Mapping, *_: object, **__: object) -> Understood:
    from soilnb.pore import from_image

    said = io.StringIO()
    with contextlib.redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # what a person names is what is seen
        codes = {value: phase for phase, value in columns.items()}
        state = from_image(path, 2.0, codes=codes or None, values="shown" if codes else None)
    solid = float((state.solid > 0).mean())
    rows = [("porosity", f"{1 - solid:.3f}"), ("pixels", " x ".join(map(str, state.solid.shape)))]
    return Understood(["image", "value"], rows, [said.getvalue().strip().removeprefix("note: ")])


def _forcing(path: Path, *_: object, **__: object) -> Understood:
    from soilnb.profile import forcing

    try:
        with xr.open_dataset(path, engine="netcdf4") as file:
            data = file.load()
    except Exception as error:  # whatever the library makes of damaged bytes
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path} is no netCDF file: {reason}") from None
    found = forcing.check(data)
    rows = [(name, found[name].attrs.get("units", ""), " x ".join(found[name].dims),
             f"{found[name].min():.3g} to {found[name].max():.3g}")
            for name in forcing.VARIABLES]  # fmt: skip
    return Understood(["variable of a forcing", "unit", "over", "values"], rows, [])
