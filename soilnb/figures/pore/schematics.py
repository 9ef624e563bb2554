"""What the pore-scale model consists of: Figs. 1 and 2 of Rötzer et al. 2025.

Both are drawn from the model itself: Fig. 1 from a corner of a simulated soil, Fig. 2 from the
model's lists of state variables and rates (a test sees that each of them is on the figure).
"""

import itertools
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from scipy import ndimage

from soilnb.figures import schematic, style
from soilnb.figures.pore import maps as pore_maps
from soilnb.figures.pore import series
from soilnb.pore.diagnostics import CELLS, RATES, STATE_VARIABLES
from soilnb.pore.parameters import VOXEL

# Fig. 1 -------------------------------------------------------------------------------------------

#: Colours of the marks on the sides of mineral voxels, and of the root.
REACTIVE, GLUE, ROOT = "#000000", "#E0218A", "#F0E442"

#: What Fig. 1 names, with the words.
WORDS = {
    "mineral": "mineral particle",
    "reactive": "reactive edge",
    "glue": "gluing spot or\nmemory edge",
    "pore": "pore, filled\nwith solution",
    "particulate organic matter": "particulate organic\nmatter (POM)",
    "initial necromass": "initial necromass",
    "new necromass": "new necromass",
    "biomass": "microbial biomass",
}


@style.frame(8.2, 5.4)
def fig1(figure: Figure, data: xr.Dataset, *, day: float = 200, width: int = 44) -> list[str]:
    """Draw the components of the model, in a corner of a simulated soil (Fig. 1).

    Parameters
    ----------
    data, day : Dataset, float
        Run with the fields ``cell``, ``reactive`` and ``glue`` of a day; from a while after the
        start on, all components are there.
    width : int
        Voxels across what is drawn, which is chosen beside the root line so that as many
        components as possible are in it.
    """
    data = series.run_of(data)
    fields = series.snapshot(data, day)
    ax = figure.subplots()
    marks = {name: _sides(fields[name].values) for name in ("reactive", "glue")}
    there = {name: fields["cell"].values == code for name, code in CELLS.items()}
    there |= {name: sides.any(0) for name, sides in marks.items()}
    top, left = _corner(there, width)
    rows, columns = _window(there["pore"].shape, top, left, width)
    cell = fields["cell"].values[rows][:, columns]
    pore_maps.draw_cells(ax, cell)
    for name, colour, line in (("reactive", REACTIVE, 1.0), ("glue", GLUE, 2.2)):
        segments = _segments(marks[name][:, rows][:, :, columns])
        ax.add_collection(LineCollection(segments, colors=colour, linewidths=line, gid=name))
    _root(ax, cell.shape)
    _name(ax, {name: where[rows][:, columns] for name, where in there.items()})
    return series.sources(data, of_map=True, more=f"part of a simulated soil, day {day:g}")


def _sides(bits: np.ndarray) -> np.ndarray:
    """Return marks on the four sides (up, right, down, left), bool array (4, ny, nx)."""
    return np.stack([(bits >> side) & 1 for side in range(4)]).astype(bool)


def _corner(there: dict[str, np.ndarray], width: int) -> tuple[int, int]:
    """Return the first row and column of the window beside the root line that shows most."""
    ny, nx = there["pore"].shape
    left = nx // 2 - 1
    columns = np.arange(left, left + width) % nx
    score = np.zeros(ny)
    for where in there.values():
        count = ndimage.uniform_filter1d(
            where[:, columns].sum(1).astype(float), min(width, ny), mode="wrap"
        )
        # how many there are, in shares of a dozen: being there at all counts most
        score += np.minimum(width * count, 12) / 12
    return (int(np.argmax(score)) - width // 2) % ny, left


def _window(shape: tuple[int, int], top: int, left: int, width: int) -> list[np.ndarray]:
    """Return the rows and columns of a window on the torus, no more than the domain has."""
    return [
        np.arange(first, first + min(width, n)) % n
        for first, n in zip((top, left), shape, strict=True)
    ]


def _segments(sides: np.ndarray) -> list[list[tuple[float, float]]]:
    """Return the marked sides as lines just inside of their voxels, in µm."""
    inside = 0.12
    ends = (
        ((0, inside), (1, inside)),
        ((1 - inside, 0), (1 - inside, 1)),
        ((0, 1 - inside), (1, 1 - inside)),
        ((inside, 0), (inside, 1)),
    )
    return [
        [((x + dx) * VOXEL, (y + dy) * VOXEL) for dx, dy in ends[side]]
        for side, y, x in np.argwhere(sides)
    ]


def _root(ax: Axes, shape: tuple[int, int]) -> None:
    """Draw the root to the left of the line where it exudes, which is the second column."""
    height = shape[0] * VOXEL
    thick = 0.14 * height
    ax.add_patch(
        Rectangle((-thick, 0), thick, height, facecolor=ROOT, edgecolor="0.3", clip_on=False)
    )
    ax.text(-thick / 2, height / 2, "root (not simulated)", rotation=90, ha="center", va="center")
    for share in (0.14, 0.32, 0.68, 0.86):
        ends = (-0.35 * thick, share * height), (2.2 * VOXEL, share * height)
        schematic.arrow(ax, ends, "0.15", width=2, head=14, clip_on=False, zorder=6)
    ax.text(-thick, -0.02 * height, "exudates (C, N)", ha="left", va="bottom")
    ax.set_xlim(-thick * 1.05, shape[1] * VOXEL)


def _name(ax: Axes, there: dict[str, np.ndarray]) -> None:
    """Name each component at the right, with a line to a voxel of it; no two lines cross."""
    seen = [name for name in WORDS if there[name].any()]
    ny, nx = there["pore"].shape
    spots = {name: (np.array(_spot(there[name]))[::-1] + 0.5) * VOXEL for name in seen}
    places = [
        np.array([(nx + 1.4), share * ny]) * VOXEL for share in np.linspace(0.05, 0.95, len(seen))
    ]
    for name, place in zip(_uncrossed(seen, spots, places), places, strict=True):
        swatch = {"reactive": REACTIVE, "glue": GLUE}.get(name) or pore_maps.COLOURS[name]
        halo = withStroke(linewidth=2.6, foreground="white")
        schematic.arrow(
            ax, (place, spots[name]), "black", width=0.9, shrinkA=0, shrinkB=0, clip_on=False,
            zorder=6, gid=f"names-{name}", path_effects=[halo],
        )  # fmt: skip
        side = 2 * VOXEL
        corner, look = (place[0], place[1] - side / 2), {"edgecolor": "0.3", "clip_on": False}
        ax.add_patch(Rectangle(corner, side, side, facecolor=swatch, zorder=7, **look))
        ax.text(place[0] + 1.5 * side, place[1], WORDS[name], va="center", fontsize=8.5)


def _uncrossed(
    names: list[str], spots: dict[str, np.ndarray], places: list[np.ndarray]
) -> list[str]:
    """Return the names in such an order that the lines from the places to their spots do not cross.

    Two lines that cross swap their places, which shortens them; so it comes to an end.
    """
    order = sorted(names, key=lambda name: spots[name][1])
    swapped = True
    while swapped:
        swapped = False
        for i, j in itertools.combinations(range(len(order)), 2):
            if _cross(places[i], spots[order[i]], places[j], spots[order[j]]):
                order[i], order[j] = order[j], order[i]
                swapped = True
    return order


def _cross(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> bool:
    """Whether the lines from a to b and from c to d cross."""

    def turn(p, q, r) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0


def _spot(where: np.ndarray) -> tuple[int, int]:
    """Return a voxel (y, x) that stands for a component: well inside of it, rather to the right."""
    depth = ndimage.distance_transform_edt(np.pad(where, 1))[1:-1, 1:-1]
    columns = np.arange(where.shape[1]) / where.shape[1]
    y, x = np.unravel_index(
        np.argmax(np.where(where, np.minimum(depth, 3) + 2 * columns, 0)), where.shape
    )
    return int(y), int(x)


# Fig. 2 -------------------------------------------------------------------------------------------


class Link(NamedTuple):
    """A flux of Fig. 2: where it comes from and goes to, and the rates that it is made of.

    ``None`` is the world outside. ``carbon`` and ``nitrogen`` are names in
    `soilnb.pore.diagnostics.RATES`; ``ratio`` is the C/N ratio by which nitrogen follows carbon,
    where it has no rate of its own.
    """

    source: str | None
    target: str | None
    carbon: tuple[str, ...] = ()
    nitrogen: tuple[str, ...] = ()
    ratio: str = ""


#: The fluxes between the pools, after Eqs. 1 to 10 and Table 2.
LINKS = (
    Link(None, "POM", ("R_POM",), ratio="POM"),
    Link(None, "solution", ("R_root",), ratio="Root"),
    Link("POM", "solution", ("f_POM",), ratio="POM"),
    Link("necromass", "solution", ("f_Nec",), ratio="Nec"),
    Link("solution", "biomass", ("f_U",), ("f_N",)),
    Link("biomass", "necromass", ("f_BD",), ratio="B"),
    Link("biomass", "CO₂", ("R", "R_G", "R_M", "R_O")),
    Link("solution", "leached", (), ("R_leak",)),
)


class Box(NamedTuple):
    """A pool of Fig. 2: place, state variables, C/N ratio in words, and fill."""

    x: float
    y: float
    variables: tuple[str, ...]
    ratio: str
    fill: str


BOXES = {
    "POM": Box(0.0, 3.0, ("C_POM", "N_POM"), "C/N = 100", "#CDE6E2"),
    "necromass": Box(5.2, 0.0, ("C_Nec", "N_Nec"), "C/N = 10", "#E8D5C4"),
    "solution": Box(5.2, 3.0, ("C_S", "N_S"), "C/N varies", "#D6E7F8"),
    "biomass": Box(10.4, 3.0, ("C_B", "N_B"), "C/N = 10", "#FCEBBB"),
    "CO₂": Box(10.4, 5.8, ("C_CO2",), "", "#EDEDED"),
    "leached": Box(0.0, 0.0, ("N_leak",), "", "#EDEDED"),
}
_WIDE, _HIGH = 1.2, 0.72

# The corners that each arrow passes, from rim to rim.
_ROUTES = {
    (None, "POM"): ((0.0, 5.1), (0.0, 3.0 + _HIGH)),
    (None, "solution"): ((5.2, 5.1), (5.2, 3.0 + _HIGH)),
    ("POM", "solution"): ((_WIDE, 3.0), (5.2 - _WIDE, 3.0)),
    ("necromass", "solution"): ((5.2, _HIGH), (5.2, 3.0 - _HIGH)),
    ("solution", "biomass"): ((5.2 + _WIDE, 3.0), (10.4 - _WIDE, 3.0)),
    ("biomass", "necromass"): ((10.4, 3.0 - _HIGH), (10.4, 0.0), (5.2 + _WIDE, 0.0)),
    ("biomass", "CO₂"): ((10.4, 3.0 + _HIGH), (10.4, 5.8 - _HIGH)),
    ("solution", "leached"): ((4.35, 3.0 - _HIGH), (4.35, 1.5), (0.0, 1.5), (0.0, _HIGH)),
}
_CARBON, _NITROGEN = "black", style.COLOURS["blue"]
_DASHES = (0, (4, 1.5))


@style.frame(9.6, 5.6)
def fig2(figure: Figure) -> None:
    """Draw the pools of carbon and nitrogen and the fluxes between them (Fig. 2)."""
    ax = figure.subplots()
    for name, box in BOXES.items():
        _box(ax, name, box)
    for link in LINKS:
        _link(ax, link)
    ax.text(0.0, 5.15, "fresh organic matter", ha="center", va="bottom")
    ax.text(5.2, 5.15, "root exudates, C/N = 40", ha="center", va="bottom")
    ax.set(xlim=(-1.4, 12.9), ylim=(-0.9, 6.7), aspect="equal")
    ax.axis("off")
    handles = [
        Line2D([], [], color=_CARBON, lw=1.6, label="carbon"),
        Line2D([], [], color=_NITROGEN, lw=1.6, ls=_DASHES, label="nitrogen"),
    ]
    ax.legend(handles=handles, loc="lower right")


def _symbol(name: str) -> str:
    return f"${(STATE_VARIABLES.get(name) or RATES[name])[0]}$"


def _box(ax: Axes, name: str, box: Box) -> None:
    look = {"boxstyle": "round,pad=0,rounding_size=0.15"}
    schematic.box(ax, (box.x, box.y), (2 * _WIDE, 2 * _HIGH), box.fill, **look)
    lines = [name, ",  ".join(_symbol(variable) for variable in box.variables)]
    lines += [box.ratio] if box.ratio else []
    ax.text(box.x, box.y, "\n".join(lines), ha="center", va="center", zorder=4, linespacing=1.3)


def _link(ax: Axes, link: Link) -> None:
    """Draw the carbon and the nitrogen of a flux as two arrows side by side, with their rates."""
    route = np.array(_ROUTES[link.source, link.target])
    carbon, nitrogen = _formulas(link)
    apart = 0.12 if carbon and nitrogen else 0.0
    for words, shift, colour, line in (
        (carbon, apart, _CARBON, "-"),
        (nitrogen, -apart, _NITROGEN, _DASHES),
    ):
        if words:
            path = _beside(route, shift)
            ax.plot(*path.T, color=colour, ls=line, lw=1.5, solid_joinstyle="miter", zorder=2)
            look = {"width": 0, "head": 12, "zorder": 2.5, "shrinkA": 0, "shrinkB": 0}
            schematic.arrow(ax, (path[-2], path[-1]), colour, **look)
            _write(ax, path, words, colour, 1 if colour == _CARBON else -1)


def _formulas(link: Link) -> tuple[str, str]:
    """Return what is written beside the carbon and the nitrogen of a flux; "" for none."""
    carbon = " + ".join(_symbol(name) for name in link.carbon[1:])
    if link.carbon:
        carbon = _symbol(link.carbon[0]) + (f" = {carbon}" if carbon else "")
    nitrogen = " + ".join(_symbol(name) for name in link.nitrogen)
    if link.ratio:
        nitrogen = f"{_symbol(link.carbon[0])}$\\,/\\,(C/N)_{{{link.ratio}}}$"
    return carbon, nitrogen


def _beside(route: np.ndarray, shift: float) -> np.ndarray:
    """Return a route of upright and level parts, shifted sideways: up, or to the left."""
    steps = np.diff(route, axis=0)
    moved = route.copy()
    for part, (dx, _) in enumerate(steps):
        axis, sign = (1, 1) if dx else (0, -1)
        moved[part : part + 2, axis] = route[part : part + 2, axis] + sign * shift
    return moved


def _write(ax: Axes, path: np.ndarray, words: str, colour: str, side: int) -> None:
    """Write a formula beside the longest part of a path: above or below it, or to the right."""
    steps = np.abs(np.diff(path, axis=0)).sum(1)
    part = int(np.argmax(steps))
    x, y = path[part : part + 2].mean(0)
    if path[part, 1] == path[part + 1, 1]:
        ax.text(x, y + 0.1 * side, words, color=colour, ha="center",
                va="bottom" if side > 0 else "top")  # fmt: skip
    else:
        right = path[:, 0].max() + (0.38 if side > 0 else 0.14)
        ax.text(right, y + 0.22 * side, words, color=colour, ha="left", va="center")
