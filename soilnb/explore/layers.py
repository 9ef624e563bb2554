"""Explorers of the layered models: two columns side by side, a change, and CUE against SOC."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from soilnb.explore.base import Control, Explorer
from soilnb.figures import layers
from soilnb.language import translated
from soilnb.parameters import ParameterSet
from soilnb.profile import clm5, compas, forcing
from soilnb.profile.forcing import EXAMPLES
from soilnb.profile.grid import overlap

#: The grid of turnover times of Extended Data Fig. 4 of Tao et al. 2023 (yr).
TAU_MIC = (0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 5.0)
TAU_ENZ = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

#: Microbes may hold this share of soil carbon, a rule of the papers' assimilation.
LARGEST_BIOMASS = 0.1

#: COMPAS with room for the longest turnover time of the grid, which the prior (0-2 yr) has not.
_WIDE = ParameterSet(
    "tao2024, wider",
    {
        name: replace(record, bounds=(record.bounds[0], 10.0)) if name == "tau_mic" else record
        for name, record in compas.PARAMETER_SETS["tao2024"].records.items()
    },
    "as tao2024, with turnover times of microbes up to 10 yr",
)


# --- two models in one place -------------------------------------------------------------------

CLIMATE = {
    "mat": Control("Mean annual temperature (°C)", 9.0, -15, 28, 0.5),
    "map": Control("Precipitation (mm yr⁻¹)", 650.0, 100, 3000, 50),
    "litter": Control("Litter input (% of the usual)", 100.0, 10, 300, 10),
    "vegetation": Control("Vegetation", "grassland", choices=("forest", "grassland", "tundra")),
}


def two_columns() -> Explorer:
    """Compare the profiles of both models while climate and litter change."""
    return Explorer(CLIMATE, both_models, _draw_columns, _say_columns, asks="two_columns")


def both_models(
    mat: float = 9.0, map: float = 650.0, litter: float = 100.0, vegetation: str = "grassland"
) -> xr.Dataset:
    """Run both models to steady state in one climate; litter in % of the usual.

    Returns
    -------
    Dataset (model, layer)
        ``soc`` (g C m-3) and ``stock`` (model, to_depth) in kg C m-2.
    """
    place = forcing.from_climate(
        mat=mat, map=map, vegetation=vegetation, latitude=_latitude(mat), sand=40.0, clay=20.0
    )
    place["litter_input"] = place["litter_input"] * litter / 100
    runs = {
        "CLM5": clm5.steady_state("default", place),
        "COMPAS": compas.steady_state("tao2024", place),
    }
    found = xr.concat(
        [run[["soc", "stock", "feasible"]] for run in runs.values()],
        xr.DataArray(list(runs), dims="model", name="model"),
        coords="minimal",
        compat="override",
        combine_attrs="drop",
    )
    return found.assign_attrs(input=float(runs["CLM5"]["input"]))


def _latitude(mat: float) -> float:
    """Return a latitude with about this mean temperature, which sets how seasonal the year is."""
    return float(np.clip(np.sqrt(max(0.0, 27.0 - mat) / 0.0085), 0.0, 75.0))


def _draw_columns(found: xr.Dataset, figure=None):
    return layers.profiles(
        found["depth"].values,
        {str(m): found["soc"].sel(model=m).values / 1000 for m in found["model"].values},
        figure=figure,
    )


def _say_columns(found: xr.Dataset) -> str:
    metre = found["stock"].sel(to_depth=1.0)
    deep = found["stock"].sel(to_depth=2.0)
    parts = [
        translated(
            "{m}: {metre:.1f} kg C m⁻² to 1 m, {deep:.1f} to 2 m",
            m=m,
            metre=float(metre.sel(model=m)),
            deep=float(deep.sel(model=m)),
        )
        if bool(found["feasible"].sel(model=m))
        else translated("{m}: no steady state here (microbes or enzymes cannot keep up)", m=m)
        for m in found["model"].values
    ]
    return translated(
        "Litter input {input:.0f} g C m⁻² yr⁻¹. {parts}.",
        input=found.attrs["input"],
        parts="; ".join(parts),
    )


# --- a step ----------------------------------------------------------------------------------


def warming() -> Explorer:
    """Warm a column or change its litter, and follow both models for centuries."""
    controls = {
        "warming": Control("Warming (°C)", 0.0, 0, 6, 0.5),
        "litter": Control("Litter input (% of before)", 100.0, 50, 200, 10),
        "site": Control("Place", "temperate", choices=tuple(EXAMPLES)),
        "years": Control("Years to follow", 1000.0, 50, 5000, 50, zooms=True),
    }
    return Explorer(controls, change, _draw_change, _say_change, asks="warming", plays="time")


def change(
    warming: float = 2.0, litter: float = 100.0, site: str = "temperate", years: float = 1000.0
) -> dict[str, xr.Dataset]:
    """Run both models from their steady states through a step of temperature and litter.

    Returns
    -------
    dict of str to Dataset
        By model, over ``time`` (yr): as of the models' ``simulate``.
    """
    before = forcing.example(site)
    after = before.copy()
    after["soil_temperature"] = before["soil_temperature"] + warming
    after["litter_input"] = before["litter_input"] * litter / 100
    time = np.concatenate([[0.0], np.geomspace(0.25, years, 60)])
    return {
        name: model.simulate(chosen, after, time, initial=model.steady_state(chosen, before))
        for name, model, chosen in (
            ("CLM5", clm5, "default"),
            ("COMPAS", compas, "tao2024"),
        )
    }


def _draw_change(runs: Mapping[str, xr.Dataset], figure=None):
    return layers.response(runs, figure=figure)


def _say_change(runs: Mapping[str, xr.Dataset]) -> str:
    parts = []
    for name, run in runs.items():
        total = run["total"]
        end = 100 * (float(total[-1] / total[0]) - 1)
        ten = 100 * (float(total.interp(time=10.0) / total[0]) - 1)
        parts.append(
            translated(
                "{name} {ten:+z.1f} % after 10 years, {end:+z.1f} % in the end",
                name=name,
                ten=ten,
                end=end,
            )
        )
    return translated("All carbon of the column: {parts}.", parts="; ".join(parts))


# --- CUE and SOC -----------------------------------------------------------------------------


def pathways() -> Explorer:
    """Draw SOC against CUE for turnover times of microbes and enzymes that the reader sets."""
    controls = {
        "tau_mic": Control.of(_WIDE.records["tau_mic"], value=0.5, low=0.1, high=5.0),
        "tau_enz": Control.of(_WIDE.records["tau_enz_decay"], value=0.1, low=0.01, high=1.0),
        "site": Control("Place", "temperate", choices=tuple(EXAMPLES)),
    }
    return Explorer(controls, cue_soc, layers.cue_soc, _say_cue_soc, asks="pathways")


def cue_soc(tau_mic: float = 0.5, tau_enz: float = 0.1, site: str = "temperate") -> xr.Dataset:
    """Return the stocks of COMPAS to 1 m along the CUE of DOC uptake.

    Returns
    -------
    Dataset (cue)
        ``soc``, ``microbes``, ``minerals`` and ``dissolved`` in kg C m-2; NaN without steady state.
    """
    place = forcing.example(site)
    cue = np.linspace(0.05, 0.7, 27)
    run = compas.steady_state(
        {"set": _WIDE, "tau_mic": tau_mic, "tau_enz_decay": tau_enz, "eta_doc": cue}, place
    )
    return _metre(run).rename(site="cue").assign_coords(cue=("cue", cue))


def _metre(run: xr.Dataset) -> xr.Dataset:
    """Return the soil pools of COMPAS to 1 m (kg C m-2), NaN where there is no steady state."""
    weights = xr.DataArray(overlap(0.0, 1.0), dims="layer")
    stock = (run["carbon"] * weights).sum("layer").where(run["feasible"]) / 1000
    pick = {"dissolved": "doc", "microbes": "mic", "enzymes": "enz", "minerals": "msoc"}
    found = {name: stock.sel(pool=pool, drop=True) for name, pool in pick.items()}
    return xr.Dataset(found | {"soc": sum(found.values())})


def _say_cue_soc(found: xr.Dataset) -> str:
    here = found.dropna("cue")
    if here.sizes["cue"] < 2:
        return translated(
            "There is no steady state: enzymes decay before they can feed the microbes."
        )
    soc = here["soc"].values
    steps = np.sign(np.diff(soc))
    way = {1: translated("rises"), -1: translated("falls")}
    said = (
        translated("{way} all the way", way=way[int(steps[0])])
        if (steps == steps[0]).all()
        else translated(
            "first {way}, then {way_2}", way=way[int(steps[0])], way_2=way[int(steps[-1])]
        )
    )
    share = 100 * float((here["microbes"] / here["soc"]).max())
    more = translated("more than the 10 % that the papers allow")
    rule = more if share > 10 else translated("within the papers' 10 %")
    return translated(
        "SOC to 1 m {said} with CUE, from {soc:.1f} to {soc_2:.1f} kg C m⁻². Microbes "
        "hold up to {share:.0f} % of it, {rule}.",
        said=said,
        soc=soc[0],
        soc_2=soc[-1],
        share=share,
        rule=rule,
    )


def turnover_grid(site: str = "temperate", steps: int = 13) -> xr.Dataset:
    """Run COMPAS on the grid of turnover times and CUE of Extended Data Fig. 4.

    Returns
    -------
    Dataset (tau_mic, tau_enz_decay, cue)
        As `soilnb.figures.tao2023.figED4` takes it.
    """
    cue = np.linspace(0.1, 0.7, steps)
    mic, enz, eta = (a.ravel() for a in np.meshgrid(TAU_MIC, TAU_ENZ, cue, indexing="ij"))
    run = compas.steady_state(
        {"set": _WIDE, "tau_mic": mic, "tau_enz_decay": enz, "eta_doc": eta}, forcing.example(site)
    )
    shape = (len(TAU_MIC), len(TAU_ENZ), steps)
    dims = ("tau_mic", "tau_enz_decay", "cue")
    stock = _metre(run)
    grid = xr.Dataset(
        {name: (dims, stock[name].values.reshape(shape)) for name in ("soc", "microbes")},
        coords={"tau_mic": list(TAU_MIC), "tau_enz_decay": list(TAU_ENZ), "cue": cue},
        attrs={"slice_mic": 0.2, "slice_enz": 0.5, "site": site},
    )
    moves = np.sign(grid["soc"].diff("cue"))
    known = moves.notnull()
    up, down = (moves > 0).sum("cue"), (moves < 0).sum("cue")
    sign = xr.where(down == 0, 1.0, xr.where(up == 0, -1.0, 0.0)).where(known.any("cue"))
    heavy = (grid["microbes"] > LARGEST_BIOMASS * grid["soc"]).where(grid["soc"].notnull())
    return grid.assign(sign=sign, broken=heavy.mean("cue"))
