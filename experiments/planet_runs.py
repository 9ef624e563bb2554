"""Make the full-size maps that notebooks 34 and 36 show: all profiles, the papers' chains.

For COMPAS an ensemble learns as well, each member from sites drawn anew.

    python -m experiments.planet_runs

Each profile is written when it is assimilated: a second call goes on where the first one stopped.
What is kept, and how it is read, stands in `soilnb.claims.planet_runs`.
"""

from __future__ import annotations

from soilnb import proda, results
from soilnb.claims import planet_runs
from soilnb.data import open_dataset
from soilnb.lessons.globe.proda_globe import FOLDERS, VARIANTS
from soilnb.proda import covariates, cue_soc, globe, network
from soilnb.proda.cube import READINGS

#: Chains of the papers' length.
LENGTH = {"warmup": 20_000, "steps": 50_000, "samples": 2000}

#: How enzymes of COMPAS are counted.
READING = "published"

#: Folder of each assimilation, as the notebooks have it, and how enzymes are counted.
RUNS = {"COMPAS": (FOLDERS[READING], READING), "CLM5": ("CLM5", "table")}

#: Members of the ensemble.
MEMBERS = 200


def assimilated(model, profiles):
    """Assimilate all profiles with a model, as the notebooks do in size paper."""
    name, reading = RUNS[model]
    folder = results.root() / "paper" / "assimilation" / name
    return proda.assimilate(
        profiles, model.lower(), sampler="published", **READINGS[reading], seed=0, folder=folder,
        **LENGTH,
    )  # fmt: skip


def ensemble(learnt):
    """Map what members learn from sites drawn anew, as the notebooks do in size paper."""
    members = network.bootstrap(
        learnt.x, learnt.y, size=MEMBERS, method="small", scaler=learnt.fitted.scaler,
        folder=results.root() / "paper" / f"bootstrap-{READING}",
    )  # fmt: skip
    places = members.predict(covariates.frame(learnt.cells, quiet=True), quiet=True)
    parameters = network.to_parameters(places, **READINGS[READING])
    land = learnt.cells.sel(site=parameters["site"].values)
    return globe.maps(parameters, land, "compas", k_system="published")


def main() -> None:
    """Make and keep the maps, and those of the members."""
    # What is kept is called real: made-up data are refused.
    profiles = proda.observations.israd(twin=False)
    cells = globe.planet(open_dataset("testbed", twin=False))
    runs = {model: assimilated(model, profiles) for model in RUNS}
    table = cue_soc.relation(runs["COMPAS"], profiles, limit=1.05)
    good = {m: network.targets(run, select="published").index for m, run in runs.items()}
    worlds = {}
    for model, run in runs.items():
        learnt = network.extrapolate(run, profiles, cells, method="small", seed=0)
        at = (learnt.parameters, learnt.cells, model.lower())
        worlds[model] = globe.maps(*at, k_system="soil")
        if model == "COMPAS":
            worlds["published"] = globe.maps(*at, k_system="published")
            members = ensemble(learnt)
    arm = VARIANTS[READING].partition(" (")[0]
    made = f"ISRaD, {profiles.sizes['profile']} profiles, {arm}, small network"
    planet_runs.write(worlds, table, learnt_from=good, made=made)
    depths = cue_soc.by_depth(runs["COMPAS"], profiles, limit=1.05)
    planet_runs.write_members(members, depths, made=made)


if __name__ == "__main__":
    main()
