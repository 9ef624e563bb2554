"""What all figures share: paper, ink, colours that mean something, panel letters, notes.

Colours are those of Okabe and Ito (2008), which stay apart for colour-blind readers; a second
cue (marker, hatch, line style) goes with each. Maps use the scientific colour maps of Crameri
(package ``cmcrameri``).
"""

import functools
import inspect
from collections.abc import Callable, Sequence

import matplotlib
import numpy as np
import xarray as xr
from matplotlib import mathtext
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter

from soilnb import language

#: Okabe and Ito's colours by name.
COLOURS = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "grey": "#8A8A8A",
}

#: One colour per model, the same in every figure.
MODEL = {"CENTURY": COLOURS["vermilion"], "MIMICS": COLOURS["blue"]}

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "figure.dpi": 110,
}

# matplotlib keeps fifty formulas. A figure of all parameters has more, and reads each of them anew
# whenever it is measured or drawn: half of its time.
_parsed = getattr(mathtext.MathTextParser, "_parse_cached", None)
if hasattr(_parsed, "__wrapped__"):
    mathtext.MathTextParser._parse_cached = functools.lru_cache(1000)(_parsed.__wrapped__)

#: What is written below a figure that shows made-up data.
SYNTHETIC = "synthetic data"

#: How wide a letter of the words below a figure is, in inches.
_LETTER = 0.052

#: What a figure function takes from its frame, by name, unless it has an argument of that name.
OPTIONS = {"note": "", "data": "", "size": "", "figure": None}


class Sheet(Figure):
    """A figure that can be wiped and drawn anew at a third of the cost.

    To make axes and their ticks takes longer than to draw on them. So where all axes come from
    one call of `subplots`, the next call like it gets the same axes again, emptied; so do colour
    bars of these axes.
    """

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self._made: tuple | None = None
        self._wiped = False
        self._bars: list[tuple] = []
        self._spare: list[tuple] = []

    def wipe(self) -> None:
        """Take everything away, axes too unless they can be had again."""
        made = [] if self._made is None else list(np.ravel(self._made[1]))
        scales = [bar.ax for _, bar in self._bars]
        # Twins and insets take room from the axes that they belong to.
        alike = [*made, *scales] == self.axes and not any(ax.child_axes for ax in made)
        self._wiped = bool(made) and alike
        self._spare, self._bars = self._bars if self._wiped else [], []
        if not self._wiped:
            self._made = None
            _empty(self)
            return
        for ax in scales:
            self.delaxes(ax)
        for thing in [*self.legends, *(t for t in self.texts if t is not self._supxlabel)]:
            thing.remove()
        if self._supxlabel is not None:
            self._supxlabel.set_text("")
        for ax in made:
            _wipe_axes(ax)
        for ax in made:  # once no limit is set any more: axes may share them
            ax.autoscale(True)

    def subplots(self, *arguments, **options):
        """Return axes as matplotlib's figures do: those that were wiped, where they are alike."""
        call = repr((arguments, options))
        if self._wiped:
            self._wiped = False
            if self._made[0] == call:
                return self._made[1]
            self._spare = []
            _empty(self)
        fresh = not self.axes
        axes = super().subplots(*arguments, **options)
        self._made = (call, axes) if fresh else None
        return axes

    def colorbar(self, mappable, cax=None, ax=None, **options):
        """Return a colour bar as matplotlib's figures do: one that was there, where it is alike."""
        call = [*map(id, np.ravel(ax)), options]
        if self._spare and self._spare[0][0] == call:
            _, bar = self._spare.pop(0)
            self.add_axes(bar.ax)
            bar.update_normal(mappable)
        else:
            bar = super().colorbar(mappable, cax, ax, **options)
        self._bars.append((call, bar))
        return bar


def _empty(figure: Figure) -> None:
    for ax in figure.axes:  # what goes need not be cleared first, which takes long
        figure.delaxes(ax)
    figure.clear()


def _wipe_axes(ax: Axes) -> None:
    """Take away what an axes shows, and let it look as if nothing had been drawn on it."""
    for kind in (ax.lines, ax.patches, ax.collections, ax.texts, ax.images, ax.artists, ax.tables):
        for artist in list(kind):
            artist.remove()
    ax.containers.clear()
    if ax.get_legend() is not None:
        ax.get_legend().remove()
    for where in ("left", "center", "right"):
        ax.set_title("", loc=where)
    # A scale brings its own ticks, so none of those that were set are left; it takes its time.
    scales = {"xscale": ax.xaxis, "yscale": ax.yaxis}
    anew = {name: "linear" for name, axis in scales.items() if not _is_as_made(axis)}
    ax.set(xlabel="", ylabel="", **anew, xlim=(0, 1), ylim=(0, 1))
    ax.set_prop_cycle(None)
    ax.relim()


def _is_as_made(axis: Axis) -> bool:
    """Whether an axis is linear, with ticks of its own choice."""
    parts = ("majloc", "minloc", "majfmt", "minfmt")
    return axis.get_scale() == "linear" and all(getattr(axis, f"isDefault_{p}") for p in parts)


def frame(width: float | Callable, height: float | None = None) -> Callable:
    """Make a figure function of one that draws on an empty figure.

    The function that is decorated has the figure as its first argument, and returns what made it
    (a word or several, None for nothing). The function that it becomes returns the figure, in the
    house style whatever the reader's own settings are, with those words below, and takes four
    more options by name:

    ``note`` and ``size``
        More words below the figure, one or several; the size is that of the run.
    ``data``
        "synthetic" where made-up data are shown; the figure then says so.
    ``figure``
        A figure that is wiped and drawn anew, for explorers; its size and layout stay.

    Parameters
    ----------
    width, height : float
        Size of the figure in inches; or one function that returns both from the arguments.
    """

    def decorate(draw):
        own = inspect.signature(draw)

        @functools.wraps(draw)
        def framed(*arguments, **options):
            given = {
                name: options.pop(name, default)
                for name, default in OPTIONS.items()
                if name not in own.parameters or name == "figure"
            }
            figure = given["figure"]
            with matplotlib.rc_context(STYLE):
                if figure is None:
                    inches = width(*arguments, **options) if callable(width) else (width, height)
                    figure = Sheet(figsize=inches, layout="constrained", facecolor="white")
                figure.wipe() if isinstance(figure, Sheet) else _empty(figure)
                words = draw(figure, *arguments, **options)
                size = f"size {given['size']}" if given.get("size") else ""
                kind = SYNTHETIC if given.get("data") == "synthetic" else ""
                _write_below(figure, [*_listed(words), *_listed(given.get("note")), size, kind])
                if language.language() != "en":
                    _translate(figure)
            return figure

        framed.__signature__ = _with_options(own)
        return framed

    return decorate


def _with_options(own: inspect.Signature) -> inspect.Signature:
    """Return the signature of a figure function: without the figure in front, with the options."""
    parameters = list(own.parameters.values())[1:]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in OPTIONS.items()
        if name == "figure" or name not in own.parameters
    ]
    return own.replace(parameters=parameters, return_annotation=Figure)


def _listed(words: str | Sequence[str] | None) -> Sequence[str]:
    return [words] if isinstance(words, str) else words or []


def _write_below(figure: Figure, words: list[str]) -> None:
    """Write below a figure what made it; that data are synthetic comes last."""
    kinds = [word for word in dict.fromkeys(words) if word == SYNTHETIC]
    shown = [word for word in words if word and word != SYNTHETIC] + kinds
    if shown:
        look = {"ha": "right", "ma": "right", "fontsize": 7, "color": "0.35"}
        figure.supxlabel(_in_lines(shown, figure.get_figwidth() / _LETTER), x=0.995, **look)


def _in_lines(words: list[str], most: float) -> str:
    """Return words with dots between, in lines of so many letters."""
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} · {word}"
        if len(longer) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _translate(figure: Figure) -> None:
    """Put the words of a figure into the reader's language; what the catalogue lacks stays."""
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            written = axis.get_major_formatter()
            if isinstance(written, FixedFormatter | FuncFormatter):  # words at the ticks
                axis.set_major_formatter(
                    FuncFormatter(lambda x, place, said=written: language.label(said(x, place)))
                )
    for text in figure.findobj(Text):
        if text.get_text():
            text.set_text(language.label(text.get_text()))


def synthetic(*data: xr.Dataset) -> str:
    """Return the words for made-up data where one of the data sets is a twin, else nothing."""
    return SYNTHETIC if any(d.attrs.get("provenance") == "synthetic" for d in data) else ""


def panel(ax: Axes, letter: str, title: str = "") -> Axes:
    """Mark an axes as a panel of a paper's figure, so that readers and tests find it."""
    ax.set_gid(f"panel-{letter}")
    ax.set_title(f"({letter}) {title}".strip(), loc="left", fontweight="bold", fontsize=9)
    return ax


def panels(figure: Figure) -> str:
    """Return the letters of the panels that a figure shows, in order."""
    found = [ax.get_gid() or "" for ax in figure.axes]
    return "".join(sorted(gid[6:] for gid in found if gid.startswith("panel-")))


def shape(count: int, most: int) -> tuple[int, int]:
    """Return how many rows and columns `count` panels take, at most so many in a row."""
    columns = min(most, count)
    return -(-count // columns), columns


def grid(figure: Figure, count: int, most: int, **options) -> np.ndarray:
    """Return axes for `count` panels, at most so many in a row; those left over are not seen."""
    axes = figure.subplots(*shape(count, most), squeeze=False, **options).ravel()
    for ax in axes[count:]:
        ax.axis("off")
    return axes[:count]


def legend_above(ax: Axes, columns: int, fontsize: float = 8, **options) -> None:
    """Explain above all panels of a figure what one of them shows."""
    where = {"loc": "outside upper center", "ncols": columns, "fontsize": fontsize} | options
    ax.figure.legend(*ax.get_legend_handles_labels(), **where)
