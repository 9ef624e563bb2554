"""A person's own table: units, names, files and datums as they come, right or refused, and said."""

import bz2
import gzip
import io
import lzma
import warnings
import zipfile
from contextlib import nullcontext

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilnb.data.profiles import files, judgement, units
from soilnb.parameters import InputError
from soilnb.proda import observations
from soilnb.proda.observations import ReadingWarning

HEAD = "profile,top,bottom,organic_carbon,bulk_density,coarse_fragments,sand,clay,latitude"
ROWS = (
    "A,0,10,3.1,1.1,5,40,20,50.1",
    "A,10,30,1.6,1.3,8,38,22,50.1",
    "A,30,60,0.7,1.4,10,36,24,50.1",
    "A,60,100,0.3,1.5,15,36,24,50.1",
)
TEXT = "\n".join([HEAD, *ROWS]) + "\n"
FRAME = pd.read_csv(io.StringIO(TEXT))


@pytest.fixture(scope="module")
def right():
    return observations.from_table(FRAME)


def stocks(found):
    """Carbon of each profile, kg m-2."""
    return (found["carbon_density"] * (found["bottom"] - found["top"])).sum("layer") / 1000


def said(frame, *args, **options):
    """Read a table; return the result and the one line that was shown, "" for none."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = observations.from_table(frame, *args, **options)
    lines = [str(w.message) for w in seen if issubclass(w.category, ReadingWarning)]
    assert len(lines) < 2
    assert not any("\n" in line for line in lines)
    return found, "".join(lines)


def write(tmp_path, content, name="p.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- units --------------------------------------------------------------------------------------

#: Columns in another unit, what a value is multiplied by, and what the line says.
OTHER = {
    "g kg-1": ({"organic_carbon": 10}, "organic_carbon read as g kg-1"),
    "fraction of carbon": ({"organic_carbon": 0.01}, "organic_carbon read as 1"),
    "dg kg-1": ({"organic_carbon": 100}, "organic_carbon read as dg kg-1"),
    "kg m-3": ({"bulk_density": 1000}, "bulk_density read as kg m-3"),
    "cg cm-3": ({"bulk_density": 100}, "bulk_density read as cg cm-3"),
    "SoilGrids": ({"organic_carbon": 100, "bulk_density": 100, "sand": 10, "clay": 10},
                  "sand read as g kg-1"),
    "g kg-1 and kg m-3": ({"organic_carbon": 10, "bulk_density": 1000}, "bulk_density read as kg"),
    "stones": ({"coarse_fragments": 0.01}, "coarse_fragments read as a fraction"),
    "texture": ({"sand": 0.01, "clay": 0.01}, "sand read as a fraction"),
    "metres": ({"top": 0.01, "bottom": 0.01}, "depths read as m"),
    "millimetres": ({"top": 10, "bottom": 10}, "depths read as mm: in cm"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER)
def test_a_unit_that_only_one_reading_fits_is_taken_and_said(case, right):
    factors, line = OTHER[case]
    found, text = said(FRAME.assign(**{name: FRAME[name] * by for name, by in factors.items()}))
    assert line in text
    xr.testing.assert_allclose(found, right, rtol=1e-12)


def test_what_names_or_places_a_profile_is_a_coordinate(right):
    texts = {"climate", "vegetation", "soil_order", "study"}
    assert set(right.coords) == {"profile", "layer", "latitude", "longitude", "refused", *texts}


def test_the_documented_units_are_taken_without_a_word():
    assert said(FRAME)[1] == ""


DECLARED = {
    "organic_carbon": {"g/kg": 10, "g kg-1": 10, "mg/g": 10, "%": 1, "fraction": 0.01,
                       "dg/kg": 100, "g C kg^-1": 10, "permille": 10},
    "bulk_density": {"g/cm3": 1, "Mg m-3": 1, "kg/m3": 1000, "cg cm-3": 100, "t/m³": 1},
    "coarse_fragments": {"fraction": 0.01, "vol%": 1, "cm3/cm3": 0.01},
    "depth": {"m": 0.01, "mm": 10, "inch": 1 / 2.54, "cm": 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "unit", "by"), [(n, u, f) for n, row in DECLARED.items() for u, f in row.items()]
)
def test_a_declared_unit_is_taken_without_a_word(name, unit, by, right):
    names = ["top", "bottom"] if name == "depth" else [name]
    frame = FRAME.assign(**{column: FRAME[column] * by for column in names})
    found, text = said(frame, units={name: unit})
    assert text == ""
    xr.testing.assert_allclose(found, right, rtol=1e-12)
    assert observations.describe(found).loc[names[0], "decided by"] == "units="


def test_a_heading_may_name_the_unit(right):
    frame = FRAME.assign(organic_carbon=FRAME["organic_carbon"] * 10)
    found, text = said(frame.rename(columns={"organic_carbon": "Organic carbon (g/kg)"}))
    assert text == ""
    xr.testing.assert_allclose(found, right, rtol=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"organic_carbon": "furlong"}, "unknown unit of organic_carbon 'furlong'; valid: %, g kg"),
        ({"soc": "%"}, "unknown column of units 'soc'"),
        ({"npp": "g/m2/yr"}, "unknown column of units 'npp'"),
        ({"organic_carbon": 3}, "unit of organic_carbon = 3: allowed %, g kg-1"),
        ({"top": "m", "bottom": "cm"}, "top and bottom are declared in two units"),
    ],
)
def test_an_unknown_unit_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        observations.from_table(FRAME, units=given)


def test_two_readings_are_refused_with_both_and_what_settles_it():
    bare = FRAME.drop(columns=["bulk_density"]).assign(organic_carbon=[31, 16, 7, 3])
    with pytest.raises(
        InputError, match=r"may be in g kg-1 or in % .a median of 1.15 or 11.5"
    ) as e:
        observations.from_table(bare)
    assert "units={'organic_carbon': 'g kg-1'} or units={'organic_carbon': '%'}" in str(e.value)
    stony = FRAME.assign(coarse_fragments=[0, 0.5, 1, 0.5])
    with pytest.raises(InputError, match=r"coarse_fragments may be in % or in 1"):
        observations.from_table(stony)
    with pytest.raises(
        InputError, match=r"precipitation may be in mm yr-1 or in m yr-1 or in mm d-1"
    ):
        observations.from_table(FRAME.assign(precipitation=0.92))


@given(
    st.floats(0.3, 8.0), st.lists(st.floats(0.3, 0.9), min_size=3, max_size=6), st.booleans(),
    st.sampled_from([1.0, 10.0]),
)  # fmt: skip
@settings(max_examples=60)
def test_a_mineral_soil_is_read_right_or_refused_but_never_ten_times_wrong(top, falls, bare, by):
    # densities as the pedotransfer function has them, or none
    carbon = np.maximum(np.concatenate([[top], top * np.cumprod(falls)]), 0.1)
    edges = np.linspace(0, 100, len(carbon) + 1)
    frame = pd.DataFrame(
        {"profile": "A", "top": edges[:-1], "bottom": edges[1:], "organic_carbon": carbon * by}
    )
    if not bare:
        frame["bulk_density"] = observations.bulk_density(carbon)
    try:
        found, text = said(frame)
    except InputError as error:
        # two readings; or a layer that cannot be, where the line names the unit in which it can
        if not ("may be in" in str(error) or (by == 10 and "in g kg-1? then" in str(error))):
            raise
        return
    taken = found["organic_carbon"].values[0]
    if np.allclose(taken, carbon):
        assert ("read as g kg-1" in text) == (by == 10)
    else:  # a desert in g kg-1 is a rich soil in %, where no density tells: the documented unit
        assert bare or top < 0.8
        assert by == 10


def test_peat_stays_peat():
    peat = FRAME.assign(organic_carbon=[52, 54, 55, 50.0], bulk_density=[0.12, 0.1, 0.1, 0.15])
    found, text = said(peat.drop(columns=["sand", "clay"]))
    assert text == ""
    assert found["organic_carbon"].values[0].tolist() == [52, 54, 55, 50]
    among, text = said(pd.concat([FRAME, peat.assign(profile="bog", sand=np.nan, clay=np.nan)]))
    assert text == ""
    assert among["organic_carbon"].sel(profile="bog").max() == 55


def published(count=60, by=10.0, seed=1):
    """A table like those of an office: carbon in g kg-1, half of its values below 60."""
    random = np.random.default_rng(seed)
    parts = []
    for number in range(count):
        top = random.lognormal(np.log(2.2), 0.7)
        carbon = np.minimum(top * np.array([1, 0.55, 0.3, 0.15]), 30)
        density = observations.bulk_density(carbon) * random.lognormal(0, 0.08, 4)
        parts.append(FRAME.assign(profile=f"P{number}", organic_carbon=by * carbon,
                                  bulk_density=density))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def test_a_published_table_in_grams_per_kilogram_keeps_its_stocks():
    right = observations.from_table(published(by=1.0))
    found, text = said(published())
    assert text.count("organic_carbon read as g kg-1") == 1
    assert found.sizes == right.sizes
    np.testing.assert_allclose(stocks(found), stocks(right), rtol=1e-12)
    sparse = published().assign(bulk_density=np.nan)
    assert (sparse["organic_carbon"] > 60).any()
    found, text = said(sparse)
    assert "organic_carbon read as g kg-1: no soil has" in text


def test_sources_in_two_units_are_told_apart():
    one, other = published(20, 1.0, 2), published(20, 10.0, 3)
    other = other.assign(profile="Q" + other["profile"])
    plain = pd.concat([one, other.assign(organic_carbon=other["organic_carbon"] / 10)])
    right = observations.from_table(plain)
    mixed = pd.concat([one.assign(study="office"), other.assign(study="survey")])
    found, text = said(mixed)
    assert "mixed units" in text
    assert "in 20 profiles" in text
    np.testing.assert_allclose(stocks(found), stocks(right), rtol=1e-12)
    found, text = said(mixed.drop(columns="study"))
    assert "mixed units" in text
    told = dict(zip(right["profile"].values, stocks(right).values, strict=True))
    for name, stock in zip(found["profile"].values, stocks(found).values, strict=True):
        assert stock == pytest.approx(told[name], rel=1e-12)
    reasons = observations.refused(found)["reason"]
    assert reasons.str.contains("the table mixes units").all()


def test_one_profile_in_another_unit_among_many_is_refused_and_not_turned():
    many = published(40, 1.0, 4)
    odd = published(1, 10.0, 5).assign(profile="odd", organic_carbon=[150, 120, 90, 70],
                                       bulk_density=[1.0, 1.1, 1.2, 1.3])  # fmt: skip
    found, _ = said(pd.concat([many, odd.assign(organic_carbon=[50, 40, 30, 20.0])]))
    reasons = observations.refused(found)
    assert reasons["profile"].tolist() == ["odd"]
    assert "can hardly be in % as in the rest of the table; in g kg-1?" in reasons["reason"].item()


def test_the_size_of_a_number_is_hinted_at_and_never_a_wrong_unit():
    assert units.larger("g cm-3", 130, 0.2, 2) == "; in cg cm-3? then 1.3"
    assert units.larger("g cm-3", 1300, 0.2, 2) == "; in kg m-3? then 1.3"
    assert units.larger("g cm-3", 2.82, 0.2, 2) == ""
    assert "in dg kg-1? then 3.1" in units.larger("%", 310, 0.1, 58)


def test_the_heaviest_soil_holds_little_carbon():
    carbon = np.linspace(0, 58, 30)
    assert (np.diff(judgement.heaviest(carbon)) < 0).all()
    assert judgement.heaviest(12.0) < 1.4 < judgement.heaviest(4.0)
    assert judgement.heaviest(55.0) > 0.12


# --- columns ------------------------------------------------------------------------------------

DATABASES = [
    ("profile_id", "upper_depth", "lower_depth", "orgc_value_avg"),
    ("peiid", "hzdept", "hzdepb", "oc"),
    ("SOURCEID", "UHDICM", "LHDICM", "ORCDRC"),
    ("ProfileID", "UpDpth", "LowDpth", "OrgC"),
    ("pitID", "horizonTop", "horizonBottom", "estimatedOC"),
    ("pro_name", "lyr_top", "lyr_bot", "lyr_c_org"),
    ("PEDON_KEY", "hzn_top", "hzn_bot", "estimated_organic_carbon"),
    ("POINT_ID", "depth_top", "depth_bot", "CORG"),
]


@pytest.mark.parametrize("heads", DATABASES)
def test_columns_of_known_databases_are_named_all_at_once_and_the_hint_works(heads):
    table = FRAME[["profile", "top", "bottom", "organic_carbon"]].set_axis(list(heads), axis=1)
    with pytest.raises(InputError, match="did you mean") as error:
        observations.from_table(table)
    hint = eval(str(error.value).split("columns=")[1].split("}")[0] + "}")
    assert tuple(hint.values()) == heads
    found, _ = said(table, hint, units={"organic_carbon": "%"})
    assert found.sizes["profile"] == 1


@pytest.mark.parametrize(
    ("heads", "never"),
    [
        (["profile", "pH", "C", "depth"], "pH"),
        (["profile", "top", "temp", "SOC"], "temp"),
        (["profile", "top", "bottom", "inorganic_carbon"], "mean 'inorganic_carbon'"),
        (["profile", "top", "bottom", "organic_matter"], "mean 'organic_matter'"),
    ],
)
def test_letters_alone_are_no_hint(heads, never):
    with pytest.raises(InputError) as error:
        observations.from_table(pd.DataFrame([[1, 2, 3, 4.0]], columns=heads))
    assert never not in str(error.value).split("it has")[0]


def test_case_blanks_and_hyphens_of_a_heading_do_not_matter(right):
    frame = FRAME.rename(columns=lambda name: f" {name.title().replace('_', ' ')} ")
    xr.testing.assert_equal(observations.from_table(frame), right)
    frame = FRAME.rename(columns=lambda name: name.upper().replace("_", "-"))
    xr.testing.assert_equal(observations.from_table(frame), right)


def test_a_column_that_is_there_twice_is_refused():
    with pytest.raises(InputError, match="column 'organic_carbon' is there 2 times"):
        observations.from_table(pd.concat([FRAME, FRAME[["organic_carbon"]]], axis=1))
    with pytest.raises(InputError, match=r"column 'top' is there 2 times .'top' and 'Top '"):
        observations.from_table(FRAME.assign(**{"Top ": 0.0}))


def test_a_column_under_a_known_name_that_is_not_used_is_said():
    text = said(FRAME.rename(columns={"bulk_density": "BD"}))[1]
    assert "not used: 'BD'; to use them columns={'bulk_density': 'BD'}" in text


GERMAN = FRAME.rename(
    columns={
        "profile": "Profil", "organic_carbon": "Corg %", "bulk_density": "Lagerungsdichte",
        "coarse_fragments": "Skelett", "sand": "Sandgehalt", "clay": "Ton", "latitude": "Breite",
    }
).assign(Datum="12.04.2023")  # fmt: skip


def test_who_follows_the_message_loses_no_column(right):
    with pytest.raises(InputError, match="no column 'profile', 'organic_carbon or") as error:
        observations.from_table(GERMAN)
    (way,) = error.value.proposals.values()
    xr.testing.assert_equal(observations.from_table(GERMAN, **way), right)


def test_columns_without_a_use_and_densities_that_were_not_measured_are_listed():
    named = {"profile": "Profil", "organic_carbon": "Corg %"}
    found, text = said(GERMAN, named)
    told = observations.describe(found)
    assert "not used: 'Lagerungsdichte', 'Skelett', 'Sandgehalt', 'Ton', 'Breite'" in text
    assert told.attrs["notes"][-1] == "without a use here: 'Datum'"
    assert told.loc["layers with a bulk density from their carbon", "values"] == len(ROWS)


def test_a_bulk_density_that_was_not_asked_for_is_named_where_it_would_tell():
    frame = FRAME.rename(columns={"bulk_density": "BD"})
    with pytest.raises(InputError, match=r"columns={'bulk_density': 'BD'} may tell"):
        observations.from_table(frame.assign(organic_carbon=[21.0, 11.0, 5.0, 3.0]))


@pytest.mark.parametrize(
    "heading", ["SOC g/kg", "SOC g kg-1", "soc_g_kg", "SOC [g/kg]", "Corg g/kg"]
)
def test_a_unit_at_the_end_of_a_heading_is_read(right, heading):
    frame = FRAME.assign(organic_carbon=10 * FRAME["organic_carbon"])
    frame = frame.rename(columns={"organic_carbon": heading})
    found, text = said(frame, {"organic_carbon": heading})
    assert text == ""
    np.testing.assert_allclose(found["organic_carbon"], right["organic_carbon"], rtol=1e-12)


def test_one_layer_in_another_unit_is_said():
    frame = FRAME.assign(organic_carbon=[31.0, 1.6, 7.0, 3.0])
    text = said(frame, units={"organic_carbon": "g/kg"})[1]
    assert "'A' at 0.1 to 0.3 m has 0.16 % organic carbon, and ten times as much would fit" in text
    frame = FRAME.assign(organic_carbon=[3.1, 16.0, 0.7, 0.3])
    text = said(frame, units={"organic_carbon": "%"})[1]
    assert "'A' at 0.1 to 0.3 m has 16 % organic carbon, and a tenth of it would fit" in text


def test_latitude_and_longitude_exchanged_are_said():
    place = {"latitude": 9.7, "longitude": 52.3}
    text = said(FRAME.assign(**place, temperature=9.3))[1]
    assert "9.3 degC at latitude 9.7 is that of high mountains; are latitude and longi" in text
    assert said(FRAME.assign(**place, temperature=25.0))[1] == ""
    with pytest.raises(InputError, match="allowed -90 to 90; exchanged with longitude"):
        observations.from_table(FRAME.assign(latitude=-122.3, longitude=48.1))
    with pytest.raises(InputError, match="metres of a projection"):
        observations.from_table(FRAME.assign(latitude=5796000.0, longitude=3500000.0))


@pytest.mark.parametrize("entry", ["1.234,5", "1.234", "12'345", "1 234"])
def test_a_mark_between_thousands_is_never_a_decimal_point(tmp_path, entry):
    text = TEXT.replace(",", ";").replace(".", ",").replace("latitude", "precipitation")
    assert observations.read_csv(write(tmp_path, text.replace("50,1", "800.5"))).sizes["profile"]
    with pytest.raises(InputError, match="a mark between thousands"):
        observations.read_csv(write(tmp_path, text.replace("50,1", entry)))


@pytest.mark.parametrize(
    ("heading", "entry", "hint"),
    [
        ("sampling_year", "12.04.2023", "write the year alone"),
        ("latitude", "52°18'36\"N", "allowed degrees with decimals"),
        ("longitude", "9.71 E", "allowed degrees with decimals"),
        ("clay", "see above", "what is no layer"),
        ("clay", "inf", "is no number$"),
        ("clay", "1e400", "is no number$"),
    ],
)
def test_an_entry_that_is_no_number_says_what_to_write(heading, entry, hint):
    with pytest.raises(InputError, match=hint):
        observations.from_table(FRAME.astype({"clay": object}).assign(**{heading: entry}))


def test_a_layer_that_is_there_twice_is_named():
    twice = pd.concat([FRAME, FRAME.iloc[[1]]])
    with pytest.raises(InputError, match="layer 10-30 cm is there twice"):
        observations.from_table(twice)


def test_a_row_of_units_need_not_say_that_of_depth(tmp_path):
    below = TEXT.replace(HEAD, f"{HEAD}\n,,,g/kg,kg/m3,%,,%,")
    for own, other in (("3.1,1.1", "31,1100"), ("1.6,1.3", "16,1300"), ("0.7,1.4", "7,1400"),
                       ("0.3,1.5", "3,1500")):  # fmt: skip
        below = below.replace(own, other)
    found = observations.describe(observations.read_csv(write(tmp_path, below)))
    assert found.loc[["organic_carbon", "bulk_density"], "unit"].to_list() == ["g kg-1", "kg m-3"]


@pytest.mark.parametrize("name", ["007", "1.10", "2E1", "NA", "TRUE", "nan", "1e400", "0x10"])
def test_names_stay_names(tmp_path, name):
    found = observations.read_csv(write(tmp_path, TEXT.replace("A,", f"{name},")))
    assert found["profile"].values.tolist() == [name]


def test_pits_of_nearly_one_name_stay_two(tmp_path):
    two = TEXT + "\n".join(ROWS).replace("A,", "1.10,")
    found = observations.read_csv(write(tmp_path, two.replace("A,", "1.1,")))
    assert found["profile"].values.tolist() == ["1.1", "1.10"]


def test_two_places_under_one_name_are_said():
    frame = pd.concat([FRAME.iloc[:2], FRAME.iloc[2:].assign(latitude=-33.9), FRAME.assign(
        profile="B")])  # fmt: skip
    with pytest.warns(observations.ReadingWarning, match="1 of 2 profiles refused: 'A' two places"):
        found = observations.from_table(frame)
    assert found["profile"].values.tolist() == ["B"]
    reason = observations.refused(found)["reason"].item()
    assert reason.startswith("two places under one name: latitude -33.9 and 50.1")


# --- files --------------------------------------------------------------------------------------


def workbook(rows, **sheets):
    book = openpyxl.Workbook()
    for title, content in {"pits": rows, **sheets}.items():
        page = book.create_sheet(title)
        for row in content:
            page.append(row)
    del book["Sheet"]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def cells(text=TEXT):
    """The table as cells of a workbook: numbers as numbers."""
    frame = pd.read_csv(io.StringIO(text), dtype={"profile": str})
    return [list(frame.columns), *frame.to_numpy().tolist()]


def zipped(content, *others):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("p.csv", *others):
            archive.writestr(name, content)
    return stream.getvalue()


AS_THEY_COME = {
    "semicolons and decimal commas": TEXT.replace(",", ";").replace(".", ","),
    "sep= line": "sep=;\n" + TEXT.replace(",", ";").replace(".", ","),
    "sep=, line": "sep=,\n" + TEXT,
    "tabs": TEXT.replace(",", "\t"),
    "bars": TEXT.replace(",", "|"),
    "blanks": TEXT.replace(",", "  "),
    "comments": "# pits of 2024, in %\n" + TEXT + "# end\n",
    "title": "Pits of 2024\n\n" + TEXT,
    "BOM": b"\xef\xbb\xbf" + TEXT.encode(),
    "BOM and sep=": b"\xef\xbb\xbfsep=,\n" + TEXT.encode(),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without BOM": TEXT.encode("utf-16-le"),
    "UTF-16, tabs": TEXT.replace(",", "\t").encode("utf-16"),
    "CR": TEXT.replace("\n", "\r"),
    "CRLF": TEXT.replace("\n", "\r\n"),
    "quotes": TEXT.replace("A,", '"A",'),
    "empty rows": TEXT.replace("\nA,30", "\n,,,,,,,,\nA,30") + ",,,,,,,,\n\n",
    "an empty last column": TEXT.replace("\n", ",\n"),
    "gzip": gzip.compress(TEXT.encode()),
    "bzip2": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zip": zipped(TEXT),
    "workbook": workbook(cells()),
    "workbook with an empty sheet": workbook(cells(), notes=[["see the report"]]),
}


@pytest.mark.parametrize("case", AS_THEY_COME)
def test_files_are_read_as_they_come(tmp_path, case, right):
    found = observations.read_csv(write(tmp_path, AS_THEY_COME[case]))
    xr.testing.assert_equal(found, right)


def test_texts_with_decimal_commas_in_a_workbook_are_numbers(tmp_path, right):
    head, *rows = cells()
    texts = [[row[0], *(str(value).replace(".", ",") for value in row[1:])] for row in rows]
    found = observations.read_csv(write(tmp_path, workbook([head, *texts]), "p.xlsx"))
    xr.testing.assert_equal(found, right)
    texts[0][4] = "1,100"
    with pytest.raises(InputError, match="'1,100' is no number; a comma between thousands, or a"):
        observations.read_csv(write(tmp_path, workbook([head, *texts]), "p.xlsx"))


def test_one_row_of_headings_and_a_table_are_asked_for(tmp_path):
    groups = ["", "depth", None, "soil", *[None] * 5]
    with pytest.raises(InputError, match=r"lines 1 and 2 of .* are both headings .'profile', "):
        observations.read_csv(write(tmp_path, workbook([groups, *cells()]), "p.xlsx"))
    with pytest.raises(InputError, match="holds no table: allowed a header and rows"):
        observations.read_csv(write(tmp_path, workbook([]), "p.xlsx"))
    with pytest.raises(InputError, match="is no text: allowed a table"):
        observations.read_csv(write(tmp_path, TEXT.replace("A,0", "A\0,0")))


def test_a_sheet_of_a_text_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"sheet = 'pits': .*p.csv is a text, which has no sheets"):
        observations.read_csv(write(tmp_path, TEXT), sheet="pits")


@pytest.mark.parametrize("code", ["cp1252", "latin-1", "utf-8", "utf-16"])
def test_umlauts_survive_the_code_page(tmp_path, code):
    path = write(tmp_path, TEXT.replace("A,", "Käfermühle,").encode(code))
    said = {"cp1252", "latin-1"} & {code}
    with pytest.warns(ReadingWarning, match="read as cp1252, 'Käfer") if said else nullcontext():
        found = observations.read_csv(path)
    assert found["profile"].values.tolist() == ["Käfermühle"]


def test_another_code_page_is_named(tmp_path):
    path = write(tmp_path, TEXT.replace("A,", "Профиль,").encode("cp1251"))
    with pytest.warns(ReadingWarning, match=r"text read as cp1252, 'Ïðîôèëü'; else encoding="):
        observations.read_csv(path)
    assert observations.read_csv(path, encoding="cp1251")["profile"].item() == "Профиль"
    with pytest.raises(InputError, match="unknown encoding 'cp12': allowed utf-8"):
        observations.read_csv(path, encoding="cp12")
    with pytest.raises(InputError, match=r"is no text in ascii .byte"):
        observations.read_csv(path, encoding="ascii")


def test_merged_cells_leave_the_name_to_the_first_row(tmp_path, right):
    merged = TEXT.replace("\nA,", "\n,").replace("\n,0", "\nA,0", 1)
    with pytest.warns(ReadingWarning, match="3 layers without a name belong to the profile above"):
        found = observations.read_csv(write(tmp_path, merged))
    xr.testing.assert_equal(found, right)
    with pytest.raises(InputError, match="profile in line 6 is empty: allowed a name"):
        observations.read_csv(write(tmp_path, TEXT + ",0,10,3,1.1,5,40,20,50.1\n"))


BAD_FILES = {
    "longer row": (TEXT.replace("A,30,60,0.7", "A,30,60,0,7"),
                   "line 4 of .* has 10 cells, the header 9"),
    "damaged workbook": (workbook(cells())[:-30], "cannot be unpacked"),
    "no workbook": (zipped("<x/>", "[Content_Types].xml"), "is no Excel workbook that can be read"),
    "two files": (zipped(TEXT, "q.csv"), "holds 2 files: allowed one table"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel workbook: save it as .xlsx"),
    "two sheets": (workbook(cells(), more=cells()), "tables on 2 sheets .'pits', 'more'.: say wh"),
    "binary": (bytes(range(256)) * 4, "is no text|is no CSV table"),
    "parquet": (b"PAR1" + bytes(200), "is no text"),
    "cut gzip": (gzip.compress(TEXT.encode())[:-20], "cannot be unpacked"),
    "empty": (b"", "is no CSV table: it is empty"),
    "header alone": (HEAD + "\n", "the table has no rows"),
    "half UTF-16": (TEXT.encode("utf-16")[:-1], "is no text in utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_is_no_table_has_one_clear_line(tmp_path, case):
    content, message = BAD_FILES[case]
    with pytest.raises(InputError, match=message) as error:
        observations.read_csv(write(tmp_path, content))
    assert "\n" not in str(error.value)


def test_a_sheet_may_be_named(tmp_path, right):
    path = write(tmp_path, workbook([["a", "b"], [1, 2]], more=cells()), "p.xlsx")
    xr.testing.assert_equal(observations.read_csv(path, sheet="more"), right)
    with pytest.raises(InputError, match=r"unknown sheet of .*did you mean 'more'"):
        observations.read_csv(path, sheet="mor")


@pytest.mark.parametrize("path", ["https://example.org/p.csv", "s3://bucket/p.csv"])
def test_an_address_is_to_be_downloaded_first(path):
    with pytest.raises(InputError, match=f"{path} is an address: download the file first"):
        observations.read_csv(path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        observations.read_csv(tmp_path)


def test_a_table_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 1000)
    bomb = write(tmp_path, gzip.compress(bytes(5000)))
    with pytest.raises(InputError, match="larger than 0 MiB when unpacked"):
        observations.read_csv(bomb)


@pytest.mark.parametrize("code", ["-9999", "-999", "NA", "", "nan", "#N/A", "-"])
def test_codes_for_missing_values_are_no_values(tmp_path, code, recwarn):
    found = observations.read_csv(write(tmp_path, TEXT.replace("1.3,8", f"{code},8")))
    assert found["measured"].values[0].tolist() == [True, False, True, True]


@pytest.mark.parametrize("code", ["-9", "<0.1", "n.d.", "777"])
def test_further_codes_are_declared(tmp_path, code):
    path = write(tmp_path, TEXT.replace("1.3,8", f"{code},8"))
    with pytest.warns(ReadingWarning, match="read as missing"):
        found = observations.read_csv(path, missing=[code])
    assert not found["measured"].values[0, 1]
    with pytest.raises(InputError, match="bulk_density"):
        observations.read_csv(path)


def test_all_below_detection_may_be_declared_at_once(tmp_path):
    text = TEXT.replace(",0.7,", ",<0.1,").replace(",0.3,", ",<0.05,")
    with pytest.raises(InputError, match=r"'<0.1' is no number; if it stands.*missing=\['<0.1'\]"):
        observations.read_csv(write(tmp_path, text))
    with pytest.raises(InputError, match=r"2 layers with organic carbon: .*missing: <0.1 .1 times"):
        observations.read_csv(write(tmp_path, text), missing="<")


def test_west_of_99_degrees_is_a_place():
    found = observations.from_table(FRAME.assign(longitude=-99.0))
    assert found["longitude"].item() == -99


# --- the datum of depth -------------------------------------------------------------------------

LITTER = FRAME.iloc[:1].assign(organic_carbon=40.0, bulk_density=0.15, sand=np.nan, clay=np.nan)
DATUMS = {
    "negative depths": (LITTER.assign(top=-5, bottom=0), FRAME),
    "counted upward": (LITTER.assign(top=5, bottom=0), FRAME),
    "heights": (
        LITTER.assign(top=5, bottom=0),
        FRAME.assign(top=-FRAME["top"], bottom=-FRAME["bottom"]),
    ),
}


@pytest.mark.parametrize("way", DATUMS)
def test_organic_layers_are_shifted_to_the_top_or_dropped_and_said(way, right):
    frame = pd.concat(DATUMS[way], ignore_index=True)
    found, text = said(frame)
    assert f"organic layers above the mineral soil in 1 profile ({way})" in text
    np.testing.assert_allclose(found["top"].values[0], [0, 0.05, 0.15, 0.35, 0.65])
    np.testing.assert_allclose(found["bottom"].values[0], [0.05, 0.15, 0.35, 0.65, 1.05])
    assert found["organic_carbon"].values[0, 0] == 40
    found, text = said(frame, datum="drop")
    assert "left out" in text
    xr.testing.assert_allclose(found, right)
    with pytest.raises(InputError, match="unknown datum 'keep'; valid: shift, drop"):
        observations.from_table(frame, datum="keep")


def test_two_organic_layers_counted_upward():
    above = pd.concat([LITTER.assign(top=8, bottom=5), LITTER.assign(top=5, bottom=0)])
    found, _ = said(pd.concat([above, FRAME], ignore_index=True))
    np.testing.assert_allclose(found["top"].values[0][:3], [0, 0.03, 0.08])


def test_a_layer_upside_down_in_the_middle_is_no_organic_layer():
    wrong = FRAME.assign(top=[0, 30, 30, 60], bottom=[10, 10, 60, 100])
    with pytest.raises(InputError, match="layer 30-10 cm: the bottom must lie below the top"):
        observations.from_table(wrong)


@pytest.mark.parametrize("bottom", [60.0, np.nan])
def test_a_layer_without_thickness_or_bottom_costs_that_layer(bottom):
    extra = FRAME.assign(top=[0, 10, 30, 60], bottom=[10, 30, 60, bottom])
    found, text = said(extra)
    assert "1 layer left out: without" in text
    assert found["layers"].item() == 3
    described = observations.describe(found)
    assert described.loc[described.index.str.startswith("layers left out"), "values"].sum() == 1


@pytest.mark.parametrize("text", ["100+", ">60", "100 +", ""])
def test_an_open_bottom_costs_that_layer(tmp_path, text):
    path = write(tmp_path, TEXT.replace("A,60,100", f"A,60,{text}"))
    with pytest.warns(ReadingWarning, match="1 layer left out: without top or bottom"):
        found = observations.read_csv(path)
    assert found["layers"].item() == 3


def test_what_lies_below_the_models_column_is_no_observation():
    deep = pd.concat([FRAME, FRAME.iloc[3:].assign(top=100, bottom=870),
                      FRAME.iloc[3:].assign(top=870, bottom=1000)])  # fmt: skip
    found, text = said(deep, depth_unit="cm")
    assert "1 layer left out: below 8.6 m" in text
    assert found["layers"].item() == 5


# --- what was understood ------------------------------------------------------------------------


def test_what_was_understood_is_described(tmp_path):
    frame = FRAME.assign(organic_carbon=FRAME["organic_carbon"] * 10)
    found, _ = said(pd.concat([frame, frame.iloc[:2].assign(profile="B")]))
    table = observations.describe(found)
    assert table.loc["organic_carbon", "unit"] == "g kg-1"
    assert table.loc["organic_carbon", "decided by"] == "judged"
    assert table.loc["organic_carbon", "values"] == 6
    assert table.loc["profiles that can be used", "values"] == 1
    assert any("needed # or more" in name for name in table.index)
    found.to_netcdf(tmp_path / "p.nc")
    with xr.open_dataset(tmp_path / "p.nc") as copy:
        pd.testing.assert_frame_equal(observations.describe(copy), table)
    with pytest.raises(InputError, match="no attribute 'understood'"):
        observations.describe(xr.Dataset())


def test_a_zone_may_be_in_lower_case():
    found = observations.from_table(FRAME.assign(climate="cfb"))
    assert found["climate"].item() == "Cfb"


def test_kelvin_throughout_is_read_as_kelvin():
    found, text = said(FRAME.assign(temperature=282.65))
    assert "temperature read as K" in text
    assert found["temperature"].item() == pytest.approx(9.5)


@pytest.mark.parametrize("kind", [5, 5.0, "5", "ENF", "mf"])
def test_vegetation_may_be_a_number_or_letters(kind):
    frame = FRAME.assign(temperature=9.0, precipitation=700.0, climate="Cfb", vegetation=kind)
    forest = observations.forcing_at(observations.from_table(frame.assign(vegetation="forest")))
    made = observations.forcing_at(observations.from_table(frame))
    xr.testing.assert_equal(made["litter_input"], forest["litter_input"])


# --- siblings of what was reported --------------------------------------------------------------


@pytest.mark.parametrize(("unit", "by"), [("kg m-3", 1e-3), ("g cm-3", 1e-6), ("g m-3", 1.0)])
def test_carbon_by_volume_is_judged_too(unit, by, right):
    density = right["carbon_density"].values[0]
    bare = FRAME[["profile", "top", "bottom"]].assign(carbon_density=density * by)
    found, text = said(bare)
    assert (f"carbon_density read as {unit}" in text) == (by != 1)
    np.testing.assert_allclose(stocks(found), stocks(right), rtol=1e-12)


def test_carbon_by_volume_as_soilgrids_has_it_has_two_readings(right):
    bare = FRAME[["profile", "top", "bottom"]].assign(
        carbon_density=right["carbon_density"].values[0] / 100
    )
    with pytest.raises(InputError, match=r"carbon_density may be in"):
        observations.from_table(bare)
    found, _ = said(bare, units={"carbon_density": "hg m-3"})
    np.testing.assert_allclose(stocks(found), stocks(right), rtol=1e-12)


@pytest.mark.parametrize(
    ("column", "value", "readings"),
    [
        ("npp", 0.45, "g C m-2 yr-1 or in Mg ha-1 yr-1 or in kg m-2 yr-1"),
        ("npp", 4.5, "g C m-2 yr-1 or in Mg ha-1 yr-1"),
        ("npp", 4500.0, "g C m-2 yr-1 or in kg ha-1 yr-1"),
        ("precipitation", 92.0, "mm yr-1 or in cm yr-1 or in mm month-1"),
    ],
)
def test_covariates_with_two_readings_are_refused(column, value, readings):
    with pytest.raises(InputError, match=f"{column} may be in {readings}") as error:
        observations.from_table(FRAME.assign(**{column: value}))
    for more in error.value.proposals.values():
        found, _ = said(FRAME.assign(**{column: value}), **more)
        assert found.sizes["profile"] == 1


def test_milligrams_per_kilogram_are_read(right):
    found, text = said(FRAME.assign(organic_carbon=FRAME["organic_carbon"] * 1e4))
    assert "organic_carbon read as mg kg-1" in text
    np.testing.assert_allclose(stocks(found), stocks(right), rtol=1e-12)


def test_a_density_of_no_soil_is_no_unit():
    with pytest.raises(InputError, match="bulk_density"):
        observations.from_table(FRAME.assign(bulk_density=FRAME["bulk_density"] * 10))


def test_bogs_alone_are_bogs():
    """Peat in % at 160 kg m-3 is no mineral soil in dg kg-1 at 160 cg cm-3."""
    rng = np.random.default_rng(1)
    bog = pd.concat(
        FRAME.iloc[:, :3].assign(profile=f"bog {k}", organic_carbon=rng.uniform(36, 56, 4),
                                 bulk_density=rng.uniform(80, 220, 4).round())
        for k in range(25)
    )  # fmt: skip
    found, text = said(bog)
    assert "bulk_density read as kg m-3" in text
    assert found["organic_carbon"].min() > 30


def test_the_minus_of_typesetters_is_one(tmp_path):
    litter = TEXT.replace("\nA,0", "\nA,−5,0,40,0.15,0,,,50.1\nA,0", 1)
    with pytest.warns(ReadingWarning, match="negative depths"):
        found = observations.read_csv(write(tmp_path, litter))
    assert found["organic_carbon"].values[0, 0] == 40


@pytest.mark.parametrize(
    "entry", ["?", "*", "#VALUE!", "#DIV/0!", "n.a.", "missing", "not determined"]
)
def test_what_may_stand_for_no_value_is_asked_for(tmp_path, entry):
    path = write(tmp_path, TEXT.replace("1.3,8", f"{entry},8"))
    with pytest.raises(InputError, match="if it stands for no value: missing=") as error:
        observations.read_csv(path)
    hint = str(error.value).split("missing=")[1]
    with pytest.warns(ReadingWarning, match="read as missing"):
        observations.read_csv(path, missing=eval(hint))


def test_a_comma_between_thousands_is_no_decimal_one(tmp_path):
    text = 'profile,top,bottom,carbon_density\nA,0,10,"34,100"\nA,10,30,"20,800"\nA,30,60,"9,800"\n'
    with pytest.raises(InputError, match="a comma between thousands, or a decimal one"):
        observations.read_csv(write(tmp_path, text))


NO_TABLES = {
    "<html><table><tr><td>profile</td></tr></table></html>": "is HTML or XML",
    '[{"profile": "A", "top": 0}]': "is JSON",
    '{"profile": ["A"]}': "is JSON",
    "%PDF-1.7\nprofile": "is a PDF",
}


@pytest.mark.parametrize("text", NO_TABLES)
def test_what_only_looks_like_a_table_is_named(tmp_path, text):
    with pytest.raises(InputError, match=f"{NO_TABLES[text]}.*: save it as .xlsx or CSV"):
        observations.read_csv(write(tmp_path, text, "p.xls"))


def test_an_open_document_is_named(tmp_path):
    path = write(tmp_path, zipped(TEXT, "mimetype", "content.xml"), "p.ods")
    with pytest.raises(InputError, match="is an OpenDocument file: save it"):
        observations.read_csv(path)


def test_utf_32_is_text(tmp_path, right):
    xr.testing.assert_equal(observations.read_csv(write(tmp_path, TEXT.encode("utf-32"))), right)


def test_a_path_that_is_none_is_one_line():
    for path in (FRAME, FRAME["top"], None, 3):
        with pytest.raises(InputError, match="allowed the path of a file"):
            observations.read_csv(path)


def test_one_profile_apart_is_doubted_and_not_turned():
    """Of a dozen pits in g kg-1 one may be poor, or in another unit: nobody can tell."""
    many = published(12, 10.0, 7)
    odd = many["profile"] == "P3"
    many.loc[odd, "organic_carbon"] = [0.4, 0.2, 0.1, 0.1]
    many.loc[odd, "bulk_density"] = [0.9, 1.0, 1.1, 1.2]
    found, text = said(many)
    assert "mixed units" not in text
    read = found["organic_carbon"].sel(profile="P3") if "P3" in found["profile"] else None
    assert read is None or float(read.max()) < 0.1


def test_what_a_refusal_proposes_takes_the_table():
    table = FRAME.rename(columns={"organic_carbon": "SOC", "profile": "pit_id"})
    with pytest.raises(InputError) as error:
        observations.from_table(table)
    ((words, more),) = error.value.proposals.items()
    assert words == "pit_id as profile, SOC as organic_carbon"
    assert said(table, **more)[0].sizes["profile"] == 1


def test_one_profile_of_a_table_without_a_zone_gets_its_forcing():
    """As the README has it: ``profiles.isel(profile=0)``, whose place is then no longer a row."""
    found = observations.from_table(FRAME.assign(longitude=8.2))
    many = observations.forcing_at(found)
    one = observations.forcing_at(found.isel(profile=0).expand_dims("profile"))
    np.testing.assert_array_equal(many["soil_temperature"], one["soil_temperature"])
