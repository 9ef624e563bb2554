"""Speed as ratios: what the package takes, beside what a named peer takes in the same run.

A benchmark of a peer carries ``@pytest.mark.peer("SuperLU")``. It is compared with those of its
group that are ours (``of=`` names one) and have the same parameters, apart from those in `OURS`.
Where one does more than the other, ``benchmark.extra_info["units"]`` says how much, and times are
for one. The table of all pairs ends a run; ``--table PAGE`` writes it between the two marks of a
page.
"""

import math
import os
import platform
import re
from datetime import date
from pathlib import Path

import pytest
from numba import get_num_threads

#: Between these comments a page holds the table.
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

#: Parameters that a peer does not share.
OURS = ("sampler",)


def pytest_addoption(parser):
    parser.addoption("--table", type=Path, metavar="PAGE", help="write the ratios into this page")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "peer(name, of=None): what the benchmark `of` of this group is compared with"
    )


@pytest.fixture(autouse=True)
def _peer(request):
    """Hand the mark on to the result."""
    mark = request.node.get_closest_marker("peer")
    if mark and "benchmark" in request.fixturenames:
        known = {"peer": mark.args[0], "of": mark.kwargs.get("of")}
        request.getfixturevalue("benchmark").extra_info.update(known)


def pairs(benchmarks):
    """Yield (what is done, seconds of ours, name of the peer, its seconds) for each pair."""
    for theirs in benchmarks:
        if not (peer := theirs.extra_info.get("peer")):
            continue
        ours = [b for b in benchmarks if b.group == theirs.group and _compares(b, theirs)]
        if not ours:
            raise pytest.UsageError(f"{theirs.name}: nothing to compare it with")
        for b in ours:
            what = [b.group, *(str(v) for v in _told(b).values() if str(v) not in b.group)]
            if len({other.name.split("[")[0] for other in ours}) > 1:
                what.append(b.name.split("[")[0].removeprefix("test_").replace("_", " "))
            yield ", ".join(what), _each(b), peer, _each(theirs)


def _compares(b, peer):
    shared = [{k: v for k, v in _told(x).items() if k not in OURS} for x in (b, peer)]
    is_named = peer.extra_info["of"] in (None, b.name.split("[")[0])
    return "peer" not in b.extra_info and is_named and shared[0] == shared[1]


def _told(b):
    return {k: v for k, v in (b.params or {}).items() if k != "way"}


def _each(b):
    return b.stats.median / b.extra_info.get("units", 1)


def duration(seconds):
    """Return a time with three digits and a unit that suits it."""
    unit, factor = next(
        (u, f) for u, f in (("s", 1), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)) if seconds * f >= 1
    )
    digits = max(0, 2 - math.floor(math.log10(seconds * factor)))
    return f"{seconds * factor:.{digits}f} {unit}"


def table(rows):
    """Return the pairs as lines of a Markdown table."""
    yield "| what | soilnb | peer | takes | peer / soilnb |"
    yield "| --- | ---: | --- | ---: | ---: |"
    for what, ours, peer, theirs in rows:
        yield f"| {what} | {duration(ours)} | {peer} | {duration(theirs)} | {theirs / ours:.3g} |"


def pytest_terminal_summary(terminalreporter, config):
    session = getattr(config, "_benchmarksession", None)
    rows = sorted(pairs(session.benchmarks)) if session else []
    if not rows:
        return
    lines = list(table(rows))
    terminalreporter.section("ratios: above 1 the package is ahead")
    terminalreporter.write("\n".join(lines) + "\n")
    if page := config.getoption("--table"):
        when = (
            f"Medians of one run on {date.today():%d %B %Y}: {platform.system()}, "
            f"{os.cpu_count()} cores ({platform.machine()}), {get_num_threads()} threads, "
            f"Python {platform.python_version()}."
        )
        text = page.read_text(encoding="utf-8")
        new = "\n\n".join([BEGIN, when, "\n".join(lines), END])
        page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: new, text, flags=re.S), "utf-8")
        terminalreporter.write(f"the table is now in {page}\n")
