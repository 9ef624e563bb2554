"""The folder of a course: made in one pass, whole or not at all."""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from soilnb.course import bank, editions, plans, slides
from soilnb.jobs import complete, making
from soilnb.parameters import InputError, check_known
from soilnb.pipeline import notebooks

#: What a folder of ours holds besides: what it was made of, by which another run knows it.
MARK = "course.json"

#: nbgrader's settings: notebooks are its source, each an assignment of its own.
NBGRADER = """\
# Settings of nbgrader for this folder: `nbgrader generate_assignment NOTEBOOK`, then `autograde`.
c = get_config()
c.CourseDirectory.course_id = "soilnb"
c.CourseDirectory.source_directory = "notebooks"
c.Execute.timeout = 900  # a notebook computes for half a minute; slow machines take longer
c.ClearSolutions.code_stub = {"python": %r}
c.ClearSolutions.text_stub = %r
"""

#: In the student's edition there is nothing to clear, and what stands in a cell is to stay.
NOTHING_TO_CLEAR = """\
c.GenerateAssignment.preprocessors = [
    f"nbgrader.preprocessors.{name}"
    for name in (
        "LockCells", "ClearOutput", "CheckCellMetadata", "ComputeChecksums", "SaveCells"
    )
]
"""


def build(
    folder: Path, edition: str = "instructor", span: str = "weeks", *, jobs: int | None = None
) -> list[Path]:
    """Write a course into a folder and return its files.

    Parameters
    ----------
    folder : Path
        The folder: new, empty, or one that an earlier call has made and nobody has changed.
    edition, span : str
        ``student`` or ``instructor``; ``lecture``, ``week`` or ``weeks`` (one lecture, one week or
        six weeks), which decides which notebooks are in it.
    jobs : int, optional
        Notebooks at once; by default as many as there are cores.
    """
    check_known("edition", edition, editions.EDITIONS)
    check_known("span", span, plans.spans())
    folder = Path(folder)
    _refuse_others(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    paths = notebooks.find(plans.spans()[span]["notebooks"])
    said = f"note: slides show our own runs: cells of {len(paths)} notebooks run, once, for minutes"
    print(said, file=sys.stderr)
    with making(folder) as part:
        names = [path.stem for path in paths]
        tasks = {"question bank": (bank.write, part / "question_bank", edition, names)}
        tasks |= {path.stem: (_lesson, path, part, edition, names) for path in paths}
        with _one_thread_each():
            complete(_do, tasks, unit="notebook", jobs=jobs)
        (part / "nbgrader_config.py").write_text(_settings(edition), encoding="utf-8")
        plans.write(part, edition, span)
        made = {
            path.relative_to(part).as_posix(): _digest(path)
            for path in sorted(part.rglob("*"))
            if path.is_file()
        }
        (part / MARK).write_text(json.dumps(made, indent=1), encoding="utf-8")
    return [folder / name for name in made]


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Begin processes whose linear algebra has one thread: two of each wait for one another."""
    added = [name for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS") if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _do(write: Callable[..., object], *arguments: object) -> None:
    write(*arguments)


def _lesson(path: Path, folder: Path, edition: str, names: list[str]) -> None:
    """Write the notebook of one lesson, its slides, and for the instructor its plan."""
    name, source = path.stem, notebooks.read(path)
    rubric = plans.rubric(name)
    made = editions.linked(editions.edition(source, name, edition, rubric), names)
    place = folder / "notebooks" / name
    place.mkdir(parents=True)
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    (place / path.name).write_text(text, encoding="utf-8")
    slides.write(folder / "slides", path, edition)
    if edition == "instructor":
        plans.write_lesson(folder / "lesson_plans", path)


def _settings(edition: str) -> str:
    cleared = NOTHING_TO_CLEAR if edition == "student" else ""
    return NBGRADER % (editions.EMPTY, editions.PROMPT) + cleared


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _refuse_others(folder: Path) -> None:
    """Refuse a folder with a file that was not written here, or that was changed since."""
    if folder.is_file():
        raise InputError(f"{folder} is a file; a course takes a folder")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    try:
        made = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{folder} holds other files; name a new or empty folder") from None
    there = [path for path in folder.rglob("*") if path.is_file()]
    names = {path: path.relative_to(folder).as_posix() for path in there}
    others = [n for p, n in names.items() if n != MARK and made.get(n) != _digest(p)]
    if others:
        raise InputError(
            f"{folder} holds files of yours ({others[0]}"
            f"{f' and {len(others) - 1} more' if others[1:] else ''}); name a new folder"
        )
