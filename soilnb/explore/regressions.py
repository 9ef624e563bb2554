"""Explorers of mixed models of SOC on CUE: of measurements, and of assimilated profiles."""

from collections.abc import Mapping

import pandas as pd

from soilnb.explore.base import Control, Explorer
from soilnb.figures import tao2023
from soilnb.figures.tao2023 import globe as tao2023_globe
from soilnb.language import translated
from soilnb.parameters import InputError, check_known
from soilnb.proda import regressions
from soilnb.proda.regressions import ASSIMILATED, Fit, MixedModel

_ROWS = {"all": None, "18O in water": "18O", "substrates": "substrate"}
_GROUPS = {"study": "study", "substrate": "substrate", "method": "method"}

#: What may stand for soil carbon: column and label of the axis.
CARBON = {
    "modelled, 0–30 cm": ("soc", "modelled SOC, 0–30 cm (g C kg⁻¹)"),
    "observed, 0–30 cm": ("observed", "observed SOC, 0–30 cm (g C kg⁻¹)"),
    "observed, 0–1 m": ("observed_stock", "observed SOC, 0–1 m (kg C m⁻²)"),
}
#: What may stand for CUE.
EFFICIENCY = {"of the system": "cue", "of DOC uptake": "eta_doc"}

_ALL = 10.0


def _judged(fit: Fit) -> tuple[pd.Series, str, str]:
    """Return the slope of CUE, what it says in words, and a warning where the fit has not ended."""
    slope = fit.coefficients.loc["cue"]
    certain = translated("differs from 0" if slope["p"] < 0.05 else "cannot be told from 0")
    warning = " The optimiser did not come to rest: do not trust this fit."
    rest = "" if fit.converged else translated(warning)
    return slope, certain, rest


# Measurements -------------------------------------------------------------------------------------


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

    return Explorer(controls, compute, _draw, _say_measured, asks="measured_cue")


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
    fit = regressions.fit(chosen, MixedModel("log10(soc)", ("cue", *held), group))
    return chosen, fit, {name: float(chosen[name].mean()) for name in held}, group


def _draw(found: tuple, figure=None):
    rows, fit, others, _ = found
    note = regressions.in_print(fit.mixed.formula)
    return tao2023.partial_effect(
        rows, fit, others=others, group="method", note=note, figure=figure
    )


def _say_measured(found: tuple[pd.DataFrame, Fit, Mapping[str, float], str]) -> str:
    _, fit, _, group = found
    slope, certain, rest = _judged(fit)
    return translated(
        "{formula}: slope {estimate:+z.3f} ± {error:.3f} (p = {p:.2g}), which {certain}. "
        "Random intercepts of {groups} groups ({group}) have sd {intercept:.3f}; fixed "
        "effects explain {explained_fixed:.0f} % of the variance, all {explained:.0f} "
        "%.{rest}",
        formula=regressions.in_print(fit.mixed.formula),
        estimate=slope["estimate"],
        error=slope["error"],
        p=slope["p"],
        certain=certain,
        groups=fit.groups,
        group=translated(group),
        intercept=fit.random["intercept"],
        explained_fixed=100 * fit.explained_fixed,
        explained=100 * fit.explained,
        rest=rest,
    )


# Assimilated profiles -----------------------------------------------------------------------------


def profiles(
    table: pd.DataFrame, *, limit: float = 1.05, kind: str = "", note: str = ""
) -> Explorer:
    """Let the reader choose which assimilated profiles count, and what their carbon is.

    Parameters
    ----------
    table : DataFrame
        As from `soilnb.proda.cue_soc.relation`.
    limit : float
        Where the slider of the papers' statistic starts.
    kind, note : str
        ``synthetic`` for made-up profiles; what the picture says below it.
    """
    controls = {
        "carbon": Control("Soil carbon", "modelled, 0–30 cm", choices=tuple(CARBON)),
        "efficiency": Control("CUE", "of the system", choices=tuple(EFFICIENCY)),
        "chains": Control("Chains agree: G–R below (10: any)", limit, 1.01, _ALL, 0.01),
        "fit": Control("Fit: NSE above (-10: any)", 0.0, -_ALL, 0.95, 0.05),
        "groups": Control("Slope differs by climate", "no", choices=("no", "yes")),
    }

    def compute(**choice) -> tuple[pd.DataFrame, Fit | None, str]:
        return choose(table, **choice)

    def draw(found: tuple[pd.DataFrame, Fit | None, str], figure=None):
        rows, fit, label = found
        words = {"label": label, "note": note, "data": kind}
        return tao2023_globe.relation(rows, fit, **words, figure=figure)

    return Explorer(controls, compute, draw, _say_profiles, asks="profiles")


def choose(
    table: pd.DataFrame,
    carbon: str = "modelled, 0–30 cm",
    efficiency: str = "of the system",
    chains: float = 1.05,
    fit: float = 0.0,
    groups: str = "no",
) -> tuple[pd.DataFrame, Fit | None, str]:
    """Return the profiles that count, the mixed model of them, and the label of their carbon.

    Parameters
    ----------
    table : DataFrame
        As from `soilnb.proda.cue_soc.relation`.
    carbon, efficiency : str
        Of `CARBON` and `EFFICIENCY`.
    chains, fit : float
        Largest G-R statistic (from 10 on: any), least NSE (down to -10: any).
    groups : {"no", "yes"}
        Whether the slope differs between climates.

    Raises
    ------
    InputError
        For an unknown choice, or when no profile is left.
    """
    for name, value, allowed in (
        ("carbon", carbon, CARBON), ("efficiency", efficiency, EFFICIENCY),
        ("groups", groups, ("no", "yes")),
    ):  # fmt: skip
        check_known(name, value, allowed)
    counts = pd.Series(True, index=table.index)
    if chains < _ALL:
        counts &= table["gelman_rubin"] < chains
    if fit > -_ALL:
        counts &= table["nse"] > fit
    column, label = CARBON[carbon]
    rows = table.loc[counts, [EFFICIENCY[efficiency], column, "climate"]]
    rows = rows.set_axis(["cue", "soc", "climate"], axis=1)
    rows = rows[(rows["soc"] > 0) & rows["cue"].notna()]
    if not len(rows):
        raise InputError("no profile is left: allow more, by either limit")
    try:
        line = regressions.fit(rows, ASSIMILATED["slopes" if groups == "yes" else "intercepts"])
    except InputError:  # too few rows or groups for a line
        line = None
    return rows, line, label


def _say_profiles(found: tuple[pd.DataFrame, Fit | None, str]) -> str:
    rows, fit, label = found
    if fit is None:
        return translated(
            "{rows} profiles: too few, or of one climate only, for a mixed model.", rows=len(rows)
        )
    slope, certain, rest = _judged(fit)
    name = translated(label)
    return translated(
        "{label}, {n} profiles in {groups} climates: slope {estimate:+z.2f} ± "
        "{error:.2f}, which {certain}. CUE explains {explained_fixed:.0f} % of the "
        "variance.{rest}",
        label=name[0].upper() + name[1:],
        n=fit.n,
        groups=fit.groups,
        estimate=slope["estimate"],
        error=slope["error"],
        certain=certain,
        explained_fixed=100 * fit.explained_fixed,
        rest=rest,
    )
