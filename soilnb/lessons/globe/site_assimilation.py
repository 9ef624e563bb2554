"""One pit, many pits, and pits whose truth is known: the study of notebook *One soil profile*."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims, proda, results
from soilnb.explore.assimilation import shrinkage
from soilnb.lessons.globe import Sized
from soilnb.profile import clm5, compas
from soilnb.profile.forcing import VARIABLES

#: The two models.
MODELS = {"CLM5": clm5, "COMPAS": compas}

#: Parameters whose posterior the paper shows narrowed.
INFORMED = ("tau_enz_decay", "b", "eta_doc", "tau_mic")

#: Quantities of the whole system.
SYSTEM = [
    *("cue", "non_microbial_transfer", "decomposition_rate"),
    *("environmental_modifier", "input_allocation"),
]

#: Chains of the papers' length.
LONG = {"warmup": 20_000, "steps": 50_000, "samples": 2000}


@dataclass(frozen=True)
class Study(Sized):
    """Profiles and chains of one size.

    Attributes
    ----------
    size, seed : str, int
        As `study` takes them.
    profiles : Dataset
        All profiles.
    """

    profiles: xr.Dataset

    @property
    def source(self) -> str:
        """Where the profiles are from, in words."""
        return "ISRaD" if self.kind == "real" else "made-up profiles"

    @property
    def length(self) -> dict[str, int]:
        """Length of the chains of one pit."""
        return LONG if self.full else {"warmup": 4_000, "steps": 8_000, "samples": 600}

    @property
    def _many(self) -> dict[str, object]:
        """Chains of many profiles; size ``paper`` keeps what is finished and resumes."""
        if self.full:
            return dict(LONG)
        return {"warmup": 3000, "steps": 4000, "samples": 400, "prior_draws": 400, "jobs": 1}

    def pit(self, number: int) -> xr.Dataset:
        """Return one profile."""
        return self.profiles.isel(profile=number % self.profiles.sizes["profile"])

    def some(self, count: int) -> xr.Dataset:
        """Return a few profiles, spread over all."""
        last = self.profiles.sizes["profile"] - 1
        return self.profiles.isel(profile=np.unique(np.linspace(0, last, count).astype(int)))

    def assimilate(self, pit: xr.Dataset, model: str = "compas", **options: object) -> xr.Dataset:
        """Assimilate one pit."""
        return proda.assimilate(pit, model, seed=self.seed, **self.length, **options)

    def recover(self) -> tuple[int, xr.Dataset]:
        """Assimilate profiles whose truth is known; return how many, and what was found."""
        count = 120 if self.full else 12
        kept = results.root() / "paper" / "recovery" if self.full else None
        options = {"noise": True, "seed": self.seed, "folder": kept, "progress": self.full}
        return count, proda.recovery(count, "compas", **options, **self._many)

    @cached_property
    def chosen(self) -> xr.Dataset:
        """The profiles of the batch."""
        return self.profiles if self.full else self.some(6)

    @cached_property
    def batch(self) -> dict[str, xr.Dataset]:
        """Many profiles, assimilated with both models by the published sampler."""
        found = {}
        for name in MODELS:
            kept = results.root() / "paper" / "assimilation" / name if self.full else None
            options = {"seed": self.seed, "folder": kept, "progress": False, **self._many}
            found[name] = proda.assimilate(
                self.chosen, name.lower(), sampler="published", **options
            )
        return found

    def ratios(self) -> xr.Dataset:
        """Return K_m over its substrate in the upper 0.92 m of the profiles (Fig. 5)."""
        good = (self.batch["COMPAS"]["reason"] == "").values
        estimate = self.batch["COMPAS"]["estimate"].isel(profile=good)
        best = estimate.to_dataset("parameter").rename(profile="site")
        best = best.drop_vars("parameter_unit", errors="ignore")
        where = proda.observations.forcing_at(self.chosen.isel(profile=good))
        state = compas.steady_state(best, where)
        thickness = state["thickness"][:8]
        metre = (state["carbon"] * xr.DataArray(state["thickness"])).isel(layer=slice(0, 8))
        content = metre.sum("layer") / float(thickness.sum())
        return xr.Dataset(
            {
                "decomposition": best["km_decom"] / content.sel(pool="msoc", drop=True),
                "assimilation": best["km_assim"] / content.sel(pool="doc", drop=True),
            }
        ).where(state["feasible"])


def study(size: str = "quick", seed: int = 0) -> Study:
    """Return the profiles, and chains of a size.

    Examples
    --------
    >>> study().length["steps"]
    8000
    """
    return Study(size, seed, proda.observations.israd())


def forcing_table() -> pd.DataFrame:
    """Return what drives the models, with units (Table S3).

    Examples
    --------
    >>> [*forcing_table().columns]
    ['unit', 'meaning']
    """
    rows = {name: (v.unit, v.meaning) for name, v in VARIABLES.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["unit", "meaning"])
    return table.rename_axis("variable")


def layers(pit: xr.Dataset) -> pd.DataFrame:
    """Return the layers of a pit."""
    columns = ["top", "bottom", "organic_carbon", "bulk_density", "carbon_density"]
    return pit[columns].to_dataframe()[columns].dropna(how="all")


def violins(found: Mapping[str, xr.Dataset]) -> dict[str, tuple]:
    """Return posteriors in the unit cube, names, and the printed points, for Fig. S2."""
    scaled = {}
    for name, model in MODELS.items():
        posterior = found[name].posterior
        draws = {p: posterior[p].values.ravel() for p in model.NAMES}
        scaled[name] = (model.to_unit(draws), list(model.NAMES), model.to_unit("tao2024"))
    return scaled


def record_pit(found: Mapping[str, xr.Dataset], kind: str) -> None:
    """Note how much narrower than the prior the posteriors of one pit are."""
    narrower = {name: shrinkage(data) for name, data in found.items()}
    numbers = {f"conv-s2-{name}": 1 - float(narrower["COMPAS"][name]) for name in INFORMED}
    weak = float(np.mean(pd.concat(narrower.values()) < 0.3))
    claims.record_all(numbers | {"conv-identify": 100 * weak}, data=kind)


def agreement(batch: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Return how well the chains of many profiles agree and fit, by model."""
    rows = {
        name: {
            "profiles": int((data["reason"] == "").sum()),
            "G-R below 1.05 (%)": _share(data["gelman_rubin_mean"] < 1.05),
            "largest R-hat below 1.05 (%)": _share(data["r_hat_max"] < 1.05),
            "NSE above 0 (%)": _share(data["nse"] > 0),
            "median NSE": float(data["nse"].median()),
        }
        for name, data in batch.items()
    }
    return pd.DataFrame(rows)


def _share(yes: xr.DataArray) -> float:
    return 100 * float(yes.mean())


def record_ratios(ratios: xr.Dataset, kind: str) -> None:
    """Note in how many profiles K_m is more than a hundred times its substrate."""
    names = {"assim": "assimilation", "decom": "decomposition"}
    numbers = {k: _share(ratios[name].dropna("site") > 100) for k, name in names.items()}
    claims.record_all({f"conv-5-{k}": value for k, value in numbers.items()}, data=kind)


def ranks(recovered: xr.Dataset) -> pd.DataFrame:
    """Return the rank of the truth among the posterior's draws, profiles by parameters."""
    table = recovered["rank"].to_pandas()
    return table.set_axis(list(recovered["parameter"].values), axis=1)
