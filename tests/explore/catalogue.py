"""Every text of the explorers, found where it is written: what a catalogue must hold."""

import ast
import importlib
import inspect
import re
from pathlib import Path

from matplotlib.text import Text

import soilnb.explore
from soilnb import check, language
from soilnb.explore.base import Explorer, questions
from soilnb.explore.pore import Live

FOLDER = Path(soilnb.explore.__file__).parent

#: Modules with explorers that need no data, so that they can be made.
MODULES = (
    "pools", "cue", "five_models", "layers", "management", "profile", "pore", "pore_to_planet",
    "matching",
)  # fmt: skip

#: What is asked in notebooks that have been translated; their hints are.
ASKED = ("one-pool", "dry-mass", "reach")

#: Words that data bring: names of components, scenarios and groups, and what limits growth.
OF_DATA = ("nitrogen", "carbon", "efficiency")


def written():
    """Return what `translated` is called with, and labels and choices that stand in the code."""
    found = set()
    for path in [*FOLDER.rglob("*.py"), Path(check.__file__)]:
        module = importlib.import_module(
            ".".join(["soilnb", *path.relative_to(FOLDER.parent).with_suffix("").parts])
            .removesuffix(".__init__")
        )  # fmt: skip
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", "")
                if name == "translated":
                    found |= texts(node.args[0])
                elif name == "Control":
                    found |= texts(node.args[0]) | choices(node, vars(module))
    return found


def texts(node):
    """Return the texts that an expression can be, as far as they stand there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return texts(node.body) | texts(node.orelse)
    return set()


def choices(call, names):
    """Return the choices of a control, where names of the module say them."""
    for keyword in call.keywords:
        if keyword.arg == "choices":
            try:
                return set(map(str, eval(ast.unparse(keyword.value), dict(names))))
            except NameError:  # they come with the data
                return set()
    return set()


def asked():
    """Return the questions."""
    found = set()
    for row in questions().values():
        if "question" in row:
            found |= {" ".join(row[key].split()) for key in ("question", "observe", "explain")}
            found |= set(row["options"])
    return found


def of_data():
    """Return words of data that stand within sentences."""
    from soilnb.explore import regressions, sensitivity
    from soilnb.explore.base.player import SPEEDS
    from soilnb.explore.pore.board import PENS, WORDS
    from soilnb.figures import pore as figures
    from soilnb.figures.rotzer2025 import matching, series

    shown = [names for names, *_ in figures.SHOWN.values()]
    looks = {series.LOOKS[name].label.split(" $")[0] for names in shown for name in names}
    components = {name for name, *_ in sensitivity.COMPONENTS.values()}
    labels = {label for _, label in regressions.CARBON.values()}
    of_board = {*PENS, *WORDS}
    return {
        *OF_DATA,
        *looks,
        *components,
        *labels,
        *of_board,
        *(check.QUESTIONS[name].hint for name in ASKED),
        *matching.WORDS.values(),
        *series.NAMES.values(),
        *SPEEDS,
    }


def of_controls(monkeypatch):
    """Return labels and choices of the explorers that need no data, made without a picture."""
    for kind in (Explorer, Live):
        monkeypatch.setattr(kind, "update", lambda self: None)
    found = set()
    for name in MODULES:
        module = importlib.import_module(f"soilnb.explore.{name}")
        for function in vars(module).values():
            if returns_an_explorer(function):
                explorer = function()
                for control in explorer.about.values():
                    found |= {control.label, *map(str, control.choices)}
                found.add(getattr(explorer, "name", ""))
    return found - {""}


def untranslated(figure, code):
    """Return the words of a figure that a catalogue lacks; names and symbols are no words."""
    known = language.catalogue("figures", code)._catalog
    texts = [text.get_text() for text in figure.findobj(Text)]
    parts = [language.figure_key(part) for text in texts for part in text.split(" · ")]
    words = {word for key, unit, _ in parts for word in (key, unit)}
    return {w for w in words if re.search(r"(?<![\w\\{])[a-z]{4,}(?![\w#])", w)} - known.keys()


def returns_an_explorer(function):
    """Return whether a function makes an explorer of nothing."""
    if not inspect.isfunction(function) or function.__name__.startswith("_"):
        return False
    needed = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    made = function.__annotations__.get("return")
    return made in (Explorer, Live, "Explorer", "Live") and not needed
