"""The lessons on layered profiles and the globe: notebooks 30 to 38."""

from __future__ import annotations

from dataclasses import dataclass

from soilnb.lessons import rests_on


@dataclass(frozen=True)
class Sized:
    """What the studies of these lessons share.

    Attributes
    ----------
    size, seed : str, int
        ``quick`` or ``paper``; a seed for all that is drawn.
    """

    size: str
    seed: int

    #: Which of its data say whether its numbers are real.
    rests = "profiles"

    @property
    def full(self) -> bool:
        """Whether it has the size of the papers."""
        return self.size == "paper"

    @property
    def kind(self) -> str:
        """What its numbers rest on: ``real`` or ``synthetic``."""
        return rests_on(getattr(self, self.rests))
