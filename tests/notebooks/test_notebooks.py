"""Every notebook: how it is stored, how it is written, and that it runs from top to bottom."""

import ast
import json
import re
from pathlib import Path
from statistics import median

import pytest

from soilnb import check, claims
from soilnb.pipeline import runs

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

#: Longest code cell of a lesson, and the median, in lines: what a student could have written. An
#: answer may be longer, and fits on a screen.
CELL_LINES, MEDIAN_LINES, ANSWER_LINES = 12, 5, 45

#: Minutes that a lesson takes; what is longer is an optional part.
MINUTES = 60

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
def test_folded_boxes_have_titles_that_markdown_can_read(path):
    for cell in cells(path, "markdown"):  # a back quote in the title of a fence undoes the fence
        for title in re.findall(r"^```(\{.*)$", cell["source"], re.MULTILINE):
            assert "`" not in title


@each
def test_its_links_say_where_they_lead(path):
    for cell in cells(path, "markdown"):
        assert not re.search(r"\[\d+\]\(\d", cell["source"]), cell["source"]


@each
def test_its_text_writes_powers_of_ten_as_they_are_printed(path):
    for cell in cells(path, "markdown"):
        text = re.sub(r"`[^`]*`", "", cell["source"])
        assert not re.search(r"(?<![\w./@-])\d+(\.\d+)?e[+-]?\d", text), text


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


def lines(cell):
    return len(cell["source"].splitlines())


def is_answer(cell):
    return "solution" in cell["metadata"].get("tags", [])


@each
def test_its_cells_are_short(path):
    lesson = [cell for cell in cells(path, "code") if not is_answer(cell)]
    for cell in lesson:
        assert lines(cell) <= CELL_LINES, cell["source"]
    assert median(lines(cell) for cell in lesson) <= MEDIAN_LINES
    for cell in cells(path, "code"):
        assert lines(cell) <= ANSWER_LINES, cell["source"]


@each
def test_it_takes_an_hour_at_most(path):
    found = re.search(r"\*\*Time to learn:\*\* (\d+) minutes[,.]", read(path)["cells"][0]["source"])
    assert int(found[1]) <= MINUTES


@each
def test_a_reader_writes_two_cells_or_three_and_no_start_holds_the_answer(path):
    asked = [cell["source"] for cell in cells(path, "code") if "check.answer(" in cell["source"]]
    least = 1 if path.stem == "00_start_here" else 2
    assert least <= len(asked) <= 3
    for source in asked:
        assert re.search(r"^mine = \.\.\.", source, re.M), source
        (name,) = re.findall(r'check\.answer\("([^"]+)", mine\)', source)
        assert check.judged(name, ...).startswith("Nothing to check yet")


@each
def test_a_lesson_says_in_a_line_what_the_scoreboard_has_in_a_table(path):
    for cell in cells(path, "code"):
        for banned in ("claims.compare(", "claims.record(", "presets("):
            assert banned not in cell["source"], cell["source"]


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


def exercises(path):
    """Return an exercise's cells each: its heading, and what folds under its answer."""
    found, inside, answer = [], False, False
    for cell in read(path)["cells"]:
        heads = cell["cell_type"] == "markdown" and re.findall(r"^#+ .*$", cell["source"], re.M)
        if "answer" in cell["metadata"].get("tags", []):
            assert inside, "an answer without an exercise"
            assert cell["source"] == f"#### Answer {len(found)}"
            assert cell["metadata"]["jp-MarkdownHeadingCollapsed"] is True
            answer = True
        elif heads:
            inside, answer = heads[-1].startswith("### Exercise "), False
            if inside:
                assert heads[-1].startswith(f"### Exercise {len(found) + 1}")
                found.append((heads[-1], []))
        elif answer:
            found[-1][1].append(cell)
    return found


@each
def test_its_answers_fold_with_text_code_and_output(path):
    folded = [cell for _, hidden in exercises(path) for cell in hidden]
    in_answers = {cell["id"] for cell in folded}
    solutions = {
        c["id"] for c in read(path)["cells"] if "solution" in c["metadata"].get("tags", [])
    }
    assert solutions
    assert solutions == {cell["id"] for cell in folded if cell["cell_type"] == "code"}
    for heading, hidden in exercises(path):
        kinds = [cell["cell_type"] for cell in hidden]
        assert kinds[:2] == ["markdown", "code"] or "open question" in heading, heading
    for cell in cells(path, "markdown"):
        if cell["id"] not in in_answers:
            assert not re.search(r"^\W*(Solution|Answer)\b(?! \d+$)", cell["source"], re.M | re.I)


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
def test_it_runs_with_its_answers(path, executed):
    run = executed(path.stem)
    assert run.ok, f"{run.error}\n\nin this cell:\n{run.cell}\n\nwhat it left: {run.folder}"
    assert len(cells(run.folder / f"{path.stem}.ipynb", "code")) == len(cells(path, "code"))


@pytest.mark.notebook
@each
def test_it_records_the_claims_that_it_owns(path, executed):
    run = executed(path.stem)
    assert run.ok, run.error
    kept = run.folder / "claims.json"
    recorded = {note["id"] for note in json.loads(kept.read_text())} if kept.is_file() else set()
    assert recorded == {row["id"] for row in claims.rows(notebook=path.stem)}


@pytest.mark.notebook
@each
def test_every_image_it_shows_is_described(path, executed):
    run = executed(path.stem)
    assert run.ok, run.error
    for cell in cells(run.folder / f"{path.stem}.ipynb", "code"):
        for output in cell["outputs"]:
            if any(kind.startswith("image/") for kind in output.get("data", {})):
                check_alt(cell, cell["source"])
