"""Which files of the package a notebook can reach: by imports, in whatever form they are written.

grimp knows what a module imports, also inside functions. Added to that are the stubs of packages
that import lazily, and modules that are named in a string (``import_module("soilnb.pore")``).
What can only be known when it runs reaches everything.
"""

import ast
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import grimp

#: What stands above the runs, and which no notebook imports.
ABOVE = ("__main__", "cli", "pipeline")

#: Folders of the package that hold nothing of it.
NOISE = ("__pycache__", "_notebooks")

#: Calls that import what no reader of the text can know.
UNKNOWN = re.compile(
    r"(?<![\w.])(?:exec|eval|run_path|run_module|(?:importlib\.)?(?:import_module|__import__)"
    r"(?!\(\s*f?[\"'][\w.]))\("
)


def files(cells: Iterable[str], package: Path) -> list[Path]:
    """Return the files of a package that code can reach: modules, their stubs, and their data."""
    found = sorted(_found(package))
    try:
        named = {name for cell in cells for name in _named(cell, package.name)}
    except _UnknownImportError:
        return found
    if not named:
        return []
    state = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in found)
    modules = _reached(frozenset(named), package, state)
    return [path for path in found if modules is None or _module(path, package) in modules]


class _UnknownImportError(Exception):
    """What is imported is only known when it runs."""


def _found(package: Path) -> Iterator[Path]:
    """Yield the files of a package that count: no noise, and not what no notebook imports."""
    for folder, below, names in os.walk(package):
        below[:] = [n for n in below if n not in NOISE and not n.startswith(".")]
        if folder == str(package):
            below[:] = [n for n in below if n not in ABOVE]
            names = [n for n in names if n.removesuffix(".py") not in ABOVE]
        yield from (Path(folder, n) for n in names if n not in NOISE and not n.startswith("."))


@lru_cache(maxsize=4096)
def _module(path: Path, package: Path) -> str:
    """Return the module that a file holds, or the package that a file of data belongs to."""
    inside = path.relative_to(package.parent)
    if path.suffix in (".py", ".pyi"):
        parts = inside.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    folder = path.parent
    while folder != package and not (folder / "__init__.py").is_file():
        folder = folder.parent
    return ".".join(folder.relative_to(package.parent).parts)


def _named(source: str, package: str) -> Iterator[str]:
    """Yield what a text imports of the package or names in a string."""
    if UNKNOWN.search(source):
        raise _UnknownImportError
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic of IPython, which may import
        raise _UnknownImportError from None
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = re.findall(rf"\A{package}(?:\.\w+)*\.?\Z", node.value)
        yield from (name for name in names if name.split(".")[0] == package)


@lru_cache(maxsize=32)
def _reached(names: frozenset[str], package: Path, state: tuple) -> set[str] | None:
    """Return the modules that names of the package lead to; None for all of them."""
    graph, lazy, unknown = _graph(package, state)
    start = {module for name in names for module in _meant(name, graph.modules)}
    found = start.union(*(graph.find_upstream_modules(name) for name in start))
    above = {".".join(name.split(".")[:n]) for name in found for n in range(1, name.count(".") + 1)}
    return None if unknown & found else found | (above & lazy) | {package.name}


def _meant(name: str, modules: set[str]) -> set[str]:
    """Return the module that a name is, or is in; all below it where the name goes on."""
    if name.endswith("."):  # f"soilnb.profile.{model}"
        return {module for module in modules if f"{module}.".startswith(name)}
    while name not in modules:
        name = name.rpartition(".")[0]
    return {name}


@lru_cache(maxsize=2)
def _graph(package: Path, state: tuple) -> tuple[grimp.ImportGraph, set[str], set[str]]:
    """Return who imports whom, the packages that import lazily, and who imports the unknown."""
    graph = grimp.build_graph(package.name, cache_dir=None)
    lazy, unknown = {package.name}, set()
    for path in (path for path, *_ in state if path.suffix in (".py", ".pyi")):
        module, text = _module(path, package), path.read_text(encoding="utf-8")
        if path.suffix == ".pyi":
            lazy.add(module)
            names = [f"{module}.{name}" for name in _of_stub(text)]
        else:
            names = re.findall(rf"[\"']({package.name}(?:\.\w+)*\.?)[\"'{{]", text)
            if UNKNOWN.search(text):
                unknown.add(module)
        for imported in {m for name in names for m in _meant(name, graph.modules)} - {module}:
            graph.add_import(importer=module, imported=imported)
    for module in graph.modules - {package.name}:
        above = module.rpartition(".")[0]
        if above not in lazy:  # its __init__ runs first
            graph.add_import(importer=module, imported=above)
    return graph, lazy, unknown


def _of_stub(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            yield from ([node.module] if node.module else [alias.name for alias in node.names])
