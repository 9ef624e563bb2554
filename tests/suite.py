"""How the suite runs on several workers: what goes first, what stays together, what was skipped.

Tests of one file stay on one worker, since they share what their fixtures made. The runs of the
notebooks come first, each a unit of its own, because they take longest; then, on one worker, the
pages of the book. Between them comes what needs no run of a notebook, for the worker that has done
its last notebook while another runs one still. Files that take long come before the many that do
not, so that no worker waits for another at the end; apart from that the order is any.
"""

import gc
import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from soilnb.pipeline.worker import MODELS

#: Workers take memory, too: about 600 MB each.
MOST_WORKERS = 8


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """``-n auto`` takes the cores that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return min(MOST_WORKERS, len(usable(0)) if usable else os.cpu_count() or 1)


def pytest_sessionstart(session):
    """Compile the kernels side by side, each once, before all workers would do it."""
    config = session.config
    if not config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        return
    if config.getoption("reach"):  # no time for it
        return
    # Workers share the cores; NumPy's own threads would wait for each other busily.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    print("kernels are compiled once, before the workers start ...", flush=True)
    code = "from soilnb.pipeline.worker import warm_up; warm_up({})"
    compiling = [
        subprocess.Popen([sys.executable, "-P", "-c", code.format(models)]) for models in MODELS
    ]
    statuses = [process.wait() for process in compiling]
    if any(statuses):
        pytest.exit("the kernels cannot be compiled", returncode=3)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect without a look for garbage: modules and tests stay until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


# What goes first, and what stays together ---------------------------------------------------------

#: Beginnings of test ids and the unit that they belong to, in the order in which units begin. All
#: other tests belong to the unit of their file.
UNITS = [
    (r"tests/notebooks/\S+::test_it_runs_with_its_answers\[(.+)\]", "run {}"),
    (r"tests/notebooks/\S+::test_every_image_\w+\[(.+)\]", "run {}"),
    (r"tests/browser/test_lab_", "lab"),
    (r"tests/browser/test_book_", "book"),
    (r"(tests/browser/\w+\.py)", "{}"),
    (r"tests/\S+(cluster|processes)", "workers"),  # one cluster, one pool for all
    (r"(tests/(?:book|proda|running|claims|kernels)/\w+\.py)", "{}"),  # the longest files
]


def unit(nodeid):
    """Return (rank, name) of the unit that a test belongs to."""
    for rank, (beginning, name) in enumerate(UNITS):
        if match := re.match(beginning, nodeid):
            return rank, name.format(*match.groups())
    return len(UNITS), nodeid.split("::")[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Put first what takes longest; all else stays in its (perhaps random) order."""
    items.sort(key=lambda item: unit(item.nodeid)[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out whole units, in the order of collection."""
    from xdist.scheduler import LoadScopeScheduling

    class ByUnit(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return unit(nodeid)[1]

        def remove_node(self, node):
            """Hand out again what a worker that died has left; the test that it ran has failed.

            Units that are finished are left out: a worker that is given nothing waits for ever.
            """
            units = self.assigned_work.pop(node)
            left = [
                (name, test) for name in units for test, done in units[name].items() if not done
            ]
            if not left:
                return None
            name, killer = left[0]
            units[name][killer] = True
            self.workqueue |= {n: unit for n, unit in units.items() if not all(unit.values())}
            for other in self.assigned_work:
                self._reschedule(other)
            return killer

    config.option.loadscopereorder = False
    return ByUnit(config, log)


# What was skipped ---------------------------------------------------------------------------------

#: Reasons of one kind are said in one line: (how they begin, what they have in common).
KINDS = [
    (r"data set '(?P<what>[^']+)'", "need data sets that are not at hand (SOILNB_DATA)"),
    (r"could not import '(?P<what>[^']+)'", "need packages that are not installed"),
]


def pytest_terminal_summary(terminalreporter):
    """Say in at most three lines what was skipped, and why."""
    reasons = Counter()
    for report in terminalreporter.stats.get("skipped", ()):
        reasons[_reason(report)] += 1
    for line in skipped(reasons):
        terminalreporter.write_line(line)


def _reason(report):
    """Return the reason of a skip; a test that fails as expected is none."""
    if getattr(report, "wasxfail", None) is not None:
        return f"fails as expected: {report.wasxfail}"
    text = report.longrepr[2] if isinstance(report.longrepr, tuple | list) else str(report.longrepr)
    return re.sub(r"^Skipped: ", "", text)


def skipped(reasons, lines=3):
    """Return what was skipped in at most `lines` lines; the most frequent reason comes first."""
    found = {}
    for reason, count in reasons.items():
        common, what = reason, None
        for beginning, kind in KINDS:
            if match := re.match(beginning, reason):
                common, what = kind, match["what"]
        total, whats = found.setdefault(common, (0, set()))
        found[common] = (total + count, whats | ({what} if what else set()))
    said = [
        f"{count} {common}" + (f": {', '.join(sorted(whats))}" if whats else "")
        for common, (count, whats) in sorted(found.items(), key=lambda item: -item[1][0])
    ]
    if len(said) > lines:
        said = [*said[: lines - 1], "; ".join(said[lines - 1 :])]
    return [f"skipped: {line}" for line in said]
