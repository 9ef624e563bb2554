"""Tables in the form of public databases and offices: right to the last digit, or refused and why.

The numbers are made up; headings, units, order and quirks are those of the databases.
"""

import io

import openpyxl
import pandas as pd
import pytest
import xarray as xr

from soilnb.data.profiles import density
from soilnb.parameters import InputError
from soilnb.proda import observations

LAYERS = pd.DataFrame({
    "profile": "A", "top": [0, 10, 30, 60], "bottom": [10, 30, 60, 100],
    "organic_carbon": [3.1, 1.6, 0.7, 0.3], "bulk_density": [1.1, 1.3, 1.4, 1.5],
    "coarse_fragments": [5, 8, 10, 15], "sand": [40, 38, 36, 36], "clay": [20, 22, 24, 24],
})  # fmt: skip
RIGHT = 11.2427  # kg m-2, by hand

pytestmark = pytest.mark.filterwarnings("ignore::soilnb.proda.observations.ReadingWarning")


def stock(found):
    return float((found["carbon_density"] * (found["bottom"] - found["top"])).sum()) / 1000


def text(heads, factors=(), *, separator=",", decimal=".", extra=""):
    """Return the layers as text under other headings, some columns in other units."""
    frame = LAYERS[list(heads)].astype({"top": float, "bottom": float})
    for name, factor in dict(factors).items():
        frame[name] = (frame[name] * factor).round(6)
    frame = frame.set_axis(list(heads.values()), axis=1)
    return frame.to_csv(index=False, sep=separator, decimal=decimal) + extra


def read(tmp_path, content, columns=None, **options):
    path = tmp_path / "pits.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return observations.read_csv(path, columns, **options)


BASE = ("profile", "top", "bottom", "organic_carbon", "bulk_density", "coarse_fragments")


def heads(*names):
    return dict(zip(BASE, names, strict=False))


#: Layout: (headings, what columns are multiplied by, how the file is written).
PUBLIC = {
    "WoSIS": (heads("profile_id", "upper_depth", "lower_depth", "orgc_value_avg",
                    "bdfiod_value_avg", "cfvo_value_avg"),
              {"organic_carbon": 10}, {"separator": "\t"}),
    "KSSL": (heads("pedon_key", "hzn_top", "hzn_bot", "estimated_organic_carbon", "db_od",
                   "frags"), {}, {}),
    "SSURGO": (heads("cokey", "hzdept_r", "hzdepb_r", "om_r", "dbovendry_r", "fragvoltot_r"),
               {"organic_carbon": density.ORGANIC_MATTER}, {}),
    "AfSP": (heads("ProfileID", "UpDpth", "LowDpth", "ORGC", "BlkDens", "CfPc"),
             {"organic_carbon": 10}, {"extra": "A,100,150,-9999,-9999,-9999\n"}),
    "NEON": (heads("pitID", "biogeoTopDepth", "biogeoBottomDepth", "estimatedOC",
                   "bulkDensExclCoarseFrag", "coarse"), {"organic_carbon": 10}, {}),
    "HWSD": (heads("HWSD2_ID", "TOPDEP", "BOTDEP", "ORG_CARBON", "BULK", "COARSE"), {}, {}),
    "SoilGrids": (heads("SOURCEID", "UHDICM", "LHDICM", "ORCDRC", "BLDFIE", "CRFVOL"),
                  {"organic_carbon": 10, "bulk_density": 1000}, {}),
    "BZE": (heads("Profil", "von", "bis", "Corg (g/kg)", "TRD", "Skelett"),
            {"organic_carbon": 10}, {"separator": ";", "decimal": ","}),
    "RMQS": (heads("profil", "prof_sup", "prof_inf", "Corg [g.kg-1]", "bd", "gravel"),
             {"organic_carbon": 10}, {"separator": ";", "decimal": ","}),
    "BRO": (heads("normalsoilprofile_id", "ztop", "zbottom", "organicmattercontent (%)",
                  "bulk_dens", "stones"),
            {"top": 0.01, "bottom": 0.01, "organic_carbon": density.ORGANIC_MATTER}, {}),
    "headings with units": (heads("Pit", "top_cm", "bottom_cm", "soc_g_kg", "bd_kg_m3", "cf"),
                            {"organic_carbon": 10, "bulk_density": 1000}, {}),
}  # fmt: skip


@pytest.mark.parametrize("layout", PUBLIC)
def test_a_public_layout_gives_the_stock_that_it_holds(tmp_path, layout):
    names, factors, form = PUBLIC[layout]
    columns = {name: own for name, own in names.items() if name != own}
    assert stock(read(tmp_path, text(names, factors, **form), columns)) == pytest.approx(RIGHT)


@pytest.mark.parametrize("layout", PUBLIC)
def test_headings_of_a_public_layout_are_known(layout):
    names, factors, _ = PUBLIC[layout]
    if layout == "HWSD":  # its rows have the number of a map unit
        names = {**names, "profile": "id"}
    with pytest.raises(InputError, match=r"did you mean|is organic matter") as error:
        observations.from_table(pd.read_csv(io.StringIO(text(names, factors))))
    told = str(error.value).split("; it has")[0]
    assert all(repr(own) in told for own in list(names.values())[:4])


# --- organic matter, and units that a column cannot have ------------------------------------------


@pytest.mark.parametrize(("unit", "by"), [("% organic matter", 1), ("g/kg OM", 10), ("%SOM", 1)])
def test_organic_matter_is_58_percent_carbon_and_said(unit, by):
    frame = LAYERS.assign(SOM=LAYERS["organic_carbon"] * density.ORGANIC_MATTER * by)
    columns = {"organic_carbon": "SOM"}
    frame = frame.drop(columns="organic_carbon")
    with pytest.warns(observations.ReadingWarning, match="organic_carbon is 58% of organic mat"):
        found = observations.from_table(frame, columns, units={"organic_carbon": unit})
    assert stock(found) == pytest.approx(RIGHT)
    with pytest.raises(InputError, match="'SOM' is organic matter, 58% carbon") as error:
        observations.from_table(frame, columns)
    assert len(error.value.proposals) == 2


@pytest.mark.parametrize(
    ("name", "unit"),
    [("organic_carbon", "kg m-2"), ("organic_carbon", "mol/kg"), ("organic_carbon", "t/ha"),
     ("bulk_density", "%"), ("sand", "mg/L"), ("top", "g/kg"), ("clay", "cmol kg-1")],
)  # fmt: skip
def test_a_unit_that_a_column_cannot_have_is_refused(name, unit):
    frame = LAYERS.rename(columns={name: f"{name} [{unit}]"})
    with pytest.raises(InputError, match=f"unknown unit of {name} '{unit}'; valid: "):
        observations.from_table(frame)


@pytest.mark.parametrize("heading", ["clay (<2 µm)", "clay (dry)", "sand (2000-63 µm)"])
def test_what_is_no_unit_in_a_heading_does_not_matter(heading):
    frame = LAYERS.rename(columns={heading.split(" ")[0]: heading})
    assert stock(observations.from_table(frame)) == pytest.approx(RIGHT)


def test_pounds_per_cubic_foot_are_no_centigrams():
    frame = LAYERS.assign(bulk_density=(LAYERS["bulk_density"] * 62.428).round(1))
    assert stock(observations.from_table(frame)) == pytest.approx(RIGHT, rel=1e-3)


# --- rows and cells -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("separator", "heading", "ending"),
    [("-", "depth", ""), (" - ", "Depth", " cm"), ("–", "depth (cm)", ""), (" to ", "Layer", "cm"),
     (" bis ", "Tiefe", " cm")],
)  # fmt: skip
def test_depths_in_one_column_are_split_and_said(separator, heading, ending):
    ranges = LAYERS["top"].astype(str) + separator + LAYERS["bottom"].astype(str) + ending
    frame = LAYERS.drop(columns=["top", "bottom"]).assign(**{heading: ranges})
    with pytest.warns(observations.ReadingWarning, match="read as top and bottom: '0"):
        found = observations.from_table(frame)
    xr.testing.assert_equal(found, observations.from_table(LAYERS))


@pytest.mark.parametrize("entries", [["0-10", "10-30", "low", "deep"], [5, 20, 45, 80]])
def test_a_column_of_depths_that_are_no_ranges_is_no_range(entries):
    frame = LAYERS.drop(columns=["top", "bottom"]).assign(depth=entries)
    with pytest.raises(InputError, match="no column 'top', 'bottom'"):
        observations.from_table(frame)


@pytest.mark.parametrize("carbon", ["%", "g/kg"])
def test_a_row_of_units_below_the_header_declares_them(tmp_path, carbon):
    header, rest = text({name: name for name in LAYERS}).split("\n", 1)
    row = f",cm,cm,{carbon},g/cm3,%,%,%"
    found = read(tmp_path, "\n".join([header, row, rest]))
    assert stock(found) == pytest.approx(RIGHT if carbon == "%" else RIGHT / 10)
    assert observations.describe(found).loc["organic_carbon", "decided by"] == "the heading"
    with pytest.raises(InputError, match="unknown unit of organic_carbon 'mol/kg'"):
        read(tmp_path, "\n".join([header, row.replace(carbon, "mol/kg", 1), rest]))


@pytest.mark.parametrize("mark", ['"', "-", "''", "〃", "…"])
def test_ditto_marks_stand_for_the_name_above(mark):
    with pytest.warns(observations.ReadingWarning, match="3 layers without a name belong to"):
        found = observations.from_table(LAYERS.assign(profile=["A", mark, mark, mark]))
    xr.testing.assert_equal(found, observations.from_table(LAYERS))


HINTS = {
    "-1": ("organic_carbon = -1 %: allowed 0 to 60; if it stands for no value: missing=.-1"),
    "1e20": "if it stands for no value: missing=.1e.20",
    "1.6 %": "write the number alone, and its unit into the heading",
    **dict.fromkeys(
        ["2020-06-01", "1/6/2024", "01.06.2024", "1. Jun", "Jan 6", "6-Okt"],
        "a date, which spreadsheets make of '3.1' or '10-30': format the cells as text",
    ),
}


def test_depths_in_one_cell_may_be_open_below_and_one_that_is_none_is_named():
    depths = ["0-10", "10 to 30 cm", "30–60", "60+"]
    table = LAYERS.drop(columns=["top", "bottom"]).assign(depth=depths)
    with pytest.warns(observations.ReadingWarning, match="1 layer left out: without top or bottom"):
        found = observations.from_table(table)
    assert found["bottom"].values.tolist() == [[0.1, 0.3, 0.6]]
    for spoilt, why in (("30. Oct", "a date, which"), ("litter", "allowed ranges such as '0-10'")):
        table = table.assign(depth=["0-10", spoilt, "30–60", ">60"])
        with pytest.raises(InputError, match=f"row 2 = '{spoilt}' is no range of depths; {why}"):
            observations.from_table(table)


def test_all_carbon_is_offered_as_organic_where_there_are_no_carbonates():
    table = LAYERS.rename(columns={"organic_carbon": "TC"})
    with pytest.raises(InputError, match="'TC' counts carbonates, too: where there are none, col"):
        observations.from_table(table)
    columns = {"organic_carbon": "TC"}
    xr.testing.assert_equal(
        observations.from_table(table, columns), observations.from_table(LAYERS)
    )


def test_what_the_owner_may_not_have_meant_is_said():
    def said(table, match):
        with pytest.warns(observations.ReadingWarning, match=match):
            return observations.from_table(table)

    other = LAYERS.assign(profile="A 1")
    both = pd.concat([LAYERS.assign(profile="a 1"), other])
    assert said(both, "'a 1' and 'A 1' are profiles of their own").sizes["profile"] == 2
    said(LAYERS.assign(latitude=0.0, longitude=0), "'A' at latitude 0, longitude 0, in the Atl")
    said(both.assign(latitude=0.0, longitude=0), "'a 1' and 1 more at latitude 0, longitude 0")
    twice = pd.concat([other, LAYERS, LAYERS])
    said(twice, "'A' layers are not sorted.*; two samplings under one name. give each its own")


@pytest.mark.parametrize("entry", HINTS)
def test_an_entry_that_cannot_be_has_a_hint_that_holds(tmp_path, entry):
    content = text({name: name for name in LAYERS}).replace(",1.6,", f",{entry},")
    with pytest.raises(InputError, match=HINTS[entry]):
        read(tmp_path, content)


def test_a_header_with_more_cells_than_any_row_is_refused(tmp_path):
    content = text({name: name for name in LAYERS}).replace("carbon", "carbon, in g kg-1", 1)
    with pytest.raises(InputError, match=r"no row of .* has as many cells as the header"):
        read(tmp_path, content)


def test_a_formula_that_nobody_has_computed_is_refused(tmp_path):
    book = openpyxl.Workbook()
    for row in [list(LAYERS), *LAYERS.to_numpy().tolist()]:
        book.active.append(row)
    book.active["D3"] = "=16/10"
    book.save(tmp_path / "p.xlsx")
    with pytest.raises(InputError, match=r"cell D3 of .* is a formula without a value"):
        observations.read_csv(tmp_path / "p.xlsx")


def test_heights_of_a_mineral_soil_are_no_organic_layers():
    with pytest.warns(observations.ReadingWarning, match="heights below the surface in 1 profile"):
        found = observations.from_table(LAYERS.assign(top=-LAYERS.top, bottom=-LAYERS.bottom))
    assert stock(found) == pytest.approx(RIGHT)


def test_an_unknown_zone_is_named_whole():
    with pytest.raises(InputError, match="unknown Köppen-Geiger zone 'Temperate'"):
        observations.forcing_at(
            observations.from_table(LAYERS.assign(climate="Temperate", latitude=50.0))
        )


def test_a_stop_is_no_top():
    frame = LAYERS.rename(columns={"top": "stop"})
    with pytest.raises(InputError, match="no column 'top'") as error:
        observations.from_table(frame)
    assert "did you mean" not in str(error.value)
