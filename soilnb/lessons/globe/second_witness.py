"""Radiocarbon as a second witness: the study of notebook *Second witness*.

Every profile is assimilated twice, with carbon alone and with radiocarbon beside it: first made-up
ones of known truth, then measured ones. What a study at full size found is kept as the versioned
baseline ``runs/witness``, which ``experiments/witness_runs.py`` makes; no observation is in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import proda, results
from soilnb.claims import baseline
from soilnb.data import open_dataset
from soilnb.lessons import rests_on
from soilnb.lessons.globe import Sized
from soilnb.profile import forcing, grid
from soilnb.profile.model import air, models

COMMAND = "python -m experiments.witness_runs"

#: Name of the baseline, and whose sources decide it.
NAME, SOURCES = "runs/witness", "tao2023"

#: The models, and what each profile is asked for.
MODELS = {"COMPAS": "compas", "CLM5": "clm5"}
WITNESSES = {"carbon": ("carbon",), "with radiocarbon": ("carbon", "radiocarbon")}

#: Chains by size of the study; profiles of known truth, and measured ones.
LENGTHS = {
    "quick": {"warmup": 600, "steps": 1200, "samples": 100, "prior_draws": 400},
    "paper": {"warmup": 5000, "steps": 10_000, "samples": 500},
}
KNOWN, MEASURED = {"quick": 2, "paper": 200}, {"quick": 2, "paper": 513}

#: Of what profiles say, what is kept: quantiles over the profiles.
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)

#: Depth down to which radiocarbon is drawn, m, and rows of the figure of what is narrowed.
SHOWN, ROWS = 2.0, 9

#: Turnover times without a model (data set ``turnover``): what they rest on, their layers, m, and
#: how near a pit is the same one, degrees.
PITS, SLABS, SAME = "ISRaD and root litter", np.linspace(0.0, 1.0, 6), 0.001

#: How turnover times are told: by which witness, and with which parameters of a profile.
TOLD = {
    "middle of the prior": ("carbon", "prior_mean"),
    **{witness: (witness, "estimate") for witness in WITNESSES},
}


@dataclass(frozen=True)
class Study(Sized):
    """Profiles that are assimilated with one witness and with two.

    Attributes
    ----------
    size, seed : str, int
        As `study` takes them.
    """

    @cached_property
    def profiles(self) -> xr.Dataset:
        """The measured profiles that have radiocarbon; a few studies in turn."""
        every = proda.observations.israd()
        dated = every["radiocarbon"].notnull().any("layer") & every["sampling_year"].notnull()
        every = every.isel(profile=np.flatnonzero(dated))
        mixed = every["study"].to_series().sample(frac=1, random_state=self.seed)
        turn = mixed.groupby(mixed).cumcount().sort_values(kind="stable")
        return every.sel(profile=turn.index[: MEASURED[self.size]])

    def known(self, model: str, witness: str, **options: object) -> pd.DataFrame:
        """Return what made-up profiles of known truth say, one row a profile and name.

        ``ratio`` is posterior over prior sd, ``covered`` whether the 90 % interval holds the truth.
        """
        found = proda.recovery(
            KNOWN[self.size], MODELS[model], noise=True, seed=self.seed,
            constraints=WITNESSES[witness], **LENGTHS[self.size], **options,
        )  # fmt: skip
        return _ratios(found).assign(model=model, witness=witness, profiles="known truth")

    def assimilated(self, model: str, witness: str, **options: object) -> xr.Dataset:
        """Assimilate the measured profiles."""
        return proda.assimilate(
            self.profiles, MODELS[model], seed=self.seed, constraints=WITNESSES[witness],
            **LENGTHS[self.size], **options,
        )  # fmt: skip

    def measured(self, model: str, witness: str, **options: object) -> pd.DataFrame:
        """Return the same of measured profiles, with what they say of ages; without a truth."""
        found = self.assimilated(model, witness, **options)
        return _ratios(found).assign(model=model, witness=witness, profiles="measured")

    def stays(self, found: xr.Dataset, model: str, told: str) -> pd.DataFrame:
        """Return how long carbon stays in each of `SLABS` at the measured profiles.

        Parameters
        ----------
        found : Dataset
            As of `assimilated`.
        model, told : str
            Keys of `MODELS` and `TOLD`.

        Returns
        -------
        DataFrame
            Index profile, a column for each layer: carbon over what is respired there, yr. Without
            profiles that have no steady state.
        """
        asked, numbers = models()[MODELS[model]], found[TOLD[told][1]]
        place = proda.observations.forcing_at(self.profiles)
        parameters = {name: numbers.sel(parameter=name).values for name in asked.names}
        rest = asked.steady_state(place, parameters)
        good = np.flatnonzero(rest["feasible"].values & (found["reason"] == "").values)
        chosen = {name: values[good] for name, values in parameters.items()}
        times = asked.ages(place.isel(site=good), chosen)["turnover_time"].values
        carbon = rest["carbon"].isel(site=good, pool=asked.soil).sum("pool").values
        parts = np.array([grid.overlap(*pair) for pair in itertools.pairwise(SLABS)])
        years = (carbon @ parts.T) / ((carbon / times) @ parts.T)
        return pd.DataFrame(years, self.profiles["profile"].values[good], slabs())

    @cached_property
    def pits(self) -> pd.DataFrame:
        """Turnover times of the same pits in the data set ``turnover``; rows without a gap."""
        record = open_dataset("turnover")
        apart = np.hypot(*(
            self.profiles[name].values[:, np.newaxis] - record[name].values
            for name in ("latitude", "longitude")
        ))  # fmt: skip
        times = pd.DataFrame(record["turnover_time"].values, columns=slabs())
        rows = {
            label: times[near].median()
            for label, near in zip(self.profiles["profile"].values, apart < SAME, strict=True)
        }
        return pd.DataFrame(rows).T.dropna()

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Everything, computed here."""
        plain = {"jobs": 1, "progress": False}
        return pd.concat(
            [
                of(model, witness, **plain)
                for of in (self.known, self.measured)
                for model in MODELS
                for witness in WITNESSES
            ]
        )


def study(size: str = "quick", seed: int = 0) -> Study:
    """Return the study of a size.

    Examples
    --------
    >>> study().profiles["radiocarbon"].notnull().any("layer").all().item()
    True
    """
    return Study(size, seed)


def slabs() -> list[str]:
    """Return the names of `SLABS`, such as ``20-40 cm``."""
    return [f"{100 * top:.0f}–{100 * bottom:.0f} cm" for top, bottom in itertools.pairwise(SLABS)]


def _ratios(found: xr.Dataset) -> pd.DataFrame:
    """Return rows of (profile, name): posterior over prior sd, coverage, mean, and the fit."""
    used = found.isel(profile=np.flatnonzero(found["reason"] == ""))
    tables = []
    for kind, prefix in (("parameter", ""), ("metric", "metric_")):
        ratio = used[f"{prefix}sd"] / used[f"{prefix}prior_sd"]
        columns = {"ratio": ratio, "mean": used[f"{prefix}mean"]}
        if f"{prefix}covered" in used:
            columns["covered"] = used[f"{prefix}covered"]
        table = xr.Dataset(columns).to_dataframe()[list(columns)].reset_index()
        tables.append(table.rename(columns={kind: "name"}).assign(kind=kind))
    rows = pd.concat(tables)
    for name in ("nse_predictive", "radiocarbon_rmse", "r_hat_max"):
        if name in used:
            rows[name] = rows["profile"].map(used[name].to_series())
    return rows


# --- what is kept, and what it says -----------------------------------------------------------


def informed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return posterior over prior sd, quantiles over the profiles, a row a model and name.

    Returns
    -------
    DataFrame
        Index (profiles, model, kind, name, witness); columns the quantiles, the share of
        profiles whose 90 % interval ``covered`` the truth, and the number of ``profiles``.
    """
    by = rows.groupby(["profiles", "model", "kind", "name", "witness"], sort=False)
    table = by["ratio"].quantile(list(QUANTILES)).unstack()
    table["covered"] = by["covered"].mean() if "covered" in rows else np.nan
    table["mean"] = by["mean"].median()
    return table.assign(number=by.size())


def fits(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how well the measured profiles are fitted: medians over them."""
    once = rows[rows["profiles"] == "measured"].drop_duplicates(["model", "witness", "profile"])
    by = once.groupby(["model", "witness"], sort=False)
    columns = [name for name in ("nse_predictive", "radiocarbon_rmse") if name in once]
    table = by[columns].median()
    return table.assign(
        converged=by["r_hat_max"].agg(lambda x: (x < 1.05).mean()), number=by.size()
    )


def persistence(stays: Mapping[tuple[str, str], pd.DataFrame], pits: pd.DataFrame) -> pd.DataFrame:
    """Return turnover times by model, as it is told, and layer, beside estimates without a model.

    Parameters
    ----------
    stays : mapping of (model, told) to DataFrame
        As of `Study.stays`.
    pits : DataFrame
        As of `Study.pits`: only these profiles are counted.

    Returns
    -------
    DataFrame
        Index (model, told, layer), of the estimates ``(PITS, "")``; quantiles over the profiles of
        25, 50 and 75 %, yr, their ``number``, and ``r`` of the logarithms with the estimates.
    """
    found = {}
    for who, years in {(PITS, ""): pits, **stays}.items():
        both = pits.index.intersection(years.index)
        for layer in pits:
            mine, seen = np.log(years.loc[both, layer]), np.log(pits.loc[both, layer])
            quarters = np.exp(mine.quantile([0.25, 0.5, 0.75])).to_dict()
            found[*who, layer] = quarters | {"number": len(both), "r": mine.corr(seen)}
    return pd.DataFrame(found).T.rename_axis(["model", "told", "layer"])


def write(
    rows: pd.DataFrame, stays: pd.DataFrame, *, made: str, data: str, size: str = "paper"
) -> None:
    """Keep what a study found as the baseline: no observation is in it.

    Parameters
    ----------
    rows, stays : DataFrame
        As of `Study.rows` and `persistence`.
    made : str
        What was run on what, in words.
    data : {"real", "synthetic"}
        What the profiles are.
    size : {"paper", "quick"}
        Size of the study.
    """
    kept = baseline.head(NAME, command=COMMAND, data=data, sources=SOURCES, size=size)
    kept["made"] = made
    tables = {"informed": informed(rows), "fits": fits(rows), "stays": stays}
    for name, table in tables.items():
        records = table.reset_index().rename(columns=str).to_dict("records")
        kept[name] = [{key: baseline.short(value) for key, value in row.items()} for row in records]
    baseline.write(kept)


def full() -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return the kept tables `informed` and `fits`, and what a figure of them says below it.

    Examples
    --------
    >>> table, fitted, note = full()
    >>> table.index.names
    FrozenList(['profiles', 'model', 'kind', 'name', 'witness'])
    """
    kept = baseline.needed(NAME, COMMAND)
    table = pd.DataFrame(kept["informed"])
    table = table.rename(columns={str(q): q for q in QUANTILES})
    index = ["profiles", "model", "kind", "name", "witness"]
    fitted = pd.DataFrame(kept["fits"]).set_index(["model", "witness"])
    return table.set_index(index), fitted, f"{kept['made']}, kept"


def kept_times() -> tuple[pd.DataFrame, str]:
    """Return the kept table of `persistence`, and what a figure of it says below it.

    Examples
    --------
    >>> kept_times()[0].index.names
    FrozenList(['model', 'told', 'layer'])
    """
    kept = baseline.needed(NAME, COMMAND)
    table = pd.DataFrame(kept["stays"]).rename(columns={str(q): q for q in (0.25, 0.5, 0.75)})
    table = table.set_index(["model", "told", "layer"])
    pits = int(table["number"].iloc[0])
    return table, f"{pits} pits, ISRaD and Sierra et al. 2024, kept"


def sharpened(table: pd.DataFrame, profiles: str = "measured", least: float = 0.1) -> pd.DataFrame:
    """Return what the second witness narrows: median posterior over prior sd, without and with.

    Parameters
    ----------
    table : DataFrame
        As from `informed`.
    profiles : {"measured", "known truth"}
        Which.
    least : float
        Rows whose ratio falls by less are left out.

    Returns
    -------
    DataFrame
        Index (model, name); a column for each of `WITNESSES`. The most narrowed is first,
        and with it the other rows of its model.
    """
    wide = table.loc[profiles][0.5].unstack("witness")[list(WITNESSES)]
    fall = wide["carbon"] - wide["with radiocarbon"]
    order = fall[fall >= least].sort_values(ascending=False, kind="stable").index
    models = list(dict.fromkeys(order.get_level_values("model")))
    together = sorted(order, key=lambda row: models.index(row[order.names.index("model")]))
    return wide.loc[together].droplevel("kind")


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return medians of what the second witness narrows most, as the figure takes them.

    Index (profiles, model, name), a column for each of `WITNESSES`; `ROWS` names a model.
    """
    wide = table[0.5].unstack("witness")[list(WITNESSES)].droplevel("kind")
    fall = (wide["carbon"] - wide["with radiocarbon"]).groupby(["model", "name"]).max()
    fall = fall.sort_values(ascending=False, kind="stable").groupby("model").head(ROWS)
    order = fall.sort_index(
        level="model", key=lambda of: of.map([*MODELS].index), sort_remaining=False, kind="stable"
    ).index
    parts = {kind: wide.loc[kind].reindex(order) for kind in wide.index.unique("profiles")}
    return pd.concat(parts, names=["profiles"])


def by_year(years: tuple[int, ...] = (1950, 1965, 1990, 2015)) -> tuple[xr.DataArray, str]:
    """Return Delta14C by depth of both models at a temperate place, for years of sampling.

    Over (model, year, layer), permil, down to `SHOWN`; and what the air rests on.
    """
    record, place = open_dataset("atmosphere14c"), forcing.example("temperate")
    histories = [air.history(year, record=record) for year in years]
    found = [
        [models()[name].radiocarbon(place, one)["sample_delta14c"] for one in histories]
        for name in MODELS.values()
    ]
    stacked = xr.concat([xr.concat(row, "year") for row in found], "model")
    stacked = stacked.assign_coords(model=list(MODELS), year=list(years))
    return stacked.isel(layer=stacked["depth"].values < SHOWN), rests_on(record)


def folder() -> object:
    """Return where a study at full size keeps what is finished."""
    return results.root() / "paper" / "witness"
