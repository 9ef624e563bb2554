"""Keep what a paper's notebooks recorded in their last runs of size paper as its baseline.

    python -m experiments.recorded PAPER

The runs are made by ``soilnb run NOTEBOOK --size paper``; those of their tables that
`soilnb.claims.baseline.TABLES` names are kept, too. rotzer2025 has a program of its own.
"""

from __future__ import annotations

from pathlib import Path

import click

from soilnb import claims, results
from soilnb.claims import baseline
from soilnb.parameters import InputError

PAPERS = [paper for paper in baseline.SOURCES if paper != "rotzer2025"]


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
    extra = {"tables": tables} if tables else None
    return claims.write_baseline(paper, notes, command=command, extra=extra)


@click.command(help=__doc__)
@click.argument("paper", type=click.Choice(PAPERS))
def main(paper: str) -> None:
    """Keep the numbers."""
    click.echo(f"kept {keep_recorded(paper)}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"soilnb: {error}") from None
