"""Explorers: widgets built from parameters, a model and a figure function.

An explorer asks a question first, lets the reader move the controls, redraws one persistent
picture, and says the result in words. `Explorer` is the frame; `soilnb.explore.pools` holds
those of the pool models, `soilnb.explore.pore` those of the pore scale. `predictions` returns what
a reader expected, in all explorers of a notebook.
"""

from soilnb.explore.base import Control, Explorer, Prediction, predictions

__all__ = ["Control", "Explorer", "Prediction", "predictions"]

#: What the slider of root depth is called, where whole profiles are drawn and where managed.
ROOTS = "Roots: share below d cm is β to the power of d"
