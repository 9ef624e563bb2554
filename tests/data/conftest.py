"""Every test here has its own idea of where data lie: no user folder, no user cache."""

import pytest

from soilnb.data import registry


@pytest.fixture(scope="session")
def maps_cache(tmp_path_factory):
    """One cache for the session, so that the land and zone maps are read once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def no_data_at_hand(monkeypatch, maps_cache):
    monkeypatch.delenv("SOILNB_DATA", raising=False)
    monkeypatch.setenv("SOILNB_CACHE", str(maps_cache))
    monkeypatch.setattr(registry, "_announced", set())
