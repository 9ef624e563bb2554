"""The models that are assimilated and mapped, one record each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np

from soilnb.parameters import Parameter, check_known
from soilnb.profile import clm5, compas, layered
from soilnb.profile.layered import diagnostics


@dataclass(frozen=True)
class Model:
    """What assimilation, maps and sensitivities must know of a model.

    Attributes
    ----------
    module : module
        ``steady_state`` and what else users call.
    groups, metrics : mapping
        Component to its parameters (``input`` has none: it is the litter), and to the metric that
        says how large it is.
    source : str
        The paper that assimilated it.
    to_soil : callable
        Parameters by name to the share of wood that becomes cellulose litter, and the shares of
        metabolic, cellulose and lignin litter that enter soil pools.
    microbes : str
        Label of the pool of microbes; empty where there is none.
    stretch : mapping
        Parameters that walk on a stretched scale, for their posterior is a funnel near zero, and
        the number of powers of e that the scale spans; chosen by effective samples on real
        profiles.
    """

    module: ModuleType
    groups: Mapping[str, tuple[str, ...]]
    metrics: Mapping[str, str]
    source: str
    to_soil: Callable[[Mapping[str, np.ndarray]], tuple[np.ndarray, ...]]
    microbes: str = ""
    stretch: Mapping[str, float] = field(default_factory=dict)

    @property
    def layered(self) -> layered.LayeredModel:
        """The model as the layered models' kernels know it."""
        return self.module.MODEL

    @property
    def code(self) -> int:
        """The number by which the kernels know it."""
        return self.layered.code

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters, in the order of the kernel."""
        return self.layered.names

    @property
    def records(self) -> Mapping[str, Parameter]:
        """Records of the parameters, with their prior bounds."""
        return self.layered.sets[self.layered.default].records

    def system_metrics(self) -> list[str]:
        """Return the names of the system-level metrics that the model has."""
        of_microbes = () if self.microbes else ("cue", "non_microbial_transfer")
        return [name for name in diagnostics.METRICS if name not in of_microbes]


def _compas_to_soil(p: Mapping[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    metabolic = p["a_doc_ml"] + (1 - p["a_doc_ml"]) * p["eta_ml"]
    cellulose = p["a_doc_cl"] + (1 - p["a_doc_cl"]) * p["eta_cl_ll"]
    lignin = p["a_soc_ll"] + (1 - p["a_soc_ll"]) * p["eta_cl_ll"]
    return p["a_cl_cwd"], metabolic, cellulose, lignin


_METRICS = {
    "cue": "cue",
    "decomposition": "decomposition_rate",
    "modifier": "environmental_modifier",
    "transport": "transport_rate",
    "allocation": "input_allocation",
    "transfer": "non_microbial_transfer",
    "input": "input",
}

#: The groups are those of Tao et al. 2023, Supplementary Table 6 and 2024, Supplementary Tables 1
#: and 2. Vmax and Km of assimilation count as CUE (2023, Methods).
MODELS: Mapping[str, Model] = {
    "compas": Model(
        compas,
        {
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
        _METRICS,
        "Tao et al. 2023, doi:10.1038/s41586-023-06042-3",
        _compas_to_soil,
        "mic",
        {"tau_enz_decay": 5.0, "tau_mic": 4.0},
    ),
    "clm5": Model(
        clm5,
        {
            "transfer": (
                "fs3s1", "fs3s2", "fs2s1", "fs2l3", "fs1l2", "fs1l1", "fs1s2", "fs1s3", "fl2cwd",
            ),
            "decomposition": ("tau4s2", "tau4s3", "tau4s1", "tau4l1", "tau4cwd", "tau4l2"),
            "modifier": ("w_scaling", "q10", "efolding"),
            "transport": ("cryo", "diffus"),
            "allocation": ("b",),
            "input": (),
        },
        _METRICS | {"transfer": "transfer_efficiency"},
        "Tao et al. 2024, doi:10.1111/gcb.17297",
        lambda p: (p["fl2cwd"], p["fs1l1"], p["fs1l2"], p["fs2l3"]),
    ),
}  # fmt: skip


def find(model: object) -> Model:
    """Return the record of a model, or raise `InputError`."""
    return MODELS[check_known("model", model, MODELS)]
