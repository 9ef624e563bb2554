"""Verdicts are made in one place, from a fair band; nothing is called same by arrangement."""

import json

import pytest

from soilnb import claims
from soilnb.claims import line
from soilnb.parameters import InputError

VALUE = {"kind": "value", "expected": 10.0, "low": 9.0, "high": 12.0}
ORDER = {"kind": "order", "expected": 1.0, "low": 1.0, "high": 1.0}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    """No notes of this session, no results on disk."""
    monkeypatch.setattr(claims, "_noted", {})
    monkeypatch.setenv("SOILNB_RESULTS", str(tmp_path))
    monkeypatch.delenv("SOILNB_RUN_DIR", raising=False)


@pytest.mark.parametrize(
    ("value", "data", "expected"),
    [
        (None, None, "not run"),
        (9.0, "published", "same"),
        (12.0, "real", "same"),
        (11.0, "synthetic", "near"),
        (8.0, "published", "near"),  # twice the distance below: 10 - 2 * (10 - 9)
        (7.99, "published", "differs"),
        (14.0, "calibrated", "near"),
        (14.01, "calibrated", "differs"),
    ],
)
def test_verdict_of_a_value(value, data, expected):
    assert claims.verdict(VALUE, value, data) == expected


WIDE = {"kind": "value", "expected": 100.0, "low": 50.0, "high": 200.0}
COLD = {"kind": "value", "expected": -10.0, "low": -11.0, "high": -7.0}
AT_MOST = {"kind": "value", "expected": 10.0, "low": 5.0, "high": 10.0}


@pytest.mark.parametrize(
    ("claim", "value", "expected"),
    [
        (WIDE, 49.0, "differs"),  # within twice the band, but half of the paper's value
        (WIDE, 201.0, "differs"),
        (COLD, -12.0, "near"),
        (COLD, -6.8, "near"),
        (COLD, -6.6, "differs"),
        (COLD, 12.0, "differs"),  # the other sign
        (AT_MOST, 10.1, "differs"),  # an inequality is judged as printed
        (AT_MOST, 4.9, "differs"),  # and not believed beyond its cap
    ],
)
def test_near_is_within_a_factor_however_wide_the_band(claim, value, expected):
    assert claims.verdict(claim, value, "published") == expected


def test_every_claim_says_what_an_agreement_is_worth():
    found = claims._claims()
    assert {claim["strength"] for claim in found.values()} == set(claims.STRENGTHS)
    for name, claim in found.items():
        if claim["kind"] in ("order", "sign"):
            assert claim["strength"] != "independent", name
        if claim["paper"] == "validation":
            assert claim["strength"] == "by construction", name


def test_the_summary_counts_each_row_once():
    board = claims.rows()
    counts = claims.summary(board=board)
    assert counts.to_numpy().sum() == len(board)
    independent = [row for row in board if row["strength"] == "independent"]
    assert counts.loc["independent"].sum() == len(independent)
    assert claims.summary("luo2025").to_numpy().sum() == len(claims.rows("luo2025"))


def test_an_order_is_never_near_by_distance():
    assert claims.verdict(ORDER, 1.0, "real") == "same"
    assert claims.verdict(ORDER, 0.0, "real") == "differs"
    assert claims.verdict(ORDER, 1.0, "synthetic") == "near"


def test_an_exact_number_has_no_near():
    exact = {"kind": "value", "expected": 0.55, "low": 0.55, "high": 0.55}
    assert claims.verdict(exact, 0.55, "published") == "same"
    assert claims.verdict(exact, 0.55 + 1e-9, "published") == "differs"


def test_reported_rows_get_no_verdict():
    assert claims.verdict({"kind": "reported"}, 3.0, "real") == "reported"


def test_every_claim_has_a_band_that_holds_its_expected_value():
    for name, claim in claims._claims().items():
        if claim["kind"] == "reported":
            assert "low" not in claim, name
        else:
            assert claim["low"] <= claim["expected"] <= claim["high"], name


def test_rows_have_the_keys_that_readers_rely_on():
    row = claims.rows("he2024")[0]
    assert list(row)[:15] == [
        "id", "paper", "figure", "statement", "expected", "low", "high", "unit",
        "value", "verdict", "strength", "data", "cause", "notebook", "size",
    ]  # fmt: skip
    json.dumps(claims.rows())


def test_a_recorded_number_shows_with_its_verdict():
    claims.record("he-1b-1", 0.55)
    table = claims.compare("he2024", ids=["he-1b-1"])
    assert table.loc["he-1b-1", "ours"] == "0.55"
    assert table.loc["he-1b-1", "verdict"] == "same"


@pytest.mark.parametrize(
    ("value", "said", "outcome"),
    [
        (0.01323456, "0.0132", "same"),
        (0.0195, "0.0195", "same"),  # the upper bound
        (0.019504, "0.019504", "near"),  # with fewer digits it would be the bound
        (0.0121, "0.0121", "same"),
    ],
)
def test_our_number_has_the_digits_that_its_verdict_needs(value, said, outcome):
    claims.record("bio-eq", value, preset="default")
    rows = claims.compare("rotzer2025", ids=["bio-eq"]).set_index("preset")
    assert rows.loc["default", ["ours", "verdict"]].tolist() == [said, outcome]


def test_record_keeps_the_numbers_of_a_run_in_its_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILNB_RUN_DIR", str(tmp_path))
    claims.record("he-6c", True, data="real")
    claims.record("he-6c-r", 0.4, data="real")
    claims.record("he-6c-r", 0.5, data="real")  # the last word counts
    notes = json.loads((tmp_path / "claims.json").read_text())
    assert [(note["id"], note["value"]) for note in notes] == [("he-6c", 1.0), ("he-6c-r", 0.5)]


def test_paper_size_wins_over_baseline_and_quick(monkeypatch, tmp_path):
    for size, value in (("quick", 0.2), ("paper", 0.55)):
        folder = tmp_path / size / "22_diagnosed_cue"
        folder.mkdir(parents=True)
        note = {"id": "he-1b-1", "value": value, "data": "published"}
        (folder / "claims.json").write_text(json.dumps([note]))
    row = claims.rows("he2024")[0]
    assert (row["value"], row["size"]) == (0.55, "paper")


def test_a_broken_note_file_is_named(tmp_path):
    folder = tmp_path / "quick" / "22_diagnosed_cue"
    folder.mkdir(parents=True)
    (folder / "claims.json").write_text("[{")
    with pytest.raises(InputError, match=r"claims\.json cannot be read as JSON"):
        claims.rows("he2024")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("he-1b-9", 1.0), "unknown claim 'he-1b-9'"),
        (("he-1b-1", float("nan")), "not finite"),
        (("he-1b-1", "much"), "not a number"),
    ],
)
def test_bad_records_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        claims.record(*arguments)
    with pytest.raises(InputError, match="unknown kind of data"):
        claims.record("he-1b-1", 1.0, data="guessed")


def test_unknown_paper_is_refused_with_the_list():
    with pytest.raises(InputError, match=r"valid: .*he2024, .*validation"):
        claims.rows("he2023")


def test_the_manifest_counts_39_figures_and_11_tables():
    names = claims.figures().index
    assert sum("-fig" in name for name in names) == 39
    assert sum("-table" in name for name in names) == 11


@pytest.mark.parametrize(
    ("figure", "address"),
    [
        ("6c", "#fig-6"),
        ("ED4", "#fig-ed4"),
        ("implied by 5c", "#fig-5"),
        ("Table 4", "#table-4"),
        ("text, Sect. 3.1", "#text"),
        ("14 LTER sites", "#14-lter-sites"),
        ("he2024-fig6", "#fig-6"),
        ("he2024-tableED1", "#table-ed1"),
        (None, ""),
    ],
)
def test_every_place_of_a_paper_has_an_address_in_the_book(figure, address):
    assert claims.page("he2024", figure) == f"how_we_checked/he2024.html{address}"


# --- One line for a lesson ------------------------------------------------------------------------


def row(verdict, strength="independent", cause="", size="quick"):
    return {"verdict": verdict, "strength": strength, "cause": cause, "size": size}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row("same")] * 2, "2 of 2 numbers agree, without any tuning. Quick run."),
        (
            [row("same"), row("same", "tuned"), row("differs", cause="frost (two; years); rain")],
            "2 of 3 numbers agree, 1 of them without any tuning. 1 differs: frost (two; years). "
            "Quick run.",
        ),
        ([row("same", "tuned")], "The only number agrees, not without tuning. Quick run."),
        ([row("same", "order")], "The only number agrees, in order or sign. Quick run."),
        (
            [row("near", size="paper (baseline of 2026-01-01)", cause="few profiles. So what")],
            "The only number nearly agrees: few profiles. Full size.",
        ),
        (
            [row("near")] * 2 + [row("differs", cause="frost")],
            "2 of 3 numbers nearly agree. 1 differs: frost. Quick run.",
        ),
        ([row("differs", cause="frost")] * 2, "2 of 2 numbers differ: frost. Quick run."),
        ([row("reported")], "No number of the paper can be judged here; ours stands beside it."),
    ],
)
def test_a_line_says_how_many_agree_what_that_is_worth_and_why_not(rows, words):
    assert line.sentence(rows) == words


@pytest.mark.parametrize(
    ("figure", "asked", "expected"),
    [("5a", "5", True), ("5", "5", True), ("implied by 5c", "5", True), ("10a", "1", False),
     ("ED5", "5", False), ("text, 3", "3", False)],
)  # fmt: skip
def test_a_figure_has_its_panels(figure, asked, expected):
    assert line.belongs({"figure": figure}, asked) is expected


def test_a_line_takes_full_size_before_the_session_and_links_to_the_check():
    claims.record("cue-eq", 99.0, preset="default")
    shown = claims.verdict_line("rotzer2025", figure="6", preset="default")
    assert "differ" not in shown.text
    assert "Full size" in shown.text
    assert 'href="../how_we_checked/rotzer2025.html#fig-6"' in shown._repr_html_()
    assert repr(shown).endswith("soilnb claims rotzer2025")


def test_a_line_refuses_unknown_claims():
    with pytest.raises(InputError, match="unknown claim"):
        claims.verdict_line("rotzer2025", ids=["no-such"])


def test_many_numbers_are_recorded_at_once():
    claims.record_all({"he-6c": True, "he-6c-r": 0.1}, data="real", cause={"he-6c": "weak"})
    notes = {note["id"]: note for note in claims._noted.values()}
    assert notes["he-6c"]["cause"] == "weak"
    assert "cause" not in notes["he-6c-r"]
    assert {note["data"] for note in notes.values()} == {"real"}
