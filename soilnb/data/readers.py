"""Readers: from the files of a data set, as published, to a Dataset of its schema.

Each reader takes the folder with the files (the registry has checked their SHA-256) and
returns a Dataset; the registry adds title, citation and licence. The incubations of `sidb` have a
module of their own, `soilnb.data.incubations`.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb.data import climate, planet, rasters, schemas, tables
from soilnb.parameters import InputError
from soilnb.schema import build

#: Cell size of the testbed grid in latitude and longitude, degrees.
TESTBED_SIZE = (180 / 95, 2.5)

#: What stands for a missing value in the table of roots.
_MISSING = -999

#: The file of carbon by climate; it has no address upstream, so it may be absent.
_BY_CLIMATE = "sierra2024_isrd_soc_depth_climate.csv"

#: Column numbers of the flux file, which has no header.
_FLUX = {"vegetation": 2, "latitude": 5, "longitude": 6, "area": 7, "npp": 8}


def read_lter() -> xr.Dataset:
    """Return the 14 LTER sites from the table of the package, over `site`."""
    table = tables.read("lter_sites")
    dataset = _sites(table).assign_attrs(table.attrs)
    return dataset.assign_coords(site_name=("site", table["name"].to_numpy(dtype=np.str_)))


def read_mimics(folder: Path) -> xr.Dataset:
    """Return the LTER sites from the file published with MIMICS, over `site`.

    ``CLAY2`` is the clay that the models use: filled where the site has none.
    """
    table = pd.read_csv(folder / "mimics_LTER_SITE_1.csv", index_col=False)
    names = {"Site": "site", "SOC": "soc", "ANPP": "anpp", "MAT": "temperature"}
    names |= {"MAP": "precipitation", "CLAY2": "clay", "LIG": "lignin", "N": "nitrogen"}
    return _sites(table.rename(columns=names | {"CN": "carbon_to_nitrogen"}))


def _sites(table: pd.DataFrame) -> xr.Dataset:
    arrays = {name: table[name] for name in schemas.SITES.variables if name in table}
    arrays["npp"] = table["anpp"] / 2  # half of dry mass is carbon
    arrays["clay"] = table["clay"] / 100
    arrays["lignin_to_n"] = table["lignin"] / table["nitrogen"]
    return build(schemas.SITES, arrays, table["site"].to_numpy(dtype=np.str_))


def read_testbed(folder: Path) -> xr.Dataset:
    """Return the grid of the biogeochemical testbed, over `cell` (4,299 points).

    The grid has no climate: temperature and precipitation are those of
    `soilnb.data.climate`, from the real Köppen-Geiger zone of the cell. A cell is vegetated
    when it is neither ice nor water (IGBP 15, 17) and its NPP is positive: 2,855 cells.

    The MIMICS file holds mg C cm-3 over the soil depth of the vegetation class (100 cm in all
    classes of the parameter file): 1 mg cm-3 over 1 cm is 10 g m-2. Pools of cells that are
    not vegetated keep their initial guess in the file and are NaN here.

    Raises
    ------
    InputError
        When the files do not describe the same cells in the same order.
    """
    flux = pd.read_csv(folder / "testbed_cnpflux_end_prespin_1901.csv", header=None)
    flux = flux[list(_FLUX.values())].set_axis(list(_FLUX), axis="columns")
    cells = pd.read_csv(folder / "testbed_gridinfo_igbpz.csv", index_col=False)
    soil = pd.read_csv(folder / "testbed_gridinfo_soil_clm2.csv", index_col=False)
    pools = pd.read_csv(folder / "testbed_mimicspool_end_spin.csv", index_col=False)
    pools = pools.rename(columns=lambda name: name.split("%")[-1].strip())
    cells = cells.rename(columns={"ivt_igbp": "vegetation"})
    _check_cells(cells, flux, soil, pools.rename(columns={"iveg": "vegetation"}))

    latitude = cells["lat"].to_numpy()
    longitude = (cells["lon"].to_numpy() + 180) % 360 - 180
    vegetation = cells["vegetation"].to_numpy()
    npp = flux["npp"].to_numpy()
    vegetated = ~np.isin(vegetation, (15, 17)) & (npp > 0)
    depth = _soil_depth(folder / "testbed_pftlookup_mimics.csv").loc[vegetation].to_numpy()
    columns = ["MICk" if name == "MICK" else name for name in schemas.MIMICS_POOLS]
    carbon = 10.0 * depth[:, None] * pools[columns].to_numpy()
    carbon[~vegetated] = np.nan
    zone = rasters.koppen_zones(latitude, longitude, TESTBED_SIZE)
    lignin, lignin_to_n = planet.litter_quality(vegetation)
    arrays = {
        "latitude": latitude,
        "longitude": longitude,
        "area": cells["landarea"],
        "vegetation": vegetation,
        "vegetated": vegetated,
        "sand": soil["sand"],
        "silt": soil["silt"],
        "clay": soil["clay"],
        "npp": npp,
        "koppen": zone,
        "temperature": climate.temperature(zone, latitude),
        "precipitation": climate.precipitation(zone, latitude),
        "lignin": lignin,
        "lignin_to_n": lignin_to_n,
        "mimics_carbon": carbon,
    }
    dataset = build(schemas.TESTBED, arrays, np.arange(1, len(cells) + 1))
    dataset.attrs["climate"] = (
        "not part of the grid: the stated formulas of soilnb.data.climate on the real "
        "Köppen-Geiger zone of each cell"
    )
    return planet.name_vegetation(dataset)


def _check_cells(cells: pd.DataFrame, *others: pd.DataFrame) -> None:
    for other in others:
        if len(other) != len(cells):
            raise InputError(f"testbed: {len(other)} cells in one file, {len(cells)} in another")
        for name, short in (("latitude", "lat"), ("longitude", "lon"), ("vegetation", "")):
            column = name if name in other else short
            if column not in other:
                continue
            mine = cells[short or name].to_numpy(dtype=float)
            wrong = np.abs(other[column].to_numpy(dtype=float) - mine) > 1e-6
            if wrong.any():
                point = int(np.argmax(wrong))
                raise InputError(
                    f"testbed: {name} of cell {point + 1} is {other[column].iloc[point]} in one "
                    f"file, {mine[point]:g} in another"
                )


def _soil_depth(path: Path) -> pd.Series:
    """Soil depth in cm by vegetation class: the 18 lines after the heading ``SOM depth``."""
    lines = path.read_text("latin-1").splitlines()
    start = next(i for i, line in enumerate(lines) if "SOM depth" in line) + 1
    rows = [line.split(",")[:2] for line in lines[start : start + 18]]
    return pd.Series({int(number): float(depth) for number, depth in rows})


def read_cue(folder: Path) -> xr.Dataset:
    """Return measured carbon use efficiencies, over `record` (826 rows).

    Substrate labels are trimmed and in lower case, so that "Other acid" and "other acid" are
    one; ``h2o`` stands for labelled water, the 18O method. Empty fields stay empty text.
    """
    table = pd.read_csv(folder / "yu2025_CUE_dataset_826.csv", encoding="latin-1")
    substrate = table["substrate"].str.strip().str.lower()
    arrays = {
        "latitude": table["latitude"],
        "longitude": table["longitude"],
        "cue": table["CUE"],
        "substrate": substrate,
        "method": np.where(substrate == "h2o", "18O", "substrate"),
        "temperature": table["temperature"],
        "mat": table["MAT_value"],
        "aridity_index": table["AI_value"],
        "soc": table["SOC_value"],
        "carbon_to_nitrogen": table["CN_value"],
        "fungi_to_bacteria": table["fb_value"],
        "author": _text(table["Author"]),
        "title": _text(table["Title"]),
    }
    return build(schemas.CUE, arrays, np.arange(1, len(table) + 1))


#: Seasons of which the soil respiration database has means.
SEASONS = ("summer", "winter", "wet", "dry")


def read_srdb(folder: Path) -> xr.Dataset:
    """Return the soil respiration database, over `record`."""
    table = pd.read_csv(folder / "srdb-data-V5.csv", low_memory=False)
    arrays = {
        "latitude": table["Latitude"],
        "longitude": table["Longitude"],
        "temperature": table["MAT"],
        "precipitation": table["MAP"],
        "soil_respiration": table["Rs_annual"],
        "heterotrophic_respiration": table["Rh_annual"],
        "gpp": table["GPP"],
        "npp": table["NPP"],
        **{f"respiration_{season}": table[f"Rs_{season}"] for season in SEASONS},
        "biome": _text(table["Biome"]),
        "ecosystem": _text(table["Ecosystem_type"]),
        "manipulation": _text(table["Manipulation"]),
    }
    return build(schemas.RESPIRATION, arrays, table["Record_number"].to_numpy())


def read_israd(folder: Path) -> xr.Dataset:
    """Return the layers of the ISRaD profiles, over `layer`.

    Read are the extract that the registry names, or the flat layer file of a release
    (``ISRaD_data_flat_layer_v*.csv``, ``ISRaD_extra_flat_layer_v*.csv``; of several the last by
    name), whose version is in the source.
    """
    extract = folder / "israd_layers_filtered_2023-02-08_subset.csv"
    if not extract.exists():
        return _read_israd_release(folder)
    table = pd.read_csv(extract, low_memory=False)
    own = {
        "profile": _text(table["id"]),
        "latitude": table["pro_lat"],
        "longitude": table["pro_long"],
        "organic_carbon": table["CORG"],
        "bulk_density_map": _map_density(table),
        "temperature": table["pro_MAT_mod"],
        "precipitation": table["pro_MAP_mod"],
        "gpp": table["pro_GPP_Fluxcom_2001_2012_gC_m2d1"],
        "koppen": _text(table["pro_KG_present_short"]),
    }
    return build(schemas.LAYERS, _israd_layers(table) | own, np.arange(1, len(table) + 1))


def _israd_layers(table: pd.DataFrame) -> dict[str, np.ndarray | pd.Series]:
    """Return what the extract and the releases of ISRaD have under the same names."""
    return {
        "study": _text(table["entry_name"]),
        "treatment": _text(table["pro_treatment"]),
        "top": table["lyr_top"],
        "bottom": table["lyr_bot"],
        "bulk_density": table["lyr_bd_samp"],
        "bulk_density_total": table["lyr_bd_tot"],
        "coarse_fragments": table["lyr_coarse_tot"],
        "clay": table["lyr_clay_tot_psa"] / 100,
        "sand": table["lyr_sand_tot_psa"] / 100,
        "radiocarbon": table["lyr_14c"],
        "sampling_year": table["lyr_obs_date_y"],
        "soil_order": _text(table["pro_usda_soil_order"]),
        "land_cover": _text(table["pro_land_cover"]),
    }


#: Columns of a flat layer file of ISRaD that are read.
_ISRAD = (
    "entry_name", "site_name", "pro_name", "site_lat", "site_long", "pro_lat", "pro_long",
    "pro_treatment", "lyr_top", "lyr_bot", "lyr_c_org", "lyr_c_tot", "lyr_c_inorg", "lyr_bd_samp",
    "lyr_bd_tot", "lyr_coarse_tot", "lyr_clay_tot_psa", "lyr_sand_tot_psa", "lyr_14c",
    "lyr_obs_date_y", "pro_MAT", "pro_MAP", "pro_usda_soil_order", "pro_land_cover",
)  # fmt: skip


def _read_israd_release(folder: Path) -> xr.Dataset:
    """Return the layers of a flat layer file as ISRaD publishes it.

    Where organic carbon is not reported it is the total less the inorganic one, and the total where
    no inorganic carbon is reported (an assumption). A profile without coordinates has those of its
    site. The climate is the reported one, else that of WorldClim, which the extra files have
    (``pro_bio1`` in 0.1 degC). Raises `InputError` for a file without the columns of a flat layer
    file.
    """
    path = max(folder.glob("ISRaD_*flat_layer*.csv"))
    table = pd.read_csv(path, low_memory=False, encoding_errors="replace")
    missing = [name for name in _ISRAD if name not in table]
    if missing:
        raise InputError(f"{path} has no column {', '.join(missing[:5])}: allowed ISRaD's flat "
                         "layer file as published")  # fmt: skip
    empty = pd.Series(np.nan, index=table.index)
    total = table["lyr_c_tot"] - table["lyr_c_inorg"].fillna(0)
    names = table[["entry_name", "site_name", "pro_name"]].fillna("").astype(str)
    own = {
        "profile": names.agg("_".join, axis=1).to_numpy(),
        "latitude": table["pro_lat"].fillna(table["site_lat"]),
        "longitude": table["pro_long"].fillna(table["site_long"]),
        "organic_carbon": table["lyr_c_org"].fillna(total),
        "bulk_density_map": empty,
        "temperature": table["pro_MAT"].fillna(table.get("pro_bio1", empty) / 10),
        "precipitation": table["pro_MAP"].fillna(table.get("pro_bio12", empty)),
        "gpp": empty,
        "koppen": _text(table.get("pro_KG_present_short", empty.astype(object))),
    }
    arrays = _israd_layers(table) | own
    version = re.search(r"_v[ .]?([\d.]+?)\.?(\d{4}-\d\d-\d\d)?\.csv$", path.name)
    release = f"release {version[1]}, " if version else ""
    built = build(schemas.LAYERS, arrays, np.arange(1, len(table) + 1))
    return built.assign_attrs(source=f"ISRaD, {release}{path.name}")


def _map_density(table: pd.DataFrame) -> np.ndarray:
    """Bulk density at the middle of each layer, g cm-3, between the depths of SoilGrids."""
    depths = (0, 10, 30, 60, 100, 200)
    known = table[[f"pro_bd_{depth}_cm_SG" for depth in depths]].to_numpy(dtype=float) / 100
    middle = (table["lyr_top"] + table["lyr_bot"]).to_numpy(dtype=float) / 2
    return np.array([np.interp(at, depths, row) for at, row in zip(middle, known, strict=True)])


def read_roots(folder: Path) -> xr.Dataset:
    """Return root profiles by the depths of 50 and 95 % of the roots, over `profile` (564 rows).

    ``-999`` is a missing value, and so is a depth of 0 m: half of the roots of a plant cannot
    lie at the surface.
    """
    table = pd.read_csv(folder / "schenk_jackson_root_profiles_D50D95.csv").replace(
        {_MISSING: np.nan, str(_MISSING): np.nan}
    )
    depths = ["D50", "D95", "D50_extrapolated", "D95_extrapolated"]
    arrays = {name.lower(): table[name].where(table[name] > 0) for name in depths}
    arrays |= {
        "latitude": table["latitude"],
        "longitude": table["longitude"],
        "sampled_depth": table["Sampdepth"],
        "precipitation": table["MAP"],
        "evaporation": table["PET"],
        "measurement": _text(table["Measurement"]),
        "texture": _text(table["Texture"]),
        "vegetation": _text(table["Vegetation"]),
    }
    return build(schemas.ROOTS, arrays, _text(table["ID"]))


def read_turnover(folder: Path) -> xr.Dataset:
    """Return turnover times and ages by layer, over `profile` (910 rows).

    A turnover time of 0 years is a code for a missing value and becomes NaN. The published
    means count these zeros in. Median carbon profiles by climate stand over `climate` and
    `depth` (cm); they are NaN where their file, which has no address upstream, is absent.
    """
    table = pd.read_csv(folder / "sierra2024_profiles_age_tau_5layers.csv")
    bottoms = [name.split("-")[1] for name in schemas.TURNOVER_LAYERS]
    times = table[[f"TransitTime_{bottom}" for bottom in bottoms]].to_numpy(dtype=float)
    carbon, profiles = _by_climate(folder / _BY_CLIMATE)
    arrays = {
        "latitude": table["pro_lat"],
        "longitude": table["pro_long"],
        "biome": _text(table["Biome"]),
        "turnover_time": np.where(times > 0, times, np.nan),
        "mean_age": table[[f"MeanAge{bottom}cm" for bottom in bottoms]].to_numpy(dtype=float),
        "organic_carbon": carbon,
        "profiles": profiles,
    }
    return build(schemas.TURNOVER, arrays, _text(table["profile"]))


def _by_climate(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Median carbon (%) and number of profiles, both [climate, depth]."""
    labels = schemas.TURNOVER.labels
    climates, depths = labels["climate"], labels["depth"]
    if not path.is_file():
        nothing = np.full((len(climates), len(depths)), np.nan)
        return nothing, nothing.copy()
    table = pd.read_csv(path).pivot(index="ClimateZoneAnd", columns="UD")
    wide = [
        table[name].reindex(index=climates, columns=depths) for name in ("median_c", "n_profile")
    ]
    return wide[0].to_numpy(dtype=float), wide[1].to_numpy(dtype=float)


def read_silsoe(folder: Path) -> xr.Dataset:
    """Return soil carbon, over `sample` (216 rows), and fine roots, over `core` (330 rows).

    The distance from the tree is that of the sample; in the arable control there is none.
    """
    soil = pd.read_csv(folder / "silsoe_soc_depth.csv")
    roots = pd.read_csv(folder / "silsoe_fine_root_depth.csv").rename(columns={"id": "ID"})
    arrays = _plot(soil) | {f"root_{name}": column for name, column in _plot(roots).items()}
    arrays |= {
        "thickness": soil["di_cm"],
        "organic_carbon": soil["OCC_g_100g"],
        "bulk_density": soil["BD_g_cm3"],
        "root_year": roots["year"],
        "root_length": roots["length_cm_cm3"],
        "root_mass": roots["mass_mg_cm3"],
    }
    return build(schemas.SILSOE, arrays, np.arange(1, len(soil) + 1))


def _plot(table: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "tree": table["ID"],
        "block": table["block"],
        "treatment": table["treat"],
        "distance": pd.to_numeric(table["dist_m"], errors="coerce"),
        "depth": table["depth_cm"],
    }


def read_atmosphere14c(folder: Path) -> xr.Dataset:
    """Return the radiocarbon of the air over `year` (AD, increasing) and `zone`.

    From 1850 on yearly by zone (Graven et al. 2017); before that IntCal20 (Reimer et al. 2020),
    which is a record of the north and stands for all zones.
    """
    late = pd.read_csv(folder / "graven2017_annual_delta14c.csv")
    early = pd.read_csv(folder / "intcal20.csv").assign(year=lambda row: 1950.0 - row["cal_bp"])
    early = early[early["year"] < late["year_ad"].min()].sort_values("year")
    before = np.repeat(early["delta14c"].to_numpy()[:, np.newaxis], 3, axis=1)
    delta = np.concatenate([before, late[["nh", "tropics", "sh"]].to_numpy(dtype=float)])
    years = np.concatenate([early["year"], late["year_ad"]])
    return build(schemas.ATMOSPHERE14C, {"delta14c": delta}, years)


def read_clm5(folder: Path) -> xr.Dataset:
    """Return CLM5's own parameters: over `pft` (79), and the global ones over `parameter`.

    The rooting profile has two variants: ``water`` for the uptake of water, ``carbon`` for the
    inputs of carbon and nitrogen to the soil.
    """
    with xr.open_dataset(folder / "clm5_params.c171117.nc", decode_times=False) as source:
        common = {
            str(name): variable
            for name, variable in sorted(source.data_vars.items())
            if variable.dims == ("allpfts",)
        }
        arrays = {
            "plant": [name.decode().strip() for name in source["pftname"].values],
            "root_beta": source["rootprof_beta"].values.T,
            "value": [float(variable.item()) for variable in common.values()],
            "unit": [variable.attrs.get("units", "") for variable in common.values()],
            "meaning": [
                " ".join(variable.attrs.get("long_name", "").split())
                for variable in common.values()
            ],
        }
    pfts = np.arange(len(arrays["plant"]))  # CLM5 counts from 0, which is bare ground
    return build(schemas.CLM5, arrays, pfts, {"parameter": list(common)})


def _text(column: pd.Series) -> np.ndarray:
    return column.fillna("").astype(str).str.strip().to_numpy(dtype=np.str_)
