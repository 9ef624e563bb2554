"""Small tables of facts printed in papers, and of coefficients that this package derived.

Each is a CSV whose leading ``#`` lines say where it comes from; `read` gives the table with
that text in ``attrs["source"]``. No file here is a data file of others, nor a part of one.
"""

from importlib import resources
from io import StringIO

import pandas as pd


def read(name: str) -> pd.DataFrame:
    """Return the table `name`, with its source in ``attrs["source"]``.

    Examples
    --------
    >>> list(read("koppen_climate").columns)[:2]
    ['zone', 'n']
    """
    lines = resources.files(__name__).joinpath(f"{name}.csv").read_text("utf-8").splitlines()
    source = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    text = "\n".join(line for line in lines if not line.startswith("#"))
    table = pd.read_csv(StringIO(text), keep_default_na=False, na_values=[""])
    table.attrs["source"] = source
    return table
