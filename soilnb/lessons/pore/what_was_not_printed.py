"""History matching of what a paper leaves open: the study of *What was not printed*."""

import numpy as np
import pandas as pd

from soilnb import claims
from soilnb.claims import baseline, emulated, matching
from soilnb.figures.rotzer2025.matching import CHOICES, SCENARIOS, WORDS
from soilnb.pore import Scenario, simulate
from soilnb.pore.parameters import VOXEL


def described() -> pd.DataFrame:
    """Return what is explored, with what the paper and the older code say.

    Examples
    --------
    >>> len(described())
    12
    """
    about = matching.choices()
    allowed = {
        name: " or ".join(one["words"]) if "words" in one else f"{one['low']:g} to {one['high']:g}"
        for name, one in about.items()
    }
    rows = {
        name: {"explored": allowed[name], "default": one["default"], "source": one["source"]}
        for name, one in about.items()
    }
    return pd.DataFrame(rows).T.rename_axis("choice")


def sides() -> pd.DataFrame:
    """Return how many printed numbers are matched and held out, by kind.

    Examples
    --------
    >>> int(sides().to_numpy().sum()) == len(matching.numbers()) + len(matching.held_out())
    True
    """
    matched = matching.numbers()["kind"].value_counts()
    held = pd.Series(matching.held_out()).value_counts()
    found = pd.DataFrame({"matched": matched, "held out": held}).fillna(0).astype(int)
    return found.rename_axis("kind")


def rests_on() -> str:
    """Return in a line how many runs the notebook rests on."""
    points, _, about = matching.load()
    first = about["days"][points.index < matching.SECOND]
    cut = int((first == first.min()).sum())
    old = " (the model has changed since)" if about["stale"] else ""
    return (
        f"{len(first)} points of the first wave ({cut} cut after {first.min()} days) and "
        f"{len(points) - len(first)} of the second, {about['date']}{old}"
    )


def second_wave() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the likely points that were run with all scenarios, and what they gave."""
    points, values, _ = matching.load()
    late = points.index >= matching.SECOND
    return points[late], values[late]


def foreseen() -> pd.DataFrame:
    """Return how well the first wave alone foresees the runs of the second.

    Returns
    -------
    DataFrame
        By number: ``points``; ``off``, the root mean square of the deviations, in standard
        deviations of emulator and seed (1 where the emulator knows how unsure it is); ``inside``,
        the share within two of them.

    Examples
    --------
    >>> bool(foreseen()["inside"].between(0, 1).all())
    True
    """
    processes = emulated.world(2, waves=1).processes
    points, values = second_wave()
    said, found = emulated.predict(processes, points), {}
    for name in processes:
        printed = matching.expected()[name]
        ran = emulated.seen(name, values[name], printed)
        spread = np.hypot(said["emulator"][name], said["seed"][name])
        off = ((said["mean"][name] - ran) / spread).dropna()
        inside = (off.abs() < 2).mean()
        found[name] = {"points": len(off), "off": np.sqrt((off**2).mean()), "inside": inside}
    return pd.DataFrame(found).T.rename_axis("claim")


def reached(world: emulated.World) -> pd.DataFrame:
    """Return for each number what runs and emulator give, over the printed value.

    Returns
    -------
    DataFrame
        ``side``; ``runs`` (list); ``low`` and ``high``, 95 % of the emulated points; ``wide``,
        the factor of three standard deviations of print and seed; ``default``, of three seeds;
        ``nearest``, the smallest implausibility of all points (NaN for what is held out).
    """
    usual, rows = of_presets().loc["default"], {}
    for name, one in world.numbers.iterrows():
        expected = one["expected"]
        ends = [
            emulated.natural(name, x) for x in world.said["mean"][name].quantile([0.025, 0.975])
        ]
        error = world.wanted["error"].get(name, 0.0)
        spread = np.hypot(world.processes[name].seed, error)
        spread = spread / expected if name in emulated.PLAIN else spread
        rows[name] = {
            "side": one["side"],
            "runs": (world.values[name].dropna() / expected).tolist(),
            "low": ends[0] / expected,
            "high": ends[1] / expected,
            "wide": float(np.exp(3 * spread)),
            "default": usual.get(name, np.nan) / expected,
            "nearest": world.off[name].min() if name in world.off else np.nan,
        }
    return pd.DataFrame(rows).T


def of_presets() -> pd.DataFrame:
    """Return the kept numbers of the presets, means of three seeds, over presets and claims."""
    kept = pd.DataFrame(baseline.load("rotzer2025")["values"])
    return kept.pivot(index="preset", columns="id", values="value").astype(float)


def known(world: emulated.World) -> pd.DataFrame:
    """Return what the emulators say of settings that were run before, with three seeds each.

    These are the presets and the trials of *What was tried* that change nothing but what is
    explored; no emulator has seen them.

    Returns
    -------
    DataFrame
        By ``setting`` and ``claim``: ``run``, ``emulated``, and ``off``, the difference in
        standard deviations of emulator and of the mean of three seeds.
    """
    rows = [
        (row["preset"], row["preset"], row["id"], row["value"])
        for row in baseline.load("rotzer2025")["values"]
    ]
    tried = baseline.load("hypotheses/rotzer2025")
    for row in tried["values"]:
        trial = tried["runs"][row["trial"]]
        if not trial["reading"]:
            changed = {"set": trial["preset"], **trial["parameters"]}
            rows.append((row["trial"], changed, row["row"], row["with"]))
    found = {}
    for setting, given, name, value in rows:
        point = matching.point_of(given) if name in world.processes else None
        if point is not None and value:
            said = emulated.predict({name: world.processes[name]}, pd.DataFrame([point]))
            mean, spread, seed = (said[key][name].item() for key in ("mean", "emulator", "seed"))
            run = emulated.seen(name, [value], world.numbers.loc[name, "expected"]).item()
            off = (mean - run) / np.sqrt(spread**2 + seed**2 / 3)
            found[setting, name] = (value, emulated.natural(name, mean), off)
    table = pd.DataFrame(found, ["run", "emulated", "off"]).T
    return table.rename_axis(["setting", "claim"])


def worded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of numbers and choices by what they are called in the figures.

    Examples
    --------
    >>> [*worded(pd.DataFrame({"n-leak": [10.0], "gate": "on"}))]
    ['leak of N, ratio', 'gate']
    """
    words = WORDS | SCENARIOS | CHOICES
    words |= {"back-50": "back after 50 days", "cue-peak-day": "day of that peak"}
    return table.rename(index=words, columns=words)


def having(values: pd.DataFrame, names: list[str], also: list[str]) -> pd.DataFrame:
    """Return the runs that have some numbers in the bands of their claims, with others beside."""
    bands = {c["id"]: (c.get("low"), c.get("high")) for c in claims.listed("rotzer2025")}
    inside = pd.DataFrame({name: values[name].between(*bands[name]) for name in names})
    return values.loc[inside.all(axis=1), [*names, *also]].round(2)


def scores(world: emulated.World) -> pd.DataFrame:
    """Return how many held-out numbers points and presets have inside the bands of the claims.

    Counted are those that all of them have: points that were cut are left out.

    Returns
    -------
    DataFrame
        ``hits`` and ``of``, a row for each preset, and for the mean, the best and the worst of
        the points of each wave: of the first, which the sequence picked, and of the second, which
        the emulator called likely.
    """
    first = world.values[world.values.index < matching.SECOND].dropna(subset=["static-ns"])
    second, usual = second_wave()[1], of_presets()
    names = _held_by(first, second, usual)
    random, likely, known = (_inside(table[names]).sum(axis=1) for table in (first, second, usual))
    rows = {f"preset {name}": count for name, count in known.items()}
    for what, hits in (("random", random), ("likely", likely)):
        rows[f"{what} points (mean of {len(hits)})"] = hits.mean()
        rows |= {f"the best {what} one": hits.max(), f"the worst {what} one": hits.min()}
    return pd.DataFrame({"hits": pd.Series(rows).astype(float).round(1), "of": len(names)})


def _held_by(*tables: pd.DataFrame) -> list[str]:
    """Return the held-out numbers that every row of tables has."""
    return [
        name
        for name in matching.held_out()
        if all(name in table and table[name].notna().all() for table in tables)
    ]


def _inside(values: pd.DataFrame) -> pd.DataFrame:
    """Whether numbers are inside the bands of their claims."""
    bands = {c["id"]: (c.get("low"), c.get("high")) for c in claims.listed("rotzer2025")}
    return pd.DataFrame({name: values[name].between(*bands[name]) for name in values})


def again(world: emulated.World) -> pd.DataFrame:
    """Return how likely points fare by runs of their own, beside presets.

    Returns
    -------
    DataFrame
        A row for each run with all scenarios (one seed) and each preset (the mean of three):
        ``farthest`` of the matched numbers, with its implausibility ``off`` (seeds and print);
        ``second``, the one that decides whether it is ``ruled out``; ``hits`` of the held-out
        numbers inside the bands of their claims, ``of`` those that all of them have.
    """
    likely, usual = second_wave()[1], of_presets()
    names = _held_by(likely, usual)
    runs = {f"likely point {k}": (row, 1) for k, (_, row) in enumerate(likely.iterrows(), 1)}
    runs |= {f"preset {name}": (row, 3) for name, row in usual.iterrows()}
    hits = pd.concat([_inside(table[names]).sum(axis=1) for table in (likely, usual)])
    found = {}
    for (who, (row, seeds)), count in zip(runs.items(), hits, strict=True):
        off = _off(world, row, seeds).sort_values()
        found[who] = {
            "farthest": (WORDS | SCENARIOS)[off.index[-1]],
            "off": round(off.iloc[-1], 1),
            "second": round(off.iloc[-2], 1),
            "ruled out": bool(emulated.ruled_out(off.to_frame().T).item()),
            "hits": int(count),
            "of": len(names),
        }
    return pd.DataFrame(found).T.rename_axis("who")


def _off(world: emulated.World, row: pd.Series, seeds: int) -> pd.Series:
    """Return the implausibility of the matched numbers of a run, without any emulator."""
    found = {}
    for name, printed in world.wanted.iterrows():
        if pd.notna(value := row.get(name, np.nan)):
            said = emulated.seen(name, [value], world.numbers.loc[name, "expected"]).item()
            seed = world.processes[name].seed * np.sqrt(1 + 1 / seeds)  # the paper's run and ours
            spread = np.hypot(seed, printed["error"])
            found[name] = abs(said - printed["expected"]) / spread
    return pd.Series(found)


def together(world: emulated.World, names: list[str]) -> pd.DataFrame:
    """Return the share of all points that give each number, and all of them at once.

    A point gives a number when it lies within the limit of the table.
    """
    inside = world.off[names] <= matching.table()["limit"]
    found = inside.mean().to_dict() | {"all at once": inside.all(axis=1).mean()}
    return pd.Series(found, name="share of the points").to_frame()


def best(world: emulated.World, count: int = 5) -> pd.DataFrame:
    """Return the points with the most weight."""
    order = world.weight.sort_values(ascending=False).index[:count]
    return world.points.loc[order].assign(weight=world.weight[order])


def noisier(world: emulated.World, factor: float) -> float:
    """Return the share of all points that is ruled out if seeds differed so many times as much."""
    said = {**world.said, "seed": factor * world.said["seed"]}
    return float(emulated.ruled_out(emulated.implausible(said, world.wanted)).mean())


def spread(diffusion: float, seed: int = 0, side: int = 96) -> float:
    """Return the mean distance of exudates from the root line after their day, in µm.

    A small square without motion of particles, a pulse on the second day: a direct run of the
    model, by no emulator.
    """
    pulse = Scenario("pulse", pulses=(2,), movement=False)
    run = simulate(
        pulse, days=2, shape=(side, side), seed=seed, initial_steps=60, snapshots=(1, 2),
        parameters={"diffusion": diffusion}, progress=False,
    )  # fmt: skip
    before, after = (run["c_s"].sel(snapshot=day).sum("y").values for day in (1, 2))
    gain = after - before
    away = VOXEL * np.abs(np.arange(side) - side // 2)
    return float(away @ gain / gain.sum())
