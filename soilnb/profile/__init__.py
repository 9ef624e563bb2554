"""Soils as carbon pools: one box (CENTURY, ICBM, Millennial, MIMICS, RothC), layers, a profile."""

import lazy_loader

# The names are those of the stub beside this file; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
