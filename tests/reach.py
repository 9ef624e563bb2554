"""``--reach``: only the tests that a change can reach, and those only as long as a budget lasts.

On a machine so busy that collecting takes it all, a quarter of it is for the nearest tests.

A test file reaches the modules that it names and what these import (`grimp` knows the graph); the
files nearest to the change run first. Notebooks and the browser are left out: `make test` has them.
"""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: Seconds from the start after which no further test begins.
BUDGET = 40

#: Files of tests at most: to collect many takes as long as to run a few.
MOST_FILES = 24

#: What all tests rest on: which of them a change here reaches, no graph of imports can say.
EVERYTHING = ("pyproject.toml", "requirements.lock", "Makefile")

#: Texts whose examples run, beside the docstrings of the package.
EXAMPLES = ("README.md", "CONTRIBUTING.md")

#: Where what is no Python is tested: beginning of its path, folder of tests.
ELSEWHERE = {
    "notebooks/": "notebooks", "book/": "book", "CHANGELOG.md": "book", "README.md": "book",
    "package": "book",
}  # fmt: skip


def pytest_addoption(parser):
    group = parser.getgroup("soilnb")
    group.addoption(
        "--reach", nargs="?", const="main", metavar="REVISION",
        help="only tests that the changes since REVISION (the branch point of main) can reach",
    )  # fmt: skip
    group.addoption(
        "--budget", type=float, default=BUDGET, metavar="SECONDS",
        help=f"begin no test later than this, with --reach ({BUDGET} s)",
    )  # fmt: skip


def pytest_configure(config):
    if config.getoption("reach"):
        config.pluginmanager.register(Reach(config), "reach of a change")


# What has changed, and what it reaches ------------------------------------------------------------


def changed(root, revision):
    """Return the files that differ from a revision, or from where this branch left it."""

    def git(*arguments):
        # The checkout may be somebody else's.
        here = ["git", "-C", root, "-c", f"safe.directory={root}"]
        done = subprocess.run([*here, *arguments], capture_output=True, text=True)
        return done.stdout.split("\0" if "-z" in arguments else None)

    bases = [git("merge-base", "HEAD", name) for name in (revision, f"origin/{revision}")]
    bases = [base for found in bases for base in found]
    if not bases:
        raise pytest.UsageError(f"--reach={revision}: allowed a revision of a git checkout")
    # A local main may be older than the one that this branch left.
    base = min(bases, key=lambda base: int(git("rev-list", "--count", f"{base}..HEAD")[0]))
    differing = git("diff", "--name-only", "-z", base)
    new = git("ls-files", "--others", "--exclude-standard", "-z")
    return sorted({path for path in (*differing, *new) if path})


class Graph:
    """Which test file reaches which module."""

    def __init__(self, root):
        import grimp

        self.root = root
        self.imports = grimp.build_graph("soilnb", cache_dir=None)
        self.tests = {path: path.read_text(encoding="utf-8") for path in self._files("test_*.py")}
        self.helpers = {path.stem: path for path in self._files("[!tc]*.py")}

    def _files(self, pattern):
        return sorted((self.root / "tests").rglob(pattern))

    def modules_of(self, path):
        """Return the modules of a changed file; a table is of all modules of its package."""
        if not path.startswith("soilnb/"):
            return set()
        inner = Path(path)
        if inner.suffix == ".py":
            name = ".".join(inner.with_suffix("").parts).removesuffix(".__init__")
            return {name} & self.imports.modules
        while ".".join(inner.parts) not in self.imports.modules:
            inner = inner.parent
        package = ".".join(inner.parts)
        return {package} | self.imports.find_children(package)

    def distances(self, modules):
        """Return how many imports each module is away from the changed ones."""
        found = dict.fromkeys(modules, 0)
        ring = list(modules)
        while ring:
            importers = {i for m in ring for i in self.imports.find_modules_that_directly_import(m)}
            ring = [module for module in importers if module not in found]
            found |= dict.fromkeys(ring, found[max(found, key=found.get)] + 1)
        return found

    def named_in(self, text):
        """Return the modules that a text names, also in code that it hands to a process."""
        names = set(re.findall(r"\bsoilnb(?:\.\w+)+", text))
        for package, what in re.findall(r"from (soilnb[\w.]*) import (\([^)]*|.*)", text):
            names |= {package} | {f"{package}.{name}" for name in re.findall(r"\w+", what)}
        return names & self.imports.modules

    def helpers_of(self, text):
        """Return the files beside the tests that a test file imports."""
        stems = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
        return [self.helpers[stem] for stem in stems & set(self.helpers)]

    def reached(self, paths):
        """Return the test files that changed files reach, each with its distance."""
        distance = self.distances(set().union(*map(self.modules_of, paths)))
        touched = {self.root / path for path in paths}
        folders = {self.root / "tests" / "house"}
        folders |= {path.parent for path in touched if path.name == "conftest.py"}
        folders |= {
            self.root / "tests" / folder
            for beginning, folder in ELSEWHERE.items()
            if any(path.startswith(beginning) for path in paths)
        }
        folders.discard(self.root / "tests")
        found = {}
        for test, text in self.tests.items():
            helpers = self.helpers_of(text)
            whole = "\n".join([text, *(path.read_text(encoding="utf-8") for path in helpers)])
            near = [distance[name] + 1 for name in self.named_in(whole) if name in distance]
            if touched & {test, *helpers} or folders & set(test.parents):
                near.append(0)
            if near:
                found[test] = min(near)
        return found


def rests_on_everything(path):
    """Whether all tests rest on a file."""
    return path in EVERYTHING or re.fullmatch(r"tests/\w+\.py", path) is not None


def has_examples(path):
    """Whether a file may hold examples that run."""
    return (path.startswith("soilnb/") and path.endswith(".py")) or path in EXAMPLES


# In a session -------------------------------------------------------------------------------------


class Reach:
    """Collects only files that are reached, the nearest first, and ends when the time is over."""

    def __init__(self, config):
        self.config = config
        # Workers begin later than the session and end with it.
        over = str(time.time() + config.getoption("budget"))
        self.until = float(os.environ.setdefault("SOILNB_CHECK_UNTIL", over))
        self.paths = changed(ROOT, config.getoption("reach"))
        reached = Graph(ROOT).reached(self.paths)
        self.reached = len(reached)
        self.files = dict(sorted(reached.items(), key=lambda item: item[1])[:MOST_FILES])
        self.files |= {ROOT / path: 0 for path in self.paths if has_examples(path)}
        self.collected, self.done, self.begun = 0, set(), False

    def pytest_report_header(self):
        lines = [
            f"check: {len(self.paths)} changed files reach {self.reached} test files"
            + (f", of which the nearest {MOST_FILES} run" if self.reached > MOST_FILES else "")
            + "; notebooks and browser are left out"
        ]
        if of_all := [path for path in self.paths if rests_on_everything(path)]:
            lines += [f"check: every test rests on {', '.join(of_all)}: make test runs them all"]
        return lines

    def pytest_ignore_collect(self, collection_path):
        if collection_path.is_file() and collection_path not in self.files:
            return True
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        # A file that the settings name is collected even where it is to be ignored.
        far = [item for item in items if item.path not in self.files]
        slow = [
            item for item in items if any(map(item.get_closest_marker, ("notebook", "browser")))
        ]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow and item not in far]
        items.sort(key=lambda item: self.files[item.path])
        self.collected = len(items)

    def pytest_xdist_node_collection_finished(self, ids):
        self.collected = len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self):
        if not self.begun:  # where collecting took all the time, the nearest tests run nevertheless
            self.begun = True
            self.until = max(self.until, time.time() + self.config.getoption("budget") / 4)
        return True if time.time() > self.until else None

    def pytest_runtest_logreport(self, report):
        self.done.add(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter):
        if left := self.collected - len(self.done):
            terminalreporter.write_line(
                f"check: {left} of {self.collected} tests, the farthest from the change, are left "
                f"out: {self.config.getoption('budget'):g} s were over (make test runs them all)"
            )
