"""The page of the book on which readers test themselves."""

from collections.abc import Mapping

from soilnb.course import bank, printed
from soilnb.pipeline.pages.markdown import html

_TEXT = """\
# Test yourself

{count} questions, at least five on each notebook; each finds out one misunderstanding that is
common. Answer first, then press *Check*. Nothing that you do here is kept or sent anywhere. Numbers
are computed by the models when this book is made. Lecturers get the same questions for Moodle and
for paper; see the [guide](guide_for_teachers.md)."""


def page(titles: Mapping[str, str]) -> str:
    """Return the page, with a section for each notebook, given their titles by name."""
    groups = printed.by_notebook(bank.questions())
    parts = [_TEXT.format(count=sum(map(len, groups.values())))]
    for notebook, questions in groups.items():
        title = titles.get(notebook, notebook)
        link = f"[{title}](notebooks/{notebook}.ipynb)" if notebook in titles else title
        parts.append(f"(test-{notebook})=\n## {notebook[:2]}: {title}")
        parts.append(f"On the notebook {link}.")
        parts.append(html("self_test", questions=questions))
    return "\n\n".join(parts) + "\n"
