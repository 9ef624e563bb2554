"""Fit the emulators to the runs of the history matching, and keep both as a baseline.

    python -m experiments.matched FOLDER [--table NAME] [--points N]

FOLDER is that of `experiments.history_matching`. Kept are the points that are done with what was
measured, and the kernels of the emulators; what they rule out, weigh and leave is computed from
them where it is shown (`soilnb.claims.emulated`). With a name, points that are not ruled out go to
the table ``FOLDER/NAME.csv``, which `experiments.history_matching` runs with all scenarios: those
with the most weight first, each far enough from those before it. A table that is there stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import numpy as np
import pandas as pd

from experiments.history_matching import check_numbers, rows
from soilnb.claims import baseline, emulated, matching

#: Whose sources decide the numbers: those of the pore-scale model.
MODEL = "rotzer2025"

#: Candidates for points of the second wave.
CANDIDATES = 8192


def write(
    found: Iterable[Mapping[str, object]], direct: Iterable[Mapping[str, object]] = ()
) -> Path:
    """Keep points and measured numbers, with the kernels of the emulators.

    Parameters
    ----------
    found : iterable of mappings
        As of `experiments.history_matching.rows`, of the first wave.
    direct : iterable of mappings
        The same, of points with all scenarios: the second wave, which an emulator called likely.
    """
    values, checked = _plain(found), _plain(direct)
    head = baseline.head(matching.NAME, command=matching.COMMAND, data="calibrated", sources=MODEL)
    kept = head | {"theta": {}, "values": values, "direct": checked}
    baseline.write(kept)
    for waves in (1, 2):
        points, measured, _ = matching.load(waves)
        numbers = emulated.printed(measured)
        seeds = emulated.known_seeds(numbers.index)
        processes = emulated.fit(points, measured, numbers["expected"], seeds=seeds)
        kept["theta"][str(waves)] = emulated.theta(processes)
    return baseline.write(kept)


def _plain(found: Iterable[Mapping[str, object]]) -> list[dict]:
    """Return rows with the numbers that stand on one of the sides, rounded."""
    named = {*matching.numbers().index, *matching.held_out()}
    return [
        {
            "number": row["number"],
            "days": row["days"],
            "point": row["point"],
            "values": {k: baseline.rounded(v, 6) for k, v in row["values"].items() if k in named},
        }
        for row in found
    ]


def second_wave(points: int) -> pd.DataFrame:
    """Return points that are not ruled out: likely ones, apart from each other.

    One after the other is taken by its weight times its distance to those that were taken.
    """
    world = emulated.world(CANDIDATES)
    left = ~emulated.ruled_out(world.off)
    candidates, weight = world.points[left], world.weight[left]
    x = emulated.features(candidates)
    chosen, distance = [], np.full(len(x), 1.0)
    for _ in range(min(points, len(x))):
        chosen.append(int(np.argmax(np.sqrt(weight.to_numpy()) * distance)))
        distance = np.minimum(distance, np.linalg.norm(x - x[chosen[-1]], axis=1))
    taken = candidates.iloc[chosen].reset_index(drop=True)
    taken.index = pd.RangeIndex(matching.SECOND, matching.SECOND + len(taken), name="point")
    return taken


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--table", default=None, help="Name of a table of points to come next.")
@click.option("--points", default=60, show_default=True, help="How many points it has.")
def main(folder: Path, table: str | None, points: int) -> None:
    """Keep what is done, then choose what comes next."""
    check_numbers(folder)
    first, early, second = (rows(folder / f"{n}.jsonl") for n in ("wave1", "direct", "wave2"))
    click.echo(f"kept {write(first, [*early, *second])}")
    if table is None:
        return
    path = folder / f"{table}.csv"
    if path.exists():
        raise click.ClickException(f"{path} is there; allowed the name of a new table")
    second_wave(points).to_csv(path)
    click.echo(f"points in {path}")


if __name__ == "__main__":
    main()
