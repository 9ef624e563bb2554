"""Carbon use efficiency: what it can mean, and what a model's fluxes say about it."""

from soilnb.cue.diagnosed import DECOMPOSITIONS, diagnosed

__all__ = ["DECOMPOSITIONS", "diagnosed"]
