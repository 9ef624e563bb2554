"""The automaton against a plain reference, hand-drawn states, and what must be true of it."""

import importlib.util

import automaton_reference as plain
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import chisquare

from soilnb.kernels import automaton

WEIGHTS = (1.0, 5.0, 10.0)
NEVER, ALWAYS = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)

seeds = st.integers(0, 2**32 - 1)


def kernel_day(state, p_break, rng, weights=WEIGHTS, kernels=automaton, **options):
    """One day by the kernel, on the arrays of a plain state; returns the counts."""
    choice = {"limit": 20000, "keep_stay": False, "swap": False, "aggregates": True}
    choice |= {"binds": True} | options
    moved = np.zeros(4, np.int64)
    kernels.move_day(
        *(state[name].ravel() for name in (*plain.GRIDS, *plain.EDGES)),
        int(state["solid"].max()),
        int(state["organic"].max()),
        np.array(weights),
        np.array(p_break),
        5.0,
        20.0,
        float(choice["limit"]),
        choice["keep_stay"],
        choice["swap"],
        choice["aggregates"],
        rng,
        moved,
        kernels.workspace(state["solid"].shape, 5),
        choice["binds"],
    )
    return moved


def kernel_scores(state, unit, weights=WEIGHTS, reach=5, binds=True, kernels=automaton):
    """Scores by the kernel: a mapping from offset to score, None where the unit does not fit."""
    nx = state["solid"].shape[1]
    scores = np.zeros(2 * reach * (reach + 1) + 1)
    work = kernels.workspace(state["solid"].shape, 5)
    kernels.attractivities(
        np.array([y * nx + x for y, x in sorted(unit)], np.uint32),
        *(state[name].ravel() for name in ("solid", "organic", "c_b", "reactive", "glue")),
        int(state["solid"].max()),
        np.array(weights),
        scores,
        work,
        binds,
    )
    moves = map(tuple, work.offsets[: scores.size].tolist())
    return {m: None if np.isnan(s) else s for m, s in zip(moves, scores, strict=True)}


def draw(*rows, shape=(14, 15), at=(4, 4)):
    """A state drawn by hand: digits are minerals, letters organic particles, B is biomass."""
    state = plain.empty_state(*shape)
    for y, row in enumerate(rows):
        for x, sign in enumerate(row):
            cell = (at[0] + y, at[1] + x)
            if sign == "B":
                state["c_b"][cell] = 0.06
            elif sign.isdigit():
                state["solid"][cell] = int(sign)
            elif sign.isalpha():
                state["organic"][cell] = ord(sign) - ord("a") + 1
                state["kind"][cell] = 1
                state["c_pom"][cell] = 0.48
    return state


def mark(state, name, number):
    """Mark all outer sides of one mineral particle."""
    body = state["solid"] == number
    for k in range(4):
        state[name][k] |= body & (plain._across(state["solid"], k) != number)


class TestMoveRange:
    def test_limits_of_appendix_a1(self):
        expected = {1: 5, 24: 5, 25: 4, 44: 4, 45: 3, 99: 3, 100: 2, 399: 2, 400: 1, 20000: 1}
        assert {n: automaton.move_range(n, 5.0, 20.0) for n in expected} == expected

    def test_is_the_formula(self):
        for n in range(1, 3000):
            assert automaton.move_range(n, 5.0, 20.0) == plain.reach_of(n)


class TestAttractivity:
    """Configurations counted by hand. The mover is particle 1 (or a), drawn at (4, 4)."""

    def test_reactive_wall_attracts_by_the_number_of_contacts(self):
        # The voxel 1 fits into the corner of 2 (two contacts), along its sides (one), or away.
        state = draw("1.2", "..2", "222")
        for number in (1, 2):
            mark(state, "reactive", number)
        scores = kernel_scores(state, {(4, 4)})
        assert scores[0, 0] == 0
        assert scores[0, 1] == 1
        assert scores[1, 1] == 2
        assert scores[1, 0] == 1
        assert scores[0, 2] is None

    @pytest.mark.parametrize("number", [1, 2])
    def test_minerals_attract_only_if_both_sides_are_reactive(self, number):
        state = draw("12")
        mark(state, "reactive", number)
        assert max(filter(None, kernel_scores(state, {(4, 4)}).values()), default=0) == 0

    def test_gluing_spots_do_not_hold_minerals_together(self):
        state = draw("12")
        for number in (1, 2):
            mark(state, "glue", number)
        assert kernel_scores(state, {(4, 4)})[0, 0] == 0

    @pytest.mark.parametrize(
        ("drawing", "unit"), [("1a", {(4, 4)}), ("a1", {(4, 4)}), ("1a", {(4, 5)})]
    )
    @pytest.mark.parametrize(
        ("marks", "expected"),
        [((), 0), (("reactive",), 5), (("glue",), 10), (("reactive", "glue"), 10)],
    )
    def test_organic_matter_on_a_mineral_side(self, drawing, unit, marks, expected):
        state = draw(drawing)
        for name in marks:
            mark(state, name, 1)
        assert kernel_scores(state, unit)[0, 0] == expected

    @pytest.mark.parametrize(("name", "expected"), [("reactive", 0), ("glue", 10)])
    def test_biomass_attracts_gluing_spots_only(self, name, expected):
        state = draw("1B")
        mark(state, name, 1)
        assert kernel_scores(state, {(4, 4)})[0, 0] == expected
        assert kernel_scores(state, {(4, 4)}, binds=False)[0, 0] == 0

    def test_organic_particles_do_not_attract_each_other_nor_biomass(self):
        assert kernel_scores(draw("ab"), {(4, 4)})[0, 0] == 0
        assert kernel_scores(draw("aB"), {(4, 4)})[0, 0] == 0

    def test_own_sides_and_the_place_left_do_not_count(self):
        # Moving right by one, the right half of 1 lies where the left half was.
        state = draw("11", "22")
        for number in (1, 2):
            mark(state, "reactive", number)
        scores = kernel_scores(state, {(4, 4), (4, 5)})
        assert scores[0, 0] == 2
        assert scores[0, 1] == 1

    def test_an_aggregate_counts_its_outer_sides_only(self):
        state = draw("1a.3")
        for number in (1, 3):
            mark(state, "reactive", number)
        scores = kernel_scores(state, {(4, 4), (4, 5)})
        assert scores[0, 0] == 0
        assert scores[0, 1] == 5

    @pytest.mark.parametrize("binds", [True, False])
    def test_biomass_bars_the_way(self, binds):
        assert kernel_scores(draw("1B"), {(4, 4)}, binds=binds)[0, 1] is None

    @settings(max_examples=60)
    @given(seeds, st.sampled_from([WEIGHTS, (1.0, 5.0, 5.0), (0.3, 7.0, 2.0), (1.0, 1.0, 1.0)]))
    def test_equals_the_plain_count_in_random_states(self, seed, weights):
        state = plain.random_state(seed)
        units = [
            plain.voxels_of(state[name], n) for name in ("solid", "organic") for n in (1, 2, 3)
        ]
        for unit in filter(None, [*units, *plain.groups(state)]):
            fast = kernel_scores(state, unit, weights)
            slow = {m: plain.score(state, unit, *m, weights) for m in plain.offsets(5)}
            assert {m: s is None for m, s in fast.items()} == {
                m: s is None for m, s in slow.items()
            }
            fitting = [m for m, s in slow.items() if s is not None]
            np.testing.assert_allclose(
                [fast[m] for m in fitting], [slow[m] for m in fitting], rtol=1e-12
            )


class TestDay:
    @settings(max_examples=40)
    @given(
        seeds,
        st.sampled_from([NEVER, ALWAYS, (0.06, 0.12, 0.3), (0.9, 0.5, 0.1)]),
        st.booleans(),
        st.sampled_from([20000, 12]),
        st.booleans(),
    )
    def test_equals_the_plain_automaton_bit_for_bit(self, seed, p_break, keep_stay, limit, binds):
        fast, slow = plain.random_state(seed), plain.random_state(seed)
        rngs = np.random.default_rng(seed), np.random.default_rng(seed)
        for _ in range(3):
            options = {"keep_stay": keep_stay, "limit": limit, "binds": binds}
            kernel_day(fast, p_break, rngs[0], **options)
            plain.day(slow, WEIGHTS, p_break, rngs[1], **options)
            for name in (*plain.GRIDS, *plain.EDGES):
                np.testing.assert_array_equal(fast[name], slow[name], err_msg=name)
        assert rngs[0].random() == rngs[1].random()

    @settings(max_examples=20)
    @given(seeds)
    def test_without_break_up_no_unit_loses_attractivity(self, seed):
        state, log = plain.random_state(seed), []
        twin, rngs = plain.random_state(seed), [np.random.default_rng(seed) for _ in range(2)]
        plain.day(state, WEIGHTS, NEVER, rngs[0], log=log)
        kernel_day(twin, NEVER, rngs[1])
        np.testing.assert_array_equal(state["solid"], twin["solid"])
        assert all(after >= before for _, before, after, _ in log)

    @settings(max_examples=20)
    @given(seeds)
    def test_broken_units_leave_where_they_can(self, seed):
        # One lone unit at a time, so that what it could do is known.
        state = plain.random_state(seed, n_solid=6)
        before = {n: plain.voxels_of(state["solid"], n) for n in range(1, 7)}
        options = {
            n: sum(plain.score(state, unit, *m, WEIGHTS) is not None for m in plain.offsets(5))
            for n, unit in before.items()
            if unit
        }
        first = min(options)
        kernel_day(state, ALWAYS, np.random.default_rng(seed), aggregates=False)
        if options[first] > 1:
            assert plain.voxels_of(state["solid"], first) != before[first]

    @settings(max_examples=25)
    @given(seeds)
    def test_keeps_what_moves_and_what_does_not(self, seed):
        state = plain.random_state(seed)
        before = {name: grid.copy() for name, grid in state.items()}
        rng = np.random.default_rng(seed)
        for _ in range(5):
            kernel_day(state, (0.06, 0.12, 0.3), rng)
        for name in ("c_b", "c_s", "n_s"):
            np.testing.assert_array_equal(state[name], before[name])
        living = before["c_b"] > 0
        np.testing.assert_array_equal(state["c_nec"][living], before["c_nec"][living])
        assert not ((state["solid"] > 0) & (state["organic"] > 0)).any()
        assert not (((state["solid"] > 0) | (state["organic"] > 0)) & living).any()
        for name in ("solid", "organic"):
            for number in range(1, before[name].max() + 1):
                old, new = before[name] == number, state[name] == number
                assert rigid(before, old) == rigid(state, new)

    def test_no_unit_goes_farther_than_its_range(self):
        state = plain.random_state(3, ny=40, nx=40, n_solid=20, largest=60)
        before = state["solid"].copy()
        kernel_day(state, ALWAYS, np.random.default_rng(0), aggregates=False)
        for number in range(1, before.max() + 1):
            old, new = before == number, state["solid"] == number
            if old.any():
                reach = plain.reach_of(old.sum())
                assert any(
                    (np.roll(old, move, axis=(0, 1)) == new).all() for move in plain.offsets(reach)
                )

    def test_an_aggregate_moves_as_one_and_rests_above_the_limit(self):
        # p = 0 and a reactive pair, far from everything: particles stay (bond 1), the pair roams.
        state = draw("112", shape=(20, 20))
        state["reactive"][1, 4, 5] = state["reactive"][3, 4, 6] = 1
        rng = np.random.default_rng(1)
        shape = rigid(state, state["solid"] > 0)
        places = set()
        for _ in range(20):
            assert kernel_day(state, NEVER, rng, limit=2).tolist() == [0, 0, 0, 1]
        for _ in range(20):
            kernel_day(state, NEVER, rng, limit=3)
            assert rigid(state, state["solid"] > 0) == shape
            places.add(tuple(np.argwhere(state["solid"] == 2)[0]))
        assert len(places) > 10

    def test_a_single_particle_is_no_aggregate(self):
        state = draw("11", shape=(20, 20))
        assert kernel_day(state, NEVER, np.random.default_rng(0)).tolist()[2:] == [0, 0]

    @pytest.mark.parametrize("p_break", [NEVER, ALWAYS])
    def test_a_lone_voxel_walks_evenly_over_its_range(self, p_break):
        state = draw("1", shape=(20, 20))
        rng = np.random.default_rng(7)
        steps = []
        for _ in range(6100):
            old = np.argwhere(state["solid"])[0]
            kernel_day(state, p_break, rng)
            steps.append((np.argwhere(state["solid"])[0] - old + 10) % 20 - 10)
        moves, counts = np.unique(steps, axis=0, return_counts=True)
        assert (np.abs(moves).sum(axis=1) <= 5).all()
        # Break-up excludes staying: 60 instead of 61 places.
        assert len(moves) == (61 if p_break == NEVER else 60)
        assert chisquare(counts).pvalue > 1e-3

    @pytest.mark.parametrize(
        ("drawing", "marks", "kind"),
        [("1a", ("glue", "reactive"), 0), ("1a", ("reactive",), 1), ("12", ("reactive",), 2)],
    )
    def test_break_up_depends_on_the_strongest_bond(self, drawing, marks, kind):
        # One marked side, so that the particle is held best where it is: only break-up moves it.
        for broken in (True, False):
            state = draw(drawing)
            for name in marks:
                state[name][1, 4, 4] = 1
            if drawing == "12":
                state["reactive"][3, 4, 5] = 1
            p_break = [float((k == kind) == broken) for k in range(3)]
            before = state["solid"] == 1
            kernel_day(state, p_break, np.random.default_rng(0), aggregates=False)
            assert ((state["solid"] == 1) == before).all() != broken

    def test_staying_is_drawn_on_demand_by_the_weakest_bonds_only(self):
        for marks, may_stay in (((), True), (("reactive",), False)):
            rng, stayed = np.random.default_rng(0), 0
            for _ in range(600):
                state = draw("1a")
                for name in marks:
                    mark(state, name, 1)
                before = state["solid"].copy()
                kernel_day(state, ALWAYS, rng, keep_stay=True, aggregates=False)
                stayed += (state["solid"] == before).all()
            assert (stayed > 0) == may_stay

    def test_swapped_solutes_go_to_the_voxels_left(self):
        state = draw("11", shape=(20, 20))
        state["c_s"][state["solid"] == 0] = 1e-3
        state["n_s"][state["solid"] == 0] = 1e-4
        rng = np.random.default_rng(0)
        for _ in range(10):
            kernel_day(state, ALWAYS, rng, swap=True)
            assert not state["c_s"][state["solid"] > 0].any()
            np.testing.assert_array_equal(state["c_s"][state["solid"] == 0], 1e-3)
            np.testing.assert_array_equal(state["n_s"][state["solid"] == 0], 1e-4)


def rigid(state, body):
    """A particle up to translation on the torus: its voxels with all marks and matter on them."""
    ny, nx = body.shape
    cells = np.argwhere(body)
    tags = [
        [float(v) for name in plain.EDGES for v in state[name][:, y, x]]
        + [float(state[name][y, x]) for name in ("kind", "c_pom", "c_nec")]
        for y, x in cells
    ]
    views = []
    for y0, x0 in cells:
        moved = [((y - y0) % ny, (x - x0) % nx) for y, x in cells]
        views.append(sorted(zip(moved, tags, strict=True)))
    return min(views, default=None)


class TestSymmetry:
    @settings(max_examples=15)
    @given(seeds, st.integers(0, 11), st.integers(0, 11), st.integers(0, 3))
    def test_translation_and_rotation_change_nothing(self, seed, dy, dx, turns):
        state = plain.random_state(seed, ny=12, nx=12)
        other = {name: transform(grid, dy, dx, turns) for name, grid in state.items()}
        for name, number in (("solid", 1), ("solid", 5), ("organic", 2)):
            unit = plain.voxels_of(state[name], number)
            if not unit:
                continue
            here = kernel_scores(state, unit)
            there = kernel_scores(other, plain.voxels_of(other[name], number))
            for move, value in here.items():
                assert there[turned(move, turns)] == value
        assert sorted(map(len, plain.groups(state))) == sorted(label_sizes(other))
        for one, two in zip(kernel_exposure(state), kernel_exposure(other), strict=True):
            np.testing.assert_array_equal(one, two)


def turned(move, turns):
    """A step after the domain has been turned by 90 degrees, as `numpy.rot90` turns it."""
    for _ in range(turns):
        move = (-move[1], move[0])
    return move


def transform(grid, dy, dx, turns):
    """Turn, then shift; the sides of voxels turn with them."""
    grid = np.rot90(grid, turns, axes=(-2, -1))
    if grid.ndim == 3:
        # Turning left, what was on the right (1) is up (0).
        grid = np.roll(grid, -turns, axis=0)
    return np.ascontiguousarray(np.roll(grid, (dy, dx), axis=(-2, -1)))


def label_sizes(state):
    owner = np.where(state["solid"] > 0, state["solid"], 100 * state["organic"]).astype(np.int32)
    parent, label = (np.zeros(owner.size, np.int32) for _ in range(2))
    automaton.label_components(owner.ravel(), *owner.shape, True, parent, label)
    return np.bincount(label)[1:].tolist()


class TestComponents:
    @settings(max_examples=40)
    @given(seeds, st.booleans())
    def test_equal_those_of_a_graph(self, seed, contacts):
        rng = np.random.default_rng(seed)
        ny, nx = rng.integers(2, 12, 2)
        owner = rng.integers(-1, 3, (ny, nx)).astype(np.int32)
        parent, label = (np.zeros(owner.size, np.int32) for _ in range(2))
        count = automaton.label_components(owner.ravel(), ny, nx, contacts, parent, label)
        number = np.arange(ny * nx).reshape(ny, nx)
        pairs = []
        for axis in (0, 1):
            across, other = np.roll(number, -1, axis), np.roll(owner, -1, axis)
            joined = (owner > 0) & (other > 0) & (contacts | (owner == other))
            pairs.append(np.column_stack([number[joined], across[joined]]))
        a, b = np.concatenate(pairs).T
        graph = coo_array((np.ones(a.size), (a, b)), shape=(ny * nx, ny * nx))
        _, expected = connected_components(graph, directed=False)
        taken = owner.ravel() > 0
        assert (label[~taken] == 0).all()
        # Numbers follow the scan order: the first of each group in turn.
        _, first = np.unique(expected[taken], return_index=True)
        order = {g: i + 1 for i, g in enumerate(expected[taken][np.sort(first)])}
        np.testing.assert_array_equal(label[taken], [order[g] for g in expected[taken]])
        assert count == len(order)


def expel(state, kernels=automaton):
    kernels.expel(state["solid"], state["organic"], state["c_s"], state["n_s"])


class TestExpel:
    def test_shares_equally_among_the_nearest_open_voxels(self):
        # All voxels at distances 1 and 2 from the middle are taken; six at distance 3 are open.
        state = draw(".222.", "22222", "22122", ".222.", ".222.")
        state["c_s"][6, 6], state["n_s"][6, 6] = 9.0, 3.0
        expel(state)
        for cell in ((3, 6), (6, 3), (6, 9), (7, 4), (7, 8), (9, 6)):
            assert (state["c_s"][cell], state["n_s"][cell]) == (1.5, 0.5)
        assert (state["c_s"].sum(), state["n_s"].sum()) == (9.0, 3.0)

    def test_one_neighbour_takes_all(self):
        state = draw("222", "21.", "222")
        state["solid"][5, 5] = 1
        state["c_s"][5, 5] = 3.0
        expel(state)
        assert state["c_s"][5, 6] == 3.0

    def test_reaches_across_the_border(self):
        state = draw("1", at=(0, 0))
        state["c_s"][0, 0] = 4.0
        expel(state)
        assert [state["c_s"][cell] for cell in ((13, 0), (0, 14), (1, 0), (0, 1))] == [1.0] * 4

    @settings(max_examples=30)
    @given(seeds)
    def test_loses_nothing_and_empties_occupied_voxels(self, seed):
        state = plain.random_state(seed, n_solid=20)
        rng = np.random.default_rng(seed)
        state["c_s"][:], state["n_s"][:] = rng.random((2, *state["c_s"].shape))
        before = state["c_s"].sum(), state["n_s"].sum()
        expel(state)
        taken = (state["solid"] > 0) | (state["organic"] > 0)
        assert not state["c_s"][taken].any()
        assert not state["n_s"][taken].any()
        assert (state["c_s"].sum(), state["n_s"].sum()) == pytest.approx(before, rel=1e-13)

    def test_without_open_voxels_keeps_all(self):
        state = plain.empty_state(12, 12)
        state["solid"][:], state["c_s"][:] = 1, 1.0
        expel(state)
        assert (state["c_s"] == 1).all()


def kernel_exposure(state, edges=0, biomass_as_pore=True, gluing_opens=False):
    n = int(state["organic"].max()) + 1
    exposed, total = np.zeros(n, np.int32), np.zeros(n, np.int32)
    touches = np.zeros(n, np.uint8)
    automaton.exposure(
        *(state[name] for name in ("solid", "organic", "c_b", "reactive", "glue")),
        edges,
        biomass_as_pore,
        gluing_opens,
        exposed,
        total,
        touches,
    )
    return exposed, total, touches


class TestExposure:
    def test_a_lone_particle_is_fully_exposed(self):
        exposed, total, touches = kernel_exposure(draw("aaa"))
        assert exposed[1] == total[1] == 8
        assert touches[1] == 0

    def test_an_encased_particle_is_not_exposed(self):
        exposed, total, _ = kernel_exposure(draw("222", "2a2", "222"))
        assert (exposed[1], total[1]) == (0, 4)

    def test_edges_to_other_organic_particles(self):
        state = draw("aab")
        assert [kernel_exposure(state, edges)[1][1] for edges in (0, 1, 2)] == [6, 5, 8]
        assert [kernel_exposure(state, edges)[0][1] for edges in (0, 1, 2)] == [5, 5, 5]

    def test_biomass_counts_as_pore_unless_told_otherwise(self):
        state = draw("aB")
        assert kernel_exposure(state)[0][1] == 4
        exposed, total, _ = kernel_exposure(state, biomass_as_pore=False)
        assert (exposed[1], total[1]) == (3, 4)

    def test_the_gate_needs_a_reactive_edge_that_faces_the_particle(self):
        state = draw("a1")
        assert kernel_exposure(state)[2][1] == 0
        state["reactive"][1, 4, 5] = 1  # the far side
        assert kernel_exposure(state)[2][1] == 0
        state["reactive"][3, 4, 5] = 1  # the side to a
        assert kernel_exposure(state)[2][1] == 1

    def test_a_gluing_spot_opens_the_gate_on_demand(self):
        state = draw("a1")
        state["glue"][3, 4, 5] = 1
        assert kernel_exposure(state)[2][1] == 0
        assert kernel_exposure(state, gluing_opens=True)[2][1] == 1

    @settings(max_examples=30)
    @given(seeds)
    def test_equals_the_plain_count(self, seed):
        state = plain.random_state(seed, n_organic=8)
        exposed, total, touches = kernel_exposure(state)
        for number in range(1, state["organic"].max() + 1):
            unit = plain.voxels_of(state["organic"], number)
            sides = list(plain.sides_of(state, unit, 0, 0))
            assert total[number] == len(sides)
            assert exposed[number] == sum(what in (None, "biomass") for _, _, what, _ in sides)
            held = any("organic" in plain.bonds(state, *side) for side in sides)
            assert touches[number] == held


def age(
    state,
    rng=None,
    threshold=1e-2,
    lifetime=50,
    loss=1 / 500,
    beside_organic=True,
    kernels=automaton,
):
    kernels.age_edges(
        *(state[name] for name in ("solid", "organic", "c_s", "c_b", "glue", "age")),
        threshold,
        lifetime,
        loss,
        beside_organic,
        rng or np.random.default_rng(0),
    )


class TestAgeing:
    @settings(max_examples=30)
    @given(seeds)
    def test_spots_arise_only_where_carbon_exceeds_the_threshold(self, seed):
        state = plain.random_state(seed)
        state["glue"][:], state["age"][:] = 0, 0
        age(state)
        wet = (state["solid"] == 0) & (state["organic"] == 0)
        rich = wet & (state["c_s"] + state["c_b"] > 1e-2)
        for k in range(4):
            expected = (state["solid"] > 0) & plain._across(rich, k)
            np.testing.assert_array_equal(state["glue"][k], expected)
        assert not state["age"].any()

    def test_a_mark_ages_and_is_lost_only_after_its_lifetime(self):
        state = draw("1")
        mark(state, "glue", 1)
        for day in range(1, 51):
            age(state, loss=1.0)
            assert (state["age"][:, 4, 4] == day).all()
        age(state, loss=1.0)
        assert not state["glue"].any()
        assert not state["age"].any()

    def test_old_marks_are_lost_at_the_given_rate(self):
        state = plain.empty_state(100, 100)
        state["solid"][::2, ::2] = np.arange(1, 2501).reshape(50, 50)
        state["glue"][:, ::2, ::2], state["age"][:, ::2, ::2] = 1, 60
        age(state, np.random.default_rng(5), loss=0.05)
        lost = 10000 - int(state["glue"].sum())
        assert abs(lost - 500) < 4 * np.sqrt(10000 * 0.05 * 0.95)

    def test_rich_solution_keeps_a_mark_young(self):
        state = draw("1B")
        mark(state, "glue", 1)
        state["age"][:, 4, 4] = 70
        age(state, loss=1.0)
        assert state["glue"][:, 4, 4].tolist() == [0, 1, 0, 0]
        assert state["age"][1, 4, 4] == 0

    @pytest.mark.parametrize(("beside_organic", "expected"), [(True, 0), (False, 21)])
    def test_organic_matter_keeps_a_mark_young_if_told_so(self, beside_organic, expected):
        state = draw("1a")
        mark(state, "glue", 1)
        state["age"][:, 4, 4] = 20
        age(state, beside_organic=beside_organic)
        assert state["age"][1, 4, 4] == expected
        assert state["age"][3, 4, 4] == 21

    def test_organic_matter_alone_makes_no_mark(self):
        state = draw("1a")
        age(state)
        assert not state["glue"].any()


class TestFindPlace:
    def test_draws_evenly_from_all_places(self):
        free = np.zeros((12, 12), bool)
        free[2, 3:8] = True  # four places for two voxels
        shape = np.array([0, 0]), np.array([0, 1])
        for tries in (0, 1000):
            rng = np.random.default_rng(tries)
            found = [automaton.find_place(free, *shape, tries, rng) for _ in range(800)]
            places, counts = np.unique(found, return_counts=True)
            assert places.tolist() == [2 * 12 + x for x in (3, 4, 5, 6)]
            assert chisquare(counts).pvalue > 1e-3

    def test_finds_the_only_place_across_the_border(self):
        free = np.zeros((12, 12), bool)
        free[11, 11] = free[11, 0] = True
        place = automaton.find_place(
            free, np.array([0, 0]), np.array([0, 1]), 5, np.random.default_rng(0)
        )
        assert place == 11 * 12 + 11

    def test_says_when_there_is_none(self):
        free = np.eye(12, dtype=bool)
        shape = np.array([0, 0]), np.array([0, 1])
        assert automaton.find_place(free, *shape, 50, np.random.default_rng(0)) == -1


class TestPlaceShapes:
    def place(self, free, *shapes, first=1, placed=0, tries=5, seed=0):
        numbers = np.zeros(free.shape, np.int32)
        y, x = np.concatenate([np.array(shape) for shape in shapes]).T.copy()
        ends = np.cumsum([0, *map(len, shapes)])
        rng = np.random.default_rng(seed)
        done = automaton.place_shapes(free, numbers, first, placed, ends, y, x, tries, rng)
        return numbers, done, rng

    def test_places_one_after_another_as_find_place_does(self):
        free = np.random.default_rng(1).random((12, 15)) < 0.8
        shapes = [(0, 0), (0, 1), (1, -1)], [(0, 0)], [(0, 0), (-1, 0)]
        taken, expected, rng = free.copy(), np.zeros(free.shape, np.int32), np.random.default_rng(3)
        for number, shape in enumerate(shapes, 7):
            y, x = np.array(shape).T.copy()
            place = automaton.find_place(taken, y, x, 5, rng)
            at = (place // 15 + y) % 12, (place % 15 + x) % 15
            expected[at], taken[at] = number, False
        numbers, done, same = self.place(free, *shapes, first=7, seed=3)
        assert done == 3
        np.testing.assert_array_equal(numbers, expected)
        np.testing.assert_array_equal(free, taken)
        assert same.random() == rng.random()

    def test_stops_at_the_first_without_a_place_and_goes_on_after_it(self):
        free = np.zeros((12, 12), bool)
        free[3, 3] = free[6, 6] = True
        shapes = [(0, 0)], [(0, 0), (0, 1)], [(0, 0)]
        numbers, done, _ = self.place(free, *shapes)
        assert (done, np.count_nonzero(numbers)) == (1, 1)
        numbers, done, _ = self.place(free, *shapes, placed=2)
        assert done == 3
        assert numbers.max() == 3

    @pytest.mark.parametrize("axis", [0, 1])
    def test_a_shape_longer_than_the_domain_has_no_place_and_takes_no_draw(self, axis):
        shape = [(i, 0) if axis == 0 else (0, i) for i in range(13)]
        numbers, done, rng = self.place(np.ones((12, 12), bool), shape)
        assert (done, numbers.any()) == (0, False)
        assert rng.random() == np.random.default_rng(0).random()


def test_the_plain_python_of_the_kernels_gives_the_same_day(monkeypatch):
    """The suite runs the kernels with and without the JIT; here both, on one small domain."""
    spec = importlib.util.spec_from_file_location("plain_automaton", automaton.__file__)
    python = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patch:
        patch.setattr(numba.config, "DISABLE_JIT", True)
        spec.loader.exec_module(python)
    assert not hasattr(python.move_day, "py_func")
    compiled, plain_state = (plain.random_state(11, ny=12, nx=12) for _ in range(2))
    for kernels, state in ((automaton, compiled), (python, plain_state)):
        rng = np.random.default_rng(3)
        kernel_day(state, (0.06, 0.12, 0.3), rng, kernels=kernels)
        kernel_day(state, ALWAYS, rng, swap=True, kernels=kernels)
        age(state, rng, kernels=kernels)
        expel(state, kernels=kernels)
        kernel_scores(state, plain.voxels_of(state["solid"], 1), kernels=kernels)
    for name in compiled:
        np.testing.assert_array_equal(compiled[name], plain_state[name], err_msg=name)
