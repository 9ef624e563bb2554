"""Films of pictures that are there already, and soils that are stepped while they are watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

import ipywidgets as widgets
import numpy as np
import xarray as xr

from soilnb.explore.base import Control, Explorer, Prediction
from soilnb.figures.pore import maps as pore_maps
from soilnb.parameters import InputError


def _player(name: str, last: int, interval: int) -> tuple[widgets.IntSlider, widgets.HBox]:
    """Build a slider over steps, with a numeric twin and a Play button linked to it."""
    about = {"min": 0, "max": last, "value": 0}
    slider = widgets.IntSlider(
        **about, readout=False, tooltip=name, layout=widgets.Layout(width="280px")
    )
    number = widgets.BoundedIntText(
        **about, tooltip=f"{name}, as a number", layout=widgets.Layout(width="95px")
    )
    play = widgets.Play(**about, interval=interval, tooltip=f"Play: {name}")
    widgets.link((slider, "value"), (number, "value"))
    widgets.link((slider, "value"), (play, "value"))
    label = widgets.Label(name, layout=widgets.Layout(width="160px"))
    return slider, widgets.HBox([play, label, slider, number])


class Film(widgets.VBox):
    """Pictures that are there already, played or picked with a slider.

    Attributes
    ----------
    time : ipywidgets.IntSlider
        Which picture is shown.
    picture : ipywidgets.Image
        The picture; its bytes change, the widget stays.
    """

    def __init__(
        self, pictures: Sequence[bytes], labels: Sequence[str], text: str, *, interval: int = 100
    ) -> None:
        if not pictures or len(labels) != len(pictures):
            raise InputError(
                f"film of {len(pictures)} pictures with {len(labels)} labels: allowed one label "
                "for each picture, and at least one"
            )
        self._pictures, self._labels, self._text = list(pictures), list(map(str, labels)), text
        self.picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self.words = widgets.HTML()
        self.time, row = _player("Picture", len(pictures) - 1, interval)
        self.time.observe(lambda _: self._show(), names="value")
        super().__init__([row, self.picture, widgets.HTML(pore_maps.legend_html()), self.words])
        self._show()

    def _show(self) -> None:
        self.picture.value = self._pictures[self.time.value]
        said = f"{self._labels[self.time.value]}. {self._text}"
        self.words.value = f"<p role='status'>{escape(said)}</p>"


def film(
    cells: Sequence[np.ndarray | xr.DataArray],
    labels: Sequence[str],
    text: str,
    *,
    interval: int = 100,
) -> Film:
    """Return a film of maps of voxel types: all pictures are made first, none while it plays.

    Parameters
    ----------
    cells : sequence of int arrays, shape (ny, nx)
        Codes of `soilnb.pore.diagnostics.CELLS`.
    labels : sequence of str
        One for each map, for example ``"day 12"``.
    text : str
        What the film shows, in words.
    interval : int
        Milliseconds between pictures.
    """
    return Film(pore_maps.frames(cells, labels), labels, text, interval=interval)


class Live(Explorer):
    """An explorer whose soil is stepped while it is watched.

    The slider below the controls goes through the steps; what has been seen once is not computed
    again. A control that moves starts the soil anew, and steps it to where the slider is.

    Parameters
    ----------
    controls : mapping of str to Control
        By the argument name under which `begin` receives the value.
    begin : callable
        ``begin(**values)`` returns the soil at step 0.
    step : callable
        ``step(soil)`` advances it by one step, in place.
    look : callable
        ``look(soil)`` returns the types of its voxels, int array (ny, nx).
    words : callable
        ``words(soil)`` says in a sentence how it is.
    name : str
        What a step is, for the slider: ``"Day (d)"``.
    last : int
        Number of the last step.
    prediction : Prediction, optional
        Shown above the controls.

    Attributes
    ----------
    time : ipywidgets.IntSlider
        Which step is shown.
    """

    def __init__(
        self,
        controls: Mapping[str, Control],
        begin: Callable,
        step: Callable,
        look: Callable[..., np.ndarray],
        words: Callable[..., str],
        *,
        name: str,
        last: int,
        prediction: Prediction | None = None,
    ) -> None:
        self._step, self._look = step, look
        self._name = name.split(" (")[0].lower()
        self._seen: list[tuple[np.ndarray, str]] = []
        self.time, row = _player(name, last, 100)
        self.time.observe(lambda _: self._show(), names="value")
        super().__init__(controls, begin, None, words, prediction=prediction)
        # the player stands above the picture, the colours' names below it
        *above, picture, said = self.children
        self.children = (*above, row, picture, widgets.HTML(pore_maps.legend_html()), said)

    def update(self) -> None:
        """Start the soil anew, and step it to where the slider is."""
        if self._held:
            return
        try:
            self.result = self._compute(**self.values)
        except (InputError, RuntimeError) as error:
            self.result = None
            self.words.value = f"<p role='status'><b>{escape(str(error))}</b></p>"
            return
        self._seen = [self._seen_now()]
        self._show()

    def reset(self) -> None:
        """Move every control back to where it started, and the slider to the first step."""
        self.time.value = 0
        super().reset()

    def _seen_now(self) -> tuple[np.ndarray, str]:
        return self._look(self.result), self._words(self.result)

    def _show(self) -> None:
        if self.result is None:
            return
        while len(self._seen) <= self.time.value:
            self._step(self.result)
            self._seen.append(self._seen_now())
        cells, said = self._seen[self.time.value]
        label = f"{self._name} {self.time.value}"
        self.picture.value = pore_maps.frames([cells], [label])[0]
        said = f"{label.capitalize()}: {said}"
        self.words.value = f"<p role='status'>{escape(said)}</p>"
        self.updates += 1
