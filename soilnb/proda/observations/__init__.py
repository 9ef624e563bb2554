"""Observed soil profiles: what the layered models are fitted to.

A profile is a list of layers with their carbon density (`soilnb.data.profiles.density`). Profiles
come from ISRaD (`israd`), from a user's table (`read_csv`, `from_table`), from files in the papers'
own layout (`open_authors`), or from a generator (`soilnb.proda.observations.twins`). All pass the
papers' quality rules (`soilnb.data.profiles.quality`); `refused` names each profile that does not,
with the reason, and `describe` shows how a table was understood. `forcing_at` gives the forcing at
the profiles.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.data import datasets, open_dataset
from soilnb.data.profiles import density, files, oddities, reading
from soilnb.data.profiles.columns import COLUMNS
from soilnb.data.profiles.columns import table as columns
from soilnb.data.profiles.density import bulk_density, carbon_density, organic_carbon
from soilnb.data.profiles.quality import LEAST_DEPTH, LEAST_LAYERS, judge
from soilnb.data.profiles.understood import ReadingWarning
from soilnb.parameters import InputError, check_range
from soilnb.proda.observations import twins
from soilnb.proda.observations.site_forcing import forcing_at

__all__ = [
    "COLUMNS", "ReadingWarning", "bulk_density", "carbon_density", "columns", "describe",
    "forcing_at", "from_table", "israd", "open_authors", "organic_carbon", "read_csv", "refused",
    "twin_profiles",
]  # fmt: skip

#: Share of gross primary production that enters the soil: an assumption.
NPP_PER_GPP = 0.5


def israd(
    *, coarse_fragments: bool = False, organic_matter: str = "g kg-1", twin: bool | None = None
) -> xr.Dataset:
    """Return the usable profiles of ISRaD.

    Organic carbon, depths, climate and land cover are those of the data set ``israd``. Bulk
    density is that of the sample, else of the total soil, else the pedotransfer function's. NPP is
    half of the GPP of FLUXCOM (an assumption). Layers are sorted by depth; plots with a treatment
    are kept.

    Parameters
    ----------
    coarse_fragments : bool
        Whether to reduce carbon density by measured coarse fragments. The papers do so for maps
        only, and so few layers have them (709 of 4,755) that the default is not to. The bulk
        density of a sample already leaves them out.
    organic_matter : {"g kg-1", "%"}
        See `bulk_density`.
    twin : bool, optional
        True asks for made-up profiles, False refuses them; by default they stand in, with one
        visible line, where ISRaD is not at hand.

    Returns
    -------
    Dataset
        As from `from_table`.

    Raises
    ------
    InputError
        When the data are not at hand and the twin is refused.

    Examples
    --------
    >>> profiles = israd(twin=True)
    >>> "carbon_density" in profiles, profiles["carbon_density"].attrs["units"]
    (True, 'g C m-3')
    """
    if twin is None:
        state = datasets().set_index("name").loc["israd", "state"]
        twin = state.startswith(("local only", "downloadable"))
        if twin:
            print(
                "note: synthetic soil profiles stand in for 'israd'; for the real data put them "
                "into the folder 'israd' of SOILNB_DATA",
                file=sys.stderr,
            )
    if twin:
        return twin_profiles()
    source = open_dataset("israd", twin=False)
    names = ("title", "citation", "licence", "provenance", "source")
    return from_table(
        _israd_table(source, coarse_fragments),
        units=reading.DOCUMENTED,
        sort=True,
        organic_matter=organic_matter,
        attrs={name: source.attrs[name] for name in names},
    )


def _israd_table(source: xr.Dataset, coarse_fragments: bool) -> pd.DataFrame:
    """Layers of ISRaD under the names and in the units of `COLUMNS`."""
    layers = source.to_dataframe()
    same = ["profile", "top", "bottom", "organic_carbon", "latitude", "longitude"]
    same += ["temperature", "precipitation", "soil_order", "study"]
    table = layers[same].assign(
        bulk_density=layers["bulk_density"].fillna(layers["bulk_density_total"]),
        sand=100 * layers["sand"],
        clay=100 * layers["clay"],
        npp=NPP_PER_GPP * 365 * layers["gpp"],
        radiocarbon=layers["radiocarbon"],
        sampling_year=layers["sampling_year"],
        climate=layers["koppen"],
        vegetation=layers["land_cover"],
    )
    if coarse_fragments:
        table["coarse_fragments"] = layers["coarse_fragments"].where(layers["bulk_density"].isna())
    return table


def twin_profiles(count: int = 60, seed: int = 2025) -> xr.Dataset:
    """Return made-up soil profiles, marked as such.

    Parameters
    ----------
    count : int
        Number of profiles.
    seed : int
        Seed of the generator.

    Returns
    -------
    Dataset
        As from `from_table`, with ``attrs["provenance"] = "synthetic"``. All profiles are usable.

    Examples
    --------
    >>> profiles = twin_profiles(3)
    >>> profiles.sizes["profile"], profiles.attrs["provenance"]
    (3, 'synthetic')
    """
    attrs = {
        "title": "synthetic soil profiles",
        "provenance": "synthetic",
        "licence": "synthetic, made by this package",
        "source": "generator of soilnb.proda.observations.twins",
    }
    return from_table(twins.layers(count, seed), units=reading.DOCUMENTED, attrs=attrs)


def read_csv(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    units: Mapping[str, str] | None = None,
    depth_unit: str | None = None,
    missing: Iterable[object] = (),
    datum: str = "shift",
    sheet: str | None = None,
    encoding: str | None = None,
    sort: bool = False,
    least_layers: int = LEAST_LAYERS,
    least_depth: float = LEAST_DEPTH,
    organic_matter: str = "g kg-1",
) -> xr.Dataset:
    """Read soil profiles from a file with one row for each layer.

    ====================  =============  ==========  ===========================================
    column                unit           need        meaning
    ====================  =============  ==========  ===========================================
    ``profile``           1              needed      name of the profile
    ``top``               cm             needed      upper depth of the layer
    ``bottom``            cm             needed      lower depth of the layer
    ``organic_carbon``    %              one of two  organic carbon, mass share of fine earth
    ``bulk_density``      g cm-3         optional    bulk density of fine earth
    ``coarse_fragments``  %              optional    coarse fragments, share of the volume
    ``carbon_density``    g C m-3        one of two  organic carbon per volume of soil
    ``radiocarbon``       permil         optional    Delta 14C of the soil carbon
    ``sand``              %              optional    sand of the mineral soil
    ``clay``              %              optional    clay of the mineral soil
    ``latitude``          degrees_north  optional    latitude
    ``longitude``         degrees_east   optional    longitude
    ``temperature``       degC           optional    mean annual air temperature
    ``precipitation``     mm yr-1        optional    mean annual precipitation
    ``npp``               g C m-2 yr-1   optional    net primary production that enters the soil
    ``sampling_year``     yr             optional    year in which it was sampled
    ``climate``           1              optional    Köppen-Geiger zone
    ``vegetation``        1              optional    vegetation class of the table litter_split
    ``soil_order``        1              optional    soil order of the USDA taxonomy
    ``study``             1              optional    name of the study
    ====================  =============  ==========  ===========================================

    Further columns are left alone. An empty bulk density is filled by the pedotransfer function,
    an empty share of coarse fragments counts as none; where both carbon columns have a value,
    ``carbon_density`` counts.

    Other units are declared by `units`, or by the heading (``SOC (g/kg)``). Where nobody says, the
    table as a whole decides (`soilnb.data.profiles.judgement`): one reading that goes with what
    soils are is taken and said, and two are an error with both. `describe` shows what was
    understood.

    Parameters
    ----------
    path : path
        Text with a header, parted by commas, semicolons, tabs or bars; or an Excel workbook
        (`soilnb.data.profiles.files`). Case and blanks in the header do not matter.
    columns : mapping, optional
        Name in this list to name in the file, where they differ: ``{"organic_carbon": "SOC"}``.
    units : mapping, optional
        Unit of a column, where it is another one: ``{"organic_carbon": "g/kg", "depth": "m"}``.
    depth_unit : str, optional
        Unit of ``top`` and ``bottom``, the same as ``units={"depth": ...}``.
    missing : sequence, optional
        Entries that stand for a missing value, beside empty cells, ``NA``, and -9999 and its like
        where a column cannot have them: ``[-99, "n.d.", "<0.1"]``; ``"<"`` for all that begin so.
    datum : {"shift", "drop"}
        What to do with organic layers above the mineral soil, written as negative depths, counted
        upward or as heights: count depth from their top, or leave them out.
    sheet : str, optional
        Sheet of a workbook, where several hold a table.
    encoding : str, optional
        Of a text that is neither Unicode nor in the code page of western Windows (cp1252).
    sort : bool
        Whether to sort the layers of a profile; by default an unsorted profile is refused.
    least_layers, least_depth : int, float
        Layers that a profile needs, and the depth (m) below which it must reach.
    organic_matter : {"g kg-1", "%"}
        See `bulk_density`.

    Returns
    -------
    Dataset
        As from `from_table`.

    Raises
    ------
    InputError
        For a file that cannot be read, columns that are missing or unknown, entries that are no
        numbers, a unit that two readings fit, or a table without any usable profile.

    Examples
    --------
    >>> pits = pd.DataFrame({"profile": "a", "top": [0, 20, 60], "bottom": [20, 60, 120]})
    >>> pits.assign(SOC=[1.8, 0.9, 0.4]).to_csv("pits.csv", index=False)
    >>> named = {"columns": {"organic_carbon": "SOC"}, "units": {"organic_carbon": "%"}}
    >>> read_csv("pits.csv", **named, least_layers=3)["organic_carbon"].values
    array([[1.8, 0.9, 0.4]])
    """
    data = files.read(path, sheet, encoding=encoding)
    name = Path(path).name
    attrs = {"title": f"soil profiles of {name}", "provenance": "user", "source": name}
    return from_table(
        data,
        columns,
        units=units,
        depth_unit=depth_unit,
        missing=missing,
        datum=datum,
        sort=sort,
        least_layers=least_layers,
        least_depth=least_depth,
        organic_matter=organic_matter,
        attrs=attrs,
    )


def from_table(
    data: pd.DataFrame,
    columns: Mapping[str, str] | None = None,
    *,
    units: Mapping[str, str] | None = None,
    depth_unit: str | None = None,
    missing: Iterable[object] = (),
    datum: str = "shift",
    sort: bool = False,
    least_layers: int = LEAST_LAYERS,
    least_depth: float = LEAST_DEPTH,
    organic_matter: str = "g kg-1",
    attrs: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Return the usable profiles of a table with one row for each layer.

    Parameters
    ----------
    data : DataFrame
        Columns as in `read_csv`.
    columns, units, depth_unit, missing, datum, sort, least_layers, least_depth, organic_matter
        As in `read_csv`.
    attrs : mapping, optional
        Attributes of the result: ``provenance``, ``source``, ...

    Returns
    -------
    Dataset
        Over (profile, layer), layers from the top and padded with NaN: ``depth`` (middle), ``top``
        and ``bottom`` in m, ``carbon_density`` (g C m-3), ``bulk_density`` (g cm-3),
        ``organic_carbon`` (%), ``radiocarbon`` (permil) and whether the bulk density was
        ``measured``. Over profile: ``layers`` (their number), sand and clay (%, mean over the
        layers that have them), temperature, precipitation, NPP and the year of sampling;
        coordinates latitude, longitude, climate, vegetation, soil order and study. The scalar
        coordinate ``refused`` holds a line for each profile that cannot be used: read it with
        `refused`.

    Raises
    ------
    InputError
        As in `read_csv`.

    Examples
    --------
    >>> edges = {"top": [0, 20, 60], "bottom": [20, 60, 120]}  # cm
    >>> table = pd.DataFrame({"profile": "a", **edges, "organic_carbon": [1.8, 0.9, 0.4]})
    >>> found = from_table(table, units={"organic_carbon": "%"}, least_layers=3)
    >>> found["depth"].values  # middle of the layers, m
    array([[0.1, 0.4, 0.9]])
    """
    check_range("least_layers", least_layers, 2, 1000)
    check_range("least_depth", least_depth, 0, reading.DEEPEST, "m")
    if not isinstance(data, pd.DataFrame):
        raise InputError(f"the table is a {type(data).__name__}: allowed a pandas.DataFrame")
    if not len(data):
        raise InputError("the table has no rows: allowed one layer or more")
    if depth_unit is not None:
        units = {**(units or {}), "depth": depth_unit}
    layers, understood = reading.layers(
        data, columns, units, missing=missing, datum=datum, sort=sort
    )
    layers = _with_density(layers, organic_matter)
    usable, rejected = judge(
        layers,
        least_layers=least_layers,
        least_depth=least_depth,
        depth_unit="m" if understood.columns["top"]["unit"] == "m" else "cm",
        doubtful=understood.doubtful,
    )
    attrs = dict(attrs or {})
    own = attrs.get("provenance", "user") == "user"
    if own:
        oddities.note(layers, understood)
    if not len(usable):
        name, reason = rejected.iloc[0]
        told = f" ({'; '.join(understood.notes)})" if understood.notes else ""
        raise InputError(f"none of {len(rejected)} profiles is usable; {name!r}: {reason}{told}")
    if own and len(rejected):
        name, reason = rejected.iloc[0]
        which = "; `refused` lists them" if len(rejected) > 1 else ""
        understood.notes.append(
            f"{len(rejected)} of {layers['profile'].nunique()} profiles refused: {name!r} {reason}"
            f"{which}"
        )
    understood.say(str(attrs.get("source", "the table")))
    rules = {
        "rules": f"{least_layers} or more layers with carbon, deeper than {least_depth:g} m",
        "pedotransfer": f"organic matter in {organic_matter}",
        "profiles_refused": len(rejected),
        "understood": understood.text(),
        "soilnb_version": __version__,
    }
    return _dataset(usable, rejected).assign_attrs({**attrs, **rules})


#: Units as a reader writes them; the data keep those of the CF conventions.
_SIGNS = {"degrees_north": "°N", "degrees_east": "°E"}


def describe(observations: xr.Dataset) -> pd.DataFrame:
    """Return what was understood of a table: its columns, units and counts, and what was left out.

    Returns
    -------
    DataFrame
        A row for each column (its name in the table, the unit, what decided it, values, missing
        ones), then one for each reason why layers were left out, and one for each kind of
        decision.

    Raises
    ------
    InputError
        For a Dataset without the attribute ``understood``.

    Examples
    --------
    >>> describe(twin_profiles(3)).loc[["organic_carbon", "latitude"], "unit"].to_list()
    ['%', '°N']
    """
    if "understood" not in observations.attrs:
        raise InputError("the observations have no attribute 'understood': allowed those from here")
    record = json.loads(observations.attrs["understood"])
    rows = {
        name: (
            entry["from"],
            _SIGNS.get(entry["unit"], entry["unit"]),
            entry["decided"],
            entry["values"],
            entry["missing"],
        )
        for name, entry in record["columns"].items()
    }
    for reason, count in record["dropped"].items():
        rows[f"layers left out: {reason}"] = ("", "", "", count, 0)
    guessed = int((observations["bulk_density"].notnull() & ~observations["measured"]).sum())
    if guessed:
        rows["layers with a bulk density from their carbon"] = (
            "", "g cm-3", "the pedotransfer function", guessed, 0,
        )  # fmt: skip
    rows["profiles that can be used"] = ("", "", "", observations.sizes["profile"], 0)
    reasons = refused(observations)["reason"].str.replace(r"[-\d.]+", "#", regex=True)
    for reason, count in reasons.value_counts().items():
        rows[f"profiles refused: {reason}"] = ("", "", "", int(count), 0)
    heads = ["from", "unit", "decided by", "values", "missing"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=heads).rename_axis("what")
    table.attrs["notes"] = [*record["notes"]]
    if record.get("ignored"):
        named = [repr(heading) for heading in record["ignored"]]
        more = f" and {len(named) - 12} more" if len(named) > 12 else ""
        table.attrs["notes"].append(f"without a use here: {', '.join(named[:12])}{more}")
    return table


def _with_density(layers: pd.DataFrame, organic_matter: str) -> pd.DataFrame:
    """Add what is missing of bulk density, carbon density and organic carbon, and `measured`."""
    empty = pd.Series(np.nan, index=layers.index)
    carbon = layers.get("organic_carbon", empty)
    measured = layers.get("bulk_density", empty)
    stones = layers.get("coarse_fragments", empty).fillna(0.0)
    expected = bulk_density(carbon, organic_matter)
    earth = measured.where(measured.notna(), expected)
    known = layers.get("carbon_density", empty)
    computed = density.carbon_density(carbon, earth, stones)
    return layers.assign(
        bulk_density=earth,
        measured=measured.notna(),
        organic_carbon=carbon,
        carbon_density=known.where(known.notna(), computed),
    )


#: Variables over (profile, layer): unit, meaning, symbol.
_LAYER_VARIABLES = {
    "depth": ("m", "middle of the layer", "z"),
    "top": ("m", "upper depth of the layer", r"z_{top}"),
    "bottom": ("m", "lower depth of the layer", r"z_{bottom}"),
    **{
        name: (COLUMNS[name].unit, COLUMNS[name].meaning, COLUMNS[name].symbol)
        for name in ("carbon_density", "organic_carbon", "bulk_density", "radiocarbon")
    },
    "measured": ("1", "whether the bulk density was measured", ""),
}


def _dataset(usable: pd.DataFrame, rejected: pd.DataFrame) -> xr.Dataset:
    """Usable layers [profile, layer], what each profile has once, and the refused profiles."""
    number, names = pd.factorize(usable["profile"])
    order = np.argsort(number, kind="stable")
    usable, number = usable.iloc[order], number[order]
    counts = np.bincount(number)
    place = (number, np.arange(len(number)) - np.repeat(np.cumsum(counts) - counts, counts))
    shape = (len(names), int(counts.max()))
    usable = usable.assign(depth=(usable["top"] + usable["bottom"]) / 2)
    found = {"profile": names.to_numpy(dtype=np.str_), "layer": np.arange(1, shape[1] + 1)}
    for name, (unit, meaning, symbol) in _LAYER_VARIABLES.items():
        values = usable.get(name, pd.Series(np.nan, usable.index)).to_numpy()
        padded = np.full(shape, False if values.dtype == bool else np.nan, values.dtype)
        padded[place] = values
        attrs = {"units": unit, "long_name": meaning, "symbol": symbol}
        found[name] = (("profile", "layer"), padded, attrs)
    found["layers"] = ("profile", counts, {"units": "1", "long_name": "number of layers"})
    found |= _covariates(usable, number)
    lines = [f"{name}\t{reason}" for name, reason in rejected.itertuples(index=False)]
    attrs = {"units": "1", "long_name": "refused profiles, each with the reason"}
    # one text: a dimension of its own would multiply the rows of `to_dataframe`
    found["refused"] = ((), np.array("\n".join(lines), dtype=object), attrs)
    texts = [name for name, column in COLUMNS.items() if column.kind == "label"][1:]
    return xr.Dataset(found).set_coords([*texts, "latitude", "longitude", "refused"])


def _covariates(usable: pd.DataFrame, number: np.ndarray) -> dict[str, tuple]:
    """Return what a profile has once, as variables of a Dataset."""
    found = {}
    for name, column in COLUMNS.items():
        if column.kind == "layer" or name == "profile":
            continue
        if column.kind == "mean":
            values = _thickness_mean(usable, name, number)
        else:
            values = _first(usable, name, number)
        attrs = {"units": column.unit, "long_name": column.meaning}
        if column.symbol:
            attrs["symbol"] = column.symbol
        found[name] = ("profile", values, attrs)
    return found


def _first(usable: pd.DataFrame, name: str, number: np.ndarray) -> np.ndarray:
    """First value or text [profile] among the layers of a profile, in the order of the rows."""
    label = COLUMNS[name].kind == "label"
    empty = "" if label else np.nan
    values = np.full(number[-1] + 1, empty, dtype=object if label else float)
    if name in usable:
        given = usable[name].to_numpy()
        known = given != "" if label else ~np.isnan(given)
        profiles, row = np.unique(number[known], return_index=True)
        values[profiles] = given[known][row]
    return values.astype(np.str_) if label else values


def _thickness_mean(usable: pd.DataFrame, name: str, number: np.ndarray) -> np.ndarray:
    """Mean over the layers of a profile that have a value, weighted by their thickness."""
    if name not in usable:
        return np.full(number[-1] + 1, np.nan)
    known = usable[name].notna().to_numpy()
    weight = np.where(known, usable["bottom"] - usable["top"], 0.0)
    total = np.bincount(number, weight * usable[name].fillna(0.0))
    thickness = np.bincount(number, weight)
    empty = np.full(len(total), np.nan)
    return np.divide(total, thickness, out=empty, where=thickness > 0)


def refused(observations: xr.Dataset) -> pd.DataFrame:
    """Return the refused profiles as a table: profile, reason.

    Raises
    ------
    InputError
        For a Dataset without the coordinate ``refused``.

    Examples
    --------
    >>> refused(twin_profiles(3)).empty
    True
    """
    if "refused" not in observations.coords:
        raise InputError("the observations have no coordinate 'refused': allowed those from here")
    lines = str(observations["refused"].item()).splitlines()
    return pd.DataFrame([line.split("\t") for line in lines], columns=["profile", "reason"])


#: Columns of the papers' two tables that are used, by their number in MATLAB less one.
_AUTHORS_PROFILE = {"profile": 0, "longitude": 3, "latitude": 4}
_AUTHORS_LAYER = {
    "profile": 0,
    "top": 2,
    "bottom": 3,
    "organic_carbon": 5,
    "carbon_density": 6,
    "bulk_density": 7,
    "pedotransfer": 8,
}


def open_authors(profiles: str | Path, layers: str | Path, **rules: object) -> xr.Dataset:
    """Read soil profiles from the two netCDF files of the papers' data assimilation.

    Layout, as phxtao/PRODA_MIC@90918f41 (da_cesm2_clm5_mic_vr_v22.m) reads it (facts only): the
    profiles' file holds ``soc_profile_info`` with the columns profile, country, country name,
    longitude, latitude, number of layers, date; the layers' file holds ``data_soc_integrate``
    with the columns profile, date, upper depth, lower depth, node depth (cm), organic carbon
    (g kg-1), carbon density (g C m-3), bulk density (g cm-3) and whether that is by pedotransfer.
    Columns are the first axis of the netCDF variables, as MATLAB reverses the axes.

    Parameters
    ----------
    profiles, layers : path
        The two files.
    **rules
        ``sort``, ``least_layers`` and ``least_depth`` of `from_table`.

    Returns
    -------
    Dataset
        As from `from_table`.

    Raises
    ------
    InputError
        For files that are not of this layout, and as in `read_csv`.
    """
    place = _authors_table(profiles, "soc_profile_info", 7, _AUTHORS_PROFILE)
    table = _authors_table(layers, "data_soc_integrate", 9, _AUTHORS_LAYER)
    table["organic_carbon"] /= 10  # g kg-1 to %
    table["bulk_density"] = table["bulk_density"].where(table.pop("pedotransfer") == 0)
    merged = table.merge(place, on="profile", how="left", validate="many_to_one")
    attrs = {
        "title": "soil profiles in the papers' layout",
        "provenance": "real",
        "source": f"{Path(profiles).name}, {Path(layers).name}",
    }
    return from_table(merged, units=reading.DOCUMENTED, attrs=attrs, **rules)


def _authors_table(
    path: str | Path, variable: str, count: int, columns: Mapping[str, int]
) -> pd.DataFrame:
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_times=False) as file:
            if variable not in file:
                raise InputError(f"{path} has no variable {variable!r}")
            values = file[variable].values
    except InputError:
        raise
    except Exception as error:  # whatever the library makes of damaged bytes
        reason = getattr(error, "strerror", None) or (str(error) or type(error).__name__)
        raise InputError(f"{path} is no netCDF file: {reason.splitlines()[0]}") from None
    if values.ndim != 2 or len(values) != count:
        raise InputError(f"{variable} of {path} has the shape {values.shape}: allowed ({count}, n)")
    table = pd.DataFrame({name: values[column] for name, column in columns.items()})
    if values.dtype.kind not in "iuf" or not np.isfinite(table["profile"]).all():
        raise InputError(f"{variable} of {path} has profiles without a number")
    return table.assign(profile=table["profile"].astype(np.int64).astype(str))
