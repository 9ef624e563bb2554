"""Syllabus and lesson plans: minutes, aims and prerequisites are those that the notebooks state.

A notebook says how long it takes. That time is shared among its sections by what there is to do in
each: reading, equations, code, sliders to move, cells to write, exercises.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from soilnb import check, language
from soilnb.course import bank, editions, slides
from soilnb.pipeline import notebooks
from soilnb.pipeline.pages import concept_map

#: Minutes of a session, and those of its first and last item.
SESSION, OPENING, CLOSING = 90, 10, 5

#: What a section weighs, in minutes of somebody in no hurry: words per minute, then one of each.
_WORDS, _CODE, _FORMULA, _EXPLORER, _TASK, _EXERCISE = 180, 0.7, 0.7, 4, 3, 5

#: What earns points in an answer in words, of `editions.POINTS` in all.
RUBRIC = (
    (1, "Claim", "says what is the case, so that it could turn out wrong"),
    (1, "Evidence", "a run, a figure or a number that bears on the claim"),
    (2, "Reason", "the balance or mechanism that leads from one to the other; 1 if only named"),
)


class Part(NamedTuple):
    """A section of a notebook: its heading, minutes, and what there is to do besides reading."""

    heading: str
    minutes: int
    todo: tuple[str, ...]


def spans() -> dict[str, dict]:
    """Return the ways to give the course, each with its sessions and the notebooks in it.

    Examples
    --------
    >>> list(spans())
    ['lecture', 'week', 'weeks']
    >>> spans()["lecture"]["notebooks"]
    ['00_start_here', '20_what_is_cue', '22_diagnosed_cue']
    """
    found = {}
    for name, span in _syllabus().items():
        if name != "tracks":
            used = {n for s in span["sessions"] for n in s["home"]}
            used |= {part["notebook"] for s in span["sessions"] for part in s["class"]}
            found[name] = {**span, "notebooks": sorted(used)}
    return found


@cache
def _syllabus() -> dict:
    path = Path(__file__).parent / "syllabus.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


# --- What a notebook says of itself ---------------------------------------------------------------


def minutes(notebook: Mapping) -> int:
    """Return how long a notebook takes by its own words, without optional parts."""
    opening = notebook["cells"][0]["source"]
    return int(re.search(r"\*\*Time to learn:\*\* (\d+) minutes", opening)[1])


def prerequisites(notebook: Mapping) -> list[tuple[str, str]]:
    """Return what one should know before a notebook, and how much it is needed."""
    opening = notebook["cells"][0]["source"]
    return re.findall(r"^\| (.+?) \| (needed|helpful|not needed) \|$", opening, re.M)


def parts(notebook: Mapping) -> list[Part]:
    """Return the sections of a notebook with their minutes, which add up to its own time.

    Optional parts come with 0 minutes: they are no part of that time.
    """
    sections: list[tuple[str, list[Mapping]]] = []
    for cell in editions.edition(notebook, "00", "student")["cells"][1:]:
        heading = re.match(r"## (.*)", cell["source"])
        if heading and cell["cell_type"] == "markdown":
            sections.append((heading[1], []))
        elif not sections:
            sections.append(("Begin", []))
        sections[-1][1].append(cell)
    if len(sections[0][1]) <= 2 and sections[0][0] == "Begin":  # parameters and imports alone
        sections = sections[1:]
    weights = [0 if h.startswith("Optional") else _weight(h, cells) for h, cells in sections]
    shared = _shares(weights, minutes(notebook))
    return [
        Part(heading, part, _todo(heading, cells))
        for (heading, cells), part in zip(sections, shared, strict=True)
    ]


def _weight(heading: str, cells: Iterable[Mapping]) -> float:
    total = _EXPLORER if heading.startswith("Explore") else 0.0
    for cell in cells:
        if cell["cell_type"] == "code":
            graded = cell["metadata"].get("nbgrader", {})
            total += _TASK if graded.get("grade") else 0 if graded else _CODE
        else:
            total += len(cell["source"].split()) / _WORDS + _FORMULA * cell["source"].count("$$")
            total += _EXERCISE * cell["source"].startswith("### Exercise")
    return total


def _shares(weights: Sequence[float], total: int) -> list[int]:
    """Share whole minutes by weights, at least one where there is any, by largest remainders."""
    least = [int(weight > 0) for weight in weights]
    spare = total - sum(least)
    exact = [one + spare * w / sum(weights) for one, w in zip(least, weights, strict=True)]
    whole = [int(share) for share in exact]
    order = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for i in order[: total - sum(whole)]:
        whole[i] += 1
    return whole


def _todo(heading: str, cells: Iterable[Mapping]) -> tuple[str, ...]:
    todo = ["bet first, then move"] if heading.startswith("Explore") else []
    for cell in cells:
        source = cell["source"]
        if dots := re.search(r"^mine = \.\.\.  # (.*)$", source, re.M):
            todo.append(f"write: {dots[1]}")
        if drawn := re.search(r'verdict_line\("(\w+)", figure="(\w+)"', source):
            todo.append(f"read the line under figure {drawn[2]}")
        if number := re.match(r"### Exercise (\d+)(: open question)?", source):
            todo.append(f"exercise {number[1]}{' (open)' if number[2] else ''}")
    return tuple(todo)


# --- Lesson plans ---------------------------------------------------------------------------------


def rubric(name: str) -> str:
    """Return what a good answer to the open question of a notebook contains, as Markdown."""
    points = "\n".join(f"- {line}" for line in slides.lesson(name)["open"])
    return f"**What a good answer contains** ({editions.POINTS} points, by the rubric):\n\n{points}"


def lesson_plan(path: Path) -> str:
    """Return the plan of one lesson: before, during, assessment, and a site of one's own."""
    notebook, own = notebooks.read(path), slides.lesson(path.stem)
    known = "\n".join(f"- {what}: {how}" for what, how in prerequisites(notebook))
    known = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"*\1*", known)
    asked = slides.bet(path.stem)
    tasks = len(editions.tasks(notebook))
    return f"""# Lesson plan: {notebooks.title(path)}

Notebook `{path.stem}`, {minutes(notebook)} minutes by its own words.
[Slides](../slides/{path.stem}.html) · [notebook](../notebooks/{path.stem}/{path.name})

## Before

{own["before"]}

Run the notebook once on the machine in the room (*Run All*); it compiles what it needs. Students
should know:

{known}

## During

| minutes | part | to do |
| --- | --- | --- |
{_during(notebook)}

**The bet.** {asked["question"]}

{_options(asked)}

Let them vote before anybody moves a slider, and ask two who disagree for their reasons. Then look.
*{asked["explain"]}*

## What they may believe

{_misconceptions(path.stem)}

## Assessment

Checked cells: {tasks}, with {check.POINTS} points each, given by the notebook itself; half of
them where only the unit or the sign is another. Exercises: {editions.POINTS} points each.

{_rubric_table()}

{rubric(path.stem)}

## A site of your own

{own["local"]}
"""


def _misconceptions(name: str) -> str:
    """Return what students believe, each with the question of the bank that uncovers it."""
    return "\n\n".join(
        f"**{question.misconception}** {question.text} *{question.answer}. {question.why}*"
        for question in bank.questions([name])
        if question.kind == "choice"
    )


def _during(notebook: Mapping) -> str:
    rows, start = [], 0
    for part in parts(notebook):
        if part.heading.startswith("Optional"):
            rows.append(f"| – | {part.heading} | for those who are ahead |")
            continue
        end = start + part.minutes
        rows.append(f"| {start}–{end} | {part.heading} | {'; '.join(part.todo)} |")
        start = end
    return "\n".join(rows)


def _options(asked: Mapping) -> str:
    right = asked.get("answer")
    lines = [f"- {o}{' **(it turned out so)**' if o == right else ''}" for o in asked["options"]]
    return "\n".join(lines if right else [*lines, "", "The data decide which; see the notebook."])


def _rubric_table() -> str:
    table = _table(["points", "", "what earns them"], [[str(n), *row] for n, *row in RUBRIC])
    return (
        f"{table}\n\n"
        "Grade the reasoning, not the hit rate: a wrong prediction with a good reason scores as a "
        "right one."
    )


# --- The folder -----------------------------------------------------------------------------------


def write(folder: Path, edition: str, span: str) -> None:
    """Write the README of an edition and the syllabus of one of `spans` into a course's folder."""
    (folder / "README.md").write_text(_readme(edition, span), encoding="utf-8")
    (folder / "syllabus.md").write_text(syllabus(span), encoding="utf-8")


def write_lesson(folder: Path, path: Path) -> None:
    """Write the plan of the lesson on a notebook into the folder of all plans."""
    folder.mkdir(exist_ok=True)
    (folder / f"{path.stem}.md").write_text(lesson_plan(path), encoding="utf-8")


def _readme(edition: str, span: str) -> str:
    text = (Path(__file__).parent / "templates" / f"{edition}.md").read_text(encoding="utf-8")
    plan = spans()[span]
    first = plan["notebooks"][0]
    return text.format(title=plan["title"].lower(), says=plan["says"], first=first)


# --- Syllabus -------------------------------------------------------------------------------------


def syllabus(span: str) -> str:
    """Return the plan of a course: sessions with aims, parts, minutes, homework, assessment."""
    plan = spans()[span]
    texts = [f"# {plan['title']}", plan["says"]]
    for number, session in enumerate(plan["sessions"], 1):
        week = f"Week {(number + 1) // 2}, session" if span == "weeks" else "Session"
        inner = 2 - number % 2 if span == "weeks" else number
        texts.append(f"## {week} {inner}: {session['question']}")
        texts.append(_session(session))
    return "\n\n".join([*texts, f"## Tracks\n\n{_tracks()}", _map(plan["notebooks"])]) + "\n"


def agenda(session: Mapping) -> list[tuple[int, str]]:
    """Return the items of a session with their minutes, which add up to `SESSION`."""
    if "rows" in session:
        return [(spent, what) for spent, what in session["rows"]]
    homework = "The homework in a few words; the bet, by show of hands (slides)"
    items = [(OPENING, session.get("opening", homework))]
    for item in session["class"]:
        notebook = _notebook(item["notebook"])
        inner = [p.heading for p in parts(notebook)]
        inner = [h for h in inner if not h.startswith(("Optional", "Exercises"))]
        wanted = item.get("parts") or inner
        spent = sum(p.minutes for p in parts(notebook) if p.heading in wanted)
        chosen = f": {', '.join(wanted)}" if "parts" in item else ", without its exercises"
        items.append((spent, f"*{_title(item['notebook'])}*{chosen}"))
    rest = SESSION - CLOSING - sum(spent for spent, _ in items)
    pairs = "Exercises in pairs, then in the round"
    return [*items, (rest, pairs), (CLOSING, "Exit ticket")]


def _session(session: Mapping) -> str:
    names = [item["notebook"] for item in session["class"]]
    aims = "\n".join(
        f"- {aim}"
        for item in session["class"]
        for aim in slides.aims(_notebook(item["notebook"])["cells"][0]["source"])[
            : item.get("aims")
        ]
    )
    home = []
    for name in session["home"]:
        own = "exercises of" if name in names else "read and work through"
        took = sum(p.minutes for p in parts(_notebook(name)) if p.heading == "Exercises")
        spent = took if name in names else minutes(_notebook(name))
        home.append(f"{own} *{_title(name)}* (about {spent} minutes)")
    return (
        f"After it you can\n\n{aims}\n\n{_agenda(session)}\n\n"
        f"**Homework:** {'; '.join(home)}.\n\n**Assessment:** {session['assessment']}"
    )


@cache
def _notebook(name: str) -> dict:
    return notebooks.read(notebooks.find([name])[0])


def _title(name: str) -> str:
    return notebooks.title(notebooks.find([name])[0])


def _tracks() -> str:
    rows = [
        [name, track["says"], ", ".join(n[:2] for n in track["notebooks"])]
        for name, track in _syllabus()["tracks"].items()
    ]
    return _table(["track", "for", "notebooks"], rows)


def _map(names: Iterable[str]) -> str:
    """Return what needs what, as a diagram that JupyterLab draws."""
    names = list(names)
    boxes = [f'  n{name[:2]}["{name[:2]} {_title(name)}"]' for name in names]
    edges = [
        f"  n{needed[:2]} --> n{name[:2]}"
        for name in names
        for needed in concept_map.IDEAS[name][-1]
        if needed in names
    ]
    return "\n".join(["## What needs what\n", "```mermaid", "flowchart LR", *boxes, *edges, "```"])


# --- The guide of the book ------------------------------------------------------------------------


def filled(text: str, code: str = "en") -> str:
    """Return a page of the book with the tables that it asks for, in a language.

    Those are ``<!-- prerequisites -->``, ``<!-- tracks -->`` and, of each way to give the course,
    ``<!-- agenda of NAME -->`` (minutes) or ``<!-- sessions of NAME -->``.
    """
    tables = {"prerequisites": _known, "tracks": _tracks}
    for name, span in spans().items():
        tables[f"agenda of {name}"] = partial(_agenda, span["sessions"][0])
        tables[f"sessions of {name}"] = partial(_sessions, span["sessions"])
    for asked in re.findall(r"<!-- ([\w ]+) -->", text):
        if asked in tables:
            text = text.replace(f"<!-- {asked} -->", _in_language(tables[asked](), code))
    return text


def _in_language(table: str, code: str) -> str:
    """Return a table in another language; titles of notebooks stay theirs."""
    return re.sub(
        r"(?<=[|;] )([^|;\n]+?)(?= \||;)", lambda part: language.page(part[1], code), table
    )


def _known() -> str:
    """Return what each notebook needs, as a table of the book."""
    rows = []
    for path in notebooks.notebooks():
        asked = prerequisites(notebooks.read(path))
        cells = (
            "; ".join(w for w, how in asked if how == wanted) for wanted in ("needed", "helpful")
        )
        rows.append([_page(path.stem), *(re.sub(r"\]\((\d)", r"](notebooks/\1", c) for c in cells)])
    return _table(["notebook", "needed", "helpful"], rows)


def _sessions(sessions: Iterable[Mapping]) -> str:
    """Return the sessions of a course in a table: question, in class, before the next."""
    rows = [
        [
            str(number),
            session["question"],
            ", ".join(_page(item["notebook"]) for item in session["class"]),
            ", ".join(_page(name) for name in session["home"]),
        ]
        for number, session in enumerate(sessions, 1)
    ]
    return _table(["session", "question", "in class", "before the next"], rows)


def _agenda(session: Mapping) -> str:
    return _table(["minutes", "what"], [[str(spent), what] for spent, what in agenda(session)])


def _page(name: str) -> str:
    return f"[{_title(name).partition(':')[0]}](notebooks/{name}.ipynb)"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
