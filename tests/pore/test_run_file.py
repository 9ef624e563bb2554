"""Runs that are kept on disk are made once, and read back as they were, or made again."""

import errno
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from soilnb.jobs import KeepWarning, Store
from soilnb.parameters import InputError
from soilnb.pore import Scenario, aggregated, ensemble, run_file, simulate, simulate_ensemble

FINE = {"share_1_2": 40, "share_2_6": 60, "share_6_20": 0, "share_20_63": 0, "share_63_200": 0}
SMALL = {"days": 8, "shape": (32, 36), "initial_steps": 3, "parameters": FINE}
BOTH = ["ten_pulses", "static"]


def made(scenarios=BOTH, seeds=(3, 1), **options):
    return simulate_ensemble(scenarios, seeds, **{"jobs": 1, "progress": False, **SMALL, **options})


@pytest.fixture
def count(monkeypatch):
    """What is simulated from now on: name of the scenario, seed, and the options."""
    found = []
    one = ensemble._one

    def counted(scenario, seed, options):
        found.append((scenario.name, seed, options))
        return one(scenario, seed, options)

    monkeypatch.setattr(ensemble, "_one", counted)
    return found


def files(folder):
    return sorted(path.name for path in folder.iterdir())


# Made once --------------------------------------------------------------------------------------


def test_what_is_kept_is_read_back_bit_for_bit(tmp_path, count):
    fresh = made(snapshots=(0, 8))
    xr.testing.assert_identical(made(snapshots=(0, 8), folder=tmp_path / "new" / "runs"), fresh)
    assert len(count) == 8
    again = made(snapshots=(0, 8), folder=tmp_path / "new" / "runs")
    assert len(count) == 8
    xr.testing.assert_identical(again, fresh)
    for name, values in fresh.variables.items():
        assert again[name].dtype == values.dtype
        assert again[name].values.tobytes() == values.values.tobytes()
    one = made("static", 1, folder=tmp_path / "new" / "runs").sel(scenario="static", seed=1)
    alone = simulate("static", seed=1, progress=False, **SMALL)
    xr.testing.assert_equal(one.drop_vars(["scenario", "seed"]), alone)
    assert len(count) == 8


def test_processes_write_what_one_process_writes(tmp_path, two_processes):
    fresh = made(jobs=2, folder=tmp_path)
    assert len(files(tmp_path)) == 4
    xr.testing.assert_identical(made(folder=tmp_path), fresh)
    xr.testing.assert_identical(made(), fresh)


def test_an_interrupted_ensemble_goes_on_with_what_is_missing(tmp_path, count, monkeypatch):
    one = ensemble._one

    def stopped(scenario, seed, options):
        if len(count) == 3:
            raise KeyboardInterrupt
        return one(scenario, seed, options)

    with monkeypatch.context() as patch:
        patch.setattr(ensemble, "_one", stopped)
        with pytest.raises(KeyboardInterrupt):
            made(folder=tmp_path)
    assert len(files(tmp_path)) == 3
    data = made(folder=tmp_path)
    assert [task[:2] for task in count] == [
        ("ten_pulses", 3), ("static", 3), ("ten_pulses", 1), ("static", 1),
    ]  # fmt: skip
    xr.testing.assert_identical(data, made())


def test_a_kept_run_serves_shorter_ones_and_grows_for_longer_ones(tmp_path, count, capsys):
    made("static", 1, snapshots=(0, 8), folder=tmp_path)
    for options in (
        {"days": 5},
        {"days": 8, "snapshots": (8,)},
        {"days": 0, "snapshots": (0,)},
    ):
        before = len(count)
        cut = made("static", 1, folder=tmp_path, **options)
        assert len(count) == before
        xr.testing.assert_identical(cut, made("static", 1, **options))
    before = len(count)
    longer = made("static", 1, days=12, snapshots=(5,), folder=tmp_path)
    assert count[before][2]["snapshots"] == (0, 5, 8)
    xr.testing.assert_identical(longer, made("static", 1, days=12, snapshots=(5,)))
    before = len(count)
    made("static", 1, days=10, snapshots=(0, 5, 8), folder=tmp_path)
    more = made("static", 1, days=4, snapshots=(3,), folder=tmp_path)
    assert count[before][2]["days"] == 12  # no day gets lost
    assert more.sizes["time"] == 5
    assert len(count) == before + 1
    assert made("static", 1, days=14, folder=tmp_path).sizes["time"] == 15
    assert len(files(tmp_path)) == 1
    assert capsys.readouterr().err == ""  # nothing was wrong with any file


def test_a_note_is_that_of_the_days_asked_for(tmp_path):
    late = Scenario("late", pulses=(3, 7))
    made(late, 1, days=8, folder=tmp_path)
    run = ensemble.Run(late, seed=1, **SMALL | {"days": 5})
    one = run_file.RunFile(Store(tmp_path), run).read()
    assert "no pulse on day 7" in one.attrs["notes"]
    xr.testing.assert_identical(one, simulate(late, seed=1, progress=False, **SMALL | {"days": 5}))


# Which file -------------------------------------------------------------------------------------


def test_a_scenario_of_the_paper_has_a_plain_name_and_all_else_a_hash(tmp_path):
    def name(scenario="reference", **options):
        return run_file.RunFile(Store(tmp_path), ensemble.Run(scenario, **options)).path.name

    assert name() == "default-reference-0.nc"
    assert name("cn10", seed=4, preset="literal", days=9) == "literal-cn10-4.nc"
    assert name(initial_steps=500, movement=True, shape=(250, 250)) == "default-reference-0.nc"
    others = [
        name(shape=(64, 64)),
        name(initial_steps=150),
        name(movement=False),
        name(parameters={"gate": "off"}),
        name(parameters={"diffusion": 1e-9}),
        name(Scenario("reference", pulses=(100,))),
        name(Scenario("reference", pulses=(200,), shape=(64, 64), parameters={"gate": "off"})),
        name(initial=aggregated((32, 36), 0, FINE, 1)),
        name(initial=aggregated((32, 36), 1, FINE, 1)),
    ]
    assert len(set(others)) == len(others)
    assert all(len(other) == len("default-reference-0.nc") + 13 for other in others)
    assert name(Scenario("../a b")).startswith("default-_a_b-0-")


def test_runs_from_different_states_are_not_mixed_up(tmp_path, count):
    options = {"shape": None, "folder": tmp_path, "initial_steps": None}
    for seed in (0, 1):
        state = aggregated((32, 36), seed, FINE, 1)
        data = made("static", 0, initial=state, **options)
        xr.testing.assert_identical(made("static", 0, initial=state, **options), data)
        assert len(count) == seed + 1


# Files that are no good -------------------------------------------------------------------------


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def no_netcdf(path):
    path.write_text("a letter to a friend")


def nothing_in_it(path):
    path.write_bytes(b"")


def rewritten(path, change):
    with xr.open_dataset(path) as data:
        data = change(data.load())
    data.to_netcdf(path)
    path.write_bytes(run_file.sealed(path.read_bytes()))


def no_pulses(path):
    rewritten(path, lambda data: data.drop_attrs().assign_attrs({**data.attrs, "pulses": "?"}))


def another_run(path):
    rewritten(path, lambda data: data.assign_attrs(seed=2))


def other_sources(path):
    rewritten(path, lambda data: data.assign_attrs(code="0123456789abcdef"))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (cut_short, "cannot be read"),
        (no_netcdf, "cannot be read"),
        (nothing_in_it, "cannot be read"),
        (no_pulses, "cannot be read"),
        (another_run, "is another run"),
        (other_sources, "was made by other sources"),
    ],
)
def test_a_file_that_is_no_good_is_replaced_with_one_line(tmp_path, count, capsys, spoil, reason):
    fresh = made(BOTH, 3, folder=tmp_path)
    [path] = tmp_path.glob("default-static-3-*.nc")
    before = path.stat().st_size
    spoil(path)
    capsys.readouterr()
    again = made(BOTH, 3, folder=tmp_path)
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"note: kept run {path} {reason}")
    assert line.endswith("it is made again")
    assert [task[:2] for task in count[2:]] == [("static", 3)]
    xr.testing.assert_identical(again, fresh)
    assert path.stat().st_size == before
    made(BOTH, 3, folder=tmp_path)
    assert len(count) == 3
    assert capsys.readouterr().err == ""


def test_a_spoilt_bit_is_noticed(tmp_path):
    made("static", 3, folder=tmp_path)
    [path] = tmp_path.iterdir()
    place = run_file.RunFile(Store(tmp_path), ensemble.Run("static", seed=3, **SMALL))
    whole = path.read_bytes()
    assert place.read() is not None
    rng = np.random.default_rng(0)
    for at in rng.choice(len(whole), 200, replace=False):
        spoilt = bytearray(whole)
        spoilt[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(spoilt)
        assert place.read() is None


def test_a_full_disk_loses_nothing_that_was_computed(tmp_path, monkeypatch):
    write = Path.write_bytes

    def full_disk(self, data):
        write(self, data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    fresh = made("static", 3)
    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.warns(KeepWarning, match=r"\w.nc is not kept: No space left on device; it is in"):
        data = made("static", 3, folder=tmp_path)
    xr.testing.assert_identical(data, fresh)
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_refused_before_anything_runs(tmp_path, count):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"folder = '.*file': File exists; allowed a folder"):
        made(folder=tmp_path / "file")
    assert count == []
