"""Every number of the pore-scale model, its presets and its switches.

They stand in ``parameters.toml``, each with where it comes from; here they are read, and what a
user asks for is checked as a whole.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from soilnb.parameters import InputError, ParameterSet, choose, read_table

#: Edge of a voxel, in µm (Sect. 2.1).
VOXEL = 2.0

#: Thickness of the single layer of voxels, in µm (Sect. 2.1).
THICKNESS = 1.0

#: Voxels of the paper's domain, and the mineral voxels in it at its porosity of 0.411.
PAPER_VOXELS, PAPER_SOLID = 250 * 250, 36812


class Resolved(ParameterSet):
    """A parameter set that `resolve` has checked as a whole (a changed copy of it is none)."""


#: The named presets: how fine particles look, how often bonds break, and the gate.
PRESETS = read_table(Path(__file__).with_suffix(".toml")).sets

#: What is known of every parameter, with the value of the preset ``default``.
RECORDS = PRESETS["default"].records

#: Every open choice that is no number.
OPTIONS = PRESETS["default"].switches

#: Parameters of the hours of a day, which do not enter the structure at the start.
CHEMISTRY = {name: record for name, record in RECORDS.items() if record.group == "chemistry"}


def resolve(parameters: str | Mapping = "default") -> ParameterSet:
    """Return the parameter set that a user names or changes, checked as a whole.

    Parameters
    ----------
    parameters : str, mapping or ParameterSet
        A preset, or changes to one: ``{"set": "documented", "porosity": 0.5, "gate": "off"}``.
        Switches take their words, or True and False where the words are on and off.

    Raises
    ------
    InputError
        For unknown names, values outside their bounds, unknown choices of a switch, rods that
        are shorter than they may be, or a texture that does not add up to 100 %.

    Examples
    --------
    >>> resolve({"set": "documented", "porosity": 0.5})["porosity"]
    0.5
    """
    chosen = choose(parameters, PRESETS, "default")
    if isinstance(chosen, Resolved):
        return chosen
    _check_together(chosen)
    about = (chosen.name, chosen.records, chosen.description, chosen.options, chosen.switches)
    return Resolved(*about)


def with_parameters(function: Callable) -> Callable:
    """Let the argument ``parameters`` of a function be whatever `resolve` takes.

    So each function that users call is a border of the model. What has been resolved goes through
    as it is: on the way down from such a function nothing is resolved again.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def at_the_border(*args, **named):
        given = signature.bind(*args, **named)
        given.apply_defaults()
        chosen = given.arguments["parameters"]
        if not isinstance(chosen, Resolved):
            given.arguments["parameters"] = resolve(chosen)
        return function(*given.args, **given.kwargs)

    return at_the_border


def _check_together(chosen: ParameterSet) -> None:
    if chosen["fine_min"] > chosen["fine_max"]:
        raise InputError(
            f"fine_min = {chosen['fine_min']:g}: allowed up to fine_max = {chosen['fine_max']:g}"
        )
    if chosen["biomass_min"] >= chosen["biomass_max"]:
        raise InputError(
            f"biomass_min = {chosen['biomass_min']:g}: allowed below biomass_max = "
            f"{chosen['biomass_max']:g} g cm-3"
        )
    if chosen["organic_share_20"] + chosen["organic_share_15"] > 1 + 1e-9:
        raise InputError(
            f"organic_share_15 = {chosen['organic_share_15']:g}: allowed up to "
            f"{1 - chosen['organic_share_20']:g}, the rest of organic_share_20"
        )
    if chosen["cn_necromass"] != chosen["cn_biomass"]:
        raise InputError(
            f"cn_necromass = {chosen['cn_necromass']:g}: allowed the C/N ratio of biomass "
            f"(cn_biomass = {chosen['cn_biomass']:g}), else nitrogen would not be conserved"
        )
    total = sum(chosen[f"share_{name}"] for name in _CLASS_BOUNDS)
    if abs(total - 100) > 0.05:
        names = ", ".join(f"share_{name}" for name in _CLASS_BOUNDS)
        raise InputError(f"texture adds up to {total:g} %: allowed 100 % in {names}")


# Table 3 prints 2-6 and 6-20; the classes of the older code meet at 6.3 µm, as in DIN 4022.
_CLASS_BOUNDS = {
    "1_2": (0.0, 2.0),
    "2_6": (2.0, 6.3),
    "6_20": (6.3, 20.0),
    "20_63": (20.0, 63.0),
    "63_200": (63.0, 200.0),
}


@dataclass(frozen=True)
class SizeClass:
    """One class of Table 3."""

    label: str  #: As printed, for example ``"6-20 µm"``.
    #: Limits of the minimum Feret diameter, in µm. The finest class ends with its upper limit (a
    #: rod one voxel wide measures 2 µm); every other class begins with its lower limit, except that
    #: the second begins above 2 µm.
    low: float
    high: float
    share: float  #: Share of the mineral area, 0 to 1.
    reactive: float  #: Share of the outer edges that is reactive, 0 to 1.

    def holds(self, feret: float) -> bool:
        """Whether a particle of minimum Feret diameter `feret` (µm) belongs to the class."""
        if self.high <= VOXEL:
            return feret <= self.high
        above = feret > self.low if self.low <= VOXEL else feret >= self.low
        return above and feret < self.high


def size_classes(parameters: Mapping[str, float]) -> list[SizeClass]:
    """Return the five classes of Table 3, finest first.

    Examples
    --------
    >>> [one.label for one in size_classes(resolve())]
    ['1-2 µm', '2-6 µm', '6-20 µm', '20-63 µm', '63-200 µm']
    """
    return [
        SizeClass(
            f"{name.replace('_', '-')} µm",
            low,
            high,
            parameters[f"share_{name}"] / 100,
            parameters[f"reactive_{name}"] / 100,
        )
        for name, (low, high) in _CLASS_BOUNDS.items()
    ]


def voxel_mass(parameters: Mapping[str, float]) -> float:
    """Return the mass of a mineral voxel, in g (4 µm3 times the solid density).

    Examples
    --------
    >>> round(1e12 * voxel_mass(resolve()), 1)  # pg
    9.4
    """
    return VOXEL * VOXEL * THICKNESS * 1e-12 * parameters["solid_density"]
