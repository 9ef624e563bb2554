"""The frame of a figure function: size, the words below, and the figure of an explorer."""

import inspect

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from soilnb.figures import style


@style.frame(4.0, 3.0)
def plain(figure, values, *, colour="black"):
    """Draw a line."""
    figure.subplots().plot(values, color=colour)


@style.frame(lambda values: (1.0 + len(values), 2.0))
def measured(figure, values):
    """Draw a line that says what made it."""
    figure.subplots().plot(values)
    return ["three words here", style.synthetic(xr.Dataset(attrs={"provenance": "synthetic"}))]


def below(figure):
    return figure._supxlabel.get_text() if figure._supxlabel else ""


def test_a_figure_has_the_size_of_its_frame_or_of_its_data():
    assert plain([1, 2]).get_size_inches().tolist() == [4.0, 3.0]
    assert measured([1, 2, 3]).get_size_inches().tolist() == [4.0, 2.0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ""),
        ({"data": "real"}, ""),
        ({"note": "seed 1", "size": "quick"}, "seed 1 · size quick"),
        ({"note": ("seed 1", "", "n = 3"), "data": "synthetic"}, "seed 1 · n = 3 · synthetic data"),
    ],
)
def test_the_words_below_say_what_made_a_figure(options, words):
    assert below(plain([1, 2], **options)) == words


def test_a_twin_is_named_once_and_last():
    said = "three words here · size quick · synthetic data"
    assert below(measured([1, 2, 3], size="quick", data="synthetic")) == said


def test_words_below_are_not_wider_than_their_figure():
    narrow = measured([1], size="quick", data="synthetic")
    assert below(narrow) == "three words here · size quick\nsynthetic data"


def test_the_figure_of_an_explorer_is_wiped_and_keeps_its_size():
    mine = Figure(figsize=(9, 9))
    mine.subplots()
    mine.suptitle("old")
    assert plain([1, 2], figure=mine, colour="red") is mine
    assert mine.get_size_inches().tolist() == [9.0, 9.0]
    assert len(mine.axes) == 1
    assert mine._suptitle is None
    assert mine.axes[0].lines[0].get_color() == "red"


def test_a_wiped_figure_has_its_colour_bar_again_and_looks_like_a_new_one():
    @style.frame(4.0, 2.5)
    def mapped(figure, top):
        left, right = figure.subplots(1, 2)
        image = left.imshow([[0.0, top]], vmin=0, vmax=top)
        figure.colorbar(image, ax=left, label="share (1)")
        right.plot([0, top])

    fresh, again = mapped(8.0), mapped(1.0)
    bar = again.axes[-1]
    assert mapped(8.0, figure=again).axes[-1] is bar
    assert len(again.axes) == len(fresh.axes) == 3
    pixels = []
    for figure in (fresh, again):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels.append(np.asarray(canvas.buffer_rgba()).astype(int))
    np.testing.assert_allclose(*pixels, atol=40)


def test_the_readers_own_settings_stay_out_of_the_figure():
    with matplotlib.rc_context({"font.size": 30, "axes.spines.top": True}):
        figure = plain([1, 2])
        assert matplotlib.rcParams["font.size"] == 30
    assert figure.axes[0].xaxis.label.get_fontsize() == style.STYLE["axes.labelsize"]
    assert not figure.axes[0].spines["top"].get_visible()


def test_the_signature_shows_what_may_be_given():
    shown = inspect.signature(plain)
    assert list(shown.parameters) == ["values", "colour", "note", "data", "size", "figure"]
    assert shown.return_annotation is Figure


def test_panels_that_are_left_over_are_not_seen():
    figure = Figure()
    axes = style.grid(figure, 4, 3)
    assert len(axes) == 4
    assert len(figure.axes) == 6
    assert [ax.axison for ax in figure.axes] == [True] * 4 + [False] * 2
