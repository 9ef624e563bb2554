"""Make a paper's baseline: ``python -m soilnb.claims rotzer2025``.

rotzer2025: makes the runs of the paper's size that are not there yet, about half a minute each on
one core. They are kept one by one in the results folder, so a second call goes on where the first
one stopped; runs whose sources have changed since are made again.

Any other paper: keeps what its notebooks recorded in their last runs of size paper
(`soilnb run NOTEBOOK --size paper`), and those of their tables that `baseline.TABLES` names.

With --hypotheses it makes the runs behind the hypotheses that were tried instead, and the
default runs with which they are compared; half an hour on one core.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from soilnb import claims, results
from soilnb.claims import baseline, rotzer2025, rotzer2025_trials
from soilnb.parameters import InputError
from soilnb.pore import PRESETS


@click.command(help=__doc__.split("\n\n", 1)[1])
@click.argument("paper", type=click.Choice(list(baseline.SOURCES)))
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(1))
@click.option("--preset", "presets", multiple=True, type=click.Choice(list(PRESETS)))
@click.option("--hypotheses", is_flag=True, help="Make the runs behind the hypotheses instead.")
def main(paper: str, seeds: int, jobs: int, presets: tuple[str, ...], hypotheses: bool) -> None:
    """Run what is missing, then keep the numbers."""
    if paper != rotzer2025.PAPER:
        click.echo(f"kept {keep_recorded(paper)}")
        return
    if hypotheses:
        command = f"python -m soilnb.claims {paper} --hypotheses"
        kept = rotzer2025_trials.keep_trials(rotzer2025_trials.make_trials(jobs), command=command)
        click.echo(f"kept {kept}")
        return
    runs = rotzer2025.make_runs(presets or PRESETS, seeds, jobs)
    kept = rotzer2025.keep_runs(runs, command=f"python -m soilnb.claims {paper}")
    click.echo(f"kept {kept}")


def keep_recorded(paper: str) -> Path:
    """Keep what a paper's notebooks recorded in size paper as its baseline; returns the file."""
    found = [row for row in claims.rows(paper) if row["size"] == "paper"]
    if not found:
        raise InputError(
            f"no run of size paper has recorded numbers of {paper}: "
            "soilnb run NOTEBOOK --size paper makes one"
        )
    notebooks = " ".join(sorted({row["notebook"] for row in found}))
    kept = ("id", "value", "data", "cause", "spread", "n", "preset", "variant")
    notes = [{key: row[key] for key in kept if row.get(key)} for row in found]
    for note, row in zip(notes, found, strict=True):
        note["value"] = row["value"]  # a 0 is a value, too
    tables = {
        name: baseline.pack_table(path)
        for name in baseline.TABLES.get(paper, ())
        for path in sorted((results.root() / "paper").glob(f"*/{name}.csv"))
    }
    command = f"soilnb run {notebooks} --size paper"
    return claims.keep(paper, notes, command=command, extra={"tables": tables} if tables else None)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"soilnb: {error}") from None
