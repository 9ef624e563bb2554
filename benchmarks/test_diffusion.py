"""Speed of the diffusion hour for both solutes, beside SciPy's SuperLU and conjugate gradients.

The geometry is that of the model after 30 steps of aggregation, the concentrations are those of
a random solution. Every solver does the same hour on the same pores.
"""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import cg, splu

from soilnb.kernels import diffusion
from soilnb.pore import domain, motion

R = diffusion.fourier_number(1.94e-10, 3600.0, 2e-4)


def aggregated_pores(shape):
    state = domain.dispersed(shape, 0)
    motion.aggregate(state, steps=30)
    return state.open


def matrix(open_cells):
    """The diffusion matrix of the open cells, in scan order."""
    number = np.full(open_cells.shape, -1)
    number[open_cells] = np.arange(open_cells.sum())
    n = open_cells.sum()
    faces = sp.csc_matrix((n, n))
    for axis in (0, 1):
        i, j = number[open_cells], np.roll(number, -1, axis)[open_cells]
        i, j = i[j >= 0], j[j >= 0]
        faces += sp.coo_matrix((np.ones(i.size), (i, j)), (n, n)).tocsc()
    faces = faces + faces.T
    return (sp.identity(n) + R * (sp.diags(np.asarray(faces.sum(0)).ravel()) - faces)).tocsc()


class Hour:
    def __init__(self, shape=(250, 250)):
        self.open = aggregated_pores(shape)
        self.matrix = matrix(self.open)
        rng = np.random.default_rng(0)
        self.c = np.where(self.open, rng.random(shape) * 1e-3, 0.0)
        self.n = np.where(self.open, rng.random(shape) * 1e-5, 0.0)
        self.b = np.column_stack([self.c[self.open], self.n[self.open]])
        self.factor = diffusion.factorize(self.open, R)
        self.work = np.empty((2, self.open.size, 2))

    def ours(self):
        c, n = self.c.copy(), self.n.copy()
        diffusion.diffuse(c, n, self.factor, R, self.work)
        return np.column_stack([c[self.open], n[self.open]])


@pytest.fixture(scope="module")
def hour():
    return Hour()


def superlu(a):
    return splu(a, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


@pytest.mark.benchmark(group="diffusion: one hour, both solutes")
def test_hour_of_soilnb(benchmark, hour):
    np.testing.assert_allclose(hour.ours(), superlu(hour.matrix).solve(hour.b), rtol=1e-9)
    # in place, hour after hour, as the model does it
    c, n = hour.c.copy(), hour.n.copy()
    benchmark(diffusion.diffuse, c, n, hour.factor, R, hour.work)


@pytest.mark.benchmark(group="diffusion: one hour, both solutes")
def test_hour_of_superlu(benchmark, hour):
    benchmark(superlu(hour.matrix).solve, hour.b)


@pytest.mark.benchmark(group="diffusion: one hour, both solutes")
def test_hour_of_conjugate_gradients(benchmark, hour):
    a = hour.matrix.tocsr()
    scaled = sp.diags(1 / a.diagonal())

    def both():
        return [cg(a, b, x0=b, rtol=1e-5, M=scaled)[0] for b in hour.b.T]

    found = benchmark(both)
    np.testing.assert_allclose(found[0], hour.ours()[:, 0], rtol=1e-2)


@pytest.mark.benchmark(group="diffusion: factorisation of a day")
def test_factorisation_of_soilnb(benchmark, hour):
    benchmark(diffusion.factorize, hour.open, R)


@pytest.mark.benchmark(group="diffusion: factorisation of a day")
def test_factorisation_of_superlu(benchmark, hour):
    benchmark(superlu, hour.matrix)


@pytest.mark.benchmark(group="diffusion: factorisation of a day")
def test_change_of_one_voxel(benchmark, hour):
    closed = np.argwhere(~hour.open)
    changed = hour.open.copy()
    changed[tuple(closed[closed.shape[0] // 2])] = True
    diffusion.refactorize(hour.factor, changed, R)
    benchmark(diffusion.refactorize, hour.factor, changed, R)


@pytest.mark.benchmark(group="diffusion: one hour by size of the domain")
@pytest.mark.parametrize("side", [125, 250, 500, 1000])
def test_hour_by_size(benchmark, side):
    hour = Hour((125, 125)) if side < 250 else Hour()
    tiles = max(1, side // 250)
    open_cells = np.tile(hour.open, (tiles, tiles))
    factor = diffusion.factorize(open_cells, R)
    c, n = (np.tile(grid, (tiles, tiles)) for grid in (hour.c, hour.n))
    work = np.empty((2, c.size, 2))
    benchmark(diffusion.diffuse, c, n, factor, R, work)
    benchmark.extra_info["ns_per_voxel"] = 1e9 * benchmark.stats.stats.median / c.size
