"""Tracers and pores, with and without motion: the study of notebook *Transport and isolation*."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.claims import measures
from soilnb.kernels import automaton, diffusion
from soilnb.pore import Pulse, Scenario, State, motion, simulate
from soilnb.pore.parameters import VOXEL, resolve

HOUR = 3600.0  # s

#: A pulse of exudates on day 100, for the impatient.
EARLY = Scenario("early pulse", "one pulse of exudates on day 100", pulses=(Pulse(100),))

#: Days whose maps are kept.
SNAPSHOTS = (30, 60, 95, 99, 100, 110, 130)


def domain(size: str = "quick") -> tuple[tuple[int, int], int]:
    """Return shape (voxels) and steps of aggregation of a size.

    Examples
    --------
    >>> domain()
    ((128, 128), 150)
    """
    return ((250, 250), 500) if size == "paper" else ((128, 128), 150)


def fourier(coefficient: float) -> float:
    """Return the Fourier number of an hour between voxels, for a coefficient in cm2 s-1.

    Examples
    --------
    >>> round(fourier(1.94e-10), 1)
    17.5
    """
    return diffusion.fourier_number(coefficient, HOUR, VOXEL * 1e-4)


def diffuse(
    carbon: np.ndarray, is_open: np.ndarray, hours: int = 1, coefficient: float = 1.94e-10
) -> np.ndarray:
    """Return a concentration after hours of diffusion through open voxels.

    Examples
    --------
    >>> both = diffuse(np.array([[1.0, 0.0]]), np.array([[True, True]]))
    >>> round(float(both.sum()), 12)
    1.0
    """
    r = fourier(coefficient)
    factor = diffusion.factorize(is_open, r)
    carbon, nitrogen = carbon.copy(), np.zeros_like(carbon)
    for _ in range(hours):
        diffusion.diffuse(carbon, nitrogen, factor, r)
    return carbon


def two_voxels(coefficient: float = 1.94e-10) -> np.ndarray:
    """Return the concentrations of two voxels after an hour; one began with 1, the other with 0.

    Examples
    --------
    >>> bool(np.isclose(two_voxels().sum(), 1))
    True
    """
    is_open = np.zeros((5, 6), bool)
    is_open[2, 2:4] = True
    start = np.zeros(is_open.shape)
    start[2, 2] = 1.0
    return diffuse(start, is_open, 1, coefficient)[2, 2:4]


def drop(hours: int = 24, coefficient: float = 1.94e-10) -> tuple[float, float]:
    """Return variance (µm2) and amount of a drop in a long channel, after some hours.

    Examples
    --------
    >>> variance, amount = drop()
    >>> round(variance), round(amount, 9)
    (3352, 1.0)
    """
    channel = np.zeros((3, 601), bool)
    channel[1] = True
    start = np.zeros(channel.shape)
    start[1, 300] = 1.0
    end = diffuse(start, channel, hours, coefficient)[1]
    away = VOXEL * (np.arange(601) - 300)
    return float(end @ away**2), float(end.sum())


def pores_of(is_open: np.ndarray) -> np.ndarray:
    """Return the number of each voxel's pore, -1 where it is not open.

    Examples
    --------
    >>> pores_of(np.array([[True, False, True, False]])).tolist()
    [[1, -1, 2, -1]]
    """
    label = np.empty(is_open.size, np.int32)
    owner = is_open.ravel().astype(np.int32)
    automaton.label_components(owner, *is_open.shape, True, np.empty_like(label), label)
    return np.where(is_open, label.reshape(is_open.shape), -1)


def held(soil: State, hours: int, seed: int, coefficient: float) -> pd.DataFrame:
    """Return what each pore holds of a random tracer, before and after diffusion."""
    tracer = np.where(soil.open, np.random.default_rng(seed).random(soil.shape), 0.0)
    later = diffuse(tracer, soil.open, hours, coefficient)
    pore = pores_of(soil.open)[soil.open]
    table = pd.DataFrame({"before": tracer[soil.open], "after": later[soil.open]})
    return table.groupby(pore).sum().rename_axis("pore")


def spread(
    soil: State, days: int, rules: Mapping[str, float], *, moving: bool = True
) -> dict[int, float]:
    """Return, by day, the share of open voxels that a tracer from the root line has reached.

    A voxel is reached with a tenth of the well-mixed concentration.

    Parameters
    ----------
    soil : State
        Where it begins; it is left as it is.
    days : int
        How long.
    rules : mapping
        Parameters of motion, and ``diffusion``.
    moving : bool
        Whether particles move each day.
    """
    state = soil.copy()
    state.c_s[:], state.n_s[:] = 0.0, 0.0
    line = np.s_[:, state.shape[1] // 2]
    state.c_s[line] = state.open[line] / state.open[line].sum()
    reached = {0: np.mean(state.c_s[state.open] > 0.1 / state.open.sum())}
    for day in range(1, days + 1):
        if moving:
            motion.move(state, rules)
        state.c_s[:] = diffuse(state.c_s, state.open, 24, rules["diffusion"])
        reached[day] = np.mean(state.c_s[state.open] > 0.1 / state.open.sum())
    return reached


def settings(size: str, seed: int, preset: str, coefficient: float) -> dict[str, object]:
    """Return what the runs of this notebook share.

    Examples
    --------
    >>> settings("quick", 0, "default", 1.94e-10)["days"]
    130
    """
    return {
        "shape": domain(size)[0],
        "seed": seed,
        "preset": preset,
        "days": 130,
        "progress": False,
        "parameters": {"diffusion": coefficient},
        "snapshots": [*SNAPSHOTS],
    }


def two_soils(size: str, seed: int, preset: str, coefficient: float) -> dict[str, xr.Dataset]:
    """Return runs with an early pulse, ``with motion`` and ``without``."""
    same = settings(size, seed, preset, coefficient)
    return {
        "with motion": simulate(EARLY, initial_steps=domain(size)[1], **same),
        "without": simulate(EARLY, initial_steps=500, movement=False, **same),
    }


def kinds(runs: Mapping[str, xr.Dataset], day: float = 95) -> pd.DataFrame:
    """Return number, share of space and availability of the pores of each kind."""
    found = {}
    for name, run in runs.items():
        table = measures.pores(run, day).eval("filled = availability * voxels")
        groups = table.groupby("kind")
        space, filled = groups["voxels"].sum(), groups["filled"].sum()
        columns = {"pores": groups.size(), "share of space": space / space.sum()}
        columns |= {
            "mean availability": filled / space,
            "highest availability": groups["availability"].max(),
        }
        found[name] = pd.DataFrame(columns)
    return pd.concat(found, names=["structure"])


def trend(runs: Mapping[str, xr.Dataset], days=(30, 60, 95, 130)) -> pd.DataFrame:
    """Return how pores, solution and biomass change with time."""
    found = {}
    for name, run in runs.items():
        for day in days:
            table = measures.pores(run, day)
            voxels, empty = table["voxels"], table["kind"] == "empty"
            found[name, day] = {
                "pores": len(table),
                "largest (% of space)": 100 * voxels.max() / voxels.sum(),
                "without microbes (% of space)": 100 * voxels[empty].sum() / voxels.sum(),
                "dissolved C (mg g⁻¹)": float(run["C_S"].sel(time=day)),
                "biomass C (mg g⁻¹)": float(run["C_B"].sel(time=day)),
            }
    table = pd.DataFrame(found).T.rename_axis(["structure", "day"])
    return table.astype({"pores": int})


def by_distance(runs: Mapping[str, xr.Dataset], days=(99, 110)) -> pd.DataFrame:
    """Return biomass (mg per g dry soil) by distance from the root line, on some days."""
    found = {}
    for name, run in runs.items():
        width = run.sizes["x"]
        columns = abs(np.arange(width) - width // 2)
        distance = VOXEL * np.minimum(columns, width - columns)
        words = ["0-20 µm", "20-50 µm", "50-80 µm", "beyond"]
        bands = pd.cut(distance, [-1, 20, 50, 80, 400], labels=words)
        for day in days:
            line = run["c_b"].sel(snapshot=day).sum("y").to_series()
            scaled = run.attrs["mg_per_g_voxel"] * line
            found[f"{name}, day {day}"] = scaled.groupby(bands, observed=True).sum()
    return pd.DataFrame(found).rename_axis("distance from the root line")


def slowed(moving: xr.Dataset, size: str, seed: int, preset: str) -> pd.DataFrame:
    """Return solution and respiration of days 50 to 99, as printed and nearly undiffused."""
    slow = simulate(
        EARLY,
        initial_steps=domain(size)[1],
        **settings(size, seed, preset, 1e-11) | {"days": 99, "snapshots": []},
    )
    rows = {}
    for name, run in (("as printed", moving), ("nearly none", slow)):
        late = run.sel(time=slice(50, 99)).mean()
        lost = late["R_G"] + late["R_M"] + late["R_O"]
        rows[name] = {"dissolved C": float(late["C_S"]), "respired": float(lost)}
    return pd.DataFrame(rows).eval("ratio = `nearly none` / `as printed`")


def rules(preset: str = "default", coefficient: float = 1.94e-10):
    """Return the parameters of a preset with another diffusion coefficient.

    Examples
    --------
    >>> rules(coefficient=1e-9)["diffusion"]
    1e-09
    """
    return resolve({"set": preset, "diffusion": coefficient})
