"""Readers meet words and symbols: names of the code and of claims stand in the letters of code."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from soilnb import claims

pytestmark = pytest.mark.notebook

#: Two words, or a letter and an index, joined by an underscore.
NAME = re.compile(r"(?<![\w./\\-])[A-Za-z]\w*?_\w+")

#: Within these, names are code, links, formulas, or files that a number was taken from.
LITERAL = {"code", "pre", "a", "math", "script", "style", "details.why"}

#: What is looked through: tables, verdicts, questions, captions.
SHOWN = {"table", "p.soilnb-verdict", "form.question", "figcaption"}


class Words(HTMLParser):
    """The texts of a page that stand in what is looked through, outside of what is literal."""

    def __init__(self, page):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        named = (dict(attributes).get("class") or "").split()
        kinds = {tag, *(f"{tag}.{name}" for name in named)} & (LITERAL | SHOWN)
        if kinds or tag in [name for name, _ in self.open]:  # its end is not that of another
            self.open.append((tag, kinds))

    def handle_endtag(self, tag):
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def handle_data(self, text):
        kinds = {kind for _, named in self.open for kind in named}
        if kinds & SHOWN and not kinds & LITERAL:
            self.texts.append(re.sub(r"\\\(.*?\\\)|\$[^$]*\$", "", text))


@pytest.fixture(scope="module")
def ids():
    return {row["id"] for row in claims.rows() if "-" in row["id"]}


def names(page, ids):
    """Names of the code and of claims that a page shows as if they were words."""
    texts = Words(page).texts
    found = {name for text in texts for name in NAME.findall(text)}
    return found | ({text.strip() for text in texts} & ids)


def test_pages_show_names_of_the_code_as_code(html, ids):
    pages = [*html.glob("*.html"), *html.glob("how_we_checked/*.html")]
    pages += html.glob("notebooks/*.html")
    found = {page.name: names(page.read_text(encoding="utf-8"), ids) for page in pages}
    assert {name: those for name, those in found.items() if those} == {}


def test_a_name_that_is_shown_as_a_word_is_noticed(ids):
    row = "<th>tau_mic</th><td><code>eta_doc</code> x_1</td><td>n-leak</td><td>\\(k_B\\)</td>"
    page = f"<p>f_met</p><table><tr>{row}</tr></table><p>R_O</p>"
    assert names(page, ids) == {"tau_mic", "x_1", "n-leak"}


def drawn(picture):
    """Names of the code in the words of a figure, which stand beside their outlines."""
    words = re.findall(r"<!-- (.*?) -->|<text[^>]*>(.*?)</text>", picture, re.S)
    plain = [re.sub(r"\$[^$]*\$", "", unescape("".join(pair))) for pair in words]
    return {name for text in plain for name in NAME.findall(text)}


def test_axes_and_legends_have_words_and_symbols(html):
    pictures = (html.parents[2] / "results" / "quick").glob("*/*.svg")
    found = {path.name: drawn(path.read_text(encoding="utf-8")) for path in pictures}
    assert len(found) > 39
    assert {name: those for name, those in found.items() if those} == {}


def test_a_name_on_an_axis_is_noticed():
    picture = "<!-- $\\tau_{MIC}$ of tau_mic --><text x='1'>r_hat</text>"
    assert drawn(picture) == {"tau_mic", "r_hat"}
