r"""Which component of a model decides how much carbon the soils of a planet hold.

Tao et al. 2023 (Fig. 4) ask in two ways, with the parameters of a model sorted into components
(``Cube(model).groups()``):

- `homogenise` replaces the parameters of one component by their mean everywhere. What changes is
  what the *spatial variation* of this component is worth: the sum of the absolute deviations of
  the cells' carbon, in Pg, and the loss of explained variance where observations are given.
- `proportional` raises and lowers the parameters of one component everywhere by the same share of
  their place between the prior bounds, and sets the change of the global stock against that of
  the component's own metric (`soilnb.profile.layered.diagnostics`). `needed` reads off what a stock
  larger by 10 % needs.

A third question, which covariates a component is learnt from, is answered by `permutation`.

Where the turnover time of enzymes stands makes a difference to both, so each takes the switches
``enzyme_turnover`` and ``prior`` of `soilnb.proda.cube`.
"""

from soilnb.proda.cube import READINGS, Cube
from soilnb.proda.efficiency import carbon_nse
from soilnb.proda.models import MODELS
from soilnb.proda.sensitivity.homogenised import homogenise
from soilnb.proda.sensitivity.importance import permutation
from soilnb.proda.sensitivity.response import CHANGES, needed, proportional

#: Component to parameters, by model.
GROUPS = {name: model.groups for name, model in MODELS.items()}

#: Component to the metric of COMPAS that says how large it is.
METRICS = MODELS["compas"].metrics

__all__ = [
    "CHANGES", "GROUPS", "METRICS", "READINGS", "Cube", "carbon_nse", "homogenise", "needed",
    "permutation", "proportional",
]  # fmt: skip
