"""What the lessons on CUE rest on: statements of their texts."""

from soilnb.lessons.cue import controls_of_cue, diagnosed_cue


def test_experiments_are_those_of_all_treatments_but_none():
    table = diagnosed_cue.fertilise("quick", 0)
    assert len(table) == 14 * (4**3 - 1)
    assert table["duration"].between(1, 10).all()
    assert set(table["treatment"]) == {
        *("intrinsic CUE", "litter quality", "litter input", "combined")
    }


def test_mimics_lies_above_century_whatever_counts():
    cells = diagnosed_cue.land()
    for kind in ("uptake", "uptake+oxidation", "all"):
        mean = diagnosed_cue.summary(diagnosed_cue.maps(cells, kind))["mean CUE"]
        assert mean["MIMICS"] > mean["CENTURY"]


def test_a_straight_line_leaves_its_range_where_it_says():
    table = controls_of_cue.straight()
    assert (table["lowest °C"] < table["highest °C"]).all()
