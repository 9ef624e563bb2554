"""CENTURY and MIMICS behind the seam: their own functions, read as a ledger.

Both keep their solvers for the steady state (`Model.own`); drivers in time, ages, eigenvalues and
drawings come from the seam.
"""

from __future__ import annotations

import numpy as np

from soilnb.kernels import mimics as kernel
from soilnb.parameters import ParameterSet
from soilnb.profile import century, mimics
from soilnb.profile.ledger import metabolic_share
from soilnb.profile.model import Flux, Ledger, Model
from soilnb.profile.site import REQUIRED, Site


def century_ledger(site: Site, p: ParameterSet) -> Ledger:
    """Return CENTURY's ledger: every pool decays, a share goes on, the rest is respired."""
    f_met, _ = metabolic_share(site, 1.0, p["litter_intercept"], p["litter_slope"], 0.0)
    texture = century.texture_fraction(site, p)
    lignin = site.get("lignin_fraction", 0.0)
    shares = century.transfers(texture, lignin, p)
    rates = century.decomposition_rates(site, texture, lignin, p)
    litter = century.litter_input(site["npp"], f_met, site.get("surface_input_share"))
    fluxes = []
    for j, pool in enumerate(century.POOLS):
        fates = {century.POOLS[to]: share for (to, of), share in shares.items() if of == j}
        fates["CO2"] = 1 - sum(fates.values())
        fluxes.append(Flux("transfer", pool, fates, rates[:, j]))
    entering = np.flatnonzero(litter.any(axis=0))
    return Ledger({century.POOLS[i]: litter[:, i] for i in entering}, fluxes)


def mimics_ledger(site: Site, p: ParameterSet) -> Ledger:
    """Return MIMICS's ledger, per m2 and year (the model counts mg cm-3 and hours)."""
    f_met, _ = metabolic_share(
        site, p["litter_multiplier"], p["litter_intercept"], p["litter_slope"], mimics.LOWEST_F_MET
    )
    moisture = mimics.moisture_modifier(site, p)
    rate = [
        *mimics.maximum_rates(site["temperature"], moisture, p),
        *mimics.turnover_rates(site["npp"], f_met, moisture, p),
        mimics.desorption_rate(site["clay"], p),
    ]
    half = mimics.half_saturations(site["temperature"], site["clay"], p)
    shares = mimics.fates(site, f_met, p)
    names = [*mimics.POOLS, "CO2"]
    fluxes = []
    for j, kind in enumerate(mimics.FLUX_KINDS):
        gains = np.flatnonzero((shares[:, :, j] > 0).any(axis=0))
        fates = {names[i]: shares[:, i, j] for i in gains}
        pool = names[kernel.SUBSTRATE[j]]
        if j < kernel.CATALYSED:
            law, microbe = p.options["kinetics"], names[kernel.MICROBE[j]]
            depth = 10 * p["depth"]  # g m-2 per mg cm-3
            yearly = rate[j] * mimics.HOURS_PER_YEAR
            fluxes.append(Flux(kind, pool, fates, yearly, law, microbe, half[j] * depth))
        else:
            fluxes.append(Flux(kind, pool, fates, rate[j] * mimics.HOURS_PER_YEAR))
    litter = mimics.litter_input(site["npp"], f_met, p)
    entering = np.flatnonzero(litter.any(axis=0))
    return Ledger({names[i]: litter[:, i] for i in entering}, fluxes)


MODELS = {
    "century": Model(
        name="CENTURY",
        source="CENTURY, Parton et al. 1987, doi:10.2136/sssaj1987.03615995005100050015x",
        pools=century.POOL_NAMES,
        sets=century.PARAMETER_SETS,
        ledger=century_ledger,
        needs=REQUIRED,
        own=century.steady_state,
        module=century.__name__,
    ),
    "mimics": Model(
        name="MIMICS",
        source="MIMICS, Wieder et al. 2015, doi:10.5194/gmd-8-1789-2015",
        pools=mimics.POOL_NAMES,
        sets={"sandbox": mimics.PARAMETER_SETS["sandbox"], **mimics.PARAMETER_SETS},
        ledger=mimics_ledger,
        needs=REQUIRED,
        own=mimics.steady_state,
        module=mimics.__name__,
    ),
}
