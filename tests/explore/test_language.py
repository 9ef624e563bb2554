"""Explorers in another language: nothing is missing, nothing else changes."""

import re
import string

import catalogue
import pytest
from babel.messages import pofile
from matplotlib.text import Text

from soilnb import language
from soilnb.explore import pools
from soilnb.explore.pore import chemistry

LANGUAGES = language.languages()[1:]


@pytest.fixture(scope="module")
def wanted():
    with pytest.MonkeyPatch.context() as monkeypatch:
        controls = catalogue.of_controls(monkeypatch)
    return controls | catalogue.written() | catalogue.asked() | catalogue.of_data()


@pytest.fixture(params=LANGUAGES)
def texts(request):
    """What a catalogue holds."""
    path = language.FOLDER / request.param / "explorers.po"
    with path.open("rb") as file:
        read = pofile.read_po(file, request.param)
    return {message.id: message.string for message in read if message.id and not message.fuzzy}


def places(text):
    """Return the places of a text, each with how its value is written."""
    found = [(name, spec) for _, name, spec, _ in string.Formatter().parse(text) if name]
    return sorted((name, spec.replace(",", "")) for name, spec in found)


def test_no_text_of_an_explorer_is_missing_and_none_is_left_over(texts, wanted):
    assert sorted(wanted - {text for text, other in texts.items() if other}) == []
    assert sorted(texts.keys() - wanted) == []


def test_translations_have_the_places_of_the_original(texts):
    assert {text: other for text, other in texts.items() if places(text) != places(other)} == {}


def test_an_explorer_speaks_german_and_shows_the_same_numbers(monkeypatch):
    english = chemistry.voxel()
    monkeypatch.setenv("SOILNB_LANG", "de_DE.UTF-8")
    german = chemistry.voxel()
    assert german.values == english.values
    assert "In einer Stunde nehmen die Mikroben" in german.words.value
    said = [re.findall(r"\d+(?:\.\d+)?", one.words.value) for one in (english, german)]
    assert sorted(said[0]) == sorted(said[1])
    assert "Vorhersagen." in german.prediction.children[0].value
    assert german.prediction.answer in german.prediction.choice.options


def test_choices_are_shown_in_german_and_mean_what_they_meant(monkeypatch):
    from soilnb.explore import layers

    monkeypatch.setenv("SOILNB_LANG", "de")
    explorer = layers.two_columns()
    assert ("Wald", "forest") in explorer.controls["vegetation"].options
    explorer.set(vegetation="tundra")
    assert "kg C m⁻² bis 1 m" in explorer.words.value


def test_pictures_speak_german_and_show_the_same_numbers(monkeypatch):
    def said(figure):
        figure.draw_without_rendering()
        return [text.get_text() for text in figure.findobj(Text) if text.get_text()]

    english = said(pools.first_look().canvas.figure)
    monkeypatch.setenv("SOILNB_LANG", "de")
    german = said(pools.first_look().canvas.figure)
    assert {"Kohlenstoff (kg C m⁻²)", "schnelle\nMikroben\n(r)", "Streu"} <= set(german)
    assert "carbon (kg C m⁻²)" not in german
    numbers = [[t for t in texts if re.fullmatch(r"[\d.]+", t)] for texts in (english, german)]
    assert numbers[0] == numbers[1]


def test_a_language_without_a_catalogue_is_english(monkeypatch):
    monkeypatch.setenv("SOILNB_LANG", "fr")
    assert language.translated("Reset") == "Reset"
    assert "The soil holds" in pools.first_look().words.value
