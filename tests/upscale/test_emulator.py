"""Emulators of the pore-scale model, its kept runs, and what COMPAS makes of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import pore_runs as experiment
from soilnb.claims import baseline, pore_runs
from soilnb.data import planet as teaching
from soilnb.parameters import InputError
from soilnb.profile import compas, forcing
from soilnb.upscale import emergent, emulator
from soilnb.upscale.emulator import CueEmulator

CN = np.array([10.0, 20.0, 40.0, 80.0, 160.0])
EXPOSED = np.array([0.03, 0.06, 0.12, 0.24])


def logit(share):
    return np.log(share / (1 - share))


def made(noise=0.0, seeds=3, law=None):
    """Runs whose logit is quadratic in the logarithms, with scatter from seed to seed."""
    rng = np.random.default_rng(5)
    cn = xr.DataArray(CN, dims="cn", coords={"cn": CN})
    exposed = xr.DataArray(EXPOSED, dims="structure", coords={"structure": list("abcd")})
    x, y = np.log(cn / 40), np.log(exposed / 0.1)
    wave = -1.0 - 0.3 * x + 0.4 * y - 0.1 * x**2 + 0.2 * x * y + 0.15 * y**2
    wave = wave.expand_dims(seed=seeds).transpose("cn", "structure", "seed")
    share = 1 / (1 + np.exp(-(wave + noise * rng.standard_normal(wave.shape))))
    runs = xr.Dataset({"necromass_share": share, "exposed": exposed.broadcast_like(share)})
    ceiling, kept = law or (0.62, 0.98)
    return runs.assign(cue=np.minimum(ceiling, kept * (share + (1 - share) * 10 / cn)))


def test_a_polynomial_is_found_again_inside_and_between_the_settings():
    found = emulator.fit(made(), "necromass_share")
    expected = 1 / (1 + np.exp(-(-1.0 - 0.3 * np.log(50 / 40) - 0.1 * np.log(50 / 40) ** 2)))
    assert float(found.predict(cn=50.0, exposed=0.1)["mean"]) == pytest.approx(expected, rel=2e-3)
    again = found.predict(cn=np.repeat(CN, 4), exposed=np.tile(EXPOSED, 5))["mean"].values
    assert again == pytest.approx(made()["necromass_share"].mean("seed").values.ravel(), rel=5e-3)


def test_a_setting_that_is_left_out_has_no_say_with_any_seed():
    runs = made(0.05)
    other = runs.copy(deep=True)
    other["necromass_share"].loc[{"cn": 80.0, "structure": "b"}] = 0.9
    labels = ["cn", "structure"]
    one, two = (
        emulator.held_out(r, "necromass_share").set_index(labels).loc[(80.0, "b")]
        for r in (runs, other)
    )
    assert one["predicted"] == pytest.approx(two["predicted"], rel=1e-12)
    assert two["observed"] == pytest.approx(0.9)
    assert two["error"] == pytest.approx(two["predicted"] - 0.9)
    whole = emulator.held_out(other, "necromass_share", leave="structure").set_index(labels)
    same = emulator.held_out(runs, "necromass_share", leave="structure").set_index(labels)
    in_b = whole.index.get_level_values("structure") == "b"
    assert whole.loc[in_b, "predicted"].values == pytest.approx(same.loc[in_b, "predicted"].values)


def test_the_smallest_formula_that_does_it_stands_out():
    table = emulator.candidates(made(0.02)).set_index(["formula", "terms"])
    assert table.loc[("nothing", "constant"), "rmse"] > table.loc[("C/N alone", "linear"), "rmse"]
    law = table.loc["stoichiometry"]
    assert law.loc["quadratic", "rmse"] < 0.5 * law.loc["linear", "rmse"]
    assert law.loc["quadratic", "rmse"] < table.loc[("C/N and exposed", "quadratic"), "rmse"]
    assert law["coefficients"].tolist() == [3, 5, 8, 12]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"cn": 400.0, "exposed": 0.1}, "cn = 400: allowed 10 to 160"),
        ({"cn": 50.0, "exposed": [0.1, 0.01]}, "exposed = 0.01 at site 1: allowed 0.03 to 0.24"),
        ({"cn": np.nan, "exposed": 0.1}, "cn = nan"),
        ({"cn": 50.0}, "exposed: needed"),
        ({"cn": 50.0, "exposed": 0.1, "clay": 3.0}, "unknown input of the emulator 'clay'"),
        ({"cn": 50.0, "exposed": 0.1, "domains": 0}, "domains = 0: allowed 1 or more"),
    ],
)
def test_what_is_outside_the_runs_is_refused_in_one_line(inputs, said):
    found = emulator.fit_cue(made(0.05))
    with pytest.raises(InputError) as error:
        found.predict(**inputs)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(InputError):
        found.draws(3, **inputs)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({"necromass_share": 1.0}, {}, "necromass_share = 1 in the runs: allowed shares"),
        ({"exposed": 0.0}, {}, "exposed = 0 in the runs: allowed values above 0"),
        ({"exposed": 0.1}, {}, "exposed is the same in all runs"),
        ({}, {"terms": "quartic"}, "unknown terms 'quartic'"),
        ({}, {"inputs": ("cn", "clay")}, "unknown variable of the runs 'clay'"),
    ],
)
def test_runs_that_cannot_be_fitted_are_refused(change, options, said):
    runs = made(0.05)
    for name, value in change.items():
        runs[name] = xr.full_like(runs[name], value)
    with pytest.raises(InputError, match=said):
        emulator.fit(runs, "necromass_share", **options)


def test_too_few_settings_no_seed_and_no_ceiling_are_refused():
    runs = made(0.05)
    with pytest.raises(InputError, match="6 settings: allowed more than the 6 terms"):
        emulator.fit(runs.isel(cn=slice(0, 3), structure=slice(0, 2)), "necromass_share")
    with pytest.raises(InputError, match="no dimension seed"):
        emulator.fit(runs.mean("seed"), "necromass_share")
    with pytest.raises(InputError, match="lowest cn = 20"):
        emulator.fit_cue(runs.sel(cn=slice(20, None)))
    with pytest.raises(InputError, match="dimension of the settings 'site'"):
        emulator.held_out(runs, "necromass_share", leave="site")


def test_runs_without_a_number_do_not_count():
    runs = made(0.05)
    runs["necromass_share"][0, 0, 1] = np.nan
    runs["necromass_share"][2, 1, :] = np.nan
    assert emulator.fit(runs, "necromass_share").settings == 19


def test_the_spread_of_draws_is_that_of_the_prediction():
    found = emulator.fit(made(0.2), "necromass_share")
    assert found.seeds == pytest.approx(0.2, rel=0.25)
    place = {"cn": 60.0, "exposed": 0.1}
    for domains in (1, 4, np.inf):
        said = float(found.predict(**place, domains=domains)["logit_sd"])
        drawn = logit(found.draws(4000, 1, **place, domains=domains))
        assert drawn.std() == pytest.approx(said, rel=0.05)
        assert drawn.mean() == pytest.approx(
            logit(float(found.predict(**place)["mean"])), abs=4 * said / 60
        )
    wide, narrow = (found.predict(**place, domains=n) for n in (1, np.inf))
    assert float(narrow["logit_sd"]) < 0.6 * float(wide["logit_sd"])
    assert float(wide["low"]) < float(narrow["low"]) < float(narrow["mean"]) < float(wide["high"])


def test_places_share_the_formula_of_a_draw_and_only_that():
    found = emulator.fit(made(0.2), "necromass_share")
    twice = {"cn": np.array([60.0, 60.0]), "exposed": np.array([0.1, 0.1])}
    shared = found.draws(500, 2, **twice, domains=1e12)
    if found.lack == 0:
        assert shared[:, 0] == pytest.approx(shared[:, 1], rel=1e-5)
    own = logit(found.draws(500, 2, **twice))
    assert abs(np.corrcoef(own.T)[0, 1]) < 0.5


def test_draws_take_an_input_that_differs_from_draw_to_draw():
    found = emulator.fit_cue(made(0.05))
    exposed = np.array([[0.05, 0.1], [0.2, 0.1], [0.1, 0.1]])
    eta = found.draws(3, 0, cn=np.array([80.0, 80.0]), exposed=exposed, domains=1e12)
    assert eta.shape == (3, 2)
    assert eta[1, 0] > eta[0, 0]  # more exposed, more recycled
    with pytest.raises(InputError, match="count = 0"):
        found.recycled.draws(0, cn=50.0, exposed=0.1)


def test_the_law_is_found_again_with_ceiling_and_kept_nitrogen():
    found = emulator.fit_cue(made(0.01, law=(0.58, 0.93)))
    assert found.ceiling == pytest.approx(0.58)
    assert found.kept == pytest.approx(0.93, rel=1e-3)
    assert found.law < 2e-3
    assert emulator.held_out_cue(made(0.01))["error"].abs().max() < 0.02


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.floats(10, 300), st.floats(0.3, 0.9), st.floats(0.5, 1))
def test_more_nitrogen_never_lowers_the_cue(share, cn, ceiling, kept):
    here = emulator.stoichiometric(share, cn, ceiling, kept)
    assert 0 < here <= ceiling
    assert emulator.stoichiometric(share, cn * 1.1, ceiling, kept) <= here
    assert emulator.stoichiometric(min(1.0, share + 0.05), cn, ceiling, kept) >= here - 1e-15


# --- the kept runs ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept():
    return pore_runs.load()


def test_the_kept_runs_are_complete_span_the_shares_and_say_what_made_them(kept):
    assert kept.sizes == {"cn": 6, "structure": 5, "seed": 3}
    assert bool(kept["cue"].notnull().all())
    shares = kept["exposed"].mean(["cn", "seed"]).values
    assert (np.diff(shares) > 0).all()
    assert shares[0] < 0.04
    assert shares[-1] > 0.3
    assert kept.attrs["command"] == pore_runs.COMMAND
    assert json.loads(kept.attrs["settings"])["days"] == 400
    assert pore_runs.load_textures()["clay"].values.tolist() == [3, 8, 19.5, 35, 63]


def test_the_code_still_gives_the_number_of_the_small_run():
    file = pore_runs.kept()
    if baseline.stale(file):
        pytest.skip("the sources of the model have changed since: make the kept runs again")
    assert pore_runs.check() == pytest.approx(file["check"], rel=1e-5)


def test_the_shipped_emulator_predicts_settings_that_it_never_saw(kept):
    error = emulator.held_out_cue(kept)["error"]
    rmse = float(np.sqrt((error**2).mean()))
    table = emulator.candidates(kept)
    assert rmse < 0.025 < 0.6 * table.query("formula == 'C/N alone'")["rmse"].min() + 0.01
    assert rmse < table.query("formula == 'C/N and exposed'")["rmse"].min()


def test_numbers_of_a_run_follow_from_its_series():
    data = pore_runs.run(40, "rods x 1", 3, pore_runs.CHECK)
    found = pore_runs.measure(data, 101)
    late = data.sel(time=slice(101, None))
    respired = float((late.R_G + late.R_M + late.R_O).sum())
    assert found["cue"] == pytest.approx(1 - respired / float(late.f_U.sum()))
    assert found["cue"] <= found["cue_without_overflow"]
    share = found["necromass_share"]
    assert found["cn_released"] == pytest.approx(1 / (share / 10 + (1 - share) / 40))
    assert set(found) == set(pore_runs.QUANTITIES)
    with pytest.raises(InputError, match="unknown structure 'rods'"):
        pore_runs.run(40, "rods", 0)


def test_making_runs_goes_on_where_it_stopped_and_keeps_what_it_made(tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "CN", (20, 60))
    monkeypatch.setattr(experiment, "SEEDS", (0, 1))
    asked = []

    def run(cn, structure, seed):
        asked.append((cn, structure, seed))
        if len(asked) == 7:
            raise KeyboardInterrupt
        return cn + seed

    monkeypatch.setattr(experiment, "run", run)
    names = experiment.QUANTITIES
    monkeypatch.setattr(
        experiment, "measure", lambda value, *_: dict.fromkeys(names, 0.001 * value)
    )
    file = tmp_path / "runs.jsonl"
    with pytest.raises(KeyboardInterrupt):
        experiment.make_runs(file, progress=False)
    with file.open("a") as cut:
        cut.write('{"cn": 60, "struc')  # a line that was not finished
    assert len(asked) == 7
    file.write_text(file.read_text() + "\n")
    rows = experiment.make_runs(file, progress=False)
    assert len(rows) == 2 * (2 * 5 + 5)
    assert len(asked) == len(rows) + 1  # only the interrupted one twice
    monkeypatch.setattr(experiment, "check", lambda: {"cue": 0.3})
    monkeypatch.setattr(baseline, "file", lambda name: tmp_path / f"{name}.json")
    with pytest.raises(InputError, match=r"runs/pores.json is not there"):
        pore_runs.kept()
    experiment.write(rows)
    again = pore_runs.load()
    assert float(again["cue"].sel(cn=60, structure="rods x 3", seed=1)) == pytest.approx(0.061)
    assert again.attrs["stale"] == 0
    baseline.file("runs/pores").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        pore_runs.kept()


# --- COMPAS ----------------------------------------------------------------------------------


def exact(ceiling=0.62):
    """An emulator of CUE without any spread, and one of the exposed share."""
    clay = xr.DataArray([3.0, 10.0, 60.0], dims="clay", coords={"clay": [3.0, 10.0, 60.0]})
    shares = (0.1 * (clay / 20) ** -0.3).expand_dims(seed=2)
    cue = emulator.fit_cue(made(0.0, law=(ceiling, 0.98)))
    line = emulator.fit(xr.Dataset({"exposed": shares}), "exposed", ("clay",), "linear")
    cue = replace(cue, law=0.0, recycled=replace(cue.recycled, lack=0.0, seeds=0.0))
    return cue, replace(line, lack=0.0, seeds=0.0)


@pytest.fixture(scope="module")
def cells():
    grid = teaching.teaching_planet((10.0, 10.0))
    return emergent.planet(grid, exact()[1])


def test_cells_whose_texture_has_no_runs_are_left_out_and_counted():
    world = teaching.teaching_planet((10.0, 10.0))
    narrow = replace(exact()[1], ranges={"clay": (15.0, 30.0)})
    whole, inside = emergent.planet(world), emergent.planet(world, narrow)
    outside = int(((whole["clay"] < 15) | (whole["clay"] > 30)).sum())
    assert 0 < outside == inside.attrs["outside"] < whole.sizes["site"]
    assert inside.sizes["site"] == whole.sizes["site"] - outside
    assert bool(((inside["clay"] >= 15) & (inside["clay"] <= 30)).all())


def test_litter_follows_from_the_class():
    assert emergent.litter_cn(2) == 50.0  # evergreen broadleaf: 25 / 0.5
    assert emergent.litter_cn(np.array([3, 10])).tolist() == [120.0, 100.0]
    with pytest.raises(InputError, match="unknown IGBP class 19"):
        emergent.litter_cn(19)


def test_cells_that_are_all_alike_have_no_pattern(cells):
    cue, exposure = exact()
    same = cells.isel(site=slice(0, 30)).copy()
    same["litter_cn"] = xr.full_like(same["litter_cn"], 80.0)
    same["clay"] = xr.full_like(same["clay"], 20.0)
    found = emergent.world(same, cue, exposure, draws=3, domains=1e12)
    known = found["change"].notnull()
    assert bool(known.any())
    assert float(np.abs(found["change"].where(known)).max()) < 1e-9
    assert float(found["cue"].std("site").max()) < 1e-12


def test_patterns_are_what_they_are_called_and_totals_add_up(cells):
    cue, exposure = exact()
    litter, texture = (
        emergent.world(cells, cue, exposure, pattern=name, draws=2, domains=1e12)
        for name in ("litter alone", "texture alone")
    )
    assert float(litter["exposed"].std("site").max()) < 1e-9
    assert float(texture["exposed"].std("site").min()) > 0.005
    assert float(texture["cue"].std("site").max()) < float(litter["cue"].std("site").min())
    run = compas.steady_state({"eta_doc": litter["cue"].values[0]}, cells)
    stock = run["stock"].sel(to_depth=1.0).where(run["feasible"])
    expected = float((stock * cells["area"].values).sum()) / 1e12
    assert float(litter["total"][0]) == pytest.approx(expected, rel=1e-9)
    assert litter.attrs["infeasible"] == 0
    with pytest.raises(InputError, match="unknown pattern 'climate'"):
        emergent.world(cells, cue, exposure, pattern="climate")


def test_cells_outside_the_runs_are_refused(cells):
    cue, exposure = exact()
    high = cells.assign(litter_cn=xr.full_like(cells["litter_cn"], 300.0))
    with pytest.raises(InputError, match="cn = 300 at site 0: allowed 10 to 160"):
        emergent.world(high, cue, exposure, draws=2)
    with pytest.raises(InputError, match="clay = 90"):
        emergent.world(cells.assign(clay=xr.full_like(cells["clay"], 90.0)), cue, exposure, draws=2)


def test_the_published_cue_gives_the_published_profile():
    place = forcing.example("boreal")
    published = compas.steady_state("tao2024", place)
    eta = compas.PARAMETER_SETS["tao2024"]["eta_doc"]
    found = emergent.profile([eta, 0.4], place)
    assert found["soc"].sel(draw=0).values == pytest.approx(published["soc"].values)
    assert float(found["stock"].sel(to_depth=1.0)[1]) != pytest.approx(
        float(published["stock"].sel(to_depth=1.0))
    )


def test_named_places_keep_their_own_substrate():
    cue, exposure = exact()
    site = forcing.example("tropical")
    found = emergent.handed_over(
        {"rich": (site, 20.0, 20.0), "poor": (site, 120.0, 20.0)}, cue, exposure, draws=20
    )
    assert found["cue"].dims == ("place", "draw")
    rich, poor = (found.sel(place=name) for name in ("rich", "poor"))
    assert float(rich["cue"].min()) > float(poor["cue"].max())
    assert float(rich["stock"].max()) < float(poor["stock"].min())  # COMPAS: more enzymes
    assert isinstance(cue, CueEmulator)
