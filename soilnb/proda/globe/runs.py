"""Runs of a layered model over the cells of a planet, in chunks: threads here, or Dask.

The work is cut into chunks of cells. A chunk takes all its runs (the members of an ensemble, the
cases of a sensitivity analysis) at once, so what is in memory is that of one chunk, however many
members there are, and a worker on another machine gets the forcing of its cells once.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import xarray as xr
from tqdm import tqdm

from soilnb import __version__
from soilnb.jobs import on_cluster
from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, check_known, check_range
from soilnb.proda.globe.parameters import Parameters
from soilnb.proda.models import MODELS
from soilnb.profile import grid, layered
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.forcing.kernel_forcing import Columns
from soilnb.profile.layered import diagnostics

#: Cells of a chunk: few enough for the arrays of one chunk to stay in the processor's cache.
CHUNK = 2000

#: Cells with more soil carbon than this, g C m-2 down to 8.6 m, are no soil: the papers leave
#: them out of every sum (phxtao/PRODA_MIC@90918f41, component_control_soc_stock).
LARGEST = 1e6


# --- the planet, prepared ---------------------------------------------------------------------


@dataclass(frozen=True)
class Prepared:
    """A planet prepared for many runs.

    Attributes
    ----------
    cells, columns : Dataset, Columns
        Its variables over ``site`` without the forcing, and its forcing.
    fragments : array [site, 3] or None
        Share of the volume that is stones, at 0-0.3, 0.3-1 and below 1 m.
    """

    cells: xr.Dataset
    columns: Columns
    fragments: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.columns.size

    def part(self, cells: slice) -> tuple[kernel.Column, np.ndarray | None]:
        """Return forcing and stones of some of the cells."""
        columns = kernel.Column(*(np.asarray(field)[cells] for field in self.columns.columns))
        return columns, None if self.fragments is None else self.fragments[cells]


def prepare(planet: xr.Dataset | Prepared) -> Prepared:
    """Check a planet and prepare it, once for many maps.

    Parameters
    ----------
    planet : Dataset or Prepared
        As from `soilnb.proda.globe.planet`; what is prepared already is returned as it is. Any
        forcing over ``site`` will do that has an ``area`` (m2).

    Examples
    --------
    >>> from soilnb.proda import globe
    >>> cells = globe.planet("teaching", resolution=10)
    >>> prepare(cells).size == cells.sizes["site"]
    True
    """
    if isinstance(planet, Prepared):
        return planet
    if not isinstance(planet, xr.Dataset):
        raise InputError(f"planet is a {type(planet).__name__}: allowed an xarray.Dataset")
    if "site" not in planet.dims:
        raise InputError("planet has no dimension 'site'")
    if "area" not in planet.variables:
        raise InputError("planet has no 'area' (m2): needed for global sums")
    area = np.asarray(planet["area"].values, dtype=float)
    bad = ~((area > 0) & np.isfinite(area))
    if bad.any():
        first = int(np.argmax(bad))
        label = planet["site"].values[first] if "site" in planet.coords else first
        raise InputError(f"area = {area[first]:g} at site {label}: allowed above 0 m2")
    columns = kernel_forcing.prepare(planet)
    own = [name for name, array in planet.variables.items() if set(array.dims) <= {"site"}]
    cells = planet[[name for name in own if name in planet.data_vars]]
    cells = cells.drop_vars([name for name in cells.coords if name not in own])
    if "area" not in cells.coords:
        cells = cells.set_coords("area")
    fragments = None
    if "coarse_fragments" in planet.variables:
        fragments = planet["coarse_fragments"].transpose("site", ...).values / 100.0
    return Prepared(cells, columns, fragments)


# --- runs, chunk by chunk ---------------------------------------------------------------------


class CellRuns(NamedTuple):
    """The runs of a chunk of cells: `parameters` [run, site, n] in the order of the kernel.

    `litter` and `modifier` [run, site], or None, are factors on the litter input and on the
    environmental modifier.
    """

    parameters: np.ndarray
    litter: np.ndarray | None = None
    modifier: np.ndarray | None = None


def evaluate(
    model: str,
    planet: Prepared,
    runs: Callable[[slice], CellRuns],
    names: tuple[str, ...],
    *,
    reduce: Callable[[dict[str, np.ndarray], Any], dict[str, np.ndarray]] | None = None,
    extra: Callable[[slice], Any] | None = None,
    switches: Mapping[str, str] | None = None,
    client: Any = None,
    chunk: int = CHUNK,
    progress: bool = True,
) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
    """Run a model over all cells; yield the cells of each chunk and what was found there.

    Parameters
    ----------
    model, planet : str, Prepared
        The model and its cells.
    runs : callable
        Gives the runs of a chunk.
    names : tuple of str
        What is wanted beside ``feasible``, ``stock`` [run, site, to_depth] (kg C m-2) and ``soc``
        [run, site] (g C m-2 down to 8.6 m): metrics of `soilnb.profile.layered.diagnostics`,
        ``microbial_share``, ``litter_to_soil``, ``profile`` (carbon density by layer).
    reduce : callable, optional
        Applied to the result of a chunk, and what `extra` gives for it, where the chunk is run. A
        function of a module.
    switches : mapping, optional
        Switches of the model and of its metrics.
    client, chunk, progress
        As in `soilnb.proda.globe.maps`; a chunk whose worker is lost goes to another one.
    """
    chunk = round(check_range("chunk", chunk, 1, 10**7))
    pieces = [slice(start, min(start + chunk, planet.size))
              for start in range(0, planet.size, chunk)]  # fmt: skip
    switches = dict(switches or {})

    def arguments(piece: slice) -> tuple:
        columns, fragments = planet.part(piece)
        more = None if extra is None else extra(piece)
        return (model, columns, fragments, runs(piece), names, switches, reduce, more)

    if client is None:
        results = _in_threads(lambda piece: _chunk(*arguments(piece)), pieces)
    else:
        calls = ((k, arguments(piece)) for k, piece in enumerate(pieces))
        results = on_cluster(_chunk, calls, client)
    with tqdm(total=planet.size, unit="cell", delay=2, leave=False, disable=not progress) as bar:
        for k, found in results:
            yield pieces[k], found
            bar.update(pieces[k].stop - pieces[k].start)


def _in_threads(run: Callable[[slice], dict], pieces: list[slice]) -> Iterator[tuple[int, dict]]:
    """Run pieces in as many threads as numba may use; yield their numbers and results in order.

    One piece more than there are threads is under way or waits to be yielded.
    """
    threads = min(numba.get_num_threads(), len(pieces))
    if threads == 1:
        yield from ((k, run(piece)) for k, piece in enumerate(pieces))
        return
    pool, waiting = ThreadPoolExecutor(threads), deque()
    try:
        for k, piece in enumerate(pieces):
            waiting.append((k, pool.submit(run, piece)))
            if len(waiting) > threads:
                first, future = waiting.popleft()
                yield first, future.result()
        for k, future in waiting:
            yield k, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _chunk(
    model: str,
    columns: kernel.Column,
    fragments: np.ndarray | None,
    runs: CellRuns,
    names: tuple[str, ...],
    switches: dict[str, str],
    reduce: Callable | None,
    extra: Any,
) -> dict[str, np.ndarray]:
    """All runs of a chunk of cells: each result [run, site, ...]."""
    found = []
    for k, parameters in enumerate(runs.parameters):
        here = _changed(columns, runs, k)
        found.append(_one(model, here, fragments, parameters, names, switches))
        if runs.modifier is not None and "environmental_modifier" in found[-1]:
            found[-1]["environmental_modifier"] *= runs.modifier[k]
    result = {name: np.stack([one[name] for one in found]) for name in found[0]}
    return result if reduce is None else reduce(result, extra)


def _changed(columns: kernel.Column, runs: CellRuns, k: int) -> kernel.Column:
    """Return the forcing of a run: litter, and the modifier through its factor of oxygen."""
    if runs.litter is not None:
        columns = columns._replace(litter=columns.litter * runs.litter[k][:, np.newaxis])
    if runs.modifier is not None:
        factor = runs.modifier[k][:, np.newaxis, np.newaxis]
        columns = columns._replace(oxygen=columns.oxygen * factor)
    return columns


def _one(
    model: str,
    columns: kernel.Column,
    fragments: np.ndarray | None,
    parameters: np.ndarray,
    names: tuple[str, ...],
    switches: dict[str, str],
) -> dict[str, np.ndarray]:
    """One run of a chunk: each result [site, ...]."""
    record = MODELS[model]
    chosen = record.layered
    given = dict(switches)
    cases = layered.of_arrays(chosen, parameters, columns, given.pop("transport", "conservative"))
    state = layered.solve(chosen, cases, threads=1)
    feasible = state.feasible
    stocks = {name: array for name, (_, array) in layered.stocks(chosen, state.carbon).items()}
    soc = stocks["soc"] @ grid.THICKNESS
    found = {"feasible": feasible, "soc": soc, "stock": stocks["stock"]}
    if fragments is not None:
        found["stock"], found["soc"] = _without_stones(found["stock"], soc / 1000.0, fragments)
    if "microbial_share" in names and record.microbes:
        mic = state.carbon[:, list(chosen.pools).index(record.microbes)] @ grid.THICKNESS
        with np.errstate(invalid="ignore", divide="ignore"):
            found["microbial_share"] = mic / soc
    if "profile" in names:
        found["profile"] = stocks["soc"]
    if "litter_to_soil" in names:
        values = dict(zip(chosen.names, parameters.T, strict=True))
        found["litter_to_soil"] = litter_to_soil(model, values, columns.litter)
    wanted = [name for name in names if name in diagnostics.METRICS]
    if wanted:
        metrics = diagnostics.metrics(chosen, cases, state.carbon, state.rates, **given)
        found |= {name: metrics[name] for name in wanted if name in metrics}
    for name, array in found.items():
        if name in diagnostics.METRICS or name in ("microbial_share", "litter_to_soil"):
            array[~feasible] = np.nan
    return found


def _without_stones(
    stock: np.ndarray, column: np.ndarray, fragments: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Stocks [site, to_depth] (kg m-2) and the column's (g m-2), each depth without its stones."""
    upper = np.diff(np.column_stack([np.zeros(len(stock)), stock]), axis=1)
    fine = upper * (1.0 - fragments)
    below = (column - stock[:, -1]) * (1.0 - fragments[:, -1])
    reduced = np.cumsum(fine, axis=1)
    return reduced, 1000.0 * (reduced[:, -1] + below)


def litter_to_soil(model: str, p: Mapping[str, np.ndarray], litter: np.ndarray) -> np.ndarray:
    """Return the share of the litter's carbon that enters soil pools, at steady state.

    What enters a litter pool leaves it again, so the share needs no state: of metabolic,
    cellulose and lignin litter (wood passed on to the last two) what is not respired on the way.

    Parameters
    ----------
    model : {"compas", "clm5"}
        The model.
    p : mapping
        Parameters by name, each [site].
    litter : array [site, 4]
        Input of wood, metabolic, cellulose and lignin litter, g C m-2 yr-1.

    Returns
    -------
    array [site]
        1.
    """
    to_cellulose, metabolic, cellulose, lignin = MODELS[model].to_soil(p)
    wood, one, two, three = litter.T
    kept = (
        metabolic * one
        + cellulose * (two + to_cellulose * wood)
        + lignin * (three + (1 - to_cellulose) * wood)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return kept / litter.sum(axis=1)


# --- what maps and sensitivities share --------------------------------------------------------


def parameters_of(planet: Prepared, parameters: object, model: str) -> Parameters:
    """Return the parameters of the cells of a planet."""
    labels = planet.cells["site"].values if "site" in planet.cells.coords else None
    return Parameters(parameters, model, planet.size, labels)


def depth_row(depth: float) -> int:
    """Return the row of a depth among those of the stocks, or raise `InputError`."""
    check_known("depth", depth, grid.STOCK_DEPTHS)
    return grid.STOCK_DEPTHS.index(depth)


def over_members(
    one: Callable[[int], xr.Dataset], parameters: Parameters, attrs: dict
) -> xr.Dataset:
    """Return what `one` gives for the parameters, or over ``member`` for an ensemble of them."""
    if parameters.members is None:
        result = one(0)
    else:
        results = [one(member) for member in range(parameters.members)]
        result = xr.concat(results, "member").assign_coords(member=parameters.member_labels())
    return result.assign_attrs(attrs | {"soilnb_version": __version__})
