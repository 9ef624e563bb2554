"""Decks: short, with a bet, with pictures that the notebook makes."""

import ast
import re

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure
from PIL import Image

from soilnb.claims import baseline
from soilnb.course import editions, printed, slides
from soilnb.parameters import InputError
from soilnb.pipeline import notebooks

each = pytest.mark.parametrize("path", notebooks.notebooks(), ids=lambda path: path.stem)

#: Longest line of a slide that an audience reads while somebody speaks, in letters.
LONGEST = 130


def words(html):
    return re.sub(r"<[^>]+>", "", html)


@each
def test_a_deck_is_short_and_has_one_bet(path):
    deck = slides.deck(notebooks.read(path), path.stem, "instructor")
    assert 8 <= len(deck) <= slides.MOST
    asked = [slide for slide in deck if "options" in slide]
    assert len(asked) == 1
    assert len(asked[0]["options"]) >= 2
    (told,) = [slide for slide in deck if "hidden" in slide]
    assert deck.index(told) == deck.index(asked[0]) + 1
    for slide in slides.lesson(path.stem)["slides"]:
        assert slide.get("figure") or len(slide["lines"]) >= 1
        for line in slide["lines"]:
            assert len(words(line)) <= LONGEST, line


@each
def test_students_see_the_bet_and_not_how_it_ends(path):
    deck = slides.deck(notebooks.read(path), path.stem, "student")
    assert not any("hidden" in slide or "notes" in slide for slide in deck)


@each
def test_its_figures_are_those_of_the_notebook_and_are_described(path):
    notebook = notebooks.read(path)
    lines = slides._statements(notebook)
    for slide in slides.lesson(path.stem)["slides"]:
        if "figure" in slide:
            assert len(slides.alt(notebook, slide["figure"]).split()) >= 4
            assert any(slides._saves(line, slide["figure"]) for line in lines)


@each
def test_no_formula_is_left_as_it_is_typed_and_each_task_has_its_question(path):
    notebook = notebooks.read(path)
    deck = slides.deck(notebook, path.stem, "instructor")
    (turn,) = [slide["list"] for slide in deck if slide["title"].startswith("Your turn")]
    assert len(turn) == len(editions.tasks(notebook))
    assert all(len(words(task.partition("<br>")[0]).split()) >= 4 for task in turn)
    shown = [[str(slide.get(key, "")) for key in ("title", "lines", "list")] for slide in deck]
    assert not re.search(r"\\[a-z]|\$", "\n".join(text for texts in shown for text in texts))


#: What reads a kept baseline, as notebooks call it, and the baselines that it may read.
READERS = {
    "paper.curves": {"rotzer2025"},
    "lesson.pulse": {"rotzer2025"},
    "claims.kept_table": {"tao2023", "tao2024"},
    "planet_runs.maps": {"runs/planet"},
    "explorers.world": {"runs/matching"},
    "pores.load": {"runs/pores"},
    "lesson.full": {"runs/planet", "runs/change", "runs/witness"},
}


#: What draws, by the names under which notebooks import it.
DRAWS = re.compile(
    r"(figures|drawings|rotzer2025|he2024|tao202[34]|luo2025|layers|five_models|assimilation)\.\w"
    r"|own_image"
)


def drawn_from(path, figure):
    """Return what the statements of a figure call, and which of that draws."""
    lines = slides._statements(notebooks.read(path))
    place = next(i for i, line in enumerate(lines) if slides._saves(line, figure))
    saved = lines[place].value.args[0]
    names = {node.id for node in ast.walk(saved) if isinstance(node, ast.Name)}
    needed = [lines[i] for i in sorted(slides._needed(lines[:place], names))]
    nodes = [node for line in [*needed, saved] for node in ast.walk(line)]
    calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    return calls, [name for name in calls if DRAWS.match(name)]


@each
def test_a_figure_says_below_it_what_it_is_drawn_from(path):
    for slide in slides.deck(notebooks.read(path), path.stem, "student"):
        if "figure" not in slide:
            continue
        calls, _ = drawn_from(path, slide["figure"])
        read = [READERS[name] for name in calls if name in READERS]
        assert ("kept" in slide) == bool(read), slide["title"]
        assert all(slide["kept"] in names for names in read)
        begins = ("Kept baseline ", "Example: ", "Measured: ", "Synthetic stand-in: ")
        assert slide["source"].startswith(begins)
        assert len(slide["source"]) <= 100
        if "kept" in slide:
            kept = baseline.load(slide["kept"])
            assert kept["size"] == "paper"
            assert kept["date"] in slide["source"]


def test_no_slide_shows_a_quick_run_of_what_is_drawn_from_a_baseline_elsewhere():
    kept, run = set(), set()
    for path in notebooks.notebooks():
        for slide in slides.lesson(path.stem)["slides"]:
            if "figure" in slide:
                _, drawings = drawn_from(path, slide["figure"])
                assert drawings, slide["figure"]
                whose = "" if drawings[0].startswith("rotzer2025") else path.stem
                (kept if "kept" in slide else run).add((whose, *drawings))
    assert ("", "rotzer2025.fig5") in kept
    assert kept & run == {("", "rotzer2025.fig8")}  # without the gate: of that no series are kept


def test_a_figure_from_data_that_are_not_at_hand_says_so(monkeypatch):
    slide = {"measured": "826 values", "data": ["cue"]}
    monkeypatch.setattr(slides, "at_hand", lambda name: False)
    assert slides.source(slide) == "Synthetic stand-in: 826 values."
    monkeypatch.setattr(slides, "at_hand", lambda name: True)
    assert slides.source(slide) == "Measured: 826 values."


def test_an_audience_sees_the_part_of_a_figure_that_it_can_read():
    picture = Image.new("L", (100, 60))
    picture.paste(255, (50, 0, 100, 30))
    part = slides._part(picture, [0.5, 0, 1, 0.5])
    assert part.size == (50, 30)
    assert part.getextrema() == ((255, 255),) * 3
    above = slides._part(picture, [[0, 0, 1, 0.1], [0, 0.5, 0.5, 1]])
    assert above.size == (100, 36)
    assert above.getpixel((60, 3)) == (255, 255, 255)
    assert above.getpixel((40, 20)) == (0, 0, 0)


def test_a_figure_that_nobody_saves_is_refused():
    notebook = notebooks.read(notebooks.find(["00"])[0])
    with pytest.raises(InputError, match="figure nothing: no cell saves it"):
        slides.alt(notebook, "nothing")


def test_a_notebook_without_a_lesson_is_refused():
    with pytest.raises(InputError, match=r"99_new\.toml is missing"):
        slides.lesson("99_new")


CODE = """
import matplotlib.pyplot as plt
from soilnb import results
SIZE = 3
unused = 1 / 0
table = {}
table["a"] = [1, SIZE]
figure, axes = plt.subplots()
axes.plot(table["a"])
results.save(figure, "mine")
"""


def test_only_what_a_figure_needs_is_run():
    cells = [{"cell_type": "code", "metadata": {}, "source": CODE}]
    names = {}
    figure = slides._drawn(slides._statements({"cells": cells}), "mine", names, set())
    assert figure.axes == [names["axes"]]
    assert names["table"] == {"a": [1, 3]}
    assert list(names["axes"].lines[0].get_ydata()) == [1, 3]
    plt.close("all")


def test_a_picture_is_drawn_once_until_something_that_it_rests_on_changes(tmp_path, monkeypatch):
    drawn = []

    def draw(lines, figure, *_):
        drawn.append(figure)
        return Figure((2, 2), facecolor="red")

    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path))
    monkeypatch.setattr(slides, "_drawn", draw)
    path = notebooks.find(["00"])[0]
    asked = path, notebooks.read(path), {"one": [{}], "two": [{}]}
    for what in ("this", "this", "that"):
        monkeypatch.setattr(slides, "_rests_on", lambda _, what=what: what)
        made = list(slides._pictures(*asked))
        assert [name for name, _ in made] == ["one", "two"]
        assert {picture.convert("RGB").getpixel((5, 5)) for _, picture in made} == {(255, 0, 0)}
    assert drawn == ["one", "two", "one", "two"]
    (tmp_path / "slides" / "one.png").write_bytes(b"no picture")
    list(slides._pictures(*asked))
    assert drawn[4:] == ["one"]


def test_labels_of_a_slide_are_read_from_the_last_row():
    figure = Figure((10, 4))
    axes = figure.subplots()
    axes.set_xlabel("time (d)", fontsize=9)
    axes.tick_params(labelsize=8)
    figure.supxlabel("seed 0", fontsize=3)  # what made it need not be read
    axes.text(0, 0, "...", fontsize=2)  # no words
    whole = [((0, 0, 1, 1), 590)]
    share = slides._share(figure, whole)
    assert slides.SMALLEST < share < 1
    assert 1200 / (10 * share) * 8 / 72 == pytest.approx(slides.LETTERS)
    assert slides._share(figure, [((0, 0, 0.5, 0.5), 590)]) == 1
    assert slides._share(figure, [*whole, ((0, 0, 0.5, 0.5), 590)]) == share
    assert slides._share(figure, [([(0, 0, 1, 0.1), (0, 0.5, 1, 0.9)], 590)]) == share
    assert slides._share(figure, whole, least=1) == 1
    axes.set_title("tiny", fontsize=4)
    assert slides._share(figure, whole) == slides.SMALLEST


def test_pictures_rest_on_the_language_of_their_words(monkeypatch):
    path = notebooks.find(["00"])[0]
    english = slides._rests_on(path)
    monkeypatch.setenv("SOILNB_LANG", "de")
    assert slides._rests_on(path) != english


def test_formulas_and_emphasis_of_a_notebook_become_html():
    text = "*show* CUE $= k_{BD}/(\\nu\\,a)$, **`x_y`** [here](a.ipynb), $10^{-4}$ < 1"
    assert printed.inline(text) == (
        "<em>show</em> CUE <i>= k<sub>BD</sub>/(ν a)</i>, <b><code>x_y</code></b> here, "
        "<i>10<sup>-4</sup></i> &lt; 1"
    )
    assert printed.inline(
        "$\\sqrt{2Dt}$ of $\\mathrm{CUE}_{max}$, $\\boldsymbol\\xi$ of $\\log_{10}$"
    ) == ("<i>√(2Dt)</i> of <i>CUE<sub>max</sub></i>, <i>ξ</i> of <i>log<sub>10</sub></i>")
