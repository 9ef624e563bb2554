"""What the forcing, and the uncertainty of the sites, do to the maps of COMPAS and CLM5.

    python -m experiments.climate_runs

All profiles are assimilated with a quarter of the papers' steps by the published sampler, with the
annual and with the monthly variant of the forcing; those that pass the papers' rules once more by
adaptive Metropolis, whose states are draws of the posterior. Each profile is written when it is
done: a second call goes on where the first one stopped. What is kept, and how it is read, stands in
`soilnb.claims.climate_runs`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from soilnb import proda, results
from soilnb.claims import baseline, climate_runs
from soilnb.data import open_dataset, rasters
from soilnb.lessons.globe.proda_globe import VARIANTS
from soilnb.proda import covariates, globe, network
from soilnb.proda.cube import READINGS
from soilnb.proda.observations.site_forcing import POINT
from soilnb.profile import forcing
from soilnb.profile.forcing import kernel_forcing

#: A quarter of the papers' chains, and the states kept of each posterior.
LENGTH = {"warmup": 5000, "steps": 12_500, "samples": 500, "draws": 50}
READING = READINGS["published"]

#: Members of each ensemble.
MEMBERS = 200

#: Of the seasons: a round number, between the 1.5 of CLM5 and the 2.1 of COMPAS, and not fitted.
Q10 = 2.0

#: Layers whose decay a chamber on the soil sees: to 20 cm.
UPPER = slice(0, 4)


def assimilated(profiles, variant, sampler):
    """Assimilate all profiles with a variant of the forcing."""
    return proda.assimilate(
        profiles, "compas", sampler=sampler, **READING, seed=0, **LENGTH,
        forcing=proda.observations.forcing_at(profiles, variant=variant),
        folder=results.root() / "paper" / "climate" / f"{variant}-{sampler}",
    )  # fmt: skip


# --- maps with each forcing -----------------------------------------------------------------


def described(name, world, reference):
    """Return a row of the table: what a map holds, and how like another one it is."""
    kept = world["kept"].values
    stock = world["stock"].sel(to_depth=1.0)
    zones = globe.by_zone(world)["stock"].sel(to_depth=1.0, statistic="median")
    both = kept & reference["kept"].values
    pair = [np.log(one["stock"].sel(to_depth=1.0).values[both]) for one in (world, reference)]
    cue = float(world["cue"].median()) if "cue" in world else np.nan
    return {
        **name,
        "cells": int(kept.sum()),
        "total, Pg": float(globe.total(world)["stock"].sel(to_depth=1.0)),
        **{f"{zone}, kg m-2": float(zones.sel(climate_zone=zone)) for zone in globe.CLIMATE_ZONES},
        "median, kg m-2": float(stock.where(world["kept"]).median()),
        "modifier": float(world["environmental_modifier"].where(world["kept"]).median()),
        "CUE": cue,
        "r with annual": float(np.corrcoef(*pair)[0, 1]),
    }


def forcings(planets, runs, profiles):
    """Return the table of maps by model, parameters and forcing."""
    cases = {
        **planets,
        "monthly, air never short": globe.planet(testbed(), variant="monthly", oxygen=1.0),
        "annual, nitrogen 0.5": globe.planet(testbed(), nitrogen=0.5),
    }
    rows = []
    for model in ("CLM5", "COMPAS"):
        worlds = {
            name: globe.maps("tao2024", cells, model.lower()) for name, cells in cases.items()
        }
        for name, world in worlds.items():
            about = {"model": model, "parameters": "printed", "forcing": name}
            rows.append(described(about, world, worlds["annual"]))
    learnt = {}
    for name, run in runs.items():
        found = network.extrapolate(run, profiles, planets[name], method="small", seed=0)
        learnt[name] = globe.maps(found.parameters, found.cells, "compas", k_system="published")
    same = np.intersect1d(*(world["site"].values for world in learnt.values()))
    learnt = {name: world.sel(site=same) for name, world in learnt.items()}
    for name, world in learnt.items():
        about = {"model": "COMPAS", "parameters": "learnt anew", "forcing": name}
        rows.append(described(about, world, learnt["annual"]))
    return pd.DataFrame(rows)


def flagged(planets):
    """Return the share of the area that is flagged, and of the stock of printed CLM5, %."""
    cells = planets["monthly"]
    world = globe.maps("tao2024", cells, "clm5", components=False)
    area = cells["area"]
    carbon = world["stock"].sel(to_depth=1.0).where(world["kept"], 0.0) * area
    return {
        name: [float(100 * one.where(cells[name], 0.0).sum() / one.sum()) for one in (area, carbon)]
        for name in ("permafrost", "peat")
    }


def testbed():
    """Return the real grid; its twin is refused."""
    return open_dataset("testbed", twin=False)


# --- seasons --------------------------------------------------------------------------------


def seasons():
    """Return how soil respiration differs between seasons, as measured and as the forcing has it.

    A place is the mean logarithm of its records. Summer is June to August, in the south December to
    February; the wet season is the half of the year in which the zone has its rain.
    """
    rows = []
    for pair, months in (("summer", "winter"), 3), (("wet", "dry"), 6):
        places = measured(*pair)
        sign = np.ones(len(places))
        if pair[0] == "wet":
            sign = np.sign(forcing.rain_seasonality(places["zone"].to_numpy()))
            places, sign = places[sign != 0], sign[sign != 0]
        for name, ratio in modelled(places, sign, months).items():
            seen = places["ratio"].to_numpy()
            rows.append({
                "contrast": " over ".join(pair), "forcing": name, "places": len(places),
                "measured, median factor": float(np.exp(np.median(seen))),
                "median factor": float(np.exp(np.median(ratio))),
                "r of logarithms": float(np.corrcoef(seen, ratio)[0, 1]) if ratio.std() else np.nan,
                "rmse of logarithms": float(np.sqrt(np.mean((ratio - seen) ** 2))),
            })  # fmt: skip
    return pd.DataFrame(rows)


def measured(more, less):
    """Return places with the logarithm of respiration in one season over that in another."""
    found = open_dataset("srdb", twin=False)
    names = ["temperature", "precipitation", f"respiration_{more}", f"respiration_{less}"]
    table = found[[*names, "manipulation"]].to_dataframe().dropna(subset=[*names, "latitude"])
    table = table[table["manipulation"].isin(["", "None"])]
    table = table[(table[names[2:]] > 0).all(axis=1)]
    table["ratio"] = np.log(table[names[2]] / table[names[3]])
    place = [table["latitude"].round(1), table["longitude"].round(1)]
    columns = ["temperature", "precipitation", "ratio"]
    rows = table.groupby(place)[columns].mean().reset_index()
    rows["zone"] = rasters.koppen_zones(rows["latitude"], rows["longitude"], POINT)
    return rows[rows["zone"] != ""].reset_index(drop=True)


def modelled(places, sign, months):
    """Return the logarithm of the modifier in the first season over that in the second."""
    zone, latitude = places["zone"].to_numpy(), places["latitude"].to_numpy()
    about = (places["temperature"], forcing.seasonality(latitude, zone), places["precipitation"])
    peak = np.where((latitude < 0) ^ (sign < 0), 0, 6)
    inside = [(np.arange(12) - (m - months // 2)) % 12 < months for m in peak]
    found = {}
    for variant in forcing.VARIANTS:
        place = forcing.from_climate(
            *(np.asarray(values) for values in about), latitude=latitude, variant=variant,
            rain_seasonality=forcing.rain_seasonality(zone),
        )  # fmt: skip
        column = kernel_forcing.prepare(place).columns
        warmth = Q10**column.warmth
        slowed = warmth * column.water * column.oxygen
        found |= {variant: slowed} | ({} if "temperature alone" in found else
                                      {"temperature alone": warmth})  # fmt: skip
    ratios = {}
    for name, values in found.items():
        upper = values[:, :, UPPER].mean(axis=2)
        opposite = [np.roll(here, 6) for here in inside]
        ratios[name] = np.array([
            np.log(year[one].mean() / year[other].mean())
            for year, one, other in zip(upper, inside, opposite, strict=True)
        ])  # fmt: skip
    return ratios


# --- ensembles ------------------------------------------------------------------------------


def ensembles(runs, profiles, planet):
    """Return global stocks by what the members differ in, and mean and spread of each cell.

    Classes are left out of the covariates: a member whose sites lack a class has no prediction
    there, and the stocks would be those of fewer cells.
    """
    known, everywhere = (
        covariates.frame(places, grid=planet, quiet=True).filter(regex="^[^=]*$")
        for places in (profiles, planet)
    )
    x, mean = network.match(known, network.targets(runs["published"]), quiet=True)

    def states(sampler):
        every = runs[sampler]
        tables = (network.targets(every, select="all", statistic="draw", seed=k)
                  for k in range(MEMBERS))  # fmt: skip
        return [table.loc[x.index] for table in tables]

    drawn = {sampler: states(sampler) for sampler in runs}
    cases = {
        "best estimates of all sites": ([mean], "all"),
        "sites drawn, best estimates": (mean, "separate"),
        "states of the published search": (drawn["published"], "all"),
        "draws of the posteriors": (drawn["adaptive-metropolis"], "all"),
        "sites drawn, and draws of the posteriors": (drawn["adaptive-metropolis"], "separate"),
    }
    totals = {}
    for name, (y, draw) in cases.items():
        scaler = covariates.Scaler.of(everywhere)
        many = network.bootstrap(
            x,
            y,
            size=1 if name.startswith("best") else MEMBERS,
            method="ridge",
            draw=draw,
            scaler=scaler,
            progress=False,
        )
        parameters = network.to_parameters(many.predict(everywhere, quiet=True), **READING)
        land = planet.sel(site=parameters["site"].values)
        world = globe.maps(parameters, land, "compas", components=False, progress=False)
        totals[name] = world["member_total"].sel(to_depth=1.0).values.tolist()
    stock = world.sel(to_depth=1.0)  # of the last ensemble, which carries both
    cells = {name: stock[name].values.tolist()
             for name in ("latitude", "longitude", "stock", "stock_sd")}  # fmt: skip
    return totals, cells


def main() -> None:
    """Make and keep the tables and the ensembles."""
    # What is kept is called real: made-up data are refused.
    profiles = proda.observations.israd(twin=False)
    planets = {name: globe.planet(testbed(), variant=name) for name in forcing.VARIANTS}
    published = {name: assimilated(profiles, name, "published") for name in forcing.VARIANTS}
    good = network.targets(published["annual"]).index
    posterior = assimilated(profiles.sel(profile=good), "annual", "adaptive-metropolis")
    kept = baseline.head(
        climate_runs.NAME, command=climate_runs.COMMAND, data="real", sources=climate_runs.SOURCES
    )
    number, arm = profiles.sizes["profile"], VARIANTS["published"].partition(" (")[0]
    kept["made"] = f"ISRaD, {number} profiles, {arm}, a quarter of the steps"
    tables = {"forcings": forcings(planets, published, profiles), "seasons": seasons()}
    for name, table in tables.items():
        print(table.round(3).to_string())
        kept[name] = [{key: baseline.short(value) for key, value in row.items()}
                      for row in table.to_dict("records")]  # fmt: skip
    kept["flagged"] = flagged(planets)
    runs = {"published": published["annual"], "adaptive-metropolis": posterior}
    totals, cells = ensembles(runs, profiles, planets["annual"])
    for name, values in (("totals", totals), ("cells", cells)):
        kept[name] = {key: [baseline.short(v) for v in row] for key, row in values.items()}
    baseline.write(kept)
    print(pd.DataFrame.from_dict(totals, orient="index").T.describe().round(1).to_string())


if __name__ == "__main__":
    main()
