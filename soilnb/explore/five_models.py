"""One soil, every box model: the explorers of notebook 23.

What is computed here goes through the registry `soilnb.profile.model.boxes`, so that a model that
is added there is compared with the others.
"""

import functools
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.cue import diagnosed
from soilnb.explore.base import Control, Explorer, questions
from soilnb.figures import five_models as figures
from soilnb.language import translated
from soilnb.profile import rothc
from soilnb.profile.model import BoxModel, boxes
from soilnb.profile.site import RECORDS

#: What is not moved: loam with clay added to it, moist and neutral, under the mean LIDET litter.
FIXED = {
    "silt": 0.3, "f_met": 0.3846423, "lignin_fraction": 0.25, "water": 0.25, "ph": 7.0,
    "bulk_density": 1250.0,
}  # fmt: skip


def soil(temperature: float = 12.0, clay: float = 0.25, npp: float = 400.0) -> dict[str, float]:
    """Return one soil with every key that some model needs.

    ``modifier`` is RothC's answer to the temperature: for RothC nothing new, and for ICBM, which
    has no thermometer, a loan.

    Examples
    --------
    >>> sorted(soil(temperature=9.0))[:4]
    ['bulk_density', 'clay', 'f_met', 'lignin_fraction']
    """
    modifier = float(rothc.temperature_modifier(temperature))
    examples = {key: value for model in boxes().values() for key, value in model.example.items()}
    return examples | {
        "temperature": temperature, "clay": clay, "npp": npp, "modifier": modifier, **FIXED,
    }  # fmt: skip


def describe(model: BoxModel, site: Mapping, parameters=None) -> xr.Dataset:
    """Return what a model holds of one soil at steady state, how old it is, and its CUE.

    Returns
    -------
    Dataset
        ``carbon`` (kg C m-2) and ``age`` (yr) over ``pool``, with the coordinates ``pool_name``
        and ``pool_kind``; ``system_age``, ``transit_time`` (yr) and ``cue``. The attributes are
        those of ``steady_state``.
    """
    asked = model.ask(site, parameters)
    state = model.settled(asked)
    ages = model.ages_at(asked.system, model.state(asked, state["carbon"].values))
    about = {name: (ages[name][0], ages[name][1][0]) for name in ("system_age", "transit_time")}
    about |= {"age": ("pool", ages["age"][1][0]), "cue": diagnosed(state).variable}
    # Of the fluxes nothing more is asked, and a reader who moves a slider waits for each variable.
    coords = {name: state.variables[name] for name in ("pool", "pool_name")}
    coords["pool_kind"] = ("pool", _kinds(model.name))
    return xr.Dataset({"carbon": state.variables["carbon"], **about}, coords, state.attrs)


@functools.cache
def _kinds(name: str) -> list[str]:
    """Return what each pool of a model is: no number of a site or a set changes it."""
    model = next(model for model in boxes().values() if model.name == name)
    return list(figures.kinds(model.links(), model.pools).values())


def compare(
    temperature: float = 12.0, clay: float = 0.25, npp: float = 400.0
) -> dict[str, xr.Dataset]:
    """Describe the same soil by every model.

    Examples
    --------
    >>> round(float(compare(temperature=22.0)["Millennial"]["cue"]), 3)
    0.106
    """
    site = soil(temperature, clay, npp)
    return {model.name: describe(model, site) for model in boxes().values()}


def unread(described: Mapping[str, xr.Dataset]) -> pd.Series:
    """Return in words what each model does not read of its site, from states of `compare`.

    Examples
    --------
    >>> print(unread(compare())["Millennial"])
    metabolic share of the litter, multiplier of all decay rates, lignin
    """
    keys = {name: state.attrs["site_keys_not_used"] for name, state in described.items()}
    words = {
        name: ", ".join(RECORDS[key].meaning.partition(",")[0] for key in said.split(", "))
        for name, said in keys.items()
    }
    return pd.Series(words, name="what it does not read of this soil")


def answers(
    warming: float = 4.0, input_factor: float = 2.0, years: int = 100, ramp: int = 100
) -> xr.Dataset:
    """Run every model through years that warm, and through years with ever more litter.

    Both changes grow evenly, a step a year, are complete after `ramp` years, and stay.

    Returns
    -------
    Dataset
        ``change`` (experiment, model, time) and ``final`` (experiment, model), where the soil
        comes to rest under the last year's drivers: carbon over that before, less one, in %.
    """
    grow = np.minimum(np.arange(years + 1.0) / ramp, 1.0)
    start = soil()
    degrees = start["temperature"] + warming * grow
    experiments = {
        f"{warming:+g} °C": {
            "temperature": degrees,
            "modifier": rothc.temperature_modifier(degrees),
        },
        f"{input_factor:g} times the litter": {
            "npp": start["npp"] * (1 + (input_factor - 1) * grow)
        },
    }
    time = np.arange(0, years + 1.0, max(1, years // 100))
    change, final = [], []
    for drivers in experiments.values():
        ending = {**start, **{key: float(series[-1]) for key, series in drivers.items()}}
        for model in boxes().values():
            before = model.steady_state(start)
            yearly = {"time": np.arange(years + 1.0), **drivers}
            run = model.simulate(start, time, initial=before, drivers=yearly)
            stock = float(before["carbon"].sum())
            # What is inert stays that of the old soil.
            rest = float(model.steady_state({**ending, "soc": stock})["carbon"].sum())
            change.append(100 * (run["carbon"].sum("pool").values / stock - 1))
            final.append(100 * (rest / stock - 1))
    shape = (len(experiments), len(boxes()))
    return xr.Dataset(
        {
            "change": (("experiment", "model", "time"), np.reshape(change, (*shape, time.size))),
            "final": (("experiment", "model"), np.reshape(final, shape)),
        },
        coords={
            "experiment": list(experiments),
            "model": [model.name for model in boxes().values()],
            "time": time,
        },
    )


def efficiencies() -> dict[str, xr.DataArray]:
    """Diagnose every model's CUE over temperature, clay and litter, one changed at a time."""
    sweeps = {
        "temperature (°C)": ("temperature", np.linspace(0.0, 26.0, 14)),
        "clay (mass fraction)": ("clay", np.linspace(0.02, 0.6, 14)),
        "litter (g C m⁻² yr⁻¹)": ("npp", np.linspace(100.0, 1000.0, 14)),
    }
    found = {}
    for label, (key, values) in sweeps.items():
        places = [soil(**{key: float(value)}) for value in values]
        sites = {name: np.array([place[name] for place in places]) for name in places[0]}
        cue = [diagnosed(model.steady_state(sites)).values for model in boxes().values()]
        names = [model.name for model in boxes().values()]
        found[label] = xr.DataArray(cue, coords={"model": names, "value": values})
    return found


def side_by_side() -> Explorer:
    """Show one soil as every model sees it."""
    start = soil()
    controls = {
        "temperature": Control.of(RECORDS["temperature"], value=start["temperature"], low=0.0),
        "clay": Control.of(RECORDS["clay"], value=start["clay"], high=0.65),
        # Of less than 250 g a year the microbes of MIMICS cannot live in a cold soil of clay.
        "npp": Control.of(RECORDS["npp"], value=start["npp"], low=250.0, step=25.0),
    }
    return Explorer(controls, compare, figures.soils, _say, asks="side_by_side")


def _say(found: Mapping[str, xr.Dataset]) -> str:
    stocks = {name: float(one["carbon"].sum()) for name, one in found.items()}
    most, least = max(stocks, key=stocks.get), min(stocks, key=stocks.get)
    cues = {name: float(one["cue"]) for name, one in found.items()}
    low, high = min(cues, key=cues.get), max(cues, key=cues.get)
    return translated(
        "{most} holds most carbon ({stocks:.1f} kg m⁻²), {least} least ({stocks_2:.1f}). "
        "Diagnosed CUE goes from {cues:.2f} ({low}) to {cues_2:.2f} ({high}).",
        most=most,
        stocks=stocks[most],
        least=least,
        stocks_2=stocks[least],
        cues=cues[low],
        low=low,
        cues_2=cues[high],
        high=high,
    )


def one(name: str, parameters: tuple[str, ...] = ()) -> Explorer:
    """Explore one model of the registry: what it reads of a site, and some of its parameters.

    Parameters
    ----------
    name : str
        A key of `soilnb.profile.model.boxes`.
    parameters : tuple of str
        Parameters that get a slider, with the range of their table.

    Examples
    --------
    >>> list(one("icbm", ("humification",)).controls)
    ['modifier', 'npp', 'humification']
    """
    model = boxes()[name]
    chosen = model.sets[model.default]
    reads = [key for key in model.reads if key in model.records]
    moved = questions().get(name, {}).get("states", ())
    reads.sort(key=lambda key: key not in moved)
    controls = {key: Control.of(model.records[key]) for key in reads}
    controls |= {key: Control.of(chosen.records[key]) for key in parameters}

    def compute(**values: float) -> xr.Dataset:
        changes = {key: values.pop(key) for key in parameters}
        return describe(model, values, changes)

    return Explorer(controls, compute, figures.pools, _say_one, asks=name)


def _say_one(found: xr.Dataset) -> str:
    return translated(
        "{model} holds {carbon:.2f} kg C m⁻². What leaves is {transit_time:.3g} years "
        "old, what is there {system_age:.3g}. Diagnosed CUE: {cue:.3f}.",
        model=found.attrs["model"],
        carbon=float(found["carbon"].sum()),
        transit_time=float(found["transit_time"]),
        system_age=float(found["system_age"]),
        cue=float(found["cue"]),
    )
