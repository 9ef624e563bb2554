"""From the CUE of pores to profiles and maps: the study of notebook *From pores to the planet*."""

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.claims import pore_runs
from soilnb.profile import forcing
from soilnb.upscale import emergent, emulator

#: IGBP class of the vegetation of each example place.
VEGETATION = {"tropical": 2, "temperate": 10, "boreal": 1, "permafrost": 18}

#: What is left out to test the emulator.
LEFT_OUT = {"setting": None, "structure": "structure", "C/N ratio": "cn"}


def made(runs: xr.Dataset) -> str:
    """Return what made the kept runs, for a figure."""
    stale = " (the model has changed since)" if runs.attrs["stale"] else ""
    return f"our pore-scale runs of {runs.attrs['date']}, seeds 0-2, 400 days{stale}"


def still(size: str, runs: xr.Dataset) -> pd.DataFrame:
    """Return a run made now beside the kept one: a small run, or one of the design."""
    if size == "paper":
        now = pore_runs.measure(pore_runs.run(80, "rods x 1", 0))
        kept = runs.sel(cn=80, structure="rods x 1", seed=0)
    else:
        now, kept = pore_runs.check(), pore_runs.kept()["check"]
    names = ["cue", "exposed", "cn_released", "necromass_share", "biomass"]
    words = {name: f"{meaning} ({unit})" for name, (unit, meaning) in pore_runs.QUANTITIES.items()}
    columns = {"now": now, "kept": {name: float(kept[name]) for name in names}}
    return pd.DataFrame(columns).loc[names].rename(words)


def other_textures(textures: xr.Dataset, cue) -> pd.DataFrame:
    """Return CUE of runs with another texture, observed and predicted from their exposed share."""
    seen = textures.mean("seed").isel(cn=0)
    inside = np.clip(seen["exposed"], *cue.ranges["exposed"]).values
    predicted = cue.predict(cn=float(seen["cn"]), exposed=inside)["mean"]
    table = pd.DataFrame({"observed": seen["cue"], "clay": seen["clay"]})
    return table.assign(predicted=predicted)


def errors(runs: xr.Dataset, cue, texture: pd.DataFrame) -> pd.DataFrame:
    """Return how wrong the emulator is where settings, structures or ratios are hidden."""
    found = {
        f"one {what} left out": emulator.held_out_cue(runs, cue.recycled.terms, leave=leave)[
            "error"
        ]
        for what, leave in LEFT_OUT.items()
    }
    found["another texture"] = texture["predicted"] - texture["observed"]
    rows = {k: {"rmse": (e**2).mean() ** 0.5, "worst": e.abs().max()} for k, e in found.items()}
    return pd.DataFrame(rows).T


def places() -> dict[str, tuple]:
    """Return the example places with the C/N ratio of their litter and their clay.

    Examples
    --------
    >>> [*places()]
    ['tropical', 'temperate', 'boreal', 'permafrost']
    """
    return {
        name: (
            forcing.example(name),
            float(emergent.litter_cn(igbp)),
            forcing.EXAMPLES[name]["clay"],
        )
        for name, igbp in VEGETATION.items()
    }


def totals(cells: xr.Dataset, cue, exposure, draws: int, seed: int) -> pd.DataFrame:
    """Return what the pattern and the level of CUE do to the global stock, by what varies."""
    rows = {}
    for pattern in emergent.PATTERNS:
        options = {"pattern": pattern, "draws": draws, "seed": seed}
        one = emergent.world(cells, cue, exposure, **options)
        total = one["total"]
        rows[pattern] = {
            "mean CUE": _middle(one["mean_cue"]),
            "cells' CUE": _middle(one["cue"].median("draw")),
            "effect of the pattern, %": _middle(100 * (total / one["total_constant"] - 1)),
            "pattern and level, %": _middle(100 * (total / one["total_published"] - 1)),
        }
    return pd.DataFrame(rows).T.rename_axis("what varies")


def _middle(values: xr.DataArray) -> str:
    low, mid, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{mid:.3g} ({low:.3g} to {high:.3g})"


def sure(planet: xr.Dataset) -> float:
    """Return the share of cells in which nine of ten draws agree about the sign."""
    return float((np.abs(np.sign(planet["change"]).mean("draw")) > 0.9).mean())
