"""Examples in docstrings, README and CONTRIBUTING: which files are asked, and what they find."""

import ast
import importlib
import sys
from doctest import DocTestParser
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from _pytest import doctest

PACKAGE = Path(__file__).parent / "soilnb"

# For a kind of text that nothing here has, jsonschema builds a grammar: a second in every worker.
sys.modules.setdefault("rfc3987_syntax", None)

#: What a user has set, and an example does not see.
SETTINGS = ("DATA", "NOTEBOOKS", "RUN_DIR", "RUN_SIZE", "RUN_NOTEBOOK")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Look for examples in the package alone, and without importing it."""
    found = yield
    others = [one for one in found if type(one).__name__ != "DoctestModule"]
    if file_path.suffix != ".py" or len(others) == len(found):
        return found
    inside = file_path.is_relative_to(PACKAGE)
    return [*others, *([Examples.from_parent(parent, path=file_path)] if inside else [])]


class Examples(pytest.File):
    """The examples of a module, found in its text: each worker imports what it runs, not all."""

    def collect(self):
        """Yield the docstrings with examples."""
        place = self.path.relative_to(PACKAGE.parent).with_suffix("")
        self.module = ".".join(place.parts).removesuffix(".__init__")
        settings = {
            "verbose": False,
            "optionflags": doctest.get_optionflags(self.config),
            "checker": doctest._get_checker(),
            "continue_on_failure": doctest._get_continue_on_failure(self.config),
        }
        runner, parser = doctest._get_runner(**settings), DocTestParser()
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        for name, node in documented(tree, self.module):
            text, line = ast.get_docstring(node, clean=False), node.body[0].lineno - 1
            if ">>>" in text:
                found = parser.get_doctest(text, {}, name, str(self.path), line)
                yield Example.from_parent(self, name=name, runner=runner, dtest=found)


class Example(pytest.DoctestItem):
    """The examples of one docstring, run in its module."""

    def setup(self):
        """Import the module."""
        self.dtest.globs = dict(vars(importlib.import_module(self.parent.module)))
        super().setup()


def documented(node, name):
    """Yield what has a docstring in a module or class, each with its full name."""
    if ast.get_docstring(node):
        yield name, node
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef | ast.ClassDef):
            parts = documented(inner, f"{name}.{inner.name}")
            yield from parts if isinstance(inner, ast.ClassDef) else islice(parts, 1)


@pytest.fixture(autouse=True)
def place_of_an_example(request):
    """Run an example in an empty folder, with synthetic data; what is not a number is an error."""
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    folder, patch = (request.getfixturevalue(name) for name in ("tmp_path", "monkeypatch"))
    patch.chdir(folder)
    patch.setattr("soilnb.claims._noted", {})
    for name in SETTINGS:
        patch.delenv(f"SOILNB_{name}", raising=False)
    patch.setenv("SOILNB_RESULTS", str(folder / "results"))  # those of this checkout are no answer
    with np.errstate(all="raise", under="ignore"), np.printoptions(suppress=True):
        yield
