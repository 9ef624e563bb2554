"""Mixed models on made-up and measured tables: the study of notebook *A meta-analysis*."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from soilnb import claims
from soilnb.claims.measures.profiles import tableED1
from soilnb.data import open_dataset
from soilnb.explore import regressions as explorers
from soilnb.lessons import rests_on
from soilnb.proda import regressions
from soilnb.proda.regressions import MEASURED, Fit, MixedModel

#: What is fitted to the measurements at hand, which have no depth.
MIXED = MixedModel("log10(soc)", ("cue", "mat"), "study")

#: Errors that the paper prints for the first model.
PRINTED_ERRORS = {"intercept": 0.11, "cue": 0.18, "depth": 0.0034, "mat": 0.0053}


def measured() -> tuple[pd.DataFrame, str]:
    """Return the measurements with their ``study``, and what they are: real or synthetic.

    Examples
    --------
    >>> measured()[1] in ("real", "synthetic")
    True
    """
    data = open_dataset("cue")
    kind = rests_on(data)
    return data.to_dataframe().assign(study=data["author"].to_series()), kind


def many_tables(count: int, seed: int = 0) -> pd.DataFrame:
    """Return the slope of CUE, with its error, in so many made-up tables of one truth.

    Examples
    --------
    >>> len(many_tables(2))
    2
    """
    mixed = MEASURED["log-additive"]
    fits = [regressions.fit(regressions.twin(seed + k), mixed) for k in range(count)]
    return pd.DataFrame([fit.coefficients.loc["cue"] for fit in fits]).reset_index(drop=True)


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with names of columns in formulas and effects as the paper writes them.

    Examples
    --------
    >>> in_words(pd.DataFrame({"formula": ["soc ~ cue + mat"]}, ["cue:mat"])).to_dict("index")
    {'CUE:MAT': {'formula': 'SOC ~ CUE + MAT'}}
    """

    def said(text: object) -> object:
        return regressions.in_print(text) if isinstance(text, str) else text

    return table.rename(index=said).map(said)


def beside_the_paper(made_up: Fit, found: Fit, kind: str) -> pd.DataFrame:
    """Return the paper's first model beside ours, on made-up and on measured tables."""
    columns = {
        "printed": pd.Series(regressions.PRINTED),
        "printed error": pd.Series(PRINTED_ERRORS),
        "made up (synthetic)": made_up.coefficients["estimate"],
        "its error": made_up.coefficients["error"],
        f"826 measurements ({kind})": found.coefficients["estimate"],
        "error": found.coefficients["error"],
    }
    return pd.DataFrame(columns).loc[list(regressions.PRINTED)].rename_axis("effect")


def record(rows: pd.DataFrame, found: Fit, made_up: Mapping[str, Fit], kind: str) -> None:
    """Note Extended Data Table 1, and mean and variance of each method."""
    mean, variance = (rows.groupby("method")["cue"].agg(how) for how in ("mean", "var"))
    numbers = {
        "tao-meta-variance-13c": variance["substrate"],
        "tao-meta-variance-18o": variance["18O"],
        "tao-meta-r-mat": rows["cue"].corr(rows["mat"]),
        **tableED1(rows),
        "tao-meta-mean-13c": mean["substrate"],
        "tao-meta-mean-18o": mean["18O"],
        "tao-2a": float(found.coefficients.loc["cue", "estimate"]),
    }
    claims.record_all(numbers, data=kind)
    depths = {
        f"tao-ed1-{name}-depth": fit.coefficients.loc["depth", "estimate"]
        for name, fit in made_up.items()
    }
    claims.record_all(depths, data="synthetic")


def choices(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the slope for each choice of rows and groups."""
    found = {}
    for which in ("all", "18O in water", "substrates"):
        for groups in ("study", "substrate"):
            if which == "18O in water" and groups == "substrate":
                continue  # water is the only substrate there
            fit = explorers.measured(rows, which, groups)[1]
            cue = fit.coefficients.loc["cue", ["estimate", "error"]]
            found[f"{which}, by {groups}"] = {**cue, "n": fit.n}
    return pd.DataFrame(found).T


def shuffled(rows: pd.DataFrame, count: int, seed: int = 0) -> np.ndarray:
    """Return slopes that chance gives: CUE is shuffled among the measurements of each method."""
    random, found = np.random.default_rng(seed), []
    for _ in range(count):
        cue = rows.groupby("method")["cue"].transform(lambda v: random.permutation(v.to_numpy()))
        fit = regressions.fit(rows.assign(cue=cue), MIXED)
        found.append(fit.coefficients.loc["cue", "estimate"])
    return np.array(found)


def trap(seed: int = 0) -> pd.DataFrame:
    """Return a table in which CUE has no effect, but studies with more carbon measure more of it.

    Examples
    --------
    >>> trap().shape
    (128, 3)
    """
    random = np.random.default_rng(seed)
    level, study = random.normal(0, 0.3, 16), np.repeat(np.arange(16), 8)
    cue = 0.4 + 0.3 * level[study] + random.normal(0, 0.05, 128)
    soc = 10 ** (1.2 + level[study] + random.normal(0, 0.1, 128))
    return pd.DataFrame({"study": study, "cue": cue, "soc": soc})
