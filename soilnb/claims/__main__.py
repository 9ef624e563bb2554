"""Make a paper's baseline: ``python -m soilnb.claims rotzer2025``.

The runs of the paper's size take about half a minute each on one core. They are kept one by one
in the results folder, so a second call goes on where the first one stopped; runs whose sources
have changed since are made again.
"""

from __future__ import annotations

import os

import click

from soilnb.claims import rotzer2025
from soilnb.parameters import InputError
from soilnb.pore import PRESETS


@click.command(help=__doc__.split("\n\n")[1])
@click.argument("paper", type=click.Choice([rotzer2025.PAPER]))
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(1))
@click.option("--preset", "presets", multiple=True, type=click.Choice(list(PRESETS)))
def main(paper: str, seeds: int, jobs: int, presets: tuple[str, ...]) -> None:
    """Run what is missing, then keep the baseline."""
    runs = rotzer2025.make_runs(presets or PRESETS, seeds, jobs)
    kept = rotzer2025.keep_runs(runs, command=f"python -m soilnb.claims {paper}")
    click.echo(f"kept {kept}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"soilnb: {error}") from None
