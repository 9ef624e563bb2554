"""The parameters of the whole-profile model: three named sets.

One form serves all sets. Of the carbon that enters, a share becomes *soil* (organic matter that
stays for decades to millennia), the rest is *fresh* plant remains that decay within years; both
are moved alike. Roots and the residues left on the field enter at their own depths and are kept
with their own shares. A set with the shares at 1 has one material only.
"""

from soilnb.parameters import Parameter, ParameterSet

_SIERRA = "Sierra et al. 2024, doi:10.1111/gcb.17153"
_CODE = "MPIBGC-TEE/subsoilCseq@4ee0d95"
_LUO = "Luo et al. 2025"


def _definitions() -> dict[str, tuple]:
    """Name: (unit, bounds, symbol, meaning, scale)."""
    table = {
        "depth": ("m", (0.05, 20.0), "L", "depth of the profile"),
        "diffusion": ("cm2 yr-1", (0.0, 500.0), r"\kappa", "mixing by animals and roots"),
        "advection": ("cm yr-1", (0.0, 50.0), "v", "transport with water"),
        "root_input": ("g C m-2 yr-1", (0.0, 5000.0), "I_r", "carbon from roots"),
        "residue_input": (
            "g C m-2 yr-1", (0.0, 5000.0), "I_s", "carbon from residues on the field",
        ),
        "residue_depth": (
            "cm", (0.1, 100.0), "d_s", "depth to which residues are worked in, evenly",
        ),
        "root_beta": (
            "1", (0.5, 0.999), r"\beta", "share of roots below d cm is beta to the power of d",
        ),
        "root_d50": ("cm", (0.1, 500.0), "D_{50}", "depth above which half of the roots are"),
        "root_d95": ("cm", (0.2, 2000.0), "D_{95}", "depth above which 95 % of the roots are"),
        "root_kept": ("1", (0.0, 1.0), "h_r", "share of root carbon that becomes soil"),
        "residue_kept": ("1", (0.0, 1.0), "h_s", "share of residue carbon that becomes soil"),
        "decay": ("yr-1", (1e-5, 100.0), "k_0", "decay of soil carbon at the surface", "log"),
        "decay_depth": (
            "cm", (1.0, 1e6), "z_e", "depth over which the decay of soil carbon falls to 1/e",
            "log",
        ),
        "fresh_decay": ("yr-1", (1e-3, 100.0), "k_f", "decay of fresh remains at the surface",
            "log",
        ),
        "fresh_decay_depth": (
            "cm", (1.0, 1e6), "z_f", "depth over which the decay of fresh remains falls to 1/e",
            "log",
        ),
        "erosion": ("mm yr-1", (0.0, 100.0), "e", "soil lost at the surface"),
        "deposition": ("mm yr-1", (0.0, 100.0), "d", "sediment that settles on the surface"),
        "sediment_carbon": ("g C m-3", (0.0, 2e5), "C_d", "carbon of the sediment that settles"),
    }  # fmt: skip
    return {name: (*row, "linear")[:5] for name, row in table.items()}


DEFINITIONS = _definitions()

#: Switches: how roots are spread, whether water carries carbon out at the lower end, and which
#: discretisation (`soilnb.profile.depth`).
OPTIONS = {
    "roots": ("beta", "logistic"),
    "bottom": ("closed", "open"),
    "boundary": ("conservative", "published"),
}


def _set(
    name: str, description: str, values: dict[str, tuple[float, str]], **options: str
) -> ParameterSet:
    records = {}
    for key, (value, source) in values.items():
        unit, bounds, symbol, meaning, scale = DEFINITIONS[key]
        records[key] = Parameter(value, unit, bounds, symbol, meaning, source, scale)
    missing = set(DEFINITIONS) - set(records)
    if missing:
        raise KeyError(f"set {name}: no value for {sorted(missing)}")
    return ParameterSet(name, records, description, options)


_NONE = "none in this set"
_UNUSED = "not used by this set; a typical value"

_STILL_SURFACE = {
    "erosion": (0.0, "none by default"),
    "deposition": (0.0, "none by default"),
    "sediment_carbon": (
        10_000.0, "1 % organic carbon at 1,000 kg m-3, assumed; counts only with deposition",
    ),
}  # fmt: skip

_LOGISTIC = {
    "root_d50": (
        14.0,
        "median of 563 profiles, Schenk & Jackson 2002; the option roots = logistic",
    ),
    "root_d95": (
        87.0,
        "median of 563 profiles, Schenk & Jackson 2002; the option roots = logistic",
    ),
}

_FRESH = {
    "fresh_decay": (1.0, f"{_SIERRA}, the faster of its decay rates"),
    "fresh_decay_depth": (90.0, f"{_SIERRA}, z_e"),
}

PARAMETER_SETS = {
    "cropland": _set(
        "cropland",
        "a temperate cropland with annual crops, 0-2 m; fresh remains and soil carbon",
        {
            "depth": (2.0, f"{_LUO}, Fig. 1"),
            "diffusion": (0.71, f"Bruun et al. 2007, as cited by {_SIERRA}"),
            "advection": (0.0081, f"Bruun et al. 2007, as cited by {_SIERRA}"),
            "root_input": (
                180.0,
                "global mean: 1.1 Mg C ha-1 yr-1 in 0-20 cm is about 60 % of the total, Xiao et al."
                f" 2023 as cited by {_SIERRA}",
            ),
            "residue_input": (
                250.0, "assumed: 2.5 Mg C ha-1 yr-1 of straw and stubble left on the field",
            ),
            "residue_depth": (20.0, "assumed: ploughing depth"),
            "root_beta": (0.961, "crops, Jackson et al. 1996"),
            **_LOGISTIC,
            "root_kept": (
                0.24,
                "root carbon 9 %, rhizodeposits 46 % in mineral-associated carbon, at 60:40 (mix "
                "assumed): review PMC8046368",
            ),
            "residue_kept": (0.07, "shoots 7 % in mineral-associated carbon: review PMC8046368"),
            "decay": (
                1 / 57.6,
                "log-linear fit to the turnover times of crops, 0-1 m, in the data of "
                f"{_SIERRA} ({_CODE})",
            ),
            "decay_depth": (45.7, f"the same fit ({_CODE})"),
            **_FRESH,
            **_STILL_SURFACE,
        },
        roots="beta",
        bottom="open",
        boundary="conservative",
    ),
    "luo2025": _set(
        "luo2025",
        "the global soil of Luo et al. 2025, Fig. 1: root input times turnover time, 0-2 m",
        {
            "depth": (2.0, f"{_LUO}, Fig. 1"),
            "diffusion": (0.71, f"Bruun et al. 2007, as cited by {_SIERRA}"),
            "advection": (0.0081, f"Bruun et al. 2007, as cited by {_SIERRA}"),
            "root_input": (180.0, f"Xiao et al. 2023, as cited by {_SIERRA}"),
            "residue_input": (0.0, "turnover times of the paper count root input only"),
            "residue_depth": (20.0, _UNUSED),
            "root_beta": (0.966, "global, Jackson et al. 1996"),
            **_LOGISTIC,
            "root_kept": (1.0, "one material, as in the paper's Eq. 1"),
            "residue_kept": (1.0, "one material, as in the paper's Eq. 1"),
            "decay": (
                1 / 38.3,
                f"{_LUO}, section 4: about 50 yr in 0-20 cm, 4,000 yr in 150-200 cm",
            ),
            "decay_depth": (37.7, f"{_LUO}, section 4: the same two numbers"),
            **_FRESH,
            **_STILL_SURFACE,
        },
        roots="beta",
        bottom="open",
        boundary="conservative",
    ),
    "sierra2024": _set(
        "sierra2024",
        "the experiments of Sierra et al. 2024 on transport and decay, 0-1 m, one material",
        {
            "depth": (1.0, f"{_CODE}, Code/simulationExample.R"),
            "diffusion": (1.0, f"{_CODE}, Code/simulationExample.R"),
            "advection": (5.0, f"{_SIERRA}, the faster of its two transports"),
            "root_input": (1.0, f"{_SIERRA}: u(z) = -beta^z ln beta, all together 1"),
            "residue_input": (0.0, _NONE),
            "residue_depth": (20.0, _UNUSED),
            "root_beta": (0.95, f"{_CODE}, Code/simulationExample.R"),
            **_LOGISTIC,
            "root_kept": (1.0, "one material"),
            "residue_kept": (1.0, "one material"),
            "decay": (1.0, f"{_SIERRA}, the faster of its two decay rates"),
            "decay_depth": (90.0, f"{_SIERRA}, z_e"),
            **_FRESH,
            **_STILL_SURFACE,
        },
        roots="beta",
        bottom="open",
        boundary="conservative",
    ),
}  # fmt: skip
