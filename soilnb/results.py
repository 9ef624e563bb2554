"""Where a running notebook hands over its figures, tables and datasets.

A notebook ends a thought with ``results.save(figure, "he2024-fig6")``. Opened by hand the
notebook only shows the figure; run by ``soilnb run`` it also leaves the file in the folder of
the run. The notebook itself does not know which of the two happens, and handles no files.

A run is announced to the notebook's process by three environment variables, which
`soilnb.pipeline` sets: ``SOILNB_RUN_DIR``, ``SOILNB_RUN_SIZE`` and ``SOILNB_RUN_NOTEBOOK``.
Finished runs lie in ``<root>/<size>/<notebook>/``, those with changed parameters in
``<root>/changed/<size>/``.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from html import escape
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from soilnb.jobs import reason, writing
from soilnb.parameters import InputError, shown

if TYPE_CHECKING:  # who starts runs only asks for folders, and does not pay for importing these
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

    from soilnb.panels import Seen

#: Sizes of a run: quick for class and tests, paper for the set-up of the papers.
SIZES = ("quick", "paper")

#: Dots per inch of a figure's picture, and how many of them an inch takes on a page.
DPI, SHOWN_DPI = 150, 110

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SUFFIXES = (".png", ".svg", ".csv", ".nc")

#: The size of the paper of an SVG.
_PAPER = re.compile(r'width="[^"]*" height="[^"]*" viewBox="[^"]*"')

#: A name of the code within a text: words or letters joined by underscores.
CODE = re.compile(r"(?<![\w./-])[A-Za-z]\w*?_\w+")

#: The power of a unit as it is typed, as in g cm-3 and m2 yr-1.
_POWER = re.compile(
    r"((?<![\w-])(?:degC|mol|ha|yr|month|ft|[kmcµMP]?g|[cmkµ]?m|d|h|s|K|J|k?Pa|L)|[)%])"
    r"(-[1-4]|(?<=m)[23])(?![\w-])"
)

#: An isotope as it is typed, also behind a Δ.
_ISOTOPE = re.compile(r"(?<![^\WΔ])(?<!\.)(13|14|15|18)([CNO])(?!\w)")

#: A molecule as it is typed: letters of elements with how many of each, as in C6H12O6 and CO2.
_MOLECULE = re.compile(
    r"(?<![\w./-])(?=[CNOPS\d.]*H|CO2|N2O|NO3|CO3)(?:[CHNOPS](?:\d+(?:\.\d+)?)?){2,}(?!\w|\.\w)"
)

#: A number with a power of ten as it is typed, as in 1.94e-10.
_TEN = re.compile(r"(?<![\w./@-])(\d+(?:\.\d+)?)e([+-]?)0*(\d+)(?!\w|\.\w)")

#: A symbol of a paper within a sentence: a letter and its index.
_SYMBOL = re.compile(r"(?<![\w./-])([A-Za-z])_([A-Za-z0-9]+)\b(?!_)")


@dataclass(frozen=True)
class Current:
    """The run that is under way in this process: where its files go, size, name of the notebook."""

    folder: Path
    size: str
    notebook: str


def current() -> Current | None:
    """Return the run that is under way, or None when the notebook was opened by hand."""
    path = os.environ.get("SOILNB_RUN_DIR")
    if not path:
        return None
    size = os.environ.get("SOILNB_RUN_SIZE", "quick")
    return Current(Path(path), size, os.environ.get("SOILNB_RUN_NOTEBOOK", Path(path).name))


def checkout() -> Path | None:
    """Return the folder of the checkout that this package is imported from, or None."""
    above = Path(__file__).resolve().parent.parent
    found = (above / "pyproject.toml").is_file() and (above / "notebooks").is_dir()
    return above if found else None


def root() -> Path:
    """Return the folder of all results: ``SOILNB_RESULTS``, else ``results/`` in checkout or here.

    Examples
    --------
    >>> root().name
    'results'
    """
    named = os.environ.get("SOILNB_RESULTS")
    if named:
        return Path(named).expanduser().resolve()
    return (checkout() or Path.cwd()) / "results"


def folder(notebook: str, size: str, changed: str = "") -> Path:
    """Return the folder of the last good run of a notebook, whether or not it exists.

    Parameters
    ----------
    notebook : str
        Its name.
    size : {"quick", "paper"}
        Size of the run.
    changed : str
        Parameters that differ from the notebook's own, in words. Such a run has a folder of its
        own in ``changed/``, so that nobody takes its numbers for those of the notebook.

    Examples
    --------
    >>> folder("22_diagnosed_cue", "quick").parts[-3:]
    ('results', 'quick', '22_diagnosed_cue')
    """
    if size not in SIZES:
        raise InputError(f"size = {shown(size)}: allowed {', '.join(SIZES)}")
    if not changed:
        return root() / size / notebook
    words = re.sub(r"[^\w.=,-]", "", changed.replace(", ", ","))[:60]
    mark = hashlib.sha256(changed.encode()).hexdigest()[:8]
    return root() / "changed" / size / f"{notebook}-{words}-{mark}"


def completed(size: str) -> list[Path]:
    """Return the folders of all complete runs of a size, sorted by notebook; no failed ones."""
    records = folder("", size).glob("*/run.json")
    folders = (record.parent for record in records)
    return sorted(f for f in folders if not f.name.startswith(".") and f.suffix != ".failed")


def save(
    obj: Figure | pd.DataFrame | pd.Series | xr.Dataset | xr.DataArray,
    name: str,
    *,
    alt: str | None = None,
    digits: int = 4,
    rows: int = 60,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    formulas: Sequence[str] = (),
    show: bool = True,
) -> None:
    """Show a result, and hand it to the run that is under way if there is one.

    Parameters
    ----------
    obj : matplotlib Figure, pandas DataFrame or Series, xarray Dataset or DataArray
        A figure becomes ``NAME.png`` and ``NAME.svg``, a table ``NAME.csv``, a dataset
        ``NAME.nc``. The files hold everything; the options below only change what is shown.
    name : str
        File name without suffix, for example ``"he2024-fig6"``.
    alt : str, optional
        What the figure shows, in words, for readers who cannot see it.
    digits : int
        Significant digits of the numbers of a table in the notebook.
    rows : int
        Rows of a table in the notebook; a longer table is shown shortened.
    columns : sequence of str or mapping of str to str, optional
        Columns of a table in the notebook, where not all fit the page; a mapping gives each a
        heading.
    formulas : sequence of str
        Columns of a table whose cells are LaTeX; the notebook typesets them.
    show : bool
        Whether the notebook shows it at all; False for data that only the files are for.

    Raises
    ------
    InputError
        For a name with other characters than letters, digits, ``-`` and ``_``, a name that this
        run has saved already, or an object that is no figure, table or dataset.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"pool": ["fast", "slow"], "carbon": [0.3, 4.1]})
    >>> save(table, "my-pools")  # shown in a notebook; kept as CSV when `soilnb run` runs it
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(f"name = {shown(name)}: allowed letters, digits, - and _ (no suffix)")
    run = current()
    with _settled(obj) as seen:
        display, files = _handlers(
            obj, seen, alt=alt, digits=digits, rows=rows, columns=columns, formulas=formulas
        )
        if run is not None:
            _refuse_second(run, name)
            for suffix, write in files.items():
                with writing(run.folder / f"{name}{suffix}") as part:
                    write(part)
        if show:
            display()


def picture(figure: Figure, metadata: Mapping[str, str] | None = None, **how) -> bytes:
    """Return a figure as the PNG that `save` writes.

    Parameters
    ----------
    figure : Figure
        The figure; its layout is solved, and as it was afterwards.
    metadata : mapping of str to str, optional
        What the file says of itself.
    **how
        How it is compressed, as `PIL.Image.Image.save` takes it.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> picture(Figure())[1:4]
    b'PNG'
    """
    with _settled(figure) as seen:
        return _png(figure, seen, metadata, **how)


@contextmanager
def _settled(figure: object) -> Iterator[Seen | None]:
    """Solve the layout of a figure once for all of its pictures, which takes the longest.

    Yields what it shows, which all pictures are cut to; None for other objects.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from soilnb.panels import Seen

    if not isinstance(figure, Figure):
        yield None
        return
    engine, dpi, loose, canvas = figure.get_layout_engine(), figure.dpi, [], figure.canvas
    try:
        FigureCanvasAgg(figure)  # one for layout, parts and PNG: it knows how wide each text is
        figure.dpi = DPI
        if engine is not None:
            engine.execute(figure)
        # What stands where the figure says would stand where the cut picture says.
        loose = [one for one in figure.legends if one.get_bbox_to_anchor() is figure.bbox]
        for legend in loose:
            legend.set_bbox_to_anchor((0, 0, 1, 1), figure.transFigure)
        seen = Seen(figure)
        with rc_context({"figure.autolayout": False, "figure.constrained_layout.use": False}):
            figure.set_layout_engine(None)
        yield seen
    finally:
        figure.dpi = dpi
        for legend in loose:
            legend.set_bbox_to_anchor(None)
        if engine is not None:
            figure.set_layout_engine(engine)
        figure.set_canvas(canvas)


def _handlers(obj, seen, *, alt, digits, rows, columns, formulas):
    """Return how to show `obj`, and a writer for each file suffix."""
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

    if isinstance(obj, Figure):
        box = _cut(seen)
        picture = cache(partial(_png, obj, seen))  # drawn once, for the file and for the page
        files = {
            ".png": lambda path: path.write_bytes(picture()),
            ".svg": lambda path: path.write_text(_svg(obj, seen), encoding="utf-8", newline="\n"),
        }
        return lambda: _show_figure(obj, picture(), round(SHOWN_DPI * box.width), alt), files
    if isinstance(obj, pd.Series):
        obj = obj.to_frame()
    if isinstance(obj, pd.DataFrame):
        shown = obj if columns is None else obj[list(columns)]
        heads = columns if isinstance(columns, Mapping) else {}
        index = not _is_plain(obj.index)
        files = {".csv": lambda path: obj.to_csv(path, index=index, lineterminator="\n")}
        return lambda: _show_table(shown, digits, rows, heads, formulas), files
    if isinstance(obj, xr.Dataset | xr.DataArray):
        return lambda: _display(obj), {".nc": lambda path: _netcdf(obj, path)}
    raise InputError(
        f"cannot save a {type(obj).__name__}: allowed a matplotlib Figure, a pandas DataFrame or "
        "Series, an xarray Dataset or DataArray"
    )


def _refuse_second(run: Current, name: str) -> None:
    names = {path.stem.lower() for path in run.folder.glob("*") if path.suffix in _SUFFIXES}
    # Lower case, because some file systems do not tell Fig1 from fig1.
    if name.lower() in names:
        raise InputError(
            f"name = {shown(name)} is saved twice in {run.notebook}: give each its own"
        )


def _cut(seen: Seen) -> Bbox:
    """Return the box (inches) that pictures are cut to."""
    return seen.page.padded(0.08)


def _png(figure: Figure, seen: Seen, metadata: Mapping | None = None, **how) -> bytes:
    from matplotlib.image import imsave

    from soilnb import panels

    target, box, metadata = BytesIO(), _cut(seen), dict(metadata or {})
    if box.width > panels.WIDEST:
        written = {
            "size": [round(box.width, 3), round(box.height, 3)],
            "parts": panels.boxes(seen, box),
            "letters": panels.letters(figure),
        }
        metadata[panels.CHUNK] = json.dumps(written)
    about = {"format": "png", "dpi": DPI, "metadata": metadata, "pil_kwargs": how}
    if _on_paper(figure, seen):
        imsave(target, _pixels(figure, box), **about)
    else:
        figure.savefig(target, bbox_inches=box, **about)
    return target.getvalue()


def _on_paper(figure: Figure, seen: Seen) -> bool:
    """Return whether all that a figure shows lies on its paper, so that pictures can be cut."""
    from matplotlib.transforms import Bbox

    paper = figure.bbox_inches.padded(1 / DPI)
    return np.allclose(Bbox.union([paper, seen.page]).extents, paper.extents)


def _pixels(figure: Figure, box: Bbox) -> np.ndarray:
    """Draw a figure and return what lies within a box (inches); beyond its edge is its paper.

    To draw on the paper on which the layout was solved saves asking how wide each text is.
    """
    from matplotlib.colors import to_rgba

    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba())
    height = len(drawn)
    left, low, right, high = np.rint(box.extents * DPI).astype(int)
    cut = np.empty((high - low, right - left, 4), drawn.dtype)
    cut[:] = np.rint(255 * np.array(to_rgba(figure.get_facecolor())))
    shown = drawn[max(height - high, 0) : height - max(low, 0), max(left, 0) : right]
    above, before = max(high - height, 0), max(-left, 0)
    cut[above : above + len(shown), before : before + shown.shape[1]] = shown
    return cut


def _svg(figure: Figure, seen: Seen) -> str:
    from matplotlib import rc_context

    target, box = StringIO(), _cut(seen)
    cut = _on_paper(figure, seen)
    # A fixed salt and no date: the same figure gives the same file, byte for byte.
    with rc_context({"svg.hashsalt": "soilnb"}):
        how = {} if cut else {"bbox_inches": box}
        figure.savefig(target, format="svg", metadata={"Date": None}, **how)
    return _framed(target.getvalue(), box, figure.bbox_inches.height) if cut else target.getvalue()


def _framed(svg: str, box: Bbox, height: float) -> str:
    """Let an SVG show what lies within a box (inches) of its paper.

    matplotlib would lay the paper anew for each map that a figure draws as pixels.
    """
    left, top, wide, high = 72 * np.array([box.x0, height - box.y1, box.width, box.height])
    shown = f'viewBox="{left:.6g} {top:.6g} {wide:.6g} {high:.6g}"'
    return _PAPER.sub(f'width="{wide:.6g}pt" height="{high:.6g}pt" {shown}', svg, count=1)


def _netcdf(data: xr.Dataset | xr.DataArray, path: Path) -> None:
    import xarray as xr

    if isinstance(data, xr.DataArray):
        data = data.to_dataset(name=data.name or "value")
    # Fill values and chunks of the file that the data came from do not fit this file.
    data = data.drop_encoding()
    packed = {
        name: {"zlib": True, "complevel": 4}
        for name, variable in data.variables.items()
        if variable.ndim and variable.dtype.kind in "fiub"
    }
    try:
        data.to_netcdf(path, engine="netcdf4", encoding=packed)
    except (TypeError, ValueError, NotImplementedError) as error:
        name = path.name.lstrip(".").partition(".")[0]
        raise InputError(f"{name} does not fit into netCDF: {reason(error)}") from error


def _show_figure(figure: Figure, picture: bytes, width: int, alt: str | None) -> None:
    from IPython.display import Image

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:  # or the notebook would show it a second time
        pyplot.close(figure)
    _display(Image(picture, format="png", width=width, alt=alt))


def _show_table(table, digits: int, rows: int, heads: Mapping, formulas: Sequence[str]) -> None:
    how = {
        "index": not _is_plain(table.index),
        "max_rows": rows,
        "float_format": lambda number: _short(number, digits),
        "na_rep": "",
    }
    table = _without_negative_zeros(table)
    typeset = table.assign(**{name: table[name].map(_Formula) for name in formulas})
    printed = {"float_format": lambda number: raised(_short(number, digits))}
    html = _html(typeset.rename(columns=heads), **how | printed)
    _display({"text/html": html, "text/plain": table.to_string(**how)}, raw=True)


class _Formula(str):
    """LaTeX that JupyterLab and the book typeset."""


def _safe(cell: object) -> object:
    """Return a cell or heading of a table as HTML."""
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if not isinstance(cell, str):
        return cell
    if isinstance(cell, _Formula) and cell:
        return f'<span class="math notranslate nohighlight">\\({escape(cell)}\\)</span>'
    return CODE.sub(r"<code>\g<0></code>", escape(raised(cell)))


def raised(text: object) -> str:
    """Return a text with powers of units and of ten, isotopes and molecules as they are printed.

    A number with its power of ten stays in one line.

    Examples
    --------
    >>> raised("diffusion (cm2 s-1) at 20 degC, 3 g C m-2 yr-1 in tau4s2")
    'diffusion (cm² s⁻¹) at 20 °C, 3 g C m⁻² yr⁻¹ in tau4s2'
    >>> raised("lb ft-3, mm month-1, degF")
    'lb ft⁻³, mm month⁻¹, °F'
    >>> print(raised("D = 1.94e-10, R_O of 2e+06 in 1e3.csv, 96 x 96 voxels"))
    D = 1.94 × 10⁻¹⁰, R_O of 2 × 10⁶ in 1e3.csv, 96 × 96 voxels
    >>> raised("18O, Δ14C, C2H2O4, CO2")
    '¹⁸O, Δ¹⁴C, C₂H₂O₄, CO₂'
    """
    up = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+")
    down = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    text = _TEN.sub(
        lambda one: f"{one[1]}\u00a0×\u00a010{(one[2] + one[3]).translate(up)}", str(text)
    )
    text = _POWER.sub(lambda unit: unit[1] + unit[2].translate(up), text)
    text = _ISOTOPE.sub(lambda one: one[1].translate(up) + one[2], text)
    text = _MOLECULE.sub(lambda one: one[0].translate(down), text)
    text = re.sub(r"(?<=\w )x(?= \d)", "×", text)
    return re.sub(r"\bdeg([CF])(?![A-Za-z0-9])", r"°\1", text)


def typeset(text: object) -> str:
    """Return a sentence as HTML: symbols with their index, names of the code as code.

    Examples
    --------
    >>> print(typeset("K_m > 0 in eta_doc"))
    <i>K</i><sub>m</sub> &gt; 0 in <code>eta_doc</code>
    """
    return CODE.sub(
        r"<code>\g<0></code>", _SYMBOL.sub(r"<i>\1</i><sub>\2</sub>", escape(raised(text)))
    )


def _head(name: object) -> object:
    """Return a heading as HTML: the words of a name, unless it is a symbol as ``c_s``."""
    if name in ("cue", "cn"):
        return {"cue": "CUE", "cn": "C/N"}[name]
    if isinstance(name, str) and len(name.rpartition("_")[2]) > 1:
        name = name.replace("_", " ")
    return _safe(name)


def _html(table: pd.DataFrame | pd.Series, **how: object) -> str:
    """Return a table as a page shows it: no cell cut short, nothing where nothing is known."""
    import pandas as pd

    frame = table if isinstance(table, pd.DataFrame) else table.to_frame(table.name or "value")
    frame = _without_negative_zeros(frame)
    if "p" in frame and frame["p"].dtype.kind == "f":
        # which is small and never nothing
        frame = frame.assign(p=frame["p"].map(lambda p: "< 0.001" if p < 0.001 else f"{p:.3f}"))
    safe = frame.map(_safe).rename(index=_safe, columns=_head)
    for axis in (safe.index, safe.columns):
        axis.names = [_head(name) for name in axis.names]
    with pd.option_context("display.max_colwidth", None):
        return safe.to_html(border=0, escape=False, **{"max_rows": 60, "na_rep": "", **how})


def _without_negative_zeros(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with 0 where rounding has left -0."""
    floats = [kind.kind == "f" if isinstance(kind, np.dtype) else False for kind in frame.dtypes]
    if not any(floats):
        return frame
    frame = frame.copy()
    for place in np.flatnonzero(floats):  # by place: headings may stand twice
        frame.isetitem(place, frame.iloc[:, place] + 0.0)
    return frame


def _show_in_full() -> None:
    """Let a notebook show every table so, also one that is not saved, and a series as a table."""
    import pandas as pd
    from IPython import get_ipython

    if (shell := get_ipython()) is not None:
        for kind in (pd.DataFrame, pd.Series):
            shell.display_formatter.formatters["text/html"].for_type(kind, _html)


def _short(number: float, digits: int) -> str:
    """Return a number with so many significant digits, and large ones without an exponent."""
    large = 10**digits <= abs(number) < 1e9
    return f"{number:.0f}" if large else f"{number:.{digits}g}"


def _is_plain(index: pd.Index) -> bool:
    """Whether an index only counts rows and says nothing."""
    import pandas as pd

    return isinstance(index, pd.RangeIndex) and index.name is None


def _display(obj: object, **options: bool) -> None:
    """Show `obj` in a notebook; a plain Python session stays quiet."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is not None:
        display(obj, **options)


if "IPython" in sys.modules:  # a plain session does not pay for importing it
    _show_in_full()
