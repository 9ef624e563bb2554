"""Places in the web where a notebook can be run: what they are told agrees with the house."""

import json
import re
import tomllib
from pathlib import Path

import jinja2
import pytest
import yaml

from soilnb.parameters import InputError
from soilnb.pipeline import book
from soilnb.pipeline.pages import launch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch):
    for name in (launch.REPOSITORY, launch.BRANCH, launch.HUB, launch.BINDER):
        monkeypatch.delenv(name, raising=False)


def settings():
    return yaml.safe_load(book._configuration(ROOT / "book" / "_config.yml", True))


def test_without_a_repository_there_are_no_buttons():
    assert "launch_buttons" not in settings()


def test_a_repository_brings_binder_and_a_hub_its_own_button(monkeypatch):
    monkeypatch.setenv(launch.REPOSITORY, "https://example.org/me/soil/")
    assert settings()["repository"] == {
        "url": "https://example.org/me/soil", "branch": "main", "path_to_book": "",
    }  # fmt: skip
    assert settings()["launch_buttons"]["binderhub_url"] == "https://mybinder.org"
    assert "jupyterhub_url" not in settings()["launch_buttons"]
    monkeypatch.setenv(launch.HUB, "https://hub.example.org")
    assert settings()["launch_buttons"]["jupyterhub_url"] == "https://hub.example.org"


def test_an_address_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv(launch.REPOSITORY, "me/soil")
    with pytest.raises(InputError, match="SOILNB_REPOSITORY = 'me/soil'"):
        launch.settings()


def test_binder_gets_the_extras_that_the_notebooks_need():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    assert conda == [f"python{about['requires-python']}", "pip"]
    [own] = pip["pip"]
    extras = re.fullmatch(r"-e \.\[(.*)\]", own)[1].split(",")
    assert set(extras) <= set(about["optional-dependencies"])
    assert {"lab", "proda"} <= set(extras)
    # repo2docker takes the file at the root unless one of these folders is there
    assert not any((ROOT / name).exists() for name in ("binder", ".binder"))


def test_the_devcontainer_calls_what_the_makefile_has():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    container = json.loads(text)
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert container["postCreateCommand"].split() == ["make", "setup"]
    assert set(re.findall(r"make (\w+)", text)) <= set(targets)
    tag = re.search(r":(\d+)\.(\d+)$", container["image"])
    assert (int(tag[1]), int(tag[2])) >= (3, 11)


def test_dashboards_take_nothing_from_the_web():
    templates = ROOT / "soilnb" / "pipeline" / "jupyter" / "voila" / "templates" / "soilnb"
    links = '<link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/a.css" type="text/css" />'
    base = "{% block notebook_css %}" + links * 2 + "{% endblock %}"
    loader = jinja2.ChoiceLoader(
        [
            jinja2.FileSystemLoader(templates),
            jinja2.DictLoader({"voila/templates/lab/index.html.j2": base}),
        ]
    )
    page = jinja2.Environment(loader=loader).get_template("index.html.j2").render()
    assert not re.search(r'(href|src)="https?:', page)
    for icon in ("play", "pause", "stop", "repeat"):
        assert f".fa-{icon}::before" in page


def test_the_template_of_dashboards_knows_what_voila_takes_from_the_web():
    voila = pytest.importorskip("voila")
    place = Path(voila.__file__).parents[4] / "share" / "jupyter" / "voila" / "templates" / "lab"
    text = (place / "index.html.j2").read_text(encoding="utf-8")
    fetched = re.findall(r'<link[^>]*"(https://[^"]*)"', text)
    assert fetched
    assert all(address.startswith("https://cdn.jsdelivr.net") for address in fetched)
