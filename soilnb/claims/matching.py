"""History matching of the pore-scale model: what is explored, matched and held out, and the points.

The table ``papers/rotzer2025_matching.toml`` was written before the first run. A *choice* is what
the paper leaves open; a *point* is one value of each. The points of the first wave fill the space
of the numbers (a Sobol sequence, so that any beginning of it does, too) and cross the switches:
every setting of them comes once in each 128 points.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd
from scipy.stats import qmc

from soilnb.claims import baseline
from soilnb.pore.parameters import resolve

#: Name of the baseline, and what makes it.
NAME, COMMAND = "runs/matching", "python -m experiments.matched"

#: Chances of break-up in the older code, which `break_factor` multiplies.
BREAK = {"break_glue": 0.05, "break_organic": 0.10, "break_other": 0.25}

#: Points of the second wave count from here.
SECOND = 1000

#: Dimensions and seed of the Sobol sequence.
DIMENSIONS, SEED = 14, 20261129

#: Which of them are the numbers, and which, halved, the switches: chosen so that each setting of
#: the switches comes once in 128 points, and that no two choices go together in the first 32.
FOR_NUMBERS, FOR_SWITCHES = (1, 2, 5, 6, 10), (0, 3, 4, 7, 9, 12, 13)


@cache
def table() -> dict:
    """Return the table of the choices and of the numbers, as it was written.

    Examples
    --------
    >>> table()["choices"]["diffusion"]["words"]
    ['cm2', 'm2']
    """
    source = resources.files("soilnb.claims") / "papers" / "rotzer2025_matching.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


def choices(kind: str | None = None) -> dict[str, dict]:
    """Return what is explored by name: ``switch`` for the switches, else what is no switch, or all.

    Examples
    --------
    >>> len(choices("switch"))
    7
    """
    every = table()["choices"]
    wanted = {None: (True, False), "switch": (True,)}.get(kind, (False,))
    return {name: one for name, one in every.items() if (one["kind"] == "switch") in wanted}


def design(points: int) -> pd.DataFrame:
    """Return the first points of the first wave, one column a choice; switches in their words.

    Examples
    --------
    >>> found = design(128)
    >>> len(found[list(choices("switch"))].drop_duplicates())
    128
    """
    sequence = qmc.Sobol(DIMENSIONS, scramble=True, rng=SEED)
    unit = sequence.random_base2(int(np.ceil(np.log2(max(points, 1)))))[:points]
    numbers, switches = choices("number"), choices("switch")
    found = {}
    for name, column in zip(numbers, unit.T[list(FOR_NUMBERS)], strict=True):
        found[name] = _scaled(numbers[name], column)
    for name, column in zip(switches, unit.T[list(FOR_SWITCHES)], strict=True):
        found[name] = np.array(switches[name]["words"])[(column >= 0.5).astype(int)]
    frame = pd.DataFrame(found)[list(choices())]
    frame["fine_min"] = frame[["fine_min", "fine_max"]].min(axis=1)
    return frame.rename_axis("point")


def _scaled(choice: Mapping, unit: np.ndarray) -> np.ndarray:
    low, high = choice["low"], choice["high"]
    if choice["kind"] == "whole":
        return low + np.floor(unit * (high - low + 1)).astype(int)
    if choice["scale"] == "log":
        return low * (high / low) ** unit
    return low + unit * (high - low)


def parameters(point: Mapping[str, object]) -> dict[str, float | str]:
    """Return a point as changes to the preset ``default`` of `soilnb.pore.simulate`.

    Examples
    --------
    >>> parameters(design(1).loc[0])["pulse"]
    'rate'
    """
    changed = {name: float(point["break_factor"]) * chance for name, chance in BREAK.items()}
    for name in ("fine_max", "fine_min", "reactive_1_2", "roughness"):
        changed[name] = float(point[name])
    for name, one in choices("switch").items():
        changed[name] = one["values"][one["words"].index(point[name])]
    return changed


@cache
def expected() -> dict[str, float]:
    """Return what the paper prints, by claim id; 1 for a statement.

    Examples
    --------
    >>> expected()["bio-eq"]
    0.015
    """
    source = resources.files("soilnb.claims") / "papers" / "rotzer2025.toml"
    printed = tomllib.loads(source.read_text(encoding="utf-8"))["claim"]
    return {one["id"]: one.get("expected", 1.0) for one in printed}


def numbers() -> pd.DataFrame:
    """Return the numbers that are matched, by claim id.

    ``kind``, ``expected`` (printed), ``rounding`` (half of the last digit), ``reading`` (one
    standard deviation), and ``error``: both together, a rounding being uniform.

    Examples
    --------
    >>> float(numbers().loc["bio-eq", "expected"])
    0.015
    """
    frame = pd.DataFrame(table()["number"]).set_index("id").rename_axis("claim")
    frame.insert(1, "expected", [expected()[name] for name in frame.index])
    frame["error"] = np.sqrt(frame["rounding"] ** 2 / 3 + frame["reading"] ** 2)
    return frame


def hopeless(values: Mapping[str, float]) -> bool:
    """Whether a run's equilibrium lies so far off that the rest of it is not needed.

    `values` are as of `soilnb.claims.measures.measure`.

    Examples
    --------
    >>> hopeless({"bio-eq": 0.004, "resp-eq": 0.8, "cue-eq": 0.4})
    True
    >>> hopeless({"bio-eq": 0.013, "resp-eq": 3.8, "cue-eq": 0.32})
    False
    """
    about = table()
    off = implausibility(values, numbers().loc[about["cut_by"]], seeds=about["seeds"])
    return bool((off > about["cut"]).any())


def implausibility(
    values: Mapping[str, float],
    numbers: pd.DataFrame,
    seeds: Mapping[str, float],
) -> pd.Series:
    r"""Return how many standard deviations each value lies off the printed number.

    .. math:: I = |y - z| / \sqrt{v_s + v_p}

    with the variances of a run's seed (the paper has one run) and of the print.

    Parameters
    ----------
    values, seeds : mapping of str to float
        Values and the standard deviations of a seed by claim id.
    numbers : DataFrame
        As of `numbers`, of those that count; what `values` lacks is left out.

    Examples
    --------
    >>> wanted = pd.DataFrame({"expected": [10.0], "error": [3.0]}, index=["n-leak"])
    >>> float(implausibility({"n-leak": 20.0}, wanted, seeds={"n-leak": 4.0})["n-leak"])
    2.0
    """
    known = [name for name in numbers.index if name in values]
    value = pd.Series({name: float(values[name]) for name in known})
    variance = numbers.loc[known, "error"] ** 2
    variance = variance + pd.Series({name: seeds.get(name, 0.0) ** 2 for name in known})
    return (value - numbers.loc[known, "expected"]).abs() / np.sqrt(variance)


def load(waves: int = 2) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """Return the points that were run, what was measured, and what the baseline says of them.

    Parameters
    ----------
    waves : int
        1 for the first wave, which fills the space; 2 for the second as well, likely points that
        were run with all scenarios.

    Returns
    -------
    points, values : DataFrame
        As of `design`, and one column a number (NaN where a run does not have it), by the same
        points; those of the second wave count from `SECOND`.
    about : dict
        ``date``, ``command``, ``stale``, ``days`` of each point, and the kernels (``theta``)
        of the emulators of these waves.

    Examples
    --------
    >>> points, values, about = load(waves=1)
    >>> len(points) == len(values) == len(about["days"])
    True
    """
    kept = baseline.needed(NAME, COMMAND)
    rows = kept["values"] + (kept["direct"] if waves > 1 else [])
    points, values = _tables(rows, len(kept["values"]))
    about = {key: kept[key] for key in ("date", "command")}
    about |= {"theta": kept["theta"].get(str(waves)), "stale": baseline.stale(kept)}
    return points, values, about | {"days": pd.Series([row["days"] for row in rows], points.index)}


def _tables(rows: list[dict], first: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return points and measured numbers, of which so many are of the first wave."""
    numbers = [row["number"] for row in rows[:first]]
    numbers += range(SECOND, SECOND + len(rows) - first)
    index = pd.Index(numbers, name="point")
    points = pd.DataFrame([row["point"] for row in rows], index)[list(choices())]
    return points, pd.DataFrame([row["values"] for row in rows], index, dtype=float)


def held_out() -> dict[str, str]:
    """Return the numbers that are held out, by claim id, with their kind.

    Examples
    --------
    >>> held_out()["toc-end"]
    'stock'
    """
    return {name: kind for kind, names in table()["held_out"].items() for name in names}


def point_of(given: str | Mapping) -> dict[str, float | str] | None:
    """Return the point that a preset or changes to it stand for; None where there is none.

    `given` is what `soilnb.pore.parameters.resolve` takes.

    Examples
    --------
    >>> point_of("documented")["break_factor"]
    1.0
    >>> point_of({"set": "default", "porosity": 0.5}) is None
    True
    """
    chosen = resolve(given)
    factors = {round(chosen[name] / chance, 9) for name, chance in BREAK.items()}
    point: dict[str, float | str] = {"break_factor": max(factors)}
    for name, one in choices().items():
        if one["kind"] == "switch":
            value = chosen[name] if name in chosen else chosen.options[name]
            if value not in one["values"]:
                return None
            point[name] = one["words"][one["values"].index(value)]
        elif name != "break_factor":
            point[name] = float(chosen[name])
    same = resolve({"set": "default", **parameters(point)})
    alike = dict(same) == dict(chosen) and same.options == chosen.options
    return point if len(factors) == 1 and alike else None
