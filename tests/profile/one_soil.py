"""One soil that every box model can be asked about."""

from soilnb.profile.model import boxes

#: Every key that some model of the registry needs, a new model's own ones at their typical values.
SOIL = {key: value for model in boxes().values() for key, value in model.example.items()} | {
    "temperature": 12.0, "clay": 0.25, "silt": 0.4, "npp": 420.0, "f_met": 0.4,
    "lignin_fraction": 0.2, "water": 0.3, "ph": 6.0, "bulk_density": 1250.0,
}  # fmt: skip
