"""From observed soil profiles to parameters: observations, and the forcing at their places."""

from soilnb.proda import observations
from soilnb.proda.assimilate import assimilate
from soilnb.proda.chains import SamplingError
from soilnb.proda.posterior import nash_sutcliffe, summary
from soilnb.proda.recovery import coverage, recovery

__all__ = [
    "SamplingError",
    "assimilate",
    "coverage",
    "nash_sutcliffe",
    "observations",
    "recovery",
    "summary",
]
