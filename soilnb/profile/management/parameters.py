"""What management can do to a profile: records of the practices of Luo et al. 2025, Table 1.

Each practice has the parameters of its operation (illustrative values unless the source says
otherwise), what Table 1 says of it, and a published magnitude where one was found.
"""

from __future__ import annotations

from dataclasses import dataclass

from soilnb.parameters import Parameter, ParameterSet

_ASSUMED = "illustrative"
_SIERRA = "Sierra et al. 2024, doi:10.1111/gcb.17153"
_JACKSON = "Jackson et al. 1996, doi:10.1007/BF00333714"
_LUO = "Luo et al. 2025, section 5"


def _depths(top: float, bottom: float, what: str) -> dict[str, Parameter]:
    low, high = (0.0, 10.0), (0.01, 20.0)
    return {
        "top": Parameter(top, "m", low, "z_1", f"upper depth of {what}", _ASSUMED),
        "bottom": Parameter(bottom, "m", high, "z_2", f"lower depth of {what}", _ASSUMED),
    }


def _beta(value: float, source: str) -> Parameter:
    words = "share of roots below d cm is beta to the power of d"
    return Parameter(value, "1", (0.5, 0.999), r"\beta", words, source)


_PRIMING = Parameter(
    0.0, "1", (0.0, 2.0), "p",
    "priming: relative rise of the decay of soil carbon per relative rise of the input at a depth",
    f"off by default; {_LUO}, Table 1 names the risk, no value",
)  # fmt: skip


def _set(name: str, description: str, **records: Parameter) -> ParameterSet:
    return ParameterSet(name, records, description)


PARAMETERS = {
    "deep_roots": _set(
        "deep_roots",
        "the same carbon from roots, deeper",
        root_beta=_beta(0.975, "deeper than crops (0.961) and global plants (0.966); illustrative"),
        priming=_PRIMING,
    ),
    "perennials": _set(
        "perennials",
        "the same net primary production, more of it below ground, and deeper",
        belowground=Parameter(
            0.5, "1", (0.0, 0.95), "f_b", "share of production that goes below ground",
            f"perennial forage about 50 %: Bolinder et al. 2007, as cited by {_SIERRA}",
        ),
        belowground_before=Parameter(
            0.2, "1", (0.01, 0.95), "f_{b,0}", "share of production below ground before",
            f"annual crops about 20 %: Bolinder et al. 2007, as cited by {_SIERRA}",
        ),
        root_beta=_beta(0.972, "between crops and conifers; illustrative"),
        priming=_PRIMING,
    ),
    "agroforestry": _set(
        "agroforestry",
        "trees on a share of the field, with their own litter and roots",
        tree_share=Parameter(
            0.15, "1", (0.0, 1.0), "s", "share of the field under trees", _ASSUMED
        ),
        tree_input=Parameter(
            600.0, "g C m-2 yr-1", (0.0, 3000.0), "I_t", "carbon from trees, where they stand",
            _ASSUMED,
        ),
        tree_belowground=Parameter(
            0.4, "1", (0.0, 1.0), "f_t", "share of the trees' carbon that comes from roots",
            f"39 % in temperate forests: Saugier et al. 2001, as cited by {_SIERRA}",
        ),
        root_beta=_beta(0.976, f"temperate conifers, {_JACKSON}"),
        priming=_PRIMING,
    ),
    "inversion": _set(
        "inversion",
        "the soil above a depth turned upside down, once",
        depth=Parameter(0.6, "m", (0.02, 10.0), "D", "depth to which the soil is turned", _ASSUMED),
        memory=Parameter(
            0.0, "1", (0.0, 1.0), "w",
            "what decay follows: 0 the new depth, 1 the material, between them the geometric mean",
            "the open question of the practice; both ends are shown",
        ),
    ),
    "ditch_straw": _set(
        "ditch_straw",
        "residues buried in ditches that move on each year; soil is mixed only there",
        share=Parameter(0.1, "1", (0.001, 1.0), "s", "share of the field that is dug each year",
            _ASSUMED),
        buried=Parameter(
            1.0, "1", (0.0, 1.0), "f", "share of the residues that is buried", _ASSUMED
        ),
        **_depths(0.2, 0.4, "the straw"),
    ),
    "compost": _set(
        "compost",
        "compost put into the subsoil each year",
        amount=Parameter(
            100.0, "g C m-2 yr-1", (0.0, 2000.0), "A", "carbon of the compost", _ASSUMED
        ),
        kept=Parameter(0.3, "1", (0.0, 1.0), "h_c", "share of compost carbon that becomes soil",
            "illustrative: compost is partly decomposed, so more is kept than of roots (0.24)"),
        **_depths(0.3, 0.6, "the compost"),
    ),
    "biochar": _set(
        "biochar",
        "biochar put into the subsoil once",
        amount=Parameter(
            1000.0, "g C m-2", (0.0, 20_000.0), "A", "carbon of the biochar",
            "10 Mg C ha-1, illustrative",
        ),
        turnover=Parameter(
            500.0, "yr", (10.0, 5000.0), r"\tau", "turnover time of the biochar at any depth",
            "within 100-1,000 yr; illustrative", "log",
        ),
        slowdown=Parameter(
            0.055, "1", (0.0, 0.95), "m", "slowdown of the decay of soil carbon beside it",
            "mineralisation of native carbon 5.5 % lower, Weng et al. 2017, "
            "doi:10.1038/nclimate3276",
        ),
        **_depths(0.3, 0.6, "the biochar"),
    ),
    "minerals": _set(
        "minerals",
        "reactive minerals or clay that bind carbon in the subsoil",
        slowdown=Parameter(
            0.2, "1", (0.0, 0.95), "m", "slowdown of the decay of soil carbon there", _ASSUMED
        ),
        **_depths(0.3, 0.6, "the minerals"),
    ),
    "deep_nutrients": _set(
        "deep_nutrients",
        "phosphorus and potassium placed deep, so that roots follow",
        root_beta=_beta(0.967, "a little deeper than crops (0.961); illustrative"),
        growth=Parameter(0.05, "1", (0.0, 2.0), "g", "relative rise of the root input", _ASSUMED),
        priming=_PRIMING,
    ),
    "earthworms": _set(
        "earthworms",
        "deep-burrowing earthworms that mix the soil",
        factor=Parameter(
            3.0, "1", (1.0, 100.0), "f", "mixing over mixing before", "2 to 5, illustrative"
        ),
        bottom=Parameter(1.0, "m", (0.01, 20.0), "z_2", "depth to which they burrow", _ASSUMED),
    ),
    "suberin": _set(
        "suberin",
        "plants whose roots hold more of a compound that decays slowly",
        share=Parameter(0.1, "1", (0.0, 1.0), "s", "share of the root carbon in that compound",
            _ASSUMED),
        slower=Parameter(
            0.1, "1", (1e-3, 1.0), "f", "decay of the compound over that of fresh remains", _ASSUMED
        ),
    ),
    "inoculants": _set(
        "inoculants",
        "microbes that keep more of what they decompose",
        gain=Parameter(
            0.05, "1", (0.0, 0.5), r"\Delta h", "rise of the share of input that becomes soil",
            "illustrative; a rise of the intrinsic efficiency by 0.05",
        ),
    ),
}  # fmt: skip

#: Row of Table 1: mechanisms, challenges and representative references, as the paper has them.
GROUPS = {
    "Deep-rooted crops and perennials": (
        "more carbon to the subsoil from roots and exudates; more microbial processing at depth",
        "breeding; competition for water and nutrients; priming of native carbon",
        "Luo et al. 2024; Skole et al. 2021; Lynch et al. 2022",
    ),
    "Full-inversion tillage": (
        "moves carbon-rich topsoil to where decomposition is slow; bares subsoil to fresh inputs",
        "subsoil structure and CO2 losses where done badly; may need complementary practices",
        "Lawrence-Smith et al. 2021; Zhu et al. 2022",
    ),
    "Soil amendments": (
        "feed roots at depth; bring organic matter to the subsoil; add reactive minerals or clay",
        "cost; compaction; few field studies; sourcing of materials",
        "Buss et al. 2024; Weng et al. 2017; Liu et al. 2022",
    ),
    "Bioengineering": (
        "microbes or earthworms that stabilise carbon; plants with resistant compounds",
        "works at some sites only; ecological risks",
        "Elnahal et al. 2022; Thomas et al. 2020; Liu et al. 2023",
    ),
}


@dataclass(frozen=True)
class Text:
    """What is said of a practice.

    Attributes
    ----------
    title : str
        Name for figures and tables.
    group : str
        Row of Table 1, a key of `GROUPS`.
    operation : str
        What the practice does in the model, with the names of its parameters in braces.
    published : str
        A published magnitude, or that none was found.
    source : str
        Where the magnitude is from.
    """

    title: str
    group: str
    operation: str
    published: str
    source: str


_NOT_FOUND = "no magnitude found"

TEXTS = {
    "deep_roots": Text(
        "deep-rooted crops",
        "Deep-rooted crops and perennials",
        "root beta {root_beta:g}, the same input",
        "deeper maize roots, modelled: +0.05 to +0.15 Mg C ha-1 yr-1 (with more root biomass)",
        "Cotrufo et al. 2024, doi:10.1111/gcb.17591",
    ),
    "perennials": Text(
        "perennials",
        "Deep-rooted crops and perennials",
        "belowground share of production {belowground_before:g} -> {belowground:g}, root beta "
        "{root_beta:g}",
        _NOT_FOUND + " for the whole profile",
        "-",
    ),
    "agroforestry": Text(
        "agroforestry",
        "Deep-rooted crops and perennials",
        "trees on {tree_share:.0%} of the field: {tree_input:g} g C m-2 yr-1 there, root beta "
        "{root_beta:g}",
        "from cropland, 0-100 cm: +34 % (53 studies); temperate sites, another synthesis: -5.3 % "
        "in 0-100 cm; Silsoe: no more carbon below 50 cm under trees",
        "De Stefano & Jacobson 2018; Chatterjee et al. 2018; data set silsoe",
    ),
    "inversion": Text(
        "full-inversion tillage, decay by depth",
        "Full-inversion tillage",
        "the soil above {depth:g} m mirrored once; turned carbon decays as its new depth does",
        "deep-ploughed croplands after 25-48 yr: subsoil carbon +67 %, buried carbon 32 % more "
        "stable, more carbon in 0-100 cm; forests: subsoil +48 %, no more carbon in 0-100 cm",
        "Alcántara et al. 2017, doi:10.1038/s41598-017-05501-y",
    ),
    "inversion_material": Text(
        "full-inversion tillage, decay by material",
        "Full-inversion tillage",
        "the soil above {depth:g} m mirrored once; turned carbon keeps the decay it had",
        "six months after: redistributed, no change to 40 cm",
        "Dijkstra, doi:10.25609/sure.v5.4213",
    ),
    "ditch_straw": Text(
        "ditch-buried straw",
        "Full-inversion tillage",
        "residues to {top:g}-{bottom:g} m; each year {share:.0%} of the field is dug and mixed "
        "down to there",
        "four years of rice and wheat: more total and labile carbon near the straw; no stock to "
        "compare with was found",
        "abstract of a field experiment in a rice-wheat rotation (ditch-buried straw return)",
    ),
    "compost": Text(
        "deep compost",
        "Soil amendments",
        "{amount:g} g C m-2 yr-1 to {top:g}-{bottom:g} m, {kept:.0%} kept",
        "compost and cover crop, 25 yr: about +19 Mg C ha-1 to 1 m; cover crop alone: no change",
        "Rath et al. 2022, SOIL 8",
    ),
    "biochar": Text(
        "deep biochar",
        "Soil amendments",
        "{amount:g} g C m-2 to {top:g}-{bottom:g} m once, turnover {turnover:g} yr, soil carbon "
        "beside it {slowdown:.1%} slower",
        "field meta-analysis, 1-10 yr: +13.0 Mg ha-1, +29 %",
        "meta-analysis in Agronomy 2021; slowdown: Weng et al. 2017",
    ),
    "minerals": Text(
        "reactive minerals, clay",
        "Soil amendments",
        "soil carbon in {top:g}-{bottom:g} m decays {slowdown:.0%} slower",
        _NOT_FOUND,
        "-",
    ),
    "deep_nutrients": Text(
        "deep nutrients",
        "Soil amendments",
        "root beta {root_beta:g}, root input {growth:+.0%}",
        _NOT_FOUND,
        "-",
    ),
    "earthworms": Text(
        "earthworms",
        "Bioengineering",
        "mixing times {factor:g} in 0-{bottom:g} m",
        "SOC +5.4 % (2.2 to 9.1), mineral-associated carbon +21.2 %; any depth, mixing not told "
        "from stabilisation",
        "Li et al., global synthesis of 122 studies, PMC13001015",
    ),
    "suberin": Text(
        "suberin-rich roots",
        "Bioengineering",
        "{share:.0%} of root carbon in a compound that decays {slower:g} times as fast",
        _NOT_FOUND,
        "-",
    ),
    "inoculants": Text(
        "microbial inoculants",
        "Bioengineering",
        "{gain:g} more of the input becomes soil carbon",
        _NOT_FOUND,
        "-",
    ),
}
