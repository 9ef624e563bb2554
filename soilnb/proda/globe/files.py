"""The papers' own grid: covariates and predicted parameters of its 0.5-degree cells.

Layout, as the scripts of phxtao/PRODA_MIC@90918f41 and phxtao/SOC_Convergence@8e2959d2 load it
(facts only):

- ``world_grid_envinfo_present.mat`` holds one array ``EnvInfo`` [cell, 77], the columns of
  `GRID_COLUMNS`, NaN where nothing is known; a cell's number is its row, from 1;
- ``grid_para_result_<case>.csv``, without heading, one row per cell: where the network puts each
  parameter between its prior bounds, in the order of `soilnb.proda.models.Model.order`;
- ``valid_grid_loc_<case>.csv``: the number of the cell of each of these rows.

The forcing lies beside them in the files that `soilnb.profile.forcing.open_authors` reads; its
cells are those of CLM5, and each cell of the grid takes the nearest. No such file was at hand:
units are those of the sources that the papers name (WorldClim 2, SoilGrids, CLM5 output).

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.parameters import InputError
from soilnb.proda.cube import to_parameters
from soilnb.proda.globe import cells
from soilnb.proda.models import find
from soilnb.profile import forcing
from soilnb.profile.forcing.files import load_array
from soilnb.profile.layered import two_switches

#: Cell size of the papers' grid, degrees.
RESOLUTION = 0.5

_BIO = tuple(f"BIO{number}" for number in range(1, 20))


def _three(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{depth}cm" for name in names for depth in (0, 30, 100))


#: Columns of the grid's array, in their order.
GRID_COLUMNS = (
    "Lon", "Lat", "Date", "Rmean", "Rmax", "Rmin", "ESA_Land_Cover", "ET", "IGBP", "Climate",
    "Soil_Type", "NPPmean", "NPPmax", "NPPmin", "Veg_Cover", *_BIO, "Abs_Depth_to_Bedrock",
    *_three("Bulk_Density", "CEC", "Clay_Content", "Coarse_Fragments_v"), "Depth_Bedrock_R",
    "Garde_Acid", "Occurrence_R_Horizon",
    *_three("pH_Water", "Sand_Content", "Silt_Content", "SWC_v_Wilting_Point", "Texture_USDA"),
    "USDA_Suborder", "WRB_Subgroup", "Drought", "Elevation", "Max_Depth", "Koppen_Climate_2018",
    "cesm2_npp", "cesm2_npp_std", "cesm2_gpp", "cesm2_gpp_std", "cesm2_vegc", "nbedrock",
)  # fmt: skip

#: Names of the Köppen-Geiger numbers 1 to 30 of Beck et al. 2018 (doi:10.1038/sdata.2018.214).
BECK = (
    *("Af", "Am", "Aw", "BWh", "BWk", "BSh", "BSk", "Csa", "Csb", "Csc", "Cwa", "Cwb", "Cwc"),
    *("Cfa", "Cfb", "Cfc", "Dsa", "Dsb", "Dsc", "Dsd", "Dwa", "Dwb", "Dwc", "Dwd"),
    *("Dfa", "Dfb", "Dfc", "Dfd", "ET", "EF"),
)

#: What predictions at or below 0 are set to, as in the published code.
LEAST = 1e-4


def read_grid(path: str | Path) -> pd.DataFrame:
    """Return the covariates of the papers' grid.

    Parameters
    ----------
    path : path
        File ``world_grid_envinfo_present.mat``, or a folder with it.

    Returns
    -------
    DataFrame
        `GRID_COLUMNS` by the number of the cell, from 1.
    """
    path = Path(path)
    path = path / "world_grid_envinfo_present.mat" if path.is_dir() else path
    if not path.is_file():
        raise InputError(f"{path} does not exist: needed is world_grid_envinfo_present.mat")
    values = load_array(path, "EnvInfo")
    if values.ndim != 2 or values.shape[1] != len(GRID_COLUMNS):
        raise InputError(f"{path.name}: shape {values.shape}: allowed (cells, {len(GRID_COLUMNS)})")
    number = pd.RangeIndex(1, len(values) + 1, name="site")
    return pd.DataFrame(values, index=number, columns=list(GRID_COLUMNS))


def open_authors(folder: str | Path, forcing_folder: str | Path | None = None) -> xr.Dataset:
    """Return the planet of the papers from files in their own layout.

    Parameters
    ----------
    folder : path
        Folder with ``world_grid_envinfo_present.mat``.
    forcing_folder : path, optional
        Folder with the twelve files of CLM5 output (`soilnb.profile.forcing.open_authors`); by
        default the same.

    Returns
    -------
    Dataset
        As from `soilnb.proda.globe.planet`, over the grid's cells by their number: temperature and
        precipitation are BIO1 and BIO12, ``npp`` the litter input of the forcing, the area that of
        a whole 0.5-degree cell. Also ``npp_sd`` (g C m-2 yr-1) and ``coarse_fragments``
        (site, fragment_depth) in %, by which `soilnb.proda.globe.maps` reduces stocks. Cells
        without forcing, climate or litter are left out and counted.

    Raises
    ------
    InputError
        As `read_grid` and `soilnb.profile.forcing.open_authors`; when no cell remains.
    """
    grid = read_grid(folder)
    known = grid[["Lon", "Lat", "BIO1", "BIO12", "Koppen_Climate_2018"]].notna().all(axis=1)
    if not known.any():
        raise InputError(f"no cell of {len(grid):,} has place, climate and zone")
    table = grid[known]
    made = forcing.open_authors(
        forcing_folder or folder,
        table["Lat"].to_numpy(),
        table["Lon"].to_numpy(),
        site=table.index.to_numpy(),
        missing="drop",
    )
    litter = made["litter_input"].sum("litter_pool")
    made = made.isel(site=np.flatnonzero(litter.values > 0))
    if made.sizes["site"] == 0:
        raise InputError(f"no cell of {len(grid):,} has climate, forcing and litter input")
    table = table.loc[made["site"].values]
    left = len(grid) - len(table)
    found = _columns(table, made)
    variation = (table["cesm2_npp_std"] / table["cesm2_npp"]).to_numpy()
    stones = table[list(_three("Coarse_Fragments_v"))].fillna(0.0).to_numpy()
    attrs = {
        "title": "grid of Tao et al. 2023, 2024",
        "provenance": "real",
        "cell_size": [RESOLUTION, RESOLUTION],
        "left_out": f"{left:,} of {len(grid):,} cells are left out: without climate or input",
        "soilnb_version": __version__,
    }
    result = cells.assemble(found, made.drop_vars(["latitude", "longitude"]), attrs)
    result["npp_sd"] = (
        "site", found["npp"] * variation,
        {"units": "g C m-2 yr-1", "long_name": "standard deviation of the plant carbon"},
    )  # fmt: skip
    result["coarse_fragments"] = (
        ("site", "fragment_depth"), stones,
        {"units": "%", "long_name": "coarse fragments, share of the volume"},
    )  # fmt: skip
    return result.assign_coords(fragment_depth=("fragment_depth", [0.0, 0.3, 1.0], {"units": "m"}))


def _columns(table: pd.DataFrame, made: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the variables of `soilnb.proda.globe.cells.CELLS`, each [site]."""
    zone = np.array([BECK[int(number) - 1] for number in table["Koppen_Climate_2018"]])
    names = forcing.vegetation_names()
    plants = [names.get(int(n), "") if n == n else "" for n in table["IGBP"]]
    return {
        "latitude": table["Lat"].to_numpy(),
        "longitude": table["Lon"].to_numpy(),
        "area": cells.cell_area(table["Lat"].to_numpy(), RESOLUTION),
        "climate": zone,
        "climate_zone": cells.climate_zone(zone),
        "vegetation": np.array(plants, dtype=np.str_),
        "temperature": table["BIO1"].to_numpy(),
        "precipitation": table["BIO12"].to_numpy(),
        "npp": made["litter_input"].sum("litter_pool").values,
        "clay": table["Clay_Content_0cm"].to_numpy(),
    }


@two_switches
def open_predicted(
    folder: str | Path,
    model: str = "compas",
    *,
    enzyme_turnover: str = "tied",
    prior: str = "log",
) -> xr.Dataset:
    """Return parameters that the papers' network has predicted, from files in their layout.

    Parameters
    ----------
    folder : path
        Folder with one ``grid_para_result_*.csv`` and its ``valid_grid_loc_*.csv``.
    model : {"compas", "clm5"}
        The model.
    enzyme_turnover, prior : str
        COMPAS: see `soilnb.proda.cube`.

    Returns
    -------
    Dataset
        Parameters in their units over ``site``, the number of the cell. Places above 1 become 1,
        at or below 0 they become 0.0001, as in the published code.
    """
    order = find(model).order
    places = _csv(folder, "grid_para_result")
    numbers = _csv(folder, "valid_grid_loc")[:, 0].astype(int)
    if places.shape != (numbers.size, len(order)):
        raise InputError(
            f"grid_para_result has the shape {places.shape}: allowed ({numbers.size}, "
            f"{len(order)}), a row for each of valid_grid_loc"
        )
    bounded = np.where(places <= 0.0, LEAST, np.minimum(places, 1.0))
    switches = {"enzyme_turnover": enzyme_turnover, "prior": prior} if find(model).microbes else {}
    found = to_parameters(pd.DataFrame(bounded, numbers, list(order)), model, **switches)
    return found.assign_attrs(provenance="real")


def _csv(folder: str | Path, start: str) -> np.ndarray:
    found = sorted(Path(folder).glob(f"{start}_*.csv"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise InputError(f"{folder}: needed one file {start}_*.csv; found: {names}")
    try:
        return np.loadtxt(found[0], delimiter=",", ndmin=2)
    except ValueError as error:
        raise InputError(f"{found[0].name} is no table of numbers: {error}") from None
