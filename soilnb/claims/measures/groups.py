"""One function for each group of numbers: what it reads off the series of the runs it takes."""

import numpy as np
import xarray as xr

from soilnb.claims.measures.series import (
    BEFORE,
    BIOMASS_PEAK_END,
    CUE_SETTLED,
    END,
    FLUX_PEAK_END,
    PULSE,
    SETTLED,
    SOLUTION_SETTLED,
    at,
    day_of_largest,
    days_until_back,
    days_until_recovered,
    dips,
    largest,
    mean,
    means,
    overflow_share,
    percent_of_all_carbon,
    ratio,
    span,
)  # fmt: skip
from soilnb.pore.diagnostics import respiration, total_carbon, total_nitrogen

#: Overflow respiration below this share of all respiration has vanished.
VANISHED = 0.1


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
    dissolved_c = mean(run.C_S, SOLUTION_SETTLED)
    dissolved_n = mean(run.N_S, SOLUTION_SETTLED)
    return {
        "bio-eq": mean(run.C_B, SETTLED),
        "bio-share": 100 * mean(run.C_B / carbon, SETTLED),
        "doc-eq": dissolved_c,
        "ns-eq": dissolved_n,
        "cn-solution": ratio(dissolved_c, dissolved_n),
        "nec-eq": mean(run.C_Nec, SETTLED),
        "nec-c-share": 100 * mean(run.C_Nec / carbon, SETTLED),
        "nec-n-share": 100 * mean(run.N_Nec / total_nitrogen(run), SETTLED),
        "resp-eq": 1000 * mean(respiration(run), SETTLED),
        "overflow-share": 100 * overflow_share(run, SETTLED, BEFORE),
        "cue-eq": mean(run.CUE, CUE_SETTLED),
        "exposed-pom": mean(run.exposed_POM, SETTLED),
        "exposed-nec": mean(run.exposed_Nec, SETTLED),
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
    gain = span(run.f_U - respiration(run) - run.f_BD, PULSE, BIOMASS_PEAK_END)
    losing = gain.time[gain <= 0]
    necromass_decay = means(run.f_Nec, 5)
    return {
        "cue-peak": largest(run.CUE),
        "cue-peak-day": day_of_largest(run.CUE),
        "resp-peak": 1000 * largest(respiration(run)),
        "grow-days": float(losing[0]) - PULSE if losing.size else float(gain.size),
        "bio-peak-day": day_of_largest(run.C_B, BIOMASS_PEAK_END) - BEFORE,
        "bio-peak": largest(run.C_B, BIOMASS_PEAK_END),
        "fbd-ratio": ratio(largest(run.f_BD), mean(run.f_BD, SETTLED)),
        "fnec-ratio": ratio(
            float(span(necromass_decay, PULSE + 4, FLUX_PEAK_END).max()),
            mean(run.f_Nec, SETTLED),
        ),
        "n-leak": ratio(largest(run.R_leak), mean(run.R_leak, SOLUTION_SETTLED)),
        "back-50": float(_is_back(run.C_S) and _is_back(run.N_S)),
        "cn40-dip": dips(run.CUE),
    }


def _is_back(dissolved: xr.DataArray) -> bool:
    fives = means(dissolved, 5)
    return at(fives, PULSE + 50) <= float(span(fives, CUE_SETTLED + 4).max())


def end(reference: xr.Dataset) -> dict[str, float]:
    """Measure the carbon that is stored on day 500, and what was respired (Sect. 3.1, 3.4)."""
    return {
        "toc-end": at(total_carbon(reference), END) / 10,
        "co2-share": percent_of_all_carbon(reference.C_CO2, reference, END),
        "store-end": percent_of_all_carbon(total_carbon(reference), reference, END),
    }


def static_before(reference: xr.Dataset, static: xr.Dataset) -> dict[str, float]:
    """Measure what motion does to biomass before the pulse, days 180 to 199 (Sect. 3.2, Fig. 8)."""
    return {"static-bio": ratio(mean(static.C_B, 180), mean(reference.C_B, 180))}


def static_pulse(reference: xr.Dataset, static: xr.Dataset) -> dict[str, float]:
    """Measure what motion does to the solution and to the peak of biomass (Sect. 3.2).

    The ratios of dissolved carbon and nitrogen are the largest of ten-day means in days 180 to
    350, the days that Fig. 8 shows.
    """
    peaks = [largest(run.C_B, BIOMASS_PEAK_END) for run in (static, reference)]
    return {
        "static-doc": float(span(_ratio_of_tens(static.C_S, reference.C_S), 189, 350).max()),
        "static-ns": float(span(_ratio_of_tens(static.N_S, reference.N_S), 189, 350).max()),
        "static-peak": ratio(*peaks),
    }


def _ratio_of_tens(one: xr.DataArray, other: xr.DataArray) -> xr.DataArray:
    return means(one, 10) / means(other.where(other > 0), 10)


def static_solution_end(reference: xr.Dataset, static: xr.Dataset) -> dict[str, float]:
    """Measure what motion does to the solution in the end, days 491 to 500."""
    return {
        "static-doc-end": at(_ratio_of_tens(static.C_S, reference.C_S), END),
        "static-ns-end": at(_ratio_of_tens(static.N_S, reference.N_S), END),
    }


def static_end(static: xr.Dataset) -> dict[str, float]:
    """Measure the run without motion on day 500 (Sect. 3.2, 3.4).

    Shares are of all carbon, in the soil and respired, as in Fig. 11.
    """
    return {
        "static-toc": at(total_carbon(static), END) / 10,
        "static-co2": at(static.C_CO2, END),
        "static-doc-share": percent_of_all_carbon(static.C_S, static, END),
        "static-nec": percent_of_all_carbon(static.C_Nec_new, static, END),
    }


def cn10_pulse(cn10: xr.Dataset) -> dict[str, float]:
    """Measure the pulse of exudates rich in nitrogen (Sect. 3.3, 4.2)."""
    return {
        "cue-peak-cn10": largest(cn10.CUE),
        "resp-peak-cn10": 1000 * largest(respiration(cn10)),
        "cn10-plateau": mean(cn10.CUE, 220, 290),
        "cn10-overflow": float(overflow_share(cn10, 205, 250) < VANISHED),
    }


def cn22_pulse(cn22: xr.Dataset) -> dict[str, float]:
    """Measure the pulse of exudates of C/N 22 (Sect. 3.3)."""
    return {"cue-peak-cn22": largest(cn22.CUE)}


def cn100_pulse(cn100: xr.Dataset) -> dict[str, float]:
    """Measure the pulse of exudates poor in nitrogen (Sect. 3.3, 4.2)."""
    return {
        "cue-peak-cn100": largest(cn100.CUE),
        "resp-peak-cn100": 1000 * largest(respiration(cn100)),
        "cn100-dip": dips(cn100.CUE),
    }


def cn10_return(cn10: xr.Dataset) -> dict[str, float]:
    """Measure the days until biomass is back to 1.1 times its mean of days 75 to 199."""
    days = days_until_back(cn10)
    return {} if days is None else {"return-cn10": days}


def cn100_return(cn100: xr.Dataset) -> dict[str, float]:
    """Measure the days until biomass is back to 1.1 times its mean of days 75 to 199."""
    days = days_until_back(cn100)
    return {} if days is None else {"return-cn100": days}


def _after_the_pulse(run: xr.Dataset) -> tuple[float, float]:
    """Return biomass turned into necromass, and carbon respired, from day 200 to day 500."""
    died = float(span(run.f_BD, PULSE + 1, END).sum())
    return died, at(run.C_CO2, END) - at(run.C_CO2, PULSE)


def cn10_end(cn10: xr.Dataset) -> dict[str, float]:
    """Measure what exudates rich in nitrogen leave behind (Sect. 3.3, 3.4, 4.3)."""
    died, respired = _after_the_pulse(cn10)
    stored = at(total_carbon(cn10), END)
    return {
        "nec-new-cn10": died,
        "co2-cn10-late": respired,
        "co2-cn10": at(cn10.C_CO2, END),
        "store-cn10": stored,
        "nec-toc-cn10": 100 * at(cn10.C_Nec_new, END) / stored,
    }


def cn100_end(cn100: xr.Dataset) -> dict[str, float]:
    """Measure what exudates poor in nitrogen leave behind (Sect. 3.3)."""
    died, respired = _after_the_pulse(cn100)
    return {"nec-new-cn100": died, "co2-cn100-late": respired}


def order_of_peaks(
    cn10: xr.Dataset, cn22: xr.Dataset, reference: xr.Dataset, cn100: xr.Dataset
) -> dict[str, float]:
    """Measure whether the peaks of CUE fall with the C/N ratio of the exudates (Sect. 3.3)."""
    peaks = [largest(run.CUE) for run in (cn10, cn22, reference, cn100)]
    return {"cue-order": float(all(np.diff(peaks) < 0))}


def lowest_respiration(cn10: xr.Dataset, *others: xr.Dataset) -> dict[str, float]:
    """Measure whether C/N 10 respires least of the runs in which particles move (Sect. 3.4)."""
    least = min(at(run.C_CO2, END) for run in others)
    return {"co2-cn10-lowest": float(at(cn10.C_CO2, END) < least)}


def ten_pulses_end(ten_pulses: xr.Dataset) -> dict[str, float]:
    """Measure ten pulses on day 500 (Sect. 3.4)."""
    run = ten_pulses
    return {
        "ten-co2": at(run.C_CO2, END),
        "ten-toc": at(total_carbon(run), END) / 10,
        "ten-share": percent_of_all_carbon(run.C_CO2, run, END),
        "ten-nec": at(run.C_Nec_new, END),
        "ten-pom": at(run.C_POM, END),
    }


def least_pom(ten_pulses: xr.Dataset, *others: xr.Dataset) -> dict[str, float]:
    """Measure whether ten pulses leave the least particulate organic matter (Sect. 3.4)."""
    least = min(at(run.C_POM, END) for run in others)
    return {"ten-pom-least": float(at(ten_pulses.C_POM, END) < least)}


def third_of_ten(reference: xr.Dataset, ten_pulses: xr.Dataset) -> dict[str, float]:
    """Measure the biomass peak of one pulse of C/N 40 against ten pulses (Sect. 3.4)."""
    highest = largest(ten_pulses.C_B, BIOMASS_PEAK_END + 50)
    return {"third-ten": ratio(largest(reference.C_B, BIOMASS_PEAK_END), highest)}


def third_of_cn10(reference: xr.Dataset, cn10: xr.Dataset) -> dict[str, float]:
    """Measure the biomass peak of a pulse of C/N 40 against one of C/N 10 (Sect. 3.4)."""
    peaks = [largest(run.C_B, BIOMASS_PEAK_END) for run in (reference, cn10)]
    return {"third-cn10": ratio(*peaks)}


def pom_equilibrium(reference: xr.Dataset, pom_cn10: xr.Dataset) -> dict[str, float]:
    """Measure the equilibrium on particulate organic matter rich in nitrogen (Appendix A5)."""
    biomass = [mean(run.C_B, SETTLED) for run in (pom_cn10, reference)]
    return {
        "pom-cn10-overflow": float(overflow_share(pom_cn10, SETTLED, BEFORE) < VANISHED),
        "pom-cn10-biomass": ratio(*biomass),
    }


def pom_end(reference: xr.Dataset, pom_cn10: xr.Dataset) -> dict[str, float]:
    """Measure whether it makes more necromass than the reference (Appendix A5)."""
    made = [at(run.C_Nec_new, END) for run in (pom_cn10, reference)]
    return {"pom-cn10-necromass": float(made[0] > made[1])}


# What the text says besides ----------------------------------------------------------------


def recovery_of_poor(reference: xr.Dataset, cn100: xr.Dataset) -> dict[str, float]:
    """Measure the days until CUE is back from its dip, C/N 40 and 100 (Sect. 3.3)."""
    return {
        "recovery-cn40": days_until_recovered(reference.CUE),
        "recovery-cn100": days_until_recovered(cn100.CUE),
    }


def recovery_of_rich(cn22: xr.Dataset) -> dict[str, float]:
    """Measure the days from the pulse until CUE is down again, C/N 22 (Sect. 3.3).

    The five-day mean is back at the mean of days 100 to 199.
    """
    fives = span(means(cn22.CUE, 5), day_of_largest(cn22.CUE) + 4, BIOMASS_PEAK_END)
    back = fives.time[fives <= mean(cn22.CUE, CUE_SETTLED)]
    return {"recovery-cn22": float(back[0]) - BEFORE} if back.size else {}


def lowest_peak(
    cn10: xr.Dataset, cn22: xr.Dataset, reference: xr.Dataset, cn100: xr.Dataset
) -> dict[str, float]:
    """Measure whether the peak of respiration is lowest at C/N 10 (Sect. 3.3)."""
    peaks = [largest(respiration(run)) for run in (cn10, cn22, reference, cn100)]
    return {"resp-peak-order": float(peaks[0] < min(peaks[1:]))}


def static_difference(reference: xr.Dataset, static: xr.Dataset) -> dict[str, float]:
    """Measure the carbon that a soil without motion holds more on day 500 (Sect. 3.2)."""
    return {"static-difference": at(total_carbon(static) - total_carbon(reference), END)}


def fluctuation(reference: xr.Dataset, static: xr.Dataset) -> dict[str, float]:
    """Measure whether solution and biomass fluctuate more where particles move (Sect. 3.2).

    The standard deviation of the changes from day to day over the mean, days 75 to 199, of
    dissolved carbon and nitrogen and of biomass: all three must be larger.
    """
    larger = [_unrest(reference[name]) > _unrest(static[name]) for name in ("C_S", "N_S", "C_B")]
    return {"fluctuation": float(all(larger))}


def _unrest(pool: xr.DataArray) -> float:
    days = span(pool, SETTLED)
    return ratio(float(days.diff("time").std()), float(days.mean()))


def ten_against_one(cn10: xr.Dataset, ten_pulses: xr.Dataset) -> dict[str, float]:
    """Measure what ten pulses of C/N 40 give more than one of C/N 10, % (Sect. 3.4, Fig. 12d)."""
    made = ratio(at(ten_pulses.C_Nec_new, END), at(cn10.C_Nec_new, END))
    respired = ratio(at(ten_pulses.C_CO2, END), at(cn10.C_CO2, END))
    efficient = [mean(run.CUE, PULSE, FLUX_PEAK_END) for run in (ten_pulses, cn10)]
    return {
        "ten-nec-rise": 100 * (made - 1),
        "ten-co2-rise": 100 * (respired - 1),
        "ten-cue": float(efficient[0] < efficient[1]),
    }
