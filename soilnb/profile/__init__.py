"""Soils as carbon pools: CENTURY and MIMICS as one box, CLM5 and COMPAS in layers."""

from soilnb.profile import century, clm5, compas, forcing, mimics, site

__all__ = ["century", "clm5", "compas", "forcing", "mimics", "site"]
