"""The picture of an explorer: axes that stay, what moves on them, and a ghost of what was.

To draw axes, ticks and their labels takes three quarters of a picture's time, and they rarely
change. So a picture has a *ground* (frames, ticks, labels, titles, legends), drawn again only when
it looks otherwise, and a *layer* (lines, bars, maps, texts), drawn at every move. The state before
a move stays under the layer as a pale ghost. The built book keeps the same two parts as SVG.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from PIL import Image

from soilnb import panels

#: How much of a ghost is left.
GHOST = 0.28

#: A layer larger than this (bytes) is kept as a picture of pixels instead.
LARGEST_LAYER = 60_000

#: Room that axes get beyond what left them, as a share of their length.
ROOM = 0.25


class Picture:
    """One figure that is redrawn again and again.

    Parameters
    ----------
    draw : callable
        ``draw(result, figure=...)`` redraws the figure, made at the first call, and returns it.

    Attributes
    ----------
    figure : matplotlib Figure
        The figure, after the first `draw`.
    grown : int
        How often something left its axes, so that they were widened.
    """

    def __init__(self, draw: Callable[..., Figure]) -> None:
        self._draw = draw
        self.figure: Figure | None = None
        self.grown = 0
        self._places: list = []
        self._limits: dict[tuple, tuple[float, float]] = {}
        self._ticks: dict[tuple, tuple] = {}
        self._legends: dict[int, tuple] = {}
        self._restless: set[int] = set()
        self._fitting: set[tuple] = set()
        self._look: tuple | None = None
        self._vectors: dict[tuple, str] = {}
        self._ground = self._layer = self._ghost = None

    def twin(self) -> Picture:
        """Return an empty picture of the same kind."""
        return Picture(self._draw)

    def draw(self, result, *, whole: bool = True) -> None:
        """Redraw the figure; its layout is solved once, and its axes stay as long as they can.

        A part of a result (not `whole`) is drawn on the axes and ticks of the last whole one.
        """
        self.figure = self._draw(result, figure=self.figure)
        self._lay_out()
        for number, ax in enumerate(self.figure.axes):
            self._hold(number, ax)
            self._tick(number, ax, whole)
            self._settle_legend(number, ax)
        self._make_room()

    def fit(self) -> None:
        """Make the figure so narrow that a phone shows the letters of its panels well."""
        widest = panels.WIDEST * panels.columns(self.figure)
        width, height = self.figure.get_size_inches()
        if width > widest:
            self.figure.set_size_inches(widest, height)
            self._places = []

    def _settle_legend(self, number: int, ax: Axes) -> None:
        """Leave a legend in the ground until it is seen to change."""
        if self._legends.setdefault(number, _legend(ax)) != _legend(ax):
            self._restless.add(number)

    def _make_room(self) -> None:
        """Solve the layout again where new ticks push a label out of the figure."""
        look = self._looks()
        if look in self._fitting:
            return
        figure, renderer = self.figure, _canvas(self.figure).get_renderer()
        labels = [axis.get_tightbbox(renderer) for ax in figure.axes for axis in _axes(ax)]
        boxes = [box for box in labels if box is not None]
        if any(box.x0 < 0 or box.x1 > figure.bbox.width for box in boxes):
            self._places = []
            self._lay_out()
            look = self._looks()
        self._fitting.add(look)

    def _tick(self, number: int, ax: Axes, whole: bool) -> None:
        for axis in _axes(ax):
            if whole:
                ticks = axis.get_major_locator(), axis.get_major_formatter()
                self._ticks[number, axis.axis_name] = ticks
            elif (number, axis.axis_name) in self._ticks:
                locator, formatter = self._ticks[number, axis.axis_name]
                axis.set_major_locator(locator)
                axis.set_major_formatter(formatter)

    def release(self) -> None:
        """Let the axes fit what is drawn next, and forget the ghost."""
        self._limits.clear()
        self._ghost = None

    def vanish(self) -> None:
        """Forget the ghost."""
        self._ghost = None

    @property
    def haunted(self) -> bool:
        """Whether there is a ghost."""
        return self._ghost is not None

    def remember(self) -> None:
        """Make a ghost of the state that is shown."""
        if self._layer is not None:
            self._ghost = self._layer.copy()
            self._ghost.putalpha(self._layer.getchannel("A").point(lambda a: round(GHOST * a)))

    def png(self, *, ghost: bool = True) -> bytes:
        """Return the picture as PNG bytes, written fast rather than small."""
        look = self._looks()
        if look != self._look:
            self._look, self._ghost = look, None  # other axes: the ghost would lie
            self._ground = self._pixels(moving=False)
        self._layer = self._pixels(moving=True)
        shown = self._ground.copy()
        if ghost and self._ghost is not None:
            shown.alpha_composite(self._ghost)
        shown.alpha_composite(self._layer)
        buffer = io.BytesIO()
        shown.convert("RGB").save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    def svg(self) -> tuple[str, str]:
        """Return ground and layer as the inside of an SVG, in points."""
        look, dpi = self._looks(), self.figure.dpi
        self.figure.set_dpi(72)
        try:
            if look not in self._vectors:
                self._vectors[look] = self._drawn_as_svg(moving=False)
            layer = self._drawn_as_svg(moving=True)
        finally:
            self.figure.set_dpi(dpi)
        return self._vectors[look], layer if len(layer) <= LARGEST_LAYER else self._embedded()

    def _embedded(self) -> str:
        """Return the layer as a picture of pixels inside an SVG."""
        width, height = 72 * self.figure.get_size_inches()
        buffer = io.BytesIO()
        self._pixels(moving=True).save(buffer, "WEBP", quality=60, method=2)
        data = base64.b64encode(buffer.getvalue()).decode()
        size = f'width="{width:g}" height="{height:g}"'
        return f'<image {size} href="data:image/webp;base64,{data}"/>'

    def _lay_out(self) -> None:
        """Solve the layout once and keep it: a slider must not wait for it again."""
        figure = self.figure
        if len(self._places) != len(figure.axes):
            figure.set_layout_engine("constrained")
            for ax in figure.axes:  # what was placed by hand is left out of a layout
                ax.set_in_layout(True)
            _canvas(figure).draw()
            figure.set_layout_engine("none")
            self._places = [ax.get_position() for ax in figure.axes]
        for ax, place in zip(figure.axes, self._places, strict=True):
            ax.set_position(place)

    def _looks(self) -> tuple:
        """Return everything that the ground depends on."""
        figure = self.figure
        texts = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
        frames = [part for ax in figure.axes for part in _frame(ax)]
        axes = enumerate(figure.axes)
        legends = [_legend(ax) for number, ax in axes if number not in self._restless]
        return (*texts, *frames, *legends)

    def _pixels(self, *, moving: bool) -> Image.Image:
        renderer = _canvas(self.figure).get_renderer()
        renderer.clear()
        self._render(renderer, moving=moving)
        buffer = renderer.buffer_rgba()
        return Image.frombytes("RGBA", buffer.shape[1::-1], bytes(buffer))

    def _drawn_as_svg(self, *, moving: bool) -> str:
        buffer = io.StringIO()
        # A fixed salt: the same curve gives the same text, byte for byte.
        with rc_context({"svg.hashsalt": "soilnb", "svg.fonttype": "none"}):
            size = 72 * self.figure.get_size_inches()
            renderer = RendererSVG(*size, buffer, image_dpi=72)
            self._render(renderer, moving=moving)
            renderer.finalize()
        inside = buffer.getvalue().split("</defs>", 1)[1].rsplit("</svg>", 1)[0]
        # One element a line: what several states share is kept once (`soilnb.explore.base.states`).
        one_each = re.sub(r"\s*\n\s*(?=[^<\s])", " ", inside)
        return re.sub(r"\n\s*", "\n", re.sub(r'"[^"]*"', _shortened, one_each)).strip()

    def _render(self, renderer, *, moving: bool) -> None:
        """Draw the ground of the figure, or what moves on it."""
        figure, axes = self.figure, sorted(enumerate(self.figure.axes), key=_order)
        artists = {ax: _moving(ax, number in self._restless) for number, ax in axes}
        if moving:
            for ax, some in artists.items():
                ax.apply_aspect()
                for artist in some:
                    artist.draw(renderer)
            for text in figure.texts:  # notes below and above, which may name what is shown
                text.draw(renderer)
            return
        hidden = [artist for some in artists.values() for artist in some] + figure.texts
        for artist in hidden:
            artist.set_visible(False)
        figure.draw(renderer)
        for artist in hidden:
            artist.set_visible(True)

    def _hold(self, number: int, ax: Axes) -> None:
        """Keep the limits of an axes; where something leaves them, make room for more."""
        for axis in _axes(ax):
            name = (number, axis.axis_name, axis.get_label_text(), axis.get_scale())
            drawn = axis.get_view_interval()
            low, high = sorted(drawn)
            kept = self._limits.get(name)
            if kept is not None:
                low, high = _widened(kept, (low, high), axis.get_scale() == "linear")
                ends = (low, high) if drawn[0] <= drawn[1] else (high, low)  # depth goes down
                axis.set_view_interval(*ends, ignore=True)
            self.grown += kept is not None and (low, high) != kept
            self._limits[name] = (low, high)


def _widened(kept, wanted, linear: bool) -> tuple[float, float]:
    room = ROOM * (max(kept[1], wanted[1]) - min(kept[0], wanted[0])) if linear else 0.0
    small = 1e-9 * (kept[1] - kept[0])
    low = kept[0] if wanted[0] >= kept[0] - small else wanted[0] - room
    high = kept[1] if wanted[1] <= kept[1] + small else wanted[1] + room
    return low, high


def _axes(ax: Axes) -> tuple[Axis, Axis]:
    return ax.xaxis, ax.yaxis


def _order(numbered: tuple[int, Axes]) -> float:
    return numbered[1].get_zorder()


def _moving(ax: Axes, restless: bool) -> list[Artist]:
    """Return what an axes shows beside its frame, in the order in which it is drawn."""
    legend = [ax.get_legend()] if restless and ax.get_legend() else []
    kinds = (ax.images, ax.collections, ax.patches, ax.lines, ax.texts, ax.artists, ax.tables)
    artists = [artist for kind in kinds for artist in kind] + legend + ax.child_axes
    return sorted((a for a in artists if a.get_visible()), key=lambda a: a.get_zorder())


def _legend(ax: Axes) -> tuple:
    """Return what a legend says, and how its samples look."""
    legend = ax.get_legend()
    if legend is None:
        return ()
    samples = [
        str(getattr(sample, f"get_{look}")())
        for sample in legend.legend_handles
        for look in ("color", "facecolor", "linestyle", "marker", "hatch")
        if hasattr(sample, f"get_{look}")
    ]
    return (*(text.get_text() for text in legend.get_texts()), *samples)


def _frame(ax: Axes) -> Iterator[object]:
    yield ax.get_position().bounds
    yield from (ax.get_title(loc) for loc in ("left", "center", "right"))
    for axis in _axes(ax):
        yield tuple(axis.get_view_interval())
        yield axis.get_label_text()
        yield tuple(axis.get_major_formatter().format_ticks(axis.get_majorticklocs()))


def _canvas(figure: Figure) -> FigureCanvasAgg:
    """Return the figure's own canvas: its renderer remembers how wide each text is."""
    canvas = figure.canvas
    return canvas if isinstance(canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)


def _shortened(attribute: re.Match) -> str:
    """Return an attribute with its numbers to a hundredth of a point."""
    return re.sub(r"(\d+\.\d\d)\d+", r"\1", attribute[0])
