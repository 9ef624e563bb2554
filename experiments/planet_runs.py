"""Make the full-size maps that notebooks 34 and 36 show: all profiles, the papers' chains.

    python -m experiments.planet_runs

Each profile is written when it is assimilated: a second call goes on where the first one stopped.
What is kept, and how it is read, stands in `soilnb.claims.planet_runs`.
"""

from __future__ import annotations

from soilnb import proda, results
from soilnb.claims import planet_runs
from soilnb.data import open_dataset
from soilnb.proda import cue_soc, globe, network
from soilnb.proda.cube import READINGS

#: Chains of the papers' length.
LENGTH = {"warmup": 20_000, "steps": 50_000, "samples": 2000}

#: Folder of each assimilation, as the notebooks have it, and how enzymes are counted.
RUNS = {"COMPAS": ("COMPAS-published", "published"), "CLM5": ("CLM5", "table")}


def assimilated(model, profiles):
    """Assimilate all profiles with a model, as the notebooks do in size paper."""
    name, reading = RUNS[model]
    folder = results.root() / "paper" / "assimilation" / name
    return proda.assimilate(
        profiles, model.lower(), sampler="published", **READINGS[reading], seed=0, folder=folder,
        **LENGTH,
    )  # fmt: skip


def main() -> None:
    """Make and keep the maps."""
    # What is kept is called real: made-up data are refused.
    profiles = proda.observations.israd(twin=False)
    cells = globe.planet(open_dataset("testbed", twin=False))
    runs = {model: assimilated(model, profiles) for model in RUNS}
    table = cue_soc.relation(runs["COMPAS"], profiles, limit=1.05)
    worlds = {}
    for model, run in runs.items():
        learnt = network.extrapolate(run, profiles, cells, method="small", seed=0)
        at = (learnt.parameters, learnt.cells, model.lower())
        worlds[model] = globe.maps(*at, k_system="soil")
        if model == "COMPAS":
            worlds["published"] = globe.maps(*at, k_system="published")
    made = f"ISRaD, {profiles.sizes['profile']} profiles, small network"
    planet_runs.write(worlds, table, made=made)


if __name__ == "__main__":
    main()
