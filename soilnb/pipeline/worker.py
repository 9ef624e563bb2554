"""The fresh process in which one notebook runs: ``python -m soilnb.pipeline.worker FOLDER``.

FOLDER holds ``task.json`` and receives ``outcome.json``. The kernel is the interpreter that runs
this file, with no settings of its user, in an empty working directory. When the process that
started this one disappears, this one and its kernel end too.
"""

import importlib
import json
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from textwrap import shorten

import psutil

#: Modules with a `warm_up` that compiles their kernels. Those of a group share some; the groups
#: take about equally long and can be compiled side by side.
MODELS = (
    ("soilnb.profile.layered.diagnostics", "soilnb.proda.chains", "soilnb.profile.depth"),
    ("soilnb.pore.simulate", "soilnb.profile.mimics", "soilnb.profile.model"),
)

#: Longest error message that is passed on; the kept notebook has all of it.
MESSAGE = 600


def main(folder: Path) -> None:
    """Do the task of `folder`: run its notebook, or compile the kernels of its models."""
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        if "notebook" in task:
            execute(**task)
        else:
            warm_up(task["models"])
        outcome = {"error": None}
    except Exception as error:  # whatever a notebook or kernel can raise is its outcome
        outcome = {"error": _one_line(error)}
    (folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")


def execute(notebook: str, output: str, parameters: dict, cwd: str, note: str = "") -> None:
    """Run a notebook through papermill and leave it, executed, at `output`.

    Parameters are those that differ from the notebook's own, `cwd` is the working directory of the
    kernel, and the note (Markdown) stands below the title of the executed notebook.
    """
    # nbformat checks notebooks with jsonschema, which for kinds of text that no notebook has
    # imports a calendar and builds a grammar: more work than all of its other imports.
    for name in ("rfc3987_syntax", "rfc3986_validator", "isoduration"):
        sys.modules.setdefault(name, None)
    import nbformat
    import papermill

    executed = papermill.execute_notebook(
        _literal(notebook),
        _literal(output),
        parameters=parameters,
        engine_name=_engine(),
        kernel_name="python3",
        kernel_manager_class=_kernel_manager(),
        cwd=cwd,
        progress_bar=False,
        start_timeout=600,  # a busy machine needs longer than the default of a minute
    )
    if note:
        executed.cells.insert(1, nbformat.v4.new_markdown_cell(note))
    nbformat.write(_without_bookkeeping(executed), output)


def _literal(path: str) -> str:
    """Return a path as papermill wants it: it reads braces in a path as a template."""
    return path.replace("{", "{{").replace("}", "}}")


def _engine() -> str:
    """Return papermill's name of an engine that writes the notebook as a cell of code begins.

    Its own writes and checks the whole notebook before and after every cell, also of text, which
    for a notebook of some megabytes takes seconds.
    """
    from papermill.engines import NBClientEngine, papermill_engines

    class Sparing(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **options):
            path, nb_man.output_path = Path(nb_man.output_path), None

            def write(**_cell) -> None:
                path.write_text(json.dumps(nb_man.nb), encoding="utf-8")

            try:
                super().execute_managed_notebook(
                    nb_man, kernel_name, on_cell_execute=write, **options
                )
            finally:
                nb_man.output_path = str(path)

    papermill_engines.register("sparing", Sparing)
    return "sparing"


def _kernel_manager() -> type:
    """Return a kernel manager whose only kernel is this interpreter.

    A kernel specification that is installed for the user could name another Python.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from traitlets import default

    class ThisInterpreter(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _only_native(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[])

    return ThisInterpreter


def _without_bookkeeping(notebook):
    """Drop times and paths: they are of no use to a reader, and never the same."""
    for node in (notebook, *notebook.cells):
        for name in ("papermill", "execution"):
            node.metadata.pop(name, None)
        if not node.metadata.get("tags", True):
            del node.metadata["tags"]
    return notebook


def warm_up(models: Iterable[str]) -> None:
    """Compile the kernels of models, so that several notebooks need not each do it."""
    for name in models:
        importlib.import_module(name).warm_up()


def end(pid: int) -> None:
    """End a process and everything it started, also kernels that made a session of their own."""
    try:
        process = psutil.Process(pid)
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=10)


def _end_with_parent() -> None:
    """Wait for the end of the standard input, which the parent holds open as long as it lives."""
    os.read(0, 1)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)


def _one_line(error: Exception) -> str:
    name = getattr(error, "ename", type(error).__name__)
    text = shorten(str(getattr(error, "evalue", error)), MESSAGE, placeholder=" …")
    return f"{name}: {text}" if text else name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
