r"""The nested definitions of carbon use efficiency, on any flux ledger.

Microbes take up the carbon U, respire R, exude EX (enzymes, polymers, metabolites), and die, MD.
The fraction that stays depends on what counts as lost (He et al. 2024, after Geyer et al. 2016):

.. math::
    \mathrm{CUE}_P = \mathrm{CUE}_C = \frac{U - R - EX}{U}, \qquad
    \mathrm{CUE}_E = \frac{U - R - EX - MD}{U} .

Population (P) and community (C) share the formula and differ in whose fluxes enter: those of one
taxon in culture, or of all of them in their soil, within hours and before anything is recycled.
The ecosystem (E) counts net growth over days to months, after death. Where the microbial biomass
does not change, all uptake is lost again, and CUE_E is zero whatever CUE_C is.

A **flux ledger** is a Dataset with the variables ``uptake``, ``respiration``, ``exudation`` and
``turnover`` in one unit, over any dimensions; the dimension ``population`` holds taxa or guilds.
`flux_ledger` makes one from the output of a model by the names of its variables (`LAYOUTS`), or
from plain arrays, so that this module needs to know no model.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.cue.values import labelled
from soilnb.parameters import InputError, check_known, shown, unknown

#: Flux of a ledger: symbol and meaning.
FLUXES = {
    "uptake": ("U", "carbon taken up by microbes"),
    "respiration": ("R", "carbon respired by microbes"),
    "exudation": ("EX", "carbon exuded by microbes: enzymes, polymers, metabolites"),
    "turnover": ("MD", "carbon of dying microbes"),
}

#: Level of organisation: symbol, and the fluxes that count as lost.
LEVELS = {
    "population": (r"\mathrm{CUE}_P", ("respiration", "exudation")),
    "community": (r"\mathrm{CUE}_C", ("respiration", "exudation")),
    "ecosystem": (r"\mathrm{CUE}_E", ("respiration", "exudation", "turnover")),
}

#: Where a model's Dataset keeps each flux: names of variables that add up to it. A flux without
#: names does not exist in that model and is zero.
LAYOUTS = {
    "ledger": {name: (name,) for name in FLUXES},
    "pool model": {
        "uptake": ("uptake",),
        "respiration": ("respiration",),
        "exudation": (),
        "turnover": ("turnover",),
    },
    "pore scale": {
        "uptake": ("f_U",),
        "respiration": ("R_G", "R_M", "R_O"),
        "exudation": (),
        "turnover": ("f_BD", "f_release"),
    },
}

#: What a flux may be given as: names in the Dataset, or values.
Flux = str | tuple[str, ...] | xr.DataArray | np.ndarray | float


def flux_ledger(
    source: xr.Dataset | None = None,
    *,
    uptake: Flux | None = None,
    respiration: Flux | None = None,
    exudation: Flux | None = None,
    turnover: Flux | None = None,
) -> xr.Dataset:
    """Return the flux ledger of a model's output, or of plain numbers.

    Parameters
    ----------
    source : Dataset, optional
        Output of a model, with the variables of one of the `LAYOUTS` (the first that fits) or
        with those that the arguments name.
    uptake, respiration, exudation, turnover : str, tuple of str, or values, optional
        The flux as a number, an array or a DataArray; or the name of its variable in `source`; or
        several names that add up to it. Exudation is zero where nothing else is known of it.

    Returns
    -------
    Dataset
        ``uptake``, ``respiration``, ``exudation``, ``turnover`` over the dimensions of the
        fluxes, in their unit; ``attrs["fluxes"]`` says what was taken for what.

    Examples
    --------
    >>> book = flux_ledger(uptake=10.0, respiration=4.0, exudation=1.0, turnover=5.0)
    >>> {name: float(flux) for name, flux in book.items()}
    {'uptake': 10.0, 'respiration': 4.0, 'exudation': 1.0, 'turnover': 5.0}
    """
    given = {
        "uptake": uptake,
        "respiration": respiration,
        "exudation": exudation,
        "turnover": turnover,
    }
    wanted = _layout(source, given) | {k: v for k, v in given.items() if v is not None}
    missing = [name for name in FLUXES if name not in wanted and name != "exudation"]
    if missing:
        layouts = "; ".join(
            ", ".join(n for names in fluxes.values() for n in names) for fluxes in LAYOUTS.values()
        )
        raise InputError(
            f"flux ledger has no {', '.join(missing)}: allowed as arguments, or {layouts}"
        )
    found = {name: _flux(name, wanted.get(name, ()), source) for name in FLUXES}
    unit = _one_unit(found)
    result = xr.Dataset(found)
    for name, (symbol, meaning) in FLUXES.items():
        result[name].attrs = {"units": unit, "long_name": meaning, "symbol": symbol}
    said = {name: _say(wanted.get(name, ())) for name in FLUXES}
    result.attrs = {"fluxes": "; ".join(f"{name}: {words}" for name, words in said.items())}
    return result


def efficiency(fluxes: xr.Dataset, level: str = "community") -> xr.DataArray:
    """Return the carbon use efficiency at one level of organisation.

    Parameters
    ----------
    fluxes : Dataset
        A ledger (see `flux_ledger`), or the output of a model that has a layout.
    level : {"population", "community", "ecosystem"}
        What counts as lost. At the levels of community and ecosystem the fluxes of all
        populations are added first.

    Returns
    -------
    DataArray
        1 less the lost share of the uptake; NaN where nothing is taken up. It is negative where
        more is lost than taken up (starving or dying microbes).

    Examples
    --------
    >>> book = flux_ledger(uptake=10.0, respiration=4.0, exudation=1.0, turnover=5.0)
    >>> float(efficiency(book)), float(efficiency(book, "ecosystem"))
    (0.5, 0.0)
    """
    check_known("level", level, LEVELS)
    symbol, losses = LEVELS[level]
    book = flux_ledger(fluxes)
    if level != "population" and "population" in book.dims:
        book = book.sum("population", skipna=False)
    taken = book.variables["uptake"]
    kept = taken - sum(book.variables[name] for name in losses)
    return labelled(
        kept / taken.where(taken > 0), book, level, units="1", symbol=symbol,
        long_name=f"carbon use efficiency of the {level}",
        definition=f"(uptake - {' - '.join(losses)}) / uptake",
        source="He et al. 2024, after Geyer et al. 2016",
    )  # fmt: skip


def nested(fluxes: xr.Dataset) -> xr.Dataset:
    """Return the efficiencies of population, community and ecosystem from one ledger.

    Longer times are means of fluxes, not of ratios: ``nested(flux_ledger(run).mean("time"))``.

    Parameters
    ----------
    fluxes : Dataset
        A ledger, or the output of a model that has a layout.

    Returns
    -------
    Dataset
        ``population_cue`` (over ``population`` where the ledger resolves it), ``community_cue``
        and ``ecosystem_cue``.

    Examples
    --------
    >>> cues = nested(flux_ledger(uptake=[10.0, 8.0], respiration=[4.0, 6.0], turnover=[6.0, 1.0]))
    >>> cues["community_cue"].values, cues["ecosystem_cue"].values
    (array([0.6 , 0.25]), array([0.   , 0.125]))
    """
    book = flux_ledger(fluxes)
    cues = {f"{level}_cue": efficiency(book, level) for level in LEVELS}
    return xr.Dataset(cues, attrs=book.attrs)


def _layout(source: xr.Dataset | None, given: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Return the first layout whose variables are all there, or what of it the reader left open."""
    if source is None:
        return {}
    for layout in LAYOUTS.values():
        open_ = {name: names for name, names in layout.items() if given[name] is None}
        if all(n in source for names in open_.values() for n in names):
            return open_
    return {}


def _flux(name: str, given: object, source: xr.Dataset | None) -> xr.DataArray:
    """Return one flux, checked: named variables are added, values are taken as they are."""
    if isinstance(given, str):
        given = (given,)
    if isinstance(given, tuple):
        absent = [n for n in given if source is None or n not in source]
        if absent:
            known = [] if source is None else list(source.data_vars)
            raise unknown(f"{name} variable", absent[0], known)
        terms = [source[n] for n in given]
        flux = sum(terms[1:], terms[0]) if terms else xr.DataArray(0.0)
        if terms:
            flux = flux.assign_attrs(units=terms[0].attrs.get("units", ""))
    else:
        flux = _values(name, given)
    low = float(np.fmin.reduce(flux.values, axis=None)) if flux.size else 0.0
    if low < 0 or np.isinf(flux.values).any():
        raise InputError(f"{name} = {low:g}: allowed finite fluxes of 0 or more")
    return flux


def _values(name: str, given: object) -> xr.DataArray:
    if isinstance(given, xr.DataArray):
        return given
    try:
        return xr.DataArray(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        raise InputError(
            f"{name} = {shown(given)}: allowed a number, an array, or names of variables"
        ) from None


def _one_unit(fluxes: Mapping[str, xr.DataArray]) -> str:
    units = {f.attrs["units"]: name for name, f in fluxes.items() if f.attrs.get("units")}
    if len(units) > 1:
        said = ", ".join(f"{name} in {unit}" for unit, name in units.items())
        raise InputError(f"fluxes of different units: {said}; allowed one unit")
    return next(iter(units), "")


def _say(given: object) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, tuple):
        return " + ".join(given) or "none"
    return "given"
