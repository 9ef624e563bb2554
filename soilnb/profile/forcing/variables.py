"""What a forcing Dataset of the layered models holds, and its check.

==========================  ====================  ==============  ================================
variable                    dimensions            unit            meaning
==========================  ====================  ==============  ================================
``soil_temperature``        month, layer          degC            monthly mean
``water_scalar``            month, layer          1               moisture scalar of decay, 0-1
``oxygen_scalar``           month, layer          1               oxygen scalar of decay, 0-1
``nitrogen_scalar``         month, layer          1               nitrogen scalar of litter decay
``active_layer``            month                 m               thaw depth of this year
``active_layer_last_year``  month                 m               thaw depth of the last year
``bedrock_layer``                                 1               soil layers above bedrock, 1-20
``litter_input``            litter_pool           g C m-2 yr-1    cwd, metabolic, cellulose, lignin
``sand``                    layer                 %               sand of the mineral soil
==========================  ====================  ==============  ================================

Each may have a leading dimension ``site``. Layers are the 20 soil layers of CLM5, counted from
the top (`soilnb.profile.grid`); where no soil is frozen all year the active layer reaches at
least the bottom of the column.
"""

import difflib
from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.data import schemas
from soilnb.parameters import InputError
from soilnb.profile import grid
from soilnb.profile.grid import LAYERS, NODE
from soilnb.schema import Variable

MONTHS = 12
LITTER_POOLS = ("cwd", "metabolic", "cellulose", "lignin")


#: The variables of a forcing, in the order of the table above.
VARIABLES = schemas.variables("forcing")

_SIZES = {"month": MONTHS, "layer": LAYERS, "litter_pool": len(LITTER_POOLS)}


def check(forcing: xr.Dataset) -> xr.Dataset:
    """Return a forcing in its standard form, or say in one line what is wrong with it.

    Parameters
    ----------
    forcing : Dataset
        The variables of the table in the module's description, in its units; further variables
        are left alone. Dimensions may come in any order; pools of litter are put in order by
        their labels.

    Returns
    -------
    Dataset
        The variables in the order (site,) month, layer as 64-bit numbers, with units and names.

    Raises
    ------
    InputError
        For a missing variable (with the nearest name that is there), a wrong dimension or size, a
        missing month, layers that are not sorted from the top or not those of the grid, and
        values that are no number or out of bounds: with variable, value and place.
    """
    if not isinstance(forcing, xr.Dataset):
        raise InputError(f"forcing is a {type(forcing).__name__}: allowed an xarray.Dataset")
    for name in VARIABLES:
        _check_present(forcing, name)
    for name, variable in VARIABLES.items():
        _check_dims(forcing[name], name, variable)
    if forcing.sizes.get("site") == 0:
        raise InputError("the dimension 'site' of the forcing is empty: allowed one site or more")
    forcing = _in_order(forcing)
    for name, variable in VARIABLES.items():
        _check_values(forcing[name], name, variable)
    return forcing


def assemble(
    arrays: Mapping[str, np.ndarray], site: np.ndarray | None, attrs: Mapping[str, object]
) -> xr.Dataset:
    """Return a forcing from plain arrays.

    Parameters
    ----------
    arrays : mapping
        Each variable, shape [site, ...] with a trailing shape as in `VARIABLES`; without `site`
        the leading axis is absent.
    site : array [site], optional
        Labels of the sites.
    attrs : mapping
        Attributes of the Dataset.
    """
    lead = () if site is None else ("site",)
    data = {
        name: ((*lead, *variable.dims), arrays[name], variable.attrs)
        for name, variable in VARIABLES.items()
    }
    coords = {} if site is None else {"site": site}
    coords |= {"month": np.arange(1, MONTHS + 1), **grid.coordinates()}
    return xr.Dataset(data, coords | {"litter_pool": list(LITTER_POOLS)}, dict(attrs))


def _check_present(forcing: xr.Dataset, name: str) -> None:
    if name in forcing.variables:
        return
    present = [str(other) for other in forcing.variables if other not in VARIABLES]
    near = difflib.get_close_matches(name, present, n=1, cutoff=0.5)
    hint = f"; it has {near[0]!r}: did you mean that?" if near else ""
    raise InputError(
        f"forcing has no variable {name!r}{hint or '; needed: ' + ', '.join(VARIABLES)}"
    )


def _check_dims(array: xr.DataArray, name: str, variable: Variable) -> None:
    allowed = {"site", *variable.dims}
    missing = [dim for dim in variable.dims if dim not in array.dims]
    extra = [str(dim) for dim in array.dims if dim not in allowed]
    if missing or extra:
        wanted = ", ".join(variable.dims) or "no dimension"
        raise InputError(f"{name} has dimensions {array.dims}: allowed {wanted}, and site")
    for dim in variable.dims:
        size, wanted = array.sizes[dim], _SIZES[dim]
        if size != wanted:
            raise InputError(f"{name} has {size} {dim}s: allowed {wanted}{_absent(array, dim)}")


def _absent(array: xr.DataArray, dim: str) -> str:
    """Say which month is missing, where the months are labelled."""
    if dim != "month" or dim not in array.coords:
        return ""
    missing = [month for month in range(1, MONTHS + 1) if month not in array[dim].values]
    return f"; missing: month {', '.join(map(str, missing))}" if missing else ""


def _in_order(forcing: xr.Dataset) -> xr.Dataset:
    """Check the coordinates; put dimensions and litter pools in order, as 64-bit floats."""
    _check_months(forcing)
    _check_layers(forcing)
    if "litter_pool" in forcing.coords:
        given = [str(pool) for pool in forcing["litter_pool"].values]
        if set(given) != set(LITTER_POOLS):
            raise InputError(f"litter pools {given}: allowed {', '.join(LITTER_POOLS)}")
        if tuple(given) != LITTER_POOLS:
            forcing = forcing.sel(litter_pool=list(LITTER_POOLS))
    changed = {n: _standard(forcing[n], n) for n in VARIABLES if not _is_standard(forcing, n)}
    return forcing.assign(changed)


def _is_standard(forcing: xr.Dataset, name: str) -> bool:
    """Whether a variable is as it should be, as most are: putting it in order takes long."""
    variable, given = VARIABLES[name], forcing.variables[name]
    ordered = given.dims in (variable.dims, ("site", *variable.dims))
    words = {key: given.attrs.get(key) for key in variable.attrs}
    return ordered and given.dtype == np.float64 and words == variable.attrs


def _standard(array: xr.DataArray, name: str) -> xr.DataArray:
    variable = VARIABLES[name]
    lead = [dim for dim in ("site",) if dim in array.dims]
    if array.dtype.kind not in "iufb":
        raise InputError(f"{name} is of type {array.dtype}: allowed numbers (in {variable.unit})")
    ordered = array.transpose(*lead, *variable.dims).astype(np.float64, copy=False)
    return ordered.assign_attrs(variable.attrs)


def _check_months(forcing: xr.Dataset) -> None:
    if "month" in forcing.coords:
        months = forcing["month"].values
        if not np.array_equal(months, np.arange(1, MONTHS + 1)):
            raise InputError(f"month = {months.tolist()}: allowed 1 to {MONTHS} in this order")


def _check_layers(forcing: xr.Dataset) -> None:
    for name in ("layer", "depth"):
        if name not in forcing.coords or forcing[name].dims != ("layer",):
            continue
        values = np.asarray(forcing[name].values, dtype=float)
        falling = np.flatnonzero(~(np.diff(values) > 0))
        if falling.size:
            row = int(falling[0])
            raise InputError(
                f"layers are not sorted from the top: {name} {values[row]:g} is followed by "
                f"{values[row + 1]:g}"
            )
        off = np.flatnonzero(np.abs(values - NODE) > 1e-3) if name == "depth" else ()
        if len(off):
            row = int(off[0])
            raise InputError(
                f"depth of layer {row + 1} = {values[row]:g} m: the grid has its node at "
                f"{NODE[row]:g} m"
            )


def _check_values(array: xr.DataArray, name: str, variable: Variable) -> None:
    values = array.values
    low, high = variable.bounds
    if low <= values.min() and values.max() <= high:  # NaN compares false
        if name == "bedrock_layer" and not np.array_equal(values, np.round(values)):
            raise InputError(f"{name} = {values[values % 1 != 0][0]:g}: allowed whole numbers")
        return
    bad = ~((values >= low) & (values <= high))
    position = np.unravel_index(int(np.argmax(bad)), values.shape)
    value = float(values[position])
    unit = "" if variable.unit == "1" else f" {variable.unit}"
    place = _place(array, position)
    if not np.isfinite(value):
        raise InputError(f"{name}{place} is {value}: allowed {low:g} to {high:g}{unit}")
    raise InputError(
        f"{name} = {value:g}{place}: allowed {low:g} to {high:g}{unit}{_hint(name, values)}"
    )


def _place(array: xr.DataArray, position: tuple[int, ...]) -> str:
    parts = []
    for dim, index in zip(array.dims, position, strict=True):
        count = index if dim == "site" else index + 1
        label = array[dim].values[index] if dim in array.coords else count
        parts.append(f"{str(dim).replace('_', ' ')} {label}")
    return f" at {', '.join(parts)}" if parts else ""


def _hint(name: str, values: np.ndarray) -> str:
    largest = float(np.nanmax(values))
    if name == "soil_temperature" and largest > 150:
        return "; in kelvin? subtract 273.15"
    if name.endswith("_scalar") and 1 < largest <= 100:
        return "; in percent? divide by 100"
    return ""
