import dataclasses
import functools
import hashlib
import http.server
import os
import subprocess
import sys
import threading

import pooch
import pytest
import realdata

import soilnb
from soilnb import schema
from soilnb.data import datasets, fetch, open_dataset, readers, registry, schemas
from soilnb.data.registry import File
from soilnb.parameters import InputError

SMALL = {
    "testbed_cnpflux_end_prespin_1901.csv": (
        "1,1,15,-99,1,-72.95,0.0,17.0,0.0,0,0,0,0,0,0,0,0,0,\n"
        "1,2,8,-99,1,6.63,0.0,54.0,513.0,0,0,0,0,0,0,0,0,0,\n"
        "1,3,10,-99,1,40.74,260.0,40.0,200.0,0,0,0,0,0,0,0,0,0,\n"
    ),
    "testbed_gridinfo_igbpz.csv": (
        "ijcam,lat,lon,ivt_igbp,landarea\n"
        "10,-72.95,0,15,17e9\n52,6.63,0,8,54e9\n90,40.74,260.0,10,40e9\n"
    ),
    "testbed_gridinfo_soil_clm2.csv": (
        "ijcam,lat,lon,sand,clay,silt,wwilt,wfield,wsat\n"
        "10,-72.95,0,0.43,0.18,0.39,0.1,0.2,0.4,\n52,6.63,0,0.5,0.3,0.2,0.1,0.2,0.4,\n"
        "90,40.74,260,0.2,0.2,0.6,0.1,0.2,0.4,\n"
    ),
    "testbed_mimicspool_end_spin.csv": (
        "iYrCnt,npt,veg%iveg,casamet%lat,casamet%lon,casamet%areacell,mimicspool%LITm,"
        "mimicspool%LITs,mimicspool%MICr,mimicspool%MICk,mimicspool%SOMa,mimicspool%SOMc,"
        "mimicspool%SOMp\n"
        "1,1,15,-72.95,0.0,17.0,1,1,0.015,0.025,1,1,0,\n"
        "1,2,8,6.63,0.0,54.0,1,2,0.03,0.04,5,6,7,\n"
        "1,3,10,40.74,260.0,40.0,1,2,0.03,0.04,5,6,7,\n"
    ),
    "testbed_pftlookup_mimics.csv": (
        "vegtype,Description\nBiome-Specific Parameters,,\nvegtype,SOM depth (cm),\n"
        + "".join(f"{igbp},{50 if igbp == 10 else 100},,\n" for igbp in range(1, 19))
    ),
}


def write(folder, files):
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.fixture
def small_testbed(monkeypatch):
    """The registry with a small testbed in the place of the published one, without a URL."""

    def register(files, url=""):
        records = tuple(
            File(name, hashlib.sha256(text.encode()).hexdigest(), url and f"{url}/{name}")
            for name, text in files.items()
        )
        record = dataclasses.replace(registry.RECORDS["testbed"], files=records)
        monkeypatch.setitem(registry.RECORDS, "testbed", record)

    return register


@pytest.fixture
def local(monkeypatch, tmp_path, small_testbed):
    """A data folder with a small testbed that the registry accepts."""
    write(tmp_path / "testbed", SMALL)
    small_testbed(SMALL)
    monkeypatch.setenv("SOILNB_DATA", str(tmp_path))
    return tmp_path / "testbed"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    """A folder, and the address of a local server that publishes it."""
    folder = tmp_path / "published"
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


# what is opened ------------------------------------------------------------------------------


def test_an_unknown_data_set_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'testbed'") as error:
        open_dataset("testbet")
    assert "lter" in one_line(error)


def test_local_files_are_opened_as_real(local):
    dataset = open_dataset("testbed", twin=False)
    assert dataset.attrs["provenance"] == "real"
    assert dataset.attrs["licence"] == "MIT"
    assert dataset.attrs["soilnb_version"] == soilnb.__version__
    assert "testbed_gridinfo_igbpz.csv" in dataset.attrs["source"]
    assert dataset.sizes == {"cell": 3, "pool": 7}


def test_without_data_the_twin_stands_in_and_says_so_once(capsys):
    first, second = open_dataset("cue"), open_dataset("cue")
    assert first.attrs["provenance"] == second.attrs["provenance"] == "synthetic"
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "'cue' is a synthetic twin" in said.err


def test_a_twin_that_was_asked_for_is_not_announced(capsys, local):
    assert open_dataset("testbed", twin=True).attrs["provenance"] == "synthetic"
    assert capsys.readouterr().err == ""


def test_a_twin_does_not_carry_the_licence_of_the_data():
    attrs = open_dataset("cue", twin=True).attrs
    assert "synthetic" in attrs["licence"]
    assert attrs["title"].startswith("Synthetic")


def test_a_refused_twin_says_how_to_get_the_data():
    with pytest.raises(InputError, match="soilnb data fetch testbed") as error:
        open_dataset("testbed", twin=False)
    assert "SOILNB_DATA" in one_line(error)


@pytest.mark.parametrize("twin", [None, True, False])
def test_a_data_set_without_file_and_twin_says_how_to_get_it(twin):
    with pytest.raises(InputError, match="put it into the folder 'israd'") as error:
        open_dataset("israd", twin=twin)
    assert "fetch" not in one_line(error)


def test_opening_never_downloads(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("open_dataset tried to download")

    monkeypatch.setattr(pooch.Pooch, "fetch", refuse)
    assert open_dataset("cue").attrs["provenance"] == "synthetic"
    with pytest.raises(InputError):
        open_dataset("mimics")


def test_the_lter_sites_are_a_published_table_with_their_source():
    sites = open_dataset("lter")
    assert sites.attrs["provenance"] == "published table"
    assert "10.5194/gmd-8-1789-2015" in sites.attrs["source"]
    with pytest.raises(InputError, match="has no twin"):
        open_dataset("lter", twin=True)


# what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("twin", [None, False])
def test_an_altered_file_is_refused_by_name_and_not_replaced_by_the_twin(local, twin):
    path = local / "testbed_gridinfo_soil_clm2.csv"
    path.write_text(path.read_text().replace("0.43", "0.44"))
    actual = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    with pytest.raises(InputError, match=r"testbed_gridinfo_soil_clm2.csv is not the pub") as error:
        open_dataset("testbed", twin=twin)
    assert actual in one_line(error)


def test_a_file_altered_after_it_was_opened_is_refused(local):
    open_dataset("testbed")
    path = local / "testbed_pftlookup_mimics.csv"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(InputError, match=r"testbed_pftlookup_mimics.csv is not the published"):
        open_dataset("testbed")


def test_an_unchanged_file_is_hashed_once(local, monkeypatch):
    open_dataset("testbed")
    monkeypatch.setattr(hashlib, "sha256", None)
    assert registry._fault(registry.RECORDS["testbed"], local) is None


def test_a_folder_without_one_file_is_refused_by_name(local):
    (local / "testbed_gridinfo_igbpz.csv").unlink()
    with pytest.raises(InputError, match=r"testbed_gridinfo_igbpz.csv cannot be read") as error:
        open_dataset("testbed")
    assert "No such file" in one_line(error)


def test_a_missing_folder_of_one_data_set_falls_back_to_the_twin(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SOILNB_DATA", str(tmp_path))
    assert open_dataset("cue").attrs["provenance"] == "synthetic"
    assert "synthetic twin" in capsys.readouterr().err


@pytest.mark.parametrize("variable", ["SOILNB_DATA", "SOILNB_CACHE"])
def test_a_relative_folder_is_refused(monkeypatch, variable):
    monkeypatch.setenv(variable, "shared/data")
    for call in (lambda: open_dataset("testbed"), datasets):
        with pytest.raises(InputError, match=f"{variable} = 'shared/data'") as error:
            call()
        assert "absolute" in one_line(error)


def test_a_data_folder_that_does_not_exist_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILNB_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="no such folder"):
        open_dataset("testbed")


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("SOILNB_DATA", "")
    assert open_dataset("cue").attrs["provenance"] == "synthetic"


# downloads -----------------------------------------------------------------------------------


def test_a_download_is_checked_kept_and_opened(server, own_cache, small_testbed, capsys):
    folder, url = server
    write(folder, SMALL)
    small_testbed(SMALL, url)
    target = fetch("testbed")
    assert sorted(path.name for path in target.iterdir()) == sorted(SMALL)
    assert "%" in capsys.readouterr().err  # the progress bar
    assert open_dataset("testbed").attrs["provenance"] == "real"
    assert datasets().set_index("name").loc["testbed", "state"] == "downloaded"


def test_a_complete_download_is_not_repeated(server, own_cache, small_testbed, monkeypatch):
    folder, url = server
    write(folder, SMALL)
    small_testbed(SMALL, url)
    first = fetch("testbed", progress=False)
    monkeypatch.setattr(pooch.Pooch, "fetch", None)
    assert fetch("testbed") == first


def test_a_corrupted_download_is_refused_and_leaves_nothing(server, own_cache, small_testbed):
    folder, url = server
    name = "testbed_pftlookup_mimics.csv"
    write(folder, SMALL | {name: "corrupted"})
    small_testbed(SMALL, url)
    with pytest.raises(InputError, match=name) as error:
        fetch("testbed", progress=False)
    assert hashlib.sha256(b"corrupted").hexdigest() in one_line(error)
    assert list((own_cache / "data").iterdir()) == []
    assert open_dataset("testbed").attrs["provenance"] == "synthetic"


def test_a_failed_download_says_which_address(server, own_cache, small_testbed):
    folder, url = server
    write(folder, {})
    small_testbed(SMALL, url)
    with pytest.raises(InputError, match=f"{url}/testbed_cnpflux.*status 404") as error:
        fetch("testbed", progress=False)
    one_line(error)
    assert list((own_cache / "data").iterdir()) == []


def test_a_damaged_cache_is_refused_and_mended_by_fetch(server, own_cache, small_testbed):
    folder, url = server
    write(folder, SMALL)
    small_testbed(SMALL, url)
    target = fetch("testbed", progress=False)
    (target / "testbed_gridinfo_igbpz.csv").write_text("half")
    with pytest.raises(InputError, match=r"testbed_gridinfo_igbpz.csv is not the published"):
        open_dataset("testbed")
    assert datasets().set_index("name").loc["testbed", "state"].startswith("refused")
    assert fetch("testbed", progress=False) == target
    assert open_dataset("testbed").attrs["provenance"] == "real"


def test_an_address_without_a_server_is_named(own_cache, small_testbed):
    small_testbed(SMALL, "http://127.0.0.1:9")
    with pytest.raises(InputError, match="cannot be downloaded: ConnectionError") as error:
        fetch("testbed", progress=False)
    assert "into the folder 'testbed' of SOILNB_DATA" in str(error.value)
    one_line(error)


def test_a_cache_that_cannot_be_written_is_named(server, tmp_path, small_testbed, monkeypatch):
    folder, url = server
    write(folder, SMALL)
    small_testbed(SMALL, url)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SOILNB_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot write to") as error:
        fetch("testbed", progress=False)
    one_line(error)


@pytest.mark.parametrize(("name", "reason"), [("lter", "the package holds"), ("israd", "no file")])
def test_what_has_no_upstream_file_cannot_be_fetched(name, reason):
    with pytest.raises(InputError, match=reason):
        fetch(name)


# the table and the records -------------------------------------------------------------------


def test_states_without_data():
    state = datasets().set_index("name")["state"]
    assert state["lter"] == "in the package"
    assert state["testbed"] == state["cue"] == "downloadable, synthetic twin"
    assert state["mimics"] == "downloadable"
    assert state["israd"] == "local only"


def test_states_with_data(local):
    table = datasets().set_index("name")
    assert table.loc["testbed", "state"] == "local"
    assert table.loc["cue", "state"] == "downloadable, synthetic twin"
    (local / "testbed_gridinfo_igbpz.csv").unlink()
    assert "testbed_gridinfo_igbpz.csv" in datasets().set_index("name").loc["testbed", "state"]


def test_each_record_is_complete():
    for name, record in registry.RECORDS.items():
        assert record.title, name
        assert "doi:10." in record.citation, name
        assert record.licence, name
        assert record.url.startswith("https://"), name
        assert bool(record.twin) == bool(record.twin_source), name
        for file in record.files:
            assert len(file.sha256) == 64, name
            assert int(file.sha256, 16) > 0, name
    assert registry.RECORDS["cue"].licence == "none stated: read, cite, do not redistribute"


def test_download_addresses_name_a_commit():
    for record in registry.RECORDS.values():
        for file in record.files:
            if file.url:
                assert file.url.startswith("https://raw.githubusercontent.com/")
                assert len(file.url.split("/")[5]) == 40


def test_checksums_are_those_of_the_real_files(monkeypatch):
    folder = realdata.use_real(monkeypatch, "mimics", "testbed", "cue", "srdb", "israd")
    table = datasets().set_index("name")["state"]
    for name, record in registry.RECORDS.items():
        if record.files:
            assert table[name] == "local"
            for file in record.files:
                assert (folder / name / file.name).is_file()


# twins ---------------------------------------------------------------------------------------

_DIGEST = """
import hashlib
from soilnb.data import open_dataset

def digest(name):
    dataset = open_dataset(name, twin=True)
    parts = [dataset[name].values for name in sorted(dataset.variables)]
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()

print(digest("cue"), digest("testbed"))
"""


def test_a_twin_is_the_same_in_every_process(capsys):
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", _DIGEST]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    exec(_DIGEST, {})
    assert capsys.readouterr().out == done.stdout
    assert len(done.stdout.split()[0]) == 64


@pytest.mark.parametrize(("name", "expected"), [("cue", schemas.CUE), ("testbed", schemas.TESTBED)])
def test_twin_and_reader_have_one_schema(name, expected, monkeypatch, request):
    twin = open_dataset(name, twin=True)
    schema.check_schema(twin, expected)
    if name == "testbed":
        request.getfixturevalue("local")
    else:
        realdata.use_real(monkeypatch, name)
    real = open_dataset(name, twin=False)
    schema.check_schema(real, expected)
    assert list(real.variables) == list(twin.variables)
    for variable in real.variables:
        assert real[variable].attrs == twin[variable].attrs
        assert real[variable].dims == twin[variable].dims


def test_a_grid_whose_files_disagree_is_refused(tmp_path):
    lines = SMALL["testbed_gridinfo_soil_clm2.csv"].splitlines()
    swapped = "\n".join([lines[0], lines[2], lines[1], lines[3]])
    write(tmp_path / "swapped", SMALL | {"testbed_gridinfo_soil_clm2.csv": swapped})
    with pytest.raises(InputError, match=r"latitude of cell 1 is 6.63 in one file, -72.95 in"):
        readers.read_testbed(tmp_path / "swapped")
    write(tmp_path / "short", SMALL | {"testbed_gridinfo_soil_clm2.csv": "\n".join(lines[:3])})
    with pytest.raises(InputError, match="2 cells in one file, 3 in another"):
        readers.read_testbed(tmp_path / "short")


def test_the_grid_reader_converts_units_and_order(tmp_path):
    write(tmp_path / "grid", SMALL)
    grid = readers.read_testbed(tmp_path / "grid")
    assert grid["longitude"].values.tolist() == [0.0, 0.0, -100.0]
    assert grid["vegetated"].values.tolist() == [False, True, True]
    assert grid["area"].values.tolist() == [17e9, 54e9, 40e9]
    # mg cm-3 over 100 cm is 1000 g m-2; class 10 has 50 cm in this small file
    expected = {"LITm": 1, "LITs": 2, "MICr": 0.03, "MICK": 0.04, "SOMp": 7, "SOMc": 6, "SOMa": 5}
    for pool, concentration in expected.items():
        carbon = grid["mimics_carbon"].sel(pool=pool).values
        assert carbon[1:].tolist() == pytest.approx([1000 * concentration, 500 * concentration])
    assert grid["mimics_carbon"].isel(cell=0).isnull().all()
    # leaf litter of savanna woodland: 0.15 g lignin per g C, C:N 25, half the N resorbed
    assert grid["lignin_to_n"].values[1] == pytest.approx(0.15 * 25 / 0.5)
    assert grid["koppen"].values[0] == "EF"
    assert "not part of the grid" in grid.attrs["climate"]
