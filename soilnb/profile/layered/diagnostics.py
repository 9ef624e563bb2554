r"""What a whole soil column does: the system-level metrics of Tao et al. 2023 and 2024.

Both papers sum a model up in a few numbers per place, each an average over pools and layers. With
the flux :math:`F_j` of carbon that decays in pool j (g C m-2 yr-1, all layers) and the soil organic
carbon :math:`x_z` of layer z:

=============================  ===================================================================
``cue``                        microbial growth over uptake, litter and DOC together (COMPAS; N 10)
``non_microbial_transfer``     :math:`\sum a_j F_j / \sum F_j` over ML to DOC, CL to DOC, LL to
                               mSOC, MIC to mSOC (COMPAS; N 11)
``transfer_efficiency``        carbon passed on over carbon decayed (C 10), see ``cte_pools``
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
``cte_pools`` = "printed", "soil" or "respiring"
    Which pools C Eq. 10 counts. As printed its sum goes over all of them, wood included, which
    passes everything on; "soil", the default, leaves wood out, for the text speaks of litter and
    mineral carbon of the soil; "respiring" counts only pools of whose decay some is respired (in
    COMPAS dead microbes, enzymes and mineral carbon lose nothing on their way).
``b_system`` = "published"
    1 - Y from a running sum, without the layers where it rounds to 0: one layer more or less
    with a remainder of 1e-16 moves the index by up to a tenth.

The printed Eq. 8 of N has a stray factor of the CUE in the uptake; uptake here is what is taken up.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from soilnb.data import schemas
from soilnb.kernels import layers as kernel
from soilnb.parameters import InputError, Parameters, check_known
from soilnb.profile import grid, layered
from soilnb.profile.forcing.kernel_forcing import Forcing
from soilnb.profile.model import models

#: The metrics, see above.
METRICS = schemas.variables("metrics")

#: What each switch may be, its default first.
_SWITCHES = {
    "cue_flux": ("equation", "published"),
    "transfer_flux": ("equation", "published"),
    "k_system": ("printed", "published", "soil"),
    "b_system": ("printed", "published"),
    "cte_pools": ("soil", "printed", "respiring"),
}


def system(
    parameters: Parameters | xr.Dataset,
    forcing: Forcing,
    model: str | None = None,
    *,
    carbon: xr.DataArray | np.ndarray | None = None,
    transport: str = "conservative",
    cue_flux: str = "equation",
    transfer_flux: str = "equation",
    k_system: str = "printed",
    b_system: str = "printed",
    cte_pools: str = "soil",
) -> xr.Dataset:
    """Return the system-level metrics of each place or parameter set.

    Parameters
    ----------
    parameters, forcing, transport
        As in ``steady_state`` of the model.
    model : {"compas", "clm5"}, optional
        By default the one that the names of the parameters belong to; needed where they are the
        name of a set.
    carbon : DataArray or array [..., pool, layer], optional
        State at which to look, g C m-3; by default the steady state.
    cue_flux, transfer_flux, k_system, b_system, cte_pools : str
        See the module's description.

    Returns
    -------
    Dataset
        The variables of `METRICS` (those of microbes for COMPAS only) and ``feasible``. Where no
        steady state exists, metrics that rest on stocks are NaN.

    Examples
    --------
    >>> from soilnb.profile import forcing
    >>> found = system({"eta_doc": 0.4}, forcing.example("temperate"))
    >>> found.attrs["model"], float(found["cue"].round(3))
    ('COMPAS', 0.368)
    """
    given = {
        "cue_flux": cue_flux, "transfer_flux": transfer_flux,
        "k_system": k_system, "b_system": b_system, "cte_pools": cte_pools,
    }  # fmt: skip
    chosen = _model(parameters, model)
    cases = layered.read(chosen, parameters, forcing, transport)
    if carbon is None:
        found, feasible = at_rest(chosen, cases, **given)
    else:
        feasible = np.ones(cases.size, bool)
        rates, _ = layered.prepared(chosen, cases)
        found = metrics(chosen, cases, layered.check_initial(chosen, carbon, cases), rates, **given)
    return _dataset(chosen, cases, found, feasible, given)


def at_rest(
    model: layered.LayeredModel, cases: layered.Cases, **switches: str
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the metrics at the steady state as arrays [case], and where there is one [case].

    Arguments are those of `metrics`; NaN where there is no steady state.
    """
    state = layered.solve(model, cases)
    found = metrics(model, cases, state.carbon, state.rates, **switches)
    for values in found.values():
        values[~state.feasible] = np.nan
    return found, state.feasible


def metrics(
    model: layered.LayeredModel,
    cases: layered.Cases,
    carbon: np.ndarray,
    rates: np.ndarray,
    **switches: str,
) -> dict[str, np.ndarray]:
    """Return the metrics of `system` as arrays [case], NaN where they are not finite.

    At `carbon` [case, pool, layer] in g C m-3, with the `rates` [case, RATES, layer] of the kernel.
    """
    given = {name: allowed[0] for name, allowed in _SWITCHES.items()} | switches
    for name, value in given.items():
        check_known(name, value, _SWITCHES[check_known("switch", name, _SWITCHES)])
    b_system = given.pop("b_system")
    column = State(model, cases, carbon, rates)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = model.metrics(column, **given) | _shared(column, b_system)
    for values in found.values():
        values[~np.isfinite(values)] = np.nan
    return found


def warm_up() -> None:
    """Compile the kernels by tiny runs, so that several processes need not each do it."""
    for name, model in layered_models().items():
        model.warm_up()
        system(model.default, model.example, name)


def layered_models() -> dict[str, layered.LayeredModel]:
    """Return the models of the registry that have these metrics, those with most of them first.

    Examples
    --------
    >>> list(layered_models())
    ['compas', 'clm5']
    """
    found = {
        name: model for name, model in models().items() if isinstance(model, layered.LayeredModel)
    }
    return dict(sorted(found.items(), key=lambda item: -item[1].enzymes))


def _model(parameters: object, model: str | None) -> layered.LayeredModel:
    known = layered_models()
    if model is not None:
        check_known("model", model, known)
        return known[model]
    if isinstance(parameters, (Mapping, xr.Dataset)):
        fits = [
            one
            for key, one in known.items()
            if set(parameters)
            & set(one.names).difference(
                *(other.names for name, other in known.items() if name != key)
            )
        ]
        if len(fits) == 1:
            return fits[0]
    raise InputError(
        f"model is not given and does not follow from parameters: {' or '.join(known)}"
    )


class State:
    """What the metrics rest on, for all cases: parameters, modifiers and carbon.

    Parameters `p` [case, 1] and carbon `x` [case, layer] (g C m-3) go by name; the modifiers
    [case, layer] are the means of the months, `warm` and `wet`, that of depth, `deep`, and those
    that the model takes, `soil` and `litter`.
    """

    def __init__(
        self,
        model: layered.LayeredModel,
        cases: layered.Cases,
        carbon: np.ndarray,
        rates: np.ndarray,
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


def down(values: np.ndarray) -> np.ndarray:
    """Sum a density [case, layer] over the column, [case]."""
    return values @ grid.THICKNESS


def weighted(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean of values [case, layer] weighted by the carbon of the layers, [case]."""
    return down(values * weight) / down(weight)


def mean_rate(s: State, rate: dict, pools: tuple[str, ...]) -> np.ndarray:
    """Rates [case, 1 or layer] weighted by the stocks of the pools, [case]."""
    stock = sum(down(s.x[pool]) for pool in pools)
    return sum(down(rate[pool] * s.x[pool]) for pool in pools) / stock


def transport_rate(s: State, moving: np.ndarray) -> np.ndarray:
    """Diagonal of V [case] weighted by the carbon that moves [case, layer], N Eq. 13, C Eq. 12."""
    leaving = s.rates[:, kernel.UP] + s.rates[:, kernel.DOWN]
    return weighted(leaving / grid.THICKNESS, moving)


def passed_on(
    kept: Mapping[str, np.ndarray], decay: Mapping[str, np.ndarray], pools: str
) -> np.ndarray:
    """Carbon passed on to other pools over carbon decayed [case], C Eq. 10.

    From the share of what leaves a pool that enters others, and its decay [case, layer]; wood
    comes last. `pools` is a value of ``cte_pools``.
    """
    left_out = {
        "printed": (),
        "soil": ("cwd",),
        "respiring": [pool for pool, share in kept.items() if np.all(np.equal(share, 1.0))],
    }[pools]
    counted = [pool for pool in decay if pool not in left_out]
    return sum(down(kept[pool] * decay[pool]) for pool in counted) / sum(
        down(decay[pool]) for pool in counted
    )


def _shared(s: State, b_system: str) -> dict:
    """Metrics that all models define alike, each [case]."""
    litter = s.cases.columns.litter.sum(axis=1)[s.cases.which]
    return {
        "environmental_modifier": weighted(s.warm * s.wet * s.deep, s.soc),
        "input_allocation": _allocation(s.rates[:, kernel.SHARES], b_system),
        "residence_time": down(s.carbon.sum(axis=1)) / litter,
        "soil_residence_time": down(s.soc) / litter,
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
    model: layered.LayeredModel,
    cases: layered.Cases,
    found: dict,
    feasible: np.ndarray,
    switches: Mapping[str, str],
) -> xr.Dataset:
    lead = () if cases.dim is None else (cases.dim,)
    data = {}
    for name, variable in METRICS.items():
        if name in found:
            data[name] = (lead, found[name] if lead else found[name][0], variable.attrs)
    attrs = layered.VARIABLES["feasible"].attrs
    data["feasible"] = (lead, feasible if lead else feasible[0], attrs)
    result = xr.Dataset(data, coords=cases.coords)
    result.attrs = layered.provenance(model, cases) | dict(switches)
    return result
