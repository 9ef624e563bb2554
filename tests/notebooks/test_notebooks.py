"""Every notebook: how it is stored, how it is written, and that it runs from top to bottom."""

import ast
import json
import re
from pathlib import Path

import pytest

from soilnb import results
from soilnb.pipeline import runs

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

#: Longest code cell and longest function, in lines: what fits on a screen.
CELL_LINES, FUNCTION_LINES = 45, 40

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    return content


def cells(path, kind):
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == kind]


def without_magics(source):
    return "\n".join(re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in source.splitlines())


def trees(path):
    return [ast.parse(without_magics(cell["source"])) for cell in cells(path, "code")]


def test_the_notebooks_of_the_first_chapters_are_there():
    assert {"00_start_here", "22_diagnosed_cue"} <= {path.stem for path in NOTEBOOKS}


@each
def test_it_opens_with_a_title_what_a_reader_will_learn_and_how_long_it_takes(path):
    first = read(path)["cells"][0]
    assert first["cell_type"] == "markdown"
    opening = first["source"] if isinstance(first["source"], str) else "".join(first["source"])
    assert opening.startswith("# ")
    assert "will be able to" in opening
    assert "Time to learn:" in opening


@each
def test_it_is_stored_without_results(path):
    content = read(path)
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    assert "widgets" not in content["metadata"]
    assert content["metadata"]["language_info"]["name"] == "python"


@each
def test_it_has_a_parameters_cell_with_size_and_seed(path):
    tagged = [c for c in cells(path, "code") if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1
    settings = runs.parameters_of(path)
    assert settings["SIZE"].default == "quick"
    assert isinstance(settings["SEED"].default, int)


@each
def test_its_cells_and_functions_fit_on_a_screen(path):
    for cell in cells(path, "code"):
        assert len(cell["source"].splitlines()) <= CELL_LINES, cell["source"]
    for node in (node for tree in trees(path) for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            assert node.end_lineno - node.lineno < FUNCTION_LINES, node.name


@each
def test_it_knows_nothing_of_the_pipeline(path):
    for node in (node for tree in trees(path) for node in ast.walk(tree)):
        named = []
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            named = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in named:
            assert not name.startswith(("soilnb.pipeline", "soilnb.cli")), name


def directives(text):
    """Return the MyST directives of a Markdown cell as (opening line, options, body) each."""
    fences = re.finditer(
        r"^(?P<fence>`{3,}|:{3,})\{(?P<name>[\w-]+)\}(?P<title>[^\n]*)\n(?P<body>.*?)^(?P=fence)\s*$",
        text,
        re.MULTILINE | re.DOTALL,
    )
    return [
        (
            f"{{{fence['name']}}}{fence['title']}",
            re.findall(r"^:\w+:.*$", fence["body"], re.MULTILINE),
            fence["body"],
        )
        for fence in fences
    ]


def solutions(path):
    """Return the folded solutions of a notebook: (cell number, text of the solution) each."""
    found = []
    for number, cell in enumerate(read(path)["cells"]):
        if cell["cell_type"] == "markdown":
            for opening, options, body in directives(cell["source"]):
                if re.search("solution", opening, re.IGNORECASE):
                    assert any("dropdown" in option for option in options), opening
                    found.append((number, body))
    return found


def python_in(text):
    return re.findall(r"^`{3,}(?:python|\{code-block\} python)\n(.*?)^`{3,}\s*$", text, re.M | re.S)


@each
def test_its_solutions_fold(path):
    assert solutions(path), "no exercise with a folded solution"
    for cell in cells(path, "markdown"):
        headed = re.findall(r"^\s*(?:#+|\*\*)\s*Solution\b.*$", cell["source"], re.M | re.I)
        assert not headed, f"a solution in the open: {headed}"


def test_a_solution_in_the_open_would_be_found(tmp_path):
    folded = "Try.\n\n```{admonition} Solution\n:class: tip, dropdown\nIt is 2.\n```\n"
    nested = "````{admonition} A solution\n:class: dropdown\n```python\nx = 2\n```\n````\n"
    open_ = "```{admonition} Solution\n:class: tip\nIt is 2.\n```\n"
    path = tmp_path / "toy.ipynb"

    def store(text):
        cell = {"cell_type": "markdown", "metadata": {}, "source": text}
        path.write_text(json.dumps({"cells": [cell]}))

    store(folded + nested)
    assert [python_in(body) for _, body in solutions(path)] == [[], ["x = 2\n"]]
    store(open_)
    with pytest.raises(AssertionError, match="Solution"):
        solutions(path)


def saved_figures(path):
    """Return (code cell, name) for each figure that the notebook saves under a paper's name."""
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(without_magics(cell["source"]))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "save":
                names = [a.value for a in node.args[1:] if isinstance(a, ast.Constant)]
                yield from ((cell, name) for name in names if "-fig" in str(name))


def check_alt(cell, what):
    """An image is described in words; a file name is no description."""
    alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
    assert len(alt.split()) >= 4, f"{what}: the alt text {alt!r} does not describe it"
    assert not re.search(r"\.(png|svg|jpe?g)\b|[\\/]\w+[\\/]", alt), f"{what}: {alt!r} is a path"


@each
def test_the_figures_it_saves_are_described(path):
    for cell, name in saved_figures(path):
        check_alt(cell, name)


# --- Running ------------------------------------------------------------------------------


@pytest.mark.notebook
@each
def test_it_runs(path, executed):
    run = executed(path.stem)
    assert run.ok, f"{run.error}\n\nin this cell:\n{run.cell}\n\nwhat it left: {run.folder}"


@pytest.mark.notebook
@each
def test_every_image_it_shows_is_described(path, executed):
    run = executed(path.stem)
    assert run.ok, run.error
    for cell in cells(run.folder / f"{path.stem}.ipynb", "code"):
        for output in cell["outputs"]:
            if any(kind.startswith("image/") for kind in output.get("data", {})):
                check_alt(cell, cell["source"])


def with_solutions(path):
    """Return a notebook in which each solution is a cell below its exercise."""
    content = read(path)
    for number, body in reversed(solutions(path)):
        new = [
            {
                "cell_type": "code",
                "id": f"solution-{number}-{i}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for i, source in enumerate(python_in(body))
        ]
        content["cells"][number + 1 : number + 1] = new
    return content


@pytest.fixture
def solved(tmp_path, workshop, run_notebook, monkeypatch):
    """The run of a copy of a notebook in which each solution is a cell below its exercise."""

    def run(path):
        (tmp_path / path.name).write_text(json.dumps(with_solutions(path)), encoding="utf-8")
        with workshop():
            # Kept beside the results: what has not changed is not run by the next suite either.
            monkeypatch.setenv("SOILNB_RESULTS", str(results.root() / "solved"))
            monkeypatch.setenv("SOILNB_NOTEBOOKS", str(tmp_path))
            return run_notebook(path.stem, "solved")

    return run


@pytest.mark.notebook
@each
def test_its_solutions_run(path, solved):
    run = solved(path)
    assert run.ok, f"{run.error}\n\nin this cell:\n{run.cell}"
