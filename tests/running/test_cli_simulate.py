"""``soilnb simulate``: the pore-scale model from the command line."""

import pytest
import xarray as xr
from click.testing import CliRunner

from soilnb.cli import main

SMALL = ["--shape", "64x64", "-p", "initial_steps=5"]


def call(*arguments):
    return CliRunner().invoke(main, ["simulate", *map(str, arguments)])


def test_writes_a_run_with_its_snapshots(tmp_path):
    file = tmp_path / "run.nc"
    done = call("cn10", "--days", 3, "--snapshot", 2, *SMALL, "-o", file)
    assert done.exit_code == 0, done.output
    with xr.open_dataset(file) as data:
        assert list(data["time"].values) == [0.0, 1.0, 2.0, 3.0]
        assert data.sizes["snapshot"] == 1
        assert data.attrs["scenario"] == "cn10"


def test_goes_on_from_a_checkpoint_to_the_same_bits(tmp_path):
    state, whole, parts = (tmp_path / name for name in ("state", "whole.nc", "parts.nc"))
    assert call("reference", "--days", 4, *SMALL, "-o", whole).exit_code == 0
    first = call("reference", "--days", 2, *SMALL, "-o", parts, "--checkpoint", state)
    assert first.exit_code == 0, first.output
    then = call("reference", "--days", 4, *SMALL, "-o", parts, "--resume", state)
    assert then.exit_code == 0, then.output
    with xr.open_dataset(whole) as one, xr.open_dataset(parts) as other:
        for name in one.data_vars:
            assert one[name].equals(other[name]), name


def test_a_file_that_is_there_is_overwritten_by_force_only(tmp_path):
    file = tmp_path / "run.nc"
    file.write_text("the run of last night")
    refused = call("reference", "--days", 1, *SMALL, "-o", file)
    assert refused.exit_code == 1
    assert refused.stderr == f"soilnb: {file} is there already; --force overwrites it\n"
    assert file.read_text() == "the run of last night"
    forced = call("reference", "--days", 1, *SMALL, "-o", file, "--force")
    assert forced.exit_code == 0, forced.output
    with xr.open_dataset(file) as data:
        assert data.sizes["time"] == 2


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["referenc"], 1, "did you mean 'reference'"),
        (["reference", "--preset", "best"], 1, "unknown"),
        (["reference", "-p", "porosity=0.99"], 1, "porosity = 0.99: allowed"),
        (["reference", "-p", "gate"], 2, "not NAME=VALUE"),
        (["reference", "--shape", "64"], 2, "not ROWSxCOLUMNS"),
        (["missing.toml"], 1, "missing.toml"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_file(tmp_path, arguments, status, words):
    file = tmp_path / "run.nc"
    done = call(*arguments, "-o", file)
    assert done.exit_code == status
    assert words in done.output
    assert not file.exists()
    assert "Traceback" not in done.output
