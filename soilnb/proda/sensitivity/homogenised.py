"""What the spatial variation of each component of a model is worth; see `sensitivity`.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from soilnb.data import schemas
from soilnb.parameters import InputError
from soilnb.proda.cube import Cube, targets
from soilnb.proda.efficiency import efficiencies
from soilnb.proda.globe.parameters import Parameters
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

#: Standard deviation of the plant input over its mean where the planet has none: an assumption.
NPP_SD = 0.1


@two_switches
def homogenise(
    parameters: object,
    planet: xr.Dataset | Prepared,
    model: str = "compas",
    *,
    sites: object = None,
    select: str = "published",
    enzyme_turnover: str = "own",
    prior: str = "linear",
    depth: float = 1.0,
    components: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
    npp_sd: float | np.ndarray | None = None,
    seed: int = 0,
    observations: xr.Dataset | None = None,
    predicted: object = None,
    forcing: xr.Dataset | None = None,
    client: Any = None,
    chunk: int = CHUNK,
    progress: bool = True,
    transport: str = "conservative",
) -> xr.Dataset:
    """Say what the spatial variation of each component is worth.

    The parameters of a component take their mean everywhere, those of the others stay as they
    are. Plant input is not a parameter: every cell gets two standard deviations more or less, at
    random. ``all`` fixes all parameters, and leaves the input.

    Parameters
    ----------
    parameters, planet, model
        As in `soilnb.proda.globe.maps`; an ensemble gives a result for each member.
    sites : Dataset or DataArray, optional
        Estimates at sites, whose mean (of places between the bounds) is the constant: parameters
        by name over one dimension, or along a dimension ``parameter``; or an assimilation, as
        from `soilnb.proda.assimilate`. By default the mean of the cells.
    select : {"published", "converged", "fitted", "all"}
        Of an assimilation, whose estimates count for the mean: those that the papers' rule keeps,
        or others, see `soilnb.proda.cube.targets`.
    enzyme_turnover, prior : str
        See `soilnb.proda.cube`.
    depth : {0.3, 1.0, 2.0}
        Depth down to which carbon is counted, m.
    components : sequence or mapping, optional
        Names of some of the components; or component to parameters, in place of ``Cube.groups``.
    npp_sd : float or array [site], optional
        Standard deviation of the plant input over its mean. By default that of the planet
        (``npp_sd`` over ``npp``), else 0.1, an assumption.
    seed : int
        Seed of the signs.
    observations, predicted, forcing : Dataset, optional
        Profiles as from `soilnb.proda.observations`, parameters at these (as `parameters`), and
        their forcing (by default `soilnb.proda.observations.forcing_at`): for the explained
        variance.
    client, chunk, progress, transport
        As in `soilnb.proda.globe.maps`.

    Returns
    -------
    Dataset
        Over ``component`` (``none``, the components, ``all``): ``deviation``, the sum over the
        cells of the absolute change of carbon times area, Pg C; ``stock``, Pg C; ``excluded``, the
        number of cells that have no steady state with the change but have one without. With
        observations ``explained``, the Nash-Sutcliffe efficiency over all layers, and ``loss``,
        the change of it.

    Raises
    ------
    InputError
        As `soilnb.proda.globe.maps`; for an unknown component, switch or depth, a standard
        deviation of more than half the mean, or observations without `predicted`.

    Examples
    --------
    >>> from soilnb.proda import globe
    >>> cells = globe.planet("teaching", resolution=10)
    >>> spread = {"q10": np.linspace(1.5, 2.5, cells.sizes["site"])}
    >>> found = homogenise(spread, cells, components=["cue", "modifier"])
    >>> (found["deviation"] > 1e-9).values  # nothing; CUE, which does not vary; modifier; all
    array([False, False,  True,  True])
    """
    cube, world = Cube(model, enzyme_turnover, prior), prepare(planet)
    given = parameters_of(world, parameters, model)
    parts = cube.chosen(components)
    row = depth_row(depth)
    spread = _input_spread(world, npp_sd)
    if (observations is None) != (predicted is None):
        raise InputError("observations and predicted: allowed both or none")
    means = _means(sites, select, given, cube)
    factor, area = _signs(spread, seed), world.cells["area"].values

    def one(member: int) -> xr.Dataset:
        sums: dict[str, np.ndarray | float] = {"deviation": 0.0, "stock": 0.0, "excluded": 0}
        for _, found in evaluate(
            model, world,
            lambda piece: _fixed(
                cube.unit(given.values(piece)[member]), means[member], parts, cube, factor[piece]
            ),
            (), reduce=_deviation, extra=lambda piece: (area[piece], row),
            switches={"transport": transport}, client=client, chunk=chunk, progress=progress,
        ):  # fmt: skip
            sums = {name: value + found[name] for name, value in sums.items()}
        if observations is not None:
            at_profiles = _signs(np.full(observations.sizes["profile"], spread.mean()), seed)
            sums["explained"] = efficiencies(
                predicted, observations, forcing, cube, transport,
                lambda places: _fixed(places, means[member], parts, cube, at_profiles), member,
            )  # fmt: skip
            sums["loss"] = sums["explained"] - sums["explained"][0]
        return assemble(
            _VARIABLES, sums, "component", coords={"component": ["none", *parts, "all"]}
        )

    attrs = cube.attrs | {"depth": depth, "seed": seed, "transport": transport}
    return over_members(one, given, attrs)


_VARIABLES = schemas.variables("homogenised")


def _fixed(
    places: np.ndarray,
    mean: np.ndarray,
    parts: Mapping[str, tuple[str, ...]],
    cube: Cube,
    factor: np.ndarray,
) -> CellRuns:
    """Return the runs of a chunk: as it is, each component at its mean, and all of them."""
    order = cube.model.names
    cases = [places]
    litter = [np.ones(len(places))]
    for component, names in parts.items():
        case = places.copy()
        columns = [order.index(name) for name in names]
        case[:, columns] = mean[columns]
        cases.append(case)
        litter.append(factor if component == "input" else np.ones(len(places)))
    cases.append(np.broadcast_to(mean, places.shape))
    litter.append(np.ones(len(places)))
    return CellRuns(cube.physical(np.stack(cases)), np.stack(litter))


def _deviation(found: dict[str, np.ndarray], extra: tuple) -> dict[str, np.ndarray]:
    """Return sums over the cells of a chunk, each [run]."""
    area, row = extra
    stock = found["stock"][:, :, row]
    base = found["feasible"][0] & (found["soc"][0] > 0) & (found["soc"][0] < LARGEST)
    use = base & found["feasible"]
    change = np.where(use, np.abs(stock - stock[0]), 0.0)
    return {
        "deviation": change @ area / 1e12,
        "stock": np.where(use, stock, 0.0) @ area / 1e12,
        "excluded": (base & ~found["feasible"]).sum(axis=1),
    }


def _means(sites: object, select: str, given: Parameters, cube: Cube) -> np.ndarray:
    """Mean place of each parameter, [member or 1, n]."""
    if sites is None:
        return np.stack([cube.unit(values).mean(axis=0) for values in given.values(slice(None))])
    if isinstance(sites, xr.Dataset) and "estimate" in sites:
        switches = {name: cube.attrs[name] for name in ("enzyme_turnover", "prior")}
        mean = targets(sites, select=select, **switches).to_numpy().mean(axis=0)
        return np.tile(mean, (given.members or 1, 1))
    estimates = _along_site(sites, cube.model.names, cube.name)
    size = next(iter(estimates.sizes.values())) if estimates.sizes else 1
    table = Parameters(estimates, cube.name, size)
    mean = cube.unit(table.values(slice(None))[0]).mean(axis=0)
    return np.tile(mean, (given.members or 1, 1))


def _along_site(sites: object, needed: Sequence[str], model: str) -> xr.Dataset:
    """Return estimates as a Dataset over ``site``; refused sites (NaN) are left out."""
    if isinstance(sites, xr.DataArray):
        if "parameter" not in sites.dims:
            raise InputError(f"sites have the dimensions {sites.dims}: needed 'parameter'")
        sites = sites.to_dataset("parameter")
    if not isinstance(sites, xr.Dataset):
        raise InputError(f"sites is a {type(sites).__name__}: allowed a Dataset or DataArray")
    names = [name for name in needed if name in sites]
    missing = [name for name in needed if name not in sites]
    if missing:
        raise InputError(f"sites have no {missing[0]!r}: needed is every parameter of {model}")
    dims = {str(dim) for name in names for dim in sites[name].dims}
    if len(dims) > 1:
        raise InputError(f"sites have the dimensions {', '.join(sorted(dims))}: allowed one")
    table = sites[names].drop_vars(list(sites.coords))
    if not dims:
        return table.expand_dims("site")
    (dim,) = dims
    table = table.rename({dim: "site"}).dropna("site")
    if table.sizes["site"] == 0:
        raise InputError("sites have no estimate that is finite")
    return table


def _input_spread(world: Prepared, npp_sd: object) -> np.ndarray:
    """Return the standard deviation of the plant input over its mean, [site]."""
    if npp_sd is None and "npp_sd" in world.cells and "npp" in world.cells:
        npp_sd = (world.cells["npp_sd"] / world.cells["npp"]).values
    spread = np.broadcast_to(
        np.asarray(NPP_SD if npp_sd is None else npp_sd, dtype=float), (world.size,)
    )
    bad = ~((spread >= 0) & (spread <= 0.5))
    if bad.any():
        raise InputError(f"npp_sd = {spread[bad][0]:g}: allowed 0 to 0.5 of the mean")
    return spread


def _signs(spread: np.ndarray, seed: int) -> np.ndarray:
    """Return 1 plus or minus twice the spread, the sign at random, [site]."""
    return 1.0 + np.random.default_rng(seed).choice([-2.0, 2.0], spread.size) * spread
