"""What the README shows in Python is what the package has; what it computes, `pytest` runs."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_every_name_that_a_snippet_uses_exists(snippet):
    tree = ast.parse(snippet)
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    import_module(f"{node.module}.{alias.name}")
                known[alias.asname or alias.name] = getattr(module, alias.name)
    used = {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    of_modules = {(name, attribute) for name, attribute in used if name in known}
    assert known
    assert {(n, a) for n, a in of_modules if not hasattr(known[n], a)} == set()


def test_what_contributing_points_at_is_there():
    root = Path(__file__).parents[2]
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:soilnb|tests|experiments|book)/[\w./]+)`", text))
    assert len(named) > 20
    assert {path for path in named if not (root / path).exists()} == set()


def test_the_paper_cites_all_of_its_list_and_nothing_else():
    text = (ROOT / "paper.md").read_text(encoding="utf-8")
    entries = (ROOT / "paper.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{(\w+)", entries, re.MULTILINE)
    assert set(re.findall(r"@(\w+)", text)) == set(keys)
    assert entries.count("doi = {10.") == len(keys) - entries.count("@book")
