"""Soils as carbon pools: one box (CENTURY, MIMICS), layers (CLM5, COMPAS), or a whole profile."""

from soilnb.profile import century, clm5, compas, depth, forcing, management, mimics, site

__all__ = ["century", "clm5", "compas", "depth", "forcing", "management", "mimics", "site"]
