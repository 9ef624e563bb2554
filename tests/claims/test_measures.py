"""Each measure is read off series whose answer is known by construction."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.claims import measures
from soilnb.claims.measures import (
    by_seed,
    identities,
    mean_over_seeds,
    measure,
    measure_ensemble,
    pores,
    single,
    thin,
)
from soilnb.parameters import InputError
from soilnb.pore.diagnostics import CELLS, SERIES
from soilnb.pore.parameters import resolve

K = 3.92e-4


def run(days=500, **series):
    """One run with constant series, but for those that are given (a number or one value a day)."""
    plain = {"C_B": 0.015, "C_Nec": 2.8, "C_POM": 7.0, "C_S": 0.12, "N_S": 0.0025, "f_U": 1.0}
    data = {}
    for name in SERIES:
        values = np.broadcast_to(series.get(name, plain.get(name, 0.0)), days + 1).astype(float)
        data[name] = ("time", values.copy())
    attrs = {"seed": 0, "preset": "default", "ny": 250, "nx": 250, "voxel_um": 2.0}
    attrs |= {"parameters": json.dumps({"half_saturation": K}), "dry_mass_ug": 0.3475}
    attrs |= {"pulses": json.dumps([{"day": 200.0, "mass": None, "rate": None, "cn": 40}])}
    return xr.Dataset(data, coords={"time": np.arange(days + 1.0)}, attrs=attrs)


def on(days, *spans, base=0.0):
    """A series: `base`, and (first, last, value) for some days."""
    values = np.full(days + 1, float(base))
    for first, last, value in spans:
        values[first : last + 1] = value
    return values


# --- start and equilibrium ---------------------------------------------------------------------


def test_the_start_is_read_at_day_0_and_toc_is_without_biomass():
    first = {"C_B": 0.158, "C_Nec": 2.61, "C_POM": 6.24, "C_S": 0.002}
    first |= {"N_B": 0.0158, "N_Nec": 0.261, "N_POM": 0.0624, "N_S": 0.0002}
    data = run(0, **first)
    found = measure({"reference": data})
    assert found["toc0"] == pytest.approx((2.61 + 6.24 + 0.002) / 10)  # 1 mg g-1 is 0.1 %
    assert found["ton0"] == pytest.approx((0.0158 + 0.261 + 0.0624 + 0.0002) / 10)
    assert found["pom0-c-share"] == pytest.approx(100 * 6.24 / 9.01)
    assert found["pom0-n-share"] == pytest.approx(100 * 0.0624 / 0.3394)
    assert (found["pom0"], found["nec0"], found["bio0"]) == (6.24, 2.61, 0.158)
    assert found["dry-mass"] == 0.3475


def test_the_dry_mass_is_that_of_the_papers_domain_only():
    assert "dry-mass" not in measure({"reference": run(0).assign_attrs(ny=128)})


def test_the_equilibrium_is_the_mean_of_the_days_that_the_paper_names():
    # every series is wrong outside its own days, so a window that is off by one shows
    biomass = on(250, (75, 199, 0.02), base=9.0)
    dissolved = on(250, (25, 199, 0.1), base=9.0)
    nitrogen = on(250, (25, 199, 0.002), base=9.0)
    settled = {name: on(250, (75, 199, 1.0), base=50.0) for name in ("C_Nec", "N_Nec", "C_POM")}
    respired = {"R_G": on(250, (75, 199, 0.001), base=7.0), "R_M": 0.0005}
    overflow = on(250, (75, 199, 0.0025), base=7.0)
    found = measure(
        {
            "reference": run(
                250,
                C_B=biomass,
                C_S=dissolved,
                N_S=nitrogen,
                N_B=0.002,
                N_POM=0.02,
                R_O=overflow,
                CUE=on(250, (100, 199, 0.3), base=-5.0),
                exposed_POM=on(250, (75, 199, 0.12), base=1.0),
                exposed_Nec=on(250, (75, 199, 0.11), base=1.0),
                **settled,
                **respired,
            )
        }
    )
    carbon = 0.02 + 1.0 + 1.0 + 0.1
    expected = {
        "bio-eq": 0.02,
        "bio-share": 100 * 0.02 / carbon,
        "doc-eq": 0.1,
        "ns-eq": 0.002,
        "cn-solution": 50,
        "nec-eq": 1.0,
        "nec-c-share": 100 / carbon,
        "nec-n-share": 100 / (1.0 + 0.002 + 0.02 + 0.002),
        "resp-eq": 4.0,  # µg
        "overflow-share": 62.5,
        "cue-eq": 0.3,
        "exposed-pom": 0.12,
        "exposed-nec": 0.11,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


# --- the pulse ---------------------------------------------------------------------------------


def pulsed(days=500, **changes):
    """A pulse that biomass answers: it grows until day 207 and comes back by decay."""
    growth = on(days, (200, 207, 0.02), base=0.004)  # f_BD is 0.004: steady before
    overflow = on(days, (202, 202, 0.035), (251, 251, 1.0), base=0.005)
    series = {
        "C_B": on(days, (200, 300, 0.03), (208, 208, 0.07), (250, 250, 0.06), base=0.015),
        "CUE": on(days, (199, 199, 0.9), (201, 201, 0.58), (251, 251, 0.9), base=0.3),
        "f_U": growth + 0.004 + 0.001 + overflow,
        "R_G": 0.004,
        "R_M": 0.001,
        "R_O": overflow,
        "f_BD": on(days, (208, 208, 0.0224), base=0.004),
        "f_Nec": on(days, (205, 209, 0.004), (220, 220, 0.009), base=0.002),
        "R_leak": on(days, (200, 200, 5e-5), base=5e-6),
    }
    return run(days, **(series | changes))


def test_the_peaks_after_a_pulse():
    found = measure({"reference": pulsed(300)})
    assert (found["cue-peak"], found["cue-peak-day"]) == (0.58, 201)  # not those of 199 and 251
    assert found["resp-peak"] == pytest.approx(40)
    assert (found["bio-peak"], found["bio-peak-day"]) == (0.07, 9)
    assert found["grow-days"] == 8
    assert found["fbd-ratio"] == pytest.approx(5.6)
    assert found["fnec-ratio"] == pytest.approx(2)  # one wild day counts a fifth
    assert found["n-leak"] == pytest.approx(10)


def test_biomass_that_never_stops_growing_grows_all_days():
    found = measure({"reference": pulsed(300, f_U=9.0)})
    assert found["grow-days"] == 101


@pytest.mark.parametrize(
    ("carbon", "nitrogen", "back"), [(0.12, 0.0025, 1), (0.16, 0.0025, 0), (0.12, 0.004, 0)]
)
def test_the_solution_is_back_when_carbon_and_nitrogen_are_in_their_range_before(
    carbon, nitrogen, back
):
    wave = 1 + 0.1 * np.sin(np.arange(301))  # what comes back is in the range, not at the mean
    found = measure(
        {
            "reference": pulsed(
                300,
                C_S=wave * on(300, (0, 99, 0.9), (200, 240, 0.8), (241, 300, carbon), base=0.12),
                N_S=wave * on(300, (200, 240, 0.02), (241, 300, nitrogen), base=0.0025),
            )
        }
    )
    assert found["back-50"] == back


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("after", "dips"), [(0.24, 1), (0.3, 0)])
def test_a_dip_of_cue_is_told_from_the_scatter_of_days(after, dips, seed):
    scatter = 0.03 * np.random.default_rng(seed).standard_normal(301)
    cue = scatter + on(300, (201, 201, 0.6), (215, 240, after), base=0.3)
    assert cue[202:301].min() < cue[100:200].mean()  # single days do fall below
    assert measure({"reference": pulsed(300, CUE=cue)})["cn40-dip"] == dips


def test_a_cue_without_scatter_that_only_comes_back_does_not_dip():
    cue = on(300, (201, 210, 0.6), base=0.3)
    assert measure({"reference": pulsed(300, CUE=cue)})["cn40-dip"] == 0


def test_a_dip_has_recovered_when_its_ten_day_mean_is_near_the_old_level_again():
    dipped = on(500, (201, 201, 0.6), (211, 230, 0.2), base=0.3)
    runs = {"reference": pulsed(500, CUE=dipped), "cn100": pulsed(500, CUE=dipped)}
    # nine of ten days at the old level and one in the dip make 0.97 of it, two make 0.93, three
    # make 0.9: the ten-day mean is within a tenth on day 237 at the latest
    found = measure(runs)
    assert 236 <= found["recovery-cn40"] + 199 <= 238
    for_ever = on(500, (201, 201, 0.6), (211, 500, 0.2), base=0.3)
    runs["reference"] = pulsed(500, CUE=for_ever)
    assert measure(runs)["recovery-cn40"] == 301
    runs["reference"] = pulsed(500, CUE=on(500, (201, 210, 0.6), base=0.3))
    assert "recovery-cn40" not in measure(runs)  # nothing to recover from


def test_cue_is_down_again_when_its_five_day_mean_is():
    cue = on(300, (200, 230, 0.6), (231, 300, 0.299), base=0.3)
    assert measure({"cn22": pulsed(300, CUE=cue)})["recovery-cn22"] == 235 - 199


def test_the_soil_that_changes_more_from_day_to_day_fluctuates_more():
    waves = np.sin(np.arange(200.0))
    calm = dict.fromkeys(("C_S", "N_S", "C_B"), 1 + 0.1 * waves)
    wild = dict.fromkeys(calm, 1 + 0.2 * waves)
    for reference, static, expected in ((wild, calm, 1), (calm, wild, 0)):
        runs = {"reference": run(199, **reference), "static": run(199, **static)}
        assert measure(runs)["fluctuation"] == expected
    mixed = {"reference": run(199, **wild | {"C_B": 1.0}), "static": run(199, **calm)}
    assert measure(mixed)["fluctuation"] == 0


def test_ten_pulses_are_compared_with_one_of_nitrogen_rich_exudates():
    ten = pulsed(500, C_Nec_new=3.46, C_CO2=9.02, CUE=on(500, base=0.3))
    one = pulsed(500, C_Nec_new=2.0, C_CO2=2.67, CUE=on(500, (200, 250, 0.5), base=0.3))
    found = measure({"ten_pulses": ten, "cn10": one})
    assert found["ten-nec-rise"] == pytest.approx(73)
    assert found["ten-co2-rise"] == pytest.approx(100 * (9.02 / 2.67 - 1))
    assert found["ten-cue"] == 1
    assert measure({"ten_pulses": one, "cn10": ten})["ten-cue"] == 0


def test_pores_of_different_cn_are_patchy():
    even, uneven = np.ones((4, 10)), np.ones((4, 10))
    uneven[:2] = 5.0
    made = {}
    for name, carbon in (("even", even), ("uneven", uneven)):
        made[name] = snapshots(MAP, carbon)
        made[name]["n_s"] = xr.ones_like(made[name]["c_s"])
    assert measure({"reference": made["even"], "static": made["uneven"]})["patchiness"] == 1
    assert measure({"reference": made["uneven"], "static": made["even"]})["patchiness"] == 0


def test_the_end_counts_all_carbon_and_shares_include_what_was_respired():
    found = measure({"reference": run(500, C_B=0.02, C_Nec=3.0, C_POM=7.0, C_S=0.58, C_CO2=3.4)})
    assert found["toc-end"] == pytest.approx(1.06)
    assert found["co2-share"] == pytest.approx(100 * 3.4 / 14)


# --- without motion ----------------------------------------------------------------------------


def test_static_against_dynamic():
    dynamic = run(500, C_B=on(500, (210, 210, 0.08), base=0.02), C_S=0.1, N_S=0.002)
    # the largest ratio of ten days counts in days 180-350 only; one wild day counts a tenth
    dissolved = on(500, (0, 179, 5.0), (300, 309, 0.7), (320, 320, 3.0), (351, 500, 8.0), base=0.4)
    static = run(
        500,
        C_B=on(500, (0, 179, 1.0), (220, 220, 0.04), base=0.006),
        C_S=dissolved,
        N_S=on(500, (351, 500, 0.04), base=0.01),
        C_Nec=2.0,
        C_Nec_new=0.6,
        C_POM=6.0,
        C_CO2=on(500, (500, 500, 1.994), base=1.0),
    )
    found = measure({"reference": dynamic, "static": static})
    assert found["static-bio"] == pytest.approx(0.3)
    assert found["static-peak"] == pytest.approx(0.5)
    assert found["static-doc"] == pytest.approx(7)
    assert found["static-ns"] == pytest.approx(5)
    assert found["static-doc-end"] == pytest.approx(80)
    assert found["static-ns-end"] == pytest.approx(20)
    assert found["static-toc"] == pytest.approx(1.6006)
    assert found["static-co2"] == pytest.approx(1.994)
    assert found["static-doc-share"] == pytest.approx(100 * 8 / 18)
    assert found["static-nec"] == pytest.approx(100 * 0.6 / 18)


# --- quality and amount ------------------------------------------------------------------------


def decaying(days, rate, top=0.115):
    """Biomass that rises on day 210 to `top` above 0.015 and comes back exponentially."""
    time = np.arange(days + 1.0)
    return 0.015 + np.where(time < 210, 0, top * np.exp(-rate * np.maximum(time - 210, 0)))


def test_the_days_until_biomass_is_back_to_a_tenth_above():
    rate = 0.05  # back when 0.115 exp(-rate t) = 0.0015
    expected = math.ceil(210 + math.log(0.115 / 0.0015) / rate) - 199
    found = measure({"cn10": run(500, C_B=decaying(500, rate))})
    assert found["return-cn10"] == expected
    found = measure({"cn100": run(350, C_B=decaying(350, rate))})
    assert found["return-cn100"] == expected


def test_biomass_that_does_not_come_back_counts_all_days_of_a_whole_run_only():
    assert measure({"cn10": run(500, C_B=decaying(500, 1e-4))})["return-cn10"] == 301
    assert "return-cn10" not in measure({"cn10": run(400, C_B=decaying(400, 1e-4))})


@pytest.mark.parametrize(("overflow", "vanished"), [(0.09, 1), (0.11, 0)])
def test_overflow_vanishes_below_a_tenth_of_respiration(overflow, vanished):
    respired = {"R_G": 1 - overflow, "R_O": on(300, (205, 250, overflow), base=3.0)}
    assert measure({"cn10": run(300, **respired)})["cn10-overflow"] == vanished
    respired["R_O"] = on(300, (75, 199, overflow), base=3.0)
    found = measure({"reference": run(300), "pom_cn10": run(300, **respired)})
    assert found["pom-cn10-overflow"] == vanished


def test_what_a_pulse_of_cn10_leaves_behind():
    data = run(
        500,
        CUE=on(500, (202, 202, 0.68), (220, 290, 0.5), base=0.3),
        R_G=on(500, (200, 200, 0.028), base=0.001),
        f_BD=on(500, (0, 200, 9.0), base=0.004),
        C_CO2=np.linspace(0, 2.5, 501),
        C_Nec=3.0,
        C_Nec_new=1.5,
        C_POM=6.865,
    )
    found = measure({"cn10": data})
    assert found["cue-peak-cn10"] == 0.68
    assert found["cn10-plateau"] == pytest.approx(0.5)
    assert found["resp-peak-cn10"] == pytest.approx(28)
    assert found["nec-new-cn10"] == pytest.approx(1.2)  # 300 days after day 200
    assert found["co2-cn10-late"] == pytest.approx(1.5)
    assert found["co2-cn10"] == pytest.approx(2.5)
    assert found["store-cn10"] == pytest.approx(10)
    assert found["nec-toc-cn10"] == pytest.approx(15)


def test_cn100_and_cn22():
    data = run(
        500,
        CUE=on(500, (201, 201, 0.47), (220, 260, 0.2), base=0.3),
        R_O=on(500, (201, 201, 0.03), base=0.002),
        f_BD=0.002,
        C_CO2=on(500, (201, 500, 2.4), base=0.1),
    )
    found = measure({"cn100": data, "cn22": run(250, CUE=on(250, (203, 203, 0.61)))})
    assert found["cue-peak-cn100"] == 0.47
    assert found["resp-peak-cn100"] == pytest.approx(30)
    assert found["cn100-dip"] == 1
    assert found["nec-new-cn100"] == pytest.approx(0.6)
    assert found["co2-cn100-late"] == pytest.approx(2.3)
    assert found["cue-peak-cn22"] == 0.61


@pytest.mark.parametrize(
    ("peaks", "holds"), [((0.68, 0.61, 0.58, 0.47), 1), ((0.68, 0.57, 0.58, 0.47), 0)]
)
def test_the_order_of_the_peaks(peaks, holds):
    names = ("cn10", "cn22", "reference", "cn100")
    runs = {n: run(250, CUE=on(250, (201, 201, p))) for n, p in zip(names, peaks, strict=True)}
    assert measure(runs)["cue-order"] == holds


@pytest.mark.parametrize(("lowest", "least"), [(1, 1), (0, 0)])
def test_who_respires_least_and_who_keeps_least_pom(lowest, least):
    respired = dict.fromkeys(("reference", "cn22", "cn100", "static"), 3.0) | {"ten_pulses": 9.0}
    respired |= {"cn10": 2.6 if lowest else 3.1, "static": 1.2}  # the static run does not count
    pom = dict.fromkeys(respired, 8.0) | {"ten_pulses": 6.7 if least else 8.1}
    runs = {n: run(500, C_CO2=respired[n], C_POM=pom[n]) for n in respired}
    found = measure(runs)
    assert found["co2-cn10-lowest"] == lowest
    assert found["ten-pom-least"] == least


def test_ten_pulses_and_the_third():
    ten = run(
        500,
        C_B=on(500, (340, 340, 0.24), base=0.02),
        C_Nec=4.0,
        C_Nec_new=3.2,
        C_POM=6.7,
        C_S=0.28,
        C_CO2=9.0,
    )
    found = measure(
        {
            "ten_pulses": ten,
            "reference": run(500, C_B=on(500, (209, 209, 0.08), base=0.02)),
            "cn10": run(500, C_B=on(500, (240, 240, 0.2), (301, 301, 0.9), base=0.02)),
        }
    )
    assert found["ten-co2"] == 9
    assert found["ten-toc"] == pytest.approx(1.1)
    assert found["ten-share"] == pytest.approx(45)
    assert found["ten-nec"] == pytest.approx(3.2)
    assert found["ten-pom"] == pytest.approx(6.7)
    assert found["third-ten"] == pytest.approx(1 / 3)
    assert found["third-cn10"] == pytest.approx(0.4)


def test_pom_rich_in_nitrogen_against_the_reference():
    runs = {
        "reference": run(500, C_Nec_new=1.0, C_B=on(500, (75, 199, 0.02), base=0.5)),
        "pom_cn10": run(500, C_Nec_new=1.5, C_B=on(500, (75, 199, 0.06), base=0.5), R_G=1.0),
    }
    found = measure(runs)
    assert found["pom-cn10-biomass"] == pytest.approx(3)
    assert (found["pom-cn10-overflow"], found["pom-cn10-necromass"]) == (1, 1)


# --- snapshots ---------------------------------------------------------------------------------


def snapshots(cell, c_s, days=(195,)):
    """A run of 200 days with fields: `cell` as letters, `c_s` as one map a day."""
    codes = {"#": CELLS["mineral"], ".": CELLS["pore"], "b": CELLS["biomass"]}
    codes["o"] = CELLS["particulate organic matter"]
    cells = np.array([[codes[letter] for letter in row] for row in cell], np.int8)
    c_s = np.broadcast_to(c_s, (len(days), *cells.shape))
    fields = {"cell": (("snapshot", "y", "x"), np.stack([cells] * len(days)))}
    fields["c_s"] = (("snapshot", "y", "x"), c_s)
    coords = {"snapshot": np.array(days, float)}
    return run(200).assign(fields).assign_coords(coords)


# a large pore with microbes across the left and right border; one without; a small one with
MAP = ["..######..", "..#..##b##", "b.#o######", "#########."]


def test_pores_connect_across_the_borders_and_know_their_microbes():
    c_s = np.zeros((4, 10))
    c_s[1, 3], c_s[1, 4], c_s[1, 7] = K, 3 * K, K / 4
    c_s[0, 0] = 9 * K
    table = pores(snapshots(MAP, c_s), 195)
    # around the corner: rows 0 and 3 touch, columns 0 and 9 too
    assert table.voxels.tolist() == [9, 2, 1]
    assert table.biomass_voxels.tolist() == [1, 0, 1]
    assert table.kind.tolist() == ["large", "empty", "large"]  # 5 % of 12 voxels is less than one
    assert table.availability.tolist() == pytest.approx([0.9 / 9, (0.5 + 0.75) / 2, 0.2])


def wide(c_s_isolated, c_s_large, c_s_empty):
    """A domain with one large pore, one small pore with microbes and one without."""
    cell = [["#"] * 20 for _ in range(12)]
    for y in range(4):
        cell[y] = ["."] * 20
    cell[1][1] = "b"
    cell[6][3] = "b"
    cell[6][4] = "."
    cell[9][9] = cell[9][10] = "."
    c_s = np.zeros((12, 20))
    c_s[:4] = c_s_large
    c_s[6, 3:5] = c_s_isolated
    c_s[9, 9:11] = c_s_empty
    return snapshots(["".join(row) for row in cell], c_s)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((0.3, 0.6, 0.95), (1, 1, 1)),
        ((0.5, 0.6, 0.95), (0, 1, 1)),
        ((0.3, 0.8, 0.95), (1, 0, 1)),
        ((0.3, 0.2, 0.95), (1, 0, 1)),
        ((0.3, 0.6, 0.85), (1, 1, 0)),
    ],
)
def test_where_carbon_is_available(levels, expected):
    concentrations = [K * level / (1 - level) for level in levels]  # availability c / (c + K)
    found = measure({"reference": wide(*concentrations)})
    names = ("avail-isolated", "avail-large", "avail-empty")
    assert tuple(found[name] for name in names) == expected


def test_availability_says_nothing_where_a_kind_of_pore_is_missing():
    found = measure({"reference": snapshots(["..#", "b.#", "###"], K)})
    assert "avail-large" not in found


def test_the_reach_of_exudates_is_their_mean_distance_from_the_line():
    # 20 columns, the line is column 10; the torus closes at column 0
    before, after = np.full((2, 20), 1e-5), np.full((2, 20), 1e-5)
    after[:, 10] += 6.0
    after[:, 12] += 3.0
    after[:, 1] += 1.0  # 9 columns away, not 9 the other way round
    data = snapshots(["." * 20] * 2, np.stack([before, after]), days=(199, 200))
    found = measure({"reference": data})
    assert found["exudate-reach"] == pytest.approx(2 * (0.3 * 2 + 0.1 * 9))
    assert found["exudate-reach-95"] == 18
    after[:, 1] -= 0.6  # now 4 % are that far
    data = snapshots(["." * 20] * 2, np.stack([before, after]), days=(199, 200))
    assert measure({"reference": data})["exudate-reach-95"] == 4


# --- all of them -------------------------------------------------------------------------------


def test_what_needs_longer_runs_or_other_scenarios_is_left_out():
    def ids(**runs):
        return set(measure({name: run(days) for name, days in runs.items()}))

    assert ids() == set()
    start = ids(reference=0)
    equilibrium = ids(reference=199)
    assert ids(reference=198) == start < equilibrium
    assert ids(reference=299) == equilibrium < ids(reference=300) < ids(reference=500)
    assert ids(reference=199, static=198) == equilibrium
    assert ids(reference=199, static=199) - equilibrium == {"static-bio", "fluctuation"}
    assert ids(static=499) == set()
    assert "cue-order" not in ids(reference=500, cn10=500, cn22=500)
    assert "cue-order" in ids(reference=500, cn10=500, cn22=500, cn100=250)


def test_a_soil_without_life_gives_numbers_or_nothing():
    dead = dict.fromkeys(("C_B", "f_U", "C_S", "N_S"), 0.0) | {"CUE": math.nan}
    runs = {name: run(500, **dead) for name in ("reference", "static", "cn10", "cn100")}
    found = measure(runs)
    assert all(math.isfinite(value) for value in found.values())
    assert found["bio-eq"] == 0
    assert not {"cue-eq", "cue-peak", "static-bio", "static-doc", "fbd-ratio"} & set(found)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_shares_are_shares_whatever_the_series(seed):
    rng = np.random.default_rng(seed)
    positive = {n: rng.lognormal(size=501) for n in SERIES if n != "CUE"}
    positive["C_Nec_new"] = positive["C_Nec"] * rng.uniform(size=501)
    positive["C_CO2"] = np.cumsum(positive["C_CO2"])
    runs = {n: run(500, **positive, CUE=rng.uniform(size=501)) for n in ("reference", "static")}
    found = measure(runs)
    for name, value in found.items():
        assert math.isfinite(value)
        if "share" in name:
            assert 0 <= value <= 100, name
        if name in measures.STATEMENTS:
            assert value in (0, 1)
    # a run compared with itself
    for name in ("static-bio", "static-peak", "static-doc", "static-ns", "static-doc-end"):
        assert found[name] == pytest.approx(1)
    assert 10 * found["static-toc"] * found["co2-share"] / (100 - found["co2-share"]) == (
        pytest.approx(found["static-co2"])
    )


def test_runs_of_another_seed_or_preset_are_refused():
    with pytest.raises(InputError, match="unknown scenario 'statik'"):
        measure({"statik": run(0)})
    with pytest.raises(InputError, match=r"differ in seed \(reference 0, static 1\)"):
        measure({"reference": run(0), "static": run(0).assign_attrs(seed=1)})
    with pytest.raises(InputError, match="differ in preset"):
        measure({"reference": run(0), "static": run(0).assign_attrs(preset="literal")})


def test_a_real_run_has_what_is_measured():
    from soilnb.pore.simulate import simulate

    data = simulate(
        days=2, shape=(72, 72), initial_steps=2, snapshots=(0, 2), seed=3, progress=False
    )
    found = measure({"reference": data})
    voxels = (data["cell"].sel(snapshot=0) == CELLS["particulate organic matter"]).sum()
    assert found["pom0"] == pytest.approx(0.48 * float(voxels) * data.attrs["mg_per_g_voxel"])
    table = pores(data, 2)
    assert table.voxels.sum() == np.isin(data["cell"].sel(snapshot=2), [0, 5]).sum()
    assert table.biomass_voxels.sum() == float(data.biomass_cells[-1])
    thinned = thin([data, data])
    assert thinned["C_POM"].attrs["units"] == "mg g-1"
    assert thinned["f_U"].isel(time=0).isnull().all()  # no day before


SMALL = {"days": 3, "shape": (72, 72), "initial_steps": 2, "snapshots": (3,), "progress": False}


@pytest.fixture(scope="module")
def ensemble():
    from soilnb.pore import simulate_ensemble

    return simulate_ensemble(["reference", "pom_cn10"], (3, 4), jobs=1, **SMALL)


@pytest.fixture(scope="module")
def alone():
    from soilnb.pore import simulate

    return [simulate("pom_cn10", seed=seed, **SMALL) for seed in (3, 4)]


def test_an_ensemble_gives_the_runs_of_its_seeds(ensemble, alone):
    runs = by_seed(ensemble)
    assert [list(one) for one in runs] == [["reference", "pom_cn10"]] * 2
    for one, same in zip(runs, alone, strict=True):
        xr.testing.assert_identical(one["pom_cn10"].drop_attrs(), same.drop_attrs())
        for name in ("seed", "scenario", "preset", "pulses", "parameters", "movement", "ny"):
            assert one["pom_cn10"].attrs[name] == same.attrs[name]
    assert single(alone[0]) is alone[0]
    assert single(ensemble) is ensemble  # nothing was selected


def test_what_is_selected_from_an_ensemble_can_be_measured_like_a_run(ensemble, alone):
    rich = ensemble.sel(scenario="pom_cn10")
    found, expected = pores(rich.isel(seed=1), 3), pores(alone[1], 3)
    assert found.equals(expected)
    thinned = thin(rich.sel(seed=seed) for seed in (3, 4))
    same = thin(alone)
    xr.testing.assert_equal(thinned, same)
    assert json.loads(thinned.attrs["parameters"])["cn_pom"] == 10
    assert thinned.attrs["seeds"] == same.attrs["seeds"] == [3, 4]


def test_an_ensemble_is_measured_seed_by_seed(ensemble):
    table = measure_ensemble(ensemble)
    by_hand = mean_over_seeds([measure(runs) for runs in by_seed(ensemble)])
    assert table.equals(by_hand)
    carbon = ensemble.sel(scenario="reference")["C_POM"].isel(time=0)
    assert table.loc["pom0", "value"] == pytest.approx(float(carbon.mean()))
    assert (table["n"] == 2).all()


# --- seeds -------------------------------------------------------------------------------------


def test_the_mean_over_seeds_has_its_spread_and_count():
    table = mean_over_seeds([{"bio-eq": 1.0, "doc-eq": 5.0}, {"bio-eq": 2.0}, {"bio-eq": 6.0}])
    assert table.index.tolist() == ["bio-eq", "doc-eq"]
    assert table.loc["bio-eq"].tolist() == pytest.approx([3, 3, math.sqrt(7), 3])
    assert table.loc["doc-eq", ["value", "mean", "n"]].tolist() == [5, 5, 1]
    assert math.isnan(table.loc["doc-eq", "spread"])


@pytest.mark.parametrize(
    ("seeds", "value", "mean"), [((1, 1, 0), 1, 2 / 3), ((1, 0, 0), 0, 1 / 3), ((1, 0), 0, 0.5)]
)
def test_a_statement_holds_when_it_holds_for_more_than_half_of_the_seeds(seeds, value, mean):
    row = mean_over_seeds([{"cue-order": float(holds)} for holds in seeds]).loc["cue-order"]
    assert (row["value"], row["mean"]) == (value, pytest.approx(mean))


def test_equal_seeds_have_no_spread():
    table = mean_over_seeds([{"toc0": 0.1 + 0.2}, {"toc0": 0.3}, {"toc0": 0.3}])
    assert table.loc["toc0", "spread"] == 0


def test_no_seeds_are_refused():
    with pytest.raises(InputError, match="at least one seed"):
        mean_over_seeds([])
    with pytest.raises(InputError, match="at least one run"):
        thin([])


# --- identities --------------------------------------------------------------------------------


def test_the_printed_parameters_give_the_printed_equilibrium():
    found = identities(resolve())
    assert round(found["ident-cue"], 3) == 0.289
    assert round(found["ident-overflow"]) == 56
    assert round(found["ident-resp"], 1) == 5.1


@given(
    st.floats(0.3, 0.99),
    st.floats(0.01, 0.5),
)
def test_the_identities_close_the_budget_of_a_steady_biomass(available, biomass):
    found = identities(resolve(), available, biomass)
    day = 86400
    uptake = 1000 * day * 1.6e-5 * available * biomass  # µg g-1 d-1
    decay = 1000 * day * 1.6e-6 * biomass
    assert uptake - found["ident-resp"] == pytest.approx(decay)
    assert 1 - found["ident-resp"] / uptake == pytest.approx(found["ident-cue"])
    overflow = found["ident-resp"] * found["ident-overflow"] / 100
    rest = 0.26 * uptake + 1000 * day * 0.3e-6 * biomass
    assert overflow + rest == pytest.approx(found["ident-resp"])


# --- thinned series ----------------------------------------------------------------------------


def test_thinned_series_keep_sums_of_fluxes_and_values_of_pools():
    rng = np.random.default_rng(5)
    seeds = [
        run(
            300,
            f_U=np.r_[0, rng.uniform(size=300)],
            C_B=rng.uniform(size=301),
            CUE=np.r_[math.nan, rng.uniform(size=300)],
        ).assign_attrs(seed=seed)
        for seed in (0, 1)
    ]
    thinned = thin(seeds)
    days = thinned.time.values
    assert set(days) == {*range(0, 301, 5), *range(195, 216)}
    both = np.stack([data.f_U.values for data in seeds])
    kept = thinned.f_U.sel(statistic="mean").values[1:] * np.diff(days)
    assert kept.sum() == pytest.approx(both.mean(0).sum())
    assert kept[:1].sum() == pytest.approx(both.mean(0)[1:6].sum())
    pools = np.stack([data.C_B.sel(time=days) for data in seeds])
    np.testing.assert_allclose(thinned.C_B.sel(statistic="mean"), pools.mean(0))
    np.testing.assert_allclose(thinned.C_B.sel(statistic="sd"), pools.std(0, ddof=1))
    cue = np.stack([data.CUE.values[1:6] for data in seeds]).mean()
    assert float(thinned.CUE.sel(statistic="mean", time=5)) == pytest.approx(cue)
    assert thinned.attrs["seeds"] == [0, 1]
    assert "seed" not in thinned.attrs


def test_one_seed_has_no_spread():
    assert thin([run(20)]).C_B.sel(statistic="sd").isnull().all()


@pytest.mark.parametrize("days", [1, 5, 30, 31])
def test_means_are_those_of_a_rolling_window(days):
    values = np.random.default_rng(1).random((30, 2))
    values[17, 1] = np.nan
    series = xr.DataArray(values, {"time": np.arange(30.0)}, ["time", "seed"], attrs={"units": "1"})
    found = measures.series.means(series, days)
    table = series.to_pandas().rolling(days).mean()
    np.testing.assert_allclose(found, table, rtol=1e-13)
    assert found.attrs == {"units": "1"}
