"""Compare this code's numbers with those that the versioned baselines rest on.

    python experiments/same_numbers.py record OLD.npz      # in a checkout of the commit before
    python experiments/same_numbers.py check OLD.npz       # in this one; exit status 1 if not
    python experiments/same_numbers.py check OLD.npz --stamp
    python experiments/same_numbers.py record OLD.npz --claims   # and those of all notebooks

What is compared is made by the public names of the package, so that it runs before and after a
change: the seven scenarios of the pores past their first pulse (two readings of the switches, in
small domains); for both layered models maps, transient runs, and assimilated profiles with both
samplers; every box model with all its parameter sets at the LTER sites, at rest and in time; the
whole profile with its practices; the emulator of the pores and what it hands over; predictions of
each kind of network; and with ``--claims`` what all notebooks record in size quick, which takes
minutes. A part that the record does not have is not made. ``--stamp`` gives the baselines the hash
of the present sources and notes what was compared: a baseline whose sources have changed is *stale*
until somebody has shown this, or made it anew.
"""

import argparse
import json
import os
import sys
import tempfile
import time
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


def boxes():
    """Yield (name, array) of the box models with all their parameter sets at the LTER sites."""
    from soilnb.data import open_dataset
    from soilnb.profile import mimics
    from soilnb.profile.model import models

    known = ["temperature", "clay", "npp", "lignin_to_n"]
    sites = open_dataset("lter")[known].assign(water=0.3, modifier=0.8, clay_silt=70.0)
    warmer = sites.assign(temperature=sites["temperature"] + 3)
    for name in ("century", "icbm", "millennial", "mimics", "rothc"):
        model = models()[name]
        for parameters in model.sets:
            steady = model.steady_state(sites, parameters)
            ran = model.simulate(warmer, np.arange(0, 101.0, 10), parameters, initial=steady)
            yield from _arrays(f"boxes/{name}/{parameters}/steady", steady)
            yield from _arrays(f"boxes/{name}/{parameters}/run", ran)
    yield from _arrays("boxes/mimics/modes", mimics.eigenvalues(sites))


def whole():
    """Yield (name, array) of the whole profile, at rest, in time, and under all practices."""
    from soilnb.profile import depth, management

    for name in depth.PARAMETER_SETS:
        steady = depth.steady_state(name)
        ran = depth.simulate(name, [0.0, 10, 100], 0.8 * steady["carbon"])
        yield from _arrays(f"whole/{name}/steady", steady)
        yield from _arrays(f"whole/{name}/run", ran)
    for practice in management.PRACTICES:
        yield from _arrays(f"whole/{practice}", management.scenario([practice], [0.0, 10, 50]))


def emulated():
    """Yield (name, array) of the emulators of the pores, and of what they hand to COMPAS."""
    from soilnb.claims import pore_runs
    from soilnb.profile import forcing
    from soilnb.upscale import emergent, emulator

    runs, textures = pore_runs.load(), pore_runs.load_textures()
    cue = emulator.fit_cue(runs)
    exposure = emulator.fit(textures, "exposed", ["clay"], "linear")
    grid = {"cn": np.array([15.0, 40.0, 150.0]), "exposed": np.full(3, 0.1)}
    yield from _arrays("emulated/cue", cue.predict(**grid))
    yield "emulated/draws", cue.draws(5, **grid)
    yield "emulated/candidates", emulator.candidates(runs)[["rmse", "worst"]].to_numpy()
    places = {"here": (forcing.example("temperate"), 40.0, 20.0)}
    yield from _arrays("emulated/handed", emergent.handed_over(places, cue, exposure, draws=20))


def learnt():
    """Yield (name, array) of what each kind of network predicts."""
    from soilnb.proda import covariates, network, observations

    profiles = observations.twin_profiles(60, seed=1)
    x = covariates.frame(profiles, quiet=True, covariates=("temperature", "precipitation", "npp"))
    rng = np.random.default_rng(1)
    shares = (x - x.min()) / (x.max() - x.min())
    y = (0.8 * shares + 0.2 * rng.random(x.shape)).set_axis(["q10", "b", "eta_doc"], axis=1)
    short = {"epochs": 40, "progress": False}
    for method in ("mean", "ridge", "forest", "small"):
        found = network.learn(method, x, y, seed=1, **(short if method == "small" else {}))
        yield f"learnt/{method}", found.predict(x).to_numpy()
    many = network.bootstrap(x, y, size=3, method="ridge", progress=False)
    yield "learnt/bootstrap", many.predict(x).values


def claims():
    """Yield (name, array) of what all notebooks record for their claims in size quick."""
    from soilnb.pipeline import runs

    with tempfile.TemporaryDirectory() as folder:
        os.environ["SOILNB_RESULTS"] = folder
        for run in runs.run(size="quick"):
            path = run.folder / "claims.json"
            if not run.ok:
                sys.exit(f"{run.notebook}: {run.error}")
            for note in json.loads(path.read_text()) if path.is_file() else []:
                name = "/".join(str(note.get(key, "")) for key in ("id", "preset", "variant"))
                yield f"claims/{run.notebook}/{name}", np.array(float(note["value"]))


def _arrays(name, data):
    """Yield what of a Dataset is a number."""
    for variable, values in data.data_vars.items():
        if values.dtype.kind in "fiub":
            yield f"{name}/{variable}", values.values


#: Each part with the largest relative difference that is the same number.
PARTS = {
    pores: PORES, layers: 0.0, boxes: 0.0, whole: 0.0, emulated: 0.0, learnt: 0.0, claims: PORES,
}  # fmt: skip

#: Which part a baseline rests on.
RESTS_ON = {
    "rotzer2025": pores,
    "hypotheses/rotzer2025": pores,
    "runs/pores": pores,
    "runs/matching": pores,
    "tao2023": layers,
    "tao2024": layers,
    "runs/planet": layers,
    "runs/members": layers,
    "runs/change": layers,
    "runs/witness": layers,
    "runs/climate": layers,
}


def part_of(name):
    """Return the part that an array belongs to."""
    return {"pore": "pores"}.get(name.split("/")[0], name.split("/")[0])


def made(names):
    """Return all arrays of some parts by name."""
    found = {}
    for part in PARTS:
        if part.__name__ in names:
            start = time.process_time()
            found |= dict(part())
            print(f"{part.__name__}: made in {time.process_time() - start:.0f} s of CPU")
    return found


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
    if lost := sorted(set(old) - set(new)):
        sys.exit(f"no longer made: {lost[:5]}")
    if added := sorted(set(new) - set(old)):
        print(f"{len(added)} arrays are new and compared with nothing, such as {added[0]}")
    worst = {name: difference(old[name], new[name]) for name in old}
    found = {}
    for part, allowed in PARTS.items():
        those = {n: d for n, d in worst.items() if part_of(n) == part.__name__}
        if not those:
            continue
        name = max(those, key=those.get)
        found[part.__name__] = {
            "compared": len(those),
            "equal": sum(d == 0 for d in those.values()),
            "largest_relative_difference": float(f"{those[name]:.1e}"),
        }
        print(f"{part.__name__}: {found[part.__name__]}, worst in {name}; allowed {allowed:g}")
        if those[name] > allowed:
            sys.exit(f"{part.__name__}: these are other numbers")
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
    parser.add_argument("--claims", action="store_true", help="record what notebooks record, too")
    given = parser.parse_args()
    if given.what == "record":
        parts = {part.__name__ for part in PARTS if part is not claims or given.claims}
        np.savez(given.file, **made(parts))
        return
    with np.load(given.file) as old:
        found = compare(dict(old), made({part_of(name) for name in old}))
    if given.stamp:
        stamp(found)


if __name__ == "__main__":
    main()
