"""Runs of small notebooks through papermill, and what is refused before anything runs."""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from soilnb import results
from soilnb.parameters import InputError
from soilnb.pipeline import fingerprint, notebooks, runs, worker

#: Seconds after which something hangs; on a busy machine everything else only takes long.
HANGS = 600

#: The fixture `first` puts this out of the way.
WARM_UP = runs._warm_up

SAVES = """\
import os, sys
import pandas as pd
from matplotlib.figure import Figure
from soilnb import results
figure = Figure()
figure.subplots().plot([0, SEED])
results.save(figure, "toy-fig1", alt="a line")
results.save(pd.DataFrame({"seed": [SEED]}), "toy-table1")
print(SIZE, SEED, SHARE, DEEP, SITE, sys.executable, os.listdir("."), sep="|")
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory, write_notebook):
    """One run of two good notebooks and three bad ones side by side, over older results."""
    place = tmp_path_factory.mktemp("first")
    folder = place / "notebooks {0}"  # papermill reads braces in a path as a template
    folder.mkdir()
    write_notebook(folder, "00_good", SAVES)
    saves = "import pandas as pd\nfrom soilnb import results\nresults.save(pd.Series([1]), 'part')"
    write_notebook(folder, "10_broken", saves, "x = 1\nraise ValueError('no\\nlight')", "x = 2")
    write_notebook(folder, "20_killed", "import os\nos._exit(3)")
    write_notebook(folder, "30_after", "print(SITE)")
    for old in ("00_good", "10_broken", "10_broken.failed", "30_after.failed"):
        (place / "results" / "quick" / old).mkdir(parents=True)
        (place / "results" / "quick" / old / "old.csv").touch()
    hostile = place / "jupyter" / "kernels" / "python3"
    hostile.mkdir(parents=True)
    spec = {"argv": ["/bin/false"], "display_name": "another Python", "language": "python"}
    (hostile / "kernel.json").write_text(json.dumps(spec))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOILNB_NOTEBOOKS", str(folder))
        patch.setenv("SOILNB_RESULTS", str(place / "results"))
        patch.setenv("JUPYTER_PATH", str(place / "jupyter"))
        patch.setenv("MPLBACKEND", "agg")
        patch.setattr(runs, "_warm_up", lambda *_: None)
        patch.setattr(fingerprint, "PACKAGE", folder)  # that the package counts, see below
        yield {r.notebook: r for r in runs.run(jobs=2)}


def text_of(path):
    cells = json.loads(Path(path).read_text())["cells"]
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    return "".join("".join(output.get("text", "")) for output in outputs)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_good_notebook_leaves_everything_it_saved(first):
    run = first["00_good"]
    assert (run.state, run.ok, run.error) == ("done", True, "")
    figures = ["toy-fig1.png", "toy-fig1.svg", "toy-table1.csv"]
    assert left_in(run.folder) == ["00_good.ipynb", "run.json", *figures]
    record = json.loads((run.folder / "run.json").read_text())
    assert record["files"] == ["00_good.ipynb", *figures]
    assert record["seconds"] > 0


def test_the_executed_notebook_shows_its_results(first):
    content = json.loads((first["00_good"].folder / "00_good.ipynb").read_text())
    outputs = [output for cell in content["cells"] for output in cell.get("outputs", [])]
    shown = [kind for output in outputs for kind in output.get("data", {})]
    assert shown.count("image/png") == 1
    assert "text/html" in shown
    assert content["metadata"]["language_info"]["name"] == "python"
    assert "papermill" not in json.dumps(content)


def test_the_kernel_is_this_interpreter_in_an_empty_folder(first):
    text = text_of(first["00_good"].folder / "00_good.ipynb")
    assert text.strip() == f"quick|1|0.5|False|HFR|{sys.executable}|[]"


def test_a_failing_notebook_shows_its_cell_and_keeps_what_it_had(first):
    run = first["10_broken"]
    assert (run.state, run.ok) == ("failed", False)
    assert run.error == "ValueError: no light"
    assert run.cell == "x = 1\nraise ValueError('no\\nlight')"
    assert run.folder.name == "10_broken.failed"
    assert {"10_broken.ipynb", "part.csv"} <= set(left_in(run.folder))
    assert "no\\nlight" in (run.folder / "10_broken.ipynb").read_text()


def test_a_killed_kernel_is_a_failure_of_its_cell(first):
    run = first["20_killed"]
    assert run.state == "failed"
    assert "DeadKernelError" in run.error
    assert run.cell == "import os\nos._exit(3)"


def test_the_others_run_although_one_fails(first):
    assert first["30_after"].state == "done"


def test_nothing_half_written_is_left(first):
    beside = left_in(first["00_good"].folder.parent)
    assert beside == [
        "00_good",
        "10_broken",
        "10_broken.failed",
        "20_killed.failed",
        "30_after",
    ]


def test_a_good_result_outlives_a_failure_and_a_success_replaces_both(first):
    quick = first["00_good"].folder.parent
    assert left_in(quick / "10_broken") == ["old.csv"]
    assert "old.csv" not in left_in(quick / "10_broken.failed")
    assert "old.csv" not in left_in(quick / "00_good")
    assert not (quick / "30_after.failed").exists()


def test_what_is_up_to_date_is_not_run_again(first):
    before = (first["00_good"].folder / "run.json").stat().st_mtime_ns
    again = runs.run(["00_good", "30"])
    assert [(r.state, r.seconds) for r in again] == [("up to date", 0), ("up to date", 0)]
    assert (first["00_good"].folder / "run.json").stat().st_mtime_ns == before


def test_states_of_the_notebooks(first):
    states = {p.stem: runs.state(p, "quick") for p in runs.notebooks()}
    assert states == {
        "00_good": "up to date",
        "10_broken": "failed",
        "20_killed": "failed",
        "30_after": "up to date",
    }
    assert {runs.state(p, "paper") for p in runs.notebooks()} == {"not run"}


def test_a_result_that_is_missing_is_made_again(first):
    path = notebooks.find(["30_after"])[0]
    executed = first["30_after"].folder / "30_after.ipynb"
    executed.rename(executed.with_suffix(".away"))
    assert runs.state(path, "quick") == "changed"
    executed.with_suffix(".away").rename(executed)
    assert runs.state(path, "quick") == "up to date"


def test_force_runs_what_is_up_to_date(first, monkeypatch):
    ran = []

    def note(tasks, *_):
        ran.extend(tasks)
        return {t.name: runs.NotebookRun(t.name, t.size, "done", t.folder) for t in tasks}

    monkeypatch.setattr(runs, "_run_all", note)
    runs.run(["00_good", "30_after"])
    assert ran == []
    runs.run(["00_good", "30_after"], force=True)
    assert [task.name for task in ran] == ["00_good", "30_after"]


def test_what_failed_is_tried_again_although_nothing_changed(first):
    path = notebooks.find(["30_after"])[0]
    task = runs._task(path, {}, "quick")
    assert runs._is_fresh(task)
    task.failed.mkdir()
    (task.failed / "run.json").write_text(json.dumps({"key": task.key}))
    try:
        assert runs.state(path, "quick") == "failed"
    finally:
        (task.failed / "run.json").unlink()
        task.failed.rmdir()


def test_parameters_and_size_reach_the_notebook(results_root, notebook_folder, write_notebook):
    path = write_notebook(notebook_folder, "00_toy", "print(SIZE, SEED, SHARE, DEEP, SITE)")
    changes = {"SEED": "7", "SHARE": "1", "DEEP": "true", "SITE": "AND"}
    run = runs.run(size="paper", parameters=changes)[0]
    assert run.folder.parent == results_root / "changed" / "paper"
    assert run.changed == "SEED = 7, SHARE = 1.0, DEEP = True, SITE = 'AND'"
    assert text_of(run.folder / "00_toy.ipynb") == "paper 7 1.0 True AND\n"
    assert f"**Run with {run.changed}.**" in (run.folder / "00_toy.ipynb").read_text()
    assert left_in(results_root) == ["changed"]
    assert results.completed("paper") == []
    assert runs.state(path, "paper") == "not run"
    assert runs.run(size="paper", parameters=changes)[0].state == "up to date"
    other = runs.run(size="paper", parameters={"SEED": 8}, time_limit=0.01)[0]
    assert not other.ok
    assert other.folder.parent == run.folder.parent


@pytest.fixture
def endless(notebook_folder, write_notebook, tmp_path):
    """A notebook whose second cell never ends; returns where it notes its process id."""
    note = tmp_path / "pid"
    source = f"import os\nopen({str(note)!r}, 'w').write(str(os.getpid()))"
    write_notebook(notebook_folder, "00_slow", source, "import time\ntime.sleep(600)")
    return note


def await_note(note):
    deadline = time.monotonic() + HANGS
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return int(note.read_text())


def test_a_notebook_that_takes_too_long_is_ended_with_its_kernel(
    results_root, endless, monkeypatch
):
    wait = runs._wait

    def wait_from_the_first_cell(process, limit, stop):
        await_note(endless)
        return wait(process, limit, stop)

    monkeypatch.setattr(runs, "_wait", wait_from_the_first_cell)
    run = runs.run(time_limit=1)[0]
    assert run.state == "failed"
    assert run.error == "took longer than the time limit of 1 s"
    assert run.cell == "import time\ntime.sleep(600)"
    assert not psutil.pid_exists(await_note(endless))


LISTENING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from soilnb.cli import main
main(prog_name="soilnb")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_leaves_no_process_and_no_file(results_root, endless):
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    # a shell starts what it puts into the background deaf to interrupts, and so its children
    command = [sys.executable, "-c", LISTENING, "run"]
    with subprocess.Popen(command, **pipes) as process:
        try:
            kernel = await_note(endless)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=HANGS)
        finally:
            process.kill()
    assert process.returncode == 1
    assert b"Traceback" not in said
    assert not psutil.pid_exists(kernel)
    assert left_in(results_root / "quick") == []


@pytest.fixture
def toy(results_root, notebook_folder, write_notebook):
    return write_notebook(notebook_folder, "00_toy", "print(SEED)")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["nope"]}, r"unknown notebook 'nope'; valid: 00_toy"),
        ({"parameters": {"SED": 1}}, r"'SED' \(did you mean 'SEED'\?\); valid: SEED, SHARE, DEEP"),
        ({"parameters": {"SIZE": "paper"}}, r"SIZE = 'paper': set it with --size"),
        ({"parameters": {"SEED": "1.5"}}, r"SEED = '1.5': allowed a whole number \(default 1\)"),
        ({"parameters": {"SEED": True}}, r"SEED = True: allowed a whole number"),
        ({"parameters": {"SHARE": "nan"}}, r"SHARE = 'nan': allowed a finite number"),
        ({"parameters": {"DEEP": "maybe"}}, r"DEEP = 'maybe': allowed True or False"),
        ({"parameters": {"SITE": 3}}, r"SITE = 3: allowed text"),
        ({"size": "big"}, r"size = 'big': allowed quick, paper"),
        ({"jobs": 0}, r"jobs = 0: allowed 1 to"),
        ({"time_limit": 0}, r"time limit = 0: allowed more than 0"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(toy, results_root, arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        runs.run(**arguments)
    assert "\n" not in str(caught.value)
    assert not results_root.exists()


def test_a_results_folder_that_cannot_be_written_is_one_line(toy, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SOILNB_RESULTS", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"results folder .*file.quick cannot be written"):
        runs.run()
    assert (tmp_path / "file").read_text() == "in the way"


def test_more_jobs_than_cores_are_as_many_as_cores(capsys):
    assert runs._check_jobs(10_000) == runs.cores()
    assert f"this machine has {runs.cores()} cores" in capsys.readouterr().err
    assert runs._check_jobs(1) == 1


def test_a_beginning_of_a_name_is_enough_when_it_is_the_only_one(notebook_folder, write_notebook):
    a = write_notebook(notebook_folder, "20_one")
    b = write_notebook(notebook_folder, "21_two")
    assert notebooks.find(["21", "notebooks/20_one.ipynb"]) == [a, b]
    with pytest.raises(InputError, match="could be any of: 20_one, 21_two"):
        notebooks.find(["2"])


def test_a_notebook_of_another_folder_is_not_taken_for_ours(toy, tmp_path, write_notebook):
    other = write_notebook(tmp_path, "00_toy")
    with pytest.raises(InputError, match=r"is not in .*SOILNB_NOTEBOOKS names another folder"):
        notebooks.find([str(other)])


def test_parameters_are_read_as_python(toy, notebook_folder, write_notebook):
    found = notebooks.parameters_of(toy)
    defaults = {name: setting.default for name, setting in found.items()}
    assert defaults == {"SIZE": "quick", "SEED": 1, "SHARE": 0.5, "DEEP": False, "SITE": "HFR"}
    source = "DAYS: int = 5 * 100\nSTEPS = [1,\n  2]  # a = b\nimport math\n"
    path = write_notebook(notebook_folder, "01_more", parameters=source)
    assert [(s.name, s.literal) for s in notebooks.parameters_of(path).values()] == [
        ("DAYS", False),
        ("STEPS", True),
    ]
    assert notebooks.assign(path, {"DAYS": "40", "STEPS": "[3]"}, "quick") == {
        "DAYS": 40,
        "STEPS": [3],
    }
    with pytest.raises(InputError, match="STEPS = 'x': allowed a list"):
        notebooks.assign(path, {"STEPS": "x"}, "quick")


def test_a_value_that_changes_nothing_is_no_change(toy):
    assert notebooks.assign(toy, {"SEED": "1"}, "quick") == {}
    assert notebooks.assign(toy, {"SEED": "2"}, "paper") == {"SIZE": "paper", "SEED": 2}


def test_a_file_that_is_no_notebook_is_named(notebook_folder):
    (notebook_folder / "00_torn.ipynb").write_text('{"cells": [')
    with pytest.raises(InputError, match=r"00_torn.ipynb is no notebook"):
        notebooks.title(notebook_folder / "00_torn.ipynb")


def rewrite(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (lambda nb: nb["cells"][2].update(source=["print", "(SEED + 1)"]), True),
        (lambda nb: nb["cells"][2].update(source=["print", "(SEED)"]), False),
        (lambda nb: nb["cells"][2]["metadata"].update(tags=["hide-input"]), True),
        (lambda nb: nb["cells"][2]["metadata"].update(mystnb={"image": {"alt": "a map"}}), True),
        (lambda nb: nb["cells"][2]["metadata"].update(collapsed=True), False),
        (lambda nb: nb["cells"][2].update(execution_count=4, outputs=[{"text": "1"}]), False),
        (lambda nb: nb["metadata"].update(widgets={}, kernelspec={"name": "other"}), False),
        (lambda nb: nb["cells"].reverse(), True),
    ],
)
def test_what_a_reader_sees_counts_and_the_noise_does_not(toy, change, counts):
    before = fingerprint.fingerprint(toy, {}, "quick")
    rewrite(toy, change)
    assert (fingerprint.fingerprint(toy, {}, "quick") != before) == counts


def test_size_parameters_and_the_process_of_a_run_count(toy, tmp_path, monkeypatch):
    seen = {fingerprint.fingerprint(toy, {}, size) for size in ("quick", "paper")}
    seen.add(fingerprint.fingerprint(toy, {"SEED": 2}, "quick"))
    package = tmp_path / "another"
    (package / "pipeline").mkdir(parents=True)
    monkeypatch.setattr(fingerprint, "PACKAGE", package)
    for name in ("pipeline/worker.py", "pipeline/book.py", "cli.py"):
        (package / name).touch()  # the last two stand above the runs
        seen.add(fingerprint.fingerprint(toy, {}, "quick"))
    assert len(seen) == 4


OPENS = "from soilnb.data import open_dataset\nprint(open_dataset('silsoe').attrs['provenance'])"


def test_a_run_is_out_of_date_when_a_data_set_that_it_opens_comes_or_changes(
    results_root, notebook_folder, write_notebook, tmp_path, monkeypatch
):
    """A set that it does not open changes nothing, and one that was not there may come."""
    monkeypatch.setenv("SOILNB_DATA", str(tmp_path))
    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path / "cache"))
    path = write_notebook(notebook_folder, "00_toy", OPENS)
    run = runs.run()[0]
    assert (run.error, text_of(run.folder / "00_toy.ipynb")[-10:]) == ("", "synthetic\n")
    assert json.loads((run.folder / "run.json").read_text())["data"] == {"silsoe": []}
    assert left_in(run.folder) == ["00_toy.ipynb", "run.json"]
    assert runs.state(path, "quick") == "up to date"
    for name in ("testbed", "cache/data/israd"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").touch()
        assert runs.state(path, "quick") == "up to date"
    (tmp_path / "cache" / "data" / "silsoe").mkdir()
    (tmp_path / "cache" / "data" / "silsoe" / "file").touch()
    assert runs.state(path, "quick") == "changed"
    record = json.loads((run.folder / "run.json").read_text())
    record["data"] = {name: runs._task(path, {}, "quick").data[name] for name in ("silsoe",)}
    (run.folder / "run.json").write_text(json.dumps(record))
    assert runs.state(path, "quick") == "up to date"
    os.utime(tmp_path / "cache" / "data" / "silsoe" / "file", (0, 0))
    assert runs.state(path, "quick") == "changed"
    del record["data"]  # a run of an older version does not say what it opened
    (run.folder / "run.json").write_text(json.dumps(record))
    assert runs.state(path, "quick") == "changed"


def test_the_models_are_compiled_before_notebooks_run_side_by_side(
    results_root, monkeypatch, capsys
):
    ordered = []

    def in_process(scratch, order, *_):
        ordered.append(order["models"])
        return "no compiler" if len(ordered) == 2 else ""

    monkeypatch.setattr(runs, "_in_process", in_process)
    with runs._bar(1) as bar, ThreadPoolExecutor(2) as pool:
        WARM_UP(threading.Event(), bar, pool)
    assert sorted(ordered) == sorted(worker.MODELS)
    assert "compiling the models failed: no compiler" in capsys.readouterr().err


def test_a_process_compiles_the_models_that_it_is_told(monkeypatch, tmp_path):
    called = []
    for name in ("toy_one", "toy_two"):
        module = type(sys)(name)
        module.warm_up = lambda name=name: called.append(name)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(worker, "_end_with_parent", lambda: None)
    (tmp_path / "task.json").write_text(json.dumps({"models": ["toy_one", "toy_two"], "cwd": ""}))
    worker.main(tmp_path)
    assert called == ["toy_one", "toy_two"]
    assert json.loads((tmp_path / "outcome.json").read_text()) == {"error": None}


@pytest.mark.parametrize("name", [name for group in worker.MODELS for name in group])
def test_what_is_compiled_beforehand_is_there(name):
    assert callable(importlib.import_module(name).warm_up)


def test_the_longest_notebook_begins_first(results_root, notebook_folder, write_notebook):
    paths = [
        write_notebook(notebook_folder, "00_known_short"),
        write_notebook(notebook_folder, "01_known_long"),
        write_notebook(notebook_folder, "02_new"),
        write_notebook(notebook_folder, "03_new_and_long", "x = 1\n" * 20),
    ]
    for name, seconds in (("00_known_short", 3.0), ("01_known_long", 9.5)):
        (results_root / "quick" / name).mkdir(parents=True)
        (results_root / "quick" / name / "run.json").write_text(json.dumps({"seconds": seconds}))
    tasks = sorted((runs._task(path, {}, "quick") for path in paths), key=runs._length)
    assert [task.name[:2] for task in tasks] == ["03", "02", "01", "00"]


def test_copying_never_overwrites_what_was_changed(toy, notebook_folder, write_notebook, tmp_path):
    write_notebook(notebook_folder, "01_more")
    mine = tmp_path / "mine"
    assert len(notebooks.copy(mine)) == 2
    assert notebooks.copy(mine) == []
    (mine / "00_toy.ipynb").write_text("my work")
    (mine / "notes.txt").write_text("keep")
    (mine / "01_more.ipynb").unlink()
    with pytest.raises(InputError, match=r"holds changed files: 00_toy\.ipynb; --force"):
        notebooks.copy(mine)
    assert not (mine / "01_more.ipynb").exists()
    assert [path.name for path in notebooks.copy(mine, keep=True)] == ["01_more.ipynb"]
    assert (mine / "00_toy.ipynb").read_text() == "my work"
    notebooks.copy(mine, force=True)
    assert (mine / "00_toy.ipynb").read_bytes() == toy.read_bytes()
    assert left_in(mine) == ["00_toy.ipynb", "01_more.ipynb", "notes.txt"]
