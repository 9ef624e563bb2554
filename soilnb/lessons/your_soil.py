"""A reader's own soil: templates, made-up examples, and uploads that answer without code.

An `Upload` takes a file, says what was understood of it, offers what a refusal proposes as
buttons, and runs the models when it is asked to. `pits` takes a table of soil pits, `image` a
segmented picture of pores, `places` a table of sites.
"""

from __future__ import annotations

import atexit
import base64
import functools
import io
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pandas as pd
import xarray as xr
from IPython.display import HTML
from PIL import Image

from soilnb import results
from soilnb.data import tables
from soilnb.explore import assimilation
from soilnb.explore.base import full, lines, said, text
from soilnb.explore.base.picture import Picture
from soilnb.explore.five_models import describe
from soilnb.figures import assimilation as drawings
from soilnb.figures import five_models
from soilnb.figures.pore import maps, own_image
from soilnb.parameters import InputError
from soilnb.pore import from_image, simulate
from soilnb.pore.diagnostics import cell_types
from soilnb.pore.structure import dispersed
from soilnb.proda import observations
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.model import boxes
from soilnb.profile.site import read_csv as read_sites

#: What the grey values of the made-up image are.
CODES = {0: "pore", 128: "pom", 255: "solid"}

#: Whether bright or dark pixels are solid, as codes of an image of two values.
SOLID = {
    "as the numbers say (0 pore, 1 solid, 2 organic)": None,
    "bright is solid, grey 128 organic": {**CODES, 1: "solid", 65535: "solid"},
    "dark is solid": {0: "solid", 1: "pore", 255: "pore", 65535: "pore"},
}

#: Days for which an image that was uploaded is simulated.
DAYS = 60

#: Models that a table of sites is put into.
OF_SITES = ("mimics", "millennial")


# --- templates and examples ----------------------------------------------------------------------


def pits_template() -> str:
    """Return a table of two soil pits, made-up numbers, to write one's own into."""
    return tables.read("profile_template").to_csv(index=False)


def sites_template() -> str:
    """Return a table of three sites, made-up numbers, to write one's own into."""
    return tables.read("sites_template").to_csv(index=False)


def image_template(side: int = 96, seed: int = 0) -> bytes:
    """Return a made-up image as PNG: solid is white, organic matter grey, pores are black."""
    state = dispersed((side, side), seed)
    grey = np.where(state.solid > 0, 255, np.where(state.organic > 0, 128, 0)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, format="PNG")
    return stream.getvalue()


#: Name of each example file, and what makes its content.
EXAMPLES: Mapping[str, Callable[[], str | bytes]] = {
    "synthetic_pits.csv": pits_template,
    "synthetic_sites.csv": sites_template,
    "synthetic_image.png": image_template,
}


@functools.cache
def _folder() -> Path:
    """Return a folder of this session, which goes with it."""
    folder = tempfile.mkdtemp(prefix="soilnb-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def example(name: str) -> Path:
    """Return the path of an example file, which is made where it is not there yet.

    Examples
    --------
    >>> example("synthetic_pits.csv").name
    'synthetic_pits.csv'
    """
    path = _folder() / name
    if not path.exists():
        path.write_bytes(_bytes(EXAMPLES[name]()))
    return path


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def templates() -> HTML:
    """Return links that download the examples, also from a page without Python."""
    links = []
    for name, make in EXAMPLES.items():
        data = base64.b64encode(_bytes(make())).decode()
        kind = "image/png" if name.endswith("png") else "text/csv"
        links.append(f'<a download="{name}" href="data:{kind};base64,{data}">{name}</a>')
    return HTML(f"<p>Download a template (synthetic, made-up numbers): {', '.join(links)}</p>")


# --- uploads -------------------------------------------------------------------------------------


class Upload(widgets.VBox):
    """A file of the reader's own: what is understood of it, and what the models make of it.

    Parameters
    ----------
    label, accept : str
        What is asked for, and the endings of files that are offered.
    options : mapping of str to ValueWidget
        Further choices, by the argument of `read` or `run` that they set.
    read : callable
        ``read(path, **settings)`` returns what was read and HTML that says what was understood.
    run : callable
        ``run(read, **settings)`` returns what `draw` draws, and a sentence.
    draw : callable
        ``draw(result, figure=...)``, a figure function.

    Attributes
    ----------
    read, result : object
        What was read of the file, and what the models made of it; None before.
    """

    def __init__(
        self,
        label: str,
        accept: str,
        options: Mapping[str, widgets.ValueWidget],
        read: Callable[..., tuple[object, str]],
        run: Callable[..., tuple[object, str]],
        draw: Callable,
    ) -> None:
        self._reads, self._runs, self._canvas = read, run, Picture(draw)
        self.options, self.settings = dict(options), {}
        self.path: Path | None = None
        self.read = self.result = None
        self.file = widgets.FileUpload(accept=accept, multiple=False, description=label)
        self.file.layout, self.file.tooltip = widgets.Layout(width="auto"), label
        self.go = widgets.Button(description="Run the models", disabled=True)
        self.words, self.understood = text(), text()
        self.proposals = widgets.HBox([], layout=full(flex_flow="row wrap"))
        self.picture = widgets.Image(layout=widgets.Layout(max_width="100%", display="none"))
        self.file.observe(self._uploaded, names="value")
        self.go.on_click(lambda _: self.start())
        for option in self.options.values():
            option.observe(lambda _: self.path and self.look(), names="value")
        rows = [
            widgets.VBox([text(lines(escape(option.tooltip))), option], layout=full())
            for option in self.options.values()
        ]
        shown = [self.proposals, self.understood, self.go, self.words, self.picture]
        super().__init__([self.file, *rows, *shown], layout=full())

    def _repr_mimebundle_(self, **options):
        """Show the upload; on a page of the book, where nothing runs, say what it is."""
        shown = super()._repr_mimebundle_(**options)
        if results.current() is not None:
            words = f"{self.file.description}: in JupyterLab a button stands here; what it answers"
            words = f"{escape(words)} is worked out below for a made-up example."
            page = f'<p class="soilnb-upload"><i>{words}</i></p>'
            (shown[0] if isinstance(shown, tuple) else shown)["text/html"] = page
        return shown

    def _uploaded(self, change: Mapping) -> None:
        if change["new"]:
            one = change["new"][0]
            path = Path(tempfile.mkdtemp(dir=_folder())) / Path(one["name"]).name
            path.write_bytes(bytes(one["content"]))
            self.take(path)

    def take(self, path: Path) -> Upload:
        """Read a file, as if it had been uploaded."""
        self.path, self.settings = Path(path), {}
        return self.look()

    def look(self) -> Upload:
        """Say what is understood of the file with the settings that hold now."""
        self.result, self.picture.layout.display = None, "none"
        self.words.value = self.understood.value = ""
        self.proposals.children = ()
        try:
            self.read, self.understood.value = self._reads(self.path, **self._settings())
        except InputError as error:
            self.read = None
            self.words.value = said(str(error), strong=True)
            self.proposals.children = tuple(
                self._proposal(words, more) for words, more in error.proposals.items()
            )
        self.go.disabled = self.read is None
        return self

    def _settings(self) -> dict:
        chosen = {name: option.value for name, option in self.options.items()}
        return {**chosen, **self.settings}

    def _proposal(self, words: str, more: Mapping[str, Mapping]) -> widgets.Button:
        button = widgets.Button(description=words, layout=widgets.Layout(width="auto"))

        def follow(_) -> None:
            for name, entries in more.items():
                self.settings[name] = {**self.settings.get(name, {}), **entries}
            self.look()

        button.on_click(follow)
        return button

    def start(self) -> None:
        """Run the models on what was read, and show what comes out."""
        self.words.value = said("The models run; this takes some seconds.")
        try:
            with warnings.catch_warnings(record=True) as notes:
                warnings.simplefilter("always", UserWarning)
                self.result, words = self._runs(self.read, **self._settings())
        except (InputError, RuntimeError) as error:
            self.words.value = said(str(error), strong=True)
            return
        self.words.value = said(" ".join([words, *(f"Note: {n.message}." for n in notes)]))
        self._canvas.release()
        self._canvas.draw(self.result)
        self.picture.value, self.picture.layout.display = self._canvas.png(), None


def _choice(label: str, options: list[str]) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, tooltip=label, layout=full())


def _shown(table: pd.DataFrame, *notes: str) -> str:
    """Return a table and notes as HTML that scrolls on a narrow page."""
    html = table.to_html(border=0, float_format="{:.4g}".format)
    told = "".join(f"<p>{escape(note)}.</p>" for note in notes)
    return f"<div style='overflow-x:auto;line-height:1.35'>{html}</div>{told}"


# --- soil pits -----------------------------------------------------------------------------------


def pits() -> Upload:
    """Return an upload for a table of soil pits: what is understood, and both layered models."""
    options = {"datum": _choice("Organic layers above the mineral soil", ["shift", "drop"])}
    accept = ".csv,.tsv,.txt,.xlsx,.gz,.zip"
    return Upload("Table of soil pits", accept, options, _read_pits, compared, _draw_fit)


def _read_pits(path: Path, **settings: object) -> tuple[xr.Dataset, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", observations.ReadingWarning)
        found = observations.read_csv(path, settings.pop("columns", None), **settings)
    table = observations.describe(found)
    reasons = observations.refused(found)
    refusals = [f"{row.profile}: {row.reason}" for row in reasons.itertuples()]
    return found, _shown(table, *table.attrs["notes"], *refusals[:10])


def compared(found: xr.Dataset, profile: int = 0, **_: object) -> tuple[dict, str]:
    """Assimilate one pit into COMPAS and CLM5 by short chains.

    Parameters
    ----------
    found : Dataset
        As from `soilnb.proda.observations.read_csv`.
    profile : int
        Which profile, from 0.

    Returns
    -------
    tuple of (dict, str)
        By model, as `soilnb.figures.assimilation.fit` takes it, and a sentence.
    """
    one = found.isel(profile=[profile])
    column = kernel_forcing.one(kernel_forcing.prepare(observations.forcing_at(one)).columns, 0)
    bands = {
        model: assimilation.profile(one.isel(profile=0), column, model)[1]
        for model in ("CLM5", "COMPAS")
    }
    fits = ", ".join(f"{name} {band.attrs['nse']:.2f}" for name, band in bands.items())
    measured = (one["carbon_density"] * (one["bottom"] - one["top"])).sum() / 1000
    name = str(one["profile"].item())
    return bands, (
        f"Pit {name!r} holds {float(measured):.1f} kg C m⁻² in the layers that were measured. "
        f"Nash–Sutcliffe efficiency of the fit (1 is perfect): {fits}."
    )


def _draw_fit(bands: dict, figure=None):
    return drawings.fit(bands, figure=figure)


def stocks(pit: xr.Dataset, found: Mapping[str, object]) -> pd.Series:
    """Return the carbon in the layers of a pit, as measured and as each model has it, kg C m-2.

    Parameters
    ----------
    pit : Dataset over layer
        One profile of `soilnb.proda.observations`.
    found : mapping of str to InferenceData
        By model, as from `soilnb.proda.assimilate` for this profile.
    """
    thick = (pit["bottom"] - pit["top"]).dropna("layer").values
    held = {"measured": pit["carbon_density"].dropna("layer").values}
    for model, data in found.items():
        middle = data.posterior_predictive["carbon_density"].median(("chain", "draw"))
        held[model] = middle.values
    sums = {name: float(density @ thick) / 1000 for name, density in held.items()}
    return pd.Series(sums, name="carbon (kg m⁻²)")


# --- an image ------------------------------------------------------------------------------------


def image() -> Upload:
    """Return an upload for a segmented image: its phases, and two months of the pore model."""
    options = {
        "resolution": widgets.BoundedFloatText(
            value=2.0, min=0.1, max=100.0, tooltip="Edge of a pixel (µm)", layout=full()
        ),
        "codes": _choice("What is solid?", list(SOLID)),
    }
    return Upload("Segmented image", ".png,.tif,.tiff,.npy", options, _read_image, lived, _draw_run)


def _read_image(path: Path, resolution: float, codes: str, **_: object) -> tuple[object, str]:
    chosen = SOLID[codes]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = from_image(path, resolution, codes=chosen, values="shown" if chosen else None)
    picture = base64.b64encode(maps.small(cell_types(state))).decode()
    porosity = 1 - float((state.solid > 0).mean())
    down, across = state.solid.shape
    words = f"{down} × {across} voxels of 2 µm, porosity {porosity:.3f}"
    style = "width:min(100%,320px);image-rendering:pixelated"
    return (
        state,
        f"<p>{words}</p><img alt='{words}' style='{style}' src='data:image/webp;base64,{picture}'>",
    )


def lived(state: object, **_: object) -> tuple[xr.Dataset, str]:
    """Run the pore model on the structure of an image.

    Returns
    -------
    tuple of (Dataset, str)
        The run, and a sentence.
    """
    run = simulate("static", days=DAYS, initial=state, snapshots=(DAYS,), progress=False)
    last = run.isel(time=-1)
    return run, (
        f"In {DAYS} days {float(last['C_CO2']):.3f} mg C per g of soil are respired; "
        f"{float(last['C_POM']):.2f} mg are left as particulate organic matter."
    )


def _draw_run(run: xr.Dataset, figure=None):
    return own_image(run, figure=figure)


# --- sites ---------------------------------------------------------------------------------------


def places() -> Upload:
    """Return an upload for a table of sites: MIMICS and Millennial at rest."""
    accept = ".csv,.tsv,.txt,.xlsx"
    return Upload("Table of sites", accept, {}, _read_sites, at_rest, _draw_soils)


def _read_sites(path: Path, **_: object) -> tuple[pd.DataFrame, str]:
    found = read_sites(path)
    for name in OF_SITES:
        boxes()[name].steady_state(found)
    return found, _shown(found)


def at_rest(found: pd.DataFrame, **_: object) -> tuple[dict, str]:
    """Return what MIMICS and Millennial make of the first site, and a sentence about all.

    Returns
    -------
    tuple of (dict, str)
        By model, as `soilnb.figures.five_models.soils` takes it, and the stocks of all sites.
    """
    every = {boxes()[name].name: boxes()[name].steady_state(found) for name in OF_SITES}
    told = []
    for name, run in every.items():
        stocks = run["carbon"].sum("pool").to_series()
        ok = (run["stable"] & run["plausible"]).to_series()
        each = (f"{s} {v:.1f}{'' if ok[s] else ' (no soil)'}" for s, v in stocks.items())
        told.append(f"{name}: {', '.join(each)}")
    first = {key: float(value) for key, value in found.iloc[0].items()}
    soils = {boxes()[name].name: describe(boxes()[name], first) for name in OF_SITES}
    return soils, f"Carbon at rest in kg m⁻²; {'; '.join(told)}. The picture is {found.index[0]}."


def _draw_soils(soils: dict, figure=None):
    return five_models.soils(soils, figure=figure)
