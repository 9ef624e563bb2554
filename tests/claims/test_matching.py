"""History matching: the table, the points, and the emulator on a toy model with a known answer."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from experiments import history_matching
from soilnb import claims
from soilnb.claims import emulated, matching
from soilnb.claims.measures import STATEMENTS
from soilnb.parameters import InputError
from soilnb.pore.parameters import RECORDS, resolve

SEED = 0.1


@pytest.fixture(scope="module")
def toy():
    """Two numbers of which break-up decides one and the unit of D the other, with seeds' noise."""
    points = matching.design(96)
    noise = np.random.default_rng(1).normal(0, SEED, (2, len(points)))
    loose = np.log(points["break_factor"])
    wide = (points["diffusion"] == "m2").astype(float)
    values = {"bio-eq": 0.01 * np.exp(loose + noise[0]), "n-leak": 5 * np.exp(wide + noise[1])}
    frame = pd.DataFrame(values, points.index)
    frame.loc[90:, "n-leak"] = np.nan  # points that were cut do not have it
    numbers = pd.DataFrame(
        {"kind": "", "expected": [0.015, 13.6], "error": [0.0005, 0.5]}, ["bio-eq", "n-leak"]
    )
    return points, frame, numbers, emulated.fit(points, frame, numbers["expected"])


def test_every_printed_number_stands_on_one_side():
    table = matching.table()
    matched = [one["id"] for one in table["number"]]
    held_out = [name for names in table["held_out"].values() for name in names]
    assert not set(matched) & set(held_out)
    known = {row["id"]: row for row in claims.rows("rotzer2025")}
    assert set(matched) | set(held_out) <= set(known)
    assert not set(matched) & STATEMENTS
    left = set(known) - {*matched, *held_out, "bio-share"}  # below 1 % whatever is chosen
    reported = {name for name, row in known.items() if row["verdict"] == "reported"}
    assert all(known[name]["strength"] == "by construction" for name in left - reported)


def test_points_fill_the_numbers_and_cross_the_switches():
    points = matching.design(128)
    switches = list(matching.choices("switch"))
    assert len(points[switches].drop_duplicates()) == 128
    pd.testing.assert_frame_equal(points[:40], matching.design(40))
    encoded = emulated.features(points[:32])
    assert encoded.min() >= 0
    assert encoded.max() <= 1
    assert np.abs(np.corrcoef(encoded[:, -len(switches) :].T) - np.eye(len(switches))).max() < 0.1
    assert (points["fine_min"] <= points["fine_max"]).all()


def test_a_point_changes_what_it_says_and_the_default_is_one():
    for _, point in matching.design(16).iterrows():
        changes = matching.parameters(point)
        assert changes["break_other"] == pytest.approx(2.5 * changes["break_organic"])
        resolve({"set": "default", **changes})
    usual = {name: one["default"] for name, one in matching.choices().items()}
    found, default = matching.parameters(usual), resolve("default")
    for name, value in found.items():
        assert value == (default[name] if name in RECORDS else default.options[name])


def test_the_emulator_finds_the_toy_model(toy):
    _points, _values, _numbers, processes = toy
    checked = emulated.check(processes)
    assert (checked["explained"] > 0.85).all()
    assert (checked["inside"] > 0.85).all()
    assert checked.loc["n-leak", "points"] == 90
    assert checked["seed"].between(0.5 * SEED, 1.5 * SEED).all()
    new = matching.design(512)[256:]
    said = emulated.predict(processes, new)
    off = said["mean"]["bio-eq"] - np.log(0.01 * new["break_factor"])
    assert np.abs(off).max() < 3 * SEED
    effects = emulated.main_effects(new, said)
    assert effects.loc["break_factor", "bio-eq"] > 0.8
    assert effects.loc["diffusion", "n-leak"] > 0.8


def test_the_right_choices_are_left(toy):
    points, values, numbers, processes = toy
    new = matching.design(1024)
    said, wanted = emulated.predict(processes, new), emulated.wanted(numbers)
    off = emulated.implausible(said, wanted)
    left = new[~emulated.ruled_out(off.assign(other=off.max(axis=1)), limit=3.0)]
    assert set(left["diffusion"]) == {"m2"}
    assert left["break_factor"].between(0.8, 2.6).all()
    residuals = emulated.residuals(processes, points, values)
    correlation = emulated.together(residuals)
    assert abs(correlation.loc["bio-eq", "n-leak"]) < 0.5  # the toy's seeds are independent
    weight = emulated.posterior(said, wanted, correlation)
    assert weight.sum() == pytest.approx(1)
    assert weight @ new["break_factor"] == pytest.approx(1.5, abs=0.15)
    shares = emulated.shares(new, weight)["weight"]
    assert shares["diffusion", "m2"] > 0.99
    assert 0.2 < shares["gate", "on"] < 0.8  # nothing says anything about it


def test_numbers_that_go_together_count_once(toy):
    _points, _values, numbers, processes = toy
    new = matching.design(256)
    twice = {**processes, "ns-eq": processes["bio-eq"]}
    wanted = emulated.wanted(numbers)
    wanted.loc["ns-eq"] = wanted.loc["bio-eq"]
    said = emulated.predict(twice, new)
    same = pd.DataFrame(np.eye(3), list(twice), list(twice))
    apart = emulated.posterior(said, wanted, same)
    same.loc["bio-eq", "ns-eq"] = same.loc["ns-eq", "bio-eq"] = 0.95
    joined = emulated.posterior(said, wanted, same)
    assert (joined**2).sum() < (apart**2).sum()  # less is known


def test_the_same_emulators_come_from_what_is_kept(toy):
    points, values, numbers, processes = toy
    again = emulated.fit(points, values, numbers["expected"], emulated.theta(processes))
    one, other = (emulated.predict(p, points[:9])["mean"] for p in (processes, again))
    pd.testing.assert_frame_equal(one, other, atol=1e-3)


def test_a_known_spread_of_seeds_is_not_undercut(toy):
    points, values, _numbers, _ = toy
    known = {"bio-eq": 2 * SEED}
    found = emulated.fit(points, values, {"bio-eq": 0.015}, seeds=known)
    assert found["bio-eq"].seed >= 1.999 * SEED


def test_too_few_points_are_refused(toy):
    points, values, numbers, _ = toy
    with pytest.raises(InputError, match="allowed more than 12"):
        emulated.fit(points[:9], values[:9], numbers["expected"])


def test_the_matched_preset_is_a_point_of_the_second_wave_in_round_numbers():
    point = matching.point_of("matched")
    ran = emulated.likeliest(emulated.world(2)).iloc[0]
    for name, one in matching.choices().items():
        if one["kind"] == "switch":
            assert point[name] == ran[name]
        else:
            assert point[name] == pytest.approx(ran[name], rel=0.01)


SMALL = {"shape": (64, 64), "days": 2, "initial_steps": 2, "cut": False}


def test_a_wave_goes_on_where_it_stopped_and_keeps_to_its_design(tmp_path, monkeypatch):
    made = []
    run = history_matching.run_point
    monkeypatch.setattr(
        history_matching, "run_point", lambda *a, **o: made.append(a[1]) or run(*a, **o)
    )
    points = matching.design(2)
    history_matching.make_wave(tmp_path, "wave", points[:1], **SMALL)
    with (tmp_path / "wave.jsonl").open("a") as file:
        file.write('{"number": 1, "poi')  # stopped while it was written
        file.write("\n")
    history_matching.make_wave(tmp_path, "wave", points, **SMALL)
    assert made == [0, 1]
    done = history_matching.rows(tmp_path / "wave.jsonl")
    assert [row["number"] for row in done] == [0, 1]
    assert (tmp_path / "wave" / "0001" / "static.nc").is_file()
    other = points.assign(roughness=0.3)
    with pytest.raises(InputError, match="another design"):
        history_matching.make_wave(tmp_path, "wave", other, **SMALL)
    late = datetime.now() - timedelta(seconds=1)
    history_matching.make_wave(tmp_path, "late", points, late, **SMALL)
    assert not (tmp_path / "late.jsonl").exists()


def test_runs_of_another_model_are_not_gone_on_with(tmp_path, monkeypatch):
    said = {"values": {"pom0": 6.2}}
    monkeypatch.setattr(history_matching, "run_point", lambda *a, **o: said)
    history_matching.check_numbers(tmp_path)
    history_matching.check_numbers(tmp_path)
    said["values"]["pom0"] = 6.3
    with pytest.raises(InputError, match="other numbers now"):
        history_matching.check_numbers(tmp_path)


def test_a_hopeless_point_has_no_static_run(monkeypatch):
    runs = []

    def simulate(scenario, **options):
        runs.append((scenario, options["days"]))

    monkeypatch.setattr(history_matching, "simulate", simulate)
    monkeypatch.setattr(history_matching, "aggregated", lambda *a, **o: None)
    monkeypatch.setattr(history_matching, "measure", lambda found: {"bio-eq": 1e-6})
    found = history_matching.run_point(matching.design(1).loc[0], 0)
    assert runs == [("reference", 200)]
    assert found["days"] == 200


def test_a_dead_soil_is_hopeless_and_counts_as_far_off():
    assert matching.hopeless({"bio-eq": 1e-9, "resp-eq": 0.0, "cue-eq": -1e160})
    assert not matching.hopeless({"bio-eq": 0.015, "resp-eq": 4.8, "cue-eq": 0.289})
    assert np.isfinite(emulated.seen("cue-eq", [-1e160], 0.289)).all()
    assert emulated.natural("bio-eq", emulated.seen("bio-eq", [0.02], 0.015)[0]) == pytest.approx(
        0.02
    )


@pytest.mark.parametrize(("until", "day"), [("23:30", 29), ("00:30", 30), ("22:50", 30)])
def test_a_time_of_the_day_is_the_next_one(until, day):
    night = datetime(2026, 11, 29, 22, 50)
    found = history_matching.next_time(until, night)
    assert (found.day, f"{found:%H:%M}") == (day, until)
