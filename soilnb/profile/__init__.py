"""Soils as carbon pools: one box (CENTURY, MIMICS), layers (CLM5, COMPAS), or a whole profile."""

import lazy_loader

# The names are those of the stub beside this file; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
