"""Roots, turnover and carbon by depth: the study of notebook *The whole profile*."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq

from soilnb import claims
from soilnb.data import by_layer, open_dataset
from soilnb.lessons import rests_on
from soilnb.profile import depth

#: Edges of the layers of the first metre, cm.
METRE = (0, 20, 40, 60, 80, 100)

#: Three ways to average turnover times.
AVERAGES = ["mean", "geometric_mean", "median"]


@dataclass(frozen=True)
class Profiles:
    """The data sets of this notebook, and what follows from them layer by layer.

    Attributes
    ----------
    size, seed : str, int
        As `profiles` takes them.
    """

    size: str
    seed: int

    @cached_property
    def roots(self) -> xr.Dataset:
        """Depths above which 50 and 95 % of the roots lie."""
        return open_dataset("roots")

    @cached_property
    def turnover(self) -> xr.Dataset:
        """Turnover times in five layers."""
        return open_dataset("turnover")

    @cached_property
    def layers(self) -> xr.Dataset:
        """Carbon content and density, layer by layer."""
        return by_layer.soil_layers()

    @cached_property
    def shares(self) -> xr.DataArray:
        """Share of the roots in each layer, by place."""
        return by_layer.root_shares(self.roots)

    @cached_property
    def production(self) -> xr.Dataset:
        """Belowground production in each layer, derived."""
        return by_layer.belowground(self.roots)

    @cached_property
    def metre(self) -> xr.Dataset:
        """Carbon in the layers of the first metre."""
        return by_layer.carbon_by_layer(self.layers, edges=METRE)

    @cached_property
    def times(self) -> xr.Dataset:
        """Averages of turnover times by layer, extrapolated below one metre."""
        found = by_layer.extrapolated(by_layer.turnover_by_layer(self.turnover))
        return found.assign_attrs(paper_depth=(10, 175), paper_years=(50, 4000))

    @cached_property
    def cold(self) -> np.ndarray:
        """Which turnover profiles are of the tundra or of boreal forests."""
        return np.isin(self.turnover["biome"], ["Boreal forests", "Tundra"])

    def root_line(self):
        """Return the straight line through the logarithm of root density."""
        density = self.shares.mean("profile") / self.shares["thickness"]
        return by_layer.line(density["depth"], np.log(density))

    def roots_per_carbon(self) -> np.ndarray:
        """Return how much of the roots a layer has per share of the carbon, in the first metre."""
        share = by_layer.root_shares(self.roots, edges=METRE).mean("profile")
        return (share / self.metre["share"].mean("profile")).values

    def densities(self) -> tuple[float, float, np.ndarray]:
        """Return mean carbon density above and below 30 cm, and the ratio in each profile."""
        split = by_layer.carbon_by_layer(self.layers, edges=(0, 30, 100))["density"]
        top, sub = split.mean("profile").values
        return float(top), float(sub), (split.isel(layer=1) / split.isel(layer=0)).values

    def record_roots_and_carbon(self) -> None:
        """Note what falls with depth, and how fast."""
        percent = 100 * float(self.shares.mean("profile")[0])
        numbers = {"luo-roots": percent, "luo-shape": self.root_line().r2 > 0.9}
        claims.record_all(numbers, data=rests_on(self.roots))
        top, sub, _ = self.densities()
        claims.record("luo-density", sub / top, data=rests_on(self.layers))
        falls = bool((np.diff(self.roots_per_carbon()) < 0).all())
        claims.record("luo-decline", falls, data=rests_on(self.roots, self.layers))

    @cached_property
    def trial(self) -> xr.Dataset:
        """Fine roots and carbon of a field trial, with a line in each layer."""
        paired = by_layer.paired(open_dataset("silsoe"))
        return by_layer.regressed(paired, "root_length", "carbon")

    def figure(self) -> tuple[xr.Dataset, ...]:
        """Return what Fig. 1 shows: shares by depth, times, the trial, and the product."""
        carbon = by_layer.carbon_by_layer(self.layers)
        shown = by_layer.summary(
            roots=self.shares, BNPP=self.production["bnpp"], SOC=carbon["share"]
        )
        kinds = {"roots": self.roots, "roots × NPP formula": self.roots, "israd": self.layers}
        said = [
            f"{'synthetic ' * (rests_on(data) == 'synthetic')}{name}, n = {count}"
            for (name, data), count in zip(kinds.items(), shown["n"].values, strict=True)
        ]
        number = 2000 if self.size == "paper" else 400
        pairs = by_layer.derived_stock(
            self.production, self.turnover, seed=self.seed, profiles=number
        )
        made = by_layer.regressed(pairs, "bnpp", "stock", log=True)
        return shown.assign(source=("kind", said)), self.times, self.trial, made

    def record_figure(self) -> None:
        """Note the numbers of Fig. 1b and c."""
        data = rests_on(self.turnover)
        crops = by_layer.turnover_by_layer(self.turnover, "Crops")
        line = by_layer.exponential(crops["depth"], crops["mean"])
        deep, top = self.times.isel(layer=-1), self.times.isel(layer=0)
        numbers = {
            "luo-tau-top": float(top["mean"]),
            "luo-tau-median": float(deep["mean"] / deep["median"]),
            "luo-crop-efolding": line.efolding,
        }
        why = "" if data == "real" else "the twin's scatter is not that of the crops"
        claims.record_all(numbers, data=data, cause={"luo-crop-efolding": why})
        extrapolated = "extrapolated from 1 m; "
        for name in AVERAGES:
            far = by_layer.exponential(self.times["depth"], self.times[name]).at(175)
            about = {"data": data, "variant": name.replace("_", " ")}
            why = extrapolated + "the average decides"
            claims.record("luo-tau-deep", float(far), cause=why, **about)
        why = extrapolated + "croplands turn over faster than the globe"
        about = {"data": data, "variant": "mean of crops", "cause": why}
        claims.record("luo-tau-deep", float(line.at(175)), **about)
        across = by_layer.line(np.log10(self.trial["root_length"]), self.trial["carbon"]).r2
        numbers = {"luo-1c-within": float(self.trial["r2"].max()), "luo-1c-across": across}
        claims.record_all(numbers, data=rests_on(open_dataset("silsoe")))

    def implied(self) -> xr.Dataset:
        """Return the stock that each average of the times implies with the input, beside ours."""
        first = self.production["bnpp"].mean("profile").isel(layer=slice(0, 5))
        found = first / 1000 * self.times[AVERAGES]
        stock = self.metre["density"] * self.metre["thickness"] / 100
        found["measured"] = stock.mean("profile")
        number = self.metre.sizes["profile"]
        about = {"data": f"israd, n = {number}; BNPP derived"}
        return found.assign_attrs(about, provenance=rests_on(self.layers))

    def tagged(self) -> xr.Dataset:
        """Return the turnover times with a mark for the cold ones."""
        number = int(self.times["n"].isel(layer=-1))
        cold = self.turnover.assign(cold=("profile", self.cold))
        return cold.assign_attrs(data=f"turnover, n = {number}")

    def in_the_mean(self) -> tuple[float, float, float]:
        """Return the share of cold biomes in the mean at 80-100 cm, the slowest time, its share."""
        last = self.turnover["turnover_time"].isel(layer=-1)
        whole = float(last.sum())
        return float(last[self.cold].sum()) / whole, float(last.max()), float(last.max()) / whole

    @cached_property
    def jars(self) -> tuple[xr.Dataset, ...]:
        """Incubations: activity by depth, primed, sieved, and the rate in the field."""
        sidb, median = open_dataset("sidb"), self.times["median"]
        activity = by_layer.activity(sidb)
        activity.attrs["data"] = f"sidb, n = {activity.sizes['jar']} jars; field: turnover"
        primed = by_layer.side_by_side(sidb, "cellulose", "cellulose_amended", "control")
        sieved = by_layer.side_by_side(sidb, "disturbance", "sieved", "undisturbed")
        rate = xr.Dataset({"relative": median.isel(layer=0, drop=True) / median})
        return activity, primed, sieved, rate

    def from_the_deep(self) -> xr.DataArray:
        """Return the activity of jars from below 60 cm, relative to the topsoil."""
        activity = self.jars[0]
        return activity.isel(jar=(activity["depth"] > 60).values)["relative"]

    def record_jars(self) -> None:
        """Note what incubations say of soil from the deep."""
        median, end = float(self.from_the_deep().median()), float(self.jars[1]["ratio"][0, -1])
        numbers = {
            "luo-activity": median < 1,
            "luo-activity-ratio": median,
            "luo-priming": end > 1,
            "luo-priming-size": 100 * (end - 1),
        }
        claims.record_all(numbers, data=rests_on(open_dataset("sidb")))


def profiles(size: str = "quick", seed: int = 0) -> Profiles:
    """Return the data by layer; `size` and `seed` decide the pairs of the model panel.

    Examples
    --------
    >>> 50 < 100 * float(profiles().shares.mean("profile")[0]) < 70
    True
    """
    return Profiles(size, seed)


def record_model(spans: pd.DataFrame, fates: xr.Dataset) -> None:
    """Note what shapes a profile, and what becomes of carbon that enters it.

    Parameters
    ----------
    spans, fates
        As from `soilnb.explore.profile`: ``spans()`` and ``entering()``.
    """
    width = (spans["deep_high"] - spans["deep_low"]).abs()
    transport = width[spans["kind"] == "transport"].max()
    two = fates.sel(reading="two materials")
    claims.record_all(
        {
            "luo-transport": bool(width[["root_beta", "decay_depth"]].min() > transport),
            "luo-persist": float(two["mean"][-1] / two["mean"][0]) > 1,
            "luo-persist-median": float(two["median"][-1]),
        }
    )


def beta_of(share: float, edges) -> float:
    """Return the β of roots with so large a share in the top 20 cm.

    Examples
    --------
    >>> round(beta_of(0.6, [0, 0.2, 1.0, 2.0]), 2)
    0.96
    """
    return brentq(lambda b: depth.root_shares(np.asarray(edges), b)[0] - share, 0.8, 0.99)


def bred() -> tuple[float, float]:
    """Return what a tenth of the top roots, grown at 1-2 m instead, store at rest and in 30 years.

    Examples
    --------
    >>> rest, soon = bred()
    >>> 0 < soon < 0.1 * rest
    True
    """
    edges = depth.grid(2.0)
    old = depth.root_shares(edges, 0.961)
    gone = 0.1 * old * (edges[1:] <= 0.2)
    deeper = old - gone + gone.sum() * depth.layer_shares(edges, 1.0, 2.0)
    before = depth.steady_state(depth.profile("cropland", edges=edges, roots=old))
    crop = depth.profile("cropland", edges=edges, roots=deeper)
    after = depth.simulate(crop, [0.0, 30.0], initial=before)
    rest = float(depth.steady_state(crop)["stock"] - before["stock"])
    return rest, float(after["stock"][-1] - before["stock"])
