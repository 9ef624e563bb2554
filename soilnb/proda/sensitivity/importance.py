"""Which covariates a fitted predictor of parameters leans on: permutation importance.

All covariates of a category are spoilt at once, and the error of the prediction is compared with
that of the unspoilt one, over the parameters of a component (Tao et al. 2023, Eq. 16):

    PI = sum_i sum_j (spoilt_ij - y_ij)^2 / sum_i sum_j (predicted_ij - y_ij)^2

1 means that the category is not used. To spoil a category is to shuffle its rows
(``permutation="permute"``): relations within the category and the distribution of each covariate
stay, and only the tie to the site is cut. The published code instead sets every covariate of the
category to one and the same random number between 0 and 1, at all sites
(phxtao/PRODA_MIC@90918f41, permutation_test_cesm2_mic_analytical_best_guess.py):
``"uniform_draw"``. That leaves the range of the data, and shows what a constant does.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from tqdm import tqdm

from soilnb import __version__
from soilnb.data import schemas
from soilnb.parameters import InputError, check_known, check_range
from soilnb.schema import assemble


def permutation(
    fitted: Any,
    x: pd.DataFrame,
    y: pd.DataFrame,
    categories: Mapping[str, Sequence[str]],
    components: Mapping[str, Sequence[str]],
    *,
    permutation: str = "permute",
    repeats: int = 100,
    seed: int = 0,
    progress: bool = True,
) -> xr.Dataset:
    """Return how much each component is learnt from each category of covariates.

    Parameters
    ----------
    fitted : object
        Anything with ``predict(x)`` that returns an array [site, parameter], columns as in `y`.
    x : DataFrame [site, covariate]
        Covariates, as `fitted` takes them.
    y : DataFrame [site, parameter]
        Parameters at the sites, on the scale of the prediction.
    categories : mapping
        Category to covariates (columns of `x`). An empty category stays empty: its importance is
        NaN.
    components : mapping
        Component to parameters, as from ``Cube(model).groups()``. Parameters that are not
        in `y` are left out, and so are components without any.
    permutation : {"permute", "uniform_draw"}
        See the module's description.
    repeats : int
        Number of random draws.
    seed : int
        Seed of the draws.
    progress : bool
        Whether a bar appears when it takes longer than two seconds.

    Returns
    -------
    Dataset
        ``importance`` (category, component), mean over the repeats, its ``importance_sd``,
        ``covariates`` (category), their number, and ``error`` (component), the mean squared error
        of the unspoilt prediction.

    Raises
    ------
    InputError
        For a covariate that `x` does not have, tables of different length, values that are not
        finite, a prediction of another shape, or an unknown kind of permutation.

    Examples
    --------
    >>> from soilnb.proda import network
    >>> rng = np.random.default_rng(0)
    >>> x = pd.DataFrame({"clay": rng.random(60), "npp": rng.random(60)})
    >>> y = pd.DataFrame({"q10": 0.2 + 0.6 * x["clay"] + 0.01 * rng.random(60)})
    >>> kinds = {"structure": ["clay"], "vegetation": ["npp"]}
    >>> fitted = network.learn("ridge", x, y)
    >>> found = permutation(fitted, x, y, kinds, {"modifier": ["q10"]}, repeats=9)
    >>> (found["importance"].sel(component="modifier") > 2).values
    array([ True, False])
    """
    check_known("permutation", permutation, ("permute", "uniform_draw"))
    repeats = round(check_range("repeats", repeats, 1, 10**6))
    _check(x, y, categories)
    used = {
        name: [y.columns.get_loc(p) for p in members if p in y.columns]
        for name, members in components.items()
    }
    used = {name: columns for name, columns in used.items() if columns}
    if not used:
        raise InputError(f"y has no parameter of {', '.join(components) or 'no component'}")
    truth = y.to_numpy(dtype=float)
    base = _errors(fitted, x, truth, used)
    rng = np.random.default_rng(seed)
    ratio = np.full((len(categories), repeats, len(used)), np.nan)
    with tqdm(
        total=len(categories) * repeats, unit="draw", delay=2, leave=False, disable=not progress
    ) as bar:
        for i, columns in enumerate(categories.values()):
            for k in range(repeats if len(columns) else 0):
                spoilt = _spoil(x, list(columns), permutation, rng)
                with np.errstate(divide="ignore", invalid="ignore"):
                    ratio[i, k] = _errors(fitted, spoilt, truth, used) / base
                bar.update()
    spread = ratio.std(axis=1, ddof=1) if repeats > 1 else np.full_like(ratio[:, 0], np.nan)
    arrays = {
        "importance": ratio.mean(axis=1),
        "importance_sd": spread,
        "covariates": [len(columns) for columns in categories.values()],
        "error": base,
    }
    coords = {"category": list(categories), "component": list(used)}
    attrs = {"permutation": permutation, "repeats": repeats, "seed": seed}
    attrs |= {"soilnb_version": __version__}
    return assemble(_VARIABLES, arrays, coords=coords, attrs=attrs)


def _spoil(
    x: pd.DataFrame, columns: list[str], permutation: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Return a copy of `x` in which a category says nothing about the site."""
    spoilt = x.copy()
    if permutation == "permute":
        spoilt[columns] = x[columns].to_numpy()[rng.permutation(len(x))]
    else:
        spoilt[columns] = rng.random()
    return spoilt


def _errors(
    fitted: Any, x: pd.DataFrame, truth: np.ndarray, used: Mapping[str, list[int]]
) -> np.ndarray:
    """Squared error summed over the parameters of each component, mean over the sites."""
    found = np.asarray(fitted.predict(x), dtype=float)
    if found.shape != truth.shape:
        raise InputError(f"the prediction has the shape {found.shape}: allowed {truth.shape}")
    if not np.isfinite(found).all():
        row = int(np.argmin(np.isfinite(found).all(axis=1)))
        raise InputError(f"no prediction at site {x.index[row]}: leave such sites out of x and y")
    square = ((found - truth) ** 2).mean(axis=0)
    return np.array([square[columns].sum() for columns in used.values()])


def _check(x: object, y: object, categories: Mapping[str, Sequence[str]]) -> None:
    for name, table in (("x", x), ("y", y)):
        if not isinstance(table, pd.DataFrame):
            raise InputError(f"{name} is a {type(table).__name__}: allowed a pandas DataFrame")
    if len(x) != len(y) or len(x) < 2:
        raise InputError(f"x has {len(x)} rows, y {len(y)}: allowed one number, 2 or more")
    if not np.isfinite(y.to_numpy(dtype=float)).all():
        raise InputError("y has values that are not finite: leave these sites out")
    for category, columns in categories.items():
        for column in columns:
            check_known(f"covariate of category {category!r}", column, x.columns)


_VARIABLES = schemas.variables("importance")
