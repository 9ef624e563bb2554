"""R-hat and effective sample sizes of all parameters at once against ArviZ, one by one."""

import warnings

import numpy as np
import pytest

from soilnb.proda.convergence import diagnose


def walks(chains, draws, memory, seed=0):
    """Autoregressive states [chain, draw, 6]; those of the fourth parameter have ties."""
    noise = np.random.default_rng(seed).normal(size=(chains, draws, 6))
    states = noise.copy()
    for k in range(1, draws):
        states[:, k] = memory * states[:, k - 1] + noise[:, k]
    states[..., 3] = np.round(states[..., 3])
    return states


def by_arviz(states):
    import arviz

    data = arviz.convert_to_dataset({"x": states})
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {
            "r_hat": arviz.rhat(data)["x"].values,
            "ess_bulk": arviz.ess(data, method="bulk")["x"].values,
            "ess_tail": arviz.ess(data, method="tail")["x"].values,
        }


@pytest.mark.parametrize("memory", [-0.95, 0.0, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("draws", [6, 7, 10, 21, 401, 2000])
@pytest.mark.parametrize("chains", [2, 3])
def test_all_parameters_at_once_as_arviz_one_by_one(chains, draws, memory):
    states = walks(chains, draws, memory)
    found = diagnose(states)
    for name, expected in by_arviz(states).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, err_msg=name)


def test_chains_that_stay_apart_or_stand_still():
    states = walks(3, 100, 0.0)
    states[0] += 5.0
    assert (diagnose(states)["r_hat"] > 1.5).all()
    states[..., 0] = 1.0
    found = diagnose(states)
    expected = by_arviz(states)
    assert np.isnan([found["r_hat"][0], expected["r_hat"][0]]).all()
    assert found["ess_bulk"][0] == expected["ess_bulk"][0] == 300
