"""What the tests share."""

import getpass
import json
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

pytest_plugins = ["suite", "reach", "pytester"]

# The first call of a compiled kernel takes seconds; that is no property of the model.
# Continuous integration draws the same examples each time: what it says is about the change.
# Everywhere else each run searches anew.
# In somebody else's checkout there is no place to keep the examples that failed.
if not os.access(Path(__file__).parents[1], os.W_OK):
    own = Path(tempfile.gettempdir(), f"hypothesis of {getpass.getuser()}")
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(own))
settings.register_profile("soilnb", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("soilnb")


class Cases:
    """How many cases a hostile test tries: as many as it says, or those of a campaign.

    The suite is the same each time. ``make fuzz`` sets ``SOILNB_FUZZ`` to a factor, and draws anew.
    """

    def __init__(self):
        self.factor = int(os.environ.get("SOILNB_FUZZ", "1"))
        self.seed = 1 if self.factor == 1 else int.from_bytes(os.urandom(4))
        print(f"seed {self.seed}")

    def __call__(self, few):
        return few * self.factor


@pytest.fixture
def cases():
    """Number and seed of hostile cases."""
    return Cases()


@pytest.fixture(autouse=True)
def no_run_under_way(monkeypatch):
    """A test is never part of a run, even when the suite is started by one."""
    for name in ("SOILNB_RUN_DIR", "SOILNB_RUN_SIZE", "SOILNB_RUN_NOTEBOOK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def results_root(tmp_path, monkeypatch):
    """An empty place for results."""
    root = tmp_path / "results"
    monkeypatch.setenv("SOILNB_RESULTS", str(root))
    return root


@pytest.fixture
def notebook_folder(tmp_path, monkeypatch):
    """An empty folder that takes the place of ``notebooks/``."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setenv("SOILNB_NOTEBOOKS", str(folder))
    return folder


@pytest.fixture(scope="session")
def write_notebook():
    """Write a small notebook: a title, a parameters cell, and code cells."""
    return _write_notebook


PARAMETERS = 'SIZE = "quick"  # 20 s = quick\nSEED = 1\nSHARE = 0.5\nDEEP = False\nSITE = "HFR"\n'


def _write_notebook(folder, name, *code, parameters=PARAMETERS):
    cells = [_cell("markdown", f"# Title of {name}"), _cell("code", parameters, ["parameters"])]
    cells += [_cell("code", source) for source in code]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    path = Path(folder) / f"{name}.ipynb"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def _cell(kind, source, tags=()):
    cell = {"cell_type": kind, "metadata": {"tags": list(tags)} if tags else {}, "source": source}
    return cell if kind == "markdown" else cell | {"execution_count": None, "outputs": []}


@pytest.fixture
def data_root():
    """Find the folder of a real data set, or skip and name it."""

    def find(name):
        named = os.environ.get("SOILNB_DATA")
        if not named or not (Path(named) / name).is_dir():
            pytest.skip(f"data set {name!r} is not at hand (SOILNB_DATA)")
        return Path(named) / name

    return find


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """A folder that all workers of this session share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def once(shared_folder):
    """Make something once a session, whichever worker comes first; it travels as JSON."""

    def made(name, make):
        kept = shared_folder / f"{name}.json"
        with FileLock(f"{kept}.lock"):
            if not kept.exists():
                kept.write_text(json.dumps(make()), encoding="utf-8")
        return json.loads(kept.read_text(encoding="utf-8"))

    return made


# Processes and clusters: one of each for all tests ------------------------------------------------


class _Lent:
    """The session's pool of processes, lent to one call, which thinks that it ends it."""

    def __init__(self, pool):
        self.submit = pool.submit

    def shutdown(self, **how):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


@pytest.fixture(scope="session")
def _pool():
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    import numba

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context, numba.set_num_threads, (1,)) as pool:
        yield pool


@pytest.fixture
def two_processes(_pool, monkeypatch):
    """Two processes that last for the session: to start them takes seconds each time."""
    from soilnb import jobs

    monkeypatch.setattr(jobs, "ProcessPoolExecutor", lambda *_, **__: _Lent(_pool))


class _Clusters:
    """Dask clusters that tests share. Idle, one takes a tenth of a core, so they end in time."""

    def __init__(self):
        self.up = {}

    def client(self, kind, **how):
        """Return the client of a cluster, which is started where it is not up."""
        if kind not in self.up:
            distributed = pytest.importorskip("distributed")
            with ExitStack() as stack:
                cluster = distributed.LocalCluster(dashboard_address=":0", **how)
                client = distributed.Client(stack.enter_context(cluster))
                self.up[kind] = stack.enter_context(client), stack.pop_all()
        return self.up[kind][0]

    def end(self, *kinds):
        """End some of them, or all, the youngest first."""
        for kind in kinds or [*self.up][::-1]:
            self.up.pop(kind)[1].close()


_clusters = _Clusters()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem):
    """End the clusters after the last test of those that need them."""
    from suite import unit  # a plugin, which pytest must be the first to import

    if nextitem is None or unit(nextitem.nodeid)[1] != "workers":
        _clusters.end()


@pytest.fixture
def cluster_of_processes():
    """A Dask client with two worker processes, which last for all tests that need them.

    A worker that a test has killed starts again; on a busy machine Dask may give it up, and then
    all of it starts anew.
    """
    known = "processes" in _clusters.up
    client = _clusters.client("processes", n_workers=2, threads_per_worker=1)
    try:
        client.wait_for_workers(2, timeout=30 if known else 600)
    except TimeoutError:
        _clusters.end("processes")
        client = _clusters.client("processes", n_workers=2, threads_per_worker=1)
        client.wait_for_workers(2, timeout=600)
    return client


@pytest.fixture(scope="session")
def comes_to_rest():
    """Whether a Dask client's cluster has nothing more to do, when what it has begun is over.

    A cancelled task that runs already cannot be stopped, and the word of it takes its time; without
    that patience the answer is how busy the machine is.
    """

    def rests(client, seconds=600):
        end = time.monotonic() + seconds
        while (busy := any(client.processing().values())) and time.monotonic() < end:
            time.sleep(0.05)
        return not busy

    return rests


@pytest.fixture
def cluster_of_threads():
    """A Dask client with one worker of two threads, in this process."""
    return _clusters.client("threads", n_workers=1, threads_per_worker=2, processes=False)


# Notebooks and the book: made once a session ------------------------------------------------------

#: What a build of the book reads or writes in a checkout.
FOR_THE_BOOK = ("CHANGELOG.md", "package.json", "package-lock.json", ".npmrc")


@pytest.fixture(scope="session")
def workshop(shared_folder):
    """A context in which notebooks run and the book is built; it gives the checkout.

    That is this checkout with its ``results/``, as for `make book`; where it may not be written (it
    is somebody else's), a copy of what the book needs.
    """
    from soilnb.pipeline import runs

    root = runs.checkout()
    places = [root, root / "book", root / "book" / "_build", root / "results" / "quick"]
    is_copy = not all(os.access(place, os.W_OK) for place in places if place.exists())
    place = shared_folder / "checkout" if is_copy else root
    if is_copy:
        with FileLock(shared_folder / "checkout.lock"):
            if not place.exists():
                made = ("_build", "_vendor")
                shutil.copytree(root / "book", place / "book", ignore=lambda *_: made)
                for name in FOR_THE_BOOK:
                    shutil.copy(root / name, place)

    @contextmanager
    def opened(runs_notebooks=True):
        share = max(1, runs.cores() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
        with pytest.MonkeyPatch.context() as patch:
            # The kernels of this process have their threads, whose number may not change.
            names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
            for name in names if runs_notebooks else ():
                patch.setenv(name, str(share))
            if is_copy:
                patch.setattr(runs, "checkout", lambda: place)
                patch.setenv("SOILNB_RESULTS", str(place / "results"))
            yield place

    return opened


@pytest.fixture(scope="session")
def run_notebook(once):
    """Run a notebook in size quick, once a session, and return its `Run`; also what failed."""
    from soilnb.pipeline import runs

    def run(name, kind="run"):
        def made():
            (done,) = runs.run([name], size="quick", jobs=1)
            return asdict(done) | {"folder": str(done.folder)}

        found = once(f"{kind} {name}", made)
        return runs.NotebookRun(**found | {"folder": Path(found["folder"])})

    return run


@pytest.fixture(scope="session")
def executed(workshop, run_notebook):
    """The run of a notebook, in the results that `make book` uses too."""

    def run(name):
        with workshop():
            return run_notebook(name)

    return run


@pytest.fixture(scope="session")
def book_html(workshop, run_notebook, shared_folder):
    """The folder of the built book; notebooks and pages that have not changed are not redone."""
    from soilnb.pipeline import book, runs

    with workshop(), ThreadPoolExecutor(runs.cores()) as pool:
        done = list(pool.map(run_notebook, [path.stem for path in runs.notebooks()]))
        if failed := [run.notebook for run in done if not run.ok]:
            pytest.fail(f"no book without {', '.join(failed)}")
    with workshop(runs_notebooks=False), FileLock(shared_folder / "book.lock"):
        return book.build(run=False).parent
