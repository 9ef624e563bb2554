"""Records, presets, switches and the paper's tables."""

import sys

import pytest

from soilnb.figures.rotzer2025.tables import tables
from soilnb.parameters import InputError
from soilnb.pore import motion, simulate
from soilnb.pore.diagnostics import RATES, STATE_VARIABLES
from soilnb.pore.parameters import (
    OPTIONS,
    PRESETS,
    RECORDS,
    resolve,
    size_classes,
)

#: A texture for small domains.
FINE = {"share_1_2": 80, "share_2_6": 20, "share_6_20": 0, "share_20_63": 0, "share_63_200": 0}


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_names_its_unit_symbol_meaning_and_source(name):
    record = RECORDS[name]
    assert record.unit
    assert record.symbol
    assert len(record.meaning) > 8
    assert any(word in record.source for word in ("Rötzer", "older code", "chosen"))
    assert record.bounds[0] <= record.value <= record.bounds[1]


def test_presets_are_those_of_the_book():
    rows = {
        name: [preset[k] for k in ("fine_min", "fine_max")]
        + [preset[f"break_{k}"] for k in ("glue", "organic", "other")]
        + [preset.options["gate"], preset.options["break_initially"]]
        for name, preset in PRESETS.items()
    }
    assert rows == {
        "default": [1, 5, 0.06, 0.12, 0.30, "on", "on"],
        "documented": [2, 4, 0.05, 0.10, 0.25, "on", "on"],
        "literal": [1, 1, 0.05, 0.10, 0.25, "on", "on"],
        "ungated": [1, 3, 0.10, 0.20, 0.50, "off", "off"],
        "matched": [1, 1, 0.136, 0.272, 0.68, "on", "on"],
    }


def test_changes_start_from_a_preset():
    chosen = resolve({"set": "documented", "porosity": 0.5, "gate": False})
    assert (chosen["porosity"], chosen["fine_min"], chosen.options["gate"]) == (0.5, 2, "off")
    assert resolve(chosen) is chosen


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("defualt", "did you mean 'default'"),
        ({"porosty": 0.4}, "did you mean 'porosity'"),
        ({"gate": "perhaps"}, "unknown choice of gate 'perhaps'; valid: on, with_gluing, off"),
        ({"order": True}, "unknown choice of order 'on'; valid: motion_first, chemistry_first"),
        ({"porosity": 41.1}, "porosity = 41.1: allowed 0.2 to 0.95"),
        ({"share_1_2": 50}, "texture adds up to 130.5 %: allowed 100 %"),
        ({"fine_min": 6}, "fine_min = 6: allowed up to fine_max = 5"),
        ({"biomass_max": 0.05, "biomass_min": 0.05}, "biomass_min = 0.05: allowed below"),
        ({"organic_share_20": 0.9}, "organic_share_15 = 0.3: allowed up to 0.1"),
    ],
)
def test_wrong_parameters_are_refused_in_one_line(changes, message):
    with pytest.raises(InputError, match=message) as error:
        resolve(changes)
    assert "\n" not in str(error.value)


def test_a_walk_of_a_simulation_resolves_its_parameters_once():
    entered = []

    def note(frame, event, argument):
        if event == "call" and frame.f_code is resolve.__code__:
            entered.append(frame.f_back.f_code.co_name)

    sys.setprofile(note)
    try:
        simulate("reference", days=11, shape=(40, 44), initial_steps=2, parameters=FINE)
    finally:
        sys.setprofile(None)
    assert len(entered) == 1, entered


def test_what_has_been_resolved_is_checked_anew_when_it_is_changed():
    changed = resolve("documented").replace(fine_min=4, fine_max=3)
    with pytest.raises(InputError, match="fine_min = 4"):
        motion.move(None, changed)


@pytest.mark.parametrize("name", [name for name, record in RECORDS.items() if record.whole])
def test_counts_have_no_fractions(name):
    low = RECORDS[name].bounds[0]
    with pytest.raises(InputError, match=f"{name} = {low + 0.3:g}: allowed whole numbers from"):
        resolve({name: low + 0.3})


def test_options_default_first_and_say_what_they_decide():
    for name, option in OPTIONS.items():
        assert len(option.allowed) == len(set(option.allowed)) >= 2
        assert option.default == option.allowed[0]
        assert len(option.meaning) > 20, name


def test_size_classes_leave_no_gap():
    classes = size_classes(PRESETS["default"])
    for feret in (2.0, 2.01, 4.0, 6.29, 6.3, 19.99, 20.0, 62.9, 63.0, 199.0):
        assert sum(c.holds(feret) for c in classes) == 1
    assert sum(c.share for c in classes) == pytest.approx(1)


class TestTables:
    def test_have_the_rows_of_the_paper(self):
        found = tables()
        assert list(found) == ["1", "2", "3", "4"]
        assert list(found["1"].index) == list(STATE_VARIABLES)
        assert len(found["1"]) == 10
        assert list(found["2"].index) == list(RATES)
        assert found["3"]["contribution_percent"].tolist() == pytest.approx(
            [19.5, 5.2, 16.4, 26.3, 32.6]
        )
        assert len(found["4"]) == 24

    def test_table_4_uses_the_printed_values_where_units_agree(self):
        table = tables()["4"]
        same = table[table["printed_unit"] == table["unit"]]
        assert len(same) == 22
        for name, row in same.iterrows():
            assert float(row["printed_value"]) == pytest.approx(row["value"]), name

    def test_follow_the_parameters(self):
        assert tables({"cn_pom": 10})["4"].loc["cn_pom", "value"] == 10
        texture = {"share_1_2": 24.5, "share_63_200": 27.6}
        assert tables(texture)["3"]["contribution_percent"].tolist()[0] == pytest.approx(24.5)
