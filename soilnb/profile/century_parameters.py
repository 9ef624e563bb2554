"""The parameters of CENTURY: the SoilR form and the ORCHIDEE form.

Both have the same seven pools and the same transfers. They differ in the rates, in the texture
that acts on the active pool (clay and silt, or clay alone), and in the functions of temperature
and moisture, which is the option ``climate``.
"""

from soilnb.parameters import Parameter, ParameterSet

_SOILR = "cran/SoilR@6d63c04 v1.2.107"
_CENTURY_MODEL = f"{_SOILR} R/CenturyModel.R"
_CONSTANTS = "yangsssu/ORCHIDEE-CROP@8a57133 constantes_var.f90"

#: name: (unit, bounds, symbol, meaning)
_SHARED = {
    "texture_on_active": (
        "1", (0.0, 1.0), "a_{tex}", "slowing of the active pool by the texture fraction",
    ),
    "respired_active": (
        "1", (0.0, 1.0), "a_E", "respired share of active turnover in a soil without fines",
    ),
    "respired_active_slope": (
        "1", (0.0, 1.0), "b_E", "fall of that share with the texture fraction",
    ),
    "lignin_on_structural": (
        "1", (0.0, 10.0), "b_L", "slowing of structural litter: exp(-b_L lignin)",
    ),
    "surface_structural_to_active": (
        "1", (0.0, 1.0), r"\alpha_{51}", "share of surface structural litter without lignin that "
        "reaches the active pool",
    ),
    "soil_structural_to_active": (
        "1", (0.0, 1.0), r"\alpha_{53}", "share of soil structural litter without lignin that "
        "reaches the active pool",
    ),
    "lignin_to_slow": (
        "1", (0.0, 1.0), r"\alpha_{61}", "share of the lignin of structural litter that reaches "
        "the slow pool",
    ),
    "metabolic_to_active": (
        "1", (0.0, 1.0), r"\alpha_{52}", "share of metabolic litter that reaches the active pool",
    ),
    "active_to_passive": (
        "1", (0.0, 0.1), r"\alpha_{75}", "share of active turnover that reaches the passive pool",
    ),
    "slow_to_active": (
        "1", (0.0, 1.0), r"\alpha_{56}", "share of slow turnover that reaches the active pool",
    ),
    "slow_to_passive": (
        "1", (0.0, 1.0), r"\alpha_{76}", "share of slow turnover that reaches the passive pool",
    ),
    "passive_to_active": (
        "1", (0.0, 1.0), r"\alpha_{57}", "share of passive turnover that reaches the active pool",
    ),
    "litter_intercept": (
        "1", (0.0, 1.0), "a_{met}", "metabolic share of litter without lignin",
    ),
    "litter_slope": ("1", (0.0, 0.1), "b_{met}", "fall of the metabolic share with lignin:N"),
}  # fmt: skip

_TRANSFERS = {
    "texture_on_active": 0.75,
    "respired_active": 0.85,
    "respired_active_slope": 0.68,
    "lignin_on_structural": 3.0,
    "surface_structural_to_active": 0.55,
    "soil_structural_to_active": 0.45,
    "lignin_to_slow": 0.7,
    "metabolic_to_active": 0.45,
    "active_to_passive": 0.004,
    "slow_to_active": 0.42,
    "slow_to_passive": 0.03,
    "passive_to_active": 0.45,
    "litter_intercept": 0.85,
    "litter_slope": 0.018,
}

#: Names of the same numbers in constantes_var.f90.
_ORCHIDEE_NAMES = {
    "texture_on_active": "flux_tot_coeff(3)",
    "respired_active": "metabolic_ref_frac, used in stomate_soilcarbon.f90",
    "respired_active_slope": "active_to_pass_clay_frac",
    "lignin_on_structural": "litter_struct_coef",
    "surface_structural_to_active": "frac_soil_struct_aa",
    "soil_structural_to_active": "frac_soil_struct_ab",
    "lignin_to_slow": "frac_soil_struct_sa",
    "metabolic_to_active": "frac_soil_metab_aa",
    "active_to_passive": "frac_carb_ap",
    "slow_to_active": "frac_carb_sa",
    "slow_to_passive": "frac_carb_sp",
    "passive_to_active": "frac_carb_pa",
    "litter_intercept": "metabolic_ref_frac",
    "litter_slope": "metabolic_LN_ratio",
}

_POOL_WORDS = {
    "surface_structural": "structural litter on the surface",
    "surface_metabolic": "metabolic litter on the surface",
    "soil_structural": "structural litter in the soil",
    "soil_metabolic": "metabolic litter in the soil",
    "active": "the active pool",
    "slow": "the slow pool",
    "passive": "the passive pool",
}


def _rates(values: tuple[float, ...], unit: str, sources: tuple[str, ...]) -> dict[str, Parameter]:
    return {
        f"rate_{pool}": Parameter(
            value, unit, (1e-3 * value, 10.0 * value), f"k_{i}", f"decomposition rate of {words}",
            source, scale="log",
        )
        for i, ((pool, words), value, source) in enumerate(
            zip(_POOL_WORDS.items(), values, sources, strict=True), start=1
        )
    }  # fmt: skip


def _shared(sources: dict[str, str]) -> dict[str, Parameter]:
    return {
        name: Parameter(_TRANSFERS[name], unit, bounds, symbol, meaning, sources[name])
        for name, (unit, bounds, symbol, meaning) in _SHARED.items()
    }


_FT = f"{_SOILR} R/fT.Century1.R"
_FW = f"{_SOILR} R/fW.Century.R"
_LITTER = "stomate_litter.f90, control_temp_func and control_moist_func"

#: Residence times of ORCHIDEE in years, and what the source calls them.
_TAU = (0.245, 0.066, 0.245, 0.066, 0.149, 5.48, 241.0)
_TAU_NAMES = (
    "tau_struct", "tau_metabolic", "tau_struct", "tau_metabolic",
    "carbon_tau_iactive", "carbon_tau_islow", "carbon_tau_ipassive",
)  # fmt: skip

#: The two sets of CENTURY by name.
PARAMETER_SETS = {
    "soilr": ParameterSet(
        "soilr",
        {
            **_rates(
                (0.076, 0.28, 0.094, 0.35, 0.14, 0.0038, 0.00013),
                "week-1",
                tuple(f"{_CENTURY_MODEL}, ks" for _ in _POOL_WORDS),
            ),
            **_shared(dict.fromkeys(_SHARED, f"{_CENTURY_MODEL}; Parton et al. 1987, "
                                             "doi:10.2136/sssaj1987.03615995005100050015x")),
            "temperature_maximum": Parameter(
                45.0, "degC", (44.5, 60.0), "T_{max}", "temperature at which decomposition ends",
                f"{_FT}, Tmax",
            ),
            "temperature_optimum": Parameter(
                35.0, "degC", (20.0, 44.0), "T_{opt}", "temperature of fastest decomposition",
                f"{_FT}, Topt",
            ),
            "temperature_left": Parameter(
                0.2, "1", (0.01, 2.0), "a_T", "exponent of the temperature function above the "
                "optimum", _FT,
            ),
            "temperature_right": Parameter(
                2.63, "1", (0.5, 5.0), "b_T", "exponent of the temperature function below the "
                "optimum", _FT,
            ),
            "moisture_scale": Parameter(
                30.0, "1", (1.0, 100.0), "a_W", "drought: the modifier is 1 / (1 + a) without rain",
                _FW,
            ),
            "moisture_exponent": Parameter(
                8.5, "1", (1.0, 20.0), "b_W", "rise of the modifier with P/PET", _FW,
            ),
        },
        "CenturyModel of SoilR, after Parton et al. 1987; texture is clay and silt",
        {"climate": "soilr", "texture": "clay+silt"},
    ),
    "orchidee": ParameterSet(
        "orchidee",
        {
            **_rates(
                tuple(1 / tau for tau in _TAU),
                "yr-1",
                tuple(
                    f"{_CONSTANTS}, 1 / {name} with {name} = {tau:g} yr"
                    for name, tau in zip(_TAU_NAMES, _TAU, strict=True)
                ),
            ),
            **_shared({name: f"{_CONSTANTS}, {label}" for name, label in _ORCHIDEE_NAMES.items()}),
            "temperature_sensitivity": Parameter(
                0.69, "1", (0.0, 2.0), r"\ln Q_{10}", "logarithm of the rise over 10 degC",
                f"{_CONSTANTS}, soil_Q10; {_LITTER}",
            ),
            "temperature_reference": Parameter(
                30.0, "degC", (10.0, 40.0), "T_{ref}", "temperature from which the modifier is 1",
                f"{_CONSTANTS}, tsoil_ref; {_LITTER}",
            ),
            "moisture_square": Parameter(
                1.1, "1", (0.0, 5.0), "a_W", "quadratic coefficient of the moisture modifier",
                f"{_CONSTANTS}, moist_coeff(1); {_LITTER}",
            ),
            "moisture_linear": Parameter(
                2.4, "1", (0.0, 5.0), "b_W", "linear coefficient of the moisture modifier",
                f"{_CONSTANTS}, moist_coeff(2); {_LITTER}",
            ),
            "moisture_constant": Parameter(
                0.29, "1", (0.0, 1.0), "c_W", "constant of the moisture modifier",
                f"{_CONSTANTS}, moist_coeff(3); {_LITTER}",
            ),
            "moisture_low": Parameter(
                0.25, "1", (0.0, 1.0), "f_{W,min}", "lowest moisture modifier",
                f"{_CONSTANTS}, moistcont_min; {_LITTER}",
            ),
        },
        "soil carbon of ORCHIDEE-CROP; rates hold at 30 degC and moist soil; texture is clay",
        {"climate": "orchidee", "texture": "clay"},
    ),
}  # fmt: skip
