"""Measured carbon use efficiency, summarised: by method, by substrate, by place.

The functions take the data set ``cue`` of `soilnb.data` (or its twin). Records of one place (same
coordinates to 0.01 degree) share their soil and often their study, so each summary says how many
places stand behind its records.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.cue import temperature
from soilnb.data import tables
from soilnb.parameters import InputError, ParameterSet, shown

#: Kinds of substrate, by the labels of the data set.
GROUPS = {
    "water (18O)": ("h2o",),
    "glucose": ("glucose", "glucose+c", "glucose+n", "glucose+salt"),
    "amino acids": ("amino acid",),
    "organic acids": ("other acid",),
    "large molecules": ("high molecular",),
    "plant residues": (
        "plant residue", "plant residue+n", "leaf residues", "root residues", "stem residues",
    ),
    "mineral nutrients": ("inorganic n", "inorganic mixture"),
}  # fmt: skip


def places(data: xr.Dataset) -> np.ndarray:
    """Return the number of the place of each record [record]: coordinates to 0.01 degree.

    Examples
    --------
    >>> from soilnb.data import open_dataset
    >>> data = open_dataset("cue", twin=True)
    >>> places(data).shape == data["cue"].shape
    True
    """
    where = np.round(np.column_stack([_column(data, "latitude"), _column(data, "longitude")]), 2)
    return np.unique(where, axis=0, return_inverse=True)[1].ravel()


def by_method(data: xr.Dataset) -> pd.DataFrame:
    """Return count, mean and standard deviation of CUE by method, with the number of places.

    Returns
    -------
    DataFrame
        Indexed by ``method`` (18O, substrate): ``records``, ``places``, ``mean``, ``sd``.

    Examples
    --------
    >>> from soilnb.data import open_dataset
    >>> list(by_method(open_dataset("cue", twin=True)).index)
    ['18O', 'substrate']
    """
    return _summary(data, _column(data, "method"), "method")


def by_substrate(data: xr.Dataset) -> pd.DataFrame:
    """Return the same by kind of substrate (`GROUPS`), in falling order of the mean.

    Records of a substrate that is in no group are kept under ``other``.

    Examples
    --------
    >>> from soilnb.data import open_dataset
    >>> list(by_substrate(open_dataset("cue", twin=True)).columns)
    ['records', 'places', 'mean', 'sd']
    """
    kind = {label: group for group, labels in GROUPS.items() for label in labels}
    groups = np.array([kind.get(str(label), "other") for label in _column(data, "substrate")])
    return _summary(data, groups, "substrate").sort_values("mean", ascending=False)


def _summary(data: xr.Dataset, groups: np.ndarray, name: str) -> pd.DataFrame:
    table = pd.DataFrame({"cue": _column(data, "cue"), name: groups, "place": places(data)})
    grouped = table.groupby(name)
    return pd.DataFrame(
        {
            "records": grouped.size(),
            "places": grouped["place"].nunique(),
            "mean": grouped["cue"].mean(),
            "sd": grouped["cue"].std(),
        }
    )


def temperature_response(data: xr.Dataset, method: str) -> tuple[ParameterSet, xr.Dataset]:
    """Fit a logit line in incubation temperature to the records of one method.

    Parameters
    ----------
    data : Dataset
        The data set ``cue``.
    method : {"18O", "substrate"}
        Method of measuring.

    Returns
    -------
    ParameterSet, Dataset
        As of `soilnb.cue.temperature.fit`.

    Examples
    --------
    >>> from soilnb.data import open_dataset
    >>> line, summary = temperature_response(open_dataset("cue", twin=True), "18O")
    >>> line["slope"] < 0  # warmth lowers CUE, also in the twin
    True
    """
    part = _part(data, method)
    return temperature.fit(part["temperature"], part["cue"], places(part), name=f"cue, {method}")


def with_soc(data: xr.Dataset) -> pd.DataFrame:
    """Return how CUE goes with soil organic carbon, over records and over places.

    Soil organic carbon is the value of a map at the place: all records of a place share it, so
    the number of independent values is that of the places.

    Returns
    -------
    DataFrame
        Indexed by ``method``: ``r_records`` and ``records``; ``r_places`` and ``places`` (means of
        CUE by place); ``slope`` per g kg-1 over places with its standard error ``error``.

    Examples
    --------
    >>> from soilnb.data import open_dataset
    >>> list(with_soc(open_dataset("cue", twin=True)).columns)
    ['r_records', 'records', 'r_places', 'places', 'slope', 'error']
    """
    from scipy.stats import linregress

    rows = {}
    for method in np.unique(_column(data, "method")):
        part = _part(data, method)
        table = pd.DataFrame(
            {"place": places(part), "cue": part["cue"].values, "soc": part["soc"].values}
        )
        mean = table.groupby("place").mean()
        line = linregress(mean["soc"], mean["cue"])
        r = np.corrcoef(table["soc"], table["cue"])[0, 1]
        rows[method] = (r, len(table), line.rvalue, len(mean), line.slope, line.stderr)
    columns = ["r_records", "records", "r_places", "places", "slope", "error"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("method")


def spread_at_one_place(data: xr.Dataset, method: str = "18O") -> pd.Series:
    """Return the place whose records of one method span the widest range of CUE.

    Returns
    -------
    Series
        ``low``, ``high``, ``records``, ``latitude`` and ``longitude`` of that place. Its records
        may differ in treatment or depth: the data set does not say.

    Examples
    --------
    >>> from soilnb.data import open_dataset
    >>> span = spread_at_one_place(open_dataset("cue", twin=True))
    >>> list(span.index)
    ['low', 'high', 'records', 'latitude', 'longitude']
    """
    part = _part(data, method)
    table = part[["cue", "latitude", "longitude"]].to_dataframe().assign(place=places(part))
    grouped = table.groupby("place")
    span = pd.DataFrame(
        {
            "low": grouped["cue"].min(),
            "high": grouped["cue"].max(),
            "records": grouped.size(),
            "latitude": grouped["latitude"].first(),
            "longitude": grouped["longitude"].first(),
        }
    )
    return span.loc[(span["high"] - span["low"]).idxmax()]


def published() -> pd.DataFrame:
    """Return means of CUE that are printed in papers, with their counts and sources.

    Returns
    -------
    DataFrame
        ``what`` (method or ecosystem), ``kind``, ``mean``, ``low``, ``high``, ``records`` and
        ``source``; empty fields where a paper prints none.

    Examples
    --------
    >>> list(published().columns)
    ['what', 'kind', 'mean', 'low', 'high', 'records', 'source']
    """
    return tables.read("cue_published")


def _part(data: xr.Dataset, method: str) -> xr.Dataset:
    methods = _column(data, "method")
    if method not in set(methods):
        allowed = ", ".join(str(name) for name in np.unique(methods))
        raise InputError(f"method = {shown(method)}: allowed {allowed}")
    return data.isel({data["method"].dims[0]: methods == method})


def _column(data: xr.Dataset, name: str) -> np.ndarray:
    if name not in data and name not in data.coords:
        raise InputError(f"data has no {name!r}: needed the variables of the data set 'cue'")
    return data[name].values
