"""Speed of the networks at 500 profiles, and of their prediction for a planet.

Asked for: the papers' network within 60 s, the small one within 10 s, both from scratch and with
their compilation.
"""

import time
import warnings

import numpy as np
import pandas as pd
import pytest

from soilnb.proda import network

PROFILES, PARAMETERS, COLUMNS, CELLS = 500, 23, 25, 45_228


def like_profiles(rows, seed=0):
    """Covariates, and places of which a third follows the covariates and the rest is noise."""
    rng = np.random.default_rng(seed)
    x = rng.random((rows, COLUMNS))
    signal = 1 / (1 + np.exp(-x @ rng.normal(size=(COLUMNS, PARAMETERS))))
    y = np.clip(0.33 * signal + 0.67 * rng.uniform(0.1, 0.9, signal.shape), 0, 1)
    return (
        pd.DataFrame(x, columns=[f"x{i}" for i in range(COLUMNS)]),
        pd.DataFrame(y, columns=[f"y{i}" for i in range(PARAMETERS)]),
    )


@pytest.mark.parametrize("architecture", ["small", "paper"])
@pytest.mark.benchmark(group="training at 500 profiles, with compilation")
def test_training(benchmark, architecture):
    x, y = like_profiles(PROFILES)
    busy = time.process_time()
    fitted = benchmark.pedantic(
        network.fit, (x, y), {"architecture": architecture, "progress": False}, rounds=1
    )
    benchmark.extra_info["seconds of processor time"] = time.process_time() - busy
    again = time.perf_counter()
    network.fit(x, y, architecture=architecture, seed=1, progress=False)
    again = time.perf_counter() - again
    benchmark.extra_info["epochs"] = len(fitted.history)
    benchmark.extra_info["best epoch"] = fitted.best_epoch
    benchmark.extra_info["seconds once compiled"] = again
    assert fitted.history["validation"].min() < fitted.history["validation"].iloc[0]


@pytest.mark.parametrize("architecture", ["small", "paper"])
@pytest.mark.benchmark(group="100 epochs at 500 profiles")
def test_epochs(benchmark, architecture):
    """Beside scikit-learn's perceptron, which has no dropout, with Adam."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    x, y = like_profiles(PROFILES)
    how = {"architecture": architecture, "epochs": 100, "patience": 100, "progress": False}
    network.fit(x, y, **how)
    benchmark.pedantic(network.fit, (x, y), how, rounds=3)
    benchmark.extra_info["milliseconds an epoch"] = benchmark.stats["min"] * 10
    peer = MLPRegressor(
        hidden_layer_sizes=network.ARCHITECTURES[architecture], batch_size=32, max_iter=20,
        n_iter_no_change=20,
    )  # fmt: skip
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.fit(x[:450].to_numpy(np.float32), y[:450].to_numpy(np.float32))
    ratio = 5 * (time.perf_counter() - start) / benchmark.stats["min"]
    benchmark.extra_info["scikit-learn, times this"] = ratio


@pytest.mark.parametrize("architecture", ["small", "paper"])
@pytest.mark.benchmark(group="prediction of 45,228 cells")
def test_prediction_of_a_planet(benchmark, architecture):
    x, y = like_profiles(PROFILES)
    fitted = network.fit(x, y, architecture=architecture, epochs=3, patience=3, progress=False)
    cells, _ = like_profiles(CELLS, seed=1)
    assert len(benchmark.pedantic(fitted.predict, (cells,), rounds=3)) == CELLS


@pytest.mark.benchmark(group="20 members of the small network")
def test_bootstrap(benchmark):
    x, y = like_profiles(PROFILES)
    ensemble = benchmark.pedantic(
        network.bootstrap, (x, y), {"size": 20, "progress": False}, rounds=1
    )
    benchmark.extra_info["seconds for the papers' 200"] = 10 * benchmark.stats["min"]
    assert len(ensemble) == 20
