"""Implicit diffusion: what must hold in any pore space, and two independent solutions."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import spsolve

from soilnb.kernels import diffusion

R = diffusion.fourier_number(1.94e-10, 3600.0, 2e-4)


def laplacian(open_cells):
    """Graph Laplacian of the open cells, from the definition: one face per open pair of sides."""
    ny, nx = open_cells.shape
    index = np.arange(ny * nx).reshape(ny, nx)
    matrix = sp.lil_matrix((ny * nx, ny * nx))
    for axis in (0, 1):
        other = np.roll(index, -1, axis)
        both = open_cells & np.roll(open_cells, -1, axis) & (index != other)
        for i, j in zip(index[both], other[both], strict=True):
            matrix[i, i] += 1
            matrix[j, j] += 1
            matrix[i, j] -= 1
            matrix[j, i] -= 1
    return matrix.tocsc()


def reference_step(open_cells, b, r):
    """One implicit step by a sparse LU of the whole grid."""
    matrix = sp.identity(b.size, format="csc") + r * laplacian(open_cells)
    return spsolve(matrix, b.ravel()).reshape(b.shape)


def step(open_cells, c, n=None, r=R, factor=None, steps=1):
    c = c.copy()
    n = c.copy() if n is None else n.copy()
    factor = diffusion.factorize(open_cells, r) if factor is None else factor
    for _ in range(steps):
        diffusion.diffuse(c, n, factor, r)
    return c, n


def random_pores(seed, shape, porosity):
    rng = np.random.default_rng(seed)
    open_cells = rng.random(shape) < porosity
    c = np.where(open_cells, rng.random(shape), 0.0)
    n = np.where(open_cells, 1e-3 * rng.random(shape) ** 8, 0.0)
    return open_cells, c, n


pores = st.tuples(
    st.integers(0, 2**31),
    st.tuples(st.integers(1, 14), st.integers(1, 14)),
    st.floats(0.05, 1.0),
)


def test_the_paper_s_step_has_fourier_number_17():
    assert pytest.approx(17.46) == R


@given(pores, st.floats(1e-3, 1e3))
@settings(max_examples=60, deadline=None)
def test_agrees_with_a_sparse_direct_solve(pores, r):
    open_cells, c, n = random_pores(*pores)
    new_c, new_n = step(open_cells, c, n, r)
    np.testing.assert_allclose(new_c, reference_step(open_cells, c, r), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(new_n, reference_step(open_cells, n, r), rtol=1e-10, atol=1e-17)


def test_agrees_with_a_dense_solve_on_an_open_torus():
    open_cells, c, n = random_pores(1, (12, 12), 1.0)
    matrix = np.eye(144) + R * laplacian(open_cells).toarray()
    for before, after in zip((c, n), step(open_cells, c, n), strict=True):
        expected = np.linalg.solve(matrix, before.ravel()).reshape(12, 12)
        np.testing.assert_allclose(after, expected, rtol=1e-12)


@given(pores)
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_and_no_new_extreme_appears(pores):
    open_cells, c, n = random_pores(*pores)
    new_c, new_n = step(open_cells, c, n)
    for before, after in ((c, new_c), (n, new_n)):
        assert after.sum() == pytest.approx(before.sum(), rel=1e-14)
        if open_cells.any():
            assert after[open_cells].min() >= before[open_cells].min() * (1 - 1e-12)
            assert after[open_cells].max() <= before[open_cells].max() * (1 + 1e-12)
        assert (after[~open_cells] == 0).all()


def test_mass_is_conserved_over_a_thousand_steps():
    open_cells, c, n = random_pores(3, (30, 30), 0.6)
    new_c, new_n = step(open_cells, c, n, steps=1000)
    assert new_c.sum() == pytest.approx(c.sum(), rel=1e-14)
    assert new_n.sum() == pytest.approx(n.sum(), rel=1e-14)


def test_concentrations_of_any_size_stay_positive_and_accurate():
    # a corridor whose far end holds next to nothing: the decay along it is exact in every digit
    open_cells = np.zeros((3, 60), bool)
    open_cells[1, :59] = True
    c = np.zeros((3, 60))
    c[1, 0] = 1.0
    after, _ = step(open_cells, c, r=1e-3)
    along = after[1, :59]
    assert (along > 0).all()
    # away from the ends x_{i+1} - (2 + 1/r) x_i + x_{i-1} = 0, whose decaying root is q
    q = ((2 + 1e3) - np.sqrt((2 + 1e3) ** 2 - 4)) / 2
    np.testing.assert_allclose(along[1:40] / along[:39], q, rtol=1e-9)


def test_a_uniform_solution_is_at_rest():
    open_cells, *_ = random_pores(4, (40, 40), 0.5)
    c = np.where(open_cells, 0.37, 0.0)
    np.testing.assert_allclose(step(open_cells, c)[0], c, rtol=1e-13)


def test_a_closed_cell_keeps_what_it_has():
    open_cells = np.zeros((7, 7), bool)
    open_cells[3, 3] = True
    open_cells[0, 0] = open_cells[0, 6] = True  # neighbours across the border
    c = np.where(open_cells, 1.0, 0.0)
    c[0, 0] = 0.0
    after, _ = step(open_cells, c)
    assert after[3, 3] == 1.0
    assert after[0, 0] > 0.4
    assert after[0, 0] + after[0, 6] == pytest.approx(1.0, rel=1e-15)


def test_the_difference_of_two_cells_shrinks_by_the_known_factor():
    open_cells = np.zeros((5, 5), bool)
    open_cells[2, 1:3] = True
    c = np.zeros((5, 5))
    c[2, 1], c[2, 2] = 0.9, 0.2
    after, _ = step(open_cells, c)
    assert after[2, 1] - after[2, 2] == pytest.approx(0.7 / (1 + 2 * R), rel=1e-13)
    assert after[2, 1] + after[2, 2] == pytest.approx(1.1, rel=1e-15)


def test_large_diffusion_makes_a_pore_uniform():
    open_cells, c, _ = random_pores(5, (20, 20), 1.0)
    after, _ = step(open_cells, c, r=1e8)
    np.testing.assert_allclose(after, c.mean(), rtol=1e-4)


def test_a_point_source_spreads_with_the_analytic_variance():
    # implicit Euler on a line adds exactly 2 r (in cells squared) to the variance of each step
    open_cells = np.zeros((3, 801), bool)
    open_cells[1, :800] = True
    c = np.zeros((3, 801))
    c[1, 400] = 1.0
    after, _ = step(open_cells, c, r=R, steps=24)
    x = np.arange(801) - 400
    assert (after[1] * x**2).sum() == pytest.approx(2 * R * 24, rel=1e-9)
    # and after a day it is close to the Gaussian of that variance
    gauss = np.exp(-(x**2) / (4 * R * 24)) / np.sqrt(4 * np.pi * R * 24)
    assert np.abs(after[1] - gauss).max() < 0.03 * gauss.max()


# The factor ------------------------------------------------------------------------------------


def dense_elimination(matrix):
    """Columns, pivots and excesses of a matrix, eliminated row by row without subtraction."""
    n = matrix.shape[0]
    conductance, excess = -matrix.copy(), matrix.sum(1)
    np.fill_diagonal(conductance, 0.0)
    share, pivot = np.zeros((n, n)), np.zeros(n)
    for v in range(n):
        later = conductance[v] * (np.arange(n) > v)
        pivot[v] = 1 / (excess[v] + later.sum())
        share[v] = later * pivot[v]
        excess[v + 1 :] += share[v, v + 1 :] * excess[v]
        conductance += np.outer(share[v], share[v]) / pivot[v]
        np.fill_diagonal(conductance, 0.0)
    return share, pivot, excess


def check_factor(factor, open_cells, r):
    """Compare a factor with a dense elimination of the same cells in the same order."""
    n = factor.cells.size
    assert np.unique(factor.cells).size == n
    assert set(np.flatnonzero(open_cells)) <= set(factor.cells)
    assert (factor.number.flat[factor.cells] == np.arange(n)).all()
    assert (factor.number >= 0).sum() == n
    matrix = np.eye(open_cells.size) + r * laplacian(open_cells).toarray()
    cells = factor.cells.astype(int)
    share, pivot, excess = dense_elimination(matrix[np.ix_(cells, cells)])
    ours = np.zeros((n, n))
    for v in range(n):
        column = slice(factor.start[v], factor.start[v + 1])
        rows = factor.rows[column].astype(int)
        assert (rows > v).all()
        assert (np.diff(rows) < 0).all()  # each once
        ours[v, rows] = factor.share[column]
    np.testing.assert_allclose(ours, share, rtol=1e-12)
    np.testing.assert_allclose(factor.pivot, pivot, rtol=1e-12)
    np.testing.assert_allclose(factor.excess, excess, rtol=1e-12)


@given(pores, st.floats(1e-3, 1e3))
@settings(max_examples=100, deadline=None)
def test_the_factor_is_that_of_a_dense_elimination_in_its_order(pores, r):
    open_cells, *_ = random_pores(*pores)
    check_factor(diffusion.factorize(open_cells, r), open_cells, r)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 2), (1, 9), (9, 1), (2, 9), (9, 2), (3, 3)])
@pytest.mark.parametrize("porosity", [0.0, 0.7, 1.0])
def test_the_narrowest_domains_have_a_factor(shape, porosity):
    open_cells, *_ = random_pores(11, shape, porosity)
    check_factor(diffusion.factorize(open_cells, R), open_cells, R)


def eliminations(open_cells, order):
    """Neighbours that each cell of `order` has left when it is eliminated, by sets."""
    graph = laplacian(open_cells).tocsr()
    left = {v: set(graph[v].indices) - {v} for v in order}
    found = []
    for v in order:
        found.append(left.pop(v))
        for u in found[-1]:
            left[u] = (left[u] | found[-1]) - {u, v}
    return found


@given(pores)
@settings(max_examples=40, deadline=None)
def test_every_cell_passes_on_to_those_that_elimination_joins_it_to(pores):
    open_cells, *_ = random_pores(*pores)
    factor = diffusion.factorize(open_cells, R)
    cells = [int(p) for p in factor.cells]
    for v, met in enumerate(eliminations(open_cells, cells)):
        rows = factor.rows[factor.start[v] : factor.start[v + 1]]
        assert {cells[u] for u in rows} == met


@given(pores)
@settings(max_examples=40, deadline=None)
def test_cells_are_numbered_by_level_and_length_of_their_columns(pores):
    open_cells, *_ = random_pores(*pores)
    factor = diffusion.factorize(open_cells, R)
    columns = [factor.rows[a:b] for a, b in itertools.pairwise(factor.start)]
    level = np.zeros(len(columns), int)
    for k, rows in enumerate(columns):
        level[rows] = np.maximum(level[rows], level[k] + 1)
    kinds = [(level[k], len(rows)) for k, rows in enumerate(columns)]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("porosity", [0.4, 0.7, 1.0])
def test_the_order_makes_little_more_fill_than_the_exact_minimum_degree(porosity):
    open_cells, *_ = random_pores(12, (24, 24), porosity)
    factor = diffusion.factorize(open_cells, R)
    graph = laplacian(open_cells).tocsr()
    left = {v: set(graph[v].indices) - {v} for v in np.flatnonzero(open_cells)}
    fill = 0
    while left:
        v = min(left, key=lambda u: len(left[u]))
        met = left.pop(v)
        fill += len(met)
        for u in met:
            left[u] = (left[u] | met) - {u, v}
    assert factor.rows.size <= 1.2 * fill


def test_dead_ends_and_corridors_make_no_fill():
    # a comb: a corridor with teeth, and each cell passes on to one other
    open_cells = np.zeros((8, 17), bool)
    open_cells[1, :16] = True
    open_cells[1:6, :16:2] = True
    factor = diffusion.factorize(open_cells, R)
    assert factor.rows.size == open_cells.sum() - 1


@given(pores, st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_changed_factor_equals_a_new_one(pores, flips):
    open_cells, _, _ = random_pores(*pores)
    factor = diffusion.factorize(open_cells, R)
    rng = np.random.default_rng(0)
    for flip in flips:
        open_cells = open_cells.copy()
        open_cells.flat[flip % open_cells.size] ^= True
        factor = diffusion.refactorize(factor, open_cells, R)
        c = np.where(open_cells, rng.random(open_cells.shape), 0.0)
        patched, _ = step(open_cells, c, factor=factor)
        check_factor(factor, open_cells, R)
        np.testing.assert_allclose(patched, step(open_cells, c)[0], rtol=1e-12, atol=1e-300)


@given(pores, st.floats(0.0, 1.0))
@settings(max_examples=40, deadline=None)
def test_leaching_takes_its_share_of_the_nitrogen_and_no_carbon(pores, share):
    open_cells, c, n = random_pores(*pores)
    factor = diffusion.factorize(open_cells, R)
    solution, work = np.zeros((2, c.size), diffusion.SOLUTES)
    diffusion.gather(factor, c, n, solution)
    leached = diffusion.advance(factor, R, share, solution, work)
    assert leached == pytest.approx(share * n.sum(), rel=1e-12)
    new_c, new_n = c.copy(), n.copy()
    diffusion.scatter(factor, solution, new_c, new_n)
    # the same as leaching first
    expected_c, expected_n = step(open_cells, c, (1 - share) * n, factor=factor)
    np.testing.assert_allclose(new_c, expected_c, rtol=1e-12)
    np.testing.assert_allclose(new_n, expected_n, rtol=1e-12, atol=1e-300)


@given(st.integers(0, 1000), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_turning_the_domain_turns_the_solution(seed, turns):
    open_cells, c, _ = random_pores(seed, (9, 13), 0.6)
    turned, _ = step(np.rot90(open_cells, turns).copy(), np.rot90(c, turns).copy())
    np.testing.assert_allclose(turned, np.rot90(step(open_cells, c)[0], turns), rtol=1e-12)


def test_runs_without_the_compiler():
    code = (
        "import numpy as np, sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_diffusion as t\n"
        "o, c, n = t.random_pores(7, (8, 9), 0.6)\n"
        "a, b = t.step(o, c, n)\n"
        "np.testing.assert_allclose(a, t.reference_step(o, c, t.R), rtol=1e-10)\n"
        "o2 = o.copy(); o2[2, 3] ^= True\n"
        "f = t.diffusion.refactorize(t.diffusion.factorize(o, t.R), o2, t.R)\n"
        "c2 = np.where(o2, 0.1 + c, 0.0)\n"
        "a, b = t.step(o2, c2, factor=f)\n"
        "np.testing.assert_allclose(a, t.reference_step(o2, c2, t.R), rtol=1e-10)\n"
        "assert not hasattr(t.diffusion.factorize, 'signatures')\n"
    )
    here = os.path.dirname(__file__)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, here],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
