"""Scenarios as data: when roots exude what, whether the structure moves, and what else differs.

The named scenarios are those of Rötzer et al. (2025), Sect. 2.5 and Appendix A5. A scenario of
one's own is a `Scenario`, or a small TOML file::

    description = "two pulses of mucilage in a sandier soil"
    pulses = [100, {day = 150, mass = 0.4, cn = 10}, {day = 200, rate = 3.6}]
    movement = true

    [parameters]
    porosity = 0.45
    share_63_200 = 42.6
    share_1_2 = 9.5

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import codecs
import math
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from soilnb.parameters import InputError, check_finite, check_known, check_range, shown, unknown
from soilnb.pore.parameters import OPTIONS, RECORDS


@dataclass(frozen=True)
class Pulse:
    """Root exudates of one day, along the central vertical line of the domain."""

    day: float  #: The day of the pulse: day 200 lies between times 199 and 200.
    #: Carbon of the pulse, in mg per g dry soil, spread evenly over the open voxels of the line.
    mass: float | None = None
    #: Carbon per root surface, in µg h-1 cm-2, from every open voxel of the line. Give `mass` or
    #: `rate`; without either the parameters ``pulse``, ``pulse_mass`` and ``exudation_rate``
    #: decide.
    rate: float | None = None
    cn: float | None = None  #: C/N ratio of the exudates; default is the parameter ``cn_root``.

    def __post_init__(self) -> None:
        check_range("day of a pulse", self.day, 0, 1e6, "d")
        if self.mass is not None and self.rate is not None:
            raise InputError(
                f"pulse of day {self.day:g}: mass = {self.mass:g} and rate = {self.rate:g}; "
                "allowed one of the two"
            )
        if self.mass is not None:
            check_range("mass of a pulse", self.mass, *RECORDS["pulse_mass"].bounds, "mg g-1")
        if self.rate is not None:
            bounds = RECORDS["exudation_rate"].bounds
            check_range("rate of a pulse", self.rate, *bounds, "µg h-1 cm-2")
        if self.cn is not None:
            check_range("cn of a pulse", self.cn, *RECORDS["cn_root"].bounds)

    @property
    def number(self) -> int:
        """Number of the day on which the pulse falls; the first day has number 1."""
        return max(1, math.ceil(self.day))


@dataclass(frozen=True)
class Scenario:
    """What is done to the soil."""

    name: str  #: Name, as in the Datasets.
    description: str = ""  #: One line.
    pulses: tuple[Pulse, ...] = ()  #: Root exudates.
    #: False keeps all particles where they are (fresh organic particles still arrive).
    movement: bool = True
    #: Parameters and switches that differ from the preset.
    parameters: Mapping[str, float | str | bool] = field(default_factory=dict)
    #: Voxels down and across, where the scenario asks for a size of its own.
    shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        _check_words("name", self.name, 100)
        _check_words("description", self.description, 1000)
        object.__setattr__(self, "pulses", tuple(_pulse(item) for item in _listed(self.pulses)))
        if not isinstance(self.movement, bool):
            raise InputError(f"movement = {shown(self.movement)}: allowed true or false")
        if not isinstance(self.parameters, Mapping):
            raise InputError(f"parameters = {shown(self.parameters)}: allowed names with values")
        for name in self.parameters:
            if name not in RECORDS and name not in OPTIONS:
                raise unknown("parameter", name, [*RECORDS, *OPTIONS])
        days = [pulse.number for pulse in self.pulses]
        if len(set(days)) < len(days):
            raise InputError(f"pulses on days {shown(days)}: allowed one pulse a day")


def _check_words(what: str, words: object, most: int) -> None:
    """Refuse a name or a description that cannot stand in a table or a file."""
    if not isinstance(words, str):
        raise InputError(f"{what} of a scenario = {shown(words)}: allowed text")
    if len(words) > most or not words.isprintable() or (what == "name" and not words.strip()):
        raise InputError(
            f"{what} of a scenario = {shown(words)}: allowed one line of up to {most} characters"
        )


def _listed(pulses: Iterable | float) -> Iterable:
    if isinstance(pulses, (str, Mapping)) or not isinstance(pulses, Iterable):
        return [pulses]
    return pulses


def _pulse(item: Pulse | Mapping | float) -> Pulse:
    if isinstance(item, Pulse):
        return item
    if isinstance(item, Mapping):
        names = [f.name for f in fields(Pulse)]
        for key in item:
            check_known("entry of a pulse", key, names)
        if "day" not in item:
            raise InputError(f"pulse {shown(dict(item))}: allowed with a day")
        return Pulse(**{key: check_finite(f"{key} of a pulse", item[key]) for key in item})
    return Pulse(check_finite("day of a pulse", item, "d"))


_CN = "one pulse of exudates on day 200 with C/N {cn}"

#: The scenarios of the paper.
SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("reference", _CN.format(cn=40), (200,)),
        Scenario("static", "the reference without any motion of particles", (200,), False),
        Scenario("cn10", _CN.format(cn=10), (200,), parameters={"cn_root": 10}),
        Scenario("cn22", _CN.format(cn=22), (200,), parameters={"cn_root": 22}),
        Scenario("cn100", _CN.format(cn=100), (200,), parameters={"cn_root": 100}),
        Scenario(
            "ten_pulses", "ten pulses with C/N 40, every fifth day from 200", range(200, 250, 5)
        ),
        Scenario(
            "pom_cn10",
            "the reference with particulate organic matter of C/N 10",
            (200,),
            parameters={"cn_pom": 10},
        ),
    )
}


def get_scenario(scenario: str | os.PathLike | Scenario) -> Scenario:
    """Return a scenario: one of `SCENARIOS` by name, one from a TOML file, or itself.

    Examples
    --------
    >>> [pulse.day for pulse in get_scenario("ten_pulses").pulses][:3]
    [200.0, 205.0, 210.0]
    """
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, str) and scenario in SCENARIOS:
        return SCENARIOS[scenario]
    if isinstance(scenario, os.PathLike) or str(scenario).endswith(".toml"):
        return read_scenario(scenario)
    raise unknown("scenario", scenario, [*SCENARIOS, "a file NAME.toml"])


#: Most bytes of a scenario file.
_MOST = 1_000_000

_ENTRIES = "a short TOML file with the attributes of a Scenario"


def _text(path: Path) -> str:
    """Return the text of a file, UTF-8 or UTF-16, with or without a byte order mark."""
    with path.open("rb") as file:
        content = file.read(_MOST + 1)
    if len(content) > _MOST:
        raise ValueError(f"more than {_MOST:,} bytes, allowed {_ENTRIES}")
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return content.decode("utf-16")
    if b"\0" in content[:2]:  # the first letter of a TOML file takes one byte of UTF-8
        return content.decode("utf-16-be" if content[0] == 0 else "utf-16-le")
    return content.decode("utf-8-sig")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"no text in {error.encoding} ({error.reason} at byte {error.start}), save as UTF-8"
    return str(getattr(error, "strerror", None) or error)


def read_scenario(path: str | os.PathLike) -> Scenario:
    """Read a scenario from a TOML file; its entries are the attributes of `Scenario`."""
    path = Path(path)
    try:
        entries = tomllib.loads(_text(path))
    except RecursionError:
        raise InputError(f"scenario file {path} is nested too deeply: allowed {_ENTRIES}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"scenario file {path}: {_reason(error)}") from None
    names = [f.name for f in fields(Scenario)]
    for key in entries:
        check_known(f"entry of scenario file {path.name}", key, names)
    entries.setdefault("name", path.stem)
    if "shape" in entries:
        entries["shape"] = tuple(_listed(entries["shape"]))
    return Scenario(**entries)
