"""Compare this code's numbers with those that the versioned baselines rest on.

    python experiments/same_numbers.py record OLD.npz      # in a checkout of the commit before
    python experiments/same_numbers.py check OLD.npz       # in this one; exit status 1 if not
    python experiments/same_numbers.py check OLD.npz --stamp

What is compared is made by the public names of the package, so that it runs before and after a
change: the seven scenarios of the pores past their first pulse (two readings of the switches, in
small domains), and for both layered models maps, transient runs, and assimilated profiles with
both samplers. ``--stamp`` gives the baselines the hash of the present sources and notes what was
compared: a baseline whose sources have changed is *stale* until somebody has shown this, or made
it anew.
"""

import argparse
import sys
from datetime import date
from pathlib import Path

import numpy as np

#: Largest relative difference of a series of the pores from its largest value; positions and
#: bonds of particles are whole numbers and must be equal.
PORES = 1e-12

#: The other readings of the pores' switches.
OTHER = {
    "biomass_as_pore": "off", "living_necromass": "decays", "reaction": "full", "pulse": "rate",
}  # fmt: skip


def pores():
    """Yield (name, array) of the pore-scale model."""
    from soilnb.pore import SCENARIOS, simulate

    for scenario in SCENARIOS:
        for shape, switches in (((64, 66), {}), ((66, 64), OTHER)):
            run = simulate(
                scenario, days=215, shape=shape, seed=1, initial_steps=20, parameters=switches,
                snapshots=(0, 215), progress=False,
            )  # fmt: skip
            for name in run.data_vars:
                yield f"pore/{scenario}/{shape[0]}/{name}", run[name].values


def layers():
    """Yield (name, array) of COMPAS and CLM5: places in time, maps, and assimilated profiles."""
    from soilnb import proda
    from soilnb.proda import globe, observations
    from soilnb.profile import clm5, compas, forcing

    cells = globe.planet("teaching", resolution=3)
    rng = np.random.default_rng(1)
    profiles = observations.twin_profiles(2, seed=1)
    place = forcing.example("temperate")
    warm = place.assign(soil_temperature=place["soil_temperature"] + 3)
    for name, model in (("compas", compas), ("clm5", clm5)):
        steady = model.steady_state("tao2024", place)
        ran = model.simulate("tao2024", warm, np.arange(0, 101.0, 5), initial=steady)
        q10 = model.PARAMETER_SETS["tao2024"].records["q10"].value
        spread = {"q10": q10 * rng.uniform(0.9, 1.1, cells.sizes["site"])}
        maps = globe.maps(spread, cells, name, progress=False)
        for kind, data in (("steady", steady), ("run", ran), ("map", maps)):
            for variable in data.data_vars:
                yield f"layers/{name}/{kind}/{variable}", data[variable].values
        for sampler in ("adaptive-metropolis", "published"):
            found = proda.assimilate(
                profiles, model=name, sampler=sampler, warmup=2000, steps=4000, samples=400,
                jobs=1, progress=False,
            )  # fmt: skip
            for variable, values in found.data_vars.items():
                if values.dtype.kind in "fiub":
                    yield f"layers/{name}/{sampler}/{variable}", values.values


#: Which part a baseline rests on.
RESTS_ON = {
    "rotzer2025": pores,
    "hypotheses/rotzer2025": pores,
    "runs/pores": pores,
    "tao2023": layers,
    "tao2024": layers,
    "runs/planet": layers,
}


def made():
    """Return all arrays by name."""
    return {name: values for part in (pores, layers) for name, values in part()}


def difference(old, new):
    """Return the largest difference, relative to the largest value."""
    if old.shape != new.shape or old.dtype.kind != new.dtype.kind:
        return np.inf
    if old.dtype.kind != "f":
        return 0.0 if np.array_equal(old, new) else np.inf
    there = np.isfinite(old)
    if not np.array_equal(old[~there], new[~there], equal_nan=True):
        return np.inf
    old, new = old[there], new[there]
    return float(np.abs(old - new).max(initial=0.0) / (np.abs(old).max(initial=0.0) or 1.0))


def compare(old, new):
    """Return, by part, how many arrays were compared, how many are equal, and the worst."""
    if set(old) != set(new):
        sys.exit(f"not made by both: {sorted(set(old) ^ set(new))[:5]}")
    worst = {name: difference(old[name], new[name]) for name in new}
    found = {}
    for part, allowed in (("pores", PORES), ("layers", 0.0)):
        those = {n: d for n, d in worst.items() if n.startswith(part[:4])}
        name = max(those, key=those.get)
        found[part] = {
            "compared": len(those),
            "equal": sum(d == 0 for d in those.values()),
            "largest_relative_difference": float(f"{those[name]:.1e}"),
        }
        print(f"{part}: {found[part]}, worst in {name}; allowed {allowed:g}")
        if those[name] > allowed:
            sys.exit(f"{part}: these are other numbers")
    return found


def stamp(found):
    """Give the baselines the hash of the present sources."""
    from soilnb.claims import baseline

    for name, part in RESTS_ON.items():
        kept = baseline.load(name)
        new = baseline.source_hash(kept["sources"])
        if kept["hash"] != new:
            compared = {"date": date.today().isoformat()} | found[part.__name__]
            baseline.write(kept | {"hash": new, "same_numbers": compared})
            print(f"{name}: stamped")


def main():
    """Record, or check and stamp."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["record", "check"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--stamp", action="store_true", help="note the check in the baselines")
    given = parser.parse_args()
    if given.what == "record":
        np.savez(given.file, **made())
        return
    with np.load(given.file) as old:
        found = compare(dict(old), made())
    if given.stamp:
        stamp(found)


if __name__ == "__main__":
    main()
