"""The practices in COMPAS, where microbes do the work: what is left of them at steady state.

A practice is translated, not copied. Where it shifts inputs, COMPAS gets the same relative shift:
its litter is multiplied by the ratio of the inputs, and the depth over which litter falls off
grows with the mean depth of the inputs, b' = b^(z/z'). Where it slows decay, the half saturation
of the breakdown of mineral-associated carbon rises; where it changes microbes, their efficiencies
do. COMPAS has one litter profile and one set of constants for all layers, so what treats one depth
there treats all. What COMPAS cannot hold (an inert material) is left out, with the reason.

Two properties of COMPAS decide the outcome (`soilnb.profile.compas`): at given parameters more
litter makes more microbes, but neither more dissolved nor more mineral-associated carbon; and a
higher efficiency of the microbes lowers both.
"""

from collections.abc import Callable, Iterable, Mapping

import pandas as pd
import xarray as xr

from soilnb.parameters import Parameters
from soilnb.profile import compas, management
from soilnb.profile.management import MG_HA, Field, Practice

#: Practices that COMPAS has no place for, and why.
NOT_IN_COMPAS = {"biochar": "COMPAS has no material that microbes leave alone"}

#: Efficiencies of the microbes of COMPAS.
_EFFICIENCIES = ("eta_doc", "eta_ml", "eta_cl_ll")


def _mean_depth(land: Field) -> float:
    enter = land.profile.source.sum(axis=0)
    return float(enter @ land.base.depth / enter.sum())


def _inputs(
    practice: Practice, values: dict[str, float], litter: xr.DataArray
) -> tuple[dict[str, float], xr.DataArray, str]:
    """Shift the litter of COMPAS as the practice shifts the inputs of a cropland."""
    before = management.begin("cropland")
    after = practice(before)
    ratio = float(after.profile.source.sum() / before.profile.source.sum())
    deeper = _mean_depth(after) / _mean_depth(before)
    low, high = compas.PARAMETER_SETS["tao2024"].records["b"].bounds
    b = min(max(values["b"] ** (1 / deeper), low), high)
    words = f"litter x {ratio:.2f}, b {values['b']:.2f} -> {b:.2f}"
    return {**values, "b": b}, litter * ratio, words


def _inversion(practice, values, litter):
    return values, litter, "soil moved once leaves no trace: the steady state is unique"


def _minerals(practice, values, litter):
    slower = values["km_decom"] / (1 - practice.parameters["slowdown"])
    slower = min(slower, compas.PARAMETER_SETS["tao2024"].records["km_decom"].bounds[1])
    words = f"km_decom {values['km_decom']:.3g} -> {slower:.3g}, all layers"
    return {**values, "km_decom": slower}, litter, words


def _earthworms(practice, values, litter):
    mixed = values["diffus"] * practice.parameters["factor"]
    mixed = min(mixed, compas.PARAMETER_SETS["tao2024"].records["diffus"].bounds[1])
    words = f"diffus {values['diffus']:.2g} -> {mixed:.2g} (litter only)"
    return {**values, "diffus": mixed}, litter, words


def _suberin(practice, values, litter):
    land = management.begin("cropland")
    of_roots = land.roots.sum() / (land.roots.sum() + land.residues.sum())
    moved = float(practice.parameters["share"] * of_roots) * float(litter.sum("litter_pool"))
    moved = min(moved, float(litter.sel(litter_pool="metabolic")))
    change = xr.zeros_like(litter)
    change.loc[{"litter_pool": "metabolic"}] = -moved
    change.loc[{"litter_pool": "lignin"}] = moved
    words = f"{moved:.0f} g C m-2 yr-1 of litter from metabolic to lignin"
    return values, litter + change, words


def _inoculants(practice, values, litter):
    gain = practice.parameters["gain"]
    records = compas.PARAMETER_SETS["tao2024"].records
    raised = {name: min(values[name] + gain, records[name].bounds[1]) for name in _EFFICIENCIES}
    return {**values, **raised}, litter, f"eta_doc, eta_ml, eta_cl_ll + {gain:g}"


_TRANSLATIONS: Mapping[str, Callable] = {
    "deep_roots": _inputs,
    "perennials": _inputs,
    "agroforestry": _inputs,
    "inversion": _inversion,
    "inversion_material": _inversion,
    "ditch_straw": _inputs,
    "compost": _inputs,
    "deep_nutrients": _inputs,
    "minerals": _minerals,
    "earthworms": _earthworms,
    "suberin": _suberin,
    "inoculants": _inoculants,
}


def translate(
    practice: str | Practice, parameters: Parameters, forcing: xr.Dataset
) -> tuple[dict[str, float], xr.Dataset, str] | None:
    """Return parameters, forcing and the change in words; None where COMPAS has no place for it.

    Parameters
    ----------
    practice : str or Practice
        See `soilnb.profile.management.PRACTICES`.
    parameters : str or mapping
        Of COMPAS, as `soilnb.profile.compas.steady_state` takes them, numbers only.
    forcing : Dataset
        Of one place (`soilnb.profile.forcing`).

    Raises
    ------
    InputError
        For an unknown practice or bad parameters.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> translate("earthworms", "tao2024", forcing.example("temperate"))[2]
    'diffus 0.00026 -> 0.0005 (litter only)'
    """
    (chosen,) = management.chosen(practice)
    if chosen.name not in _TRANSLATIONS:
        return None
    values = dict(compas.MODEL.sets["tao2024"].replace(**_numbers(parameters)))
    values, litter, words = _TRANSLATIONS[chosen.name](chosen, values, forcing["litter_input"])
    litter = litter.assign_attrs(forcing["litter_input"].attrs)
    return values, forcing.assign(litter_input=litter), words


def _numbers(parameters: Parameters) -> dict[str, float]:
    if isinstance(parameters, str):
        return dict(compas.PARAMETER_SETS[parameters])
    return dict(parameters)


def effect(practice: str | Practice, parameters: Parameters, forcing: xr.Dataset) -> pd.Series:
    """Return what a practice changes in the steady state of COMPAS, 0-2 m.

    Returns
    -------
    Series
        ``change`` (Mg C ha-1, NaN where COMPAS has no place for it), ``change_percent``, and
        ``in_compas``, the translation or the reason, in words.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> effect("deep_roots", "tao2024", forcing.example("temperate")).index.tolist()
    ['change', 'change_percent', 'in_compas']
    """
    translated = translate(practice, parameters, forcing)
    if translated is None:
        (chosen,) = management.chosen(practice)
        words = NOT_IN_COMPAS[chosen.name]
        return pd.Series(
            {"change": float("nan"), "change_percent": float("nan"), "in_compas": words}
        )
    values, changed, words = translated
    before, after = (
        float(compas.steady_state(*run)["stock"].sel(to_depth=2.0))
        for run in ((_numbers(parameters), forcing), (values, changed))
    )
    return pd.Series(
        {
            "change": MG_HA * (after - before),
            "change_percent": 100 * (after / before - 1),
            "in_compas": words,
        }
    )


def table(
    parameters: Parameters, forcing: xr.Dataset, practices: Iterable[str | Practice] | None = None
) -> pd.DataFrame:
    """Return `effect` of every practice, indexed by its title.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> place = forcing.example("temperate")
    >>> table("tao2024", place, ["deep_roots", "earthworms"]).index.tolist()
    ['deep-rooted crops', 'earthworms']
    """
    names = management.PRACTICES if practices is None else practices
    rows = {p.text.title: effect(p, parameters, forcing) for p in management.chosen(names)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("practice")
