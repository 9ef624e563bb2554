"""The Dataset that a pool model returns: pools, the flux ledger, and where they come from.

Both models share the names, units and symbols of their variables, so that a figure or a
diagnostic reads either without knowing which.
"""

import json
import warnings
from collections.abc import Collection
from functools import cache

import numpy as np
import xarray as xr
from xarray.indexes import PandasIndex

from soilnb import __version__
from soilnb.data import schemas
from soilnb.parameters import InputError, ParameterSet, as_numbers
from soilnb.profile import plausible
from soilnb.profile.site import Site, SiteWarning

#: What models without depth return.
VARIABLES = schemas.variables("boxes") | plausible.VARIABLES

#: What a run may begin with; None is the steady state.
Initial = xr.Dataset | xr.DataArray | np.ndarray | None

#: Attributes of the coordinate ``time``.
TIME = {"units": "yr", "long_name": "time", "symbol": "t"}


#: Latest time of a run, yr; long before, results are at rest or say that they are not plausible.
LATEST = 1e15


class LitterQualityWarning(UserWarning):
    """At some sites the formula of the metabolic share left its range and was clipped."""


def build(
    site: Site,
    parameters: ParameterSet,
    model: str,
    source: str,
    pools: dict[str, str],
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]],
    labels: dict[str, tuple[str, ...]] | None = None,
    times: np.ndarray | None = None,
    used: tuple[str, ...] = (),
    assumed: tuple[str, ...] = (),
    coords: dict | None = None,
) -> xr.Dataset:
    """Assemble a Dataset from arrays with a leading site axis.

    Parameters
    ----------
    site : Site
        Its dimension and coordinates lead every variable; a single place has none.
    variables : dict
        Name to (dimensions behind the site, array [site, ...]).
    pools : dict
        Label to readable name, the coordinates ``pool`` and ``pool_name``.
    labels : dict, optional
        Further dimensions and the names along them.
    times : array [time], optional
        Output times, yr.
    used : tuple of str
        Site keys that the model reads; the others that were given are named in the attributes.
    assumed : tuple of str
        Site keys that take the value of their record where the site has none; named likewise.
    coords : dict, optional
        Further coordinates, as xarray takes them.
    """
    lead = () if site.dim is None else (site.dim,)
    if "carbon" in variables:
        dims, carbon = variables["carbon"]
        holds = plausible.plausible_stock(carbon, parameters)
        variables = {**variables, "plausible": (dims[:-1], holds)}
    data = {}
    for name, (dims, array) in variables.items():
        values = array if site.dim is not None else array[0]
        data[name] = (lead + dims, values, VARIABLES[name].attrs)
    named = [(dim, dim, names) for dim, names in (labels or {}).items()]
    if any("pool" in dims for dims, _ in variables.values()):
        named += [("pool", "pool", tuple(pools)), ("pool_name", "pool", tuple(pools.values()))]
    own = {**site.coords}
    for key, one in (coords or {}).items():
        dim, names, *about = one if isinstance(one, tuple) else (key, one)
        if isinstance(names, list) and not about and all(isinstance(n, str) for n in names):
            named.append((key, dim, tuple(names)))
        else:
            own[key] = one
    dataset = xr.Dataset(data, coords=coordinates(_named(tuple(named)), own, times))
    defaults = [f"{key} = {site.records[key].value:g}" for key in assumed if key not in site]
    ignored = [key for key in site.values if key not in used]
    dataset.attrs = {
        "model": model,
        "parameter_set": parameters.name,
        "parameters": json.dumps({**parameters, **parameters.options}),
        "source": source,
        "soilnb_version": __version__,
        "site_keys_not_used": ", ".join(ignored) or "none",
        "site_keys_assumed": ", ".join(defaults) or "none",
    }
    return dataset


@cache
def _named(labels: tuple[tuple[str, str, tuple[str, ...]], ...]) -> xr.Coordinates:
    """Return coordinates of names (coordinate, dimension, names), the same for every run."""
    lasting = {}
    for name, dim, values in labels:
        array = np.array(values)
        if name != dim:
            array.flags.writeable = False  # one array serves many Datasets
        lasting[name] = (dim, array)
    return xr.Coordinates(lasting)


def coordinates(
    lasting: xr.Coordinates, own: dict, times: np.ndarray | None = None
) -> xr.Coordinates:
    """Return the coordinates of a run: those of every run, its own, and its output times in yr.

    The index of the times is made here: xarray's own way costs as much as the run of a model.
    """
    found = lasting.assign(own) if own else lasting
    if times is None:
        return found
    axis = {"time": xr.IndexVariable("time", times, TIME), **found.variables}
    return xr.Coordinates(axis, indexes={"time": PandasIndex(times, "time"), **found.xindexes})


def metabolic_share(
    site: Site, multiplier: float, intercept: float, slope: float, low: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return f_met [site] and whether it was clipped [site].

    f_met = multiplier (intercept - slope L:N) where the site gives the lignin to nitrogen ratio;
    outside [low, 1] it is clipped, with a warning that names the sites. A given f_met is used as
    it is.
    """
    if "f_met" in site:
        return np.array(site["f_met"]), np.zeros(site.size, bool)
    formula = multiplier * (intercept - slope * site["lignin_to_n"])
    share = np.clip(formula, low, 1.0)
    clipped = share != formula
    if clipped.any():
        warnings.warn(
            f"f_met = {formula[clipped][0]:.3g} from lignin_to_n = "
            f"{site['lignin_to_n'][clipped][0]:g}{site.where(clipped)} is clipped to "
            f"[{low:g}, 1]",
            LitterQualityWarning,
            stacklevel=4,
        )
    return share, clipped


def check_time(time: object) -> np.ndarray:
    """Return output times as floats [time] in years: finite, increasing, the first not negative.

    Examples
    --------
    >>> check_time([0, 10])
    array([ 0., 10.])
    """
    times = np.atleast_1d(as_numbers("time", time, "yr"))
    if times.ndim != 1 or times.size == 0 or not np.isfinite(times).all():
        raise InputError("time: allowed one dimension of finite numbers (in yr)")
    if times[0] < 0:
        raise InputError(f"time starts at {times[0]:g}: allowed 0 yr or later")
    if times.max() > LATEST:
        raise InputError(f"time = {times.max():g}: allowed 0 to {LATEST:g} yr")
    later = np.diff(times) > 0
    if not later.all():
        k = int(np.argmin(later))
        raise InputError(f"time must increase; {times[k]:g} yr is followed by {times[k + 1]:g} yr")
    return times


def carbon_of(initial: object, unit: str) -> object:
    """Return the carbon of a Dataset of one time; what is no Dataset, as it is."""
    if isinstance(initial, xr.Dataset):
        if "carbon" not in initial:
            raise InputError(f"initial has no variable 'carbon' ({unit})")
        if "feasible" in initial and not bool(initial["feasible"].all()):
            raise InputError("initial: some of its steady states do not exist (feasible = False)")
        initial = initial["carbon"]
    if isinstance(initial, xr.DataArray) and "time" in initial.dims:
        raise InputError("initial has the dimension 'time': choose one time, as in .isel(time=-1)")
    return initial


def check_initial(
    initial: object, size: int, pools: Collection[str], layers: int | None = None
) -> np.ndarray:
    """Return the initial carbon of so many sites from a Dataset, DataArray or array.

    Shape [site, pool] in kg C m-2; [case, pool, layer] in g C m-3 where there are layers.
    """
    unit, rows = ("kg C m-2", "sites") if layers is None else ("g C m-3", "cases")
    initial, last = carbon_of(initial, unit), ("pool",) if layers is None else ("pool", "layer")
    if isinstance(initial, xr.DataArray):
        if "pool" not in initial.dims or set(initial["pool"].values) != set(pools):
            raise InputError(f"initial: allowed the pools {', '.join(pools)}")
        if initial["pool"].values.tolist() != list(pools):
            initial = initial.sel(pool=list(pools))
        initial = initial.transpose(..., *last).values
    given = as_numbers("initial", initial, unit)
    try:
        carbon = np.array(np.broadcast_to(given, (size, len(pools), layers)[: len(last) + 1]))
    except ValueError:
        every = (
            f"{len(pools)} pools" if layers is None else f"{len(pools)} pools in {layers} layers"
        )
        raise InputError(
            f"initial: allowed carbon ({unit}) of {every}, for one or {size} {rows}"
        ) from None
    bad = ~((carbon >= 0) & np.isfinite(carbon))
    if bad.any():
        _, pool, *layer = place = tuple(np.argwhere(bad)[0])
        where = f" in layer {layer[0] + 1}" if layer else ""
        raise InputError(
            f"initial {list(pools)[pool]} = {carbon[place]:g}{where}: allowed 0 or more {unit}"
        )
    most, limit = carbon.sum(axis=1).max(), plausible.MOST / (1 if layers else 1000)
    if most > limit:
        hint = "" if layers else f"; in g C m-2? then {most / 1000:.4g}"
        warnings.warn(
            f"initial holds {most:.4g} {unit}: more than any soil ({limit:.0f}){hint}",
            SiteWarning,
            stacklevel=4,
        )
    return carbon


def modes(values: np.ndarray) -> dict[str, tuple]:
    """Return eigenvalues (..., mode), in yr-1, as variables by name, fastest decay first.

    Besides both parts the ``period`` of the oscillation and the ``e_folding_time``, in yr.
    """
    order = np.lexsort((-values.imag, values.real), axis=-1)
    values = np.take_along_axis(values, order, axis=-1)
    with np.errstate(divide="ignore"):
        return {
            "real_part": (("mode",), values.real),
            "imaginary_part": (("mode",), values.imag),
            "period": (("mode",), 2 * np.pi / np.abs(values.imag)),
            "e_folding_time": (("mode",), -1 / values.real),
        }
