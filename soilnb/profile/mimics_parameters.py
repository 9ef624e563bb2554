"""The parameters of MIMICS: four named sets, each as a published code has it.

The published defaults differ by version, so there is no single "MIMICS default" here. One
general form serves all sets:

- maximum rate V = exp(``uptake_slope`` T + ``uptake_intercept``) ``uptake_tuning`` times a
  modifier for each microbe and substrate;
- half saturation K = exp(slope T + intercept) tuning, **divided** by a modifier; the modifier of
  available carbon is multiplied by a (b < 0) ``protection`` a exp(b sqrt(clay));
- turnover = a exp(b f_met), times sqrt(NPP / reference) clipped to [low, high], times a multiplier;
- shares of turnover: a exp(b clay) times a multiplier to the physically protected, a exp(b f_met)
  times a multiplier to the chemically recalcitrant pool, the rest to the available pool;
- desorption = a exp(b clay) times a multiplier;
- f_met = multiplier (intercept - slope lignin:N).
"""

from soilnb.parameters import Parameter, ParameterSet

#: Microbe and substrate of the six uptake paths, in the order of the kernel.
PATHS = (
    ("r", "metabolic"),
    ("r", "structural"),
    ("r", "available"),
    ("k", "metabolic"),
    ("k", "structural"),
    ("k", "available"),
)

#: Microbe and substrate of the four intrinsic efficiencies; available carbon counts as metabolic.
EFFICIENCIES = (
    ("r", "metabolic"),
    ("r", "structural"),
    ("k", "metabolic"),
    ("k", "structural"),
)

_SUBSTRATES = {
    "metabolic": "metabolic litter",
    "structural": "structural litter",
    "available": "available soil carbon",
}


def _definitions() -> dict[str, tuple]:
    """Name: (variable in the published code, unit, bounds, symbol, meaning, scale)."""
    table = {
        "uptake_slope": (
            "Vslope", "degC-1", (0.0, 0.2), "V_{slope}",
            "rise of the logarithm of the maximum uptake rate with temperature",
        ),
        "uptake_intercept": (
            "Vint", "1", (0.0, 10.0), "V_{int}",
            "logarithm of the maximum uptake rate at 0 degC (mg C (mg C)-1 h-1)",
        ),
        "uptake_tuning": (
            "aV", "1", (1e-9, 1e-3), "a_V", "tuning of the maximum uptake rate", "log",
        ),
        "half_saturation_intercept": (
            "Kint", "1", (0.0, 10.0), "K_{int}",
            "logarithm of the half saturation at 0 degC (mg C cm-3)",
        ),
        "half_saturation_tuning": (
            "aK", "1", (1e-3, 1e3), "a_K", "tuning of the half saturation", "log",
        ),
        "protection": (
            "PHYS_scalar[1]", "1", (0.1, 10.0), "a_P",
            "protection of available carbon without clay: its half saturation is divided by this",
        ),
        "protection_exponent": (
            "PHYS_scalar[2]", "1", (-10.0, 0.0), "b_P",
            "fall of the protection modifier with the square root of clay",
        ),
        "oxidation_factor_r": (
            "KO[1]", "1", (0.1, 100.0), "KO_r",
            "half saturation of oxidation over that of structural litter, r strategists",
        ),
        "oxidation_factor_k": (
            "KO[2]", "1", (0.1, 100.0), "KO_K",
            "half saturation of oxidation over that of structural litter, K strategists",
        ),
        "turnover_r": (
            "tau_r[1]", "h-1", (1e-5, 1e-2), r"\tau_r", "turnover of r strategists", "log",
        ),
        "turnover_r_exponent": (
            "tau_r[2]", "1", (-2.0, 2.0), r"b_{\tau r}",
            "rise of r turnover with the metabolic share of the litter",
        ),
        "turnover_k": (
            "tau_K[1]", "h-1", (1e-5, 1e-2), r"\tau_K", "turnover of K strategists", "log",
        ),
        "turnover_k_exponent": (
            "tau_K[2]", "1", (-2.0, 2.0), r"b_{\tau K}",
            "rise of K turnover with the metabolic share of the litter",
        ),
        "turnover_npp_reference": (
            "Tau_MOD[1]", "g C m-2 yr-1", (1.0, 1e4), r"NPP_{\tau}",
            "productivity at which turnover is not modified",
        ),
        "turnover_npp_low": (
            "Tau_MOD[2]", "1", (0.0, 1.0), r"\tau_{mod,min}",
            "lowest modifier of turnover by productivity",
        ),
        "turnover_npp_high": (
            "Tau_MOD[3]", "1", (1.0, 100.0), r"\tau_{mod,max}",
            "highest modifier of turnover by productivity (100: no limit)",
        ),
        "turnover_multiplier": (
            "Tau_MOD[4]", "1", (0.1, 10.0), r"m_{\tau}", "multiplier of both turnover rates",
        ),
        "to_physical_r": (
            "fPHYS_r[1]", "1", (0.0, 1.0), "f_{PHYS,r}",
            "share of r turnover that becomes physically protected, without clay",
        ),
        "to_physical_r_exponent": (
            "fPHYS_r[2]", "1", (-5.0, 5.0), "b_{PHYS,r}", "rise of that share with clay",
        ),
        "to_physical_k": (
            "fPHYS_K[1]", "1", (0.0, 1.0), "f_{PHYS,K}",
            "share of K turnover that becomes physically protected, without clay",
        ),
        "to_physical_k_exponent": (
            "fPHYS_K[2]", "1", (-5.0, 5.0), "b_{PHYS,K}", "rise of that share with clay",
        ),
        "to_physical_multiplier": (
            "fPHYS_MULT", "1", (0.0, 5.0), "m_{PHYS}",
            "multiplier of both shares to the physically protected pool",
        ),
        "to_chemical_r": (
            "fCHEM_r[1]", "1", (0.0, 1.0), "f_{CHEM,r}",
            "share of r turnover that becomes chemically recalcitrant, without metabolic litter",
        ),
        "to_chemical_r_exponent": (
            "fCHEM_r[2]", "1", (-10.0, 5.0), "b_{CHEM,r}",
            "fall of that share with the metabolic share of the litter",
        ),
        "to_chemical_k": (
            "fCHEM_K[1]", "1", (0.0, 1.0), "f_{CHEM,K}",
            "share of K turnover that becomes chemically recalcitrant, without metabolic litter",
        ),
        "to_chemical_k_exponent": (
            "fCHEM_K[2]", "1", (-10.0, 5.0), "b_{CHEM,K}",
            "fall of that share with the metabolic share of the litter",
        ),
        "to_chemical_multiplier": (
            "fCHEM_r[3], fCHEM_K[3]", "1", (0.0, 5.0), "m_{CHEM}",
            "multiplier of both shares to the chemically recalcitrant pool",
        ),
        "desorption": (
            "fSOM_p[1]", "h-1", (1e-7, 1e-2), "d", "desorption without clay", "log",
        ),
        "desorption_exponent": (
            "fSOM_p[2]", "1", (-20.0, 0.0), "b_d", "fall of desorption with clay",
        ),
        "desorption_multiplier": (
            "desorb_MULT", "1", (0.01, 10.0), "m_d", "multiplier of desorption",
        ),
        "direct_metabolic": (
            "FI[1]", "1", (0.0, 1.0), "FI_m",
            "share of metabolic litter that becomes physically protected at once",
        ),
        "direct_structural": (
            "FI[2]", "1", (0.0, 1.0), "FI_s",
            "share of structural litter that becomes chemically recalcitrant at once",
        ),
        "litter_multiplier": (
            "fmet_p[1]", "1", (0.0, 1.0), "m_{met}", "multiplier of the metabolic share",
        ),
        "litter_intercept": (
            "fmet_p[2]", "1", (0.0, 1.0), "a_{met}", "metabolic share of litter without lignin",
        ),
        "litter_slope": (
            "fmet_p[3]", "1", (0.0, 0.1), "b_{met}", "fall of the metabolic share with lignin:N",
        ),
        "depth": ("depth", "cm", (1.0, 300.0), "z", "depth of the soil layer"),
        "moisture_rise": (
            "fW", "1", (0.0, 10.0), "a_W", "exponent of the water-filled share of the pores",
        ),
        "moisture_fall": (
            "fW", "1", (0.0, 10.0), "b_W", "exponent of the air-filled share of the pores",
        ),
        "moisture_scale": (
            "fW", "1", (1e-4, 1.0), "c_W", "value at which the moisture modifier is 1", "log",
        ),
        "moisture_low": ("fW", "1", (0.0, 1.0), "f_{W,min}", "lowest moisture modifier"),
    }  # fmt: skip
    for i, (microbe, substrate) in enumerate(PATHS, start=1):
        words = _SUBSTRATES[substrate]
        who = "r strategists" if microbe == "r" else "K strategists"
        sub = f"{'r' if microbe == 'r' else 'K'},{substrate[0]}"
        table[f"uptake_modifier_{microbe}_{substrate}"] = (
            f"vMOD[{i}]", "1", (0.01, 100.0), f"V_{{mod,{sub}}}",
            f"modifier of the maximum uptake rate of {words} by {who}",
        )  # fmt: skip
        table[f"half_saturation_slope_{microbe}_{substrate}"] = (
            f"Kslope[{i}]", "degC-1", (0.0, 0.2), f"K_{{slope,{sub}}}",
            f"rise of the logarithm of the half saturation with temperature, {words} and {who}",
        )  # fmt: skip
        table[f"half_saturation_modifier_{microbe}_{substrate}"] = (
            f"kMOD[{i}]", "1", (0.01, 100.0), f"K_{{mod,{sub}}}",
            f"the half saturation for {words} and {who} is divided by this",
        )  # fmt: skip
    for i, (microbe, substrate) in enumerate(EFFICIENCIES, start=1):
        words = _SUBSTRATES[substrate]
        if substrate == "metabolic":
            words += " and available soil carbon"
        letter = "r" if microbe == "r" else "K"
        table[f"cue_{microbe}_{substrate}"] = (
            f"CUE[{i}]", "1", (0.01, 0.99), f"e_{{{letter},{substrate[0]}}}",
            f"intrinsic carbon use efficiency of {letter} strategists on {words}",
        )  # fmt: skip
    return table


_DEFINITIONS = _definitions()


def _paths(prefix: str, values: tuple[float, ...]) -> dict[str, float]:
    return {
        f"{prefix}_{microbe}_{substrate}": value
        for (microbe, substrate), value in zip(PATHS, values, strict=True)
    }


def _cue(*values: float) -> dict[str, float]:
    names = ("cue_r_metabolic", "cue_r_structural", "cue_k_metabolic", "cue_k_structural")
    return dict(zip(names, values, strict=True))


#: What all four codes have in common.
_COMMON = {
    "uptake_slope": 0.063,
    "uptake_intercept": 5.47,
    "uptake_tuning": 8e-6,
    **_paths("uptake_modifier", (10, 2, 10, 3, 3, 2)),
    "half_saturation_intercept": 3.19,
    "half_saturation_tuning": 10.0,
    **_paths("half_saturation_modifier", (8, 2, 4, 2, 4, 6)),
    "protection": 2.0,
    "protection_exponent": -2.0,
    "oxidation_factor_r": 6.0,
    "oxidation_factor_k": 6.0,
    **_cue(0.55, 0.25, 0.75, 0.35),
    "turnover_r": 5.2e-4,
    "turnover_r_exponent": 0.3,
    "turnover_k": 2.4e-4,
    "turnover_k_exponent": 0.1,
    "turnover_npp_reference": 100.0,
    "to_physical_r": 0.3,
    "to_physical_r_exponent": 1.3,
    "to_physical_k": 0.2,
    "to_physical_k_exponent": 0.8,
    "to_physical_multiplier": 1.0,
    "to_chemical_r": 0.1,
    "to_chemical_r_exponent": -3.0,
    "to_chemical_k": 0.3,
    "to_chemical_k_exponent": -3.0,
    "to_chemical_multiplier": 1.0,
    "desorption": 1.5e-5,
    "desorption_exponent": -1.5,
    "desorption_multiplier": 1.0,
    "direct_metabolic": 0.05,
    "direct_structural": 0.05,
    "litter_multiplier": 1.0,
    "litter_intercept": 0.85,
    "litter_slope": 0.013,
    "depth": 30.0,
    "moisture_rise": 3.0,
    "moisture_fall": 2.5,
    "moisture_scale": 0.022600567942709,
    "moisture_low": 0.05,
}

_MOISTURE_SOURCE = (
    "wwieder/biogeochem_testbed@165716f, SOURCE_CODE/mimics_cycle_CN.f90, fWFunction CORPSE"
)


def _set(
    name: str,
    description: str,
    source: str,
    options: dict[str, str],
    *,
    upstream: dict[str, str] | None = None,
    **values: float,
) -> ParameterSet:
    """Build a set from what differs from `_COMMON`.

    `upstream` renames variables where this code spells them differently, or says where the
    number stands when it is not a variable.
    """
    numbers = {**_COMMON, **values}
    records = {}
    for key, (variable, unit, bounds, symbol, meaning, *scale) in _DEFINITIONS.items():
        said = (upstream or {}).get(key) or f"{source}, {variable}"
        if key.startswith("moisture_"):
            said = _MOISTURE_SOURCE
        records[key] = Parameter(
            numbers[key], unit, bounds, symbol, meaning, said, scale[0] if scale else "linear"
        )
    return ParameterSet(name, records, description, options)


_GMDD = "wwieder/MIMICS@2b71740, MIMIC2_LIDET_GMDD_2015_public.R"
_STODE = "piersond/MIMICS_STODE@ee25766, Parameters/MIMICS_parameters_sandbox_20231129.R"
_LOWKM = "wwieder/MIMICS@da33e82, parameters_LIDET-MIM-REV_test_lowKM.csv"
_SEPT7 = "wwieder/MIMICS@da33e82, MIMICS2_testing_reverse_modfPHYS_Sept7_2016.R"
_LOOKUP = "wwieder/biogeochem_testbed@fd373e9, pftlookup_LIDET-MIM-REV_lowerKM_v11.28.2017.csv"

#: The four published sets of MIMICS by name.
PARAMETER_SETS = {
    "gmdd2015": _set(
        "gmdd2015",
        "public script of Wieder et al. 2015 (doi:10.5194/gmd-8-1789-2015), forward kinetics",
        _GMDD,
        {"kinetics": "forward", "moisture_acts_on": "uptake"},
        upstream={
            **{
                f"{kind}_modifier_{microbe}_{substrate}": f"{_GMDD}, {variable}[{i}]"
                for kind, variable in (("uptake", "MOD1"), ("half_saturation", "MOD2"))
                for i, (microbe, substrate) in enumerate(PATHS, start=1)
            },
            "turnover_r": f"{_GMDD}, tao[1]",
            "turnover_r_exponent": f"{_GMDD}, tao[1]",
            "turnover_k": f"{_GMDD}, tao[2]",
            "turnover_k_exponent": f"{_GMDD}, tao[2]",
            "turnover_npp_reference": f"{_GMDD}, Tao_MOD1",
            **{
                f"to_{fate}_{microbe}{end}": f"{_GMDD}, {variable}[{i}]"
                for fate, variable in (("physical", "fPHYS"), ("chemical", "fCHEM"))
                for i, microbe in enumerate(("r", "k"), start=1)
                for end in ("", "_exponent")
            },
            "turnover_npp_low": f"{_GMDD}: Tao_MOD1 = sqrt(ANPP/100) is not clipped",
            "turnover_npp_high": f"{_GMDD}: Tao_MOD1 = sqrt(ANPP/100) is not clipped",
            "turnover_multiplier": f"{_GMDD}: tao is multiplied by Tao_MOD1 only",
            "protection": f"{_GMDD}, a",
            "protection_exponent": f"{_GMDD}, -k",
            "to_physical_multiplier": f"{_GMDD}: fPHYS has no multiplier",
            "to_chemical_multiplier": f"{_GMDD}: fCHEM has no multiplier",
            "desorption": f"{_GMDD}, desorb, last assignment",
            "desorption_exponent": f"{_GMDD}, desorb, last assignment",
            "desorption_multiplier": f"{_GMDD}: desorb has no multiplier",
            "litter_multiplier": f"{_GMDD}: fMET1 has no multiplier",
            "litter_intercept": f"{_GMDD}, fMET1",
            "litter_slope": f"{_GMDD}, fMET1",
        },
        **_paths("half_saturation_slope", (0.017, 0.027, 0.017, 0.017, 0.027, 0.017)),
        oxidation_factor_r=4.0,
        oxidation_factor_k=4.0,
        turnover_npp_low=0.0,
        turnover_npp_high=100.0,
        turnover_multiplier=1.0,
    ),
    "sandbox": _set(
        "sandbox",
        "default of the MIMICS sandbox (MIMICS_STODE and MIMICS_HiRes), reverse kinetics",
        _STODE,
        {"kinetics": "reverse", "moisture_acts_on": "uptake"},
        **_paths("half_saturation_slope", (0.025, 0.035, 0.025, 0.025, 0.035, 0.025)),
        turnover_npp_low=0.8,
        turnover_npp_high=1.2,
        turnover_multiplier=2.0,
    ),
    "sulman2016": _set(
        "sulman2016",
        "comparison of microbial models of 2016 (file lowKM), reverse kinetics, 20 cm",
        _LOWKM,
        {"kinetics": "reverse", "moisture_acts_on": "uptake"},
        upstream={
            "to_physical_multiplier": f"{_SEPT7}: fPHYS * 0.1",
            "desorption_multiplier": f"{_SEPT7}: desorb * 0.1",
            "direct_metabolic": f"{_LOWKM}, FI[1] = 0.05, and {_SEPT7}: FI * 0.1",
            "direct_structural": f"{_LOWKM}, FI[2] = 0.05, and {_SEPT7}: FI * 0.1",
            "depth": f"{_LOWKM}, Depth",
        },
        uptake_tuning=1.25e-7,
        half_saturation_tuning=0.15625,
        **_paths("half_saturation_slope", (0.02,) * 6),
        protection=3.0,
        **_cue(0.5, 0.25, 0.7, 0.35),
        turnover_npp_low=0.6,
        turnover_npp_high=1.3,
        turnover_multiplier=2.0,
        to_physical_r=0.15,
        to_physical_k=0.10,
        to_physical_multiplier=0.1,
        desorption=2e-5,
        desorption_exponent=-4.5,
        desorption_multiplier=0.1,
        direct_metabolic=0.005,
        direct_structural=0.005,
        litter_multiplier=0.5,
        depth=20.0,
    ),
    "testbed2017": _set(
        "testbed2017",
        "biogeochemical testbed, parameter file of 28 November 2017, reverse kinetics, 100 cm",
        _LOOKUP,
        {"kinetics": "reverse", "moisture_acts_on": "uptake and turnover"},
        upstream={
            "uptake_slope": f"{_LOOKUP}, Vslope(r1) to (k3)",
            "uptake_intercept": f"{_LOOKUP}, Vint(r1) to (k3)",
            "uptake_tuning": f"{_LOOKUP}, av(r1) to (k3)",
            "half_saturation_intercept": f"{_LOOKUP}, Kint(r1) to (k3)",
            "half_saturation_tuning": f"{_LOOKUP}, ak(r1) to (k3)",
            **{
                f"{name}_{microbe}_{substrate}": f"{_LOOKUP}, {variable}({microbe}{i % 3 + 1})"
                for name, variable in (
                    ("uptake_modifier", "Vmod"),
                    ("half_saturation_modifier", "Kmod"),
                    ("half_saturation_slope", "Kslope"),
                )
                for i, (microbe, substrate) in enumerate(PATHS)
            },
            "protection": f"{_LOOKUP}, phys_scalar(1)",
            "protection_exponent": f"{_LOOKUP}, phys_scalar(2)",
            "turnover_npp_reference": f"{_LOOKUP}, tauModDenom",
            "turnover_npp_low": f"{_LOOKUP}, tauMod_MIN",
            "turnover_npp_high": f"{_LOOKUP}, tauMod_MAX",
            "turnover_multiplier": f"{_LOOKUP}: tauMod has no further multiplier",
            "to_physical_multiplier": f"{_LOOKUP}: fPHYS has no multiplier",
            "desorption_multiplier": f"{_LOOKUP}: desorb has no multiplier",
            "depth": f"{_LOOKUP}, SOM depth, the same for all vegetation types",
            **{
                f"cue_{microbe}_{substrate}": f"{_LOOKUP}, MGE({i})"
                for i, (microbe, substrate) in enumerate(EFFICIENCIES, start=1)
            },
        },
        uptake_tuning=1.25e-8,
        half_saturation_tuning=0.015625,
        **_paths("half_saturation_slope", (0.02,) * 6),
        protection=3.0,
        **_cue(0.5, 0.25, 0.7, 0.35),
        turnover_npp_low=0.6,
        turnover_npp_high=1.3,
        turnover_multiplier=1.0,
        to_physical_r=0.15,
        to_physical_k=0.10,
        to_chemical_multiplier=3.0,
        desorption=1e-5,
        desorption_exponent=-2.0,
        litter_multiplier=0.75,
        depth=100.0,
    ),
}  # fmt: skip
