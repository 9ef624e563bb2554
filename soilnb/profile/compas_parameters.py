"""The parameters of COMPAS: values, units, prior bounds and sources.

One set, ``tao2024``: the global means after data assimilation, which its authors use as defaults,
within the prior ranges of the assimilation (Tao et al. 2024, Supplementary Table 2; the same ranges
in phxtao/PRODA_MIC@90918f41, fun_bulk_process.m). The table prints 1 as the upper bound of ``b``;
the code has 0.9999, because at 1 the input has no profile. The unit "year" that it prints for
``a_soc_mic`` is a misprint.
"""

from soilnb.parameters import Parameter, ParameterSet

_TABLE = "Tao et al. 2024, Supplementary Table 2"

#: name: (value, unit, bounds, symbol, meaning), in the order of the kernel
_DEFINITIONS = {
    "eta_doc": (0.27, "1", (0.01, 0.7), r"\eta_{DOC}", "CUE of the uptake of DOC"),
    "eta_ml": (0.66, "1", (0.4, 0.9), r"\eta_{ML}", "CUE on metabolic litter"),
    "eta_cl_ll": (0.16, "1", (0.0, 0.4), r"\eta_{CL-LL}", "CUE on cellulose and lignin litter"),
    "km_assim": (
        1.8e3, "g C m-3", (300.0, 3000.0), "K_{m,assim}", "half saturation of the uptake of DOC",
    ),
    "tau_assim": (
        0.015, "yr", (0.001, 0.03), r"\tau_{assim}", "inverse of the maximum uptake of DOC",
    ),
    "tau_decom": (
        1.62e-4, "yr", (0.0, 3e-4), r"\tau_{decom}", "inverse of the maximum breakdown of mSOC",
    ),
    "km_decom": (
        5.65e5, "g C m-3", (1e5, 1e6), "K_{m,decom}", "half saturation of the breakdown of mSOC",
    ),
    "tau_enz_prod": (
        22.0, "yr", (15.0, 30.0), r"\tau_{ENZ,prod}", "turnover time of enzyme production",
    ),
    "tau_ml": (0.049, "yr", (0.0, 0.1), r"\tau_{ML}", "turnover time of metabolic litter"),
    "tau_cwd": (3.5, "yr", (1.0, 6.0), r"\tau_{CWD}", "turnover time of coarse woody debris"),
    "tau_cl_ll": (
        0.2, "yr", (0.1, 0.3), r"\tau_{CL-LL}", "turnover time of cellulose and lignin litter",
    ),
    "tau_enz_decay": (
        0.04, "yr", (0.001, 1.0), r"\tau_{ENZ,decay}", "turnover time of enzyme decay",
    ),
    "tau_mic": (1.1, "yr", (0.0, 2.0), r"\tau_{MIC}", "turnover time of microbial death"),
    "a_soc_mic": (
        0.47, "1", (0.0, 1.0), "a_{SOC,MIC}", "share of dead microbes that becomes mSOC",
    ),
    "a_cl_cwd": (
        0.75, "1", (0.5, 1.0), "a_{CL,CWD}", "share of decayed wood that becomes cellulose litter",
    ),
    "a_doc_ml": (
        0.05, "1", (0.0, 0.1), "a_{DOC,ML}", "share of decayed metabolic litter that becomes DOC",
    ),
    "a_doc_cl": (
        0.17, "1", (0.05, 0.3), "a_{DOC,CL}", "share of decayed cellulose litter that becomes DOC",
    ),
    "a_soc_ll": (
        0.78, "1", (0.6, 0.95), "a_{SOC,LL}", "share of decayed lignin litter that becomes mSOC",
    ),
    "w_scaling": (2.9, "1", (0.0, 5.0), "w", "multiplier of the moisture scalar"),
    "q10": (2.1, "1", (1.2, 3.0), "Q_{10}", "temperature sensitivity"),
    "cryo": (8e-4, "m2 yr-1", (3e-5, 1.6e-3), "D_{cryo}", "mixing by frost"),
    "diffus": (2.6e-4, "m2 yr-1", (3e-5, 5e-4), "D_{bio}", "mixing by animals and roots"),
    "b": (0.72, "1", (0.5, 0.9999), "b", "share of the input below z cm is b to the power of z"),
}  # fmt: skip

#: The named sets of COMPAS.
PARAMETER_SETS = {
    "tao2024": ParameterSet(
        "tao2024",
        {
            name: Parameter(value, unit, bounds, symbol, meaning, _TABLE)
            for name, (value, unit, bounds, symbol, meaning) in _DEFINITIONS.items()
        },
        "global means after data assimilation, within the prior ranges",
    )
}
