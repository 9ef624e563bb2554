"""What a profile consists of: cells, materials, inputs, decay and transport, read and checked.

`profile` turns named parameters (and arrays, where they are given) into a `Profile`, which knows
the tridiagonal operator of the equations (`soilnb.kernels.depth`) and what enters and leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as _replace
from functools import cached_property
from pathlib import Path

import numpy as np

from soilnb.kernels import depth as kernel
from soilnb.parameters import (
    InputError,
    Parameters,
    ParameterSet,
    check_finite,
    check_known,
    choose,
    read_table,
    shown,
)

#: The named sets of the whole-profile model.
PARAMETER_SETS = read_table(Path(__file__).with_name("depth.toml")).sets

#: Thickness (m) of the cells of the default grid, and of the points of the published variant.
THICKNESS, PUBLISHED_SPACING = 0.02, 0.001

#: How far the sum of shares may be from one.
SHARES = 1e-6

_CM2, _CM, _MM = 1e-4, 1e-2, 1e-3  # cm2, cm and mm in m2 and m


def grid(depth: float = 2.0, thickness: float = THICKNESS) -> np.ndarray:
    """Return the edges [cell + 1] in m of equal cells, about `thickness` m each.

    Examples
    --------
    >>> grid(1.0, 0.25)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    depth = _positive("depth", depth, "m")
    cells = round(depth / _positive("thickness", thickness, "m"))
    if not 2 <= cells <= 20_000:
        raise InputError(f"thickness = {thickness:g} m: allowed 2 to 20,000 cells in {depth:g} m")
    return np.linspace(0.0, depth, cells + 1)


def root_shares(edges: Sequence[float], beta: float | None = None, **logistic: float) -> np.ndarray:
    """Return the share of the roots in each layer; the shares sum to one.

    Parameters
    ----------
    edges : sequence of float [layer + 1]
        Depths (m) between the layers, increasing from 0.
    beta : float
        Share below d cm is beta**d (Jackson et al. 1996, doi:10.1007/BF00333714).
    **logistic : float
        ``d50`` and ``d95`` (cm) instead of `beta`: share above d is 1 / (1 + (d/D50)^c) with
        c = -1.27875 / (log10 D95 - log10 D50), which is 95 % at D95 (Schenk & Jackson 2002,
        doi:10.1890/0012-9615(2002)072[0311:TGBOR]2.0.CO;2).

    Returns
    -------
    ndarray [layer]

    Raises
    ------
    InputError
        For depths out of order, for both or neither of the two forms, or numbers out of range.

    Examples
    --------
    >>> root_shares([0.0, 0.3, 1.0], beta=0.961).round(2)
    array([0.71, 0.29])
    """
    edges = check_edges(edges)
    if (beta is None) == (not logistic) or set(logistic) - {"d50", "d95"}:
        raise InputError("root_shares: allowed beta, or d50 and d95 (cm)")
    if beta is not None:
        low, high = PARAMETER_SETS["cropland"].records["root_beta"].bounds
        if not low <= check_finite("beta", beta) <= high:
            raise InputError(f"beta = {beta:g}: allowed {low:g} to {high:g}")
        above = 1.0 - beta ** (edges / _CM)
    else:
        if len(logistic) < 2:
            raise InputError("root_shares: d50 and d95 (cm) are needed together")
        d50 = _positive("d50", logistic["d50"], "cm")
        d95 = _positive("d95", logistic["d95"], "cm")
        if not d95 > d50:
            raise InputError(f"d95 = {d95:g} cm: allowed more than d50 = {d50:g} cm")
        c = -1.27875 / (np.log10(d95) - np.log10(d50))
        with np.errstate(divide="ignore"):
            above = 1.0 / (1.0 + (edges / (d50 * _CM)) ** c)
    return np.diff(above) / (above[-1] - above[0])


def layer_shares(edges: Sequence[float], top: float, bottom: float) -> np.ndarray:
    """Return how something spread evenly from `top` to `bottom` (m) falls into cells [cell].

    Raises
    ------
    InputError
        For depths out of order, or a layer that is not inside the profile.

    Examples
    --------
    >>> layer_shares([0.0, 0.1, 0.2, 0.4], 0.1, 0.4).round(2)
    array([0.  , 0.33, 0.67])
    """
    edges = check_edges(edges)
    top, bottom = check_finite("top", top, "m"), check_finite("bottom", bottom, "m")
    if not 0.0 <= top < bottom:
        raise InputError(f"layer {top:g} to {bottom:g} m: allowed an upper and a lower depth")
    if bottom > edges[-1] * (1 + 1e-9):
        raise InputError(
            f"layer {top:g} to {bottom:g} m is outside the profile: allowed 0 to {edges[-1]:g} m"
        )
    return overlap(edges, top, bottom) / (bottom - top)


def overlap(edges: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """Return how much (m) of each cell lies between two depths."""
    return np.clip(np.minimum(edges[1:], bottom) - np.maximum(edges[:-1], top), 0.0, None)


@dataclass(frozen=True, eq=False)
class Profile:
    """A soil profile as the equations see it, in m, years and g C; made by `profile`."""

    edges: np.ndarray  #: [cell + 1]: depths between the cells, m.
    materials: tuple[str, ...]  #: What the carbon consists of.
    #: [cell + 1]: at the edges, in m2 yr-1 and m yr-1; what crosses the outer edges is set by the
    #: rest.
    diffusion: np.ndarray
    advection: np.ndarray
    source: np.ndarray  #: [material, cell]: carbon input of each cell, g C m-2 yr-1.
    decay: np.ndarray  #: [material, cell]: decay rate, yr-1.
    #: Soil lost and gained at the surface, m yr-1.
    erosion: float
    deposition: float
    sediment: np.ndarray  #: [material]: carbon of the sediment that is deposited, g C m-3.
    bottom: str  #: Whether water carries carbon through the lower end.
    boundary: str  #: Discretisation.
    parameters: ParameterSet  #: What the profile was made from.
    given: tuple[str, ...] = ()  #: What was given as arrays instead.
    #: [material]: carbon that the fixed surface value of the published boundary lets in, g C m-2
    #: yr-1.
    inflow: np.ndarray = field(default_factory=lambda: np.zeros(1))

    def replace(self, **changes) -> Profile:
        """Return a copy with some attributes changed."""
        return _replace(self, **changes)

    @property
    def thickness(self) -> np.ndarray:
        """Thickness of the cells [cell], m."""
        return np.diff(self.edges)

    @property
    def depth(self) -> np.ndarray:
        """Middle of the cells [cell], m."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.edges.size - 1

    def where(self, bad: np.ndarray) -> str:
        """Name the first cell at which `bad` [cell] is true."""
        return f" at {self.depth[np.argmax(bad)]:g} m"

    def index(self, material: str) -> int:
        """Return the place of a material, or raise `InputError`."""
        check_known("material", material, self.materials)
        return self.materials.index(material)

    @cached_property
    def operator(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The tridiagonal operator: lower, diagonal and upper [material, cell], yr-1."""
        return self._operator(self.decay)

    @cached_property
    def transport(self) -> np.ndarray:
        """What moves and what leaves through the ends [to_cell, from_cell], yr-1."""
        lower, diagonal, upper = (row[0] for row in self._operator(np.zeros((1, self.size))))
        return np.diag(diagonal) + np.diag(lower[1:], -1) + np.diag(upper[:-1], 1)

    def _operator(self, decay: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        lower, diagonal, upper = (np.empty_like(decay) for _ in range(3))
        for m in range(len(decay)):
            arrays = lower[m], diagonal[m], upper[m]
            if self.boundary == "published":
                kernel.central(
                    self.edges[1] - self.edges[0], self.diffusion[0], self.advection[0],
                    decay[m], *arrays,
                )  # fmt: skip
            else:
                kernel.conservative(
                    self.thickness, self.diffusion, self._velocity, decay[m],
                    self.erosion, self._leaching + self._burial, *arrays,
                )  # fmt: skip
        return lower, diagonal, upper

    @cached_property
    def losses(self) -> np.ndarray:
        """What leaves each cell for good, yr-1 [material, cell]: decay, and through the ends."""
        losses = self.decay.copy()
        for rate, cell in self.ends.values():
            losses[:, cell] += rate
        return losses

    @property
    def _velocity(self) -> np.ndarray:
        # Sediment pushes the soil down through the fixed depths, erosion lets it rise.
        return self.advection + self.deposition - self.erosion

    @property
    def _leaching(self) -> float:
        """Speed (m yr-1) at which water carries carbon through the lower end."""
        # Where erosion lets the soil rise faster than the water sinks, nothing leaves below.
        rise = max(self.erosion - self.deposition, 0.0)
        return max(float(self.advection[-1]) - rise, 0.0) if self.bottom == "open" else 0.0

    @property
    def _burial(self) -> float:
        return max(self.deposition - self.erosion, 0.0)

    @cached_property
    def gains(self) -> np.ndarray:
        """All that enters the cells, g C m-2 yr-1 [material, cell]."""
        gains = self.source.copy()
        gains[:, 0] += self.deposited
        return gains

    @property
    def deposited(self) -> np.ndarray:
        """Carbon that comes through the surface, g C m-2 yr-1 [material]."""
        if self.boundary == "published":
            return self.inflow
        return self.deposition * self.sediment

    @property
    def ends(self) -> dict[str, tuple[float, int]]:
        """Loss through the ends: rate (yr-1) and the cell that it leaves."""
        if self.boundary == "published":
            h = self.edges[1] - self.edges[0]
            spread, drift = self.diffusion[0] / h**2, 0.5 * self.advection[0] / h
            return {"leaching": (spread + drift, -1), "erosion": (spread - drift, 0)}
        first, last = self.thickness[0], self.thickness[-1]
        return {
            "leaching": (self._leaching / last, -1),
            "erosion": (self.erosion / first, 0),
            "burial": (self._burial / last, -1),
        }


def profile(
    parameters: Parameters = "cropland",
    *,
    edges: Sequence[float] | None = None,
    thickness: float = THICKNESS,
    diffusion: float | Sequence[float] | Callable | None = None,
    advection: float | Sequence[float] | Callable | None = None,
    roots: Sequence[float] | None = None,
    source: Sequence | None = None,
    decay: Sequence | Callable | None = None,
) -> Profile:
    """Make a soil profile from named parameters, and from arrays where they are given.

    Parameters
    ----------
    parameters : str or mapping
        Name of a set in `PARAMETER_SETS`, or a mapping of changes to ``cropland`` (or to the set
        that its key ``set`` names).
    edges : sequence of float [cell + 1], optional
        Depths (m) between the cells, increasing from 0; default equal cells.
    thickness : float
        Thickness (m) of the cells of the default grid.
    diffusion, advection : float, sequence [cell + 1] or callable, optional
        Mixing (cm2 yr-1) and transport (cm yr-1) at the edges, or a function of depth (m).
    roots : sequence of float [cell], optional
        Shares of the root input, instead of the root depth parameters; they sum to one.
    source : sequence [cell] or [material, cell], optional
        Carbon input (g C m-2 yr-1) of each cell, instead of roots and residues. With one row and
        two materials it is divided by the share of root carbon that is kept.
    decay : sequence [cell] or [material, cell] or callable, optional
        Decay rate (yr-1), instead of the exponential; a single row or a function of depth (m)
        is that of ``soil``.

    Raises
    ------
    InputError
        For an unknown set or parameter, depths out of order, shares that do not sum to one,
        negative rates, or arrays that do not fit.

    Examples
    --------
    >>> profile({"set": "luo2025", "depth": 1.0}, thickness=0.5).source.round(0)
    array([[153.,  27.]])
    """
    chosen = choose(parameters, PARAMETER_SETS, "cropland")
    arrays = {
        "edges": edges, "diffusion": diffusion, "advection": advection, "roots": roots,
        "source": source, "decay": decay,
    }  # fmt: skip
    given = {name: value for name, value in arrays.items() if value is not None}
    if chosen.options["boundary"] == "published":
        if given:
            raise InputError(f"{next(iter(given))}: the published boundary allows parameters only")
        return _published(chosen)
    cells = grid(chosen["depth"], thickness) if edges is None else check_edges(edges)
    return _conservative(chosen, cells, given)


def _conservative(chosen: ParameterSet, cells: np.ndarray, given: Mapping[str, object]) -> Profile:
    """Make finite volumes between the edges `cells`, from parameters and what was given beside."""
    materials, sources = _sources(chosen, cells, given.get("roots"), given.get("source"))
    speeds = {
        name: _at_edges(name, given.get(name), chosen[name], cells, unit)
        for name, unit in (("diffusion", "cm2 yr-1"), ("advection", "cm yr-1"))
    }
    made = Profile(
        cells,
        materials,
        speeds["diffusion"] * _CM2,
        speeds["advection"] * _CM,
        sources,
        _decay(chosen, materials, 0.5 * (cells[1:] + cells[:-1]), given.get("decay")),
        chosen["erosion"] * _MM,
        chosen["deposition"] * _MM,
        np.where(np.array(materials) == "soil", chosen["sediment_carbon"], 0.0),
        chosen.options["bottom"],
        "conservative",
        chosen,
        tuple(given),
    )
    if made.deposition > 0 and "soil" not in materials:
        raise InputError("deposition: allowed with the material soil, which this profile lacks")
    return made


def _published(chosen: ParameterSet) -> Profile:
    """Make the published discretisation: points between two ends with fixed values."""
    for name, allowed in (("erosion", 0.0), ("deposition", 0.0), ("residue_input", 0.0)):
        if chosen[name] != allowed:
            raise InputError(f"{name} = {chosen[name]:g}: the published boundary allows {allowed}")
    if chosen["root_kept"] < 1.0 or chosen.options["roots"] != "beta":
        raise InputError("the published boundary allows one material (root_kept 1) and roots beta")
    if chosen["diffusion"] <= 0.0:
        raise InputError("diffusion = 0: the published boundary allows more than 0 cm2 yr-1")
    h = PUBLISHED_SPACING
    fastest = 2 * chosen["diffusion"] * _CM2 / h / _CM
    if chosen["advection"] > fastest:
        raise InputError(
            f"advection = {chosen['advection']:g}: the published boundary allows up to "
            f"{fastest:g} cm yr-1 with this diffusion, beyond which central differences oscillate"
        )
    ends = round(chosen["depth"] / h)
    z = h * np.arange(1, ends)
    edges = np.append(z - 0.5 * h, z[-1] + 0.5 * h)
    beta = chosen["root_beta"]
    # u(z) = -beta^z ln beta, a density per cm.
    density = -chosen["root_input"] * np.log(beta) / _CM * beta ** (np.append(0.0, z) / _CM)
    kappa, v = chosen["diffusion"] * _CM2, chosen["advection"] * _CM
    at_surface = density[0] / chosen["decay"]
    n = z.size
    return Profile(
        edges,
        ("soil",),
        np.full(n + 1, kappa),
        np.full(n + 1, v),
        density[np.newaxis, 1:] * h,
        chosen["decay"] * np.exp(-z[np.newaxis] / (chosen["decay_depth"] * _CM)),
        0.0,
        0.0,
        np.zeros(1),
        "open",
        "published",
        chosen,
        (),
        np.array([(kappa / h**2 + 0.5 * v / h) * at_surface * h]),
    )


def _sources(
    chosen: ParameterSet, edges: np.ndarray, roots: Sequence | None, source: Sequence | None
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the materials and the input of each [material, cell] in g C m-2 yr-1."""
    cells = edges.size - 1
    if source is not None:
        array = amounts("source", source, "g C m-2 yr-1")
        if array.shape == (cells,):
            array = np.stack([(1 - chosen["root_kept"]) * array, chosen["root_kept"] * array])
        if array.shape != (2, cells):
            raise InputError(
                f"source has the shape {array.shape}: allowed ({cells},) or (2, {cells})"
            )
    else:
        if roots is not None:
            spread = _shares("roots", roots, cells)
        elif chosen.options["roots"] == "beta":
            spread = root_shares(edges, chosen["root_beta"])
        else:
            spread = root_shares(edges, d50=chosen["root_d50"], d95=chosen["root_d95"])
        deep = min(chosen["residue_depth"] * _CM, edges[-1])
        from_roots = chosen["root_input"] * spread
        from_residues = chosen["residue_input"] * layer_shares(edges, 0.0, deep)
        kept = chosen["root_kept"] * from_roots + chosen["residue_kept"] * from_residues
        array = np.stack([from_roots + from_residues - kept, kept])
    if not array[0].any():
        return ("soil",), array[1:]
    return ("fresh", "soil"), array


def _decay(
    chosen: ParameterSet, materials: tuple[str, ...], z: np.ndarray, decay: Sequence | Callable
) -> np.ndarray:
    """Return the decay rates [material, cell] in yr-1."""
    fresh = chosen["fresh_decay"] * np.exp(-z / (chosen["fresh_decay_depth"] * _CM))
    if decay is None:
        soil = chosen["decay"] * np.exp(-z / (chosen["decay_depth"] * _CM))
    else:
        soil = amounts("decay", decay(z) if callable(decay) else decay, "yr-1")
        if soil.shape == (len(materials), z.size):
            return soil
        if soil.shape != z.shape:
            raise InputError(
                f"decay has the shape {soil.shape}: allowed ({z.size},) or "
                f"({len(materials)}, {z.size})"
            )
    return np.stack([{"fresh": fresh, "soil": soil}[name] for name in materials])


def check_edges(edges: Sequence[float]) -> np.ndarray:
    """Return depths [cell + 1] in m, checked: from 0 and increasing."""
    try:
        depths = np.asarray(edges, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"edges = {shown(edges)}: allowed depths in m") from None
    if depths.ndim != 1 or depths.size < 2 or not np.isfinite(depths).all():
        raise InputError("edges: allowed one dimension of two or more finite depths in m")
    if depths[0] != 0.0:
        raise InputError(f"edges start at {depths[0]:g} m: allowed 0, the surface")
    deeper = np.diff(depths) > 0
    if not deeper.all():
        k = int(np.argmin(deeper))
        raise InputError(
            f"edges are out of order: {depths[k]:g} m is followed by {depths[k + 1]:g} m; "
            "allowed increasing depths"
        )
    return depths


def _shares(name: str, shares: Sequence[float], cells: int) -> np.ndarray:
    array = amounts(name, shares, "1")
    if array.shape != (cells,):
        raise InputError(f"{name} has the shape {array.shape}: allowed ({cells},), one per cell")
    if abs(array.sum() - 1.0) > SHARES:
        raise InputError(f"{name} sum to {array.sum():g}: allowed shares that sum to 1")
    return array / array.sum()


def amounts(name: str, values: object, unit: str) -> np.ndarray:
    """Return values as floats, none negative."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name}: allowed numbers (in {unit})") from None
    if not np.isfinite(array).all():
        raise InputError(f"{name} is not finite everywhere (in {unit})")
    if (array < 0).any():
        unit = "" if unit == "1" else f" {unit}"
        raise InputError(f"{name} = {array[array < 0][0]:g}: allowed 0 or more{unit}")
    return array


def _at_edges(
    name: str, values: object, default: float, edges: np.ndarray, unit: str
) -> np.ndarray:
    if values is None:
        values = default
    array = amounts(name, values(edges) if callable(values) else values, unit)
    if array.shape not in ((), edges.shape):
        raise InputError(
            f"{name} has the shape {array.shape}: allowed a number or ({edges.size},), one per edge"
        )
    return np.array(np.broadcast_to(array, edges.shape))


def _positive(name: str, value: float, unit: str) -> float:
    number = check_finite(name, value, unit)
    if not number > 0:
        raise InputError(f"{name} = {number:g}: allowed more than 0 {unit}")
    return number
