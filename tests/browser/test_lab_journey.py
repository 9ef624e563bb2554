"""Journeys of readers in JupyterLab: a slider moves a picture, files of their own are answered."""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pandas as pd
import pytest

from soilnb import pipeline
from soilnb.lessons import your_soil
from soilnb.pipeline import runs

pytestmark = [pytest.mark.notebook, pytest.mark.browser]

TOKEN = "journey"

#: Seconds after which something hangs; on a busy machine everything else only takes long.
HANGS = 600

#: The first picture that is shown; what a reader may keep beside it has a place that is hidden.
PICTURE = "[...document.querySelectorAll('img.widget-image')].find((i) => i.offsetParent)"

SETTINGS = {
    # All cells in the page, also those that are out of sight.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab of its own, with a copy of the notebooks; the address of its workspaces."""
    home = tmp_path_factory.mktemp("lab")
    notebooks = home / "notebooks"
    notebooks.mkdir()
    for path in runs.notebooks():
        shutil.copy(path, notebooks)
    _only_uploads(notebooks / "60_your_soil.ipynb")
    for name, choice in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(choice), encoding="utf-8")
    port = _free_port()
    options = {
        "IdentityProvider.token": TOKEN,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.root_dir": notebooks,
        "LabApp.user_settings_dir": home / "settings",
        "LabApp.workspaces_dir": home / "workspaces",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "VoilaConfiguration.template": "soilnb",
    }
    own = {name: str(home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    own |= {"JUPYTER_DATA_DIR": str(home / "data"), "JUPYTER_RUNTIME_DIR": str(home / "runtime")}
    own["JUPYTER_PATH"] = str(Path(pipeline.__file__).parent / "jupyter")  # as `soilnb lab` does
    command = [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in options.items())]
    with (home / "log.txt").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | own)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api?token={TOKEN}", server, home / "log.txt")
        yield f"{address}/lab/workspaces"
    finally:
        server.terminate()
        server.wait(HANGS)


def _only_uploads(path):
    """Leave out of a notebook what the reader does not need for an upload of pits or an image."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    needed = ("SEED =", "import your_soil", "my_pits =", "my_image =")
    notebook["cells"] = [
        cell
        for cell in notebook["cells"]
        if any(text in "".join(cell["source"]) for text in needed)
    ]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _wait_for(address, server, log, seconds=HANGS):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab does not answer: {log.read_text()[-2000:]}")


def test_an_arrow_key_on_a_slider_changes_the_picture(chromium, lab):
    page, wanted = _run_all(chromium, lab, "00_start_here")
    explorer = page.locator(".jp-OutputArea-output", has=page.locator("img.widget-image")).first
    picture = explorer.locator("img.widget-image:visible").first
    picture.wait_for(state="visible")
    before, words = picture.get_attribute("src"), explorer.inner_text()
    handle = explorer.locator(".widget-slider .noUi-handle").first
    handle.scroll_into_view_if_needed()
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        f"([old]) => {PICTURE}.src !== old",
        arg=[before],
    )
    assert page.evaluate(f"{PICTURE}.naturalWidth") > 0
    page.wait_for_function(
        "([old]) => [...document.querySelectorAll('.jp-OutputArea-output')]"
        ".filter((e) => e.querySelector('img.widget-image'))[0].innerText !== old",
        arg=[words],
    )
    assert (
        page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count()
        == 0
    )
    _answer_opens(page)
    assert wanted == []
    page.close()


def _run_all(chromium, lab, notebook):
    """Open a notebook and run all its cells; returns the page and the errors in it.

    In a workspace of its own, in which no other notebook is open.
    """
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(1000 * HANGS)
    wanted = []
    page.on("pageerror", lambda error: wanted.append(str(error)))
    page.route(
        "**/*",
        lambda route: (
            route.continue_()
            if route.request.url.startswith(("http://127.0.0.1", "data:", "blob:", "ws:"))
            else route.abort()
        ),
    )
    page.goto(f"{lab}/{notebook}/tree/{notebook}.ipynb?token={TOKEN}")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.get_by_text("| Idle").wait_for()
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    return page, wanted


def test_the_list_of_dashboards_asks_nothing_of_the_web(chromium, lab):
    pytest.importorskip("voila")
    page = chromium.new_page()
    page.set_default_timeout(1000 * HANGS)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{lab.removesuffix('/lab/workspaces')}/voila/tree?token={TOKEN}")
    page.get_by_text("00_start_here.ipynb").first.wait_for()
    page.wait_for_load_state("load")
    own = ("http://127.0.0.1", "data:", "blob:")
    assert [address for address in asked if not address.startswith(own)] == []
    page.close()


def _uploaded(page, button, name, kind, content):
    """Upload a file by the button of a widget; returns the output that holds the widget."""
    where = page.locator(".jp-OutputArea-output", has_text=button).first
    with page.expect_file_chooser() as chooser:
        where.locator("button.jupyter-button", has_text=button).first.click()
    chooser.value.set_files({"name": name, "mimeType": kind, "buffer": content})
    return where


def test_who_writes_no_code_gets_a_result_from_a_table_and_an_image(chromium, lab):
    page, wanted = _run_all(chromium, lab, "60_your_soil")
    page.get_by_text("Segmented image").first.wait_for()
    table = pd.read_csv(io.StringIO(your_soil.pits_template()))
    table["organic_carbon"] *= 10
    bare = table.drop(columns="bulk_density").to_csv(index=False).encode()
    pits = _uploaded(page, "Table of soil pits", "pits.csv", "text/csv", bare)
    pits.get_by_role("button", name="organic_carbon in g kg-1").click()
    pits.get_by_text("profiles that can be used").wait_for()
    pits.get_by_role("button", name="Run the models").click()
    pits.get_by_text("Nash–Sutcliffe efficiency of the fit").wait_for()
    pits.locator("img.widget-image").first.wait_for(state="visible")
    picture = your_soil.image_template(64)
    image = _uploaded(page, "Segmented image", "slice.png", "image/png", picture)
    image.get_by_text("allowed codes").wait_for()
    image.get_by_label("What is solid?").or_(image.locator("select")).first.select_option(
        label="bright is solid, grey 128 organic"
    )
    image.get_by_text("64 × 64 voxels").first.wait_for()
    image.get_by_role("button", name="Run the models").click()
    image.get_by_text("mg C per g of soil are respired").wait_for()
    image.locator("img.widget-image").first.wait_for(state="visible")
    assert wanted == []
    page.close()


def _answer_opens(page):
    """An answer is hidden, with its code and output, until its heading is opened."""
    heading = page.locator(".jp-MarkdownCell", has_text="Answer 1").first
    code = page.locator(".jp-CodeCell", has_text="brentq").first
    output = code.locator(".jp-OutputArea-output").first
    output.wait_for(state="attached")
    assert not code.is_visible()
    heading.hover()
    heading.locator(".jp-collapseHeadingButton").first.click()
    output.wait_for(state="visible")
