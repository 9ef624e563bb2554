r"""Vertical transport: carbon that animals, roots and frost carry between layers.

Diffusivities are those of CLM5 (Koven et al. 2013, doi:10.5194/bg-10-7109-2013), as the authors of
the papers use them (phxtao/PRODA_MIC@90918f41, tri_matrix.m). With the active layer A, the larger
of this and the last year's, month by month:

==============  ==========================================================================
A > 2 m         bioturbation, D = ``diffus``, in all layers
0 < A <= 2 m    cryoturbation, D = ``cryo`` above A, falling linearly to zero at 3 m (or at
                the bedrock, if that is higher)
A = 0           none: the soil is frozen all year
==============  ==========================================================================

D is zero below the layer that follows the last soil layer above the bedrock. The conductance
through a face is g = D / (distance of the nodes) with the harmonic mean of the D of the two
layers, and carbon flows down its gradient. Water carries none. So with the density x and the
thickness dz of a layer

.. math:: dz_j \dot x_j = g_{j-1/2} (x_{j-1} - x_j) + g_{j+1/2} (x_{j+1} - x_j) .

D is proportional to one parameter in each month, so the mean of the months is kept as one
conductance per unit of ``cryo`` and one per unit of ``diffus``.
"""

import numpy as np
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, check_known
from soilnb.profile import grid

#: Transport that conserves carbon, and that of the published code, which leaks at the bedrock.
MODES = {"conservative": kernel.CONSERVATIVE, "published": kernel.PUBLISHED_TRANSPORT}

#: Thickest active layer with cryoturbation, and depth at which cryoturbation ends, m (CLM5).
THICKEST_ACTIVE_LAYER = 2.0
CRYOTURBATION_DEPTH = 3.0

#: Depth of the faces, with the lower face of the first layer of bedrock, m.
_FACE = np.append(grid.BOTTOM, grid.BOTTOM[-1] + grid.BEDROCK_THICKNESS)


def switch(transport: str) -> int:
    """Return the kernel's switch of a transport mode, or raise `InputError`.

    Examples
    --------
    >>> switch("published")
    1
    """
    return MODES[check_known("transport", transport, MODES)]


def cryoturbation_shape(active: np.ndarray, bedrock: np.ndarray) -> np.ndarray:
    """Return D / ``cryo`` of each layer [site, 20] for active layers [site] of 0 to 2 m."""
    end = np.minimum(CRYOTURBATION_DEPTH, _FACE[bedrock])
    depth = grid.BOTTOM[np.newaxis, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = 1.0 - (depth - active[:, np.newaxis]) / (end - active)[:, np.newaxis]
    fall = np.where((end > active)[:, np.newaxis], np.clip(fall, 0.0, 1.0), 0.0)
    return np.where(depth < active[:, np.newaxis], 1.0, fall)


def through_faces(diffusivity: np.ndarray) -> np.ndarray:
    """Return the conductance of the lower face of each layer [site, 20] from D [site, 20]; m-1.

    D over the distance of the nodes, with the harmonic mean of D weighted by the parts of that
    distance on either side; zero where one D is zero, and at the bottom.
    """
    distance = np.diff(grid.NODE)
    above = (grid.BOTTOM[:-1] - grid.NODE[:-1]) / distance
    upper, lower = diffusivity[:, :-1], diffusivity[:, 1:]
    both = (upper > 0) & (lower > 0)
    with np.errstate(divide="ignore"):
        resistance = above / upper + (1 - above) / lower
    conductance = np.zeros_like(diffusivity)
    conductance[:, :-1] = np.where(both, 1.0 / (resistance * distance), 0.0)
    return conductance


def conductances(active: np.ndarray, bedrock: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean conductances of the lower faces per unit of diffusivity.

    Parameters
    ----------
    active : array [site, 12]
        Thickness of the active layer, m.
    bedrock : array of int [site]
        Soil layers above the bedrock, 0 to 20.

    Returns
    -------
    cryoturbation, bioturbation : array [site, 20]
        m-1, to be multiplied with ``cryo`` and ``diffus`` (m2 yr-1).
    """
    soil = np.arange(grid.LAYERS)[np.newaxis, :] <= bedrock[:, np.newaxis]
    mixed = through_faces(soil.astype(float))
    cryoturbation = np.zeros(soil.shape)
    bioturbation = np.zeros(soil.shape)
    months = active.shape[1]
    for month in active.T:
        frost = (month > 0) & (month <= THICKEST_ACTIVE_LAYER)
        thawed = month > THICKEST_ACTIVE_LAYER
        bioturbation[thawed] += mixed[thawed] / months
        if frost.any():
            shape = cryoturbation_shape(month[frost], bedrock[frost])
            cryoturbation[frost] += through_faces(shape * soil[frost]) / months
    return cryoturbation, bioturbation


def matrix(
    diffus: float, cryo: float, column: kernel.Column, transport: str = "conservative"
) -> xr.DataArray:
    """Return the transport matrix V of one column.

    Parameters
    ----------
    diffus, cryo : float
        Diffusivities of bioturbation and cryoturbation, m2 yr-1.
    column : Column
        One column, from `soilnb.profile.forcing.kernel_forcing.column`.
    transport : {"conservative", "published"}
        See `imbalance`.

    Returns
    -------
    DataArray (layer, from_layer)
        Change of the density in a layer for each unit of density in another, yr-1.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> from soilnb.profile.forcing import kernel_forcing
    >>> v = matrix(1e-4, 5e-4, kernel_forcing.column(forcing.example("temperate")))
    >>> float((-np.diag(v)).max().round(2))  # the first layer is left fastest, yr-1
    0.17
    """
    up, down = np.empty(grid.LAYERS), np.empty(grid.LAYERS)
    kernel.conductances(diffus, cryo, column, switch(transport), up, down)
    values = np.diag(-(up + down)) + np.diag(up[1:], -1) + np.diag(down[:-1], 1)
    attrs = {"units": "yr-1", "long_name": "vertical transport", "symbol": "V"}
    coords = grid.coordinates() | {"from_layer": np.arange(1, grid.LAYERS + 1)}
    return xr.DataArray(
        values / grid.THICKNESS[:, np.newaxis], coords, ("layer", "from_layer"), "V", attrs
    )


def imbalance(transport: xr.DataArray) -> xr.DataArray:
    """Return what the matrix V makes of each layer's carbon beyond moving it, (from_layer).

    The sum over layers of dz V, as a share of the largest entry of dz V: zero for every layer
    where carbon is conserved. In the published code the layer at the bedrock loses downward what
    nothing receives, and gains from below what nothing loses, where 1 to 18 soil layers lie above
    the bedrock.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> from soilnb.profile.forcing import kernel_forcing
    >>> v = matrix(1e-4, 5e-4, kernel_forcing.column(forcing.example("temperate")))
    >>> bool(abs(imbalance(v)).max() < 1e-12)
    True
    """
    if transport.dims != ("layer", "from_layer"):
        raise InputError(f"V has the dimensions {transport.dims}: allowed layer, from_layer")
    moved = transport * transport["thickness"]
    total = moved.sum("layer") / float(abs(moved).max() or 1.0)
    attrs = {"units": "1", "long_name": "carbon made by transport, over the largest flux"}
    return total.rename("imbalance").assign_attrs(attrs)
