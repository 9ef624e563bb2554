"""The matrices of a layered model in one place, for those who want to see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.data import schemas
from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError
from soilnb.profile import grid
from soilnb.profile.forcing.transport import matrix as transport_matrix
from soilnb.profile.layered.cases import Cases, read_parameters
from soilnb.profile.model.dataset import VARIABLES as OF_ANY_MODEL

if TYPE_CHECKING:
    from soilnb.profile.layered import LayeredModel

#: What models of layers return.
VARIABLES = OF_ANY_MODEL | schemas.variables("layered")


class Matrices(NamedTuple):
    """The terms of dX/dt = B I + A xi K X + V X in one place."""

    I: float  #: Litter input, g C m-2 yr-1.
    #: (pool, layer): where a unit of input goes, m-1: the sum of B times the thickness is 1.
    B: xr.DataArray
    #: (pool, from_pool): what becomes of a unit of decay: -1 on the diagonal, shares passed on
    #: beside it; what a column lacks to 0 is respired. With a leading ``layer`` where transfers
    #: follow sand.
    A: xr.DataArray
    xi: xr.DataArray  #: (pool, layer): environmental modifier.
    #: (pool, layer): rate at 25 degC in moist soil, yr-1; of DOC and mineral carbon in COMPAS at
    #: the given state.
    K: xr.DataArray
    V: xr.DataArray  #: (layer, from_layer): transport between layers, yr-1.
    moves: xr.DataArray  #: (pool): which pools are transported.

    def operator(self) -> xr.DataArray:
        """Return A xi K + V as one square matrix (place, from_place) of all pools and layers."""
        pools, layers = self.K.shape
        shares = np.broadcast_to(self.A.values, (layers, pools, pools))
        rate = (self.xi * self.K).values
        full = np.zeros((pools, layers, pools, layers))
        for j in range(layers):
            full[:, j, :, j] = shares[j] * rate[:, j]
        for pool in np.flatnonzero(self.moves.values):
            full[pool, :, pool, :] += self.V.values
        size = pools * layers
        names = [f"{p} {j}" for p in self.K["pool"].values for j in self.K["layer"].values]
        return xr.DataArray(
            full.reshape(size, size),
            {"place": names, "from_place": names},
            ("place", "from_place"),
            attrs={"units": "yr-1", "long_name": "decay, transfer and transport"},
        )

    def source(self) -> np.ndarray:
        """Return B I [place], g C m-3 yr-1, in the order of `operator`."""
        return (self.B.values * self.I).ravel()

    def solve(self) -> xr.DataArray:
        """Return the X with (A xi K + V) X = -B I, g C m-3 (pool, layer), by a dense solve.

        For COMPAS it is a steady state only where K belongs to it.
        """
        found = np.linalg.solve(self.operator().values, -self.source())
        return (
            self.K.copy(data=found.reshape(self.K.shape))
            .rename("carbon")
            .assign_attrs(VARIABLES["carbon"].attrs)
        )


def matrices(model: LayeredModel, cases: Cases, carbon: np.ndarray | None) -> Matrices:
    """Return the matrices of a single case, with K at `carbon` [pool, layer] where it needs it."""
    if cases.dim is not None:
        raise InputError(f"matrices: allowed one place; given {cases.size} along {cases.dim!r}")
    column, p = cases.column(0), cases.named(0)
    table = np.zeros((kernel.RATES, grid.LAYERS))
    kernel.prepare(model.code, cases.parameters[0], column, cases.switches, table)
    kernel.sources(column, table)
    pools = len(model.pools)
    total = float(column.litter.sum())
    inflow = np.zeros((pools, grid.LAYERS))
    if total > 0:
        inflow[: kernel.LITTER] = table[: kernel.LITTER] / total
    xi = np.tile(table[kernel.SOIL], (pools, 1))
    xi[1 : kernel.LITTER] = table[kernel.LITTER_MODIFIER]
    moves = np.isin(list(model.pools), model.mixed)
    sand = column.sand if cases.switches & kernel.SAND_TRANSFERS else None
    layered = {**grid.coordinates(), "pool": list(model.pools)}

    def over_layers(values: np.ndarray, unit: str, symbol: str, meaning: str) -> xr.DataArray:
        attrs = {"units": unit, "long_name": meaning, "symbol": symbol}
        return xr.DataArray(values, layered, ("pool", "layer"), symbol, attrs)

    return Matrices(
        total,
        over_layers(inflow, "m-1", "B", "where a unit of input goes"),
        transfer_matrix(model, p, sand),
        over_layers(xi, "1", "xi", "environmental modifier"),
        over_layers(model.decay(p, xi, carbon), "yr-1", "K", "rate at 25 degC in moist soil"),
        transport_matrix(p["diffus"], p["cryo"], column, cases.transport),
        xr.DataArray(moves, {"pool": list(model.pools)}, ("pool",), "moves"),
    )


def transfer_matrix(
    model: LayeredModel, p: Mapping[str, float], sand: np.ndarray | None = None
) -> xr.DataArray:
    """Return the A matrix (pool, from_pool); with a leading layer where `sand` [layer] is given."""
    shares = model.transfers(p, sand)
    dims = ("pool", "from_pool") if shares.ndim == 2 else ("layer", "pool", "from_pool")
    coords = {"pool": list(model.pools), "from_pool": list(model.pools)}
    if shares.ndim == 3:
        coords |= grid.coordinates()
    attrs = {"units": "1", "long_name": "share of decay that enters a pool", "symbol": "A"}
    return xr.DataArray(shares, coords, dims, "A", attrs)


def transfer_table(model: LayeredModel, parameters: object) -> pd.DataFrame:
    """Return the A matrix as a table, row = to, column = from."""
    chosen, values, dim, _ = read_parameters(model, parameters)
    if dim is not None:
        raise InputError("transfer matrix: allowed one value for each parameter")
    p = {name: float(values.get(name, chosen[name])) for name in model.names}
    shares = model.transfers(p, None) + 0.0  # no negative zeros
    return pd.DataFrame(shares, list(model.pools), list(model.pools))
