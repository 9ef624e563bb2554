"""Carbon and nitrogen of one well-mixed pot: the reactions of a voxel, without space."""

import math

import numpy as np

from soilnb.kernels.compiler import njit
from soilnb.kernels.reaction import voxel_step


@njit(cache=True, error_model="numpy")
def run(first, brought, exuded, rates, cn, scale, reference, kinetics):
    """Return the pools and fluxes of a pot day by day, each day hour by hour.

    Parameters
    ----------
    first : tuple of 5 floats
        Carbon of particulate organic matter and of necromass (mg g-1); dissolved carbon and
        nitrogen, biomass carbon (g cm-3).
    brought, exuded : float array [day]
        Particulate organic carbon and exudate carbon that come in a day (mg g-1).
    rates : tuple of 5 floats
        Exposed share, basal decay (1), decay of particulate organic matter and of necromass
        (d-1), and the share of dissolved nitrogen that an hour leaves (1).
    cn : tuple of 3 floats
        C/N of particulate organic matter, necromass and exudates (g g-1).
    scale, reference : float
        mg g-1 for 1 g cm-3 of solution; biomass at which microbes double the decay (mg g-1).
    kinetics : tuple of 6 floats
        As `soilnb.kernels.reaction.voxel_step` takes them.

    Returns
    -------
    float array [9, day + 1]
        Carbon of particulate organic matter, necromass, biomass, solution, nitrogen of the
        solution (mg g-1); uptake, growth, maintenance and overflow respiration (mg g-1 d-1).
    """
    pom, necromass, c_s, n_s, c_b = first
    exposed, base, decay_pom, decay_necromass, kept = rates
    cn_pom, cn_necromass, cn_root = cn
    rows = np.zeros((9, brought.size + 1))
    rows[:5, 0] = pom, necromass, scale * c_b, scale * c_s, scale * n_s
    for day in range(brought.size):
        pom += brought[day]
        hourly = exuded[day] / 24
        for _ in range(24):
            rate = exposed * (base + scale * c_b / reference) / 24
            from_pom = -pom * math.expm1(-decay_pom * rate)
            from_necromass = -necromass * math.expm1(-decay_necromass * rate)
            c_s += (from_pom + from_necromass + hourly) / scale
            n_s += from_pom / cn_pom / scale
            n_s += (from_necromass / cn_necromass + hourly / cn_root) / scale
            c_s, n_s, c_b, taken, growth, maintenance, overflow, dead = voxel_step(
                c_s, n_s, c_b, *kinetics, 0, 3600.0
            )
            n_s *= kept
            pom -= from_pom
            necromass += scale * dead - from_necromass
            rows[5, day + 1] += scale * taken
            rows[6, day + 1] += scale * growth
            rows[7, day + 1] += scale * maintenance
            rows[8, day + 1] += scale * overflow
        rows[:5, day + 1] = pom, necromass, scale * c_b, scale * c_s, scale * n_s
    return rows
