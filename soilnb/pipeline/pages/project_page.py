"""The page of the book with open projects."""

from collections.abc import Mapping

import pandas as pd

from soilnb.course.projects import Project, projects
from soilnb.pipeline import fingerprint
from soilnb.pipeline.pages import markdown
from soilnb.pipeline.pages.markdown import escape, known, table

_TEXT = """\
# Open projects

Six questions without a key. Each asks for a report of three to five pages, is graded by the table
under it, and has an example of what a good answer contains, computed when this book was made. The
example is a piece of an answer, not the answer. *Grade the reasoning, not the hit rate.*"""


def page(titles: Mapping[str, str]) -> str:
    """Return the page, given the titles of notebooks by name."""
    return "\n\n".join([_TEXT, *(_project(one, titles) for one in projects())]) + "\n"


def _project(project: Project, titles: Mapping[str, str]) -> str:
    links = (
        f"[{titles[name]}](notebooks/{name}.ipynb)" if name in titles else name
        for name in project.notebooks
    )
    rubric = [[str(line.points), *line[1:]] for line in project.rubric]
    steps = "\n".join(f"{i}. {step}" for i, step in enumerate(project.steps, 1))
    good = "\n".join(f"- {line}" for line in project.good)
    name, code = f"kept/project-{project.name}.md", ["from soilnb.course import projects"]
    example = fingerprint.kept(
        name, code, lambda: _shown(project.table()), __file__, markdown.__file__
    )
    heading = ["points", "for", "full marks", "half of them"]
    return f"""\
(project-{project.name.replace("_", "-")})=
## {project.number}. {project.title}

**{project.question}**

**At hand:** {project.data}

**Start from** {", ".join(links)}; about {project.hours} hours.

{steps}

{table(heading, rubric, [8, 16, 42, 34])}

````{{admonition}} What a good answer contains
:class: dropdown

{good}

{project.shows}

{example}
````"""


def _shown(frame: pd.DataFrame) -> str:
    """Return a table of numbers, its index in the first column."""
    rows = [[escape(name), *map(_cell, values)] for name, *values in frame.itertuples()]
    header = ["", *map(escape, frame.columns)]
    first = 40 if max(map(len, map(str, frame.index))) > 15 else 20
    others = [(100 - first) // len(frame.columns)] * len(frame.columns)
    return table(header, rows, [first, *others])


def _cell(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) and value == value else known(value)
    return escape(text).replace("\\-", "−", 1) or "–"
