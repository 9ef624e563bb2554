"""Real data for tests: a test that needs a data set skips, naming it, where it is absent."""

import os
from pathlib import Path

import pytest

#: The folder as the session was started with it (a fixture hides it from the other tests).
FOLDER = os.environ.get("SOILNB_DATA", "")


def use_real(monkeypatch, *names):
    """Point SOILNB_DATA to the real folder, or skip and say which data set is missing."""
    for name in names:
        if not (FOLDER and Path(FOLDER, name).is_dir()):
            pytest.skip(f"data set {name!r} is not in SOILNB_DATA")
    monkeypatch.setenv("SOILNB_DATA", FOLDER)
    return Path(FOLDER)
