r"""One soil, five methods: what each method of measuring CUE would report of the same microbes.

A made-up soil at steady state has the biomass B (set to 1). Per unit of biomass and day it takes
up U, builds in the share y of it (of which it exudes the share x of U again), burns the rest, and
burns m for its upkeep; the share d of the biomass dies:

.. math:: R = (1 - y)\,U + m, \qquad EX = x\,U, \qquad (y - x)\,U - m = d .

So the true efficiencies are known: CUE_C = d / U and CUE_E = 0. Each method sees a part:

* ``13C, short`` and ``13C, long``: a trace of labelled food (its own share y_f is built in) is
  eaten, and after some hours, or some weeks, the label in biomass is divided by the label in
  biomass and CO2. Dead cells and exudates are eaten again, so label moves on:

  .. math::
      \dot S &= -k S \\
      \dot B &= (y_f - x) k S + (y - x) r N - (m + d) B \\
      \dot N &= x k S + x r N + d B - r N \\
      \dot{CO_2} &= (1 - y_f) k S + (1 - y) r N + m B

* ``18O``: growth from labelled DNA, with a conversion from DNA to biomass that may be off by a
  factor; growth / (growth + respiration). Exudates are not seen.
* ``enzymes``: no flux at all, but the enzyme model of `soilnb.cue.stoichiometry` with the C:N of
  the soil.
* ``biomass change``: biomass before and after, over uptake: the net growth, zero at steady state.

The numbers are an invention for teaching, of the order of those of soils; the equations are a
balance of carbon.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.cue import stoichiometry
from soilnb.cue.definitions import flux_ledger
from soilnb.cue.values import Values, check
from soilnb.parameters import InputError, Parameter, Parameters, ParameterSet, choose

_SOURCE = "invented for teaching"


def _record(value, unit, bounds, symbol, meaning, scale="linear") -> Parameter:
    return Parameter(value, unit, bounds, symbol, meaning, _SOURCE, scale)


PARAMETER_SETS = {
    "bench": ParameterSet(
        "bench",
        {
            "yield_native": _record(0.55, "1", (0.2, 0.8), "y", "share of native food built in"),
            "yield_label": _record(
                0.7, "1", (0.2, 0.85), "y_f", "share of the labelled food built in"
            ),
            "exuded": _record(0.05, "1", (0.0, 0.15), "x", "share of the uptake exuded"),
            "maintenance": _record(
                0.01, "d-1", (0.0, 0.05), "m", "respiration for upkeep per biomass"
            ),
            "turnover": _record(0.02, "d-1", (0.002, 0.1), "d", "share of biomass that dies"),
            "uptake_rate": _record(6.0, "d-1", (1.0, 20.0), "k", "uptake of the labelled food"),
            "recycling": _record(0.05, "d-1", (0.0, 0.3), "r", "share of dead matter eaten again"),
            "dna_conversion": _record(
                1.0, "1", (0.5, 2.0), "f", "error factor of the DNA conversion"
            ),
            "soil_c_to_n": _record(14.0, "1", (5.0, 40.0), "C:N", "C:N of the soil (mol per mol)"),
        },
        "a soil at steady state with fluxes of the usual order",
    )
}

#: Times at which the labelled substrate is read, in days: after hours and after weeks.
TIMES = {"13C, short": 0.25, "13C, long": 30.0}

#: Method and what it divides by what.
METHODS = {
    "13C, short": "label in biomass / label in biomass and CO2, after hours",
    "13C, long": "label in biomass / label in biomass and CO2, after weeks",
    "18O": "growth from DNA / (growth + respiration)",
    "enzymes": "enzyme model with the C:N of the soil",
    "biomass change": "change of biomass / uptake",
}


def fluxes(parameters: Parameters = "bench") -> xr.Dataset:
    """Return the true fluxes of the soil, per unit of biomass and day.

    Parameters
    ----------
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``bench``.

    Returns
    -------
    Dataset
        A ledger in d-1.

    Raises
    ------
    InputError
        When microbes exude all that they could build in.

    Examples
    --------
    >>> book = fluxes()
    >>> round(float(book["turnover"] / book["uptake"]), 3)  # the true CUE of the community
    0.333
    """
    book = flux_ledger(**_rates(choose(parameters, PARAMETER_SETS, "bench")))
    for name in book:
        book[name].attrs["units"] = "d-1"
    return book


def _rates(p: ParameterSet) -> dict[str, float]:
    kept = p["yield_native"] - p["exuded"]
    if kept <= 0:
        raise InputError(f"exuded = {p['exuded']:g}: allowed less than {p['yield_native']:g}")
    uptake = (p["turnover"] + p["maintenance"]) / kept
    return {
        "uptake": uptake,
        "respiration": (1 - p["yield_native"]) * uptake + p["maintenance"],
        "exudation": p["exuded"] * uptake,
        "turnover": p["turnover"],
    }


def label(time: Values, parameters: Parameters = "bench") -> xr.Dataset:
    """Follow labelled food through the soil.

    Parameters
    ----------
    time : float or array [time]
        Days since the label was added, 0 to 10,000.
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``bench``.

    Returns
    -------
    Dataset, [time]
        ``food``, ``biomass``, ``dead`` (necromass and exudates) and ``respired``: shares of the
        label, which add up to 1; ``cue``: biomass / (biomass + respired), NaN at time 0.

    Examples
    --------
    >>> label([0.25, 30.0])["cue"].values.round(2)  # falls as label is eaten a second time
    array([0.68, 0.39])
    """
    p = choose(parameters, PARAMETER_SETS, "bench")
    days = np.atleast_1d(check("time", time, 0.0, 1e4, "d"))
    shares = _shares(days, p)
    names = {
        "food": "label still in the food",
        "biomass": "label in living biomass",
        "dead": "label in dead matter and exudates",
        "respired": "label respired",
    }
    variables = {
        name: ("time", shares[:, i], {"units": "1", "long_name": long_name})
        for i, (name, long_name) in enumerate(names.items())
    }
    coords = {"time": ("time", days, {"units": "d", "long_name": "time since the label was added"})}
    run = xr.Dataset(variables, coords=coords)
    seen = run["biomass"] + run["respired"]
    run["cue"] = (run["biomass"] / seen.where(run["time"] > 0)).assign_attrs(
        units="1", long_name="carbon use efficiency from the label"
    )
    return run


def _shares(days: np.ndarray, p: ParameterSet) -> np.ndarray:
    """Return the shares of the label [time, 4] in food, biomass, dead matter and what is respired.

    It is what a slider waits for; a Dataset of it takes ten times as long.
    """
    y, x, food = p["yield_native"], p["exuded"], p["yield_label"]
    k, r, d, m = p["uptake_rate"], p["recycling"], p["turnover"], p["maintenance"]
    matrix = np.array(
        [[-k, 0, 0], [(food - x) * k, -(m + d), (y - x) * r], [x * k, d, (x - 1) * r]]
    )
    # The rates differ (k is at least 1 per day, the others are slower, and d couples them), so
    # there are three eigenvectors: exp(matrix t) on one unit of food is a sum of exponentials.
    rates, modes = np.linalg.eig(matrix)
    start = np.linalg.solve(modes, np.array([1.0, 0.0, 0.0], dtype=modes.dtype))
    shares = (np.exp(days[:, None] * rates) * start @ modes.T).real
    return np.column_stack([shares, 1 - shares.sum(axis=1)])


def measure(
    parameters: Parameters = "bench", times: Mapping[str, float] | None = None
) -> xr.DataArray:
    """Measure the soil in five ways.

    Parameters
    ----------
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``bench``.
    times : mapping, optional
        Days at which ``13C, short`` and ``13C, long`` are read; `TIMES` without it.

    Returns
    -------
    DataArray, [technique]
        Carbon use efficiency that each method of `METHODS` reports; ``reads`` says what it is.

    Examples
    --------
    >>> measure().to_series().round(2).to_dict()
    {'13C, short': 0.68, '13C, long': 0.39, '18O': 0.35, 'enzymes': 0.33, 'biomass change': 0.0}
    """
    p = choose(parameters, PARAMETER_SETS, "bench")
    when = {**TIMES, **(times or {})}
    book = _rates(p)
    growth = p["dna_conversion"] * book["turnover"]
    net = book["uptake"] - book["respiration"] - book["exudation"] - book["turnover"]
    values = {
        **{name: _seen(when[name], p) for name in TIMES},
        "18O": growth / (growth + book["respiration"]),
        "enzymes": stoichiometry.enzymes(p["soil_c_to_n"]),
        "biomass change": net / book["uptake"],
    }
    return xr.DataArray(
        [values[name] for name in METHODS],
        coords={"technique": list(METHODS), "reads": ("technique", list(METHODS.values()))},
        dims="technique",
        name="cue",
        attrs={"units": "1", "long_name": "carbon use efficiency by technique", "source": _SOURCE},
    )


def _seen(day: float, p: ParameterSet) -> float:
    """Return the efficiency that is read from the label on a day; NaN at time 0."""
    days = np.atleast_1d(check("time", day, 0.0, 1e4, "d"))
    _, biomass, _, respired = _shares(days, p)[0]
    return float(biomass / (biomass + respired)) if days[0] > 0 else float("nan")
