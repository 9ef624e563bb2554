"""Mangled tables: whatever a file holds, it is read or refused in one line, and never half.

The mutations are seeded; `SOILNB_FUZZ` multiplies their number.
"""

import gzip
import io
import os
import warnings

import numpy as np
import openpyxl
import pytest

from soilnb.parameters import InputError
from soilnb.proda import observations
from soilnb.profile import forcing
from soilnb.profile import site as sites

TIMES = int(os.environ.get("SOILNB_FUZZ", "1"))
HEAD = "profile,top,bottom,organic_carbon,bulk_density,coarse_fragments,sand,clay,latitude"
ROWS = ["A,0,10,3.1,1.1,5,40,20,50.1", "A,10,30,1.6,1.3,8,38,22,50.1",
        "A,30,60,0.7,1.4,10,36,24,50.1", "A,60,100,0.3,1.5,15,36,24,50.1"]  # fmt: skip
TEXT = "\n".join([HEAD, *ROWS, *(row.replace("A", "B") for row in ROWS)]) + "\n"
WORDS = [
    b"-9999",
    b"NA",
    b"inf",
    b"1e999",
    b"\x00",
    b"\xff",
    b'"',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"nan",
    b"0",
    b"-1",
    b"1e308",
    b"<0.1",
    b"100+",
    b"\xef\xbb\xbf",
    b"#",
    b"sep=;\n",
    b"TRUE",
    "½".encode(),
    "٣".encode(),
    b"0x1A",
    b"1_000",
    b"2024-05-10",
    b"=1+1",
    b"PK\x03\x04",
]


def mangled(content, random):
    """Content with a few bytes or words changed, cut, doubled or moved."""
    data = bytearray(content)
    for _ in range(random.integers(1, 5)):
        at = int(random.integers(0, len(data) + 1))
        kind = random.integers(0, 5)
        if kind == 0:
            data[at : at + 1] = bytes([random.integers(0, 256)])
        elif kind == 1:
            data[at:at] = WORDS[random.integers(0, len(WORDS))]
        elif kind == 2:
            del data[at : at + int(random.integers(1, 40))]
        elif kind == 3:
            data[at:at] = data[at : at + int(random.integers(1, 80))]
        else:
            cells = bytes(data).split(b",")
            cells[random.integers(0, len(cells))] = WORDS[random.integers(0, len(WORDS))]
            data = bytearray(b",".join(cells))
    return bytes(data)


def refusal(do):
    """Return what `do` returns, and the line with which it is refused, "" if it is not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", observations.ReadingWarning)
        try:
            return do(), ""
        except InputError as error:
            return None, str(error) or "an empty line"


def check(found):
    """Check what must hold of every table that is read."""
    known = np.isfinite(found["depth"].values)
    density = found["carbon_density"].values[known]
    assert np.isfinite(density).all()
    assert ((density > 0) & (density <= 5e5)).all()
    top, bottom = found["top"].values[known], found["bottom"].values[known]
    assert ((top >= 0) & (bottom > top) & (bottom <= 30)).all()
    stock = (found["carbon_density"] * (found["bottom"] - found["top"])).sum("layer")
    assert float(stock.max()) < 2.6e6  # peat through a column of 8.6 m and more
    observations.describe(found)
    observations.refused(found)


@pytest.mark.parametrize("kind", ["text", "utf-16", "semicolons", "workbook", "gzip"])
def test_a_mangled_table_is_read_or_refused_in_one_line(tmp_path, kind):
    if kind == "workbook":
        book, stream = openpyxl.Workbook(), io.BytesIO()
        for line in TEXT.splitlines():
            book.active.append(line.split(","))
        book.save(stream)
    content = {
        "text": TEXT.encode,
        "utf-16": lambda: TEXT.encode("utf-16"),
        "semicolons": TEXT.replace(",", ";").replace(".", ",").encode,
        "workbook": lambda: stream.getvalue(),
        "gzip": lambda: gzip.compress(TEXT.encode()),
    }[kind]()
    random = np.random.default_rng(len(kind))
    path, outcomes = tmp_path / "p.csv", {"read": 0, "refused": 0}
    for _ in range(120 * TIMES):
        path.write_bytes(mangled(content, random))
        found, line = refusal(lambda: observations.read_csv(path, least_layers=2))
        assert "\n" not in line
        assert len(line) < 1500
        outcomes["refused" if line else "read"] += 1
        if not line:
            check(found)
    assert outcomes["refused"] > 0


YEAR = "month,temperature,precipitation\n" + "".join(
    f"{m},{10 - 8 * np.cos((m - 1) / 6 * np.pi):.1f},{60 + m}\n" for m in range(1, 13)
)


def test_a_mangled_year_is_read_or_refused_in_one_line(tmp_path):
    random = np.random.default_rng(11)
    path = tmp_path / "year.csv"
    for _ in range(120 * TIMES):
        path.write_bytes(mangled(YEAR.encode(), random))
        year, line = refusal(lambda: forcing.read_monthly(path))
        assert "\n" not in line
        if line:
            continue
        assert np.isfinite(year["temperature"]).all()
        assert (year["precipitation"] >= 0).all()


THINGS = [None, True, "x", "9.5", b"9", np.nan, np.inf, -1, 1e400, 1j, [], [1, 2], [[1.0]], {}, (),
          object(), np.array([1, None]), np.datetime64("2024-01-01"), "9,5", 10**400]  # fmt: skip


@pytest.mark.parametrize("key", ["temperature", "clay", "npp", "lignin_to_n"])
@pytest.mark.parametrize("number", range(len(THINGS)))
def test_a_site_of_anything_is_read_or_refused_in_one_line(key, number):
    place = {"temperature": 9.5, "clay": 0.22, "npp": 450.0, "lignin_to_n": 18.0}
    found, line = refusal(lambda: sites.read(place | {key: THINGS[number]}))
    assert "\n" not in line
    assert len(line) < 300
    if line:
        return
    low, high = sites.RECORDS[key].bounds
    assert ((found[key] >= min(low, 0)) & (found[key] <= high)).all()
