r"""Small emulators: what runs of a slow model say about a share, as a formula with its spread.

The pore-scale model takes seconds for a carbon use efficiency (CUE), the planet needs thousands.
Between the runs stands a small formula. `fit` makes the plain one, a polynomial p in the logarithms
of the inputs x (the substrate's C/N ratio, the exposed share of organic matter),

.. math::
    \mathrm{logit}(y) = p(\ln x) + \varepsilon , \qquad
    \beta = (X^T X + \lambda I)^{-1} X^T\, \mathrm{logit}(y)

with a small ridge penalty :math:`\lambda` on all but the constant, fitted to the means over the
seeds of each setting. The logit keeps a share between 0 and 1. Its spread has three parts: the
*fit* (the coefficients' covariance, shared by all places that use the same formula), the *lack of
fit* (what the formula cannot follow from setting to setting), and the *seeds* (what two small
domains of the same setting differ by, divided by the number of domains that a value stands for).

`fit_cue` says with less what is known: microbes of C/N ratio 10 grow on what decays, a share s of
necromass with as much nitrogen as they need, the rest with the substrate's ratio R, until growth
meets the ceiling c that respiration leaves,

.. math:: \mathrm{CUE} = \min\left(c,\; k \left(s + (1 - s)\,\frac{10}{R}\right)\right)

with k the share of nitrogen that is not lost. Only s, which depends on structure, is a polynomial.

Inputs outside the range of the runs are refused. The error that counts is the one on settings that
were left out (`held_out`, `held_out_cue`, `candidates`), with all their seeds.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.parameters import InputError, check_known

#: Ridge penalty on standardised inputs, in settings: as good as none where the runs say something.
PENALTY = 0.01

#: Highest total power of the inputs, by name.
TERMS = {"constant": 0, "linear": 1, "quadratic": 2, "cubic": 3}

#: C/N ratio of microbes and necromass in the pore-scale model.
MICROBES = 10.0

#: Two-sided 95 % of a normal distribution, in standard deviations.
WIDTH = 1.959964


def _logit(share: np.ndarray) -> np.ndarray:
    return np.log(share / (1 - share))


def _share(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))


@dataclass(frozen=True)
class Emulator:
    """A fitted formula; `fit` makes one."""

    target: str  #: What it gives, a share.
    terms: str  #: One of `TERMS`.
    #: Each input with the lowest and highest value in the runs.
    ranges: Mapping[str, tuple[float, float]]
    #: [input]: mean and standard deviation of the logarithms of the inputs.
    centre: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray  #: [term]: of the standardised polynomial.
    covariance: np.ndarray  #: [term, term]: of the coefficients.
    #: Standard deviations in the logit: lack of fit, and of one seed.
    lack: float
    seeds: float
    settings: int  #: Settings that it was fitted to.

    def predict(self, *, domains: float = 1, **inputs: float | np.ndarray) -> xr.Dataset:
        """Return the share for some inputs, with its spread.

        Parameters
        ----------
        domains : float
            How many independent small domains a value stands for: 1 gives the spread of a single
            run, a large number that of the mean over many.
        **inputs : float or array [site]
            Each input of the emulator, by name.

        Returns
        -------
        Dataset
            ``mean`` (at the middle of the logit), ``low`` and ``high`` (95 %), and ``logit_sd``.
        """
        design = self._design(inputs)
        middle = design @ self.coefficients
        fit = np.einsum("...i,ij,...j->...", design, self.covariance, design)
        sd = np.sqrt(fit + self._scatter(domains) ** 2)
        dims = ("site",) * middle.ndim
        found = {
            "mean": _share(middle),
            "low": _share(middle - WIDTH * sd),
            "high": _share(middle + WIDTH * sd),
        }
        about = {"units": "1", "long_name": self.target}
        data = xr.Dataset({name: (dims, values, about) for name, values in found.items()})
        return data.assign(logit_sd=(dims, sd, {"units": "1", "long_name": "spread of the logit"}))

    def draws(
        self, count: int, seed: int = 0, *, domains: float = 1, **inputs: float | np.ndarray
    ) -> np.ndarray:
        """Return random shares that carry the spread, of shape (draw, ...) as the inputs.

        In one draw all places share the same coefficients; what the formula leaves open is drawn
        for each place.

        Parameters
        ----------
        count : int
            How many draws.
        seed : int
            Seed.
        domains, **inputs
            As in `predict`; an input may have a leading axis of the draws.
        """
        if count < 1:
            raise InputError(f"count = {count}: allowed 1 or more draws")
        design = self._design(inputs)
        rng = np.random.default_rng(seed)
        normal = rng.standard_normal((count, self.coefficients.size))
        root = np.linalg.cholesky(self.covariance + 1e-14 * np.eye(self.coefficients.size))
        coefficients = self.coefficients + normal @ root.T
        if design.ndim == 3:
            middle = np.einsum("dsi,di->ds", design, coefficients)
        else:
            middle = np.moveaxis(design @ coefficients.T, -1, 0)
        return _share(middle + self._scatter(domains) * rng.standard_normal(middle.shape))

    def _scatter(self, domains: float) -> float:
        if not domains >= 1:
            raise InputError(f"domains = {domains:g}: allowed 1 or more")
        return float(np.sqrt(self.lack**2 + self.seeds**2 / domains))

    def _design(self, inputs: Mapping[str, float | np.ndarray]) -> np.ndarray:
        for name in inputs:
            check_known("input of the emulator", name, self.ranges)
        missing = [name for name in self.ranges if name not in inputs]
        if missing:
            raise InputError(f"{' and '.join(missing)}: needed by the emulator of {self.target}")
        arrays = [_inside(name, inputs[name], self.ranges[name]) for name in self.ranges]
        logs = np.log(np.stack(np.broadcast_arrays(*arrays), axis=-1))
        return _polynomial((logs - self.centre) / self.scale, TERMS[self.terms])


def _inside(name: str, value: float | np.ndarray, allowed: tuple[float, float]) -> np.ndarray:
    """Return the values as an array, or raise `InputError` where one is outside the runs."""
    values = np.asarray(value, float)
    low, high = allowed
    slack = 1e-9 * high
    bad = ~((values >= low - slack) & (values <= high + slack))
    if bad.any():
        at = f" at site {int(np.argwhere(bad)[0][-1])}" if values.ndim else ""
        raise InputError(
            f"{name} = {values[bad].ravel()[0]:g}{at}: allowed {low:.3g} to {high:.3g}, "
            "the range of the pore-scale runs"
        )
    return values


def _polynomial(z: np.ndarray, power: int) -> np.ndarray:
    """Return all products of the inputs [..., input] up to a total power [..., term]."""
    powers = [p for p in product(range(power + 1), repeat=z.shape[-1]) if sum(p) <= power]
    powers.sort(key=sum)
    return np.stack([np.prod(z ** np.array(p), axis=-1) for p in powers], axis=-1)


@dataclass(frozen=True)
class CueEmulator:
    """The CUE by stoichiometry, with an emulated share of necromass; `fit_cue` makes one."""

    #: Of the share of necromass in the carbon that decays, by ``cn`` and ``exposed``.
    recycled: Emulator
    ceiling: float  #: CUE where nitrogen abounds.
    kept: float  #: Share of the nitrogen released that goes into growth, k.
    law: float  #: Standard deviation of the CUE of settings about the law, given their own s.

    @property
    def ranges(self) -> Mapping[str, tuple[float, float]]:
        """The lowest and highest value of each input in the runs."""
        return self.recycled.ranges

    def cue(self, share: float | np.ndarray, cn: float | np.ndarray) -> np.ndarray:
        """Return the CUE for a share of necromass and a C/N ratio of the substrate."""
        return stoichiometric(share, cn, self.ceiling, self.kept)

    def predict(self, *, domains: float = 1, **inputs: float | np.ndarray) -> xr.Dataset:
        """Return the CUE for ``cn`` and ``exposed``, with its spread; see `Emulator.predict`.

        Returns
        -------
        Dataset
            ``mean``, ``low`` and ``high`` (95 %; the share's spread to first order, and that of
            the law), and ``recycled``.
        """
        found = self.recycled.predict(domains=domains, **inputs)
        share, cn = found["mean"].values, np.asarray(inputs["cn"], float)
        middle = self.cue(share, cn)
        slope = np.where(middle < self.ceiling, self.kept * (1 - MICROBES / cn), 0.0)
        sd = slope * share * (1 - share) * found["logit_sd"].values
        half = WIDTH * np.hypot(sd, self.law)
        bounds = {"mean": middle, "low": middle - half, "high": middle + half}
        about = {"units": "1", "long_name": "emergent CUE"}
        dims = found["mean"].dims
        data = {
            name: (dims, np.clip(values, 0.0, self.ceiling), about)
            for name, values in bounds.items()
        }
        return xr.Dataset(data).assign(recycled=found["mean"])

    def draws(
        self, count: int, seed: int = 0, *, domains: float = 1, **inputs: float | np.ndarray
    ) -> np.ndarray:
        """Return random CUE of shape (draw, ...) as the inputs; see `Emulator.draws`."""
        share = self.recycled.draws(count, seed, domains=domains, **inputs)
        middle = self.cue(share, inputs["cn"])
        noise = np.random.default_rng([seed, 1]).standard_normal(middle.shape)
        return np.clip(middle + self.law * noise, 0.01, self.ceiling)


def stoichiometric(
    share: float | np.ndarray, cn: float | np.ndarray, ceiling: float, kept: float = 1.0
) -> np.ndarray:
    """Return the CUE of microbes that put all nitrogen they are given into growth.

    Examples
    --------
    >>> float(stoichiometric(share=0.3, cn=40.0, ceiling=0.6))  # 0.3 + 0.7 x 10 / 40
    0.475
    """
    return np.minimum(ceiling, kept * (share + (1 - share) * MICROBES / cn))


def fit(
    runs: xr.Dataset,
    target: str = "cue",
    inputs: Sequence[str] = ("cn", "exposed"),
    terms: str = "quadratic",
) -> Emulator:
    """Fit an emulator to runs.

    Parameters
    ----------
    runs : Dataset
        Over ``seed`` and the dimensions of the settings. `target` is a variable between 0 and 1;
        each of `inputs` is a variable or a coordinate, positive. Runs without a number count not.
    target : str
        Variable to emulate.
    inputs : sequence of str
        What it depends on.
    terms : str
        One of `TERMS`.

    Returns
    -------
    Emulator

    Raises
    ------
    InputError
        For unknown names, values that are no shares or not positive, or fewer settings than the
        polynomial needs.

    Examples
    --------
    >>> from soilnb.claims import pore_runs
    >>> emulator = fit(pore_runs.load(), "cue", ("cn", "exposed"))
    >>> emulator.predict(cn=30.0, exposed=0.1)["mean"].round(2).item()
    0.47
    """
    y, x, spread, _ = _settings(runs, target, inputs)
    return _fitted(y, x, spread, target, inputs, terms)


def _fitted(
    y: np.ndarray,
    x: np.ndarray,
    spread: np.ndarray,
    target: str,
    inputs: Sequence[str],
    terms: str,
) -> Emulator:
    """Fit to settings: logit y [setting], logarithms x [setting, input], seeds' variances."""
    check_known("terms", terms, TERMS)
    centre, scale = x.mean(axis=0), x.std(axis=0)
    if (scale < 1e-9).any():
        name = inputs[int(np.argmin(scale))]
        raise InputError(f"{name} is the same in all runs: allowed inputs that differ")
    design = _polynomial((x - centre) / scale, TERMS[terms])
    free = len(y) - design.shape[1]
    if free < 1:
        raise InputError(f"{len(y)} settings: allowed more than the {design.shape[1]} terms")
    penalty = PENALTY * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    inverse = np.linalg.inv(design.T @ design + penalty)
    coefficients = inverse @ design.T @ y
    variance = float(((y - design @ coefficients) ** 2).sum() / free)
    seeds, of_means = spread.mean(axis=0)
    ranges = {
        name: (float(np.exp(values.min())), float(np.exp(values.max())))
        for name, values in zip(inputs, x.T, strict=True)
    }
    return Emulator(
        target=target,
        terms=terms,
        ranges=ranges,
        centre=centre,
        scale=scale,
        coefficients=coefficients,
        covariance=variance * inverse,
        lack=float(np.sqrt(max(0.0, variance - of_means))),
        seeds=float(np.sqrt(seeds)),
        settings=len(y),
    )


def _settings(
    runs: xr.Dataset, target: str, inputs: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    """Return the settings' logit [n], log inputs [n, input], variances [n, 2] and labels.

    The two variances are that of one seed and that of the mean over the seeds.
    """
    for name in (target, *inputs):
        check_known("variable of the runs", name, runs.variables)
    if "seed" not in runs.dims:
        raise InputError("the runs have no dimension seed: allowed runs over seeds")
    dims = [dim for dim in runs[target].dims if dim != "seed"]
    table = xr.broadcast(
        *(runs[name].astype(float).rename(f"_{name}") for name in (target, *inputs))
    )
    frame = xr.merge(table).to_dataframe().reset_index().dropna()
    values = frame[[f"_{name}" for name in (target, *inputs)]].to_numpy()
    for name, column in zip((target, *inputs), values.T, strict=True):
        wrong = (column <= 0) | (column >= 1) if name == target else column <= 0
        if wrong.any():
            limits = "shares between 0 and 1" if name == target else "values above 0"
            raise InputError(f"{name} = {column[wrong][0]:g} in the runs: allowed {limits}")
    logs = pd.DataFrame(np.log(values[:, 1:]), columns=list(inputs))
    groups = logs.assign(y=_logit(values[:, 0]), **{f"at_{d}": frame[d].to_numpy() for d in dims})
    groups = groups.groupby([f"at_{dim}" for dim in dims], sort=False)
    means, counts = groups.mean(), groups.size().to_numpy()
    seeds = groups["y"].var(ddof=1).fillna(0.0).to_numpy()
    pooled = np.average(seeds, weights=counts - 1) if (counts > 1).any() else 0.0
    spread = np.stack([np.full(len(counts), pooled), pooled / counts], axis=1)
    labels = means.index.to_frame(index=False).rename(columns=lambda name: name[3:])
    return means["y"].to_numpy(), means[list(inputs)].to_numpy(), spread, labels


def held_out(
    runs: xr.Dataset,
    target: str = "cue",
    inputs: Sequence[str] = ("cn", "exposed"),
    terms: str = "quadratic",
    leave: Sequence[str] | str | None = None,
) -> pd.DataFrame:
    """Predict each setting by an emulator that never saw it.

    Parameters
    ----------
    runs, target, inputs, terms
        As in `fit`.
    leave : str or sequence of str, optional
        Dimensions that decide what is left out together: all dimensions of the settings when left
        out, so one setting with all its seeds; ``"structure"`` leaves out all settings of one
        structure at a time. At the edge of the inputs that is an extrapolation, and harder than
        what `Emulator.predict` allows.

    Returns
    -------
    DataFrame
        One row per setting: its labels, the inputs, ``observed`` (mean over the seeds, in the
        logit), ``predicted`` and ``error``, all as shares.

    Examples
    --------
    >>> from soilnb.claims import pore_runs
    >>> list(held_out(pore_runs.load()).columns)
    ['cn', 'structure', 'mean_cn', 'exposed', 'observed', 'predicted', 'error']
    """
    y, x, spread, labels = _settings(runs, target, inputs)
    names = list(labels) if leave is None else [leave] if isinstance(leave, str) else list(leave)
    for name in names:
        check_known("dimension of the settings", name, labels)
    _, group = np.unique(labels[names].astype(str).agg("/".join, axis=1), return_inverse=True)
    predicted = np.empty_like(y)
    for one in np.unique(group):
        out = group == one
        rest = _fitted(y[~out], x[~out], spread[~out], target, inputs, terms)
        z = (x[out] - rest.centre) / rest.scale
        predicted[out] = _polynomial(z, TERMS[terms]) @ rest.coefficients
    shares = {"observed": _share(y), "predicted": _share(predicted)}
    used = {f"mean_{n}" if n in labels else n: np.exp(x[:, i]) for i, n in enumerate(inputs)}
    found = labels.assign(**used, **shares)
    return found.assign(error=found["predicted"] - found["observed"])


def fit_cue(runs: xr.Dataset, terms: str = "quadratic") -> CueEmulator:
    """Fit the CUE by stoichiometry.

    Parameters
    ----------
    runs : Dataset
        With ``cue``, ``necromass_share`` and ``exposed`` over ``seed``, ``cn`` and more, as from
        `soilnb.claims.pore_runs.load`.
    terms : str
        Size of the polynomial for the share of necromass, one of `TERMS`.

    Returns
    -------
    CueEmulator
        Its ceiling is the mean CUE at the lowest C/N ratio, which must be that of microbes or less.

    Raises
    ------
    InputError
        As in `fit`, and where no ratio is low enough to see the ceiling.

    Examples
    --------
    >>> from soilnb.claims import pore_runs
    >>> cue = fit_cue(pore_runs.load())
    >>> cue.predict(cn=[15.0, 60.0], exposed=0.1)["mean"].values.round(2)
    array([0.62, 0.35])
    """
    recycled = fit(runs, "necromass_share", ("cn", "exposed"), terms)
    ceiling, kept, law = _law(runs)
    return CueEmulator(recycled, ceiling, kept, law)


def _law(runs: xr.Dataset) -> tuple[float, float, float]:
    """Return ceiling, kept share of nitrogen, and the law's error over the settings."""
    lowest = float(runs["cn"].min())
    if lowest > MICROBES:
        raise InputError(f"lowest cn = {lowest:g} in the runs: allowed {MICROBES:g} or less")
    ceiling = float(runs["cue"].sel(cn=lowest).mean())
    mean = runs[["cue", "necromass_share"]].mean("seed")
    needed = stoichiometric(mean["necromass_share"], mean["cn"], np.inf)
    below = mean["cue"] < 0.95 * ceiling
    kept = float((mean["cue"] * needed).where(below).sum() / (needed**2).where(below).sum())
    found = stoichiometric(mean["necromass_share"], mean["cn"], ceiling, kept)
    return ceiling, kept, float(np.sqrt(((found - mean["cue"]) ** 2).mean()))


def held_out_cue(
    runs: xr.Dataset, terms: str = "quadratic", leave: Sequence[str] | str | None = None
) -> pd.DataFrame:
    """Predict the CUE of each setting by stoichiometry, from a share that never saw it.

    The ceiling and the kept nitrogen, two numbers for all settings, come from all of them.

    Parameters
    ----------
    runs, terms
        As in `fit_cue`.
    leave : str or sequence of str, optional
        As in `held_out`.

    Returns
    -------
    DataFrame
        As of `held_out`, with ``observed``, ``predicted`` and ``error`` of the CUE.

    Examples
    --------
    >>> from soilnb.claims import pore_runs
    >>> error = held_out_cue(pore_runs.load())["error"]
    >>> round(float((error**2).mean() ** 0.5), 3)
    0.014
    """
    table = held_out(runs, "necromass_share", ("cn", "exposed"), terms, leave)
    ceiling, kept, _ = _law(runs)
    mean = runs["cue"].mean("seed").to_series()
    dims = list(mean.index.names)
    observed = mean.loc[[tuple(row) for row in table[dims].to_numpy()]].to_numpy()
    predicted = stoichiometric(table["predicted"], table["cn"], ceiling, kept)
    return table.assign(observed=observed, predicted=predicted, error=predicted - observed)


def candidates(runs: xr.Dataset) -> pd.DataFrame:
    """Return the held-out error of formulas of CUE, to choose the smallest that does it.

    Parameters
    ----------
    runs : Dataset
        As in `fit_cue`.

    Returns
    -------
    DataFrame
        One row per formula: what it is, ``terms``, number of ``coefficients``, ``rmse`` of
        settings that were left out, and ``worst``, the largest error. ``attrs["seeds"]`` is the
        standard error of a setting's mean over the seeds.

    Examples
    --------
    >>> from soilnb.claims import pore_runs
    >>> list(candidates(pore_runs.load()).columns)
    ['formula', 'terms', 'coefficients', 'rmse', 'worst']
    """
    rows = []
    for name, inputs in (("C/N alone", ["cn"]), ("C/N and exposed", ["cn", "exposed"])):
        for terms in list(TERMS)[1:]:
            error = held_out(runs, "cue", inputs, terms)["error"]
            rows.append((name, terms, _size(terms, len(inputs)), *_errors(error)))
    constant = held_out(runs, "cue", ["cn"], "constant")["error"]
    rows.insert(0, ("nothing", "constant", 1, *_errors(constant)))
    for terms in TERMS:
        error = held_out_cue(runs, terms)["error"]
        rows.append(("stoichiometry", terms, 2 + _size(terms, 2), *_errors(error)))
    columns = ["formula", "terms", "coefficients", "rmse", "worst"]
    found = pd.DataFrame(rows, columns=columns)
    variance = runs["cue"].var("seed", ddof=1) / runs["cue"].count("seed")
    found.attrs["seeds"] = float(np.sqrt(variance.mean()))
    return found


def _size(terms: str, inputs: int) -> int:
    return _polynomial(np.zeros((1, inputs)), TERMS[terms]).shape[1]


def _errors(error: pd.Series) -> tuple[float, float]:
    return float(np.sqrt((error**2).mean())), float(error.abs().max())
