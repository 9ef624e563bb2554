"""No code asks for a model by its name, outside of its own file: that is data of its object."""

import ast
from pathlib import Path

import pytest

import soilnb
from soilnb.profile.layered import LayeredModel
from soilnb.profile.model import models

PACKAGE = Path(soilnb.__file__).parent

#: Keys and titles; "depth" is a coordinate too, so of the profile only the title is looked for.
NAMES = {name for key, model in models().items() for name in (key, model.name)} - {"depth"}
#: Names of the kernels' numbers of the models.
CODES = {model.name for model in models().values() if isinstance(model, LayeredModel)}

#: The models' own files. Both layered models share two files of kernels.
OWN = {
    "kernels/layers.py", "kernels/tracer.py", "kernels/mimics.py", "kernels/depth.py",
    *(f"profile/{key}.py" for key in models()), "profile/depth/__init__.py",
    "profile/depth/column.py",
}  # fmt: skip

#: Sides of a comparison that name something, rather than compute it.
PLAIN = ast.Constant | ast.Name | ast.Attribute | ast.Tuple | ast.List | ast.Set


def names(node):
    """Yield what one side of a comparison names of a model: a word, a number, or its object."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and part.value in NAMES:
            yield part.value
        elif isinstance(part, ast.Name) and part.id in CODES | {"MODEL"}:
            yield part.id
        elif isinstance(part, ast.Attribute) and part.attr in CODES | {"MODEL"}:
            yield part.attr


def asks(tree):
    """Yield (line, name) where code decides by the name of a model."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [side for side in (node.left, *node.comparators) if isinstance(side, PLAIN)]
            for name in (name for side in sides for name in names(side)):
                table = name == "MODEL" and isinstance(node.ops[0], ast.In | ast.NotIn)
                if not table:  # a table of that name, of colours for instance
                    yield node.lineno, name
        elif isinstance(node, ast.match_case):
            yield from ((node.pattern.lineno, name) for name in names(node.pattern))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
            yield from ((node.lineno, name) for name in names(node.args[-1]))


def test_no_code_decides_by_the_name_of_a_model():
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = str(path.relative_to(PACKAGE))
        if name not in OWN and (asked := list(asks(ast.parse(path.read_text(encoding="utf-8"))))):
            found[name] = asked
    assert found == {}


@pytest.mark.parametrize(
    "code",
    [
        'if model == "compas": pass',
        "kept = a if s.model is compas.MODEL else b",
        'x = [m for m in found if m in ("MIMICS", "CENTURY")]',
        "pools = 8 if model == kernel.COMPAS else 7",
        "pools = 8 if model != CLM5 else 7",
        'match model:\n    case "rothc" | "icbm":\n        pass',
    ],
)
def test_a_decision_by_name_is_found(code):
    assert list(asks(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        'model = MODELS["compas"]',
        'def maps(model="compas"): pass',
        'depths = "depth" in given',
        "microbes = model.microbes == found",
    ],
)
def test_a_table_or_a_default_is_no_decision(code):
    assert not list(asks(ast.parse(code)))
