"""Explorers of the pool models CENTURY and MIMICS.

Each returns an `Explorer`. They start at the reference point REF15 of the MIMICS code (15 degC,
30 % clay, 500 g C m-2 yr-1, the mean litter of the LIDET experiment), so that a reader can compare
with printed numbers.
"""

import numpy as np
import xarray as xr

from soilnb.cue import diagnosed
from soilnb.explore.base import Control, Explorer
from soilnb.figures import he2024
from soilnb.language import translated
from soilnb.profile import century, mimics
from soilnb.profile.site import RECORDS

#: The reference point of the MIMICS code (wwieder/MIMICS@2b71740). Its fixed f_met of 0.3846, the
#: mean litter of LIDET, is a lignin:N of 35.8 by the code's own formula 0.85 - 0.013 lignin:N.
REF15 = {"temperature": 15.0, "clay": 0.30, "npp": 500.0, "lignin_to_n": 35.8}

#: Lignin in structural litter for CENTURY, which MIMICS does not need (SoilR's example value).
LIGNIN_FRACTION = 0.25


def _site(*names: str) -> dict[str, Control]:
    """Return sliders of a site that start at the reference point."""
    return {name: Control.of(RECORDS[name], value=REF15.get(name)) for name in names}


def first_look() -> Explorer:
    """Show the pools of one soil at steady state: a first widget."""
    return Explorer(
        _site("temperature", "clay", "npp", "f_met"),
        mimics_of_site,
        he2024.pools,
        _say_pools,
        asks="first_look",
    )


def mimics_of_site(**site: float) -> xr.Dataset:
    """Run MIMICS to steady state and add its diagnosed CUE."""
    soil = mimics.steady_state(site)
    return soil.assign(cue=diagnosed(soil))


def _say_pools(soil: xr.Dataset) -> str:
    carbon = soil["carbon"]
    total = float(carbon.sum())
    protected = 100 * float(carbon.sel(pool="SOMp")) / total
    years = 1000 * total / float(soil["input"])
    return translated(
        "The soil holds {total:.2f} kg C m⁻², {protected:.0f} % of it protected by clay; "
        "it turns over once in {years:.1f} years. Diagnosed CUE: {cue:.3f}.",
        total=total,
        protected=protected,
        years=years,
        cue=float(soil["cue"]),
    )


def what_counts() -> Explorer:
    """Compare the diagnosed CUE of both models for three readings of decomposition."""
    return Explorer(
        _site("temperature", "clay", "npp", "lignin_to_n"),
        both_models,
        he2024.definitions,
        _say_cue,
        asks="what_counts",
    )


def both_models(**site: float) -> xr.DataArray:
    """Diagnose CUE from both models at one site, for every reading of decomposition."""
    kinds = ["uptake", "uptake+oxidation", "all"]
    runs = {
        "CENTURY": century.steady_state(site | {"lignin_fraction": LIGNIN_FRACTION}, "orchidee"),
        "MIMICS": mimics.steady_state(site),
    }
    values = [[float(diagnosed(run, kind)) for kind in kinds] for run in runs.values()]
    coords = {"model": list(runs), "decomposition": kinds}
    return xr.DataArray(values, coords=coords, name="cue", attrs={"units": "1"})


def _say_cue(cue: xr.DataArray) -> str:
    first = cue.sel(decomposition="uptake")
    span = cue.sel(model="MIMICS")
    return translated(
        "With D = uptake: CENTURY {first:.3f}, MIMICS {first_2:.3f}. What counts as "
        "decomposition moves MIMICS from {span:.3f} to {span_2:.3f}.",
        first=float(first.sel(model="CENTURY")),
        first_2=float(first.sel(model="MIMICS")),
        span=float(span.min()),
        span_2=float(span.max()),
    )


def step_response() -> Explorer:
    """Follow CUE, microbes and SOC after a step in efficiency, input or litter quality."""
    controls = {
        "cue": Control("Change of the intrinsic CUE (%)", 0.0, -20, 20, 0.5),
        "input": Control("Change of the litter input (%)", 0.0, -50, 50, 1),
        "litter": Control("Change of lignin : N (%)", 0.0, -50, 50, 1),
        "years": Control("Years to follow", 100.0, 5, 200, 5, zooms=True),
    }
    return Explorer(controls, responses, he2024.step, _say_step, asks="step_response", plays="time")


def responses(
    cue: float = 0.0, input: float = 0.0, litter: float = 0.0, years: float = 100.0
) -> xr.Dataset:
    """Run MIMICS from the steady state at REF15 through a step; all changes in percent.

    Returns
    -------
    Dataset, [time]
        ``response_cue``, ``response_mbc``, ``response_soc`` (%): value over its value before the
        step, less one.
    """
    before = mimics.steady_state(REF15)
    changed = dict(REF15)
    changed["npp"] *= 1 + input / 100
    changed["lignin_to_n"] *= 1 + litter / 100
    time = np.concatenate([[0.0], np.geomspace(0.05, years, 240)])
    run = mimics.simulate(changed, time, stepped(cue), initial=before)
    return run.assign(
        response_cue=_percent(diagnosed(run), diagnosed(before)),
        response_mbc=_percent(microbial(run), microbial(before)),
        response_soc=_percent(run["carbon"].sum("pool"), before["carbon"].sum("pool")),
    )


def stepped(percent: float) -> dict[str, float]:
    """Return the change of MIMICS's four intrinsic efficiencies by some percent."""
    base = mimics.PARAMETER_SETS["sandbox"]
    names = [name for name in base if name.startswith("cue_")]
    return {name: base[name] * (1 + percent / 100) for name in names}


def microbial(run: xr.Dataset) -> xr.DataArray:
    """Return the microbial carbon of a MIMICS run (kg C m-2)."""
    return run["carbon"].sel(pool=["MICr", "MICK"]).sum("pool")


def _percent(value: xr.DataArray, before: xr.DataArray) -> xr.DataArray:
    change = 100 * (value / before - 1)
    return change.assign_attrs(units="%", long_name="change since before the step")


def _say_step(run: xr.Dataset) -> str:
    soc = run["response_soc"]
    lowest = soc.isel(time=int(soc.argmin("time")))
    dip = (
        translated(
            " after a dip of {lowest:.1f} % in year {time:.1f}",
            lowest=float(lowest),
            time=float(lowest["time"]),
        )
        if float(lowest) < -0.05 and float(soc[-1]) > float(lowest)
        else ""
    )
    return translated(
        "CUE changes by {cue:+z.1f} % at once. SOC changes by {soc:+z.1f} % in {time:.0f}"
        " years{dip}.",
        cue=float(run["response_cue"][0]),
        soc=float(soc[-1]),
        time=float(run["time"][-1]),
        dip=dip,
    )
