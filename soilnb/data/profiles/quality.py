"""The papers' quality rules: which soil profiles can be assimilated, and why the others cannot.

Tao et al. 2023 and 2024 (Methods) leave out profiles with no more than two observed layers or
that reach no deeper than 50 cm; layers without a value, or with zero, are left out, and a
profile of one layer is skipped (phxtao/PRODA_MIC@90918f41, da_cesm2_clm5_mic_vr_v22.m). Tables
by hand need more: values out of their bounds, and layers that are upside down, not sorted, or
overlap, refuse a profile with one line.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from soilnb.data.profiles import units
from soilnb.data.profiles.columns import COLUMNS

#: Layers that a profile needs: more than two (Tao et al. 2023, Methods).
LEAST_LAYERS = 3

#: Depth in m below which a profile must reach (Tao et al. 2023, Methods).
LEAST_DEPTH = 0.5

#: Layers may overlap by this much, m.
TOLERANCE = 1e-6

#: Coordinates of one place may differ by this much, degrees.
PLACE = 0.05

Rule = Callable[[int], str]


def judge(
    layers: pd.DataFrame,
    *,
    least_layers: int,
    least_depth: float,
    depth_unit: str,
    doubtful: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a table of layers (depths in m) into usable profiles and refused ones.

    Parameters
    ----------
    least_layers, least_depth : int, float
        Layers that a profile needs, and the depth (m) below which it must reach.
    depth_unit : {"cm", "m"}
        The unit of the depths as they were given, for the wording.
    doubtful : mapping, optional
        Profiles that cannot be used for a reason found before, with the reason.

    Returns
    -------
    usable : DataFrame
        The layers of usable profiles that have carbon, in the order of the table.
    refused : DataFrame
        profile, reason: one line for each profile that cannot be used.
    """
    number, names = pd.factorize(layers["profile"])
    reasons = {i: doubtful[name] for i, name in enumerate(names) if name in (doubtful or {})}

    def refuse(owner: np.ndarray, wrong: np.ndarray, say: Rule) -> None:
        """Note the reason of the first row that is wrong, for each profile without one."""
        for row in np.flatnonzero(wrong):
            if int(owner[row]) not in reasons:
                reasons[int(owner[row])] = say(int(row))

    for wrong, say in _out_of_bounds(layers, depth_unit):
        refuse(number, wrong, say)
    for wrong, say in _places(layers, number):
        refuse(np.arange(len(names)), wrong, say)
    kept = layers[_has_carbon(layers)]
    owner = number[_has_carbon(layers)]
    for wrong, say in _extent(kept, owner, len(names), least_layers, least_depth, depth_unit):
        refuse(np.arange(len(names)), wrong, say)
    order = np.argsort(owner, kind="stable")
    for wrong, say in _geometry(kept.iloc[order], owner[order], depth_unit):
        refuse(owner[order], wrong, say)
    usable = kept[~np.isin(owner, list(reasons))]
    rows = [(names[profile], reasons[profile]) for profile in sorted(reasons)]
    return usable, pd.DataFrame(rows, columns=["profile", "reason"])


def _has_carbon(layers: pd.DataFrame) -> np.ndarray:
    known = layers[["top", "bottom", "carbon_density"]].notna().all(axis=1)
    return (known & (layers["carbon_density"] > 0)).to_numpy()


def _out_of_bounds(layers: pd.DataFrame, depth_unit: str) -> Iterator[tuple[np.ndarray, Rule]]:
    """Values that no soil has. Depths are judged in `_geometry`, densities before conversion."""
    for name, column in COLUMNS.items():
        if column.kind == "label" or name not in layers:
            continue
        low, high = column.bounds
        values = layers[name].to_numpy()
        unit = depth_unit if name in ("top", "bottom") else column.unit
        scale = 100.0 if unit == "cm" else 1.0

        def say(row: int, name=name, values=values, unit=unit, scale=scale) -> str:
            value, (low, high) = values[row], COLUMNS[name].bounds
            limits = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
            known = units.family(COLUMNS[name].unit) and value > high
            hint = units.larger(COLUMNS[name].unit, value, *COLUMNS[name].usual) if known else ""
            if value < 0 <= low or value > 1e9:
                hint = f"; if it stands for no value: missing=[{value * scale:g}]"
            if name == "latitude" and "longitude" in layers and abs(value) <= 360:
                there = layers["longitude"].to_numpy()[row]
                hint = "; exchanged with longitude?" if abs(there) <= high else ""
            elif name in ("latitude", "longitude") and abs(value) > 360:
                hint = "; metres of a projection? needed are degrees"
            return f"{name} = {value * scale:g} {unit}: allowed {limits}{hint}"

        with np.errstate(invalid="ignore"):
            yield (values < low) | (values > high), say
    if "sand" in layers and "clay" in layers:
        texture = (layers["sand"] + layers["clay"]).to_numpy()

        def say_texture(row: int) -> str:
            return f"sand + clay = {texture[row]:g} %: allowed 0 to 100"

        yield texture > 100 + 1e-3, say_texture


def _places(layers: pd.DataFrame, number: np.ndarray) -> Iterator[tuple[np.ndarray, Rule]]:
    """Profiles [profile] whose layers lie at two places: two profiles under one name."""
    for name in ("latitude", "longitude"):
        if name not in layers:
            continue
        ends = layers[name].groupby(number).agg(["min", "max"])

        def say(profile: int, ends=ends, name=name) -> str:
            low, high = ends.loc[profile]
            return f"two places under one name: {name} {low:g} and {high:g}; give each its own"

        yield (ends["max"] - ends["min"] > PLACE).to_numpy(), say


def _extent(
    kept: pd.DataFrame,
    owner: np.ndarray,
    profiles: int,
    least_layers: int,
    least_depth: float,
    depth_unit: str,
) -> Iterator[tuple[np.ndarray, Rule]]:
    """Profiles [profile] with too few layers or not deep enough."""
    counts = np.bincount(owner, minlength=profiles)
    reach = np.zeros(profiles)
    np.maximum.at(reach, owner, kept["bottom"].to_numpy())

    def few(profile: int) -> str:
        count = counts[profile]
        if count == 0:
            return "no layer with depth and organic carbon"
        noun = "layer" if count == 1 else "layers"
        return f"{count} {noun} with organic carbon: needed {least_layers} or more"

    def shallow(profile: int) -> str:
        text = f"reaches {_depth(reach[profile], depth_unit)}: needed more than "
        text += _depth(least_depth, depth_unit)
        if depth_unit == "cm" and reach[profile] < 0.10:
            text += "; depths in metres? depth_unit='m'"
        return text

    yield counts < least_layers, few
    yield reach <= least_depth + TOLERANCE, shallow


def _geometry(
    kept: pd.DataFrame, owner: np.ndarray, depth_unit: str
) -> Iterator[tuple[np.ndarray, Rule]]:
    """Layers upside down, unsorted, repeated, overlapping; or in another unit than said."""
    top, bottom = kept["top"].to_numpy(), kept["bottom"].to_numpy()
    same = np.concatenate([[False], owner[1:] == owner[:-1]])
    above_top = np.concatenate([[0.0], top[:-1]])
    above_bottom = np.concatenate([[0.0], bottom[:-1]])

    def span(row: int) -> str:
        unit = 100.0 if depth_unit == "cm" else 1.0
        return f"{top[row] * unit:g}-{bottom[row] * unit:g} {depth_unit}"

    yield bottom <= top, lambda row: f"layer {span(row)}: the bottom must lie below the top"
    yield bottom > 30, lambda row: f"layer {span(row)}: deeper than 30 m; depths in cm?"

    def unsorted(row: int) -> str:
        again = top[row] == top[np.argmax(owner == owner[row])]
        alike = (owner == owner[row]) & (top == top[row]) & (bottom == bottom[row])
        if alike.sum() > 1 and not again:
            return f"layer {span(row)} is there twice"
        hint = "; two samplings under one name? give each its own" if again else ""
        return f"layers are not sorted from the top: {span(row - 1)} before {span(row)}{hint}"

    yield same & (top < above_top), unsorted
    yield (
        same & (top == above_top) & (bottom == above_bottom),
        lambda row: f"layer {span(row)} is there twice",
    )
    yield (
        same & (top < above_bottom - TOLERANCE),
        lambda row: f"layers overlap: {span(row - 1)} and {span(row)}",
    )


def _depth(metres: float, unit: str) -> str:
    return f"{metres * 100:g} cm" if unit == "cm" else f"{metres:g} m"
