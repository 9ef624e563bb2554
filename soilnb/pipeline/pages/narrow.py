"""Pictures on a phone: their parts, which stand one below the other, and how small they may get."""

import json
import re
from functools import cache
from html import escape
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from soilnb import panels, results

#: The least height at which letters of a note can be read, in pixels: a picture whose letters
#: would be less high on a phone scrolls sideways.
READ = 6.2


def mark(html: Path) -> None:
    """Write beside each picture of the compiled pages which parts it has, in pixels of the page.

    Parameters
    ----------
    html : Path
        Folder of the compiled book.
    """
    known = cache(parts)
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        marked = re.sub(
            r'<img (?![^>]*data-panels)([^>]*?src="([^"]*_images/[^"]+\.png)")',
            lambda found, page=page: _marked(found, known(page.parent / found[2])),
            text,
        )
        if marked != text:
            page.write_text(marked, encoding="utf-8")


def _marked(found: re.Match, said: dict | None) -> str:
    return f'<img data-panels="{escape(json.dumps(said))}" {found[1]}' if said else found[0]


def parts(path: Path) -> dict | None:
    """Return size and parts of a picture as its run wrote them into it; None where it is narrow.

    Returns
    -------
    dict or None
        ``size`` (width, height) and ``parts``, as `soilnb.panels.boxes` returns them, in pixels;
        ``least``, the share of its size at which its least letters can still be read.
    """
    try:
        with Image.open(path) as picture:
            text = picture.info.get(panels.CHUNK)
    except (FileNotFoundError, UnidentifiedImageError):  # nothing that a run has written
        return None
    if text is None:
        return None
    said = json.loads(text)
    size = [_pixels(length) for length in said["size"]]
    cut = [[list(map(_pixels, box)) for box in part] for part in said["parts"]]
    high = said["letters"] * results.SHOWN_DPI / 72
    return {"size": size, "parts": cut, "least": min(1.0, round(READ / high, 3))}


def kept(picture: Image.Image) -> PngInfo:
    """Return what a picture that is written anew keeps of the old one: its parts."""
    info = PngInfo()
    if panels.CHUNK in picture.info:
        info.add_text(panels.CHUNK, picture.info[panels.CHUNK])
    return info


def _pixels(inches: float) -> float:
    return round(results.SHOWN_DPI * inches, 1)
