"""What a notebook can reach by imports, and so what makes its run out of date."""

import json
from pathlib import Path

import pytest

import soilnb
from soilnb.pipeline import fingerprint, reach

PACKAGE = Path(soilnb.__file__).parent
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

#: A small house with every way of importing.
HOUSE = {
    "__init__.py": "",
    "cli.py": "from toyhouse import figures",
    "pipeline/__init__.py": "",
    "base.py": "x = 1",
    "lone.py": "x = 1",
    "late.py": "def f():\n    from toyhouse.base import x\n    return x",
    "named.py": "import importlib\nm = importlib.import_module('toyhouse.base')",
    "chosen.py": "import importlib as i\ndef f(x):\n    i.import_module(f'toyhouse.shop.{x}')",
    "unknown.py": "import importlib\ndef f(x):\n    return importlib.import_module(x)",
    "figures/__init__.py": "",
    "figures/one.py": "from toyhouse import base",
    "figures/two.py": "from toyhouse.figures import one",
    "shop/__init__.py": "import lazy_loader\n",
    "shop/__init__.pyi": "from .till import pay\nfrom . import shelf",
    "shop/till.py": "",
    "shop/shelf.py": "",
    "shop/cellar.py": "",
    "shop/prices/low.toml": "",
    "eager/__init__.py": "from toyhouse.lone import x",
    "eager/inside.py": "",
    "eager/table.csv": "",
}


@pytest.fixture
def house(tmp_path, monkeypatch):
    package = tmp_path / "toyhouse"
    for name, text in HOUSE.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "base.nbc").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return package


def reached(package, *cells):
    return {path.relative_to(package).as_posix() for path in reach.files(cells, package)}


EVERYTHING = set(HOUSE) - {"cli.py", "pipeline/__init__.py"}
SHOP = {"shop/__init__.py", "shop/__init__.pyi", "shop/prices/low.toml"}


@pytest.mark.parametrize(
    ("cell", "files"),
    [
        ("import numpy\ntoyhouse = 2", None),
        ("import toyhouse", set()),
        ("from toyhouse import base", {"base.py"}),
        ("import toyhouse.base as b", {"base.py"}),
        ("def f():\n    from toyhouse.base import x", {"base.py"}),
        ("from toyhouse import late", {"late.py", "base.py"}),
        ("from toyhouse import named", {"named.py", "base.py"}),
        ("from toyhouse.figures import one", {"figures/__init__.py", "figures/one.py", "base.py"}),
        (
            "from toyhouse.figures import two",
            {"figures/__init__.py", "figures/one.py", "figures/two.py", "base.py"},
        ),
        ("from toyhouse.shop import till", {*SHOP, "shop/till.py"}),
        ("from toyhouse.shop import pay", {*SHOP, "shop/till.py", "shop/shelf.py"}),
        ("from toyhouse import shop\nshop.pay", {*SHOP, "shop/till.py", "shop/shelf.py"}),
        (
            "from toyhouse import chosen",
            {*SHOP, "chosen.py", "shop/till.py", "shop/shelf.py", "shop/cellar.py"},
        ),
        (
            "from toyhouse.eager import inside",
            {"eager/__init__.py", "eager/inside.py", "eager/table.csv", "lone.py"},
        ),
        ("import importlib\nimportlib.import_module('toyhouse.base')", {"base.py"}),
        ("import importlib\nimportlib.import_module('numpy')", None),
        ("import importlib\nimportlib.import_module(name)", EVERYTHING),
        ("from toyhouse import unknown", EVERYTHING),
        ("exec(text)", EVERYTHING),
        ("model.eval()", None),
        ("%run other.py", EVERYTHING),
    ],
)
def test_a_cell_reaches(house, cell, files):
    assert reached(house, "x = 1", cell) == (set() if files is None else files | {"__init__.py"})


def test_an_edit_is_seen_by_the_same_process(house):
    cell = "from toyhouse import lone"
    assert reached(house, cell) == {"__init__.py", "lone.py"}
    (house / "lone.py").write_text("from toyhouse import base")
    assert reached(house, cell) == {"__init__.py", "lone.py", "base.py"}


@pytest.mark.parametrize(
    ("edited", "counts"),
    [("base.py", True), ("late.py", True), ("lone.py", False), ("figures/one.py", False)],
)
def test_a_run_is_out_of_date_when_what_it_reaches_is_edited(
    house, edited, counts, notebook_folder, write_notebook, monkeypatch
):
    monkeypatch.setattr(fingerprint, "PACKAGE", house)
    path = write_notebook(notebook_folder, "00_toy", "from toyhouse import late")
    before = fingerprint.fingerprint(path, {}, "quick")
    (house / edited).write_text(HOUSE[edited] + "\ny = 3\n")
    assert (fingerprint.fingerprint(path, {}, "quick") != before) == counts


def test_a_figure_of_one_paper_makes_its_own_notebooks_run_again():
    """The house as it stands: an edit of a figure module is no edit of all notebooks."""
    who, text = {}, {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        files = reached(PACKAGE, *code)
        assert {"__init__.py", "figures/style.py", "explore/base/__init__.py"} <= files
        assert not {name for name in files if name.startswith(("cli", "pipeline/"))}
        text[path.stem] = "\n".join(code)
        for name in files:
            who.setdefault(name, set()).add(path.stem)
    for name in ("luo2025", "management"):
        importing = {stem for stem, code in text.items() if f"figures import {name}" in code}
        assert who[f"figures/{name}.py"] == importing
        assert len(importing) < 3
