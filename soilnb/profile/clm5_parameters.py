"""The parameters of CLM5's soil: values, units, bounds and sources of two named sets.

``tao2024``
    For data assimilation: the prior ranges of Tao et al. 2024, Supplementary Table 1, and the
    default values printed there. Three parameters have no default within their range and take the
    middle of it, or the value of the authors' code: the transfers from fast carbon, which follow
    sand in CLM5, the folding depth (10 m in CLM5) and ``b`` (CLM5 has root profiles instead).
``default``
    CLM5 itself, from its parameter file clm5_params.c171117.nc, with the option
    ``transfers`` = "sand". The bounds of the folding depth and of ``fs2s1`` are wider, as its
    values need.

Names read to, then from: ``fs3s1`` is the share of decayed fast carbon (s1) that becomes passive
carbon (s3). ``tau4l2`` serves cellulose and lignin litter. The table prints 1 as the upper bound of
``b``; the code has 0.9999, because at 1 the input has no profile.
"""

from soilnb.parameters import Parameter, ParameterSet

_TABLE = "Tao et al. 2024, Supplementary Table 1"
_FILE = "clm5_params.c171117.nc"
_RULE = "0.146 + 0.0068 (100 - sand) in CLM5"
_CODE = "phxtao/PRODA_PUBLIC@3b782654, fun_bulk_process.m"

#: name: (unit, prior bounds, symbol, meaning), in the order of the kernel
_DEFINITIONS = {
    "fs3s1": ("1", (0.0, 0.05), "f_{S3,S1}", "share of decayed fast carbon that becomes passive"),
    "fs3s2": ("1", (0.0, 0.1), "f_{S3,S2}", "share of decayed slow carbon that becomes passive"),
    "fs2s1": ("1", (0.0, 0.4), "f_{S2,S1}", "share of decayed fast carbon that becomes slow"),
    "fs2l3": ("1", (0.2, 0.8), "f_{S2,L3}", "share of decayed lignin litter that becomes slow"),
    "fs1l2": ("1", (0.2, 0.8), "f_{S1,L2}", "share of decayed cellulose litter that becomes fast"),
    "fs1l1": ("1", (0.1, 0.8), "f_{S1,L1}", "share of decayed metabolic litter that becomes fast"),
    "fs1s2": ("1", (0.1, 0.74), "f_{S1,S2}", "share of decayed slow carbon that becomes fast"),
    "fs1s3": ("1", (0.0, 0.9), "f_{S1,S3}", "share of decayed passive carbon that becomes fast"),
    "fl2cwd": (
        "1",
        (0.5, 1.0),
        "f_{L2,CWD}",
        "share of decayed wood that becomes cellulose litter",
    ),
    "tau4s2": ("yr", (1.0, 50.0), r"\tau_{S2}", "turnover time of slow carbon"),
    "tau4s3": ("yr", (200.0, 1000.0), r"\tau_{S3}", "turnover time of passive carbon"),
    "tau4s1": ("yr", (0.0, 1.0), r"\tau_{S1}", "turnover time of fast carbon"),
    "tau4l1": ("yr", (0.0, 0.11), r"\tau_{L1}", "turnover time of metabolic litter"),
    "tau4cwd": ("yr", (1.0, 6.0), r"\tau_{CWD}", "turnover time of coarse woody debris"),
    "tau4l2": ("yr", (0.1, 0.3), r"\tau_{L2}", "turnover time of cellulose and lignin litter"),
    "w_scaling": ("1", (0.0, 5.0), "w", "multiplier of the moisture scalar"),
    "q10": ("1", (1.2, 3.0), "Q_{10}", "temperature sensitivity"),
    "efolding": ("m", (0.0, 1.0), "z_e", "depth over which decay falls to 1/e"),
    "cryo": ("m2 yr-1", (3e-5, 1.6e-3), "D_{cryo}", "mixing by frost"),
    "diffus": ("m2 yr-1", (3e-5, 5e-4), "D_{bio}", "mixing by animals and roots"),
    "b": ("1", (0.5, 0.9999), "b", "share of the input below z cm is b to the power of z"),
}

#: name: (value, source, bounds where they differ from the prior), of the set ``default``
_DEFAULT = {
    "fs3s1": (0.004, "0.004 in CLM5", None),
    "fs3s2": (0.03, f"{_FILE}, rf_s2s3_bgc: 0.03 / 0.45 of 1 - 0.55", None),
    "fs2s1": (0.554, f"{_RULE}, at 40 % sand", (0.0, 0.83)),
    "fs2l3": (0.5, f"{_FILE}, 1 - rf_l3s2_bgc", None),
    "fs1l2": (0.5, f"{_FILE}, 1 - rf_l2s1_bgc", None),
    "fs1l1": (0.45, f"{_FILE}, 1 - rf_l1s1_bgc", None),
    "fs1s2": (0.42, f"{_FILE}, rf_s2s1_bgc: 0.42 / 0.45 of 1 - 0.55", None),
    "fs1s3": (0.45, f"{_FILE}, 1 - rf_s3s1_bgc", None),
    "fl2cwd": (0.76, f"{_FILE}, 1 - cwd_flig", None),
    "tau4s2": (5.0, f"{_FILE}, tau_s2", None),
    "tau4s3": (222.222229, f"{_FILE}, tau_s3", None),
    "tau4s1": (0.1369863, f"{_FILE}, tau_s1", None),
    "tau4l1": (0.05405406, f"{_FILE}, tau_l1", None),
    "tau4cwd": (3.33333325, f"{_FILE}, tau_cwd", None),
    "tau4l2": (0.20408162, f"{_FILE}, tau_l2_l3", None),
    "w_scaling": (1.0, f"{_TABLE}: CLM5 has none", None),
    "q10": (1.5, f"{_FILE}, q10_hr and froz_q10", None),
    "efolding": (10.0, f"{_FILE}, decomp_depth_efolding", (0.0, 100.0)),
    "cryo": (5e-4, f"{_FILE}, cryoturb_diffusion_k", None),
    "diffus": (1e-4, f"{_FILE}, som_diffus", None),
    "b": (0.95, f"{_CODE}: beta of the default run", None),
}

#: name: (value, source) where the printed default differs from the file or there is none
_PRINTED = {
    "fs3s1": (0.004, "0.004 in CLM5"),
    "fs2s1": (0.2, f"middle of the prior; {_RULE}"),
    "fl2cwd": (0.786, f"{_TABLE}; the parameter file has 0.76"),
    "tau4s3": (222.222, _TABLE),
    "tau4s1": (0.1370, _TABLE),
    "tau4l1": (0.0541, _TABLE),
    "tau4cwd": (3.33, _TABLE),
    "tau4l2": (0.2041, _TABLE),
    "efolding": (0.5, "middle of the prior; 10 m in CLM5"),
    "b": (0.95, f"{_CODE}: beta of the default run"),
}


def _prior(name: str) -> Parameter:
    unit, bounds, symbol, meaning = _DEFINITIONS[name]
    value, source = _PRINTED.get(name, (_DEFAULT[name][0], _TABLE))
    return Parameter(value, unit, bounds, symbol, meaning, source)


def _default(name: str) -> Parameter:
    unit, bounds, symbol, meaning = _DEFINITIONS[name]
    value, source, wider = _DEFAULT[name]
    return Parameter(value, unit, wider or bounds, symbol, meaning, source)


#: The named sets of CLM5's soil.
PARAMETER_SETS = {
    "tao2024": ParameterSet(
        "tao2024",
        {name: _prior(name) for name in _DEFINITIONS},
        "printed defaults within the prior ranges of the assimilation",
        {"transfers": "parameters"},
    ),
    "default": ParameterSet(
        "default",
        {name: _default(name) for name in _DEFINITIONS},
        "CLM5 itself, with transfers from fast carbon that follow the sand of each layer",
        {"transfers": "sand"},
    ),
}
