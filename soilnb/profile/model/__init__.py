r"""The seam for models: one object says what a model is, and everything else follows.

A model is a set of pools and a `Ledger`: what comes in, and for each process (`Flux`) which
pool it leaves, by which law, and in which shares its carbon goes to other pools, to ``CO2`` or to
``export`` (leached, say). With the pools C, the fluxes F(C) and the shares as a matrix N,

.. math:: \dot C = s + N\,F(C) + V C.

The shares of a flux sum to one, so a model that is written in this way conserves carbon. V moves
carbon between the layers of a column (`Mixing`); a box model has none. From the one object follow
the steady state, runs in time, eigenvalues, ages, the flux ledger with the diagnosed CUE, the
drawing of the structure, the parameter table, and the tests of conservation: all go through
`models`, the registry.

A box model (`BoxModel`) is no more than this: steady states, and runs under drivers that change,
are solved from its ledger. The layered models (`soilnb.profile.layered.LayeredModel`) and the
whole profile (`soilnb.profile.depth`) bring solvers of their own, which are faster; their ledgers
say the same once more, and the tests hold the two together.

To add a box model, write ``soilnb/profile/NAME.py`` with a `BoxModel` called ``MODEL``, and its
parameter table ``NAME.toml`` beside it (`soilnb.parameters.read_table`); `icbm` is the shortest
example.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from functools import cache
from importlib import import_module
from pathlib import Path

from soilnb.profile.model.base import Model, SteadyStateError
from soilnb.profile.model.boxes import BoxModel
from soilnb.profile.model.system import Flux, Ledger, Mixing

__all__ = [
    "BoxModel", "Flux", "Ledger", "Mixing", "Model", "SteadyStateError", "boxes", "models",
    "warm_up",
]  # fmt: skip


@cache
def models() -> dict[str, Model]:
    """Return every model by name: the one registry.

    A model is in it when its parameter table has its name, and the module or package of that name
    has a `Model` called ``MODEL``.

    Examples
    --------
    >>> list(models())
    ['century', 'clm5', 'compas', 'depth', 'icbm', 'millennial', 'mimics', 'rothc']
    >>> list(models()["rothc"].pools)
    ['dpm', 'rpm', 'bio', 'hum', 'iom']
    """
    names = sorted(path.stem for path in Path(__file__).parents[1].rglob("*.toml"))
    found = {
        name: getattr(import_module(f"soilnb.profile.{name}"), "MODEL", None) for name in names
    }
    return {name: model for name, model in found.items() if isinstance(model, Model)}


def boxes() -> dict[str, BoxModel]:
    """Return the box models of the registry: they take a site and drivers that change.

    Examples
    --------
    >>> list(boxes())
    ['century', 'icbm', 'millennial', 'mimics', 'rothc']
    """
    return {name: model for name, model in models().items() if isinstance(model, BoxModel)}


def warm_up() -> None:
    """Compile the kernels of the box models by tiny runs, so that processes need not each do it."""
    for model in boxes().values():
        model.simulate(model.example, [0.0, 0.1])
        model.eigenvalues(model.example)
