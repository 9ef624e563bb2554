"""Maps of the pore-scale model: types of voxels, what is dissolved, and films of both.

A voxel's type has one colour in every map, and the pool that it holds has the same colour in every
time series. The colours stay apart for colour-blind readers (a test computes by how much), no two
of them are red against green, and a legend names them. Minerals are grey, the solution between
them is white, or coloured by what is dissolved in it.
"""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape

import numpy as np
import xarray as xr
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.colors import (
    Colormap,
    LinearSegmentedColormap,
    ListedColormap,
    Normalize,
    to_rgb,
)
from matplotlib.image import AxesImage
from matplotlib.patches import Circle, Patch
from PIL import Image, ImageDraw, ImageFont

from soilnb.figures import films
from soilnb.parameters import InputError
from soilnb.pore.diagnostics import CELLS
from soilnb.pore.parameters import VOXEL

#: Colour of a voxel by its type (the keys of `soilnb.pore.diagnostics.CELLS`).
COLOURS = {
    "pore": "#FFFFFF",
    "mineral": "#B9B9B9",
    "particulate organic matter": "#00796B",
    "initial necromass": "#4A2511",
    "new necromass": "#B5651D",
    "biomass": "#F5B800",
}

#: Types that are drawn over a map of what is dissolved, because they hold no solution.
CLOSED = tuple(name for name in COLOURS if name not in ("pore", "biomass"))

#: Light to dark blue, for what is dissolved. The palest part of the map, which would look like an
#: empty pore, is left out, and so is its black.
BLUES = LinearSegmentedColormap.from_list("blues", cm.devon_r(np.linspace(0.12, 0.88, 256)))

_CMAP = ListedColormap([COLOURS[name] for name in CELLS])


def codes(cell: xr.DataArray | np.ndarray) -> np.ndarray:
    """Return a map of voxel types as a uint8 array (ny, nx), checked.

    Raises
    ------
    InputError
        When it is no map, or has codes other than those of `soilnb.pore.diagnostics.CELLS`.
    """
    values = np.asarray(cell)
    if values.ndim != 2:
        raise InputError(f"cell has the dimensions {values.shape}: allowed one map (ny, nx)")
    if not np.isin(values, list(CELLS.values())).all():
        raise InputError(f"cell has codes {np.unique(values)}: allowed {sorted(CELLS.values())}")
    return values.astype(np.uint8)


def draw_cells(ax: Axes, cell: xr.DataArray | np.ndarray, *, root: bool = False) -> AxesImage:
    """Draw the types of the voxels, with a scale bar.

    Parameters
    ----------
    ax : Axes
        Emptied of its ticks; its units are µm.
    cell : int array, shape (ny, nx)
        Codes of `soilnb.pore.diagnostics.CELLS`.
    root : bool
        Mark below the map where roots exude.
    """
    values = codes(cell)
    norm = Normalize(-0.5, len(CELLS) - 0.5)
    image = ax.imshow(values, cmap=_CMAP, norm=norm, **_placed(values.shape))
    _frame(ax, values.shape, root)
    return image


def draw_solution(
    ax: Axes,
    values: xr.DataArray | np.ndarray,
    cell: xr.DataArray | np.ndarray,
    cmap: Colormap,
    norm: Normalize,
    *,
    over: Sequence[str] = CLOSED,
    root: bool = False,
) -> AxesImage:
    """Draw what is dissolved in the pores; returns the image, for a colour bar. See `draw_cells`.

    Parameters
    ----------
    values, cell : array, shape (ny, nx)
        What is drawn where the voxels hold solution; codes of their types.
    cmap, norm : Colormap, Normalize
        How values become colours.
    over : sequence of str
        Types of voxels that are drawn in their own colour instead.
    """
    cell = codes(cell)
    placed = _placed(cell.shape)
    covered = np.isin(cell, [CELLS[name] for name in over])
    ax.imshow(
        np.ma.array(cell, mask=~covered), cmap=_CMAP, norm=Normalize(-0.5, len(CELLS) - 0.5),
        **placed,
    )  # fmt: skip
    image = ax.imshow(
        np.ma.array(np.asarray(values, float), mask=covered), cmap=cmap, norm=norm, **placed
    )
    _frame(ax, cell.shape, root)
    return image


def _placed(shape: tuple[int, int]) -> dict:
    """Return where an image lies (µm), and that its voxels stay sharp."""
    ny, nx = shape
    return {"extent": (0, nx * VOXEL, ny * VOXEL, 0), "interpolation": "none"}


def _frame(ax: Axes, shape: tuple[int, int], root: bool) -> None:
    """Take the ticks away; put a scale bar below the map, and say where the root line is."""
    ny, nx = shape
    ax.set(xticks=[], yticks=[], xlim=(0, nx * VOXEL), ylim=(ny * VOXEL, 0))
    for spine in ax.spines.values():
        spine.set(visible=True, linewidth=0.6, color="0.4")
    length = scale_length(nx * VOXEL)
    below = {"transform": ax.get_xaxis_transform(), "clip_on": False}
    ax.plot([0, length], [-0.035, -0.035], "k-", lw=2.5, solid_capstyle="butt", gid="scale-bar",
            **below)  # fmt: skip
    ax.text(length + 0.015 * nx * VOXEL, -0.035, f"{length:g} µm", va="center", fontsize=8, **below)
    if root:
        # roots exude along the column nx // 2
        middle = (nx // 2 + 0.5) * VOXEL
        ax.plot([middle], [-0.015], "k^", ms=5, gid="root-line", **below)
        ax.text(middle, -0.035, "   root line", va="center", fontsize=8, **below)


def scale_length(width: float) -> float:
    """Return the length of a scale bar for a map of some width: 1, 2 or 5 times ten, in µm."""
    steps = np.outer(10.0 ** np.arange(0, 5), (1, 2, 5)).ravel()
    return float(steps[steps <= max(width / 4, 1)][-1])


def present(*maps: xr.DataArray | np.ndarray) -> list[str]:
    """Return the types of voxels that occur on maps, in the order of their codes."""
    found = {code for values in maps for code in np.unique(values)}
    return [name for name, code in CELLS.items() if code in found]


_WORDS = {"pore": "pore (solution)", "biomass": "microbial biomass"}


def legend(names: Iterable[str]) -> list[Patch]:
    """Return the entries that name types of voxels in a legend."""
    look = {"edgecolor": "0.3", "linewidth": 0.6}
    return [Patch(facecolor=COLOURS[name], label=_WORDS.get(name, name), **look) for name in names]


def legend_html(names: Iterable[str] = tuple(COLOURS)) -> str:
    """Return the colours of types of voxels with their names, which lines do not part."""
    swatch = (
        '<span style="display:inline-block"><span style="display:inline-block;width:0.8em;'
        'height:0.8em;margin:0 0.3em 0 0;border:1px solid #555;background:{}"></span>{}</span>'
    )
    parts = [swatch.format(COLOURS[name], escape(_WORDS.get(name, name))) for name in names]
    return f"<small>{' &ensp; '.join(parts)}</small>"


def ring(ax: Axes, centre: tuple[float, float], radius: float, **look) -> Circle:
    """Draw a circle round a voxel; centre (y, x) and radius in voxels."""
    y, x = centre
    look = {"edgecolor": "black", "linewidth": 1.3, "fill": False, "zorder": 5} | look
    return ax.add_patch(
        Circle(((x + 0.5) * VOXEL, (y + 0.5) * VOXEL), radius * VOXEL, gid="ring", **look)
    )


def lens(ax: Axes, centre: tuple[int, int], radius: int, draw) -> Axes:
    """Enlarge the surroundings of a voxel in a round inset that hides as little as it can.

    Centre (y, x) and radius are in voxels of the map on the axes; ``draw(inset)`` draws it again.
    """
    size = 0.46  # diameter of the lens as a share of the map
    ny, nx = (round(side / VOXEL) for side in (ax.get_ylim()[0], ax.get_xlim()[1]))
    y, x = centre
    # in the corner farthest from what it shows
    left, bottom = (1 - size if x < nx / 2 else 0), (1 - size if y > ny / 2 else 0)
    inset = ax.inset_axes((left, bottom, size, size), gid="lens")
    draw(inset)
    middle = ((x + 0.5) * VOXEL, (y + 0.5) * VOXEL)
    reach = radius * VOXEL
    inset.set(xlim=(middle[0] - reach, middle[0] + reach))
    inset.set(ylim=(middle[1] + reach, middle[1] - reach))
    round_edge = Circle((0.5, 0.5), 0.5, transform=inset.transAxes)
    for image in inset.images:
        image.set_clip_path(round_edge)
    for line in [*inset.lines, *inset.texts]:
        line.remove()
    inset.patch.set_visible(False)
    for spine in inset.spines.values():
        spine.set_visible(False)
    inset.add_patch(
        Circle((0.5, 0.5), 0.497, transform=inset.transAxes, fill=False, lw=1.6, clip_on=False)
    )
    ring(ax, centre, radius)
    return inset


# Films ------------------------------------------------------------------------------------------


def frames(
    cells: Iterable[xr.DataArray | np.ndarray],
    labels: Iterable[str] | None = None,
    *,
    width: int = 384,
) -> list[bytes]:
    """Turn maps of voxel types into PNG pictures, fast enough to do it while they are watched.

    Parameters
    ----------
    cells : iterable of int arrays, shape (ny, nx)
        Codes of `soilnb.pore.diagnostics.CELLS`.
    labels : iterable of str, optional
        Written below each picture, for example ``"day 12"``.
    width : int
        Least width of the pictures in pixels; a voxel becomes a whole number of pixels.

    Returns
    -------
    list of bytes
        One PNG picture per map, with a scale bar below it.
    """
    cells = list(cells)
    labels = [""] * len(cells) if labels is None else list(labels)
    if len(labels) != len(cells):
        raise InputError(f"{len(labels)} labels for {len(cells)} maps: allowed one for each")
    return [_picture(codes(cell), label, width) for cell, label in zip(cells, labels, strict=True)]


_WHITE, _INK = 254, 255
_PALETTE = np.full((256, 3), 255, np.uint8)
for _name, _code in CELLS.items():
    _PALETTE[_code] = np.round(255 * np.array(to_rgb(COLOURS[_name])))
_PALETTE[_INK] = 0
_STRIP = 24


def _picture(cell: np.ndarray, label: str, width: int) -> bytes:
    """Return one map as a PNG picture with a strip below it: scale bar and label."""
    zoom = max(1, -(-width // cell.shape[1]))
    ny, nx = zoom * cell.shape[0], zoom * cell.shape[1]
    pixels = np.full((ny + 1 + _STRIP, nx), _WHITE, np.uint8)
    pixels[:ny] = cell.repeat(zoom, 0).repeat(zoom, 1)
    pixels[ny] = _INK
    length = scale_length(cell.shape[1] * VOXEL)
    bar = round(length / VOXEL * zoom)
    pixels[ny + 11 : ny + 14, 4 : 4 + bar] = _INK
    picture = Image.fromarray(pixels)
    picture.putpalette(_PALETTE.tobytes())
    write = ImageDraw.Draw(picture)
    font = _font()
    write.text((bar + 10, ny + 13), f"{length:g} µm", fill=_INK, font=font, anchor="lm")
    write.text((nx - 6, ny + 13), label, fill=_INK, font=font, anchor="rm")
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def rgb(cell: xr.DataArray | np.ndarray) -> np.ndarray:
    """Return the colours of a map of voxel types, uint8 array (ny, nx, 3)."""
    return _PALETTE[codes(cell)]


def small(cell: xr.DataArray | np.ndarray) -> bytes:
    """Return a map of voxel types as a WebP picture, one pixel a voxel, for a page to enlarge."""
    picture = Image.fromarray(codes(cell))
    picture.putpalette(_PALETTE.tobytes())
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "WEBP", lossless=True, quality=30, method=2)
    return buffer.getvalue()


@cache
def _font() -> ImageFont.FreeTypeFont:
    """Return the font of the house's figures, which knows µ."""
    from matplotlib import font_manager

    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 13)


def animation(
    pictures: Sequence[bytes],
    labels: Sequence[str],
    text: str,
    *,
    names: Iterable[str] = tuple(COLOURS),
    width: int = 384,
    **options,
) -> films.Film:
    """Return a film of maps, with a legend of their colours; see `soilnb.figures.films.film`."""
    return films.film(pictures, labels, text, legend=legend_html(names), width=width, **options)
