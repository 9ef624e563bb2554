"""What management does to the carbon of a whole profile: the practices of Luo et al. 2025, Table 1.

A practice is an operation on a `Field`: it changes where carbon enters, how fast it decays, how
it is mixed, or it moves the soil. Operations are composed in the order given,

    scenario(["deep_roots", "biochar"], time=[0, 30, 100, 2500])

and each run has a control without any practice, from the same start. The carbon that a practice
brings to the field (compost, biochar, the litter of trees) is counted, so the budget of a scenario
closes as that of the control does. Magnitudes are illustrative unless their source says otherwise
(``management.toml``): the model shows what follows from an assumption.

Several things in one field are *materials* of the profile model: fresh remains, soil carbon,
biochar, suberin, and soil that was turned over and keeps the decay it had. They are moved alike.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.parameters import InputError, Parameters, ParameterSet, check_known, read_table
from soilnb.profile import depth
from soilnb.profile.model.dataset import Initial, check_time

#: Years at which effects are told: a lifetime of a project, a century, the end of the matter.
HORIZONS = (30.0, 100.0, 2500.0)

#: 1 kg C m-2 is 10 Mg C ha-1.
MG_HA = 10.0


@dataclass(frozen=True)
class Text:
    """What is said of a practice."""

    title: str  #: Name for figures and tables.
    group: str  #: Row of Table 1, a key of `GROUPS`.
    #: What the practice does in the model, with the names of its parameters in braces.
    operation: str
    published: str  #: A published magnitude, or that none was found.
    source: str  #: Where the magnitude is from.


_TABLE = read_table(Path(__file__).with_name("management.toml"))

#: The parameters of the operation of each practice.
PARAMETERS = _TABLE.sets

#: What is said of each practice.
TEXTS = {name: Text(**words) for name, words in _TABLE.about["practices"].items()}

#: Row of Table 1: mechanisms, challenges and representative references, as the paper has them.
GROUPS = {name: tuple(words.values()) for name, words in _TABLE.about["groups"].items()}


# --- the field --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Field:
    """A field at year 0, before or after practices; made by `begin`."""

    base: depth.Profile  #: The profile before any practice: grid, transport, ends.
    #: [cell]: carbon from roots and from what is left on the field, g C m-2 yr-1.
    roots: np.ndarray
    residues: np.ndarray
    #: Shares that become soil carbon.
    root_kept: float
    residue_kept: float
    decay: dict[str, np.ndarray]  #: dict of str to ndarray [cell]: decay rate by material, yr-1.
    #: dict of str to ndarray [cell]: carbon by material at year 0, g C m-2.
    carbon: dict[str, np.ndarray]
    mixing: np.ndarray  #: [cell + 1]: diffusion at the edges, m2 yr-1.
    #: dict of str to ndarray [cell]: further input by material, g C m-2 yr-1.
    amendments: dict[str, np.ndarray] = field(default_factory=dict)
    #: Share of the root carbon, not kept as soil, that is a material of its own.
    compounds: dict[str, float] = field(default_factory=dict)
    yearly: tuple[tuple[np.ndarray, float], ...] = ()  #: Soil that is moved each year.
    brought: float = 0.0  #: Carbon brought to the field at year 0, g C m-2.
    practices: tuple[str, ...] = ()  #: What has been done.

    @property
    def edges(self) -> np.ndarray:
        """Depths between the cells [cell + 1], m."""
        return self.base.edges

    @cached_property
    def profile(self) -> depth.Profile:
        """The profile model of the field from year 0 on."""
        left = 1 - self.root_kept - sum(self.compounds.values())
        if left < -1e-12:
            raise InputError(
                f"shares of the root carbon sum to {1 - left:g}: allowed up to 1; the practices "
                "together use more than there is"
            )
        enter = {name: np.zeros_like(self.roots) for name in self.decay}
        enter["soil"] = self.root_kept * self.roots + self.residue_kept * self.residues
        for name, share in self.compounds.items():
            enter[name] = enter[name] + share * self.roots
        if "fresh" in enter:
            rest = max(left, 0.0) * self.roots + (1 - self.residue_kept) * self.residues
            enter["fresh"] = rest
        for name, amount in self.amendments.items():
            enter[name] = enter[name] + amount
        names = tuple(self.decay)
        sediment = np.zeros(len(names))
        sediment[names.index("soil")] = self.base.sediment.sum()
        return self.base.replace(
            materials=names,
            source=np.stack([enter[name] for name in names]),
            decay=np.stack([self.decay[name] for name in names]),
            diffusion=self.mixing,
            sediment=sediment,
            given=("source", "decay", "diffusion") if self.practices else self.base.given,
        )

    @property
    def start(self) -> np.ndarray:
        """Carbon density at year 0 [material, cell], g C m-3."""
        return np.stack([self.carbon[name] for name in self.decay]) / self.base.thickness

    @property
    def stock(self) -> float:
        """Carbon at year 0, kg C m-2."""
        return float(sum(amount.sum() for amount in self.carbon.values())) / 1000

    def native(self) -> list[str]:
        """Return the materials that are soil carbon, turned over or not."""
        return [name for name in self.decay if name.startswith("soil")]

    def events(self, last: float) -> list[depth.Event]:
        """Return what moves the soil each year, from year 0 until year `last`."""
        years = np.arange(0.0, np.floor(last) + 1)
        return [depth.Event(years, moves, share) for moves, share in self.yearly]


def begin(soil: depth.Profile | Parameters = "cropland", initial: Initial = None) -> Field:
    """Return a field on which nothing has been done.

    Parameters
    ----------
    soil : Profile, str or mapping
        A profile from parameters (`soilnb.profile.depth`), with the conservative boundary.
    initial : Dataset, DataArray or array, optional
        Carbon density at year 0, g C m-3 (material, depth); default the steady state.

    Examples
    --------
    >>> land = begin("cropland")
    >>> round(land.stock, 1)  # kg C m-2
    7.7
    """
    base = soil if isinstance(soil, depth.Profile) else depth.profile(soil)
    if base.boundary == "published":
        raise InputError("boundary = 'published': practices need the conservative boundary")
    if "source" in base.given:
        raise InputError("source: practices need roots and residues by parameters, not an array")
    given = base.parameters
    begun = depth.simulate(base, [0.0], initial=initial)["carbon"].isel(time=0)
    stocks = begun.values * base.thickness
    deep = min(given["residue_depth"] / 100, base.edges[-1])
    residues = given["residue_input"] * depth.layer_shares(base.edges, 0.0, deep)
    return Field(
        base,
        np.clip(base.source.sum(axis=0) - residues, 0.0, None),
        residues,
        given["root_kept"],
        given["residue_kept"],
        dict(zip(base.materials, base.decay, strict=True)),
        dict(zip(base.materials, stocks, strict=True)),
        base.diffusion,
    )


# --- operations -------------------------------------------------------------------------------


def _inside(land: Field, name: str, bottom: float) -> None:
    deepest = land.edges[-1]
    if bottom > deepest * (1 + 1e-9):
        raise InputError(
            f"{name} = {bottom:g} m: the practice is outside the profile; allowed up to "
            f"{deepest:g} m"
        )


def _layer(land: Field, p: Mapping[str, float]) -> np.ndarray:
    """Return the share of each cell that lies in the layer of a practice [cell]."""
    _inside(land, "bottom", p["bottom"])
    spread = depth.layer_shares(land.edges, p["top"], p["bottom"])
    return spread * (p["bottom"] - p["top"]) / land.base.thickness


def _new_roots(land: Field, roots: np.ndarray, residues: np.ndarray, priming: float) -> Field:
    """Return the field with other inputs; more of them at a depth primes what lies there."""
    before, after = land.roots + land.residues, roots + residues
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = np.where(before > 0, after / before - 1, 0.0)
    faster = 1 + priming * np.clip(rise, 0.0, None)
    decay = {
        name: rate * faster if name in land.native() else rate for name, rate in land.decay.items()
    }
    return replace(land, roots=roots, residues=residues, decay=decay)


def _deeper(land: Field, beta: float, factor: float = 1.0) -> np.ndarray:
    """Return the root input spread to another depth, times a factor; never shallower."""
    spread = land.roots.sum() * depth.root_shares(land.edges, beta)
    z = land.base.depth
    return factor * (spread if spread @ z >= land.roots @ z else land.roots)


def _deep_roots(land: Field, p: Mapping[str, float]) -> Field:
    return _new_roots(land, _deeper(land, p["root_beta"]), land.residues, p["priming"])


def _perennials(land: Field, p: Mapping[str, float]) -> Field:
    below = p["belowground"] / p["belowground_before"]
    above = (1 - p["belowground"]) / (1 - p["belowground_before"])
    roots = _deeper(land, p["root_beta"], below)
    return _new_roots(land, roots, above * land.residues, p["priming"])


def _agroforestry(land: Field, p: Mapping[str, float]) -> Field:
    trees = p["tree_share"] * p["tree_input"]
    spread = depth.root_shares(land.edges, p["root_beta"])
    litter = land.residues / land.residues.sum() if land.residues.any() else _surface(land)
    crops = 1 - p["tree_share"]
    roots = crops * land.roots + trees * p["tree_belowground"] * spread
    residues = crops * land.residues + trees * (1 - p["tree_belowground"]) * litter
    return _new_roots(land, roots, residues, p["priming"])


def _surface(land: Field) -> np.ndarray:
    deep = min(land.base.parameters["residue_depth"] / 100, land.edges[-1])
    return depth.layer_shares(land.edges, 0.0, deep)


def turned(edges: np.ndarray, bottom: float) -> np.ndarray:
    """Return what turning the soil above `bottom` (m) upside down does [cell, cell].

    Column j says where the carbon of cell j goes. With equal cells and `bottom` at an edge this
    is a permutation, which keeps every stock exactly.

    Examples
    --------
    >>> turned(np.array([0.0, 0.2, 0.4, 0.6]), 0.4)
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 1.]])
    """
    top, low = edges[:-1], edges[1:]
    part = np.clip(np.minimum(low, bottom) - top, 0.0, None)
    # Cell j's turned part lies at [bottom - low, bottom - top]: overlap with each cell i.
    upper = np.maximum(bottom - np.minimum(low, bottom), 0.0)
    lower = np.maximum(bottom - top, 0.0)
    overlap = np.minimum(low[:, None], lower[None]) - np.maximum(top[:, None], upper[None])
    overlap = np.clip(overlap, 0.0, None)
    overlap[overlap < 1e-12 * bottom] = 0.0
    moves = overlap / (low - top)
    moves[np.diag_indices_from(moves)] += 1 - part / (low - top)
    moves[np.abs(moves) < 1e-12] = 0.0
    return moves / moves.sum(axis=0)


def _inversion(land: Field, p: Mapping[str, float]) -> Field:
    _inside(land, "depth", p["depth"])
    moves, memory = turned(land.edges, p["depth"]), p["memory"]
    decay, carbon = dict(land.decay), dict(land.carbon)
    thickness = land.base.thickness
    moved = np.clip(np.minimum(land.edges[1:], p["depth"]) - land.edges[:-1], 0, None) / thickness
    stays = 1 - moved
    turning = np.clip(moves - np.diag(stays), 0.0, None)
    for name, amount in land.carbon.items():
        rate = land.decay[name]
        if memory == 0.0 or np.ptp(rate) == 0.0:
            carbon[name] = moves @ amount
            continue
        # Soil that is turned keeps some of the decay that it had at its old depth.
        old = (turning @ (rate * thickness)) / np.maximum(turning @ thickness, 1e-300)
        label = _another(f"{name} (turned)", replace(land, decay=decay))
        carbon[name], carbon[label] = stays * amount, turning @ amount
        decay[label] = np.where(moved > 0, rate ** (1 - memory) * old**memory, rate)
    return replace(land, carbon=carbon, decay=decay)


def _ditch_straw(land: Field, p: Mapping[str, float]) -> Field:
    _inside(land, "bottom", p["bottom"])
    straw = p["buried"] * land.residues.sum()
    down = straw * depth.layer_shares(land.edges, p["top"], p["bottom"])
    residues = (1 - p["buried"]) * land.residues + down
    # In the ditch all soil above its floor is mixed.
    inside = np.clip(np.minimum(land.edges[1:], p["bottom"]) - land.edges[:-1], 0, None)
    dug = inside / land.base.thickness
    moves = np.outer(inside / inside.sum(), dug) + np.diag(1 - dug)
    yearly = (*land.yearly, (moves / moves.sum(axis=0), p["share"]))
    return replace(land, residues=residues, yearly=yearly)


def _add(land: Field, name: str, amount: np.ndarray) -> dict[str, np.ndarray]:
    return {**land.amendments, name: land.amendments.get(name, 0.0) + amount}


def _compost(land: Field, p: Mapping[str, float]) -> Field:
    _inside(land, "bottom", p["bottom"])
    spread = p["amount"] * depth.layer_shares(land.edges, p["top"], p["bottom"])
    if "fresh" not in land.decay:
        return replace(land, amendments=_add(land, "soil", spread))
    land = replace(land, amendments=_add(land, "soil", p["kept"] * spread))
    return replace(land, amendments=_add(land, "fresh", (1 - p["kept"]) * spread))


def _slower(land: Field, share: np.ndarray, slowdown: float) -> dict[str, np.ndarray]:
    """Return decay rates with soil carbon slowed where `share` [cell] of a cell is treated."""
    factor = 1 - slowdown * share
    return {
        name: rate * factor if name in land.native() else rate for name, rate in land.decay.items()
    }


def _biochar(land: Field, p: Mapping[str, float]) -> Field:
    beside = _layer(land, p)
    amount = p["amount"] * depth.layer_shares(land.edges, p["top"], p["bottom"])
    name = _another("biochar", land)
    slowed = _slower(land, beside, p["slowdown"] if p["amount"] > 0 else 0.0)
    return replace(
        land,
        decay={**slowed, name: np.full_like(amount, 1 / p["turnover"])},
        carbon={**land.carbon, name: amount},
        brought=land.brought + float(amount.sum()),
    )


def _minerals(land: Field, p: Mapping[str, float]) -> Field:
    return replace(land, decay=_slower(land, _layer(land, p), p["slowdown"]))


def _deep_nutrients(land: Field, p: Mapping[str, float]) -> Field:
    roots = _deeper(land, p["root_beta"], 1 + p["growth"])
    return _new_roots(land, roots, land.residues, p["priming"])


def _earthworms(land: Field, p: Mapping[str, float]) -> Field:
    _inside(land, "bottom", p["bottom"])
    reached = land.edges <= p["bottom"] * (1 + 1e-9)
    return replace(land, mixing=np.where(reached, p["factor"], 1.0) * land.mixing)


def _suberin(land: Field, p: Mapping[str, float]) -> Field:
    if "fresh" not in land.decay:
        raise InputError("suberin: needs fresh remains, which a profile of one material lacks")
    # The compound takes the place of other fresh remains: the carbon of the roots is the same.
    name = _another("suberin", land)
    return replace(
        land,
        compounds={**land.compounds, name: p["share"]},
        decay={**land.decay, name: p["slower"] * land.decay["fresh"]},
        carbon={**land.carbon, name: np.zeros_like(land.roots)},
    )


def _another(name: str, land: Field) -> str:
    """Return a name that no material of the field has yet."""
    while name in land.decay:
        name += "'"
    return name


def _inoculants(land: Field, p: Mapping[str, float]) -> Field:
    highest = 1 - max(land.root_kept, land.residue_kept)
    if p["gain"] > highest:
        raise InputError(f"gain = {p['gain']:g}: allowed up to {highest:g}, since shares end at 1")
    return replace(
        land,
        root_kept=land.root_kept + p["gain"],
        residue_kept=land.residue_kept + p["gain"],
    )


# --- practices --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Practice:
    """A practice: an operation with its parameters and what is known of it."""

    name: str  #: Key in `PRACTICES`.
    parameters: ParameterSet  #: Numbers of the operation.
    text: Text  #: Title, row of Table 1, published magnitude.
    #: ``operation(field, parameters)`` returns the changed field.
    operation: Callable[[Field, Mapping[str, float]], Field]

    def __call__(self, land: Field) -> Field:
        """Return the field after the practice.

        Raises `InputError` for a practice outside the profile, or one that the field leaves no room
        for.
        """
        done = self.operation(land, self.parameters)
        return replace(done, practices=(*land.practices, self.name))

    @property
    def description(self) -> str:
        """What the practice does in the model, with its numbers."""
        return self.text.operation.format(**self.parameters)

    def change(self, **values: float) -> Practice:
        """Return the practice with other numbers, checked against their bounds."""
        return replace(self, parameters=self.parameters.replace(self.name, **values))


_OPERATIONS = {
    "deep_roots": _deep_roots,
    "perennials": _perennials,
    "agroforestry": _agroforestry,
    "inversion": _inversion,
    "ditch_straw": _ditch_straw,
    "compost": _compost,
    "biochar": _biochar,
    "minerals": _minerals,
    "deep_nutrients": _deep_nutrients,
    "earthworms": _earthworms,
    "suberin": _suberin,
    "inoculants": _inoculants,
}


def _practices() -> dict[str, Practice]:
    found = {}
    for name, text in TEXTS.items():
        key = name.removesuffix("_material")
        practice = Practice(name, PARAMETERS[key], text, _OPERATIONS[key])
        found[name] = practice.change(memory=1.0) if key != name else practice
    return found


#: The practices of Table 1 by name, in the order of the table.
PRACTICES = _practices()


def chosen(practices: Iterable[str | Practice] | str | Practice) -> list[Practice]:
    """Return practices from their names, or raise `InputError`.

    Examples
    --------
    >>> [practice.name for practice in chosen("biochar")]
    ['biochar']
    """
    if isinstance(practices, str | Practice):
        practices = [practices]
    found = []
    for practice in practices:
        if not isinstance(practice, Practice):
            check_known("practice", practice, PRACTICES)
            practice = PRACTICES[practice]
        found.append(practice)
    return found


# --- scenarios --------------------------------------------------------------------------------


def scenario(
    practices: Iterable[str | Practice] | str | Practice,
    time: Sequence[float],
    soil: depth.Profile | Parameters = "cropland",
    initial: Initial = None,
) -> xr.Dataset:
    """Run practices, in the order given, and a control without any.

    Parameters
    ----------
    practices : names or `Practice` objects
        What is done at year 0 and goes on from then. An empty list is a second control.
    time : sequence of float
        Output times in years, increasing, the first 0 or later.
    soil, initial
        The field before, as in `begin`.

    Returns
    -------
    Dataset
        Over ``scenario`` (control, managed): ``carbon`` (scenario, time, depth) in g C m-3,
        ``stock`` (scenario, time) in kg C m-2, the terms of the budget since year 0
        (``cumulative_input`` and so on) and ``brought``, the carbon brought at year 0, in g C m-2.
        ``effect`` (time) is the stock of the managed less that of the control field, and
        ``material_stock`` (time, material) what the managed one consists of, kg C m-2.

    Examples
    --------
    >>> run = scenario(["deep_roots"], [0.0, 100.0])
    >>> run["effect"].values.round(2)  # kg C m-2
    array([0.  , 0.27])
    """
    times = check_time(time)
    before = begin(soil, initial)
    after = before
    for practice in chosen(practices):
        after = practice(after)
    runs = [
        depth.simulate(land.profile, times, initial=land.start, events=land.events(times[-1]))
        for land in (before, after)
    ]
    return _compare(before, after, runs)


def _compare(before: Field, after: Field, runs: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return the runs of the control and of the managed field side by side, with the effect."""
    names = [name for name in runs[0] if name == "stock" or name.startswith("cumulative_")]
    data = {"carbon": _both(runs, "carbon", "material")}
    data |= {name: _both(runs, name) for name in names}
    data["brought"] = xr.Variable(
        "scenario", [before.brought, after.brought],
        {"units": "g C m-2", "long_name": "carbon brought to the field at year 0", "symbol": "A"},
    )  # fmt: skip
    control, managed = data["stock"]
    data["effect"] = xr.Variable(
        managed.dims, managed.values - control.values,
        {"units": "kg C m-2", "long_name": "carbon of the managed less that of the control field",
         "symbol": r"\Delta C"},
    )  # fmt: skip
    thick = xr.Variable("depth", before.base.thickness)
    data["material_stock"] = (runs[1].variables["carbon"] * thick).sum("depth") / 1000
    data["material_stock"].attrs = {
        "units": "kg C m-2", "long_name": "carbon by material, managed", "symbol": "C_m",
    }  # fmt: skip
    coords = runs[1].coords.assign(scenario=["control", "managed"])
    result = xr.Dataset(data, coords)
    result.attrs = {
        **runs[0].attrs,
        "practices": ", ".join(after.practices) or "none",
        "kind": "model; magnitudes are illustrative unless their source says otherwise",
    }
    return result


def _both(runs: Sequence[xr.Dataset], name: str, summed: str | None = None) -> xr.Variable:
    """Return a variable of two runs, summed over a dimension, as [scenario, ...]."""
    found = [run.variables[name] for run in runs]
    each = found if summed is None else [one.sum(summed) for one in found]
    return xr.Variable(("scenario", *each[0].dims), [one.values for one in each], found[0].attrs)


def effects(
    practices: Iterable[str | Practice] | str | Practice,
    soil: depth.Profile | Parameters = "cropland",
    initial: Initial = None,
    horizons: Sequence[float] = HORIZONS,
) -> pd.Series:
    """Return what practices do to the carbon of the whole profile, against the control.

    Returns
    -------
    Series
        ``change_30yr`` and so on, Mg C ha-1; ``change_100yr_percent`` of the control (the horizon
        next to 100); ``extra_input_100yr``, carbon that came to the soil beyond the control's,
        Mg C ha-1; ``cs_100yr``, how much larger the carbon sequestration of one year's input is,
        Mg C ha-1 yr; ``years_to_half``, when half of the largest effect is reached.

    Examples
    --------
    >>> float(effects("biochar").iloc[0].round(1))
    9.6
    """
    horizons = check_time(sorted(horizons))
    times = np.unique(np.concatenate([[0.0], np.geomspace(0.1, max(horizons), 160), horizons]))
    run = scenario(practices, times, soil, initial)
    effect = run["effect"].values
    middle = float(min(horizons, key=lambda year: abs(year - 100)))
    at = {year: int(np.searchsorted(times, year)) for year in horizons}
    row = {f"change_{year:g}yr": MG_HA * effect[at[year]] for year in horizons}
    control = run["stock"].sel(scenario="control").values
    row[f"change_{middle:g}yr_percent"] = 100 * effect[at[middle]] / control[at[middle]]
    came = run["cumulative_input"].isel(time=at[middle]) + run["brought"]
    row[f"extra_input_{middle:g}yr"] = MG_HA * float(came[1] - came[0]) / 1000
    before = begin(soil, initial)
    after = before
    for practice in chosen(practices):
        after = practice(after)
    kept = [
        float(depth.sequestration(land.profile, [middle]).isel(time=-1)) for land in (before, after)
    ]
    row[f"cs_{middle:g}yr"] = MG_HA * (kept[1] - kept[0]) / 1000
    row["years_to_half"] = _half(times, effect)
    return pd.Series(row)


def _half(times: np.ndarray, effect: np.ndarray) -> float:
    """Return when half of the largest change since year 0 is reached, or NaN without any."""
    since = np.abs(effect)
    largest = since.max()
    if not largest > 1e-9:
        return float("nan")
    k = int(np.argmax(since >= 0.5 * largest))
    if k == 0:
        return float(times[0])
    share = (0.5 * largest - since[k - 1]) / (since[k] - since[k - 1])
    return float(times[k - 1] + share * (times[k] - times[k - 1]))


def table(
    soil: depth.Profile | Parameters = "cropland",
    practices: Iterable[str | Practice] | None = None,
    horizons: Sequence[float] = HORIZONS,
) -> pd.DataFrame:
    """Return Table 1 of the paper as scenarios: each practice with its effect in the model.

    Returns
    -------
    DataFrame
        Indexed by ``practice``: the row of Table 1 (``group``, ``mechanisms``, ``challenges``,
        ``references``), ``operation``, the numbers of `effects`, and ``published`` with
        ``published_source``. The first row is the control.

    Examples
    --------
    >>> len(table(practices=["deep_roots", "biochar"]))
    3
    """
    rows = {}
    first = effects([], soil, horizons=horizons)
    rows["no change (control)"] = {"group": "control", "operation": "nothing", **first}
    for practice in chosen(PRACTICES if practices is None else practices):
        text = practice.text
        mechanisms, challenges, references = GROUPS[text.group]
        rows[text.title] = {
            "group": text.group,
            "mechanisms": mechanisms,
            "challenges": challenges,
            "references": references,
            "operation": practice.description,
            **effects([practice], soil, horizons=horizons),
            "published": text.published,
            "published_source": text.source,
        }
    columns = ["group", "mechanisms", "challenges", "references", "operation", *first.index]
    columns += ["published", "published_source"]
    made = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    words = [name for name in columns if name not in first.index]
    return made.fillna(dict.fromkeys(words, "-")).rename_axis("practice")
