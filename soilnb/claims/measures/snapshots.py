"""Measures that need snapshots: where carbon is available, and how far exudates reach."""

import json

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.claims.measures.runs import single
from soilnb.claims.measures.series import BEFORE, PULSE
from soilnb.kernels import automaton
from soilnb.pore.diagnostics import CELLS, availability

#: Share of the open voxels from which on a pore counts as large.
LARGE_PORE = 0.05


def pores(data: xr.Dataset, day: float) -> pd.DataFrame:
    """Return the pores of a snapshot, and how available dissolved carbon is in each, largest first.

    A pore is connected across the sides of open voxels, periodic both ways. Columns: ``voxels``,
    ``biomass_voxels``, ``availability`` (mean of C_S / (C_S + k) over its voxels) and ``kind``:
    ``empty`` without microbes, else ``large`` from 5 % of the open space on, else ``isolated``.

    `data` is a run of `soilnb.pore.simulate`, or one of an ensemble, with a snapshot of that day.

    Examples
    --------
    >>> from soilnb.pore import simulate
    >>> few = {"shape": (64, 64), "initial_steps": 5, "progress": False}
    >>> found = pores(simulate(days=1, snapshots=[1], **few), day=1)
    >>> list(found.columns)
    ['voxels', 'biomass_voxels', 'availability', 'kind']
    """
    fields = data.sel(snapshot=day)
    half_saturation = json.loads(single(data).attrs["parameters"])["half_saturation"]
    cell = fields["cell"].values
    label, biomass = _labels(cell)
    is_open = label >= 0
    carbon_available = availability(fields["c_s"].values, half_saturation).ravel()
    table = pd.DataFrame({"pore": label, "biomass": biomass, "availability": carbon_available})
    found = (
        table[is_open]
        .groupby("pore")
        .agg(
            voxels=("availability", "size"),
            biomass_voxels=("biomass", "sum"),
            availability=("availability", "mean"),
        )
        .sort_values("voxels", ascending=False, kind="stable", ignore_index=True)
    )
    large = found.voxels >= LARGE_PORE * is_open.sum()
    found["kind"] = np.where(
        found.biomass_voxels == 0, "empty", np.where(large, "large", "isolated")
    )
    return found.rename_axis("pore")


def _labels(cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pore of each voxel, -1 where there is none, and whether microbes are in it."""
    biomass = (cell == CELLS["biomass"]).ravel()
    is_open = biomass | (cell == CELLS["pore"]).ravel()
    label = np.empty(cell.size, np.int32)
    automaton.label_components(
        is_open.astype(np.int32), *cell.shape, True, np.empty_like(label), label
    )
    return np.where(is_open, label, -1), biomass


def available_carbon(reference: xr.Dataset) -> dict[str, float]:
    """Measure where carbon is available to microbes, day 195 (Sect. 3.1, Fig. 7a).

    Small pores with microbes are depleted: mean availability below 0.4. In large pores with
    microbes it is higher, up to 0.7. Pores without microbes hold more than those, up to 1: the
    fullest of them is above 0.9. Means are over voxels.
    """
    table = pores(reference, 195)
    weighted = table.availability * table.voxels
    mean = weighted.groupby(table.kind).sum() / table.voxels.groupby(table.kind).sum()
    if set(mean.index) != {"isolated", "large", "empty"}:
        return {}
    fullest = table.availability[table.kind == "empty"].max()
    return {
        "avail-isolated": float(mean["isolated"] < 0.4),
        "avail-large": float(mean["isolated"] < mean["large"] <= 0.7),
        "avail-empty": float(mean["empty"] > mean["large"] and fullest > 0.9),
    }


def reach(reference: xr.Dataset) -> dict[str, float]:
    """Measure how far exudates spread from the central line on day 200 (Sect. 4.1).

    The exudate is the dissolved carbon that each column of voxels holds more than on day 199; its
    mean distance from the line, and the distance within which 95 % of it are, in µm.
    """
    dissolved = reference["c_s"].sum("y")
    excess = (dissolved.sel(snapshot=PULSE) - dissolved.sel(snapshot=BEFORE)).values
    columns = np.arange(excess.size)  # the line is in the middle: no way around is shorter
    distance = float(reference.attrs["voxel_um"]) * np.abs(columns - excess.size // 2)
    if excess.sum() <= 0:
        return {}
    order = np.argsort(distance, kind="stable")
    within = np.cumsum(excess[order]) / excess.sum()
    return {
        "exudate-reach": float(distance @ excess / excess.sum()),
        "exudate-reach-95": float(distance[order][np.argmax(within >= 0.95)]),
    }


def patchiness(reference: xr.Dataset, static: xr.Dataset) -> dict[str, float]:
    """Measure whether the C/N ratio differs more between the pores of a soil at rest, day 195.

    The standard deviation over pores, by their voxels, of the logarithm of dissolved carbon over
    dissolved nitrogen (Sect. 3.2, Fig. 9).
    """
    return {"patchiness": float(_spread_of_cn(static, 195) > _spread_of_cn(reference, 195))}


def _spread_of_cn(data: xr.Dataset, day: float) -> float:
    fields = data.sel(snapshot=day)
    label, _ = _labels(fields["cell"].values)
    inside = label >= 0
    sums = [
        np.bincount(label[inside], fields[name].values.ravel()[inside]) for name in ("c_s", "n_s")
    ]
    voxels = np.bincount(label[inside])
    filled = (sums[0] > 0) & (sums[1] > 0)
    ratios, weights = np.log(sums[0][filled] / sums[1][filled]), voxels[filled]
    centre = np.average(ratios, weights=weights)
    return float(np.sqrt(np.average((ratios - centre) ** 2, weights=weights)))
