import json
import re

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import xarray as xr
from matplotlib.figure import Figure

from soilnb import results
from soilnb.parameters import InputError


@pytest.fixture
def under_way(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("SOILNB_RUN_DIR", str(folder))
    monkeypatch.setenv("SOILNB_RUN_SIZE", "paper")
    monkeypatch.setenv("SOILNB_RUN_NOTEBOOK", "22_diagnosed_cue")
    return folder


@pytest.fixture
def figure():
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.plot([0, 1], [1, 0], label="carbon")
    axes.legend()
    return figure


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_without_a_run_nothing_is_written(figure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results.save(figure, "he2024-fig6")
    assert results.current() is None
    assert names(tmp_path) == []


def test_the_run_under_way_is_known(under_way):
    assert results.current() == results.Current(under_way, "paper", "22_diagnosed_cue")


def test_a_figure_made_without_pyplot_leaves_png_and_svg(figure, under_way):
    results.save(figure, "he2024-fig6")
    assert names(under_way) == ["he2024-fig6.png", "he2024-fig6.svg"]
    assert (under_way / "he2024-fig6.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (under_way / "he2024-fig6.svg").read_text()


def test_a_page_shows_the_picture_of_the_file_in_the_figure_s_own_size(
    figure, under_way, monkeypatch
):
    shown = []
    monkeypatch.setattr(results, "_display", shown.append)
    results.save(figure, "fig", alt="a line")
    (picture,) = shown
    assert picture.data == (under_way / "fig.png").read_bytes()
    with PIL.Image.open(under_way / "fig.png") as file:
        inches = file.width / results.DPI
    about = picture._repr_png_()[1]
    assert about == {"width": pytest.approx(results.SHOWN_DPI * inches, abs=1), "alt": "a line"}


def test_the_same_figure_gives_the_same_svg(figure, under_way):
    results.save(figure, "first")
    results.save(figure, "second")
    assert (under_way / "first.svg").read_bytes() == (under_way / "second.svg").read_bytes()


@pytest.mark.parametrize("beyond", [False, True], ids=["on the paper", "beyond it"])
def test_the_svg_shows_what_the_png_shows(under_way, beyond):
    figure = Figure(figsize=(4, 3))
    ax = figure.add_axes((0.2, 0.2, 0.5, 0.6))
    ax.pcolormesh(np.eye(3), rasterized=True)
    ax.text(0.0, 6.0 if beyond else 3.2, "above", clip_on=False)
    results.save(figure, "fig")
    with PIL.Image.open(under_way / "fig.png") as file:
        inches = np.array(file.size) / results.DPI
    svg = (under_way / "fig.svg").read_text()
    size = re.search(r'width="(.*?)pt" height="(.*?)pt" viewBox="(.*?) (.*?) (.*?) (.*?)"', svg)
    wide, high, left, top, *shown = map(float, size.groups())
    assert [wide, high] == shown
    assert np.allclose(shown, 72 * inches, atol=1)
    # Where the map stands in the picture, from its left upper corner (an SVG holds it mirrored).
    x, y = (float(re.search(rf'<image [^>]*\b{name}="(.*?)"', svg)[1]) for name in "xy")
    with PIL.Image.open(under_way / "fig.png") as file:
        coloured = np.ptp(np.asarray(file.convert("RGB")).astype(int), axis=-1) > 0
    rows, columns = np.nonzero(coloured)
    place = 72 / results.DPI * np.array([columns.min(), rows.min()])
    assert np.allclose([x - left, -y - top], place, atol=1.5)


def test_a_figure_of_pyplot_is_taken_from_its_list(under_way):
    from matplotlib import pyplot

    figure, _ = pyplot.subplots()
    results.save(figure, "fig")
    assert not pyplot.fignum_exists(figure.number)


def test_a_table_comes_back_as_it_was(under_way):
    table = pd.DataFrame({"site": ["HFR", "AND"], "carbon": [1 / 3, 12345.678901234]})
    results.save(table, "plain")
    results.save(table.set_index("site"), "named")
    results.save(table.set_index("site")["carbon"], "series")
    pd.testing.assert_frame_equal(pd.read_csv(under_way / "plain.csv"), table)
    named = pd.read_csv(under_way / "named.csv", index_col="site")
    pd.testing.assert_frame_equal(named, table.set_index("site"))
    pd.testing.assert_frame_equal(pd.read_csv(under_way / "series.csv"), table)


def test_a_dataset_comes_back_with_its_attributes(under_way):
    data = xr.Dataset(
        {
            "carbon": (("pool", "site"), np.random.default_rng(1).random((2, 3)), {"units": "kg"}),
            "feasible": ("site", [True, False, True]),
        },
        coords={"pool": ["LITm", "LITs"]},
        attrs={"model": "mimics"},
    )
    results.save(data, "pools")
    results.save(data["carbon"], "carbon")
    with xr.open_dataset(under_way / "pools.nc") as back:
        xr.testing.assert_identical(back.load(), data)
    with xr.open_dataset(under_way / "carbon.nc") as back:
        xr.testing.assert_identical(back["carbon"].load(), data["carbon"])


def test_a_dataset_that_netcdf_cannot_hold_is_refused_by_name(under_way):
    with pytest.raises(InputError, match="pools does not fit into netCDF"):
        results.save(xr.Dataset(attrs={"options": {"kinetics": "reverse"}}), "pools")
    assert names(under_way) == []


@pytest.mark.parametrize("name", ["", "a b", "../up", "fig.png", "-x", "größe", None])
def test_a_name_that_is_no_file_name_is_refused(name, figure, under_way):
    with pytest.raises(InputError, match="letters, digits"):
        results.save(figure, name)
    assert names(under_way) == []


def test_a_name_can_be_saved_only_once(figure, under_way):
    results.save(figure, "he2024-fig6")
    with pytest.raises(InputError, match="'he2024-fig6' is saved twice in 22_diagnosed_cue"):
        results.save(figure, "he2024-fig6")
    with pytest.raises(InputError, match="twice"):
        results.save(pd.DataFrame({"a": [1]}), "he2024-fig6")
    with pytest.raises(InputError, match="twice"):
        results.save(figure, "HE2024-fig6")


def test_an_object_of_another_kind_is_refused(under_way):
    with pytest.raises(InputError, match="cannot save a dict: allowed a matplotlib Figure"):
        results.save({"a": 1}, "numbers")


def test_a_write_that_breaks_off_leaves_nothing(under_way, monkeypatch):
    def half(self, path, **options):
        path.write_text("site,car")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", half)
    with pytest.raises(OSError, match="No space"):
        results.save(pd.DataFrame({"a": [1]}), "table")
    assert names(under_way) == []


@pytest.mark.parametrize(
    ("number", "shown"), [(1 / 3, "0.3333"), (123456.7, "123457"), (1.5e-7, "1.5e-07"), (2.0, "2")]
)
def test_numbers_of_a_table_are_short(number, shown):
    assert results._short(number, 4) == shown


def test_results_lie_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("SOILNB_RESULTS", str(tmp_path / "here"))
    assert results.root() == tmp_path / "here"
    assert results.folder("22_diagnosed_cue", "quick") == tmp_path / "here/quick/22_diagnosed_cue"
    with pytest.raises(InputError, match="size = 'big': allowed quick, paper"):
        results.folder("22_diagnosed_cue", "big")


def test_results_lie_in_the_checkout_or_else_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.delenv("SOILNB_RESULTS", raising=False)
    monkeypatch.setattr(results, "__file__", str(tmp_path / "soilnb" / "results.py"))
    monkeypatch.chdir(tmp_path)
    assert results.checkout() is None
    assert results.root() == tmp_path / "results"
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir("/")
    assert results.checkout() == tmp_path
    assert results.root() == tmp_path / "results"


def test_failed_and_unfinished_runs_are_no_results(results_root):
    for name in ("22_good", "00_good", "10_bad.failed", ".20_under_way.ab12"):
        folder = results_root / "quick" / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({}))
    (results_root / "quick" / "30_empty").mkdir()
    assert [folder.name for folder in results.completed("quick")] == ["00_good", "22_good"]
    assert results.completed("paper") == []


def test_a_table_is_shown_in_full_without_words_for_what_is_unknown():
    words = "a sentence that is longer than the fifty letters after which pandas cuts a cell"
    table = pd.DataFrame({"said": [words, "<b>"], "value": [1.5, float("nan")]})
    html = results._html(table)
    assert words in html
    assert "&lt;b&gt;" in html
    assert "NaN" not in html


def test_a_table_says_yes_or_no_and_no_probability_is_nothing():
    html = results._html(pd.DataFrame({"out": [True, False], "p": [3e-9, 0.25]}))
    for cell in ("yes", "no", "&lt; 0.001", "0.250"):
        assert f"<td>{cell}</td>" in html


def test_no_table_shows_a_zero_with_a_sign(monkeypatch, under_way):
    shown = []
    monkeypatch.setattr(results, "_display", lambda data, **options: shown.append(data))
    table = pd.DataFrame([[-2e-5, 1, "-0.5"], [-0.25, 2, "x"]], columns=["a", "a", "b"]).round(4)
    results.save(table, "rounded")
    for html in (results._html(table), results._html(table.iloc[:, 0]), shown[0]["text/html"]):
        assert "-0.25" in html
        assert "-0.0<" not in html
        assert "-0<" not in html
    assert "-0 " not in shown[0]["text/plain"]
    assert np.signbit(table.iloc[0, 0])  # what is given stays as it is


def test_a_series_is_shown_as_a_table_under_its_name():
    series = pd.Series({"litter": 0.2, "soil": 5.1}, name="carbon")
    assert "<th>carbon</th>" in results._html(series)
    assert "<td>5.1</td>" in results._html(series)


def test_formulas_of_a_saved_table_are_typeset_and_columns_have_headings(monkeypatch, under_way):
    shown = []
    monkeypatch.setattr(results, "_display", lambda data, **options: shown.append(data))
    table = pd.DataFrame({"symbol": [r"k_{POM}", r"a < b"], "rate": [0.1, 0.2], "source": "x"})
    results.save(table, "rates", columns={"symbol": "sign", "rate": "per day"}, formulas=["symbol"])
    html = shown[0]["text/html"]
    assert r'<span class="math notranslate nohighlight">\(k_{POM}\)</span>' in html
    assert r"\(a &lt; b\)" in html
    assert "<th>per day</th>" in html
    assert "source" not in html
    assert (under_way / "rates.csv").read_text().startswith("symbol,rate,source\n")
