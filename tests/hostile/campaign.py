"""Hostile input by the ten thousand: whatever comes in, the right value or one clear line.

    python tests/hostile/campaign.py [--share 1.0] [--seed 1] [--kinds KIND ...] [--table FILE.csv]

Each case ends in one of five ways: *right* (it was read, and the result is what an independent
reading gives), *line* (refused in one line), *told* (a unit that nobody said was read as the
likelier of two, wrongly, and the line that is shown says so), *uncaught* (another exception, or
more than a line), *silent* (read, and wrong). The last two must not occur. The suite tries a few
of each kind.
"""

import argparse
import contextlib
import csv
import faulthandler
import gzip
import io
import re
import sys
import tempfile
import tomllib
import warnings
from collections import Counter
from pathlib import Path

import netCDF4
import numpy as np
import openpyxl
import pandas as pd
import xarray as xr
from click.testing import CliRunner
from mangling import mangled, mutated, same, spoilt
from PIL import Image

from soilnb.cli import main as cli
from soilnb.data.profiles import density, units
from soilnb.parameters import InputError
from soilnb.pore import Run, aggregated, files, from_image, simulate
from soilnb.pore.scenarios import read_scenario
from soilnb.proda import observations
from soilnb.profile import forcing, millennial, mimics
from soilnb.profile import site as sites

#: Longest line that may refuse a case.
LONGEST = 1500

HEAD = "profile,top,bottom,organic_carbon,bulk_density,coarse_fragments,sand,clay,latitude"
ROWS = ["A,0,10,3.1,1.1,5,40,20,50.1", "A,10,30,1.6,1.3,8,38,22,50.1",
        "A,30,60,0.7,1.4,10,36,24,50.1", "A,60,100,0.3,1.5,15,36,24,50.1"]  # fmt: skip
TEXT = "\n".join([HEAD, *ROWS, *(row.replace("A", "B") for row in ROWS)]) + "\n"

FINE = {"share_1_2": 40, "share_2_6": 60, "share_6_20": 0, "share_20_63": 0, "share_63_200": 0}
SMALL = {"shape": (32, 36), "initial_steps": 3, "parameters": FINE, "progress": False}


class Silent(AssertionError):
    """Something was read, and it is wrong."""


class Told(Exception):
    """Something was read in the likelier of two units, and the one line says so; it is wrong."""


def must(holds, what):
    """Raise `Silent` where something that was read is wrong."""
    if not holds:
        raise Silent(what)


# Tables -----------------------------------------------------------------------------------------


def plain(found):
    """Check what must hold of every table that is read."""
    known = np.isfinite(found["depth"].values)
    carbon = found["carbon_density"].values[known]
    must(np.isfinite(carbon).all() and ((carbon > 0) & (carbon <= 5e5)).all(), "carbon density")
    top, bottom = found["top"].values[known], found["bottom"].values[known]
    must(((top >= 0) & (bottom > top) & (bottom <= 30)).all(), "depths")
    stock = (found["carbon_density"] * (found["bottom"] - found["top"])).sum("layer")
    must(float(stock.max()) < 2.6e6, "more carbon than peat through a column of 8.6 m and more")
    observations.describe(found)
    observations.refused(found)


def from_the_text(found, content, encoding):
    """Check that no number was made up: each stands in the text, in a unit of its column."""
    text = content.decode(encoding, errors="replace")
    there = set(re.findall(r"\d*\.?\d+(?:[eE][-+]?\d+)?", text))
    there |= {number.replace(",", ".") for number in re.findall(r"\d*,\d+", text)}
    values = np.array([float(token) for token in there])
    for name, unit in (("organic_carbon", "%"), ("bulk_density", "g cm-3")):
        read = found[name].values
        read = read[np.isfinite(read) & (found["measured"].values | (name != "bulk_density"))]
        every = set(units.family(unit).values())
        known = np.concatenate([u.convert(values) for u in every])
        off = np.abs(read[:, np.newaxis] - known).min(axis=1, initial=np.inf)
        must((off <= 1e-9 * np.abs(read)).all(), f"{name} that the file does not have")


def _workbook():
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for line in TEXT.splitlines():
        book.active.append(line.split(","))
    book.save(stream)
    return stream.getvalue()


def tables(folder):
    """CSV, UTF-16, semicolons, workbooks and gzip with spoilt bytes."""
    right = observations.from_table(pd.read_csv(io.StringIO(TEXT)))
    semicolons = TEXT.replace(",", ";").replace(".", ",").encode()
    contents = [(TEXT.encode(), "latin-1"), (TEXT.encode("utf-16"), "utf-16"),
                (semicolons, "latin-1"), (_workbook(), ""),
                (gzip.compress(TEXT.encode()), "")]  # fmt: skip
    path = folder / "p.csv"

    def case(rng):
        content, encoding = contents[rng.choice(5, p=[0.5, 0.1, 0.2, 0.1, 0.1])]
        content = mangled(content, rng)
        path.write_bytes(content)
        found = observations.read_csv(path, least_layers=2)
        plain(found)
        if encoding:
            from_the_text(found, content, encoding)
        else:  # archives have sums, so what can be read is what was written
            must(np.array_equal(found["organic_carbon"], right["organic_carbon"]), "carbon")

    return case


#: Ways to write the same table: column, unit as a user declares it, and its factor.
WRITTEN = {
    "organic_carbon": {"%": 1, "g/kg": 10, "mg/g": 10, "fraction": 0.01, "dg/kg": 100},
    "bulk_density": {"g/cm3": 1, "kg/m3": 1000, "Mg/m3": 1, "cg/cm3": 100},
    "coarse_fragments": {"%": 1, "fraction": 0.01},
    "depth": {"cm": 1, "m": 0.01, "mm": 10, "inch": 1 / 2.54},
}
HEADINGS = {
    "profile": ["profile", "Profile ", "PROFILE"], "top": ["top", "Top", " TOP"],
    "bottom": ["bottom", "Bottom"], "organic_carbon": ["organic_carbon", "Organic Carbon"],
    "bulk_density": ["bulk_density", "Bulk-Density"], "coarse_fragments": ["coarse_fragments"],
}  # fmt: skip


def soils(rng):
    """Make up soils that could be: mineral ones, some with peat; carbon in %, depth in cm."""
    parts = []
    kind = rng.choice(["mineral", "desert", "peat", "mixed"], p=[0.6, 0.1, 0.1, 0.2])
    for number in range(rng.integers(1, 30)):
        peat = kind == "peat" or (kind == "mixed" and rng.random() < 0.2)
        layers = int(rng.integers(3, 7))
        if peat:
            carbon = rng.uniform(35, 56, layers)
            earth = rng.uniform(0.08, 0.22, layers)
        else:
            top = rng.lognormal(np.log(0.4 if kind == "desert" else 2.2), 0.6)
            carbon = np.minimum(top * np.cumprod([1, *rng.uniform(0.3, 0.95, layers - 1)]), 20)
            earth = density.bulk_density(carbon) * rng.lognormal(0, 0.08, layers)
        edges = np.round(np.linspace(0, rng.uniform(60, 150), layers + 1))
        parts.append(pd.DataFrame({
            "profile": f"P{number}", "top": edges[:-1], "bottom": edges[1:],
            "organic_carbon": carbon.round(4), "bulk_density": np.minimum(earth, 2.0).round(3),
            "coarse_fragments": rng.uniform(0, 40, layers).round(1),
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def tables_of_units(folder):
    """Tables of soils that could be, in every unit, declared or not, in files as they come."""
    path = folder / "p.csv"

    def case(rng):
        table = soils(rng)
        if rng.random() < 0.3:
            table = table.drop(columns="bulk_density")
        right = observations.from_table(table, units=dict.fromkeys(table.columns[3:], None) and {
            "organic_carbon": "%", "depth": "cm", "coarse_fragments": "%"})  # fmt: skip
        declared, heads = {}, {}
        for name, known in WRITTEN.items():
            columns = ["top", "bottom"] if name == "depth" else [name]
            if columns[0] not in table:
                continue
            unit = str(rng.choice(list(known)))
            how = rng.integers(4) if unit != "inch" else rng.integers(2)  # inches must be said
            table = table.assign(**{c: table[c] * known[unit] for c in columns})
            if how == 0:
                declared[name] = unit
            heads |= {c: f"{c} ({unit})" if how == 1 else rng.choice(HEADINGS[c]) for c in columns}
        heads["profile"] = rng.choice(HEADINGS["profile"])
        separator = str(rng.choice([",", ";", "\t", "|"]))
        decimal = "," if separator != "," and rng.random() < 0.3 else "."
        text = table.rename(columns=heads).to_csv(sep=separator, decimal=decimal, index=False)
        if rng.random() < 0.1:
            text = text.replace("\n", "\r\n")
        path.write_bytes(text.encode(str(rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))))
        found = observations.read_csv(path, units=declared)
        plain(found)
        must(set(found["profile"].values) <= set(right["profile"].values), "profiles")
        one, other = xr.align(found, right, join="left", exclude={"layer"})
        other = other.isel(layer=slice(0, one.sizes["layer"]))
        notes = observations.describe(found).attrs["notes"]
        for name in ("organic_carbon", "top", "bottom", "carbon_density"):
            close = np.allclose(one[name], other[name], rtol=1e-6, equal_nan=True)
            doubt = [note for note in notes if note.startswith("organic_carbon taken as")]
            if not close and doubt and "carbon" in name and "organic_carbon" not in declared:
                raise Told(doubt[0])
            must(close, f"{name} of {list(heads.values())}, {declared} ({notes})")

    return case


# Weather, sites, forcing ------------------------------------------------------------------------

YEAR = "month,temperature,precipitation\n" + "".join(
    f"{m},{10 - 8 * np.cos((m - 1) / 6 * np.pi):.1f},{60 + m}\n" for m in range(1, 13)
)


def years(folder):
    """Monthly tables of weather with spoilt bytes."""
    path = folder / "year.csv"

    def case(rng):
        path.write_bytes(mangled(YEAR.encode(), rng))
        year = forcing.read_monthly(path)
        must(np.isfinite(year["temperature"]).all(), "temperature")
        must((np.abs(year["temperature"]) < 100).all(), "temperature")
        must((year["precipitation"] >= 0).all(), "precipitation")
        forcing.from_climate(**forcing.arguments(year), latitude=50.0)

    return case


THINGS = [None, True, "x", "9.5", b"9", np.nan, np.inf, -1, 1e400, 1j, [], [1, 2], [[1.0]], {}, (),
          object(), np.array([1, None]), np.datetime64("2024-01-01"), "9,5", 10**400,
          np.array([1j]), np.complex128(3), pd.Series([0.2, 0.3]), xr.DataArray([0.2]),
          pd.Timestamp("2024-01-01"), np.ma.masked, "0.2", -0.0, 5e-324, 1e308]  # fmt: skip


def places(_):
    """Sites of MIMICS and Millennial with wild values, keys and shapes."""
    usual = {"temperature": 9.5, "clay": 0.22, "npp": 450.0, "lignin_to_n": 18.0, "silt": 0.3,
             "moisture": 0.5, "water": 0.3, "ph": 6.0, "bulk_density": 1300.0}  # fmt: skip

    def case(rng):
        place = {key: value for key, value in usual.items() if rng.random() < 0.95}
        for _ in range(rng.integers(1, 3)):
            key = str(rng.choice([*usual, "f_met", "tempertaure", "modifier"]))
            if rng.random() < 0.5:
                place[key] = THINGS[rng.integers(len(THINGS))]
            else:
                place[key] = float(rng.choice([1, -1]) * 10.0 ** rng.uniform(-6, 6))
        module = (mimics, millennial)[rng.integers(2)]
        with contextlib.suppress(mimics.SteadyStateError):  # said in one line, too
            run = module.steady_state(place)
            carbon = run["carbon"].values
            holds = np.isfinite(carbon).all(axis=-1) & (carbon.sum(axis=-1) <= 150)
            must((holds | ~run["plausible"].values).all(), "no soil, and not flagged")
            must((run["carbon"] >= 0).all() or not run["plausible"].all(), "negative carbon")
        read = sites.read({k: v for k, v in place.items() if k in sites.RECORDS}, ())
        for key, values in read.values.items():
            must(np.array_equal(values, np.broadcast_to(np.asarray(place[key], float),
                                                        values.shape)), key)  # fmt: skip

    return case


def climates(_):
    """Forcing Datasets of which a variable, a dimension or a label is another."""
    good = forcing.example("temperate").load()

    def case(rng):
        bad = good.copy(deep=True)
        name = str(rng.choice(list(bad.data_vars)))
        array = bad[name]
        match rng.integers(8):
            case 0:
                bad[name] = array * float(10.0 ** rng.integers(-4, 5) * rng.choice([1, -1]))
            case 1:
                bad[name] = array.where(bool(rng.integers(2)), np.nan)
            case 2:
                bad = bad.drop_vars(name)
            case 3:
                bad[name] = array.astype(str(rng.choice(["float32", "complex128", "str", "bool"])))
            case 4:
                if array.dims:
                    bad = bad.isel({array.dims[0]: slice(0, int(rng.integers(0, 5)))})
            case 5:
                if array.dims:
                    bad = bad.rename({array.dims[0]: "height"})
            case 6:
                bad[name] = (array.dims, np.roll(array.values, 1, axis=-1) if array.ndim else -1.0)
            case 7:
                values = array.values.copy().reshape(-1)
                values[rng.integers(values.size)] = rng.choice([np.nan, np.inf, -5.0, 1e9, 300.0])
                bad[name] = (array.dims, values.reshape(array.shape))
        read = forcing.check(bad)
        for key, variable in forcing.VARIABLES.items():
            must(np.isfinite(read[key]).all(), key)
            must(np.allclose(read[key].transpose(*bad[key].dims), bad[key].astype(float)), key)
            low, high = variable.bounds or (-np.inf, np.inf)
            must(((read[key] >= low) & (read[key] <= high)).all(), f"{key} out of bounds")

    return case


def papers_files(folder):
    """Profiles in the papers' netCDF layout with spoilt bytes."""
    profiles, layers, bad = (folder / f"{n}.nc" for n in ("profiles", "layers", "bad"))
    with netCDF4.Dataset(profiles, "w") as file:
        file.createDimension("column", 7)
        file.createDimension("profile", 1)
        file.createVariable("soc_profile_info", "f8", ("column", "profile"))[:] = np.array(
            [[1], [0], [0], [8.2], [50.1], [4], [2000]]
        )
    rows = [[1, 2000, t, b, (t + b) / 2, c, 0, d, 0] for t, b, c, d in
            ((0, 10, 31, 1.1), (10, 30, 16, 1.3), (30, 60, 7, 1.4), (60, 100, 3, 1.5))]  # fmt: skip
    with netCDF4.Dataset(layers, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("column", 9)
        file.createDimension("layer", 4)
        data = np.array(rows, float).T
        data[6] = np.nan
        file.createVariable("data_soc_integrate", "f8", ("column", "layer"))[:] = data
    whole = layers.read_bytes()

    def case(rng):
        bad.write_bytes(spoilt(whole, rng))
        plain(observations.open_authors(profiles, bad))

    return case


# Images, scenarios, states ----------------------------------------------------------------------


def images(folder):
    """Images of every mode, whole and with spoilt bytes."""
    path = folder / "i.png"

    def saved(solid, rng):
        """Write an image of a known porosity; returns the file and what its numbers mean."""
        mode = str(rng.choice(["1", "L", "LA", "RGB", "RGBA", "P", "I;16", "npy"]))
        white = np.where(solid, 255, 0).astype(np.uint8)
        suffix, codes = ".png", {0: "pore", 255: "solid"}
        if mode == "npy":
            suffix = ".npy"
            np.save(folder / "i.npy", white)
            return folder / "i.npy", codes
        picture = Image.fromarray(white)
        if mode == "I;16":
            picture = Image.fromarray(white.astype(np.uint16) * 257)
            codes = {0: "pore", 65535: "solid"}
        elif mode != "L":
            picture = picture.convert(mode)
        suffix = str(rng.choice([".png", ".tif"]))
        picture.save(folder / f"i{suffix}")
        return folder / f"i{suffix}", codes

    def case(rng):
        solid = np.kron(rng.random((10, 12)) < rng.uniform(0.3, 0.8), np.ones((4, 4))).astype(bool)
        if not 0 < solid.mean() < 1:
            raise InputError("one phase")
        path, codes = saved(solid, rng)
        given = [codes, None, {0: "solid", max(codes): "pore"}][rng.choice(3, p=[0.6, 0.2, 0.2])]
        porosity = float(solid.mean() if given is not None and given[0] == "solid" else
                         1 - solid.mean())  # fmt: skip
        whole = rng.random() < 0.4
        if not whole:
            path.write_bytes(spoilt(path.read_bytes(), rng))
        shown = [None, "shown", "stored"][rng.choice(3, p=[0.6, 0.3, 0.1])]
        state = from_image(path, 2.0, codes=given, values=shown)
        found = 1 - float((state.solid > 0).mean())
        if whole:
            must(abs(found - porosity) < 1e-9, f"porosity {found:.3f} for {porosity:.3f}")
        else:
            must(0 < found < 1 and state.solid.shape[0] * state.solid.shape[1] <= 2e8, "porosity")

    del path
    return case


SCENARIO = b"""description = "two pulses"
pulses = [100, {day = 150, mass = 0.4, cn = 10}, {day = 200, rate = 3.6}]
movement = true
shape = [64, 64]

[parameters]
porosity = 0.45
share_63_200 = 42.6
share_1_2 = 9.5
"""


def scenarios(folder):
    """Scenario files with spoilt bytes."""
    path = folder / "s.toml"

    def case(rng):
        content = mangled(SCENARIO, rng)
        path.write_bytes(content)
        read = read_scenario(path)
        entries = tomllib.loads(content.decode("utf-8-sig"))
        pulses = entries.get("pulses", [])
        must(len(read.pulses) == len(pulses if isinstance(pulses, list) else [pulses]), "pulses")
        # as text: no number is not equal to itself
        must(str(dict(read.parameters)) == str(entries.get("parameters", {})), "parameters")
        must(read.movement == entries.get("movement", True), "movement")

    return case


def run(**options):
    return simulate("static", **SMALL | {"days": 6, "snapshots": (2,)} | options)


def checkpoints(folder):
    """Checkpoints that are damaged, changed, or changed and sealed anew."""
    path, right = folder / "state", run(days=5)
    run(days=4, checkpoint=path).close()
    whole = path.read_bytes()
    with np.load(path) as entries:
        arrays = {name: entries[name] for name in entries.files}

    def case(rng):
        damage = rng.integers(3)
        if damage == 0:
            path.write_bytes(spoilt(whole, rng))
        else:
            bad = mutated(arrays, rng)
            if damage == 1 and not same(bad, arrays):
                bad["digest"] = np.array(files._digest(bad))
            with path.open("wb") as file:
                np.savez(file, **bad)
        data = run(days=5, resume=path)
        must(np.isfinite(data["C_CO2"]).all(), "respiration")
        forged = damage == 1  # nobody can tell what has its own seal
        must(forged or xr.testing.assert_equal(data, right) is None, "another run")

    return case


def states(_):
    """States that are handed over with wild arrays."""
    begun = Run("static", initial=aggregated((32, 36), 0, FINE, 3), days=3).begin()
    begun.step()
    state = begun.state
    before = {k: v for k, v in state.to_arrays().items() if k != "rng"}

    def case(rng):
        given = state.copy()
        for name, values in mutated(before, rng).items():
            if name == "budget":
                given.budget = dict(zip(given.budget, values.reshape(-1).tolist(), strict=False))
            else:
                setattr(given, name, values if values.ndim else values.item())
        data = simulate("static", initial=given, days=2, progress=False)
        must(np.isfinite(data["C_CO2"]).all(), "respiration")

    return case


# The command line -------------------------------------------------------------------------------

ARGUMENTS = ["--days", "1", "2", "-1", "x", "--shape", "32x32", "0x0", "9" * 30, "--seed", "3",
             "-p", "porosity=0.5", "porosity=nan", "porosity", "initial_steps=2", "--preset",
             "default", "--snapshot", "--checkpoint", "--resume", "-o", "--unit",
             "organic_carbon=g/kg",
             "depth=furlong", "--column", "organic_carbon=SOC", "=", "--missing", "-99", "--datum",
             "drop", "--sheet", "--sort", "--json", "rotzer2025", "", "é", "\U0001f4a9", "--help",
             "static", "reference", "*", "..", "-", "--"]  # fmt: skip


def commands(folder):
    """Command lines of words in any order."""
    table, year = folder / "pits.csv", folder / "s.toml"
    table.write_text(TEXT)
    year.write_bytes(SCENARIO)
    runner = CliRunner()
    fixed = {
        "check": [str(table)], "simulate": ["static", "-o", str(folder / "run.nc"), "--days", "1",
                                            "--shape", "32x32", "-p", "initial_steps=2", "--force"],
        "claims": [], "data": ["list"],
    }  # fmt: skip

    def case(rng):
        command = str(rng.choice(["check", "simulate", "claims", "data"], p=[0.55, 0.3, 0.1, 0.05]))
        words = list(fixed[command])
        for _ in range(rng.integers(0, 5)):
            word = str(rng.choice(ARGUMENTS))
            words.insert(int(rng.integers(0, len(words) + 1)), word)
        with runner.isolated_filesystem(folder):
            done = runner.invoke(cli, [command, *words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        must(done.exit_code in (0, 1, 2), f"status {done.exit_code}")
        must("Traceback" not in done.output, done.output[:200])
        if done.exit_code:
            raise InputError(done.stderr.strip().splitlines()[-1] if done.stderr else "")

    return case


#: Kinds of cases, and how many the whole campaign tries.
KINDS = {
    scenarios: 26_000, places: 45_000, years: 12_000, images: 10_000, climates: 6_000,
    tables: 2_000, papers_files: 300, commands: 2_000, checkpoints: 1_000, states: 1_000,
    tables_of_units: 600,
}  # fmt: skip


def outcome(case, rng):
    """Try one case; returns how it ended, and what was said."""
    sink = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stderr(sink), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            case(rng)
        except InputError as error:
            text = str(error)
            fine = text.strip() and "\n" not in text and len(text) < LONGEST
            return ("line" if fine else "uncaught"), text
        except Silent as error:
            return "silent", str(error)
        except Told as error:
            return "told", str(error)
        except Exception as error:
            return "uncaught", f"{type(error).__name__}: {error}"
    return "right", ""


def tried(kind, count, seed, folder):
    """Try a kind; returns how its cases ended, and what must not be."""
    counts, wrong = Counter(), []
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case = kind(folder)
    for number in range(count):
        own = np.random.default_rng(rng.integers(2**63))
        how, said = outcome(case, own)
        counts[how] += 1
        if how in ("uncaught", "silent"):
            wrong.append(f"{kind.__name__} {number} of seed {seed}: {how}: {said[:300]}")
    return counts, wrong


def into_page(page, rows, command):
    """Put the counts between the two marks of a page of the book, with the command."""
    heads = ["tried", "right", "line", "told", "uncaught", "silent"]
    total = {head: sum(int(row[head]) for row in rows) for head in heads}
    lines = [f"| what | {' | '.join(heads)} |", "| --- |" + " ---: |" * len(heads)]
    for row in [*rows, {"what": "**all**", **total}]:
        lines.append(f"| {row['what']} | " + " | ".join(f"{int(row[h]):,}" for h in heads) + " |")
    words = f"Made by `{command}`, after what it found was mended."
    text = page.read_text(encoding="utf-8")
    before, rest = text.split("<!-- counted: begin -->")
    after = rest.split("<!-- counted: end -->")[1]
    middle = "\n\n".join(["<!-- counted: begin -->", words, "\n".join(lines), ""])
    page.write_text(f"{before}{middle}<!-- counted: end -->{after}", encoding="utf-8")


def main():
    """Try all kinds, print what came out, and fail where anything was uncaught or silent."""
    known = {kind.__name__: kind for kind in KINDS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=1.0, help="of the number of cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=list(known), default=list(known))
    parser.add_argument("--table", type=Path, help="CSV for the counts; kinds already there stay")
    parser.add_argument("--page", type=Path, help="page of the book that gets the table of --table")
    given = parser.parse_args()
    faulthandler.enable()
    heads = ["kind", "what", "tried", "right", "line", "told", "uncaught", "silent"]
    rows, failed = {}, 0
    if given.table and given.table.exists():
        with given.table.open(newline="", encoding="utf-8") as file:
            rows = {row["kind"]: row for row in csv.DictReader(file)}
    for name in given.kinds:
        kind = known[name]
        with tempfile.TemporaryDirectory() as folder:
            counts, wrong = tried(kind, int(given.share * KINDS[kind]), given.seed, Path(folder))
        rows[name] = {"kind": name, "what": kind.__doc__.rstrip("."), "tried": counts.total(),
                      **{how: counts[how] for how in heads[3:]}}  # fmt: skip
        print(rows[name], flush=True)
        print(*wrong[:20], sep="\n", flush=True)
        failed += len(wrong)
        if given.table:
            with given.table.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, heads, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows.values())
    if given.page:
        into_page(
            given.page, rows.values(), f"python tests/hostile/campaign.py --seed {given.seed}"
        )
    print(f"{sum(int(row['tried']) for row in rows.values()):,} cases; {failed} wrong")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
