"""Practices on a field to two metres: the study of notebook *Managing a whole profile*."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims
from soilnb.profile import depth, management
from soilnb.profile.management import PRACTICES, scenario

#: The experiments of Sierra et al. (2024): transport (cm yr-1) and surface decay (yr-1).
EXPERIMENTS = {
    "fast-fast": (5.0, 1.0),
    "fast-slow": (5.0, 0.1),
    "slow-fast": (0.1, 1.0),
    "slow-slow": (0.1, 0.1),
}

#: Where one year's carbon enters, m.
ENTRIES = {"0–20 cm": (0, 0.2), "30–60 cm": (0.3, 0.6), "100–120 cm": (1.0, 1.2)}


def field(roots: float = 180.0, residues: float = 250.0, size: str = "quick") -> depth.Profile:
    """Return a cropland to 2 m, on cells of 2 cm (size ``paper``: 1 cm).

    Examples
    --------
    >>> field().edges.size
    101
    """
    given = {"root_input": roots, "residue_input": residues}
    return depth.profile(given, thickness=0.01 if size == "paper" else 0.02)


def record_published() -> pd.DataFrame:
    """Note the twenty numbers of Sierra et al., with their ends; return mean transit times.

    Examples
    --------
    >>> [*record_published().columns]
    ['published ends', 'carbon conserved']
    """
    ours = {}
    for name, (transport, decay) in EXPERIMENTS.items():
        published = {"set": "sierra2024", "advection": transport, "decay": decay}
        leaky = depth.profile({**published, "boundary": "published"})
        times = depth.transit_time(leaky)
        left = depth.remaining(leaky, [1, 10, 50])["remaining"].values
        numbers = {f"m{year}": left[k] for k, year in enumerate((1, 10, 50))}
        numbers |= {kind: float(times[kind]) for kind in ("mean", "median")}
        claims.record_all({f"depth-{name}-{key}": float(v) for key, v in numbers.items()})
        ours[f"v {transport:g} cm/yr, k0 {decay:g}/yr"] = {
            "published ends": float(times["mean"]),
            "carbon conserved": float(depth.transit_time(published)["mean"]),
        }
    return pd.DataFrame(ours).T.rename_axis("mean transit time (yr)")


def fates(soil: depth.Profile) -> tuple[xr.Dataset, pd.DataFrame]:
    """Return what is left of one year's carbon by the depth where it enters, and transit times."""
    years = np.unique(np.concatenate([[0.0], np.geomspace(0.1, 1000, 80)]))
    left, waits = [], {}
    for name, ends in ENTRIES.items():
        source = 100 * depth.layer_shares(soil.edges, *ends)
        here = depth.profile(soil.parameters, edges=soil.edges, source=source)
        left.append(depth.remaining(here, years)["remaining"])
        waits[name] = depth.transit_time(here).to_pandas()
    fate = xr.concat(left, "entry").assign_coords(entry=list(ENTRIES))
    fate.attrs["soil"] = "cropland"
    return fate, pd.DataFrame(waits).T.rename_axis("carbon enters at; transit time (yr)")


def unaccounted(run: xr.Dataset) -> xr.DataArray:
    """Return input less losses less change of a run, g C m-2: nothing, if carbon is conserved."""
    lost = run["cumulative_respiration"] + run["cumulative_leaching"]
    return run["cumulative_input"] - lost - run["cumulative_change"]


def beside_trials(soil: depth.Profile, effects: pd.DataFrame) -> pd.DataFrame:
    """Return two numbers of the model beside what was measured."""
    tilled = scenario("inversion", [0, 30, 40, 100], soil)
    subsoil = depth.layers(tilled["carbon"], [0.3, 1.0]).isel(layer=0)
    gain = 100 * float((subsoil[1] / subsoil[0] - 1).sel(time=40))
    maize = effects.loc["deep-rooted crops", "change_30yr"] / 30
    rows = {
        "carbon in 30–100 cm, 40 years after turning a cropland": (
            *(f"{gain:+.0f} %", "+67 %"), "Alcántara et al. 2017 (25–48 yr)",
        ),
        "deeper roots of an annual crop, mean of 30 years": (
            *(f"{maize:+.3f} Mg C ha-1 yr-1", "+0.05 to +0.15 Mg C ha-1 yr-1"),
            "Cotrufo et al. 2024",
        ),
    }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index", columns=["model", "published", "source"])


def priming(soil: depth.Profile, strengths: Sequence[float]) -> pd.DataFrame:
    """Return the effect of practices under priming so strong, Mg C ha-1."""
    rows = {}
    for name in ("deep_roots", "perennials"):
        for p in strengths:
            run = scenario(PRACTICES[name].change(priming=p), [0, 30, 100, 2500], soil)
            rows[f"{PRACTICES[name].text.title}, p = {p:g}"] = (10 * run["effect"]).values[1:]
    columns = ["30 yr", "100 yr", "2,500 yr"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("effect in Mg C ha-1")


def strips(soil: depth.Profile) -> float:
    """Return the stock after 60 years of a field whose ten strips are dug in strict turn."""
    land = PRACTICES["ditch_straw"](management.begin(soil))
    ((moves, _),) = land.yearly
    stocks = [
        depth.simulate(
            land.profile,
            [60.0],
            initial=land.start,
            events=[depth.Event(np.arange(first, 60.0, 10.0), moves)],
        )["stock"].item()
        for first in range(10)
    ]
    return float(np.mean(stocks))
