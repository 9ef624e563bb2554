"""One soil, every box model: the explorers of notebook 23.

What is computed here goes through the registry `soilnb.profile.model.models`, so that a model that
is added there is compared with the others.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.cue import diagnosed
from soilnb.explore.base import Control, Explorer, Prediction
from soilnb.figures import five_models as figures
from soilnb.profile import rothc
from soilnb.profile.model import Model, models
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
    return {
        "temperature": temperature, "clay": clay, "npp": npp, "modifier": modifier, **FIXED,
    }  # fmt: skip


def describe(model: Model, site: Mapping, parameters=None) -> xr.Dataset:
    """Return a model's steady state with its CUE, ages, and what kind each pool is."""
    state, ages = model.steady_state(site, parameters), model.ages(site, parameters)
    kinds = figures.kinds(model.structure(site, parameters), model.pools)
    return state.assign(
        cue=diagnosed(state),
        age=ages["age"],
        system_age=ages["system_age"],
        transit_time=ages["transit_time"],
    ).assign_coords(pool_kind=("pool", list(kinds.values())))


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
    return {model.name: describe(model, site) for model in models().values()}


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
        for model in models().values():
            before = model.steady_state(start)
            yearly = {"time": np.arange(years + 1.0), **drivers}
            run = model.simulate(start, time, initial=before, drivers=yearly)
            stock = float(before["carbon"].sum())
            # What is inert stays that of the old soil.
            rest = float(model.steady_state({**ending, "soc": stock})["carbon"].sum())
            change.append(100 * (run["carbon"].sum("pool").values / stock - 1))
            final.append(100 * (rest / stock - 1))
    shape = (len(experiments), len(models()))
    return xr.Dataset(
        {
            "change": (("experiment", "model", "time"), np.reshape(change, (*shape, time.size))),
            "final": (("experiment", "model"), np.reshape(final, shape)),
        },
        coords={
            "experiment": list(experiments),
            "model": [model.name for model in models().values()],
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
        cue = [diagnosed(model.steady_state(sites)).values for model in models().values()]
        names = [model.name for model in models().values()]
        found[label] = xr.DataArray(cue, coords={"model": names, "value": values})
    return found


def side_by_side() -> Explorer:
    """Show one soil as every model sees it."""
    start = soil()
    controls = {
        "temperature": Control.of(RECORDS["temperature"], value=start["temperature"], low=0.0),
        "clay": Control.of(RECORDS["clay"], value=start["clay"], high=0.65),
        "npp": Control.of(RECORDS["npp"], value=start["npp"]),
    }
    prediction = Prediction(
        "The same soil gets 10 °C warmer. How many of the models change their efficiency by more "
        "than a hundredth?",
        ("none", "one", "two", "all"),
        "Move the temperature from 12 to 22 °C and watch the bars on the right; then the clay.",
        "Only one. Where every rate has the same multiplier it cancels in R/U; MIMICS mixes four "
        "efficiencies that are constants. Only Millennial was told that efficiency falls with "
        "temperature. Clay is another matter: there CENTURY and RothC move, since in them clay "
        "decides how much of what decays is kept.",
        answer="one",
    )
    return Explorer(
        controls,
        compare,
        figures.soils,
        _say,
        prediction=prediction,
        states={"temperature": (5.0, 12.0, 22.0), "clay": (0.1, 0.25, 0.5)},
    )


def _say(found: Mapping[str, xr.Dataset]) -> str:
    stocks = {name: float(one["carbon"].sum()) for name, one in found.items()}
    most, least = max(stocks, key=stocks.get), min(stocks, key=stocks.get)
    cues = {name: float(one["cue"]) for name, one in found.items()}
    low, high = min(cues, key=cues.get), max(cues, key=cues.get)
    return (
        f"{most} holds most carbon ({stocks[most]:.1f} kg m⁻²), {least} least "
        f"({stocks[least]:.1f}). Diagnosed CUE goes from {cues[low]:.2f} ({low}) to "
        f"{cues[high]:.2f} ({high})."
    )


def one(name: str, parameters: tuple[str, ...] = ()) -> Explorer:
    """Explore one model of the registry: what it reads of a site, and some of its parameters.

    Parameters
    ----------
    name : str
        A key of `soilnb.profile.model.models`.
    parameters : tuple of str
        Parameters that get a slider, with the range of their table.

    Examples
    --------
    >>> list(one("icbm", ("humification",)).controls)
    ['modifier', 'npp', 'humification']
    """
    model = models()[name]
    chosen = model.sets[model.default]
    reads = [key for key in model.reads if key in model.records]
    reads.sort(key=lambda key: key not in _STATES)
    controls = {key: Control.of(model.records[key]) for key in reads}
    controls |= {key: Control.of(chosen.records[key]) for key in parameters}

    def compute(**values: float) -> xr.Dataset:
        changes = {key: values.pop(key) for key in parameters}
        return describe(model, values, changes)

    return Explorer(
        controls,
        compute,
        figures.pools,
        _say_one,
        prediction=_asked().get(name),
        states={key: values for key, values in _STATES.items() if key in controls},
    )


#: What the built book computes of one model, of what the model reads.
_STATES = {
    "ph": (4.0, 5.5, 7.0, 8.0),
    "modifier": (0.5, 1.0, 2.0),
    "temperature": (5.0, 15.0, 25.0),
}


def _asked() -> dict[str, Prediction]:
    """Return the questions about single models."""
    return {
        "millennial": Prediction(
            "The soil becomes more acid: pH 5.5 instead of 7. What happens to the carbon that is "
            "bound to minerals?",
            ("there is less of it", "it stays", "there is more of it"),
            "Move the pH from 7 to 5.5 and read the grey bars; then the temperature.",
            "Millennial lets minerals hold more carbon where protons are many: the affinity falls "
            "by a power of ten in some five units of pH. Other pools follow, since what is held "
            "comes back to the microbes later.",
            answer="there is more of it",
        )
    }


def _say_one(found: xr.Dataset) -> str:
    return (
        f"{found.attrs['model']} holds {float(found['carbon'].sum()):.2f} kg C m⁻². What leaves is "
        f"{float(found['transit_time']):.3g} years old, what is there "
        f"{float(found['system_age']):.3g}. Diagnosed CUE: {float(found['cue']):.3f}."
    )
