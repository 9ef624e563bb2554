"""Parameters over the planet: of every cell, and of every member of an ensemble."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.parameters import InputError, ParameterSet, check_known, choose, shown
from soilnb.proda import models
from soilnb.profile import layered


class Parameters:
    """Parameters of every cell, and of every member of an ensemble, read as they are needed.

    Parameters
    ----------
    parameters : str, mapping, Dataset or DataArray
        As the models take them; arrays over ``site``, ``member`` or both. Plain arrays are
        [site] or [member, site]; a DataArray has a dimension ``parameter``.
    model : {"compas", "clm5"}
        The model.
    size : int
        Number of cells.
    site : array [site], optional
        Labels of the cells, to compare with those of the parameters.
    """

    def __init__(
        self, parameters: object, model: str, size: int, site: np.ndarray | None = None
    ) -> None:
        self.model, self.size = models.find(model).layered, size
        self.given, self.default = _given(parameters, self.model)
        self.site = np.arange(size) if site is None else np.asarray(site)
        sizes = {dim: self._size(dim) for dim in ("member", "site")}
        if sizes["site"] not in (None, size):
            raise InputError(
                f"parameters have {sizes['site']} sites, the planet {size}: allowed one length"
            )
        if site is not None:
            self._check_labels()
        self.members = sizes["member"]

    def _size(self, dim: str) -> int | None:
        sizes = {name: a.sizes[dim] for name, a in self.given.items() if dim in a.dims}
        if len(set(sizes.values())) > 1:
            lengths = ", ".join(f"{name} {size}" for name, size in sizes.items())
            raise InputError(f"parameters have different numbers of {dim}s: {lengths}")
        return next(iter(sizes.values()), None)

    def _check_labels(self) -> None:
        for name, array in self.given.items():
            if "site" in array.coords and not np.array_equal(array["site"].values, self.site):
                raise InputError(f"{name} and the planet have different labels of 'site'")

    def member_labels(self) -> np.ndarray:
        """Labels of the members."""
        for array in self.given.values():
            if "member" in array.coords:
                return array["member"].values
        return np.arange(self.members or 1)

    def values(self, cells: slice) -> np.ndarray:
        """Parameters [member, site, n] of some of the cells, in the order of the kernel.

        Raises
        ------
        InputError
            For a value out of the bounds of its parameter.
        """
        here = range(self.size)[cells]
        out = np.empty((self.members or 1, len(here), len(self.model.names)))
        for i, name in enumerate(self.model.names):
            if name not in self.given:
                out[:, :, i] = self.default[name]
                continue
            array = self.given[name]
            part = array.isel(site=cells) if "site" in array.dims else array
            dims = [dim for dim in ("member", "site") if dim in part.dims]
            values = np.asarray(part.transpose(*dims).values, dtype=float)
            out[:, :, i] = values[:, np.newaxis] if dims == ["member"] else values
            self._check(name, out[:, :, i], here)
        return out

    def _check(self, name: str, values: np.ndarray, here: range) -> None:
        record = self.default.records[name]
        low, high = record.bounds
        slack = 1e-12 * (high - low)
        if low <= values.min() and values.max() <= high:
            return
        bad = ~((values >= low - slack) & (values <= high + slack))
        if bad.any():
            member, site = np.argwhere(bad)[0]
            unit = "" if record.unit == "1" else f" (in {record.unit})"
            raise InputError(
                f"{name} = {values[member, site]:g} at site {self.site[here[site]]}: "
                f"allowed {low:g} to {high:g}{unit}"
            )
        np.clip(values, low, high, out=values)


def _given(
    parameters: object, model: layered.LayeredModel
) -> tuple[dict[str, xr.DataArray], ParameterSet]:
    """Return what is given of each parameter as a DataArray, and the set for the rest."""
    if isinstance(parameters, xr.DataArray):
        if "parameter" not in parameters.dims:
            raise InputError(
                f"parameters have the dimensions {parameters.dims}: needed 'parameter'"
            )
        parameters = parameters.to_dataset("parameter")
    if isinstance(parameters, xr.Dataset):
        named = {name: parameters[name] for name in model.names if name in parameters}
        if not named:
            raise InputError(f"parameters have none of {model.name}'s: {', '.join(model.names)}")
        parameters = named
    if not isinstance(parameters, Mapping) or isinstance(parameters, ParameterSet):
        return {}, choose(parameters, model.sets, model.default)
    changes = dict(parameters)
    chosen = choose(changes.pop("set", model.default), model.sets, model.default)
    for name in changes:
        check_known(f"parameter of {model.name}", name, model.names)
    return {name: _array(name, value) for name, value in changes.items()}, chosen


def _array(name: str, value: object) -> xr.DataArray:
    if isinstance(value, xr.DataArray):
        array = value
    else:
        try:
            plain = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise InputError(f"{name} = {shown(value)} is not a number") from None
        if plain.ndim > 2:
            raise InputError(
                f"{name} has {plain.ndim} dimensions: allowed site, or member and site"
            )
        array = xr.DataArray(plain, dims=("member", "site")[2 - plain.ndim :])
    extra = [str(dim) for dim in array.dims if dim not in ("member", "site")]
    if extra:
        raise InputError(f"{name} has the dimension {extra[0]!r}: allowed site and member")
    return array
