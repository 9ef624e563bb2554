"""The command line: ``soilnb COMMAND``. Every command says what it does with ``--help``."""

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import shorten

import click

from soilnb.language import languages

# Models, notebooks and figures are imported inside the commands: `soilnb --help` answers at once.

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

#: What is left of a long cell of the table of claims.
CELL = 60

size_option = click.option(
    "--size",
    type=click.Choice(["quick", "paper"]),
    default="quick",
    show_default=True,
    help="quick takes seconds per notebook; paper is the set-up of the papers.",
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Notebooks that run at the same time, at most your cores (the default).",
)
language_option = click.option(
    "--language",
    type=click.Choice(languages()),
    default="en",
    show_default=True,
    help="Language of texts and explorers, as far as they have been translated.",
)
force_option = click.option(
    "--force", is_flag=True, help="Run also the notebooks that have not changed."
)


class OneLine(click.ClickException):
    """Bad input as one line on stderr, exit status 1."""

    def show(self, file=None) -> None:
        """Print the line."""
        click.echo(f"soilnb: {self.format_message()}", err=True)


class Commands(click.Group):
    """A group whose commands report bad input in one line instead of a traceback."""

    def main(self, *args: object, **extra: object) -> object:
        """Begin; what the code page of a console lacks, as gbk lacks µ, is shown by its number."""
        if getattr(sys.stdout, "errors", "") == "strict":
            sys.stdout.reconfigure(errors="backslashreplace")
        return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; see the class."""
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            raise _one_line(error) from error


def _one_line(error: Exception) -> Exception:
    from soilnb.parameters import InputError

    if isinstance(error, InputError):
        return OneLine(" ".join(str(error).split()))
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return OneLine(f"{where}{error.strerror}")
    return error


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(package_name="soilnb", prog_name="soilnb")
def main() -> None:
    """Soil carbon from the pore to the planet: notebooks, their results, and a book.

    Begin with `soilnb lab`, which opens the notebooks in your browser. `soilnb run` computes their
    results without you, `soilnb claims` compares them with the papers' numbers.

    Three environment variables say where things lie: SOILNB_RESULTS (results), SOILNB_DATA (data
    sets, an absolute path), SOILNB_NOTEBOOKS (your own copy of the notebooks).
    """


@contextlib.contextmanager
def _on_termination(action):
    """Do `action` on SIGTERM, which a queue or container sends before it kills."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: action())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt() -> None:
    """Clean up as for an interrupt from the keyboard."""
    raise KeyboardInterrupt


@main.command("list", short_help="List the notebooks and the state of their results.")
def list_() -> None:
    """List the notebooks, with the state of their results in both sizes.

    "up to date" means that running again would change nothing; "changed" that the notebook, the
    package or the data have changed since the last run.
    """
    from soilnb.pipeline import runs

    rows = [
        (path.stem, runs.state(path, "quick"), runs.state(path, "paper"), runs.title(path))
        for path in runs.notebooks()
    ]
    _table(("notebook", "quick", "paper", "title"), rows)


@main.command(short_help="Run notebooks and keep what they compute.")
@click.argument("notebooks", nargs=-1, metavar="[NOTEBOOK ...]")
@size_option
@click.option(
    "-p",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a parameter of the notebooks; may be given several times.",
)
@jobs_option
@force_option
@click.option(
    "--time-limit",
    type=float,
    metavar="SECONDS",
    help="Longest time for one notebook (quick: 600, paper: 43200).",
)
def run(notebooks, size, parameters, jobs, force, time_limit) -> None:
    """Run notebooks and keep what they compute; all of them when none is named.

    NOTEBOOK is a name or its beginning: `soilnb run 22`. Figures, tables, datasets, claims and the
    notebook with its outputs go to results/SIZE/NOTEBOOK; of a run with changed parameters to a
    folder of its own in results/changed/SIZE, and not into scoreboard or book. A notebook whose
    text, parameters, data and what it uses of the package are unchanged is not run again. When one
    fails, the others still run, its partial results stay in NOTEBOOK.failed, and the exit status
    is 1.
    """
    values = dict(_pair(text) for text in parameters)

    from soilnb.pipeline import runs

    with _on_termination(_interrupt):
        done = runs.run(
            notebooks or None,
            size=size,
            parameters=values,
            jobs=jobs,
            force=force,
            time_limit=time_limit,
        )
    rows = [(r.notebook, r.state, f"{r.seconds:.0f} s", _near(r.folder)) for r in done]
    _table(("notebook", "state", "time", "results"), rows)
    if not all(r.ok for r in done):
        raise click.exceptions.Exit(1)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    return name.strip(), value.strip()


def _shape(context, parameter, value: str | None) -> tuple[int, int] | None:
    """Read ``128x128`` as voxels down and across."""
    if value is None:
        return None
    parts = value.lower().split("x")
    if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
        raise click.BadParameter(f"{value!r} is not ROWSxCOLUMNS, for example 128x128")
    return int(parts[0]), int(parts[1])


@main.command(short_help="Run the pore-scale model and write a netCDF file.")
@click.argument("scenario")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False),
    metavar="FILE.nc",
    help="Where the result goes; fields of snapshots are streamed into it.",
)
@click.option("--days", default=500, show_default=True, help="Length of the run.")
@click.option("--seed", default=0, show_default=True, help="Seed of everything random.")
@click.option("--preset", default="default", show_default=True, help="Named set of parameters.")
@click.option(
    "--shape", callback=_shape, metavar="ROWSxCOLUMNS", help="Voxels of 2 µm; default 250x250."
)
@click.option(
    "--snapshot", "snapshots", multiple=True, type=int, metavar="DAY", help="Keep the fields."
)
@click.option(
    "-p",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a parameter or a switch of the preset; may be given several times.",
)
@click.option("--checkpoint", type=click.Path(dir_okay=False), help="File to write states to.")
@click.option("--resume", type=click.Path(dir_okay=False), help="Checkpoint to go on from.")
@click.option("--force", is_flag=True, help="Overwrite FILE.nc.")
def simulate(scenario, output, parameters, force, **options) -> None:
    """Run the pore-scale model of Rötzer et al. (2025) and write FILE.nc.

    SCENARIO is reference, static, cn10, cn22, cn100, ten_pulses, pom_cn10, or a file of your own,
    NAME.toml. A run that is stopped goes on from its --checkpoint with --resume, to the same bits,
    and into the same FILE.nc. Any other file that is there is overwritten with --force only.
    """
    values = dict(_pair(text) for text in parameters)

    from soilnb.parameters import InputError
    from soilnb.pore import simulate as run

    if Path(output).exists() and not (force or options["resume"]):
        raise InputError(f"{output} is there already; --force overwrites it")

    data = run(scenario, output=output, parameters=_numbers(values), **options)
    last = data.isel(time=-1)
    carbon = sum(float(last[name]) for name in ("C_B", "C_Nec", "C_POM", "C_S"))
    click.echo(
        f"{output}: day {float(last['time']):.0f}, {carbon:.2f} mg C per g soil, "
        f"{float(last['C_CO2']):.2f} mg respired"
    )


@main.command(short_help="Say how a file of yours would be understood.")
@click.argument("file", type=click.Path(), metavar="FILE")
@click.option(
    "-c",
    "--column",
    "columns",
    multiple=True,
    metavar="NAME=HEADING",
    help="Heading of a column that has another name: organic_carbon=SOC.",
)
@click.option(
    "-u",
    "--unit",
    "units",
    multiple=True,
    metavar="NAME=UNIT",
    help="Unit of a column: organic_carbon=g/kg, depth=m.",
)
@click.option("--missing", multiple=True, metavar="ENTRY", help="Entry for a missing value: -99.")
@click.option(
    "--datum",
    default="shift",
    show_default=True,
    help="shift or drop organic layers above the mineral soil.",
)
@click.option("--sheet", metavar="NAME", help="Sheet of a workbook.")
@click.option("--encoding", metavar="NAME", help="Code page of a text that is not Unicode: cp1250.")
@click.option("--sort", is_flag=True, help="Sort the layers of each profile.")
def check(file, columns, units, **options) -> None:
    """Say how a file would be understood, and change nothing.

    FILE is a table (CSV or Excel) of soil pits with one row for each layer, of sites or of a year's
    months; a scenario (TOML), a segmented image, or a forcing (netCDF). Shown are units and what
    decided them, what can be used, and why the rest cannot. The options are those of
    `soilnb.proda.observations.read_csv` in Python; for an image, `-c pore=0 -c solid=255` says what
    its values are.
    """
    from soilnb.pipeline.check_file import understood

    found = understood(file, dict(map(_pair, columns)), dict(map(_pair, units)), **options)
    _table(found.head, found.rows)
    for note in found.notes:
        click.echo(f"note: {note}")


def _numbers(values: dict[str, str]) -> dict[str, object]:
    """Read numbers as numbers, and leave the words of switches as they are."""
    found: dict[str, object] = {}
    for name, text in values.items():
        try:
            found[name] = float(text)
        except ValueError:
            found[name] = {"true": True, "false": False}.get(text.lower(), text)
    return found


@main.command()
@size_option
@jobs_option
@force_option
@click.option(
    "--no-run", is_flag=True, help="Compile from the results that are there, and run nothing."
)
def book(size, jobs, force, no_run) -> None:
    """Run the notebooks and compile the book.

    The book lies in book/_build/html and can be read with no network. It needs a checkout.
    """
    from soilnb.parameters import InputError
    from soilnb.pipeline import runs

    if runs.checkout() is None:
        raise InputError(
            "the book needs a checkout of the repository; this is an installed package"
        )

    from soilnb.pipeline.book import build

    with _on_termination(_interrupt):
        index = build(run=not no_run, size=size, jobs=jobs, force=force)
    click.echo(f"The book is ready. Open {Path(index).resolve().as_uri()}")


@main.command(context_settings={"ignore_unknown_options": True})
@click.option("--dashboard", is_flag=True, help="Open them as dashboards (Voilà), without code.")
@language_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTERLAB OPTION ...]")
def lab(dashboard, language, arguments) -> None:
    """Open the notebooks in JupyterLab, or as dashboards.

    In another language they are opened as a copy, in the folder soilnb-notebooks-LANGUAGE.

    Other options go to JupyterLab (or Voilà), for example `soilnb lab --no-browser --port 8890`.
    """
    import importlib.util

    module, extra = ("voila", "dashboard") if dashboard else ("jupyterlab", "lab")
    if importlib.util.find_spec(module) is None:
        name = "Voilà" if dashboard else "JupyterLab"
        raise OneLine(f"{name} is not installed; pip install 'soilnb[{extra}]' brings it")
    folder, first = _lab_folder(language)
    options = (
        ["--template=soilnb", str(folder)]
        if dashboard
        else [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{first}"]
    )
    command = [sys.executable, "-m", module, *options, *arguments]
    # The kernels of this environment come before those installed for the user.
    environment = {"JUPYTER_PREFER_ENV_PATH": "1", **os.environ}
    if language != "en":
        environment["SOILNB_LANG"] = language
    if dashboard:
        paths = [
            str(Path(__file__).parent / "pipeline" / "jupyter"),
            environment.get("JUPYTER_PATH"),
        ]
        environment["JUPYTER_PATH"] = os.pathsep.join(filter(None, paths))
    with (
        subprocess.Popen(command, env=environment) as process,
        _on_termination(process.terminate),
    ):
        while True:
            try:
                status = process.wait()
                break
            except KeyboardInterrupt:
                continue  # JupyterLab got it too, and asks whether to stop
    raise click.exceptions.Exit(min(abs(status), 1))


def _lab_folder(language: str) -> tuple[Path, str]:
    """Return the folder to work in, and the notebook to begin with."""
    from soilnb.pipeline import notebooks, runs

    folder = notebooks.folder()
    installed = runs.checkout() is None and "SOILNB_NOTEBOOKS" not in os.environ
    if installed or language != "en":
        suffix = "" if language == "en" else f"-{language}"
        folder = Path.cwd() / f"soilnb-notebooks{suffix}"
        click.echo(f"Your copy of the notebooks is {folder}", err=True)
        notebooks.copy(folder, keep=True, language=language)
    first = next((path.name for path in runs.notebooks()), "")
    return folder, first


@main.command()
@click.argument("paper", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list and nothing else.")
def claims(paper, as_json) -> None:
    """Compare the papers' numbers with ours.

    PAPER is rotzer2025, he2024, tao2023, tao2024, luo2025 or validation (our models against their
    reference code); all of them when none is named. The verdict is same (in the range of the
    claim), near, differs (with its cause), reported (no comparison is possible) or not run. The
    strength says what an agreement is worth: independent, tuned, by construction, or only of an
    order. Statements are cut to a line; --json has them whole. The exit status is 0 whatever the
    verdicts.
    """
    with contextlib.redirect_stdout(sys.stderr):  # notes must not mix with the result
        from soilnb.claims import rows, summary

        found = rows(paper)
    if as_json:
        click.echo(json.dumps(_plain(found), indent=1, ensure_ascii=False, allow_nan=False))
        return
    columns = ["id", "figure", "statement", "expected", "value", "unit", "verdict"]
    columns += ["strength", "data"]
    columns[1:1] = ["preset"] if any(row.get("preset") for row in found) else []
    lines = [[_cell(row.get(name)) for name in columns] for row in found]
    _table(columns, [[shorten(cell, CELL, placeholder=" …") for cell in line] for line in lines])
    causes: dict[tuple, list[str]] = {}
    for row in found:
        if row.get("verdict") == "differs":
            causes.setdefault((row["id"], row.get("cause")), []).append(row.get("preset"))
    for (name, cause), presets in causes.items():
        where = ", ".join(filter(None, presets))
        click.echo(f"{name}{f' ({where})' if where else ''} differs: {cause}")
    counts = summary(board=found)
    click.echo("")
    _table(
        ["strength", *counts.columns],
        [[name, *row] for name, row in zip(counts.index, counts.to_numpy().tolist(), strict=True)],
    )


def _plain(value: object) -> object:
    """Return `value` as JSON has it: no NaN, no NumPy numbers."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@main.group(cls=Commands)
def data() -> None:
    """See which data sets are at hand, and download others.

    Without a data set the notebooks use its synthetic twin and say so. Nothing is downloaded
    unless you ask for it with `soilnb data fetch`.
    """


@data.command("list")
def data_list() -> None:
    """List the data sets with their licence and state."""
    from soilnb.data import datasets

    table = datasets().reset_index()
    columns = [name for name in ("name", "state", "licence", "title") if name in table]
    _table(columns, table[columns].astype(str).itertuples(index=False))


@data.command("fetch")
@click.argument("names", nargs=-1, required=True, metavar="NAME ...")
def data_fetch(names) -> None:
    """Download data sets and verify their checksums. `soilnb data list` shows the names."""
    from soilnb.data import fetch

    for name in names:
        where = fetch(name)
        click.echo(f"{name}: {where}")


@main.command(short_help="Copy the notebooks into a folder of your own.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option("--force", is_flag=True, help="Overwrite files that you have changed.")
@language_option
def copy(folder, force, language) -> None:
    """Copy the notebooks of this version into the folder DIR, to work on.

    Files that you have changed are not overwritten, and nothing is ever deleted.
    """
    from soilnb.pipeline import notebooks

    written = notebooks.copy(folder, force=force, language=language)
    files = "1 file" if len(written) == 1 else f"{len(written)} files"
    click.echo(f"{folder}: {files} copied")


@main.command(short_help="Make a course for lecturers: notebooks, slides, plans, questions.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--edition",
    type=click.Choice(["student", "instructor"]),
    default="instructor",
    show_default=True,
    help="Without answers, plans and keys, or with them.",
)
@click.option("--lecture", "span", flag_value="lecture", help="One lecture of 90 minutes.")
@click.option("--week", "span", flag_value="week", help="Four sessions in one week.")
@click.option("--weeks", type=click.Choice(["6"]), help="Six weeks of two sessions (the default).")
def course(folder, edition, span, weeks) -> None:
    """Make a course into the folder DIR, which then stands alone and needs no network.

    It holds the notebooks of an edition, slides to show in any browser, a syllabus, questions, and
    for the instructor a plan of each lesson, keys and rubrics; its README says how to begin. Each
    notebook is an assignment of nbgrader. A folder with files of yours is refused. Figures of the
    slides are drawn from our own runs: the first time that takes minutes, then they are kept.
    """
    if span and weeks:
        raise click.UsageError("--lecture, --week and --weeks exclude each other")

    from soilnb.course.build import build

    with _on_termination(_interrupt):
        written = build(folder, edition, span or "weeks")
    click.echo(f"{folder}: {len(written)} files; begin with {folder / 'README.md'}")


def _near(path: Path) -> str:
    """Return a path as seen from the working directory, when it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(head, rows) -> None:
    """Print rows under their headings, in columns as wide as they need."""
    lines = [[str(item) for item in row] for row in (head, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        text = "  ".join(item.ljust(width) for item, width in zip(line, widths, strict=True))
        click.echo(text.rstrip())


if __name__ == "__main__":
    main()
