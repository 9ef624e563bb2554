"""Two models on one planet, and many small experiments: the study of notebook *Diagnosed CUE*."""

import warnings

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import claims
from soilnb.cue import diagnosed
from soilnb.data import open_dataset
from soilnb.explore.pools import microbial, stepped
from soilnb.lessons import rests_on
from soilnb.profile import century, mimics
from soilnb.profile.site import SiteWarning

#: The point at which models are compared with the published codes: 15 °C, 30 % clay, 500 g C.
REFERENCE = {"temperature": 15.0, "clay": 0.30, "npp": 500.0, "f_met": 0.3846423}

#: Litter that is alike everywhere, for each model.
FIXED = {
    "CENTURY": {"f_met": 0.5, "lignin_fraction": 0.25},
    "MIMICS": {"f_met": REFERENCE["f_met"]},
}

#: Coefficient of variation from which on a map is said to vary: a choice, the paper prints none.
VARIES = 0.05

#: The soil at which SoilR has published CENTURY's pools.
SOILR = {
    "temperature": 35.0,
    "npp": 365.0 / 7,
    "clay": 0.2,
    "silt": 0.45,
    "lignin_to_n": 20.0,
    "lignin_fraction": 0.25,
    "surface_input_share": 0.5,
}


def intrinsic() -> pd.DataFrame:
    """Return the four efficiencies inside MIMICS, microbes by litter.

    Examples
    --------
    >>> float(intrinsic().loc["K", "metabolic"])
    0.75
    """
    constants = mimics.PARAMETER_SETS["sandbox"]
    kinds = ("metabolic", "structural")
    rows = {
        microbe: {kind: constants[f"cue_{microbe.lower()}_{kind}"] for kind in kinds}
        for microbe in ("r", "K")
    }
    return pd.DataFrame(rows).T.rename_axis(index="microbes", columns="litter")


def at_the_sites() -> xr.Dataset:
    """Return observed and modelled carbon (kg C m-2) of the LTER sites, with R2 and RMSE.

    Examples
    --------
    >>> sorted(at_the_sites().attrs)
    ['r2', 'rmse']
    """
    lter = open_dataset("lter")
    where = lter[["temperature", "clay", "npp"]].assign(f_met=REFERENCE["f_met"])
    carbon = mimics.steady_state(where)["carbon"].sum("pool")
    sites = xr.Dataset({"observed": lter["soc"], "modelled": carbon})
    r = np.corrcoef(sites["observed"], sites["modelled"])[0, 1]
    error = float(((sites["modelled"] - sites["observed"]) ** 2).mean()) ** 0.5
    return sites.assign_attrs(r2=float(r**2), rmse=error)


# --- The planet -----------------------------------------------------------------------------------


def land() -> xr.Dataset:
    """Return the vegetated cells that get at least 1 g C m-2 a year; attribute ``kind``.

    Examples
    --------
    >>> land().attrs["kind"] in ("real", "synthetic")
    True
    """
    planet = open_dataset("testbed")
    green = planet.isel(cell=planet["vegetated"].values)
    kind = rests_on(planet)
    return green.isel(cell=(green["npp"] >= 1.0).values).assign_attrs(kind=kind)


def litter(cells: xr.Dataset) -> pd.DataFrame:
    """Return lignin and lignin:N of the litter by vegetation class, and how many cells each has.

    Examples
    --------
    >>> [*litter(land()).columns]
    ['lignin (1)', 'lignin : N (g g⁻¹)', 'cells']
    """
    attrs = cells["vegetation"].attrs
    names = dict(zip(attrs["flag_values"], attrs["flag_meanings"].split(), strict=True))
    names = {number: name.replace("_", " ") for number, name in names.items()}
    rows = cells[["vegetation", "lignin", "lignin_to_n"]].to_dataframe().groupby("vegetation")
    table = rows[["lignin", "lignin_to_n"]].first().assign(cells=rows.size())
    words = {"lignin": "lignin (1)", "lignin_to_n": "lignin : N (g g⁻¹)"}
    return table.rename(index=names, columns=words)


def litter_for(model: str, cells: xr.Dataset, fixed: bool = False) -> xr.Dataset:
    """Return cells with the litter as a model takes it; `fixed` is the same litter everywhere.

    Examples
    --------
    >>> float(litter_for("CENTURY", land(), fixed=True)["lignin_fraction"].max())
    0.25
    """
    if fixed:
        return cells.drop_vars("lignin_to_n").assign(FIXED[model])
    if "lignin_fraction" not in FIXED[model]:
        return cells
    structural = 1 - (0.85 - 0.018 * cells["lignin_to_n"])
    return cells.assign(lignin_fraction=np.minimum(1, cells["lignin"] / structural))


def maps(
    cells: xr.Dataset,
    decomposition: str = "uptake",
    fixed_litter: bool = False,
    parameters: str = "sandbox",
) -> xr.Dataset:
    """Return the diagnosed CUE of both models on the planet, as Fig. 6 takes it.

    Parameters
    ----------
    cells : Dataset
        From `land`.
    decomposition : str
        What counts as decomposition; see `soilnb.cue.diagnosed`.
    fixed_litter : bool
        Whether litter is the same everywhere.
    parameters : str
        Parameter set of MIMICS.

    Examples
    --------
    >>> both = maps(land())
    >>> bool(both["cue_mimics"].mean() > both["cue_century"].mean())
    True
    """
    old = century.steady_state(litter_for("CENTURY", cells, fixed_litter), "orchidee")
    new = mimics.steady_state(litter_for("MIMICS", cells, fixed_litter), parameters)
    kind = cells.attrs["kind"]
    attrs = {
        "kind": kind,
        "data": "testbed grid" if kind == "real" else "teaching planet",
        "litter": "fixed" if fixed_litter else "by vegetation class",
    }
    found = {
        "cue_century": diagnosed(old, decomposition),
        "cue_mimics": diagnosed(new, decomposition),
        "area": cells["area"],
    }
    places = {name: cells[name] for name in ("latitude", "longitude")}
    return xr.Dataset(found, attrs=attrs).assign_coords(places)


def summary(both: xr.Dataset) -> pd.DataFrame:
    """Return mean (by area) and coefficient of variation of both maps.

    Examples
    --------
    >>> [*summary(maps(land())).index]
    ['CENTURY', 'MIMICS']
    """
    rows = {}
    for model in ("century", "mimics"):
        cue = both[f"cue_{model}"]
        mean = float(cue.weighted(both["area"]).mean())
        rows[model.upper()] = {"mean CUE": mean, "variation": float(cue.std() / cue.mean())}
    return pd.DataFrame(rows).T


def correlation(both: xr.Dataset) -> float:
    """Return the correlation of both maps over cells."""
    return float(xr.corr(both["cue_century"], both["cue_mimics"]))


def record_maps(cells: xr.Dataset, decomposition: str, fixed_litter: bool) -> None:
    """Note the numbers of Fig. 6, once for each published set of MIMICS; arguments as of `maps`."""
    for name in mimics.PARAMETER_SETS:
        both = maps(cells, decomposition, fixed_litter, name)
        table, r = summary(both), correlation(both)
        mean, variation = table["mean CUE"], table["variation"]
        numbers = {
            "he-6c": r > 0,
            "he-6c-r": r,
            "he-6d": mean["MIMICS"] > mean["CENTURY"],
            "he-6d-mimics": mean["MIMICS"],
            "he-6-cv-mimics": variation["MIMICS"],
            "he-6-varies-mimics": variation["MIMICS"] >= VARIES,
        }
        claims.record_all(numbers, data=cells.attrs["kind"], variant=name)
    of_century = {
        "he-6d-century": mean["CENTURY"],
        "he-6-cv-century": variation["CENTURY"],
        "he-6-varies-century": variation["CENTURY"] >= VARIES,
    }
    claims.record_all(of_century, data=cells.attrs["kind"])


# --- Experiments ----------------------------------------------------------------------------------


def fertilise(size: str = "quick", seed: int = 0) -> pd.DataFrame:
    """Return log response ratios of many experiments: 14 sites, 63 (215) treatments.

    Intrinsic CUE, litter quality and litter input are stepped alone and together; each experiment
    is read once, after one to ten years.

    Parameters
    ----------
    size : {"quick", "paper"}
        Four or six levels of each step.
    seed : int
        Draws the year in which each experiment is read.

    Returns
    -------
    DataFrame
        One row an experiment: ``lnrr_cue``, ``lnrr_soc``, ``lnrr_mbc``, ``duration`` (years) and
        ``treatment``.
    """
    levels = 6 if size == "paper" else 4
    grid = [np.linspace(0, end, levels) for end in (10, -30, 40)]
    sites, random = open_dataset("lter"), np.random.default_rng(seed)
    before = mimics.steady_state(sites)
    changes = np.stack(np.meshgrid(*grid, indexing="ij"), -1).reshape(-1, 3)[1:]
    rows = [_treated(*change, sites, before, random) for change in changes]
    return pd.concat(rows, ignore_index=True).rename_axis("experiment")


def _treated(cue, litter_change, more_input, sites, before, random) -> pd.DataFrame:
    """Treat all sites alike and read each after a random number of years."""
    treated = sites.assign(
        lignin_to_n=sites["lignin_to_n"] * (1 + litter_change / 100),
        npp=sites["npp"] * (1 + more_input / 100),
    )
    run = mimics.simulate(treated, np.arange(0.0, 11.0), stepped(cue), initial=before)
    when = xr.DataArray(random.integers(1, 11, sites.sizes["site"]), dims="site")
    run = run.isel(time=when)
    named = {"intrinsic CUE": cue, "litter quality": litter_change, "litter input": more_input}
    active = [name for name, change in named.items() if change]
    carbon = run["carbon"].sum("pool") / before["carbon"].sum("pool")
    return pd.DataFrame(
        {
            "lnrr_cue": np.log(diagnosed(run) / diagnosed(before)),
            "lnrr_soc": np.log(carbon),
            "lnrr_mbc": np.log(microbial(run) / microbial(before)),
            "duration": when,
            "treatment": active[0] if len(active) == 1 else "combined",
        }
    )


def record_fertilised(table: pd.DataFrame) -> None:
    """Note the numbers of Fig. 5."""
    from scipy import stats  # half a second, for this alone

    cue, soc, years = table["lnrr_cue"], table["lnrr_soc"], table["duration"]
    r = stats.pearsonr(cue, soc).statistic
    in_time = stats.linregress(years, soc)
    claims.record_all(
        {
            "he-5a": abs(r) < 0.3,
            "he-5a-r": r,
            "he-5b": stats.linregress(years, cue).pvalue > 0.05,
            "he-5c-r": stats.pearsonr(cue, table["lnrr_mbc"]).statistic,
            "he-5d": in_time.slope > 0 and in_time.pvalue < 0.05,
        },
        cause={
            "he-5a": "MIMICS primes: within ten years more efficient microbes draw the stock down "
            "before their remains build it up; the paper's experiments mix fertilisers, methods "
            "and soils"
        },
    )


def litter_sweep() -> xr.Dataset:
    """Return CUE and the two guilds along litter quality, until one dies out.

    Examples
    --------
    >>> bool(litter_sweep()["extinct"].any())
    True
    """
    quality = np.linspace(5.0, 62.0, 115)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mimics.MicrobialExtinctionWarning)
        site = {"temperature": 15.0, "clay": 0.3, "npp": 500.0, "lignin_to_n": quality}
        along = mimics.steady_state(site)
    guild = along["carbon"]
    return xr.Dataset(
        {
            "lignin_to_n": ("site", quality),
            "cue": diagnosed(along),
            "r_to_k": guild.sel(pool="MICr", drop=True) / guild.sel(pool="MICK", drop=True),
            "extinct": along["extinct"].sel(microbe="r", drop=True),
        }
    )


# --- Validation -----------------------------------------------------------------------------------


def record_first_soil() -> None:
    """Note the carbon of the soil at which MIMICS is compared with its published code.

    Examples
    --------
    >>> record_first_soil()
    """
    reference = {"temperature": 15.0, "clay": 0.30, "npp": 500.0, "f_met": 0.3846423}
    claims.record("mimics-ref15-total", float(mimics.steady_state(reference)["carbon"].sum()))


def record_validation() -> None:
    """Note what compares our models with the published codes, and the constants of Fig. 1b."""
    table = intrinsic()
    numbers = {f"he-1b-{k}": value for k, value in enumerate(table.values.ravel(), start=1)}
    claims.record_all(numbers | _pools() | _definitions() | _step())
    kind = land().attrs["kind"]
    why = "" if kind == "real" else "the twin's clay map is made by a formula"
    claims.record_all(_clay_alone(), data=kind, cause=why)


def _pools() -> dict[str, float]:
    """Return pools at the points that the authors' codes were run at."""
    forest = open_dataset("lter").sel(site="HFR")
    harvard = {name: float(forest[name]) for name in ("temperature", "clay", "npp")}
    harvard["f_met"] = REFERENCE["f_met"]
    found = {}
    cases = {"ref15": (REFERENCE, "sandbox"), "hfr": (harvard, "sandbox")}
    for case, run in (cases | {"fwd": (REFERENCE, "gmdd2015")}).items():
        for pool, carbon in mimics.steady_state(*run)["carbon"].to_series().items():
            found[f"mimics-{case}-{pool.lower()}"] = carbon
    for pool, carbon in century.steady_state(SOILR, "soilr")["carbon"].to_series().items():
        found[f"century-soilr-{pool.replace('_', '-')}"] = 1000 * carbon
    sites = at_the_sites()
    return found | {f"mimics-lter-{name}": sites.attrs[name] for name in ("r2", "rmse")}


def _definitions() -> dict[str, float]:
    """Return CUE by each definition, and how far climate moves that of CENTURY: not at all."""
    soil = {"clay": 0.30, "npp": 500.0, **FIXED["CENTURY"]}
    with warnings.catch_warnings():  # colder and warmer than any place, to see that nothing moves
        warnings.simplefilter("ignore", SiteWarning)
        cold, hot = (
            diagnosed(century.steady_state({**soil, "temperature": t}, "orchidee"))
            for t in (-20.0, 40.0)
        )
    state = mimics.steady_state(REFERENCE)
    kinds = {"u": "uptake", "uo": "uptake+oxidation", "all": "all"}
    found = {f"mimics-cue-{k}": float(diagnosed(state, kind)) for k, kind in kinds.items()}
    return found | {"century-climate": round(float(cold - hot), 12)}


def _step() -> dict[str, float]:
    """Return what a step of 7 % in intrinsic CUE does, and the periods of the waves after it."""
    more = stepped(7.0)
    run = mimics.simulate(REFERENCE, [0.0, 2.0], more, initial=mimics.steady_state(REFERENCE))
    periods = np.unique(mimics.eigenvalues(REFERENCE)["period"].values.round(6))
    return {
        "mimics-step-now": float(diagnosed(run).isel(time=0)),
        "mimics-step-2yr": float(run["carbon"].isel(time=1).sum()),
        "mimics-step-end": float(mimics.steady_state(REFERENCE, more)["carbon"].sum()),
        "mimics-period-fast": periods[0],
        "mimics-period-slow": periods[1],
    }


def _clay_alone() -> dict[str, float]:
    """Return the range of CENTURY's CUE on the planet, where litter is fixed: clay alone."""
    planet = open_dataset("testbed")
    green = litter_for("CENTURY", planet.isel(cell=planet["vegetated"].values), fixed=True)
    green["npp"] = xr.full_like(green["npp"], 500.0)  # cancels, too: take all
    cue = diagnosed(century.steady_state(green, "orchidee"))
    return {f"century-orchidee-{k}": float(getattr(cue, k)()) for k in ("min", "median", "max")}
