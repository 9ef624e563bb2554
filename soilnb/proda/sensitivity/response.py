"""How the global stock of carbon follows each component of a model; see `sensitivity`.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from soilnb.data import schemas
from soilnb.parameters import InputError, check_known, check_range, shown
from soilnb.proda.cube import Cube
from soilnb.proda.globe.runs import (
    CHUNK,
    LARGEST,
    CellRuns,
    Prepared,
    depth_row,
    evaluate,
    over_members,
    parameters_of,
    prepare,
)
from soilnb.profile.layered import two_switches
from soilnb.schema import assemble

#: Parameters that fall when their component rises: faster uptake of DOC goes with a higher CUE.
FALLING = ("tau_assim", "km_assim")

#: In the proportional analysis the published code changes this parameter of the modifier alone.
MODIFIER = "w_scaling"

#: Changes of a parameter's place between its bounds in the proportional analysis.
CHANGES = tuple(np.round(np.arange(-0.1, 0.101, 0.02), 2).tolist())

#: Places between the bounds are kept within these, as in the published code; that of ``b`` lower.
LOWEST, HIGHEST, HIGHEST_B = 1e-4, 1.0, 0.98

_VARIABLES = schemas.variables("proportional")


@two_switches
def proportional(
    parameters: object,
    planet: xr.Dataset | Prepared,
    model: str = "compas",
    *,
    changes: Sequence[float] = CHANGES,
    enzyme_turnover: str = "own",
    prior: str = "linear",
    modifier: str = "w_scaling",
    depth: float = 1.0,
    components: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
    client: Any = None,
    chunk: int = CHUNK,
    progress: bool = True,
    **switches: str,
) -> xr.Dataset:
    """Say how the global stock follows each component when all cells have more or less of it.

    Places between the bounds are multiplied by 1 + change, as in the published code: not the
    physical values. ``tau_assim`` and ``km_assim`` are multiplied by 1 - change, for fast uptake
    goes with a high CUE. Cells that lose their steady state at any change are left out of the
    whole curve of the component.

    Parameters
    ----------
    parameters, planet, model
        As in `soilnb.proda.globe.maps`; an ensemble gives a result for each member.
    changes : sequence of float
        Changes, increasing, with 0 among them.
    enzyme_turnover, prior : str
        See `soilnb.proda.cube`.
    modifier : {"w_scaling", "direct"}
        What changes the environmental modifier: the place of ``w_scaling`` alone, as in the
        published code, which does nothing where soil is moist; or a factor on the modifier itself.
    depth : {0.3, 1.0, 2.0}
        Depth down to which carbon is counted, m.
    components : sequence or mapping, optional
        Names of some of the components; or component to parameters, in place of ``Cube.groups``.
    client, chunk, progress
        As in `soilnb.proda.globe.maps`.
    **switches
        As in `soilnb.proda.globe.maps`; the papers' own metric of decomposition is
        ``k_system="published"``.

    Returns
    -------
    Dataset
        Over (component, change): ``metric_change``, the median over the cells of the relative
        change of the component's metric; ``stock_change``, the relative change of the global
        stock; ``stock``, Pg C; and ``excluded`` over component, the number of cells left out.

    Raises
    ------
    InputError
        As `soilnb.proda.globe.maps`; for an unknown component, switch or depth, or changes that
        are not increasing through 0.

    Examples
    --------
    >>> from soilnb.proda import globe
    >>> curves = proportional("tao2024", globe.planet("teaching", resolution=10), components="cue")
    >>> curves["stock_change"].dims, float(curves["stock_change"].sel(change=0.0).item())
    (('component', 'change'), 0.0)
    """
    cube, world = Cube(model, enzyme_turnover, prior), prepare(planet)
    given = parameters_of(world, parameters, model)
    parts = cube.chosen(components)
    measures = {name: cube.metric(name) for name in parts}
    check_known("value of modifier", modifier, ("w_scaling", "direct"))
    row, steps = depth_row(depth), _changes(changes)
    area = world.cells["area"].values

    def one(member: int) -> xr.Dataset:
        rows = []
        for name, measure in measures.items():
            found = _gather(
                evaluate(
                    model, world,
                    lambda piece, name=name: _scaled(
                        cube.unit(given.values(piece)[member]),
                        name, parts[name], steps, cube, modifier,
                    ),
                    () if measure == "input" else (measure,),
                    switches=switches, client=client, chunk=chunk, progress=progress,
                )
            )  # fmt: skip
            rows.append(_curve(found, measure, area, row, steps))
        arrays = {key: np.array([line[key] for line in rows]) for key in _VARIABLES}
        coords = {"component": list(parts), "change": steps}
        return assemble(_VARIABLES, arrays, "component", coords=coords)

    attrs = cube.attrs | {"depth": depth, "modifier": modifier, **switches}
    return over_members(one, given, attrs)


def _scaled(
    places: np.ndarray,
    component: str,
    names: tuple[str, ...],
    steps: np.ndarray,
    cube: Cube,
    modifier: str,
) -> CellRuns:
    """Return the runs of a chunk, one for each change of a component."""
    order = cube.model.names
    ones = np.ones((steps.size, len(places)))
    factor = 1.0 + steps[:, np.newaxis] * ones
    cases = np.repeat(places[np.newaxis], steps.size, axis=0)
    if component == "modifier":
        names = (MODIFIER,) if modifier == "w_scaling" else ()
    for name in names:
        if cube.enzyme_turnover == "tied" and name == "tau_enz_decay":
            continue  # it follows km_assim
        sign = -1.0 if name in FALLING else 1.0
        cases[:, :, order.index(name)] *= 1.0 + sign * steps[:, np.newaxis]
    cases = np.where(cases <= 0.0, LOWEST, np.minimum(cases, HIGHEST))
    b = order.index("b")
    cases[:, :, b] = np.minimum(cases[:, :, b], HIGHEST_B)
    litter = factor if component == "input" else None
    direct = factor if component == "modifier" and modifier == "direct" else None
    return CellRuns(cube.physical(cases), litter, direct)


def _gather(chunks: Iterator[tuple[slice, dict]]) -> dict[str, np.ndarray]:
    """Results of all chunks, each [run, site, ...]."""
    parts = [found for _, found in sorted(chunks, key=lambda pair: pair[0].start)]
    return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}


def _curve(
    found: dict[str, np.ndarray], measure: str, area: np.ndarray, row: int, steps: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the changes of metric and stock [change] of one component."""
    zero = int(np.argmin(np.abs(steps)))
    good = found["feasible"] & (found["soc"] > 0) & (found["soc"] < LARGEST)
    if measure == "input":
        relative = np.repeat(steps[:, np.newaxis], area.size, axis=1)
    else:
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = found[measure] / found[measure][zero] - 1.0
    use = good.all(axis=0)
    stock = found["stock"][:, use, row] @ area[use] / 1e12
    # a metric of 0 (all litter at the surface) has no relative change
    seen = use & np.isfinite(relative).all(axis=0)
    middle = np.median(relative[:, seen], axis=1) if seen.any() else np.full(steps.size, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        change = stock / stock[zero] - 1.0
    return {
        "metric_change": middle,
        "stock_change": change,
        "stock": stock,
        "excluded": np.asarray((~use).sum()),
    }


def needed(curves: xr.Dataset, target: float = 0.1) -> xr.Dataset:
    """Return the change of each component's metric that changes the global stock by `target`.

    Parameters
    ----------
    curves : Dataset
        As from `proportional`.
    target : float
        Relative change of the stock.

    Returns
    -------
    Dataset
        Over ``component``: ``interpolated`` between the changes that were run, NaN where the stock
        does not get there while it rises or falls all along; ``regression``, from a straight line
        through the logarithms of all changes (of the allocation those upwards), which is how the
        papers' numbers are made (phxtao/PRODA_MIC@90918f41, revision4_main_fig4.R) and may lie
        outside of what was run; ``metric_low`` and ``metric_high``, the range around 0 in which
        the stock is monotone in the metric; ``reached``, the largest change of the stock there in
        the direction of `target`.

    Raises
    ------
    InputError
        For a target of 0, or not above -1.

    Examples
    --------
    >>> from soilnb.proda import globe
    >>> curves = proportional("tao2024", globe.planet("teaching", resolution=10), components="cue")
    >>> needed(curves)["regression"].values.round(2)  # change of the CUE for a tenth more carbon
    array([-0.12])
    """
    if check_range("target", target, -1.0, 100.0) in (-1.0, 0.0):
        raise InputError(f"target = {target}: allowed above -1, and not 0")
    dims = [dim for dim in curves["stock_change"].dims if dim != "change"]
    found = xr.apply_ufunc(
        _needed_of_curve,
        curves["metric_change"], curves["stock_change"], curves["component"],
        input_core_dims=[["change"], ["change"], []], output_core_dims=[["result"]],
        vectorize=True, kwargs={"target": float(target)},
    )  # fmt: skip
    arrays = {name: found.isel(result=i).transpose(*dims) for i, name in enumerate(_NEEDED)}
    result = xr.Dataset({n: array.assign_attrs(_NEEDED[n].attrs) for n, array in arrays.items()})
    return result.assign_attrs(curves.attrs | {"target": target})


_NEEDED = schemas.variables("needed")


def _needed_of_curve(
    metric: np.ndarray, stock: np.ndarray, component: str, *, target: float
) -> np.ndarray:
    usable = np.isfinite(metric) & np.isfinite(stock)
    metric, stock = metric[usable], stock[usable]
    if metric.size < 3 or np.ptp(metric) == 0:
        return np.full(5, np.nan)
    order = np.argsort(metric, kind="stable")
    metric, stock = metric[order], stock[order]
    zero = int(np.argmin(np.abs(metric)))
    first, last = _monotone(metric, stock, zero)
    inside = slice(first, last + 1)
    reached = stock[inside].max() if target > 0 else stock[inside].min()
    x, y = stock[inside], metric[inside]
    if x[0] > x[-1]:
        x, y = x[::-1], y[::-1]
    interpolated = np.interp(target, x, y, left=np.nan, right=np.nan) if x.size > 1 else np.nan
    return np.array([
        interpolated, _regressed(metric, stock, component, target),
        metric[first], metric[last], reached,
    ])  # fmt: skip


def _monotone(metric: np.ndarray, stock: np.ndarray, zero: int) -> tuple[int, int]:
    """First and last point around `zero` between which the stock only rises, or only falls."""
    slope = np.sign(np.diff(stock)) * (np.diff(metric) > 0)
    around = [k for k in (zero - 1, zero) if 0 <= k < slope.size and slope[k] != 0]
    if not around or len({slope[k] for k in around}) > 1:
        return zero, zero
    sense = slope[around[0]]
    first = last = zero
    while first > 0 and slope[first - 1] == sense:
        first -= 1
    while last < slope.size and slope[last] == sense:
        last += 1
    return first, last


def _regressed(metric: np.ndarray, stock: np.ndarray, component: str, target: float) -> float:
    use = metric > 0 if component == "allocation" else np.ones(metric.size, bool)
    use &= (metric > -1) & (stock > -1)
    x, y = np.log1p(metric[use]), np.log1p(stock[use])
    if x.size < 2 or np.ptp(x) == 0:
        return np.nan
    slope, intercept = np.polyfit(x, y, 1)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        found = np.expm1((np.log1p(target) - intercept) / slope)
    return float(found) if np.isfinite(found) else np.nan


def _changes(changes: Sequence[float]) -> np.ndarray:
    steps = np.asarray(changes, dtype=float)
    if steps.ndim != 1 or steps.size < 3 or not (np.diff(steps) > 0).all():
        raise InputError(f"changes = {shown(changes)}: allowed three or more, increasing")
    if not (np.abs(steps) < 1e-12).any() or not (np.abs(steps) < 1).all():
        raise InputError(f"changes = {shown(changes)}: allowed between -1 and 1, with 0 among them")
    return steps
