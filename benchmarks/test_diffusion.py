"""Speed of diffusion of both solutes, beside CHOLMOD, SuperLU and conjugate gradients.

The geometry is that of the model after 30 steps of aggregation, side by side in larger domains;
the concentrations are those of a random solution. Every solver does the same hour on the same
pores. Ours ends it with the flux form, which the others leave out.
"""

from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import cg, splu

from soilnb.kernels import diffusion
from soilnb.pore import motion, structure

R = diffusion.fourier_number(1.94e-10, 3600.0, 2e-4)


def aggregated_pores(shape):
    state = structure.dispersed(shape, 0)
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
    def __init__(self, side):
        tile = min(side, 250)
        tiles = (side // tile, side // tile)
        self.open = np.tile(aggregated_pores((tile, tile)), tiles)
        self.matrix = matrix(self.open)
        rng = np.random.default_rng(0)
        self.c = np.where(self.open, rng.random(self.open.shape) * 1e-3, 0.0)
        self.n = np.where(self.open, rng.random(self.open.shape) * 1e-5, 0.0)
        self.b = np.column_stack([self.c[self.open], self.n[self.open]])
        self.factor = diffusion.factorize(self.open, R)
        self.work = np.empty((2, self.open.size), diffusion.SOLUTES)

    def ours(self):
        c, n = self.c.copy(), self.n.copy()
        diffusion.diffuse(c, n, self.factor, R)
        return np.column_stack([c[self.open], n[self.open]])


#: The hour of a domain, by its side in voxels.
hour = cache(Hour)

SIDES = pytest.mark.parametrize("side", [250, 500, 1000])


def superlu(a):
    return splu(a, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def cholmod(a):
    """Order and factorise by CHOLMOD, in the mode and order that are fastest here."""
    sparse = pytest.importorskip("sksparse.cholmod")
    return sparse.cholesky(a, mode="simplicial", ordering_method="amd")


@pytest.mark.benchmark(group="diffusion: one hour, both solutes")
@pytest.mark.parametrize("side", [125, 250, 500, 1000])
def test_hour_of_soilnb(benchmark, side):
    domain = hour(side)
    np.testing.assert_allclose(domain.ours(), superlu(domain.matrix).solve(domain.b), rtol=1e-9)
    # in place, hour after hour, as the model does it
    solution, work = domain.work
    diffusion.gather(domain.factor, domain.c, domain.n, solution)
    benchmark(diffusion.advance, domain.factor, R, 0.0, solution, work)
    benchmark.extra_info["ns_per_voxel"] = 1e9 * benchmark.stats.stats.median / domain.c.size


@pytest.mark.peer("CHOLMOD")
@pytest.mark.benchmark(group="diffusion: one hour, both solutes")
@SIDES
def test_hour_of_cholmod(benchmark, side):
    domain = hour(side)
    found = benchmark(cholmod(domain.matrix), domain.b)
    np.testing.assert_allclose(found, domain.ours(), rtol=1e-9)


@pytest.mark.peer("SuperLU")
@pytest.mark.benchmark(group="diffusion: one hour, both solutes")
@SIDES
def test_hour_of_superlu(benchmark, side):
    benchmark(superlu(hour(side).matrix).solve, hour(side).b)


@pytest.mark.peer("conjugate gradients")
@pytest.mark.benchmark(group="diffusion: one hour, both solutes")
@pytest.mark.parametrize("side", [250])
def test_hour_of_conjugate_gradients(benchmark, side):
    domain = hour(side)
    a = domain.matrix.tocsr()
    scaled = sp.diags(1 / a.diagonal())

    def both():
        return [cg(a, b, x0=b, rtol=1e-5, M=scaled)[0] for b in domain.b.T]

    found = benchmark(both)
    np.testing.assert_allclose(found[0], domain.ours()[:, 0], rtol=1e-2)


@pytest.mark.benchmark(group="diffusion: factorisation of a day")
@SIDES
def test_factorisation_of_soilnb(benchmark, side):
    benchmark(diffusion.factorize, hour(side).open, R)


@pytest.mark.peer("CHOLMOD")
@pytest.mark.benchmark(group="diffusion: factorisation of a day")
@SIDES
def test_factorisation_of_cholmod(benchmark, side):
    benchmark(cholmod, hour(side).matrix)


@pytest.mark.peer("SuperLU")
@pytest.mark.benchmark(group="diffusion: factorisation of a day")
@SIDES
def test_factorisation_of_superlu(benchmark, side):
    benchmark(superlu, hour(side).matrix)


@pytest.mark.benchmark(group="diffusion: factorisation of a day")
def test_change_of_one_voxel(benchmark):
    domain = hour(250)
    closed = np.argwhere(~domain.open)
    changed = domain.open.copy()
    changed[tuple(closed[closed.shape[0] // 2])] = True
    diffusion.refactorize(domain.factor, changed, R)
    benchmark(diffusion.refactorize, domain.factor, changed, R)
