"""The Dataset that a pool model returns: pools, the flux ledger, and where they come from.

Both models share the names, units and symbols of their variables, so that a figure or a
diagnostic reads either without knowing which.
"""

import json
import warnings
from functools import cache

import numpy as np
import xarray as xr
from xarray.indexes import PandasIndex

from soilnb import __version__
from soilnb.parameters import InputError, ParameterSet, as_numbers
from soilnb.profile import plausible
from soilnb.profile.site import Site

#: name: (unit, long name, symbol)
VARIABLES = {
    "carbon": ("kg C m-2", "carbon stock", "C"),
    "input": ("g C m-2 yr-1", "litter input", "I"),
    "respiration": ("g C m-2 yr-1", "heterotrophic respiration", "R"),
    "uptake": ("g C m-2 yr-1", "carbon taken up by decomposers", "U"),
    "oxidation": (
        "g C m-2 yr-1",
        "oxidation of chemically recalcitrant to available carbon",
        "OX",
    ),
    "exudation": ("g C m-2 yr-1", "carbon that microbes give to enzymes", "EX"),
    "turnover": ("g C m-2 yr-1", "turnover of microbial biomass", "T"),
    "desorption": ("g C m-2 yr-1", "desorption of physically protected carbon", "D_s"),
    "export": ("g C m-2 yr-1", "carbon that leaves the soil other than by respiration", "E"),
    "change": ("g C m-2 yr-1", "change of the total stock", "dC/dt"),
    "flux": ("g C m-2 yr-1", "carbon that leaves a pool, by process", "F"),
    "uptake_path": ("g C m-2 yr-1", "carbon taken up, by microbe and substrate", "U_i"),
    "cumulative_input": ("g C m-2", "litter input since the start", r"\int I\,dt"),
    "cumulative_respiration": ("g C m-2", "respired carbon since the start", r"\int R\,dt"),
    "cumulative_export": ("g C m-2", "exported carbon since the start", r"\int E\,dt"),
    **plausible.VARIABLES,
    "f_met": ("1", "metabolic share of the litter", "f_{met}"),
    "f_met_clipped": (
        "1",
        "whether the litter quality formula left its range and was clipped",
        "",
    ),
    "extinct": ("1", "whether the microbe cannot persist", ""),
    "real_part": ("yr-1", "real part of the eigenvalue", r"\mathrm{Re}\,\lambda"),
    "imaginary_part": ("yr-1", "imaginary part of the eigenvalue", r"\mathrm{Im}\,\lambda"),
    "period": ("yr", "period of the oscillation", r"2\pi/|\mathrm{Im}\,\lambda|"),
    "e_folding_time": ("yr", "time to fall to 1/e", r"-1/\mathrm{Re}\,\lambda"),
    "age": ("yr", "mean age of the carbon in a pool", "a"),
    "system_age": ("yr", "mean age of all carbon that turns over", r"\bar a"),
    "transit_time": ("yr", "mean age of the carbon that leaves", r"\bar\tau"),
    "sample_age": ("yr", "mean age of the carbon of a soil sample", r"\bar a_{soil}"),
    "turnover_time": ("yr", "carbon of a soil sample over what is respired there", r"\tau"),
    "delta14c": ("permil", "radiocarbon of a pool", r"\Delta^{14}C"),
    "sample_delta14c": ("permil", "radiocarbon of a soil sample", r"\Delta^{14}C"),
}

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
    """
    lead = () if site.dim is None else (site.dim,)
    if "carbon" in variables:
        dims, carbon = variables["carbon"]
        holds = plausible.plausible_stock(carbon, parameters)
        variables = {**variables, "plausible": (dims[:-1], holds)}
    data = {}
    for name, (dims, array) in variables.items():
        unit, long_name, symbol = VARIABLES[name]
        values = array if site.dim is not None else array[0]
        attrs = {"units": unit, "long_name": long_name, "symbol": symbol}
        data[name] = (lead + dims, values, attrs)
    named = tuple((labels or {}).items())
    if any("pool" in dims for dims, _ in variables.values()):
        named += (("pool", tuple(pools)), ("pool_name", tuple(pools.values())))
    dataset = xr.Dataset(data, coords=coordinates(_named(named), site.coords, times))
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
def _named(labels: tuple[tuple[str, tuple[str, ...]], ...]) -> xr.Coordinates:
    """Return coordinates of names, the same for every run."""
    lasting = dict(labels)
    if "pool_name" in lasting:
        names = np.array(lasting["pool_name"])
        names.flags.writeable = False  # one array serves many Datasets
        lasting["pool_name"] = ("pool", names)
    return xr.Coordinates({key: np.array(v) if key != "pool_name" else v
                           for key, v in lasting.items()})  # fmt: skip


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


def check_initial(initial: object, site: Site, pools: dict[str, str]) -> np.ndarray:
    """Return the initial carbon [site, pool] in kg C m-2, from a Dataset, DataArray or array."""
    if isinstance(initial, xr.Dataset):
        if "carbon" not in initial:
            raise InputError("initial has no variable 'carbon' (kg C m-2)")
        initial = initial["carbon"]
    if isinstance(initial, xr.DataArray):
        if "time" in initial.dims:
            raise InputError(
                "initial has the dimension 'time': choose one time, as in .isel(time=-1)"
            )
        if "pool" not in initial.dims or set(initial["pool"].values) != set(pools):
            raise InputError(f"initial: allowed the pools {', '.join(pools)}")
        if initial["pool"].values.tolist() != list(pools):
            initial = initial.sel(pool=list(pools))
        initial = initial.transpose(..., "pool").values
    carbon = as_numbers("initial", initial, "kg C m-2")
    try:
        carbon = np.broadcast_to(carbon, (site.size, len(pools)))
    except ValueError:
        raise InputError(
            f"initial: allowed carbon (kg C m-2) of {len(pools)} pools, for one or "
            f"{site.size} sites"
        ) from None
    bad = ~((carbon >= 0) & np.isfinite(carbon))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise InputError(
            f"initial {list(pools)[column]} = {carbon[row, column]:g}: allowed 0 or more kg C m-2"
        )
    return np.array(carbon)


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
