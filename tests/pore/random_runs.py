"""Random runs of the pores, each parameter anywhere in its stated range, checked as they go.

    NUMBA_BOUNDSCHECK=1 python tests/pore/random_runs.py [COUNT [FIRST_SEED [WIDEST]]]

A run may be refused in one line; what is run must conserve carbon and nitrogen, and nothing in it
may become negative, infinite, or leave its array. The last line says how many were run.
"""

import math
import sys
import warnings

import numpy as np

from soilnb.parameters import InputError
from soilnb.pore import Pulse, Run, Scenario
from soilnb.pore.diagnostics import carbon_residual, nitrogen_residual, total_carbon, total_nitrogen
from soilnb.pore.parameters import OPTIONS, RECORDS

#: Share of the parameters that are drawn; the others keep their value.
DRAWN = 0.5

CLASSES = ("share_1_2", "share_2_6", "share_6_20", "share_20_63", "share_63_200")


def value_of(record, rng):
    """Draw a value within the bounds of a parameter; each bound itself is likely."""
    low, high = record.bounds
    edge = rng.random()
    if edge < 0.3:
        return low if edge < 0.15 else high
    if record.scale == "log" or (low > 0 and high / low > 100):
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        value = rng.uniform(low, high)
    return float(min(max(round(value) if record.whole else value, low), high))


def parameters(rng):
    """Draw parameters and switches that fit together, for a domain of some hundred voxels."""
    found = {name: value_of(r, rng) for name, r in RECORDS.items() if rng.random() < DRAWN}
    texture = rng.dirichlet(np.ones(3)) * rng.integers(0, 2, 3)
    texture = 100 * texture / texture.sum() if texture.any() else [100, 0, 0]
    texture = np.append(np.minimum(texture, 100), [0, 0])
    found |= dict(zip(CLASSES, texture.tolist(), strict=True))
    shares = rng.dirichlet(np.ones(3))
    found |= {"organic_share_20": float(shares[0]), "organic_share_15": float(shares[1])}
    rods = sorted(rng.integers(1, 13, 2).tolist())
    found |= dict(zip(("fine_min", "fine_max"), rods, strict=True))
    if "cn_biomass" in found:
        found["cn_necromass"] = found["cn_biomass"]
    else:
        found.pop("cn_necromass", None)
    if "pom_interval" in found:
        found["pom_interval"] = rng.uniform(1, 3)
    found |= {name: str(rng.choice(option.allowed)) for name, option in OPTIONS.items()}
    return found


def random_run(seed, days=4, widest=40):
    """Return a run, less than `widest` voxels wide, that has not begun, or raise `InputError`."""
    rng = np.random.default_rng(seed)
    mass, rate, cn = (
        value_of(RECORDS[name], rng) for name in ("pulse_mass", "exudation_rate", "cn_root")
    )
    pulses = [Pulse(2, mass=mass), Pulse(3, rate=rate, cn=cn), Pulse(4)]
    scenario = Scenario(
        "random",
        pulses=pulses[: rng.integers(0, 4)],
        movement=bool(rng.random() < 0.85),
        parameters=parameters(rng),
    )
    shape = tuple(rng.integers(12, widest, 2).tolist())
    preset = str(rng.choice(["default", "documented", "literal", "ungated", "matched"]))
    steps = int(rng.integers(0, 3))
    return Run(scenario, days=days, shape=shape, seed=seed, preset=preset, initial_steps=steps)


def check(run):
    """Raise an error that says what is wrong with a run."""
    state, data = run.state, run.dataset()
    for name in ("c_s", "n_s", "c_b", "c_nec", "c_pom"):
        field = getattr(state, name)
        assert np.isfinite(field).all(), f"{name} is not finite"
        # what diffusion takes from less than the least normal number is rounded coarsely
        assert field.min() > -np.finfo(float).tiny, f"{name} = {field.min()}"
    assert not ((state.solid > 0) & (state.organic > 0)).any(), "particles overlap"
    assert ((state.kind > 0) == (state.organic > 0)).all(), "an organic voxel of no kind"
    assert not state.c_b[state.occupied].any(), "biomass in a particle"
    assert state.organic.max() < state.next_organic, "a particle without number"
    for residual, total in (
        (carbon_residual(data), total_carbon(data) + data.C_CO2),
        (nitrogen_residual(data), total_nitrogen(data) + data.N_leak),
    ):
        gap = float(abs(residual).max() / max(float(total.max()), 1e-30))
        assert gap < 1e-10, f"{residual.long_name}: {gap:.1e} of all"


def main(count=200, first=0, widest=40):
    """Make so many runs; say how many were refused, and which went wrong."""
    warnings.simplefilter("error")
    refused, wrong = 0, 0
    for seed in range(first, first + count):
        try:
            run = random_run(seed, widest=widest)
            solids = np.count_nonzero(run.begin().state.solid)
            for _ in range(run.days):
                run.step()
                check(run)
            assert np.count_nonzero(run.state.solid) == solids, "minerals came or went"
        except InputError as error:
            refused += 1
            wrong += "\n" in str(error)
        except Exception as error:
            wrong += 1
            print(f"seed {seed}: {type(error).__name__}: {error}", flush=True)
    print(f"{count} random runs: {refused} refused in one line, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
