r"""What a whole soil column does: the system-level metrics of Tao et al. 2023 and 2024.

Both papers sum a model up in a few numbers per place, each an average over pools and layers. With
the flux :math:`F_j` of carbon that decays in pool j (g C m-2 yr-1, all layers) and the soil organic
carbon :math:`x_z` of layer z:

=============================  ===================================================================
``cue``                        microbial growth over uptake, litter and DOC together (COMPAS; N 10)
``non_microbial_transfer``     :math:`\sum a_j F_j / \sum F_j` over ML to DOC, CL to DOC, LL to
                               mSOC, MIC to mSOC (COMPAS; N 11)
``transfer_efficiency``        carbon passed on over carbon decayed, all pools but wood (C 10)
``decomposition_rate``         baseline rates weighted by stocks (N 12, C 11), yr-1
``transport_rate``             diagonal of V weighted by what moves (N 13, C 12), yr-1
``environmental_modifier``     :math:`\sum \xi_T \xi_W \xi_D x_z / \sum x_z` (N 14, C 13)
``input_allocation``           :math:`[\,\overline{\exp(\ln(1 - Y_z) / D_z)}\,]^5` (N 15, C 14),
                               with the share Y of input above a layer's bottom and the depth D of
                               its node in cm
``residence_time``             all carbon over the input, yr; ``soil_residence_time`` without litter
=============================  ===================================================================

N is Tao et al. 2023 (doi:10.1038/s41586-023-06042-3), C is Tao et al. 2024. Printed equations and
the published code (phxtao/PRODA_MIC@90918f41 and PRODA_PUBLIC@3b782654, fun_bulk_process.m) differ
in places; each is a switch, the equation is the default:

``cue_flux`` = "published"
    COMPAS: the numerator counts the microbial part 1 - p of litter decay twice, and litter fluxes
    leave the nitrogen scalar out.
``transfer_flux`` = "published"
    COMPAS: litter fluxes without the nitrogen scalar; dead microbes pass on a share ``a_soc_mic``
    of everything that leaves them, enzyme production included. CLM5: fluxes without the nitrogen
    and oxygen scalars, from the product of the mean modifiers.
``k_system`` = "published"
    COMPAS: one normaliser for litter and soil pools together, and for mSOC, in place of its rate,
    the mixed derivative :math:`2 v_D E K_D S \xi / (K_D \xi + S)^3`.
``k_system`` = "soil"
    C Eq. 11 as it reads, and alike for both models: the soil pools alone, DOC among them, with the
    rates of C Eq. 7 and one normaliser. CLM5 has no other.
``b_system`` = "published"
    1 - Y from a running sum, without the layers where it rounds to 0: one layer more or less
    with a remainder of 1e-16 moves the index by up to a tenth.

The printed Eq. 8 of N has a stray factor of the CUE in the uptake; uptake here is what is taken up.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, ParameterSet, unknown
from soilnb.profile import clm5, compas, grid, layered
from soilnb.profile.forcing.environment import Columns

MODELS = {"compas": compas.MODEL, "clm5": clm5.MODEL}

#: name: (unit, long name, symbol)
METRICS = {
    "cue": ("1", "carbon use efficiency of the system", r"CUE_{system}"),
    "non_microbial_transfer": ("1", "non-microbial carbon transfer", "T_{system}"),
    "transfer_efficiency": ("1", "carbon transfer efficiency", "CTE"),
    "decomposition_rate": ("yr-1", "baseline decomposition rate", "K_{system}"),
    "transport_rate": ("yr-1", "vertical transport rate", "V_{system}"),
    "environmental_modifier": ("1", "environmental modifier", r"\xi_{system}"),
    "input_allocation": ("1", "allocation of input to depth", "B_{system}"),
    "residence_time": ("yr", "carbon of all pools over the input", r"\tau"),
    "soil_residence_time": ("yr", "soil organic carbon over the input", r"\tau_{SOC}"),
}

_SWITCHES = {
    "cue_flux": ("equation", "published"),
    "transfer_flux": ("equation", "published"),
    "k_system": ("printed", "published", "soil"),
    "b_system": ("printed", "published"),
}


def system(
    parameters: str | Mapping | ParameterSet | xr.Dataset,
    forcing: xr.Dataset | Columns,
    model: str | None = None,
    *,
    carbon: xr.DataArray | np.ndarray | None = None,
    transport: str = "conservative",
    cue_flux: str = "equation",
    transfer_flux: str = "equation",
    k_system: str = "printed",
    b_system: str = "printed",
) -> xr.Dataset:
    """Return the system-level metrics of each place or parameter set.

    Parameters
    ----------
    parameters : str, mapping or Dataset
        As in ``steady_state`` of the model.
    forcing : Dataset
        As in ``steady_state`` of the model.
    model : {"compas", "clm5"}, optional
        By default the one that the names of the parameters belong to; needed where they are the
        name of a set.
    carbon : DataArray or array [..., pool, layer], optional
        State at which to look, g C m-3; by default the steady state.
    transport : {"conservative", "published"}
        As in ``steady_state``.
    cue_flux, transfer_flux : {"equation", "published"}
        See the module's description.
    k_system : {"printed", "published", "soil"}
        See the module's description.
    b_system : {"printed", "published"}
        See the module's description.

    Returns
    -------
    Dataset
        The variables of `METRICS` (those of microbes for COMPAS only) and ``feasible``. Where no
        steady state exists, metrics that rest on stocks are NaN.

    Raises
    ------
    InputError
        As in ``steady_state``; for an unknown model or switch.
    """
    given = {
        "cue_flux": cue_flux, "transfer_flux": transfer_flux,
        "k_system": k_system, "b_system": b_system,
    }  # fmt: skip
    chosen = _model(parameters, model)
    cases = layered.read(chosen, parameters, forcing, transport)
    if carbon is None:
        state = layered.solve(chosen, cases)
        feasible = state.feasible
        found = metrics(chosen, cases, state.carbon, state.rates, **given)
    else:
        feasible = np.ones(cases.size, bool)
        rates, _ = layered.prepared(chosen, cases)
        found = metrics(chosen, cases, layered.check_initial(chosen, carbon, cases), rates, **given)
    for values in found.values():
        values[~feasible] = np.nan
    return _dataset(chosen, cases, found, feasible, transport, given)


def metrics(
    model: layered.Model,
    cases: layered.Cases,
    carbon: np.ndarray,
    rates: np.ndarray,
    *,
    cue_flux: str = "equation",
    transfer_flux: str = "equation",
    k_system: str = "printed",
    b_system: str = "printed",
) -> dict[str, np.ndarray]:
    """Return the metrics of `system` as arrays [case], NaN where they are not finite.

    Parameters
    ----------
    model, cases
        As the layered models read them.
    carbon : array [case, pool, layer]
        g C m-3.
    rates : array [case, RATES, layer]
        What the kernel prepared for each case.
    cue_flux, transfer_flux, k_system, b_system : str
        See the module's description.

    Raises
    ------
    InputError
        For an unknown switch.
    """
    given = {
        "cue_flux": cue_flux, "transfer_flux": transfer_flux,
        "k_system": k_system, "b_system": b_system,
    }  # fmt: skip
    for name, value in given.items():
        if value not in _SWITCHES[name]:
            raise unknown(name, value, _SWITCHES[name])
    column = _System(model, cases, carbon, rates)
    with np.errstate(divide="ignore", invalid="ignore"):
        if model is compas.MODEL:
            own = _compas(column, cue_flux, transfer_flux, k_system)
        else:
            own = _clm5(column, transfer_flux)
        found = own | _shared(column, b_system)
    for values in found.values():
        values[~np.isfinite(values)] = np.nan
    return found


def warm_up() -> None:
    """Compile the kernels by tiny runs, so that several processes need not each do it."""
    for model, definition in MODELS.items():
        system(definition.default, layered.example_forcing(), model)


def _model(parameters: object, model: str | None) -> layered.Model:
    if model is not None:
        if not isinstance(model, str) or model not in MODELS:
            raise unknown("model", model, MODELS)
        return MODELS[model]
    if isinstance(parameters, (Mapping, xr.Dataset)):
        names = set(parameters)
        own = {
            key: names & (set(one.names) - set(other.names))
            for key, one, other in (
                ("compas", compas.MODEL, clm5.MODEL),
                ("clm5", clm5.MODEL, compas.MODEL),
            )
        }
        fits = [key for key, found in own.items() if found]
        if len(fits) == 1:
            return MODELS[fits[0]]
    raise InputError("model is not given and does not follow from parameters: compas or clm5")


class _System:
    """What the metrics rest on, for all cases: parameters, modifiers, carbon and fluxes.

    Attributes
    ----------
    p : dict of str to array [case, 1]
        Parameters by name.
    warm, wet, deep : array [case, layer]
        Means of the months of temperature's and water's modifier, and that of depth.
    soil, litter : array [case, layer]
        Modifiers as the model takes them.
    x : dict of str to array [case, layer]
        Carbon by pool, g C m-3.
    """

    def __init__(
        self, model: layered.Model, cases: layered.Cases, carbon: np.ndarray, rates: np.ndarray
    ) -> None:
        self.model, self.cases, self.carbon, self.rates = model, cases, carbon, rates
        self.p = {name: cases.parameters[:, [i]] for i, name in enumerate(model.names)}
        self.x = {pool: carbon[:, i] for i, pool in enumerate(model.pools)}
        means = np.empty((cases.size, 4, grid.LAYERS))
        q10, w_scaling = (self.p[name][:, 0].copy() for name in ("q10", "w_scaling"))
        kernel.monthly_means_many(q10, w_scaling, cases.columns, cases.which, means)
        self.warm, self.wet = means[:, 0], means[:, 1]
        folding = self.p.get("efolding", np.full((cases.size, 1), kernel.COMPAS_FOLDING_DEPTH))
        with np.errstate(divide="ignore"):
            self.deep = np.exp(-grid.NODE / folding)
        self.soil = self.rates[:, kernel.SOIL]
        self.litter = self.rates[:, kernel.LITTER_MODIFIER]

    @property
    def soc(self) -> np.ndarray:
        """Soil organic carbon [case, layer], g C m-3."""
        return self.carbon[:, self.model.soil].sum(axis=1)


def _down(values: np.ndarray) -> np.ndarray:
    """Sum a density [case, layer] over the column, [case]."""
    return values @ grid.THICKNESS


def _weighted(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean of values [case, layer] weighted by the carbon of the layers, [case]."""
    return _down(values * weight) / _down(weight)


def _compas(s: _System, cue_flux: str, transfer_flux: str, k_system: str) -> dict:
    """Metrics of COMPAS, each [case]."""
    return {
        "cue": _compas_cue(s, cue_flux),
        "non_microbial_transfer": _compas_transfer(s, transfer_flux),
        "transfer_efficiency": _passed_on(s),
        "decomposition_rate": _compas_rate(s, k_system),
    }


def _litter_decay(s: _System, modifier: np.ndarray) -> dict[str, np.ndarray]:
    """Decay [case, layer] of metabolic, cellulose and lignin litter in COMPAS, g C m-3 yr-1."""
    return {
        "ml": s.x["ml"] * modifier / s.p["tau_ml"],
        "cl": s.x["cl"] * modifier / s.p["tau_cl_ll"],
        "ll": s.x["ll"] * modifier / s.p["tau_cl_ll"],
    }


def _uptake(s: _System) -> np.ndarray:
    """Uptake of DOC [case, layer], g C m-3 yr-1."""
    doc = s.x["doc"]
    rate = s.soil * s.x["mic"] / (s.p["tau_assim"] * (s.p["km_assim"] * s.soil + doc))
    return np.where(doc > 0, rate * doc, 0.0)


def _compas_cue(s: _System, cue_flux: str) -> np.ndarray:
    """Growth over uptake, N Eq. 10: eta_i times what microbes take of each substrate."""
    p = s.p
    decay = _litter_decay(s, s.litter if cue_flux == "equation" else s.soil)
    eta = {"ml": p["eta_ml"], "cl": p["eta_cl_ll"], "ll": p["eta_cl_ll"]}
    direct = {"ml": p["a_doc_ml"], "cl": p["a_doc_cl"], "ll": p["a_soc_ll"]}
    from_doc = _down(_uptake(s))
    uptake, growth = from_doc, p["eta_doc"][:, 0] * from_doc
    for pool, flux in decay.items():
        microbial = 1.0 - direct[pool]
        taken = _down(microbial * flux)
        again = microbial[:, 0] if cue_flux == "published" else 1.0
        uptake = uptake + taken
        growth = growth + eta[pool][:, 0] * taken * again
    return growth / uptake


def _compas_transfer(s: _System, transfer_flux: str) -> np.ndarray:
    """Non-microbial transfer, N Eq. 11."""
    p = s.p
    published = transfer_flux == "published"
    decay = _litter_decay(s, s.soil if published else s.litter)
    total = 1.0 / p["tau_mic"] + 1.0 / p["tau_enz_prod"]
    # The A matrix has a kd / k, the share of everything that leaves the microbes.
    kept = p["a_soc_mic"] if published else p["a_soc_mic"] / (p["tau_mic"] * total)
    share = {"ml": p["a_doc_ml"], "cl": p["a_doc_cl"], "ll": p["a_soc_ll"], "mic": kept}
    flux = {pool: _down(f) for pool, f in decay.items()}
    flux["mic"] = _down(s.soil * s.x["mic"] * total)
    passed = sum(share[pool][:, 0] * flux[pool] for pool in flux)
    return passed / sum(flux.values())


def _compas_rate(s: _System, k_system: str) -> np.ndarray:
    """Baseline decomposition rate, N Eq. 12, of all pools but DOC; yr-1.

    It is that of decomposition "other than microbial uptake": of litter, the part p / tau that
    does not pass through microbes. With "soil" it is that of the soil pools, C Eq. 11.
    """
    p = s.p
    total = 1.0 / p["tau_mic"] + 1.0 / p["tau_enz_prod"]
    half = p["km_decom"] * s.soil + s.x["msoc"]
    rate = {
        "cwd": 1.0 / p["tau_cwd"],
        "ml": p["a_doc_ml"] / p["tau_ml"],
        "cl": p["a_doc_cl"] / p["tau_cl_ll"],
        "ll": p["a_soc_ll"] / p["tau_cl_ll"],
        "mic": total,
        "enz": 1.0 / p["tau_enz_decay"],
    }
    if k_system == "published":
        mixed = 2.0 * s.x["enz"] * p["km_decom"] * s.x["msoc"] * s.soil
        rate["msoc"] = mixed / (p["tau_decom"] * half**3)
        return _mean_rate(s, rate, tuple(rate))
    rate["msoc"] = s.x["enz"] / (p["tau_decom"] * half)
    if k_system == "soil":
        rate["doc"] = s.x["mic"] / (p["tau_assim"] * (p["km_assim"] * s.soil + s.x["doc"]))
        return _mean_rate(s, rate, ("doc", "mic", "enz", "msoc"))
    return _mean_rate(s, rate, ("cwd", "ml", "cl", "ll")) + _mean_rate(
        s, rate, ("mic", "enz", "msoc")
    )


def _mean_rate(s: _System, rate: dict, pools: tuple[str, ...]) -> np.ndarray:
    """Rates [case, 1 or layer] weighted by the stocks of the pools, [case]."""
    stock = sum(_down(s.x[pool]) for pool in pools)
    return sum(_down(rate[pool] * s.x[pool]) for pool in pools) / stock


def _clm5(s: _System, transfer_flux: str) -> dict:
    """Metrics of CLM5, each [case]."""
    rate = {f"soc{i}": 1.0 / s.p[f"tau4s{i}"] for i in (1, 2, 3)}
    if transfer_flux == "published":
        efficiency = _passed_on(s, s.warm * s.wet * s.deep)
    else:
        efficiency = _passed_on(s)
    return {
        "transfer_efficiency": efficiency,
        "decomposition_rate": _mean_rate(s, rate, tuple(rate)),
    }


def _passed_on(s: _System, modifier: np.ndarray | None = None) -> np.ndarray:
    """Carbon passed on to other pools over carbon decayed, wood left out, C Eq. 10.

    With `modifier` [case, layer] the fluxes take it in place of the model's own.
    """
    decay = _all_decay(s, modifier)
    kept = _compas_kept(s.p) if s.model is compas.MODEL else _clm5_kept(s)
    return sum(_down(kept[pool] * flux) for pool, flux in decay.items()) / sum(
        _down(flux) for flux in decay.values()
    )


def _compas_kept(p: dict[str, np.ndarray]) -> dict:
    """Share of what leaves a pool of COMPAS that enters others: the column sums of A beside -1."""
    return {
        "ml": p["a_doc_ml"] + (1.0 - p["a_doc_ml"]) * p["eta_ml"],
        "cl": p["a_doc_cl"] + (1.0 - p["a_doc_cl"]) * p["eta_cl_ll"],
        "ll": p["a_soc_ll"] + (1.0 - p["a_soc_ll"]) * p["eta_cl_ll"],
        "doc": p["eta_doc"],
        "mic": 1.0,
        "enz": 1.0,
        "msoc": 1.0,
    }


def _clm5_kept(s: _System) -> dict:
    """Share of what leaves a pool of CLM5 that enters others, by layer where it follows sand."""
    return {
        "ml": s.p["fs1l1"],
        "cl": s.p["fs1l2"],
        "ll": s.p["fs2l3"],
        "soc1": s.rates[:, kernel.TO_SLOW] + s.rates[:, kernel.TO_PASSIVE],
        "soc2": s.p["fs1s2"] + s.p["fs3s2"],
        "soc3": s.p["fs1s3"],
    }


def _all_decay(s: _System, modifier: np.ndarray | None) -> dict[str, np.ndarray]:
    """Decay [case, layer] of every pool but wood, g C m-3 yr-1."""
    if s.model is compas.MODEL:
        total = 1.0 / s.p["tau_mic"] + 1.0 / s.p["tau_enz_prod"]
        half = s.p["km_decom"] * s.soil + s.x["msoc"]
        msoc = s.soil * s.x["enz"] * s.x["msoc"] / (s.p["tau_decom"] * half)
        return _litter_decay(s, s.litter) | {
            "doc": _uptake(s),
            "mic": s.soil * s.x["mic"] * total,
            "enz": s.soil * s.x["enz"] / s.p["tau_enz_decay"],
            "msoc": np.where(s.x["msoc"] > 0, msoc, 0.0),
        }
    litter = s.litter if modifier is None else modifier
    soil = s.soil if modifier is None else modifier
    turnover = {"ml": "tau4l1", "cl": "tau4l2", "ll": "tau4l2"}
    turnover |= {f"soc{i}": f"tau4s{i}" for i in (1, 2, 3)}
    return {
        pool: s.x[pool] * (litter if pool in ("ml", "cl", "ll") else soil) / s.p[name]
        for pool, name in turnover.items()
    }


def _shared(s: _System, b_system: str) -> dict:
    """Metrics that both models define alike, each [case]."""
    leaving = s.rates[:, kernel.UP] + s.rates[:, kernel.DOWN]
    moving = s.carbon[:, 1 : kernel.LITTER].sum(axis=1) if s.model is compas.MODEL else s.soc
    litter = s.cases.columns.litter.sum(axis=1)[s.cases.which]
    return {
        "transport_rate": _weighted(leaving / grid.THICKNESS, moving),
        "environmental_modifier": _weighted(s.warm * s.wet * s.deep, s.soc),
        "input_allocation": _allocation(s.rates[:, kernel.SHARES], b_system),
        "residence_time": _down(s.carbon.sum(axis=1)) / litter,
        "soil_residence_time": _down(s.soc) / litter,
    }


def _allocation(shares: np.ndarray, b_system: str) -> np.ndarray:
    """Input allocation [case] of input shares [case, layer], N Eq. 15.

    The mean is over layers that have some input below them.
    """
    if b_system == "published":
        rest = 1.0 - np.cumsum(shares, axis=1)
    else:  # added up from below: 1 - Y without its rounding
        below = np.flip(np.cumsum(np.flip(shares, axis=1), axis=1), axis=1)
        rest = np.concatenate([below[:, 1:], below[:, :1]], axis=1)
    rest[:, -1] = 0.0
    counted = rest > 0.0
    each = np.exp(np.log(np.where(counted, rest, 1.0)) / (100.0 * grid.NODE))
    number = counted.sum(axis=1)
    return np.where(number > 0, (each * counted).sum(axis=1) / np.maximum(number, 1), 0.0) ** 5


def _dataset(
    model: layered.Model,
    cases: layered.Cases,
    found: dict,
    feasible: np.ndarray,
    mode: str,
    switches: Mapping[str, str],
) -> xr.Dataset:
    lead = () if cases.dim is None else (cases.dim,)
    data = {}
    for name, (unit, long_name, symbol) in METRICS.items():
        if name in found:
            attrs = {"units": unit, "long_name": long_name, "symbol": symbol}
            data[name] = (lead, found[name] if lead else found[name][0], attrs)
    unit, long_name, symbol = layered.VARIABLES["feasible"]
    attrs = {"units": unit, "long_name": long_name, "symbol": symbol}
    data["feasible"] = (lead, feasible if lead else feasible[0], attrs)
    result = xr.Dataset(data, coords=cases.coords)
    result.attrs = layered.provenance(model, cases, mode) | dict(switches)
    return result
