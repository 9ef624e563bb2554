"""Checks for what a reader writes: they say whether a number is right, and never what it is.

A cell that the reader is to fill begins with ``mine = ...`` and ends with ``check.answer("name",
mine)``. The right number is computed by the models when it is asked for, so it stands in no
notebook and cannot grow old. A number in another unit is right, with a remark.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from soilnb.language import translated
from soilnb.parameters import InputError, unknown

#: Two numbers of a reader and the model are the same within this share.
TOLERANCE = 0.02

#: Points of a right answer; half of them where only the unit or the sign is another.
POINTS = 2

#: What separates two units of the same quantity: powers of ten, percent, hours, days, years.
_POWERS = [10.0**power for power in (2, 3, 4, 6, 9, 12)]
_TIMES = [24.0, 365.0, 365.25, 3600.0, 86400.0, 365 * 86400.0, 365.25 * 86400]
UNITS = [*_POWERS, *_TIMES, *(1 / factor for factor in (*_POWERS, *_TIMES))]


class Question(NamedTuple):
    """What a reader is asked for."""

    right: Callable[[], float | str]  #: ``right()`` returns the number, or a word of the `choices`.
    unit: str  #: Unit in which it is asked for, ``"1"`` for a plain number.
    hint: str  #: What to think of, where the answer is wrong.
    choices: tuple[str, ...] = ()  #: Words to choose from, where no number is asked for.


def answer(name: str, mine: object) -> None:
    """Say whether an answer is right.

    Parameters
    ----------
    name : str
        The question, one of `QUESTIONS`.
    mine : float, str or ...
        The answer; ``...`` where there is none yet.

    Examples
    --------
    >>> answer("reach", ...)
    Nothing to check yet: write your answer where the dots are, and run the cell again.
    >>> answer("reach", 5.9999)
    Right.
    """
    print(judged(name, mine))


def points(name: str, mine: object) -> float:
    """Say whether an answer is right, and return its points, as nbgrader reads them.

    Parameters
    ----------
    name, mine
        As of `answer`.

    Returns
    -------
    float
        `POINTS` for a right answer, half of them where only its unit or sign is another, else 0.

    Examples
    --------
    >>> points("reach", 6.0)
    Right.
    2.0
    >>> points("reach", 0.006)
    Right, but in another unit than µm.
    1.0
    """
    share, said = _judged(name, mine)
    print(said)
    return POINTS * share


def judged(name: str, mine: object) -> str:
    """Return what `answer` prints.

    Raises
    ------
    InputError
        For a question that there is not, or for an answer that is neither number nor word.
    """
    return _judged(name, mine)[1]


def _judged(name: str, mine: object) -> tuple[float, str]:
    """Return the share of the points that an answer has, and what is said to it."""
    if name not in QUESTIONS:
        raise unknown("question", name, QUESTIONS)
    question = QUESTIONS[name]
    if mine is ... or mine is None:
        return 0.0, translated(
            "Nothing to check yet: write your answer where the dots are, and run the cell again."
        )
    if question.choices:
        return _word(question, str(mine).strip().lower())
    try:
        number = np.asarray(mine, float)
    except (TypeError, ValueError):
        number = np.full(2, math.nan)
    if number.size != 1:
        raise InputError(f"answer {mine!r}: allowed a number, in {question.unit}")
    return _number(question, number.item())


def _word(question: Question, word: str) -> tuple[float, str]:
    if word not in question.choices:
        return 0.0, translated("Choose one of: {words}.", words=", ".join(question.choices))
    return (1.0, translated("Right.")) if word == question.right() else _wrong(question)


def _number(question: Question, number: float) -> tuple[float, str]:
    right = float(question.right())
    if math.isclose(number, right, rel_tol=TOLERANCE, abs_tol=1e-12):
        return 1.0, translated("Right.")
    if any(math.isclose(number, factor * right, rel_tol=TOLERANCE) for factor in UNITS):
        return 0.5, translated("Right, but in another unit than {unit}.", unit=question.unit)
    if math.isclose(number, -right, rel_tol=TOLERANCE):
        return 0.5, translated("The size is right. Look at the sign.")
    return _wrong(question)


def _wrong(question: Question) -> tuple[float, str]:
    return 0.0, translated("Not yet. {hint}", hint=translated(question.hint))


def _pores(preset: str = "default"):
    from soilnb.pore.parameters import resolve

    return resolve(preset)


def _dry_mass() -> float:
    """Return the dry soil of 128 × 128 voxels, in µg."""
    from soilnb.pore.parameters import voxel_mass

    p = _pores()
    return 1e6 * int((1 - p["porosity"]) * 128 * 128) * voxel_mass(p)


def _reach() -> float:
    """Return the reach of a grain of 64 voxels, in µm."""
    from soilnb.kernels.automaton import move_range

    p = _pores()
    return 2.0 * move_range(64, p["range_max"], p["range_scale"])


def _threshold() -> float:
    """Return the C/N ratio from which on microbes waste carbon, in a well-fed pore."""
    p = _pores()
    kept = 1 - p["growth_respiration"] - p["maintenance"] / (p["uptake_rate"] * 0.7)
    return 10 / kept


def _demand() -> float:
    """Return how many times the half saturation a voxel could take up in an hour."""
    p = _pores()
    return p["uptake_rate"] * p["biomass_start"] * 3600 / p["half_saturation"]


def _fourier() -> float:
    """Return the Fourier number of an hour with the printed coefficient."""
    return 1.94e-10 * 3600 / (2e-4) ** 2


def _availability() -> float:
    """Return the mean availability that fits the paper's CUE of 0.289."""
    p = _pores()
    return p["biomass_decay"] / (p["uptake_rate"] * 0.289)


def _decides_biomass() -> str:
    """Return which of four choices decides most of the biomass before the pulse."""
    from soilnb.claims import emulated
    from soilnb.explore import matching

    world = matching.world()
    effects = emulated.main_effects(world.points, world.said)["bio-eq"]
    words = {"diffusion": "unit of d", "break_factor": "break-up", "gate": "gate"}
    words["roughness"] = "roughness"
    return words[effects[list(words)].astype(float).idxmax()]


def _threshold_ratio() -> float:
    """Return the C:N of food from which on nitrogen limits."""
    from soilnb.cue import stoichiometry

    return float(stoichiometry.threshold_ratio())


def _rothc_cue() -> float:
    """Return the CUE of RothC at 25 % clay."""
    return 1 / (1 + 1.67 * (1.85 + 1.60 * math.exp(-0.0786 * 25)))


def _respired_soc2() -> float:
    """Return the share of what decays in CLM5's second soil pool that is respired."""
    from soilnb.profile import clm5, forcing

    shares = clm5.matrices("tao2024", forcing.example("temperate")).A
    return -float(shares.sel(from_pool="soc2").sum())


def _tropical_years() -> float:
    """Return stock to 2 m over input of CLM5 in the tropical forest, years."""
    from soilnb.lessons.globe import layered_models

    place = layered_models.four_soils().loc["tropical", "CLM5"]
    return 1000 * place["stock to 2 m"] / place["litter input"]


def _best_learner() -> str:
    """Return the method that knows most of a study that was left out."""
    from soilnb import claims

    table = claims.kept_table("tao2023", "tao2023-network").set_index("method")
    return str(table["carbon, by study"].idxmax())


def _decomposition_needed() -> float:
    """Return the change of decomposition for 10 % more carbon, %, with tied enzymes."""
    from soilnb import claims

    table = claims.kept_table("tao2023", "tao2023-needed").set_index("component")
    return table.loc["decomposition", "tied enzymes (published)"]


def _alike_in_sign() -> str:
    """Return how often CLM5 and COMPAS agree on the sign where they agree on today."""
    from soilnb.lessons.globe import under_change

    table, _, _ = under_change.full()
    share = under_change.agreement(table).loc[("CLM5", "COMPAS, tied enzymes"), "same sign"]
    return "rarely" if share < 0.35 else "half the time" if share < 0.65 else "mostly"


def _second_witness() -> str:
    """Return the parameter of COMPAS that radiocarbon narrows most."""
    from soilnb.lessons.globe import second_witness

    table = second_witness.full()[0].xs("parameter", level="kind", drop_level=False)
    return second_witness.sharpened(table, least=0.0).loc["COMPAS"].index[0]


def _years_of_a_meadow() -> float:
    from soilnb.profile import mimics

    meadow = {"temperature": 9.5, "clay": 0.22, "npp": 450.0, "lignin_to_n": 18.0}
    return 1000 * float(mimics.steady_state(meadow)["carbon"].sum()) / 450.0


#: The questions of all notebooks, by name.
QUESTIONS = {
    "dry-mass": Question(_dry_mass, "µg", "Count the mineral voxels first; each is 2 × 2 × 1 µm."),
    "reach": Question(_reach, "µm", "L is in voxels of 2 µm, and rounded up."),
    "availability-met": Question(
        _availability, "1", "Solve CUE = k_BD / (ν a) for a; the units cancel."
    ),
    "what-feeds": Question(
        lambda: "exposed share",
        "1",
        "Which of them says how much of the food can be reached at all?",
        choices=("exposed share", "diffusion", "leaching"),
    ),
    "memory": Question(
        lambda: "frozen", "1", "Which pores stay the same pores?", choices=("moving", "frozen")
    ),
    "gate": Question(
        lambda: "frozen",
        "1",
        "Where does a crumb wait longest for a reactive side?",
        choices=("moving", "frozen"),
    ),
    "cue-from-fluxes": Question(lambda: 1 - 500 / 1250, "1", "What share of D is not respired?"),
    "response-ratio": Question(
        lambda: math.log(5.4 / 6.0), "1", "After over before, then the natural logarithm."
    ),
    "slope-as-factor": Question(
        lambda: 10 ** (1.18 * 0.1), "1", "The slope times the difference of CUE is a power of ten."
    ),
    "learner-for-new-studies": Question(
        _best_learner,
        "1",
        "Which column leaves whole studies out, and looks at carbon?",
        choices=("mean", "ridge", "forest", "small"),
    ),
    "implausibility-reach": Question(
        lambda: (100 - 14) / math.hypot(2, 20),
        "1",
        "Variances add up, not standard deviations.",
    ),
    "decides-biomass": Question(
        _decides_biomass,
        "1",
        "Look along the rows of biomass and respiration for the darkest field.",
        choices=("unit of d", "break-up", "gate", "roughness"),
    ),
    "threshold-cn": Question(
        _threshold, "1", "Compute k_M / (ν a) first; all three numbers stand in the table."
    ),
    "per-milligram": Question(
        lambda: 0.6 * 10, "1", "0.6 of the height, with a tenth of the carbon."
    ),
    "uptake-over-k": Question(
        _demand, "1", "Rate times biomass times the seconds of an hour, over K."
    ),
    "fourier": Question(_fourier, "1", "Turn 2 µm into cm, and square it."),
    "ten-times-as-far": Question(lambda: 100.0, "d", "Distances count squared."),
    "enzyme-turnover": Question(lambda: 10.0 ** (3 * 1 - 3), "yr", "Put u = 1 into the power."),
    "decomposition-needed": Question(
        _decomposition_needed, "%", "Panel b; more carbon needs slower decay, so mind the sign."
    ),
    "equifinal-rate": Question(
        lambda: 0.4 / ((1 - 0.75) * 0.4 * 10), "yr-1", "Solve SOC = I / ((1 - CTE) K ξ) for K."
    ),
    "agrees-anyway": Question(
        lambda: "modifier",
        "1",
        "Which of them follows the climate alone, which both models are given?",
        choices=("transfer", "decomposition", "modifier"),
    ),
    "one-pool-warmer": Question(
        lambda: 0.5 / (0.05 * 2 ** (4 / 10)), "kg m-2", "Put 4 for ΔT into the last formula."
    ),
    "alike-in-sign": Question(
        _alike_in_sign,
        "1",
        "Read the row of this pair in the table: the column “same sign”.",
        choices=("mostly", "half the time", "rarely"),
    ),
    "pool-of-a-mean-life": Question(
        lambda: -500.0, "permil", "Put k = λ into the formula, then F into that of Δ."
    ),
    "second-witness": Question(
        _second_witness,
        "1",
        "Read the first row of COMPAS that is a parameter, not a metric.",
        choices=("b", "q10", "eta_doc", "tau_mic", "km_assim"),
    ),
    "one-pool": Question(lambda: 500 * 20, "g", "What leaves must be 500 g a year, too."),
    "cue-of-a-community": Question(
        lambda: (12 - 5.5 - 0.5) / 12, "1", "What was taken up, less what was breathed and exuded."
    ),
    "highest-method": Question(
        lambda: "13c",
        "1",
        "Read the column “what is divided by what”.",
        choices=("13c", "18o", "enzymes", "biomass"),
    ),
    "threshold-ratio": Question(_threshold_ratio, "mol mol-1", "Set the limit equal to 0.6."),
    "gamma-methane": Question(lambda: 8.0, "1", "One carbon, four hydrogens, no oxygen."),
    "icbm-old": Question(
        lambda: 0.13 * 0.2 / 0.00605, "kg m-2", "What enters the old pool is h times the litter."
    ),
    "rothc-cue": Question(_rothc_cue, "1", "Clay stands in percent, and in the exponent."),
    "respired-soc2": Question(_respired_soc2, "1", "Add up the column, the -1 included."),
    "tropical-years": Question(_tropical_years, "yr", "A kilogram is a thousand grams."),
    "minerals-for-litter": Question(
        lambda: 1.0, "1", "The factor stands above and below the line of S*."
    ),
    "allison-sign": Question(
        lambda: "less",
        "1",
        "Where enzymes and microbes do not live long, little of the carbon is alive.",
        choices=("more", "less"),
    ),
    "slope-within": Question(
        lambda: math.log10(1.2) / 0.1, "1", "A logarithm to base 10, over a step of 0.1."
    ),
    "two-sigma": Question(lambda: 1.96, "1", "The interval of 95 % of a normal distribution."),
    "metropolis": Question(lambda: math.exp(-1.0), "1", "e to the minus of the rise."),
    "known-from-depth": Question(
        lambda: "b",
        "1",
        "Which of them says where the litter of the roots enters?",
        choices=("b", "eta_doc", "tau_mic"),
    ),
    "turnover-at-depth": Question(lambda: 5 / 0.01, "yr", "Stock over input."),
    "stock-from-time": Question(lambda: 0.010 * 500, "kg m-2", "Input times turnover time."),
    "becomes-soil": Question(lambda: 0.24 * 430, "g", "24 % of root carbon."),
    "largest-in-the-end": Question(
        lambda: "deep roots",
        "1",
        "What is slow to decay is slow to build up, and what is brought once fades.",
        choices=("deep roots", "full inversion", "biochar"),
    ),
    "cue-of-a-mixture": Question(
        lambda: 0.2 + 0.8 * 10 / 50, "1", "The necromass keeps all, the rest a fifth."
    ),
    "which-hypothesis": Question(lambda: 2.0, "1", "Which of them speaks of texture?"),
    "carbon-of-a-layer": Question(
        lambda: 3.1 / 100 * 1100 * 0.95, "kg m-3", "The stones take their share of the volume."
    ),
    "years-of-a-meadow": Question(_years_of_a_meadow, "yr", "What is there over what comes in."),
}
