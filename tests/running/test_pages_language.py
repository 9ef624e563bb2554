"""Notebooks in another language: every block is there, and nothing but words has changed."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from soilnb import language
from soilnb.cli import main
from soilnb.pipeline import notebooks

#: Notebooks that have been translated, and a page of the book.
TRANSLATED = ("00_start_here", "10_pore_structure")
GUIDE = Path(__file__).parents[2] / "book" / "guide_for_teachers.md"


def texts(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


def blocks(name):
    """Return the blocks of a page that hold words."""
    pages = [GUIDE.read_text("utf-8")] if name == GUIDE.stem else texts(*notebooks.find([name]))
    found = [block for text in pages for block in text.rstrip("\n").split("\n\n")]
    code = ("$$", "```shell", "```python")
    return [b for b in found if re.search(r"[A-Za-z]{3}", b) and not b.startswith(code)]


@pytest.mark.parametrize("name", [*TRANSLATED, GUIDE.stem])
@pytest.mark.parametrize("code", language.languages()[1:])
def test_no_block_is_missing(name, code):
    known = language.catalogue("pages", code)._catalog
    assert [block for block in blocks(name) if block not in known] == []


@pytest.mark.parametrize("name", [*TRANSLATED, GUIDE.stem])
@pytest.mark.parametrize("code", language.languages()[1:])
def test_code_and_formulas_are_those_of_the_original(name, code):
    for block in blocks(name):
        if block.startswith("<!--"):  # a table of the book, to which a sentence leads
            continue
        other = language.page(block, code)
        for pattern in (r"(?<!`)`[^`\n]+`(?!`)", r"\$[^$]+\$", r"\]\((?!leitfaden|guide)[^)]+\)"):
            assert sorted(re.findall(pattern, other)) == sorted(re.findall(pattern, block)), block


def test_a_copy_in_german_has_the_same_code(tmp_path):
    done = CliRunner().invoke(main, ["copy", str(tmp_path / "de"), "--language", "de"])
    assert done.exit_code == 0, done.output
    for path in notebooks.notebooks():
        copied = tmp_path / "de" / path.name
        before, after = (json.loads(p.read_text(encoding="utf-8"))["cells"] for p in (path, copied))
        assert [cell["id"] for cell in after] == [cell["id"] for cell in before]
        for one, other in zip(before, after, strict=True):
            if one["cell_type"] == "code":
                assert other == one
        assert (texts(copied) != texts(path)) == (path.stem in TRANSLATED)
    assert texts(tmp_path / "de" / "00_start_here.ipynb")[0].startswith("# Beginnen Sie hier")
