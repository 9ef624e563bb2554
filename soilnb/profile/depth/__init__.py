r"""The whole soil profile: how carbon is put in, moved, and lost at each depth.

Soil carbon at a depth changes by what moves and by what comes and goes (Luo et al. 2025, Eq. 1;
Sierra et al. 2024, doi:10.1111/gcb.17153):

.. math:: \frac{\partial x}{\partial t} = \frac{\partial}{\partial z}\left(\kappa
          \frac{\partial x}{\partial z}\right) - \frac{\partial (v x)}{\partial z} + u(z) - k(z) x

with the density x (g C m-3), mixing κ, transport with water v, input u and decay k, all of which
may change with depth z (downward). A profile may hold several *materials* (fresh remains, soil
carbon, biochar), each with its own input and decay, all moved alike; they do not turn into each
other, so each is a linear problem of its own.

The budget of the whole profile is

    input + deposition = respiration + leaching + erosion + burial + change

where leaching is what water carries through the lower end (``bottom="open"``; a closed end has no
flux), erosion what leaves with soil lost at the surface, deposition what comes with sediment, and
burial what sediment pushes below the profile. Where soil is lost, the profile below moves up
towards the surface, and soil without carbon enters from below.

The option ``boundary="published"`` solves what Sierra et al. have solved: central differences
between fixed values at the two ends, x(0) = u(0)/k0 and x(L) = 0. Those ends exchange carbon with
the outside: what enters and leaves at the surface counts as deposition and erosion, what leaves
at the lower end as leaching.

What a profile does with the carbon of one year is told by the transit time (`transit_time`), by
the share that is still there (`remaining`), and by the carbon sequestration of Sierra et al.,
the time integral of what is there (`sequestration`).
"""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from soilnb import __version__
from soilnb.data import schemas
from soilnb.kernels import depth as kernel
from soilnb.parameters import (
    InputError,
    Parameters,
    as_numbers,
    check_finite,
    check_known,
    unknown,
)
from soilnb.profile import plausible
from soilnb.profile.depth.column import (
    PARAMETER_SETS,
    Profile,
    amounts,
    grid,
    layer_shares,
    overlap,
    profile,
    root_shares,
)
from soilnb.profile.model import Flux, Ledger, Mixing, Model
from soilnb.profile.model.base import Asked
from soilnb.profile.model.dataset import TIME, Initial, carbon_of, check_time
from soilnb.profile.model.dataset import VARIABLES as OF_ANY_MODEL
from soilnb.profile.model.drivers import read_series
from soilnb.profile.model.drivers import stops as stops_of
from soilnb.profile.model.system import System
from soilnb.schema import Variable

__all__ = [
    "PARAMETER_SETS", "Event", "Profile", "WholeProfile", "grid", "layer_shares", "layers",
    "profile", "remaining", "root_shares", "sequestration", "simulate", "steady_state", "stock",
    "transit_time", "warm_up",
]  # fmt: skip

#: Largest estimated error of a step, as a share of all carbon; the error of the result is a
#: thousand times smaller, because the estimate is of a lower order than the method.
TOLERANCE = 1e-7

_SOURCE = "Luo et al. 2025, Eq. 1; Sierra et al. 2024, doi:10.1111/gcb.17153"

#: What the whole profile returns.
VARIABLES = schemas.variables("depth") | plausible.VARIABLES


# --- at rest and in time ----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Event:
    """Something that moves soil at once, as a plough does."""

    times: Sequence[float]  #: Years in which it happens.
    #: [cell, cell]: column j says where the carbon of cell j goes; each column sums to one.
    moves: np.ndarray
    share: float = 1.0  #: Share of the field that is moved.
    #: What a material is called after it has been moved (default: as before).
    into: Mapping[str, str] = field(default_factory=dict)

    def check(self, soil: Profile) -> None:
        """Raise `InputError` where the event does not fit the profile or loses carbon."""
        n = soil.edges.size - 1
        if self.moves.shape != (n, n):
            raise InputError(f"moves has the shape {self.moves.shape}: allowed ({n}, {n})")
        columns = self.moves.sum(axis=0)
        if (self.moves < 0).any() or np.abs(columns - 1).max() > 1e-9:
            raise InputError(
                "moves: allowed shares whose columns sum to 1, so that no carbon is lost"
            )
        if not 0 < check_finite("share", self.share) <= 1:
            raise InputError(f"share = {self.share:g}: allowed more than 0, up to 1")
        amounts("times of an event", self.times, "yr")
        for old, new in self.into.items():
            soil.index(old), soil.index(new)

    def apply(self, carbon: np.ndarray, soil: Profile) -> np.ndarray:
        """Return the stocks [material, cell] after the event."""
        return self.mover(soil)(carbon)

    def mover(self, soil: Profile) -> Callable[[np.ndarray], np.ndarray]:
        """Return what turns the stocks [material, cell] before the event into those after it."""
        if not self.into:
            stay = (1 - self.share) * np.eye(self.moves.shape[0])
            whole = np.ascontiguousarray((stay + self.share * self.moves).T)
            return lambda carbon: carbon @ whole

        def move(carbon: np.ndarray) -> np.ndarray:
            after = (1 - self.share) * carbon
            for m, name in enumerate(soil.materials):
                target = soil.index(self.into.get(name, name))
                after[target] += self.share * (self.moves @ carbon[m])
            return after

        return move


def _resolve(thing: Profile | Parameters) -> Profile:
    return thing if isinstance(thing, Profile) else profile(thing)


def steady_state(soil: Profile | Parameters = "cropland") -> xr.Dataset:
    """Return the profile at which gains and losses balance at every depth.

    Parameters
    ----------
    soil : Profile, str or mapping
        A profile made with `profile`, or the parameters to make one from.

    Returns
    -------
    Dataset
        ``carbon`` (material, depth) in g C m-3, ``source`` (material, depth) in g C m-3 yr-1,
        ``decay`` (material, depth) in yr-1, ``stock`` in kg C m-2, and the terms of the budget in
        g C m-2 yr-1: ``input``, ``deposition``, ``respiration``, ``leaching``, ``erosion``,
        ``burial``, ``change``. Depths are in m; ``top`` and ``bottom`` bound each cell. ``stable``
        and ``plausible`` say whether it means anything (`soilnb.profile.plausible`).

    Raises
    ------
    InputError
        For bad parameters, or where some carbon is never lost.

    Examples
    --------
    >>> soil = steady_state("luo2025")
    >>> round(float(soil["stock"]), 2)  # kg C m-2
    25.57
    """
    soil = _resolve(soil)
    carbon = _steady(soil)
    attrs = VARIABLES["stable"].attrs
    return _dataset(soil, carbon, ()).assign(stable=((), _stable(soil), attrs))


def _stable(soil: Profile) -> bool:
    """Return whether every small disturbance of the steady state dies away.

    Where what leaves a cell goes to its neighbours or out, this cannot be otherwise
    (`soilnb.profile.plausible`); central differences may turn a flux around, though.
    """
    lower, diagonal, upper = soil.operator
    if min(lower.min(), upper.min()) >= 0:
        return True
    rows = zip(lower[:, 1:], diagonal, upper[:, :-1], strict=True)
    modes = [
        np.linalg.eigvals(np.diag(here) + np.diag(below, -1) + np.diag(above, 1))
        for below, here, above in rows
    ]
    return bool(plausible.dies_away(np.array(modes)).all())


def _steady(soil: Profile) -> np.ndarray:
    """Return the stocks [material, cell] at rest, in g C m-2."""
    carbon = np.empty_like(soil.source)
    lower, _, upper = soil.operator
    if kernel.steady_all(lower, soil.losses, upper, soil.gains, carbon) < len(soil.materials):
        raise InputError("decay = 0: no steady state where some carbon is never lost")
    return carbon


def simulate(
    soil: Profile | Parameters,
    time: Sequence[float],
    initial: Initial = None,
    events: Sequence[Event] = (),
    drivers: Mapping | xr.Dataset | None = None,
) -> xr.Dataset:
    """Run the profile in time under constant conditions or drivers, with events in between.

    Parameters
    ----------
    soil : Profile, str or mapping
        It holds from time 0 on.
    time : sequence of float
        Output times in years, increasing, the first 0 or later.
    initial : Dataset, DataArray or array, optional
        Carbon density at time 0 in g C m-3 (material, depth); default the steady state.
    events : sequence of `Event`
        What moves the soil. A state at the time of an event is that after it.
    drivers : mapping or Dataset, optional
        Series over ``time`` (years, the first 0): factors of ``decay`` and of ``input``, as a
        climate or a crop changes them. Each value holds from its time to the next, the last one on.

    Returns
    -------
    Dataset
        As of `steady_state` with a dimension ``time``, and the terms of the budget since time 0,
        ``cumulative_input`` and so on, in g C m-2; under drivers ``source`` and ``decay`` have a
        dimension ``time`` as well.

    Raises
    ------
    InputError
        For bad parameters, times or drivers, or an event that does not fit.

    Examples
    --------
    >>> bare = {"set": "luo2025", "root_input": 0.0}
    >>> bare = simulate(bare, [0.0, 50.0], initial=steady_state("luo2025"))
    >>> bare["stock"].values.round(2)
    array([25.57, 19.07])
    """
    soil = _resolve(soil)
    times = check_time(time)
    start = _steady(soil) if initial is None else _initial(soil, initial)
    for event in events:
        event.check(soil)
    if drivers is not None:
        return _driven(soil, times, start, events, *_factors(soil, drivers))
    carbon, integral = _run(soil, times, start, events)
    passed = {name: times * value for name, value in _gains(soil).items()}
    passed |= _budget(soil, integral)
    return _dataset(soil, carbon, ("time",), times, passed, start)


def _factors(soil: Profile, drivers: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return when drivers change, and the factors of decay and of input, each [segment]."""
    if soil.boundary != "conservative":
        raise InputError("drivers: the published boundary has constant conditions only")
    starts, given = read_series(drivers)
    factors = {"decay": np.ones(starts.size), "input": np.ones(starts.size)}
    for name, values in given.items():
        check_known("driver", name, factors)
        numbers = amounts(f"drivers: {name}", as_numbers(f"drivers: {name}", values), "1")
        if numbers.shape != starts.shape:
            raise InputError(
                f"drivers: {name} has the shape {numbers.shape}: allowed {starts.size} numbers, "
                "one for each time"
            )
        factors[name] = numbers
    return starts, factors["decay"], factors["input"]


def _driven(
    soil: Profile, times: np.ndarray, start: np.ndarray, events: Sequence[Event],
    starts: np.ndarray, decay: np.ndarray, entering: np.ndarray,
) -> xr.Dataset:  # fmt: skip
    """Run one profile after the other: `decay` and `entering` [segment] are factors."""
    stops, which, wanted, now = stops_of(starts, times)
    carbon = np.empty((start.shape[0], stops.size, start.shape[1]))
    names = (*MODEL.gains, *MODEL.losses)
    passed, before = {name: np.zeros(stops.size) for name in names}, dict.fromkeys(names, 0.0)
    state = start
    for segment in np.unique(which):
        at, begin = np.flatnonzero(which == segment), starts[segment]
        season = soil.replace(
            decay=soil.decay * decay[segment], source=soil.source * entering[segment]
        )
        end = starts[segment + 1] if segment + 1 < starts.size else np.inf
        due = [
            replace(e, times=[t - begin for t in e.times if begin < t <= end or t == begin == 0])
            for e in events
        ]
        carbon[:, at], integral = _run(season, stops[at] - begin, state, due)
        gained = {name: (stops[at] - begin) * value for name, value in _gains(season).items()}
        for name, amount in (gained | _budget(season, integral)).items():
            passed[name][at] = before[name] + amount
            before[name] = passed[name][at[-1]]
        state = carbon[:, at[-1]]
    passed = {name: amount[wanted] for name, amount in passed.items()}
    return _dataset(
        soil, carbon[:, wanted], ("time",), times, passed, start, (decay[now], entering[now])
    )


def _gains(soil: Profile) -> dict[str, float]:
    """Return what comes in, g C m-2 yr-1."""
    return {"input": soil.source.sum(), "deposition": soil.deposited.sum()}


def _run(
    soil: Profile, times: np.ndarray, start: np.ndarray, events: Sequence[Event] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Return stocks and their time integrals, both [material, time, cell]."""
    calendar: dict[float, list[Callable]] = {}
    for event in events:
        move = event.mover(soil)
        for t in event.times:
            calendar.setdefault(float(t), []).append(move)
    stops = sorted(t for t in calendar if t <= times[-1])
    # Output times before each event; an event's own time comes after it.
    upto = [*np.searchsorted(times, stops, side="left").tolist(), times.size]
    shape = (start.shape[0], times.size, start.shape[1])
    carbon, integral = np.empty(shape), np.empty(shape)
    state, passed = np.array(start, dtype=float), np.zeros_like(start)
    steps = np.zeros(start.shape[0])
    now, done = 0.0, 0
    for stop, end in zip([*stops, None], upto, strict=True):
        legs = times[done:end].tolist()
        if stop is not None and stop > now:
            legs.append(stop)
        if legs:
            part, area = _leg(soil, state, np.array(legs) - now, steps)
            carbon[:, done:end] = part[:, : end - done]
            integral[:, done:end] = area[:, : end - done] + passed[:, np.newaxis]
            state, now = part[:, -1], legs[-1]
            passed = passed + area[:, -1]
        done = end
        for move in calendar.get(stop, ()):
            state = move(state)
    return carbon, integral


def _leg(
    soil: Profile, state: np.ndarray, times: np.ndarray, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    shape = (state.shape[0], times.size, state.shape[1])
    carbon, integral = np.empty(shape), np.empty(shape)
    status = kernel.transient_all(
        *soil.operator, soil.gains, np.ascontiguousarray(state), times, TOLERANCE, steps, carbon,
        integral,
    )  # fmt: skip
    if status != kernel.DONE:
        raise RuntimeError("the time steps of the profile became too many")
    return carbon, integral


def _initial(soil: Profile, initial: object) -> np.ndarray:
    """Return the initial stocks [material, cell] in g C m-2."""
    initial = carbon_of(initial, "g C m-3")
    if isinstance(initial, xr.DataArray):
        if "material" in initial.dims:
            missing = set(initial["material"].values) - set(soil.materials)
            if missing:
                raise unknown("material of initial", sorted(missing)[0], soil.materials)
            initial = initial.reindex(material=list(soil.materials), fill_value=0.0)
            initial = initial.transpose("material", "depth")
        initial = initial.values
    density = amounts("initial", _without_rounding(initial), "g C m-3")
    if density.shape != soil.source.shape and density.shape != soil.source.shape[1:]:
        raise InputError(f"initial has the shape {density.shape}: allowed {soil.source.shape}")
    if density.ndim == 1 and len(soil.materials) > 1:
        raise InputError(f"initial: allowed the materials {', '.join(soil.materials)}")
    return np.array(np.broadcast_to(density * soil.thickness, soil.source.shape))


def _without_rounding(values: object) -> object:
    """Return numbers with zeros for what is negative by rounding, as the end of a run may be."""
    try:
        array = np.array(values, dtype=float)
    except (TypeError, ValueError):
        return values
    if array.size:
        array[(array < 0) & (array > -1e-12 * np.abs(array).max())] = 0.0
    return array


def _budget(soil: Profile, carbon: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is lost, g C m-2 yr-1, from stocks [material, ..., cell] in g C m-2.

    The same sums over time integrals of the stocks give the losses over that time.
    """
    decay = np.expand_dims(soil.decay, tuple(range(1, carbon.ndim - 1)))
    lost = {"respiration": (decay * carbon).sum(axis=(0, -1))}
    by_cell = carbon.sum(axis=0)
    for name in ("leaching", "erosion", "burial"):
        rate, cell = soil.ends.get(name, (0.0, 0))
        lost[name] = rate * by_cell[..., cell]
    return lost


def _dataset(
    soil: Profile,
    carbon: np.ndarray,
    lead: tuple[str, ...],
    times: np.ndarray | None = None,
    passed: dict[str, np.ndarray] | None = None,
    start: np.ndarray | None = None,
    factors: tuple[np.ndarray, np.ndarray] | None = None,
) -> xr.Dataset:
    """Return the public Dataset of stocks [material, (time,) cell] in g C m-2.

    `passed` is what came in and left since the `start`; `factors` [time] are those of decay and
    input under drivers.
    """
    thickness = soil.thickness
    over = ("material", "depth")
    lost, gained = _budget(soil, carbon), _gains(soil)
    source, decay, driven = soil.source / thickness, soil.decay, ()
    if factors is not None:
        faster, more = (factor[:, np.newaxis, np.newaxis] for factor in factors)
        source, decay, driven = source * more, decay * faster, lead
        lost["respiration"] = lost["respiration"] * factors[0]
        gained["input"] = gained["input"] * factors[1]
    change = sum(gained.values()) - sum(lost.values())
    values = {
        "carbon": ((*lead, *over), np.moveaxis(carbon, 0, -2) / thickness),
        "source": ((*driven, *over), source),
        "decay": ((*driven, *over), decay),
        "stock": (lead, carbon.sum(axis=(0, -1)) / 1000),
        **{name: (lead[: np.ndim(value)], value) for name, value in gained.items()},
        **{name: (lead, value) for name, value in lost.items()},
        "change": (lead, change),
        "plausible": (lead, plausible.plausible(carbon.sum(axis=0) / thickness)),
    }
    data = {name: xr.Variable(d, v, VARIABLES[name].attrs) for name, (d, v) in values.items()}
    if passed is not None:
        passed["change"] = carbon.sum(axis=(0, -1)) - start.sum()
        for name, value in passed.items():
            own = VARIABLES[name]
            symbol = "C(t) - C(0)" if name == "change" else rf"\int {own.symbol}\,dt"
            attrs = Variable("g C m-2", f"{own.meaning}, since the start", symbol=symbol).attrs
            data[f"cumulative_{name}"] = xr.Variable(lead, value, attrs)
    coords = _coordinates(soil)
    if times is not None:
        coords["time"] = xr.Variable("time", times, TIME)
    return xr.Dataset(data, coords, _provenance(soil))


_DEPTHS = {
    "depth": {"units": "m", "long_name": "depth", "symbol": "z"},
    "top": {"units": "m", "long_name": "upper edge of the cell", "symbol": ""},
    "bottom": {"units": "m", "long_name": "lower edge of the cell", "symbol": ""},
}


def _coordinates(soil: Profile) -> dict[str, xr.Variable]:
    places = {"depth": soil.depth, "top": soil.edges[:-1], "bottom": soil.edges[1:]}
    coords = {name: xr.Variable("depth", z, _DEPTHS[name]) for name, z in places.items()}
    coords["material"] = xr.Variable("material", list(soil.materials), {"long_name": "material"})
    return coords


def _provenance(soil: Profile) -> dict[str, str]:
    return {
        "model": MODEL.name,
        "parameter_set": soil.parameters.name,
        "parameters": json.dumps({**soil.parameters, **soil.parameters.options}),
        "given_as_arrays": ", ".join(soil.given) or "none",
        "source": _SOURCE,
        "soilnb_version": __version__,
    }


# --- behind the seam --------------------------------------------------------------------------


@dataclass(frozen=True)
class WholeProfile(Model):
    """The whole profile as a `soilnb.profile.model.Model`: its place is a `Profile`.

    Instead of one, a mapping of what `profile` takes beside parameters, as ``{"thickness": 0.05}``.
    """

    axes = ("material", "depth")
    gains = ("input", "deposition")
    losses = ("respiration", "leaching", "erosion", "burial")

    @property
    def example(self) -> dict:
        """A typical place: all follows from the parameters."""
        return {}

    def total(self, found: xr.Dataset) -> xr.DataArray:
        """Return all carbon of a result of the model, g C m-2."""
        return 1e3 * found["stock"]

    def steady_state(
        self, place: Profile | Mapping, parameters: Parameters | None = None
    ) -> xr.Dataset:
        """Return the profile at rest; see `soilnb.profile.depth.steady_state`."""
        return steady_state(self._read(place, parameters))

    def simulate(
        self,
        place: Profile | Mapping,
        time: Sequence[float],
        parameters: Parameters | None = None,
        initial: Initial = None,
        events: Sequence[Event] = (),
        drivers: Mapping | xr.Dataset | None = None,
    ) -> xr.Dataset:
        """Run the profile in time; see `soilnb.profile.depth.simulate`."""
        return simulate(self._read(place, parameters), time, initial, events, drivers)

    def ask(self, place: object, parameters: object) -> Asked:
        """Read and check a place and parameters, once for all that follows."""
        soil = self._read(place, parameters)
        pools = {name: self.pools.get(name, name) for name in soil.materials}
        mixing = Mixing(soil.transport[np.newaxis], soil.materials)
        entries = self.ledger(soil, soil.parameters)
        return Asked(soil, soil.parameters, System(pools, soil, entries, mixing))

    def rest(self, asked: Asked) -> np.ndarray:
        """Return the steady state [cell, material + 2] in g C m-2."""
        return np.pad(_steady(asked.place).T, ((0, 0), (0, 2)))

    def state(self, asked: Asked, carbon: object) -> np.ndarray:
        """Return carbon in g C m-3 (material, depth) as a state [cell, material + 2], checked."""
        return np.pad(_initial(asked.place, carbon).T, ((0, 0), (0, 2)))

    def label(self, asked: Asked, variables: dict, coords: dict | None = None) -> xr.Dataset:
        """Return (dimensions, array [1, ...]) by name as a Dataset with units and origin."""
        data = {}
        for name, (dims, array) in variables.items():
            data[name] = xr.Variable(dims, array[0], (OF_ANY_MODEL | VARIABLES)[name].attrs)
        every = _coordinates(asked.place) | (coords or {})
        used = {dim for dims, _ in variables.values() for dim in dims} | set(coords or {})
        kept = {
            name: c
            for name, c in every.items()
            if not isinstance(c, xr.Variable) or set(c.dims) <= used
        }
        return xr.Dataset(data, kept, _provenance(asked.place))

    def _read(self, place: object, parameters: object) -> Profile:
        if isinstance(place, Profile):
            if parameters is not None:
                raise InputError("parameters: not allowed beside a Profile, which has its own")
            return place
        return profile(self._named(parameters), **(place or {}))


def ledger(soil: Profile, p: Mapping[str, float]) -> Ledger:
    """Return what enters and decays in each cell; materials do not turn into each other.

    Examples
    --------
    >>> soil = profile("cropland")
    >>> [flux.label for flux in ledger(soil, soil.parameters).fluxes]
    ['fresh to CO2', 'soil to CO2']
    """
    return Ledger(
        dict(zip(soil.materials, soil.gains, strict=True)),
        [
            Flux("transfer", name, {"CO2": 1.0}, rate)
            for name, rate in zip(soil.materials, soil.decay, strict=True)
        ],
    )


MODEL = WholeProfile(
    name="whole profile",
    source=_SOURCE,
    pools={"fresh": "fresh remains", "soil": "soil carbon"},
    sets=PARAMETER_SETS,
    ledger=ledger,
    module=__name__,
)


def warm_up() -> None:
    """Compile the kernels, or load them from numba's cache.

    Examples
    --------
    >>> warm_up()
    """
    simulate(profile("cropland", thickness=0.5), [0.0, 1.0])
    transit_time({"set": "sierra2024", "depth": 0.05, "boundary": "published"})


# --- the fate of one year's carbon ------------------------------------------------------------


def _pulse(soil: Profile) -> tuple[Profile, np.ndarray, float]:
    """Return the profile without inputs, one year's input [material, cell], and its sum."""
    total = float(soil.source.sum())
    if not total > 0:
        raise InputError("the profile has no input: allowed more than 0 g C m-2 yr-1")
    still = soil.replace(
        source=np.zeros_like(soil.source),
        sediment=np.zeros_like(soil.sediment),
        inflow=np.zeros_like(soil.inflow),
    )
    return still, soil.source, total


def remaining(soil: Profile | Parameters, time: Sequence[float]) -> xr.Dataset:
    """Follow the carbon of one year's input: m(t) = exp(tB) u / abs(u).

    Returns
    -------
    Dataset
        ``remaining`` (time), share that is still in the profile; ``density`` (time, depth) in
        m-1, where it is; ``transit_density`` (time) in yr-1, the rate at which it leaves, which is
        the distribution of transit times f_T(t) = -1'B exp(tB) u / abs(u); ``sequestration``
        (time) in yr, the time integral of ``remaining``.

    Examples
    --------
    >>> remaining("sierra2024", [0.0, 10.0])["remaining"].values.round(3)
    array([1.   , 0.002])
    """
    soil = _resolve(soil)
    times = check_time(time)
    still, pulse, total = _pulse(soil)
    carbon, integral = _run(still, times, pulse)
    amounts = {
        "remaining": (("time",), carbon.sum(axis=(0, 2)) / total, "1", "share remaining", "m"),
        "density": (
            ("time", "depth"), carbon.sum(axis=0) / total / soil.thickness, "m-1",
            "share remaining, per metre", "m(z)",
        ),
        "transit_density": (
            ("time",), sum(_budget(still, carbon).values()) / total, "yr-1",
            "density of transit times", "f_T",
        ),
        "sequestration": (
            ("time",), integral.sum(axis=(0, 2)) / total, "yr",
            "carbon sequestration of one unit of input", "CS",
        ),
    }  # fmt: skip
    data = {
        name: xr.Variable(dims, value, {"units": unit, "long_name": words, "symbol": symbol})
        for name, (dims, value, unit, words, symbol) in amounts.items()
    }
    coords = _coordinates(soil)
    del coords["material"]
    coords["time"] = xr.Variable("time", times, TIME)
    return xr.Dataset(data, coords, _provenance(soil))


def transit_time(soil: Profile | Parameters) -> xr.Dataset:
    """Return mean and median of the time that carbon spends in the profile.

    The mean is the stock at rest over the input, 1'(-B)^-1 u / abs(u); half of one year's input
    has left after the median.

    Returns
    -------
    Dataset
        ``mean`` and ``median`` in years.

    Examples
    --------
    >>> float(transit_time("sierra2024")["mean"].round(2))
    1.34
    """
    soil = _resolve(soil)
    still, pulse, total = _pulse(soil)
    only = soil.replace(sediment=still.sediment, inflow=still.inflow)
    mean = _steady(only).sum() / total

    def above_half(years: float) -> float:
        carbon, _ = _run(still, np.array([years]), pulse)
        return carbon.sum() / total - 0.5

    # At most half of the input can stay longer than twice the mean (Markov's inequality).
    from scipy.optimize import brentq  # a tenth of a second, for this number alone

    median = brentq(above_half, 0.0, 2.0 * mean, xtol=1e-9, rtol=1e-10)
    units = {"units": "yr", "symbol": "T"}
    data = {
        "mean": xr.Variable((), mean, {**units, "long_name": "mean transit time"}),
        "median": xr.Variable((), median, {**units, "long_name": "median transit time"}),
    }
    return xr.Dataset(data, attrs=_provenance(soil))


def sequestration(soil: Profile | Parameters, time: Sequence[float]) -> xr.DataArray:
    """Return the carbon sequestration of one year's input, CS(t) = ∫ abs(exp(sB) u) ds from 0 to t.

    It counts how much carbon is kept and for how long (Sierra et al. 2021,
    doi:10.5194/bg-18-1029-2021): g C m-2 times years.

    Examples
    --------
    >>> sequestration("sierra2024", [1.0, 10.0]).values.round(1)
    array([0.7, 1.3])
    """
    soil = _resolve(soil)
    fate = remaining(soil, time)
    value = fate["sequestration"] * float(soil.source.sum())
    value.attrs = {
        "units": "g C m-2 yr",
        "long_name": "carbon sequestration of one year's input",
        "symbol": "CS",
    }
    return value.rename("sequestration")


# --- reading a result -------------------------------------------------------------------------


def layers(carbon: xr.DataArray, edges: Sequence[float]) -> xr.DataArray:
    """Sum a density over coarser layers.

    Parameters
    ----------
    carbon : DataArray [..., depth]
        Density per m3 (or per m) with the coordinates ``top`` and ``bottom``.
    edges : sequence of float [layer + 1]
        Depths (m) between the layers, increasing, inside the profile.

    Returns
    -------
    DataArray [..., layer]
        Amount per m2 in each layer (the unit of the density times m); coordinates ``top`` and
        ``bottom`` of the layers, m.

    Examples
    --------
    >>> soil = steady_state("luo2025")
    >>> layers(soil["carbon"].sum("material"), [0.0, 0.3, 1.0, 2.0]).values.round(0)
    array([ 6257., 10283.,  9025.])
    """
    cells = np.append(carbon["top"].values, carbon["bottom"].values[-1])
    bounds = np.asarray(edges, dtype=float)
    if bounds.ndim != 1 or bounds.size < 2 or not (np.diff(bounds) > 0).all():
        raise InputError("edges of the layers are out of order: allowed increasing depths in m")
    if bounds[0] < cells[0] or bounds[-1] > cells[-1] * (1 + 1e-9):
        raise InputError(
            f"layers {bounds[0]:g} to {bounds[-1]:g} m are outside the profile: allowed "
            f"{cells[0]:g} to {cells[-1]:g} m"
        )
    weights = np.stack([overlap(cells, *pair) for pair in itertools.pairwise(bounds)])
    thick = xr.DataArray(weights, dims=("layer", "depth"))
    out = xr.dot(carbon.drop_vars(["top", "bottom", "depth"]), thick, dim="depth")
    out = out.assign_coords(top=("layer", bounds[:-1]), bottom=("layer", bounds[1:]))
    return out.assign_attrs({**carbon.attrs, "units": f"{carbon.attrs.get('units', '1')} m"})


def stock(result: xr.Dataset, top: float = 0.0, bottom: float | None = None) -> xr.DataArray:
    """Return the carbon (kg C m-2) of all materials between two depths (m).

    Examples
    --------
    >>> float(stock(steady_state("luo2025"), 0.0, 0.3).round(2))
    6.26
    """
    deep = float(result["bottom"][-1]) if bottom is None else bottom
    total = layers(result["carbon"].sum("material"), [top, deep]).isel(layer=0, drop=True) / 1000
    return total.assign_attrs(units="kg C m-2", long_name=f"carbon, {top:g}-{deep:g} m", symbol="C")
