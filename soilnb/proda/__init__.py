"""From observed soil profiles to parameters: observations, and the forcing at their places."""

from soilnb.proda import observations

__all__ = ["observations"]
