"""Explorer of notebook 50: from a substrate and a structure to the CUE, and to a soil profile."""

import functools

import numpy as np

from soilnb.claims import pore_runs
from soilnb.explore.base import Control, Explorer
from soilnb.figures import pore_to_planet as figures
from soilnb.language import translated
from soilnb.profile import compas, forcing
from soilnb.upscale import emergent
from soilnb.upscale.emulator import CueEmulator, Emulator, fit, fit_cue

#: Sizes of the formulas behind CUE and of the exposed share; chosen in notebook 50.
TERMS = {"cue": "quadratic", "exposed": "linear"}

#: Draws behind a picture.
DRAWS = 100


@functools.cache
def emulators() -> tuple[CueEmulator, Emulator]:
    """Return the emulators of CUE (by ``cn``, ``exposed``) and of the exposed share (``clay``)."""
    cue = fit_cue(pore_runs.load(), TERMS["cue"])
    textures = pore_runs.load_textures()
    return cue, fit(textures, "exposed", ("clay",), TERMS["exposed"])


def hand_over(cn: float = 100.0, exposed: float = 0.1, site: str = "temperate") -> dict:
    """Emulate the CUE of a substrate and an exposed share, and give it to COMPAS in a place.

    Parameters
    ----------
    cn : float
        C/N ratio of the substrate.
    exposed : float
        Exposed share of the organic matter.
    site : str
        Key of `soilnb.profile.forcing.EXAMPLES`.

    Returns
    -------
    dict
        ``cue`` (draws), ``soc`` (draw, layer) in g C m-3, ``stock`` (draws, kg C m-2 to 1 m), the
        ``published`` profile and ``published_stock``, and the emulator's ``curve`` over the C/N
        ratios ``line`` for one domain.

    Raises
    ------
    InputError
        Outside the range of the runs, and for an unknown place.
    """
    emulator, _ = emulators()
    place = forcing.example(site)
    eta = emulator.draws(DRAWS, seed=0, cn=cn, exposed=exposed)
    run, published = emergent.profile(eta, place), compas.steady_state("tao2024", place)
    line = np.geomspace(*emulator.ranges["cn"], 60)
    return {
        "cn": cn,
        "exposed": exposed,
        "site": site,
        "cue": eta,
        "soc": run["soc"],
        "stock": run["stock"].sel(to_depth=emergent.DEPTH).values,
        "published": published["soc"],
        "published_stock": float(published["stock"].sel(to_depth=emergent.DEPTH)),
        "published_cue": compas.PARAMETER_SETS["tao2024"]["eta_doc"],
        "line": line,
        "curve": emulator.predict(cn=line, exposed=exposed),
        "ticks": np.array(pore_runs.CN),
    }


def explorer() -> Explorer:
    """Move the C/N ratio and the exposed share, and follow the CUE and the soil profile."""
    emulator, _ = emulators()
    (low, high), (least, most) = emulator.ranges["cn"], emulator.ranges["exposed"]
    controls = {
        "cn": Control("C/N ratio of the substrate", 100.0, np.ceil(low), np.floor(high), 1),
        "exposed": Control(
            "Exposed share of organic matter",
            0.10,
            np.ceil(100 * least) / 100,
            np.floor(100 * most) / 100,
            0.01,
        ),
        "site": Control("Place", "temperate", choices=tuple(forcing.EXAMPLES)),
    }
    return Explorer(controls, hand_over, figures.state, _say, asks="pore_to_planet")


def _say(found: dict) -> str:
    low, middle, high = np.quantile(found["cue"], [0.05, 0.5, 0.95])
    words = translated(
        "C/N {cn:.0f} and {exposed:.0f} % exposed: CUE {middle:.2f} ({low:.2f} to {high:.2f})",
        cn=found["cn"],
        exposed=100 * found["exposed"],
        middle=middle,
        low=low,
        high=high,
    )
    stocks = found["stock"][np.isfinite(found["stock"])]
    if not stocks.size:
        return translated("{words}. There is no steady state with it here.", words=words)
    change = 100 * (np.quantile(stocks, [0.05, 0.5, 0.95]) / found["published_stock"] - 1)
    return translated(
        "{words}. Soil carbon to 1 m: {stocks:.1f} kg C m⁻², {change:+z.0f} % "
        "({change_2:+z.0f} to {change_3:+z.0f} %) against the published CUE of "
        "{published_cue:.2f}. Speculative: see the box.",
        words=words,
        stocks=np.median(stocks),
        change=change[1],
        change_2=change[0],
        change_3=change[2],
        published_cue=found["published_cue"],
    )
