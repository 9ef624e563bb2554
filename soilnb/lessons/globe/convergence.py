"""Two models that learn from the same profiles: the study of notebook *Convergence*."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims, proda, results
from soilnb.claims import planet_runs
from soilnb.lessons.globe import Sized
from soilnb.lessons.globe.proda_globe import FOLDERS, SMALL, VARIANTS
from soilnb.proda import covariates, globe, network
from soilnb.proda.cube import READINGS
from soilnb.profile import clm5, compas, forcing
from soilnb.profile.layered import diagnostics

#: The two models.
MODELS = {"CLM5": clm5, "COMPAS": compas}

#: The components that are compared, by a short name.
COMPONENTS = {
    "transfer": "transfer_efficiency",
    "decomposition": "decomposition_rate",
    "modifier": "environmental_modifier",
    "allocation": "input_allocation",
    "transport": "transport_rate",
}

#: Correlations that the paper prints.
PRINTED = {
    "stock to 1 m": 0.51,
    "transfer_efficiency": 0.52,
    "decomposition_rate": 0.55,
    "environmental_modifier": 0.80,
}

#: Boxes that stand for the regions of the paper's text: south, north, west and east, degrees.
REGIONS = {
    "east-siberia": (55.0, 72.0, 100.0, 150.0),
    "alaska": (60.0, 71.0, -168.0, -141.0),
    "amazon": (-15.0, 5.0, -75.0, -50.0),
    "congo": (-5.0, 5.0, 12.0, 30.0),
    "indonesia": (-10.0, 6.0, 95.0, 141.0),
}

#: From which correlation on two models are said to agree in a component: a choice.
AGREE = 0.3

#: Statements of a trial that hold or do not hold.
ORDERS = ["CLM5 transfers more", "CLM5 is slower", "COMPAS gets more litter"]

#: Maps by model.
Maps = dict[str, xr.Dataset]


def draws(number: int = 2000, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Draw parameters of both models for one column; return what each makes of its carbon.

    Returns
    -------
    dict of str to DataFrame
        By model, for the feasible draws: ``rate`` (yr-1), ``transfer`` (1), ``stock`` (kg C m-2,
        to 1 m).

    Examples
    --------
    >>> [*draws(20)["CLM5"].columns]
    ['rate', 'transfer', 'stock']
    """
    place, random, found = forcing.example("temperate"), np.random.default_rng(seed), {}
    for name, model in MODELS.items():
        parameters = model.from_unit(random.random((number, len(model.NAMES))))
        state = model.steady_state(parameters, place)
        metrics = diagnostics.system(parameters, place, name.lower(), k_system="soil")
        columns = {
            "rate": metrics["decomposition_rate"],
            "transfer": metrics["transfer_efficiency"],
            "stock": state["stock"].sel(to_depth=1.0),
        }
        found[name] = pd.DataFrame(columns)[state["feasible"].values]
    return found


def run(parameters: Mapping[str, object], cells: xr.Dataset, **switches: str) -> Maps:
    """Map both models; decomposition is defined alike for both."""
    options = {"k_system": "soil", "progress": False, **switches}
    return {m: globe.maps(parameters[m], cells, m.lower(), **options) for m in MODELS}


def defaults(cells: xr.Dataset) -> Maps:
    """Map both models with the parameters that their authors chose."""
    return run(dict.fromkeys(MODELS, "tao2024"), cells)


def full() -> Maps:
    """Return the kept maps of both models, learnt from all profiles, where both have some.

    Examples
    --------
    >>> [*full()]  # doctest: +SKIP
    ['CLM5', 'COMPAS']
    """
    both = {model: planet_runs.maps(model) for model in MODELS}
    keys = {
        model: pd.MultiIndex.from_arrays([one["latitude"].values, one["longitude"].values])
        for model, one in both.items()
    }
    common = keys["CLM5"].intersection(keys["COMPAS"], sort=False)
    return {m: one.isel(site=keys[m].get_indexer(common)) for m, one in both.items()}


def by_latitude(maps: Maps) -> Maps:
    """Return the stocks in belts of five degrees."""
    return {m: globe.zonal(each, 5.0, ["stock"]) for m, each in maps.items()}


def agreement(maps: Maps) -> pd.DataFrame:
    """Return how both models agree, cell by cell; see `soilnb.proda.globe.agreement`."""
    return globe.agreement(*(maps[m] for m in MODELS))


def r(maps: Maps) -> float:
    """Return the correlation of log SOC to 1 m of both models."""
    return agreement(maps).loc["stock to 1 m", "r"]


def zones(maps: Maps) -> pd.DataFrame:
    """Return median stocks to 1 m by climate zone, kg C m-2."""
    found = {}
    for m, each in maps.items():
        boxes = globe.by_zone(each, variables=["stock"])["stock"]
        found[m] = boxes.sel(to_depth=1.0, statistic="median").to_series()
    return pd.DataFrame(found)


def total(one: xr.Dataset) -> float:
    """Return the global stock to 1 m, Pg C."""
    return float(globe.total(one)["stock"].sel(to_depth=1.0))


def regions(one: xr.Dataset) -> dict[str, float]:
    """Return mean stocks to 1 m of the regions and of two climate zones, kg C m-2.

    Examples
    --------
    >>> "boreal" in regions(planet_runs.maps("COMPAS"))
    True
    """
    lat, lon, zone = (one[name].values for name in ("latitude", "longitude", "climate_zone"))
    where = {
        name: (lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)
        for name, (south, north, west, east) in REGIONS.items()
    }
    where |= {name: zone == name for name in ("tropical", "boreal")}
    stock = one["stock"].sel(to_depth=1.0).where(one["kept"]).values
    found = {}
    for name, inside in where.items():
        good = inside & np.isfinite(stock)
        area = one["area"].values[good]
        found[name] = float(np.average(stock[good], weights=area)) if good.any() else np.nan
    return found


def record_defaults(maps: Maps, data: str) -> None:
    """Note the numbers of Fig. 2."""
    largest = zones(maps).idxmax()
    here = {m: regions(each) for m, each in maps.items()}
    numbers = {
        "conv-r-default": r(maps),
        "conv-pattern-clm5": largest["CLM5"] == "boreal",
        "conv-pattern-compas": largest["COMPAS"] == "tropical",
    }
    numbers |= {f"conv-total-{m.lower()}-default": total(each) for m, each in maps.items()}
    numbers |= {f"conv-region-clm5-{name}": here["CLM5"][name] for name in REGIONS}
    wet = ("amazon", "congo", "indonesia", "boreal")
    numbers |= {f"conv-region-compas-{name}": here["COMPAS"][name] for name in wet}
    claims.record_all(numbers, data=data)


@dataclass(frozen=True)
class Study(Sized):
    """Profiles that both models learn from, and what they learn.

    Attributes
    ----------
    size, seed, reading : str, int, str
        As `study` takes them.
    chosen, cells : Dataset
        Profiles and planet.
    """

    reading: str
    chosen: xr.Dataset
    cells: xr.Dataset

    rests = "cells"

    @property
    def method(self) -> str:
        """What learns: a small network, or in a moment a forest."""
        return "small" if self.full else "forest"

    @property
    def select(self) -> str:
        """Which profiles are learnt from: short chains cannot pass the paper's rule."""
        return "published" if self.full else "all"

    @property
    def note(self) -> str:
        """What a figure says below it."""
        source = "ISRaD" if self.chosen.attrs["provenance"] == "real" else "made-up profiles"
        return f"{source}, {VARIANTS[self.reading]}, {self.method}, size {self.size}"

    @property
    def why(self) -> str:
        """Why its numbers differ where they do."""
        return "" if self.full else SMALL

    def assimilate(self, model: str, reading: str = "table") -> xr.Dataset:
        """Assimilate all chosen profiles with one model, as the papers do."""
        length = {"warmup": 500, "steps": 1000, "samples": 50, "prior_draws": 100, "jobs": 1}
        if self.full:
            length = {"warmup": 20_000, "steps": 50_000, "samples": 2000}
        name = FOLDERS[reading] if MODELS[model].MODEL.enzymes else model
        kept = results.root() / "paper" / "assimilation" / name
        return proda.assimilate(
            self.chosen,
            model.lower(),
            sampler="published",
            seed=self.seed,
            folder=kept if self.full else None,
            progress=False,
            **READINGS[reading],
            **length,
        )

    @cached_property
    def assimilated(self) -> Maps:
        """What was assimilated, by model."""
        readings = {
            name: self.reading if module.MODEL.enzymes else "table"
            for name, module in MODELS.items()
        }
        return {name: self.assimilate(name, reading) for name, reading in readings.items()}

    def places(self) -> dict[str, pd.DataFrame]:
        """Return where the profiles lie, and from which each model learns.

        With real profiles all of them, as `soilnb.claims.planet_runs` keeps them.
        """
        if not self.full and self.chosen.attrs["provenance"] == "real":
            every = proda.observations.israd()[["latitude", "longitude"]].to_dataframe()
            known = planet_runs.learnt_from()
            good = {model: known[model] for model in MODELS}
        else:
            every = self.chosen[["latitude", "longitude"]].to_dataframe()
            good = {
                model: network.targets(each, select=self.select).index
                for model, each in self.assimilated.items()
            }
        return {model: every.assign(kept=every.index.isin(names)) for model, names in good.items()}

    def counts(self) -> pd.DataFrame:
        """Return how many profiles have chains, agree and are kept, by model; noted as claim."""
        limit = 1.05 if self.full else 1.2
        found = {
            m: {
                "profiles": each.sizes["profile"],
                "without chains": int((each["reason"] != "").sum()),
                "chains agree": int((each["gelman_rubin_mean"] < limit).sum()),
                "kept": len(network.targets(each, select=self.select)),
            }
            for m, each in self.assimilated.items()
        }
        table = pd.DataFrame(found)
        more = table.loc["chains agree", "CLM5"] > table.loc["chains agree", "COMPAS"]
        claims.record("conv-converged", more, data=self.kind, variant=VARIANTS[self.reading])
        return table

    def learn(self, method: str = "", assimilated=None, seed: int | None = None):
        """Return parameters of both models in all cells that both can predict."""
        options = {"method": method or self.method, "select": self.select, "progress": False}
        options["seed"] = self.seed if seed is None else seed
        found = {
            m: network.extrapolate(each, self.chosen, self.cells, quiet=True, **options).parameters
            for m, each in (assimilated or self.assimilated).items()
        }
        common = np.intersect1d(*(each["site"] for each in found.values()))
        return {m: each.sel(site=common) for m, each in found.items()}

    def map(self, learnt: Mapping[str, xr.Dataset]) -> Maps:
        """Map both models with learnt parameters."""
        return run(learnt, self.cells.sel(site=learnt["CLM5"]["site"].values))

    def transfers(self, learnt: Mapping[str, xr.Dataset]) -> pd.DataFrame:
        """Return median transfer efficiencies by what Eq. 10 counts, and r; noted as claims."""
        about = {"data": self.kind, "variant": VARIANTS[self.reading]}
        land, found = self.cells.sel(site=learnt["CLM5"]["site"].values), {}
        for pools in ("printed", "soil", "respiring"):
            both = run(learnt, land, cte_pools=pools)
            name = COMPONENTS["transfer"]
            rows = {m: float(each[name].where(each["kept"]).median()) for m, each in both.items()}
            found[pools] = {**rows, "r": agreement(both).loc[name, "r"]}
            higher = rows["CLM5"] > rows["COMPAS"]
            claims.record(f"conv-level-{pools}", higher, cause=self.why, **about)
        tropics = regions(both["CLM5"])["tropical"]
        claims.record("conv-region-clm5-tropics", tropics, cause=self.why, **about)
        return pd.DataFrame(found).T.rename_axis("pools that count")

    def trials(self, after: Maps, same: Maps) -> pd.DataFrame:
        """Return what pairs of maps say, by reading, learner and seed; in size ``paper`` many.

        Parameters
        ----------
        after, same : mapping of str to Dataset
            Maps of the study's own learner, and with the same parameters everywhere.
        """
        found = {
            (self.reading, "mean", self.seed): _summary(same),
            (self.reading, self.method, self.seed): _summary(after),
        }
        for key in self._further() if self.full else ():
            if key not in found:
                reading, method, seed = key
                runs = {**self.assimilated, "COMPAS": self._compas(reading)}
                found[key] = _summary(self.map(self.learn(method, runs, seed)))
        table = pd.DataFrame(found).T.astype(float)
        return table.rename_axis(["reading", "learner", "seed"]).sort_index()

    def _compas(self, reading: str) -> xr.Dataset:
        own = reading == self.reading
        return self.assimilated["COMPAS"] if own else self.assimilate("COMPAS", reading)

    def _further(self) -> list[tuple[str, str, int]]:
        """Return the readings, learners and seeds of size ``paper``: a network depends on it."""
        learners = [(name, self.seed) for name in ("mean", "ridge", "forest")]
        learners += [("small", self.seed + k) for k in range(5)]
        return [(reading, *learner) for reading in VARIANTS for learner in learners]

    def record(self, trials: pd.DataFrame, before: Maps) -> None:
        """Note the numbers after learning; those of networks are means over seeds."""
        for reading in trials.index.unique("reading"):
            self._record(trials.loc[reading, self.method], reading, r(before))

    def _record(self, found: pd.DataFrame, reading: str, r_before: float) -> None:
        mean, spread = found.mean(), found.std()
        about = {"data": self.kind, "variant": VARIANTS[reading]}
        about["cause"] = self.why
        columns = {"conv-r-assimilated": "r"}
        columns |= {f"conv-4-{c}": f"r, {c}" for c in list(COMPONENTS)[:3]}
        columns |= {f"conv-total-{m.lower()}-assimilated": f"{m}, Pg C" for m in MODELS}
        for name, column in columns.items():
            claims.record(name, mean[column], spread=spread[column], n=len(found), **about)
        rise = mean["r"] - r_before
        claims.record("conv-rise", rise, spread=spread["r"], n=len(found), **about)
        each = mean[[f"r, {component}" for component in COMPONENTS]]
        best = each.idxmax() == "r, modifier" and each.iloc[3:].max() < each.iloc[:3].min()
        orders = {
            "conv-4-level": mean[ORDERS[0]] > 0.5 and mean[ORDERS[1]] > 0.5,
            "conv-4-order": best,
            "conv-s3": mean[ORDERS[2]] > 0.5,
        }
        for name in list(COMPONENTS)[3:]:
            claims.record(f"conv-apart-r-{name}", mean[f"r, {name}"], n=len(found), **about)
            orders[f"conv-apart-{name}"] = abs(mean[f"r, {name}"]) < AGREE
        claims.record_all({name: bool(value) for name, value in orders.items()}, **about)


def study(size: str = "quick", seed: int = 0, reading: str = "published", number: int = 36):
    """Choose profiles and the planet; in size ``quick`` a few, one of each climate in turn.

    Examples
    --------
    >>> study(number=3).method
    'forest'
    """
    profiles, cells = proda.observations.israd(), globe.planet("testbed")
    chosen = profiles
    if size != "paper":
        known = covariates.frame(profiles, grid=cells, quiet=True)
        climate = known.filter(like="climate").idxmax(axis=1)
        turn = known.sample(frac=1, random_state=seed).groupby(climate).cumcount()
        chosen = profiles.sel(profile=turn.sort_values(kind="stable").index[:number].unique())
    return Study(size, seed, reading, chosen, cells)


def _summary(maps: Maps) -> dict[str, float]:
    """Return in one row what a pair of maps says."""
    table = agreement(maps)
    one, other = table["median_one"], table["median_other"]
    transfer, rate, litter = "transfer_efficiency", "decomposition_rate", "litter_to_soil"
    return {
        "r": table.loc["stock to 1 m", "r"],
        **{f"r, {short}": table.loc[name, "r"] for short, name in COMPONENTS.items()},
        **{f"{m}, Pg C": total(each) for m, each in maps.items()},
        ORDERS[0]: one[transfer] > other[transfer],
        ORDERS[1]: one[rate] < other[rate],
        ORDERS[2]: other[litter] > one[litter],
        "cells": maps["CLM5"].sizes["site"],
    }


def reasons(before: Maps, same: Maps, after: Maps) -> pd.DataFrame:
    """Return correlations of carbon and components: default, the same everywhere, learnt, paper."""
    columns = {"default": before, "the same everywhere": same, "learnt": after}
    table = pd.DataFrame({name: agreement(maps)["r"] for name, maps in columns.items()})
    table["paper"] = pd.Series(PRINTED)
    rows = ["stock to 1 m", *COMPONENTS.values(), "litter_to_soil"]
    return table.loc[rows].rename_axis("r of")


def variants(trials: pd.DataFrame) -> pd.DataFrame:
    """Return means over the seeds of each learner, with the spread of r."""
    by_learner = trials.groupby(["reading", "learner"])
    table = by_learner.mean().drop(columns=ORDERS)
    table.insert(1, "r, sd", by_learner["r"].std())
    return table.reset_index()


def warmed(study: Study, learnt: Mapping[str, xr.Dataset], after: Maps, by: float = 2.0):
    """Return the change of carbon to 1 m in each cell, %, when soils are warmer."""
    land = study.cells.sel(site=learnt["CLM5"]["site"].values)
    then = run(learnt, land.assign(soil_temperature=land["soil_temperature"] + by))
    found = {}
    for m in MODELS:
        change = 100 * (then[m]["stock"] / after[m]["stock"] - 1).sel(to_depth=1.0)
        found[m] = change.where(after[m]["kept"]).values
    return pd.DataFrame(found)
