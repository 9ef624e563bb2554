"""What the tests share."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import settings

# The first call of a compiled kernel takes seconds; that is no property of the model.
# Continuous integration draws the same examples each time: what it says is about the change.
# Everywhere else each run searches anew.
settings.register_profile("soilnb", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("soilnb")


@pytest.fixture(autouse=True)
def no_run_under_way(monkeypatch):
    """A test is never part of a run, even when the suite is started by one."""
    for name in ("SOILNB_RUN_DIR", "SOILNB_RUN_SIZE", "SOILNB_RUN_NOTEBOOK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def results_root(tmp_path, monkeypatch):
    """An empty place for results."""
    root = tmp_path / "results"
    monkeypatch.setenv("SOILNB_RESULTS", str(root))
    return root


@pytest.fixture
def notebook_folder(tmp_path, monkeypatch):
    """An empty folder that takes the place of ``notebooks/``."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setenv("SOILNB_NOTEBOOKS", str(folder))
    return folder


@pytest.fixture(scope="session")
def write_notebook():
    """Write a small notebook: a title, a parameters cell, and code cells."""
    return _write_notebook


PARAMETERS = 'SIZE = "quick"  # 20 s = quick\nSEED = 1\nSHARE = 0.5\nDEEP = False\nSITE = "HFR"\n'


def _write_notebook(folder, name, *code, parameters=PARAMETERS):
    cells = [_cell("markdown", f"# Title of {name}"), _cell("code", parameters, ["parameters"])]
    cells += [_cell("code", source) for source in code]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    path = Path(folder) / f"{name}.ipynb"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def _cell(kind, source, tags=()):
    cell = {"cell_type": kind, "metadata": {"tags": list(tags)} if tags else {}, "source": source}
    return cell if kind == "markdown" else cell | {"execution_count": None, "outputs": []}


@pytest.fixture
def data_root():
    """Find the folder of a real data set, or skip and name it."""

    def find(name):
        named = os.environ.get("SOILNB_DATA")
        if not named or not (Path(named) / name).is_dir():
            pytest.skip(f"data set {name!r} is not at hand (SOILNB_DATA)")
        return Path(named) / name

    return find
