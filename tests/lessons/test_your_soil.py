"""A reader's own soil: uploads answer without code, and examples can be downloaded."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from soilnb.lessons import your_soil
from soilnb.parameters import InputError
from soilnb.proda import observations
from soilnb.profile import plausible


def upload(widget, name, content):
    """Hand a file to an upload as a browser does."""
    content = content if isinstance(content, bytes) else content.encode()
    about = {"type": "", "size": len(content), "last_modified": pd.Timestamp(0).to_pydatetime()}
    widget.file.value = ({"name": name, "content": memoryview(content), **about},)
    return widget


@pytest.fixture
def pits():
    return your_soil.pits()


TEMPLATE = pd.read_csv(io.StringIO(your_soil.pits_template()))


def test_an_uploaded_table_is_understood_and_compared_with_both_models(pits):
    assert pits.go.disabled
    upload(pits, "mine.csv", your_soil.pits_template())
    assert "organic_carbon" in pits.understood.value
    assert "the usual unit" in pits.understood.value
    assert not pits.go.disabled
    pits.go.click()
    assert set(pits.result) == {"CLM5", "COMPAS"}
    assert "holds 11.2 kg C m⁻²" in pits.words.value
    assert bytes(pits.picture.value).startswith(b"\x89PNG")
    assert pits.picture.layout.display is None


def test_what_is_refused_is_one_line_with_a_button_for_each_way_out(pits):
    table = TEMPLATE.drop(columns="bulk_density")
    table["SOC"] = table.pop("organic_carbon") * 10
    upload(pits, "mine.csv", table.to_csv(index=False))
    assert "did you mean" in pits.words.value
    assert pits.go.disabled
    (button,) = pits.proposals.children
    assert button.description == "SOC as organic_carbon"
    button.click()
    readings = {button.description: button for button in pits.proposals.children}
    assert set(readings) == {"organic_carbon in %", "organic_carbon in g kg-1"}
    readings["organic_carbon in g kg-1"].click()
    assert pits.proposals.children == ()
    assert pits.words.value == ""
    assert pits.read["organic_carbon"].max() == pytest.approx(3.1)
    upload(pits, "other.csv", your_soil.pits_template())
    assert pits.settings == {}  # what was settled for one file is not for another


def test_a_file_that_is_none_is_one_line(pits):
    upload(pits, "x.csv", b"\x00\x01\x02" * 100)
    assert "is no text" in pits.words.value
    assert pits.go.disabled


def test_organic_layers_are_shifted_or_dropped(pits):
    litter = TEMPLATE.iloc[:1].assign(top=-5, bottom=0, organic_carbon=40, bulk_density=0.15)
    upload(pits, "x.csv", pd.concat([litter, TEMPLATE]).to_csv(index=False))
    assert "depth counts from their top" in pits.understood.value
    pits.options["datum"].value = "drop"
    assert "left out" in pits.understood.value


def test_an_uploaded_image_says_its_porosity_and_lives():
    widget = your_soil.image()
    upload(widget, "slice.png", your_soil.image_template(64))
    assert "image has the values 128, 255: allowed codes" in widget.words.value
    widget.options["codes"].value = "bright is solid, grey 128 organic"
    assert "64 × 64 voxels" in widget.understood.value
    assert "porosity 0." in widget.understood.value
    widget.go.click()
    assert "mg C per g of soil are respired" in widget.words.value
    assert bytes(widget.picture.value).startswith(b"\x89PNG")


@pytest.mark.parametrize("codes", ["bright is solid, grey 128 organic", "dark is solid"])
def test_black_and_white_is_what_the_reader_says(codes):
    solid = np.kron(np.random.default_rng(1).random((12, 12)) < 0.6, np.ones((4, 4)))
    stream = io.BytesIO()
    Image.fromarray((solid * 255).astype(np.uint8)).save(stream, format="PNG")
    widget = your_soil.image()
    widget.options["codes"].value = codes
    upload(widget, "bw.png", stream.getvalue())
    share = solid.mean() if codes.startswith("bright") else 1 - solid.mean()
    assert f"porosity {1 - share:.3f}" in widget.understood.value


def test_uploaded_sites_come_to_rest_in_both_models():
    widget = your_soil.places()
    upload(widget, "sites.csv", your_soil.sites_template().replace(",", ";").replace(".", ","))
    assert "spruce stand" in widget.understood.value
    widget.go.click()
    assert "MIMICS: meadow" in widget.words.value
    assert "Millennial: meadow" in widget.words.value
    upload(widget, "sites.csv", your_soil.sites_template().replace("9.5", "warm"))
    assert "temperature in line 2 = " in widget.words.value
    upload(widget, "sites.csv", your_soil.sites_template().replace(",450,", ",-5,"))
    assert "npp = -5 at site meadow" in widget.words.value


def test_sites_without_a_column_are_refused(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("site,height\nA,3\n")
    with pytest.raises(InputError, match="no column of a site: allowed temperature, clay"):
        your_soil.read_sites(path)


def test_a_place_without_soil_is_said(monkeypatch):
    sites = your_soil.read_sites(your_soil.example("synthetic_sites.csv"))
    assert "(no soil)" not in your_soil.at_rest(sites)[1]
    monkeypatch.setattr(plausible, "MOST", 1e3)
    assert "(no soil)" in your_soil.at_rest(sites)[1]


def test_examples_are_made_and_can_be_read_and_downloaded():
    page = your_soil.templates().data
    for name in your_soil.EXAMPLES:
        assert name.startswith("synthetic_")
        assert your_soil.example(name).stat().st_size > 100
        assert f'download="{name}"' in page
    assert "made-up" in page
    found = observations.read_csv(your_soil.example("synthetic_pits.csv"))
    assert found.sizes["profile"] == 2


def test_in_a_run_the_page_says_what_stands_there(monkeypatch):
    monkeypatch.setattr(your_soil.results, "current", lambda: object())
    shown = your_soil.pits()._repr_mimebundle_()
    html = (shown[0] if isinstance(shown, tuple) else shown)["text/html"]
    assert "in JupyterLab a button stands here" in html
