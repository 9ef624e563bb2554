"""A domain from a user's own segmented image: solid, pore and organic voxels.

The image may be a PNG, a TIFF, a NumPy file or an array of codes, of any resolution; it is brought
to the model's voxels of 2 µm, each of which gets the code that covers most of it. Connected solid
voxels become one mineral particle each, connected organic voxels one organic particle. The
domain is a torus: what touches the border is joined to what it meets across it.

What was understood is said in one line. Where an image can be read in two ways (what is white?
are these the stored numbers, or those that a viewer shows?), it is refused with both readings, the
porosity that each gives, and the argument that settles it.
"""

import os
import sys
import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.sparse import csr_array

from soilnb.kernels import automaton
from soilnb.parameters import InputError, ParameterSet, check_known, check_range, shown, unknown
from soilnb.pore.parameters import VOXEL, size_classes, with_parameters
from soilnb.pore.state import INITIAL_NECROMASS, POM, State
from soilnb.pore.structure import MOST_VOXELS, check_shape, generator, mark_reactive, min_feret

#: What the values of an image mean, unless the user says otherwise.
CODES = {0: "pore", 1: "solid", 2: "pom", 3: "necromass"}

_PHASES = ("pore", "solid", "pom", "necromass")

#: Ways to read the numbers of a file, see ``values`` of `from_image`.
VALUES = ("stored", "shown")

#: Width and height of a pixel may differ by this share, by the rounding of a file.
UNEQUAL = 0.01

#: More values than there can be phases: the image is grey.
_GREY = 12


class ImageWarning(UserWarning):
    """An image was read in one of the two ways that there are."""


class Pixels(NamedTuple):
    """An image as numbers, in the ways in which they can be read (one way, for an array)."""

    readings: dict[str, np.ndarray]
    lossy: bool = False


@with_parameters
def from_image(
    image: str | os.PathLike | np.ndarray,
    resolution: float,
    *,
    codes: Mapping[float, str] | None = None,
    values: str | None = None,
    page: int | None = None,
    seed: int | np.random.Generator = 0,
    parameters: str | Mapping = "default",
) -> State:
    """Return a state with the structure of a segmented image.

    It has mineral particles with reactive edges by their size, and the organic particles of the
    image, fresh; no biomass and no solution yet (see `soilnb.pore.structure.populate`). Porosity
    and phases are reported in one line on stderr.

    Parameters
    ----------
    image : path or array, shape (height, width)
        PNG, TIFF or ``.npy`` file, or an array. One value per phase.
    resolution : float
        Edge of a pixel, in µm.
    codes : mapping, optional
        What each value is: ``"pore"``, ``"solid"``, ``"pom"`` or ``"necromass"``. The default is
        0, 1, 2, 3 in this order; a black and white image needs ``{0: "pore", 255: "solid"}``, a
        mask ``{False: "pore", True: "solid"}``, or the reverse.
    values : {"stored", "shown"}, optional
        Which numbers of a file the codes mean, where they differ (one bit, a palette, white stored
        as zero): those in the file, or the brightness that a viewer shows.
    page : int, optional
        Which slice of a stack, from 0.
    seed : int or numpy.random.Generator
        Seed of the reactive edges and of everything random that follows.
    parameters : str or mapping
        See `soilnb.pore.parameters.resolve`.

    Raises
    ------
    InputError
        For a file that cannot be read, an image with other values, colours or grey values, one
        that can be read in two ways, a domain that is too small or too large, or one without
        solids or without pores.

    Examples
    --------
    >>> state = from_image(np.eye(24) + np.eye(24, k=1), resolution=2.0)  # 0 is pore, 1 is solid
    >>> int(state.solid.max())  # one mineral particle: a diagonal band
    1
    """
    resolution = _edge(resolution)
    if values not in (None, *VALUES):
        raise unknown("values", values, VALUES)
    phases = _phases(_pixels(image, page), _codes(codes), values)
    return _soil(_at_model_voxels(phases, resolution), parameters, generator(seed))


def _soil(phases: np.ndarray, parameters: ParameterSet, rng: np.random.Generator) -> State:
    """Return the state of a domain whose voxels have these phases, and say what is in it."""
    shares = {what: float(np.mean(phases == i)) for i, what in enumerate(_PHASES)}
    for what in ("solid", "pore"):
        if not shares[what]:
            raise InputError(f"image has no {what} voxel: allowed images with solids and pores")
    state = State.empty(phases.shape, rng)
    state.solid[:] = _largest_first(_components(np.where(phases == 1, 1, 0)))
    state.organic[:] = _components(np.where(phases > 1, phases, 0))
    state.next_organic = int(state.organic.max()) + 1
    state.kind[phases == 2], state.kind[phases == 3] = POM, INITIAL_NECROMASS
    state.c_pom[phases == 2] = parameters["pom_start"]
    state.c_nec[phases == 3] = parameters["necromass_start"]
    state.size_class = _classes(state.solid, parameters)
    mark_reactive(state, parameters)
    there = ", ".join(f"{what} {share:.3f}" for what, share in shares.items() if share)
    size = f"{phases.shape[0]} × {phases.shape[1]} voxels of {VOXEL:g} µm"
    porosity = 1 - shares["solid"]
    print(f"note: image of {size}: porosity {porosity:.3f} ({there})", file=sys.stderr)
    return state


def _edge(resolution: float) -> float:
    """Return the edge of a pixel in µm, or raise `InputError`."""
    if isinstance(resolution, (tuple, list, np.ndarray)) and np.size(resolution) > 1:
        raise InputError(
            f"resolution = {shown(resolution)}: allowed one edge for both directions; resample the "
            "image to square pixels first, as scipy.ndimage.zoom(image, ratios, order=0) does"
        )
    return check_range("resolution", resolution, 1e-3, 1e3, "µm")


def _pixels(image: str | os.PathLike | np.ndarray, page: int | None) -> Pixels:
    """Return the numbers of an image, whatever it came as."""
    if not isinstance(image, (str, os.PathLike)):
        return Pixels({"stored": _slice(_array(image), page)})
    path = os.fspath(image)
    try:
        if path.lower().endswith(".npy"):
            return Pixels({"stored": _slice(np.load(path, mmap_mode="r"), page)})
        return _picture(path, page)
    except FileNotFoundError:
        raise InputError(f"image {path!r}: no such file") from None
    except InputError:
        raise
    except Exception as error:  # readers of damaged images raise what they like
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            f"image {path!r} cannot be read ({reason}): allowed PNG, TIFF, NPY"
        ) from None


def _array(image: object) -> np.ndarray:
    """Return an array of numbers that a user hands over."""
    hidden = int(np.ma.getmaskarray(image).sum()) if isinstance(image, np.ma.MaskedArray) else 0
    if hidden:
        raise InputError(
            f"image has {hidden} masked pixels: allowed a phase for each, as image.filled(0) gives"
        )
    try:
        pixels = np.asarray(image)
        return pixels.astype(float) if pixels.dtype.kind in "US" else pixels
    except (TypeError, ValueError):
        raise InputError("image has values that are no numbers: allowed numbers") from None


def _slice(pixels: np.ndarray, page: int | None) -> np.ndarray:
    """Return the plane of an array: of a stack, the slice that is asked for."""
    pixels = _grey(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    if pixels.ndim == 3:
        pixels = pixels[_page(len(pixels), page, f" of the shape {pixels.shape}")]
    if pixels.ndim != 2:
        raise InputError(f"image has the shape {pixels.shape}: allowed (height, width), no colours")
    _check_size(*pixels.shape)
    return np.array(pixels)


def _page(pages: int, page: int | None, what: str = "") -> int:
    """Return the number of a slice, or raise `InputError`."""
    if page is None:
        if pages == 1:
            return 0
        raise InputError(
            f"image{what} is a stack of {pages} slices: which slice? allowed page=0 to {pages - 1}"
        )
    if not isinstance(page, (int, np.integer)) or not 0 <= page < pages:
        raise InputError(f"page = {shown(page)}: allowed whole numbers from 0 to {pages - 1}")
    return int(page)


def _check_size(height: int, width: int) -> None:
    """Refuse an image whose pixels would not fit into memory, before they are read."""
    if height * width > MOST_VOXELS:
        raise InputError(
            f"image has {height} × {width} pixels: allowed {MOST_VOXELS:,} in all; cut it, or make "
            "it coarser"
        )


def _check_square(per_inch: tuple[float, float] | None) -> None:
    """Refuse a file that says that its pixels are wider than high, or the reverse."""
    across, down = map(float, per_inch or (0, 0))
    if across > 0 and down > 0 and abs(across / down - 1) > UNEQUAL:
        raise InputError(
            f"image says that its pixels are unequal ({across:g} and {down:g} to a length): "
            "resample it to square pixels first"
        )


def _grey(pixels: np.ndarray) -> np.ndarray:
    """Return a picture with channels (height, width, channel) without them, or raise."""
    if pixels.ndim != 3 or pixels.shape[2] not in (2, 3, 4):
        return pixels
    _check_size(*pixels.shape[:2])
    colours = pixels.shape[2] - 1 if pixels.shape[2] != 3 else 3
    opaque = pixels[..., colours:]
    if not (pixels[..., :colours] == pixels[..., :1]).all():
        raise InputError(
            f"image has the shape {pixels.shape} with channels that differ: allowed one value a "
            "phase, no colours"
        )
    if opaque.size and not (opaque == opaque.flat[0]).all():
        raise InputError("image has transparent pixels: allowed a phase for each pixel")
    return pixels[..., 0]


def _picture(path: str, page: int | None) -> Pixels:
    """Return the numbers of an image file, as they are stored and as they are shown."""
    with Image.open(path) as picture:
        picture.seek(_page(getattr(picture, "n_frames", 1), page, f" {path!r}"))
        _check_size(*picture.size)
        _check_square(picture.info.get("aspect") or picture.info.get("dpi"))
        lossy = picture.format in ("JPEG", "MPO", "WEBP")
        tags = getattr(picture, "tag_v2", {})
        inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
        if picture.mode in ("P", "PA"):
            return Pixels(_with_palette(picture), lossy)
        if picture.mode not in _PLAIN:
            picture = picture.convert("RGB")
        pixels = _grey(np.asarray(picture))
    if pixels.dtype == bool:
        shown = pixels.astype(np.uint8)
        return Pixels({"stored": 1 - shown if inverted else shown, "shown": 255 * shown}, lossy)
    if inverted and pixels.dtype == np.uint8:  # the reader has turned them round
        return Pixels({"stored": 255 - pixels, "shown": pixels}, lossy)
    if inverted and pixels.dtype.kind == "u":
        return Pixels({"stored": pixels, "shown": np.iinfo(pixels.dtype).max - pixels}, lossy)
    return Pixels({"stored": pixels}, lossy)


def _with_palette(picture: Image.Image) -> dict[str, np.ndarray]:
    """Return the numbers of an image with a palette; colours have no numbers of their own."""
    stored = _grey(np.asarray(picture))
    shown = np.asarray(picture.convert("RGB"))
    grey = (shown == shown[..., :1]).all()
    return {"stored": stored} | ({"shown": shown[..., 0]} if grey else {})


#: Modes of pictures whose numbers are taken as they are.
_PLAIN = ("1", "L", "LA", "RGB", "RGBA", "I", "F", "I;16", "I;16L", "I;16B")

#: Tag of a TIFF that says how numbers are shown, and its value where 0 is white.
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0


def _codes(codes: Mapping[float, str] | None) -> dict[float, str] | None:
    """Return codes with numbers as keys; text such as ``"255"`` is a number, too."""
    if codes is None:
        return None
    if not isinstance(codes, Mapping):
        raise InputError(
            f"codes = {shown(codes)}: allowed a mapping such as {{0: 'pore', 1: 'solid'}}"
        )
    found: dict[float, str] = {}
    for key, phase in codes.items():
        try:
            value = float(key)
        except (TypeError, ValueError):
            raise InputError(f"code {shown(key)} of {shown(phase)} is not a number") from None
        check_known("phase", phase, _PHASES, letters=False)
        if found.setdefault(value, phase) != phase:
            raise InputError(f"code {shown(key)} is given twice, as {found[value]!r} and {phase!r}")
    return found


def _phases(pixels: Pixels, codes: dict[float, str] | None, values: str | None) -> np.ndarray:
    """Return 0 pore, 1 solid, 2 particulate organic matter, 3 necromass for every pixel."""
    readings = pixels.readings
    if values in readings:
        readings = {values: readings[values]}
    there = {}
    for name, numbers in readings.items():
        if numbers.dtype.kind not in "buif":
            raise InputError(f"image has values of type {numbers.dtype}: allowed numbers")
        there[name] = np.unique(numbers)
    if codes is None:
        _check_plain(readings, there)
    codes = CODES if codes is None else codes
    known = np.array(list(codes), float)
    fitting = [name for name, found in there.items() if np.isin(found, known).all()]
    if not fitting:
        name = next(iter(readings))
        raise _strange(readings[name], there[name], codes, pixels.lossy)
    found = {}
    for name in fitting:
        phases = np.zeros(readings[name].shape, np.int32)
        for value, phase in codes.items():
            phases[readings[name] == value] = _PHASES.index(phase)
        found[name] = phases
    first = found[fitting[0]]
    if all(np.array_equal(first, other) for other in found.values()):
        return first
    porosities = {name: 1 - np.mean(phases == 1) for name, phases in found.items()}
    raise InputError(
        "image stores other numbers than a viewer shows: porosity "
        + ", or ".join(f"{p:.3f} (values={name!r})" for name, p in porosities.items())
        + "; say which numbers the codes mean"
    )


def _check_plain(readings: Mapping[str, np.ndarray], there: Mapping[str, np.ndarray]) -> None:
    """Ask what is solid where there are two values but no codes; 0 and 1 are codes by default."""
    name = list(readings)[-1]  # as a viewer shows them
    numbers, found = readings[name], there[name]
    if found.size != 2 or np.isnan(found).any() or (numbers.dtype != bool and {0, 1} == {*found}):
        return
    low, high = found.tolist()
    share = float(np.mean(numbers == low))
    one, other = (f"{{{low}: {a!r}, {high}: {b!r}}}" for a, b in (_PHASES[:2], _PHASES[1::-1]))
    if numbers.dtype == bool:
        warnings.warn(
            f"image is a mask: True is taken as solid, porosity {share:.3f}; where True is void, "
            f"codes={other} gives porosity {1 - share:.3f} (codes={one} says that it is not)",
            ImageWarning,
            stacklevel=4,
        )
        return
    raise InputError(
        f"image has two values, {low} and {high}, each of which may be solid: porosity "
        f"{share:.3f} with codes={one}, {1 - share:.3f} with codes={other}"
    )


def _strange(
    numbers: np.ndarray, found: np.ndarray, codes: Mapping[float, str], lossy: bool
) -> InputError:
    """Return the error for values that are no codes; many of them are grey values."""
    strange = found[~np.isin(found, list(codes))]
    listed = ", ".join(f"{value:g}: {phase}" for value, phase in codes.items())
    if found.size > _GREY and np.isfinite(found).all():
        threshold = _threshold(numbers)
        cause = "; a JPEG smears sharp edges, save as PNG" if lossy else ""
        return InputError(
            f"image has {found.size} values from {found[0]:g} to {found[-1]:g}, which are grey "
            f"values: segment first, for example image > {threshold:g} (Otsu's threshold, "
            f"{float(np.mean(numbers > threshold)):.3f} of the pixels); allowed codes "
            f"{{{listed}}}{cause}"
        )
    some = ", ".join(f"{value:g}" for value in strange[:5])
    more = ", ..." if strange.size > 5 else ""
    return InputError(f"image has the values {some}{more}: allowed codes {{{listed}}}")


def _threshold(numbers: np.ndarray) -> float:
    """Return the threshold that separates two classes of grey values best (Otsu 1979)."""
    counts, edges = np.histogram(numbers, 256)
    middle = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * middle)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = total / below - (total[-1] - total) / above
    return float(edges[1 + np.nanargmax(below * above * apart**2)])


def _at_model_voxels(phases: np.ndarray, resolution: float) -> np.ndarray:
    """Return the phases on voxels of 2 µm: each gets the phase that covers most of it."""
    shape = tuple(max(1, round(side * resolution / VOXEL)) for side in phases.shape)
    check_shape(shape)
    if shape == phases.shape:
        return phases
    down, across = (_overlaps(*sides) for sides in zip(phases.shape, shape, strict=True))
    cover = [down @ (phases == phase).astype(float) @ across.T for phase in range(len(_PHASES))]
    # Rounding guards the rule for ties: the first phase wins.
    return np.argmax(np.round(cover, 9), axis=0).astype(np.int32)


def _overlaps(pixels: int, voxels: int) -> csr_array:
    """Return how much of each pixel (column) each voxel (row) covers along one direction."""
    size = pixels / voxels
    cuts = np.union1d(np.arange(pixels + 1), np.arange(voxels) * size)
    middle = (cuts[:-1] + cuts[1:]) / 2
    row = np.minimum(middle / size, voxels - 1).astype(int)
    return csr_array((np.diff(cuts), (row, middle.astype(int))), shape=(voxels, pixels))


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
