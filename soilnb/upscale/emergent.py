r"""From pores to the planet: the CUE that emerges in the pores as :math:`\eta_{DOC}` of COMPAS.

No paper has taken this step, and most of it is speculation. Three assumptions carry it:

1. what the plants' leaf litter is (its C/N ratio by vegetation class) is what the microbes of the
   pore-scale model feed on, as particulate organic matter;
2. the texture of a place acts on the exposed share as it does in the pore-scale model, and
   break-up is the same everywhere;
3. the CUE of days 301 to 400 of small domains holds for the steady state of a soil column.

What comes out is a pattern to think about: the parameters of COMPAS other than
:math:`\eta_{DOC}` stay as they are everywhere, which they do not.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.data import schemas, tables
from soilnb.parameters import InputError, check_known
from soilnb.proda.globe import cells as grid
from soilnb.profile import compas
from soilnb.profile.forcing.kernel_forcing import prepare
from soilnb.schema import assemble
from soilnb.upscale.emulator import CueEmulator, Emulator

#: What differs from place to place: by name, whether it is the litter, the texture, or both.
PATTERNS = {
    "both": (True, True),
    "litter alone": (True, False),
    "texture alone": (False, True),
}

#: What a draw's places have in common where a pattern leaves it out: the middle of the planet.
_MIDDLE = 0.5

#: Depth of the stocks, m.
DEPTH = 1.0


def litter_cn(vegetation: int | np.ndarray) -> float | np.ndarray:
    """Return the C/N ratio of leaf litter by vegetation class.

    Leaf C/N over the share of leaf nitrogen that passes to litter (table ``litter_quality``).

    Parameters
    ----------
    vegetation : int or array of int [site]
        IGBP class, 1 to 18.

    Examples
    --------
    >>> litter_cn([2, 12]).round(0)  # evergreen broad leaves, crops
    array([ 50., 100.])
    """
    table = tables.read("litter_quality").set_index("igbp")
    ratio = table["leaf_carbon_to_nitrogen"] / table["litter_nitrogen_share"]
    classes = np.asarray(vegetation)
    for name in np.unique(classes).tolist():
        check_known("IGBP class", name, ratio.index)
    found = ratio.reindex(classes.ravel()).to_numpy(float).reshape(classes.shape)
    return found[()]


def planet(testbed: xr.Dataset, exposure: Emulator | None = None) -> xr.Dataset:
    """Return the vegetated cells of a grid with their forcing and the C/N ratio of their litter.

    Parameters
    ----------
    testbed : Dataset
        ``open_dataset("testbed")``, or a grid of the same form.
    exposure : Emulator, optional
        Of the exposed share, by ``clay``: cells outside the range of its runs are left out, and
        the attribute ``outside`` counts them.

    Returns
    -------
    Dataset
        As from `soilnb.proda.globe.cells.from_cells`, with ``litter_cn`` over ``site``.

    Examples
    --------
    >>> from soilnb.data import open_dataset
    >>> planet(open_dataset("testbed", twin=True))["litter_cn"].dims
    ('site',)
    """
    found = grid.from_cells(testbed)
    classes = testbed["vegetation"].sel(cell=found["site"].values).values
    about = {"units": "1", "long_name": "C/N ratio of leaf litter, by vegetation class"}
    found = found.assign(litter_cn=("site", litter_cn(classes), about))
    if exposure is None:
        return found
    low, high = exposure.ranges["clay"]
    inside = ((found["clay"] >= low) & (found["clay"] <= high)).values
    return found.isel(site=inside).assign_attrs(outside=int((~inside).sum()))


def _inputs(
    cells: xr.Dataset, exposure: Emulator, pattern: str, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the substrate's C/N [site] and the exposed share [draw, site] of a pattern."""
    check_known("pattern", pattern, PATTERNS)
    by_litter, by_texture = PATTERNS[pattern]
    cn, clay = cells["litter_cn"].values, cells["clay"].values
    if not by_litter:
        cn = np.full_like(cn, np.quantile(cn, _MIDDLE))
    if not by_texture:
        clay = np.full_like(clay, np.quantile(clay, _MIDDLE))
    return cn, exposure.draws(draws, seed, domains=np.inf, clay=clay)


_VARIABLES = schemas.variables("emergent")


def world(
    cells: xr.Dataset,
    cue: CueEmulator,
    exposure: Emulator,
    *,
    pattern: str = "both",
    draws: int = 20,
    seed: int = 0,
    domains: float = 1,
) -> xr.Dataset:
    """Hand the emergent CUE to COMPAS in every cell, with its spread.

    In each draw the cells share the formulas' coefficients. The carbon is compared with that of
    one CUE everywhere: the area's mean of the same draw (the effect of the *pattern*), and the
    published value (the effect of pattern and level).

    Parameters
    ----------
    cells : Dataset
        As from `planet`.
    cue, exposure : CueEmulator, Emulator
        Of the CUE, and of the exposed share by ``clay``.
    pattern : str
        One of `PATTERNS`; what does not differ is the median over the cells.
    draws, seed : int
        Draws of the spread, and their seed.
    domains : float
        How many small domains a cell stands for (`soilnb.upscale.emulator.Emulator.predict`).

    Returns
    -------
    Dataset
        Over ``(draw, site)``: ``exposed``, ``cue``, ``change`` and ``change_published`` (shares of
        the carbon to 1 m); over ``draw``: ``total``, ``total_constant``, and ``mean_cue``; and
        ``total_published``. Totals in Pg C to 1 m over the cells. A cell without a steady state
        has no change, and is in no total.

    Examples
    --------
    >>> from soilnb.claims import pore_runs
    >>> from soilnb.data import open_dataset
    >>> from soilnb.upscale import emulator
    >>> cue = emulator.fit_cue(pore_runs.load())
    >>> exposure = emulator.fit(pore_runs.load_textures(), "exposed", ["clay"], "linear")
    >>> cells = planet(open_dataset("testbed", twin=True), exposure).isel(site=slice(0, None, 50))
    >>> world(cells, cue, exposure, draws=2)["change"].dims
    ('draw', 'site')
    """
    cn, exposed = _inputs(cells, exposure, pattern, draws, seed)
    exposed = _into(exposed, cue.ranges["exposed"])
    eta = cue.draws(draws, seed + 1, domains=domains, cn=cn, exposed=exposed)
    area = cells["area"].values
    mean = eta @ area / area.sum()
    columns = prepare(cells)
    published = _stock(None, columns)
    stock = np.stack([_stock(one, columns) for one in eta])
    constant = np.stack([_stock(np.full_like(area, one), columns) for one in mean])
    known = np.isfinite(stock).all(0) & np.isfinite(constant).all(0) & np.isfinite(published)
    weight = np.where(known, area, 0.0) / 1e12

    def total(carbon: np.ndarray) -> np.ndarray:
        return np.where(known, carbon, 0.0) @ weight

    arrays = {
        "exposed": exposed,
        "cue": eta,
        "change": stock / constant - 1,
        "change_published": stock / published - 1,
        "total": total(stock),
        "total_constant": total(constant),
        "mean_cue": mean,
        "total_published": float(total(published)),
    }
    coords = {name: cells[name] for name in ("latitude", "longitude", "area")}
    found = assemble(_VARIABLES, arrays, coords=coords)
    return found.assign_attrs(
        title=cells.attrs.get("title", ""),
        provenance=cells.attrs.get("provenance", ""),
        pattern=pattern,
        infeasible=int((~known).sum()),
        published_cue=compas.PARAMETER_SETS["tao2024"]["eta_doc"],
    )


def _into(values: np.ndarray, allowed: tuple[float, float]) -> np.ndarray:
    """Return draws of a share moved into the range of the runs, a fence for their tails.

    The middle of a place must be inside; `Emulator.draws` refuses it elsewhere.
    """
    middle = np.median(values, axis=0)
    low, high = allowed
    if ((middle < low) | (middle > high)).any():
        worst = middle[np.argmax(np.maximum(low - middle, middle - high))]
        raise InputError(
            f"exposed = {worst:.3g}: allowed {low:.3g} to {high:.3g}, the range of the "
            "pore-scale runs"
        )
    return np.clip(values, low, high)


def _stock(eta: np.ndarray | None, columns: object) -> np.ndarray:
    """Return the carbon to 1 m [site], kg C m-2, NaN where there is no steady state."""
    run = compas.steady_state("tao2024" if eta is None else {"eta_doc": eta}, columns)
    return run["stock"].sel(to_depth=DEPTH).where(run["feasible"]).values


def profile(eta: float | np.ndarray, forcing: xr.Dataset) -> xr.Dataset:
    """Return the profiles of COMPAS in one place for some values of the CUE.

    Parameters
    ----------
    eta : float or array [draw]
        CUE of the uptake of dissolved carbon.
    forcing : Dataset
        Of one place.

    Returns
    -------
    Dataset
        ``soc`` (draw, layer) in g C m-3 and ``stock`` (draw, to_depth) in kg C m-2; NaN where
        there is no steady state.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> found = profile([0.2, 0.5], forcing.example("temperate"))
    >>> found["stock"].sel(to_depth=1.0).values.round(1)  # kg C m-2
    array([9.7, 7.1])
    """
    run = compas.steady_state({"eta_doc": np.atleast_1d(eta)}, forcing).rename(site="draw")
    return run[["soc", "stock"]].where(run["feasible"])


def handed_over(
    places: Mapping[str, tuple[xr.Dataset, float, float]],
    cue: CueEmulator,
    exposure: Emulator,
    *,
    draws: int = 200,
    seed: int = 0,
    domains: float = 1,
) -> xr.Dataset:
    """Hand the emergent CUE to COMPAS in a few named places, with its spread.

    Parameters
    ----------
    places : mapping of str to (Dataset, float, float)
        Forcing, the litter's C/N ratio and clay, %, of each place.
    cue, exposure, draws, seed, domains
        As in `world`.

    Returns
    -------
    Dataset
        Over ``(place, draw)``: ``exposed``, ``cue``, ``stock`` to 1 m (kg C m-2), and ``soc``
        (place, draw, layer) in g C m-3; over ``place`` the published ``stock_published`` and
        ``soc_published``.

    Examples
    --------
    >>> from soilnb.claims import pore_runs
    >>> from soilnb.profile import forcing
    >>> from soilnb.upscale import emulator
    >>> cue = emulator.fit_cue(pore_runs.load())
    >>> exposure = emulator.fit(pore_runs.load_textures(), "exposed", ["clay"], "linear")
    >>> places = {"a field": (forcing.example("temperate"), 40.0, 20.0)}  # litter's C/N, clay in %
    >>> found = handed_over(places, cue, exposure, draws=20)
    >>> found["stock"].mean("draw").values.round(0)  # kg C m-2 to 1 m
    array([8.])
    """
    found = []
    for number, (forcing, cn, clay) in enumerate(places.values()):
        shares = exposure.draws(draws, seed, domains=np.inf, clay=clay)
        shares = _into(shares, cue.ranges["exposed"])
        eta = cue.draws(draws, seed + 1 + number, domains=domains, cn=cn, exposed=shares[:, None])
        run, published = profile(eta[:, 0], forcing), compas.steady_state("tao2024", forcing)
        found.append(
            xr.Dataset(
                {
                    "exposed": ("draw", shares),
                    "cue": ("draw", eta[:, 0]),
                    "stock": run["stock"].sel(to_depth=DEPTH, drop=True),
                    "soc": run["soc"],
                    "stock_published": published["stock"].sel(to_depth=DEPTH, drop=True),
                    "soc_published": published["soc"],
                    "cn": cn,
                    "clay": clay,
                }
            ).drop_vars("draw", errors="ignore")
        )
    names = xr.DataArray(list(places), dims="place", name="place")
    return xr.concat(found, names, coords="minimal", compat="override")
