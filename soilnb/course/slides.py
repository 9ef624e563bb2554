"""Slides of each notebook: reveal.js, to be shown with no network.

What stands on them is written in ``lessons/NAME.toml``; title, aims, the bet, the tasks and the way
on are the notebook's and its explorers' own. For a figure the statements that it needs, and no
others, are run, once, and it is drawn on paper so small that its labels are read from the last row:
pictures are kept in the cache folder until something that they rest on changes.
"""

import ast
import contextlib
import html
import io
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import jinja2
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from soilnb import language, results
from soilnb.claims import baseline
from soilnb.course.printed import inline
from soilnb.data import folders
from soilnb.data.registry import at_hand
from soilnb.explore import base
from soilnb.jobs import writing
from soilnb.parameters import InputError
from soilnb.pipeline import notebooks
from soilnb.pipeline.fingerprint import data_state, fingerprint
from soilnb.pipeline.pages import concept_map

#: Slides that an audience bears in an hour, and pixels across a figure that fills one.
MOST, WIDTH = 15, 1600

#: Height over width from which a figure is larger with its words beside it than above them.
TALL = 0.58

#: Height (pixels) of letters that the last row reads, with a little to spare, on a slide that is
#: 1280 wide; the share of its paper to which a figure is made smaller at most to have them so.
LETTERS, SMALLEST = 17, 0.65

#: Under which name a kept picture says what it rests on.
_RESTS_ON = "rests on"

#: Where a text asks the reader to write.
_TURN = re.compile(r"\*\*(?:[Yy]our turn|Write it yourself)[^*]*\*\*(?: first)?[,:]? *(.*)")

_HERE = Path(__file__).parent


@cache
def lesson(name: str) -> dict:
    """Return what a lecturer adds to a notebook: ``lessons/NAME.toml``."""
    path = _HERE / "lessons" / f"{name}.toml"
    if not path.is_file():
        raise InputError(f"notebook {name}: {path.name} is missing among the lessons of the course")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def write(folder: Path, path: Path, edition: str) -> None:
    """Write the deck of the notebook at `path` into the folder of all slides, with what shows it.

    The ``student`` edition has the bets without the answers, and no notes.
    """
    notebook = notebooks.read(path)
    slides = deck(notebook, path.stem, edition)
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    shutil.copytree(_HERE / "reveal", folder / "reveal", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("package*.json"))  # fmt: skip
    wanted = dict.fromkeys(slide["figure"] for slide in slides if "figure" in slide)
    for name in wanted:
        wanted[name] = [slide for slide in slides if slide.get("figure") == name]
    for name, drawn in _pictures(path, notebook, wanted):
        shown = wanted[name]
        for number, slide in enumerate(shown, 1):
            picture = _part(drawn, slide.get("part", (0, 0, 1, 1)))
            picture.thumbnail((WIDTH, WIDTH))
            slide["picture"] = name if number == 1 else f"{name}-{number}"
            slide["tall"] = picture.height > TALL * picture.width
            picture.save(pictures / f"{slide['picture']}.webp", quality=85)
    text = _template().render(title=slides[0]["title"], slides=slides)
    (folder / f"{path.stem}.html").write_text(text, encoding="utf-8")


def _part(picture: Image.Image, part: Sequence) -> Image.Image:
    """Return what an audience can read of a picture: a part, or several below each other.

    A part is cut at shares of the sides: left, top, right, bottom.
    """
    wide, high = picture.size
    parts = part if isinstance(part[0], Sequence) else [part]
    edges = [(int(x0 * wide), int(y0 * high), int(x1 * wide), int(y1 * high))
             for x0, y0, x1, y1 in parts]  # fmt: skip
    size = max(x1 - x0 for x0, _, x1, _ in edges), sum(y1 - y0 for _, y0, _, y1 in edges)
    sheet, top = Image.new("RGB", size, "white"), 0
    for box in edges:
        sheet.paste(picture.crop(box), (0, top))
        top += box[3] - box[1]
    return sheet


@cache
def _template() -> jinja2.Template:
    text = (_HERE / "templates" / "deck.html").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True).from_string(text)


# --- What stands on them --------------------------------------------------------------------------


def deck(notebook: Mapping, name: str, edition: str) -> list[dict]:
    """Return the slides of a notebook in an edition, each with its title and what is under it."""
    own = lesson(name)
    opening = notebook["cells"][0]["source"]
    first, second, *rest = ({**slide} for slide in own["slides"])
    told = edition == "instructor"
    if told:
        first["notes"] = f"Before: {own['before']}"
    for slide in (first, second, *rest):
        if "figure" in slide:
            part = "part of a figure: " if "part" in slide else ""
            slide["alt"] = part + alt(notebook, slide["figure"])
            slide["source"] = source(slide)
    minutes = inline(re.search(r"\*\*Time to learn:\*\* ([^.]*)\.", opening)[1])
    return [
        {"first": True, "title": opening.splitlines()[0].lstrip("# "), "lines": [minutes]},
        {"title": "After this you can", "list": [inline(aim) for aim in aims(opening)]},
        *(first, second),
        *_bet(bet(name), told),
        *rest,
        {"title": "Your turn, in the notebook", "list": _asked(notebook), "small": True},
        {
            "title": "Two minutes on paper",
            "lines": [
                "One thing that you now see otherwise, and why.",
                "One that you still doubt.",
            ],
            "list": [f"Next: <b>{html.escape(title)}</b>" for title in _onward(name)],
        },
    ]


def bet(name: str) -> dict:
    """Return the bet of a lesson: question, options, answer if the data do not decide, explain."""
    asked = lesson(name)["bet"]
    row = base.questions()[asked] if isinstance(asked, str) else asked
    return {k: " ".join(v.split()) if isinstance(v, str) else v for k, v in row.items()}


def _bet(row: Mapping, told: bool) -> list[dict]:
    """Return two slides: the question to vote on, and what to look at, with the answer hidden."""
    look = {"title": "Now look", "small": True, "lines": []}
    if "observe" in row:
        look["lines"] = [f"In the explorer: {html.escape(row['observe'])}"]
    if told:
        turned_out = html.escape(row.get("answer", ""))
        look["hidden"] = [f"<strong class='bet'>{turned_out}</strong>"] if turned_out else []
        look["hidden"].append(html.escape(row["explain"]))
        look["notes"] = "Ask first who has won, and why the others believed otherwise."
    asked = {"title": "A bet", "lines": [html.escape(row["question"])], "options": row["options"]}
    return [asked, look]


def aims(opening: str) -> list[str]:
    """Return what a reader will be able to do, from a notebook's first cell."""
    listed = re.search(r"will be able to do\*\*\n+((?:- .*\n?)+)", opening)
    return [line[2:].rstrip(" ,.") for line in listed[1].strip().splitlines()]


def _asked(notebook: Mapping) -> list[str]:
    """Return what is to be written: the question of the text above, and the words at the dots."""
    found, above = [], ""
    for cell in notebook["cells"]:
        if said := _TURN.search(cell["source"]):
            above = inline(said[1][:1].upper() + said[1][1:])
        if dots := re.search(r"^mine = \.\.\.  # (.*)$", cell["source"], re.M):
            found.append(f"{above}<br><code>mine =</code> <b>{inline(dots[1])}</b>")
            above = ""
    return found


def _onward(name: str) -> list[str]:
    """Return the titles of the notebooks that come next, by the map of what needs what."""
    after = [other for other in concept_map.onward(name) if other > name]
    return [notebooks.title(path) for path in notebooks.find(after[:4])] if after else []


# --- Pictures -------------------------------------------------------------------------------------


def source(slide: Mapping) -> str:
    """Return what the figure of a slide is drawn from, in the few words that stand below it.

    Of a row of ``lessons/NAME.toml`` ``kept`` names a baseline, ``example`` says in words what has
    been made for the slide, ``measured`` what the data sets in ``data`` are.

    Examples
    --------
    >>> source({"example": "one soil of 64 × 64 voxels"})
    'Example: one soil of 64 × 64 voxels.'
    """
    said = []
    if "example" in slide:
        said.append(f"Example: {slide['example']}.")
    if "kept" in slide:
        said.append(_kept_words(slide["kept"]))
    if "measured" in slide:
        real = all(at_hand(name) for name in slide["data"])
        said.append(f"{'Measured' if real else 'Synthetic stand-in'}: {slide['measured']}.")
    return " ".join(said)


@cache
def _kept_words(name: str) -> str:
    kept = baseline.needed(name, "see CONTRIBUTING")
    size = f"size {kept['size']}"
    made = kept.get("made", size)
    said = dict.fromkeys([*made.split(", "), size, kept["date"]])
    return f"Kept baseline {name}: {', '.join(said)}."


def alt(notebook: Mapping, figure: str) -> str:
    """Return what a figure of a notebook shows, in words: those of the cell that saves it."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and f'"{figure}"' in cell["source"]:
            said = re.search(r'alt="([^"]+)"', cell["source"])
            words = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
            if words or said:
                return words or said[1]
    raise InputError(f"figure {figure}: no cell saves it with words on what it shows")


def _pictures(
    path: Path, notebook: Mapping, wanted: Mapping[str, Sequence[Mapping]]
) -> Iterator[tuple[str, Image.Image]]:
    """Yield figures of a notebook by name, with the slides that show each: kept, or drawn now."""
    of_notebook = _rests_on(path)
    lines = _statements(notebook)
    names: dict[str, object] = {}
    done: set[int] = set()
    for name, shown in wanted.items():
        kept = folders.cache() / "slides" / f"{name}.png"
        rooms = [(slide.get("part", (0, 0, 1, 1)), _height(slide)) for slide in shown]
        least = max(slide.get("paper", SMALLEST) for slide in shown)
        rests_on = f"{of_notebook} {rooms} {least}"
        if (drawn := _kept(kept, rests_on)) is None:
            figure = _drawn(lines, name, names, done)
            figure.set_size_inches(figure.get_size_inches() * _share(figure, rooms, least))
            drawn = _keep(figure, kept, rests_on)
        yield name, drawn


def _height(slide: Mapping) -> int:
    """Return about how many pixels of height title and words leave to a figure as wide as both."""
    lines = sum(-(-len(line) // 88) for line in slide.get("lines", ()))
    return 590 - 48 * (len(slide.get("title", "")) > 60) - 55 * lines


def _share(
    figure: Figure, rooms: Sequence[tuple[Sequence, float]], least: float = SMALLEST
) -> float:
    """Return to which share of its paper a figure goes, so that its labels are read from afar.

    Letters keep their points, so they grow relative to the picture. `rooms` has for each slide that
    shows it the part and the height (pixels) there is above the words; the least share is 1
    (``paper`` of a slide) where words would no longer fit into boxes.
    """
    wide, high = figure.get_size_inches()
    points, dots = min(_points(figure), default=LETTERS), []
    for part, height in rooms:
        parts = part if isinstance(part[0], Sequence) else [part]
        width = wide * max(x1 - x0 for x0, _, x1, _ in parts)
        tall = high * sum(y1 - y0 for _, y0, _, y1 in parts)
        room = (864, 590) if tall > TALL * width else (1200, height)
        dots.append(min(room[0] / width, room[1] / tall))
    return min(1, max(least, points / 72 * min(dots) / LETTERS))


def _points(figure: Figure) -> Iterator[float]:
    """Yield the sizes of a figure's words and numbers, but not of what made it, below."""
    for text in figure.findobj(Text):
        words = re.sub(r"[\W_]", "", text.get_text())
        if words and text.get_visible() and text is not figure._supxlabel:
            yield text.get_fontsize()
    for axes in figure.axes:
        if axes.axison:
            labels = (axis.get_ticklabels() for axis in (axes.xaxis, axes.yaxis))
            yield from (text.get_fontsize() for some in labels for text in some[:1])


def _rests_on(path: Path) -> str:
    """Return what decides the pictures of a notebook, as one hash."""
    parts = fingerprint(path, notebooks.assign(path, {}, "quick"), "quick"), data_state()
    return sha256(repr((*parts, language.language())).encode()).hexdigest()


def _kept(place: Path, rests_on: str) -> Image.Image | None:
    """Return a picture that was drawn before, unless what it rests on has changed."""
    try:
        with Image.open(place) as picture:
            return picture.copy() if picture.info.get(_RESTS_ON) == rests_on else None
    except OSError:
        return None


def _keep(figure: Figure, place: Path, rests_on: str) -> Image.Image:
    """Return the picture of a figure, and keep it for the next deck, where that can be."""
    drawn = results.picture(figure, {_RESTS_ON: rests_on}, compress_level=1)
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with writing(place) as part:
            part.write_bytes(drawn)
    return Image.open(io.BytesIO(drawn))


def _statements(notebook: Mapping) -> list[ast.stmt]:
    """Return the statements of a notebook in their order, without those of the answers."""
    cells = (c for c in notebook["cells"] if c["cell_type"] == "code")
    lesson_cells = (c for c in cells if "solution" not in c["metadata"].get("tags", []))
    texts = (re.sub(r"^\s*[%!].*$", "", c["source"], flags=re.M) for c in lesson_cells)
    return [statement for text in texts for statement in ast.parse(text).body]


def _drawn(
    lines: Sequence[ast.stmt], figure: str, names: dict[str, object], done: set[int]
) -> Figure:
    """Run what the figure saved by a name needs of a notebook's statements, and return it.

    `names` is what earlier calls have computed and `done` which statements they have run; both
    grow.
    """
    place = next(i for i, line in enumerate(lines) if _saves(line, figure))
    saved = lines[place].value.args[0]
    todo = _needed(lines[:place], {n.id for n in ast.walk(saved) if isinstance(n, ast.Name)})
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for number in sorted(todo - done):
            module = ast.Module([lines[number]], [])
            exec(compile(module, f"statement {number}", "exec"), names)
            done.add(number)
        return eval(compile(ast.Expression(saved), figure, "eval"), names)


def _needed(lines: Sequence[ast.stmt], names: set[str]) -> set[int]:
    """Return which statements give the names, or change what those are made of."""
    gives = [_names(line) for line in lines]
    imported = {name for line, (stored, _) in zip(lines, gives, strict=True)
                if isinstance(line, ast.Import | ast.ImportFrom) for name in stored}  # fmt: skip
    chosen: set[int] = set()
    todo = [(len(lines), names)]
    while todo:
        end, wanted = todo.pop()
        for number in range(end - 1, -1, -1):
            stored, loaded = gives[number]
            if stored & wanted:
                chosen.add(number)
                wanted = (wanted - stored) | loaded
        alive = {name for number in chosen for name in gives[number][0]} - imported
        for number, line in enumerate(lines):
            if number not in chosen and isinstance(line, ast.Expr) and _root(line) in alive:
                chosen.add(number)
                todo.append((number, gives[number][1]))
    return chosen


def _root(line: ast.Expr) -> str:
    """Return of which name a statement calls a method: ``axes`` of ``axes.plot(...)``."""
    node = getattr(line.value, "func", None)
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return getattr(node, "id", "") if isinstance(line.value, ast.Call) else ""


def _saves(line: ast.stmt, figure: str) -> bool:
    call = getattr(line, "value", None)
    texts = [a.value for a in getattr(call, "args", []) if isinstance(a, ast.Constant)]
    return getattr(getattr(call, "func", None), "attr", "") == "save" and figure in texts


def _names(line: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the names that a statement gives or changes, and those that it reads."""
    stored, loaded = set(), set()
    for node in ast.walk(line):
        if isinstance(node, ast.Name):
            (loaded if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            stored |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        elif isinstance(node, ast.FunctionDef):
            stored.add(node.name)
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            stored |= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
    return stored, loaded
