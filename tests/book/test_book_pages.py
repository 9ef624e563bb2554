"""The pages that are written from the package: what they say, and that Markdown leaves it so."""

import importlib
import re
from io import BytesIO
from operator import attrgetter

import docutils.core
import docutils.nodes
import pandas as pd
import pytest
import xarray as xr
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from myst_parser.docutils_ import Parser
from PIL import Image

from soilnb import claims
from soilnb.claims import matching
from soilnb.parameters import Parameter, ParameterSet
from soilnb.pipeline import pages
from soilnb.pipeline.pages import (
    checked,
    excerpts,
    markdown,
    own_soil,
    parameter_page,
    thumbnails,
)
from soilnb.proda import observations

ROWS = [
    {
        "id": "cue-peak",
        "paper": "he2024",
        "figure": "5a",
        "statement": "CUE <peaks> at 2 * x_1 | $5 of `it`",
        "verdict": "same",
        "data": "published",
        "cause": "",
        "notebook": "22_diagnosed_cue",
        "size": "paper",
    },
    {
        "id": "cue-order",
        "paper": "he2024",
        "figure": "text, Data gap",
        "statement": "maps correlate",
        "verdict": "near",
        "data": "synthetic",
        "cause": "",
        "notebook": "22_diagnosed_cue",
        "size": "quick",
    },
    {
        "id": "co2",
        "paper": "rotzer2025",
        "figure": "10a",
        "statement": "carbon respired",
        "verdict": "differs",
        "data": "calibrated",
        "cause": "the pulse is larger",
        "notebook": "13_dynamic_reference",
        "size": "quick",
        "preset": "literal",
    },
    {
        "id": "toc",
        "paper": "rotzer2025",
        "figure": "5",
        "statement": "total carbon",
        "verdict": "not run",
        "data": None,
        "cause": "",
        "notebook": "13_dynamic_reference",
        "size": None,
    },
]
SHOWN = pd.DataFrame(
    {
        "paper": ["0.583", "yes", "2.67", "1.07"],
        "ours": ["0.55", "yes", "9.1", ""],
        "range": ["0.513 to 0.653", "", "± 20 %", "exact"],
        "unit": ["", "", "mg g-1", "%"],
    },
    index=[row["id"] for row in ROWS],
)


def doctree(text):
    """Read a page as Markdown; a page that gives a warning raises."""
    settings_ = {
        "myst_enable_extensions": ["amsmath", "colon_fence", "deflist", "dollarmath"],
        "report_level": 2,
        "halt_level": 2,
        "warning_stream": False,
    }
    # Links to other pages and to labels are resolved by Sphinx, not by docutils.
    text = re.sub(r"\]\((#|notebooks/|soilnb|\.\./)[^)]*\)", "](https://example.org)", text)
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    return docutils.core.publish_doctree(text, parser=Parser(), settings_overrides=settings_)


def tables(tree):
    """Return each table of a page as a list of rows of text."""
    return [
        [[_plain(entry) for entry in row.findall(docutils.nodes.entry)] for row in rows]
        for table in tree.findall(docutils.nodes.table)
        for rows in [list(table.findall(docutils.nodes.row))]
    ]


def _plain(entry):
    return entry.astext().replace("<br>", " ")


AWKWARD = [
    "- a",
    "1. a",
    "1) a",
    "+ b",
    "> q",
    "# h",
    "---",
    "&amp;",
    ":x: y",
    "(x)=",
    "a\\",
    "% c",
]
AWKWARD += [
    "+++",
    "```",
    "~~~",
    "===",
    "![a](b)",
    "{ref}`x`",
    "[^1]: n",
    "* *",
    "a  b",
    "&copy;",
    "--",
]


@pytest.mark.parametrize("text", AWKWARD)
def test_nothing_is_read_as_markup(text):
    page = markdown.table(["head"], [[markdown.escape(text)]], [1])
    [[_, [cell]]] = tables(doctree(page))
    assert cell == " ".join(text.split())


@settings(max_examples=150)
@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=40))
def test_text_in_a_table_says_what_it_said(text):
    page = markdown.table(["head"], [[markdown.escape(text)]], [1])
    [[_, [cell]]] = tables(doctree(page))
    assert cell == (" ".join(text.split()) or "–")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.063, "0.063"),
        (8e-6, "8 × 10⁻⁶"),
        (-2.0, "\u22122"),
        (1e10, "1 × 10¹⁰"),
        (0.3846423, "0.384642"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, text):
    assert markdown.number(value) == text


def test_units_have_raised_exponents_and_a_pure_number_has_none():
    assert markdown.unit("g C m-2 yr-1") == "g C m⁻² yr⁻¹"
    assert markdown.unit("degC-1") == "°C⁻¹"
    assert markdown.unit("1") == ""


def board(rows=ROWS, shown=SHOWN, notebooks=()):
    return checked.scoreboard(checked.entries(rows, shown, notebooks))


def html_rows(page):
    """The rows of a table in raw HTML: their properties, and the texts of their cells."""
    raw = re.search(r"html\n(<div.*?)\n````", page, re.DOTALL)[1]
    return [
        (row.attrs, [" ".join(cell.get_text(" ").split()) for cell in row.find_all("td")])
        for row in BeautifulSoup(raw, "html.parser").select("tbody tr")
    ]


def test_the_scoreboard_has_one_row_for_every_claim_with_a_link_of_its_own():
    rows = html_rows(board())
    assert [row["id"] for row, _ in rows] == [f"claim-{row['id']}" for row in ROWS]
    doctree(board())


def test_presets_stand_side_by_side_in_one_row():
    rows = [ROWS[0] | {"preset": name, "data": "published"} for name in ("default", "literal")]
    shown = SHOWN.iloc[[0, 0]].assign(ours=["0.55", "0.1"])
    [(_, cells)] = html_rows(board(rows, shown))
    assert re.fullmatch(r"default 0.55 .* literal 0.1 .*", cells[3])


def test_the_scoreboard_counts_every_number_once_by_what_it_is_worth():
    worth = ("independent", "tuned", "order")
    rows = [row | {"strength": word} for row, word in zip(ROWS, (*worth, None), strict=True)]
    counts = tables(doctree(board(rows)))[0]
    assert counts[0] == ["verdict", "independent", "tuned", "by construction", "order", "all"]
    by_verdict = {row[0]: row[1:] for row in counts[1:]}
    assert by_verdict["✓\u00a0same"] == ["1", "0", "0", "0", "1"]
    assert by_verdict["≈\u00a0near"] == ["0", "1", "0", "0", "1"]
    assert by_verdict["✗\u00a0differs"] == ["0", "0", "0", "1", "1"]
    assert by_verdict["–\u00a0not\u00a0run"] == ["0", "0", "0", "0", "1"]


def test_only_agreement_that_nothing_was_tuned_to_is_advertised():
    rows = [row | {"strength": word} for row, word in zip(ROWS, ["tuned"] * 4, strict=True)]
    assert "Of 0 numbers that nothing was tuned to, 0 came out" in doctree(board(rows)).astext()


def test_the_scoreboard_shows_numbers_ranges_units_causes_and_places():
    cells = [cells for _, cells in html_rows(board())]
    assert cells[0][1].startswith("CUE <peaks> at 2 * x 1 | $5 of `it`")
    assert cells[0][0] == "Fig. 5a He et al. 2024"
    assert cells[0][2] == "0.583 0.513 to 0.653"
    assert cells[1][0].startswith("Text, Data gap")
    assert cells[2][3] == "literal 9.1 mg g⁻¹ ✗ differs calibrated Why the pulse is larger"
    assert cells[3][3] == "– not run"


def test_a_verdict_is_never_told_by_its_symbol_or_its_colour_alone():
    for row, (_, cells) in zip(ROWS, html_rows(board()), strict=True):
        assert f"{checked.VERDICTS[row['verdict']][0]} {row['verdict']}" in cells[3]
    symbols = [symbol for symbol, _ in checked.VERDICTS.values()]
    assert len(set(symbols)) == len(symbols)


def test_synthetic_rows_are_marked_and_no_others():
    marked = ["◇" in cells[3] for _, cells in html_rows(board())]
    assert marked == [False, True, False, False]


def test_the_scoreboard_links_only_to_notebooks_that_are_pages():
    page = board(notebooks=["22_diagnosed_cue"])
    assert "notebooks/22_diagnosed_cue.html" in page
    assert "notebooks/13_dynamic_reference.html" not in page


def test_a_verdict_that_is_new_is_counted_too():
    counts = tables(doctree(board([ROWS[0] | {"verdict": "unsure"}], SHOWN.iloc[:1])))[0]
    assert [row[-1] for row in counts if row[0] == "?\u00a0unsure"] == ["1"]


def test_an_empty_scoreboard_says_so():
    assert "No claims" in doctree(board([], SHOWN.iloc[:0])).astext()


def test_what_a_paper_leaves_open_stands_on_its_page():
    part = checked.not_printed(["16_what_was_not_printed"])
    for choice in matching.choices().values():
        assert markdown.escape(choice["meaning"]) in part
    assert "16_what_was_not_printed.ipynb" in part
    pages_of = checked.how_we_checked(checked.entries(ROWS, SHOWN), left_open={"rotzer2025": part})
    assert part in pages_of["rotzer2025"]
    assert '<a href="#not-printed">' in pages_of["rotzer2025"]
    assert "not-printed" not in pages_of["he2024"]
    assert ".ipynb" not in checked.not_printed()


def test_how_a_paper_was_checked_goes_figure_by_figure():
    pages_of = checked.how_we_checked(checked.entries(ROWS, SHOWN))
    assert set(pages_of) == {"index", "he2024", "rotzer2025"}
    page = pages_of["rotzer2025"]
    heads = re.findall(r'<span id="([^"]+)"></span>\n\n## (.*)', page)
    assert heads == [("fig-5", "Figure 5"), ("fig-10", "Figure 10")]
    assert [claims.page("rotzer2025", figure) for figure in ("5", "10a")] == [
        f"how_we_checked/rotzer2025.html#{anchor}" for anchor, _ in heads
    ]
    for row in ROWS[2:]:
        assert f'<tr id="{row["id"]}">' in page
        assert f"../scoreboard.html#claim-{row['id']}" in page
        assert f"#claim-{row['id']}" in board()
    doctree(page)


def test_every_claim_of_the_papers_stands_on_its_page():
    found = checked.entries(claims.rows(), claims.compare())
    pages_of = checked.how_we_checked(found, {}, {("he2024", "fig-6"): "thumbnails/x.webp"})
    assert list(pages_of) == ["index", *claims.papers()]
    for entry in found:
        assert f'<tr id="{entry["id"]}">' in pages_of[entry["paper"]], entry["id"]
    assert 'src="../thumbnails/x.webp"' in pages_of["he2024"]
    assert len({entry["id"] for entry in found}) == len(found)  # an address leads to one row


def test_a_small_picture_is_known_by_the_place_that_it_shows(tmp_path, monkeypatch):
    monkeypatch.setenv("SOILNB_RESULTS", str(tmp_path))
    folder = tmp_path / "quick" / claims.figures().loc["tao2023-tableED1", "notebook"]
    folder.mkdir(parents=True)
    Image.new("RGB", (900, 450), "white").save(folder / "tao2023-tableED1.png")
    found = thumbnails.sources("quick")
    assert thumbnails.addresses(found) == {
        ("tao2023", "table-ed1"): "thumbnails/tao2023-tableED1.webp"
    }
    [content] = found.values()
    assert Image.open(BytesIO(content)).size == (240, 120)


def parameter(value, **changes):
    record = {
        "unit": "h-1",
        "bounds": (0.0, 10.0),
        "symbol": r"\tau_r",
        "meaning": "turnover (mg C cm-3 at 0 degC)",
        "source": "Table 1 of <somebody>, a_b*c",
    }
    return Parameter(value=value, **(record | changes))


@pytest.fixture
def models():
    first = ParameterSet("first", {"tau": parameter(0.5), "k": parameter(2e-6)}, "the first one")
    second = ParameterSet("second", {"tau": parameter(0.7)}, "the second", {"kinetics": "reverse"})
    return {"A model": {"first": first, "second": second}}


def test_every_parameter_stands_once_with_the_values_of_all_sets_side_by_side(models):
    rows = html_rows(parameter_page.parameters(models))
    assert [row["id"] for row, _ in rows] == ["a-model-tau", "a-model-k"]
    [_, symbol, meaning, values], [*_, other] = (cells for _, cells in rows)
    assert symbol == "τ r tau"
    assert meaning == "turnover (mg C cm⁻³ at 0 °C)"
    assert values.startswith("first 0.5 h⁻¹ 0 to 10 second 0.7 h⁻¹ 0 to 10 Source Table 1 of <some")
    assert other.startswith("first 2 × 10⁻⁶ h⁻¹ 0 to 10 Source")


def test_a_value_that_all_sets_share_stands_once(models):
    models["A model"]["third"] = ParameterSet("third", {"tau": parameter(0.5)}, "the third")
    page = parameter_page.parameters(models)
    assert '<li data-set="first|third"><span class="name">first, third</span>' in page
    del models["A model"]["second"]
    assert '<li data-set="first|third"><span class="name">all sets</span>' in (
        parameter_page.parameters(models)
    )


@pytest.mark.parametrize(
    ("ours", "names"),
    [
        ("1 1 1", {"one|two|three": "all"}),
        ("1 2 1", {"one|three": "one, three", "two": "two"}),
        ("1 2 3", {"one": "one", "two": "two", "three": "three"}),
    ],
)
def test_a_number_that_presets_share_stands_once(ours, names):
    rows = [ROWS[2] | {"preset": preset} for preset in ("one", "two", "three")]
    shown = pd.concat([SHOWN.iloc[[2]].assign(ours=value) for value in ours.split()])
    page = BeautifulSoup(checked.scoreboard(checked.entries(rows, shown)), "html.parser")
    found = page.select("li[data-preset]")
    assert {one["data-preset"]: one.select_one(".name").text for one in found} == names


def test_presets_whose_verdicts_differ_stand_apart():
    rows = [ROWS[2] | {"preset": "one"}, ROWS[2] | {"preset": "two", "verdict": "same"}]
    shown = pd.concat([SHOWN.iloc[[2]]] * 2)
    page = BeautifulSoup(checked.scoreboard(checked.entries(rows, shown)), "html.parser")
    assert [one["data-preset"] for one in page.select("li[data-preset]")] == ["one", "two"]


def test_a_symbol_in_words_is_its_letter():
    said = {"symbol": r"\beta", "meaning": "share is beta to the power of d, as betas are"}
    models = {"A": {"one": ParameterSet("one", {"roots": parameter(0.9, **said)}, "one")}}
    [(_, [_, _, meaning, _])] = html_rows(parameter_page.parameters(models))
    assert meaning == "share is β to the power of d, as betas are"


def test_radiocarbon_of_an_own_soil_has_its_signs():
    told = doctree(own_soil.page()).astext()
    assert "Δ¹⁴C of the soil carbon" in told
    assert "‰" in told
    assert "permil" not in told


def test_sentences_and_numbers_have_the_signs_of_print():
    typed = "nu: R2 of log10 SOC: -0.5 +- 2e-27 on a 7x7 grid, days 75-199, m-2, doi 10.5/g-8-1"
    assert markdown.printed(typed).replace("\u00a0", " ") == (
        "ν: R² of log₁₀ SOC: \u22120.5 ± 2 × 10⁻²⁷ on a 7×7 grid, days 75-199, m⁻², doi 10.5/g-8-1"
    )


def test_sets_are_told_with_their_switches(models):
    told = doctree(parameter_page.parameters(models)).astext()
    assert "first: the first one." in told
    assert "second: the second. Switches: kinetics = reverse." in told


def test_symbols_are_equations(models):
    page = parameter_page.parameters(models)
    assert page.count("<msub><mi>τ</mi><mi>r</mi></msub></math>") == 2


def test_the_models_of_this_version_have_parameter_pages():
    found = parameter_page.model_sets()
    assert {"MIMICS", "CENTURY", "Pore-scale model"} <= set(found)
    rows = html_rows(parameter_page.parameters(found))
    names = [(row["data-model"], row["id"]) for row, _ in rows]
    assert len(set(names)) == len(names)
    text = " ".join(cells[3] for _, cells in rows)
    for sets in found.values():
        for entry in sets.values():
            for record in entry.records.values():
                assert " ".join(record.source.split()) in text


def test_the_page_on_data_names_licence_state_and_variables():
    frame = pd.DataFrame(
        [("grid", "A grid", "MIT", "local only", "https://example.org/a_b", "Author 2020")],
        columns=["name", "title", "licence", "state", "url", "citation"],
    )
    attributes = {"units": "g C m-2 yr-1", "long_name": "net primary production"}
    schema = xr.Dataset({"npp": ("cell", [1.0], attributes), "area": ("cell", [1.0])})
    tree = doctree(pages.data_sets(frame, {"grid": schema}))
    for words in ("A grid", "MIT", "local only", "Author 2020"):
        assert words in tree.astext()
    [table] = tables(tree)
    assert table[1] == ["npp", "cell", "g C m⁻² yr⁻¹", "net primary production"]
    assert table[2] == ["area", "cell", "–", "–"]


def test_the_page_on_the_planet_names_its_variables_and_what_the_network_lacks():
    from soilnb.proda import covariates, globe

    schema, inputs = globe.schema(), covariates.TABLE
    variables, climate, listed = tables(doctree(pages.planet(schema, inputs)))
    assert [row[0] for row in variables[1:]] == schema.index.tolist()
    assert variables[1][2] == "° north"
    assert "site × month × layer" in {row[1] for row in variables}
    assert [row[0] for row in climate[1:]] == [
        "teaching, 1 degree", "teaching, 0.5 degrees", "testbed",
    ]  # fmt: skip
    assert len(listed) == 1 + 60
    missing = [row for row in listed if row[3] == "missing"]
    assert len(missing) == len(covariates.missing())
    assert ["chemistry", "soil pH in H2O (0)", "missing", "missing"] in missing


def test_the_page_on_ones_own_soil_has_every_column_unit_and_message():
    from soilnb.data.profiles import columns

    listed, accepted, messages, images = tables(doctree(own_soil.page()))
    assert images[0] == ["an image", "is read"]
    assert [row[0] for row in listed[1:]] == list(columns.COLUMNS)
    told = dict(accepted[1:])
    assert told["organic_carbon, coarse_fragments, sand, clay"].startswith(
        "%, g kg⁻¹, fraction, dg"
    )
    assert told["top, bottom"] == "cm, m, mm, inch"
    assert len(messages) == 1 + len(own_soil.MESSAGES)


def test_the_template_of_the_page_is_read_without_a_word(tmp_path):
    text = own_soil.page().split("```")[1].strip()
    path = tmp_path / "my_pits.csv"
    path.write_text(text)
    found = observations.read_csv(path)
    assert found.sizes["profile"] == 2
    assert len(observations.refused(found)) == 0


def test_whats_new_is_the_change_log_under_another_title():
    page = pages.changes("# Changelog\n\n## 0.1.0\n\n- a thing\n")
    assert page == "# What's new\n\n## 0.1.0\n\n- a thing\n"


def test_api_pages_skip_modules_that_do_not_exist():
    made = pages.api_pages(["soilnb.parameters", "soilnb.not_yet.there"])
    assert set(made) == {"index", "soilnb.parameters"}
    assert "not_yet" not in made["index"]


def test_an_object_is_described_on_one_api_page_only():
    whole, part = (f"soilnb.proda.network{end}" for end in ("", ".extrapolation"))
    made = pages.api_pages([whole, part])
    package, own = importlib.import_module(whole), importlib.import_module(part)
    shared = {
        name
        for name in package.__all__
        if getattr(getattr(package, name), "__module__", "") == own.__name__
    }
    options = re.search(r":exclude-members: (.*)", made[whole])
    assert shared
    assert set(options[1].split(", ")) == shared
    assert ":exclude-members:" not in made[part]


def test_every_name_of_a_page_stands_in_its_table_and_leads_to_where_it_is_described():
    part = "soilnb.proda.network.extrapolation"
    made = pages.api_pages(["soilnb.proda.network", part])
    table = set(re.findall(r"^      ~?([\w.]+)$", made["soilnb.proda.network"], re.M))
    assert {"extrapolation.Extrapolated", "extrapolation.extrapolate", "fit"} <= table
    network = importlib.import_module("soilnb.proda.network")
    for name in table:
        assert name.startswith("soilnb.") or callable(attrgetter(name)(network))


@pytest.mark.parametrize("module", ["mimics", "century"])
def test_the_models_have_api_pages(module):
    assert f"soilnb.profile.{module}" in pages.api_pages()


def test_the_texts_that_a_search_shows_are_those_of_the_articles(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "notebooks").mkdir()
    page = "<nav>menu</nav><article><h1>Soil</h1><p>is <b>alive</b>.<script>no</script></p>"
    page += "<button>no</button><p>Yes</p></article><p>foot</p>"
    (tmp_path / "notebooks" / "10_a.html").write_text(page, encoding="utf-8")
    (tmp_path / "search.html").write_text(page, encoding="utf-8")
    script = excerpts.write(tmp_path).read_text(encoding="utf-8")
    assert script == 'window.soilnb.excerpts = {"notebooks/10_a":"Soil is alive. Yes"};\n'
