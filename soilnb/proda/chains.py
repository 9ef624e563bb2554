r"""Markov chains over the parameters of a layered model, given one soil profile.

A parameter set is judged by the distance of its steady state from the observed carbon densities
:math:`y_k` at the depths of the layers' middles,

.. math:: J = \sum_k w_k\,(\hat y_k - y_k)^2 .

=============  ============================================  ==================================
``cost``       weight w                                      where
=============  ============================================  ==================================
``sse``        5 / sum of (y - mean y)^2                     Tao et al. 2023, COMPAS
``weighted``   rank weight / (2 (0.6 y)^2)                   phxtao/PRODA_PUBLIC@3b782654, CLM5
``gaussian``   1 / (2 s^2), s given for each layer           a measurement with known error
``estimated``  the same, with a factor of all s unknown      `soilnb.kernels.metropolis.doubted`
=============  ============================================  ==================================

The sampler ``adaptive-metropolis`` takes -J as the logarithm of the likelihood; priors are uniform
within the bounds of the papers' tables. So ``sse`` means independent Gaussian errors with a
variance of a tenth of the profile's sum of squares: a Nash-Sutcliffe efficiency of 0.9 is one half
of a log-likelihood away from a perfect fit, however many layers there are. ``gaussian`` is a
likelihood in the full sense: intervals are calibrated where the errors are right. ``estimated``
lets the profile say how large they are: s, where it is not given a fifth of the profile's mean
density (an assumption), is a first guess that counts as much as two layers, and the factor is
integrated out.
``inverse_temperature`` multiplies J. The sampler ``published`` lets that factor grow with the step
i as ln(i + 2), up to 10.8: it searches, and what it leaves behind is narrower than this posterior.

With the constraint ``radiocarbon`` there is a second sum of the same form, over the layers in which
:math:`\Delta^{14}C` was measured, of the radiocarbon that the same steady state has in the year of
sampling (`soilnb.kernels.tracer`). Its error is that of a pit and not of the laboratory: pits of
ISRaD at one place, of one year and of the same layer differ by a standard deviation of 69 permil
(528 pairs or more, pooled; 42 in the topsoil, 138 below 1 m). Under ``estimated`` it has a factor
of its own.

Parameter sets without a steady state, and those of COMPAS with more than 10 % of the column's soil
carbon in microbes (Tao et al. 2023, Methods), have no probability.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from soilnb.kernels import layers
from soilnb.kernels import metropolis as kernel
from soilnb.parameters import InputError, Parameter, check_known, check_range
from soilnb.proda.convergence import gelman_rubin
from soilnb.proda.models import MODELS
from soilnb.profile import forcing, grid, layered
from soilnb.profile.forcing import kernel_forcing, transport

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLERS = ("adaptive-metropolis", "published")
COSTS = ("sse", "weighted", "gaussian", "estimated")
CONSTRAINTS = ("carbon", "radiocarbon")
NSE = ("observed", "published")
R_HAT = ("rank", "published")

#: First guess of the error of a carbon density as a share of the profile's mean, and the number of
#: layers that the guess is worth, where errors are estimated.
GUESS, FREEDOM = 0.2, 2.0

#: Standard deviation of radiocarbon between pits at one place, permil; see the module.
PIT_TO_PIT = 69.0

#: How many draws from the prior are tried at most to find feasible ones.
PRIOR_TRIES = 400_000


class SamplingError(RuntimeError):
    """A chain that cannot be started or does not come to an acceptable rate: one line."""


@dataclass(frozen=True)
class ChainSettings:
    """What decides the chains of a profile besides its data; see `soilnb.proda.assimilate`."""

    model: str = "compas"
    sampler: str = "adaptive-metropolis"
    enzyme_turnover: str = "own"
    prior: str = "linear"
    cost: str = "sse"
    nse: str = "observed"
    r_hat: str = "rank"
    transport: str = "conservative"
    chains: int = 3
    warmup: int = 20_000
    steps: int = 50_000
    samples: int = 2_000
    prior_draws: int = 2_000
    inverse_temperature: float = 1.0
    biomass: float = 0.1
    stock: float = math.inf
    seed: int = 0
    draws: int = 0
    constraints: tuple[str, ...] = ("carbon",)
    radiocarbon_error: float = PIT_TO_PIT

    def __post_init__(self) -> None:
        if self.constraints not in (CONSTRAINTS[:1], CONSTRAINTS):
            raise InputError(
                f"constraints = {self.constraints}: allowed {CONSTRAINTS[:1]} or {CONSTRAINTS}"
            )
        if self.traced and self.sampler == "published":
            raise InputError("constraints: the published sampler knows carbon alone")
        check_range("radiocarbon_error", self.radiocarbon_error, 1.0, 1000.0, "permil")
        for name, allowed in (
            ("model", MODELS), ("sampler", SAMPLERS), ("cost", COSTS), ("nse", NSE),
            ("r_hat", R_HAT), ("transport", transport.MODES),
        ):  # fmt: skip
            value = getattr(self, name)
            check_known(name, value, allowed)
        self.enzymes  # noqa: B018 - refuses unknown switches
        for name, low in (
            ("chains", 2), ("warmup", 100), ("steps", 100), ("samples", 10), ("prior_draws", 100),
        ):  # fmt: skip
            _whole(name, getattr(self, name), low, 10**9)
        _whole("seed", self.seed, 0, 2**63)
        _whole("draws", self.draws, 0, self.chains * self.samples)
        check_range("samples", self.samples, 10, self.steps, hint="at most one sample a step")
        check_range("inverse_temperature", self.inverse_temperature, 1e-6, 1e6)
        check_range("biomass", self.biomass, 0.0, 1.0)
        if not self.stock > 0.0:
            raise InputError(f"stock = {self.stock}: allowed above 0 g C m-2")

    @property
    def traced(self) -> bool:
        """Whether radiocarbon counts."""
        return "radiocarbon" in self.constraints

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Records of the parameters that are estimated, in their order."""
        return MODELS[self.model].records

    @property
    def enzymes(self) -> int:
        """The kernel's switch of the turnover time of enzymes."""
        model = MODELS[self.model].layered
        return layered.enzyme_switch(model, self.enzyme_turnover, self.prior)


def _whole(name: str, value: object, low: int, high: int) -> None:
    if check_range(name, value, low, high) != int(value):
        raise InputError(f"{name} = {value}: allowed a whole number")


# ------------------------------------------------------------------------------- one profile


class Radiocarbon(NamedTuple):
    """Radiocarbon of a profile, and the history of the air in exponentials.

    `delta` [horizon] is Delta14C, permil, NaN where it was not measured; `rates` and `shares` [n]
    are as `soilnb.profile.model.air.Air.exponentials` gives them.
    """

    delta: np.ndarray
    rates: np.ndarray
    shares: np.ndarray


@dataclass(frozen=True)
class ObservedProfile:
    """One observed profile with its forcing.

    Attributes
    ----------
    label : str
        Name of the profile; with the seed it decides the random numbers.
    depth, carbon, error : array [horizon]
        Middle of each sampled layer, m; its carbon density and (or None) standard error, g C m-3.
    column : layers.Column
        Forcing, prepared for the kernels.
    radiocarbon : Radiocarbon, optional
        Where it counts.
    """

    label: str
    depth: np.ndarray
    carbon: np.ndarray
    error: np.ndarray | None
    column: layers.Column
    radiocarbon: Radiocarbon | None = field(default=None, kw_only=True)


def read_profile(
    observations: xr.Dataset,
    label: str,
    column: layers.Column,
    cost: str,
    history: tuple[np.ndarray, np.ndarray] | None = None,
) -> ObservedProfile:
    """Return one profile from a Dataset over the layers of one profile.

    Parameters
    ----------
    observations : Dataset
        As `soilnb.proda.assimilate` takes them.
    label, column
        As in `ObservedProfile`.
    cost : str
        One of `COSTS`.
    history : tuple of two arrays, optional
        Rates and weights of the history of the air, where radiocarbon counts.

    Raises
    ------
    InputError
        One line with the layer, the value and what is allowed.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> from soilnb.profile.forcing import kernel_forcing
    >>> seen = xr.Dataset({"depth": ("layer", [0.1, 0.5]), "carbon_density": ("layer", [2e4, 8e3])})
    >>> place = kernel_forcing.column(forcing.example("temperate"))
    >>> read_profile(seen, "mine", place, "sse").depth
    array([0.1, 0.5])
    """
    names = ["depth", "carbon_density"]
    if cost == "gaussian" or (cost == "estimated" and "carbon_density_sd" in observations):
        names.append("carbon_density_sd")
    for name in names:
        if name not in observations.variables:
            raise InputError(
                f"observations have no {name!r}: needed {', '.join(names)} over the layers"
            )
    arrays = {}
    for name in names:
        array = observations[name]
        if array.ndim != 1:
            raise InputError(f"{name} has {array.ndim} dimensions: allowed one, the layers")
        arrays[name] = array.values.astype(float)
    lengths = {name: array.size for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"observations must have one length; given {lengths}")
    table = np.stack(list(arrays.values()))
    given = np.flatnonzero(~np.isnan(table).all(0))  # padding at the end is no layer
    table = table[:, : given[-1] + 1] if given.size else table[:, :0]
    depth, carbon, error = (*table, None)[:3]
    _check_profile(depth, carbon, error)
    traced = history and Radiocarbon(_read_radiocarbon(observations, depth.size), *history)
    return ObservedProfile(label, depth, carbon, error, column, radiocarbon=traced)


def _read_radiocarbon(observations: xr.Dataset, size: int) -> np.ndarray:
    """Return Delta14C of the first layers, permil; NaN where it was not measured."""
    if "radiocarbon" not in observations:
        raise InputError("observations have no 'radiocarbon': needed for that constraint")
    delta = observations["radiocarbon"].values[:size].astype(float)
    if not np.isfinite(delta).any():
        raise InputError("no layer has radiocarbon: needed one for that constraint")
    for k, value in enumerate(delta):
        if not (np.isnan(value) or -1000.0 <= value <= 2000.0):
            raise InputError(
                f"radiocarbon of layer {k + 1} = {value:g}: allowed -1000 to 2000 permil"
            )
    return delta


def _check_profile(depth: np.ndarray, carbon: np.ndarray, error: np.ndarray | None) -> None:
    if depth.size < 2:
        raise InputError(f"{depth.size} observed layers: allowed 2 or more")
    deepest = float(grid.BOTTOM[-1])
    for k, value in enumerate(depth):
        if not 0.0 < value <= deepest:
            hint = "; did you give cm?" if deepest < value <= 100 * deepest else ""
            raise InputError(
                f"depth of layer {k + 1} = {value:g}: allowed above 0 to {deepest:g} m{hint}"
            )
    later = np.diff(depth) > 0
    if not later.all():
        k = int(np.argmin(later))
        raise InputError(
            f"depth must increase; layer {k + 2} at {depth[k + 1]:g} m follows {depth[k]:g} m"
        )
    for name, values in (("carbon_density", carbon), ("carbon_density_sd", error)):
        if values is None:
            continue
        bad = ~((values > 0.0) & np.isfinite(values))
        if bad.any():
            k = int(np.argmax(bad))
            raise InputError(f"{name} of layer {k + 1} = {values[k]:g}: allowed above 0 g C m-3")
    if np.ptp(carbon) == 0.0:
        raise InputError(
            f"carbon_density = {carbon[0]:g} in all layers: allowed values that differ"
        )


def weights(profile: ObservedProfile, cost: str) -> np.ndarray:
    """Return the weight of each squared difference [horizon], (g C m-3)^-2; see the module."""
    observed = profile.carbon
    if cost == "sse":
        return np.full(observed.size, 5.0 / ((observed - observed.mean()) ** 2).sum())
    if cost == "gaussian" or (cost == "estimated" and profile.error is not None):
        return 0.5 / profile.error**2
    if cost == "estimated":
        return np.full(observed.size, 0.5 / (GUESS * observed.mean()) ** 2)
    from scipy.stats import rankdata

    ranks = [rankdata(-abs(x - x.mean())) for x in (observed, profile.depth)]
    rank_weight = np.maximum(10.0 * np.exp(1.0 - np.mean(ranks, axis=0)), 1.0)
    return rank_weight / (2.0 * (0.6 * observed) ** 2)


def problem(profile: ObservedProfile, settings: ChainSettings) -> kernel.Problem:
    """Return a profile and its model as the kernel reads them."""
    model = MODELS[settings.model]
    low, high = layered.bounds(model.layered)
    interval = np.searchsorted(grid.NODE, profile.depth, side="right") - 1
    seen = profile.radiocarbon if settings.traced else None
    nothing = np.empty(0)
    known = np.zeros(profile.depth.size) if seen is None else np.isfinite(seen.delta)
    return kernel.Problem(
        model.code,
        settings.enzymes,
        transport.switch(settings.transport),
        settings.biomass if model.microbes else math.inf,
        settings.stock,
        low,
        high,
        np.array([model.stretch.get(name, 0.0) for name in model.names]),
        profile.column,
        np.clip(interval, 0, grid.LAYERS - 2),
        profile.depth,
        profile.carbon,
        weights(profile, settings.cost),
        FREEDOM if settings.cost == "estimated" else 0.0,
        nothing if seen is None else seen.rates,
        nothing if seen is None else seen.shares,
        known * 0.0 if seen is None else np.where(known, seen.delta, 0.0),
        known * 0.5 / settings.radiocarbon_error**2,
    )


# ------------------------------------------------------------------------------------ chains


@dataclass(frozen=True)
class Evaluations:
    """The model at n points in the cube.

    Attributes
    ----------
    points, parameters : array [n, d]
        Points, and parameters in their units.
    cost, status : array [n]
        J, infinite where not feasible; ``FEASIBLE``, ``NOT_POSITIVE``, ``TOO_MUCH_BIOMASS`` or
        ``TOO_MUCH_CARBON`` of the kernel.
    carbon, modelled : array [n, 20], [n, horizon]
        Soil carbon of the model layers and at the observed depths, g C m-3.
    radiocarbon : array [n, horizon] or [n, 0]
        Delta14C at the observed depths, permil, where it counts.
    """

    points: np.ndarray
    parameters: np.ndarray
    cost: np.ndarray
    status: np.ndarray
    carbon: np.ndarray
    modelled: np.ndarray
    radiocarbon: np.ndarray

    def __getitem__(self, which: np.ndarray | slice) -> Evaluations:
        return Evaluations(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def evaluate(target: kernel.Problem, points: np.ndarray) -> Evaluations:
    """Run the model at points [n, d]."""
    points = np.ascontiguousarray(points)
    n = len(points)
    found = Evaluations(
        points, np.empty_like(points), np.empty(n), np.empty(n, np.int64),
        np.empty((n, grid.LAYERS)), np.empty((n, target.depth.size)),
        np.empty((n, target.depth.size if target.rates.size else 0)),
    )  # fmt: skip
    kernel.evaluate(
        target, points, found.parameters, found.cost, found.status, found.carbon, found.modelled,
        found.radiocarbon,
    )  # fmt: skip
    return found


@dataclass(frozen=True)
class Chains:
    """What the chains of one profile left behind.

    Attributes
    ----------
    profile, settings, problem
        What was sampled.
    runs, draws : Evaluations, int
        The kept states, chain after chain, and how many of each chain.
    prior, feasible_share : Evaluations, float
        Feasible draws from the prior, and the share of the prior that is feasible.
    means, estimate : Evaluations
        The mean of each chain, and the point estimate (n = 1): mean of all kept states, or as
        published the mean of the chain whose mean fits best.
    gelman_rubin : array [d]
        The papers' statistic of each parameter.
    acceptance, restarts, redos : array [chain]
        Acceptance rate; restarted test runs and repeated formal runs of the published sampler.
    """

    profile: ObservedProfile
    settings: ChainSettings
    problem: kernel.Problem
    runs: Evaluations
    draws: int
    prior: Evaluations
    feasible_share: float
    means: Evaluations
    estimate: Evaluations
    gelman_rubin: np.ndarray
    acceptance: np.ndarray
    restarts: np.ndarray
    redos: np.ndarray

    def by_chain(self, values: np.ndarray) -> np.ndarray:
        """Reshape something of all kept states [n, ...] to [chain, draw, ...]."""
        return values.reshape(self.settings.chains, self.draws, *values.shape[1:])


def sample(profile: ObservedProfile, settings: ChainSettings) -> Chains:
    """Sample the parameters of one profile.

    The result depends on the profile, the settings, the seed and the profile's label, and on
    nothing else: a profile in a batch gets the chains that it gets alone.

    Raises
    ------
    SamplingError
        When no feasible start is found, or no acceptable acceptance rate.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> from soilnb.profile.forcing import kernel_forcing
    >>> seen = xr.Dataset({"depth": ("layer", [0.1, 0.5]), "carbon_density": ("layer", [2e4, 8e3])})
    >>> place = kernel_forcing.column(forcing.example("temperate"))
    >>> profile = read_profile(seen, "mine", place, "sse")
    >>> found = sample(profile, ChainSettings(warmup=500, steps=1000, samples=100))
    >>> found.runs.parameters.shape
    (300, 23)
    """
    digest = hashlib.sha256(profile.label.encode()).digest()
    name = [int.from_bytes(digest[k : k + 4], "little") for k in (0, 4)]
    seeds = np.random.SeedSequence([settings.seed, *name]).spawn(settings.chains + 1)
    generators = [np.random.default_rng(seed) for seed in seeds]
    target = problem(profile, settings)
    prior, share = draw_prior(target, generators[-1], settings.prior_draws)
    if len(prior.cost) < max(settings.chains, 2 * target.low.size):
        raise SamplingError(
            f"only {len(prior.cost)} of {PRIOR_TRIES:,} draws from the prior are feasible; "
            "no chain can start"
        )
    run = _published if settings.sampler == "published" else _adaptive
    return run(profile, settings, target, prior, share, generators[:-1])


def warm_up() -> None:
    """Compile the kernels by short chains, so that several processes need not each do it."""
    place = kernel_forcing.column(forcing.example("temperate"))
    pit = ObservedProfile("example", np.array([0.1, 0.5]), np.array([2e4, 8e3]), None, place)
    for model in MODELS:
        for sampler in SAMPLERS:
            how = ChainSettings(model, sampler, chains=2, warmup=100, steps=100, samples=10)
            with contextlib.suppress(SamplingError):  # so few steps may not come to a good rate
                sample(pit, how)


def draw_prior(
    target: kernel.Problem, rng: np.random.Generator, count: int
) -> tuple[Evaluations, float]:
    """Return feasible draws from the prior, and the share of the prior that is feasible."""
    found: list[Evaluations] = []
    feasible = tried = 0
    while feasible < count and tried < PRIOR_TRIES:
        block = evaluate(target, rng.random((2 * count, target.low.size)))
        found.append(block[block.status == kernel.FEASIBLE])
        feasible += len(found[-1].cost)
        tried += len(block.cost)
    joined = Evaluations(
        *(
            np.concatenate([getattr(b, name) for b in found])
            for name in Evaluations.__dataclass_fields__
        )
    )
    return joined[:count], feasible / tried


def _adaptive(profile, settings, target, prior, share, generators) -> Chains:
    """Run wrapped adaptive Metropolis, from draws of the prior."""
    d = target.low.size
    walkers = _stretched(prior.points, target.stretch)
    first = np.linalg.cholesky(np.cov(walkers.T) + 1e-6 * np.eye(d))
    # resampled by their likelihood without replacement: largest -cost + Gumbel noise first
    noise = generators[0].gumbel(size=prior.cost.size)
    starts = walkers[np.argsort(prior.cost * settings.inverse_temperature - noise)]
    points = np.empty((settings.chains, settings.samples, d))
    thin = settings.steps // settings.samples
    rates = np.array(
        [
            kernel.wrapped(
                target, rng, starts[k], first.copy(), settings.warmup, thin,
                settings.inverse_temperature, points[k],
            )[0]
            for k, rng in enumerate(generators)
        ]
    )  # fmt: skip
    runs = evaluate(target, points.reshape(-1, d))
    means = evaluate(target, points.mean(1))
    estimate = evaluate(target, points.mean((0, 1))[np.newaxis])
    none = np.zeros(settings.chains, int)
    return Chains(
        profile, settings, target, runs, settings.samples, prior, share, means, estimate,
        gelman_rubin(list(points)), rates, none, none,
    )  # fmt: skip


def _stretched(points: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    """Return points on the scale of the walkers: y = ln(1 + u (e^k - 1)) / k."""
    k = np.where(stretch > 0, stretch, 1.0)
    return np.where(stretch > 0, np.log1p(points * np.expm1(k)) / k, points)


def _published(profile, settings, target, prior, share, generators) -> Chains:
    """Run the sampler of Tao et al.; the second half of the accepted states of a chain counts."""
    d = target.low.size
    halves, rates, restarts, redos = [], [], [], []
    for rng in generators:
        points = np.empty((settings.steps, d))
        accepted, restarted, redone = kernel.published(target, rng, settings.warmup, points)
        if redone > kernel.REDOS:
            raise SamplingError(
                f"acceptance rate {accepted / settings.steps:.3g} after {kernel.REDOS} repeated "
                f"formal runs: allowed {kernel.LOWEST_RATE} to {kernel.HIGHEST_RATE}"
            )
        halves.append(points[accepted // 2 : accepted].copy())
        rates.append(accepted / settings.steps)
        restarts.append(restarted)
        redos.append(redone)
    means = evaluate(target, np.array([half.mean(0) for half in halves]))
    best = int(np.argmin(((means.modelled - profile.carbon) ** 2).mean(1)))
    draws = min(settings.samples, *(len(half) for half in halves))
    kept = [half[np.linspace(0, len(half) - 1, draws).astype(int)] for half in halves]
    return Chains(
        profile, settings, target, evaluate(target, np.concatenate(kept)), draws, prior, share,
        means, means[best : best + 1], gelman_rubin(halves), np.array(rates), np.array(restarts),
        np.array(redos),
    )  # fmt: skip
