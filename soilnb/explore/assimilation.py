"""Explorers of site assimilation: a measured profile against a model, and what age tells."""

import re

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.data import open_dataset
from soilnb.explore.base import Control, Explorer
from soilnb.figures import assimilation, layers
from soilnb.language import translated
from soilnb.parameters import InputError
from soilnb.proda import nash_sutcliffe
from soilnb.proda.chains import ChainSettings, read_profile, sample
from soilnb.proda.observations import forcing_at
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.grid import NODE
from soilnb.profile.model import air

#: Years of sampling of the first panel, and turnover times of the second.
_SAMPLED, _TURNOVER = np.arange(1945, 2016, 5), np.geomspace(1.0, 5000.0, 60)

_MODEL = {"COMPAS": "compas", "CLM5": "clm5"}
LEVELS = (0.05, 0.5, 0.95)

#: Short chains, so that a move of a slider is answered at once.
SHORT = {"warmup": 2000, "steps": 3000, "samples": 400}


def one_profile(observations: xr.Dataset) -> Explorer:
    """Assimilate one of some profiles at the move of a control.

    Parameters
    ----------
    observations : Dataset over profile
        As from `soilnb.proda.observations`; a dozen profiles at most are offered.
    """
    names = [str(name) for name in observations["profile"].values[:12]]
    controls = {
        "name": Control("Profile", names[0], choices=tuple(names)),
        "model": Control("Model", "COMPAS", choices=tuple(_MODEL)),
        "horizons": Control("Layers used, from the top", 20, 2, 20, 1),
        "trust": Control("Weight of the data (log10)", -2.0, -2, 1.5, 0.25),
    }

    columns = kernel_forcing.prepare(forcing_at(observations)).columns
    places = {name: kernel_forcing.one(columns, k) for k, name in enumerate(names)}

    def compute(name: str, model: str, horizons: float, trust: float) -> tuple:
        return profile(
            observations.sel(profile=name), places[name], model, int(horizons), 10.0**trust
        )

    return Explorer(controls, compute, assimilation.learned, _say, asks="assimilation")


def profile(
    observed: xr.Dataset, column, model: str = "COMPAS", horizons: int = 20, trust: float = 1.0
) -> tuple[str, xr.Dataset, pd.Series]:
    """Assimilate the upper layers of one profile with short chains.

    Parameters
    ----------
    observed : Dataset over layer
        One profile of `soilnb.proda.observations`.
    column : soilnb.kernels.layers.Column
        Its forcing, from `soilnb.profile.forcing.kernel_forcing.column`.
    model : {"COMPAS", "CLM5"}
    horizons : int
        How many layers from the top are used.
    trust : float
        Inverse temperature: what the misfit is multiplied with.

    Returns
    -------
    tuple of (str, Dataset, Series)
        The model, bands of modelled carbon as `soilnb.figures.assimilation.fit` takes them, and
        1 - posterior sd / prior sd of each parameter.
    """
    if model not in _MODEL:
        raise InputError(f"model {model!r}: allowed {', '.join(_MODEL)}")
    settings = ChainSettings(_MODEL[model], inverse_temperature=trust, **SHORT)
    upper = observed.isel(layer=slice(0, horizons))
    found = sample(read_profile(upper, str(observed["profile"].item()), column, "sse"), settings)
    after, before = found.runs, found.prior
    one = _bands(before.carbon, after.carbon, found.profile.depth, found.profile.carbon)
    fit = nash_sutcliffe(np.median(after.modelled, axis=0), found.profile.carbon)
    one.attrs = {"nse": float(fit), "mixing": float(found.gelman_rubin.mean())}
    narrower = 1 - after.parameters.std(0, ddof=1) / before.parameters.std(0, ddof=1)
    return model, one, pd.Series(narrower, list(settings.parameters), name="shrinkage")


def _bands(prior, posterior, depth, carbon) -> xr.Dataset:
    """Return quantiles over the model's layers with what was measured."""
    levels = {"level": list(LEVELS)}
    return xr.Dataset(
        {
            "prior": (("level", "layer"), np.quantile(prior, LEVELS, axis=0)),
            "posterior": (("level", "layer"), np.quantile(posterior, LEVELS, axis=0)),
            "observed": ("horizon", carbon),
        },
        coords=levels | {"node": ("layer", NODE), "depth": ("horizon", depth)},
    )


def bands(data) -> xr.Dataset:
    """Return the quantiles of modelled carbon before and after, with what was measured.

    Parameters
    ----------
    data : InferenceData
        As from `soilnb.proda.assimilate` for one profile.

    Returns
    -------
    Dataset
        As `soilnb.figures.assimilation.fit` takes it.
    """
    flat = [
        group["soc"].values.reshape(-1, group.sizes["layer"])
        for group in (data.prior_predictive, data.posterior_predictive)
    ]
    observed = data.observed_data["carbon_density"]
    return _bands(*flat, observed["depth"].values, observed.values)


def shrinkage(data) -> pd.Series:
    """Return 1 - posterior sd / prior sd of each parameter of one assimilated profile."""
    own = data["profile"]
    narrower = 1 - own["sd"] / own["prior_sd"]
    return pd.Series(narrower.values, own["parameter"].values, name="shrinkage")


def _plain_symbol(name: str) -> str:
    """Return the symbol of a parameter in plain letters, as in τ ENZ,decay."""
    symbol = layers.symbol(name).strip("$").replace(r"\tau", "τ").replace(r"\eta", "η")
    return re.sub(r"_\{?(\d*)([^}]*)\}?", lambda m: m[1] or f" {m[2]}", symbol)


def _say(found: tuple[str, xr.Dataset, pd.Series]) -> str:
    model, one, series = found
    known = series[series > 0.3].sort_values(ascending=False)
    names = ", ".join(map(_plain_symbol, known.index)) or translated("none")
    rest = "" if one.attrs["mixing"] < 1.1 else translated(" (short chains: not yet converged)")
    return translated(
        "{model}: Nash–Sutcliffe efficiency {nse:.2f} on {horizon} layers{rest}. At least"
        " 30 % narrower than before: {names}.",
        model=model,
        nse=one.attrs["nse"],
        horizon=one.sizes["horizon"],
        rest=rest,
        names=names,
    )


# --- radiocarbon of one pool -------------------------------------------------------------------


def pool() -> Explorer:
    """Let the reader choose how fast a pool turns over, and when it is sampled."""
    controls = {
        "turnover": Control(
            "Turnover time (years)", "50", choices=("5", "10", "50", "200", "2000")
        ),
        "year": Control("Year of the sample", 1990.0, 1950.0, 2015.0, 5.0),
    }
    return Explorer(controls, in_the_air, assimilation.pool_and_air, _say_pool, asks="pool_and_air")


def in_the_air(turnover: str | float = 50.0, year: float = 1990.0) -> dict[str, xr.DataArray]:
    """Return the radiocarbon of the northern air and of one pool, and of pools of all turnovers.

    Parameters
    ----------
    turnover : float
        Turnover time of the pool, yr; a text will do.
    year : float
        Of the sample.

    Returns
    -------
    dict of str to DataArray
        As `soilnb.figures.second_witness.pool_and_air` takes it, permil.

    Examples
    --------
    >>> in_the_air(50.0, 1990)["pools"].attrs["sampled"]
    1990
    """
    record, time, sampled = open_dataset("atmosphere14c"), float(turnover), round(year)
    histories = {int(y): air.history(y, "northern", record) for y in (*_SAMPLED, sampled)}
    one = [_delta(histories[int(y)], np.array([time]))[0] for y in _SAMPLED]
    above = [1000 * (histories[int(y)].value[0] - 1) for y in _SAMPLED]
    every = _delta(histories[sampled], _TURNOVER)
    return {
        "air": xr.DataArray(above, {"year": _SAMPLED}, ("year",)),
        "pool": xr.DataArray(one, {"year": _SAMPLED}, ("year",)),
        "pools": xr.DataArray(
            every, {"turnover": _TURNOVER}, ("turnover",),
            attrs={"sampled": sampled, "turnover": time},
        ),
    }  # fmt: skip


def _delta(history: air.Air, times: np.ndarray) -> np.ndarray:
    """Return Delta14C of pools of these turnover times that get 1 over it a year, permil."""
    return 1000 * (history.of(-np.diag(1 / times), 1 / times) - 1)


def _say_pool(found: dict[str, xr.DataArray]) -> str:
    pools = found["pools"]
    time, year = pools.attrs["turnover"], pools.attrs["sampled"]
    delta = np.interp(np.log(time), np.log(pools["turnover"]), pools)
    return translated(
        "A pool of {time:g} years, sampled in {year}: {delta:+.0f} ‰.",
        time=time, year=year, delta=float(delta),
    )  # fmt: skip
