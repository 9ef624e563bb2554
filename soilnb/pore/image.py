"""A domain from a user's own segmented image: solid, pore and organic voxels.

The image may be a PNG, a TIFF, a NumPy file or an array of codes, of any resolution; it is brought
to the model's voxels of 2 µm, each of which gets the code that covers most of it. Connected solid
voxels become one mineral particle each, connected organic voxels one organic particle. The
domain is a torus: what touches the border is joined to what it meets across it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
from PIL import Image, UnidentifiedImageError

from soilnb.kernels import automaton
from soilnb.parameters import InputError, check_range, unknown
from soilnb.pore.parameters import VOXEL, size_classes, with_parameters
from soilnb.pore.state import INITIAL_NECROMASS, POM, State
from soilnb.pore.structure import check_shape, generator, mark_reactive, min_feret

#: What the values of an image mean, unless the user says otherwise.
CODES = {0: "pore", 1: "solid", 2: "pom", 3: "necromass"}

_PHASES = ("pore", "solid", "pom", "necromass")


@with_parameters
def from_image(
    image: str | os.PathLike | np.ndarray,
    resolution: float,
    *,
    codes: Mapping[float, str] | None = None,
    seed: int | np.random.Generator = 0,
    parameters: str | Mapping = "default",
) -> State:
    """Return a state with the structure of a segmented image.

    It has mineral particles with reactive edges by their size, and the organic particles of the
    image, fresh; no biomass and no solution yet (see `soilnb.pore.structure.populate`).

    Parameters
    ----------
    image : path or array, shape (height, width)
        PNG, TIFF or ``.npy`` file, or an array. One value per phase.
    resolution : float
        Edge of a pixel, in µm.
    codes : mapping, optional
        What each value is: ``"pore"``, ``"solid"``, ``"pom"`` or ``"necromass"``. The default is
        0, 1, 2, 3 in this order; a black and white image needs ``{0: "pore", 255: "solid"}``.
    seed : int or numpy.random.Generator
        Seed of the reactive edges and of everything random that follows.
    parameters : str or mapping
        See `soilnb.pore.parameters.resolve`.

    Raises
    ------
    InputError
        For a file that cannot be read, an image with other values, several channels or several
        pages, a domain that is too small, or one without solids or without pores.
    """
    resolution = check_range("resolution", resolution, 1e-3, 1e3, "µm")
    phases = _at_model_voxels(_phases(_pixels(image), codes), resolution)
    state = State.empty(check_shape(phases.shape), generator(seed))
    for phase, what in ((1, "solid"), (0, "pore")):
        if not (phases == phase).any():
            raise InputError(f"image has no {what} voxel: allowed images with solids and pores")
    state.solid[:] = _largest_first(_components(np.where(phases == 1, 1, 0)))
    state.organic[:] = _components(np.where(phases > 1, phases, 0))
    state.next_organic = int(state.organic.max()) + 1
    state.kind[phases == 2], state.kind[phases == 3] = POM, INITIAL_NECROMASS
    state.c_pom[phases == 2] = parameters["pom_start"]
    state.c_nec[phases == 3] = parameters["necromass_start"]
    state.size_class = _classes(state.solid, parameters)
    mark_reactive(state, parameters)
    return state


def _pixels(image: str | os.PathLike | np.ndarray) -> np.ndarray:
    """Return the image as an array, whatever it came as."""
    if not isinstance(image, (str, os.PathLike)):
        return np.asarray(image)
    path = os.fspath(image)
    try:
        if path.lower().endswith(".npy"):
            return np.load(path, allow_pickle=False)
        with Image.open(path) as picture:
            pages = getattr(picture, "n_frames", 1)
            if pages > 1:
                raise InputError(f"image {path!r} has {pages} pages: allowed one")
            return np.asarray(picture)
    except FileNotFoundError:
        raise InputError(f"image {path!r}: no such file") from None
    except (UnidentifiedImageError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"image {path!r} cannot be read ({reason}): allowed PNG, TIFF, NPY"
        ) from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"image {path!r} is no array of numbers: allowed PNG, TIFF, NPY") from None


def _phases(pixels: np.ndarray, codes: Mapping[float, str] | None) -> np.ndarray:
    """Return 0 pore, 1 solid, 2 particulate organic matter, 3 necromass for every pixel."""
    codes = CODES if codes is None else dict(codes)
    for phase in codes.values():
        if phase not in _PHASES:
            raise unknown("phase", phase, _PHASES)
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., 0]
    if pixels.ndim != 2:
        raise InputError(f"image has the shape {pixels.shape}: allowed (height, width), no colours")
    if pixels.dtype.kind not in "buif":
        raise InputError(f"image has values of type {pixels.dtype}: allowed numbers")
    values = np.unique(pixels)
    strange = [f"{value:g}" for value in values if float(value) not in map(float, codes)]
    if strange:
        listed = ", ".join(f"{value:g}: {phase}" for value, phase in codes.items())
        more = ", ..." if len(strange) > 5 else ""
        raise InputError(
            f"image has the values {', '.join(strange[:5])}{more}: allowed codes {{{listed}}}"
        )
    phases = np.zeros(pixels.shape, np.int32)
    for value, phase in codes.items():
        phases[pixels == value] = _PHASES.index(phase)
    return phases


def _at_model_voxels(phases: np.ndarray, resolution: float) -> np.ndarray:
    """Return the phases on voxels of 2 µm: each gets the phase that covers most of it."""
    shape = tuple(max(1, round(side * resolution / VOXEL)) for side in phases.shape)
    check_shape(shape)
    if shape == phases.shape:
        return phases
    down, across = (_overlaps(*sides) for sides in zip(phases.shape, shape, strict=True))
    cover = [down @ (phases == phase) @ across.T for phase in range(len(_PHASES))]
    # Rounding guards the rule for ties: the first phase wins.
    return np.argmax(np.round(cover, 9), axis=0).astype(np.int32)


def _overlaps(pixels: int, voxels: int) -> np.ndarray:
    """Return how much of each pixel (column) each voxel (row) covers along one direction."""
    pixel, voxel = np.arange(pixels), np.arange(voxels)[:, None]
    size = pixels / voxels
    low, high = np.maximum(voxel * size, pixel), np.minimum((voxel + 1) * size, pixel + 1)
    return np.maximum(high - low, 0.0)


def _components(phases: np.ndarray) -> np.ndarray:
    """Return the number of the connected group of equal phase that each voxel is in, else 0."""
    flat = np.ascontiguousarray(phases, np.int32).ravel()
    parent, label = np.zeros_like(flat), np.zeros_like(flat)
    automaton.label_components(flat, *phases.shape, False, parent, label)
    return label.reshape(phases.shape)


def _largest_first(label: np.ndarray) -> np.ndarray:
    """Renumber groups by their size, the largest first: the order in which they move."""
    sizes = np.bincount(label.ravel())[1:]
    number = np.zeros(sizes.size + 1, np.int32)
    number[1 + np.argsort(-sizes, kind="stable")] = np.arange(1, sizes.size + 1)
    return number[label]


def _classes(solid: np.ndarray, parameters: Mapping[str, float]) -> np.ndarray:
    """Return the row of Table 3 to which each particle belongs by its minimum Feret diameter."""
    table = size_classes(parameters)
    voxels = np.argsort(solid, axis=None, kind="stable")
    ends = np.cumsum(np.bincount(solid.ravel()))
    classes = np.zeros(ends.size, np.int8)
    for number in range(1, ends.size):
        cells = np.column_stack(
            np.unravel_index(voxels[ends[number - 1] : ends[number]], solid.shape)
        )
        feret = min_feret(_in_one_piece(cells, solid.shape))
        row = [r for r, size_class in enumerate(table) if size_class.holds(feret)]
        classes[number] = row[0] if row else len(table) - 1
    return classes


def _in_one_piece(cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Shift the voxels of a particle so that the border of the domain does not cut it.

    A particle that reaches all round the domain stays as it is.
    """
    shifted = cells.copy()
    for axis, side in enumerate(shape):
        empty = np.flatnonzero(np.bincount(cells[:, axis], minlength=side) == 0)
        if empty.size:
            shifted[:, axis] = (cells[:, axis] - empty[0] - 1) % side
    return shifted
