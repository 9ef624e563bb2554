"""Two questions to three planets, and what a network leans on: notebook *What controls SOC*.

All is done in each variant of COMPAS (see `soilnb.lessons.globe.proda_globe`), since parameters
that were fitted with one are no parameters of the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims
from soilnb.figures.tao2023.controls import COMPONENTS
from soilnb.lessons.globe.proda_globe import VARIANTS, Study, study
from soilnb.proda import covariates, globe, network, sensitivity
from soilnb.proda.cube import READINGS, Cube
from soilnb.profile import compas

#: The seven components, and three of them whose answer is given with a range.
SEVEN = list(sensitivity.METRICS)
THREE = ["cue", "decomposition", "transfer"]

#: What +10 % of carbon needs in the paper, %.
PRINTED = {"cue": 2.0, "decomposition": -8.4, "modifier": 11.0, "transfer": 11.0}

#: Two ways to spoil a category of covariates, and the third.
KINDS = {"permute": "shuffled", "uniform_draw": "one random number"}
STRICT = "shuffled, sites not learnt from"


def components() -> pd.DataFrame:
    """Return the components with their metric and parameters.

    Examples
    --------
    >>> [*components().columns]
    ['metric', 'parameters']
    """
    parts = {name: ", ".join(p) for name, p in Cube("compas").groups().items()}
    metric = pd.Series(sensitivity.METRICS, name="metric")
    metric = metric.map({name: variable.meaning for name, variable in globe.VARIABLES.items()})
    return named(pd.concat([metric, pd.Series(parts, name="parameters")], axis=1))


def named(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the components, in rows or columns, by their names in the figures.

    Examples
    --------
    >>> named(pd.DataFrame({"cue": [104.0]}, ["input"]))
                        microbial CUE
    plant carbon input          104.0
    """
    words = {component: name for component, (name, *_) in COMPONENTS.items()}
    return table.rename(index=words, columns=words)


def ranking(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ranks of the components in words, as a page shows them.

    Parameters
    ----------
    table : DataFrame
        `ranks` of the planets: ``component``, ``variant``, ``deviation`` with ``low`` and ``high``
        (Pg C), and ``first``, the share of members in which the component comes first.

    Examples
    --------
    >>> row = {"component": "cue", "variant": "tied", "deviation": 9.0, "low": 8.0, "high": 12.0}
    >>> ranking(pd.DataFrame([row | {"first": 1.0}, row | {"first": 0.25}]))["first"].tolist()
    ['yes', 'in 25 % of members']
    """
    shown = table[["component", "variant", "deviation", "low", "high", "first"]]
    return named(shown.assign(first=shown["first"].map(_said)).set_index("component"))


def _said(share: float) -> str:
    return {0.0: "no", 1.0: "yes"}.get(share, f"in {100 * share:.0f} % of members")


def thinned(cells: xr.Dataset, step: int) -> xr.Dataset:
    """Return every so many cells, each standing for as many; the area stays."""
    some = cells.isel(site=slice(None, None, step))
    return _with_area_of(some, cells)


def _with_area_of(some: xr.Dataset, cells: xr.Dataset) -> xr.Dataset:
    scale = float(cells["area"].sum() / some["area"].sum())
    return some.assign_coords(area=some["area"] * scale)


def grid(learnt: network.Extrapolated, step: int) -> tuple[xr.Dataset, globe.Prepared]:
    """Return the parameters and the cells of a thinned planet."""
    parameters = learnt.parameters.isel(site=slice(None, None, step))
    return parameters, globe.prepare(thinned(learnt.cells, step))


@dataclass(frozen=True)
class Planets:
    """A planet for each variant, and what was asked of them.

    Attributes
    ----------
    study : Study
        What was assimilated.
    """

    study: Study

    @property
    def method(self) -> str:
        """What learns."""
        return "small" if self.study.full else "ridge"

    @property
    def note(self) -> str:
        """What a figure says below it."""
        source = "ISRaD" if self.study.kind == "real" else "made-up profiles"
        return f"{source}, {self.method}, size {self.study.size}"

    def learn(self, reading: str, method: str = "", profiles=None) -> network.Extrapolated:
        """Learn parameters from the environment of profiles, and predict them in every cell."""
        one = self.study
        run = one.runs[reading]
        return network.extrapolate(
            run if profiles is None else run.sel(profile=profiles),
            one.chosen,
            one.cells,
            method=method or self.method,
            select="published" if one.full else "all",
            seed=one.seed,
            quiet=True,
            **READINGS[reading],
        )

    @cached_property
    def learnt(self) -> dict[str, network.Extrapolated]:
        """What was learnt, by variant."""
        return {reading: self.learn(reading) for reading in VARIANTS}

    @cached_property
    def worlds(self) -> dict[str, tuple]:
        """Parameters and cells, by variant; in size ``quick`` every eighth cell."""
        step = 1 if self.study.full else 8
        return {reading: grid(one, step) for reading, one in self.learnt.items()}

    @cached_property
    def coarse(self) -> dict[str, tuple]:
        """The same on every twelfth cell."""
        return {reading: grid(one, 12) for reading, one in self.learnt.items()}

    # The first question

    def levers(self) -> dict[str, pd.DataFrame]:
        """Return spread and deviation of each single parameter, by variant in words."""
        return {VARIANTS[reading]: self._levers(reading) for reading in VARIANTS}

    def _levers(self, reading: str) -> pd.DataFrame:
        given, planet = self.worlds[reading]
        values = np.stack([given[name].values for name in compas.NAMES], axis=-1)
        spread = Cube("compas", **READINGS[reading]).unit(values).std(axis=0)
        parts = Cube("compas", **READINGS[reading]).groups()
        owner = {name: component for component, names in parts.items() for name in names}
        columns = {"spread": spread, "component": [owner[name] for name in compas.NAMES]}
        table = pd.DataFrame(columns, index=list(compas.NAMES))
        if reading == "published":
            table = table.drop("tau_enz_decay")  # it has no place of its own
        alone = {name: (name,) for name in table.index}
        options = READINGS[reading] | {"components": alone, "progress": False}
        found = sensitivity.homogenise(given, planet, **options)
        return table.assign(deviation=found["deviation"].sel(component=table.index))

    @cached_property
    def ensembles(self) -> dict[str, tuple]:
        """Members that learnt from sites drawn anew, their parameters, and their planet."""
        return {reading: self._members(reading) for reading in VARIANTS}

    def _members(self, reading: str) -> tuple:
        one, full = self.learnt[reading], self.study.full
        ensemble = network.bootstrap(
            one.x,
            one.y,
            size=200 if full else 5,
            method=self.method,
            scaler=one.fitted.scaler,
            folder=self.study.folder(f"bootstrap-{reading}"),
            progress=False,
        )
        some = one.cells.isel(site=slice(None, None, 3 if full else 8))
        points = ensemble.predict(covariates.frame(some, quiet=True), quiet=True)
        given = network.to_parameters(points, **READINGS[reading])
        some = _with_area_of(some.sel(site=given["site"].values), one.cells)
        return ensemble, given, globe.prepare(some)

    @cached_property
    def members(self) -> dict[str, xr.Dataset]:
        """Deviations of each member, by variant."""
        options = {"seed": self.study.seed, "progress": False}
        return {
            reading: sensitivity.homogenise(given, planet, **READINGS[reading], **options)
            for reading, (_, given, planet) in self.ensembles.items()
        }

    @cached_property
    def homogenised(self) -> dict[str, xr.Dataset]:
        """Each component the same everywhere, judged at sites that members have not seen."""
        found = {}
        for reading, one in self.learnt.items():
            unseen = self.ensembles[reading][0].unseen(one.x).dropna()
            found[reading] = self._flattened(reading, self.worlds[reading], unseen)
        return found

    @cached_property
    def by_study(self) -> dict[str, xr.DataArray]:
        """The variance explained at studies that were left out, by variant."""
        found = {}
        for reading, one in self.learnt.items():
            points = self._without_study(one)
            flat = self._flattened(reading, self.coarse[reading], points)
            found[reading] = flat["explained"]
        return found

    def _without_study(self, one: network.Extrapolated) -> pd.DataFrame:
        groups = self.study.chosen["study"].to_series().loc[one.x.index]
        count = 5 if self.study.full else min(10, groups.nunique())
        options = {"groups": groups, "count": count, "seed": self.study.seed, "progress": False}
        return network.cross_validate(one.x, one.y, self.method, **options).predicted.dropna()

    def _flattened(self, reading: str, world: tuple, points: pd.DataFrame) -> xr.Dataset:
        """Homogenise each component; judge it at profiles with predicted points of the cube."""
        options = {"dim": "profile", **READINGS[reading]}
        return sensitivity.homogenise(
            *world,
            **READINGS[reading],
            sites=network.to_parameters(self.learnt[reading].y, **options),
            observations=self.study.chosen.sel(profile=points.index.values),
            predicted=network.to_parameters(points, **options),
            seed=self.study.seed,
            progress=False,
        )

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """The seven components with the members' range, the largest of each variant first."""
        found = []
        for reading, name in VARIANTS.items():
            each = self.members[reading]["deviation"].sel(component=SEVEN)
            low, high = each.quantile([0.025, 0.975], "member").values
            best = self.homogenised[reading].sel(component=SEVEN)
            columns = {
                "variant": name,
                "deviation": best["deviation"],
                "low": low,
                "high": high,
                "first": (each == each.max("component")).mean("member"),
                "explained": 100 * best["explained"],
                "by study": 100 * self.by_study[reading].sel(component=SEVEN),
            }
            table = pd.DataFrame(columns, index=pd.Index(SEVEN, name="component"))
            found.append(table.sort_values("deviation", ascending=False))
        return pd.concat(found).reset_index()

    # The second question

    def curves_of(
        self, given, planet, reading: str, components=None, **switches: str
    ) -> xr.Dataset:
        """Return how the stock follows the components."""
        changes = sensitivity.CHANGES if self.study.full else (-0.1, 0.0, 0.05, 0.1)
        return sensitivity.proportional(
            given,
            planet,
            changes=changes if components is None else (-0.1, 0.0, 0.1),
            components=components,
            progress=False,
            **READINGS[reading],
            **({"k_system": "published"} | switches),
        )

    @cached_property
    def curves(self) -> dict[str, xr.Dataset]:
        """How the stock follows each component, by variant."""
        return {reading: self.curves_of(*self.worlds[reading], reading) for reading in VARIANTS}

    @cached_property
    def needed(self) -> dict[str, xr.Dataset]:
        """What +10 % of carbon needs, by variant."""
        return {reading: sensitivity.needed(curve) for reading, curve in self.curves.items()}

    def needs(self) -> pd.DataFrame:
        """Return what +10 % of carbon needs of each component, %, with the members' range."""
        rows = pd.DataFrame(
            {VARIANTS[i]: 100 * n["regression"].to_series() for i, n in self.needed.items()}
        )
        rows["paper"] = pd.Series(PRINTED)
        for reading, (_, given, planet) in self.ensembles.items():
            curve = self.curves_of(given, planet, reading, THREE)
            each = 100 * sensitivity.needed(curve)["regression"]
            low, high = each.quantile([0.025, 0.975], "member")
            rows[f"{reading}, low"], rows[f"{reading}, high"] = low.to_series(), high.to_series()
        return rows.reset_index()

    def record(self) -> None:
        """Note the numbers of both questions."""
        kind = self.study.kind
        for reading, name in VARIANTS.items():
            gone = self.homogenised[reading]["deviation"].sel(component=SEVEN).to_series()
            need = 100 * self.needed[reading]["regression"].to_series()
            explained = 100 * self.homogenised[reading]["explained"].to_series()
            change = self.curves[reading]["stock_change"].sel(component="input")
            own = {
                f"tao-4a-{reading}": gone["cue"] / gone.drop("cue").max(),
                f"tao-4b-cue-{reading}": need["cue"],
            }
            claims.record_all(own, data=kind)
            numbers = {
                "tao-4a-loss": gone["cue"],
                "tao-4a-explained-cue": explained["cue"],
                "tao-4a-explained-all": explained["all"],
                "tao-4b-k": need["decomposition"],
                "tao-4b-xi": need["modifier"],
                "tao-4b-transfer": need["transfer"],
                "tao-4b-npp": 100 * float(abs(change).max()),
            }
            claims.record_all(numbers, data=kind, variant=name)

    # What a network leans on

    def importance(self, reading: str, way: str = "permute") -> xr.Dataset:
        """Spoil the categories of the covariates, scaled as the network sees them."""
        one = self.learnt[reading]
        scaled = one.fitted.scaler.transform(one.x)
        return sensitivity.permutation(
            one.fitted.on_scaled(),
            scaled,
            one.y,
            covariates.categories(scaled.columns),
            Cube("compas", **READINGS[reading]).groups(),
            permutation=way,
            repeats=300 if self.study.full else 8,
            seed=self.study.seed,
            progress=False,
        )

    def importance_unseen(self, reading: str) -> xr.Dataset:
        """Return the importance at sites that a member has not seen, mean and sd over members."""
        one, ensemble = self.learnt[reading], self.ensembles[reading][0]
        found = []
        for number, member in enumerate(ensemble.members):
            new = ~ensemble.used[number].to_numpy()
            new &= member.predict(one.x, quiet=True).notna().all(axis=1).to_numpy()
            spoilt = sensitivity.permutation(
                member,
                one.x[new],
                one.y[new],
                covariates.categories(one.x.columns),
                Cube("compas", **READINGS[reading]).groups(),
                repeats=5 if self.study.full else 2,
                seed=number,
                progress=False,
            )
            found.append(spoilt)
        every = xr.concat([one["importance"] for one in found], "member")
        return found[0].assign(importance=every.mean("member"), importance_sd=every.std("member"))

    @cached_property
    def spoilt(self) -> dict[str, dict[str, xr.Dataset]]:
        """The importance of categories, by variant and way to spoil."""
        return {
            reading: {words: self.importance(reading, way) for way, words in KINDS.items()}
            | {STRICT: self.importance_unseen(reading)}
            for reading in VARIANTS
        }

    def leans(self) -> pd.DataFrame:
        """Return what CUE is learnt from, by variant and way; noted as claim."""
        lines = []
        for reading, ways in self.spoilt.items():
            of_cue = ways["shuffled"]["importance"].sel(component="cue").to_series()
            most = of_cue.idxmax() == "structure"
            claims.record("tao-ed6", most, data=self.study.kind, variant=VARIANTS[reading])
            for way, found in ways.items():
                rows = found.sel(component="cue").to_dataframe().reset_index()
                short = "not learnt from" if way == STRICT else way
                lines.append(rows.assign(variant=VARIANTS[reading], way=short))
        table = pd.concat(lines).query("covariates > 0")
        names = ("variant", "way", "category", "importance", "importance_sd", "covariates")
        return table[[*names]]


def planets(size: str = "quick", seed: int = 0) -> Planets:
    """Return the planets: learnt from a few profiles, or in size ``paper`` from all.

    Examples
    --------
    >>> planets().method
    'ridge'
    """
    return Planets(study(size, seed))


def by_name(found: Mapping[str, object]) -> dict[str, object]:
    """Return what is given by variant, by the variant in words.

    Examples
    --------
    >>> by_name({"table": 1})
    {'own enzymes (tables)': 1}
    """
    return {VARIANTS[reading]: value for reading, value in found.items()}


def kept_importance() -> pd.DataFrame:
    """Return what CUE is learnt from in the kept run: categories by variant and way.

    Examples
    --------
    >>> [*kept_importance().columns]
    ['climate', 'geography', 'structure', 'vegetation']
    """
    table = claims.kept_table("tao2023", "tao2023-importance")
    return table.pivot_table("importance", ["variant", "way"], "category", sort=False).sort_index(
        axis="columns"
    )


def with_one_number(learnt: network.Extrapolated, number: float) -> float:
    """Return the importance of climate for CUE when one number stands for all of its columns."""
    scaled = learnt.fitted.scaler.transform(learnt.x)
    columns = covariates.categories(scaled.columns)["climate"]
    truth = learnt.y[["eta_doc", "eta_ml", "eta_cl_ll", "tau_assim", "km_assim"]]

    def error(x: pd.DataFrame) -> float:
        made = learnt.fitted.on_scaled().predict(x)[truth.columns]
        return float(((made - truth) ** 2).to_numpy().sum())

    return error(scaled.assign(**dict.fromkeys(columns, number))) / error(scaled)
