"""The pore-scale runs behind notebook 50: the CUE that emerges, by substrate and structure.

None of the papers has these numbers: they are our own, made by the pore-scale model as it stands.
A *setting* is a C/N ratio of the particulate organic matter (that of the start and that which
falls every ten days alike; nothing is exuded) and a *structure*, which decides how much of the
organic matter faces pores: structures differ in break-up, times a factor, and in the shape of
the finest particles. The exposed share is not set but measured. Further runs, at one C/N ratio,
change the texture instead: another way to the same exposed shares.

The runs are small on purpose: 128 x 128 voxels, 400 days, 150 steps of initial aggregation. They
are no equilibrium, for the necromass of the start feeds nitrogen to the microbes for years; the
numbers are those of days 301 to 400, kept as the versioned baseline ``runs/pores``, which
``experiments/pore_runs.py`` makes.
"""

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.claims import baseline
from soilnb.parameters import check_known
from soilnb.pore import simulate
from soilnb.pore.diagnostics import respiration
from soilnb.pore.scenarios import Scenario

COMMAND = "python -m experiments.pore_runs"

#: Name of the baseline.
NAME = "runs/pores"

#: C/N ratios of the particulate organic matter.
CN = (10, 25, 45, 80, 130, 220)

#: Break-up of the three kinds of bonds (gluing, organic, other) at factor 1, per day.
_BREAK = {"break_glue": 0.06, "break_organic": 0.12, "break_other": 0.30}

#: Mineral area in the classes above 2 µm, %, where 19.5 % is clay.
_COARSER = {"share_2_6": 5.2, "share_6_20": 16.4, "share_20_63": 26.3, "share_63_200": 32.6}


def _loosened(factor: float, **shape: float) -> dict[str, float]:
    return {name: round(factor * chance, 6) for name, chance in _BREAK.items()} | shape


def _texture(clay: float) -> dict[str, float]:
    """Change the clay; the other classes share the rest as before."""
    rest = (100 - clay) / sum(_COARSER.values())
    return {"share_1_2": clay} | {name: share * rest for name, share in _COARSER.items()}


#: What makes the structures, by name: changes to the preset ``default``, least exposed first.
STRUCTURES: dict[str, dict[str, float]] = {
    "single voxels x 1.2": _loosened(1.2, fine_min=1, fine_max=1),
    "single voxels x 1.8": _loosened(1.8, fine_min=1, fine_max=1),
    "rods x 1": _loosened(1.0),
    "rods x 1.8": _loosened(1.8),
    "rods x 3": _loosened(3.0),
}

#: Clay, %, of the runs that change the texture alone, and their C/N ratio.
CLAY, CLAY_CN = (3, 8, 19.5, 35, 63), 80

TEXTURES = {f"clay {clay:g} %": _texture(clay) for clay in CLAY}

#: Voxels, days and initial steps of a run, and the days of the means: the last 100.
SETTINGS = {"shape": [128, 128], "days": 400, "initial_steps": 150, "from_day": 301}

#: A run of two seconds whose numbers are kept too, so that a reader sees whether they still come.
CHECK = {"shape": [96, 96], "days": 120, "initial_steps": 60, "from_day": 101}
CHECKED = {"cn": 80, "structure": "rods x 1", "seed": 0}

#: Units and meaning of what is kept of a run.
QUANTITIES = {
    "cue": ("1", "CUE of the community: 1 - all respiration / uptake"),
    "cue_without_overflow": ("1", "CUE without overflow respiration"),
    "cue_before": ("1", "CUE of the community in the 100 days before"),
    "exposed": ("1", "exposed share of particulate organic matter and necromass, by carbon"),
    "exposed_pom": ("1", "exposed share of particulate organic matter"),
    "exposed_necromass": ("1", "exposed share of necromass"),
    "cn_released": ("1", "C/N ratio of what particulate organic matter and necromass release"),
    "necromass_share": ("1", "share of necromass in the carbon released"),
    "biomass": ("mg g-1", "microbial carbon"),
    "dissolved": ("mg g-1", "dissolved carbon"),
    "respiration": ("mg g-1 d-1", "respiration"),
}


# --- Runs --------------------------------------------------------------------------------------


def run(
    cn: float,
    structure: str,
    seed: int,
    settings: Mapping[str, object] = SETTINGS,
    progress: bool = False,
) -> xr.Dataset:
    """Run the pore-scale model in one setting; see `soilnb.pore.simulate`.

    Parameters
    ----------
    cn : float
        C/N ratio of the particulate organic matter, 5 to 300.
    structure : str
        One of `STRUCTURES` or `TEXTURES`.
    seed : int
        Seed of everything random.
    settings : mapping, optional
        ``shape``, ``days``, ``initial_steps``; `SETTINGS` when left out.
    progress : bool
        Whether a long run shows a bar.

    Examples
    --------
    >>> few = {"shape": (64, 64), "days": 2, "initial_steps": 5}
    >>> run(cn=80, structure="rods x 1", seed=0, settings=few).sizes["time"]
    3
    """
    changes = STRUCTURES | TEXTURES
    check_known("structure", structure, changes)
    return simulate(
        Scenario("no_exudates", "no root exudates"),
        days=settings["days"],
        shape=tuple(settings["shape"]),
        initial_steps=settings["initial_steps"],
        seed=seed,
        parameters={"cn_pom": cn, **changes[structure]},
        progress=None if progress else False,
    )


def measure(data: xr.Dataset, from_day: float = SETTINGS["from_day"]) -> dict[str, float]:
    """Return the numbers of a `run`, means from a day to its end, by the names in `QUANTITIES`.

    CUE is one minus summed respiration over summed uptake: days with more turnover count more. NaN
    where nothing is taken up or released.

    Examples
    --------
    >>> few = {"shape": (64, 64), "days": 2, "initial_steps": 5}
    >>> 0 < measure(run(80, "rods x 1", seed=0, settings=few), from_day=1)["exposed"] < 1
    True
    """
    late, before = (
        data.sel(time=slice(from_day, None)),
        data.sel(time=slice(from_day - 100, from_day - 1)),
    )
    organic = late.C_POM + late.C_Nec
    exposed = (late.exposed_POM * late.C_POM + late.exposed_Nec * late.C_Nec) / organic
    released_c, released_n = late.f_POM + late.f_Nec, late.f_POM_N + late.f_Nec_N
    found = {
        "cue": 1 - _ratio(respiration(late), late.f_U),
        "cue_without_overflow": 1 - _ratio(late.R_G + late.R_M, late.f_U),
        "cue_before": 1 - _ratio(respiration(before), before.f_U),
        "exposed": exposed.mean(),
        "exposed_pom": late.exposed_POM.mean(),
        "exposed_necromass": late.exposed_Nec.mean(),
        "cn_released": _ratio(released_c, released_n),
        "necromass_share": _ratio(late.f_Nec, released_c),
        "biomass": late.C_B.mean(),
        "dissolved": late.C_S.mean(),
        "respiration": respiration(late).mean(),
    }
    return {name: float(found[name]) for name in QUANTITIES}


def _ratio(part: xr.DataArray, whole: xr.DataArray) -> float:
    """Return the ratio of two sums, NaN where there is nothing to compare with."""
    return float(part.sum() / whole.sum()) if float(whole.sum()) > 0 else float("nan")


def check() -> dict[str, float]:
    """Return the numbers of the small run `CHECKED`, as they are kept beside the others.

    Examples
    --------
    >>> sorted(kept()["check"]) == sorted(QUANTITIES)  # what `check` (two seconds) gives again
    True
    """
    found = measure(run(**CHECKED, settings=CHECK), CHECK["from_day"])
    return {name: baseline.rounded(value, 6) for name, value in found.items()}


def kept() -> dict[str, object]:
    """Return the baseline, which has to be there.

    Examples
    --------
    >>> kept()["command"]
    'python -m experiments.pore_runs'
    """
    return baseline.needed(NAME, COMMAND)


def load() -> xr.Dataset:
    """Return the kept numbers of the runs over C/N ratios and structures.

    Returns
    -------
    Dataset
        The variables of `QUANTITIES` over ``(cn, structure, seed)``. Attributes: ``date``,
        ``command``, ``settings`` and ``stale`` (1 when the model's sources have changed since).

    Examples
    --------
    >>> dict(load().sizes)
    {'cn': 6, 'structure': 5, 'seed': 3}
    """
    return _grid(kept(), "structure", list(STRUCTURES), {"long_name": "structure"})


def load_textures() -> xr.Dataset:
    """Return the kept numbers of the runs that change the texture alone.

    Returns
    -------
    Dataset
        The variables of `QUANTITIES` over ``(cn, clay, seed)``, with one ``cn`` and ``clay`` in %;
        attributes as of `load`.

    Examples
    --------
    >>> dict(load_textures().sizes)
    {'cn': 1, 'clay': 5, 'seed': 3}
    """
    about = {"units": "%", "long_name": "mineral area in particles of 1-2 µm"}
    found = _grid(kept(), "structure", list(TEXTURES), {}).rename(structure="clay")
    return found.assign_coords(clay=("clay", [float(clay) for clay in CLAY], about))


def _grid(found: Mapping, name: str, labels: list[str], about: Mapping) -> xr.Dataset:
    """Return the kept rows of some structures as a Dataset; NaN where there is no number."""
    rows = [row for row in found["values"] if row[name] in labels]
    cn = list(dict.fromkeys(row["cn"] for row in rows))
    seeds = list(dict.fromkeys(row["seed"] for row in rows))
    data = {
        quantity: np.full((len(cn), len(labels), len(seeds)), np.nan) for quantity in QUANTITIES
    }
    for row in rows:
        at = cn.index(row["cn"]), labels.index(row[name]), seeds.index(row["seed"])
        for quantity, values in data.items():
            values[at] = np.nan if row[quantity] is None else row[quantity]
    words = {quantity: {"units": u, "long_name": w} for quantity, (u, w) in QUANTITIES.items()}
    ratio = {"units": "1", "long_name": "C/N ratio of particulate organic matter"}
    return xr.Dataset(
        {quantity: (("cn", name, "seed"), data[quantity], words[quantity]) for quantity in data},
        coords={"cn": ("cn", cn, ratio), name: (name, labels, about), "seed": seeds},
        attrs={
            "source": "pore-scale model of Rötzer et al. (2025), our runs",
            "date": found["date"],
            "command": found["command"],
            "hash": found["hash"],
            "stale": int(baseline.stale(found)),
            "settings": json.dumps(found["settings"]),
        },
    )
