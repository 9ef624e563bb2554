"""Speed as ratios: what the package takes, beside what a named peer takes in the same run.

A benchmark of a peer carries ``@pytest.mark.peer("SuperLU")``. It is compared with the benchmark
of its group that is ours (``of=`` names it where there are several) and has the same parameters.
The table of all pairs ends a run; ``--table PAGE`` writes it between the two marks of a page.
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
    """Yield (what is done, seconds of ours, name of the peer, its seconds) for each peer."""
    for theirs in benchmarks:
        peer = theirs.extra_info.get("peer")
        if peer is None or not theirs.stats.rounds:
            continue
        name = theirs.extra_info["of"]
        ours = [
            b
            for b in benchmarks
            if (b.group, b.params) == (theirs.group, theirs.params)
            and "peer" not in b.extra_info
            and (name is None or b.name.split("[")[0] == name)
        ]
        if len(ours) != 1:
            raise pytest.UsageError(f"{theirs.name}: {len(ours)} benchmarks to compare it with")
        what = ", ".join([theirs.group, *(str(v) for v in (theirs.params or {}).values())])
        yield what, ours[0].stats.median, peer, theirs.stats.median


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
