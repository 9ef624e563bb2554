"""Soil carbon from the pore to the planet: models, notebooks and a book on five papers."""

from importlib.metadata import version

__version__ = version("soilnb")
