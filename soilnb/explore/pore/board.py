"""A drawing board: the reader draws a soil, and lets it run."""

import io
from contextlib import redirect_stderr

import ipywidgets as widgets
import numpy as np
from ipycanvas import Canvas

from soilnb.explore.base import Control, full, text
from soilnb.explore.pore.live import Live
from soilnb.figures.pore import maps as pore_maps
from soilnb.language import translated
from soilnb.pore.diagnostics import CELLS, cell_types
from soilnb.pore.image import from_image
from soilnb.pore.parameters import VOXEL, resolve
from soilnb.pore.scenarios import Scenario
from soilnb.pore.simulate import Run
from soilnb.pore.state import State
from soilnb.pore.structure import fill_solution

#: Voxels of the board down and across, and pixels of one on the canvas.
BOARD, ZOOM = 64, 6

#: What can be drawn: words and the type of voxel (a key of `CELLS`).
PENS = {
    "solid": "mineral",
    "organic matter": "particulate organic matter",
    "microbes": "biomass",
    "pore": "pore",
}

#: What stands before the pen, its width, and the sliders that place it.
WORDS = ("Draw with", "width", "Across", "Down")

#: Radius (voxels) of the organic particle of the drawings that are there already.
_RADIUS = 4.0


def _bare() -> np.ndarray:
    """Return grains round a particle of organic matter, with microbes at its right side."""
    side = np.arange(BOARD) - (BOARD - 1) / 2
    middle = np.hypot(side[:, None], side)
    grain = np.hypot(*(s % 16 - 8 for s in np.meshgrid(side, side, indexing="ij")))
    cells = np.where((grain < 5) & (middle > 18), CELLS["mineral"], CELLS["pore"])
    cells[middle < _RADIUS] = CELLS["particulate organic matter"]
    cells[(middle >= 7) & (middle < 9) & (side > 0)] = CELLS["biomass"]
    return cells


def _coated(hole: int = 0) -> np.ndarray:
    """Return the same with a skin of solid, and a hole in it of so many voxels."""
    cells = _bare()
    side = np.arange(BOARD) - (BOARD - 1) / 2
    middle = np.hypot(side[:, None], side)
    skin = (middle >= _RADIUS) & (middle < 6.5)
    skin &= ~((np.abs(side[:, None]) < hole / 2) & (side > 0))
    cells[skin] = CELLS["mineral"]
    return cells


#: Drawings to begin with.
DRAWINGS = {
    "bare organic matter": _bare,
    "coated with solid": _coated,
    "coated, with a hole": lambda: _coated(4),
}


def drawn(cells: np.ndarray, seed: int = 0) -> State:
    """Return the state of a drawing: what is connected is one particle, minerals are reactive.

    Parameters
    ----------
    cells : int array, shape (ny, nx)
        ``pore``, ``mineral``, ``particulate organic matter`` or ``biomass`` of
        `soilnb.pore.diagnostics.CELLS`. Without biomass a run begins with the model's own.
    seed : int
        Seed of the reactive edges.

    Raises
    ------
    InputError
        For a drawing without solids or without pores.

    Examples
    --------
    >>> state = drawn(DRAWINGS["coated with solid"]())
    >>> int(state.biomass.sum()), float(state.c_s[32, 32])
    (50, 0.0)
    """
    cells = pore_maps.codes(cells)
    microbes = cells == CELLS["biomass"]
    codes = {CELLS[name]: phase for name, phase in _PHASES.items()}
    with redirect_stderr(io.StringIO()):  # what is drawn is seen, and said below the picture
        state = from_image(cells, VOXEL, codes=codes, seed=seed)
    if microbes.any():
        fill_solution(state)
        state.c_b[microbes] = resolve("default")["biomass_start"]
    return state


_PHASES = {
    "pore": "pore",
    "biomass": "pore",
    "mineral": "solid",
    "particulate organic matter": "pom",
}


class Board(Live):
    """A soil that is drawn with mouse, finger or keys, and then stepped like any other.

    Attributes
    ----------
    drawing : int array, shape (BOARD, BOARD), or None
        Types of the voxels as the reader drew them, None as long as nothing was drawn.
    canvas_of_cells : ipycanvas.Canvas
        What is drawn on.
    pen, width, across, down, put : ipywidgets
        What is drawn, how wide (voxels), and where and how with the keyboard.
    """

    def __init__(self, days: int, seed: int) -> None:
        self.drawing: np.ndarray | None = None
        self._seed, self._days, self._last_dab, self._sheet = seed, days, None, ""
        self._build_pen()
        controls = {
            "drawing": Control("Begin with", next(iter(DRAWINGS)), choices=tuple(DRAWINGS)),
            "movement": Control("Particles move", "no", choices=("no", "yes")),
        }
        super().__init__(
            controls,
            self._soil,
            Run.step,
            lambda run: cell_types(run.state),
            _say,
            name="Day (d)",
            last=days,
            asks="board",
            frames=range(0, days + 1, 4),
        )

    def _build_pen(self) -> None:
        self.canvas_of_cells = Canvas(
            width=BOARD * ZOOM, height=BOARD * ZOOM, layout=full(max_width="100%")
        )
        self._aside = Canvas(width=1, height=1)
        self.canvas_of_cells.layout.border = "1px solid #555"
        self.canvas_of_cells.on_client_ready(self._paint)
        pens = {translated(word): kind for word, kind in PENS.items()}
        self.pen = widgets.Dropdown(options=pens, tooltip=translated("Draw with"), layout=full())
        wide = translated("Width of the pen, voxels")
        small = widgets.Layout(width="64px")
        self.width = widgets.BoundedIntText(3, min=1, max=16, tooltip=wide, layout=small)
        middle = {"min": 0, "max": BOARD - 1, "value": BOARD // 2}
        self.across, self.down = (
            widgets.IntSlider(**middle, tooltip=f"{way} (voxels)", layout=full(flex="1 1 auto"))
            for way in (translated("Across"), translated("Down"))
        )
        there = translated("Put the pen there, with the keyboard")
        narrow = widgets.Layout(width="56px", flex="0 0 auto")
        self.put = widgets.Button(description=translated("Put"), tooltip=there, layout=narrow)
        self.put.on_click(lambda _: self.stroke([(self.down.value, self.across.value)]))
        canvas = self.canvas_of_cells
        canvas.on_mouse_down(self._begin_line)
        canvas.on_mouse_move(self._go_on)
        for ends in (canvas.on_mouse_up, canvas.on_mouse_out):
            ends(self._end_line)
        canvas.on_touch_start(lambda touches: self._begin_line(*touches[0]))
        canvas.on_touch_move(lambda touches: self._go_on(*touches[0]))
        canvas.on_touch_end(self._end_line)

    def _shows(self) -> list[widgets.Widget]:
        half = {"flex": "1 1 240px", "max_width": "400px", "min_width": "0"}
        words = [text(translated(word)) for word in WORDS]
        pen = widgets.HBox([words[0], self.pen, words[1], self.width], layout=full())
        keys = widgets.VBox([
            widgets.HBox([words[2], self.across], layout=full()),
            widgets.HBox([words[3], self.down, self.put], layout=full()),
        ], layout=full())  # fmt: skip
        board = widgets.VBox([pen, self.canvas_of_cells, keys], layout=widgets.Layout(**half))
        shown = widgets.VBox([self._row, self.picture], layout=widgets.Layout(**half))
        both = widgets.HBox([board, shown], layout=full(flex_flow="row wrap"))
        return [both, text(pore_maps.legend_html())]

    @property
    def cells(self) -> np.ndarray:
        """What is on the board."""
        template = DRAWINGS[self.controls["drawing"].value]
        return template() if self.drawing is None else self.drawing

    def _soil(self, drawing: str, movement: str) -> Run:
        cells = DRAWINGS[drawing]() if self.drawing is None else self.drawing
        return Run(
            Scenario("drawn", movement=movement == "yes"),
            days=self._days,
            initial=drawn(cells, self._seed),
            initial_steps=0,
            seed=self._seed,
            # Here contact with microbes alone decides, not whether a mineral touches.
            parameters={"gate": "off"},
        ).begin()

    def stroke(self, places: list[tuple[int, int]]) -> None:
        """Draw with the pen at some voxels (down, across), and begin again at day 0."""
        for down, across in places:
            self._dab(down, across)
        self._run_anew()

    def _dab(self, down: int, across: int) -> None:
        """Put the pen down once."""
        if self.drawing is None:
            self.drawing = self.cells
        start = [max(0, at - (self.width.value - 1) // 2) for at in (down, across)]
        ends = [min(BOARD, at + 1 + self.width.value // 2) for at in (down, across)]
        (top, left), (bottom, right) = start, ends
        self.drawing[top:bottom, left:right] = CELLS[self.pen.value]
        self.canvas_of_cells.fill_style = pore_maps.COLOURS[self.pen.value]
        sides = ZOOM * np.array([left, top, right - left, bottom - top])
        self.canvas_of_cells.fill_rect(*sides.tolist())

    def _begin_line(self, x: float, y: float) -> None:
        self._last_dab = (int(y // ZOOM), int(x // ZOOM))
        self._dab(*self._last_dab)

    def _go_on(self, x: float, y: float) -> None:
        """Draw a line from where the pen was."""
        if self._last_dab is None:
            return
        here = (int(y // ZOOM), int(x // ZOOM))
        steps = max(1, *(abs(a - b) for a, b in zip(here, self._last_dab, strict=True)))
        for place in np.linspace(self._last_dab, here, steps + 1)[1:].round().astype(int):
            self._dab(*place.tolist())
        self._last_dab = here

    def _end_line(self, *_) -> None:
        if self._last_dab is not None:
            self._last_dab = None
            self._run_anew()

    def _run_anew(self) -> None:
        """Let the drawing run from its first day."""
        with self._hold():
            self.time.value = 0
        if self.prediction is not None:
            self.prediction.observed()

    def _paint(self, *_) -> None:
        """Show on the canvas what is on the board."""
        # A page that came after the first drawing does not know which canvas is meant until it
        # has changed (Voilà, a page that is loaded again).
        self._aside.clear()
        colours = pore_maps.rgb(self.cells)
        self.canvas_of_cells.put_image_data(colours.repeat(ZOOM, 0).repeat(ZOOM, 1), 0, 0)

    def update(self) -> None:
        """Take a new sheet where another drawing is chosen; let the soil run."""
        chosen = self.controls["drawing"].value
        if not self._held and chosen != self._sheet:
            self._sheet, self.drawing = chosen, None
            self._paint()
        super().update()

    def reset(self) -> None:
        """Take the first drawing, and everything else as it was."""
        self._sheet = ""
        super().reset()


def _say(run: Run) -> str:
    day, series = run.state.day, run.series
    held = {name: series[name] for name in ("C_POM", "C_B", "C_S", "C_Nec")}
    start = sum(float(values[0]) for values in held.values())
    part = {name: 100 * float(values[day]) / start for name, values in held.items()}
    respired = 100 * float(series["C_CO2"][day]) / start
    return translated(
        "porosity {porosity:.2f}. Of the first day's carbon {respired:.0f} % is respired, organic "
        "matter holds {pom:.0f} %, living microbes {living:.1f} %. Exposed share of organic matter "
        "{exposed:.2f}.",
        porosity=1 - float((run.state.solid > 0).mean()),
        respired=respired,
        pom=part["C_POM"],
        living=part["C_B"],
        exposed=float(series["exposed_POM"][day]),
    )


def board(days: int = 60, seed: int = 0) -> Board:
    """Draw solid, organic matter, microbes and pores, and let the soil run.

    Parameters
    ----------
    days : int
        Number of the last day.
    seed : int
        Seed of everything random.
    """
    return Board(days, seed)
