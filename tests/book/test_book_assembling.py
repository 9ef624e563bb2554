"""Assembling the book: what goes in, what stays untouched, what is refused, what is remembered."""

import json
import shutil
import zlib
from pathlib import Path

import pytest
import yaml

from soilnb import claims
from soilnb.figures import films as shown
from soilnb.lessons import films as lessons
from soilnb.parameters import InputError
from soilnb.pipeline import book, fingerprint, pages, runs
from soilnb.pipeline.pages import concept_map, films

ROOT = Path(__file__).resolve().parents[2]
PICTURE = {"image/png": "aGk="}


def output(alt=None):
    metadata = {"image/png": {"alt": alt}} if alt else {}
    return {
        "output_type": "display_data",
        "data": PICTURE | {"text/plain": "x"},
        "metadata": metadata,
    }


def executed(path, *outputs, tags=(), metadata=None):
    """Turn a notebook into the result of a run, with these outputs of its last cell."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][-1]["outputs"] = list(outputs)
    notebook["cells"][-1]["metadata"] = {"papermill": {"duration": 1}, **(metadata or {})}
    injected = {"tags": ["injected-parameters"], "papermill": {}}
    notebook["cells"].insert(
        2, {"cell_type": "code", "id": "i", "metadata": injected, "source": "SIZE = 'quick'"}
    )
    notebook["metadata"]["papermill"] = {"duration": 2}
    return json.dumps(notebook)


@pytest.fixture(scope="module")
def scoreboard(tmp_path_factory):
    """The rows and the table of all claims: half of what it takes to assemble a book."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOILNB_RESULTS", str(tmp_path_factory.mktemp("no_results")))
        return claims.rows(), claims.compare()


@pytest.fixture(scope="module")
def generated():
    """The pages that the package makes of itself, made once for the notebooks that they name."""
    made, make = {}, book._generated

    def pages_of(root, notebooks, pictures):
        key = (*notebooks, *pictures)
        if key not in made:
            made[key] = make(root, notebooks, pictures)
        return dict(made[key])

    return pages_of


@pytest.fixture
def house(
    tmp_path, notebook_folder, results_root, write_notebook, monkeypatch, scoreboard, generated
):
    """A small checkout with one notebook that has run, and a page that shows its figure."""
    for name, made in zip(("rows", "compare"), scoreboard, strict=True):
        monkeypatch.setattr(claims, name, lambda *_, made=made, **__: made)
    monkeypatch.setattr(book, "_generated", generated)
    root = tmp_path / "checkout"
    (root / "book" / "assets").mkdir(parents=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / "book" / name, root / "book" / name)
    for page in (ROOT / "book").glob("*.md"):
        (root / "book" / page.name).write_text(f"# {page.stem}\n", encoding="utf-8")
    (root / "book" / "intro.md").write_text("# In\n\n![A](figures/a-fig1.png)\n", encoding="utf-8")
    (root / "book" / "assets" / "soilnb.css").write_text("p {}", encoding="utf-8")
    (root / "CHANGELOG.md").write_text("# Changelog\n", encoding="utf-8")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / name, root)
    path = write_notebook(notebook_folder, "20_first", "1 + 1")
    folder = results_root / "quick" / "20_first"
    folder.mkdir(parents=True)
    (folder / "20_first.ipynb").write_text(executed(path, output("A line")), encoding="utf-8")
    (folder / "a-fig1.png").write_bytes(b"png")
    (folder / "run.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(runs, "checkout", lambda: root)
    return root


def source(root):
    return root / "book" / "_build" / "source"


def test_the_sources_are_pages_notebooks_figures_and_generated_pages(house):
    book.assemble(house, "quick")
    found = {
        p.relative_to(source(house)).as_posix() for p in source(house).rglob("*") if p.is_file()
    }
    assert {
        "_config.yml", "_toc.yml", "intro.md", "glossary.md", "notebooks/20_first.ipynb",
        "figures/a-fig1.png", "scoreboard.md", "parameters.md", "data.md", "planet.md",
        "your_soil.md",
        "changes.md", "api/index.md", "api/soilnb.profile.mimics.md", "assets/soilnb.css",
    } <= found  # fmt: skip


def test_explorers_bring_their_states_and_leave_no_widget(house, results_root):
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Box()"}
    folder = results_root / "quick" / "20_first"
    path = folder / "20_first.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["widgets"] = {"state": {}}
    notebook["cells"][-1]["outputs"] = [
        {"output_type": "display_data", "data": data, "metadata": {}}
        for data in (view, view | {"text/html": "<div class='soilnb-explorer'></div>"})
    ]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "20_first-1.explorer.json").write_text('{"states":{}}', encoding="utf-8")
    book.assemble(house, "quick")
    page = json.loads((source(house) / "notebooks" / "20_first.ipynb").read_text(encoding="utf-8"))
    assert "widgets" not in page["metadata"]
    [output] = page["cells"][-1]["outputs"]  # what has no states is dead, and gone
    assert list(output["data"]) == ["text/plain", "text/html"]
    script = (source(house) / "extra" / "explorers" / "20_first-1.js").read_text(encoding="utf-8")
    assert script.endswith('["20_first-1"] = {"states":{}};\n')
    settings = yaml.safe_load((source(house) / "_config.yml").read_text(encoding="utf-8"))
    assert settings["sphinx"]["config"]["html_extra_path"] == ["extra"]


def test_what_has_not_changed_is_not_written_again(house):
    book.assemble(house, "quick")
    before = {p: p.stat().st_mtime_ns for p in source(house).rglob("*") if p.is_file()}
    (house / "book" / "glossary.md").write_text("# Glossary, longer\n", encoding="utf-8")
    assert not book.assemble(house, "quick")
    changed = {p.name for p, time in before.items() if p.stat().st_mtime_ns != time}
    assert changed == {"glossary.md"}


def test_a_notebook_that_is_added_later_becomes_a_page(
    house, notebook_folder, write_notebook, results_root
):
    book.assemble(house, "quick")
    path = write_notebook(notebook_folder, "31_later", "2 + 2")
    folder = results_root / "quick" / "31_later"
    folder.mkdir()
    (folder / "31_later.ipynb").write_text(executed(path), encoding="utf-8")
    assert not book.assemble(house, "quick")
    toc = yaml.safe_load((source(house) / "_toc.yml").read_text(encoding="utf-8"))
    captions = {part["caption"]: part["chapters"] for part in toc["parts"]}
    assert captions["Profiles and the globe"] == [{"file": "notebooks/31_later"}]
    assert (source(house) / "notebooks" / "31_later.ipynb").is_file()


def test_a_notebook_that_is_gone_takes_its_page_along(house, notebook_folder):
    book.assemble(house, "quick")
    (notebook_folder / "20_first.ipynb").unlink()
    assert book.assemble(house, "quick")
    assert not (source(house) / "notebooks" / "20_first.ipynb").exists()


def test_new_settings_compile_every_page_again(house):
    book.assemble(house, "quick")
    settings = house / "book" / "_config.yml"
    settings.write_text(settings.read_text(encoding="utf-8") + "logo: a.png\n", encoding="utf-8")
    assert book.assemble(house, "quick")
    assert not book.assemble(house, "quick")


def test_a_new_style_compiles_every_page_again(house):
    """Sphinx copies it only where it has a page to write, and each page names its version."""
    book.assemble(house, "quick")
    style = house / "book" / "assets" / "soilnb.css"
    style.write_text(style.read_text(encoding="utf-8") + "p { color: red }\n", encoding="utf-8")
    assert book.assemble(house, "quick")
    assert not book.assemble(house, "quick")


def test_every_page_stands_in_the_contents_once(house):
    book.assemble(house, "quick")
    toc = yaml.safe_load((source(house) / "_toc.yml").read_text(encoding="utf-8"))
    listed = [toc["root"]]
    for part in toc["parts"]:
        assert part["chapters"], part["caption"]
        for entry in part["chapters"]:
            listed += [entry["file"], *(e["file"] for e in entry.get("sections", []))]
    pages_there = [
        p.relative_to(source(house)).with_suffix("").as_posix()
        for p in source(house).rglob("*")
        if p.suffix in (".md", ".ipynb")
    ]
    assert sorted(listed) == sorted(pages_there)


def test_chapters_stand_in_the_order_of_their_numbers():
    names = ["notebooks/22_b.ipynb", "notebooks/20_a.ipynb", "notebooks/00_s.ipynb", "intro.md"]
    toc = yaml.safe_load(book.contents(ROOT / "book" / "_toc.yml", names))
    chapters = {part["caption"]: part["chapters"] for part in toc["parts"]}
    assert [c["file"] for c in chapters["Carbon use efficiency"]] == [
        "notebooks/20_a",
        "notebooks/22_b",
    ]
    assert chapters["Begin"][0] == {"file": "notebooks/00_s"}
    assert "In the pores" not in chapters


def test_the_page_of_a_notebook_shows_no_trace_of_its_run(house):
    book.assemble(house, "quick")
    text = (source(house) / "notebooks" / "20_first.ipynb").read_text(encoding="utf-8")
    assert "papermill" not in text
    assert "injected-parameters" not in text
    assert json.loads(text)["metadata"]["language_info"]["name"] == "python"


def cell(*outputs, **metadata):
    return {
        "cell_type": "code",
        "id": "c",
        "metadata": metadata,
        "source": "draw()",
        "outputs": [*outputs],
    }


def alts(cells):
    return [c["metadata"].get("mystnb", {}).get("image", {}).get("alt") for c in cells]


def test_a_page_says_what_a_warning_says_and_not_on_which_machine():
    text = [
        "note: made up\n",
        "/home/me/soilnb/profile/century.py:93: SiteWarning: temperature = 40: in degF? then 4\n",
        "  return _at_rest(site)\n",
        "/tmp/ipykernel_7/1.py:2: UserWarning: so: it is\n  run()\nhere: it goes on\n",
    ]
    cell = {"outputs": [{"output_type": "stream", "name": "stderr", "text": text}]}
    book._without_places(cell)
    [output] = cell["outputs"]
    assert output["text"].splitlines() == [
        "note: made up", "note: temperature = 40: in degF? then 4", "note: so: it is",
        "here: it goes on",
    ]  # fmt: skip


def test_the_text_of_a_picture_is_put_where_the_book_looks_for_it():
    assert alts(book._described(cell(output("A line")), "x")) == ["A line"]
    own = {"mystnb": {"image": {"alt": "From the cell", "width": "50%"}}}
    [kept] = book._described(cell(output(), **own), "x")
    assert kept["metadata"]["mystnb"]["image"] == {"alt": "From the cell", "width": "50%"}


def test_each_of_several_pictures_keeps_its_own_text():
    text = {"output_type": "stream", "name": "stdout", "text": "between"}
    cells = book._described(cell(output("One"), text, output("Two"), output("Three")), "x")
    assert alts(cells) == ["One", "Two", "Three"]
    assert [len(c["outputs"]) for c in cells] == [2, 1, 1]
    assert [c["metadata"].get("tags") for c in cells] == [None, ["remove-input"], ["remove-input"]]
    assert len({c["id"] for c in cells}) == 3


def test_a_picture_without_a_text_is_refused_with_its_place():
    with pytest.raises(InputError, match=r"notebook 20_x: a picture has no description.*draw\(\)"):
        book._described(cell(output()), "20_x")


def test_a_cell_without_pictures_stays_as_it_is():
    plain = cell({"output_type": "stream", "name": "stdout", "text": "hello"})
    assert book._described(plain, "x") == [plain]


def test_a_notebook_without_result_is_named(house, results_root):
    shutil.rmtree(results_root / "quick" / "20_first")
    with pytest.raises(InputError, match="notebook 20_first: no result of size quick"):
        book.assemble(house, "quick")


def test_a_figure_that_no_run_has_made_is_named(house):
    (house / "book" / "intro.md").write_text("![A](figures/none.png)", encoding="utf-8")
    with pytest.raises(InputError, match=r"intro\.md: figure none\.png is in no result"):
        book.assemble(house, "quick")


def test_a_failed_run_gives_no_figures(house, results_root):
    good = results_root / "quick" / "20_first"
    good.rename(results_root / "quick" / "20_first.failed")
    with pytest.raises(InputError, match=r"a-fig1\.png"):
        book._figures(house / "book" / "intro.md", "quick")


# --- Assets -------------------------------------------------------------------------------


@pytest.fixture
def npm(monkeypatch):
    """An npm that installs empty files, and counts how often it is asked."""
    calls = []

    def install(place):
        calls.append(sorted(p.name for p in place.iterdir()))
        for name in book.ASSETS:
            path = place / "node_modules" / name.replace("*", "icons")
            if path.suffix:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(name, encoding="utf-8")
            else:
                path.mkdir(parents=True)
                (path / "a.js").write_text(name, encoding="utf-8")
        return ""

    monkeypatch.setattr(book, "_npm_install", install)
    return calls


def test_assets_are_fetched_once_for_a_lock(house, npm):
    assert book.vendor(house)
    assert book.vendor(house)
    assert npm == [[".npmrc", "package-lock.json", "package.json"]]
    assert (house / "book" / "_vendor" / "mathjax" / "tex-mml-chtml.js").is_file()
    assert not (house / "node_modules").exists()


def test_another_lock_fetches_again(house, npm):
    book.vendor(house)
    lock = house / "package-lock.json"
    lock.write_text(lock.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    place = house / "book" / "_build" / "html"
    place.mkdir(parents=True)
    book.vendor(house)
    assert len(npm) == 2
    assert not place.exists()  # it holds what was fetched for the other lock


def test_without_npm_one_line_says_so_and_the_pages_use_the_web(house, monkeypatch, capsys):
    monkeypatch.setattr(book, "_npm_install", lambda place: "the registry does not answer")
    assert not book.vendor(house)
    [line] = capsys.readouterr().err.splitlines()
    assert "the registry does not answer" in line
    assert "need a network" in line
    book.assemble(house, "quick", offline=False)
    settings = yaml.safe_load((source(house) / "_config.yml").read_text(encoding="utf-8"))
    assert not set(book.OFFLINE_SETTINGS) & set(settings["sphinx"]["config"])
    assert settings["sphinx"]["config"]["html_static_path"] == ["assets"]


def test_npm_that_cannot_reach_its_registry_is_one_line(house, monkeypatch, tmp_path):
    # A registry on a port where nothing listens.
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    place = tmp_path / "npm"
    place.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(house / name, place)
    problem = book._npm_install(place)
    assert problem
    assert "\n" not in problem


def test_what_the_pages_load_is_what_is_fetched():
    settings = yaml.safe_load((ROOT / "book" / "_config.yml").read_text(encoding="utf-8"))
    config = settings["sphinx"]["config"]
    assert set(book.OFFLINE_SETTINGS) <= set(config)
    fetched = {f"{place}{Path(name).name}" if place.endswith("/") or not place else place
               for name, place in book.ASSETS.items()}  # fmt: skip
    own = {path.name for path in (ROOT / "book" / "assets").iterdir()}
    assert config["mathjax_path"] in fetched
    assert set(config["nb_ipywidgets_js"]) <= fetched | own
    assert {*config["html_css_files"], *config["html_js_files"]} <= own


# --- Building -----------------------------------------------------------------------------


def test_there_is_no_book_without_a_checkout(monkeypatch):
    monkeypatch.setattr(runs, "checkout", lambda: None)
    with pytest.raises(InputError, match="needs a checkout"):
        book.build()


def test_a_failed_notebook_stops_the_book(house, monkeypatch, tmp_path):
    failed = runs.NotebookRun("20_first", "quick", "failed", tmp_path, error="it broke")
    monkeypatch.setattr(runs, "run", lambda **_: [failed])
    with pytest.raises(book.BuildError, match="20_first"):
        book.build()
    assert not (house / "book" / "_build").exists()


def test_after_a_bad_build_everything_is_compiled_again(tmp_path):
    # An unchanged page does not repeat its warnings: they would be forgotten.
    (tmp_path / "html").mkdir()
    (tmp_path / ".doctrees").mkdir()
    with pytest.raises(ZeroDivisionError), book._unless_finished(tmp_path, force=False):
        raise ZeroDivisionError
    assert (tmp_path / "html").is_dir()
    with book._unless_finished(tmp_path, force=False):
        assert not (tmp_path / "html").exists()
        assert not (tmp_path / ".doctrees").exists()
        (tmp_path / "html").mkdir()
    with book._unless_finished(tmp_path, force=False):
        assert (tmp_path / "html").is_dir()
    with book._unless_finished(tmp_path, force=True):
        assert not (tmp_path / "html").exists()


def test_a_complaint_is_short_and_names_pages(tmp_path):
    place = tmp_path / "source"
    lines = [f"\x1b[91m{place}/a.md:{n}: WARNING: broken link {n}\x1b[0m" for n in range(20)]
    warnings = tmp_path / "warnings.txt"
    warnings.write_text("\n".join(["loading ...", *lines]), encoding="utf-8")
    first, *shown, more, last = book._complaint(warnings, place).splitlines()
    assert first == "the book has warnings:"
    assert shown[0] == "a.md:0: WARNING: broken link 0"
    assert len(shown) == 15
    assert more == "... and 5 more"
    assert last.endswith("warnings.txt")


@pytest.mark.notebook
def test_a_warning_fails_the_build_and_what_moves_leaves_no_dead_link(house, npm, monkeypatch):
    described = pages.api_pages(["soilnb.parameters"])
    empty = "# soilnb.elsewhere\n"
    small = described | {"soilnb.elsewhere": empty}
    others = [name for name in book._generated(house, ["20_first"], {}) if "api/" not in name]
    stubs = {name: f"# {Path(name).stem}\n" for name in others}  # the book's own tests build these
    monkeypatch.setattr(
        book, "_generated", lambda *_: stubs | {f"api/{name}.md": small[name] for name in small}
    )
    page = house / "book" / "cite.md"
    page.write_text("# How to cite\n\n{term}`a word that no glossary has`\n", encoding="utf-8")
    with pytest.raises(book.BuildError, match=r"cite\.md:3: WARNING.*no glossary has"):
        book.build(run=False)
    assert (house / "book" / "_build" / "unfinished").exists()  # the next one warns again
    page.write_text("# How to cite\n\n{py:class}`soilnb.parameters.Parameter`\n")
    index = book.build(run=False)
    assert index.is_file()
    assert (index.parent / "notebooks" / "20_first.html").is_file()
    cite = index.parent / "cite.html"
    assert "api/soilnb.parameters.html#soilnb.parameters.Parameter" in cite.read_text()
    small["soilnb.elsewhere"] = small["soilnb.parameters"].replace("# soilnb.parameters", "# Now")
    small["soilnb.parameters"] = empty
    book.build(run=False)
    assert "api/soilnb.elsewhere.html#soilnb.parameters.Parameter" in cite.read_text()


def test_the_compiled_book_loses_what_no_reader_opens(house, notebook_folder):
    html = house / "book" / "_build" / "html"
    for name in ("_static/a.js", "_static/a.js.map", "_images/new.png", "_images/old.png"):
        (html / name).parent.mkdir(parents=True, exist_ok=True)
        (html / name).write_text("")
    (html / "_sources" / "notebooks").mkdir(parents=True)
    (html / "_sources" / "notebooks" / "20_first.ipynb").write_text("with pictures")
    (html / "page.html").write_text('<img alt="a" src="_images/new.png">')
    book._lighten(html)
    left = {p.relative_to(html).as_posix() for p in html.rglob("*") if p.is_file()}
    offered = "_sources/notebooks/20_first.ipynb"
    assert left == {"_static/a.js", "_images/new.png", "page.html", offered}
    assert (html / offered).read_bytes() == (notebook_folder / "20_first.ipynb").read_bytes()


def test_a_page_in_another_language_says_so(tmp_path):
    for name in ("leitfaden", "index"):
        opening = '<!DOCTYPE html>\n<html lang="en" data-theme="auto"><p lang="en">x</p>'
        (tmp_path / f"{name}.html").write_text(opening, encoding="utf-8")
    for _ in range(2):
        book._say_languages(tmp_path)
        said = (tmp_path / "leitfaden.html").read_text(encoding="utf-8")
        assert said == '<!DOCTYPE html>\n<html lang="de" data-theme="auto"><p lang="en">x</p>'
    assert '<html lang="en"' in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_what_is_no_longer_where_pages_lead_is_compiled_from_nothing(house, npm, monkeypatch):
    """A function that moves to another module: the source of no page says so."""
    place = house / "book" / "_build"
    built = []

    def compile_pages(folder):
        assert folder == place
        built.append((place / "html").is_dir())
        (place / "html").mkdir(exist_ok=True)
        packed = zlib.compress("".join(f"{line}\n" for line in lines).encode())
        (place / "html" / "objects.inv").write_bytes(b"#\n#\n#\n#\n" + packed)

    monkeypatch.setattr(book, "_compile", compile_pages)
    lines = ["a.f py:function 1 api/a.html#$ -", "two words std:term -1 words.html#x two words"]
    book.build(run=False)
    assert built == [False]
    assert book._addresses(place) == {
        ("a.f py:function", "api/a.html#$"),
        ("two words std:term", "words.html#x"),
    }
    lines.append("a.g py:function 1 api/a.html#$ -")
    lines[1] += " with another title"
    book.build(run=False)
    assert built == [False, True]
    lines[0] = "b.f py:function 1 api/b.html#$ -"
    book.build(run=False)
    assert built == [False, True, True, False]


def test_pages_of_the_api_lead_to_their_modules():
    assert pages.api_pages(["soilnb.claims"])["index"].count("soilnb.claims.md") == 1


def test_a_page_opens_with_its_film_which_is_made_once(house, results_root, monkeypatch):
    made = []

    def film():
        made.append("film")
        return shown.Film("<figure>moves</figure>")

    monkeypatch.setattr(lessons, "PAGES", {"moving": "intro", "first": "20_first"})
    for name in ("moving", "first"):
        monkeypatch.setattr(lessons, name, film, raising=False)
    (house / "book" / "intro.md").write_text(f"# In\n\n{films.PLACE}\n\nText\n", encoding="utf-8")
    for _ in range(2):
        book.assemble(house, "quick")
    assert made == ["film"] * 2  # one for each page
    page = (source(house) / "intro.md").read_text(encoding="utf-8")
    assert page == "# In\n\n<figure>moves</figure>\n\nText\n"
    notebook = json.loads((source(house) / "notebooks" / "20_first.ipynb").read_text())
    assert notebook["cells"][1]["source"] == "<figure>moves</figure>"
    monkeypatch.setattr(fingerprint, "data_state", lambda: {"israd": ["downloaded since"]})
    book.assemble(house, "quick")
    assert made == ["film"] * 4


@pytest.mark.parametrize("changed", ["file", "code", "data", "library"])
def test_a_kept_text_is_made_again_when_what_it_rests_on_has_changed(
    changed, results_root, monkeypatch
):
    page = results_root / "page.py"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("one")
    monkeypatch.setattr(fingerprint, "PACKAGE", results_root)
    monkeypatch.setattr(fingerprint.reach, "files", lambda code, package: [package / code[0]])
    (results_root / "code.py").write_text("one")
    made = []

    def kept():
        def make():
            made.append(1)
            return f"text {len(made)}\n"

        return fingerprint.kept("kept/text.md", ["code.py"], make, str(page))

    assert [kept(), kept()] == ["text 1\n"] * 2
    if changed in ("file", "code"):
        (page if changed == "file" else results_root / "code.py").write_text("another")
    elif changed == "data":
        monkeypatch.setattr(fingerprint, "data_state", lambda: {"israd": [["local", "a", 1, 2]]})
    else:
        monkeypatch.setattr(fingerprint, "_libraries", lambda: {"numpy": "0"})
    assert [kept(), kept()] == ["text 2\n"] * 2
    assert len(made) == 2


def test_every_notebook_is_on_the_map_right_of_what_it_needs():
    names = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert list(concept_map.IDEAS) == names
    places = concept_map._places(names)
    assert len(set(places.values())) == len(names)
    for name, (*_, needed) in concept_map.IDEAS.items():
        assert all(places[other][0] < places[name][0] for other in needed)
        x, y = places[name]
        for other in needed:  # a line goes along the row of `name`, where no box stands in its way
            assert not any(places[other][0] < at[0] < x and at[1] == y for at in places.values())
        assert f'href="notebooks/{name}.html"' in concept_map.picture(names)


def test_the_map_shows_only_pages_of_this_book():
    page = concept_map.picture(["00_start_here", "20_what_is_cue", "21_controls_of_cue"])
    assert page.count("<rect") == 3
    assert page.count("<path") == 2
    assert page.count("<li ") == 3
    assert "21: what moves an efficiency</a> <small>after 20</small>" in page
