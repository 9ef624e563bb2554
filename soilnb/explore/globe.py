"""Explorer of the relation of CUE and SOC over assimilated profiles: what counts, and as what."""

from __future__ import annotations

import pandas as pd

from soilnb.explore.base import Control, Explorer
from soilnb.figures.tao2023 import globe as tao2023_globe
from soilnb.parameters import InputError, unknown
from soilnb.proda import regressions
from soilnb.proda.regressions import ASSIMILATED, Fit

#: What may stand for soil carbon: column and label of the axis.
CARBON = {
    "modelled, 0–30 cm": ("soc", "modelled SOC, 0–30 cm (g C kg⁻¹)"),
    "observed, 0–30 cm": ("observed", "observed SOC, 0–30 cm (g C kg⁻¹)"),
    "observed, 0–1 m": ("observed_stock", "observed SOC, 0–1 m (kg C m⁻²)"),
}
#: What may stand for CUE.
EFFICIENCY = {"of the system": "cue", "of DOC uptake": "eta_doc"}

_ALL = 10.0


def profiles(table: pd.DataFrame, *, limit: float = 1.05, kind: str = "") -> Explorer:
    """Let the reader choose which assimilated profiles count, and what their carbon is.

    Parameters
    ----------
    table : DataFrame
        As from `soilnb.proda.cue_soc.relation`.
    limit : float
        Where the slider of the papers' statistic starts.
    kind : str
        ``synthetic`` for made-up profiles.
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
        return tao2023_globe.relation(rows, fit, label=label, data=kind, figure=figure)

    return Explorer(controls, compute, draw, _say, asks="profiles")


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
        if value not in allowed:
            raise unknown(name, value, allowed)
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


def _say(found: tuple[pd.DataFrame, Fit | None, str]) -> str:
    rows, fit, label = found
    if fit is None:
        return f"{len(rows)} profiles: too few, or of one climate only, for a mixed model."
    slope = fit.coefficients.loc["cue"]
    certain = "differs from 0" if slope["p"] < 0.05 else "cannot be told from 0"
    rest = "" if fit.converged else " The optimiser did not come to rest: do not trust this fit."
    return (
        f"{label}, {fit.n} profiles in {fit.groups} climates: slope {slope['estimate']:+z.2f} ± "
        f"{slope['error']:.2f}, which {certain}. CUE explains "
        f"{100 * fit.explained_fixed:.0f} % of the variance.{rest}"
    )
