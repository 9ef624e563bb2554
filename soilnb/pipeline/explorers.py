"""Explorers in the book: states that a run left become scripts, and dead widgets go.

What the states are and how they are computed says `soilnb.explore.base.states`.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from soilnb.explore.base.states import SUFFIX

_WIDGET = "application/vnd.jupyter.widget-view+json"


#: Where they lie: below a folder that the pages' folder gets as it is.
_PLACE = Path("extra/explorers")


def sources(folders: Iterable[Path]) -> dict[Path, bytes]:
    """Return scripts with the states that runs left of their explorers, by place in the book.

    A page that was opened from the disk may load scripts, but no data.
    """
    paths = sorted(path for run in folders for path in run.glob(f"*{SUFFIX}"))
    scripts = {_PLACE / f"{path.name.removesuffix(SUFFIX)}.js": _script(path) for path in paths}
    return scripts | {
        _PLACE / "about.txt": b"States of the explorers: soilnb/explore/base/states.py\n"
    }


def _script(path: Path) -> bytes:
    name = json.dumps(path.name.removesuffix(SUFFIX))
    start = f"(window.soilnbExplorers ??= {{}})[{name}] = ".encode()
    return start + path.read_bytes() + b";\n"


def without_widgets(notebook: dict) -> None:
    """Take widgets out of an executed notebook, in place: without a kernel they are dead.

    An explorer that kept its states has a page's HTML beside the widget, and that stays.
    """
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if _lives(output)]


def _lives(output: dict) -> bool:
    """Take a widget out of an output, in place; returns whether something is left to see."""
    data = output.get("data", {})
    was_widget = data.pop(_WIDGET, None) is not None
    return not was_widget or "text/html" in data
