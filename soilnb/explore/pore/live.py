"""Films of pictures that are there already, and soils that are stepped while they are watched."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import ipywidgets as widgets
import numpy as np
import xarray as xr

from soilnb.explore.base import Control, Explorer, said, text
from soilnb.explore.base.player import player
from soilnb.figures.pore import maps as pore_maps
from soilnb.language import translated
from soilnb.parameters import InputError


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
        self.time, row = player("Picture", len(pictures) - 1, interval)
        self.time.observe(lambda _: self._show(), names="value")
        super().__init__([row, self.picture, widgets.HTML(pore_maps.legend_html()), self.words])
        self._show()

    def _show(self) -> None:
        self.picture.value = self._pictures[self.time.value]
        self.words.value = said(f"{self._labels[self.time.value]}. {self._text}")


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


class _Walk:
    """A soil, and all of its steps that have been looked at."""

    def __init__(self, soil, look: Callable) -> None:
        self.soil, self._look = soil, look
        self.seen: list[tuple[np.ndarray, str]] = [look(soil)]

    def at(self, number: int, step: Callable) -> tuple[np.ndarray, str]:
        """Return map and words of a step; what has been seen once is not computed again."""
        while len(self.seen) <= number:
            step(self.soil)
            self.seen.append(self._look(self.soil))
        return self.seen[number]


class Live(Explorer):
    """An explorer whose soil is stepped while it is watched.

    The slider above the picture goes through the steps. A control that moves starts the soil anew,
    and steps it to where the slider is. A soil can be kept: the next one then stands beside it.

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
    start : int
        Step that is shown first; controls that act on a soil in motion then have something to do.
    frames : sequence of int
        Which steps the built book shows.
    labels : sequence of str, optional
        What each step is called, where its number says too little: ``"day 20"``.
    **asked
        ``asks``, ``prediction``, ``states``, see `Explorer`.

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
        start: int = 0,
        frames: Sequence[int] = (),
        labels: Sequence[str] = (),
        **asked,
    ) -> None:
        self._step, self._map, self._labels = step, look, list(labels)
        self.name, self.start = name, min(start, last)
        self.frames = [number for number in frames if number <= last]
        self._walk: _Walk | None = None
        self.time, self._row = player(name, last, 100)
        self.time.value = self.start
        self.time.observe(lambda _: self._show(), names="value")
        super().__init__(controls, begin, None, words, comparing=True, **asked)

    def _compares(self) -> list[widgets.Widget]:
        return [self.keep]

    def _shows(self) -> list[widgets.Widget]:
        return [self._row, *super()._shows(), text(self.legend)]

    @property
    def legend(self) -> str:
        """What the colours of the picture are, as HTML."""
        return pore_maps.legend_html()

    def update(self) -> None:
        """Start the soil anew, and step it to where the slider is."""
        if self._held:
            return
        self._shown = self.values
        try:
            self._walk = self._state_of(**self._shown)
        except (InputError, RuntimeError) as error:
            self._walk = None
            self.words.value = said(str(error), strong=True)
            return
        self._show()

    def reset(self) -> None:
        """Move every control back to where it started, and the slider to the first step."""
        with self._hold():
            self.time.value = self.start
        super().reset()

    @property
    def result(self):
        """The soil that is shown."""
        return self._walk.soil if self._walk else None

    @result.setter
    def result(self, _: None) -> None:
        self._walk = None

    @property
    def kept(self) -> bool:
        """Whether the built book holds states of it."""
        return bool(self.frames)

    def stills(self, **values) -> Iterator[tuple[bytes, str]]:
        """Yield a small picture and a sentence for each of the book's steps.

        Raises
        ------
        InputError
            For values that make no soil.
        """
        walk = self._state_of(**values)
        for number in self.frames:
            cells, words = walk.at(number, self._step)
            yield pore_maps.small(cells), self._sentence(number, words)

    def _held_beside(self) -> _Walk | None:
        return self._walk

    def _show_kept(self) -> None:
        self._show()

    def _state_of(self, **values) -> _Walk:
        return _Walk(self._compute(**values), lambda soil: (self._map(soil), self._words(soil)))

    def _sentence(self, number: int, words: str) -> str:
        return f"{self.label(number).capitalize()}: {words}"

    def label(self, number: int) -> str:
        """Return what a step is called: ``"day 20"``."""
        if self._labels:
            return self._labels[number]
        return f"{translated(self.name).split(' (')[0].lower()} {number}"

    def _show(self) -> None:
        if self._walk is None or self._held:
            return
        number = self.time.value
        cells, words = self._walk.at(number, self._step)
        sentence = self._sentence(number, words)
        (self.picture.value,) = pore_maps.frames([cells], [self.label(number)])
        if self._kept is not None:
            other, other_words = self._kept.at(number, self._step)
            (self.other.value,) = pore_maps.frames([other], [self.label(number)])
            sentence += translated(" Kept beside it: {words}", words=other_words)
        self.words.value = said(sentence)
        self.updates += 1
