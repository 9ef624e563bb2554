"""A function is one thing of the model, a floor holds few modules: both can be read at once."""

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "soilnb"

#: Lines of a function, without its docstring, and Python files in one folder.
LONGEST, MOST = 60, 14

#: Kernels may be longer where a day's work shares its memory.
KERNELS = PACKAGE / "kernels"


def lines(function):
    """Return how many lines a function has, from its name to its end, without its docstring."""
    docstring = ast.get_docstring(function) is not None
    first = function.body[0]
    words = first.end_lineno - first.lineno + 1 if docstring else 0
    return function.end_lineno - function.lineno + 1 - words


def test_no_function_is_longer_than_a_screen():
    long = {
        f"{path.relative_to(PACKAGE)}: {node.name}": length
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(KERNELS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (length := lines(node)) > LONGEST
    }
    assert long == {}


def test_a_floor_holds_few_modules():
    counts = Counter(path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
    assert {folder: n for folder, n in counts.items() if n > MOST} == {}
