"""The grid of the layered models: the 20 soil layers of CLM5, and stocks down to a depth.

Layers grow from 2 cm at the surface to 1.14 m at the bottom, 8.60 m deep. Carbon is reported at
the node, the middle of a layer. (The text of Tao et al. 2024 says 8.4 m; the layers of its code,
phxtao/PRODA_MIC@90918f41, sum to 8.60 m.)
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, check_range

LAYERS = kernel.LAYERS
#: Thickness of each layer, and depth of its top, bottom and node, m.
THICKNESS = kernel.THICKNESS
BOTTOM = kernel.BOTTOM
TOP = BOTTOM - THICKNESS
NODE = kernel.NODE

#: Thickness of the first layer of bedrock below the soil, m (CLM5).
BEDROCK_THICKNESS = 2.39

#: Depths down to which the papers report stocks, m.
STOCK_DEPTHS = (0.3, 1.0, 2.0)


def coordinates() -> dict:
    """Return the coordinates of a Dataset over ``layer``: number, node depth and thickness."""
    return {
        "layer": np.arange(1, LAYERS + 1),
        "depth": ("layer", NODE, {"units": "m", "long_name": "depth of the node", "symbol": "z"}),
        "thickness": (
            "layer", THICKNESS,
            {"units": "m", "long_name": "thickness of the layer", "symbol": r"\Delta z"},
        ),
    }  # fmt: skip


def overlap(top: float, bottom: float) -> np.ndarray:
    """Return how much of each layer lies between two depths [layer], in m.

    Examples
    --------
    >>> overlap(0.0, 0.3)[:6].round(2)
    array([0.02, 0.04, 0.06, 0.08, 0.1 , 0.  ])
    """
    return np.clip(np.minimum(BOTTOM, bottom) - np.maximum(TOP, top), 0.0, None)


def stocks(
    density: xr.DataArray,
    depths: Sequence[float] = STOCK_DEPTHS,
    coarse_fragments: Sequence[float] = (0.0, 0.0, 0.0),
) -> xr.DataArray:
    """Return the carbon between the surface and each depth.

    Whole layers, and of the layer that a depth cuts its share by thickness: 0-30 cm are layers 1
    to 4 and 0.10 / 0.12 of layer 5; 0-1 m layers 1 to 8 and 0.08 / 0.28 of layer 9; 0-2 m layers
    1 to 11 and 0.12 / 0.40 of layer 12 (phxtao/PRODA_MIC@90918f41).

    Parameters
    ----------
    density : DataArray (..., layer)
        Carbon, g C m-3.
    depths : sequence of float
        Depths in m, up to 8.6.
    coarse_fragments : three floats
        Stones, % of the volume, that take the place of soil at 0-30 cm, at 30-100 cm and below.

    Returns
    -------
    DataArray (..., to_depth)
        kg C m-2.

    Raises
    ------
    InputError
        For a depth outside the column, stones outside 0 to 100 %, or a density without layers.

    Examples
    --------
    >>> one = xr.DataArray(np.full(LAYERS, 1000.0), dims="layer")
    >>> stocks(one).values  # a tonne of carbon in each cubic metre
    array([0.3, 1. , 2. ])
    """
    if density.sizes.get("layer") != LAYERS:
        raise InputError(
            f"density has {density.sizes.get('layer', 0)} layers: allowed {LAYERS} along 'layer'"
        )
    limits = [check_range("depth", depth, 0.0, float(BOTTOM[-1]), "m") for depth in depths]
    if len(coarse_fragments) != 3:
        raise InputError("coarse_fragments: allowed three numbers (0-30 cm, 30-100 cm, below)")
    fine = [1 - check_range("coarse_fragments", g, 0.0, 100.0, "%") / 100 for g in coarse_fragments]
    edges = (0.0, 0.3, 1.0, float(BOTTOM[-1]))
    weights = np.array(
        [
            sum(
                share * overlap(top, min(bottom, limit)) if limit > top else np.zeros(LAYERS)
                for share, top, bottom in zip(fine, edges[:-1], edges[1:], strict=True)
            )
            for limit in limits
        ]
    )
    dims = tuple(dim for dim in density.dims if dim != "layer")
    values = density.transpose(*dims, "layer").values @ weights.T / 1000.0
    coords = {name: c for name, c in density.coords.items() if "layer" not in c.dims}
    coords["to_depth"] = (
        "to_depth", limits, {"units": "m", "long_name": "depth down to which carbon is counted"},
    )  # fmt: skip
    attrs = {"units": "kg C m-2", "long_name": "carbon stock down to a depth", "symbol": "C"}
    return xr.DataArray(values, coords, (*dims, "to_depth"), "stock", attrs)
