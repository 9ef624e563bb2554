"""Explorers of carbon use efficiency: its levels, five ways to measure it, what controls it."""

import functools
from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.cue import controls as control_functions
from soilnb.cue import efficiency, energy, flux_ledger, methods, nested, stoichiometry
from soilnb.explore.base import Control, Explorer
from soilnb.explore.pools import REF15, stepped
from soilnb.explore.pore.chemistry import pot
from soilnb.figures import cue as figures
from soilnb.language import translated
from soilnb.pore.parameters import RECORDS
from soilnb.profile import compas, forcing, mimics


def guilds(run: xr.Dataset, parameters: str | dict = "sandbox") -> xr.Dataset:
    """Return the flux ledger of a MIMICS run with its two kinds of microbes as populations.

    Uptake and respiration are resolved by microbe; what each path respires is read from the
    model's own list of links. Turnover is the sum of both, as the run has it.

    Parameters
    ----------
    run : Dataset
        Of `soilnb.profile.mimics.steady_state` or ``simulate``, one place.
    parameters : str or mapping
        The parameters of that run.

    Returns
    -------
    Dataset
        A ledger (`soilnb.cue.flux_ledger`) with ``uptake`` and ``respiration`` over ``population``.
    """
    links = mimics.links(parameters=parameters)
    lost = links[(links["kind"] == "respiration") & links["via"].str.startswith("MIC")]
    share = {f"{row.via.removeprefix('MIC')} {row.source}": row.share for row in lost.itertuples()}
    paths = run["uptake_path"]
    respired = xr.DataArray([share[path] for path in paths["path"].values], dims="path")
    microbe = xr.DataArray([path.split()[0] for path in paths["path"].values], dims="path")
    by_guild = {
        "uptake": paths.groupby(microbe.rename("population")).sum("path"),
        "respiration": (paths * respired).groupby(microbe.rename("population")).sum("path"),
    }
    unit = {"units": paths.attrs["units"]}
    return flux_ledger(
        run,
        **{
            name: flux.sel(population=["r", "K"]).assign_attrs(unit)
            for name, flux in by_guild.items()
        },
    )


def ledger_by_layer(
    parameters: str | Mapping = "tao2024", place: xr.Dataset | None = None
) -> xr.Dataset:
    """Return the flux ledger of COMPAS at steady state, layer by layer.

    Microbes eat litter and dissolved carbon. What of a decaying pool reaches microbes, and what of
    it is respired on the way, is read from the model's matrix A; so are the enzymes that they make
    (exudation) and their death (turnover).

    Parameters
    ----------
    parameters : str or mapping
        As of `soilnb.profile.compas.steady_state`.
    place : Dataset, optional
        A forcing of `soilnb.profile.forcing`; its temperate example without it.

    Returns
    -------
    Dataset, [layer]
        A ledger (`soilnb.cue.flux_ledger`) in g C m-2 yr-1, with the coordinate ``depth`` (m).

    Raises
    ------
    InputError
        Where the model has no steady state.
    """
    place = forcing.example("temperate") if place is None else place
    terms = compas.matrices(parameters, place)
    state = compas.steady_state(parameters, place)
    decay = terms.xi * terms.K * state["carbon"] * state["thickness"]
    decay = decay.drop_vars("pool_name").rename(pool="from_pool")
    to = terms.A.clip(min=0.0) * decay
    respired = decay - to.sum("pool")
    food, dead = ["ml", "cl", "ll", "doc"], ["doc", "msoc"]
    eaten = to.sel(pool="mic", drop=True) + respired
    fluxes = {
        "uptake": eaten.sel(from_pool=food).sum("from_pool"),
        "respiration": respired.sel(from_pool=food).sum("from_pool"),
        "exudation": to.sel(pool="enz", from_pool="mic", drop=True),
        "turnover": to.sel(pool=dead, from_pool="mic").sum("pool").drop_vars("from_pool"),
    }
    units = {"units": "g C m-2 yr-1"}
    return flux_ledger(
        **{name: flux.clip(min=0.0).assign_attrs(units) for name, flux in fluxes.items()}
    )


def after_step(input: float = 50.0, cue: float = 0.0, years: float = 100.0) -> xr.Dataset:
    """Run MIMICS from its reference point through a step; changes in percent.

    Returns
    -------
    Dataset, [population, time]
        ``population_cue``, ``community_cue`` and ``ecosystem_cue`` since the step.
    """
    changed = stepped(cue)
    time = np.concatenate([[0.0], np.geomspace(0.02, years, 160)])
    run = mimics.simulate(
        {**REF15, "npp": REF15["npp"] * (1 + input / 100)}, time, changed,
        initial=mimics.steady_state(REF15),
    )  # fmt: skip
    return nested(guilds(run, changed))


def levels() -> Explorer:
    """Follow the efficiencies of community and ecosystem through a pulse of exudates."""
    sliders = {
        "mass": Control("Exudates on day 200 (mg C g⁻¹)", 0.77, 0, 4, 0.01),
        "cn_root": Control.of(RECORDS["cn_root"], high=120.0, step=1.0),
        "first": Control("Average from day", 200.0, 150, 280, 1),
        "days": Control("Average over days", 5.0, 1, 100, 1),
    }
    return Explorer(sliders, through_a_pulse, _draw_pulse, _say_levels, asks="levels", plays="time")


def through_a_pulse(
    mass: float = 0.77, cn_root: float = 40.0, first: float = 200.0, days: float = 5.0
) -> xr.Dataset:
    """Run the chemistry of the pore-scale model in one pot, and average its fluxes.

    Parameters
    ----------
    mass, cn_root : float
        Exudates of day 200: mg C g-1, and C/N in g g-1.
    first, days : float
        First day and number of days of the average.

    Returns
    -------
    Dataset, [time]
        Fluxes and efficiencies by day; ``window_community`` and ``window_ecosystem`` from the mean
        fluxes of the window; ``attrs["window"]``.
    """
    book, daily = _pulse(mass, cn_root)
    last = min(first + days - 1, float(book["time"].max()))
    mean = _both(book.sel(time=slice(first, last)).mean("time"))
    window = {name.replace("_cue", ""): cue for name, cue in mean.items()}
    result = daily.assign({f"window_{name}": cue for name, cue in window.items()})
    return result.assign_attrs(window=(first - 0.5, last + 0.5))


def _both(book: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the efficiencies of community and ecosystem."""
    return {f"{level}_cue": efficiency(book, level) for level in ("community", "ecosystem")}


@functools.lru_cache(maxsize=8)
def _pulse(mass: float, cn_root: float) -> tuple[xr.Dataset, xr.Dataset]:
    """Return a pulse's ledger, and the same with its efficiencies: a window changes neither."""
    run = pot(mass=mass, cn_root=cn_root, days=300)
    respired = run["R_G"] + run["R_M"] + run["R_O"]
    died = run["f_U"] - respired - run["C_B"].diff("time", label="upper")
    book = flux_ledger(
        uptake=run["f_U"].isel(time=slice(1, None)).drop_attrs(),
        respiration=respired.isel(time=slice(1, None)),
        turnover=died.clip(min=0.0),
    ).sel(time=slice(140, None))
    return book, book.assign(_both(book))


def _draw_pulse(result: xr.Dataset, *, figure=None):
    note = "chemistry of the pore-scale model, well mixed"
    return figures.pulse(result, result, window=result.attrs["window"], note=note, figure=figure)


def _say_levels(result: xr.Dataset) -> str:
    first, last = result.attrs["window"]
    return translated(
        "Over days {first:.0f} to {last:.0f}: the community's CUE is {community:.2f}, the"
        " ecosystem's, after death, {ecosystem:+z.2f}.",
        first=first + 0.5,
        last=last - 0.5,
        community=float(result["window_community"]),
        ecosystem=float(result["window_ecosystem"]),
    )


def bench() -> Explorer:
    """Measure one made-up soil in five ways."""
    p = methods.PARAMETER_SETS["bench"].records
    sliders = {
        "maintenance": Control.of(p["maintenance"], step=0.001),
        "short": Control("¹³C, short: hours of incubation", 6.0, 1, 48, 1),
        "long": Control("¹³C, long: days of incubation", 30.0, 3, 120, 1),
        "yield_label": Control.of(p["yield_label"], step=0.01),
        "turnover": Control.of(p["turnover"], step=0.001),
        "dna_conversion": Control.of(p["dna_conversion"], step=0.05),
        "soil_c_to_n": Control.of(p["soil_c_to_n"], step=0.5),
    }
    return Explorer(sliders, on_the_bench, figures.bench, _say_bench, asks="bench", plays="long")


def on_the_bench(short: float = 6.0, long: float = 30.0, **changes: float) -> xr.Dataset:
    """Measure the made-up soil of `soilnb.cue.methods` with some of its numbers changed.

    Parameters
    ----------
    short, long : float
        Hours of the short and days of the long labelling.
    **changes : float
        Parameters of the set ``bench``.

    Returns
    -------
    Dataset
        ``measured`` over ``technique``, the true ``community`` and ``ecosystem`` efficiencies, and
        the shares of the label over ``time``.
    """
    times = {"13C, short": short / 24, "13C, long": long}
    truth = methods.fluxes(changes)
    result = methods.label(np.geomspace(1 / 24, 120, 80), changes).drop_vars("cue")
    return result.assign(
        measured=methods.measure(changes, times),
        community=efficiency(truth, "community"),
        ecosystem=efficiency(truth, "ecosystem"),
    )


def _say_bench(result: xr.Dataset) -> str:
    measured, true = result["measured"], float(result["community"])
    return translated(
        "The true CUE of the community is {true:.2f}, that of the ecosystem is 0. The "
        "five methods report {measured:.2f} to {measured_2:.2f}; ¹⁸O is off by "
        "{true_2:+z.2f}.",
        true=true,
        measured=float(measured.min()),
        measured_2=float(measured.max()),
        true_2=float(measured.sel(technique="18O")) - true,
    )


def controls() -> Explorer:
    """Combine temperature, nutrients and energy of the food into one CUE."""
    food = [f"{name}, {formula}" for name, formula in energy.SUBSTRATES.items()]
    sliders = {
        "celsius": Control("Temperature (°C)", 20.0, -10, 45, 0.5),
        "c_to_n": Control("C:N of the food (mol per mol)", 14.0, 4, 120, 1),
        "food": Control("Food", food[3], choices=food),
        "immobilised": Control("Nitrogen from solution (mol per mol C)", 0.0, 0, 0.1, 0.002),
    }  # fmt: skip
    return Explorer(sliders, under_control, figures.controls, _say_controls, asks="controls")


def under_control(
    celsius: float = 20.0, c_to_n: float = 14.0, food: str = "C6H12O6", immobilised: float = 0.0
) -> xr.Dataset:
    """Combine the controls at a chosen state, and along each of them.

    Parameters
    ----------
    celsius, c_to_n, immobilised : float
        As of `soilnb.cue.controls.combined`.
    food : str
        A formula, or a name and a formula with a comma between.

    Returns
    -------
    Dataset
        What `soilnb.figures.cue.controls` draws.
    """
    gamma = energy.degree_of_reduction(food.split(",")[-1])
    chosen = {"celsius": celsius, "c_to_n": c_to_n, "gamma": gamma}
    spans = {
        "celsius": np.linspace(-10, 45, 56),
        "c_to_n": np.linspace(4, 120, 117),
        "gamma": np.linspace(0, 8, 41),
    }
    result = control_functions.combined(**chosen, immobilised=immobilised)
    along = {}
    for name, values in spans.items():
        axis = xr.DataArray(values, dims=name, coords={name: values})
        found = control_functions.combined(**{**chosen, name: axis}, immobilised=immobilised)
        along[f"along_{name}"] = found["cue"]
    result = result.assign(along)
    surplus = stoichiometry.nitrogen_surplus(c_to_n, float(result["cue"])) + immobilised
    result.attrs |= {**chosen, "food": food, "surplus": surplus}
    return result


def _say_controls(result: xr.Dataset) -> str:
    energetic = float(result["metabolism"]) <= float(result["nutrients"])
    bound = translated("energy") if energetic else translated("nitrogen")
    surplus = result.attrs["surplus"]
    left = translated("are left over and mineralised")
    fate = left if surplus >= 0 else translated("are missing")
    return translated(
        "{food}: {gamma:.2f} electrons per carbon. CUE is {cue:.2f} at {celsius:g} °C, "
        "bounded by {bound}. Of 1000 mol of carbon taken up, {surplus:.1f} mol of "
        "nitrogen {fate}.",
        food=result.attrs["food"],
        gamma=result.attrs["gamma"],
        cue=float(result["cue"]),
        celsius=result.attrs["celsius"],
        bound=bound,
        surplus=abs(1000 * surplus),
        fate=fate,
    )
