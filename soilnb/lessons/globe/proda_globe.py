"""From profiles to the planet: the study of notebook *From soil pits to the planet*.

Three variants run side by side: how long enzymes live is a parameter of its own (``table``, as in
the paper's tables), or follows from another one on a logarithmic scale (``published``, as in the
published code). These differ twice; ``log`` is its own parameter on the logarithmic scale.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims, proda, results
from soilnb.claims import planet_runs
from soilnb.claims.measures import profiles as measures
from soilnb.data import open_dataset
from soilnb.lessons.globe import Sized
from soilnb.proda import covariates, cue_soc, globe, network, regressions
from soilnb.proda.cube import READINGS
from soilnb.proda.regressions import ASSIMILATED, MixedModel
from soilnb.profile import plausible

#: The variants in words, and the folder in which the chains of each are kept.
VARIANTS = {
    "table": "own enzymes (tables)",
    "published": "tied enzymes (published)",
    "log": "own enzymes, log prior",
}
FOLDERS = {"table": "COMPAS", "published": "COMPAS-published", "log": "COMPAS-log"}

#: Why a number of a quick run differs.
SMALL = "a few profiles and short chains: run size paper"

#: Zones without frost.
WARMER = ["tropical", "arid", "temperate"]


@dataclass(frozen=True)
class Study(Sized):
    """Profiles, the planet, and what was assimilated in each variant.

    Attributes
    ----------
    size, seed, reading : str, int, str
        As `study` takes them.
    profiles, chosen, cells : Dataset
        All profiles, those that are assimilated, and the planet.
    """

    reading: str
    profiles: xr.Dataset
    chosen: xr.Dataset
    cells: xr.Dataset

    @property
    def note(self) -> str:
        """What a figure says below it."""
        source = "ISRaD" if self.kind == "real" else "made-up profiles"
        return f"{source}, {VARIANTS[self.reading]}, size {self.size}"

    @property
    def why(self) -> str:
        """Why its numbers differ where they do."""
        return "" if self.full else SMALL

    @property
    def limit(self) -> float:
        """Largest G-R of a profile that is kept; short chains cannot agree."""
        return 1.05 if self.full else np.inf

    @property
    def options(self) -> dict[str, object]:
        """What an assimilation takes besides its folder."""
        length = {"warmup": 400, "steps": 800, "samples": 100, "prior_draws": 100, "jobs": 1}
        if self.full:
            length = {"warmup": 20_000, "steps": 50_000, "samples": 2000}
        return {"sampler": "published", "progress": False, **length}

    def folder(self, name: str) -> Path | None:
        """Return where size ``paper`` keeps what is finished, to resume from."""
        return results.root() / "paper" / name if self.full else None

    @cached_property
    def runs(self) -> dict[str, xr.Dataset]:
        """What was assimilated, by variant."""
        return {
            reading: proda.assimilate(
                self.chosen,
                "compas",
                seed=self.seed,
                folder=self.folder(f"assimilation/{FOLDERS[reading]}"),
                **READINGS[reading],
                **self.options,
            )
            for reading in VARIANTS
        }

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """CUE and carbon of each profile, by variant; see `soilnb.proda.cue_soc.relation`."""
        return {
            reading: cue_soc.relation(run, self.chosen, limit=self.limit)
            for reading, run in self.runs.items()
        }

    @property
    def table(self) -> pd.DataFrame:
        """The same of the variant that the figures show."""
        return self.tables[self.reading]

    @property
    def others(self) -> dict[str, str]:
        """The variants that the figures do not show, in words."""
        return {reading: name for reading, name in VARIANTS.items() if reading != self.reading}


def study(size: str = "quick", seed: int = 0, reading: str = "published", number: int = 46):
    """Choose profiles and the planet, for a moment or for the papers' size.

    Parameters
    ----------
    size : {"quick", "paper"}
        ``quick`` takes a few profiles and short chains; ``paper`` all, and resumes.
    seed : int
        Of chains, draws and fits.
    reading : {"published", "table", "log"}
        The variant that figures show.
    number : int
        How many profiles a quick study has.

    Returns
    -------
    Study

    Examples
    --------
    >>> study(number=3).chosen.sizes["profile"]
    3
    """
    profiles, cells = proda.observations.israd(), globe.planet("testbed")
    chosen = profiles
    if size != "paper":
        known = covariates.frame(profiles, grid=cells, quiet=True).index
        few = known[np.linspace(0, len(known) - 1, number).astype(int)]
        chosen = profiles.sel(profile=few.unique())
    return Study(size, seed, reading, profiles, chosen, cells)


def kept(table: pd.DataFrame) -> pd.DataFrame:
    """Return the profiles that the paper's rules keep.

    Examples
    --------
    >>> len(kept(pd.DataFrame({"kept": [True, False]})))
    1
    """
    return table[table["kept"]]


def full_table(one: Study) -> pd.DataFrame:
    """Return CUE and carbon of all profiles, as kept with the package, beside what was observed.

    Where the real profiles are not at hand there is no observed carbon to stand beside: then it is
    the study's own.
    """
    if one.full or one.kind != "real":
        return one.table
    observed = cue_soc.observed(one.profiles)[["observed", "observed_stock"]]
    return planet_runs.profiles().join(observed, how="inner")


def counts(one: Study) -> pd.DataFrame:
    """Return how many profiles were given up, agree, and are kept, by variant."""
    found = {}
    for reading, rows in one.tables.items():
        good = kept(rows)
        found[VARIANTS[reading]] = {
            "profiles": one.chosen.sizes["profile"],
            "given up": one.chosen.sizes["profile"] - len(rows),
            "chains agree, %": 100 * (rows["gelman_rubin"] < 1.05).mean(),
            "NSE above 0, %": 100 * (rows["nse"] > 0).mean(),
            "median NSE": rows["nse"].median(),
            "kept": len(good),
            "r (CUE, eta DOC)": good["cue"].corr(good["eta_doc"]),
        }
    return pd.DataFrame(found).round(2)


def in_words(found: pd.DataFrame) -> pd.DataFrame:
    """Return `counts`, or the regressions of `modifier`, with rows and columns as they are read.

    Examples
    --------
    >>> in_words(pd.DataFrame({"kept": [0.987]}, ["r (CUE, eta DOC)"])).index[0]
    'r of the CUE of the system and that of DOC uptake'
    """
    rows = {
        "r (CUE, eta DOC)": "r of the CUE of the system and that of DOC uptake",
        "log(xi) ~ mat": "log ξ on annual temperature (°C)",
        "xi ~ map": "ξ on annual precipitation (mm)",
    }
    return found.rename(index=rows, columns={"r2": "R²"}).map("{:g}".format)


def places(one: Study) -> pd.DataFrame:
    """Return where the profiles of `full_table` lie, those given up as well, and which are kept."""
    assimilated = one.profiles if one.kind == "real" else one.chosen
    found = assimilated[["latitude", "longitude"]].to_dataframe()
    return found.assign(kept=found.index.isin(kept(full_table(one)).index))


def measured() -> tuple[pd.DataFrame, object, dict[str, float]]:
    """Return measured CUE, the mixed model of carbon on it, and the temperature of its line.

    Examples
    --------
    >>> measured()[1].n > 100
    True
    """
    rows = _measurements()
    fit = regressions.fit(rows, MixedModel("log10(soc)", ("cue", "mat"), "study"))
    return rows, fit, {"mat": float(rows["mat"].mean())}


def _measurements() -> pd.DataFrame:
    rows = open_dataset("cue").to_dataframe()
    return rows.assign(study=rows["author"])


def record_profiles(one: Study) -> None:
    """Note the profiles themselves, and the relation of CUE and carbon for each variant."""
    claims.record("tao-pass-profiles", measures.usable(one.profiles), data=one.kind)
    claims.record("tao-bulk-density", measures.density_fit(one.profiles), data=one.kind)
    for reading, rows in one.tables.items():
        good = kept(rows)
        about = {"data": one.kind, "variant": VARIANTS[reading]}
        claims.record("tao-r", good["cue"].corr(good["eta_doc"]), cause=one.why, **about)
        numbers = {
            **measures.passing(rows, one.chosen.sizes["profile"], min(one.limit, 10.0)),
            **measures.tableED2(good),
            **measures.pools(one.runs[reading], one.chosen, good),
        }
        here = measures.shapes(one.chosen.sel(profile=good.index.to_numpy()))
        numbers |= {f"tao-shape-{name}": share for name, share in here.items()}
        claims.record_all(numbers, cause=one.why, **about)


# --- Controls -------------------------------------------------------------------------------------


def cases(one: Study) -> dict[str, pd.DataFrame]:
    """Return the profiles of each control: filters, other variants, and draws of the prior."""
    filtered, drawn = kept(one.table), partial(_drawn, one)
    return {
        "filtered": filtered,
        "all profiles": one.table,
        "filtered, observed 0–30 cm": filtered,
        "filtered, observed 0–1 m": filtered,
        **{f"filtered, {words}": kept(one.tables[name]) for name, words in one.others.items()},
        "prior draws": drawn(one.reading),
        **{f"prior draws, {words}": drawn(name) for name, words in one.others.items()},
        "prior draws, no biomass rule": drawn(one.reading, biomass=1.0),
    }


def _drawn(one: Study, reading: str, **options: float) -> pd.DataFrame:
    """Return draws from the prior of a variant."""
    draws = 10 if one.full else 1
    return cue_soc.prior(one.profiles, seed=one.seed, draws=draws, **READINGS[reading], **options)


def one_cue(one: Study) -> pd.DataFrame:
    """Assimilate profiles that the model has made with one CUE; return those that are kept."""
    number = 50 if one.full else 8
    every = one.chosen.sizes["profile"] - 1
    some = one.chosen.isel(profile=np.linspace(0, every, number).astype(int))
    found = [
        cue_soc.constant_cue(
            some,
            seed=seed,
            limit=one.limit,
            folder=one.folder(f"constant_cue-{one.reading}/{seed}"),
            **READINGS[one.reading],
            **one.options,
        )
        for seed in range(one.seed, one.seed + (3 if one.full else 1))
    ]
    return kept(pd.concat(found))


def slopes(controls: dict[str, pd.DataFrame], null: pd.DataFrame) -> pd.DataFrame:
    """Return the slope of each control, fitted with the same mixed model."""
    carbon = {
        "filtered, observed 0–30 cm": "observed",
        "filtered, observed 0–1 m": "observed_stock",
    }
    truth = "one CUE, truth"
    nulls = {truth: null, "one CUE, assimilated": null}
    of_null = cue_soc.slopes(nulls, cue={truth: "true_cue"}, soc={truth: "true_soc"})
    table = pd.concat([cue_soc.slopes(controls, soc=carbon), of_null])
    return table.rename_axis("case")


def beyond_soil(controls: dict[str, pd.DataFrame], null: pd.DataFrame) -> str:
    """Say how many draws of each prior, and of the kept truths, hold more than a soil can.

    Arguments are those of `slopes`. The slopes count these draws: the ranges of the prior allow
    them, and no measured carbon says no.

    Examples
    --------
    >>> drawn, null = pd.DataFrame({"plausible": [True, False]}), pd.DataFrame()
    >>> print(beyond_soil({"prior draws": drawn}, null))
    More carbon at rest than any soil can hold, 500 kg C m⁻³, in a layer (the slopes count them):
      1 of 2: prior draws
    """
    flags = {name: table["plausible"] for name, table in controls.items() if "plausible" in table}
    if "true_plausible" in null:
        flags["one CUE, truth"] = null["true_plausible"]
    rows = [f"  {(~flag).sum()} of {flag.size}: {name}" for name, flag in flags.items()]
    most = f"{plausible.MOST / 1000:g} kg C m⁻³"
    head = (
        f"More carbon at rest than any soil can hold, {most}, in a layer (the slopes count them):"
    )
    return "\n".join([head, *rows])


def record_controls(table: pd.DataFrame, kind: str) -> None:
    """Note that all controls are there, and the slope of draws from each prior.

    Examples
    --------
    >>> record_controls(pd.DataFrame({"n": [3] * 12}), "synthetic")
    """
    for name in VARIANTS.values():
        case = f"prior draws, {name}"
        if case in table.index:
            row = table.loc[case]
            about = {"spread": row["error"], "n": int(row["n"]), "data": kind, "variant": name}
            claims.record("tao-2b-prior", row["estimate"], **about)
    claims.record("tao-2b-controls", len(table) == 12 and table["n"].gt(0).all(), data=kind)


def by_depth(one: Study) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """Return CUE and carbon of intervals of depth, and the mixed model of each; noted as claim.

    As for `full_table`: all profiles, as kept with the package, where the real ones are at hand.
    """
    if one.full or one.kind != "real":
        depths = cue_soc.by_depth(one.runs[one.reading], one.chosen, limit=one.limit)
    else:
        depths = planet_runs.by_depth()
    fits = {name: regressions.fit(rows, ASSIMILATED["intercepts"]) for name, rows in depths.items()}
    slope = [fit.coefficients.loc["cue", "estimate"] for fit in fits.values()]
    about = {"data": one.kind, "variant": VARIANTS[one.reading]}
    claims.record("tao-ed5", slope[0] > slope[-1], cause=one.why, **about)
    return depths, fits


# --- The planet -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Learner:
    """What knows the parameters of a place from its environment, in each variant."""

    study: Study
    method: str

    @cached_property
    def everywhere(self) -> pd.DataFrame:
        """The environment of each cell."""
        return covariates.frame(self.study.cells, quiet=True)

    @cached_property
    def scaler(self) -> covariates.Scaler:
        """How covariates are scaled: by their ranges over the planet."""
        return covariates.Scaler.of(self.everywhere)

    @cached_property
    def pairs(self) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
        """Environment and parameters of the profiles, by variant."""
        one = self.study
        known = covariates.frame(one.profiles, grid=one.cells, quiet=True)
        select = "published" if one.full else "all"
        return {
            reading: network.match(known, network.targets(run, select=select), quiet=True)
            for reading, run in one.runs.items()
        }

    def score(self, predicted: pd.DataFrame, reading: str) -> dict:
        """Return how well predicted parameters give the carbon of profiles."""
        forcing = proda.observations.forcing_at(self.study.chosen)
        return network.layer_nse(predicted, self.study.chosen, forcing, **READINGS[reading])

    def compare(self) -> pd.DataFrame:
        """Return the score of several methods, at sites and at studies that are left out."""
        one = self.study
        x, y = self.pairs[one.reading]
        labels = one.chosen["study"].to_series().loc[x.index]
        return network.compare(
            x,
            y,
            labels,
            ("mean", "ridge", "forest", "small") if one.full else ("mean", "ridge"),
            carbon=lambda p: self.score(p, one.reading),
            count=5 if one.full else min(10, labels.nunique()),
            seed=one.seed,
            progress=False,
        )

    @cached_property
    def ensembles(self) -> dict[str, object]:
        """Members that learn from sites drawn with replacement, by variant."""
        return {
            reading: network.bootstrap(
                *pair,
                size=200 if self.study.full else 5,
                method=self.method,
                scaler=self.scaler,
                folder=self.study.folder(f"bootstrap-{reading}"),
                progress=False,
            )
            for reading, pair in self.pairs.items()
        }

    def explained(self) -> dict[str, float]:
        """Return the share of the variance at sites that a member has not seen, %, by variant."""
        found = {}
        for reading, ensemble in self.ensembles.items():
            unseen = ensemble.unseen(self.pairs[reading][0]).dropna()
            found[VARIANTS[reading]] = 100 * float(self.score(unseen, reading)["nse"])
        return found

    def maps(self, reading: str) -> xr.Dataset:
        """Return the maps of one variant."""
        options = {"scaler": self.scaler, "seed": self.study.seed, "progress": False}
        best = network.learn(self.method, *self.pairs[reading], **options)
        return self._maps(best.predict(self.everywhere, quiet=True).dropna(), reading)

    def members(self) -> xr.Dataset:
        """Return what the maps of all members differ in, as kept where there are real profiles.

        ``attrs`` says how many members there are.
        """
        if not self.study.full and self.study.kind == "real":
            return planet_runs.members()
        reading = self.study.reading
        ensemble = self.ensembles[reading]
        world = self._maps(ensemble.predict(self.everywhere, quiet=True), reading)
        return world.assign_attrs(members=len(ensemble))

    def _maps(self, predicted, reading: str) -> xr.Dataset:
        parameters = network.to_parameters(predicted, **READINGS[reading])
        land = self.study.cells.sel(site=parameters["site"].values)
        world = globe.maps(parameters, land, "compas", k_system="published", progress=False)
        frozen = (land["active_layer"].max("month") < 2.0).values
        known = {name: land[name].values for name in ("temperature", "precipitation")}
        about = {name: ("site", values) for name, values in {"frozen": frozen, **known}.items()}
        return world.assign_coords(about)


def learner(one: Study) -> Learner:
    """Return what learns: a small network in size ``paper``, a ridge regression in a moment."""
    return Learner(one, "small" if one.full else "ridge")


def numbers(world: xr.Dataset) -> dict[str, float]:
    """Return what the paper says of its maps, of ours."""
    good = world.where(world["kept"])
    boxes = globe.by_zone(world).sel(statistic="median", drop=True)
    names = ("cue", "decomposition_rate", "environmental_modifier")
    cue, rate, modifier = (boxes[name].to_series() for name in names)
    mixing, frozen = good["transport_rate"].values, world["frozen"].values
    return {
        "tao-total": float(globe.total(world)["stock"].sel(to_depth=1.0)),
        "tao-medians-cue": float(good["cue"].median()),
        "tao-medians-k": float(good["decomposition_rate"].median()),
        "tao-medians-transfer": float(good["non_microbial_transfer"].median()),
        "tao-3-cue": bool(cue["tropical"] < cue["boreal"]),
        "tao-3-k": bool(rate["boreal"] > rate[WARMER].median()),
        "tao-3-xi": bool(modifier["boreal"] < modifier[WARMER].median()),
        "tao-3-v": bool(np.nanmedian(mixing[frozen]) > np.nanmedian(mixing[~frozen])),
    }


def modifier(world: xr.Dataset) -> pd.DataFrame:
    """Return the regressions of the environmental modifier on temperature and precipitation."""
    xi = world["environmental_modifier"].where(world["kept"])
    columns = {"xi": xi, "mat": world["temperature"], "map": world["precipitation"]}
    return regressions.modifier(pd.DataFrame({k: v.values for k, v in columns.items()}))


def record_maps(learnt: Learner, worlds: dict[str, xr.Dataset]) -> pd.DataFrame:
    """Note what the paper says of its maps, for each variant; returns the table of them."""
    one, rows = learnt.study, {}
    explained = learnt.explained()
    for reading, world in worlds.items():
        name = VARIANTS[reading]
        about = {"data": one.kind, "variant": name}
        rows[name] = numbers(world)
        seen = against_measured(world)
        line = seen.coefficients.loc["cue"]
        mapped = {
            "tao-map-r2": seen.explained,
            "tao-map-slope": abs(line["estimate"] - 1) < 1.96 * line["error"],
        }
        claims.record_all(mapped, cause=one.why, **about)
        found = modifier(world)
        claims.record_all(rows[name] | {"tao-nse": explained[name]}, cause=one.why, **about)
        lines = {"mat": "log(xi) ~ mat", "map": "xi ~ map"}
        regressed = {
            f"tao-xi-{short}-{part}": float(found.loc[line, part])
            for short, line in lines.items()
            for part in ("slope", "intercept")
        }
        claims.record_all(regressed, **about)
    return pd.DataFrame(rows).astype(float).rename_axis("claim")


def against_measured(world: xr.Dataset):
    """Return the mixed model of the map's CUE on measured CUE, at the places of measurements."""
    rows = _measurements()
    rows = rows.assign(soc=cue_soc.at_places(world, rows, "cue"))  # stands on the left side
    return regressions.fit(rows, MixedModel("soc", ("cue",), "study"), r2="observed")
