"""Explorer of mixed models: which groups, which variables, which rows."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from soilnb.explore.base import Control, Explorer
from soilnb.figures import tao2023
from soilnb.proda import regressions
from soilnb.proda.regressions import Fit, Structure

_ROWS = {"all": None, "18O in water": "18O", "substrates": "substrate"}
_GROUPS = {"study": "study", "substrate": "substrate", "method": "method"}


def measured_cue(data: pd.DataFrame) -> Explorer:
    """Let the reader choose groups, covariates and rows of the regression of SOC on measured CUE.

    Parameters
    ----------
    data : DataFrame
        ``soc``, ``cue``, ``mat``, ``temperature``, ``study``, ``substrate``, ``method``.
    """
    controls = {
        "rows": Control("Measurements", "all", choices=tuple(_ROWS)),
        "groups": Control("Random intercept for each", "study", choices=tuple(_GROUPS)),
        "climate": Control("Hold MAT constant", "yes", choices=("yes", "no")),
        "incubation": Control("Hold incubation temperature", "no", choices=("no", "yes")),
        "warmest": Control("Incubations up to (°C)", 40.0, 15, 40, 1),
    }

    def compute(**choice: str | float) -> tuple[pd.DataFrame, Fit, dict[str, float], str]:
        return measured(data, **choice)

    return Explorer(controls, compute, _draw, _say, asks="measured_cue")


def measured(
    data: pd.DataFrame,
    rows: str = "all",
    groups: str = "study",
    climate: str = "yes",
    incubation: str = "no",
    warmest: float = 40.0,
) -> tuple[pd.DataFrame, Fit, dict[str, float], str]:
    """Fit the chosen model; returns its rows, the fit, where the rest is held, and the group."""
    chosen = data if _ROWS[rows] is None else data[data["method"] == _ROWS[rows]]
    chosen = chosen[chosen["temperature"] <= warmest]
    group = _GROUPS[groups]
    if chosen[group].nunique() < 2:
        group = "study"
    extra = {"mat": climate == "yes", "temperature": incubation == "yes"}
    held = [name for name, wanted in extra.items() if wanted]
    fit = regressions.fit(chosen, Structure("log10(soc)", ("cue", *held), group))
    return chosen, fit, {name: float(chosen[name].mean()) for name in held}, group


def _draw(found: tuple, figure=None):
    rows, fit, others, _ = found
    return tao2023.partial_effect(
        rows, fit, others=others, group="method", note=fit.structure.formula, figure=figure
    )


def _say(found: tuple[pd.DataFrame, Fit, Mapping[str, float], str]) -> str:
    _, fit, _, group = found
    slope = fit.coefficients.loc["cue"]
    certain = "differs from 0" if slope["p"] < 0.05 else "cannot be told from 0"
    rest = "" if fit.converged else " The optimiser did not come to rest: do not trust this fit."
    return (
        f"{fit.structure.formula}: slope {slope['estimate']:+z.3f} ± {slope['error']:.3f} "
        f"(p = {slope['p']:.2g}), which {certain}. Random intercepts of {fit.groups} groups "
        f"({group}) have sd {fit.random['intercept']:.3f}; fixed effects explain "
        f"{100 * fit.explained_fixed:.0f} % of the variance, all {100 * fit.explained:.0f} %.{rest}"
    )
