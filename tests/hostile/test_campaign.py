"""A few cases of each kind of the campaign (``make fuzz``): the right value, or one line."""

import campaign
import pytest


@pytest.mark.parametrize("kind", campaign.KINDS, ids=lambda kind: kind.__name__)
def test_what_is_spoilt_is_read_right_or_refused_in_one_line(kind, tmp_path):
    few = max(40, campaign.KINDS[kind] // 100)
    counts, wrong = campaign.tried(kind, few, 1, tmp_path)
    assert wrong == []
    assert counts["right"] > 0
    assert counts["line"] > 0
