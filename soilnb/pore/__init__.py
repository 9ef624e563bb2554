"""The pore-scale model of Rötzer et al. (2025): structure, carbon and nitrogen at 2 µm."""

import lazy_loader

# The names are those of the stub beside this file; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
