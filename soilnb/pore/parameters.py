"""Every number of the pore-scale model, its presets and its switches.

The numbers are those of Rötzer et al. (2025), Tables 2 to 4 and appendix A. What the paper leaves
open is decided here, each with where the decision comes from:

- *older code*: the authors' public MATLAB programs of the same model family
  (roetzerfau/working_Copy_CAM @53afc62, Rhizosphere_CAM @80b0dcb and branch C_gradient
  @c63255c, initial_state_CAM @a8c90bf), read as documentation of the rules;
- *chosen*: our choice, with the reason.

The presets differ in the shape of the finest particles, in break-up, and in the gate (organic
particles decay only while they touch a reactive mineral edge). Shape and break-up of
``default`` are tuned so that the exposed share of organic matter is the one that the paper's
numbers imply; everything else is as published or as documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from soilnb.parameters import InputError, Parameter, ParameterSet, choose, unknown

#: Edge of a voxel, in µm (Sect. 2.1).
VOXEL = 2.0

#: Thickness of the single layer of voxels, in µm (Sect. 2.1).
THICKNESS = 1.0

#: Voxels of the paper's domain, and the mineral voxels in it at its porosity of 0.411.
PAPER_VOXELS, PAPER_SOLID = 250 * 250, 36812

_P = "Rötzer et al. 2025"
_T4 = f"{_P}, Table 4"
_A1 = f"{_P}, Appendix A1"
_T3 = f"{_P}, Table 3"
_CODE = "older code of the authors"

CHEMISTRY = {
    "uptake_rate": Parameter(
        1.6e-5,
        "s-1",
        (1e-6, 1e-4),
        r"\nu_{C_S}",
        "maximum uptake rate of carbon",
        f"{_T4}, from Niedeggen et al. (2024)",
        "log",
    ),
    "half_saturation": Parameter(
        3.92e-4,
        "g cm-3",
        (5e-5, 5e-3),
        "k_{C_S}",
        "half saturation of carbon uptake",
        f"{_T4}: 116 µg g-1; chosen per pore volume, which the paper does not say",
        "log",
    ),
    "growth_respiration": Parameter(
        0.26,
        "1",
        (0.0, 0.9),
        "k_G",
        "share of uptake respired for growth and enzymes",
        f"{_T4}, from Kaiser et al. (2014)",
    ),
    "maintenance": Parameter(
        0.3e-6,
        "s-1",
        (0.0, 1e-5),
        "k_M",
        "maintenance respiration rate",
        f"{_T4}, from Niedeggen et al. (2024): 3.16e-7, printed as 0.3e-6",
    ),
    "biomass_decay": Parameter(
        1.6e-6,
        "s-1",
        (0.0, 1e-5),
        "k_{BD}",
        "rate at which living biomass turns into necromass",
        f"{_T4}, where it is called k_Nec; k_BD of Table 2",
    ),
    "leak": Parameter(
        1e-4,
        "h-1",
        (0.0, 1e-2),
        "k_{leak}",
        "leaching rate of dissolved nitrogen",
        f"{_T4}, from Kaiser et al. (2014)",
    ),
    "decay_pom": Parameter(
        0.0096,
        "d-1",
        (0.0, 0.1),
        "k_{POM}",
        "basal decay rate of particulate organic matter",
        f"{_T4}, from Zech et al. (2022b)",
    ),
    "decay_necromass": Parameter(
        0.0096,
        "d-1",
        (0.0, 0.1),
        "k_{Nec}",
        "basal decay rate of necromass",
        f"{_T4}, where it is called k_MN; k_Nec of Table 2",
    ),
    "decay_base": Parameter(
        0.5,
        "1",
        (0.0, 2.0),
        "b",
        "decay without any biomass, as a share of the basal rate",
        f"{_P}, Table 2: the 0.5 of f_POM and f_Nec",
    ),
    "biomass_reference": Parameter(
        6.336,
        "g cm-3",
        (0.5, 50.0),
        "C_B^k",
        "biomass that adds one basal rate to decay, as a sum over the voxels of 500 x 500 µm",
        f"{_T4}: a sum of voxel concentrations, 72.9 µg per g soil; scales with dry mass",
        "log",
    ),
    "residual_share": Parameter(
        0.01,
        "1",
        (0.0, 0.2),
        "r",
        "share of its first carbon below which an organic voxel dissolves",
        f"{_CODE}: calculatePOMdecay.m",
    ),
    "diffusion": Parameter(
        1.94e-10,
        "cm2 s-1",
        (1e-11, 1e-5),
        "D_S",
        "diffusion coefficient of dissolved carbon and nitrogen",
        f"{_T4}, from Kaiser et al. (2014); as printed",
        "log",
    ),
    "biomass_min": Parameter(
        0.0016,
        "g cm-3",
        (1e-4, 0.05),
        "C_B^{MIN}",
        "carbon below which a biomass cell dies out",
        f"{_T4}, from Zech et al. (2022a)",
        "log",
    ),
    "biomass_max": Parameter(
        0.3168,
        "g cm-3",
        (0.05, 1.0),
        "C_B^{MAX}",
        "carbon that a biomass cell can hold",
        f"{_T4}, from Zech et al. (2022a)",
    ),
    "cn_biomass": Parameter(
        10.0, "1", (3.0, 30.0), "(C/N)_B", "C/N ratio of microbial biomass", _T4
    ),
    "cn_necromass": Parameter(10.0, "1", (3.0, 30.0), "(C/N)_{Nec}", "C/N ratio of necromass", _T4),
    "cn_pom": Parameter(
        100.0,
        "1",
        (5.0, 300.0),
        "(C/N)_{POM}",
        "C/N ratio of particulate organic matter",
        f"{_T4}; 10 in Appendix A5",
    ),
    "cn_root": Parameter(
        40.0,
        "1",
        (5.0, 300.0),
        "(C/N)_{Root}",
        "C/N ratio of root exudates",
        f"{_T4}, from Miao et al. (2020); 10, 22 and 100 in the scenarios CN",
    ),
    "exudation_rate": Parameter(
        3.6,
        "µg h-1 cm-2",
        (0.0, 100.0),
        "R_{Root}",
        "carbon exuded per time and root surface",
        f"{_T4}, from Santangeli et al. (2024)",
    ),
    "exudation_surface": Parameter(
        4.0,
        "µm2",
        (0.0, 8.0),
        "A_{Root}",
        "surface of a voxel of the root line that exudes",
        f"{_P}, Sect. 2.3",
    ),
    "pulse_mass": Parameter(
        0.77,
        "mg g-1",
        (0.0, 20.0),
        "M_{Root}",
        "carbon of one pulse of exudates, per dry soil",
        f"{_P}, Sect. 3.4: 11.8 + 9.02 - 9.01 - 4.15 mg g-1 over ten pulses",
    ),
}

START = {
    "porosity": Parameter(
        0.411,
        "1",
        (0.2, 0.95),
        r"\phi",
        "share of voxels without minerals, before organic matter is added",
        f"{_P}, Sect. 2.3, from Vetterlein et al. (2021)",
    ),
    "solid_density": Parameter(
        2.36, "g cm-3", (1.0, 4.0), r"\rho_s", "density of the mineral voxels", f"{_P}, Sect. 2.3"
    ),
    "dissolved_start": Parameter(
        1e-5,
        "g cm-3",
        (0.0, 1e-2),
        "C_S^0",
        "dissolved carbon at the start",
        f"{_T4}, from Langeveld et al. (2020)",
    ),
    "cn_dissolved_start": Parameter(
        10.0, "1", (1.0, 300.0), "(C/N)_S^0", "C/N ratio of the solution at the start", _T4
    ),
    "pom_start": Parameter(
        0.48,
        "g cm-3",
        (0.05, 1.0),
        "C_{POM}^0",
        "carbon of fresh particulate organic matter",
        f"{_T4}, from Zech et al. (2022b)",
    ),
    "necromass_start": Parameter(
        0.3168, "g cm-3", (0.05, 1.0), "C_{Nec}^0", "carbon of the first necromass particles", _T4
    ),
    "biomass_start": Parameter(
        0.06336,
        "g cm-3",
        (0.0, 0.3),
        "C_B^0",
        "carbon of a biomass cell at the start",
        f"{_P}, Sect. 2.3: 63.4 mg cm-3 (= 0.3168 / 5); with 216 cells 158 µg g-1 of Table 4",
    ),
    "biomass_cells": Parameter(
        216.0,
        "1",
        (0.0, 5000.0),
        "N_B^0",
        "biomass cells at the start in 500 x 500 µm",
        f"{_T4}, from Zech et al. (2022a); scales with area",
    ),
    "biomass_group": Parameter(
        3.0,
        "1",
        (1.0, 20.0),
        "n_B",
        "biomass cells in one group",
        f"{_P}, Sect. 2.3: 72 groups of 3",
    ),
    "organic_share": Parameter(
        0.05,
        "1",
        (0.0, 0.3),
        "x_{OM}",
        "first organic voxels per mineral voxel",
        f"{_P}, Sect. 2.3",
    ),
    "organic_share_20": Parameter(
        0.50,
        "1",
        (0.0, 1.0),
        "x_{20}",
        "share of the first organic voxels in particles of 20 voxels",
        f"{_CODE}: initial_state_CAM; the rest in particles of 10",
    ),
    "organic_share_15": Parameter(
        0.30,
        "1",
        (0.0, 1.0),
        "x_{15}",
        "share of the first organic voxels in particles of 15 voxels",
        f"{_CODE}: initial_state_CAM",
    ),
    "pom_fraction": Parameter(
        0.5,
        "1",
        (0.0, 1.0),
        "x_{POM}",
        "share of the first organic particles, largest first, that is not necromass",
        f"{_P}, Sect. 2.3: 60 of 120",
    ),
    "pom_interval": Parameter(
        10.0,
        "d",
        (1.0, 1000.0),
        r"\tau_{POM}",
        "days between fresh organic particles",
        f"{_P}, Sect. 2.3",
    ),
    "pom_voxels": Parameter(
        15.0,
        "1",
        (1.0, 100.0),
        "n_{POM}",
        "voxels of a fresh organic particle",
        f"{_P}, Sect. 2.3: 60 µm2",
    ),
}

STRUCTURE = {
    "share_1_2": Parameter(
        19.5, "%", (0.0, 100.0), "x_1", "mineral area in particles of 1-2 µm", _T3
    ),
    "share_2_6": Parameter(
        5.2, "%", (0.0, 100.0), "x_2", "mineral area in particles of 2-6.3 µm", _T3
    ),
    "share_6_20": Parameter(
        16.4, "%", (0.0, 100.0), "x_3", "mineral area in particles of 6.3-20 µm", _T3
    ),
    "share_20_63": Parameter(
        26.3, "%", (0.0, 100.0), "x_4", "mineral area in particles of 20-63 µm", _T3
    ),
    "share_63_200": Parameter(
        32.6, "%", (0.0, 100.0), "x_5", "mineral area in particles of 63-200 µm", _T3
    ),
    "reactive_1_2": Parameter(
        100.0, "%", (0.0, 100.0), "r_1", "reactive edges of particles of 1-2 µm", _CODE
    ),
    "reactive_2_6": Parameter(
        100.0, "%", (0.0, 100.0), "r_2", "reactive edges of particles of 2-6.3 µm", _CODE
    ),
    "reactive_6_20": Parameter(
        50.0, "%", (0.0, 100.0), "r_3", "reactive edges of particles of 6.3-20 µm", _CODE
    ),
    "reactive_20_63": Parameter(
        25.0, "%", (0.0, 100.0), "r_4", "reactive edges of particles of 20-63 µm", _CODE
    ),
    "reactive_63_200": Parameter(
        10.0, "%", (0.0, 100.0), "r_5", "reactive edges of particles of 63-200 µm", _CODE
    ),
    "fine_min": Parameter(
        1.0,
        "1",
        (1.0, 12.0),
        "l_{min}",
        "shortest rod of the finest class, in voxels",
        "chosen: tuned, with break-up, to the exposed share that the paper's numbers imply",
    ),
    "fine_max": Parameter(
        5.0,
        "1",
        (1.0, 12.0),
        "l_{max}",
        "longest rod of the finest class, in voxels",
        "chosen: tuned, with break-up, to the exposed share that the paper's numbers imply",
    ),
    "roughness": Parameter(
        0.12,
        "1",
        (0.0, 0.4),
        r"\epsilon",
        "roughness of the outline of particles, relative to their radius",
        "chosen: it changes dissolved C and N only",
    ),
    "elongation": Parameter(
        1.8,
        "1",
        (1.0, 4.0),
        "e",
        "largest ratio of length to width of a particle",
        "chosen: soil particles in dynamic images are 1 to 2 times as long as wide",
    ),
}

MOTION = {
    "initial_steps": Parameter(
        500.0,
        "1",
        (0.0, 5000.0),
        "n_0",
        "steps of motion without chemistry at the start",
        f"{_P}, Appendix A2",
    ),
    "range_max": Parameter(
        5.0, "1", (0.0, 10.0), "L_{max}", "farthest move of a day, in voxels", f"{_A1}: 10 µm"
    ),
    "range_scale": Parameter(
        20.0,
        "1",
        (0.0, 100.0),
        "L_0",
        "move of a day times the root of the moving voxels",
        f"{_CODE}: L = min(5, ceil(20 / sqrt(voxels))), which gives the limits of A1",
    ),
    "aggregate_limit": Parameter(
        20000.0,
        "1",
        (0.0, 1e9),
        "A_{max}",
        "voxels above which an aggregate does not move",
        f"{_A1}: 80,000 µm2",
    ),
    "weight_reactive": Parameter(
        1.0,
        "1",
        (0.0, 100.0),
        "w_1",
        "attraction of two reactive mineral edges",
        f"{_CODE}: moveParticles.m; {_A1} gives the order only",
    ),
    "weight_organic": Parameter(
        5.0,
        "1",
        (0.0, 100.0),
        "w_2",
        "attraction of organic matter and a reactive mineral edge",
        f"{_CODE}: moveParticles.m; {_A1} gives the order only",
    ),
    "weight_glue": Parameter(
        10.0,
        "1",
        (0.0, 100.0),
        "w_3",
        "attraction of organic matter or biomass and a gluing spot",
        f"{_CODE}: moveParticles.m; {_A1} gives the order only",
    ),
    "break_glue": Parameter(
        0.06,
        "1",
        (0.0, 1.0),
        "p_3",
        "daily break-up of a unit bound by gluing spots",
        f"chosen: tuned (documented in the {_CODE}: 0.05)",
    ),
    "break_organic": Parameter(
        0.12,
        "1",
        (0.0, 1.0),
        "p_2",
        "daily break-up of a unit bound by organic matter on reactive edges",
        f"chosen: tuned (documented in the {_CODE}: 0.10)",
    ),
    "break_other": Parameter(
        0.30,
        "1",
        (0.0, 1.0),
        "p_1",
        "daily break-up of any other unit",
        f"chosen: tuned (documented in the {_CODE}: 0.25)",
    ),
    "glue_threshold": Parameter(
        1e-2,
        "g cm-3",
        (1e-4, 100.0),
        "C^{Ex}",
        "dissolved and biomass carbon that makes a gluing spot",
        _T4,
        "log",
    ),
    "glue_lifetime": Parameter(
        50.0,
        "d",
        (0.0, 1000.0),
        "a_0",
        "days that a gluing spot lasts at least without organic matter",
        f"{_CODE}: randomAging.m",
    ),
    "glue_loss": Parameter(
        1 / 500,
        "d-1",
        (0.0, 1.0),
        "q",
        "daily chance that an older memory edge is lost",
        f"{_CODE}: randomAging.m",
    ),
}

RECORDS = {**CHEMISTRY, **START, **STRUCTURE, **MOTION}


@dataclass(frozen=True)
class Option:
    """A switch of the model: what may be chosen (the default first), and what it decides."""

    allowed: tuple[str, ...]
    meaning: str

    @property
    def default(self) -> str:
        """The choice of every preset, where the preset does not say otherwise."""
        return self.allowed[0]


#: Every open choice that is no number.
OPTIONS = {
    "gate": Option(
        ("on", "with_gluing", "off"),
        "organic particles decay only while they touch a reactive mineral edge "
        "(with_gluing: a gluing spot counts as well)",
    ),
    "break_initially": Option(("on", "off"), "break-up acts during the initial steps too"),
    "stay": Option(
        ("exclude", "keep"),
        "whether a unit of the weakest bonds that breaks up may draw its own place",
    ),
    "aggregates": Option(("move", "rest"), "whether connected aggregates move as one"),
    "order": Option(
        ("motion_first", "chemistry_first"), "which comes first in a day, motion or the 24 hours"
    ),
    "displaced": Option(
        ("expel", "swap"),
        "solutes of a voxel that becomes occupied go to the nearest open voxels, or to the "
        "voxels that the moving unit leaves",
    ),
    "age_reset": Option(
        ("organic_contact", "concentration"),
        "a gluing spot stays young beside organic particles too, or only where concentrations "
        "are above the threshold",
    ),
    "exposed_edges": Option(
        ("outer", "without_organic", "all"),
        "which edges an exposed share refers to: the outer ones of a particle, those without "
        "the ones to other organic particles, or all four of each voxel",
    ),
    "biomass_binds": Option(
        ("off", "on"),
        "whether a gluing spot holds to a biomass cell as it does to organic matter: Appendix A1 "
        "says so, the older code has no such bond, and with it particles wall the microbes in",
    ),
    "biomass_as_pore": Option(("on", "off"), "a side to a biomass cell counts as exposed"),
    "biomass_placed": Option(
        ("after_aggregation", "before_aggregation"),
        "biomass is put into the aggregated or into the dispersed state",
    ),
    "reaction": Option(
        ("frozen_biomass", "full"), "biomass is held over the hour of uptake, or solved with it"
    ),
    "living_necromass": Option(
        ("kept", "decays"), "necromass inside living biomass cells waits, or decays with the rest"
    ),
    "pulse": Option(
        ("mass", "rate"),
        "a pulse brings a fixed mass over the open voxels of the line, or the printed rate to "
        "each of them",
    ),
}


def _preset(name: str, description: str, changes: Mapping, **options: str) -> ParameterSet:
    chosen = {key: option.default for key, option in OPTIONS.items()} | options
    base = ParameterSet(name, RECORDS, description, chosen)
    return base.replace(name, **changes)


def _breaking(glue: float, organic: float, other: float) -> dict[str, float]:
    return {"break_glue": glue, "break_organic": organic, "break_other": other}


#: The named presets: how fine particles look, how often bonds break, and the gate.
PRESETS = {
    "default": _preset(
        "default",
        "gate on; rods of 1-5 voxels and break-up tuned to the exposed share of the paper",
        {},
    ),
    "documented": _preset(
        "documented",
        "gate on; rods of 2-4 voxels; the break-up of the older code",
        {"fine_min": 2, "fine_max": 4, **_breaking(0.05, 0.10, 0.25)},
    ),
    "literal": _preset(
        "literal",
        "gate on; single voxels; the break-up of the older code: every organic particle is coated",
        {"fine_min": 1, "fine_max": 1, **_breaking(0.05, 0.10, 0.25)},
    ),
    "ungated": _preset(
        "ungated",
        "gate off; rods of 1-3 voxels; more break-up, none in the initial steps",
        {"fine_min": 1, "fine_max": 3, **_breaking(0.10, 0.20, 0.50)},
        gate="off",
        break_initially="off",
    ),
}


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
    """
    if isinstance(parameters, Mapping) and not isinstance(parameters, ParameterSet):
        words = {True: "on", False: "off"}
        parameters = {
            key: words[value] if isinstance(value, bool) else value
            for key, value in parameters.items()
        }
    chosen = choose(parameters, PRESETS, "default")
    for name, option in OPTIONS.items():
        if chosen.options.get(name) not in option.allowed:
            raise unknown(f"choice of {name}", chosen.options.get(name), option.allowed)
    _check_together(chosen)
    return chosen


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
    """One class of Table 3.

    Attributes
    ----------
    label : str
        As printed, for example ``"6-20 µm"``.
    low, high : float
        Limits of the minimum Feret diameter, in µm. The finest class ends with its upper limit
        (a rod one voxel wide measures 2 µm); every other class begins with its lower limit,
        except that the second begins above 2 µm.
    share : float
        Share of the mineral area, 0 to 1.
    reactive : float
        Share of the outer edges that is reactive, 0 to 1.
    """

    label: str
    low: float
    high: float
    share: float
    reactive: float

    def holds(self, feret: float) -> bool:
        """Whether a particle of minimum Feret diameter `feret` (µm) belongs to the class."""
        if self.high <= VOXEL:
            return feret <= self.high
        above = feret > self.low if self.low <= VOXEL else feret >= self.low
        return above and feret < self.high


def size_classes(parameters: Mapping[str, float]) -> list[SizeClass]:
    """Return the five classes of Table 3, finest first."""
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
    """Return the mass of a mineral voxel, in g (4 µm3 times the solid density)."""
    return VOXEL * VOXEL * THICKNESS * 1e-12 * parameters["solid_density"]


#: Table 1: the state variables, by their names in the model's Datasets.
STATE_VARIABLES = {
    "C_B": ("C_B", "carbon in microbial biomass"),
    "C_Nec": ("C_{Nec}", "carbon in microbial necromass"),
    "C_CO2": ("C_{CO_2}", "carbon respired by the microbes since the start"),
    "C_POM": ("C_{POM}", "carbon in particulate organic matter"),
    "C_S": ("C_S", "organic carbon dissolved in the soil solution"),
    "N_B": ("N_B", "nitrogen in microbial biomass"),
    "N_leak": ("N_{leak}", "nitrogen leached since the start"),
    "N_Nec": ("N_{Nec}", "nitrogen in microbial necromass"),
    "N_POM": ("N_{POM}", "nitrogen in particulate organic matter"),
    "N_S": ("N_S", "nitrogen dissolved in the soil solution"),
}

#: Table 2: the rates, by their names in the model's Datasets: symbol, formula, meaning.
RATES = {
    "f_U": ("f_U", r"\nu_{C_S} \frac{C_S}{C_S + k_{C_S}} C_B", "microbial uptake of carbon"),
    "f_N": (
        "f_N",
        r"\frac{f_U - R}{(C/N)_B}",
        "microbial assimilation (or mineralisation) of nitrogen",
    ),
    "f_POM": (
        "f_{POM}",
        r"k_{POM} (b + \frac{C_B^{total}}{C_B^k}) \frac{s_f}{s} C_{POM}",
        "decay of particulate organic matter",
    ),
    "f_Nec": (
        "f_{Nec}",
        r"k_{Nec} (b + \frac{C_B^{total}}{C_B^k}) \frac{s_f}{s} C_{Nec}",
        "decay of necromass",
    ),
    "f_BD": ("f_{BD}", "k_{BD} C_B", "microbial death"),
    "R_O": (
        "R_O",
        r"\max(0, f_U - R_G - R_M - (C/N)_B N_S / \Delta t)",
        "overflow respiration: carbon for which there is no nitrogen (conserving form of A2)",
    ),
    "R_G": ("R_G", "k_G f_U", "growth respiration"),
    "R_M": ("R_M", "k_M C_B", "maintenance respiration"),
    "R": ("R", "R_G + R_M + R_O", "respiration"),
    "R_leak": ("R_{leak}", "k_{leak} N_S", "leaching of nitrogen"),
    "R_POM": ("R_{POM}", "", "input of fresh organic particles"),
    "R_root": ("R_{Root}", "", "input of root exudates"),
}
