"""The pages of the book that are written from the package itself, as MyST Markdown.

Each function takes what it shows and returns the text of one page, so that a page cannot say
anything that the package does not.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from soilnb.profile.model import models

#: Symbol and meaning of each verdict, in the order in which they are counted.
VERDICTS = {
    "same": (
        "✓",
        "our number lies in the interval that the paper prints, else in the claim's own band",
    ),
    "near": ("≈", "outside, but within a factor of 1.5; or in range but resting on synthetic data"),
    "differs": ("✗", "outside; the cause is given in words"),
    "reported": ("•", "no comparison is possible; our number stands beside the paper's"),
    "not run": ("–", "not computed yet"),
}

#: What a number rests on, in the order in which it is counted.
DATA = {
    "published": "a model run on published parameters and forcing",
    "calibrated": "some choice was tuned to a number of the paper",
    "real": "a real data set or the testbed grid",
    "synthetic": "a synthetic twin, or the formula planet",
}

#: Short names of the papers.
PAPERS = {
    "rotzer2025": "Rötzer et al. 2025",
    "he2024": "He et al. 2024",
    "tao2023": "Tao et al. 2023",
    "tao2024": "Tao et al. 2024",
    "luo2025": "Luo et al. 2025",
    "validation": "Validation: our models against their reference codes",
}

#: Models that may have a mapping ``PARAMETER_SETS``, with their titles. Box models that are not
#: here follow from their registry, `soilnb.profile.model.models`.
MODELS = (
    ("MIMICS", "soilnb.profile.mimics"),
    ("CENTURY", "soilnb.profile.century"),
    ("COMPAS", "soilnb.profile.compas"),
    ("CLM5", "soilnb.profile.clm5"),
    ("Forcing of the layered models", "soilnb.profile.forcing"),
    ("Depth model", "soilnb.profile.depth"),
    ("Pore-scale model", "soilnb.pore"),
)

#: Public modules with an API page, if they exist, with the question that leads a reader there.
API = (
    ("soilnb.profile.mimics", "MIMICS: steady state, transient runs, eigenvalues"),
    ("soilnb.profile.century", "CENTURY: steady state and transient runs"),
    ("soilnb.profile.model", "The seam that a box model fits through, and the registry of all"),
    ("soilnb.profile.clm5", "CLM5: layered pools, first order"),
    ("soilnb.profile.compas", "COMPAS: layered pools, microbial"),
    ("soilnb.profile.forcing", "What drives the layered models, and formulas that make it"),
    ("soilnb.profile.diagnostics", "System metrics of the layered models"),
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
    ("soilnb.proda.predictors", "Covariates: what a network knows of a place"),
    ("soilnb.proda.network", "Parameters learnt from covariates"),
    ("soilnb.proda.network.fitting", "The network, and the simpler predictors beside it"),
    ("soilnb.proda.cube", "The unit cube of parameters, and the switches of enzymes"),
    ("soilnb.proda.efficiency", "How good a prediction is, in parameters and in carbon"),
    ("soilnb.proda.network.crossvalidation", "Sites and studies that are left out"),
    ("soilnb.proda.network.ensemble", "Ensembles of networks"),
    ("soilnb.proda.network.extrapolation", "From profiles to cells in one call"),
    ("soilnb.proda.globe", "Maps and totals"),
    ("soilnb.proda.globe.cells", "The cells of a planet"),
    ("soilnb.proda.globe.files", "The papers' own grid, in the layout of their files"),
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


#: Front matter of pages with wide tables: the list of headings gives its room to them.
WIDE = "---\nhtml_theme.sidebar_secondary.remove: true\n---\n"


# --- Markdown -----------------------------------------------------------------------------


def escape(text: object) -> str:
    """Return `text` on one line with every character that Markdown could read made literal."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(str(text).split()))


def number(value: float) -> str:
    """Return a number with at most six significant digits, powers of ten set as such."""
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    text = mantissa if not exponent else f"{mantissa} × 10{_raised(str(int(exponent)))}"
    return text.replace("-", "\u2212")


def unit(text: object) -> str:
    """Return a unit with its exponents raised: ``g C m-2 yr-1`` becomes g C m⁻² yr⁻¹."""
    return "" if str(text) == "1" else prose(re.sub(r"(?<=[A-Za-z])(\d)\b", _raise, str(text)))


def prose(text: object) -> str:
    """Return `text` with the negative exponents of its units raised, made literal."""
    return escape(re.sub(r"(?<=[A-Za-z)])(-\d)\b", _raise, str(text)).replace("degC", "°C"))


def _raise(match: re.Match) -> str:
    return _raised(match[1])


def _raised(digits: str) -> str:
    return digits.translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def table(header: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> str:
    """Return a MyST list-table; cells are Markdown, widths are relative."""
    lines = [
        "```{list-table}",
        ":header-rows: 1",
        f":widths: {' '.join(str(w) for w in widths)}",
        ":class: soilnb-table",
        "",
    ]
    for row in [header, *rows]:
        lines += [f"{'* ' if i == 0 else '  '}- {cell or '–'}" for i, cell in enumerate(row)]
    return "\n".join([*lines, "```"])


def slug(text: str) -> str:
    """Return a label that is safe as a link target."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


# --- Scoreboard ---------------------------------------------------------------------------


def scoreboard(
    rows: Sequence[Mapping[str, object]],
    shown: pd.DataFrame,
    notebooks: Iterable[str] = (),
    tried: Mapping[str, pd.DataFrame] | None = None,
) -> str:
    """Return the scoreboard page.

    Parameters
    ----------
    rows : sequence of mappings
        The claims, as `soilnb.claims.rows` gives them.
    shown : DataFrame
        The same claims as readers see them in a notebook (`soilnb.claims.compare`): the
        columns ``paper``, ``ours``, ``range`` and ``unit`` hold text.
    notebooks : iterable of str
        Notebooks that are pages of this book; their names become links.
    tried : mapping of str to DataFrame, optional
        By paper, the hypotheses about numbers that do not match (`soilnb.claims.hypotheses`).
    """
    tried = tried or {}
    parts = [
        f"{WIDE}# Scoreboard",
        "Every number of the papers that a notebook meets is a **claim**: the paper's value, "
        "the range in which we call our own number the same, and the verdict. Nothing is left "
        "out because it does not fit. Our number comes from a run of size *paper* where there "
        "is one, else from the baseline that ships with the package, else from the *quick* runs "
        "that made this book; each row says which.",
    ]
    if not rows:
        return "\n\n".join([*parts, "No claims are recorded yet."]) + "\n"
    texts = shown[["paper", "ours", "range", "unit"]].add_prefix("shown_").reset_index(drop=True)
    frame = pd.concat([pd.DataFrame(list(rows)), texts], axis="columns")
    parts += [_counts(frame), _legend(), _jumps("claims", frame["paper"].unique(), PAPERS)]
    for paper, group in frame.groupby("paper", sort=False):
        parts.append(_paper_section(paper, group, set(notebooks)))
        if len(tried.get(paper, ())):
            parts.append(_tried(paper, tried[paper]))
    return "\n\n".join(parts) + "\n"


def _verdict(name: object) -> str:
    symbol, _ = VERDICTS.get(str(name), ("?", ""))
    return f"{symbol} {escape(name)}".replace(" ", "\u00a0")


def _jumps(prefix: str, names: Iterable[str], titles: Mapping[str, str]) -> str:
    """Return links to the sections of a page without a list of headings."""
    links = (f"[{escape(titles.get(n, n))}](#{slug(f'{prefix}-{n}')})" for n in names)
    return f"On this page: {' · '.join(links)}"


def _counts(frame: pd.DataFrame) -> str:
    data_names = [d for d in DATA if d in set(frame["data"])]
    data_names += sorted({str(d) for d in frame["data"].dropna()} - set(DATA))
    rows = []
    for verdict in [*VERDICTS, *sorted({str(v) for v in frame["verdict"]} - set(VERDICTS))]:
        of = frame[frame["verdict"] == verdict]
        cells = [str(int((of["data"] == name).sum())) for name in data_names]
        rows.append([_verdict(verdict), *cells, f"**{len(of)}**"])
    totals = [f"**{int((frame['data'] == name).sum())}**" for name in data_names]
    rows.append(["**all**", *totals, f"**{len(frame)}**"])
    header = ["verdict", *data_names, "all"]
    return "## In short\n\n" + table(header, rows, [3, *[2] * len(data_names), 1])


def _legend() -> str:
    verdicts = "\n".join(f"- **{s} {v}**: {meaning}." for v, (s, meaning) in VERDICTS.items())
    data = "\n".join(
        f"- **{'◇ ' if d == 'synthetic' else ''}{d}**: {meaning}." for d, meaning in DATA.items()
    )
    return (
        "```{admonition} How to read the words\n:class: dropdown\n\n"
        f"Verdicts:\n\n{verdicts}\n\nWhat a number rests on:\n\n{data}\n\n"
        "A claim about an order or a sign is true (1) or not (0), never *near*. A row that rests "
        "on synthetic data is at best *near*.\n```"
    )


def _paper_section(paper: str, group: pd.DataFrame, notebooks: set[str]) -> str:
    title = PAPERS.get(str(paper), str(paper))
    tally = ", ".join(
        f"{count} {verdict}"
        for verdict in VERDICTS
        if (count := int((group["verdict"] == verdict).sum()))
    )
    header = ["claim", "paper (range)", "ours", "verdict", "rests on", "cause"]
    rows = [_claim(row, notebooks) for row in group.to_dict("records")]
    body = table(header, rows, [28, 15, 14, 11, 14, 18])
    return f"({slug(f'claims-{paper}')})=\n## {escape(title)}\n\n{tally}.\n\n{body}"


def _claim(row: Mapping[str, object], notebooks: set[str]) -> list[str]:
    name = f"**{escape(row['id'])}**"
    for extra in ("preset", "variant"):
        if _text(row.get(extra)):
            name += f" ({escape(row[extra])})"
    place = escape(_text(row.get("figure")))
    place = f"Fig. {place}" if _is_figure(row.get("figure")) else place[:1].upper() + place[1:]
    ours = _with_unit(escape(row["shown_ours"]), row["shown_unit"])
    paper = _with_unit(escape(row["shown_paper"]), row["shown_unit"])
    band = f"<br>({escape(row['shown_range'])})" if row["shown_range"] else ""
    data = _text(row.get("data"))
    data = f"◇ **{data}**" if data == "synthetic" else escape(data)
    notebook = _text(row.get("notebook"))
    link = f"[{escape(notebook)}](notebooks/{notebook}.ipynb)"
    origin = [data, escape(_text(row.get("size"))), link if notebook in notebooks else ""]
    return [
        f"{name}<br>{escape(_text(row.get('statement')))} ({place})",
        f"{paper}{band}",
        ours,
        _verdict(row.get("verdict")),
        "<br>".join(part for part in origin if part),
        escape(_text(row.get("cause"))),
    ]


def _tried(paper: object, table_of: pd.DataFrame) -> str:
    """Return the hypotheses of a paper, each with its run, what came out, and the verdict."""
    title = PAPERS.get(str(paper), str(paper))
    days = sorted(set(table_of["kept"]) - {""})
    made = f" Numbers of {', '.join(map(escape, days))}, made by" if days else " Made by"
    parts = [
        f"({slug(f'tried-{paper}')})=\n### What was tried: {escape(title)}",
        "Where our numbers differ, these explanations were tested at full size, each with runs of "
        "its own or by another reading of the unchanged ones. *Explained* rows come into their "
        "range, *nearer* ones lose a third of their distance to it or more, *strained* and *lost* "
        "ones were in range before and are near or far now; a change is *clear* when it is more "
        "than twice its standard error, seed by seed. "
        f"A hypothesis that loses a row is rejected.{made} "
        "`python -m experiments.hypotheses`.",
    ]
    rows = [_hypothesis(name, group) for name, group in table_of.groupby(level=0, sort=False)]
    header = ["hypothesis", "run", "rows: range, without → with", "verdict"]
    return "\n\n".join([*parts, table(header, rows, [26, 17, 33, 24])])


def _hypothesis(name: object, group: pd.DataFrame) -> list[str]:
    first = group.iloc[0]
    held = group[group["effect"] == "held"]
    lines = [_outcome(row) for row in group.drop_duplicates("row").to_dict("records")
             if row["effect"] != "held"]  # fmt: skip
    if len(held):
        lines.append(f"held: {escape(', '.join(dict.fromkeys(held['claim'])))}")
    return [
        f"**{escape(name)}**<br>{escape(first['supposed'])}.<br>*Expected:* "
        f"{escape(first['expected'])}.",
        escape(first["run"]),
        "<br>".join(lines),
        f"**{escape(first['verdict'])}**" + _sentence(first["conclusion"]),
    ]


def _outcome(row: Mapping[str, object]) -> str:
    values = " → ".join(escape(row[key]) for key in ("without", "with") if row[key])
    label = f"**{escape(row['claim'])}**: {escape(row['row'])}"
    return f"{label} ({escape(row['range'])}): {_with_unit(values, row['unit'])}, *{row['effect']}*"


def _sentence(text: object) -> str:
    return f"<br>{escape(text)}." if _text(text) else ""


def _text(value: object) -> str:
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else str(value)


def _is_figure(value: object) -> bool:
    return bool(re.fullmatch(r"(ED|A|S)?\d+[a-z]?(-[a-z])?", _text(value)))


def _with_unit(value: str, of: object) -> str:
    return f"{value} {unit(of)}".strip() if value else ""


# --- Parameters ---------------------------------------------------------------------------


def _exists(module: str) -> bool:
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a parent package is missing
        return False
    return found is not None and found.origin is not None  # an empty folder has no origin


def boxes(listed: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return title and module of the box models whose module or title is not yet listed."""
    known = {name for entry in listed for name in entry}
    return [(m.name, m.module) for m in models().values() if m.module not in known]


def model_sets() -> dict[str, Mapping[str, object]]:
    """Return the named parameter sets of every model that this version has."""
    found = {}
    for title, module in (*MODELS, *boxes(MODELS)):
        if _exists(module) and hasattr(importlib.import_module(module), "PARAMETER_SETS"):
            found[title] = importlib.import_module(module).PARAMETER_SETS
    return found


def parameters(models: Mapping[str, Mapping[str, object]]) -> str:
    """Return the parameter page: values of all sets side by side, then each set with sources.

    Parameters
    ----------
    models : mapping
        Title of a model to its named `soilnb.parameters.ParameterSet`.
    """
    parts = [
        f"{WIDE}# Parameters and their sources",
        "Published versions of one model differ in their constants. The package ships them as "
        "**named sets**, never as one default without a name. These tables are written from the "
        "records that the kernels, the sliders and the axis labels use, so what you read here is "
        "what ran.",
        _jumps("parameters", models, {}),
    ]
    for title, sets in models.items():
        tables = {name: entry.table() for name, entry in sets.items()}
        parts.append(f"({slug(f'parameters-{title}')})=\n## {escape(title)}")
        parts.append(_side_by_side(tables))
        parts += [_one_set(title, name, sets[name], records) for name, records in tables.items()]
    return "\n\n".join(parts) + "\n"


def _symbol(record: Mapping[str, object]) -> str:
    return f"${record['symbol']}$" if record["symbol"] else ""


def _side_by_side(tables: Mapping[str, pd.DataFrame]) -> str:
    records = {}
    for frame in tables.values():
        for name, record in frame.iterrows():
            records.setdefault(name, record)
    rows = []
    for name, record in records.items():
        values = [
            number(frame.loc[name, "value"]) if name in frame.index else ""
            for frame in tables.values()
        ]
        rows.append([_symbol(record), prose(record["meaning"]), unit(record["unit"]), *values])
    header = ["symbol", "meaning", "unit", *(f"`{name}`" for name in tables)]
    return table(header, rows, [10, 26, 12, *[11] * len(tables)])


def _one_set(title: str, name: str, entry: object, records: pd.DataFrame) -> str:
    rows = [
        [
            f"`{key}`",
            _symbol(record),
            _with_unit(number(record["value"]), record["unit"]),
            f"{number(record['low'])} to {number(record['high'])}",
            escape(record["source"]),
        ]
        for key, record in records.iterrows()
    ]
    options = ", ".join(f"{k} = {v}" for k, v in entry.options.items())
    note = escape(entry.description) + (f" Switches: {escape(options)}." if options else "")
    body = table(["name", "symbol", "value", "allowed", "source"], rows, [20, 12, 18, 16, 34])
    # Four backticks: the table inside is a directive with three.
    return (
        f"````{{admonition}} {escape(title)}, set {name}: ranges and sources\n"
        f":class: dropdown\n\n{note}\n\n{body}\n````"
    )


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
        if _text(row.get(key)):
            facts.append(f"- **{label}:** {escape(row[key])}")
    if _text(row.get("url")).startswith("http"):
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
        The papers' covariates with what we have for each, `soilnb.proda.predictors.TABLE`.
    """
    variables = [
        [f"`{name}`", escape(row["dimensions"]), unit(row["unit"]), escape(row["meaning"])]
        for name, row in schema.iterrows()
    ]
    known = inputs[["sites", "planet"]].notna()
    parts = [
        f"{WIDE}# The planet",
        "`soilnb.proda.globe.planet` gives the cells of a planet with everything that the layered "
        'models need: `planet("testbed")` the 2,855 cells with plants of the biogeochemical '
        'testbed (its synthetic twin where the data are not at hand), `planet("teaching", '
        "resolution=2)` cells of any size on the real land mask with the real Köppen-Geiger zones "
        "and climate, productivity and texture from stated formulas, and "
        "`globe.open_authors(folder)` the papers' own files at 0.5 degrees. A cell without plants "
        "or without climate is left out and counted.",
        "## Variables",
        table(["variable", "over", "unit", "meaning"], variables, [18, 18, 14, 50]),
        "## How real is its climate?",
        CLIMATE,
        "## What the network knows of a place",
        f"The papers' network has {len(inputs)} inputs (Tao et al. 2024, Table S4, in the five "
        f"categories of Tao et al. 2023). Profiles here have {known['sites'].sum()} of them, the "
        f"planet {known['planet'].sum()}; the others are missing, chemistry altogether. A network "
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
    note = f"<br>{escape(row['note'])}" if _text(row["note"]) else ""
    ours = [f"`{row[at]}`" if _text(row[at]) else "missing" for at in ("sites", "planet")]
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
    found = [(module, purpose) for module, purpose in modules if _exists(module)]
    pages_of = {module for module, _ in found}
    listing = "\n".join(f"- [{module}]({module}.md): {purpose}" for module, purpose in found)
    pages = {
        "index": "# API\n\nWhat the notebooks are written with. The floors of the house, from "
        "the ground up: kernels; parameters and data; models; claims and figures; explorers.\n\n"
        f"{listing}\n"
    }
    described: dict[str, str] = {}
    for module, _ in found:
        names, again = _public(module), {}
        for name, origin in names.items():
            home = origin.rpartition(".")[0]  # where it is defined, which may have a page
            home = home if home != module and home in pages_of else described.get(origin)
            if home:
                again[name] = home
            else:
                described[origin] = module
        options = f"   :exclude-members: {', '.join(again)}\n" if again else ""
        pages[module] = (
            f"# {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n"
            f"   :members:\n   :no-value:\n{options}```\n{_elsewhere(again)}"
        )
    return pages


def _elsewhere(names: Mapping[str, str]) -> str:
    """Return a line on the names of a module that other pages describe."""
    pages = sorted(set(names.values()))
    lists = (
        f"{', '.join(f'`{name}`' for name in names if names[name] == page)} in [{page}]({page}.md)"
        for page in pages
    )
    return f"\nDescribed elsewhere: {'; '.join(lists)}.\n" if names else ""


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
