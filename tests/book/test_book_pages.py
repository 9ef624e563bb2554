"""The pages that are written from the package: what they say, and that Markdown leaves it so."""

import re

import docutils.core
import docutils.nodes
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from myst_parser.docutils_ import Parser

from soilnb.parameters import Parameter, ParameterSet
from soilnb.pipeline import own_soil, pages
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
    text = re.sub(r"\]\((#|notebooks/|soilnb)[^)]*\)", "](https://example.org)", text)
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
    page = pages.table(["head"], [[pages.escape(text)]], [1])
    [[_, [cell]]] = tables(doctree(page))
    assert cell == " ".join(text.split())


@settings(max_examples=150)
@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=40))
def test_text_in_a_table_says_what_it_said(text):
    page = pages.table(["head"], [[pages.escape(text)]], [1])
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
    assert pages.number(value) == text


def test_units_have_raised_exponents_and_a_pure_number_has_none():
    assert pages.unit("g C m-2 yr-1") == "g C m⁻² yr⁻¹"
    assert pages.unit("degC-1") == "°C⁻¹"
    assert pages.unit("1") == ""


def test_the_scoreboard_has_one_row_for_every_claim():
    first, *by_paper = tables(doctree(pages.scoreboard(ROWS, SHOWN)))
    names = [row[0] for table in by_paper for row in table[1:]]
    assert [re.match(r"(co2|toc|[\w]+-[\w]+)", name)[0] for name in names] == [
        row["id"] for row in ROWS
    ]
    assert first[0] == ["verdict", "published", "calibrated", "synthetic", "all"]


def test_the_scoreboard_counts_every_claim_once():
    counts = tables(doctree(pages.scoreboard(ROWS, SHOWN)))[0]
    by_verdict = {row[0]: row[1:] for row in counts[1:]}
    assert by_verdict["✓\u00a0same"] == ["1", "0", "0", "1"]
    assert by_verdict["≈\u00a0near"] == ["0", "0", "1", "1"]
    assert by_verdict["✗\u00a0differs"] == ["0", "1", "0", "1"]
    assert by_verdict["–\u00a0not\u00a0run"] == ["0", "0", "0", "1"]
    assert by_verdict["all"] == ["1", "1", "1", "4"]


def test_the_scoreboard_shows_numbers_ranges_units_causes_and_places():
    [_, he, rotzer] = tables(doctree(pages.scoreboard(ROWS, SHOWN)))
    assert "CUE <peaks> at 2 * x_1 | $5 of `it` (Fig. 5a)" in he[1][0]
    assert he[1][1] == "0.583 (0.513 to 0.653)"
    assert "Text, Data gap" in he[2][0]
    assert "(literal)" in rotzer[1][0]
    assert rotzer[1][2] == "9.1 mg g⁻¹"
    assert rotzer[1][5] == "the pulse is larger"
    assert rotzer[2][2] == "–"


def test_a_verdict_is_never_told_by_its_symbol_or_its_colour_alone():
    for table in tables(doctree(pages.scoreboard(ROWS, SHOWN)))[1:]:
        for row in table[1:]:
            symbol, *word = row[3].split("\u00a0")
            assert symbol == pages.VERDICTS[" ".join(word)][0]
    symbols = [symbol for symbol, _ in pages.VERDICTS.values()]
    assert len(set(symbols)) == len(symbols)


def test_synthetic_rows_are_marked_and_no_others():
    [_, he, rotzer] = tables(doctree(pages.scoreboard(ROWS, SHOWN)))
    assert [("◇" in row[4]) for row in he[1:] + rotzer[1:]] == [False, True, False, False]


def test_the_scoreboard_links_only_to_notebooks_that_are_pages():
    page = pages.scoreboard(ROWS, SHOWN, ["22_diagnosed_cue"])
    assert "notebooks/22_diagnosed_cue.ipynb" in page
    assert "notebooks/13_dynamic_reference.ipynb" not in page


def test_a_verdict_or_a_kind_of_data_that_is_new_is_counted_too():
    odd = [ROWS[0] | {"verdict": "unsure", "data": "borrowed"}]
    counts = tables(doctree(pages.scoreboard(odd, SHOWN.iloc[:1])))[0]
    assert counts[0] == ["verdict", "borrowed", "all"]
    assert ["?\u00a0unsure", "1", "1"] in counts


def test_an_empty_scoreboard_says_so():
    assert "No claims" in doctree(pages.scoreboard([], SHOWN.iloc[:0])).astext()


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


def test_parameter_tables_show_every_set_side_by_side(models):
    side_by_side = tables(doctree(pages.parameters(models)))[0]
    assert side_by_side == [
        ["symbol", "meaning", "unit", "first", "second"],
        [r"\tau_r", "turnover (mg C cm⁻³ at 0 °C)", "h⁻¹", "0.5", "0.7"],
        [r"\tau_r", "turnover (mg C cm⁻³ at 0 °C)", "h⁻¹", "2 × 10⁻⁶", "–"],
    ]


def test_every_parameter_stands_with_its_unit_range_and_source(models):
    tree = doctree(pages.parameters(models))
    _, first, second = tables(tree)
    assert first[1] == ["tau", r"\tau_r", "0.5 h⁻¹", "0 to 10", "Table 1 of <somebody>, a_b*c"]
    assert len(first) == 3
    assert len(second) == 2
    assert "kinetics = reverse" in tree.astext()


def test_symbols_are_equations(models):
    symbols = [
        node.astext() for node in doctree(pages.parameters(models)).findall(docutils.nodes.math)
    ]
    assert symbols == [r"\tau_r"] * 5


def test_the_models_of_this_version_have_parameter_pages():
    found = pages.model_sets()
    assert {"MIMICS", "CENTURY"} <= set(found)
    page = doctree(pages.parameters(found)).astext()
    for sets in found.values():
        for name, entry in sets.items():
            assert f"set {name}" in page
            for record in entry.records.values():
                assert " ".join(record.source.split()) in page


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
    from soilnb.proda import globe, predictors

    schema, inputs = globe.schema(), predictors.TABLE
    variables, climate, covariates = tables(doctree(pages.planet(schema, inputs)))
    assert [row[0] for row in variables[1:]] == schema.index.tolist()
    assert variables[1][2] == "degrees_north"
    assert [row[0] for row in climate[1:]] == [
        "teaching, 1 degree", "teaching, 0.5 degrees", "testbed",
    ]  # fmt: skip
    assert len(covariates) == 1 + 60
    missing = [row for row in covariates if row[3] == "missing"]
    assert len(missing) == len(predictors.missing())
    assert ["chemistry", "soil pH in H2O (0)", "missing", "missing"] in missing


def test_the_page_on_ones_own_soil_has_every_column_unit_and_message():
    from soilnb.data.profiles import columns

    listed, accepted, messages = tables(doctree(own_soil.page()))
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
    made = pages.api_pages([("soilnb.parameters", "p"), ("soilnb.not_yet.there", "n")])
    assert set(made) == {"index", "soilnb.parameters"}
    assert "not_yet" not in made["index"]


def test_an_object_is_described_on_one_api_page_only():
    made = pages.api_pages([("soilnb.profile.century", "c"), ("soilnb.profile.mimics", "m")])
    from soilnb.profile import century, mimics

    shared = {
        name
        for name in set(century.__all__) & set(mimics.__all__)
        if getattr(century, name) is getattr(mimics, name)
    }
    options = re.search(r":exclude-members: (.*)", made["soilnb.profile.mimics"])
    assert set(options[1].split(", ") if options else []) == shared
    assert ":exclude-members:" not in made["soilnb.profile.century"]


def test_a_page_says_where_its_other_names_are_described():
    part = "soilnb.proda.network.extrapolation"
    made = pages.api_pages([("soilnb.proda.network", "n"), (part, "c")])
    assert made["soilnb.proda.network"].endswith(
        f"Described elsewhere: `Extrapolated`, `extrapolate` in [{part}]({part}.md).\n"
    )
    assert "elsewhere" not in made[part]


@pytest.mark.parametrize("module", ["mimics", "century"])
def test_the_models_have_api_pages(module):
    assert f"soilnb.profile.{module}" in pages.api_pages()
