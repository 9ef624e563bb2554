r"""Mixed regressions of soil carbon on CUE: how the papers look for a relation in scattered data.

A measured SOC content depends on CUE, on depth and climate, and on who measured it where. A
mixed model gives each study (or climate zone) g a random shift of its intercept, and where asked
of its slope:

.. math:: y_{gi} = \mathbf x_{gi}^\top \boldsymbol\beta + \mathbf z_{gi}^\top \mathbf b_g
          + \varepsilon_{gi}, \qquad \mathbf b_g \sim N(0, \boldsymbol\Psi)

Fitted by restricted maximum likelihood with statsmodels. P values are those of a normal
distribution (z); the papers' come from lme4 with Satterthwaite's degrees of freedom, which are a
little larger where groups are few.

The shares of explained variance are those of Nakagawa & Schielzeth (2013,
doi:10.1111/j.2041-210x.2012.00261.x), with Johnson's (2014, doi:10.1111/2041-210X.12225) mean
random variance where slopes are random: fixed effects alone (marginal) and with the random ones
(conditional). The papers' shares are other numbers: the R2 of a line through the observed values
over the predicted ones (``lm(observed ~ predicted)``, r2="observed").

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import re
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from soilnb.parameters import InputError, check_known, unknown


@dataclass(frozen=True)
class MixedModel:
    """A mixed model in words: what it explains, by what, and what differs between groups.

    Attributes
    ----------
    response : {"log10(soc)", "soc"}
        What is explained.
    fixed : tuple of str
        Fixed effects: column names, or two of them joined by ``:`` for their product.
    groups, random_slope : str, bool
        Column whose levels have random effects, and whether the slope on CUE has one, too.
    """

    response: str
    fixed: tuple[str, ...]
    groups: str
    random_slope: bool = False

    @property
    def formula(self) -> str:
        """The model as lme4 writes it."""
        random = "cue" if self.random_slope else "1"
        return f"{self.response} ~ {' + '.join(self.fixed)} + ({random} | {self.groups})"


_ADDITIVE = ("cue", "depth", "mat")
_PRODUCT = (*_ADDITIVE, "cue:mat")

#: The six models of Extended Data Table 1 of Tao et al. 2023: two responses, with and without
#: the product of CUE and MAT, and with random slopes.
MEASURED = {
    "log-additive": MixedModel("log10(soc)", _ADDITIVE, "study"),
    "log-product": MixedModel("log10(soc)", _PRODUCT, "study"),
    "log-slopes": MixedModel("log10(soc)", _PRODUCT, "study", random_slope=True),
    "linear-additive": MixedModel("soc", _ADDITIVE, "study"),
    "linear-slopes": MixedModel("soc", _ADDITIVE, "study", random_slope=True),
    "linear-product": MixedModel("soc", _PRODUCT, "study"),
}

#: The two models of Extended Data Table 2: assimilated profiles, grouped by climate.
ASSIMILATED = {
    "intercepts": MixedModel("log10(soc)", ("cue",), "climate"),
    "slopes": MixedModel("log10(soc)", ("cue",), "climate", random_slope=True),
}


#: How explained variance is counted.
R2 = ("nakagawa", "observed")

#: The fits that were asked for last, and how many are kept.
_FITTED: dict[tuple, tuple] = {}
_MOST_FITTED = 50


@dataclass(frozen=True)
class Fit:
    """A fitted mixed model.

    Attributes
    ----------
    mixed : MixedModel
        What was fitted.
    coefficients : DataFrame
        One row per fixed effect (``intercept`` first): ``estimate``, ``error`` (standard error),
        ``z``, ``p``.
    random, effects : dict of str to float
        Standard deviation of the random intercept and, where there is one, slope, and ``residual``;
        random intercept of each group (none where the random variance is 0).
    explained_fixed, explained : float
        Share of the variance that the fixed effects, and all effects, explain.
    n, groups, dropped : int
        Rows and groups used; rows left out, where a value is missing or SOC is not above 0.
    converged : bool
        Whether the optimiser came to rest inside the space of variances.
    """

    mixed: MixedModel
    coefficients: pd.DataFrame
    random: dict[str, float]
    explained_fixed: float
    explained: float
    n: int
    groups: int
    dropped: int
    converged: bool
    effects: dict[str, float]

    def predict(self, cue: np.ndarray, **others: float) -> np.ndarray:
        """Return the partial effect of CUE: the fixed part with the other variables held.

        Parameters
        ----------
        cue : array
            CUE at which to predict.
        **others : float
            Value of each other variable of the model.

        Returns
        -------
        array
            On the scale of the response (log10 of SOC, or SOC).
        """
        values = {"cue": np.asarray(cue, float), **others}
        total = np.full(np.shape(cue), self.coefficients.loc["intercept", "estimate"])
        for name in self.mixed.fixed:
            parts = name.split(":")
            missing = [part for part in parts if part not in values]
            if missing:
                raise InputError(f"predict: {missing[0]} is missing; allowed a value for each of "
                                 f"{', '.join(self.mixed.fixed)}")  # fmt: skip
            total = total + self.coefficients.loc[name, "estimate"] * np.prod(
                [values[part] for part in parts], axis=0
            )
        return total


def in_print(text: str) -> str:
    """Return a formula or the name of an effect as the papers print it.

    Examples
    --------
    >>> in_print(MEASURED["log-additive"].formula)
    'log10(SOC) ~ CUE + depth + MAT + (1 | study)'
    """
    return re.sub(r"\b(cue|mat|soc)\b", lambda name: name[0].upper(), text)


def fit(data: pd.DataFrame, mixed: MixedModel, r2: str = "nakagawa") -> Fit:
    """Fit a mixed model.

    Parameters
    ----------
    data : DataFrame
        With ``soc`` (> 0; g C kg-1 in the papers), ``cue`` (0 to 1), the other variables of the
        model (``depth`` in cm, ``mat`` in degC) and the column of its groups.
    mixed : MixedModel
        One of `MEASURED`, `ASSIMILATED`, or your own.
    r2 : {"nakagawa", "observed"}
        How explained variance is counted, see the module's description.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        For an unknown way to count, a column that is missing, fewer than two groups, or too few
        rows for the effects.

    Examples
    --------
    >>> found = fit(twin(), MEASURED["log-additive"])
    >>> float(found.coefficients.loc["cue", "estimate"].round(1))
    0.8
    """
    check_known("r2", r2, R2)
    rows, dropped = _rows(data, mixed)
    design = _design(rows, mixed)
    response = np.log10(rows["soc"]) if mixed.response.startswith("log10") else rows["soc"]
    random = design[["intercept", "cue"]] if mixed.random_slope else design[["intercept"]]
    if len(rows) <= design.shape[1] + 2:
        raise InputError(
            f"{len(rows)} usable rows for {mixed.formula}: allowed more than {design.shape[1] + 2}"
        )
    # in units of their own spread, which optimisers need
    units = design.std().where(design.std() > 0, 1.0)
    unit = float(response.std()) or 1.0
    groups = rows[mixed.groups]
    result, errors = _reml(mixed, response / unit, design / units, random.columns, groups)
    found = _summary(result, errors, mixed, design, random, units, unit, groups, dropped)
    if r2 == "nakagawa":
        return found
    of_fixed = design.to_numpy() @ found.coefficients["estimate"].to_numpy()
    predicted = {"explained_fixed": of_fixed, "explained": _predicted(result, of_fixed)}
    shares = {n: float(np.corrcoef(response, v)[0, 1] ** 2) for n, v in predicted.items()}
    return replace(found, **shares)


def _predicted(result: Any, of_fixed: np.ndarray) -> np.ndarray:
    """Return predictions with the random effects; those without where these have no variance."""
    try:
        return np.asarray(result.fittedvalues)
    except (ValueError, np.linalg.LinAlgError):
        return of_fixed


def _rows(data: pd.DataFrame, mixed: MixedModel) -> tuple[pd.DataFrame, int]:
    """Return the rows that can be used, and how many cannot."""
    needed = ["soc", *dict.fromkeys(part for name in mixed.fixed for part in name.split(":"))]
    for name in [*needed, mixed.groups]:
        if name not in data:
            raise unknown("column", name, data.columns)
    rows = data[[*needed, mixed.groups]].replace([np.inf, -np.inf], np.nan).dropna()
    rows = rows[rows["soc"] > 0]
    count = rows[mixed.groups].nunique()
    if count < 2:
        raise InputError(f"{mixed.groups}: {count} group(s) in the data; allowed at least 2")
    return rows, len(data) - len(rows)


def _design(rows: pd.DataFrame, mixed: MixedModel) -> pd.DataFrame:
    design = pd.DataFrame({"intercept": 1.0}, index=rows.index)
    for name in mixed.fixed:
        design[name] = rows[name.split(":")].astype(float).prod(axis=1)
    return design


def _reml(mixed, response, design, of_groups, groups) -> tuple[Any, np.ndarray]:
    """Return what `_optimised` does; the same rows are asked for in figures, tables and claims."""
    numbers = (response.to_numpy().tobytes(), design.to_numpy().tobytes(), tuple(groups))
    key = (mixed, *design.columns, *of_groups, *numbers)
    if key not in _FITTED:
        if len(_FITTED) >= _MOST_FITTED:
            del _FITTED[next(iter(_FITTED))]
        _FITTED[key] = _optimised(mixed, response, design, of_groups, groups)
    return _FITTED[key]


def _optimised(mixed, response, design, of_groups, groups) -> tuple[Any, np.ndarray]:
    """Fit by restricted maximum likelihood; also return standard errors, NaN on the edge."""
    try:
        from statsmodels.regression.mixed_linear_model import MixedLM
    except ImportError:
        raise InputError("statsmodels is missing: pip install 'soilnb[proda]'") from None
    model = MixedLM(response, design, groups=groups, exog_re=design[of_groups])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is in `Fit.converged`
        try:
            # Gradient methods of statsmodels stop early or run off to a variance of 0 here.
            result = model.fit(reml=True, method="powell", maxiter=2000)
        except (np.linalg.LinAlgError, ValueError):
            raise InputError(f"{mixed.formula}: the design is singular") from None
        return result, np.asarray(result.bse_fe)


def _summary(result, errors, mixed, design, random, units, response_unit, groups, dropped):
    """Turn a fit of scaled variables back into the units of the data."""
    back = response_unit / units
    estimate = result.fe_params * back
    error = pd.Series(errors, estimate.index) * back
    z = estimate / error
    coefficients = pd.DataFrame(
        {"estimate": estimate, "error": error, "z": z, "p": 2 * ndtr(-np.abs(z))}
    )
    turn = np.diag(back[random.columns])
    covariance = turn @ np.asarray(result.cov_re) @ turn
    residual = float(result.scale) * response_unit**2
    fixed = float(np.var(design.to_numpy() @ estimate.to_numpy()))
    shifts = random.to_numpy()
    between = float(np.einsum("ij,jk,ik->i", shifts, covariance, shifts).mean())
    total = fixed + between + residual
    names = ["intercept", "slope"][: len(covariance)]
    spread = dict(zip(names, np.sqrt(np.maximum(np.diag(covariance), 0)).tolist(), strict=True))
    return Fit(
        mixed,
        coefficients,
        spread | {"residual": residual**0.5},
        fixed / total,
        (fixed + between) / total,
        len(design),
        groups.nunique(),
        dropped,
        bool(result.converged and np.isfinite(errors).all()),
        _effects(result, response_unit),
    )


def _effects(result, response_unit: float) -> dict[str, float]:
    """Return the random intercept of each group; none where their variance is 0."""
    try:
        found = result.random_effects
    except (ValueError, np.linalg.LinAlgError):
        return {}
    return {str(group): float(shift.iloc[0]) * response_unit for group, shift in found.items()}


def table(fits: dict[str, Fit]) -> pd.DataFrame:
    """Return fitted models as one table in the layout of the papers' coefficient tables.

    Returns
    -------
    DataFrame
        Per model and effect: ``estimate``, ``error``, ``z``, ``p``, ``random_sd``; and in its first
        row ``explained``, ``explained_fixed``, ``n``, ``groups``, ``converged``.

    Examples
    --------
    >>> list(table({"additive": fit(twin(), MEASURED["log-additive"])}).columns)[:4]
    ['formula', 'estimate', 'error', 'z']
    """
    rows = []
    for name, found in fits.items():
        for number, (effect, row) in enumerate(found.coefficients.iterrows()):
            random = {"intercept": "intercept", "cue": "slope"}.get(str(effect), "")
            entry = {"model": name, "formula": found.mixed.formula, "effect": effect, **row}
            entry["random_sd"] = found.random.get(random, np.nan)
            if number == 0:
                entry |= {
                    "explained": found.explained,
                    "explained_fixed": found.explained_fixed,
                    "n": found.n,
                    "groups": found.groups,
                    "converged": found.converged,
                }
            rows.append(entry)
    return pd.DataFrame(rows).set_index(["model", "effect"])


def modifier(data: pd.DataFrame) -> pd.DataFrame:
    """Regress the environmental modifier on climate, as Tao et al. 2023 do.

    Parameters
    ----------
    data : DataFrame
        ``xi`` (dimensionless, > 0), ``mat`` (degC), ``map`` (mm yr-1).

    Returns
    -------
    DataFrame
        Rows ``log(xi) ~ mat`` and ``xi ~ map`` with ``slope``, ``intercept``, ``r2``, ``n``.

    Examples
    --------
    >>> xi = np.exp([0.0, 0.1, 0.2])
    >>> data = pd.DataFrame({"xi": xi, "mat": [0, 5, 10], "map": [500, 700, 800.0]})
    >>> modifier(data)["slope"].round(4).to_dict()
    {'log(xi) ~ mat': 0.02, 'xi ~ map': 0.0007}
    """
    from scipy.stats import linregress

    for name in ("xi", "mat", "map"):
        if name not in data:
            raise unknown("column", name, data.columns)
    rows = data[["xi", "mat", "map"]].replace([np.inf, -np.inf], np.nan).dropna()
    rows = rows[rows["xi"] > 0]
    if len(rows) < 3:
        raise InputError(f"{len(rows)} usable rows: allowed at least 3")
    found = {
        "log(xi) ~ mat": linregress(rows["mat"], np.log(rows["xi"])),
        "xi ~ map": linregress(rows["map"], rows["xi"]),
    }
    lines = {
        name: (line.slope, line.intercept, line.rvalue**2, len(rows))
        for name, line in found.items()
    }
    heads = ["slope", "intercept", "r2", "n"]
    return pd.DataFrame.from_dict(lines, orient="index", columns=heads)


#: Extended Data Table 1 of Tao et al. 2023 (doi:10.1038/s41586-023-06042-3), first model: what
#: a made-up table is drawn from. The residual follows from the printed shares of variance (55 %
#: by the model, 37 % by fixed effects) and the random sd: 0.16^2 (1 - 0.55) / (0.55 - 0.37).
PRINTED = {"intercept": 1.16, "cue": 0.76, "depth": -0.020, "mat": 0.013}
PRINTED_RANDOM = {"intercept": 0.16, "residual": 0.253}


def twin(seed: int = 0, rows: int = 132, studies: int = 16) -> pd.DataFrame:
    """Make a synthetic table with the size and the relation of the papers' meta-analysis.

    The table itself is not open. CUE has the printed mean and spread (0.33, variance 0.049 with
    carbon isotopes), depth lies within 30 cm, MAT between -2 and 22 degC; SOC follows `PRINTED`.

    Returns
    -------
    DataFrame
        ``soc`` (g kg-1), ``cue``, ``depth`` (cm), ``mat`` (degC), ``study``; ``attrs`` say
        ``provenance = "synthetic"``.

    Examples
    --------
    >>> twin().shape, twin().attrs["provenance"]
    ((132, 5), 'synthetic')
    """
    rng = np.random.default_rng(seed)
    study = np.sort(rng.integers(0, studies, rows))
    spread = 0.33 * 0.67 / 0.049 - 1  # a beta distribution of the printed mean and variance
    data = pd.DataFrame(
        {
            "cue": rng.beta(0.33 * spread, 0.67 * spread, rows),
            "depth": rng.uniform(2.5, 30.0, rows),
            "mat": rng.uniform(-2.0, 22.0, studies)[study],
            "study": [f"study {number + 1}" for number in study],
        }
    )
    log_soc = PRINTED["intercept"] + sum(
        PRINTED[name] * data[name] for name in ("cue", "depth", "mat")
    )
    log_soc += rng.normal(0, PRINTED_RANDOM["intercept"], studies)[study]
    log_soc += rng.normal(0, PRINTED_RANDOM["residual"], rows)
    data.insert(0, "soc", 10**log_soc)
    data.attrs["provenance"] = "synthetic"
    return data
