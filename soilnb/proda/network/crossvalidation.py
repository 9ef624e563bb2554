"""How well parameters are predicted at sites that were not learnt from.

Two ways of leaving sites out: at random, and by whole studies. Profiles of one study lie close
together, so those left out at random have neighbours among the training sites; a study that is left
out is what the rest of the planet is to the network. The second number is the honest one for maps.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from tqdm import tqdm

from soilnb.parameters import InputError
from soilnb.proda.efficiency import parameter_nse
from soilnb.proda.network.fitting import BASELINES, check, group_numbers, learn, sklearn, whole

#: What `compare` compares.
METHODS = ("mean", "ridge", "forest", "small")


@dataclass(frozen=True)
class Validation:
    """Predictions of sites by predictors of one `method` that have not seen them.

    Attributes
    ----------
    predicted : DataFrame [site, parameter]
        Places in the unit cube; NaN where a site has a class that its training sites had not.
    fold : Series [site]
        Number of the fold in which the site was left out.
    nse, by_parameter : float, Series
        Efficiency in parameter space, over all parameters and of each.
    """

    method: str
    predicted: pd.DataFrame
    fold: pd.Series
    nse: float
    by_parameter: pd.Series


def folds(
    x: pd.DataFrame, groups: pd.Series | None = None, count: int = 5, seed: int = 0
) -> pd.Series:
    """Return the fold in which each site is left out.

    Parameters
    ----------
    x : DataFrame [site, column]
        The sites.
    groups : Series over site, optional
        Groups (studies) that are left out as a whole, in folds of about one size; by default single
        sites at random.
    count : int
        Number of folds.
    seed : int
        Seed of the random folds.

    Raises
    ------
    InputError
        For fewer sites or groups than folds, or groups that lack a site.

    Examples
    --------
    >>> folds(pd.DataFrame(index=range(6)), groups=pd.Series(list("aabbcc")), count=3).tolist()
    [2, 2, 1, 1, 0, 0]
    """
    count = whole("folds", count, 2, 10**6)
    selection = sklearn("model_selection")
    splitter, codes, size = selection.KFold(count, shuffle=True, random_state=seed), None, len(x)
    if groups is not None:
        codes = group_numbers(groups, x)
        splitter, size = selection.GroupKFold(count), codes.max() + 1
    if size < count:
        kind = "sites" if groups is None else "groups"
        raise InputError(f"{size} {kind} for {count} folds: allowed {count} or more")
    fold = np.empty(len(x), int)
    for number, (_, out) in enumerate(splitter.split(x, groups=codes)):
        fold[out] = number
    return pd.Series(fold, x.index, name="fold")


def cross_validate(
    x: pd.DataFrame,
    y: pd.DataFrame,
    method: str | tuple[int, ...] = "small",
    *,
    groups: pd.Series | None = None,
    count: int = 5,
    seed: int = 0,
    progress: bool = True,
    **options: Any,
) -> Validation:
    """Predict each site by a predictor that was fitted without its fold.

    Parameters
    ----------
    x, y : DataFrame
        Covariates, and places of the parameters in the unit cube, of the same sites.
    method : {"mean", "ridge", "forest", "small", "paper"} or tuple of int
        What is fitted, see `soilnb.proda.network.fitting`.
    groups : Series over site, optional
        Studies that are left out as a whole. A network then holds out whole studies for its early
        stop, too.
    count : int
        Number of folds.
    seed : int
        Seed of the folds and of the fits.
    progress : bool
        Whether a bar over the folds appears when it takes longer than two seconds.
    **options
        Of `soilnb.proda.network.fitting.fit`.

    Returns
    -------
    Validation
        Predictions and their efficiency.

    Raises
    ------
    InputError
        As `folds` and `soilnb.proda.network.fitting.fit`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = pd.DataFrame({"clay": rng.random(60), "npp": rng.random(60)})
    >>> y = pd.DataFrame({"q10": 0.2 + 0.6 * x["clay"]})
    >>> round(cross_validate(x, y, "ridge", progress=False).nse, 2)
    1.0
    """
    x, y = check(x, y)
    fold = folds(x, groups, count, seed)
    if groups is not None and method not in BASELINES and "groups" not in options:
        options["groups"] = groups
    parts = []
    for number in tqdm(range(count), unit="fold", delay=2, leave=False, disable=not progress):
        out = (fold == number).to_numpy()
        fitted = learn(method, x[~out], y[~out], seed=seed, progress=False, **options)
        parts.append(fitted.predict(x[out], quiet=True))
    predicted = pd.concat(parts).loc[x.index]
    unknown = int(predicted.isna().any(axis=1).sum())
    if unknown:
        print(
            f"note: {unknown} of {len(x)} sites have a class that their training sites had not: "
            "no prediction",
            file=sys.stderr,
        )
    nse, by_parameter = parameter_nse(y, predicted)
    name = method if isinstance(method, str) else "-".join(map(str, method))
    return Validation(name, predicted, fold, nse, by_parameter)


def compare(
    x: pd.DataFrame,
    y: pd.DataFrame,
    groups: pd.Series,
    methods: Sequence[str | tuple[int, ...]] = METHODS,
    *,
    carbon: Callable[[pd.DataFrame], float | xr.Dataset] | None = None,
    count: int = 5,
    seed: int = 0,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Compare methods by both ways of leaving sites out.

    Parameters
    ----------
    x, y, groups, count, seed, progress, **options
        As in `cross_validate`; groups are the study of each site.
    methods : sequence
        What is compared.
    carbon : callable, optional
        Gives the efficiency in carbon space of predicted places, or a Dataset with ``nse``:
        `soilnb.proda.efficiency.layer_nse` with the profiles and their forcing.

    Returns
    -------
    DataFrame
        A row for each method; columns ``parameters, random``, ``parameters, by study``, and with
        `carbon` also ``carbon, random``, ``carbon, by study``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = pd.DataFrame({"clay": rng.random(60), "npp": rng.random(60)})
    >>> y = pd.DataFrame({"q10": 0.2 + 0.6 * x["clay"]})
    >>> study = pd.Series(np.arange(60) // 6)
    >>> found = compare(x, y, study, ("mean", "ridge"), progress=False)
    >>> found["parameters, by study"].round(2).to_dict()
    {'mean': -0.02, 'ridge': 1.0}
    """
    rows = {}
    for method in tqdm(methods, unit="method", delay=2, leave=False, disable=not progress):
        row = {}
        for way, own in (("random", None), ("by study", groups)):
            found = cross_validate(
                x, y, method, groups=own, count=count, seed=seed, progress=False, **options
            )
            row[f"parameters, {way}"] = found.nse
            if carbon is not None:
                judged = carbon(found.predicted)
                row[f"carbon, {way}"] = float(
                    judged["nse"] if isinstance(judged, xr.Dataset) else judged
                )
        rows[found.method] = row
    order = [f"{space}, {way}" for space in ("parameters", "carbon")
             for way in ("random", "by study")]  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
    return table[[column for column in order if column in table]]
