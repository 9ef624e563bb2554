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
from dataclasses import dataclass, field, fields, replace

import numpy as np

from soilnb.kernels import automaton
from soilnb.parameters import InputError, check_range, shown
from soilnb.pore.parameters import PAPER_SOLID

#: Steps (dy, dx) across the four sides of a voxel: up, right, down, left.
SIDES = ((-1, 0), (0, 1), (1, 0), (0, -1))

#: Codes of ``State.kind``: what an organic cell is made of.
POM, INITIAL_NECROMASS, NEW_NECROMASS = 1, 2, 3

#: Cumulative amounts kept in ``State.budget``, as sums of voxel concentrations (g cm-3):
#: carbon respired, nitrogen leaked, carbon and nitrogen brought by particles and by roots.
BUDGET = ("c_co2", "n_leak", "c_pom_input", "n_pom_input", "c_root_input", "n_root_input")

#: Highest concentration that a state may have, in g cm-3. Exudates that are pressed into the last
#: pore are denser than any matter for a while.
DENSEST = 1e4

#: Generators that a checkpoint can hold.
_BIT_GENERATORS = {
    name: getattr(np.random, name) for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
}

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

#: What else a state counts: type and shape in a checkpoint.
_COUNTERS = {
    "day": (np.int64, ()),
    "next_organic": (np.int64, ()),
    "pom_due": (np.float64, ()),
    "budget": (np.float64, (len(BUDGET),)),
}


@dataclass
class State:
    """Everything that a simulation carries from one day to the next."""

    #: Number of the mineral particle in the voxel, 0 for none. Numbers follow the order of
    #: placement, largest class first, which is the order in which particles move.
    solid: np.ndarray
    organic: np.ndarray  #: Number of the organic particle in the voxel, 0 for none.
    #: `POM`, `INITIAL_NECROMASS` or `NEW_NECROMASS` where ``organic > 0``, else 0.
    kind: np.ndarray
    #: Dissolved carbon and nitrogen, in g cm-3; zero in occupied voxels.
    c_s: np.ndarray
    n_s: np.ndarray
    c_b: np.ndarray  #: Carbon in living biomass, in g cm-3; zero in occupied voxels.
    #: Carbon in necromass, in g cm-3: in biomass cells and in necromass particles.
    c_nec: np.ndarray
    c_pom: np.ndarray  #: Carbon in particulate organic matter, in g cm-3.
    #: 1 where the side of a mineral voxel is reactive (for ever), or a gluing spot or memory edge
    #: (for a while).
    reactive: np.ndarray
    glue: np.ndarray
    age: np.ndarray  #: Age of the gluing mark, in days without organic matter.
    #: Row of the texture table to which each mineral particle belongs; entry 0 is unused.
    size_class: np.ndarray
    rng: np.random.Generator  #: The one source of everything random.
    day: int = 0  #: Days simulated since the initial aggregation.
    next_organic: int = 1  #: Number that the next organic particle gets.
    #: Organic particles that are due but not yet placed (fractions add up in small domains).
    pom_due: float = 0.0
    #: Cumulative inputs and outputs, see `BUDGET`.
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
        budget = [self.budget[name] for name in BUDGET]
        for name, (kind, _) in _COUNTERS.items():
            arrays[name] = np.array(budget if name == "budget" else getattr(self, name), kind)
        arrays["rng"] = np.array(
            json.dumps(self.rng.bit_generator.state, default=np.ndarray.tolist)
        )
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> State:
        """Return the state that `to_arrays` wrote; it continues bit for bit.

        Raises
        ------
        InputError
            When an entry is missing, or when it is no state; see `checked`.
        """
        missing = [f.name for f in fields(cls) if f.name not in arrays]
        if missing:
            raise InputError(f"checkpoint lacks {', '.join(missing)}; allowed: a whole State")
        grids = {name: arrays[name] for name in (*_GRIDS, *_EDGES, "size_class")}
        for name, (kind, shape) in _COUNTERS.items():
            found = np.asarray(arrays[name])
            if found.dtype != kind or found.shape != shape:
                raise InputError(
                    f"checkpoint: {name} = {found.dtype}, {found.shape}; allowed "
                    f"{np.dtype(kind)}, {shape}"
                )
        state = cls(
            **grids,
            rng=_generator(str(np.asarray(arrays["rng"]))),
            day=int(arrays["day"]),
            next_organic=int(arrays["next_organic"]),
            pom_due=float(arrays["pom_due"]),
            budget=dict(zip(BUDGET, arrays["budget"].tolist(), strict=True)),
        )
        return checked(state, "checkpoint")


def _generator(text: str) -> np.random.Generator:
    try:
        state = json.loads(text)
        bits = _BIT_GENERATORS[state["bit_generator"]]()
        bits.state = state
    except Exception:  # JSON, or NumPy's own checks
        raise InputError("checkpoint: rng; allowed the state of a generator of NumPy") from None
    return np.random.Generator(bits)


def checked(state: State, name: str) -> State:
    """Return a state as the kernels need it: an independent copy, its arrays in order.

    The kernels trust it, so all that they rely on is looked at here: types and shapes, numbers of
    particles, what may lie where, and that no amount is negative or infinite.

    Parameters
    ----------
    state : State
        What was handed over.
    name : str
        Where it comes from, for the message.

    Raises
    ------
    InputError
        One line with the first thing that is wrong, and what is allowed.
    """
    if not isinstance(state, State):
        raise InputError(f"{name} is a {type(state).__name__}: allowed a soilnb.pore.State")
    try:
        state = _in_order(state)
        for fault in (_counters, _amounts, _places, _particles):
            fault(state)
    except InputError as error:
        raise InputError(f"{name}: {' '.join(str(error).split())}") from None
    return state


def _in_order(state: State) -> State:
    """Return a copy with arrays of the types and shapes of `State`, row by row in memory."""
    shape = np.shape(state.solid)
    if len(shape) != 2 or 0 in shape:
        raise InputError(f"solid has the shape {shape}; allowed (ny, nx)")
    shapes = dict.fromkeys(_GRIDS, shape) | dict.fromkeys(_EDGES, (4, *shape))
    arrays = {
        field: _array(field, getattr(state, field), kind, shapes.get(field))
        for field, kind in {**_GRIDS, **_EDGES, "size_class": np.int8}.items()
    }
    if not isinstance(state.rng, np.random.Generator):
        raise InputError(f"rng is a {type(state.rng).__name__}; allowed a numpy.random.Generator")
    others = {"budget": dict(state.budget), "rng": copy.deepcopy(state.rng)}
    return replace(state, **arrays, **others)


def _array(name: str, values: object, kind: type, shape: tuple[int, ...] | None) -> np.ndarray:
    """Return an array of a type; no number may change by that."""
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise InputError(f"{name} of type {given.dtype}; allowed numbers")
    if shape is None and given.ndim == 1 and given.size:
        shape = given.shape
    if given.shape != shape:
        raise InputError(f"{name} has the shape {given.shape}; allowed {shape or '(n,)'}")
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        raise InputError(f"{name} has NaN or infinite values; allowed numbers >= 0")
    with np.errstate(invalid="ignore", over="ignore"):
        array = np.array(given, kind, order="C")
    if not (array == given).all():
        raise InputError(f"{name} has values that are no {np.dtype(kind)}; allowed its range")
    return array


def _counters(state: State) -> None:
    """Read the counters as plain numbers; refuse days, particles and amounts that cannot be."""
    state.day = _whole("day", state.day, 1_000_000)
    # at most every voxel becomes a particle of its own in a day
    most = 1 + (state.day + 1) * state.solid.size
    state.next_organic = _whole("next_organic", state.next_organic, most)
    # one particle a day at most is due in the paper's domain
    due = 1 + (state.day + 1) * np.count_nonzero(state.solid) / PAPER_SOLID
    state.pom_due = check_range("pom_due", state.pom_due, -1e-6, due)
    if set(state.budget) != set(BUDGET):
        raise InputError(f"budget of {', '.join(state.budget)}; allowed {', '.join(BUDGET)}")
    for name, value in state.budget.items():
        state.budget[name] = check_range(f"budget {name}", value, 0, np.finfo(float).max)


def _whole(name: str, value: object, high: int) -> int:
    number = check_range(name, value, 0, high)
    if number != int(number):
        raise InputError(f"{name} = {shown(value)}; allowed whole numbers")
    return int(number)


def _amounts(state: State) -> None:
    """Refuse what is negative or denser than any matter, or a mark that is none.

    Below zero by less than the least normal number is zero: diffusion rounds there.
    """
    least = -np.finfo(np.float64).tiny
    highest = {"kind": NEW_NECROMASS, "reactive": 1, "glue": 1}
    for name in (*_GRIDS, *_EDGES, "size_class"):
        values, unit = getattr(state, name), " g cm-3" if _GRIDS.get(name) is np.float64 else ""
        high = highest.get(name, DENSEST if unit else np.inf)
        if values.min() < least:
            raise InputError(f"{name} = {values.min():g}; allowed values >= 0{unit}")
        if values.max() > high:
            raise InputError(f"{name} = {values.max():g}; allowed 0 to {high:g}{unit}")


def _places(state: State) -> None:
    """Refuse what lies where it cannot be."""
    solid, organic = state.solid > 0, state.organic > 0
    if not solid.any():
        raise InputError("no mineral voxels; allowed a soil, whose mass is the unit")
    if (solid & organic).any():
        raise InputError("a voxel is mineral and organic; allowed one of them")
    if (organic & (state.kind == 0)).any():
        raise InputError("kind = 0 in an organic particle; allowed 1 to 3 there")
    necromass = state.kind > POM
    for name, allowed, elsewhere in (
        ("kind", organic, "other voxels; allowed in organic particles"),
        ("c_s", state.open, "occupied voxels; allowed in open voxels"),
        ("n_s", state.open, "occupied voxels; allowed in open voxels"),
        ("c_b", state.open, "occupied voxels; allowed in open voxels"),
        ("c_pom", state.kind == POM, "other voxels; allowed in particulate organic matter"),
        ("c_nec", necromass | state.biomass, "other voxels; allowed in necromass and biomass"),
        ("reactive", solid, "open voxels; allowed on sides of mineral particles"),
        ("glue", solid, "open voxels; allowed on sides of mineral particles"),
        ("age", state.glue > 0, "unglued sides; allowed where there is a gluing spot"),
    ):
        if ((getattr(state, name) > 0) & ~allowed).any():
            raise InputError(f"{name} > 0 in {elsewhere}")


def _particles(state: State) -> None:
    """Refuse numbers of particles that are not theirs, and particles that are in pieces."""
    for name, end in (("solid", state.size_class.size), ("organic", state.next_organic)):
        grid = getattr(state, name)
        if grid.max() >= end:
            raise InputError(f"{name} = {grid.max()}; allowed numbers below {end}")
        ny, nx = grid.shape
        parent, label = np.empty((2, grid.size), np.int32)
        parts = automaton.label_components(grid.ravel(), ny, nx, False, parent, label)
        if parts != np.unique(grid[grid > 0]).size:
            raise InputError(f"a particle of {name} is in pieces; allowed connected voxels")
    if state.size_class.size > 1 + np.count_nonzero(state.solid):
        raise InputError(
            f"size_class of {state.size_class.size} particles; allowed one for each of "
            f"{state.solid.max()} mineral particles, and one that is unused"
        )
    numbers, kinds = state.organic.ravel(), state.kind.ravel()
    kind = np.zeros(state.next_organic, np.int8)
    kind[numbers] = kinds
    if (kind[numbers] != kinds).any():
        raise InputError("kind differs within an organic particle; allowed one for each")
