"""The frame of every explorer: prediction, controls, one picture, the result in words."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from soilnb.parameters import InputError, Parameter, unknown

_LABEL = widgets.Layout(width="330px")


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
    """

    label: str
    value: float | str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    choices: Sequence[str] = ()

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
        step = (high - low) / 100 if step is None else step
        value = record.value if value is None else value
        return cls(_label(record), value, low, high, step)


_TYPESET = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _label(record: Parameter) -> str:
    """Write a record's meaning with its unit as a person would: °C, m⁻² yr⁻¹."""
    unit = record.unit.replace("degC", "°C")
    unit = re.sub(r"(?<=[a-z])-\d+", lambda power: power.group().translate(_TYPESET), unit)
    words = record.meaning[0].upper() + record.meaning[1:]
    return words if unit == "1" else f"{words} ({unit})"


def _widget(control: Control) -> tuple[widgets.ValueWidget, widgets.Widget]:
    """Build a control; returns what carries its value, and the row that is shown."""
    label = widgets.Label(control.label, layout=_LABEL)
    if control.choices:
        choice = widgets.Dropdown(options=list(control.choices), value=control.value)
        choice.description_allow_html = False
        choice.tooltip = control.label
        return choice, widgets.HBox([label, choice])
    slider = widgets.FloatSlider(
        value=control.value,
        min=control.low,
        max=control.high,
        step=control.step,
        continuous_update=False,
        readout=False,
        tooltip=control.label,
        layout=widgets.Layout(width="280px"),
    )
    number = widgets.BoundedFloatText(
        value=control.value,
        min=control.low,
        max=control.high,
        step=control.step,
        tooltip=f"{control.label}, as a number",
        layout=widgets.Layout(width="95px"),
    )
    widgets.link((slider, "value"), (number, "value"))
    return slider, widgets.HBox([label, slider, number])


def png(figure: Figure) -> bytes:
    """Return a figure as PNG bytes, written fast rather than small."""
    buffer = io.BytesIO()
    _canvas(figure).print_png(buffer, pil_kwargs={"compress_level": 1})
    return buffer.getvalue()


def _canvas(figure: Figure) -> FigureCanvasAgg:
    """Return the figure's own canvas: its renderer remembers how wide each text is."""
    canvas = figure.canvas
    return canvas if isinstance(canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)


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
        Why it is so; shown on demand, after a prediction has been made.
    """

    def __init__(self, question: str, options: Sequence[str], observe: str, explain: str) -> None:
        self.choice = widgets.RadioButtons(
            options=list(options), value=None, layout=widgets.Layout(width="max-content")
        )
        self.feedback = widgets.HTML("<i>Choose one, then go on.</i>")
        self.observe = observe
        self.explanation = widgets.Accordion([widgets.HTML(f"<p>{escape(explain)}</p>")])
        self.explanation.set_title(0, "Explain: open when you have looked")
        self.explanation.layout.display = "none"
        self.choice.observe(self._chosen, names="value")
        title = widgets.HTML(f"<b>Predict.</b> {escape(question)}")
        super().__init__([title, self.choice, self.feedback, self.explanation])

    def _chosen(self, change) -> None:
        chosen = change["new"] is not None
        self.explanation.layout.display = None if chosen else "none"
        self.feedback.value = (
            f"<b>Observe.</b> You expect: <i>{escape(change['new'])}</i>. {escape(self.observe)}"
            if chosen
            else "<i>Choose one, then go on.</i>"
        )


class Explorer(widgets.VBox):
    """Controls, one persistent picture, and the result in words.

    Parameters
    ----------
    controls : mapping of str to Control
        By the argument name under which `compute` receives the value.
    compute : callable
        ``compute(**values)`` returns what `draw` and `words` need (usually a Dataset).
    draw : callable
        ``draw(result, figure=...)`` redraws the figure and returns it.
    words : callable
        ``words(result)`` says the result in one or two sentences (plain text). They stand
        under the picture, and they are the picture's text for readers who cannot see it.
    prediction : Prediction, optional
        Shown above the controls.

    Attributes
    ----------
    result : object
        What `compute` last returned.
    picture : ipywidgets.Image
        The picture; its bytes change, the widget stays.
    updates : int
        How often the picture was redrawn.
    """

    def __init__(
        self,
        controls: Mapping[str, Control],
        compute: Callable,
        draw: Callable[..., Figure],
        words: Callable[..., str],
        *,
        prediction: Prediction | None = None,
    ) -> None:
        self._start = {name: control.value for name, control in controls.items()}
        built = {name: _widget(control) for name, control in controls.items()}
        self.controls = {name: value for name, (value, _) in built.items()}
        self._compute, self._draw, self._words = compute, draw, words
        self._figure: Figure | None = None
        self._places: list = []
        self._held = False
        self.result = None
        self.updates = 0
        self.picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self.words = widgets.HTML()
        self._reset = widgets.Button(description="Reset", tooltip="Back to where it started")
        self._reset.on_click(lambda _: self.reset())
        for control in self.controls.values():
            control.observe(lambda _: self.update(), names="value")
        rows = [row for _, row in built.values()]
        top = [prediction] if prediction is not None else []
        super().__init__([*top, *rows, self._reset, self.picture, self.words])
        self.prediction = prediction
        self.update()

    @property
    def values(self) -> dict:
        """The controls' values, by name."""
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **values) -> Explorer:
        """Move several controls at once; the picture is redrawn once."""
        with self._hold():
            for name, value in values.items():
                if name not in self.controls:
                    raise unknown("control", name, self.controls)
                self.controls[name].value = value
        return self

    def reset(self) -> None:
        """Move every control back to where it started (the book shows the last state)."""
        self.set(**self._start)
        if self.prediction is not None:
            self.prediction.choice.value = None

    def _lay_out(self, figure: Figure) -> None:
        """Solve the layout once and keep it: a slider must not wait for it again."""
        if len(self._places) != len(figure.axes):
            figure.set_layout_engine("constrained")
            _canvas(figure).draw()
            figure.set_layout_engine("none")
            self._places = [ax.get_position() for ax in figure.axes]
        for ax, place in zip(figure.axes, self._places, strict=True):
            ax.set_position(place)

    def _hold(self):
        return _Held(self)

    def update(self) -> None:
        """Compute, redraw the picture, and say the result in words."""
        if self._held:
            return
        try:
            with warnings.catch_warnings(record=True) as notes:
                warnings.simplefilter("always", UserWarning)
                self.result = self._compute(**self.values)
        except (InputError, RuntimeError) as error:  # bad input, or no steady state
            self.words.value = f"<p role='status'><b>{escape(str(error))}</b></p>"
            return
        self._figure = self._draw(self.result, figure=self._figure)
        self._lay_out(self._figure)
        # What a model warns of (an extinct guild, clipped litter quality) belongs to the result.
        said = " ".join([self._words(self.result), *(f"Note: {note.message}." for note in notes)])
        self.picture.value = png(self._figure)
        self.words.value = f"<p role='status'>{escape(said)}</p>"
        self.updates += 1


class _Held:
    """Hold an explorer's updates back, then update once."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer

    def __enter__(self) -> None:
        self.explorer._held = True

    def __exit__(self, kind, *rest) -> None:
        self.explorer._held = False
        self.explorer.update()
