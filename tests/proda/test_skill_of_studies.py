"""Parameters of real profiles: prediction at studies that were left out beats the mean."""

import numpy as np

from soilnb import proda
from soilnb.data import open_dataset
from soilnb.proda import covariates, network, observations
from soilnb.proda.network import fitting


def test_learnt_parameters_beat_the_mean_at_studies_that_were_left_out(data_root, monkeypatch):
    """Short chains of a third of the profiles, small forests; the order holds for any seed tried.

    Chains so short need no thousands of draws from the prior, which would take longer than they do.
    """
    monkeypatch.setattr(fitting, "TREES", 60)
    for name in ("israd", "testbed"):
        data_root(name)
    profiles = observations.israd(twin=False)
    some = np.linspace(0, profiles.sizes["profile"] - 1, 170).astype(int)
    chains = {"warmup": 300, "steps": 600, "samples": 100, "prior_draws": 200}
    assimilated = proda.assimilate(profiles.isel(profile=some), jobs=1, progress=False, **chains)
    x = covariates.frame(profiles, grid=open_dataset("testbed"), quiet=True)
    x, y = network.match(x, network.targets(assimilated, select="fitted"), quiet=True)
    study = profiles["study"].to_series()
    forcing = observations.forcing_at(profiles)
    nse = {}
    for method in ("mean", "ridge", "forest"):
        found = network.cross_validate(x, y, method, groups=study, progress=False)
        nse[method] = float(network.layer_nse(found.predicted, profiles, forcing)["nse"])
    assert study.loc[x.index].nunique() > 20
    assert nse["ridge"] > nse["mean"]
    assert nse["forest"] > nse["mean"]
