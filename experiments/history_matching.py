"""Make the runs of the history matching of the pore-scale model.

    nice -n 19 python -m experiments.history_matching FOLDER [--points N] [--until HH:MM]
    nice -n 19 python -m experiments.history_matching FOLDER --table wave2 [--until HH:MM]

A point of the first wave (`soilnb.claims.matching.design`) has a reference and a static run of 350
days at the paper's size, each point with a seed of its own; a point whose equilibrium is hopeless
already (``cut`` of the table) ends after 200 days. Points of a table, ``FOLDER/wave2.csv``
(`experiments.matched` makes it), have all scenarios for 500 days. A point is written when it is
done: a second call goes on where the first one stopped, unless a small run says that the model
gives other numbers now (``FOLDER/check.json``; sources may change as long as numbers do not).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import click
import pandas as pd
import xarray as xr
from tqdm import tqdm

from soilnb.claims import matching
from soilnb.claims.measures import measure
from soilnb.claims.scenario_runs import SNAPSHOTS
from soilnb.parameters import InputError
from soilnb.pore import simulate
from soilnb.pore.scenarios import SCENARIOS
from soilnb.pore.simulate import aggregated, code_hash

#: Voxels of the paper's domain.
SHAPE = (250, 250)

#: Days of a run of the first wave, of one that is cut, and of one of a later wave.
DAYS, CUT_DAYS, ALL_DAYS = 350, 200, 500

#: Scenarios whose fields are measured.
MAPPED = ("reference", "static")

#: Pools and fluxes that are kept of each run, besides what is measured.
SERIES = ("C_B", "C_S", "N_S", "C_CO2", "C_POM", "C_Nec", "C_Nec_new", "f_U", "CUE", "exposed_POM")


def run_point(
    point: Mapping[str, object],
    seed: int,
    *,
    scenarios: Iterable[str] = ("reference", "static"),
    days: int = DAYS,
    shape: tuple[int, int] = SHAPE,
    cut: bool = True,
    folder: Path | None = None,
    initial_steps: int | None = None,
) -> dict[str, object]:
    """Run a point and measure it.

    Parameters
    ----------
    point : mapping
        Its choices, as of `soilnb.claims.matching.design`.
    seed, shape, days, initial_steps
        As in `soilnb.pore.simulate`.
    scenarios : iterable of str
        The reference comes first.
    cut : bool
        Whether a hopeless point ends after `CUT_DAYS`.
    folder : Path, optional
        Where the series of the runs are written.

    Returns
    -------
    dict
        ``values`` by claim id, ``days`` that were run, ``seconds`` of CPU.
    """
    begun = time.process_time()
    changes = matching.parameters(point)
    given = {"set": "default", **changes}
    initial = aggregated(shape, seed, given, initial_steps, progress=False)
    shared = {"seed": seed, "parameters": changes, "initial": initial, "progress": False}
    runs: dict[str, xr.Dataset] = {}
    if cut:
        first = simulate("reference", days=CUT_DAYS, snapshots=SNAPSHOTS, **shared)
        if matching.hopeless(measure({"reference": first})):
            runs, days = {"reference": first}, CUT_DAYS
    for scenario in scenarios if not runs else ():
        mapped = {"snapshots": SNAPSHOTS} if scenario in MAPPED and days >= CUT_DAYS else {}
        runs[scenario] = simulate(scenario, days=days, **mapped, **shared)
    if folder is not None:
        for name, run in runs.items():
            _keep_series(run, folder / f"{name}.nc")
    seconds = time.process_time() - begun
    return {"values": measure(runs), "days": days, "seconds": round(seconds, 1)}


def _keep_series(run: xr.Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = run[list(SERIES)].astype("float32")
    kept.to_netcdf(path, encoding={name: {"zlib": True} for name in SERIES})


def rows(path: Path) -> list[dict]:
    """Return the points of a file that are done; a line that was cut off is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def make_wave(
    folder: Path, name: str, points: pd.DataFrame, until: datetime | None = None, **options: object
) -> None:
    """Run the points that are not there yet, in order, until a time of the day.

    Parameters
    ----------
    folder : Path
        Where ``<name>.jsonl`` and the series go.
    name : str
        Of the wave.
    points : DataFrame
        As of `soilnb.claims.matching.design`; its index is the number of a point and its seed.
    until : datetime, optional
        No point is begun after it.
    **options
        What `run_point` takes.

    Raises
    ------
    InputError
        When a point of the file is another one.
    """
    path = folder / f"{name}.jsonl"
    done = {}
    for row in rows(path):
        if row["point"] != _plain(points.loc[row["number"]]):
            raise InputError(f"{path}: point {row['number']} is of another design")
        done[row["number"]] = row
    todo = [number for number in points.index if number not in done]
    bar = tqdm(todo, initial=len(done), total=len(points), desc=name, unit="point", mininterval=5)
    for number in bar:
        if until is not None and datetime.now() >= until:
            break
        point = _plain(points.loc[number])
        row = {"number": int(number), "code": code_hash(), "point": point}
        place = folder / name / f"{number:04d}"
        row |= run_point(point, int(number), folder=place, **options)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def check_numbers(folder: Path) -> None:
    """Make a small run, and compare its numbers with those that the folder has.

    Raises
    ------
    InputError
        When they differ: the runs of the folder are of another model.
    """
    small = {"shape": (64, 64), "days": CUT_DAYS, "initial_steps": 20, "cut": False}
    found = run_point(matching.design(1).loc[0], 0, **small)["values"]
    path = folder / "check.json"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found), encoding="utf-8")
    kept = json.loads(path.read_text(encoding="utf-8"))
    if not all(math.isclose(found.get(name, math.nan), kept[name]) for name in kept):
        raise InputError(f"{path}: the model gives other numbers now; allowed another folder")


def _plain(point: Mapping[str, object]) -> dict[str, float | str]:
    """Return a point in words and numbers that survive a file."""
    return {
        name: str(value) if isinstance(value, str) else round(float(value), 6)
        for name, value in dict(point).items()
    }


def next_time(until: str | None, now: datetime | None = None) -> datetime | None:
    """Return when a time of the day comes next."""
    if until is None:
        return None
    hour, minute = (int(part) for part in until.split(":"))
    now = now or datetime.now()
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return then if then > now else then + timedelta(days=1)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--points", default=256, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--table", default=None, help="Name of a table of points to run instead.")
@click.option("--until", default=None, help="Time of the day, HH:MM, after which none is begun.")
def main(folder: Path, points: int, table: str | None, until: str | None) -> None:
    """Run what is missing of the first wave, or of a table."""
    end = next_time(until)
    check_numbers(folder)
    if table is None:
        make_wave(folder, "wave1", matching.design(points), end)
    else:
        chosen = pd.read_csv(folder / f"{table}.csv", index_col="point")
        every = {"scenarios": tuple(SCENARIOS), "days": ALL_DAYS, "cut": False}
        make_wave(folder, table, chosen, end, **every)


if __name__ == "__main__":
    main()
