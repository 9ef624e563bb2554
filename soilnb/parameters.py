"""What a parameter is, and how a set of them is named, changed and checked.

A parameter is defined once, as a record of its value, unit, bounds, symbol, meaning and
source. The record feeds the kernel's number, the slider's range, the axis label and the
table in the book, so none of them can drift from the others.

Parameter tables of models are data: TOML files (`read_table`) with one row for each parameter,

.. code-block:: toml

    [sources]                # names for what is cited often
    paper = "Andrén & Kätterer 1997"

    [sets.fitted]
    description = "which publication or code the set reproduces"
    source = "{paper}"       # of every row that names none
    options = {form = "own"} # switches that are no numbers, if any

    [options]                # what each of them may be
    form = ["own", "other"]

    [parameters.rate_young]
    value = 0.8              # or {fitted = 0.8, "*" = 0.6}: by set, "*" for all others
    unit = "yr-1"
    validity = [0.0, 100.0]
    prior = [0.4, 1.6]       # optional
    slider = [0.1, 2.0]      # optional
    symbol = "k_1"
    meaning = "decay rate of young carbon"
    source = "{source}, Table 1"
    sets = ["fitted"]        # the sets that have it, if not all do

and the same rows under ``drivers`` for what the model needs to know of a site. Any entry of a row
may differ by set, as the value does. In a source ``{source}`` stands for that of the set and
``{paper}`` for what ``sources`` calls so. A row may have ``scale = "log"``, ``whole = true`` and a
``group``. What else a model says of itself stands under ``about``. Switches are rows of their own,

.. code-block:: toml

    [options.kinetics]
    allowed = ["forward", "reverse"]    # the default first
    meaning = "what the choice decides"

and a set that chooses otherwise says so: ``options = { kinetics = "reverse" }``.
"""

from __future__ import annotations

import difflib
import math
import reprlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class InputError(ValueError):
    """Bad input at the public border: one line with the name, the value and what is allowed.

    `proposals` are the ways out that the line names, in words, each with the arguments of the call
    that take it: a button can offer them to a person who writes no code.
    """

    def __init__(self, line: str, proposals: Mapping[str, Mapping] | None = None) -> None:
        super().__init__(line)
        self.proposals = dict(proposals or {})


def unknown(kind: str, name: object, allowed: Iterable[str], *, letters: bool = True) -> InputError:
    """Return the error for a name that is not one of `allowed`, with the nearest match.

    `letters` is False for names whose letters tell nothing: mg is much more than g.
    """
    allowed = [str(item) for item in allowed]
    near = difflib.get_close_matches(str(name), allowed, n=1) if letters else []
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return InputError(f"unknown {kind} {shown(name)}{hint}; valid: {', '.join(allowed) or 'none'}")


def check_known(kind: str, name: Any, allowed: Iterable, *, letters: bool = True) -> Any:
    """Return `name`, or raise `InputError` (`unknown`) when it is not one of `allowed`."""
    try:
        known = name in allowed
    except (TypeError, ValueError):  # what is no key, or an array of several values
        known = False
    if not known:
        raise unknown(kind, name, allowed, letters=letters)
    return name


def shown(value: object) -> str:
    """Return a value as an error shows it: on one line, and no more of it than is needed.

    Examples
    --------
    >>> shown([1.5, "loam"]), shown(range(10**6)), shown("a" * 100)
    ("[1.5, 'loam']", 'range(0, 1000000)', "'aaaaaaaaaaaaaaaaaaaaaa...aaaaaaaaaaaaaaaaaaaaaaa'")
    """
    if getattr(value, "ndim", 0):
        name = f" {value.name!r}" if isinstance(getattr(value, "name", None), str) else ""
        return f"{type(value).__name__}{name} of shape {tuple(value.shape)}"
    try:
        return " ".join(_SHORT.repr(value).split())
    except ValueError:  # a whole number of thousands of digits
        return f"{type(value).__name__} too long to show"


_SHORT = reprlib.Repr()
_SHORT.maxstring, _SHORT.maxother, _SHORT.maxlist = 50, 60, 12


def as_numbers(name: str, value: object, unit: str = "") -> np.ndarray:
    """Return `value` as an array of floats, or raise `InputError` where that would change it.

    Complex numbers would lose their imaginary part, times would become counts of nanoseconds, and
    yes or no would become 1 or 0. What is masked is NaN.

    Examples
    --------
    >>> as_numbers("clay", [0.2, 0.3])
    array([0.2, 0.3])
    """
    try:
        plain = value if hasattr(value, "dtype") else np.asarray(value)
        if getattr(plain.dtype, "kind", "") not in "bcmM":
            hidden = np.ma.isMaskedArray(value)
            return np.ma.filled(value.astype(float), np.nan) if hidden else np.asarray(value, float)
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError(f"{name} = {shown(value)} is not a number{_in(unit)}")


def check_finite(name: str, value: float, unit: str = "") -> float:
    """Return `value` as a float, or raise `InputError` when it is no finite number."""
    try:
        if np.iscomplexobj(value) or isinstance(value, bool | np.bool_) or np.ma.is_masked(value):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} = {shown(value)} is not a number{_in(unit)}") from None
    if not math.isfinite(number):
        raise InputError(f"{name} = {number} is not finite{_in(unit)}")
    return number


def check_range(
    name: str, value: float, low: float, high: float, unit: str = "", hint: str = ""
) -> float:
    """Return `value` as a float, or raise `InputError` when it is outside [low, high]."""
    number = check_finite(name, value, unit)
    if not low <= number <= high:
        note = f"; {hint}" if hint else ""
        raise InputError(f"{name} = {number:g}: allowed {low:g} to {high:g}{_in(unit)}{note}")
    return number


def _in(unit: str) -> str:
    return f" (in {unit})" if unit and unit != "1" else ""


@dataclass(frozen=True)
class Parameter:
    """One number of a model, with everything that is known about it."""

    value: float  #: The published value, in `unit`.
    unit: str  #: Unit in plain text; ``"1"`` for a pure number.
    bounds: tuple[float, float]  #: Validity: the inclusive range that the model accepts.
    symbol: str  #: The paper's symbol, as LaTeX without dollar signs.
    meaning: str  #: One line in words.
    source: str  #: Paper with table or equation number, or repository with commit and file.
    scale: str = "linear"  #: How a slider should move through its range.
    #: Range in which an estimation looks for the value; the validity where it is not given.
    prior: tuple[float, float] | None = None
    #: Range that an explorer offers; the validity where it is not given.
    slider: tuple[float, float] | None = None
    whole: bool = False  #: Whether it is a count, which has no fractions.
    group: str = ""  #: Part of the model to which it belongs, where a model has parts.

    def __post_init__(self) -> None:
        low, high = self.bounds
        for name in ("prior", "slider"):
            inner = getattr(self, name)
            if inner is not None and not low <= inner[0] < inner[1] <= high:
                raise InputError(f"{self.symbol}: {name} {inner}: allowed {low:g} to {high:g}")
        if not low <= self.value <= high:
            raise InputError(f"{self.symbol} = {self.value:g}: allowed {low:g} to {high:g}")
        if self.scale not in ("linear", "log") or (self.scale == "log" and low <= 0):
            raise InputError(f"{self.symbol}: scale {self.scale!r} does not fit bounds {low:g}")

    def check(self, name: str, value: float) -> float:
        """Return `value` as a float, or raise `InputError` when the parameter cannot have it."""
        number = check_range(name, value, *self.bounds, unit=self.unit)
        if self.whole and number != int(number):
            low, high = self.bounds
            raise InputError(f"{name} = {number:g}: allowed whole numbers from {low:g} to {high:g}")
        return number

    @property
    def searched(self) -> tuple[float, float]:
        """Range in which an estimation looks for the value."""
        return self.prior or self.bounds

    @property
    def label(self) -> str:
        """Axis or slider label: meaning with its unit."""
        return self.meaning if self.unit == "1" else f"{self.meaning} ({self.unit})"


@dataclass(frozen=True)
class Option:
    """A switch of a model: what may be chosen (the default first), and what it decides."""

    allowed: tuple[str, ...]
    meaning: str

    @property
    def default(self) -> str:
        """The choice of every set that does not say otherwise."""
        return self.allowed[0]


class ParameterSet(Mapping[str, float]):
    """A named, immutable set of parameters; a mapping from name to number.

    Parameters
    ----------
    name : str
        Name of the set, as users write it.
    records : mapping of str to Parameter
        The records, in the order in which the kernel reads them.
    description : str
        One line: which publication or code the set reproduces.
    options : mapping, optional
        Switches that are no numbers (for example ``{"kinetics": "reverse"}``).
    switches : mapping of str to Option, optional
        What may be chosen; a switch that is not among them takes any word.
    """

    def __init__(
        self,
        name: str,
        records: Mapping[str, Parameter],
        description: str,
        options: Mapping[str, str] | None = None,
        switches: Mapping[str, Option] | None = None,
    ) -> None:
        self.name = name
        self.records = dict(records)
        self.description = description
        self.switches = dict(switches or {})
        self.options = {key: self.choice(key, word) for key, word in (options or {}).items()}

    def __getitem__(self, key: str) -> float:
        return self.records[key].value

    def __iter__(self) -> Iterator[str]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return f"ParameterSet({self.name!r}, {len(self)} parameters: {self.description})"

    def replace(self, name: str | None = None, /, **values: float | str) -> ParameterSet:
        """Return a copy with some values (or options) changed, checked against their bounds.

        Raises
        ------
        InputError
            For an unknown parameter name or choice, or a value that is outside its bounds.
        """
        records, options = dict(self.records), dict(self.options)
        for key, value in values.items():
            if key in options:
                options[key] = value
            elif key in records:
                records[key] = replace(records[key], value=records[key].check(key, value))
            else:
                raise unknown(f"parameter of set {self.name!r}", key, [*records, *options])
        name = name or f"{self.name}*"
        return ParameterSet(name, records, self.description, options, self.switches)

    def choice(self, key: str, value: str | bool) -> str:
        """Return the word of a choice; True and False are the words on and off."""
        if key not in self.switches:
            return str(value)
        word = {True: "on", False: "off"}[value] if isinstance(value, bool) else value
        if word not in self.switches[key].allowed:
            raise unknown(f"choice of {key}", word, self.switches[key].allowed)
        return word

    def table(self) -> pd.DataFrame:
        """Return the records as a table, one row per parameter, for the book and the reader."""
        import pandas as pd

        rows = {
            key: (r.value, r.unit, r.bounds[0], r.bounds[1], r.symbol, r.meaning, r.source)
            for key, r in self.records.items()
        }
        columns = ["value", "unit", "low", "high", "symbol", "meaning", "source"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("name")


#: What a user passes as ``parameters=``: a set, its name, or a mapping of changes.
Parameters = str | Mapping | ParameterSet


def choose(
    parameters: str | Mapping[str, float], sets: Mapping[str, ParameterSet], default: str
) -> ParameterSet:
    """Resolve what a user passed as ``parameters=`` to a parameter set.

    Parameters
    ----------
    parameters : str or mapping
        The name of a set, a `ParameterSet`, or a mapping of changes. A mapping may name the
        set it starts from under the key ``"set"``; without it the changes apply to `default`.
    sets : mapping
        The named sets of the model.
    default : str
        Set that a plain mapping of changes starts from.

    Raises
    ------
    InputError
        For an unknown set or parameter, or a value outside its bounds.
    """
    if isinstance(parameters, ParameterSet):
        for key, word in parameters.options.items():
            sets[default].choice(key, word)
        return parameters
    if isinstance(parameters, str):
        if parameters not in sets:
            raise unknown("parameter set", parameters, sets)
        return sets[parameters]
    if isinstance(parameters, Mapping):
        changes = dict(parameters)
        return choose(changes.pop("set", default), sets, default).replace(**changes)
    raise InputError(
        f"parameters = {shown(parameters)}: allowed a set ({', '.join(sets)}) or a mapping of names"
    )


class Table(NamedTuple):
    """What a parameter table holds: the named sets of a model (the default first), and drivers.

    Drivers are what the model needs to know of a site beyond `soilnb.profile.site.RECORDS`; about
    is what else the table says, as it stands there.
    """

    sets: dict[str, ParameterSet]
    drivers: dict[str, Parameter]
    about: dict[str, dict]


@cache
def read_table(source: str | Path) -> Table:
    """Read a parameter table; see the head of this module for its rows.

    Parameters
    ----------
    source : Path or str
        A TOML file, or its text.

    Raises
    ------
    InputError
        For a row that lacks an entry, has one too many, or names a set that there is not.

    Examples
    --------
    >>> table = read_table('''
    ... [sets.mine]
    ... description = "a guess"
    ... [parameters.rate]
    ... value = 0.5
    ... unit = "yr-1"
    ... validity = [0.0, 10.0]
    ... symbol = "k"
    ... meaning = "decay rate"
    ... source = "assumed"
    ... ''')
    >>> table.sets["mine"]["rate"]
    0.5
    """
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"parameter table: {error}") from None
    if unexpected := set(content) - set(_PARTS):
        raise unknown("part of a parameter table", min(unexpected), _PARTS)
    heads, rows = content.get("sets", {}), content.get("parameters", {})
    switches = {
        key: Option(tuple(row["allowed"]), row["meaning"])
        for key, row in content.get("options", {}).items()
    }
    defaults = {key: option.default for key, option in switches.items()}
    for key, row in rows.items():
        _check_row(key, row, heads)
    cited, sets = content.get("sources", {}), {}
    for name, head in heads.items():
        words = {**cited, "source": _cite(head.get("source", ""), cited)}
        shared = {"source": "{source}"} if "source" in head else {}
        records = {
            key: _record(key, {**shared, **row}, name, words)
            for key, row in rows.items()
            if name in row.get("sets", heads)
        }
        chosen = defaults | head.get("options", {})
        sets[name] = ParameterSet(name, records, head["description"], chosen, switches)
    drivers = {key: _record(key, row, "", cited) for key, row in content.get("drivers", {}).items()}
    return Table(sets, drivers, content.get("about", {}))


_PARTS = ("sources", "sets", "options", "parameters", "drivers", "about")
_NEEDED = {"value", "unit", "validity", "symbol", "meaning", "source"}
_OPTIONAL = {"prior", "slider", "scale", "sets", "whole", "group"}

#: Stands in a row for every set that is not named.
_OTHERS = "*"


def _check_row(name: str, row: Mapping[str, object], sets: Iterable[str]) -> None:
    """Refuse a row that names a set that there is not."""
    named = [key for entry in row.values() if isinstance(entry, dict) for key in entry]
    for key in [*named, *row.get("sets", ())]:
        if key not in (*sets, _OTHERS):
            raise unknown(f"parameter set of {name}", key, sets)


def _record(
    name: str, row: Mapping[str, object], chosen: str, cited: Mapping[str, str]
) -> Parameter:
    """Turn a row of a parameter table into the record of one parameter set."""
    if missing := _NEEDED - set(row):
        raise InputError(f"parameter table: {name} has no {', '.join(sorted(missing))}")
    if strange := set(row) - _NEEDED - _OPTIONAL:
        raise unknown(f"entry of {name}", min(strange), sorted(_NEEDED | _OPTIONAL))
    entry = {}
    for key, value in row.items():
        if isinstance(value, dict):
            if chosen not in value and _OTHERS not in value:
                raise InputError(f"parameter table: {name} has no {key} for the set {chosen!r}")
            value = value.get(chosen, value.get(_OTHERS))
        entry[key] = value
    more = {key: tuple(map(float, entry[key])) for key in ("prior", "slider") if key in entry}
    more |= {key: entry[key] for key in ("scale", "whole", "group") if key in entry}
    return Parameter(
        float(entry["value"]),
        entry["unit"],
        tuple(map(float, entry["validity"])),
        entry["symbol"],
        entry["meaning"],
        _cite(entry["source"], cited),
        **more,
    )


def _cite(source: str, cited: Mapping[str, str]) -> str:
    """Put what is cited in place of its name in braces."""
    for name, words in cited.items():
        source = source.replace(f"{{{name}}}", words)
    return source
