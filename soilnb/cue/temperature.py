r"""Temperature as a control of carbon use efficiency.

Most models that let CUE depend on temperature T use a straight line,

.. math:: \mathrm{CUE} = \mathrm{CUE}_{ref} + m\,(T - T_{ref}) ,

which leaves 0 to 1 somewhere; `linear` refuses temperatures from there on, and `limits` says
where that is. A line in the logit stays inside at every temperature,

.. math:: \ln\frac{\mathrm{CUE}}{1 - \mathrm{CUE}} = a + b\,(T - T_{ref}) ,

and is what `fit` estimates from measurements. `tangent` gives the logit line that has the value
and the slope of a straight line at its reference temperature.

The lines are fitted to short incubations of minutes to days. They do not say what a community does
that has lived at another temperature for years.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import functools
from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.cue.values import Values, as_cue, check
from soilnb.parameters import InputError, Parameter, Parameters, ParameterSet, choose

#: Temperatures that any form here accepts, degC: from frozen soil to the hottest surface.
RANGE = (-20.0, 60.0)


#: What a line is made of, beside its reference temperature: unit, bounds, symbol and meaning.
_STRAIGHT = {
    "reference_cue": (
        "1", (0.0, 1.0), r"\mathrm{CUE}_{ref}",
        "carbon use efficiency at the reference temperature",
    ),
    "slope": ("degC-1", (-0.1, 0.1), "m", "change of CUE per degree"),
}  # fmt: skip
_IN_LOGIT = {
    "intercept": ("1", (-10.0, 10.0), "a", "logit of CUE at the reference temperature"),
    "slope": ("degC-1", (-1.0, 1.0), "b", "change of the logit of CUE per degree"),
}
_REFERENCE = {"reference_temperature": ("degC", RANGE, "T_{ref}", "reference temperature")}


def _line(name: str, *numbers: float | str, form: Mapping[str, tuple] = _STRAIGHT) -> ParameterSet:
    """Return a line of a name with its two numbers, its reference temperature and its source."""
    *values, source = numbers
    rows = zip((form | _REFERENCE).items(), values, strict=True)
    records = {key: Parameter(value, *about, source) for (key, about), value in rows}
    return ParameterSet(name, records, source)


_logit_line = functools.partial(_line, form=_IN_LOGIT)


#: Straight lines of published models and syntheses.
LINEAR = {
    "allison2010": _line(
        "allison2010", 0.63, -0.016, 0.0,
        "Allison, Wallenstein & Bradford 2010, Nature Geoscience 3, 336-340; as in SoilR AWBmodel",
    ),
    "qiao2019": _line(
        "qiao2019", 0.475, -0.016, 20.0,
        "Qiao et al. 2019, Scientific Reports 9, 5621 (abstract; 780 observations, 98 sites)",
    ),
    "dement": _line(
        "dement", 0.5, -0.016, 20.0,
        "DEMENT (Allison 2014, Frontiers in Microbiology 5, 571); reference temperature assumed",
    ),
    "millennial_v2": _line(
        "millennial_v2", 0.19, -0.012, 15.0,
        "Millennial V2 (Abramoff et al. 2022, Soil Biology and Biochemistry 164, 108466); a fitted "
        "set in its code has 0.21",
    ),
    "millennial_v1": _line(
        "millennial_v1", 0.6, -0.012, 15.0,
        "Millennial V1 (Abramoff et al. 2018, Biogeochemistry 137, 51-71); the slope goes back to "
        "one study of rice paddies (Devevre & Horwath 2000)",
    ),
}  # fmt: skip


def limits(parameters: Parameters = "qiao2019") -> tuple[float, float]:
    """Return the temperatures (degC) between which a straight line stays within 0 to 1.

    Parameters
    ----------
    parameters : str or mapping
        Name of a set in `LINEAR`, or a mapping of changes to ``qiao2019`` (or to the set that
        its key ``set`` names).

    Returns
    -------
    tuple of two floats
        Lowest and highest temperature, no further than `RANGE`.

    Examples
    --------
    >>> limits("qiao2019")  # degC
    (-12.8125, 49.6875)
    """
    p = choose(parameters, LINEAR, "qiao2019")
    if p["slope"] == 0:
        return RANGE
    ends = sorted(
        p["reference_temperature"] + (c - p["reference_cue"]) / p["slope"] for c in (0, 1)
    )
    return max(ends[0], RANGE[0]), min(ends[1], RANGE[1])


def linear(temperature: Values, parameters: Parameters = "qiao2019") -> Values:
    """Return CUE from a straight line in temperature.

    Parameters
    ----------
    temperature : float, array or DataArray
        Degrees Celsius, within `limits` of the line.
    parameters : str or mapping
        Name of a set in `LINEAR`, or a mapping of changes to ``qiao2019``.

    Returns
    -------
    float, array or DataArray
        Carbon use efficiency, dimensionless.

    Examples
    --------
    >>> round(linear(25.0), 3), round(linear(25.0, "allison2010"), 3)
    (0.395, 0.23)
    """
    p = choose(parameters, LINEAR, "qiao2019")
    low, high = limits(p)
    hint = f"beyond, the line {p.name!r} leaves 0 to 1 (a logit line does not)"
    t = check("temperature", temperature, low, high, "degC", hint)
    cue = p["reference_cue"] + p["slope"] * (t - p["reference_temperature"])
    return as_cue(cue, "carbon use efficiency, linear in temperature", p.description)


def tangent(parameters: Parameters = "qiao2019") -> ParameterSet:
    r"""Return the logit line with the value and slope of a straight line at its reference.

    a = logit(CUE_ref) and b = m / (CUE_ref (1 - CUE_ref)), since dCUE/dT = b CUE (1 - CUE).

    Raises
    ------
    InputError
        For a line whose value at the reference temperature is 0 or 1, which no logit reaches.

    Examples
    --------
    >>> round(float(logit(20.0, tangent("qiao2019"))), 3), linear(20.0, "qiao2019")
    (0.475, 0.475)
    """
    p = choose(parameters, LINEAR, "qiao2019")
    cue = p["reference_cue"]
    if not 0 < cue < 1:
        raise InputError(f"reference_cue = {cue:g}: allowed more than 0 and less than 1")
    return _logit_line(
        f"{p.name} (tangent)", np.log(cue / (1 - cue)), p["slope"] / (cue * (1 - cue)),
        p["reference_temperature"], f"tangent to the straight line of {p.description}",
    )  # fmt: skip


#: Logit lines: one that was published, and one that touches a published straight line.
LOGIT = {
    "virtual_ecosystem": _logit_line(
        "virtual_ecosystem", 0.094, -0.039, 20.0,
        "Virtual Ecosystem, SoilConstants: beta-logit mixed model of the data of Qiao et al. 2019",
    ),
    "qiao2019": tangent("qiao2019"),
}  # fmt: skip


def logit(temperature: Values, parameters: Parameters = "virtual_ecosystem") -> Values:
    """Return CUE from a line in the logit, which stays between 0 and 1.

    Parameters
    ----------
    temperature : float, array or DataArray
        Degrees Celsius, within `RANGE`.
    parameters : str or mapping
        Name of a set in `LOGIT`, a set that `fit` or `tangent` returned, or a mapping of changes
        to ``virtual_ecosystem``.

    Returns
    -------
    float, array or DataArray
        Carbon use efficiency, dimensionless.

    Examples
    --------
    >>> logit(np.array([0.0, 20.0, 40.0])).round(2)
    array([0.71, 0.52, 0.33])
    """
    p = choose(parameters, LOGIT, "virtual_ecosystem")
    t = check("temperature", temperature, *RANGE, "degC")
    score = p["intercept"] + p["slope"] * (t - p["reference_temperature"])
    return as_cue(
        1 / (1 + np.exp(-score)), "carbon use efficiency, logit-linear in temperature",
        p.description,
    )  # fmt: skip


def fit(
    temperature: Values, cue: Values, place: np.ndarray, reference: float = 20.0, name: str = "fit"
) -> tuple[ParameterSet, xr.Dataset]:
    """Fit a logit line to measurements that cluster by place.

    Records of one place are not independent. The fit is a generalised estimating equation for a
    fraction (binomial variance, logit link) with one correlation within places, estimated with
    the rest; the standard errors are the robust ("sandwich") ones over places.

    Parameters
    ----------
    temperature : array [record]
        Degrees Celsius.
    cue : array [record]
        Measured carbon use efficiency, 0 to 1.
    place : array [record]
        Number or name of the place (or study) that a record comes from.
    reference : float
        Reference temperature of the line, degC.
    name : str
        Name of the set that is returned.

    Returns
    -------
    ParameterSet
        To be passed to `logit`.
    Dataset
        ``estimate`` and ``error`` over ``parameter`` (``intercept``, ``slope``); ``correlation``
        within places, ``records`` and ``places``.

    Raises
    ------
    InputError
        For arrays of different lengths, values outside, fewer than three places, or one
        temperature only.

    Examples
    --------
    >>> t = np.array([5.0, 15.0, 25.0] * 4)
    >>> place = np.repeat(range(4), 3)
    >>> line, summary = fit(t, logit(t) + 0.01 * place, place)  # of a line that is known
    >>> round(line["intercept"], 3), round(line["slope"], 3)
    (0.139, -0.039)
    """
    t = np.ravel(check("temperature", np.asarray(temperature, dtype=float), *RANGE, "degC"))
    y = np.ravel(check("cue", np.asarray(cue, dtype=float), 0.0, 1.0))
    groups = np.unique(np.ravel(np.asarray(place)), return_inverse=True)[1]
    if not t.size == y.size == groups.size:
        raise InputError(
            f"fit: {t.size} temperatures, {y.size} efficiencies, {groups.size} places; allowed "
            "one of each per record"
        )
    known = np.isfinite(t) & np.isfinite(y)
    t, y, groups = t[known], y[known], groups[known]
    places = np.unique(groups).size
    if places < 3 or np.ptp(t) == 0:
        raise InputError(
            f"fit: {places} places, {np.unique(t).size} temperatures; allowed 3 places and 2 "
            "temperatures or more"
        )
    result, correlation = _estimate(t - reference, y, groups)
    summary = xr.Dataset(
        {
            "estimate": ("parameter", result.params, {"units": "1 and degC-1"}),
            "error": ("parameter", result.bse, {"units": "1 and degC-1"}),
            "correlation": ((), correlation, {"units": "1"}),
            "records": ((), t.size),
            "places": ((), places),
        },
        coords={"parameter": ["intercept", "slope"]},
    )
    source = f"fitted to {t.size} records of {places} places"
    return _logit_line(name, *map(float, result.params), reference, source), summary


def _estimate(x: np.ndarray, y: np.ndarray, groups: np.ndarray):
    import statsmodels.api as sm

    order = np.argsort(groups, kind="stable")
    within = sm.cov_struct.Exchangeable()
    model = sm.GEE(
        y[order],
        sm.add_constant(x[order], has_constant="add"),
        groups=groups[order],
        family=sm.families.Binomial(),
        cov_struct=within,
    )
    return model.fit(), float(within.dep_params)
