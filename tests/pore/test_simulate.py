"""Whole runs: what must be true of nature on every day, and of files, seeds and bad input."""

import errno
import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from soilnb.kernels import diffusion, reaction
from soilnb.parameters import InputError
from soilnb.pore import Run, Scenario, State, motion, simulate, simulate_ensemble
from soilnb.pore.chemistry import Chemistry
from soilnb.pore.diagnostics import (
    CELLS,
    FIELDS,
    SERIES,
    carbon_residual,
    nitrogen_residual,
    respiration,
    total_carbon,
    total_nitrogen,
)
from soilnb.pore.files import CheckpointWarning, OutputError
from soilnb.pore.simulate import warm_up

#: A texture without the large particles, so that small domains hold all classes.
FINE = {"share_1_2": 40, "share_2_6": 20, "share_6_20": 40, "share_20_63": 0, "share_63_200": 0}
BUSY = Scenario(
    "busy",
    pulses=({"day": 5}, {"day": 30, "cn": 10}, {"day": 60, "rate": 3.6}),
    parameters=FINE | {"biomass_cells": 600, "pom_interval": 1},
)


def small(scenario=BUSY, **options):
    options = {"shape": (32, 36), "days": 20, "initial_steps": 10, "progress": False} | options
    return simulate(scenario, **options)


@pytest.fixture(scope="module")
def long_run():
    return small(days=200, snapshots=(0, 100, 200))


# Budgets --------------------------------------------------------------------------------------


def relative_residuals(data):
    carbon = total_carbon(data).max() + data.C_CO2.max()
    nitrogen = total_nitrogen(data).max() + data.N_leak.max()
    return (
        float(abs(carbon_residual(data)).max() / carbon),
        float(abs(nitrogen_residual(data)).max() / nitrogen),
    )


def test_carbon_and_nitrogen_are_conserved_over_200_days_of_motion(long_run):
    assert float(long_run.moved.sel(time=slice(1, None)).min()) > 0.1
    assert float(long_run.R_root.sum()) > 1
    assert float(long_run.R_POM.sum()) > 1
    assert float(long_run.C_Nec_new[-1]) > 0.05
    assert max(relative_residuals(long_run)) < 1e-12


def test_every_pool_changes_by_its_fluxes(long_run):
    d = long_run
    change = {
        "C_B": d.f_U - respiration(d) - d.f_BD - d.f_release,
        "C_Nec": d.f_BD - d.f_Nec,
        "C_POM": d.R_POM - d.f_POM,
        "C_S": d.f_POM + d.f_Nec + d.R_root + d.f_release - d.f_U,
        "C_CO2": respiration(d),
        "N_B": d.f_N - (d.f_BD + d.f_release) / 10,
        "N_Nec": d.f_BD / 10 - d.f_Nec_N,
        "N_POM": d.R_POM_N - d.f_POM_N,
        "N_S": d.f_POM_N + d.f_Nec_N + d.R_root_N + d.f_release / 10 - d.f_N - d.R_leak,
        "N_leak": d.R_leak,
    }
    for name, expected in change.items():
        found = d[name].diff("time")
        scale = float(abs(d[name]).max())
        np.testing.assert_allclose(found, expected.isel(time=slice(1, None)), atol=1e-12 * scale)


def test_necromass_is_what_was_there_and_what_was_made(long_run):
    np.testing.assert_allclose(
        long_run.C_Nec, long_run.C_Nec_initial + long_run.C_Nec_new, rtol=1e-14
    )
    assert float(long_run.C_Nec_new[0]) == 0
    assert (long_run.C_Nec_initial.diff("time") <= 0).all()


def test_efficiency_and_ratios_follow_from_the_fluxes(long_run):
    d = long_run.isel(time=slice(1, None))
    fed = d.f_U > 0
    np.testing.assert_allclose(
        d.CUE.where(fed, drop=True), (1 - respiration(d) / d.f_U).where(fed, drop=True)
    )
    np.testing.assert_allclose(d.R_G, 0.26 * d.f_U)
    np.testing.assert_allclose(long_run.N_B, long_run.C_B / 10)
    np.testing.assert_allclose(long_run.N_POM, long_run.C_POM / 100)
    assert math.isnan(long_run.CUE[0])
    for name in ("exposed_POM", "exposed_Nec"):
        assert ((d[name] >= 0) & (d[name] <= 1)).all()


def check_state(state):
    """What must hold of any state."""
    for name in ("c_s", "n_s", "c_b", "c_nec", "c_pom"):
        values = getattr(state, name)
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    assert not ((state.solid > 0) & (state.organic > 0)).any()
    for name in ("c_s", "n_s", "c_b"):
        assert not getattr(state, name)[state.occupied].any()
    assert ((state.kind > 0) == (state.organic > 0)).all()
    assert (state.c_pom[state.kind != 1] == 0).all()
    assert (state.c_nec[(state.kind < 2) & ~state.biomass] == 0).all()
    assert (state.c_b[state.biomass] >= 0.0016 * (1 - 1e-12)).all()


@given(
    seed=st.integers(0, 2**31),
    porosity=st.floats(0.35, 0.7),
    scenario=st.sampled_from(["reference", "static", "cn10", "ten_pulses", "pom_cn10", BUSY]),
    gate=st.sampled_from(["on", "with_gluing", "off"]),
    reaction=st.sampled_from(["frozen_biomass", "full"]),
    order=st.sampled_from(["motion_first", "chemistry_first"]),
    displaced=st.sampled_from(["expel", "swap"]),
    living=st.sampled_from(["kept", "decays"]),
    as_pore=st.sampled_from(["on", "off"]),
    decay=st.sampled_from([0.0096, 0.1]),
)
@settings(max_examples=15)
def test_any_small_soil_is_conserved_and_never_negative(
    seed, porosity, scenario, gate, reaction, order, displaced, living, as_pore, decay
):
    changes = FINE | {
        "porosity": porosity,
        "gate": gate,
        "reaction": reaction,
        "order": order,
        "displaced": displaced,
        "living_necromass": living,
        "biomass_as_pore": as_pore,
        "biomass_cells": 600,
        "decay_pom": decay,
        "decay_necromass": decay,
    }
    run = Run(scenario, seed=seed, shape=(24, 28), days=30, initial_steps=3, parameters=changes)
    run.begin()
    voxels = np.bincount(run.state.solid.ravel())
    reactive = run.state.reactive.sum()
    for _ in range(run.days):
        try:
            run.step()
        except InputError as refused:  # the densest soils may have no room for a fresh particle
            assume("is placed" not in str(refused))
            raise
        check_state(run.state)
        np.testing.assert_array_equal(np.bincount(run.state.solid.ravel()), voxels)
        assert run.state.reactive.sum() == reactive
    assert max(relative_residuals(run.dataset())) < 1e-13


# What a soil does ------------------------------------------------------------------------------


def test_a_static_soil_moves_nothing():
    data = small(movement=False, days=40, snapshots=range(0, 41, 10))
    assert (data.solid == data.solid[0]).all()
    assert (data.reactive == data.reactive[0]).all()
    assert (data.moved[1:] == 0).all()
    first = data.organic[0] > 0
    for number in np.unique(data.organic[0])[1:]:
        later = data.organic.isel(snapshot=-1) == number
        assert not (later & ~first).any()  # organic particles only shrink where they are


def test_an_isolated_pore_without_microbes_keeps_its_carbon():
    state = walled_soil()
    state.c_s[2, 2:5], state.n_s[2, 2:5] = (1e-3, 4e-3, 7e-3), (1e-4, 0, 0)
    data = simulate("static", days=10, initial=state, progress=False, snapshots=[10])
    assert data.c_s[0, 2, 2:5].sum() == pytest.approx(12e-3, rel=1e-14)
    np.testing.assert_allclose(data.c_s[0, 2, 2:5], 4e-3, rtol=1e-9)
    left = 1e-4 * math.exp(-1e-4 * 240)
    assert float(data.n_s[0, 2, 2:5].sum()) == pytest.approx(left, rel=1e-12)
    assert (data.C_CO2[1:] > 0).all()  # the microbes elsewhere live on their own


def walled_soil(shape=(12, 14)):
    """A block of minerals with two closed pores: one with a triple of microbes, one without."""
    state = State.empty(shape, np.random.default_rng(0))
    state.solid[:] = 1
    state.solid[2, 2:5] = 0
    state.solid[7:10, 7:10] = 0
    state.size_class = np.array([0, 4], np.int8)
    state.c_b[8, 7:10] = 0.06336
    return state


def test_starving_microbes_last_22_days():
    """ln(0.06336 / 0.0016) / (k_BD + k_M), and what dies becomes necromass and solution."""
    data = simulate("static", days=30, initial=walled_soil(), progress=False)
    alive = data.biomass_cells > 0
    lasted = math.log(0.06336 / 0.0016) / (1.9e-6 * 86400)
    assert float(data.time[alive][-1]) == pytest.approx(lasted, abs=1)
    assert float(data.C_Nec_new[-1]) == pytest.approx(
        float(data.C_B[0]) * 1.6 / 1.9 * (1 - 0.0016 / 0.06336), rel=0.02
    )


def test_fast_diffusion_makes_a_pore_uniform():
    state = walled_soil()
    state.c_b[:] = 0
    state.c_b[2, 2:5] = 0.06336
    state.c_s[7:10, 7:10] = np.arange(9).reshape(3, 3) * 1e-3
    data = simulate(
        "static",
        days=1,
        initial=state,
        parameters={"diffusion": 1e-5},
        progress=False,
        snapshots=[1],
    )
    np.testing.assert_allclose(data.c_s[0, 7:10, 7:10], 4e-3, rtol=1e-6)


def soil_with_a_particle(reactive):
    state = walled_soil()
    state.organic[7, 8] = state.kind[7, 8] = 1
    state.c_pom[7, 8] = 0.48
    state.next_organic = 2
    state.reactive[2, 6, 8] = reactive  # the mineral edge above the particle
    return state


@pytest.mark.parametrize(
    ("gate", "reactive", "decays"), [("on", 1, True), ("on", 0, False), ("off", 0, True)]
)
def test_the_gate_decides_whether_organic_matter_decays(gate, reactive, decays):
    data = simulate(
        "static",
        days=3,
        initial=soil_with_a_particle(reactive),
        parameters={"gate": gate},
        progress=False,
    )
    lost = float(data.C_POM[0] - data.C_POM[-1])
    if decays:
        # three of four sides are open; the microbes add their share to the basal rate
        biomass = float(data.C_B.integrate("time")) / 0.07293
        expected = float(data.C_POM[0]) * -math.expm1(-0.0096 * 0.75 * (0.5 * 3 + biomass))
        assert lost == pytest.approx(expected, rel=0.01)
    else:
        assert lost == 0
    assert float(data.exposed_POM[0]) == 0.75


@pytest.mark.parametrize(("binds", "score"), [("off", 0), ("on", 10)])
def test_gluing_spots_hold_to_microbes_only_when_told(binds, score):
    state = State.empty((12, 12), np.random.default_rng(0))
    state.solid[5, 5] = 1
    state.size_class = np.array([0, 0], np.int8)
    state.glue[1, 5, 5] = 1  # its right side
    state.c_b[5, 6] = 0.05
    offsets, scores = motion.attractivity(state, state.solid == 1, {"biomass_binds": binds})
    assert scores[0] == score
    assert np.isnan(scores[(offsets == (0, 1)).all(axis=1)]).all()  # it bars the way in any case


def test_exposed_shares_of_a_run_are_those_of_its_state():
    run = Run(BUSY, shape=(32, 36), initial_steps=10).begin()
    for _ in range(15):
        run.step()
        for name, share in motion.exposed_shares(run.state, run.parameters).items():
            assert run.series[name][run.state.day] == pytest.approx(share, rel=1e-12, nan_ok=True)


def rotated(state):
    """The state turned by 90 degrees, sides included."""
    turned = state.copy()
    for name in ("solid", "organic", "kind", "c_s", "n_s", "c_b", "c_nec", "c_pom"):
        setattr(turned, name, np.rot90(getattr(state, name)).copy())
    for name in ("reactive", "glue", "age"):
        sides = getattr(state, name)
        # turning to the left takes right to up, down to right, left to down, up to left
        setattr(turned, name, np.stack([np.rot90(sides[k]) for k in (1, 2, 3, 0)]))
    return turned


def test_chemistry_of_a_turned_soil_is_the_turned_chemistry():
    run = Run(BUSY, shape=(24, 30), initial_steps=5, parameters={"biomass_max": 1.0}).begin()
    for _ in range(3):
        run.step()
    one, other = run.state.copy(), rotated(run.state)
    for _ in range(3):
        fluxes = [Chemistry(state, run.parameters).day(state) for state in (one, other)]
        for name, amount in fluxes[0].items():
            assert fluxes[1][name] == pytest.approx(amount, rel=1e-9, abs=1e-15)
    for name in ("c_s", "n_s", "c_b", "c_nec", "c_pom"):
        np.testing.assert_allclose(
            getattr(other, name), np.rot90(getattr(one, name)), rtol=1e-9, atol=1e-18
        )


def test_the_soil_of_the_paper_weighs_what_the_paper_says():
    data = simulate(days=0, initial_steps=0, progress=False).isel(time=0)
    assert data.attrs["dry_mass_ug"] == pytest.approx(0.3475, abs=2e-4)
    assert float(data.C_POM) == pytest.approx(6.243, rel=1e-3)
    assert float(data.C_Nec) == pytest.approx(2.607, rel=1e-3)
    assert float(data.C_B) == pytest.approx(0.1575, rel=1e-3)
    assert data.attrs["mg_per_g_voxel"] == pytest.approx(0.01151, rel=1e-3)
    assert float(total_carbon(data) - data.C_B) / 10 == pytest.approx(0.89, rel=0.02)
    assert float(total_nitrogen(data)) / 10 == pytest.approx(0.034, rel=0.02)


# Inputs -----------------------------------------------------------------------------------------


def test_a_pulse_by_mass_brings_its_mass_on_its_day():
    data = small(Scenario("p", pulses=({"day": 7, "mass": 0.5, "cn": 20},), parameters=FINE))
    assert float(data.R_root.sel(time=7)) == pytest.approx(0.5, rel=1e-12)
    assert float(data.R_root_N.sel(time=7)) == pytest.approx(0.025, rel=1e-12)
    assert float(data.R_root.sum()) == pytest.approx(0.5, rel=1e-12)


def test_a_pulse_by_rate_brings_the_printed_rate_to_every_open_voxel_of_the_line():
    scenario = Scenario("p", pulses=({"day": 1, "rate": 3.6},), movement=False, parameters=FINE)
    data = small(scenario, days=1, snapshots=(0,), parameters={"biomass_cells": 0})
    open_line = int((data.cell[0, :, data.sizes["x"] // 2] == CELLS["pore"]).sum())
    # 3.6 µg h-1 cm-2 from 4 µm2 over a day
    grams = open_line * 3.6e-6 * 4e-8 * 24
    assert float(data.R_root[1]) == pytest.approx(
        1e3 * grams / (data.attrs["dry_mass_ug"] * 1e-6), rel=1e-9
    )
    assert float(data.R_root[1] / data.R_root_N[1]) == pytest.approx(40)


def test_a_pulse_into_a_closed_line_goes_to_the_nearest_pores():
    state = walled_soil()
    assert (state.solid[:, 7] == 0).any()
    state.solid[:, 7] = 1
    state.c_b[:, 7] = 0
    scenario = Scenario("p", pulses=({"day": 1, "mass": 0.1},), movement=False)
    data = simulate(scenario, days=1, initial=state, progress=False)
    assert float(data.R_root[1]) == pytest.approx(0.1, rel=1e-12)
    assert max(relative_residuals(data)) < 1e-14


def test_organic_matter_comes_at_the_same_mass_per_gram_in_any_domain():
    long = simulate(
        "static",
        days=200,
        shape=(40, 40),
        initial_steps=0,
        parameters=FINE | {"biomass_cells": 0, "decay_pom": 0},
        progress=False,
    )
    # 0.0829 mg g-1 every ten days; one particle of this domain is due every 390 days
    assert float(long.R_POM.sum()) in (0, pytest.approx(15 * 0.48 * long.attrs["mg_per_g_voxel"]))
    large = simulate("static", days=20, initial_steps=0, progress=False)
    assert [float(large.R_POM.sel(time=t)) for t in (10, 20)] == pytest.approx(
        [0.0829] * 2, rel=1e-3
    )
    assert float(large.R_POM.sum()) == pytest.approx(2 * 0.0829, rel=1e-3)
    assert float(large.R_POM_N.sum()) == pytest.approx(float(large.R_POM.sum()) / 100)


# The same numbers -------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    one, two, other = (small(snapshots=(20,), seed=seed) for seed in (1, 1, 2))
    xr.testing.assert_identical(one, two)
    assert not one.equals(other)


@pytest.mark.parametrize("movement", [True, False])
@pytest.mark.parametrize("stop", [10, 13])
def test_a_resumed_run_is_the_same_to_the_last_bit(tmp_path, movement, stop):
    options = {"movement": movement, "parameters": {"decay_pom": 0.1, "decay_necromass": 0.1}}
    whole = small(days=30, snapshots=(0, 10, 30), **options)
    file = tmp_path / "run.npz"
    small(days=stop, snapshots=(0, 10), checkpoint=file, checkpoint_every=5, **options)
    resumed = small(days=30, snapshots=(0, 10, 30), resume=file, **options)
    xr.testing.assert_identical(resumed.drop_attrs(), whole.drop_attrs())


def test_a_checkpoint_is_refused_by_another_run(tmp_path):
    file = tmp_path / "run.npz"
    small(days=4, checkpoint=file)
    for changes, named in (
        ({"parameters": {"uptake_rate": 2e-5}}, "uptake_rate = 1.6e-05, this run has 2e-05"),
        ({"seed": 5}, "seed = 0, this run has 5"),
        ({"preset": "documented"}, "fine_min = 1.0, this run has 2.0"),
        ({"movement": False}, "movement = True, this run has False"),
        ({"initial_steps": 11}, "initial_steps = 10, this run has 11"),
    ):
        with pytest.raises(InputError, match=named):
            small(resume=file, **changes)
    with pytest.raises(InputError, match=r"days = 3: allowed 4 or more"):
        small(days=3, resume=file)
    with pytest.raises(InputError, match=r"snapshots = \[2\]: allowed days after 4"):
        small(resume=file, snapshots=(2,))


def test_other_files_are_no_checkpoints(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        small(resume=tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no checkpoint")
    np.savez(tmp_path / "array.npz", a=1)
    small(days=2, checkpoint=tmp_path / "cut.npz")
    whole = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    for name in ("text", "array", "cut"):
        with pytest.raises(InputError, match="allowed a file that a run has written"):
            small(resume=tmp_path / f"{name}.npz")


# Files ------------------------------------------------------------------------------------------


def test_a_result_on_disk_is_the_one_in_memory(tmp_path):
    file = tmp_path / "run.nc"
    here = small(snapshots=(0, 7, 20))
    with small(snapshots=(0, 7, 20), output=file) as there:
        xr.testing.assert_equal(here, there.load())
        assert there.attrs["parameters"] == here.attrs["parameters"]
        assert there.cell.attrs == here.cell.attrs
    assert [path.name for path in tmp_path.iterdir()] == ["run.nc"]


def test_a_resumed_run_finds_its_snapshots_on_disk(tmp_path, monkeypatch):
    file, check = tmp_path / "run.nc", tmp_path / "run.npz"

    def stop(day):
        if day == 12:
            raise KeyboardInterrupt

    options = {"snapshots": (0, 8, 11, 20), "output": file, "checkpoint": check}
    with pytest.raises(KeyboardInterrupt):
        small(progress=stop, checkpoint_every=10, **options)
    with small(resume=check, **options) as resumed:
        xr.testing.assert_equal(resumed.load(), small(snapshots=(0, 8, 11, 20)))


def test_snapshots_do_not_pile_up_in_memory(tmp_path, monkeypatch):
    from soilnb.pore import files

    held = []
    add = files.Snapshots.add

    def watch(self, day, fields):
        add(self, day, fields)
        held.append(len(self.memory))

    monkeypatch.setattr(files.Snapshots, "add", watch)
    small(snapshots=range(21), output=tmp_path / "run.nc").close()
    assert held == [0] * 21


def full_disk(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_checkpoint_and_the_run_goes_on(tmp_path, monkeypatch):
    file = tmp_path / "run.npz"
    small(days=10, checkpoint=file, checkpoint_every=10)
    before = file.read_bytes()
    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.warns(CheckpointWarning, match=r"of day 20: No space left on device; the run"):
        data = small(days=20, resume=file, checkpoint=file, checkpoint_every=10)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    xr.testing.assert_identical(data, small(days=20))


def test_a_full_disk_at_the_end_loses_nothing_that_was_computed(tmp_path, monkeypatch):
    file = tmp_path / "run.nc"
    monkeypatch.setattr(xr.Dataset, "to_netcdf", full_disk)
    with pytest.raises(OutputError, match=r"run.nc: No space left on device; snap") as failure:
        small(snapshots=(0, 20), output=file)
    xr.testing.assert_identical(failure.value.dataset, small())
    assert not file.exists()
    assert len(list((tmp_path / "run.nc.parts").glob("day-*.npz"))) == 2


def test_an_older_result_survives_a_full_disk(tmp_path, monkeypatch):
    file = tmp_path / "run.nc"
    file.write_bytes(b"older")
    monkeypatch.setattr(xr.Dataset, "to_netcdf", full_disk)
    with pytest.raises(OSError, match="No space left"):
        small(output=file)
    assert file.read_bytes() == b"older"


# The Dataset ------------------------------------------------------------------------------------


def test_every_variable_says_what_it_is(long_run):
    assert set(SERIES) | set(FIELDS) == set(long_run.data_vars)
    for name in SERIES:
        assert long_run[name].dims == ("time",)
        assert {"units", "symbol", "long_name"} <= set(long_run[name].attrs)
    for name in FIELDS:
        assert long_run[name].dims == ("snapshot", "y", "x")
        assert {"units", "long_name"} <= set(long_run[name].attrs)
    assert long_run.snapshot.values.tolist() == [0, 100, 200]
    np.testing.assert_array_equal(long_run.time, np.arange(201))
    assert long_run.y.values[:2].tolist() == [1, 3]  # µm, centres of the voxels


def test_the_result_says_how_it_was_made(long_run):
    about = long_run.attrs
    assert about["seed"] == 0
    assert about["preset"] == "default"
    assert about["scenario"] == "busy"
    assert about["initial_steps"] == 10
    assert json.loads(about["parameters"])["share_1_2"] == 40
    assert json.loads(about["parameters"])["gate"] == "on"
    assert len(json.loads(about["pulses"])) == 3
    assert about["soilnb_version"]
    assert len(about["code"]) == 16


def test_day_zero_is_the_state_before_anything_turned_over(long_run):
    first = long_run.isel(time=0)
    for name in ("f_U", "f_N", "f_POM", "f_Nec", "f_BD", "R_G", "R_M", "R_O", "R_leak"):
        assert float(first[name]) == 0
    for name in ("R_root", "R_POM", "C_CO2", "N_leak"):
        assert float(first[name]) == 0
    assert float(first.C_S) == pytest.approx(
        1e-5 * int((first.cell[0] != 1).sum() - (first.cell[0] % 5 > 1).sum())
        * long_run.attrs["mg_per_g_voxel"]
    )  # fmt: skip


def test_a_scenario_that_is_cut_short_says_so_once(capsys):
    data = simulate("ten_pulses", days=210, shape=(24, 24), parameters=FINE | {"biomass_cells": 0})
    printed = capsys.readouterr().err
    assert printed.count("note: scenario ten_pulses is cut short at day 210") == 1
    assert "no pulse on day 215, 220" in data.attrs["notes"]
    assert float(data.R_root.sum()) == pytest.approx(3 * 0.77, rel=1e-9)
    small()
    assert capsys.readouterr().err == ""


def test_a_callable_hears_of_every_day():
    days = []
    small(days=5, progress=days.append)
    assert days == [1, 2, 3, 4, 5]


def test_a_run_can_be_stepped_by_hand():
    run = Run(BUSY, shape=(32, 36), days=20, initial_steps=10).begin()
    for _ in range(20):
        run.step()
    xr.testing.assert_identical(run.dataset(), small())
    run.step()  # beyond its end: the state goes on, the record stays
    assert run.state.day == 21
    xr.testing.assert_identical(run.dataset(), small())


def test_solving_the_biomass_too_changes_its_growth_by_less_than_five_percent():
    first = small(days=0, snapshots=(0,))
    grown = {}
    for how in ("frozen_biomass", "full"):
        data = small(days=3, parameters={"reaction": how})
        grown[how] = float((data.f_U - respiration(data)).sum())
    assert grown["frozen_biomass"] == pytest.approx(grown["full"], rel=0.05)
    assert grown["frozen_biomass"] != grown["full"]
    assert float(first.C_B[0]) > 0


# Ensembles --------------------------------------------------------------------------------------


def test_whatever_a_run_may_call_is_compiled_beforehand(monkeypatch):
    met, names = set(), {"hours", "spread", "prune", "settle", "dissolve", "split", "refactorize"}

    def noted(name, compiled):
        return lambda *some: met.add(name) or compiled(*some)

    for name in names:
        kernels = diffusion if name == "refactorize" else reaction
        monkeypatch.setattr(kernels, name, noted(name, getattr(kernels, name)))
    warm_up()
    assert met == names


def test_an_ensemble_in_processes_is_made_of_single_runs(two_processes):
    data = simulate_ensemble(
        [BUSY, "static"], (3, 1), jobs=2, progress=False, days=6, shape=(32, 36),
        initial_steps=5, parameters=FINE, snapshots=(6,),
    )  # fmt: skip
    assert data.C_B.dims == ("scenario", "seed", "time")
    assert data.scenario.values.tolist() == ["busy", "static"]
    assert data.seed.values.tolist() == [3, 1]
    for scenario, seed in ((BUSY, 1), ("static", 3)):
        name = scenario if isinstance(scenario, str) else scenario.name
        one = small(scenario, seed=seed, days=6, initial_steps=5, parameters=FINE, snapshots=(6,))
        xr.testing.assert_equal(data.sel(scenario=name, seed=seed, drop=True), one)
    assert json.loads(data.attrs["movement"]) == {"busy": 1, "static": 0}
    here = simulate_ensemble(
        [BUSY, "static"], (3, 1), jobs=1, progress=False, days=6, shape=(32, 36),
        initial_steps=5, parameters=FINE, snapshots=(6,),
    )  # fmt: skip
    xr.testing.assert_identical(here, data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seeds": ()}, "seeds"),
        ({"seeds": (1, 1)}, "each only once"),
        ({"scenarios": []}, "scenarios"),
        ({"scenarios": ["reference", "reference"]}, "each only once"),
        ({"scenarios": ["reference", "nothing"]}, "unknown scenario"),
        ({"output": "x.nc"}, "allowed in a single run"),
        ({"jobs": 0}, "jobs = 0"),
        ({"parameters": {"porosity": 2}}, "porosity = 2"),
    ],
)
def test_an_ensemble_refuses_nonsense_before_it_runs(arguments, message):
    with pytest.raises(InputError, match=message):
        simulate_ensemble(**{"days": 1, "progress": False, **arguments})


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scenario": "refrence"}, "unknown scenario 'refrence' (did you mean 'reference'?)"),
        ({"scenario": 3}, "unknown scenario 3; valid: reference"),
        ({"scenario": "none.toml"}, "scenario file none.toml: No such file"),
        ({"preset": "defualt"}, "unknown preset 'defualt' (did you mean 'default'?)"),
        ({"parameters": {"porosty": 0.4}}, "unknown parameter"),
        ({"parameters": {"porosity": 1.2}}, "porosity = 1.2: allowed 0.2 to 0.95"),
        ({"parameters": {"porosity": math.nan}}, "porosity = nan is not finite"),
        ({"parameters": {"gate": "ajar"}}, "unknown choice of gate 'ajar'"),
        ({"parameters": [1]}, "parameters = [1]"),
        ({"parameters": {"cn_necromass": 8}}, "cn_necromass = 8: allowed the C/N ratio of biomass"),
        ({"days": -1}, "days = -1: allowed 0 to"),
        ({"days": 2.5}, "days = 2.5: allowed whole numbers"),
        ({"days": math.inf}, "days = inf is not finite"),
        ({"shape": (250,)}, "shape = (250,)"),
        ({"shape": (64, 3)}, "shape = 3"),
        ({"shape": (20, 20)}, "take a larger domain or another texture"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": "a"}, "seed = 'a' is not a number"),
        ({"snapshots": [501]}, "snapshot = 501: allowed 0 to 500"),
        ({"snapshots": [0.5]}, "snapshot = 0.5: allowed whole numbers"),
        ({"initial_steps": -3}, "initial_steps = -3"),
        ({"checkpoint_every": 0}, "checkpoint_every = 0"),
        ({"output": "/no/such/folder/run.nc"}, "output = '/no/such/folder/run.nc'"),
        ({"checkpoint": "/no/such/folder/run.npz"}, "checkpoint = '/no/such/folder/run.npz'"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, message):
    with pytest.raises(InputError) as error:
        simulate(**{"progress": False, **arguments})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.c_s.__setitem__((2, 2), -1.0), "c_s = -1; allowed values >= 0"),
        (lambda s: s.n_s.__setitem__((2, 2), math.nan), "n_s has NaN or infinite values"),
        (lambda s: s.c_pom.__setitem__((0, 0), math.inf), "c_pom has NaN or infinite values"),
        (lambda s: s.c_s.__setitem__((0, 0), 1.0), "c_s > 0 in occupied voxels"),
        (lambda s: s.c_b.__setitem__((0, 0), 1.0), "c_b > 0 in occupied voxels"),
        (lambda s: s.solid.__setitem__(..., 0), "no mineral voxels"),
    ],
)
def test_an_impossible_state_is_refused(change, message):
    state = walled_soil()
    change(state)
    with pytest.raises(InputError) as error:
        simulate("static", initial=state, progress=False)
    assert message in str(error.value)


def test_what_diffusion_rounds_below_zero_is_no_fault():
    """A state of a long run may hold such a value; its checkpoint is whole."""
    state = walled_soil()
    place = tuple(np.argwhere(state.open)[0])
    state.c_s[place] = -5e-324
    simulate("static", days=1, initial=state, progress=False)
    state.c_s[place] = -1e-300
    with pytest.raises(InputError, match="c_s = -1e-300; allowed values >= 0"):
        simulate("static", days=1, initial=state, progress=False)


def test_an_initial_state_is_not_changed():
    state = walled_soil()
    before = state.copy().to_arrays()
    simulate("static", days=2, initial=state, progress=False)
    after = state.to_arrays()
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)
    with pytest.raises(InputError, match="allowed the shape of the run"):
        simulate("static", initial=state, shape=(32, 32), progress=False)
