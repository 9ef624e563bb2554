"""Films that a page carries with it: HTML with pictures inside, no network, no kernel.

A film is at most forty pictures with a caption for each, a button that plays and pauses, a slider,
and a text that says what it shows. Where pictures for a dark page are given as well, those are
shown on one. Nothing moves before it is asked to; a page may start a film that is marked for it
(``book/assets/films.js``), and does not where the reader wants less motion.
"""

import base64
import io
import json
from collections.abc import Callable, Sequence
from html import escape

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from soilnb.figures.style import STYLE, Sheet
from soilnb.parameters import InputError

#: Pictures of a film, and its largest size in bytes.
MOST_FRAMES, MOST_BYTES = 40, 1_500_000

#: Width of a film on a page, in pixels.
WIDTH = 640

#: Paper and ink on a dark page; ink has a contrast of more than 7 to 1.
PAPER, INK = "#121212", "#E4E4E4"

#: What matplotlib draws with on a light and on a dark page: they differ in colours alone.
LOOKS = {
    "pictures": {},
    "dark": {
        **dict.fromkeys(("figure.facecolor", "axes.facecolor", "legend.facecolor"), PAPER),
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
        ),
    },
}


class Film:
    """A film, as the HTML of a page's fragment; a notebook shows it."""

    def __init__(self, html: str) -> None:
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


def film(
    pictures: Sequence[bytes],
    labels: Sequence[str],
    text: str,
    *,
    dark: Sequence[bytes] = (),
    legend: str = "",
    interval: int = 250,
    width: int = WIDTH,
    sharp: bool = False,
    start: bool = False,
) -> Film:
    """Return a film.

    Parameters
    ----------
    pictures : sequence of bytes
        At most 40 PNG or WebP pictures.
    labels : sequence of str
        Caption of each picture, for example ``"day 12"``.
    text : str
        What the film shows, in words; it is the alternative text, and stands below the film.
    dark : sequence of bytes, optional
        The same pictures for a dark page.
    legend : str
        HTML that stands between film and text.
    interval : int
        Milliseconds between pictures.
    width : int
        Width on the page, in pixels.
    sharp : bool
        Whether pixels keep their edges where they are enlarged.
    start : bool
        Whether a page of the book may start it.

    Raises
    ------
    InputError
        For no or too many pictures, more than 1.5 MB of them, or no text.
    """
    if not 1 <= len(pictures) <= MOST_FRAMES:
        raise InputError(f"film of {len(pictures)} pictures: allowed 1 to {MOST_FRAMES}")
    for name, others in (("labels", labels), *([("dark pictures", dark)] if dark else [])):
        if len(others) != len(pictures):
            raise InputError(
                f"{len(others)} {name} for {len(pictures)} pictures: allowed one for each"
            )
    if not text.strip():
        raise InputError("film without text: allowed with a sentence that says what it shows")
    labels = list(map(str, labels))
    data = {"pictures": _sources(pictures), "dark": _sources(dark), "labels": labels}
    html = _PAGE.format(
        first=data["pictures"][0],
        last=len(pictures) - 1,
        alt=escape(text, quote=True),
        label=escape(labels[0], quote=True),
        data=escape(json.dumps(data), True),
        interval=int(interval),
        width=int(width),
        legend=legend,
        rendering="pixelated" if sharp else "auto",
        start=" data-start" if start else "",
    )
    if len(html) > MOST_BYTES:
        raise InputError(
            f"film of {len(html) / 1e6:.1f} MB: allowed {MOST_BYTES / 1e6:g} MB; "
            "fewer or smaller pictures"
        )
    return Film(html)


def drawn(
    draw: Callable[[Figure, int], str], count: int, size: tuple[float, float]
) -> dict[str, list]:
    """Draw the pictures of a film, for a light and for a dark page.

    Parameters
    ----------
    draw : callable
        ``draw(figure, number)`` draws a picture on an empty figure and returns its caption. What
        it does not colour itself has the ink of the page.
    count : int
        Number of pictures.
    size : tuple of float
        Of the figure, in inches; its picture is as wide as a film is on a page. A phone shows it
        half as wide, so letters of 8 points take a figure of hardly more than 4 inches.

    Returns
    -------
    dict
        ``pictures``, ``dark`` and ``labels``, as `film` takes them.
    """
    found: dict[str, list] = {"pictures": [], "dark": [], "labels": []}
    for mode, look in LOOKS.items():
        with matplotlib.rc_context({**STYLE, **look}):
            figure = Sheet(figsize=size, dpi=WIDTH / size[0])
            FigureCanvasAgg(figure)
            found["labels"], frames = [], {}
            for number in range(count):
                figure.wipe()
                found["labels"].append(draw(figure, number))
                found[mode].append(_webp(figure, frames))
    return found


def _webp(figure: Figure, frames: dict[str, Image.Image]) -> bytes:
    """Return a figure as WebP; its axes take most of the time, and are drawn once (`frames`)."""
    frame = [part for ax in figure.axes for part in (*ax.spines.values(), ax.xaxis, ax.yaxis)]
    look = repr([_look(ax) for ax in figure.axes])
    if look not in frames:
        kept = {*figure.axes, *(part for one in frame for part in one.findobj())}
        others = [one for one in figure.findobj(include_self=False) if one not in kept]
        frames[look] = _without(figure, others)
    pixels = _without(figure, frame)
    pixels.alpha_composite(frames[look])
    buffer = io.BytesIO()
    pixels.convert("RGB").save(buffer, "WEBP", quality=30, method=2)
    return buffer.getvalue()


def _without(figure: Figure, hidden: list[Artist]) -> Image.Image:
    """Draw a figure without some of its artists."""
    shown = [artist for artist in hidden if artist.get_visible()]
    for artist in shown:
        artist.set_visible(False)
    figure.canvas.draw()
    for artist in shown:
        artist.set_visible(True)
    return Image.fromarray(np.array(figure.canvas.buffer_rgba()))


def _look(ax: Axes) -> tuple:
    """Return what the frame of an axes depends on."""
    looks = []
    for axis in (ax.xaxis, ax.yaxis):
        marks = axis.get_majorticklocs()
        ends = tuple(axis.get_view_interval()) if len(marks) else ()
        words = axis.get_label_text(), axis.get_major_formatter().format_ticks(marks)
        looks += [axis.get_scale(), *ends, *words]
    return ax.get_position().bounds, *looks


def _sources(pictures: Sequence[bytes]) -> list[str]:
    kinds = ("png" if picture[:4] == b"\x89PNG" else "webp" for picture in pictures)
    return [
        f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
        for kind, picture in zip(kinds, pictures, strict=True)
    ]


# All of it hangs on its own elements, so that several films live on one page. On a dark page of
# the book or of JupyterLab the dark pictures are shown.
_SHOW = (
    "var f=this.closest('figure'),d=f.film||(f.film=JSON.parse(f.dataset.film)),"
    "r=f.querySelector('input');"
)
_PAGE = (
    '<figure class="soilnb-film" style="margin:0;max-width:{width}px" data-film="{data}"{start}>'
    '<img src="{first}" alt="{alt}" style="width:100%;image-rendering:{rendering}">'
    '<div style="display:flex;flex-wrap:wrap;gap:0.5em;align-items:center">'
    '<button type="button" onclick="' + _SHOW + "if(f.timer){{clearInterval(f.timer);"
    "f.timer=null;this.textContent='Play';}}else{{this.textContent='Pause';"
    "f.timer=setInterval(function(){{r.value=(+r.value+1)%({last}+1);r.oninput();}},{interval});}}"
    '">Play</button>'
    '<input type="range" min="0" max="{last}" value="0" style="flex:1" aria-label="Picture" '
    'aria-valuetext="{label}" oninput="' + _SHOW + "var b=document.body.dataset,"
    "dark=document.documentElement.dataset.theme==='dark'||b.jpThemeLight==='false',"
    "p=dark&amp;&amp;d.dark.length?d.dark:d.pictures;"
    "f.querySelector('img').src=p[r.value];"
    "f.querySelector('output').textContent=d.labels[r.value];"
    "r.setAttribute('aria-valuetext',d.labels[r.value]);"
    '"><output style="flex-basis:100%;min-height:1.5em">{label}</output></div>'
    "{legend}<figcaption>{alt}</figcaption></figure>"
)
