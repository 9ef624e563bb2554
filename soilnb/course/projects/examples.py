"""What a good answer to each open project contains, computed when the course is made.

A function for each ``*.toml`` of this folder; it returns a table. Together they take seconds.
"""

from functools import partial

import pandas as pd

#: The layered models that a pit is compared with.
MODELS = ("CLM5", "COMPAS")

#: Decay of radiocarbon, per year: one over its mean life.
LAMBDA = 1 / 8267


def local_profile() -> pd.DataFrame:
    """Return the carbon of an example pit, measured and in two models, and what was narrowed."""
    from soilnb import proda
    from soilnb.explore.assimilation import shrinkage
    from soilnb.lessons import your_soil
    from soilnb.proda import observations

    pits = observations.read_csv(your_soil.example("synthetic_pits.csv"))
    pit, short = pits.isel(profile=0), {"warmup": 2000, "steps": 4000, "samples": 400}
    found = {name: proda.assimilate(pit, name.lower(), seed=0, **short) for name in MODELS}
    table = your_soil.stocks(pit, found).round(1).rename("carbon (kg m⁻²)").to_frame()
    narrowed = {name: shrinkage(data).sort_values().tail(1) for name, data in found.items()}
    table["narrowed most"] = {name: one.index[0] for name, one in narrowed.items()}
    table["narrower by (%)"] = {name: round(100 * one.item()) for name, one in narrowed.items()}
    return table


#: Plans for a farm: practices, in their order.
PLANS = {
    "deeper roots": ["deep_roots"],
    "compost in the subsoil": ["compost"],
    "deeper roots and biochar": ["deep_roots", "biochar"],
}


def farm_plan() -> pd.DataFrame:
    """Return what plans gain over the field without them."""
    from soilnb.lessons.profile import management as lesson
    from soilnb.profile import depth, management

    soil, rows = lesson.field(), {}
    for name, practices in PLANS.items():
        run = management.scenario(practices, [0.0, 30.0, 100.0, 2500.0], soil)
        gains = 10 * run["effect"].values
        top = depth.layers(run["carbon"].diff("scenario"), [0.0, 0.3]).values.ravel() / 100
        rows[name] = [*gains[1:], top[2]]
    columns = ["30 years", "100 years", "2,500 years", "upper 30 cm alone, 100 years"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).round(1)


def priming() -> pd.DataFrame:
    """Return the effect of two practices by the strength of priming."""
    from soilnb.lessons.profile import management as lesson

    return lesson.priming(lesson.field(), [0.0, 0.1, 0.25, 0.5, 1.0]).round(1)


def radiocarbon() -> pd.DataFrame:
    """Return ages in five models, and radiocarbon of one of them with two parameter sets."""
    from soilnb.explore import five_models
    from soilnb.profile import icbm

    site = five_models.soil()
    states = {name: (state, None) for name, state in five_models.compare().items()}
    published = icbm.PARAMETER_SETS["andren1997"]
    twice = {name: 2 * published[name] for name in ("humification", "rate_old")}
    for name, changes in (("as published", {}), ("twice h, old carbon twice as fast", twice)):
        state = icbm.steady_state(site, changes) if changes else icbm.steady_state(site)
        ages = icbm.MODEL.ages(site, changes or "andren1997")
        modern = _modern(state["carbon"].values, {**published, **changes}, site["modifier"])
        states[f"ICBM, {name}"] = state.assign(ages.data_vars), modern
    rows = {
        name: [float(state["carbon"].sum()), *(float(state[key]) for key in AGES), modern]
        for name, (state, modern) in states.items()
    }
    columns = ["stock (kg m⁻²)", "transit time (yr)", "age of what is there (yr)", "F"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.round({columns[0]: 1, columns[1]: 0, columns[2]: 0, "F": 3})


#: Mean ages: of what leaves, and of what is there.
AGES = ("transit_time", "system_age")


def _modern(carbon, p, modifier: float) -> float:
    """Return the radiocarbon of ICBM at rest over that of the air: each pool delays it."""
    young, old = (p[name] * modifier for name in ("rate_young", "rate_old"))
    first = young / (young + LAMBDA)
    return float(carbon @ [first, first * old / (old + LAMBDA)] / carbon.sum())


#: Two pools whose numbers hold the same soil in each of three ways to eat and to die.
TABLE = """
sets.own = {description="two pools", source="assumed"}
[parameters]
cue = {value=0.4, unit="1", validity=[0, 1], symbol="e", meaning="share kept"}
"""


def new_model() -> pd.DataFrame:
    """Return how laws of eating and dying decide what twice the litter does."""
    from soilnb.cue import diagnosed
    from soilnb.parameters import read_table
    from soilnb.profile.model import BoxModel, Flux, Ledger

    forward = ("forward", "microbes", 9000.0)
    laws = {
        "uptake saturates with food": (8.0, forward, 1.1, ("linear",)),
        "uptake saturates with microbes": (0.434, ("reverse", "microbes", 500.0), 1.1, ("linear",)),
        "deaths rise with crowding": (8.0, forward, 0.00454, ("power", "", 2.0)),
    }

    def ledger(eat, eating, die, dying, site, p) -> Ledger:
        kept = {"microbes": p["cue"], "CO2": 1 - p["cue"]}
        uptake = Flux("uptake", "soil", kept, eat, *eating)
        turnover = Flux("turnover", "microbes", {"soil": 1.0}, die, *dying)
        return Ledger(inputs={"soil": site["npp"]}, fluxes=[uptake, turnover])

    pools, rows = {"soil": "soil carbon", "microbes": "microbes"}, {}
    for name, law in laws.items():
        sets = read_table(TABLE).sets
        model = BoxModel("Own", "this example", pools, sets, partial(ledger, *law), needs=("npp",))
        one, two = (model.steady_state({"npp": npp}) for npp in (400.0, 800.0))
        gain = 100 * (two["carbon"].values / one["carbon"].values - 1)
        run = model.simulate({"npp": 800.0}, [0.0, 50.0], initial=one)
        gap = 1000 * float(run["carbon"].sum("pool").diff("time").item())
        gap -= float((run["cumulative_input"] - run["cumulative_respiration"])[-1])
        right = abs(float(diagnosed(one)) - 0.4) < 1e-9 and abs(gap) < 1e-6
        rows[name] = [*(f"{round(value):+d} %" for value in gain), "yes" if right else "no"]
    columns = ["soil carbon", "microbes", "carbon conserved, CUE as put in"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def claim() -> pd.DataFrame:
    """Return the slopes that one claim is about, and those of its controls."""
    from soilnb import claims

    rows = {
        f"as in the paper, {row['variant']}": [row["value"], row["verdict"]]
        for row in claims.rows("tao2023", full=True)
        if row["id"] == "tao-2b"
    }
    controls = claims.kept_table("tao2023", "tao2023-controls").set_index("case")
    rows |= {name: [controls.loc[name, "estimate"], "control"] for name in controls.index[1:]}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["slope", ""])
    return table.round({"slope": 2}).rename_axis("case")
