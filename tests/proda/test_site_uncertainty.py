"""From draws of the sites' posteriors to maps with an interval."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilnb import proda
from soilnb.parameters import InputError
from soilnb.proda import covariates, globe, network, observations
from soilnb.profile import compas

SHORT = {"warmup": 300, "steps": 600, "samples": 60, "jobs": 1, "progress": False}
PITS = observations.twin_profiles(3, seed=2)
MEMBERS = 4


@pytest.fixture(scope="module")
def plain():
    return proda.assimilate(PITS, **SHORT)


@pytest.fixture(scope="module")
def many():
    return proda.assimilate(PITS, draws=30, **SHORT)


def states(many, seed):
    return network.targets(many, select="all", statistic="draw", seed=seed)


def test_kept_draws_are_states_of_the_posterior_and_change_nothing_else(plain, many):
    assert "draws" not in plain.variables
    assert "draw" not in plain.dims
    xr.testing.assert_identical(many.drop_vars(["draws", "draw"]).drop_attrs(), plain.drop_attrs())
    values = many["draws"].transpose("profile", "draw", "parameter").values
    assert values.shape == (3, 30, 23)
    inside = (many["quantile"].sel(level=0.05) < many["draws"]) & (
        many["draws"] < many["quantile"].sel(level=0.95)
    )
    assert 0.7 < float(inside.mean()) < 1  # nine in ten, of states that are a few dozen
    single = many["draws"].sel(parameter="q10").values
    assert ((single >= 1.2) & (single <= 3)).all()


def test_files_of_runs_without_draws_stay_what_they_were(tmp_path, plain, many):
    folder = {"folder": tmp_path, **SHORT}
    proda.assimilate(PITS, **folder)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again = proda.assimilate(PITS, **folder)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    xr.testing.assert_identical(again, plain)
    xr.testing.assert_identical(proda.assimilate(PITS, draws=30, **folder), many)


def test_a_draw_is_a_state_of_each_site_picked_by_the_seed(many):
    first, same, other = (states(many, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, same)
    assert not np.allclose(first, other)
    kept = many["draws"].sel(parameter="q10", profile=first.index.to_numpy()).values
    q10 = 1.2 + 1.8 * first["q10"].to_numpy()
    assert (np.abs(kept - q10[:, None]).min(axis=1) < 1e-12).all()


def test_draws_that_were_not_kept_are_asked_for(plain):
    with pytest.raises(InputError, match=r"no .draws.: allowed what .* with draws= above 0"):
        states(plain, 0)
    with pytest.raises(InputError, match="draws = 181: allowed 0 to 180"):
        proda.assimilate(PITS, draws=181, **SHORT)


# --- ensembles that learn from draws ----------------------------------------------------------

RNG = np.random.default_rng(3)
CELLS = globe.planet("teaching", resolution=10)
X = covariates.frame(CELLS, quiet=True).iloc[:40]
NAMES = list(compas.NAMES)
TABLES = [
    pd.DataFrame(RNG.uniform(0.4, 0.6, (40, len(NAMES))), X.index, NAMES) for _ in range(MEMBERS)
]


def test_each_member_learns_from_the_next_table_and_all_its_sites():
    found = network.bootstrap(X, TABLES[:3], size=4, method="mean", draw="all", progress=False)
    for k in range(4):
        member = found.members[k].predict(X.head(1)).iloc[0]
        np.testing.assert_allclose(member, TABLES[k % 3].mean(), rtol=1e-12)
    assert found.used.to_numpy().all()
    learnt, held = network.draw_sites(100, member=5, draw="all")
    assert sorted([*learnt, *held]) == list(range(100))


def test_an_ensemble_of_draws_is_resumed_to_the_same(tmp_path):
    how = {"method": "ridge", "draw": "all", "progress": False}
    whole = network.bootstrap(X, TABLES, size=4, **how).predict(X)
    network.bootstrap(X, TABLES, size=2, folder=tmp_path, **how)
    resumed = network.bootstrap(X, TABLES, size=4, folder=tmp_path, **how)
    xr.testing.assert_identical(resumed.predict(X), whole)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("tables", [[], [TABLES[0], TABLES[1].iloc[:35]]])
def test_tables_of_other_sites_or_none_are_refused_in_one_line(tables):
    with pytest.raises(InputError, match=r"y: .* tables of parameters|different sites") as error:
        network.bootstrap(X, tables, progress=False)
    assert "\n" not in str(error.value)


def test_the_books_of_every_member_close_and_the_interval_is_that_of_their_sums():
    ensemble = network.bootstrap(X, TABLES, size=MEMBERS, method="ridge", draw="all",
                                 progress=False)  # fmt: skip
    places = ensemble.predict(covariates.frame(CELLS, quiet=True), quiet=True)
    parameters = network.to_parameters(places)
    land = CELLS.sel(site=parameters["site"].values)
    world = globe.maps(parameters, land, "compas", components=False, progress=False)
    total = globe.total(world)
    sums = []
    for k in range(MEMBERS):
        one = parameters.isel(member=k, drop=True)
        state = compas.steady_state(one, land)
        good = state["feasible"].values
        came, went = (state[name].values[good] for name in ("input", "respiration"))
        np.testing.assert_allclose(went, came, rtol=1e-10)
        alone = globe.maps(one, land, "compas", components=False, progress=False)
        sums.append(globe.total(alone)["stock"].values)
    np.testing.assert_allclose(world["member_total"], sums, rtol=1e-12)
    low, high = np.quantile(sums, (0.025, 0.975), axis=0)
    np.testing.assert_allclose(total["stock_low"], low, rtol=1e-12)
    np.testing.assert_allclose(total["stock_high"], high, rtol=1e-12)
    assert (world["stock_sd"].values[world["members"].values > 1] > 0).all()
    again = globe.maps(parameters, land, "compas", components=False, progress=False)
    xr.testing.assert_identical(again, world)
