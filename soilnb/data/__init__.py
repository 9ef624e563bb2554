"""Data sets: opened by name, real where they are at hand, a marked synthetic twin otherwise.

>>> from soilnb.data import datasets, open_dataset
>>> sites = open_dataset("lter")
>>> datasets()[["name", "state"]]
"""

import lazy_loader

# The names are those of the stub beside this file; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
