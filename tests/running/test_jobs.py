"""One way to write, one store, one map: what is left over, who holds what, what is said."""

import errno
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from soilnb import jobs
from soilnb.parameters import InputError


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def gone():
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left_by(path, pid, machine=None):
    """Let a process have left half of a file."""
    part = jobs.hidden(path)
    machine = machine or jobs._machine()
    part = part.with_name(re.sub(r"\w+-\d+-(\w+\.part)$", rf"{machine}-{pid}-\1", part.name))
    part.write_text("half")
    return part


# Writing ----------------------------------------------------------------------------------------


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with jobs.writing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    with pytest.raises(FileNotFoundError), jobs.writing(path) as part:
        part.with_name("none").rename(part)
    assert path.read_text() == "new"
    assert left_in(tmp_path) == ["table.csv"]


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path):
    (tmp_path / "far").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "far" / "table.csv")
    with jobs.writing(link) as part:
        part.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "far" / "table.csv").read_text() == "new"


def test_what_killed_processes_have_left_goes_with_the_next_write(tmp_path, gone):
    path, beside = tmp_path / "a.nc", tmp_path / "a.nc.more"
    left_by(path, gone)
    folder = left_by(path, gone)
    folder.unlink()
    folder.mkdir()
    (folder / "part").touch()
    kept = {
        left_by(path, os.getpid()).name,  # of a process that is at work
        left_by(beside, gone).name,  # of another file
        left_by(path, gone, machine="abcdef").name,  # of another machine, just now
    }
    with jobs.writing(path) as part:
        part.touch()
    assert set(left_in(tmp_path)) == {"a.nc", *kept}


def test_a_number_that_another_process_has_now_is_no_sign_of_life(tmp_path):
    path = tmp_path / "a.nc"
    part = left_by(path, os.getpid())
    os.utime(part, (time.time() - 1e6,) * 2)
    other = left_by(path, 1, machine="abcdef")
    os.utime(other, (time.time() - 1e6,) * 2)
    jobs.sweep(path)
    assert left_in(tmp_path) == []


def test_a_folder_takes_its_place_when_it_is_complete(tmp_path):
    target = tmp_path / "data"
    for text in ("one", "two"):
        with jobs.making(target) as part:
            (part / "file").write_text(text)
        assert (target / "file").read_text() == text
    with pytest.raises(OSError, match="full"), jobs.making(target) as part:
        raise OSError(errno.ENOSPC, "full")
    assert left_in(tmp_path) == ["data"]
    assert (target / "file").read_text() == "two"


def test_two_that_put_a_folder_in_place_at_once_leave_one_whole(tmp_path, monkeypatch):
    """Another process comes between the two renames."""
    target, part, other = (tmp_path / name for name in ("data", "part", "other"))
    for folder in (target, part, other):
        folder.mkdir()
        (folder / folder.name).touch()
    replace, seen = os.replace, []

    def with_another(old, new):
        if old == part and not seen:
            seen.append(replace(other, target))
        return replace(old, new)

    monkeypatch.setattr(os, "replace", with_another)
    jobs.put_in_place(part, target)
    assert left_in(tmp_path) == ["data"]
    assert left_in(target) == ["part"]


# Holding ----------------------------------------------------------------------------------------

HOLDS = """
import sys
from soilnb import jobs
with jobs.claim("output", sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_file_is_held_by_one_run_and_free_again_when_that_is_killed(tmp_path):
    path = tmp_path / "run.nc"
    command = [sys.executable, "-c", HOLDS, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=r"another run is writing it"), jobs.claim("o", path):
            pass
        process.kill()
    with jobs.claim("output", path), pytest.raises(InputError), jobs.claim("output", path):
        pass
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none/run.nc", "allowed a file in a folder that exists"),
        ("folder", "allowed a file, this is a folder"),
        ("x" * 254, "File name too long; allowed a file that can be written"),
        ("a\0b", "null"),
    ],
)
def test_a_target_that_cannot_be_written_is_found_before_anything_runs(tmp_path, name, message):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=message), jobs.claim("output", tmp_path / name):
        pass
    assert left_in(tmp_path) == ["folder"]


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no devices")
def test_a_device_is_no_target():
    with pytest.raises(InputError, match="this is a device"), jobs.claim("output", "/dev/null"):
        pass


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_folder_that_takes_no_file_is_one_line(tmp_path, monkeypatch, number):
    def touch(self, *_, **__):
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "touch", touch)
    with pytest.raises(InputError, match=os.strerror(number)):
        jobs.check_target("output", tmp_path / "run.nc")
    with pytest.raises(InputError, match=f"folder = .*{os.strerror(number)}; allowed a folder"):
        jobs.Store(tmp_path).prepare()


# A store ----------------------------------------------------------------------------------------


def test_a_store_gives_back_what_has_the_key_and_counts_the_others(tmp_path, gone):
    (tmp_path / "store").mkdir()
    left_by(tmp_path / "store" / "a.npz", gone)
    (tmp_path / "store" / ".mine").touch()
    store = jobs.Store(tmp_path / "store")
    assert left_in(store.folder) == [".mine"]
    assert store.read("a.npz", "1") is None
    store.write("a.npz", "1", {"depth": np.arange(3)})
    assert store.read("a.npz", "1")["depth"].tolist() == [0, 1, 2]
    assert store.others == 0
    assert store.read("a.npz", "2") is None
    whole = (store.folder / "a.npz").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(50):
        bad = bytearray(whole)
        bad[rng.integers(len(bad))] ^= 1 << int(rng.integers(8))
        (store.folder / "a.npz").write_bytes(bad)
        found = store.read("a.npz", "1")
        assert found is None or found["depth"].tolist() == [0, 1, 2]
    assert store.others > 20


def test_a_full_disk_is_a_warning_that_says_where_the_result_is(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.warns(jobs.KeepWarning, match=r"a.npz is not kept: No space .* in the result of"):
        jobs.Store(tmp_path).write("a.npz", "1", {})
    assert left_in(tmp_path) == []


# A map ------------------------------------------------------------------------------------------


def third_is_interrupted(k):
    if k == 2:
        raise KeyboardInterrupt
    return k


def test_an_interrupt_says_how_far_it_came_and_what_is_kept():
    tasks = {k: (k,) for k in range(4)}
    with pytest.raises(KeyboardInterrupt, match="2 of 4 runs; nothing is kept without folder="):
        jobs.complete(third_is_interrupted, tasks, unit="run", jobs=1)
    seen = []
    with pytest.raises(KeyboardInterrupt, match="after 3 of 5 runs; the same call goes on from"):
        jobs.complete(
            third_is_interrupted,
            tasks,
            {9: "there"},
            unit="run",
            jobs=1,
            on_result=lambda *found: seen.append(found),
            tell=lambda key, _: seen.append(key),
        )
    assert seen == [9, (0, 0), 0, (1, 1), 1]


def test_what_is_there_is_not_made_again():
    made = []
    found = jobs.complete(made.append, {0: (0,), 1: (1,)}, {0: "there"}, unit="run", jobs=1)
    assert found == {0: "there", 1: None}
    assert made == [1]


def test_a_library_that_calls_a_full_disk_by_another_name_is_translated(tmp_path, monkeypatch):
    usage = jobs.shutil.disk_usage(tmp_path)
    for free, said in ((0, "No space left on device"), (10**9, "HDF error")):
        monkeypatch.setattr(
            jobs.shutil, "disk_usage", lambda _, free=free: usage._replace(free=free)
        )
        with pytest.raises((OSError, RuntimeError), match=said), jobs.writing(tmp_path / "a"):
            raise RuntimeError("HDF error")
    assert left_in(tmp_path) == []
