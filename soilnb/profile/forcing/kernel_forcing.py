r"""Forcing as the kernels of the layered models read it, prepared once, and its modifiers shown.

A first-order rate at 25 degC in moist soil is slowed by

.. math:: \xi = \xi_T \xi_W \xi_O \xi_D, \qquad
          \xi_T = Q_{10}^{(T - 25)/10}, \quad \xi_W = \min(1, w\,W), \quad
          \xi_D = e^{-z / z_e}

with the moisture scalar W and the oxygen scalar of the forcing; litter but wood also by the
nitrogen scalar. CLM5 takes the mean of the months of the product, COMPAS the product of the means
of the months: that is how their authors wrote them, and the difference is kept. Frozen soil
follows the same curve of temperature. COMPAS has a folding depth of 0.5 m (fixed in its code, in no
table); that of CLM5 is its parameter ``efolding``.
"""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError
from soilnb.profile import grid
from soilnb.profile.forcing import transport

#: Temperature at which Q10 is 1, degC.
REFERENCE_TEMPERATURE = 25.0


@dataclass(frozen=True)
class Columns:
    """Prepared forcing of one place or many."""

    columns: kernel.Column  #: Every field with a leading axis, also for one place.
    dim: str | None = None  #: Name of the dimension of the places; None for a single one.
    coords: dict = field(default_factory=dict)  #: Coordinates along that dimension.
    attrs: dict = field(default_factory=dict)  #: Attributes of the forcing.

    @property
    def size(self) -> int:
        """Number of places."""
        return self.columns.warmth.shape[0]


#: A forcing, or what `prepare` makes of it.
Forcing = xr.Dataset | Columns


def prepare(forcing: Forcing) -> Columns:
    """Check a forcing and prepare it, once for many runs.

    Parameters
    ----------
    forcing : Dataset or Columns
        See `soilnb.profile.forcing`; over ``site`` or of one place. What is prepared already is
        returned as it is, so that a slider or a chain pays for it once.

    Raises
    ------
    InputError
        One line with what is wrong, from `soilnb.profile.forcing.check`.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> here = prepare(forcing.example("boreal"))
    >>> here.size, prepare(here) is here
    (1, True)
    """
    if isinstance(forcing, Columns):
        return forcing
    from soilnb.profile.forcing.variables import check

    forcing = check(forcing)
    many = "site" in forcing.dims
    size = forcing.sizes["site"] if many else 1

    def values(name: str) -> np.ndarray:
        array = forcing[name]
        tail = [dim for dim in array.dims if dim != "site"]
        shape = (size, *(array.sizes[dim] for dim in tail))
        return np.array(np.broadcast_to(array.transpose(..., *tail).values, shape), float)

    active = np.maximum(values("active_layer"), values("active_layer_last_year"))
    bedrock = values("bedrock_layer").astype(np.int64)
    cryoturbation, bioturbation = transport.conductances(active, bedrock)
    columns = kernel.Column(
        warmth=(values("soil_temperature") - REFERENCE_TEMPERATURE) / 10.0,
        water=values("water_scalar"),
        oxygen=values("oxygen_scalar"),
        nitrogen=values("nitrogen_scalar"),
        active=active,
        bedrock=bedrock,
        litter=values("litter_input"),
        sand=values("sand"),
        surface=(values("active_layer_last_year") <= 0.0).any(axis=1),
        cryoturbation=cryoturbation,
        bioturbation=bioturbation,
    )
    coords = {}
    if many:
        coords = {name: c for name, c in forcing.coords.items() if set(c.dims) <= {"site"}}
    return Columns(columns, "site" if many else None, coords, dict(forcing.attrs))


def column(forcing: Forcing) -> kernel.Column:
    """Return the prepared forcing as the kernels read it.

    A single place gives one `Column`; a forcing over ``site`` gives the stacked ones, every field
    with a leading site axis.
    """
    prepared = prepare(forcing)
    return prepared.columns if prepared.dim else one(prepared.columns, 0)


def one(columns: kernel.Column, site: int) -> kernel.Column:
    """Return one of stacked columns, as plain numbers and arrays."""
    parts = [np.asarray(values)[site] for values in columns]
    found = kernel.Column(*parts)
    return found._replace(bedrock=int(found.bedrock), surface=bool(found.surface))


def modifiers(
    forcing: Forcing,
    w_scaling: float = 1.0,
    q10: float = 1.5,
    efolding: float = kernel.COMPAS_FOLDING_DEPTH,
) -> xr.Dataset:
    """Return what slows decay in one place, factor by factor.

    Parameters
    ----------
    forcing : Dataset
        One place.
    w_scaling, q10 : float
        Parameters of the same names.
    efolding : float
        Depth over which decay falls to 1/e, m.

    Returns
    -------
    Dataset
        ``temperature``, ``water``, ``oxygen``, ``nitrogen`` over (month, layer); ``depth_factor``
        over layer; ``compas`` and ``clm5`` over layer, the product as each model takes it, without
        nitrogen.

    Raises
    ------
    InputError
        For more than one place.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> xi = modifiers(forcing.example("temperate"), q10=1.8)
    >>> xi["compas"].values[:4].round(3)
    array([0.22 , 0.211, 0.204, 0.182])
    """
    prepared = prepare(forcing)
    if prepared.dim:
        raise InputError(f"forcing has {prepared.size} sites: choose one, as in .isel(site=0)")
    here = one(prepared.columns, 0)
    with np.errstate(divide="ignore"):
        deep = np.exp(-grid.NODE / np.float64(efolding))
    temperature = q10**here.warmth
    water = np.minimum(1.0, w_scaling * here.water)
    product = temperature * water * here.oxygen
    means = temperature.mean(0) * water.mean(0) * here.oxygen.mean(0)
    monthly = ("month", "layer")
    variables = {
        "temperature": (monthly, temperature, r"\xi_T", "temperature modifier"),
        "water": (monthly, water, r"\xi_W", "moisture modifier"),
        "oxygen": (monthly, here.oxygen, r"\xi_O", "oxygen modifier"),
        "nitrogen": (monthly, here.nitrogen, r"\xi_N", "nitrogen modifier of litter"),
        "depth_factor": (("layer",), deep, r"\xi_D", "depth modifier"),
        "compas": (("layer",), means * deep, r"\xi", "modifier of COMPAS: product of the means"),
        "clm5": (("layer",), product.mean(0) * deep, r"\xi", "modifier of CLM5: mean of products"),
    }
    return xr.Dataset(
        {
            name: (dims, values, {"units": "1", "long_name": meaning, "symbol": symbol})
            for name, (dims, values, symbol, meaning) in variables.items()
        },
        grid.coordinates() | {"month": np.arange(1, kernel.MONTHS + 1)},
    )
