"""What a pool model needs to know about a place: the site, read and checked.

A site is a mapping or an `xarray.Dataset` with the keys of `RECORDS`. Values are single numbers,
or arrays over one leading dimension: many sites at once. Each key is a parameter record, so a
slider, an axis label and the check of a value use the same unit and the same bounds. A key that
only one model needs is a row under ``drivers`` of that model's parameter table; every model takes
it, and says in the attributes of its result which keys it did not use.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.data.profiles import files
from soilnb.parameters import InputError, Parameter, as_numbers, check_known, read_table

_REF15 = "reference point of the validation: 1000 g dry mass m-2 yr-1 of litter, half of it carbon"

#: Where no site has more production, g C m-2 yr-1, all are deserts, or the unit is another one.
BARREN = 10.0

#: More than any vegetation produces, g C m-2 yr-1: papyrus makes 6.3 kg of dry matter, 45 % carbon
#: (Muthuri, Jones & Imbamba 1989, Biomass 18: 1-14).
LUSH = 3000.0

#: Warmer than any place in the mean of years, degC: Dallol had 34.6 (Pedgley 1967, Meteorological
#: Magazine 96: 265-271).
HOT = 36.0

#: Every key of a site, with the value of a typical place, the unit and what is allowed.
RECORDS = {
    "temperature": Parameter(
        15.0, "degC", (-50.0, 44.0), "T", "annual mean soil temperature", _REF15,
        slider=(-10.0, 30.0),
    ),
    "clay": Parameter(
        0.30, "1", (0.0, 1.0), "f_{clay}", "clay, mass fraction of the soil", _REF15,
        slider=(0.0, 0.8),
    ),
    "npp": Parameter(
        500.0,
        "g C m-2 yr-1",
        (1.0, 1e4),
        "I",
        "carbon entering the litter",
        _REF15,
        scale="log",
        slider=(50.0, 1500.0),
    ),
    "f_met": Parameter(
        0.3846423, "1", (1e-3, 1.0), "f_{met}", "metabolic share of the litter",
        "mean of the six LIDET litters: wwieder/MIMICS@2b71740, MIMIC2_LIDET_GMDD_2015_public.R",
        slider=(0.1, 0.8),
    ),
    "lignin_to_n": Parameter(
        20.0, "1", (0.0, 500.0), "L:N", "lignin to nitrogen ratio of the litter, by mass",
        "21 % lignin over 1.02 % nitrogen, hardwood litter of the LTER sites",
        slider=(5.0, 50.0),
    ),
    "silt": Parameter(0.45, "1", (0.0, 1.0), "f_{silt}", "silt, mass fraction of the soil",
        "default of CenturyModel, cran/SoilR@6d63c04",
    ),
    "lignin_fraction": Parameter(
        0.25, "1", (0.0, 1.0), "L_s", "lignin, share of structural litter",
        "assumed between leaf (0.22) and wood (0.35) of ORCHIDEE, yangsssu/ORCHIDEE-CROP@8a57133 "
        "constantes_var.f90, LC",
    ),
    "surface_input_share": Parameter(
        0.5, "1", (0.0, 1.0), "f_{surf}", "share of the litter that falls on the surface",
        "even split, as in the example of CenturyModel, cran/SoilR@6d63c04",
    ),
    "precipitation_to_pet": Parameter(
        1.0, "1", (0.0, 50.0), "P/PET", "precipitation over potential evapotranspiration",
        "argument of fW.Century, cran/SoilR@6d63c04",
    ),
    "moisture": Parameter(
        0.6, "1", (0.0, 1.0), r"\\theta", "water-filled share of the pore space",
        "argument of the moisture functions of ORCHIDEE and of the biogeochemical testbed",
    ),
    "tillage": Parameter(
        1.0, "1", (0.1, 10.0), "f_{till}", "multiplier of the turnover of soil organic matter",
        "yangsssu/ORCHIDEE-CROP@8a57133 constantes_var.f90, flux_tot_coeff: 1.2 C3, 1.4 C4 crops",
    ),
    "modifier": Parameter(
        1.0, "1", (0.0, 100.0), "r", "multiplier of all decay rates, in place of a climate",
        "r of ICBM, Andrén & Kätterer 1997, doi:10.1890/1051-0761(1997)007[1226:ITICBM]2.0.CO;2, "
        "where 1 is the climate of Ultuna; xi of RothCModel, cran/SoilR@6d63c04",
        slider=(0.2, 3.0),
    ),
}  # fmt: skip

for _table in sorted(Path(__file__).parent.glob("*.toml")):
    RECORDS |= read_table(_table).drivers

LITTER_QUALITY = ("f_met", "lignin_to_n")
#: What CENTURY and MIMICS need; where there are alternatives, one of them.
REQUIRED = ("temperature", "clay", "npp", LITTER_QUALITY)
_SHARES = ("clay", "silt", "f_met", "lignin_fraction", "surface_input_share", "moisture")
#: Names of dimensions that the models use themselves.
_TAKEN = ("pool", "time", "path", "microbe", "mode", "process")


@dataclass(frozen=True)
class Site:
    """One place or many, checked: every value an array over the sites."""

    #: dict of str to ndarray [site]: the keys that were given, as 64-bit floats.
    values: dict[str, np.ndarray]
    dim: str | None  #: Name of the site dimension; None for a single place given as plain numbers.
    #: Coordinates along the site dimension (and scalar ones), as the Dataset had them.
    coords: dict = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)  #: What to call each site in a message.
    #: The keys that a site may have.
    records: Mapping[str, Parameter] = field(default_factory=lambda: RECORDS)

    @property
    def size(self) -> int:
        """Number of sites."""
        return len(self.labels)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def __getitem__(self, key: str) -> np.ndarray:
        return self.values[key]

    def get(self, key: str, default: float | None = None) -> np.ndarray:
        """Return a value [site]; where the site has no such key, `default` or the record's."""
        if key in self.values:
            return self.values[key]
        return np.full(self.size, self.records[key].value if default is None else default)

    def where(self, bad: np.ndarray, limit: int = 5) -> str:
        """Name the sites at which `bad` [site] is true: " at 'HFR', 'ARC' and 3 more"."""
        if self.dim is None:
            return ""
        names = [self.labels[i] for i in np.flatnonzero(bad)]
        more = f" and {len(names) - limit} more" if len(names) > limit else ""
        return f" at {self.dim} {', '.join(names[:limit])}{more}"


def read(
    site: Mapping | xr.Dataset | Site,
    required: tuple[str | tuple[str, ...], ...] = REQUIRED,
    records: Mapping[str, Parameter] = RECORDS,
) -> Site:
    """Read and check a site.

    Parameters
    ----------
    site : mapping, Dataset or DataFrame
        ``temperature`` (degC), ``clay`` (fraction), ``npp`` (g C m-2 yr-1) and one of ``f_met``
        and ``lignin_to_n``; optional the other keys of `RECORDS`. Values of a mapping are numbers
        or arrays [site] of one length, which become the dimension ``site``. A Dataset keeps its
        one dimension with its coordinates; variables that are no site keys are left alone. Rows of
        a DataFrame are sites, labelled by its index or its column ``site``.
    required : tuple of str or of tuples of str
        Keys that must be there; of a tuple, one.
    records : mapping of str to Parameter
        The keys that a site may have.

    Raises
    ------
    InputError
        One line with the key, the value, the (first) site and what is allowed.
    """
    if isinstance(site, Site):
        return site
    if isinstance(site, pd.DataFrame):
        site = _as_dataset(site, records)
    if isinstance(site, xr.Dataset):
        found = _from_dataset(site, records)
    elif isinstance(site, Mapping | pd.Series):
        found = _from_mapping(dict(site), records)
    else:
        raise InputError(
            f"site is a {type(site).__name__}: allowed a mapping or an xarray.Dataset, or a "
            "pandas.DataFrame with one row for each site"
        )
    _check_keys(found.values, required)
    for key, values in found.values.items():
        check(found, key, values)
        doubt(key, values, lambda bad: found.where(_first(bad)))
    if "silt" in found and "clay" in found:
        texture = found["clay"] + found["silt"]
        bad = texture > 1 + 1e-9
        if bad.any():
            raise InputError(
                f"clay + silt = {texture[bad][0]:g}{found.where(_first(bad))}: allowed 0 to 1"
            )
    return found


def _from_mapping(site: Mapping, records: Mapping[str, Parameter]) -> Site:
    for key in site:
        check_known("site key", key, records)
    arrays = {key: as_numbers(key, value) for key, value in site.items()}
    sizes = {key: array.size for key, array in arrays.items() if array.ndim == 1}
    for key, array in arrays.items():
        if array.ndim > 1:
            raise InputError(
                f"{key} has {array.ndim} dimensions: allowed a number or one dimension"
            )
    if len(set(sizes.values())) > 1:
        lengths = ", ".join(f"{key} {size}" for key, size in sizes.items())
        raise InputError(f"arrays of a site must have one length; given {lengths}")
    size = next(iter(sizes.values()), 1)
    if size == 0:
        raise InputError("the arrays of the site are empty: allowed one site or more")
    return Site(
        {key: np.broadcast_to(array, (size,)) for key, array in arrays.items()},
        "site" if sizes else None,
        {},
        [str(i) for i in range(size)],
        records,
    )


def read_csv(path: str | Path) -> pd.DataFrame:
    """Read a table with one row for each site: its name, and the keys of a site as columns.

    Parameters
    ----------
    path : path
        Text or a workbook (`soilnb.data.profiles.files`), with a column ``site`` for the names.

    Raises
    ------
    InputError
        For a file that is no table, or an entry that is no number.

    Examples
    --------
    >>> pd.DataFrame({"site": ["meadow"], "temperature": 9.5}).to_csv("sites.csv", index=False)
    >>> float(read_csv("sites.csv").loc["meadow", "temperature"])
    9.5
    """
    cells = files.read(path)
    cells.columns = [str(column).strip().lower() for column in cells.columns]
    names = cells["site"] if "site" in cells else pd.Series(cells.index, cells.index)
    found = {}
    for key in (key for key in RECORDS if key in cells.columns):
        entries = cells[key]
        if cells.attrs["decimal"] == ",":
            entries = entries.str.replace(",", ".", regex=False)
        values = pd.to_numeric(entries, errors="coerce")
        if values.isna().any():
            line = values.index[values.isna()][0]
            raise InputError(f"{key} in line {line} = {entries[line]!r} is no number")
        found[key] = values
    if not found:
        raise InputError(f"the table has no column of a site: allowed {', '.join(RECORDS)}")
    return pd.DataFrame(found).set_index(pd.Index(names, name="site"))


def _as_dataset(table: pd.DataFrame, records: Mapping[str, Parameter]) -> xr.Dataset:
    """Return a table with one row for each site as a Dataset over ``site``."""
    table = table.rename(columns=lambda name: str(name).strip().lower())
    if table.columns.has_duplicates:
        twice = table.columns[table.columns.duplicated()][0]
        raise InputError(f"column {twice!r} of the sites is there twice: allowed once")
    if "site" in table:
        table = table.set_index("site")
    known = [column for column in table.columns if column in records]
    if not known:
        names = ", ".join(map(str, table.columns[:20])) or "none"
        raise InputError(f"the table of sites has no column of a site; it has {names}")
    if table.index.nlevels > 1:
        raise InputError("the table of sites has an index of several levels: allowed one")
    return table[known].rename_axis("site").to_xarray()


def _from_dataset(site: xr.Dataset, records: Mapping[str, Parameter]) -> Site:
    chosen = site[[key for key in records if key in site.variables]].reset_coords(
        [key for key in records if key in site.coords and key not in site.dims]
    )
    chosen = chosen[[key for key in records if key in chosen]]
    if len(chosen.dims) > 1:
        dims = ", ".join(map(str, chosen.dims))
        raise InputError(f"site has the dimensions {dims}: allowed one; stack them into one first")
    dim = next(iter(chosen.dims), None)
    if dim in _TAKEN:
        raise InputError(f"site has the dimension {dim!r}: the models use this name; rename it")
    size = chosen.sizes[dim] if dim else 1
    if size == 0:
        raise InputError(f"the dimension {dim!r} of the site is empty: allowed one site or more")
    labels = [str(v) for v in chosen[dim].values] if dim in chosen.coords else map(str, range(size))
    return Site(
        {
            key: np.broadcast_to(as_numbers(key, chosen[key].values), (size,))
            for key in chosen.data_vars
        },
        dim,
        dict(chosen.coords),
        list(labels),
        records,
    )


def _check_keys(
    values: Mapping[str, np.ndarray], required: tuple[str | tuple[str, ...], ...]
) -> None:
    either = [(key,) if isinstance(key, str) else key for key in required]
    missing = [" or ".join(keys) for keys in either if not any(key in values for key in keys)]
    if missing:
        words = [" or ".join(keys) for keys in either]
        *most, last = words
        needed = f"{', '.join(most)} and {last}" if most else last
        raise InputError(f"site has no {', '.join(missing)}; needed {needed}")
    quality = [key for key in LITTER_QUALITY if key in values]
    if len(quality) > 1:
        raise InputError(
            "site has both f_met and lignin_to_n: allowed one of them, since each sets the other"
        )


class SiteWarning(UserWarning):
    """A value of a site is possible, and more likely to be in another unit."""


def _first(bad: np.ndarray) -> np.ndarray:
    only = np.zeros_like(bad)
    only[np.argmax(bad)] = True
    return only


def doubt(key: str, values: np.ndarray, where: Callable[[np.ndarray], str]) -> None:
    """Warn of the largest of `values` [site] that is possible, and more likely another unit.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     doubt("npp", np.array([4500.0]), lambda bad: " at site 1")
    >>> str(said[0].message).split(":")[0]
    'npp = 4500 at site 1'
    """
    most = values.max(initial=-np.inf)
    told = ""
    if key == "npp" and most > LUSH:
        told = "more than any vegetation has, in g C m-2 yr-1; in kg ha-1? then "
        told += f"{most / 10:.4g}"
    elif key in ("temperature", "mat") and most > HOT:
        told = "warmer than any place in the mean of years (34.6 degC); in degF? then "
        told += f"{(most - 32) / 1.8:.1f}"
    if told:
        warnings.warn(f"{key} = {most:g}{where(values == most)}: {told}", SiteWarning, stacklevel=4)


def check(site: Site, key: str, values: np.ndarray) -> None:
    """Raise `InputError` for the first of `values` [site] that is no number within the bounds.

    Productivity may be as small as it likes, for the deserts of a global grid, but 0 only where
    the record says so: microbes do not live on nothing.
    """
    record = site.records[key]
    low, high = record.bounds
    floor = f"{low:g}"
    bad = ~((values >= low) & (values <= high))
    if key == "npp" and low > 0:
        bad = ~((values > 0) & (values <= high))
        floor = "above 0"
    if not bad.any():
        if key == "npp" and 0 < values.max() < BARREN:
            warnings.warn(
                f"npp is at most {values.max():.3g}{site.where(_first(values > 0))} g C m-2 yr-1, "
                "that of a desert; the models know no other unit (1 kg m-2 is 1000, 1 Mg ha-1 100)",
                SiteWarning,
                stacklevel=2,
            )
        return
    value = float(values[bad][0])
    unit = "" if record.unit == "1" else f" {record.unit}"
    hint = ""
    if key in _SHARES and high < value <= 100:
        hint = f" (a fraction); did you mean {value / 100:.2f}?"
    elif record.unit == "%" and 0 < value < low <= 1:
        hint = f"; did you mean {100 * value:g}?"
    elif record.unit == "degC" and value > 150:
        hint = f"; in kelvin? then {value - 273.15:g}"
    elif key == "npp" and value < 0:
        hint = "; a negative production is no input of carbon: leave the site out"
    raise InputError(
        f"{key} = {value:g}{site.where(_first(bad))}: allowed {floor} to {high:g}{unit}{hint}"
    )
