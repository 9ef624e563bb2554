"""The components of a model: which parameters belong to which, and where they lie.

The index says where the turnover time of enzymes in COMPAS comes from, see
`soilnb.proda.sensitivity`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from soilnb.parameters import unknown
from soilnb.proda.globe.fields import MODELS
from soilnb.profile import layered

#: Component to parameters, after Tao et al. 2023, Supplementary Table 6 and 2024, Supplementary
#: Tables 1 and 2. Vmax and Km of assimilation count as CUE (2023, Methods). The component
#: ``input`` has no parameter: it is the litter.
GROUPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "compas": {
        "cue": ("eta_doc", "eta_ml", "eta_cl_ll", "tau_assim", "km_assim"),
        "decomposition": (
            "tau_cwd", "tau_ml", "tau_cl_ll", "tau_mic", "tau_enz_prod", "tau_enz_decay",
            "tau_decom", "km_decom",
        ),
        "modifier": ("q10", "w_scaling"),
        "transfer": ("a_cl_cwd", "a_doc_ml", "a_doc_cl", "a_soc_ll", "a_soc_mic"),
        "transport": ("cryo", "diffus"),
        "allocation": ("b",),
        "input": (),
    },
    "clm5": {
        "transfer": (
            "fs3s1", "fs3s2", "fs2s1", "fs2l3", "fs1l2", "fs1l1", "fs1s2", "fs1s3", "fl2cwd",
        ),
        "decomposition": ("tau4s2", "tau4s3", "tau4s1", "tau4l1", "tau4cwd", "tau4l2"),
        "modifier": ("w_scaling", "q10", "efolding"),
        "transport": ("cryo", "diffus"),
        "allocation": ("b",),
        "input": (),
    },
}  # fmt: skip

#: Component to the metric that says how large it is.
METRICS = {
    "cue": "cue",
    "decomposition": "decomposition_rate",
    "modifier": "environmental_modifier",
    "transport": "transport_rate",
    "allocation": "input_allocation",
    "transfer": "non_microbial_transfer",
    "input": "input",
}

INDEX = ("table", "log", "published")

#: Parameters that fall when their component rises: faster uptake of DOC goes with a higher CUE.
FALLING = ("tau_assim", "km_assim")


def groups(model: str = "compas", index: str = "table") -> dict[str, tuple[str, ...]]:
    """Return the parameters of each component.

    Parameters
    ----------
    model : {"compas", "clm5"}
        The model.
    index : {"table", "log", "published"}
        See the module's description.

    Returns
    -------
    dict
        Component to names. With ``published``, ``tau_enz_decay`` is listed with CUE.

    Raises
    ------
    InputError
        For an unknown model or index, or an index of enzymes for CLM5.
    """
    check_index(model, index)
    found = dict(GROUPS[model])
    if index == "published":
        found["decomposition"] = tuple(n for n in found["decomposition"] if n != "tau_enz_decay")
        found["cue"] = (*found["cue"], "tau_enz_decay")
    return found


def unit(values: np.ndarray, model: str = "compas", index: str = "table") -> np.ndarray:
    """Return where parameters lie between their bounds.

    Parameters
    ----------
    values : array [..., n]
        Parameters in their units, in the order of the model's ``NAMES``.
    model, index : str
        As in `groups`.

    Returns
    -------
    array [..., n]
        0 to 1. With ``published`` the place of ``tau_enz_decay`` is that of ``km_assim``.
    """
    check_index(model, index)
    structure = MODELS[model][0]
    low, high = layered.bounds(structure)
    places = (np.asarray(values, dtype=float) - low) / (high - low)
    if index != "table":
        enzyme = structure.names.index("tau_enz_decay")
        if index == "log":
            places[..., enzyme] = (np.log10(np.asarray(values)[..., enzyme]) + 3.0) / 3.0
        else:
            places[..., enzyme] = places[..., structure.names.index("km_assim")]
    return np.clip(places, 0.0, 1.0)


def physical(places: np.ndarray, model: str = "compas", index: str = "table") -> np.ndarray:
    """Return parameters in their units for places between the bounds: the inverse of `unit`.

    Parameters
    ----------
    places : array [..., n]
        0 to 1.
    model, index : str
        As in `groups`.

    Returns
    -------
    array [..., n]
        In the order of the model's ``NAMES``.
    """
    check_index(model, index)
    structure = MODELS[model][0]
    low, high = layered.bounds(structure)
    values = low + np.asarray(places, dtype=float) * (high - low)
    if index != "table":
        enzyme = structure.names.index("tau_enz_decay")
        source = enzyme if index == "log" else structure.names.index("km_assim")
        values[..., enzyme] = 10.0 ** (3.0 * np.asarray(places)[..., source] - 3.0)
    return values


def check_index(model: object, index: object) -> None:
    """Raise `InputError` for an unknown model or index."""
    if not isinstance(model, str) or model not in GROUPS:
        raise unknown("model", model, GROUPS)
    allowed = INDEX if model == "compas" else ("table",)
    if not isinstance(index, str) or index not in allowed:
        raise unknown("index", index, allowed)


def chosen(
    model: str, index: str, own: Mapping[str, Sequence[str]] | Sequence[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return the components to look at: all of the model, some of them, or a user's own.

    Raises
    ------
    InputError
        For an unknown component, or an unknown parameter of one's own.
    """
    known = groups(model, index)
    if own is None:
        return known
    if isinstance(own, Mapping):
        names = MODELS[model][0].names
        for component, members in own.items():
            for name in members:
                if name not in names:
                    raise unknown(f"parameter of component {component!r}", name, names)
        return {component: tuple(members) for component, members in own.items()}
    wanted = [own] if isinstance(own, str) else list(own)
    for component in wanted:
        if component not in known:
            raise unknown("component", component, known)
    return {component: known[component] for component in wanted}


def metric(component: str, model: str) -> str:
    """Return the metric that says how large a component of a model is, or raise `InputError`."""
    if component not in METRICS:
        raise unknown("component", component, METRICS)
    if component == "transfer" and model == "clm5":
        return "transfer_efficiency"
    return METRICS[component]
