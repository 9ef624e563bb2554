"""The records of the registry: one per data set, with citation, licence, files and checksums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import xarray as xr

from soilnb.data import planet, readers, twins

__all__ = ["RECORDS", "File", "Record"]


@dataclass(frozen=True)
class File:
    """One file of a data set: its name here, its SHA-256, and its URL upstream if it has one."""

    name: str
    sha256: str
    url: str = ""


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
    twin: Callable[[], xr.Dataset] | None = None
    twin_source: str = ""

    @property
    def in_package(self) -> bool:
        """Whether the package itself holds the table."""
        return not self.files

    @property
    def downloadable(self) -> bool:
        """Whether every file has a URL upstream."""
        return bool(self.files) and all(file.url for file in self.files)


_RAW = "https://raw.githubusercontent.com"
_MIMICS = f"{_RAW}/wwieder/MIMICS/2b7174017f8cfbe4e21f0b6c43a6b158523ce7ae"
_TESTBED = (
    f"{_RAW}/wwieder/biogeochem_testbed/27ae1a0b673411642cd780ecad66d1c8f84e6a58/EXAMPLE_GRID"
)
_YU = f"{_RAW}/KailiangYu/Microbial-carbon-use-efficiency/c9cd114975b770bc48effb80c6cd2a72bf7d0fdc"
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
    ),
}
