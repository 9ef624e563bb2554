r"""What the runs of the history matching say of choices that were not run: Gaussian processes.

Each number y of a run is seen as a smooth function of the choices plus what the seed adds,

.. math:: y = m + k(x)\,\text{[linear and Matérn]} + \varepsilon ,
    \qquad \varepsilon \sim N(0, \sigma_s^2)

amounts and ratios by their logarithm, shares and days as they are (`Process`). A choice of the
reader's own then has a mean, a spread of what the emulator does not know, and one of the seeds;
`implausible` sets all three against the print, and `posterior` weighs choices by how likely they
give the printed numbers together.

Sources: Craig et al. (1997) for history matching; Rasmussen and Williams (2006), Eq. 2.25, 5.12.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from soilnb.claims import baseline, matching
from soilnb.claims.measures import STATEMENTS
from soilnb.parameters import InputError

#: Numbers that are seen as they are; all others are positive, and seen by their logarithm.
PLAIN = frozenset(
    (
        *("cue-eq", "cue-peak", "overflow-share", "nec-c-share", "nec-n-share"),
        *("bio-peak-day", "cue-peak-day", "grow-days"),
    )
)

#: A value farther off the print than this factor (plain: than the printed value itself) counts
#: as so far off: how dead a dead soil is says nothing about the living ones.
FARTHEST = 8.0

#: Shares of the printed value that an error may be, where it is seen by its logarithm.
_SMALLEST = 1e-4


#: Presets that come near the paper: what their seeds differ by is what seeds differ by.
PRESETS = ("default", "documented", "ungated")


class Process(NamedTuple):
    """The emulator of one number: `predict` uses it, `check` says how good it is."""

    #: Fitted ``GaussianProcessRegressor``, of standardised values.
    regressor: object
    #: Mean and standard deviation of the values, which it was standardised by.
    centre: float
    scale: float
    #: Standard deviation of a seed, in units of the seen value.
    seed: float


def features(points: pd.DataFrame) -> np.ndarray:
    """Return points as numbers from 0 to 1, one column a choice.

    Examples
    --------
    >>> features(matching.design(4)).shape
    (4, 12)
    """
    columns = []
    for name, one in matching.choices().items():
        if one["kind"] == "switch":
            columns.append(points[name].map(one["words"].index).to_numpy(float))
            continue
        low, high, value = one["low"], one["high"], points[name].to_numpy(float)
        if one.get("scale") == "log":
            low, high, value = np.log(low), np.log(high), np.log(value)
        columns.append((value - low) / (high - low))
    return np.column_stack(columns)


def seen(name: str, values: Sequence[float], expected: float) -> np.ndarray:
    """Return values of a number as the emulator sees them, see `PLAIN` and `FARTHEST`.

    Examples
    --------
    >>> seen("bio-eq", [0.015, 1e-9], expected=0.015).round(2)
    array([-4.2 , -6.28])
    """
    given = np.asarray(values, float)
    if name in PLAIN:
        return np.clip(given, 0.0, 2 * expected)
    return np.log(np.clip(given, expected / FARTHEST, expected * FARTHEST))


def wanted(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return printed numbers and their errors as the emulator sees them.

    Examples
    --------
    >>> found = wanted(matching.numbers())
    >>> [round(float(found.loc["n-leak", c]), 2) for c in ("expected", "error")]
    [2.3, 0.1]
    """
    expected, error = numbers[["expected", "error"]].to_numpy(float, copy=True).T
    logged = np.array([name not in PLAIN for name in numbers.index], bool)
    error[logged] = np.maximum(error[logged] / expected[logged], _SMALLEST)
    expected[logged] = np.log(expected[logged])
    return numbers[["kind"]].assign(expected=expected, error=error)


def fit(
    points: pd.DataFrame,
    values: pd.DataFrame,
    expected: Mapping[str, float],
    kernels: Mapping[str, Sequence[float]] | None = None,
    seeds: Mapping[str, float] | None = None,
) -> dict[str, Process]:
    """Fit the emulator of each number to the points that have it.

    Parameters
    ----------
    points, values : DataFrame
        As of `soilnb.claims.matching.load`: choices, and a column a number (NaN: not measured).
    expected : mapping
        What the paper prints, by column; the numbers that are fitted.
    kernels : mapping, optional
        Logarithms of the kernel's parameters by number (`theta`); searched when left out.
    seeds : mapping, optional
        Standard deviations of a seed, as they are seen, that runs of the same choices have: it may
        not find less, however well it follows its own points.
    """
    x = features(points)
    found = {}
    for name, printed in expected.items():
        at = values[name].notna().to_numpy()
        if at.sum() <= x.shape[1]:
            raise InputError(f"{name}: {at.sum()} points have it, allowed more than {x.shape[1]}")
        y = seen(name, values[name][at], printed)
        centre, scale = float(y.mean()), float(y.std()) or 1.0
        theta = None if kernels is None else kernels[name]
        regressor = _regressor(x.shape[1], theta, ((seeds or {}).get(name, 0.0) / scale) ** 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # length scales at their bounds: the choice has no say
            regressor.fit(x[at], (y - centre) / scale)
        noise = regressor.kernel_.k2.noise_level
        found[name] = Process(regressor, centre, scale, scale * float(np.sqrt(noise)))
    return found


def _regressor(size: int, theta: Sequence[float] | None, least: float) -> object:
    from sklearn.gaussian_process import GaussianProcessRegressor, kernels

    smooth = kernels.ConstantKernel(0.5, (1e-3, 10)) * kernels.Matern(
        np.full(size, 3.0), (1.0, 30.0), nu=2.5
    )
    straight = kernels.ConstantKernel(0.1, (1e-3, 10)) * kernels.DotProduct(1.0, "fixed")
    least = float(np.clip(least, 1e-3, 0.9))
    kernel = smooth + straight + kernels.WhiteKernel(max(0.1, least), (least, 1.0))
    if theta is None:
        return GaussianProcessRegressor(kernel, random_state=0)
    return GaussianProcessRegressor(kernel.clone_with_theta(np.array(theta)), optimizer=None)


def known_seeds(names: Sequence[str]) -> dict[str, float]:
    """Return what three runs of a preset differ by, over `PRESETS`, as the emulator sees it.

    Examples
    --------
    >>> round(known_seeds(["bio-eq"])["bio-eq"], 3)
    0.05
    """
    found: dict[str, list[float]] = {}
    for row in baseline.load("rotzer2025")["values"]:
        several = row.get("preset") in PRESETS and row.get("n", 0) > 1
        if row["id"] in names and several and row["value"]:
            size = 1.0 if row["id"] in PLAIN else row["value"]
            found.setdefault(row["id"], []).append(row["spread"] / size)
    return {name: float(np.sqrt(np.mean(np.square(some)))) for name, some in found.items()}


def theta(processes: Mapping[str, Process]) -> dict[str, list[float]]:
    """Return the parameters of the kernels, with which `fit` gives the same emulators at once."""
    return {
        name: [round(float(one), 4) for one in process.regressor.kernel_.theta]
        for name, process in processes.items()
    }


def predict(processes: Mapping[str, Process], points: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what the emulators say of points, as they see numbers.

    ``mean`` over seeds, ``emulator`` and ``seed`` (standard deviations), each over points and
    numbers.
    """
    x = features(points)
    found: dict[str, dict] = {key: {} for key in ("mean", "emulator", "seed")}
    for name, one in processes.items():
        mean, spread = one.regressor.predict(x, return_std=True)
        known = np.maximum((one.scale * spread) ** 2 - one.seed**2, 0.0)
        found["mean"][name] = one.centre + one.scale * mean
        found["emulator"][name] = np.sqrt(known)
        found["seed"][name] = one.seed
    return {key: pd.DataFrame(columns, index=points.index) for key, columns in found.items()}


def natural(name: str, value: float) -> float:
    """Return a seen value in the unit of the claim.

    Examples
    --------
    >>> round(natural("bio-eq", -4.2), 3)
    0.015
    """
    return float(value) if name in PLAIN else float(np.exp(value))


def check(processes: Mapping[str, Process]) -> pd.DataFrame:
    """Return how well each emulator foresees a point that it has not seen, by number.

    ``explained`` is the share of variance that `points` left out one by one keep, ``inside`` the
    share of them within two standard deviations, ``seed`` the standard deviation of a seed.

    Examples
    --------
    >>> set(check(world(2).processes).columns) == {"points", "explained", "inside", "seed"}
    True
    """
    found = {}
    for name, one in processes.items():
        off, spread, y = _left_out(one)
        found[name] = {
            "points": y.size,
            "explained": 1 - float((off**2).mean() / y.var()),
            "inside": float((np.abs(off) < 2 * spread).mean()),
            "seed": one.seed,
        }
    return pd.DataFrame(found).T.rename_axis("claim")


def _left_out(one: Process) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return residuals of points left out, their standard deviations, and the values."""
    regressor = one.regressor
    covariance = regressor.kernel_(regressor.X_train_)
    inverse = np.linalg.inv(covariance + regressor.alpha * np.eye(len(covariance)))
    diagonal = np.diag(inverse)
    return inverse @ regressor.y_train_ / diagonal, diagonal**-0.5, regressor.y_train_


def implausible(said: Mapping[str, pd.DataFrame], numbers: pd.DataFrame) -> pd.DataFrame:
    """Return how many standard deviations each point lies off each printed number.

    Over points and numbers, from what `predict` has `said` and `numbers` as of `wanted`; see
    `soilnb.claims.matching.implausibility`.
    """
    names = [name for name in said["mean"] if name in numbers.index]
    variance = said["emulator"][names] ** 2 + said["seed"][names] ** 2
    variance = variance + numbers.loc[names, "error"] ** 2
    return (said["mean"][names] - numbers.loc[names, "expected"]).abs() / np.sqrt(variance)


def ruled_out(off: pd.DataFrame, limit: float | None = None) -> pd.Series:
    """Whether the second largest implausibility of a point is above the limit of the table.

    Examples
    --------
    >>> off = pd.DataFrame({"a": [9.0, 9.0], "b": [1.0, 4.0], "c": [0.0, 0.0]})
    >>> ruled_out(off, limit=3.0).tolist()
    [False, True]
    """
    limit = matching.table()["limit"] if limit is None else limit
    return pd.Series(np.sort(off.to_numpy(), axis=1)[:, -2] > limit, off.index)


def together(residuals: pd.DataFrame, strength: float = 0.2) -> pd.DataFrame:
    """Return how numbers go together from seed to seed: correlations of what choices leave.

    `residuals` are over points and numbers, NaN where there is none. For there are few points,
    correlations are drawn to 0 by the share `strength`.
    """
    found = residuals.corr(min_periods=10).fillna(0.0).to_numpy(copy=True) * (1 - strength)
    np.fill_diagonal(found, 1.0)
    return pd.DataFrame(found, residuals.columns, residuals.columns)


def residuals(
    processes: Mapping[str, Process], points: pd.DataFrame, values: pd.DataFrame
) -> pd.DataFrame:
    """Return what the emulators leave of each point that was not used for it, for `together`."""
    found = pd.DataFrame(np.nan, points.index, list(processes))
    for name, one in processes.items():
        at = values[name].notna().to_numpy()
        found.loc[at, name] = _left_out(one)[0]
    return found


def posterior(
    said: Mapping[str, pd.DataFrame], numbers: pd.DataFrame, correlation: pd.DataFrame
) -> pd.Series:
    """Return the weight of each point, which sum to 1: how likely it gives all printed numbers.

    The prior is the design's: every setting of the switches alike, numbers even over their range.
    `said` and `numbers` are as for `implausible`; by `correlation` (of `together`) numbers that go
    together from seed to seed count once.
    """
    names = [name for name in said["mean"] if name in numbers.index]
    off = (said["mean"][names] - numbers.loc[names, "expected"]).to_numpy()
    seeds = said["seed"][names].to_numpy()
    own = said["emulator"][names].to_numpy() ** 2 + numbers.loc[names, "error"].to_numpy() ** 2
    shared = correlation.loc[names, names].to_numpy()
    covariance = shared * seeds[:, :, None] * seeds[:, None, :]
    covariance[:, range(len(names)), range(len(names))] += own
    half = np.linalg.solve(covariance, off[:, :, None])[:, :, 0]
    log = -0.5 * (off * half).sum(1) - 0.5 * np.linalg.slogdet(covariance)[1]
    weight = np.exp(log - log.max())
    return pd.Series(weight / weight.sum(), said["mean"].index)


def shares(points: pd.DataFrame, weight: pd.Series) -> pd.DataFrame:
    """Return ``weight`` and ``prior`` of each ``value`` of a ``choice``: a word, or a third.

    Examples
    --------
    >>> points = matching.design(64)
    >>> even = pd.Series(1 / 64, points.index)
    >>> float(shares(points, even)["weight"]["gate", "on"])
    0.5
    """
    rows = []
    for name, one in matching.choices().items():
        label = points[name]
        if one["kind"] == "number":
            label = pd.qcut(points[name], 3, labels=["low", "middle", "high"])
        for value, where in label.groupby(label, observed=True).groups.items():
            prior = len(where) / len(points)
            rows.append({"choice": name, "value": str(value), "weight": weight[where].sum()})
            rows[-1]["prior"] = prior
    return pd.DataFrame(rows).set_index(["choice", "value"])


def main_effects(points: pd.DataFrame, said: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the share of each number's variance over the points that a choice has by itself.

    First-order indices over choices and numbers, 0 to 1; choices that are numbers in eight bins.

    Examples
    --------
    >>> points = matching.design(64)
    >>> said = {"mean": (points[["gate"]] == "on").astype(float)}
    >>> main_effects(points, said)["gate"].idxmax()
    'gate'
    """
    mean = said["mean"]
    found = {}
    for name, one in matching.choices().items():
        label = pd.qcut(points[name], 8) if one["kind"] == "number" else points[name]
        grouped = mean.groupby(label, observed=True)
        between = (grouped.mean() - mean.mean()).pow(2)
        found[name] = between.mul(grouped.size(), axis=0).sum() / len(mean) / mean.var(ddof=0)
    return pd.DataFrame(found).T.rename_axis("choice")


class World(NamedTuple):
    """The emulators, and what they say of points that fill the space of the choices."""

    #: Emulators by number, and the points and values that they are fitted to.
    processes: Mapping[str, Process]
    run: pd.DataFrame
    values: pd.DataFrame
    #: Printed numbers (`printed`), and those that are matched, as the emulator sees them.
    numbers: pd.DataFrame
    wanted: pd.DataFrame
    #: Points that were not run, what is said of them, how far off each is, and its weight.
    points: pd.DataFrame
    said: Mapping[str, pd.DataFrame]
    off: pd.DataFrame
    weight: pd.Series


def printed(values: pd.DataFrame) -> pd.DataFrame:
    """Return the printed numbers that enough points have for an emulator; statements are left out.

    ``expected`` and ``side`` (``match`` or ``held out``) by number.
    """
    matched = matching.numbers()
    enough = len(matching.choices()) + 4
    found = {}
    for name in (*matched.index, *matching.held_out()):
        if name not in STATEMENTS and name in values and values[name].count() > enough:
            side = "match" if name in matched.index else "held out"
            found[name] = {"expected": matching.expected()[name], "side": side}
    return pd.DataFrame(found).T.astype({"expected": float}).rename_axis("claim")


def world(points: int = 4096, waves: int = 2) -> World:
    """Return the emulators of the kept runs, and what they say of so many points, a power of two.

    They know what the first wave alone foresees, or both `waves`; see `soilnb.claims.matching`.
    """
    run, values, about = matching.load(waves)
    numbers = printed(values)
    seeds = known_seeds(numbers.index)
    processes = fit(run, values, numbers["expected"], about["theta"], seeds)
    matched = matching.numbers().loc[numbers.index[numbers["side"] == "match"]]
    sought, others = wanted(matched), matching.design(points)
    said = predict(processes, others)
    correlation = together(residuals(processes, run, values))
    return World(
        processes, run, values, numbers, sought, others, said,
        off=implausible(said, sought), weight=posterior(said, sought, correlation),
    )  # fmt: skip


def likeliest(world: World) -> pd.DataFrame:
    """Return the points of the second wave and their ``weight``, which sums to 1; likeliest first.

    Only points that were run with all scenarios: none of them is likely for want of runs near it.

    Examples
    --------
    >>> found = likeliest(world(2))
    >>> bool(found["weight"].is_monotonic_decreasing)
    True
    """
    points = world.run[world.run.index >= matching.SECOND]
    left = residuals(world.processes, world.run, world.values)
    weight = posterior(predict(world.processes, points), world.wanted, together(left))
    return points.assign(weight=weight).sort_values("weight", ascending=False)
