"""Reactions of one hour: what must hold in every voxel, and independent solutions."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.integrate import solve_ivp

from soilnb.kernels import diffusion, reaction
from soilnb.kernels.diffusion import SOLUTES

HOUR = 3600.0
# uptake rate, half saturation, growth, maintenance, death, C/N (Table 4)
TABLE4 = (1.6e-5, 3.92e-4, 0.26, 0.3e-6, 1.6e-6, 10.0)
FLUX = {name: i for i, name in enumerate(reaction.FLUXES)}

amounts = st.floats(0.0, 1.0).map(lambda x: x**4)
positive = st.floats(1e-9, 1.0)


def frozen_reference(c_s, n_s, c_b, rate, half, growth, maintenance, death, cn, dt):
    """Frozen biomass: uptake by a tight ODE solver, then the conserving form of (A2)."""
    # substrate and uptake side by side, so that a small uptake has its own digits
    solution = solve_ivp(
        lambda t, y: rate * c_b * y[0] / (y[0] + half) * np.array([-1.0, 1.0]),
        (0, dt),
        [c_s, 0.0],
        method="LSODA",
        rtol=1e-13,
        atol=1e-22,
    )
    taken = solution.y[1, -1]
    need = (taken - growth * taken - maintenance * c_b * dt) / cn
    if need <= n_s:
        overflow, n_left = 0.0, n_s - need
    else:
        overflow, n_left = cn * (need - n_s), 0.0
    respired = growth * taken + maintenance * c_b * dt + overflow
    died = death * c_b * dt
    return c_s - taken, n_left, c_b + taken - respired - died, taken, overflow


def full_reference(c_s, n_s, c_b, rate, half, growth, maintenance, death, cn, dt):
    """The whole system, in pieces between the moments when nitrogen runs out or comes back."""

    def assimilation(y):
        return (1 - growth) * rate * y[0] / (y[0] + half) * y[2] - maintenance * y[2]

    def free(t, y):
        kept = assimilation(y)
        taken = rate * y[0] / (y[0] + half) * y[2]
        return [-taken, -kept / cn, kept - death * y[2]]

    def limited(t, y):
        taken = rate * y[0] / (y[0] + half) * y[2]
        return [-taken, 0.0, -death * y[2]]

    def runs_out(t, y):
        return y[1]

    def comes_back(t, y):
        return assimilation(y)

    runs_out.terminal, runs_out.direction = True, -1
    comes_back.terminal, comes_back.direction = True, -1
    t, y = 0.0, np.array([c_s, n_s, c_b])
    for _ in range(10):
        short = y[1] <= 0 and assimilation(y) > 0
        part = solve_ivp(
            limited if short else free,
            (t, dt),
            y,
            method="Radau",
            rtol=1e-11,
            atol=1e-18,
            events=comes_back if short else runs_out,
        )
        t, y = part.t[-1], part.y[:, -1]
        if part.status == 0:
            return y
        y[1] = 0.0
    raise AssertionError("too many switches")


STATES = [
    (1e-5, 1e-6, 0.0634),  # the start
    (3e-4, 1e-5, 0.01),
    (3e-4, 1e-7, 0.01),  # short of nitrogen
    (2e-2, 5e-4, 0.2),  # the pulse
    (2e-2, 2e-3, 0.3),  # mucilage
    (1e-7, 1e-9, 0.05),  # starving
    (5e-3, 0.0, 0.002),
]


# Uptake -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("c_s", "n_s", "c_b"), STATES)
def test_frozen_step_agrees_with_an_ode_solver(c_s, n_s, c_b):
    ours = reaction.voxel_step(c_s, n_s, c_b, *TABLE4, 0, HOUR)
    expected = frozen_reference(c_s, n_s, c_b, *TABLE4, HOUR)
    np.testing.assert_allclose(
        [ours[0], ours[1], ours[2], ours[3], ours[6]], expected, rtol=1e-9, atol=1e-16
    )


@given(st.floats(-7, 0), st.floats(-5, 0), st.floats(-6, -3), st.floats(-5, -2), st.floats(1, 1e5))
@settings(max_examples=60, deadline=None)
def test_uptake_solves_its_equation(log_s, log_b, log_rate, log_half, dt):
    s0, b, rate, half = (10.0**x for x in (log_s, log_b, log_rate, log_half))
    taken = reaction.uptake(s0, b, rate, half, dt)
    assert 0 < taken <= s0
    s1 = s0 - taken
    if s1 > 1e-6 * s0:  # S1 is known well enough to be put into the equation
        left = taken - half * math.log1p(-taken / s0)
        assert left == pytest.approx(rate * b * dt, rel=1e-9)


@given(positive, positive, positive, st.floats(1.0, 1e4))
@settings(max_examples=100, deadline=None)
def test_uptake_grows_with_substrate_biomass_and_time(c_s, c_b, more, dt):
    rate, half = TABLE4[:2]
    taken = reaction.uptake(c_s, c_b, rate, half, dt)
    slack = 1 + 1e-12
    assert reaction.uptake(c_s + more, c_b, rate, half, dt) * slack >= taken
    assert reaction.uptake(c_s, c_b + more, rate, half, dt) * slack >= taken
    assert reaction.uptake(c_s, c_b, rate, half, dt * (1 + more)) * slack >= taken
    assert taken <= rate * c_b * dt * slack  # never above the largest rate


def test_nothing_is_taken_up_without_substrate_or_microbes():
    assert reaction.uptake(0.0, 0.1, 1.6e-5, 3.92e-4, HOUR) == 0
    assert reaction.uptake(0.1, 0.0, 1.6e-5, 3.92e-4, HOUR) == 0


def test_uptake_of_two_half_steps_is_that_of_one_step():
    first = reaction.uptake(1e-3, 0.1, 1.6e-5, 3.92e-4, HOUR / 2)
    second = reaction.uptake(1e-3 - first, 0.1, 1.6e-5, 3.92e-4, HOUR / 2)
    assert first + second == pytest.approx(
        reaction.uptake(1e-3, 0.1, 1.6e-5, 3.92e-4, HOUR), rel=1e-13
    )


# Stoichiometry ------------------------------------------------------------------------------


@given(amounts, amounts, amounts, st.sampled_from([0, 1, 12]), st.floats(1.0, 5000.0))
@settings(max_examples=150, deadline=None)
def test_a_voxel_conserves_carbon_and_nitrogen(c_s, n_s, c_b, substeps, dt):
    after = reaction.voxel_step(c_s, n_s, c_b, *TABLE4, substeps, dt)
    new_c, new_n, new_b, taken, growth, maintenance, overflow, dead = after
    assert min(after) >= 0
    assert taken <= c_s * (1 + 1e-15)
    carbon = c_s + c_b
    respired = growth + maintenance + overflow
    assert new_c + new_b + dead + respired == pytest.approx(carbon, rel=1e-13, abs=1e-300)
    nitrogen = n_s + c_b / 10
    # rounding is relative to the carbon that moved, a tenth of which is nitrogen
    assert new_n + (new_b + dead) / 10 == pytest.approx(
        nitrogen, rel=1e-13, abs=1e-15 * (carbon + nitrogen)
    )
    assert growth == pytest.approx(0.26 * taken)


def test_starving_microbes_mineralise_nitrogen():
    _, n_s, _, taken, _, maintenance, overflow, _ = reaction.voxel_step(
        0.0, 1e-6, 0.05, *TABLE4, 0, HOUR
    )
    assert taken == overflow == 0
    assert n_s == pytest.approx(1e-6 + maintenance / 10)


def test_enough_nitrogen_means_no_overflow():
    _, n_s, _, taken, growth, maintenance, overflow, _ = reaction.voxel_step(
        1e-3, 1e-3, 0.05, *TABLE4, 0, HOUR
    )
    assert overflow == 0
    assert n_s == pytest.approx(1e-3 - (taken - growth - maintenance) / 10)


def test_overflow_empties_the_solution_of_nitrogen_exactly():
    _, n_s, _, taken, growth, maintenance, overflow, _ = reaction.voxel_step(
        1e-3, 1e-6, 0.05, *TABLE4, 0, HOUR
    )
    assert n_s == 0.0
    assert overflow == pytest.approx(taken - growth - maintenance - 10 * 1e-6)


def test_steady_biomass_has_the_cue_of_the_identity():
    """At steady biomass CUE = k_BD / (nu a), the identity of the printed parameters."""
    nu, half, _, _, k_bd, _ = TABLE4
    a = 0.346
    c_s = a * half / (1 - a)
    dt = 1.0
    taken = reaction.uptake(c_s, 0.01, nu, half, dt)
    dead = k_bd * 0.01 * dt
    assert dead / taken == pytest.approx(k_bd / (nu * a), rel=1e-3)
    assert dead / taken == pytest.approx(0.289, abs=0.001)


# The full system ------------------------------------------------------------------------------


@pytest.mark.parametrize(("c_s", "n_s", "c_b"), STATES)
def test_full_system_agrees_with_an_ode_solver(c_s, n_s, c_b):
    ours = reaction.voxel_step(c_s, n_s, c_b, *TABLE4, reaction.SUBSTEPS, HOUR)
    expected = full_reference(c_s, n_s, c_b, *TABLE4, HOUR)
    np.testing.assert_allclose(ours[:3], expected, rtol=2e-5, atol=1e-10)


def test_full_system_converges_with_the_square_of_the_step():
    state = (2e-2, 2e-3, 0.3)
    exact = full_reference(*state, *TABLE4, HOUR)[2]
    errors = [
        abs(reaction.voxel_step(*state, *TABLE4, substeps, HOUR)[2] - exact)
        for substeps in (8, 16, 32)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.25)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.25)


@pytest.mark.parametrize(("c_s", "n_s", "c_b"), STATES)
def test_freezing_the_biomass_changes_its_growth_by_less_than_five_percent(c_s, n_s, c_b):
    frozen = reaction.voxel_step(c_s, n_s, c_b, *TABLE4, 0, HOUR)[2] - c_b
    full = reaction.voxel_step(c_s, n_s, c_b, *TABLE4, reaction.SUBSTEPS, HOUR)[2] - c_b
    assert frozen == pytest.approx(full, rel=0.05)


# Cells ----------------------------------------------------------------------------------------


class Soil:
    """A small random domain with organic particles, microbes and solution."""

    def __init__(self, seed, shape=(11, 13), solid=0.3, organic=0.2, living=0.3):
        self.rng = np.random.default_rng(seed)
        rng = self.rng
        kinds = rng.random(shape)
        self.solid = (kinds < solid).astype(np.int32)
        is_organic = (kinds >= solid) & (kinds < solid + organic)
        self.organic = np.zeros(shape, np.int32)
        self.kind = np.zeros(shape, np.int8)
        self.organic[is_organic] = 1
        self.next = reaction.split(self.organic, 2, *self.memory(2))
        for number in range(1, self.next):
            self.kind[self.organic == number] = 1 + number % 3
        is_open = (self.solid == 0) & (self.organic == 0)
        # here every voxel has its entry in the solution, and the grids are views of it
        self.solution = np.empty(self.solid.size, SOLUTES)
        self.number = np.arange(self.solid.size).reshape(shape)
        self.c_s, self.n_s = (self.solution[name].reshape(shape) for name in SOLUTES.names)
        self.c_s[:] = np.where(is_open, rng.random(shape) * 1e-3, 0.0)
        self.n_s[:] = self.c_s * rng.random(shape) * 0.1
        alive = is_open & (rng.random(shape) < living)
        self.c_b = np.where(alive, 0.35 * rng.random(shape), 0.0)
        self.c_nec = np.where(alive, 0.4 * rng.random(shape), 0.0)
        self.c_pom = np.where(self.kind == 1, 0.48 * rng.random(shape), 0.0)
        self.c_nec[self.kind > 1] = 0.3168 * rng.random(shape)[self.kind > 1]
        self.flux = np.zeros(len(reaction.FLUXES))
        self.cells = np.zeros(self.solid.size, np.int32)
        found = np.flatnonzero(self.c_b)
        self.cells[: found.size] = found
        self.living = found.size

    def memory(self, count):
        return [np.zeros(self.solid.size, np.int32) for _ in range(count)]

    @property
    def carbon(self):
        respired = sum(self.flux[FLUX[name]] for name in ("R_G", "R_M", "R_O"))
        return (self.c_s + self.c_b + self.c_nec + self.c_pom).sum() + respired

    @property
    def nitrogen(self):
        return (self.n_s + (self.c_b + self.c_nec) / 10 + self.c_pom / 100).sum()

    @property
    def totals(self):
        return np.array([self.carbon, self.nitrogen])

    def react(self, substeps=0, dt=HOUR):
        return reaction.react(
            self.cells[: self.living],
            self.number,
            self.solution,
            self.c_b,
            self.c_nec,
            *TABLE4,
            substeps,
            0.3168,
            0.0016,
            dt,
            self.flux,
        )

    def surface(self):
        """Edges, exposed edges and masses of the particles, counted one by one."""
        mass, exposed = np.zeros(self.next), np.zeros(self.next, np.int32)
        total = np.zeros(self.next, np.int32)
        for y, x in np.argwhere(self.organic > 0):
            u = self.organic[y, x]
            mass[u] += self.c_pom[y, x] + self.c_nec[y, x]
            for dy, dx in ((-1, 0), (0, 1), (1, 0), (0, -1)):
                j, i = (y + dy) % self.solid.shape[0], (x + dx) % self.solid.shape[1]
                is_open = self.solid[j, i] == 0 and self.organic[j, i] == 0
                exposed[u] += is_open
                total[u] += is_open or self.organic[j, i] != u
        return mass, exposed, total

    def decay(self, rate, dt=HOUR):
        inside, outside = reaction.exposed_edges(self.solid, self.organic, self.c_b, True)
        mass, exposed, _ = self.surface()
        self.used_up = reaction.decay(
            inside,
            outside,
            self.organic,
            self.kind,
            1,
            self.solution,
            self.c_pom,
            self.c_nec,
            mass,
            exposed,
            rate / 2,
            2.0,
            100.0,
            10.0,
            0.0048,
            0.003168,
            dt,
            np.empty(self.next),
            self.flux,
        )
        return inside, mass

    def dissolve(self, inside, least=(0.0048, 0.003168)):
        c_s, n_s = self.c_s.copy(), self.n_s.copy()
        opened = reaction.dissolve(
            inside,
            self.organic,
            self.kind,
            1,
            c_s,
            n_s,
            self.c_pom,
            self.c_nec,
            *least,
            100.0,
            10.0,
            self.flux,
        )
        self.c_s[:], self.n_s[:] = c_s, n_s
        return opened

    def spread(self, seed=0):
        visited = np.zeros(self.solid.size, bool)
        self.living = reaction.spread(
            self.cells,
            self.living,
            self.solid,
            self.organic,
            self.c_b,
            self.c_nec,
            0.3168,
            0.0016,
            np.random.default_rng(seed),
            self.memory(1)[0],
            visited,
        )
        assert not visited.any()

    def prune(self, c_b_min=0.0016):
        dead = self.memory(1)[0]
        self.living, died = reaction.prune(
            self.cells,
            self.living,
            self.number,
            self.solution,
            self.c_b,
            self.c_nec,
            c_b_min,
            0.003168,
            10.0,
            dead,
            self.flux,
        )
        return dead[:died]


seeds = st.integers(0, 10**6)


@given(seeds, st.sampled_from([0, 4]))
@settings(max_examples=30, deadline=None)
def test_cells_react_one_by_one(seed, substeps):
    soil, before = Soil(seed), Soil(seed)
    soil.react(substeps)
    for p in range(soil.solid.size):
        y, x = divmod(p, soil.solid.shape[1])
        if before.c_b[y, x] > 0:
            c_s, n_s, c_b, *_, dead = reaction.voxel_step(
                before.c_s[y, x], before.n_s[y, x], before.c_b[y, x], *TABLE4, substeps, HOUR
            )
            assert (soil.c_s[y, x], soil.n_s[y, x], soil.c_b[y, x]) == (c_s, n_s, c_b)
            assert soil.c_nec[y, x] == before.c_nec[y, x] + dead
        else:
            assert soil.c_s[y, x] == before.c_s[y, x]
    np.testing.assert_allclose(soil.totals, before.totals, rtol=1e-13)
    gained = soil.c_b.sum() - before.c_b.sum()
    lost = sum(soil.flux[FLUX[name]] for name in ("R_G", "R_M", "R_O", "f_BD"))
    assert gained == pytest.approx(soil.flux[FLUX["f_U"]] - lost, rel=1e-9)
    assert soil.flux[FLUX["f_N"]] == pytest.approx((gained + soil.flux[FLUX["f_BD"]]) / 10)


# Organic particles ----------------------------------------------------------------------------


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_decay_is_the_exact_exponential_of_every_particle(seed):
    soil, before = Soil(seed), Soil(seed)
    mass, exposed, total = soil.surface()
    share = exposed / np.maximum(total, 1)
    rate = share * 1.1e-7 * soil.rng.random(soil.next)
    _, left = soil.decay(rate)
    # small steps never ask more of a voxel than it has, but nearly empty voxels may
    capped = [
        u for u in range(1, soil.next) if ((soil.c_pom + soil.c_nec)[soil.organic == u] == 0).any()
    ]
    for u in range(1, soil.next):
        now = (soil.c_pom + soil.c_nec)[soil.organic == u].sum()
        assert now == pytest.approx(left[u], rel=1e-12)
        if u not in capped:
            assert now == pytest.approx(mass[u] * math.exp(-rate[u] * HOUR), rel=1e-13)
        if exposed[u] == 0:
            assert now == mass[u]
    np.testing.assert_allclose(soil.totals, before.totals, rtol=1e-13)
    released = soil.flux[FLUX["f_POM"]] + soil.flux[FLUX["f_Nec"]]
    assert soil.c_s.sum() - before.c_s.sum() == pytest.approx(released, rel=1e-9, abs=1e-15)


def test_a_single_particle_releases_equal_parts_through_its_open_edges():
    soil = Soil(0, (7, 7), 0.0, 0.0, 0.0)
    soil.c_s[:] = soil.n_s[:] = 0
    soil.solid[2, 3] = 1
    soil.organic[3, 3] = soil.organic[3, 4] = 1
    soil.kind[3, 3:5] = 1
    soil.c_pom[3, 3:5] = 0.48
    soil.next = 2
    _, exposed, total = soil.surface()
    assert (exposed[1], total[1]) == (5, 6)
    soil.decay(np.array([0.0, 1e-6]))
    lost = 0.96 * -math.expm1(-1e-6 * HOUR)
    outside = [(4, 3), (3, 2), (2, 4), (4, 4), (3, 5)]
    assert [soil.c_s[p] for p in outside] == pytest.approx([lost / 5] * 5)
    assert [soil.n_s[p] for p in outside] == pytest.approx([lost / 500] * 5)
    assert soil.c_pom[3, 3] == pytest.approx(0.48 - 2 * lost / 5)
    assert soil.c_pom[3, 4] == pytest.approx(0.48 - 3 * lost / 5)


def test_an_encased_particle_loses_nothing_at_all():
    soil = Soil(0, (7, 7), 0.0, 0.0, 0.0)
    soil.solid[2:5, 2:5] = 1
    soil.solid[3, 3] = 0
    soil.c_s[soil.solid > 0] = 0
    soil.c_s[3, 3] = soil.n_s[3, 3] = 0
    soil.organic[3, 3] = soil.kind[3, 3] = 1
    soil.c_pom[3, 3] = 0.48
    soil.next = 2
    inside, _ = soil.decay(np.array([0.0, 0.0]), 1e9)
    assert inside.size == 0
    assert soil.c_pom[3, 3] == 0.48


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_used_up_voxels_open_in_a_second_pass(seed):
    soil, before = Soil(seed), Soil(seed)
    _, exposed, _ = soil.surface()
    inside, _ = soil.decay(np.where(exposed > 0, 1e-4, 0.0), 3e4)  # loses 95 %
    closed_before = soil.organic.copy()
    opened = soil.dissolve(inside)
    gone = (closed_before > 0) & (soil.organic == 0)
    assert gone.sum() == opened
    assert soil.used_up == (opened > 0)
    assert ((soil.c_pom + soil.c_nec)[gone] == 0).all()
    # only voxels that had an open edge before; those behind them wait for their turn
    assert np.isin(np.flatnonzero(gone), inside).all()
    left = np.unique(inside[soil.organic.flat[inside] > 0])
    least = np.where(soil.kind.flat[left] == 1, 0.0048, 0.003168)
    assert ((soil.c_pom + soil.c_nec).flat[left] >= least).all()
    np.testing.assert_allclose(soil.totals, before.totals, rtol=1e-13)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_particles_that_fall_apart_get_new_numbers(seed):
    soil = Soil(seed, (12, 12))
    soil.organic[soil.rng.random((12, 12)) < 0.3] = 0
    old = soil.organic.copy()
    following = reaction.split(soil.organic, soil.next, *soil.memory(2))
    assert following >= soil.next
    assert ((soil.organic > 0) == (old > 0)).all()
    # rolled so that no particle crosses the border is not possible: label the doubled torus
    for number in np.unique(soil.organic[soil.organic > 0]):
        tiled = np.tile(soil.organic == number, (3, 3))
        labels = ndimage.label(tiled)[0]
        middle = {tuple(p) for p in np.argwhere(soil.organic == number)}
        some = labels[12:24, 12:24][soil.organic == number][0]
        reached = {(y % 12, x % 12) for y, x in np.argwhere(labels == some)}
        assert reached == middle
    for number in np.unique(old[old > 0]):
        parts = np.unique(soil.organic[old == number])
        assert number in parts
        assert ((parts == number) | (parts >= soil.next)).all()


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_exposed_edges_are_counted_like_by_hand(seed):
    soil = Soil(seed)
    inside, outside = reaction.exposed_edges(soil.solid, soil.organic, soil.c_b, True)
    _, exposed, _ = soil.surface()
    np.testing.assert_array_equal(
        np.bincount(soil.organic.flat[inside], minlength=soil.next), exposed
    )
    assert (soil.solid.flat[outside] == 0).all()
    assert (soil.organic.flat[outside] == 0).all()
    hidden, beside = reaction.exposed_edges(soil.solid, soil.organic, soil.c_b, False)
    assert (soil.c_b.flat[beside] == 0).all()
    assert hidden.size == (soil.c_b.flat[outside] == 0).sum()


# Biomass ------------------------------------------------------------------------------------


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_spreading_conserves_biomass_and_respects_the_room(seed):
    soil, before = Soil(seed), Soil(seed)
    soil.spread()
    assert soil.c_b.sum() == pytest.approx(before.c_b.sum(), rel=1e-13)
    assert (soil.c_nec == before.c_nec).all()
    occupied = (soil.solid > 0) | (soil.organic > 0)
    assert (soil.c_b[occupied] == 0).all()
    listed = soil.cells[: soil.living]
    assert np.unique(listed).size == soil.living
    assert set(np.flatnonzero(soil.c_b)) <= set(listed)
    daughters = (soil.c_b > 0) & (before.c_b == 0)
    assert (soil.c_b[daughters] >= 0.0016 * (1 - 1e-12)).all()
    # overfull cells only where the whole pore is full
    capacity = np.maximum(0, 0.3168 - soil.c_nec / 2)
    overfull = soil.c_b > capacity + 0.0016
    for y, x in np.argwhere(overfull):
        pore = pore_of(~occupied, y, x)
        assert (soil.c_b[pore] > capacity[pore] - 0.0016).all()


def pore_of(is_open, y, x):
    ny, nx = is_open.shape
    reached = np.zeros_like(is_open)
    queue = [(y, x)]
    while queue:
        y, x = queue.pop()
        if is_open[y, x] and not reached[y, x]:
            reached[y, x] = True
            queue += [((y + 1) % ny, x), ((y - 1) % ny, x), (y, (x + 1) % nx), (y, (x - 1) % nx)]
    return reached


def lone_cell(c_b, c_nec=0.0, shape=(9, 9)):
    soil = Soil(0, shape, 0.0, 0.0, 0.0)
    soil.c_b[4, 4], soil.c_nec[4, 4] = c_b, c_nec
    soil.cells[0], soil.living = 4 * shape[1] + 4, 1
    return soil


def test_a_cell_that_is_not_overfull_stays_alone():
    soil = lone_cell(0.3168 + 0.0015)
    soil.spread()
    assert soil.living == 1
    assert soil.react(dt=0.0) == (False, False)


def test_surplus_goes_to_the_nearest_ring_first():
    soil = lone_cell(0.3168 * 3.5)
    assert soil.react(dt=0.0) == (True, False)
    soil.spread()
    ring = [soil.c_b[p] for p in ((3, 4), (5, 4), (4, 3), (4, 5))]
    assert sorted(ring) == pytest.approx([0.0, 0.1584, 0.3168, 0.3168])
    assert soil.c_b[4, 4] == pytest.approx(0.3168)
    assert soil.living == 4


def test_the_order_within_a_ring_is_random():
    first = set()
    for seed in range(40):
        soil = lone_cell(0.3168 * 2)
        soil.spread(seed)
        first.add(int(np.flatnonzero(soil.c_b.ravel() * (np.arange(81) != 40))[0]))
    assert first == {31, 39, 41, 49}


def test_necromass_leaves_room_for_half_of_itself():
    soil = lone_cell(0.2, c_nec=0.4)  # room for 0.1168
    soil.spread()
    assert soil.c_b[4, 4] == pytest.approx(0.1168)


def test_a_cell_full_of_necromass_emigrates():
    soil = lone_cell(0.05, c_nec=0.7)
    soil.spread()
    assert soil.c_b[4, 4] == 0
    assert soil.c_b.sum() == pytest.approx(0.05)
    dead = soil.prune()
    assert dead.tolist() == [40]


def test_a_full_pore_shares_equally():
    soil = lone_cell(1.0)
    soil.solid[:] = 1
    soil.solid[4, 4:6] = 0
    soil.c_s[:] = soil.n_s[:] = 0
    soil.spread()
    assert soil.c_b[4, 4:6] == pytest.approx([0.5, 0.5])
    assert soil.living == 2


@given(seeds, st.floats(0.0016, 0.3))
@settings(max_examples=40, deadline=None)
def test_starving_cells_dissolve_and_leave_their_necromass(seed, c_b_min):
    soil, before = Soil(seed), Soil(seed)
    dead = soil.prune(c_b_min)
    np.testing.assert_allclose(soil.totals, before.totals, rtol=1e-13)
    listed = soil.cells[: soil.living]
    assert set(listed) == set(np.flatnonzero(before.c_b >= c_b_min))
    starved = (before.c_b > 0) & (before.c_b < c_b_min)
    assert (soil.c_b[starved] == 0).all()
    assert (soil.c_nec.flat[dead] >= 0.003168).all()
    assert set(dead) == set(np.flatnonzero(starved & (before.c_nec >= 0.003168)))
    np.testing.assert_allclose(
        soil.c_s[starved] - before.c_s[starved],
        before.c_b[starved] + (before.c_nec - soil.c_nec)[starved],
        rtol=1e-9,
    )


def test_dead_cells_become_one_particle_for_each_connected_group():
    soil = Soil(0, (9, 9), 0.0, 0.0, 0.0)
    dead = np.array([0 * 9 + 0, 0 * 9 + 8, 4 * 9 + 4, 4 * 9 + 5, 6 * 9 + 6], np.int32)
    following = reaction.settle(dead, soil.organic, soil.kind, 3, 1, soil.memory(1)[0])
    assert following == 4
    assert soil.organic[0, 0] == soil.organic[0, 8] > 0  # neighbours across the border
    assert soil.organic[4, 4] == soil.organic[4, 5] > 0
    assert len(np.unique(soil.organic)) == 4
    assert (soil.kind[soil.organic > 0] == 3).all()


def test_a_dead_cell_joins_former_microbes_but_not_other_organic_matter():
    soil = Soil(0, (9, 9), 0.0, 0.0, 0.0)
    soil.organic[4, 2:4], soil.kind[4, 2:4] = 5, 3
    soil.organic[4, 5:7], soil.kind[4, 5:7] = 7, 3
    soil.organic[3, 4], soil.kind[3, 4] = 6, 2
    dead = np.array([4 * 9 + 4], np.int32)
    following = reaction.settle(dead, soil.organic, soil.kind, 3, 8, soil.memory(1)[0])
    assert following == 8
    assert (soil.organic[4, 2:7] == 5).all()
    assert soil.organic[3, 4] == 6


def test_what_lies_in_the_memory_does_not_join_particles():
    soil = Soil(0, (9, 9), 0.0, 0.0, 0.0)
    soil.organic[4, 3], soil.kind[4, 3] = 5, 3
    soil.organic[4, 5], soil.kind[4, 5] = 7, 3
    soil.organic[0, 0], soil.kind[0, 0] = 7, 3  # apart from the other
    memory = np.full(81, 1, np.int32)  # the voxel beside it
    reaction.settle(np.array([40], np.int32), soil.organic, soil.kind, 3, 8, memory)
    assert (soil.organic[4, 3:6] == 5).all()
    assert soil.organic[0, 0] == 7


def test_necromass_in_living_cells_can_be_made_to_decay():
    soil, before = Soil(3), Soil(3)
    reaction.living_decay(
        soil.cells[: soil.living], soil.number, soil.solution, soil.c_nec, 0.1, 10.0, soil.flux
    )
    alive = before.c_b > 0
    np.testing.assert_allclose(soil.c_nec[alive], 0.9 * before.c_nec[alive])
    assert (soil.c_nec[~alive] == before.c_nec[~alive]).all()
    np.testing.assert_allclose(soil.totals, before.totals, rtol=1e-13)


def test_runs_without_the_compiler():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import numpy as np, test_reaction as t\n"
        "soil, before = t.Soil(5), t.Soil(5)\n"
        "_, exposed, _ = soil.surface()\n"
        "inside, _ = soil.decay(np.where(exposed > 0, 1e-4, 0.0), 3e4)\n"
        "soil.dissolve(inside)\n"
        "soil.next = t.reaction.split(soil.organic, soil.next, *soil.memory(2))\n"
        "soil.react(2); soil.spread(); dead = soil.prune(0.02)\n"
        "t.reaction.settle(dead, soil.organic, soil.kind, 3, soil.next, soil.memory(1)[0])\n"
        "np.testing.assert_allclose(soil.totals, before.totals, rtol=1e-12)\n"
        "for state in t.STATES:\n"
        "    t.test_frozen_step_agrees_with_an_ode_solver(*state)\n"
        "assert not hasattr(t.reaction.react, 'signatures')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, os.path.dirname(__file__)],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# The hours of a day ---------------------------------------------------------------------------


class Day(Soil):
    """A domain ready for `reaction.hours`, with roots in one open voxel."""

    def __init__(self, seed, **rates):
        super().__init__(seed)
        inside, outside = reaction.exposed_edges(self.solid, self.organic, self.c_b, True)
        mass, exposed, _ = self.surface()
        self.factor = diffusion.factorize((self.solid == 0) & (self.organic == 0), 2.0)
        self.number = self.factor.number
        self.solution = np.empty(self.factor.cells.size, SOLUTES)
        diffusion.gather(self.factor, self.c_s, self.n_s, self.solution)
        rate = np.full(self.next, 1e-7)
        self.edges = reaction.Surface(
            inside, self.number.ravel()[outside], mass, exposed, rate, np.empty(self.next)
        )
        self.places = self.number.ravel()[outside[:1]]
        self.exudates = np.array([(1e-6, 1e-7)], SOLUTES)[: self.places.size]
        table = dict(zip(reaction.Rates._fields, (*TABLE4, 0), strict=False))
        table |= {"c_b_max": 9.0, "c_b_min": 0.0, "cn_pom": 100.0, "cn_necromass": 10.0}
        table |= {"least_pom": 0.0, "least_necromass": 0.0, "decay_base": 0.5, "dt": HOUR}
        table |= {"biomass_reference": 3.0, "living_decay": 2e-7, "fourier": 2.0, "leached": 1e-3}
        self.rates = reaction.Rates(**table | rates)

    def hours(self, left, part=reaction.DECAY):
        return reaction.hours(
            left,
            part,
            self.cells[: self.living],
            self.factor,
            self.solution,
            np.empty_like(self.solution),
            self.organic,
            self.kind,
            1,
            self.c_b,
            self.c_pom,
            self.c_nec,
            self.edges,
            self.places,
            self.exudates,
            self.rates,
            self.flux,
        )

    def hour(self):
        """Run the parts of one hour, one by one."""
        rates, cells, edges = self.rates, self.cells[: self.living], self.edges
        ratios = rates.cn_pom, rates.cn_necromass
        activity = rates.decay_base + self.c_b.flat[cells].sum() / rates.biomass_reference
        reaction.decay(
            edges.inside, edges.outside, self.organic, self.kind, 1, self.solution, self.c_pom,
            self.c_nec, edges.mass, edges.edges, edges.rate, activity, *ratios, 0.0, 0.0, HOUR,
            edges.loss, self.flux,
        )  # fmt: skip
        share = 1 - math.exp(-rates.living_decay * activity * HOUR)
        reaction.living_decay(
            cells, self.number, self.solution, self.c_nec, share, 10.0, self.flux
        )  # fmt: skip
        for name, total in (("carbon", "R_root"), ("nitrogen", "R_root_N")):
            self.solution[name][self.places] += self.exudates[name]
            self.flux[FLUX[total]] += self.exudates[name].sum()
        reaction.react(
            cells, self.number, self.solution, self.c_b, self.c_nec, *TABLE4, rates.substeps,
            rates.c_b_max, rates.c_b_min, HOUR, self.flux,
        )  # fmt: skip
        self.flux[FLUX["R_leak"]] += diffusion.advance(
            self.factor, 2.0, rates.leached, self.solution, np.empty_like(self.solution)
        )

    def holds(self):
        both = self.solution["carbon"], self.solution["nitrogen"]
        return [*both, self.c_b, self.c_nec, self.c_pom, self.edges.mass, self.flux]


def assert_same(one, other):
    for mine, theirs in zip(one.holds(), other.holds(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-300)


@given(seeds, st.sampled_from([0, 4]))
@settings(max_examples=15, deadline=None)
def test_hours_at_one_go_are_their_parts_one_by_one(seed, substeps):
    day, other = Day(seed, substeps=substeps), Day(seed, substeps=substeps)
    assert day.hours(5) == (5, reaction.NOTHING)
    for _ in range(5):
        other.hour()
    assert_same(day, other)


@pytest.mark.parametrize(
    ("rates", "due", "then"),
    [
        ({"least_pom": 9.0, "least_necromass": 9.0}, reaction.USED_UP, reaction.LIFE),
        ({"c_b_max": 0.0}, reaction.OVERFULL, reaction.TRANSPORT),
        ({"c_b_min": 9.0}, reaction.STARVING, reaction.TRANSPORT),
    ],
)
def test_hours_stop_where_something_is_due_and_go_on_from_there(rates, due, then):
    day, other = Day(3, **rates), Day(3)
    for _ in range(4):
        assert day.hours(4) == (0, due)
        day.rates = other.rates  # as if it were done
        assert day.hours(1, then) == (1, reaction.NOTHING)
        other.hour()
        assert_same(day, other)
        day.rates = day.rates._replace(**rates)


def test_an_hour_in_the_middle_of_which_something_is_due_is_not_over():
    # without food every cell shrinks, and the smallest is below the limit in the third hour
    day, other = Day(4, living_decay=0.0), Day(4, living_decay=0.0)
    for soil in (day, other):
        soil.edges.rate[:] = 0.0
        soil.solution["carbon"], soil.exudates["carbon"] = 0.0, 0.0
    for _ in range(2):
        other.hour()
    least = other.c_b.flat[other.cells[: other.living]].min()
    day.rates = day.rates._replace(c_b_min=least * (1 - 1e-9))
    assert day.hours(24) == (2, reaction.STARVING)
