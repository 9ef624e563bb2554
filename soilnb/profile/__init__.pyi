from . import (
    century,
    clm5,
    compas,
    depth,
    forcing,
    icbm,
    management,
    millennial,
    mimics,
    model,
    rothc,
    site,
)

__all__ = [
    "century",
    "clm5",
    "compas",
    "depth",
    "forcing",
    "icbm",
    "management",
    "millennial",
    "mimics",
    "model",
    "rothc",
    "site",
]
