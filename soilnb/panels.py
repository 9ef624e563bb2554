"""Where the picture of a figure can be cut, so that on a phone its panels stand below each other.

On a phone a figure of ten inches has letters four pixels high. Most figures are wide because
panels stand side by side; so a picture carries the boxes of its panels with it (`boxes`), and a
narrow page shows these one by one (``book/assets/fit.js``), in letters that can be read.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox

#: Where a PNG carries its parts.
CHUNK = "Panels"

#: What a phone shows in full size (inches): wider figures are cut, narrower parts are not.
WIDEST = 4.4

#: What a phone shows at least in letters that can be read (inches).
BROADEST = 5.8

#: Axes narrower than this (inches) are no panel: a colour bar stays at its map.
NARROWEST = 0.9

#: White that is left around a part, in inches.
MARGIN = 0.05


def boxes(seen: "Seen", page: Bbox) -> list[list[tuple[float, float, float, float]]]:
    """Return the parts that a narrow page shows one below the other.

    Parameters
    ----------
    seen : Seen
        What the figure shows.
    page : Bbox
        What its picture shows, in inches.

    Returns
    -------
    list of list of tuple
        For each part one box or several that stand side by side: left, top, width and height, in
        inches from the upper left corner of the picture. Panels that share an axis with the one
        on their left get its words; legends beside wide panels are parts of their own. Empty
        where the figure is narrow, or its axes cannot be parted.
    """
    if page.width <= WIDEST or not seen.axes:
        return []
    groups = _parted(list(seen.axes), seen.axes)
    if len(groups) == 1:
        return []
    panels = [part for group in groups for part in seen.panels(group)]
    parts = [*seen.above(), *panels, *seen.below()]
    return [[_on_page(box, page) for box in part] for part in parts]


def letters(figure: Figure) -> float:
    """Return the size of the least letters of a figure, in points; infinity where it has none."""
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    return min((text.get_fontsize() for text in shown), default=float("inf"))


def columns(figure: Figure) -> int:
    """Return how many panels stand side by side in a figure, which has its layout solved."""
    spans = _merged([(box.x0, box.x1) for box in Seen(figure).axes.values()])
    return max(1, sum(high - low >= NARROWEST for low, high in spans))


class Seen:
    """What a figure shows, with its places in inches; its layout is solved.

    Where an artist ends takes a fifth of the time of a picture, so each is asked once.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure, self._dpi = figure, figure.dpi
        self._whole = {ax: self._place(ax) for ax in figure.axes if ax.get_visible()}
        panels = (ax for ax in self._whole if ax.axison or _drawn(ax))  # an empty place is none
        self.axes = {ax: self._without_white(ax, self._whole[ax]) for ax in panels}
        self._notes = [*figure.legends, *figure.texts]

    @cached_property
    def page(self) -> Bbox:
        """The box of all that the figure shows, as its ``get_tightbbox``."""
        others = [one for one in self._figure.get_children() if one not in self._figure.axes]
        shown = [one for one in others if one.get_visible() and one.get_in_layout()]
        found = [self._place(one) for one in shown] + list(self._whole.values())
        found = [box for box in found if np.isfinite(box.bounds).all() and any(box.size)]
        return Bbox.union(found or [self._figure.bbox_inches])

    def _place(self, artist: Artist) -> Bbox:
        return Bbox(artist.get_tightbbox().get_points() / self._dpi)

    def _without_white(self, ax: Axes, box: Bbox) -> Bbox:
        """Cut the box of a sketch, which has no frame, above and below what it shows."""
        if ax.axison or not (drawn := _drawn(ax)):
            return box
        low, high = (
            edge / self._dpi for edge in (min(b.y0 for b in drawn), max(b.y1 for b in drawn))
        )
        return Bbox.from_extents(box.x0, max(box.y0, low), box.x1, min(box.y1, high))

    def _inside(self, ax: Axes) -> Bbox:
        return Bbox(ax.get_window_extent().get_points() / self._dpi)

    def panels(self, group: Sequence[Axes]) -> Iterable[list[Bbox]]:
        """Yield the parts of some axes: one, or each row with its legends that stand beside it.

        Sketches, which have no frame, are parted one by one: no axis is common to them.
        """
        places = [self.axes[ax] for ax in group]
        rows = _merged([(box.y0, box.y1) for box in places])
        if len(rows) > 1 and not any(ax.axison for ax in group):
            for low, high in reversed(rows):
                yield from self.panels([ax for ax in group if low <= self.axes[ax].y0 < high])
            return
        beside = [self._place(one) for ax in group for one in _legends(ax)]
        edge = max(self._inside(ax).x1 for ax in group)
        beside = [box for box in beside if box.x0 >= edge]
        if not beside or Bbox.union(places).width <= WIDEST:
            yield self._panel(group, Bbox.union(places))
            return
        end = min(box.x0 for box in beside) - MARGIN
        for low, high in reversed(rows):  # from the top
            row = [ax for ax in group if low <= self.axes[ax].y0 < high]
            left = min(self.axes[ax].x0 for ax in row)
            yield self._panel(row, Bbox.from_extents(left, low, end - MARGIN, high))
            for box in sorted(beside, key=lambda box: -box.y1):
                if low <= box.y0 < high:
                    yield [box.padded(MARGIN)]

    def _panel(self, group: Sequence[Axes], box: Bbox) -> list[Bbox]:
        """Return the box of some axes, after that of the words which they share with others."""
        whole = self._apart(group, box.padded(MARGIN))
        for ax in group:
            if _has_words(ax):
                return [whole]
            for other in ax.get_shared_y_axes().get_siblings(ax):
                if other not in self.axes or other in group or not _has_words(other):
                    continue
                if self.axes[other].y0 < box.y1 and self.axes[other].y1 > box.y0:
                    left, inside = self.axes[other].x0 - MARGIN, self._inside(other)
                    low = inside.y0 - 2 * MARGIN  # no half of a word at its horizontal axis
                    return [Bbox.from_extents(left, low, inside.x0, whole.y1), whole]
        return [whole]

    def _apart(self, group: Sequence[Axes], box: Bbox) -> Bbox:
        """Return a box that shows nothing of the panels beside it, however near they stand."""
        left, right, middle = box.x0, box.x1, (box.x0 + box.x1) / 2
        for ax, other in self.axes.items():
            if ax not in group and other.y0 < box.y1 and other.y1 > box.y0:
                if other.x0 > middle:
                    right = min(right, other.x0)
                elif other.x1 < middle:
                    left = max(left, other.x1)
        return Bbox.from_extents(left, box.y0, right, box.y1)

    def above(self) -> Iterable[list[Bbox]]:
        """Yield what stands over all axes, from the top."""
        top = max(box.y1 for box in self.axes.values())
        yield from self._beyond(lambda box: box.y0 >= top - MARGIN)

    def below(self) -> Iterable[list[Bbox]]:
        """Yield what stands under all axes."""
        bottom = min(box.y0 for box in self.axes.values())
        yield from self._beyond(lambda box: box.y1 <= bottom + MARGIN)

    def _beyond(self, wanted: Callable[[Bbox], bool]) -> Iterable[list[Bbox]]:
        shown = [note for note in self._notes if note.get_visible() and not _is_empty(note)]
        places = [(self._place(note), note) for note in shown]
        for box, note in sorted(places, key=lambda pair: -pair[0].y1):
            if wanted(box):
                spans = [(box.x0, box.x1)]
                if isinstance(note, Legend) and box.width > WIDEST:
                    spans = _packed(self._columns(note)) or spans
                for left, right in spans:
                    yield [Bbox.from_extents(left, box.y0, right, box.y1).padded(MARGIN)]

    def _columns(self, legend: Legend) -> list[tuple[float, float]]:
        """Return from where to where the columns of a legend reach."""
        if legend.get_title().get_text():
            return []
        legend.get_figure(root=True).draw_without_rendering()  # its entries find their places
        sample = (
            (legend.handlelength + legend.handletextpad) * legend.prop.get_size_in_points() / 72
        )
        texts = [self._place(text) for text in legend.get_texts()]
        return _merged([(box.x0 - sample, box.x1) for box in texts])


def _drawn(ax: Axes) -> list[Bbox]:
    """Return the places of what an axes without frame shows: a low sketch has no white below it."""
    unseen = {ax.patch, ax.xaxis, ax.yaxis, *ax.spines.values()}
    shown = [one for one in ax.get_children() if one.get_visible() and one not in unseen]
    boxes = [one.get_tightbbox() for one in shown]
    return [box for box in boxes if box is not None and (box.width > 0 or box.height > 0)]


def _is_empty(note: Artist) -> bool:
    return not isinstance(note, Legend) and not note.get_text()


def _legends(ax: Axes) -> list[Legend]:
    return [one for one in ax.get_children() if isinstance(one, Legend) and one.get_visible()]


def _has_words(ax: Axes) -> bool:
    return any(label.get_text() for label in ax.get_yticklabels() if label.get_visible())


def _parted(axes: list[Axes], places: dict[Axes, Bbox]) -> list[list[Axes]]:
    """Part axes into groups: columns where white lies between them, else rows of such.

    Panels that all have a title, and a horizontal axis of their own, are read row by row.
    """
    spans = _packed(_joined(_merged([(places[ax].x0, places[ax].x1) for ax in axes]), places))
    if len(spans) > 1:
        rows = _rows(axes, places)
        if len(rows) > 1 and all(map(_stands_alone, axes)):
            return [group for row in rows for group in _parted(row, places)]
        return [[ax for ax in axes if low <= places[ax].x0 < high] for low, high in spans]
    rows = _merged([(places[ax].y0, places[ax].y1) for ax in axes])
    if len(rows) == 1:
        return [axes]
    found = []
    for low, high in reversed(rows):  # from the top
        row = [ax for ax in axes if low <= places[ax].y0 < high]
        found += _parted(row, places)
    return found if len(found) > len(rows) else [axes]


def _rows(axes: list[Axes], places: dict[Axes, Bbox]) -> list[list[Axes]]:
    """Return axes by rows, from the top; colour bars that lie below their maps belong to them."""
    found: list[list[Axes]] = []
    for low, high in reversed(_merged([(places[ax].y0, places[ax].y1) for ax in axes])):
        row = [ax for ax in axes if low <= places[ax].y0 < high]
        if found and all(map(_is_colour_bar, row)):
            found[-1] += row
        else:
            found.append(row)
    return found


def _is_colour_bar(ax: Axes) -> bool:
    return ax.get_label() == "<colorbar>"


def _stands_alone(ax: Axes) -> bool:
    """Whether an axes has a title, and all words of its horizontal axis; so has a colour bar."""
    if _is_colour_bar(ax):
        return True
    named = any(label.get_text() for label in ax.get_xticklabels(which="both"))
    alone = len(ax.get_shared_x_axes().get_siblings(ax)) == 1
    return bool(_title(ax)) and (named or alone or not ax.axison)


def _joined(
    spans: list[tuple[float, float]], places: dict[Axes, Bbox]
) -> list[tuple[float, float]]:
    """Leave columns of narrow panels without titles at those on their left, which name them."""
    titled = [
        any(low <= places[ax].x0 < high and _title(ax) for ax in places) for low, high in spans
    ]
    found: list[tuple[float, float]] = []
    for (low, high), named in zip(spans, titled, strict=True):
        if found and not named and high - low < WIDEST / 2 and high - found[-1][0] < BROADEST:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found if any(titled) else spans


def _title(ax: Axes) -> str:
    return "".join(ax.get_title(loc) for loc in ("left", "center", "right"))


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join spans that overlap; returns the others in order."""
    found: list[tuple[float, float]] = []
    for low, high in sorted(spans):
        if found and low < found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def _packed(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join neighbours that are no panel by themselves, and those that fit a phone together."""
    found = spans[:1]
    for low, high in spans[1:]:
        narrow = high - low < NARROWEST or found[-1][1] - found[-1][0] < NARROWEST
        if narrow or high - found[-1][0] <= WIDEST:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found


def _on_page(box: Bbox, page: Bbox) -> tuple[float, float, float, float]:
    """Return left, top, width and height on a picture, whose first row is its upper one."""
    left, top = max(box.x0 - page.x0, 0.0), max(page.y1 - box.y1, 0.0)
    width = min(box.x1 - page.x0, page.width) - left
    height = min(page.y1 - box.y0, page.height) - top
    return (round(left, 3), round(top, 3), round(width, 3), round(height, 3))
