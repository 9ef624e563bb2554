"""What a lesson needs besides models, figures and explorers: one module a notebook, by its name.

They lie by the parts of the book: `pore` (10 to 16), `cue` (20 to 22), `globe` (30 to 38),
`profile` (40 and 41); what stands alone lies here.

A notebook shows what a student could have written. What picks sites, loops over cases, sizes a run
and notes numbers for the scoreboard stands here: notebook ``22_diagnosed_cue`` has
`soilnb.lessons.cue.diagnosed_cue`. Functions that begin with ``record`` note what the notebook
measures (`soilnb.claims.record`); the others return what is drawn.
"""

import pandas as pd
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


def worded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose rows are what a map or a model has, by what it is called in words.

    A parameter keeps its name behind the words, for that is what code asks for.

    Examples
    --------
    >>> worded(pd.DataFrame({"r": {"transport_rate": 0.5, "tau_mic": 0.1}})).index.to_list()
    ['vertical transport rate', 'turnover time of microbial death (tau_mic)']
    """
    from soilnb.proda.globe import VARIABLES
    from soilnb.profile import clm5, compas

    records = clm5.PARAMETER_SETS["tao2024"].records | compas.PARAMETER_SETS["tao2024"].records
    words = {name: f"{record.meaning} ({name})" for name, record in records.items()}
    return table.rename(words | {name: one.meaning for name, one in VARIABLES.items()})
