"""Assimilation says what Bayes' rule says, alone or in a batch, on good data or on bad."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from soilnb import proda
from soilnb.parameters import InputError
from soilnb.proda import batch, chains, convergence, posterior
from soilnb.proda.recovery import RANKS
from soilnb.profile import clm5, compas, forcing, grid
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.layered import diagnostics

FAST = {"warmup": 1500, "steps": 2000, "samples": 200, "progress": False}
DEPTH = np.array([0.05, 0.15, 0.3, 0.5, 0.8, 1.2, 1.6])
CARBON = np.array([30e3, 22e3, 14e3, 9e3, 6e3, 3.5e3, 2.5e3])
MODELS = {"compas": compas, "clm5": clm5}


@pytest.fixture(scope="module")
def temperate():
    return forcing.example("temperate")


def profile(depth=DEPTH, carbon=CARBON, **more):
    data = {"depth": ("layer", depth), "carbon_density": ("layer", carbon)}
    return xr.Dataset(data | {name: ("layer", values) for name, values in more.items()})


def profiles(n=3):
    """Profiles that get richer, padded with NaN to nine layers."""
    padded = [np.append(values, [np.nan, np.nan]) for values in (DEPTH, CARBON)]
    factor = np.linspace(0.4, 1.5, n)[:, np.newaxis]
    return xr.Dataset(
        {
            "depth": (("profile", "layer"), np.tile(padded[0], (n, 1))),
            "carbon_density": (("profile", "layer"), factor * padded[1]),
        },
        {"profile": [f"pit {k}" for k in range(n)]},
    )


@pytest.fixture(scope="module")
def data(temperate):
    """One assimilated profile of each model."""
    return {
        model: proda.assimilate(profile(), model, forcing=temperate, **FAST) for model in MODELS
    }


# ------------------------------------------------------------------------------ one profile


@pytest.mark.parametrize("model", MODELS)
def test_arviz_gets_the_parameters_of_the_table_in_their_units_and_bounds(data, model):
    found = data[model]
    assert set(found.groups()) == {
        "posterior", "prior", "sample_stats", "observed_data", "posterior_predictive",
        "prior_predictive", "profile",
    }  # fmt: skip
    records = MODELS[model].PARAMETER_SETS["tao2024"].records
    for group in (found.posterior, found.prior):
        assert tuple(group.data_vars) == MODELS[model].NAMES
        for name, record in records.items():
            assert group[name].attrs["units"] == record.unit
            assert group[name].dims == ("chain", "draw")
            assert float(group[name].min()) >= record.bounds[0]
            assert float(group[name].max()) <= record.bounds[1]
    assert dict(found.posterior.sizes) == {"chain": 3, "draw": 200}
    np.testing.assert_array_equal(found.observed_data["carbon_density"], CARBON)
    np.testing.assert_array_equal(found.observed_data["depth"], DEPTH)


@pytest.mark.parametrize("model", MODELS)
def test_what_the_chain_predicts_is_what_the_model_gives(data, temperate, model):
    from scipy.interpolate import PchipInterpolator

    found = data[model]
    draws = found.posterior.isel(chain=1, draw=[0, 70, 199]).drop_vars(["chain", "draw"])
    state = MODELS[model].steady_state(draws.rename(draw="site"), temperate)
    assert state["feasible"].all()
    soc = found.posterior_predictive["soc"].isel(chain=1, draw=[0, 70, 199])
    np.testing.assert_allclose(state["soc"], soc, rtol=1e-10)
    modelled = PchipInterpolator(grid.NODE, soc.values, axis=1)(DEPTH)
    np.testing.assert_allclose(
        found.posterior_predictive["carbon_density"].isel(chain=1, draw=[0, 70, 199]),
        modelled,
        rtol=1e-10,
    )
    squares = ((modelled - CARBON) ** 2).sum(1)
    cost = 5 * squares / ((CARBON - CARBON.mean()) ** 2).sum()
    kept = found.sample_stats.isel(chain=1, draw=[0, 70, 199])
    np.testing.assert_allclose(kept["cost"], cost, rtol=1e-9)
    np.testing.assert_allclose(kept["lp"], -cost, rtol=1e-9)


def test_no_state_of_the_posterior_has_more_microbes_than_the_limit(data, temperate):
    def share(found):
        draws = found.posterior.stack(site=("chain", "draw"), create_index=False)
        carbon = compas.steady_state(draws, temperate)["carbon"] * xr.DataArray(
            grid.THICKNESS, dims="layer"
        )
        column = carbon.sum("layer")
        soil = column.sel(pool=["doc", "mic", "enz", "msoc"]).sum("pool")
        return (column.sel(pool="mic") / soil).values

    assert share(data["compas"]).max() <= 0.1
    free = proda.assimilate(profile(), forcing=temperate, biomass=1.0, **FAST)
    assert share(free).max() > 0.2


def test_the_summary_is_that_of_arviz_and_of_the_draws(data):
    import arviz

    found = data["clm5"]
    table = proda.summary(found)
    assert tuple(table.index) == clm5.NAMES
    r_hat, ess = arviz.rhat(found.posterior), arviz.ess(found.posterior)
    for name in clm5.NAMES:
        draws, prior = found.posterior[name].values.ravel(), found.prior[name].values.ravel()
        row = table.loc[name]
        assert row["mean"] == pytest.approx(draws.mean())
        assert row["sd"] == pytest.approx(draws.std(ddof=1))
        assert row["5 %"] == pytest.approx(np.quantile(draws, 0.05))
        assert row["shrinkage"] == pytest.approx(1 - draws.std(ddof=1) / prior.std(ddof=1))
        assert row["r_hat"] == pytest.approx(float(r_hat[name]))
        assert row["ess_bulk"] == pytest.approx(float(ess[name]))
    with pytest.raises(InputError, match="no group 'profile'"):
        proda.summary(arviz.InferenceData(posterior=found.posterior))


def test_the_efficiencies_differ_in_the_variance_below_the_fraction():
    modelled, observed = np.array([[3.0, 1.0, 1.0]]), np.array([4.0, 1.0, 1.0])
    assert proda.nash_sutcliffe(modelled, observed)[0] == pytest.approx(1 - 1 / 6)
    published = proda.nash_sutcliffe(modelled, observed, "published")[0]
    assert published == pytest.approx(1 - 1 / (8 / 3))


def test_the_fit_is_told_of_the_estimate_the_best_and_the_mean_profile(data, temperate):
    found = data["clm5"]
    own = found["profile"]
    modelled = found.posterior_predictive["carbon_density"].stack(all=("chain", "draw"))
    best = int(np.argmin(found.sample_stats["cost"].values.ravel()))
    nse = proda.nash_sutcliffe
    assert float(own["nse_best"]) == pytest.approx(nse(modelled[:, best].values, CARBON))
    assert float(own["nse_predictive"]) == pytest.approx(nse(modelled.values.mean(1), CARBON))
    estimate = {name: float(own["estimate"].sel(parameter=name)) for name in clm5.NAMES}
    target = clm5.steady_state(estimate, temperate)["soc"]
    np.testing.assert_allclose(own["carbon"], target, rtol=1e-10)


def test_the_papers_statistic_of_convergence():
    one, other = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [4.0], [3.0], [3.0]])
    within = (1.0 + 2.0 / 3.0) / 2
    between = ((2.0 - 2.5) ** 2 + (3.0 - 2.5) ** 2) / 1
    expected = math.sqrt((3 / 4 * within + between) / within)  # n is that of the last chain
    assert convergence.gelman_rubin([one, other])[0] == pytest.approx(expected)


def test_the_weights_of_the_three_costs(temperate):
    column = kernel_forcing.column(temperate)
    error = np.linspace(1, 7, 7)
    pit = chains.ObservedProfile("a", DEPTH, CARBON, error, column)
    spread = ((CARBON - CARBON.mean()) ** 2).sum()
    np.testing.assert_allclose(chains.weights(pit, "sse"), 5 / spread)
    np.testing.assert_allclose(chains.weights(pit, "gaussian"), 1 / (2 * error**2))
    # |carbon - mean| ranks 1 3 7 6 5 4 2... computed by hand from the definition
    far = [
        sorted(abs(CARBON - CARBON.mean()))[::-1].index(x) + 1 for x in abs(CARBON - CARBON.mean())
    ]
    deep = [sorted(abs(DEPTH - DEPTH.mean()))[::-1].index(x) + 1 for x in abs(DEPTH - DEPTH.mean())]
    rank = (np.array(far) + np.array(deep)) / 2
    expected = np.maximum(1, 10 * np.exp(-(rank - 1))) / (2 * (0.6 * CARBON) ** 2)
    np.testing.assert_allclose(chains.weights(pit, "weighted"), expected)


def test_an_error_of_the_observations_is_the_width_of_the_posterior(temperate):
    """The tighter the observation, the closer the modelled carbon."""
    far = {}
    for error in (5_000.0, 500.0):
        found = proda.assimilate(
            profile(carbon_density_sd=np.full(7, error)), "clm5", forcing=temperate,
            cost="gaussian", **FAST,
        )  # fmt: skip
        modelled = found.posterior_predictive["carbon_density"].values
        far[error] = np.sqrt(((modelled - CARBON) ** 2).mean())
    assert far[500.0] < 0.5 * far[5_000.0]


def test_emcee_finds_the_same_posterior(temperate):
    """The affine-invariant ensemble, on the logits, against our default sampler."""
    emcee = pytest.importorskip("emcee")
    from scipy.special import expit, logit

    pit = chains.ObservedProfile("a", DEPTH, CARBON, None, kernel_forcing.column(temperate))
    settings = chains.ChainSettings(model="clm5", warmup=5_000, steps=20_000, samples=1_000)
    ours = chains.sample(pit, settings)
    target = ours.problem

    def density(x):
        u = expit(x)
        return np.log(u * (1 - u)).sum(1) - chains.evaluate(target, u).cost

    d, walkers, steps = 21, 60, 3_000
    first = ours.prior
    likely = np.argsort(first.cost - np.random.default_rng(1).gumbel(size=len(first.cost)))
    start = logit(np.clip(first.points[likely[:walkers]], 1e-9, 1 - 1e-9))
    peer = emcee.EnsembleSampler(walkers, d, density, vectorize=True)
    peer.random_state = np.random.RandomState(2).get_state()
    warm = peer.run_mcmc(start, 1_000)
    peer.reset()
    peer.run_mcmc(warm, steps)
    theirs = expit(peer.get_chain())  # [step, walker, d]
    mine = ours.by_chain(ours.runs.points)

    def errors(blocks):
        return blocks.std(0, ddof=1) / math.sqrt(len(blocks))

    their_error = errors(theirs.reshape(10, -1, d).mean(1))
    my_error = errors(mine.reshape(30, -1, d).mean(1))
    far = np.abs(theirs.mean((0, 1)) - mine.mean((0, 1))) / np.hypot(their_error, my_error)
    assert far.max() < 5
    np.testing.assert_allclose(theirs.std((0, 1)), mine.std((0, 1)), rtol=0.12)
    informed = clm5.NAMES.index("efolding")
    assert mine[..., informed].std() < 0.25  # narrower than its prior, 0.289: there is a posterior


# ------------------------------------------------------------------------------- published


def test_the_published_sampler_with_the_published_enzymes(temperate):
    found = proda.assimilate(
        profile(), forcing=temperate, sampler="published", r_hat="published",
        enzyme_turnover="tied", prior="log", warmup=3_000, steps=8_000, samples=300, progress=False,
    )  # fmt: skip
    assert "lp" not in found.sample_stats
    for name, record in compas.PARAMETER_SETS["tao2024"].records.items():
        low, high = record.bounds
        assert float(found.posterior[name].min()) >= low
        assert float(found.posterior[name].max()) <= high
    place = (found.posterior["km_assim"] - 300) / 2700
    np.testing.assert_allclose(found.posterior["tau_enz_decay"], 10 ** (3 * place - 3), rtol=1e-10)
    own = found["profile"]
    rate = found.sample_stats["acceptance_rate"].values
    assert ((rate >= 0.1) & (rate <= 0.5)).all()
    assert bool(own["converged"]) == (float(own["gelman_rubin_mean"]) < 1.05)
    # the estimate is the mean of one chain: that whose mean fits best
    means = found.posterior["eta_doc"].mean("draw").values
    estimate = float(own["estimate"].sel(parameter="eta_doc"))
    assert np.abs(means - estimate).min() < 0.2 * float(found.posterior["eta_doc"].std())


def test_the_second_half_of_what_was_accepted_counts(temperate, monkeypatch):
    """Of three made-up searches; the estimate is the mean of the one that fits best."""
    rng = np.random.default_rng(8)
    accepted = [rng.uniform(0.2, 0.8, (n, 21)) for n in (40, 31, 50)]
    searches = iter(accepted)

    def search(target, rng, test_steps, places):
        states = next(searches)
        places[: len(states)] = states
        return len(states), 1, 2

    monkeypatch.setattr(chains.kernel, "published", search)
    settings = chains.ChainSettings(model="clm5", sampler="published", steps=100, samples=12)
    pit = chains.ObservedProfile("a", DEPTH, CARBON, None, kernel_forcing.column(temperate))
    found = chains.sample(pit, settings)
    late = [accepted[0][20:], accepted[1][15:], accepted[2][25:]]
    assert found.draws == 12  # the shortest has 16
    for chain, half in zip(found.by_chain(found.runs.points), late, strict=True):
        assert {tuple(state) for state in chain} <= {tuple(state) for state in half}
    means = chains.evaluate(found.problem, np.array([half.mean(0) for half in late]))
    error = ((means.modelled - CARBON) ** 2).mean(1)
    np.testing.assert_array_equal(found.estimate.points[0], means.points[error.argmin()])
    np.testing.assert_allclose(found.gelman_rubin, convergence.gelman_rubin(late))
    np.testing.assert_allclose(found.acceptance, [0.4, 0.31, 0.5])
    assert found.restarts.tolist() == [1, 1, 1]
    own = posterior.row(found)
    assert own["nse"] == pytest.approx(proda.nash_sutcliffe(means.modelled, CARBON).max())
    theirs = posterior.row(replace(found, settings=replace(settings, nse="published")))
    largest = proda.nash_sutcliffe(means.modelled, CARBON, "published").max()
    assert theirs["nse"] == pytest.approx(largest)
    assert largest != own["nse"]


def test_the_published_search_does_not_hang_on_the_draws_from_the_prior(temperate):
    few = {"sampler": "published", "warmup": 300, "steps": 300, "samples": 20, "prior_draws": 150}
    short = proda.assimilate(profile(), forcing=temperate, **few)
    usual = proda.assimilate(profile(), forcing=temperate, **few | {"prior_draws": 300})
    assert [short.prior.sizes["draw"], usual.prior.sizes["draw"]] == [150, 300]
    xr.testing.assert_equal(short.posterior, usual.posterior)


def test_a_search_that_never_settles_is_refused_in_one_line(temperate):
    out_of_reach = profile(carbon=np.where(DEPTH < 0.1, 1e12, CARBON))  # every cost is about 5
    with pytest.raises(proda.SamplingError, match=r"acceptance rate .* allowed 0\.1 to 0\.5"):
        proda.assimilate(
            out_of_reach, "clm5", forcing=temperate, sampler="published", warmup=200, steps=200,
            samples=100,
        )  # fmt: skip


# ---------------------------------------------------------------------------- many profiles


@pytest.fixture(scope="module")
def many(temperate):
    return proda.assimilate(profiles(), forcing=temperate, jobs=1, seed=5, **FAST)


def test_a_profile_in_a_batch_is_the_profile_alone(many, temperate):
    alone = proda.assimilate(profiles().isel(profile=1), forcing=temperate, seed=5, **FAST)
    xr.testing.assert_identical(alone["profile"], many.isel(profile=1))
    backwards = proda.assimilate(
        profiles().isel(profile=[2, 1]), forcing=temperate, jobs=1, seed=5, **FAST
    )
    xr.testing.assert_identical(backwards.isel(profile=1), many.isel(profile=1))
    other = proda.assimilate(profiles().isel(profile=1), forcing=temperate, seed=6, **FAST)
    assert (other["profile"]["mean"] != many.isel(profile=1)["mean"]).any()


def test_profiles_of_one_content_but_two_names_have_chains_of_their_own(temperate):
    twins = profiles().isel(profile=[1, 1]).assign_coords(profile=["one", "other"])
    found = proda.assimilate(twins, forcing=temperate, jobs=1, **FAST)
    assert (found["mean"][0] != found["mean"][1]).all()


def test_processes_give_what_this_process_gives(many, temperate, two_processes):
    there = proda.assimilate(profiles(), forcing=temperate, jobs=2, seed=5, **FAST)
    xr.testing.assert_identical(there, many)


def test_a_dask_cluster_gives_what_this_process_gives(many, temperate, cluster_of_threads):
    there = proda.assimilate(
        profiles(), forcing=temperate, client=cluster_of_threads, seed=5, **FAST
    )
    xr.testing.assert_identical(there, many)


def test_a_batch_can_be_written_and_read(many, tmp_path):
    many.to_netcdf(tmp_path / "batch.nc", engine="netcdf4")
    with xr.open_dataset(tmp_path / "batch.nc", engine="netcdf4") as again:
        xr.testing.assert_equal(again.load(), many)
    for name in many.data_vars:
        assert {"units", "long_name"} <= set(many[name].attrs), name


def test_richer_profiles_get_more_carbon(many):
    metre = many["carbon_mean"].isel(layer=slice(0, 8)).mean("layer").values
    assert (np.diff(metre) > 0).all()
    assert many["metric_prior_sd"].notnull().all()
    assert (many["metric"].values[0], many["metric_unit"].values[3]) == ("cue", "yr-1")


def test_a_bad_profile_is_refused_and_the_others_go_on(temperate, many, capsys):
    pits = profiles(5)
    pits["carbon_density"][1, 2] = -3.0
    pits["depth"][3, 1:] = np.nan
    pits["carbon_density"][3, 1:] = np.nan
    settings = FAST | {"progress": True}
    found = proda.assimilate(pits, forcing=temperate, jobs=1, **settings)
    assert [bool(reason) for reason in found["reason"].values] == [False, True, False, True, False]
    assert "carbon_density of layer 3 = -3" in str(found["reason"].values[1])
    assert "1 observed layers: allowed 2 or more" in str(found["reason"].values[3])
    assert found["mean"].isnull().all("parameter").values.tolist() == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert not found["converged"].values[1]
    lines = [line for line in capsys.readouterr().err.splitlines() if "refused" in line]
    assert len(lines) == 2


def test_one_bad_forcing_is_the_reason_of_its_profile_only(temperate):
    here = xr.concat([temperate] * 3, "site")
    here["soil_temperature"] = here["soil_temperature"].copy()
    here["soil_temperature"][1, 4, 3] = np.nan
    found = proda.assimilate(profiles(), forcing=here, jobs=1, **FAST)
    assert "soil_temperature" in str(found["reason"].values[1])
    assert [bool(reason) for reason in found["reason"].values] == [False, True, False]


def test_forcing_with_the_names_of_the_profiles_may_come_in_any_order(temperate):
    tropical = forcing.example("tropical")
    here = xr.concat([temperate, tropical, temperate], "site").assign_coords(
        site=["pit 0", "pit 1", "pit 2"]
    )
    found = proda.assimilate(profiles(), forcing=here, jobs=1, **FAST)
    turned = proda.assimilate(profiles(), forcing=here.isel(site=[1, 2, 0]), jobs=1, **FAST)
    xr.testing.assert_identical(turned, found)
    assert (found["mean"][0] != found["mean"][1]).all()


def test_an_interrupted_batch_goes_on_to_the_identical_result(
    many, temperate, tmp_path, monkeypatch
):
    calls = []
    numbers = batch.numbers

    def until_the_lights_go_out(pit, settings):
        calls.append(pit.label)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return numbers(pit, settings)

    until_the_lights_go_out.__qualname__ = numbers.__qualname__
    monkeypatch.setattr(batch, "numbers", until_the_lights_go_out)
    call = {"forcing": temperate, "jobs": 1, "seed": 5, "folder": tmp_path / "run", **FAST}
    with pytest.raises(KeyboardInterrupt, match=r"after 2 of 3 profiles; the same call goes on"):
        proda.assimilate(profiles(), **call)
    assert len(list((tmp_path / "run").glob("*.npz"))) == 2
    found = proda.assimilate(profiles(), **call)
    assert calls == ["pit 0", "pit 1", "pit 2", "pit 2"]
    xr.testing.assert_identical(found, many)

    broken = sorted((tmp_path / "run").glob("*.npz"))[0]
    broken.write_bytes(broken.read_bytes()[:200])  # the disk was full
    again = proda.assimilate(profiles(), **call)
    assert len(calls) == 5
    xr.testing.assert_identical(again, many)

    changed = profiles()
    changed["carbon_density"][2] *= 1.01  # other data: computed anew
    proda.assimilate(changed, **call)
    assert calls[5:] == ["pit 2"]
    proda.assimilate(profiles().isel(profile=[0]), **(call | {"seed": 6}))
    assert calls[6:] == ["pit 0"]


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("observations", "words"),
    [
        (profile(carbon=np.where(DEPTH == 0.5, np.nan, CARBON)), "layer 4 = nan: allowed above 0"),
        (profile(carbon=-CARBON), r"carbon_density of layer 1 = -30000: allowed above 0 g C m-3"),
        (profile(depth=DEPTH[::-1]), r"depth must increase; layer 2 at 1\.2 m follows 1\.6 m"),
        (profile(depth=100 * DEPTH), r"depth of layer 2 = 15: .* to 8\.6 m; did you give cm\?"),
        (profile(DEPTH[:1], CARBON[:1]), "1 observed layers: allowed 2 or more"),
        (profile(carbon=np.full(7, 5.0)), "in all layers: allowed values that differ"),
        (profile().drop_vars("depth"), "no 'depth': needed depth, carbon_density"),
        (profile().expand_dims("here"), "depth has 2 dimensions"),
        (profiles().isel(profile=[]), "'profile' is empty"),
        (profiles().isel(profile=[0, 0]), "'pit 0' is given more than once"),
        ("my_file.csv", "observations is a str: allowed an xarray.Dataset"),
    ],
)
def test_bad_observations_are_refused_in_one_line(observations, words, temperate):
    with pytest.raises(InputError, match=words) as caught:
        proda.assimilate(observations, forcing=temperate, **FAST)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "roth-c"}, "unknown model 'roth-c'"),
        ({"sampler": "gibbs"}, "unknown sampler 'gibbs'; valid: adaptive-metropolis, published"),
        ({"enzyme_turnover": "tide"}, r"unknown enzyme_turnover 'tide' \(did you mean 'tied'\?\)"),
        ({"index": "published"}, r"index = 'published': now two switches, .* tied and log"),
        ({"cost": "mse"}, "unknown cost"),
        ({"nse": "model"}, "unknown nse"),
        ({"r_hat": 1.05}, "unknown r_hat"),
        ({"transport": "leaky"}, "unknown transport"),
        ({"chains": 1}, "chains = 1: allowed 2"),
        ({"steps": 10}, "steps = 10: allowed 100"),
        ({"warmup": 2000.5}, r"warmup = 2000\.5: allowed a whole number"),
        ({"prior_draws": 99}, "prior_draws = 99: allowed 100"),
        ({"samples": 10_000}, r"samples = 10000: allowed 10 to 2000"),
        ({"seed": -1}, "seed = -1"),
        ({"inverse_temperature": 0.0}, "inverse_temperature = 0"),
        ({"biomass": 10}, "biomass = 10: allowed 0 to 1"),
        ({"cost": "gaussian"}, "no 'carbon_density_sd'"),
        ({"forcing": {"mat": 8}}, "forcing is a dict"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(options, words, temperate):
    with pytest.raises(InputError, match=words) as caught:
        proda.assimilate(profile(), **({"forcing": temperate} | FAST | options))
    assert "\n" not in str(caught.value)


def test_forcing_of_another_number_of_places_is_refused(temperate):
    two = xr.concat([temperate] * 2, "site")
    with pytest.raises(InputError, match="forcing has 2 sites for 3 profiles"):
        proda.assimilate(profiles(), forcing=two, **FAST)
    with pytest.raises(InputError, match="client = 'cluster'"):
        proda.assimilate(profiles(), forcing=temperate, client="cluster", **FAST)
    with pytest.raises(InputError, match="jobs = 0"):
        proda.assimilate(profiles(), forcing=temperate, jobs=0, **FAST)


@pytest.mark.parametrize("sampler", chains.SAMPLERS)
def test_without_feasible_parameters_no_chain_starts(temperate, monkeypatch, sampler):
    monkeypatch.setattr(chains, "PRIOR_TRIES", 8_000)
    with pytest.raises(proda.SamplingError, match=r"only 0 of 8,000 draws .* no chain can start"):
        proda.assimilate(profile(), forcing=temperate, biomass=0.0, sampler=sampler, **FAST)


def test_moments_leave_out_what_no_steady_state_has():
    values = np.array([[1.0, np.nan, 4.0, np.inf], [np.nan] * 4, [2.0, np.nan, np.nan, np.nan]])
    np.testing.assert_allclose(posterior._mean(values), [2.5, np.nan, 2.0])
    np.testing.assert_allclose(posterior._sd(values), [np.std([1, 4], ddof=1), np.nan, np.nan])
    assert math.isnan(posterior._mean(np.array([np.inf])))


# --------------------------------------------------------------------------------- recovery

LENGTH = {"warmup": 3_000, "steps": 6_000, "samples": 300, "progress": False}


@pytest.mark.parametrize("model", MODELS)
def test_intervals_hold_the_truth_that_made_a_noisy_profile(model):
    """Simulation-based calibration; the full size (100 profiles and more) is the notebook's."""
    n = 20
    found = proda.recovery(n, model, noise=True, seed=3, jobs=1, **LENGTH)
    assert (found["reason"] == "").all()
    table = proda.coverage(found)
    of_parameters = table.loc[list(MODELS[model].NAMES), "covered"]
    assert 0.85 < of_parameters.mean() < 0.95
    assert of_parameters.min() > 0.6  # 20 * 0.9 = 18 +- 1.3
    ranks = found["rank"].values / RANKS
    assert abs(ranks.mean() - 0.5) < 4 * 0.29 / math.sqrt(ranks.size)
    assert (table["rank_p"] > 1e-4).all()
    told = table.loc["soil_residence_time"]  # the one thing that a profile says without doubt
    assert told["sd_ratio"] < 0.3
    assert told["correlation"] > 0.9
    assert 0.75 <= told["covered"] < 1.0


def test_without_noise_the_profile_is_the_steady_state_of_its_truth():
    n = 8
    found = proda.recovery(n, "clm5", seed=4, jobs=1, **LENGTH)
    assert found.attrs["noise"] == "none"
    assert 0.8 < float(found["covered"].mean()) <= 1.0
    truth = {name: found["truth"].sel(parameter=name).values for name in clm5.NAMES}
    names = list(forcing.EXAMPLES)
    here = xr.concat([forcing.example(names[k % len(names)]) for k in range(n)], "site")
    expected = diagnostics.system(truth, here)
    for name in ("soil_residence_time", "transfer_efficiency", "environmental_modifier"):
        np.testing.assert_allclose(found["metric_truth"].sel(metric=name), expected[name])
    time = found["metric_mean"].sel(metric="soil_residence_time") / expected["soil_residence_time"]
    assert 0.5 < float(time.median()) < 2.0
    assert (found["nse_best"] > 0.9).all()


def test_a_recovery_chooses_its_own_cost():
    with pytest.raises(InputError, match="cost = 'sse': here it follows from noise"):
        proda.recovery(2, cost="sse")


# ------------------------------------------------- errors that are estimated, and radiocarbon


def test_an_unknown_size_of_the_errors_is_integrated_out():
    """The ratio of two likelihoods is that of integrals over the factor of the errors."""
    from scipy.integrate import quad
    from scipy.stats import invgamma

    def likelihood(squares, number, nu):  # of s^2 = f^2, scaled inverse chi-squared
        prior = invgamma(nu / 2, scale=nu / 2)
        return quad(
            lambda v: v ** (-number / 2) * np.exp(-squares / (2 * v)) * prior.pdf(v), 0, np.inf
        )[0]

    doubted = chains.kernel.doubted
    for number, nu in ((3, 2.0), (8, 2.0), (8, 5.0)):
        found = doubted(1.5, number, nu) - doubted(6.0, number, nu)
        expected = np.log(likelihood(12.0, number, nu) / likelihood(3.0, number, nu))
        assert found == pytest.approx(expected, rel=1e-6)
    assert doubted(1.5, 8, 0.0) == 1.5


def test_the_first_guess_of_the_errors_is_a_fifth_or_what_is_given(temperate):
    column = kernel_forcing.column(temperate)
    for given, error in ((profile(), 0.2 * CARBON.mean()),
                         (profile(carbon_density_sd=np.full(7, 900.0)), 900.0)):  # fmt: skip
        pit = chains.read_profile(given, "a", column, "estimated")
        np.testing.assert_allclose(chains.weights(pit, "estimated"), 0.5 / error**2)
        target = chains.problem(pit, chains.ChainSettings(cost="estimated"))
        run = chains.evaluate(target, np.random.default_rng(1).random((400, 23)))
        k = int(run.cost.argmin())
        squares = ((run.modelled[k] - CARBON) ** 2).sum() / error**2
        assert run.cost[k] == pytest.approx((7 + 2) / 2 * np.log1p(squares / 2), rel=1e-9)


SEEN = np.array([60.0, 20.0, np.nan, -120.0, -250.0, -400.0, -560.0])
BOTH = {"constraints": ("carbon", "radiocarbon")}


def dated(**changes):
    return profile(radiocarbon=SEEN).assign(sampling_year=2008, latitude=48.0).assign(changes)


@pytest.fixture(scope="module")
def witnessed(temperate):
    return {
        model: proda.assimilate(dated(), model, forcing=temperate, **BOTH, **FAST)
        for model in MODELS
    }


@pytest.mark.parametrize("model", MODELS)
def test_the_cost_of_radiocarbon_is_that_of_the_exact_solution(witnessed, temperate, model):
    from scipy.interpolate import PchipInterpolator

    from soilnb.profile.model import air

    found = witnessed[model]
    last = {name: float(values[1, 199]) for name, values in found.posterior.items()}
    state = MODELS[model].steady_state(last, temperate)["soc"]
    delta = MODELS[model].MODEL.radiocarbon(temperate, air.history(2008), last)["sample_delta14c"]
    carbon, age = (PchipInterpolator(grid.NODE, x)(DEPTH) for x in (state, delta))
    told = found.posterior_predictive["radiocarbon"].values[1, 199]
    np.testing.assert_allclose(told, age, atol=6.0)  # exponentials for the history of the air
    cost = 5 * ((carbon - CARBON) ** 2).sum() / ((CARBON - CARBON.mean()) ** 2).sum()
    cost += np.nansum((told - SEEN) ** 2) / (2 * chains.PIT_TO_PIT**2)
    assert float(found.sample_stats["cost"][1, 199]) == pytest.approx(cost, rel=1e-9)
    np.testing.assert_array_equal(found.observed_data["radiocarbon"], SEEN)
    assert found["profile"].attrs["constraints"] == "carbon, radiocarbon"
    assert np.isfinite(found["profile"]["radiocarbon_rmse"])


def test_a_second_witness_narrows_what_the_first_one_left_open(temperate):
    """Radiocarbon says how slowly the slowest pool turns over; of CLM5's that is soc3."""
    long = FAST | {"warmup": 4000, "steps": 12_000, "samples": 400}
    alone, both = (
        proda.assimilate(dated(), "clm5", forcing=temperate, **long, **told) for told in ({}, BOTH)
    )
    for name in ("tau4s3", "efolding"):
        assert float(both.posterior[name].std()) < float(alone.posterior[name].std()), name
    away, prior = (
        np.nanmean((group["radiocarbon"] - SEEN) ** 2)
        for group in (both.posterior_predictive, both.prior_predictive)
    )
    assert away < 0.5 * prior
    assert "radiocarbon" not in alone.posterior_predictive


@pytest.mark.parametrize(
    ("seen", "options", "words"),
    [
        (dated().drop_vars("radiocarbon"), {}, "no 'radiocarbon': needed for that constraint"),
        (dated(radiocarbon=("layer", SEEN * np.nan)), {}, "no layer has radiocarbon"),
        (dated(radiocarbon=("layer", SEEN - 900)), {}, r"layer 4 = -1020: allowed -1000 to 2000"),
        (dated(sampling_year=np.nan), {}, "no 'sampling_year'"),
        (dated().drop_vars("latitude"), {}, "no 'latitude'"),
        (dated(), {"sampler": "published"}, "the published sampler knows carbon alone"),
        (dated(), {"constraints": ("age",)}, r"constraints = \('age',\): allowed"),
        (dated(), {"radiocarbon_error": 0.0}, "radiocarbon_error = 0: allowed 1 to 1000"),
    ],
)
def test_what_cannot_witness_is_refused_in_one_line(seen, options, words, temperate):
    with pytest.raises(InputError, match=words) as caught:
        proda.assimilate(seen, forcing=temperate, **(BOTH | FAST | options))
    assert "\n" not in str(caught.value)


def test_intervals_hold_the_truth_with_both_witnesses_and_unknown_errors():
    """Simulation-based calibration of all that is new, at once; CLM5 is the slower of both."""
    short = {"warmup": 1500, "steps": 3000, "samples": 300, "progress": False}
    found = proda.recovery(8, "clm5", noise=True, cost="estimated", seed=3, jobs=1, **BOTH, **short)
    table = proda.coverage(found)
    assert 0.8 < table.loc[list(clm5.NAMES), "covered"].mean() < 0.97
    ranks = found["rank"].values / RANKS
    assert abs(ranks.mean() - 0.5) < 4 * 0.29 / math.sqrt(ranks.size)
    assert table.loc["transport_rate", "sd_ratio"] < 0.6  # .78 with carbon alone
    with pytest.raises(InputError, match="cost = 'estimated': here it follows from noise"):
        proda.recovery(2, cost="estimated")
