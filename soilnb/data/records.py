"""The records of the registry: one per data set, with citation, licence, files and checksums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import xarray as xr

from soilnb.data import depth_readers, depth_twins, incubations, planet, readers, twins


@dataclass(frozen=True)
class File:
    """One file of a data set: its name here, its SHA-256, and its URL upstream if it has one.

    An optional file is checked where it lies, and may be absent.
    """

    name: str
    sha256: str
    url: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Record:
    """What the registry knows about one data set.

    Attributes
    ----------
    title, citation, licence, url : str
        For people; `url` is the page or repository that publishes the data.
    reader : callable
        Takes the folder with the files, or nothing where the package holds the table.
    files : tuple of File
        Empty where the package holds the table.
    present : tuple of str
        Names of further files that must be there; their content is not compared.
    release : str
        Pattern of a file that stands in place of `files`, of whatever release it is; the reader
        notes which.
    release_url : str
        Where the releases come from.
    twin : callable, optional
        Makes the synthetic stand-in.
    twin_source : str
        What the twin is, in words.
    """

    title: str
    citation: str
    licence: str
    url: str
    reader: Callable[..., xr.Dataset]
    files: tuple[File, ...] = ()
    present: tuple[str, ...] = ()
    release: str = ""
    release_url: str = ""
    twin: Callable[[], xr.Dataset] | None = None
    twin_source: str = ""

    @property
    def in_package(self) -> bool:
        """Whether the package itself holds the table."""
        return not self.files and not self.present

    @property
    def downloadable(self) -> bool:
        """Whether every file that is needed has a URL upstream and a checksum."""
        needed = [file for file in self.files if not file.optional]
        return bool(needed) and all(file.url for file in needed) and not self.present

    @property
    def source(self) -> str:
        """Where the files come from, in words."""
        named = [file.url or f"{self.url} ({file.name})" for file in self.files]
        if self.present:
            named.append(f"{self.url} ({len(self.present)} files)")
        return "; ".join(named)


_RAW = "https://raw.githubusercontent.com"
_MIMICS = f"{_RAW}/wwieder/MIMICS/2b7174017f8cfbe4e21f0b6c43a6b158523ce7ae"
_TESTBED = (
    f"{_RAW}/wwieder/biogeochem_testbed/27ae1a0b673411642cd780ecad66d1c8f84e6a58/EXAMPLE_GRID"
)
_YU = f"{_RAW}/KailiangYu/Microbial-carbon-use-efficiency/c9cd114975b770bc48effb80c6cd2a72bf7d0fdc"
_ROOTS = (
    f"{_RAW}/leizhang-geo/global_soil_carbon_turnover_time/"
    "ab236b5cca250e5e007b91ce8fdb71160691ef9e/datasets/root_profile_data"
)
_SIERRA = f"{_RAW}/MPIBGC-TEE/subsoilCseq/4ee0d95bf4d32195fbce4141c4ae9151f00447c5/Data"
_SILSOE = f"{_RAW}/ivyleavedtoadflax/research_data/52aed197afc7831097b8158a49b06a6f5959bb18/silsoe"
_WIEDER = (
    "Wieder et al. 2014, Biogeosciences 11, 3899-3917, doi:10.5194/bg-11-3899-2014; "
    "Wieder et al. 2015, Geosci. Model Dev. 8, 1789-1808, doi:10.5194/gmd-8-1789-2015"
)

#: The data sets by name; a name is also the name of the folder in ``SOILNB_DATA``.
RECORDS: dict[str, Record] = {
    "lter": Record(
        title="14 LTER sites published with MIMICS",
        citation=_WIEDER,
        licence="facts printed in the papers",
        url="https://doi.org/10.5194/gmd-8-1789-2015",
        reader=readers.read_lter,
    ),
    "mimics": Record(
        title="LTER sites, the file published with MIMICS",
        citation=_WIEDER,
        licence="MIT",
        url="https://github.com/wwieder/MIMICS",
        reader=readers.read_mimics,
        files=(
            File(
                "mimics_LTER_SITE_1.csv",
                "1579000fdf14b18219f332b85db5ad63bfb0721efb8b29d7b0a84d9985fd5157",
                f"{_MIMICS}/LTER_SITE_1.csv",
            ),
        ),
    ),
    "testbed": Record(
        title="Global grid of the biogeochemical testbed",
        citation="Wieder et al. 2018, Glob. Change Biol. 24, 1563-1579, doi:10.1111/gcb.13979",
        licence="MIT",
        url="https://github.com/wwieder/biogeochem_testbed",
        reader=readers.read_testbed,
        files=(
            File(
                "testbed_cnpflux_end_prespin_1901.csv",
                "f9991139cec45f61c522f2c896da43a4279e9a81330354df69af750c05183427",
                f"{_TESTBED}/cnpflux_end_prespin_1901_x100.csv",
            ),
            File(
                "testbed_gridinfo_igbpz.csv",
                "ada6ba73e840e6ca7427c795e72857b1529acb4173b2e8044b5b5380819d6450",
                f"{_TESTBED}/gridinfo_igbpz.csv",
            ),
            File(
                "testbed_gridinfo_soil_clm2.csv",
                "8337ae32b9b7dfaa5f018c9ddb4c378757cabf7e05e8e14feaed9590ffaf746b",
                f"{_TESTBED}/gridinfo_soil_clm2.csv",
            ),
            File(
                "testbed_mimicspool_end_spin.csv",
                "c39a12006c8839618b3ff7bc24cabd7f9eafd9359b8b852e459d30409bbaeb81",
                f"{_TESTBED}/mimicspool_end_1901_1920_spin_x499b.csv",
            ),
            File(
                "testbed_pftlookup_mimics.csv",
                "f851f7e0b1a80714eabc2e271af4eab62bd034d6ee9b35d8c493869b33cc1fa5",
                f"{_TESTBED}/pftlookup_LIDET-MIM-REV_lowerKM_v11.28.2017.csv",
            ),
        ),
        twin=planet.teaching_planet,
        twin_source="teaching planet of soilnb.data.planet: real land mask and Köppen-Geiger "
        "zones, climate, NPP, vegetation and texture from stated formulas",
    ),
    "cue": Record(
        title="826 measured microbial carbon use efficiencies",
        citation="Yu et al. 2025, Nat. Commun. 16, doi:10.1038/s41467-025-57900-9",
        licence="none stated: read, cite, do not redistribute",
        url="https://github.com/KailiangYu/Microbial-carbon-use-efficiency",
        reader=readers.read_cue,
        files=(
            File(
                "yu2025_CUE_dataset_826.csv",
                "a0b488943db4f1198791647c747c4887a1b1724e746d9a4730cf3645450f2105",
                f"{_YU}/data_CUE_original_detrended_env_submission.csv",
            ),
        ),
        twin=twins.cue_twin,
        twin_source="generator of soilnb.data.twins: count, mean, spread and slope of each "
        "method as in Yu et al. 2025",
    ),
    "srdb": Record(
        title="Soil respiration database, version 5",
        citation="Jian et al. 2021, Earth Syst. Sci. Data 13, 255-267, "
        "doi:10.5194/essd-13-255-2021",
        licence="MIT",
        url="https://github.com/bpbond/srdb",
        reader=readers.read_srdb,
        files=(
            File(
                "srdb-data-V5.csv",
                "dd86279f75498a93f6db672057b96b850cff6ca768b15d3a5214249080ad4f26",
            ),
        ),
    ),
    "israd": Record(
        title="Layers of soil profiles with organic carbon and radiocarbon (extract of ISRaD)",
        citation="Lawrence et al. 2020, Earth Syst. Sci. Data 12, 61-76, "
        "doi:10.5194/essd-12-61-2020; von Fromm et al. 2024, doi:10.5281/zenodo.11105261",
        licence="Apache-2.0",
        url="https://github.com/SophievF/Global_SOC_Abundance_Persistence",
        reader=readers.read_israd,
        files=(
            File(
                "israd_layers_filtered_2023-02-08_subset.csv",
                "3d2c1c45c330cf3fcd068971a8bca991726ec8e9792c74d47488aaa57a350773",
            ),
        ),
        release="ISRaD_*flat_layer*.csv",
        release_url="https://github.com/International-Soil-Radiocarbon-Database/ISRaD, folder "
        "ISRaD_data_files/database",
    ),
    "roots": Record(
        title="Root profiles by the depths of 50 and 95 % of the roots",
        citation="Schenk & Jackson 2002, Ecol. Monogr. 72, 311-328; Schenk & Jackson 2003, Global "
        "Distribution of Root Profiles in Terrestrial Ecosystems, doi:10.3334/ORNLDAAC/660",
        licence="CC BY-NC 4.0 (repository)",
        url="https://github.com/leizhang-geo/global_soil_carbon_turnover_time",
        reader=depth_readers.read_roots,
        files=(
            File(
                "schenk_jackson_root_profiles_D50D95.csv",
                "4632cc5c0b0b5474097bf3209f20ecd0a66f582b7f44a21293fa9a0e08cae9ec",
                f"{_ROOTS}/root_profiles_D50D95.csv",
            ),
        ),
        twin=depth_twins.roots_twin,
        twin_source="generator of soilnb.data.depth_twins: lognormal D95 and D95/D50 with the "
        "medians and spreads of the real profiles",
    ),
    "turnover": Record(
        title="Turnover times and ages of soil carbon by depth, 910 profiles",
        citation="Sierra et al. 2024, Glob. Change Biol. 30, e17153, doi:10.1111/gcb.17153",
        licence="none stated: read, cite, do not redistribute",
        url="https://github.com/MPIBGC-TEE/subsoilCseq",
        reader=depth_readers.read_turnover,
        files=(
            File(
                "sierra2024_profiles_age_tau_5layers.csv",
                "022c67ffd3a76fcd57b00f7c28c8496e7951826f1ad8de3410cfa980292c9620",
                f"{_SIERRA}/SoilRadioCarbon_Profile_Mean_Age_Tau_Fivelayers.cs.csv",
            ),
            File(
                "sierra2024_biome_tau_by_depth.csv",
                "a98143d41aca6c08927d5452f5ce9a450996c5b041164f11d3f61f58786990a2",
                f"{_SIERRA}/Data_figb.csv",
            ),
            File(
                "sierra2024_global_age_tau_by_depth.csv",
                "2d5f3ce05ac661b0c43587a636883a405cd56828baeb3216f9bbe5377cd36bf1",
                f"{_SIERRA}/Data_figa.csv",
            ),
            File(
                "sierra2024_isrd_soc_depth_climate.csv",
                "468be151fabd536adfc3a1a11f40ea79735af056bfce89025f30714b8433d877",
                optional=True,
            ),
        ),
        twin=depth_twins.turnover_twin,
        twin_source="generator of soilnb.data.depth_twins: lognormal times with the counts, "
        "medians and spreads of each biome in Sierra et al. 2024",
    ),
    "silsoe": Record(
        title="Soil carbon and fine roots by depth under agroforestry and arable crops, Silsoe",
        citation="Upson & Burgess 2013, Plant Soil 373, 43-58, doi:10.1007/s11104-013-1733-x; "
        "data: Upson 2015, doi:10.6084/m9.figshare.1492497 and doi:10.6084/m9.figshare.1492498",
        licence="CC-BY",
        url="https://github.com/ivyleavedtoadflax/research_data",
        reader=depth_readers.read_silsoe,
        files=(
            File(
                "silsoe_soc_depth.csv",
                "d5013183b0e337968a18596eb8cd93556231a55c5d08ab166932d09e7071f8a6",
                f"{_SILSOE}/silsoe_soil_organic_carbon/silsoe_soil_organic_carbon.csv",
            ),
            File(
                "silsoe_fine_root_depth.csv",
                "f2801d4c81b4dbd84a7964bfb13739271e26a82dd5d11d2ed813dfeceb1f8fa5",
                f"{_SILSOE}/silsoe_fine_root_length/silsoe_fine_root_length.csv",
            ),
        ),
        twin=depth_twins.silsoe_twin,
        twin_source="generator of soilnb.data.depth_twins: the design of the trial, means and "
        "spread of each depth",
    ),
    "sidb": Record(
        title="Soil Incubation Database: carbon dioxide from 34 studies",
        citation="Schädel et al. 2020, Earth Syst. Sci. Data 12, 1511-1524, "
        "doi:10.5194/essd-12-1511-2020",
        licence="MIT",
        url="https://github.com/SoilBGC-Datashare/sidb/tree/"
        "46f714b2fbee35fe195c35d299b2f6c26e2827a7",
        reader=incubations.read_sidb,
        present=incubations.files(),
        twin=depth_twins.incubations_twin,
        twin_source="generator of soilnb.data.depth_twins: profiles, a primed subsoil and sieved "
        "soils with the ratios of the real studies",
    ),
    "clm5": Record(
        title="Parameter file of the Community Land Model 5",
        citation="Lawrence et al. 2019, J. Adv. Model. Earth Syst. 11, 4245-4287, "
        "doi:10.1029/2018MS001583",
        licence="MIT (repository)",
        url="https://github.com/flamholz/soil_diskin/tree/"
        "6149acf5351b8867eed1a64af2c8afd7935f3241/data",
        reader=depth_readers.read_clm5,
        files=(
            File(
                "clm5_params.c171117.nc",
                "f255cceecfcdffbd44bc2a4e1fe6777193751baff30688389dd04c56029cbf0f",
            ),
        ),
    ),
}
