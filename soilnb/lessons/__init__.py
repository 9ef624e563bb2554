"""What a lesson needs besides models, figures and explorers: one module a notebook, by its name.

A notebook shows what a student could have written. What picks sites, loops over cases, sizes a run
and notes numbers for the scoreboard stands here: notebook ``22_diagnosed_cue`` has
`soilnb.lessons.diagnosed_cue`. Functions that begin with ``record`` note what the notebook measures
(`soilnb.claims.record`); the others return what is drawn.
"""

from __future__ import annotations

import xarray as xr


def rests_on(*datasets: xr.Dataset) -> str:
    """Return what a number rests on: ``real`` data only, or something ``synthetic`` among them.

    Examples
    --------
    >>> rests_on(xr.Dataset(attrs={"provenance": "synthetic"}))
    'synthetic'
    """
    kinds = {data.attrs.get("provenance") for data in datasets}
    return "real" if kinds == {"real"} else "synthetic"
