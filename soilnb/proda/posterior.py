r"""What the chains of a profile say: posterior, diagnostics, and how well the model fits.

Convergence is judged twice, by rank-normalised R-hat with effective sample sizes, and by the
papers' own statistic (`soilnb.proda.convergence`). The fit is the Nash-Sutcliffe efficiency

.. math:: E = 1 - \frac{\sum (\hat y_k - y_k)^2}{\sum (y_k - \bar y)^2},

or, as the published code has it (``nse="published"``), the largest of the chains' means with the
variance of the *modelled* values below the fraction. How much the data say about a parameter is its
shrinkage, :math:`1 - \text{posterior sd} / \text{prior sd}`, against the prior that remains after
infeasible parameter sets are taken out: 0 says that the posterior is as wide as the prior.

The point estimate is a mean of parameters, as in the papers. Where a posterior is wide and curved,
such a mean need not fit although every state of the posterior does; so the fit is given three
times, of the point estimate, of the best state, and of the mean of the modelled profiles.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.data import schemas
from soilnb.kernels import layers
from soilnb.kernels import metropolis as kernel
from soilnb.parameters import InputError
from soilnb.proda import convergence
from soilnb.proda.chains import Chains, ChainSettings
from soilnb.proda.models import MODELS
from soilnb.profile import grid, layered
from soilnb.profile.layered import diagnostics
from soilnb.schema import Variable, assemble

if TYPE_CHECKING:
    from collections.abc import Mapping

    import arviz

#: Quantiles that are kept of each posterior.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: States of the posterior and of the prior for which system-level metrics are computed.
METRIC_DRAWS = 500


def nash_sutcliffe(modelled: np.ndarray, observed: np.ndarray, nse: str = "observed") -> np.ndarray:
    """Return the Nash-Sutcliffe efficiency.

    Parameters
    ----------
    modelled : array [..., horizon]
        Modelled values.
    observed : array [horizon]
        Observed values.
    nse : {"observed", "published"}
        Whose variance stands below the fraction: the observations' or the model's.

    Returns
    -------
    array [...]
        1 for a perfect fit, 0 for one no better than the mean.

    Examples
    --------
    >>> observed = np.array([30.0, 20.0, 10.0])
    >>> float(nash_sutcliffe(observed + 1.0, observed))
    0.985
    """
    below = observed if nse == "observed" else modelled
    variance = ((below - below.mean(-1, keepdims=True)) ** 2).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1.0 - ((modelled - observed) ** 2).sum(-1) / variance


def metrics(chains: Chains, parameters: np.ndarray) -> dict[str, np.ndarray]:
    """Return the system-level metrics of parameter sets [n, d], each [n]."""
    columns = layers.Column(*(np.asarray(values)[np.newaxis] for values in chains.profile.column))
    model, here = MODELS[chains.settings.model].layered, np.zeros(len(parameters), np.int64)
    cases = layered.of_arrays(model, parameters, columns, chains.settings.transport, here)
    found, _ = diagnostics.at_rest(model, cases)
    return {name: found[name] for name in diagnostics.METRICS if name in found}


def spread_out(n: int, wanted: int = METRIC_DRAWS) -> np.ndarray:
    """Return up to `wanted` of n indices, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, wanted)).astype(int))


#: What is kept of a profile.
VARIABLES = schemas.variables("posterior")

#: What is kept beyond that where radiocarbon counts.
TRACED = schemas.variables("posterior_traced")


def row(chains: Chains) -> dict[str, np.ndarray]:
    """Return all numbers that are kept of a profile: arrays by name, those of `VARIABLES`."""
    settings, observed, runs = chains.settings, chains.profile.carbon, chains.runs
    best = int(np.argmin(runs.cost))
    found = {
        "mean": runs.parameters.mean(0),
        "sd": runs.parameters.std(0, ddof=1),
        "estimate": chains.estimate.parameters[0],
        "best": runs.parameters[best],
        "prior_mean": chains.prior.parameters.mean(0),
        "prior_sd": chains.prior.parameters.std(0, ddof=1),
        "quantile": np.quantile(runs.parameters, QUANTILES, axis=0),
        "gelman_rubin": chains.gelman_rubin,
        **convergence.diagnose(chains.by_chain(runs.parameters)),
    }
    found["shrinkage"] = 1.0 - found["sd"] / found["prior_sd"]
    estimate = chains.estimate.modelled[0]
    fit = {
        "nse": _efficiency(chains),
        "nse_best": nash_sutcliffe(runs.modelled[best], observed, settings.nse),
        "nse_predictive": nash_sutcliffe(runs.modelled.mean(0), observed, settings.nse),
        "rmse": np.sqrt(((estimate - observed) ** 2).mean()),
        "cost": _mean(runs.cost),
        "r_hat_max": found["r_hat"].max(),
        "gelman_rubin_mean": found["gelman_rubin"].mean(),
        "acceptance": chains.acceptance.mean(),
        "feasible_share": chains.feasible_share,
        "infeasible_states": (runs.status != kernel.FEASIBLE).mean(),
    }
    which = "r_hat_max" if settings.r_hat == "rank" else "gelman_rubin_mean"
    carbon = {
        "carbon": chains.estimate.carbon[0],
        "carbon_mean": runs.carbon.mean(0),
        "carbon_sd": runs.carbon.std(0, ddof=1),
    }
    numbers = found | fit | carbon | _metric_row(chains)
    if settings.traced:
        far = runs.radiocarbon.mean(0) - chains.profile.radiocarbon.delta
        numbers |= {
            "radiocarbon_rmse": np.sqrt(np.nanmean(far**2)), "radiocarbon_bias": np.nanmean(far),
        }  # fmt: skip
    numbers |= {"layers": observed.size, "converged": fit[which] < convergence.CONVERGED}
    if settings.draws:
        numbers["draws"] = runs.parameters[spread_out(len(runs.cost), settings.draws)]
    return {name: np.asarray(value) for name, value in numbers.items()}


def _efficiency(chains: Chains) -> float:
    """Return the efficiency of the point estimate; as published, the largest of the chains'."""
    observed = chains.profile.carbon
    if chains.settings.nse == "observed":
        return nash_sutcliffe(chains.estimate.modelled[0], observed)
    return nash_sutcliffe(chains.means.modelled, observed, "published").max()


def _metric_row(chains: Chains) -> dict[str, np.ndarray]:
    """Return the statistics of the system-level metrics, each [metric]."""
    posterior = chains.runs.parameters[spread_out(len(chains.runs.cost))]
    prior = chains.prior.parameters[:METRIC_DRAWS]
    sets = np.concatenate([chains.estimate.parameters, posterior, prior])
    values = np.array(list(metrics(chains, sets).values()))
    after = values[:, 1 : len(posterior) + 1]
    before = values[:, len(posterior) + 1 :]
    return {
        "metric_mean": _mean(after),
        "metric_sd": _sd(after),
        "metric_estimate": values[:, 0],
        "metric_prior_mean": _mean(before),
        "metric_prior_sd": _sd(before),
    }


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis of what is finite; NaN where nothing is."""
    finite = np.isfinite(values)
    number = np.asarray(finite.sum(-1))
    total = np.where(finite, values, 0.0).sum(-1)
    return np.divide(total, number, out=np.full(number.shape, np.nan), where=number > 0)


def _sd(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation of what is finite; NaN of fewer than two values."""
    finite = np.isfinite(values)
    number = finite.sum(-1)
    away = np.where(finite, values, 0.0) - np.where(finite, _mean(values)[..., np.newaxis], 0.0)
    out = np.full(number.shape, np.nan)
    # A draw of the prior with hardly any decay at depth holds more carbon than a square can hold.
    with np.errstate(over="ignore"):
        return np.sqrt(np.divide((away**2).sum(-1), number - 1, out=out, where=number > 1))


# -------------------------------------------------------------------------------- Datasets


def dataset(
    rows: list[dict[str, np.ndarray] | None],
    labels: list[str],
    reasons: list[str],
    settings: ChainSettings,
    more: Mapping[str, Variable] | None = None,
) -> xr.Dataset:
    """Return the rows of profiles as a Dataset over ``profile``.

    Parameters
    ----------
    rows : list of dict or None
        As from `row`; None for a profile that was refused: its numbers are NaN.
    labels, reasons : list of str
        Names of the profiles, and why they were refused (empty where not).
    settings, more : ChainSettings, mapping of str to Variable
        Of all profiles; and variables of the rows beyond `VARIABLES`.
    """
    coords = _coordinates(settings)
    variables, arrays = VARIABLES | (TRACED if settings.traced else {}) | dict(more or {}), {}
    if settings.draws:
        variables["draws"] = Variable(
            "that of the parameter", "states of the posterior", dims=("draw", "parameter")
        )
    for name, variable in variables.items():
        absent = np.full([len(coords[dim][1]) for dim in variable.dims], np.nan)
        arrays[name] = np.array([absent if r is None else np.asarray(r[name], float) for r in rows])
    arrays["converged"] = arrays["converged"] == 1.0
    arrays["reason"] = np.array(reasons, dtype=np.str_)
    variables["reason"] = Variable("1", "why the profile was refused; empty where it was not")
    coords["profile"] = ("profile", np.array(labels, dtype=np.str_), {"long_name": "profile"})
    return assemble(variables, arrays, "profile", coords=coords, attrs=_provenance(settings))


def _coordinates(settings: ChainSettings) -> dict:
    """Return the coordinates of everything but the profiles."""
    model = MODELS[settings.model]
    records, names = model.records, model.system_metrics()
    kept = {"draw": ("draw", np.arange(settings.draws))} if settings.draws else {}
    layer = {key: value for key, value in grid.coordinates().items() if key != "layer"}
    return {
        "parameter": ("parameter", list(records)),
        "parameter_unit": ("parameter", [record.unit for record in records.values()]),
        "level": ("level", list(QUANTILES), {"units": "1", "long_name": "level of the quantile"}),
        "metric": ("metric", names),
        "metric_unit": ("metric", [diagnostics.METRICS[name].unit for name in names]),
        "layer": ("layer", grid.coordinates()["layer"]),
        **layer,
        **kept,
    }


def _provenance(settings: ChainSettings) -> dict[str, object]:
    """Return the attributes that say how a result was made."""
    made = {"source": MODELS[settings.model].source, "soilnb_version": __version__}
    return asdict(settings) | {"constraints": ", ".join(settings.constraints)} | made


def summary(data: arviz.InferenceData) -> pd.DataFrame:
    """Return the posterior of one profile as a table, one line for each parameter.

    Parameters
    ----------
    data : InferenceData
        As from `soilnb.proda.assimilate`.

    Returns
    -------
    DataFrame
        Unit, posterior mean, sd and 90 % interval, sd of the prior, shrinkage, R-hat, effective
        sample size and the papers' G-R statistic.

    Examples
    --------
    >>> from soilnb import proda
    >>> profile = proda.observations.twin_profiles(1).isel(profile=0)
    >>> one = proda.assimilate(profile, warmup=500, steps=1000, samples=100)
    >>> list(summary(one).columns)[:3]
    ['unit', 'mean', 'sd']
    """
    if "profile" not in data.groups():
        raise InputError("data has no group 'profile': allowed what proda.assimilate returns")
    found = data["profile"]
    columns = {
        "unit": found["parameter_unit"],
        "mean": found["mean"],
        "sd": found["sd"],
        "5 %": found["quantile"].sel(level=0.05),
        "95 %": found["quantile"].sel(level=0.95),
        **{name: found[name] for name in ("prior_sd", "shrinkage", "r_hat", "ess_bulk")},
        "gelman_rubin": found["gelman_rubin"],
    }
    return pd.DataFrame(
        {name: values.values for name, values in columns.items()},
        index=pd.Index(found["parameter"].values, name="parameter"),
    )


# ---------------------------------------------------------------------------- InferenceData

_DRAWS = ("chain", "draw")
_CARBON = {"units": "g C m-3", "long_name": "soil organic carbon", "symbol": "SOC"}
_DELTA = {"units": "permil", "long_name": "radiocarbon", "symbol": r"\Delta^{14}C"}


def inference_data(chains: Chains) -> arviz.InferenceData:
    """Return the posterior of a profile for ArviZ; see `soilnb.proda.assimilate`."""
    import arviz

    settings, prior = chains.settings, chains.prior
    provenance = _provenance(settings)
    depth = {"units": "m", "long_name": "depth of the sample", "symbol": "z"}
    horizon = {"depth": ("horizon", chains.profile.depth, depth)}
    after = [chains.by_chain(values) for values in (chains.runs.modelled, chains.runs.carbon)]
    before = [values[np.newaxis] for values in (prior.modelled, prior.carbon)]
    data = arviz.InferenceData(
        posterior=_parameters(chains.by_chain(chains.runs.parameters), settings, provenance),
        sample_stats=_statistics(chains),
        prior=_parameters(prior.parameters[np.newaxis], settings, provenance),
        observed_data=xr.Dataset(
            {"carbon_density": ("horizon", chains.profile.carbon, _CARBON)}, horizon, provenance
        ),
        posterior_predictive=_predictive(*after, horizon, provenance),
        prior_predictive=_predictive(*before, horizon, provenance),
    )
    if settings.traced:
        data.observed_data["radiocarbon"] = ("horizon", chains.profile.radiocarbon.delta, _DELTA)
        for group, values in (
            (data.posterior_predictive, chains.by_chain(chains.runs.radiocarbon)),
            (data.prior_predictive, prior.radiocarbon[np.newaxis]),
        ):
            group["radiocarbon"] = ((*_DRAWS, "horizon"), values, _DELTA)
    own = dataset([row(chains)], [chains.profile.label], [""], settings).isel(profile=0)
    data.add_groups({"profile": own}, warn_on_custom_groups=False)
    return data


def _parameters(values: np.ndarray, settings: ChainSettings, attrs: dict) -> xr.Dataset:
    """Return parameters [chain, draw, d], each under its name."""
    records = settings.parameters
    variables = {
        name: Variable(record.unit, record.meaning, symbol=record.symbol)
        for name, record in records.items()
    }
    arrays = {name: values[..., i] for i, name in enumerate(records)}
    coords = {dim: np.arange(size) for dim, size in zip(_DRAWS, values.shape, strict=False)}
    return assemble(variables, arrays, *_DRAWS, coords=coords, attrs=attrs)


def _statistics(chains: Chains) -> xr.Dataset:
    """Return what the sampler says of each state."""
    cost = chains.by_chain(chains.runs.cost)
    feasible = chains.by_chain(chains.runs.status == kernel.FEASIBLE)
    found = {
        "cost": (_DRAWS, cost, "cost J"),
        "feasible": (_DRAWS, feasible, "whether the parameter set is feasible"),
        "acceptance_rate": (("chain",), chains.acceptance, "acceptance rate of the chain"),
    }
    if chains.settings.sampler != "published":  # which has no one density
        density = -chains.settings.inverse_temperature * cost
        found["lp"] = (_DRAWS, density, "logarithm of the posterior density, up to a constant")
    return xr.Dataset(
        {
            name: (dims, values, {"units": "1", "long_name": text})
            for name, (dims, values, text) in found.items()
        }
    )


def _predictive(modelled: np.ndarray, carbon: np.ndarray, horizon: dict, attrs: dict) -> xr.Dataset:
    """Return modelled carbon [chain, draw, horizon], [chain, draw, layer]; no observation error."""
    node = {"units": "m", "long_name": "depth of the node", "symbol": "z"}
    layer = {"layer": grid.coordinates()["layer"], "node": ("layer", grid.NODE, node)}
    data = {
        "carbon_density": ((*_DRAWS, "horizon"), modelled, _CARBON),
        "soc": ((*_DRAWS, "layer"), carbon, _CARBON),
    }
    return xr.Dataset(data, horizon | layer, attrs)
