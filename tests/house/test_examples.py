"""What a reader calls has an example; `pytest` runs them, README and CONTRIBUTING too."""

import ast
import doctest
import importlib
import inspect
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from soilnb.profile.model import models

ROOT = Path(__file__).parents[2]

#: Rooms that a reader calls functions of: models, data, and what is said of both.
ROOMS = ("pore", "profile", "cue", "proda", "upscale", "data", "claims", "results")


def python_of(path):
    """Return the Python of a notebook's cells, or of the blocks of a text."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    text = path.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def names_in(sources):
    """Return the full names of what some pieces of code, one after the other, take from soilnb."""
    known, found = {}, set()
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("soilnb"):
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in nodes:
        chain = []
        while isinstance(node, ast.Attribute):
            chain.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id in known:
            found.add(".".join([known[node.id], *chain]))
    return found


def resolve(name):
    """Return what a full name stands for; of a longer chain the last that is a function."""
    parts = name.split(".")
    thing = importlib.import_module(parts[0])
    for k, part in enumerate(parts[1:], 2):
        if isinstance(thing, ModuleType) and not hasattr(thing, part):
            importlib.import_module(".".join(parts[:k]))
        if inspect.isfunction(thing):
            break
        thing = getattr(thing, part, None)
    return thing


@pytest.fixture(scope="module")
def called():
    """Return the functions that packages pass on, and those that notebooks and texts call."""
    names = set()
    for stub in (ROOT / "soilnb").glob("*/__init__.pyi"):
        room = f"soilnb.{stub.parent.name}"
        names |= {f"{room}.{name}" for name in importlib.import_module(room).__all__}
    for path in [*(ROOT / "notebooks").glob("*.ipynb"), ROOT / "README.md"]:
        names |= names_in(python_of(path))
    found = {inspect.unwrap(thing) for name in names if inspect.isfunction(thing := resolve(name))}
    return {
        f"{function.__module__}.{function.__qualname__}": function
        for function in found
        if function.__module__.split(".")[1] in ROOMS
    }


def test_a_reader_calls_functions_of_every_room(called):
    assert {name.split(".")[1] for name in called} == set(ROOMS)


def test_what_a_reader_calls_has_an_example(called):
    """One of two or three lines."""
    assert [name for name, f in called.items() if ">>>" not in (f.__doc__ or "")] == []


@pytest.mark.parametrize("model", sorted(models()))
def test_every_public_function_of_a_model_has_an_example(model):
    module = importlib.import_module(f"soilnb.profile.{model}")
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    public = [node for node in tree.body
              if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]  # fmt: skip
    assert public
    assert [f.name for f in public if ">>>" not in (ast.get_docstring(f) or "")] == []


def test_a_module_lists_no_names():
    """Public is what has no underscore; a package says which names of its modules it passes on."""
    modules = [p for p in (ROOT / "soilnb").rglob("*.py") if p.name != "__init__.py"]
    listed = [p.name for p in modules if "\n__all__ " in p.read_text(encoding="utf-8")]
    assert listed == []


def test_examples_are_found_in_a_text_as_in_its_module(pytestconfig):
    examples = next(p for p in pytestconfig.pluginmanager.get_plugins() if hasattr(p, "documented"))
    for name in ("soilnb.profile.model", "soilnb.claims.measures", "soilnb.cue.definitions"):
        module = importlib.import_module(name)
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        in_text = {name for name, node in examples.documented(tree, name)
                   if ">>>" in ast.get_docstring(node)}  # fmt: skip
        tests = doctest.DocTestFinder(exclude_empty=True).find(module)
        assert in_text == {test.name for test in tests if test.examples}


def test_the_suite_runs_the_examples():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ini = settings["tool"]["pytest"]["ini_options"]
    assert "--doctest-modules" in ini["addopts"]
    assert {"soilnb", "README.md", "CONTRIBUTING.md"} <= set(ini["testpaths"])
