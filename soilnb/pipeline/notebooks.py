"""The notebooks: where they lie, what they are called, and what a runner may change in them."""

import ast
import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from soilnb import jobs, results
from soilnb import language as translation
from soilnb.parameters import InputError, shown, unknown


def folder() -> Path:
    """Return the folder of the notebooks.

    ``SOILNB_NOTEBOOKS`` when it is set (your own copy, say), else ``notebooks/`` of the
    checkout, else those that came with the installed package.
    """
    named = os.environ.get("SOILNB_NOTEBOOKS")
    if named:
        own = Path(named).expanduser().resolve()
        if not own.is_dir():
            raise InputError(f"SOILNB_NOTEBOOKS = {named!r}: there is no such folder")
        return own
    above = results.checkout()
    return above / "notebooks" if above else Path(results.__file__).parent / "_notebooks"


def notebooks() -> list[Path]:
    """Return the paths of all notebooks, in reading order."""
    return sorted(path for path in folder().glob("*.ipynb") if not path.name.startswith("."))


def find(names: Sequence[str] | None = None) -> list[Path]:
    """Return the notebooks of these names, or all of them, each once and in reading order.

    Names may have ``.ipynb`` and a folder, or be unique beginnings such as ``"22"``.
    """
    known = {path.stem: path for path in notebooks()}
    if not known:
        raise InputError(f"there are no notebooks in {folder()}")
    if not names:
        return list(known.values())
    return sorted({_match(str(name), known) for name in names})


def _match(name: str, known: Mapping[str, Path]) -> Path:
    path = Path(name)
    if len(path.parts) > 1 and path.exists() and path.resolve().parent != folder().resolve():
        raise InputError(f"{name} is not in {folder()}; SOILNB_NOTEBOOKS names another folder")
    stem = path.name.removesuffix(".ipynb")
    if stem in known:
        return known[stem]
    begins = [key for key in known if stem and key.startswith(stem)]
    if len(begins) > 1:
        raise InputError(f"notebook {name!r} could be any of: {', '.join(begins)}")
    if not begins:
        raise unknown("notebook", name, known)
    return known[begins[0]]


def read(path: Path) -> dict:
    """Return a notebook as plain data."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        cells = content["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no notebook in today's format: {error}") from None
    for cell in cells:
        # A notebook file may hold a cell's text as one string or as a list of lines.
        cell["source"] = "".join(cell["source"])
    return content


def title(path: Path) -> str:
    """Return the first heading of a notebook, or its name when it has none."""
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "markdown":
            for line in cell["source"].splitlines():
                if line.startswith("#"):
                    return line.lstrip("#").strip()
    return Path(path).stem


@dataclass(frozen=True)
class Setting:
    """One assignment of the cell that is tagged ``parameters``.

    The variable's value in the notebook is None where that is a formula, and no plain value
    (literal) that a new one can be compared with.
    """

    name: str
    default: object
    literal: bool = True


def parameters_of(path: Path) -> dict[str, Setting]:
    """Return what a runner may change in a notebook, in the order of its parameters cell.

    The cell is parsed as Python. papermill's own inspection reads it line by line and loses a
    line with two equals signs, even when the second stands in a comment.
    """
    for cell in read(path)["cells"]:
        if "parameters" in cell.get("metadata", {}).get("tags", []):
            return {s.name: s for s in _assignments(cell["source"], path)}
    return {}


def _assignments(source: str, path: Path) -> list[Setting]:
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise InputError(f"the parameters cell of {Path(path).stem}: {error}") from None
    settings = []
    for statement in statements:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        value = getattr(statement, "value", None)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and value is not None:
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            settings += [_setting(name, value) for name in names]
    return settings


def _setting(name: str, value: ast.expr) -> Setting:
    try:
        return Setting(name, ast.literal_eval(value))
    except ValueError:
        return Setting(name, None, literal=False)


def assign(path: Path, values: Mapping[str, object], size: str) -> dict[str, object]:
    """Check new values against a notebook's parameters and return those that change something.

    Text, as it comes from the command line, is read as the type of the default. The size becomes
    the parameter ``SIZE``. An `InputError` names a parameter that the notebook does not have, a
    value of another type than its default, and ``SIZE``.
    """
    if "SIZE" in values:
        raise InputError(f"SIZE = {values['SIZE']!r}: set it with --size (quick or paper)")
    known = parameters_of(path)
    for name in values:
        if name not in known:
            valid = [key for key in known if key != "SIZE"]
            raise unknown(f"parameter of {Path(path).stem}", name, valid)
    wanted = {name: _convert(known[name], value) for name, value in values.items()}
    if "SIZE" in known:
        wanted["SIZE"] = size
    return {
        name: value
        for name, value in wanted.items()
        if not known[name].literal
        or value != known[name].default
        or type(value) is not type(known[name].default)
    }


def _convert(setting: Setting, value: object) -> object:
    """Return `value` as the type of the setting's default."""
    item = getattr(value, "item", None)
    if item is not None and not getattr(value, "ndim", 0):
        value = item()  # a NumPy number
    default, guess = setting.default, _guess(value)
    if not setting.literal or default is None:
        return guess
    number = isinstance(guess, int | float) and not isinstance(guess, bool)
    words = f"a {type(default).__name__}"
    if isinstance(default, bool):  # first: it is an int for Python
        words, guess = "True or False", {"true": True, "false": False}.get(str(value).lower())
    elif isinstance(default, int):
        words, guess = "a whole number", guess if number else None
    elif isinstance(default, float):
        words, guess = "a finite number", float(str(guess)) if number else math.nan
        guess = guess if math.isfinite(guess) else None
    elif isinstance(default, str):
        words, guess = "text", value
    if isinstance(guess, type(default)):
        return guess
    raise InputError(f"{setting.name} = {shown(value)}: allowed {words} (default {default!r})")


def _guess(value: object) -> object:
    if isinstance(value, str):
        try:
            return ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
    return value


def copy(
    target: Path, *, force: bool = False, keep: bool = False, language: str = "en"
) -> list[Path]:
    """Copy the notebooks into a folder and return the files that were written.

    Nothing is deleted, and a file that is there with another content is never overwritten unawares:
    such files are an error, and nothing is copied, unless they are to be overwritten (`force`) or
    left (`keep`). Texts come in a language as far as they have been translated; code stays as it
    is.
    """
    target = Path(target)
    sources = [p for p in sorted(folder().iterdir()) if p.is_file() and not p.name.startswith(".")]
    contents = {source: _in_language(source, language) for source in sources}
    new = [p for p in sources if not (target / p.name).exists()]
    others = [p for p in sources if p not in new]
    changed = [p for p in others if (target / p.name).read_bytes() != contents[p]]
    if changed and not (force or keep):
        names = ", ".join(p.name for p in changed)
        raise InputError(f"{target} holds changed files: {names}; --force overwrites them")
    target.mkdir(parents=True, exist_ok=True)
    wanted = new + (changed if force else [])
    for source in wanted:
        with jobs.writing(target / source.name) as part:
            part.write_bytes(contents[source])
            shutil.copymode(source, part)
    return [target / source.name for source in wanted]


def _in_language(path: Path, code: str) -> bytes:
    """Return a file as it is, or a notebook with its texts in another language."""
    if code == "en" or path.suffix != ".ipynb":
        return path.read_bytes()
    heading = f"# {title(path)}"
    if translation.page(heading, code) == heading:  # not yet: a page of two languages is no help
        return path.read_bytes()
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            words = translation.page("".join(cell["source"]), code)
            cell["source"] = words.splitlines(keepends=True)
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
