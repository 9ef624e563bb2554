"""Soils as carbon pools: CENTURY and MIMICS, at one place or at many."""

from soilnb.profile import century, mimics, site

__all__ = ["century", "mimics", "site"]
