"""Assimilate observed soil profiles: from carbon densities to the parameters of a model.

.. code-block:: python

    from soilnb import proda
    profiles = proda.observations.israd()
    one = proda.assimilate(profiles.isel(profile=7))      # posterior of one profile, for ArviZ
    proda.summary(one)
    many = proda.assimilate(profiles, folder="my_run")    # a Dataset over all profiles

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from soilnb.data import open_dataset
from soilnb.kernels import layers
from soilnb.parameters import InputError
from soilnb.proda import posterior
from soilnb.proda.batch import run_batch
from soilnb.proda.chains import PIT_TO_PIT, ChainSettings, ObservedProfile, read_profile, sample
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.layered import two_switches
from soilnb.profile.model.air import history, zone_of

if TYPE_CHECKING:
    import arviz


@two_switches
def assimilate(
    observations: xr.Dataset,
    model: str = "compas",
    *,
    forcing: xr.Dataset | None = None,
    chains: int = 3,
    warmup: int = 20_000,
    steps: int = 50_000,
    samples: int = 2_000,
    prior_draws: int = 2_000,
    seed: int = 0,
    sampler: str = "adaptive-metropolis",
    enzyme_turnover: str = "own",
    prior: str = "linear",
    cost: str = "sse",
    inverse_temperature: float = 1.0,
    biomass: float = 0.1,
    constraints: tuple[str, ...] = ("carbon",),
    radiocarbon_error: float = PIT_TO_PIT,
    nse: str = "observed",
    r_hat: str = "rank",
    transport: str = "conservative",
    draws: int = 0,
    jobs: int | None = None,
    client: Any = None,
    folder: str | os.PathLike | None = None,
    progress: bool = True,
) -> arviz.InferenceData | xr.Dataset:
    """Estimate the parameters of a layered model from soil profiles.

    The steady state of the model is compared with observed carbon densities; costs, likelihood
    and priors are described in `soilnb.proda.chains`, the samplers in
    `soilnb.kernels.metropolis`.

    Parameters
    ----------
    observations : Dataset
        One profile: ``depth`` (m) and ``carbon_density`` (g C m-3) along one dimension, from the
        top; with ``cost="gaussian"`` also ``carbon_density_sd`` (with ``"estimated"`` where it is
        there); with the constraint ``radiocarbon`` also ``radiocarbon`` (permil), and the numbers
        ``sampling_year`` and ``latitude``. Or many, with the leading dimension ``profile``, padded
        with NaN, as from `soilnb.proda.observations`.
    model : {"compas", "clm5"}
        The model.
    forcing : Dataset, optional
        One place for all profiles, or as many along ``site``: by their labels where these are the
        profiles' names, else in their order. By default what `soilnb.proda.observations.forcing_at`
        gives.
    chains, samples : int
        Independent chains, and states of each that are kept, evenly spaced.
    warmup, steps : int
        Steps of each chain in which the sampler learns, and after that. Of the published sampler:
        of its test run and of its formal run.
    prior_draws : int
        Feasible draws from the prior, which the posterior is compared with, and from which the
        adaptive sampler starts.
    seed : int
        A profile's random numbers follow from it and from the profile's name.
    sampler : {"adaptive-metropolis", "published"}
        Wrapped adaptive Metropolis, or the annealed search of the papers.
    enzyme_turnover : {"own", "tied"}
        COMPAS: whether ``tau_enz_decay`` has a place of its own, or follows from that of
        ``km_assim`` as in the published code.
    prior : {"linear", "log"}
        COMPAS: whether it is uniform in its bounds, or in its logarithm as in the published code.
    cost : {"sse", "weighted", "gaussian", "estimated"}
        Weights of the squared differences; "estimated" is "gaussian" with errors of unknown size.
    inverse_temperature : float
        Multiplies the cost in the likelihood of the adaptive sampler; 10.8, which is ln(50,002),
        gives the target that the published sampler ends with.
    biomass : float
        COMPAS: largest share of microbes in the soil carbon of the column.
    constraints : tuple of str
        ``("carbon",)``, or ``("carbon", "radiocarbon")`` for both.
    radiocarbon_error : float
        Standard deviation of radiocarbon, permil; the default is that between pits at one place.
    nse : {"observed", "published"}
        Whose variance the Nash-Sutcliffe efficiency is relative to.
    r_hat : {"rank", "published"}
        Whether ``converged`` means that the largest rank R-hat, or that the mean of the papers'
        statistic, is below 1.05.
    transport : {"conservative", "published"}
        As in ``steady_state`` of the model.
    draws : int
        Of many profiles: how many states of each posterior are kept as ``draws``, evenly spaced, so
        that the uncertainty of a site can be carried to maps (`soilnb.proda.cube.targets`). The
        published sampler searches, and its states are narrower than the posterior.
    jobs : int, optional
        Processes for many profiles; by default the number of cores. 1 runs here.
    client : dask.distributed.Client, optional
        Runs on its workers instead.
    folder : path, optional
        Keeps each finished profile there; the same call resumes one that was interrupted.
    progress : bool
        Whether a bar appears after two seconds, and a line for each profile that is refused.

    Returns
    -------
    InferenceData or Dataset
        For one profile, what ArviZ reads: groups ``posterior`` and ``prior`` (feasible draws) with
        the parameters under the papers' names and in their units, ``sample_stats``,
        ``observed_data``, ``posterior_predictive`` and ``prior_predictive`` (carbon at the observed
        depths and in the model's layers, without observation error), and ``profile`` with the
        numbers below. For many, a Dataset over ``profile`` that can be written to netCDF: of every
        ``parameter`` the posterior mean, sd and quantiles, the point estimate, the prior's sd, the
        shrinkage, R-hat, effective sample sizes and the papers' G-R; system-level metrics; carbon
        of the layers; Nash-Sutcliffe efficiencies; ``converged``; and the ``reason`` where a
        profile was refused.

    Raises
    ------
    InputError
        One line with the name, the value and what is allowed. Of many profiles a bad one is
        refused with its reason, and the others go on.
    SamplingError
        For one profile: when no chain can start or keeps an acceptable acceptance rate.

    Notes
    -----
    Tao et al. (2023, Methods; 2024, section 4.4): 20,000 and 50,000 steps, three chains, at most
    10 % of the carbon in microbes.

    Examples
    --------
    >>> from soilnb.proda import observations
    >>> profiles = observations.twin_profiles(2)
    >>> found = assimilate(profiles, warmup=500, steps=1000, samples=100, jobs=1, progress=False)
    >>> found["estimate"].sel(parameter="q10").shape  # far too few steps: only to show the form
    (2,)
    """
    settings = ChainSettings(
        model=model, sampler=sampler, enzyme_turnover=enzyme_turnover, prior=prior, cost=cost,
        nse=nse, r_hat=r_hat, transport=transport, chains=chains, warmup=warmup, steps=steps,
        samples=samples, prior_draws=prior_draws, draws=draws,
        inverse_temperature=inverse_temperature, biomass=biomass, seed=seed,
        constraints=tuple(constraints), radiocarbon_error=radiocarbon_error,
    )  # fmt: skip
    if not isinstance(observations, xr.Dataset):
        raise InputError(
            f"observations is a {type(observations).__name__}: allowed an xarray.Dataset"
        )
    alone = "profile" not in observations.dims
    observations = observations.expand_dims("profile") if alone else observations
    labels = _labels(observations)
    tasks = _tasks(observations, labels, _columns(observations, labels, forcing), settings)
    if alone:
        if isinstance(tasks[0], str):
            raise InputError(tasks[0])
        return posterior.inference_data(sample(tasks[0], settings))
    outcomes = run_batch(
        tasks, labels, settings, jobs=jobs, client=client, folder=folder, progress=progress
    )
    rows, reasons = zip(*outcomes, strict=True)
    return posterior.dataset(list(rows), labels, list(reasons), settings)


class Histories:
    """The air before the years of sampling, each year and zone once, in exponentials."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, str], tuple[np.ndarray, np.ndarray]] = {}
        self.record: xr.Dataset | None = None

    def __call__(self, observations: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
        """Return rates and weights for one profile."""
        for name in ("sampling_year", "latitude"):
            if name not in observations.variables or not np.isfinite(observations[name]).all():
                raise InputError(f"no {name!r}: needed for the radiocarbon of the air")
        year, latitude = (float(observations[name]) for name in ("sampling_year", "latitude"))
        key = (round(year), zone_of(latitude))
        if key not in self.known:
            self.record = open_dataset("atmosphere14c") if self.record is None else self.record
            self.known[key] = history(*key, self.record).exponentials()
        return self.known[key]


def _labels(observations: xr.Dataset) -> list[str]:
    size = observations.sizes["profile"]
    if size == 0:
        raise InputError("the dimension 'profile' is empty: allowed one profile or more")
    if "profile" not in observations.coords:
        return [str(k) for k in range(size)]
    labels = [str(name) for name in observations["profile"].values]
    if len(set(labels)) < size:
        twice = next(name for name in labels if labels.count(name) > 1)
        raise InputError(f"profile {twice!r} is given more than once: allowed each name once")
    return labels


def _tasks(
    observations: xr.Dataset,
    labels: list[str],
    columns: list[layers.Column | str],
    settings: ChainSettings,
) -> list[ObservedProfile | str]:
    """Return each profile, or the reason why it is refused."""
    tasks: list[ObservedProfile | str] = []
    histories = Histories()
    for k, (label, column) in enumerate(zip(labels, columns, strict=True)):
        try:
            if isinstance(column, str):
                raise InputError(column)
            here = observations.isel(profile=k)
            history = histories(here) if settings.traced else None
            tasks.append(read_profile(here, label, column, settings.cost, history))
        except InputError as error:
            tasks.append(str(error))
    return tasks


def _columns(
    observations: xr.Dataset, labels: list[str], forcing: xr.Dataset | None
) -> list[layers.Column | str]:
    """Return the prepared forcing of each profile, or the reason why it has none."""
    if forcing is None:
        from soilnb.proda.observations import forcing_at

        forcing = forcing_at(observations)
    if not isinstance(forcing, xr.Dataset):
        raise InputError(f"forcing is a {type(forcing).__name__}: allowed an xarray.Dataset")
    if "site" not in forcing.dims:
        return [kernel_forcing.column(forcing)] * len(labels)
    if forcing.sizes["site"] != len(labels):
        raise InputError(
            f"forcing has {forcing.sizes['site']} sites for {len(labels)} profiles: allowed one "
            "place, or as many sites as profiles"
        )
    names = [str(name) for name in forcing["site"].values] if "site" in forcing.coords else []
    if len(set(names)) == len(names) and set(names) == set(labels):
        forcing = forcing.isel(site=[names.index(label) for label in labels])
    try:
        columns = kernel_forcing.prepare(forcing).columns
        return [kernel_forcing.one(columns, k) for k in range(len(labels))]
    except InputError:  # one of them is bad: find out which
        return [_column(forcing.isel(site=k)) for k in range(len(labels))]


def _column(forcing: xr.Dataset) -> layers.Column | str:
    try:
        return kernel_forcing.column(forcing.drop_vars("site", errors="ignore"))
    except InputError as error:
        return str(error)
