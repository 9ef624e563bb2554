"""Examples in docstrings, README and CONTRIBUTING: which files are asked, and what they find."""

from pathlib import Path

import numpy as np
import pytest

PACKAGE = Path(__file__).parent / "soilnb"

#: What a user has set, and an example does not see.
SETTINGS = ("DATA", "RESULTS", "NOTEBOOKS", "RUN_DIR", "RUN_SIZE", "RUN_NOTEBOOK")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path):
    """Ask no Python file outside the package for examples: it would be imported for nothing."""
    found = yield
    inside = file_path.suffix != ".py" or file_path.is_relative_to(PACKAGE)
    return found if inside else [one for one in found if type(one).__name__ != "DoctestModule"]


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
    with np.errstate(all="raise", under="ignore"), np.printoptions(suppress=True):
        yield
