"""A baseline says what it rests on, and rows from it say when it is out of date."""

import json
import math
import re
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from experiments.recorded import keep_recorded
from soilnb import claims
from soilnb.claims import baseline
from soilnb.parameters import InputError

FOLDER = Path(str(resources.files("soilnb.claims") / "baselines"))
SHIPPED, EVERY = sorted(FOLDER.glob("*.json")), sorted(FOLDER.rglob("*.json"))

NOTE = {"id": "bio-eq", "value": 0.016, "spread": 0.001, "n": 3, "data": "calibrated"}
NOTE |= {"preset": "default"}


@pytest.fixture(autouse=True)
def kept_in(monkeypatch, tmp_path):
    """Baselines, results and notes of this test only."""
    folder = tmp_path / "baselines"
    monkeypatch.setattr(baseline, "file", lambda paper: folder / f"{paper}.json")
    monkeypatch.setattr(claims, "_noted", {})
    monkeypatch.setenv("SOILNB_RESULTS", str(tmp_path / "results"))
    return folder


def keep(*notes, **options):
    options = {"command": "soilnb run 13 --size paper", "day": "2026-11-21"} | options
    return claims.write_baseline("rotzer2025", notes or [NOTE], **options)


def row(name="bio-eq", preset="default"):
    [found] = [
        r for r in claims.rows("rotzer2025") if r["id"] == name and r.get("preset") == preset
    ]
    return found


def saved(tmp_path, size, *notes):
    folder = tmp_path / "results" / size / "13_dynamic_reference"
    folder.mkdir(parents=True)
    (folder / "claims.json").write_text(json.dumps(notes))


# --- rows --------------------------------------------------------------------------------------


def test_a_kept_number_shows_with_its_verdict_spread_and_source():
    keep()
    found = row()
    assert (found["value"], found["verdict"], found["data"]) == (0.016, "same", "calibrated")
    assert found["size"] == "paper (baseline of 2026-11-21)"
    assert (found["spread"], found["n"]) == (0.001, 3)
    assert list(found)[15:] == ["preset", "spread", "n"]
    table = claims.compare("rotzer2025", ids=["bio-eq"])
    assert table.loc["bio-eq", ["preset", "ours"]].tolist() == ["default", "0.016"]


def test_rows_say_when_the_sources_have_changed(monkeypatch):
    keep()
    monkeypatch.setattr(baseline, "source_hash", lambda paper: "other")
    assert row()["size"] == "paper (baseline of 2026-11-21, stale)"
    assert row()["value"] == 0.016


def test_a_baseline_stands_between_runs_of_size_paper_and_quick(tmp_path):
    keep(NOTE, {**NOTE, "preset": "literal", "data": "published", "value": 0.004})
    saved(tmp_path, "quick", {**NOTE, "value": 0.5})
    assert row()["value"] == 0.016
    saved(tmp_path, "paper", {**NOTE, "value": 0.0161})
    assert (row()["value"], row()["size"]) == (0.0161, "paper")
    # what that run did not compute still comes from the baseline
    assert row(preset="literal")["size"] == "paper (baseline of 2026-11-21)"
    claims.record("bio-eq", 0.0162, preset="default")
    assert row()["value"] == 0.0162


def test_a_quick_row_of_another_preset_does_not_stand_beside_a_baseline(tmp_path):
    keep(NOTE)
    saved(tmp_path, "quick", {**NOTE, "preset": "literal"}, {**NOTE, "id": "doc-eq"})
    board = {row["id"]: row for row in claims.rows("rotzer2025") if row["value"] is not None}
    assert [r.get("preset") for r in claims.rows("rotzer2025") if r["id"] == "bio-eq"] == [
        "default"
    ]
    assert board["doc-eq"]["size"] == "quick"  # no baseline has this claim


def test_no_quick_row_stands_where_a_shipped_baseline_has_the_claim(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setattr(claims, "_noted", {})
    for paper in ("rotzer2025", "tao2023", "tao2024"):
        of_baseline = {note["id"] for note in baseline.load(paper)["values"]}
        for row in claims.rows(paper, full=True):
            assert row["id"] not in of_baseline or not str(row["size"]).startswith("quick")


def test_without_a_baseline_the_quick_run_counts(tmp_path):
    saved(tmp_path, "quick", NOTE)
    assert row()["size"] == "quick"


def test_presets_stand_in_their_order_whatever_the_source(tmp_path):
    presets = list(claims.presets("rotzer2025"))
    keep(*({**NOTE, "preset": preset} for preset in reversed(presets)))
    found = [r["preset"] for r in claims.rows("rotzer2025") if r["id"] == "bio-eq"]
    assert found == presets == ["default", "documented", "literal", "ungated", "matched"]


def test_the_cause_of_a_preset_goes_before_that_of_the_claim():
    wrong = {**NOTE, "value": 0.9}
    keep(
        wrong,
        {**wrong, "preset": "literal"},
        {**wrong, "preset": "ungated", "cause": "noted"},
        {**wrong, "id": "exudate-reach", "preset": "literal"},
    )
    assert "exposed share" in row()["cause"]
    assert row(preset="literal")["cause"].startswith("read literally")
    assert row(preset="ungated")["cause"] == "noted"
    assert row("exudate-reach", "literal")["cause"].startswith("one day of diffusion")


# --- the file ----------------------------------------------------------------------------------


def test_the_file_says_what_made_it(kept_in):
    path = keep(extra={"presets": {"default": {"seeds": [0, 1, 2]}}})
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert path == kept_in / "rotzer2025.json"
    assert (kept["size"], kept["date"]) == ("paper", "2026-11-21")
    assert kept["command"] == "soilnb run 13 --size paper"
    assert kept["presets"] == {"default": {"seeds": [0, 1, 2]}}
    assert kept["hash"] == baseline.source_hash("rotzer2025")
    assert kept["values"] == [NOTE]


def test_the_same_results_give_the_same_bytes(kept_in):
    curves = {"default/reference": curve()}
    first = keep(series=curves).read_bytes()
    assert keep(series=curves).read_bytes() == first
    assert list(kept_in.iterdir()) == [kept_in / "rotzer2025.json"]  # nothing half-written is left


def test_a_failure_leaves_the_baseline_before(monkeypatch):
    path = keep()
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(InputError, match=r"rotzer2025\.json cannot be written: No space left"):
        keep({**NOTE, "value": 0.02})
    assert path.read_bytes() == before


def test_a_broken_file_is_named(kept_in):
    kept_in.mkdir()
    (kept_in / "rotzer2025.json").write_text("{")
    with pytest.raises(InputError, match=r"rotzer2025\.json cannot be read as JSON"):
        claims.rows("rotzer2025")


@pytest.mark.parametrize(
    ("notes", "options", "words"),
    [
        ([{**NOTE, "id": "bio-eqq"}], {}, "unknown claim 'bio-eqq'"),
        ([{**NOTE, "id": "he-6c"}], {}, "claim 'he-6c': allowed claims of rotzer2025"),
        ([NOTE, NOTE], {}, "given twice"),
        ([{**NOTE, "value": math.nan}], {}, "not finite"),
        ([{**NOTE, "data": "guessed"}], {}, "unknown kind of data"),
        ([{**NOTE, "presett": "x"}], {}, "did you mean 'preset'"),
        ([NOTE], {"size": "big"}, "unknown size 'big'"),
        ([NOTE], {"command": " "}, "allowed the command"),
        ([NOTE], {"day": "yesterday"}, "allowed YYYY-MM-DD"),
        ([NOTE], {"extra": {"hash": "0"}}, "extra entry 'hash'"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(notes, options, words, kept_in):
    with pytest.raises(InputError, match=words) as caught:
        keep(*notes, **options)
    assert "\n" not in str(caught.value)
    assert not kept_in.exists()


def test_a_paper_without_listed_sources_has_no_baseline():
    with pytest.raises(InputError, match="unknown paper with a baseline 'he2024'"):
        claims.write_baseline("he2024", [{"id": "he-6c", "value": True}], command="x")


# --- the hash ----------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "soilnb"
    for kernel in ("automaton", "outlines", "reaction", "diffusion"):
        name = f"kernels/{kernel}.py"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\nx = 1\n")
    (folder / "pore").mkdir()
    for name in ("simulate", "measures", "figures"):
        (folder / "pore" / f"{name}.py").write_text("y = 2\n")
    (folder / "kernels/mimics.py").write_text("z = 3\n")
    return folder


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("kernels/automaton.py", True),
        ("kernels/outlines.py", True),
        ("kernels/reaction.py", True),
        ("kernels/diffusion.py", True),
        ("pore/simulate.py", True),
        ("pore/new.py", True),
        ("kernels/mimics.py", False),
        ("pore/ensemble.py", False),
        ("pore/run_file.py", False),
    ],
)
def test_the_hash_is_that_of_the_sources_that_decide_the_numbers(package, name, counts):
    before = baseline.source_hash("rotzer2025", package)
    (package / name).write_text("x = 1.0001\n")
    assert (baseline.source_hash("rotzer2025", package) != before) == counts


def test_line_ends_do_not_change_the_hash(package):
    before = baseline.source_hash("rotzer2025", package)
    (package / "pore/simulate.py").write_bytes(b"y = 2\r\n")
    assert baseline.source_hash("rotzer2025", package) == before


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("# one\n[a]\nx = 1\n", "[a]\nx = 1  # two\n", "[a]\nx = 2\n"),
        (
            "[parameters.x]\nvalue = 1\nslider = [0, 1]\nmeaning = 'one'\n",
            "[parameters.x]\nvalue = 1\nslider = [0, 2]\nmeaning = 'two'\n",
            "[parameters.x]\nvalue = 1\nslider = [0, 1]\nmeaning = 'one'\nvalidity = [0, 1]\n",
        ),
    ],
)
def test_of_a_table_the_numbers_count_and_neither_comments_nor_sliders(
    tmp_path, first, same, other
):
    folder = tmp_path / "soilnb"
    (folder / "profile").mkdir(parents=True)
    hashes = []
    for text in (first, same, other):
        (folder / "profile/compas.toml").write_text(text)
        hashes.append(baseline.source_hash("tao2024", folder))
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_sources_of_this_package_are_found():
    package = Path(str(resources.files("soilnb")))
    for paper, (named, _) in baseline.SOURCES.items():
        assert paper in claims.papers()
        for pattern in named:
            assert list(package.glob(pattern)), pattern


# --- series ------------------------------------------------------------------------------------


def curve():
    rng = np.random.default_rng(2)
    both = rng.lognormal(size=(2, 40)) * 1e-3
    both[:, 0] = np.nan
    dims = ("statistic", "time")
    return xr.Dataset(
        {"R_O": (dims, both, {"units": "mg g-1 d-1"}), "C_B": (dims, 7 * both)},
        coords={"statistic": ["mean", "sd"], "time": np.arange(0, 200.0, 5)},
        attrs={"seeds": [0, 1], "preset": "default", "ny": np.int64(250)},
    )


def test_series_come_back_to_four_digits():
    keep(series={"default/reference": curve(), "default/static": 2 * curve()})
    found = claims.series("rotzer2025")
    assert list(found) == ["default/reference", "default/static"]
    data = found["default/reference"]
    assert set(data) == {"R_O", "C_B"}
    assert data.attrs == {"seeds": [0, 1], "preset": "default", "ny": 250}
    assert data["R_O"].attrs["units"] == "mg g-1 d-1"
    for name in data:
        for statistic, digits in (("mean", 5e-4), ("sd", 5e-2)):
            ours, theirs = (d[name].sel(statistic=statistic) for d in (data, curve()))
            xr.testing.assert_allclose(ours, theirs, rtol=digits)


def test_without_a_baseline_there_are_no_series():
    assert claims.series("rotzer2025") == {}


# --- what ships --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_all_that_ships_has_one_form(path):
    kept = json.loads(path.read_text(encoding="utf-8"))
    head = ("name", "size", "data", "date", "command", "sources", "hash")
    assert tuple(kept)[:7] == head
    assert path == Path(FOLDER, f"{kept['name']}.json")
    assert kept["sources"] in baseline.SOURCES
    assert set(kept["data"].split(", ")) <= set(claims.DATA)
    assert kept["command"].startswith(("python -m experiments.", "soilnb run "))


def test_the_package_does_not_know_its_experiments():
    package = Path(str(resources.files("soilnb")))
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) experiments\b", text, re.MULTILINE), path


@pytest.mark.skipif(not SHIPPED, reason="no baseline has been kept yet")
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_baseline_is_small_and_complete(path, monkeypatch):
    monkeypatch.setattr(baseline, "file", lambda paper: path.with_name(f"{paper}.json"))
    assert path.stat().st_size < 400_000
    kept = baseline.load(path.stem)
    assert (kept["name"], kept["sources"]) == (path.stem, path.stem)
    assert kept["data"]
    assert len(kept["hash"]) == 64
    assert kept["command"]
    for note in kept["values"]:
        claims._note(**note)  # raises for what is no claim
    board = [r for r in claims.rows(path.stem) if "baseline" in (r["size"] or "")]
    assert len(board) == len(kept["values"])
    for found in board:
        if found["verdict"] == "differs":
            assert found["cause"], f"{found['id']} ({found.get('preset')}) differs without a cause"


def test_what_notebooks_recorded_in_size_paper_becomes_the_baseline(tmp_path, kept_in):
    with pytest.raises(InputError, match="no run of size paper has recorded numbers of tao2024"):
        keep_recorded("tao2024")
    folder = tmp_path / "results" / "paper" / "32_site_assimilation"
    folder.mkdir(parents=True)
    notes = [
        {"id": "conv-5-assim", "value": 62.5, "data": "real"},
        {"id": "conv-5-decom", "value": 0.0, "data": "real"},
    ]
    (folder / "claims.json").write_text(json.dumps(notes))
    kept = json.loads(keep_recorded("tao2024").read_text(encoding="utf-8"))
    assert [(n["id"], n["value"]) for n in kept["values"]] == [
        ("conv-5-assim", 62.5),
        ("conv-5-decom", 0),
    ]
    assert kept["command"] == "soilnb run 32_site_assimilation --size paper"


# --- tables ------------------------------------------------------------------------------------


def test_tables_of_a_run_are_kept_with_its_numbers(tmp_path):
    folder = tmp_path / "results" / "paper" / "34_proda_globe"
    folder.mkdir(parents=True)
    note = {"id": "tao-r", "value": 0.98, "data": "real"}
    (folder / "claims.json").write_text(json.dumps([note]))
    (folder / "tao2023-controls.csv").write_text(
        "case,estimate,error,n\nfiltered,0.8567891,,179\nprior,1.5,0.1,500\n"
    )
    (folder / "tao2023-other.csv").write_text("a\n1\n")
    empty = claims.kept_table("tao2023", "tao2023-controls")
    assert empty["note"].tolist() == ["no run of size paper is kept"]
    keep_recorded("tao2023")
    kept = claims.kept_table("tao2023", "tao2023-controls", ["case", "n", "estimate", "error"])
    assert kept.index.tolist() == ["filtered", "prior"]
    assert kept["estimate"].tolist() == [0.8568, 1.5]
    assert kept["n"].tolist() == [179, 500]
    assert math.isnan(kept.loc["filtered", "error"])
    whole = claims.kept_table("tao2023", "tao2023-controls")
    assert whole.columns.tolist() == ["case", "estimate", "error", "n"]  # in the table's order
    assert kept.attrs["command"] == "soilnb run 34_proda_globe --size paper"
    assert set(json.loads(baseline.file("tao2023").read_text())["tables"]) == {"tao2023-controls"}


@pytest.mark.parametrize(
    ("paper", "name", "message"),
    [
        ("he2024", "he2024-x", "unknown paper with kept tables 'he2024'"),
        ("tao2023", "tao2023-x", "unknown kept table 'tao2023-x'"),
    ],
)
def test_a_table_that_is_not_kept_is_refused(paper, name, message):
    with pytest.raises(InputError, match=message):
        claims.kept_table(paper, name)
