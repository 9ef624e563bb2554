"""Small pictures of our own figures, for tables that point to them."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image

from soilnb import claims, results

#: Pixels across, twice those of the place where it is shown largest.
WIDTH = 240

#: Where they lie: below a folder that the pages' folder gets as it is.
_PLACE = Path("extra/thumbnails")


def sources(size: str) -> dict[Path, bytes]:
    """Return a small picture of every figure of the papers that a run has drawn, by its place."""
    found = {}
    for name, row in claims.figures().iterrows():
        path = results.folder(row["notebook"], size) / f"{name}.png"
        if path.is_file():
            found[_PLACE / f"{name}.webp"] = small(path)
    return found


def small(path: Path) -> bytes:
    """Return a picture of `WIDTH` pixels across."""
    with Image.open(path) as picture:
        high = max(1, round(picture.height * WIDTH / picture.width))
        stream = BytesIO()
        picture.convert("RGB").resize((WIDTH, high), Image.Resampling.LANCZOS).save(
            stream, "WEBP", quality=60, method=6
        )
    return stream.getvalue()


def addresses(places: Iterable[Path]) -> dict[tuple[str, str], str]:
    """Return the address of each picture in the book, by paper and anchor of the place in it."""
    found = {}
    for place in places:
        paper = place.stem.partition("-")[0]
        address = PurePosixPath(*place.parts[1:])
        found[paper, claims.locator(place.stem).anchor] = str(address)
    return found
