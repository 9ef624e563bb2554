"""What COMPAS says of CUE and carbon: the study of notebook *More efficient microbes*."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims
from soilnb.explore.layers import turnover_grid
from soilnb.profile import compas, forcing

#: What three times the litter, and half the modifier, do to each pool by the equations.
TRIPLED = {"doc": 1.0, "mic": 3.0, "enz": 3.0, "msoc": 1.0}
HALVED = {"doc": 0.5, "mic": 2.0, "enz": 2.0, "msoc": 0.5}


def ratio(new: xr.Dataset, old: xr.Dataset) -> pd.Series:
    """Return the mean ratio of two states over the layers, by name of pool that holds carbon."""
    change = (new["carbon"] / old["carbon"]).where(old["carbon"] > 0)
    return change.mean("layer").to_pandas().dropna().rename(compas.POOL_NAMES)


def worst(new: xr.Dataset, old: xr.Dataset, expected: Mapping[str, float]) -> float:
    """Return the largest relative error of expected ratios over all layers that hold carbon."""
    change = (new["carbon"] / old["carbon"]).where(old["carbon"] > 0)
    wanted = xr.DataArray(list(expected.values()), {"pool": list(expected)})
    return float(np.abs(change.sel(pool=wanted["pool"]) / wanted - 1).max())


def record_identities(place: xr.Dataset) -> None:
    """Note how well the code keeps what the equations say, by runs at one place.

    Examples
    --------
    >>> record_identities(forcing.example("temperate"))
    """
    start = compas.steady_state("tao2024", place)
    fed = place.assign(litter_input=3 * place["litter_input"])
    still = 0 * place["active_layer"]  # no mixing: each layer keeps its own litter
    frozen = place.assign(active_layer=still, active_layer_last_year=still)
    slow = frozen.assign(oxygen_scalar=0.5 * frozen["oxygen_scalar"])
    tripled, halved, whole = (compas.steady_state("tao2024", c) for c in (fed, slow, frozen))
    budget, falls = _efficiency(place, start)
    claims.record_all(
        {
            "tao-ident-input": worst(tripled, start, TRIPLED),
            "tao-ident-xi": worst(halved, whole, HALVED),
            "tao-ident-npp": abs(float(start["respiration"] / start["input"]) - 1),
            "tao-ident-budget": budget,
            "tao-ident-eta": falls,
        }
    )


def _efficiency(place: xr.Dataset, start: xr.Dataset) -> tuple[float, bool]:
    """Return the error of the budget of DOC, and whether more CUE leaves less DOC and minerals."""
    parts = compas.matrices("tao2024", place, carbon=start["carbon"])
    flux = parts.xi * parts.K * start["carbon"]  # what decays, g C m-3 yr-1
    litter = ["ml", "cl", "ll"]
    share = parts.A.sel(from_pool=litter).rename(from_pool="donor")
    decay = flux.sel(pool=litter).rename(pool="donor")
    received = (share.sel(pool=["doc", "mic", "msoc"]) * decay).sum(["pool", "donor"])
    eta = compas.PARAMETER_SETS["tao2024"]["eta_doc"]
    fed = received > 1e-9 * received.max()
    error = np.abs((1 - eta) * flux.sel(pool="doc") / received - 1).where(fed)
    efficient = compas.steady_state({"eta_doc": eta + 0.01}, place)
    pools = ["doc", "msoc"]
    lower = efficient["carbon"].sel(pool=pools) < start["carbon"].sel(pool=pools)
    return float(error.max()), bool(lower.where(fed, True).all())


def record_signs(grid: xr.Dataset) -> None:
    """Note the signs of Extended Data Fig. 4."""
    sign = grid["sign"]
    found = set(np.unique(sign.values[np.isfinite(sign.values)]))
    allison = float(sign.sel(tau_mic=0.5, tau_enz_decay=0.1))  # the nearest cell
    claims.record_all(
        {
            "tao-ed4": {-1.0, 1.0} <= found,
            "tao-ed4-negative": allison < 0,
            "tao-ed4-positive": float(sign.sel(tau_mic=5.0, tau_enz_decay=1.0)) >= 0,
        }
    )


def within_the_rule(grid: xr.Dataset) -> pd.DataFrame:
    """Return how many cells have each sign, and how many of them keep to 10 % of microbes."""
    sign = grid["sign"].to_series().map({-1: "−", 0: "±", 1: "+"})
    table = pd.DataFrame({"sign": sign, "kept": (grid["broken"] == 0).to_series()}).dropna()
    counts = table.groupby("sign")["kept"].agg(["size", "sum"])
    return counts.set_axis(["cells", "within the rule everywhere"], axis=1)


def in_other_climates() -> pd.DataFrame:
    """Return how many cells have each sign, in each example climate."""
    found = {}
    for name in forcing.EXAMPLES:
        grid = turnover_grid(name)
        sign, rule = grid["sign"], grid["broken"] == 0
        found[name] = {
            "negative": int((sign == -1).sum()),
            "turning": int((sign == 0).sum()),
            "positive": int((sign == 1).sum()),
            "positive within the rule": int(((sign == 1) & rule).sum()),
        }
    return pd.DataFrame(found).T.rename_axis("place")


def stock(place: xr.Dataset, **parameters: float) -> float:
    """Return the carbon to 1 m (kg C m-2) with some parameters changed; NaN without a steady state.

    Examples
    --------
    >>> stock(forcing.example("temperate"), eta_doc=0.2) > 0
    True
    """
    run = compas.steady_state(parameters, place)
    return float(run["stock"].sel(to_depth=1.0)) if bool(run["feasible"]) else float("nan")
