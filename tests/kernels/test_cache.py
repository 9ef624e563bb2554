"""The cache of compiled kernels: never in the way, never wrong, whatever befell its files."""

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import numba
import numpy as np
import pytest
from numba.core import caching
from numba.core.dispatcher import Dispatcher

import soilnb.kernels
from soilnb.kernels import compiler

FOLDER = Path(soilnb.kernels.__file__).parent
ROOT = FOLDER.parents[1]

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="the compiler is off (NUMBA_DISABLE_JIT)"
)

HELPER = """
from soilnb.kernels.compiler import njit

@njit(cache=True)
def twice(x):
    return 2 * x
"""

TOY = """
from helper_of_toy import (
    twice,
)
from soilnb.kernels.compiler import njit

@njit(cache=True)
def outer(x):
    return twice(x) + 1
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Write a kernel that calls into another file; return how to import both anew."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "helper_of_toy.py").write_text(HELPER)
    (tmp_path / "toy_kernel.py").write_text(TOY)
    (tmp_path / "neighbour.py").write_text("x = 1\n")

    def fresh():
        for cached in (compiler.digest, compiler._imported, compiler._say):
            cached.cache_clear()
        for name in ("helper_of_toy", "toy_kernel"):
            spec = importlib.util.spec_from_file_location(name, tmp_path / f"{name}.py")
            module = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
        return module.outer

    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit within a second is an edit
    return fresh


def loaded(kernel, x=3.0, expected=7.0):
    """Call a kernel and say whether it came from the cache."""
    assert kernel(x) == expected
    hits, misses = (sum(c.values()) for c in (kernel.stats.cache_hits, kernel.stats.cache_misses))
    assert hits + misses == 1
    return hits == 1


def kept(folder):
    return sorted(folder.rglob("*.nbc"))


def test_a_kernel_is_compiled_once_and_lies_beside_its_source(toy, tmp_path):
    assert [loaded(toy()), loaded(toy())] == [False, True]
    names = [path.name.split("-")[0] for path in kept(tmp_path / "__pycache__")]
    assert names == ["helper_of_toy.twice", "toy_kernel.outer"]
    assert len(list((tmp_path / "__pycache__").iterdir())) == len(names)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:10],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: b"no compiled kernel" * 100,
        lambda content: content[:-900] + bytes([content[-900] ^ 1]) + content[-899:],
    ],
    ids=["empty", "head", "half", "one byte short", "garbage", "one bit"],
)
def test_a_damaged_file_is_compiled_anew_and_mended(toy, tmp_path, damage, capfd):
    loaded(toy())
    for path in kept(tmp_path):
        path.write_bytes(damage(path.read_bytes()))
    assert [loaded(toy()), loaded(toy())] == [False, True]
    assert capfd.readouterr().err == ""


def test_what_numba_itself_left_there_is_not_read(toy, tmp_path):
    loaded(toy())
    for path in kept(tmp_path):
        path.with_name(f"{path.name.split('.')[0]}.nbi").write_bytes(b"")
    assert loaded(toy())


def test_the_file_of_another_numba_is_not_read(toy, monkeypatch):
    loaded(toy())
    with monkeypatch.context() as older:
        older.setattr(numba, "__version__", "0.1")
        assert not loaded(toy())
    assert [loaded(toy()), loaded(toy())] == [False, True]


def test_the_file_of_another_signature_or_processor_is_not_read(tmp_path):
    files = compiler.KernelFiles(tmp_path / "kernel", b"stamp")
    keys = [("float64", "haswell"), ("float64", "generic"), ("int64", "haswell")]
    for key in keys:
        files.save(key, key)
    assert [files.load(key) for key in keys] == keys
    shutil.copy(files._path(keys[1]), files._path(keys[0]))
    assert files.load(keys[0]) is None
    assert compiler.KernelFiles(tmp_path / "kernel", b"edited").load(keys[1]) is None
    files.flush()
    assert [files.load(key) for key in keys] == [None] * 3


def test_an_edit_of_a_file_that_a_kernel_calls_into_is_seen(toy, tmp_path):
    loaded(toy())
    (tmp_path / "neighbour.py").write_text("x = 2\n")
    assert loaded(toy())
    (tmp_path / "helper_of_toy.py").write_text(HELPER.replace("2 * x", "3 * x"))
    assert not loaded(toy(), expected=10.0)
    assert loaded(toy(), expected=10.0)


def test_a_named_folder_is_used_and_a_bad_one_is_no_obstacle(toy, tmp_path, monkeypatch):
    named = tmp_path / "named"
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(named))
    assert [loaded(toy()), loaded(toy())] == [False, True]
    assert len(kept(named)) == 2
    (tmp_path / "file").write_text("in the way")
    for bad in ("file", "file/below"):
        monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / bad))
        loaded(toy())
    assert len(kept(tmp_path / "__pycache__")) == 2


def test_a_full_disk_costs_time_only(toy, tmp_path, monkeypatch, capfd):
    def write_half(path, content):
        with path.open("wb") as stream:
            stream.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", write_half)
    assert not loaded(toy())
    said = capfd.readouterr().err.splitlines()
    place = tmp_path / "__pycache__"
    assert said == [f"note: compiled kernels: cannot be kept in {place} (No space left on device)"]
    assert list(place.iterdir()) == []


def test_with_no_home_nothing_is_written_into_the_working_directory(toy, monkeypatch):
    monkeypatch.setattr(caching.AppDirs, "user_cache_dir", os.path.join("~", "cache"))
    function = toy().py_func
    assert compiler.InHome.from_function(function, function.__code__.co_filename) is None


# ------------------------------------------------------------------------- in processes


#: Root writes where it may not, unless it gives up the right to.
MODEST = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]


def start(code, folder, modest=False, **environment):
    """Start Python with what is importable from a folder, and with no variable but these."""
    paths = {"PATH": os.defpath, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [*(MODEST if modest and os.geteuid() == 0 else []), sys.executable, "-P", "-c", code],
        env=paths | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process):
    said, complained = process.communicate(timeout=600)
    assert process.returncode == 0, complained
    return said.strip(), complained.splitlines()


@pytest.fixture
def read_only(tmp_path):
    """Make folders that cannot be written, also by root, or skip."""
    if os.name == "nt":
        pytest.skip("rights of POSIX")
    if os.geteuid() == 0 and (
        shutil.which("setpriv") is None
        or subprocess.run([*MODEST, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("root writes everywhere, and setpriv is not there to keep it from that")
    closed = []

    def close(name):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        folder.chmod(0o555)
        closed.append(folder)
        return folder

    yield close
    for folder in closed:
        folder.chmod(0o755)


def test_a_read_only_package_keeps_its_kernels_in_the_temporary_folder(tmp_path, read_only):
    installed = tmp_path / "installed"
    ignored = shutil.ignore_patterns("__pycache__", "papers", "baselines")
    shutil.copytree(ROOT / "soilnb", installed / "soilnb", ignore=ignored)
    for folder in [path for path in (installed / "soilnb").rglob("*") if path.is_dir()]:
        read_only(folder)
    code = """
from soilnb.kernels import depth
assert depth.bernoulli(0.0) == 1.0
print(sum(depth.bernoulli.stats.cache_hits.values()), depth.__file__)
"""
    where = {"HOME": str(read_only("home")), "TMPDIR": str(tmp_path)}

    def compute():
        said, complained = outcome(start(code, installed, modest=True, **where))
        assert said[2:] == str(installed / "soilnb" / "kernels" / "depth.py")
        return int(said[0]), complained

    own = tmp_path / f"soilnb-{os.getuid()}"
    note = "note: compiled kernels: "
    one = f"{note}kept in {own}, as neither the package's folder nor the home is writable"
    assert [compute(), compute()] == [(0, [one]), (1, [one])]
    assert own.stat().st_mode & 0o777 == 0o700
    own.chmod(0o777)  # others could have put machine code there
    none = f"{note}no folder can be written, so that each process compiles them again"
    assert compute() == (0, [none])


def test_four_that_start_at_once_share_one_cache(toy, tmp_path):
    code = "from toy_kernel import outer\nfor x in (3.0, 3): outer(x)"
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    for process in [start(code, paths, HOME=str(tmp_path)) for _ in range(4)]:
        assert outcome(process) == ("", [])
    kernel = toy()
    assert [kernel(x) for x in (3.0, 3)] == [7.0, 7]
    assert len(kernel.stats.cache_hits) == 2
    assert {path.suffix for path in (tmp_path / "__pycache__").iterdir()} == {".nbc"}


# ------------------------------------------------------------------------- the package's kernels


def modules():
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    return [importlib.import_module(f"soilnb.kernels.{name}") for name in names]


def add_squares(two):
    two[0], two[1] = two[0] + two[0] * two[0], two[1] + two[1] * two[1]


@pytest.mark.parametrize("pairs", [True, False])
def test_a_kernel_does_pairs_at_once_if_it_is_told_to(pairs):
    kernel = compiler.njit(add_squares, pairs=pairs)
    two = np.array([1.0, 2.0])
    kernel(two)
    assert two.tolist() == [2.0, 6.0]
    assert ("fmul <2 x double>" in kernel.inspect_llvm(kernel.signatures[0])) == pairs


def test_one_kernel_that_fails_leaves_the_choice_to_the_next(monkeypatch):
    monkeypatch.setattr(numba.config, "SLP_VECTORIZE", 0)
    with pytest.raises(numba.TypingError):
        compiler.njit(add_squares, pairs=True)("a")
    assert numba.config.SLP_VECTORIZE == 0


def test_every_kernel_of_the_package_is_kept_so():
    caches = {
        name: type(kernel._cache)
        for module in modules()
        for name, kernel in vars(module).items()
        if isinstance(kernel, Dispatcher)
    }
    assert len(caches) > 100
    assert caching.FunctionCache not in caches.values()
    assert {caches[name] for name in caches if not name.startswith("_")} == {compiler.KernelCache}


def test_the_sources_of_a_kernel_are_those_that_its_file_reaches_by_imports():
    graph = grimp.build_graph("soilnb", cache_dir=None)
    for module in modules():
        reached = graph.find_upstream_modules(module.__name__) | {module.__name__}
        files = {FOLDER / f"{name.rpartition('.')[2]}.py" for name in reached}
        assert compiler.sources(Path(module.__file__)) == files
