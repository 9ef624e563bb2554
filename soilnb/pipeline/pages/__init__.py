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

#: Public modules with an API page, if they exist, with the question that leads a reader there.
API = (
    ("soilnb.profile.mimics", "MIMICS: steady state, transient runs, eigenvalues"),
    ("soilnb.profile.century", "CENTURY: steady state and transient runs"),
    ("soilnb.profile.model", "The seam that every model fits through, and the registry of all"),
    ("soilnb.profile.clm5", "CLM5: layered pools, first order"),
    ("soilnb.profile.compas", "COMPAS: layered pools, microbial"),
    ("soilnb.profile.forcing", "What drives the layered models, and formulas that make it"),
    ("soilnb.profile.layered", "What the layered models share: the object of both, their runs"),
    ("soilnb.profile.layered.diagnostics", "System metrics of the layered models"),
    ("soilnb.profile.forcing.water", "Water and air of the soil by months"),
    ("soilnb.profile.forcing.monthly", "Monthly tables of weather"),
    ("soilnb.profile.forcing.transport", "Vertical transport between layers"),
    ("soilnb.profile.grid", "The layers, and stocks to a depth"),
    ("soilnb.profile.depth", "The whole profile as one equation in depth"),
    ("soilnb.profile.management", "Practices that store carbon at depth"),
    ("soilnb.profile.management.compas", "The practices on COMPAS"),
    ("soilnb.pore", "The pore-scale model"),
    ("soilnb.cue", "Carbon use efficiency diagnosed from any model"),
    ("soilnb.cue.definitions", "Nested definitions of carbon use efficiency"),
    ("soilnb.cue.controls", "Controls of CUE, together"),
    ("soilnb.cue.temperature", "CUE and temperature"),
    ("soilnb.cue.stoichiometry", "CUE and the elements"),
    ("soilnb.cue.energy", "CUE and the energy of what is eaten"),
    ("soilnb.cue.methods", "One soil measured in five ways"),
    ("soilnb.cue.measured", "Measured CUE by method and temperature"),
    ("soilnb.proda", "From soil profiles to parameters, and to the globe"),
    ("soilnb.proda.observations", "Soil profiles: your own table, ISRaD, and rules of quality"),
    ("soilnb.data.profiles.judgement", "Which unit a column is in, where nobody says"),
    ("soilnb.proda.regressions", "Mixed regressions of SOC on CUE"),
    ("soilnb.proda.covariates", "Covariates: what a network knows of a place"),
    ("soilnb.proda.network", "Parameters learnt from covariates"),
    ("soilnb.proda.network.fitting", "The network, and the simpler predictors beside it"),
    ("soilnb.proda.cube", "The unit cube of parameters, and the switches of enzymes"),
    ("soilnb.proda.efficiency", "How good a prediction is, in parameters and in carbon"),
    ("soilnb.proda.network.crossvalidation", "Sites and studies that are left out"),
    ("soilnb.proda.network.ensemble", "Ensembles of networks"),
    ("soilnb.proda.network.extrapolation", "From profiles to cells in one call"),
    ("soilnb.proda.globe", "Maps and totals"),
    ("soilnb.proda.globe.cells", "The cells of a planet"),
    ("soilnb.proda.models", "The models that are assimilated and mapped"),
    ("soilnb.proda.sensitivity.response", "How the global stock follows each component"),
    ("soilnb.proda.sensitivity.homogenised", "What the variation of a component is worth"),
    ("soilnb.proda.sensitivity.importance", "Which covariates a predictor leans on"),
    ("soilnb.proda.sensitivity", "What controls soil carbon"),
    ("soilnb.proda.cue_soc", "What belongs beside the relation of CUE and soil carbon"),
    ("soilnb.data", "Data sets and their synthetic twins"),
    ("soilnb.data.by_layer", "Roots, turnover and carbon by depth"),
    ("soilnb.claims", "What the papers say in numbers, and how we compare"),
    ("soilnb.results", "Where a running notebook hands over what it made"),
    ("soilnb.parameters", "Parameters, parameter sets, and checks of input"),
    ("soilnb.figures.he2024", "Figures of He et al. 2024"),
    ("soilnb.figures.rotzer2025", "Figures of Rötzer et al. 2025"),
    ("soilnb.figures.he2024.concepts", "Figures 1 to 4 of He et al. 2024"),
    ("soilnb.figures.cue", "Our own figures of CUE"),
    ("soilnb.figures.five_models", "Box models side by side"),
    ("soilnb.figures.layers", "Figures of the layered models"),
    ("soilnb.figures.tao2023", "Figures of Tao et al. 2023"),
    ("soilnb.figures.tao2023.globe", "Maps and networks of Tao et al. 2023"),
    ("soilnb.figures.tao2023.controls", "What controls soil carbon, after Tao et al. 2023"),
    ("soilnb.figures.tao2024", "Figures of Tao et al. 2024"),
    ("soilnb.figures.tao2024.globe", "Maps of Tao et al. 2024"),
    ("soilnb.figures.luo2025", "Figures of Luo et al. 2025"),
    ("soilnb.explore", "The explorers: widgets made of parameters, models and figures"),
    ("soilnb.kernels.boxes", "Kernels of box models: five laws for a flux"),
    ("soilnb.kernels.ode", "Stiff equations in time: the one Rosenbrock driver"),
    ("soilnb.kernels.mimics", "Kernels of MIMICS"),
    ("soilnb.kernels.depth", "Kernels of the whole profile"),
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
    """Return the page on data sets.

    Parameters
    ----------
    datasets : DataFrame
        One row per data set, as `soilnb.data.datasets` gives it.
    schemas : mapping of str to Dataset
        A dataset of the stated name, to show its variables, units and meanings.
    """
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

    Parameters
    ----------
    schema : DataFrame
        Dimensions, unit and meaning by variable, as `soilnb.proda.globe.schema` gives them.
    inputs : DataFrame
        The papers' covariates with what we have for each, `soilnb.proda.covariates.TABLE`.
    """
    variables = [
        [f"`{name}`", escape(row["dimensions"]), unit(row["unit"]), escape(row["meaning"])]
        for name, row in schema.iterrows()
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


def api_pages(modules: Iterable[tuple[str, str]] | None = None) -> dict[str, str]:
    """Return the API pages of the modules that exist, by file name without suffix.

    Without `modules`, of those in `API` and of every box model.
    """
    if modules is None:
        rest = [(module, f"{title}: steady state and runs") for title, module in boxes(API)]
        modules = (*API[:2], *rest, *API[2:])
    found = [(module, purpose) for module, purpose in modules if exists(module)]
    pages_of = {module for module, _ in found}
    listing = "\n".join(f"- [{module}]({module}.md): {purpose}" for module, purpose in found)
    pages = {
        "index": "# API\n\nWhat the notebooks are written with. The floors of the house, from "
        "the ground up: kernels; parameters and data; models; claims and figures; explorers.\n\n"
        f"{listing}\n"
    }
    described: dict[str, str] = {}
    for module, _ in found:
        again, listed = [], []
        for name, origin in _public(module).items():
            home = origin.rpartition(".")[0]  # where it is defined, which may have a page
            home = home if home in pages_of else described.setdefault(origin, module)
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
