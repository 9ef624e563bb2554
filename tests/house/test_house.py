"""The floors of the house, and what a notebook may not lean on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_a_module_imports_only_from_floors_below_it():
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_notebook_imports_the_pipeline_or_the_command_line(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert "soilnb.pipeline" not in code
    assert "soilnb.cli" not in code


def test_the_lock_holds_every_requirement_and_no_download_address():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = list(project["project"]["dependencies"])
    for extra in ("lab", "book", "cluster", "proda", "dashboard"):
        wanted += project["project"]["optional-dependencies"][extra]
    wanted += project["dependency-groups"]["dev"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
    for requirement in wanted:
        name = requirement.split(">")[0].split("<")[0].split("=")[0].strip().lower()
        assert name.replace("_", "-") in locked, requirement
    assert "://" not in lock
    assert "--hash=sha256:" in lock


def test_kernels_know_no_xarray_and_no_files():
    code = (
        "import sys, soilnb.kernels.mimics;"
        "print([m for m in ('xarray', 'pandas', 'matplotlib', 'netCDF4') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
