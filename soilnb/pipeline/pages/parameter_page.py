"""The page of parameters: values of all sets side by side, with ranges and sources."""

import importlib
import importlib.util
import re
from collections.abc import Iterable, Mapping

from soilnb.pipeline.pages.markdown import WIDE, escape, html, number, plain_unit, slug
from soilnb.profile.model import models
from soilnb.results import raised

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

#: Greek letters that symbols of the models begin with, by their names in TeX.
GREEK = {
    "alpha": "α", "beta": "β", "eta": "η", "gamma": "γ", "kappa": "κ", "lambda": "λ", "phi": "φ",
    "rho": "ρ", "tau": "τ",
}  # fmt: skip


def exists(module: str) -> bool:
    """Say whether this version has a module."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a parent package is missing
        return False
    return found is not None and found.origin is not None  # an empty folder has no origin


def boxes(listed: Iterable[tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return title and module of the box models whose module or title is not yet listed."""
    known = {name for entry in listed for name in entry}
    return [(m.name, m.module) for m in models().values() if m.module not in known]


def model_sets() -> dict[str, Mapping[str, object]]:
    """Return the named parameter sets of every model that this version has."""
    found = {}
    for title, module in (*MODELS, *boxes(MODELS)):
        loaded = importlib.import_module(module) if exists(module) else None
        if sets := getattr(loaded, "PARAMETER_SETS", None) or getattr(loaded, "PRESETS", None):
            found[title] = sets
    return found


def parameters(models: Mapping[str, Mapping[str, object]]) -> str:
    """Return the parameter page: every parameter of `model_sets` once, with its values."""
    rows = [row for title, sets in models.items() for row in _rows(title, sets)]
    parts = [
        f"{WIDE}# Parameters and their sources",
        "Published versions of one model differ in their constants. The package ships them as "
        "**named sets**, never as one default without a name. This table is written from the "
        "records that the kernels, the sliders and the axis labels use, so what you read here is "
        f"what ran. A symbol is the one of the model's paper, such as {_symbol('V_{slope}')} of "
        "MIMICS; after each value stands the range that is allowed.",
        html("parameters", rows=rows),
        "## The sets",
    ]
    parts += [_about(title, sets) for title, sets in models.items()]
    return "\n\n".join(parts) + "\n"


def _symbol(tex: str) -> str:
    """Return a symbol as MathML, which browsers lay out by themselves.

    The scripts of the other pages need longer for three hundred symbols than for all else.
    """
    from docutils.utils.math.latex2mathml import tex2mathml  # comes with the extra "book"

    return re.sub(r"\s*\n\s*", "", tex2mathml(tex)) if tex else ""


def _rows(title: str, sets: Mapping[str, object]) -> list[dict]:
    """Return the parameters of a model, each with its values and sources by set."""
    rows: dict[str, dict] = {}
    for set_name, entry in sets.items():
        for name, record in entry.table().iterrows():
            row = rows.setdefault(name, _row(title, name, record))
            values = tuple(number(record[key]) for key in ("value", "low", "high"))
            row["cases"].setdefault(values, []).append(set_name)
            row["sources"].setdefault(" ".join(str(record["source"]).split()), []).append(set_name)
    return [row | {"cases": [*_cases(row["cases"], len(sets))]} for row in rows.values()]


def _cases(found: Mapping[tuple[str, str, str], list[str]], among: int) -> Iterable[dict]:
    """Yield each value of a parameter once, with the sets that have it."""
    for (value, low, high), sets in found.items():
        name = "all sets" if 1 < len(sets) == among else ", ".join(sets)
        yield {"sets": sets, "name": name, "value": value, "low": low, "high": high}


def _row(title: str, name: str, record: Mapping[str, object]) -> dict:
    return {
        "model": title,
        "name": name,
        "anchor": slug(f"{title}-{name}"),
        "symbol": _symbol(record["symbol"]),
        "meaning": _lettered(raised(record["meaning"]), record["symbol"]),
        "unit": plain_unit(record["unit"]),
        "cases": {},
        "sources": {},
    }


def _lettered(text: str, symbol: str) -> str:
    """Return a sentence with the Greek letter of a symbol where its name is spelled out."""
    name = next((name for name in GREEK if symbol.startswith(f"\\{name}")), None)
    return re.sub(rf"(?<!\w){name}(?!\w)", GREEK[name], text) if name else text


def _about(title: str, sets: Mapping[str, object]) -> str:
    """Return what each set of a model is, with its switches."""
    lines = []
    for name, entry in sets.items():
        switches = ", ".join(f"`{key} = {value}`" for key, value in entry.options.items())
        told = f" Switches: {switches}." if switches else ""
        lines.append(f"- `{name}`: {escape(raised(entry.description))}.{told}".replace("..", "."))
    return f"**{escape(title)}**\n\n" + "\n".join(lines)
