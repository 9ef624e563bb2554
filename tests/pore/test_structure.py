"""The dispersed state and what is put into it: the counts of the paper, and clear refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from soilnb.parameters import InputError
from soilnb.pore import structure
from soilnb.pore.parameters import PRESETS, resolve, size_classes, voxel_mass
from soilnb.pore.state import INITIAL_NECROMASS, POM, State

seeds = st.integers(0, 2**32 - 1)

#: A texture without the two largest classes, for small domains.
FINE = {"share_1_2": 40, "share_2_6": 20, "share_6_20": 40, "share_20_63": 0, "share_63_200": 0}


@pytest.fixture(scope="module")
def paper():
    """The domain of the paper: 250 x 250 voxels at a porosity of 0.411, with its microbes."""
    state = structure.dispersed((250, 250), 0)
    structure.populate(state)
    return state


def groups(mask):
    """Connected groups of a torus, as a list of sizes."""
    label, count = ndimage.label(mask)
    parent = list(range(count + 1))

    def root(a):
        while parent[a] != a:
            a = parent[a]
        return a

    for one, other in ((label[0], label[-1]), (label[:, 0], label[:, -1])):
        for a, b in zip(one, other, strict=True):
            if a and b:
                parent[root(a)] = root(b)
    roots = np.array([root(a) for a in range(count + 1)])
    return np.unique(roots[label[mask]], return_counts=True)[1]


class TestPaperDomain:
    def test_has_the_mineral_and_organic_voxels_of_the_paper(self, paper):
        assert np.count_nonzero(paper.solid) == 36812
        assert np.count_nonzero(paper.organic) == 1845
        assert not ((paper.solid > 0) & (paper.organic > 0)).any()

    def test_has_60_pom_and_60_necromass_particles_with_their_carbon(self, paper):
        sizes = np.bincount(paper.organic.ravel())[1:]
        assert sizes.tolist() == [20] * 46 + [15] * 37 + [10] * 37
        assert (paper.kind[paper.organic > 60] == INITIAL_NECROMASS).all()
        assert (paper.kind[(paper.organic > 0) & (paper.organic <= 60)] == POM).all()
        milligrams = 1e3 * 4e-12 / structure.domain_mass(paper, PRESETS["default"])
        assert paper.c_pom.sum() * milligrams == pytest.approx(6.243, abs=0.001)
        necromass = paper.c_nec[paper.kind == INITIAL_NECROMASS].sum()
        assert necromass * milligrams == pytest.approx(2.607, abs=0.001)

    def test_weighs_what_the_paper_says(self, paper):
        assert structure.domain_mass(paper, PRESETS["default"]) == pytest.approx(3.475e-7, rel=1e-3)

    def test_has_216_biomass_cells_in_72_triples(self, paper):
        assert np.count_nonzero(paper.c_b) == 216
        assert groups(paper.c_b > 0).tolist() == [3] * 72
        micrograms = 1e6 * 4e-12 / structure.domain_mass(paper, PRESETS["default"])
        assert paper.c_b.sum() * micrograms == pytest.approx(158, abs=1)

    def test_solution_fills_every_open_voxel_and_no_other(self, paper):
        assert (paper.c_s[paper.open] == 1e-5).all()
        np.testing.assert_allclose(paper.n_s[paper.open], 1e-6, rtol=1e-15)
        for grid in (paper.c_s, paper.n_s, paper.c_b):
            assert not grid[paper.occupied].any()

    def test_texture_of_table_3(self, paper):
        area = np.bincount(paper.size_class[paper.solid[paper.solid > 0]], minlength=5) / 36812
        expected = [c.share for c in size_classes(PRESETS["default"])]
        np.testing.assert_allclose(area, expected, atol=0.01)

    def test_reactive_edges_by_class(self, paper):
        outer = np.stack(
            [
                (paper.solid > 0) & (paper.solid != structure.neighbour(paper.solid, k))
                for k in range(4)
            ]
        )
        assert not (paper.reactive.astype(bool) & ~outer).any()
        shares = (1.0, 1.0, 0.5, 0.25, 0.1)
        owner = np.broadcast_to(paper.solid, outer.shape)
        edges = np.bincount(owner[outer], minlength=paper.size_class.size)
        marked = np.bincount(owner[paper.reactive > 0], minlength=paper.size_class.size)
        for number in range(1, paper.size_class.size):
            share = shares[paper.size_class[number]]
            assert marked[number] == math.floor(share * edges[number] + 0.5)

    def test_reactive_edges_are_spread_over_all_sides(self, paper):
        # Drawn at random: no side of the voxels is preferred (fine class left out: all marked).
        coarse = paper.size_class[paper.solid] >= 2
        counts = np.array([paper.reactive[k][coarse].sum() for k in range(4)])
        assert counts.std() / counts.mean() < 0.08

    def test_particles_are_whole(self, paper):
        for number in (1, 2, 10, 60, 700):
            assert len(groups(paper.solid == number)) == 1
        for number in (1, 61, 120):
            assert len(groups(paper.organic == number)) == 1


class TestDispersed:
    @settings(max_examples=12)
    @given(seeds, st.integers(30, 48), st.integers(30, 48), st.floats(0.4, 0.8), st.integers(1, 4))
    def test_small_domains_keep_the_counts(self, seed, ny, nx, porosity, longest):
        changes = FINE | {"porosity": porosity, "fine_max": longest, "biomass_cells": 100}
        state = structure.dispersed((ny, nx), seed, changes)
        structure.populate(state, changes)
        voxels = math.floor((1 - porosity) * ny * nx + 1e-9)
        assert np.count_nonzero(state.solid) == voxels
        sizes = np.bincount(state.organic.ravel())[1:].tolist()
        assert sizes == structure.organic_sizes(voxels, resolve(changes))
        assert np.count_nonzero(state.c_b) == 3 * round(100 * ny * nx / 62500 / 3)
        assert not (state.solid > 0)[state.organic > 0].any()
        assert not state.occupied[state.c_b > 0].any()
        assert set(np.unique(state.solid)) == set(range(state.size_class.size))

    def test_the_same_seed_gives_the_same_bytes(self):
        one, two, other = (structure.dispersed((70, 70), seed).to_arrays() for seed in (3, 3, 4))
        assert all(one[name].tobytes() == two[name].tobytes() for name in one)
        assert one["solid"].tobytes() != other["solid"].tobytes()

    def test_biomass_before_aggregation_is_a_switch(self):
        state = structure.dispersed((70, 70), 0, {"biomass_placed": "before_aggregation"})
        assert np.count_nonzero(state.c_b) == 3 * round(216 * 4900 / 62500 / 3)
        assert not structure.dispersed((70, 70), 0).c_b.any()

    @pytest.mark.parametrize(
        ("shape", "changes", "message"),
        [
            ((40, 40), {}, "has 307 for the class 63-200 µm: allowed about 780 or more"),
            ((8, 100), {}, "shape = 8: allowed 12 to 20000"),
            ((100.5, 100), {}, "whole numbers of voxels"),
            (100, {}, "allowed two numbers of voxels"),
            ((50, 50), {"porosity": 0.1}, "porosity = 0.1: allowed 0.2 to 0.95"),
            ((50, 50), {"porosity": float("nan")}, "porosity = nan is not finite"),
            (
                (40, 40),
                FINE | {"porosity": 0.2, "fine_min": 9, "fine_max": 9},
                "a mineral particle",
            ),
        ],
    )
    def test_impossible_wishes_are_refused_in_one_line(self, shape, changes, message):
        with pytest.raises(InputError, match=message) as error:
            structure.populate(structure.dispersed(shape, 0, changes), changes)
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize("seed", [-1, "one", 0.5])
    def test_strange_seeds_are_refused(self, seed):
        with pytest.raises(InputError, match="seed = "):
            structure.dispersed((70, 70), seed)


class TestPomInput:
    def test_a_pulse_is_one_particle_of_15_voxels(self, paper):
        state = paper.copy()
        before = state.c_s.sum(), state.n_s.sum(), state.c_pom.sum()
        assert structure.place_pom(state) == 1
        new = state.organic == 121
        assert np.count_nonzero(new) == 15
        assert not (paper.occupied | paper.biomass)[new].any()
        assert (state.kind[new] == POM).all()
        assert not state.c_s[new].any()
        milligrams = 1e3 * 4e-12 / structure.domain_mass(state, PRESETS["default"])
        assert (state.c_pom.sum() - before[2]) * milligrams == pytest.approx(0.0829, abs=1e-4)
        assert (state.c_s.sum(), state.n_s.sum()) == pytest.approx(before[:2], rel=1e-13)
        assert state.budget["c_pom_input"] == pytest.approx(15 * 0.48)
        assert state.budget["n_pom_input"] == pytest.approx(15 * 0.48 / 100)

    @settings(max_examples=10)
    @given(seeds, st.floats(1, 40), st.integers(100, 400))
    def test_input_follows_time_and_mineral_mass(self, seed, interval, days):
        changes = FINE | {"pom_interval": interval, "porosity": 0.8}
        state = structure.dispersed((40, 40), seed, changes)
        mass = np.count_nonzero(state.solid) / 36812
        placed = 0
        for day in range(days):
            state.day = day
            placed += structure.add_pom(state, changes)
        due = math.floor(days / interval) * mass
        assert placed + state.pom_due == pytest.approx(due, rel=1e-9)
        assert 0 <= state.pom_due < 1
        assert (
            state.next_organic - 1 == len(structure.organic_sizes(320, resolve(changes))) + placed
        )

    def test_the_paper_gets_fifty_particles_in_500_days(self):
        # One on every tenth day, whatever the seed: 4.15 mg per g soil (Sect. 3.4).
        state = State.empty((250, 250), np.random.default_rng(0))
        state.solid.flat[:36812] = 1
        state.size_class = np.zeros(2, np.int8)
        days = []
        for day in range(500):
            state.day = day
            days += [day + 1] * structure.add_pom(state)
        assert days == list(range(10, 501, 10))
        milligrams = 1e3 * voxel_mass(PRESETS["default"]) / PRESETS["default"]["solid_density"]
        carbon = state.budget["c_pom_input"] * milligrams
        assert carbon / structure.domain_mass(state, PRESETS["default"]) == pytest.approx(
            4.15, abs=0.01
        )

    def test_a_particle_takes_the_shape_of_a_narrow_pore(self):
        state = State.empty((20, 20), np.random.default_rng(0))
        state.solid[:] = 1
        state.solid[4] = 0
        state.size_class = np.zeros(2, np.int8)
        assert structure.place_pom(state) == 1
        assert groups(state.organic == 1).tolist() == [15]

    def test_what_finds_no_place_stays_due(self):
        state = isolated_pores()
        assert structure.place_pom(state, count=2) == 0
        assert state.budget["c_pom_input"] == 0
        state.day = 9
        assert structure.add_pom(state, {"pom_interval": 1.0}) == 0
        assert state.pom_due == pytest.approx(np.count_nonzero(state.solid) / 36812)


def test_biomass_without_room_is_refused():
    with pytest.raises(InputError, match="biomass_group = 3: allowed groups for which the pores"):
        structure.place_biomass(isolated_pores(), {"biomass_cells": 5000})


def isolated_pores():
    """A domain in which every pore is a single voxel."""
    state = State.empty((20, 20), np.random.default_rng(0))
    state.solid[:] = 1
    state.solid[::2, ::2] = 0
    state.size_class = np.zeros(2, np.int8)
    return state


class TestState:
    def test_a_checkpoint_goes_on_bit_for_bit(self, paper, tmp_path):
        state = paper.copy()
        state.day, state.pom_due, state.budget["c_co2"] = 12, 0.25, 1 / 3
        state.rng.integers(5)  # leaves half a draw in the buffer of the generator
        np.savez(tmp_path / "checkpoint.npz", **state.to_arrays())
        with np.load(tmp_path / "checkpoint.npz") as arrays:
            other = State.from_arrays(arrays)
        one, two = state.to_arrays(), other.to_arrays()
        assert all(one[name].tobytes() == two[name].tobytes() for name in one)
        assert [state.rng.integers(5) for _ in range(9)] == [
            other.rng.integers(5) for _ in range(9)
        ]
        assert state.rng.random() == other.rng.random()

    def test_a_copy_is_independent(self, paper):
        state = paper.copy()
        other = state.copy()
        other.solid[0, 0] = 99999
        other.budget["c_co2"] = 5.0
        assert other.rng.random() == state.rng.random()
        assert state.solid[0, 0] != 99999
        assert state.budget["c_co2"] == 0

    def test_a_checkpoint_with_a_missing_part_is_refused(self, paper):
        arrays = paper.to_arrays()
        del arrays["glue"]
        with pytest.raises(InputError, match="checkpoint lacks glue"):
            State.from_arrays(arrays)
