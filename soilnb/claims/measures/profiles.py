"""Measures of soil profiles and of what was assimilated to them, as Tao et al. (2023) print them.

What the paper counts over its 72,377 profiles is counted here over those at hand; where it does
not say how, the docstring says how it is done here.
"""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import curve_fit

from soilnb.proda import regressions
from soilnb.proda.observations import forcing_at, refused
from soilnb.proda.regressions import ASSIMILATED, MEASURED, Fit, MixedModel
from soilnb.profile import compas, grid

#: Parameters of the pedotransfer function at which its fit begins: those of the paper.
PRINTED_DENSITY = (0.32, 1.30, 0.0089)

#: g of organic matter per g of organic carbon.
ORGANIC_MATTER = 1.724


def usable(profiles: xr.Dataset) -> float:
    """Return the share of all profiles that have enough layers and depth, %.

    Examples
    --------
    >>> from soilnb.proda.observations import twin_profiles
    >>> usable(twin_profiles(4))
    100.0
    """
    there = profiles.sizes["profile"]
    return 100 * there / (there + len(refused(profiles)))


def shapes(profiles: xr.Dataset) -> dict[str, float]:
    """Return the shares of profiles by their shape, %.

    ``falling``: carbon density falls from each layer to the next. ``middle``: it rises to one
    layer between the first and the last, and falls from there. ``zigzag``: any other.

    Examples
    --------
    >>> from soilnb.proda.observations import twin_profiles
    >>> round(sum(shapes(twin_profiles(4)).values()), 9)
    100.0
    """
    found = [_shape(row[np.isfinite(row)]) for row in profiles["carbon_density"].values]
    return {name: 100 * found.count(name) / len(found) for name in ("falling", "middle", "zigzag")}


def _shape(carbon: np.ndarray) -> str:
    steps, top = np.diff(carbon), int(np.argmax(carbon))
    if (steps < 0).all():
        return "falling"
    inside = 0 < top < carbon.size - 1
    return "middle" if inside and (steps[:top] > 0).all() and (steps[top:] < 0).all() else "zigzag"


def density_fit(profiles: xr.Dataset) -> float:
    """Return the variance of measured bulk density that the fitted function of carbon explains, %.

    a + b exp(-c OM) with organic matter in g kg-1 is fitted by least squares to the layers whose
    bulk density was measured.

    Examples
    --------
    >>> from soilnb.proda.observations import twin_profiles
    >>> 0 < density_fit(twin_profiles(20)) < 100
    True
    """
    known = profiles["measured"].values.astype(bool) & np.isfinite(profiles["organic_carbon"])
    matter = 10 * ORGANIC_MATTER * profiles["organic_carbon"].values[known.values]
    earth = profiles["bulk_density"].values[known.values]

    def curve(om: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
        return a + b * np.exp(-c * om)

    fitted, _ = curve_fit(curve, matter, earth, PRINTED_DENSITY)
    return 100 * (1 - float(np.var(earth - curve(matter, *fitted)) / np.var(earth)))


def passing(table: pd.DataFrame, number: int, limit: float = 1.05) -> dict[str, float]:
    """Return how many profiles pass each of the paper's two filters, % of those before it.

    `table` is as from `soilnb.proda.cue_soc.relation`, of a `number` of profiles that were
    assimilated, those without chains among them; chains agree where their mean G-R is below
    `limit`.

    Examples
    --------
    >>> passing(pd.DataFrame({"gelman_rubin": [1.0, 1.2], "nse": [0.5, 0.5]}), 4)
    {'tao-pass-chains': 25.0, 'tao-pass-nse': 100.0}
    """
    agree = table["gelman_rubin"] < limit
    return {
        "tao-pass-chains": 100 * int(agree.sum()) / number,
        "tao-pass-nse": 100 * float((table["nse"][agree] > 0).mean()) if agree.any() else 0.0,
    }


def coefficients(name: str, fit: Fit) -> dict[str, float]:
    """Return what a table of the paper prints of a mixed model, by claim: ``<name>-cue``, ...

    Variances explained are in %, as `soilnb.proda.regressions.fit` was asked to count them.

    Examples
    --------
    >>> fit = regressions.fit(regressions.twin(), MEASURED["log-additive"], r2="observed")
    >>> [*coefficients("x", fit)][:3]
    ['x-intercept', 'x-cue', 'x-depth']
    """
    found = {effect: row["estimate"] for effect, row in fit.coefficients.iterrows()}
    found.pop("cue:mat", None)  # lost in the text of the paper that we read
    found |= {"random-sd": fit.random["intercept"]}
    if fit.mixed.random_slope:
        found["slope-sd"] = fit.random["slope"]
    found |= {"explained": 100 * fit.explained, "explained-fixed": 100 * fit.explained_fixed}
    return {f"{name}-{key}": float(value) for key, value in found.items()}


def tableED1(rows: pd.DataFrame) -> dict[str, float]:
    """Return Extended Data Table 1 of a table of measurements; without depth where it has none."""
    found = {}
    for name, mixed in MEASURED.items():
        fixed = tuple(effect for effect in mixed.fixed if effect in rows or ":" in effect)
        here = MixedModel(mixed.response, fixed, mixed.groups, mixed.random_slope)
        fit = regressions.fit(rows, here, r2="observed")
        found |= coefficients(f"tao-ed1-{name}", fit)
    return found


def tableED2(kept: pd.DataFrame) -> dict[str, float]:
    """Return Extended Data Table 2 of assimilated profiles, with the slopes of Fig. 2."""
    found = {}
    for name, mixed in ASSIMILATED.items():
        fit = regressions.fit(kept, mixed, r2="observed")
        found |= coefficients(f"tao-ed2-{name}", fit)
    own = {"intercepts-cue": "", "intercepts-intercept": "-intercept", "slopes-cue": "-slope"}
    return found | {f"tao-2b{end}": found.pop(f"tao-ed2-{name}") for name, end in own.items()}


def pools(run: xr.Dataset, profiles: xr.Dataset, kept: pd.DataFrame) -> dict[str, bool]:
    """Return whether microbial carbon, and all other, is higher where CUE is.

    Both are stocks of the column at the point estimate of a profile; log10 of each is regressed on
    CUE with the climate as random effect, as in Extended Data Table 2.

    Parameters
    ----------
    run, profiles : Dataset
        As from `soilnb.proda.assimilate` with COMPAS, and what was assimilated.
    kept : DataFrame
        As from `soilnb.proda.cue_soc.relation`: the profiles to look at.
    """
    names = kept.index.to_numpy()
    estimate = run["estimate"].sel(profile=names)
    given = {name: estimate.sel(parameter=name).values for name in compas.NAMES}
    state = compas.steady_state(given, forcing_at(profiles.sel(profile=names)))
    microbes = state["carbon"].sel(pool="mic").values @ grid.THICKNESS
    other = state["soc"].values @ grid.THICKNESS - microbes
    found = {}
    for name, stock in {"microbial": microbes, "other": other}.items():
        fit = regressions.fit(kept.assign(soc=stock), ASSIMILATED["intercepts"])
        found[f"tao-pools-{name}"] = bool(fit.coefficients.loc["cue", "estimate"] > 0)
    return found
