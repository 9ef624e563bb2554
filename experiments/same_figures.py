"""Compare this code's figures, pixel by pixel, with those of another commit.

    python experiments/same_figures.py record FOLDER       # in a checkout of the commit before
    python experiments/same_figures.py check FOLDER        # in this one; exit status 1 if not

``record`` runs the code of the notebooks (size quick) and keeps, of each call of a figure
function, its arguments and the picture that came of it. ``check`` calls the figure functions of
this checkout with the same arguments: no model runs, and what differs is the drawing alone. A
picture that differs is left beside the other one as ``NAME.new.png``. Both print the CPU
seconds of each figure, drawn and turned into a PNG.

A figure function is known by its module and name, so one that has been renamed is missing: say
where it is with ``--moved old.module.name=new.module.name``.
"""

import argparse
import functools
import importlib
import os
import pickle
import subprocess
import sys
import time
from contextlib import redirect_stdout
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
DPI = 110


def png(figure) -> bytes:
    """Return the picture of a figure as a notebook shows it."""
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.08)
    return picture.getvalue()


class Recorder:
    """Stands in for `soilnb.figures.style.frame` and keeps what each outermost call got."""

    def __init__(self, folder: Path, notebook: str, frame) -> None:
        self.folder, self.notebook, self.frame = folder, notebook, frame
        self.count, self.depth = 0, 0

    def __call__(self, *size):
        """Return the decorator that `frame` gives for a size, with keeping added."""
        decorate = self.frame(*size)
        return lambda function: self.recorded(decorate(function))

    def recorded(self, function):
        """Return a figure function that keeps its calls, unless another one calls it."""

        @functools.wraps(function)
        def draw(*arguments, **options):
            self.depth += 1
            try:
                if self.depth == 1:
                    self.keep(function, arguments, options)
                return function(*arguments, **options)
            finally:
                self.depth -= 1

        return draw

    def keep(self, function, arguments, options) -> None:
        """Write down a call."""
        # An explorer's figure stays its own: what is compared is drawn on a new one.
        options = {name: value for name, value in options.items() if name != "figure"}
        self.count += 1
        where = f"{function.__module__}.{function.__qualname__}"
        name = f"{self.notebook[:2]}-{self.count:02d}-{where.removeprefix('soilnb.figures.')}"
        kept = pickle.dumps((where, arguments, options))
        (self.folder / f"{name}.pkl").write_bytes(kept)


def run_notebook(name: str, folder: Path) -> None:
    """Run the code of a notebook in this process, and keep its calls of figure functions."""
    import nbformat
    from IPython.core.inputtransformer2 import TransformerManager
    from IPython.display import display

    from soilnb.figures import style

    style.frame = Recorder(folder, name, style.frame)
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    names = {"__name__": "__main__", "display": display}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            source = TransformerManager().transform_cell(cell.source)
            with redirect_stdout(StringIO()):
                exec(compile(source, f"{name} {cell.id}", "exec"), names)


def record(folder: Path, notebooks: list[str]) -> int:
    """Run the notebooks, each in a process of its own, and draw what they have kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        if notebooks and path.stem[:2] not in notebooks:
            continue
        command = [sys.executable, __file__, "notebook", str(folder), path.stem]
        done = subprocess.run(command, cwd=folder, env=os.environ | {"MPLBACKEND": "agg"})
        print(f"{path.stem}: exit status {done.returncode}", flush=True)
    for path in sorted(folder.glob("*.pkl")):
        picture, seconds = drawn(path, {})
        path.with_suffix(".png").write_bytes(picture)
        print(f"{seconds:6.2f} s  {path.stem}", flush=True)
    return 0


def drawn(path: Path, moved: dict[str, str]) -> tuple[bytes, float]:
    """Return the picture of a kept call, and the CPU seconds that it took."""
    where, arguments, options = pickle.loads(path.read_bytes())
    module, _, name = moved.get(where, where).rpartition(".")
    function = getattr(importlib.import_module(module), name)
    start = time.process_time()
    return png(function(*arguments, **options)), time.process_time() - start


def difference(old: bytes, new: bytes) -> str:
    """Say in words how far two pictures are apart; "" where they are equal."""
    from matplotlib.image import imread

    first, second = imread(BytesIO(old)), imread(BytesIO(new))
    if first.shape != second.shape:
        return f"size {first.shape[:2]} is now {second.shape[:2]}"
    apart = np.abs(first - second).max(axis=2)
    if not apart.any():
        return ""
    count = np.count_nonzero(apart)
    return f"{count} pixels ({100 * count / apart.size:.2f} %) by up to {255 * apart.max():.0f}/255"


def check(folder: Path, only: str, moved: dict[str, str]) -> int:
    """Draw all kept calls again and compare the pictures."""
    total, other = 0.0, 0
    paths = [path for path in sorted(folder.glob("*.pkl")) if only in path.stem]
    for path in paths:
        try:
            picture, seconds = drawn(path, moved)
            said = difference(path.with_suffix(".png").read_bytes(), picture)
        except Exception as error:  # whatever a figure function can raise is a difference
            picture, seconds, said = b"", 0.0, f"{type(error).__name__}: {error}"
        new = path.with_suffix(".new.png")
        new.unlink(missing_ok=True)
        if said:
            new.write_bytes(picture)
            other += 1
        total += seconds
        print(f"{seconds:6.2f} s  {path.stem}  {said}", flush=True)
    print(f"{len(paths) - other} of {len(paths)} pictures are the same; {total:.1f} s of CPU")
    return int(other > 0)


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("record", "check", "notebook"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("notebooks", nargs="*", help="record: their numbers; check: part of a name")
    parser.add_argument("--moved", action="append", default=[], metavar="OLD=NEW")
    given = parser.parse_args()
    folder = given.folder.resolve()
    if given.command == "notebook":
        run_notebook(given.notebooks[0], folder)
        return 0
    if given.command == "record":
        return record(folder, given.notebooks)
    moved = dict(pair.split("=") for pair in given.moved)
    return check(folder, "".join(given.notebooks), moved)


if __name__ == "__main__":
    sys.exit(main())
