"""Films that open lessons: models that run while a page is made, each within seconds.

Every function returns a `soilnb.figures.films.Film`, which a notebook or the book shows.
"""

import io
import itertools
from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm, to_rgba
from matplotlib.figure import Figure
from PIL import Image

from soilnb.explore import five_models
from soilnb.figures import films, style
from soilnb.figures.five_models import looks
from soilnb.figures.pore import maps as pore_maps
from soilnb.lessons.globe import site_assimilation
from soilnb.pore import Scenario, simulate
from soilnb.pore.diagnostics import CELLS
from soilnb.pore.scenarios import Pulse
from soilnb.proda.chains import ChainSettings, read_profile, sample
from soilnb.proda.observations import forcing_at
from soilnb.profile import depth
from soilnb.profile.forcing import kernel_forcing

#: What the chain of the film walks through: turnover times that make up for one another.
_PAIR = ("tau_mic", "tau_enz_decay")

#: From few draws to many, on light and on dark paper.
_GREYS = [to_rgba(style.COLOURS["grey"], share) for share in np.linspace(0.1, 0.9, 6)]

#: A film with axes, in inches: on a phone its letters are still 9 pixels high.
SIZE = (4.3, 2.9)

#: The soil of the films: voxels of 2 µm, and steps of aggregation before the first day.
_SOIL = {"shape": (128, 128), "seed": 0, "initial_steps": 150, "progress": False}


def pore_soil() -> films.Film:
    """Show forty days of a quarter of a millimetre of soil, from its dispersed particles on."""
    scattered = {**_SOIL, "initial_steps": 0}
    run = simulate(Scenario("films: forty days"), days=39, snapshots=range(40), **scattered)
    cells = [run["cell"].sel(snapshot=day) for day in range(40)]
    return pore_maps.animation(
        [pore_maps.small(cell) for cell in cells],
        [f"day {day}: {_where(run, day)}" for day in range(40)],
        "A quarter of a millimetre of soil, as the pore model moves it day by day. Fine minerals "
        "gather on crumbs of organic matter and on each other, and never rest; the yellow microbes "
        "live where they were put, and eat what the minerals leave open.",
        names=pore_maps.present(*cells),
        width=448,
        sharp=True,
        start=True,
    )


def hero() -> bytes:
    """Return the soil on its last day, twice as wide, as a PNG picture of 1280 by 640 pixels."""
    wide = {**_SOIL, "shape": (128, 256), "initial_steps": 0}
    run = simulate(Scenario("films: forty days"), days=39, snapshots=(39,), **wide)
    picture = Image.open(io.BytesIO(pore_maps.small(run["cell"][-1])))
    buffer = io.BytesIO()
    large = picture.resize((1280, 640), Image.Resampling.NEAREST)
    large.quantize(16).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _where(run: xr.Dataset, day: int) -> str:
    exposed = 100 * float(run["exposed_POM"].sel(time=day))
    return f"{exposed:.0f} % of the surface of organic matter is open to the pores"


def exudates() -> films.Film:
    """Show a root's exudates spread through the pores, and microbes answer."""
    scenario = Scenario("films: one pulse", pulses=(Pulse(4, mass=0.6, cn=10),))
    run = simulate(scenario, days=29, snapshots=range(30), **_SOIL)
    dissolved = run["c_s"].values
    top = float(np.quantile(dissolved[5:], 0.998))
    norm = LogNorm(top / 300, top, clip=True)
    pictures = [
        _solution(run["cell"].sel(snapshot=day).values, norm(dissolved[day])) for day in range(30)
    ]
    biomass = run["C_B"].values / float(run["C_B"][3])
    labels = [
        f"day {day}: {_pulse(day)} biomass {biomass[day]:.1f} times that of day 3"
        for day in range(30)
    ]
    return films.film(
        pictures,
        labels,
        "Carbon that a root exudes on day 4 along the line in the middle, the darker the more is "
        "dissolved. It spreads through the wide pores; a closed one has only what its own organic "
        "matter gives, until particles move. The yellow microbes grow while it lasts, and starve "
        "back.",
        legend=pore_maps.legend_html(pore_maps.present(run["cell"].values)),
        width=448,
        sharp=True,
    )


def _pulse(day: int) -> str:
    return "the root exudes," if day == 4 else "before the pulse," if day < 4 else "after it,"


def _solution(cell: np.ndarray, share: np.ndarray) -> bytes:
    """Return types of voxels with what is dissolved in the pores, one pixel a voxel."""
    known = io.BytesIO(pore_maps.small(cell))
    pixels = np.asarray(Image.open(known).convert("RGB")).copy()
    pore = cell == CELLS["pore"]
    pixels[pore] = np.round(255 * pore_maps.BLUES(np.ma.filled(share, 0.0))[..., :3])[pore]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()


def carbon_down_a_profile() -> films.Film:
    """Show one year's carbon on its way down a profile and out of it."""
    years = np.round(100 * np.linspace(0, 1, 40) ** 1.5, 1)
    found = depth.remaining("luo2025", years)
    below = found["depth"].values
    density = 100 * found["density"].values * float(below[1] - below[0])
    left = 100 * found["remaining"].values

    def draw(figure: Figure, number: int) -> str:
        profile, share = figure.subplots(1, 2, width_ratios=(2, 1))
        profile.fill_betweenx(below, density[0], color=style.COLOURS["grey"], alpha=0.35, lw=0)
        profile.fill_betweenx(below, density[number], color=style.COLOURS["orange"], lw=0)
        profile.set(xlim=(0, density.max() * 1.05), ylim=(below[-1], 0), ylabel="depth (m)")
        profile.set(xlabel="one year's carbon, in each 2 cm (%)")
        share.plot(years[: number + 1], left[: number + 1], color=style.COLOURS["orange"], lw=2.5)
        share.set(xlim=(0, years[-1]), ylim=(0, 103), xlabel="years", ylabel="still there (%)")
        figure.subplots_adjust(left=0.16, right=0.95, bottom=0.17, top=0.95, wspace=0.5)
        half = _half(below, density[number])
        return f"year {years[number]:.0f}: {left[number]:.0f} % is left, half of it below {half} cm"

    return films.film(
        text="The carbon that roots bring in one year, by depth: grey as it enters, orange what is "
        "left. The top loses it within years; what is deep stays for decades, so that the middle "
        "of what is left moves down although hardly anything travels.",
        **films.drawn(draw, years.size, SIZE),
    )


def _half(below: np.ndarray, density: np.ndarray) -> int:
    """Return the depth, in cm, below which half of the carbon lies."""
    return round(100 * float(np.interp(0.5, np.cumsum(density) / density.sum(), below)))


def five_models_warming() -> films.Film:
    """Show five models of one soil, warmed by four degrees at once."""
    runs = five_models.answers(years=78, ramp=1).isel(experiment=0)
    times, change = runs["time"].values, runs["change"].values
    names, steps = list(runs["model"].values), range(0, times.size, 2)
    low, top = 1.1 * change.min(), 0.15 * abs(change.min())

    def draw(figure: Figure, number: int) -> str:
        ax, now = figure.subplots(), steps[number]
        heights = _apart(change[:, now], 0.06 * (top - low))
        for model, line, place in zip(looks(names).items(), change, heights, strict=True):
            name, (colour, dash, marker) = model
            ax.plot(times[: now + 1], line[: now + 1], color=_bright(colour), ls=dash, lw=2)
            ax.plot(times[now], line[now], marker, color=_bright(colour), ms=6)
            ax.text(times[now] + 2.5, place, name, va="center", fontsize=8)
        ax.axhline(0, color=style.COLOURS["grey"], lw=0.8)
        ax.set(xlim=(0, 1.25 * times[-1]), ylim=(low, top))
        ax.set(xlabel="years after +4 °C", ylabel="change of soil carbon (%)")
        figure.subplots_adjust(left=0.15, right=0.97, bottom=0.17, top=0.96)
        return (
            f"year {times[now]:.0f}: from {change[:, now].min():.0f} to {_most(change[:, now])} %"
        )

    return films.film(
        text="One soil in five models, warmed by four degrees at once. All lose carbon, some "
        "within a decade, others are still losing it when the film ends: same soil, same step, "
        "and answers that lie far apart.",
        **films.drawn(draw, len(steps), SIZE),
    )


def _apart(values: np.ndarray, gap: float) -> np.ndarray:
    """Return heights for labels at losses, below the line of zero and none over another."""
    heights = np.minimum(values, -0.6 * gap)
    for upper, lower in itertools.pairwise(np.argsort(-values)):
        heights[lower] = min(heights[lower], heights[upper] - gap)
    return heights


def _most(values: np.ndarray) -> str:
    return f"{values.max():.0f}".replace("-0", "0")


def _bright(colour: str) -> str:
    """Return a colour that stands out on light and on dark paper; black does on one only."""
    return style.COLOURS["grey"] if colour == style.COLOURS["black"] else colour


def chain_on_its_posterior() -> films.Film:
    """Show a Metropolis chain walk through two parameters, and leave its posterior behind."""
    study = site_assimilation.study("quick", 0)
    pit = study.pit(100)
    columns = kernel_forcing.prepare(forcing_at(study.profiles)).columns
    column = kernel_forcing.one(columns, 100 % study.profiles.sizes["profile"])
    profile = read_profile(pit, str(pit["profile"].item()), column, "sse")
    long = ChainSettings("compas", chains=2, warmup=4000, steps=40_000, samples=4000)
    settings = replace(long, warmup=2000, steps=7800, samples=1560, seed=1)
    walk, whole = sample(profile, settings), sample(profile, long).runs.parameters
    path = walk.by_chain(walk.runs.parameters)[0]
    first, second = (list(settings.parameters).index(name) for name in _PAIR)
    across, upward = (_name(settings, name) for name in _PAIR)
    stops = np.linspace(20, len(path), 40, dtype=int)
    cloud = _cloud(whole[:, first], whole[:, second])

    def draw(figure: Figure, number: int) -> str:
        ax, side = figure.subplots(1, 2, width_ratios=(3, 2))
        now = path[: stops[number]]
        ax.contourf(*cloud, levels=np.geomspace(0.005, 1, 7) * cloud[2].max(), colors=_GREYS)
        ax.plot(*now[-60:, [first, second]].T, "-", lw=1, color=style.COLOURS["sky"])
        ax.plot(*now[-1, [first, second]], "o", ms=8, color=style.COLOURS["vermilion"])
        ax.set(xlabel=across, ylabel=upward, xlim=np.quantile(whole[:, first], (0, 1)))
        ax.set_ylim(np.quantile(whole[:, second], (0, 1)))
        low, high = ax.get_xlim()
        options = {"bins": np.linspace(low, high, 24), "density": True}
        side.hist(whole[:, first], color=style.COLOURS["grey"], alpha=0.6, **options)
        side.hist(now[:, first], histtype="step", lw=2, color=style.COLOURS["sky"], **options)
        side.set(xlabel=across, yticks=[])
        figure.subplots_adjust(left=0.17, right=0.96, bottom=0.18, top=0.96, wspace=0.15)
        return f"step {5 * stops[number]:,} of the walk"

    return films.film(
        text="A Metropolis chain (blue, its place red) walks through two turnover times of COMPAS, "
        f"those of microbes and of their enzymes, as one pit of {study.source} lets it. Grey is "
        "the posterior, from a longer walk: one time may be long where the other is short. The "
        "chain stays longer where the fit is better, and slowly its outline fills the grey one.",
        **films.drawn(draw, len(stops), SIZE),
    )


def _cloud(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return middles of cells and how many draws lie in each, as a contour takes them."""
    count, right, up = np.histogram2d(x, y, bins=14)
    return (right[1:] + right[:-1]) / 2, (up[1:] + up[:-1]) / 2, count.T


def _name(settings: ChainSettings, name: str) -> str:
    record = settings.parameters[name]
    unit = "" if record.unit == "1" else f" ({record.unit})"
    return f"${record.symbol}${unit}"


#: The films, with the page of the book that each opens.
PAGES = {
    "pore_soil": "intro",
    "exudates": "15_exudates",
    "five_models_warming": "23_five_models",
    "chain_on_its_posterior": "32_site_assimilation",
    "carbon_down_a_profile": "40_whole_profile",
}
