"""The command line as a student meets it: what it prints where, and how it ends."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections import UserList
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import soilnb
from soilnb import claims, data, results
from soilnb.cli import main
from soilnb.parameters import InputError
from soilnb.pipeline import book, fingerprint, runs
from soilnb.profile import forcing

COMMANDS = ("list", "run", "book", "lab", "claims", "data", "check", "copy")


def soilnb_command(*arguments):
    """Call the command line in this process."""
    return CliRunner().invoke(main, arguments)


def one_line(result):
    """Return what a refused command printed; it must be one line on stderr, and status 1."""
    assert result.exit_code == 1, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("soilnb: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def toy(results_root, notebook_folder, write_notebook):
    return write_notebook(notebook_folder, "00_toy", "print(SEED)")


def test_help_names_every_command():
    result = soilnb_command("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.stdout


@pytest.mark.parametrize("name", [*COMMANDS, "data list", "data fetch"])
def test_every_command_has_help_that_is_not_cut_off(name):
    result = soilnb_command(*name.split(), "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")
    summary = soilnb_command(*name.split()[:-1], "--help").stdout
    line = next(line for line in summary.splitlines() if line.startswith(f"  {name.split()[-1]} "))
    assert line.endswith(".")
    assert not line.endswith("...")


def test_version():
    assert soilnb_command("--version").stdout == f"soilnb, version {soilnb.__version__}\n"


def test_list_shows_title_and_state(toy, results_root):
    result = soilnb_command("list")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "notebook  quick    paper    title",
        "00_toy    not run  not run  Title of 00_toy",
    ]
    (results_root / "paper" / "00_toy.failed").mkdir(parents=True)
    assert "not run  failed" in soilnb_command("list").stdout


def test_run_says_what_became_of_each_notebook(toy, notebook_folder, write_notebook, monkeypatch):
    monkeypatch.setattr(fingerprint, "PACKAGE", notebook_folder.parent / "package")
    write_notebook(notebook_folder, "01_broken", "print('first')", "1 / 0  # no soil")
    result = soilnb_command("run", "--jobs", "1", "-p", "SEED=3")
    assert result.exit_code == 1
    table = [line.split()[:2] for line in result.stdout.splitlines()]
    assert table == [["notebook", "state"], ["00_toy", "done"], ["01_broken", "failed"]]
    assert "1 / 0  # no soil" in result.stderr
    assert "ZeroDivisionError: division by zero" in result.stderr
    assert "2/2 notebooks" in result.stderr
    again = soilnb_command("run", "00_toy", "-p", "SEED=3")
    assert again.exit_code == 0
    assert again.stdout.splitlines()[1].startswith("00_toy    up to date  0 s")
    assert again.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "unknown notebook 'nope'; valid: 00_toy"),
        (["-p", "SED=1"], "'SED' (did you mean 'SEED'?); valid: SEED, SHARE, DEEP, SITE"),
        (["-p", "SEED=deep"], "SEED = 'deep': allowed a whole number (default 1)"),
        (["-p", "SIZE=paper"], "set it with --size"),
        (["--time-limit", "-1"], "time limit = -1: allowed more than 0"),
    ],
)
def test_run_refuses_bad_input_in_one_line(toy, results_root, arguments, message):
    assert message in one_line(soilnb_command("run", *arguments))
    assert not results_root.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "-p", "SEED"],
        ["run", "--size", "big"],
        ["run", "--jobs", "0"],
        ["run", "--jobs", "many"],
        ["run", "--nope"],
        ["data", "fetch"],
        ["copy"],
        ["nope"],
    ],
)
def test_wrong_usage_ends_with_2(toy, results_root, arguments):
    result = soilnb_command(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage: " in result.stderr
    assert not results_root.exists()


def test_results_that_cannot_be_written_are_one_line(toy, monkeypatch):
    monkeypatch.setenv("SOILNB_RESULTS", str(toy))
    assert "cannot be written (Not a directory)" in one_line(soilnb_command("run"))


def test_a_data_folder_that_is_no_absolute_path_is_one_line(toy, monkeypatch):
    monkeypatch.setenv("SOILNB_DATA", "data")
    assert "SOILNB_DATA = 'data': allowed an absolute path" in one_line(soilnb_command("run"))


def test_a_system_error_is_one_line_and_a_bug_is_not(toy, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "results/run.json")

    monkeypatch.setattr(runs, "run", full)
    message = one_line(soilnb_command("run"))
    assert message == "soilnb: results/run.json: No space left on device\n"

    def bug(*_, **__):
        raise KeyError("pool")

    monkeypatch.setattr(runs, "run", bug)
    assert isinstance(soilnb_command("run").exception, KeyError)


def test_a_reader_that_goes_away_gets_no_traceback():
    command = f"{shlex.quote(sys.executable)} -m soilnb.cli claims he2024 --json | head -c 5"
    result = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert result.stdout == "[\n {\n"[:5]
    assert "Traceback" not in result.stderr


def test_claims_prints_pure_json(monkeypatch):
    def rows(paper):
        print("a note of a reader")
        return [{"id": "a", "value": np.float64("nan"), "low": np.int64(1), "order": np.True_}]

    monkeypatch.setattr(claims, "rows", rows)
    result = soilnb_command("claims", "he2024", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [{"id": "a", "value": None, "low": 1, "order": True}]
    assert "NaN" not in result.stdout
    assert "a note" in result.stderr


def test_claims_shows_a_table_with_the_cause_of_a_difference(monkeypatch):
    row = {"id": "he-6a", "expected": 0.437, "value": None, "verdict": "not run"}
    other = {"id": "he-6b", "expected": 1 / 3, "value": 0.5, "verdict": "differs", "cause": "why"}
    for each in (row, other):
        each["strength"] = "independent"
    monkeypatch.setattr(claims, "rows", lambda paper: [row, other])
    result = soilnb_command("claims")
    assert result.exit_code == 0
    head, first, second, cause, _, counts, independent, *_ = result.stdout.splitlines()
    assert head.split()[:5] == ["id", "figure", "statement", "expected", "value"]
    assert first.split() == ["he-6a", "0.437", "not", "run", "independent"]
    assert second.split() == ["he-6b", "0.3333", "0.5", "differs", "independent"]
    assert cause == "he-6b differs: why"
    assert counts.split() == ["strength", "same", "near", "differs", "reported", "not", "run"]
    assert independent.split() == ["independent", "0", "0", "1", "0", "1"]


def test_claims_says_a_cause_once_for_all_presets_and_cuts_long_statements(monkeypatch):
    row = {"id": "a", "statement": "long " * 30, "verdict": "differs", "cause": "why"}
    names = ("default", "literal")
    every = [row | {"preset": name, "strength": "order"} for name in names]
    every.append(every[0] | {"id": "b", "cause": "why not"})
    monkeypatch.setattr(claims, "rows", lambda paper: every)
    _, *table = soilnb_command("claims").stdout.splitlines()
    assert [line.split() for line in table[3:5]] == [
        ["a", "(default,", "literal)", "differs:", "why"],
        ["b", "(default)", "differs:", "why", "not"],
    ]
    assert "long …  " in table[0]
    assert max(map(len, table)) < 130


@pytest.mark.parametrize("console", ["gbk", "cp932"])
def test_a_console_that_lacks_a_character_shows_its_number(console, monkeypatch):
    row = {"id": "a", "statement": "a grain of 2 µm moves", "verdict": "same", "strength": "weak"}
    monkeypatch.setattr(claims, "rows", lambda paper: [row])
    result = CliRunner(charset=console).invoke(main, ["claims"])
    assert result.exit_code == 0
    assert b"2 \\xb5m moves" in result.stdout_bytes


def test_the_claims_of_a_paper_are_json_in_earnest():
    result = soilnb_command("claims", "he2024", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert {row["paper"] for row in found} == {"he2024"}
    assert {"id", "expected", "value", "verdict", "data", "notebook"} <= set(found[0])


def test_an_unknown_paper_is_one_line():
    assert "unknown paper 'nope'" in one_line(soilnb_command("claims", "nope"))


def test_data_list_shows_licence_and_state():
    result = soilnb_command("data", "list")
    assert result.exit_code == 0
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["name", "state", "licence", "title"]
    assert {"lter", "testbed", "cue"} <= {row.split()[0] for row in rows}


def test_data_fetch_downloads_what_is_named(monkeypatch, tmp_path):
    fetched = []
    monkeypatch.setattr(data, "fetch", lambda name: fetched.append(name) or tmp_path / name)
    result = soilnb_command("data", "fetch", "testbed", "cue")
    assert fetched == ["testbed", "cue"]
    assert result.stdout == f"testbed: {tmp_path}/testbed\ncue: {tmp_path}/cue\n"


def test_an_unknown_data_set_is_one_line():
    assert "unknown data set 'nope'" in one_line(soilnb_command("data", "fetch", "nope"))


def test_book_says_where_to_open_it(monkeypatch, tmp_path):
    asked = {}
    monkeypatch.setattr(book, "build", lambda **how: asked.update(how) or tmp_path / "index.html")
    result = soilnb_command("book", "--no-run", "--jobs", "1")
    assert result.exit_code == 0
    assert asked == {"run": False, "size": "quick", "jobs": 1, "force": False}
    assert (tmp_path / "index.html").as_uri() in result.stdout


@pytest.fixture
def installed(tmp_path, monkeypatch, write_notebook):
    """The package as pip installs it: no checkout around it, the notebooks inside."""
    inside = tmp_path / "site-packages" / "soilnb" / "_notebooks"
    inside.mkdir(parents=True)
    write_notebook(inside, "00_start_here")
    monkeypatch.setattr(results, "__file__", str(inside.parent / "results.py"))
    monkeypatch.delenv("SOILNB_NOTEBOOKS", raising=False)
    monkeypatch.delenv("SOILNB_RESULTS", raising=False)
    monkeypatch.chdir(tmp_path)
    return inside


def test_book_needs_a_checkout(installed):
    assert "the book needs a checkout" in one_line(soilnb_command("book"))


def test_copy_gives_the_installed_notebooks(installed, tmp_path):
    result = soilnb_command("copy", "mine")
    assert (result.exit_code, result.stdout) == (0, "mine: 1 file copied\n")
    copied = tmp_path / "mine" / "00_start_here.ipynb"
    assert copied.read_bytes() == (installed / "00_start_here.ipynb").read_bytes()
    copied.write_text("my work")
    message = one_line(soilnb_command("copy", "mine"))
    assert "mine holds changed files: 00_start_here.ipynb; --force overwrites them" in message
    assert copied.read_text() == "my work"
    assert soilnb_command("copy", "mine", "--force").exit_code == 0
    assert copied.read_bytes() == (installed / "00_start_here.ipynb").read_bytes()


def test_copy_into_a_file_is_refused(installed, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert soilnb_command("copy", "file").exit_code == 2
    assert "Not a directory" in one_line(soilnb_command("copy", "file/below"))


@pytest.fixture
def opened(monkeypatch):
    """Stand in for JupyterLab or Voilà, and note how it was called."""
    calls = UserList()

    class Lab:
        def __init__(self, command, env):
            calls.append(command)
            calls.environment = env

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def wait(self):
            return 0

        def terminate(self):
            calls.append("ended")

    monkeypatch.setattr(subprocess, "Popen", Lab)
    return calls


def test_lab_opens_the_notebooks_and_passes_options_on(toy, notebook_folder, opened):
    assert soilnb_command("lab", "--no-browser", "--port", "8890").exit_code == 0
    (command,) = opened
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={notebook_folder}" in command
    assert "--LabApp.default_url=/lab/tree/00_toy.ipynb" in command
    assert command[-3:] == ["--no-browser", "--port", "8890"]


def test_lab_works_on_a_copy_of_installed_notebooks(installed, opened, tmp_path):
    result = soilnb_command("lab")
    copy = tmp_path / "soilnb-notebooks"
    assert result.exit_code == 0
    assert str(copy) in result.stderr
    assert f"--ServerApp.root_dir={copy}" in opened[0]
    (copy / "00_start_here.ipynb").write_text("my work")
    assert soilnb_command("lab").exit_code == 0
    assert (copy / "00_start_here.ipynb").read_text() == "my work"


def test_dashboards_are_voilas_with_icons_of_our_own(toy, notebook_folder, opened):
    assert soilnb_command("lab", "--dashboard", "--no-browser").exit_code == 0
    (command,) = opened
    assert command[:4] == [sys.executable, "-m", "voila", "--template=soilnb"]
    assert command[4:] == [str(notebook_folder), "--no-browser"]
    folder = Path(opened.environment["JUPYTER_PATH"].split(os.pathsep)[0])
    assert (folder / "voila" / "templates" / "soilnb" / "index.html.j2").is_file()


def test_dashboards_say_how_to_get_voila(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'soilnb[dashboard]'" in one_line(soilnb_command("lab", "--dashboard"))


def test_lab_says_how_to_get_jupyterlab(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'soilnb[lab]'" in one_line(soilnb_command("lab"))


def test_a_one_line_error_stays_one_line(monkeypatch):
    def refuse(paper):
        raise InputError("carbon = -1:\nallowed 0 or more")

    monkeypatch.setattr(claims, "rows", refuse)
    assert one_line(soilnb_command("claims")) == "soilnb: carbon = -1: allowed 0 or more\n"


def test_data_list_is_a_table_of_the_registry(monkeypatch):
    table = pd.DataFrame({"name": ["lter"], "state": ["local"], "licence": [""], "title": ["t"]})
    monkeypatch.setattr(data, "datasets", lambda: table)
    assert soilnb_command("data", "list").stdout.splitlines()[1].split() == ["lter", "local", "t"]


PITS = """profile;top;bottom;SOC;bulk_density
007;0;10;31;1,1
007;10;30;16;1,3
007;30;60;7;1,4
007;60;100;3;1,5
8;0;10;20;1,2
"""


def test_check_says_what_would_be_understood(tmp_path):
    path = tmp_path / "pits.csv"
    path.write_text(PITS)
    result = soilnb_command("check", str(path), "-c", "organic_carbon=SOC")
    assert result.exit_code == 0
    assert re.search(r"organic_carbon +SOC +g kg-1 +judged +5 +0", result.stdout)
    assert re.search(r"profiles that can be used +1 ", result.stdout)
    assert re.search(r"profiles refused: # layer with organic carbon: needed # or more +1 ",
                     result.stdout)  # fmt: skip
    assert "note: organic_carbon read as g kg-1: soil of" in result.stdout
    result = soilnb_command("check", str(path), "-c", "organic_carbon=SOC", "-u",
                            "organic_carbon=g/kg")  # fmt: skip
    assert "units=" in result.stdout
    refused = "note: 1 of 2 profiles refused: '8' 1 layer with organic carbon: needed 3 or more"
    assert [line for line in result.stdout.splitlines() if "note" in line] == [refused]


def test_check_refuses_in_one_line(tmp_path):
    path = tmp_path / "pits.csv"
    path.write_text(PITS)
    result = soilnb_command("check", str(path))
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "did you mean 'SOC'? then columns={'organic_carbon': 'SOC'}" in result.stderr
    assert soilnb_command("check", str(path), "-c", "SOC").exit_code == 2
    assert soilnb_command("check", "https://example.org/p.csv").exit_code == 1


MONTHS = "month,temperature,precipitation\n" + "".join(f"{m},{m},70\n" for m in range(1, 13))

#: Name and content of a file, options, and what is said of it.
FILES = {
    "scenario": ("s.toml", "pulses = [3, 5]\n", (), r"pulses +2\n"),
    "sites": ("p.csv", "site,temperature,npp\na,9.5,400\nb,8,300\n", (), "degC +8 to 9.5"),
    "months": ("m.csv", MONTHS, (), r"precipitation +mm month-1 +70 to 70"),
    "image": ("i.pbm", "P1 16 16\n" + "01" * 128, ("-c", "pore=255", "-c", "solid=0"),
              r"porosity +0\.500"),
    "no scenario": ("s.toml", "pulses = 'x'\n", (), "day of a pulse = 'x' is not"),
    "parameter": ("s.toml", "[parameters]\nporosity = 7\n", (), "porosity = 7: allowed 0.2 to"),
    "no code": ("i.pbm", "P1 16 16\n" + "01" * 128, (), "image has two values, 0 and 255"),
    "no netCDF": ("f.nc", "CDF\x01 and no more", (), "f.nc is no netCDF file: "),
    "bad site": ("p.csv", "site,temperature,clay\na,9.5,22\n", (), "did you mean 0.22"),
    "pits": ("p.csv", PITS, (), "; here: -c 'organic_carbon=SOC'"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_check_knows_every_kind_of_file(tmp_path, case):
    name, content, options, said = FILES[case]
    path = tmp_path / name
    path.write_text(content)
    result = soilnb_command("check", str(path), *options)
    assert re.search(said, result.output), result.output
    if result.exit_code:
        assert one_line(result)


def test_check_says_what_a_forcing_holds(tmp_path):
    forcing.example("temperate").to_netcdf(tmp_path / "f.nc")
    result = soilnb_command("check", str(tmp_path / "f.nc"))
    assert re.search(r"water_scalar +1 +month x layer +0\.\d+ to 0\.\d+", result.stdout)
