"""The papers of the house: licences, citation, change log, environment, hooks."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import soilnb

ROOT = Path(__file__).resolve().parents[2]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads(text("pyproject.toml"))


def test_the_conda_environment_holds_python_pip_and_this_project_only(project):
    environment = yaml.safe_load(text("environment.yml"))
    assert environment["name"] == "soilnb"
    assert environment["channels"] == ["conda-forge"]
    python, pip, own = environment["dependencies"]
    assert python == f"python{project['project']['requires-python']}"
    assert pip == "pip"
    [[install]] = own.values()
    extras = re.fullmatch(r"-e \.\[([\w,]+)\]", install)[1].split(",")
    assert set(extras) <= set(project["project"]["optional-dependencies"])
    assert {"lab", "book"} <= set(extras)


def test_the_lock_is_compiled_from_what_the_environment_names(project):
    recipe = re.search(r"^lock:.*\n((?:\t.*\n)+)", text("Makefile"), re.MULTILINE)[1]
    extras = set(re.findall(r"--extra (\w+)", recipe))
    assert extras == set(project["project"]["optional-dependencies"])
    # bench is built against a library of the system, course asks for a Jupyter of its own
    groups = set(project["dependency-groups"]) - {"bench", "course"}
    assert set(re.findall(r"--group (\w+)", recipe)) == groups
    assert f"--python-version {project['project']['requires-python'].lstrip('>=')}" in recipe


def test_the_oldest_python_is_the_same_everywhere(project):
    oldest = project["project"]["requires-python"].removeprefix(">=")
    assert f"({oldest.replace('.', ', ')})" in text("Makefile")
    assert project["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert f"Python {oldest}" in text("README.md")


def test_both_licences_are_stated_with_what_they_cover(project):
    licence = text("LICENSE")
    assert "BSD 3-Clause License" in licence
    assert "https://creativecommons.org/licenses/by/4.0/" in licence
    for clause in ("1. Redistributions of source", "2. Redistributions in binary", "3. Neither"):
        assert clause in licence
    assert project["project"]["license"] == "BSD-3-Clause AND CC-BY-4.0"


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == soilnb.__version__
    assert citation["authors"] == [{"name": "The soilnb developers"}]
    assert set(citation["license"]) == {"BSD-3-Clause", "CC-BY-4.0"}
    dois = [reference["doi"] for reference in citation["references"]]
    assert len(dois) == len(set(dois)) == 5
    for doi in dois:
        assert f"https://doi.org/{doi}" in text("book/cite.md")


def test_the_change_log_has_this_version_and_what_is_not_released():
    headings = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1].split(" ")[0] == soilnb.__version__


def test_the_npm_lock_holds_hashes_and_no_addresses():
    lock = json.loads(text("package-lock.json"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert "resolved" not in entry, name
        assert entry["integrity"].startswith("sha512-"), name
    assert lock["packages"][""]["dependencies"] == json.loads(text("package.json"))["dependencies"]
    assert "omit-lockfile-registry-resolved=true" in text(".npmrc").splitlines()


@pytest.fixture(scope="module")
def hooks():
    [local] = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert local["repo"] == "local"
    return {hook["id"]: hook for hook in local["hooks"]}


def test_hooks_call_the_tools_of_the_environment_and_need_no_network(hooks, project):
    packages = {".venv/bin/lint-imports": "import-linter"}
    development = [re.split("[<>=]", name)[0] for name in project["dependency-groups"]["dev"]]
    for hook in hooks.values():
        assert hook["language"] == "system"
        tool = hook["entry"].split()[0]
        assert packages.get(tool, Path(tool).name) in development


def test_the_hook_strips_results_and_keeps_tags_and_language(hooks, tmp_path, write_notebook):
    path = write_notebook(tmp_path, "a", "1 + 1")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2"}]
    notebook["cells"][-1]["execution_count"] = 3
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    notebook["metadata"]["papermill"] = {"duration": 1.0}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    entry = hooks["notebooks-without-outputs"]["entry"]
    options = re.findall(r'"([^"]*)"|(\S+)', entry)[1:]
    command = [quoted or plain for quoted, plain in options]
    subprocess.run([sys.executable, "-m", "nbstripout", *command, str(path)], check=True)
    stripped = json.loads(path.read_text(encoding="utf-8"))
    assert stripped["cells"][-1]["outputs"] == []
    assert stripped["cells"][-1]["execution_count"] is None
    assert set(stripped["metadata"]) == {"kernelspec", "language_info"}
    assert stripped["cells"][1]["metadata"] == {"tags": ["parameters"]}
    assert [c["id"] for c in stripped["cells"]] == [c["id"] for c in notebook["cells"]]
