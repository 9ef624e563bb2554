"""Explorers of management: combine practices on one field, and turn a soil upside down."""

import functools

import numpy as np
import xarray as xr

from soilnb.explore import ROOTS
from soilnb.explore.base import Control, Explorer
from soilnb.figures import management as figures
from soilnb.language import translated
from soilnb.profile import depth, management
from soilnb.profile.management import MG_HA, PRACTICES, Practice

#: Cells of an explorer's profile, m: half as many as the model's default, for speed.
THICKNESS = 0.04

#: What can be done to the soil itself.
TILLAGE = {
    "none": (),
    "full inversion, decay by depth": ("inversion",),
    "full inversion, decay by material": ("inversion_material",),
    "straw in ditches": ("ditch_straw",),
}

HORIZONS = {"30 years": 30.0, "100 years": 100.0, "2,500 years": 2500.0}

_CONTROLS = {
    "tillage": Control("Soil", "none", choices=tuple(TILLAGE)),
    "beta": Control(ROOTS, 0.961, 0.961, 0.985, 0.001),
    "belowground": Control("Share of production that goes below ground", 0.2, 0.2, 0.6, 0.01),
    "priming": Control("Priming: faster decay per relative rise of input", 0.0, 0.0, 1.0, 0.05),
    "compost": Control("Deep compost (g C m⁻² yr⁻¹)", 0.0, 0.0, 300.0, 10.0),
    "biochar": Control("Deep biochar, once (Mg C ha⁻¹)", 0.0, 0.0, 50.0, 1.0),
    "minerals": Control("Minerals: slower decay in 30–60 cm (%)", 0.0, 0.0, 50.0, 1.0),
    "worms": Control("Earthworms: mixing over mixing before", 1.0, 1.0, 10.0, 0.5),
    "suberin": Control("Suberin: share of the root carbon (%)", 0.0, 0.0, 40.0, 1.0),
    "gain": Control("Inoculants: more of the input kept (%)", 0.0, 0.0, 15.0, 1.0),
    "until": Control("Horizon", "2,500 years", choices=tuple(HORIZONS), zooms=True),
}


@functools.cache
def _soil() -> depth.Profile:
    return depth.profile("cropland", thickness=THICKNESS)


def combine() -> Explorer:
    """Combine practices on a cropland and compare to 2 m with a control."""
    return Explorer(_CONTROLS, combined, figures.combined, _say, asks="combine", plays="time")


def practices(
    beta: float, belowground: float, priming: float, tillage: str, compost: float, biochar: float,
    minerals: float, worms: float, suberin: float, gain: float,
) -> list[Practice]:  # fmt: skip
    """Return what the controls ask for: nothing where they stand at their start."""
    asked = []
    start = _CONTROLS["belowground"].value
    if belowground > start:
        change = {"belowground": belowground, "root_beta": beta, "priming": priming}
        asked.append(PRACTICES["perennials"].change(**change))
    elif beta > _CONTROLS["beta"].value:
        asked.append(PRACTICES["deep_roots"].change(root_beta=beta, priming=priming))
    if compost:
        asked.append(PRACTICES["compost"].change(amount=compost))
    if biochar:
        asked.append(PRACTICES["biochar"].change(amount=100 * biochar))
    if minerals:
        asked.append(PRACTICES["minerals"].change(slowdown=minerals / 100))
    if worms > 1:
        asked.append(PRACTICES["earthworms"].change(factor=worms))
    if suberin:
        asked.append(PRACTICES["suberin"].change(share=suberin / 100))
    if gain:
        asked.append(PRACTICES["inoculants"].change(gain=gain / 100))
    return [*asked, *(PRACTICES[name] for name in TILLAGE[tillage])]


def combined(*, until: str = "2,500 years", **asked: float | str) -> xr.Dataset:
    """Run the practices that the controls ask for, and the control."""
    values = {name: control.value for name, control in _CONTROLS.items() if name != "until"}
    last = HORIZONS[until]
    horizons = [year for year in management.HORIZONS if year <= last]
    times = np.unique(np.concatenate([[0.0], np.geomspace(0.5, last, 60), horizons]))
    return management.scenario(practices(**{**values, **asked}), times, _soil())


def _say(run: xr.Dataset) -> str:
    last = float(run["time"][-1])
    control, held = MG_HA * run["stock"].values[:, -1]
    deep = run["carbon"].values[:, -1, run["depth"].values > 0.3].sum(axis=1) * THICKNESS
    below = MG_HA / 1000 * (deep[1] - deep[0])
    came = run["cumulative_input"].values[:, -1] + run["brought"].values
    extra = MG_HA / 1000 * (came[1] - came[0])
    brought = (
        translated(", for {extra:.0f} Mg C ha⁻¹ more that was put in", extra=extra)
        if extra > 0.5
        else ""
    )
    return translated(
        "After {last:,.0f} years the field holds {held:.1f} Mg C ha⁻¹ to 2 m, "
        "{effect:+z.1f} against the control ({below:+z.1f} below 30 cm){brought}.",
        last=last,
        held=held,
        effect=held - control,
        below=below,
        brought=brought,
    )


def turn() -> Explorer:
    """Turn a soil upside down: how deep, and what the decay of buried carbon follows."""
    record = PRACTICES["inversion"].parameters.records
    controls = {
        "depth": Control("Depth to which the soil is turned (m)", 0.6, 0.2, 1.6, 0.04),
        "memory": Control.of(record["memory"], value=0.0, step=0.05),
        "decay_depth": Control("Depth over which decay falls to 1/e (cm)", 45.7, 20.0, 200.0, 1.0),
    }
    return Explorer(
        controls,
        lambda **values: turned(**values, ends=False),
        figures.memory,
        _say_turned,
        asks="turn",
        plays="time",
    )


def turned(
    depth: float = 0.6, memory: float = 0.0, decay_depth: float = 45.7, *, ends: bool = True
) -> xr.DataArray:
    """Return the effect of one inversion for a memory, and (`ends`) for 0 and 1 [memory, time]."""
    last = management.HORIZONS[-1]
    times = np.unique(np.concatenate([[0.0], np.geomspace(0.5, last, 60), management.HORIZONS]))
    soil = _turned_soil(decay_depth)
    kinds = sorted({float(memory), *((0.0, 1.0) if ends else ())})
    runs = [
        management.scenario(PRACTICES["inversion"].change(depth=depth, memory=kind), times, soil)[
            "effect"
        ]
        for kind in kinds
    ]
    joined = xr.concat(runs, "memory").assign_coords(memory=kinds)
    return joined.assign_attrs(runs[0].attrs, chosen=float(memory))


def _turned_soil(decay_depth: float) -> depth.Profile:
    return depth.profile({"decay_depth": decay_depth}, thickness=THICKNESS)


def _say_turned(effect: xr.DataArray) -> str:
    chosen = effect.sel(memory=effect.attrs["chosen"])
    largest = chosen.isel(time=int(chosen.argmax("time")))
    years = ", ".join(
        translated(
            "{mg_ha:+z.1f} after {year:,.0f}", mg_ha=MG_HA * float(chosen.sel(time=year)), year=year
        )
        for year in management.HORIZONS
    )
    return translated(
        "Against the control: {years} years (Mg C ha⁻¹ to 2 m). Largest in year "
        "{time:.0f}, with {mg_ha:+z.1f}.",
        years=years,
        time=float(largest["time"]),
        mg_ha=MG_HA * float(largest),
    )
