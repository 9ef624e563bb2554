"""The state of a pore-scale simulation: plain arrays, one generator, a few counters.

The domain is a torus of square voxels. Arrays are indexed ``[y, x]`` and periodic both ways.
What sits on the side of a voxel (a half-edge) is indexed ``[side, y, x]`` with the sides in
the order up (-y), right (+x), down (+y), left (-x); the neighbour across side ``k`` sees the
same edge as its side ``(k + 2) % 4``. Marks belong to the voxel and travel with it.

A voxel is occupied by a mineral particle (``solid > 0``), by an organic particle
(``organic > 0``: particulate organic matter or necromass), or it is open. An open voxel holds
solution, and is a biomass cell when ``c_b > 0``; necromass of living cells is ``c_nec`` there.
Occupied voxels hold no solution and no biomass.

Concentrations are in g cm-3 of the voxel. The nitrogen of biomass, necromass and particulate
organic matter follows from their fixed C/N ratios; only the solution has a nitrogen of its own.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from soilnb.parameters import InputError

#: Steps (dy, dx) across the four sides of a voxel: up, right, down, left.
SIDES = ((-1, 0), (0, 1), (1, 0), (0, -1))

#: Codes of ``State.kind``: what an organic cell is made of.
POM, INITIAL_NECROMASS, NEW_NECROMASS = 1, 2, 3

#: Cumulative amounts kept in ``State.budget``, as sums of voxel concentrations (g cm-3):
#: carbon respired, nitrogen leaked, carbon and nitrogen brought by particles and by roots.
BUDGET = ("c_co2", "n_leak", "c_pom_input", "n_pom_input", "c_root_input", "n_root_input")

_GRIDS = {
    "solid": np.int32,
    "organic": np.int32,
    "kind": np.int8,
    "c_s": np.float64,
    "n_s": np.float64,
    "c_b": np.float64,
    "c_nec": np.float64,
    "c_pom": np.float64,
}
_EDGES = {"reactive": np.uint8, "glue": np.uint8, "age": np.int16}


@dataclass
class State:
    """Everything that a simulation carries from one day to the next.

    Attributes
    ----------
    solid : int32 array, shape (ny, nx)
        Number of the mineral particle in the voxel, 0 for none. Numbers follow the order of
        placement, largest class first, which is the order in which particles move.
    organic : int32 array, shape (ny, nx)
        Number of the organic particle in the voxel, 0 for none.
    kind : int8 array, shape (ny, nx)
        `POM`, `INITIAL_NECROMASS` or `NEW_NECROMASS` where ``organic > 0``, else 0.
    c_s, n_s : float arrays, shape (ny, nx)
        Dissolved carbon and nitrogen, in g cm-3; zero in occupied voxels.
    c_b : float array, shape (ny, nx)
        Carbon in living biomass, in g cm-3; zero in occupied voxels.
    c_nec : float array, shape (ny, nx)
        Carbon in necromass, in g cm-3: in biomass cells and in necromass particles.
    c_pom : float array, shape (ny, nx)
        Carbon in particulate organic matter, in g cm-3.
    reactive, glue : uint8 arrays, shape (4, ny, nx)
        1 where the side of a mineral voxel is reactive (for ever), or a gluing spot or memory
        edge (for a while).
    age : int16 array, shape (4, ny, nx)
        Age of the gluing mark, in days without organic matter.
    size_class : int8 array, shape (number of mineral particles + 1,)
        Row of the texture table to which each mineral particle belongs; entry 0 is unused.
    rng : numpy.random.Generator
        The one source of everything random.
    day : int
        Days simulated since the initial aggregation.
    next_organic : int
        Number that the next organic particle gets.
    pom_due : float
        Organic particles that are due but not yet placed (fractions add up in small domains).
    budget : dict of str to float
        Cumulative inputs and outputs, see `BUDGET`.
    """

    solid: np.ndarray
    organic: np.ndarray
    kind: np.ndarray
    c_s: np.ndarray
    n_s: np.ndarray
    c_b: np.ndarray
    c_nec: np.ndarray
    c_pom: np.ndarray
    reactive: np.ndarray
    glue: np.ndarray
    age: np.ndarray
    size_class: np.ndarray
    rng: np.random.Generator
    day: int = 0
    next_organic: int = 1
    pom_due: float = 0.0
    budget: dict[str, float] = field(default_factory=lambda: dict.fromkeys(BUDGET, 0.0))

    @classmethod
    def empty(cls, shape: tuple[int, int], rng: np.random.Generator) -> State:
        """Return a state of `shape` (ny, nx) without any particle, solute or mark."""
        grids = {name: np.zeros(shape, kind) for name, kind in _GRIDS.items()}
        edges = {name: np.zeros((4, *shape), kind) for name, kind in _EDGES.items()}
        return cls(**grids, **edges, size_class=np.zeros(1, np.int8), rng=rng)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of voxels down and across."""
        return self.solid.shape

    @property
    def occupied(self) -> np.ndarray:
        """Voxels of mineral or organic particles, bool array (ny, nx)."""
        return (self.solid > 0) | (self.organic > 0)

    @property
    def open(self) -> np.ndarray:
        """Voxels that hold solution (pore and biomass cells), bool array (ny, nx)."""
        return ~self.occupied

    @property
    def biomass(self) -> np.ndarray:
        """Voxels with living biomass, bool array (ny, nx)."""
        return self.c_b > 0

    def copy(self) -> State:
        """Return an independent copy, the random generator included."""
        return copy.deepcopy(self)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as NumPy arrays, for a checkpoint; see `from_arrays`."""
        arrays = {name: getattr(self, name).copy() for name in (*_GRIDS, *_EDGES, "size_class")}
        counters = {name: getattr(self, name) for name in ("day", "next_organic")}
        arrays |= {name: np.array(value, np.int64) for name, value in counters.items()}
        arrays["pom_due"] = np.array(self.pom_due, np.float64)
        arrays["budget"] = np.array([self.budget[name] for name in BUDGET], np.float64)
        arrays["rng"] = np.array(json.dumps(self.rng.bit_generator.state))
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> State:
        """Return the state that `to_arrays` wrote; it continues bit for bit.

        Raises
        ------
        InputError
            When an entry is missing.
        """
        missing = [f.name for f in fields(cls) if f.name not in arrays]
        if missing:
            raise InputError(f"checkpoint lacks {', '.join(missing)}; allowed: a whole State")
        kinds = {**_GRIDS, **_EDGES, "size_class": np.int8}
        values = {name: np.array(arrays[name], kind) for name, kind in kinds.items()}
        budget = dict(zip(BUDGET, map(float, np.asarray(arrays["budget"])), strict=True))
        return cls(
            **values,
            rng=_generator(json.loads(str(np.asarray(arrays["rng"])))),
            day=int(arrays["day"]),
            next_organic=int(arrays["next_organic"]),
            pom_due=float(arrays["pom_due"]),
            budget=budget,
        )


def _generator(state: dict) -> np.random.Generator:
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)
