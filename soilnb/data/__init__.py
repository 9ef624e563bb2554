"""Data sets: opened by name, real where they are at hand, a marked synthetic twin otherwise.

>>> from soilnb.data import datasets, open_dataset
>>> sites = open_dataset("lter")
>>> datasets()[["name", "state"]]
"""

from soilnb.data.registry import datasets, fetch, open_dataset

__all__ = ["datasets", "fetch", "open_dataset"]
