"""What other runs, killed runs and users have left beside a target never gets into a result."""

import json

import numpy as np
import pytest
import xarray as xr

from soilnb import claims
from soilnb.parameters import InputError
from soilnb.pore import files as pore_files
from soilnb.pore import simulate
from soilnb.pore.files import CheckpointWarning

FINE = {"share_1_2": 40, "share_2_6": 60, "share_6_20": 0, "share_20_63": 0, "share_63_200": 0}
SMALL = {"shape": (32, 36), "initial_steps": 3, "parameters": FINE, "progress": False}
DAYS = (3, 6, 12)


def run(**options):
    return simulate("static", **SMALL | {"days": 12, "snapshots": DAYS} | options)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def whole():
    return run()


@pytest.fixture
def cut(tmp_path):
    """Output and checkpoint of a run that was cut off on day 8; the checkpoint is of day 5."""

    def stop(day):
        if day == 8:
            raise KeyboardInterrupt

    files = {"output": tmp_path / "run.nc", "checkpoint": tmp_path / "state"}
    with pytest.raises(KeyboardInterrupt):
        run(progress=stop, checkpoint_every=5, **files)
    assert left_in(tmp_path) == ["run.nc.parts", "state"]
    return files


def test_a_finished_run_can_be_resumed(cut, whole, tmp_path):
    for _ in range(2):
        with run(resume=cut["checkpoint"], **cut) as data:
            xr.testing.assert_equal(data.load(), whole)
        assert left_in(tmp_path) == ["run.nc", "state"]


def test_another_run_replaces_what_a_cut_run_has_left(cut, tmp_path):
    with run(seed=3, snapshots=(2,), output=cut["output"]) as data:
        xr.testing.assert_equal(data.load(), run(seed=3, snapshots=(2,)))
    assert left_in(tmp_path) == ["run.nc", "state"]


def test_snapshots_of_another_run_are_not_taken_for_ones_own(cut, tmp_path):
    """Its days are the same, its scenario is not."""
    other = tmp_path / "other"
    simulate("static", seed=3, days=5, checkpoint=other, **SMALL).close()
    with pytest.raises(InputError, match=r"snapshots = \[3\]: allowed days after 5"):
        run(seed=3, resume=other, output=cut["output"])
    assert len(left_in(tmp_path / "run.nc.parts")) == 3  # as they were
    with run(seed=3, resume=other, output=cut["output"], snapshots=(12,)) as data:
        xr.testing.assert_equal(data.load(), run(seed=3, snapshots=(12,)))


def test_a_damaged_snapshot_is_missing(cut):
    part = cut["output"].with_name("run.nc.parts") / "day-0000003.npz"
    part.write_bytes(part.read_bytes()[:-50])
    with pytest.raises(InputError, match=r"snapshots = \[3\]"):
        run(resume=cut["checkpoint"], **cut)


@pytest.mark.parametrize("inside", [[], ["letter.txt"], ["day-0000003.npz"]])
def test_a_folder_of_the_user_is_left_alone(tmp_path, inside):
    mine = tmp_path / "run.nc.parts"
    mine.mkdir()
    for name in inside:
        (mine / name).write_text("mine")
    with pytest.raises(InputError, match=r"run\.nc\.parts beside it is not a folder that a run"):
        run(output=tmp_path / "run.nc")
    assert left_in(mine) == inside
    assert left_in(tmp_path) == ["run.nc.parts"]


def test_something_that_a_user_has_put_into_the_parts_is_not_removed(cut, tmp_path):
    (tmp_path / "run.nc.parts" / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="move that folder away"):
        run(resume=cut["checkpoint"], **cut)
    assert (tmp_path / "run.nc.parts" / "letter.txt").read_text() == "mine"


def test_one_file_has_one_purpose(tmp_path):
    file = tmp_path / "one"
    scenario = tmp_path / "mine.toml"
    scenario.write_text('name = "mine"\n')
    for files in (
        {"output": file, "checkpoint": file},
        {"output": file, "checkpoint": tmp_path / "x" / ".." / "one"},
        {"output": file, "resume": file},
        {"scenario": scenario, "output": scenario},
        {"scenario": scenario, "checkpoint": scenario},
    ):
        with pytest.raises(InputError, match="allowed two files"):
            simulate(**{"scenario": "static"} | SMALL | files)
    assert left_in(tmp_path) == ["mine.toml"]


def test_a_second_run_to_the_same_file_is_refused(tmp_path, whole):
    file = tmp_path / "run.nc"

    def second(day):
        if day == 4:
            with pytest.raises(InputError, match="another run is writing it"):
                run(output=file)
            with pytest.raises(InputError, match="another run is writing it"):
                run(checkpoint=file)

    with run(output=file, progress=second) as data:
        xr.testing.assert_equal(data.load(), whole)
    assert left_in(tmp_path) == ["run.nc"]


def test_snapshots_wait_in_memory_when_the_disk_is_full(tmp_path, whole, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with (
        pytest.warns(CheckpointWarning, match=r"snapshot of day .* it waits in memory"),
        run(output=tmp_path / "run.nc") as data,
    ):
        xr.testing.assert_equal(data.load(), whole)
    assert left_in(tmp_path) == ["run.nc"]


def test_a_full_disk_at_the_end_says_where_the_series_are(tmp_path, whole, monkeypatch):
    (tmp_path / "spare").mkdir()
    (tmp_path / "full").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spare"))
    write = xr.Dataset.to_netcdf

    def to_netcdf(self, path, **options):
        if path.parent.name == "full":
            raise OSError(28, "No space left on device")
        return write(self, path, **options)

    monkeypatch.setattr(xr.Dataset, "to_netcdf", to_netcdf)
    with pytest.raises(InputError, match="No space left on device; the time series are in"):
        run(output=tmp_path / "full" / "run.nc")
    [rescued] = (tmp_path / "spare").glob("*/run.nc")
    with xr.open_dataset(rescued) as data:
        xr.testing.assert_equal(data.load(), whole.drop_dims(("snapshot", "y", "x")))


def test_snapshots_that_wait_at_the_end_are_saved_with_the_series(tmp_path, whole, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "spare").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spare"))

    def full(path, *_, **__):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(pore_files, "making", full)
    monkeypatch.setattr(pore_files, "writing", full)
    said = pytest.raises(InputError, match="the time series and snapshots are in")
    with pytest.warns(CheckpointWarning, match="waits in memory"), said:
        run(output=tmp_path / "full" / "run.nc")
    [rescued] = (tmp_path / "spare").glob("*/run.nc")
    with xr.open_dataset(rescued) as data:
        xr.testing.assert_equal(data.load(), whole)


@pytest.mark.parametrize(
    "text",
    ["{}", "3", '"text"', "[1]", "[[]]", '[{"value": 1}]', '[{"id": ["he-6c"], "value": 1}]',
     '[{"id": "he-6c"}]', '[{"id": "he-6c", "value": "x"}]', '[{"id": "he-6c", "value": null}]',
     '[{"id": "he-6c", "value": 1, "a": 2}]', "[" * 20_000, "\x00"],
)  # fmt: skip
def test_claims_of_another_shape_are_one_line(results_root, text):
    [claim] = [row for row in claims.rows("he2024") if row["id"] == "he-6c"][:1]
    folder = results_root / "paper" / claim["notebook"]
    folder.mkdir(parents=True)
    (folder / "claims.json").write_text(text)
    with pytest.raises(InputError, match="run the notebook again") as error:
        claims.rows("he2024")
    assert "\n" not in str(error.value)


def test_claims_that_are_no_more_are_left_out(results_root):
    [claim] = [row for row in claims.rows("he2024") if row["id"] == "he-6c"][:1]
    folder = results_root / "paper" / claim["notebook"]
    folder.mkdir(parents=True)
    note = {"id": "he-6c", "value": 123.5, "data": "published"}
    (folder / "claims.json").write_text(json.dumps([{"id": "gone", "value": 1}, note]))
    values = [row["value"] for row in claims.rows("he2024") if row["id"] == "he-6c"]
    assert 123.5 in values
