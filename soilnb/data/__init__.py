"""Data sets: opened by name, real where they are at hand, a marked synthetic twin otherwise.

>>> from soilnb.data import datasets, open_dataset
>>> open_dataset("lter").sizes["site"]
14
>>> datasets().set_index("name").loc["lter", "state"]
'in the package'
"""

import lazy_loader

# The names are those of the stub beside this file; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
