"""Ledgers, methods and real measurements: the study of notebook *What is CUE?*."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq

from soilnb import claims
from soilnb.claims import planet_runs
from soilnb.claims import scenario_runs as paper
from soilnb.cue import efficiency, flux_ledger, measured, methods, nested, stoichiometry
from soilnb.explore.cue import ledger_by_layer
from soilnb.profile import forcing, mimics

#: Spans of days over which a pulse is averaged.
SPANS = {"days 100-199": (100, 199), "days 200-205": (200, 205), "days 200-260": (200, 260)}

#: Places at which the model's CUE is looked at layer by layer.
PLACES = ("tropical", "temperate", "boreal")

#: Why signs over records are no finding.
WHY = (
    "SOC is the value of a map, one for all records of a place; over places the correlation is "
    "weak and not different from zero"
)


def levels(ledger: xr.Dataset) -> pd.Series:
    """Return the community's and the ecosystem's CUE of a ledger.

    Examples
    --------
    >>> from soilnb.cue import flux_ledger
    >>> levels(flux_ledger(uptake=10.0, respiration=5.5, exudation=0.5, turnover=3.0)).tolist()
    [0.4, 0.1]
    """
    both = nested(ledger)
    return pd.Series({name: float(both[f"{name}_cue"]) for name in ("community", "ecosystem")})


def pulse(first: float = 150, last: float = 260) -> xr.Dataset:
    """Return the ledger of the kept reference runs around the pulse, mean over their seeds.

    The last carbon of cells that die out is not kept; around the pulse no cell does.

    Examples
    --------
    >>> float(pulse()["uptake"].idxmax())
    206.0
    """
    run = paper.curves()["reference"].sel(statistic="mean", time=slice(first, last))
    found = flux_ledger(run, uptake="f_U", respiration=("R_G", "R_M", "R_O"), turnover="f_BD")
    return found.assign_attrs(note="250 × 250 voxels, mean of the seeds, size paper, kept")


def spans(pulse: xr.Dataset) -> pd.DataFrame:
    """Return both over the spans of days around a pulse, from mean fluxes."""
    found = {}
    for name, (first, last) in SPANS.items():
        found[name] = levels(pulse.sel(time=slice(first, last)).mean("time"))
    return pd.DataFrame(found)


def temperature(data: xr.Dataset) -> pd.DataFrame:
    """Return the lines of the logit of CUE over temperature, by method, fitted within places."""
    found = {}
    for name in ("18O", "substrate"):
        line, fit = measured.temperature_response(data, name)
        found[name] = {
            "CUE at 20 °C": 1 / (1 + np.exp(-line["intercept"])),
            "slope of the logit per °C": line["slope"],
            "its standard error": float(fit["error"].sel(parameter="slope")),
            "correlation within places": float(fit["correlation"]),
            "records": int(fit["records"]),
            "places": int(fit["places"]),
        }
    return pd.DataFrame(found)


def places(data: xr.Dataset) -> xr.Dataset:
    """Return one record of each place, with the CUE of the enzyme model there, ``by_enzymes``."""
    first = np.unique(measured.places(data), return_index=True)[1]
    place = data.isel(record=first).rename(record="place")
    c_to_n = place["carbon_to_nitrogen"] * 14 / 12  # mol per mol
    return place.assign(by_enzymes=stoichiometry.enzymes(c_to_n))


def intrinsic() -> xr.DataArray:
    """Return the CUE constants of MIMICS over litter and microbe.

    Examples
    --------
    >>> float(intrinsic().sel(litter="metabolic", microbe="K"))
    0.75
    """
    constants = mimics.PARAMETER_SETS["sandbox"]
    kinds = ("metabolic", "structural")
    values = [[constants[f"cue_{m}_{kind}"] for m in "rk"] for kind in kinds]
    return xr.DataArray(values, coords={"litter": list(kinds), "microbe": ["r", "K"]})


def record_variability(data: xr.Dataset, kind: str) -> None:
    """Note the numbers of Fig. 1."""
    by_method = measured.by_method(data)
    for name, row in by_method.iterrows():
        about = {"spread": row["sd"], "n": int(row["records"]), "data": kind}
        claims.record(f"he-1a-{name.lower()}", row["mean"], **about)
    mean = by_method["mean"]
    world = planet_runs.maps("COMPAS")
    retrieved = float(world["cue"].where(world["kept"]).median())
    widest = measured.spread_at_one_place(data, "18O")
    numbers = {
        "he-1a": mean["18O"] < mean["substrate"],
        "he-1c": mean["substrate"] - mean["18O"],
        "he-1d": retrieved < mean.min(),
        "he-1d-cue": retrieved,
        "he-18o-range": widest["high"] - widest["low"],
    }
    claims.record_all(numbers, data=kind)
    claims.record("he-depth", all(declines(place) for place in PLACES))


def declines(place: str) -> bool:
    """Return whether the community's CUE of COMPAS falls from each layer to the next, to 1 m.

    Examples
    --------
    >>> declines("temperate")
    True
    """
    cue = efficiency(ledger_by_layer(place=forcing.example(place)))
    return bool((cue.diff("layer")[cue["depth"].values[1:] <= 1.0] < 0).all())


def enriched(place: xr.Dataset) -> xr.Dataset:
    """Return CUE of the enzyme model at places, and along a soil that gains carbon alone."""
    nitrogen = float((place["soc"] / place["carbon_to_nitrogen"]).median())  # g per kg
    soc = np.linspace(5.0, 90.0, 60)
    bare = {name: place[name].drop_vars(list(place.coords)) for name in ("by_enzymes", "soc")}
    return xr.Dataset(
        {
            "cue_place": bare["by_enzymes"],
            "soc_place": bare["soc"],
            "cue_line": ("soc", stoichiometry.enzymes(soc / nitrogen * 14 / 12)),
        },
        coords={"soc": soc},
    )


def record_soc(table: pd.DataFrame, along: xr.Dataset, kind: str) -> None:
    """Note the signs of Fig. 3: of each method over records and places, and of the formula."""
    for method, row in table.iterrows():
        about = {"data": kind, "variant": method}
        claims.record("he-3a", row["r_records"] > 0, cause=WHY, **about)
        claims.record("he-3a-places", row["r_places"], n=int(row["places"]), **about)
    slope = np.polyfit(along["soc"], along["cue_line"], 1)[0]
    claims.record("he-3b", bool(slope < 0))
    known = along.dropna("place")
    r = np.corrcoef(known["soc_place"], known["cue_place"])[0, 1]
    claims.record("he-3b-map", r, data=kind)


def crossing(**soil: float) -> float:
    """Return the day on which the carbon label says the soil's true CUE.

    Examples
    --------
    >>> 20 < crossing() < 60
    True
    """
    true = float(efficiency(methods.fluxes(soil)))
    return brentq(lambda t: float(methods.label(t, soil)["cue"][0]) - true, 1, 300)
