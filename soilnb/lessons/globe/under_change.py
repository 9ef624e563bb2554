"""Soils under change, by models that agree on today: the study of notebook *Under change*.

At the same profiles CLM5 and COMPAS, each with draws from its posterior and from its prior, and
three box models run from rest into a changed century: warmer by 4 K at its end, with a fifth more
litter, or both, growing evenly. What a full-size study found is kept as the versioned baseline
``runs/change``, which ``experiments/change_runs.py`` makes; no observation is in it.
"""

import itertools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from scipy.linalg import expm

from soilnb import proda
from soilnb.claims import baseline
from soilnb.lessons.globe import Sized
from soilnb.parameters import InputError
from soilnb.proda import chains, covariates
from soilnb.proda.cube import READINGS
from soilnb.profile import forcing, plausible, rothc
from soilnb.profile.forcing import kernel_forcing
from soilnb.profile.forcing.kernel_forcing import Columns
from soilnb.profile.model import Model, SteadyStateError, boxes, models
from soilnb.profile.site import SiteWarning

COMMAND = "python -m experiments.change_runs"

#: Name of the baseline, and whose sources decide it.
NAME, SOURCES = "runs/change", "tao2024"

#: Years of a run: 2020 to 2100; times of output.
YEARS = 80
TIMES = np.arange(0.0, YEARS + 1.0, 10.0)

#: Warming at the end, K, and litter at the end as a factor.
SCENARIOS = {"warmer": (4.0, 1.0), "more litter": (0.0, 1.2), "both": (4.0, 1.2)}

#: The layered models, and how enzymes are counted.
ARMS = {
    "CLM5": ("clm5", {}),
    "COMPAS, own enzymes": ("compas", READINGS["table"]),
    "COMPAS, own enzymes, log prior": ("compas", READINGS["log"]),
    "COMPAS, tied enzymes": ("compas", READINGS["published"]),
}

#: The box models.
BOXES = {"MIMICS": "mimics", "Millennial": "millennial", "RothC": "rothc"}

#: What a profile does not say: moist, neutral soil under the mean LIDET litter.
FIXED = {
    "f_met": 0.3846423, "lignin_fraction": 0.25, "water": 0.25, "ph": 7.0, "bulk_density": 1250.0,
}  # fmt: skip

#: The posterior is sharpened to what the papers' annealed search ends with, ln(50,002).
SHARPNESS = 10.8

#: Chains by size of the study, and draws that are run.
LENGTHS = {
    "quick": {"warmup": 800, "steps": 1600, "samples": 200},
    "paper": {"warmup": 8000, "steps": 16_000, "samples": 1600},
}
DRAWS = {"quick": 4, "paper": 8}

#: Of how many draws one is asked for priming, which takes an exponential of the whole column.
EACH = 8

#: Of the change over places and draws, as it is kept and drawn.
QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]

#: Two stocks or changes are alike within this factor.
ALIKE = 1.25


@dataclass(frozen=True)
class Study(Sized):
    """Profiles at which every model runs.

    Attributes
    ----------
    size, seed : str, int
        As `study` takes them.
    chosen, places : Dataset
        Profiles, and the forcing there.
    """

    chosen: xr.Dataset
    places: xr.Dataset

    rests = "chosen"

    @property
    def note(self) -> str:
        """What a figure says below it."""
        source = "ISRaD" if self.kind == "real" else "made-up profiles"
        return f"{source}, {self.chosen.sizes['profile']} profiles, size {self.size}"

    @cached_property
    def runs(self) -> pd.DataFrame:
        """What every model makes of every place, one row a run; see `rows`."""
        places = range(self.chosen.sizes["profile"])
        return pd.DataFrame(itertools.chain.from_iterable(map(self.rows, places)))

    def rows(self, k: int) -> Iterator[dict[str, object]]:
        """Yield what the runs at place k say: model, draws of what, today's stock, changes.

        ``stock`` in kg C m-2, to 1 m in the layered models; changes in %, at each of `TIMES` as
        ``path``, at the end under the name of the scenario; ``primed`` in % of the litter that
        came on top, how much more carbon is lost (less, where below 0) than if every pool had kept
        its turnover; ``plausible``, whether a soil can hold the carbon at rest: the prior has
        draws whose deep wood or old carbon hardly decays. They run as the others.
        """
        place = kernel_forcing.prepare(self.places.isel(site=k))
        for arm in ARMS:
            for draws, parameters in self.draws(arm, k).items():
                yield from _layered(k, arm, draws, parameters, place)
        site = {name: float(values[k]) for name, values in self.sites.items()}
        for name in BOXES:
            yield from _box(k, name, site)

    @cached_property
    def prepared(self) -> Columns:
        """The forcing, prepared once."""
        return kernel_forcing.prepare(self.places)

    @cached_property
    def sites(self) -> dict[str, np.ndarray]:
        """The places as box models read them."""
        return _sites(self.places, self.chosen)

    def draws(self, arm: str, k: int) -> dict[str, dict[str, np.ndarray]]:
        """Return draws of the parameters at profile k, from the posterior and from the prior.

        Empty where the profile cannot be assimilated.
        """
        model, reading = ARMS[arm]
        how = chains.ChainSettings(
            model, inverse_temperature=SHARPNESS, seed=self.seed, **reading, **LENGTHS[self.size]
        )
        label = str(self.chosen["profile"].values[k])
        column = kernel_forcing.one(self.prepared.columns, k)
        try:
            seen = chains.read_profile(self.chosen.isel(profile=k), label, column, how.cost)
            found = chains.sample(seen, how)
        except (InputError, chains.SamplingError):
            return {}
        number = DRAWS[self.size]
        names = models()[model].names
        kept = {"posterior": found.runs.parameters, "prior": found.prior.parameters}
        return {
            of: dict(zip(names, all_[_evenly(len(all_), number)].T.copy(), strict=True))
            for of, all_ in kept.items()
        }


def study(size: str = "quick", seed: int = 0, number: int | None = None) -> Study:
    """Choose profiles, one of each climate in turn, and make the forcing there.

    Examples
    --------
    >>> study(number=3).chosen.sizes["profile"]
    3
    """
    profiles = proda.observations.israd()
    climate = covariates.frame(profiles, quiet=True).filter(like="climate").idxmax(axis=1)
    mixed = climate.sample(frac=1, random_state=seed)
    turn = mixed.groupby(mixed).cumcount().sort_values(kind="stable")
    number = number or {"quick": 4, "paper": 120}[size]
    chosen = profiles.sel(profile=turn.index[:number].unique())
    return Study(size, seed, chosen, proda.observations.forcing_at(chosen))


def months(place: xr.Dataset, warming: float = 0.0, years: int = 100) -> xr.Dataset:
    """Return the months of a place one after the other, as drivers of a layered model.

    Parameters
    ----------
    place : Dataset
        A forcing of one place; its twelve months come back every year.
    warming : float
        K at the end; it grows evenly.
    years : int
        How many.

    Examples
    --------
    >>> months(forcing.example("boreal"), warming=4.0).sizes["time"]
    1200
    """
    time = np.arange(12 * years) / 12
    found = place[["soil_temperature", "water_scalar", "oxygen_scalar", "nitrogen_scalar"]]
    found = found.isel(month=xr.DataArray(np.arange(12 * years) % 12, dims="time"))
    found = found.assign_coords(time=time).drop_vars("month")
    found["soil_temperature"] = found["soil_temperature"] + warming * found["time"] / years
    return found


def _evenly(size: int, number: int) -> np.ndarray:
    return np.linspace(0, size - 1, number).astype(int)


def growth() -> np.ndarray:
    """Return the share of the change in each year, at its middle: from 0 to 1."""
    return (np.arange(YEARS) + 0.5) / YEARS


# --- runs -------------------------------------------------------------------------------------


def _layered(
    k: int, arm: str, draws: str, parameters: Mapping[str, np.ndarray], place: Columns
) -> Iterator[dict[str, object]]:
    """Yield the row of every draw that has a steady state, at one place."""
    model = models()[ARMS[arm][0]]
    rest = model.steady_state(place, parameters)
    good = np.flatnonzero(rest["feasible"])
    if not good.size:
        return
    parameters = {name: values[good] for name, values in parameters.items()}
    start = rest["carbon"].isel(site=good).values
    holds = plausible.plausible(start.sum(axis=1))
    litter = float(place.columns.litter.sum())
    paths, whole = {}, {}
    for name, (warming, factor) in SCENARIOS.items():
        series = {
            "time": np.arange(YEARS), "warming": warming * growth(),
            "litter_input": litter * (1 + (factor - 1) * growth()),
        }  # fmt: skip
        with warnings.catch_warnings():  # `plausible` says it of each draw
            warnings.simplefilter("ignore", SiteWarning)
            run = model.simulate(place, TIMES, parameters, start, drivers=series)
        paths[name] = run["stock"].sel(to_depth=1.0).values
        whole[name] = run["total"].values
    gained = whole["more litter"][:, -1] - whole["more litter"][:, 0]
    for i in range(good.size):
        primed = np.nan
        if draws == "posterior" and i % EACH == 0:
            one = {name: float(values[i]) for name, values in parameters.items()}
            primed = _primed(model, place, one, gained[i], litter)
        own = {name: path[i] for name, path in paths.items()}
        yield _row(k, arm, draws, own, primed) | {"plausible": bool(holds[i])}


def _row(k: int, model: str, draws: str, paths: Mapping[str, np.ndarray], primed: float) -> dict:
    change = {name: 100 * (path / path[0] - 1) for name, path in paths.items()}
    ends = {name: path[-1] for name, path in change.items()}
    stock = next(iter(paths.values()))[0]
    return {
        "place": k, "model": model, "draws": draws, "stock": stock, "primed": primed,
        "path": {name: path.tolist() for name, path in change.items()}, **ends,
    }  # fmt: skip


def left_behind(model: Model, place: object, parameters: object = None) -> float:
    """Return what a fifth more litter leaves behind by 2100 if every pool keeps its turnover.

    With the shares B of each pool that move on at rest, the carbon x of the litter on top follows
    x' = B x + g(t) s, where g grows evenly from 0 to 1 and s is the litter on top in the end.

    Parameters
    ----------
    model : Model
        Of `soilnb.profile.model.models`.
    place, parameters
        As the model reads them; one place.

    Returns
    -------
    float
        g C m-2.

    Examples
    --------
    >>> from soilnb.profile import icbm
    >>> round(left_behind(icbm.MODEL, {"npp": 200.0}))
    222
    """
    asked = model.ask(place, parameters)
    system, pools = asked.system, len(asked.system.pools)
    moves = system.with_mixing(system.shares(model.rest(asked)))[0]
    source = system.over_cells(system.source[:, :pools])[0]
    n, more = source.size, SCENARIOS["more litter"][1] - 1
    augmented = np.zeros((n + 2, n + 2))
    augmented[:n, :n], augmented[:n, n] = moves, source * more / YEARS
    augmented[n, n + 1] = 1.0
    return float(expm(augmented * YEARS)[:n, n + 1].sum())


def _primed(model: Model, place: object, parameters: object, gained: float, litter: float) -> float:
    """Return what is lost more, % of the litter on top, than if all pools kept their turnover."""
    if model.ask(place, parameters).system.linear:
        return 0.0
    on_top = litter * (SCENARIOS["more litter"][1] - 1) * YEARS / 2
    return 100 * (left_behind(model, place, parameters) - gained) / on_top


def _sites(places: xr.Dataset, chosen: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the places as box models read them: air over the year, litter, clay."""
    sand = places["sand"].isel(layer=0).values / 100
    top = places["soil_temperature"].isel(layer=0).mean("month").values
    clay = np.clip(1 - sand, 0.02, 0.95) * forcing.PARAMETER_SETS["stated"]["clay_share"]
    if "clay" in chosen:
        own = chosen["clay"].values / 100
        clay = np.where(np.isfinite(own), np.clip(own, 0.02, 1 - sand), clay)
    size = len(sand)
    return {
        "temperature": top, "npp": places["litter_input"].sum("litter_pool").values,
        "clay": clay, "silt": np.clip(1 - sand - clay, 0.0, 1.0),
        "modifier": rothc.temperature_modifier(top),
        **{name: np.full(size, value) for name, value in FIXED.items()},
    }  # fmt: skip


def _box(k: int, name: str, site: Mapping[str, float]) -> Iterator[dict[str, object]]:
    """Yield the row of a box model, where it comes to rest and runs."""
    model, paths = boxes()[BOXES[name]], {}
    try:
        start = model.steady_state(site)
        for scenario, change in SCENARIOS.items():
            run = model.simulate(site, TIMES, initial=start, drivers=_series(site, *change))
            paths[scenario] = run["carbon"].sum("pool").values
        gained = 1e3 * (paths["more litter"][-1] - paths["more litter"][0])
        primed = _primed(model, site, None, gained, site["npp"])
    except (InputError, SteadyStateError):
        return
    yield _row(k, name, "one", paths, primed) | {"plausible": bool(start["plausible"])}


def _series(site: Mapping[str, float], warming: float, factor: float) -> dict[str, np.ndarray]:
    warm = site["temperature"] + warming * growth()
    return {
        "time": np.arange(YEARS), "temperature": warm,
        "modifier": rothc.temperature_modifier(warm),
        "npp": site["npp"] * (1 + (factor - 1) * growth()),
    }  # fmt: skip


# --- what is kept, and what it says -----------------------------------------------------------


def beyond_soil(runs: pd.DataFrame) -> str:
    """Say how many draws of `Study.runs` rest at more carbon than a soil can hold, by their origin.

    Examples
    --------
    >>> draws = {"draws": ["prior", "prior", "posterior"], "plausible": [True, False, True]}
    >>> print(beyond_soil(pd.DataFrame(draws)))
    More carbon at rest than any soil can hold, 500 kg C m⁻³, in a layer: 1 of 2 runs of the prior,
    0 of 1 runs of the posterior. They ran, and count in the table.
    """
    of = {name: runs.loc[runs["draws"] == name, "plausible"] for name in ("prior", "posterior")}
    told = [f"{(~flag).sum()} of {flag.size} runs of the {name}" for name, flag in of.items()]
    most = f"{plausible.MOST / 1000:g} kg C m⁻³"
    return (
        f"More carbon at rest than any soil can hold, {most}, in a layer: {told[0]},\n"
        f"{told[1]}. They ran, and count in the table."
    )


def places(runs: pd.DataFrame) -> pd.DataFrame:
    """Return means and standard deviations over the draws, one row a place, model and draws."""
    columns = ["stock", *SCENARIOS]
    by = runs.groupby(["place", "model", "draws"], sort=False)
    table = by[columns].agg(["mean", "std"])
    table.columns = [name if of == "mean" else f"{name}, sd" for name, of in table.columns]
    return table.assign(primed=by["primed"].median(), runs=by.size()).reset_index()


def paths(runs: pd.DataFrame) -> xr.DataArray:
    """Return quantiles of the change over all places and draws, %.

    Over (model, scenario, quantile, time); the posterior of the models that have one.
    """
    shown = runs[runs["draws"] != "prior"]
    found = [
        [
            np.quantile([path[name] for path in group["path"]], QUANTILES, axis=0)
            for name in SCENARIOS
        ]
        for _, group in shown.groupby("model", sort=False)
    ]
    return xr.DataArray(
        found,
        {
            "model": shown["model"].unique(), "scenario": list(SCENARIOS), "quantile": QUANTILES,
            "time": TIMES,
        },
        ("model", "scenario", "quantile", "time"),
        attrs={"units": "%", "long_name": "change of carbon"},
    )  # fmt: skip


def write(runs: pd.DataFrame, *, made: str, data: str, size: str = "paper") -> None:
    """Keep what runs say as the baseline: no observation is in it.

    Parameters
    ----------
    runs : DataFrame
        As `Study.runs`.
    made : str
        What was run on what, in words.
    data : {"real", "synthetic"}
        What the profiles are, as `Study.kind` says.
    size : {"paper", "quick"}
        Size of the run.
    """
    kept = baseline.head(NAME, command=COMMAND, data=data, sources=SOURCES, size=size)
    kept["made"], over = made, paths(runs)
    kept["paths"] = {
        model: {
            name: [
                list(map(baseline.short, row))
                for row in over.sel(model=model, scenario=name).values.tolist()
            ]
            for name in SCENARIOS
        }
        for model in over["model"].values.tolist()
    }
    records = places(runs).to_dict("records")
    kept["places"] = [
        {name: baseline.short(value) for name, value in row.items()} for row in records
    ]
    baseline.write(kept)


def full() -> tuple[pd.DataFrame, xr.DataArray, str]:
    """Return the kept table of places, the kept paths, and what a figure of them says below it.

    Examples
    --------
    >>> table, over, note = full()
    >>> over.dims
    ('model', 'scenario', 'quantile', 'time')
    """
    kept = baseline.needed(NAME, COMMAND)
    values = [[kept["paths"][m][name] for name in SCENARIOS] for m in kept["paths"]]
    coords = {
        "model": list(kept["paths"]), "scenario": list(SCENARIOS),
        "quantile": QUANTILES, "time": TIMES,
    }  # fmt: skip
    over = xr.DataArray(values, coords, tuple(coords), attrs={"units": "%"})
    return pd.DataFrame(kept["places"]), over, f"{kept['made']}, kept"


def changes(table: pd.DataFrame) -> pd.DataFrame:
    """Return medians over the places by model: carbon today, its change, and priming."""
    shown = table[table["draws"] != "prior"].groupby("model", sort=False)
    return shown[["stock", *SCENARIOS, "primed"]].median()


def _wide(table: pd.DataFrame, column: str) -> pd.DataFrame:
    shown = table[table["draws"] != "prior"]
    return shown.pivot(index="place", columns="model", values=column)[shown["model"].unique()]


def agreement(table: pd.DataFrame, scenario: str = "warmer") -> pd.DataFrame:
    """Return of every pair of models whether agreeing on today means agreeing on the change.

    Returns
    -------
    DataFrame
        ``r today`` (of log carbon) and ``r change`` over the places that both have; ``alike
        today``: the share of places where their carbon is the same within a quarter; of these,
        ``same sign`` of the change, and ``alike in change``, within a quarter as well.
    """
    today, change, rows = _wide(table, "stock"), _wide(table, scenario), {}
    for one, other in itertools.combinations(today.columns, 2):
        both = today[[one, other]].notna().all(axis=1)
        a, b = today.loc[both, one], today.loc[both, other]
        x, y = change.loc[both, one], change.loc[both, other]
        alike = np.abs(np.log(a / b)) < np.log(ALIKE)
        near = (x * y > 0) & (np.abs(np.log(np.abs(x / y))) < np.log(ALIKE))
        rows[one, other] = {
            "places": int(both.sum()), "r today": np.corrcoef(np.log(a), np.log(b))[0, 1],
            "r change": np.corrcoef(x, y)[0, 1], "alike today": alike.mean(),
            "same sign": (x * y > 0)[alike].mean(), "alike in change": near[alike].mean(),
        }  # fmt: skip
    return pd.DataFrame(rows).T.rename_axis(["one", "other"])


def spread(table: pd.DataFrame) -> pd.DataFrame:
    """Return where the change of carbon is uncertain: standard deviations in %, medians of places.

    Returns
    -------
    DataFrame
        By scenario: between all models, between CLM5 and COMPAS, which were assimilated, between
        the readings of COMPAS, and, mean of the assimilated ones, within a model over its posterior
        and over its prior alone. A model of several readings counts once, by their mean.
    """
    found, readings = {}, [arm for arm, (model, _) in ARMS.items() if models()[model].enzymes]
    for scenario in SCENARIOS:
        wide = _wide(table, scenario)
        each = wide.drop(columns=readings).assign(COMPAS=wide[readings].mean(axis=1))
        within = {
            draws: table[table["draws"] == draws].groupby("place")[f"{scenario}, sd"].mean()
            for draws in ("posterior", "prior")
        }
        found[scenario] = {
            "all models": each.std(axis=1).median(),
            "CLM5 and COMPAS": each[["CLM5", "COMPAS"]].dropna().std(axis=1).median(),
            "readings of COMPAS": wide[readings].dropna().std(axis=1).median(),
            "posterior": within["posterior"].median(), "prior alone": within["prior"].median(),
        }  # fmt: skip
    return pd.DataFrame(found).T
