"""The suite's own parts: what goes first, what was skipped, what a change reaches."""

import subprocess
from pathlib import Path

import pytest
import reach
import suite
from _pytest.pytester import SysModulesSnapshot


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def modules_stay(monkeypatch):
    """Leave this process's modules alone: what is tested runs in a process of its own.

    `pytester` empties ``sys.modules`` and fills it again. A thread that imports in between, of
    Dask or of a progress bar, gets a second ``io``, whose exceptions Pillow does not know.
    """
    monkeypatch.setattr(SysModulesSnapshot, "restore", lambda self: None)


@pytest.fixture(scope="module")
def graph():
    return reach.Graph(reach.ROOT)


def test_notebooks_go_first_and_a_file_stays_together():
    ran = suite.unit("tests/notebooks/test_notebooks.py::test_it_runs_with_its_answers[13_dynamic]")
    assert ran == (0, "run 13_dynamic")
    book = suite.unit("tests/browser/test_book_static.py::test_no_link_inside_the_book_is_dead")
    here, there = (suite.unit(f"tests/pore/test_kept.py::test_{name}[1]") for name in "ab")
    assert ran < book < here
    assert here == there
    assert suite.unit("tests/cue/test_kept.py::test_a")[1] != here[1]


def test_tests_that_need_workers_share_them():
    names = ["pore/test_cluster.py::test_a", "pore/test_kept.py::test_processes_write"]
    assert {suite.unit(f"tests/{name}")[1] for name in names} == {"workers"}


def test_what_was_skipped_is_said_in_three_lines_at_most():
    reasons = {
        "data set 'israd' is not at hand (SOILNB_DATA)": 2,
        "data set 'testbed' is not in SOILNB_DATA": 3,
        "no Chromium on this machine (looked for chromium)": 20,
        "could not import 'emcee': No module named 'emcee'": 1,
        "signals of POSIX": 4,
    }
    assert suite.skipped({}) == []
    assert suite.skipped(reasons) == [
        "skipped: 20 no Chromium on this machine (looked for chromium)",
        "skipped: 5 need data sets that are not at hand (SOILNB_DATA): israd, testbed",
        "skipped: 4 signals of POSIX; 1 need packages that are not installed: emcee",
    ]


def test_a_change_reaches_the_tests_that_import_it_near_ones_first(graph):
    found = {path.name: d for path, d in graph.reached(["soilnb/kernels/diffusion.py"]).items()}
    assert found["test_diffusion.py"] < found["test_motion.py"] < found["test_cluster.py"]
    assert "test_century.py" not in found
    assert found["test_house.py"] == 0  # the house is looked at after every change


def test_each_import_of_a_test_file_counts_on_its_own(graph):
    text = (
        "from soilnb.parameters import InputError\n"
        "from soilnb.profile import (\n    century,\n    mimics,\n)\n"
        "from soilnb.profile.layered import diagnostics as system\nprofiles = cases = 1\n"
    )
    modules = {"century", "mimics", "layered", "layered.diagnostics"}
    expected = {"soilnb.parameters", "soilnb.profile"} | {f"soilnb.profile.{m}" for m in modules}
    assert graph.named_in(text) == expected
    assert "test_system_metrics.py" in {
        path.name for path in graph.reached(["soilnb/profile/layered/diagnostics.py"])
    }


def test_a_helper_a_conftest_and_a_test_file_reach_what_uses_them(graph):
    def reached(path):
        return {path.name for path in graph.reached([path])} - house

    house = {path.name for path in graph.reached([])}
    assert house == {path.name for path in Path(__file__).parent.glob("test_*.py")}
    assert reached("tests/kernels/automaton_reference.py") == {"test_automaton.py"}
    assert reached("tests/cue/test_cue_methods.py") == {"test_cue_methods.py"}
    assert reached("tests/data/conftest.py") >= {"test_planet.py", "test_readers.py"}
    assert reached("book/intro.md") >= {"test_book_pages.py", "test_book_assembling.py"}
    assert reached("notebooks/22_diagnosed_cue.ipynb") == {"test_notebooks.py"}
    assert "test_claims.py" in reached("soilnb/claims/papers/he2024.toml")
    assert reached("LICENSE") == set()


def test_what_all_tests_rest_on_is_told_apart():
    assert reach.rests_on_everything("pyproject.toml")
    assert reach.rests_on_everything("tests/conftest.py")
    assert not reach.rests_on_everything("tests/data/conftest.py")
    assert not reach.rests_on_everything("soilnb/results.py")


def test_changed_is_what_a_branch_has_and_what_is_not_committed(tmp_path):
    git(tmp_path, "init")
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text("")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    assert reach.changed(tmp_path, "main") == []
    git(tmp_path, "switch", "-c", "mine")
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "commit", "-am", "second")
    (tmp_path / "b.py").unlink()
    (tmp_path / "ä new.py").write_text("")
    assert reach.changed(tmp_path, "main") == ["a.py", "b.py", "ä new.py"]
    with pytest.raises(pytest.UsageError, match="--reach=nowhere: allowed a revision"):
        reach.changed(tmp_path, "nowhere")


#: Options of a session in a session, which starts faster without what it does not need.
BARE = ("--disable-plugin-autoload", "-pxdist", "-pno:cacheprovider")

TOY = """
import time
import pytest

@pytest.mark.parametrize("k", range(3))
def test_a(k):
    pass

@pytest.mark.notebook
def test_b():
    pass
"""


@pytest.mark.parametrize(
    ("workers", "budget", "until"),
    [([], 600, None), (["-n", "1"], 0, None), ([], 600, "1")],
    ids=["alone, in time", "worker, too late", "collecting took all the time"],
)
def test_a_check_runs_what_is_reached_until_the_budget_is_over(
    pytester, monkeypatch, workers, budget, until
):
    place = pytester.path.resolve()
    pytester.makepyfile(test_toy=TOY, test_other="def test_c():\n    assert False")
    (place / "README.md").write_text(">>> 1\n2\n")  # named as the package's settings name theirs
    settings = [
        "[pytest]",
        "testpaths = test_toy.py test_other.py README.md",
        "addopts = --doctest-glob=README.md",
    ]
    pytester.makeini("\n".join([*settings, "markers =", "  notebook: slow", "  browser: slow"]))
    monkeypatch.delenv("SOILNB_CHECK_UNTIL", raising=False)
    if until:
        monkeypatch.setenv("SOILNB_CHECK_UNTIL", until)
    pytester.makeconftest(
        f"""
        import sys
        sys.path.insert(0, {str(reach.ROOT / "tests")!r})
        import reach
        pytest_plugins = ["suite", "reach"]
        reach.changed = lambda *_: ["test_toy.py"]
        reach.Graph = lambda root: type("G", (), {{"reached": lambda *_: {{
            reach.Path({str(place)!r}) / "test_toy.py": 0}}}})()
        """
    )
    done = pytester.runpytest_subprocess(*BARE, "--reach", f"--budget={budget}", *workers)
    said = done.stdout.str()
    assert "1 changed files reach 1 test files; notebooks and browser are left out" in said
    if budget:
        done.assert_outcomes(passed=3, deselected=1)
        assert "were over" not in said
    else:
        assert "check: 3 of 3 tests, the farthest from the change, are left out: 0 s were" in said


#: What two workers do: one of them dies in its second file, when it has finished its first.
DYING = {
    "test_first": "def test_a():\n    pass",
    "test_slow": "import time\n\ndef test_a():\n    time.sleep(2)\n\ndef test_b():\n    pass",
    "test_dies": "import os\n\ndef test_a():\n    pass\n\ndef test_b():\n    os._exit(3)\n\n"
    "def test_c():\n    pass",
    "test_then": "def test_a():\n    pass",
}


def test_a_worker_that_dies_costs_the_test_that_killed_it(pytester):
    pytester.makepyfile(**DYING)
    pytester.makeconftest(
        f"import sys\nsys.path.insert(0, {str(Path(suite.__file__).parent)!r})\n"
        "from suite import pytest_xdist_make_scheduler\n"
    )
    files = [f"{name}.py" for name in DYING]
    done = pytester.runpytest_subprocess(*BARE, "-n", "2", *files, timeout=900)
    done.assert_outcomes(passed=6, failed=1)
    done.stdout.fnmatch_lines(["*crashed while running 'test_dies.py::test_b'*"])
