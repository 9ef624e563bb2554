"""The frame of every explorer: prediction, controls, one picture, the result in words.

A reader predicts, observes and then reads why: the explanation opens once there is a prediction
and something has been moved. Controls stand beside the picture where there is room for both, and
above it on a phone. The picture follows a slider while it is dragged. Widgets hold a move back
while the last one is being answered and then send the newest, so nothing stale is computed.
"""

from __future__ import annotations

import functools
import time
import tomllib
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from soilnb import results
from soilnb.explore.base import player
from soilnb.explore.base.picture import Picture
from soilnb.language import translated
from soilnb.parameters import InputError, Parameter, check_known, unknown

#: Controls that are open; the others stand under *More controls*.
OPEN = 4

#: Moves of one control that follow each other within this time (s) are one: the ghost stays.
PAUSE = 1.0

#: Every explorer of this session, in the order in which they were made.
_MADE: list[Explorer] = []


@dataclass(frozen=True)
class Control:
    """One thing that the reader can change: a slider with a numeric twin, or a choice.

    Attributes
    ----------
    label : str
        What it is, with its unit.
    value : float or str
        Where it starts.
    low, high, step : float
        Range of a slider (unused for a choice).
    choices : sequence of str
        What can be chosen; empty for a slider.
    zooms : bool
        Whether it says how much is shown, so that the axes fit anew when it moves.
    """

    label: str
    value: float | str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    choices: Sequence[str] = ()
    zooms: bool = False

    @classmethod
    def of(cls, record: Parameter, *, value=None, low=None, high=None, step=None) -> Control:
        """Make a slider from a parameter's record; what the model accepts is not left."""
        bottom, top = record.bounds
        first, last = record.slider or record.bounds
        low, high = first if low is None else low, last if high is None else high
        if low < bottom or high > top:
            raise InputError(
                f"range {low:g} to {high:g} of {record.label}: allowed {record.bounds}"
            )
        step = _round_step(high - low) if step is None else step
        value = record.value if value is None else value
        return cls(_label(record), value, low, high, step)

    def tidy(self, value: float | str) -> float | str:
        """Return a slider's value as a person writes it: 20.5, not 20.499999."""
        if self.choices or value == self.value:
            return value
        return min(max(round(value, _digits(self.step)), self.low), self.high)

    def reached(self, values: Sequence) -> Sequence:
        """Return values that the slider, or the choice, can be moved to; others are refused."""
        for value in values:
            if value not in self.choices if self.choices else not self.low <= value <= self.high:
                allowed = self.choices or f"{self.low:g} to {self.high:g}"
                raise InputError(f"{self.label} = {value}: allowed {allowed}")
        return values

    @property
    def first(self) -> float:
        """Where the slider begins, so that its start is one of its stops (others are not kept)."""
        return round(
            self.value - self.step * np.ceil((self.value - self.low) / self.step - 1e-9), 9
        )

    def short(self, value: float | str) -> float | str:
        """Return a value as a number box has room for it, with four digits that count."""
        return value if self.choices else float(f"{self.tidy(value):.4g}")


def _round_step(span: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten, 50 to 125 of which make `span`."""
    longest = span / 50 * (1 + 1e-9)
    power = 10.0 ** np.floor(np.log10(longest))
    return float(f"{power * max(s for s in (1, 2, 5) if s * power <= longest):.3g}")


def _digits(step: float) -> int:
    """Return how many digits after the point a step has."""
    return len(f"{step:.10f}".rstrip("0").partition(".")[2])


def _label(record: Parameter) -> str:
    """Write a record's meaning with its unit as a person would: °C, m⁻² yr⁻¹."""
    words = record.meaning[0].upper() + record.meaning[1:]
    return words if record.unit == "1" else f"{words} ({results.raised(record.unit)})"


# --- Widgets -----------------------------------------------------------------------------------


def full(**layout: str) -> widgets.Layout:
    """Return the layout of what is as wide as it may be."""
    return widgets.Layout(width="auto", min_width="0", **layout)


def text(html: str = "") -> widgets.HTML:
    """Return text that breaks where the line is full (a `Label` would be cut there)."""
    return widgets.HTML(html, layout=full(margin="2px 0"))


def lines(html: str) -> str:
    """Return lines of text that stand as close as in a paragraph."""
    return f"<div style='line-height:1.35'>{html}</div>"


def said(sentence: str, *, strong: bool = False) -> str:
    """Return a sentence as a part of the page that a screen reader says when it changes."""
    inside = f"<b>{escape(sentence)}</b>" if strong else escape(sentence)
    return f"<p role='status' style='line-height:1.4;margin:4px 0'>{inside}</p>"


def _widget(control: Control) -> tuple[widgets.ValueWidget, widgets.Widget]:
    """Build a control; returns what carries its value, and the block that is shown."""
    words = results.raised(translated(control.label))
    label = text(lines(escape(words)))
    if control.choices:
        options = [(results.raised(translated(choice)), choice) for choice in control.choices]
        choice = widgets.Dropdown(options=options, value=control.value)
        choice.tooltip, choice.layout = words, full()
        return choice, widgets.VBox([label, choice], layout=full())
    about = {"max": control.high, "step": control.step}
    slider = widgets.FloatSlider(
        **about,
        min=control.first,
        value=control.value,
        readout=False,
        tooltip=words,
        layout=full(flex="1 1 auto"),
    )
    number = widgets.BoundedFloatText(
        **about,
        min=control.low,
        value=control.short(control.value),
        tooltip=translated("{name}, as a number", name=words),
        layout=widgets.Layout(width="84px", flex="0 0 auto"),
    )
    slider.observe(lambda _: setattr(number, "value", control.short(slider.value)), "value")
    number.observe(lambda change: _typed(slider, change["new"], control), "value")
    row = widgets.HBox([slider, number], layout=full())
    return slider, widgets.VBox([label, row], layout=full())


def _typed(slider: widgets.FloatSlider, number: float, control: Control) -> None:
    if number != control.short(slider.value):  # else it only follows the slider
        slider.value = number


def _folded(title: str, content: Sequence[widgets.Widget]) -> widgets.Accordion:
    folded = widgets.Accordion([widgets.VBox(list(content), layout=full())], selected_index=None)
    folded.set_title(0, title)
    return folded


def _beside(left: Sequence[widgets.Widget], right: Sequence[widgets.Widget]) -> list:
    """Lay two groups out beside each other, or below each other on a narrow page."""
    groups = (
        widgets.VBox(
            list(left), layout=widgets.Layout(flex="1 1 270px", min_width="0", margin="0 16px 0 0")
        ),
        widgets.VBox(list(right), layout=widgets.Layout(flex="3 1 460px", min_width="0")),
    )
    return [widgets.HBox(groups, layout=full(flex_flow="row wrap", align_items="flex-start"))]


# --- Prediction --------------------------------------------------------------------------------


@functools.cache
def questions() -> dict[str, dict]:
    """Return what explorers ask, and the values of their controls that the built book computes."""
    path = Path(__file__).parents[1] / "questions.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


class Prediction(widgets.VBox):
    """Predict, observe, explain: a question to answer before the controls are moved.

    Parameters
    ----------
    question : str
        What will happen?
    options : sequence of str
        The possible answers.
    observe : str
        What to do with the controls to find out.
    explain : str
        Why it is so; shown once a prediction has been made and something has been moved.
    answer : str, optional
        The option that is right; without it the data decide, and the reader judges.

    Attributes
    ----------
    first : str or None
        What was chosen first: changing one's mind later does not change what one expected.
    when : datetime or None
        When that was.
    """

    def __init__(
        self,
        question: str,
        options: Sequence[str],
        observe: str,
        explain: str,
        answer: str | None = None,
    ) -> None:
        if answer is not None and answer not in options:
            raise unknown("answer", answer, options)
        self.question, self.observe, self.explain, self.answer = question, observe, explain, answer
        self.first: str | None = None
        self.when: datetime | None = None
        self.moved = False
        self.choice = widgets.RadioButtons(
            options=list(options), value=None, layout=widgets.Layout(width="max-content")
        )
        self.choice.tooltip = question
        self.choice.layout.max_width = "100%"
        self.feedback = text(f"<i>{translated('Choose one, then go on.')}</i>")
        self.judged = text()
        self.explanation = _folded(
            translated("Explain"), [self.judged, text(lines(escape(explain)))]
        )
        self.explanation.layout.display = "none"
        self.choice.observe(self._chosen, names="value")
        title = text(lines(f"<b>{translated('Predict.')}</b> {escape(question)}"))
        super().__init__([title, self.choice, self.feedback], layout=full())

    @classmethod
    def read(cls, name: str) -> Prediction:
        """Return the question of an explorer, by its name in ``questions.toml``."""
        row = questions()[name]
        texts = (" ".join(row[key].split()) for key in ("question", "observe", "explain"))
        question, observe, explain = map(translated, texts)
        answer = row.get("answer")
        options = [translated(option) for option in row["options"]]
        return cls(question, options, observe, explain, answer and translated(answer))

    def observed(self) -> None:
        """Note that the reader has moved something."""
        self.moved = True
        self._open()

    def forget(self) -> None:
        """Take back the choice that is shown and close the explanation; the first one is kept."""
        self.choice.value, self.moved = None, False
        self._open()

    def verdict(self) -> str:
        """Return what was expected beside what came out, in words."""
        expected = self.choice.value or self.first
        said = translated("You expected: {expected}.", expected=expected)
        if self.answer is None:
            return f"{said} {translated('Read under the picture what it did.')}"
        return f"{said} {translated('It turned out: {answer}.', answer=self.answer)}"

    def _chosen(self, change) -> None:
        if change["new"] is not None and self.first is None:
            self.first, self.when = change["new"], datetime.now(UTC)
        choice = f"<i>{escape(str(change['new']))}</i>"
        chosen = (
            f"<b>{translated('Observe.')}</b> {translated('You expect: {choice}.', choice=choice)} "
        )
        self.feedback.value = (
            lines(chosen + escape(self.observe))
            if change["new"] is not None
            else f"<i>{translated('Choose one, then go on.')}</i>"
        )
        self._open()

    def _open(self) -> None:
        earned = self.moved and self.choice.value is not None
        if earned and self.explanation.layout.display == "none":
            self.explanation.selected_index = 0  # it shows its text; the reader may fold it
        self.explanation.layout.display = None if earned else "none"
        if earned:
            self.judged.value = said(self.verdict(), strong=True)


# --- Explorer ----------------------------------------------------------------------------------


class Explorer(widgets.VBox):
    """Controls, one persistent picture, and the result in words.

    Parameters
    ----------
    controls : mapping of str to Control
        By the argument name under which `compute` receives the value. The first four are open.
    compute : callable
        ``compute(**values)`` returns what `draw` and `words` need (usually a Dataset).
    draw : callable
        ``draw(result, figure=...)`` redraws the figure and returns it.
    words : callable
        ``words(result)`` says the result in one or two sentences (plain text). They stand
        under the picture, and they are the picture's text for readers who cannot see it.
    asks : str, optional
        Its name in ``questions.toml``, which holds its question and its states.
    prediction : Prediction, optional
        Shown above the controls, instead of that question.
    states : mapping of str to sequence, optional
        Controls that also work in the built book, with the values that are computed for it
        (`soilnb.explore.base.states`); for a choice ``()`` means all of its choices.
    plays : str, optional
        What is played: a control that is time, or the time (a dimension) of what `compute`
        returns, which is then shown up to where the player stands.
    comparing : bool
        Whether a state can be kept beside the next one, in a picture of its own.

    Attributes
    ----------
    result : object
        What `compute` last returned.
    controls, blocks : dict
        By name what carries a control's value, and what is shown of it (label above, then slider
        and number, or choice).
    picture : ipywidgets.Image
        The picture; its bytes change, the widget stays.
    updates : int
        How often the picture was redrawn.
    kept_values : dict or None
        Values in which the state that was kept from the start differs (`beside`); None without one.
    """

    def __init__(
        self,
        controls: Mapping[str, Control],
        compute: Callable,
        draw: Callable[..., Figure],
        words: Callable[..., str],
        *,
        asks: str = "",
        prediction: Prediction | None = None,
        states: Mapping[str, Sequence] | None = None,
        plays: str = "",
        comparing: bool = False,
    ) -> None:
        asked = questions().get(asks, {})
        self.about = dict(controls)
        self.states = {
            name: controls[name].reached(values)
            for name, values in (states or asked.get("states", {})).items()
            if name in controls
        }
        built = {name: _widget(control) for name, control in controls.items()}
        self.controls = {name: value for name, (value, _) in built.items()}
        self.blocks = {name: block for name, (_, block) in built.items()}
        self._compute, self._words = compute, words
        self.canvas = Picture(draw)
        self._held, self._shown, self._last, self._said = False, None, (None, 0.0), ""
        self.result = None
        self.updates = 0
        self.prediction = prediction or (Prediction.read(asks) if "question" in asked else None)
        self.picture = widgets.Image(
            format="png",
            layout=widgets.Layout(max_width="100%", max_height="70vh", object_fit="contain"),
        )
        self.words = text()
        self.plays, self.clock = plays, None
        self._comparing, self._kept, self.kept_values = comparing, None, None
        self.other = widgets.Image(format="png", layout=self.picture.layout)
        self.keep = widgets.ToggleButton(
            description=translated("Keep beside"),
            tooltip=translated("Keep this state, and show the next one beside it"),
        )
        self.keep.observe(lambda change: self._keep(change["new"]), names="value")
        self._reset = widgets.Button(
            description=translated("Reset"), tooltip=translated("Back to where it started")
        )
        self._reset.on_click(lambda _: self.reset())
        self.pin = widgets.ToggleButton(
            description=translated("Keep the ghost"),
            tooltip=translated("Compare all that follows with this pale state"),
        )
        self.pin.observe(lambda change: change["new"] and self._pinned(), names="value")
        for name, control in self.controls.items():
            control.observe(lambda _, name=name: self._move(name), names="value")
        super().__init__(self._arranged(), layout=full())
        _MADE.append(self)
        self.update()

    def _arranged(self) -> list[widgets.Widget]:
        """Return what is shown: question and controls beside picture and words."""
        blocks = list(self.blocks.values())
        more = [_folded(translated("More controls"), blocks[OPEN:])] if blocks[OPEN:] else []
        asked = [self.prediction] if self.prediction else []
        why = [self.prediction.explanation] if self.prediction else []
        buttons = widgets.HBox([self._reset, *self._compares()], layout=full(flex_flow="row wrap"))
        left = [*asked, *blocks[:OPEN], *more, buttons]
        return _beside(left, [*self._shows(), self.words, *why])

    def _compares(self) -> list[widgets.Widget]:
        return [self.pin, self.keep] if self._comparing else [self.pin]

    def _shows(self) -> list[widgets.Widget]:
        """Return player and picture; what is kept has a place beside the picture, or above it."""
        shown = [self._player()] if self.plays else []
        if not self._comparing:
            return [*shown, self.picture]
        wide = {"flex": "1 1 300px", "min_width": "0"}
        kept = text(f"<i>{translated('Kept:')}</i>")
        hidden = widgets.Layout(**wide, display="none")
        self._place = widgets.VBox([kept, self.other], layout=hidden)
        both = [self._place, widgets.VBox([self.picture], layout=widgets.Layout(**wide))]
        row = full(flex_flow="row wrap", grid_gap="8px", align_items="flex-end")
        return [*shown, widgets.HBox(both, layout=row)]

    def _player(self) -> widgets.Widget:
        if self.plays in self.controls:
            label = translated(self.about[self.plays].label)
            return player.driven(self.controls[self.plays], label)
        self.clock, row = player.player("Part of the time that is shown (%)", 100, 200)
        self.clock.value = 100
        self.clock.observe(lambda _: self._tick(), names="value")
        return row

    def _repr_mimebundle_(self, **options):
        """Show the explorer; in a run of the book's notebooks also keep its states."""
        shown = super()._repr_mimebundle_(**options)
        if results.current() is not None and self.kept:
            from soilnb.explore.base import states

            (shown[0] if isinstance(shown, tuple) else shown)["text/html"] = states.record(self)
        return shown

    @property
    def kept(self) -> bool:
        """Whether the built book holds states of it."""
        return bool(self.states)

    @property
    def values(self) -> dict:
        """The controls' values, by name."""
        return {name: self.about[name].tidy(c.value) for name, c in self.controls.items()}

    def set(self, **values) -> Explorer:
        """Move several controls at once; the picture is redrawn once."""
        for name in values:
            check_known("control", name, self.controls)
        with self._hold():
            for name, value in values.items():
                self.controls[name].value = value
        return self

    def reset(self) -> None:
        """Move every control back to where it started (the book shows the last state)."""
        self.canvas.release()
        self.pin.value = self.keep.value = False
        if self.clock is not None:
            self.clock.value = self.clock.max
        self.set(**{name: control.value for name, control in self.about.items()})
        if self.kept_values is not None:
            self.beside(**self.kept_values)
        if self.prediction is not None:
            self.prediction.forget()

    def predictions(self) -> pd.DataFrame:
        """Return what was predicted here: one row, none without a prediction."""
        return predictions([self])

    @contextmanager
    def _hold(self):
        """Hold updates back, then update once."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.update()

    def _move(self, name: str) -> None:
        """Answer a move of a control: the state before it becomes the ghost."""
        if self._held or self.values == self._shown:
            return
        if self.about[name].zooms:
            self.canvas.release()
        else:
            before, then = self._last
            new = name != before or time.monotonic() - then > PAUSE
            if new and not self.pin.value:
                self.canvas.remember()
        self.update()
        self._last = name, time.monotonic()
        if self.prediction is not None:
            self.prediction.observed()

    def _pinned(self) -> None:
        """Keep the ghost; where there is none yet, the state that is shown becomes it."""
        if not self.canvas.haunted:
            self.canvas.remember()

    def look(self, **values) -> tuple[object, str]:
        """Compute one state; returns the result, and what is said about it.

        Raises
        ------
        InputError, RuntimeError
            For bad input, or where there is no steady state.
        """
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always", UserWarning)
            result = self._compute(**values)
        # What a model warns of (an extinct guild, clipped litter quality) belongs to the result.
        words = [self._words(result), *(f"Note: {n.message}." for n in notes)]
        return result, results.raised(" ".join(words))

    def update(self) -> None:
        """Compute, redraw the picture, and say the result in words."""
        if self._held:
            return
        self._shown = self.values
        try:
            self.result, words = self.look(**self._shown)
        except (InputError, RuntimeError) as error:
            self.words.value = said(str(error), strong=True)
            return
        self._said = words
        self._show_so_far()
        self._say()
        self.updates += 1

    def _show_so_far(self) -> None:
        """Draw the result, up to where the player stands."""
        share = self.clock.value / self.clock.max if self.clock is not None else 1.0
        shown = self.result if share == 1 else player.so_far(self.result, self.plays, share)
        grown = self.canvas.grown
        self.canvas.draw(shown, whole=share == 1)
        self.picture.value = self.canvas.png()
        if self._kept is not None and self.canvas.grown > grown:
            self._show_kept()  # on the axes of both

    def _tick(self) -> None:
        """Show another part of the time; nothing is computed."""
        self.canvas.vanish()
        self._show_so_far()
        if self.prediction is not None:
            self.prediction.observed()

    def _keep(self, wanted: bool) -> None:
        """Keep what is shown beside what comes next, or let it go."""
        self._kept = self._held_beside() if wanted else None
        self._place.layout.display = None if wanted else "none"
        self._show_kept()

    def _held_beside(self):
        return self.result, self._said

    def beside(self, **values) -> Explorer:
        """Begin with two: the state of some other values is kept beside what is shown.

        Returns
        -------
        Explorer
            This one, as a cell shows it.
        """
        self.kept_values = values
        self.keep.value = True
        self._kept = self._state_of(**{**self.values, **values})
        self._show_kept()
        return self

    def _state_of(self, **values):
        return self.look(**values)

    def _show_kept(self) -> None:
        """Draw what is kept, on the same axes as what is shown."""
        if self._kept is not None:
            self.canvas.draw(self._kept[0])
            self.other.value = self.canvas.png(ghost=False)
            self.canvas.draw(self.result)
            self.picture.value = self.canvas.png()
        self._say()

    def _say(self) -> None:
        beside = ""
        if self._kept is not None:
            beside = translated(" Kept beside it: {words}", words=self._kept[1])
        self.words.value = said(self._said + beside)


def predictions(explorers: Sequence[Explorer] | None = None) -> pd.DataFrame:
    """Return what was predicted in a session, one row an explorer that asks.

    Parameters
    ----------
    explorers : sequence of Explorer, optional
        All of this session by default.

    Returns
    -------
    DataFrame
        ``question``, ``expected`` (what was chosen first), ``when`` (UTC), ``now`` (what is chosen
        now), ``answer`` (empty where the data decide) and ``moved``; ``to_csv`` writes it.
    """
    asked = [e.prediction for e in (_MADE if explorers is None else explorers) if e.prediction]
    return pd.DataFrame(
        [(p.question, p.first, p.when, p.choice.value, p.answer or "", p.moved) for p in asked],
        columns=["question", "expected", "when", "now", "answer", "moved"],
    )
