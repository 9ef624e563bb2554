"""The numbers by which a set of runs is compared with Rötzer et al. (2025).

One function for each group of numbers: the start, the equilibrium before the pulse, the pulse,
the run without motion, the quality of exudates, ten pulses, organic matter rich in nitrogen, and
where carbon is available. Each takes the Datasets that it needs and returns values by the id of
their claim; `measure` applies all for which there are runs, long enough.

Days are those of the paper: a state is read at the end of a day, a flux is the amount of a day.
The pulse falls on day 200; the last day before it is day 199. Carbon is mg per g dry soil, TOC is
biomass, necromass, particulate and dissolved carbon, shares are %. Where the paper reads a number
off a figure, the docstring says how it is read here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.kernels import automaton
from soilnb.parameters import InputError, unknown
from soilnb.pore.diagnostics import (
    CELLS,
    SERIES,
    availability,
    respiration,
    total_carbon,
    total_nitrogen,
)
from soilnb.pore.scenarios import SCENARIOS

#: Day of the (first) pulse, the last day before it, and the last day of the paper's runs.
PULSE, BEFORE, END = 200, 199, 500

#: Days after which biomass and fluxes are in equilibrium, the solution, and CUE (Sect. 3.1).
SETTLED, SOLUTION_SETTLED, CUE_SETTLED = 75, 25, 100

#: Days to the end of which a peak of a flux or of biomass is looked for.
FLUX_PEAK_END, BIOMASS_PEAK_END = PULSE + 50, PULSE + 100

#: A pool is back when it is within this factor of its mean before the pulse.
BACK = 1.1

#: CUE has dipped when it is below this factor of its mean before the pulse.
DIP = 0.9

#: Overflow respiration below this share of all respiration has vanished.
VANISHED = 0.1

#: Share of the open voxels from which on a pore counts as large.
LARGE_PORE = 0.05

#: Ids of the statements that hold or do not hold (1 or 0).
STATEMENTS = frozenset(
    (
        "back-50",
        "avail-isolated",
        "avail-large",
        "avail-empty",
        "cue-order",
        "cn40-dip",
        "cn100-dip",
        "cn10-overflow",
        "co2-cn10-lowest",
        "ten-pom-least",
        "pom-cn10-overflow",
        "pom-cn10-necromass",
    )
)


# --- Reading a series ----------------------------------------------------------------------


def _at(series: xr.DataArray, day: float) -> float:
    return float(series.sel(time=day))


def _span(series: xr.DataArray, first: float, last: float = BEFORE) -> xr.DataArray:
    return series.sel(time=slice(first, last))


def _mean(series: xr.DataArray, first: float, last: float = BEFORE) -> float:
    return float(_span(series, first, last).mean())


def _largest(series: xr.DataArray, last: float = FLUX_PEAK_END) -> float:
    """Return the largest value from the pulse on."""
    return float(_span(series, PULSE, last).max())


def _day_of_largest(series: xr.DataArray, last: float = FLUX_PEAK_END) -> float:
    return float(_span(series, PULSE, last).idxmax())


def _means(series: xr.DataArray, days: int) -> xr.DataArray:
    """Return the means of so many days, at the last of them."""
    return series.rolling(time=days).mean()


def _ratio(part: float, whole: float) -> float:
    """Return a ratio, NaN where there is nothing to compare with."""
    return part / whole if whole else math.nan


def _percent_of_all_carbon(pool: xr.DataArray, run: xr.Dataset, day: float) -> float:
    """Return a pool as % of the carbon in the soil and respired, the bars of Fig. 11."""
    return 100 * _at(pool / (total_carbon(run) + run.C_CO2), day)


def _days_until_back(run: xr.Dataset) -> float | None:
    """Return the days from the pulse until biomass is within `BACK` of its mean before.

    A biomass that has not come back by day 500 counts with all days; None for a shorter run.
    """
    peak = _day_of_largest(run.C_B, BIOMASS_PEAK_END)
    after = run.C_B.sel(time=slice(peak, None))
    low = after.time[after <= BACK * _mean(run.C_B, SETTLED)]
    if low.size:
        return float(low[0]) - BEFORE
    return float(END - BEFORE) if float(run.time[-1]) >= END else None


def _dips(cue: xr.DataArray) -> float:
    """Whether CUE falls below its level before the pulse, after its peak and within 100 days.

    Its lowest ten-day mean after the peak must be a tenth below the mean of days 100 to 199, so
    that the scatter of days does not decide.
    """
    peak = _day_of_largest(cue)
    if math.isnan(peak):
        return math.nan
    lowest = _span(_means(cue, 10), peak + 10, BIOMASS_PEAK_END).min()
    return float(lowest < DIP * _mean(cue, CUE_SETTLED))


def _overflow_share(run: xr.Dataset, first: float, last: float) -> float:
    """Return overflow respiration as a share of all respiration of a span of days."""
    return _ratio(_mean(run.R_O, first, last), _mean(respiration(run), first, last))


# --- One function for each group ------------------------------------------------------------


def start(reference: xr.Dataset) -> dict[str, float]:
    """Measure the soil at day 0 (Sect. 2.3).

    TOC is without biomass here, as in the paper. The dry mass is that of 250 x 250 voxels and
    left out for other domains.
    """
    first = reference.isel(time=0)
    carbon, nitrogen = total_carbon(first), total_nitrogen(first)
    found = {
        "pom0": first.C_POM,
        "nec0": first.C_Nec,
        "bio0": first.C_B,
        "toc0": (carbon - first.C_B) / 10,
        "ton0": nitrogen / 10,
        "pom0-c-share": 100 * first.C_POM / carbon,
        "pom0-n-share": 100 * first.N_POM / nitrogen,
    }
    if (reference.attrs.get("ny"), reference.attrs.get("nx")) == (250, 250):
        found = {"dry-mass": reference.attrs["dry_mass_ug"], **found}
    return {name: float(value) for name, value in found.items()}


def equilibrium(reference: xr.Dataset) -> dict[str, float]:
    """Measure the equilibrium before the pulse (Sect. 3.1).

    Means of days 75 to 199; of days 25 to 199 for the solution and of days 100 to 199 for CUE.
    The C/N ratio of the solution is that of the mean amounts.
    """
    run, carbon = reference, total_carbon(reference)
    dissolved_c = _mean(run.C_S, SOLUTION_SETTLED)
    dissolved_n = _mean(run.N_S, SOLUTION_SETTLED)
    return {
        "bio-eq": _mean(run.C_B, SETTLED),
        "bio-share": 100 * _mean(run.C_B / carbon, SETTLED),
        "doc-eq": dissolved_c,
        "ns-eq": dissolved_n,
        "cn-solution": _ratio(dissolved_c, dissolved_n),
        "nec-eq": _mean(run.C_Nec, SETTLED),
        "nec-c-share": 100 * _mean(run.C_Nec / carbon, SETTLED),
        "nec-n-share": 100 * _mean(run.N_Nec / total_nitrogen(run), SETTLED),
        "resp-eq": 1000 * _mean(respiration(run), SETTLED),
        "overflow-share": 100 * _overflow_share(run, SETTLED, BEFORE),
        "cue-eq": _mean(run.CUE, CUE_SETTLED),
        "exposed-pom": _mean(run.exposed_POM, SETTLED),
        "exposed-nec": _mean(run.exposed_Nec, SETTLED),
    }


def pulse(reference: xr.Dataset) -> dict[str, float]:
    """Measure the response to one pulse (Sect. 3.1).

    Peaks are the largest daily values of days 200 to 250, for biomass of days 200 to 300. Days
    until the biomass peak count from the beginning of the pulse. Biomass grows as long as it
    assimilates more than it loses to necromass, without a break. Fluxes before are means of days
    75 to 199 (leakage: 25 to 199). The decay of necromass scatters from day to day: its largest
    five-day mean is taken. The solution is back when its carbon and its nitrogen, as means of
    days 246 to 250, are in the range of the five-day means of days 100 to 199.
    """
    run = reference
    gain = _span(run.f_U - respiration(run) - run.f_BD, PULSE, BIOMASS_PEAK_END)
    losing = gain.time[gain <= 0]
    necromass_decay = _means(run.f_Nec, 5)
    return {
        "cue-peak": _largest(run.CUE),
        "cue-peak-day": _day_of_largest(run.CUE),
        "resp-peak": 1000 * _largest(respiration(run)),
        "grow-days": float(losing[0]) - PULSE if losing.size else float(gain.size),
        "bio-peak-day": _day_of_largest(run.C_B, BIOMASS_PEAK_END) - BEFORE,
        "bio-peak": _largest(run.C_B, BIOMASS_PEAK_END),
        "fbd-ratio": _ratio(_largest(run.f_BD), _mean(run.f_BD, SETTLED)),
        "fnec-ratio": _ratio(
            float(_span(necromass_decay, PULSE + 4, FLUX_PEAK_END).max()),
            _mean(run.f_Nec, SETTLED),
        ),
        "n-leak": _ratio(_largest(run.R_leak), _mean(run.R_leak, SOLUTION_SETTLED)),
        "back-50": float(_is_back(run.C_S) and _is_back(run.N_S)),
        "cn40-dip": _dips(run.CUE),
    }


def _is_back(dissolved: xr.DataArray) -> bool:
    fives = _means(dissolved, 5)
    return _at(fives, PULSE + 50) <= float(_span(fives, CUE_SETTLED + 4).max())


def end(reference: xr.Dataset) -> dict[str, float]:
    """Measure the carbon that is stored on day 500, and what was respired (Sect. 3.1, 3.4)."""
    return {
        "toc-end": _at(total_carbon(reference), END) / 10,
        "co2-share": _percent_of_all_carbon(reference.C_CO2, reference, END),
    }


def static_before(reference: xr.Dataset, static: xr.Dataset) -> dict[str, float]:
    """Measure what motion does to biomass before the pulse, days 180 to 199 (Sect. 3.2, Fig. 8)."""
    return {"static-bio": _ratio(_mean(static.C_B, 180), _mean(reference.C_B, 180))}


def static_pulse(reference: xr.Dataset, static: xr.Dataset) -> dict[str, float]:
    """Measure what motion does to the solution and to the peak of biomass (Sect. 3.2).

    The ratios of dissolved carbon and nitrogen are the largest of ten-day means in days 180 to
    350, the days that Fig. 8 shows.
    """
    peaks = [_largest(run.C_B, BIOMASS_PEAK_END) for run in (static, reference)]
    return {
        "static-doc": float(_span(_ratio_of_tens(static.C_S, reference.C_S), 189, 350).max()),
        "static-ns": float(_span(_ratio_of_tens(static.N_S, reference.N_S), 189, 350).max()),
        "static-peak": _ratio(*peaks),
    }


def _ratio_of_tens(one: xr.DataArray, other: xr.DataArray) -> xr.DataArray:
    return _means(one, 10) / _means(other.where(other > 0), 10)


def static_solution_end(reference: xr.Dataset, static: xr.Dataset) -> dict[str, float]:
    """Measure what motion does to the solution in the end, days 491 to 500."""
    return {
        "static-doc-end": _at(_ratio_of_tens(static.C_S, reference.C_S), END),
        "static-ns-end": _at(_ratio_of_tens(static.N_S, reference.N_S), END),
    }


def static_end(static: xr.Dataset) -> dict[str, float]:
    """Measure the run without motion on day 500 (Sect. 3.2, 3.4).

    Shares are of all carbon, in the soil and respired, as in Fig. 11.
    """
    return {
        "static-toc": _at(total_carbon(static), END) / 10,
        "static-co2": _at(static.C_CO2, END),
        "static-doc-share": _percent_of_all_carbon(static.C_S, static, END),
        "static-nec": _percent_of_all_carbon(static.C_Nec_new, static, END),
    }


def cn10_pulse(cn10: xr.Dataset) -> dict[str, float]:
    """Measure the pulse of exudates rich in nitrogen (Sect. 3.3, 4.2)."""
    return {
        "cue-peak-cn10": _largest(cn10.CUE),
        "resp-peak-cn10": 1000 * _largest(respiration(cn10)),
        "cn10-plateau": _mean(cn10.CUE, 220, 290),
        "cn10-overflow": float(_overflow_share(cn10, 205, 250) < VANISHED),
    }


def cn22_pulse(cn22: xr.Dataset) -> dict[str, float]:
    """Measure the pulse of exudates of C/N 22 (Sect. 3.3)."""
    return {"cue-peak-cn22": _largest(cn22.CUE)}


def cn100_pulse(cn100: xr.Dataset) -> dict[str, float]:
    """Measure the pulse of exudates poor in nitrogen (Sect. 3.3, 4.2)."""
    return {
        "cue-peak-cn100": _largest(cn100.CUE),
        "resp-peak-cn100": 1000 * _largest(respiration(cn100)),
        "cn100-dip": _dips(cn100.CUE),
    }


def cn10_return(cn10: xr.Dataset) -> dict[str, float]:
    """Measure the days until biomass is back to 1.1 times its mean of days 75 to 199."""
    days = _days_until_back(cn10)
    return {} if days is None else {"return-cn10": days}


def cn100_return(cn100: xr.Dataset) -> dict[str, float]:
    """Measure the days until biomass is back to 1.1 times its mean of days 75 to 199."""
    days = _days_until_back(cn100)
    return {} if days is None else {"return-cn100": days}


def _after_the_pulse(run: xr.Dataset) -> tuple[float, float]:
    """Return biomass turned into necromass, and carbon respired, from day 200 to day 500."""
    died = float(_span(run.f_BD, PULSE + 1, END).sum())
    return died, _at(run.C_CO2, END) - _at(run.C_CO2, PULSE)


def cn10_end(cn10: xr.Dataset) -> dict[str, float]:
    """Measure what exudates rich in nitrogen leave behind (Sect. 3.3, 3.4, 4.3)."""
    died, respired = _after_the_pulse(cn10)
    stored = _at(total_carbon(cn10), END)
    return {
        "nec-new-cn10": died,
        "co2-cn10-late": respired,
        "co2-cn10": _at(cn10.C_CO2, END),
        "store-cn10": stored,
        "nec-toc-cn10": 100 * _at(cn10.C_Nec_new, END) / stored,
    }


def cn100_end(cn100: xr.Dataset) -> dict[str, float]:
    """Measure what exudates poor in nitrogen leave behind (Sect. 3.3)."""
    died, respired = _after_the_pulse(cn100)
    return {"nec-new-cn100": died, "co2-cn100-late": respired}


def order_of_peaks(
    cn10: xr.Dataset, cn22: xr.Dataset, reference: xr.Dataset, cn100: xr.Dataset
) -> dict[str, float]:
    """Measure whether the peaks of CUE fall with the C/N ratio of the exudates (Sect. 3.3)."""
    peaks = [_largest(run.CUE) for run in (cn10, cn22, reference, cn100)]
    return {"cue-order": float(all(np.diff(peaks) < 0))}


def lowest_respiration(cn10: xr.Dataset, *others: xr.Dataset) -> dict[str, float]:
    """Measure whether C/N 10 respires least of the runs in which particles move (Sect. 3.4)."""
    least = min(_at(run.C_CO2, END) for run in others)
    return {"co2-cn10-lowest": float(_at(cn10.C_CO2, END) < least)}


def ten_pulses_end(ten_pulses: xr.Dataset) -> dict[str, float]:
    """Measure ten pulses on day 500 (Sect. 3.4)."""
    run = ten_pulses
    return {
        "ten-co2": _at(run.C_CO2, END),
        "ten-toc": _at(total_carbon(run), END) / 10,
        "ten-share": _percent_of_all_carbon(run.C_CO2, run, END),
        "ten-nec": _at(run.C_Nec_new, END),
        "ten-pom": _at(run.C_POM, END),
    }


def least_pom(ten_pulses: xr.Dataset, *others: xr.Dataset) -> dict[str, float]:
    """Measure whether ten pulses leave the least particulate organic matter (Sect. 3.4)."""
    least = min(_at(run.C_POM, END) for run in others)
    return {"ten-pom-least": float(_at(ten_pulses.C_POM, END) < least)}


def third_of_ten(reference: xr.Dataset, ten_pulses: xr.Dataset) -> dict[str, float]:
    """Measure the biomass peak of one pulse of C/N 40 against ten pulses (Sect. 3.4)."""
    highest = _largest(ten_pulses.C_B, BIOMASS_PEAK_END + 50)
    return {"third-ten": _ratio(_largest(reference.C_B, BIOMASS_PEAK_END), highest)}


def third_of_cn10(reference: xr.Dataset, cn10: xr.Dataset) -> dict[str, float]:
    """Measure the biomass peak of a pulse of C/N 40 against one of C/N 10 (Sect. 3.4)."""
    peaks = [_largest(run.C_B, BIOMASS_PEAK_END) for run in (reference, cn10)]
    return {"third-cn10": _ratio(*peaks)}


def pom_equilibrium(reference: xr.Dataset, pom_cn10: xr.Dataset) -> dict[str, float]:
    """Measure the equilibrium on particulate organic matter rich in nitrogen (Appendix A5)."""
    biomass = [_mean(run.C_B, SETTLED) for run in (pom_cn10, reference)]
    return {
        "pom-cn10-overflow": float(_overflow_share(pom_cn10, SETTLED, BEFORE) < VANISHED),
        "pom-cn10-biomass": _ratio(*biomass),
    }


def pom_end(reference: xr.Dataset, pom_cn10: xr.Dataset) -> dict[str, float]:
    """Measure whether it makes more necromass than the reference (Appendix A5)."""
    made = [_at(run.C_Nec_new, END) for run in (pom_cn10, reference)]
    return {"pom-cn10-necromass": float(made[0] > made[1])}


# --- What needs snapshots ---------------------------------------------------------------------


def pores(data: xr.Dataset, day: float) -> pd.DataFrame:
    """Return the pores of a snapshot, and how available dissolved carbon is in each.

    Parameters
    ----------
    data : Dataset
        A run of `soilnb.pore.simulate`, or one of an ensemble (``.sel(scenario=..., seed=...)``),
        with a snapshot of that day.
    day : float
        Day of the snapshot.

    Returns
    -------
    DataFrame
        Indexed by pore (connected across the sides of open voxels, periodic both ways), largest
        first: ``voxels``, ``biomass_voxels``, ``availability`` (mean of C_S / (C_S + k) over its
        voxels) and ``kind``: ``empty`` without microbes, else ``large`` from 5 % of the open
        space on, else ``isolated``.
    """
    fields = data.sel(snapshot=day)
    half_saturation = json.loads(single(data).attrs["parameters"])["half_saturation"]
    cell = fields["cell"].values
    biomass = (cell == CELLS["biomass"]).ravel()
    is_open = biomass | (cell == CELLS["pore"]).ravel()
    label = np.empty(cell.size, np.int32)
    automaton.label_components(
        is_open.astype(np.int32), *cell.shape, True, np.empty_like(label), label
    )
    carbon_available = availability(fields["c_s"].values, half_saturation).ravel()
    table = pd.DataFrame({"pore": label, "biomass": biomass, "availability": carbon_available})
    found = (
        table[is_open]
        .groupby("pore")
        .agg(
            voxels=("availability", "size"),
            biomass_voxels=("biomass", "sum"),
            availability=("availability", "mean"),
        )
        .sort_values("voxels", ascending=False, kind="stable", ignore_index=True)
    )
    large = found.voxels >= LARGE_PORE * is_open.sum()
    found["kind"] = np.where(
        found.biomass_voxels == 0, "empty", np.where(large, "large", "isolated")
    )
    return found.rename_axis("pore")


def available_carbon(reference: xr.Dataset) -> dict[str, float]:
    """Measure where carbon is available to microbes, day 195 (Sect. 3.1, Fig. 7a).

    Small pores with microbes are depleted: mean availability below 0.4. In large pores with
    microbes it is higher, up to 0.7. Pores without microbes hold more than those, up to 1: the
    fullest of them is above 0.9. Means are over voxels.
    """
    table = pores(reference, 195)
    weighted = table.availability * table.voxels
    mean = weighted.groupby(table.kind).sum() / table.voxels.groupby(table.kind).sum()
    if set(mean.index) != {"isolated", "large", "empty"}:
        return {}
    fullest = table.availability[table.kind == "empty"].max()
    return {
        "avail-isolated": float(mean["isolated"] < 0.4),
        "avail-large": float(mean["isolated"] < mean["large"] <= 0.7),
        "avail-empty": float(mean["empty"] > mean["large"] and fullest > 0.9),
    }


def reach(reference: xr.Dataset) -> dict[str, float]:
    """Measure how far exudates spread from the central line on day 200 (Sect. 4.1).

    The exudate is the dissolved carbon that each column of voxels holds more than on day 199; its
    mean distance from the line, and the distance within which 95 % of it are, in µm.
    """
    dissolved = reference["c_s"].sum("y")
    excess = (dissolved.sel(snapshot=PULSE) - dissolved.sel(snapshot=BEFORE)).values
    columns = np.arange(excess.size)  # the line is in the middle: no way around is shorter
    distance = float(reference.attrs["voxel_um"]) * np.abs(columns - excess.size // 2)
    if excess.sum() <= 0:
        return {}
    order = np.argsort(distance, kind="stable")
    within = np.cumsum(excess[order]) / excess.sum()
    return {
        "exudate-reach": float(distance @ excess / excess.sum()),
        "exudate-reach-95": float(distance[order][np.argmax(within >= 0.95)]),
    }


# --- All of them ------------------------------------------------------------------------------


class _Group(NamedTuple):
    """A function of measures, the scenarios it takes, the days they must have, and snapshots."""

    function: Callable[..., dict[str, float]]
    scenarios: tuple[str, ...]
    days: int
    snapshots: tuple[int, ...] = ()


_GROUPS = (
    _Group(start, ("reference",), 0),
    _Group(equilibrium, ("reference",), BEFORE),
    _Group(pulse, ("reference",), BIOMASS_PEAK_END),
    _Group(end, ("reference",), END),
    _Group(available_carbon, ("reference",), 195, (195,)),
    _Group(reach, ("reference",), PULSE, (BEFORE, PULSE)),
    _Group(static_before, ("reference", "static"), BEFORE),
    _Group(static_pulse, ("reference", "static"), 350),
    _Group(static_solution_end, ("reference", "static"), END),
    _Group(static_end, ("static",), END),
    _Group(cn10_pulse, ("cn10",), 290),
    _Group(cn22_pulse, ("cn22",), FLUX_PEAK_END),
    _Group(cn100_pulse, ("cn100",), BIOMASS_PEAK_END),
    _Group(order_of_peaks, ("cn10", "cn22", "reference", "cn100"), FLUX_PEAK_END),
    _Group(cn10_return, ("cn10",), BIOMASS_PEAK_END),
    _Group(cn100_return, ("cn100",), BIOMASS_PEAK_END),
    _Group(cn10_end, ("cn10",), END),
    _Group(cn100_end, ("cn100",), END),
    _Group(lowest_respiration, ("cn10", "reference", "cn22", "cn100", "ten_pulses"), END),
    _Group(ten_pulses_end, ("ten_pulses",), END),
    _Group(least_pom, ("ten_pulses", "reference", "static", "cn10", "cn22", "cn100"), END),
    _Group(third_of_ten, ("reference", "ten_pulses"), BIOMASS_PEAK_END + 50),
    _Group(third_of_cn10, ("reference", "cn10"), BIOMASS_PEAK_END),
    _Group(pom_equilibrium, ("reference", "pom_cn10"), BEFORE),
    _Group(pom_end, ("reference", "pom_cn10"), END),
)


def measure(runs: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Measure what a set of runs of one seed says to the claims of rotzer2025.

    Parameters
    ----------
    runs : mapping of str to Dataset
        By scenario, the Datasets of `soilnb.pore.simulate`; same seed, preset and domain.

    Returns
    -------
    dict
        Value by claim id, in the claim's unit; 1 or 0 for the statements in `STATEMENTS`. What
        needs a scenario, days or snapshots that are not there is left out, and so is a ratio to
        nothing.

    Raises
    ------
    InputError
        For an unknown scenario, or runs of different seed, preset or domain.
    """
    for name in runs:
        if name not in SCENARIOS:
            raise unknown("scenario", name, SCENARIOS)
    _check_together(runs)
    found: dict[str, float] = {}
    for group in _GROUPS:
        if all(name in runs and _covers(runs[name], group) for name in group.scenarios):
            found |= group.function(*(runs[name] for name in group.scenarios))
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _check_together(runs: Mapping[str, xr.Dataset]) -> None:
    for key in ("seed", "preset", "ny", "nx"):
        values = {name: run.attrs.get(key) for name, run in runs.items()}
        if len(set(values.values())) > 1:
            listed = ", ".join(f"{name} {value}" for name, value in values.items())
            raise InputError(f"runs differ in {key} ({listed}): allowed runs of the same {key}")


def _covers(run: xr.Dataset, group: _Group) -> bool:
    days = run["snapshot"].values if "snapshot" in run else ()
    return float(run.time[-1]) >= group.days and all(day in days for day in group.snapshots)


#: Attributes that an ensemble keeps as a mapping by scenario.
_BY_SCENARIO = ("description", "pulses", "movement", "parameters")


def single(run: xr.Dataset) -> xr.Dataset:
    """Return a run that was selected from an ensemble as `soilnb.pore.simulate` gives it.

    Parameters
    ----------
    run : Dataset
        ``ensemble.sel(scenario=..., seed=...)``; any other Dataset is returned as it is.
    """
    if "scenario" not in run.coords or run["scenario"].ndim:
        return run
    name = str(run["scenario"].values)
    own = {key: json.loads(run.attrs[key])[name] for key in _BY_SCENARIO}
    own |= {"scenario": name, "seed": int(run["seed"])}
    return run.drop_vars(["scenario", "seed"]).assign_attrs(own)


def by_seed(ensemble: xr.Dataset) -> list[dict[str, xr.Dataset]]:
    """Return the runs of an ensemble as `measure` takes them: by scenario, for each seed.

    Parameters
    ----------
    ensemble : Dataset
        Over ``scenario`` and ``seed``, from `soilnb.pore.simulate_ensemble`.
    """
    return [
        {
            str(name): single(ensemble.sel(scenario=name, seed=seed))
            for name in ensemble["scenario"].values
        }
        for seed in ensemble["seed"].values
    ]


def measure_ensemble(ensemble: xr.Dataset) -> pd.DataFrame:
    """Measure the runs of an ensemble; mean and spread over its seeds.

    Parameters
    ----------
    ensemble : Dataset
        Over ``scenario`` and ``seed``, from `soilnb.pore.simulate_ensemble`.

    Returns
    -------
    DataFrame
        As of `mean_over_seeds`: one row a claim for which its scenarios, days and snapshots are
        there (see `measure`).
    """
    return mean_over_seeds([measure(runs) for runs in by_seed(ensemble)])


def mean_over_seeds(measured: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """Return what several seeds say together.

    Parameters
    ----------
    measured : sequence of mappings
        One result of `measure` for each seed.

    Returns
    -------
    DataFrame
        Indexed by claim id: ``value`` (the mean; for a statement 1 when it holds for more than
        half of the seeds), ``mean`` (for a statement the share of the seeds), ``spread``
        (standard deviation over the seeds, NaN for one seed) and ``n`` (seeds).
    """
    if not measured:
        raise InputError("measured = []: allowed at least one seed")
    # in the order of the first seed that has an id
    names = list(dict.fromkeys(name for one in measured for name in one))
    frame = pd.DataFrame(list(measured), dtype=float)[names]
    spread = frame.std().where(frame.std() > 1e-12 * frame.mean().abs(), 0 * frame.std())
    table = pd.DataFrame({"mean": frame.mean(), "spread": spread, "n": frame.count()})
    holds = (table["mean"] > 0.5).astype(float)
    table.insert(0, "value", table["mean"].where(~table.index.isin(STATEMENTS), holds))
    return table.rename_axis("claim")


def identities(
    parameters: Mapping[str, float], available: float = 0.346, biomass: float = 0.015
) -> dict[str, float]:
    """Return what the parameters alone say of a steady biomass (exact).

    At steady biomass, uptake less respiration equals decay, so CUE = k_BD / (nu a) with the mean
    availability a = C_S / (C_S + k). What uptake is left after growth respiration, maintenance
    and decay is overflow.

    Parameters
    ----------
    parameters : mapping
        See `soilnb.pore.parameters.resolve`.
    available : float
        Mean availability a; 0.346 is the one that fits the printed equilibrium.
    biomass : float
        Biomass in mg per g dry soil.

    Returns
    -------
    dict
        ``ident-cue``; ``ident-overflow``, % of respiration; ``ident-resp``, µg g-1 d-1.
    """
    p = parameters
    uptake = p["uptake_rate"] * available
    respired = uptake - p["biomass_decay"]
    overflow = respired - p["growth_respiration"] * uptake - p["maintenance"]
    return {
        "ident-cue": p["biomass_decay"] / uptake,
        "ident-overflow": 100 * overflow / respired,
        "ident-resp": 1000 * 86400 * biomass * respired,
    }


# --- Series to keep ---------------------------------------------------------------------------


def thin(
    runs: Iterable[xr.Dataset], every: int = 5, around: tuple[int, int] = (5, 15)
) -> xr.Dataset:
    """Return mean and standard deviation of the series of several seeds, on fewer days.

    Parameters
    ----------
    runs : iterable of Dataset
        One scenario, several seeds: of `soilnb.pore.simulate`, or selected from an ensemble.
    every : int
        Days between those that are kept.
    around : tuple of two ints
        Days before and after each pulse within which all are kept.

    Returns
    -------
    Dataset
        Over ``statistic`` (``mean``, ``sd``) and ``time``: pools and exposed shares of the day,
        fluxes and CUE as means of the days since the one before.
    """
    runs = [single(run) for run in runs]
    if not runs:
        raise InputError("runs = []: allowed at least one run")
    days = _kept_days(runs[0], every, around)
    about = {"seeds": [int(run.attrs["seed"]) for run in runs]}
    with xr.set_options(keep_attrs=True):
        thinned = [_on_days(run, days) for run in runs]
        seeds = xr.concat(thinned, "seed", combine_attrs="drop_conflicts")
        mean = seeds.mean("seed")
        spread = seeds.std("seed", ddof=1) if len(runs) > 1 else mean * math.nan
        both = xr.concat([mean, spread], "statistic")
    return both.assign_coords(statistic=["mean", "sd"]).assign_attrs(about)


def _kept_days(run: xr.Dataset, every: int, around: tuple[int, int]) -> np.ndarray:
    last = int(run.time[-1])
    kept = {*range(0, last + 1, every), last}
    for one in json.loads(run.attrs["pulses"]):
        kept |= set(range(int(one["day"]) - around[0], int(one["day"]) + around[1] + 1))
    return np.array(sorted(day for day in kept if 0 <= day <= last), float)


def _on_days(run: xr.Dataset, days: np.ndarray) -> xr.Dataset:
    found = {}
    for name, (unit, _, _) in SERIES.items():
        if name == "CUE" or unit.endswith("d-1"):
            total = run[name].fillna(0).cumsum("time").sel(time=days)
            found[name] = (total.diff("time") / total.time.diff("time")).reindex(time=days)
        else:
            found[name] = run[name].sel(time=days)
        found[name] = found[name].assign_attrs(run[name].attrs)
    return xr.Dataset(found, attrs=run.attrs)
