"""From parameters to the planet: maps of soil carbon and of what makes it, and their sums.

>>> from soilnb.proda import globe
>>> cells = globe.planet("teaching", resolution=10)
>>> world = globe.maps("tao2024", cells, "compas")
>>> sorted(globe.total(world).data_vars)
['area', 'cells', 'infeasible', 'stock', 'too_much']

The cells come from `soilnb.proda.globe.cells`, the runs from `soilnb.proda.globe.runs`.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.data import schemas
from soilnb.parameters import InputError, check_known, check_range
from soilnb.proda.globe.cells import (
    CELLS,
    CLIMATE_ZONES,
    as_profiles,
    cell_area,
    climate_group,
    climate_zone,
    compare_climate,
    from_cells,
    planet,
    schema,
)
from soilnb.proda.globe.parameters import Parameters
from soilnb.proda.globe.runs import (
    CHUNK,
    LARGEST,
    CellRuns,
    Prepared,
    evaluate,
    parameters_of,
    prepare,
)
from soilnb.profile import grid
from soilnb.profile.layered import diagnostics

__all__ = [
    "CELLS", "CLIMATE_ZONES", "agreement", "as_profiles", "by_zone", "cell_area", "climate_group",
    "climate_zone", "compare_climate", "from_cells", "maps", "planet", "prepare", "schema",
    "total", "zonal",
]  # fmt: skip

#: What a map holds beside the metrics of `soilnb.profile.layered.diagnostics`.
VARIABLES = schemas.variables("maps") | diagnostics.METRICS

#: Components that the convergence of two models is judged by; see `agreement`.
AGREED = (
    "transfer_efficiency", "decomposition_rate", "environmental_modifier", "input_allocation",
    "transport_rate", "litter_to_soil", "input",
)  # fmt: skip

#: Statistics of `by_zone`, those of a box plot.
BOX = ("low whisker", "first quartile", "median", "third quartile", "high whisker")

#: Statistics of `zonal`: the papers' band is the middle 68 % of the cells.
BAND = ("mean", "low", "median", "high")

_PETAGRAM = 1e12  # kg


def maps(
    parameters: object,
    planet: xr.Dataset | Prepared,
    model: str = "compas",
    *,
    components: bool = True,
    members: str = "spread",
    client: Any = None,
    chunk: int = CHUNK,
    progress: bool = True,
    **switches: str,
) -> xr.Dataset:
    """Return soil carbon and its components in every cell.

    Parameters
    ----------
    parameters : str, mapping, Dataset or DataArray
        Name of a set; or numbers, arrays [site] or [member, site] by name; or a Dataset with a
        variable for each parameter, over ``site``, ``member`` or both; or a DataArray with a
        dimension ``parameter``. In physical units (`soilnb.profile.compas.from_unit` gives them
        for places in the unit cube). Parameters that are not given take their default.
    planet : Dataset or Prepared
        As from `planet`; `prepare` does its part once for many maps.
    model : {"compas", "clm5"}
        The model.
    components : bool
        Whether to compute more than stocks.
    members : {"spread", "all"}
        Of an ensemble: mean and standard deviation of the feasible members in each cell, and the
        totals of each member; or every member by itself, which takes their number in memory.
    client : dask.distributed.Client, optional
        Runs on its workers; the result is the same, bit for bit.
    chunk : int
        Cells that are run at a time.
    progress : bool
        Whether a bar over the cells appears when it takes longer than two seconds.
    **switches
        ``transport`` of the model; ``cue_flux``, ``transfer_flux``, ``k_system``, ``b_system``,
        ``cte_pools`` of the metrics (`soilnb.profile.layered.diagnostics`).

    Returns
    -------
    Dataset
        Over ``site``, with the coordinates of the planet: ``stock`` (..., to_depth) to 0.3, 1
        and 2 m, ``soc`` of the column, ``input``, the metrics of
        `soilnb.profile.layered.diagnostics`, ``microbial_share`` (COMPAS), ``litter_to_soil``,
        ``feasible`` (whether a steady state
        exists) and ``kept`` (feasible, and with less carbon than 1,000 kg m-2, the papers' limit).
        Stocks and metrics are NaN where not feasible. Of an ensemble each variable is the mean of
        the kept members, its ``..._sd`` their standard deviation, ``feasible_share`` the share of
        feasible members, and ``member_total`` (member, to_depth) the global stocks, Pg C.

    Raises
    ------
    InputError
        One line for an unknown model or parameter, values out of their bounds, parameters and
        planet of different length or labels, a planet without area, unknown switches.

    Examples
    --------
    >>> world = maps("tao2024", planet("teaching", resolution=10), "compas")
    >>> float(world["stock"].sel(to_depth=1.0).median().round(1))  # kg C m-2
    7.0
    """
    world = prepare(planet)
    source = parameters_of(world, parameters, model)
    check_known("value of members", members, ("spread", "all"))
    names = ()
    if components:
        names = ("microbial_share", "litter_to_soil", *diagnostics.METRICS)
    ensemble = source.members is not None and members == "spread"
    area = world.cells["area"].values
    parts, totals = {}, 0.0
    for cells, found in evaluate(
        model, world, lambda piece: CellRuns(source.values(piece)), names,
        reduce=_spread if ensemble else None, extra=lambda piece: area[piece],
        switches=switches, client=client, chunk=chunk, progress=progress,
    ):  # fmt: skip
        totals = totals + found.pop("member_total", 0.0)
        parts[cells.start] = found
    axis = 0 if ensemble else 1
    joined = {
        name: np.concatenate([parts[start][name] for start in sorted(parts)], axis=axis)
        for name in next(iter(parts.values()))
    }
    attrs = _attributes(world, model, parameters, switches)
    if ensemble:
        return _ensemble(joined, totals, world, source, attrs)
    return _single(joined, world, source, attrs)


def _spread(found: dict[str, np.ndarray], area: np.ndarray) -> dict[str, np.ndarray]:
    """Mean and standard deviation over the kept members, and the stocks of each member, Pg."""
    kept = _kept(found)
    result = {"feasible_share": found["feasible"].mean(axis=0), "kept": kept.any(axis=0)}
    for name, values in found.items():
        if name == "feasible":
            continue
        mask = kept.reshape(kept.shape + (1,) * (values.ndim - 2)) & np.isfinite(values)
        count = mask.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(mask, values, 0.0).sum(axis=0) / count
            square = np.where(mask, (values - mean) ** 2, 0.0).sum(axis=0)
            result[name] = mean
            result[f"{name}_sd"] = np.sqrt(square / (count - 1))
    result["members"] = kept.sum(axis=0)
    stock = np.where(kept[..., np.newaxis], found["stock"], 0.0)
    result["member_total"] = np.einsum("msd,s->md", stock, area) / _PETAGRAM
    return result


def _kept(found: dict[str, np.ndarray]) -> np.ndarray:
    return found["feasible"] & (found["soc"] > 0) & (found["soc"] < LARGEST)


def _single(found: dict, world: Prepared, source: Parameters, attrs: dict) -> xr.Dataset:
    """Return maps of one parameter set, or of every member by itself."""
    lead = ("site",) if source.members is None else ("member", "site")
    found["kept"] = _kept(found)
    for name in ("stock", "soc"):
        found[name][~found["feasible"]] = np.nan
    if source.members is None:
        found = {name: values[0] for name, values in found.items()}
    return _assemble(found, lead, world, source, attrs)


def _ensemble(
    found: dict, totals: np.ndarray, world: Prepared, source: Parameters, attrs: dict
) -> xr.Dataset:
    """Return mean and spread of an ensemble."""
    result = _assemble(found, ("site",), world, source, attrs)
    result["member_total"] = (
        ("member", "to_depth"), totals,
        {"units": "Pg C", "long_name": "global soil organic carbon of each member"},
    )  # fmt: skip
    return result.assign_coords(member=source.member_labels())


def _assemble(
    found: dict, lead: tuple[str, ...], world: Prepared, source: Parameters, attrs: dict
) -> xr.Dataset:
    litter = world.columns.columns.litter.sum(axis=1)
    shown = {"input": litter} | found
    data = {}
    for name, values in shown.items():
        base = name.removesuffix("_sd")
        about = (VARIABLES.get(base) or _FLAGS[base]).attrs
        if base != name:
            about["long_name"] = f"standard deviation over the members of: {about['long_name']}"
        dims = ("site",) if name == "input" else lead
        dims = (*dims, "to_depth") if base == "stock" else dims
        data[name] = (dims, values, about)
    coords = dict(world.cells.coords) | {
        "to_depth": (
            "to_depth", list(grid.STOCK_DEPTHS),
            {"units": "m", "long_name": "depth down to which carbon is counted"},
        ),
    }  # fmt: skip
    if "member" in lead:
        coords["member"] = source.member_labels()
    return xr.Dataset(data, coords, attrs)


_FLAGS = schemas.variables("map_flags")


def _attributes(world: Prepared, model: str, parameters: object, switches: dict) -> dict:
    """Where a map comes from."""
    told = {
        name: str(world.columns.attrs[name])
        for name in ("title", "provenance", "left_out", "forcing_source", "forcing_variant")
        if name in world.columns.attrs
    }
    return told | {
        "model": model,
        "parameters": parameters if isinstance(parameters, str) else "given",
        **switches,
        "soilnb_version": __version__,
    }


# --- sums and summaries -----------------------------------------------------------------------


def total(maps: xr.Dataset) -> xr.Dataset:
    """Return the global stocks.

    Parameters
    ----------
    maps : Dataset
        As from `maps`.

    Returns
    -------
    Dataset
        ``stock`` (..., to_depth), Pg C, over the kept cells; of an ensemble the mean of the
        members' totals, with ``stock_low`` and ``stock_high``, their 2.5 and 97.5 % quantiles.
        ``cells``, ``infeasible`` and ``too_much`` count the cells, ``area`` is that of the kept
        ones, m2.

    Notes
    -----
    An ensemble's member leaves out its own infeasible cells, so its total is that of the others.

    Examples
    --------
    >>> world = maps("tao2024", planet("teaching", resolution=10), components=False)
    >>> float(total(world)["stock"].sel(to_depth=1.0).round(-2))  # Pg C
    1200.0
    """
    _need(maps, ("stock", "kept", "area"))
    kept, area = maps["kept"], maps["area"]
    found = {}
    if "member_total" in maps:
        members = maps["member_total"]
        found["stock"] = members.mean("member")
        found["stock_low"] = members.quantile(0.025, "member").drop_vars("quantile")
        found["stock_high"] = members.quantile(0.975, "member").drop_vars("quantile")
        feasible = maps["feasible_share"] > 0
    else:
        found["stock"] = (maps["stock"].where(kept, 0.0) * area).sum("site") / _PETAGRAM
        feasible = maps["feasible"]
    found["cells"] = kept.sum("site")
    found["infeasible"] = (~feasible).sum("site")
    found["too_much"] = (feasible & ~kept).sum("site")
    found["area"] = (area * kept).sum("site")
    result = xr.Dataset(found)
    for name, array in result.items():
        array.attrs = _TOTALS[name].attrs
    return result.reset_coords(drop=True).assign_attrs(maps.attrs)


_TOTALS = schemas.variables("totals")


def zonal(
    maps: xr.Dataset, width: float = 5.0, variables: Sequence[str] | None = None
) -> xr.Dataset:
    """Return what maps hold by latitude.

    Parameters
    ----------
    maps : Dataset
        As from `maps`, without members.
    width : float
        Width of a band, degrees.
    variables : sequence of str, optional
        By default all numbers.

    Returns
    -------
    Dataset
        Every variable over ``latitude`` (middle of the band, from the south) and ``statistic``
        (mean, weighted by area; median; low and high, the 16 and 84 % quantiles of the cells, the
        papers' band), and ``cells``, their number. NaN where a band has no kept cell.

    Examples
    --------
    >>> world = maps("tao2024", planet("teaching", resolution=10), components=False)
    >>> bands = zonal(world, width=60.0)
    >>> bands["stock"].sel(to_depth=1.0, statistic="median").values.round(1)  # from the south
    array([ 9.1, 20.6,  3.9])
    """
    check_range("width", width, 0.01, 180.0, "degrees")
    names = _chosen(maps, variables)
    edges = -90.0 + width * np.arange(np.ceil(180.0 / width - 1e-9) + 1)
    where = np.clip(np.digitize(maps["latitude"].values, edges) - 1, 0, len(edges) - 2)
    where[~maps["kept"].values] = -1
    weight = maps["area"].values

    def band(values: np.ndarray, row: int) -> np.ndarray:
        inside = (where == row) & np.isfinite(values)
        if not inside.any():
            return np.full(len(BAND), np.nan)
        low, median, high = np.quantile(values[inside], (0.16, 0.5, 0.84))
        return np.array([np.average(values[inside], weights=weight[inside]), low, median, high])

    middle = (edges[:-1] + edges[1:]) / 2
    result = _summaries(maps, names, "latitude", range(len(middle)), BAND, band)
    result["cells"] = ("latitude", np.bincount(where[where >= 0], minlength=len(middle)))
    attrs = {"units": "degrees_north", "long_name": "middle of the band"}
    return result.assign_coords(latitude=("latitude", middle, attrs))


def by_zone(
    maps: xr.Dataset, zone: str = "climate_zone", variables: Sequence[str] | None = None
) -> xr.Dataset:
    """Return what maps hold in each climate zone, as box plots show it.

    Parameters
    ----------
    maps : Dataset
        As from `maps`, without members.
    zone : str
        Coordinate that names the zones: ``climate_zone`` (the papers' four), ``climate``
        (Köppen-Geiger), ``vegetation``, or any other text over ``site``.
    variables : sequence of str, optional
        By default all numbers.

    Returns
    -------
    Dataset
        Every variable over the zones and ``statistic``: quartiles, and whiskers that end at the
        last cell within 1.5 interquartile ranges of them; cells are not weighted. ``cells`` is
        their number.

    Examples
    --------
    >>> world = maps("tao2024", planet("teaching", resolution=10), components=False)
    >>> zones = by_zone(world)["stock"].sel(to_depth=1.0, statistic="median")
    >>> zones.sel(climate_zone="boreal").item() < zones.sel(climate_zone="tropical").item()
    True
    """
    names = _chosen(maps, variables)
    texts = [str(name) for name, c in maps.coords.items() if c.dtype.kind in "UO"]
    check_known("zone", zone, texts)
    labels = maps[zone].values.astype(np.str_)
    found = set(np.unique(labels).tolist()) - {""}
    order = [name for name in CLIMATE_ZONES if name in found]
    order += sorted(found - set(order))
    kept = maps["kept"].values

    def box(values: np.ndarray, row: int) -> np.ndarray:
        inside = values[kept & (labels == order[row]) & np.isfinite(values)]
        if inside.size == 0:
            return np.full(len(BOX), np.nan)
        first, median, third = np.quantile(inside, (0.25, 0.5, 0.75))
        reach = 1.5 * (third - first)
        low, high = inside[inside >= first - reach].min(), inside[inside <= third + reach].max()
        return np.array([low, first, median, third, high])

    result = _summaries(maps, names, zone, range(len(order)), BOX, box)
    result["cells"] = (zone, np.array([(kept & (labels == name)).sum() for name in order]))
    return result.assign_coords({zone: order})


def agreement(
    one: xr.Dataset, other: xr.Dataset, variables: Sequence[str] = AGREED
) -> pd.DataFrame:
    """Say how far two models agree, cell by cell.

    Parameters
    ----------
    one, other : Dataset
        Maps of the same cells, without members.
    variables : sequence of str
        Components to compare; stocks come first in any case.

    Returns
    -------
    DataFrame
        A row for each variable: ``r``, Pearson's correlation over the cells that both keep (of
        stocks that of their logarithms, as in Tao et al. 2024); ``r_log``, that of logarithms;
        ``n`` cells; ``median_one`` and ``median_other``. A correlation is NaN where a variable
        does not vary.

    Examples
    --------
    >>> cells = planet("teaching", resolution=10)
    >>> two = [maps("tao2024", cells, model) for model in ("clm5", "compas")]
    >>> agreement(*two, ["decomposition_rate"])["n"].unique()
    array([213])
    """
    for maps in (one, other):
        _need(maps, ("stock", "kept"))
        _no_members(maps)
    if not np.array_equal(one["site"].values, other["site"].values):
        raise InputError("the two maps are of different cells: allowed the same sites")
    both = one["kept"].values & other["kept"].values
    pairs = {}
    for depth in one["to_depth"].values:
        name = f"stock to {depth:g} m"
        pairs[name] = tuple(maps["stock"].sel(to_depth=depth).values for maps in (one, other))
    for name in variables:
        for maps in (one, other):
            check_known("variable of the maps", name, maps.data_vars)
        pairs[name] = (one[name].values, other[name].values)
    rows = {name: _correlation(*pair, both, name) for name, pair in pairs.items()}
    heads = ["r", "r_log", "n", "median_one", "median_other"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=heads).rename_axis("variable")


def _correlation(one: np.ndarray, other: np.ndarray, both: np.ndarray, name: str) -> tuple:
    use = both & np.isfinite(one) & np.isfinite(other)
    one, other = one[use], other[use]
    positive = (one > 0) & (other > 0)
    in_logs = _pearson(np.log(one[positive]), np.log(other[positive]))
    plain = in_logs if name.startswith("stock") else _pearson(one, other)
    return plain, in_logs, int(use.sum()), float(np.median(one)), float(np.median(other))


def _pearson(one: np.ndarray, other: np.ndarray) -> float:
    if one.size < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return np.nan
    return float(np.corrcoef(one, other)[0, 1])


def _summaries(maps, names, dim, rows, labels, function) -> xr.Dataset:
    """Return `function` of every variable in every row, over (dim, statistic)."""
    data = {}
    for name in names:
        array = maps[name].transpose("site", ...)
        flat = array.values.reshape(array.sizes["site"], -1).astype(float)
        found = np.array([[function(column, row) for row in rows] for column in flat.T])
        shape = (*array.shape[1:], len(rows), len(labels))
        data[name] = ((*array.dims[1:], dim, "statistic"), found.reshape(shape), array.attrs)
    coords = {"statistic": list(labels)}
    if "to_depth" in maps.coords:
        coords["to_depth"] = maps["to_depth"]
    return xr.Dataset(data, coords, maps.attrs)


def _chosen(maps: xr.Dataset, variables: Sequence[str] | None) -> list[str]:
    _need(maps, ("kept", "area"))
    _no_members(maps)
    numbers = [
        str(name) for name, array in maps.data_vars.items()
        if "site" in array.dims and array.dtype.kind == "f"
    ]  # fmt: skip
    if variables is None:
        return numbers
    for name in variables:
        check_known("variable of the maps", name, numbers)
    return list(variables)


def _no_members(maps: xr.Dataset) -> None:
    if "member" in maps["kept"].dims:
        raise InputError("maps have every member by itself: choose one, or members='spread'")


def _need(maps: xr.Dataset, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in maps.variables:
            raise InputError(f"maps have no {name!r}: allowed what globe.maps returns")
