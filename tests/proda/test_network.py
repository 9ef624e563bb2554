"""Networks and their baselines on data whose truth is known."""

import builtins

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.data.planet import teaching_planet
from soilnb.parameters import InputError
from soilnb.proda import covariates, network, observations
from soilnb.proda.network import ensemble as drawing
from soilnb.proda.network import fitting
from soilnb.profile import clm5, compas

pytest.importorskip("jax")
sklearn = pytest.importorskip("sklearn")

SITES = 120
#: One small architecture for all, and batches that hold all sites: to compile another one takes
#: three seconds, to train it a fifth of a second.
QUICK = {
    "architecture": (24, 20), "dropout": 0.1, "epochs": 1000, "patience": 60, "batch_size": 128,
    "progress": False,
}  # fmt: skip
#: The same where a method is asked for.
AS_METHOD = {"method": QUICK["architecture"]} | {
    name: value for name, value in QUICK.items() if name != "architecture"
}


def made(seed=0, sites=SITES):
    """Covariates, learnable parameters of them, and the study of each site."""
    rng = np.random.default_rng(seed)
    index = pd.Index([f"site {i}" for i in range(sites)], name="profile")
    x = pd.DataFrame(rng.random((sites, 4)), index, ["temperature", "npp", "sand", "clay"])
    zone = rng.integers(0, 3, sites)
    for number, name in enumerate(("Af", "Cf", "Df")):
        x[f"climate={name}"] = (zone == number) * 1.0
    y = pd.DataFrame(
        {
            "linear": 0.2 + 0.6 * x["temperature"],
            "curved": 0.1 + 0.8 * np.sin(np.pi * x["npp"]) * (0.3 + 0.7 * x["climate=Cf"]),
        }
    )
    study = pd.Series(rng.integers(0, 15, sites), index, name="study")
    return x, y, study


def noise(x, seed=5):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.uniform(0.1, 0.9, (len(x), 2)), x.index, ["one", "two"])


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """Fewer trees in a forest: most of its time goes into making them, one by one."""
    monkeypatch.setattr(fitting, "TREES", 60)


@pytest.fixture(scope="module")
def data():
    return made()


@pytest.fixture(scope="module")
def fitted(data):
    x, y, _ = data
    return network.fit(x, y, seed=3, **QUICK)


# --- the loss -----------------------------------------------------------------------------------


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_losses_are_the_printed_formulas(seed):
    from soilnb.proda.network import training

    rows = 7
    true, made = np.random.default_rng(seed).uniform(0.01, 1, (2, rows, 3)).astype(np.float32)
    error = made.astype(float) - true
    square = (error**2).mean()
    ratio = (abs(error) / true).mean()
    all_rows = np.ones(rows, np.float32)
    assert float(training.mse(made, true, all_rows)) == pytest.approx(square, rel=1e-4)
    expected = 500 * square * 25 * ratio
    assert float(training.l1xl2(made, true, all_rows)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["mse", "l1xl2"])
def test_rows_that_fill_up_a_batch_do_not_count(name):
    from soilnb.proda.network import training

    rng = np.random.default_rng(1)
    true, made = rng.uniform(0.1, 1, (2, 6, 3))
    loss = training.LOSSES[name]
    filled = loss(
        np.vstack([made, made * 0]), np.vstack([true, true * 0]), np.repeat([1.0, 0.0], 6)
    )
    assert float(filled) == pytest.approx(float(loss(made, true, np.ones(6))), rel=1e-6)


def test_a_true_value_of_zero_gives_no_infinite_loss():
    from soilnb.proda.network import training

    loss = training.l1xl2(np.full((1, 1), 0.5), np.zeros((1, 1)), np.ones(1))
    assert float(loss) == pytest.approx(500 * 0.25 * 25 * 0.5 / 1e-4, rel=1e-5)


# --- training -----------------------------------------------------------------------------------


def test_the_network_learns_what_can_be_learnt(data, fitted):
    x, y, _ = data
    nse, by_parameter = network.parameter_nse(y, fitted.predict(x))
    assert nse > 0.8
    assert (by_parameter > 0.7).all()


def test_a_seed_gives_the_same_network_to_the_last_bit(data, fitted):
    x, y, _ = data
    again = network.fit(x, y, seed=3, **QUICK)
    other = network.fit(x, y, seed=4, **QUICK)
    assert all(np.array_equal(a, b) for a, b in zip(fitted.weights, again.weights, strict=True))
    pd.testing.assert_frame_equal(fitted.history, again.history)
    assert not np.array_equal(fitted.weights[0], other.weights[0])


def test_training_stops_when_validation_has_waited_for_its_patience(fitted):
    losses = fitted.history["validation"]
    assert fitted.best_epoch == losses.idxmin()
    assert len(losses) == min(fitted.best_epoch + 1 + 60, QUICK["epochs"])
    x, _, _ = made()
    early = network.fit(x, noise(x), **QUICK | {"patience": 7, "epochs": 1000})
    assert len(early.history) == early.best_epoch + 8
    assert len(early.history) < 200
    assert early.history["validation"].idxmin() == early.best_epoch


def test_the_weights_are_those_of_the_best_epoch(data, fitted):
    """Not of the last: cut off after its best epoch, a run has the same weights."""
    x, y, _ = data
    assert fitted.best_epoch < len(fitted.history) - 1
    cut = network.fit(x, y, seed=3, **QUICK | {"epochs": fitted.best_epoch + 1})
    assert all(np.array_equal(a, b) for a, b in zip(fitted.weights, cut.weights, strict=True))


def test_validation_loss_is_that_of_the_prediction(data):
    x, y, _ = data
    held = x.index[:20]
    rest = x.index[20:]
    found = network.fit(
        x.loc[rest], y.loc[rest], validation=(x.loc[held], y.loc[held]), loss="mse", **QUICK
    )
    error = ((found.predict(x.loc[held]) - y.loc[held]) ** 2).to_numpy().mean()
    assert found.history["validation"].min() == pytest.approx(error, rel=1e-4)
    assert found.sites == len(x)


def test_both_losses_and_both_outputs_learn(data):
    x, y, _ = data
    for loss, output in (("mse", "bounded"), ("l1xl2", "published")):
        found = network.fit(x, y, loss=loss, output=output, **QUICK)
        assert network.parameter_nse(y, found.predict(x))[0] > 0.7


def test_a_hidden_architecture_of_ones_own(fitted):
    assert [weight.shape for weight in fitted.weights[::2]] == [(24, 7), (20, 24), (2, 20)]
    assert fitted.method == "24-20"
    assert network.ARCHITECTURES["paper"] == (256, 512, 512, 256)


def test_whole_studies_are_held_out(data):
    x, y, study = data
    from soilnb.proda.network.fitting import _split

    (learnt, _), (held, _), sites = _split(x, y, 0.2, study, seed=1)
    assert sites == len(learnt) + len(held) == len(x)
    assert set(study[learnt.index]).isdisjoint(study[held.index])
    assert len(held) >= 0.2 * len(x)


# --- predictions stay in the cube ---------------------------------------------------------------


@pytest.mark.parametrize("method", ["mean", "ridge", "forest", "bounded", "published"])
def test_predictions_are_in_the_cube_wherever_one_asks(data, method):
    x, y, _ = data
    edge = 0.01 + 0.98 * y.round()  # nothing between, so that a straight line leaves the cube
    if method in network.BASELINES:
        found = network.baseline(method, x, edge)
    else:
        found = network.fit(x, edge, output=method, **QUICK)
    far = x.copy()
    far[["temperature", "npp"]] = 1e6 * (x[["temperature", "npp"]] - 0.5)
    for places in (found.predict(x), found.predict(far)):
        assert places.min().min() >= network.LEAST
        assert places.max().max() <= 1.0


def test_a_linear_output_is_cut_off(data):
    x, y, _ = data
    found = network.baseline("ridge", x, y.round())
    raw = found._places(found.scaler.transform(x).to_numpy())
    assert raw.min() < 0  # the line does leave the cube
    assert found.predict(x).min().min() == network.LEAST


# --- baselines ----------------------------------------------------------------------------------


def test_the_mean_is_the_mean(data):
    x, y, _ = data
    places = network.baseline("mean", x, y).predict(x)
    np.testing.assert_allclose(places, np.tile(y.mean(), (len(x), 1)), rtol=1e-12)


def test_ridge_finds_a_straight_line_and_the_forest_a_curve(data):
    x, y, _ = data
    ridge = network.parameter_nse(y, network.baseline("ridge", x, y).predict(x))[1]
    forest = network.parameter_nse(y, network.baseline("forest", x, y).predict(x))[1]
    assert ridge["linear"] > 0.99
    assert ridge["curved"] < forest["curved"]


def test_a_forest_has_500_trees_whose_leaves_hold_three_sites(data, monkeypatch):
    monkeypatch.undo()  # all of its trees
    x, y, _ = data
    trees = network.baseline("forest", x, y).forest.trees
    assert len(trees.estimators_) == 500
    held = [tree.tree_.n_node_samples[tree.tree_.children_left < 0] for tree in trees.estimators_]
    assert min(map(min, held)) == 3


def test_scaling_by_the_planet_is_the_scaler_that_is_given(data):
    x, y, _ = data
    planet = pd.concat([x, x + 1.0])
    scaler = covariates.Scaler.of(planet)
    found = network.baseline("ridge", x, y, scaler=scaler)
    np.testing.assert_allclose(found.scaler.high["npp"], planet["npp"].max())
    wide = found.on_scaled().predict(scaler.transform(x))
    pd.testing.assert_frame_equal(wide, found.predict(x))


# --- cross-validation ---------------------------------------------------------------------------


def cross_validated(x, y, method, **how):
    """Cross-validation of a baseline, or of the quick network."""
    options = AS_METHOD if method == "network" else {"method": method, "progress": False}
    return network.cross_validate(x, y, **options | how)


@pytest.mark.parametrize("method", ["ridge", "forest", "network"])
def test_a_signal_beats_the_mean(data, method):
    x, y, study = data
    found = cross_validated(x, y, method, groups=study, count=3)
    mean = network.cross_validate(x, y, "mean", groups=study, count=3)
    assert mean.nse <= 0
    assert found.nse > mean.nse + 0.4


def test_noise_is_not_predicted(data):
    x, _, study = data
    y = noise(x)
    for method in ("ridge", "forest", "network"):
        for groups in (None, study):
            assert cross_validated(x, y, method, groups=groups, count=3).nse < 0.05


@given(st.integers(0, 10_000), st.integers(2, 6))
@settings(max_examples=20)
def test_no_study_is_on_both_sides(seed, count):
    x, _, study = made(seed, 60)
    fold = network.folds(x, study, count)
    assert sorted(fold.unique()) == list(range(count))
    assert (fold.groupby(study).nunique() == 1).all()


def test_random_folds_follow_the_seed_and_have_one_size(data):
    x, _, _ = data
    fold = network.folds(x, count=5, seed=1)
    assert fold.value_counts().nunique() == 1
    assert fold.equals(network.folds(x, count=5, seed=1))
    assert not fold.equals(network.folds(x, count=5, seed=2))


def test_a_leak_between_folds_would_show():
    """A covariate that names the study predicts sites left out at random, and no left-out study."""
    x, _, study = made()
    level = pd.Series(np.random.default_rng(0).uniform(0.1, 0.9, 15))
    y = pd.DataFrame({"level": study.map(level)})
    x = x[["npp"]].assign(sand=study.astype(float))
    assert network.cross_validate(x, y, "forest").nse > 0.7
    assert network.cross_validate(x, y, "forest", groups=study).nse < 0.2


def test_the_table_of_methods(data):
    x, y, study = data
    sizes = []

    def carbon(places):
        sizes.append(len(places))
        return xr.Dataset({"nse": 0.5})

    table = network.compare(x, y, study, ("mean", "ridge"), carbon=carbon, count=3)
    assert table.index.tolist() == ["mean", "ridge"]
    assert table.columns.tolist() == [
        "parameters, random", "parameters, by study", "carbon, random", "carbon, by study",
    ]  # fmt: skip
    assert sizes == [SITES] * 4
    assert (table["carbon, random"] == 0.5).all()
    expected = network.cross_validate(x, y, "ridge", groups=study, count=3).nse
    assert table.loc["ridge", "parameters, by study"] == expected


# --- efficiency ---------------------------------------------------------------------------------


def test_efficiency_of_the_truth_the_mean_and_something_worse(data):
    _, y, _ = data
    mean = y * 0 + y.mean()
    assert network.parameter_nse(y, y)[0] == 1
    assert network.parameter_nse(y, mean)[0] == pytest.approx(0, abs=1e-12)
    assert network.parameter_nse(y, 2 * mean - y)[0] == pytest.approx(-3)
    half = y.copy()
    half.iloc[60:] = np.nan
    assert network.parameter_nse(y, half)[0] == 1


# --- classes that were never seen ---------------------------------------------------------------


def test_a_site_of_an_unseen_class_has_no_prediction_and_is_counted(data, capsys):
    x, y, _ = data
    few = x["climate=Df"] == 0
    found = network.baseline("ridge", x[few], y[few])
    assert found.unseen == ("climate=Df",)
    places = found.predict(x)
    assert places.isna().all(axis=1).tolist() == (~few).tolist()
    line = capsys.readouterr().err
    assert line == (
        f"note: {(~few).sum()} of {SITES} sites have a class that no training site had "
        f"(climate=Df at {(~few).sum()}): no prediction\n"
    )
    assert places[few].notna().all(axis=None)


def test_a_missing_covariate_of_a_site_and_of_all(data, capsys):
    x, y, _ = data
    found = network.baseline("ridge", x, y)
    hole = x.copy()
    hole.iloc[0, 0] = np.nan
    assert found.predict(hole).isna().any(axis=1).sum() == 1
    assert "1 of 120 sites lack a covariate" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"covariate 'climate' is absent \(column 'climate=Df'\)"):
        found.predict(x.drop(columns="climate=Df"))


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"architecture": "big"}, "unknown architecture 'big'"),
        ({"architecture": ()}, "architecture is empty"),
        ({"architecture": (64, 0)}, "units of a hidden layer = 0: allowed 1 to 65536"),
        ({"loss": "l1"}, "unknown loss 'l1'"),
        ({"output": "open"}, "unknown output 'open'"),
        ({"dropout": 1.0}, "dropout = 1: allowed 0 to 0.95"),
        ({"batch_size": 0}, "batch_size = 0: allowed 1 to"),
        ({"epochs": 2.5}, "epochs = 2.5: allowed a whole number"),
        ({"patience": -1}, "patience = -1"),
        ({"validation": 1.0}, "validation = 1: allowed 0.01 to 0.9"),
        ({"seed": -1}, "seed = -1"),
        ({"groups": [1, 2]}, "groups is a list: allowed a pandas Series"),
        ({"groups": pd.Series({"site 0": 1})}, "groups has no site 'site 1'"),
        ({"scaler": 1.0}, "scaler is a float"),
    ],
)
def test_bad_settings_are_told_in_one_line(data, change, line):
    x, y, _ = data
    with pytest.raises(InputError, match=line) as error:
        network.fit(x, y, **QUICK | change)
    assert "\n" not in str(error.value)


def test_bad_tables_are_told_in_one_line(data, capsys):
    x, y, _ = data
    cases = [
        (x[:20], y[:20], "20 sites to learn from: allowed 30 or more"),
        (x, y[::-1], "have different sites"),
        (x, y * 3, "linear = .*: allowed 0 to 1, a place between the prior bounds"),
        (x.to_numpy(), y, "x is a ndarray: allowed a pandas DataFrame"),
    ]
    for one, two, line in cases:
        with pytest.raises(InputError, match=line):
            network.baseline("mean", one, two)
    hole = y.copy()
    hole.iloc[:3, 0] = np.nan
    assert network.baseline("mean", x, hole).sites == SITES - 3
    assert "3 of 120 sites are left out: not finite" in capsys.readouterr().err
    with pytest.raises(InputError, match="unknown method 'median'"):
        network.baseline("median", x, y)
    with pytest.raises(InputError, match="unknown method 'tree'"):
        network.learn("tree", x, y)
    with pytest.raises(InputError, match="3 groups for 5 folds"):
        network.folds(x, pd.Series(np.arange(SITES) % 3, x.index))
    with pytest.raises(InputError, match="groups has no site 'site 119'"):
        network.folds(x, pd.Series(1, x.index[:-1]))
    with pytest.raises(InputError, match="scaler and x have different columns: sand"):
        network.baseline("mean", x.drop(columns="sand"), y, scaler=covariates.Scaler.of(x))


def test_without_jax_one_line_says_what_to_install(data, monkeypatch):
    import sys

    x, y, _ = data
    monkeypatch.delitem(sys.modules, "soilnb.proda.network.training", raising=False)
    import soilnb.proda.network

    monkeypatch.delattr(soilnb.proda.network, "training", raising=False)
    real = builtins.__import__

    def without(name, *rest):
        if name.split(".")[0] == "jax":
            raise ModuleNotFoundError("No module named 'jax'", name="jax")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"jax is missing: pip install 'soilnb\[proda\]'"):
        network.fit(x, y, **QUICK)


def test_common_sites(data, capsys):
    x, y, study = data
    some = network.match(x[10:], y[::-1][20:], study)
    assert all(len(table) == 90 for table in some)
    assert all(table.index.equals(some[0].index) for table in some)
    assert "90 sites are in all tables (of 110, 100, 120)" in capsys.readouterr().err
    with pytest.raises(InputError, match="no common site"):
        network.match(x[:10], y[20:])
    with pytest.raises(InputError, match="site 'site 0' is given more than once"):
        network.match(pd.concat([x, x[:1]]), y)


# --- files --------------------------------------------------------------------------------------


def test_a_saved_predictor_predicts_the_same(data, fitted, tmp_path):
    x, y, _ = data
    for number, one in enumerate((fitted, network.baseline("ridge", x, y))):
        one.save(tmp_path / f"{number}.npz")
        back = network.Fitted.load(tmp_path / f"{number}.npz")
        pd.testing.assert_frame_equal(back.predict(x), one.predict(x))
        assert (back.method, back.settings, back.best_epoch) == (
            one.method, one.settings, one.best_epoch,
        )  # fmt: skip
        assert (back.history is None) == (one.history is None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.npz", "1.npz"]
    pd.testing.assert_frame_equal(network.Fitted.load(tmp_path / "0.npz").history, fitted.history)


def test_what_cannot_be_saved_or_read(data, tmp_path):
    x, y, _ = data
    with pytest.raises(InputError, match="a forest is not saved"):
        network.baseline("forest", x, y).save(tmp_path / "forest.npz")
    (tmp_path / "text.npz").write_text("no file of numpy")
    with pytest.raises(InputError, match=r"text.npz cannot be read: not a saved predictor"):
        network.Fitted.load(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(InputError, match="not a saved predictor"):
        network.Fitted.load(tmp_path / "other.npz")
    with pytest.raises(InputError, match="No such file"):
        network.Fitted.load(tmp_path / "none.npz")


def test_the_prediction_in_numpy_is_that_of_the_trained_network(data, fitted):
    import equinox as eqx
    import jax

    from soilnb.proda.network import training

    x, y, _ = data
    sizes = (x.shape[1], *QUICK["architecture"], y.shape[1])
    own = training.Network(sizes, True, jax.random.key(0))
    layers = tuple(
        eqx.tree_at(lambda l: (l.weight, l.bias), layer, (weight, bias))
        for layer, weight, bias in zip(
            own.layers, fitted.weights[::2], fitted.weights[1::2], strict=True
        )
    )
    own = eqx.tree_at(lambda n: n.layers, own, layers)
    expected = own(fitted.scaler.transform(x).to_numpy(dtype=np.float32))
    np.testing.assert_allclose(fitted.predict(x), expected, atol=1e-5)


# --- bootstrap ----------------------------------------------------------------------------------


@given(st.integers(40, 300), st.integers(0, 10_000), st.sampled_from(["separate", "published"]))
@settings(max_examples=40)
def test_a_draw_has_the_published_sizes(size, member, draw):
    learnt, held = network.draw_sites(size, member, draw)
    assert len(learnt) + len(held) == round(0.9 * size)
    assert len(held) == round(0.1 * round(0.9 * size))
    if draw == "separate":
        assert set(learnt).isdisjoint(held)
        assert len(set(held)) == len(held)
    assert len(set(learnt)) < len(learnt)  # with replacement


def test_published_draws_share_sites_with_validation():
    shared = [np.isin(*network.draw_sites(500, k, "published")[::-1]).mean() for k in range(20)]
    assert 0.4 < np.mean(shared) < 0.7  # 1 - exp(-0.81) = 0.56


def test_members_differ_and_know_what_they_have_not_seen(data):
    x, y, _ = data
    ensemble = network.bootstrap(x, y, size=4, method="ridge")
    places = ensemble.predict(x)
    assert places.dims == ("member", "profile", "parameter")
    assert len(ensemble) == 4
    assert (places.std("member") > 0).all()
    seen = ensemble.used
    assert 0.45 < seen.to_numpy().mean() < 0.75
    out = ensemble.unseen(x)
    never = seen.all(axis=1)
    assert out.isna().all(axis=1).tolist() == never.tolist()
    site = x.index[~never][0]
    members = np.flatnonzero(~seen.loc[site])
    np.testing.assert_allclose(
        out.loc[site], places.sel(profile=site).isel(member=members).mean("member")
    )
    with pytest.raises(InputError, match="x has other sites"):
        ensemble.unseen(x.rename(index=str.upper))


def test_an_interrupted_ensemble_goes_on_to_the_same_result(data, tmp_path, monkeypatch):
    x, y, _ = data
    how = AS_METHOD | {"epochs": 20, "patience": 20}
    whole = network.bootstrap(x, y, size=4, **how)
    calls = []
    real = drawing._member

    def member(*arguments):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(arguments[2])
        return real(*arguments)

    monkeypatch.setattr(drawing, "_member", member)
    with pytest.raises(KeyboardInterrupt, match="interrupted after 2 of 4 members; the same call"):
        network.bootstrap(x, y, size=4, folder=tmp_path, **how)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "member_00000.npz", "member_00001.npz",
    ]  # fmt: skip
    calls = [9] * 10  # no more interruptions
    again = network.bootstrap(x, y, size=4, folder=tmp_path, **how)
    assert calls[10:] == [2, 3]
    np.testing.assert_array_equal(again.predict(x), whole.predict(x))
    assert again.used.equals(whole.used)
    more = network.bootstrap(x, y, size=5, folder=tmp_path, **how)
    assert calls[12:] == [4]
    np.testing.assert_array_equal(more.predict(x)[:4], whole.predict(x))


def test_members_of_other_sites_settings_or_halves_are_fitted_anew(data, tmp_path, capsys):
    x, y, _ = data
    network.bootstrap(x, y, size=2, method="ridge", folder=tmp_path)
    for change in ({"y": y * 0.9}, {"x": x * 1.01}, {"draw": "published"}, {"method": "mean"}):
        new = {"x": x, "y": y, "method": "ridge"} | change
        alone = network.bootstrap(size=2, **new)
        kept = network.bootstrap(size=2, folder=tmp_path, **new)
        np.testing.assert_array_equal(kept.predict(x), alone.predict(x))
        assert "2 members" in capsys.readouterr().err
    path = tmp_path / "member_00001.npz"
    path.write_bytes(path.read_bytes()[:200])
    network.bootstrap(size=2, folder=tmp_path, **new)
    assert "1 members" in capsys.readouterr().err


def test_bad_ensembles_are_told_in_one_line(data, tmp_path):
    x, y, _ = data
    (tmp_path / "file").write_text("")
    for change, line in (
        ({"size": 0}, "size = 0"),
        ({"method": "forest"}, "method = 'forest'"),
        ({"seed": 1}, "seed: each member of a bootstrap has its own"),
        ({"draw": "once"}, "unknown draw 'once'"),
        ({"folder": tmp_path / "file" / "in"}, "allowed a folder that can be written"),
        ({"client": "here"}, "client = 'here'"),
    ):
        with pytest.raises(InputError, match=line):
            network.bootstrap(x, y, **{"method": "ridge"} | change)
    with pytest.raises(InputError, match="36 sites for a bootstrap: allowed 38 or more"):
        network.bootstrap(x[:36], y[:36], method="ridge")


def test_threads_of_dask_give_the_same_members(data, fitted, cluster_of_threads):
    x, y, _ = data
    how = AS_METHOD | {"size": 3, "epochs": 5}
    here = network.bootstrap(x, y, **how)
    there = network.bootstrap(x, y, client=cluster_of_threads, **how)
    np.testing.assert_array_equal(here.predict(x), there.predict(x))


# --- from profiles to places and back -----------------------------------------------------------


ENZYME_LEFT_OUT = [i for i, name in enumerate(compas.NAMES) if name != "tau_enz_decay"]


def assimilated(model="compas", profiles=6):
    module = {"compas": compas, "clm5": clm5}[model]
    rng = np.random.default_rng(0)
    places = rng.random((profiles, len(module.NAMES)))
    values = np.stack(list(module.from_unit(places).values()), axis=1)[:, ::-1]
    data = {
        "estimate": (("profile", "parameter"), values),
        "best": (("profile", "parameter"), values.copy()),
        "nse": ("profile", np.arange(profiles) - 2.0),
        "converged": ("profile", np.arange(profiles) != profiles - 1),
        "gelman_rubin_mean": ("profile", np.where(np.arange(profiles) == profiles - 2, 1.05, 1.0)),
    }
    coords = {"profile": [f"p{i}" for i in range(profiles)], "parameter": list(module.NAMES)[::-1]}
    return xr.Dataset(data, coords, {"model": model}), places


@pytest.mark.parametrize("model", ["compas", "clm5"])
def test_targets_are_places_and_lead_back_to_parameters(model):
    found, places = assimilated(model)
    module = {"compas": compas, "clm5": clm5}[model]
    y = network.targets(found, select="all")
    np.testing.assert_allclose(y, places, atol=1e-12)
    assert y.columns.tolist() == list(module.NAMES)
    parameters = network.to_parameters(y, model)
    for name in module.NAMES:
        np.testing.assert_allclose(parameters[name], found["estimate"].sel(parameter=name))
    assert parameters["site"].values.tolist() == y.index.tolist()


def test_only_good_profiles_are_learnt_from():
    found, _ = assimilated()
    kept = {select: network.targets(found, select=select).index.str[1].astype(int).tolist()
            for select in ("published", "converged", "fitted", "all")}  # fmt: skip
    assert kept == {
        "published": [3, 5], "converged": [3, 4], "fitted": [3, 4, 5], "all": [0, 1, 2, 3, 4, 5],
    }  # fmt: skip
    found["estimate"][5] = np.nan  # refused
    assert network.targets(found).index.tolist() == ["p3"]
    assert network.targets(found, statistic="best").index.tolist() == ["p3", "p5"]
    for change, line in (
        ({"statistic": "median"}, "unknown statistic 'median'"),
        ({"select": "good"}, "unknown select 'good'"),
    ):
        with pytest.raises(InputError, match=line):
            network.targets(found, **change)
    with pytest.raises(InputError, match="none of 6 profiles passes: select = 'fitted'"):
        network.targets(found.assign(nse=found["nse"] - 5), select="fitted")
    with pytest.raises(InputError, match="assimilated has no 'nse'"):
        network.targets(found.drop_vars("nse"))


def test_places_without_a_prediction_are_left_out():
    _, places = assimilated()
    y = pd.DataFrame(places, columns=list(compas.NAMES))
    y.iloc[2] = np.nan
    found = network.to_parameters(y)
    assert found["site"].values.tolist() == [0, 1, 3, 4, 5]
    with pytest.raises(InputError, match="no prediction at any of 6 places"):
        network.to_parameters(y * np.nan)
    with pytest.raises(InputError, match="predicted has no parameter 'b'"):
        network.to_parameters(y.drop(columns="b"))


def test_an_ensemble_keeps_its_members():
    _, places = assimilated()
    both = xr.DataArray(
        np.stack([places, places[::-1]]), dims=("member", "profile", "parameter"),
        coords={"parameter": list(compas.NAMES), "member": [0, 1]},
    )  # fmt: skip
    found = network.to_parameters(both)
    assert found["q10"].dims == ("member", "site")
    alone = network.to_parameters(pd.DataFrame(places, columns=list(compas.NAMES)))
    np.testing.assert_array_equal(found["q10"].isel(member=0), alone["q10"])
    np.testing.assert_array_equal(found["q10"].isel(member=1), alone["q10"][::-1])


def test_enzymes_on_a_logarithmic_scale_and_tied_to_uptake():
    found, places = assimilated()
    for prior in ("linear", "log"):
        y = network.targets(found, select="all", prior=prior)
        back = network.to_parameters(y, prior=prior)["tau_enz_decay"]
        np.testing.assert_allclose(back, found["estimate"].sel(parameter="tau_enz_decay"))
        np.testing.assert_allclose(y.drop(columns="tau_enz_decay"), places[:, ENZYME_LEFT_OUT])
    np.testing.assert_allclose(10 ** (3 * y["tau_enz_decay"] - 3), back)
    assert network.targets(found.assign_attrs(prior="log"), select="all").equals(y)
    older = network.targets(found.assign_attrs(index="published"), select="all")
    assert older["tau_enz_decay"].equals(older["km_assim"].rename("tau_enz_decay"))
    with pytest.raises(InputError, match="unknown prior 'lin'"):
        network.targets(found, select="all", prior="lin")
    y = pd.DataFrame(places, columns=list(compas.NAMES))
    tied = network.to_parameters(y, enzyme_turnover="tied", prior="log")["tau_enz_decay"]
    np.testing.assert_allclose(tied, 10 ** (3 * y["km_assim"] - 3))


# --- carbon -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def profiles():
    """Twin profiles, their forcing, and the default parameters at all of them."""
    found = observations.twin_profiles(12, seed=1)
    defaults = compas.to_unit("tao2024")
    places = pd.DataFrame(np.tile(defaults, (12, 1)), found["profile"].values, list(compas.NAMES))
    return found, observations.forcing_at(found), places


def test_the_truth_has_an_efficiency_of_one(profiles):
    found, forcing, places = profiles
    first = network.layer_nse(places, found, forcing)
    truth = found.copy()
    truth["carbon_density"] = (("profile", "layer"), first["modelled"].values)
    assert float(network.layer_nse(places, truth, forcing)["nse"]) == 1
    np.testing.assert_array_equal(network.layer_nse(places, truth, forcing)["nse_profile"], 1.0)


def test_carbon_is_that_of_the_steady_state_between_the_nodes(profiles):
    from scipy.interpolate import PchipInterpolator

    found, forcing, places = profiles
    judged = network.layer_nse(places, found, forcing)
    steady = compas.steady_state("tao2024", forcing)
    assert int(judged["infeasible"]) == 0
    observed = found["carbon_density"].values
    for i in range(12):
        curve = PchipInterpolator(steady["depth"].values, steady["soc"].values[i])
        expected = curve(found["depth"].values[i])
        np.testing.assert_allclose(judged["modelled"].values[i], expected, rtol=1e-9)
    square = np.nansum((judged["modelled"].values - observed) ** 2)
    spread = np.nansum((observed - np.nanmean(observed)) ** 2)
    assert float(judged["nse"]) == pytest.approx(1 - square / spread, rel=1e-10)


def test_profiles_are_found_by_their_names(profiles):
    found, forcing, places = profiles
    some = places.iloc[[5, 2]]
    one = network.layer_nse(places, found, forcing)["modelled"].values[[5, 2]]
    np.testing.assert_array_equal(network.layer_nse(some, found, forcing)["modelled"], one)
    other = forcing.isel(site=slice(None, None, -1))  # labelled by the profiles' names
    np.testing.assert_array_equal(network.layer_nse(some, found, other)["modelled"], one)
    with pytest.raises(InputError, match="the observations have no profile 'nowhere'"):
        network.layer_nse(some.rename(index={some.index[0]: "nowhere"}), found, forcing)
    with pytest.raises(InputError, match="forcing has 3 sites for 12 profiles"):
        network.layer_nse(some, found, forcing.isel(site=[0, 1, 2]))


def test_places_without_a_steady_state_are_counted_and_left_out(profiles):
    found, forcing, places = profiles
    bad = places.copy()
    bad.iloc[3, list(compas.NAMES).index("tau_enz_prod")] = 1.0
    bad.iloc[3, list(compas.NAMES).index("tau_enz_decay")] = 0.0
    bad.iloc[3, list(compas.NAMES).index("tau_decom")] = 1.0
    judged = network.layer_nse(bad, found, forcing)
    assert int(judged["infeasible"]) == 1
    assert np.isnan(judged["modelled"].values[3]).all()
    rest = network.layer_nse(places.drop(index=places.index[3]), found, forcing)
    assert float(judged["nse"]) == pytest.approx(float(rest["nse"]), rel=1e-12)


def test_clm5_has_carbon_too(profiles):
    found, forcing, _ = profiles
    defaults = clm5.to_unit("tao2024").clip(0, 1)
    places = pd.DataFrame(np.tile(defaults, (12, 1)), found["profile"].values, list(clm5.NAMES))
    judged = network.layer_nse(places, found, forcing, "clm5")
    assert int(judged["infeasible"]) == 0
    assert (judged["modelled"].values[np.isfinite(judged["modelled"].values)] > 0).all()


# --- the whole way ------------------------------------------------------------------------------


def test_from_profiles_to_the_planet():
    profiles = observations.twin_profiles(60, seed=2)
    planet = teaching_planet((10.0, 10.0))
    x = covariates.frame(profiles, grid=planet, quiet=True)
    rng = np.random.default_rng(0)
    y = pd.DataFrame(rng.uniform(0.2, 0.8, (len(x), 23)), x.index, list(compas.NAMES))
    cells = covariates.frame(planet, quiet=True)
    fitted = network.baseline("ridge", x, y, scaler=covariates.Scaler.of(cells))
    places = fitted.predict(cells, quiet=True)
    parameters = network.to_parameters(places)
    assert parameters.sizes["site"] == places.notna().all(axis=1).sum()


def test_israd_covariates_can_be_learnt_from(data_root):
    data_root("israd")
    data_root("testbed")
    from soilnb.data import open_dataset

    profiles = observations.israd(twin=False)
    x = covariates.frame(profiles, grid=open_dataset("testbed"), quiet=True)
    study = profiles["study"].to_series()
    y = pd.DataFrame({"cold": (x["temperature"] < 10) * 0.5 + 0.2})
    found = network.cross_validate(x, y, "forest", groups=study)
    assert found.nse > 0.8
    assert not found.predicted.isna().all(axis=1).any()
