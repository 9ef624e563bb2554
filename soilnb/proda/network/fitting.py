"""Learn parameters from covariates: the network, and simpler predictors of the same kind.

All predict places in the unit cube of the prior bounds from covariates that are scaled to 0 to 1,
and none can leave the cube: the network's last layer is squashed to 0 to 1 (``output="bounded"``),
or it is linear and cut off, like the ridge regression (``"published"``). As in the papers' code
nothing predicts less than 0.0001, for a turnover time of 0 has no steady state.

=============  =====================================================================================
method         what it is
=============  =====================================================================================
``mean``       the mean parameters of the training sites, everywhere
``ridge``      linear regression with a penalty chosen by leave-one-out (scikit-learn)
``forest``     500 extremely randomised trees with 3 sites or more in a leaf (scikit-learn)
``small``      network with two hidden layers of 64 units: a few hundred sites do not fill more
``paper``      the papers' network, hidden layers of 256, 512, 512 and 256 units
=============  =====================================================================================

The network is the papers' (Tao et al. 2023, Methods): ReLU, a dropout of 0.2 after each hidden
layer, Adadelta, batches of 32, at most 6,000 epochs, and of all epochs the one with the least loss
on the sites that are held out for validation. The loss ``l1xl2`` is the product
500 mean((p - y)^2) x 25 mean(abs(p - y) / y) of each batch, both means over sites and parameters
(y at least 0.0001); ``mse`` is the mean squared error, which is all that the published training
scripts leave switched on. Constant factors do not matter to Adadelta. The validation loss is that
of all held-out sites together. Adadelta runs at its authors' rate of 1, Keras' default is 0.001.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from soilnb import __version__
from soilnb.jobs import writing
from soilnb.parameters import InputError, check_known, check_range, unknown
from soilnb.proda.covariates import Scaler

#: Units of the hidden layers by name.
ARCHITECTURES = {"small": (64, 64), "paper": (256, 512, 512, 256)}
#: Epochs without a better validation loss after which training stops; the papers' is 1,200.
PATIENCE = {"small": 300, "paper": 1200}
BASELINES = ("mean", "ridge", "forest")
#: Trees of a forest, and least number of sites in a leaf.
TREES, LEAF = 500, 3
LOSSES = ("l1xl2", "mse")
OUTPUTS = ("bounded", "published")

#: Least place that is predicted (phxtao/SOC_Convergence).
LEAST = 1e-4
#: Least number of sites to learn from.
LEAST_SITES = 30


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained; see `fit`."""

    architecture: tuple[int, ...] = ARCHITECTURES["small"]
    loss: str = "l1xl2"
    dropout: float = 0.2
    batch_size: int = 32
    epochs: int = 6000
    patience: int = PATIENCE["small"]
    output: str = "bounded"

    def __post_init__(self) -> None:
        if not self.architecture:
            raise InputError("architecture is empty: allowed one hidden layer or more")
        for units in self.architecture:
            whole("units of a hidden layer", units, 1, 65_536)
        for name, allowed in (("loss", LOSSES), ("output", OUTPUTS)):
            check_known(name, getattr(self, name), allowed)
        check_range("dropout", self.dropout, 0.0, 0.95)
        for name in ("batch_size", "epochs", "patience"):
            whole(name, getattr(self, name), 1, 10**6)


def whole(name: str, value: object, low: int, high: int) -> int:
    """Return a whole number between two others, or raise `InputError`."""
    if check_range(name, value, low, high) != int(value):
        raise InputError(f"{name} = {value}: allowed a whole number")
    return int(value)


# ------------------------------------------------------------------------------------- fitted


@dataclass(frozen=True)
class Fitted:
    """A predictor of parameters.

    Attributes
    ----------
    method : str
        Name of the baseline or of the architecture.
    scaler : Scaler
        Scales the covariates.
    unseen, parameters : tuple of str
        Columns of classes that no training site had; names of what is predicted.
    weights : tuple of arrays
        Weight [out, in] and bias [out] of each layer; a mean and a ridge regression have one.
    squash : bool
        Whether the last layer is squashed to 0 to 1.
    sites, seed : int
        Number of training sites, those for validation included; seed of the fit.
    settings, history, best_epoch : TrainingSettings, DataFrame, int
        Of a network: the loss in ``training`` (with dropout) and ``validation`` by epoch, and the
        epoch of the weights.
    """

    method: str
    scaler: Scaler
    unseen: tuple[str, ...]
    parameters: tuple[str, ...]
    weights: tuple[np.ndarray, ...]
    squash: bool
    sites: int
    seed: int
    settings: TrainingSettings | None = None
    history: pd.DataFrame | None = None
    best_epoch: int = -1
    forest: Any = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of covariates that are needed."""
        return tuple(self.scaler.low.index)

    def predict(self, x: pd.DataFrame, *, quiet: bool = False) -> pd.DataFrame:
        """Return the places of the parameters in the unit cube.

        Parameters
        ----------
        x : DataFrame [site, column]
            Covariates as from `soilnb.proda.covariates.frame`, not scaled.
        quiet : bool
            Whether to say nothing of sites left out.

        Returns
        -------
        DataFrame [site, parameter]
            0.0001 to 1. NaN at a site that has a class that no training site had, or lacks a
            covariate: one line counts them.

        Raises
        ------
        InputError
            For a covariate that `x` does not have.
        """
        if not isinstance(x, pd.DataFrame):
            raise InputError(f"x is a {type(x).__name__}: allowed a pandas DataFrame")
        scaled = self.scaler.transform(x)
        strange = x[list(self.unseen)].to_numpy(dtype=float) >= 1 if self.unseen else None
        out = np.isnan(scaled.to_numpy()).any(axis=1)
        if not quiet and out.any():
            print(f"note: {out.sum()} of {len(x)} sites lack a covariate: no prediction",
                  file=sys.stderr)  # fmt: skip
        if strange is not None:
            if not quiet and strange.any():
                self._tell(strange, len(x))
            out |= strange.any(axis=1)
        places = np.full((len(x), len(self.parameters)), np.nan)
        if not out.all():
            places[~out] = self._places(scaled.to_numpy()[~out])
            np.clip(places, LEAST, 1.0, out=places)  # as float64: 0.0001 is less as float32
        return pd.DataFrame(places, x.index, list(self.parameters))

    def _tell(self, strange: np.ndarray, size: int) -> None:
        counts = strange.sum(axis=0)
        names = [f"{name} at {n}" for name, n in zip(self.unseen, counts, strict=True) if n]
        where = strange.any(axis=1).sum()
        print(
            f"note: {where} of {size} sites have a class that no training site had "
            f"({', '.join(names)}): no prediction",
            file=sys.stderr,
        )

    def _places(self, x: np.ndarray) -> np.ndarray:
        """Predict [site, parameter] from scaled covariates [site, column], not cut off yet."""
        if self.forest is not None:
            return self.forest.predict(x)
        x = np.asarray(x, self.weights[0].dtype)
        layers = list(zip(self.weights[::2], self.weights[1::2], strict=True))
        for weight, bias in layers[:-1]:
            x = np.maximum(x @ weight.T + bias, 0)
        weight, bias = layers[-1]
        x = x @ weight.T + bias
        return 1 / (1 + np.exp(-np.clip(x, -50, 50))) if self.squash else x

    def on_scaled(self) -> Fitted:
        """Return the same predictor for covariates that are scaled already (``scaler``)."""
        index = self.scaler.low.index
        return replace(self, scaler=Scaler(pd.Series(0.0, index), pd.Series(1.0, index)))

    def save(self, path: str | os.PathLike) -> None:
        """Write the predictor to a file; the file appears when it is complete.

        Parameters
        ----------
        path : path
            File, ``.npz`` by custom.

        Raises
        ------
        InputError
            For a forest, whose trees are not kept, or a folder that cannot be written.
        """
        try:
            with writing(path) as part, part.open("wb") as file:
                np.savez(file, **self.to_arrays())
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror or error}") from None

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as arrays, for a file; see `from_arrays`."""
        if self.forest is not None:
            raise InputError("a forest is not saved: allowed a mean, a ridge or a network")
        about = {
            "method": self.method, "unseen": self.unseen, "parameters": self.parameters,
            "squash": self.squash, "sites": self.sites, "seed": self.seed,
            "best_epoch": self.best_epoch, "columns": self.columns, "version": __version__,
            "settings": None if self.settings is None else asdict(self.settings),
        }  # fmt: skip
        arrays = {f"weight_{i:03d}": weight for i, weight in enumerate(self.weights)}
        arrays |= {"low": self.scaler.low.to_numpy(), "high": self.scaler.high.to_numpy()}
        if self.history is not None:
            arrays["history"] = self.history.to_numpy()
        return arrays | {"about": np.array(json.dumps(about))}

    @classmethod
    def load(cls, path: str | os.PathLike) -> Fitted:
        """Read a predictor that `save` has written.

        Raises
        ------
        InputError
            For a file that cannot be read or is none of these.
        """
        try:
            with Path(path).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                return cls.from_arrays(dict(file))
        except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
            reason = getattr(error, "strerror", None) or "not a saved predictor"
            raise InputError(f"{path} cannot be read: {reason}") from None

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Fitted:
        """Return the predictor that `to_arrays` wrote."""
        about = json.loads(str(arrays["about"]))
        settings, history = about["settings"], None
        if settings is not None:
            settings = TrainingSettings(
                **{**settings, "architecture": tuple(settings["architecture"])}
            )
        if "history" in arrays:
            history = _history(arrays["history"])
        index = pd.Index(about["columns"])
        names = sorted(name for name in arrays if name.startswith("weight_"))
        return cls(
            about["method"],
            Scaler(pd.Series(arrays["low"], index), pd.Series(arrays["high"], index)),
            tuple(about["unseen"]), tuple(about["parameters"]),
            tuple(arrays[name] for name in names),
            about["squash"], about["sites"], about["seed"], settings, history,
            about["best_epoch"],
        )  # fmt: skip


def _history(losses: np.ndarray) -> pd.DataFrame:
    index = pd.RangeIndex(len(losses), name="epoch")
    return pd.DataFrame(np.asarray(losses), index, ["training", "validation"])


# ---------------------------------------------------------------------------------------- data


def match(x: pd.DataFrame, y: pd.DataFrame, *others: pd.Series, quiet: bool = False) -> tuple:
    """Return the rows that all tables have, in the order of the first.

    Parameters
    ----------
    x, y : DataFrame
        Covariates, and parameters, over sites.
    *others : Series
        Further columns over sites: the study, ...
    quiet : bool
        Whether to say nothing of sites left out.

    Returns
    -------
    tuple
        The tables with their common sites.

    Raises
    ------
    InputError
        For tables without a common site, or one that names a site twice.

    Examples
    --------
    >>> x = pd.DataFrame({"clay": [0.1, 0.2, 0.3]}, index=["a", "b", "c"])
    >>> y = pd.DataFrame({"q10": [0.5, 0.6]}, index=["c", "a"])
    >>> [list(table.index) for table in match(x, y, quiet=True)]
    [['a', 'c'], ['a', 'c']]
    """
    tables = (x, y, *others)
    for table in tables:
        if not table.index.is_unique:
            twice = table.index[table.index.duplicated()][0]
            raise InputError(f"site {twice!r} is given more than once: allowed each name once")
    common = x.index
    for table in tables[1:]:
        common = common[common.isin(table.index)]
    if not len(common):
        raise InputError(f"no common site in tables of {', '.join(str(len(t)) for t in tables)}")
    if not quiet and any(len(table) > len(common) for table in tables):
        sizes = ", ".join(str(len(table)) for table in tables)
        print(f"note: {len(common)} sites are in all tables (of {sizes})", file=sys.stderr)
    return tuple(table.loc[common] for table in tables)


def check(x: object, y: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return covariates and parameters of the sites that can be learnt from."""
    for name, table in (("x", x), ("y", y)):
        if not isinstance(table, pd.DataFrame):
            raise InputError(f"{name} is a {type(table).__name__}: allowed a pandas DataFrame")
    if not x.index.equals(y.index):
        raise InputError(
            f"x ({len(x)} sites) and y ({len(y)}) have different sites: allowed the same; "
            "network.match gives the common ones"
        )
    y = y.astype(float)
    off = (y < 0) | (y > 1)
    if off.to_numpy().any():
        name = off.columns[off.any()][0]
        value = y[name][off[name]].iloc[0]
        raise InputError(f"{name} = {value:g}: allowed 0 to 1, a place between the prior bounds")
    finite = np.isfinite(x.to_numpy(dtype=float)).all(1) & np.isfinite(y.to_numpy()).all(1)
    if not finite.all():
        print(
            f"note: {(~finite).sum()} of {len(x)} sites are left out: not finite", file=sys.stderr
        )
    if finite.sum() < LEAST_SITES:
        raise InputError(f"{finite.sum()} sites to learn from: allowed {LEAST_SITES} or more")
    return x[finite], y[finite]


# ----------------------------------------------------------------------------------------- fit


def fit(
    x: pd.DataFrame,
    y: pd.DataFrame,
    *,
    architecture: str | tuple[int, ...] = "small",
    loss: str = "l1xl2",
    dropout: float = 0.2,
    batch_size: int = 32,
    epochs: int = 6000,
    patience: int | None = None,
    output: str = "bounded",
    validation: float | tuple[pd.DataFrame, pd.DataFrame] = 0.1,
    groups: pd.Series | None = None,
    scaler: Scaler | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Fitted:
    """Train a network; see the module's description.

    Parameters
    ----------
    x : DataFrame [site, column]
        Covariates as from `soilnb.proda.covariates.frame`.
    y : DataFrame [site, parameter]
        Parameters of the same sites as places between their prior bounds, 0 to 1.
    architecture : {"small", "paper"} or tuple of int
        Units of the hidden layers.
    loss : {"l1xl2", "mse"}
        The papers' product of relative and squared error, or the squared error alone.
    dropout : float
        Share of the units of a hidden layer that are dropped in each step.
    batch_size : int
        Sites of a step.
    epochs : int
        Largest number of epochs.
    patience : int, optional
        Epochs without a lower validation loss after which training stops; by default 300, and
        1,200 of the papers' architecture.
    output : {"bounded", "published"}
        Squashed to 0 to 1, or linear and cut off at 0.0001 and 1.
    validation : float or pair of DataFrames
        Share of the sites held out, or covariates and parameters of other sites.
    groups : Series over site, optional
        Holds out whole groups (studies) instead of single sites.
    scaler : Scaler, optional
        Scales the covariates; by default with the ranges of `x`. The papers take those of the
        global grid.
    seed : int
        Decides which sites are held out and all random numbers. The same seed gives the same
        network, to the last bit, on the same machine.
    progress : bool
        Whether a bar appears when it takes longer than two seconds.

    Returns
    -------
    Fitted
        The network at its best epoch.

    Raises
    ------
    InputError
        For tables of different sites, values outside 0 to 1, fewer than 30 sites, settings that
        are not allowed, or when JAX is not installed.
    ArithmeticError
        When no epoch has a finite validation loss.
    """
    name = architecture if isinstance(architecture, str) else "-".join(map(str, architecture))
    if isinstance(architecture, str):
        check_known("architecture", architecture, ARCHITECTURES)
        architecture = ARCHITECTURES[architecture]
    patience = PATIENCE.get(name, PATIENCE["small"]) if patience is None else patience
    settings = TrainingSettings(
        tuple(architecture), loss, dropout, batch_size, epochs, patience, output
    )
    seed = whole("seed", seed, 0, 2**32 - 1)
    x, y = check(x, y)
    scaler = _scaler(scaler, x)
    rows, held, sites = _split(x, y, validation, groups, seed)
    training = _engine()
    with tqdm(total=epochs, unit="epoch", delay=2, leave=False, disable=not progress) as bar:
        pairs = [(scaler.transform(a).to_numpy(), b.to_numpy()) for a, b in (rows, held)]
        weights, losses, best = training.train(*pairs, seed, settings, bar.update)
    if best < 0:
        raise ArithmeticError("no epoch has a finite validation loss: a smaller network may help")
    return Fitted(
        name, scaler, _unseen(pd.concat([rows[0], held[0]]), scaler), tuple(map(str, y.columns)),
        tuple(weights), output == "bounded", sites, seed, settings, _history(losses), best,
    )  # fmt: skip


def _engine() -> Any:
    try:
        from soilnb.proda.network import training
    except ImportError as error:
        name = str(error.name).partition(".")[0]
        if name not in ("jax", "jaxlib", "equinox", "optax"):
            raise
        raise InputError(f"{name} is missing: pip install 'soilnb[proda]'") from None
    return training


def _scaler(scaler: Scaler | None, x: pd.DataFrame) -> Scaler:
    if scaler is None:
        return Scaler.of(x)
    if not isinstance(scaler, Scaler):
        raise InputError(f"scaler is a {type(scaler).__name__}: allowed a covariates.Scaler")
    if set(scaler.low.index) != set(x.columns):
        strange = sorted(set(scaler.low.index) ^ set(map(str, x.columns)))
        raise InputError(f"scaler and x have different columns: {', '.join(strange)}")
    return Scaler(scaler.low[x.columns], scaler.high[x.columns])


def _unseen(x: pd.DataFrame, scaler: Scaler) -> tuple[str, ...]:
    classes = [column for column in scaler.low.index if "=" in str(column)]
    return tuple(column for column in classes if not (x[column] >= 1).any())


def _split(
    x: pd.DataFrame, y: pd.DataFrame, validation: Any, groups: pd.Series | None, seed: int
) -> tuple[tuple, tuple, int]:
    """Return training sites, sites for validation, and the number of both."""
    if isinstance(validation, tuple):
        held_x, held_y = (table[list(own.columns)] for table, own in zip(validation, (x, y),
                                                                         strict=True))  # fmt: skip
        if not len(held_x) or not held_x.index.equals(held_y.index):
            raise InputError("validation: allowed covariates and parameters of the same sites")
        return (x, y), (held_x, held_y), len(x) + len(held_x)
    share = check_range("validation", validation, 0.01, 0.9)
    rng = np.random.default_rng(seed)
    wanted = max(1, round(share * len(x)))
    if groups is None:
        out = np.zeros(len(x), bool)
        out[rng.permutation(len(x))[:wanted]] = True
    else:
        out = _whole_groups(group_numbers(groups, x), wanted, rng)
    return (x[~out], y[~out]), (x[out], y[out]), len(x)


def group_numbers(groups: pd.Series, x: pd.DataFrame) -> np.ndarray:
    """Return the group of each site as a number."""
    if not isinstance(groups, pd.Series):
        raise InputError(f"groups is a {type(groups).__name__}: allowed a pandas Series over sites")
    if not x.index.isin(groups.index).all():
        lacking = x.index[~x.index.isin(groups.index)]
        raise InputError(f"groups has no site {lacking[0]!r} ({len(lacking)} of {len(x)} sites)")
    codes, _ = pd.factorize(groups.loc[x.index], use_na_sentinel=False)
    return codes


def _whole_groups(codes: np.ndarray, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """Mark groups in random order until `wanted` sites are marked; one group is always left."""
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        raise InputError("groups has 1 group: allowed 2 or more")
    order = rng.permutation(len(sizes))
    count = int(np.searchsorted(np.cumsum(sizes[order]), wanted)) + 1
    return np.isin(codes, order[: min(count, len(sizes) - 1)])


def baseline(
    method: str,
    x: pd.DataFrame,
    y: pd.DataFrame,
    *,
    scaler: Scaler | None = None,
    seed: int = 0,
) -> Fitted:
    """Fit a simpler predictor, to stand beside the network.

    Parameters
    ----------
    method : {"mean", "ridge", "forest"}
        See the module's description.
    x, y, scaler, seed
        As in `fit`.

    Returns
    -------
    Fitted
        Predicts as a network does.

    Raises
    ------
    InputError
        As `fit`; for an unknown method, or when scikit-learn is not installed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = pd.DataFrame({"clay": rng.random(60), "npp": rng.random(60)})
    >>> y = pd.DataFrame({"q10": 0.2 + 0.6 * x["clay"]})
    >>> baseline("ridge", x, y).predict(x.head(2)).shape
    (2, 1)
    """
    check_known("method", method, BASELINES)
    seed = whole("seed", seed, 0, 2**32 - 1)
    x, y = check(x, y)
    scaler = _scaler(scaler, x)
    inputs, targets = scaler.transform(x).to_numpy(), y.to_numpy()
    weights, forest = (), None
    if method == "mean":
        weights = (np.zeros((targets.shape[1], inputs.shape[1])), targets.mean(0))
    elif method == "ridge":
        ridge = sklearn("linear_model").RidgeCV(alphas=np.logspace(-2, 4, 25)).fit(inputs, targets)
        weights = (np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_))
    else:
        trees = sklearn("ensemble").ExtraTreesRegressor(
            TREES, min_samples_leaf=LEAF, random_state=seed
        )
        forest = _Columns(trees.fit(inputs, targets if targets.shape[1] > 1 else targets[:, 0]))
    return Fitted(
        method, scaler, _unseen(x, scaler), tuple(map(str, y.columns)), weights, False, len(x),
        seed, forest=forest,
    )  # fmt: skip


class _Columns:
    """Gives the prediction of a forest of one parameter its column back."""

    def __init__(self, trees: Any) -> None:
        self.trees = trees

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.trees.predict(x).reshape(len(x), -1)


def sklearn(module: str) -> Any:
    """Return a module of scikit-learn, or raise `InputError` where it is not installed."""
    import importlib

    try:
        return importlib.import_module(f"sklearn.{module}")
    except ImportError as error:
        if str(error.name).partition(".")[0] != "sklearn":
            raise
        raise InputError("scikit-learn is missing: pip install 'soilnb[proda]'") from None


def learn(
    method: str | tuple[int, ...], x: pd.DataFrame, y: pd.DataFrame, **options: Any
) -> Fitted:
    """Fit a baseline or a network by its name or its hidden layers.

    Parameters
    ----------
    method : {"mean", "ridge", "forest", "small", "paper"} or tuple of int
        What to fit.
    x, y
        As in `fit`.
    **options
        Of `fit`; a baseline takes scaler and seed, and the others have no effect on it, except
        that sites for validation given as a pair are learnt from too.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = pd.DataFrame({"clay": rng.random(60), "npp": rng.random(60)})
    >>> y = pd.DataFrame({"q10": 0.2 + 0.6 * x["clay"]})
    >>> learn("mean", x, y).predict(x).std().round(6).tolist()  # the same everywhere
    [0.0]
    """
    if method not in BASELINES:
        if isinstance(method, str) and method not in ARCHITECTURES:
            raise unknown("method", method, (*BASELINES, *ARCHITECTURES))
        return fit(x, y, architecture=method, **options)
    pair = options.get("validation")
    if isinstance(pair, tuple):
        x, y = (pd.concat(both) for both in zip((x, y), pair, strict=True))
    kept = {name: options[name] for name in ("scaler", "seed") if name in options}
    return baseline(method, x, y, **kept)
