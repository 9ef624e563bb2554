"""Explorer of notebook 16: move what was not printed, and see which printed numbers come out."""

import functools

import numpy as np
import pandas as pd

from soilnb.claims import emulated, matching
from soilnb.explore.base import Control, Explorer
from soilnb.figures.rotzer2025 import matching as figures
from soilnb.language import translated
from soilnb.parameters import check_known, check_range, unknown

#: Choices that stand first: those that are bet on.
_FIRST = ("diffusion", "break_factor", "fine_max", "gate")

#: What is shown.
SHOWN = {"the matched numbers": ("match",), "the held-out numbers, too": ("match", "held out")}

_STEPS = {"break_factor": 0.1, "fine_max": 1, "fine_min": 1, "reactive_1_2": 5, "roughness": 0.01}


@functools.cache
def world() -> emulated.World:
    """Return the emulators of the kept runs, and what they say of 4,096 points."""
    return emulated.world()


def answer(shown: str = "the matched numbers", **point: object) -> pd.DataFrame:
    """Return what the emulators say of a point.

    Parameters
    ----------
    shown : str
        One of `SHOWN`.
    **point
        Choices that differ from those of the preset ``default``.

    Returns
    -------
    DataFrame
        By number that every run has: ``value`` and ``printed`` in the unit of the claim, ``off``
        (standard deviations, signed), ``side``. What is held out has no error of reading in the
        table: its deviations are those of emulator and seed alone.

    Raises
    ------
    InputError
        For an unknown choice or word, or a number out of its range.
    """
    check_known("shown", shown, SHOWN)
    about = matching.choices()
    for name, value in point.items():
        check_known("choice", name, about)
        if about[name]["kind"] != "switch":
            check_range(name, value, about[name]["low"], about[name]["high"])
        elif value not in about[name]["words"]:
            raise unknown(name, value, about[name]["words"])
    chosen = {name: one["default"] for name, one in about.items()} | point
    chosen["fine_min"] = min(chosen["fine_min"], chosen["fine_max"])
    here = world()
    numbers = here.numbers[here.numbers["side"].isin(SHOWN[shown])]
    numbers = numbers[numbers.index.isin(figures.WORDS)]
    said = emulated.predict(
        {name: here.processes[name] for name in numbers.index}, pd.DataFrame([chosen])
    )
    sought = emulated.wanted(numbers.assign(kind="", error=0.0).drop(columns="side"))
    sought["error"] = here.wanted["error"].reindex(sought.index).fillna(sought["error"])
    mean = said["mean"].loc[0]
    spread = np.sqrt(said["emulator"].loc[0] ** 2 + said["seed"].loc[0] ** 2 + sought["error"] ** 2)
    return pd.DataFrame(
        {
            "value": [emulated.natural(name, mean[name]) for name in numbers.index],
            "printed": numbers["expected"],
            "off": (mean - sought["expected"]) / spread,
            "side": numbers["side"],
        }
    )


def explorer() -> Explorer:
    """Move the choices, and see how far each printed number is."""
    about = matching.choices()
    order = [*_FIRST, *(name for name in about if name not in _FIRST)]
    controls = {name: _control(name, about[name]) for name in order}
    controls["shown"] = Control("Shown", next(iter(SHOWN)), choices=tuple(SHOWN))
    return Explorer(controls, answer, figures.at_a_point, say, asks="matching")


def _control(name: str, choice: dict) -> Control:
    label = choice["meaning"][0].upper() + choice["meaning"][1:]
    if choice["kind"] == "switch":
        return Control(label, choice["default"], choices=tuple(choice["words"]))
    return Control(
        label, float(choice["default"]), choice["low"], choice["high"], float(_STEPS[name])
    )


def say(said: pd.DataFrame) -> str:
    """Return the state of a point in words: ruled out or not, and what lies farthest off."""
    matched = said[said["side"] == "match"]["off"].abs().sort_values(ascending=False)
    limit = matching.table()["limit"]
    farthest = matched.iloc[:3].items()
    words = [f"{translated(figures.WORDS[name])} ({off:.1f})" for name, off in farthest]
    verdict = translated("ruled out" if matched.iloc[1] > limit else "not ruled out")
    return translated(
        "{inside} of {all} matched numbers are within {limit:g} standard deviations: {verdict}. "
        "Farthest off: {words}.",
        inside=int((matched <= limit).sum()),
        all=len(matched),
        limit=limit,
        verdict=verdict,
        words=", ".join(words),
    )
