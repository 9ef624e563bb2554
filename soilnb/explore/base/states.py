"""What an explorer answers without Python: its states, computed while the notebook runs.

The main controls of an explorer (`Explorer.states`) are run over a grid. The built book holds each
state's picture and sentence, and a few lines of plain JavaScript (``book/assets/explorers.js``)
show them. Pictures are SVG: a *ground* that states share, and a *layer* of what differs, both as
numbers of lines in one table, since most lines occur in many states. Soils that are stepped keep
small pictures of their steps instead.
"""

import base64
import json
from collections.abc import Iterator
from html import escape
from itertools import product

from soilnb import results
from soilnb.explore.base import Control, Explorer
from soilnb.explore.base.picture import Picture
from soilnb.parameters import InputError

#: What the files of states are called in the folder of a run.
SUFFIX = ".explorer.json"

#: Largest file of one explorer, in bytes.
MOST_BYTES = 1_500_000


def record(explorer: Explorer) -> str:
    """Write the states of an explorer to the run that is under way.

    Returns
    -------
    str
        HTML that stands for the explorer on a page of the book.

    Raises
    ------
    InputError
        When the states are larger than a page may be.
    """
    run = results.current()
    number = 1 + len(list(run.folder.glob(f"*{SUFFIX}")))
    name = f"{run.notebook}-{number}"
    text = json.dumps(states(explorer), ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > MOST_BYTES:
        raise InputError(
            f"explorer {name}: {len(text.encode()) / 1e6:.1f} MB of states: allowed "
            f"{MOST_BYTES / 1e6:g} MB; fewer values in `states`"
        )
    (run.folder / f"{name}{SUFFIX}").write_text(text, encoding="utf-8")
    words = "This explorer needs JavaScript; the picture below it shows one of its states."
    return (
        f'<div class="soilnb-explorer" data-explorer="{escape(name)}"><noscript>{words}</noscript>'
        f'</div>\n<script defer src="../explorers/{escape(name)}.js"></script>'
    )


def states(explorer: Explorer) -> dict:
    """Return all states of an explorer's grid, ready for JSON.

    Returns
    -------
    dict
        ``controls`` with their ``stops``, ``states`` by the numbers of the stops with commas
        between: ``[ground, layer, words]``, where ground and layer are numbers in ``pictures``;
        each of these a list of numbers in ``lines``. Where soils are stepped, a picture is the
        text of an image, ``legend`` says what its colours are. ``beside`` are the stops of what is
        kept beside the state that is shown. A state that the model does not have holds only its
        words.
    """
    controls = [_control(explorer.about[name], explorer.states[name]) for name in explorer.states]
    for control, name in zip(controls, explorer.states, strict=True):
        control["name"] = name
        if name == explorer.plays:
            control["kind"] = "time"  # the page plays it, too
    asked, others = explorer.prediction, len(explorer.about) - len(controls)
    page = {
        "predict": asked and {
            "question": asked.question, "options": list(asked.choice.options),
            "observe": asked.observe, "explain": asked.explain, "answer": asked.answer,
        },
        "controls": controls,
        "others": others,
        "beside": _beside(explorer, controls),
    }  # fmt: skip
    if hasattr(explorer, "stills"):
        return page | _stepped(explorer, controls)
    return page | _drawn(explorer, controls)


def _beside(explorer: Explorer, controls: list[dict]) -> list[int] | None:
    """Return the stops of the state that an explorer begins with beside another."""
    if explorer.kept_values is None:
        return None
    start = {name: control.value for name, control in explorer.about.items()}
    values = {**start, **explorer.kept_values}
    return [control["stops"].index(values[control["name"]]) for control in controls]


def _control(control: Control, values) -> dict:
    stops = list(values or control.choices)
    if control.value not in stops:
        stops = sorted([*stops, control.value])
    return {
        "label": results.raised(control.label),
        "kind": "choice" if control.choices else "slider",
        "stops": stops,
        "texts": [results.raised(stop if control.choices else f"{stop:.4g}") for stop in stops],
        "start": stops.index(control.value),
    }


def _grid(controls: list[dict]) -> Iterator[tuple[str, dict]]:
    """Yield every state: its key, and the values of its controls."""
    for places in product(*(range(len(control["stops"])) for control in controls)):
        chosen = zip(controls, places, strict=True)
        yield ",".join(map(str, places)), {c["name"]: c["stops"][i] for c, i in chosen}


class _Table:
    """Numbers of things that are kept once."""

    def __init__(self) -> None:
        self.places: dict = {}

    def number(self, thing) -> int:
        """Return the number of a thing, a new one where it is not there yet."""
        return self.places.setdefault(thing, len(self.places))


def _drawn(explorer: Explorer, controls: list[dict]) -> dict:
    start = {name: control.value for name, control in explorer.about.items()}
    found, said = {}, {}
    for key, values in _grid(controls):
        try:
            found[key] = explorer.look(**{**start, **values})
        except (InputError, RuntimeError) as error:
            said[key] = str(error)
    canvas = explorer.canvas.twin()
    for result, _ in list(found.values())[:1]:
        canvas.draw(result)
        canvas.fit()
    for key in _corners(list(found), controls):  # first, so that the axes have room for all
        canvas.draw(found[key][0])
    lines, pictures, kept = _Table(), _Table(), {}
    drawn = _draw_all(canvas, {key: result for key, (result, _) in found.items()})
    for key, parts in drawn.items():
        numbers = [pictures.number(tuple(map(lines.number, p.split("\n")))) for p in parts]
        kept[key] = [*numbers, found[key][1]]
    kept |= {key: [words] for key, words in said.items()}
    width, height = 72 * canvas.figure.get_size_inches()
    return {
        "size": [round(width), round(height)],
        "lines": list(lines.places),
        "pictures": [list(picture) for picture in pictures.places],
        "states": kept,
    }


def _draw_all(canvas: Picture, found: dict) -> dict[str, tuple[str, str]]:
    """Draw all states on the same axes: again those that were drawn before these were widened."""
    drawn, waiting = {}, list(found)
    while waiting:
        grown = {}
        for key in waiting:
            canvas.draw(found[key])
            drawn[key] = canvas.svg()
            grown[key] = canvas.grown
        waiting = [key for key in waiting if grown[key] < canvas.grown]
    return drawn


def _corners(keys: list[str], controls: list[dict]) -> list[str]:
    """Return the states in which every slider is at one of its ends; choices have no order."""
    places = {key: [int(i) for i in key.split(",")] for key in keys}
    columns = [set(column) for column in zip(*places.values(), strict=True)]
    ends = [
        column if control["kind"] == "choice" else {min(column), max(column)}
        for control, column in zip(controls, columns, strict=False)
    ]
    return [
        key
        for key, place in places.items()
        if all(i in end for i, end in zip(place, ends, strict=True))
    ]


def _key(place: str, step: int) -> str:
    return f"{place},{step}" if place else str(step)


def _stepped(explorer, controls: list[dict]) -> dict:
    start = {name: control.value for name, control in explorer.about.items()}
    pictures, kept = _Table(), {}
    for key, values in _grid(controls):
        try:
            for step, (picture, words) in enumerate(explorer.stills(**{**start, **values})):
                data = base64.b64encode(picture).decode()
                image = pictures.number(f"data:image/webp;base64,{data}")
                kept[_key(key, step)] = [image, words]
        except InputError as error:
            kept[_key(key, 0)] = [str(error)]
    first = min(range(len(explorer.frames)), key=lambda i: abs(explorer.frames[i] - explorer.start))
    time = {
        "label": explorer.name,
        "kind": "time",
        "stops": explorer.frames,
        "texts": [explorer.label(number) for number in explorer.frames],
        "start": first,
        "name": "time",
    }
    controls.append(time)
    return {
        "size": None, "images": list(pictures.places), "states": kept, "legend": explorer.legend,
    }  # fmt: skip
