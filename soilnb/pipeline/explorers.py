"""Explorers in the book: states that a run left become scripts, and dead widgets go.

What the states are and how they are computed says `soilnb.explore.states`.
"""

from __future__ import annotations

import json
from pathlib import Path

from soilnb.explore.states import SUFFIX

_WIDGET = "application/vnd.jupyter.widget-view+json"


def sources(run: Path) -> dict[Path, bytes]:
    """Return the scripts with the states of a run's explorers, by their place in the book.

    A page that was opened from the disk may load scripts, but no data.
    """
    return {
        Path("extra/explorers") / f"{path.name.removesuffix(SUFFIX)}.js": _script(path)
        for path in sorted(run.glob(f"*{SUFFIX}"))
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
        outputs = cell.get("outputs", [])
        for output in outputs:
            if _WIDGET in output.get("data", {}):
                del output["data"][_WIDGET]
                if "text/html" not in output["data"]:
                    output["data"].clear()
        cell_outputs = [o for o in outputs if o.get("data") or "data" not in o]
        if "outputs" in cell:
            cell["outputs"] = cell_outputs
