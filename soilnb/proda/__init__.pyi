from . import observations
from .assimilate import assimilate
from .chains import SamplingError
from .posterior import nash_sutcliffe, summary
from .recovery import coverage, recovery

__all__ = [
    "SamplingError",
    "assimilate",
    "coverage",
    "nash_sutcliffe",
    "observations",
    "recovery",
    "summary",
]
