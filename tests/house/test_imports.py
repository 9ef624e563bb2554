"""What an import brings with it, and that names come when they are asked for."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import soilnb

PACKAGE = Path(soilnb.__file__).parent
LAZY = [f"soilnb.{path.parent.name}" for path in sorted(PACKAGE.glob("*/__init__.pyi"))]

#: What takes a tenth of a second or more to import.
HEAVY = ("IPython", "matplotlib", "numba", "numpy", "pandas", "papermill", "scipy", "xarray")


def heavy_after(code):
    """Return which heavy libraries a fresh process has imported after `code`."""
    tail = f"; import json, sys; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"], ["simulate", "--help"]])
def test_the_command_line_answers_without_any_library(arguments):
    code = f"from soilnb.cli import main; main({arguments!r}, standalone_mode=False)"
    if not arguments:  # click says how to use a group that is given no command, and ends
        code = f"import contextlib\nwith contextlib.suppress(Exception): {code}\n0"
    assert heavy_after(code) == []


@pytest.mark.parametrize("package", LAZY)
def test_a_package_is_imported_without_its_libraries(package):
    assert heavy_after(f"import {package}") == []


def test_only_what_is_used_is_imported():
    assert not {"numba", "xarray"} & set(heavy_after("from soilnb.pore import PRESETS"))


def test_who_starts_runs_draws_nothing():
    heavy = heavy_after("import soilnb.pipeline.runs")
    assert not {"matplotlib", "pandas", "xarray"} & set(heavy)


@pytest.mark.parametrize("package", LAZY)
def test_the_names_of_a_package_are_there(package):
    module = importlib.import_module(package)
    assert module.__all__ == sorted(set(module.__all__))
    assert set(module.__all__) <= set(dir(module))
    assert all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = module.no_such_name


@pytest.mark.parametrize(
    ("module", "name"),
    [("soilnb.pore", "simulate"), ("soilnb.proda", "assimilate"), ("soilnb.cue", "diagnosed")],
)
def test_a_function_is_not_replaced_by_the_file_of_its_name(module, name):
    file = importlib.import_module(f"{module}.{name}")
    assert isinstance(file, ModuleType)
    assert isinstance(getattr(sys.modules[module], name), FunctionType)


def test_the_package_is_a_command_too():
    done = subprocess.run(
        [sys.executable, "-m", "soilnb", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"soilnb, version {soilnb.__version__}\n"
