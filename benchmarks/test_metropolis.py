"""Speed of site assimilation, beside emcee on the same posterior: no limits on the clock here."""

import numpy as np
import pytest

from soilnb.proda import chains
from soilnb.profile import forcing
from soilnb.profile.forcing import kernel_forcing

DEPTH = np.array([0.05, 0.15, 0.3, 0.5, 0.8, 1.2, 1.6])
CARBON = np.array([30e3, 22e3, 14e3, 9e3, 6e3, 3.5e3, 2.5e3])
MODELS = ("compas", "clm5")


@pytest.fixture(scope="module")
def pit():
    column = kernel_forcing.column(forcing.example("temperate"))
    return chains.ObservedProfile("a", DEPTH, CARBON, None, column)


def effective(benchmark, draws):
    """Note effective samples, by ArviZ, and how many there are a second."""
    import arviz

    ess = arviz.ess(arviz.convert_to_dataset({"x": draws}), method="bulk")["x"].values
    seconds = benchmark.stats.stats.median
    benchmark.extra_info["median effective sample size"] = round(float(np.median(ess)))
    benchmark.extra_info["units"] = float(np.median(ess))
    benchmark.extra_info["smallest effective sample size"] = round(float(ess.min()))
    benchmark.extra_info["effective samples per second, median"] = round(np.median(ess) / seconds)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("sampler", chains.SAMPLERS)
def test_three_chains_of_70_000_steps(benchmark, pit, model, sampler):
    benchmark.group = "an effective sample of the posterior of one profile"
    settings = chains.ChainSettings(model=model, sampler=sampler)
    found = benchmark.pedantic(
        chains.sample, (pit, settings), rounds=3, warmup_rounds=1, iterations=1
    )
    effective(benchmark, found.by_chain(found.runs.points))


@pytest.mark.peer("emcee")
@pytest.mark.parametrize("model", MODELS)
def test_emcee(benchmark, pit, model):
    """Vectorised over the walkers, on the logits (in the cube it mixes several times slower).

    A fifth of its states are its warm-up; it needs more than 210,000 states before its own
    estimate of the autocorrelation time settles.
    """
    emcee = pytest.importorskip("emcee")
    from scipy.special import expit, logit

    benchmark.group = "an effective sample of the posterior of one profile"
    target = chains.problem(pit, chains.ChainSettings(model=model))
    d, walkers = target.low.size, 50
    first, _ = chains.draw_prior(target, np.random.default_rng(1))
    likely = np.argsort(first.cost - np.random.default_rng(2).gumbel(size=len(first.cost)))

    def density(x):
        u = expit(x)
        return np.log(u * (1 - u)).sum(1) - chains.evaluate(target, u).cost

    def run():
        peer = emcee.EnsembleSampler(walkers, d, density, vectorize=True)
        warm = peer.run_mcmc(logit(first.points[likely[:walkers]]), 100_000 // walkers)
        peer.reset()
        peer.run_mcmc(warm, 400_000 // walkers)
        return peer

    peer = benchmark.pedantic(run, rounds=1, warmup_rounds=0, iterations=1)
    time = emcee.autocorr.integrated_time(peer.get_chain(), quiet=True)
    ess = walkers * len(peer.get_chain()) / time
    seconds = benchmark.stats.stats.median
    benchmark.extra_info["median effective sample size"] = round(float(np.median(ess)))
    benchmark.extra_info["units"] = float(np.median(ess))
    benchmark.extra_info["smallest effective sample size"] = round(float(ess.min()))
    benchmark.extra_info["effective samples per second, median"] = round(np.median(ess) / seconds)


@pytest.mark.benchmark(group="one run of the model, observation operator and cost")
@pytest.mark.parametrize("model", MODELS)
def test_ten_thousand_runs(benchmark, pit, model):
    target = chains.problem(pit, chains.ChainSettings(model=model))
    points = np.random.default_rng(1).random((10_000, target.low.size))
    found = benchmark(chains.evaluate, target, points)
    assert np.isfinite(found.cost).any()
