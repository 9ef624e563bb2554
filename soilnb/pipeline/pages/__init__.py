"""The pages of the book that are written from the package itself, as MyST Markdown.

Each function takes what it shows and returns the text of one page, so that a page cannot say
anything that the package does not.
"""

import ast
import importlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from soilnb.pipeline.pages.markdown import WIDE, escape, known, slug, table, unit
from soilnb.pipeline.pages.parameter_page import boxes, exists

#: Public modules with an API page, if they exist, in the order of its index.
API = tuple(
    f"soilnb.{name}"
    for name in (
        *("profile.mimics", "profile.century", "profile.model", "profile.clm5", "profile.compas"),
        *("profile.forcing", "profile.layered", "profile.layered.diagnostics"),
        *("profile.forcing.water", "profile.forcing.monthly", "profile.forcing.transport"),
        *("profile.grid", "profile.depth", "profile.management", "profile.management.compas"),
        "pore",
        *("cue", "cue.definitions", "cue.controls", "cue.temperature", "cue.stoichiometry"),
        *("cue.energy", "cue.methods", "cue.measured"),
        *("proda", "proda.observations"),
        "data.profiles.judgement",
        *("proda.regressions", "proda.covariates", "proda.network", "proda.network.fitting"),
        *("proda.cube", "proda.efficiency", "proda.network.crossvalidation"),
        *("proda.network.ensemble", "proda.network.extrapolation", "proda.globe"),
        *("proda.globe.cells", "proda.models", "proda.sensitivity.response"),
        *("proda.sensitivity.homogenised", "proda.sensitivity.importance", "proda.sensitivity"),
        "proda.cue_soc",
        *("data", "data.by_layer"),
        *("claims", "results"),
        "parameters",
        *("figures.he2024", "figures.rotzer2025", "figures.he2024.concepts", "figures.cue"),
        *("figures.five_models", "figures.layers", "figures.tao2023", "figures.tao2023.globe"),
        *("figures.tao2023.controls", "figures.tao2024", "figures.tao2024.globe"),
        "figures.luo2025",
        "explore",
        *("kernels.boxes", "kernels.ode", "kernels.mimics", "kernels.depth"),
    )
)


#: What `soilnb.proda.globe.compare_climate` says of the planet, with the data sets at hand.
CLIMATE = """\
Mean annual temperature and precipitation of cells were compared with what the sites of the data
sets [`srdb`](#data-srdb) and [`israd`](#data-israd) report, each site with the nearest cell within
200 km:

| planet | sites | R² of temperature | R² of log precipitation |
| --- | --- | --- | --- |
| teaching, 1 degree | 2,356 | 0.85 | 0.60 |
| teaching, 0.5 degrees | 2,358 | 0.85 | 0.60 |
| testbed | 2,239 | 0.81 | 0.56 |

A test repeats this wherever the data are (`tests/proda/test_globe.py`) and asks for 0.8 and 0.5:

```python
from soilnb.data import climate, open_dataset
from soilnb.proda import globe

sites = climate.observed_climate(open_dataset("srdb"), open_dataset("israd"))
globe.compare_climate(globe.planet("teaching", resolution=1), sites)
```

Good enough to teach with, and to see why a map of one's own region may be off: coasts and mountains
are smoother than they are."""


# --- Data sets ----------------------------------------------------------------------------


def data_sets(datasets: pd.DataFrame, schemas: Mapping[str, object]) -> str:
    """Return the page on data sets, of `soilnb.data.datasets`; those in `schemas` in full."""
    parts = [
        "# Data sets",
        "`soilnb.data.open_dataset(name)` looks in the folder that `SOILNB_DATA` names, then in "
        "the download cache. Otherwise it returns the **synthetic twin**: generated data with the "
        "same variables, so that every notebook runs on every machine. A figure that rests on a "
        "twin says *synthetic*. Only `soilnb data fetch` downloads anything.",
        "```{note}\nThe state of each data set below is the one on the machine that built this "
        "book. `soilnb data list` shows yours.\n```",
    ]
    frame = datasets.reset_index() if datasets.index.name == "name" else datasets
    for row in frame.to_dict("records"):
        parts.append(_one_data_set(row, schemas.get(row["name"])))
    return "\n\n".join(parts) + "\n"


def _one_data_set(row: Mapping[str, object], schema: object | None) -> str:
    lines = [f"({slug('data-' + str(row['name']))})=\n## `{row['name']}`: {escape(row['title'])}"]
    facts = []
    for key, label in (("state", "State"), ("licence", "Licence"), ("citation", "Cite")):
        if known(row.get(key)):
            facts.append(f"- **{label}:** {escape(row[key])}")
    if known(row.get("url")).startswith("http"):
        facts.append(f"- **From:** <{row['url']}>")
    lines.append("\n".join(facts))
    if schema is not None:
        lines.append(_schema(row["name"], schema))
    return "\n\n".join(lines)


def _schema(name: object, schema: object) -> str:
    rows = [
        [
            f"`{key}`",
            escape(", ".join(map(str, variable.dims))) or "one number",
            unit(variable.attrs.get("units", "")),
            escape(variable.attrs.get("long_name", "")),
        ]
        for key, variable in schema.variables.items()
    ]
    body = table(["variable", "over", "unit", "meaning"], rows, [18, 14, 16, 52])
    return f"````{{admonition}} Variables of {name}\n:class: dropdown\n\n{body}\n````"


# --- The planet ---------------------------------------------------------------------------


def planet(schema: pd.DataFrame, inputs: pd.DataFrame) -> str:
    """Return the page on the planet: its variables, its climate, and what a network knows of it.

    `schema` is `soilnb.proda.globe.schema`, `inputs` is `soilnb.proda.covariates.TABLE`.
    """
    variables = [
        [f"`{name}`", over.replace(" x ", " × "), unit(row["unit"]), escape(row["meaning"])]
        for name, row in schema.iterrows()
        for over in [escape(row["dimensions"])]
    ]
    given = inputs[["sites", "planet"]].notna()
    parts = [
        f"{WIDE}# The planet",
        "`soilnb.proda.globe.planet` gives the cells of a planet with everything that the layered "
        'models need: `planet("testbed")` the 2,855 cells with plants of the biogeochemical '
        'testbed (its synthetic twin where the data are not at hand), `planet("teaching", '
        "resolution=2)` cells of any size on the real land mask with the real Köppen-Geiger zones "
        "and climate, productivity and texture from stated formulas. A cell without plants "
        "or without climate is left out and counted.",
        "## Variables",
        table(["variable", "over", "unit", "meaning"], variables, [18, 18, 14, 50]),
        "## How real is its climate?",
        CLIMATE,
        "## What the network knows of a place",
        f"The papers' network has {len(inputs)} inputs (Tao et al. 2024, Table S4, in the five "
        f"categories of Tao et al. 2023). Profiles here have {given['sites'].sum()} of them, the "
        f"planet {given['planet'].sum()}; the others are missing, chemistry altogether. A network "
        "that knows less can say less: the scoreboard names this as a cause.",
        table(
            ["category", "input of the papers (depth, cm)", "at profiles", "on the planet"],
            [_input(row) for row in inputs.sort_values("category").to_dict("records")],
            [14, 40, 23, 23],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _input(row: Mapping[str, object]) -> list[str]:
    depth = "" if row["depth"] != row["depth"] else f" ({row['depth']:g})"
    note = f"<br>{escape(row['note'])}" if known(row["note"]) else ""
    ours = [f"`{row[at]}`" if known(row[at]) else "missing" for at in ("sites", "planet")]
    return [escape(row["category"]), f"{escape(row['name'])}{depth}{note}", *ours]


# --- What's new, API ----------------------------------------------------------------------


def changes(changelog: str) -> str:
    """Return the page on what is new: the change log under another title."""
    return re.sub(r"\A#\s.*", "# What's new", changelog.strip()) + "\n"


def api_pages(modules: Iterable[str] | None = None) -> dict[str, str]:
    """Return the API pages of the modules that exist, by file name without suffix.

    Without `modules`, of those in `API` and of every box model.
    """
    if modules is None:
        modules = (*API[:2], *(module for _, module in boxes([API])), *API[2:])
    found = [module for module in modules if exists(module)]
    listing = "\n".join(f"- [{module}]({module}.md): {_purpose(module)}" for module in found)
    pages = {
        "index": "# API\n\nWhat the notebooks are written with. The floors of the house, from "
        "the ground up: kernels; parameters and data; models; claims and figures; explorers.\n\n"
        f"{listing}\n"
    }
    described: dict[str, str] = {}
    for module in found:
        again, listed = [], []
        for name, origin in _public(module).items():
            home = origin.rpartition(".")[0]  # where it is defined, which may have a page
            home = home if home in found else described.setdefault(origin, module)
            again += [name] if home != module else []
            if callable(getattr(importlib.import_module(module), name)):  # constants say it below
                listed.append("      ~" + f"{home}.{name}".removeprefix(f"{module}."))
        options = f"   :exclude-members: {', '.join(again)}\n" if again else ""
        table = "\n".join(["", "   .. autosummary::", "      :nosignatures:", "", *listed, ""])
        pages[module] = (
            f"# {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n"
            f"   :members:\n   :no-value:\n{options}{table if listed else ''}```\n"
        )
    return pages


def _purpose(module: str) -> str:
    """Return the first sentence of a module on itself."""
    return importlib.import_module(module).__doc__.strip().partition("\n")[0]


def _public(module: str) -> dict[str, str]:
    """Return the public names of a module, each with where its object was defined.

    Those are the names that it lists; else those that it defines, without underscore.
    """
    loaded = importlib.import_module(module)
    names = getattr(loaded, "__all__", None) or _defined(Path(loaded.__file__))
    objects = {name: getattr(loaded, name) for name in names}
    return {
        name: f"{getattr(value, '__module__', module)}.{getattr(value, '__qualname__', name)}"
        for name, value in objects.items()
    }


def _defined(path: Path) -> list[str]:
    """Return the public names that a file defines, in its order."""
    names: list[str] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return [name for name in dict.fromkeys(names) if not name.startswith("_")]
