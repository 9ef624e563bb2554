"""What the first notebook notes for the scoreboard."""

from __future__ import annotations

from soilnb import claims
from soilnb.profile import mimics


def record() -> None:
    """Note the carbon of the soil at which MIMICS is compared with its published code.

    Examples
    --------
    >>> record()
    """
    reference = {"temperature": 15.0, "clay": 0.30, "npp": 500.0, "f_met": 0.3846423}
    claims.record("mimics-ref15-total", float(mimics.steady_state(reference)["carbon"].sum()))
