"""The pore-scale runs behind notebook 50: the CUE that emerges, by substrate and structure.

None of the papers has these numbers: they are our own, made by the pore-scale model as it stands.
A *setting* is a C/N ratio of the particulate organic matter (that of the start and that which
falls every ten days alike; nothing is exuded) and a *structure*, which decides how much of the
organic matter faces pores. The structures differ in break-up, times a factor, and in the shape of
the finest particles. The exposed share is not set but measured. Further runs, at one C/N ratio,
leave break-up alone and change the texture instead: another way to the same exposed shares.

The runs are small on purpose: 128 x 128 voxels, 400 days, 150 steps of initial aggregation. They
are no equilibrium, for the necromass of the start feeds nitrogen to the microbes for years; the
numbers are those of days 301 to 400. A few of them are kept of each run, in a versioned file with
settings, seeds and a hash of the sources. This command goes on where an earlier one stopped::

    python -m soilnb.claims.pore_to_planet
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import xarray as xr
from tqdm import tqdm

from soilnb import results
from soilnb.claims import baseline
from soilnb.claims.rotzer2025 import environment
from soilnb.parameters import InputError, unknown
from soilnb.pore import simulate
from soilnb.pore.diagnostics import respiration
from soilnb.pore.scenarios import Scenario

COMMAND = "python -m soilnb.claims.pore_to_planet"

#: Whose sources decide the numbers: those of the pore-scale model, as for its paper.
MODEL = "rotzer2025"

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

SEEDS = (0, 1, 2)

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
    """Run the pore-scale model in one setting.

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

    Returns
    -------
    Dataset
        Over ``time``, see `soilnb.pore.simulate`.

    Raises
    ------
    InputError
        For an unknown structure, or a ratio out of its bounds.
    """
    changes = STRUCTURES | TEXTURES
    if structure not in changes:
        raise unknown("structure", structure, changes)
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
    """Return the numbers of a run, means from a day to its end; see `QUANTITIES`.

    CUE is one minus summed respiration over summed uptake: days with more turnover count more.

    Parameters
    ----------
    data : Dataset
        What `run` returns.
    from_day : float
        First day that counts.

    Returns
    -------
    dict
        By the names in `QUANTITIES`; NaN where nothing is taken up or released.
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


def runs_file() -> Path:
    """Return the file below the results to which each run's numbers are added.

    It is named by the hash of the sources, so that changed sources begin anew.
    """
    name = f"{baseline.source_hash(MODEL)[:12]}.jsonl"
    return results.root() / "paper" / "pore_to_planet-runs" / name


def _orders() -> Iterator[tuple[int, str, int]]:
    """Yield the settings and seeds of the design, all settings with the first seed first."""
    for seed in SEEDS:
        for cn in CN:
            for structure in STRUCTURES:
                yield cn, structure, seed
        for texture in TEXTURES:
            yield CLAY_CN, texture, seed


def make_runs(path: Path | None = None, progress: bool = True) -> list[dict[str, object]]:
    """Make the runs of the design that are not there yet; returns the numbers of all of them.

    Each run takes some seconds and is written when it is done: a second call goes on where the
    first one stopped.

    Parameters
    ----------
    path : Path, optional
        The file; that of `runs_file` when left out.
    progress : bool
        Whether to show a bar over the runs.
    """
    path = path or runs_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {tuple(row[key] for key in ("cn", "structure", "seed")): row for row in _rows(path)}
    orders = list(_orders())
    for cn, structure, seed in tqdm(orders, desc="pore-scale runs", disable=not progress):
        if (cn, structure, seed) not in done:
            row = {"cn": cn, "structure": structure, "seed": seed}
            row |= measure(run(cn, structure, seed))
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            done[cn, structure, seed] = row
    return [done[order] for order in orders]


def _rows(path: Path) -> list[dict[str, object]]:
    """Rows of the file; a line that was cut off when a run was stopped is left out."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def check() -> dict[str, float]:
    """Return the numbers of the small run `CHECKED`, as they are kept beside the others."""
    found = measure(run(**CHECKED, settings=CHECK), CHECK["from_day"])
    return {name: baseline.rounded(value, 6) for name, value in found.items()}


# --- Keeping them ------------------------------------------------------------------------------


def file() -> Path:
    """Return the versioned file with the numbers."""
    return baseline.file(MODEL).parent / "runs" / "pore_to_planet.json"


def keep(rows: Iterable[Mapping[str, object]], path: Path | None = None) -> Path:
    """Keep the numbers of the runs as a versioned file.

    Parameters
    ----------
    rows : iterable of mapping
        What `make_runs` returns.
    path : Path, optional
        Where; `file` when left out.

    Returns
    -------
    Path
        The file.
    """
    values = [
        {
            key: baseline.rounded(value, 6) if key in QUANTITIES else value
            for key, value in row.items()
        }
        for row in rows
    ]
    found = {
        "paper": "pore_to_planet",
        "about": "our own runs of the pore-scale model; no paper has these numbers",
        "date": date.today().isoformat(),
        "command": COMMAND,
        "hash": baseline.source_hash(MODEL),
        "settings": SETTINGS | {"preset": "default", "substrate": "particulate organic matter"},
        "structures": STRUCTURES | TEXTURES,
        "environment": environment(),
        "check": check(),
        "values": values,
    }
    return baseline.write(found, path or file())


def kept(path: Path | None = None) -> dict[str, object]:
    """Return the versioned file as it was kept.

    Raises
    ------
    InputError
        When it is not there or cannot be read.
    """
    path = path or file()
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); make it: {COMMAND}") from None


def stale(found: Mapping[str, object]) -> bool:
    """Return whether the sources of the pore-scale model have changed since."""
    return found["hash"] != baseline.source_hash(MODEL)


def load(path: Path | None = None) -> xr.Dataset:
    """Return the kept numbers of the runs over C/N ratios and structures.

    Returns
    -------
    Dataset
        The variables of `QUANTITIES` over ``(cn, structure, seed)``. Attributes: ``date``,
        ``command``, ``settings`` and ``stale`` (1 when the model's sources have changed since).
    """
    return _grid(kept(path), "structure", list(STRUCTURES), {"long_name": "structure"})


def load_textures(path: Path | None = None) -> xr.Dataset:
    """Return the kept numbers of the runs that change the texture alone.

    Returns
    -------
    Dataset
        The variables of `QUANTITIES` over ``(cn, clay, seed)``, with one ``cn`` and ``clay`` in %;
        attributes as of `load`.
    """
    about = {"units": "%", "long_name": "mineral area in particles of 1-2 µm"}
    found = _grid(kept(path), "structure", list(TEXTURES), {}).rename(structure="clay")
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
            "stale": int(stale(found)),
            "settings": json.dumps(found["settings"]),
        },
    )


if __name__ == "__main__":
    try:
        print(f"kept {keep(make_runs())}")
    except InputError as error:
        raise SystemExit(f"soilnb: {error}") from None
